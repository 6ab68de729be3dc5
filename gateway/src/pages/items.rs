//! Search (事项查询): what is found, narrowed by filters that are plain links and selects.

use super::engine::Page;
use super::words::{in_catalogue, query_value};
use super::{Pages, PagesState, Visitor, texts};
use crate::application::items as interface;
use crate::application::query::Query as Given;
use crate::application::refusal::Refusal;
use crate::text::Language;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tongban_catalog::item::ServiceItem;
use tongban_catalog::region::RegionCode;
use tongban_catalog::snapshot::{Facet, SearchResult};
use tongban_catalog::tables::{Audience, CaseType, Channel, ItemType, Level};

/// Items on one page of results.
const PAGE_SIZE: usize = 20;
/// Values of a filter that are offered.
const CHOICES_MAX: usize = 40;

/// What a list shows of an item.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// The code in its address.
    pub code: String,
    /// Name in the visitor's language.
    pub name: String,
    /// The name is Chinese on an English page.
    pub foreign: bool,
    /// 实施主体.
    pub organisation: String,
    /// Where; empty where nobody knows a name, since the body's own name says it then.
    pub region: String,
    /// 承诺办结时限 in words; none for what is decided on the spot or has no promise.
    pub promise: Option<String>,
    /// 即办件.
    pub immediate: bool,
    /// May be applied for here.
    pub online: bool,
    /// 到办事现场次数.
    pub visits: u8,
}

impl Listed {
    /// Of an item.
    #[must_use]
    pub fn of(item: &ServiceItem, language: Language) -> Self {
        let catalogue = in_catalogue(language);
        Self {
            code: item.code().to_owned(),
            name: item.name_in(catalogue).to_owned(),
            foreign: language == Language::English && item.name_en.is_none(),
            organisation: item.org.name.clone(),
            region: item.region.name(catalogue).unwrap_or_default().to_owned(),
            promise: item
                .promise_for(Channel::Online)
                .filter(|limit| limit.n > 0)
                .map(|limit| limit.in_words(catalogue)),
            immediate: item.case_type == CaseType::Immediate,
            online: Self::is_online(item),
            visits: item.visits,
        }
    }

    /// Whether an item may be applied for in the hall itself.
    #[must_use]
    pub fn is_online(item: &ServiceItem) -> bool {
        let online = |channel: &Channel| matches!(channel, Channel::Online | Channel::Mobile);
        item.channels.iter().any(online)
    }

    #[cfg(test)]
    pub(super) fn samples(language: Language) -> Vec<Self> {
        let item = sample_item();
        vec![
            Self::of(&item, language),
            Self {
                name: "<script>&\"名称很长的事项".repeat(6),
                foreign: true,
                promise: None,
                immediate: true,
                online: false,
                visits: 2,
                ..Self::of(&item, language)
            },
        ]
    }
}

/// The item that samples are made of: a shipped one, read as it stands.
#[cfg(test)]
pub(super) fn sample_item() -> ServiceItem {
    const TEXT: &str = include_str!("../../../config/items/explosives-sales.yaml");
    tongban_catalog::source::load_yaml("explosives-sales.yaml", TEXT).unwrap()
}

/// The name of a region, or its code where nobody knows a name.
#[must_use]
pub fn region_name(region: &RegionCode, language: Language) -> String {
    let name = region.name(in_catalogue(language));
    name.map_or_else(|| region.to_string(), str::to_owned)
}

/// One value of a filter.
#[derive(Debug, Clone, Serialize)]
pub struct Choice {
    /// What the address says.
    pub value: String,
    /// What the reader sees.
    pub label: String,
    /// How many items it gives.
    pub count: usize,
    /// It is the one in force.
    pub chosen: bool,
}

impl Choice {
    /// Values of a code table.
    pub(super) fn coded(
        facets: &[Facet],
        chosen: &str,
        label: impl Fn(&str) -> Option<&'static str>,
    ) -> Vec<Self> {
        let each = facets.iter().filter(|f| f.count > 0 || f.value == chosen);
        each.take(CHOICES_MAX)
            .map(|facet| Self {
                label: label(&facet.value).unwrap_or(&facet.value).to_owned(),
                value: facet.value.clone(),
                count: facet.count,
                chosen: facet.value == chosen,
            })
            .collect()
    }

    /// Regions.
    pub(super) fn regions(facets: &[Facet], chosen: &str, language: Language) -> Vec<Self> {
        let label = |code: &str| {
            let region: RegionCode = code.parse().ok()?;
            region.name(in_catalogue(language))
        };
        Self::coded(facets, chosen, label)
    }
}

/// One filter.
#[derive(Debug, Serialize)]
pub struct Filter {
    /// Name in the address.
    pub name: &'static str,
    /// What stands above it.
    pub label: &'static str,
    /// Its values.
    pub choices: Vec<Choice>,
}

