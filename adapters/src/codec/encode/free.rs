//! What is not declared, and encoded arrays.

use super::{Mark, Outcome, TagName, Writing, failure, joined, shape};
use crate::codec::fault::CodecFaultKind;
use crate::codec::lexical::is_nc_name;
use crate::codec::table::*;
use crate::codec::value::{Object, Value};
use crate::codec::write::{escape_attribute, escape_text};
use crate::schema::known::{ENCODING_11, ENCODING_12};
use crate::soap::SoapVersion;

impl<'c, 'x> Writing<'c, 'x> {
    /// A child that a wildcard lets in: typed where its name is declared, as it is where not.
    pub(super) fn free_element<'v: 'x>(
        &mut self,
        key: &'v str,
        value: &'v Value<'v>,
        depth: usize,
    ) -> Outcome<()> {
        let codec = self.codec;
        let (namespace, local) = parts(key)?;
        let known = codec
            .namespace_ids
            .get(namespace)
            .and_then(|id| codec.global_element(*id, local));
        let written = match known {
            Some(element) => self.element(element, value, depth),
            None => self.named(namespace, local, 0, value, depth),
        };
        written.map_err(|fault| fault.within(|| local.to_owned()))
    }

    fn named<'v: 'x>(
        &mut self,
        namespace: &str,
        local: &str,
        type_index: u32,
        value: &'v Value<'v>,
        depth: usize,
    ) -> Outcome<()> {
        let name = TagName::Free { namespace, local };
        let mark: Mark = self.start(name)?;
        self.typed(name, type_index, None, value, depth)?;
        self.take_back(&mark);
        Ok(())
    }

    /// Attributes and content of `anyType`.
    pub(super) fn free_value<'v: 'x>(
        &mut self,
        name: TagName<'_>,
        value: &'v Value<'v>,
        depth: usize,
    ) -> Outcome<()> {
        let object = match value {
            Value::Object(object) => object,
            Value::Text(text) if text.is_empty() => {
                self.end(name, true);
                return Ok(());
            }
            Value::Text(text) => {
                self.out.push('>');
                self.escaped(text)?;
                self.end(name, false);
                return Ok(());
            }
            other => return Err(shape(other, "a text or an object")),
        };
        self.free_attributes(object)?;
        let tag_end = self.out.len();
        self.out.push('>');
        for (key, value) in &object.fields {
            match (&**key, value) {
                (key, _) if key.starts_with('@') => {}
                ("#text", Value::Text(text)) => self.escaped(text)?,
                (key, Value::List(items)) => {
                    for item in items {
                        self.free_element(key, item, depth + 1)?;
                    }
                }
                (key, single) => self.free_element(key, single, depth + 1)?,
            }
        }
        if self.out.len() == tag_end + 1 {
            self.out.truncate(tag_end);
            self.end(name, true);
        } else {
            self.end(name, false);
        }
        Ok(())
    }

    fn escaped(&mut self, text: &str) -> Outcome<()> {
        match escape_text(&mut self.out, text) {
            true => Ok(()),
            false => Err(failure(CodecFaultKind::Character)),
        }
    }

    pub(super) fn free_attributes(&mut self, object: &Object<'_>) -> Outcome<()> {
        for (key, value) in &object.fields {
            if key.starts_with('@') && !matches!(&**key, "@xsi:type" | "@xsi:nil") {
                self.free_attribute(key, value)?;
            }
        }
        Ok(())
    }

    /// An attribute that `anyAttribute` may let in.
    pub(super) fn wild_attribute(
        &mut self,
        key: &str,
        value: &Value<'_>,
        wild: &[CompiledWildcard],
    ) -> Outcome<()> {
        let codec = self.codec;
        let (namespace, _) = parts(&key[1..])?;
        let id = |uri: &str| codec.namespace_ids.get(uri).copied();
        let none = id("").unwrap_or(u32::MAX);
        let namespace = id(namespace).unwrap_or(u32::MAX - 1);
        match wild
            .iter()
            .any(|wildcard| wildcard.lets_in(namespace, none))
        {
            true => self.free_attribute(key, value),
            false => Err(failure(CodecFaultKind::Unknown(key.to_owned()))),
        }
    }

