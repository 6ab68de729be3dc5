//! The store on SQLite: one data folder, one process, one writer.
//!
//! Invariants: the folder is locked for as long as the store lives; only the writer task ([`writer`]) ever writes, and it answers
//! after the commit is synced (WAL, `synchronous=FULL`); reads go through a pool of read-only connections opened after it. Every
//! file here is one concern: what a trait promises is written at the trait.

mod alert;
mod application;
mod audit;
mod bulk;
mod bulk_rows;
mod bulk_steps;
mod case;
mod clock;
mod copy;
mod delivery;
mod document;
mod erase;
mod feedback;
mod files;
mod integrity;
mod integrity_seals;
mod item_code;
mod leased;
mod material;
mod numbers;
mod operator;
mod outbox;
mod overview;
mod part;
mod registry;
mod rows;
mod scan;
mod standing;
mod submit;
mod sweep;
#[cfg(test)]
mod tests;
mod unread;
mod upload;
mod writer;

use super::sealed::{MasterKeys, Place, Vault, keys};
use super::standing::Standing;
use super::{Store, StoreError};
use crate::clock::Clock;
use crate::entropy::Entropy;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use writer::{Verdict, Writer};

pub use copy::{CopiedDatabase, NUMBERS_AHEAD, copy_database};
pub use integrity::examine_folder;
pub use writer::CommitObserver;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Name of the database in the data folder.
pub const DATABASE_FILE: &str = "tongban.sqlite";
/// Name of the lock file in the data folder.
const LOCK_FILE: &str = "tongban.lock";
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// How much may wait, and how much goes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreBounds {
    /// Writes that may wait for the writer; one more is refused as [`StoreError::Busy`].
    pub queue: usize,
    /// Writes in one commit at most.
    pub batch: usize,
    /// Read connections.
    pub readers: u32,
    /// Unbound files of one client, unfinished ones included; one more is refused as over its cap.
    pub unbound_files: u64,
}

impl Default for StoreBounds {
    fn default() -> Self {
        Self {
            queue: 1024,
            batch: 256,
            readers: 4,
            unbound_files: 1_000,
        }
    }
}

/// The store on SQLite. Everything of [`Store`]; close it with [`SqliteStore::close`] to wait for the last commit and the lock.
pub struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
    vault: Arc<Vault>,
    files: files::MaterialFiles,
    unbound_files: u64,
    /// Whether what is stored begins as pending. Read inside writes.
    scanning: Arc<AtomicBool>,
    standing: Standing,
    lock: Arc<File>,
}

impl Store for SqliteStore {}

impl SqliteStore {
    /// Opens (or creates) the store in `folder`, brings its schema up to date and takes the folder's lock.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another process has the folder or the database cannot be opened,
    /// [`StoreError::Sealed`] when the master keys are not the ones it was written with.
    pub async fn open(
        folder: &Path,
        keys: MasterKeys,
        clock: Clock,
        entropy: Entropy,
        bounds: StoreBounds,
    ) -> Result<Self, StoreError> {
        create_folder(folder)?;
        let lock = Arc::new(lock(folder)?);
        let options = SqliteConnectOptions::new()
            .filename(folder.join(DATABASE_FILE))
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(256);
        let writing = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(
                options
                    .clone()
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .pragma("secure_delete", "ON"),
            )
            .await?;
        MIGRATIONS
            .run(&writing)
            .await
            .map_err(|e| StoreError::Unavailable(format!("the schema cannot be migrated: {e}")))?;
        end_leases(&writing).await?;
        let digest_key = digest_key(&writing, &keys, &entropy).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(bounds.readers.max(1))
            .test_before_acquire(false)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.read_only(true))
            .await?;
        let files = files::MaterialFiles::open(folder).await?;
        let vault = Arc::new(Vault::new(keys, &digest_key, entropy));
        item_code::fill_in(&writing, &vault).await?;
        Ok(Self {
            writer: Writer::start(writing, clock, bounds, lock.clone()),
            readers,
            vault,
            files,
            unbound_files: bounds.unbound_files,
            scanning: Arc::default(),
            standing: Standing::default(),
            lock,
        })
    }

    /// Tells `observer` of every commit from now on; the first observer stays.
    pub fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.writer.observe(observer);
    }

    /// Writes that wait for the writer by now, of [`StoreBounds::queue`].
    #[must_use]
    pub fn waiting_writes(&self) -> usize {
        self.writer.waiting()
    }

    /// Commits what is queued, closes the database and gives the folder free.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
        // Nothing reads or writes any more; whoever still holds this store only hears that it is closed.
        self.lock.unlock().ok();
    }

    /// Queues a write and waits for its commit.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection, &'c Vault) -> writer::Working<'c, T>
            + Send
            + 'static,
    {
        let vault = self.vault.clone();
        let written = self
            .writer
            .write(move |connection| {
                Box::pin(async move { work(connection, vault.as_ref()).await })
            })
            .await;
        if let Err(error) = &written {
            self.standing.failed(error);
        }
        written
    }

    async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, StoreError> {
        Ok(self.readers.acquire().await?)
    }
}

