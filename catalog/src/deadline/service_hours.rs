//! The hours in which an office serves (办理时间): limits in hours and minutes run only then.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// The most windows of a day.
pub(super) const MAX_WINDOWS: usize = 6;

/// The service hours of a working day: windows in order, such as `08:30-12:00,14:00-17:30`. The last may end at 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServiceHours {
    /// (opens, closes) in minutes since midnight; empty windows (0, 0) fill up the end.
    windows: [(u16, u16); MAX_WINDOWS],
}

/// Why a text gives no service hours.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ServiceHoursError {
    /// Not of the form `HH:MM-HH:MM`.
    #[error(
        "`{window}` is no window of service hours; write it as 08:30-12:00, several with commas between"
    )]
    Form {
        /// The window, at most 64 characters of it.
        window: String,
    },
    /// A window closes before it opens, or opens before the one ahead of it has closed.
    #[error(
        "the window {window} closes before it opens or overlaps the one ahead of it; put the windows in order"
    )]
    Order {
        /// The window.
        window: String,
    },
    /// No window, or more than 6.
    #[error("{given} windows of service hours, 1 to {MAX_WINDOWS} are taken")]
    Number {
        /// How many.
        given: usize,
    },
}

impl ServiceHours {
    /// The windows of a day in order: (opens, closes) in minutes since midnight.
    pub fn windows(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.windows
            .iter()
            .copied()
            .filter(|(opens, closes)| opens < closes)
    }

    /// Minutes served on one working day, at least 1.
    #[must_use]
    pub fn minutes_a_day(&self) -> u32 {
        self.minutes_between(0, 1_440)
    }

    /// Minutes served between two minutes of one day.
    pub(super) fn minutes_between(&self, from: u16, to: u16) -> u32 {
        let within = |(opens, closes): (u16, u16)| closes.min(to).saturating_sub(opens.max(from));
        self.windows().map(within).map(u32::from).sum()
    }

    /// The minute at which `n` minutes (at least 1) after minute `from` have been served on this day; `None` when the day
    /// serves fewer.
    pub(super) fn minute_after(&self, from: u16, n: u32) -> Option<u16> {
        let mut left = n;
        for (opens, closes) in self.windows() {
            let begins = opens.max(from);
            let served = u32::from(closes.saturating_sub(begins));
            if served >= left {
                return Some(begins + u16::try_from(left).unwrap_or(0));
            }
            left -= served;
        }
        None
    }
}

impl FromStr for ServiceHours {
    type Err = ServiceHoursError;

    fn from_str(text: &str) -> Result<Self, ServiceHoursError> {
        let parts: Vec<&str> = text
            .split(',')
            .take(MAX_WINDOWS + 1)
            .map(str::trim)
            .collect();
        if parts.len() > MAX_WINDOWS || text.trim().is_empty() {
            let given = if text.trim().is_empty() {
                0
            } else {
                text.split(',').count()
            };
            return Err(ServiceHoursError::Number { given });
        }
        let mut windows = [(0, 0); MAX_WINDOWS];
        let mut closed = 0;
        for (window, part) in windows.iter_mut().zip(parts) {
            let read = part
                .split_once('-')
                .and_then(|(a, b)| Some((minute_of(a)?, minute_of(b)?)));
            let quoted = || part.chars().take(64).collect::<String>();
            let (opens, closes) =
                read.ok_or_else(|| ServiceHoursError::Form { window: quoted() })?;
            if opens >= closes || opens < closed {
                return Err(ServiceHoursError::Order { window: quoted() });
            }
            (*window, closed) = ((opens, closes), closes);
        }
        Ok(Self { windows })
    }
}

/// `HH:MM`, up to 24:00, in minutes since midnight.
fn minute_of(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= 1_440).then_some(minute)
}

impl fmt::Display for ServiceHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (opens, closes)) in self.windows().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let (a, b, c, d) = (opens / 60, opens % 60, closes / 60, closes % 60);
            write!(f, "{comma}{a:02}:{b:02}-{c:02}:{d:02}")?;
        }
        Ok(())
    }
}

impl Serialize for ServiceHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ServiceHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
