//! Which element of a content model a child is (part 1, 3.8.4 and 3.9.4), one child at a time.
//!
//! A frame is an open group: which of its children is due, and how often that one was seen. Content models are unambiguous (part 1,
//! 3.8.6), so a child has one place at most and the first that takes it is right. Counts are taken greedily: where a bounded group
//! repeats an element that repeats itself and nothing stands between (`(a{2,3} b?){2,9}`), a run of `a` fills one round before the
//! next begins, which can leave the last one short though another split would do. Groups of one element and choices without a bound
//! are folded by the compiler so that this cannot happen to them. Nothing is looked up for a child that is the
//! expected one; a group is entered by a search in its sorted first names.

use super::table::{Alternative, Codec, Node, NodeKind};
use crate::schema::NameId;

/// What a child is.
pub(super) enum Matched {
    /// A declared element.
    Element(Alternative),
    /// Let in by a wildcard.
    Wildcard(u32),
}

/// Why a child may not stand here.
pub(super) enum Mismatch {
    /// This node was due.
    Expected(u32),
    /// Nothing more may come.
    NoMore,
}

/// A child's name.
pub(super) struct Child<'n> {
    pub(super) namespace: u32,
    pub(super) local: &'n str,
    pub(super) no_namespace: u32,
    id: Option<Option<NameId>>,
}

impl<'n> Child<'n> {
    pub(super) fn new(namespace: u32, local: &'n str, no_namespace: u32) -> Self {
        Self {
            namespace,
            local,
            no_namespace,
            id: None,
        }
    }

    fn id(&mut self, codec: &Codec) -> Option<NameId> {
        *self
            .id
            .get_or_insert_with(|| codec.name(self.namespace, self.local))
    }
}

/// Nothing of a choice is chosen yet.
const UNCHOSEN: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Frame {
    node: u32,
    /// Sequence: the child that is due. Choice: the chosen one. All: where its marks begin.
    at: u32,
    /// Occurrences of that child so far.
    count: u32,
}

/// Open groups of all open elements; each element's lie above those of its parent.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    frames: Vec<Frame>,
    /// Which children of an open `all` were seen.
    seen: Vec<bool>,
}

impl Matcher {
    /// Opens a content model; gives what [`Self::advance`] and [`Self::finish`] ask for.
    pub(super) fn open(&mut self, codec: &Codec, root: u32) -> usize {
        let base = self.frames.len();
        self.enter(codec, root);
        base
    }

    fn enter(&mut self, codec: &Codec, node: u32) {
        let group = &codec.nodes[node as usize];
        let at = match group.kind {
            NodeKind::Choice => UNCHOSEN,
            NodeKind::All => {
                let start = self.seen.len();
                self.seen.resize(start + group.range().len(), false);
                u32::try_from(start).unwrap_or(u32::MAX)
            }
            _ => 0,
        };
        self.frames.push(Frame { node, at, count: 0 });
    }

    fn leave(&mut self, codec: &Codec) {
        if let Some(frame) = self.frames.pop()
            && codec.nodes[frame.node as usize].kind == NodeKind::All
        {
            self.seen.truncate(frame.at as usize);
        }
    }

    /// Takes the next child.
    #[inline]
    pub(super) fn advance(
        &mut self,
        codec: &Codec,
        base: usize,
        child: &mut Child<'_>,
    ) -> Result<Matched, Mismatch> {
        match self.expected(codec, child) {
            Some(found) => Ok(Matched::Element(found)),
            None => self.search(codec, base, child),
        }
    }

    /// The usual case: a sequence is open, and the child is the element that is due or the one after it.
    #[inline(always)]
    fn expected(&mut self, codec: &Codec, child: &Child<'_>) -> Option<Alternative> {
        let frame = self.frames.last_mut()?;
        let group = &codec.nodes[frame.node as usize];
        if group.kind != NodeKind::Sequence {
            return None;
        }
        let children = &codec.children[group.range()];
        let mut node = &codec.nodes[*children.get(frame.at as usize)? as usize];
        if frame.count >= node.max {
            frame.at += 1;
            frame.count = 0;
            node = &codec.nodes[*children.get(frame.at as usize)? as usize];
        }
        if node.kind != NodeKind::Element {
            return None;
        }
        let found = *codec.alternatives.get(node.start as usize)?;
        let element = &codec.elements[found.element as usize];
        let taken = element.namespace.0 == child.namespace && same(&element.local, child.local);
        frame.count += u32::from(taken);
        taken.then_some(found)
    }

