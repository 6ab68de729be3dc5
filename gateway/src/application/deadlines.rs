//! `GET /applications/{no}/deadlines`: every clock with its derivation, enough to recompute it offline.

use super::Hall;
use super::call::{Call, HallState, answer_json};
use super::progress::folded;
use super::refusal::Refusal;
use crate::processing::life_cycle::CaseState;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use tongban_catalog::Language;
use tongban_catalog::calendar::Calendar;
use tongban_catalog::deadline::LegalClock;

/// Shows the clocks of the case.
pub async fn show(State(hall): HallState, call: Call, Path(no): Path<String>) -> Response {
    call.answer(shown(&hall, &call, &no).await)
}

async fn shown(hall: &Hall, call: &Call, no: &str) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let case = readable.case()?;
    let state = folded(case)?;
    let snapshot = hall.intake.registry.load();
    let now = hall.intake.clock.now();
    let language = catalogue_language(call);
    let calendar = snapshot.calendar();
    let clocks: Vec<Value> = state
        .clocks
        .each()
        .map(|clock| explained(clock, now, calendar, language))
        .collect();
    let body = json!({"case_no": case.case_no, "calendar": calendar.version(), "clocks": clocks});
    Ok(answer_json(StatusCode::OK, &body))
}

/// The caller's language, in the catalogue's words.
pub(super) fn catalogue_language(call: &Call) -> Language {
    match call.language {
        crate::text::Language::Chinese => Language::Chinese,
        crate::text::Language::English => Language::English,
    }
}

/// One clock with its derivation. A clock that ended under another calendar keeps its due date; the derivation, which is counted by
/// the calendar at hand, says so by the two versions.
fn explained(clock: &LegalClock, now: Timestamp, calendar: &Calendar, language: Language) -> Value {
    let mut shown = summary(clock, now, calendar);
    let derivation = clock.explain(calendar).ok();
    shown["counted_by"] = clock.calendar_version().into();
    shown["derivation"] = serde_json::to_value(&derivation).unwrap_or_default();
    shown["explanation"] = derivation.map(|d| d.text(language)).into();
    shown
}

/// The clocks in short, for the state of a case.
#[must_use]
pub fn summaries(state: &CaseState, now: Timestamp, calendar: &Calendar) -> Vec<Value> {
    state
        .clocks
        .each()
        .map(|clock| summary(clock, now, calendar))
        .collect()
}

fn summary(clock: &LegalClock, now: Timestamp, calendar: &Calendar) -> Value {
    json!({
        "clock": clock.kind(),
        "state": clock.state(),
        "limit": clock.limit(),
        "started": clock.started(),
        "due": clock.due(),
        "ended": clock.ended(),
        "standing": clock.standing(now, calendar).ok(),
    })
}
