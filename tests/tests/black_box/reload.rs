//! Reload and apply while serving: what changes and what waits, all faults of an invalid change at once and nothing of it in force, and
//! no request that fails because of either.

use serde_json::{Value, json};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tongban_tests::hall::{Hall, STATE_MAX, repository, words};
use tongban_tests::http::{get, send, try_send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{item, submit};

const ITEM: &str = "10042100000693922X12440000";

fn rewritten(hall: &Hall, changes: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(hall.config()).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "no {from} in\n{text}");
        text = text.replacen(from, to, 1);
    }
    std::fs::write(hall.config(), text).unwrap();
}

fn reload(hall: &Hall, more: &[&str]) -> Output {
    let data = hall.data().display().to_string();
    hall.run(&[&["reload", "--data", &data], more].concat())
}

/// The status that an upload of so many bytes gets.
async fn uploaded(hall: &Hall, bytes: usize) -> u16 {
    let headers = [
        ("content-type", "application/pdf"),
        ("x-file-name", "a.pdf"),
    ];
    let body = format!("%PDF-1.4{}", " ".repeat(bytes.saturating_sub(8)));
    send(hall.public, "POST", "/api/v1/materials", &headers, body)
        .await
        .status
}

async fn reloads(hall: &Hall, outcome: &str) -> f64 {
    let label = format!("outcome=\"{outcome}\"");
    hall.metric("tongban_config_reload_total", &[&label]).await
}

/// The line on which a text begins.
fn line_of(hall: &Hall, needle: &str) -> usize {
    let text = std::fs::read_to_string(hall.config()).unwrap();
    text.lines().position(|l| l.contains(needle)).unwrap() + 1
}

#[tokio::test]
async fn a_reload_takes_over_what_it_can_and_names_what_waits_for_a_restart() {
    let mut hall = Hall::open(&[]).await;
    assert_eq!(uploaded(&hall, 200).await, 201);
    rewritten(
        &hall,
        &[
            (
                "delivery: { tick: 50ms }",
                "delivery: { tick: 70ms, per_system: 4 }\nintake: { material_bytes_max: 100 }",
            ),
            ("filter: info", "filter: \"info,sqlx=warn\""),
            ("cores: 1", "cores: 2"),
        ],
    );
    let done = reload(&hall, &["--json"]);
    assert_eq!(done.status.code(), Some(0), "{}", words(&done));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let change = |key: &str, from: &str, to: &str| json!({ "key": key, "from": from, "to": to });
    let changed = json!([
        change("delivery.per_system", "default", "4"),
        change("intake.material_bytes_max", "default", "100"),
        change("log.filter", "info", "info,sqlx=warn"),
    ]);
    assert_eq!(report["changed"], changed, "{report:#}");
    let waits = json!([
        change("cores", "1", "2"),
        change("delivery.tick", "50ms", "70ms")
    ]);
    assert_eq!(report["needs_restart"], waits, "{report:#}");
    assert!(report["items"].as_u64() > Some(10), "{report:#}");
    assert_eq!(uploaded(&hall, 200).await, 413);
    assert_eq!(uploaded(&hall, 100).await, 201);

    // By SIGHUP the same; what waits is named again.
    rewritten(
        &hall,
        &[("material_bytes_max: 100", "material_bytes_max: 300")],
    );
    let id = hall.gateway().id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-HUP", &id])
        .status();
    assert!(sent.unwrap().success());
    eventually("the hang-up has reloaded", STATE_MAX, async || {
        (reloads(&hall, "ok").await == 2.0).then_some(())
    })
    .await;
    assert_eq!(uploaded(&hall, 200).await, 201);
    let printed = hall.gateway().printed();
    for told in [
        "a setting was changed",
        "a setting needs a restart",
        "intake.material_bytes_max",
    ] {
        assert!(printed.contains(told), "no {told} in the log");
    }
    let again = reload(&hall, &[]);
    let said = words(&again);
    assert!(
        !said.contains("changed  ") && said.contains("needs restart  cores: 1 -> 2"),
        "{said}"
    );
}

