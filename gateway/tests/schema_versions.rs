//! A store of every version of the schema, opened by the program of today: what was there reads back, and the hall goes on.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a failed step is a failed test"
)]

mod postgres_server;
mod schema_fixtures;

use postgres_server::Schema;
use schema_fixtures::{hall, missing, on_postgres, on_sqlite, path, propose, tables};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::store::SharedStore;
use tongban_gateway::store::postgres::PostgresStore;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{SqliteStore, StoreBounds};

fn keys() -> MasterKeys {
    MasterKeys::new([1; 32], &[]).unwrap()
}

async fn sqlite(folder: &Path) -> SharedStore {
    let at_hand = (Clock::system(), Entropy::system(), StoreBounds::default());
    let store = SqliteStore::open(folder, keys(), at_hand.0, at_hand.1, at_hand.2).await;
    Arc::new(store.unwrap())
}

async fn postgres(schema: &Schema, folder: &Path) -> SharedStore {
    let at_hand = (Clock::system(), Entropy::system(), StoreBounds::default());
    let settings = schema.settings();
    let store =
        PostgresStore::open(&settings, folder, keys(), at_hand.0, at_hand.1, at_hand.2).await;
    Arc::new(store.unwrap())
}

fn none_proposed(proposed: &[String]) {
    assert!(
        proposed.is_empty(),
        "no fixture of these versions was committed; look at what was made, and take .new off its name: {proposed:#?}"
    );
}

#[tokio::test]
async fn every_version_on_sqlite_has_a_fixture() {
    let folder = TempDir::new().unwrap();
    let store = sqlite(folder.path()).await;
    hall::fill(&store).await;
    store.close().await;
    let mut proposed = Vec::new();
    for version in missing(on_sqlite::NAME, &on_sqlite::MIGRATIONS) {
        let text = on_sqlite::written(folder.path(), version).await;
        proposed.push(propose(on_sqlite::NAME, version, &text));
    }
    none_proposed(&proposed);
}

#[tokio::test]
async fn every_version_on_postgres_has_a_fixture() {
    let (folder, schema) = (TempDir::new().unwrap(), Schema::fresh());
    let store = postgres(&schema, folder.path()).await;
    hall::fill(&store).await;
    store.close().await;
    let mut proposed = Vec::new();
    for version in missing(on_postgres::NAME, &on_postgres::MIGRATIONS) {
        let text = on_postgres::written(&schema, folder.path(), version).await;
        proposed.push(propose(on_postgres::NAME, version, &text));
    }
    none_proposed(&proposed);
}

#[tokio::test]
async fn a_store_of_every_version_on_sqlite_goes_on() {
    for migration in on_sqlite::MIGRATIONS.iter() {
        let version = migration.version;
        println!("version {version}");
        let text = std::fs::read_to_string(path(on_sqlite::NAME, version)).unwrap();
        let folder = TempDir::new().unwrap();
        on_sqlite::put_back(folder.path(), version, &text).await;
        let store = sqlite(folder.path()).await;
        hall::goes_on_whole(&store, &tables(&text)).await;
        store.close().await;
    }
}

#[tokio::test]
async fn a_store_of_every_version_on_postgres_goes_on() {
    for migration in on_postgres::MIGRATIONS.iter() {
        let version = migration.version;
        println!("version {version}");
        let text = std::fs::read_to_string(path(on_postgres::NAME, version)).unwrap();
        let (folder, schema) = (TempDir::new().unwrap(), Schema::fresh());
        on_postgres::put_back(&schema, folder.path(), version, &text).await;
        let store = postgres(&schema, folder.path()).await;
        hall::goes_on_whole(&store, &tables(&text)).await;
        store.close().await;
    }
}
