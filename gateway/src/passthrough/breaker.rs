//! The breaker of one system: closed → (failures in a row) → open → (time) → one probe → closed or open again.
//!
//! Pure: time is an argument. Shared by all cores; while all is well a request only reads one atomic.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whether a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may.
    Go,
    /// It may, and its outcome decides.
    Probe,
    /// It may not, for this long.
    Rest(Duration),
}

/// What the breaker became, when an outcome changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Opened { failures: u32 },
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Probing { until: Instant },
}

/// A breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    failures_max: u32,
    rest: Duration,
    /// Closed without a failure: nothing to ask.
    well: AtomicBool,
    state: Mutex<State>,
}

impl Breaker {
    pub(super) fn new(failures_max: u32, rest: Duration) -> Self {
        Self {
            failures_max: failures_max.max(1),
            rest,
            well: AtomicBool::new(true),
            state: Mutex::new(State::Closed { failures: 0 }),
        }
    }

    /// Asks before a request. A probe that never reports is given up after `rest`.
    pub(super) fn admit(&self, now: Instant) -> Admission {
        if self.well.load(Ordering::Acquire) {
            return Admission::Go;
        }
        let mut state = self.state.lock();
        match *state {
            State::Closed { .. } => Admission::Go,
            State::Open { until } | State::Probing { until } if now < until => {
                Admission::Rest(until.duration_since(now))
            }
            State::Open { .. } | State::Probing { .. } => {
                *state = State::Probing {
                    until: now + self.rest,
                };
                Admission::Probe
            }
        }
    }

    pub(super) fn succeeded(&self) -> Option<Change> {
        if self.well.load(Ordering::Acquire) {
            return None;
        }
        let mut state = self.state.lock();
        let change = match *state {
            State::Probing { .. } => Some(Change::Closed),
            State::Closed { .. } => None,
            // A request from before it opened: only a probe closes.
            State::Open { .. } => return None,
        };
        *state = State::Closed { failures: 0 };
        self.well.store(true, Ordering::Release);
        change
    }

    pub(super) fn failed(&self, now: Instant) -> Option<Change> {
        let mut state = self.state.lock();
        let failures = match *state {
            State::Closed { failures } => failures + 1,
            State::Probing { .. } => self.failures_max,
            State::Open { .. } => return None,
        };
        self.well.store(false, Ordering::Release);
        if failures < self.failures_max {
            *state = State::Closed { failures };
            return None;
        }
        *state = State::Open {
            until: now + self.rest,
        };
        Some(Change::Opened { failures })
    }

    /// The probe ended without telling anything of the upstream: the next request may be one.
    pub(super) fn probe_lost(&self, now: Instant) {
        let mut state = self.state.lock();
        if let State::Probing { .. } = *state {
            *state = State::Open { until: now };
        }
    }

    /// The value of the metric `breaker_state`.
    pub(super) fn gauge(&self) -> i64 {
        match *self.state.lock() {
            State::Closed { .. } => 0,
            State::Probing { .. } => 1,
            State::Open { .. } => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    const REST: Duration = Duration::from_secs(10);

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let now = Clock::system().instant();
        let breaker = Breaker::new(3, REST);
        for _ in 0..5 {
            assert_eq!(breaker.failed(now), None);
            assert_eq!(breaker.failed(now), None);
            assert_eq!(breaker.succeeded(), None);
        }
        breaker.failed(now);
        breaker.failed(now);
        assert_eq!(breaker.admit(now), Admission::Go);
        assert_eq!(breaker.failed(now), Some(Change::Opened { failures: 3 }));
        assert_eq!(breaker.admit(now), Admission::Rest(REST));
        assert_eq!(breaker.gauge(), 2);
    }

    #[test]
    fn after_its_rest_one_probe_decides() {
        let now = Clock::system().instant();
        let breaker = Breaker::new(1, REST);
        breaker.failed(now);
        let later = now + REST;
        assert_eq!(breaker.admit(later), Admission::Probe);
        assert!(
            matches!(breaker.admit(later), Admission::Rest(_)),
            "one at a time"
        );
        assert!(matches!(breaker.failed(later), Some(Change::Opened { .. })));
        assert!(matches!(breaker.admit(later), Admission::Rest(_)));
        let again = later + REST;
        assert_eq!(breaker.admit(again), Admission::Probe);
        assert_eq!(breaker.succeeded(), Some(Change::Closed));
        assert_eq!(breaker.admit(again), Admission::Go);
    }

    #[test]
    fn a_probe_that_never_reports_does_not_keep_it_open_for_good() {
        let now = Clock::system().instant();
        let breaker = Breaker::new(1, REST);
        breaker.failed(now);
        assert_eq!(breaker.admit(now + REST), Admission::Probe);
        assert_eq!(breaker.admit(now + REST + REST), Admission::Probe);
    }

    #[test]
    fn a_late_success_from_before_it_opened_does_not_close_it() {
        let now = Clock::system().instant();
        let breaker = Breaker::new(1, REST);
        breaker.failed(now);
        assert_eq!(breaker.succeeded(), None);
        assert!(matches!(breaker.admit(now), Admission::Rest(_)));
    }
}