#[tokio::test]
async fn an_invalid_change_changes_nothing_and_says_why_all_of_it() {
    let hall = Hall::open(&[]).await;
    let good = std::fs::read_to_string(hall.config()).unwrap();
    let file = hall.config().display().to_string();
    // What the reader finds: a key that is none, a word that is no number, and one that is no address.
    rewritten(
        &hall,
        &[
            (
                "delivery: { tick: 50ms }",
                "delivry: { tick: 50ms }\nintake: { material_bytes_max: many, unbound_bytes_max: 5 }",
            ),
            ("allow: [127.0.0.0/8]", "allow: [127.0.0.0/80]"),
        ],
    );
    let refused = reload(&hall, &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
    for needle in ["delivry", "material_bytes_max: many", "allow: [127"] {
        let place = format!("{file}:{}:", line_of(&hall, needle));
        assert!(
            words(&refused).contains(&place),
            "no {place} in {}",
            words(&refused)
        );
    }
    // What only its use finds: files that are not there, a filter that is none.
    std::fs::write(hall.config(), &good).unwrap();
    rewritten(
        &hall,
        &[
            ("filter: info", "filter: \"info,=,\""),
            (
                "cores: 1",
                "cores: 1\nidentity: { jwks: /no/such/keys.json, issuer: a, audience: b }\nintake: { material_bytes_max: 10 }",
            ),
            (
                "allow: [127.0.0.0/8]",
                "allow: [127.0.0.0/8], extra_roots: [/no/such/roots.pem]",
            ),
        ],
    );
    let refused = reload(&hall, &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", words(&refused));
    for needle in ["info,=,", "jwks", "extra_roots"] {
        let place = format!("{file}:{}:", line_of(&hall, needle));
        assert!(
            words(&refused).contains(&place),
            "no {place} in {}",
            words(&refused)
        );
    }
    assert_eq!(
        uploaded(&hall, 200).await,
        201,
        "the bound of a refused file is in force"
    );
    std::fs::remove_file(hall.config()).unwrap();
    let refused = reload(&hall, &[]);
    assert!(
        words(&refused).contains("cannot be read"),
        "{}",
        words(&refused)
    );
    assert_eq!(
        (reloads(&hall, "refused").await, reloads(&hall, "ok").await),
        (3.0, 0.0)
    );
    std::fs::write(hall.config(), &good).unwrap();
    let done = reload(&hall, &[]);
    assert!(words(&done).contains("as they were"), "{}", words(&done));
}

#[tokio::test]
async fn a_reload_gives_nobody_a_fresh_bucket() {
    let hall = Hall::open(&[]).await;
    let address = "public: { address: \"127.0.0.1:0\"";
    let limited = |burst: u32| {
        format!("{address}, limits: {{ address: {{ per_second: 1, burst: {burst} }} }}")
    };
    rewritten(&hall, &[(address, &limited(20))]);
    assert_eq!(reload(&hall, &[]).status.code(), Some(0));
    let passed = async || {
        let mut passed = 0;
        while get(hall.public, "/api/v1/receipt-key").await.status == 200 {
            passed += 1;
            assert!(passed < 1_000, "nothing is limited");
        }
        passed
    };
    assert!(passed().await >= 20);
    rewritten(&hall, &[("burst: 20", "burst: 10")]);
    assert_eq!(reload(&hall, &[]).status.code(), Some(0));
    let after = passed().await;
    // A second or a few went by; a fresh bucket would let ten through at once.
    assert!(after < 10, "{after} passed after the reload");
}

/// What a client of the load sees.
#[derive(Default)]
struct Seen {
    good: AtomicU64,
    bad: std::sync::Mutex<Vec<String>>,
    end: AtomicBool,
}

impl Seen {
    fn note(&self, what: &str, answer: Result<u16, String>) {
        match answer {
            Ok(200 | 201) => {
                self.good.fetch_add(1, Ordering::Relaxed);
            }
            other => self.bad.lock().unwrap().push(format!("{what}: {other:?}")),
        }
    }

    fn goes_on(&self) -> bool {
        !self.end.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn twenty_reloads_and_applies_under_load_fail_no_request_and_invalid_ones_leave_everything() {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let public = hall.public;
    let taken = submit(public, "rest").await;
    let seen = Arc::new(Seen::default());
    let mut load = Vec::new();
    for path in [
        format!("/api/v1/applications/{}", taken.no),
        "/systems/gd-explosives/_control/cases".to_owned(),
        format!("/api/v1/items/{}", item("soap")),
    ] {
        let (seen, code) = (Arc::clone(&seen), taken.query_code.clone());
        load.push(tokio::spawn(async move {
            while seen.goes_on() {
                let headers = [("x-query-code", code.as_str())];
                let answer = try_send(public, "GET", &path, &headers, "").await;
                seen.note(&path, answer.map(|a| a.status).map_err(|e| e.0));
            }
        }));
    }
    let of_submissions = Arc::clone(&seen);
    load.push(tokio::spawn(async move {
        while of_submissions.goes_on() {
            // It panics, and so fails the test, unless every step of it is answered with 201.
            submit(public, "soap").await;
            of_submissions.note("submit", Ok(201));
        }
    }));

    let good = std::fs::read_to_string(hall.config()).unwrap();
    let salt = std::fs::read_to_string(repository("config/items/salt-wholesale.yaml")).unwrap();
    let folder = hall.folder().join("edited");
    std::fs::create_dir(&folder).unwrap();
    let edited = folder.join("salt-wholesale.yaml").display().to_string();
    let config = hall.config().display().to_string();
    let named = async || {
        let shown = get(public, &format!("/api/v1/items/{ITEM}")).await;
        assert_eq!(shown.status, 200, "{}", shown.text());
        shown.json()
    };
    for round in 0..20u32 {
        // A valid reload, then one with two faults.
        let bound = 1_000_000 + round;
        std::fs::write(
            hall.config(),
            format!("{good}intake: {{ material_bytes_max: {bound} }}\n"),
        )
        .unwrap();
        let done = reload(&hall, &[]);
        assert!(
            words(&done).contains(&format!("-> {bound}")),
            "{}",
            words(&done)
        );
        std::fs::write(
            hall.config(),
            format!("{good}intake: {{ material_bytes_max: x }}\nnonsense: 1\n"),
        )
        .unwrap();
        let refused = reload(&hall, &[]);
        let said = words(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        assert!(
            said.contains("nonsense") && said.contains("wrong_type"),
            "{said}"
        );
        std::fs::write(hall.config(), &good).unwrap();

        // A valid apply, then one with two faults that reaches the gateway.
        let name = format!("食盐定点批发企业审批{round}");
        let changed = salt.replacen("name: 食盐定点批发企业审批", &format!("name: {name}"), 1);
        std::fs::write(&edited, &changed).unwrap();
        let applied = hall.run(&["apply", &edited, "--config", &config]);
        assert_eq!(applied.status.code(), Some(0), "{}", words(&applied));
        let before = named().await;
        assert!(before.to_string().contains(&name), "{before:#}");
        let faulty =
            changed
                .replacen("level:", "levle:", 1)
                .replacen("state: active", "state: actve", 1);
        let body = json!({ "files": [{ "name": "faulty.yaml", "text": faulty }] });
        let refused = hall.ops("POST", "/ops/v1/apply", body).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (422, "not_applied")
        );
        for fault in ["levle", "actve"] {
            assert!(refused.text().contains(fault), "{}", refused.text());
        }
        assert_eq!(named().await, before, "an invalid apply changed something");
    }
    seen.end.store(true, Ordering::Relaxed);
    for one in load {
        one.await.unwrap();
    }
    let bad = std::mem::take(&mut *seen.bad.lock().unwrap());
    assert!(bad.is_empty(), "{} failed: {:?}", bad.len(), bad.first());
    let good = seen.good.load(Ordering::Relaxed);
    println!("{good} requests while 20 reloads and 20 applies were taken and as many refused");
    assert!(good > 100, "{good} requests are no load");
    assert_eq!(
        (reloads(&hall, "ok").await, reloads(&hall, "refused").await),
        (20.0, 20.0)
    );
}

#[tokio::test]
async fn what_does_not_fit_what_is_registered_is_refused_before_it_is_stored() {
    let mut hall = Hall::open(&[]).await;
    let national =
        std::fs::read_to_string(repository("config/organisations/national.yaml")).unwrap();
    // Right by itself; with the file that is registered every organisation stands twice.
    let body = json!({ "files": [{ "name": "copy.yaml", "text": national }] });
    let refused = hall.ops("POST", "/ops/v1/apply", body).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (422, "not_applied"),
        "{}",
        refused.text()
    );
    assert_eq!(reload(&hall, &[]).status.code(), Some(0));
    assert_eq!(hall.gateway().terminate(), Some(0));
    hall.start().await;
    let shown = get(hall.public, &format!("/api/v1/items/{ITEM}")).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
}
