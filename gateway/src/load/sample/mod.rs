//! Sample applications: conforming forms of the hall's own items, applicants who are nobody, materials that say nothing.

pub mod form;
pub mod identity;
mod words;

use crate::load::items::{Applicants, Need, Template};
use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;
use serde::Serialize;
use serde_json::value::RawValue;

/// The body of `POST /api/v1/applications`.
#[derive(Serialize)]
struct Body<'a> {
    item_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    situation: Option<&'a str>,
    applicant: Applicant,
    region: &'a str,
    form: &'a RawValue,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    materials: &'a [Uploaded],
}

#[derive(Serialize)]
struct Applicant {
    r#type: &'static str,
    name: String,
    id_type: &'static str,
    id_number: String,
    phone: String,
}

/// An upload that an application names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uploaded {
    /// Which material of the item.
    pub seq: u32,
    /// Its capability.
    pub id: String,
}

/// Draws an application for `template`. `index` gives the applicant an identity number that no other index has.
///
/// # Errors
/// The body cannot be written as JSON, which would be a fault of this program.
pub fn draw_application(
    template: &Template,
    materials: &[Uploaded],
    index: u64,
    random: &mut Xoshiro256PlusPlus,
) -> Result<String, serde_json::Error> {
    let form = &template.forms[random.random_range(0..template.forms.len().max(1))];
    serde_json::to_string(&Body {
        item_code: &template.item_code,
        situation: template.situation.as_deref(),
        applicant: applicant(template.applicants, index, random),
        region: &template.region,
        form,
        materials,
    })
}

fn applicant(kind: Applicants, index: u64, random: &mut Xoshiro256PlusPlus) -> Applicant {
    let (name, id_type, id_number) = match kind {
        Applicants::Person => (
            words::person(random),
            "resident_id",
            identity::resident(index),
        ),
        Applicants::Enterprise | Applicants::Other => (
            words::company(random),
            "unified_social_credit_code",
            identity::company(index),
        ),
    };
    Applicant {
        r#type: kind.as_str(),
        name,
        id_type,
        id_number: id_number.unwrap_or_default(),
        phone: words::phone(random),
    }
}

/// The content of a sample material: a few lines that say what it stands for, filled up to `bytes`.
#[must_use]
pub fn material_content(need: &Need, number: u64, bytes: usize) -> Vec<u8> {
    let mut content = format!("%PDF-1.4\n% {} 样例 {number}\n", need.name).into_bytes();
    if content.len() < bytes {
        content.resize(bytes, b' ');
    }
    content
}
