//! What every refusal must be: a problem document with a stable code, counted, without a trace, and never a panic.

use serde_json::Value;
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::{Answer, get};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, submit};

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// What must stay as it is, whatever is sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Trace {
    pub(crate) applications: f64,
    pub(crate) deliveries: Value,
    pub(crate) events: Vec<Value>,
    pub(crate) shown: Value,
}

pub(crate) async fn trace(hall: &Hall, taken: &Taken) -> Trace {
    let mut shown = hall.show(taken).await;
    // How long a clock still has changes by itself.
    for clock in shown["clocks"].as_array_mut().into_iter().flatten() {
        clock["standing"] = Value::Null;
    }
    shown["cases"] = Value::Null;
    Trace {
        applications: hall.metric("tongban_applications_total", &[]).await,
        deliveries: get(hall.operations, "/ops/v1/deliveries").await.json()["total"].clone(),
        events: hall.events(taken).await,
        shown,
    }
}

/// A refused call: what is sent to which listener, and what it gets.
pub(crate) struct Refused {
    pub(crate) name: &'static str,
    pub(crate) answer: Answer,
    pub(crate) status: u16,
    pub(crate) code: &'static str,
}

pub(crate) async fn nothing_panicked(hall: &Hall) {
    assert_eq!(
        hall.metric("tongban_http_panics_total", &[]).await,
        0.0,
        "a handler panicked"
    );
}

/// The code of a problem: its own, or one of its faults'.
pub(crate) fn has_code(answer: &Answer, code: &str) -> bool {
    let document = answer.json();
    let faults = document["errors"].as_array().cloned().unwrap_or_default();
    document["code"] == code || faults.iter().any(|f| f["code"] == code)
}

pub(crate) fn check(refused: &Refused) {
    let Refused {
        name,
        answer,
        status,
        code,
    } = refused;
    assert_eq!(answer.status, *status, "{name}: {}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{name}"
    );
    assert!(
        has_code(answer, code),
        "{name}: no code {code} in {}",
        answer.text()
    );
    let document = answer.json();
    assert!(
        document["request_id"]
            .as_str()
            .is_some_and(|id| !id.is_empty()),
        "{name}: {document}"
    );
    for internal in ["sqlx", "SELECT", "panicked", "/src/", "RUST_"] {
        assert!(
            !answer.text().contains(internal),
            "{name}: something internal shows: {}",
            answer.text()
        );
    }
}

/// A hall with a case at the department, which says nothing by itself.
pub(crate) async fn hall_with_a_case() -> (Hall, Taken) {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "rest").await;
    let what = "the hand-over is delivered";
    let query = format!("case={}", taken.no);
    eventually(what, STATE_MAX, || async {
        hall.listed(&query)
            .await
            .iter()
            .any(|d| d["state"] == "delivered")
            .then_some(())
    })
    .await;
    (hall, taken)
}
