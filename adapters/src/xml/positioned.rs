//! A tree that knows where each of its elements stands and which prefixes are bound there.
//!
//! Descriptions (WSDL, XML Schema) need both: a fault must name file, line and column, and the values of their attributes are
//! qualified names (Namespaces in XML 1.0, section 4; XML Schema part 2, 3.2.18), which mean nothing without the bindings in scope.
//! The tree of a message ([`super::Element`]) keeps neither, and is smaller for it.

use super::XmlError;
use super::read::is_allowed;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::sync::Arc;

/// Bounds of one description document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeLimits {
    /// Elements inside one another.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
}

/// An element of a description document (带位置的元素).
#[derive(Debug, Clone)]
pub struct PositionedElement {
    /// Namespace; empty for none.
    pub namespace: Arc<str>,
    /// Local name.
    pub name: String,
    /// Attributes in order: namespace, local name, value. Namespace declarations are left out.
    pub attributes: Vec<(Arc<str>, String, String)>,
    /// Children in order.
    pub children: Vec<PositionedElement>,
    /// Character data of the element itself.
    pub text: String,
    /// Line of the `<`, from 1.
    pub line: u32,
    /// Column of the `<` in characters, from 1.
    pub column: u32,
    /// Bindings in scope.
    scope: Arc<Scope>,
}

#[derive(Debug, Default)]
struct Scope {
    outer: Option<Arc<Scope>>,
    /// Prefix (empty for the default namespace) and namespace.
    bindings: Vec<(String, Arc<str>)>,
}

impl PositionedElement {
    /// Value of the attribute without a namespace.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attribute_in("", name)
    }

    /// Value of the attribute in a namespace.
    #[must_use]
    pub fn attribute_in(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|(space, local, _)| local == name && &**space == namespace);
        found.map(|(_, _, value)| value.as_str())
    }

    /// Whether the element has that expanded name.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && &*self.namespace == namespace
    }

    /// Children with that expanded name.
    pub fn children_named<'e>(
        &'e self,
        namespace: &'e str,
        name: &'e str,
    ) -> impl Iterator<Item = &'e PositionedElement> {
        self.children
            .iter()
            .filter(move |child| child.is(namespace, name))
    }

    /// The namespace bound to a prefix here; the empty prefix asks for the default namespace.
    #[must_use]
    pub fn namespace_of(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML_NAMESPACE);
        }
        let mut scope = Some(&self.scope);
        while let Some(here) = scope {
            if let Some((_, namespace)) = here.bindings.iter().find(|(p, _)| p == prefix) {
                return Some(namespace);
            }
            scope = here.outer.as_ref();
        }
        prefix.is_empty().then_some("")
    }

    /// Every binding in scope, inner ones first.
    #[must_use]
    pub fn bindings(&self) -> Vec<(&str, &str)> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        let mut scope = Some(&self.scope);
        while let Some(here) = scope {
            for (prefix, namespace) in &here.bindings {
                if !found.iter().any(|(known, _)| known == prefix) {
                    found.push((prefix, namespace));
                }
            }
            scope = here.outer.as_ref();
        }
        found
    }

    /// Namespace and local part of a qualified name written here; `None` where its prefix is not bound.
    #[must_use]
    pub fn qualified<'e>(&'e self, name: &'e str) -> Option<(&'e str, &'e str)> {
        let name = name.trim();
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        self.namespace_of(prefix)
            .map(|namespace| (namespace, local))
    }
}

/// The namespace of the prefix `xml` (Namespaces in XML 1.0, section 3).
pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// What went wrong, and where: line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionedError {
    /// Line.
    pub line: u32,
    /// Column in characters.
    pub column: u32,
    /// What.
    pub error: XmlError,
}

