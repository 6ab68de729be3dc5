//! Notifications: written with their event, sent at least once under one key, in nobody's sleep, and to nobody who does not want them.

use crate::fail_point_ways::ways;
use serde_json::{Value, json};
use std::time::Duration;
use tongban_tests::hall::{Hall, STATE_MAX, repository};
use tongban_tests::http::{Answer, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, post, submit, uploads};
use tongban_tests::sink::{Call, Sink};

const IMMEDIATE: &[&str] = &["--scenario", "immediate"];
/// Longer than the lease of a notification.
const LEASE_S: i64 = 61;

/// Settings with an SMS gateway at the sink and this much more.
fn settings(sink: &Sink, more: &str) -> String {
    format!(
        "notifications:\n  together: 0s\n  sms:\n    url: http://{}/sms\n    headers: {{ authorization: Bearer black-box }}\n    \
         body: '{{\"to\": \"{{to}}\", \"text\": \"{{text}}\", \"key\": \"{{key}}\"}}'\n    \
         accepted: {{ pointer: /code, equals: \"0\" }}\n{more}",
        sink.address
    )
}

async fn notices(hall: &Hall, query: &str) -> Vec<Value> {
    let path = format!("/ops/v1/notifications?{query}");
    let answer = hall.ops("GET", &path, Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let all = answer.json()["notifications"].as_array().cloned();
    all.unwrap_or_default()
}

async fn until_calls(hall: &Hall, sink: &Sink, path: &str, count: usize, step_s: i64) -> Vec<Call> {
    eventually(&format!("{count} calls of {path}"), STATE_MAX, || async {
        if step_s > 0 {
            hall.advance(step_s).await;
        }
        let calls = sink.calls(path);
        (calls.len() >= count).then_some(calls)
    })
    .await
}

#[tokio::test]
async fn who_is_told_by_sms_is_told_of_a_case_and_of_no_person() {
    let sink = Sink::start().await;
    let hall = Hall::open_with(&[], &settings(&sink, "")).await;
    let taken = submit(hall.public, "soap").await;
    let call = until_calls(&hall, &sink, "/sms", 1, 0).await.remove(0);
    assert_eq!(call.header("authorization"), "Bearer black-box");
    let said = call.json();
    let text = said["text"].as_str().unwrap();
    assert!(
        text.contains(&taken.no) && text.contains("已收件"),
        "{text}"
    );
    assert!(!text.contains("张三"), "{text}");
    assert_eq!(said["to"], "13800000000");
    let row = eventually("the message is noted as sent", STATE_MAX, || async {
        notices(&hall, "state=sent").await.into_iter().next()
    })
    .await;
    assert_eq!(
        (&row["kind"], &row["case_no"], &row["last_code"]),
        (&json!("received"), &json!(taken.no), &json!("http_200"))
    );
    assert!(!row.to_string().contains("13800000000"));
    assert_eq!(
        hall.metric("tongban_notifications_total", &["sms", "sent"])
            .await,
        1.0
    );
    let refused = hall
        .ops("GET", "/ops/v1/notifications?state=asleep", Value::Null)
        .await;
    assert_eq!(refused.status, 422);
}

#[tokio::test]
async fn without_channels_there_are_no_rows() {
    let hall = Hall::open_small("").await;
    let taken = submit(hall.public, "soap").await;
    assert_eq!(notices(&hall, "limit=9").await, Vec::<Value>::new());
    let choice = hall.get(&taken, "/notifications").await.json();
    assert_eq!(
        (&choice["sms"], &choice["sms_to"]),
        (&json!(true), &Value::Null)
    );
    let none = send(hall.public, "GET", "/api/v1/subscriptions", &[], "").await;
    assert_eq!(
        (none.status, none.code()),
        (404, "no_subscriptions".to_owned())
    );
}

#[tokio::test]
async fn ended_between_send_and_confirm_it_is_sent_again_under_the_same_key() {
    let sink = Sink::start().await;
    let mut hall = Hall::open_with(&[], &settings(&sink, "")).await;
    for (point, _) in ways("notifications") {
        let before = sink.calls("/sms").len();
        hall.kill();
        hall.set_variable("TONGBAN_FAIL_POINT", Some(&format!("{point}:abort")));
        hall.start().await;
        let materials = uploads(hall.public, "soap").await;
        let taken = post(hall.public, &fresh_key(), &body("soap", &materials)).await;
        let taken = Taken::of(&taken);
        let begun = tongban_tests::process::instant();
        while !hall.gateway().has_ended() {
            assert!(begun.elapsed() < STATE_MAX, "{point} was not reached");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        hall.set_variable("TONGBAN_FAIL_POINT", None);
        hall.start().await;
        hall.advance(LEASE_S).await;
        let query = format!("state=sent&case={}", taken.no);
        eventually(&format!("{point}: it is sent"), STATE_MAX, || async {
            hall.advance(LEASE_S).await;
            (notices(&hall, &query).await.len() == 1).then_some(())
        })
        .await;
        let calls = sink.calls("/sms").split_off(before);
        let keys: Vec<Value> = calls
            .iter()
            .map(|call| call.json()["key"].clone())
            .collect();
        let expected = if point == "notification.sent" { 2 } else { 1 };
        assert_eq!(keys.len(), expected, "{point}: {keys:?}");
        assert!(keys.iter().all(|key| *key == keys[0]), "{point}: {keys:?}");
    }
}

/// A quiet time that began an hour ago, by the hall's clock, and ends in two.
fn quiet_now() -> String {
    let here = jiff::tz::offset(8).to_datetime(now());
    let at = |hours: i64| {
        (here + jiff::SignedDuration::from_hours(hours))
            .strftime("%H:%M")
            .to_string()
    };
    format!("\"{}-{}\"", at(-1), at(2))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test tells the hall about the time of day"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[tokio::test]
async fn in_the_quiet_time_nobody_is_woken_and_afterwards_what_came_together_is_one_message() {
    let sink = Sink::start().await;
    let settings = settings(&sink, &format!("  quiet: {}\n", quiet_now()));
    let hall = Hall::open_with(&[("soap", IMMEDIATE)], &settings).await;
    let taken = submit(hall.public, "soap").await;
    hall.until_state(&taken, "closed").await;
    let waiting = notices(&hall, "state=waiting").await;
    let kinds: Vec<&Value> = waiting.iter().map(|n| &n["kind"]).collect();
    assert_eq!(kinds, [&json!("result")], "the rest goes with it");
    assert_eq!(sink.calls("/sms").len(), 0, "somebody was woken");
    hall.advance(3 * 3_600).await;
    let call = until_calls(&hall, &sink, "/sms", 1, 0).await.remove(0);
    assert!(call.json()["text"].as_str().unwrap().contains("已办结"));
    eventually("nothing waits", STATE_MAX, || async {
        notices(&hall, "state=waiting")
            .await
            .is_empty()
            .then_some(())
    })
    .await;
    assert_eq!(sink.calls("/sms").len(), 1);
}

async fn put(hall: &Hall, taken: &Taken, body: &Value) -> Answer {
    let path = format!("/api/v1/applications/{}/notifications", taken.no);
    let headers = [
        ("x-query-code", taken.query_code.as_str()),
        ("content-type", "application/json"),
    ];
    send(hall.public, "PUT", &path, &headers, body.to_string()).await
}

#[tokio::test]
async fn who_turned_sms_off_hears_no_more_and_nobody_else_can_turn_it_off() {
    let sink = Sink::start().await;
    let settings = settings(&sink, "");
    let hall = Hall::open_with(&[("soap", IMMEDIATE)], &settings).await;
    let pause = json!({"reason": "until the applicant has chosen"});
    let paused = hall
        .ops(
            "POST",
            "/ops/v1/systems/zhuhai-platform/pause",
            pause.clone(),
        )
        .await;
    assert_eq!(paused.status, 200, "{}", paused.text());
    let taken = submit(hall.public, "soap").await;
    until_calls(&hall, &sink, "/sms", 1, 0).await;
    let shown = hall.get(&taken, "/notifications").await.json();
    assert_eq!(shown["sms_to"], "138****00");
    let other = Taken {
        query_code: "WRONG".to_owned(),
        ..taken.clone()
    };
    assert_eq!(put(&hall, &other, &json!({"sms": false})).await.status, 404);
    assert_eq!(put(&hall, &taken, &json!({"sms": "off"})).await.status, 422);
    let off = put(&hall, &taken, &json!({"sms": false, "language": "en"})).await;
    assert_eq!(off.status, 200, "{}", off.text());
    assert_eq!(
        (&off.json()["sms"], &off.json()["language"]),
        (&json!(false), &json!("en"))
    );
    hall.ops("POST", "/ops/v1/systems/zhuhai-platform/resume", pause)
        .await;
    hall.until_state(&taken, "closed").await;
    let rows = notices(&hall, &format!("case={}", taken.no)).await;
    assert_eq!(rows.len(), 1, "nothing more is even written: {rows:?}");
    assert_eq!(sink.calls("/sms").len(), 1);
}

async fn subscribe(hall: &Hall, taken: &Taken, url: &str) -> Answer {
    let headers = [
        ("x-query-code", taken.query_code.as_str()),
        ("content-type", "application/json"),
    ];
    let path = format!("/api/v1/subscriptions?application={}", taken.no);
    let body = json!({ "url": url });
    send(hall.public, "POST", &path, &headers, body.to_string()).await
}

async fn act(hall: &Hall, taken: &Taken, method: &str, path: &str) -> Answer {
    let path = format!("/api/v1/subscriptions{path}?application={}", taken.no);
    let headers = [("x-query-code", taken.query_code.as_str())];
    send(hall.public, method, &path, &headers, "").await
}

/// What Python's own hmac says to a call: the verdict of one who has only the page to go by.
fn verified_by_python(call: &Call, secret: &str) -> bool {
    let script = repository("tests/peers/python/verify_webhook.py");
    let mut command = std::process::Command::new("python3");
    let fed = json!({
        "secret": secret, "body": String::from_utf8_lossy(&call.body),
        "id": call.header("webhook-id"), "timestamp": call.header("webhook-timestamp"),
        "signature": call.header("webhook-signature"),
    });
    let output = command.arg(script).arg(fed.to_string()).output().unwrap();
    output.status.success()
}

#[tokio::test]
async fn webhooks_are_signed_retried_in_order_and_one_that_hangs_holds_up_nobody() {
    let sink = Sink::start().await;
    let settings = settings(
        &sink,
        "  webhooks: { clear_text: true, subscriptions_max: 3 }\n",
    );
    let hall = Hall::open_with(&[("soap", IMMEDIATE)], &settings).await;
    let pause = json!({"reason": "until everybody has subscribed"});
    hall.ops(
        "POST",
        "/ops/v1/systems/zhuhai-platform/pause",
        pause.clone(),
    )
    .await;
    let taken = submit(hall.public, "soap").await;
    let url = |path: &str| format!("http://{}{path}", sink.address);
    let mut made = Vec::new();
    for path in ["/hang", "/put-off", "/fine"] {
        let answer = subscribe(&hall, &taken, &url(path)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        made.push(answer.json());
    }
    assert_eq!(subscribe(&hall, &taken, &url("/more")).await.status, 409);
    assert_eq!(
        subscribe(&hall, &taken, "ftp://a.example/").await.status,
        422
    );
    let secret = |n: usize| made[n]["secret"].as_str().unwrap().to_owned();
    let id = |n: usize| made[n]["id"].as_str().unwrap().to_owned();
    hall.ops("POST", "/ops/v1/systems/zhuhai-platform/resume", pause)
        .await;
    hall.until_state(&taken, "closed").await;
    // accepted, step, closed: the last of each.
    let fine = until_calls(&hall, &sink, "/fine", 3, 0).await;
    let types: Vec<Value> = fine.iter().map(|c| c.json()["type"].clone()).collect();
    assert_eq!(types, [json!("accepted"), json!("step"), json!("closed")]);
    for call in &fine {
        assert!(verified_by_python(call, &secret(2)), "{call:?}");
        assert!(!verified_by_python(call, &secret(1)));
        let said = call.json();
        assert_eq!(said["data"]["case_no"], taken.no);
        assert!(!said.to_string().contains("张三"));
    }
    let put_off = until_calls(&hall, &sink, "/put-off", 4, 11).await;
    let ids: Vec<&str> = put_off.iter().map(|c| c.header("webhook-id")).collect();
    assert_eq!(
        ids[0], ids[1],
        "the attempt that was put off comes again first"
    );
    assert_eq!(put_off[1].json()["type"], "accepted");
    assert!(!sink.calls("/hang").is_empty());
    // Once shown, never again; rotated, both are good for a while.
    let shown = act(&hall, &taken, "GET", &format!("/{}", id(2)))
        .await
        .json();
    assert_eq!(
        (&shown["secret"], &shown["last"]["answer"]),
        (&Value::Null, &json!("http_200"))
    );
    let rotated = act(&hall, &taken, "POST", &format!("/{}/secret", id(2)))
        .await
        .json();
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, secret(2));
    let tried = act(&hall, &taken, "POST", &format!("/{}/test", id(2))).await;
    assert_eq!(tried.status, 200, "{}", tried.text());
    let trial = until_calls(&hall, &sink, "/fine", 4, 0).await.remove(3);
    assert_eq!(trial.json()["type"], "trial");
    assert!(verified_by_python(&trial, &new) && verified_by_python(&trial, &secret(2)));
    let unknown = act(&hall, &taken, "GET", "/no-such-id").await;
    assert_eq!(
        (unknown.status, unknown.code()),
        (404, "unknown_subscription".to_owned())
    );
    let ended = act(&hall, &taken, "DELETE", &format!("/{}", id(0))).await;
    assert_eq!(ended.json()["state"], "removed");
    let left = act(&hall, &taken, "GET", "").await.json();
    assert_eq!(left["subscriptions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_subscriber_that_fails_for_days_is_paused_and_a_dead_message_is_sent_again_on_demand() {
    let sink = Sink::start().await;
    let settings = settings(
        &sink,
        "  attempts_max: 3\n  webhooks: { clear_text: true, pause_after: 1h }\n",
    );
    let hall = Hall::open_with(&[], &settings.replace("/sms\n", "/refuse-sms\n")).await;
    let taken = submit(hall.public, "soap").await;
    let url = format!("http://{}/refuse", sink.address);
    let made = subscribe(&hall, &taken, &url).await.json();
    let path = format!("/{}", made["id"].as_str().unwrap());
    act(&hall, &taken, "POST", &format!("{path}/test")).await;
    until_calls(&hall, &sink, "/refuse", 1, 0).await;
    hall.advance(3_700).await;
    eventually("the subscription is paused", STATE_MAX, || async {
        hall.advance(30).await;
        let shown = act(&hall, &taken, "GET", &path).await.json();
        (shown["state"] == "paused" && shown["failing_since"].is_string()).then_some(())
    })
    .await;
    let dead = eventually("the message is given up", STATE_MAX, || async {
        hall.advance(30).await;
        notices(&hall, "state=dead&channel=sms")
            .await
            .into_iter()
            .next()
    })
    .await;
    assert_eq!(
        (&dead["attempts"], &dead["last_code"]),
        (&json!(3), &json!("http_503"))
    );
    let before = sink.calls("/refuse-sms").len();
    let unreasoned = hall
        .ops(
            "POST",
            "/ops/v1/notifications/retry",
            json!({"ids": [dead["id"]], "reason": " "}),
        )
        .await;
    assert_eq!(unreasoned.status, 422);
    let again = hall
        .ops(
            "POST",
            "/ops/v1/notifications/retry",
            json!({"ids": [dead["id"]], "reason": "mended"}),
        )
        .await;
    assert_eq!(again.json(), json!({"retried": 1}), "{}", again.text());
    let calls = until_calls(&hall, &sink, "/refuse-sms", before + 1, 0).await;
    let keys: Vec<Value> = calls.iter().map(|c| c.json()["key"].clone()).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}
