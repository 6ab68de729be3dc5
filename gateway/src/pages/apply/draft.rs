//! An application that is being filled in (申请草稿): everything of it travels in the form itself, nothing is kept by the server but
//! the uploaded files, whose ids are capabilities.

use crate::pages::form::applicant::{self, APPLICANT};
use crate::pages::form::model::Model;
use crate::pages::form::reading::read;
use crate::pages::form::schema;
use crate::pages::form::typed::Typed;
use serde_json::{Map, Value, json};
use tongban_catalog::item::{ServiceItem, SituationId};

/// Name of the form's part in names and pointers.
pub const FORM: &str = "form";
/// Before the number of a material in the names of its file fields.
pub const FILE: &str = "file";

/// What was sent with a form of the apply pages.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The idempotency key, made when the form was first drawn.
    pub key: String,
    /// Situation; empty for none.
    pub situation: String,
    /// Region.
    pub region: String,
    /// Everything typed: names begin with `applicant/`, `form/` or `rows:`.
    pub typed: Typed,
    /// What an applicant writes beside a form: the words of an answer to a correction notice.
    pub words: String,
    /// Files that are uploaded.
    pub uploads: Vec<Upload>,
    /// Which button was pressed.
    pub action: Action,
}

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Which material of the item.
    pub seq: u16,
    /// The capability.
    pub id: String,
}

/// What a button asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Action {
    /// Draw the form again: after a change of situation, or back from the review.
    #[default]
    Edit,
    /// Take the chosen files and stay.
    Upload,
    /// Leave out an uploaded file.
    Remove(String),
    /// One more row of a list.
    AddRow(String),
    /// Check everything and show it.
    Review,
    /// Submit.
    Submit,
}

impl Action {
    /// Of the value of a button; anything unknown draws the form again.
    #[must_use]
    pub fn of(value: &str) -> Self {
        match value.split_once(':') {
            Some(("remove", id)) => Self::Remove(id.to_owned()),
            Some(("add", name)) => Self::AddRow(name.to_owned()),
            _ => match value {
                "upload" => Self::Upload,
                "review" => Self::Review,
                "submit" => Self::Submit,
                _ => Self::Edit,
            },
        }
    }
}

/// The two models that an application is drawn by.
#[derive(Debug, Clone)]
pub struct Models {
    /// The applicant.
    pub applicant: Model,
    /// The item's form in the chosen situation.
    pub form: Model,
}

/// The body of `POST /api/v1/applications`, and where its parts were typed.
#[derive(Debug, Clone)]
pub struct Body {
    /// As the API takes it.
    pub json: Value,
    /// Pointers of the body and the names of the form that they were typed under.
    pub typed_at: Vec<(String, String)>,
}

impl Models {
    /// Of an item in a situation.
    #[must_use]
    pub fn of(item: &ServiceItem, situation: Option<&SituationId>) -> Self {
        Self {
            applicant: Model {
                fields: applicant::fields(&item.audience),
                cut: false,
            },
            form: schema::model(&item.form.for_situation(situation)),
        }
    }
}

impl Upload {
    /// As a form sends it: `seq:id`.
    #[must_use]
    pub fn wire(&self) -> String {
        format!("{}:{}", self.seq, self.id)
    }

    /// Read back; `None` for what no form of ours sends.
    #[must_use]
    pub fn of_wire(text: &str) -> Option<Self> {
        let (seq, id) = text.split_once(':')?;
        let sane = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
        sane.then(|| {
            Some(Self {
                seq: seq.parse().ok()?,
                id: id.to_owned(),
            })
        })?
    }

    /// Name of the file field of a material.
    #[must_use]
    pub fn field(seq: u16) -> String {
        format!("{FILE}/{seq}")
    }
}

impl Draft {
    /// The chosen situation, if the item has it.
    #[must_use]
    pub fn situation_of(&self, item: &ServiceItem) -> Option<SituationId> {
        let id: SituationId = self.situation.parse().ok()?;
        item.situation(&id).map(|found| found.id.clone())
    }

    /// The body that is checked and submitted: the same for the same draft.
    #[must_use]
    pub fn body(&self, item: &ServiceItem, models: &Models) -> Body {
        let applicant = read(&models.applicant.fields, APPLICANT, &self.typed);
        let form = read(&models.form.fields, FORM, &self.typed);
        let materials: Vec<Value> = self
            .uploads
            .iter()
            .map(|upload| json!({"seq": upload.seq, "id": upload.id}))
            .collect();
        let mut typed_at: Vec<(String, String)> = self
            .uploads
            .iter()
            .enumerate()
            .map(|(index, upload)| (format!("/materials/{index}"), Upload::field(upload.seq)))
            .collect();
        let wanted = item.materials.iter();
        typed_at.extend(wanted.map(|material| {
            let pointer = format!("/item/materials/{}", material.seq);
            (pointer, Upload::field(material.seq))
        }));
        typed_at.extend(form.rows);
        let mut json = Map::new();
        json.insert("item_code".to_owned(), item.code().into());
        if !self.situation.is_empty() {
            json.insert("situation".to_owned(), self.situation.as_str().into());
        }
        json.insert("region".to_owned(), self.region.as_str().into());
        json.insert(APPLICANT.to_owned(), applicant.value.into());
        json.insert(FORM.to_owned(), form.value.into());
        json.insert("materials".to_owned(), materials.into());
        Body {
            json: Value::Object(json),
            typed_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_say_what_they_ask_for_and_strange_ones_draw_the_form_again() {
        for (value, action) in [
            ("upload", Action::Upload),
            ("remove:ab12", Action::Remove("ab12".to_owned())),
            ("add:form/people", Action::AddRow("form/people".to_owned())),
            ("review", Action::Review),
            ("submit", Action::Submit),
            ("edit", Action::Edit),
            ("drop table", Action::Edit),
            ("", Action::Edit),
        ] {
            assert_eq!(Action::of(value), action, "{value}");
        }
    }

    #[test]
    fn an_upload_is_read_back_and_anything_else_is_none() {
        let upload = Upload {
            seq: 3,
            id: "0123abcd".to_owned(),
        };
        assert_eq!(Upload::of_wire(&upload.wire()), Some(upload));
        for strange in ["", "3", "3:", ":ab", "x:ab", "70000:ab", "3:a/b", "3:<b>"] {
            assert_eq!(Upload::of_wire(strange), None, "{strange}");
        }
    }
}
