//! What is wrong with a description, where, and what to do about it.

use super::documents::Refusal;
use crate::xml::XmlError;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// A place in a description document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Location of the document.
    pub location: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.location, self.line, self.column)
    }
}

/// A namespace and a local name, for people: `{urn:a}b`, or `b` where there is no namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExpandedName {
    /// Namespace; empty for none.
    pub namespace: String,
    /// Local name.
    pub local: String,
}

impl ExpandedName {
    /// Of its two parts.
    #[must_use]
    pub fn new(namespace: impl Into<String>, local: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            local: local.into(),
        }
    }
}

impl fmt::Display for ExpandedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.is_empty() {
            true => f.write_str(&self.local),
            false => write!(f, "{{{}}}{}", self.namespace, self.local),
        }
    }
}

/// Kind of a named component (XML Schema part 1, 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComponentKind {
    /// Element declaration.
    Element,
    /// Simple or complex type; both share one symbol space (part 1, 2.5).
    Type,
    /// Attribute declaration.
    Attribute,
    /// Model group definition.
    Group,
    /// Attribute group definition.
    AttributeGroup,
}

impl fmt::Display for ComponentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Element => "element",
            Self::Type => "type",
            Self::Attribute => "attribute",
            Self::Group => "group",
            Self::AttributeGroup => "attribute group",
        })
    }
}

