//! The JSON Schemas for editors (`config/schema`) say what the reader says.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use serde_json::{Value, json};

use super::ServiceItem;
use crate::organisation::OrganisationFile;
use crate::samples;

fn validator(name: &str) -> jsonschema::Validator {
    jsonschema::validator_for(
        &serde_json::from_str(&samples::config_text(&format!("schema/{name}"))).unwrap(),
    )
    .unwrap()
}

/// Every pointer into a value, but not into forms, which are free.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter().filter(|(key, _)| *key != "form") {
                pointers(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The value with one place changed in every way that tells a reader from another.
fn variants(value: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    pointers(value, "", &mut places);
    let mut variants = Vec::new();
    for place in places {
        let mut change = |what: &str, to: &dyn Fn(&mut Value)| {
            let mut changed = value.clone();
            to(changed.pointer_mut(&place).unwrap());
            variants.push((format!("{place}: {what}"), changed));
        };
        for other in [
            json!("no such word!"),
            json!(-1),
            json!(1.5),
            json!(true),
            json!([]),
        ] {
            // serde_json takes a list for a struct; the reader of files does not.
            let list = other.is_array() && !value.pointer(&place).unwrap().is_string();
            if !list {
                change(&other.to_string(), &|at| *at = other.clone());
            }
        }
        if let Some(object) = value.pointer(&place).and_then(Value::as_object) {
            change("unknown key", &|at| at["no_such_key"] = json!(1));
            for key in object.keys() {
                change(&format!("without {key}"), &|at| {
                    at.as_object_mut().unwrap().remove(key);
                });
            }
        }
    }
    variants
}

#[test]
fn editors_are_told_of_an_item_what_the_reader_tells() {
    let schema = validator("item.schema.json");
    for item in samples::items() {
        let value: Value = serde_json::from_str(&item.value.to_json().unwrap()).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", item.file());
    }
    for id in ["explosives-sales", "sme-platform", "info-disclosure-zhuhai"] {
        let value: Value = serde_json::from_str(&samples::item(id).to_json().unwrap()).unwrap();
        for (what, changed) in variants(&value) {
            let read = serde_json::from_value::<ServiceItem>(changed.clone());
            assert_eq!(
                schema.is_valid(&changed),
                read.is_ok(),
                "{id}{what}: {:?}",
                read.err()
            );
        }
    }
}

#[test]
fn editors_are_told_of_bodies_what_the_reader_tells() {
    let schema = validator("organisations.schema.json");
    for file in samples::organisation_files() {
        let mut value = serde_json::to_value(&file.value).unwrap();
        value["schema"] = json!(crate::organisation::ORGANISATIONS_SCHEMA);
        assert!(schema.is_valid(&value), "{}", file.file());
        for (what, mut changed) in variants(&value) {
            let sound = schema.is_valid(&changed);
            // The loader takes the first key off before the type is read.
            let first = changed
                .as_object_mut()
                .and_then(|object| object.remove("schema"));
            let read = serde_json::from_value::<OrganisationFile>(changed);
            let right =
                first == Some(json!(crate::organisation::ORGANISATIONS_SCHEMA)) && read.is_ok();
            assert_eq!(sound, right, "{}{what}", file.file());
        }
    }
}
