//! Scale: what an application costs with few and with very many stored cases, and with one node and with two on the same database.
//!
//! A cost is CPU time of gateway and database server together: what one gives away the other must not pay. Most stored cases are copies of a
//! real one by bulk SQL, as for the clocks.

use crate::clocks_fill::fill;
use crate::database::Database;
use crate::installation::{Installation, Serving, schema};
use crate::load::{Load, Outcome};
use crate::statistics::{median, per_one, rounded};
use crate::{Failure, passthrough, postgres};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// Clients that submit, over all nodes.
const CLIENTS: usize = 64;
/// Stored cases when little is stored.
const FEW: i64 = 10_000;
/// Clocks of a copied case.
const CLOCKS_A_CASE: i64 = 2;

/// How much is done.
pub(crate) struct Plan {
    rounds: usize,
    round: Duration,
    /// Stored cases when much is stored.
    many: i64,
}

impl Plan {
    /// A tenth, or a million cases.
    pub(crate) fn of(quick: bool) -> Self {
        if quick {
            Self {
                rounds: 3,
                round: Duration::from_secs(4),
                many: 100_000,
            }
        } else {
            Self {
                rounds: 5,
                round: Duration::from_secs(6),
                many: 1_000_000,
            }
        }
    }
}

/// What was measured (`benches/intake/run --scale`).
#[derive(Debug, Serialize)]
pub(crate) struct Scale {
    /// Whether it was the short run.
    pub(crate) quick: bool,
    /// On SQLite.
    pub(crate) sqlite: Growth,
    /// On PostgreSQL.
    pub(crate) postgres: Growth,
    /// Two nodes against one on PostgreSQL.
    pub(crate) nodes: Nodes,
}

/// What a case costs as cases gather.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    /// Stored cases of the two measurements.
    pub(crate) cases: (i64, i64),
    /// CPU time of one application, median of the rounds.
    pub(crate) cpu_us: (f64, f64),
    /// Applications a second, median of the rounds.
    pub(crate) per_s: (f64, f64),
    /// The second cost by the first.
    pub(crate) ratio: f64,
}

/// What a case costs with one node and with two.
#[derive(Debug, Serialize)]
pub(crate) struct Nodes {
    /// CPU time of one application with one node, median of the rounds.
    pub(crate) one_cpu_us: f64,
    /// The same with two, each with half of the clients.
    pub(crate) two_cpu_us: f64,
    /// The two costs within one round, median of the rounds.
    pub(crate) ratio: f64,
}

/// Measures both databases, one after the other.
pub(crate) async fn measure(
    gateway: &Path,
    folder: &Path,
    calendar: &Path,
    quick: bool,
) -> Result<Scale, Failure> {
    let plan = Plan::of(quick);
    eprintln!("growth on SQLite");
    let installation = Installation::new(gateway, folder.join("sqlite"))?;
    installation.apply(calendar, passthrough::nobody()).await?;
    let sqlite = growth(&plan, &installation, None).await?;
    let server = postgres::Server::start().await?;
    let first = Installation::on(gateway, folder.join("first"), Some(server.url()))?;
    first.apply(calendar, passthrough::nobody()).await?;
    eprintln!("two nodes on PostgreSQL");
    let second = first.beside(folder.join("second"), server.url())?;
    let nodes = two_nodes(&plan, &first, &second, &server).await?;
    eprintln!("growth on PostgreSQL");
    let postgres = growth(&plan, &first, Some(&server)).await?;
    Ok(Scale {
        quick,
        sqlite,
        postgres,
        nodes,
    })
}

