//! The values that a schema offers to choose from.

use super::CHOICES_MAX;
use super::model::Choice;
use super::schema::label;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use tongban_catalog::Bilingual;

/// A value as a page sends it: a text as it stands, anything else as JSON.
pub(super) fn wire(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The values that a schema offers: `oneOf` or `anyOf` of `const` with titles, `enum`, `const`. Empty when it offers none.
pub(super) fn choices(schema: &Map<String, Value>) -> Vec<Choice> {
    let mut found: Vec<Choice> = Vec::new();
    if let Some(value) = schema.get("const") {
        found.push(choice(value, schema));
    } else if let Some(Value::Array(values)) = schema.get("enum") {
        let names_en = schema.get("enum_en").and_then(Value::as_array);
        let names = schema.get("enum_titles").and_then(Value::as_array);
        let name = |list: Option<&Vec<Value>>, index: usize| {
            list.and_then(|l| l.get(index)?.as_str().map(str::to_owned))
        };
        found.extend(values.iter().enumerate().map(|(index, value)| {
            let zh = name(names, index).unwrap_or_else(|| wire(value));
            let en = name(names_en, index).unwrap_or_else(|| zh.clone());
            Choice {
                wire: wire(value),
                value: value.clone(),
                label: Bilingual::new(zh, en),
            }
        }));
    } else if let Some(Value::Array(variants)) = schema.get("oneOf").or_else(|| schema.get("anyOf"))
    {
        for variant in variants {
            match variant.as_object().and_then(|v| Some((v, v.get("const")?))) {
                Some((variant, value)) => found.push(choice(value, variant)),
                None => return Vec::new(),
            }
        }
    }
    if found.len() > CHOICES_MAX {
        return Vec::new();
    }
    tell_apart(&mut found);
    found
}

fn choice(value: &Value, schema: &Map<String, Value>) -> Choice {
    let wire = wire(value);
    let label = label(schema, &wire);
    Choice {
        wire,
        value: value.clone(),
        label,
    }
}

/// `"1"` and `1` would be sent alike; texts that share their wire with another value are sent as JSON.
fn tell_apart(choices: &mut Vec<Choice>) {
    let mut seen = BTreeSet::new();
    choices.retain_mut(|choice| {
        if seen.insert(choice.wire.clone()) {
            return true;
        }
        choice.wire = choice.value.to_string();
        seen.insert(choice.wire.clone())
    });
}
