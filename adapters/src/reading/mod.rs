//! Reading what a partner sends (解码): bytes to one plain tree, whatever the format, under bounds.
//!
//! The tree is JSON. Text is a string, a form is an object of strings, XML follows the convention of [`crate::xml::Shape`],
//! a SOAP message is the content of its body's one element. Documents inside a text field (JSON in a form field, escaped XML
//! in a SOAP parameter) are read in place ([`Reading::inside`]).

use crate::soap::{self, Message, SoapError};
use crate::text::{Charset, CharsetError, FormError, read_form};
use crate::xml::{self, Shape, XmlError};
use serde_json::Value;
use thiserror::Error;

mod json;

pub use json::read_json;

/// Bounds of everything that is read or written for a partner (报文上限).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body that is read.
    pub body_bytes: usize,
    /// Bytes of a body that is written.
    pub request_bytes: usize,
    /// Bounds of each XML document.
    pub xml: xml::Limits,
    /// JSON objects and lists inside one another.
    pub json_depth: usize,
    /// JSON values of one document.
    pub json_nodes: usize,
    /// Events of one answer or callback.
    pub events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 16 * 1024 * 1024,
            request_bytes: 16 * 1024 * 1024,
            xml: xml::Limits {
                bytes: 16 * 1024 * 1024,
                ..xml::Limits::default()
            },
            json_depth: 64,
            json_nodes: 100_000,
            events: 1_000,
        }
    }
}

/// Why bytes cannot be read. Carries nothing of their content.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Larger than a bound.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// Not text in its character set.
    #[error(transparent)]
    Charset(#[from] CharsetError),
    /// Not acceptable JSON.
    #[error("not acceptable JSON: {0}")]
    Json(&'static str),
    /// Not an acceptable form.
    #[error("not an acceptable form: {0}")]
    Form(#[from] FormError),
    /// Not acceptable XML.
    #[error("not acceptable XML: {0}")]
    Xml(#[from] XmlError),
    /// Not a SOAP message, or one that cannot be taken.
    #[error("not an acceptable SOAP message: {0}")]
    Soap(#[from] SoapError),
    /// A SOAP fault where a message was expected.
    #[error("a SOAP fault")]
    Fault,
    /// Another document than the agreed one.
    #[error("the root element is not `{0}`")]
    Root(String),
    /// Fields in a way that two readers would take differently.
    #[error("{0}")]
    Shape(&'static str),
    /// A part that the definition reads is not there, or is not text.
    #[error("the part `{0}` is missing or is not of the expected kind")]
    Part(String),
}

impl ReadError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::Charset(_) => "charset",
            Self::Json(_) => "malformed_json",
            Self::Form(_) => "malformed_form",
            Self::Xml(error) => error.code(),
            Self::Soap(_) | Self::Fault => "malformed_envelope",
            Self::Root(_) | Self::Shape(_) | Self::Part(_) => "malformed_body",
        }
    }
}

/// The format of a body or of a text inside one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Plain text.
    Text,
    /// JSON.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// XML.
    Xml,
    /// SOAP 1.1 or 1.2.
    Soap,
}

impl Format {
    /// The content type that a body of this format comes with, for people.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Xml => "text/xml or application/xml",
            Self::Soap => "text/xml or application/soap+xml",
        }
    }

    /// Whether a body of this content type may be read as this format.
    #[must_use]
    pub fn fits(self, content_type: &str) -> bool {
        let essence = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match self {
            Self::Text => essence.starts_with("text/"),
            Self::Json => essence == "application/json",
            Self::Form => essence == "application/x-www-form-urlencoded",
            Self::Xml => matches!(essence.as_str(), "text/xml" | "application/xml"),
            Self::Soap => matches!(essence.as_str(), "text/xml" | "application/soap+xml"),
        }
    }
}

/// How one body is to be read (`read` in a definition).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its format.
    pub format: Format,
    /// Expected name of an XML document's root; anything else is an error.
    pub root: Option<String>,
    /// What the convention cannot know about its XML.
    pub shape: Shape,
    /// Documents inside text fields, by dotted path.
    pub inside: Vec<(String, Reading)>,
    /// The part that becomes the whole, by dotted path; read after `inside`.
    pub at: Option<String>,
}

/// Which layers of a body are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// The body alone, as far as credentials stand in it.
    Outer,
    /// Documents inside it too.
    All,
}

impl Reading {
    /// A reading of that format without anything else.
    #[must_use]
    pub fn plain(format: Format) -> Self {
        Self {
            format,
            root: None,
            shape: Shape::default(),
            inside: Vec::new(),
            at: None,
        }
    }

