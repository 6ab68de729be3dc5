//! Content models: what may stand where, and in which order.

use super::support::*;
use serde_json::json;
use tongban_adapters::schema::WarningKind;

/// `<t:r>` around children, as it is written.
fn r(children: &str) -> String {
    match children {
        "" => "<t:r xmlns:t=\"urn:t\"/>".to_owned(),
        _ => format!("<t:r xmlns:t=\"urn:t\">{children}</t:r>"),
    }
}

fn elements(letters: &str) -> String {
    r(&letters
        .chars()
        .map(|c| format!("<t:{c}>x</t:{c}>"))
        .collect::<String>())
}

/// Which strings of letters a content model of string elements takes.
#[track_caller]
fn takes(model: &str, right: &str, wrong: &str) {
    let model: String = model
        .split(' ')
        .map(|word| match word.split_once(':') {
            Some((name, occurs)) if name.len() == 1 => {
                let (min, max) = occurs.split_once('-').unwrap();
                let max = if max == "*" { "unbounded" } else { max };
                format!("<xs:element name='{name}' type='xs:string' minOccurs='{min}' maxOccurs='{max}'/>")
            }
            _ if word.len() == 1 => format!("<xs:element name='{word}' type='xs:string'/>"),
            _ => word
                .replace("SEQ", "<xs:sequence>")
                .replace("CHO", "<xs:choice>")
                .replace("ALL", "<xs:all>")
                .replace("/S", "</xs:sequence>")
                .replace("/C", "</xs:choice>")
                .replace("/A", "</xs:all>")
                .replace("[", "<xs:")
                .replace("]", ">")
                .replace("@", " minOccurs='")
                .replace(",", "' maxOccurs='")
                .replace("~", "'"),
        })
        .collect();
    let compiled = compiled(&format!(
        "<xs:element name='r'><xs:complexType>{model}</xs:complexType></xs:element>"
    ));
    for letters in right.split(' ') {
        let letters = letters.trim_matches('_');
        let xml = elements(letters);
        let value = compiled
            .decode(&xml)
            .unwrap_or_else(|fault| panic!("{letters}: {fault}"));
        let written = compiled
            .encode("r", &value)
            .unwrap_or_else(|fault| panic!("{letters}: {fault}"));
        assert_eq!(compiled.decode(&written).unwrap(), value, "{letters}");
    }
    for letters in wrong.split(' ') {
        let letters = letters.trim_matches('_');
        assert!(
            compiled.decode(&elements(letters)).is_err(),
            "{letters} was taken"
        );
    }
}

#[test]
fn a_sequence_has_its_order_and_counts() {
    takes(
        "SEQ a b:0-1 c:1-* d:2-3 /S",
        "acdd abccddd abcdd",
        "_ a ab acd acdddd cadd abbcdd acddb",
    );
}

#[test]
fn a_choice_takes_one_of_its_branches_as_often_as_it_may() {
    takes("CHO a b SEQ c d:0-1 /S /C", "a b c cd", "_ aa ab d cdd");
    takes(
        "[choice@0,unbounded~] a b:2-2 /C",
        "_ a aaa bb abba bbbba",
        "b abbb",
    );
    takes("[choice@2,3~] a b /C", "ab aa bba", "a abab _");
}

#[test]
fn all_takes_each_once_in_any_order() {
    takes("ALL a b c:0-1 /A", "ab ba acb cba", "_ a abb abcc");
}

#[test]
fn groups_repeat_with_what_is_in_them() {
    takes(
        "SEQ [sequence@0,unbounded~] a b /S c /S",
        "c abc ababc",
        "ac abac ab",
    );
    takes(
        "SEQ [sequence@2,2~] a:0-1 b /S /S",
        "bb abab abb bab",
        "b abab_b aabb bbb",
    );
    takes(
        "SEQ [choice@0,unbounded~] a SEQ b c /S /C d:0-1 /S",
        "_ a bc abca d abcd",
        "b ab bd da",
    );
    takes("SEQ [sequence@0,1~] a b /S a:0-1 /S", "_ ab aba", "b abb");
}

