//! Files that people edit: read once, every fault named with its line and column.
//!
//! A file is YAML 1.2 (JSON is a part of it) and says in its first key what it is, `schema: tongban/item/1`. A type that
//! is read from such a file implements [`Document`]; [`load_yaml`] gives the value, or **all** faults of the file.
//!
//! # How all faults come out of serde, which stops at the first
//!
//! The text becomes a tree of nodes with places. `T` is read from the tree; when it fails at a node, the fault is noted,
//! a harmless stand-in takes the place of that node, and `T` is read again, until it reads to the end. Unknown keys are
//! seen by comparing with the field names that serde announces. Then [`Document::findings`] checks what no single
//! value shows (a promise longer than the law allows); what it says about a stand-in is dropped.
//!
//! # What always holds
//!
//! * Unknown keys, duplicate keys and unknown words of a table are faults, with "did you mean" where something is near.
//! * Text stays as written: `code: 0440` read into a `String` is `0440`. Read into free JSON (`serde_json::Value`) a
//!   number with a leading zero is text too.
//! * Anchors, aliases, tags, merge keys and second documents are refused: a file says what it says where it says it, and
//!   nothing can be multiplied. Bounds: [`MAX_BYTES`], [`MAX_NODES`], [`MAX_DEPTH`], [`MAX_FAULTS`].
//! * A type may carry its own `schema` field; if it has none, the key is taken off before reading.
//!
//! Types whose text has to pass a check (identifiers) should read themselves through [`parsed_text`], so that a faulty
//! one does not hide the faults of its neighbours.

mod builder;
mod fault;
mod node_reader;
mod parts;
mod plain;
mod reading;
mod stand_in;
mod tree;

#[cfg(test)]
mod tests;

pub use fault::{Fault, Finding, Place, nearest};
pub use stand_in::parsed_text;

use reading::Reading;
use serde::de::DeserializeOwned;
use tree::Tree;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// The most nodes (keys, values, lists, mappings) of a file.
pub const MAX_NODES: usize = 50_000;
/// The deepest nesting of a file.
pub const MAX_DEPTH: usize = 64;
/// The most faults that are told of one file; beyond it one more fault says that there are others.
pub const MAX_FAULTS: usize = 100;

/// A kind of file that people edit.
pub trait Document: DeserializeOwned {
    /// The value of the file's first key, for example `tongban/item/1`.
    const SCHEMA: &'static str;

    /// What is wrong with a value whose parts are right one by one; empty when nothing is.
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }
}

/// Reads a file of one kind.
///
/// # Errors
/// Every fault of the file, in the order of the file.
///
/// ```
/// use serde::Deserialize;
/// use tongban_catalog::source::{Document, load_yaml};
///
/// #[derive(Deserialize)]
/// struct Counter { name: String, window: u8 }
/// impl Document for Counter { const SCHEMA: &'static str = "example/counter/1"; }
///
/// let text = "schema: example/counter/1\nname: 一号厅\nwindows: 3\n";
/// let faults = load_yaml::<Counter>("hall.yaml", text).err().unwrap();
/// assert_eq!((faults[0].line, faults[0].column, faults[0].code), (3, 1, "unknown_key"));
/// assert_eq!(faults[0].hint.as_ref().unwrap().en, "did you mean `window`?");
/// ```
pub fn load_yaml<T: Document>(file_name: &str, text: &str) -> Result<T, Vec<Fault>> {
    load_placed(file_name, text).map(|placed| placed.value)
}

/// A value together with the places that its parts have in the file, for checks that span files.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// What the file says.
    pub value: T,
    file: String,
    tree: Tree,
}

impl<T> Placed<T> {
    /// The name of the file, as it was given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Where the value at a JSON pointer (RFC 6901) stands; the nearest that encloses it when it is absent.
    pub fn place(&self, pointer: &str) -> Place {
        self.tree.place(pointer)
    }

    /// A finding of a later check as a fault of this file.
    pub fn fault(&self, finding: Finding) -> Fault {
        let place = self.place(&finding.pointer);
        finding.into_fault(&self.file, place)
    }
}

/// Reads a file of one kind and keeps the places of its parts.
///
/// # Errors
/// Every fault of the file, in the order of the file.
pub fn load_placed<T: Document>(file_name: &str, text: &str) -> Result<Placed<T>, Vec<Fault>> {
    let (tree, mut found) =
        Tree::parse(text).map_err(|only| fault::in_order(file_name, vec![*only]))?;
    if let Some(wrong) = tree.wrong_schema(T::SCHEMA) {
        return Err(fault::in_order(file_name, vec![wrong]));
    }
    let mut reading = Reading::new(&tree);
    let value: Option<T> = reading.read();
    for finding in value.iter().flat_map(Document::findings) {
        if reading.is_sound(&finding) {
            found.push((tree.place(&finding.pointer), finding));
        }
    }
    found.extend(reading.into_findings());
    match value {
        Some(value) if found.is_empty() => Ok(Placed {
            value,
            file: file_name.to_owned(),
            tree,
        }),
        _ => Err(fault::in_order(file_name, found)),
    }
}

/// The `schema` that a file says it is, without reading the rest: for programs that are given files of several kinds.
pub fn schema_of(text: &str) -> Option<String> {
    let (tree, _) = Tree::parse(text).ok()?;
    tree.schema().map(str::to_owned)
}
