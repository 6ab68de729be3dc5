//! What a bulk job does next: a pure function of how it stands and the time.
//!
//! | how it stands | next |
//! | --- | --- |
//! | it was asked to stop | end, once nothing is in flight |
//! | a discard with members left | the next batch at once: nothing is sent |
//! | a retry, nothing released yet | the first one, alone |
//! | the first one has no outcome, or is tried again by itself | look again |
//! | the first one is dead again, and nobody waived it | stop: `first_dead` |
//! | ten in a row without success | stop: `failing` |
//! | as many in flight as there may be | look again |
//! | the interval since the last release is not over | wait for it |
//! | else | the next one |
//! | no member left | end, once nothing is in flight |

use crate::store::bulk::{BulkJob, BulkKind, BulkState};
use jiff::{SignedDuration, Timestamp};

/// Failures in a row after which a job stops itself: the partner is not as mended as it seemed.
pub const FAILURES_MAX: u32 = 10;
/// Released deliveries without an outcome: with as many, a slow partner slows the job, so that a stop leaves little under way.
pub const IN_FLIGHT_MAX: u64 = 16;
/// Deliveries given up in one transaction.
pub const DISCARDED_AT_ONCE: u32 = 100;

/// The first one is dead again.
pub const FIRST_DEAD: &str = "first_dead";
/// Too many in a row were no success.
pub const FAILING: &str = "failing";

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Release so many.
    Release(u32),
    /// Nothing before this time.
    Until(Timestamp),
    /// Look again: somebody else has to do something first.
    Look,
    /// Stop, for this reason.
    Stop(&'static str),
    /// End.
    End,
}

/// What to do next with an open job.
#[must_use]
pub fn decide(job: &BulkJob, now: Timestamp) -> Next {
    let counts = &job.counts;
    if job.state != BulkState::Running || counts.waiting == 0 {
        return if counts.released == 0 {
            Next::End
        } else {
            Next::Look
        };
    }
    if job.kind == BulkKind::Discard {
        return Next::Release(DISCARDED_AT_ONCE);
    }
    if !job.waived && counts.delivered == 0 {
        if counts.dead > 0 {
            return Next::Stop(FIRST_DEAD);
        }
        return if counts.released + counts.trying == 0 {
            Next::Release(1)
        } else {
            Next::Look
        };
    }
    if job.failures_in_a_row >= FAILURES_MAX {
        return Next::Stop(FAILING);
    }
    if counts.released >= IN_FLIGHT_MAX {
        return Next::Look;
    }
    match job.last_released_at.map(|last| due(last, job.interval_us)) {
        Some(at) if at > now => Next::Until(at),
        _ => Next::Release(1),
    }
}

fn due(last: Timestamp, interval_us: i64) -> Timestamp {
    last.saturating_add(SignedDuration::from_micros(interval_us.max(0)))
        .unwrap_or(Timestamp::MAX)
}

