//! JSON from outside, read strictly: what another reader could understand differently is refused, not interpreted.
//!
//! RFC 8259 leaves duplicate names, depth and number range open, and readers differ there; a gateway that signs and forwards
//! must not. Refused with 400: bytes that are not UTF-8, nesting beyond [`DEPTH_MAX`] (measured before anything is parsed, so
//! deep input costs one pass over its bytes), a name twice in one object, anything after the value, and what is no JSON at all.

use aws_lc_rs::digest::{SHA256, digest};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;

/// Deepest nesting of arrays and objects. The deepest form in use has four levels.
pub const DEPTH_MAX: usize = 32;

/// Why bytes are no JSON that the gateway reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not UTF-8 (RFC 8259, section 8.1).
    #[error("the bytes from {offset} on are not UTF-8")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        offset: usize,
    },
    /// Nested too deeply.
    #[error("nested deeper than {DEPTH_MAX} levels at byte {offset}")]
    TooDeep {
        /// Offset of the bracket that goes too deep.
        offset: usize,
    },
    /// The same name twice in one object.
    #[error("a name stands twice in one object")]
    DuplicateName {
        /// JSON pointer (RFC 6901) of the second one.
        pointer: String,
    },
    /// No JSON text, or more than one.
    #[error("not JSON at line {line}, column {column}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}

/// Reads one JSON text.
///
/// # Errors
/// [`JsonError`]: the caller sent what is not to be read.
pub fn read(bytes: &[u8]) -> Result<Value, JsonError> {
    std::str::from_utf8(bytes).map_err(|e| JsonError::NotUtf8 {
        offset: e.valid_up_to(),
    })?;
    measure_depth(bytes)?;
    let duplicate = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict(&duplicate)
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|e| match duplicate.take() {
        Some(path) => JsonError::DuplicateName {
            pointer: pointer_of(&path),
        },
        None => JsonError::Malformed {
            line: e.line(),
            column: e.column(),
        },
    })
}

/// SHA-256 of the canonical form: names in code-point order, no white space. Two texts of the same value have the same digest.
#[must_use]
pub fn canonical_digest(value: &Value) -> [u8; 32] {
    // serde_json keeps objects in a BTreeMap (its `preserve_order` is off), so writing a value is its canonical form.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, &bytes).as_ref());
    out
}

/// A JSON pointer (RFC 6901) one level below `parent`.
#[must_use]
pub fn below(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn pointer_of(innermost_first: &[String]) -> String {
    let path = innermost_first.iter().rev();
    path.fold(String::new(), |pointer, name| below(&pointer, name))
}

fn measure_depth(bytes: &[u8]) -> Result<(), JsonError> {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for (offset, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(JsonError::TooDeep { offset });
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Reads a value and leaves the path of a duplicate name, innermost first, in its cell.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a RefCell<Option<Vec<String>>>);

impl Strict<'_> {
    fn within<E>(self, name: &str, error: E) -> E {
        if let Some(path) = self.0.borrow_mut().as_mut() {
            path.push(name.to_owned());
        }
        error
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
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
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Value::Number(number))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            let next = access.next_element_seed(self);
            match next.map_err(|e| self.within(&values.len().to_string(), e))? {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if values.contains_key(&name) {
                *self.0.borrow_mut() = Some(vec![name]);
                return Err(A::Error::custom("duplicate name"));
            }
            let value = access.next_value_seed(self);
            let value = value.map_err(|e| self.within(&name, e))?;
            values.insert(name, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_readers_could_understand_differently_is_refused() {
        let deep = "[".repeat(10_000);
        let duplicate = |pointer: &str| JsonError::DuplicateName {
            pointer: pointer.to_owned(),
        };
        let malformed = |line, column| JsonError::Malformed { line, column };
        for (bytes, expected) in [
            (&b"{\"a\":1,\"a\":2}"[..], duplicate("/a")),
            (
                b"{\"b\":[0,{\"x/y\":{\"a\":1,\"a\":2}}]}",
                duplicate("/b/1/x~1y/a"),
            ),
            (b"\"\xff\"", JsonError::NotUtf8 { offset: 1 }),
            (b"{} {}", malformed(1, 4)),
            (b"{\"a\":", malformed(1, 5)),
            (b"", malformed(1, 0)),
            (b"1e999", malformed(1, 5)),
            (b"NaN", malformed(1, 1)),
            (deep.as_bytes(), JsonError::TooDeep { offset: DEPTH_MAX }),
        ] {
            assert_eq!(
                read(bytes),
                Err(expected),
                "{:?}",
                &bytes[..bytes.len().min(40)]
            );
        }
    }

    #[test]
    fn nesting_at_the_bound_is_read_and_brackets_in_texts_do_not_count() {
        let at_bound = format!("{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        assert!(read(at_bound.as_bytes()).is_ok());
        let text = format!("\"\\\"{}\"", "[".repeat(100));
        assert!(read(text.as_bytes()).is_ok());
    }

    #[test]
    fn the_digest_does_not_depend_on_order_or_space() {
        let one = read(b"{\"a\":1,\"b\":{\"c\":2,\"d\":[1.5]}}").unwrap();
        let two = read(b" { \"b\" : {\"d\":[1.5],\"c\":2}, \"a\":1 } ").unwrap();
        assert_eq!(canonical_digest(&one), canonical_digest(&two));
        assert_ne!(canonical_digest(&one), canonical_digest(&json!({"a": 2})));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
