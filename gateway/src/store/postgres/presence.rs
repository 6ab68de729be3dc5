//! A node's sign of life: who is there, who does what, and what those who are gone have left.
//!
//! Every node has a row that it renews every third of the lease on a connection of its own. Whose row ran out is gone for all others,
//! at whatever it was: its deliveries and polls are due at once, its claims are free. A node that was only stopped finds its row run
//! out when it goes on, and comes back as a new one; what it still sends is told from new by the fence of each delivery. Time is the
//! database's own, so nodes with wrong clocks agree.

use super::belief::{Belief, Known};
use super::{partitions, settings};
use crate::clock::Clock;
use crate::store::StoreError;
use crate::store::nodes::Seen;
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgPool};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the coming months have their partitions.
const PARTITIONS_EVERY: Duration = Duration::from_secs(3_600);
/// Rows of nodes that are gone for longer are removed.
const GONE_KEPT_US: i64 = 24 * 3_600 * 1_000_000;

/// The database's clock in microseconds.
macro_rules! server_now {
    () => {
        "CAST(extract(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)"
    };
}

const REGISTER: &str = concat!(
    "INSERT INTO node (name, alive_until) VALUES ($1, ",
    server_now!(),
    " + $2) RETURNING instance"
);

const RENEW: &str = concat!(
    "UPDATE node SET hears_elsewhere = $3, alive_until = ",
    server_now!(),
    " + $2 WHERE instance = $1 AND alive_until > ",
    server_now!()
);

/// Nodes that hear of changed cases by the database alone. A node that ran out may only have been stopped: it looks for itself when it
/// comes back.
const LISTENERS: &str = concat!(
    "SELECT count(*) FROM node WHERE NOT hears_elsewhere AND alive_until > ",
    server_now!()
);

