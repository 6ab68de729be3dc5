//! Elements with a declared type.

use super::order::Order;
use super::text::text_or_object;
use super::{Outcome, Piece, Reading, Tag, Unknown};
use crate::codec::fault::CodecFaultKind;
use crate::codec::matcher::{Child, Matched, Mismatch};
use crate::codec::table::*;
use crate::codec::value::{Object, Value};
use crate::schema::known::RPC_12;
use std::borrow::Cow;

/// Fields that room is made for before any is read; a type may have thousands and a message few.
const FIELDS_AT_ONCE: usize = 16;

/// Fields of an element while it is read.
pub(super) type Fields<'v> = Vec<(Cow<'v, str>, Value<'v>)>;

impl<'v> Reading<'v> {
    /// The value of an element whose start tag was read; reads up to its end.
    pub(crate) fn element(
        &mut self,
        element: u32,
        tag: &Tag<'v>,
        depth: usize,
    ) -> Outcome<Value<'v>> {
        let codec = self.codec;
        let declared = &codec.elements[element as usize];
        if declared.is_abstract {
            let name = codec.expanded(declared.name);
            return Err(self.failure(CodecFaultKind::Abstract(name)));
        }
        let value = self.typed(declared.type_index, Some(declared), depth)?;
        self.close(tag.bindings);
        Ok(value)
    }

    /// The value of an element of a type; `declared` where a declaration is known too.
    pub(super) fn typed(
        &mut self,
        declared_type: u32,
        declared: Option<&'v CompiledElement>,
        depth: usize,
    ) -> Outcome<Value<'v>> {
        let codec = self.codec;
        if depth > self.depth_max {
            return Err(self.bound("levels", self.depth_max));
        }
        let mut kind = &codec.types[declared_type as usize];
        if self.attributes.is_empty()
            && let Content::Simple(simple) = kind.content
            && kind.attributes.is_empty()
        {
            return match codec.simple.get(simple).binary {
                false => self.simple(simple, declared).map(Value::Text),
                true => self.binary(simple, declared, Vec::new()),
            };
        }
        let slots = (kind.slots.end - kind.slots.start) as usize;
        let room = self.attributes.len() + slots.min(FIELDS_AT_ONCE);
        let mut fields: Fields<'v> = Vec::with_capacity(room);
        let instance = self.instance_attributes()?;
        if let Some(name) = instance.type_name {
            let actual = self.named_type(&name, declared_type)?;
            if actual != declared_type {
                kind = &codec.types[actual as usize];
                let name = kind
                    .name
                    .map(|name| codec.expanded(name))
                    .unwrap_or_default();
                fields.push((Cow::Borrowed("@xsi:type"), Value::Text(Cow::Owned(name))));
            }
        }
        if kind.is_abstract {
            let name = kind
                .name
                .map(|name| codec.expanded(name))
                .unwrap_or_default();
            return Err(self.failure(CodecFaultKind::Abstract(name)));
        }
        if kind.array.is_none() {
            match kind.content {
                Content::Any => self.free_attributes(&mut fields)?,
                _ => self.declared_attributes(kind, &mut fields)?,
            }
        }
        if instance.nil {
            return self.nil(declared, fields);
        }
        if let Some(array) = &kind.array {
            return self.array(array, fields, depth);
        }
        match kind.content {
            Content::Any => self.free_content(fields, depth),
            Content::Simple(simple) if codec.simple.get(simple).binary => {
                self.binary(simple, declared, fields)
            }
            Content::Simple(simple) => {
                let text = self.simple(simple, declared)?;
                Ok(text_or_object(text, fields))
            }
            Content::Empty { mixed } => {
                let text = self.text_content()?;
                match (mixed, is_blank(&text)) {
                    (false, false) => Err(self.failure(CodecFaultKind::Text)),
                    (true, false) => Ok(text_or_object(text, fields)),
                    (_, true) => Ok(Value::Object(Object { fields })),
                }
            }
            Content::Model { .. } if self.options.encoded => self.accessors(kind, fields, depth),
            Content::Model { root, mixed } => self.children(kind, root, mixed, fields, depth),
        }
    }

    /// Members of an encoded structure: told apart by their local names, in any order, absent ones being nil (SOAP 1.1, 5.1 and
    /// 5.4.1).
    fn accessors(
        &mut self,
        kind: &'v CompiledType,
        mut fields: Fields<'v>,
        depth: usize,
    ) -> Outcome<Value<'v>> {
        let codec = self.codec;
        let slots = &codec.slots[kind.slots.start as usize..kind.slots.end as usize];
        let attributes = fields.len();
        loop {
            let tag = match self.next()? {
                Piece::Start(tag) => tag,
                Piece::End => return Ok(Value::Object(Object { fields })),
                Piece::Text(text) if is_blank(&text) => continue,
                Piece::Text(_) => return Err(self.failure(CodecFaultKind::Text)),
                Piece::Eof => return Err(self.malformed("the document ends inside an element")),
            };
            if self.uri(tag.namespace) == RPC_12 {
                self.skip()?;
                self.close(tag.bindings);
                continue;
            }
            let known = slots
                .iter()
                .find(|slot| *codec.elements[slot.element as usize].local == *tag.local);
            match known {
                Some(slot) => {
                    let value = self.element(slot.element, &tag, depth + 1);
                    let value = value.map_err(|failure| {
                        failure.within(|| numbered(slot, &fields[attributes..]))
                    })?;
                    if !slot.repeats && fields.iter().any(|(key, _)| **key == *slot.key) {
                        let (name, given) = (slot.key.to_string(), 2);
                        return Err(self.failure(CodecFaultKind::TooMany { name, given }));
                    }
                    place(&mut fields, slot, value);
                }
                None if self.options.unknown == Unknown::Refuse => {
                    return Err(self.mismatch(&tag, &Mismatch::NoMore));
                }
                None => self.unknown(&tag, &mut fields, depth)?,
            }
        }
    }

    fn children(
        &mut self,
        kind: &'v CompiledType,
        root: u32,
        mixed: bool,
        mut fields: Fields<'v>,
        depth: usize,
    ) -> Outcome<Value<'v>> {
        let codec = self.codec;
        let slots = &codec.slots[kind.slots.start as usize..kind.slots.end as usize];
        let attributes = fields.len();
        // Of mixed content: texts and children in order.
        let mut ordered: Vec<Value<'v>> = Vec::new();
        let mut has_text = false;
        let mut order = Order::of(kind, self.options.without_order);
        let base = self.matcher.open(codec, root);
        loop {
            let tag = match self.next_in_elements()? {
                Piece::Start(tag) => tag,
                Piece::End => break,
                Piece::Text(text) if mixed => {
                    has_text |= !is_blank(&text);
                    ordered.push(Value::Text(text));
                    continue;
                }
                Piece::Text(text) if is_blank(&text) => continue,
                Piece::Text(_) => return Err(self.failure(CodecFaultKind::Text)),
                Piece::Eof => return Err(self.malformed("the document ends inside an element")),
            };
            if self.options.unknown != Unknown::Refuse && self.is_unknown(&tag, slots, kind) {
                self.unknown(&tag, &mut fields, depth)?;
                continue;
            }
            let mut child = Child::new(tag.namespace, tag.local, self.no_namespace);
            match self.matcher.advance(codec, base, &mut child) {
                Ok(Matched::Element(found)) => {
                    let slot = &slots[found.slot as usize];
                    let leaf = codec.elements[found.element as usize].leaf;
                    let bare = self.attributes.is_empty() && depth < self.depth_max;
                    let value = match leaf.filter(|_| bare) {
                        Some(simple) => {
                            let text = self.leaf(simple);
                            self.close(tag.bindings);
                            text.map(Value::Text)
                        }
                        None => self.element(found.element, &tag, depth + 1),
                    };
                    let value = value.map_err(|failure| {
                        failure.within(|| numbered(slot, &fields[attributes..]))
                    })?;
                    if mixed {
                        ordered.push(one_child(Cow::Borrowed(&slot.key), value));
                    } else {
                        order.add(&slot.key, found.slot);
                        place(&mut fields, slot, value);
                    }
                }
                Ok(Matched::Wildcard(wildcard)) => {
                    let (key, value) = self.wild(wildcard, &tag, depth + 1)?;
                    if mixed {
                        ordered.push(one_child(key, value));
                    } else {
                        order.add(&key, u32::MAX);
                        self.add_free(&mut fields, key, value)?;
                    }
                }
                Err(mismatch) => return Err(self.mismatch(&tag, &mismatch)),
            }
        }
        if let Err(due) = self.matcher.finish(codec, base) {
            let expected = codec.expected(due);
            return Err(self.failure(CodecFaultKind::Missing(expected)));
        }
        if mixed {
            self.arrange(ordered, has_text, slots, &mut fields, &mut order)?;
        }
        if let Some(order) = order.told() {
            fields.push((Cow::Borrowed("#order"), Value::Text(Cow::Owned(order))));
        }
        match fields.as_slice() {
            [(key, Value::Text(_))] if mixed && key == "#text" => match fields.pop() {
                Some((_, value)) => Ok(value),
                None => Ok(Value::Null),
            },
            _ => Ok(Value::Object(Object { fields })),
        }
    }

    /// Mixed content: fields where there are elements or text only, `#content` where there are both.
    fn arrange(
        &self,
        ordered: Vec<Value<'v>>,
        has_text: bool,
        slots: &'v [Slot],
        fields: &mut Fields<'v>,
        order: &mut Order,
    ) -> Outcome<()> {
        let has_elements = ordered.iter().any(|piece| !matches!(piece, Value::Text(_)));
        if has_text && has_elements {
            fields.push((Cow::Borrowed("#content"), Value::List(ordered)));
            return Ok(());
        }
        let mut all = Cow::Borrowed("");
        for piece in ordered {
            match piece {
                Value::Text(text) if all.is_empty() => all = text,
                Value::Text(text) => all.to_mut().push_str(&text),
                Value::Object(object) => {
                    for (key, value) in object.fields {
                        match slots.iter().position(|slot| *slot.key == *key) {
                            Some(at) => {
                                order.add(&key, u32::try_from(at).unwrap_or(u32::MAX));
                                place(fields, &slots[at], value);
                            }
                            None => {
                                order.add(&key, u32::MAX);
                                self.add_free(fields, key, value)?;
                            }
                        }
                    }
                }
                Value::Null | Value::List(_) => {}
            }
        }
        if !has_elements {
            fields.push((Cow::Borrowed("#text"), Value::Text(all)));
        }
        Ok(())
    }
}

