//! The sealed audit log from outside: receipts gain their proof, roots are published, `tongban audit verify` finds what was done to the
//! database or to a receipt, through the running gateway and without one.

use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::{Path, PathBuf};
use std::process::Output;
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::http::get;
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, submit};

/// Sealed while a test looks on.
const SETTINGS: &str = "audit: { seal_every: 150ms }\n";

async fn hall() -> Hall {
    Hall::open_small(SETTINGS).await
}

/// The receipt once it holds its proof.
pub(crate) async fn sealed_receipt(hall: &Hall, taken: &Taken) -> Value {
    eventually("the record is sealed", STATE_MAX, async || {
        let answer = hall.get(taken, "/receipt").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let receipt = answer.json();
        receipt["inclusion_proof"].is_object().then_some(receipt)
    })
    .await
}

fn kept(folder: &Path, name: &str, value: &Value) -> String {
    let path = folder.join(name);
    std::fs::write(&path, value.to_string()).unwrap();
    path.display().to_string()
}

async fn roots(hall: &Hall) -> Value {
    let answer = get(hall.public, "/api/v1/audit/roots?limit=1000").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn verify(hall: &Hall, more: &[&str]) -> Output {
    let config = hall.config().display().to_string();
    let command: Vec<&str> = ["audit", "verify", "--config", &config]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    hall.run(&command)
}

fn verify_receipt(hall: &Hall, more: &[&str]) -> Output {
    hall.run(&[&["audit", "verify"], more].concat())
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", words(output)))
}

#[tokio::test]
async fn a_receipt_gains_its_proof_and_the_whole_log_holds_with_a_gateway_and_without() {
    let mut hall = hall().await;
    let taken = submit(hall.public, "rest").await;
    let receipt = sealed_receipt(&hall, &taken).await;
    assert_eq!(receipt["receipt"], json!(taken.receipt));
    let proof = &receipt["inclusion_proof"];
    let record: Value = serde_json::from_str(proof["record"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&record["target"], &record["action"]),
        (&json!(taken.no), &json!("application.submit"))
    );
    let published = roots(&hall).await;
    let of_batch = published["roots"].as_array().unwrap().iter();
    let of_batch = of_batch
        .clone()
        .find(|root| root["statement"] == proof["statement"])
        .unwrap();
    assert_eq!(of_batch["root"], proof["root"]["root"]);
    assert!(hall.metric("tongban_audit_batches_total", &[]).await >= 1.0);

    let running = verify(&hall, &["--json"]);
    assert_eq!(running.status.code(), Some(0), "{}", words(&running));
    let said = json_of(&running);
    assert_eq!(said["holds"], true, "{said}");
    let folder = hall.folder();
    let file = kept(&folder, "roots.json", &published);
    hall.kill();
    let without = verify(&hall, &["--json", "--roots", &file]);
    assert_eq!(without.status.code(), Some(0), "{}", words(&without));
    assert_eq!(json_of(&without)["last"], said["last"]);
    let in_words = words(&verify(&hall, &[]));
    assert!(in_words.contains("the audit log holds"), "{in_words}");
    let late = verify(&hall, &["--from", "2"]);
    assert_eq!(late.status.code(), Some(0), "{}", words(&late));
}

#[tokio::test]
async fn a_receipt_is_verified_offline_and_what_was_changed_in_it_is_named() {
    let mut hall = hall().await;
    let (one, other) = (
        submit(hall.public, "rest").await,
        submit(hall.public, "soap").await,
    );
    let receipt = sealed_receipt(&hall, &one).await;
    let of_other = sealed_receipt(&hall, &other).await;
    let published = roots(&hall).await;
    let key = get(hall.public, "/api/v1/receipt-key").await.json();
    hall.kill();
    let folder = hall.folder();
    let roots = kept(&folder, "roots.json", &published);
    let key = kept(&folder, "key.json", &key);
    let good = kept(&folder, "receipt.json", &receipt);
    for source in [["--roots", &roots], ["--key", &key]] {
        let output = verify_receipt(&hall, &["--receipt", &good, source[0], source[1], "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        let said = json_of(&output);
        assert_eq!(said["promise"]["application_no"], json!(one.no));
        assert_eq!(said["sealed"], receipt["inclusion_proof"]["root"]);
    }
    let mut early = receipt.clone();
    early.as_object_mut().unwrap().remove("inclusion_proof");
    let early = kept(&folder, "early.json", &early);
    let output = verify_receipt(&hall, &["--receipt", &early, "--key", &key]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(words(&output).contains("no inclusion proof yet"));

    let changed = |pointer: &str, value: Value| {
        let mut changed = receipt.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let proof = &receipt["inclusion_proof"];
    let record = proof["record"].as_str().unwrap();
    for (changed, named) in [
        (
            changed("/receipt", json!(format!("{}A", one.receipt))),
            "signature",
        ),
        (
            changed("/promise/application_no", json!(other.no)),
            "promise in clear",
        ),
        (
            changed("/inclusion_proof", of_other["inclusion_proof"].clone()),
            "not of this application",
        ),
        (
            changed(
                "/inclusion_proof/record",
                json!(record.replace("\"ok\"", "\"ok\" ")),
            ),
            "not in the batch",
        ),
        (
            changed("/inclusion_proof/position", json!(100_000)),
            "not in the batch",
        ),
        (
            changed(
                "/inclusion_proof/root/sealed_at",
                json!("2017-06-05T01:30:00Z"),
            ),
            "root in clear",
        ),
        (
            changed("/inclusion_proof/statement", json!(one.receipt)),
            "no signed text of this kind",
        ),
    ] {
        let file = kept(&folder, "changed.json", &changed);
        let output = verify_receipt(&hall, &["--receipt", &file, "--key", &key]);
        assert_eq!(output.status.code(), Some(1), "{}", words(&output));
        assert!(
            words(&output).contains(named),
            "{named}: {}",
            words(&output)
        );
    }
    let keyless = verify_receipt(&hall, &["--receipt", &good]);
    assert_eq!(keyless.status.code(), Some(2), "{}", words(&keyless));
    let both = verify(&hall, &["--receipt", &good]);
    assert_eq!(both.status.code(), Some(2), "{}", words(&both));
}

#[tokio::test]
async fn a_changed_record_in_the_database_is_named_with_exit_code_one() {
    let mut hall = hall().await;
    let taken = submit(hall.public, "rest").await;
    sealed_receipt(&hall, &taken).await;
    hall.kill();
    let before = verify(&hall, &[]);
    assert_eq!(before.status.code(), Some(0), "{}", words(&before));
    let file = hall.data().join("tongban.sqlite");
    let options = SqliteConnectOptions::new().filename(file);
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let changed =
        "UPDATE audit SET outcome = 'refused' WHERE target = $1 AND action = 'application.submit'";
    let changed = sqlx::query(changed)
        .bind(&taken.no)
        .execute(&mut database)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 1);
    database.close().await.unwrap();
    let output = verify(&hall, &["--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let broken = &json_of(&output)["broken"];
    assert_eq!(broken["code"], "record_changed", "{broken}");
    assert!(broken["record"].is_i64() && broken["batch"].is_i64());
    let said = words(&output);
    assert!(said.contains("the audit log is broken at record"), "{said}");
    // A running gateway says the same, and goes on serving.
    hall.start().await;
    let running = verify(&hall, &["--json"]);
    assert_eq!(running.status.code(), Some(1), "{}", words(&running));
    assert_eq!(json_of(&running)["broken"], *broken);
    submit(hall.public, "rest").await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let target: PathBuf = to.join(entry.file_name());
        if kind.is_dir() {
            copy(&path, &target);
        } else if kind.is_file() {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_tail_that_was_cut_or_written_anew_shows_against_roots_that_were_kept() {
    let mut hall = hall().await;
    let first = submit(hall.public, "rest").await;
    sealed_receipt(&hall, &first).await;
    hall.kill();
    let earlier = hall.folder().join("earlier");
    copy(&hall.data(), &earlier);
    hall.start().await;
    let second = submit(hall.public, "rest").await;
    let receipt = sealed_receipt(&hall, &second).await;
    let published = roots(&hall).await;
    hall.kill();
    let folder = hall.folder();
    let kept_roots = kept(&folder, "roots.json", &published);
    let receipt = kept(&folder, "receipt.json", &receipt);

    std::fs::remove_dir_all(hall.data()).unwrap();
    copy(&earlier, &hall.data());
    let unseen = verify(&hall, &[]);
    assert_eq!(unseen.status.code(), Some(0), "{}", words(&unseen));
    let cut = verify(&hall, &["--roots", &kept_roots, "--json"]);
    assert_eq!(cut.status.code(), Some(1), "{}", words(&cut));
    assert_eq!(json_of(&cut)["broken"]["code"], "tail_cut");

    hall.start().await;
    let third = submit(hall.public, "rest").await;
    sealed_receipt(&hall, &third).await;
    let anew = roots(&hall).await;
    let exchanged = verify(&hall, &["--roots", &kept_roots, "--json"]);
    assert_eq!(exchanged.status.code(), Some(1), "{}", words(&exchanged));
    assert_eq!(json_of(&exchanged)["broken"]["code"], "root_exchanged");
    // The receipt of what was cut away still proves it, and does not fit the roots that were written anew.
    let holds = verify_receipt(&hall, &["--receipt", &receipt, "--roots", &kept_roots]);
    assert_eq!(holds.status.code(), Some(0), "{}", words(&holds));
    let anew = kept(&folder, "anew.json", &anew);
    let differs = verify_receipt(&hall, &["--receipt", &receipt, "--roots", &anew]);
    assert_eq!(differs.status.code(), Some(1), "{}", words(&differs));
}

#[tokio::test]
async fn a_gateway_killed_while_it_seals_goes_on_and_every_acknowledged_record_is_proven() {
    let mut hall = hall().await;
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        for _ in 0..4 {
            acknowledged.push(submit(hall.public, "rest").await);
        }
        hall.kill();
        hall.start().await;
    }
    for taken in &acknowledged {
        sealed_receipt(&hall, taken).await;
    }
    let output = verify(&hall, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(json_of(&output)["records"].as_u64().unwrap() >= acknowledged.len() as u64);
}

#[tokio::test]
async fn roots_come_in_bounded_pages() {
    let hall = hall().await;
    for _ in 0..3 {
        let taken = submit(hall.public, "rest").await;
        sealed_receipt(&hall, &taken).await;
    }
    let all = roots(&hall).await;
    let all = all["roots"].as_array().unwrap();
    assert!(all.len() >= 3);
    let page = get(hall.public, "/api/v1/audit/roots?after=1&limit=1").await;
    let page = page.json();
    assert_eq!(
        (&page["roots"], &page["next"]),
        (&json!([all[1]]), &json!(2))
    );
    let last = format!("/api/v1/audit/roots?after={}", all.len() - 1);
    assert_eq!(get(hall.public, &last).await.json()["next"], Value::Null);
    for bad in ["limit=0", "limit=1001", "after=-1", "batch=1"] {
        let answer = get(hall.public, &format!("/api/v1/audit/roots?{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
}
