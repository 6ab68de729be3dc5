//! The process is killed (SIGKILL) and started again: every acknowledged number is accounted for.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::try_send;
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, submit};

/// `TONGBAN_SEED`, or a fresh one; always printed.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var_os("TONGBAN_SEED")
        .and_then(|s| s.to_str()?.parse().ok())
        .unwrap_or_else(rand::random);
    println!("seed {seed} (TONGBAN_SEED={seed} repeats it)");
    seed
}

/// Twenty rounds; two hundred with `TONGBAN_LONG`.
fn rounds() -> u32 {
    if std::env::var_os("TONGBAN_LONG").is_some() {
        200
    } else {
        20
    }
}

/// One applicant: uploads and submits, again and again, until the gateway is gone. What was acknowledged is written down.
async fn applicant(public: std::net::SocketAddr, acknowledged: Arc<Mutex<Vec<Taken>>>) {
    loop {
        let headers = [
            ("content-type", "application/pdf"),
            ("x-file-name", "sample.pdf"),
        ];
        let Ok(upload) = try_send(public, "POST", "/api/v1/materials", &headers, "%PDF-1.4").await
        else {
            return;
        };
        if upload.status != 201 {
            continue;
        }
        let id = upload.json()["id"].as_str().unwrap().to_owned();
        let (key, application) = (fresh_key(), body("soap", &[(1, id)]).to_string());
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        match try_send(
            public,
            "POST",
            "/api/v1/applications",
            &headers,
            application,
        )
        .await
        {
            Ok(answer) if answer.status == 201 => {
                acknowledged.lock().unwrap().push(Taken::of(&answer))
            }
            Ok(answer) => assert!(matches!(answer.status, 429 | 503), "{}", answer.text()),
            Err(_) => return,
        }
    }
}

#[tokio::test]
async fn every_acknowledged_number_outlives_kill_9_and_is_delivered_once() {
    let mut random = StdRng::seed_from_u64(seed());
    let mut hall = Hall::open(&[(
        "soap",
        &["--scenario", "immediate", "--switch", "forgetful"],
    )])
    .await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..rounds() {
        let applicants: Vec<_> = (0..3)
            .map(|_| tokio::spawn(applicant(hall.public, Arc::clone(&acknowledged))))
            .collect();
        let before = acknowledged.lock().unwrap().len();
        eventually(
            "something is acknowledged in this round",
            STATE_MAX,
            || async { (acknowledged.lock().unwrap().len() > before).then_some(()) },
        )
        .await;
        // The moment of the fault, not a wait for a state.
        tokio::time::sleep(Duration::from_millis(random.random_range(0..250))).await;
        hall.kill();
        for applicant in applicants {
            applicant.await.unwrap();
        }
        hall.start().await;
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    println!("{} acknowledged", acknowledged.len());
    assert!(
        acknowledged.len() >= rounds() as usize,
        "hardly anything was acknowledged: the test proves nothing"
    );
    for taken in &acknowledged {
        hall.until_state(taken, "closed").await;
        let types = hall.event_types(taken).await;
        assert_eq!(
            (
                types.first().map(String::as_str),
                types.iter().filter(|t| *t == "closed").count()
            ),
            (Some("applied"), 1),
            "{types:?}"
        );
        let case = hall.partner("soap").case(&taken.no).await;
        assert_eq!(case["effects"], 1, "{}: {case:#}", taken.no);
    }
    let mut numbers: Vec<&str> = acknowledged.iter().map(|t| t.no.as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(
        numbers.len(),
        acknowledged.len(),
        "a number was given twice"
    );
    // Also what was committed but never acknowledged has at most one effect.
    for case in hall.partner("soap").cases().await {
        assert_eq!(case["effects"], 1, "{case:#}");
    }
}

#[tokio::test]
async fn killed_between_commit_and_send_the_case_is_sent_after_the_start() {
    let mut hall = Hall::open(&[(
        "rest",
        &["--scenario", "immediate", "--switch", "forgetful"],
    )])
    .await;
    hall.partner("rest").set(&["refuse_connection=3s"]).await;
    let taken = submit(hall.public, "rest").await;
    hall.kill();
    hall.start().await;
    hall.until_state(&taken, "closed").await;
    let case = hall.partner("rest").case(&taken.no).await;
    assert_eq!(
        (&case["effects"], &case["receipts"]["submit"]),
        (&json!(1), &json!(1)),
        "{case:#}"
    );
}

#[tokio::test]
async fn killed_between_send_and_confirmation_the_partner_is_asked_and_nothing_is_doubled() {
    for kind in ["rest", "soap", "xml"] {
        let scenario: &[&str] = if kind == "xml" {
            &["--switch", "forgetful"]
        } else {
            &["--scenario", "immediate", "--switch", "forgetful"]
        };
        let mut hall = Hall::open(&[(kind, scenario)]).await;
        hall.partner(kind)
            .set(&["mute=60s,phase=submit,times=1"])
            .await;
        let taken = submit(hall.public, kind).await;
        let partner = hall.partner(kind);
        eventually("the partner has the case", STATE_MAX, || async {
            partner.cases().await.into_iter().next()
        })
        .await;
        hall.kill();
        hall.start().await;
        hall.until_state(&taken, "closed").await;
        let number = hall.partner(kind).cases().await[0]["number"]
            .as_str()
            .unwrap()
            .to_owned();
        let case = hall.partner(kind).case(&number).await;
        assert_eq!(
            (&case["effects"], &case["receipts"]["submit"]),
            (&json!(1), &json!(1)),
            "{kind}: {case:#}"
        );
        assert!(
            case["receipts"]["query"].as_u64() >= Some(1),
            "{kind} was not asked: {case:#}"
        );
        let deliveries = hall.listed(&format!("case={}", taken.no)).await;
        let states: Vec<&Value> = deliveries.iter().map(|d| &d["state"]).collect();
        assert_eq!(states, [&json!("delivered")], "{kind}");
    }
}
