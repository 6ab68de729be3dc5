//! What follows from a content model: how often a field may and must occur, and whether fields alone say the order of children.

use super::Compiler;
use crate::codec::table::*;
use crate::schema::WildcardNamespaces;
use std::collections::HashMap;

impl Compiler<'_> {
    /// The most that each slot can be filled by one occurrence of everything around it.
    pub(super) fn maxima(&self, node: u32) -> HashMap<u32, u64> {
        let found = &self.codec.nodes[node as usize];
        let mut counts: HashMap<u32, u64> = HashMap::new();
        match found.kind {
            NodeKind::Any => {}
            NodeKind::Element => {
                for alternative in &self.codec.alternatives[found.range()] {
                    counts.insert(alternative.slot, 1);
                }
            }
            kind => {
                for child in &self.codec.children[found.range()] {
                    for (slot, count) in self.maxima(*child) {
                        let known = counts.entry(slot).or_default();
                        *known = match kind {
                            NodeKind::Choice => count.max(*known),
                            _ => known.saturating_add(count),
                        };
                    }
                }
            }
        }
        for count in counts.values_mut() {
            *count = count.saturating_mul(u64::from(found.max));
        }
        counts
    }

    /// At how many places of one value each slot may stand, wildcards being one slot of their own.
    pub(super) fn places(&self, node: u32) -> HashMap<u32, u32> {
        let found = &self.codec.nodes[node as usize];
        match found.kind {
            NodeKind::Any => {
                // Elements without a namespace never go where those with one do.
                let wildcard = &self.codec.wildcards[found.start as usize];
                let none_only = match &wildcard.namespaces {
                    WildcardNamespaces::Listed(listed) => listed
                        .iter()
                        .all(|namespace| self.codec.names.uri(*namespace).is_empty()),
                    _ => false,
                };
                HashMap::from([(u32::MAX - u32::from(none_only), 1)])
            }
            NodeKind::Element => {
                let alternatives = self.codec.alternatives[found.range()].iter();
                alternatives
                    .map(|alternative| (alternative.slot, 1))
                    .collect()
            }
            kind => {
                let mut counts: HashMap<u32, u32> = HashMap::new();
                for child in &self.codec.children[found.range()] {
                    for (slot, places) in self.places(*child) {
                        let known = counts.entry(slot).or_default();
                        *known = match kind {
                            NodeKind::Choice => places.max(*known),
                            _ => known.saturating_add(places),
                        };
                    }
                }
                counts
            }
        }
    }

    /// Whether a group repeats that is not a plain sequence of elements which occur once each.
    pub(super) fn interleaves(&self, node: u32) -> bool {
        let found = &self.codec.nodes[node as usize];
        let children = match found.kind {
            NodeKind::Element | NodeKind::Any => return false,
            _ => &self.codec.children[found.range()],
        };
        let once = |child: &u32| {
            let child = &self.codec.nodes[*child as usize];
            child.kind == NodeKind::Element
                && (child.min, child.max) == (1, 1)
                && child.range().len() == 1
        };
        match found.max > 1 {
            true => found.kind != NodeKind::Sequence || !children.iter().all(once),
            false => children.iter().any(|child| self.interleaves(*child)),
        }
    }

    /// How many nodes each slot is in.
    pub(super) fn uses(&self, node: u32, counts: &mut [u32]) {
        let found = &self.codec.nodes[node as usize];
        match found.kind {
            NodeKind::Any => {}
            NodeKind::Element => {
                for alternative in &self.codec.alternatives[found.range()] {
                    counts[alternative.slot as usize] += 1;
                }
            }
            _ => {
                for child in &self.codec.children[found.range()] {
                    self.uses(*child, counts);
                }
            }
        }
    }

    /// Marks what occurs in every value, and counts what it asks for.
    pub(super) fn mark_required(&mut self, node: u32, slots: &mut [Slot], once: bool) {
        let found = &mut self.codec.nodes[node as usize];
        if found.min == 0 {
            return;
        }
        found.certain = once;
        let (kind, min, range) = (found.kind, found.min, found.range());
        let once = once && found.max == 1;
        match kind {
            NodeKind::Element => {
                if let [only] = &self.codec.alternatives[range] {
                    let slot = &mut slots[only.slot as usize];
                    slot.required = true;
                    slot.least += if self.codec.nodes[node as usize].certain {
                        min
                    } else {
                        0
                    };
                }
            }
            NodeKind::Sequence | NodeKind::All => {
                for place in range {
                    self.mark_required(self.codec.children[place], slots, once);
                }
            }
            NodeKind::Any | NodeKind::Choice => {}
        }
    }
}
