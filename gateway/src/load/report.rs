//! What a run has come to, for machines: one JSON object, schema `tongban/load/1`.

use super::checks::{Breach, CheckCounts};
use super::condition::{Condition, Verdict};
use super::connection::FaultKind;
use super::latencies::{Latencies, Percentiles};
use super::operation::Operation;
use super::settings::{Loop, Settings};
use super::tally::{OperationTally, Tally, Throttled};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Version of the JSON.
pub const SCHEMA: &str = "tongban/load/1";

/// A run's report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// `open` or `closed`.
    pub mode: &'static str,
    /// Whom.
    pub url: String,
    /// Of everything that was drawn.
    pub seed: u64,
    /// When it ended, UTC.
    pub finished_at: Timestamp,
    /// What was asked for.
    pub plan: PlanReport,
    /// Whether it was ended early.
    pub cut: bool,
    /// Why its figures mean nothing, where they do not.
    pub void: Option<String>,
    /// The promise that the hall broke.
    pub breach: Option<String>,
    /// From the end of the warm-up to the last answer, or the planned time if that is longer, seconds.
    pub took_s: f64,
    /// Requests that were due; in a closed loop, those that were begun.
    pub due: u64,
    /// Those that were sent, without uploads and repetitions.
    pub sent: u64,
    /// Given up before a connection came free.
    pub never_sent: u64,
    /// Applications not sent since an upload failed.
    pub abandoned: u64,
    /// Sent later than due since no connection was free.
    pub waited_for_connection: u64,
    /// Answers as expected, without uploads and repetitions.
    pub answered: u64,
    /// The same a second.
    pub achieved_per_s: f64,
    /// From due time to answer; nothing in a closed loop.
    pub response_ms: Option<Percentiles>,
    /// From sending to answer.
    pub service_ms: Option<Percentiles>,
    /// By operation; those that were asked for.
    pub operations: BTreeMap<Operation, OperationReport>,
    /// Unexpected statuses, missing and wrong answers.
    pub faults: u64,
    /// 429 and 503, which are no faults.
    pub throttled: BTreeMap<u16, Throttled>,
    /// Unexpected statuses.
    pub statuses: BTreeMap<u16, u64>,
    /// Missing answers.
    pub connection_faults: BTreeMap<FaultKind, u64>,
    /// Answers of the right status with the wrong content.
    pub wrong_answers: u64,
    /// The first faults in words.
    pub first_faults: Vec<String>,
    /// What was checked of applications.
    pub checks: CheckCounts,
    /// The client's own precision.
    pub client: ClientReport,
    /// Conditions and what became of them.
    pub conditions: Vec<Verdict>,
    /// The search, if it was one; the figures above are those of the highest rate that held.
    pub search: Option<SearchReport>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanReport {
    /// Rate at the beginning and at the end; nothing in a closed loop.
    pub from_per_s: Option<f64>,
    /// Rate at the end.
    pub to_per_s: Option<f64>,
    /// How arrivals were spread.
    pub arrivals: Option<&'static str>,
    /// How long, seconds.
    pub duration_s: f64,
    /// Before that, seconds.
    pub warm_up_s: f64,
    /// Connections.
    pub connections: usize,
    /// Threads.
    pub threads: usize,
    /// An answer took no longer, seconds.
    pub timeout_s: f64,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperationReport {
    /// Requests sent.
    pub sent: u64,
    /// Answers as expected.
    pub answered: u64,
    /// The same a second.
    pub per_s: f64,
    /// Other answers and none; not those that were throttled.
    pub faults: u64,
    /// From due time to answer.
    pub response_ms: Option<Percentiles>,
    /// From sending to answer.
    pub service_ms: Option<Percentiles>,
}

/// How well the client kept its own times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClientReport {
    /// From due time to the moment at which the client knew it.
    pub timer_lateness_ms: Option<Percentiles>,
    /// From due time to sending, where a connection was free.
    pub send_lateness_ms: Option<Percentiles>,
    /// What either may be at p99.9, milliseconds.
    pub late_max_ms: f64,
    /// Connections that had to be opened again.
    pub reconnects: u64,
}

