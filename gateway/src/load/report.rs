//! What a run has come to, for machines: one JSON object, schema `tongban/load/1`.

use super::checks::{Breach, CheckCounts};
use super::condition::{Condition, Verdict};
use super::connection::FaultKind;
use super::latencies::{Latencies, Percentiles};
use super::operation::Operation;
use super::run::{Loop, Settings};
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
pub(super) mod samples {
    use super::*;

    fn percentiles(p99: f64) -> Percentiles {
        Percentiles {
            count: 990,
            p50: 1.0,
            p75: 2.0,
            p90: 3.0,
            p95: 4.0,
            p99,
            p999: p99 + 1.0,
            p9999: p99 + 2.0,
            max: p99 + 3.0,
            mean: 2.0,
        }
    }

    /// 1,000 due, p99 40 ms (status 20 ms), service p99 4 ms, 3 faults, 10 throttled, 99 answers a second.
    pub(in crate::load) fn report() -> Report {
        let status = OperationReport {
            sent: 500,
            answered: 500,
            per_s: 50.0,
            faults: 0,
            response_ms: Some(percentiles(20.0)),
            service_ms: Some(percentiles(3.0)),
        };
        Report {
            schema: SCHEMA,
            mode: "open",
            url: "http://127.0.0.1:8080".to_owned(),
            seed: 7,
            finished_at: "2026-11-28T01:00:00Z".parse().unwrap(),
            plan: PlanReport {
                from_per_s: Some(100.0),
                to_per_s: Some(100.0),
                arrivals: Some("constant"),
                duration_s: 10.0,
                warm_up_s: 1.0,
                connections: 8,
                threads: 1,
                timeout_s: 20.0,
            },
            cut: false,
            void: None,
            breach: None,
            took_s: 10.0,
            due: 1_000,
            sent: 1_000,
            never_sent: 0,
            abandoned: 0,
            waited_for_connection: 4,
            answered: 987,
            achieved_per_s: 99.0,
            response_ms: Some(percentiles(40.0)),
            service_ms: Some(percentiles(4.0)),
            operations: BTreeMap::from([(Operation::Status, status)]),
            faults: 3,
            throttled: BTreeMap::from([(
                429,
                Throttled {
                    count: 10,
                    without_retry_after: 0,
                    retry_after_s_min: Some(1),
                    retry_after_s_max: Some(2),
                },
            )]),
            statuses: BTreeMap::from([(500, 2)]),
            connection_faults: BTreeMap::from([(FaultKind::Closed, 1)]),
            wrong_answers: 0,
            first_faults: vec!["status: 500".to_owned()],
            checks: CheckCounts {
                numbers: 500,
                repeats: 5,
                receipts: 5,
            },
            client: ClientReport {
                timer_lateness_ms: Some(percentiles(0.1)),
                send_lateness_ms: Some(percentiles(0.2)),
                late_max_ms: 10.0,
                reconnects: 0,
            },
            conditions: Vec::new(),
            search: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::report;
    use super::*;
    use serde_json::Value;

    fn keys(value: &Value) -> Vec<&str> {
        value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    /// Others read this JSON: a key that goes or changes its meaning is a new schema.
    #[test]
    fn the_shape_of_the_json_is_pinned() {
        let mut report = report();
        report.judge(&["p99>50ms".parse().unwrap()]);
        report.with_search(vec![Step::of(100.0, true, &report)], Some(100.0));
        let json = serde_json::to_value(&report).unwrap();
        let expected = "abandoned achieved_per_s answered breach checks client conditions connection_faults cut due faults finished_at \
            first_faults mode never_sent operations plan response_ms schema search seed sent service_ms statuses throttled took_s url \
            void waited_for_connection wrong_answers";
        assert_eq!(
            keys(&json).join(" "),
            expected.split_whitespace().collect::<Vec<_>>().join(" ")
        );
        assert_eq!(
            keys(&json["response_ms"]).join(" "),
            "count max mean p50 p75 p90 p95 p99 p999 p9999"
        );
        let plan =
            "arrivals connections duration_s from_per_s threads timeout_s to_per_s warm_up_s";
        assert_eq!(keys(&json["plan"]).join(" "), plan);
        let status = "answered faults per_s response_ms sent service_ms";
        assert_eq!(keys(&json["operations"]["status"]).join(" "), status);
        assert_eq!(
            keys(&json["client"]).join(" "),
            "late_max_ms reconnects send_lateness_ms timer_lateness_ms"
        );
        assert_eq!(
            keys(&json["throttled"]["429"]).join(" "),
            "count retry_after_s_max retry_after_s_min without_retry_after"
        );
        assert_eq!(
            keys(&json["conditions"][0]).join(" "),
            "condition failed measured"
        );
        assert_eq!(
            keys(&json["search"]["steps"][0]).join(" "),
            "achieved_per_s held p99_ms rate_per_s reason"
        );
        assert_eq!(json["connection_faults"]["closed"], 1);
        assert_eq!(json["schema"], "tongban/load/1");
    }

    #[test]
    fn a_run_whose_client_was_late_is_void() {
        let mut report = report();
        assert_eq!(report.reason_of_void(), None);
        report.client.late_max_ms = 1.0;
        report.void = report.reason_of_void();
        assert!(
            report
                .failure()
                .unwrap()
                .starts_with("the run is void: the client itself was 1.2 ms late")
        );
    }

    #[test]
    fn a_run_fails_for_the_gravest_reason() {
        let mut report = report();
        assert_eq!(report.failure(), None);
        report.judge(&["p99>50ms".parse().unwrap(), "p99>39ms".parse().unwrap()]);
        assert_eq!(
            report.failure().unwrap(),
            "so it is, and must not be: p99>39ms"
        );
        report.answered = 0;
        assert!(report.failure().unwrap().starts_with("no request got"));
        report.cut = true;
        assert_eq!(report.failure().unwrap(), "the run was ended early");
        report.breach = Some("N1 twice".to_owned());
        assert_eq!(
            report.failure().unwrap(),
            "the hall broke a promise: N1 twice"
        );
    }
}
