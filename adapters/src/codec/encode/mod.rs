//! Values to XML, in the order of the schema and checked by it.
//!
//! Every namespace has one prefix in a message. Those that a message is likely to need are declared on its root, all others where
//! they are first needed; nothing is ever written in a default namespace, so that unqualified elements stay unqualified.

mod content;
mod free;

use super::decode::{Failure, INCLUDE, Outcome, ValueLimits};
use super::fault::{CodecFault, CodecFaultKind, ValueFault, ValueRule, shape_of};
use super::simple::SimpleId;
use super::table::*;
use super::value::{Object, Value};
use super::write::{escape_attribute, escape_text};
use crate::schema::ElementId;
use std::borrow::Cow;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EncodeOptions {
    /// Bounds of what is written.
    pub limits: ValueLimits,
    /// Whether every element names its type and arrays their size, as the encoded use has it (SOAP 1.1, section 5).
    pub encoded: bool,
}

impl Codec {
    /// The element with that value, without an XML declaration.
    ///
    /// # Errors
    /// [`CodecFault`] with the path in the value.
    pub fn encode(
        &self,
        element: ElementId,
        value: &Value<'_>,
        options: &EncodeOptions,
    ) -> Result<String, CodecFault> {
        let mut writing = Writing::new(self, *options, String::with_capacity(1024));
        let local = &self.elements[element.index()].local;
        writing
            .root(element.0, value, "")
            .map_err(|failure| failure.within(|| local.to_string()).without_place())?;
        Ok(writing.out)
    }
}

/// A message being written.
pub(crate) struct Writing<'c, 'x> {
    pub(crate) codec: &'c Codec,
    options: EncodeOptions,
    pub(crate) out: String,
    /// Whether the prefix of a namespace is declared here.
    declared: Vec<bool>,
    /// Namespaces declared since, to be taken back.
    undo: Vec<u32>,
    /// Namespaces that the schema does not know, with their prefixes, innermost last.
    foreign: Vec<(String, String)>,
    foreign_count: usize,
    /// Values of the slots of all open elements.
    filled: Vec<Filled<'x>>,
    /// Elements written so far: shows whether a group made progress.
    nodes: usize,
    instance: u32,
}

/// Values of a slot, and how many of them are written.
#[derive(Debug, Clone, Copy)]
struct Filled<'x> {
    values: &'x [Value<'x>],
    used: usize,
}

/// The name of an element that is written.
#[derive(Clone, Copy)]
enum TagName<'n> {
    Declared(&'n CompiledElement),
    Free { namespace: &'n str, local: &'n str },
}

/// What to take back at the end of an element.
struct Mark {
    undo: usize,
    foreign: usize,
}

impl<'c, 'x> Writing<'c, 'x> {
    pub(crate) fn new(codec: &'c Codec, options: EncodeOptions, out: String) -> Self {
        let known = |uri: &str| codec.namespace_ids.get(uri).copied().unwrap_or(u32::MAX);
        Self {
            codec,
            options,
            out,
            declared: vec![false; codec.prefixes.len()],
            undo: Vec::new(),
            foreign: Vec::new(),
            foreign_count: 0,
            filled: Vec::new(),
            nodes: 0,
            instance: known(super::compile::SCHEMA_INSTANCE),
        }
    }

    /// An element that declares what its content is likely to need; `attributes` are written as they are.
    pub(crate) fn root<'v: 'x>(
        &mut self,
        element: u32,
        value: &'v Value<'v>,
        attributes: &str,
    ) -> Outcome<()> {
        let codec = self.codec;
        let declared = &codec.elements[element as usize];
        if declared.is_abstract {
            return Err(failure(CodecFaultKind::Abstract(
                codec.expanded(declared.name),
            )));
        }
        let name = TagName::Declared(declared);
        let mark = self.start(name)?;
        if self.options.encoded {
            self.declare(self.instance);
        }
        for namespace in codec.reachable(element) {
            self.declare(*namespace);
        }
        self.out.push_str(attributes);
        self.typed(name, declared.type_index, Some(declared), value, 1)?;
        self.take_back(&mark);
        Ok(())
    }

    fn element<'v: 'x>(&mut self, element: u32, value: &'v Value<'v>, depth: usize) -> Outcome<()> {
        let codec = self.codec;
        let declared = &codec.elements[element as usize];
        if declared.is_abstract {
            return Err(failure(CodecFaultKind::Abstract(
                codec.expanded(declared.name),
            )));
        }
        let name = TagName::Declared(declared);
        let mark = self.start(name)?;
        self.typed(name, declared.type_index, Some(declared), value, depth)?;
        self.take_back(&mark);
        Ok(())
    }

