//! The guide of an item (办事指南): first whether it can be done here, then what it takes, then everything else.

use super::engine::Page;
use super::items::Listed;
use super::words::in_catalogue;
use super::{Pages, PagesState, Visitor};
use crate::application::refusal::Refusal;
use crate::application::texts as said;
use crate::text::Language;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use tongban_catalog::item::{
    Contact, LegalBasis, Material, Offer, ProcessStep, Question, ServiceItem,
};
use tongban_catalog::snapshot::Availability;
use tongban_catalog::tables::{Channel, Necessity};

/// What the guide shows.
#[derive(Debug, Serialize)]
pub struct ItemPage {
    listed: Listed,
    /// The guide is in Chinese on an English page.
    foreign: bool,
    /// Whether it may be applied for: `open`, `not_yet`, `expired`, `suspended`, `withdrawn`.
    availability: Availability,
    /// Why not, in the hall's words.
    state_note: Option<String>,
    effective_from: String,
    sample: bool,
    codes: Vec<(String, String)>,
    item_type: &'static str,
    level: &'static str,
    case_type: &'static str,
    audience: Vec<&'static str>,
    channels: Vec<&'static str>,
    statutory: Option<String>,
    limit_notes: Vec<String>,
    situations: Vec<ShownSituation>,
    materials: Vec<ShownMaterial>,
    conditions: Vec<String>,
    process: Vec<ProcessStep>,
    legal_basis: Vec<LegalBasis>,
    fee: ShownFee,
    result: ShownResult,
    contact: Contact,
    faq: Vec<Question>,
    courier: bool,
    related: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct ShownSituation {
    id: String,
    name: String,
    note: Option<String>,
}

#[derive(Debug, Serialize)]
struct ShownMaterial {
    name: String,
    /// `yes`, `no`, `later`.
    need: Necessity,
    need_label: &'static str,
    kind: &'static str,
    originals: u8,
    copies: u8,
    source: &'static str,
    issuer: Option<String>,
    note: Option<String>,
    formats: Vec<String>,
    /// Names of the situations that it is wanted in; empty for all.
    situations: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ShownFee {
    required: bool,
    basis: Option<String>,
    standard: Option<String>,
}

#[derive(Debug, Serialize)]
struct ShownResult {
    name: String,
    validity: Option<String>,
}

/// Shows it, by any of the item's codes or its id.
pub async fn show(
    State(pages): PagesState,
    visitor: Visitor,
    Path(code): Path<String>,
) -> Response {
    let page = guided(&pages, &visitor, &code);
    pages.show(&visitor, page)
}

fn guided(pages: &Pages, visitor: &Visitor, code: &str) -> Result<ItemPage, Refusal> {
    let snapshot = pages.hall.intake.registry.load();
    let today = pages.hall.today();
    let (prepared, availability) = snapshot
        .current_item(code, today)
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, said::UNKNOWN_ITEM))?;
    let item = &prepared.item;
    let mut page = ItemPage::of(item, availability, visitor.language);
    let related = item.related.iter();
    page.related = related
        .filter_map(|id| snapshot.current_item(id.as_str(), today))
        .map(|(other, _)| Listed::of(&other.item, visitor.language))
        .collect();
    Ok(page)
}

impl ItemPage {
    fn of(item: &ServiceItem, availability: Availability, language: Language) -> Self {
        let catalogue = in_catalogue(language);
        let named = |name: &str, english: &Option<String>| match (language, english) {
            (Language::English, Some(english)) => english.clone(),
            _ => name.to_owned(),
        };
        let situations: Vec<ShownSituation> = item
            .situations
            .iter()
            .map(|situation| ShownSituation {
                id: situation.id.as_str().to_owned(),
                name: named(&situation.name, &situation.name_en),
                note: situation.note.clone(),
            })
            .collect();
        let promise = item.promise_for(Channel::Online);
        let limits = [promise.as_ref(), item.statutory.as_ref()];
        Self {
            listed: Listed::of(item, language),
            foreign: language == Language::English,
            availability,
            state_note: item.state_note.clone(),
            effective_from: item.effective_from.to_string(),
            sample: item.sample,
            codes: item
                .codes
                .iter()
                .map(|code| (code.scheme().word().to_owned(), code.as_str().to_owned()))
                .collect(),
            item_type: item.item_type.label(catalogue),
            level: item.level.label(catalogue),
            case_type: item.case_type.label(catalogue),
            audience: item.audience.iter().map(|a| a.label(catalogue)).collect(),
            channels: item.channels.iter().map(|c| c.label(catalogue)).collect(),
            statutory: item.statutory.as_ref().map(|l| l.in_words(catalogue)),
            limit_notes: limits
                .into_iter()
                .flatten()
                .filter_map(|limit| limit.note.clone())
                .collect(),
            materials: item
                .materials
                .iter()
                .map(|material| shown_material(material, &situations, language))
                .collect(),
            situations,
            conditions: item.conditions.clone(),
            process: item.process.clone(),
            legal_basis: item.legal_basis.clone(),
            fee: ShownFee {
                required: item.fee.required,
                basis: item.fee.basis.clone(),
                standard: item.fee.standard.clone(),
            },
            result: ShownResult {
                name: item.result.name.clone(),
                validity: item.result.validity.clone(),
            },
            contact: item.contact.clone(),
            faq: item.faq.clone(),
            courier: item.offers.contains(&Offer::Courier),
            related: Vec::new(),
        }
    }
}

fn shown_material(
    material: &Material,
    situations: &[ShownSituation],
    language: Language,
) -> ShownMaterial {
    let catalogue = in_catalogue(language);
    let name = match (language, &material.name_en) {
        (Language::English, Some(english)) => english,
        _ => &material.name,
    };
    let wanted = |situation: &&ShownSituation| {
        material
            .situations
            .iter()
            .any(|id| id.as_str() == situation.id)
    };
    ShownMaterial {
        name: name.clone(),
        need: material.required,
        need_label: material.required.label(catalogue),
        kind: material.kind.label(catalogue),
        originals: material.originals,
        copies: material.copies,
        source: material.source.label(catalogue),
        issuer: material.issuer.clone(),
        note: material.note.clone(),
        formats: material.formats.clone(),
        situations: situations
            .iter()
            .filter(wanted)
            .map(|situation| situation.name.clone())
            .collect(),
    }
}

impl Page for ItemPage {
    const TEMPLATE: &'static str = "item.html";

    fn title(&self, _: Language) -> String {
        self.listed.name.clone()
    }

    fn section(&self) -> &'static str {
        "items"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        let item = super::items::sample_item();
        let of = |availability| {
            let mut page = Self::of(&item, availability, language);
            page.related = Listed::samples(language);
            page
        };
        let mut bare = item.clone();
        (bare.situations, bare.materials, bare.faq) = (Vec::new(), Vec::new(), Vec::new());
        (bare.statutory, bare.promise) = (None, None);
        bare.limits = Vec::new();
        bare.conditions = Vec::new();
        bare.channels = vec![Channel::Window];
        bare.fee.required = true;
        bare.fee.standard = Some("每件10元".to_owned());
        let mut suspended = of(Availability::Suspended);
        suspended.state_note = Some("系统升级，<b>请</b>到窗口办理".to_owned());
        vec![
            ("open", of(Availability::Open)),
            ("not-yet", of(Availability::NotYet)),
            ("expired", of(Availability::Expired)),
            ("withdrawn", of(Availability::Withdrawn)),
            ("suspended", suspended),
            ("window-only", Self::of(&bare, Availability::Open, language)),
        ]
    }
}
