//! Search: by name, code or initials, narrowed by filters, with counts for every filter.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::base::Entry;
use super::fold::fold;
use crate::item::{ItemState, OrganisationId, ServiceItem, TimeLimit};
use crate::organisation::OrganisationTree;
use crate::region::RegionCode;
use crate::tables::{Audience, CaseType, ItemType, Level};

/// The largest page.
pub const MAX_PAGE_SIZE: usize = 100;
/// The longest text that is searched for, in characters; what is beyond is not looked at.
pub const MAX_QUERY_LENGTH: usize = 100;
const DEFAULT_PAGE_SIZE: usize = 20;

/// What to search for. All parts narrow together; what is not set does not narrow.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    text: String,
    region: Option<RegionCode>,
    level: Option<Level>,
    item_type: Option<ItemType>,
    audience: Option<Audience>,
    org: Option<OrganisationId>,
    page: usize,
    size: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            text: String::new(),
            region: None,
            level: None,
            item_type: None,
            audience: None,
            org: None,
            page: 1,
            size: DEFAULT_PAGE_SIZE,
        }
    }
}

impl Query {
    /// All items, first page of 20.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Part of a name or keyword, the beginning of any code, or two or more pinyin initials; full-width and case do not
    /// matter. At most [`MAX_QUERY_LENGTH`] characters are looked at.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        let cut: String = text.chars().take(MAX_QUERY_LENGTH).collect();
        self.text = fold(&cut);
        self
    }

    /// Items of this region and those within it.
    #[must_use]
    pub fn region(mut self, region: Option<RegionCode>) -> Self {
        self.region = region;
        self
    }

    /// Items exercised at this level.
    #[must_use]
    pub fn level(mut self, level: Option<Level>) -> Self {
        self.level = level;
        self
    }

    /// Items of this type.
    #[must_use]
    pub fn item_type(mut self, item_type: Option<ItemType>) -> Self {
        self.item_type = item_type;
        self
    }

    /// Items that serve these.
    #[must_use]
    pub fn audience(mut self, audience: Option<Audience>) -> Self {
        self.audience = audience;
        self
    }

    /// Items of this body and those under it.
    #[must_use]
    pub fn org(mut self, org: Option<OrganisationId>) -> Self {
        self.org = org;
        self
    }

    /// Which page, from 1 (0 is taken as 1), and how many items on it, 1 to [`MAX_PAGE_SIZE`].
    #[must_use]
    pub fn page(mut self, page: usize, size: usize) -> Self {
        self.page = page.max(1);
        self.size = size.clamp(1, MAX_PAGE_SIZE);
        self
    }
}

/// One page of what was found.
#[derive(Clone, Debug, Serialize)]
pub struct SearchResult {
    /// The items of the page, best first.
    pub items: Vec<ItemSummary>,
    /// How many there are on all pages.
    pub total: usize,
    /// The page, from 1.
    pub page: usize,
    /// The size of a full page.
    pub size: usize,
    /// What other values of each filter would give.
    pub facets: Facets,
}

/// For each filter, its values and how many items each would give, all other filters staying as they are.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facets {
    /// Regions of items, by code.
    pub region: Vec<Facet>,
    /// Levels, by word.
    pub level: Vec<Facet>,
    /// Types, by code.
    #[serde(rename = "type")]
    pub item_type: Vec<Facet>,
    /// Audiences, by word; an item counts for each that it serves.
    pub audience: Vec<Facet>,
    /// Bodies, by id (each for its own items, not for those under it).
    pub org: Vec<Facet>,
}

/// One value of a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facet {
    /// What to filter by.
    pub value: String,
    /// How many items it gives.
    pub count: usize,
}

/// What a list shows of an item.
#[derive(Clone, Debug, Serialize)]
pub struct ItemSummary {
    /// The item itself, for programs; not serialised.
    #[serde(skip)]
    pub item: Arc<ServiceItem>,
    id: String,
    version: u32,
    code: String,
    codes: Vec<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_en: Option<String>,
    #[serde(rename = "type")]
    item_type: ItemType,
    level: Level,
    region: RegionCode,
    org: SummaryOrganisation,
    case_type: CaseType,
    audience: Vec<Audience>,
    #[serde(skip_serializing_if = "Option::is_none")]
    promise: Option<TimeLimit>,
    visits: u8,
    state: ItemState,
}

#[derive(Clone, Debug, Serialize)]
struct SummaryOrganisation {
    id: String,
    name: String,
}

impl ItemSummary {
    /// The summary of an item.
    pub fn new(item: Arc<ServiceItem>) -> Self {
        Self {
            id: item.id.to_string(),
            version: item.version,
            code: item.code().to_owned(),
            codes: item
                .codes
                .iter()
                .map(|code| code.as_str().to_owned())
                .collect(),
            name: item.name.clone(),
            name_en: item.name_en.clone(),
            item_type: item.item_type,
            level: item.level,
            region: item.region.clone(),
            org: SummaryOrganisation {
                id: item.org.id.to_string(),
                name: item.org.name.clone(),
            },
            case_type: item.case_type,
            audience: item.audience.clone(),
            promise: item.promise.clone(),
            visits: item.visits,
            state: item.state,
            item,
        }
    }
}