    /// The tree of a body. `charset` is the agreed one, used where neither `content_type` nor the document names one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(
        &self,
        bytes: &[u8],
        content_type: &str,
        charset: Charset,
        limits: &Limits,
        layers: Layers,
    ) -> Result<Value, ReadError> {
        if bytes.len() > limits.body_bytes {
            return Err(ReadError::TooLarge(limits.body_bytes));
        }
        let declared = Charset::of_content_type(content_type)?;
        let value = match self.format {
            Format::Text => Value::String(declared.unwrap_or(charset).decode(bytes)?),
            // RFC 8259, 8.1: JSON is UTF-8, whatever a header says.
            Format::Json => read_json(&Charset::Utf8.decode(bytes)?, limits)?,
            Format::Form => {
                let fields = read_form(bytes, declared.unwrap_or(charset))?;
                Value::Object(
                    fields
                        .into_iter()
                        .map(|(name, value)| (name, Value::String(value)))
                        .collect(),
                )
            }
            Format::Xml => {
                let outer = match xml::declared_charset(bytes)? {
                    None => declared.or(Some(charset)),
                    Some(_) => declared,
                };
                self.tree_of(&xml::parse(bytes, outer, &limits.xml)?)?
            }
            Format::Soap => {
                let root = xml::parse(bytes, declared, &limits.xml)?;
                match soap::read(&root, &limits.xml)?.message {
                    Message::Body(element) => self.tree_of(&element)?,
                    Message::Fault(_) => return Err(ReadError::Fault),
                }
            }
        };
        match layers {
            Layers::Outer => Ok(value),
            Layers::All => self.finish(value, limits),
        }
    }

    fn read_text(&self, text: &str, limits: &Limits) -> Result<Value, ReadError> {
        let value = match self.format {
            Format::Text => Value::String(text.to_owned()),
            Format::Json => read_json(text, limits)?,
            Format::Form => return Err(ReadError::Shape("a form cannot stand inside a text")),
            Format::Xml => self.tree_of(&xml::parse_text(text.trim_start(), &limits.xml)?)?,
            Format::Soap => return Err(ReadError::Shape("an envelope cannot stand inside a text")),
        };
        self.finish(value, limits)
    }

    /// What stands inside a SOAP message that was taken apart already.
    pub(crate) fn tree_of(&self, element: &xml::Element) -> Result<Value, ReadError> {
        if let Some(root) = self.root.as_ref().filter(|root| **root != element.name) {
            return Err(ReadError::Root(root.clone()));
        }
        xml::to_value(element, &self.shape).map_err(ReadError::Shape)
    }

    pub(crate) fn finish(&self, mut value: Value, limits: &Limits) -> Result<Value, ReadError> {
        for (path, reading) in &self.inside {
            let slot = part_mut(&mut value, path).ok_or_else(|| ReadError::Part(path.clone()))?;
            let Value::String(text) = slot else {
                return Err(ReadError::Part(path.clone()));
            };
            *slot = reading.read_text(text, limits)?;
        }
        match &self.at {
            None => Ok(value),
            Some(path) => part_mut(&mut value, path)
                .map(Value::take)
                .ok_or_else(|| ReadError::Part(path.clone())),
        }
    }
}

/// The part of a tree at a dotted path; an empty path is the whole.
#[must_use]
pub fn part<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .filter(|step| !step.is_empty())
        .try_fold(value, |at, step| at.get(step))
}

fn part_mut<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    path.split('.')
        .filter(|step| !step.is_empty())
        .try_fold(value, |at, step| at.get_mut(step))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn json(text: &str) -> Result<Value, ReadError> {
        read_json(text, &Limits::default())
    }

    #[test]
    fn json_with_a_key_given_twice_is_refused_at_every_level() {
        assert_eq!(
            json(r#"{"a":1,"a":2}"#),
            Err(ReadError::Json("a key is given twice"))
        );
        assert_eq!(
            json(r#"[{"a":{"b":1,"b":1}}]"#),
            Err(ReadError::Json("a key is given twice"))
        );
    }

    #[test]
    fn json_ten_thousand_levels_deep_is_refused() {
        assert_eq!(
            json(&"[".repeat(10_000)),
            Err(ReadError::Json("nested too deeply"))
        );
        assert_eq!(
            json(&"{\"a\":".repeat(10_000)),
            Err(ReadError::Json("nested too deeply"))
        );
        let limits = Limits {
            json_depth: 2,
            json_nodes: 4,
            ..Limits::default()
        };
        assert!(read_json("[[1]]", &limits).is_ok());
        assert!(read_json("[[[]]]", &limits).is_err());
        assert!(read_json("[1,2,3]", &limits).is_ok());
        assert_eq!(
            read_json("[1,2,3,4]", &limits),
            Err(ReadError::Json("too many values"))
        );
    }

    #[test]
    fn json_that_is_cut_or_followed_by_more_is_refused() {
        for broken in ["", "{", "{\"a\"", "1 2", "{}x", "\"\\ud800\"", "nul"] {
            assert!(json(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_document_inside_a_field_is_read_in_place() {
        let mut reading = Reading::plain(Format::Form);
        reading
            .inside
            .push(("spobject".into(), Reading::plain(Format::Json)));
        let value = reading
            .read(
                b"sptype=1&spobject=%7B%22A%22%3A%22x%22%7D",
                "",
                Charset::Utf8,
                &Limits::default(),
                Layers::All,
            )
            .unwrap();
        assert_eq!(value, json!({"sptype": "1", "spobject": {"A": "x"}}));
        let missing = reading.read(
            b"sptype=1",
            "",
            Charset::Utf8,
            &Limits::default(),
            Layers::All,
        );
        assert_eq!(missing, Err(ReadError::Part("spobject".into())));
    }

    #[test]
    fn the_root_of_a_document_must_be_the_agreed_one() {
        let reading = Reading {
            root: Some("RESULT".into()),
            ..Reading::plain(Format::Xml)
        };
        let read = |text: &str| {
            reading.read(
                text.as_bytes(),
                "",
                Charset::Utf8,
                &Limits::default(),
                Layers::All,
            )
        };
        assert!(read("<RESULT/>").is_ok());
        assert_eq!(read("<html/>"), Err(ReadError::Root("RESULT".into())));
    }

    proptest! {
        #[test]
        fn no_bytes_make_any_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for format in [Format::Text, Format::Json, Format::Form, Format::Xml, Format::Soap] {
                let _ = Reading::plain(format).read(&bytes, "", Charset::Gbk, &Limits::default(), Layers::All);
            }
        }
    }
}
