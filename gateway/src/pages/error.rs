//! The page that says why something was not done, in plain words, and what to do now.

use super::engine::Page;
use super::shell::Shell;
use super::{Pages, Visitor, respond};
use crate::application::refusal::Refusal;
use crate::edge::RefusalPages;
use crate::text::Language;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// What is shown of a refusal.
#[derive(Debug, Serialize)]
pub struct ErrorPage {
    status: u16,
    heading: String,
    /// Words about this occurrence.
    detail: Option<String>,
    /// Every fault of the input.
    faults: Vec<String>,
    /// Minutes after which to try again.
    wait_minutes: Option<u32>,
    /// Whether the application may be somebody else's: then the way to prove that it is yours is shown.
    look_up: bool,
    /// For the hall's staff.
    request_id: String,
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error.html";

    fn title(&self, _: Language) -> String {
        self.heading.clone()
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        let of = |status, heading: &str| Self {
            status,
            heading: heading.to_owned(),
            detail: None,
            faults: Vec::new(),
            wait_minutes: None,
            look_up: false,
            request_id: "4f2a9c0d1b3e5f67-1c".to_owned(),
        };
        use crate::application::texts as said;
        vec![
            ("unknown-item", of(404, said::UNKNOWN_ITEM.say(language))),
            (
                "unknown-application",
                Self {
                    look_up: true,
                    ..of(404, said::UNKNOWN_APPLICATION.say(language))
                },
            ),
            (
                "faults",
                Self {
                    faults: vec!["<b>&</b>".to_owned()],
                    detail: Some("…".to_owned()),
                    ..of(422, said::INVALID_INPUT.say(language))
                },
            ),
            (
                "of-the-edge",
                Self {
                    request_id: String::new(),
                    ..of(0, crate::edge::texts::NOT_FOUND.say(language))
                },
            ),
            (
                "busy",
                Self {
                    wait_minutes: Some(1),
                    ..of(503, said::TRY_LATER.say(language))
                },
            ),
        ]
    }
}

/// Pages for what the edge refuses by itself, drawn once. Their request id stands in the answer's header alone.
#[must_use]
pub fn of_the_edge(pages: &Pages) -> RefusalPages {
    let mut headers = http::HeaderMap::new();
    respond::protect(&mut headers);
    let mut drawn = RefusalPages::new(headers);
    for language in [Language::Chinese, Language::English] {
        for text in crate::edge::texts::ALL {
            let page = ErrorPage {
                status: 0,
                heading: text.say(language).to_owned(),
                detail: None,
                faults: Vec::new(),
                wait_minutes: None,
                look_up: false,
                request_id: String::new(),
            };
            let shell = Shell::bare(&page, language);
            match pages.engine.render(&page, &shell) {
                Ok(html) => drawn.insert(text.key, language, html),
                Err(error) => tracing::error!(%error, code = text.key, "a page could not be drawn"),
            }
        }
    }
    drawn
}

/// The page of a refusal.
pub fn page(pages: &Pages, visitor: &Visitor, refusal: Refusal) -> Response {
    let problem = refusal.into_problem(visitor.language);
    let look_up = problem.code == crate::application::texts::UNKNOWN_APPLICATION.key;
    let shown = ErrorPage {
        status: problem.status.as_u16(),
        heading: problem.title.say(visitor.language).to_owned(),
        detail: problem
            .detail
            .filter(|_| problem.status != StatusCode::BAD_REQUEST),
        faults: problem
            .errors
            .into_iter()
            .map(|fault| fault.detail)
            .collect(),
        wait_minutes: problem.retry_after_s.map(|s| s.div_ceil(60)),
        look_up,
        request_id: visitor.call.request_id.clone(),
    };
    let mut response = respond::page(pages, visitor, problem.status, &shown);
    if let Some(seconds) = problem.retry_after_s {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
