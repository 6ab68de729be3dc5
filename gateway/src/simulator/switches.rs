//! The switches: every way in which a partner misbehaves, each with a rate, a number of times and the phase it applies to.
//!
//! A decision depends on the seed, the switch, the phase, the case number and how often this came before, never on the order in which
//! connections happen to arrive: two runs with one seed misbehave alike, case by case.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::time::Duration;

/// What a simulator does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Fault {
    /// Answers (or sends) only after `duration`.
    Slow,
    /// Answers with the dialect's refusing code; nothing is registered.
    Refuse,
    /// Closes the listener and every connection for `duration`; the courses of its cases go on. For its own calls: the answer is lost too.
    RefuseConnection,
    /// The process goes away for `duration` and comes back with what it had written down. For its own calls: the answer is lost too.
    Restart,
    /// Processes the request, then cuts the connection halfway through the answer. For its own calls: the answer is lost.
    Drop,
    /// Cuts the connection before anything is processed. For its own calls: halfway through the request.
    DropBefore,
    /// Sends a report twice.
    Twice,
    /// Sends a report only after `duration`.
    Late,
    /// Processes the request and answers bytes that are no answer. For its own calls: a body that is no message.
    Garbage,
    /// Sends a report with a code that is in no table.
    WrongCodes,
    /// Sends the next report of the case before this one.
    OutOfOrder,
    /// Sends the report, then the same one (same key, same `SJBBH`) with other content.
    ConflictingDuplicate,
    /// Processes the request and never answers (bounded by `duration`). For reports: never sends it.
    Mute,
    /// Answers HTTP 500 with a page of its application server; nothing is registered.
    Http500,
    /// Has no check for repeats: a repeated application, supplement or withdrawal has its effect once more (and is counted).
    Forgetful,
}

impl Fault {
    fn default_duration(self) -> Duration {
        match self {
            Self::Mute => Duration::from_secs(60),
            _ => Duration::from_secs(2),
        }
    }

    fn is_outage(self) -> bool {
        matches!(self, Self::RefuseConnection | Self::Restart)
    }
}

/// The part of the exchange in which a request or call belongs.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Phase {
    /// The department's own number is asked for (`/ebus/lsh`).
    Number,
    /// The application arrives.
    Submit,
    /// It is asked about, or its course is polled.
    Query,
    /// The applicant's answer to a correction notice arrives.
    Supplement,
    /// The applicant's wish to withdraw arrives.
    Withdraw,
    /// A report goes to the gateway.
    Feedback,
    /// The application is pulled from the gateway.
    Pull,
    /// A document is fetched or handed back.
    Document,
}

/// One switch. On the command line `NAME[=DURATION|RATE][,phase=P][,times=N][,skip=N][,rate=R][,for=DURATION]`, in JSON the fields
/// below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// What goes wrong.
    #[serde(rename = "switch")]
    pub fault: Fault,
    /// Share of the occasions on which it does, 0 to 1.
    #[serde(default = "always")]
    pub rate: f64,
    /// How often at most; absent: without end (outages: once).
    #[serde(default)]
    pub times: Option<u32>,
    /// How many occasions it lets pass first.
    #[serde(default)]
    pub skip: u32,
    /// Where; absent: wherever it can.
    #[serde(default)]
    pub phase: Option<Phase>,
    /// How long, in milliseconds, for those that last.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// How often it has happened.
    #[serde(default)]
    pub used: u32,
}

fn always() -> f64 {
    1.0
}

/// A switch that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the simulator does not understand the switch `{text}`: {reason}; write e.g. `slow=2s`, `drop=0.3` or `refuse,phase=submit,times=2`"
)]
pub struct SwitchError {
    text: String,
    reason: String,
}

