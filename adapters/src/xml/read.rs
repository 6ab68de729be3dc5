//! Bytes to a tree, under bounds.

use super::{Attribute, Element, Limits, XmlError};
use crate::text::Charset;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// How far into a document its declaration may stand, in bytes.
const DECLARATION_WITHIN: usize = 256;

/// The tree of a document; its character set as in [`decoded`].
///
/// # Errors
/// [`XmlError`], before anything beyond a bound is built.
pub fn parse(bytes: &[u8], outer: Option<Charset>, limits: &Limits) -> Result<Element, XmlError> {
    let (text, _) = decoded(bytes, outer, limits)?;
    parse_text(&text, limits)
}

/// The text of a document and the character set that it was in: `outer` (from the content type, RFC 7303, section 3), else that of
/// the declaration, else UTF-8. UTF-16 is refused.
///
/// Where both are named and differ, one of them is wrong: a header that a server adds to everything, or a declaration that outlived a
/// conversion. The header is believed as the RFC asks, unless the bytes are not text in its set; then the declaration is.
///
/// # Errors
/// [`XmlError`].
pub fn decoded(
    bytes: &[u8],
    outer: Option<Charset>,
    limits: &Limits,
) -> Result<(String, Charset), XmlError> {
    if bytes.len() > limits.bytes {
        return Err(XmlError::Bound {
            what: "bytes",
            bound: limits.bytes,
        });
    }
    let declared = declared_charset(bytes)?;
    let first = outer.or(declared).unwrap_or_default();
    match (first.decode(bytes), declared.filter(|set| *set != first)) {
        (Ok(text), _) => Ok((text, first)),
        (Err(_), Some(declared)) => Ok((declared.decode(bytes)?, declared)),
        (Err(error), None) => Err(error.into()),
    }
}

/// The character set of an XML declaration, when the document has one that names it.
///
/// # Errors
/// [`XmlError::Charset`] for a set that is not supported, UTF-16 byte-order marks included.
pub fn declared_charset(bytes: &[u8]) -> Result<Option<Charset>, XmlError> {
    if bytes.starts_with(&[0xFE, 0xFF])
        || bytes.starts_with(&[0xFF, 0xFE])
        || bytes.starts_with(&[0, b'<'])
    {
        return Err(XmlError::Charset(crate::text::CharsetError::Unsupported));
    }
    let head = bytes.get(..DECLARATION_WITHIN).unwrap_or(bytes);
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    if !head.starts_with(b"<?xml") {
        return Ok(None);
    }
    let Some(end) = head.windows(2).position(|pair| pair == b"?>") else {
        return Ok(None);
    };
    let declaration = String::from_utf8_lossy(&head[..end]);
    let Some((_, after)) = declaration.split_once("encoding") else {
        return Ok(None);
    };
    let after = after.trim_start().trim_start_matches('=').trim_start();
    let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Ok(None);
    };
    let name = after[1..].split(quote).next().unwrap_or_default();
    Ok(Some(Charset::named(name)?))
}

/// The tree of a document that is text already; what its declaration says about its set does not matter any more.
///
/// # Errors
/// [`XmlError`].
pub fn parse_text(text: &str, limits: &Limits) -> Result<Element, XmlError> {
    if text.len() > limits.bytes {
        return Err(XmlError::Bound {
            what: "bytes",
            bound: limits.bytes,
        });
    }
    Builder {
        reader: NsReader::from_str(text),
        limits,
        open: Vec::new(),
        root: None,
        elements: 0,
    }
    .run()
}

