//! Delivery: deliveries a second, end to end, to a partner that answers at once, and what a backlog of partners that are away costs.
//!
//! The partner is paused, applications are submitted, the partner is resumed: what counts is the time from there until the store has
//! every delivery done. The backlog is the cases that were just submitted, once more for each of some systems at which nobody
//! listens; the shape of its rows is that of the real ones.

use crate::database::Database;
use crate::installation::{Hall, Installation, SYSTEMS, Serving, system_id};
use crate::load::Load;
use crate::process::run;
use crate::statistics::{median, per_one, per_second, rounded};
use crate::{Failure, instant, passthrough, postgres};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// The system that takes everything at once.
pub(crate) const PARTNER: &str = "bench-partner";
/// Clients that submit beforehand.
const CLIENTS: usize = 64;
/// Between two looks at what is left.
const LOOK: Duration = Duration::from_millis(20);
/// Between two looks at how many are left.
const COUNT: Duration = Duration::from_secs(10);
/// Nothing is delivered for so long: there are no figures.
const STILL_MAX: Duration = Duration::from_secs(60);
/// The node works on its backlog for so long before its memory is read.
const SETTLING: Duration = Duration::from_secs(15);

/// Whether any is left: counting them at every look would cost more than what is measured.
const LEFT: &str =
    "SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state NOT IN ('delivered', 'discarded')
    AND system_id = 'bench-partner' LIMIT 1) AS one";
const OPEN: &str = "SELECT count(*) FROM delivery WHERE state NOT IN ('delivered', 'discarded') AND system_id = 'bench-partner'";
const DELIVERED: &str =
    "SELECT count(*) FROM delivery WHERE state = 'delivered' AND system_id = 'bench-partner'";
const BACKLOG: &str = "SELECT count(*) FROM delivery WHERE turn = 1 AND due_at IS NOT NULL";

/// How much is done.
pub(crate) struct Plan {
    rounds: usize,
    submitting: Duration,
    /// Deliveries that wait for partners that are away.
    backlog: i64,
}

impl Plan {
    /// A few minutes for both databases, or about one.
    pub(crate) fn of(quick: bool) -> Self {
        if quick {
            Self {
                rounds: 3,
                submitting: Duration::from_secs(4),
                backlog: 100_000,
            }
        } else {
            Self {
                rounds: 5,
                submitting: Duration::from_secs(8),
                backlog: 1_000_000,
            }
        }
    }
}

/// Delivery on both databases (`benches/intake/run --deliver`).
#[derive(Debug, Serialize)]
pub(crate) struct Deliveries {
    /// Whether it was the short run.
    pub(crate) quick: bool,
    /// On SQLite.
    pub(crate) sqlite: DeliveryFigures,
    /// On PostgreSQL.
    pub(crate) postgres: DeliveryFigures,
}

/// What was measured on one database.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveryFigures {
    /// Deliveries a second from the release until the store has them all, median of the rounds.
    pub(crate) delivered_per_s: f64,
    /// The gateway's CPU time for one, median of the rounds.
    pub(crate) cpu_us_per_delivery: f64,
    /// Deliveries of a round.
    pub(crate) deliveries: i64,
    /// Deliveries that waited for partners that were away.
    pub(crate) backlog: i64,
    /// Memory of the node with that backlog, MiB.
    pub(crate) backlog_rss_mib: f64,
    /// Deliveries a second to the partner that is there, beside that backlog.
    pub(crate) beside_backlog_per_s: f64,
    /// The share that this is of the rate without it.
    pub(crate) fairness: f64,
    /// Deliveries a second of each round.
    pub(crate) rounds: Vec<f64>,
}

/// Measures both databases, one after the other.
pub(crate) async fn measure(
    gateway: &Path,
    folder: &Path,
    calendar: &Path,
    quick: bool,
) -> Result<Deliveries, Failure> {
    let plan = Plan::of(quick);
    let (partner, address) = passthrough::start_partner(folder).await?;
    eprintln!("delivery on SQLite");
    let hall = Hall::HandsOver { partner: address };
    let installation = Installation::of(gateway, folder.join("sqlite"), None, hall)?;
    installation.apply(calendar, passthrough::nobody()).await?;
    let sqlite = on(&plan, &installation, None).await?;
    eprintln!("delivery on PostgreSQL");
    let server = postgres::Server::start().await?;
    let installation =
        Installation::of(gateway, folder.join("postgres"), Some(server.url()), hall)?;
    installation.apply(calendar, passthrough::nobody()).await?;
    let postgres = on(&plan, &installation, Some(server.url())).await?;
    partner.end().await?;
    Ok(Deliveries {
        quick,
        sqlite,
        postgres,
    })
}