#[test]
fn branches_of_a_choice_that_repeats_keep_their_order() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:choice maxOccurs='unbounded'><xs:element name='a' type='xs:string'/>
         <xs:element name='b' type='xs:string'/><xs:sequence><xs:element name='c' type='xs:string'/><xs:element name='d' type='xs:string'/></xs:sequence></xs:choice></xs:complexType></xs:element>",
    );
    for children in ["ab", "ba", "cdab", "acd", "bacd", "abcd", "aba", "cdbacda"] {
        let text = elements(children);
        let value = compiled.decode(&text).unwrap();
        let written = compiled.encode("r", &value).unwrap();
        assert_eq!(written, text, "{value}");
    }
}

#[test]
fn a_type_that_requires_itself_is_warned_of() {
    let endless = "<xs:complexType name='T'><xs:sequence><xs:element name='u' type='t:U'/></xs:sequence></xs:complexType>
        <xs:complexType name='U'><xs:sequence><xs:element name='t' type='t:T' NIL/></xs:sequence></xs:complexType>";
    let warned = |nil: &str| {
        let warnings = compiled(&endless.replace("NIL", nil)).warnings;
        warnings
            .iter()
            .any(|warning| matches!(warning.kind, WarningKind::Endless(_)))
    };
    assert!(warned(""));
    for ending in ["minOccurs='0'", "nillable='true'"] {
        assert!(!warned(ending), "{ending}");
    }
}

#[test]
fn counts_are_folded_and_never_unrolled() {
    takes("SEQ [sequence@2,2~] a:1-2 /S /S", "aa aaa aaaa", "a aaaaa");
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:sequence minOccurs='0' maxOccurs='1000000000'>
         <xs:element name='a' type='xs:string' minOccurs='2' maxOccurs='999999999'/>
         <xs:element name='b' type='xs:string' minOccurs='0' maxOccurs='1000000'/></xs:sequence></xs:complexType></xs:element>",
    );
    assert!(compiled.decode(&elements("aabaaabb")).is_ok());
    assert!(compiled.decode(&elements("aab_a")).is_err());
    compiled.refuses(&elements("a"), "element_missing", "/r");
}

#[test]
fn the_order_of_what_is_written_is_the_order_of_the_schema() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='z' type='xs:string'/><xs:element name='a' type='xs:int' maxOccurs='unbounded'/>
         <xs:element name='m' minOccurs='0' type='xs:string'/></xs:sequence></xs:complexType></xs:element>",
    );
    compiled.both_ways(
        "r",
        &r("<t:z>1</t:z><t:a>1</t:a><t:a>2</t:a>"),
        &json!({"a": ["1", "2"], "z": "1"}),
    );
    assert_eq!(
        compiled
            .encode("r", &json!({"a": 5, "m": null, "z": true}))
            .unwrap(),
        r("<t:z>true</t:z><t:a>5</t:a>")
    );
    compiled.refuses_value("r", &json!({"a": ["1"]}), "element_missing", "/r");
    compiled.refuses_value("r", &json!({"z": "", "a": []}), "element_missing", "/r");
    compiled.refuses_value(
        "r",
        &json!({"z": "", "a": ["1", "x"]}),
        "value_invalid",
        "/r/a[2]",
    );
    compiled.refuses_value(
        "r",
        &json!({"z": ["1", "2"], "a": ["1"]}),
        "field_too_often",
        "/r",
    );
    compiled.refuses_value(
        "r",
        &json!({"z": "1", "a": ["1"], "q": "1"}),
        "field_unknown",
        "/r",
    );
    compiled.refuses_value(
        "r",
        &json!({"z": {"x": "1"}, "a": ["1"]}),
        "field_unknown",
        "/r/z",
    );
    compiled.refuses(
        &r("<t:z/><t:a>1</t:a><t:a>x</t:a>"),
        "value_invalid",
        "/r/a[2]",
    );
    compiled.refuses(&r("<t:z/><t:a>1</t:a><t:q/>"), "element_unexpected", "/r");
    compiled.refuses(&r("<z/><t:a>1</t:a>"), "element_unexpected", "/r");
    compiled.refuses(&r("text<t:z/><t:a>1</t:a>"), "text_unexpected", "/r");
}

