//! The runner: looks at every open job, does what is next, sleeps until something can be next.

use super::decide::{Next, decide};
use crate::clock::Clock;
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::operations::logging::seldom;
use crate::store::audit::NewAudit;
use crate::store::bulk::{BulkCounts, BulkJob, BulkState};
use crate::store::{SharedStore, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Between two looks at a job that waits for a delivery's outcome.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Between two looks when no job is open and nobody told of one.
const IDLE: Duration = Duration::from_secs(5);

/// What is told to metrics.
pub trait BulkObserver: Send + Sync + 'static {
    /// A job ended: `finished`, or the code of why it stopped; what became of its members.
    fn ended(&self, kind: &'static str, outcome: &str, counts: &BulkCounts);
}

/// What the runner holds.
pub struct BulkRunner {
    /// The store.
    pub store: SharedStore,
    /// The clock.
    pub clock: Clock,
    /// Told when a job was begun, stopped or made to go on.
    pub news: Arc<Notify>,
    /// Wakes the delivery worker: what is released is sent now, not at its next tick.
    pub worker: Arc<Notify>,
    /// Metrics.
    pub observer: Arc<dyn BulkObserver>,
}

/// Runs open jobs until `stop`; they go on after the next start.
pub async fn run(runner: BulkRunner, stop: CancellationToken) {
    loop {
        let pause = match runner.advance_all().await {
            Ok(pause) => pause,
            Err(error) => {
                seldom!(warn, %error, "bulk jobs could not be advanced; trying again shortly");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = runner.news.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

impl BulkRunner {
    /// Does what is next with every open job; returns how long nothing else is.
    async fn advance_all(&self) -> Result<Duration, StoreError> {
        let mut pause = IDLE;
        let jobs = self.store.open_bulk_jobs().await?;
        // Two nodes at one job would release at twice its rate.
        if !jobs.is_empty() && !self.store.claim("bulk jobs").await? {
            return Ok(LOOK_EVERY);
        }
        for job in jobs {
            pause = pause.min(self.advance(&job).await?);
        }
        Ok(pause)
    }

    async fn advance(&self, job: &BulkJob) -> Result<Duration, StoreError> {
        let now = self.clock.now();
        match decide(job, now) {
            Next::Release(at_most) => {
                fail_point!("bulk.before_release");
                let released = self.store.release_bulk(job.id, at_most, now).await?;
                fail_point!("bulk.released");
                if released > 0 {
                    self.worker.notify_one();
                }
                Ok(Duration::ZERO)
            }
            Next::Until(at) => {
                let wait = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
                Ok(wait.min(LOOK_EVERY))
            }
            Next::Look => Ok(LOOK_EVERY),
            Next::Stop(why) => {
                let stopped = self.store.stop_bulk(&Scope::Everything, job.id, why, None);
                if stopped.await? {
                    tracing::warn!(job = job.id, why, "a bulk job stopped itself");
                }
                Ok(Duration::ZERO)
            }
            Next::End => {
                self.end(job).await?;
                Ok(Duration::ZERO)
            }
        }
    }

    async fn end(&self, job: &BulkJob) -> Result<(), StoreError> {
        let now = self.clock.now();
        let kind = job.kind.as_str();
        let audit = NewAudit {
            at: now,
            actor: String::new(),
            actor_kind: "gateway".to_owned(),
            action: format!("delivery.{kind}.end"),
            target: String::new(),
            organisation_id: String::new(),
            request_id: String::new(),
            outcome: "ok".to_owned(),
            digest: [0; 32],
            note: String::new(),
        };
        fail_point!("bulk.before_end");
        if !self.store.end_bulk(job.id, now, audit).await? {
            return Ok(());
        }
        fail_point!("bulk.ended");
        if let Some(ended) = self.store.bulk_job(&Scope::Everything, job.id).await? {
            let outcome = match ended.state {
                BulkState::Finished => "finished",
                _ => ended.why.as_str(),
            };
            tracing::info!(job = job.id, kind, outcome, "a bulk job ended");
            self.observer.ended(kind, outcome, &ended.counts);
        }
        Ok(())
    }
}
