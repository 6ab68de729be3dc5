//! XML to values, checked on the way (part 1, 3.3.4 and 3.4.4).
//!
//! One pass over the text. What a value says is borrowed from the text wherever it stands there as it is; keys are borrowed from the
//! codec. Everything is counted against [`ValueLimits`] before it is built.

mod attributes;
mod content;
mod document;
mod generic;
mod order;
mod tags;
mod text;
mod unknown;

use super::fault::{CodecFault, CodecFaultKind, Position};
use super::table::Codec;
use super::value::Value;
use crate::schema::{ElementId, ExpandedName};

/// Bounds of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueLimits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Elements and attributes in all.
    pub nodes: usize,
    /// Elements inside one another; at most [`ValueLimits::DEPTH_MAX`] is taken.
    pub depth: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
}

impl ValueLimits {
    /// Deepest nesting whatever the settings say, as elements are read by recursion.
    pub const DEPTH_MAX: usize = 256;
}

impl Default for ValueLimits {
    fn default() -> Self {
        Self {
            bytes: 64 * 1024 * 1024,
            nodes: 2_000_000,
            depth: 128,
            attributes: 64,
        }
    }
}

/// What becomes of elements and attributes that the schema does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// The message is refused.
    #[default]
    Refuse,
    /// They are passed over.
    Skip,
    /// They are kept under their expanded names.
    Keep,
}

/// How a message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DecodeOptions {
    /// Bounds.
    pub limits: ValueLimits,
    /// Unknown elements and attributes.
    pub unknown: Unknown,
    /// Whether absent attributes and empty elements get the defaults of the schema (part 1, 3.2.4 and 3.3.4).
    pub defaults: bool,
    /// Whether `#order` is left out where fields alone do not say the order of children: for values that are only looked at.
    pub without_order: bool,
    /// Whether the message is of the encoded use: attributes of the encoding are passed over, and types that are named in it need
    /// not derive from the declared ones (SOAP 1.1, section 5).
    pub encoded: bool,
}

impl Codec {
    /// Reads a document whose root is one of the schema's global elements; gives its name and its value.
    ///
    /// # Errors
    /// [`CodecFault`].
    pub fn decode<'v>(
        &'v self,
        text: &'v str,
        options: &DecodeOptions,
    ) -> Result<(ExpandedName, Value<'v>), CodecFault> {
        let mut reading = Reading::new(self, text, options)?;
        let result = reading.document(None);
        result.map_err(|failure| failure.into_fault(text))
    }

    /// Reads a document whose root is that element.
    ///
    /// # Errors
    /// [`CodecFault`].
    pub fn decode_element<'v>(
        &'v self,
        element: ElementId,
        text: &'v str,
        options: &DecodeOptions,
    ) -> Result<Value<'v>, CodecFault> {
        let mut reading = Reading::new(self, text, options)?;
        let result = reading.document(Some(element.0));
        result
            .map(|(_, value)| value)
            .map_err(|failure| failure.into_fault(text))
    }
}

pub(crate) use tags::{Piece, Reading, Tag};
pub(super) use text::INCLUDE;

/// A fault on its way up; each level adds its step of the path.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: CodecFaultKind,
    pub(crate) offset: Option<usize>,
    /// Innermost first.
    pub(crate) path: Vec<String>,
}

impl Failure {
    /// The fault with the place of its offset in the text.
    pub(crate) fn into_fault(self, text: &str) -> CodecFault {
        CodecFault {
            path: path_text(self.path),
            position: self.offset.map(|offset| position(text, offset)),
            kind: self.kind,
        }
    }

    /// The fault without a place.
    pub(crate) fn without_place(self) -> CodecFault {
        CodecFault {
            path: path_text(self.path),
            position: None,
            kind: self.kind,
        }
    }

    pub(crate) fn within(mut self: Box<Self>, step: impl FnOnce() -> String) -> Box<Self> {
        self.path.push(step());
        self
    }
}

fn path_text(path: Vec<String>) -> String {
    let mut out = String::new();
    for step in path.iter().rev() {
        out.push('/');
        out.push_str(step);
    }
    match out.is_empty() {
        true => "/".to_owned(),
        false => out,
    }
}

fn position(text: &str, offset: usize) -> Position {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Position {
        offset,
        line: before.bytes().filter(|b| *b == b'\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

pub(crate) type Outcome<T> = Result<T, Box<Failure>>;