#[test]
fn a_branch_is_chosen_by_what_the_value_has() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:choice>
         <xs:sequence><xs:element name='a' type='xs:string'/><xs:element name='b' type='xs:string'/></xs:sequence>
         <xs:sequence><xs:element name='c' type='xs:string'/><xs:element name='b' type='xs:string' minOccurs='0'/></xs:sequence>
         </xs:choice></xs:complexType></xs:element>",
    );
    compiled.both_ways(
        "r",
        &r("<t:a>1</t:a><t:b>2</t:b>"),
        &json!({"a": "1", "b": "2"}),
    );
    compiled.both_ways(
        "r",
        &r("<t:c>1</t:c><t:b>2</t:b>"),
        &json!({"c": "1", "b": "2"}),
    );
    compiled.refuses_value("r", &json!({"b": "2"}), "element_missing", "/r");
    compiled.refuses_value(
        "r",
        &json!({"a": "1", "b": "2", "c": "3"}),
        "field_too_often",
        "/r",
    );
    compiled.refuses_value("r", &json!({}), "element_missing", "/r");
}

#[test]
fn named_groups_stand_where_they_are_referred_to() {
    let compiled = compiled(
        "<xs:group name='g'><xs:sequence><xs:element name='a' type='xs:string'/><xs:element name='b' type='xs:string' minOccurs='0'/></xs:sequence></xs:group>
         <xs:element name='r'><xs:complexType><xs:sequence><xs:group ref='t:g' maxOccurs='unbounded'/><xs:element name='c' type='xs:string'/></xs:sequence></xs:complexType></xs:element>",
    );
    compiled.both_ways(
        "r",
        &r("<t:a>1</t:a><t:b>2</t:b><t:a>3</t:a><t:b>4</t:b><t:c>5</t:c>"),
        &json!({"a": ["1", "3"], "b": ["2", "4"], "c": "5", "#order": "a b a b c"}),
    );
}

#[test]
fn an_extension_comes_after_its_base_and_a_restriction_replaces_it() {
    let compiled = compiled(
        "<xs:complexType name='Base'><xs:sequence><xs:element name='a' type='xs:string'/><xs:element name='b' type='xs:string' minOccurs='0'/></xs:sequence>
           <xs:attribute name='x' type='xs:string'/><xs:attribute name='y' type='xs:int' use='required'/></xs:complexType>
         <xs:complexType name='More'><xs:complexContent><xs:extension base='t:Base'><xs:sequence><xs:element name='c' type='xs:string'/></xs:sequence>
           <xs:attribute name='z' type='xs:string'/></xs:extension></xs:complexContent></xs:complexType>
         <xs:complexType name='Less'><xs:complexContent><xs:restriction base='t:Base'><xs:sequence><xs:element name='a' type='xs:string'/></xs:sequence>
           <xs:attribute name='x' use='prohibited'/></xs:restriction></xs:complexContent></xs:complexType>
         <xs:element name='r' type='t:Base'/><xs:element name='m' type='t:More'/><xs:element name='l' type='t:Less'/>",
    );
    compiled.both_ways(
        "m",
        "<t:m xmlns:t=\"urn:t\" y=\"1\" z=\"2\"><t:a>1</t:a><t:c>3</t:c></t:m>",
        &json!({"@y": "1", "@z": "2", "a": "1", "c": "3"}),
    );
    compiled.both_ways(
        "l",
        "<t:l xmlns:t=\"urn:t\" y=\"1\"><t:a>1</t:a></t:l>",
        &json!({"@y": "1", "a": "1"}),
    );
    compiled.refuses(
        "<t:l xmlns:t=\"urn:t\" y=\"1\" x=\"\"><t:a>1</t:a></t:l>",
        "attribute_unexpected",
        "/l",
    );
    compiled.refuses(
        "<t:l xmlns:t=\"urn:t\" y=\"1\"><t:a>1</t:a><t:b/></t:l>",
        "element_unexpected",
        "/l",
    );
    compiled.refuses(
        "<t:m xmlns:t=\"urn:t\"><t:a/><t:c/></t:m>",
        "element_missing",
        "/m",
    );
    compiled.refuses(
        "<t:m xmlns:t=\"urn:t\" y=\"x\"><t:a/><t:c/></t:m>",
        "value_invalid",
        "/m/@y",
    );
    // The other type of the instance (part 1, 2.6.1).
    compiled.both_ways(
        "r",
        "<t:r xmlns:t=\"urn:t\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"t:More\" y=\"1\"><t:a>1</t:a><t:c>3</t:c></t:r>",
        &json!({"@xsi:type": "{urn:t}More", "@y": "1", "a": "1", "c": "3"}),
    );
    assert!(
        compiled
            .encode(
                "r",
                &json!({"@xsi:type": "More", "@y": 1, "a": "", "c": ""})
            )
            .is_ok()
    );
    compiled.refuses_value(
        "r",
        &json!({"@xsi:type": "Nowhere", "@y": 1, "a": ""}),
        "type_unknown",
        "/r",
    );
    compiled.refuses_value(
        "m",
        &json!({"@xsi:type": "Base", "@y": 1, "a": ""}),
        "type_unknown",
        "/m",
    );
}

