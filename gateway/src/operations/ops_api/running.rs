//! Changes to the running gateway: a system paused or resumed, the whole drained, and in test builds the clock moved.

use super::wire::{Reasoned, SystemPaused};
use super::{OpsRoom, answer, read, reason, texts, unavailable};
use crate::edge::texts::UNKNOWN_SYSTEM;
use crate::identity::Scope;
use crate::problem::Problem;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, request};
use serde_json::json;

type SystemId = Result<Path<String>, PathRejection>;

pub(super) async fn pause(State(room): State<OpsRoom>, id: SystemId, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(
        set_paused(&room, id, true, &head, body).await,
        &head.extensions,
    )
}

pub(super) async fn resume(
    State(room): State<OpsRoom>,
    id: SystemId,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    answer(
        set_paused(&room, id, false, &head, body).await,
        &head.extensions,
    )
}

async fn set_paused(
    room: &OpsRoom,
    id: SystemId,
    paused: bool,
    head: &request::Parts,
    body: Body,
) -> Result<Response, Problem> {
    let unknown = || Problem::new(StatusCode::NOT_FOUND, UNKNOWN_SYSTEM);
    let Path(system) = id.map_err(|_| unknown())?;
    if !room.registry.load().systems.contains_key(&system) {
        return Err(unknown());
    }
    let Reasoned { reason: given } = read(body).await?;
    let action = if paused {
        "system.pause"
    } else {
        "system.resume"
    };
    let audit = room.audit(head, action, &system, reason(&given)?);
    let scope = Scope::Everything;
    room.store
        .set_paused(&scope, &system, paused, audit)
        .await
        .map_err(unavailable)?;
    let depths = room.store.depths().await.map_err(unavailable)?;
    let waiting = depths
        .iter()
        .find(|d| d.system_id == system)
        .map_or(0, |d| d.waiting);
    Ok(Json(SystemPaused {
        system,
        paused,
        waiting,
    })
    .into_response())
}

/// A fault of settings or of what is registered refuses all of it; the faults stand in the detail, a line each.
pub(super) async fn reload(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let reloaded = async {
        let reloader = room.reloader.get().ok_or_else(|| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::UNAVAILABLE).retry_after(1)
        })?;
        let report = reloader.reload().await.map_err(|faults| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, texts::NOT_RELOADED)
                .detail(faults.join("\n"))
        })?;
        Ok(Json(report).into_response())
    };
    answer(reloaded.await, &head.extensions)
}

pub(super) async fn drain(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let request_id = head
        .extensions
        .get::<crate::edge::RequestId>()
        .map_or("", |id| id.as_str());
    tracing::info!(request_id, "an operator asked to drain");
    (room.drain)();
    (StatusCode::ACCEPTED, Json(json!({ "draining": true }))).into_response()
}

/// How far the clock is moved at once, at most: a leap year.
#[cfg(feature = "simulated-time")]
const ADVANCE_MAX_S: u32 = 366 * 24 * 3_600;

#[cfg(feature = "simulated-time")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

/// `POST /ops/v1/clock` with `{"advance_seconds": n}` answers `{"now", "offset_us"}`.
#[cfg(feature = "simulated-time")]
pub(super) async fn advance_clock(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let advanced = read::<Advance>(body).await.and_then(|advance| {
        if advance.advance_seconds > ADVANCE_MAX_S {
            return Err(super::filter::unfit(format!(
                "advance_seconds: at most {ADVANCE_MAX_S}"
            )));
        }
        let offset_us = room
            .clock
            .advance(i64::from(advance.advance_seconds) * 1_000_000);
        Ok(Json(json!({ "now": room.clock.now(), "offset_us": offset_us })).into_response())
    });
    answer(advanced, &head.extensions)
}
