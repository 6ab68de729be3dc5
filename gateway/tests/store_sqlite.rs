//! The conformance suite on SQLite: one test a case.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

use async_trait::async_trait;
use parking_lot::Mutex;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::store::conformance::Subject;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{DATABASE_FILE, SqliteStore, StoreBounds};
use tongban_gateway::store::{SharedStore, Store};

/// A store in a folder of its own.
struct OnSqlite {
    folder: TempDir,
    store: Mutex<Arc<SqliteStore>>,
}

async fn open(folder: &TempDir) -> Arc<SqliteStore> {
    let keys = MasterKeys::new([1; 32], &[]).unwrap();
    let store = SqliteStore::open(
        folder.path(),
        keys,
        Clock::system(),
        Entropy::system(),
        StoreBounds::default(),
    );
    Arc::new(store.await.unwrap())
}

async fn on_sqlite() -> OnSqlite {
    let folder = TempDir::new().unwrap();
    let store = Mutex::new(open(&folder).await);
    OnSqlite { folder, store }
}

#[async_trait]
impl Subject for OnSqlite {
    fn store(&self) -> SharedStore {
        self.store.lock().clone()
    }

    async fn reopened(&self) -> SharedStore {
        let old = self.store.lock().clone();
        old.close().await;
        let new = open(&self.folder).await;
        *self.store.lock() = new.clone();
        new
    }

    async fn serials_drawn(&self, stem: &str, last: i64) {
        let options = SqliteConnectOptions::new()
            .filename(self.folder.path().join(DATABASE_FILE))
            .busy_timeout(Duration::from_secs(5));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("INSERT INTO number_serial (stem, last) VALUES (?, ?)")
            .bind(stem)
            .bind(last)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}

tongban_gateway::store_conformance!(on_sqlite().await);
