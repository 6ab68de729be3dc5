//! The version before and this one on one database. Needs a checkout of the version before, built with the feature `testing`:
//! `TONGBAN_OLDER=/path/to/checkout cargo nextest run … --run-ignored only -E 'test(versions)'`.

use crate::cluster::on_postgres;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use tongban_tests::hall::Hall;
use tongban_tests::http::send;
use tongban_tests::process::binary;
use tongban_tests::sample::{Taken, body, fresh_key, post, submit, uploads};

fn older() -> PathBuf {
    let named = std::env::var_os("TONGBAN_OLDER");
    named
        .map(PathBuf::from)
        .expect("TONGBAN_OLDER: a built checkout of the version before")
}

async fn is_shown(public: SocketAddr, taken: &Taken) {
    let path = format!("/api/v1/applications/{}", taken.no);
    let headers = [("x-query-code", taken.query_code.as_str())];
    let answer = send(public, "GET", &path, &headers, "").await;
    assert_eq!(answer.status, 200, "{}: {}", taken.no, answer.text());
}

/// Every one is closed with one effect at its partner, and shown by every node.
async fn all_closed(hall: &Hall, nodes: &[SocketAddr], all: &[Taken]) {
    for taken in all {
        hall.until_state(taken, "closed").await;
        let case = hall.partner("rest").case(&taken.no).await;
        assert_eq!(case["effects"], json!(1), "{}: {case:#}", taken.no);
        for node in nodes {
            is_shown(*node, taken).await;
        }
    }
}

#[tokio::test]
#[ignore = "needs TONGBAN_OLDER, a built checkout of the version before"]
async fn the_version_before_serves_on_beside_this_one_until_it_is_replaced() {
    let partners: [(&str, &[&str]); 1] = [("rest", &["--scenario", "immediate"])];
    let older = older();
    let (program, sources) = (older.join("target/debug/tongban"), older.join("config"));
    let sources = sources.display().to_string();
    let mut hall = Hall::open_by(&program, &sources, &partners, &on_postgres("3s")).await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(submit(hall.public, "rest").await);
    }
    // The new node migrates while the old one has work under way.
    let node = hall.second_node().await;
    for _ in 0..10 {
        all.push(submit(hall.public, "rest").await);
        all.push(submit(node.public, "rest").await);
    }
    // What one took under a key, the other answers as then.
    let application = body("rest", &uploads(hall.public, "rest").await);
    let key = fresh_key();
    let first = Taken::of(&post(hall.public, &key, &application).await);
    let repeated = Taken::of(&post(node.public, &key, &application).await);
    assert_eq!(repeated.no, first.no);
    all.push(first);
    all_closed(&hall, &[hall.public, node.public], &all).await;
    // Its turn: drained, replaced, started.
    assert_eq!(hall.gateway().terminate(), Some(0));
    hall.set_program(&binary());
    hall.start().await;
    all.push(submit(hall.public, "rest").await);
    all_closed(&hall, &[hall.public, node.public], &all).await;
}