pub(super) fn one_child<'v>(key: Cow<'v, str>, value: Value<'v>) -> Value<'v> {
    Value::Object(Object {
        fields: vec![(key, value)],
    })
}

/// The step of a path: a name, and which one of several it is.
fn numbered(slot: &Slot, fields: &[(Cow<'_, str>, Value<'_>)]) -> String {
    let known = fields.iter().find(|(key, _)| **key == *slot.key);
    match known {
        _ if !slot.repeats => slot.key.to_string(),
        Some((_, Value::List(items))) => format!("{}[{}]", slot.key, items.len() + 1),
        _ => format!("{}[1]", slot.key),
    }
}

#[inline(always)]
fn place<'v>(fields: &mut Fields<'v>, slot: &'v Slot, value: Value<'v>) {
    if !slot.repeats {
        fields.push((Cow::Borrowed(&slot.key), value));
        return;
    }
    // Keys of slots are borrowed from them, so the same slot is the same text.
    let known = fields
        .iter_mut()
        .rev()
        .find(|(key, _)| std::ptr::eq(key.as_ptr(), slot.key.as_ptr()));
    match known {
        Some((_, Value::List(items))) => items.push(value),
        _ => fields.push((Cow::Borrowed(&slot.key), Value::List(vec![value]))),
    }
}

#[inline]
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}
