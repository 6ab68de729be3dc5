//! SOAP 1.1 and 1.2 envelopes (SOAP 报文), and the WSDL of a callback.
//!
//! Styles: document (literal, wrapped: parameters in the namespace of the service) and rpc (literal: parameters unqualified).
//! What comes in may be rpc/encoded too: its references are followed ([`encoding`]). A fault tells by its code whose fault it is,
//! and so whether to try again.

mod encoding;
mod fault;
mod write;
mod wsdl;

pub use fault::{FaultSide, SoapFault, write_fault, write_version_mismatch};
pub use write::{Service, content_type, write};
pub use wsdl::{WsdlPart, WsdlService, write_wsdl};

use crate::xml::{Element, Limits};
use thiserror::Error;

const ENVELOPE_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ENVELOPE_12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// Version of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SoapVersion {
    /// 1.1 (W3C Note 2000).
    #[default]
    V11,
    /// 1.2 (W3C Recommendation 2007).
    V12,
}

impl SoapVersion {
    /// Namespace of its envelope.
    #[must_use]
    pub fn namespace(self) -> &'static str {
        match self {
            Self::V11 => ENVELOPE_11,
            Self::V12 => ENVELOPE_12,
        }
    }

    /// The version of an envelope's root element, if it is one.
    #[must_use]
    pub fn of(root: &Element) -> Option<Self> {
        match (root.name.as_str(), root.namespace.as_str()) {
            ("Envelope", ENVELOPE_11) => Some(Self::V11),
            ("Envelope", ENVELOPE_12) => Some(Self::V12),
            _ => None,
        }
    }
}

/// How parameters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SoapStyle {
    /// document/literal, wrapped: parameters are elements of a schema.
    Document,
    /// rpc/literal: parameters are unqualified (WS-I Basic Profile 1.1, R2735).
    #[default]
    Rpc,
}

/// Whether local elements stand in the namespace of the service (`elementFormDefault` of XML Schema, part 1, 3.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementForm {
    /// They do: .NET, spyne.
    Qualified,
    /// They do not: JAX-WS and CXF unless told otherwise.
    Unqualified,
}

impl ElementForm {
    /// What is usual in a style.
    #[must_use]
    pub fn usual(style: SoapStyle) -> Self {
        match style {
            SoapStyle::Document => Self::Qualified,
            SoapStyle::Rpc => Self::Unqualified,
        }
    }
}

/// A SOAP message taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its version.
    pub version: SoapVersion,
    /// Names of header blocks that are for us and that the receiver must understand.
    pub must_understand: Vec<String>,
    /// What the body holds.
    pub message: Message,
}

/// What a body holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The one element of the body.
    Body(Element),
    /// A fault.
    Fault(SoapFault),
}

/// Why XML is no SOAP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SoapError {
    /// The root is no envelope of a known version.
    #[error("the root element is no SOAP envelope")]
    NoEnvelope,
    /// No body, or a body that does not hold one element.
    #[error("the body does not hold exactly one element")]
    Body,
    /// A header block must be understood and is not.
    #[error("a header block that must be understood is not known")]
    MustUnderstand,
    /// Another version than agreed.
    #[error("the version is not the agreed one")]
    Version,
    /// An encoded message refers to what is not there, to itself, or beyond a bound.
    #[error("a reference of the encoded message leads nowhere, in a circle or beyond a bound")]
    Reference,
}

/// Takes a message apart. What an encoded message refers to is put in its place, within `limits`.
///
/// # Errors
/// [`SoapError`].
pub fn read(root: &Element, limits: &Limits) -> Result<Envelope, SoapError> {
    let version = SoapVersion::of(root).ok_or(SoapError::NoEnvelope)?;
    let ours = |name: &str| {
        root.children
            .iter()
            .find(|c| c.name == name && c.namespace == root.namespace)
    };
    let must_understand = ours("Header").map_or_else(Vec::new, |header| {
        let blocks = header.children.iter();
        blocks
            .filter(|block| must_be_understood(block, version))
            .map(|block| block.name.clone())
            .collect()
    });
    let body = ours("Body").ok_or(SoapError::Body)?;
    // Axis 1 writes the objects of a message beside it and refers to them; only the first element is the message.
    let [first, ..] = body.children.as_slice() else {
        return Err(SoapError::Body);
    };
    let message = match first.name == "Fault" && first.namespace == root.namespace {
        true => Message::Fault(fault::read(first, version)),
        false => Message::Body(encoding::plain(root, body, first, version, limits)?),
    };
    Ok(Envelope {
        version,
        must_understand,
        message,
    })
}

/// Whether a block is for the last receiver and must be understood by it (SOAP 1.1, 4.2.2 and 4.2.3; SOAP 1.2 part 1, 2.2 and 2.4).
fn must_be_understood(block: &Element, version: SoapVersion) -> bool {
    let of_envelope = |name: &str| {
        let attribute = block
            .attributes
            .iter()
            .find(|a| a.name == name && a.namespace == version.namespace());
        attribute.map_or("", |a| a.value.trim())
    };
    let for_us = match version {
        SoapVersion::V11 => matches!(
            of_envelope("actor"),
            "" | "http://schemas.xmlsoap.org/soap/actor/next"
        ),
        SoapVersion::V12 => matches!(
            of_envelope("role"),
            "" | "http://www.w3.org/2003/05/soap-envelope/role/next"
                | "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"
        ),
    };
    for_us && matches!(of_envelope("mustUnderstand"), "1" | "true")
}

#[cfg(test)]
mod tests;
