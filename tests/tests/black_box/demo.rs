//! The first command of the README.

use crate::secrecy::{files, files_with};
use std::path::PathBuf;
use tongban_tests::hall::{repository, words};
use tongban_tests::process::{instant, run};
use tongban_tests::sample::IDENTITY_NUMBER;

#[test]
fn the_demo_closes_three_cases_within_a_minute_and_leaves_no_identity_number_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let begun = instant();
    let output = run(&[
        "demo",
        "--fresh",
        "--exit",
        "--data",
        &data.display().to_string(),
    ]);
    let printed = words(&output);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    assert!(
        begun.elapsed().as_secs() < 90,
        "it took {:?}",
        begun.elapsed()
    );
    // A case is summed up only once it is closed.
    for protocol in ["REST", "SOAP", "XML"] {
        let summed_up =
            |line: &&str| line.contains("经办：") && line.ends_with(&format!("（{protocol}）"));
        assert_eq!(
            printed.lines().filter(summed_up).count(),
            1,
            "{protocol}:\n{printed}"
        );
    }
    let samples = std::fs::read_to_string(repository("gateway/src/cli/demo/sample.rs")).unwrap();
    assert!(
        samples.contains(IDENTITY_NUMBER),
        "the demo has another sample person: the test proves nothing"
    );
    assert!(
        files(&data).len() > 3,
        "the data folder is nearly empty: the test proves nothing"
    );
    assert_eq!(
        files_with(folder.path(), IDENTITY_NUMBER),
        Vec::<PathBuf>::new()
    );
    assert!(!printed.contains(IDENTITY_NUMBER), "{printed}");
}