impl FromStr for Switch {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Self, SwitchError> {
        let fault = |reason: String| SwitchError {
            text: text.to_owned(),
            reason,
        };
        let mut parts = text.split(',').map(str::trim);
        let head = parts.next().unwrap_or_default();
        let (name, value) = head
            .split_once('=')
            .map_or((head, None), |(n, v)| (n, Some(v)));
        let mut switch = Self {
            fault: named(name).ok_or_else(|| fault(format!("there is no switch `{name}`")))?,
            rate: 1.0,
            times: None,
            skip: 0,
            phase: None,
            duration_ms: None,
            used: 0,
        };
        let pairs = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
        for (key, value) in value
            .map(|v| (if v.ends_with('s') { "for" } else { "rate" }, v))
            .into_iter()
            .chain(pairs)
        {
            let read = match key {
                "rate" => value.parse().map(|rate| switch.rate = rate).is_ok(),
                "times" => value.parse().map(|n| switch.times = Some(n)).is_ok(),
                "skip" => value.parse().map(|n| switch.skip = n).is_ok(),
                "phase" => named(value).map(|p| switch.phase = Some(p)).is_some(),
                "for" => duration(value)
                    .map(|d| switch.duration_ms = u64::try_from(d.as_millis()).ok())
                    .is_ok(),
                _ => false,
            };
            if !read {
                return Err(fault(format!("`{key}={value}` is no setting of it")));
            }
        }
        switch.checked().map_err(fault)
    }
}

impl Switch {
    /// The switch if its rate is a share and its duration at most an hour.
    pub(super) fn checked(self) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&self.rate) {
            return Err("a rate is between 0 and 1".to_owned());
        }
        if self.duration_ms.is_some_and(|ms| ms > 3_600_000) {
            return Err("a duration is an hour at most".to_owned());
        }
        Ok(self)
    }

    /// How long it lasts.
    pub(super) fn duration(&self) -> Duration {
        self.duration_ms
            .map_or_else(|| self.fault.default_duration(), Duration::from_millis)
    }
}

fn named<T: for<'a> Deserialize<'a>>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(name)).ok()
}

/// `250ms`, `2s`, `1.5s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or_default(), 1.0),
    };
    let seconds = number.parse::<f64>().map(|n| n * unit);
    seconds
        .ok()
        .filter(|s| (0.0..=3_600.0).contains(s))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("`{text}` is no duration up to an hour: write `250ms` or `1.5s`"))
}

/// The switches that are set, and the seed of their choices.
#[derive(Debug)]
pub(super) struct Switchboard {
    seed: u64,
    pub(super) set: Vec<Switch>,
}

/// More switches than a test needs at once.
const MAX_SWITCHES: usize = 128;

impl Switchboard {
    pub(super) fn new(seed: u64, set: Vec<Switch>) -> Self {
        Self { seed, set }
    }

    /// Adds one; `false` if there are too many.
    pub(super) fn add(&mut self, switch: Switch) -> bool {
        let room = self.set.len() < MAX_SWITCHES;
        if room {
            self.set.push(switch);
        }
        room
    }

    /// Whether `fault` happens to the `nth` occasion of `phase` in the case `number`, and for how long.
    pub(super) fn fires(
        &mut self,
        fault: Fault,
        phase: Phase,
        number: &str,
        nth: u32,
    ) -> Option<Duration> {
        let seed = self.seed;
        let switch = self.set.iter_mut().find(|switch| {
            let left = match switch.times {
                Some(times) => switch.used < times,
                None => !fault.is_outage() || switch.used == 0,
            };
            switch.fault == fault
                && left
                && switch.phase.is_none_or(|wanted| wanted == phase)
                && (switch.rate >= 1.0
                    || chance(seed, &format!("{fault:?}|{phase:?}|{number}|{nth}")) < switch.rate)
        })?;
        if switch.skip > 0 {
            switch.skip -= 1;
            return None;
        }
        switch.used += 1;
        Some(switch.duration())
    }
}

/// A number in 0..1 that depends on the seed and the occasion alone (FNV-1a, then the finaliser of splitmix64).
fn chance(seed: u64, occasion: &str) -> f64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for byte in occasion.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    f64::from(u32::try_from(hash >> 32).unwrap_or(0)) / 4_294_967_296.0
}
