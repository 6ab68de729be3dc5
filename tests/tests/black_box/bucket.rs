//! A gateway whose files lie in a bucket, through everything that its storage may do: end, fall silent, cut its answers.

use crate::cluster::on_postgres;
use crate::uploads::{create, created, file, patch, sha256};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use tongban_tests::hall::{Hall, STATE_MAX, words};
use tongban_tests::http::{Answer, NoAnswer, get, try_send};
use tongban_tests::process::{eventually, instant};
use tongban_tests::proxy::{Link, Proxy};
use tongban_tests::sample::{Taken, body, fresh_key, post, submit, upload};
use tongban_tests::storage::Storage;

/// The longest that an upload may wait: `within` of the settings, and room for a busy machine.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// Uploads a file of this length, and says what came back.
pub(crate) async fn try_upload(public: SocketAddr, length: usize) -> Result<Answer, NoAnswer> {
    let headers = [
        ("content-type", "application/pdf"),
        ("x-file-name", "long.pdf"),
    ];
    try_send(public, "POST", "/api/v1/materials", &headers, file(length)).await
}

fn refused_for_now(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.text());
    let wait = answer.header("retry-after").and_then(|s| s.parse().ok());
    assert!(wait.is_some_and(|s: u32| s > 0), "{what}: no Retry-After");
}

async fn until_told(hall: &Hall, word: &str) {
    eventually("what /readyz says of the bucket", STATE_MAX, || async {
        let answer = get(hall.operations, "/readyz").await;
        assert_eq!(answer.status, 200, "the gateway is ready without files");
        (answer.json()["bucket"] == word).then_some(())
    })
    .await;
    let expected = f64::from(u8::from(word == "connected"));
    let told = hall.metric("tongban_bucket_available", &[]).await;
    assert!((told - expected).abs() < 0.5, "{word}: {told}");
}

fn files_of(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        count += match entry.path().is_dir() {
            true => files_of(&entry.path()),
            false => 1,
        };
    }
    count
}

