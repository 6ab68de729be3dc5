//! `GET /ops/v1/overview`.

use super::{OpsRoom, answer, unavailable};
use crate::operations::overview::{self, Overview};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

pub(super) async fn show(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let taken = overview::take(&room.store, &room.registry, &room.clock).await;
    let outcome = taken
        .map(|overview| {
            let redis = room.shared.standing();
            Json(Overview { redis, ..overview }).into_response()
        })
        .map_err(unavailable);
    answer(outcome, &head.extensions)
}
