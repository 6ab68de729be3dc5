//! Feedback in the canonical form: `POST /exchange/v1/systems/{id}/events`.
//!
//! One event is answered by its status: 200 applied or known, 202 held, 409 conflict, 422 rejected, the last two as problem
//! documents. A batch that is in form is answered 200 with one outcome for each event, in order. 503 means that not all could be
//! stored: the partner sends the whole again, and what was taken is known then.

use super::canonical_events::{self, Batch, BatchFault};
use super::partner::Partner;
use super::{ExchangeRoom, Named, answer, body, language, named, request_id, texts, unavailable};
use crate::feedback::FeedbackOutcome;
use crate::problem::{InputFault, Problem};
use crate::text::Language;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header, request};
use serde::Serialize;
use tongban_catalog::source::Finding;

/// The answer to events.
#[derive(Serialize)]
struct Results {
    results: Vec<EventResult>,
}

#[derive(Serialize)]
struct EventResult {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

pub(super) async fn take(
    State(room): State<ExchangeRoom>,
    id: Named<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    answer(take_events(&room, id, &head, body).await, &head.extensions)
}

async fn take_events(
    room: &ExchangeRoom,
    id: Named<String>,
    head: &request::Parts,
    body: Body,
) -> Result<Response, Problem> {
    let id = named(id)?;
    let partner = room.partner(&id, head)?;
    let bytes = body::whole(body, room.bounds.events_bytes_max).await?;
    let language = language(head);
    if !is_json(&head.headers) {
        room.feedback
            .observer
            .received(&id, "events", "unsupported_content_type");
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            texts::UNSUPPORTED_CONTENT_TYPE,
        )
        .detail("application/json"));
    }
    let batch = canonical_events::read(&bytes, room.bounds.events_max).map_err(|fault| {
        room.feedback.observer.received(&id, "events", "malformed");
        fault_of(fault, language)
    })?;
    let single = batch.single;
    let mut outcomes = receive(room, &partner, batch, request_id(head)).await?;
    match outcomes.pop() {
        Some(only) if single => one(only, language),
        last => {
            outcomes.extend(last);
            let results = outcomes
                .into_iter()
                .map(|outcome| result(outcome, language))
                .collect();
            Ok(Json(Results { results }).into_response())
        }
    }
}

async fn receive(
    room: &ExchangeRoom,
    partner: &Partner,
    batch: Batch,
    request_id: &str,
) -> Result<Vec<FeedbackOutcome>, Problem> {
    let mut outcomes = Vec::with_capacity(batch.events.len());
    for event in batch.events {
        let outcome = room.feedback.receive(partner.id(), event, request_id).await;
        outcomes.push(outcome.map_err(|error| unavailable(&error))?);
    }
    Ok(outcomes)
}

fn one(outcome: FeedbackOutcome, language: Language) -> Result<Response, Problem> {
    let status = match &outcome {
        FeedbackOutcome::Applied | FeedbackOutcome::Known => StatusCode::OK,
        FeedbackOutcome::Held => StatusCode::ACCEPTED,
        FeedbackOutcome::Conflict => {
            return Err(Problem::new(StatusCode::CONFLICT, texts::CONFLICT));
        }
        FeedbackOutcome::Rejected { code, .. } => {
            let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, texts::EVENT_REJECTED);
            problem.code = code;
            problem.detail = words(&outcome, language);
            return Err(problem);
        }
    };
    let results = vec![result(outcome, language)];
    Ok((status, Json(Results { results })).into_response())
}

fn result(outcome: FeedbackOutcome, language: Language) -> EventResult {
    let code = match &outcome {
        FeedbackOutcome::Rejected { code, .. } => Some(*code),
        FeedbackOutcome::Conflict => Some(texts::CONFLICT.key),
        _ => None,
    };
    EventResult {
        outcome: outcome.word(),
        code,
        detail: words(&outcome, language),
    }
}

fn words(outcome: &FeedbackOutcome, language: Language) -> Option<String> {
    match (outcome, language) {
        (FeedbackOutcome::Rejected { zh, .. }, Language::Chinese) => Some(zh.clone()),
        (FeedbackOutcome::Rejected { en, .. }, Language::English) => Some(en.clone()),
        _ => None,
    }
}

fn fault_of(fault: BatchFault, language: Language) -> Problem {
    match fault {
        BatchFault::Json(error) => {
            Problem::new(StatusCode::BAD_REQUEST, texts::MALFORMED_JSON).detail(error.to_string())
        }
        BatchFault::Form(findings) => {
            let errors = findings
                .into_iter()
                .map(|finding| input_fault(finding, language));
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, texts::NOT_CANONICAL)
                .errors(errors.collect())
        }
    }
}

/// A finding as an entry of a problem document.
pub(super) fn input_fault(finding: Finding, language: Language) -> InputFault {
    let detail = match language {
        Language::Chinese => finding.message.zh,
        Language::English => finding.message.en,
    };
    InputFault {
        pointer: finding.pointer,
        code: finding.code,
        detail,
    }
}

/// JSON has no charset parameter (RFC 8259, section 11); one that says UTF-8 is tolerated.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
        && parts.all(|p| p.eq_ignore_ascii_case("charset=utf-8") || p.is_empty())
}
