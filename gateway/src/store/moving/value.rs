//! A stored value as both databases hold it, and its canonical bytes.

use aws_lc_rs::digest::Context;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// A value of any column: the schema has no other kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// No value.
    Null,
    /// A number, or an instant in microseconds.
    Number(i64),
    /// Words.
    Text(String),
    /// Bytes; hexadecimal where a key is noted down.
    Bytes(#[serde(with = "hexadecimal")] Vec<u8>),
}

/// A row, in the order of its table's columns.
pub type Row = Vec<Value>;

mod hexadecimal {
    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}

impl Value {
    /// Bytes that it takes, about.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Number(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Adds its canonical bytes: a letter for the kind, the length in eight bytes, most significant first, and the content. So no two
    /// different rows have the same bytes, and no database's own format is in them.
    pub(crate) fn digest_into(&self, digest: &mut Context) {
        let (kind, number);
        let content: &[u8] = match self {
            Self::Null => {
                kind = b"-";
                &[]
            }
            Self::Number(n) => {
                kind = b"n";
                number = n.to_be_bytes();
                &number
            }
            Self::Text(text) => {
                kind = b"t";
                text.as_bytes()
            }
            Self::Bytes(bytes) => {
                kind = b"b";
                bytes
            }
        };
        digest.update(kind);
        digest.update(&(content.len() as u64).to_be_bytes());
        digest.update(content);
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("none"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Text(text) => f.write_str(text),
            Self::Bytes(bytes) => f.write_str(&HEXLOWER.encode(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::SHA256;

    fn digest(row: &[Value]) -> Vec<u8> {
        let mut context = Context::new(&SHA256);
        row.iter().for_each(|value| value.digest_into(&mut context));
        context.finish().as_ref().to_vec()
    }

    #[test]
    fn no_two_rows_have_the_same_bytes() {
        let text = |t: &str| Value::Text(t.to_owned());
        let rows = [
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![text("abc"), Value::Null],
            vec![Value::Null, text("abc")],
            vec![Value::Bytes(b"ab".to_vec()), text("c")],
            vec![Value::Number(0), Value::Null],
            vec![Value::Bytes(vec![0; 8]), Value::Null],
        ];
        let digests: std::collections::BTreeSet<_> = rows.iter().map(|row| digest(row)).collect();
        assert_eq!(digests.len(), rows.len());
    }

    #[test]
    fn a_key_that_was_noted_down_is_read_as_it_was() {
        let key = vec![
            Value::Number(-7),
            Value::Text("受理\"".to_owned()),
            Value::Bytes(vec![0, 255]),
        ];
        let noted = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<Row>(&noted).unwrap(), key);
    }
}
