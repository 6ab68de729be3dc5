//! Clocks at scale: how long a node takes to start on millions of open clocks, what memory it has, and how late it acts on clocks that
//! fall due.
//!
//! Most cases are copies of a real one by bulk SQL: rows, indexes and sealed bytes as the gateway writes them, which nothing opens
//! because none of them is due. Those that fall due are real applications through the API, whose acceptance clocks are then set, through
//! the gateway's own store, to end so many a second. Each must get its event of deemed acceptance, once.

use crate::clocks_fill::{ClocksOf, fill};
use crate::database::Database;
use crate::installation::{Installation, Serving};
use crate::load::Load;
use crate::statistics::{per_one, rounded};
use crate::{Failure, fdatasync_per_s, instant, passthrough, postgres};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;
use tongban_gateway::clock::Clock;

/// Sample items: few, since what is measured are clocks and not the catalogue.
const ITEMS: u64 = 60;
/// Clients that submit beforehand.
const CLIENTS: usize = 64;
/// Clocks that fall due in a second.
const DUE_PER_SECOND: i64 = 1_000;
/// Between two looks at what is overdue.
const LOOK: Duration = Duration::from_millis(5);
/// After the last clock fell due it is waited so long for the last event.
const LATE_MAX: Duration = Duration::from_secs(120);
/// A node does nothing for so long before its memory is read.
const AT_REST: Duration = Duration::from_secs(3);

/// How much is done.
pub(crate) struct Plan {
    /// Open clocks that are not due.
    clocks: i64,
    /// Seconds in which clocks fall due.
    seconds: i64,
}

impl Plan {
    /// A tenth, or what is asked for.
    pub(crate) fn of(quick: bool) -> Self {
        if quick {
            Self {
                clocks: 300_000,
                seconds: 10,
            }
        } else {
            Self {
                clocks: 3_000_000,
                seconds: 30,
            }
        }
    }

    fn due(&self) -> i64 {
        self.seconds * DUE_PER_SECOND
    }
}

/// Clocks on both databases (`benches/clocks/run`).
#[derive(Debug, Serialize)]
pub(crate) struct Clocks {
    /// Whether it was the short run.
    pub(crate) quick: bool,
    /// On SQLite.
    pub(crate) sqlite: ClockFigures,
    /// On PostgreSQL, unless only SQLite was asked for.
    pub(crate) postgres: Option<ClockFigures>,
    /// Small writes to one file, each followed by fdatasync, a second.
    pub(crate) fdatasync_per_s: f64,
}

/// What was measured on one database.
#[derive(Debug, Serialize)]
pub(crate) struct ClockFigures {
    /// Clocks that were open when the node started.
    pub(crate) open: i64,
    /// Filling, seconds.
    pub(crate) fill_s: f64,
    /// From spawn to the first 200 of `/readyz`.
    pub(crate) ready_ms: f64,
    /// Memory at rest before there were such clocks, MiB.
    pub(crate) rss_mib_without: f64,
    /// Memory at rest, MiB.
    pub(crate) rss_mib: f64,
    /// The most while clocks fell due, MiB.
    pub(crate) rss_mib_most: f64,
    /// Clocks that fell due, a second.
    pub(crate) due_per_s: i64,
    /// Clocks that fell due in all; each got its event once.
    pub(crate) due: i64,
    /// From a clock's due time until its event was seen stored.
    pub(crate) late_p50_ms: f64,
    /// The same.
    pub(crate) late_p99_ms: f64,
    /// The same.
    pub(crate) late_most_ms: f64,
    /// The gateway's CPU time for one clock that fell due.
    pub(crate) cpu_us_per_due: f64,
}

/// Measures both databases, one after the other.
pub(crate) async fn measure(
    gateway: &Path,
    folder: &Path,
    calendar: &Path,
    quick: bool,
    sqlite_alone: bool,
) -> Result<Clocks, Failure> {
    let plan = Plan::of(quick);
    let fdatasync_per_s = fdatasync_per_s(&folder.join("floor"))?;
    eprintln!("clocks on SQLite");
    let installation = Installation::new(gateway, folder.join("sqlite"))?.with_items(ITEMS);
    installation.apply(calendar, passthrough::nobody()).await?;
    let sqlite = on(&plan, &installation, None).await?;
    let postgres = if sqlite_alone {
        None
    } else {
        eprintln!("clocks on PostgreSQL");
        let server = postgres::Server::start().await?;
        let installation = Installation::on(gateway, folder.join("postgres"), Some(server.url()))?
            .with_items(ITEMS);
        installation.apply(calendar, passthrough::nobody()).await?;
        Some(on(&plan, &installation, Some(server.url())).await?)
    };
    Ok(Clocks {
        quick,
        sqlite,
        postgres,
        fdatasync_per_s,
    })
}

