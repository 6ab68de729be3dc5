//! The value tree that is written and read (值树).
//!
//! * an element without attributes and child elements is its text;
//! * any other element is an object: attributes under `@name`, child elements under their names, text under `#text`;
//! * a child that may occur more than once by its schema is a list, also when it occurs once or is given alone;
//! * an element with `xsi:nil` is null; beside attributes it is an object with `@xsi:nil`;
//! * another type than the declared one is named by `@xsi:type`: `{namespace}name`;
//! * an element that a wildcard let in is under `{namespace}name`, or `name` where it has no namespace;
//! * an encoded array (SOAP 1.1, 5.4.2) is a list of its items;
//! * where groups repeat and fields alone would not say which value belongs to which round, `#order` has the keys in their order; it
//!   may be left out, and counts only as long as the fields have just these values;
//! * mixed content with elements is under `#content`: a list of texts and of objects with one child each, in order.
//!
//! Texts stay texts: numbers and dates are kept as they were written, so that nothing is rounded on the way.

use serde_json::Map;
use std::borrow::Cow;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'v> {
    /// Nil.
    Null,
    /// Text.
    Text(Cow<'v, str>),
    /// Attributes and children.
    Object(Object<'v>),
    /// Repeats, or items of an encoded array.
    List(Vec<Value<'v>>),
}

/// Fields in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object<'v> {
    pub(crate) fields: Vec<(Cow<'v, str>, Value<'v>)>,
}

impl<'v> Object<'v> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The field of that key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'v>> {
        let found = self.fields.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value)
    }

    /// Adds a field; a key given again keeps its place and takes the new value.
    pub fn insert(&mut self, key: impl Into<Cow<'v, str>>, value: Value<'v>) {
        let key = key.into();
        match self.fields.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value,
            None => self.fields.push((key, value)),
        }
    }

    /// Fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'v>)> {
        self.fields.iter().map(|(key, value)| (&**key, value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl<'v> Value<'v> {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<Cow<'v, str>>) -> Self {
        Self::Text(text.into())
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The field of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'v>> {
        match self {
            Self::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// The same value of JSON, its texts borrowed. Numbers are written without an exponent, as XML Schema's decimals have none.
    #[must_use]
    pub fn from_json(json: &'v serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::text(if *flag { "true" } else { "false" }),
            serde_json::Value::Number(number) => Self::Text(Cow::Owned(plain_number(number))),
            serde_json::Value::String(text) => Self::text(text.as_str()),
            serde_json::Value::Array(items) => {
                Self::List(items.iter().map(Self::from_json).collect())
            }
            serde_json::Value::Object(fields) => Self::Object(Object {
                fields: fields
                    .iter()
                    .map(|(key, value)| (Cow::Borrowed(key.as_str()), Self::from_json(value)))
                    .collect(),
            }),
        }
    }

    /// The same value as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Text(text) => serde_json::Value::String(text.clone().into_owned()),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(object) => {
                let fields = object.iter();
                let fields = fields.map(|(key, value)| (key.to_owned(), value.to_json()));
                serde_json::Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The same value, all its texts owned.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Value::List(items.into_iter().map(Self::into_owned).collect()),
            Self::Object(object) => Value::Object(Object {
                fields: object
                    .fields
                    .into_iter()
                    .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()))
                    .collect(),
            }),
        }
    }
}

fn plain_number(number: &serde_json::Number) -> String {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), ..) => whole.to_string(),
        (None, Some(whole), _) => whole.to_string(),
        (None, None, Some(float)) => format!("{float}"),
        (None, None, None) => number.to_string(),
    }
}
