//! The one writer: group commit.
//!
//! Writes queue up; the writer takes whatever has gathered, runs each in a savepoint of its own inside one transaction, commits
//! (one sync for all), then answers. No timer: the next batch gathers while the last one syncs. A write that fails leaves no
//! trace and does not touch its neighbours; a commit that fails answers all of its batch as [`StoreError::Unavailable`].

use super::{StoreBounds, StoreError};
use crate::clock::Clock;
use crate::fail_point::fail_point;
use crate::store::writing::{CommitObserver, Verdict};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A write at work on the connection.
pub(super) type Working<'c, T> = BoxFuture<'c, Result<Verdict<T>, StoreError>>;

type WorkOf<T> =
    Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> Working<'c, T> + Send + 'static>;

/// A queued write, its type forgotten.
trait Job: Send {
    /// Runs the work; tells whether its changes stay.
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool>;

    /// Answers whoever waits; with the reason when the batch was not committed.
    fn answer(self: Box<Self>, not_committed: Option<&str>);
}

struct Write<T> {
    work: Option<WorkOf<T>>,
    result: Option<Result<T, StoreError>>,
    waiting: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send + 'static> Job for Write<T> {
    fn run<'c>(&'c mut self, connection: &'c mut SqliteConnection) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else {
                return false;
            };
            let outcome = AssertUnwindSafe(async move { work(connection).await })
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    Err(StoreError::Unavailable(
                        "a write ended in a panic; nothing of it was stored".to_owned(),
                    ))
                });
            let (result, stays) = match outcome {
                Ok(Verdict::Keep(value)) => (Ok(value), true),
                Ok(Verdict::Undo(value)) => (Ok(value), false),
                Err(error) => (Err(error), false),
            };
            self.result = Some(result);
            stays
        })
    }

    fn answer(self: Box<Self>, not_committed: Option<&str>) {
        let unavailable = |reason: &str| Err(StoreError::Unavailable(reason.to_owned()));
        let result = match (not_committed, self.result) {
            (Some(reason), _) => unavailable(reason),
            (None, Some(result)) => result,
            (None, None) => unavailable("the write was not run"),
        };
        // Whoever asked may have gone; what was committed stays.
        self.waiting.send(result).ok();
    }
}

/// A handle to the writer task.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    pool: SqlitePool,
    bound: usize,
    observer: Arc<OnceLock<Arc<dyn CommitObserver>>>,
    closing: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task on the one writing connection; it holds the folder's lock until it has ended.
    pub(super) fn start(
        pool: SqlitePool,
        clock: Clock,
        bounds: StoreBounds,
        lock: Arc<File>,
    ) -> Self {
        let bound = bounds.queue.max(1);
        let (queue, jobs) = mpsc::channel(bound);
        let observer = Arc::new(OnceLock::new());
        let closing = CancellationToken::new();
        let task = Task {
            pool: pool.clone(),
            clock,
            batch: bounds.batch.max(1),
            observer: observer.clone(),
            closing: closing.clone(),
        };
        let handle = tokio::spawn(async move {
            task.run(jobs).await;
            drop(lock);
        });
        Self {
            queue,
            pool,
            bound,
            observer,
            closing,
            task: Mutex::new(Some(handle)),
        }
    }

    pub(super) fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.observer.set(observer).ok();
    }

    /// Writes in the queue, for metrics and tests.
    pub(super) fn waiting(&self) -> usize {
        self.bound - self.queue.capacity()
    }

    pub(super) async fn close(&self) {
        self.closing.cancel();
        let task = self.task.lock().take();
        if let Some(task) = task {
            task.await.ok();
        }
    }

    /// Moves what the write-ahead log holds into the database and empties it, between two batches.
    pub(super) async fn empty_log(&self) -> Result<(), StoreError> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Queues a write and waits until it is committed and synced. Dropping the future does not take the write back.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Working<'c, T> + Send + 'static,
    {
        let (waiting, answer) = oneshot::channel();
        let job = Box::new(Write {
            work: Some(Box::new(work)),
            result: None,
            waiting,
        });
        self.queue.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy { bound: self.bound },
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

struct Task {
    pool: SqlitePool,
    clock: Clock,
    batch: usize,
    observer: Arc<OnceLock<Arc<dyn CommitObserver>>>,
    closing: CancellationToken,
}

impl Task {
    async fn run(self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut gathered = Vec::with_capacity(self.batch);
        loop {
            let taken = tokio::select! {
                biased;
                taken = jobs.recv_many(&mut gathered, self.batch) => taken,
                () = self.closing.cancelled(), if !jobs.is_closed() => {
                    jobs.close();
                    continue;
                }
            };
            if taken == 0 {
                break;
            }
            let began = self.clock.instant();
            let committed = self.commit(&mut gathered).await;
            if let Some(observer) = self.observer.get() {
                match &committed {
                    Ok(()) => observer.committed(taken, began.elapsed()),
                    Err(_) => observer.failed(taken),
                }
            }
            let reason = committed.err().map(|e| format!("not committed: {e}"));
            for job in gathered.drain(..) {
                job.answer(reason.as_deref());
            }
            fail_point!("writer.answered");
        }
        self.pool.close().await;
    }

    /// One transaction for the batch. An error inside one write ends at its savepoint; when the savepoint itself is gone (SQLite
    /// took the whole transaction back: disk full, I/O error), the batch fails as one. The connection goes with it: what sqlx
    /// believes of its transactions is not what SQLite knows any more, and no batch could ever begin on it again.
    async fn commit(&self, gathered: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        let committed = write_all(&mut connection, gathered).await;
        if committed.is_err() {
            // The transaction ends with its connection, whatever closing says; the pool opens another.
            connection.close().await.ok();
        }
        committed
    }
}

async fn write_all(
    connection: &mut SqliteConnection,
    gathered: &mut [Box<dyn Job>],
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    fail_point!("writer.begun", crate::fail_point::io_error());
    for job in gathered {
        let mut savepoint = transaction.begin().await?;
        if job.run(&mut savepoint).await {
            savepoint.commit().await?;
        } else {
            savepoint.rollback().await?;
        }
        fail_point!("writer.write_run");
    }
    fail_point!("writer.before_commit", crate::fail_point::io_error());
    transaction.commit().await?;
    fail_point!("writer.committed", crate::fail_point::io_error());
    Ok(())
}
