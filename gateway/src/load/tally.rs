//! What one lane has counted: histograms and counters, bounded whatever the length of the run.

use super::Operation;
use super::connection::{Answer, Fault, FaultKind};
use super::latencies::{Latencies, LatencyError};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Faults whose words are kept.
const WORDS_MAX: usize = 5;
/// Characters of them.
const WORDS_CHARS_MAX: usize = 400;

/// Counts of one operation.
#[derive(Debug, Clone)]
pub struct OperationTally {
    /// Requests sent.
    pub sent: u64,
    /// Answers as expected.
    pub answered: u64,
    /// Neither as expected nor throttled.
    pub faults: u64,
    /// Not sent, since an upload before it had failed.
    pub abandoned: u64,
    /// From due time to the end of the answer; also how long was waited for an answer that did not come.
    pub response: Latencies,
    /// From sending to the end of the answer, of answers as expected.
    pub service: Latencies,
}

/// Answers that ask to come later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Throttled {
    /// How many.
    pub count: u64,
    /// How many of them did not say when.
    pub without_retry_after: u64,
    /// The shortest `Retry-After`, seconds.
    pub retry_after_s_min: Option<u64>,
    /// The longest.
    pub retry_after_s_max: Option<u64>,
}

/// Everything that one lane has counted.
#[derive(Debug, Clone)]
pub struct Tally {
    /// By operation, in the order of [`Operation::ALL`].
    pub operations: BTreeMap<Operation, OperationTally>,
    /// 429 and 503.
    pub throttled: BTreeMap<u16, Throttled>,
    /// Other statuses that were not expected.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer.
    pub connection_faults: BTreeMap<FaultKind, u64>,
    /// Answers with the right status and the wrong content.
    pub wrong_answers: u64,
    /// The first faults in words.
    pub words: Vec<String>,
    /// Due requests that waited for a free connection longer than for an answer, and were given up.
    pub never_sent: u64,
    /// Due requests for which no connection was free at their time.
    pub waited: u64,
    /// Connections that were opened again.
    pub reconnects: u64,
    /// How late the client's timer was.
    pub timer_lateness: Latencies,
    /// How late a request was sent although a connection was free.
    pub send_lateness: Latencies,
    /// Response times (in a closed loop, service times) since the last look at them, for the live line.
    pub window: Latencies,
}

