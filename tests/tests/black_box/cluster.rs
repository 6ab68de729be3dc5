//! Several nodes on one PostgreSQL database: equal, and none is missed.

use serde_json::json;
use std::process::Command;
use std::time::Duration;
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::{Answer, send, try_send};
use tongban_tests::process::{eventually, root};
use tongban_tests::sample::{Taken, submit};

/// Settings of a hall in a schema of its own on the tests' server, its files beside it.
pub(crate) fn on_postgres(lease: &str) -> String {
    let output = Command::new(root().join("tests/postgres"))
        .arg("start")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let url = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let name = format!("t{}", rand::random::<u64>());
    let files = std::env::temp_dir().join(format!("tongban-files-{name}"));
    std::fs::create_dir_all(&files).unwrap();
    format!(
        "store: {{ postgres: {{ url: \"{url}\", schema: {name}, lease: {lease}, files: {} }} }}\n",
        files.display()
    )
}

async fn shown_at(public: std::net::SocketAddr, taken: &Taken) -> Answer {
    let path = format!("/api/v1/applications/{}", taken.no);
    let headers = [("x-query-code", taken.query_code.as_str())];
    send(public, "GET", &path, &headers, "").await
}

#[tokio::test]
async fn what_one_node_took_every_node_shows_and_what_one_registers_all_know() {
    let partners: [(&str, &[&str]); 1] = [("rest", &["--scenario", "immediate"])];
    let hall = Hall::open_with(&partners, &on_postgres("10s")).await;
    let node = hall.second_node().await;
    let taken = submit(node.public, "rest").await;
    hall.until_state(&taken, "closed").await;
    let there = shown_at(node.public, &taken).await;
    assert_eq!(there.status, 200, "{}", there.text());
    assert_eq!(there.json()["state"], "closed");
    let case = hall.partner("rest").case(&taken.no).await;
    assert_eq!(case["effects"], 1, "{case:#}");
    // An item that is registered at one node is known at the other without a word to it.
    let source = std::fs::read_to_string(root().join("config/items/radio-station.yaml")).unwrap();
    let renamed = source.replacen("name: ", "name: 新", 1);
    let file = hall.folder().join("radio-station.yaml");
    std::fs::write(&file, renamed).unwrap();
    let config = hall.config().display().to_string();
    let applied = hall.run(&["apply", &file.display().to_string(), "--config", &config]);
    assert!(
        applied.status.success(),
        "{}",
        tongban_tests::hall::words(&applied)
    );
    let path = "/api/v1/items/1144000000693911522440117020000";
    eventually(
        "the other node knows the item's new name",
        STATE_MAX,
        || async {
            let answer = try_send(node.public, "GET", path, &[], "").await.ok()?;
            let name = answer.json()["name"].as_str()?.to_owned();
            name.starts_with('新').then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn a_killed_nodes_deliveries_are_made_by_the_other_once() {
    let partners: [(&str, &[&str]); 1] = [(
        "rest",
        &[
            "--scenario",
            "immediate",
            "--switch",
            "slow=1500ms,phase=submit",
        ],
    )];
    let hall = Hall::open_with(&partners, &on_postgres("3s")).await;
    let mut node = hall.second_node().await;
    let mut taken = Vec::new();
    for _ in 0..6 {
        taken.push(submit(node.public, "rest").await);
    }
    // In the middle of its first errands.
    eventually("a delivery is under way", STATE_MAX, || async {
        let sending = hall.listed("state=sending").await;
        (!sending.is_empty()).then_some(())
    })
    .await;
    node.running.kill();
    let killed = tongban_tests::process::instant();
    for taken in &taken {
        hall.until_state(taken, "closed").await;
        let case = hall.partner("rest").case(&taken.no).await;
        assert_eq!(case["effects"], json!(1), "{}: {case:#}", taken.no);
    }
    let took = killed.elapsed();
    println!("all was taken over and done {took:?} after the kill");
    assert!(took < Duration::from_secs(45), "{took:?}");
}
