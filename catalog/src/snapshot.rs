//! The catalogue as the running gateway sees it: an immutable picture with three ways in (by code, by version, by search).
//!
//! # What always holds
//!
//! * A [`Catalogue`] never changes. Publishing gives a new one that shares everything with the old
//!   ([`Catalogue::with_published`]): what was published since the last rebuild lies in a small overlay, and
//!   [`Catalogue::rebuilt`] folds it into a new base, aside, while readers keep the picture they have.
//! * No caller sees its maps; whoever holds an `Arc<ServiceItem>` from it may keep it as long as an application lives.
//! * "Today" is an argument (a day in Asia/Shanghai). Of the versions of one item the **current** one is the highest
//!   that has begun and is no draft; before any has begun, the lowest that will begin. Searching finds current versions
//!   that are active and in force; [`Catalogue::by_code`] finds the others too and says how they stand.
//! * Cost: by code or version, hashing and a look at the overlay; search, one pass over the folded names of all items
//!   (an index of character pairs takes its place when catalogues grow, behind this same face).

mod base;
mod cross_check;
mod fold;
mod readings;
mod search;

pub use cross_check::cross_check;
pub use fold::{fold, initials};
pub use search::{
    Facet, Facets, ItemSummary, MAX_PAGE_SIZE, MAX_QUERY_LENGTH, Query, SearchResult,
};

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::item::{ItemId, ItemState, ServiceItem};
use crate::organisation::OrganisationTree;
use base::{Base, Entry};

/// When the overlay holds this many versions, [`Catalogue::needs_rebuild`] says so.
pub const OVERLAY_LIMIT: usize = 1_024;

/// All published service items and the bodies that handle them.
#[derive(Clone, Debug)]
pub struct Catalogue {
    base: Arc<Base>,
    /// Versions published since the base was built; a later one of the same key takes the place of an earlier one.
    overlay: Vec<Arc<Entry>>,
    organisations: Arc<OrganisationTree>,
}

/// An item found by code or id, and how it stands on the day asked for.
#[derive(Clone, Debug)]
pub struct Found {
    /// The current version.
    pub item: Arc<ServiceItem>,
    /// Whether it may be applied for.
    pub availability: Availability,
}

/// Whether an item may be applied for on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Yes.
    Open,
    /// Not before [`ServiceItem::effective_from`].
    NotYet,
    /// No longer since [`ServiceItem::effective_to`].
    Expired,
    /// 暂停; [`ServiceItem::state_note`] says why.
    Suspended,
    /// 取消; [`ServiceItem::state_note`] says why.
    Withdrawn,
}

impl Catalogue {
    /// Builds a catalogue. Of two items with the same id and version the later one counts.
    pub fn new(
        items: impl IntoIterator<Item = Arc<ServiceItem>>,
        organisations: Arc<OrganisationTree>,
    ) -> Self {
        let entries = items.into_iter().map(|item| Arc::new(Entry::new(item)));
        Self {
            base: Arc::new(Base::new(entries)),
            overlay: Vec::new(),
            organisations,
        }
    }

    /// The same catalogue with one more version, or another state of a version that it has. Cheap: the base is shared.
    #[must_use]
    pub fn with_published(&self, item: Arc<ServiceItem>) -> Self {
        let mut overlay = self.overlay.clone();
        overlay.retain(|entry| entry.key() != (&item.id, item.version));
        overlay.push(Arc::new(Entry::new(item)));
        Self {
            overlay,
            ..self.clone()
        }
    }

    /// The same catalogue with the overlay folded into a new base.
    #[must_use]
    pub fn rebuilt(&self) -> Self {
        let entries = self.base.entries().chain(&self.overlay).cloned();
        Self {
            base: Arc::new(Base::new(entries)),
            overlay: Vec::new(),
            organisations: self.organisations.clone(),
        }
    }

    /// The same items under another organisation tree.
    #[must_use]
    pub fn with_organisations(&self, organisations: Arc<OrganisationTree>) -> Self {
        Self {
            organisations,
            ..self.clone()
        }
    }

    /// Whether the overlay has grown to [`OVERLAY_LIMIT`], so that a rebuild aside is due.
    pub fn needs_rebuild(&self) -> bool {
        self.overlay.len() >= OVERLAY_LIMIT
    }

    /// The bodies.
    pub fn organisations(&self) -> &Arc<OrganisationTree> {
        &self.organisations
    }

    /// One version of one item, whatever its state, drafts included: what an application has pinned.
    pub fn version(&self, id: &ItemId, version: u32) -> Option<Arc<ServiceItem>> {
        self.entry(id, version).map(|entry| Arc::clone(&entry.item))
    }

