//! Simple types and facets.

use super::support::*;
use serde_json::json;

/// Which values an element of a simple type takes, both ways.
#[track_caller]
fn takes(simple: &str, right: &[&str], wrong: &[&str]) {
    let compiled = compiled(&format!(
        "<xs:simpleType name='T'>{simple}</xs:simpleType><xs:element name='r' type='t:T'/>"
    ));
    for value in right {
        let xml = format!("<r xmlns='urn:t'>{value}</r>");
        assert!(
            compiled.decode(&xml).is_ok(),
            "{value:?}: {}",
            compiled.decode(&xml).unwrap_err()
        );
        assert!(compiled.encode("r", &json!(value)).is_ok(), "{value:?}");
    }
    for value in wrong {
        assert!(
            compiled
                .decode(&format!("<r xmlns='urn:t'>{value}</r>"))
                .is_err(),
            "{value:?} was read"
        );
        assert!(
            compiled.encode("r", &json!(value)).is_err(),
            "{value:?} was written"
        );
    }
}

fn restriction(base: &str, facets: &str) -> String {
    format!("<xs:restriction base='{base}'>{facets}</xs:restriction>")
}

#[test]
fn lengths_are_in_the_unit_of_the_type() {
    takes(
        &restriction(
            "xs:string",
            "<xs:minLength value='2'/><xs:maxLength value='4'/>",
        ),
        &["ab", "张三丰四", "a  b"],
        &["a", "", "abcde"],
    );
    takes(
        &restriction("xs:string", "<xs:length value='2'/>"),
        &["张三", "😀a"],
        &["张", "abc"],
    );
    takes(
        &restriction("xs:hexBinary", "<xs:length value='2'/>"),
        &["0aFF", " 0aFF "],
        &["0a", "0aFF00"],
    );
    takes(
        &restriction("xs:base64Binary", "<xs:maxLength value='3'/>"),
        &["YWJj", "YQ==", ""],
        &["YWJjZA=="],
    );
    takes(
        "<xs:restriction><xs:simpleType><xs:list itemType='xs:int'/></xs:simpleType><xs:length value='2'/></xs:restriction>",
        &["1 2", " 1\n2 "],
        &["1", "1 2 3", "1 x"],
    );
}

#[test]
fn bounds_are_exact() {
    takes(
        &restriction(
            "xs:decimal",
            "<xs:minExclusive value='0'/><xs:maxInclusive value='99999999999999999999.99'/><xs:fractionDigits value='2'/><xs:totalDigits value='22'/>",
        ),
        &["0.01", "99999999999999999999.99", "1.500"],
        &[
            "0",
            "-1",
            "0.001",
            "99999999999999999999.991",
            "100000000000000000000",
        ],
    );
    takes(
        &restriction("xs:date", "<xs:minInclusive value='2026-01-01'/>"),
        &["2026-01-01", "2026-12-31"],
        &["2025-12-31", "2026-13-01", "2026-1-1"],
    );
    takes(
        &restriction(
            "xs:dateTime",
            "<xs:maxExclusive value='2026-01-01T00:00:00Z'/>",
        ),
        &["2026-01-01T07:59:59+08:00"],
        &["2026-01-01T08:00:00+08:00", "2026-01-01T00:00:00"],
    );
    takes(
        &restriction("xs:double", "<xs:maxInclusive value='1e3'/>"),
        &["1000", "1e3", "-INF"],
        &["1000.1", "INF", "NaN"],
    );
    takes(
        &restriction(
            "xs:int",
            "<xs:minInclusive value='1'/><xs:maxInclusive value='12'/>",
        ),
        &["1", "012", "+3"],
        &["0", "13", "1.0", ""],
    );
    takes(
        &restriction("xs:duration", "<xs:maxInclusive value='P1Y'/>"),
        &["P11M", "PT1S"],
        &["P13M", "P366D"],
    );
}

#[test]
fn enumerations_are_of_values() {
    takes(
        &restriction(
            "xs:string",
            "<xs:enumeration value='a'/><xs:enumeration value=' b'/>",
        ),
        &["a", " b"],
        &["A", "b", " a"],
    );
    takes(
        &restriction("xs:token", "<xs:enumeration value='a b'/>"),
        &["a b", " a  b "],
        &["ab"],
    );
    takes(
        &restriction("xs:decimal", "<xs:enumeration value='1.0'/>"),
        &["1", "01.00"],
        &["1.01"],
    );
    takes(
        &restriction(
            "xs:dateTime",
            "<xs:enumeration value='2026-01-01T00:00:00Z'/>",
        ),
        &["2026-01-01T08:00:00+08:00"],
        &["2026-01-01T08:00:00Z"],
    );
    takes(
        &restriction("xs:boolean", "<xs:enumeration value='true'/>"),
        &["1", "true"],
        &["0", "false"],
    );
}

