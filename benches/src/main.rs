//! The figures of `benches/run`: intake, pass-through, footprint. Everything on loopback, bounded in time and count; only
//! processes that it started are ended. What is fair and what is not: `benches/RESULTS.md`.

mod clocks;
mod clocks_fill;
mod database;
mod deliver;
mod footprint;
mod installation;
mod intake;
mod load;
mod passthrough;
mod postgres;
mod process;
mod reference;
mod report;
mod scale;
mod statistics;

use installation::Installation;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Why there are no figures, in words.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long each part runs.
pub(crate) struct Plan {
    /// Before the first round of a part; not counted.
    pub(crate) warm_up: Duration,
    /// Rounds of each part.
    pub(crate) rounds: usize,
    /// One round of intake.
    pub(crate) intake: Duration,
    /// One round of each reference.
    pub(crate) reference: Duration,
    /// The open loop of intake.
    pub(crate) intake_open: Duration,
    /// One round of each side of the pass-through.
    pub(crate) passthrough: Duration,
    /// The open loop of each side.
    pub(crate) passthrough_open: Duration,
}

impl Plan {
    /// About two minutes in all.
    fn quick() -> Self {
        Self::of(3, 1)
    }

    /// About ten minutes.
    fn full() -> Self {
        Self::of(5, 3)
    }

    fn of(rounds: usize, factor: u64) -> Self {
        let seconds = |n: u64| Duration::from_secs(n * factor);
        Self {
            warm_up: Duration::from_secs(2),
            rounds,
            intake: seconds(8),
            reference: seconds(3),
            intake_open: seconds(15),
            passthrough: seconds(4),
            passthrough_open: seconds(8),
        }
    }
}

/// Everything that was measured.
#[derive(Serialize)]
pub(crate) struct Figures {
    /// Whether it was the short run.
    pub(crate) quick: bool,
    /// Intake on SQLite.
    pub(crate) sqlite: intake::IntakeFigures,
    /// Pass-through.
    pub(crate) passthrough: passthrough::PassthroughFigures,
    /// Footprint.
    pub(crate) footprint: footprint::Footprint,
}

struct Arguments {
    gateway: PathBuf,
    quick: bool,
    json: bool,
    /// Only intake, on both databases.
    intake: bool,
    /// Only delivery, on both databases.
    deliver: bool,
    /// Only clocks, on both databases.
    clocks: bool,
    /// Only what cases cost as they gather, and over two nodes.
    scale: bool,
    /// Leaves PostgreSQL out, where the part allows it.
    sqlite: bool,
}

/// Intake on both databases (`benches/intake/run`).
#[derive(Serialize)]
pub(crate) struct Intakes {
    /// Whether it was the short run.
    pub(crate) quick: bool,
    /// On SQLite.
    pub(crate) sqlite: intake::IntakeFigures,
    /// On PostgreSQL.
    pub(crate) postgres: postgres::PostgresFigures,
    /// What the disk and plain inserts do.
    pub(crate) floors: Floors,
}

/// What the disk and plain inserts do.
#[derive(Serialize)]
pub(crate) struct Floors {
    /// Small writes to one file, each followed by fdatasync, a second.
    pub(crate) fdatasync_per_s: f64,
    /// Cases a second by plain inserts into SQLite, 64 a transaction.
    pub(crate) sqlite_batched_per_s: f64,
}

/// Monotonic time: what a bench is about.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

#[tokio::main]
async fn main() -> ExitCode {
    // Dropping the work ends the processes that it started.
    let work = async {
        let mut terminated =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            done = begin() => done,
            _ = terminated.recv() => Err("told to stop".into()),
            _ = tokio::signal::ctrl_c() => Err("told to stop".into()),
        }
    };
    match work.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("no figures: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn begin() -> Result<(), Failure> {
    if std::env::args().nth(1).as_deref() == Some(passthrough::BACK_END) {
        return passthrough::serve_back_end().await;
    }
    if std::env::args().nth(1).as_deref() == Some(passthrough::PARTNER) {
        return passthrough::serve_partner().await;
    }
    let arguments = arguments()?;
    if arguments.deliver {
        let figures = measure_deliveries(&arguments).await?;
        report::print_deliveries(&figures);
        if arguments.json {
            println!("{}", serde_json::to_string(&figures)?);
        }
        return Ok(());
    }
    if arguments.clocks {
        let figures = measure_clocks(&arguments).await?;
        report::print_clocks(&figures);
        if arguments.json {
            println!("{}", serde_json::to_string(&figures)?);
        }
        return Ok(());
    }
    if arguments.scale {
        let figures = measure_scale(&arguments).await?;
        report::print_scale(&figures);
        if arguments.json {
            println!("{}", serde_json::to_string(&figures)?);
        }
        return Ok(());
    }
    if arguments.intake {
        let figures = measure_intake(&arguments).await?;
        report::print_intakes(&figures);
        if arguments.json {
            println!("{}", serde_json::to_string(&figures)?);
        }
        return Ok(());
    }
    let figures = measure(&arguments).await?;
    report::print(&figures);
    if arguments.json {
        println!("{}", serde_json::to_string(&figures)?);
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Failure> {
    let mut found = Arguments {
        gateway: PathBuf::new(),
        quick: false,
        json: false,
        intake: false,
        deliver: false,
        clocks: false,
        scale: false,
        sqlite: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--gateway" => found.gateway = given.next().ok_or("--gateway needs a path")?.into(),
            "--quick" => found.quick = true,
            "--intake" => found.intake = true,
            "--deliver" => found.deliver = true,
            "--clocks" => found.clocks = true,
            "--scale" => found.scale = true,
            "--sqlite" => found.sqlite = true,
            "--json" => found.json = true,
            other => {
                return Err(format!(
                    "unknown argument {other}; usage: benches/run [--quick] [--json]"
                )
                .into());
            }
        }
    }
    found.gateway = found
        .gateway
        .canonicalize()
        .map_err(|e| format!("--gateway: {e}"))?;
    Ok(found)
}

/// The calendar of the repository.
fn calendar() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/calendar")
}