    fn free_attribute(&mut self, key: &str, value: &Value<'_>) -> Outcome<()> {
        let (namespace, local) = parts(&key[1..])?;
        let joined_items;
        let text = match value {
            Value::Text(text) => &**text,
            Value::List(items) => {
                joined_items = joined(items)?;
                &joined_items
            }
            Value::Null => return Ok(()),
            other => return Err(shape(other, "a text")),
        };
        let prefix = match namespace.is_empty() {
            true => String::new(),
            false => self.prefix_for(namespace) + ":",
        };
        self.out.push(' ');
        self.out.push_str(&prefix);
        self.out.push_str(local);
        self.out.push_str("=\"");
        if !escape_attribute(&mut self.out, text) {
            return Err(failure(CodecFaultKind::Character));
        }
        self.out.push('"');
        Ok(())
    }

    /// An encoded array: its items under one unqualified name (SOAP 1.1, 5.4.2).
    pub(super) fn array<'v: 'x>(
        &mut self,
        name: TagName<'_>,
        array: &'c Array,
        value: &'v Value<'v>,
        depth: usize,
    ) -> Outcome<()> {
        let codec = self.codec;
        let items = match value {
            Value::List(items) => items.as_slice(),
            // Also as it would be written: an object with one list.
            Value::Object(object) => {
                let mut fields = object
                    .fields
                    .iter()
                    .filter(|(key, _)| !key.starts_with('@'));
                match (fields.next(), fields.next()) {
                    (None, _) => &[],
                    (Some((_, Value::List(items))), None) => items.as_slice(),
                    (Some((_, single)), None) => std::slice::from_ref(single),
                    _ => return Err(shape(value, "a list")),
                }
            }
            Value::Text(text) if text.is_empty() => &[],
            other => std::slice::from_ref(other),
        };
        self.array_attributes(array, items.len());
        if items.is_empty() {
            self.end(name, true);
            return Ok(());
        }
        self.out.push('>');
        for (place, item) in items.iter().enumerate() {
            self.named("", &array.item_name, array.item, item, depth + 1)
                .map_err(|f| f.within(|| format!("{}[{}]", array.item_name, place + 1)))?;
        }
        debug_assert!((array.item as usize) < codec.types.len());
        self.end(name, false);
        Ok(())
    }

    /// `arrayType` (SOAP 1.1, 5.4.2), or `itemType` and `arraySize` (SOAP 1.2 part 2, 3.1.6).
    fn array_attributes(&mut self, array: &Array, count: usize) {
        let codec = self.codec;
        let (uri, prefix) = match self.options.encoding {
            Some(SoapVersion::V12) => (ENCODING_12, "enc12"),
            _ => (ENCODING_11, "soapenc"),
        };
        let Some(encoding) = codec.namespace_ids.get(uri).copied() else {
            return;
        };
        self.declare(encoding);
        if self.options.encoded() {
            self.declare(self.instance);
            self.out.push_str(&format!(" xsi:type=\"{prefix}:Array\""));
        }
        let Some(item) = codec.types[array.named as usize].name else {
            return;
        };
        let namespace = codec.names.namespace_of(item).0;
        self.declare(namespace);
        let item_prefix = &codec.prefixes[namespace as usize];
        let colon = if item_prefix.is_empty() { "" } else { ":" };
        let local = codec.names.local(item);
        let inner = &array.inner;
        let written = match self.options.encoding {
            // An array of arrays names no item type: each inner one has its own.
            Some(SoapVersion::V12) if !inner.is_empty() => {
                format!(" {prefix}:arraySize=\"{count}\"")
            }
            Some(SoapVersion::V12) => format!(
                " {prefix}:itemType=\"{item_prefix}{colon}{local}\" {prefix}:arraySize=\"{count}\""
            ),
            _ => format!(" {prefix}:arrayType=\"{item_prefix}{colon}{local}{inner}[{count}]\""),
        };
        self.out.push_str(&written);
    }
}

/// Namespace and local part of a key `{namespace}local` or `local`.
fn parts(key: &str) -> Outcome<(&str, &str)> {
    let found = match key.strip_prefix('{') {
        Some(rest) => rest.split_once('}'),
        None => Some(("", key)),
    };
    found
        .filter(|(_, local)| is_nc_name(local))
        .ok_or_else(|| failure(CodecFaultKind::Name(key.to_owned())))
}
