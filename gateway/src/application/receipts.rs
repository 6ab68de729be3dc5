//! `GET /applications/{no}/receipt` and `GET /receipt-key`: the signed promise again with its inclusion proof, and the key to verify both with.

use super::Hall;
use super::call::{Call, HallState, answer_json};
use super::refusal::Refusal;
use crate::audit::inclusion;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// The receipt, byte for byte as at submission, with what it says in clear, and the inclusion proof once its record is sealed.
pub async fn show(State(hall): HallState, call: Call, Path(no): Path<String>) -> Response {
    call.answer(shown(&hall, &call, &no).await)
}

async fn shown(hall: &Hall, call: &Call, no: &str) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let promise = hall.intake.promise(&readable.record).await?;
    let receipt = hall.intake.keys.receipt(&promise);
    let mut body =
        json!({"receipt": receipt, "promise": promise, "verify_with": "/api/v1/receipt-key"});
    let store = hall.intake.store.as_ref();
    let application_no = &readable.record.application_no;
    if let Some(proof) = inclusion::of_application(store, &readable.scope, application_no).await? {
        body["inclusion_proof"] = json!(proof);
    }
    Ok(answer_json(StatusCode::OK, &body))
}

/// The published key as a JWK set.
pub async fn key(State(hall): HallState) -> Response {
    let mut response = answer_json(StatusCode::OK, &hall.intake.keys.jwk_set());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jwk-set+json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    response
}
