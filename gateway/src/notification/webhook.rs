//! Webhooks of subscriptions: what happened to which case, and nothing of what was said there. Who wants more asks the interface.

use super::signing::signatures;
use super::sms::{DEADLINES, code};
use super::{Attempt, message_key};
use crate::outbound::OutboundClient;
use crate::store::case::StoredEvent;
use crate::store::notification::{LeasedNotice, SubscriptionRecord};
use jiff::Timestamp;
use serde_json::{Value, json};
use tongban_adapters::exchange::WireRequest;

/// Of an answer only the status is read.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// The body of an event.
#[must_use]
pub fn of_event(application_no: &str, case_no: &str, event: &StoredEvent) -> Value {
    json!({
        "type": event.event.body.kind(),
        "timestamp": event.received_at,
        "data": {
            "application_no": application_no, "case_no": case_no, "seq": event.seq,
            "occurred_at": event.event.occurred_at, "received_at": event.received_at, "supersedes": event.supersedes,
        },
    })
}

/// The body of a trial.
#[must_use]
pub fn of_trial(notice: &LeasedNotice) -> Value {
    json!({"type": "trial", "timestamp": notice.created_at, "data": {}})
}

/// Sends a body, signed.
pub async fn send(
    client: &OutboundClient,
    subscription: &SubscriptionRecord,
    notice: &LeasedNotice,
    body: &Value,
    now: Timestamp,
) -> Attempt {
    let (id, at, body) = (
        message_key(notice),
        now.as_second(),
        body.to_string().into_bytes(),
    );
    let signed = signatures(&subscription.secrets, &id, at, &body, now);
    let header = |name: &str, value: String| (name.to_owned(), value);
    let request = WireRequest {
        method: "POST".to_owned(),
        url: subscription.url.clone(),
        headers: vec![
            header("content-type", "application/json".to_owned()),
            header("user-agent", "tongban".to_owned()),
            header("webhook-id", id),
            header("webhook-timestamp", at.to_string()),
            header("webhook-signature", signed),
        ],
        body,
    };
    match client.send(&request, DEADLINES, ANSWER_BYTES_MAX).await {
        Ok(reply) if (200..300).contains(&reply.status) => {
            Attempt::Taken(format!("http_{}", reply.status))
        }
        Ok(reply) => Attempt::Again(format!("http_{}", reply.status)),
        Err(error) => Attempt::Again(code(&error).to_owned()),
    }
}
