//! From what was typed to the JSON of `POST /api/v1/applications`.
//!
//! Where something typed is not what its field takes (a word in a number), it goes into the JSON as the text that it is: the
//! service's checks then find it, at its place, in their own order.

use super::model::{Choice, Field, Kind, MomentForm, Rows, TextForm, below};
use super::normalise;
use super::typed::Typed;
use crate::intake::json;
use serde_json::{Map, Value};

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The values.
    pub value: Map<String, Value>,
    /// Where a row of the values was typed: pointer in the values, name in the form. Rows left empty are not sent, so the two
    /// may count differently.
    pub rows: Vec<(String, String)>,
}

/// Reads the fields whose names stand below `name`; `pointer` is where the values will stand.
#[must_use]
pub fn read(fields: &[Field], name: &str, typed: &Typed) -> Reading {
    let mut reading = Reading::default();
    let value = object(fields, name, &format!("/{name}"), typed, &mut reading.rows);
    reading.value = value;
    reading
}

/// Where the value at a pointer was typed, as a name; rows are counted as they were drawn.
#[must_use]
pub fn typed_at(pointer: &str, rows: &[(String, String)]) -> String {
    let within = |own: &&(String, String)| {
        let rest = pointer.strip_prefix(own.0.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let longest = rows.iter().filter(within).max_by_key(|own| own.0.len());
    match longest {
        Some((own, name)) => format!("{name}{}", &pointer[own.len()..]),
        None => pointer.strip_prefix('/').unwrap_or(pointer).to_owned(),
    }
}

type Moved = Vec<(String, String)>;

fn object(
    fields: &[Field],
    name: &str,
    pointer: &str,
    typed: &Typed,
    rows: &mut Moved,
) -> Map<String, Value> {
    let mut object = Map::new();
    for field in fields {
        let (name, pointer) = (below(name, &field.key), json::below(pointer, &field.key));
        if let Some(value) = value(field, &name, &pointer, typed, rows) {
            object.insert(field.key.clone(), value);
        }
    }
    object
}

/// The value of a field; `None` when nothing was typed.
fn value(
    field: &Field,
    name: &str,
    pointer: &str,
    typed: &Typed,
    rows: &mut Moved,
) -> Option<Value> {
    match &field.kind {
        Kind::Several(choices) => several(choices, typed.all(name)),
        Kind::Rows(list) => list_of(list, name, pointer, typed, rows),
        Kind::Group(fields) => {
            let object = object(fields, name, pointer, typed, rows);
            // An empty object that is asked for lets the checks say which of its members are missing.
            let wanted = !object.is_empty() || field.need == super::model::Need::Always;
            wanted.then_some(Value::Object(object))
        }
        kind => {
            let text = normalise::text(typed.one(name));
            (!text.is_empty()).then(|| single(kind, text))
        }
    }
}

fn single(kind: &Kind, text: String) -> Value {
    let read = match kind {
        Kind::Number(_) => normalise::number(&text),
        Kind::Moment(MomentForm::Day) => normalise::day(&text).map(Value::from),
        Kind::Moment(MomentForm::Instant) => normalise::instant(&text).map(Value::from),
        Kind::Moment(MomentForm::Time) => normalise::time(&text).map(Value::from),
        Kind::Choice(choices) => chosen(choices, &text),
        Kind::Truth | Kind::Consent => text.parse::<bool>().ok().map(Value::from),
        Kind::Text(rules) => tolerant(rules.form, &text).map(Value::from),
        Kind::Unknown if text.starts_with(['{', '[']) => json::read(text.as_bytes()).ok(),
        _ => None,
    };
    read.unwrap_or(Value::String(text))
}

fn tolerant(form: TextForm, text: &str) -> Option<String> {
    match form {
        TextForm::Plain | TextForm::Address => None,
        TextForm::Code => Some(normalise::code(text)),
        TextForm::Capitals => Some(normalise::code(text).to_ascii_uppercase()),
        TextForm::Email => Some(normalise::code(text)),
        TextForm::Phone => Some(normalise::code(text)),
    }
}

fn chosen(choices: &[Choice], wire: &str) -> Option<Value> {
    let found = choices.iter().find(|choice| choice.wire == wire);
    found.map(|choice| choice.value.clone())
}

fn several(choices: &[Choice], wires: &[String]) -> Option<Value> {
    let mut values = Vec::new();
    for wire in wires.iter().filter(|wire| !wire.trim().is_empty()) {
        let value = chosen(choices, wire).unwrap_or_else(|| Value::from(wire.as_str()));
        if !values.contains(&value) {
            values.push(value);
        }
    }
    (!values.is_empty()).then_some(Value::Array(values))
}

fn list_of(
    list: &Rows,
    name: &str,
    pointer: &str,
    typed: &Typed,
    rows: &mut Moved,
) -> Option<Value> {
    let mut values = Vec::new();
    for index in 0..typed.rows(name, list.max) {
        let (drawn, at) = (
            format!("{name}/{index}"),
            format!("{pointer}/{}", values.len()),
        );
        let mut inner = Moved::new();
        let Some(value) = value(&list.item, &drawn, &at, typed, &mut inner) else {
            continue;
        };
        // A group that must be there reads as `{}`: in a row that is an empty row.
        if value.as_object().is_some_and(Map::is_empty) {
            continue;
        }
        rows.push((at, drawn));
        rows.append(&mut inner);
        values.push(value);
    }
    (!values.is_empty()).then_some(Value::Array(values))
}
