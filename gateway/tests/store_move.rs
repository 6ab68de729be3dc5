//! A hall's rows moved from SQLite to a real PostgreSQL server: what is refused, what an interruption leaves, what stays as it is.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

mod postgres_server;

use postgres_server::Schema;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::collections::BTreeSet;
use std::path::Path;
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::store::moving::{Beginning, MoveError, Moved, move_rows};
use tongban_gateway::store::postgres::{MoveTarget, PostgresStore};
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{
    DATABASE_FILE, MOVED_FILE, MoveSource, SqliteStore, StoreBounds,
};
use tongban_gateway::store::{Store, StoreError};

/// An id of March 2021: rows that came from elsewhere once.
const LONG_PAST: i64 = (14 << 40) + 7;

fn keys() -> MasterKeys {
    MasterKeys::new([1; 32], &[]).unwrap()
}

async fn sqlite(folder: &Path) -> Result<SqliteStore, StoreError> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    SqliteStore::open(folder, keys(), clock, entropy, StoreBounds::default()).await
}

async fn postgres(schema: &Schema, folder: &Path) -> Result<PostgresStore, StoreError> {
    let (clock, entropy, settings) = (Clock::system(), Entropy::system(), schema.settings());
    PostgresStore::open(
        &settings,
        folder,
        keys(),
        clock,
        entropy,
        StoreBounds::default(),
    )
    .await
}

