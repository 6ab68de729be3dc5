//! What the service finds wrong, brought back to the field where it was typed.
//!
//! Every fault stands twice: at its field, and in a summary at the top of the page that leads there. A fault whose field is not
//! on the page stays in the summary, so that none is ever swallowed.

use super::model::{Field, Kind, Model, MomentForm, TextForm, below, element_id};
use super::reading::typed_at;
use super::texts::{self, say};
use super::typed::Typed;
use crate::text::{Language, Text};
use serde::Serialize;
use std::collections::BTreeMap;
use tongban_catalog::source::Finding;

/// Most faults that are told at one field.
const PER_FIELD_MAX: usize = 3;

/// A field as it stands on the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its name in the form.
    pub name: String,
    /// The element that a link leads to.
    pub anchor: String,
    /// What it is called, in the language of the page.
    pub label: String,
    /// How faults of its kind are worded.
    pub wording: Wording,
}

/// How a fault is worded where the service's own words are about JSON.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Wording {
    /// Instead of "this field is required".
    pub missing: Option<Text>,
    /// Instead of "the value is of the wrong type" and "not a valid …".
    pub form: Option<Text>,
}

/// Every fault, where it belongs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// By the name of the field.
    pub at: BTreeMap<String, Vec<String>>,
    /// All of them, in the order of the page.
    pub summary: Vec<Line>,
}

/// One line of the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What the field is called; empty where the fault has none.
    pub label: String,
    /// What is wrong.
    pub text: String,
    /// Where the link leads, with `#`; empty for none.
    pub href: String,
}

impl Told {
    /// Sorts findings to places. `rows` is where rows were typed, see [`super::reading::Reading`].
    #[must_use]
    pub fn of(
        findings: &[Finding],
        places: &[Place],
        rows: &[(String, String)],
        language: Language,
    ) -> Self {
        let mut lines: Vec<(usize, Line)> = Vec::new();
        let mut told = Self::default();
        for finding in findings {
            let found = place_of(finding, places, rows);
            let text = words(finding, found.map(|(_, place)| place), language);
            let line = match found {
                Some((_, place)) => Line {
                    label: place.label.clone(),
                    text: text.clone(),
                    href: format!("#{}", place.anchor),
                },
                None => Line {
                    label: String::new(),
                    text: text.clone(),
                    href: String::new(),
                },
            };
            if let Some((_, place)) = found {
                let at = told.at.entry(place.name.clone()).or_default();
                if at.len() < PER_FIELD_MAX && !at.contains(&text) {
                    at.push(text);
                }
            }
            let order = found.map_or(usize::MAX, |(index, _)| index);
            if !lines.iter().any(|(_, told)| *told == line) {
                lines.push((order, line));
            }
        }
        lines.sort_by_key(|(order, _)| *order);
        told.summary = lines.into_iter().map(|(_, line)| line).collect();
        told
    }

    /// Nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.summary.is_empty()
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn of_field(&self, name: &str) -> &[String] {
        self.at.get(name).map_or(&[], Vec::as_slice)
    }
}

/// The innermost place that a finding is within; a finding about a missing member of something undrawn lands at what is drawn
/// around it.
fn place_of<'p>(
    finding: &Finding,
    places: &'p [Place],
    rows: &[(String, String)],
) -> Option<(usize, &'p Place)> {
    let compared = finding.compared.iter().map(String::as_str);
    let pointers = std::iter::once(finding.pointer.as_str()).chain(compared);
    pointers
        .filter_map(|pointer| {
            let name = typed_at(pointer, rows);
            let around = |place: &&(usize, &Place)| {
                let rest = name.strip_prefix(place.1.name.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let places: Vec<(usize, &Place)> = places.iter().enumerate().collect();
            places
                .iter()
                .filter(around)
                .max_by_key(|(_, place)| place.name.len())
                .copied()
        })
        .next()
}

fn words(finding: &Finding, place: Option<&Place>, language: Language) -> String {
    let wording = place.map(|place| place.wording).unwrap_or_default();
    let own = match finding.code {
        "form_missing" | "missing_field" => wording.missing,
        "form_type" | "form_format" => wording.form,
        "wrong_check_digit" => Some(texts::WRONG_NUMBER),
        "identity_number_form" => Some(texts::NUMBER_FORM),
        "wrong_birth_date" | "birth_date_in_future" => Some(texts::BIRTH_DATE),
        _ => None,
    };
    if let Some(text) = own {
        return text.say(language).to_owned();
    }
    let message = say(&finding.message, language);
    match (&finding.hint, language) {
        (None, _) => message.to_owned(),
        (Some(hint), Language::Chinese) => format!("{message}；{}", hint.zh),
        (Some(hint), Language::English) => format!("{message}; {}", hint.en),
    }
}

/// The places of a model's fields below `name`, in the order of the page, rows as many as are drawn.
#[must_use]
pub fn places(model: &Model, name: &str, typed: &Typed, language: Language) -> Vec<Place> {
    let mut found = Vec::new();
    for field in &model.fields {
        collect(field, &below(name, &field.key), typed, language, &mut found);
    }
    found
}

fn collect(field: &Field, name: &str, typed: &Typed, language: Language, found: &mut Vec<Place>) {
    found.push(Place {
        name: name.to_owned(),
        anchor: anchor(&field.kind, name),
        label: say(&field.label, language).to_owned(),
        wording: wording(&field.kind),
    });
    match &field.kind {
        Kind::Group(fields) => {
            for field in fields {
                collect(field, &below(name, &field.key), typed, language, found);
            }
        }
        Kind::Rows(rows) => {
            for index in 0..typed.rows(name, rows.max) {
                collect(
                    &rows.item,
                    &format!("{name}/{index}"),
                    typed,
                    language,
                    found,
                );
            }
        }
        _ => {}
    }
}

/// A link leads to the first element that takes the focus: of several buttons the first one.
fn anchor(kind: &Kind, name: &str) -> String {
    let id = element_id(name);
    match kind {
        Kind::Choice(choices) if super::widget::is_short(choices) => format!("{id}-0"),
        Kind::Several(_) | Kind::Truth => format!("{id}-0"),
        _ => id,
    }
}

fn wording(kind: &Kind) -> Wording {
    let (missing, form) = match kind {
        Kind::Choice(_) | Kind::Truth => (texts::NOTHING_CHOSEN, Some(texts::NOTHING_CHOSEN)),
        Kind::Several(_) => (texts::NONE_CHOSEN, Some(texts::NONE_CHOSEN)),
        Kind::Consent => (texts::NOT_AGREED, Some(texts::NOT_AGREED)),
        Kind::Number(rules) if rules.whole => (texts::LEFT_EMPTY, Some(texts::NOT_A_WHOLE_NUMBER)),
        Kind::Number(_) => (texts::LEFT_EMPTY, Some(texts::NOT_A_NUMBER)),
        Kind::Moment(MomentForm::Day) => (texts::LEFT_EMPTY, Some(texts::NOT_A_DAY)),
        Kind::Moment(MomentForm::Instant) => (texts::LEFT_EMPTY, Some(texts::NOT_AN_INSTANT)),
        Kind::Moment(MomentForm::Time) => (texts::LEFT_EMPTY, Some(texts::NOT_A_TIME)),
        Kind::Text(rules) if rules.form == TextForm::Email => {
            (texts::LEFT_EMPTY, Some(texts::NOT_AN_EMAIL))
        }
        _ => (texts::LEFT_EMPTY, None),
    };
    Wording {
        missing: Some(missing),
        form,
    }
}
