//! Content whose order the value says itself.

use super::content::Given;
use super::{Outcome, Writing, failure, shape};
use crate::codec::fault::CodecFaultKind;
use crate::codec::matcher::{Child, Matched, Matcher};
use crate::codec::table::*;
use crate::codec::value::Value;
use crate::codec::write::escape_text;

impl<'c, 'x> Writing<'c, 'x> {
    /// `#content`: texts and one-field objects, written in their order; the order is checked as a reader would.
    pub(super) fn in_order(
        &mut self,
        kind: &'c CompiledType,
        root: u32,
        mixed: bool,
        content: &'x Value<'x>,
        depth: usize,
    ) -> Outcome<()> {
        let codec = self.codec;
        let Value::List(pieces) = content else {
            return Err(shape(content, "a list"));
        };
        let slots = &codec.slots[kind.slots.start as usize..kind.slots.end as usize];
        let mut matcher = Matcher::default();
        let base = matcher.open(codec, root);
        for piece in pieces {
            let fields = match piece {
                Value::Text(text) if mixed || text.trim().is_empty() => {
                    if !escape_text(&mut self.out, text) {
                        return Err(failure(CodecFaultKind::Character));
                    }
                    continue;
                }
                Value::Object(object) if object.len() == 1 => &object.fields,
                other => return Err(shape(other, "a text or an object with one child")),
            };
            let (key, value) = &fields[0];
            let slot = kind
                .keys
                .get(&**key)
                .and_then(|slot| slots.get(*slot as usize));
            let (uri, local) = match (slot, key.strip_prefix('{')) {
                (Some(slot), _) => codec
                    .names
                    .parts(codec.elements[slot.element as usize].name),
                (None, Some(rest)) => rest.split_once('}').unwrap_or(("", key)),
                (None, None) => ("", &**key),
            };
            let known = |uri: &str| codec.namespace_ids.get(uri).copied();
            let namespace = known(uri).unwrap_or(u32::MAX - 1);
            let none = known("").unwrap_or(u32::MAX);
            let mut child = Child::new(namespace, local, none);
            match matcher.advance(codec, base, &mut child) {
                Ok(Matched::Element(found)) => self.element(found.element, value, depth + 1),
                Ok(Matched::Wildcard(_)) => self.free_element(key, value, depth + 1),
                Err(_) => Err(failure(CodecFaultKind::Unexpected {
                    found: key.to_string(),
                    expected: "another child".to_owned(),
                })),
            }
            .map_err(|fault| fault.within(|| key.to_string()))?;
        }
        matcher
            .finish(codec, base)
            .map_err(|due| failure(CodecFaultKind::Missing(codec.expected(due))))
    }

    /// `#order`: what each key in it stands for, if the order is one that the schema allows and the fields have just these values.
    /// A value that was changed has its fields written by the schema instead.
    pub(super) fn planned(
        &self,
        kind: &CompiledType,
        root: u32,
        order: &str,
        given: &Given<'x>,
    ) -> Option<Vec<Planned>> {
        let codec = self.codec;
        let slots = &codec.slots[given.slots.clone()];
        let none = codec.namespace_ids.get("").copied()?;
        let mut counts = vec![0_usize; slots.len()];
        let mut extra_counts = vec![0_usize; given.extras.len()];
        let mut plan = Vec::new();
        let mut matcher = Matcher::default();
        let base = matcher.open(codec, root);
        for key in order.split(' ') {
            let slot = kind.keys.get(key).filter(|slot| **slot & ATTRIBUTE == 0);
            let extra = given.extras.iter().position(|(known, ..)| *known == key);
            let (namespace, local) = match (slot, extra) {
                (Some(slot), _) => {
                    *counts.get_mut(*slot as usize)? += 1;
                    let element = &codec.elements[slots[*slot as usize].element as usize];
                    (element.namespace.0, &*element.local)
                }
                (None, Some(extra)) => {
                    extra_counts[extra] += 1;
                    match key.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                        Some((uri, local)) => {
                            let known = codec.namespace_ids.get(uri).copied();
                            (known.unwrap_or(u32::MAX - 1), local)
                        }
                        None => (none, key),
                    }
                }
                (None, None) => return None,
            };
            let mut child = Child::new(namespace, local, none);
            match (matcher.advance(codec, base, &mut child).ok()?, slot, extra) {
                (Matched::Element(found), Some(slot), _) => plan.push(Planned::Slot {
                    slot: *slot,
                    element: found.element,
                }),
                (Matched::Wildcard(_), None, Some(extra)) => plan.push(Planned::Extra(extra)),
                _ => return None,
            }
        }
        matcher.finish(codec, base).ok()?;
        let filled = &self.filled[given.base..given.base + slots.len()];
        let all = filled
            .iter()
            .zip(&counts)
            .all(|(f, count)| f.values.len() == *count);
        let mut extras = given.extras.iter().zip(&extra_counts);
        let all_extras = extras.all(|((_, values, _), count)| values.len() == *count);
        (all && all_extras).then_some(plan)
    }

    pub(super) fn as_planned(
        &mut self,
        plan: Vec<Planned>,
        given: &mut Given<'x>,
        depth: usize,
    ) -> Outcome<()> {
        for planned in plan {
            match planned {
                Planned::Slot { slot, element } => {
                    let filled = &mut self.filled[given.base + slot as usize];
                    let (values, used) = (filled.values, filled.used);
                    filled.used += 1;
                    let key = &self.codec.slots[given.slots.start + slot as usize].key;
                    self.element(element, &values[used], depth + 1)
                        .map_err(|fault| fault.within(|| format!("{key}[{}]", used + 1)))?;
                }
                Planned::Extra(extra) => {
                    let (key, values, used) = given.extras[extra];
                    given.extras[extra].2 += 1;
                    self.free_element(key, &values[used], depth + 1)?;
                }
            }
        }
        Ok(())
    }
}

/// What a key of `#order` stands for.
pub(super) enum Planned {
    /// The next value of a slot.
    Slot {
        /// The slot.
        slot: u32,
        /// The element that it is here.
        element: u32,
    },
    /// The next value of a field that a wildcard let in.
    Extra(usize),
}
