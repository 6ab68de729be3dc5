//! Text content and attributes, checked by their types (part 1, 3.2.4 and 3.3.4; part 2, 4.1.4).

use super::{Outcome, TagName, Writing, failure, joined, not_fixed, shape};
use crate::codec::decode::INCLUDE;
use crate::codec::fault::{CodecFaultKind, ValueFault, ValueRule, shape_of};
use crate::codec::simple::SimpleId;
use crate::codec::table::*;
use crate::codec::value::{Object, Value};
use crate::codec::write::{escape_attribute, escape_text};
use std::borrow::Cow;

impl<'c, 'x> Writing<'c, 'x> {
    /// An element that is nothing but a text.
    #[inline]
    pub(super) fn leaf(
        &mut self,
        element: &CompiledElement,
        simple: SimpleId,
        text: &str,
    ) -> Outcome<()> {
        let name = TagName::Declared(element);
        let mark = self.start(name)?;
        let checked;
        let text = match self.codec.simple.get(simple).free {
            true => text,
            false => {
                checked = self.checked(simple, Cow::Borrowed(text))?;
                &*checked
            }
        };
        if text.is_empty() {
            self.end(name, true);
        } else {
            self.out.push('>');
            if !escape_text(&mut self.out, text) {
                return Err(failure(CodecFaultKind::Character));
            }
            self.end(name, false);
        }
        self.take_back(&mark);
        Ok(())
    }

    /// Text content, with attributes where the type has some.
    pub(super) fn text<'v: 'x>(
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
            && !self.codec.simple.same(simple, fixed, &text)
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
            let included = binary && key == INCLUDE;
            let known = key.starts_with('@') || key == "#text" || kind.keys.contains_key(&**key);
            !(known || included)
        });
        match other {
            Some((key, _)) => Err(failure(CodecFaultKind::Unknown(key.to_string()))),
            None => Ok(()),
        }
    }

    pub(super) fn empty<'v: 'x>(
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
    pub(super) fn attributes(
        &mut self,
        kind: &'c CompiledType,
        object: &Object<'_>,
    ) -> Outcome<()> {
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
                (None | Some(Value::Null), _) if known.required && !self.options.encoded() => {
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
            && !self.codec.simple.same(known.simple, fixed, &value)
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
