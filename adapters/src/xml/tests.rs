#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::disallowed_methods, reason = "these tests measure real time")]
use super::*;
use crate::text::Charset;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn read(text: &str) -> Result<Element, XmlError> {
    parse(text.as_bytes(), None, &Limits::default())
}

/// Debug builds on a busy machine; the point is that nothing grows with what a bomb promises.
const AT_ONCE: Duration = Duration::from_millis(500);

#[test]
fn the_five_entities_and_character_references_are_read_and_no_other() {
    let element = read("<a b=\"&quot;&#x4e2d;\">&lt;&amp;&gt;&apos;&#65;</a>").unwrap();
    assert_eq!(element.text, "<&>'A");
    assert_eq!(element.attribute("b"), Some("\"中"));
    assert_eq!(read("<a>&nbsp;</a>"), Err(XmlError::Entity));
    assert_eq!(read("<a b='&nbsp;'/>"), Err(XmlError::Entity));
    assert!(read("<a>&#0;</a>").is_err());
}

#[test]
fn document_types_bombs_and_external_entities_are_refused_before_they_cost_anything() {
    let start = Instant::now();
    let laughs =
        "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><l>&b;</l>";
    assert_eq!(read(laughs), Err(XmlError::DocumentType));
    let external = "<!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>";
    assert_eq!(read(external), Err(XmlError::DocumentType));
    assert_eq!(
        read("<!DOCTYPE l SYSTEM \"http://127.0.0.1/x.dtd\"><l/>"),
        Err(XmlError::DocumentType)
    );
    assert!(start.elapsed() < AT_ONCE);
}

#[test]
fn ten_thousand_levels_are_refused_at_the_bound() {
    let start = Instant::now();
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert_eq!(
        read(&deep),
        Err(XmlError::Bound {
            what: "levels",
            bound: 64
        })
    );
    assert!(read(&"<a>".repeat(10_000)).is_err());
    let at_bound = format!("{}{}", "<a>".repeat(64), "</a>".repeat(64));
    assert!(read(&at_bound).is_ok());
    assert!(start.elapsed() < AT_ONCE);
}

#[test]
fn bytes_elements_and_attributes_have_bounds() {
    let limits = Limits {
        bytes: 100,
        depth: 8,
        elements: 3,
        attributes: 2,
    };
    let read = |text: &str| parse(text.as_bytes(), None, &limits);
    assert!(read("<a><b/><b/></a>").is_ok());
    assert!(matches!(
        read("<a><b/><b/><b/></a>"),
        Err(XmlError::Bound {
            what: "elements",
            ..
        })
    ));
    assert!(read("<a x='1' y='2'/>").is_ok());
    assert!(matches!(
        read("<a x='1' y='2' z='3'/>"),
        Err(XmlError::Bound {
            what: "attributes",
            ..
        })
    ));
    assert!(matches!(
        read(&format!("<a>{}</a>", "x".repeat(100))),
        Err(XmlError::Bound { what: "bytes", .. })
    ));
}

#[test]
fn twenty_thousand_attributes_and_namespaces_are_refused_at_once() {
    let start = Instant::now();
    let mut attributes = String::from("<a");
    for n in 0..20_000 {
        attributes.push_str(&format!(" x{n}='1'"));
    }
    attributes.push_str("/>");
    assert!(read(&attributes).is_err());
    let mut namespaces = String::from("<a");
    for n in 0..20_000 {
        namespaces.push_str(&format!(" xmlns:x{n}='u'"));
    }
    namespaces.push_str("/>");
    assert!(read(&namespaces).is_err());
    assert!(start.elapsed() < AT_ONCE);
}

#[test]
fn an_attribute_given_twice_is_refused_also_under_two_prefixes() {
    assert!(read("<a x='1' x='2'/>").is_err());
    assert!(read("<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>").is_err());
    assert!(read("<a xmlns:p='u' p:x='1' x='2'/>").is_ok());
}

