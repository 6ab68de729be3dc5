//! Legal time: what the clock on the wall of an office in China shows.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{self, Offset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Asia/Shanghai: UTC+8 without summer time since September 1991, and days before 1992 are refused. Fixed here, so that
/// no time-zone database (or its absence) on a machine can move a legal day.
const SHANGHAI: Offset = tz::offset(8);

/// A moment in Asia/Shanghai, to the second. Written `2017-06-05T09:30:00+08:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(DateTime);

/// Why a text is no moment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is no date or time; write 2017-06-05, 2017-06-05T09:30 or 2017-06-05T09:30:00+08:00"
)]
pub struct MomentError {
    /// The text as given, at most 64 characters of it.
    pub text: String,
}

impl Moment {
    /// The moment at which it is `instant` everywhere; what is finer than a second is dropped.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self::of(SHANGHAI.to_datetime(instant))
    }

    /// What the clock on the wall shows; what is finer than a second is dropped.
    #[must_use]
    pub fn of(wall: DateTime) -> Self {
        let time = wall.time();
        Self(wall.date().at(time.hour(), time.minute(), time.second(), 0))
    }

    /// 00:00 of a day.
    #[must_use]
    pub fn midnight(date: Date) -> Self {
        Self(date.to_datetime(Time::midnight()))
    }

    /// The legal day.
    #[must_use]
    pub fn date(self) -> Date {
        self.0.date()
    }

    /// The time of the day.
    #[must_use]
    pub fn time(self) -> Time {
        self.0.time()
    }

    /// The instant, for stores and indexes. At the very edge of what a timestamp can hold it is held there.
    #[must_use]
    pub fn instant(self) -> Timestamp {
        let held = if self.date().year() < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        SHANGHAI.to_timestamp(self.0).unwrap_or(held)
    }

    /// Minutes since midnight, seconds dropped: 0 to 1439.
    pub(super) fn minute(self) -> u16 {
        let time = self.time();
        u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
    }

    /// A moment by the minute of its day; minute 1440 is 00:00 of the next.
    pub(super) fn at_minute(date: Date, minute: u16) -> Self {
        if minute >= 1_440 {
            return Self::midnight(date.tomorrow().unwrap_or(date));
        }
        let whole = |part: u16| i8::try_from(part).unwrap_or(0);
        Self(date.at(whole(minute / 60), whole(minute % 60), 0, 0))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+08:00", self.0)
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    /// Reads a date (its 00:00), a wall-clock time, or an RFC 3339 instant with any offset.
    fn from_str(text: &str) -> Result<Self, MomentError> {
        let written = text.trim();
        // An instant first: read as a wall-clock time, its offset would be dropped without a word.
        if let Ok(instant) = written.parse::<Timestamp>() {
            return Ok(Self::at(instant));
        }
        let wall = written
            .parse::<DateTime>()
            .ok()
            .filter(|_| !written.contains(['[', '+']));
        wall.map(Self::of).ok_or_else(|| MomentError {
            text: text.chars().take(64).collect(),
        })
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// When something is due (届满).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// The last legal day.
    pub date: Date,
    /// The end: from this moment on it is overdue. 00:00 of the day after `date`; the exact minute where the limit
    /// counts hours or minutes.
    pub end: Moment,
}

impl Due {
    /// Due with the end of a day.
    #[must_use]
    pub fn day(date: Date) -> Self {
        Self {
            date,
            end: Moment::midnight(date.tomorrow().unwrap_or(date)),
        }
    }

    /// Due with a minute.
    pub(super) fn minute(date: Date, minute: u16) -> Self {
        Self {
            date,
            end: Moment::at_minute(date, minute),
        }
    }
}
