//! Content models: particles to nodes (part 1, 3.8 and 3.9).
//!
//! Groups are put in place and single-child groups are folded into their child; occurrence bounds stay numbers. The nodes made are
//! counted over the whole schema, so that groups of groups that double at each step are refused before they cost anything.

use super::Compiler;
use super::types::range;
use crate::codec::table::*;
use crate::schema::{ElementId, NameId, Occurs, Particle, Place, SchemaFault, Term, TypeId, bound};
use std::collections::HashMap;
use std::ops::Range;

/// Groups inside groups, counted over named ones too.
const DEPTH_MAX: usize = 200;

type Keys = HashMap<Box<str>, u32>;

/// What is known while one type's content is compiled.
struct Model {
    place: Place,
    slots: Vec<Slot>,
    by_name: HashMap<NameId, u32>,
    keys: Keys,
}

/// A compiled particle.
struct Made {
    node: u32,
    firsts: Vec<NameId>,
}

impl Compiler<'_> {
    pub(super) fn content(
        &mut self,
        type_id: TypeId,
        particles: &[&Particle],
        mixed: bool,
    ) -> Result<(Content, Range<u32>, Keys), SchemaFault> {
        let mut model = Model {
            place: self.schema.types[type_id.index()].place.clone(),
            slots: Vec::new(),
            by_name: HashMap::new(),
            keys: HashMap::new(),
        };
        let mut made = Vec::new();
        for particle in particles {
            made.extend(self.particle(&mut model, particle, 0)?);
        }
        if made.is_empty() {
            return Ok((Content::Empty { mixed }, 0..0, HashMap::new()));
        }
        let made = self.flattened(made);
        let root = self.group(NodeKind::Sequence, Occurs::ONCE, made).node;
        let counts = self.maxima(root);
        for (slot, count) in counts {
            model.slots[slot as usize].repeats = count > 1;
        }
        self.mark_required(root, &mut model.slots, true);
        let mut uses = vec![0; model.slots.len()];
        self.uses(root, &mut uses);
        for (slot, uses) in model.slots.iter_mut().zip(uses) {
            slot.shared = uses > 1;
        }
        let start = self.codec.slots.len();
        self.codec.slots.extend(model.slots);
        Ok((
            Content::Model { root, mixed },
            range(start, self.codec.slots.len()),
            model.keys,
        ))
    }

    fn particle(
        &mut self,
        model: &mut Model,
        particle: &Particle,
        depth: usize,
    ) -> Result<Option<Made>, SchemaFault> {
        self.particles += 1;
        let counted = bound("particles", self.particles, self.limits.particles)
            .and_then(|()| bound("levels of groups", depth, DEPTH_MAX));
        counted.map_err(|kind| SchemaFault {
            place: model.place.clone(),
            kind,
        })?;
        let occurs = particle.occurs;
        match &particle.term {
            Term::Element(element) => Ok(Some(self.element_node(model, *element, occurs))),
            Term::Any(wildcard) => {
                let start = self.codec.wildcards.len();
                self.codec.wildcards.push(CompiledWildcard {
                    namespaces: wildcard.namespaces.clone(),
                    process: wildcard.process,
                });
                let node = self.push(NodeKind::Any, occurs, range(start, start + 1));
                self.codec.nodes[node as usize].first_any = true;
                let firsts = Vec::new();
                Ok(Some(Made { node, firsts }))
            }
            Term::Group(group) => {
                let (_, inside) = &self.schema.groups[group.index()];
                let Some(made) = self.particle(model, inside, depth + 1)? else {
                    return Ok(None);
                };
                Ok(Some(self.folded(NodeKind::Sequence, occurs, vec![made])))
            }
            Term::Sequence(inside) => self.inner(model, NodeKind::Sequence, occurs, inside, depth),
            Term::Choice(inside) => self.inner(model, NodeKind::Choice, occurs, inside, depth),
            Term::All(inside) => self.inner(model, NodeKind::All, occurs, inside, depth),
        }
    }

    fn inner(
        &mut self,
        model: &mut Model,
        kind: NodeKind,
        occurs: Occurs,
        inside: &[Particle],
        depth: usize,
    ) -> Result<Option<Made>, SchemaFault> {
        let mut made = Vec::with_capacity(inside.len());
        let mut emptied = false;
        for particle in inside {
            match self.particle(model, particle, depth + 1)? {
                Some(child) => made.push(child),
                None => emptied = true,
            }
        }
        if made.is_empty() {
            // A choice of nothing can never be met (3.8.4); nobody means that, so it is nothing.
            return Ok(None);
        }
        let made = match kind {
            NodeKind::Sequence => self.flattened(made),
            _ => made,
        };
        if kind == NodeKind::Choice && occurs.max.is_none() {
            self.one_at_a_time(&made);
        }
        let occurs = match kind {
            // One of several may be an empty group.
            NodeKind::Choice if emptied => Occurs { min: 0, ..occurs },
            _ => occurs,
        };
        Ok(Some(self.folded(kind, occurs, made)))
    }

    /// In a choice that repeats without bound, `a+` is `a`: each occurrence is one more round, however many are asked for.
    fn one_at_a_time(&mut self, made: &[Made]) {
        for child in made {
            let node = &mut self.codec.nodes[child.node as usize];
            if matches!(node.kind, NodeKind::Element | NodeKind::Any)
                && node.min <= 1
                && node.max > 1
            {
                node.max = 1;
            }
        }
    }

    /// Sequences that occur once lie side by side in the sequence around them.
    fn flattened(&self, made: Vec<Made>) -> Vec<Made> {
        let mut flat = Vec::with_capacity(made.len());
        for child in made {
            let node = &self.codec.nodes[child.node as usize];
            if node.kind == NodeKind::Sequence && (node.min, node.max) == (1, 1) {
                for inner in &self.codec.children[node.range()] {
                    let firsts = self.firsts_of(*inner);
                    flat.push(Made {
                        node: *inner,
                        firsts,
                    });
                }
            } else {
                flat.push(child);
            }
        }
        flat
    }

    fn firsts_of(&self, node: u32) -> Vec<NameId> {
        let found = &self.codec.nodes[node as usize];
        match found.kind {
            NodeKind::Element => self.codec.alternatives[found.range()]
                .iter()
                .map(|alternative| self.codec.elements[alternative.element as usize].name)
                .collect(),
            NodeKind::Any => Vec::new(),
            _ => {
                let firsts = found.firsts.start as usize..found.firsts.end as usize;
                self.codec.firsts[firsts].to_vec()
            }
        }
    }

    /// A group, or its only child with the occurrences of both, where that means the same.
    fn folded(&mut self, kind: NodeKind, occurs: Occurs, mut made: Vec<Made>) -> Made {
        if let [only] = made.as_slice() {
            let node = &mut self.codec.nodes[only.node as usize];
            let (min, max) = (occurs.min, occurs.max.unwrap_or(UNBOUNDED));
            if let Some((min, max)) = product((node.min, node.max), (min, max)) {
                (node.min, node.max) = (min, max);
                return made.swap_remove(0);
            }
            // `a{2,4}` any number of times is nothing, or `a` at least twice.
            if min == 0
                && let Some((least, most)) = product((node.min, node.max), (1, max))
            {
                (node.min, node.max) = (least, most);
                let once = Occurs {
                    min: 0,
                    max: Some(1),
                };
                return self.group(kind, once, made);
            }
        }
        self.group(kind, occurs, made)
    }

    fn group(&mut self, kind: NodeKind, occurs: Occurs, made: Vec<Made>) -> Made {
        let start = self.codec.children.len();
        let mut firsts: Vec<NameId> = Vec::new();
        let mut slots: Vec<u32> = Vec::new();
        let (mut first_any, mut open) = (false, true);
        let mut emptiable = kind != NodeKind::Choice;
        for child in &made {
            self.codec.children.push(child.node);
            let node = &self.codec.nodes[child.node as usize];
            let may_be_absent = node.min == 0 || node.emptiable;
            if open {
                firsts.extend(&child.firsts);
                first_any |= node.first_any;
            }
            match kind {
                NodeKind::Choice => emptiable |= may_be_absent,
                _ => emptiable &= may_be_absent,
            }
            if kind == NodeKind::Sequence {
                open &= may_be_absent;
            }
            slots.extend(self.slots_of(child.node));
        }
        firsts.sort_unstable();
        firsts.dedup();
        slots.sort_unstable();
        slots.dedup();
        let end = self.codec.children.len();
        let node = self.push(kind, occurs, range(start, end));
        let first_start = self.codec.firsts.len();
        self.codec.firsts.extend(&firsts);
        let slot_start = self.codec.group_slots.len();
        self.codec.group_slots.extend(&slots);
        let made = &mut self.codec.nodes[node as usize];
        made.emptiable = emptiable;
        made.first_any = first_any;
        made.firsts = range(first_start, first_start + firsts.len());
        made.slots = range(slot_start, slot_start + slots.len());
        Made { node, firsts }
    }

    fn slots_of(&self, node: u32) -> Vec<u32> {
        let found = &self.codec.nodes[node as usize];
        match found.kind {
            NodeKind::Element => self.codec.alternatives[found.range()]
                .iter()
                .map(|alternative| alternative.slot)
                .collect(),
            NodeKind::Any => Vec::new(),
            _ => {
                let slots = found.slots.start as usize..found.slots.end as usize;
                self.codec.group_slots[slots].to_vec()
            }
        }
    }

    fn element_node(&mut self, model: &mut Model, element: ElementId, occurs: Occurs) -> Made {
        let members = self.substitutes.get(&element).cloned().unwrap_or_default();
        let head_abstract = self.schema.elements[element.index()].is_abstract;
        let mut all: Vec<ElementId> = Vec::with_capacity(1 + members.len());
        if !head_abstract || members.is_empty() {
            all.push(element);
        }
        let concrete = |member: &ElementId| !self.schema.elements[member.index()].is_abstract;
        all.extend(members.into_iter().filter(concrete));
        let start = self.codec.alternatives.len();
        let mut firsts = Vec::with_capacity(all.len());
        for element in all {
            firsts.push(self.schema.elements[element.index()].name);
            let slot = self.slot(model, element);
            let element = element.0;
            self.codec.alternatives.push(Alternative { element, slot });
        }
        let end = self.codec.alternatives.len();
        let node = self.push(NodeKind::Element, occurs, range(start, end));
        Made { node, firsts }
    }

    /// The slot of an element's name; of two names that differ in their namespace only, the second has it in its key.
    fn slot(&self, model: &mut Model, element: ElementId) -> u32 {
        let name = self.schema.elements[element.index()].name;
        if let Some(slot) = model.by_name.get(&name) {
            return *slot;
        }
        let slot = u32::try_from(model.slots.len()).unwrap_or(u32::MAX);
        let local = self.schema.names.local(name);
        let key: Box<str> = match model.keys.contains_key(local) {
            true => self.codec.expanded(name).into(),
            false => local.into(),
        };
        model.keys.insert(key.clone(), slot);
        model.by_name.insert(name, slot);
        model.slots.push(Slot {
            key,
            element: element.0,
            repeats: false,
            required: false,
            shared: false,
            least: 0,
        });
        slot
    }

    fn push(&mut self, kind: NodeKind, occurs: Occurs, inside: Range<u32>) -> u32 {
        let index = u32::try_from(self.codec.nodes.len()).unwrap_or(u32::MAX);
        self.codec.nodes.push(Node {
            kind,
            min: occurs.min,
            max: occurs.max.unwrap_or(UNBOUNDED),
            emptiable: false,
            first_any: false,
            certain: false,
            start: inside.start,
            end: inside.end,
            firsts: 0..0,
            slots: 0..0,
        });
        index
    }
}