/// Another page of the results.
#[derive(Debug, Serialize)]
pub struct Turn {
    previous: Option<String>,
    next: Option<String>,
    page: usize,
    pages: usize,
}

/// What the search shows.
#[derive(Debug, Serialize)]
pub struct Items {
    q: String,
    total: usize,
    items: Vec<Listed>,
    filters: Vec<Filter>,
    /// A filter is in force.
    narrowed: bool,
    turn: Turn,
}

/// Shows what is found.
pub async fn show(State(pages): PagesState, visitor: Visitor) -> Response {
    let page = found(&pages, &visitor);
    pages.show(&visitor, page)
}

fn found(pages: &Pages, visitor: &Visitor) -> Result<Items, Refusal> {
    let given = Given::parse(visitor.query(), interface::PARAMETERS)?;
    let result = interface::search_for(&pages.hall, &given, PAGE_SIZE)?;
    Ok(Items::of(&given, &result, visitor.language))
}

impl Items {
    fn of(given: &Given, result: &SearchResult, language: Language) -> Self {
        let chosen = |name| given.one(name).unwrap_or_default();
        let catalogue = in_catalogue(language);
        let facets = &result.facets;
        let filter = |name, label: crate::text::Text, choices| Filter {
            name,
            label: label.say(language),
            choices,
        };
        let filters = vec![
            filter(
                "region",
                texts::finding::FILTER_REGION,
                Choice::regions(&facets.region, chosen("region"), language),
            ),
            filter(
                "audience",
                texts::finding::FILTER_AUDIENCE,
                Choice::coded(&facets.audience, chosen("audience"), |word| {
                    Some(Audience::from_word(word).ok()?.label(catalogue))
                }),
            ),
            filter(
                "type",
                texts::finding::FILTER_TYPE,
                Choice::coded(&facets.item_type, chosen("type"), |code| {
                    Some(ItemType::from_code(code).ok()?.label(catalogue))
                }),
            ),
            filter(
                "level",
                texts::finding::FILTER_LEVEL,
                Choice::coded(&facets.level, chosen("level"), |word| {
                    Some(Level::from_word(word).ok()?.label(catalogue))
                }),
            ),
        ];
        let pages = result.total.div_ceil(result.size.max(1)).max(1);
        let turned = |page: usize| address(given, page);
        Self {
            q: chosen("q").to_owned(),
            total: result.total,
            items: result
                .items
                .iter()
                .map(|found| Listed::of(&found.item, language))
                .collect(),
            narrowed: filters.iter().any(|f| f.choices.iter().any(|c| c.chosen)),
            filters,
            turn: Turn {
                previous: (result.page > 1).then(|| turned(result.page - 1)),
                next: (result.page < pages).then(|| turned(result.page + 1)),
                page: result.page,
                pages,
            },
        }
    }
}

/// The address of a page of the same search.
fn address(given: &Given, page: usize) -> String {
    let kept = interface::PARAMETERS
        .iter()
        .filter(|name| **name != "page" && **name != "size")
        .filter_map(|name| Some((*name, given.one(name)?)));
    let mut address = "/items?".to_owned();
    for (name, value) in kept {
        address.push_str(name);
        address.push('=');
        address.push_str(&query_value(value));
        address.push('&');
    }
    address.push_str(&format!("page={page}"));
    address
}

impl Page for Items {
    const TEMPLATE: &'static str = "items.html";

    fn title(&self, language: Language) -> String {
        if self.q.is_empty() {
            return texts::finding::ITEMS_TITLE.say(language).to_owned();
        }
        texts::finding::ITEMS_TITLE_OF.fill(language, &[("q", &self.q)])
    }

    fn section(&self) -> &'static str {
        "items"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        let filters = || {
            vec![Filter {
                name: "region",
                label: texts::finding::FILTER_REGION.say(language),
                choices: vec![Choice {
                    value: "440400".to_owned(),
                    label: "珠海市".to_owned(),
                    count: 3,
                    chosen: true,
                }],
            }]
        };
        let turn = |previous, next| Turn {
            previous,
            next,
            page: 2,
            pages: 3,
        };
        let address = || Some("/items?q=a&page=1".to_owned());
        vec![
            (
                "found",
                Self {
                    q: "民爆\"<>".to_owned(),
                    total: 41,
                    items: Listed::samples(language),
                    filters: filters(),
                    narrowed: true,
                    turn: turn(address(), address()),
                },
            ),
            (
                "nothing",
                Self {
                    q: "没有".to_owned(),
                    total: 0,
                    items: Vec::new(),
                    filters: filters(),
                    narrowed: true,
                    turn: turn(None, None),
                },
            ),
        ]
    }
}
