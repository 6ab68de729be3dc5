//! Deliveries: listed, shown with the bytes of every attempt, tried again or discarded.

use super::filter::{self, ListQuery};
use super::wire::{BulkRequest, Changed, DeliveryDetail, DeliveryList, Preview};
use super::{OpsRoom, answer, jobs, read, reason, texts, unavailable};
use crate::identity::Scope;
use crate::problem::Problem;
use crate::store::bulk::BulkKind;
use crate::store::delivery::{DeliveryFilter, DeliverySummary};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, request};

pub(super) async fn list(
    State(room): State<OpsRoom>,
    query: Result<Query<ListQuery>, QueryRejection>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(listed(&room, query).await, &head.extensions)
}

async fn listed(
    room: &OpsRoom,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| filter::unfit(error.body_text()))?;
    let filter = query.filter()?;
    let scope = Scope::Everything;
    let (total, oldest) = room
        .store
        .count_deliveries(&scope, &filter)
        .await
        .map_err(unavailable)?;
    let found = room
        .store
        .deliveries(&scope, &filter)
        .await
        .map_err(unavailable)?;
    let deliveries = found.into_iter().map(Into::into).collect();
    Ok(Json(DeliveryList {
        total,
        oldest,
        deliveries,
    })
    .into_response())
}

pub(super) async fn show(
    State(room): State<OpsRoom>,
    id: Result<Path<i64>, PathRejection>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(shown(&room, id).await, &head.extensions)
}

async fn shown(room: &OpsRoom, id: Result<Path<i64>, PathRejection>) -> Result<Response, Problem> {
    let unknown = || Problem::new(StatusCode::NOT_FOUND, texts::UNKNOWN_DELIVERY);
    let Path(id) = id.map_err(|_| unknown())?;
    let found = room
        .store
        .delivery(&Scope::Everything, id)
        .await
        .map_err(unavailable)?;
    Ok(Json(DeliveryDetail::from(found.ok_or_else(unknown)?)).into_response())
}

pub(super) async fn retry(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(
        change(&room, BulkKind::Retry, &head, body).await,
        &head.extensions,
    )
}

pub(super) async fn discard(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(
        change(&room, BulkKind::Discard, &head, body).await,
        &head.extensions,
    )
}

async fn change(
    room: &OpsRoom,
    kind: BulkKind,
    head: &request::Parts,
    body: Body,
) -> Result<Response, Problem> {
    let request: BulkRequest = read(body).await?;
    let filter = filter::of_change(&request.criteria(), jobs::applicable(kind))?;
    if request.dry_run {
        return Ok(Json(preview(room, &filter).await?).into_response());
    }
    if request.ids.is_empty() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            texts::NEEDS_JOB,
        ));
    }
    let reason = reason(&request.reason)?;
    let target = filter.system_id.clone().unwrap_or_default();
    let (scope, now) = (Scope::Everything, room.clock.now());
    let changed = match kind {
        BulkKind::Retry => {
            let audit = room.audit(head, "delivery.retry", &target, reason);
            room.store.retry(&scope, &filter, now, audit).await
        }
        BulkKind::Discard => {
            let audit = room.audit(head, "delivery.discard", &target, reason);
            room.store.discard(&scope, &filter, now, audit).await
        }
    };
    Ok(Json(Changed {
        changed: changed.map_err(unavailable)?,
    })
    .into_response())
}

async fn preview(room: &OpsRoom, filter: &DeliveryFilter) -> Result<Preview, Problem> {
    let scope = Scope::Everything;
    let (count, oldest) = room
        .store
        .count_deliveries(&scope, filter)
        .await
        .map_err(unavailable)?;
    let first = room
        .store
        .deliveries(&scope, filter)
        .await
        .map_err(unavailable)?;
    let repeats = first.iter().filter(|delivery| may_repeat(delivery)).count() as u64;
    Ok(Preview {
        count,
        at_once: count.min(u64::from(filter.limit)),
        oldest,
        repeats,
    })
}

/// Whether the last attempt left without an answer that says what became of it.
fn may_repeat(delivery: &DeliverySummary) -> bool {
    matches!(
        delivery.last_code.as_str(),
        "outcome_unknown" | "not_understood"
    )
}
