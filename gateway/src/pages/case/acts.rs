//! What an applicant does with a case on its page: answer a notice, withdraw, evaluate. Each goes the way of the interface's call.

use super::show::{self, Fault, Refused};
use crate::application::acts;
use crate::application::refusal::Refusal;
use crate::intake::request::MATERIALS_MAX;
use crate::pages::apply::receive;
use crate::pages::engine::Page;
use crate::pages::texts::case as texts;
use crate::pages::{Pages, PagesState, Visitor, respond};
use crate::text::Language;
use axum::Form;
use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Bytes of a form without files: 2,000 characters, percent-encoded, and its frame.
pub const BYTES_MAX: u64 = 64 << 10;

/// The page that asks once more before withdrawing.
#[derive(Debug, Serialize)]
pub struct Withdrawal {
    case_no: String,
    item_name: String,
}

/// Asks once more.
pub async fn ask_withdraw(
    State(pages): PagesState,
    visitor: Visitor,
    Path(no): Path<String>,
) -> Response {
    let page = withdrawal(&pages, &visitor, &no).await;
    pages.show(&visitor, page)
}

async fn withdrawal(pages: &Pages, visitor: &Visitor, no: &str) -> Result<Withdrawal, Refusal> {
    let readable = pages.hall.readable(&visitor.call, no).await?;
    let case = readable.case()?;
    Ok(Withdrawal {
        case_no: case.case_no.clone(),
        item_name: case.submission.item.name.clone(),
    })
}

/// What the form of a withdrawal says.
#[derive(Debug, Deserialize)]
pub struct Reason {
    #[serde(default)]
    reason: String,
}

/// Withdraws.
pub async fn withdraw(
    State(pages): PagesState,
    visitor: Visitor,
    Path(no): Path<String>,
    form: Result<Form<Reason>, FormRejection>,
) -> Response {
    let reason = form.map(|Form(form)| form.reason).unwrap_or_default();
    let body = match reason.trim() {
        "" => json!({}),
        words => json!({"reason": words}),
    };
    let done = withdrawn(&pages, &visitor, &no, &body).await;
    ended(&pages, &visitor, &no, done, Refused::default()).await
}

async fn withdrawn(
    pages: &Pages,
    visitor: &Visitor,
    no: &str,
    body: &Value,
) -> Result<(), Refusal> {
    let readable = pages.hall.readable(&visitor.call, no).await?;
    acts::withdraw_with(&pages.hall, &visitor.call, &readable, body).await?;
    Ok(())
}

/// What the form of an evaluation says.
#[derive(Debug, Deserialize)]
pub struct Rating {
    #[serde(default)]
    level: String,
    #[serde(default)]
    text: String,
}

/// Evaluates.
pub async fn evaluate(
    State(pages): PagesState,
    visitor: Visitor,
    Path(no): Path<String>,
    form: Result<Form<Rating>, FormRejection>,
) -> Response {
    let Ok(Form(rating)) = form else {
        return respond::see_other(&format!("/applications/{no}"));
    };
    let typed = rating.text.trim().to_owned();
    let Ok(level) = rating.level.parse::<u8>() else {
        let faults = vec![Fault {
            field: "level-1".to_owned(),
            words: texts::EVALUATE_CHOOSE.say(visitor.language).to_owned(),
        }];
        return again(
            &pages,
            &visitor,
            &no,
            StatusCode::UNPROCESSABLE_ENTITY,
            Refused { faults, typed },
        )
        .await;
    };
    let mut body = json!({"level": level});
    if !typed.is_empty() {
        body["text"] = typed.as_str().into();
    }
    let done = evaluated(&pages, &visitor, &no, &body).await;
    let kept = Refused {
        faults: Vec::new(),
        typed,
    };
    ended(&pages, &visitor, &no, done, kept).await
}

async fn evaluated(
    pages: &Pages,
    visitor: &Visitor,
    no: &str,
    body: &Value,
) -> Result<(), Refusal> {
    let readable = pages.hall.readable(&visitor.call, no).await?;
    acts::evaluate_with(&pages.hall, &visitor.call, &readable, body).await?;
    Ok(())
}

