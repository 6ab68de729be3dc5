//! A tree to bytes, strictly.

use super::read::is_allowed;
use super::{Attribute, Element, XmlError};
use crate::text::Charset;

/// A whole document with its declaration, in the given set. Characters that the set lacks become character references.
///
/// # Errors
/// [`XmlError::Name`] for a name that XML does not allow; characters that XML cannot hold at all are left out.
pub fn write_document(root: &Element, charset: Charset) -> Result<Vec<u8>, XmlError> {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"{}\"?>", charset.name());
    write_element(&mut out, root)?;
    Ok(charset.encode(&out))
}

/// The element alone, without a declaration. A namespace is declared as the default one where it changes; attributes with a
/// namespace are given a prefix of their own.
///
/// # Errors
/// As [`write_document`].
pub fn write_element(out: &mut String, element: &Element) -> Result<(), XmlError> {
    write_under(out, element, "")
}

fn write_under(out: &mut String, element: &Element, inherited: &str) -> Result<(), XmlError> {
    checked(&element.name)?;
    out.push('<');
    out.push_str(&element.name);
    if element.namespace != inherited {
        out.push_str(" xmlns=\"");
        escape_attribute(out, &element.namespace);
        out.push('"');
    }
    for (index, attribute) in element.attributes.iter().enumerate() {
        write_attribute(out, attribute, index)?;
    }
    if element.text.is_empty() && element.children.is_empty() {
        out.push_str("/>");
        return Ok(());
    }
    out.push('>');
    escape_into(out, &element.text);
    for child in &element.children {
        write_under(out, child, &element.namespace)?;
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
    Ok(())
}

fn write_attribute(out: &mut String, attribute: &Attribute, index: usize) -> Result<(), XmlError> {
    checked(&attribute.name)?;
    out.push(' ');
    if !attribute.namespace.is_empty() {
        out.push_str(&format!("xmlns:a{index}=\""));
        escape_attribute(out, &attribute.namespace);
        out.push_str(&format!("\" a{index}:"));
    }
    out.push_str(&attribute.name);
    out.push_str("=\"");
    escape_attribute(out, &attribute.value);
    out.push('"');
    Ok(())
}

/// Text with the characters of markup escaped.
#[must_use]
pub fn escape_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(&mut out, text);
    out
}

fn escape_into(out: &mut String, text: &str) {
    for c in text.chars().filter(|c| is_allowed(*c)) {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A reader turns a bare carriage return into a line feed.
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

fn escape_attribute(out: &mut String, value: &str) {
    for c in value.chars().filter(|c| is_allowed(*c)) {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

fn checked(name: &str) -> Result<(), XmlError> {
    match is_name(name) {
        true => Ok(()),
        false => Err(XmlError::Name),
    }
}

/// Whether this is a name without a colon that every reader takes: letters (Chinese ones included), digits, `_`, `-`, `.`, and
/// no digit, hyphen or dot first.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c == '_' || c.is_alphabetic())
        && characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
