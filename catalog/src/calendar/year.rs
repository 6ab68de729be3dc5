//! One year of the calendar, as its file says it.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::{HolidayName, YearProblem, is_weekend};
use crate::source::{Document, Finding};

/// The first year whose working days this crate knows how to count: Shanghai has kept UTC+8 without summer time since
/// September 1991.
pub(super) const FIRST_YEAR: i16 = 1992;
/// The last year that a file may speak of.
pub(super) const LAST_YEAR: i16 = 2199;
/// The most ranges of one year.
pub(super) const MAX_RANGES: usize = 100;
/// The longest range in days.
pub(super) const MAX_RANGE_DAYS: usize = 31;
/// The day of December from which on the notice of the next year may move days.
const DECEMBER_REACH: i8 = 25;

/// One year of the calendar: `config/calendar/{year}.yaml`, schema `tongban/calendar/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarYear {
    /// The year.
    pub year: i16,
    /// Raised by one whenever the entries change, from 1.
    pub version: u32,
    /// Whether the State Council's General Office has announced this year; while it has not, `ranges` stays empty.
    #[serde(default = "announced_unless_said")]
    pub announced: bool,
    /// The notices that the entries come from; at least one for an announced year.
    #[serde(default)]
    pub source: Vec<Notice>,
    /// Days that are not what their weekday says.
    #[serde(default)]
    pub ranges: Vec<Range>,
}

/// Where the entries of a year come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Title, for example 国务院办公厅关于2017年部分节假日安排的通知.
    pub title: String,
    /// Number, for example 国办发明电〔2016〕17号; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The day on which it was published.
    pub published: Date,
    /// How well this statement of the source was checked.
    pub trust: Trust,
}

/// How well a statement was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trust {
    /// Read in the text of the notice on a government page.
    A,
    /// Independent copies of the notice agree.
    B,
    /// One secondary source.
    C,
    /// General knowledge, not verified.
    D,
}

/// Days from one day to another, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Off or worked.
    pub kind: RangeKind,
    /// Of which holiday.
    pub name: HolidayName,
}

/// What the days of a range are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeKind {
    /// Off (放假).
    Holiday,
    /// Worked although a weekend (调休上班).
    Workday,
}

impl Document for CalendarYear {
    const SCHEMA: &'static str = "tongban/calendar/1";

    fn findings(&self) -> Vec<Finding> {
        self.problems().iter().map(YearProblem::finding).collect()
    }
}

impl CalendarYear {
    /// Everything that is wrong with this year by itself; empty when nothing is.
    #[must_use]
    pub fn problems(&self) -> Vec<YearProblem> {
        let year = self.year;
        if !(FIRST_YEAR..=LAST_YEAR).contains(&year) {
            return vec![YearProblem::YearOutOfRange { year }];
        }
        let mut problems = Vec::new();
        if self.version == 0 {
            problems.push(YearProblem::VersionZero { year });
        }
        if self.announced && self.source.is_empty() {
            problems.push(YearProblem::NoSource { year });
        }
        if !self.announced && !self.ranges.is_empty() {
            problems.push(YearProblem::RangesWithoutNotice { year });
        }
        if self.ranges.len() > MAX_RANGES {
            problems.push(YearProblem::TooManyRanges {
                year,
                given: self.ranges.len(),
            });
            return problems;
        }
        for (index, range) in self.ranges.iter().enumerate() {
            problems.extend(self.range_problem(index, range));
        }
        problems
    }

    fn range_problem(&self, index: usize, range: &Range) -> Option<YearProblem> {
        let (year, &Range { from, to, .. }) = (self.year, range);
        let length = range.days().take(MAX_RANGE_DAYS + 1).count();
        if length == 0 || length > MAX_RANGE_DAYS {
            return Some(YearProblem::RangeLength {
                year,
                index,
                from,
                to,
            });
        }
        if from < date(year - 1, 12, DECEMBER_REACH) || to > date(year, 12, 31) {
            return Some(YearProblem::RangeOutsideYear {
                year,
                index,
                from,
                to,
            });
        }
        let worked = range.kind == RangeKind::Workday;
        let date = range.days().find(|day| worked && !is_weekend(*day))?;
        Some(YearProblem::WorkdayNotWeekend { year, index, date })
    }
}

impl Range {
    /// The days of the range in order; none when it ends before it begins.
    pub fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let to = self.to;
        std::iter::successors(Some(self.from), |day| day.tomorrow().ok())
            .take_while(move |day| *day <= to)
    }
}

fn announced_unless_said() -> bool {
    true
}
