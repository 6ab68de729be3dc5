//! Faults (SOAP 1.1, section 4.4; SOAP 1.2 part 1, section 5.4), both ways.

use super::SoapVersion;
use super::write::opening;
use crate::text::Charset;
use crate::xml::{self, Element};

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoapFault {
    /// Whose fault it is.
    pub side: FaultSide,
    /// The code without its prefix; subcodes follow after dots, as SOAP 1.1 writes them: `Server.userException`, `Sender.BadNumber`.
    pub code: String,
    /// The words; of several languages the Chinese ones.
    pub reason: String,
    /// What the service says beside them, if anything.
    pub detail: Option<Element>,
}

/// Whose fault a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultSide {
    /// The message's (`Client`, `Sender`): sending it again changes nothing. Also what the receiver does not understand.
    Sender,
    /// The receiver's (`Server`, `Receiver`), or unknown: try again later.
    Receiver,
}

/// Subcodes inside one another that are looked at.
const SUBCODES_MAX: usize = 8;

pub(super) fn read(element: &Element, version: SoapVersion) -> SoapFault {
    // node-soap sends what is inside a fault of 1.2 in an envelope of 1.1 when it fails itself: read what is there.
    let (v11_code, v12_code) = (element.child("faultcode"), codes(element).join("."));
    let code = match (version, v11_code) {
        (SoapVersion::V11, Some(code)) => local(&code.text),
        _ => v12_code,
    };
    let v12_reason = || element.child("Reason").and_then(in_chinese);
    let reason = match version {
        SoapVersion::V11 => element.child("faultstring").or_else(v12_reason),
        SoapVersion::V12 => v12_reason(),
    };
    let side = match code.split('.').next().unwrap_or_default() {
        "Client" | "Sender" | "MustUnderstand" | "VersionMismatch" | "DataEncodingUnknown" => {
            FaultSide::Sender
        }
        _ => FaultSide::Receiver,
    };
    let detail = match version {
        SoapVersion::V11 => element.child("detail"),
        SoapVersion::V12 => element.child("Detail"),
    };
    SoapFault {
        side,
        code,
        reason: reason.map_or_else(String::new, |reason| reason.text.trim().to_owned()),
        detail: detail.cloned(),
    }
}

fn codes(fault: &Element) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = fault.child("Code");
    while let Some(code) = at.filter(|_| found.len() < SUBCODES_MAX) {
        found.extend(code.child("Value").map(|value| local(&value.text)));
        at = code.child("Subcode");
    }
    found
}

/// The local part of a qualified name.
fn local(name: &str) -> String {
    name.trim()
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The text for people here: the Chinese one, else the first.
fn in_chinese(reason: &Element) -> Option<&Element> {
    let texts = || reason.children.iter().filter(|child| child.name == "Text");
    let chinese = texts().find(|text| {
        let language = text.attributes.iter().find(|a| a.name == "lang");
        language.is_some_and(|a| a.value.to_ascii_lowercase().starts_with("zh"))
    });
    chinese.or_else(|| texts().next())
}

/// A fault with our words; the code is `Client`/`Sender` or `Server`/`Receiver` (or `MustUnderstand`) of the version.
#[must_use]
pub fn write_fault(
    version: SoapVersion,
    charset: Charset,
    side: FaultSide,
    must_understand: bool,
    reason: &str,
) -> Vec<u8> {
    let code = match (must_understand, side, version) {
        (true, _, _) => "MustUnderstand",
        (_, FaultSide::Sender, SoapVersion::V11) => "Client",
        (_, FaultSide::Receiver, SoapVersion::V11) => "Server",
        (_, FaultSide::Sender, SoapVersion::V12) => "Sender",
        (_, FaultSide::Receiver, SoapVersion::V12) => "Receiver",
    };
    let mut out = opening(version, charset, None);
    out.push_str(&body(version, code, reason));
    charset.encode(&out)
}

/// The fault for a message of a version that is not offered, naming those that are. Always a SOAP 1.1 message, which receivers of
/// either version know (SOAP 1.2 part 1, appendix A).
#[must_use]
pub fn write_version_mismatch(offered: &[SoapVersion], charset: Charset, reason: &str) -> Vec<u8> {
    let mut out = opening(SoapVersion::V11, charset, None);
    out.push_str("<soapenv:Header><up:Upgrade xmlns:up=\"");
    out.push_str(SoapVersion::V12.namespace());
    out.push_str("\">");
    for version in offered {
        out.push_str(&format!(
            "<up:SupportedEnvelope qname=\"e:Envelope\" xmlns:e=\"{}\"/>",
            version.namespace()
        ));
    }
    out.push_str("</up:Upgrade></soapenv:Header>");
    out.push_str(&body(SoapVersion::V11, "VersionMismatch", reason));
    charset.encode(&out)
}

fn body(version: SoapVersion, code: &str, reason: &str) -> String {
    let reason = xml::escape_text(reason);
    match version {
        SoapVersion::V11 => format!(
            "<soapenv:Body><soapenv:Fault><faultcode>soapenv:{code}</faultcode><faultstring>{reason}</faultstring>\
             </soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        ),
        SoapVersion::V12 => format!(
            "<soapenv:Body><soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:{code}</soapenv:Value></soapenv:Code>\
             <soapenv:Reason><soapenv:Text xml:lang=\"zh\">{reason}</soapenv:Text></soapenv:Reason></soapenv:Fault>\
             </soapenv:Body></soapenv:Envelope>"
        ),
    }
}
