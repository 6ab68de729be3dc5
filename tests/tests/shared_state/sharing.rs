//! What one node does, the others know.

use crate::node::{Node, PATIENCE};
use serde_json::json;
use std::time::Duration;
use tongban_gateway::shared_state::FirstUse;
use tongban_tests::process::eventually;
use tongban_tests::redis::Redis;

async fn two(redis: &Redis) -> (Node, Node) {
    let settings = json!({"url": format!("redis://{}", redis.address), "timeout": "5s"});
    (
        Node::connected(&settings).await,
        Node::connected(&settings).await,
    )
}

#[tokio::test]
async fn a_nonce_that_one_node_saw_is_used_at_every_node_until_it_cannot_be_replayed() {
    let redis = Redis::start(&[]).await;
    let (one, other) = two(&redis).await;
    assert_eq!(one.uses("n").await, FirstUse::Yes);
    assert_eq!(other.uses("n").await, FirstUse::No);
    assert_eq!(one.uses("n").await, FirstUse::No);
    let of_another = other
        .shared
        .use_nonce("another system", "n", PATIENCE, &other.clock)
        .await;
    assert_eq!(of_another, FirstUse::Yes);
    let short = Duration::from_millis(300);
    let brief = |node: &Node| {
        let (shared, clock) = (node.shared.clone(), node.clock.clone());
        async move { shared.use_nonce("system", "brief", short, &clock).await }
    };
    assert_eq!(brief(&one).await, FirstUse::Yes);
    eventually("a nonce is forgotten", PATIENCE, || async {
        (brief(&other).await == FirstUse::Yes).then_some(())
    })
    .await;
    // Neither systems nor nonces can be read from what Redis holds, and everything there has an end.
    let keys = redis.cli(&["--no-raw", "KEYS", "*"]);
    assert!(
        !keys.contains("system") && !keys.contains("another"),
        "{keys}"
    );
    for key in redis.cli(&["KEYS", "*"]).lines() {
        let left: i64 = redis.cli(&["PTTL", key]).trim().parse().unwrap();
        assert!(left != -1, "{key} has no end");
    }
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn failed_tries_are_counted_together_and_their_window_ends() {
    let redis = Redis::start(&[]).await;
    let (one, other) = two(&redis).await;
    let (key, window) = (("number", "N"), Duration::from_millis(1_500));
    let long = Duration::from_secs(600);
    for node in [&one, &other, &one] {
        assert_eq!(
            node.shared.tries_wait(("number", "M"), 3).await,
            Ok(Duration::ZERO)
        );
        node.shared
            .tries_failed(("number", "M"), long)
            .await
            .unwrap();
    }
    for node in [&one, &other] {
        let wait = node.shared.tries_wait(("number", "M"), 3).await.unwrap();
        assert!(wait > long / 2 && wait <= long, "{wait:?}");
        assert_eq!(
            node.shared.tries_wait(("client", "M"), 3).await,
            Ok(Duration::ZERO)
        );
        assert_eq!(
            node.shared.tries_wait(("number", "M"), 4).await,
            Ok(Duration::ZERO)
        );
    }
    one.shared.tries_failed(key, window).await.unwrap();
    eventually("the window is over", PATIENCE, || async {
        (other.shared.tries_wait(key, 1).await == Ok(Duration::ZERO)).then_some(())
    })
    .await;
    one.end().await;
    other.end().await;
}

#[tokio::test]
async fn a_changed_case_is_heard_at_the_other_nodes_and_not_again_at_its_own() {
    let redis = Redis::start(&[]).await;
    let (one, other) = two(&redis).await;
    let (mut here, mut there) = (one.cases.listen(), other.cases.listen());
    for number in 0..1_000 {
        one.cases.tell(&format!("case {number}"));
        tokio::task::yield_now().await;
    }
    let heard = async {
        loop {
            let case = there.recv().await.unwrap();
            // So many at once may be told of as a whole.
            if &*case == "case 999" || &*case == "*" {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    // The other way, which also shows that what was said before has gone round by now.
    other.cases.tell("back");
    let mut own = Vec::new();
    let back = async {
        loop {
            match here.recv().await.unwrap() {
                case if &*case == "back" => return,
                case => own.push(case),
            }
        }
    };
    tokio::time::timeout(PATIENCE, back).await.unwrap();
    assert_eq!(own.len(), 1_000, "told by itself alone: {:?}", own.last());
    one.end().await;
    other.end().await;
}