/// Shorthand of the rooms of this store: the answer of a write that stands.
fn keep<T>(value: T) -> Result<Verdict<T>, StoreError> {
    Ok(Verdict::Keep(value))
}

/// Shorthand of the rooms of this store: the answer of a write of which nothing may stay.
fn undo<T>(value: T) -> Result<Verdict<T>, StoreError> {
    Ok(Verdict::Undo(value))
}

fn create_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| {
        StoreError::Unavailable(format!(
            "data folder {} cannot be made: {e}",
            folder.display()
        ))
    })
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK_FILE);
    let refused = |e: &dyn std::fmt::Display| {
        StoreError::Unavailable(format!(
            "data folder {} cannot be locked: {e}; is another tongban running on it?",
            folder.display()
        ))
    };
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| refused(&e))?;
    file.try_lock().map_err(|e| refused(&e))?;
    Ok(file)
}

/// The folder's lock is ours, so whoever held a lease has ended: what it left is due now, not when its lease would have run out. One
/// that had begun a step is asked about first, as after any lease that ended.
async fn end_leases(pool: &SqlitePool) -> Result<(), StoreError> {
    for statement in [
        "UPDATE delivery SET due_at = created_at WHERE state = 'sending'",
        "UPDATE case_record SET poll_leased = 0, poll_at = iif(poll_at IS NULL, NULL, 0) WHERE poll_leased = 1",
    ] {
        sqlx::query(statement).execute(pool).await?;
    }
    Ok(())
}

/// The installation's digest key: made once, kept under the master key, so that digests outlive a change of the master key.
async fn digest_key(
    pool: &SqlitePool,
    masters: &MasterKeys,
    entropy: &Entropy,
) -> Result<[u8; keys::KEY_LEN], StoreError> {
    const NAME: &str = "digest key";
    let place = registry::secret_place(NAME);
    let fresh = entropy
        .bytes::<{ keys::KEY_LEN }>()
        .map_err(|e| StoreError::Unavailable(e.to_string()))?;
    let sealed = keys::wrap(masters, &place, &fresh, entropy)?;
    sqlx::query(
        "INSERT INTO installation_secret (name, secret) VALUES (?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(NAME)
    .bind(sealed)
    .execute(pool)
    .await?;
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT secret FROM installation_secret WHERE name = ?")
            .bind(NAME)
            .fetch_one(pool)
            .await?;
    registry::secret_bytes(keys::unwrap(masters, &place, &stored)?.as_slice(), &place)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A stored row that cannot be read: a programming or administration fault, named without its content.
fn broken(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    reason: impl ToString,
) -> StoreError {
    StoreError::Inconsistent {
        table,
        column,
        row: row.to_string(),
        reason: reason.to_string(),
    }
}

/// The place of a column of this store's tables.
fn place(table: &'static str, column: &'static str, row: &[&[u8]]) -> Place {
    Place::new(table, column, row)
}
