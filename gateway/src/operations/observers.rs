//! What the rooms tell becomes metrics here; the rooms know no metric by name.

use super::logging::seldom;
use super::metrics::Metrics;
use super::overview;
use crate::audit::sealer::SealObserver;
use crate::clock::Clock;
use crate::feedback::FeedbackObserver;
use crate::intake::IntakeObserver;
use crate::processing::bulk::BulkObserver;
use crate::processing::change::Casework;
use crate::processing::delivery::DeliveryObserver;
use crate::processing::recomputation::RecomputationObserver;
use crate::processing::supervision::SweepObserver;
use crate::scan::worker::ScanObserver;
use crate::store::SharedStore;
use crate::store::bulk::BulkCounts;
use crate::store::material::Swept;
use crate::store::recomputation::RecomputationCounts;
use crate::store::sqlite::CommitObserver;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often the overview is taken: it asks the store once for each system.
const OVERVIEW_EVERY: Duration = Duration::from_secs(10);

/// Keeps the gauges of the overview until `stop`.
pub async fn watch_overview(casework: Casework, metrics: Metrics, stop: CancellationToken) {
    let mut every = tokio::time::interval(OVERVIEW_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stop.cancelled() => return,
        }
        let taken = overview::take(&casework.store, &casework.registry, &casework.clock).await;
        let overview = match taken {
            Ok(overview) => overview,
            Err(error) => {
                seldom!(warn, %error, "the overview could not be taken; its gauges stand still");
                continue;
            }
        };
        let second = |at: Option<jiff::Timestamp>| at.map_or(0, jiff::Timestamp::as_second);
        for line in overview.systems {
            let system = [line.system.as_str()];
            let failed = line.last_failure.map(|failure| failure.at);
            metrics
                .delivery_state
                .with_label_values(&system)
                .set(line.state.level());
            metrics
                .delivery_last_success_timestamp_seconds
                .with_label_values(&system)
                .set(second(line.last_success));
            metrics
                .delivery_last_failure_timestamp_seconds
                .with_label_values(&system)
                .set(second(failed));
        }
    }
}

/// How often queue depths and ages are read from the store.
const DEPTHS_EVERY: Duration = Duration::from_secs(2);
/// Open clocks are counted again when this many times as long as their last count took has passed.
const COUNTING_SHARE: u32 = 200;

impl IntakeObserver for Metrics {
    fn committed(&self, state: &str, took: Duration) {
        self.applications_total.with_label_values(&[state]).inc();
        self.intake_duration_seconds.observe(took.as_secs_f64());
    }
}

impl DeliveryObserver for Metrics {
    fn settled(
        &self,
        system_id: &str,
        operation: &'static str,
        outcome: &'static str,
        took: Duration,
    ) {
        self.deliveries_total
            .with_label_values(&[system_id, operation, outcome])
            .inc();
        self.delivery_duration_seconds
            .with_label_values(&[system_id, operation])
            .observe(took.as_secs_f64());
    }

    fn breaker(&self, system_id: &str, level: i64) {
        self.delivery_breaker_state
            .with_label_values(&[system_id])
            .set(level);
    }
}

impl BulkObserver for Metrics {
    fn ended(&self, kind: &'static str, outcome: &str, counts: &BulkCounts) {
        self.bulk_jobs_total
            .with_label_values(&[kind, outcome])
            .inc();
        for (word, count) in [
            ("delivered", counts.delivered),
            ("dead", counts.dead),
            ("again", counts.again),
            ("discarded", counts.discarded),
            ("gone", counts.gone),
            ("kept", counts.kept),
        ] {
            self.bulk_deliveries_total
                .with_label_values(&[kind, word])
                .inc_by(count);
        }
    }
}

impl RecomputationObserver for Metrics {
    fn remaining(&self, cases: u64) {
        self.clock_recomputation_remaining.set(gauge(cases));
    }

    fn stepped(&self, done: RecomputationCounts) {
        let same = done.looked_at - done.changed - done.failed;
        for (word, count) in [
            ("changed", done.changed),
            ("same", same),
            ("failed", done.failed),
        ] {
            self.clock_recomputations_total
                .with_label_values(&[word])
                .inc_by(count);
        }
    }

    fn behind(&self, behind: bool) {
        self.calendar_behind.set(i64::from(behind));
    }
}

impl FeedbackObserver for Metrics {
    fn received(&self, system_id: &str, kind: &'static str, outcome: &'static str) {
        self.feedback_total
            .with_label_values(&[system_id, kind, outcome])
            .inc();
    }
}

impl SealObserver for Metrics {
    fn sealed(&self, leaves: u64) {
        self.audit_batches_total.inc();
        self.audit_sealed_records_total.inc_by(leaves);
    }
}

impl ScanObserver for Metrics {
    fn scanned(&self, outcome: &'static str) {
        self.scans_total.with_label_values(&[outcome]).inc();
    }

