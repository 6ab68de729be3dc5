//! Every word of a schema that forms use, and every form that is shipped.

use super::*;
use rand::SeedableRng as _;

fn check(schema: Value) {
    check_seeds(&schema, 200);
}

fn check_seeds(schema: &Value, seeds: u64) {
    let form = Form::compile(schema.clone()).unwrap();
    for seed in 0..seeds {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let drawn = draw_form(&form, &mut random);
        let drawn = drawn.unwrap_or_else(|e| panic!("{e}: {schema}"));
        assert!(form.faults(&drawn, "").is_empty(), "{drawn} for {schema}");
    }
}

fn object(properties: Value) -> Value {
    let names: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
    json!({"type": "object", "additionalProperties": false, "required": names, "properties": properties})
}

#[test]
fn every_word_that_forms_use_is_kept() {
    check(object(json!({
        "short": {"type": "string", "minLength": 3, "maxLength": 4},
        "bare": {"type": "string"},
        "coded": {"type": "string", "pattern": "^[0-9]{4}-?[0-9A-Z]{4,8}$"},
        "either": {"type": "string", "pattern": "^a+$|^b{3}$", "maxLength": 3},
        "mail": {"type": "string", "format": "email"},
        "day": {"type": "string", "format": "date"},
        "time": {"type": "string", "format": "date-time"},
        "kind": {"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]},
        "choice": {"enum": [1, "two", null]},
        "whole": {"type": "integer", "minimum": 1, "maximum": 2},
        "tens": {"type": "integer", "minimum": 15, "multipleOf": 10},
        "above": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
        "below": {"type": "number", "minimum": 1000, "exclusiveMaximum": 1001},
        "negative": {"type": "number", "maximum": -5},
        "yes": {"type": "boolean"},
        "several": {"type": "array", "minItems": 2, "uniqueItems": true, "items": {"enum": ["x", "y", "z"]}},
        "inner": object(json!({"n": {"type": ["null", "integer"]}})),
    })));
}

#[test]
fn what_a_condition_asks_for_is_filled_in() {
    check(json!({
        "type": "object", "additionalProperties": false, "required": ["how"],
        "properties": {
            "how": {"enum": ["post", "online"]}, "address": {"type": "string"}, "officer": {"type": "string"},
            "phone": {"type": "string", "pattern": "^1[0-9]{10}$"},
            "inner": {"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "integer"}},
                      "dependentRequired": {"a": ["b"]}},
        },
        "dependentRequired": {"officer": ["phone"]},
        "allOf": [{"if": {"properties": {"how": {"const": "post"}}}, "then": {"required": ["address"]}}],
    }));
}

#[test]
fn what_a_condition_says_of_a_field_is_kept() {
    check(json!({
        "type": "object", "additionalProperties": false, "required": ["energy", "range_km", "gear", "insured"],
        "properties": {
            "energy": {"enum": ["electric", "diesel"]}, "range_km": {"type": "integer", "minimum": 0, "maximum": 100_000},
            "gear": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["net", "line", "trawl"]}},
            "insured": {"type": "boolean"}, "debt": {"type": "integer", "minimum": 0},
        },
        "allOf": [
            {"if": {"properties": {"energy": {"const": "electric"}}}, "then": {"properties": {"range_km": {"maximum": 9}}},
             "else": {"properties": {"gear": {"contains": {"const": "trawl"}}, "insured": {"const": true}}}},
        ],
        "dependentSchemas": {"debt": {"properties": {"debt": {"maximum": 5}}}},
    }));
}

#[test]
fn references_within_the_schema_are_followed() {
    check(json!({
        "type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/code"}, "b": {"allOf": [{"$ref": "#/$defs/code"}, {"maxLength": 3}]}},
        "$defs": {"code": {"type": "string", "pattern": "^[A-Z]{3}$"}},
    }));
}

#[test]
fn a_schema_that_nothing_satisfies_is_told_with_its_place() {
    let form = Form::compile(object(
        json!({"n": {"type": "integer", "minimum": 3, "maximum": 2}}),
    ))
    .unwrap();
    let error = draw_form(&form, &mut Xoshiro256PlusPlus::seed_from_u64(1)).unwrap_err();
    assert_eq!(error.pointer, "/n");
}

#[test]
fn every_form_of_the_shipped_items_gets_samples_in_every_situation() {
    use tongban_catalog::item::ServiceItem;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/items");
    let mut forms = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let item = tongban_catalog::source::load_yaml::<ServiceItem>("item.yaml", &text).unwrap();
        check_seeds(&item.form.for_situation(None), 10);
        for situation in &item.situations {
            check_seeds(&item.form.for_situation(Some(&situation.id)), 10);
        }
        forms += 1 + item.situations.len();
    }
    assert!(forms > 30, "{forms}");
}
