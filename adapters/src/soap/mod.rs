//! SOAP 1.1 and 1.2 envelopes (SOAP 报文), and the WSDL of a callback.
//!
//! Styles: document (literal, wrapped: parameters in the namespace of the service) and rpc (literal: parameters unqualified).
//! A fault tells by its code whose fault it is, and so whether to try again.

mod wsdl;

pub use wsdl::{WsdlPart, WsdlService, write_wsdl};

use crate::text::Charset;
use crate::xml::{self, Element, XmlError};
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
}

/// How parameters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SoapStyle {
    /// document/literal, wrapped: parameters are qualified.
    Document,
    /// rpc/literal: parameters are unqualified.
    #[default]
    Rpc,
}

/// A SOAP message taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its version.
    pub version: SoapVersion,
    /// Names of header blocks that the receiver must understand.
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

/// A fault (SOAP 1.1 section 4.4; SOAP 1.2 part 1 section 5.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoapFault {
    /// Whose fault it is.
    pub side: FaultSide,
    /// The code as written, without its prefix.
    pub code: String,
    /// The words.
    pub reason: String,
}

/// Whose fault a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultSide {
    /// The message's (`Client`, `Sender`): sending it again changes nothing. Also what the receiver does not understand.
    Sender,
    /// The receiver's (`Server`, `Receiver`), or unknown: try again later.
    Receiver,
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
}

/// Takes a message apart.
///
/// # Errors
/// [`SoapError`].
pub fn read(root: &Element) -> Result<Envelope, SoapError> {
    let version = match (root.name.as_str(), root.namespace.as_str()) {
        ("Envelope", ENVELOPE_11) => SoapVersion::V11,
        ("Envelope", ENVELOPE_12) => SoapVersion::V12,
        _ => return Err(SoapError::NoEnvelope),
    };
    let ours = |name: &str| {
        root.children
            .iter()
            .find(|c| c.name == name && c.namespace == root.namespace)
    };
    let must_understand = ours("Header").map_or_else(Vec::new, |header| {
        header
            .children
            .iter()
            .filter(|block| {
                block.attributes.iter().any(|a| {
                    a.name == "mustUnderstand"
                        && a.namespace == root.namespace
                        && matches!(a.value.as_str(), "1" | "true")
                })
            })
            .map(|block| block.name.clone())
            .collect()
    });
    // Axis 1 writes the objects of a message beside it and refers to them; only the first element is the message.
    let [first, ..] = ours("Body").ok_or(SoapError::Body)?.children.as_slice() else {
        return Err(SoapError::Body);
    };
    let message = match first.name == "Fault" && first.namespace == root.namespace {
        true => Message::Fault(fault(first)),
        false => Message::Body(first.clone()),
    };
    Ok(Envelope {
        version,
        must_understand,
        message,
    })
}

fn fault(element: &Element) -> SoapFault {
    let code = element
        .child("faultcode")
        .or_else(|| element.child("Code").and_then(|code| code.child("Value")))
        .map_or("", |code| code.text.trim());
    let reason = element
        .child("faultstring")
        .or_else(|| {
            element
                .child("Reason")
                .and_then(|reason| reason.child("Text"))
        })
        .map_or("", |reason| reason.text.trim());
    let code = code.rsplit(':').next().unwrap_or_default();
    // Axis appends its own words: `Server.userException`.
    let side = match code.split('.').next().unwrap_or_default() {
        "Client" | "Sender" | "MustUnderstand" | "VersionMismatch" | "DataEncodingUnknown" => {
            FaultSide::Sender
        }
        _ => FaultSide::Receiver,
    };
    SoapFault {
        side,
        code: code.to_owned(),
        reason: reason.to_owned(),
    }
}

/// What a message is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service<'s> {
    /// Version of the envelope.
    pub version: SoapVersion,
    /// How parameters are written.
    pub style: SoapStyle,
    /// Namespace of operations.
    pub namespace: &'s str,
}

