//! `tongban load`: load against a running hall, for load testers.

mod reading;
mod values;

use super::{CommandError, say};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::load::LoadError;
use crate::load::condition::Condition;
use crate::load::live::Audience;
use crate::load::operation::Mix;
use crate::load::report::Report;
use crate::load::schedule::Arrivals;
use crate::load::table::Table;
use crate::load::target::TargetError;
use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue, Method};
use std::path::PathBuf;
use std::time::Duration;
use values::{any_duration, duration, header, rate, share};

/// Put load on a running gateway and measure its latency.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct LoadArguments {
    /// What to ask for
    #[arg(value_enum)]
    kind: Kind,
    /// The gateway's public listener
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Call an address that is not this machine; whoever runs it must agree
    #[arg(long)]
    allow_remote: bool,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    requests: Requests,
    #[command(flatten)]
    outcome: Outcome,
}

const HELP: &str = "\
An open loop: each request is due at its time, whatever the gateway does, and its response time
counts from then. So a stall shows in the percentiles as long as it lasted, and not as one slow
answer (coordinated omission).

Applications are made from the gateway's own items: filled forms that satisfy their schema, identity
numbers of nobody with right check characters, the materials that the situation asks for, a fresh
Idempotency-Key each. Numbers are checked for duplicates, repetitions for the same answer, receipts
for their signature; a broken promise ends the run with exit code 1. THEY ARE REAL APPLICATIONS in
the gateway that gets them, and go to its partners: use an installation made for tests.

Only this machine is called unless --allow-remote is given. A gateway as shipped takes 500 requests
a second from one address; more gets 429, which is counted apart. For more load from one machine,
raise `listeners.public.limits.address` there, and `intake.uploads_at_once_max` for applications with
materials.

Examples:
  tongban load mix --rate 200 --duration 30s
  tongban load applications --rate 400 --duration 1m --item CODE --write-numbers numbers.txt
  tongban load status --numbers numbers.txt --rate 450 --arrivals poisson \\
    --fail-if 'p99>50ms' --fail-if 'faults>0' --json
  tongban load pass-through --system gd-explosives --path /health --rate 300
  tongban load applications --search 'p99>100ms' --rate 50 --duration 10s
  tongban load applications --closed --connections 64 --duration 10s

Exit codes: 0 measured; 1 a condition of --fail-if holds, the gateway broke a promise, the client
itself was late (the run is void), Ctrl-C cut it short, or nothing could be measured; 2 wrong usage.
More: docs/load-testing.md.";

/// What to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Submit applications
    Applications,
    /// Read the status of applications
    Status,
    /// Requests through /systems/{id}/ to a partner
    PassThrough,
    /// All of these in proportion (--mix)
    Mix,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "When")]
struct Times {
    /// Requests a second
    #[arg(long, value_name = "N", default_value_t = 100.0, value_parser = rate)]
    rate: f64,
    /// Begin at this rate and rise (or fall) evenly to --rate
    #[arg(long, value_name = "N", value_parser = rate, conflicts_with_all = ["closed", "search"])]
    ramp_from: Option<f64>,
    /// How long to measure
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    duration: Duration,
    /// Before that at the same rate, not counted
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = any_duration)]
    warm_up: Duration,
    /// How requests are spread: evenly, or as from people who know nothing of each other
    #[arg(long, value_enum, default_value = "constant")]
    arrivals: Arrivals,
    /// Connections, all kept alive; more than the gateway works on at once
    #[arg(long, value_name = "N", default_value_t = 128)]
    connections: usize,
    /// Threads of the client [default: one for each 15,000 requests a second]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// An answer takes no longer, or it counts as none
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = duration)]
    timeout: Duration,
    /// Measure capacity: each connection asks again as soon as it has its answer. Hides stalls, and says so
    #[arg(long, conflicts_with = "search")]
    closed: bool,
    /// Find the highest rate at which this is not so, beginning at --rate, --duration for each step; e.g. 'p99>50ms'
    #[arg(long, value_name = "CONDITION")]
    search: Option<Condition>,
    /// The highest rate that a search tries
    #[arg(long, value_name = "N", default_value_t = 100_000.0, value_parser = rate)]
    search_max: f64,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What")]
