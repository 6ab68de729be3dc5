//! Writes on PostgreSQL: each a transaction of its own on one of a few connections; the server syncs many together.
//!
//! A commit whose answer is lost is not guessed: the transaction's id was asked for at its beginning, and the server says what became
//! of it (`pg_xact_status`) as soon as it can be reached again. A write that was begun ends even when whoever asked has gone.

use super::{StoreBounds, StoreError};
use crate::clock::Clock;
use crate::fail_point::fail_point;
use crate::store::writing::{CommitObserver, Verdict};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Postgres};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Every answer of the server comes within this time: its own time-outs are shorter. A network that went silent is noticed by it.
const SILENT_MAX: Duration = Duration::from_secs(10);
/// A write of many statements takes no longer.
const WORK_MAX: Duration = Duration::from_secs(30);
/// How long the fate of a commit without an answer is asked after.
const FATE_ASKED: Duration = Duration::from_secs(10);
/// Between two such questions.
const FATE_EVERY: Duration = Duration::from_millis(100);
/// Fresh connections that are tried when one turns out to be dead at the beginning of a write.
const CONNECTIONS_TRIED: u32 = 3;

/// A write at work on the connection.
pub(super) type Working<'c, T> = BoxFuture<'c, Result<Verdict<T>, StoreError>>;

/// A handle to the writing connections.
pub(super) struct Writer {
    pool: PgPool,
    clock: Clock,
    bound: usize,
    queue: Arc<Semaphore>,
    observer: Arc<OnceLock<Arc<dyn CommitObserver>>>,
}

/// How a transaction ended.
enum Ended {
    Committed,
    RolledBack,
    /// The connection broke before an answer came.
    Unanswered(sqlx::Error),
}

impl Writer {
    pub(super) fn new(pool: PgPool, clock: Clock, bounds: StoreBounds) -> Self {
        let bound = bounds.queue.max(1);
        Self {
            pool,
            clock,
            bound,
            queue: Arc::new(Semaphore::new(bound)),
            observer: Arc::default(),
        }
    }

    pub(super) fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.observer.set(observer).ok();
    }

    /// Writes that wait or are at work, for metrics and tests.
    pub(super) fn waiting(&self) -> usize {
        self.bound - self.queue.available_permits()
    }

    /// Waits for the writes at work; later ones are refused.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.bound).unwrap_or(u32::MAX);
        if let Ok(permits) = self.queue.acquire_many(all).await {
            permits.forget();
        }
        self.queue.close();
        super::settings::close(&self.pool).await;
    }

    /// Runs a write and waits until it is committed and synced. Dropping the future does not take the write back.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection) -> Working<'c, T> + Send + 'static,
    {
        let permit = Arc::clone(&self.queue)
            .try_acquire_owned()
            .map_err(|e| match e {
                tokio::sync::TryAcquireError::NoPermits => StoreError::Busy { bound: self.bound },
                tokio::sync::TryAcquireError::Closed => closed(),
            })?;
        let (pool, clock) = (self.pool.clone(), self.clock.clone());
        let observer = Arc::clone(&self.observer);
        let running = tokio::spawn(async move {
            let began = clock.instant();
            let result = run(&pool, &clock, permit, work).await;
            if let Some(observer) = observer.get() {
                match &result {
                    Ok(_) => observer.committed(1, began.elapsed()),
                    Err(_) => observer.failed(1),
                }
            }
            result
        });
        running.await.unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// What is said of a server, or a network, that says nothing.
fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(
        std::io::ErrorKind::TimedOut,
        "the database does not answer",
    ))
}

/// An answer of the server, or that it is silent.
async fn answered<T>(
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(SILENT_MAX, asked)
        .await
        .unwrap_or_else(|_| Err(silent()))
}

async fn run<T, F>(
    pool: &PgPool,
    clock: &Clock,
    _queued: OwnedSemaphorePermit,
    work: F,
) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut PgConnection) -> Working<'c, T> + Send + 'static,
{
    let (mut connection, transaction) = begin(pool).await?;
    fail_point!("postgres.begun");
    let working = AssertUnwindSafe(work(&mut connection)).catch_unwind();
    let Ok(outcome) = tokio::time::timeout(WORK_MAX, working).await else {
        // Nobody has said COMMIT: the server ends the transaction with its connection, or by its own time-out.
        connection.close_on_drop();
        return Err(StoreError::Unavailable(silent().to_string()));
    };
    let outcome = outcome.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(
            "a write ended in a panic; nothing of it was stored".to_owned(),
        ))
    });
    let (result, stays) = match outcome {
        Ok(Verdict::Keep(value)) => (Ok(value), true),
        Ok(Verdict::Undo(value)) => (Ok(value), false),
        Err(error) => (Err(error), false),
    };
    fail_point!("postgres.before_end");
    let ended = end(&mut connection, stays).await;
    fail_point!("postgres.ended");
    match ended {
        Ended::Committed | Ended::RolledBack => result,
        Ended::Unanswered(error) => {
            // Whatever this connection still says belongs to a transaction that is given up.
            connection.close_on_drop();
            drop(connection);
            // What was to be taken back is taken back: the server ends the transaction of a connection that is gone.
            if !stays || fate(pool, clock, &transaction).await == Some(true) {
                return result;
            }
            Err(StoreError::Unavailable(format!("not committed: {error}")))
        }
    }
}

/// Begins a transaction and learns its id, in one exchange. A connection that died while it was idle is replaced: nothing was sent
/// that could have had an effect.
async fn begin(pool: &PgPool) -> Result<(PoolConnection<Postgres>, String), StoreError> {
    let mut tried = 0;
    loop {
        let mut connection = pool.acquire().await?;
        let asked: Result<String, sqlx::Error> = answered(async {
            use sqlx::Row;
            sqlx::raw_sql("BEGIN; SELECT CAST(pg_current_xact_id() AS text)")
                .fetch_one(&mut *connection)
                .await?
                .try_get(0)
        })
        .await;
        tried += 1;
        match asked {
            Ok(id) => return Ok((connection, id)),
            Err(error) => {
                connection.close_on_drop();
                if tried >= CONNECTIONS_TRIED {
                    return Err(error.into());
                }
            }
        }
    }
}

async fn end(connection: &mut PoolConnection<Postgres>, stays: bool) -> Ended {
    // COMMIT of a transaction in which a statement failed answers without an error and keeps nothing: the look before it fails then.
    let word = if stays {
        "SELECT 1; COMMIT"
    } else {
        "ROLLBACK"
    };
    match answered(sqlx::raw_sql(word).execute(&mut **connection)).await {
        Ok(_) if stays => Ended::Committed,
        Ok(_) => Ended::RolledBack,
        Err(error) => Ended::Unanswered(error),
    }
}

/// What became of a transaction: committed, rolled back, or `None` when the server did not say in time.
async fn fate(pool: &PgPool, clock: &Clock, transaction: &str) -> Option<bool> {
    let until = clock.instant() + FATE_ASKED;
    loop {
        let asked: Result<Option<String>, sqlx::Error> = answered(
            sqlx::query_scalar("SELECT pg_xact_status(CAST($1 AS xid8))")
                .bind(transaction)
                .fetch_one(pool),
        )
        .await;
        match asked.as_ref().map(|fate| fate.as_deref()) {
            Ok(Some("committed")) => return Some(true),
            Ok(Some("aborted")) => return Some(false),
            // In progress, too old to be known, or not reached: ask again.
            _ if clock.instant() < until => tokio::time::sleep(FATE_EVERY).await,
            _ => return None,
        }
    }
}