/// An envelope around one element with that local name (an operation, or its response) and parameters.
///
/// # Errors
/// [`XmlError::Name`] for names that XML does not allow.
pub fn write(
    service: Service<'_>,
    element: &str,
    parameters: &[Element],
    header: &[Element],
) -> Result<Vec<u8>, XmlError> {
    if !xml::is_name(element) {
        return Err(XmlError::Name);
    }
    let mut out = opening(service.version, Some(service.namespace));
    if !header.is_empty() {
        out.push_str("<soapenv:Header>");
        for block in header {
            let block = Element {
                namespace: service.namespace.to_owned(),
                ..qualified(block, service.namespace)
            };
            xml::write_element(&mut out, &block)?;
        }
        out.push_str("</soapenv:Header>");
    }
    out.push_str("<soapenv:Body><svc:");
    out.push_str(element);
    out.push('>');
    for parameter in parameters {
        match service.style {
            SoapStyle::Rpc => xml::write_element(&mut out, parameter)?,
            SoapStyle::Document => {
                xml::write_element(&mut out, &qualified(parameter, service.namespace))?
            }
        }
    }
    out.push_str("</svc:");
    out.push_str(element);
    out.push_str("></soapenv:Body></soapenv:Envelope>");
    Ok(out.into_bytes())
}

/// A fault with our words; the code is `Client`/`Sender` or `Server`/`Receiver` (or `MustUnderstand`) of the version.
#[must_use]
pub fn write_fault(
    version: SoapVersion,
    side: FaultSide,
    must_understand: bool,
    reason: &str,
) -> Vec<u8> {
    let mut out = opening(version, None);
    let reason = xml::escape_text(reason);
    let code = match (must_understand, side, version) {
        (true, _, _) => "MustUnderstand",
        (_, FaultSide::Sender, SoapVersion::V11) => "Client",
        (_, FaultSide::Receiver, SoapVersion::V11) => "Server",
        (_, FaultSide::Sender, SoapVersion::V12) => "Sender",
        (_, FaultSide::Receiver, SoapVersion::V12) => "Receiver",
    };
    match version {
        SoapVersion::V11 => out.push_str(&format!(
            "<soapenv:Body><soapenv:Fault><faultcode>soapenv:{code}</faultcode><faultstring>{reason}</faultstring>\
             </soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        )),
        SoapVersion::V12 => out.push_str(&format!(
            "<soapenv:Body><soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:{code}</soapenv:Value></soapenv:Code>\
             <soapenv:Reason><soapenv:Text xml:lang=\"zh\">{reason}</soapenv:Text></soapenv:Reason></soapenv:Fault>\
             </soapenv:Body></soapenv:Envelope>"
        )),
    }
    out.into_bytes()
}

/// The content type of a message, with the action where the version puts it there.
#[must_use]
pub fn content_type(version: SoapVersion, action: &str) -> String {
    match version {
        SoapVersion::V11 => "text/xml; charset=utf-8".to_owned(),
        SoapVersion::V12 if action.is_empty() => "application/soap+xml; charset=utf-8".to_owned(),
        SoapVersion::V12 => format!("application/soap+xml; charset=utf-8; action=\"{action}\""),
    }
}

fn opening(version: SoapVersion, namespace: Option<&str>) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"{}\"?><soapenv:Envelope xmlns:soapenv=\"{}\"",
        Charset::Utf8.name(),
        version.namespace()
    );
    if let Some(namespace) = namespace {
        out.push_str(" xmlns:svc=\"");
        out.push_str(&xml::escape_text(namespace).replace('"', "&quot;"));
        out.push('"');
    }
    out.push('>');
    out
}

fn qualified(element: &Element, namespace: &str) -> Element {
    Element {
        namespace: namespace.to_owned(),
        children: element
            .children
            .iter()
            .map(|child| qualified(child, namespace))
            .collect(),
        ..element.clone()
    }
}

#[cfg(test)]
mod tests;
