//! serde's view of one node of the tree.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::parts::{Entries, Items};
use super::plain::Plain;
use super::reading::{Reading, Trouble};
use super::stand_in::StandIn;
use super::tree::{Entry, Kind, NodeId};

/// Reads one node, or a stand-in where the node has proved faulty.
#[derive(Clone, Copy)]
pub(super) struct NodeReader<'r> {
    pub(super) reading: &'r Reading<'r>,
    pub(super) node: NodeId,
}

/// Chinese and English words for a kind of value.
type Named = (&'static str, &'static str);
const TEXT: Named = ("文字", "text");
const INTEGER: Named = ("整数", "an integer");
const NUMBER: Named = ("数字", "a number");
const BOOLEAN: Named = ("true 或 false", "true or false");
const LIST: Named = ("列表", "a list");
const MAPPING: Named = ("键值表", "a mapping");
const NOTHING: Named = ("空值", "nothing");
const UNQUOTE: Named = ("请去掉引号", "take the quotes away");
const EMPTY_LIST: Named = (
    "没有内容请写 [] 或删去此键",
    "write [] or leave the key out",
);

impl<'r> NodeReader<'r> {
    pub(super) fn new(reading: &'r Reading<'_>, node: NodeId) -> Self {
        Self { reading, node }
    }

    fn kind(self) -> &'r Kind {
        &self.reading.tree.node(self.node).kind
    }

    fn found(self) -> Named {
        match self.kind() {
            Kind::Sequence(_) => LIST,
            Kind::Mapping(_) => MAPPING,
            Kind::Scalar { text, plain: true } => match Plain::of(text) {
                Plain::Null => NOTHING,
                Plain::Boolean(_) => BOOLEAN,
                Plain::Unsigned(_) | Plain::Signed(_) => INTEGER,
                Plain::Float(_) => NUMBER,
                Plain::Text => TEXT,
            },
            Kind::Scalar { plain: false, .. } => TEXT,
        }
    }

    fn wrong(self, expected: Named) -> Trouble {
        let hint = match (expected, self.kind()) {
            (BOOLEAN | INTEGER | NUMBER, Kind::Scalar { plain: false, .. }) => Some(UNQUOTE),
            (LIST, Kind::Scalar { text, plain: true })
                if matches!(Plain::of(text), Plain::Null) =>
            {
                Some(EMPTY_LIST)
            }
            _ => None,
        };
        Trouble::wrong_type(expected, self.found(), hint)
    }

    /// The text of a scalar that is there.
    fn text(self) -> Result<&'r str, Trouble> {
        match self.kind() {
            Kind::Scalar { text, plain } if !(*plain && matches!(Plain::of(text), Plain::Null)) => {
                Ok(text)
            }
            _ => Err(self.wrong(TEXT)),
        }
    }

    fn plain(self, expected: Named) -> Result<Plain, Trouble> {
        match self.kind() {
            Kind::Scalar { text, plain: true } => Ok(Plain::of(text)),
            _ => Err(self.wrong(expected)),
        }
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.plain(INTEGER)? {
            Plain::Unsigned(number) => visitor.visit_u64(number),
            Plain::Signed(number) => visitor.visit_i64(number),
            _ => Err(self.wrong(INTEGER)),
        }
    }

    fn float<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.plain(NUMBER)? {
            Plain::Unsigned(number) => visitor.visit_u64(number),
            Plain::Signed(number) => visitor.visit_i64(number),
            Plain::Float(number) => visitor.visit_f64(number),
            _ => Err(self.wrong(NUMBER)),
        }
    }

    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.kind() {
            Kind::Sequence(_) => self.sequence(visitor),
            Kind::Mapping(_) => self.mapping(visitor),
            Kind::Scalar { text, plain: false } => visitor.visit_str(text),
            Kind::Scalar { text, plain: true } => match Plain::of(text) {
                Plain::Null => visitor.visit_unit(),
                Plain::Boolean(yes) => visitor.visit_bool(yes),
                // A written leading zero has a meaning in codes: 01 is not 1.
                Plain::Unsigned(_) if text.len() > 1 && text.starts_with('0') => {
                    visitor.visit_str(text)
                }
                Plain::Unsigned(number) => visitor.visit_u64(number),
                Plain::Signed(number) => visitor.visit_i64(number),
                Plain::Float(number) => visitor.visit_f64(number),
                Plain::Text => visitor.visit_str(text),
            },
        }
    }

    pub(super) fn entries(self) -> Result<&'r [Entry], Trouble> {
        match self.kind() {
            Kind::Mapping(entries) => Ok(entries),
            _ => Err(self.wrong(MAPPING)),
        }
    }

    fn mapping<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_map(Entries::of_map(self)?)
    }

    fn sequence<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.kind() {
            Kind::Sequence(items) => visitor.visit_seq(Items {
                reading: self.reading,
                left: items,
            }),
            _ => Err(self.wrong(LIST)),
        }
    }

    fn choice<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.kind() {
            Kind::Scalar { .. } => {
                visitor.visit_enum(StrDeserializer::<Trouble>::new(self.text()?))
            }
            Kind::Mapping(entries) => match entries.as_slice() {
                [only] => visitor.visit_enum(Variant {
                    entry: only,
                    reading: self.reading,
                }),
                _ => Err(self.wrong(("一个取值", "one choice"))),
            },
            Kind::Sequence(_) => Err(self.wrong(TEXT)),
        }
    }

    fn structure<'de, V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        visitor.visit_map(Entries::of_struct(self, names)?)
    }

    fn option<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.kind() {
            Kind::Scalar { text, plain: true } if matches!(Plain::of(text), Plain::Null) => {
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn boolean<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.plain(BOOLEAN)? {
            Plain::Boolean(yes) => visitor.visit_bool(yes),
            _ => Err(self.wrong(BOOLEAN)),
        }
    }

    fn string<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_str(self.text()?)
    }

    /// The stand-in to read instead, if the node has proved faulty.
    fn replaced(self) -> Option<StandIn> {
        self.reading.treatment(self.node).map(|_| StandIn::new())
    }
}