#[test]
fn abstract_elements_and_types_need_a_concrete_one() {
    let compiled = compiled(
        "<xs:complexType name='Shape' abstract='true'><xs:sequence><xs:element name='name' type='xs:string'/></xs:sequence></xs:complexType>
         <xs:complexType name='Circle'><xs:complexContent><xs:extension base='t:Shape'><xs:sequence><xs:element name='radius' type='xs:decimal'/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
         <xs:element name='shape' type='t:Shape' abstract='true'/>
         <xs:element name='circle' type='t:Circle' substitutionGroup='t:shape'/>
         <xs:element name='ring' substitutionGroup='t:circle'/>
         <xs:element name='r'><xs:complexType><xs:sequence><xs:element ref='t:shape' maxOccurs='unbounded'/></xs:sequence></xs:complexType></xs:element>
         <xs:element name='s' type='t:Shape'/>",
    );
    let circle = json!({"name": "x", "radius": "1.5"});
    compiled.both_ways(
        "r",
        &r("<t:circle><t:name>x</t:name><t:radius>1.5</t:radius></t:circle><t:ring><t:name>x</t:name><t:radius>1.5</t:radius></t:ring>"),
        &json!({"circle": [circle], "ring": [circle]}),
    );
    compiled.refuses(
        &r("<t:shape><t:name/></t:shape>"),
        "element_unexpected",
        "/r",
    );
    compiled.refuses(
        "<t:s xmlns:t='urn:t'><t:name/></t:s>",
        "type_abstract",
        "/s",
    );
    compiled.refuses_value("s", &json!({"name": "x"}), "type_abstract", "/s");
    assert!(
        compiled
            .encode(
                "s",
                &json!({"@xsi:type": "Circle", "name": "x", "radius": 1})
            )
            .is_ok()
    );
}

#[test]
fn types_may_hold_themselves() {
    let compiled = compiled(
        "<xs:complexType name='Node'><xs:sequence><xs:element name='v' type='xs:int'/><xs:element name='n' type='t:Node' minOccurs='0' maxOccurs='unbounded'/></xs:sequence></xs:complexType>
         <xs:element name='r' type='t:Node'/>",
    );
    compiled.both_ways(
        "r",
        &r("<t:v>1</t:v><t:n><t:v>2</t:v><t:n><t:v>3</t:v></t:n></t:n><t:n><t:v>4</t:v></t:n>"),
        &json!({"v": "1", "n": [{"v": "2", "n": [{"v": "3"}]}, {"v": "4"}]}),
    );
    compiled.refuses(
        &r("<t:v>1</t:v><t:n><t:v>2</t:v><t:n><t:v>x</t:v></t:n></t:n>"),
        "value_invalid",
        "/r/n[1]/n[1]/v",
    );
}