#[test]
fn broken_documents_are_refused() {
    for broken in [
        "",
        "  ",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>text",
        "<a b=1/>",
        "<a b/>",
        "<p:a/>",
        "<a>&amp</a>",
        "<a>\u{1}</a>",
        "</a>",
        "<a><![CDATA[x</a>",
    ] {
        assert!(read(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn gbk_is_read_by_declaration_and_by_content_type() {
    let bytes = Charset::Gbk.encode("<?xml version=\"1.0\" encoding=\"GBK\"?><a>张三</a>");
    assert_eq!(
        parse(&bytes, None, &Limits::default()).unwrap().text,
        "张三"
    );
    let bare = Charset::Gbk.encode("<a>李四</a>");
    assert_eq!(
        parse(&bare, Some(Charset::Gbk), &Limits::default())
            .unwrap()
            .text,
        "李四"
    );
    assert!(matches!(
        parse(&bare, None, &Limits::default()),
        Err(XmlError::Charset(_))
    ));
}

#[test]
fn of_two_sets_that_contradict_each_other_the_header_is_believed_unless_the_bytes_are_not_in_it() {
    let text = "<?xml version=\"1.0\" encoding=\"GBK\"?><a>张三</a>";
    // A server that names UTF-8 over everything, and one whose template outlived its conversion to UTF-8.
    for bytes in [Charset::Gbk.encode(text), text.as_bytes().to_vec()] {
        let root = parse(&bytes, Some(Charset::Utf8), &Limits::default()).unwrap();
        assert_eq!(root.text, "张三");
    }
    let neither = [text.as_bytes(), &[0xFF, 0xFF]].concat();
    assert!(parse(&neither, Some(Charset::Utf8), &Limits::default()).is_err());
}

#[test]
fn attributes_for_a_validator_are_no_part_of_the_values() {
    let text = "<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='x y'><b xsi:nil='true'/><c xsi:type='t' d='1'>x</c></a>";
    let root = parse_text(text, &Limits::default()).unwrap();
    assert_eq!(
        to_value(&root, &Shape::default()).unwrap(),
        serde_json::json!({"b": "", "c": {"@d": "1", "#text": "x"}})
    );
}

#[test]
fn utf16_is_refused() {
    let bytes: Vec<u8> = std::iter::once(0xFEFF)
        .chain("<a/>".encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    assert!(matches!(
        parse(&bytes, None, &Limits::default()),
        Err(XmlError::Charset(_))
    ));
}

#[test]
fn named_fields_become_an_object_and_a_field_given_twice_is_an_error() {
    let shape = Shape {
        lists: vec!["reason".into()],
        by: vec![("Field".into(), "FieldName".into())],
    };
    let element = read(
        "<s process='X'><Field FieldName='A'>1</Field><Field FieldName='B'/><reason>r</reason></s>",
    )
    .unwrap();
    let expected =
        serde_json::json!({"@process": "X", "Field": {"A": "1", "B": ""}, "reason": ["r"]});
    assert_eq!(to_value(&element, &shape), Ok(expected));
    let twice =
        read("<s><Field FieldName='A'>1</Field><Field FieldName='A'>2</Field></s>").unwrap();
    assert!(to_value(&twice, &shape).is_err());
}

#[test]
fn names_that_xml_does_not_allow_are_not_written() {
    let mut out = String::new();
    assert_eq!(
        write_element(&mut out, &Element::named("a b")),
        Err(XmlError::Name)
    );
    assert_eq!(
        write_element(&mut out, &Element::named("1a")),
        Err(XmlError::Name)
    );
    assert!(write_element(&mut out, &Element::named("项目")).is_ok());
}

fn any_text() -> impl Strategy<Value = String> {
    "[ -~\\t\\n\\r张中省ÿ😀<>&\"']{0,12}"
}

fn any_element() -> impl Strategy<Value = Element> {
    let leaf = (
        "[a-zA-Z_张][a-z0-9._-]{0,6}",
        any_text(),
        "(|urn:x|urn:y&z)",
    )
        .prop_map(|(name, text, namespace)| Element {
            namespace,
            name,
            text,
            ..Element::default()
        });
    leaf.prop_recursive(4, 24, 4, |inner| {
        (
            "[a-z]{1,6}",
            proptest::collection::vec(inner, 0..4),
            any_text(),
            any_text(),
        )
            .prop_map(|(name, children, value, text)| Element {
                namespace: String::new(),
                attributes: vec![
                    Attribute {
                        name: "k".into(),
                        value,
                        ..Attribute::default()
                    },
                    Attribute {
                        name: "n".into(),
                        value: name.clone(),
                        namespace: "urn:a".into(),
                    },
                ],
                name,
                children,
                text,
            })
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same_in_both_sets(element in any_element()) {
        for charset in [Charset::Utf8, Charset::Gbk] {
            let bytes = write_document(&element, charset).unwrap();
            prop_assert_eq!(parse(&bytes, None, &Limits::default()).unwrap(), element.clone());
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes, None, &Limits::default());
        let _ = parse(&bytes, Some(Charset::Gbk), &Limits::default());
    }

    #[test]
    fn no_markup_makes_the_reader_panic(text in "[<>/?!a-c&;#x0-9='\" \\[\\]-]{0,80}") {
        let _ = read(&text);
    }
}