    /// `<p:name` with what must be declared for it.
    fn start(&mut self, name: TagName<'_>) -> Outcome<Mark> {
        self.nodes += 1;
        let limits = &self.options.limits;
        if self.nodes > limits.nodes {
            return Err(beyond("nodes", limits.nodes));
        }
        if self.out.len() > limits.bytes {
            return Err(beyond("bytes", limits.bytes));
        }
        let mark = Mark {
            undo: self.undo.len(),
            foreign: self.foreign.len(),
        };
        match name {
            TagName::Declared(element) => {
                self.out.push_str(&element.open);
                self.declare(element.namespace.0);
            }
            TagName::Free { namespace, local } => {
                self.out.push('<');
                let at = self.out.len();
                self.out.push_str(local);
                let prefix = self.prefix_for(namespace);
                if !prefix.is_empty() {
                    self.out.insert(at, ':');
                    self.out.insert_str(at, &prefix);
                }
            }
        }
        Ok(mark)
    }

    /// Ends an open start tag without content, or the element.
    fn end(&mut self, name: TagName<'_>, empty: bool) {
        if empty {
            self.out.push_str("/>");
            return;
        }
        match name {
            TagName::Declared(element) => self.out.push_str(&element.close),
            TagName::Free { namespace, local } => {
                let prefix = self.known_prefix(namespace).map(str::to_owned);
                self.out.push_str("</");
                if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) {
                    self.out.push_str(&prefix);
                    self.out.push(':');
                }
                self.out.push_str(local);
                self.out.push('>');
            }
        }
    }

    fn take_back(&mut self, mark: &Mark) {
        while self.undo.len() > mark.undo {
            if let Some(namespace) = self.undo.pop() {
                self.declared[namespace as usize] = false;
            }
        }
        self.foreign.truncate(mark.foreign);
    }

    /// Declares a namespace of the schema in the open start tag, unless it is.
    #[inline]
    fn declare(&mut self, namespace: u32) {
        if !self.declared[namespace as usize] {
            self.declared[namespace as usize] = true;
            self.undo.push(namespace);
            self.out
                .push_str(&self.codec.declarations[namespace as usize]);
        }
    }

    fn known_prefix(&self, uri: &str) -> Option<&str> {
        if let Some(namespace) = self.codec.namespace_ids.get(uri) {
            return Some(&self.codec.prefixes[*namespace as usize]);
        }
        let found = self.foreign.iter().rev().find(|(known, _)| known == uri);
        found.map(|(_, prefix)| prefix.as_str())
    }

    /// The prefix of any namespace, declared in the open start tag if it is not yet.
    fn prefix_for(&mut self, uri: &str) -> String {
        if let Some(namespace) = self.codec.namespace_ids.get(uri) {
            self.declare(*namespace);
            return self.codec.prefixes[*namespace as usize].to_string();
        }
        if let Some(known) = self.known_prefix(uri) {
            return known.to_owned();
        }
        self.foreign_count += 1;
        let prefix = format!("x{}", self.foreign_count);
        let declaration = super::compile::declaration(&prefix, uri);
        self.out.push_str(&declaration);
        self.foreign.push((uri.to_owned(), prefix.clone()));
        prefix
    }

    /// Attributes and content of an element whose start tag is open, up to its end.
    fn typed<'v: 'x>(
        &mut self,
        name: TagName<'_>,
        declared_type: u32,
        declared: Option<&'c CompiledElement>,
        value: &'v Value<'v>,
        depth: usize,
    ) -> Outcome<()> {
        let codec = self.codec;
        let depth_max = self.options.limits.depth.min(ValueLimits::DEPTH_MAX);
        if depth > depth_max {
            return Err(beyond("levels", depth_max));
        }
        let object = match value {
            Value::Object(object) => Some(object),
            _ => None,
        };
        let mut kind = &codec.types[declared_type as usize];
        let named = object.and_then(|object| object.get("@xsi:type"));
        let actual = match named {
            Some(named) => self.named_type(named, declared_type)?,
            None => declared_type,
        };
        if actual != declared_type {
            kind = &codec.types[actual as usize];
            self.type_attribute(kind);
        } else if self.options.encoded && kind.array.is_none() {
            self.type_attribute(kind);
        }
        if kind.is_abstract {
            let name = kind
                .name
                .map(|name| codec.expanded(name))
                .unwrap_or_default();
            return Err(failure(CodecFaultKind::Abstract(name)));
        }
        let nil = *value == Value::Null
            || object.is_some_and(|object| {
                object.get("@xsi:nil").and_then(Value::as_text) == Some("true")
            });
        if nil {
            return self.nil(name, kind, declared, object);
        }
        if let Some(array) = &kind.array {
            return self.array(name, array, value, depth);
        }
        match kind.content {
            Content::Any => self.free_value(name, value, depth),
            Content::Simple(simple) => self.text(name, kind, simple, declared, value),
            Content::Empty { mixed } => self.empty(name, kind, mixed, value),
            Content::Model { root, mixed } => self.model(name, kind, root, mixed, value, depth),
        }
    }

    fn nil(
        &mut self,
        name: TagName<'_>,
        kind: &'c CompiledType,
        declared: Option<&CompiledElement>,
        object: Option<&'x Object<'x>>,
    ) -> Outcome<()> {
        let may = self.options.encoded || declared.is_none_or(|declared| declared.nillable);
        if !may {
            return Err(failure(CodecFaultKind::Nil));
        }
        self.declare(self.instance);
        self.out.push_str(" xsi:nil=\"true\"");
        if let Some(object) = object {
            match kind.content {
                Content::Any => self.free_attributes(object)?,
                _ => self.attributes(kind, object)?,
            }
        }
        self.end(name, true);
        Ok(())
    }

    fn type_attribute(&mut self, kind: &CompiledType) {
        let Some(name) = kind.name else { return };
        let namespace = self.codec.names.namespace_of(name).0;
        self.declare(self.instance);
        self.declare(namespace);
        self.out.push_str(" xsi:type=\"");
        let prefix = &self.codec.prefixes[namespace as usize];
        if !prefix.is_empty() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(self.codec.names.local(name));
        self.out.push('"');
    }

    /// The type that `@xsi:type` names: `{namespace}local`, with a prefix of ours, or by its local name alone.
    fn named_type(&self, named: &Value<'_>, declared: u32) -> Outcome<u32> {
        let codec = self.codec;
        let written = named.as_text().unwrap_or_default().trim();
        let unknown = || failure(CodecFaultKind::Type(written.to_owned()));
        let fits = |found: &u32| codec.derives(*found, declared);
        if let Some((namespace, local)) = self.name_parts(written) {
            let found = codec
                .namespace_ids
                .get(namespace)
                .and_then(|namespace| codec.name(*namespace, local))
                .and_then(|name| codec.global_types.get(&name).copied());
            return found.filter(fits).ok_or_else(unknown);
        }
        let mut found = codec
            .global_types
            .iter()
            .filter(|(name, id)| codec.names.local(**name) == written && fits(id));
        let only = found.next().filter(|_| found.next().is_none());
        only.map(|(_, id)| *id).ok_or_else(unknown)
    }

    /// Namespace and local part of `{namespace}local` or `prefix:local`.
    fn name_parts<'n>(&'n self, written: &'n str) -> Option<(&'n str, &'n str)> {
        if let Some(rest) = written.strip_prefix('{') {
            return rest.split_once('}');
        }
        let (prefix, local) = written.split_once(':')?;
        let place = self
            .codec
            .prefixes
            .iter()
            .position(|known| **known == *prefix)?;
        Some((&self.codec.names.namespaces()[place], local))
    }

    /// Text content, with attributes where the type has some.
    fn text<'v: 'x>(
        &mut self,
        name: TagName<'_>,
        kind: &'c CompiledType,
        simple: SimpleId,
        declared: Option<&CompiledElement>,
        value: &'v Value<'v>,
    ) -> Outcome<()> {
        let text: Cow<'_, str> = match value {
            Value::Text(text) => Cow::Borrowed(text),
            Value::List(items) if self.codec.simple.get(simple).listed => {
                Cow::Owned(joined(items)?)
            }
            Value::List(_) => return Err(shape(value, "a text")),
            Value::Null => Cow::Borrowed(""),
            Value::Object(object) => {
                self.only_text(kind, simple, object)?;
                self.attributes(kind, object)?;
                if let Some(reference) = object.get(INCLUDE) {
                    return self.included(name, reference);
                }
                match object.get("#text") {
                    Some(Value::Text(text)) => Cow::Borrowed(&**text),
                    Some(Value::List(items)) => Cow::Owned(joined(items)?),
                    Some(other) => return Err(shape(other, "a text")),
                    None => Cow::Borrowed(""),
                }
            }
        };
        if !matches!(value, Value::Object(_)) && !kind.attributes.is_empty() {
            self.attributes(kind, &Object::default())?;
        }
        let constraint = declared.and_then(|d| d.fixed.as_ref().or(d.default.as_ref()));
        if text.is_empty() && constraint.is_some() {
            self.end(name, true);
            return Ok(());
        }
        let text = self.checked(simple, text)?;
        if let Some(fixed) = declared.and_then(|d| d.fixed.as_ref())
            && **fixed != *text
        {
            return Err(not_fixed(fixed, &text));
        }
        if text.is_empty() {
            self.end(name, true);
            return Ok(());
        }
        self.out.push('>');
        if !escape_text(&mut self.out, &text) {
            return Err(failure(CodecFaultKind::Character));
        }
        self.end(name, false);
        Ok(())
    }

    /// A reference to the attachment that has the bytes (XOP, section 2.1).
    fn included(&mut self, name: TagName<'_>, reference: &Value<'_>) -> Outcome<()> {
        let Some(href) = reference.get("@href").and_then(Value::as_text) else {
            return Err(failure(CodecFaultKind::Missing("@href".to_owned())));
        };
        self.out
            .push_str("><xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" href=\"");
        if !escape_attribute(&mut self.out, href) {
            return Err(failure(CodecFaultKind::Character));
        }
        self.out.push_str("\"/>");
        self.end(name, false);
        Ok(())
    }

    /// An object for text content has attributes and `#text` only.
    fn only_text(&self, kind: &CompiledType, simple: SimpleId, object: &Object<'_>) -> Outcome<()> {
        let binary = self.codec.simple.get(simple).binary;
        let other = object.fields.iter().find(|(key, _)| {
            !key.starts_with('@')
                && key != "#text"
                && !(binary && key == INCLUDE)
                && !kind.keys.contains_key(&**key)
        });
        match other {
            Some((key, _)) => Err(failure(CodecFaultKind::Unknown(key.to_string()))),
            None => Ok(()),
        }
    }

    fn empty<'v: 'x>(
        &mut self,
        name: TagName<'_>,
        kind: &'c CompiledType,
        mixed: bool,
        value: &'v Value<'v>,
    ) -> Outcome<()> {
        let none = Object::default();
        let (object, text) = match value {
            Value::Object(object) => (object, object.get("#text").and_then(Value::as_text)),
            Value::Text(text) => (&none, Some(&**text)),
            other => return Err(shape(other, "an empty object")),
        };
        let other = object
            .fields
            .iter()
            .find(|(key, _)| !key.starts_with('@') && key != "#text");
        if let Some((key, _)) = other {
            return Err(failure(CodecFaultKind::Unknown(key.to_string())));
        }
        self.attributes(kind, object)?;
        match text.filter(|text| !text.is_empty()) {
            None => self.end(name, true),
            Some(text) if mixed => {
                self.out.push('>');
                if !escape_text(&mut self.out, text) {
                    return Err(failure(CodecFaultKind::Character));
                }
                self.end(name, false);
            }
            Some(text) if text.trim().is_empty() => self.end(name, true),
            Some(_) => return Err(failure(CodecFaultKind::Text)),
        }
        Ok(())
    }

    /// Declared attributes in the order of the schema, then what a wildcard lets in.
    fn attributes(&mut self, kind: &'c CompiledType, object: &Object<'_>) -> Outcome<()> {
        let codec = self.codec;
        let range = kind.attributes.start as usize..kind.attributes.end as usize;
        for known in &codec.attributes[range] {
            let given = object.get(&known.key);
            let value = match (given, &known.fixed) {
                (Some(Value::Text(text)), _) => Cow::Borrowed(&**text),
                (Some(Value::List(items)), _) => Cow::Owned(joined(items)?),
                (Some(Value::Object(_)), _) => {
                    let fault = failure(CodecFaultKind::Shape {
                        found: "an object",
                        expected: "a text",
                    });
                    return Err(fault.within(|| known.key.to_string()));
                }
                (None | Some(Value::Null), Some(fixed)) if known.required => {
                    Cow::Borrowed(&**fixed)
                }
                (None | Some(Value::Null), _) if known.required && !self.options.encoded => {
                    return Err(failure(CodecFaultKind::Missing(known.key.to_string())));
                }
                (None | Some(Value::Null), _) => continue,
            };
            self.attribute(known, value)
                .map_err(|fault| fault.within(|| known.key.to_string()))?;
        }
        let wild =
            &codec.wildcards[kind.any_attributes.start as usize..kind.any_attributes.end as usize];
        for (key, value) in &object.fields {
            if key.starts_with('@')
                && !matches!(&**key, "@xsi:type" | "@xsi:nil")
                && !kind.keys.contains_key(&**key)
            {
                self.wild_attribute(key, value, wild)?;
            }
        }
        Ok(())
    }

    fn attribute(&mut self, known: &CompiledAttribute, value: Cow<'_, str>) -> Outcome<()> {
        let value = self.checked(known.simple, value)?;
        if let Some(fixed) = &known.fixed
            && **fixed != *value
        {
            return Err(not_fixed(fixed, &value));
        }
        self.declare(known.namespace);
        self.out.push(' ');
        let prefix = &self.codec.prefixes[known.namespace as usize];
        if !prefix.is_empty() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(&known.local);
        self.out.push_str("=\"");
        if !escape_attribute(&mut self.out, &value) {
            return Err(failure(CodecFaultKind::Character));
        }
        self.out.push('"');
        Ok(())
    }

    /// A text by its type; qualified names get a prefix that is declared in the open start tag.
    #[inline]
    fn checked<'t>(&mut self, simple: SimpleId, text: Cow<'t, str>) -> Outcome<Cow<'t, str>> {
        let codec = self.codec;
        let checked = codec.simple.check(simple, text);
        let text = checked.map_err(|fault| failure(CodecFaultKind::Value(fault)))?;
        if !codec.simple.get(simple).qualified {
            return Ok(text);
        }
        let always_name = codec.simple.get(simple).built_in.is_some();
        let mut words = Vec::new();
        for word in text.split_ascii_whitespace() {
            let parts = self.name_parts(word);
            if always_name && parts.is_none() && word.contains([':', '{']) {
                return Err(failure(CodecFaultKind::Value(ValueFault {
                    shape: shape_of(word),
                    rule: ValueRule::Prefix,
                })));
            }
            let parts = parts.map(|(uri, local)| (uri.to_owned(), local.to_owned()));
            words.push(match parts {
                Some((uri, local)) => match self.prefix_for(&uri) {
                    prefix if prefix.is_empty() => local,
                    prefix => format!("{prefix}:{local}"),
                },
                None => word.to_owned(),
            });
        }
        Ok(Cow::Owned(words.join(" ")))
    }
}

