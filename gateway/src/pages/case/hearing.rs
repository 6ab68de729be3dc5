//! The page on which an applicant says what to hear of a case, and how.

use crate::application::notices;
use crate::application::refusal::Refusal;
use crate::pages::engine::Page;
use crate::pages::texts::case as texts;
use crate::pages::{Pages, PagesState, Visitor, respond};
use crate::text::Language;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The page.
#[derive(Debug, Serialize)]
pub struct Hearing {
    case_no: String,
    item_name: String,
    /// Where each channel goes, masked; `None` for one that is off here or has no contact.
    sms_to: Option<String>,
    email_to: Option<String>,
    sms: bool,
    email: bool,
    english: bool,
}

/// Shows what is chosen.
pub async fn show(State(pages): PagesState, visitor: Visitor, Path(no): Path<String>) -> Response {
    let page = page(&pages, &visitor, &no).await;
    pages.show(&visitor, page)
}

async fn page(pages: &Pages, visitor: &Visitor, no: &str) -> Result<Hearing, Refusal> {
    let readable = pages.hall.readable(&visitor.call, no).await?;
    let said = notices::choice(&pages.hall, &readable).await?;
    let case = readable.case()?;
    let text = |name: &str| said[name].as_str().map(str::to_owned);
    Ok(Hearing {
        case_no: case.case_no.clone(),
        item_name: case.submission.item.name.clone(),
        sms_to: text("sms_to"),
        email_to: text("email_to"),
        sms: said["sms"] == true,
        email: said["email"] == true,
        english: said["language"] == "en",
    })
}

/// What the form says: a box that is not ticked is not sent.
#[derive(Debug, Deserialize)]
pub struct Choice {
    #[serde(default)]
    sms: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    language: String,
    /// Which channels the form showed: one that it did not show stays as it is.
    #[serde(default)]
    shown: String,
}

/// Changes it.
pub async fn choose(
    State(pages): PagesState,
    visitor: Visitor,
    Path(no): Path<String>,
    form: Result<Form<Choice>, FormRejection>,
) -> Response {
    let done = match form {
        Ok(Form(form)) => chosen(&pages, &visitor, &no, &form).await,
        Err(_) => Ok(()),
    };
    match done {
        Ok(()) => respond::see_other(&format!("/applications/{no}")),
        Err(refusal) => pages.refuse(&visitor, refusal),
    }
}

async fn chosen(pages: &Pages, visitor: &Visitor, no: &str, form: &Choice) -> Result<(), Refusal> {
    let readable = pages.hall.readable(&visitor.call, no).await?;
    let mut body = json!({});
    for (name, ticked) in [("sms", &form.sms), ("email", &form.email)] {
        if form.shown.split(' ').any(|shown| shown == name) {
            body[name] = ticked.is_some().into();
        }
    }
    if matches!(form.language.as_str(), "zh" | "en") {
        body["language"] = form.language.as_str().into();
    }
    notices::choose_with(&pages.hall, &visitor.call, &readable, &body).await?;
    Ok(())
}

impl Page for Hearing {
    const TEMPLATE: &'static str = "hearing.html";

    fn title(&self, language: Language) -> String {
        texts::HEARING_TITLE.say(language).to_owned()
    }

    fn section(&self) -> &'static str {
        "case"
    }

    #[cfg(test)]
    fn samples(_: Language) -> Vec<(&'static str, Self)> {
        let of = |sms_to: Option<&str>, email_to: Option<&str>| Self {
            case_no: "1013130050069885741170605000".to_owned(),
            item_name: "民用爆炸物品<销售>许可".to_owned(),
            sms_to: sms_to.map(str::to_owned),
            email_to: email_to.map(str::to_owned),
            sms: true,
            email: false,
            english: email_to.is_some(),
        };
        vec![
            ("both", of(Some("138****00"), Some("z****@example.com"))),
            ("none", of(None, None)),
        ]
    }
}