// The proxy goes on while a command is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_through_a_bucket_and_a_cut_answer_costs_nothing() {
    let storage = Storage::start().await;
    let way = Proxy::start(storage.address).await;
    let settings = storage.settings(way.address, "a/b");
    let mut hall = Hall::open_with(&[("xml", &[])], &settings).await;
    until_told(&hall, "connected").await;
    let taken = submit(hall.public, "xml").await;
    hall.until_state(&taken, "closed").await;
    // The partner fetched the file, compared its digest, and handed a document back.
    let partner = hall.partner("xml");
    let number = partner.cases().await[0]["number"].clone();
    let case = partner.case(number.as_str().unwrap()).await;
    assert_eq!(case["application"]["materials"][0]["md5_matches"], true);
    assert_eq!(files_of(&hall.data().join("materials")), 0);
    let before = storage.objects().len();
    // Done, and nobody heard of it: the same object is put again.
    way.cut(Link::CutBeforeAnswer, 1);
    upload(hall.public, b"%PDF-1.7 answer lost").await;
    assert_eq!((way.cuts(), storage.objects().len()), (1, before + 1));
    // Resumable, over more than a segment and more than a part.
    let long = file(21 << 20);
    let path = created(hall.public, long.len()).await;
    let half = 10 << 20;
    let answer = patch(hall.public, &path, 0, &[], &long[..half]).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert!(
        storage.objects().len() > before + 1,
        "segments are in the bucket"
    );
    hall.kill();
    hall.start().await;
    let answer = patch(hall.public, &path, half as u64, &[], &long[half..]).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let state = get(hall.public, &path).await.json();
    assert_eq!(state["sha256"], sha256(&long));
    eventually("its segments are gone", STATE_MAX, || async {
        (storage.objects().len() == before + 2).then_some(())
    })
    .await;
    let checked = hall.run(&[
        "check",
        "--database",
        "--deep",
        "--data",
        &text(&hall.data()),
    ]);
    let log = std::fs::read_to_string(hall.folder().join("gateway.log")).unwrap();
    assert!(checked.status.success(), "{checked:?}\n{log}");
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test]
async fn a_storage_that_falls_silent_or_ends_takes_nothing_down_but_files() {
    let mut storage = Storage::start().await;
    let way = Proxy::start(storage.address).await;
    let settings = storage.settings(way.address, "");
    let hall = Hall::open_with(&[("rest", &[])], &settings).await;
    until_told(&hall, "connected").await;
    let mut materials = Vec::new();
    for seq in tongban_tests::sample::material_seqs("rest") {
        materials.push((*seq, upload(hall.public, b"%PDF-1.7 before").await));
    }
    for outage in ["silent", "ended", "cut in the middle"] {
        match outage {
            "silent" => way.set(Link::BlackHole),
            "ended" => storage.end().await,
            _ => way.cut(Link::CutBefore(b"partNumber=2"), 100),
        }
        let begun = instant();
        let first = try_upload(hall.public, 17 << 20).await.unwrap();
        refused_for_now(outage, &first);
        assert!(
            begun.elapsed() < ANSWER_MAX,
            "{outage}: {:?}",
            begun.elapsed()
        );
        if outage != "cut in the middle" {
            until_told(&hall, "away").await;
            let begun = instant();
            for _ in 0..10 {
                refused_for_now(outage, &try_upload(hall.public, 1_000).await.unwrap());
                refused_for_now(outage, &create(hall.public, 1_000, &[], b"").await);
                assert_eq!(get(hall.public, "/api/v1/items?q=mybz").await.status, 200);
            }
            assert!(
                begun.elapsed() < ANSWER_MAX,
                "nobody waits: {:?}",
                begun.elapsed()
            );
            // An application is rows: it is taken, with the files that were there before.
            if outage == "silent" {
                let sent = post(hall.public, &fresh_key(), &body("rest", &materials)).await;
                let taken = Taken::of(&sent);
                assert_eq!(hall.show(&taken).await["application_no"], json!(taken.no));
            }
        }
        way.set(Link::Pass);
        storage.start_again().await;
        until_told(&hall, "connected").await;
        // A client comes again, as it was told.
        eventually("an upload is taken", STATE_MAX, || async {
            let sent = try_upload(hall.public, 17 << 20).await.ok()?;
            (sent.status == 201).then_some(())
        })
        .await;
    }
    let log = std::fs::read_to_string(hall.folder().join("gateway.log")).unwrap();
    assert!(log.contains("the bucket of files does not answer"));
    assert!(!log.contains(tongban_tests::storage::SECRET_KEY));
    // Ids are capabilities.
    assert!(materials.iter().all(|(_, id)| !log.contains(id)));
}

#[tokio::test]
async fn an_object_that_got_no_row_is_swept_after_a_day() {
    let storage = Storage::start().await;
    let settings = storage.settings(storage.address, "files");
    let mut hall = Hall::open_small(&settings).await;
    hall.kill();
    hall.set_variable("TONGBAN_FAIL_POINT", Some("material.put:abort"));
    hall.start().await;
    assert!(try_upload(hall.public, 1_000).await.is_err());
    assert_eq!(storage.objects().len(), 1, "put, and then it ended");
    hall.set_variable("TONGBAN_FAIL_POINT", None);
    hall.kill();
    hall.start().await;
    hall.advance(23 * 3_600).await;
    let kept = upload(hall.public, b"%PDF-1.7 young").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(storage.objects().len(), 2, "not before its day is over");
    // What is not bound goes by its own clock; what has a row stays.
    hall.advance(2 * 3_600).await;
    eventually("the sweep", STATE_MAX, || async {
        (storage.objects().len() == 1).then_some(())
    })
    .await;
    let state: Value = get(hall.public, &format!("/api/v1/materials/{kept}"))
        .await
        .json();
    assert_eq!(state["id"], kept.as_str());
    // Without its bucket the hall is not served, and nobody takes its files for lost.
    hall.kill();
    hall.set_settings("");
    assert!(!hall.try_start().await);
    let log = std::fs::read_to_string(hall.folder().join("gateway.log")).unwrap_or_default();
    assert!(log.contains("materials.s3"), "{log}");
}