async fn on(
    plan: &Plan,
    installation: &Installation,
    url: Option<&str>,
) -> Result<DeliveryFigures, Failure> {
    let serving = installation.serve().await?;
    let database = match url {
        None => Database::sqlite(&installation.database()).await?,
        Some(url) => Database::postgres(url, &crate::installation::schema()).await?,
    };
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        rounds.push(round(plan, installation, &serving, &database).await?);
    }
    serving.process.end().await?;
    let backlog = fill(plan, &database).await?;
    let serving = installation.serve().await?;
    tokio::time::sleep(SETTLING).await;
    let rss = serving.process.rss_kib()?;
    let mut beside = Vec::new();
    for _ in 0..plan.rounds {
        beside.push(round(plan, installation, &serving, &database).await?.rate);
    }
    serving.process.end().await?;
    database.close().await;
    let rate = median(&rounds.iter().map(|r| r.rate).collect::<Vec<_>>());
    Ok(DeliveryFigures {
        delivered_per_s: rounded(rate, 0),
        cpu_us_per_delivery: rounded(
            median(&rounds.iter().map(|r| r.cpu_us).collect::<Vec<_>>()),
            1,
        ),
        deliveries: rounds.first().map_or(0, |r| r.deliveries),
        backlog,
        backlog_rss_mib: rounded(rss as f64 / 1024.0, 1),
        beside_backlog_per_s: rounded(median(&beside), 0),
        fairness: rounded(median(&beside) / rate, 3),
        rounds: rounds.iter().map(|r| rounded(r.rate, 0)).collect(),
    })
}

struct Round {
    rate: f64,
    cpu_us: f64,
    deliveries: i64,
}

/// Submits while the partner is paused, then lets go.
async fn round(
    plan: &Plan,
    installation: &Installation,
    serving: &Serving,
    database: &Database,
) -> Result<Round, Failure> {
    partner(installation, "pause").await?;
    let load = Load::of_applications(serving.public, CLIENTS).await?;
    load.closed_loop(plan.submitting).await?;
    let waiting = database.number(OPEN).await?;
    let before = database.number(DELIVERED).await?;
    let cpu = serving.process.cpu_us()?;
    let begun = instant();
    partner(installation, "resume").await?;
    until_done(database).await?;
    let took = begun.elapsed();
    let cpu = serving.process.cpu_us()? - cpu;
    let delivered = database.number(DELIVERED).await? - before;
    if delivered != waiting {
        return Err(format!("{waiting} deliveries waited, {delivered} were delivered").into());
    }
    let count = u64::try_from(delivered)?;
    Ok(Round {
        rate: per_second(count, took),
        cpu_us: per_one(cpu as f64, count),
        deliveries: delivered,
    })
}

async fn partner(installation: &Installation, word: &str) -> Result<(), Failure> {
    let data = installation.data().display().to_string();
    let arguments = [
        "deliveries",
        word,
        "--system",
        PARTNER,
        "--reason",
        "bench",
        "--yes",
        "--data",
        &data,
    ];
    run(installation.gateway(), &arguments).await
}

/// Waits until nothing is left for the partner.
async fn until_done(database: &Database) -> Result<(), Failure> {
    let (mut left, mut moved, mut counted) = (i64::MAX, instant(), instant());
    while database.number(LEFT).await? > 0 {
        if counted.elapsed() > COUNT {
            counted = instant();
            let now = database.number(OPEN).await?;
            if now != left {
                (left, moved) = (now, counted);
            }
            if moved.elapsed() > STILL_MAX {
                return Err(format!("{now} deliveries were left, and none went any more").into());
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// The backlog: every delivered case once more for as many systems as it takes, at none of which anybody listens.
async fn fill(plan: &Plan, database: &Database) -> Result<i64, Failure> {
    let cases = database.number(DELIVERED).await?.max(1);
    let per_system = plan.backlog / i64::try_from(SYSTEMS)? + 1;
    for number in 0..SYSTEMS {
        let system = system_id(number);
        let share = per_system.min(cases);
        database
            .run(&format!(
                "INSERT INTO delivery (case_id, system_id, operation, state, turn, due_at, created_at)
                 SELECT case_id, '{system}', operation, 'pending', 1, created_at, created_at FROM delivery
                 WHERE state = 'delivered' AND system_id = '{PARTNER}' ORDER BY id LIMIT {share}"
            ))
            .await?;
    }
    database.number(BACKLOG).await
}
