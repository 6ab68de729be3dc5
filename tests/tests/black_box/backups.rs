//! Backup and restore of a hall that serves, and the check of what is stored.

use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::process::{binary, eventually, instant, root, run};
use tongban_tests::sample::{Taken, body, fresh_key, post, submit, uploads};

const IMMEDIATE: &[&str] = &["--scenario", "immediate"];

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn done(output: &Output) -> Value {
    assert_eq!(code(output), Some(0), "{}", words(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", words(output)))
}

fn refused(output: &Output, because: &str) {
    assert_eq!(code(output), Some(1), "{}", words(output));
    assert!(words(output).contains(because), "{}", words(output));
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn backup(hall: &Hall, destination: &Path, more: &[&str]) -> Output {
    let (destination, data) = (text(destination), text(&hall.data()));
    let mut arguments = vec!["backup", &destination, "--data", &data, "--json"];
    arguments.extend(more);
    run(&arguments)
}

/// Submits until told to stop; keeps what was acknowledged, and the longest wait for an answer.
async fn applicant(
    public: SocketAddr,
    kind: &'static str,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Taken>>>,
) -> Duration {
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::Acquire) {
        let materials = uploads(public, kind).await;
        let begun = instant();
        let answer = post(public, &fresh_key(), &body(kind, &materials)).await;
        longest = longest.max(begun.elapsed());
        acknowledged.lock().unwrap().push(Taken::of(&answer));
    }
    longest
}

async fn until_acknowledged(acknowledged: &Mutex<Vec<Taken>>, count: usize) -> Vec<Taken> {
    eventually("applications are taken", STATE_MAX, || async {
        let taken = acknowledged.lock().unwrap();
        (taken.len() >= count).then(|| taken.clone())
    })
    .await
}

#[tokio::test]
async fn a_backup_under_load_restores_every_application_acknowledged_before_it_began() {
    let partners = [("rest", IMMEDIATE), ("soap", IMMEDIATE)];
    let hall = Hall::open(&partners).await;
    let (stop, acknowledged) = (
        Arc::new(AtomicBool::new(false)),
        Arc::<Mutex<Vec<Taken>>>::default(),
    );
    let applicants: Vec<_> = ["rest", "soap"]
        .map(|kind| {
            let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
            tokio::spawn(applicant(hall.public, kind, stop, acknowledged))
        })
        .into_iter()
        .collect();
    let before = until_acknowledged(&acknowledged, 12).await;
    let place = hall.folder().join("backup");
    let data = text(&hall.data());
    let destination = text(&place);
    let made = tokio::task::spawn_blocking(move || {
        run(&["backup", &destination, "--data", &data, "--json"])
    });
    let made = done(&made.await.unwrap());
    let so_far = acknowledged.lock().unwrap().len();
    until_acknowledged(&acknowledged, so_far + 4).await;
    stop.store(true, Ordering::Release);
    for applicant in applicants {
        applicant.await.unwrap();
    }
    assert_eq!(made["manifest"]["master_key"], json!(false));
    assert!(!place.join("master.key").exists(), "the key is not in it");
    assert!(!hall.folder().join("backup.partial").exists());
    let cases = made["manifest"]["rows"]["case_record"].as_u64().unwrap();
    assert!(cases >= before.len() as u64, "{cases} cases");
    let sums = Command::new("sha256sum")
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(&place)
        .output()
        .unwrap();
    assert!(sums.status.success(), "{}", words(&sums));
    // Into another folder, which serves as the first one did.
    let restored = hall.folder().join("restored");
    let key = text(&hall.data().join("master.key"));
    let (source, target) = (text(&place), text(&restored));
    done(&run(&[
        "restore",
        &source,
        "--data",
        &target,
        "--master-key",
        &key,
        "--json",
    ]));
    let checked = done(&run(&[
        "check",
        "--database",
        "--data",
        &target,
        "--deep",
        "--json",
    ]));
    assert_eq!(checked["faults"], json!([]), "{checked:#}");
    let second = Hall::open_in(&restored, &partners, "", &[]).await;
    for taken in &before {
        assert_eq!(second.show(taken).await["application_no"], json!(taken.no));
        second.events(taken).await;
        let receipt = second.get(taken, "/receipt").await;
        assert_eq!(receipt.status, 200, "{}", receipt.text());
    }
    // What was still open is delivered from there, after its partner was asked; where neither can be known, a person decides.
    let begun = instant();
    loop {
        let mut open = Vec::new();
        for state in ["pending", "sending", "unknown", "held"] {
            open.extend(second.listed(&format!("state={state}")).await);
        }
        if open.is_empty() {
            break;
        }
        assert!(begun.elapsed() < STATE_MAX, "left in the outbox: {open:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The partners of the second hall are new: one that was in the middle of its steps with the old one is refused by the new one.
    for dead in second.listed("state=dead").await {
        let known = ["outcome_unknown", "refused"].map(serde_json::Value::from);
        assert!(known.contains(&dead["last_code"]), "{dead:#}");
    }
    // Numbers that were given after the backup are nobody else's now.
    for kind in ["rest", "rest", "soap", "soap", "soap"] {
        let next = submit(second.public, kind).await;
        let given = acknowledged.lock().unwrap().iter().any(|t| t.no == next.no);
        assert!(!given, "{} was given twice", next.no);
        second.until_state(&next, "closed").await;
    }
}

#[tokio::test]
async fn what_an_interruption_leaves_is_never_taken_for_a_backup() {
    let hall = Hall::open(&[("rest", IMMEDIATE)]).await;
    let taken = submit(hall.public, "rest").await;
    hall.until_state(&taken, "closed").await;
    let place = hall.folder().join("backup");
    let partial = hall.folder().join("backup.partial");
    let (source, data) = (text(&place), text(&hall.data()));
    let mut interrupted = 0;
    for millis in [5, 20, 40, 60, 80, 100, 120, 150] {
        let mut child = Command::new(binary())
            .args(["backup", &source, "--data", &data])
            .current_dir(root())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The moment of the fault, not a wait for a state.
        tokio::time::sleep(Duration::from_millis(millis)).await;
        let _ = child.kill();
        let _ = child.wait();
        if place.exists() {
            done(&run(&["backup", "--verify", &source, "--json"]));
            std::fs::remove_dir_all(&place).unwrap();
        } else if partial.exists() {
            interrupted += 1;
            let left = text(&partial);
            assert_eq!(code(&run(&["backup", "--verify", &left])), Some(1));
            let target = text(&hall.folder().join("nothing"));
            assert_eq!(code(&run(&["restore", &left, "--data", &target])), Some(1));
        }
    }
    println!("{interrupted} interrupted half-way");
    std::fs::create_dir_all(&partial).unwrap();
    std::fs::write(partial.join("partial.mark"), "").unwrap();
    std::fs::write(partial.join("manifest.json"), "{}").unwrap();
    refused(
        &run(&["backup", "--verify", &text(&partial)]),
        "not finished",
    );
    done(&backup(&hall, &place, &[]));
    assert!(!partial.exists());
    refused(&backup(&hall, &place, &[]), "exists already");
}

#[tokio::test]
async fn a_restore_refuses_what_would_do_harm() {
    let hall = Hall::open(&[("rest", IMMEDIATE)]).await;
    let taken = submit(hall.public, "rest").await;
    hall.until_state(&taken, "closed").await;
    let place = hall.folder().join("backup");
    done(&backup(&hall, &place, &["--with-master-key", "--copy"]));
    let source = text(&place);
    let used = text(&hall.data());
    refused(&run(&["restore", &source, "--data", &used]), "not empty");
    let target = hall.folder().join("target");
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("master.key"), "22".repeat(32)).unwrap();
    Command::new("chmod")
        .args(["600", &text(&target.join("master.key"))])
        .status()
        .unwrap();
    let wrong = run(&["restore", &source, "--data", &text(&target)]);
    refused(&wrong, "not the master key");
    std::fs::remove_file(target.join("master.key")).unwrap();
    let shard = std::fs::read_dir(place.join("materials"))
        .unwrap()
        .flatten()
        .next();
    let file = std::fs::read_dir(shard.unwrap().path())
        .unwrap()
        .flatten()
        .next();
    let file = file.unwrap().path();
    let bytes = std::fs::read(&file).unwrap();
    let mut changed = bytes.clone();
    changed[20] ^= 1;
    std::fs::write(&file, changed).unwrap();
    let refusal = run(&["restore", &source, "--data", &text(&target)]);
    refused(&refusal, "was changed");
    std::fs::write(&file, bytes).unwrap();
    std::fs::write(place.join("more"), "").unwrap();
    refused(&run(&["backup", "--verify", &source]), "not in the list");
    std::fs::remove_file(place.join("more")).unwrap();
    // Left by an interrupted restore: no gateway starts there, the restore does.
    std::fs::create_dir(target.join("restore.partial")).unwrap();
    let config = text(&hall.folder().join("other.yaml"));
    let settings = std::fs::read_to_string(hall.config()).unwrap();
    std::fs::write(&config, settings.replace(&used, &text(&target))).unwrap();
    refused(&hall.run(&["serve", "--config", &config]), "interrupted");
    done(&run(&[
        "restore",
        &source,
        "--data",
        &text(&target),
        "--json",
    ]));
    done(&run(&[
        "check",
        "--database",
        "--data",
        &text(&target),
        "--deep",
        "--json",
    ]));
}

#[tokio::test]
async fn the_check_of_the_database_asks_a_gateway_that_runs_and_looks_itself_at_a_folder() {
    let mut hall = Hall::open(&[("rest", IMMEDIATE)]).await;
    let taken = submit(hall.public, "rest").await;
    hall.until_state(&taken, "closed").await;
    let data = text(&hall.data());
    for more in [&[][..], &["--deep"]] {
        let mut arguments = vec!["check", "--database", "--data", &data, "--json"];
        arguments.extend(more);
        let checked = done(&run(&arguments));
        assert_eq!(
            (&checked["faults"], &checked["cases"]),
            (&json!([]), &json!(1))
        );
    }
    assert_eq!(hall.gateway().terminate(), Some(0));
    done(&run(&["check", "--database", "--data", &data, "--json"]));
    let options = SqliteConnectOptions::new().filename(hall.data().join("tongban.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("UPDATE case_record SET last_seq = 77")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let told = run(&["check", "--database", "--data", &data, "--english"]);
    refused(&told, "last_seq_differs");
    assert!(
        words(&told).contains(&taken.no) && words(&told).contains("-> "),
        "{}",
        words(&told)
    );
    let nowhere = run(&["check", "--database", "--data", "no-such-folder"]);
    assert_eq!(code(&nowhere), Some(1));
}

/// MiB of the database that is backed up: a gibibyte in the long run.
fn mebibytes() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the long run is asked for by its variable"
    )]
    match std::env::var("TONGBAN_LONG") {
        Ok(_) => 1_024,
        Err(_) => 96,
    }
}

#[tokio::test]
async fn a_backup_does_not_hold_intake_up() {
    let mut hall = Hall::open(&[("rest", IMMEDIATE)]).await;
    assert_eq!(hall.gateway().terminate(), Some(0));
    let options = SqliteConnectOptions::new().filename(hall.data().join("tongban.sqlite"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
         INSERT INTO audit (at, actor_kind, action, target, organisation_id, request_id, outcome, content)
         SELECT i, 'gateway', 'filler', '', '', '', 'ok', randomblob(1048576) FROM n",
    )
    .bind(mebibytes())
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    hall.start().await;
    let mut longest = Vec::new();
    for with_backup in [false, true] {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let applicants: Vec<_> = (0..2)
            .map(|_| {
                let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
                tokio::spawn(applicant(hall.public, "rest", stop, acknowledged))
            })
            .collect();
        if with_backup {
            let (place, data) = (text(&hall.folder().join("backup")), text(&hall.data()));
            let begun = instant();
            let made = tokio::task::spawn_blocking(move || {
                run(&["backup", &place, "--data", &data, "--json"])
            });
            let made = done(&made.await.unwrap());
            println!(
                "{} bytes in {:?}",
                made["manifest"]["bytes"],
                begun.elapsed()
            );
        } else {
            until_acknowledged(&acknowledged, 30).await;
        }
        stop.store(true, Ordering::Release);
        let mut most = Duration::ZERO;
        for applicant in applicants {
            most = most.max(applicant.await.unwrap());
        }
        longest.push(most);
    }
    println!(
        "longest answer to a submission: {:?} without a backup, {:?} during one of {} MiB",
        longest[0],
        longest[1],
        mebibytes()
    );
    assert!(
        longest[1] < Duration::from_secs(10),
        "intake stood still: {longest:?}"
    );
}
