//! From arguments to settings.

use super::{Kind, LoadArguments, Requests, Times};
use crate::cli::CommandError;
use crate::load::Settings;
use crate::load::connection::Trust;
use crate::load::operation::{Mix, Operation};
use crate::load::preparation::Materials;
use crate::load::schedule::Plan;
use crate::load::settings::{CONNECTIONS_MAX, LANES_MAX, Loop, SearchSettings};
use crate::load::target::{Reach, Target};
use bytes::Bytes;
use std::path::Path;

/// The settings that the arguments mean.
pub(super) fn settings(arguments: &LoadArguments, seed: u64) -> Result<Settings, CommandError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::schedule::Arrivals;
    use clap::Parser;
    use std::time::Duration;

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