/// A folder with rows of every kind of key: numbers, words, bytes, several, none.
async fn hall() -> TempDir {
    let folder = TempDir::new().unwrap();
    sqlite(folder.path()).await.unwrap().close().await;
    let mut connection = raw(folder.path()).await;
    for statement in [
        "INSERT INTO application (id, uid, application_no, parties, channel, submitted_at) VALUES (3, x'01', 'A-3', x'00ff', 'web', -1)",
        "INSERT INTO idempotency VALUES (x'00', 3), (x'ff', 3)",
        "INSERT INTO case_record (id, case_id, application_id, case_no, organisation_id, submission, folded, state, rev, last_seq, item_code)
            VALUES (5, x'05', 3, 'A-3', '机关', x'', x'01', 'accepted', 1, 2, 'i')",
        "INSERT INTO case_event (case_id, seq, kind, received_at, event) VALUES (5, 1, 'submitted', 1, x'01'), (5, 2, 'accepted', 2, x'02')",
        "INSERT INTO delivery (id, case_id, system_id, operation, state, turn, due_at, worker, created_at)
            VALUES (8, 5, 's', 'submit', 'sending', 1, 900, 'worker-1', 100)",
        "INSERT INTO number_serial VALUES ('Z', 2), ('a', 1), ('é', 3), ('件', 4)",
        "INSERT INTO number_floor VALUES ('260101', '260102', 5000), ('260201', '260202', 5000)",
        "INSERT INTO api_key VALUES ('0a', x'00ff', 'operator', '', 1, 1, 2, NULL, NULL, 9, 1, x'01')",
        "INSERT INTO item_version VALUES ('i', 1, '{}'), ('i', 2, '{\"名\":1}')",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    for id in [1, 2, LONG_PAST] {
        sqlx::query(
            "INSERT INTO audit (id, at, actor_kind, action, target, organisation_id, request_id, outcome, content)
             VALUES ($1, 1, 'k', 'a', 't', 'o', 'r', 'ok', x'00')",
        )
        .bind(id)
        .execute(&mut connection)
        .await
        .unwrap();
    }
    // One is sealed already: it waits for nothing.
    for statement in [
        "DELETE FROM audit_unsealed WHERE audit_id = 1",
        "INSERT INTO audit_leaf VALUES (1, 0, 1, x'aa')",
        "UPDATE audit_sealing SET placed = 1",
    ] {
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    folder
}

async fn raw(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join(DATABASE_FILE));
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// Moves all rows, as far as the caller's last word.
async fn moved(
    folder: &Path,
    schema: &Schema,
    batch: u32,
) -> Result<(Moved, MoveTarget), MoveError> {
    let mut target = MoveTarget::open(&schema.settings(), Clock::system()).await?;
    let at_hand = (Clock::system(), Entropy::system());
    let mut source = MoveSource::open(folder, keys(), at_hand, "there", batch).await?;
    let rows = move_rows(&mut source, &mut target, &mut |_| ()).await;
    source.close().await;
    Ok((rows?, target))
}

fn refusal<T>(result: Result<T, impl std::fmt::Display>) -> String {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn every_table_arrives_as_it_was_and_numbers_go_on() {
    let (folder, schema) = (hall().await, Schema::fresh());
    let (rows, target) = moved(folder.path(), &schema, 2).await.unwrap();
    assert_eq!(rows.beginning, Beginning::New);
    let tables: BTreeSet<String> = rows.tables.iter().map(|t| t.table.clone()).collect();
    let mut source = raw(folder.path()).await;
    let all: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('_sqlx_migrations', 'store_trial')",
    )
    .fetch_all(&mut source)
    .await
    .unwrap();
    assert_eq!(tables, all.into_iter().collect());
    target.finish().await.unwrap();
    let mut there = schema.connection().await;
    let unsealed: Vec<i64> = sqlx::query_scalar("SELECT audit_id FROM audit_unsealed ORDER BY 1")
        .fetch_all(&mut there)
        .await
        .unwrap();
    assert_eq!(
        unsealed,
        [2, LONG_PAST],
        "no trigger doubled what was moved"
    );
    let history: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT tableoid::regclass::text FROM audit ORDER BY 1")
            .fetch_all(&mut there)
            .await
            .unwrap();
    assert_eq!(history, ["audit_2020_01", "audit_2021_03"]);
    let next: i64 =
        sqlx::query_scalar("SELECT nextval(pg_get_serial_sequence('application', 'id'))")
            .fetch_one(&mut there)
            .await
            .unwrap();
    assert_eq!(next, 4);
    let nobodys: (String, i64) = sqlx::query_as("SELECT worker, due_at FROM delivery WHERE id = 8")
        .fetch_one(&mut there)
        .await
        .unwrap();
    assert_eq!(
        nobodys,
        ("0/moved".to_owned(), 100),
        "due at once, nobody's"
    );
    // A gateway opens it with the same keys, and writes on.
    let files = TempDir::new().unwrap();
    let store = postgres(&schema, files.path()).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn no_gateway_opens_either_side_of_a_move_half_done() {
    let (folder, schema) = (hall().await, Schema::fresh());
    let (_, target) = moved(folder.path(), &schema, 100).await.unwrap();
    drop(target);
    let there = refusal(postgres(&schema, folder.path()).await);
    assert!(there.contains("being moved"), "{there}");
    let here = refusal(sqlite(folder.path()).await);
    assert!(here.contains("half-way"), "{here}");
    let (again, target) = moved(folder.path(), &schema, 100).await.unwrap();
    assert_eq!((again.beginning, again.copied), (Beginning::Resumed, 0));
    drop(target);
    // Who takes the mark away serves on here; then nothing that was moved is believed.
    std::fs::remove_file(folder.path().join(MOVED_FILE)).unwrap();
    sqlite(folder.path()).await.unwrap().close().await;
    let mut connection = raw(folder.path()).await;
    sqlx::query("UPDATE case_record SET state = 'closed'")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let (anew, target) = moved(folder.path(), &schema, 100).await.unwrap();
    assert_eq!(anew.beginning, Beginning::Anew);
    target.finish().await.unwrap();
    let mut there = schema.connection().await;
    let state: String = sqlx::query_scalar("SELECT state FROM case_record")
        .fetch_one(&mut there)
        .await
        .unwrap();
    assert_eq!(state, "closed");
}

#[tokio::test]
async fn a_target_that_is_used_and_a_source_that_is_served_are_refused() {
    let (folder, schema) = (hall().await, Schema::fresh());
    let served = sqlite(folder.path()).await.unwrap();
    let words = refusal(moved(folder.path(), &schema, 10).await);
    assert!(words.contains("is another tongban running"), "{words}");
    served.close().await;
    let other = TempDir::new().unwrap();
    postgres(&schema, other.path()).await.unwrap().close().await;
    let words = refusal(moved(folder.path(), &schema, 10).await);
    assert!(words.contains("not empty"), "{words}");
    let another = Schema::fresh();
    let (_, target) = moved(hall().await.path(), &another, 10).await.unwrap();
    drop(target);
    let words = refusal(moved(folder.path(), &another, 10).await);
    assert!(words.contains("another hall"), "{words}");
}

#[tokio::test]
async fn a_changed_a_missing_and_an_added_row_are_named() {
    let (folder, schema) = (hall().await, Schema::fresh());
    let (_, target) = moved(folder.path(), &schema, 3).await.unwrap();
    drop(target);
    let mut there = schema.connection().await;
    for statement in [
        "UPDATE case_event SET event = '\\x03' WHERE seq = 2",
        "DELETE FROM number_serial WHERE stem = 'é'",
        "INSERT INTO item_version VALUES ('j', 1, '{}')",
    ] {
        sqlx::query(statement).execute(&mut there).await.unwrap();
    }
    let words = refusal(moved(folder.path(), &schema, 3).await);
    for named in [
        "case_event: ",
        "5 2 differs in event",
        "é is missing",
        "item_version: 2 rows",
        ", 3 with",
    ] {
        assert!(words.contains(named), "{named}: {words}");
    }
    assert!(!words.contains("application:"), "{words}");
    let refused = refusal(postgres(&schema, folder.path()).await);
    assert!(refused.contains("being moved"), "{refused}");
}
