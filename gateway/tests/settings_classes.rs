//! Every setting says whether a reload takes it over: the list in code, the table for people and the settings' schema agree.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tongban_gateway::config::classes::{CLASSES, Class, class_of};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Keys of a JSON Schema that have no keys of their own.
fn leaves(schema: &Value, key: &str, found: &mut Vec<String>) {
    match schema["properties"].as_object() {
        Some(properties) => {
            for (name, inner) in properties {
                let dotted = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                leaves(inner, &dotted, found);
            }
        }
        None => found.push(key.to_owned()),
    }
}

#[test]
fn every_setting_says_whether_a_reload_takes_it_over() {
    let path = root().join("config/schema/config.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut keys = Vec::new();
    leaves(&schema, "", &mut keys);
    keys.retain(|key| key != "schema");
    assert!(keys.len() > 40, "{keys:?}");
    let unsaid: Vec<_> = keys.iter().filter(|key| class_of(key).is_none()).collect();
    assert!(
        unsaid.is_empty(),
        "add a row to gateway/src/config/classes.rs and docs/operations/reload.md for {unsaid:?}"
    );
    for (pattern, _) in CLASSES {
        let begins = pattern.replace('*', "public");
        let of_row = |key: &&String| **key == begins || key.starts_with(&format!("{begins}."));
        assert!(
            keys.iter().any(|key| of_row(&key)),
            "no setting fits the row {pattern}"
        );
    }
}

#[test]
fn the_table_for_people_says_the_same() {
    let text = std::fs::read_to_string(root().join("docs/operations/reload.md")).unwrap();
    let rows: BTreeSet<(String, String)> = text
        .lines()
        .filter_map(|line| {
            let (key, when) = line.strip_prefix("| `")?.split_once("` | ")?;
            Some((key.to_owned(), when.trim_end_matches(" |").to_owned()))
        })
        .collect();
    let expected: BTreeSet<(String, String)> = CLASSES
        .iter()
        .map(|(key, class)| {
            let when = match class {
                Class::Live => "reload",
                Class::Restart => "restart",
            };
            ((*key).to_owned(), when.to_owned())
        })
        .collect();
    assert_eq!(rows, expected);
}