    fn search(
        &mut self,
        codec: &Codec,
        base: usize,
        child: &mut Child<'_>,
    ) -> Result<Matched, Mismatch> {
        while self.frames.len() > base {
            let top = self.frames.len() - 1;
            let group = &codec.nodes[self.frames[top].node as usize];
            let step = match group.kind {
                NodeKind::Sequence => self.in_sequence(codec, group, child)?,
                NodeKind::Choice => self.in_choice(codec, group, child)?,
                _ => self.in_all(codec, group, child)?,
            };
            match step {
                Step::Taken(matched) => return Ok(matched),
                Step::Enter(node) => self.enter(codec, node),
                Step::Leave => self.leave(codec),
            }
        }
        Err(Mismatch::NoMore)
    }

    #[inline]
    fn in_sequence(
        &mut self,
        codec: &Codec,
        group: &Node,
        child: &mut Child<'_>,
    ) -> Result<Step, Mismatch> {
        let children = &codec.children[group.range()];
        let Some(frame) = self.frames.last_mut() else {
            return Err(Mismatch::NoMore);
        };
        while let Some(due) = children.get(frame.at as usize) {
            let node = &codec.nodes[*due as usize];
            if frame.count < node.max
                && let Some(step) = taken(codec, *due, node, child)
            {
                frame.count += 1;
                return Ok(step);
            }
            if frame.count < node.min && !node.emptiable {
                return Err(Mismatch::Expected(*due));
            }
            frame.at += 1;
            frame.count = 0;
        }
        Ok(Step::Leave)
    }

    fn in_choice(
        &mut self,
        codec: &Codec,
        group: &Node,
        child: &mut Child<'_>,
    ) -> Result<Step, Mismatch> {
        let children = &codec.children[group.range()];
        let Some(frame) = self.frames.last_mut() else {
            return Err(Mismatch::NoMore);
        };
        if frame.at == UNCHOSEN {
            for (place, due) in children.iter().enumerate() {
                let node = &codec.nodes[*due as usize];
                if node.max > 0
                    && let Some(step) = taken(codec, *due, node, child)
                {
                    frame.at = u32::try_from(place).unwrap_or(UNCHOSEN);
                    frame.count = 1;
                    return Ok(step);
                }
            }
            return match group.emptiable {
                true => Ok(Step::Leave),
                false => Err(Mismatch::Expected(frame.node)),
            };
        }
        let due = children[frame.at as usize];
        let node = &codec.nodes[due as usize];
        if frame.count < node.max
            && let Some(step) = taken(codec, due, node, child)
        {
            frame.count += 1;
            return Ok(step);
        }
        match frame.count < node.min && !node.emptiable {
            true => Err(Mismatch::Expected(due)),
            false => Ok(Step::Leave),
        }
    }

    fn in_all(
        &mut self,
        codec: &Codec,
        group: &Node,
        child: &mut Child<'_>,
    ) -> Result<Step, Mismatch> {
        let children = &codec.children[group.range()];
        let start = self.frames.last().map_or(0, |frame| frame.at as usize);
        let seen = &mut self.seen[start..];
        for (place, due) in children.iter().enumerate() {
            if !seen[place]
                && let Some(step) = taken(codec, *due, &codec.nodes[*due as usize], child)
            {
                seen[place] = true;
                return Ok(step);
            }
        }
        match missing_of_all(codec, children, seen) {
            Some(due) => Err(Mismatch::Expected(due)),
            None => Ok(Step::Leave),
        }
    }

    /// The element ends. Closes its content model; gives the node that is still due, if one is.
    pub(super) fn finish(&mut self, codec: &Codec, base: usize) -> Result<(), u32> {
        let mut due = None;
        while due.is_none() && self.frames.len() > base {
            due = self.due(codec);
            self.leave(codec);
        }
        while self.frames.len() > base {
            self.leave(codec);
        }
        due.map_or(Ok(()), Err)
    }

