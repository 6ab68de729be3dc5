//! Watches the bucket of files: asks one that went away until it answers again, says so in `/readyz`, the metrics and the log, and has
//! its orphans swept.

use super::health::Readiness;
use super::metrics::Metrics;
use crate::clock::Clock;
use crate::processing::supervision::SweepObserver;
use crate::store::bucket::Bucket;
use crate::store::{SharedStore, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often a bucket that is away is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often the log repeats that it is away.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// How often it is listed for orphans, by one node.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// What is younger may be about to get its row.
const ORPHAN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The watch over a bucket.
pub struct BucketWatch {
    /// The store.
    pub store: SharedStore,
    /// The bucket.
    pub bucket: Arc<Bucket>,
    /// The clock.
    pub clock: Clock,
    /// Metrics.
    pub metrics: Metrics,
    /// `/readyz`.
    pub readiness: Readiness,
}

impl BucketWatch {
    /// Watches and sweeps until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let working = async { tokio::join!(self.watch(), self.sweep()) };
        tokio::select! {
            _ = working => {}
            () = stop.cancelled() => {}
        }
    }

    async fn watch(&self) {
        // Asked at the start, so that wrong settings are told before somebody uploads.
        let (mut answers, mut told) = (None, None::<Instant>);
        loop {
            if answers.is_none() || self.bucket.is_away() {
                // Its failure is counted and told below.
                let _ = self.bucket.probe().await;
            }
            let now = !self.bucket.is_away();
            let (failed, words) = self.bucket.failures();
            self.readiness.bucket(now);
            self.metrics.bucket_available.set(i64::from(now));
            self.metrics.bucket_failed_total.inc_by(failed);
            let due = told.is_none_or(|at| at.elapsed() >= TOLD_EVERY);
            if !now && (answers != Some(false) || due) {
                told = Some(Instant::now());
                tracing::error!(
                    words,
                    "the bucket of files does not answer: uploads and downloads get 503; it is asked every second"
                );
            } else if now && answers == Some(false) {
                told = None;
                tracing::info!("the bucket of files answers again");
            }
            answers = Some(now);
            tokio::select! {
                () = self.bucket.news() => {}
                () = tokio::time::sleep(ASK_EVERY) => {}
            }
        }
    }

    async fn sweep(&self) {
        let mut swept_at = Timestamp::MIN;
        loop {
            let now = self.clock.now();
            if now.duration_since(swept_at) >= SWEEP_EVERY {
                match self.swept(now).await {
                    Ok(()) => swept_at = now,
                    // A bucket that is away is swept when it is back.
                    Err(StoreError::FilesAway(_)) if self.bucket.is_away() => {}
                    Err(error) => {
                        tracing::warn!(%error, "the bucket of files could not be swept; trying again in an hour");
                        swept_at = now;
                    }
                }
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    async fn swept(&self, now: Timestamp) -> Result<(), StoreError> {
        if !self.store.claim("bucket").await? {
            return Ok(());
        }
        let before = now.saturating_sub(ORPHAN_AFTER).unwrap_or(Timestamp::MIN);
        let swept = self.store.sweep_bucket(before).await?;
        self.metrics.swept(&swept);
        if swept.total() > 0 {
            tracing::info!(
                files = swept.files,
                "objects of the bucket that no row names were removed"
            );
        }
        Ok(())
    }
}
