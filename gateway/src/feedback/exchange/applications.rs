//! Pulling an application (拉取申办信息): `GET /exchange/v1/systems/{id}/applications/{no}` – what the partner was notified of, in the canonical
//! form. `no` is our number or the short one that the partner was given.

use super::callback::as_seen;
use super::{ExchangeRoom, Named, answer, named, texts, unavailable};
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header, request};

pub(super) async fn pull(
    State(room): State<ExchangeRoom>,
    names: Named<(String, String)>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(read(&room, names, &head).await, &head.extensions)
}

async fn read(
    room: &ExchangeRoom,
    names: Named<(String, String)>,
    head: &request::Parts,
) -> Result<Response, Problem> {
    let (id, no) = named(names)?;
    let partner = room.partner(&id, head)?;
    let case = room
        .case_by_number(partner.id(), &no)
        .await
        .map_err(|error| unavailable(&error))?;
    let outcome = if case.is_some() {
        "taken"
    } else {
        texts::UNKNOWN_CASE.key
    };
    room.feedback
        .observer
        .received(partner.id(), "pull", outcome);
    let case = case.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, texts::UNKNOWN_CASE))?;
    let mut response = Json(as_seen(case)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
