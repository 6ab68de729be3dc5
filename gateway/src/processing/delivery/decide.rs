//! What becomes of a delivery after one exchange: a pure function of the policy, what happened, the time and a random number.
//!
//! | what happened | next |
//! | --- | --- |
//! | nothing reached the wire | again, after back-off |
//! | sent, no complete answer | again, **asking first**; dead when the partner can neither be asked nor notices a repeat |
//! | the partner could not (busy, 5xx) | again, asking first when the partner can be asked; its `Retry-After` is honoured up to the cap |
//! | the partner refused | dead: a person decides |
//! | the partner refused an applicant's later message, and the case has ended | delivered: it has arrived, too late, and nothing is left for a person to decide |
//! | the partner refused an applicant's later message that may have arrived before | again, up to a number of such refusals: the report of the end may be on its way |
//! | taken, more steps to go | next step |
//! | taken, last step | delivered |
//! | "already there" | delivered when the look-up proves it ours, dead when it is somebody else's; where there is no look-up, delivered when an attempt of ours may have arrived before |

use super::hours::Hours;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tongban_adapters::definition::RetryPolicy;
use tongban_adapters::exchange::{QueryVerdict, StepVerdict};

/// The longest `Retry-After` that is honoured: a partner that says "tomorrow" is asked again within the hour.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Facts of the delivery at hand.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Attempts before this one.
    pub attempts: u32,
    /// When the delivery was created.
    pub created_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// When the partner's interface is open: only that time counts as waited, and nothing is put off to another.
    pub hours: Hours,
    /// Whether the partner can be asked for the outcome of this operation.
    pub askable: bool,
    /// Whether it may be sent again without asking: the partner notices a repeat, or a repeat has no effect.
    pub repeatable: bool,
    /// Whether an attempt of unknown outcome came before.
    pub doubtful: bool,
    /// Refusals before this answer of what may have arrived earlier. Attempts of other kinds do not count: a partner that was away for long
    /// has not refused anything.
    pub refused_in_doubt: u32,
    /// For an applicant's later message (supplement, withdrawal): whether its case has ended meanwhile. `None` for others.
    pub ended: Option<bool>,
    /// A random number in `[0, 1)` for the jitter.
    pub jitter: f64,
}

/// Refusals of what may have arrived before that are looked at again: with the usual back-off (a second, doubled) the partner has about
/// an hour to report that the case has ended.
pub const DOUBTFUL_REFUSALS_MAX: u32 = 12;

/// What happened in one exchange with the partner.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// No byte of the request reached the wire.
    NotSent,
    /// Sent at least partly, and no complete answer came.
    OutcomeUnknown,
    /// An answer to a step.
    Answered(StepVerdict),
    /// An answer to the question after our number.
    Asked(QueryVerdict),
    /// The answer could not be understood.
    NotUnderstood,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Go on with the next step, or finish as delivered after the last one.
    GoOn,
    /// The partner has the case and it is ours: delivered.
    Delivered,
    /// Ask the partner for our number now.
    Ask,
    /// The partner does not have it: send (again).
    Send,
    /// Try again at this time.
    Again {
        /// When.
        at: Timestamp,
        /// Whether the outcome of what was sent is unknown.
        unknown: bool,
    },
    /// A person must decide.
    Dead,
}

/// What to do next after `happened`.
#[must_use]
pub fn decide(policy: &RetryPolicy, facts: &Facts, happened: &Happened) -> Next {
    match happened {
        Happened::Answered(StepVerdict::Accepted { .. }) => Next::GoOn,
        Happened::Answered(StepVerdict::AlreadyThere) if facts.askable => Next::Ask,
        // The message is named by our case and its serial: who sent it before us, if not we.
        Happened::Answered(StepVerdict::AlreadyThere) if facts.doubtful => Next::Delivered,
        Happened::Answered(StepVerdict::Refused { .. }) if facts.ended == Some(true) => {
            Next::Delivered
        }
        Happened::Answered(StepVerdict::Refused { .. })
            if facts.doubtful
                && facts.ended == Some(false)
                && facts.refused_in_doubt < DOUBTFUL_REFUSALS_MAX =>
        {
            again(policy, facts, None, true)
        }
        Happened::Answered(StepVerdict::AlreadyThere | StepVerdict::Refused { .. }) => Next::Dead,
        Happened::Answered(StepVerdict::Unavailable { retry_after_s, .. }) => {
            let unknown = facts.askable || facts.doubtful;
            again(policy, facts, *retry_after_s, unknown)
        }
        Happened::Asked(QueryVerdict::Ours { .. }) => Next::Delivered,
        Happened::Asked(QueryVerdict::Foreign) => Next::Dead,
        Happened::Asked(QueryVerdict::Unknown) => Next::Send,
        Happened::OutcomeUnknown | Happened::NotUnderstood
            if !facts.askable && !facts.repeatable =>
        {
            Next::Dead
        }
        Happened::Asked(QueryVerdict::Unavailable { .. })
        | Happened::OutcomeUnknown
        | Happened::NotUnderstood => again(policy, facts, None, true),
        // What may have arrived before may still have: a try that did not leave says nothing of it.
        Happened::NotSent => again(policy, facts, None, facts.doubtful),
    }
}

