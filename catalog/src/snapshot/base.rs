//! The part of the catalogue that is built once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::fold::{fold, initials};
use crate::item::{ItemId, ServiceItem};

/// One version of an item with what searching needs of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) item: Arc<ServiceItem>,
    /// Name, English name and keywords, folded, each on a line of its own.
    pub(super) text: String,
    /// The folded name alone.
    pub(super) name: String,
    /// Pinyin initials of the name and of each keyword, each on a line of its own.
    pub(super) initials: String,
}

impl Entry {
    pub(super) fn new(item: Arc<ServiceItem>) -> Self {
        let words = || std::iter::once(&item.name).chain(&item.keywords);
        let text: Vec<String> = words()
            .chain(&item.name_en)
            .map(|word| fold(word))
            .collect();
        let initials: Vec<String> = words().map(|word| initials(word)).collect();
        Self {
            text: text.join("\n"),
            name: fold(&item.name),
            initials: initials.join("\n"),
            item,
        }
    }

    pub(super) fn key(&self) -> (&ItemId, u32) {
        (&self.item.id, self.item.version)
    }

    pub(super) fn has_code(&self, code: &str) -> bool {
        self.item.codes.iter().any(|own| own.as_str() == code)
    }
}

/// Entries in the order of id and version, with the ways to find them.
#[derive(Debug)]
pub(super) struct Base {
    entries: Vec<Arc<Entry>>,
    by_id: HashMap<ItemId, Range<usize>>,
    by_code: HashMap<String, Vec<usize>>,
}

impl Base {
    /// Of entries with the same key the last counts.
    pub(super) fn new(entries: impl IntoIterator<Item = Arc<Entry>>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.reverse();
        entries.sort_by(|one, other| one.key().cmp(&other.key()));
        entries.dedup_by(|later, first| later.key() == first.key());

        let mut by_id: HashMap<ItemId, Range<usize>> = HashMap::new();
        let mut by_code: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            by_id
                .entry(entry.item.id.clone())
                .or_insert(index..index)
                .end = index + 1;
            for code in &entry.item.codes {
                by_code
                    .entry(code.as_str().to_owned())
                    .or_default()
                    .push(index);
            }
        }
        Self {
            entries,
            by_id,
            by_code,
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    pub(super) fn ids(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn has_id(&self, id: &ItemId) -> bool {
        self.by_id.contains_key(id)
    }

    /// The versions of an item, lowest first.
    pub(super) fn of_id(&self, id: &ItemId) -> impl Iterator<Item = &Arc<Entry>> {
        self.by_id
            .get(id)
            .into_iter()
            .flat_map(|range| &self.entries[range.clone()])
    }

    pub(super) fn of_code(&self, code: &str) -> impl Iterator<Item = &Arc<Entry>> {
        self.by_code
            .get(code)
            .into_iter()
            .flatten()
            .map(|index| &self.entries[*index])
    }

    /// The versions of each item together, lowest first.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[Arc<Entry>]> {
        self.entries
            .chunk_by(|one, other| one.item.id == other.item.id)
    }
}