#[test]
fn patterns_of_one_step_are_alternatives_and_of_two_steps_both_hold() {
    takes(
        &restriction(
            "xs:string",
            "<xs:pattern value='\\d+'/><xs:pattern value='[a-c]'/>",
        ),
        &["123", "b"],
        &["d", "1b"],
    );
    let two = format!(
        "<xs:restriction><xs:simpleType>{}</xs:simpleType><xs:pattern value='.{{3}}'/></xs:restriction>",
        restriction("xs:string", "<xs:pattern value='\\d+'/>")
    );
    takes(&two, &["123"], &["12", "abc"]);
}

#[test]
fn facets_narrow_step_by_step() {
    let compiled = compiled(
        "<xs:simpleType name='A'><xs:restriction base='xs:string'><xs:maxLength value='5'/><xs:whiteSpace value='collapse'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='B'><xs:restriction base='t:A'><xs:minLength value='2'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='C'><xs:restriction base='t:B'/></xs:simpleType><xs:element name='r' type='t:C'/>",
    );
    assert_eq!(
        compiled.decode("<r xmlns='urn:t'> a  b </r>").unwrap(),
        json!("a b")
    );
    compiled.refuses("<r xmlns='urn:t'>abcdef</r>", "value_invalid", "/r");
    compiled.refuses("<r xmlns='urn:t'>a</r>", "value_invalid", "/r");
}

#[test]
fn lists_and_unions_are_checked_by_their_members() {
    let list = "<xs:list><xs:simpleType><xs:restriction base='xs:int'><xs:maxInclusive value='9'/></xs:restriction></xs:simpleType></xs:list>";
    takes(list, &["", "1", "1 2 9"], &["10", "a"]);
    let union = "<xs:union memberTypes='xs:int xs:date'><xs:simpleType><xs:restriction base='xs:string'><xs:enumeration value='n/a'/></xs:restriction></xs:simpleType></xs:union>";
    takes(union, &["5", "2026-01-01", "n/a", " 5 "], &["x", "N/A"]);
    let compiled = compiled(
        "<xs:simpleType name='L'><xs:list itemType='xs:int'/></xs:simpleType><xs:element name='r'><xs:complexType><xs:sequence><xs:element name='l' type='t:L' maxOccurs='2'/></xs:sequence><xs:attribute name='a' type='t:L'/></xs:complexType></xs:element>",
    );
    assert_eq!(
        compiled
            .encode("r", &json!({"@a": [1, 2], "l": [[1, 2], "3 4"]}))
            .unwrap(),
        "<t:r xmlns:t=\"urn:t\" a=\"1 2\"><t:l>1 2</t:l><t:l>3 4</t:l></t:r>"
    );
}

#[test]
fn qualified_names_mean_the_same_under_other_prefixes() {
    let compiled = compiled(
        "<xs:simpleType name='Q'><xs:restriction base='xs:QName'><xs:enumeration value='t:a'/><xs:enumeration value='t:b'/></xs:restriction></xs:simpleType>
         <xs:element name='r'><xs:complexType><xs:simpleContent><xs:extension base='xs:QName'><xs:attribute name='q' type='t:Q'/></xs:extension></xs:simpleContent></xs:complexType></xs:element>",
    );
    compiled.means(
        "r",
        "<x:r xmlns:x='urn:t' xmlns:y='urn:y' xmlns='urn:z' q='x:a'> y:name </x:r>",
        &json!({"@q": "{urn:t}a", "#text": "{urn:y}name"}),
    );
    compiled.means(
        "r",
        "<x:r xmlns:x='urn:t' xmlns='urn:z'>name</x:r>",
        &json!({"#text": "{urn:z}name"})
            .get("#text")
            .unwrap()
            .clone(),
    );
    compiled.refuses(
        "<x:r xmlns:x='urn:t' q='x:c'>x:y</x:r>",
        "value_invalid",
        "/r/@q",
    );
    compiled.refuses(
        "<x:r xmlns:x='urn:t'>nowhere:y</x:r>",
        "value_invalid",
        "/r",
    );
}

#[test]
fn faults_show_the_shape_of_a_value_and_never_the_value() {
    let compiled = compiled("<xs:element name='r' type='xs:date'/>");
    let fault = compiled
        .decode("<r xmlns='urn:t'>\n 身份证 440400X </r>")
        .unwrap_err();
    assert_eq!(
        fault.to_string(),
        "/r (line 1, column 1, byte 0): a text like \"字字字 999999a\" is not allowed: it is no xs:date"
    );
}