struct Builder<'a> {
    reader: NsReader<&'a [u8]>,
    limits: &'a Limits,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder<'_> {
    fn run(mut self) -> Result<Element, XmlError> {
        loop {
            let event = self
                .reader
                .read_event()
                .map_err(|_| self.malformed("the markup is broken"))?;
            match event {
                Event::Start(start) => {
                    let element = self.start(&start)?;
                    self.open.push(element);
                }
                Event::Empty(start) => {
                    let element = self.start(&start)?;
                    self.close(element);
                }
                Event::End(_) => match self.open.pop() {
                    Some(element) => self.close(element),
                    None => return Err(self.malformed("an end tag without its start")),
                },
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(data) => self.text(&data.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let character = self.reference(&reference)?;
                    self.text(character.encode_utf8(&mut [0; 4]))?;
                }
                Event::DocType(_) => return Err(XmlError::DocumentType),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        if !self.open.is_empty() {
            return Err(self.malformed("the document ends inside an element"));
        }
        let position = self.reader.buffer_position();
        self.root.ok_or(XmlError::Malformed {
            position,
            what: "there is no element",
        })
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<Element, XmlError> {
        self.elements += 1;
        bound("elements", self.elements, self.limits.elements)?;
        bound("levels", self.open.len() + 1, self.limits.depth)?;
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.malformed("there is a second root element"));
        }
        let (namespace, local) = self.reader.resolver().resolve_element(start.name());
        let mut element = Element {
            namespace: self.namespace(namespace)?,
            name: local.as_ref().to_owned(),
            ..Element::default()
        };
        // Duplicates are looked for below, over expanded names and under the bound; the reader's own check is by prefix.
        for (count, attribute) in start.attributes().with_checks(false).enumerate() {
            bound("attributes", count + 1, self.limits.attributes)?;
            let attribute = attribute.map_err(|_| self.malformed("an attribute is broken"))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, local) = self.reader.resolver().resolve_attribute(attribute.key);
            let found = Attribute {
                namespace: self.namespace(namespace)?,
                name: local.as_ref().to_owned(),
                value: self.attribute_value(&attribute.value)?,
            };
            if element
                .attributes
                .iter()
                .any(|known| known.name == found.name && known.namespace == found.namespace)
            {
                return Err(self.malformed("an attribute is given twice"));
            }
            element.attributes.push(found);
        }
        Ok(element)
    }

    fn namespace(&self, resolved: ResolveResult<'_>) -> Result<String, XmlError> {
        match resolved {
            // The reader hands out the declaration's value as it stands, references included.
            ResolveResult::Bound(namespace) => self.attribute_value(namespace.as_ref()),
            ResolveResult::Unbound => Ok(String::new()),
            ResolveResult::Unknown(_) => Err(self.malformed("a prefix is not declared")),
        }
    }

    /// Value of an attribute: references resolved, white space normalised (XML 1.0, 3.3.3).
    fn attribute_value(&self, raw: &str) -> Result<String, XmlError> {
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = rest.find(['&', '<', '\t', '\n', '\r']) {
            value.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                b'&' => {
                    let Some(length) = rest[at..].find(';') else {
                        return Err(self.malformed("an ampersand without a reference"));
                    };
                    value.push(self.reference(&BytesRef::new(&rest[at + 1..at + length]))?);
                    rest = &rest[at + length + 1..];
                }
                b'<' => return Err(self.malformed("a less-than sign in an attribute")),
                _ => {
                    value.push(' ');
                    rest = &rest[at + 1..];
                }
            }
        }
        value.push_str(rest);
        match value.chars().all(is_allowed) {
            true => Ok(value),
            false => Err(self.malformed("a character that XML does not allow")),
        }
    }

    fn reference(&self, reference: &BytesRef<'_>) -> Result<char, XmlError> {
        if reference.is_char_ref() {
            return reference
                .resolve_char_ref()
                .ok()
                .flatten()
                .filter(|c| is_allowed(*c))
                .ok_or_else(|| self.malformed("a character reference that XML does not allow"));
        }
        match reference.as_ref() {
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "amp" => Ok('&'),
            "apos" => Ok('\''),
            "quot" => Ok('"'),
            _ => Err(XmlError::Entity),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        if !text.chars().all(is_allowed) {
            return Err(self.malformed("a character that XML does not allow"));
        }
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.chars().all(|c| c.is_whitespace() || c == '\u{feff}') => {}
            None => return Err(self.malformed("text outside the root element")),
        }
        Ok(())
    }

    fn close(&mut self, element: Element) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn malformed(&self, what: &'static str) -> XmlError {
        XmlError::Malformed {
            position: self.reader.buffer_position(),
            what,
        }
    }
}

fn bound(what: &'static str, count: usize, bound: usize) -> Result<(), XmlError> {
    match count > bound {
        true => Err(XmlError::Bound { what, bound }),
        false => Ok(()),
    }
}

/// `Char` of XML 1.0, production 2.
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
