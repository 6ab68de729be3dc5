//! What a submission says, read from its JSON: shapes and lengths only; whether it is right is for [`super::check`].

use super::fields::{Fields, Need};
use serde_json::{Map, Value};
use tongban_adapters::canonical::{Applicant, ApplicantType, IdentityType};
use tongban_catalog::source::Finding;

/// Most materials of one application.
pub const MATERIALS_MAX: usize = 100;

/// A material that the submission names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedMaterial {
    /// Which material of the item.
    pub seq: u32,
    /// The capability of the upload.
    pub id: String,
    /// Where it stands in the body.
    pub pointer: String,
}

/// A submission as it was written. A part that could not be read is `None` and has its fault already.
#[derive(Clone, Default)]
pub struct ApplicationRequest {
    /// Code of the item.
    pub item_code: Option<String>,
    /// Situation.
    pub situation: Option<String>,
    /// Applicant.
    pub applicant: Option<Applicant>,
    /// Region.
    pub region: Option<String>,
    /// Form; an empty object when absent.
    pub form: Option<Value>,
    /// Materials.
    pub materials: Vec<NamedMaterial>,
}

const APPLICANT_TYPES: &[(&str, ApplicantType)] = &[
    ("person", ApplicantType::Person),
    ("enterprise", ApplicantType::Enterprise),
    ("other", ApplicantType::Other),
];

const IDENTITY_TYPES: &[(&str, IdentityType)] = &[
    ("resident_id", IdentityType::ResidentId),
    (
        "unified_social_credit_code",
        IdentityType::UnifiedSocialCreditCode,
    ),
    ("organisation_code", IdentityType::OrganisationCode),
    ("passport", IdentityType::Passport),
];

impl ApplicationRequest {
    /// Reads the members of a submission from `fields`; the caller may read more of its own and then finishes.
    pub fn read(fields: &mut Fields<'_, '_>) -> Self {
        let text = |t: &str| t.to_owned();
        Self {
            item_code: fields.text("item_code", 50, Need::Required).map(text),
            situation: fields.text("situation", 50, Need::Optional).map(text),
            region: fields.text("region", 12, Need::Required).map(text),
            applicant: read_applicant(fields),
            form: read_form(fields),
            materials: read_materials(fields),
        }
    }

    /// Reads the body of `POST /api/v1/applications`.
    #[must_use]
    pub fn of_body(body: &Value, faults: &mut Vec<Finding>) -> Self {
        let mut fields = Fields::of(body, "", faults);
        let request = Self::read(&mut fields);
        fields.finish();
        request
    }
}

/// Lengths are those of GB/T 39046-2020 table 5 (name an..100, number an..18, phone an..18) or more generous where the province
/// is (SQRMC 400).
fn read_applicant(outer: &mut Fields<'_, '_>) -> Option<Applicant> {
    let value = outer.value("applicant", Need::Required)?;
    let pointer = outer.at("applicant");
    let mut fields = Fields::of(value, &pointer, outer.faults());
    let kind = fields.word("type", APPLICANT_TYPES, Need::Required);
    let name = fields.text("name", 200, Need::Required);
    let id_type = fields.word("id_type", IDENTITY_TYPES, Need::Required);
    let id_number = fields.text("id_number", 50, Need::Required);
    let phone = fields.text("phone", 18, Need::Required);
    let contact = fields.text("contact", 100, Need::Optional);
    let email = fields.text("email", 200, Need::Optional);
    fields.finish();
    Some(Applicant {
        kind: kind?,
        name: name?.to_owned(),
        id_type: id_type?,
        id_number: id_number?.to_owned(),
        phone: phone?.to_owned(),
        contact: contact.map(str::to_owned),
        email: email.map(str::to_owned),
    })
}

fn read_form(fields: &mut Fields<'_, '_>) -> Option<Value> {
    match fields.value("form", Need::Optional) {
        None => Some(Value::Object(Map::new())),
        Some(form) if form.is_object() => Some(form.clone()),
        Some(_) => {
            fields.fault("form", "wrong_type", "须为对象", "must be an object");
            None
        }
    }
}

/// Reads `materials: [{seq, id}]`.
pub fn read_materials(outer: &mut Fields<'_, '_>) -> Vec<NamedMaterial> {
    let list = outer.list("materials", MATERIALS_MAX);
    let parent = outer.at("materials");
    let read = |(index, value): (usize, &Value)| {
        let pointer = format!("{parent}/{index}");
        let mut fields = Fields::of(value, &pointer, outer.faults());
        let seq = fields.number("seq", 1..=9999, Need::Required);
        let id = fields.text("id", 64, Need::Required);
        fields.finish();
        Some(NamedMaterial {
            seq: seq?,
            id: id?.to_owned(),
            pointer,
        })
    };
    list.iter().enumerate().filter_map(read).collect()
}