/// Occurrences of a thing inside a group that occurs: `None` where the counts between have gaps (`a{2}` three times is not
/// `a{2,6}` once).
fn product(inner: (u32, u32), outer: (u32, u32)) -> Option<(u32, u32)> {
    let ((min, max), (times_min, times_max)) = (inner, outer);
    if (times_min, times_max) == (1, 1) {
        return Some(inner);
    }
    let gap_after = |times: u64| {
        let reached = times.saturating_mul(u64::from(max)).saturating_add(1);
        reached < (times + 1).saturating_mul(u64::from(min))
    };
    let gaps = max != UNBOUNDED && times_min != times_max && gap_after(u64::from(times_min));
    let starts_late = max == UNBOUNDED && times_min == 0 && min > 1;
    if gaps || starts_late {
        return None;
    }
    let high = match (max, times_max) {
        (0, _) | (_, 0) => 0,
        (UNBOUNDED, _) | (_, UNBOUNDED) => UNBOUNDED,
        (max, times) => max.checked_mul(times)?,
    };
    Some((min.checked_mul(times_min)?, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_folded_only_where_no_count_between_is_lost() {
        const ANY: u32 = UNBOUNDED;
        for (inner, outer, expected) in [
            ((1, 1), (0, ANY), Some((0, ANY))),
            ((0, 1), (3, 5), Some((0, 5))),
            ((1, 2), (2, 2), Some((2, 4))),
            ((2, 2), (3, 3), Some((6, 6))),
            ((2, 2), (1, 3), None),
            ((2, 2), (0, 1), None),
            ((2, 3), (1, ANY), Some((2, ANY))),
            ((1, ANY), (0, 1), Some((0, ANY))),
            ((2, ANY), (0, 1), None),
            ((2, ANY), (1, 4), Some((2, ANY))),
            ((65_536, 65_536), (65_536, 65_536), None),
        ] {
            assert_eq!(product(inner, outer), expected, "{inner:?} {outer:?}");
        }
    }
}
