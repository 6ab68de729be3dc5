//! Redis is killed, stopped, absent: requests go on, each of those under way pays once, and Redis is used again by itself.

use crate::node::Node;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tongban_gateway::shared_state::FirstUse;
use tongban_tests::process::{free_address, instant};
use tongban_tests::redis::Redis;

/// Requests at once.
const CALLERS: usize = 16;
/// The longest that a request may wait for Redis by the settings' default.
const TIMEOUT: Duration = Duration::from_millis(40);
/// What a machine that is busy with other things may add to a wait.
const BUSY: Duration = Duration::from_secs(2);

fn settings(redis: &Redis) -> Value {
    json!({"url": format!("redis://{}", redis.address)})
}

/// Calls one after the other until told to end; what they took, and what they learned.
struct Load {
    end: Arc<AtomicBool>,
    callers: JoinSet<Vec<(Duration, FirstUse)>>,
}

impl Load {
    fn begin(node: &Node) -> Self {
        let (end, mut callers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
        for _ in 0..CALLERS {
            let (end, shared, clock) = (Arc::clone(&end), node.shared.clone(), node.clock.clone());
            callers.spawn(async move {
                let mut calls = Vec::new();
                while !end.load(Ordering::Acquire) {
                    let (began, nonce) = (instant(), rand::random::<u64>().to_string());
                    let kept = Duration::from_secs(60);
                    let used = shared.use_nonce("load", &nonce, kept, &clock).await;
                    calls.push((began.elapsed(), used));
                    // A thousand calls a second in all; without Redis they would spin.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                calls
            });
        }
        Self { end, callers }
    }

    async fn end(self) -> Vec<(Duration, FirstUse)> {
        self.end.store(true, Ordering::Release);
        self.callers
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Holds what every loss must keep to, and prints the figures.
fn judge(what: &str, calls: &[(Duration, FirstUse)]) {
    let without: Vec<Duration> = calls
        .iter()
        .filter(|(_, used)| *used == FirstUse::Unknown)
        .map(|(took, _)| *took)
        .collect();
    let worst = |calls: &mut dyn Iterator<Item = Duration>| calls.max().unwrap_or_default();
    let with = worst(
        &mut calls
            .iter()
            .filter(|(_, used)| *used == FirstUse::Yes)
            .map(|(took, _)| *took),
    );
    let paid = without.iter().filter(|took| **took > TIMEOUT / 2).count();
    println!(
        "{what}: {} calls, {} without Redis, {paid} of them waited; worst with {with:?}, without {:?}",
        calls.len(),
        without.len(),
        worst(&mut without.iter().copied())
    );
    assert!(
        without.len() > 10 * CALLERS,
        "too few to judge: {}",
        without.len()
    );
    assert!(
        calls.iter().all(|(_, used)| *used != FirstUse::No),
        "no nonce was used twice"
    );
    // Those under way when it was lost, and as many again that a busy machine let run late.
    assert!(
        paid <= 2 * CALLERS,
        "{paid} calls waited for a Redis that was lost"
    );
    assert!(worst(&mut without.iter().copied()) < TIMEOUT + BUSY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_costs_each_request_under_way_a_moment_once_and_is_used_again() {
    let mut redis = Redis::start(&[]).await;
    let (node, other) = (
        Node::connected(&settings(&redis)).await,
        Node::connected(&settings(&redis)).await,
    );
    let load = Load::begin(&node);
    tokio::time::sleep(Duration::from_millis(500)).await;
    redis.running.kill();
    node.until(false).await;
    other.until(false).await;
    assert_eq!(node.metric("tongban_redis_connected"), 0.0);
    assert_eq!(node.uses("meanwhile").await, FirstUse::Unknown);
    tokio::time::sleep(Duration::from_secs(2)).await;
    judge("killed", &load.end().await);
    assert!(node.metric("tongban_redis_degraded_total{use=\"nonces\"}") >= 1.0);
    assert!(node.metric("tongban_redis_lost_total") >= 1.0);
    redis.restart().await;
    node.until(true).await;
    other.until(true).await;
    assert_eq!(node.metric("tongban_redis_connected"), 1.0);
    // What was used while it was away is told to it: another node refuses the replay.
    tongban_tests::process::eventually("a nonce is told late", crate::node::PATIENCE, || async {
        let known = redis.cli(&["KEYS", "tongban:nonce:*"]).lines().count();
        (known > 10 * CALLERS).then_some(())
    })
    .await;
    tongban_tests::process::eventually("the replay is refused", crate::node::PATIENCE, || async {
        (other.uses("meanwhile").await == FirstUse::No).then_some(())
    })
    .await;
    node.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_falls_silent_costs_each_request_under_way_its_time_limit_once() {
    let mut redis = Redis::start(&[]).await;
    let node = Node::connected(&settings(&redis)).await;
    let load = Load::begin(&node);
    tokio::time::sleep(Duration::from_millis(500)).await;
    redis.running.signal("STOP");
    node.until(false).await;
    // Long enough for several tries to connect, which the kernel answers for it: none may cost a request anything.
    tokio::time::sleep(Duration::from_secs(5)).await;
    judge("silent", &load.end().await);
    redis.running.signal("CONT");
    node.until(true).await;
    node.end().await;
}

#[tokio::test]
async fn a_silent_redis_that_nobody_asks_is_noticed_too() {
    let mut redis = Redis::start(&[]).await;
    let node = Node::connected(&settings(&redis)).await;
    redis.running.signal("STOP");
    node.until(false).await;
    let reason = node.shared.standing().unwrap().reason.unwrap();
    assert!(reason.contains("no answer"), "{reason}");
    redis.running.signal("CONT");
    node.until(true).await;
    node.end().await;
}

#[tokio::test]
async fn a_node_begins_without_redis_and_uses_it_once_it_is_there() {
    let address = free_address();
    let node = Node::begin(&json!({"url": format!("redis://{address}")})).await;
    tongban_tests::process::eventually("the node is ready", crate::node::PATIENCE, || async {
        node.readiness.report().ready.then_some(())
    })
    .await;
    assert_eq!(node.uses("n").await, FirstUse::Unknown);
    let _redis = Redis::start_at(address, &[], &[]).await;
    node.until(true).await;
    node.end().await;
}

#[tokio::test]
async fn a_redis_that_takes_no_more_writes_is_not_used() {
    let redis = Redis::start(&[]).await;
    let node = Node::connected(&settings(&redis)).await;
    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "1"]).trim(), "OK");
    node.until(false).await;
    let reason = node.shared.standing().unwrap().reason.unwrap();
    assert!(
        reason.contains("OOM") || reason.contains("memory"),
        "{reason}"
    );
    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "0"]).trim(), "OK");
    node.until(true).await;
    node.end().await;
}
