//! What a template gives: a tree that keeps the order of the definition, on its way to JSON, a form or XML.

use crate::xml::{Attribute, Element, is_name};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Number, Value};

/// An ordered tree. `Absent` leaves no trace on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Absent,
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
    /// Elements of one name told apart by an attribute: `<Field FieldName="SBLSH">`.
    Named {
        attribute: String,
        entries: Vec<(String, Tree)>,
    },
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(entries) => Self::Map(
                entries
                    .into_iter()
                    .map(|(k, v)| (k, Self::from(v)))
                    .collect(),
            ),
        }
    }
}

impl Tree {
    /// The text of a single value; `Some(None)` for nothing, `None` for a list or mapping.
    pub(super) fn scalar(&self) -> Option<Option<String>> {
        match self {
            Self::Absent | Self::Null => Some(None),
            Self::Bool(value) => Some(Some(value.to_string())),
            Self::Number(number) => Some(Some(number.to_string())),
            Self::Text(text) => Some(Some(text.clone())),
            Self::List(_) | Self::Map(_) | Self::Named { .. } => None,
        }
    }

    /// As unordered JSON, for the canonical form.
    pub(super) fn into_value(self) -> Value {
        serde_json::to_value(&self).unwrap_or(Value::Null)
    }

    /// As elements of that name: none for nothing, several for a list.
    ///
    /// Of a mapping `@name` is an attribute and `#text` the element's own text. What XML cannot hold is an error.
    pub(super) fn elements(&self, name: &str) -> Result<Vec<Element>, &'static str> {
        if !is_name(name) {
            return Err("an element name that XML does not allow");
        }
        match self {
            Self::Absent | Self::Null => Ok(Vec::new()),
            Self::List(items) => {
                let nested: Result<Vec<_>, _> =
                    items.iter().map(|item| item.elements(name)).collect();
                Ok(nested?.into_iter().flatten().collect())
            }
            Self::Named { attribute, entries } => entries
                .iter()
                .map(|(key, value)| {
                    let mut element = Element::named(name).with_text(flat(value)?);
                    element
                        .attributes
                        .push(attribute_of(attribute, key.clone())?);
                    Ok(element)
                })
                .collect(),
            Self::Map(entries) => element_of(name, entries).map(|element| vec![element]),
            scalar => Ok(vec![Element::named(name).with_text(text_of(scalar)?)]),
        }
    }
}

fn element_of(name: &str, entries: &[(String, Tree)]) -> Result<Element, &'static str> {
    let mut element = Element::named(name);
    for (key, value) in entries {
        match (key.strip_prefix('@'), key.as_str()) {
            (Some(attribute), _) => match value {
                Tree::Absent | Tree::Null => {}
                value => element
                    .attributes
                    .push(attribute_of(attribute, text_of(value)?)?),
            },
            (None, "#text") => element.text = text_of(value)?,
            (None, child) => element.children.extend(value.elements(child)?),
        }
    }
    Ok(element)
}

fn attribute_of(name: &str, value: String) -> Result<Attribute, &'static str> {
    match is_name(name) {
        true => Ok(Attribute {
            namespace: String::new(),
            name: name.to_owned(),
            value,
        }),
        false => Err("an attribute name that XML does not allow"),
    }
}

/// What a form holds beyond single values: a list of texts as partners write lists, anything else as JSON.
fn flat(tree: &Tree) -> Result<String, &'static str> {
    let texts = match tree {
        Tree::List(items) => items
            .iter()
            .map(|item| item.scalar().map(Option::unwrap_or_default))
            .collect(),
        tree => tree.scalar().map(|text| vec![text.unwrap_or_default()]),
    };
    match texts {
        Some(texts) => Ok(texts.join(";")),
        None => serde_json::to_string(tree).map_err(|_| "no text can be made of it"),
    }
}

fn text_of(tree: &Tree) -> Result<String, &'static str> {
    tree.scalar()
        .map(Option::unwrap_or_default)
        .ok_or("a list or mapping where a single value stands")
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(None)?;
                for item in items.iter().filter(|item| **item != Self::Absent) {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(entries) | Self::Named { entries, .. } => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in entries.iter().filter(|(_, value)| *value != Self::Absent) {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
