//! SMS through an operator's HTTP gateway: a request made of the settings, an answer judged by their rule.

use super::Attempt;
use super::settings::{Accepted, BodyType, SmsSettings};
use super::texts::filled;
use crate::outbound::{Deadlines, OutboundClient, OutboundError};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::fmt::Write;
use std::time::Duration;
use tongban_adapters::exchange::{WireReply, WireRequest};

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Deadlines of a request to a gateway or a subscriber.
pub const DEADLINES: Deadlines = Deadlines {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(20),
};

/// Sends a message.
pub async fn send(
    client: &OutboundClient,
    settings: &SmsSettings,
    to: &str,
    text: &str,
    key: &str,
) -> Attempt {
    let request = request(settings, to, text, key);
    match client.send(&request, DEADLINES, ANSWER_BYTES_MAX).await {
        Ok(reply) => judged(&settings.accepted, &reply),
        Err(error) => Attempt::Again(code(&error).to_owned()),
    }
}

/// The stable code of a call without an answer.
#[must_use]
pub fn code(error: &OutboundError) -> &'static str {
    match error {
        OutboundError::NotSent { .. } => "not_sent",
        OutboundError::OutcomeUnknown { .. } => "no_answer",
    }
}

fn request(settings: &SmsSettings, to: &str, text: &str, key: &str) -> WireRequest {
    let values = [to, text, key];
    let (content_type, written) = match settings.body_type {
        BodyType::Json => ("application/json", values.map(in_json)),
        BodyType::Form => ("application/x-www-form-urlencoded", values.map(percent)),
    };
    let [to, text, key] = written.each_ref().map(String::as_str);
    let body = filled(&settings.body, &[("to", to), ("text", text), ("key", key)]);
    let [to, text, key] = values.map(percent);
    let url = filled(
        &settings.url,
        &[("to", &to), ("text", &text), ("key", &key)],
    );
    let mut headers = Vec::with_capacity(settings.headers.len() + 1);
    if !body.is_empty() {
        headers.push(("content-type".to_owned(), content_type.to_owned()));
    }
    for (name, value) in &settings.headers {
        let value = filled(value.0.expose_secret(), &[("key", &key)]);
        headers.push((name.to_ascii_lowercase(), value));
    }
    WireRequest {
        method: settings.method.clone(),
        url,
        headers,
        body: body.into_bytes(),
    }
}

/// A value as it stands inside a JSON string.
fn in_json(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    // Without the quotes around it.
    quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default()
        .to_owned()
}

/// A value percent-encoded (RFC 3986, unreserved characters alone stand as they are).
fn percent(value: &str) -> String {
    let mut out = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn judged(rule: &Accepted, reply: &WireReply) -> Attempt {
    let status = reply.status;
    let fits = if rule.status.is_empty() {
        (200..300).contains(&status)
    } else {
        rule.status.contains(&status)
    };
    if !fits {
        return Attempt::Again(format!("http_{status}"));
    }
    let Some(pointer) = &rule.pointer else {
        return Attempt::Taken(format!("http_{status}"));
    };
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let found = answer.pointer(pointer).filter(|v| !v.is_null());
    let found = found.map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    match (found, &rule.equals) {
        (Some(_), None) => Attempt::Taken(format!("http_{status}")),
        (Some(found), Some(wanted)) if found == *wanted => Attempt::Taken(format!("http_{status}")),
        _ => Attempt::Again("refused".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(body_type: &str, body: &str) -> SmsSettings {
        serde_json::from_value(json!({
            "url": "https://sms.example/send?k={key}", "body_type": body_type, "body": body,
            "headers": {"Authorization": "Bearer s", "X-Key": "{key}"},
            "accepted": {"pointer": "/code", "equals": "0"},
        }))
        .unwrap()
    }

    #[test]
    fn values_are_written_as_the_body_asks_for() {
        let body = r#"{"mobile":"{to}","content":"{text}","id":"{key}"}"#;
        let made = request(&settings("json", body), "138", "“{to}”\"补正\\", "msg_1");
        let read: Value = serde_json::from_slice(&made.body).unwrap();
        assert_eq!(
            read,
            json!({"mobile": "138", "content": "“{to}”\"补正\\", "id": "msg_1"})
        );
        assert_eq!(made.url, "https://sms.example/send?k=msg_1");
        assert!(
            made.headers
                .contains(&("x-key".to_owned(), "msg_1".to_owned()))
        );
        let made = request(
            &settings("form", "to={to}&text={text}"),
            "+86 138",
            "补&正",
            "k",
        );
        assert_eq!(made.body, b"to=%2B86%20138&text=%E8%A1%A5%26%E6%AD%A3");
    }

    #[test]
    fn an_answer_is_judged_by_status_and_pointer() {
        let rule = |value| serde_json::from_value::<Accepted>(value).unwrap();
        let coded = rule(json!({"pointer": "/code", "equals": "0"}));
        let taken = |rule: &Accepted, status, body: &str| {
            let reply = WireReply {
                status,
                headers: Vec::new(),
                body: body.as_bytes().to_vec(),
            };
            judged(rule, &reply)
        };
        for (status, body, expected) in [
            (200, r#"{"code":0}"#, Attempt::Taken("http_200".to_owned())),
            (
                200,
                r#"{"code":"0"}"#,
                Attempt::Taken("http_200".to_owned()),
            ),
            (200, r#"{"code":7}"#, Attempt::Again("refused".to_owned())),
            (200, "no json", Attempt::Again("refused".to_owned())),
            (503, r#"{"code":0}"#, Attempt::Again("http_503".to_owned())),
        ] {
            assert_eq!(taken(&coded, status, body), expected, "{status} {body}");
        }
        let status = rule(json!({"status": [202]}));
        assert_eq!(
            taken(&status, 202, ""),
            Attempt::Taken("http_202".to_owned())
        );
        assert_eq!(
            taken(&status, 200, ""),
            Attempt::Again("http_200".to_owned())
        );
    }
}