#[test]
fn nil_default_and_fixed_are_what_they_say() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:sequence>
           <xs:element name='n' type='xs:int' nillable='true' maxOccurs='2'/>
           <xs:element name='o' type='xs:date' nillable='true' minOccurs='0'/>
           <xs:element name='d' type='xs:int' default='7'/><xs:element name='f' type='xs:string' fixed='F'/>
         </xs:sequence><xs:attribute name='a' type='xs:int' default='3'/><xs:attribute name='v' type='xs:string' fixed='1.0' use='required'/></xs:complexType></xs:element>",
    );
    let xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    compiled.both_ways(
        "r",
        &format!("<t:r xmlns:t=\"urn:t\" v=\"1.0\"><t:n {xsi} xsi:nil=\"true\"/><t:n>2</t:n><t:d>1</t:d><t:f>F</t:f></t:r>"),
        &json!({"@v": "1.0", "n": [null, "2"], "d": "1", "f": "F"}),
    );
    assert_eq!(
        compiled.encode("r", &json!({"n": 1, "o": null})).unwrap(),
        format!(
            "<t:r xmlns:t=\"urn:t\" v=\"1.0\"><t:n>1</t:n><t:o {xsi} xsi:nil=\"true\"/><t:d>7</t:d><t:f>F</t:f></t:r>"
        )
    );
    let empty = "<t:r xmlns:t='urn:t' v='1.0'><t:n>1</t:n><t:d/><t:f/></t:r>";
    let options = tongban_adapters::codec::DecodeOptions {
        defaults: true,
        ..Default::default()
    };
    assert_eq!(
        compiled.decode_with(empty, &options).unwrap(),
        json!({"@v": "1.0", "@a": "3", "n": ["1"], "d": "7", "f": "F"})
    );
    compiled.refuses(
        "<t:r xmlns:t='urn:t' v='2'><t:n>1</t:n><t:d/><t:f/></t:r>",
        "value_invalid",
        "/r/@v",
    );
    compiled.refuses(
        "<t:r xmlns:t='urn:t' v='1.0'><t:n>1</t:n><t:d/><t:f>G</t:f></t:r>",
        "value_invalid",
        "/r/f",
    );
    compiled.refuses(
        &format!("<t:r xmlns:t='urn:t' {xsi} v='1.0'><t:n>1</t:n><t:d xsi:nil='1'/><t:f/></t:r>"),
        "nil_not_allowed",
        "/r/d",
    );
    compiled.refuses(
        &format!("<t:r xmlns:t='urn:t' {xsi} v='1.0'><t:n xsi:nil='1'>1</t:n><t:d/><t:f/></t:r>"),
        "text_unexpected",
        "/r/n[1]",
    );
}

#[test]
fn text_content_may_have_attributes() {
    let compiled = compiled(
        "<xs:complexType name='Amount'><xs:simpleContent><xs:extension base='xs:decimal'><xs:attribute name='currency' type='xs:string' use='required'/></xs:extension></xs:simpleContent></xs:complexType>
         <xs:complexType name='Small'><xs:simpleContent><xs:restriction base='t:Amount'><xs:maxInclusive value='100'/></xs:restriction></xs:simpleContent></xs:complexType>
         <xs:element name='r' type='t:Amount'/><xs:element name='s' type='t:Small'/>",
    );
    compiled.both_ways(
        "r",
        "<t:r xmlns:t=\"urn:t\" currency=\"CNY\">1.50</t:r>",
        &json!({"@currency": "CNY", "#text": "1.50"}),
    );
    compiled.refuses(
        "<t:s xmlns:t='urn:t' currency=''>100.01</t:s>",
        "value_invalid",
        "/s",
    );
    compiled.refuses("<t:r xmlns:t='urn:t'>1</t:r>", "element_missing", "/r");
    compiled.refuses_value("r", &json!("1"), "element_missing", "/r");
    compiled.refuses_value(
        "r",
        &json!({"@currency": "CNY", "#text": "1", "x": "y"}),
        "field_unknown",
        "/r",
    );
}

#[test]
fn wildcards_let_in_what_their_namespaces_say() {
    let compiled = compiled(
        "<xs:element name='known' type='xs:int'/>
         <xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' type='xs:string' minOccurs='0'/>
           <xs:any namespace='##other' processContents='lax' minOccurs='0'/><xs:any namespace='##local' processContents='skip' minOccurs='0' maxOccurs='unbounded'/></xs:sequence>
           <xs:anyAttribute namespace='##other' processContents='lax'/></xs:complexType></xs:element>
         <xs:element name='w'><xs:complexType><xs:sequence><xs:any processContents='strict' maxOccurs='3'/></xs:sequence></xs:complexType></xs:element>",
    );
    compiled.means(
        "r",
        "<t:r xmlns:t='urn:t' xmlns:o='urn:o' o:x='1'><t:a>1</t:a><o:b k='v'><o:c>1</o:c><o:c>2</o:c><d/></o:b><e>1</e><e>2</e></t:r>",
        &json!({"@{urn:o}x": "1", "a": "1", "{urn:o}b": {"@k": "v", "{urn:o}c": ["1", "2"], "d": ""}, "e": ["1", "2"]}),
    );
    compiled.means(
        "w",
        "<t:w xmlns:t='urn:t'><t:known>5</t:known><free/></t:w>",
        &json!({"{urn:t}known": "5", "free": ""}),
    );
    compiled.refuses(
        "<t:w xmlns:t='urn:t'><t:known>x</t:known></t:w>",
        "value_invalid",
        "/w/known",
    );
    compiled.refuses("<t:r xmlns:t='urn:t' y='1'/>", "attribute_unexpected", "/r");
    compiled.refuses(
        "<t:r xmlns:t='urn:t'><t:known>1</t:known></t:r>",
        "element_unexpected",
        "/r",
    );
    compiled.refuses_value("r", &json!({"{urn:t}known": "1"}), "field_unknown", "/r");
    compiled.refuses_value("w", &json!({"a b": "1"}), "unfit_value", "/w");
}

