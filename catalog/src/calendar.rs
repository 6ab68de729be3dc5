//! The calendar of working days (工作日历): weekends are off, and the yearly notices of the State Council's General
//! Office change that by ranges of days off (放假) and of weekend days that are worked (调休上班).
//!
//! # What always holds here
//!
//! * A [`Calendar`] is a value: what it says of a day never changes. A changed notice makes another calendar with another
//!   [`Calendar::version`], and whoever keeps due dates computes them again.
//! * No file access: [`CalendarYear`]s come from files that the caller has read (`config/calendar/{year}.yaml`).
//! * A day of a year that was not announced is answered all the same, by weekends only, and says so
//!   ([`Coverage::WeekendsOnly`]): nobody has to guess whether a due date will stand.
//! * A notice may touch the last days of the year before (2018-12-29 was worked, by the notice for 2019), so the last
//!   week of an announced year is certain only when the next year is announced too.

mod change;
mod problem;
mod year;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

pub use change::CalendarChange;
pub use problem::YearProblem;
pub use year::{CalendarYear, Notice, Range, RangeKind, Trust};

/// The most years that one calendar may hold.
pub const MAX_YEARS: usize = 200;

/// The name of a holiday, as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayName {
    /// In Chinese, for example 端午节.
    pub zh: String,
    /// In English, for example Dragon Boat Festival.
    pub en: String,
}

/// What kind of day a day is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DayKind {
    /// A working day (工作日): Monday to Friday without an entry in the calendar.
    Working,
    /// A Saturday or Sunday without an entry in the calendar (周末).
    Weekend,
    /// Off by a notice (放假), be it the holiday itself or a day shifted to it.
    Holiday {
        /// Which holiday.
        name: Arc<HolidayName>,
    },
    /// A weekend day that is worked in exchange (调休上班).
    MakeUp {
        /// For which holiday.
        name: Arc<HolidayName>,
    },
}

impl DayKind {
    /// Whether the day counts as a working day.
    #[must_use]
    pub fn is_working(&self) -> bool {
        matches!(self, Self::Working | Self::MakeUp { .. })
    }
}

/// How sure the calendar is of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// The year of the day was announced.
    #[default]
    Announced,
    /// It was not: weekends are known, holidays are not.
    WeekendsOnly,
}

impl Coverage {
    /// Whether the year was announced.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        matches!(self, Self::Announced)
    }
}

/// The calendar's answer for one day.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Day {
    /// What kind of day it is.
    #[serde(flatten)]
    pub kind: DayKind,
    /// How sure that is.
    #[serde(default, skip_serializing_if = "Coverage::is_announced")]
    pub coverage: Coverage,
}

/// A calendar of working days: an immutable value. As JSON it can be kept, to be compared with a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    exceptions: BTreeMap<Date, DayKind>,
    announced: BTreeSet<i16>,
    notices: BTreeMap<i16, Notice>,
    version: String,
}

impl Default for Calendar {
    /// [`Calendar::weekends_only`].
    fn default() -> Self {
        Self::weekends_only()
    }
}

impl Calendar {
    /// Joins years into one calendar; the order of the years does not matter.
    ///
    /// # Errors
    /// Every problem of every year and between them: see [`CalendarYear::problems`], a year that is given twice, and a
    /// day on which two years disagree.
    pub fn new(mut years: Vec<CalendarYear>) -> Result<Self, Vec<YearProblem>> {
        years.sort_by_key(|year| year.year);
        let mut problems: Vec<YearProblem> =
            years.iter().flat_map(CalendarYear::problems).collect();
        if years.len() > MAX_YEARS {
            problems.push(YearProblem::TooManyYears { given: years.len() });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut calendar = Self::weekends_only();
        for year in &years {
            calendar.add(year, &mut problems);
        }
        calendar.version = version_of(&years);
        if problems.is_empty() {
            Ok(calendar)
        } else {
            Err(problems)
        }
    }

    /// A calendar without any year: weekends are off, nothing else is known.
    #[must_use]
    pub fn weekends_only() -> Self {
        Self {
            exceptions: BTreeMap::new(),
            announced: BTreeSet::new(),
            notices: BTreeMap::new(),
            version: "weekends-only".to_owned(),
        }
    }

    /// Names this calendar and no other: the years covered, the sum of their versions and a digest of every entry, for
    /// example `2016-2026.11.5f0c11aa`. Two calendars of one version answer alike for every day.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What kind of day a day is, and how sure that is.
    #[must_use]
    pub fn day(&self, date: Date) -> Day {
        let kind = self.exceptions.get(&date).cloned().unwrap_or_else(|| {
            if is_weekend(date) {
                DayKind::Weekend
            } else {
                DayKind::Working
            }
        });
        Day {
            kind,
            coverage: self.coverage(date),
        }
    }

    /// Whether a day is worked.
    #[must_use]
    pub fn is_working(&self, date: Date) -> bool {
        self.exceptions
            .get(&date)
            .map_or_else(|| !is_weekend(date), DayKind::is_working)
    }

    /// Whether the year of a day was announced.
    #[must_use]
    pub fn coverage(&self, date: Date) -> Coverage {
        if self.announced.contains(&date.year()) {
            Coverage::Announced
        } else {
            Coverage::WeekendsOnly
        }
    }

    /// The years that were announced, in order.
    pub fn announced_years(&self) -> impl Iterator<Item = i16> + '_ {
        self.announced.iter().copied()
    }

    fn add(&mut self, year: &CalendarYear, problems: &mut Vec<YearProblem>) {
        if year.announced && !self.announced.insert(year.year) {
            problems.push(YearProblem::YearTwice { year: year.year });
        }
        if let Some(newest) = year.source.iter().max_by_key(|notice| notice.published) {
            self.notices.insert(year.year, newest.clone());
        }
        for range in &year.ranges {
            let name = Arc::new(range.name.clone());
            for date in range.days() {
                let name = Arc::clone(&name);
                let kind = match range.kind {
                    RangeKind::Holiday => DayKind::Holiday { name },
                    RangeKind::Workday => DayKind::MakeUp { name },
                };
                if self.exceptions.insert(date, kind).is_some() {
                    problems.push(YearProblem::DayTwice {
                        year: year.year,
                        date,
                    });
                }
            }
        }
    }
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// A digest guards against an edited file whose author forgot to raise `version`. FNV-1a: it tells versions apart, it
/// does not protect against forgery.
fn version_of(years: &[CalendarYear]) -> String {
    let mut announced = years.iter().filter(|year| year.announced).peekable();
    let Some(first) = announced.peek().map(|year| year.year) else {
        return "weekends-only".to_owned();
    };
    let last = announced.last().map_or(first, |year| year.year);
    let sum: u64 = years.iter().map(|year| u64::from(year.version)).sum();
    let mut digest: u32 = 0x811c_9dc5;
    for year in years.iter().filter(|year| year.announced) {
        let mut absorb = |text: &str| {
            for byte in text.bytes().chain([0]) {
                digest = (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            }
        };
        absorb(&year.year.to_string());
        let mut ranges: Vec<&Range> = year.ranges.iter().collect();
        ranges.sort_by_key(|range| range.from);
        for range in ranges {
            let Range {
                from,
                to,
                kind,
                name,
            } = range;
            absorb(&format!("{from}{to}{kind:?}"));
            absorb(&name.zh);
            absorb(&name.en);
        }
    }
    format!("{first}-{last}.{sum}.{digest:08x}")
}

#[cfg(test)]
mod tests;
