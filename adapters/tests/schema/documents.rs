//! Several documents: include, import, redefine, and what is wrong between them.

use super::support::*;
use serde_json::json;
use tongban_adapters::schema::{
    FaultKind, MemoryDocuments, SchemaLimits, WarningKind, read_schema,
};

fn document(attributes: &str, components: &str) -> String {
    format!(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' {attributes}>{components}</xs:schema>"
    )
}

const T: &str = "xmlns:t='urn:t' targetNamespace='urn:t' elementFormDefault='qualified'";

#[test]
fn an_included_document_without_a_namespace_takes_that_of_the_including_one() {
    let main = document(
        T,
        "<xs:include schemaLocation='common.xsd'/><xs:element name='r' type='t:Name'/><xs:element name='p' type='t:P'/>",
    );
    let common = document("", "<xs:simpleType name='Name'><xs:restriction base='xs:string'><xs:maxLength value='3'/></xs:restriction></xs:simpleType>
        <xs:complexType name='P'><xs:sequence><xs:element name='n' type='Name'/><xs:element ref='e'/></xs:sequence></xs:complexType><xs:element name='e' type='Name'/>");
    let compiled = compile_all(&[("a.xsd", &main), ("common.xsd", &common)]).unwrap();
    compiled.refuses("<r xmlns='urn:t'>abcd</r>", "value_invalid", "/r");
    // elementFormDefault is that of the document where an element is declared.
    compiled.means(
        "p",
        "<t:p xmlns:t='urn:t'><n>1</n><t:e>2</t:e></t:p>",
        &json!({"n": "1", "e": "2"}),
    );
}

#[test]
fn one_document_may_be_included_into_several_namespaces_and_circles_end() {
    let main = document(
        T,
        "<xs:include schemaLocation='common.xsd'/><xs:import namespace='urn:o' schemaLocation='other.xsd'/><xs:element name='r' type='t:Name'/>",
    );
    let other = document(
        "xmlns:o='urn:o' xmlns:t='urn:t' targetNamespace='urn:o'",
        "<xs:import namespace='urn:t' schemaLocation='a.xsd'/><xs:include schemaLocation='common.xsd'/><xs:element name='r' type='o:Name'/><xs:element name='back' type='t:Name'/>",
    );
    let common = document(
        "",
        "<xs:include schemaLocation='common.xsd'/><xs:simpleType name='Name'><xs:restriction base='xs:string'/></xs:simpleType>",
    );
    let compiled = compile_all(&[
        ("a.xsd", &main),
        ("other.xsd", &other),
        ("common.xsd", &common),
    ])
    .unwrap();
    for (namespace, name) in [("urn:t", "Name"), ("urn:o", "Name")] {
        assert!(
            compiled.schema.type_named(namespace, name).is_some(),
            "{namespace}"
        );
    }
    assert!(compiled.decode("<r xmlns='urn:o'>x</r>").is_ok());
}

#[test]
fn an_import_without_a_location_finds_what_another_document_brought() {
    let main = document(
        &format!("{T} xmlns:o='urn:o'"),
        "<xs:import namespace='urn:m' schemaLocation='m.xsd'/><xs:import namespace='urn:o'/><xs:element name='r' type='o:N'/>",
    );
    let m = document(
        "targetNamespace='urn:m'",
        "<xs:import namespace='urn:o' schemaLocation='../o.xsd'/>",
    );
    let o = document(
        "targetNamespace='urn:o'",
        "<xs:simpleType name='N'><xs:restriction base='xs:int'/></xs:simpleType>",
    );
    let compiled = compile_all(&[("x/a.xsd", &main), ("x/m.xsd", &m), ("o.xsd", &o)]).unwrap();
    compiled.refuses("<r xmlns='urn:t'>a</r>", "value_invalid", "/r");
}

#[test]
fn a_redefinition_is_made_of_what_it_redefines() {
    let main = document(T, "<xs:redefine schemaLocation='v1.xsd'>
        <xs:complexType name='P'><xs:complexContent><xs:extension base='t:P'><xs:sequence><xs:element name='b' type='xs:string'/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
        <xs:simpleType name='S'><xs:restriction base='t:S'><xs:maxLength value='2'/></xs:restriction></xs:simpleType>
        <xs:group name='g'><xs:sequence><xs:group ref='t:g'/><xs:element name='y' type='xs:string'/></xs:sequence></xs:group>
        </xs:redefine><xs:element name='q'><xs:complexType><xs:group ref='t:g'/></xs:complexType></xs:element>");
    let v1 = document(T, "<xs:complexType name='P'><xs:sequence><xs:element name='a' type='t:S'/></xs:sequence></xs:complexType>
        <xs:simpleType name='S'><xs:restriction base='xs:string'><xs:minLength value='1'/></xs:restriction></xs:simpleType>
        <xs:group name='g'><xs:sequence><xs:element name='x' type='xs:string'/></xs:sequence></xs:group><xs:element name='r' type='t:P'/>");
    let compiled = compile_all(&[("a.xsd", &main), ("v1.xsd", &v1)]).unwrap();
    compiled.both_ways(
        "r",
        "<t:r xmlns:t=\"urn:t\"><t:a>1</t:a><t:b>2</t:b></t:r>",
        &json!({"a": "1", "b": "2"}),
    );
    compiled.refuses(
        "<r xmlns='urn:t'><a>123</a><b/></r>",
        "value_invalid",
        "/r/a",
    );
    compiled.refuses("<r xmlns='urn:t'><a/><b/></r>", "value_invalid", "/r/a");
    compiled.both_ways(
        "q",
        "<t:q xmlns:t=\"urn:t\"><t:x>1</t:x><t:y>2</t:y></t:q>",
        &json!({"x": "1", "y": "2"}),
    );
}

#[test]
fn what_cannot_be_had_matters_only_where_it_is_needed() {
    let unused = document(
        T,
        "<xs:import namespace='urn:o' schemaLocation='http://x/o.xsd'/><xs:element name='r' type='xs:string'/>",
    );
    let compiled = compile_all(&[("a.xsd", &unused)]).unwrap();
    assert!(
        matches!(&compiled.warnings[0].kind, WarningKind::Unread { location, .. } if location == "http://x/o.xsd")
    );
    let used = document(
        &format!("{T} xmlns:o='urn:o'"),
        "\n<xs:import namespace='urn:o' schemaLocation='http://x/o.xsd'/>\n  <xs:element name='r' type='o:T'/>",
    );
    let fault = compile_all(&[("a.xsd", &used)]).err().unwrap();
    assert_eq!((fault.place.line, fault.place.column), (3, 3));
    assert_eq!(
        fault.to_string(),
        "a.xsd:3:3: there is no type {urn:o}T. http://x/o.xsd was not read and may hold it: put it beside the description"
    );
}

#[test]
fn references_with_one_meaning_are_taken_and_told() {
    let main = document(
        "xmlns:t='urn:t' targetNamespace='urn:t'",
        "<xs:element name='r' type='Name'/><xs:element name='s' type='string'/>
        <xs:simpleType name='Name'><xs:restriction base='xs:string'/></xs:simpleType>",
    );
    let compiled = compile_all(&[("a.xsd", &main)]).unwrap();
    let taken: Vec<String> = compiled
        .warnings
        .iter()
        .map(|w| w.kind.to_string())
        .collect();
    assert_eq!(
        taken,
        [
            "\"Name\" was taken as {urn:t}Name",
            "\"string\" was taken as {http://www.w3.org/2001/XMLSchema}string"
        ]
    );
    let fault = refused(
        "<xs:element name='r' type='t:name'/><xs:simpleType name='Name'><xs:restriction base='xs:string'/></xs:simpleType>",
    );
    assert!(
        fault
            .to_string()
            .ends_with("there is no type {urn:t}name. There is {urn:t}Name: is that meant?"),
        "{fault}"
    );
}

#[test]
fn the_same_component_twice_is_taken_once_and_two_different_ones_are_refused() {
    let one = "<xs:complexType name='P'><xs:sequence><xs:element name='a' type='xs:int'/></xs:sequence></xs:complexType>";
    let same = document(
        T,
        &format!("<xs:include schemaLocation='b.xsd'/>{one}<xs:element name='r' type='t:P'/>"),
    );
    let compiled = compile_all(&[("a.xsd", &same), ("b.xsd", &document(T, one))]).unwrap();
    assert!(matches!(
        compiled.warnings[0].kind,
        WarningKind::Twice { .. }
    ));
    let other = document(T, &one.replace("xs:int", "xs:string"));
    let fault = compile_all(&[("a.xsd", &same), ("b.xsd", &other)])
        .err()
        .unwrap();
    assert!(matches!(fault.kind, FaultKind::Duplicate { .. }));
    assert_eq!(&*fault.place.location, "b.xsd");
}

#[test]
fn documents_are_read_in_the_character_set_of_their_bytes() {
    let text = |declared: &str| {
        format!(
            "<?xml version='1.0' encoding='{declared}'?>{}",
            schema("<xs:element name='姓名' type='xs:string'/>")
        )
    };
    let gbk = |declared: &str| tongban_adapters::text::Charset::Gbk.encode(&text(declared));
    let utf16 = |mark: bool, big: bool| -> Vec<u8> {
        let text = text("utf-16");
        let units = mark
            .then_some(0xFEFF)
            .into_iter()
            .chain(text.encode_utf16());
        units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    let with_mark = [b"\xEF\xBB\xBF".to_vec(), text("GBK").into_bytes()].concat();
    let cases = [
        (text("UTF-8").into_bytes(), 0),
        (gbk("GB2312"), 0),
        (gbk("gb18030"), 0),
        (utf16(true, true), 0),
        (utf16(true, false), 0),
        (utf16(false, true), 0),
        (with_mark, 0),
        // A .NET string writer declares what it is in memory; a converter left the declaration; a header lied.
        (text("utf-16").into_bytes(), 1),
        (gbk("UTF-8"), 1),
        (text("x-unknown").into_bytes(), 1),
    ];
    for (number, (bytes, warnings)) in cases.into_iter().enumerate() {
        let mut documents = MemoryDocuments::new().with("a.xsd", bytes);
        let (schema, told) = read_schema(&mut documents, "a.xsd", &SchemaLimits::default())
            .unwrap_or_else(|fault| panic!("{number}: {fault}"));
        assert!(schema.element(NS, "姓名").is_some(), "{number}");
        assert_eq!(told.len(), warnings, "{number}: {told:?}");
    }
    let mut neither =
        MemoryDocuments::new().with("a.xsd", [b"<a>".to_vec(), vec![0xFF, 0xFF]].concat());
    let fault = read_schema(&mut neither, "a.xsd", &SchemaLimits::default()).unwrap_err();
    assert_eq!(fault.kind.code(), "charset");
}
