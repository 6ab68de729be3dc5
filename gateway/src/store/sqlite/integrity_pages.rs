//! What only SQLite can tell of itself: damaged pages, the schema against a fresh one; and the examination of a folder at rest.

use super::files::FilePlace;
use super::integrity::{Examined, examine};
use super::{DATABASE_FILE, MIGRATIONS, StoreError, Vault, lock, registry};
use crate::entropy::Entropy;
use crate::store::bucket::Bucket;
use crate::store::integrity::{Depth, IntegrityReport, Tally};
use crate::store::sealed::{MasterKeys, keys};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Examines a data folder that no gateway runs on, under its lock and without changing anything in it. `bucket`: where its files lie,
/// when not in the folder.
///
/// # Errors
/// [`StoreError::Unavailable`] when another process has the folder or there is no database in it, [`StoreError::Sealed`] when the
/// master keys are not the ones it was written with.
pub async fn examine_folder(
    folder: &Path,
    masters: MasterKeys,
    entropy: Entropy,
    bucket: Option<Arc<Bucket>>,
    (depth, now): (Depth, Timestamp),
) -> Result<IntegrityReport, StoreError> {
    let file = folder.join(DATABASE_FILE);
    if !file.exists() {
        let words = format!("there is no database {}", file.display());
        return Err(StoreError::Unavailable(words));
    }
    super::moving::refuse_moved(folder)?;
    let _lock = lock(folder)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(2)
        .connect_with(SqliteConnectOptions::new().filename(file).read_only(true))
        .await?;
    let place = registry::secret_place("digest key");
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT secret FROM installation_secret WHERE name = 'digest key'")
            .fetch_one(&readers)
            .await?;
    let digest_key = registry::secret_bytes(&keys::unwrap(&masters, &place, &stored)?, &place)?;
    let vault = Arc::new(Vault::new(masters, &digest_key, entropy));
    let place = FilePlace {
        folder: folder.join("materials"),
        bucket,
    };
    let report = examine(readers.clone(), vault, place, depth, now).await;
    readers.close().await;
    report
}

impl Examined {
    pub(super) async fn pages(&mut self) -> Result<(), StoreError> {
        let look = match self.depth {
            Depth::Sample => "PRAGMA quick_check(20)",
            Depth::Everything => "PRAGMA integrity_check(20)",
        };
        let lines: Vec<String> = sqlx::query_scalar(look)
            .fetch_all(&mut *self.connection)
            .await?;
        let mut damaged = Tally::default();
        for line in lines.iter().filter(|line| *line != "ok") {
            damaged.add(line);
        }
        self.fault(damaged.into_fault("pages_damaged"));
        let rows = sqlx::query("PRAGMA foreign_key_check")
            .fetch_all(&mut *self.connection)
            .await?;
        let mut dangling = Tally::default();
        for row in &rows {
            let (table, id): (String, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
            let id = id.map_or_else(String::new, |id| format!(" {id}"));
            dangling.add(format!("{table}{id} -> {}", row.try_get::<String, _>(2)?));
        }
        self.fault(dangling.into_fault("dangling_reference"));
        Ok(())
    }

    /// Tables and indexes against those that the migrations make.
    pub(super) async fn schema(&mut self) -> Result<(), StoreError> {
        let fresh = SqlitePoolOptions::new()
            .max_connections(1)
            .connect("sqlite::memory:")
            .await?;
        MIGRATIONS
            .run(&fresh)
            .await
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        let wanted = objects(&mut *fresh.acquire().await?).await?;
        let found = objects(&mut self.connection).await?;
        fresh.close().await;
        let (mut missing, mut other) = (Tally::default(), Tally::default());
        for (name, sql) in &wanted {
            match found.get(name) {
                None => missing.add(name),
                Some(found) if found != sql => other.add(name),
                Some(_) => {}
            }
        }
        self.fault(missing.into_fault("schema_missing"));
        self.fault(other.into_fault("schema_differs"));
        let mut more = Tally::default();
        for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
            more.add(name);
        }
        self.report.notices.extend(more.into_fault("schema_more"));
        Ok(())
    }
}

async fn objects(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<String, String>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
         AND name <> '_sqlx_migrations'",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}
