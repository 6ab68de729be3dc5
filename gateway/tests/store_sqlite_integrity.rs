//! The examination finds each kind of fault, names it, and finds nothing in a store that is whole.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a failed step is a failed test"
)]

use bytes::Bytes;
use futures_util::StreamExt;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::store::SharedStore;
use tongban_gateway::store::Store;
use tongban_gateway::store::api_key::CreateOutcome;
use tongban_gateway::store::application::SubmitOutcome;
use tongban_gateway::store::conformance::api_keys::{engineer, new_key};
use tongban_gateway::store::conformance::samples::{application_of, audit, new_case};
use tongban_gateway::store::integrity::{Depth, IntegrityReport};
use tongban_gateway::store::material::{NewMaterial, UploadOutcome};
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{DATABASE_FILE, SqliteStore, StoreBounds, examine_folder};

const KEY: [u8; 32] = [1; 32];

fn keys() -> MasterKeys {
    MasterKeys::new(KEY, &[]).unwrap()
}

async fn upload(store: &SharedStore, id: &str) {
    let material = NewMaterial {
        id: id.to_owned(),
        client: "c".to_owned(),
        content_type: "application/pdf".to_owned(),
        file_name: "a.pdf".to_owned(),
        created_at: Clock::system().now(),
        max_bytes: 1 << 20,
        max_unbound_bytes: 1 << 30,
    };
    let body = futures_util::stream::iter([Ok(Bytes::from(vec![7; 100_000]))]).boxed();
    let outcome = store.upload(material, body).await.unwrap();
    assert!(matches!(outcome, UploadOutcome::Stored(_)), "{outcome:?}");
}

/// Ten cases, the first with a file, and a file that nobody has.
async fn filled(folder: &Path) {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let store = SqliteStore::open(folder, keys(), clock, entropy, StoreBounds::default());
    let store = std::sync::Arc::new(store.await.unwrap());
    let shared: SharedStore = store.clone();
    for id in ["a1".repeat(16), "b2".repeat(16)] {
        upload(&shared, &id).await;
    }
    for index in 0..10 {
        let mut case = new_case();
        if index == 0 {
            case.materials = vec![(1, "a1".repeat(16))];
        }
        let outcome = shared.submit(application_of(vec![case])).await.unwrap();
        assert!(matches!(outcome, SubmitOutcome::Stored(_)), "{outcome:?}");
    }
    let (key, made) = (new_key(1, 0, 100), audit("key.create"));
    let outcome = shared.create_api_key(engineer(), key, made).await.unwrap();
    assert_eq!(outcome, CreateOutcome::Created);
    let running = shared
        .examine(Depth::Everything, Clock::system().now())
        .await;
    assert_eq!(
        running.unwrap().faults,
        [],
        "a store that serves is examined too"
    );
    store.close().await;
}