    /// All versions of an item, lowest first, drafts included.
    pub fn versions(&self, id: &ItemId) -> Vec<Arc<ServiceItem>> {
        let mut items: Vec<_> = self
            .base
            .of_id(id)
            .filter(|entry| !self.is_overlaid(entry))
            .chain(self.overlay.iter().filter(|entry| entry.item.id == *id))
            .map(|entry| Arc::clone(&entry.item))
            .collect();
        items.sort_by_key(|item| item.version);
        items
    }

    /// The current version of an item; `None` when there is none or it is a draft only.
    pub fn current(&self, id: &ItemId, today: Date) -> Option<Found> {
        let item = current_of(self.versions(id), today)?;
        let availability = Availability::of(&item, today);
        Some(Found { item, availability })
    }

    /// The current version of the item that has, or once had, a code of any scheme; read exactly as written. Should two
    /// items share the code, the one that may be applied for, then the one with the lower id.
    pub fn by_code(&self, code: &str, today: Date) -> Option<Found> {
        let of_overlay = self
            .overlay
            .iter()
            .filter(|entry| entry.has_code(code))
            .map(|entry| &entry.item.id);
        let mut ids: Vec<&ItemId> = self
            .base
            .of_code(code)
            .filter(|entry| !self.is_overlaid(entry))
            .map(|entry| &entry.item.id)
            .chain(of_overlay)
            .collect();
        ids.sort();
        ids.dedup();
        let found = ids.into_iter().filter_map(|id| self.current(id, today));
        found.min_by_key(|found| found.availability != Availability::Open)
    }

    /// Current versions that may be applied for today, with facets. See [`Query`].
    pub fn search(&self, query: &Query, today: Date) -> SearchResult {
        search::search(self.open_entries(today), &self.organisations, query)
    }

    /// All current versions that may be applied for today, in the order of their ids.
    pub fn open_items(&self, today: Date) -> Vec<Arc<ServiceItem>> {
        self.open_entries(today)
            .map(|entry| Arc::clone(&entry.item))
            .collect()
    }

    /// How many items (not versions) there are, whatever their state.
    pub fn len(&self) -> usize {
        let new = self
            .overlay
            .iter()
            .map(|entry| &entry.item.id)
            .filter(|id| !self.base.has_id(id));
        let new: HashSet<_> = new.collect();
        self.base.ids() + new.len()
    }

    /// Whether there is no item at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn entry(&self, id: &ItemId, version: u32) -> Option<&Arc<Entry>> {
        let newer = self
            .overlay
            .iter()
            .find(|entry| entry.key() == (id, version));
        newer.or_else(|| {
            self.base
                .of_id(id)
                .find(|entry| entry.item.version == version)
        })
    }

    fn is_overlaid(&self, entry: &Entry) -> bool {
        self.overlay.iter().any(|newer| newer.key() == entry.key())
    }

    fn open_entries(&self, today: Date) -> impl Iterator<Item = &Arc<Entry>> {
        let touched: BTreeSet<&ItemId> = self.overlay.iter().map(|entry| &entry.item.id).collect();
        let is_touched = {
            let touched = touched.clone();
            move |group: &[Arc<Entry>]| {
                group
                    .first()
                    .is_some_and(|entry| touched.contains(&entry.item.id))
            }
        };
        let of_base = self
            .base
            .groups()
            .filter(move |group| !is_touched(group))
            .filter_map(move |group| current_entry(group, today));
        let of_overlay = touched.into_iter().filter_map(move |id| {
            let found = self.current(id, today)?;
            self.entry(id, found.item.version)
        });
        of_base
            .chain(of_overlay)
            .filter(move |entry| Availability::of(&entry.item, today) == Availability::Open)
    }
}

impl Availability {
    /// How one version stands on a day, taken by itself. A draft has not begun.
    pub fn of(item: &ServiceItem, today: Date) -> Self {
        match item.state {
            ItemState::Cancelled => Self::Withdrawn,
            ItemState::Suspended => Self::Suspended,
            ItemState::Draft => Self::NotYet,
            ItemState::Active if today < item.effective_from => Self::NotYet,
            ItemState::Active if item.is_effective(today) => Self::Open,
            ItemState::Active => Self::Expired,
        }
    }
}

fn current_of(versions: Vec<Arc<ServiceItem>>, today: Date) -> Option<Arc<ServiceItem>> {
    let mut published: Vec<_> = versions
        .into_iter()
        .filter(|item| item.state != ItemState::Draft)
        .collect();
    let begun = published
        .iter()
        .rposition(|item| item.effective_from <= today);
    (!published.is_empty()).then(|| published.swap_remove(begun.unwrap_or(0)))
}

fn current_entry(group: &[Arc<Entry>], today: Date) -> Option<&Arc<Entry>> {
    let published = || {
        group
            .iter()
            .filter(|entry| entry.item.state != ItemState::Draft)
    };
    let begun = published().rfind(|entry| entry.item.effective_from <= today);
    begun.or_else(|| published().next())
}

#[cfg(test)]
mod tests;
