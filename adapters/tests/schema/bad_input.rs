//! Input that should cost nothing: each is a named, located refusal in bounded time.

use super::support::*;
use serde_json::json;
use std::time::{Duration, Instant};
use tongban_adapters::codec::{DecodeOptions, Unknown, ValueLimits};
use tongban_adapters::schema::SchemaLimits;

/// Debug builds on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(20);

#[track_caller]
fn refused_with(text: &str, code: &str) {
    let start = Instant::now();
    match compile_all(&[("a.xsd", text)]) {
        Ok(_) => panic!("{} was taken", &text[..text.len().min(200)]),
        Err(fault) => assert_eq!(fault.kind.code(), code, "{fault}"),
    }
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

#[test]
fn documents_that_are_no_schema_are_refused_by_what_they_are() {
    refused_with("", "malformed_xml");
    refused_with("not found", "malformed_xml");
    refused_with(
        "<!DOCTYPE html><html><body>Login</body></html>",
        "html_page",
    );
    refused_with("<html><body><br></body></html>", "html_page");
    refused_with("<a/>", "root_element");
    refused_with(
        "<!DOCTYPE x [<!ENTITY a 'b'>]><xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>",
        "xml_document_type",
    );
    refused_with(
        "<?xml version='1.0'?><xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>&e;</xs:schema>",
        "xml_entity",
    );
    refused_with("<xs:schema/>", "malformed_xml");
    refused_with(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='a'></xs:schema>",
        "malformed_xml",
    );
}

#[test]
fn deep_and_wide_documents_stop_at_their_bounds() {
    refused_with(&schema(&"<xs:annotation>".repeat(100_000)), "xml_bound");
    let attributes: String = (0..10_000).map(|n| format!(" a{n}=''")).collect();
    refused_with(&schema(&format!("<xs:element{attributes}/>")), "xml_bound");
    let limits = SchemaLimits {
        components: 1000,
        ..SchemaLimits::default()
    };
    let many: String = (0..2000)
        .map(|n| format!("<xs:element name='e{n}' type='xs:string'/>"))
        .collect();
    let fault = compile_within(&[("a.xsd", &schema(&many))], &limits)
        .err()
        .unwrap();
    assert_eq!(
        fault.kind.to_string(),
        "the description goes beyond the bound of 1000 components"
    );
    assert!(fault.place.column > 30_000, "{fault}");
}

#[test]
fn a_flood_of_documents_stops_at_its_bound() {
    let include = |n: usize| format!("<xs:include schemaLocation='{n}.xsd'/>");
    let flood = |first: String| -> Vec<(String, String)> {
        let first = ("0.xsd".to_owned(), schema(&first));
        let others = (1..400).map(|n| (format!("{n}.xsd"), schema(&include(n + 1))));
        std::iter::once(first).chain(others).collect()
    };
    // One names them all, or each the next.
    let all: String = (1..400).map(include).collect();
    for (documents, bound) in [
        (flood(all), "documents"),
        (flood(include(1)), "lead to one another"),
    ] {
        let documents: Vec<(&str, &str)> = documents
            .iter()
            .map(|(l, t)| (l.as_str(), t.as_str()))
            .collect();
        let fault = compile_all(&documents).err().unwrap();
        assert_eq!(fault.kind.code(), "description_bound");
        assert!(fault.to_string().contains(bound), "{fault}");
    }
}

#[test]
fn groups_that_double_at_each_step_are_refused_before_they_grow() {
    let mut bomb = String::from(
        "<xs:element name='r'><xs:complexType><xs:group ref='t:g0'/></xs:complexType></xs:element><xs:group name='g60'><xs:sequence><xs:element name='x' type='xs:string' minOccurs='0'/></xs:sequence></xs:group>",
    );
    for n in 0..60 {
        bomb.push_str(&format!("<xs:group name='g{n}'><xs:sequence><xs:group ref='t:g{0}'/><xs:group ref='t:g{0}'/></xs:sequence></xs:group>", n + 1));
    }
    refused_with(&schema(&bomb), "description_bound");
    let types: String = (0..60).map(|n| format!("<xs:complexType name='t{n}'><xs:complexContent><xs:extension base='t:t{}'><xs:sequence/></xs:extension></xs:complexContent></xs:complexType>", n + 1)).collect();
    compiled(&format!(
        "{types}<xs:complexType name='t60'><xs:sequence/></xs:complexType>"
    ));
}

#[test]
fn circles_are_refused_by_name() {
    for components in [
        "<xs:complexType name='A'><xs:complexContent><xs:extension base='t:B'/></xs:complexContent></xs:complexType><xs:complexType name='B'><xs:complexContent><xs:extension base='t:A'/></xs:complexContent></xs:complexType>",
        "<xs:simpleType name='A'><xs:restriction base='t:A'/></xs:simpleType>",
        "<xs:simpleType name='A'><xs:union memberTypes='xs:int t:A'/></xs:simpleType>",
        "<xs:simpleType name='A'><xs:list itemType='t:A'/></xs:simpleType>",
        "<xs:group name='g'><xs:sequence><xs:group ref='t:g'/></xs:sequence></xs:group>",
        "<xs:attributeGroup name='g'><xs:attributeGroup ref='t:h'/></xs:attributeGroup><xs:attributeGroup name='h'><xs:attributeGroup ref='t:g'/></xs:attributeGroup>",
        "<xs:element name='a' substitutionGroup='t:b'/><xs:element name='b' substitutionGroup='t:a'/>",
    ] {
        assert_eq!(
            refused(components).kind.code(),
            "component_circular",
            "{components}"
        );
    }
    let chain: String = (0..5000)
        .map(|n| {
            format!(
                "<xs:simpleType name='s{n}'><xs:restriction base='t:s{}'/></xs:simpleType>",
                n + 1
            )
        })
        .collect();
    let fault = refused(&format!(
        "{chain}<xs:simpleType name='s5000'><xs:restriction base='xs:string'/></xs:simpleType>"
    ));
    assert_eq!(fault.kind.code(), "description_bound");
}

#[test]
fn a_long_chain_of_types_that_contain_one_another_is_no_danger() {
    let chain: String = (0..20_000).map(|n| format!("<xs:complexType name='c{n}'><xs:sequence><xs:element name='x' type='t:c{}' minOccurs='0'/></xs:sequence></xs:complexType>", n + 1)).collect();
    compiled(&format!(
        "{chain}<xs:complexType name='c20000'><xs:sequence/></xs:complexType><xs:element name='r' type='t:c0'/>"
    ));
}

#[test]
fn mistakes_are_located_and_say_what_was_expected() {
    for (components, code) in [
        ("<xs:element type='xs:string'/>", "attribute_missing"),
        ("<xs:element name='a' type='x:b'/>", "prefix_undeclared"),
        ("<xs:element name='a' type='t:b'/>", "component_missing"),
        (
            "<xs:element name='a'><xs:complexType><xs:element name='b'/></xs:complexType></xs:element>",
            "element_unexpected",
        ),
        (
            "<xs:element name='a' type='xs:string'><xs:complexType/></xs:element>",
            "element_unexpected",
        ),
        (
            "<xs:complexType name='a'><xs:sequence><xs:element name='b' minOccurs='2' maxOccurs='1'/></xs:sequence></xs:complexType>",
            "attribute_value",
        ),
        (
            "<xs:complexType name='a'><xs:sequence><xs:element name='b' maxOccurs='-1'/></xs:sequence></xs:complexType>",
            "attribute_value",
        ),
        (
            "<xs:complexType name='a'><xs:sequence><xs:element name='b' minOccurs='99999999999' maxOccurs='unbounded'/></xs:sequence></xs:complexType>",
            "description_bound",
        ),
        (
            "<xs:simpleType name='a'><xs:restriction base='xs:int'><xs:minInclusive value='x'/></xs:restriction></xs:simpleType>",
            "facet",
        ),
        (
            "<xs:simpleType name='a'><xs:restriction base='xs:string'><xs:maxLength value='x'/></xs:restriction></xs:simpleType>",
            "facet",
        ),
        (
            "<xs:simpleType name='a'><xs:restriction base='xs:string'><xs:pattern value='(?=a)'/></xs:restriction></xs:simpleType>",
            "pattern",
        ),
        ("<xs:simpleType name='a'/>", "element_unexpected"),
        (
            "<xs:complexType name='a'><xs:simpleContent><xs:extension base='t:b'/></xs:simpleContent></xs:complexType><xs:complexType name='b'><xs:sequence/></xs:complexType>",
            "type_kind",
        ),
        ("<xs:include/>", "attribute_missing"),
    ] {
        let fault = refused(components);
        assert_eq!(fault.kind.code(), code, "{fault}");
        assert!(fault.place.line == 1 && fault.place.column > 100, "{fault}");
    }
}

fn any() -> Compiled {
    compiled(
        "<xs:element name='r'/><xs:element name='s' type='xs:string'/><xs:element name='n'><xs:complexType><xs:sequence><xs:element ref='t:n' minOccurs='0' maxOccurs='unbounded'/></xs:sequence></xs:complexType></xs:element>",
    )
}

#[test]
fn bombs_entities_and_broken_markup_in_messages_are_refused() {
    let any = any();
    for (message, code) in [
        (
            "<!DOCTYPE r [<!ENTITY a 'b'>]><r xmlns='urn:t'/>",
            "xml_document_type",
        ),
        ("<r xmlns='urn:t'>&a;</r>", "xml_entity"),
        ("<r xmlns='urn:t' a='&a;'/>", "xml_entity"),
        ("<r xmlns='urn:t' a='1' a='2'/>", "malformed_xml"),
        (
            "<r xmlns='urn:t' xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>",
            "malformed_xml",
        ),
        ("<r xmlns='urn:t' a='1'b='2'/>", "malformed_xml"),
        ("<r xmlns='urn:t' a=1/>", "malformed_xml"),
        ("<r xmlns='urn:t' a/>", "malformed_xml"),
        ("<r xmlns='urn:t'><p:a/></r>", "malformed_xml"),
        ("<r xmlns='urn:t' p:a='1'/>", "malformed_xml"),
        ("<r xmlns='urn:t' xmlns:p=''/>", "malformed_xml"),
        ("<r xmlns='urn:t'><a></b></r>", "malformed_xml"),
        ("<r xmlns='urn:t'>", "malformed_xml"),
        ("<r xmlns='urn:t'/><r/>", "malformed_xml"),
        ("<r xmlns='urn:t'/>x", "malformed_xml"),
        ("x<r xmlns='urn:t'/>", "malformed_xml"),
        ("<r xmlns='urn:t'>&#0;</r>", "malformed_xml"),
        ("<r xmlns='urn:t'>\u{1}</r>", "unfit_value"),
        ("<r xmlns='urn:t'><:a/></r>", "malformed_xml"),
        ("<r xmlns='urn:t'>&amp</r>", "malformed_xml"),
        ("", "malformed_xml"),
        ("<q xmlns='urn:t'/>", "element_unexpected"),
    ] {
        let fault = any
            .decode(message)
            .err()
            .unwrap_or_else(|| panic!("{message} was read"));
        assert_eq!(fault.kind.code(), code, "{message}: {fault}");
    }
}

#[test]
fn levels_nodes_attributes_and_bytes_of_messages_have_bounds() {
    let any = any();
    let start = Instant::now();
    let deep = |n: usize, name: &str| {
        format!(
            "<{name} xmlns='urn:t'>{}{}</{name}>",
            format!("<{name}>").repeat(n),
            format!("</{name}>").repeat(n)
        )
    };
    for name in ["r", "n"] {
        let fault = any.decode(&deep(100_000, name)).unwrap_err();
        assert_eq!(fault.kind.code(), "xml_bound", "{fault}");
        assert!(any.decode(&deep(127, name)).is_ok());
        assert!(any.decode(&deep(128, name)).is_err());
    }
    let deepest = DecodeOptions {
        limits: ValueLimits {
            depth: 100_000,
            ..ValueLimits::default()
        },
        ..DecodeOptions::default()
    };
    for name in ["r", "n"] {
        assert!(
            any.decode_with(&deep(ValueLimits::DEPTH_MAX - 1, name), &deepest)
                .is_ok()
        );
        assert!(
            any.decode_with(&deep(ValueLimits::DEPTH_MAX, name), &deepest)
                .is_err()
        );
    }
    let options = |limits, unknown| DecodeOptions {
        limits,
        unknown,
        ..DecodeOptions::default()
    };
    let skip = options(ValueLimits::default(), Unknown::Skip);
    let unknown = format!(
        "<n xmlns='urn:t'>{}{}</n>",
        "<x>".repeat(100_000),
        "</x>".repeat(100_000)
    );
    assert_eq!(
        any.decode_with(&unknown, &skip).unwrap_err().kind.code(),
        "xml_bound"
    );
    let few = options(
        ValueLimits {
            nodes: 5,
            bytes: 100,
            attributes: 2,
            ..ValueLimits::default()
        },
        Unknown::Refuse,
    );
    assert!(
        any.decode_with("<n xmlns='urn:t'><n/><n/><n/></n>", &few)
            .is_ok()
    );
    assert_eq!(
        any.decode_with("<n xmlns='urn:t'><n/><n/><n/><n/></n>", &few)
            .unwrap_err()
            .kind
            .code(),
        "xml_bound"
    );
    assert_eq!(
        any.decode_with("<r xmlns='urn:t' a='' b=''/>", &few)
            .unwrap_err()
            .kind
            .code(),
        "xml_bound"
    );
    assert_eq!(
        any.decode_with(&format!("<s xmlns='urn:t'>{}</s>", "x".repeat(100)), &few)
            .unwrap_err()
            .kind
            .code(),
        "xml_bound"
    );
    let attributes: String = (0..50_000).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(
        any.decode(&format!("<r xmlns='urn:t'{attributes}/>"))
            .unwrap_err()
            .kind
            .code(),
        "xml_bound"
    );
    let names: String = (0..50_000).map(|n| format!("<a{n}/>")).collect();
    assert_eq!(
        any.decode(&format!("<r xmlns='urn:t'>{names}</r>"))
            .unwrap_err()
            .kind
            .code(),
        "xml_bound"
    );
    assert!(start.elapsed() < AT_ONCE * 2, "{:?}", start.elapsed());
}

#[test]
fn values_that_are_too_deep_are_not_written() {
    let any = any();
    let mut value = json!({});
    for _ in 0..200 {
        value = json!({"n": [value]});
    }
    let fault = any.encode("n", &value).unwrap_err();
    assert_eq!(fault.kind.code(), "xml_bound");
}

#[test]
fn what_is_unknown_is_refused_passed_over_or_kept() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' type='xs:int'/><xs:element name='b' type='xs:int'/></xs:sequence></xs:complexType></xs:element>",
    );
    let message =
        "<t:r xmlns:t='urn:t' x='1'><t:a>1</t:a><t:new><t:deep/></t:new><t:b>2</t:b><new/></t:r>";
    let with = |unknown| {
        compiled.decode_with(
            message,
            &DecodeOptions {
                unknown,
                ..DecodeOptions::default()
            },
        )
    };
    assert_eq!(
        with(Unknown::Refuse).unwrap_err().kind.code(),
        "attribute_unexpected"
    );
    assert_eq!(with(Unknown::Skip).unwrap(), json!({"a": "1", "b": "2"}));
    assert_eq!(
        with(Unknown::Keep).unwrap(),
        json!({"@x": "1", "a": "1", "{urn:t}new": {"{urn:t}deep": ""}, "b": "2", "new": ""})
    );
}