/// What a request has come to.
pub enum Outcome<'a> {
    /// As expected.
    Expected,
    /// An answer that was not expected, or a later request is asked for.
    Refused(&'a Answer),
    /// The right status with the wrong content.
    Wrong(&'a str),
    /// No answer.
    Missed(&'a Fault),
}

/// When a request was due, sent and over.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From due time to now; nothing for a request without one of its own.
    pub response: Option<Duration>,
    /// From sending to now.
    pub service: Duration,
}

impl OperationTally {
    fn new() -> Result<Self, LatencyError> {
        Ok(Self {
            sent: 0,
            answered: 0,
            faults: 0,
            abandoned: 0,
            response: Latencies::new()?,
            service: Latencies::new()?,
        })
    }

    fn join(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.faults += other.faults;
        self.abandoned += other.abandoned;
        self.response.join(&other.response);
        self.service.join(&other.service);
    }
}

impl Tally {
    /// Nothing yet.
    ///
    /// # Errors
    /// [`LatencyError`].
    pub fn new() -> Result<Self, LatencyError> {
        let mut operations = BTreeMap::new();
        for operation in Operation::ALL {
            operations.insert(operation, OperationTally::new()?);
        }
        Ok(Self {
            operations,
            throttled: BTreeMap::new(),
            statuses: BTreeMap::new(),
            connection_faults: BTreeMap::new(),
            wrong_answers: 0,
            words: Vec::new(),
            never_sent: 0,
            waited: 0,
            reconnects: 0,
            timer_lateness: Latencies::new()?,
            send_lateness: Latencies::new()?,
            window: Latencies::new()?,
        })
    }

    /// Counts what a request has come to.
    pub fn count(&mut self, operation: Operation, times: Times, outcome: &Outcome<'_>) {
        let Some(own) = self.operations.get_mut(&operation) else {
            return;
        };
        own.sent += 1;
        // A request that was given up has taken at least so long; without it the percentiles would hide the worst.
        let counts = match outcome {
            Outcome::Expected => {
                own.answered += 1;
                own.service.record(times.service);
                true
            }
            Outcome::Missed(fault) => fault.kind == FaultKind::Timeout,
            _ => false,
        };
        if counts && let Some(response) = times.response {
            own.response.record(response);
        }
        if counts && Operation::DUE.contains(&operation) {
            self.window.record(times.response.unwrap_or(times.service));
        }
        let words = match outcome {
            Outcome::Expected => return,
            Outcome::Refused(answer) if is_throttle(answer.status) => {
                let status = answer.status.as_u16();
                return self.throttled.entry(status).or_default().count(answer);
            }
            Outcome::Refused(answer) => {
                *self.statuses.entry(answer.status.as_u16()).or_default() += 1;
                format!(
                    "{} {}",
                    answer.status,
                    String::from_utf8_lossy(&answer.body)
                )
            }
            Outcome::Wrong(words) => {
                self.wrong_answers += 1;
                (*words).to_owned()
            }
            Outcome::Missed(fault) => {
                *self.connection_faults.entry(fault.kind).or_default() += 1;
                fault.to_string()
            }
        };
        own.faults += 1;
        if self.words.len() < WORDS_MAX {
            let words: String = words.chars().take(WORDS_CHARS_MAX).collect();
            self.words.push(format!("{}: {words}", operation.as_str()));
        }
    }

    /// Counts a request that was given up before it could be sent.
    pub fn give_up(&mut self, operation: Operation, waited: Duration) {
        self.never_sent += 1;
        if let Some(own) = self.operations.get_mut(&operation) {
            own.response.record(waited);
        }
        self.window.record(waited);
    }

    /// Counts an application that was not sent since its upload failed.
    pub fn abandon(&mut self, operation: Operation) {
        if let Some(own) = self.operations.get_mut(&operation) {
            own.abandoned += 1;
        }
    }

    /// Adds all of another lane; its live window is left out.
    pub fn join(&mut self, other: &Self) {
        for (operation, own) in &mut self.operations {
            if let Some(others) = other.operations.get(operation) {
                own.join(others);
            }
        }
        for (status, throttled) in &other.throttled {
            self.throttled.entry(*status).or_default().join(throttled);
        }
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (kind, count) in &other.connection_faults {
            *self.connection_faults.entry(*kind).or_default() += count;
        }
        self.wrong_answers += other.wrong_answers;
        let room = WORDS_MAX.saturating_sub(self.words.len());
        self.words.extend(other.words.iter().take(room).cloned());
        self.never_sent += other.never_sent;
        self.waited += other.waited;
        self.reconnects += other.reconnects;
        self.timer_lateness.join(&other.timer_lateness);
        self.send_lateness.join(&other.send_lateness);
    }
}

/// 429 and 503: the hall protects itself, and says so (RFC 6585 section 4, RFC 9110 section 15.6.4).
#[must_use]
pub fn is_throttle(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// Seconds of `Retry-After`, where it is written as such (RFC 9110 section 10.2.3).
#[must_use]
pub fn retry_after(answer: &Answer) -> Option<u64> {
    let value = answer.headers.get(RETRY_AFTER)?;
    value.to_str().ok()?.trim().parse().ok()
}

impl Throttled {
    fn count(&mut self, answer: &Answer) {
        let after = retry_after(answer);
        self.join(&Self {
            count: 1,
            without_retry_after: u64::from(after.is_none()),
            retry_after_s_min: after,
            retry_after_s_max: after,
        });
    }

    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.without_retry_after += other.without_retry_after;
        let both = [self.retry_after_s_min, other.retry_after_s_min];
        self.retry_after_s_min = both.into_iter().flatten().min();
        self.retry_after_s_max = self.retry_after_s_max.max(other.retry_after_s_max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> Answer {
        let mut headers = http::HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: "words".into(),
        }
    }

    fn times(ms: u64) -> Times {
        Times {
            response: Some(Duration::from_millis(ms)),
            service: Duration::from_millis(1),
        }
    }

    #[test]
    fn a_hall_that_protects_itself_is_no_fault_and_its_waits_are_told() {
        let mut tally = Tally::new().unwrap();
        for (status, after) in [
            (429, Some("3")),
            (429, Some("9")),
            (429, None),
            (503, Some("30")),
        ] {
            tally.count(
                Operation::Status,
                times(1),
                &Outcome::Refused(&answer(status, after)),
            );
        }
        let expected = Throttled {
            count: 3,
            without_retry_after: 1,
            retry_after_s_min: Some(3),
            retry_after_s_max: Some(9),
        };
        assert_eq!(tally.throttled[&429], expected);
        assert_eq!(tally.throttled[&503].retry_after_s_max, Some(30));
        let own = &tally.operations[&Operation::Status];
        assert_eq!(
            (own.sent, own.answered, own.faults, own.response.len()),
            (4, 0, 0, 0)
        );
    }

    #[test]
    fn a_request_that_is_given_up_stays_in_the_response_times() {
        let mut tally = Tally::new().unwrap();
        let late = Fault::new(FaultKind::Timeout, "no answer");
        tally.count(Operation::Status, times(20_000), &Outcome::Missed(&late));
        tally.give_up(Operation::Status, Duration::from_secs(21));
        tally.count(
            Operation::Status,
            times(1),
            &Outcome::Missed(&Fault::new(FaultKind::Closed, "gone")),
        );
        let own = &tally.operations[&Operation::Status];
        assert_eq!(
            (own.response.len(), own.service.len(), own.faults),
            (2, 0, 2)
        );
        assert!(own.response.quantile_ms(0.5) > 19_000.0);
        assert_eq!(
            (
                tally.never_sent,
                tally.connection_faults[&FaultKind::Timeout]
            ),
            (1, 1)
        );
    }

    #[test]
    fn lanes_are_joined_without_losing_a_count_and_words_stay_few() {
        let mut all = Tally::new().unwrap();
        for _ in 0..3 {
            let mut lane = Tally::new().unwrap();
            for _ in 0..4 {
                lane.count(
                    Operation::Application,
                    times(1),
                    &Outcome::Refused(&answer(500, None)),
                );
                lane.count(Operation::Application, times(1), &Outcome::Expected);
                lane.count(
                    Operation::Application,
                    times(1),
                    &Outcome::Wrong("no number"),
                );
                lane.count(
                    Operation::Status,
                    times(1),
                    &Outcome::Refused(&answer(503, Some("1"))),
                );
            }
            all.join(&lane);
        }
        let own = &all.operations[&Operation::Application];
        assert_eq!((own.sent, own.answered, own.faults), (36, 12, 24));
        assert_eq!(
            (
                all.statuses[&500],
                all.wrong_answers,
                all.throttled[&503].count
            ),
            (12, 12, 12)
        );
        assert_eq!(all.words.len(), WORDS_MAX);
    }
}
