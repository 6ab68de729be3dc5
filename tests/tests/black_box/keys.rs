//! Keys of programs: made, used, replaced, ended and revoked, at one node and at two.

use super::cluster::on_postgres;
use super::secrecy::files_with;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Output;
use std::time::Duration;
use tongban_tests::hall::{Hall, REST_KEY, STATE_MAX, words};
use tongban_tests::http::{Answer, send};
use tongban_tests::process::{eventually, instant};
use tongban_tests::sample::{body, submit, uploads};

/// What engineers may read.
pub(crate) const SYSTEMS: &str = "/exchange/v1/systems";

pub(crate) fn key_command(hall: &Hall, arguments: &[&str]) -> Output {
    let data = hall.data().display().to_string();
    let all = ["key"].iter().chain(arguments).copied();
    let all: Vec<&str> = all.chain(["--data", &data]).collect();
    hall.run(&all)
}

/// The key that a command printed, alone on standard output.
pub(crate) fn printed_key(output: &Output) -> String {
    assert!(output.status.success(), "{}", words(output));
    let key = String::from_utf8(output.stdout.clone()).unwrap();
    let key = key.trim_end().to_owned();
    assert!(key.starts_with("tb_") && key.len() == 93, "{key}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains(&key), "said twice");
    key
}

pub(crate) fn id_of(key: &str) -> &str {
    &key[3..19]
}

pub(crate) fn engineer(hall: &Hall) -> String {
    printed_key(&key_command(
        hall,
        &[
            "create",
            "engineer",
            "pipeline",
            "--organisation",
            "gd-police",
            "--reason",
            "nightly checks",
        ],
    ))
}

pub(crate) async fn with_bearer(address: SocketAddr, path: &str, key: &str) -> Answer {
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str())];
    send(address, "GET", path, &headers, "").await
}

fn listed(hall: &Hall, arguments: &[&str]) -> Vec<Value> {
    let all: Vec<&str> = ["list", "--json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let output = key_command(hall, &all);
    assert!(output.status.success(), "{}", words(&output));
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list["unreadable"], json!([]));
    list["keys"].as_array().cloned().unwrap()
}

/// Rotates or revokes a key, with a reason and nothing else.
pub(crate) async fn changed(hall: &Hall, id: &str, what: &str, reason: &str) -> Answer {
    let path = format!("/ops/v1/keys/{id}/{what}");
    hall.ops("POST", &path, json!({"reason": reason})).await
}

async fn refused(hall: &Hall, reason: &str) -> f64 {
    let label = format!("reason=\"{reason}\"");
    hall.metric("tongban_api_keys_refused_total", &[&label])
        .await
}

#[tokio::test]
async fn a_key_is_made_used_replaced_and_ends_when_its_overlap_does() {
    let mut hall = Hall::open_small("").await;
    let anonymous = send(hall.exchange, "GET", SYSTEMS, &[], "").await;
    assert_eq!(anonymous.status, 401);
    let first = engineer(&hall);
    let shown = with_bearer(hall.exchange, SYSTEMS, &first).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let elsewhere = with_bearer(hall.operations, "/ops/v1/keys", &first).await;
    assert_eq!(elsewhere.status, 403, "a key has its role and no other");

    let id = id_of(&first);
    let rotate = ["rotate", id, "--overlap", "1h", "--reason", "yearly"];
    let second = printed_key(&key_command(&hall, &rotate));
    assert_ne!(first, second);
    for key in [&first, &second] {
        let both = with_bearer(hall.exchange, SYSTEMS, key).await;
        assert_eq!(both.status, 200, "{}", both.text());
    }
    let again = key_command(&hall, &rotate);
    assert_eq!(again.status.code(), Some(1));
    assert!(words(&again).contains("key_replaced"), "{}", words(&again));

    assert_eq!(hall.gateway().terminate(), Some(0));
    hall.start().await;
    for key in [&first, &second] {
        let both = with_bearer(hall.exchange, SYSTEMS, key).await;
        assert_eq!(both.status, 200, "after a restart: {}", both.text());
    }
    hall.advance(3_601).await;
    let ended = with_bearer(hall.exchange, SYSTEMS, &first).await;
    assert_eq!(
        (ended.status, ended.code().as_str()),
        (401, "credential_refused")
    );
    assert_eq!(refused(&hall, "expired").await, 1.0);
    let going_on = with_bearer(hall.exchange, SYSTEMS, &second).await;
    assert_eq!(going_on.status, 200);
    let counting = listed(&hall, &[]);
    assert_eq!(counting.len(), 1, "{counting:?}");
    assert_eq!(counting[0]["id"], id_of(&second));
    let all = listed(&hall, &["--all"]);
    assert_eq!(
        (&all[0]["state"], &all[0]["replaced_by"]),
        (&json!("expired"), &json!(id_of(&second)))
    );
    // Both were used before the drain, which writes what it knows of that.
    assert!(
        all.iter().all(|key| key["last_used_at"].is_string()),
        "{all:?}"
    );
    assert_eq!(all[0]["note"], "nightly checks");
}