/// Delivery on both databases, beside the binary as the others.
async fn measure_deliveries(arguments: &Arguments) -> Result<deliver::Deliveries, Failure> {
    let (gateway, folder) = (arguments.gateway.as_path(), arguments.scratch()?);
    let calendar = calendar();
    deliver::measure(gateway, folder.path(), &calendar, arguments.quick).await
}

/// What cases cost as they gather, and over two nodes, beside the binary as the others.
async fn measure_scale(arguments: &Arguments) -> Result<scale::Scale, Failure> {
    let (gateway, folder) = (arguments.gateway.as_path(), arguments.scratch()?);
    let calendar = calendar();
    scale::measure(gateway, folder.path(), &calendar, arguments.quick).await
}

/// Clocks on both databases, beside the binary as the others.
async fn measure_clocks(arguments: &Arguments) -> Result<clocks::Clocks, Failure> {
    let (gateway, folder) = (arguments.gateway.as_path(), arguments.scratch()?);
    let calendar = calendar();
    let (quick, sqlite) = (arguments.quick, arguments.sqlite);
    clocks::measure(gateway, folder.path(), &calendar, quick, sqlite).await
}

/// Intake on both databases, one after the other on the same disk.
async fn measure_intake(arguments: &Arguments) -> Result<Intakes, Failure> {
    let plan = arguments.plan();
    let (gateway, folder) = (arguments.gateway.as_path(), arguments.scratch()?);
    let folder = folder.path();
    let calendar = calendar();
    // Nothing is called at the systems: any address does.
    let nobody = passthrough::nobody();
    let server = postgres::Server::start().await?;
    let on_sqlite = Installation::new(gateway, folder.join("sqlite"))?;
    let on_postgres = Installation::on(gateway, folder.join("postgres"), Some(server.url()))?;
    eprintln!("registering {} sample items twice", installation::ITEMS);
    on_sqlite.apply(&calendar, nobody).await?;
    on_postgres.apply(&calendar, nobody).await?;
    eprintln!("intake on SQLite");
    let serving = on_sqlite.serve().await?;
    let scratch = folder.join("reference.sqlite");
    let sqlite = intake::measure(&plan, &on_sqlite, &serving, &scratch).await?;
    serving.process.end().await?;
    eprintln!("intake on PostgreSQL");
    let postgres = postgres::measure(&plan, &server, &on_postgres, folder).await?;
    let floors = Floors {
        fdatasync_per_s: fdatasync_per_s(&folder.join("floor"))?,
        sqlite_batched_per_s: sqlite.reference_batched_per_s,
    };
    Ok(Intakes {
        quick: arguments.quick,
        sqlite,
        postgres,
        floors,
    })
}

/// Writes 4 KiB and syncs, again and again for a second.
fn fdatasync_per_s(path: &Path) -> Result<f64, Failure> {
    use std::io::{Seek, Write};
    let mut file = std::fs::File::create(path)?;
    let (block, begun) = ([7_u8; 4_096], instant());
    let mut count = 0_u32;
    while begun.elapsed() < Duration::from_secs(1) {
        file.rewind()?;
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(statistics::rounded(
        f64::from(count) / begun.elapsed().as_secs_f64(),
        0,
    ))
}

impl Arguments {
    /// A folder for one measurement beside the binary: on the disk that is measured.
    fn scratch(&self) -> Result<tempfile::TempDir, Failure> {
        let beside = self.gateway.parent();
        let beside = beside.ok_or("the gateway lies in no folder")?;
        Ok(tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(beside)?)
    }

    fn plan(&self) -> Plan {
        if self.quick {
            Plan::quick()
        } else {
            Plan::full()
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<Figures, Failure> {
    let plan = arguments.plan();
    let gateway = arguments.gateway.as_path();
    // Beside the binary: a disk that syncs, which the system's temporary folder need not be.
    let beside = gateway.parent().ok_or("the gateway lies in no folder")?;
    let folder = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(beside)?;
    let folder = folder.path();
    let calendar = calendar();
    let (back_end, back_end_address) = passthrough::start_back_end(folder).await?;
    let empty = Installation::new(gateway, folder.join("empty"))?;
    let filled = Installation::new(gateway, folder.join("filled"))?;
    eprintln!(
        "registering {} sample items and {} systems",
        installation::ITEMS,
        installation::SYSTEMS
    );
    filled.apply(&calendar, back_end_address).await?;
    eprintln!("footprint");
    let footprint = footprint::measure(gateway, &empty, &filled, &folder.join("stripped")).await?;
    eprintln!("pass-through");
    let serving = filled.serve().await?;
    let passthrough = passthrough::measure(&plan, &serving, &back_end, back_end_address).await?;
    serving.process.end().await?;
    eprintln!("intake");
    let serving = filled.serve().await?;
    let sqlite =
        intake::measure(&plan, &filled, &serving, &folder.join("reference.sqlite")).await?;
    serving.process.end().await?;
    back_end.end().await?;
    Ok(Figures {
        quick: arguments.quick,
        sqlite,
        passthrough,
        footprint,
    })
}
