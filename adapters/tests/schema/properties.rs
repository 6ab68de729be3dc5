//! What holds of every schema and every value: what is written reads back the same, and no input makes anything panic.

use super::support::*;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use std::sync::LazyLock;

/// A type that has a bit of everything, and values of it.
const EVERYTHING: &str = "
  <xs:simpleType name='Code'><xs:restriction base='xs:string'><xs:pattern value='[A-Z]{2}[0-9]{0,3}'/></xs:restriction></xs:simpleType>
  <xs:complexType name='Base'><xs:sequence><xs:element name='s' type='xs:string'/><xs:element name='i' type='xs:int' nillable='true' minOccurs='0'/></xs:sequence>
    <xs:attribute name='k' type='t:Code'/></xs:complexType>
  <xs:complexType name='Tree'><xs:complexContent><xs:extension base='t:Base'><xs:sequence>
     <xs:choice minOccurs='0' maxOccurs='unbounded'><xs:element name='x' type='xs:boolean'/><xs:sequence><xs:element name='y' type='xs:decimal'/><xs:element name='z' type='xs:date' minOccurs='0' maxOccurs='1'/></xs:sequence></xs:choice>
     <xs:element name='c' type='t:Tree' minOccurs='0' maxOccurs='unbounded'/>
     <xs:element name='t' minOccurs='0' type='xs:NMTOKENS'/>
     <xs:any namespace='##other' minOccurs='0' maxOccurs='2' processContents='lax'/>
  </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:element name='r' type='t:Tree'/>";

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| compiled(EVERYTHING));

fn any_text() -> impl Strategy<Value = String> {
    "[ -~\\t\\n\\r张中省ÿ😀<>&\"']{0,12}"
}

fn any_tree() -> impl Strategy<Value = Json> {
    let optional = |key: &'static str, value: BoxedStrategy<Json>| {
        proptest::option::of(value)
            .prop_map(move |value| (key, value))
            .boxed()
    };
    let fields = move || {
        (
            any_text(),
            optional(
                "i",
                prop_oneof![
                    Just(Json::Null),
                    any::<i32>().prop_map(|n| json!(n.to_string()))
                ]
                .boxed(),
            ),
            optional("@k", "[A-Z]{2}[0-9]{0,3}".prop_map(Json::from).boxed()),
            optional(
                "x",
                proptest::collection::vec(any::<bool>().prop_map(|b| json!(b.to_string())), 1..3)
                    .prop_map(Json::from)
                    .boxed(),
            ),
            optional(
                "y",
                proptest::collection::vec(
                    "-?[0-9]{1,20}(\\.[0-9]{1,9})?".prop_map(Json::from),
                    1..3,
                )
                .prop_map(Json::from)
                .boxed(),
            ),
            optional(
                "t",
                "[a-z]{1,3}( [a-z]{1,3}){0,2}".prop_map(Json::from).boxed(),
            ),
            optional(
                "{urn:o}w",
                any_text()
                    .prop_map(|text| json!({"@a": text.clone(), "{urn:p}b": [text, "2"]}))
                    .boxed(),
            ),
        )
            .prop_map(|(s, i, k, x, y, t, w)| {
                let mut fields = Map::new();
                fields.insert("s".to_owned(), json!(s));
                for (key, value) in [i, k, x, y, t, w] {
                    if let Some(value) = value {
                        fields.insert(key.to_owned(), value);
                    }
                }
                Json::Object(fields)
            })
    };
    fields().prop_recursive(4, 20, 3, move |inner| {
        (fields(), proptest::collection::vec(inner, 1..3)).prop_map(|(mut tree, children)| {
            tree["c"] = Json::from(children);
            tree
        })
    })
}

/// The value without what only says an order.
fn without_order(mut value: Json) -> Json {
    match &mut value {
        Json::Object(fields) => {
            fields.remove("#order");
            for field in fields.values_mut() {
                *field = without_order(field.take());
            }
        }
        Json::Array(items) => {
            for item in items {
                *item = without_order(item.take());
            }
        }
        _ => {}
    }
    value
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(value in any_tree()) {
        let compiled = &*COMPILED;
        let written = compiled.encode("r", &value).unwrap();
        let again = compiled.decode(&written).unwrap();
        prop_assert_eq!(&without_order(again.clone()), &value, "{}", written);
        prop_assert_eq!(compiled.encode("r", &again).unwrap(), written);
    }

    #[test]
    fn no_message_makes_the_reader_panic(text in "[<>/?!a-z&;#x0-9='\" \\[\\]:-]{0,80}") {
        let compiled = &*COMPILED;
        let _ = compiled.decode(&text);
        let _ = compiled.decode(&format!("<r xmlns='urn:t'><s>{text}</s></r>"));
        let _ = compiled.decode(&format!("<r xmlns='urn:t' {text}><s/></r>"));
    }

    #[test]
    fn no_value_makes_the_writer_panic(key in "[@#{}a-z:]{0,8}", text in any_text()) {
        let compiled = &*COMPILED;
        for value in [json!({"s": "", key.clone(): text.clone()}), json!({"s": {key.clone(): [text]}}), json!([[key]]), json!(null)] {
            let _ = compiled.encode("r", &value);
        }
    }

    #[test]
    fn no_schema_makes_the_reader_panic(text in "(<xs:(element|sequence|choice|complexType|simpleType|restriction|attribute|any|list)( (name|type|ref|base|value|minOccurs)='[a-z:0-9]{0,4}'){0,2}(/>|>)|</xs:(element|sequence|complexType)>){0,8}") {
        let _ = compile_all(&[("a.xsd", &schema(&text))]);
    }

    #[test]
    fn every_pattern_is_taken_or_refused(pattern in "[a-z\\[\\]\\\\(){}*+?|.,0-9^$-]{0,16}") {
        let pattern = pattern.replace('&', "&amp;").replace('<', "&lt;");
        let _ = compile_all(&[("a.xsd", &schema(&format!("<xs:simpleType name='a'><xs:restriction base='xs:string'><xs:pattern value='{pattern}'/></xs:restriction></xs:simpleType>")))]);
    }
}
