//! The form of an item: a JSON Schema of an object.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::SituationId;

/// What `$schema` may say; the first is meant when it says nothing.
pub const SUPPORTED_DRAFTS: &[&str] = &[
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema#",
];

/// The key that keeps the order of fields, since JSON objects have none.
pub(super) const ORDER: &str = "x-order";
/// The key of a field that belongs to certain situations only.
pub(super) const SITUATIONS: &str = "x-situations";

/// A form: a JSON Schema whose properties are the fields.
///
/// Beyond the standard's words a field may say `title_en`, `description_en` and `x-situations: [id…]` (it exists in these
/// situations only), and the schema `x-order: [field…]`. Reading adds `x-order` as the file has it, so that the order
/// survives storing. Conditions among fields are the standard's own `if`/`then`/`else` and `dependentRequired`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ItemForm {
    schema: Map<String, Value>,
}

/// One field of a form.
#[derive(Clone, Copy, Debug)]
pub struct FormField<'f> {
    /// Its key in the filled form.
    pub name: &'f str,
    /// Its own schema.
    pub schema: &'f Map<String, Value>,
    /// Whether it must always be filled in.
    pub required: bool,
}

impl ItemForm {
    /// The schema as it stands, of all situations together.
    pub fn schema(&self) -> &Map<String, Value> {
        &self.schema
    }

    /// The schema of one situation: fields of other situations are gone. `None` gives those that every application has.
    pub fn for_situation(&self, situation: Option<&SituationId>) -> Value {
        let mut schema = self.schema.clone();
        let gone: Vec<String> = self
            .fields()
            .filter(|field| !field.applies_to(situation))
            .map(|field| field.name.to_owned())
            .collect();
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.retain(|name, _| !gone.contains(name));
        }
        for list in ["required", ORDER] {
            if let Some(Value::Array(names)) = schema.get_mut(list) {
                names.retain(|name| {
                    name.as_str()
                        .is_none_or(|name| !gone.iter().any(|gone| gone == name))
                });
            }
        }
        Value::Object(schema)
    }

    /// The fields in the order of the form.
    pub fn fields(&self) -> impl Iterator<Item = FormField<'_>> {
        let names = strings(self.schema.get(ORDER));
        let properties = self.schema.get("properties").and_then(Value::as_object);
        let required = self.schema.get("required");
        names.filter_map(move |name| {
            let schema = properties?.get(name)?.as_object()?;
            Some(FormField {
                name,
                schema,
                required: strings(required).any(|required| required == name),
            })
        })
    }
}

impl FormField<'_> {
    /// Whether the field exists in a situation; without one, whether it exists always.
    pub fn applies_to(&self, situation: Option<&SituationId>) -> bool {
        match self.schema.get(SITUATIONS) {
            None => true,
            Some(named) => {
                situation.is_some_and(|chosen| strings(Some(named)).any(|id| id == chosen.as_str()))
            }
        }
    }
}

/// The texts of a list of texts.
pub(super) fn strings(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

impl<'de> Deserialize<'de> for ItemForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Ordered::deserialize(deserializer)?.into_value() {
            Value::Object(schema) => Ok(Self { schema }),
            Value::Null => Ok(Self { schema: Map::new() }),
            _ => Err(D::Error::custom(
                "表单应为 JSON Schema 对象 / a form is a JSON Schema object",
            )),
        }
    }
}

/// JSON that still knows the order of its keys.
enum Ordered {
    Leaf(Value),
    List(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
}

impl Ordered {
    /// Plain JSON, with `x-order` beside every `properties` that has none.
    fn into_value(self) -> Value {
        match self {
            Self::Leaf(value) => value,
            Self::List(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Self::Object(entries) => {
                let order = entries.iter().find_map(|(key, value)| match value {
                    Self::Object(fields) if key == "properties" => Some(
                        fields
                            .iter()
                            .map(|(name, _)| Value::String(name.clone()))
                            .collect(),
                    ),
                    _ => None,
                });
                let mut object: Map<String, Value> = entries
                    .into_iter()
                    .map(|(key, value)| (key, value.into_value()))
                    .collect();
                if let Some(order) = order {
                    object.entry(ORDER).or_insert(Value::Array(order));
                }
                Value::Object(object)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrderedVisitor)
    }
}

struct OrderedVisitor;

impl<'de> Visitor<'de> for OrderedVisitor {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
        Ok(Ordered::Leaf(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ordered, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Ordered::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Ordered::Object(entries))
    }
}
