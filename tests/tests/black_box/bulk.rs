//! Bulk work on dead letters: looked at first, the first one alone, never above the rate, stopped within a second, over kill -9.

use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::time::Duration;
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::http::Answer;
use tongban_tests::process::{Running, eventually, instant};
use tongban_tests::sample::{Taken, submit};

const SYSTEM: &str = "zhuhai-platform";
/// A stop, and a pause, hold within this time (contract 1).
const STOP_MAX: Duration = Duration::from_secs(1);

/// Submits so many, a few at a time.
async fn submit_many(hall: &Hall, count: usize) -> Vec<Taken> {
    let mut taken = Vec::with_capacity(count);
    while taken.len() < count {
        let public = hall.public;
        let at_once = (count - taken.len()).min(8);
        let batch: Vec<_> = (0..at_once)
            .map(|_| tokio::spawn(async move { submit(public, "soap").await }))
            .collect();
        for one in batch {
            taken.push(one.await.unwrap());
        }
    }
    taken
}

async fn dead(hall: &Hall) -> u64 {
    let found = hall
        .ops("GET", "/ops/v1/deliveries?state=dead&limit=1", Value::Null)
        .await;
    found.json()["total"].as_u64().unwrap()
}

/// A hall with so many dead letters of a partner that refuses everything.
async fn hall_with_dead(count: usize) -> (Hall, Vec<Taken>) {
    let hall = Hall::open(&[(
        "soap",
        &["--scenario", "silent", "--switch", "refuse,phase=submit"],
    )])
    .await;
    let taken = submit_many(&hall, count).await;
    eventually("all of them are dead", STATE_MAX, || async {
        (dead(&hall).await == count as u64).then_some(())
    })
    .await;
    (hall, taken)
}