/// What is wrong with a description.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FaultKind {
    /// A document is not acceptable XML.
    #[error("{0}")]
    Xml(#[from] XmlError),
    /// The bytes are not text in the declared set.
    #[error("the bytes are not text in {0}")]
    Charset(String),
    /// A document could not be had.
    #[error("the document {location} cannot be had: {refusal}")]
    Document {
        /// Its location.
        location: String,
        /// Why.
        refusal: Refusal,
    },
    /// A page for people where a description should be.
    #[error("the document is an HTML page, not a description")]
    HtmlPage,
    /// A WSDL of version 2.0.
    #[error("the document is a WSDL 2.0 description; version 1.1 is read")]
    Wsdl20,
    /// The root is neither WSDL nor XML Schema.
    #[error("the root element is {found}; {expected} was expected")]
    Root {
        /// What it is.
        found: ExpandedName,
        /// What should be there.
        expected: &'static str,
    },
    /// Beyond a bound.
    #[error("the description goes beyond the bound of {bound} {what}")]
    Bound {
        /// What was counted.
        what: &'static str,
        /// The bound.
        bound: usize,
    },
    /// A reference to what is nowhere.
    #[error("there is no {kind} {name}")]
    Missing {
        /// Kind.
        kind: ComponentKind,
        /// Name.
        name: ExpandedName,
        /// A name that is nearly the same, and is there.
        near: Option<ExpandedName>,
        /// A document that might have had it and was not read.
        unread: Option<String>,
    },
    /// Two components of one name that differ.
    #[error("there are two different {kind}s {name}")]
    Duplicate {
        /// Kind.
        kind: ComponentKind,
        /// Name.
        name: ExpandedName,
    },
    /// A component that contains or derives from itself.
    #[error("the {kind} {name} is defined by itself")]
    Circular {
        /// Kind.
        kind: ComponentKind,
        /// Name.
        name: String,
    },
    /// A prefix without a binding.
    #[error("the prefix of {0:?} is not declared here")]
    Prefix(String),
    /// An attribute that must be there is not.
    #[error("<{element}> lacks the attribute {attribute}")]
    AttributeMissing {
        /// Element.
        element: String,
        /// Attribute.
        attribute: &'static str,
    },
    /// An attribute's value is not one of those that may be there.
    #[error("{attribute}={value:?} is not {expected}")]
    AttributeValue {
        /// Attribute.
        attribute: &'static str,
        /// Its value.
        value: String,
        /// What should be there.
        expected: &'static str,
    },
    /// An element where it may not stand.
    #[error("<{found}> may not stand here; {expected} was expected")]
    Unexpected {
        /// What is there.
        found: String,
        /// What should be.
        expected: &'static str,
    },
    /// A facet that does not fit its type.
    #[error("the facet {facet} with {value:?} does not fit its type")]
    Facet {
        /// Facet.
        facet: &'static str,
        /// Its value.
        value: String,
    },
    /// A regular expression that cannot be taken.
    #[error("the pattern {pattern:?} cannot be taken: {why}")]
    Pattern {
        /// As written.
        pattern: String,
        /// Why.
        why: &'static str,
    },
    /// A document of an included namespace has another one.
    #[error("the included schema has the namespace {found:?}, the including one {expected:?}")]
    IncludedNamespace {
        /// What it has.
        found: String,
        /// What it should have.
        expected: String,
    },
    /// A type cannot be used so.
    #[error("the type {name} is {found}; {expected} was expected")]
    TypeKind {
        /// Its name, or what it belongs to.
        name: String,
        /// What it is.
        found: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// A WSDL component that is referred to is nowhere.
    #[error("there is no {kind} {name}")]
    MissingWsdl {
        /// `message`, `portType`, `binding`, `part`, `operation`.
        kind: &'static str,
        /// Name.
        name: ExpandedName,
    },
    /// Two WSDL components of one name that say different things.
    #[error("there are two different {kind} components {name}")]
    TwiceWsdl {
        /// `message`, `portType` or `binding`.
        kind: String,
        /// Name.
        name: ExpandedName,
    },
    /// An extension that the description says must be understood, and is not (WSDL 1.1, 2.1.3).
    #[error("{0} is required by the description and not known")]
    RequiredExtension(ExpandedName),
    /// What is not read.
    #[error("{0} is not read")]
    Unsupported(&'static str),
    /// Nothing that can be called.
    #[error("the description has no SOAP port or binding with an operation")]
    NoOperation,
}

/// A fault with its place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {kind}. {}", kind.hint())]
pub struct SchemaFault {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: FaultKind,
}

impl FaultKind {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(error) => error.code(),
            Self::Charset(_) => "charset",
            Self::Document { refusal, .. } => refusal.code(),
            Self::HtmlPage => "html_page",
            Self::Wsdl20 => "wsdl_20",
            Self::Root { .. } => "root_element",
            Self::Bound { .. } => "description_bound",
            Self::Missing { .. } => "component_missing",
            Self::Duplicate { .. } => "component_twice",
            Self::Circular { .. } => "component_circular",
            Self::Prefix(_) => "prefix_undeclared",
            Self::AttributeMissing { .. } => "attribute_missing",
            Self::AttributeValue { .. } => "attribute_value",
            Self::Unexpected { .. } => "element_unexpected",
            Self::Facet { .. } => "facet",
            Self::Pattern { .. } => "pattern",
            Self::IncludedNamespace { .. } => "included_namespace",
            Self::TypeKind { .. } => "type_kind",
            Self::MissingWsdl { .. } => "wsdl_component_missing",
            Self::TwiceWsdl { .. } => "wsdl_component_twice",
            Self::RequiredExtension(_) => "required_extension",
            Self::Unsupported(_) => "unsupported",
            Self::NoOperation => "no_operation",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Xml(XmlError::DocumentType) => {
                "Remove the <!DOCTYPE …> declaration; nothing of it is read".to_owned()
            }
            Self::Xml(_) => "Save the document again from the service or the editor".to_owned(),
            Self::Charset(_) => "Save the document as UTF-8, with a declaration that says so".to_owned(),
            Self::Document { .. } => "Put the document beside the description, under the location that it is asked by".to_owned(),
            Self::HtmlPage => "The address leads to a page: add ?wsdl, or log in and save the file".to_owned(),
            Self::Wsdl20 => "Ask for the WSDL 1.1 of the service, or register it by an example".to_owned(),
            Self::Root { .. } => "Give the WSDL, not a message or a schema alone".to_owned(),
            Self::Bound { .. } => "Leave out what the connection does not need, or raise the bound".to_owned(),
            Self::Missing { near: Some(near), .. } => format!("There is {near}: is that meant?"),
            Self::Missing { unread: Some(unread), .. } => {
                format!("{unread} was not read and may hold it: put it beside the description")
            }
            Self::Missing { .. } | Self::MissingWsdl { .. } => {
                "Check the name, its prefix, and that every imported document is there".to_owned()
            }
            Self::RequiredExtension(_) => "Ask the service what it means; if calls work without it, remove wsdl:required".to_owned(),
            Self::Duplicate { .. } | Self::TwiceWsdl { .. } => "Keep one of them; two versions of one schema may be mixed".to_owned(),
            Self::Circular { .. } => "Break the circle: refer to an element instead".to_owned(),
            Self::Prefix(_) => "Declare it with xmlns:…=\"…\" on this element or one around it".to_owned(),
            Self::AttributeMissing { .. } | Self::AttributeValue { .. } | Self::Unexpected { .. } => {
                "Compare with the schema that the service hands out itself".to_owned()
            }
            Self::Facet { .. } => "A facet's value must be a value of the type that it restricts".to_owned(),
            Self::Pattern { .. } => "Write it as XML Schema does: no anchors, look-ahead, back references or lazy repeats".to_owned(),
            Self::IncludedNamespace { .. } => "Use <import> for another namespace".to_owned(),
            Self::TypeKind { .. } => "Refer to a type of the kind that is expected".to_owned(),
            Self::Unsupported(_) => "Describe this part by hand, or by an example message".to_owned(),
            Self::NoOperation => "Give the document that holds the bindings; imports name where it may be".to_owned(),
        }
    }
}

