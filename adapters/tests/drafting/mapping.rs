//! What a draft says of single services.

use super::support::{checked, described, drafted};

#[test]
fn show() {
    for name in std::env::args().filter(|a| a.starts_with("show=")) {
        println!("{}", drafted(&described(&name[5..])).text);
    }
    for name in [
        "axis1_focus",
        "spyne_receiving",
        "aspnet_soap_header",
        "tongweb_approve_data",
        "axis2_beans",
        "styles_and_patterns_mixed",
    ] {
        println!("===== {name}\n{}", drafted(&described(name)).text);
        let _ = checked("");
    }
}