#[tokio::test]
async fn every_refusal_but_a_slip_of_the_pen_looks_the_same_to_the_caller() {
    let hall = Hall::open_small("").await;
    let key = engineer(&hall);
    let in_two_days = two_days_on(&hall);
    let create = ["create", "agent", "zhuhai-hall", "--reason", "x", "--from"];
    let create: Vec<&str> = create.into_iter().chain([in_two_days.as_str()]).collect();
    let later = printed_key(&key_command(&hall, &create));
    let revoked = engineer(&hall);
    let revoke = ["revoke", id_of(&revoked), "--reason", "seen in a ticket"];
    for _ in 0..2 {
        let done = key_command(&hall, &revoke);
        assert!(done.status.success(), "{}", words(&done));
    }
    // The secret of one key under the id of the other: the checksum has to fit for more to be looked at.
    let swapped = with_checksum(&format!("tb_{}{}", id_of(&key), &revoked[19..84]));
    let unknown = with_checksum(&format!("tb_{}{}", "0".repeat(16), &key[19..84]));
    let same = [
        ("unknown", unknown),
        ("wrong_secret", swapped),
        ("revoked", revoked),
        ("not_yet", later),
    ];
    let mut said = Vec::new();
    for (reason, key) in &same {
        let answer = with_bearer(hall.exchange, SYSTEMS, key).await;
        assert_eq!(answer.status, 401, "{reason}");
        assert_eq!(refused(&hall, reason).await, 1.0, "{reason}");
        let mut document = answer.json();
        document["request_id"] = Value::Null;
        said.push((
            document,
            answer.header("www-authenticate").map(str::to_owned),
        ));
    }
    assert!(said.windows(2).all(|w| w[0] == w[1]), "{said:?}");
    assert_eq!(said[0].0["code"], "credential_refused");
    // What the caller can find out alone it is told.
    let (short, wrong) = (&key[..80], typed_wrong(&key));
    for (reason, key) in [("malformed", short), ("mistyped", &wrong)] {
        let answer = with_bearer(hall.exchange, SYSTEMS, key).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "key_mistyped")
        );
        assert_eq!(refused(&hall, reason).await, 1.0, "{reason}");
    }
    // A bad key is never anonymous, nor the operator that its address would make it.
    let answer = with_bearer(hall.operations, "/ops/v1/keys", &wrong).await;
    assert_eq!(answer.status, 401);
    let good = with_bearer(hall.exchange, SYSTEMS, &key).await;
    assert_eq!(good.status, 200);
}

