//! Feedback that was not applied (被拒收的反馈): key, code and time of each message; nothing of its content.

use super::filter::{self, LIMIT_DEFAULT, LIMIT_MAX};
use super::wire::{HeldMessage, RejectedList, RejectedMessage, UnreadMessage};
use super::{OpsRoom, answer, unavailable};
use crate::identity::Scope;
use crate::problem::Problem;
use crate::store::case::{FeedbackRecord, UnreadRecord};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RejectedQuery {
    system: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn rejected(
    State(room): State<OpsRoom>,
    query: Result<Query<RejectedQuery>, QueryRejection>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    answer(listed(&room, query).await, &head.extensions)
}

async fn listed(
    room: &OpsRoom,
    query: Result<Query<RejectedQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| filter::unfit(error.body_text()))?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(filter::unfit(format!("limit: 1 to {LIMIT_MAX}")));
    }
    let system = query.system.as_deref();
    let found = room
        .store
        .rejected(&Scope::Everything, system, limit)
        .await
        .map_err(unavailable)?;
    let held = room
        .store
        .waiting(&Scope::Everything, system, limit)
        .await
        .map_err(unavailable)?;
    let unread = room
        .store
        .unread(&Scope::Everything, system, limit)
        .await
        .map_err(unavailable)?;
    Ok(Json(RejectedList {
        rejected: found.into_iter().map(message).collect(),
        held: held.into_iter().map(waiting).collect(),
        unread: unread.into_iter().map(not_understood).collect(),
    })
    .into_response())
}

fn waiting(record: FeedbackRecord) -> HeldMessage {
    HeldMessage {
        id: record.id,
        system: record.key.system_id,
        case_no: record.key.case_no,
        r#type: record.key.kind,
        serial: record.key.serial,
        data_version: record.key.data_version,
        received_at: record.received_at,
        held_until: record.held_until,
    }
}

fn not_understood(record: UnreadRecord) -> UnreadMessage {
    UnreadMessage {
        id: record.id,
        system: record.system_id,
        case_no: record.case_no,
        way: record.way,
        code: record.code,
        reason: record.reason,
        first_at: record.first_at,
        last_at: record.last_at,
        times: record.times,
        bytes: record.bytes.len(),
    }
}

fn message(record: FeedbackRecord) -> RejectedMessage {
    RejectedMessage {
        id: record.id,
        system: record.key.system_id,
        case_no: record.key.case_no,
        r#type: record.key.kind,
        serial: record.key.serial,
        data_version: record.key.data_version,
        code: record.reason_code,
        received_at: record.received_at,
    }
}
