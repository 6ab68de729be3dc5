//! Why a value cannot be written or a message cannot be read.

use std::fmt;
use thiserror::Error;

/// A fault with its path in the data. Carries the shape of a value at most, never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecFault {
    /// Path from the outermost element: `/Envelope/Body/order/amount[2]`, an attribute as `/order/@id`.
    pub path: String,
    /// Where in the text that is read; nothing when a value is written.
    pub position: Option<Position>,
    /// What.
    pub kind: CodecFaultKind,
}

/// A place in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Byte of the text, from 0.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for CodecFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(at) = self.position {
            write!(
                f,
                " (line {}, column {}, byte {})",
                at.line, at.column, at.offset
            )?;
        }
        write!(f, ": {}", self.kind)
    }
}

impl std::error::Error for CodecFault {}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodecFaultKind {
    /// Not well-formed.
    #[error("not well-formed: {0}")]
    Malformed(&'static str),
    /// A document type declaration.
    #[error("a document type declaration is not accepted")]
    DocumentType,
    /// An entity beyond the five built-in ones.
    #[error("an entity other than the five built-in ones is not accepted")]
    Entity,
    /// Beyond a bound.
    #[error("beyond the bound of {bound} {what}")]
    Bound {
        /// What was counted.
        what: &'static str,
        /// The bound.
        bound: usize,
    },
    /// A prefix that is not declared.
    #[error("a prefix is not declared")]
    Prefix,
    /// Another element than one that may stand here.
    #[error("<{found}> may not stand here; {expected} was expected")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What may.
        expected: String,
    },
    /// Something that must be there is not.
    #[error("{0} is missing")]
    Missing(String),
    /// An attribute that is not declared.
    #[error("the attribute {0} is not declared")]
    Attribute(String),
    /// A field of a value that the schema does not know.
    #[error("the schema has no {0} here")]
    Unknown(String),
    /// More of a field than the schema lets in.
    #[error("{name} is given {given} times, which the schema does not allow here")]
    TooMany {
        /// Name.
        name: String,
        /// How often it is given.
        given: usize,
    },
    /// Text where only elements may stand.
    #[error("text may not stand here")]
    Text,
    /// The value is an object or a list where a text should be, or the other way round.
    #[error("{found} is given where {expected} should be")]
    Shape {
        /// What is given.
        found: &'static str,
        /// What should be.
        expected: &'static str,
    },
    /// A text that is no value of its type.
    #[error("{0}")]
    Value(#[from] ValueFault),
    /// Nil where it may not be.
    #[error("nil is not allowed here")]
    Nil,
    /// An abstract element or type without a concrete one.
    #[error("{0} is abstract: name a type derived from it with @xsi:type")]
    Abstract(String),
    /// `xsi:type` that is not known, or not derived from the declared one.
    #[error("the type {0} is not known, or not derived from the declared one")]
    Type(String),
    /// A key that is no name of XML.
    #[error("{0:?} is no name that XML allows")]
    Name(String),
    /// A character that XML cannot hold.
    #[error("a character that XML does not allow")]
    Character,
    /// No SOAP envelope of the agreed version.
    #[error("{0}")]
    Envelope(&'static str),
    /// A reference of an encoded message that leads nowhere or in a circle.
    #[error("a reference of the encoded message leads nowhere, in a circle or beyond a bound")]
    Reference,
}

impl CodecFaultKind {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Prefix => "malformed_xml",
            Self::DocumentType => "xml_document_type",
            Self::Entity => "xml_entity",
            Self::Bound { .. } => "xml_bound",
            Self::Unexpected { .. } => "element_unexpected",
            Self::Missing(_) => "element_missing",
            Self::Attribute(_) => "attribute_unexpected",
            Self::Unknown(_) => "field_unknown",
            Self::TooMany { .. } => "field_too_often",
            Self::Text => "text_unexpected",
            Self::Shape { .. } => "value_shape",
            Self::Value(_) => "value_invalid",
            Self::Nil => "nil_not_allowed",
            Self::Abstract(_) => "type_abstract",
            Self::Type(_) => "type_unknown",
            Self::Name(_) | Self::Character => "unfit_value",
            Self::Envelope(_) => "soap_envelope",
            Self::Reference => "soap_reference",
        }
    }
}

/// Why a text is no value of a simple type (part 2, 4.1.4).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a text like {shape:?} is not allowed: {rule}")]
pub struct ValueFault {
    /// What the text looks like: letters as `a`, digits as `9`, Chinese characters as `字`.
    pub shape: String,
    /// The rule that it breaks.
    pub rule: ValueRule,
}

/// A rule of a simple type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueRule {
    /// The form of a built-in type.
    #[error("it is no xs:{0}")]
    Form(&'static str),
    /// A facet with its bound.
    #[error("{facet} is {bound}")]
    Facet {
        /// Facet.
        facet: &'static str,
        /// Its value.
        bound: String,
    },
    /// None of the listed values.
    #[error("it is none of {0}")]
    Enumeration(String),
    /// No member of a union takes it.
    #[error("no type of the union takes it")]
    Union,
    /// Another value than the fixed one.
    #[error("the value is fixed as {0:?}")]
    Fixed(String),
    /// A qualified name whose prefix is not bound.
    #[error("its prefix is not declared")]
    Prefix,
}

/// Longest shape that is shown, in characters.
const SHAPE_MAX: usize = 40;

/// What a text looks like, without what it says.
pub(super) fn shape_of(text: &str) -> String {
    let mut shape: String = text
        .chars()
        .take(SHAPE_MAX)
        .map(|c| match c {
            '0'..='9' => '9',
            'a'..='z' | 'A'..='Z' => 'a',
            c if c.is_alphabetic() => '字',
            c => c,
        })
        .collect();
    if text.chars().nth(SHAPE_MAX).is_some() {
        shape.push('…');
    }
    shape
}
