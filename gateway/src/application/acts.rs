//! What an applicant does with a case after submitting it: supplement, withdraw, evaluate.

use super::Hall;
use super::call::{Call, HallState, answer_json};
use super::reading::Readable;
use super::refusal::Refusal;
use crate::intake::act::{ActRefused, Outcome, SupplementRequest};
use crate::intake::fields::{Fields, Need};
use crate::intake::json::canonical_digest;
use crate::intake::request::read_materials;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use tongban_adapters::canonical::{Evaluation, Reason};

/// Characters of what an applicant writes.
const WORDS_MAX: usize = 2_000;

/// Answers a correction notice: `{text?, form?, materials?: [{seq, id}]}`.
pub async fn supplement(
    State(hall): HallState,
    call: Call,
    Path(no): Path<String>,
    body: Body,
) -> Response {
    call.answer(supplemented(&hall, &call, &no, body).await)
}

async fn supplemented(hall: &Hall, call: &Call, no: &str, body: Body) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let body = call.json(body).await?;
    let done = supplement_with(hall, call, &readable, &body).await?;
    Ok(answered(&readable.case()?.case_no, done))
}

/// Answers a correction notice with what `body` says; for the interface and the pages alike.
///
/// # Errors
/// Every fault of the body; 409 where the state of the case does not allow it.
pub async fn supplement_with(
    hall: &Hall,
    call: &Call,
    readable: &Readable,
    body: &Value,
) -> Result<Outcome, Refusal> {
    let origin = call.origin("web")?;
    let mut faults = Vec::new();
    let request = read_supplement(body, &mut faults);
    let digest = canonical_digest(body);
    let (acts, case) = (hall.acts(), readable.case()?);
    let done = acts.supplement(&readable.scope, case, request, faults, &origin, digest);
    Ok(done.await?)
}

fn read_supplement(
    body: &Value,
    faults: &mut Vec<tongban_catalog::source::Finding>,
) -> SupplementRequest {
    let mut fields = Fields::of(body, "", faults);
    let text = fields
        .text("text", WORDS_MAX, Need::Optional)
        .unwrap_or_default()
        .to_owned();
    let form = fields.value("form", Need::Optional).cloned();
    let materials = read_materials(&mut fields);
    if text.is_empty() && form.is_none() && materials.is_empty() {
        fields.fault(
            "text",
            "missing_field",
            "请填写说明、表单或材料",
            "say something, or give a form or materials",
        );
    }
    fields.finish();
    SupplementRequest {
        text,
        form,
        materials,
    }
}

/// Asks to withdraw: `{reason?}`.
pub async fn withdraw(
    State(hall): HallState,
    call: Call,
    Path(no): Path<String>,
    body: Body,
) -> Response {
    call.answer(withdrawn(&hall, &call, &no, body).await)
}

async fn withdrawn(hall: &Hall, call: &Call, no: &str, body: Body) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let body = call.json(body).await?;
    let done = withdraw_with(hall, call, &readable, &body).await?;
    Ok(answered(&readable.case()?.case_no, done))
}

/// Asks to withdraw with what `body` says; for the interface and the pages alike.
///
/// # Errors
/// Every fault of the body; 409 where the state of the case does not allow it.
pub async fn withdraw_with(
    hall: &Hall,
    call: &Call,
    readable: &Readable,
    body: &Value,
) -> Result<Outcome, Refusal> {
    let origin = call.origin("web")?;
    let mut faults = Vec::new();
    let mut fields = Fields::of(body, "", &mut faults);
    let reason = fields
        .text("reason", WORDS_MAX, Need::Optional)
        .unwrap_or_default()
        .to_owned();
    fields.finish();
    if !faults.is_empty() {
        return Err(Refusal::Faults(faults));
    }
    let case = readable.case()?;
    let digest = canonical_digest(body);
    let done = hall
        .acts()
        .withdraw(&readable.scope, case, Reason { reason }, &origin, digest)
        .await?;
    Ok(done)
}

/// Evaluates: `{level: 1 (best) … 5, text?}`, once.
pub async fn evaluate(
    State(hall): HallState,
    call: Call,
    Path(no): Path<String>,
    body: Body,
) -> Response {
    call.answer(evaluated(&hall, &call, &no, body).await)
}

async fn evaluated(hall: &Hall, call: &Call, no: &str, body: Body) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let body = call.json(body).await?;
    let done = evaluate_with(hall, call, &readable, &body).await?;
    Ok(answered(&readable.case()?.case_no, done))
}

/// Evaluates with what `body` says; for the interface and the pages alike.
///
/// # Errors
/// Every fault of the body; 409 where the state of the case does not allow it.
pub async fn evaluate_with(
    hall: &Hall,
    call: &Call,
    readable: &Readable,
    body: &Value,
) -> Result<Outcome, Refusal> {
    let origin = call.origin("web")?;
    let mut faults = Vec::new();
    let mut fields = Fields::of(body, "", &mut faults);
    let level = fields.number("level", 1..=5, Need::Required);
    let text = fields
        .text("text", WORDS_MAX, Need::Optional)
        .unwrap_or_default()
        .to_owned();
    fields.finish();
    let (Some(level), true) = (level.and_then(|l| u8::try_from(l).ok()), faults.is_empty()) else {
        return Err(Refusal::Faults(faults));
    };
    let case = readable.case()?;
    let digest = canonical_digest(body);
    let done = hall
        .acts()
        .evaluate(
            &readable.scope,
            case,
            Evaluation { level, text },
            &origin,
            digest,
        )
        .await?;
    Ok(done)
}

fn answered(case_no: &str, outcome: Outcome) -> Response {
    let body =
        json!({"case_no": case_no, "state": outcome.state.wire(), "repeated": outcome.repeated});
    answer_json(StatusCode::OK, &body)
}

impl From<ActRefused> for Refusal {
    fn from(refused: ActRefused) -> Self {
        match refused {
            ActRefused::Faults(faults) => Self::Faults(faults),
            ActRefused::Rejected(rejection) => rejection.into(),
            ActRefused::NotOnline => Self::new(StatusCode::CONFLICT, super::texts::NOT_ONLINE),
            ActRefused::Change(error) => error.into(),
        }
    }
}
