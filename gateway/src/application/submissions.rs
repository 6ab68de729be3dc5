//! `POST /applications`, and the same for partners: `POST /exchange/v1/systems/{id}/applications`.

use super::call::{Call, HallState, answer_json, local_time};
use super::refusal::Refusal;
use super::{Hall, texts};
use crate::identity::{PrincipalKind, Role};
use crate::intake::fields::{Fields, Need};
use crate::intake::origin::{HandedIn, Origin};
use crate::intake::{SubmitError, Taken};
use crate::store::application::PartnerOrigin;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Takes an application.
pub async fn submit(State(hall): HallState, call: Call, body: Body) -> Response {
    call.answer(submitted(&hall, &call, body).await)
}

async fn submitted(hall: &Hall, call: &Call, body: Body) -> Result<Response, Refusal> {
    let origin = call.origin("web")?;
    let body = call.json(body).await?;
    let taken = hall.take(&body, &origin, |_| None).await?;
    Ok(created(&taken, answer(&taken, "submitted")))
}

/// Takes an application that a partner has taken before.
pub async fn hand_in(
    State(hall): HallState,
    call: Call,
    Path(system): Path<String>,
    body: Body,
) -> Response {
    call.answer(handed_in(&hall, &call, &system, body).await)
}

async fn handed_in(
    hall: &Hall,
    call: &Call,
    system: &str,
    body: Body,
) -> Result<Response, Refusal> {
    let principal = &call.principal;
    let own = principal.kind == PrincipalKind::Partner && principal.subject == system;
    if !own || !principal.roles.contains(&Role::Partner) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, texts::NOT_YOUR_SYSTEM));
    }
    let origin = call.origin("partner")?;
    let body = call.json(body).await?;
    let now = hall.intake.clock.now();
    let read = |fields: &mut Fields<'_, '_>| read_handed_in(fields, system, now);
    let taken = hall.take(&body, &origin, read).await?;
    let state = taken
        .record
        .cases
        .first()
        .map_or("submitted", |c| c.state.as_str())
        .to_owned();
    Ok(created(&taken, answer(&taken, &state)))
}

impl Hall {
    /// Takes an application and tells whoever watches.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub async fn take(
        &self,
        body: &Value,
        origin: &Origin,
        read: impl FnOnce(&mut Fields<'_, '_>) -> Option<HandedIn> + Send,
    ) -> Result<Taken, SubmitError> {
        let taken = self.intake.submit(body, origin, read).await?;
        if !taken.replayed {
            for case in &taken.record.cases {
                self.casework.news.tell(&case.case_no);
            }
        }
        Ok(taken)
    }
}

/// The partner's part of the body: its number, when it took the application, and how far it has brought it.
fn read_handed_in(fields: &mut Fields<'_, '_>, system: &str, now: Timestamp) -> Option<HandedIn> {
    let partner_no = fields
        .text("partner_no", 100, Need::Required)
        .map(str::to_owned);
    let submitted_at = read_instant(fields, "submitted_at", Need::Required, now);
    let pre_accepted_at = read_instant(fields, "pre_accepted_at", Need::Optional, now);
    let accepted_at = read_instant(fields, "accepted_at", Need::Optional, now);
    let document_no = fields
        .text("acceptance_no", 100, Need::Optional)
        .map(str::to_owned);
    let steps = [
        ("apply", 0),
        ("preaccept", 1),
        ("accept", 2),
        ("first_approval", 2),
    ];
    let step = fields
        .word("hand_over", &steps, Need::Optional)
        .unwrap_or(0);
    if step >= 2 && accepted_at.is_none() {
        fields.fault(
            "accepted_at",
            "missing_field",
            "已受理的办件须填受理时间",
            "an accepted application says when",
        );
    }
    if step == 1 && pre_accepted_at.is_none() {
        fields.fault(
            "pre_accepted_at",
            "missing_field",
            "已预受理的办件须填预受理时间",
            "a pre-accepted application says when",
        );
    }
    Some(HandedIn {
        origin: PartnerOrigin {
            system_id: system.to_owned(),
            partner_no: partner_no?,
        },
        submitted_at: submitted_at?,
        pre_accepted_at,
        accepted: accepted_at.map(|at| (at, document_no)),
    })
}

/// How far a partner's clock may be ahead, seconds (domain 9.3, own default).
const SKEW_S: i64 = 300;

fn read_instant(
    fields: &mut Fields<'_, '_>,
    name: &'static str,
    need: Need,
    now: Timestamp,
) -> Option<Timestamp> {
    let text = fields.text(name, 40, need)?;
    let Ok(at) = text.parse::<Timestamp>() else {
        fields.fault(
            name,
            "time_form",
            "时间须为RFC 3339格式",
            "a time is written as in RFC 3339",
        );
        return None;
    };
    if at.as_second() > now.as_second().saturating_add(SKEW_S) {
        fields.fault(
            name,
            "in_future",
            "时间晚于当前时间",
            "the time lies in the future",
        );
        return None;
    }
    Some(at)
}

fn answer(taken: &Taken, state: &str) -> Value {
    let record = &taken.record;
    let cases: Vec<Value> = record
        .cases
        .iter()
        .map(|case| json!({"case_no": case.case_no, "item_code": case.submission.item.code, "state": state}))
        .collect();
    json!({
        "application_no": record.application_no,
        "query_code": taken.query_code,
        "state": state,
        "submitted_at": local_time(record.submitted_at),
        "item_version": record.cases.first().map(|c| c.submission.item.version),
        "receipt": taken.receipt,
        "cases": cases,
    })
}

fn created(taken: &Taken, body: Value) -> Response {
    let mut response = answer_json(StatusCode::CREATED, &body);
    let location = format!("/api/v1/applications/{}", taken.record.application_no);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if taken.replayed {
        response
            .headers_mut()
            .insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}
