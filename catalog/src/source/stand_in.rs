//! The harmless value that takes the place of a faulty one, so that reading goes on and finds the other faults.

use std::fmt;
use std::str::FromStr;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::reading::Trouble;

/// Stand-ins are nested at most this deep, since a type may contain itself.
const MAX_NESTING: u8 = 16;
/// What [`parsed_text`] writes before the specimen into the name that serde hands to the reader.
const SPECIMEN: &str = "specimen:";

/// Reads a value that is text which has to pass a check, such as an identifier.
///
/// `specimen` is `"specimen:"` and some text that passes the check; it is used only while a faulty file is searched
/// for further faults, never in a value that is returned.
///
/// # Errors
/// The check's own error, as the deserializer's.
pub fn parsed_text<'de, D, T>(deserializer: D, specimen: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    struct Parsed<T>(std::marker::PhantomData<T>);

    impl<'de, T: FromStr<Err: fmt::Display>> Visitor<'de> for Parsed<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text")
        }

        fn visit_newtype_struct<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<T, D::Error> {
            deserializer.deserialize_str(self)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    debug_assert!(
        specimen.starts_with(SPECIMEN),
        "a specimen is marked as such"
    );
    deserializer.deserialize_newtype_struct(specimen, Parsed(std::marker::PhantomData))
}

/// Gives every type something that it accepts.
#[derive(Clone, Copy)]
pub(super) struct StandIn {
    depth: u8,
}

impl StandIn {
    pub(super) fn new() -> Self {
        Self { depth: 0 }
    }

    fn inside(self) -> Result<Self, Trouble> {
        let depth = self.depth + 1;
        if depth > MAX_NESTING {
            Err(Trouble::no_stand_in())
        } else {
            Ok(Self { depth })
        }
    }
}

macro_rules! numbers {
    ($($method:ident => $visit:ident($value:expr),)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> { visitor.$visit($value) })*
    };
}

impl<'de> Deserializer<'de> for StandIn {
    type Error = Trouble;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_none()
    }

    numbers! {
        deserialize_bool => visit_bool(false),
        deserialize_i8 => visit_i64(1), deserialize_i16 => visit_i64(1), deserialize_i32 => visit_i64(1), deserialize_i64 => visit_i64(1),
        deserialize_u8 => visit_u64(1), deserialize_u16 => visit_u64(1), deserialize_u32 => visit_u64(1), deserialize_u64 => visit_u64(1),
        deserialize_f32 => visit_f64(1.0), deserialize_f64 => visit_f64(1.0),
        deserialize_char => visit_char('-'),
        deserialize_str => visit_str(""),
        deserialize_string => visit_str(""),
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        match name.strip_prefix(SPECIMEN) {
            Some(specimen) => visitor.visit_newtype_struct(StrDeserializer::new(specimen)),
            None => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_seq(Repeated {
            of: self.inside()?,
            left: 0,
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        visitor.visit_seq(Repeated {
            of: self.inside()?,
            left: len,
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_map(Fields {
            of: self.inside()?,
            names: &[],
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        visitor.visit_map(Fields {
            of: self.inside()?,
            names,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        let variant = variants.first().ok_or_else(Trouble::no_stand_in)?;
        visitor.visit_enum(Variant {
            of: self.inside()?,
            variant,
        })
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct identifier ignored_any }
}

struct Repeated {
    of: StandIn,
    left: usize,
}

impl<'de> de::SeqAccess<'de> for Repeated {
    type Error = Trouble;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Trouble> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.of).map(Some)
    }
}

struct Fields {
    of: StandIn,
    names: &'static [&'static str],
}

impl<'de> de::MapAccess<'de> for Fields {
    type Error = Trouble;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Trouble> {
        let Some((name, rest)) = self.names.split_first() else {
            return Ok(None);
        };
        self.names = rest;
        let name: StrDeserializer<'_, Trouble> = (*name).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Trouble> {
        seed.deserialize(self.of)
    }
}

struct Variant {
    of: StandIn,
    variant: &'static str,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Trouble;
    type Variant = StandIn;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, StandIn), Trouble> {
        let name: StrDeserializer<'_, Trouble> = self.variant.into_deserializer();
        Ok((seed.deserialize(name)?, self.of))
    }
}

impl<'de> de::VariantAccess<'de> for StandIn {
    type Error = Trouble;

    fn unit_variant(self) -> Result<(), Trouble> {
        Ok(())
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
