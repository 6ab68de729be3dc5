//! The form (网上填报): applicant, form, documents, with everything typed and every fault at its place.

use super::draft::{Draft, FORM, Models, Upload};
use super::receive::accept;
use super::start::{Offered, region_label, regions, situations};
use crate::pages::engine::Page;
use crate::pages::form::applicant::APPLICANT;
use crate::pages::form::faults::{Line, Place, Told, places};
use crate::pages::form::model::element_id;
use crate::pages::form::widget::{Widget, draw, unseen};
use crate::pages::items::Listed;
use crate::pages::texts::apply as texts;
use crate::pages::words;
use crate::store::material::MaterialRecord;
use crate::text::{Language, Text};
use serde::Serialize;
use std::collections::BTreeMap;
use tongban_catalog::item::{Material, ServiceItem};
use tongban_catalog::source::Finding;
use tongban_catalog::tables::Necessity;

/// The files of a draft as the store knows them, by their ids.
pub type Files = BTreeMap<String, MaterialRecord>;

/// The page.
#[derive(Debug, Serialize)]
pub struct FillPage {
    item: Listed,
    key: String,
    situation: String,
    situation_label: String,
    situations: Vec<Offered>,
    region: String,
    region_label: String,
    regions: Vec<Offered>,
    faults: Vec<Line>,
    /// Something that was done; empty for nothing.
    notice: String,
    applicant: Vec<Widget>,
    fields: Vec<Widget>,
    cut: bool,
    materials: Vec<MaterialField>,
    hidden: Vec<(String, String)>,
    most: String,
}

/// One document that is asked for.
#[derive(Debug, Serialize)]
struct MaterialField {
    name: String,
    label: String,
    id: String,
    /// `must`, `later` or `may`.
    need: &'static str,
    note: String,
    formats: String,
    accept: String,
    several: bool,
    files: Vec<UploadedFile>,
    faults: Vec<String>,
    described_by: String,
}

/// One uploaded file.
#[derive(Debug, Clone, Serialize)]
pub struct UploadedFile {
    /// As a form sends it.
    pub wire: String,
    /// The capability.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its size in words.
    pub size: String,
    /// `off`, `pending`, `clean`, `infected`.
    pub scan: String,
}

/// What is drawn.
pub struct Drawn<'d> {
    /// Item.
    pub item: &'d ServiceItem,
    /// What was sent.
    pub draft: &'d Draft,
    /// Its models.
    pub models: &'d Models,
    /// Its files.
    pub files: &'d Files,
    /// What is wrong.
    pub findings: &'d [Finding],
    /// Where parts of the body were typed.
    pub typed_at: &'d [(String, String)],
    /// Something that was done.
    pub notice: Option<Text>,
    /// Bytes of one file.
    pub material_bytes_max: u64,
    /// Language of the page.
    pub language: Language,
}

impl FillPage {
    /// Draws it.
    #[must_use]
    pub fn of(drawn: &Drawn<'_>) -> Self {
        let Drawn {
            item,
            draft,
            models,
            language,
            ..
        } = *drawn;
        let situation = draft.situation_of(item);
        let wanted: Vec<&Material> = item.materials_for(situation.as_ref()).collect();
        let mut on_page = places(&models.applicant, APPLICANT, &draft.typed, language);
        on_page.extend(places(&models.form, FORM, &draft.typed, language));
        on_page.extend(wanted.iter().map(|material| place(material, language)));
        let told = Told::of(drawn.findings, &on_page, drawn.typed_at, language);
        let applicant = draw(&models.applicant, APPLICANT, &draft.typed, &told, language);
        let fields = draw(&models.form, FORM, &draft.typed, &told, language);
        let mut hidden = unseen(&draft.typed, &[&applicant, &fields], &[APPLICANT, FORM]);
        // Files of documents that this situation does not ask for stay with the draft too.
        let unasked = draft
            .uploads
            .iter()
            .filter(|upload| !wanted.iter().any(|material| material.seq == upload.seq));
        hidden.extend(unasked.map(|upload| ("material".to_owned(), upload.wire())));
        let materials = wanted
            .iter()
            .map(|material| MaterialField::of(material, drawn, &told))
            .collect();
        let offered = situations(item, &draft.situation, language);
        let chosen = offered.iter().find(|s| s.chosen);
        Self {
            item: Listed::of(item, language),
            key: draft.key.clone(),
            situation: draft.situation.clone(),
            situation_label: chosen.map_or_else(String::new, |s| s.label.clone()),
            situations: offered,
            region: draft.region.clone(),
            region_label: region_label(&draft.region, language),
            regions: regions(item, &draft.region, language),
            faults: told.summary,
            notice: drawn
                .notice
                .map_or_else(String::new, |n| n.say(language).to_owned()),
            applicant,
            fields,
            cut: models.form.cut,
            materials,
            hidden,
            most: words::size_limit(drawn.material_bytes_max),
        }
    }
}

impl MaterialField {
    fn of(material: &Material, drawn: &Drawn<'_>, told: &Told) -> Self {
        let name = Upload::field(material.seq);
        let id = element_id(&name);
        let faults = told.of_field(&name).to_vec();
        let described_by = match faults.is_empty() {
            true => format!("{id}-hint"),
            false => format!("{id}-hint {id}-fault"),
        };
        let own = drawn.draft.uploads.iter().filter(|u| u.seq == material.seq);
        Self {
            label: material_name(material, drawn.language),
            need: need(material),
            note: material.note.clone().unwrap_or_default(),
            formats: material.formats.join(", "),
            accept: accept(material),
            several: material.several,
            files: own
                .filter_map(|upload| uploaded(upload, drawn.files))
                .collect(),
            faults,
            described_by,
            name,
            id,
        }
    }
}

/// A file as a page shows it; `None` for one that is gone.
#[must_use]
pub fn uploaded(upload: &Upload, files: &Files) -> Option<UploadedFile> {
    let record = files.get(&upload.id)?;
    Some(UploadedFile {
        wire: upload.wire(),
        id: upload.id.clone(),
        name: record.file_name.clone(),
        size: words::size(record.size),
        scan: record.scan.clone(),
    })
}

/// The name of a material in the language of the page.
#[must_use]
pub fn material_name(material: &Material, language: Language) -> String {
    match (language, &material.name_en) {
        (Language::English, Some(english)) => english.clone(),
        _ => material.name.clone(),
    }
}

/// Whether a material must be there: `must`, `later` or `may`.
#[must_use]
pub fn need(material: &Material) -> &'static str {
    match material.required {
        Necessity::Required => "must",
        Necessity::Optional => "may",
        Necessity::Later => "later",
    }
}

fn place(material: &Material, language: Language) -> Place {
    let name = Upload::field(material.seq);
    Place {
        anchor: element_id(&name),
        label: material_name(material, language),
        wording: Default::default(),
        name,
    }
}

impl Page for FillPage {
    const TEMPLATE: &'static str = "apply_fill.html";

    fn title(&self, language: Language) -> String {
        // The fault stands in the title too, so that it is heard first (GOV.UK Design System, error summary).
        let text = match self.faults.is_empty() {
            true => texts::FILL_TITLE,
            false => texts::FAULTS_TITLE,
        };
        text.fill(language, &[("name", &self.item.name)])
    }

    fn section(&self) -> &'static str {
        "items"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        super::samples::fill_pages(language)
    }
}