fn again(policy: &RetryPolicy, facts: &Facts, retry_after_s: Option<u32>, unknown: bool) -> Next {
    if policy
        .give_up_after
        .is_some_and(|limit| waited(facts) >= limit)
    {
        return Next::Dead;
    }
    let asked_for = retry_after_s.map_or(Duration::ZERO, |s| {
        Duration::from_secs(u64::from(s)).min(RETRY_AFTER_MAX)
    });
    let pause = back_off(policy, facts.attempts, facts.jitter).max(asked_for);
    Next::Again {
        at: facts.hours.opens_at(later(facts.now, pause)),
        unknown,
    }
}

fn waited(facts: &Facts) -> Duration {
    facts.hours.open_between(facts.created_at, facts.now)
}

/// `now` and a pause; the end of time when there is no such moment.
#[must_use]
pub fn later(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

/// The pause after `attempts` earlier attempts: exponential up to the maximum, the upper half of it by chance, so that
/// deliveries that failed together do not come back together.
#[must_use]
pub fn back_off(policy: &RetryPolicy, attempts: u32, jitter: f64) -> Duration {
    let exponent = i32::try_from(attempts.min(64)).unwrap_or(64);
    let full = policy.initial.as_secs_f64() * policy.factor.max(1.0).powi(exponent);
    let capped = full.min(policy.max.as_secs_f64());
    Duration::try_from_secs_f64(capped * (0.5 + jitter.clamp(0.0, 1.0) / 2.0)).unwrap_or(policy.max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const POLICY: RetryPolicy = RetryPolicy {
        initial: Duration::from_secs(1),
        factor: 2.0,
        max: Duration::from_secs(1800),
        give_up_after: None,
    };

    fn facts(attempts: u32, askable: bool) -> Facts {
        Facts {
            attempts,
            created_at: Timestamp::UNIX_EPOCH,
            now: Timestamp::UNIX_EPOCH,
            hours: Hours::default(),
            askable,
            repeatable: true,
            doubtful: false,
            refused_in_doubt: 0,
            ended: None,
            jitter: 1.0,
        }
    }

    #[test]
    fn an_unknown_outcome_that_can_neither_be_asked_nor_repeated_needs_a_person() {
        for happened in [Happened::OutcomeUnknown, Happened::NotUnderstood] {
            for (askable, repeatable, dead) in [
                (false, false, true),
                (false, true, false),
                (true, false, false),
            ] {
                let facts = Facts {
                    repeatable,
                    ..facts(0, askable)
                };
                let next = decide(&POLICY, &facts, &happened);
                assert_eq!(
                    next == Next::Dead,
                    dead,
                    "{askable} {repeatable} {happened:?}"
                );
            }
        }
    }

    #[test]
    fn already_there_after_an_attempt_that_may_have_arrived_is_ours() {
        let there = Happened::Answered(StepVerdict::AlreadyThere);
        for (askable, doubtful, expected) in [
            (false, true, Next::Delivered),
            (false, false, Next::Dead),
            (true, true, Next::Ask),
        ] {
            let facts = Facts {
                doubtful,
                ..facts(1, askable)
            };
            assert_eq!(decide(&POLICY, &facts, &there), expected);
        }
    }

    #[test]
    fn a_try_that_did_not_leave_takes_no_doubt_away() {
        for (doubtful, expected) in [(true, true), (false, false)] {
            let facts = Facts {
                doubtful,
                ..facts(2, false)
            };
            let next = decide(&POLICY, &facts, &Happened::NotSent);
            assert!(matches!(next, Next::Again { unknown, .. } if unknown == expected));
        }
    }

    #[test]
    fn a_refused_later_message_is_moot_once_the_case_has_ended() {
        let refused = Happened::Answered(StepVerdict::Refused {
            code: "0".to_owned(),
            reason: "已办结".to_owned(),
        });
        let of = |doubtful, ended, refused_in_doubt| {
            let facts = Facts {
                doubtful,
                ended,
                refused_in_doubt,
                // The partner had been away for long before it refused anything.
                ..facts(DOUBTFUL_REFUSALS_MAX * 2, true)
            };
            decide(&POLICY, &facts, &refused)
        };
        assert_eq!(of(true, Some(true), 1), Next::Delivered);
        assert!(matches!(
            of(true, Some(false), 1),
            Next::Again { unknown: true, .. }
        ));
        assert_eq!(of(true, Some(false), DOUBTFUL_REFUSALS_MAX), Next::Dead);
        assert_eq!(of(false, Some(true), 1), Next::Delivered);
        assert_eq!(of(false, Some(false), 1), Next::Dead);
        assert_eq!(of(true, None, 1), Next::Dead);
    }

    fn at(seconds: i64, unknown: bool) -> Next {
        Next::Again {
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds),
            unknown,
        }
    }

    #[test]
    fn every_thing_that_can_happen_has_its_next_step() {
        let unavailable = |retry_after_s| {
            Happened::Answered(StepVerdict::Unavailable {
                reason: String::new(),
                retry_after_s,
            })
        };
        for (name, happened, attempts, askable, expected) in [
            (
                "not sent is tried again without asking",
                Happened::NotSent,
                0,
                true,
                at(1, false),
            ),
            (
                "an unknown outcome asks first",
                Happened::OutcomeUnknown,
                0,
                true,
                at(1, true),
            ),
            (
                "an answer that is no answer asks first",
                Happened::NotUnderstood,
                0,
                true,
                at(1, true),
            ),
            ("pauses double", Happened::NotSent, 3, true, at(8, false)),
            (
                "pauses end at the maximum",
                Happened::NotSent,
                40,
                true,
                at(1800, false),
            ),
            (
                "a busy partner is asked first",
                unavailable(None),
                0,
                true,
                at(1, true),
            ),
            (
                "a busy partner that cannot be asked is sent to again",
                unavailable(None),
                0,
                false,
                at(1, false),
            ),
            (
                "retry-after is honoured",
                unavailable(Some(90)),
                0,
                false,
                at(90, false),
            ),
            (
                "retry-after is capped",
                unavailable(Some(1_000_000)),
                0,
                false,
                at(3600, false),
            ),
            (
                "taken goes on",
                Happened::Answered(StepVerdict::Accepted {
                    captured: Value::Null,
                    partner_no: None,
                }),
                0,
                true,
                Next::GoOn,
            ),
            (
                "already there is looked up",
                Happened::Answered(StepVerdict::AlreadyThere),
                0,
                true,
                Next::Ask,
            ),
            (
                "already there without a look-up needs a person",
                Happened::Answered(StepVerdict::AlreadyThere),
                0,
                false,
                Next::Dead,
            ),
            (
                "a refusal needs a person",
                Happened::Answered(StepVerdict::Refused {
                    code: String::new(),
                    reason: String::new(),
                }),
                0,
                true,
                Next::Dead,
            ),
            (
                "ours is delivered",
                Happened::Asked(QueryVerdict::Ours { partner_no: None }),
                0,
                true,
                Next::Delivered,
            ),
            (
                "foreign needs a person",
                Happened::Asked(QueryVerdict::Foreign),
                0,
                true,
                Next::Dead,
            ),
            (
                "unknown to the partner is sent",
                Happened::Asked(QueryVerdict::Unknown),
                0,
                true,
                Next::Send,
            ),
            (
                "no answer to the question asks again",
                Happened::Asked(QueryVerdict::Unavailable {
                    reason: String::new(),
                }),
                0,
                true,
                at(1, true),
            ),
        ] {
            assert_eq!(
                decide(&POLICY, &facts(attempts, askable), &happened),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn nothing_is_given_up_unless_declared() {
        let late = Facts {
            now: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365),
            ..facts(60, true)
        };
        assert!(matches!(
            decide(&POLICY, &late, &Happened::NotSent),
            Next::Again { .. }
        ));
        let declared = RetryPolicy {
            give_up_after: Some(Duration::from_secs(48 * 3600)),
            ..POLICY
        };
        assert_eq!(decide(&declared, &late, &Happened::NotSent), Next::Dead);
        let time = |hour| jiff::civil::Time::constant(hour, 0, 0, 0);
        let closed_most_of_the_time = Facts {
            now: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 40),
            hours: Hours::of(Some((time(8), time(9)))),
            ..late
        };
        let next = decide(&declared, &closed_most_of_the_time, &Happened::NotSent);
        let Next::Again { at, .. } = next else {
            panic!("forty open hours are fewer than 48: {next:?}")
        };
        assert!(closed_most_of_the_time.hours.is_open(at));
    }

    #[test]
    fn jitter_takes_at_most_half() {
        assert_eq!(back_off(&POLICY, 2, 0.0), Duration::from_secs(2));
        assert_eq!(back_off(&POLICY, 2, 1.0), Duration::from_secs(4));
    }
}
