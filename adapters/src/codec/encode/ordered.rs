//! Content whose order the value says itself.

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
}
