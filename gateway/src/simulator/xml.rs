//! Reading XML into a small tree, with bounds and without DTD; writing by escaping.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use quick_xml::{XmlVersion, escape::resolve_predefined_entity};

const MAX_BYTES: usize = 4 << 20;
const MAX_DEPTH: usize = 64;
const MAX_ELEMENTS: usize = 20_000;
const MAX_ATTRIBUTES: usize = 64;

/// An element: local name, attributes by local name, text of its own, children in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The trimmed text of a child, empty if there is none.
    pub(super) fn value(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.trim())
    }

    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }
}

/// Why a document was not read. The text goes back to the caller in the partner's own refusal.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum XmlFault {
    #[error("XML超出大小、层数或元素数上限")]
    TooLarge,
    #[error("XML不得含有DTD")]
    Doctype,
    #[error("XML格式错误: {0}")]
    Malformed(String),
}

fn malformed(cause: impl std::fmt::Display) -> XmlFault {
    XmlFault::Malformed(cause.to_string())
}

/// Reads one document. The text is already decoded, so a declared encoding is not looked at.
pub(super) fn parse(text: &str) -> Result<Element, XmlFault> {
    if text.len() > MAX_BYTES {
        return Err(XmlFault::TooLarge);
    }
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    let mut elements = 0;
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(tag) => {
                elements += 1;
                if open.len() > MAX_DEPTH || elements > MAX_ELEMENTS {
                    return Err(XmlFault::TooLarge);
                }
                open.push(element(&tag)?);
            }
            Event::Empty(tag) => {
                elements += 1;
                if elements > MAX_ELEMENTS {
                    return Err(XmlFault::TooLarge);
                }
                top(&mut open)?.children.push(element(&tag)?);
            }
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| malformed("</"))?;
                top(&mut open)?.children.push(done);
            }
            Event::Text(piece) => top(&mut open)?.text.push_str(&piece.xml10_content()),
            Event::CData(piece) => top(&mut open)?.text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(malformed)?;
                match (character, resolve_predefined_entity(&reference)) {
                    (Some(character), _) => top(&mut open)?.text.push(character),
                    (None, Some(known)) => top(&mut open)?.text.push_str(known),
                    (None, None) => return Err(malformed("未知实体")),
                }
            }
            Event::DocType(_) => return Err(XmlFault::Doctype),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    let mut document = open.pop().ok_or_else(|| malformed("空"))?;
    if !open.is_empty() || document.children.len() != 1 || !document.text.trim().is_empty() {
        return Err(malformed("须有且仅有一个根元素"));
    }
    document.children.pop().ok_or_else(|| malformed("空"))
}

fn top(open: &mut [Element]) -> Result<&mut Element, XmlFault> {
    open.last_mut().ok_or_else(|| malformed("多余的结束标签"))
}

fn element(tag: &BytesStart<'_>) -> Result<Element, XmlFault> {
    let mut read = Element {
        name: tag.local_name().into_inner().to_owned(),
        ..Element::default()
    };
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(malformed)?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(malformed)?;
        let name = attribute.key.local_name().into_inner().to_owned();
        read.attributes.push((name, value.into_owned()));
        if read.attributes.len() > MAX_ATTRIBUTES {
            return Err(XmlFault::TooLarge);
        }
    }
    Ok(read)
}

/// Escapes by text replacement, as these systems do (&, <, >, ', "); characters that XML 1.0 forbids are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'.. => out.push(character),
            _ => {}
        }
    }
    out
}

/// `<name>escaped text</name>`.
pub(super) fn leaf(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}
