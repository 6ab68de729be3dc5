//! `GET /applications/{no}/events`: the history as JSON, or live where `Accept` asks for `text/event-stream`.

use super::call::{Call, HallState, answer_json, local_time};
use super::refusal::Refusal;
use super::{Hall, stream, texts};
use crate::intake::receipt::ContentDigests;
use crate::problem::Problem;
use crate::store::case::StoredEvent;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use tongban_adapters::canonical::EventBody;

/// Events in one answer.
pub const PAGE_MAX: u32 = 500;

/// The history after `?after=`, or a stream that begins after `Last-Event-ID`.
pub async fn show(
    State(hall): HallState,
    call: Call,
    Path(no): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    call.answer(shown(hall, &call, &no, query.as_deref()).await)
}

async fn shown(
    hall: Arc<Hall>,
    call: &Call,
    no: &str,
    query: Option<&str>,
) -> Result<Response, Refusal> {
    let readable = hall.readable(call, no).await?;
    let case_no = readable.case()?.case_no.clone();
    let after = after(call, query)?;
    let live = call
        .header("accept")
        .is_some_and(|accept| accept.contains("text/event-stream"));
    if live {
        return stream::begin(hall, call, readable.scope, case_no, after);
    }
    let stored = hall
        .intake
        .store
        .events(&readable.scope, &case_no, after, PAGE_MAX)
        .await?;
    let more = stored.len() >= PAGE_MAX as usize;
    let events: Vec<Value> = stored.iter().map(on_the_wire).collect();
    let body = json!({"case_no": case_no, "events": events, "more": more});
    Ok(answer_json(StatusCode::OK, &body))
}

fn after(call: &Call, query: Option<&str>) -> Result<u64, Refusal> {
    let pairs = query.unwrap_or_default().split('&');
    let in_query = pairs.filter_map(|pair| pair.strip_prefix("after=")).next();
    // A stream that resumes says where it was; that is newer than the address it was first opened with.
    let Some(text) = call.header("last-event-id").or(in_query) else {
        return Ok(0);
    };
    text.parse().map_err(|_| {
        let problem = Problem::new(StatusCode::BAD_REQUEST, texts::BAD_QUERY);
        problem
            .detail("after, Last-Event-ID: the seq of an event")
            .into()
    })
}

/// An event as the contract says it.
#[must_use]
pub fn on_the_wire(stored: &StoredEvent) -> Value {
    let event = &stored.event;
    let mut wire = json!({
        "seq": stored.seq,
        "type": event.body.kind(),
        "occurred_at": local_time(event.occurred_at),
        "received_at": local_time(stored.received_at),
        "system": stored.system_id,
        "data": data(&event.body),
    });
    if let (Some(supersedes), Some(members)) = (stored.supersedes, wire.as_object_mut()) {
        members.insert("supersedes".to_owned(), supersedes.into());
    }
    if let (Some(actor), Some(members)) = (&event.actor, wire.as_object_mut()) {
        members.insert(
            "actor".to_owned(),
            serde_json::to_value(actor).unwrap_or_default(),
        );
    }
    wire
}

fn data(body: &EventBody) -> Value {
    if let EventBody::Applied(remark) = body
        && let Some(content) = ContentDigests::from_remark(remark)
    {
        return serde_json::to_value(content).unwrap_or_default();
    }
    let mut tagged = serde_json::to_value(body).unwrap_or_default();
    tagged
        .get_mut("data")
        .map(Value::take)
        .unwrap_or_else(|| json!({}))
}
