//! Whole nodes with a Redis between them, and without it once it is gone.

use crate::cluster::on_postgres;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tongban_gateway::clock::Clock;
use tongban_tests::hall::{Hall, Node, STATE_MAX, words};
use tongban_tests::http::{Answer, event_ids, get, read_stream, send};
use tongban_tests::process::{eventually, instant};
use tongban_tests::redis::Redis;
use tongban_tests::sample::{Taken, submit};

/// The partner's signature of the TIF gateway in place of its key.
const KEY: &str = "auth: { scheme: api_key, header: x-api-key, value: \"${GD_EXPLOSIVES_CALLBACK_KEY:-rest-sample-key}\" }";
const TIF: &str = "auth: { scheme: tif, paasid: hall, token: secret }";
/// The password of the tests' Redis.
const PASSWORD: &str = "black-box-redis-password";

fn signing(_: &str, text: String) -> String {
    text.replace(KEY, TIF)
}

/// Two nodes on one PostgreSQL and one Redis, whose password stands in the environment.
async fn two_nodes(redis: &Redis, timeout: &str) -> (Hall, Node) {
    let settings = format!(
        "{}redis: {{ url: \"redis://{}\", password: \"${{TONGBAN_REDIS_PASSWORD}}\", timeout: {timeout} }}\n",
        on_postgres("10s"),
        redis.address
    );
    let environment = [("TONGBAN_REDIS_PASSWORD", PASSWORD.to_owned())];
    let hall = Hall::open_edited_with(&[], &signing, &settings, &environment).await;
    let node = hall.second_node().await;
    for operations in [hall.operations, node.operations] {
        until_redis(operations, "connected").await;
    }
    (hall, node)
}

async fn with_password() -> Redis {
    Redis::start_with(
        &["--requirepass", PASSWORD],
        &["--no-auth-warning", "-a", PASSWORD],
    )
    .await
}

async fn until_redis(operations: SocketAddr, word: &str) {
    eventually(&format!("/readyz says: {word}"), STATE_MAX, || async {
        let ready = get(operations, "/readyz").await;
        (ready.status == 200 && ready.json()["redis"] == word).then_some(())
    })
    .await;
}

/// A call of the partner on its own resources, signed with this nonce.
async fn signed(exchange: SocketAddr, nonce: &str, method: &str, resource: &str) -> Answer {
    let at = Clock::system().now().as_second().to_string();
    let text = format!("{at}secret{nonce}{at}");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let signature = data_encoding::HEXUPPER.encode(digest.as_ref());
    let headers = [
        ("x-tif-paasid", "hall"),
        ("x-tif-timestamp", at.as_str()),
        ("x-tif-nonce", nonce),
        ("x-tif-signature", signature.as_str()),
        ("content-type", "application/json"),
    ];
    let path = format!("/exchange/v1/systems/gd-explosives/{resource}");
    send(exchange, method, &path, &headers, "").await
}

async fn session(public: SocketAddr, no: &str, code: &str) -> Answer {
    let body = json!({"application_no": no, "query_code": code}).to_string();
    let headers = [("content-type", "application/json")];
    send(public, "POST", "/api/v1/session", &headers, body).await
}

#[tokio::test]
async fn what_one_node_saw_is_used_up_at_every_node_and_what_it_granted_is_good_there() {
    let redis = with_password().await;
    let (hall, node) = two_nodes(&redis, "5s").await;
    // Whoever signs is known; the case is not.
    let first = signed(hall.exchange, "one", "GET", "applications/none").await;
    assert_eq!(first.status, 404, "{}", first.text());
    for (exchange, method, resource) in [
        (node.exchange, "GET", "applications/none"),
        (node.exchange, "POST", "applications"),
        (node.exchange, "POST", "events"),
        (hall.exchange, "GET", "applications/none"),
    ] {
        let again = signed(exchange, "one", method, resource).await;
        assert_eq!(
            (again.status, again.code().as_str()),
            (401, "nonce_reused"),
            "{method} {resource}: {}",
            again.text()
        );
    }
    let callback = signed(node.exchange, "one", "POST", "callback").await;
    assert!(
        callback.text().contains("unauthenticated"),
        "{}",
        callback.text()
    );
    let other = signed(node.exchange, "two", "GET", "applications/none").await;
    assert_eq!(other.status, 404, "{}", other.text());

    let taken = submit(hall.public, "rest").await;
    let granted = session(hall.public, &taken.no, &taken.query_code).await;
    assert_eq!(granted.status, 201, "{}", granted.text());
    let cookie = granted
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/applications/{}", taken.no);
    let shown = send(node.public, "GET", &path, &[("cookie", &cookie)], "").await;
    assert_eq!(shown.status, 200, "{}", shown.text());

    // Ten guesses at one node are ten at the other.
    for _ in 0..10 {
        let guess = session(hall.public, &taken.no, "WRONG").await;
        assert_eq!(guess.status, 404, "{}", guess.text());
    }
    let refused = session(node.public, &taken.no, &taken.query_code).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_live_stream_hears_of_the_other_nodes_changes_with_redis_and_without() {
    let mut redis = with_password().await;
    let (hall, node) = two_nodes(&redis, "5s").await;
    for killed in [false, true] {
        let taken = submit(hall.public, "rest").await;
        if killed {
            redis.running.kill();
            until_redis(node.operations, "away").await;
        }
        let path = format!("/api/v1/applications/{}/events", taken.no);
        let code = [("x-query-code", taken.query_code.as_str())];
        let live = read_stream(node.public, &path, &code, |text| {
            text.contains("event: closed") || text.contains("event: withdraw")
        });
        let act = async {
            // Once the stream is there: what it begins with is no news.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let withdrawn = hall
                .post(&taken, "/withdraw", &json!({"reason": "不办了"}))
                .await;
            assert!(withdrawn.status < 300, "{}", withdrawn.text());
        };
        let (live, ()) = tokio::join!(live, act);
        let seen = event_ids(&live);
        assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>(), "{live}");
    }
}