/// Every way of reading: a node that has proved faulty is replaced, and trouble learns its node.
macro_rules! read_as {
    ($($method:ident($($argument:ident: $type:ty),*) => $way:ident($($passed:ident),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Trouble> {
            match self.replaced() {
                Some(stand_in) => stand_in.$method($($argument,)* visitor).map_err(Trouble::of_stand_in),
                None => self.$way($($passed,)* visitor),
            }
            .map_err(|trouble| trouble.at(self.node))
        })*
    };
}

impl<'de> Deserializer<'de> for NodeReader<'_> {
    type Error = Trouble;

    read_as! {
        deserialize_any() => any();
        deserialize_bool() => boolean();
        deserialize_i8() => integer(); deserialize_i16() => integer(); deserialize_i32() => integer(); deserialize_i64() => integer();
        deserialize_u8() => integer(); deserialize_u16() => integer(); deserialize_u32() => integer(); deserialize_u64() => integer();
        deserialize_f32() => float(); deserialize_f64() => float();
        deserialize_char() => string(); deserialize_str() => string(); deserialize_string() => string();
        deserialize_option() => option();
        deserialize_seq() => sequence();
        deserialize_tuple(len: usize) => sequence();
        deserialize_tuple_struct(name: &'static str, len: usize) => sequence();
        deserialize_map() => mapping();
        deserialize_struct(name: &'static str, names: &'static [&'static str]) => structure(names);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) => choice();
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        match self.replaced() {
            Some(stand_in) => stand_in
                .deserialize_newtype_struct(name, visitor)
                .map_err(Trouble::of_stand_in),
            None => visitor.visit_newtype_struct(self),
        }
        .map_err(|trouble| trouble.at(self.node))
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct identifier ignored_any }
}

/// A choice that carries content: a mapping with the one key that names it.
struct Variant<'r> {
    reading: &'r Reading<'r>,
    entry: &'r Entry,
}

impl<'de, 'r> de::EnumAccess<'de> for Variant<'r> {
    type Error = Trouble;
    type Variant = NodeReader<'r>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, NodeReader<'r>), Trouble> {
        let name = seed.deserialize(StrDeserializer::new(&self.entry.key))?;
        Ok((name, NodeReader::new(self.reading, self.entry.value)))
    }
}

impl<'de> de::VariantAccess<'de> for NodeReader<'_> {
    type Error = Trouble;

    fn unit_variant(self) -> Result<(), Trouble> {
        match self.found() {
            NOTHING => Ok(()),
            _ => Err(self.wrong(NOTHING).at(self.node)),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Trouble> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Trouble> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        self.deserialize_struct("", names, visitor)
    }
}
