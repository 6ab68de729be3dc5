//! What can be wrong with a calendar.

use jiff::civil::Date;
use thiserror::Error;

use super::MAX_YEARS;
use super::year::{FIRST_YEAR, LAST_YEAR, MAX_RANGE_DAYS, MAX_RANGES};
use crate::source::Finding;

/// What is wrong with a year of the calendar or between years.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum YearProblem {
    /// The year is outside of what can be counted.
    #[error(
        "calendar {year}: only the years {FIRST_YEAR} to {LAST_YEAR} can be kept; correct `year`"
    )]
    YearOutOfRange {
        /// The year as given.
        year: i16,
    },
    /// Versions begin with 1.
    #[error("calendar {year}: `version` is 0; begin with 1 and raise it with every change")]
    VersionZero {
        /// The year.
        year: i16,
    },
    /// An announced year without a notice.
    #[error(
        "calendar {year}: announced, but `source` names no notice; name it or say `announced: false`"
    )]
    NoSource {
        /// The year.
        year: i16,
    },
    /// A year that is not announced has entries.
    #[error("calendar {year}: not announced, yet it has ranges; remove them or name the notice")]
    RangesWithoutNotice {
        /// The year.
        year: i16,
    },
    /// Too many entries.
    #[error("calendar {year}: {given} ranges, at most {MAX_RANGES} are taken")]
    TooManyRanges {
        /// The year.
        year: i16,
        /// How many were given.
        given: usize,
    },
    /// A range ends before it begins or is longer than any holiday.
    #[error("calendar {year}: range {index} ({from} to {to}) must hold 1 to {MAX_RANGE_DAYS} days")]
    RangeLength {
        /// The year.
        year: i16,
        /// Position of the range, from 0.
        index: usize,
        /// Its first day.
        from: Date,
        /// Its last day.
        to: Date,
    },
    /// A range leaves the year and the last days of the year before.
    #[error(
        "calendar {year}: range {index} ({from} to {to}) leaves the year; a notice reaches back to 25 December at most"
    )]
    RangeOutsideYear {
        /// The year.
        year: i16,
        /// Position of the range, from 0.
        index: usize,
        /// Its first day.
        from: Date,
        /// Its last day.
        to: Date,
    },
    /// A day that is said to be worked in exchange is a working day anyway.
    #[error(
        "calendar {year}: range {index} says that {date} is worked, but it is no weekend day; correct the date"
    )]
    WorkdayNotWeekend {
        /// The year.
        year: i16,
        /// Position of the range, from 0.
        index: usize,
        /// The day.
        date: Date,
    },
    /// Two ranges hold the same day.
    #[error("calendar {year}: {date} stands in two ranges; a day is one thing")]
    DayTwice {
        /// The year whose file says it the second time.
        year: i16,
        /// The day.
        date: Date,
    },
    /// A year was given twice.
    #[error("calendar {year}: given twice; keep one file a year")]
    YearTwice {
        /// The year.
        year: i16,
    },
    /// More years than a calendar takes.
    #[error("{given} years given, a calendar takes at most {}", MAX_YEARS)]
    TooManyYears {
        /// How many were given.
        given: usize,
    },
}

impl YearProblem {
    /// Where in the file of its year the problem lies, as a JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::YearOutOfRange { .. } | Self::YearTwice { .. } => "/year".to_owned(),
            Self::VersionZero { .. } => "/version".to_owned(),
            Self::NoSource { .. } => "/source".to_owned(),
            Self::RangesWithoutNotice { .. }
            | Self::TooManyRanges { .. }
            | Self::DayTwice { .. } => "/ranges".to_owned(),
            Self::RangeLength { index, .. } | Self::RangeOutsideYear { index, .. } => {
                format!("/ranges/{index}/to")
            }
            Self::WorkdayNotWeekend { index, .. } => format!("/ranges/{index}/kind"),
            Self::TooManyYears { .. } => String::new(),
        }
    }

    /// The year whose file has to be changed; `None` where it is the number of files.
    #[must_use]
    pub fn year(&self) -> Option<i16> {
        match self {
            Self::YearOutOfRange { year }
            | Self::VersionZero { year }
            | Self::NoSource { year }
            | Self::RangesWithoutNotice { year }
            | Self::TooManyRanges { year, .. }
            | Self::RangeLength { year, .. }
            | Self::RangeOutsideYear { year, .. }
            | Self::WorkdayNotWeekend { year, .. }
            | Self::DayTwice { year, .. }
            | Self::YearTwice { year } => Some(*year),
            Self::TooManyYears { .. } => None,
        }
    }

    /// Stable code, for machines and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::YearOutOfRange { .. } => "year_out_of_range",
            Self::VersionZero { .. } => "version_zero",
            Self::NoSource { .. } => "no_source",
            Self::RangesWithoutNotice { .. } => "ranges_without_notice",
            Self::TooManyRanges { .. } => "too_many_ranges",
            Self::RangeLength { .. } => "range_length",
            Self::RangeOutsideYear { .. } => "range_outside_year",
            Self::WorkdayNotWeekend { .. } => "workday_not_weekend",
            Self::DayTwice { .. } => "day_twice",
            Self::YearTwice { .. } => "year_twice",
            Self::TooManyYears { .. } => "too_many_years",
        }
    }

    /// The problem in Chinese; [`fmt::Display`](std::fmt::Display) says it in English.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::YearOutOfRange { year } => {
                format!("{year}年超出可计算的年份（{FIRST_YEAR}至{LAST_YEAR}），请改正year")
            }
            Self::VersionZero { year } => {
                format!("{year}年日历的version不得为0，应从1起每次修改加1")
            }
            Self::NoSource { year } => {
                format!("{year}年日历已公布但source未列通知，请列出通知，或写明announced: false")
            }
            Self::RangesWithoutNotice { year } => {
                format!("{year}年放假安排未公布却有ranges，请删去ranges，或列出通知")
            }
            Self::TooManyRanges { year, given } => {
                format!("{year}年日历有{given}段日期，至多{MAX_RANGES}段")
            }
            Self::RangeLength {
                year,
                index,
                from,
                to,
            } => {
                format!("{year}年日历第{index}段（{from}至{to}）应为1至{MAX_RANGE_DAYS}天")
            }
            Self::RangeOutsideYear {
                year,
                index,
                from,
                to,
            } => {
                format!("{year}年日历第{index}段（{from}至{to}）超出本年，至早只可到上年12月25日")
            }
            Self::WorkdayNotWeekend { year, index, date } => {
                format!("{year}年日历第{index}段称{date}调休上班，但该日不是周末，请改正日期")
            }
            Self::DayTwice { year, date } => {
                format!("{year}年日历：{date}出现两次，一日只能有一种安排")
            }
            Self::YearTwice { year } => format!("{year}年日历重复，每年只留一个文件"),
            Self::TooManyYears { given } => format!("给出{given}个年份，至多{MAX_YEARS}个"),
        }
    }

    /// The problem as a fault of the file of its year.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding::new(
            self.pointer(),
            self.code(),
            self.chinese(),
            self.to_string(),
        )
    }
}
