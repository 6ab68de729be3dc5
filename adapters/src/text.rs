//! Character sets and form encoding (字符集与表单编码): bytes to text and back, strictly.
//!
//! Partners write UTF-8 or one of the Chinese sets. GB 2312, GBK and GB 18030 are read by one decoder, the superset. Reading
//! never replaces what it cannot read: a wrong byte is an error, because a replaced character in a name is a wrong name.

use encoding_rs::{Encoding, GB18030, GBK, UTF_8};
use thiserror::Error;

/// A character set of the wire (字符集).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// GBK on the way out; GB 18030, its superset, on the way in.
    Gbk,
}

/// Bytes that are not text in the set that they declare.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CharsetError {
    /// The declared set is none that partners here use.
    #[error("the declared character set is not UTF-8, GB2312, GBK or GB18030")]
    Unsupported,
    /// A byte sequence is not valid in the set.
    #[error("the bytes are not valid {0}")]
    Invalid(&'static str),
}

impl Charset {
    /// The set of a declared name, of any case: `utf-8`, `gb2312`, `gbk`, `gb18030` and their registered aliases.
    ///
    /// # Errors
    /// [`CharsetError::Unsupported`] for every other name, UTF-16 included.
    pub fn named(name: &str) -> Result<Self, CharsetError> {
        match Encoding::for_label(name.trim().as_bytes()) {
            Some(found) if found == UTF_8 => Ok(Self::Utf8),
            Some(found) if found == GBK || found == GB18030 => Ok(Self::Gbk),
            _ => Err(CharsetError::Unsupported),
        }
    }

    /// The set that a content type declares; `None` when it declares none.
    ///
    /// # Errors
    /// [`CharsetError::Unsupported`] when it declares another.
    pub fn of_content_type(content_type: &str) -> Result<Option<Self>, CharsetError> {
        for parameter in content_type.split(';').skip(1) {
            if let Some((name, value)) = parameter.split_once('=')
                && name.trim().eq_ignore_ascii_case("charset")
            {
                return Self::named(value.trim().trim_matches('"')).map(Some);
            }
        }
        Ok(None)
    }

    /// The name in content types and XML declarations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
        }
    }

    /// Text of bytes; a byte-order mark of UTF-8 is dropped.
    ///
    /// # Errors
    /// [`CharsetError::Invalid`] at the first bad sequence.
    pub fn decode(self, bytes: &[u8]) -> Result<String, CharsetError> {
        match self {
            Self::Utf8 => {
                let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
                std::str::from_utf8(bytes)
                    .map(str::to_owned)
                    .map_err(|_| CharsetError::Invalid("UTF-8"))
            }
            Self::Gbk => GB18030
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned)
                .ok_or(CharsetError::Invalid("GB18030")),
        }
    }

    /// Bytes of text. A character that the set lacks becomes a numeric character reference (`&#128512;`), which XML reads
    /// back and a person recognises.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Gbk => GBK.encode(text).0.into_owned(),
        }
    }
}

/// Why a form cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormError {
    /// A `%` without two hex digits.
    #[error("a percent sign without two hexadecimal digits")]
    Percent,
    /// More fields than the bound.
    #[error("more than {0} fields")]
    TooMany(usize),
    /// One name twice.
    #[error("a field is given twice")]
    Duplicate,
    /// A name or value is not text.
    #[error(transparent)]
    Charset(#[from] CharsetError),
}

/// Most fields that a form may have.
pub const FORM_FIELDS_MAX: usize = 256;

/// Fields of an `application/x-www-form-urlencoded` body or a query, in order.
///
/// # Errors
/// [`FormError`]; a field given twice is refused, because two readers would choose differently.
pub fn read_form(bytes: &[u8], charset: Charset) -> Result<Vec<(String, String)>, FormError> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for pair in bytes.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        if fields.len() == FORM_FIELDS_MAX {
            return Err(FormError::TooMany(FORM_FIELDS_MAX));
        }
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let name = charset.decode(&unescape(halves.next().unwrap_or_default())?)?;
        let value = charset.decode(&unescape(halves.next().unwrap_or_default())?)?;
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(FormError::Duplicate);
        }
        fields.push((name, value));
    }
    Ok(fields)
}

/// An `application/x-www-form-urlencoded` body of fields in order (WHATWG URL, section 5.2, in the given set).
#[must_use]
pub fn write_form(fields: &[(String, String)], charset: Charset) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        escape_into(&mut out, &charset.encode(name));
        out.push('=');
        escape_into(&mut out, &charset.encode(value));
    }
    out
}

fn unescape(bytes: &[u8]) -> Result<Vec<u8>, FormError> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        match first {
            b'%' => {
                let [high, low, tail @ ..] = tail else {
                    return Err(FormError::Percent);
                };
                let (Some(high), Some(low)) = (hex(*high), hex(*low)) else {
                    return Err(FormError::Percent);
                };
                out.push(high << 4 | low);
                rest = tail;
            }
            b'+' => {
                out.push(b' ');
                rest = tail;
            }
            other => {
                out.push(*other);
                rest = tail;
            }
        }
    }
    Ok(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

fn escape_into(out: &mut String, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                out.push(char::from(*byte))
            }
            b' ' => out.push('+'),
            other => {
                out.push('%');
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn charsets_are_named_by_any_alias_and_utf16_is_refused() {
        assert_eq!(Charset::named("gb2312"), Ok(Charset::Gbk));
        assert_eq!(Charset::named("GB18030"), Ok(Charset::Gbk));
        assert_eq!(Charset::named("utf8"), Ok(Charset::Utf8));
        assert_eq!(Charset::named("UTF-16"), Err(CharsetError::Unsupported));
        assert_eq!(
            Charset::of_content_type("text/xml; charset=\"GBK\""),
            Ok(Some(Charset::Gbk))
        );
        assert_eq!(Charset::of_content_type("text/xml"), Ok(None));
    }

    #[test]
    fn invalid_bytes_are_an_error_and_never_a_replacement_character() {
        assert!(Charset::Utf8.decode(&[0xD6, 0xD0]).is_err());
        assert!(Charset::Gbk.decode(&[0xFF, 0xFF]).is_err());
        assert_eq!(Charset::Gbk.decode(&[0xD6, 0xD0]).unwrap(), "中");
    }

    #[test]
    fn a_character_outside_gbk_becomes_a_character_reference() {
        assert_eq!(Charset::Gbk.encode("a😀"), b"a&#128512;");
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        assert_eq!(
            read_form(b"a=1&a=2", Charset::Utf8),
            Err(FormError::Duplicate)
        );
        assert_eq!(read_form(b"a=%4", Charset::Utf8), Err(FormError::Percent));
        let many = vec!["x=1"; 300].join("&");
        assert!(read_form(many.as_bytes(), Charset::Utf8).is_err());
    }

    proptest! {
        #[test]
        fn a_form_reads_back_as_written(name in "[a-zA-Z张中&=%+ ]{1,12}", value in "\\PC{0,40}") {
            let fields = vec![(name, value)];
            let written = write_form(&fields, Charset::Utf8);
            prop_assert_eq!(read_form(written.as_bytes(), Charset::Utf8).unwrap(), fields);
        }

        #[test]
        fn no_bytes_make_the_form_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_form(&bytes, Charset::Utf8);
            let _ = read_form(&bytes, Charset::Gbk);
        }
    }
}
