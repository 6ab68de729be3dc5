//! `POST /session`: number and query code become a cookie for this application alone, for pages and EventSource.

use super::call::{Call, HallState, answer_json, local_time};
use super::refusal::Refusal;
use super::tries::Counted;
use super::{Hall, texts};
use crate::identity::Scope;
use crate::intake::fields::{Fields, Need};
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;

/// Name of the cookie.
pub const COOKIE: &str = "tongban_session";

/// `{application_no, query_code}` → 201 with the cookie.
pub async fn open(State(hall): HallState, call: Call, body: Body) -> Response {
    call.answer(opened(&hall, &call, body).await)
}

async fn opened(hall: &Hall, call: &Call, body: Body) -> Result<Response, Refusal> {
    let body = call.json(body).await?;
    let mut faults = Vec::new();
    let mut fields = Fields::of(&body, "", &mut faults);
    let no = fields
        .text("application_no", 64, Need::Required)
        .map(str::to_owned);
    let code = fields
        .text("query_code", 64, Need::Required)
        .map(str::to_owned);
    fields.finish();
    let (Some(no), Some(code), true) = (no, code, faults.is_empty()) else {
        return Err(Refusal::Faults(faults));
    };
    let application_no = prove(hall, call, &no, &code).await?;
    granted(hall, &application_no)
}

/// The application whose number (or whose case's number) and query code these are. Failures are counted.
///
/// # Errors
/// 404 when one of the two is wrong; 429 when there were too many tries for the number or of the client.
pub async fn prove(hall: &Hall, call: &Call, no: &str, code: &str) -> Result<String, Refusal> {
    let now = hall.intake.clock.now();
    let counted = [
        Counted::Number(no.to_owned()),
        Counted::Client(call.client.clone()),
    ];
    if let Some(wait) = hall.tries.wait(&counted, now).await {
        return Err(
            Problem::new(StatusCode::TOO_MANY_REQUESTS, texts::TOO_MANY_TRIES)
                .retry_after(wait)
                .into(),
        );
    }
    let found = hall
        .intake
        .store
        .application(&Scope::Everything, no)
        .await?;
    let application_no = found.as_ref().map_or(no, |r| &r.application_no).to_owned();
    let right = hall.intake.keys.is_query_code(&application_no, code);
    if !right || found.is_none() {
        hall.tries.failed(&counted, now).await;
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            texts::WRONG_NUMBER_OR_CODE,
        ));
    }
    Ok(application_no)
}

/// The cookie that opens one application, and until when.
///
/// # Errors
/// 500 for a number that fits into no header, which none does.
pub fn cookie(hall: &Hall, application_no: &str) -> Result<(HeaderValue, Timestamp), Refusal> {
    let seconds = i64::try_from(hall.settings.session.as_secs()).unwrap_or(i64::MAX);
    let now = hall.intake.clock.now();
    let until = now
        .checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX);
    let value = hall.intake.keys.session(application_no, until);
    let secure = if hall.settings.secure_cookie {
        "; Secure"
    } else {
        ""
    };
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let cookie = HeaderValue::from_str(&cookie)
        .map_err(|_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, texts::INTERNAL))?;
    Ok((cookie, until))
}

fn granted(hall: &Hall, application_no: &str) -> Result<Response, Refusal> {
    let (cookie, until) = cookie(hall, application_no)?;
    let body = json!({"application_no": application_no, "until": local_time(until)});
    let mut response = answer_json(StatusCode::CREATED, &body);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
