//! Damaged descriptions and messages: whatever is cut out, doubled or changed, the answer is a value or a located fault.

use super::literal::DOT_NET;
use super::support::*;
use proptest::prelude::*;
use std::sync::LazyLock;
use tongban_adapters::wsdl::CompiledService;

static SERVICE: LazyLock<CompiledService> = LazyLock::new(|| service(DOT_NET));

/// The text with a piece cut out, doubled, or replaced by a word that occurs in descriptions.
fn damaged(text: &str, from: usize, length: usize, how: usize) -> String {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (from, to) = (floor(from), floor(from + length));
    let piece = &text[from..to];
    let words = [
        "",
        "\"",
        "<",
        ">",
        "/>",
        "tns:",
        "xs:",
        "0",
        "unbounded",
        "&",
        "\u{FFFD}",
    ];
    match how {
        0 => format!("{}{}", &text[..from], &text[to..]),
        1 => format!("{}{piece}{piece}{}", &text[..from], &text[to..]),
        n => format!("{}{}{}", &text[..from], words[n % words.len()], &text[to..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_damaged_description_makes_the_reader_panic(from in 0..DOT_NET.len(), length in 0usize..60, how in 0usize..12) {
        if let Err(fault) = compile(&[("a.wsdl", &damaged(DOT_NET, from, length, how))]) {
            prop_assert!(fault.place.line > 0 && !fault.to_string().is_empty());
        }
    }

    #[test]
    fn no_damaged_message_makes_the_reader_panic(from in 0usize..700, length in 0usize..40, how in 0usize..12) {
        let whole = envelope("<SendRequestResponse xmlns='http://tempuri.org/'><SendRequestResult>a&amp;<![CDATA[b]]></SendRequestResult></SendRequestResponse>");
        for operation in ["SendRequest", "GetData"] {
            let _ = answer(&SERVICE, operation, &damaged(&whole, from, length, how));
        }
        let fault = envelope("<s:Fault><faultcode>s:Client</faultcode><faultstring>x</faultstring><detail><a b='1'>y</a></detail></s:Fault>");
        let _ = answer(&SERVICE, "SendRequest", &damaged(&fault, from, length, how));
    }
}
