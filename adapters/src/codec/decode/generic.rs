//! What is not declared: content of `anyType`, of wildcards (part 1, 3.10.4), and items of encoded arrays (SOAP 1.1, 5.4.2).

use super::content::{Fields, is_blank};
use super::tags::RawAttribute;
use super::{Outcome, Piece, Reading, Tag};
use crate::codec::fault::CodecFaultKind;
use crate::codec::table::Array;
use crate::codec::value::{Object, Value};
use crate::schema::ProcessContents;
use crate::schema::known::{ENCODING_11, ENCODING_12};
use std::borrow::Cow;

/// Different names that one undeclared element may hold.
const NAMES_MAX: usize = 1024;

/// Namespaces whose attributes speak of the encoding, not of the value.
const OF_ENCODING: [&str; 4] = [
    ENCODING_11,
    ENCODING_12,
    "http://schemas.xmlsoap.org/soap/envelope/",
    "http://www.w3.org/2003/05/soap-envelope",
];

impl<'v> Reading<'v> {
    /// Whether attributes of a namespace are passed over.
    pub(super) fn is_of_encoding(&self, namespace: u32) -> bool {
        namespace != self.no_namespace && OF_ENCODING.contains(&self.uri(namespace))
    }

    /// A child that a wildcard let in. What is declared is checked, all else is kept as it is; `strict` is not insisted on, since
    /// real services put what no schema declares behind it.
    pub(super) fn wild(
        &mut self,
        wildcard: u32,
        tag: &Tag<'v>,
        depth: usize,
    ) -> Outcome<(Cow<'v, str>, Value<'v>)> {
        let process = self.codec.wildcards[wildcard as usize].process;
        let known = match process {
            ProcessContents::Skip => None,
            _ if self.plain => None,
            _ => self.codec.global_element(tag.namespace, tag.local),
        };
        match known {
            Some(element) => {
                let key = self.free_key(tag.namespace, tag.local);
                let value = self.element(element, tag, depth);
                let value = value.map_err(|failure| failure.within(|| tag.local.to_owned()))?;
                Ok((key, value))
            }
            None => self.free_element(tag, depth),
        }
    }

    /// An element that nothing declares.
    pub(super) fn free_element(
        &mut self,
        tag: &Tag<'v>,
        depth: usize,
    ) -> Outcome<(Cow<'v, str>, Value<'v>)> {
        let key = self.free_key(tag.namespace, tag.local);
        // Type 0 is anyType.
        let value = self.typed(0, None, depth);
        let value = value.map_err(|failure| failure.within(|| tag.local.to_owned()))?;
        self.close(tag.bindings);
        Ok((key, value))
    }

    /// The value of an element that nothing declares, its start tag read.
    pub(crate) fn undeclared(&mut self, tag: &Tag<'v>, depth: usize) -> Outcome<Value<'v>> {
        let value = self.typed(0, None, depth)?;
        self.close(tag.bindings);
        Ok(value)
    }

    fn free_key(&self, namespace: u32, local: &'v str) -> Cow<'v, str> {
        match namespace == self.no_namespace {
            true => Cow::Borrowed(local),
            false => Cow::Owned(format!("{{{}}}{local}", self.uri(namespace))),
        }
    }

    pub(super) fn free_attributes(&mut self, fields: &mut Fields<'v>) -> Outcome<()> {
        for place in 0..self.attributes.len() {
            let attribute = self.attributes[place].clone();
            let reference = self.options.encoded && matches!(attribute.local, "id" | "href");
            if !reference && !self.is_of_encoding(attribute.namespace) {
                self.free_attribute(attribute, fields)?;
            }
        }
        Ok(())
    }

    pub(super) fn free_attribute(
        &self,
        attribute: RawAttribute<'v>,
        fields: &mut Fields<'v>,
    ) -> Outcome<()> {
        let key = match attribute.namespace == self.no_namespace {
            true => format!("@{}", attribute.local),
            false => format!("@{{{}}}{}", self.uri(attribute.namespace), attribute.local),
        };
        fields.push((Cow::Owned(key), Value::Text(attribute.value)));
        Ok(())
    }

    pub(super) fn free_content(
        &mut self,
        mut fields: Fields<'v>,
        depth: usize,
    ) -> Outcome<Value<'v>> {
        let mut text = Cow::Borrowed("");
        let mut children = false;
        loop {
            match self.next()? {
                Piece::Start(tag) => {
                    children = true;
                    let known = match self.plain {
                        true => None,
                        false => self.codec.global_element(tag.namespace, tag.local),
                    };
                    let (key, value) = match known {
                        Some(element) => {
                            let key = self.free_key(tag.namespace, tag.local);
                            let value = self.element(element, &tag, depth + 1);
                            (key, value.map_err(|f| f.within(|| tag.local.to_owned()))?)
                        }
                        None => self.free_element(&tag, depth + 1)?,
                    };
                    self.add_free(&mut fields, key, value)?;
                }
                Piece::Text(piece) if text.is_empty() => text = piece,
                Piece::Text(piece) => text.to_mut().push_str(&piece),
                Piece::End => break,
                Piece::Eof => return Err(self.malformed("the document ends inside an element")),
            }
        }
        if fields.is_empty() && !children {
            return Ok(Value::Text(text));
        }
        let typed_only = !children && !text.is_empty();
        if typed_only || !is_blank(&text) {
            fields.push((Cow::Borrowed("#text"), Value::Text(text)));
        }
        Ok(Value::Object(Object { fields }))
    }

    /// Adds an undeclared child; the second of a name makes a list.
    pub(super) fn add_free(
        &self,
        fields: &mut Fields<'v>,
        key: Cow<'v, str>,
        value: Value<'v>,
    ) -> Outcome<()> {
        let full = fields.len() >= NAMES_MAX;
        match fields.iter_mut().rev().find(|(known, _)| *known == key) {
            Some((_, Value::List(items))) => items.push(value),
            Some((_, known)) => {
                let first = std::mem::replace(known, Value::Null);
                *known = Value::List(vec![first, value]);
            }
            None if full => {
                return Err(self.bound("names in one undeclared element", NAMES_MAX));
            }
            None => fields.push((key, value)),
        }
        Ok(())
    }

    /// Items of an encoded array, whatever they are called.
    pub(super) fn array(
        &mut self,
        array: &'v Array,
        _fields: Fields<'v>,
        depth: usize,
    ) -> Outcome<Value<'v>> {
        let item_type = self.instance_item_type(array);
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Piece::Start(tag) => {
                    let place = items.len() + 1;
                    let value = self.typed(item_type, None, depth + 1);
                    let value =
                        value.map_err(|f| f.within(|| format!("{}[{place}]", tag.local)))?;
                    self.close(tag.bindings);
                    items.push(value);
                }
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(_) => return Err(self.failure(CodecFaultKind::Text)),
                Piece::End => return Ok(Value::List(items)),
                Piece::Eof => return Err(self.malformed("the document ends inside an element")),
            }
        }
    }

    /// The item type; of an array of anything, the one that the message names.
    fn instance_item_type(&mut self, array: &Array) -> u32 {
        if array.item != 0 {
            return array.item;
        }
        let attributes = std::mem::take(&mut self.attributes);
        let named = attributes.iter().find(|attribute| {
            matches!(attribute.local, "arrayType" | "itemType")
                && self.is_of_encoding(attribute.namespace)
        });
        let written = named.and_then(|attribute| attribute.value.split('[').next());
        let found = written.and_then(|name| self.named_type(name, 0).ok());
        found.unwrap_or(array.item)
    }
}
