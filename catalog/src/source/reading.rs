//! Reads a type from a tree again and again until every fault has shown itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use serde::de::{self, DeserializeOwned};

use super::fault::nearest;
use super::node_reader::NodeReader;
use super::tree::{Entry, Located, NodeId, Tree};
use super::{Finding, MAX_FAULTS, Place};

/// Each fault costs at most a few rounds (note it, stand in, give up the part around it).
const MAX_ROUNDS: usize = 5 * MAX_FAULTS;

/// What is done with a node that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// A stand-in is read in its place.
    StandIn,
    /// It is left out.
    Omit,
}

/// A key that the type does not know.
struct UnknownKey {
    place: Place,
    finding: Finding,
    /// The key that was probably meant.
    meant: Option<&'static str>,
}

/// One document on its way into a type.
pub(super) struct Reading<'t> {
    pub(super) tree: &'t Tree,
    treatments: HashMap<NodeId, Treatment>,
    /// Keys that are missing from a mapping and for which stand-ins are given.
    supplied: HashMap<NodeId, Vec<&'static str>>,
    /// By the node of the value.
    unknown_keys: RefCell<HashMap<NodeId, UnknownKey>>,
    found: Vec<Located>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        Self {
            tree,
            treatments: HashMap::new(),
            supplied: HashMap::new(),
            unknown_keys: RefCell::new(HashMap::new()),
            found: Vec::new(),
        }
    }

    /// The value, real or with stand-ins where there were faults; `None` if not even that can be had.
    pub(super) fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        for _ in 0..MAX_ROUNDS {
            if self.found.len() > MAX_FAULTS {
                return None;
            }
            match T::deserialize(NodeReader::new(self, 0)) {
                Ok(value) => return Some(value),
                Err(trouble) => self.note(trouble)?,
            }
        }
        None
    }

    /// Whether everything that a finding speaks of was really read from the file.
    pub(super) fn is_sound(&self, finding: &Finding) -> bool {
        let doubtful: Vec<String> = self
            .treatments
            .keys()
            .map(|node| self.tree.pointer(*node))
            .chain(self.supplied_pointers())
            .collect();
        let touches = |one: &str, other: &str| {
            let (short, long) = if one.len() < other.len() {
                (one, other)
            } else {
                (other, one)
            };
            long.strip_prefix(short)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut named = std::iter::once(&finding.pointer).chain(&finding.compared);
        !named.any(|pointer| doubtful.iter().any(|doubt| touches(pointer, doubt)))
    }

    pub(super) fn into_findings(self) -> Vec<Located> {
        let unknown = self.unknown_keys.into_inner();
        self.found
            .into_iter()
            .chain(unknown.into_values().map(|key| (key.place, key.finding)))
            .collect()
    }

    pub(super) fn treatment(&self, node: NodeId) -> Option<Treatment> {
        self.treatments.get(&node).copied()
    }

    pub(super) fn supplied(&self, mapping: NodeId) -> &[&'static str] {
        self.supplied.get(&mapping).map_or(&[], Vec::as_slice)
    }

    /// Notes a key that the type does not know; it is left out. One more than can be told is enough to know of.
    pub(super) fn unknown_key(&self, entry: &Entry, known: &[&'static str]) {
        let Entry {
            key,
            key_place,
            value,
        } = entry;
        if self.unknown_keys.borrow().len() > MAX_FAULTS {
            return;
        }
        self.unknown_keys
            .borrow_mut()
            .entry(*value)
            .or_insert_with(|| {
                let finding = Finding::new(
                    self.tree.pointer(*value),
                    "unknown_key",
                    format!("不认识的键“{key}”"),
                    format!("unknown key `{key}`"),
                );
                let meant = nearest(key, known.iter().copied());
                UnknownKey {
                    place: *key_place,
                    finding: suggested(finding, key, known),
                    meant,
                }
            });
    }

    fn supplied_pointers(&self) -> impl Iterator<Item = String> {
        self.supplied.iter().flat_map(|(mapping, keys)| {
            keys.iter()
                .map(|key| format!("{}/{key}", self.tree.pointer(*mapping)))
        })
    }

    /// Notes what went wrong and arranges that the next round gets past it; `None` if nothing can be arranged.
    fn note(&mut self, trouble: Trouble) -> Option<()> {
        let node = trouble.at.unwrap_or(0);
        match trouble.what {
            What::Missing(key) => {
                if !self.tells_of(node, key) {
                    let pointer = self.tree.pointer(node);
                    let finding = Finding::new(
                        format!("{pointer}/{key}"),
                        "missing_key",
                        format!("缺少必填的键“{key}”"),
                        format!("the key `{key}` is missing"),
                    );
                    if !self.was_misspelt(node, key) {
                        self.found.push((self.tree.place_of(node), finding));
                    }
                    self.supplied.entry(node).or_default().push(key);
                    return Some(());
                }
            }
            What::UnknownField(field, known) => {
                let tree = self.tree;
                let entry = tree.entry(node, &field)?;
                self.unknown_key(entry, known);
                self.treatments.insert(entry.value, Treatment::Omit);
                return Some(());
            }
            What::NoStandIn => {}
            other => {
                if self.treatment(node).is_none() {
                    self.found.push((
                        self.tree.place_of(node),
                        other.into_finding(self.tree.pointer(node)),
                    ));
                }
            }
        }
        self.treat(node)
    }

    /// Whether a missing key has been told of already: its value was left out as faulty, or a stand-in did not fit.
    fn tells_of(&self, mapping: NodeId, key: &'static str) -> bool {
        self.tree.entry(mapping, key).is_some() || self.supplied(mapping).contains(&key)
    }

    /// Whether an unknown key of the mapping was probably meant to be `key`; its "did you mean" says enough.
    fn was_misspelt(&self, mapping: NodeId, key: &str) -> bool {
        let inside = |value: NodeId| {
            self.tree
                .node(value)
                .parent
                .as_ref()
                .is_some_and(|(parent, _)| *parent == mapping)
        };
        let unknown = self.unknown_keys.borrow();
        unknown
            .iter()
            .any(|(value, unknown)| unknown.meant == Some(key) && inside(*value))
    }

    /// A stand-in first, then leaving out, then the same with the part around it.
    fn treat(&mut self, mut node: NodeId) -> Option<()> {
        loop {
            match self.treatment(node) {
                None => {
                    self.treatments.insert(node, Treatment::StandIn);
                    return Some(());
                }
                Some(Treatment::StandIn) => {
                    self.tree.node(node).parent.as_ref()?;
                    self.treatments.insert(node, Treatment::Omit);
                    return Some(());
                }
                Some(Treatment::Omit) => node = self.tree.node(node).parent.as_ref()?.0,
            }
        }
    }
}

/// The error that serde carries from the place of a fault to [`Reading`].
#[derive(Debug)]
pub(super) struct Trouble {
    what: What,
    at: Option<NodeId>,
}

#[derive(Debug)]
enum What {
    /// A type's own check refused the value, in its own words.
    Refused(String),
    WrongType {
        expected: (&'static str, &'static str),
        found: (&'static str, &'static str),
        hint: Option<(&'static str, &'static str)>,
    },
    Invalid {
        found: String,
        expected: String,
    },
    UnknownVariant(String, &'static [&'static str]),
    UnknownField(String, &'static [&'static str]),
    Missing(&'static str),
    NoStandIn,
}

