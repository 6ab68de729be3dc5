//! Quiet times (免打扰时段): when people are not told, in legal time.

use jiff::civil::Time;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// A time of day in which nobody is told; may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Quiet {
    /// Begin.
    pub from: Time,
    /// End; excluded.
    pub to: Time,
}

impl TryFrom<String> for Quiet {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = |part: &str| Time::strptime("%H:%M", part.trim()).ok();
        let (from, to) = text.split_once('-').unwrap_or_default();
        match (read(from), read(to)) {
            (Some(from), Some(to)) if from != to => Ok(Self { from, to }),
            _ => Err(format!("{text:?} is no time of day as 22:00-07:00")),
        }
    }
}

/// When a message may go: now, or at the end of the quiet time.
#[must_use]
pub fn due(quiet: Option<Quiet>, now: Timestamp) -> Timestamp {
    let Some(quiet) = quiet else {
        return now;
    };
    let zone = Offset::constant(8);
    let here = zone.to_datetime(now);
    let time = here.time();
    let within = if quiet.from <= quiet.to {
        (quiet.from..quiet.to).contains(&time)
    } else {
        time >= quiet.from || time < quiet.to
    };
    if !within {
        return now;
    }
    let end = here.date().to_datetime(quiet.to);
    let end = zone.to_timestamp(end).unwrap_or(now);
    if end > now {
        end
    } else {
        end + SignedDuration::from_hours(24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_waits_for_the_end_of_the_quiet_time_also_over_midnight() {
        // 23:00 in Asia/Shanghai.
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (quiet, now, expected) in [
            (
                "22:00-07:00",
                "2026-03-02T15:00:00Z",
                "2026-03-02T23:00:00Z",
            ),
            (
                "22:00-07:00",
                "2026-03-02T22:59:00Z",
                "2026-03-02T23:00:00Z",
            ),
            (
                "22:00-07:00",
                "2026-03-02T23:00:00Z",
                "2026-03-02T23:00:00Z",
            ),
            (
                "12:00-13:30",
                "2026-03-02T04:10:00Z",
                "2026-03-02T05:30:00Z",
            ),
            (
                "12:00-13:30",
                "2026-03-02T05:30:00Z",
                "2026-03-02T05:30:00Z",
            ),
        ] {
            let hours = Quiet::try_from(quiet.to_owned()).unwrap();
            assert_eq!(due(Some(hours), at(now)), at(expected), "{quiet} {now}");
        }
        assert_eq!(
            due(None, at("2026-03-02T15:00:00Z")),
            at("2026-03-02T15:00:00Z")
        );
        for text in ["", "22:00", "22:00-22:00", "25:00-07:00"] {
            assert!(Quiet::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
