//! `GET /ops/v1/clocks`: by which calendar open clocks are counted, and how far their recomputation is.

use super::wire_clocks::{ClocksView, RecomputationView};
use super::{OpsRoom, answer, texts, unavailable};
use crate::operations::logging::seldom;
use crate::problem::Problem;
use crate::registry::loading::registered_calendar;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

pub(super) async fn show(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let outcome = shown(&room).await.map(|view| Json(view).into_response());
    answer(outcome, &head.extensions)
}

async fn shown(room: &OpsRoom) -> Result<ClocksView, Problem> {
    let at = room.clock.now();
    let newest = room.store.recomputation().await.map_err(unavailable)?;
    let registered = registered_calendar(room.store.as_ref())
        .await
        .map_err(|error| {
            seldom!(error, %error, "the registered calendar cannot be read");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::UNAVAILABLE).retry_after(5)
        })?;
    Ok(ClocksView {
        at,
        calendar: room.registry.load().calendar().version().to_owned(),
        registered: registered.version().to_owned(),
        recomputation: newest.map(|run| RecomputationView::of(&run, at)),
    })
}