    fn due(&self, codec: &Codec) -> Option<u32> {
        let frame = self.frames.last()?;
        let group = &codec.nodes[frame.node as usize];
        let children = &codec.children[group.range()];
        let unmet = |node: u32, count: u32| {
            let found = &codec.nodes[node as usize];
            (count < found.min && !found.emptiable).then_some(node)
        };
        match group.kind {
            NodeKind::Sequence => {
                let mut count = frame.count;
                for node in children.iter().skip(frame.at as usize) {
                    if let Some(node) = unmet(*node, count) {
                        return Some(node);
                    }
                    count = 0;
                }
                None
            }
            NodeKind::Choice if frame.at == UNCHOSEN => (!group.emptiable).then_some(frame.node),
            NodeKind::Choice => unmet(children[frame.at as usize], frame.count),
            _ => missing_of_all(codec, children, &self.seen[frame.at as usize..]),
        }
    }
}

enum Step {
    Taken(Matched),
    Enter(u32),
    Leave,
}

fn missing_of_all(codec: &Codec, children: &[u32], seen: &[bool]) -> Option<u32> {
    let due = children.iter().zip(seen).find(|(node, seen)| {
        let found = &codec.nodes[**node as usize];
        !**seen && found.min > 0 && !found.emptiable
    });
    due.map(|(node, _)| *node)
}

/// What a node makes of a child, if it takes it.
#[inline]
fn taken(codec: &Codec, index: u32, node: &Node, child: &mut Child<'_>) -> Option<Step> {
    match node.kind {
        NodeKind::Element => {
            alternative(codec, node, child).map(|found| Step::Taken(Matched::Element(found)))
        }
        NodeKind::Any => {
            let wildcard = &codec.wildcards[node.start as usize];
            wildcard
                .lets_in(child.namespace, child.no_namespace)
                .then_some(Step::Taken(Matched::Wildcard(node.start)))
        }
        _ => can_begin(codec, node, child).then_some(Step::Enter(index)),
    }
}

#[inline]
fn alternative(codec: &Codec, node: &Node, child: &Child<'_>) -> Option<Alternative> {
    codec.alternatives[node.range()]
        .iter()
        .find(|alternative| {
            let element = &codec.elements[alternative.element as usize];
            element.namespace.0 == child.namespace && same(&element.local, child.local)
        })
        .copied()
}

/// Equality of names, which are short: without a call for most of them.
#[inline]
pub(super) fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    match (a.first_chunk::<8>(), b.first_chunk::<8>()) {
        (Some(first), Some(other)) => {
            u64::from_ne_bytes(*first) == u64::from_ne_bytes(*other)
                && match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
                    (Some(last), Some(other)) if a.len() <= 16 => {
                        u64::from_ne_bytes(*last) == u64::from_ne_bytes(*other)
                    }
                    _ => a == b,
                }
        }
        _ => match (a.first_chunk::<4>(), b.first_chunk::<4>()) {
            (Some(first), Some(other)) => {
                u32::from_ne_bytes(*first) == u32::from_ne_bytes(*other)
                    && a.last_chunk::<4>() == b.last_chunk::<4>()
            }
            _ => a.iter().zip(b).all(|(a, b)| a == b),
        },
    }
}

/// Whether a group may begin with a child.
fn can_begin(codec: &Codec, node: &Node, child: &mut Child<'_>) -> bool {
    let firsts = &codec.firsts[node.firsts.start as usize..node.firsts.end as usize];
    if let Some(name) = child.id(codec)
        && firsts.binary_search(&name).is_ok()
    {
        return true;
    }
    node.first_any && wildcard_begins(codec, node, child)
}

fn wildcard_begins(codec: &Codec, node: &Node, child: &mut Child<'_>) -> bool {
    for inner in &codec.children[node.range()] {
        let inner = &codec.nodes[*inner as usize];
        let begins = match inner.kind {
            NodeKind::Element => false,
            NodeKind::Any => {
                codec.wildcards[inner.start as usize].lets_in(child.namespace, child.no_namespace)
            }
            _ => inner.first_any && wildcard_begins(codec, inner, child),
        };
        if begins {
            return true;
        }
        if node.kind == NodeKind::Sequence && inner.min > 0 && !inner.emptiable {
            return false;
        }
    }
    false
}