/// Answers a correction notice: words, and files for the materials of the item.
pub async fn supplement(
    State(pages): PagesState,
    visitor: Visitor,
    Path(no): Path<String>,
    body: Body,
) -> Response {
    let mut kept = Refused::default();
    let done = supplemented(&pages, &visitor, &no, body, &mut kept).await;
    ended(&pages, &visitor, &no, done, kept).await
}

async fn supplemented(
    pages: &Pages,
    visitor: &Visitor,
    no: &str,
    body: Body,
    kept: &mut Refused,
) -> Result<(), Refusal> {
    let hall = &pages.hall;
    // Before a byte of a file is kept: whose case it is.
    let readable = hall.readable(&visitor.call, no).await?;
    let fact = &readable.case()?.submission.item;
    let snapshot = hall.intake.registry.load();
    let prepared = snapshot
        .item(&fact.id, fact.version)
        .ok_or_else(Refusal::unknown_application)?;
    let received = receive::receive(hall, &visitor.call, &prepared.item, body).await?;
    kept.typed = received.draft.words.trim().to_owned();
    if let Some(stopped) = received.stopped {
        return Err(Refusal::new(stopped.status, stopped.words));
    }
    if !received.faults.is_empty() {
        return Err(Refusal::Faults(received.faults));
    }
    let uploads = received.draft.uploads.iter().take(MATERIALS_MAX);
    let materials: Vec<Value> = uploads
        .map(|upload| json!({"seq": upload.seq, "id": upload.id}))
        .collect();
    let mut body = json!({});
    if !kept.typed.is_empty() {
        body["text"] = kept.typed.as_str().into();
    }
    if !materials.is_empty() {
        body["materials"] = materials.into();
    }
    acts::supplement_with(hall, &visitor.call, &readable, &body).await?;
    Ok(())
}

/// Back to the case: by a redirect when it was done, with every fault when it was not.
async fn ended(
    pages: &Pages,
    visitor: &Visitor,
    no: &str,
    done: Result<(), Refusal>,
    mut kept: Refused,
) -> Response {
    let refusal = match done {
        Ok(()) => return respond::see_other(&format!("/applications/{no}")),
        Err(refusal) => refusal,
    };
    let problem = refusal.into_problem(visitor.language);
    let shown = matches!(problem.status.as_u16(), 400 | 409 | 413 | 415 | 422);
    if !shown {
        return pages.refuse(visitor, problem.into());
    }
    kept.faults = problem
        .errors
        .iter()
        .map(|fault| Fault {
            field: field_of(&fault.pointer),
            words: fault.detail.clone(),
        })
        .collect();
    if kept.faults.is_empty() {
        let title = problem.title.say(visitor.language).to_owned();
        kept.faults.push(Fault {
            field: "content".to_owned(),
            words: problem.detail.clone().unwrap_or(title),
        });
    }
    again(pages, visitor, no, problem.status, kept).await
}

async fn again(
    pages: &Pages,
    visitor: &Visitor,
    no: &str,
    status: StatusCode,
    refused: Refused,
) -> Response {
    match show::page(pages, visitor, no, refused).await {
        Ok(page) => respond::page(pages, visitor, status, &page),
        Err(refusal) => pages.refuse(visitor, refusal),
    }
}

/// The field that a fault is about: its own where the page has it, else the content.
fn field_of(pointer: &str) -> String {
    match pointer.trim_start_matches('/').split('/').next() {
        Some("text") => "text".to_owned(),
        _ => "content".to_owned(),
    }
}

impl Page for Withdrawal {
    const TEMPLATE: &'static str = "withdraw.html";

    fn title(&self, language: Language) -> String {
        texts::WITHDRAW_TITLE.say(language).to_owned()
    }

    fn section(&self) -> &'static str {
        "case"
    }

    #[cfg(test)]
    fn samples(_: Language) -> Vec<(&'static str, Self)> {
        let page = Self {
            case_no: "1013130050069885741170605000".to_owned(),
            item_name: "民用爆炸物品<销售>许可".to_owned(),
        };
        vec![("page", page)]
    }
}
