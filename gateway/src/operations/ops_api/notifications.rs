//! Notifications as operators see them: how each channel stands, what was given up, and sent again on demand. No address, no text.

use super::filter::{LIMIT_DEFAULT, LIMIT_MAX, unfit};
use super::{OpsRoom, answer, read, reason, unavailable};
use crate::problem::Problem;
use crate::store::notification::{ChannelDepth, NoticeFilter};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::request;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

const STATES: &[&str] = &["waiting", "sent", "dead", "merged", "dropped"];
const CHANNELS: &[&str] = &["sms", "email", "webhook"];
const WORD_MAX: usize = 128;

/// The query of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NoticeQuery {
    state: Option<String>,
    channel: Option<String>,
    case: Option<String>,
    before: Option<i64>,
    limit: Option<u32>,
}

impl NoticeQuery {
    fn filter(self) -> Result<NoticeFilter, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(unfit(format!("limit: 1 to {LIMIT_MAX}")));
        }
        let one_of = |name: &str, word: Option<String>, known: &[&str]| match word {
            Some(word) if !known.contains(&word.as_str()) => {
                Err(unfit(format!("{name}: {}", known.join(", "))))
            }
            word => Ok(word),
        };
        if self.case.as_ref().is_some_and(|c| c.len() > WORD_MAX) {
            return Err(unfit(format!("case: 1 to {WORD_MAX} bytes")));
        }
        Ok(NoticeFilter {
            state: one_of("state", self.state, STATES)?,
            channel: one_of("channel", self.channel, CHANNELS)?,
            case_no: self.case,
            before: self.before,
            limit,
        })
    }
}

pub(super) async fn list(
    State(room): State<OpsRoom>,
    query: Result<Query<NoticeQuery>, QueryRejection>,
    request: Request,
) -> Response {
    answer(listed(&room, query).await, request.extensions())
}

async fn listed(
    room: &OpsRoom,
    query: Result<Query<NoticeQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| unfit(error.body_text()))?;
    let filter = query.filter()?;
    let now = room.clock.now();
    let notices = room.store.notices(&filter).await.map_err(unavailable)?;
    let depths = room.store.notice_depths(now).await.map_err(unavailable)?;
    let channels: Vec<Value> = depths.iter().map(|depth| said(depth, now)).collect();
    Ok(Json(json!({"channels": channels, "notifications": notices})).into_response())
}

fn said(depth: &ChannelDepth, now: Timestamp) -> Value {
    let overdue = depth
        .oldest_due
        .map_or(0, |at| now.duration_since(at).as_secs());
    json!({
        "channel": depth.channel, "waiting": depth.waiting, "dead": depth.dead, "overdue_s": overdue,
    })
}

/// Which are sent again, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    ids: Vec<i64>,
    reason: String,
}

pub(super) async fn retry(State(room): State<OpsRoom>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    answer(retried(&room, &head, body).await, &head.extensions)
}

async fn retried(room: &OpsRoom, head: &request::Parts, body: Body) -> Result<Response, Problem> {
    let again: Again = read(body).await?;
    if again.ids.is_empty() || again.ids.len() > LIMIT_MAX as usize {
        return Err(unfit(format!("ids: 1 to {LIMIT_MAX}")));
    }
    let audit = room.audit(
        head,
        "notifications.retry",
        "notifications",
        reason(&again.reason)?,
    );
    let now = room.clock.now();
    let retried = room.store.retry_notices(&again.ids, now, audit).await;
    Ok(Json(json!({"retried": retried.map_err(unavailable)?})).into_response())
}
