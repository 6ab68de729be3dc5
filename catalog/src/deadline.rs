//! Deadlines (办理时限): from a start, a limit and the suspensions of a case to the day that it is due, and the reasons.
//!
//! # The rules
//!
//! `due = step(start, n + Σ credit)`; the day of the start is day 0, whatever its hour and whether it is worked.
//!
//! | | |
//! | --- | --- |
//! | working day | counts the days that the calendar calls worked |
//! | natural day | counts every day; a last day that is not worked stays, unless the limit says that it rolls over |
//! | month | the same day of a later month, or its last day; or 30 natural days each ([`MonthRule`]) |
//! | hour, minute | counts declared service hours of working days only |
//! | suspension without limit, correction | the due date is void while it is open; then credit = units in (from, to], at least 1 |
//! | suspension with limit L (working days) | the due date moves by L at once; credit = min(max(1, units), L) when it ends |
//! | extension that was refused | credit 0 |
//!
//! L is converted at the suspension's start where the limit counts something else than working days. Suspensions never
//! nest; their credits add up. Where the field's sources are silent (hours, minutes, months) the choice is ours and is
//! written at the type concerned.
//!
//! # What always holds here
//!
//! * Pure: the calendar and every moment are arguments; nothing reads a clock or the machine's time zone
//!   ([`Moment`] is Asia/Shanghai).
//! * Nothing panics and nothing runs away: [`MAX_N`], [`MAX_STOPS`], [`HORIZON_DAYS`]; what lies beyond is an error.
//! * Every answer can be checked by hand: [`explain`] lists each day with its number or the reason why it did not count,
//!   and [`Derivation::recompute`] finds the due date again from that list alone.
//!
//! ```
//! use tongban_catalog::calendar::Calendar;
//! use tongban_catalog::deadline::{Limit, Moment, Request, explain};
//!
//! let from: Moment = "2017-06-05".parse()?;
//! let derivation = explain(&Request::new(from, Limit::working_days(5)), &Calendar::weekends_only())?;
//! assert_eq!(derivation.due.unwrap().date.to_string(), "2017-06-12");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
mod clock;
mod count;
mod derivation;
mod limit;
mod moment;
mod recompute;
mod render;
mod service_hours;
mod standing;
mod stop;
mod walk;

use thiserror::Error;

use crate::calendar::Calendar;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use crate::tables::LimitUnit;
pub use arguments::{ArgumentError, parse_from, parse_n, parse_request, parse_stop, parse_unit};
pub use clock::{ClockError, ClockKind, ClockState, LegalClock};
pub use derivation::{Counting, DayLine, Derivation, Measure, RollOver, StopLine, Warning};
pub use limit::{EndOnDayOff, Limit, MonthRule};
pub use moment::{Due, Moment, MomentError};
pub use recompute::Contradiction;
pub use service_hours::{ServiceHours, ServiceHoursError};
pub use standing::{Standing, SuspensionStanding, standing};
pub use stop::{Stop, StopEnd, StopKind, StopOutcome};

/// The largest `n` of a limit, in its unit.
pub const MAX_N: u32 = 3_660;
/// The most suspensions of one deadline.
pub const MAX_STOPS: usize = 64;
/// How far a due date or the end of a suspension may lie after the start, in natural days (20 years).
pub const HORIZON_DAYS: u32 = 7_320;
/// The first day that a deadline may start on.
pub const EARLIEST: Date = jiff::civil::date(1992, 1, 1);
/// The last day that a deadline may start on.
pub const LATEST: Date = jiff::civil::date(2179, 12, 31);

/// What a due date is asked of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The moment that starts the clock; its day is day 0.
    pub from: Moment,
    /// How long.
    pub limit: Limit,
    /// The suspensions in order of time; only the last may be open.
    #[serde(default)]
    pub stops: Vec<Stop>,
}

impl Request {
    /// A request without suspensions.
    #[must_use]
    pub fn new(from: Moment, limit: Limit) -> Self {
        Self {
            from,
            limit,
            stops: Vec::new(),
        }
    }

    /// The same with one more suspension.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stops.push(stop);
        self
    }
}

/// Why a deadline cannot be computed. Suspensions are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeadlineError {
    /// `n` is beyond [`MAX_N`].
    #[error("a limit of {n} is beyond {MAX_N}; give a smaller one or another unit")]
    TooLong {
        /// The number given.
        n: u32,
    },
    /// The start is outside of [`EARLIEST`] to [`LATEST`].
    #[error(
        "{date} is outside of {EARLIEST} to {LATEST}, where legal days can be counted; check the date"
    )]
    DateOutOfRange {
        /// The day given.
        date: Date,
    },
    /// Hours or minutes without the hours in which they run.
    #[error(
        "a limit in hours or minutes needs service hours; declare them, for example 08:30-12:00,14:00-17:30"
    )]
    NoServiceHours,
    /// More than [`MAX_STOPS`] suspensions.
    #[error("{given} suspensions, at most {MAX_STOPS} are taken")]
    TooManyStops {
        /// How many were given.
        given: usize,
    },
    /// A suspension begins before the clock.
    #[error("suspension {stop} begins at {from}, before the clock starts; check the two dates")]
    StopBeforeStart {
        /// Which one.
        stop: usize,
        /// When it begins.
        from: Moment,
    },
    /// A suspension ends before it begins.
    #[error("suspension {stop} ends before it begins ({from}); check the two dates")]
    StopEndsBeforeItBegins {
        /// Which one.
        stop: usize,
        /// When it begins.
        from: Moment,
    },
    /// A suspension begins while the one before it is open or has not ended yet: suspensions never nest.
    #[error(
        "suspension {stop} begins while the one before it lasts; suspensions never nest: end that one first"
    )]
    StopsNest {
        /// Which one.
        stop: usize,
    },
    /// The limit of a suspension is beyond [`MAX_N`].
    #[error(
        "suspension {stop} has a limit of {limit} working days, beyond {MAX_N}; give a smaller one"
    )]
    StopTooLong {
        /// Which one.
        stop: usize,
        /// Its limit in working days.
        limit: u32,
    },
    /// Only an extension (type A) is approved or refused.
    #[error("suspension {stop} is refused, but only an extension (type A) can be; end it as usual")]
    RefusedButNoExtension {
        /// Which one.
        stop: usize,
    },
    /// A date lies more than [`HORIZON_DAYS`] after the start.
    #[error(
        "the deadline or a suspension reaches more than {HORIZON_DAYS} days (20 years) beyond the start {from}"
    )]
    TooFar {
        /// The day of the start.
        from: Date,
    },
}

/// The due date alone; `None` while a suspension without limit is open (the due date is void).
///
/// # Errors
/// See [`DeadlineError`].
pub fn due(request: &Request, calendar: &Calendar) -> Result<Option<Due>, DeadlineError> {
    count::Count::of(request, calendar).and_then(|count| count.due())
}

/// The due date with its derivation, day by day.
///
/// # Errors
/// See [`DeadlineError`].
pub fn explain(request: &Request, calendar: &Calendar) -> Result<Derivation, DeadlineError> {
    walk::derive(request, calendar)
}

#[cfg(test)]
mod tests;