    fn standing(&self, waiting: u64, answers: bool) {
        self.scans_waiting.set(gauge(waiting));
        self.scanner_up.set(i64::from(answers));
    }
}

impl SweepObserver for Metrics {
    fn swept(&self, swept: &Swept) {
        for (what, count) in [
            ("materials", swept.materials),
            ("uploads", swept.uploads),
            ("files", swept.files),
        ] {
            self.swept_total.with_label_values(&[what]).inc_by(count);
        }
    }
}

impl CommitObserver for Metrics {
    fn committed(&self, writes: usize, _took: Duration) {
        self.intake_commit_batch_size
            .observe(f64::from(u32::try_from(writes).unwrap_or(u32::MAX)));
    }

    fn failed(&self, writes: usize) {
        seldom!(
            error,
            writes,
            "a commit failed; every write in it was answered as not known"
        );
    }
}

/// Keeps the gauges of queues, clocks and catalogue until `stop`.
pub async fn watch_queues(casework: Casework, metrics: Metrics, stop: CancellationToken) {
    let store = &casework.store;
    let mut every = tokio::time::interval(DEPTHS_EVERY);
    let mut counting = Counting::default();
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stop.cancelled() => return,
        }
        let depths = match store.depths().await {
            Ok(depths) => depths,
            Err(error) => {
                seldom!(warn, %error, "queue depths could not be read; the gauges stand still");
                continue;
            }
        };
        if counting.is_due(casework.clock.instant()) {
            let begun = casework.clock.instant();
            count_clocks(store, &metrics).await;
            counting = Counting::after(begun, casework.clock.instant());
        }
        watch_seals(store, &casework.clock, &metrics).await;
        let now = casework.clock.now();
        let today = crate::intake::compose::legal_day(now);
        let published = casework.registry.load().catalogue.open_items(today).len();
        metrics.catalog_items.set(gauge(published as u64));
        for id in casework.registry.load().systems.keys() {
            if !depths.iter().any(|depth| depth.system_id == *id) {
                let system = [id.as_str()];
                metrics.delivery_queue.with_label_values(&system).set(0);
                metrics.dead_letters.with_label_values(&system).set(0);
                metrics
                    .delivery_oldest_seconds
                    .with_label_values(&system)
                    .set(0);
            }
        }
        for depth in depths {
            let system = [depth.system_id.as_str()];
            let age = depth
                .oldest
                .map_or(0, |oldest| now.duration_since(oldest).as_secs().max(0));
            metrics
                .delivery_queue
                .with_label_values(&system)
                .set(gauge(depth.waiting));
            metrics
                .dead_letters
                .with_label_values(&system)
                .set(gauge(depth.dead));
            metrics
                .delivery_oldest_seconds
                .with_label_values(&system)
                .set(age);
        }
    }
}

/// When clocks are counted next: what that costs grows with the clocks that are open.
#[derive(Debug, Clone, Copy, Default)]
struct Counting(Option<Instant>);

impl Counting {
    /// After a count that took from `begun` to `ended`: it takes no more than its share of the time.
    fn after(begun: Instant, ended: Instant) -> Self {
        Self(ended.checked_add(ended.duration_since(begun) * COUNTING_SHARE))
    }

    fn is_due(self, now: Instant) -> bool {
        self.0.is_none_or(|at| now >= at)
    }
}

/// From the store and not from the sealer, so that one that hangs shows.
async fn watch_seals(store: &SharedStore, clock: &Clock, metrics: &Metrics) {
    match store.oldest_unsealed().await {
        Ok(oldest) => {
            let age = oldest.map_or(0, |at| clock.now().duration_since(at).as_secs().max(0));
            metrics.audit_unsealed_oldest_seconds.set(age);
        }
        Err(error) => {
            tracing::warn!(%error, "unsealed audit records could not be looked at; the gauge stands still");
        }
    }
}

async fn count_clocks(store: &SharedStore, metrics: &Metrics) {
    let counted = match store.open_clocks().await {
        Ok(counted) => counted,
        Err(error) => {
            seldom!(warn, %error, "open clocks could not be counted; the gauges stand still");
            return;
        }
    };
    for kind in ["acceptance", "promise", "statutory", "delivery", "lapse"] {
        let count = counted
            .iter()
            .find(|(k, _)| k == kind)
            .map_or(0, |(_, count)| *count);
        metrics
            .clocks_open
            .with_label_values(&[kind])
            .set(gauge(count));
    }
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_long_to_count_is_counted_seldom() {
        assert!(Counting::default().is_due(Clock::system().instant()));
        let begun = Clock::system().instant();
        let ended = begun + Duration::from_millis(500);
        let counting = Counting::after(begun, ended);
        assert!(!counting.is_due(ended + Duration::from_secs(99)));
        assert!(counting.is_due(ended + Duration::from_secs(100)));
        let quick = Counting::after(begun, begun + Duration::from_millis(1));
        assert!(
            quick.is_due(begun + DEPTHS_EVERY),
            "a small hall is counted at every look"
        );
    }
}
