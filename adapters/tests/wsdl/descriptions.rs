//! Descriptions that are no description, or wrong; and those that are wrong with one meaning.

use super::support::*;
use tongban_adapters::schema::WarningKind;

#[track_caller]
fn refused(text: &str, code: &str) -> String {
    match compile(&[("a.wsdl", text)]) {
        Ok(_) => panic!("taken: {text}"),
        Err(fault) => {
            assert_eq!(fault.kind.code(), code, "{fault}");
            fault.to_string()
        }
    }
}

#[test]
fn what_is_no_wsdl_is_refused_by_what_it_is() {
    refused(
        "<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0'><html/>",
        "html_page",
    );
    refused("<html><head/></html>", "html_page");
    refused(
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>",
        "html_page",
    );
    refused(
        "<description xmlns='http://www.w3.org/ns/wsdl' targetNamespace='urn:t'/>",
        "wsdl_20",
    );
    refused(
        "<?xml version='1.0'?><!DOCTYPE d SYSTEM 'x'><definitions xmlns='http://schemas.xmlsoap.org/wsdl/'/>",
        "xml_document_type",
    );
    refused(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>",
        "root_element",
    );
    refused(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>",
        "root_element",
    );
    refused(&definitions(""), "no_operation");
    refused("Not Found", "malformed_xml");
    refused("", "malformed_xml");
}

#[test]
fn imports_in_a_circle_end() {
    let a = one_operation(
        "",
        "<wsdl:part name='a' type='xsd:int'/>",
        "",
        "rpc",
        "use='literal' namespace='urn:t'",
    )
    .replace(
        "<wsdl:types>",
        "<wsdl:import namespace='urn:t' location='b.wsdl'/><wsdl:types>",
    );
    let b = definitions(
        "<wsdl:import namespace='urn:t' location='./a.wsdl'/><wsdl:import namespace='urn:x' location='b.wsdl'/>",
    );
    let service = compile(&[("a.wsdl", &a), ("b.wsdl", &b)]).unwrap();
    assert_eq!(service.description().bindings.len(), 1);
}

#[test]
fn missing_components_are_named_with_their_place() {
    let whole = one_operation(
        "",
        "<wsdl:part name='a' type='xsd:int'/>",
        "<wsdl:part name='a' type='xsd:int'/>",
        "rpc",
        "use='literal' namespace='urn:t'",
    );
    for (from, to, code, words) in [
        (
            "message='t:In'",
            "message='t:Gone'",
            "wsdl_component_missing",
            "there is no message {urn:t}Gone",
        ),
        (
            "type='t:P'",
            "type='t:Gone'",
            "wsdl_component_missing",
            "there is no portType {urn:t}Gone",
        ),
        (
            "binding='t:B'",
            "binding='t:Gone'",
            "wsdl_component_missing",
            "there is no binding {urn:t}Gone",
        ),
        (
            "<wsdl:operation name='op'><soap",
            "<wsdl:operation name='gone'><soap",
            "wsdl_component_missing",
            "there is no operation {urn:t}gone",
        ),
        (
            "type='xsd:int'",
            "type='t:Gone'",
            "component_missing",
            "there is no type {urn:t}Gone",
        ),
        (
            "type='xsd:int'",
            "element='t:Gone'",
            "component_missing",
            "there is no element {urn:t}Gone",
        ),
        (
            "type='xsd:int'",
            "",
            "attribute_missing",
            "<part> lacks the attribute element",
        ),
        (
            "type='xsd:int'",
            "type='z:int'",
            "prefix_undeclared",
            "the prefix of \"z:int\" is not declared here",
        ),
        (
            "style='rpc'",
            "style='rest'",
            "attribute_value",
            "style=\"rest\" is not document or rpc",
        ),
    ] {
        let text = whole.replacen(from, to, 1);
        assert_ne!(text, whole);
        let told = refused(&text, code);
        assert!(
            told.contains(words) && told.starts_with("a.wsdl:"),
            "{told}"
        );
    }
}

#[test]
fn mistakes_with_one_meaning_are_taken_and_told() {
    let whole = one_operation(
        "<xsd:schema targetNamespace='urn:t'><xsd:element name='e' type='xsd:int'/></xsd:schema>",
        "<wsdl:part name='a' type='xsd:int'/>",
        "<wsdl:part name='a' type='xsd:int'/>",
        "rpc",
        "use='literal' namespace='urn:t'",
    );
    let told = |from: &str, to: &str| {
        let text = whole.replacen(from, to, 1);
        assert_ne!(text, whole);
        let service = service(&text);
        service
            .description()
            .warnings
            .iter()
            .map(|w| w.kind.clone())
            .collect::<Vec<_>>()
    };
    assert!(matches!(
        &told("message='t:In'", "message='In'")[..],
        [WarningKind::Reference { .. }]
    ));
    assert!(matches!(
        &told("binding='t:B'", "binding='B'")[..],
        [WarningKind::Reference { .. }]
    ));
    assert!(matches!(
        &told(
            "type='xsd:int'/></wsdl:message>",
            "type='int'/></wsdl:message>"
        )[..],
        [WarningKind::Reference { .. }]
    ));
    assert!(matches!(
        &told(" namespace='urn:t'", "")[..],
        [WarningKind::Assumed { .. }]
    ));
    assert!(matches!(
        &told(
            "type='xsd:int'/></wsdl:message>",
            "element='t:e'/></wsdl:message>"
        )[..],
        [WarningKind::PartStyle { .. }]
    ));
    assert!(matches!(
        &told("style='rpc'", "style='document'")[..],
        [WarningKind::PartStyle { .. }, ..]
    ));
    assert!(told("use='literal'", "").is_empty());
    let header = "<wsdl:input><soap:header message='t:Gone' part='x' use='literal'/>";
    let without = told("<wsdl:input><soap", &format!("{header}<soap"));
    assert!(
        matches!(&without[..], [WarningKind::Ignored(_)]),
        "{without:?}"
    );
    assert!(told("xmlns:xsd='http://www.w3.org/2001/XMLSchema'", "xmlns:xsd='http://www.w3.org/2001/XMLSchema' xmlns:d='http://www.w3.org/1999/XMLSchema'").is_empty());
}

#[test]
fn types_of_the_drafts_of_xml_schema_are_those_of_today() {
    let text = one_operation(
        "",
        "<wsdl:part name='a' xmlns:d='http://www.w3.org/1999/XMLSchema' type='d:string'/>",
        "",
        "rpc",
        "use='literal' namespace='urn:t'",
    );
    service(&text);
}
