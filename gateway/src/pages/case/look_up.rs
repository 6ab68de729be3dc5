//! The way to a case (查询办件): number and query code become the cookie that opens it.

use crate::application::query::Query;
use crate::application::refusal::Refusal;
use crate::application::session;
use crate::pages::engine::Page;
use crate::pages::texts::case as texts;
use crate::pages::{Pages, PagesState, Visitor, respond};
use crate::problem::Problem;
use crate::text::Language;
use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

/// Bytes of the form.
pub const BYTES_MAX: u64 = 4_096;
/// Characters of a number or code that are looked at.
const TYPED_MAX: usize = 64;

/// What the page shows.
#[derive(Debug, Default, Serialize)]
pub struct LookUp {
    /// What was typed; the code is typed again.
    number: String,
    /// Why it did not open.
    wrong: Option<String>,
}

/// What was typed.
#[derive(Debug, Deserialize)]
pub struct Typed {
    #[serde(default)]
    number: String,
    #[serde(default)]
    code: String,
}

/// Shows the form; the address of a receipt names the number (`?no=`).
pub async fn show(State(pages): PagesState, visitor: Visitor) -> Response {
    let page = Query::parse(visitor.query(), &["no"]).map(|query| LookUp {
        number: query
            .one("no")
            .unwrap_or_default()
            .chars()
            .take(TYPED_MAX)
            .collect(),
        wrong: None,
    });
    pages.show(&visitor, page)
}

/// Opens the application.
pub async fn open(
    State(pages): PagesState,
    visitor: Visitor,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let Ok(Form(typed)) = form else {
        return again(
            &pages,
            &visitor,
            StatusCode::BAD_REQUEST,
            String::new(),
            None,
        );
    };
    let number: String = typed
        .number
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(TYPED_MAX)
        .collect();
    let code: String = typed.code.trim().chars().take(TYPED_MAX).collect();
    if number.is_empty() || code.is_empty() {
        let words = texts::LOOK_UP_MISSING.say(visitor.language).to_owned();
        return again(
            &pages,
            &visitor,
            StatusCode::UNPROCESSABLE_ENTITY,
            number,
            Some(words),
        );
    }
    match opened(&pages, &visitor, &number, &code).await {
        Ok(response) => response,
        Err(refusal) => refused(&pages, &visitor, number, refusal),
    }
}

async fn opened(
    pages: &Pages,
    visitor: &Visitor,
    number: &str,
    code: &str,
) -> Result<Response, Refusal> {
    let application_no = session::prove(&pages.hall, &visitor.call, number, code).await?;
    let (cookie, _) = session::cookie(&pages.hall, &application_no)?;
    let mut response = respond::see_other(&format!("/applications/{number}"));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

fn refused(pages: &Pages, visitor: &Visitor, number: String, refusal: Refusal) -> Response {
    let Problem {
        status,
        retry_after_s,
        ..
    } = refusal.into_problem(visitor.language);
    let words = match status {
        StatusCode::NOT_FOUND => texts::LOOK_UP_WRONG.say(visitor.language).to_owned(),
        StatusCode::TOO_MANY_REQUESTS => {
            let minutes = retry_after_s.unwrap_or(60).div_ceil(60).to_string();
            texts::LOOK_UP_WAIT.fill(visitor.language, &[("n", &minutes)])
        }
        _ => crate::application::texts::TRY_LATER
            .say(visitor.language)
            .to_owned(),
    };
    let mut response = again(pages, visitor, status, number, Some(words));
    if let Some(seconds) = retry_after_s {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn again(
    pages: &Pages,
    visitor: &Visitor,
    status: StatusCode,
    number: String,
    wrong: Option<String>,
) -> Response {
    respond::page(pages, visitor, status, &LookUp { number, wrong })
}

impl Page for LookUp {
    const TEMPLATE: &'static str = "look_up.html";

    fn title(&self, language: Language) -> String {
        texts::LOOK_UP_TITLE.say(language).to_owned()
    }

    fn section(&self) -> &'static str {
        "case"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        let wrong = texts::LOOK_UP_WRONG.say(language).to_owned();
        vec![
            ("empty", Self::default()),
            (
                "wrong",
                Self {
                    number: "10131300500698857411\"<>".to_owned(),
                    wrong: Some(wrong),
                },
            ),
        ]
    }
}
