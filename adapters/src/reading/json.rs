//! JSON, strictly.

use super::{Limits, ReadError};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// A JSON text, strictly: no duplicate keys, bounded depth and number of values, nothing behind it.
///
/// # Errors
/// [`ReadError::Json`].
pub fn read_json(text: &str, limits: &Limits) -> Result<Value, ReadError> {
    let why = Cell::new("not well-formed");
    let seed = Strict {
        depth: limits.json_depth,
        nodes: &Cell::new(limits.json_nodes),
        why: &why,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = seed
        .deserialize(&mut reader)
        .map_err(|_| ReadError::Json(why.get()))?;
    reader
        .end()
        .map_err(|_| ReadError::Json("something follows the document"))?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict<'c> {
    depth: usize,
    nodes: &'c Cell<usize>,
    why: &'c Cell<&'static str>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(self, why: &'static str) -> E {
        self.why.set(why);
        E::custom(why)
    }

    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.refuse("nested too deeply")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.nodes.get().checked_sub(1) {
            Some(left) => self.nodes.set(left),
            None => return Err(self.refuse("too many values")),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inside()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inside()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            if object.contains_key(&key) {
                return Err(self.refuse("a key is given twice"));
            }
            let value = entries.next_value_seed(inner)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}
