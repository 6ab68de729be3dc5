//! `GET /ops/v1/audit/verify`: one bounded step of examining the sealed audit log; the command asks step by step.

use super::{OpsRoom, answer, filter, unavailable};
use crate::audit::examination::{self, Point};
use crate::intake::signed::PublishedKeys;
use crate::problem::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

/// Records of one step: read and hashed within a second or so.
pub const RECORDS_A_STEP: i64 = 20_000;

/// Where the step begins: `stage` is `batch` or `rows`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepQuery {
    stage: String,
    from: i64,
}

pub(super) async fn verify(
    State(room): State<OpsRoom>,
    query: Result<Query<StepQuery>, QueryRejection>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(examined(&room, query).await, &head.extensions)
}

async fn examined(
    room: &OpsRoom,
    query: Result<Query<StepQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| filter::unfit(error.body_text()))?;
    let point = match query.stage.as_str() {
        "batch" => Point::Batch(query.from),
        "rows" => Point::Rows(query.from),
        _ => return Err(filter::unfit("stage: batch or rows".to_owned())),
    };
    let keys = PublishedKeys::of_jwk_set(&room.jwk_set);
    let step = examination::step(room.store.as_ref(), &keys, point, RECORDS_A_STEP)
        .await
        .map_err(unavailable)?;
    // With the keys, so that the command checks roots with what the gateway signs with.
    let mut answer = json!(step);
    answer["keys"] = room.jwk_set["keys"].clone();
    Ok(Json(answer).into_response())
}
