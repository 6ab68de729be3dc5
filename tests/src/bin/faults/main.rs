//! `tests/faults`: real gateways, real partners, real load, and a seeded plan of everything that may go wrong; then a checker that
//! compares what clients were told, what the store shows and what the partners have. Nothing lost, nothing twice, everything in order.

mod campaign;
mod checker;
mod clients;
mod database;
mod disk;
mod disk_faults;
mod logs;
mod look;
mod node;
mod node_faults;
mod observed;
mod partners;
mod plan;
mod recompute;
mod redis_faults;
mod replay;
mod report;
mod run;
mod told;
mod topology;

use campaign::Campaign;
use clap::Parser;
use run::{Order, Outcome, Until, run};
use serde_json::Value;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use topology::{PowerCuts, Setting, StoreKind};

/// Breaks a running installation by a seeded plan and checks that nothing is lost, doubled or out of order.
#[derive(Debug, Parser)]
#[command(
    name = "tests/faults",
    after_help = "\
Example:
  tests/faults --minutes 5 --seed 1
  tests/faults --store postgres --nodes 3 --rounds 2 --seed 4
  tests/faults --power-cuts --only gateway_killed --kills 30
  tests/faults --kills 1000 --each 50 --seed 7 --record target/faults.jsonl --json | tail -1

The same seed plans the same faults; which request each one meets is a matter of moments. Exit code 0: no violation; 1: at least one,
or the run could not be finished; 2: wrong usage. docs/operations/faults.md tells how to read a run."
)]
struct Arguments {
    /// How long faults happen, in minutes; what was begun then comes to its end.
    #[arg(long, value_name = "N", default_value_t = 5.0, value_parser = minutes)]
    minutes: f64,
    /// Go on until nodes were killed so often, instead of --minutes.
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    kills: Option<u64>,
    /// Make of --kills many runs with so many kills each, with the seeds from --seed on.
    #[arg(long, value_name = "N", requires = "kills", requires = "record", value_parser = clap::value_parser!(u64).range(1..))]
    each: Option<u64>,
    /// Keep what each run of --each came to in this file; the same command goes on behind the last one.
    #[arg(long, value_name = "FILE", requires = "each")]
    record: Option<std::path::PathBuf>,
    /// Go through so many rounds of the plan, each with every fault at least once, instead of --minutes.
    #[arg(long, value_name = "N", conflicts_with_all = ["minutes", "kills"])]
    rounds: Option<u16>,
    /// Seed of the plan, the partners and the clients.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Applicants at once, 1 to 64.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=64))]
    clients: u8,
    /// The store of the nodes; with `postgres` the run starts a server of its own.
    #[arg(long, value_name = "KIND", value_enum, default_value = "sqlite")]
    store: StoreKind,
    /// Nodes on one store, 1 to 4; more than one need --store postgres, whose default is 2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    nodes: Option<u8>,
    /// Seconds after which a silent node is gone, 1 to 60; --store postgres only.
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    lease: u64,
    /// No Redis between the nodes; otherwise several nodes have one, which the run starts.
    #[arg(long)]
    without_redis: bool,
    /// Only this kind of fault, as docs/operations/faults.md names it; may be given several times.
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(plan::KINDS))]
    only: Vec<String>,
    /// Each kill of the gateway cuts the power of its disk too: what was not synced is gone. Embedded store only.
    #[arg(long)]
    power_cuts: bool,
    /// The control of --power-cuts: no sync counts, so that there must be violations.
    #[arg(long, requires = "power_cuts")]
    ignore_syncs: bool,
    /// Seconds within which everything comes to its end after the last fault.
    #[arg(long, value_name = "SECONDS", default_value_t = 150)]
    patience: u64,
    /// More sections of settings for every node.
    #[arg(long, value_name = "FILE")]
    settings: Option<std::path::PathBuf>,
    /// Keep what nodes and partners print in this folder, beside what earlier runs left there.
    #[arg(long, value_name = "FOLDER")]
    logs: Option<std::path::PathBuf>,
    /// One JSON object on the last line of standard output.
    #[arg(long)]
    json: bool,
    /// Print every step as it happens.
    #[arg(long)]
    verbose: bool,
}

