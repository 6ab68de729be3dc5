//! Before the form (申办须知): which situation, where, how long it takes, what to have ready.

use crate::application::refusal::Refusal;
use crate::pages::engine::Page;
use crate::pages::items::{Listed, region_name};
use crate::pages::texts::apply as texts;
use crate::pages::words::in_catalogue;
use crate::text::Language;
use serde::Serialize;
use tongban_catalog::item::ServiceItem;
use tongban_catalog::region::RegionCode;

/// Most places that are offered.
const REGIONS_MAX: usize = 60;
/// Minutes for the applicant's part, and for each field and material.
const MINUTES: (usize, usize) = (3, 1);

/// The page.
#[derive(Debug, Serialize)]
pub struct StartPage {
    item: Listed,
    /// Kinds of application; empty where there is one alone.
    situations: Vec<Offered>,
    /// The form was sent without a choice.
    missing: bool,
    regions: Vec<Offered>,
    minutes: usize,
    materials: Vec<Needed>,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Offered {
    /// As it is sent.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// When one is in it; empty for nothing.
    pub note: String,
    /// It is the one that is chosen.
    pub chosen: bool,
}

/// A document to have ready.
#[derive(Debug, Clone, Serialize)]
pub struct Needed {
    name: String,
    need: &'static str,
    /// Names of the situations that it belongs to; empty for all.
    situations: Vec<String>,
}

impl StartPage {
    /// Of an item.
    #[must_use]
    pub fn of(item: &ServiceItem, situation: &str, missing: bool, language: Language) -> Self {
        let situations = situations(item, situation, language);
        let materials = item.materials.iter().map(|material| Needed {
            name: super::fill::material_name(material, language),
            need: super::fill::need(material),
            situations: situations
                .iter()
                .filter(|s| material.situations.iter().any(|id| id.as_str() == s.value))
                .map(|s| s.label.clone())
                .collect(),
        });
        let asked = item.form.fields().count() + item.materials.len();
        Self {
            item: Listed::of(item, language),
            materials: materials.collect(),
            regions: regions(item, item.region.as_str(), language),
            minutes: MINUTES.0 + asked.div_ceil(2) * MINUTES.1,
            situations,
            missing,
        }
    }
}

/// The situations of an item.
#[must_use]
pub fn situations(item: &ServiceItem, chosen: &str, language: Language) -> Vec<Offered> {
    let each = item.situations.iter();
    each.map(|situation| {
        let label = match (language, &situation.name_en) {
            (Language::English, Some(english)) => english,
            _ => &situation.name,
        };
        Offered {
            value: situation.id.as_str().to_owned(),
            label: label.clone(),
            note: situation.note.clone().unwrap_or_default(),
            chosen: situation.id.as_str() == chosen,
        }
    })
    .collect()
}

/// The item's own region and the known ones within it.
#[must_use]
pub fn regions(item: &ServiceItem, chosen: &str, language: Language) -> Vec<Offered> {
    let mut all = vec![item.region.clone()];
    all.extend(
        item.region
            .known_within()
            .filter(|code| *code != item.region),
    );
    all.truncate(REGIONS_MAX);
    if let Ok(chosen) = chosen.parse::<RegionCode>()
        && !all.contains(&chosen)
    {
        all.push(chosen);
    }
    all.iter()
        .map(|code| Offered {
            value: code.as_str().to_owned(),
            label: region_name(code, language),
            note: String::new(),
            chosen: code.as_str() == chosen,
        })
        .collect()
}

impl Page for StartPage {
    const TEMPLATE: &'static str = "apply_start.html";

    fn title(&self, language: Language) -> String {
        texts::START_TITLE.fill(language, &[("name", &self.item.name)])
    }

    fn section(&self) -> &'static str {
        "items"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        let item = crate::pages::items::sample_item();
        let mut bare = item.clone();
        bare.situations = Vec::new();
        bare.materials = Vec::new();
        bare.region = "440402003005".parse().unwrap();
        bare.promise = None;
        vec![
            ("first", Self::of(&item, "", false, language)),
            ("nothing-chosen", Self::of(&item, "", true, language)),
            ("bare", Self::of(&bare, "", false, language)),
        ]
    }
}

/// What the address says of situation and region; `None` while they are still to be chosen.
///
/// # Errors
/// 400 for an unknown parameter.
pub fn chosen(item: &ServiceItem, query: Option<&str>) -> Result<Chosen, Refusal> {
    let query = crate::application::query::Query::parse(query, &["situation", "region"])?;
    let situation = query.one("situation").unwrap_or_default().to_owned();
    let region = query.one("region").map(str::to_owned);
    let known = situation
        .parse()
        .is_ok_and(|id| item.situation(&id).is_some());
    let complete = item.situations.is_empty() || known;
    Ok(match (region, complete) {
        (Some(region), true) => Chosen::Form {
            situation: if known { situation } else { String::new() },
            region,
        },
        (Some(_), false) => Chosen::Start {
            situation,
            missing: true,
        },
        (None, _) => Chosen::Start {
            situation,
            missing: false,
        },
    })
}

/// Where the address leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// To the questions before the form.
    Start {
        /// Situation so far.
        situation: String,
        /// One must be chosen and none was.
        missing: bool,
    },
    /// To the form.
    Form {
        /// Situation; empty for none.
        situation: String,
        /// Region.
        region: String,
    },
}

/// The name of a region in the language of the page.
#[must_use]
pub fn region_label(code: &str, language: Language) -> String {
    let region = code.parse::<RegionCode>().ok();
    let name = region.as_ref().and_then(|r| r.name(in_catalogue(language)));
    name.unwrap_or(code).to_owned()
}
