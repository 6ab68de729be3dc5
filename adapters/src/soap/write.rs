//! Envelopes to bytes.

use super::{ElementForm, SoapStyle, SoapVersion};
use crate::text::Charset;
use crate::xml::{self, Element, XmlError};

/// What a message is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service<'s> {
    /// Version of the envelope.
    pub version: SoapVersion,
    /// How parameters are written.
    pub style: SoapStyle,
    /// Whether elements inside the operation are qualified. Parameters of rpc style never are.
    pub form: ElementForm,
    /// Character set of the message.
    pub charset: Charset,
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
    let mut out = opening(service.version, service.charset, Some(service.namespace));
    if !header.is_empty() {
        out.push_str("<soapenv:Header>");
        for block in header {
            // A block is a global element, and so always in a namespace; what it holds follows the schema's form.
            let inside = |child: &Element| formed(child, service.form, service.namespace);
            let block = Element {
                namespace: service.namespace.to_owned(),
                children: block.children.iter().map(inside).collect(),
                ..block.clone()
            };
            xml::write_element(&mut out, &block)?;
        }
        out.push_str("</soapenv:Header>");
    }
    out.push_str("<soapenv:Body><svc:");
    out.push_str(element);
    out.push('>');
    for parameter in parameters {
        let mut formed = formed(parameter, service.form, service.namespace);
        if service.style == SoapStyle::Rpc {
            formed.namespace.clear();
        }
        xml::write_element(&mut out, &formed)?;
    }
    out.push_str("</svc:");
    out.push_str(element);
    out.push_str("></soapenv:Body></soapenv:Envelope>");
    Ok(service.charset.encode(&out))
}

/// The content type of a message, with the action where the version puts it there (RFC 3902, section 2).
#[must_use]
pub fn content_type(version: SoapVersion, charset: Charset, action: &str) -> String {
    let charset = match charset {
        Charset::Utf8 => "utf-8",
        Charset::Gbk => Charset::Gbk.name(),
    };
    match version {
        SoapVersion::V11 => format!("text/xml; charset={charset}"),
        SoapVersion::V12 if action.is_empty() => format!("application/soap+xml; charset={charset}"),
        SoapVersion::V12 => format!("application/soap+xml; charset={charset}; action=\"{action}\""),
    }
}

pub(super) fn opening(version: SoapVersion, charset: Charset, namespace: Option<&str>) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"{}\"?><soapenv:Envelope xmlns:soapenv=\"{}\"",
        charset.name(),
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

fn formed(element: &Element, form: ElementForm, namespace: &str) -> Element {
    let children = element.children.iter();
    Element {
        namespace: match form {
            ElementForm::Qualified => namespace.to_owned(),
            ElementForm::Unqualified => String::new(),
        },
        children: children
            .map(|child| formed(child, form, namespace))
            .collect(),
        ..element.clone()
    }
}
