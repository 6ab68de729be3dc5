//! Intake: applications a second through the HTTP API, beside plain inserts of the same rows.

use crate::installation::{Installation, Serving};
use crate::load::{Load, Outcome};
use crate::reference::Reference;
use crate::statistics::{median, per_one, rounded};
use crate::{Failure, Plan};
use serde::Serialize;
use std::path::Path;

/// Clients that submit at once.
pub(crate) const CLIENTS: usize = 64;
/// Connections of the open loop: more than the gateway ever works on at once at that rate.
const OPEN_CONNECTIONS: usize = 256;
/// Share of the measured rate at which latency is measured.
pub(crate) const OPEN_SHARE: f64 = 0.7;
/// Cases in one transaction of the second reference: the gateway's default bound of a commit.
const BATCH: usize = 64;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct IntakeFigures {
    /// Applications a second, closed loop, median of the rounds.
    pub(crate) intake_per_s: f64,
    /// Cases a second by plain inserts, one case a transaction, median of the rounds.
    pub(crate) reference_per_s: f64,
    /// Median of the rounds' own ratios of the two.
    pub(crate) ratio: f64,
    /// The same inserts with 64 cases a transaction.
    pub(crate) reference_batched_per_s: f64,
    /// Median of the rounds' ratios to these.
    pub(crate) ratio_batched: f64,
    /// Open loop, at `open_per_s`.
    pub(crate) p50_ms: f64,
    /// Open loop, at `open_per_s`.
    pub(crate) p99_ms: f64,
    /// Requests a second of the open loop that were answered.
    pub(crate) open_per_s: f64,
    /// How late the client itself was in the open loop, at p99.9.
    pub(crate) client_late_p999_ms: f64,
    /// The gateway's CPU time for one application, median of the rounds.
    pub(crate) cpu_us_per_case: f64,
    /// Applications in the database at the end.
    pub(crate) applications: i64,
    /// Different number stems (item and day) among them.
    pub(crate) item_days: i64,
    /// Answers that were no 201, and requests without an answer.
    pub(crate) faults: u64,
    /// Memory of the gateway at the end, MiB.
    pub(crate) rss_mib_after: f64,
    /// Each round.
    pub(crate) rounds: Vec<IntakeRound>,
}

/// One round: the gateway, then the same rows by plain inserts.
#[derive(Debug, Serialize)]
pub(crate) struct IntakeRound {
    intake_per_s: f64,
    closed_p99_ms: f64,
    cpu_us_per_case: f64,
    reference_per_s: f64,
    reference_batched_per_s: f64,
}

/// Measures a serving gateway.
pub(crate) async fn measure(
    plan: &Plan,
    installation: &Installation,
    serving: &Serving,
    scratch: &Path,
) -> Result<IntakeFigures, Failure> {
    let load = Load::of_applications(serving.public, CLIENTS).await?;
    let mut faults = load.closed_loop(plan.warm_up).await?.faults;
    let mut reference = Reference::open(&installation.database(), scratch).await?;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let cpu = serving.process.cpu_us()?;
        let closed = load.closed_loop(plan.intake).await?;
        let cpu = serving.process.cpu_us()? - cpu;
        faults += closed.faults;
        let (single, batched) = reference.measure(plan.reference, BATCH).await?;
        rounds.push(IntakeRound {
            intake_per_s: rounded(closed.rate, 1),
            closed_p99_ms: rounded(closed.p99_ms, 2),
            cpu_us_per_case: rounded(per_one(cpu as f64, closed.answers), 1),
            reference_per_s: rounded(single, 1),
            reference_batched_per_s: rounded(batched, 1),
        });
    }
    let rate = middle(&rounds, |r| r.intake_per_s);
    let load = load.with_connections(OPEN_CONNECTIONS);
    let open = load.open_loop(plan.intake_open, rate * OPEN_SHARE).await?;
    faults += open.faults;
    let (applications, item_days) = reference.counts().await?;
    Ok(figures(
        rounds,
        &open,
        faults,
        applications,
        item_days,
        serving.process.rss_kib()?,
    ))
}

fn figures(
    rounds: Vec<IntakeRound>,
    open: &Outcome,
    faults: u64,
    applications: i64,
    item_days: i64,
    rss_kib: u64,
) -> IntakeFigures {
    IntakeFigures {
        intake_per_s: middle(&rounds, |r| r.intake_per_s),
        reference_per_s: middle(&rounds, |r| r.reference_per_s),
        ratio: rounded(middle(&rounds, |r| r.intake_per_s / r.reference_per_s), 3),
        reference_batched_per_s: middle(&rounds, |r| r.reference_batched_per_s),
        ratio_batched: rounded(
            middle(&rounds, |r| r.intake_per_s / r.reference_batched_per_s),
            3,
        ),
        p50_ms: rounded(open.p50_ms, 2),
        p99_ms: rounded(open.p99_ms, 2),
        open_per_s: rounded(open.rate, 1),
        client_late_p999_ms: rounded(open.client_late_p999_ms, 3),
        cpu_us_per_case: middle(&rounds, |r| r.cpu_us_per_case),
        applications,
        item_days,
        faults,
        rss_mib_after: rounded(rss_kib as f64 / 1024.0, 1),
        rounds,
    }
}

fn middle(rounds: &[IntakeRound], value: impl Fn(&IntakeRound) -> f64) -> f64 {
    median(&rounds.iter().map(value).collect::<Vec<_>>())
}