async fn on(
    plan: &Plan,
    installation: &Installation,
    postgres: Option<&str>,
) -> Result<ClockFigures, Failure> {
    let serving = installation.serve().await?;
    let database = match postgres {
        None => Database::sqlite(&installation.database()).await?,
        Some(url) => Database::postgres(url, &crate::installation::schema()).await?,
    };
    submit(plan, &serving, &database).await?;
    serving.process.end().await?;
    let without = at_rest(installation).await?;
    let begun = instant();
    fill(&database, plan.clocks).await?;
    let fill_s = begun.elapsed().as_secs_f64();
    eprintln!("{} clocks in {fill_s:.0} s", plan.clocks);
    let open = database.number("SELECT count(*) FROM case_clock").await?;
    let store = ClocksOf::open(installation, postgres).await?;
    let first_due = store
        .make_due(&database, plan.due(), DUE_PER_SECOND)
        .await?;
    store.close().await;
    let serving = installation.serve().await?;
    tokio::time::sleep(AT_REST).await;
    let rss = serving.process.rss_kib()?;
    if now_us() >= first_due {
        return Err("clocks fell due before the node was ready: the machine is too busy".into());
    }
    let late = watch(plan, &serving, &database, first_due).await?;
    serving.process.end().await?;
    check(plan, &database).await?;
    database.close().await;
    let at = |share: f64| {
        let index = (late.late_us.len() as f64 * share) as usize;
        let us = late.late_us.get(index.min(late.late_us.len() - 1));
        rounded(us.copied().unwrap_or_default() as f64 / 1000.0, 0)
    };
    Ok(ClockFigures {
        open,
        fill_s: rounded(fill_s, 0),
        ready_ms: rounded(serving_ms(late.ready_after), 0),
        rss_mib_without: without,
        rss_mib: rounded(rss as f64 / 1024.0, 1),
        rss_mib_most: rounded(late.rss_kib as f64 / 1024.0, 1),
        due_per_s: DUE_PER_SECOND,
        due: plan.due(),
        late_p50_ms: at(0.5),
        late_p99_ms: at(0.99),
        late_most_ms: at(1.0),
        cpu_us_per_due: rounded(per_one(late.cpu_us as f64, late.late_us.len() as u64), 0),
    })
}

/// Memory of a node that does nothing, MiB.
async fn at_rest(installation: &Installation) -> Result<f64, Failure> {
    let serving = installation.serve().await?;
    tokio::time::sleep(AT_REST).await;
    let rss = serving.process.rss_kib()? as f64 / 1024.0;
    serving.process.end().await?;
    Ok(rounded(rss, 1))
}

fn serving_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// As many real applications as are to fall due.
async fn submit(plan: &Plan, serving: &Serving, database: &Database) -> Result<(), Failure> {
    let load = Load::of_applications(serving.public, CLIENTS).await?;
    loop {
        load.closed_loop(Duration::from_secs(3)).await?;
        let stored = database.number("SELECT count(*) FROM case_record").await?;
        if stored >= plan.due() {
            return Ok(());
        }
    }
}

/// How late events were.
struct Lateness {
    /// Of each clock in the order of its due time, sorted at the end.
    late_us: Vec<i64>,
    rss_kib: u64,
    cpu_us: u64,
    ready_after: Duration,
}

/// Looks again and again how many clocks are overdue: as many as are due and not overdue have their events, oldest first. A look takes
/// its time after the answer, so what it says is late was at most as late.
async fn watch(
    plan: &Plan,
    serving: &Serving,
    database: &Database,
    first_due: i64,
) -> Result<Lateness, Failure> {
    let due_of = |k: i64| first_due + k / DUE_PER_SECOND * 1_000_000;
    let mut late = Lateness {
        late_us: Vec::new(),
        rss_kib: 0,
        cpu_us: serving.process.cpu_us()?,
        ready_after: serving.ready_after,
    };
    let end = first_due + plan.seconds * 1_000_000 + i64::try_from(LATE_MAX.as_micros())?;
    loop {
        let asked = now_us();
        let query = format!("SELECT count(*) FROM case_clock WHERE due_at <= {asked}");
        let overdue = database.number(&query).await?;
        let seen = now_us();
        let seconds = (asked - first_due).div_euclid(1_000_000) + 1;
        let due = (seconds * DUE_PER_SECOND).clamp(0, plan.due());
        let mut stored = late.late_us.len() as i64;
        while stored < due - overdue {
            late.late_us.push(seen - due_of(stored));
            stored += 1;
        }
        late.rss_kib = late.rss_kib.max(serving.process.rss_kib()?);
        if stored == plan.due() {
            break;
        }
        if seen > end {
            return Err(format!("only {stored} of {} clocks were acted upon", plan.due()).into());
        }
        tokio::time::sleep(LOOK).await;
    }
    late.cpu_us = serving.process.cpu_us()? - late.cpu_us;
    late.late_us.sort_unstable();
    Ok(late)
}

/// Every clock that fell due has its event, once.
async fn check(plan: &Plan, database: &Database) -> Result<(), Failure> {
    const OF_KIND: &str = "FROM case_event WHERE kind = 'deemed_accepted'";
    let events = database
        .number(&format!("SELECT count(*) {OF_KIND}"))
        .await?;
    let cases = database
        .number(&format!("SELECT count(DISTINCT case_id) {OF_KIND}"))
        .await?;
    if (events, cases) == (plan.due(), plan.due()) {
        Ok(())
    } else {
        Err(format!(
            "{} clocks fell due; {events} events in {cases} cases",
            plan.due()
        )
        .into())
    }
}

/// Microseconds since 1970, by the clock that the gateway goes by.
fn now_us() -> i64 {
    Clock::system().now().as_microsecond()
}