/// A search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchReport {
    /// The highest rate that held, requests a second; nothing if none did.
    pub highest_per_s: Option<f64>,
    /// Each rate that was tried.
    pub steps: Vec<Step>,
}

/// One rate of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Requests a second.
    pub rate_per_s: f64,
    /// Whether everything held.
    pub held: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Answers a second.
    pub achieved_per_s: f64,
    /// Response time at p99.
    pub p99_ms: Option<f64>,
}

/// What a report is made of.
pub(super) struct Means<'a> {
    pub(super) settings: &'a Settings,
    pub(super) pace: Loop,
    pub(super) lanes: usize,
    pub(super) tally: &'a Tally,
    pub(super) due: u64,
    pub(super) took: Duration,
    pub(super) cut: bool,
    pub(super) breach: Option<Breach>,
    pub(super) checks: CheckCounts,
    pub(super) finished_at: Timestamp,
}

impl Report {
    pub(super) fn new(means: &Means<'_>) -> Self {
        let (settings, tally) = (means.settings, means.tally);
        let is_open = matches!(means.pace, Loop::Open(_));
        let planned = match means.pace {
            Loop::Open(plan) => plan.duration,
            Loop::Closed { duration } => duration,
        };
        // A run that was cut short took as long as it took; a whole one at least as long as planned.
        let took = if means.cut {
            means.took
        } else {
            means.took.max(planned)
        };
        let due_ones = || {
            Operation::DUE
                .iter()
                .filter_map(|o| tally.operations.get(o))
        };
        let sum = |count: fn(&OperationTally) -> u64| due_ones().map(count).sum::<u64>();
        let joined = |times: fn(&OperationTally) -> &Latencies| {
            let mut all: Option<Latencies> = None;
            for own in due_ones() {
                match &mut all {
                    Some(all) => all.join(times(own)),
                    None => all = Some(times(own).clone()),
                }
            }
            all.and_then(|all| all.percentiles())
        };
        let answered = sum(|o| o.answered);
        let mut report = Self {
            schema: SCHEMA,
            mode: if is_open { "open" } else { "closed" },
            url: settings.target.url.clone(),
            seed: settings.seed,
            finished_at: means.finished_at,
            plan: PlanReport::of(means),
            cut: means.cut,
            void: None,
            breach: means.breach.as_ref().map(ToString::to_string),
            took_s: rounded(took.as_secs_f64()),
            due: means.due,
            sent: sum(|o| o.sent),
            never_sent: tally.never_sent,
            abandoned: sum(|o| o.abandoned),
            waited_for_connection: tally.waited,
            answered,
            achieved_per_s: per_second(answered, took),
            response_ms: joined(|o| &o.response),
            service_ms: joined(|o| &o.service),
            operations: operations(tally, took),
            faults: tally.operations.values().map(|o| o.faults).sum(),
            throttled: tally.throttled.clone(),
            statuses: tally.statuses.clone(),
            connection_faults: tally.connection_faults.clone(),
            wrong_answers: tally.wrong_answers,
            first_faults: tally.words.clone(),
            checks: means.checks,
            client: ClientReport {
                timer_lateness_ms: tally.timer_lateness.percentiles(),
                send_lateness_ms: tally.send_lateness.percentiles(),
                late_max_ms: settings.late_max.as_secs_f64() * 1e3,
                reconnects: tally.reconnects,
            },
            conditions: Vec::new(),
            search: None,
        };
        report.void = report.reason_of_void();
        report
    }

    /// Looks whether conditions hold, beside those that were looked at before.
    pub fn judge(&mut self, conditions: &[Condition]) {
        let verdicts: Vec<Verdict> = conditions.iter().map(|c| c.judge(self)).collect();
        self.conditions.extend(verdicts);
    }

