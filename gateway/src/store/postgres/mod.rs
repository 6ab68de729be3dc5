//! The store on PostgreSQL: many nodes, one database.
//!
//! Invariants: every write is one transaction of its own, answered after its commit; a commit whose answer was lost is looked up by
//! its transaction id and never guessed ([`writer`]); whoever changes a row has locked it, the case before its deliveries. History
//! (events, attempts, audit) lies in partitions by month that the program makes ahead ([`partitions`]). Sealed files lie in the
//! data folder, which all nodes share. Every file of `store/relational` is one concern: what a trait promises is written at the
//! trait.

#[macro_use]
mod dialect;
mod belief;
mod integrity_pages;
mod moving;
mod news;
mod partitions;
mod presence;
mod settings;
mod sync;
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
use super::writing::{CommitObserver, StoreBounds, Verdict, broken, keep, place, undo};
use super::{Store, StoreError};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::store::application::SubmitOutcome;
use crate::store::case::ChangeOutcome;
use crate::store::nodes::{NodeNews, NodeStore, Seen};
use async_trait::async_trait;
use changes::{Changes, Changing};
use news::Hearing;
use presence::Presence;
use sqlx::PgConnection;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use submissions::Submissions;
use tokio::sync::broadcast;
use words::Words;
use writer::Writer;

pub use moving::MoveTarget;
pub use settings::PostgresSettings;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The store that the shared concerns are written for.
type DatabaseStore = PostgresStore;

/// The store on PostgreSQL. Everything of [`Store`]; close it with [`Store::close`] to wait for the last commit.
pub struct PostgresStore {
    writer: Arc<Writer>,
    submissions: Submissions,
    words: Words,
    changes: Changes,
    presence: Presence,
    hearing: Hearing,
    readers: PgPool,
    vault: Arc<Vault>,
    files: files::MaterialFiles,
    unbound_files: u64,
    standing: Standing,
    /// Whether what is stored begins as pending. Read inside writes.
    scanning: Arc<AtomicBool>,
}

/// One node migrates while the others wait for as long as that takes. What a newer one added stays.
async fn migrate(options: PgConnectOptions) -> Result<(), StoreError> {
    let patient = options.options([
        ("statement_timeout", settings::MIGRATION_TIMEOUT),
        ("lock_timeout", settings::MIGRATION_TIMEOUT),
    ]);
    let pool = settings::pool(patient, 1, settings::WRITER_ACQUIRE_TIMEOUT).await?;
    let migrated = schema::known(&MIGRATIONS).run(&pool).await;
    migrated.map_err(|e| StoreError::Unavailable(format!("the schema cannot be migrated: {e}")))?;
    let applied: Vec<AppliedStep> = sqlx::query_as(schema::APPLIED).fetch_all(&pool).await?;
    pool.close().await;
    schema::refuse_unknown(&applied, &MIGRATIONS, env!("CARGO_PKG_VERSION"))
        .map_err(|e| StoreError::Unavailable(format!("the database is not for this program: {e}")))
}

#[async_trait]
impl Store for PostgresStore {
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
        self.hearing.close();
        self.submissions.close().await;
        self.words.close().await;
        self.changes.close().await;
        self.writer.close().await;
        self.presence.close().await;
        settings::close(&self.readers).await;
    }
}

#[async_trait]
impl NodeStore for PostgresStore {
    async fn claim(&self, work: &'static str) -> Result<bool, StoreError> {
        self.presence.claim(work).await
    }

    async fn release(&self, work: &'static str) -> Result<(), StoreError> {
        self.presence.release(work).await
    }

    fn seen(&self) -> Option<Seen> {
        Some(self.presence.seen())
    }

    async fn registry_revision(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT revision FROM registry_revision")
            .fetch_one(&mut *self.reader().await?)
            .await?)
    }

    fn news(&self) -> Option<broadcast::Receiver<NodeNews>> {
        Some(self.hearing.subscribe())
    }

    fn hear_cases_elsewhere(&self, elsewhere: bool) {
        self.presence.hear_cases_elsewhere(elsewhere);
    }
}

impl PostgresStore {
    /// Connects, brings the schema up to date (one node at a time: the others wait for its lock) and makes the partitions of this
    /// month and the next ones. `folder` holds the sealed files and is the same for all nodes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached or migrated, a newer program took away what this one needs, or a
    /// hall is half-way into it, [`StoreError::Sealed`] when the master keys are not the ones it was written with.
    pub async fn open(
        settings: &PostgresSettings,
        folder: &Path,
        keys: MasterKeys,
        clock: Clock,
        entropy: Entropy,
        bounds: StoreBounds,
    ) -> Result<Self, StoreError> {
        let options = settings.options()?;
        let writing = settings::pool(
            // Few statements, always by the same index: planned once a connection.
            options
                .clone()
                .options([("plan_cache_mode", "force_generic_plan")]),
            settings.writers.max(1),
            settings::WRITER_ACQUIRE_TIMEOUT,
        )
        .await?;
        let readers = settings::pool(
            options
                .clone()
                .options([("default_transaction_read_only", "on")]),
            settings.readers.max(1),
            settings::READER_ACQUIRE_TIMEOUT,
        )
        .await?;
        settings.make_schema(&writing).await?;
        migrate(options.clone()).await?;
        let digest_key = {
            let mut connection = writing.acquire().await?;
            moving::refuse_unfinished(&mut connection).await?;
            partitions::make_ahead(&mut connection).await?;
            registry::digest_key(&mut connection, &keys, &entropy).await?
        };
        let files = files::MaterialFiles::open(folder).await?;
        let vault = Arc::new(Vault::new(keys, &digest_key, entropy));
        let node = settings.node.clone().unwrap_or_else(settings::host_name);
        let writer = Arc::new(Writer::new(writing, clock.clone(), bounds));
        let presence = Presence::begin(options, clock.clone(), node, settings.lease).await?;
        Ok(Self {
            hearing: Hearing::begin(readers.clone(), &settings.schema),
            presence,
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
            standing: Standing::default(),
            scanning: Arc::default(),
        })
    }

    /// Runs a write in a transaction of its own and waits for its commit.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection, &'c Vault) -> writer::Working<'c, T>
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

    /// Whether a changed case is told to other nodes: not while all of them hear of it elsewhere.
    fn tells_cases(&self) -> bool {
        self.presence.tells_cases()
    }

    /// The name under which this node leases: others can tell whether it is still there.
    fn leaseholder(&self, worker: &str) -> String {
        format!("{}/{worker}", self.presence.instance())
    }

    /// The number under which it polls.
    fn poller(&self) -> i64 {
        self.presence.instance()
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

    async fn reader(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// What was written over is the server's to forget: its vacuum and the archive of its log (docs/operations/cluster.md).
    async fn forget_overwritten(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
