//! Legal time, moved by the operator's clock of test builds.

use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::Output;
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::http::get;
use tongban_tests::process::{eventually, run};
use tongban_tests::sample::{Taken, submit};

async fn clock(hall: &Hall, taken: &Taken, kind: &str) -> Value {
    let answer = hall.get(taken, "/deadlines").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let clocks = answer.json()["clocks"].as_array().cloned().unwrap();
    clocks
        .iter()
        .find(|c| c["clock"] == kind)
        .cloned()
        .unwrap_or_else(|| panic!("no clock {kind}: {clocks:?}"))
}

async fn now(hall: &Hall) -> Timestamp {
    let answer = hall
        .ops("POST", "/ops/v1/clock", json!({"advance_seconds": 0}))
        .await;
    answer.json()["now"].as_str().unwrap().parse().unwrap()
}

fn instant(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    text.parse()
        .unwrap_or_else(|_| text.split('[').next().unwrap().parse().unwrap())
}

/// Moves the gateway's clock so that it is `seconds` after `at` (before it when negative).
async fn advance_to(hall: &Hall, at: Timestamp, seconds: i64) {
    hall.advance(at.as_second() - now(hall).await.as_second() + seconds)
        .await;
}

#[tokio::test]
async fn five_working_days_without_an_answer_are_an_acceptance_where_the_item_says_so() {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "rest").await;
    let due = instant(&clock(&hall, &taken, "acceptance").await["due"]["end"]);
    advance_to(&hall, due, -120).await;
    // A second case taken now: once its supervision has seen it, the first one has been looked at too.
    let later = submit(hall.public, "rest").await;
    eventually("the later case is with the partner", STATE_MAX, || async {
        let case = hall.partner("rest").case(&later.no).await;
        (!case.is_null()).then_some(())
    })
    .await;
    assert_eq!(
        hall.show(&taken).await["state"],
        "submitted",
        "two minutes before it is due nothing has happened"
    );
    hall.advance(180).await;
    let shown = hall.until_state(&taken, "handling").await;
    assert!(
        hall.event_types(&taken)
            .await
            .contains(&"deemed_accepted".to_owned())
    );
    assert!(shown["acceptance"].is_object(), "{shown:#}");
    assert_eq!(
        hall.show(&later).await["state"],
        "submitted",
        "its own five days have only begun"
    );
}

#[tokio::test]
async fn an_item_without_deemed_acceptance_only_alerts() {
    let hall = Hall::open(&[("xml", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "xml").await;
    let due = instant(&clock(&hall, &taken, "acceptance").await["due"]["end"]);
    advance_to(&hall, due, 3_600).await;
    let standing = clock(&hall, &taken, "acceptance").await["standing"].clone();
    println!("{standing}");
    assert!(
        standing.to_string().contains("red") || standing.to_string().contains("overdue"),
        "the clock shows that it is late: {standing}"
    );
    assert_eq!(hall.show(&taken).await["state"], "submitted");
    assert!(
        !hall
            .event_types(&taken)
            .await
            .contains(&"deemed_accepted".to_owned())
    );
}

#[tokio::test]
async fn the_promise_stands_still_while_a_correction_is_open() {
    let hall = Hall::open(&[("rest", &[])]).await;
    let taken = submit(hall.public, "rest").await;
    hall.until_state(&taken, "correction").await;
    let before = clock(&hall, &taken, "promise").await;
    hall.advance(24 * 3_600).await;
    let after = clock(&hall, &taken, "promise").await;
    assert_eq!(before["state"], after["state"]);
    assert!(
        before["state"].to_string().contains("frozen")
            || before["state"].to_string().contains("suspended"),
        "{before:#}"
    );
    assert_eq!(hall.show(&taken).await["state"], "correction");
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", words(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_due_date_steps_over_a_holiday_and_counts_the_saturday_that_is_worked() {
    // 2017-05-27 was a working Saturday, 28 – 30 May the Dragon Boat festival (notice of the State Council's office for 2017).
    let arguments = [
        "deadline",
        "--from",
        "2017-05-25",
        "--days",
        "3",
        "--unit",
        "working_day",
        "--english",
    ];
    let text = printed(&run(&arguments));
    assert!(text.contains("2017-05-31"), "{text}");
    let hall = Hall::open(&[]).await;
    let answer = get(
        hall.public,
        "/api/v1/deadlines/explain?from=2017-05-25&n=3&unit=working_day",
    )
    .await;
    assert!(
        answer.json()["due"].to_string().contains("2017-05-31"),
        "{}",
        answer.text()
    );
    assert!(
        answer.json()["explanation"]
            .as_str()
            .unwrap()
            .contains("端午"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn hours_count_in_service_hours_alone() {
    // Friday 16:30 and two hours: one until 17:30, one on Monday morning.
    let arguments = [
        "deadline",
        "--from",
        "2017-06-09T16:30",
        "--days",
        "2",
        "--unit",
        "hour",
        "--service-hours",
        "08:30-12:00,14:00-17:30",
    ];
    let text = printed(&run(&arguments));
    assert!(
        text.contains("2017-06-12") && text.contains("9:30"),
        "{text}"
    );
}