#[tokio::test]
async fn a_partners_key_opens_its_own_resources_beside_what_its_definition_agreed_on() {
    let hall = Hall::open(&[("rest", &["--scenario", "immediate"])]).await;
    let taken = submit(hall.public, "rest").await;
    hall.until_state(&taken, "closed").await;
    let create = ["create", "partner", "gd-explosives", "--reason", "first"];
    let key = printed_key(&key_command(&hall, &create));
    let own = format!(
        "/exchange/v1/systems/gd-explosives/applications/{}",
        taken.no
    );
    for shown in [key.as_str(), REST_KEY] {
        let answer = send(hall.exchange, "GET", &own, &[("x-api-key", shown)], "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let answer = with_bearer(hall.exchange, &own, &key).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let both = [
        ("x-api-key", key.as_str()),
        ("authorization", &format!("Bearer {key}")),
    ];
    let twice = send(hall.exchange, "GET", &own, &both, "").await;
    assert_eq!(twice.status, 401, "which of two counts is nobody's guess");
    let others = own.replace("gd-explosives", "zhuhai-platform");
    let answer = send(hall.exchange, "GET", &others, &[("x-api-key", &key)], "").await;
    assert!(matches!(answer.status, 401 | 404), "{}", answer.text());
    let answer = with_bearer(hall.exchange, SYSTEMS, &key).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    // Shown where it is not looked for it is nobody, and it goes no further.
    let path = "/systems/gd-explosives/ebus/query?sblsh=unknown";
    let passed = send(hall.public, "GET", path, &[("x-api-key", &key)], "").await;
    assert_eq!(passed.status, 200, "{}", passed.text());
    assert_eq!(
        files_with(&hall.folder(), &key),
        Vec::<std::path::PathBuf>::new()
    );
}

#[tokio::test]
async fn another_hall_applies_with_its_key_and_sees_what_it_applied_for_alone() {
    let hall = Hall::open(&[]).await;
    let mut keys = Vec::new();
    for name in ["zhuhai-hall", "foshan-hall"] {
        let create = ["create", "agent", name, "--reason", "hands in"];
        keys.push(format!(
            "Bearer {}",
            printed_key(&key_command(&hall, &create))
        ));
    }
    let materials = uploads(hall.public, "rest").await;
    let headers = [
        ("authorization", keys[0].as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", "1"),
    ];
    let application = body("rest", &materials).to_string();
    let path = "/api/v1/applications";
    let taken = send(hall.public, "POST", path, &headers, application).await;
    assert_eq!(taken.status, 201, "{}", taken.text());
    let taken = taken.json();
    let path = format!("{path}/{}", taken["application_no"].as_str().unwrap());
    for (key, status) in [(&keys[0], 200), (&keys[1], 404)] {
        let headers = [("authorization", key.as_str())];
        let answer = send(hall.public, "GET", &path, &headers, "").await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[tokio::test]
async fn what_one_node_makes_and_revokes_the_other_knows_within_a_second() {
    let hall = Hall::open_with(&[], &on_postgres("10s")).await;
    let node = hall.second_node().await;
    for _ in 0..3 {
        let key = engineer(&hall);
        let made = instant();
        eventually("the other node knows the key", STATE_MAX, || async {
            (with_bearer(node.exchange, SYSTEMS, &key).await.status == 200).then_some(())
        })
        .await;
        let id = id_of(&key);
        println!("key {id} was known after {:?}", made.elapsed());
        assert!(made.elapsed() < Duration::from_secs(1));
        let rotated = changed(&hall, id, "rotate", "yearly").await;
        assert_eq!(rotated.status, 201, "{}", rotated.text());
        let next = rotated.json()["key"].as_str().unwrap().to_owned();
        let revoked = changed(&hall, id, "revoke", "leaked").await;
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        let revoked = instant();
        let here = with_bearer(hall.exchange, SYSTEMS, &key).await;
        assert_eq!(here.status, 401, "at its own node at once");
        eventually("the other node refuses the key", STATE_MAX, || async {
            (with_bearer(node.exchange, SYSTEMS, &key).await.status == 401).then_some(())
        })
        .await;
        println!("key {id} was refused after {:?}", revoked.elapsed());
        assert!(revoked.elapsed() < Duration::from_secs(1));
        for exchange in [hall.exchange, node.exchange] {
            let going_on = with_bearer(exchange, SYSTEMS, &next).await;
            assert_eq!(going_on.status, 200, "its successor is another key");
        }
    }
}

#[tokio::test]
async fn keys_that_nobody_may_have_are_refused_in_words() {
    let hall = Hall::open_small("").await;
    let key = engineer(&hall);
    let usual =
        json!({"role": "engineer", "name": "a", "organisation": "gd-police", "reason": "x"});
    let with = |field: &str, value: Value| {
        let mut body = usual.clone();
        body[field] = value;
        body
    };
    for (body, status) in [
        (json!([]), 422),
        (
            json!({"role": "operator", "name": "a", "reason": "x", "roles": ["root"]}),
            422,
        ),
        (with("role", json!("root")), 422),
        (with("role", json!("operator")), 422),
        (with("role", json!("partner")), 422),
        (
            json!({"role": "partner", "name": "no-such-system", "reason": "x"}),
            404,
        ),
        (with("name", json!("")), 422),
        (with("name", json!("张三")), 422),
        (with("name", json!("a".repeat(65))), 422),
        (with("organisation", Value::Null), 422),
        (with("organisation", json!("no-such-body")), 422),
        (with("reason", json!(" ")), 422),
        (with("reason", json!("r".repeat(501))), 422),
        (with("expires_at", json!("2020-01-01T00:00:00Z")), 422),
        (with("expires_at", json!("2999-01-01T00:00:00Z")), 422),
        (with("not_before", json!("2999-01-01T00:00:00Z")), 422),
        (with("not_before", json!("soon")), 422),
    ] {
        let answer = hall.ops("POST", "/ops/v1/keys", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let id = id_of(&key);
    for (path, body, status) in [
        (format!("{id}/rotate"), json!({"reason": ""}), 422),
        (
            format!("{id}/rotate"),
            json!({"reason": "x", "overlap_s": -1}),
            422,
        ),
        (
            format!("{id}/rotate"),
            json!({"reason": "x", "overlap_s": 2_592_001}),
            422,
        ),
        (
            format!("{id}/rotate"),
            json!({"reason": "x", "expires_at": "2020-01-01T00:00:00Z"}),
            422,
        ),
        (format!("{id}/revoke"), json!({}), 422),
        (
            "0000000000000000/rotate".to_owned(),
            json!({"reason": "x"}),
            404,
        ),
        (
            "0000000000000000/revoke".to_owned(),
            json!({"reason": "x"}),
            404,
        ),
        ("%FF/revoke".to_owned(), json!({"reason": "x"}), 404),
    ] {
        let path = format!("/ops/v1/keys/{path}");
        let answer = hall.ops("POST", &path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
    }
    let wrong = hall
        .ops("GET", "/ops/v1/keys?state=lost", Value::Null)
        .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        listed(&hall, &["--all"]).len(),
        1,
        "nothing was made by any of them"
    );
    let whole = key_command(&hall, &["revoke", &key, "--reason", "x"]);
    assert_eq!(whole.status.code(), Some(2));
    assert!(!words(&whole).contains(&key), "a whole key is not repeated");
}

/// Two days after the first key was made.
fn two_days_on(hall: &Hall) -> String {
    let made: jiff::Timestamp = listed(hall, &[])[0]["created_at"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    (made + jiff::SignedDuration::from_hours(48)).to_string()
}

/// A body with the checksum that fits, as anyone can make it.
fn with_checksum(body: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    let sum = data_encoding::HEXLOWER.encode(&digest.as_ref()[..4]);
    format!("{body}_{sum}")
}

fn typed_wrong(key: &str) -> String {
    let other = if key[30..].starts_with('0') { "1" } else { "0" };
    format!("{}{other}{}", &key[..30], &key[31..])
}