#[test]
fn anything_is_kept_as_it_is() {
    let compiled = compiled(
        "<xs:element name='r'/><xs:complexType name='T'><xs:sequence><xs:element name='v' type='xs:int'/></xs:sequence></xs:complexType>",
    );
    compiled.means("r", "<t:r xmlns:t='urn:t'>text</t:r>", &json!("text"));
    compiled.means(
        "r",
        "<t:r xmlns:t='urn:t' a='1'><b>x</b><b/><c xmlns='urn:c'/></t:r>",
        &json!({"@a": "1", "b": ["x", ""], "{urn:c}c": ""}),
    );
    compiled.means(
        "r",
        "<t:r xmlns:t='urn:t' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:x='http://www.w3.org/2001/XMLSchema'><n i:type='x:int'>5</n><m i:type='t:T'><t:v>1</t:v></m></t:r>",
        &json!({"n": {"@xsi:type": "{http://www.w3.org/2001/XMLSchema}int", "#text": "5"}, "m": {"@xsi:type": "{urn:t}T", "v": "1"}}),
    );
    compiled.refuses("<t:r xmlns:t='urn:t' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:x='http://www.w3.org/2001/XMLSchema'><n i:type='x:int'>a</n></t:r>", "value_invalid", "/r/n");
}

#[test]
fn mixed_content_keeps_its_order() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType mixed='true'><xs:choice minOccurs='0' maxOccurs='unbounded'><xs:element name='b' type='xs:string'/><xs:element name='i' type='xs:string'/></xs:choice></xs:complexType></xs:element>",
    );
    compiled.both_ways(
        "r",
        &r("one <t:b>two</t:b> three <t:i>4</t:i><t:b>5</t:b>"),
        &json!({"#content": ["one ", {"b": "two"}, " three ", {"i": "4"}, {"b": "5"}]}),
    );
    compiled.both_ways("r", &r("text"), &json!("text"));
    compiled.means(
        "r",
        &r("\n<t:b>1</t:b>\n<t:i>2</t:i>"),
        &json!({"b": ["1"], "i": ["2"]}),
    );
    compiled.refuses_value(
        "r",
        &json!({"#content": ["x", {"q": "1"}]}),
        "element_unexpected",
        "/r/q",
    );
}

#[test]
fn local_elements_are_qualified_as_their_form_says() {
    let unqualified = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:t='urn:t' targetNamespace='urn:t' attributeFormDefault='qualified'>
        <xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' type='xs:string'/><xs:element name='b' type='xs:string' form='qualified'/><xs:element ref='t:g'/></xs:sequence>
        <xs:attribute name='x' type='xs:string'/><xs:attribute name='y' type='xs:string' form='unqualified'/><xs:attribute ref='xml:lang'/></xs:complexType></xs:element><xs:element name='g' type='xs:string'/></xs:schema>";
    let compiled = compile_all(&[("a.xsd", unqualified)]).unwrap();
    compiled.both_ways(
        "r",
        "<t:r xmlns:t=\"urn:t\" t:x=\"1\" y=\"2\" xml:lang=\"zh\"><a>1</a><t:b>2</t:b><t:g>3</t:g></t:r>",
        &json!({"@x": "1", "@y": "2", "@lang": "zh", "a": "1", "b": "2", "g": "3"}),
    );
    compiled.refuses(
        "<t:r xmlns:t='urn:t'><t:a/><t:b/><t:g/></t:r>",
        "element_unexpected",
        "/r",
    );
    compiled.refuses(
        "<r xmlns='urn:t'><a/><b/><g/></r>",
        "element_unexpected",
        "/r",
    );
    compiled.means(
        "r",
        "<q:r xmlns:q='urn:t' xmlns='urn:t'><a xmlns=''>1</a><b>2</b><q:g>3</q:g></q:r>",
        &json!({"a": "1", "b": "2", "g": "3"}),
    );
}

