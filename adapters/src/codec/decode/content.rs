//! Elements with a declared type.

use super::{Failure, Outcome, Piece, Reading, Tag, Unknown};
use crate::codec::fault::{CodecFaultKind, ValueFault, ValueRule, shape_of};
use crate::codec::matcher::{Child, Matched, Mismatch};
use crate::codec::simple::{SimpleId, qualified_value};
use crate::codec::table::*;
use crate::codec::value::{Object, Value};
use crate::schema::ExpandedName;
use std::borrow::Cow;

/// Namespace of references to attachments (XOP, section 1.2).
const XOP: &str = "http://www.w3.org/2004/08/xop/include";
/// Key of such a reference in a value.
pub(in crate::codec) const INCLUDE: &str = "{http://www.w3.org/2004/08/xop/include}Include";

/// Fields of an element while it is read.
pub(super) type Fields<'v> = Vec<(Cow<'v, str>, Value<'v>)>;

/// What the attributes of the schema instance say of an element.
pub(super) struct Instance<'v> {
    pub(super) type_name: Option<Cow<'v, str>>,
    pub(super) nil: bool,
}

impl<'v> Reading<'v> {
    /// A whole document.
    pub(super) fn document(&mut self, root: Option<u32>) -> Outcome<(ExpandedName, Value<'v>)> {
        let tag = self.root()?;
        let name = ExpandedName::new(self.uri(tag.namespace), tag.local);
        let element = match root {
            Some(element) => {
                let declared = &self.codec.elements[element as usize];
                let same = declared.namespace.0 == tag.namespace && *declared.local == *tag.local;
                same.then_some(element)
            }
            None => self.codec.global_element(tag.namespace, tag.local),
        };
        let Some(element) = element else {
            let expected = match root {
                Some(element) => self
                    .codec
                    .expanded(self.codec.elements[element as usize].name),
                None => "a global element of the schema".to_owned(),
            };
            let found = name.to_string();
            return Err(self.failure(CodecFaultKind::Unexpected { found, expected }));
        };
        let value = self.element(element, &tag, 1);
        let value = value.map_err(|failure| failure.within(|| tag.local.to_owned()))?;
        self.nothing_more()?;
        Ok((name, value))
    }

