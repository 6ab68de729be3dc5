//! The store on SQLite: one data folder, one process, one writer.
//!
//! Invariants: the folder is locked for as long as the store lives; only the writer task ([`writer`]) ever writes, and it answers
//! after the commit is synced (WAL, `synchronous=FULL`); reads go through a pool of read-only connections opened after it. Every
//! file here is one concern: what a trait promises is written at the trait.

#[macro_use]
mod dialect;
mod copy;
mod integrity_pages;
mod item_code;
mod moving;
#[cfg(test)]
mod tests;
mod together;
mod writer;

// Written once for both databases.
#[path = "../relational/alert.rs"]
mod alert;
#[path = "../relational/api_key.rs"]
mod api_key;
#[path = "../relational/application.rs"]
mod application;
#[path = "../relational/audit.rs"]
mod audit;
#[path = "../relational/binding.rs"]
mod binding;
#[path = "../relational/bucket_sweep.rs"]
mod bucket_sweep;
#[path = "../relational/bulk.rs"]
mod bulk;
#[path = "../relational/bulk_rows.rs"]
mod bulk_rows;
#[path = "../relational/bulk_steps.rs"]
mod bulk_steps;
#[path = "../relational/cargo.rs"]
mod cargo;
#[path = "../relational/case.rs"]
mod case;
#[path = "../relational/changes.rs"]
mod changes;
#[path = "../relational/clock.rs"]
mod clock;
#[path = "../relational/delivery.rs"]
mod delivery;
#[path = "../relational/document.rs"]
mod document;
#[path = "../relational/erase.rs"]
mod erase;
#[path = "../relational/feedback.rs"]
mod feedback;
#[path = "../relational/files.rs"]
mod files;
#[path = "../relational/integrity.rs"]
mod integrity;
#[path = "../relational/integrity_seals.rs"]
mod integrity_seals;
#[path = "../relational/lanes.rs"]
mod lanes;
#[path = "../relational/look.rs"]
mod look;
#[path = "../relational/material.rs"]
mod material;
#[path = "../relational/notification.rs"]
mod notification;
#[path = "../relational/numbers.rs"]
mod numbers;
#[path = "../relational/operator.rs"]
mod operator;
#[path = "../relational/outbox.rs"]
mod outbox;
#[path = "../relational/overview.rs"]
mod overview;
#[path = "../relational/part.rs"]
mod part;
#[path = "../relational/receiving.rs"]
mod receiving;
#[path = "../relational/recomputation.rs"]
mod recomputation;
#[path = "../relational/registry.rs"]
mod registry;
#[path = "../relational/rows.rs"]
mod rows;
#[path = "../relational/scan.rs"]
mod scan;
#[path = "../relational/seal.rs"]
mod seal;
#[path = "../relational/standing.rs"]
mod standing;
#[path = "../relational/submissions.rs"]
mod submissions;
#[path = "../relational/submit.rs"]
mod submit;
#[path = "../relational/subscription.rs"]
mod subscription;
#[path = "../relational/sweep.rs"]
mod sweep;
#[path = "../relational/tasks.rs"]
mod tasks;
#[path = "../relational/unread.rs"]
mod unread;
#[path = "../relational/upload.rs"]
mod upload;
#[path = "../relational/words.rs"]
mod words;

use super::schema::{self, AppliedStep};
use super::sealed::{MasterKeys, Vault};
use super::standing::Standing;
use super::writing::{Verdict, broken, keep, place, undo};
use super::{Store, StoreError};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::store::application::SubmitOutcome;
use crate::store::case::ChangeOutcome;
use crate::store::nodes::{NodeNews, NodeStore, Seen};
use async_trait::async_trait;
use changes::{Changes, Changing};
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
use submissions::Submissions;
use tokio::sync::broadcast;
use words::Words;
use writer::Writer;

pub use super::writing::{CommitObserver, StoreBounds};
pub use copy::{CopiedDatabase, NUMBERS_AHEAD, copy_database};
pub use integrity_pages::examine_folder;
pub use moving::{MOVED_FILE, MoveSource};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Name of the database in the data folder.
pub const DATABASE_FILE: &str = "tongban.sqlite";
/// Name of the lock file in the data folder.
const LOCK_FILE: &str = "tongban.lock";
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// The store on SQLite. Everything of [`Store`]; close it with [`Store::close`] to wait for the last commit and the lock.
pub struct SqliteStore {
    writer: Arc<Writer>,
    submissions: Submissions,
    words: Words,
    changes: Changes,
    readers: SqlitePool,
    vault: Arc<Vault>,
    files: files::MaterialFiles,
    unbound_files: u64,
    /// Whether what is stored begins as pending. Read inside writes.
    scanning: Arc<AtomicBool>,
    standing: Standing,
    lock: Arc<File>,
}

/// The store that the shared concerns are written for.
type DatabaseStore = SqliteStore;

#[async_trait]
impl NodeStore for SqliteStore {
    /// One node does everything.
    async fn claim(&self, _: &'static str) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn release(&self, _: &'static str) -> Result<(), StoreError> {
        Ok(())
    }