impl Trouble {
    pub(super) fn no_stand_in() -> Self {
        Self {
            what: What::NoStandIn,
            at: None,
        }
    }

    /// Chinese and English words for what was expected and what was found.
    pub(super) fn wrong_type(
        expected: (&'static str, &'static str),
        found: (&'static str, &'static str),
        hint: Option<(&'static str, &'static str)>,
    ) -> Self {
        Self {
            what: What::WrongType {
                expected,
                found,
                hint,
            },
            at: None,
        }
    }

    /// Whatever went wrong while a stand-in was read is no fault of the file.
    pub(super) fn of_stand_in(self) -> Self {
        Self::no_stand_in()
    }

    /// The key of the entry with this value could not be read.
    pub(super) fn at_key(self, value: NodeId) -> Self {
        self.at(value)
    }

    /// Says at which node it went wrong, unless a node further inside has said so.
    pub(super) fn at(mut self, node: NodeId) -> Self {
        self.at.get_or_insert(node);
        self
    }
}

impl What {
    fn into_finding(self, pointer: String) -> Finding {
        match self {
            Self::Refused(reason) => {
                // The types of this crate word their errors as `中文 / English`.
                let (zh, en) = reason.split_once(" / ").unwrap_or((&reason, &reason));
                Finding::new(pointer, "invalid_value", zh, en)
            }
            Self::WrongType {
                expected,
                found,
                hint,
            } => {
                let finding = Finding::new(
                    pointer,
                    "wrong_type",
                    format!("此处应为{}，实为{}", expected.0, found.0),
                    format!("expected {}, found {}", expected.1, found.1),
                );
                match hint {
                    Some((zh, en)) => finding.with_hint(zh, en),
                    None => finding,
                }
            }
            Self::Invalid { found, expected } => Finding::new(
                pointer,
                "invalid_value",
                format!("此值不合要求：写的是 {found}，应为 {expected}"),
                format!("not acceptable: found {found}, expected {expected}"),
            ),
            Self::UnknownVariant(written, known) => {
                let finding = Finding::new(
                    pointer,
                    "unknown_word",
                    format!("不认识的取值“{written}”，可用：{}", known.join("、")),
                    format!(
                        "unknown value `{written}`, possible are: {}",
                        known.join(", ")
                    ),
                );
                suggested(finding, &written, known)
            }
            Self::UnknownField(..) | Self::Missing(_) | Self::NoStandIn => {
                Finding::new(pointer, "invalid_value", "此值不合要求", "not acceptable")
            }
        }
    }
}

fn suggested(finding: Finding, written: &str, known: &[&'static str]) -> Finding {
    match nearest(written, known.iter().copied()) {
        near @ Some(_) => finding.with_suggestion(near),
        None if known.is_empty() => finding,
        None => finding.with_hint(
            format!("可用：{}", known.join("、")),
            format!("possible are: {}", known.join(", ")),
        ),
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for Trouble {}

impl de::Error for Trouble {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            what: What::Refused(message.to_string()),
            at: None,
        }
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self {
            what: What::Invalid {
                found: found.to_string(),
                expected: expected.to_string(),
            },
            at: None,
        }
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            what: What::UnknownVariant(variant.to_owned(), expected),
            at: None,
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self {
            what: What::UnknownField(field.to_owned(), expected),
            at: None,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            what: What::Missing(field),
            at: None,
        }
    }
}
