//! The figures of `benches/run`: intake, pass-through, footprint. Everything on loopback, bounded in time and count; only
//! processes that it started are ended. What is fair and what is not: `benches/RESULTS.md`.

mod footprint;
mod installation;
mod intake;
mod load;
mod passthrough;
mod process;
mod reference;
mod report;
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
    let arguments = arguments()?;
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
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--gateway" => found.gateway = given.next().ok_or("--gateway needs a path")?.into(),
            "--quick" => found.quick = true,
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

async fn measure(arguments: &Arguments) -> Result<Figures, Failure> {
    let plan = if arguments.quick {
        Plan::quick()
    } else {
        Plan::full()
    };
    let gateway = arguments.gateway.as_path();
    // Beside the binary: a disk that syncs, which the system's temporary folder need not be.
    let beside = gateway.parent().ok_or("the gateway lies in no folder")?;
    let folder = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(beside)?;
    let folder = folder.path();
    let calendar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/calendar");
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
