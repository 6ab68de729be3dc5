//! The clock of a case (时限): a value that the life cycle starts, freezes, resumes and stops.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::count::Count;
use super::{
    DeadlineError, Derivation, Due, Limit, Moment, Request, Standing, Stop, StopEnd, StopOutcome,
    due, explain, standing,
};
use crate::calendar::Calendar;

/// What a clock measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// 受理期限: from receipt to acceptance (Administrative Licensing Law, article 32: 5 working days).
    Acceptance,
    /// 承诺办结时限: from acceptance to the decision, as the authority promises.
    Promise,
    /// 法定办结时限: from acceptance to the decision, as the law demands (article 42: 20 working days).
    Statutory,
    /// 送达期限: from the decision to its delivery (article 44: 10 working days).
    Delivery,
}

/// Whether a clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// It runs.
    Running,
    /// A suspension is open. With a binding limit it runs again beyond that limit: see [`LegalClock::standing`].
    Frozen,
    /// What it measured has happened; its figures stay as they were then.
    Stopped,
    /// It measures nothing: what it was started for did not take place.
    Void,
}

/// A clock of a case: an immutable value; each step gives a new one.
///
/// Partners' clocks differ by seconds, so a step that comes before the one it follows (by no more than the life cycle
/// lets through) is taken as simultaneous with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalClock {
    kind: ClockKind,
    limit: Limit,
    started: Moment,
    #[serde(default)]
    stops: Vec<Stop>,
    state: ClockState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Moment>,
    due: Option<Due>,
    calendar: String,
}

/// Why a clock cannot take a step.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClockError {
    /// The dates do not fit or lie too far away.
    #[error(transparent)]
    Deadline(#[from] DeadlineError),
    /// The clock has ended.
    #[error("the {kind:?} clock has ended ({state:?}) and takes no more steps; start a new one")]
    Ended {
        /// Which clock.
        kind: ClockKind,
        /// How it ended.
        state: ClockState,
    },
    /// A suspension is open already: they never nest.
    #[error(
        "the {kind:?} clock is frozen already; end the open suspension before another one begins"
    )]
    AlreadyFrozen {
        /// Which clock.
        kind: ClockKind,
    },
    /// There is nothing to resume from.
    #[error("the {kind:?} clock is running; only a frozen one can be resumed")]
    NotFrozen {
        /// Which clock.
        kind: ClockKind,
    },
}

impl LegalClock {
    /// Starts a clock; the day after is day 1, whatever hour and kind of day it is.
    ///
    /// # Errors
    /// [`ClockError::Deadline`] when the limit cannot be counted.
    pub fn start(
        kind: ClockKind,
        limit: Limit,
        at: Timestamp,
        calendar: &Calendar,
    ) -> Result<Self, ClockError> {
        Self {
            kind,
            limit,
            started: Moment::at(at),
            stops: Vec::new(),
            state: ClockState::Running,
            ended: None,
            due: None,
            calendar: String::new(),
        }
        .counted(calendar)
    }

    /// Freezes the clock by a suspension; `stop` is taken as open, whatever its end says.
    ///
    /// # Errors
    /// [`ClockError::AlreadyFrozen`], [`ClockError::Ended`] or [`ClockError::Deadline`].
    pub fn freeze(&self, stop: Stop, calendar: &Calendar) -> Result<Self, ClockError> {
        self.not_ended()?;
        if self.state == ClockState::Frozen {
            return Err(ClockError::AlreadyFrozen { kind: self.kind });
        }
        let mut next = self.clone();
        next.stops.push(Stop {
            from: stop.from.max(self.last_step()),
            end: None,
            ..stop
        });
        next.state = ClockState::Frozen;
        next.counted(calendar)
    }

    /// Ends the open suspension. Returns the clock and what was credited, in its measure (days, or minutes of limits in
    /// hours and minutes).
    ///
    /// # Errors
    /// [`ClockError::NotFrozen`], [`ClockError::Ended`] or [`ClockError::Deadline`].
    pub fn resume(
        &self,
        at: Timestamp,
        outcome: StopOutcome,
        calendar: &Calendar,
    ) -> Result<(Self, u32), ClockError> {
        self.not_ended()?;
        let mut next = self.clone();
        next.end_suspension(Moment::at(at), outcome)?;
        next.state = ClockState::Running;
        let next = next.counted(calendar)?;
        let credited = next
            .credits(calendar)?
            .last()
            .copied()
            .flatten()
            .unwrap_or(0);
        Ok((next, credited))
    }

    /// Stops the clock for good: what it measured has happened. An open suspension ends with it.
    ///
    /// # Errors
    /// [`ClockError::Ended`] or [`ClockError::Deadline`].
    pub fn stop(&self, at: Timestamp, calendar: &Calendar) -> Result<Self, ClockError> {
        self.not_ended()?;
        let mut next = self.clone();
        let at = Moment::at(at).max(self.last_step());
        if self.state == ClockState::Frozen {
            next.end_suspension(at, StopOutcome::Credited)?;
        }
        next.ended = Some(at);
        let next = next.counted(calendar)?;
        Ok(Self {
            state: ClockState::Stopped,
            ..next
        })
    }

