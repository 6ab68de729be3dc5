//! Bounded XML (XML 读写): a small tree from bytes and bytes from a tree.
//!
//! Invariants: no document type is read, so nothing expands and nothing is fetched; only the five built-in entities and
//! character references exist; every size has a bound in [`Limits`]; an attribute given twice and an unbound prefix are errors.
//! [`parse_positioned`] keeps places and prefixes besides, for descriptions.
//! Names are compared by namespace and local part, as partners' prefixes differ from day to day.

mod positioned;
mod read;
mod tree;
mod write;

pub use positioned::{PositionedElement, PositionedError, TreeLimits, parse_positioned};
pub(crate) use positioned::{XML_NAMESPACE, attribute_value, reference_character};
pub use read::{declared_charset, decoded, parse, parse_text};
pub use tree::{Shape, to_value};
pub use write::{escape_text, is_name, write_document, write_element};

use crate::text::CharsetError;
use thiserror::Error;

/// Bounds of one document (XML 读取上限).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Elements inside one another.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Attributes of one element.
    pub attributes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 8 * 1024 * 1024,
            depth: 64,
            elements: 20_000,
            attributes: 64,
        }
    }
}

/// An element with all that it holds (元素).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Namespace; empty for none.
    pub namespace: String,
    /// Local name.
    pub name: String,
    /// Attributes in order, namespace declarations left out.
    pub attributes: Vec<Attribute>,
    /// Children in order.
    pub children: Vec<Element>,
    /// Character data of the element itself, in one piece.
    pub text: String,
}

/// An attribute (属性).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attribute {
    /// Namespace; empty for none.
    pub namespace: String,
    /// Local name.
    pub name: String,
    /// Value.
    pub value: String,
}

impl Element {
    /// An element without a namespace.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The same with text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// The first child of that local name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Value of the attribute without a namespace.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.name == name && a.namespace.is_empty())
            .map(|a| a.value.as_str())
    }
}

/// Why bytes are not an acceptable document. Carries no content of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum XmlError {
    /// Beyond a bound.
    #[error("the document goes beyond the bound of {bound} {what}")]
    Bound {
        /// What was counted.
        what: &'static str,
        /// The bound.
        bound: usize,
    },
    /// A document type declaration, and with it entities of its own.
    #[error("a document type declaration is not accepted")]
    DocumentType,
    /// An entity beyond the five built-in ones.
    #[error("an entity other than the five built-in ones is not accepted")]
    Entity,
    /// The character set.
    #[error(transparent)]
    Charset(#[from] CharsetError),
    /// Not well-formed.
    #[error("not well-formed at byte {position}: {what}")]
    Malformed {
        /// Byte of the decoded document.
        position: u64,
        /// The rule that is broken.
        what: &'static str,
    },
    /// Tree to write with a name that XML does not allow.
    #[error("a name is not allowed in XML")]
    Name,
}

impl XmlError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bound { .. } => "xml_bound",
            Self::DocumentType => "xml_document_type",
            Self::Entity => "xml_entity",
            Self::Charset(_) => "charset",
            Self::Malformed { .. } => "malformed_xml",
            Self::Name => "unfit_value",
        }
    }
}

#[cfg(test)]
mod tests;
