//! Element content: the content model says the order, the value says what there is.

use super::{Filled, Outcome, TagName, Writing, failure, shape};
use crate::codec::fault::CodecFaultKind;
use crate::codec::matcher::same;
use crate::codec::table::*;
use crate::codec::value::{Object, Value};
use crate::codec::write::escape_text;

/// What one element's content is written from.
pub(super) struct Given<'x> {
    /// First of its slots in [`Writing::filled`].
    pub(super) base: usize,
    pub(super) slots: std::ops::Range<usize>,
    /// Fields that no slot knows.
    pub(super) extras: Vec<(&'x str, &'x [Value<'x>], usize)>,
}

impl<'c, 'x> Writing<'c, 'x> {
    pub(super) fn model<'v: 'x>(
        &mut self,
        name: TagName<'_>,
        kind: &'c CompiledType,
        root: u32,
        mixed: bool,
        value: &'v Value<'v>,
        depth: usize,
    ) -> Outcome<()> {
        let object: Option<&'x Object<'x>> = match value {
            Value::Object(object) => Some(object),
            Value::Text(text) if mixed || text.trim().is_empty() => None,
            other => return Err(shape(other, "an object")),
        };
        match object {
            Some(object) => self.attributes(kind, object)?,
            None => self.attributes(kind, &Object::default())?,
        }
        let text = match (object, value) {
            (None, Value::Text(text)) if mixed => Some(&**text),
            (Some(object), _) => object.get("#text").and_then(Value::as_text),
            _ => None,
        };
        let text = text.filter(|text| !text.is_empty());
        if text.is_some_and(|text| !mixed && !text.trim().is_empty()) {
            return Err(failure(CodecFaultKind::Text));
        }
        let tag_end = self.out.len();
        self.out.push('>');
        if let Some(text) = text.filter(|_| mixed)
            && !escape_text(&mut self.out, text)
        {
            return Err(failure(CodecFaultKind::Character));
        }
        match object.and_then(|object| object.get("#content")) {
            Some(content) => self.in_order(kind, root, mixed, content, depth)?,
            None => self.by_schema(kind, root, object, depth)?,
        }
        if self.out.len() == tag_end + 1 {
            self.out.truncate(tag_end);
            self.end(name, true);
        } else {
            self.end(name, false);
        }
        Ok(())
    }

    fn by_schema(
        &mut self,
        kind: &'c CompiledType,
        root: u32,
        object: Option<&'x Object<'x>>,
        depth: usize,
    ) -> Outcome<()> {
        let base = self.filled.len();
        let slots = kind.slots.start as usize..kind.slots.end as usize;
        let none = Filled {
            values: &[],
            used: 0,
            owed: 0,
        };
        self.filled.resize(base + slots.len(), none);
        let mut given = Given {
            base,
            slots,
            extras: Vec::new(),
        };
        if let Some(object) = object {
            self.fill(kind, object, &mut given)?;
        }
        let order = object.and_then(|object| object.get("#order"));
        match order.and_then(|order| self.planned(kind, root, order.as_text()?, &given)) {
            Some(plan) => self.as_planned(plan, &mut given, depth)?,
            None => self.occurrences(root, &mut given, depth)?,
        }
        self.nothing_left(&given)?;
        self.filled.truncate(base);
        Ok(())
    }

    /// Fields to slots. Fields mostly come in the order of the slots, so the next one is tried before the key is looked up.
    fn fill(
        &mut self,
        kind: &'c CompiledType,
        object: &'x Object<'x>,
        given: &mut Given<'x>,
    ) -> Outcome<()> {
        let codec = self.codec;
        let slots = &codec.slots[given.slots.clone()];
        let mut next = 0;
        for (key, value) in &object.fields {
            if key.starts_with(['@', '#']) {
                if key.starts_with('#') && !matches!(&**key, "#text" | "#content" | "#order") {
                    return Err(failure(CodecFaultKind::Unknown(key.to_string())));
                }
                continue;
            }
            let slot = match slots.get(next) {
                Some(slot) if same(&slot.key, key) => next,
                _ => match kind.keys.get(&**key) {
                    Some(found) => *found as usize,
                    None => {
                        given.extras.push((&**key, listed(value), 0));
                        continue;
                    }
                },
            };
            next = slot + 1;
            let values = self.values_of(&slots[slot], value)?;
            let owed = if slots[slot].shared {
                slots[slot].least as usize
            } else {
                0
            };
            self.filled[given.base + slot] = Filled {
                values,
                used: 0,
                owed,
            };
        }
        Ok(())
    }

    /// The values that a field stands for: the items of a list where the schema repeats, else the value itself.
    fn values_of(&self, slot: &Slot, value: &'x Value<'x>) -> Outcome<&'x [Value<'x>]> {
        let element = &self.codec.elements[slot.element as usize];
        let kind = &self.codec.types[element.type_index as usize];
        let single = std::slice::from_ref(value);
        match value {
            Value::Null if !element.nillable => Ok(&[]),
            Value::List(items) => {
                // A list may also be one value: of an encoded array, or of a list type.
                let one_value = kind.array.is_some()
                    || matches!(kind.content, Content::Simple(simple) if self.codec.simple.get(simple).listed);
                let of_lists = matches!(items.first(), Some(Value::List(_)));
                match (slot.repeats, one_value) {
                    (true, true) if kind.array.is_some() && !of_lists => Ok(single),
                    (true, _) => Ok(items),
                    (false, true) => Ok(single),
                    (false, false) if items.len() <= 1 => Ok(items),
                    (false, false) => Err(failure(CodecFaultKind::TooMany {
                        name: slot.key.to_string(),
                        given: items.len(),
                    })),
                }
            }
            _ => Ok(single),
        }
    }

    fn nothing_left(&self, given: &Given<'x>) -> Outcome<()> {
        for (place, slot) in self.codec.slots[given.slots.clone()].iter().enumerate() {
            let filled = &self.filled[given.base + place];
            if filled.used < filled.values.len() {
                return Err(failure(CodecFaultKind::TooMany {
                    name: slot.key.to_string(),
                    given: filled.values.len(),
                }));
            }
        }
        match given
            .extras
            .iter()
            .find(|(_, values, used)| *used < values.len())
        {
            Some((key, ..)) => Err(failure(CodecFaultKind::Unknown((*key).to_owned()))),
            None => Ok(()),
        }
    }

    /// All occurrences of a node that the value has something for.
    fn occurrences(&mut self, index: u32, given: &mut Given<'x>, depth: usize) -> Outcome<()> {
        let codec = self.codec;
        let node = &codec.nodes[index as usize];
        match node.kind {
            NodeKind::Element => return self.elements(node, given, depth),
            NodeKind::Any => return self.wild_elements(index, node, given, depth),
            _ => {}
        }
        if (node.min, node.max) == (1, 1) {
            return self.group(index, node, given, depth);
        }
        let mut count = 0;
        while count < node.max {
            let something = self.has_something(node, given);
            if !something && (count >= node.min || node.emptiable) {
                break;
            }
            // Its fields may be for another place.
            if count >= node.min && self.own(node, given) == 0 && !self.can_fill(node, given) {
                break;
            }
            let before = self.nodes;
            self.group(index, node, given, depth)?;
            if self.nodes == before {
                break;
            }
            count += 1;
        }
        Ok(())
    }

    fn group(
        &mut self,
        index: u32,
        node: &'c Node,
        given: &mut Given<'x>,
        depth: usize,
    ) -> Outcome<()> {
        let codec = self.codec;
        let children = &codec.children[node.range()];
        if node.kind != NodeKind::Choice {
            for child in children {
                self.occurrences(*child, given, depth)?;
            }
            return Ok(());
        }
        match self.chosen(children, node.max > 1, given) {
            Some(child) => self.occurrences(child, given, depth),
            None if node.emptiable => Ok(()),
            None => Err(failure(CodecFaultKind::Missing(codec.expected(index)))),
        }
    }

    fn elements(&mut self, node: &Node, given: &mut Given<'x>, depth: usize) -> Outcome<()> {
        let codec = self.codec;
        let alternatives = &codec.alternatives[node.range()];
        let mut count = 0;
        while count < node.max {
            // What a place that must be filled is owed is not taken by one that need not be.
            let asked = node.certain && count < node.min;
            let due = alternatives.iter().find(|alternative| {
                let filled = &self.filled[given.base + alternative.slot as usize];
                let owed = if asked { 0 } else { filled.owed };
                filled.used + owed < filled.values.len()
            });
            let Some(due) = due else { break };
            let filled = &mut self.filled[given.base + due.slot as usize];
            let (values, used) = (filled.values, filled.used);
            filled.used += 1;
            if asked {
                filled.owed = filled.owed.saturating_sub(1);
            }
            let slot = &codec.slots[given.slots.start + due.slot as usize];
            let element = &codec.elements[due.element as usize];
            let written = match (element.leaf, &values[used]) {
                (Some(simple), Value::Text(text)) if !self.options.encoded() => {
                    self.leaf(element, simple, text)
                }
                (_, value) => self.element(due.element, value, depth + 1),
            };
            written.map_err(|fault| {
                fault.within(|| match slot.repeats {
                    true => format!("{}[{}]", slot.key, used + 1),
                    false => slot.key.to_string(),
                })
            })?;
            count += 1;
        }
        // What an encoded structure leaves out is nil (SOAP 1.1, 5.1).
        while count < node.min && !self.options.encoded() {
            let [only] = alternatives else {
                let names = alternatives.iter().take(8).map(|alternative| {
                    format!("<{}>", codec.elements[alternative.element as usize].local)
                });
                let names: Vec<String> = names.collect();
                return Err(failure(CodecFaultKind::Missing(names.join(" or "))));
            };
            // What the schema fixes, or proposes, need not be given.
            let element = &codec.elements[only.element as usize];
            match element.fixed.as_ref().or(element.default.as_ref()) {
                Some(value) => self.proposed(element, value)?,
                None => {
                    let name = format!("<{}>", element.local);
                    return Err(failure(CodecFaultKind::Missing(name)));
                }
            }
            count += 1;
        }
        Ok(())
    }

    fn proposed(&mut self, element: &'c CompiledElement, value: &str) -> Outcome<()> {
        let name = TagName::Declared(element);
        let mark = self.start(name)?;
        self.out.push('>');
        escape_text(&mut self.out, value);
        self.end(name, false);
        self.take_back(&mark);
        Ok(())
    }

    fn wild_elements(
        &mut self,
        index: u32,
        node: &Node,
        given: &mut Given<'x>,
        depth: usize,
    ) -> Outcome<()> {
        let mut count = 0;
        while count < node.max {
            let due = given.extras.iter().position(|(key, values, used)| {
                *used < values.len() && self.lets_in(node.start, key)
            });
            let Some(due) = due else { break };
            let (key, values, used) = given.extras[due];
            given.extras[due].2 += 1;
            self.free_element(key, &values[used], depth + 1)?;
            count += 1;
        }
        match count < node.min {
            true => Err(failure(CodecFaultKind::Missing(self.codec.expected(index)))),
            false => Ok(()),
        }
    }
}

fn listed<'x>(value: &'x Value<'x>) -> &'x [Value<'x>] {
    match value {
        Value::List(items) => items,
        single => std::slice::from_ref(single),
    }
}