#[test]
fn a_fault_of_a_message_has_its_line_and_column() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' type='xs:int' maxOccurs='9'/></xs:sequence></xs:complexType></xs:element>",
    );
    let fault = compiled
        .decode("<r xmlns='urn:t'>\n  <a>1</a>\n  中<a>x</a>\n</r>")
        .unwrap_err();
    assert_eq!(
        fault.to_string(),
        "/r (line 2, column 11, byte 28): text may not stand here"
    );
    let fault = compiled
        .decode("<r xmlns='urn:t'>\n  <a>1</a>\n  <a>x</a>\n</r>")
        .unwrap_err();
    assert_eq!(
        fault.to_string(),
        "/r/a[2] (line 3, column 3, byte 31): a text like \"a\" is not allowed: it is no xs:int"
    );
}

#[test]
fn a_type_that_the_schema_does_not_know_is_refused_or_taken_as_anything() {
    let any = any();
    let message = "<r xmlns='urn:t' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><a i:type='HashMap'><b>1</b></a></r>";
    assert_eq!(any.decode(message).unwrap_err().kind.code(), "type_unknown");
    let keep = DecodeOptions {
        unknown: Unknown::Keep,
        ..DecodeOptions::default()
    };
    assert_eq!(
        any.decode_with(message, &keep).unwrap(),
        json!({"{urn:t}a": {"{urn:t}b": "1"}})
    );
}