    /// Voids the clock: what it was started for did not take place. It keeps its history and has no due date.
    ///
    /// # Errors
    /// [`ClockError::Ended`].
    pub fn void(&self, at: Timestamp) -> Result<Self, ClockError> {
        self.not_ended()?;
        let ended = Some(Moment::at(at).max(self.last_step()));
        Ok(Self {
            state: ClockState::Void,
            ended,
            due: None,
            ..self.clone()
        })
    }

    /// The clock by another calendar. One that has ended keeps the calendar of its end.
    ///
    /// # Errors
    /// [`ClockError::Deadline`] when a date leaves what can be counted.
    pub fn recalculate(&self, calendar: &Calendar) -> Result<Self, ClockError> {
        if self.has_ended() {
            Ok(self.clone())
        } else {
            self.clone().counted(calendar)
        }
    }

    /// Whether it is counted alike by two calendars: the same days with the same meaning, and the same end. The version of the
    /// calendar is not compared. One that has ended is.
    ///
    /// # Errors
    /// See [`DeadlineError`].
    pub fn counted_alike(&self, one: &Calendar, other: &Calendar) -> Result<bool, DeadlineError> {
        if self.has_ended() {
            return Ok(true);
        }
        let (mut by_one, mut by_other) = (self.explain(one)?, self.explain(other)?);
        by_one.calendar.clear();
        by_other.calendar.clear();
        Ok(by_one == by_other)
    }

    /// How its due date came about. Give the calendar of [`Self::calendar_version`] for the due date that it shows.
    ///
    /// # Errors
    /// See [`DeadlineError`].
    pub fn explain(&self, calendar: &Calendar) -> Result<Derivation, DeadlineError> {
        explain(&self.request(), calendar)
    }

    /// Where it stands at `now`; after its end, where it stood then.
    ///
    /// # Errors
    /// See [`DeadlineError`].
    pub fn standing(&self, now: Timestamp, calendar: &Calendar) -> Result<Standing, DeadlineError> {
        let now = Moment::at(now);
        let now = self.ended.map_or(now, |ended| now.min(ended));
        standing(&self.request(), now, calendar)
    }

    /// What each suspension adds, in the clock's measure; `None` for an open one without a binding limit.
    ///
    /// # Errors
    /// See [`DeadlineError`].
    pub fn credits(&self, calendar: &Calendar) -> Result<Vec<Option<u32>>, DeadlineError> {
        let request = self.request();
        let count = Count::of(&request, calendar)?;
        request
            .stops
            .iter()
            .map(|stop| Ok(count.credit(stop)?.credit))
            .collect()
    }

    /// The clock as a question to [`explain`].
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            from: self.started,
            limit: self.limit,
            stops: self.stops.clone(),
        }
    }

    /// What it measures.
    #[must_use]
    pub fn kind(&self) -> ClockKind {
        self.kind
    }

    /// Its limit.
    #[must_use]
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// The moment of its start; that day is day 0.
    #[must_use]
    pub fn started(&self) -> Moment {
        self.started
    }

    /// Its suspensions in order; only the last may be open.
    #[must_use]
    pub fn stops(&self) -> &[Stop] {
        &self.stops
    }

    /// Whether it runs.
    #[must_use]
    pub fn state(&self) -> ClockState {
        self.state
    }

    /// Whether it was stopped or voided.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, ClockState::Stopped | ClockState::Void)
    }

    /// When it was stopped or voided.
    #[must_use]
    pub fn ended(&self) -> Option<Moment> {
        self.ended
    }

    /// When it is due; `None` while a suspension without limit is open, and when it is void.
    #[must_use]
    pub fn due(&self) -> Option<Due> {
        self.due
    }

    /// The instant from which on it is overdue, for an index ordered by due time; `None` as for [`Self::due`].
    #[must_use]
    pub fn due_instant(&self) -> Option<Timestamp> {
        self.due.map(|due| due.end.instant())
    }

    /// The version of the calendar that its due date was counted in.
    #[must_use]
    pub fn calendar_version(&self) -> &str {
        &self.calendar
    }

    fn counted(mut self, calendar: &Calendar) -> Result<Self, ClockError> {
        self.due = due(&self.request(), calendar)?;
        self.calendar = calendar.version().to_owned();
        Ok(self)
    }

    fn end_suspension(&mut self, at: Moment, outcome: StopOutcome) -> Result<(), ClockError> {
        let kind = self.kind;
        let open = self.stops.last_mut().filter(|stop| stop.end.is_none());
        let open = open.ok_or(ClockError::NotFrozen { kind })?;
        open.end = Some(StopEnd {
            at: at.max(open.from),
            outcome,
        });
        Ok(())
    }

    fn not_ended(&self) -> Result<(), ClockError> {
        if self.has_ended() {
            return Err(ClockError::Ended {
                kind: self.kind,
                state: self.state,
            });
        }
        Ok(())
    }

    fn last_step(&self) -> Moment {
        let last = self.stops.last();
        last.map_or(self.started, |stop| {
            stop.end.map_or(stop.from, |end| end.at)
        })
    }
}