const CLAIM: &str = concat!(
    "INSERT INTO claim (work, instance) VALUES ($1, $2)
     ON CONFLICT (work) DO UPDATE SET instance = excluded.instance
     WHERE claim.instance = excluded.instance
        OR NOT EXISTS (SELECT 1 FROM node n WHERE n.instance = claim.instance AND n.alive_until > ",
    server_now!(),
    ") RETURNING work"
);

/// Passing over what others have locked: they are about to change it anyway.
const GIVE_BACK: [&str; 2] = [
    concat!(
        "UPDATE delivery SET due_at = created_at WHERE id IN (SELECT d.id FROM delivery d
             WHERE d.state = 'sending' AND d.due_at <> d.created_at AND NOT EXISTS (SELECT 1 FROM node n
                 WHERE n.instance = CAST(split_part(d.worker, '/', 1) AS bigint) AND n.alive_until > ",
        server_now!(),
        ") FOR NO KEY UPDATE SKIP LOCKED)"
    ),
    concat!(
        "UPDATE case_record SET poll_leased = 0, poll_at = CASE WHEN poll_at IS NULL THEN NULL ELSE 0 END
         WHERE id IN (SELECT c.id FROM case_record c WHERE c.poll_leased <> 0 AND NOT EXISTS (SELECT 1 FROM node n
             WHERE n.instance = c.poll_leased AND n.alive_until > ",
        server_now!(),
        ") FOR NO KEY UPDATE SKIP LOCKED)"
    ),
];

const FORGET: &str = concat!(
    "DELETE FROM node WHERE alive_until < ",
    server_now!(),
    " - $1"
);

/// The question got no answer within a lease: by then the others have what this node had.
fn silent() -> StoreError {
    StoreError::Unavailable("the database does not answer".to_owned())
}

/// What this node is to the others.
pub(super) struct Presence {
    shared: Arc<Shared>,
    closing: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    pool: PgPool,
    clock: Clock,
    name: String,
    lease: Duration,
    belief: Belief,
    /// What this node's row says next.
    hears_elsewhere: AtomicBool,
    /// What all rows said last, this node's included: nobody needs the database to tell of changed cases.
    all_hear_elsewhere: AtomicBool,
    /// The row is to be renewed before its time.
    changed: Notify,
}

impl Presence {
    /// Registers the node, gives back what others have left, and keeps giving signs of life.
    pub(super) async fn begin(
        options: PgConnectOptions,
        clock: Clock,
        name: String,
        lease: Duration,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            pool: settings::pool(options, 1, lease / 3).await?,
            belief: Belief::unknown(clock.instant()),
            clock,
            name,
            lease,
            hears_elsewhere: AtomicBool::new(false),
            all_hear_elsewhere: AtomicBool::new(false),
            changed: Notify::new(),
        });
        shared.register().await?;
        shared.give_back().await?;
        let closing = CancellationToken::new();
        let task = tokio::spawn(Arc::clone(&shared).keep_alive(closing.clone()));
        Ok(Self {
            shared,
            closing,
            task: Mutex::new(Some(task)),
        })
    }

    /// The number under which this node leases.
    pub(super) fn instance(&self) -> i64 {
        self.seen().instance
    }

    /// As [`crate::store::nodes::NodeStore::seen`].
    pub(super) fn seen(&self) -> Seen {
        let (instance, until) = self.shared.belief.seen();
        Seen {
            instance,
            until,
            lasting: self.shared.lease,
        }
    }

    /// As [`crate::store::nodes::NodeStore::hear_cases_elsewhere`].
    pub(super) fn hear_cases_elsewhere(&self, elsewhere: bool) {
        self.shared
            .hears_elsewhere
            .store(elsewhere, Ordering::Release);
        self.shared.changed.notify_one();
    }

    /// Whether a changed case is to be told by the database.
    pub(super) fn tells_cases(&self) -> bool {
        let shared = &self.shared;
        !(shared.hears_elsewhere.load(Ordering::Acquire)
            && shared.all_hear_elsewhere.load(Ordering::Acquire))
    }

    /// As [`crate::store::nodes::NodeStore::claim`].
    pub(super) async fn claim(&self, work: &'static str) -> Result<bool, StoreError> {
        self.shared.claim(work).await
    }

    /// As [`crate::store::nodes::NodeStore::release`].
    pub(super) async fn release(&self, work: &'static str) -> Result<(), StoreError> {
        self.shared.release(work).await
    }

    /// Says goodbye: what this node had is free at once.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        let task = self.task.lock().take();
        if let Some(task) = task {
            task.await.ok();
        }
        let goodbye = sqlx::query("DELETE FROM node WHERE instance = $1")
            .bind(self.instance())
            .execute(&self.shared.pool);
        let gone = tokio::time::timeout(self.shared.lease, goodbye).await;
        let gone = gone.map_err(|_| silent()).and_then(|gone| Ok(gone?));
        if let Err(error) = gone {
            tracing::warn!(%error, "this node could not say goodbye; the others wait for its lease to run out");
        }
        settings::close(&self.shared.pool).await;
    }
}

impl Shared {
    fn lease_us(&self) -> i64 {
        i64::try_from(self.lease.as_micros()).unwrap_or(i64::MAX)
    }

    async fn register(&self) -> Result<(), StoreError> {
        let asked = self.clock.instant();
        let instance: i64 = sqlx::query_scalar(REGISTER)
            .bind(&self.name)
            .bind(self.lease_us())
            .fetch_one(&self.pool)
            .await?;
        // Counted from before the question: the others believe a little longer than this node does.
        self.belief.registered(instance, asked + self.lease);
        Ok(())
    }

    /// Renews the row; false when it had run out.
    async fn renew(&self) -> Result<bool, StoreError> {
        let (asked, (instance, _)) = (self.clock.instant(), self.belief.seen());
        let renewed = sqlx::query(RENEW)
            .bind(instance)
            .bind(self.lease_us())
            .bind(self.hears_elsewhere.load(Ordering::Acquire))
            .execute(&self.pool)
            .await?
            .rows_affected()
            > 0;
        if renewed {
            self.belief.renewed(instance, asked + self.lease);
        }
        let listeners: i64 = sqlx::query_scalar(LISTENERS).fetch_one(&self.pool).await?;
        self.all_hear_elsewhere
            .store(listeners == 0, Ordering::Release);
        Ok(renewed)
    }

    async fn give_back(&self) -> Result<(), StoreError> {
        for statement in GIVE_BACK {
            let given = sqlx::query(statement)
                .execute(&self.pool)
                .await?
                .rows_affected();
            if given > 0 {
                tracing::info!(given, "work of nodes that are gone is taken over");
            }
        }
        sqlx::query(FORGET)
            .bind(GONE_KEPT_US)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn keep_alive(self: Arc<Self>, closing: CancellationToken) {
        let mut partitions_seen = self.clock.instant();
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.lease / 3) => {}
                () = self.changed.notified() => {}
                () = closing.cancelled() => return,
            }
            let sign = tokio::time::timeout(self.lease, self.sign_of_life()).await;
            if let Err(error) = sign.unwrap_or_else(|_| Err(silent())) {
                tracing::warn!(%error, "this node could not give a sign of life; others take its work over when its lease has run out");
            }
            if partitions_seen.elapsed() >= PARTITIONS_EVERY {
                match self.make_partitions().await {
                    Ok(_) => partitions_seen = self.clock.instant(),
                    Err(error) => {
                        tracing::error!(%error, "partitions of the coming months could not be made; trying again");
                    }
                }
            }
        }
    }

    async fn make_partitions(&self) -> Result<u32, StoreError> {
        partitions::make_ahead(&mut *self.pool.acquire().await?).await
    }

    async fn sign_of_life(&self) -> Result<(), StoreError> {
        if !self.renew().await? {
            self.register().await?;
            tracing::warn!(
                instance = self.belief.seen().0,
                "this node was silent for longer than its lease and came back as a new one"
            );
        }
        self.give_back().await
    }

    async fn claim(&self, work: &'static str) -> Result<bool, StoreError> {
        let now = self.clock.instant();
        let instance = match self.belief.known(work, now) {
            Known::Held => return Ok(true),
            Known::Refused => return Ok(false),
            Known::Ask(instance) => instance,
        };
        let asked = sqlx::query(CLAIM)
            .bind(work)
            .bind(instance)
            .fetch_optional(&self.pool);
        // It has the connection that signs of life need too.
        let held = tokio::time::timeout(self.lease, asked)
            .await
            .map_err(|_| silent())??
            .is_some();
        Ok(self.belief.answered(work, instance, held, now))
    }

    async fn release(&self, work: &'static str) -> Result<(), StoreError> {
        // Not believed any more before it is free: another node may have it at once.
        let Some(instance) = self.belief.left(work) else {
            return Ok(());
        };
        let left = sqlx::query("DELETE FROM claim WHERE work = $1 AND instance = $2")
            .bind(work)
            .bind(instance)
            .execute(&self.pool);
        tokio::time::timeout(self.lease, left)
            .await
            .map_err(|_| silent())??;
        Ok(())
    }
}
