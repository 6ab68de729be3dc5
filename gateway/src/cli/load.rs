//! `tongban load`: load against a running hall, for load testers.

use super::{CommandError, say};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::load::condition::Condition;
use crate::load::connection::Trust;
use crate::load::live::Audience;
use crate::load::operation::{Mix, Operation};
use crate::load::preparation::Materials;
use crate::load::report::Report;
use crate::load::run::{CONNECTIONS_MAX, LANES_MAX, Loop, SearchSettings};
use crate::load::schedule::{Arrivals, Plan};
use crate::load::table::Table;
use crate::load::target::{Reach, Target, TargetError};
use crate::load::{LoadError, Settings};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::{HeaderName, HeaderValue, Method};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Put load on a running gateway and measure its latency
///
/// An open loop: each request is due at its time, whatever the gateway does, and its response time counts from then. So a stall
/// shows in the percentiles as long as it lasted, and not as one slow answer (coordinated omission).
///
/// Applications are made from the gateway's own items: filled forms that satisfy their schema, identity numbers of nobody with
/// right check characters, the materials that the situation asks for, a fresh Idempotency-Key each. Numbers are checked for
/// duplicates, repetitions for the same answer, receipts for their signature; what breaks a promise ends the run with exit code 1.
/// THEY ARE REAL APPLICATIONS in the gateway that gets them, and go to its partners: use an installation made for tests.
///
/// Only this machine is called unless --allow-remote is given. A gateway as shipped takes 500 requests a second from one
/// address; more gets 429, which is counted apart. For load from one machine, raise `listeners.public.limits.address`.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:
  tongban load mix --rate 200 --duration 30s
  tongban load applications --rate 400 --duration 1m --item 10131300500698857413440400 --write-numbers numbers.txt
  tongban load status --numbers numbers.txt --rate 450 --arrivals poisson --fail-if 'p99>50ms' --fail-if 'faults>0' --json
  tongban load pass-through --system gd-explosives --path /health --rate 300
  tongban load applications --search 'p99>100ms' --rate 50 --duration 10s
  tongban load applications --closed --connections 64 --duration 10s

Exit codes: 0 measured; 1 a condition of --fail-if holds, the gateway broke a promise, the client itself was late (the run is
void), Ctrl-C cut it short, or nothing could be measured; 2 wrong usage. More: docs/load-testing.md."
)]
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
    let settings = settings(arguments, seed)?;
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

fn settings(arguments: &LoadArguments, seed: u64) -> Result<Settings, CommandError> {
    let (times, requests) = (&arguments.times, &arguments.requests);
    let usage = |words: &str| CommandError::Usage(words.to_owned());
    let target = Target::parse(&arguments.url).map_err(|e| CommandError::Usage(e.to_string()))?;
    let mix = mix(arguments.kind, requests)?;
    let paths = paths(requests);
    if mix.has(Operation::PassThrough) && paths.is_empty() {
        return Err(usage("a pass-through needs --system ID (or --bare)"));
    }
    if !(1..=CONNECTIONS_MAX).contains(&times.connections) {
        return Err(usage(&format!(
            "--connections must be 1 to {CONNECTIONS_MAX}"
        )));
    }
    if times.threads.is_some_and(|n| !(1..=LANES_MAX).contains(&n)) {
        return Err(usage(&format!("--threads must be 1 to {LANES_MAX}")));
    }
    // At each rate of a search, the conditions of the whole must not be so either.
    let fail_if = &arguments.outcome.fail_if;
    let search = times.search.clone().map(|condition| SearchSettings {
        unless: std::iter::once(condition)
            .chain(fail_if.iter().cloned())
            .collect(),
        rate_max: times.search_max,
    });
    let mut all = Settings::new(target, mix, pace(times));
    if arguments.allow_remote {
        all.reach = Reach::Anyone;
    }
    if requests.no_materials {
        all.materials = Materials::None;
    }
    all.trust = trust(requests);
    all.warm_up = times.warm_up;
    all.connections = times.connections;
    all.threads = times.threads;
    all.timeout = times.timeout;
    all.seed = seed;
    all.items.clone_from(&requests.item);
    all.material_bytes = requests.material_bytes;
    all.repeat_share = requests.repeat;
    all.receipt_share = requests.receipts;
    all.prepared = requests.prepare.max(1);
    all.numbers.clone_from(&requests.numbers);
    all.write_numbers.clone_from(&requests.write_numbers);
    all.paths = paths;
    all.method = requests.method.clone();
    all.body = body(requests.body.as_deref())?;
    all.headers.clone_from(&requests.header);
    all.late_max = arguments.outcome.late_max;
    all.fail_if.clone_from(fail_if);
    all.search = search;
    Ok(all)
}

