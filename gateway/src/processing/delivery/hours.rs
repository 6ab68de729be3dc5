//! Opening hours of a partner's interface (开放时段), every day alike in Asia/Shanghai, which keeps UTC+8 all year. Pure.

use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

const ZONE: Offset = Offset::constant(8);
/// Days after which open hours are counted by the day's average: nobody waits for a sum over centuries.
const DAYS_MAX: i64 = 10_000;

/// When an interface is open; `[from, to)`, over midnight when `to` is the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hours(Option<(Time, Time)>);

impl Hours {
    /// Those of a definition; `None` is always.
    #[must_use]
    pub fn of(window: Option<(Time, Time)>) -> Self {
        Self(window.filter(|(from, to)| from != to))
    }

    /// Whether it is open at this moment.
    #[must_use]
    pub fn is_open(self, at: Timestamp) -> bool {
        let Some((from, to)) = self.0 else {
            return true;
        };
        let time = ZONE.to_datetime(at).time();
        if from <= to {
            (from..to).contains(&time)
        } else {
            time >= from || time < to
        }
    }

    /// The first moment at or after this one at which it is open.
    #[must_use]
    pub fn opens_at(self, at: Timestamp) -> Timestamp {
        let Some((from, _)) = self.0.filter(|_| !self.is_open(at)) else {
            return at;
        };
        let local = ZONE.to_datetime(at);
        let today = moment(local.date().to_datetime(from));
        let next = || local.date().tomorrow().ok();
        match today {
            Some(today) if today >= at => today,
            _ => next()
                .and_then(|day| moment(day.to_datetime(from)))
                .unwrap_or(at),
        }
    }

    /// How long it was open between two moments.
    #[must_use]
    pub fn open_between(self, from: Timestamp, to: Timestamp) -> Duration {
        let all = Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO);
        let Some((opens, closes)) = self.0 else {
            return all;
        };
        let length = |span: SignedDuration| Duration::try_from(span).unwrap_or(Duration::ZERO);
        let of_day = if opens <= closes {
            length(opens.duration_until(closes))
        } else {
            Duration::from_secs(86_400).saturating_sub(length(closes.duration_until(opens)))
        };
        let days = i64::try_from(all.as_secs() / 86_400).unwrap_or(i64::MAX);
        if days > DAYS_MAX {
            return of_day.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX));
        }
        let mut sum = Duration::ZERO;
        let mut at = from;
        while at < to {
            let begins = self.opens_at(at);
            let ends = self.closes_at(begins).min(to);
            if begins >= to || ends <= begins {
                break;
            }
            sum += length(ends.duration_since(begins));
            at = ends;
        }
        sum
    }

    /// The end of the opening in which this moment lies.
    fn closes_at(self, at: Timestamp) -> Timestamp {
        let Some((_, to)) = self.0 else {
            return Timestamp::MAX;
        };
        let local = ZONE.to_datetime(at);
        let today = moment(local.date().to_datetime(to));
        match today {
            Some(today) if today > at => today,
            _ => local
                .date()
                .tomorrow()
                .ok()
                .and_then(|day| moment(day.to_datetime(to)))
                .unwrap_or(Timestamp::MAX),
        }
    }
}

fn moment(local: DateTime) -> Option<Timestamp> {
    ZONE.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(from: i8, to: i8) -> Hours {
        Hours::of(Some((
            Time::constant(from, 0, 0, 0),
            Time::constant(to, 0, 0, 0),
        )))
    }

    /// A time in Guangdong.
    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    #[test]
    fn an_interface_is_open_from_its_first_moment_to_before_its_last() {
        let day = hours(8, 22);
        for (time, open) in [
            ("07:59:59", false),
            ("08:00:00", true),
            ("21:59:59", true),
            ("22:00:00", false),
        ] {
            assert_eq!(
                day.is_open(at(&format!("2026-11-29T{time}"))),
                open,
                "{time}"
            );
        }
        let night = hours(22, 6);
        for (time, open) in [
            ("21:59:59", false),
            ("22:00:00", true),
            ("05:59:59", true),
            ("06:00:00", false),
        ] {
            assert_eq!(
                night.is_open(at(&format!("2026-11-29T{time}"))),
                open,
                "{time}"
            );
        }
    }

    #[test]
    fn what_is_put_off_into_the_closed_hours_waits_for_the_opening() {
        let day = hours(8, 22);
        assert_eq!(
            day.opens_at(at("2026-11-29T23:10:00")),
            at("2026-11-30T08:00:00")
        );
        assert_eq!(
            day.opens_at(at("2026-11-29T03:00:00")),
            at("2026-11-29T08:00:00")
        );
        assert_eq!(
            day.opens_at(at("2026-11-29T09:30:00")),
            at("2026-11-29T09:30:00")
        );
        assert_eq!(
            Hours::of(None).opens_at(at("2026-11-29T03:00:00")),
            at("2026-11-29T03:00:00")
        );
    }

    #[test]
    fn only_open_hours_count() {
        let day = hours(8, 22);
        let open = |from, to| day.open_between(at(from), at(to)).as_secs() / 60;
        assert_eq!(open("2026-11-29T21:00:00", "2026-11-30T09:00:00"), 120);
        assert_eq!(open("2026-11-29T23:00:00", "2026-11-30T07:00:00"), 0);
        assert_eq!(
            open("2026-11-29T00:00:00", "2026-12-02T00:00:00"),
            3 * 14 * 60
        );
        assert_eq!(open("2026-11-30T00:00:00", "2026-11-29T00:00:00"), 0);
        let night = hours(22, 6).open_between(at("2026-11-29T21:00:00"), at("2026-11-30T23:00:00"));
        assert_eq!(night.as_secs() / 3600, 9);
    }

    proptest! {
        #[test]
        fn open_hours_add_up(from in 0_i8..24, to in 0_i8..24, begin in 0_i64..200_000, middle in 0_i64..200_000, end in 0_i64..200_000) {
            let hours = hours(from, to);
            let moment = |s| Timestamp::from_second(1_700_000_000 + s).unwrap();
            let (a, b, c) = (moment(begin), moment(begin + middle), moment(begin + middle + end));
            prop_assert_eq!(hours.open_between(a, b) + hours.open_between(b, c), hours.open_between(a, c));
            let opens = hours.opens_at(a);
            prop_assert!(hours.is_open(opens) && opens >= a);
            prop_assert_eq!(hours.open_between(a, opens), Duration::ZERO);
        }
    }
}