fn refused(output: &Output, because: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", words(output));
    assert!(words(output).contains(because), "{}", words(output));
}

fn done(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", words(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", words(output)))
}

#[tokio::test]
async fn a_backup_names_what_lies_in_the_bucket_and_a_restored_hall_reads_it_and_sweeps_nothing() {
    let storage = Storage::start().await;
    let settings = storage.settings(storage.address, "files");
    let soap: (&str, &[&str]) = ("soap", &["--scenario", "immediate"]);
    // One file from before there was a bucket.
    let mut hall = Hall::open_with(&[soap], "").await;
    let old = submit(hall.public, "soap").await;
    hall.until_state(&old, "closed").await;
    hall.kill();
    hall.set_settings(&settings);
    hall.start().await;
    let new = submit(hall.public, "soap").await;
    hall.until_state(&new, "closed").await;
    let (place, data) = (hall.folder().join("backup"), hall.data());
    let (destination, config) = (text(&place), text(&hall.config()));
    let made = done(&hall.run(&["backup", &destination, "--data", &text(&data), "--json"]));
    let named = made["manifest"]["bucket"]["objects"].as_u64().unwrap();
    assert_eq!(named, storage.objects().len() as u64, "{made:#}");
    assert!(
        files_of(&place.join("materials")) > 0,
        "those of the folder are in it"
    );
    for file in ["materials.bucket", "materials.objects", "manifest.json"] {
        let text = std::fs::read_to_string(place.join(file)).unwrap();
        assert!(!text.contains(tongban_tests::storage::SECRET_KEY), "{file}");
    }
    let verified = hall.run(&["backup", "--verify", &destination, "--json"]);
    assert_eq!(verified.status.code(), Some(0), "{}", words(&verified));
    let (restored, key) = (hall.folder().join("restored"), data.join("master.key"));
    let target = text(&restored);
    let restore = ["restore", &destination, "--data", &target, "--master-key"];
    let told = hall.run(&[&restore[..], &[&text(&key), "--json"]].concat());
    assert!(words(&told).contains("materials.s3"), "{}", words(&told));
    // At rest it is whole with its bucket, and nobody takes it for damaged without.
    let check = [
        "check",
        "--database",
        "--deep",
        "--english",
        "--data",
        &target,
    ];
    refused(&hall.run(&check), "--config");
    let whole = hall.run(&[&check[..], &["--config", &config]].concat());
    assert_eq!(whole.status.code(), Some(0), "{}", words(&whole));
    let mark = std::fs::read_to_string(restored.join("materials.bucket")).unwrap();
    let mark: Value = serde_json::from_str(&mark).unwrap();
    assert_eq!(mark["sweep"], false);
}

#[tokio::test]
async fn a_hall_moves_to_postgresql_and_its_files_stay_in_their_bucket() {
    let storage = Storage::start().await;
    let settings = storage.settings(storage.address, "files");
    let mut hall = Hall::open_with(&[("xml", &[])], &settings).await;
    let taken = submit(hall.public, "xml").await;
    hall.until_state(&taken, "closed").await;
    hall.kill();
    let config = text(&hall.config());
    let store = on_postgres("10s");
    hall.set_settings(&store);
    let moving = ["move", "--config", &config, "--json"];
    refused(&hall.run(&moving), "materials.s3");
    hall.set_settings(&format!("{store}{settings}"));
    let moved = done(&hall.run(&moving));
    let objects = storage.objects().len() as u64;
    assert_eq!(moved["files_in_bucket"], json!(objects), "{moved:#}");
    hall.start().await;
    let documents = hall.get(&taken, "/documents").await.json();
    let document = documents["documents"][0]["id"].as_str().unwrap().to_owned();
    let read = hall.get(&taken, &format!("/documents/{document}")).await;
    assert_eq!(read.status, 200, "{}", read.text());
    let checked = hall.run(&[
        "check",
        "--database",
        "--deep",
        "--data",
        &text(&hall.data()),
    ]);
    assert_eq!(checked.status.code(), Some(0), "{}", words(&checked));
    submit(hall.public, "xml").await;
    assert!(storage.objects().len() as u64 > objects);
}