fn minutes(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|n| (0.0..=10_000.0).contains(n))
        .ok_or_else(|| "minutes are a number from 0 to 10000".to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let order = match order(&arguments) {
        Ok(order) => order,
        Err(words) => {
            eprintln!("tests/faults: {words}");
            return ExitCode::from(2);
        }
    };
    match ran(&arguments, order) {
        Ok(object) => {
            report::print(&object, arguments.json);
            ExitCode::from(u8::from(report::violations(&object) > 0))
        }
        Err(words) => {
            eprintln!(
                "tests/faults: the run of seed {} could not be finished: {words}",
                arguments.seed
            );
            ExitCode::from(1)
        }
    }
}

/// One run, or the sum of many.
fn ran(arguments: &Arguments, order: Order) -> Result<Value, String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|e| e.to_string())?;
    if let (Some(kills), Some(each), Some(record)) =
        (arguments.kills, arguments.each, &arguments.record)
    {
        let campaign = Campaign {
            order,
            kills,
            each,
            record: record.clone(),
        };
        return campaign.run(|order| runtime.block_on(to_its_end(order)));
    }
    let outcome = runtime.block_on(to_its_end(order))?;
    Ok(report::object(arguments.seed, &outcome))
}

/// Runs in a task of its own, so that a panic of the harness is told like any other failure, and a signal ends what was started.
async fn to_its_end(order: Order) -> Result<Outcome, String> {
    let mut terminated = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let mut running = tokio::spawn(run(order));
    let stopped = tokio::select! {
        ran = &mut running => return ran.unwrap_or_else(|e| Err(e.to_string())),
        _ = tokio::signal::ctrl_c() => "it was interrupted",
        _ = terminated.recv() => "it was told to stop",
    };
    running.abort();
    // Its processes and its disk go with it.
    let _ = running.await;
    Err(stopped.to_owned())
}

fn order(arguments: &Arguments) -> Result<Order, String> {
    let nodes = match (arguments.store, arguments.nodes) {
        (StoreKind::Sqlite, Some(2..)) => {
            return Err("the embedded store serves one node: --store postgres".to_owned());
        }
        (StoreKind::Sqlite, _) => 1,
        (StoreKind::Postgres, nodes) => nodes.unwrap_or(2),
    };
    let power_cuts = match (arguments.power_cuts, arguments.store) {
        (true, StoreKind::Postgres) => {
            return Err("power is cut on the embedded store's disk alone".to_owned());
        }
        (true, _) if arguments.ignore_syncs => Some(PowerCuts::Everything),
        (true, _) => Some(PowerCuts::Unsynced),
        (false, _) => None,
    };
    let settings = match &arguments.settings {
        None => String::new(),
        Some(path) => {
            std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?
        }
    };
    Ok(Order {
        until: match (arguments.kills, arguments.rounds) {
            (Some(kills), _) => Until::Kills(kills),
            (None, Some(rounds)) => Until::Rounds(usize::from(rounds)),
            (None, None) => Until::Lasting(Duration::from_secs_f64(arguments.minutes * 60.0)),
        },
        seed: arguments.seed,
        clients: usize::from(arguments.clients),
        setting: Setting {
            seed: arguments.seed,
            store: arguments.store,
            nodes: usize::from(nodes),
            node_lease: Duration::from_secs(arguments.lease),
            redis: nodes > 1 && !arguments.without_redis,
            power_cuts,
            settings,
            logs: arguments.logs.clone(),
        },
        only: arguments.only.clone(),
        patience: Duration::from_secs(arguments.patience),
        verbose: arguments.verbose,
    })
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
