//! The tables that messages are written and read by.
//!
//! Everything is an index: names, namespaces, types, elements, nodes of content models. Nodes of a type lie side by side, each knows
//! its occurrence bounds (counted, never unrolled), which of its names may come first, and the slot of the value that it fills.

use super::simple::{SimpleId, SimpleTypes};
use crate::schema::{NameId, Names, NamespaceId, ProcessContents, WildcardNamespaces};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

/// No bound.
pub(super) const UNBOUNDED: u32 = u32::MAX;

/// A schema compiled (编译后的编解码器): writes values as XML and reads XML as values, checking both. Cheap to share, never changes.
#[derive(Debug)]
pub struct Codec {
    pub(super) names: Names,
    /// Local names and their ids, by namespace.
    pub(super) locals: Vec<HashMap<Box<str>, NameId>>,
    pub(super) namespace_ids: HashMap<Box<str>, u32>,
    /// Prefix of each namespace in what is written.
    pub(super) prefixes: Vec<Box<str>>,
    /// ` xmlns:p="…"` of each namespace.
    pub(super) declarations: Vec<Box<str>>,
    pub(super) elements: Vec<CompiledElement>,
    pub(super) types: Vec<CompiledType>,
    pub(super) simple: SimpleTypes,
    pub(super) nodes: Vec<Node>,
    /// Children of group nodes.
    pub(super) children: Vec<u32>,
    /// Alternatives of element nodes.
    pub(super) alternatives: Vec<Alternative>,
    /// Sorted names that group nodes may begin with.
    pub(super) firsts: Vec<NameId>,
    /// Slots below group nodes.
    pub(super) group_slots: Vec<u32>,
    pub(super) wildcards: Vec<CompiledWildcard>,
    pub(super) slots: Vec<Slot>,
    pub(super) attributes: Vec<CompiledAttribute>,
    pub(super) global_elements: HashMap<NameId, u32>,
    pub(super) global_types: HashMap<NameId, u32>,
    pub(super) global_attributes: HashMap<NameId, CompiledAttribute>,
}

/// An element.
#[derive(Debug)]
pub(super) struct CompiledElement {
    pub(super) name: NameId,
    pub(super) namespace: NamespaceId,
    pub(super) local: Box<str>,
    /// `<p:local`
    pub(super) open: Box<str>,
    /// `</p:local>`
    pub(super) close: Box<str>,
    pub(super) type_index: u32,
    pub(super) nillable: bool,
    pub(super) is_abstract: bool,
    pub(super) default: Option<Box<str>>,
    pub(super) fixed: Option<Box<str>>,
    /// Its simple type, where that is all there is to it: no attributes, no default or fixed value, not abstract, no bytes that
    /// may be attached.
    pub(super) leaf: Option<SimpleId>,
    /// Namespaces that a message of this element is sure to use or likely to; worked out on first use.
    pub(super) reachable: OnceLock<Box<[u32]>>,
}

/// A type.
#[derive(Debug)]
pub(super) struct CompiledType {
    pub(super) name: Option<NameId>,
    pub(super) base: Option<u32>,
    pub(super) is_abstract: bool,
    pub(super) content: Content,
    pub(super) attributes: Range<u32>,
    pub(super) any_attributes: Range<u32>,
    pub(super) slots: Range<u32>,
    /// Slots and attributes by key: a slot's number within the type, or an attribute's with the high bit set.
    pub(super) keys: HashMap<Box<str>, u32>,
    pub(super) array: Option<Array>,
    /// Whether fields alone do not say in which order its elements stand: something repeats in a group that repeats.
    pub(super) interleaves: bool,
    /// Whether one field may belong to several places of one value.
    pub(super) ambiguous: bool,
}

/// Marks an attribute in [`CompiledType::keys`].
pub(super) const ATTRIBUTE: u32 = 1 << 31;

/// What a type holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// Anything.
    Any,
    /// A text.
    Simple(SimpleId),
    /// Neither text nor elements.
    Empty { mixed: bool },
    /// Elements by the sequence node `root`, and text where mixed.
    Model { root: u32, mixed: bool },
}

/// An array of the SOAP encoding.
#[derive(Debug, Clone)]
pub(super) struct Array {
    /// Type of its items.
    pub(super) item: u32,
    /// Type to be named in `arrayType`.
    pub(super) named: u32,
    /// Dimensions of the item type: `[]` for arrays of arrays.
    pub(super) inner: Box<str>,
    /// Name of an item.
    pub(super) item_name: Box<str>,
}

/// Kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// One of `alternatives[start..end]`.
    Element,
    /// Whatever `wildcards[start]` lets in.
    Any,
    /// `children[start..end]` in order.
    Sequence,
    /// One of `children[start..end]`.
    Choice,
    /// Each of `children[start..end]` at most once.
    All,
}

