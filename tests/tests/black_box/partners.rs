//! Partners that misbehave: the case still ends right or is held visibly, with one effect, and the other systems' cases go on.

use serde_json::{Value, json};
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::get;
use tongban_tests::process::{eventually, system_of};
use tongban_tests::sample::{Taken, submit};

/// The partner's case of an application: under our number, or the only one that it knows besides those seen before.
async fn case_of(hall: &Hall, kind: &str, taken: &Taken, seen: &[String]) -> (String, Value) {
    for case in hall.partner(kind).cases().await {
        let number = case["number"].as_str().unwrap().to_owned();
        if number == taken.no || (kind == "xml" && !seen.contains(&number)) {
            return (number, case);
        }
    }
    (String::new(), Value::Null)
}

/// What goes wrong while an application is handed over.
const ON_SUBMIT: &[&str] = &[
    "slow=1s,phase=submit,times=1",
    "drop,phase=submit,times=1",
    "drop_before,phase=submit,times=1",
    "garbage,phase=submit,times=1",
    "http500,phase=submit,times=1",
    "restart=500ms,phase=submit,times=1",
];

/// What goes wrong while a partner reports.
const ON_REPORTS: &[&str] = &[
    "late=500ms,phase=feedback,times=1",
    "twice,phase=feedback",
    "out_of_order,phase=feedback,times=1",
    "drop,phase=feedback,times=1",
    "garbage,phase=feedback,times=1",
    "conflicting_duplicate,phase=feedback,times=1",
];

/// What goes wrong while a partner is polled, pulls the application and hands a document back.
const ON_PULLS: &[&str] = &[
    "slow=500ms,phase=query,times=1",
    "drop,phase=query,times=2",
    "garbage,phase=query,times=2",
    "http500,phase=query,times=2",
    "drop,phase=pull,times=1",
    "drop,phase=document,times=1",
    "garbage,phase=pull,times=1",
];

async fn every_fault_ends_right(kind: &'static str) {
    let immediate: &[&str] = &["--scenario", "immediate"];
    let of = |k: &str| if k == "xml" { &[][..] } else { immediate };
    let hall = Hall::open(&[
        ("rest", of("rest")),
        ("soap", of("soap")),
        ("xml", of("xml")),
    ])
    .await;
    let others: Vec<&str> = ["rest", "soap", "xml"]
        .into_iter()
        .filter(|k| *k != kind)
        .collect();
    let mut seen = Vec::new();
    let reporting = match kind {
        "xml" => ON_PULLS,
        _ => ON_REPORTS,
    };
    for switch in ON_SUBMIT.iter().chain(reporting).copied() {
        hall.partner(kind).set(&[switch]).await;
        let taken = submit(hall.public, kind).await;
        let other = submit(hall.public, others[seen.len() % 2]).await;
        hall.until_state(&other, "closed").await;
        hall.until_state(&taken, "closed").await;
        let (number, case) = case_of(&hall, kind, &taken, &seen).await;
        assert_eq!(case["effects"], 1, "{kind}, {switch}: {case:#}");
        let types = hall.event_types(&taken).await;
        assert_eq!(
            types.iter().filter(|t| *t == "closed").count(),
            1,
            "{kind}, {switch}: {types:?}"
        );
        let happened = hall.partner(kind).used().await;
        assert!(
            happened > 0,
            "{kind}: {switch} never happened, so the test proves nothing"
        );
        seen.push(number);
        hall.partner(kind).clear().await;
    }
}

#[tokio::test]
async fn a_department_that_fails_in_any_way_ends_right() {
    every_fault_ends_right("rest").await;
}

#[tokio::test]
async fn a_city_platform_that_fails_in_any_way_ends_right() {
    every_fault_ends_right("soap").await;
}

#[tokio::test]
async fn a_national_system_that_fails_in_any_way_ends_right() {
    every_fault_ends_right("xml").await;
}

#[tokio::test]
async fn a_report_with_an_unknown_code_is_held_visibly_and_changes_nothing() {
    for kind in ["rest", "soap"] {
        let hall = Hall::open(&[(
            kind,
            &[
                "--scenario",
                "immediate",
                "--switch",
                "wrong_codes,phase=feedback,times=1",
            ],
        )])
        .await;
        let taken = submit(hall.public, kind).await;
        let (system, _) = system_of(kind);
        let label = format!("system=\"{system}\"");
        eventually("the unknown code is counted", STATE_MAX, || async {
            (hall
                .metric("tongban_feedback_total", &[&label, "unknown_code"])
                .await
                >= 1.0)
                .then_some(())
        })
        .await;
        let types = hall.event_types(&taken).await;
        assert!(!types.is_empty(), "{types:?}");
    }
}

#[tokio::test]
async fn a_refusal_for_a_reason_is_a_dead_letter_that_names_it() {
    let hall = Hall::open(&[("soap", &["--switch", "refuse,phase=submit,times=1"])]).await;
    let taken = submit(hall.public, "soap").await;
    let query = format!("case={}&state=dead", taken.no);
    let dead = eventually("dead letter", STATE_MAX, || async {
        hall.listed(&query).await.into_iter().next()
    })
    .await;
    assert!(
        !dead["last_code"].as_str().unwrap().is_empty()
            && !dead["last_words"].as_str().unwrap().is_empty(),
        "{dead:#}"
    );
    let shown = hall.show(&taken).await;
    assert_eq!(
        shown["with"]["delivery"]["state"], "dead",
        "the applicant sees who has it: {shown:#}"
    );
    let letters = hall
        .metric("tongban_dead_letters", &["system=\"zhuhai-platform\""])
        .await;
    println!("dead letters counted: {letters}");
    let shown = get(
        hall.operations,
        &format!("/ops/v1/deliveries/{}", dead["id"]),
    )
    .await
    .json();
    assert_eq!(shown["case_no"], json!(taken.no));
}
