//! What can go wrong between the nodes and their Redis. It keeps nothing that is needed: whatever happens to it, nodes answer, take
//! and show as before, say that it is away, and use it again by themselves.

use crate::plan::Line;
use crate::run::Run;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tongban_tests::http::try_send;
use tongban_tests::process::instant;
use tongban_tests::proxy::Link;

/// A node says so soon that Redis is away; it tries it every second.
const NOTICED_MAX: Duration = Duration::from_secs(10);
/// A node uses it again so soon after it is back; it tries at least every two seconds.
const BACK_MAX: Duration = Duration::from_secs(20);
/// A look waits no longer, Redis or not. The gateway's own bound is 40 ms; a busy machine has more.
const LOOK_MAX: Duration = Duration::from_secs(4);

impl Run {
    /// kill -9, and an empty one in its place after a while.
    pub(crate) async fn kill_redis(&mut self, nth: usize, down: Duration) {
        if let Some(redis) = &mut self.topology.redis {
            redis.running.kill();
        }
        self.every_node_says("away").await;
        self.goes_on_without_redis(nth).await;
        tokio::time::sleep(down).await;
        if let Some(redis) = &mut self.topology.redis {
            redis.restart().await;
        }
        self.every_node_says("connected").await;
    }

    /// It stands still: connections are taken, nothing is answered.
    pub(crate) async fn stop_redis(&mut self, nth: usize, stopped: Duration) {
        if let Some(redis) = &mut self.topology.redis {
            redis.running.signal("STOP");
        }
        self.every_node_says("away").await;
        self.goes_on_without_redis(nth).await;
        tokio::time::sleep(stopped).await;
        if let Some(redis) = &mut self.topology.redis {
            redis.running.signal("CONT");
        }
        self.every_node_says("connected").await;
    }

    /// One node cannot reach it; the others can.
    pub(crate) async fn part_from_redis(&mut self, nth: usize, lasting: Duration) {
        self.topology.line(Line::Redis, nth).set(Link::BlackHole);
        self.says(nth, "away").await;
        self.goes_on_without_redis(nth).await;
        tokio::time::sleep(lasting).await;
        self.topology.line(Line::Redis, nth).set(Link::Pass);
        self.says(nth, "connected").await;
    }

    async fn every_node_says(&mut self, word: &str) {
        for nth in 0..self.topology.nodes() {
            self.says(nth, word).await;
        }
    }

    /// Waits until the node says this of Redis.
    async fn says(&mut self, nth: usize, word: &str) {
        let begun = instant();
        let (kind, most) = match word {
            "away" => ("redis_loss_unnoticed", NOTICED_MAX),
            _ => ("redis_away_for_good", BACK_MAX),
        };
        let operations = self.topology.operations(nth);
        loop {
            let said = match tokio::time::timeout(LOOK_MAX, ready(operations)).await {
                Ok(said) if said == word => {
                    self.say(&format!("node {nth}: {word} after {:?}", begun.elapsed()));
                    return;
                }
                Ok(said) => said,
                Err(_) => "nothing".to_owned(),
            };
            if begun.elapsed() > most {
                let words = format!("node {nth} says {said} of Redis {most:?} later, not {word}");
                return self.violation(kind, words);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The node takes an upload and shows a case to whoever has its query code, whose tries are counted in Redis.
    async fn goes_on_without_redis(&mut self, nth: usize) {
        if let Err(status) = self.until_upload(nth, 201).await {
            let words = format!("an upload is answered {status} while Redis is away");
            self.violation("redis_loss_stops_intake", words);
        }
        let Some(told) = self.ledger.all().into_iter().next() else {
            return;
        };
        let path = format!("/api/v1/applications/{}", told.no());
        let headers = [("x-query-code", told.query_code.as_str())];
        let asked = try_send(self.topology.public(nth), "GET", &path, &headers, "");
        let words = match tokio::time::timeout(LOOK_MAX, asked).await {
            Ok(Ok(answer)) if answer.status == 200 => return,
            Ok(Ok(answer)) => format!("a look is answered {}", answer.status),
            Ok(Err(error)) => format!("a look has no answer: {}", error.0),
            Err(_) => format!("a look has no answer within {LOOK_MAX:?}"),
        };
        self.violation("redis_loss_stops_reads", words);
    }
}

/// What a node says of Redis, ready or not.
async fn ready(operations: SocketAddr) -> String {
    let answer = try_send(operations, "GET", "/readyz", &[], "").await;
    let body = answer.map(|a| a.body).unwrap_or_default();
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    said["redis"].as_str().unwrap_or("nothing").to_owned()
}
