//! The text of a file as a tree of nodes that know their places.

use super::{Finding, Place};

/// A node's index in its tree; the root is 0.
pub(super) type NodeId = usize;
/// A finding and where it is.
pub(super) type Located = (Place, Finding);

/// All nodes of one document. A node's children stand behind it.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) parent: Option<(NodeId, Step)>,
    pub(super) kind: Kind,
}

/// How one gets from a node to its child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// `plain` is false for quoted and block text, which is always text.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<NodeId>),
    Mapping(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_place: Place,
    pub(super) value: NodeId,
}

impl Tree {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The entry of a mapping with a key.
    pub(super) fn entry(&self, mapping: NodeId, key: &str) -> Option<&Entry> {
        match &self.nodes[mapping].kind {
            Kind::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The JSON pointer of a node.
    pub(super) fn pointer(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let mut at = id;
        while let Some((parent, step)) = &self.nodes[at].parent {
            steps.push(match step {
                Step::Key(key) => escaped(key),
                Step::Index(index) => index.to_string(),
            });
            at = *parent;
        }
        steps
            .iter()
            .rev()
            .fold(String::new(), |pointer, step| pointer + "/" + step)
    }

    /// Where the value at a pointer stands, or the nearest that encloses it.
    pub(super) fn place(&self, pointer: &str) -> Place {
        let mut at = 0;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let next = match &self.nodes[at].kind {
                Kind::Scalar { .. } => None,
                Kind::Sequence(items) => step
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index).copied()),
                Kind::Mapping(entries) => entries
                    .iter()
                    .find(|entry| entry.key == step)
                    .map(|entry| entry.value),
            };
            match next {
                Some(child) => at = child,
                None => break,
            }
        }
        self.place_of(at)
    }

    /// Where a person would look for a node: a list, a mapping or nothing
    /// under a key is found by that key, all else by itself.
    pub(super) fn place_of(&self, id: NodeId) -> Place {
        let node = &self.nodes[id];
        match &node.kind {
            Kind::Scalar { text, .. } if !matches!(text.as_str(), "" | "~") => node.place,
            _ => self.key_place(id),
        }
    }

    /// Where the key of an entry stands, given its value; the value itself if it has no key.
    fn key_place(&self, value: NodeId) -> Place {
        let node = &self.nodes[value];
        let Some((parent, _)) = &node.parent else {
            return node.place;
        };
        match &self.nodes[*parent].kind {
            Kind::Mapping(entries) => entries
                .iter()
                .find(|entry| entry.value == value)
                .map_or(node.place, |entry| entry.key_place),
            _ => node.place,
        }
    }

    /// The text of the first key, if that is `schema`.
    pub(super) fn schema(&self) -> Option<&str> {
        let Kind::Mapping(entries) = &self.nodes[0].kind else {
            return None;
        };
        let first = entries.first().filter(|entry| entry.key == "schema")?;
        match &self.nodes[first.value].kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What is wrong with the first key, if it does not say `expected`.
    pub(super) fn wrong_schema(&self, expected: &str) -> Option<Located> {
        match self.schema() {
            Some(schema) if schema == expected => None,
            Some(schema) => {
                let finding = Finding::new(
                    "/schema",
                    "wrong_schema",
                    format!("此处应为 schema: {expected}，文件写的是“{schema}”"),
                    format!("expected `schema: {expected}`, the file says `{schema}`"),
                );
                Some((self.place("/schema"), finding))
            }
            None => {
                let finding = Finding::new(
                    "",
                    "schema_not_first",
                    "文件的第一个键必须是 schema",
                    "the first key of the file must be `schema`",
                )
                .with_hint(
                    format!("请在首行写上 schema: {expected}"),
                    format!("write `schema: {expected}` on the first line"),
                );
                Some((self.nodes[0].place, finding))
            }
        }
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
