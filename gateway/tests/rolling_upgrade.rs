//! A program beside the next version of itself: what the next one adds to the database, while this one serves, does not disturb it, nor
//! keep it from being started again; what it takes away does, by name.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a failed step is a failed test"
)]

mod postgres_server;
mod schema_fixtures;

use postgres_server::Schema;
use schema_fixtures::{hall, on_postgres, on_sqlite, path, tables};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, SqlSafeStr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::store::conformance::samples::{application, submitted};
use tongban_gateway::store::postgres::PostgresStore;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{SqliteStore, StoreBounds};
use tongban_gateway::store::{SharedStore, StoreError};

/// What a next version may do to tables that this one reads and writes.
const ADDED: &str = "ALTER TABLE application ADD COLUMN next_word TEXT;
    ALTER TABLE case_record ADD COLUMN next_number BIGINT NOT NULL DEFAULT 7;
    ALTER TABLE case_event ADD COLUMN next_number BIGINT NOT NULL DEFAULT 7;
    ALTER TABLE delivery ADD COLUMN next_number BIGINT NOT NULL DEFAULT 7;
    ALTER TABLE audit ADD COLUMN next_word TEXT;
    ALTER TABLE material ADD COLUMN next_word TEXT;
    UPDATE delivery SET next_number = 8;
    CREATE TABLE next_table (id BIGINT PRIMARY KEY, case_id BIGINT REFERENCES case_record (id));
    DROP INDEX case_application;
    CREATE INDEX case_application ON case_record (application_id, next_number);";

/// The same in SQLite's words.
fn added_to_sqlite() -> String {
    ADDED.replace("BIGINT", "INTEGER")
}

fn keys() -> MasterKeys {
    MasterKeys::new([1; 32], &[]).unwrap()
}

/// The migrations of today and these ones of versions to come.
fn next(today: &Migrator, more: &[(&'static str, String)]) -> Migrator {
    let mut all: Vec<Migration> = today.iter().cloned().collect();
    for (number, (name, sql)) in (9_001..).zip(more) {
        let sql = AssertSqlSafe(sql.clone()).into_sql_str();
        all.push(Migration::new(
            number,
            (*name).into(),
            MigrationType::Simple,
            sql,
            false,
        ));
    }
    Migrator::with_migrations(all)
}

async fn postgres(schema: &Schema, folder: &Path) -> Result<SharedStore, StoreError> {
    let (settings, bounds) = (schema.settings(), StoreBounds::default());
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let store = PostgresStore::open(&settings, folder, keys(), clock, entropy, bounds).await?;
    Ok(Arc::new(store))
}

async fn sqlite(folder: &Path) -> Result<SharedStore, StoreError> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let store = SqliteStore::open(folder, keys(), clock, entropy, StoreBounds::default()).await?;
    Ok(Arc::new(store))
}

fn taken_away() -> (&'static str, String) {
    let sql = "-- contract: since 9.0.0 nothing reads store_trial\nDROP TABLE store_trial;";
    ("contract since 9 0 0 trials", sql.to_owned())
}

fn refusal(opened: Result<SharedStore, StoreError>) -> String {
    match opened {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_node_on_postgres_serves_on_while_the_next_version_migrates_and_starts_again_after_it() {
    let (folder, schema) = (TempDir::new().unwrap(), Schema::fresh());
    let newest = on_postgres::MIGRATIONS.iter().last().unwrap().version;
    let text = std::fs::read_to_string(path(on_postgres::NAME, newest)).unwrap();
    on_postgres::put_back(&schema, folder.path(), newest, &text).await;
    // It has read and written everything before, so its statements are prepared for the schema as it was.
    let store = postgres(&schema, folder.path()).await.unwrap();
    hall::goes_on_whole(&store, &tables(&text)).await;
    let stop = Arc::new(AtomicBool::new(false));
    let intake = tokio::spawn({
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        async move {
            let mut taken = 0;
            while !stop.load(Ordering::Acquire) {
                submitted(&store, application()).await;
                taken += 1;
            }
            taken
        }
    });
    let mut connection = schema.connection().await;
    let added = ("more", ADDED.to_owned());
    let migrated = next(&on_postgres::MIGRATIONS, std::slice::from_ref(&added));
    migrated.run(&mut connection).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    stop.store(true, Ordering::Release);
    let taken: i64 = intake.await.unwrap();
    let filled: i64 = sqlx::query_scalar("SELECT count(*) FROM case_record WHERE next_number = 7")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(taken > 0);
    assert_eq!(
        filled,
        taken + 4,
        "what it writes has the new columns' defaults"
    );
    hall::still_reads(&store).await;
    store.close().await;
    let again = postgres(&schema, folder.path()).await.unwrap();
    hall::still_reads(&again).await;
    submitted(&again, application()).await;
    again.close().await;
    let migrated = next(&on_postgres::MIGRATIONS, &[added, taken_away()]);
    migrated.run(&mut connection).await.unwrap();
    let words = refusal(postgres(&schema, folder.path()).await);
    assert!(words.contains("use 9.0.0 or newer"), "{words}");
}

#[tokio::test]
async fn a_program_on_sqlite_goes_back_to_what_the_next_version_added_to_and_not_to_what_it_took_from()
 {
    let folder = TempDir::new().unwrap();
    let newest = on_sqlite::MIGRATIONS.iter().last().unwrap().version;
    let text = std::fs::read_to_string(path(on_sqlite::NAME, newest)).unwrap();
    on_sqlite::put_back(folder.path(), newest, &text).await;
    let added = ("more", added_to_sqlite());
    let mut connection = on_sqlite::raw(folder.path()).await;
    let migrated = next(&on_sqlite::MIGRATIONS, std::slice::from_ref(&added));
    migrated.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = sqlite(folder.path()).await.unwrap();
    hall::goes_on(&store, &tables(&text)).await;
    store.close().await;
    let mut connection = on_sqlite::raw(folder.path()).await;
    let migrated = next(&on_sqlite::MIGRATIONS, &[added, taken_away()]);
    migrated.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let words = refusal(sqlite(folder.path()).await);
    assert!(words.contains("use 9.0.0 or newer"), "{words}");
}