/// The interval of a rate, in microseconds, rounded up: never faster than asked.
#[must_use]
pub fn interval_us(per_second: f64) -> i64 {
    if per_second <= 0.0 {
        return i64::MAX;
    }
    // A rate of a day and one of a microsecond both fit.
    (1e6 / per_second).ceil() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::bulk::BulkCounts;

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(seconds)
    }

    /// Ten members, five a second.
    fn job(kind: BulkKind, counts: BulkCounts) -> BulkJob {
        BulkJob {
            id: 1,
            kind,
            state: BulkState::Running,
            why: String::new(),
            interval_us: interval_us(5.0),
            waived: false,
            system_id: None,
            created_at: at(0.0),
            ended_at: None,
            last_released_at: None,
            asked_for: String::new(),
            reason: String::new(),
            actor: String::new(),
            counts,
            failures_in_a_row: 0,
        }
    }

    /// `waiting, released, trying, delivered, dead`.
    fn counts(of: [u64; 5]) -> BulkCounts {
        BulkCounts {
            waiting: of[0],
            released: of[1],
            trying: of[2],
            delivered: of[3],
            dead: of[4],
            ..BulkCounts::default()
        }
    }

    #[test]
    fn the_first_goes_alone_and_its_outcome_decides() {
        for (name, of, waived, expected) in [
            (
                "nothing is released yet",
                [10, 0, 0, 0, 0],
                false,
                Next::Release(1),
            ),
            (
                "the first is on its way",
                [9, 1, 0, 0, 0],
                false,
                Next::Look,
            ),
            (
                "the first is tried again by itself",
                [9, 0, 1, 0, 0],
                false,
                Next::Look,
            ),
            (
                "the first is dead again",
                [9, 0, 0, 0, 1],
                false,
                Next::Stop(FIRST_DEAD),
            ),
            (
                "an operator waived it",
                [9, 0, 0, 0, 1],
                true,
                Next::Release(1),
            ),
            (
                "the first was delivered",
                [9, 0, 0, 1, 0],
                false,
                Next::Release(1),
            ),
            (
                "one later is dead",
                [8, 0, 0, 1, 1],
                false,
                Next::Release(1),
            ),
        ] {
            let job = BulkJob {
                waived,
                ..job(BulkKind::Retry, counts(of))
            };
            assert_eq!(decide(&job, at(0.0)), expected, "{name}");
        }
    }

    #[test]
    fn the_next_one_goes_when_its_interval_is_over_and_not_before() {
        for (last, now, expected) in [
            (1.0, 1.0, Next::Until(at(1.2))),
            (1.0, 1.199_999, Next::Until(at(1.2))),
            (1.0, 1.2, Next::Release(1)),
            // Late once is not made up for: never two at once.
            (1.0, 9.0, Next::Release(1)),
        ] {
            let job = BulkJob {
                last_released_at: Some(at(last)),
                ..job(BulkKind::Retry, counts([5, 0, 0, 5, 0]))
            };
            assert_eq!(decide(&job, at(now)), expected, "{last} {now}");
        }
    }

    #[test]
    fn a_job_that_fails_or_has_its_most_in_flight_releases_nothing() {
        let mut failing = job(BulkKind::Retry, counts([5, 0, 0, 1, 9]));
        failing.failures_in_a_row = FAILURES_MAX - 1;
        assert_eq!(decide(&failing, at(0.0)), Next::Release(1));
        failing.failures_in_a_row = FAILURES_MAX;
        assert_eq!(decide(&failing, at(0.0)), Next::Stop(FAILING));
        let full = job(BulkKind::Retry, counts([5, IN_FLIGHT_MAX, 0, 1, 0]));
        assert_eq!(decide(&full, at(0.0)), Next::Look);
        let below = job(BulkKind::Retry, counts([5, IN_FLIGHT_MAX - 1, 0, 1, 0]));
        assert_eq!(decide(&below, at(0.0)), Next::Release(1));
    }

    #[test]
    fn a_job_that_stops_or_has_nothing_left_ends_once_nothing_is_in_flight() {
        for (state, of, expected) in [
            (BulkState::Stopping, [9, 1, 0, 0, 0], Next::Look),
            (BulkState::Stopping, [9, 0, 0, 0, 0], Next::End),
            (BulkState::Running, [0, 2, 0, 8, 0], Next::Look),
            (BulkState::Running, [0, 0, 1, 8, 1], Next::End),
            (BulkState::Running, [0, 0, 0, 0, 1], Next::End),
        ] {
            let job = BulkJob {
                state,
                ..job(BulkKind::Retry, counts(of))
            };
            assert_eq!(decide(&job, at(0.0)), expected, "{state:?} {of:?}");
        }
    }

    #[test]
    fn what_is_given_up_needs_no_first_and_no_throttle() {
        let job = job(BulkKind::Discard, counts([500, 0, 0, 0, 0]));
        assert_eq!(decide(&job, at(0.0)), Next::Release(DISCARDED_AT_ONCE));
    }

    #[test]
    fn a_rate_is_never_rounded_up() {
        for (rate, expected) in [(1.0, 1_000_000), (3.0, 333_334), (0.5, 2_000_000)] {
            assert_eq!(interval_us(rate), expected, "{rate}");
        }
        assert_eq!(interval_us(0.0), i64::MAX);
    }
}
