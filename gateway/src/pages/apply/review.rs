//! Reading it over before it is submitted (核对).

use super::draft::{Body, Draft, FORM, Models, Upload};
use super::fill::{Files, UploadedFile, material_name, uploaded};
use super::start::{region_label, situations};
use crate::pages::engine::Page;
use crate::pages::form::answers::{Answer, answers};
use crate::pages::form::applicant::APPLICANT;
use crate::pages::items::Listed;
use crate::pages::texts::apply as texts;
use crate::text::{Language, Text};
use serde::Serialize;
use serde_json::{Map, Value};
use tongban_catalog::item::ServiceItem;

/// The page.
#[derive(Debug, Serialize)]
pub struct ReviewPage {
    item: Listed,
    situation: String,
    region: String,
    /// Something to know first; empty for nothing.
    notice: String,
    applicant: Vec<Answer>,
    form: Vec<Answer>,
    materials: Vec<Handed>,
    /// Everything of the draft, as the form sent it.
    hidden: Vec<(String, String)>,
}

/// A document with its files.
#[derive(Debug, Serialize)]
struct Handed {
    name: String,
    files: Vec<UploadedFile>,
}

impl ReviewPage {
    /// Draws it from the body that will be submitted: what is shown is what is sent.
    #[must_use]
    pub fn of(
        item: &ServiceItem,
        draft: &Draft,
        models: &Models,
        body: &Body,
        files: &Files,
        notice: Option<Text>,
        language: Language,
    ) -> Self {
        let part = |name: &str| body.json.get(name).and_then(Value::as_object);
        let empty = Map::new();
        let situation = draft.situation_of(item);
        let materials = item.materials_for(situation.as_ref()).map(|material| {
            let own = draft.uploads.iter().filter(|u| u.seq == material.seq);
            Handed {
                name: material_name(material, language),
                files: own.filter_map(|upload| uploaded(upload, files)).collect(),
            }
        });
        let chosen = situations(item, &draft.situation, language);
        let chosen = chosen.into_iter().find(|s| s.chosen);
        Self {
            item: Listed::of(item, language),
            situation: chosen.map_or_else(String::new, |s| s.label),
            region: region_label(&draft.region, language),
            notice: notice.map_or_else(String::new, |n| n.say(language).to_owned()),
            applicant: answers(
                &models.applicant.fields,
                part(APPLICANT).unwrap_or(&empty),
                language,
            ),
            form: answers(&models.form.fields, part(FORM).unwrap_or(&empty), language),
            materials: materials.filter(|m| !m.files.is_empty()).collect(),
            hidden: hidden(draft),
        }
    }
}

/// Every value of a draft, to be sent again as it came.
fn hidden(draft: &Draft) -> Vec<(String, String)> {
    let own = [
        ("key", &draft.key),
        ("situation", &draft.situation),
        ("region", &draft.region),
    ];
    let mut all: Vec<(String, String)> = own
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    let uploads = draft.uploads.iter().map(Upload::wire);
    all.extend(uploads.map(|wire| ("material".to_owned(), wire)));
    let typed = draft.typed.pairs();
    all.extend(typed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all
}

impl Page for ReviewPage {
    const TEMPLATE: &'static str = "apply_review.html";

    fn title(&self, language: Language) -> String {
        texts::REVIEW_TITLE.fill(language, &[("name", &self.item.name)])
    }

    fn section(&self) -> &'static str {
        "items"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        super::samples::review_pages(language)
    }
}
