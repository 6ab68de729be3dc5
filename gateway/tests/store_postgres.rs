//! The conformance suite on PostgreSQL: one test a case, each in a schema of its own on a real server.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

mod postgres_server;

use async_trait::async_trait;
use parking_lot::Mutex;
use postgres_server::Schema;
use std::sync::Arc;
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::store::conformance::Subject;
use tongban_gateway::store::postgres::PostgresStore;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::writing::StoreBounds;
use tongban_gateway::store::{SharedStore, Store};

/// A store in a schema and a folder of its own. The store goes before the schema.
struct OnPostgres {
    store: Mutex<Arc<PostgresStore>>,
    folder: TempDir,
    schema: Schema,
}

async fn open(schema: &Schema, folder: &TempDir) -> Arc<PostgresStore> {
    let keys = MasterKeys::new([1; 32], &[]).unwrap();
    let settings = schema.settings();
    let store = PostgresStore::open(
        &settings,
        folder.path(),
        keys,
        Clock::system(),
        Entropy::system(),
        StoreBounds::default(),
    );
    Arc::new(store.await.unwrap())
}

async fn on_postgres() -> OnPostgres {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let store = Mutex::new(open(&schema, &folder).await);
    OnPostgres {
        store,
        folder,
        schema,
    }
}

#[async_trait]
impl Subject for OnPostgres {
    fn store(&self) -> SharedStore {
        self.store.lock().clone()
    }

    async fn reopened(&self) -> SharedStore {
        let old = self.store.lock().clone();
        old.close().await;
        let new = open(&self.schema, &self.folder).await;
        *self.store.lock() = new.clone();
        new
    }

    async fn serials_drawn(&self, stem: &str, last: i64) {
        let mut connection = self.schema.connection().await;
        sqlx::query("INSERT INTO number_serial (stem, last) VALUES ($1, $2)")
            .bind(stem)
            .bind(last)
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

tongban_gateway::store_conformance!(on_postgres().await);
