//! The derivation of a due date: enough to compute it again with paper and pencil.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Due, Limit, Moment, Stop};
use crate::calendar::Day;

/// What the numbers of a derivation count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Days: working days for limits in working days, natural days for limits in natural days and months.
    Days,
    /// Minutes of service hours.
    Minutes,
}

/// How a due date came about. As JSON it holds everything that [`Derivation::recompute`] needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// `tongban/derivation/1`.
    pub schema: String,
    /// Version of the calendar ([`crate::calendar::Calendar::version`]).
    pub calendar: String,
    /// The start; its day is day 0.
    pub from: Moment,
    /// The limit.
    pub limit: Limit,
    /// What `base`, `total`, the credits and the numbers of the days count.
    pub measure: Measure,
    /// The limit in `measure`.
    pub base: u32,
    /// Where a limit in calendar months ends by itself; `base` is the days until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nominal_end: Option<Date>,
    /// The suspensions with their credits.
    pub stops: Vec<StopLine>,
    /// `base` and all credits; `None` while the due date is void.
    pub total: Option<u32>,
    /// Every day from the day after the start (for hours and minutes from the start itself) to the due date, or to the end
    /// of the last suspension if that is later; while the due date is void, to the start of the open suspension.
    pub days: Vec<DayLine>,
    /// Present when the last day was not worked and the limit rolls over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll_over: Option<RollOver>,
    /// When it is due; `None` while a suspension without limit is open.
    pub due: Option<Due>,
    /// What a reader should know before relying on it.
    pub warnings: Vec<Warning>,
}

/// A suspension and what it adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopLine {
    /// The suspension as it was given.
    pub stop: Stop,
    /// Units in (from, to], in the measure of the derivation; `None` while open.
    pub actual: Option<u32>,
    /// Its limit in the measure of the derivation; `None` without a binding limit.
    pub limit: Option<u32>,
    /// The last day of that limit.
    pub limit_ends: Option<Date>,
    /// What it adds to the limit; `None` while the due date is void by it.
    pub credit: Option<u32>,
}

/// One day and whether it counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayLine {
    /// The day.
    pub date: Date,
    /// Day of the week, 1 = Monday to 7 = Sunday (ISO 8601).
    pub weekday: i8,
    /// What the calendar says of it: `kind`, `name` of a holiday, `coverage` where the year was not announced.
    #[serde(flatten)]
    pub day: Day,
    /// What it meant here.
    #[serde(flatten)]
    pub counting: Counting,
}

/// What a day meant for the deadline. `number` is its place among the days that have one; day number `total` is the due
/// date. Suspensions are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "counting", rename_all = "snake_case")]
pub enum Counting {
    /// It counted.
    Counted {
        /// Its number.
        number: u32,
        /// How many days of the limit are used with it.
        used: u32,
    },
    /// It has a number, but a suspension took it.
    Suspended {
        /// Its number.
        number: u32,
        /// By which suspension.
        stop: usize,
    },
    /// It has a number, but was given for a suspension that lasted no counted day: at least one is credited.
    Granted {
        /// Its number.
        number: u32,
        /// For which suspension.
        stop: usize,
    },
    /// It has no number: the unit does not count a day of this kind.
    Skipped,
    /// A day of a limit in hours or minutes.
    Served {
        /// Minutes served that day, after the start.
        minutes: u32,
        /// How many of them a suspension took.
        suspended: u32,
        /// Minutes served from the start to the end of this day; the due date is where `total` is reached.
        sum: u32,
    },
}

/// A last day that was not worked, and the day that took its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollOver {
    /// The last day by counting.
    pub from: Date,
    /// The next working day.
    pub to: Date,
}

/// What a reader should know before relying on a due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Warning {
    /// Days of a year that was not announced are counted by weekends only; the due date may move.
    YearNotAnnounced {
        /// The year.
        year: i16,
    },
    /// A suspension began after the limit was used up: its credit moves the due date, the delay before it stays a delay.
    SuspendedWhenOverdue {
        /// Which one, from 1.
        stop: usize,
    },
}