/// How well an entry fits; smaller is better: exact, then at the beginning, then anywhere, then by initials; shorter
/// names before longer, then by id.
type Rank = (u8, usize, Reverse<u32>);

/// Searches among entries of which each is the current version of its item.
pub(super) fn search<'e>(
    entries: impl Iterator<Item = &'e Arc<Entry>>,
    organisations: &OrganisationTree,
    query: &Query,
) -> SearchResult {
    let mut hits: Vec<(Rank, &Arc<Entry>)> = Vec::new();
    let mut counts = Counts::default();
    for entry in entries {
        let Some(kind) = fit(entry, &query.text) else {
            continue;
        };
        let failed = failed_filters(&entry.item, organisations, query);
        if failed == 0 {
            let rank = (
                kind,
                entry.name.chars().count(),
                Reverse(entry.item.version),
            );
            hits.push((rank, entry));
        }
        counts.add(&entry.item, failed);
    }
    hits.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.item.id.cmp(&b.item.id)));
    let from = (query.page - 1).saturating_mul(query.size);
    let page = hits.iter().skip(from).take(query.size);
    SearchResult {
        items: page
            .map(|(_, entry)| ItemSummary::new(Arc::clone(&entry.item)))
            .collect(),
        total: hits.len(),
        page: query.page,
        size: query.size,
        facets: counts.into_facets(),
    }
}

fn fit(entry: &Entry, text: &str) -> Option<u8> {
    if text.is_empty() {
        return Some(0);
    }
    let ascii = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let code_starts = || {
        let same = |code: &str| {
            code.get(..text.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(text))
        };
        ascii && entry.item.codes.iter().any(|code| same(code.as_str()))
    };
    let initials = || ascii && text.len() >= 2 && entry.initials.contains(text);
    if entry.name == text
        || (ascii
            && entry
                .item
                .codes
                .iter()
                .any(|code| code.as_str().eq_ignore_ascii_case(text)))
    {
        Some(0)
    } else if entry.name.starts_with(text) || code_starts() {
        Some(1)
    } else if entry.text.contains(text) {
        Some(2)
    } else if initials() {
        Some(3)
    } else {
        None
    }
}

const REGION: u8 = 1;
const LEVEL: u8 = 2;
const TYPE: u8 = 4;
const AUDIENCE: u8 = 8;
const ORG: u8 = 16;

/// A bit for every filter that an item does not pass.
fn failed_filters(item: &ServiceItem, organisations: &OrganisationTree, query: &Query) -> u8 {
    let mut failed = 0;
    let mut pass = |filter: u8, passes: bool| failed |= if passes { 0 } else { filter };
    pass(
        REGION,
        query
            .region
            .as_ref()
            .is_none_or(|region| region.contains(&item.region)),
    );
    pass(LEVEL, query.level.is_none_or(|level| level == item.level));
    pass(
        TYPE,
        query
            .item_type
            .is_none_or(|item_type| item_type == item.item_type),
    );
    pass(
        AUDIENCE,
        query
            .audience
            .is_none_or(|audience| item.audience.contains(&audience)),
    );
    pass(
        ORG,
        query
            .org
            .as_ref()
            .is_none_or(|org| *org == item.org.id || organisations.contains(org, &item.org.id)),
    );
    failed
}

#[derive(Default)]
struct Counts<'e> {
    region: BTreeMap<&'e str, usize>,
    level: BTreeMap<Level, usize>,
    item_type: BTreeMap<ItemType, usize>,
    audience: BTreeMap<Audience, usize>,
    org: BTreeMap<&'e str, usize>,
}

impl<'e> Counts<'e> {
    /// An item counts for a facet when it passes all filters but perhaps the facet's own.
    fn add(&mut self, item: &'e ServiceItem, failed: u8) {
        let counts_for = |filter: u8| failed & !filter == 0;
        if counts_for(REGION) {
            *self.region.entry(item.region.as_str()).or_default() += 1;
        }
        if counts_for(LEVEL) {
            *self.level.entry(item.level).or_default() += 1;
        }
        if counts_for(TYPE) {
            *self.item_type.entry(item.item_type).or_default() += 1;
        }
        if counts_for(AUDIENCE) {
            for audience in &item.audience {
                *self.audience.entry(*audience).or_default() += 1;
            }
        }
        if counts_for(ORG) {
            *self.org.entry(item.org.id.as_str()).or_default() += 1;
        }
    }

    fn into_facets(self) -> Facets {
        fn list<K: ToString>(counts: BTreeMap<K, usize>) -> Vec<Facet> {
            counts
                .into_iter()
                .map(|(value, count)| Facet {
                    value: value.to_string(),
                    count,
                })
                .collect()
        }
        Facets {
            region: list(self.region),
            level: list(self.level),
            item_type: list(self.item_type),
            audience: list(self.audience),
            org: list(self.org),
        }
    }
}
