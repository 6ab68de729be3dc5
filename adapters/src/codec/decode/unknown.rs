//! Children that may not stand where they do, and what becomes of those that the schema does not know.

use super::content::Fields;
use super::{Failure, Outcome, Reading, Tag, Unknown};
use crate::codec::fault::CodecFaultKind;
use crate::codec::matcher::Mismatch;
use crate::codec::table::*;
use crate::schema::ExpandedName;

impl<'v> Reading<'v> {
    pub(super) fn mismatch(&self, tag: &Tag<'v>, mismatch: &Mismatch) -> Box<Failure> {
        let found = ExpandedName::new(self.uri(tag.namespace), tag.local).to_string();
        let expected = match mismatch {
            Mismatch::Expected(node) => self.codec.expected(*node),
            Mismatch::NoMore => "the end of the element".to_owned(),
        };
        self.failure(CodecFaultKind::Unexpected { found, expected })
    }

    pub(super) fn is_unknown(&self, tag: &Tag<'v>, slots: &[Slot], kind: &CompiledType) -> bool {
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

    pub(super) fn unknown(
        &mut self,
        tag: &Tag<'v>,
        fields: &mut Fields<'v>,
        depth: usize,
    ) -> Outcome<()> {
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
