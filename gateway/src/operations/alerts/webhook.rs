//! The signed webhook.
//!
//! `tongban-signature: v1=HEX` is HMAC-SHA256 under the secret over the value of `tongban-timestamp` (Unix seconds), a full stop, and
//! the body's bytes. `tongban-message-id` is the same in every attempt, so that a receiver can drop repeats.

use super::settings::WebhookSettings;
use super::texts;
use crate::outbound::{Deadlines, OutboundClient};
use crate::store::alert::LeasedMessage;
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;
use tongban_adapters::exchange::WireRequest;

/// Nothing of an answer but its status is read.
const ANSWER_BYTES_MAX: usize = 64 << 10;

const DEADLINES: Deadlines = Deadlines {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(20),
};

/// The body of a message.
#[must_use]
pub fn body(message: &LeasedMessage) -> Vec<u8> {
    let alert = &message.alert;
    let said = texts::say(alert, &message.word);
    let body = json!({
        "schema": "tongban/alert/1", "event": message.word, "alert": alert.id, "system": alert.system_id, "kind": alert.kind,
        "value": alert.value, "bound": alert.bound, "opened_at": alert.opened_at, "resolved_at": alert.resolved_at,
        "text": { "zh": said.zh, "en": said.en },
    });
    serde_json::to_vec(&body).unwrap_or_default()
}

/// The signature of a body at a time.
#[must_use]
pub fn signature(secret: &[u8], timestamp: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signed = [timestamp.to_string().as_bytes(), b".", body].concat();
    format!("v1={}", HEXLOWER.encode(hmac::sign(&key, &signed).as_ref()))
}

/// Sends a message.
///
/// # Errors
/// Why it was not taken, in words.
pub async fn send(
    client: &OutboundClient,
    settings: &WebhookSettings,
    message: &LeasedMessage,
    now: Timestamp,
) -> Result<(), String> {
    let (body, at) = (body(message), now.as_second());
    let signed = signature(settings.secret.expose_secret().as_bytes(), at, &body);
    let header = |name: &str, value: String| (name.to_owned(), value);
    let request = WireRequest {
        method: "POST".to_owned(),
        url: settings.url.clone(),
        headers: vec![
            header("content-type", "application/json".to_owned()),
            header("tongban-message-id", message.id.to_string()),
            header("tongban-timestamp", at.to_string()),
            header("tongban-signature", signed),
        ],
        body,
    };
    let reply = client
        .send(&request, DEADLINES, ANSWER_BYTES_MAX)
        .await
        .map_err(|error| error.to_string())?;
    if (200..300).contains(&reply.status) {
        Ok(())
    } else {
        Err(format!("the receiver answered {}", reply.status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_time_and_body() {
        // python3: hmac.new(b"key", b"1700000000.{}", "sha256").hexdigest()
        let expected = "v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae";
        assert_eq!(signature(b"key", 1_700_000_000, b"{}"), expected);
        assert_ne!(signature(b"key", 1_700_000_001, b"{}"), expected);
        assert_ne!(signature(b"other", 1_700_000_000, b"{}"), expected);
    }
}
