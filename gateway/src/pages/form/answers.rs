//! What was filled in, for reading it over before it is sent: labels and values in words.

use super::model::{Choice, Field, Kind};
use super::texts::{self, say};
use crate::text::Language;
use serde::Serialize;
use serde_json::{Map, Value};

/// One line of what was filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// What it is called.
    pub label: String,
    /// The answer; empty for a heading of what follows one level deeper.
    pub text: String,
    /// How deep it stands, from 0.
    pub level: usize,
}

/// The lines of an object's values, in the order of its fields; what was left empty has none.
#[must_use]
pub fn answers(fields: &[Field], values: &Map<String, Value>, language: Language) -> Vec<Answer> {
    let mut lines = Vec::new();
    object(fields, values, 0, language, &mut lines);
    lines
}

fn object(
    fields: &[Field],
    values: &Map<String, Value>,
    level: usize,
    language: Language,
    lines: &mut Vec<Answer>,
) {
    for field in fields {
        if let Some(value) = values.get(&field.key) {
            let label = say(&field.label, language).to_owned();
            one(field, label, value, level, language, lines);
        }
    }
}

fn one(
    field: &Field,
    label: String,
    value: &Value,
    level: usize,
    language: Language,
    lines: &mut Vec<Answer>,
) {
    let heading = |label: String| Answer {
        label,
        text: String::new(),
        level,
    };
    match (&field.kind, value) {
        (Kind::Group(fields), Value::Object(values)) => {
            lines.push(heading(label));
            object(fields, values, level + 1, language, lines);
        }
        (Kind::Rows(rows), Value::Array(values)) => {
            lines.push(heading(label));
            for (index, value) in values.iter().enumerate() {
                let number = (index + 1).to_string();
                let label = texts::ROW.fill(language, &[("n", &number)]);
                one(&rows.item, label, value, level + 1, language, lines);
            }
        }
        (kind, value) => lines.push(Answer {
            label,
            text: text(kind, value, language),
            level,
        }),
    }
}

fn text(kind: &Kind, value: &Value, language: Language) -> String {
    match (kind, value) {
        (Kind::Choice(choices), value) => named(choices, value, language),
        (Kind::Several(choices), Value::Array(values)) => {
            let each: Vec<String> = values
                .iter()
                .map(|value| named(choices, value, language))
                .collect();
            each.join(match language {
                Language::Chinese => "、",
                Language::English => ", ",
            })
        }
        (_, Value::Bool(true)) => texts::YES.say(language).to_owned(),
        (_, Value::Bool(false)) => texts::NO.say(language).to_owned(),
        (_, value) => super::choices::wire(value),
    }
}

fn named(choices: &[Choice], value: &Value, language: Language) -> String {
    let found = choices.iter().find(|choice| choice.value == *value);
    found.map_or_else(
        || super::choices::wire(value),
        |choice| say(&choice.label, language).to_owned(),
    )
}
