//! Tags, attributes and namespaces of a message, under bounds (Namespaces in XML 1.0; XML 1.0, 3.1 and 3.3.3).

use super::{DecodeOptions, Failure, Outcome, ValueLimits};
use crate::codec::compile::SCHEMA_INSTANCE;
use crate::codec::fault::{CodecFault, CodecFaultKind};
use crate::codec::lexical::is_nc_name;
use crate::codec::matcher::{Matcher, same};
use crate::codec::table::Codec;
use crate::codec::write::all_allowed;
use crate::xml::{XML_NAMESPACE, XmlError, attribute_value, reference_character};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

/// Namespace declarations in scope at once.
const BINDINGS_MAX: usize = 1024;

/// A start tag. Its attributes are in [`Reading::attributes`] until the next tag is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag<'v> {
    pub(crate) namespace: u32,
    pub(crate) local: &'v str,
    /// Bindings in scope before it.
    pub(crate) bindings: usize,
}

/// An attribute.
#[derive(Debug, Clone)]
pub(crate) struct RawAttribute<'v> {
    pub(crate) namespace: u32,
    pub(crate) local: &'v str,
    pub(crate) value: Cow<'v, str>,
}

/// What comes next inside an element.
pub(crate) enum Piece<'v> {
    Start(Tag<'v>),
    Text(Cow<'v, str>),
    End,
    Eof,
}

/// A message being read.
pub(crate) struct Reading<'v> {
    pub(crate) codec: &'v Codec,
    pub(crate) options: DecodeOptions,
    text: &'v str,
    reader: Reader<&'v [u8]>,
    /// Prefix and namespace, innermost last.
    bindings: Vec<(&'v str, u32)>,
    /// Namespaces that the schema does not know.
    foreign: Vec<Cow<'v, str>>,
    pub(crate) attributes: Vec<RawAttribute<'v>>,
    /// Prefixes of the attributes, while they are not resolved.
    attribute_prefixes: Vec<&'v str>,
    pub(super) matcher: Matcher,
    nodes: usize,
    /// The tag read last was an empty one; its end is still to be told.
    ended: bool,
    /// Where the last piece begins.
    pub(crate) offset: usize,
    carriage_returns: bool,
    pub(crate) depth_max: usize,
    /// Whether undeclared content is taken as it is, also where its elements are declared.
    pub(crate) plain: bool,
    pub(crate) no_namespace: u32,
    pub(crate) instance: u32,
}

impl<'v> Reading<'v> {
    pub(crate) fn new(
        codec: &'v Codec,
        text: &'v str,
        options: &DecodeOptions,
    ) -> Result<Self, CodecFault> {
        let refused = |kind| CodecFault {
            path: "/".to_owned(),
            position: None,
            kind,
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.len() > options.limits.bytes {
            return Err(refused(CodecFaultKind::Bound {
                what: "bytes",
                bound: options.limits.bytes,
            }));
        }
        if !all_allowed(text) {
            return Err(refused(CodecFaultKind::Character));
        }
        let known = |uri: &str| codec.namespace_ids.get(uri).copied().unwrap_or(u32::MAX);
        let no_namespace = known("");
        Ok(Self {
            codec,
            options: *options,
            text,
            reader: Reader::from_str(text),
            bindings: vec![("", no_namespace), ("xml", known(XML_NAMESPACE))],
            foreign: Vec::new(),
            attributes: Vec::new(),
            attribute_prefixes: Vec::new(),
            matcher: Matcher::default(),
            nodes: 0,
            ended: false,
            offset: 0,
            carriage_returns: text.as_bytes().contains(&b'\r'),
            plain: false,
            depth_max: options.limits.depth.min(ValueLimits::DEPTH_MAX),
            no_namespace,
            instance: known(SCHEMA_INSTANCE),
        })
    }

    /// The next piece of content. Comments and processing instructions are passed over.
    #[inline]
    pub(crate) fn next(&mut self) -> Outcome<Piece<'v>> {
        if self.ended {
            self.ended = false;
            return Ok(Piece::End);
        }
        loop {
            self.offset = self.at();
            let event = self.reader.read_event();
            if let Some(piece) = self.piece(event)? {
                return Ok(piece);
            }
        }
    }

    /// As [`Self::next`], where elements and their ends are what is to be expected.
    #[inline(always)]
    pub(crate) fn next_in_elements(&mut self) -> Outcome<Piece<'v>> {
        if self.ended {
            self.ended = false;
            return Ok(Piece::End);
        }
        self.offset = self.at();
        match self.reader.read_event() {
            Ok(Event::Start(start)) => self.tag(&start, false).map(Piece::Start),
            Ok(Event::End(_)) => Ok(Piece::End),
            event => match self.piece(event)? {
                Some(piece) => Ok(piece),
                None => self.next(),
            },
        }
    }

    #[inline]
    fn piece(&mut self, event: quick_xml::Result<Event<'v>>) -> Outcome<Option<Piece<'v>>> {
        Ok(Some(match event {
            Ok(Event::Start(start)) => Piece::Start(self.tag(&start, false)?),
            Ok(Event::Empty(start)) => Piece::Start(self.tag(&start, true)?),
            Ok(Event::End(_)) => Piece::End,
            Ok(Event::Text(text)) => Piece::Text(match self.carriage_returns {
                true => Cow::Owned(text.xml10_content().into_owned()),
                false => text.into_inner(),
            }),
            Ok(Event::CData(data)) => Piece::Text(match self.carriage_returns {
                true => Cow::Owned(data.xml10_content().into_owned()),
                false => data.into_inner(),
            }),
            Ok(Event::GeneralRef(reference)) => {
                let character = reference_character(&reference.into_inner())
                    .map_err(|error| self.of_xml(&error))?;
                Piece::Text(Cow::Owned(character.to_string()))
            }
            Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => return Ok(None),
            Ok(Event::DocType(_)) => return Err(self.failure(CodecFaultKind::DocumentType)),
            Ok(Event::Eof) => Piece::Eof,
            Err(_) => return Err(self.malformed("the markup is broken")),
        }))
    }

    /// All text up to the end of the element; another element inside is a fault.
    #[inline(always)]
    pub(crate) fn text_content(&mut self) -> Outcome<Cow<'v, str>> {
        let mut all = Cow::Borrowed("");
        while !self.ended {
            // Most elements with text are one text and its end.
            self.offset = self.at();
            match self.reader.read_event() {
                Ok(Event::Text(text)) if all.is_empty() && !self.carriage_returns => {
                    all = text.into_inner();
                    continue;
                }
                Ok(Event::End(_)) => return Ok(all),
                event => match self.piece(event)? {
                    None => continue,
                    Some(piece) => {
                        if self.add_text(piece, &mut all)? {
                            return Ok(all);
                        }
                    }
                },
            }
        }
        self.ended = false;
        Ok(all)
    }

    /// Adds a piece to a text; true at the end of the element.
    fn add_text(&self, piece: Piece<'v>, all: &mut Cow<'v, str>) -> Outcome<bool> {
        match piece {
            Piece::Text(text) if all.is_empty() => *all = text,
            Piece::Text(text) => all.to_mut().push_str(&text),
            Piece::End => return Ok(true),
            Piece::Start(tag) => {
                let found = tag.local.to_owned();
                let expected = "a text".to_owned();
                let kind = CodecFaultKind::Unexpected { found, expected };
                return Err(self.failure(kind));
            }
            Piece::Eof => return Err(self.malformed("the document ends inside an element")),
        }
        Ok(false)
    }

    /// Passes over an element, its start tag read.
    pub(crate) fn skip(&mut self) -> Outcome<()> {
        let mut open: Vec<usize> = Vec::new();
        loop {
            match self.next()? {
                Piece::Start(_) if open.len() >= self.depth_max => {
                    return Err(self.bound("levels", self.depth_max));
                }
                Piece::Start(tag) => open.push(tag.bindings),
                Piece::End => match open.pop() {
                    Some(bindings) => self.close(bindings),
                    None => return Ok(()),
                },
                Piece::Text(_) => {}
                Piece::Eof => return Err(self.malformed("the document ends inside an element")),
            }
        }
    }

    #[inline(always)]
    fn tag(&mut self, start: &BytesStart<'v>, empty: bool) -> Outcome<Tag<'v>> {
        self.count()?;
        self.ended = empty;
        let content = self.offset + 1;
        let name = start.name().as_ref().len();
        let text = self.text;
        let qualified = &text[content..content + name];
        let bindings = self.bindings.len();
        self.attributes.clear();
        if start.len() > name {
            self.read_attributes(&text[content + name..content + start.len()])?;
        }
        let (namespace, local) = self.resolved(qualified, true)?;
        Ok(Tag {
            namespace,
            local,
            bindings,
        })
    }

    /// Ends the scope of a tag's namespace declarations.
    #[inline]
    pub(crate) fn close(&mut self, bindings: usize) {
        self.bindings.truncate(bindings);
    }

    fn count(&mut self) -> Outcome<()> {
        self.nodes += 1;
        match self.nodes > self.options.limits.nodes {
            true => Err(self.bound("nodes", self.options.limits.nodes)),
            false => Ok(()),
        }
    }

    fn read_attributes(&mut self, raw: &'v str) -> Outcome<()> {
        let mut rest = raw.trim_ascii_start();
        let mut count = 0;
        self.attribute_prefixes.clear();
        while !rest.is_empty() {
            count += 1;
            self.count()?;
            if count > self.options.limits.attributes {
                return Err(self.bound("attributes", self.options.limits.attributes));
            }
            let broken = "an attribute is broken";
            let Some(equals) = rest.find('=') else {
                return Err(self.malformed(broken));
            };
            let name = rest[..equals].trim_ascii_end();
            let after = rest[equals + 1..].trim_ascii_start();
            let quote = match after.as_bytes().first() {
                Some(quote @ (b'"' | b'\'')) => *quote as char,
                _ => return Err(self.malformed(broken)),
            };
            let Some(end) = after[1..].find(quote) else {
                return Err(self.malformed(broken));
            };
            let value = self.value(&after[1..=end])?;
            rest = &after[end + 2..];
            let next = rest.trim_ascii_start();
            if !next.is_empty() && next.len() == rest.len() {
                return Err(self.malformed("attributes without a space between them"));
            }
            rest = next;
            match name.strip_prefix("xmlns") {
                Some("") => self.bind("", value)?,
                Some(prefix) if prefix.starts_with(':') => self.bind(&prefix[1..], value)?,
                _ => {
                    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
                    if !is_nc_name(local) {
                        return Err(self.malformed("the name of an attribute"));
                    }
                    self.attribute_prefixes.push(prefix);
                    self.attributes.push(RawAttribute {
                        namespace: self.no_namespace,
                        local,
                        value,
                    });
                }
            }
        }
        self.resolve_attributes()
    }

    fn resolve_attributes(&mut self) -> Outcome<()> {
        for place in 0..self.attributes.len() {
            let prefix = self.attribute_prefixes[place];
            if !prefix.is_empty() {
                let namespace = self.namespace_of(prefix);
                let namespace = namespace.ok_or_else(|| self.failure(CodecFaultKind::Prefix))?;
                self.attributes[place].namespace = namespace;
            }
            let this = &self.attributes[place];
            let twice = self.attributes[..place]
                .iter()
                .any(|known| known.local == this.local && known.namespace == this.namespace);
            if twice {
                return Err(self.malformed("an attribute is given twice"));
            }
        }
        Ok(())
    }

    fn value(&self, raw: &'v str) -> Outcome<Cow<'v, str>> {
        match raw
            .bytes()
            .any(|b| matches!(b, b'&' | b'<' | b'\t' | b'\n' | b'\r'))
        {
            false => Ok(Cow::Borrowed(raw)),
            true => attribute_value(raw)
                .map(Cow::Owned)
                .map_err(|error| self.of_xml(&error)),
        }
    }

    fn bind(&mut self, prefix: &'v str, uri: Cow<'v, str>) -> Outcome<()> {
        // No prefix may be unbound, and the two reserved ones keep their meaning (Namespaces in XML 1.0, section 3).
        let wrong = !prefix.is_empty()
            && (uri.is_empty()
                || prefix == "xmlns"
                || !is_nc_name(prefix)
                || (prefix == "xml") != (uri == XML_NAMESPACE));
        if wrong {
            return Err(self.malformed("a namespace declaration is wrong"));
        }
        if self.bindings.len() >= BINDINGS_MAX {
            return Err(self.bound("namespace declarations", BINDINGS_MAX));
        }
        let namespace = self.namespace_id(uri);
        self.bindings.push((prefix, namespace));
        Ok(())
    }

    fn namespace_id(&mut self, uri: Cow<'v, str>) -> u32 {
        if let Some(known) = self.codec.namespace_ids.get(&*uri) {
            return *known;
        }
        let known = self.codec.names.namespaces().len();
        let place = match self.foreign.iter().position(|foreign| *foreign == uri) {
            Some(place) => place,
            None => {
                self.foreign.push(uri);
                self.foreign.len() - 1
            }
        };
        u32::try_from(known + place).unwrap_or(u32::MAX)
    }

    /// The text of a namespace.
    pub(crate) fn uri(&self, namespace: u32) -> &str {
        let known = self.codec.names.namespaces();
        match known.get(namespace as usize) {
            Some(uri) => uri,
            None => self
                .foreign
                .get(namespace as usize - known.len())
                .map_or("", |uri| uri),
        }
    }

    #[inline(always)]
    fn namespace_of(&self, prefix: &str) -> Option<u32> {
        let found = self
            .bindings
            .iter()
            .rev()
            .find(|(known, _)| same(known, prefix));
        found.map(|(_, namespace)| *namespace)
    }

    /// Namespace and local part of a qualified name; the default namespace is for elements and values only.
    #[inline(always)]
    pub(crate) fn resolved<'n>(&self, name: &'n str, default: bool) -> Outcome<(u32, &'n str)> {
        let colon = name.bytes().position(|b| b == b':');
        let (prefix, local) = match colon {
            Some(at) => (&name[..at], &name[at + 1..]),
            None => ("", name),
        };
        if local.is_empty() || (colon.is_some() && (prefix.is_empty() || local.contains(':'))) {
            return Err(self.malformed("a name is broken"));
        }
        if prefix.is_empty() && !default {
            return Ok((self.no_namespace, local));
        }
        match self.namespace_of(prefix) {
            Some(namespace) => Ok((namespace, local)),
            None => Err(self.failure(CodecFaultKind::Prefix)),
        }
    }

    fn at(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    #[cold]
    pub(crate) fn failure(&self, kind: CodecFaultKind) -> Box<Failure> {
        Box::new(Failure {
            kind,
            offset: Some(self.offset),
            path: Vec::new(),
        })
    }

    #[cold]
    pub(crate) fn malformed(&self, what: &'static str) -> Box<Failure> {
        self.failure(CodecFaultKind::Malformed(what))
    }

    pub(crate) fn bound(&self, what: &'static str, bound: usize) -> Box<Failure> {
        self.failure(CodecFaultKind::Bound { what, bound })
    }

    fn of_xml(&self, error: &XmlError) -> Box<Failure> {
        self.failure(match error {
            XmlError::Entity => CodecFaultKind::Entity,
            XmlError::Malformed { what, .. } => CodecFaultKind::Malformed(what),
            _ => CodecFaultKind::Malformed("an attribute is broken"),
        })
    }
}
