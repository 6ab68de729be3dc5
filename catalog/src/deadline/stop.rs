//! Suspensions (挂起): times in which a deadline does not run.

use serde::{Deserialize, Serialize};

use super::{DeadlineError, LATEST, MAX_N, MAX_STOPS, Moment, Request};

/// Why a deadline stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// 补正: the applicant has to correct. Always without limit for the deadline; a limit of its own only tells the
    /// applicant until when to answer.
    Correction,
    /// 特别程序, type A: extension of the approval (延长审批).
    SpecialA,
    /// 特别程序, type B: hearing, tender, appraisal, expert review …
    SpecialB,
}

/// How a suspension ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopOutcome {
    /// Its time is credited.
    #[default]
    Credited,
    /// The extension was refused (不通过): nothing is credited. Type A only.
    Refused,
}

/// The end of a suspension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopEnd {
    /// When.
    pub at: Moment,
    /// How.
    #[serde(default)]
    pub outcome: StopOutcome,
}

/// One suspension.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// Why the deadline stands still.
    pub kind: StopKind,
    /// Serial that pairs its messages (XH); may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// The ground in the words of the authority; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ground: String,
    /// When it began. Its day still counts.
    pub from: Moment,
    /// When it ended: that day is the last one suspended. `None` while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<StopEnd>,
    /// Limit in working days, 0 = none.
    #[serde(default)]
    pub limit: u32,
}

impl Stop {
    /// A suspension that began at `from` and is open; without limit, serial and ground.
    #[must_use]
    pub fn open(kind: StopKind, from: Moment) -> Self {
        Self {
            kind,
            serial: String::new(),
            ground: String::new(),
            from,
            end: None,
            limit: 0,
        }
    }

    /// The same with a limit in working days (0 = none).
    #[must_use]
    pub fn limited_to(mut self, working_days: u32) -> Self {
        self.limit = working_days;
        self
    }

    /// The same with the ground on which it rests.
    #[must_use]
    pub fn because(mut self, ground: impl Into<String>) -> Self {
        self.ground = ground.into();
        self
    }

    /// The same, ended.
    #[must_use]
    pub fn until(mut self, at: Moment) -> Self {
        self.end = Some(StopEnd {
            at,
            outcome: StopOutcome::Credited,
        });
        self
    }

    /// The same, ended without credit because the extension was refused.
    #[must_use]
    pub fn refused(mut self, at: Moment) -> Self {
        self.end = Some(StopEnd {
            at,
            outcome: StopOutcome::Refused,
        });
        self
    }

    /// The limit in working days that moves the due date; `None` where it is void while the suspension is open.
    #[must_use]
    pub fn binding_limit(&self) -> Option<u32> {
        (self.limit > 0 && self.kind != StopKind::Correction).then_some(self.limit)
    }
}

/// Whether start, limit and suspensions fit together.
pub(super) fn check(request: &Request) -> Result<(), DeadlineError> {
    let (from, n) = (request.from, request.limit.n);
    if n > MAX_N {
        return Err(DeadlineError::TooLong { n });
    }
    if from.date() < super::EARLIEST || from.date() > LATEST {
        return Err(DeadlineError::DateOutOfRange { date: from.date() });
    }
    if request.stops.len() > MAX_STOPS {
        return Err(DeadlineError::TooManyStops {
            given: request.stops.len(),
        });
    }
    let mut ended = Some(from);
    for (stop, it) in (1..).zip(&request.stops) {
        match ended {
            Some(before) if it.from >= before => {}
            Some(_) if it.from < from => {
                return Err(DeadlineError::StopBeforeStart {
                    stop,
                    from: it.from,
                });
            }
            _ => return Err(DeadlineError::StopsNest { stop }),
        }
        check_alone(stop, it)?;
        ended = it.end.map(|end| end.at);
    }
    Ok(())
}

fn check_alone(stop: usize, it: &Stop) -> Result<(), DeadlineError> {
    if it.limit > MAX_N {
        return Err(DeadlineError::StopTooLong {
            stop,
            limit: it.limit,
        });
    }
    match it.end {
        Some(end) if end.at < it.from => Err(DeadlineError::StopEndsBeforeItBegins {
            stop,
            from: it.from,
        }),
        Some(end) if end.outcome == StopOutcome::Refused && it.kind != StopKind::SpecialA => {
            Err(DeadlineError::RefusedButNoExtension { stop })
        }
        _ => Ok(()),
    }
}