async fn preview(hall: &Hall, rate: f64) -> Value {
    let body = json!({ "kind": "retry", "criteria": { "system": SYSTEM }, "rate": rate });
    let answer = hall.ops("POST", "/ops/v1/jobs/preview", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn begin(hall: &Hall, preview: &Value, reason: &str) -> Answer {
    let body = json!({ "token": preview["token"], "reason": reason });
    hall.ops("POST", "/ops/v1/jobs", body).await
}

async fn begun(hall: &Hall, rate: f64) -> i64 {
    let answer = begin(hall, &preview(hall, rate).await, "partner mended").await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_i64().unwrap()
}

async fn job(hall: &Hall, id: i64) -> Value {
    let path = format!("/ops/v1/jobs/{id}");
    let answer = hall.ops("GET", &path, Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn job_until(hall: &Hall, id: i64, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, STATE_MAX, || async {
        Some(job(hall, id).await).filter(|job| wanted(job))
    })
    .await
}

/// Every delivery by id.
async fn all(hall: &Hall) -> Vec<Value> {
    hall.listed("limit=1000").await
}

async fn history(hall: &Hall, id: &Value) -> Vec<Value> {
    let path = format!("/ops/v1/deliveries/{id}");
    let shown = hall.ops("GET", &path, Value::Null).await.json();
    shown["history"].as_array().cloned().unwrap()
}

/// When the first attempt after the first failure began, in microseconds.
async fn sent_again(hall: &Hall, id: &Value, failures: usize) -> i64 {
    let attempts = history(hall, id).await;
    moment(&attempts[failures]["at"]).as_microsecond()
}

/// A time as the API writes it.
fn moment(written: &Value) -> jiff::Timestamp {
    written.as_str().unwrap().parse().unwrap()
}

/// Audit rows by action, counted in the store of a gateway that has ended.
async fn audited(hall: &Hall, action: &str) -> i64 {
    let options = SqliteConnectOptions::new().filename(hall.data().join("tongban.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM audit WHERE action = ?")
        .bind(action)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn two_hundred_dead_letters_are_sent_again_the_first_alone_in_order_never_above_the_rate_over_kill_9()
 {
    const COUNT: usize = 200;
    const RATE: f64 = 40.0;
    let (mut hall, _) = hall_with_dead(COUNT).await;
    let ids: Vec<Value> = all(&hall).await.iter().map(|d| d["id"].clone()).collect();

    // What is shown is so.
    let looked = preview(&hall, RATE).await;
    let shown = (&looked["count"], &looked["taken"], &looked["repeats"]);
    assert_eq!(
        shown,
        (&json!(COUNT), &json!(COUNT), &json!(0)),
        "{looked:#}"
    );
    assert_eq!(
        looked["by_code"],
        json!([{ "name": "refused", "count": COUNT }])
    );
    assert_eq!(
        looked["by_system"],
        json!([{ "name": SYSTEM, "count": COUNT }])
    );
    assert_eq!(
        (&looked["rate"], &looked["seconds"]),
        (&json!(RATE), &json!(5))
    );
    // Applications that come in together are numbered as they are committed, which need not be as they came.
    let created = all(&hall).await;
    let oldest = created
        .iter()
        .map(|d| moment(&d["created_at"]))
        .min()
        .unwrap();
    assert_eq!(moment(&looked["oldest"]), oldest);
    assert!(
        begin(&hall, &looked, "").await.status == 422,
        "without a reason"
    );

    // The partner is still broken: one attempt, and the job stops itself.
    let first = begin(&hall, &looked, "perhaps it is mended").await;
    assert_eq!(first.status, 201, "{}", first.text());
    let id = first.json()["id"].as_i64().unwrap();
    let stopped = job_until(&hall, id, "it stops", |job| job["state"] == "stopped").await;
    assert_eq!(stopped["why"], "first_dead", "{stopped:#}");
    let counts = (&stopped["dead"], &stopped["left"], &stopped["released"]);
    assert_eq!(
        counts,
        (&json!(1), &json!(COUNT - 1), &json!(1)),
        "{stopped:#}"
    );
    let attempts: Vec<u64> = all(&hall)
        .await
        .iter()
        .map(|d| d["attempts"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts[0], 2, "the oldest was tried once more");
    assert!(
        attempts[1..].iter().all(|tries| *tries == 1),
        "{attempts:?}"
    );
    assert_eq!(
        begin(&hall, &looked, "again").await.code(),
        "preview_unknown"
    );

    // Mended: everything arrives, also when the gateway is killed in the middle.
    hall.partner("soap").clear().await;
    let id = begun(&hall, RATE).await;
    let other = preview(&hall, RATE).await;
    assert_eq!(begin(&hall, &other, "too").await.code(), "job_overlaps");
    job_until(&hall, id, "it is in the middle", |job| {
        job["delivered"].as_u64() > Some(50)
    })
    .await;
    hall.kill();
    hall.start().await;
    let before = job(&hall, id).await;
    assert!(
        before["left"].as_u64() > Some(0),
        "killed too late to prove anything: {before:#}"
    );
    let done = job_until(&hall, id, "it ends", |job| job["state"] == "finished").await;
    assert_eq!(
        (&done["delivered"], &done["left"]),
        (&json!(COUNT), &json!(0)),
        "{done:#}"
    );
    for case in hall.partner("soap").cases().await {
        assert_eq!(case["effects"], 1, "{case:#}");
    }

    // Never above the rate: the n-th after the first cannot have left before n intervals were over.
    let interval = 1e6 / RATE;
    let mut sent = vec![sent_again(&hall, &ids[0], 2).await];
    for id in &ids[1..] {
        sent.push(sent_again(&hall, id, 1).await);
    }
    for (index, at) in sent.iter().enumerate().skip(1) {
        let earliest = sent[0] + ((index - 1) as f64 * interval) as i64;
        assert!(
            *at >= earliest,
            "delivery {index} left {} µs early",
            earliest - at
        );
    }
    // Oldest first: what a worker had when it was killed may come a little later, nothing else.
    let late = sent
        .windows(2)
        .filter(|pair| pair[0] > pair[1] + 1_000_000)
        .count();
    assert!(late <= 16, "{late} left out of order");

    let ended = hall.metric(
        "tongban_bulk_jobs_total",
        &["kind=\"retry\"", "outcome=\"finished\""],
    );
    assert_eq!(ended.await, 1.0);
    assert_eq!(hall.gateway().terminate(), Some(0));
    assert_eq!(audited(&hall, "delivery.retry").await, 2, "one a job");
    assert_eq!(audited(&hall, "delivery.retry.end").await, 2, "one a job");
}

#[tokio::test]
async fn ctrl_c_stops_a_bulk_retry_within_a_second_and_it_can_go_on() {
    const COUNT: u64 = 30;
    let (hall, _) = hall_with_dead(COUNT as usize).await;
    hall.partner("soap").clear().await;
    let data = hall.data().display().to_string();
    let log = hall.folder().join("retry.log");
    let line = [
        "deliveries",
        "retry",
        "--system",
        SYSTEM,
        "--rate",
        "4",
        "--yes",
        "--reason",
        "mended",
        "--data",
        &data,
    ];
    let mut command = Running::start(&line, &log, &[]);
    eventually("the job has begun", STATE_MAX, || async {
        let found = hall.ops("GET", "/ops/v1/jobs/1", Value::Null).await;
        (found.status == 200).then_some(())
    })
    .await;
    job_until(&hall, 1, "some have arrived", |job| {
        job["delivered"].as_u64() > Some(2)
    })
    .await;
    let asked = instant();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &command.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    job_until(&hall, 1, "nothing more is released", |job| {
        job["state"] != "running"
    })
    .await;
    let took = asked.elapsed();
    assert!(took < STOP_MAX, "the stop took {took:?}");
    let stopped = job_until(&hall, 1, "it has stopped", |job| job["state"] == "stopped").await;
    println!("the stop held after {took:?}: {stopped}");
    let (left, delivered) = (
        stopped["left"].as_u64().unwrap(),
        stopped["delivered"].as_u64().unwrap(),
    );
    assert_eq!(left + delivered, COUNT, "{stopped:#}");
    eventually("the command has ended", STATE_MAX, || {
        let ended = command.has_ended();
        async move { ended.then_some(()) }
    })
    .await;
    let said = command.printed();
    assert!(
        said.contains("was stopped") && said.contains("go-on 1"),
        "{said}"
    );
    // What was not sent is as it was.
    assert_eq!(dead(&hall).await, left);
    for delivery in hall.listed("state=dead&limit=1000").await {
        assert_eq!(
            (&delivery["attempts"], &delivery["last_code"]),
            (&json!(1), &json!("refused"))
        );
    }
    let gone_on = hall.deliveries(&["go-on", "1", "--yes", "--reason", "go on", "--json"]);
    assert_eq!(gone_on.status.code(), Some(0), "{}", words(&gone_on));
    let done = job(&hall, 1).await;
    assert_eq!(
        (&done["state"], &done["delivered"]),
        (&json!("finished"), &json!(COUNT))
    );
}

#[tokio::test]
async fn a_job_does_what_was_looked_at_or_says_what_has_changed() {
    let (hall, taken) = hall_with_dead(6).await;
    let refused = |body: Value| {
        let hall = &hall;
        async move { hall.ops("POST", "/ops/v1/jobs/preview", body).await.code() }
    };
    for body in [
        json!({ "kind": "retry", "criteria": { "system": SYSTEM }, "rate": 0 }),
        json!({ "kind": "retry", "criteria": { "system": SYSTEM }, "rate": 1e9 }),
        json!({ "kind": "resend", "criteria": { "system": SYSTEM } }),
        json!({ "kind": "retry", "criteria": { "system": "" } }),
        json!({ "kind": "retry", "criteria": { "from": "2026-01-02T00:00:00Z", "before": "2026-01-01T00:00:00Z" } }),
        json!({ "kind": "retry", "criteria": { "sytem": SYSTEM } }),
        json!([]),
    ] {
        assert_eq!(refused(body.clone()).await, "unfit_request", "{body}");
    }
    assert_eq!(refused(json!({ "kind": "retry" })).await, "filter_empty");
    let pending = json!({ "kind": "retry", "criteria": { "state": "pending" } });
    assert_eq!(refused(pending).await, "state_not_applicable");
    for (method, path, expected) in [
        ("GET", "/ops/v1/jobs/99", 404),
        ("GET", "/ops/v1/jobs/x", 404),
        ("POST", "/ops/v1/jobs/99/stop", 404),
        ("POST", "/ops/v1/jobs/99/go-on", 404),
    ] {
        let body = if method == "GET" {
            Value::Null
        } else {
            json!({ "reason": "r" })
        };
        assert_eq!(
            hall.ops(method, path, body).await.status,
            expected,
            "{path}"
        );
    }
    let at_once = json!({ "system": SYSTEM, "reason": "all of them" });
    let at_once = hall.ops("POST", "/ops/v1/deliveries/retry", at_once).await;
    assert_eq!(at_once.code(), "needs_job", "a set needs a preview");

    let looked = preview(&hall, 5.0).await;
    let id = hall.listed(&format!("case={}", taken[0].no)).await[0]["id"].to_string();
    let discarded = hall.deliveries(&["discard", "--id", &id, "--yes", "--reason", "on paper"]);
    assert_eq!(discarded.status.code(), Some(0), "{}", words(&discarded));
    let outdated = begin(&hall, &looked, "r").await;
    assert_eq!(
        (outdated.status, outdated.code().as_str()),
        (409, "preview_outdated")
    );
    assert!(outdated.text().contains("1 / 6"), "{}", outdated.text());

    // By item and time, through the command; without consent nothing happens.
    let by_item = [
        "discard",
        "--item",
        "1013*",
        "--from",
        "2020-01-01",
        "--system",
        SYSTEM,
    ];
    let asked = hall.deliveries(&by_item);
    assert_eq!(asked.status.code(), Some(2), "{}", words(&asked));
    assert!(
        words(&asked).contains("5 deliveries match"),
        "{}",
        words(&asked)
    );
    assert_eq!(dead(&hall).await, 5);
    let elsewhere = hall.deliveries(&["discard", "--item", "2013*", "--yes", "--reason", "r"]);
    assert_eq!(elsewhere.status.code(), Some(0), "{}", words(&elsewhere));
    assert_eq!(dead(&hall).await, 5, "another item");
    let done = hall.deliveries(&[by_item.as_slice(), &["--yes", "--reason", "on paper"]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", words(&done));
    assert!(
        words(&done).contains("5 in all: 5 discarded"),
        "{}",
        words(&done)
    );
    assert_eq!(dead(&hall).await, 0);
}

#[tokio::test]
async fn a_pause_stops_every_worker_within_a_second_under_load_and_a_resume_sends_everything() {
    let hall = Hall::open(&[("soap", &["--scenario", "silent"])]).await;
    let partner = hall.partner("soap");
    let (public, load) = (hall.public, end_of_load());
    let applicants: Vec<_> = (0..3)
        .map(|_| {
            let mut stop = load.subscribe();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while !*stop.borrow_and_update() {
                    taken.push(submit(public, "soap").await);
                }
                taken
            })
        })
        .collect();
    eventually("the partner is busy", STATE_MAX, || async {
        (partner.cases().await.len() > 10).then_some(())
    })
    .await;
    let reasoned = || json!({ "reason": "maintenance" });
    let path = |act: &str| format!("/ops/v1/systems/{SYSTEM}/{act}");
    let paused = instant();
    assert_eq!(
        hall.ops("POST", &path("pause"), reasoned()).await.status,
        200
    );
    tokio::time::sleep(STOP_MAX.saturating_sub(paused.elapsed())).await;
    let reached = partner.cases().await.len();
    eventually("thirty more wait", STATE_MAX, || async {
        (hall.listed("state=held&limit=1000").await.len() > 30).then_some(())
    })
    .await;
    assert_eq!(
        partner.cases().await.len(),
        reached,
        "something left while paused"
    );
    assert_eq!(
        hall.ops("POST", &path("resume"), reasoned()).await.status,
        200
    );
    load.send(true).unwrap();
    let mut taken = 0;
    for applicant in applicants {
        taken += applicant.await.unwrap().len();
    }
    eventually("everything has arrived", STATE_MAX, || async {
        (partner.cases().await.len() == taken).then_some(())
    })
    .await;
}

/// Says when the load shall end.
fn end_of_load() -> tokio::sync::watch::Sender<bool> {
    tokio::sync::watch::Sender::new(false)
}
