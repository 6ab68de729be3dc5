//! Whether somebody is to be told: pure.

use super::settings::Thresholds;
use crate::operations::overview::{Flow, SystemLine};
use jiff::Timestamp;

/// A threshold that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// `deadline`, `oldest`, `dead` or `tries`.
    pub kind: &'static str,
    /// What was measured: seconds, or a count.
    pub value: i64,
    /// The threshold.
    pub bound: i64,
}

/// The gravest threshold that a system has passed. What waits because an operator paused it, or outside its hours, alerts nobody – until
/// the clock of a case is about to end, which asks nobody's leave; dead letters always do.
#[must_use]
pub fn passed(line: &SystemLine, thresholds: &Thresholds, now: Timestamp) -> Option<Passed> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let on_purpose = matches!(line.state, Flow::Paused | Flow::Closed);
    if let Some(passed) = deadline(line, thresholds, now) {
        return Some(passed);
    }
    let waited = line
        .oldest
        .filter(|_| !on_purpose)
        .map_or(0, |oldest| now.duration_since(oldest).as_secs());
    let bound = i64::try_from(thresholds.oldest.as_secs()).unwrap_or(i64::MAX);
    if waited > bound {
        return Some(Passed {
            kind: "oldest",
            value: waited,
            bound,
        });
    }
    if thresholds.dead > 0 && line.dead >= thresholds.dead {
        return Some(Passed {
            kind: "dead",
            value: number(line.dead),
            bound: number(thresholds.dead),
        });
    }
    let tries = line
        .last_failure
        .as_ref()
        .map_or(0, |failure| failure.tries);
    if thresholds.tries > 0 && tries >= thresholds.tries && line.waiting > 0 && !on_purpose {
        return Some(Passed {
            kind: "tries",
            value: i64::from(tries),
            bound: i64::from(thresholds.tries),
        });
    }
    None
}

/// Whether the clock of a case is about to end while its delivery does not get through.
fn deadline(line: &SystemLine, thresholds: &Thresholds, now: Timestamp) -> Option<Passed> {
    let bound = i64::try_from(thresholds.deadline.as_secs()).unwrap_or(i64::MAX);
    let moves = matches!(line.state, Flow::Waiting | Flow::Flowing);
    let left = line.deadline?.duration_since(now).as_secs().max(0);
    (bound > 0 && !moves && line.waiting > 0 && left <= bound).then_some(Passed {
        kind: "deadline",
        value: left,
        bound,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::overview::FailureShown;
    use jiff::SignedDuration;
    use std::time::Duration;

    fn now() -> Timestamp {
        "2026-03-02T15:00:00Z".parse().unwrap()
    }

    fn line(state: Flow, waited_s: i64, dead: u64, tries: u32) -> SystemLine {
        SystemLine {
            system: "s".to_owned(),
            state,
            waiting: u64::from(waited_s > 0),
            oldest: (waited_s > 0).then(|| now() - SignedDuration::from_secs(waited_s)),
            deadline: None,
            dead,
            last_success: None,
            last_failure: Some(FailureShown {
                at: now(),
                delivery: 1,
                tries,
                code: "not_sent".to_owned(),
                zh: String::new(),
                en: String::new(),
            }),
            next_at: None,
            then: String::new(),
        }
    }

    #[test]
    fn a_threshold_alerts_when_it_is_passed_and_not_before() {
        let thresholds = Thresholds {
            deadline: Duration::ZERO,
            oldest: Duration::from_secs(60),
            dead: 3,
            tries: 5,
        };
        for (line, expected) in [
            (line(Flow::Stuck, 60, 0, 0), None),
            (line(Flow::Stuck, 61, 9, 9), Some(("oldest", 61, 60))),
            (line(Flow::Dead, 0, 2, 0), None),
            (line(Flow::Dead, 0, 3, 0), Some(("dead", 3, 3))),
            (line(Flow::Stuck, 10, 0, 4), None),
            (line(Flow::Stuck, 10, 0, 5), Some(("tries", 5, 5))),
            (line(Flow::Paused, 9_999, 0, 9), None),
            (line(Flow::Closed, 9_999, 0, 9), None),
            (line(Flow::Paused, 9_999, 3, 9), Some(("dead", 3, 3))),
        ] {
            let found = passed(&line, &thresholds, now()).map(|p| (p.kind, p.value, p.bound));
            assert_eq!(found, expected, "{line:?}");
        }
        let never = Thresholds {
            deadline: Duration::ZERO,
            oldest: Duration::from_secs(60),
            dead: 0,
            tries: 0,
        };
        assert_eq!(passed(&line(Flow::Dead, 10, 99, 99), &never, now()), None);
    }

    #[test]
    fn somebody_is_called_before_the_clock_of_a_case_ends_whatever_holds_its_delivery_back() {
        let thresholds = Thresholds {
            deadline: Duration::from_secs(3600),
            oldest: Duration::from_secs(1_000_000),
            dead: 0,
            tries: 0,
        };
        let ends = |state, seconds| SystemLine {
            deadline: Some(now() + SignedDuration::from_secs(seconds)),
            ..line(state, 10, 0, 0)
        };
        for (line, expected) in [
            (ends(Flow::Stuck, 3601), None),
            (ends(Flow::Stuck, 3600), Some(3600)),
            (ends(Flow::Paused, 60), Some(60)),
            (ends(Flow::Closed, -60), Some(0)),
            (ends(Flow::Waiting, 60), None),
            (ends(Flow::Flowing, 60), None),
        ] {
            let found = passed(&line, &thresholds, now());
            assert_eq!(found.map(|p| p.value), expected, "{line:?}");
            assert!(found.is_none_or(|p| p.kind == "deadline"));
        }
    }
}
