//! Time limits of an item and how its clocks behave.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::tables::{Channel, LimitUnit};

/// A number of units of time (时限).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeLimit {
    /// How many, at most 3,650.
    pub n: u32,
    /// Of what.
    pub unit: LimitUnit,
    /// 时限说明.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl TimeLimit {
    /// The limit in words, for example `20个工作日`.
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::Chinese => format!("{}{}", self.n, self.unit.label(language)),
            Language::English => format!("{} {}", self.n, self.unit.label(language)),
        }
    }
}

/// A promise for one channel of application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelLimit {
    /// The channel.
    pub channel: Channel,
    /// The promise for it.
    pub promise: TimeLimit,
}

/// How the clocks of an item behave where the sources leave a choice (domain 4.2, 9.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// What happens when nobody has accepted within [`Policies::acceptance_days`].
    pub acceptance: AcceptancePolicy,
    /// Working days for accepting or refusing (行政许可法 art. 32: 5).
    pub acceptance_days: u32,
    /// Working days for handing over the result (行政许可法 art. 44: 10).
    pub delivery_days: u32,
    /// Where a limit in natural days ends when its last day is none of work.
    pub natural_day_end: NaturalDayEnd,
    /// What a month is.
    pub units: UnitConvention,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            acceptance: AcceptancePolicy::Alert,
            acceptance_days: 5,
            delivery_days: 10,
            natural_day_end: NaturalDayEnd::Stays,
            units: UnitConvention::National,
        }
    }
}

/// What the end of the acceptance clock means (state machine row 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptancePolicy {
    /// 逾期视为受理: accepted as of the day of receipt (行政许可法 art. 32).
    Deemed,
    /// Only an alert to the officials.
    Alert,
}

/// Where a limit in natural days ends when its last day is a day off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NaturalDayEnd {
    /// On that day.
    Stays,
    /// 顺延: on the next working day.
    RollsOver,
}

/// The convention of time units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitConvention {
    /// Months by the calendar, clamped to the month's end.
    National,
    /// Guangdong's letters G and Z: a month is 30 natural days, a year 365.
    Guangdong,
}

/// A day in a file, with our own words for what is no day.
#[derive(Clone, Copy)]
struct Day(Date);

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let whole = text.len() == 10
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = text.parse().ok().filter(|_| whole);
        date.map(Self)
            .ok_or_else(|| DayError(text.chars().take(40).collect()))
    }
}

struct DayError(String);

impl fmt::Display for DayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "“{}”不是日期（应如 2017-06-05） / `{}` is no day (write 2017-06-05)",
            self.0, self.0
        )
    }
}

/// serde of a required day.
pub(super) mod day {
    use super::{Date, Day};

    pub(in super::super) fn serialize<S: serde::Serializer>(
        date: &Date,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(date)
    }

    pub(in super::super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Date, D::Error> {
        crate::source::parsed_text::<D, Day>(deserializer, "specimen:2017-06-05").map(|day| day.0)
    }
}

/// serde of a day that may be absent.
pub(super) mod optional_day {
    use super::{Date, Day};
    use serde::Deserialize;

    pub(in super::super) fn serialize<S: serde::Serializer>(
        date: &Option<Date>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match date {
            Some(date) => serializer.collect_str(date),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Date>, D::Error> {
        Option::<Day>::deserialize(deserializer).map(|day| day.map(|day| day.0))
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::source::parsed_text(deserializer, "specimen:2017-06-05")
    }
}