/// The tree of a document that is text already.
///
/// # Errors
/// [`PositionedError`]: not well-formed, a document type, a foreign entity, or beyond a bound.
pub fn parse_positioned(
    text: &str,
    limits: &TreeLimits,
) -> Result<PositionedElement, PositionedError> {
    let mut builder = Builder {
        text,
        limits,
        open: Vec::new(),
        root: None,
        elements: 0,
        lines: Lines::default(),
        known: Vec::new(),
    };
    let result = builder.run();
    match result {
        Ok(()) => builder
            .root
            .take()
            .ok_or(XmlError::Malformed {
                position: 0,
                what: "there is no element",
            })
            .map_err(|error| PositionedError {
                line: 1,
                column: 1,
                error,
            }),
        Err((at, error)) => {
            let (line, column) = Lines::default().at(text, at);
            Err(PositionedError {
                line,
                column,
                error,
            })
        }
    }
}

/// Line and column, counted once along the text.
#[derive(Debug, Default)]
struct Lines {
    offset: usize,
    line: u32,
    start: usize,
}

impl Lines {
    fn at(&mut self, text: &str, offset: usize) -> (u32, u32) {
        let offset = offset.min(text.len());
        for (place, byte) in text.as_bytes()[self.offset..offset].iter().enumerate() {
            if *byte == b'\n' {
                self.line += 1;
                self.start = self.offset + place + 1;
            }
        }
        self.offset = offset;
        let column = text
            .get(self.start..offset)
            .map_or(0, |s| s.chars().count());
        (
            self.line.saturating_add(1),
            u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
        )
    }
}

struct Builder<'a> {
    text: &'a str,
    limits: &'a TreeLimits,
    open: Vec<PositionedElement>,
    root: Option<PositionedElement>,
    elements: usize,
    lines: Lines,
    /// Namespaces seen, so that each is kept once.
    known: Vec<Arc<str>>,
}

type Located<T> = Result<T, (usize, XmlError)>;

impl Builder<'_> {
    fn run(&mut self) -> Located<()> {
        let mut reader = Reader::from_str(self.text);
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader
                .read_event()
                .map_err(|_| malformed(at, "the markup is broken"))?;
            match event {
                Event::Start(start) => {
                    let element = self.start(&start, at)?;
                    self.open.push(element);
                }
                Event::Empty(start) => {
                    let element = self.start(&start, at)?;
                    self.close(element);
                }
                Event::End(_) => match self.open.pop() {
                    Some(element) => self.close(element),
                    None => return Err(malformed(at, "an end tag without its start")),
                },
                Event::Text(text) => self.characters(&text.xml10_content(), at)?,
                Event::CData(data) => self.characters(&data.xml10_content(), at)?,
                Event::GeneralRef(reference) => {
                    let name = reference.into_inner();
                    let character = reference_character(&name).map_err(|error| (at, error))?;
                    self.characters(character.encode_utf8(&mut [0; 4]), at)?;
                }
                Event::DocType(_) => return Err((at, XmlError::DocumentType)),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof if self.open.is_empty() => return Ok(()),
                Event::Eof => return Err(malformed(at, "the document ends inside an element")),
            }
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, at: usize) -> Located<PositionedElement> {
        self.elements += 1;
        bound("elements", self.elements, self.limits.elements, at)?;
        bound("levels", self.open.len() + 1, self.limits.depth, at)?;
        if self.open.is_empty() && self.root.is_some() {
            return Err(malformed(at, "there is a second root element"));
        }
        let mut raw = Vec::new();
        let mut bindings = Vec::new();
        for (count, attribute) in start.attributes().with_checks(false).enumerate() {
            bound("attributes", count + 1, self.limits.attributes, at)?;
            let attribute = attribute.map_err(|_| malformed(at, "an attribute is broken"))?;
            let value = attribute_value(&attribute.value).map_err(|error| (at, error))?;
            let key: &str = attribute.key.as_ref();
            match key.strip_prefix("xmlns") {
                Some("") => bindings.push((String::new(), self.interned(&value))),
                Some(prefix) if prefix.starts_with(':') => {
                    let namespace = self.interned(&value);
                    bindings.push((prefix[1..].to_owned(), namespace));
                }
                _ => raw.push((key.to_owned(), value)),
            }
        }
        let outer = self.open.last().map(|parent| Arc::clone(&parent.scope));
        let scope = match (outer, bindings.is_empty()) {
            (Some(outer), true) => outer,
            (outer, _) => Arc::new(Scope { outer, bindings }),
        };
        let (line, column) = self.lines.at(self.text, at);
        let mut element = PositionedElement {
            namespace: Arc::from(""),
            name: String::new(),
            attributes: Vec::with_capacity(raw.len()),
            children: Vec::new(),
            text: String::new(),
            line,
            column,
            scope,
        };
        let name = start.name();
        let (namespace, local) = resolved(&element, name.as_ref(), true)
            .ok_or_else(|| malformed(at, "a prefix is not declared"))?;
        let (namespace, local) = (namespace.to_owned(), local.to_owned());
        element.namespace = self.interned(&namespace);
        element.name = local;
        for (key, value) in raw {
            let (namespace, local) = resolved(&element, &key, false)
                .ok_or_else(|| malformed(at, "a prefix is not declared"))?;
            let (namespace, local) = (namespace.to_owned(), local.to_owned());
            if element.attribute_in(&namespace, &local).is_some() {
                return Err(malformed(at, "an attribute is given twice"));
            }
            let namespace = self.interned(&namespace);
            element.attributes.push((namespace, local, value));
        }
        Ok(element)
    }

    fn interned(&mut self, namespace: &str) -> Arc<str> {
        if let Some(known) = self.known.iter().find(|known| &***known == namespace) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(namespace);
        // Few namespaces are usual; a flood of them is kept without being searched.
        if self.known.len() < 256 {
            self.known.push(Arc::clone(&new));
        }
        new
    }

    fn characters(&mut self, text: &str, at: usize) -> Located<()> {
        if !text.chars().all(is_allowed) {
            return Err(malformed(at, "a character that XML does not allow"));
        }
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text
                .chars()
                .all(|c| c.is_whitespace() || c == '\u{feff}' || c == '\0') => {}
            None => return Err(malformed(at, "text outside the root element")),
        }
        Ok(())
    }

    fn close(&mut self, element: PositionedElement) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }
}