    fn seen(&self) -> Option<Seen> {
        None
    }

    async fn registry_revision(&self) -> Result<i64, StoreError> {
        Ok(0)
    }

    fn news(&self) -> Option<broadcast::Receiver<NodeNews>> {
        None
    }

    fn hear_cases_elsewhere(&self, _: bool) {}
}

#[async_trait]
impl Store for SqliteStore {
    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.writer.observe(observer);
    }

    fn waiting_writes(&self) -> usize {
        self.writer.waiting()
            + self.submissions.waiting()
            + self.words.waiting()
            + self.changes.waiting()
    }

    async fn close(&self) {
        self.submissions.close().await;
        self.words.close().await;
        self.changes.close().await;
        self.writer.close().await;
        self.readers.close().await;
        // Nothing reads or writes any more; whoever still holds this store only hears that it is closed.
        self.lock.unlock().ok();
    }
}

impl SqliteStore {
    /// There are no other nodes.
    fn tells_cases(&self) -> bool {
        false
    }

    /// Opens (or creates) the store in `folder`, brings its schema up to date and takes the folder's lock.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when another process has the folder, its hall was moved away, the database cannot be opened, or a
    /// newer program took away what this one needs,
    /// [`StoreError::Sealed`] when the master keys are not the ones it was written with.
    pub async fn open(
        folder: &Path,
        keys: MasterKeys,
        clock: Clock,
        entropy: Entropy,
        bounds: StoreBounds,
    ) -> Result<Self, StoreError> {
        moving::refuse_moved(folder)?;
        Self::open_marked(folder, keys, clock, entropy, bounds).await
    }

    /// The same of a folder whose hall is being moved.
    async fn open_marked(
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
            .statement_cache_capacity(512);
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
        migrate(&writing).await?;
        end_leases(&writing).await?;
        let digest_key =
            registry::digest_key(&mut *writing.acquire().await?, &keys, &entropy).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(bounds.readers.max(1))
            .test_before_acquire(false)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.read_only(true))
            .await?;
        let files = files::MaterialFiles::open(folder).await?;
        let vault = Arc::new(Vault::new(keys, &digest_key, entropy));
        item_code::fill_in(&writing, &vault).await?;
        let writer = Arc::new(Writer::start(writing, clock, bounds, lock.clone()));
        Ok(Self {
            changes: changes::begin(
                Arc::clone(&writer),
                Arc::clone(&vault),
                bounds.queue,
                bounds.batch,
            ),
            words: words::begin(
                Arc::clone(&writer),
                Arc::clone(&vault),
                bounds.queue,
                bounds.batch,
            ),
            submissions: submissions::begin(
                Arc::clone(&writer),
                Arc::clone(&vault),
                bounds.queue,
                bounds.batch,
            ),
            writer,
            readers,
            vault,
            files,
            unbound_files: bounds.unbound_files,
            scanning: Arc::default(),
            standing: Standing::default(),
            lock,
        })
    }

    /// Moves what was written over out of the write-ahead log too, so that nothing that was erased is left in it.
    async fn forget_overwritten(&self) -> Result<(), StoreError> {
        self.writer.empty_log().await
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

    /// The folder's lock tells whether a leaseholder is gone: its name is for people.
    fn leaseholder(&self, worker: &str) -> String {
        worker.to_owned()
    }

    /// Any number: there is one.
    fn poller(&self) -> i64 {
        1
    }

    /// Queues an application with the others that wait.
    async fn commit_application(
        &self,
        prepared: submit::Prepared,
    ) -> Result<SubmitOutcome, StoreError> {
        let committed = self.submissions.commit(prepared).await;
        if let Err(error) = &committed {
            self.standing.failed(error);
        }
        committed
    }

    /// Queues a change of a case with the others that wait.
    async fn changing(&self, changing: Changing) -> Result<ChangeOutcome, StoreError> {
        let outcome = self.changes.commit(changing).await;
        if let Err(error) = &outcome {
            self.standing.failed(error);
        }
        outcome
    }

    /// Queues what an errand says of its delivery with the others that wait.
    async fn say(&self, id: i64, fence: i64, said: words::Said) -> Result<bool, StoreError> {
        let heard = self.words.commit(words::Word { id, fence, said }).await;
        if let Err(error) = &heard {
            self.standing.failed(error);
        }
        heard
    }

    async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Sqlite>, StoreError> {
        Ok(self.readers.acquire().await?)
    }
}

/// Brings the schema up to date. What a newer program added stays.
async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let migrated = schema::known(&MIGRATIONS).run(pool).await;
    migrated.map_err(|e| StoreError::Unavailable(format!("the schema cannot be migrated: {e}")))?;
    let applied: Vec<AppliedStep> = sqlx::query_as(schema::APPLIED).fetch_all(pool).await?;
    schema::refuse_unknown(&applied, &MIGRATIONS, env!("CARGO_PKG_VERSION"))
        .map_err(|e| StoreError::Unavailable(format!("the database is not for this program: {e}")))
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