async fn growth(
    plan: &Plan,
    installation: &Installation,
    server: Option<&postgres::Server>,
) -> Result<Growth, Failure> {
    let database = match server {
        None => Database::sqlite(&installation.database()).await?,
        Some(server) => Database::postgres(server.url(), &schema()).await?,
    };
    let few = grown(installation, &database, FEW).await?;
    let before = cost(plan, installation, server).await?;
    eprintln!("filling up to {} cases", plan.many);
    fill(&database, (plan.many - few).max(0) * CLOCKS_A_CASE).await?;
    let many = database.number("SELECT count(*) FROM case_record").await?;
    let after = cost(plan, installation, server).await?;
    database.close().await;
    Ok(Growth {
        cases: (few, many),
        cpu_us: (before.0, after.0),
        per_s: (before.1, after.1),
        ratio: rounded(after.0 / before.0, 3),
    })
}

/// Submits until at least so many cases are stored; how many are.
async fn grown(
    installation: &Installation,
    database: &Database,
    cases: i64,
) -> Result<i64, Failure> {
    let serving = installation.serve().await?;
    let load = Load::of_applications(serving.public, CLIENTS).await?;
    let stored = loop {
        load.closed_loop(Duration::from_secs(2)).await?;
        let stored = database.number("SELECT count(*) FROM case_record").await?;
        if stored >= cases {
            break stored;
        }
    };
    serving.process.end().await?;
    Ok(stored)
}

/// CPU time of one application and applications a second, medians of the rounds after one that is not counted.
async fn cost(
    plan: &Plan,
    installation: &Installation,
    server: Option<&postgres::Server>,
) -> Result<(f64, f64), Failure> {
    let serving = installation.serve().await?;
    let load = Load::of_applications(serving.public, CLIENTS).await?;
    load.closed_loop(plan.round).await?;
    let (mut costs, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let spent = spent(&[&serving], server)?;
        let outcome = load.closed_loop(plan.round).await?;
        let spent = self::spent(&[&serving], server)? - spent;
        costs.push(per_one(spent as f64, outcome.answers));
        rates.push(outcome.rate);
    }
    serving.process.end().await?;
    Ok((rounded(median(&costs), 1), rounded(median(&rates), 0)))
}

/// CPU time of nodes and server so far, in microseconds.
fn spent(nodes: &[&Serving], server: Option<&postgres::Server>) -> Result<u64, Failure> {
    let mut sum = server.map_or(Ok(0), postgres::Server::cpu_us)?;
    for node in nodes {
        sum += node.process.cpu_us()?;
    }
    Ok(sum)
}

/// Both nodes serve all the time; in turn one of them, and both, get the clients.
async fn two_nodes(
    plan: &Plan,
    first: &Installation,
    second: &Installation,
    server: &postgres::Server,
) -> Result<Nodes, Failure> {
    let (one, other) = (first.serve().await?, second.serve().await?);
    let both = [&one, &other];
    let alone = Load::of_applications(one.public, CLIENTS).await?;
    let halves = (
        Load::of_applications(one.public, CLIENTS / 2).await?,
        Load::of_applications(other.public, CLIENTS / 2).await?,
    );
    let together = || async {
        let (a, b) = tokio::join!(
            halves.0.closed_loop(plan.round),
            halves.1.closed_loop(plan.round)
        );
        Ok::<_, Failure>([a?, b?])
    };
    alone.closed_loop(plan.round).await?;
    together().await?;
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        let start = spent(&both, Some(server))?;
        let single = alone.closed_loop(plan.round).await?;
        let middle = spent(&both, Some(server))?;
        let pair = together().await?;
        let end = spent(&both, Some(server))?;
        rounds.push((
            of_each(middle - start, &[single]),
            of_each(end - middle, &pair),
        ));
    }
    one.process.end().await?;
    other.process.end().await?;
    let of = |value: fn(&(f64, f64)) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    Ok(Nodes {
        one_cpu_us: rounded(of(|r| r.0), 1),
        two_cpu_us: rounded(of(|r| r.1), 1),
        ratio: rounded(of(|r| r.1 / r.0), 3),
    })
}

fn of_each(spent: u64, outcomes: &[Outcome]) -> f64 {
    per_one(spent as f64, outcomes.iter().map(|o| o.answers).sum())
}