/// Something that is wrong in a description and whose meaning is clear all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where.
    pub place: Place,
    /// What, and how it was taken.
    pub kind: WarningKind,
}

/// What a [`Warning`] warns of.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WarningKind {
    /// A document that is referred to was not read; nothing needs it so far.
    #[error("{location} was not read: {refusal}")]
    Unread {
        /// Its location.
        location: String,
        /// Why.
        refusal: Refusal,
    },
    /// The declared character set is not that of the bytes.
    #[error("the character set {declared} does not fit the bytes: they were read as {taken}")]
    Charset {
        /// Declared set.
        declared: String,
        /// Set that was taken.
        taken: &'static str,
    },
    /// A name in a namespace that was not imported; it was found all the same.
    #[error("the namespace {0:?} is used without an <import>")]
    NotImported(String),
    /// A reference without a prefix that only makes sense in another namespace.
    #[error("{written:?} was taken as {taken}")]
    Reference {
        /// As written.
        written: String,
        /// As taken.
        taken: ExpandedName,
    },
    /// A pattern with anchors, which XML Schema does not know.
    #[error(
        "the anchors of the pattern {0:?} were dropped: a pattern always covers the whole value"
    )]
    Anchors(String),
    /// An imported document has another namespace than was announced.
    #[error("the imported schema has the namespace {found:?}, not {announced:?}")]
    ImportedNamespace {
        /// What it has.
        found: String,
        /// What was announced.
        announced: String,
    },
    /// The same component twice.
    #[error("the {kind} {name} is there twice, alike")]
    Twice {
        /// Kind.
        kind: ComponentKind,
        /// Name.
        name: ExpandedName,
    },
    /// A type whose every value requires another one inside.
    #[error(
        "no message can hold a value of {0}, as each requires another inside: is minOccurs=\"0\" missing?"
    )]
    Endless(String),
    /// Something that has no effect.
    #[error("{0} has no effect here")]
    Ignored(String),
    /// A binding or port that is not SOAP.
    #[error("the binding {0} is not SOAP and was left out")]
    ForeignBinding(String),
    /// A WSDL part of one style used by a binding of the other.
    #[error("the part {part} of a {style} operation refers to {refers}: taken as written")]
    PartStyle {
        /// Part.
        part: String,
        /// Style of the operation.
        style: &'static str,
        /// `an element` or `a type`.
        refers: &'static str,
    },
    /// Something is missing that has one obvious value.
    #[error("{what} is missing: {taken} was taken")]
    Assumed {
        /// What.
        what: &'static str,
        /// What was taken.
        taken: String,
    },
}