async fn change(folder: &Path, statements: &[&'static str]) {
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE_FILE));
    let mut connection = SqliteConnection::connect_with(&options.foreign_keys(false))
        .await
        .unwrap();
    for statement in statements {
        sqlx::query(*statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
}

async fn examined(folder: &Path, masters: MasterKeys) -> IntegrityReport {
    let (entropy, now) = (Entropy::system(), Clock::system().now());
    examine_folder(folder, masters, entropy, None, (Depth::Everything, now))
        .await
        .unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn codes(report: &IntegrityReport) -> Vec<&str> {
    report
        .faults
        .iter()
        .map(|fault| fault.code.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_fault_is_found_and_named() {
    let whole = TempDir::new().unwrap();
    filled(whole.path()).await;
    let report = examined(whole.path(), keys()).await;
    assert_eq!(
        (codes(&report), report.cases, report.files),
        (vec![], 10, 2)
    );
    assert!(report.opened > 40, "{report:?}");
    let broken: &[(&str, &[&'static str])] = &[
        (
            "event_gap",
            &["UPDATE case_event SET seq = 3 WHERE case_id = 4"],
        ),
        (
            "last_seq_differs",
            &["UPDATE case_record SET last_seq = 9 WHERE id = 2"],
        ),
        ("turn_wrong", &["UPDATE delivery SET turn = 0 WHERE id = 1"]),
        (
            "due_wrong",
            &["UPDATE delivery SET due_at = NULL WHERE id = 1"],
        ),
        (
            "delivery_without_case",
            &["UPDATE delivery SET case_id = 99 WHERE id = 1"],
        ),
        (
            "dangling_reference",
            &["UPDATE case_event SET case_id = 99 WHERE case_id = 1"],
        ),
        (
            "clock_of_ended_case",
            &[
                "UPDATE case_record SET state = 'closed' WHERE id = 1",
                "INSERT INTO case_clock (case_id, kind, due_at) VALUES (1, 'promise', 5)",
            ],
        ),
        (
            "serial_behind",
            &["UPDATE number_serial SET last = last - 1"],
        ),
        (
            "serial_behind",
            &[
                "UPDATE case_record SET case_no = substr(case_no, 1, length(case_no) - 4) || '000A' WHERE id = 2",
            ],
        ),
        ("number_without_serial", &["DELETE FROM number_serial"]),
        (
            "short_serial_behind",
            &["UPDATE case_record SET short_no = '100000000009' WHERE id = 3"],
        ),
        ("schema_missing", &["DROP INDEX delivery_due"]),
        (
            "schema_differs",
            &[
                "DROP INDEX clock_due",
                "CREATE INDEX clock_due ON case_clock (due_at)",
            ],
        ),
        (
            "schema_older",
            &[
                "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
            ],
        ),
        (
            "schema_newer",
            &["UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1"],
        ),
        (
            "sealed_case_record",
            &[
                "UPDATE case_record SET folded = (SELECT folded FROM case_record WHERE id = 1) WHERE id = 2",
            ],
        ),
        (
            "sealed_application",
            &["UPDATE application SET parties = x'0102' WHERE id = 5"],
        ),
        (
            "sealed_case_event",
            &["UPDATE case_event SET event = x'01' WHERE case_id = 7"],
        ),
        (
            "sealed_api_key",
            &["UPDATE api_key SET role = 'operator', organisation_id = ''"],
        ),
        (
            "sealed_material",
            &["UPDATE material SET facts = x'01' WHERE case_id IS NULL"],
        ),
    ];
    for (code, statements) in broken {
        let folder = TempDir::new().unwrap();
        copy(whole.path(), folder.path());
        change(folder.path(), statements).await;
        let report = examined(folder.path(), keys()).await;
        assert!(
            codes(&report).contains(code),
            "{code} not found: {report:?}"
        );
    }
}

/// What is done to a data folder.
type Damage<'d> = &'d dyn Fn(&Path);

fn file_of(folder: &Path, id: &str) -> PathBuf {
    folder.join("materials").join(&id[..2]).join(id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_held_against_rows_and_rows_against_files() {
    let whole = TempDir::new().unwrap();
    filled(whole.path()).await;
    let id = "a1".repeat(16);
    let cases: &[(&str, Damage<'_>)] = &[
        ("file_missing", &|folder| {
            std::fs::remove_file(file_of(folder, &id)).unwrap()
        }),
        ("file_length_differs", &|folder| {
            std::fs::write(file_of(folder, &id), "short").unwrap()
        }),
        ("file_damaged", &|folder| {
            let mut bytes = std::fs::read(file_of(folder, &id)).unwrap();
            bytes[70_000] ^= 1;
            std::fs::write(file_of(folder, &id), bytes).unwrap();
        }),
    ];
    for (code, damage) in cases {
        let folder = TempDir::new().unwrap();
        copy(whole.path(), folder.path());
        damage(folder.path());
        let report = examined(folder.path(), keys()).await;
        assert!(
            codes(&report).contains(code),
            "{code} not found: {report:?}"
        );
        let shown = format!("{report:?}");
        assert!(!shown.contains(&id), "the whole capability is shown");
    }
    let folder = TempDir::new().unwrap();
    copy(whole.path(), folder.path());
    let left = file_of(folder.path(), &"a1".repeat(15)).with_extension("old");
    std::fs::write(&left, "left over").unwrap();
    let day_ago = std::fs::File::open(&left).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    day_ago.set_modified(long_ago).unwrap();
    let report = examined(folder.path(), keys()).await;
    assert_eq!(codes(&report), Vec::<&str>::new());
    assert_eq!(report.notices[0].code, "file_without_row");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_master_key_or_another_process_is_an_error_and_no_report() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    let other = MasterKeys::new([2; 32], &[]).unwrap();
    let (entropy, now) = (Entropy::system(), Clock::system().now());
    let refused = examine_folder(
        folder.path(),
        other,
        entropy.clone(),
        None,
        (Depth::Sample, now),
    )
    .await;
    assert!(refused.is_err());
    let clock = Clock::system();
    let bounds = StoreBounds::default();
    let running = SqliteStore::open(folder.path(), keys(), clock, entropy.clone(), bounds);
    let running = running.await.unwrap();
    let refused = examine_folder(folder.path(), keys(), entropy, None, (Depth::Sample, now)).await;
    assert!(refused.is_err(), "a gateway has the folder");
    running.close().await;
}
