//! The applicant's part of an application (申请人): the same fields as `applicant` of `POST /api/v1/applications`.

use super::model::{Choice, Field, Kind, TextForm, TextRules};
use super::texts::{self, both};
use crate::text::Text;
use serde_json::Value;
use tongban_catalog::tables::Audience;

/// Name of the part in names and pointers.
pub const APPLICANT: &str = "applicant";

/// The fields, for whom an item is there for. Documents that only others have are not offered.
#[must_use]
pub fn fields(audience: &[Audience]) -> Vec<Field> {
    let only_persons = audience == [Audience::Person];
    let persons = audience.is_empty() || audience.contains(&Audience::Person);
    let only_organisations = !audience.is_empty() && !persons;
    let kinds = [
        ("person", texts::PERSON, !only_organisations),
        ("enterprise", texts::ENTERPRISE, !only_persons),
        ("other", texts::OTHER, !only_persons),
    ];
    let documents = [
        ("resident_id", texts::RESIDENT_ID, !only_organisations),
        ("passport", texts::PASSPORT, !only_organisations),
        (
            "unified_social_credit_code",
            texts::UNIFIED_CODE,
            !only_persons,
        ),
        ("organisation_code", texts::ORGANISATION_CODE, !only_persons),
    ];
    let mut kind = field("type", texts::APPLICANT_TYPE, choice(&kinds)).required();
    if only_persons {
        kind.preset = Some(Value::from("person"));
    }
    let mut document = field("id_type", texts::ID_TYPE, choice(&documents)).required();
    if only_persons {
        document.preset = Some(Value::from("resident_id"));
    }
    vec![
        kind,
        hinted(
            field("name", texts::NAME, text(200, TextForm::Plain)).required(),
            texts::NAME_HINT,
            if only_organisations {
                "organization"
            } else {
                "name"
            },
        ),
        document,
        hinted(
            field("id_number", texts::ID_NUMBER, text(50, TextForm::Capitals)).required(),
            texts::ID_NUMBER_HINT,
            "off",
        ),
        hinted(
            field("phone", texts::PHONE, text(18, TextForm::Phone)).required(),
            texts::PHONE_HINT,
            "tel",
        ),
        hinted(
            field("contact", texts::CONTACT, text(100, TextForm::Plain)),
            texts::CONTACT_HINT,
            "",
        ),
        Field {
            autocomplete: "email",
            ..field("email", texts::EMAIL, text(200, TextForm::Email))
        },
    ]
}

fn field(key: &str, label: Text, kind: Kind) -> Field {
    Field::new(key, both(label, &[]), kind)
}

fn hinted(mut field: Field, hint: Text, autocomplete: &'static str) -> Field {
    field.hint = Some(both(hint, &[]));
    field.autocomplete = autocomplete;
    field
}

fn text(max: u64, form: TextForm) -> Kind {
    Kind::Text(TextRules {
        max: Some(max),
        form,
        ..TextRules::default()
    })
}

fn choice(words: &[(&str, Text, bool)]) -> Kind {
    let offered = words.iter().filter(|(_, _, offered)| *offered);
    Kind::Choice(
        offered
            .map(|(word, label, _)| Choice {
                wire: (*word).to_owned(),
                value: Value::from(*word),
                label: both(*label, &[]),
            })
            .collect(),
    )
}