fn resolved<'n>(
    element: &'n PositionedElement,
    name: &'n str,
    default: bool,
) -> Option<(&'n str, &'n str)> {
    match name.split_once(':') {
        Some((prefix, local)) => element.namespace_of(prefix).map(|space| (space, local)),
        None if default => element.namespace_of("").map(|space| (space, name)),
        None => Some(("", name)),
    }
}

/// Value of an attribute: references resolved, white space normalised (XML 1.0, 3.3.3).
pub(crate) fn attribute_value(raw: &str) -> Result<String, XmlError> {
    let broken = |what| XmlError::Malformed { position: 0, what };
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '<', '\t', '\n', '\r']) {
        value.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'&' => {
                let length = rest[at..]
                    .find(';')
                    .ok_or_else(|| broken("an ampersand without a reference"))?;
                value.push(reference_character(&rest[at + 1..at + length])?);
                rest = &rest[at + length + 1..];
            }
            b'<' => return Err(broken("a less-than sign in an attribute")),
            b'\r' if rest.as_bytes().get(at + 1) == Some(&b'\n') => rest = &rest[at + 1..],
            _ => {
                value.push(' ');
                rest = &rest[at + 1..];
            }
        }
    }
    value.push_str(rest);
    match value.chars().all(is_allowed) {
        true => Ok(value),
        false => Err(broken("a character that XML does not allow")),
    }
}

/// The character of a reference without `&` and `;`: one of the five entities, or a character by its number.
pub(crate) fn reference_character(name: &str) -> Result<char, XmlError> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
            None => number.parse(),
        };
        return code
            .ok()
            .filter(|_| !number.contains('+'))
            .and_then(char::from_u32)
            .filter(|c| is_allowed(*c))
            .ok_or(XmlError::Malformed {
                position: 0,
                what: "a character reference that XML does not allow",
            });
    }
    match name {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(XmlError::Entity),
    }
}

fn malformed(at: usize, what: &'static str) -> (usize, XmlError) {
    let position = at as u64;
    (at, XmlError::Malformed { position, what })
}

fn bound(what: &'static str, count: usize, bound: usize, at: usize) -> Located<()> {
    match count > bound {
        true => Err((at, XmlError::Bound { what, bound })),
        false => Ok(()),
    }
}