impl Codec {
    /// Namespaces of elements below an element, as far as declared content goes.
    fn reachable(&self, element: u32) -> &[u32] {
        self.elements[element as usize].reachable.get_or_init(|| {
            let mut types = vec![false; self.types.len()];
            let mut namespaces = vec![false; self.prefixes.len()];
            let mut open = vec![element];
            while let Some(at) = open.pop() {
                let element = &self.elements[at as usize];
                namespaces[element.namespace.index()] = true;
                if std::mem::replace(&mut types[element.type_index as usize], true) {
                    continue;
                }
                let kind = &self.types[element.type_index as usize];
                let slots = &self.slots[kind.slots.start as usize..kind.slots.end as usize];
                open.extend(slots.iter().map(|slot| slot.element));
            }
            let used = namespaces.iter().enumerate().filter(|(_, used)| **used);
            used.map(|(id, _)| u32::try_from(id).unwrap_or(u32::MAX))
                .collect()
        })
    }
}

/// Items of a list type (part 2, 2.5.1.2) given one by one.
fn joined(items: &[Value<'_>]) -> Outcome<String> {
    let mut out = String::new();
    for item in items {
        let Value::Text(text) = item else {
            return Err(shape(item, "a text"));
        };
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(text);
    }
    Ok(out)
}

fn shape(value: &Value<'_>, expected: &'static str) -> Box<Failure> {
    let found = match value {
        Value::Null => "null",
        Value::Text(_) => "a text",
        Value::Object(_) => "an object",
        Value::List(_) => "a list",
    };
    failure(CodecFaultKind::Shape { found, expected })
}

fn not_fixed(fixed: &str, value: &str) -> Box<Failure> {
    failure(CodecFaultKind::Value(ValueFault {
        shape: shape_of(value),
        rule: ValueRule::Fixed(fixed.to_owned()),
    }))
}

fn beyond(what: &'static str, bound: usize) -> Box<Failure> {
    failure(CodecFaultKind::Bound { what, bound })
}

fn failure(kind: CodecFaultKind) -> Box<Failure> {
    Box::new(Failure {
        kind,
        offset: None,
        path: Vec::new(),
    })
}
