//! What the hall offers, as far as sample applications need it: from `/api/v1/items/{code}` and its form. Pure.

use super::sample::form::{SampleError, draw_form};
use crate::registry::form::{Form, FormError};
use rand::rngs::Xoshiro256PlusPlus;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Sample forms kept for one item and situation at most, and for all of them together.
const FORMS_MAX: usize = 64;
const FORMS_IN_ALL: usize = 4_096;

/// An item in one situation, ready to be applied for.
#[derive(Debug)]
pub struct Template {
    /// The code that is applied for.
    pub item_code: String,
    /// Situation, where the item has some.
    pub situation: Option<String>,
    /// Region of the application: the item's own.
    pub region: String,
    /// Who applies.
    pub applicants: Applicants,
    /// Materials that must be there.
    pub needs: Vec<Need>,
    /// Filled forms; at least one.
    pub forms: Vec<Box<RawValue>>,
}

/// Who may apply for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applicants {
    /// People.
    Person,
    /// Companies.
    Enterprise,
    /// Bodies of other kinds.
    Other,
}

impl Applicants {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Enterprise => "enterprise",
            Self::Other => "other",
        }
    }

    fn of(audience: &[String]) -> Self {
        let serves = |word: &str| audience.iter().any(|a| a == word);
        if serves("person") || audience.is_empty() {
            Self::Person
        } else if serves("enterprise") {
            Self::Enterprise
        } else {
            Self::Other
        }
    }
}

/// A material that an application needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its number in the item.
    pub seq: u32,
    /// Its name.
    pub name: String,
    /// A file name of a kind that is taken.
    pub file_name: String,
    /// The media type that belongs to it.
    pub content_type: &'static str,
}

/// An item that no sample application can be made for.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// The answer of the hall is not what the contract says.
    #[error("item {code}: its guide cannot be read: {reason}")]
    Guide {
        /// Which.
        code: String,
        /// Why.
        reason: serde_json::Error,
    },
    /// The form's schema.
    #[error("item {code}: {reason}")]
    Form {
        /// Which.
        code: String,
        /// Why.
        reason: FormError,
    },
    /// No form could be drawn.
    #[error("item {code}{situation}: {reason}")]
    Sample {
        /// Which.
        code: String,
        /// In which situation.
        situation: String,
        /// Why.
        reason: SampleError,
    },
    /// A material of a kind that uploads do not take.
    #[error(
        "item {code}: material {seq} takes files of {formats} only, and the load knows no media type for them"
    )]
    Format {
        /// Which.
        code: String,
        /// Which material.
        seq: u32,
        /// What it takes.
        formats: String,
    },
}

/// The guide of an item, as far as it is used here.
#[derive(Debug, Deserialize)]
pub struct Guide {
    /// The code that is applied for.
    pub code: String,
    availability: String,
    region: String,
    #[serde(default)]
    audience: Vec<String>,
    #[serde(default)]
    situations: Vec<GuideSituation>,
    #[serde(default)]
    materials: Vec<GuideMaterial>,
}

#[derive(Debug, Deserialize)]
struct GuideSituation {
    id: String,
}

#[derive(Debug, Deserialize)]
struct GuideMaterial {
    seq: u32,
    name: String,
    required: String,
    #[serde(default)]
    formats: Vec<String>,
    #[serde(default)]
    situations: Vec<String>,
}

