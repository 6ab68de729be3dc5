//! The first page (首页): search, what needs no visit, where and for whom there is what, and the way to a case.

use super::engine::Page;
use super::items::{Choice, Listed};
use super::{PagesState, Visitor, texts};
use crate::text::Language;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tongban_catalog::region::RegionCode;
use tongban_catalog::snapshot::Query;
use tongban_catalog::tables::Audience;

/// Items on the first page.
const SHOWN: usize = 6;
/// Items that are looked through for those that need no visit.
const LOOKED_AT: usize = 100;

/// What the first page shows.
#[derive(Debug, Serialize)]
pub struct Home {
    /// How many items may be applied for.
    total: usize,
    /// Words that people look for, ready to be clicked.
    examples: Vec<&'static str>,
    /// Items that need no visit.
    without_visit: Vec<Listed>,
    audiences: Vec<Choice>,
    regions: Vec<Choice>,
}

/// Shows it.
pub async fn show(State(pages): PagesState, visitor: Visitor) -> Response {
    let snapshot = pages.hall.intake.registry.load();
    let today = pages.hall.today();
    let search = |page| {
        let query = Query::new().page(page, LOOKED_AT);
        snapshot.catalogue.search(&query, today)
    };
    let first = search(1);
    let language = visitor.language;
    let mut regions: Vec<Choice> = Choice::regions(&first.facets.region, "", language);
    // Districts are reached through their city; the first page keeps to what a visitor can take in.
    regions.retain(|choice| {
        choice
            .value
            .parse::<RegionCode>()
            .is_ok_and(|region| region.to_string().ends_with("00"))
    });
    let without_visit = first
        .items
        .iter()
        .filter(|found| found.item.visits == 0 && Listed::is_online(&found.item))
        .take(SHOWN)
        .map(|found| Listed::of(&found.item, language))
        .collect();
    let home = Home {
        total: first.total,
        examples: examples(language),
        without_visit,
        audiences: Choice::coded(&first.facets.audience, "", |word| {
            Some(
                Audience::from_word(word)
                    .ok()?
                    .label(super::words::in_catalogue(language)),
            )
        }),
        regions,
    };
    pages.show(&visitor, Ok(home))
}

fn examples(language: Language) -> Vec<&'static str> {
    match language {
        Language::Chinese => vec!["营业执照", "身份证", "开饭店", "社保卡", "民爆"],
        Language::English => vec!["licence", "residence", "subsidy", "radio"],
    }
}

impl Page for Home {
    const TEMPLATE: &'static str = "home.html";

    fn title(&self, language: Language) -> String {
        texts::finding::HOME_TITLE.say(language).to_owned()
    }

    fn section(&self) -> &'static str {
        "home"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        let choice = |value: &str, label: &str| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            count: 12,
            chosen: false,
        };
        vec![
            (
                "full",
                Self {
                    total: 126,
                    examples: examples(language),
                    without_visit: Listed::samples(language),
                    audiences: vec![choice("person", "自然人"), choice("enterprise", "企业法人")],
                    regions: vec![choice("440000", "广东省"), choice("440400", "珠海市")],
                },
            ),
            (
                "empty",
                Self {
                    total: 0,
                    examples: examples(language),
                    without_visit: Vec::new(),
                    audiences: Vec::new(),
                    regions: Vec::new(),
                },
            ),
        ]
    }
}
