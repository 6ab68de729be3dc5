//! Values to XML, in the order of the schema and checked by it.
//!
//! Every namespace has one prefix in a message. Those that a message is likely to need are declared on its root, all others where
//! they are first needed; nothing is ever written in a default namespace, so that unqualified elements stay unqualified.

mod choice;
mod content;
mod free;
mod ordered;
mod tags;
mod text;
mod types;

use super::decode::{Failure, Outcome, ValueLimits};
use super::fault::{CodecFault, CodecFaultKind, ValueFault, ValueRule, shape_of};
use super::table::*;
use super::value::{Object, Value};
use crate::schema::ElementId;
use crate::soap::SoapVersion;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EncodeOptions {
    /// Bounds of what is written.
    pub limits: ValueLimits,
    /// Whether every element names its type and arrays their size, as the encoded use has it (SOAP 1.1, section 5).
    /// For which version of SOAP, if it is.
    pub encoding: Option<SoapVersion>,
}

impl EncodeOptions {
    fn encoded(&self) -> bool {
        self.encoding.is_some()
    }
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
    /// How many of them are for places that must be filled.
    owed: usize,
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
        if self.options.encoded() {
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
        } else if self.options.encoded() && kind.array.is_none() {
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
        let may = self.options.encoded() || declared.is_none_or(|declared| declared.nillable);
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