    /// Why the job has failed (exit code 1), the gravest reason first; nothing when it has not.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if let Some(breach) = &self.breach {
            return Some(format!("the hall broke a promise: {breach}"));
        }
        if self.cut {
            return Some("the run was ended early".to_owned());
        }
        if let Some(void) = &self.void {
            return Some(format!("the run is void: {void}"));
        }
        if self.answered == 0 {
            let first = self.first_faults.first().map(String::as_str);
            return Some(format!(
                "no request got the answer that it should; {}",
                first.unwrap_or("see the counts")
            ));
        }
        if self
            .search
            .as_ref()
            .is_some_and(|s| s.highest_per_s.is_none())
        {
            return Some("no rate that was tried holds".to_owned());
        }
        if self.search.is_some() {
            return None;
        }
        let failed: Vec<&str> = self
            .conditions
            .iter()
            .filter(|v| v.failed)
            .map(|v| v.condition.as_str())
            .collect();
        (!failed.is_empty()).then(|| format!("so it is, and must not be: {}", failed.join(", ")))
    }

    /// Whether everything that was due was sent and answered as expected: what a rate of a search must be.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        let throttled: u64 = self.throttled.values().map(|t| t.count).sum();
        self.faults == 0 && throttled == 0 && self.never_sent == 0 && self.abandoned == 0
    }

    pub(super) fn with_search(&mut self, steps: Vec<Step>, highest_per_s: Option<f64>) {
        self.search = Some(SearchReport {
            highest_per_s,
            steps,
        });
    }

    fn reason_of_void(&self) -> Option<String> {
        let client = &self.client;
        let late = [&client.timer_lateness_ms, &client.send_lateness_ms];
        let worst = late
            .into_iter()
            .flatten()
            .map(|l| l.p999)
            .reduce(f64::max)?;
        (worst > client.late_max_ms).then(|| {
            format!(
                "the client itself was {worst:.1} ms late at p99.9, more than {:.1} ms: give it a quieter machine, more --threads or a lower rate, or a higher --late-max if such times do not matter",
                client.late_max_ms
            )
        })
    }
}

impl PlanReport {
    fn of(means: &Means<'_>) -> Self {
        let settings = means.settings;
        let (rates, duration) = match means.pace {
            Loop::Open(plan) => (
                Some((plan.from_per_second, plan.to_per_second)),
                plan.duration,
            ),
            Loop::Closed { duration } => (None, duration),
        };
        Self {
            from_per_s: rates.map(|(from, _)| from),
            to_per_s: rates.map(|(_, to)| to),
            arrivals: means.pace.arrivals().map(|arrivals| match arrivals {
                super::schedule::Arrivals::Constant => "constant",
                super::schedule::Arrivals::Poisson => "poisson",
            }),
            duration_s: duration.as_secs_f64(),
            warm_up_s: settings.warm_up.as_secs_f64(),
            connections: settings.connections.max(means.lanes),
            threads: means.lanes,
            timeout_s: settings.timeout.as_secs_f64(),
        }
    }
}

impl Step {
    pub(super) fn of(rate: f64, held: bool, report: &Report) -> Self {
        let mut reason = report.failure();
        if reason.is_none() && !held {
            reason = Some("not every request got its answer".to_owned());
        }
        Self {
            rate_per_s: rounded(rate),
            held,
            reason,
            achieved_per_s: report.achieved_per_s,
            p99_ms: report.response_ms.map(|times| times.p99),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let p99 = self.p99_ms.unwrap_or_default();
        write!(f, "{:>8.0}/s  p99 {p99:>9.1} ms  ", self.rate_per_s)?;
        match &self.reason {
            None => f.write_str("held"),
            Some(reason) => write!(f, "not held: {reason}"),
        }
    }
}

fn operations(tally: &Tally, took: Duration) -> BTreeMap<Operation, OperationReport> {
    let asked = tally
        .operations
        .iter()
        .filter(|(_, own)| own.sent > 0 || !own.response.is_empty());
    let report = |(operation, own): (&Operation, &OperationTally)| {
        let report = OperationReport {
            sent: own.sent,
            answered: own.answered,
            per_s: per_second(own.answered, took),
            faults: own.faults,
            response_ms: own.response.percentiles(),
            service_ms: own.service.percentiles(),
        };
        (*operation, report)
    };
    asked.map(report).collect()
}

fn per_second(count: u64, took: Duration) -> f64 {
    if took.is_zero() {
        return 0.0;
    }
    rounded(count as f64 / took.as_secs_f64())
}

/// To three digits behind the point.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
#[path = "report_samples.rs"]
pub(super) mod samples;

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
