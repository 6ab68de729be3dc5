//! Which branches and groups of a content model a value has something for.

use super::Writing;
use super::content::Given;
use crate::codec::table::*;

impl<'x> Writing<'_, 'x> {
    /// The branch of a choice: of those that the value can fill, the one that takes most of it; where the choice repeats, the first
    /// with fields of its own, as the others have their turn, and the order of fields is the schema's unless `#order` says another.
    pub(super) fn chosen(&self, children: &[u32], repeats: bool, given: &Given<'x>) -> Option<u32> {
        let mut best: Option<((bool, usize, usize), u32)> = None;
        for child in children {
            let node = &self.codec.nodes[*child as usize];
            let covered = self.covered(node, given);
            if covered == 0 {
                continue;
            }
            let can_fill = self.can_fill(node, given);
            let score = match self.own(node, given) {
                own if repeats && own > 0 => (can_fill, usize::MAX, 0),
                own => (can_fill, own, covered),
            };
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, *child));
            }
        }
        best.map(|(_, child)| child)
    }

    /// Fields of a branch that can go nowhere else.
    pub(super) fn own(&self, node: &Node, given: &Given<'x>) -> usize {
        let own = |slot: u32| {
            let filled = &self.filled[given.base + slot as usize];
            let shared = self.codec.slots[given.slots.start + slot as usize].shared;
            filled.used < filled.values.len() && !shared
        };
        match node.kind {
            NodeKind::Any => 0,
            NodeKind::Element => self.codec.alternatives[node.range()]
                .iter()
                .filter(|alternative| own(alternative.slot))
                .count(),
            _ => {
                let slots = node.slots.start as usize..node.slots.end as usize;
                let slots = self.codec.group_slots[slots].iter();
                slots.filter(|slot| own(**slot)).count()
            }
        }
    }

    pub(super) fn covered(&self, node: &Node, given: &Given<'x>) -> usize {
        let left = |slot: u32| {
            let filled = &self.filled[given.base + slot as usize];
            let owed = if node.certain { 0 } else { filled.owed };
            filled.used + owed < filled.values.len()
        };
        let fields = match node.kind {
            NodeKind::Any => 0,
            NodeKind::Element => self.codec.alternatives[node.range()]
                .iter()
                .filter(|alternative| left(alternative.slot))
                .count(),
            _ => {
                let slots = node.slots.start as usize..node.slots.end as usize;
                let slots = self.codec.group_slots[slots].iter();
                slots.filter(|slot| left(**slot)).count()
            }
        };
        match fields {
            0 => usize::from(self.has_extra(node, given)),
            some => some,
        }
    }

    pub(super) fn has_something(&self, node: &Node, given: &Given<'x>) -> bool {
        self.covered(node, given) > 0
    }

    pub(super) fn has_extra(&self, node: &Node, given: &Given<'x>) -> bool {
        if given
            .extras
            .iter()
            .all(|(_, values, used)| *used >= values.len())
        {
            return false;
        }
        match node.kind {
            NodeKind::Element => false,
            NodeKind::Any => given
                .extras
                .iter()
                .any(|(key, values, used)| *used < values.len() && self.lets_in(node.start, key)),
            _ => self.codec.children[node.range()]
                .iter()
                .any(|child| self.has_extra(&self.codec.nodes[*child as usize], given)),
        }
    }

    /// Whether all is there that a node asks for where it has something, or must.
    pub(super) fn can_fill(&self, node: &Node, given: &Given<'x>) -> bool {
        if self.covered(node, given) == 0 {
            return node.min == 0 || node.emptiable;
        }
        let children = || {
            let children = self.codec.children[node.range()].iter();
            children.map(|child| &self.codec.nodes[*child as usize])
        };
        match node.kind {
            NodeKind::Any | NodeKind::Element => true,
            NodeKind::Choice => children()
                .any(|child| self.covered(child, given) > 0 && self.can_fill(child, given)),
            _ => children().all(|child| self.can_fill(child, given)),
        }
    }

    pub(super) fn lets_in(&self, wildcard: u32, key: &str) -> bool {
        let codec = self.codec;
        let uri = match key.strip_prefix('{') {
            Some(rest) => rest.split_once('}').map_or("", |(uri, _)| uri),
            None => "",
        };
        let no_namespace = codec.namespace_ids.get("").copied().unwrap_or(u32::MAX);
        let namespace = codec
            .namespace_ids
            .get(uri)
            .copied()
            .unwrap_or(u32::MAX - 1);
        codec.wildcards[wildcard as usize].lets_in(namespace, no_namespace)
    }
}