struct Requests {
    /// Shares of a mix [default: applications=20,status=80; with --system applications=20,status=60,pass-through=20]
    #[arg(long, value_name = "SHARES")]
    mix: Option<Mix>,
    /// Code of an item to apply for; may be repeated [default: all items that are open]
    #[arg(long, value_name = "CODE")]
    item: Vec<String>,
    /// Apply only for items and situations that need no material
    #[arg(long)]
    no_materials: bool,
    /// Size of each sample material
    #[arg(long, value_name = "BYTES", default_value_t = 1_024)]
    material_bytes: usize,
    /// Share of applications that are sent again under their key
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share)]
    repeat: f64,
    /// Share of receipts that are verified
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, value_parser = share)]
    receipts: f64,
    /// Applications made beforehand for status reads, where there is no --numbers
    #[arg(long, value_name = "N", default_value_t = 50)]
    prepare: usize,
    /// Read the status of these applications: lines `number query_code`
    #[arg(long, value_name = "FILE")]
    numbers: Option<PathBuf>,
    /// Write the applications that are made as such lines
    #[arg(long, value_name = "FILE")]
    write_numbers: Option<PathBuf>,
    /// System to pass through to; may be repeated, then in turn
    #[arg(long, value_name = "ID")]
    system: Vec<String>,
    /// Path at the system
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,
    /// Call --path itself, without /systems/{id}: to measure a back end beside the gateway
    #[arg(long, conflicts_with = "system")]
    bare: bool,
    /// Method of the pass-through
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: Method,
    /// File with the body of the pass-through
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// Header of every request, `name: value`; may be repeated
    #[arg(long, value_name = "HEADER", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// Seed of everything that is drawn [default: drawn itself, and told]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Certificate authority (PEM) of the gateway, beside the system's own
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    tls_ca: Option<PathBuf>,
    /// Take any certificate; for tests only
    #[arg(long)]
    insecure: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Outcome")]
struct Outcome {
    /// Fail (exit code 1) if this is so: 'p99>50ms', 'status.p99.9>1s', 'service.max>2s', 'faults>0', 'throttled>1%', 'rate<95'; may be repeated
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<Condition>,
    /// The run is void if the client itself was later than this at p99.9
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = duration)]
    late_max: Duration,
    /// One JSON object as the last line of standard output
    #[arg(long)]
    json: bool,
    /// Write the JSON to a file too
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Say nothing while it runs
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// Wrong arguments are a usage error; a run that failed or could not be made is a failure.
pub fn run(arguments: &LoadArguments) -> Result<(), CommandError> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let seed = match arguments.requests.seed {
        Some(seed) => seed,
        None => drawn_seed(&entropy)?,
    };
    let settings = reading::settings(arguments, seed)?;
    let audience = if arguments.outcome.quiet {
        Audience::Nobody
    } else {
        Audience::of_standard_error()
    };
    let work = crate::load::run(&settings, &clock, &entropy, audience);
    let report = super::serve::runtime()?.block_on(work).map_err(refused)?;
    print(&report, &arguments.outcome)?;
    match report.failure() {
        Some(failure) => Err(CommandError::Failed(failure)),
        None => Ok(()),
    }
}

fn drawn_seed(entropy: &Entropy) -> Result<u64, CommandError> {
    let bytes = entropy.bytes::<4>().map_err(CommandError::failed)?;
    Ok(u32::from_be_bytes(bytes).into())
}

/// A target that must not be called is a mistake of the caller; everything else has happened.
fn refused(error: LoadError) -> CommandError {
    match error {
        LoadError::Target(TargetError::Form(_) | TargetError::Remote { .. })
        | LoadError::Plan(_) => CommandError::Usage(error.to_string()),
        other => CommandError::failed(other),
    }
}

fn print(report: &Report, outcome: &Outcome) -> Result<(), CommandError> {
    let json = serde_json::to_string(report).map_err(CommandError::failed)?;
    say(Table(report));
    if let Some(path) = &outcome.report {
        std::fs::write(path, format!("{json}\n"))
            .map_err(|e| CommandError::Failed(format!("{}: {e}", path.display())))?;
    }
    if outcome.json {
        say(json);
    }
    Ok(())
}
