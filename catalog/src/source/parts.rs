//! serde's view of what a list or a mapping holds.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::node_reader::NodeReader;
use super::reading::{Reading, Treatment, Trouble};
use super::stand_in::StandIn;
use super::tree::{Entry, NodeId};

/// The elements of a list that are not left out.
pub(super) struct Items<'r> {
    pub(super) reading: &'r Reading<'r>,
    pub(super) left: &'r [NodeId],
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Trouble;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Trouble> {
        while let Some((node, rest)) = self.left.split_first() {
            self.left = rest;
            if self.reading.treatment(*node) != Some(Treatment::Omit) {
                let element = seed.deserialize(NodeReader::new(self.reading, *node));
                return element.map(Some).map_err(|trouble| trouble.at(*node));
            }
        }
        Ok(None)
    }
}

/// The entries of a mapping that are known and not left out, and stand-ins for those that are missing.
pub(super) struct Entries<'r> {
    reading: &'r Reading<'r>,
    left: std::vec::IntoIter<Pair<'r>>,
    value: Option<NodeId>,
}

enum Pair<'r> {
    Written(&'r Entry),
    Supplied(&'static str),
}

impl<'r> Entries<'r> {
    pub(super) fn of_map(reader: NodeReader<'r>) -> Result<Self, Trouble> {
        let reading = reader.reading;
        if !reading.supplied(reader.node).is_empty() {
            return Err(Trouble::no_stand_in());
        }
        let entries = reader
            .entries()?
            .iter()
            .filter(|entry| !(reader.node == 0 && entry.key == "schema"));
        Ok(Self::new(reading, entries.map(Pair::Written).collect()))
    }

    pub(super) fn of_struct(
        reader: NodeReader<'r>,
        names: &'static [&'static str],
    ) -> Result<Self, Trouble> {
        let reading = reader.reading;
        let mut pairs: Vec<Pair<'r>> = Vec::new();
        for entry in reader.entries()? {
            if names.contains(&entry.key.as_str()) {
                pairs.push(Pair::Written(entry));
            } else if !(reader.node == 0 && entry.key == "schema") {
                reading.unknown_key(entry, names);
            }
        }
        pairs.extend(
            reading
                .supplied(reader.node)
                .iter()
                .map(|key| Pair::Supplied(key)),
        );
        Ok(Self::new(reading, pairs))
    }

    fn new(reading: &'r Reading<'r>, mut pairs: Vec<Pair<'r>>) -> Self {
        pairs.retain(|pair| match pair {
            Pair::Written(entry) => reading.treatment(entry.value) != Some(Treatment::Omit),
            Pair::Supplied(_) => true,
        });
        Self {
            reading,
            left: pairs.into_iter(),
            value: None,
        }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Trouble;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Trouble> {
        match self.left.next() {
            None => Ok(None),
            Some(Pair::Supplied(key)) => {
                self.value = None;
                seed.deserialize(KeyReader(key)).map(Some)
            }
            Some(Pair::Written(entry)) => {
                self.value = Some(entry.value);
                seed.deserialize(KeyReader(&entry.key))
                    .map(Some)
                    .map_err(|trouble| trouble.at_key(entry.value))
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Trouble> {
        match self.value {
            Some(node) => seed
                .deserialize(NodeReader::new(self.reading, node))
                .map_err(|trouble| trouble.at(node)),
            None => seed
                .deserialize(StandIn::new())
                .map_err(Trouble::of_stand_in),
        }
    }
}

/// A key, which is text, also where a type wants a number or a newtype for it.
struct KeyReader<'r>(&'r str);

macro_rules! numeric_keys {
    ($($method:ident $visit:ident $type:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
            match self.0.parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_str(self.0),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for KeyReader<'_> {
    type Error = Trouble;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        visitor.visit_enum(StrDeserializer::<Trouble>::new(self.0))
    }

    numeric_keys! {
        deserialize_u8 visit_u8 u8; deserialize_u16 visit_u16 u16; deserialize_u32 visit_u32 u32; deserialize_u64 visit_u64 u64;
        deserialize_i8 visit_i8 i8; deserialize_i16 visit_i16 i16; deserialize_i32 visit_i32 i32; deserialize_i64 visit_i64 i64;
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