fn mix(kind: Kind, requests: &Requests) -> Result<Mix, CommandError> {
    let only = match kind {
        Kind::Applications => Operation::Application,
        Kind::Status => Operation::Status,
        Kind::PassThrough => Operation::PassThrough,
        Kind::Mix => {
            let usual = if requests.system.is_empty() && !requests.bare {
                "applications=20,status=80"
            } else {
                "applications=20,status=60,pass-through=20"
            };
            let usual = || usual.parse().map_err(CommandError::failed);
            return requests.mix.clone().map_or_else(usual, Ok);
        }
    };
    if requests.mix.is_some() {
        let words = "--mix is for `tongban load mix`";
        return Err(CommandError::Usage(words.to_owned()));
    }
    Ok(Mix::only(only))
}

fn pace(times: &Times) -> Loop {
    if times.closed {
        return Loop::Closed {
            duration: times.duration,
        };
    }
    Loop::Open(Plan {
        from_per_second: times.ramp_from.unwrap_or(times.rate),
        to_per_second: times.rate,
        duration: times.duration,
        arrivals: times.arrivals,
    })
}

fn paths(requests: &Requests) -> Vec<String> {
    let slash = if requests.path.starts_with('/') {
        ""
    } else {
        "/"
    };
    let path = format!("{slash}{}", requests.path);
    if requests.bare {
        return vec![path];
    }
    let through = |system: &String| format!("/systems/{system}{path}");
    requests.system.iter().map(through).collect()
}

fn trust(requests: &Requests) -> Trust {
    match &requests.tls_ca {
        Some(path) => Trust::Authority(path.clone()),
        None if requests.insecure => Trust::Anyone,
        None => Trust::System,
    }
}

fn body(path: Option<&Path>) -> Result<Bytes, CommandError> {
    let Some(path) = path else {
        return Ok(Bytes::new());
    };
    let read = std::fs::read(path).map(Bytes::from);
    read.map_err(|e| CommandError::Usage(format!("--body {}: {e}", path.display())))
}

/// The longest time that an argument may say.
const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

fn any_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time such as 30s, 500ms or 2m, of at most a week");
    let read: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let read = Duration::try_from(read).map_err(|_| wrong())?;
    (read <= DURATION_MAX).then_some(read).ok_or_else(wrong)
}

fn duration(text: &str) -> Result<Duration, String> {
    let read = any_duration(text)?;
    (!read.is_zero())
        .then_some(read)
        .ok_or_else(|| "must be longer than nothing".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let read: f64 = text
        .trim_end_matches("/s")
        .parse()
        .map_err(|_| format!("`{text}` is no rate"))?;
    let sane = read > 0.0 && read <= 1_000_000.0;
    sane.then_some(read)
        .ok_or_else(|| "must be above 0 and at most 1,000,000 a second".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let (digits, divisor) = match text.strip_suffix('%') {
        Some(digits) => (digits, 100.0),
        None => (text, 1.0),
    };
    let read: f64 = digits
        .parse()
        .map_err(|_| format!("`{text}` is no share"))?;
    let read = read / divisor;
    (0.0..=1.0)
        .contains(&read)
        .then_some(read)
        .ok_or_else(|| "must be 0 to 1, or 0% to 100%".to_owned())
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || format!("`{text}` is no header; write `name: value`");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name = name.trim().parse().map_err(|_| wrong())?;
    let value = value.trim().parse().map_err(|_| wrong())?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        load: LoadArguments,
    }

    fn read(line: &str) -> Result<Settings, String> {
        let words = std::iter::once("load").chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|e| e.to_string())?;
        settings(&line.load, 7).map_err(|e| e.to_string())
    }

    #[test]
    fn arguments_become_settings() {
        let read = read("mix --rate 500/s --duration 2m --system a --system b --path x --header X-A:1 --fail-if p99>50ms").unwrap();
        assert_eq!(read.paths, ["/systems/a/x", "/systems/b/x"]);
        assert!(read.mix.has(Operation::PassThrough) && read.mix.has(Operation::Application));
        let plan = Plan::steady(500.0, Duration::from_secs(120), Arrivals::Constant);
        assert_eq!((read.pace, read.reach), (Loop::Open(plan), Reach::Loopback));
    }

    #[test]
    fn wrong_usage_is_told() {
        for (line, words) in [
            ("nothing", "invalid value"),
            ("status --rate 0", "above 0"),
            ("status --rate NaN", "above 0"),
            ("status --duration 0s", "longer than nothing"),
            ("status --duration 8d", "at most a week"),
            ("status --mix status=1", "for `tongban load mix`"),
            ("pass-through", "needs --system"),
            ("status --connections 0", "--connections must be 1"),
            ("status --threads 65", "--threads must be 1"),
            ("status --closed --search p99>1ms", "cannot be used"),
            ("status --url 127.0.0.1:8080", "no http or https address"),
            ("applications --repeat 101%", "0 to 1"),
            ("status --header novalue", "name: value"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
