//! Intake: applications a second through the HTTP API, beside plain inserts of the same rows.

use crate::installation::{ITEMS, Installation, Serving, item_code};
use crate::load::{Outcome, Target, closed_loop, open_loop};
use crate::reference::Reference;
use crate::statistics::{median, per_one, rounded};
use crate::{Failure, Plan};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde::Serialize;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

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
    let target = target(serving.public);
    let mut faults = closed_loop(&target, CLIENTS, plan.warm_up).await?.faults;
    let mut reference = Reference::open(&installation.database(), scratch).await?;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let cpu = serving.process.cpu_us()?;
        let closed = closed_loop(&target, CLIENTS, plan.intake).await?;
        let cpu = serving.process.cpu_us()? - cpu;
        faults += closed.faults;
        let (single, batched) = reference.measure(plan.reference, BATCH).await?;
        rounds.push(IntakeRound {
            intake_per_s: rounded(closed.rate(), 1),
            closed_p99_ms: rounded(closed.latencies.quantile_ms(0.99), 2),
            cpu_us_per_case: rounded(per_one(cpu as f64, closed.answers), 1),
            reference_per_s: rounded(single, 1),
            reference_batched_per_s: rounded(batched, 1),
        });
    }
    let rate = middle(&rounds, |r| r.intake_per_s);
    let open = open_loop(
        &target,
        OPEN_CONNECTIONS,
        plan.intake_open,
        rate * OPEN_SHARE,
    )
    .await?;
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
        p50_ms: rounded(open.latencies.quantile_ms(0.5), 2),
        p99_ms: rounded(open.latencies.quantile_ms(0.99), 2),
        open_per_s: rounded(open.rate(), 1),
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

fn target(address: SocketAddr) -> Target {
    let host = address.to_string();
    Target {
        address,
        expected: StatusCode::CREATED,
        next: Arc::new(AtomicU64::new(0)),
        request: Arc::new(move |number, _| {
            let request = Request::post("/api/v1/applications")
                .header("host", &host)
                .header("content-type", "application/json")
                .header("idempotency-key", format!("bench-{number}"))
                .body(Full::new(Bytes::from(application(number))))?;
            Ok(request)
        }),
    }
}

/// An application of about 1.2 KiB; its applicant is nobody, with an identity number that passes its check.
fn application(number: u64) -> String {
    let summary = "样例说明。".repeat(40);
    json!({
        "item_code": item_code(number % ITEMS),
        "applicant": {
            "type": "person", "name": "张三", "id_type": "resident_id", "id_number": identity_number(number), "phone": "13800000000",
        },
        "region": "440000",
        "form": { "project_name": format!("样例项目{number}"), "address": "样例路1号", "summary": summary },
    })
    .to_string()
}

/// A number of GB 11643 for the sample region 110105: birth date and serial from `number`, different for 16.8 million in a row.
fn identity_number(number: u64) -> String {
    const WEIGHTS: [u64; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let (serial, day) = (number % 1_000, number / 1_000);
    let (day_of_month, month, year) = (1 + day % 28, 1 + day / 28 % 12, 1950 + day / 336 % 50);
    let mut text = format!("110105{year}{month:02}{day_of_month:02}{serial:03}");
    let sum: u64 = text
        .bytes()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u64::from(digit - b'0') * weight)
        .sum();
    let check = b"10X98765432"[usize::try_from(sum % 11).unwrap_or_default()];
    text.push(char::from(check));
    text
}
