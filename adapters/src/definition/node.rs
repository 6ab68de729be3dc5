//! The text of a definition as a tree in which every node knows its JSON pointer, so that every fault has its place.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use tongban_catalog::source::Document;

/// A value of a definition file.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// JSON pointer (RFC 6901).
    pub(super) pointer: String,
    pub(super) kind: Kind,
}

/// What a node holds. Mappings keep the order of the file: it is the order on the wire.
#[derive(Debug, Clone, Default)]
pub(super) enum Kind {
    #[default]
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Document for Node {
    const SCHEMA: &'static str = "tongban/system/1";
}

impl Node {
    /// Where it stands, in the words of a definition: `operations.submit.request`.
    pub(super) fn path(&self) -> String {
        self.pointer
            .trim_start_matches('/')
            .replace('/', ".")
            .replace("~1", "/")
            .replace("~0", "~")
    }

    pub(super) fn locate(&mut self, pointer: String) {
        match &mut self.kind {
            Kind::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.locate(format!("{pointer}/{index}"));
                }
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    value.locate(format!("{pointer}/{key}"));
                }
            }
            _ => {}
        }
        self.pointer = pointer;
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNode;
        impl<'de> Visitor<'de> for AnyNode {
            type Value = Kind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_none<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
                Ok(Kind::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
                Ok(Kind::Number(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
                Ok(Kind::Number(value.into()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
                Ok(serde_json::Number::from_f64(value).map_or(Kind::Null, Kind::Number))
            }
            fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
                Ok(Kind::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Kind::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Kind::Map(map))
            }
        }
        deserializer.deserialize_any(AnyNode).map(|kind| Node {
            pointer: String::new(),
            kind,
        })
    }
}