/// A node of a content model.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) min: u32,
    pub(super) max: u32,
    /// Whether one occurrence may be without any element.
    pub(super) emptiable: bool,
    /// Whether a wildcard may come first.
    pub(super) first_any: bool,
    /// Whether it occurs in every value, and what is around it just once.
    pub(super) certain: bool,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Of a group: names that may come first.
    pub(super) firsts: Range<u32>,
    /// Of a group: slots below it.
    pub(super) slots: Range<u32>,
}

impl Node {
    pub(super) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// An element that may stand for an element node: itself, or a member of its substitution group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alternative {
    pub(super) element: u32,
    /// Within the type.
    pub(super) slot: u32,
}

/// A field of a type's value.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) key: Box<str>,
    pub(super) element: u32,
    /// Whether its value is a list.
    pub(super) repeats: bool,
    /// Whether an occurrence is always asked for.
    pub(super) required: bool,
    /// Whether it may be filled at several places of the content model.
    pub(super) shared: bool,
    /// How many of its values those places ask for that are in every value.
    pub(super) least: u32,
}

/// A wildcard.
#[derive(Debug, Clone)]
pub(super) struct CompiledWildcard {
    pub(super) namespaces: WildcardNamespaces,
    pub(super) process: ProcessContents,
}

impl CompiledWildcard {
    /// Whether it lets a namespace in; `no_namespace` is the id of the empty one.
    pub(super) fn lets_in(&self, namespace: u32, no_namespace: u32) -> bool {
        match &self.namespaces {
            WildcardNamespaces::Any => true,
            WildcardNamespaces::Not(other) => namespace != no_namespace && namespace != other.0,
            WildcardNamespaces::Listed(listed) => listed.iter().any(|id| id.0 == namespace),
        }
    }
}

/// An attribute.
#[derive(Debug, Clone)]
pub(super) struct CompiledAttribute {
    pub(super) namespace: u32,
    pub(super) local: Box<str>,
    /// `@local`
    pub(super) key: Box<str>,
    pub(super) simple: SimpleId,
    pub(super) required: bool,
    pub(super) default: Option<Box<str>>,
    pub(super) fixed: Option<Box<str>>,
}

impl Codec {
    /// The id of a name, if any declaration has it.
    pub(super) fn name(&self, namespace: u32, local: &str) -> Option<NameId> {
        self.locals.get(namespace as usize)?.get(local).copied()
    }

    /// The global element of a name.
    pub(super) fn global_element(&self, namespace: u32, local: &str) -> Option<u32> {
        let name = self.name(namespace, local)?;
        self.global_elements.get(&name).copied()
    }

    /// Local name of an element.
    pub(crate) fn elements_local(&self, element: crate::schema::ElementId) -> &str {
        &self.elements[element.index()].local
    }

    /// Whether an element has that name.
    pub(crate) fn is_named(
        &self,
        element: crate::schema::ElementId,
        namespace: u32,
        local: &str,
    ) -> bool {
        let element = &self.elements[element.index()];
        element.namespace.0 == namespace && *element.local == *local
    }

    /// Whether a type is another, or derived from it.
    pub(super) fn derives(&self, mut from: u32, base: u32) -> bool {
        // `anyType` is the base of all.
        if base == 0 {
            return true;
        }
        loop {
            if from == base {
                return true;
            }
            match self.types[from as usize].base {
                Some(next) if next != from => from = next,
                _ => return false,
            }
        }
    }

    /// `{namespace}local` of a name, or `local`.
    pub(super) fn expanded(&self, name: NameId) -> String {
        let (namespace, local) = self.names.parts(name);
        match namespace.is_empty() {
            true => local.to_owned(),
            false => format!("{{{namespace}}}{local}"),
        }
    }

    /// What may come where a node is due, for people.
    pub(super) fn expected(&self, node: u32) -> String {
        let node = &self.nodes[node as usize];
        let mut names: Vec<String> = match node.kind {
            NodeKind::Element => self.alternatives[node.range()]
                .iter()
                .map(|alternative| {
                    format!("<{}>", self.elements[alternative.element as usize].local)
                })
                .collect(),
            NodeKind::Any => vec!["any element".to_owned()],
            _ => self.firsts[node.firsts.start as usize..node.firsts.end as usize]
                .iter()
                .map(|name| format!("<{}>", self.names.local(*name)))
                .collect(),
        };
        if names.len() > 8 {
            names.truncate(8);
            names.push("…".to_owned());
        }
        match names.is_empty() {
            true => "an element".to_owned(),
            false => names.join(" or "),
        }
    }
}