    /// The start tag of the root.
    pub(crate) fn root(&mut self) -> Outcome<Tag<'v>> {
        loop {
            match self.next()? {
                Piece::Start(tag) => return Ok(tag),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(_) => return Err(self.malformed("text outside the root element")),
                Piece::End | Piece::Eof => return Err(self.malformed("there is no element")),
            }
        }
    }

    /// Only white space after the root.
    pub(crate) fn nothing_more(&mut self) -> Outcome<()> {
        loop {
            match self.next()? {
                Piece::Eof => return Ok(()),
                Piece::Text(text) if is_blank(&text) => {}
                _ => return Err(self.malformed("something follows the root element")),
            }
        }
    }

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
        let value = self.typed(declared.type_index, Some(declared), tag, depth)?;
        self.close(tag.bindings);
        Ok(value)
    }

    /// The value of an element of a type; `declared` where a declaration is known too.
    pub(super) fn typed(
        &mut self,
        declared_type: u32,
        declared: Option<&'v CompiledElement>,
        tag: &Tag<'v>,
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
        let mut fields: Fields<'v> = Vec::new();
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

    /// Takes `xsi:type` and `xsi:nil` out of the attributes, and what only speaks to a validator.
    pub(super) fn instance_attributes(&mut self) -> Outcome<Instance<'v>> {
        let mut found = Instance {
            type_name: None,
            nil: false,
        };
        let instance = self.instance;
        if !self.attributes.iter().any(|a| a.namespace == instance) {
            return Ok(found);
        }
        for attribute in &self.attributes {
            if attribute.namespace != instance {
                continue;
            }
            match attribute.local {
                "type" => found.type_name = Some(attribute.value.clone()),
                "nil" => found.nil = matches!(attribute.value.trim(), "true" | "1"),
                _ => {}
            }
        }
        self.attributes.retain(|a| a.namespace != instance);
        Ok(found)
    }

    /// The type that `xsi:type` names (part 1, 2.6.1 and 3.3.4).
    pub(super) fn named_type(&self, written: &str, declared: u32) -> Outcome<u32> {
        let codec = self.codec;
        let (namespace, local) = self.resolved(written.trim(), true)?;
        let found = codec
            .name(namespace, local)
            .and_then(|name| codec.global_types.get(&name).copied());
        match found.filter(|found| codec.derives(*found, declared)) {
            Some(found) => Ok(found),
            // Encoded messages name types of the encoding, or what the sender's language has, for the declared ones.
            None if self.options.encoded => Ok(declared),
            None => {
                let name = ExpandedName::new(self.uri(namespace), local).to_string();
                Err(self.failure(CodecFaultKind::Type(name)))
            }
        }
    }

    fn declared_attributes(
        &mut self,
        kind: &'v CompiledType,
        fields: &mut Fields<'v>,
    ) -> Outcome<()> {
        let codec = self.codec;
        let declared =
            &codec.attributes[kind.attributes.start as usize..kind.attributes.end as usize];
        let before = fields.len();
        for place in 0..self.attributes.len() {
            let attribute = self.attributes[place].clone();
            let known = declared.iter().find(|known| {
                known.namespace == attribute.namespace && *known.local == *attribute.local
            });
            if let Some(known) = known {
                let value = self.attribute(known, attribute.value)?;
                fields.push((Cow::Borrowed(&known.key), Value::Text(value)));
                continue;
            }
            let wild = &codec.wildcards
                [kind.any_attributes.start as usize..kind.any_attributes.end as usize];
            let let_in = wild
                .iter()
                .any(|wildcard| wildcard.lets_in(attribute.namespace, self.no_namespace));
            if let_in || self.options.unknown == Unknown::Keep {
                if !self.is_of_encoding(attribute.namespace) {
                    self.free_attribute(attribute, fields)?;
                }
            } else if self.options.unknown == Unknown::Refuse
                && !self.is_of_encoding(attribute.namespace)
                && !(self.options.encoded && matches!(attribute.local, "id" | "href"))
            {
                let name = ExpandedName::new(self.uri(attribute.namespace), attribute.local);
                return Err(self.failure(CodecFaultKind::Attribute(name.to_string())));
            }
        }
        for known in declared {
            let given = fields[before..].iter().any(|(key, _)| **key == *known.key);
            if given {
                continue;
            }
            if known.required && !self.options.encoded {
                let name = known.key.to_string();
                return Err(self.failure(CodecFaultKind::Missing(name)));
            }
            if self.options.defaults
                && let Some(value) = known.fixed.as_ref().or(known.default.as_ref())
            {
                fields.push((Cow::Borrowed(&known.key), Value::text(&**value)));
            }
        }
        Ok(())
    }

    fn attribute(
        &self,
        known: &'v CompiledAttribute,
        value: Cow<'v, str>,
    ) -> Outcome<Cow<'v, str>> {
        let value = self.checked(known.simple, value);
        let value = value.map_err(|failure| failure.within(|| known.key.to_string()))?;
        match &known.fixed {
            Some(fixed) if **fixed != *value => {
                let failure = self.not_fixed(fixed, &value);
                Err(failure.within(|| known.key.to_string()))
            }
            _ => Ok(value),
        }
    }

    fn not_fixed(&self, fixed: &str, value: &str) -> Box<Failure> {
        self.failure(CodecFaultKind::Value(ValueFault {
            shape: shape_of(value),
            rule: ValueRule::Fixed(fixed.to_owned()),
        }))
    }

    /// The text of an element up to its end, checked.
    #[inline]
    fn simple(
        &mut self,
        simple: SimpleId,
        declared: Option<&'v CompiledElement>,
    ) -> Outcome<Cow<'v, str>> {
        let offset = self.offset;
        let text = self.text_content()?;
        self.fixed_or_checked(simple, declared, text)
            .map_err(|mut failure| {
                failure.offset = Some(offset);
                failure
            })
    }

    #[inline]
    fn fixed_or_checked(
        &self,
        simple: SimpleId,
        declared: Option<&'v CompiledElement>,
        text: Cow<'v, str>,
    ) -> Outcome<Cow<'v, str>> {
        let constraint = declared.and_then(|d| d.fixed.as_ref().or(d.default.as_ref()));
        if let Some(value) = constraint
            && text.is_empty()
        {
            return Ok(Cow::Borrowed(if self.options.defaults {
                value
            } else {
                ""
            }));
        }
        let value = self.checked(simple, text)?;
        match declared.and_then(|d| d.fixed.as_ref()) {
            Some(fixed) if **fixed != *value => Err(self.not_fixed(fixed, &value)),
            _ => Ok(value),
        }
    }

    /// Bytes in base64, or a reference to the attachment that has them (XOP, section 2.1; MTOM, section 3).
    fn binary(
        &mut self,
        simple: SimpleId,
        declared: Option<&'v CompiledElement>,
        mut fields: Fields<'v>,
    ) -> Outcome<Value<'v>> {
        let mut text = Cow::Borrowed("");
        let mut included = None;
        loop {
            match self.next()? {
                Piece::Start(tag) => {
                    let first = included.is_none() && is_blank(&text);
                    if !first || tag.local != "Include" || self.uri(tag.namespace) != XOP {
                        let found = tag.local.to_owned();
                        let expected = "a text".to_owned();
                        return Err(self.failure(CodecFaultKind::Unexpected { found, expected }));
                    }
                    let href = self.attributes.iter().find(|a| a.local == "href");
                    let Some(href) = href.map(|href| href.value.clone()) else {
                        return Err(self.failure(CodecFaultKind::Missing("@href".to_owned())));
                    };
                    self.skip()?;
                    self.close(tag.bindings);
                    included = Some(href);
                }
                Piece::Text(piece) if text.is_empty() => text = piece,
                Piece::Text(piece) => text.to_mut().push_str(&piece),
                Piece::End => break,
                Piece::Eof => return Err(self.malformed("the document ends inside an element")),
            }
        }
        let Some(href) = included else {
            let value = self.fixed_or_checked(simple, declared, text)?;
            return Ok(text_or_object(value, fields));
        };
        if !is_blank(&text) {
            return Err(self.failure(CodecFaultKind::Text));
        }
        let reference = one_child(Cow::Borrowed("@href"), Value::Text(href));
        fields.push((Cow::Borrowed(INCLUDE), reference));
        Ok(Value::Object(Object { fields }))
    }

    #[inline]
    fn checked(&self, simple: SimpleId, text: Cow<'v, str>) -> Outcome<Cow<'v, str>> {
        let types = &self.codec.simple;
        let text = match types.get(simple).qualified {
            true => self.expanded_value(simple, text)?,
            false => text,
        };
        types
            .check(simple, text)
            .map_err(|fault| self.failure(CodecFaultKind::Value(fault)))
    }

    /// Qualified names become `{namespace}local`, so that they mean something outside of the message.
    fn expanded_value(&self, simple: SimpleId, text: Cow<'v, str>) -> Outcome<Cow<'v, str>> {
        let always_name = self.codec.simple.get(simple).built_in.is_some();
        let mut out = Vec::new();
        for word in text.split_ascii_whitespace() {
            match self.resolved(word, true) {
                Ok((namespace, _)) => out.push(qualified_value(self.uri(namespace), word)),
                Err(failure) if always_name && failure.kind == CodecFaultKind::Prefix => {
                    return Err(self.failure(CodecFaultKind::Value(ValueFault {
                        shape: shape_of(word),
                        rule: ValueRule::Prefix,
                    })));
                }
                // In a union it may be no name at all.
                Err(_) => out.push(word.to_owned()),
            }
        }
        Ok(Cow::Owned(out.join(" ")))
    }

    fn nil(
        &mut self,
        declared: Option<&'v CompiledElement>,
        mut fields: Fields<'v>,
    ) -> Outcome<Value<'v>> {
        let strict = self.options.unknown == Unknown::Refuse && !self.options.encoded;
        if strict && declared.is_some_and(|declared| !declared.nillable) {
            return Err(self.failure(CodecFaultKind::Nil));
        }
        let text = self.text_content()?;
        if !is_blank(&text) {
            return Err(self.failure(CodecFaultKind::Text));
        }
        match fields.is_empty() {
            true => Ok(Value::Null),
            false => {
                fields.push((Cow::Borrowed("@xsi:nil"), Value::text("true")));
                Ok(Value::Object(Object { fields }))
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
        fields.reserve(slots.len().min(32));
        // Of mixed content: texts and children in order.
        let mut ordered: Vec<Value<'v>> = Vec::new();
        let mut has_text = false;
        let base = self.matcher.open(codec, root);
        loop {
            let tag = match self.next()? {
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
                    let value = self.element(found.element, &tag, depth + 1);
                    let value = value.map_err(|failure| {
                        failure.within(|| numbered(slot, &fields[attributes..]))
                    })?;
                    if mixed {
                        ordered.push(one_child(Cow::Borrowed(&slot.key), value));
                    } else {
                        place(&mut fields, slot, value);
                    }
                }
                Ok(Matched::Wildcard(wildcard)) => {
                    let (key, value) = self.wild(wildcard, &tag, depth + 1)?;
                    if mixed {
                        ordered.push(one_child(key, value));
                    } else {
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
            self.arrange(ordered, has_text, slots, &mut fields)?;
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
                        match slots.iter().find(|slot| *slot.key == *key) {
                            Some(slot) => place(fields, slot, value),
                            None => self.add_free(fields, key, value)?,
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

    fn mismatch(&self, tag: &Tag<'v>, mismatch: &Mismatch) -> Box<Failure> {
        let found = ExpandedName::new(self.uri(tag.namespace), tag.local).to_string();
        let expected = match mismatch {
            Mismatch::Expected(node) => self.codec.expected(*node),
            Mismatch::NoMore => "the end of the element".to_owned(),
        };
        self.failure(CodecFaultKind::Unexpected { found, expected })
    }

    fn is_unknown(&self, tag: &Tag<'v>, slots: &[Slot], kind: &CompiledType) -> bool {
        let known = slots.iter().any(|slot| {
            let element = &self.codec.elements[slot.element as usize];
            element.namespace.0 == tag.namespace && *element.local == *tag.local
        });
        let Content::Model { root, .. } = kind.content else {
            return !known;
        };
        !known && !self.has_wildcard(root)
    }

    fn has_wildcard(&self, node: u32) -> bool {
        let node = &self.codec.nodes[node as usize];
        match node.kind {
            NodeKind::Any => true,
            NodeKind::Element => false,
            _ => self.codec.children[node.range()]
                .iter()
                .any(|child| self.has_wildcard(*child)),
        }
    }

    fn unknown(&mut self, tag: &Tag<'v>, fields: &mut Fields<'v>, depth: usize) -> Outcome<()> {
        match self.options.unknown {
            Unknown::Keep => {
                let (key, value) = self.free_element(tag, depth + 1)?;
                self.add_free(fields, key, value)
            }
            _ => {
                self.skip()?;
                self.close(tag.bindings);
                Ok(())
            }
        }
    }
}

fn one_child<'v>(key: Cow<'v, str>, value: Value<'v>) -> Value<'v> {
    Value::Object(Object {
        fields: vec![(key, value)],
    })
}

fn text_or_object<'v>(text: Cow<'v, str>, mut fields: Fields<'v>) -> Value<'v> {
    if fields.is_empty() {
        return Value::Text(text);
    }
    fields.push((Cow::Borrowed("#text"), Value::Text(text)));
    Value::Object(Object { fields })
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

#[inline]
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