/// Extensions and media types that uploads take (`application::materials::MEDIA_TYPES`).
const KINDS: [(&str, &str); 16] = [
    ("pdf", "application/pdf"),
    ("ofd", "application/ofd"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("bmp", "image/bmp"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("zip", "application/zip"),
    ("dwg", "image/vnd.dwg"),
    ("txt", "text/plain"),
    ("xml", "application/xml"),
];

impl Guide {
    /// Reads the answer to `GET /api/v1/items/{code}`.
    ///
    /// # Errors
    /// [`ItemError::Guide`].
    pub fn read(code: &str, answer: &[u8]) -> Result<Self, ItemError> {
        serde_json::from_slice(answer).map_err(|reason| ItemError::Guide {
            code: code.to_owned(),
            reason,
        })
    }

    /// Whether it may be applied for today.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.availability == "open"
    }

    /// Its situations; one of `None` where it has none.
    #[must_use]
    pub fn situations(&self) -> Vec<Option<&str>> {
        if self.situations.is_empty() {
            return vec![None];
        }
        self.situations
            .iter()
            .map(|s| Some(s.id.as_str()))
            .collect()
    }

    /// The materials that must be there in a situation.
    ///
    /// # Errors
    /// [`ItemError::Format`].
    pub fn needs(&self, situation: Option<&str>) -> Result<Vec<Need>, ItemError> {
        let applies = |m: &&GuideMaterial| {
            let named = || situation.is_some_and(|s| m.situations.iter().any(|own| own == s));
            m.required == "yes" && (m.situations.is_empty() || named())
        };
        self.materials
            .iter()
            .filter(applies)
            .map(|m| self.need(m))
            .collect()
    }

    fn need(&self, material: &GuideMaterial) -> Result<Need, ItemError> {
        let taken = |(extension, _): &&(&str, &str)| {
            material.formats.is_empty() || material.formats.iter().any(|own| own == extension)
        };
        let (extension, content_type) =
            KINDS.iter().find(taken).ok_or_else(|| ItemError::Format {
                code: self.code.clone(),
                seq: material.seq,
                formats: material.formats.join(", "),
            })?;
        Ok(Need {
            seq: material.seq,
            name: material.name.clone(),
            file_name: format!("sample-{}.{extension}", material.seq),
            content_type,
        })
    }

    /// The item in a situation, with `forms` sample forms of `schema`.
    ///
    /// # Errors
    /// [`ItemError`].
    pub fn template(
        &self,
        situation: Option<&str>,
        schema: Value,
        forms: usize,
        random: &mut Xoshiro256PlusPlus,
    ) -> Result<Template, ItemError> {
        let code = || self.code.clone();
        let form = Form::compile(schema).map_err(|reason| ItemError::Form {
            code: code(),
            reason,
        })?;
        let mut drawn = Vec::with_capacity(forms.max(1));
        for _ in 0..forms.max(1) {
            let value = draw_form(&form, random).map_err(|reason| ItemError::Sample {
                code: code(),
                situation: situation.map_or_else(String::new, |s| format!(" in situation {s}")),
                reason,
            })?;
            let raw = serde_json::value::to_raw_value(&value);
            drawn.push(raw.map_err(|reason| ItemError::Guide {
                code: code(),
                reason,
            })?);
        }
        Ok(Template {
            item_code: code(),
            situation: situation.map(str::to_owned),
            region: self.region.clone(),
            applicants: Applicants::of(&self.audience),
            needs: self.needs(situation)?,
            forms: drawn,
        })
    }
}

/// How many forms each of so many templates gets.
#[must_use]
pub fn forms_each(templates: usize) -> usize {
    (FORMS_IN_ALL / templates.max(1)).clamp(1, FORMS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use serde_json::json;

    fn guide() -> Guide {
        let answer = json!({
            "code": "I1", "availability": "open", "region": "440400", "audience": ["enterprise"], "more": 1,
            "situations": [{"id": "new", "name": "新"}, {"id": "change"}],
            "materials": [
                {"seq": 1, "name": "表", "required": "yes"},
                {"seq": 2, "name": "图", "required": "yes", "formats": ["dwg", "png"], "situations": ["change"]},
                {"seq": 3, "name": "可", "required": "no"}, {"seq": 4, "name": "后", "required": "later"},
            ],
        });
        Guide::read("I1", answer.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_situation_needs_its_own_required_materials_in_a_format_that_is_taken() {
        let names = |situation| -> Vec<String> {
            let needs = guide().needs(situation).unwrap();
            needs.into_iter().map(|n| n.file_name).collect()
        };
        assert_eq!(names(Some("new")), ["sample-1.pdf"]);
        assert_eq!(names(Some("change")), ["sample-1.pdf", "sample-2.png"]);
        assert_eq!(guide().situations(), [Some("new"), Some("change")]);
    }

    #[test]
    fn every_media_type_that_is_sent_is_one_that_uploads_take() {
        for (extension, kind) in KINDS {
            assert!(
                crate::application::materials::MEDIA_TYPES.contains(&kind),
                "{extension}"
            );
        }
    }

    #[test]
    fn a_template_has_forms_of_its_schema_and_the_applicant_that_the_item_serves() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        let schema =
            json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
        let template = guide()
            .template(Some("new"), schema, 3, &mut random)
            .unwrap();
        assert_eq!(
            (template.forms.len(), template.applicants),
            (3, Applicants::Enterprise)
        );
        let impossible = json!({"type": "object", "required": ["n"], "properties": {"n": false}});
        let error = guide()
            .template(Some("new"), impossible, 1, &mut random)
            .unwrap_err();
        assert!(
            error.to_string().starts_with("item I1 in situation new: "),
            "{error}"
        );
    }

    #[test]
    fn forms_are_bounded_for_each_template_and_for_all() {
        assert_eq!(
            (forms_each(1), forms_each(1_200), forms_each(100_000)),
            (64, 3, 1)
        );
    }
}