/// Sessions opened one after the other by some callers at once, until told to end: each asks Redis twice.
struct Load {
    end: Arc<AtomicBool>,
    callers: JoinSet<Vec<(Duration, u16)>>,
}

impl Load {
    fn begin(public: SocketAddr, taken: &Taken) -> Self {
        let (end, mut callers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
        for _ in 0..4 {
            let (end, no, code) = (Arc::clone(&end), taken.no.clone(), taken.query_code.clone());
            callers.spawn(async move {
                let mut calls = Vec::new();
                while !end.load(Ordering::Acquire) {
                    let began = instant();
                    let answer = session(public, &no, &code).await;
                    calls.push((began.elapsed(), answer.status));
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                calls
            });
        }
        Self { end, callers }
    }

    async fn worst(self, what: &str) -> Duration {
        self.end.store(true, Ordering::Release);
        let calls: Vec<_> = self
            .callers
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect();
        let worst = calls.iter().map(|(took, _)| *took).max().unwrap();
        println!("{what}: {} requests, the worst took {worst:?}", calls.len());
        assert!(
            calls.iter().all(|(_, status)| *status == 201),
            "{what}: every one is answered"
        );
        assert!(calls.len() > 20, "{what}: too few to judge");
        worst
    }
}

/// What an operator sees of Redis.
async fn seen(hall: &Hall) -> Value {
    hall.ops("GET", "/ops/v1/overview", Value::Null)
        .await
        .json()["redis"]
        .clone()
}

#[tokio::test]
async fn a_lost_redis_is_felt_once_shown_to_operators_and_used_again_by_itself() {
    let mut redis = with_password().await;
    let (mut hall, node) = two_nodes(&redis, "40ms").await;
    let taken = submit(hall.public, "rest").await;
    let load = Load::begin(hall.public, &taken);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = load.worst("with Redis").await;
    for way in ["KILL", "STOP"] {
        let load = Load::begin(hall.public, &taken);
        redis.running.signal(way);
        for operations in [hall.operations, node.operations] {
            until_redis(operations, "away").await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let worst = load.worst(way).await;
        // 50 ms are the promise (shared_state/loss.rs holds the waiting itself to it); the rest is what a busy machine adds.
        assert!(worst < before + Duration::from_secs(2), "{way}: {worst:?}");
        assert_eq!(hall.metric("tongban_redis_connected", &[]).await, 0.0);
        assert!(
            hall.metric("tongban_redis_degraded_total", &["tries"])
                .await
                > 0.0
        );
        let shown = seen(&hall).await;
        assert_eq!(shown["connected"], false, "{shown}");
        assert!(shown["reason"].is_string(), "{shown}");
        let printed = words(&hall.deliveries(&[]));
        assert!(printed.contains("Redis: AWAY"), "{printed}");
        match way {
            "KILL" => redis.restart().await,
            _ => redis.running.signal("CONT"),
        }
        for operations in [hall.operations, node.operations] {
            until_redis(operations, "connected").await;
        }
        assert_eq!(hall.metric("tongban_redis_connected", &[]).await, 1.0);
        assert_eq!(seen(&hall).await["connected"], true);
    }
    let log = hall.gateway().printed();
    let lost = hall.metric("tongban_redis_lost_total", &[]).await;
    let told = log.matches("Redis is away").count();
    assert!(
        told >= 2 && told as f64 == lost,
        "told once a loss: {told} of {lost}"
    );
    assert!(!log.contains(PASSWORD), "the password stands in the log");
}
