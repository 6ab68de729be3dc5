//! A hall on SQLite with cases in every state, moved to PostgreSQL with interruptions and a damaged row, and served on from there.

use super::audit::sealed_receipt;
use super::cluster::on_postgres;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::process::Output;
use tongban_tests::hall::{Hall, words};
use tongban_tests::process::Running;
use tongban_tests::sample::{submit, upload};

const SEALING: &str = "audit: { seal_every: 150ms }\n";

fn refused(output: &Output, because: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", words(output));
    assert!(words(output).contains(because), "{}", words(output));
}

fn done(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", words(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", words(output)))
}

fn pausing(hall: &Hall, word: &str) {
    let output = hall.deliveries(&[
        word,
        "--system",
        "zhuhai-platform",
        "--yes",
        "--reason",
        "moving day",
    ]);
    assert!(output.status.success(), "{}", words(&output));
}

#[tokio::test]
async fn a_hall_moves_through_kills_and_damage_and_its_cases_go_on_to_their_end() {
    let partners: [(&str, &[&str]); 2] = [("rest", &[]), ("soap", &["--scenario", "immediate"])];
    let mut hall = Hall::open_with(&partners, SEALING).await;
    let ended = submit(hall.public, "soap").await;
    hall.until_state(&ended, "closed").await;
    let corrected = submit(hall.public, "rest").await;
    hall.until_state(&corrected, "correction").await;
    pausing(&hall, "pause");
    let waiting = submit(hall.public, "soap").await;
    let receipt = sealed_receipt(&hall, &ended).await;
    let before = hall.events(&ended).await;
    let config = hall.config().display().to_string();

    let store = on_postgres("10s");
    hall.set_settings(&format!("{SEALING}{store}"));
    let moving = ["move", "--config", &config, "--json"];
    refused(&hall.run(&moving), "is another tongban running");
    hall.kill();

    // kill -9 in the middle: a row a batch, so that there is one.
    let log = hall.folder().join("move.log");
    let mut first = Running::start(&["move", "--config", &config, "--batch", "1"], &log, &[]);
    first
        .printed_until("items are being moved", |printed| {
            printed.contains("rows    item_version").then_some(())
        })
        .await;
    first.kill();
    refused(&hall.run(&["serve", "--config", &config]), "being moved");
    // A row is damaged on the way.
    let settings: Value = serde_json::to_value(url_and_schema(&store)).unwrap();
    let mut there = PgConnection::connect(settings[0].as_str().unwrap())
        .await
        .unwrap();
    let schema = settings[1].as_str().unwrap();
    let damage = |from: &str, to: &str| {
        let text =
            format!("UPDATE {schema}.application SET channel = '{to}' WHERE channel = '{from}'");
        AssertSqlSafe(text)
    };
    let channel: String = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT min(channel) FROM {schema}.application"
    )))
    .fetch_one(&mut there)
    .await
    .unwrap();
    sqlx::query(damage(&channel, "damaged"))
        .execute(&mut there)
        .await
        .unwrap();
    let found = hall.run(&moving);
    refused(&found, "differs in channel");
    refused(&hall.run(&["serve", "--config", &config]), "being moved");
    sqlx::query(damage("damaged", &channel))
        .execute(&mut there)
        .await
        .unwrap();

    let moved = done(&hall.run(&moving));
    assert_eq!(moved["beginning"], "resumed", "{moved:#}");
    let rows = |table: &str| {
        let tables = moved["tables"].as_array().unwrap();
        tables.iter().find(|t| t["table"] == table).unwrap()["rows"].clone()
    };
    assert_eq!(rows("case_record"), json!(3));
    assert_eq!(moved["files_copied"], true, "{moved:#}");
    assert!(moved["files"].as_u64().unwrap() >= 3, "{moved:#}");
    refused(&hall.run(&moving), "was moved to");

    hall.start().await;
    assert_eq!(hall.events(&ended).await, before);
    let receipt_there = hall.get(&ended, "/receipt").await.json();
    assert_eq!(receipt_there["receipt"], receipt["receipt"]);
    assert_eq!(receipt_there["inclusion_proof"], receipt["inclusion_proof"]);
    let material = upload(hall.public, b"%PDF-1.4 emergency plan").await;
    let supplement = json!({"text": "已补充", "materials": [{"seq": 5, "id": material}]});
    let answer = hall.post(&corrected, "/supplement", &supplement).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    hall.until_state(&corrected, "closed").await;
    assert_eq!(
        hall.show(&waiting).await["state"],
        "submitted",
        "still held"
    );
    pausing(&hall, "resume");
    hall.until_state(&waiting, "closed").await;
    let case = hall.partner("soap").case(&waiting.no).await;
    assert_eq!(case["effects"], json!(1), "{case:#}");
    let fresh = submit(hall.public, "soap").await;
    assert!(![&ended.no, &waiting.no, &corrected.no].contains(&&fresh.no));
    hall.until_state(&fresh, "closed").await;

    sealed_receipt(&hall, &fresh).await;
    let audit = done(&hall.run(&["audit", "verify", "--config", &config, "--json"]));
    assert_eq!(audit["holds"], true, "{audit:#}");
    let data = hall.data().display().to_string();
    let checked = done(&hall.run(&["check", "--database", "--data", &data, "--deep", "--json"]));
    assert_eq!(checked["faults"], json!([]), "{checked:#}");

    // Nobody serves the old state by mistake.
    hall.kill();
    hall.set_settings(SEALING);
    refused(&hall.run(&["serve", "--config", &config]), "was moved to");
    let backup = hall.folder().join("backup").display().to_string();
    refused(
        &hall.run(&["backup", &backup, "--data", &data]),
        "was moved to",
    );
}

/// As `on_postgres` wrote them.
fn url_and_schema(store: &str) -> (String, String) {
    let url = store.split('"').nth(1).unwrap().to_owned();
    let schema = store.split("schema: ").nth(1).unwrap();
    (url, schema.split(',').next().unwrap().to_owned())
}
