//! The JSON Schemas that editors use for settings, routes and calendar: they take what is shipped and refuse what the readers refuse.

#![allow(clippy::unwrap_used, reason = "a test says where it fails")]

use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn yaml(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = root().join(format!("config/schema/{name}.schema.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn check(name: &str, shipped: &str) {
    let (schema, mut value) = (schema(name), yaml(shipped));
    let faults: Vec<String> = schema
        .iter_errors(&value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{shipped}: {faults:?}");
    value["nonsense"] = Value::Bool(true);
    assert!(
        !schema.is_valid(&value),
        "an unknown key passes in {shipped}"
    );
    value.as_object_mut().unwrap().remove("nonsense");
    value.as_object_mut().unwrap().remove("schema");
    assert!(
        !schema.is_valid(&value),
        "{shipped} passes without its schema key"
    );
}

#[test]
fn the_settings_schema_takes_the_shipped_settings_and_refuses_unknown_keys() {
    check("config", "config/tongban.yaml");
}

#[test]
fn the_routes_schema_takes_the_shipped_routes_and_refuses_unknown_keys() {
    check("routes", "config/routes.yaml");
}

#[test]
fn the_calendar_schema_takes_every_shipped_year_and_refuses_unknown_keys() {
    for year in 2016..=2027 {
        check("calendar", &format!("config/calendar/{year}.yaml"));
    }
}