#[test]
fn references_cdata_and_line_ends_are_part_of_a_text() {
    let compiled = compiled("<xs:element name='r' type='xs:string'/>");
    assert_eq!(
        compiled
            .decode("<r xmlns='urn:t'>a&amp;<![CDATA[<b>]]>&#x4e2d;<!-- c -->\r\nd</r>")
            .unwrap(),
        json!("a&<b>中\nd")
    );
    assert_eq!(
        compiled.encode("r", &json!("a<b>&\r\n]]>\"")).unwrap(),
        "<t:r xmlns:t=\"urn:t\">a&lt;b&gt;&amp;&#13;\n]]&gt;\"</t:r>"
    );
    compiled.refuses_value("r", &json!("a\u{1}"), "unfit_value", "/r");
}

#[test]
fn xml_inside_a_text_is_a_text() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='xml' type='xs:string'/></xs:sequence></xs:complexType></xs:element>",
    );
    let inner = "<?xml version='1.0'?><ExInfo a=\"1\">&amp;</ExInfo>";
    let value = json!({"xml": inner});
    let written = compiled.encode("r", &value).unwrap();
    assert_eq!(compiled.decode(&written).unwrap(), value);
    assert_eq!(
        compiled
            .decode(&format!(
                "<r xmlns='urn:t'><xml><![CDATA[{inner}]]></xml></r>"
            ))
            .unwrap(),
        value
    );
}

#[test]
fn what_version_1_1_adds_is_taken_as_far_as_it_goes() {
    let compiled = compiled(
        "<xs:simpleType name='S'><xs:restriction base='xs:dateTimeStamp'><xs:assertion test='true()'/><xs:explicitTimezone value='required'/></xs:restriction></xs:simpleType>
         <xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' type='t:S'/><xs:element name='d' type='xs:dayTimeDuration'/></xs:sequence><xs:assert test='true()'/></xs:complexType></xs:element>",
    );
    assert_eq!(compiled.warnings.len(), 3);
    compiled.refuses(
        "<r xmlns='urn:t'><a>x</a><d>P1D</d></r>",
        "value_invalid",
        "/r/a",
    );
    assert!(
        compiled
            .decode("<r xmlns='urn:t'><a>2026-01-01T00:00:00Z</a><d>P1D</d></r>")
            .is_ok()
    );
}

#[test]
fn bounds_of_types_without_an_order_have_no_effect_and_are_told() {
    let compiled = compiled(
        "<xs:element name='r'><xs:simpleType><xs:restriction base='xs:string'><xs:minInclusive value='1'/></xs:restriction></xs:simpleType></xs:element>",
    );
    assert_eq!(
        compiled.warnings[0].kind.to_string(),
        "minInclusive of a type without an order has no effect here"
    );
    assert!(compiled.decode("<r xmlns='urn:t'>0</r>").is_ok());
}

#[test]
fn an_expanded_name_has_a_local_part_that_is_a_name() {
    let compiled = compiled("<xs:element name='r' type='xs:QName'/>");
    compiled.refuses("<t:r xmlns:t='urn:t'>t:=a</t:r>", "value_invalid", "/r");
    compiled.refuses_value("r", &json!("{urn:t}a b"), "value_invalid", "/r");
    compiled.refuses_value("r", &json!("nowhere:a"), "value_invalid", "/r");
}

#[test]
fn a_fixed_value_is_compared_as_a_value() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='f' type='xs:decimal' fixed='1.0'/>
         <xs:element name='s' type='xs:string' fixed='1.0' minOccurs='0'/></xs:sequence><xs:attribute name='v' type='xs:int' fixed='1'/></xs:complexType></xs:element>",
    );
    let message = |v: &str, f: &str, s: &str| {
        format!("<t:r xmlns:t=\"urn:t\" v=\"{v}\"><t:f>{f}</t:f><t:s>{s}</t:s></t:r>")
    };
    for (v, f) in [("1", "1.0"), ("01", "1"), ("+1", "1.00")] {
        let text = message(v, f, "1.0");
        let value = compiled.decode(&text).unwrap();
        assert_eq!(compiled.encode("r", &value).unwrap(), text);
    }
    for (v, f, s) in [("2", "1.0", "1.0"), ("1", "1.1", "1.0"), ("1", "1", "1")] {
        assert!(compiled.decode(&message(v, f, s)).is_err(), "{v} {f} {s}");
    }
}

#[test]
fn what_redefines_something_of_a_document_that_is_not_there_says_so() {
    let fault = refused(
        "<xs:redefine schemaLocation='no.xsd'><xs:simpleType name='T'><xs:restriction base='t:T'/></xs:simpleType></xs:redefine>",
    );
    assert_eq!(fault.kind.code(), "component_missing");
    assert!(fault.to_string().contains("no.xsd was not read"), "{fault}");
}