#[test]
fn two_names_that_differ_in_their_namespace_only_have_two_keys() {
    let other = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:o'><xs:element name='id' type='xs:string'/></xs:schema>";
    let main = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:o='urn:o' targetNamespace='urn:t'><xs:import namespace='urn:o' schemaLocation='o.xsd'/>
        <xs:element name='r'><xs:complexType><xs:sequence><xs:element name='id' type='xs:int'/><xs:element ref='o:id'/></xs:sequence></xs:complexType></xs:element></xs:schema>";
    let compiled = compile_all(&[("a.xsd", main), ("o.xsd", other)]).unwrap();
    compiled.means(
        "r",
        "<t:r xmlns:t='urn:t' xmlns:o='urn:o'><id>1</id><o:id>x</o:id></t:r>",
        &json!({"id": "1", "{urn:o}id": "x"}),
    );
}

#[test]
fn an_order_that_fields_do_not_say_is_kept_beside_them() {
    let compiled = compiled(
        "<xs:element name='r'><xs:complexType><xs:sequence maxOccurs='unbounded'><xs:element name='a' type='xs:string' maxOccurs='3'/><xs:element name='b' type='xs:string' minOccurs='0'/><xs:any namespace='##other' minOccurs='0' processContents='lax'/></xs:sequence></xs:complexType></xs:element>
         <xs:element name='p'><xs:complexType><xs:sequence><xs:element name='k' type='xs:string' minOccurs='0'/><xs:element name='x' type='xs:string'/><xs:element name='k' type='xs:string'/></xs:sequence></xs:complexType></xs:element>
         <xs:element name='plain'><xs:complexType><xs:sequence maxOccurs='unbounded'><xs:element name='a' type='xs:string'/><xs:element name='b' type='xs:string'/></xs:sequence></xs:complexType></xs:element>",
    );
    compiled.means(
        "r",
        "<t:r xmlns:t='urn:t' xmlns:o='urn:o'><t:a>1</t:a><t:a>2</t:a><t:b>3</t:b><t:a>4</t:a><o:z/><t:a>5</t:a><t:b>6</t:b></t:r>",
        &json!({"a": ["1", "2", "4", "5"], "b": ["3", "6"], "{urn:o}z": "", "#order": "a a b a {urn:o}z a b"}),
    );
    compiled.both_ways(
        "p",
        "<t:p xmlns:t=\"urn:t\"><t:x>1</t:x><t:k>2</t:k></t:p>",
        &json!({"k": ["2"], "x": "1", "#order": "x k"}),
    );
    compiled.both_ways(
        "plain",
        "<t:plain xmlns:t=\"urn:t\"><t:a>1</t:a><t:b>2</t:b><t:a>3</t:a><t:b>4</t:b></t:plain>",
        &json!({"a": ["1", "3"], "b": ["2", "4"]}),
    );
    // What a place must have is not taken by one that may have it; an order that does not fit any more counts no more.
    for value in [
        json!({"k": ["2"], "x": "1"}),
        json!({"k": ["2"], "x": "1", "#order": "k x"}),
        json!({"k": "2", "x": "1", "#order": "q"}),
    ] {
        assert_eq!(
            compiled.encode("p", &value).unwrap(),
            "<t:p xmlns:t=\"urn:t\"><t:x>1</t:x><t:k>2</t:k></t:p>"
        );
    }
    let options = tongban_adapters::codec::DecodeOptions {
        without_order: true,
        ..Default::default()
    };
    let value = compiled
        .decode_with(
            "<t:p xmlns:t='urn:t'><t:x>1</t:x><t:k>2</t:k></t:p>",
            &options,
        )
        .unwrap();
    assert_eq!(value, json!({"k": ["2"], "x": "1"}));
}

#[test]
fn a_group_that_may_be_absent_takes_a_count_in_any_split() {
    takes(
        "SEQ [sequence@0,unbounded~] a:2-4 /S b:0-1 /S",
        "_ aa aaa aaaaa aaaaab b aab",
        "a ab aabb",
    );
    takes(
        "[choice@0,unbounded~] a:2-3 b /C",
        "_ b aa aab baab",
        "a ab ba",
    );
}
