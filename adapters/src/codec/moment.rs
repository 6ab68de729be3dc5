//! Dates, times and durations (XML Schema part 2, 3.2.6 to 3.2.14): their forms, and their partial order.
//!
//! Years have four digits or more, also before our era; there is no year 0000 (3.2.7.2); 24:00:00 is the end of a day; a second may
//! have any number of decimals. Values with a time zone and values without are compared as 3.2.7.3 says: only where 14 hours do not
//! matter.

use std::cmp::Ordering;

/// What parts a form has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `2026-01-31T08:00:00`
    DateTime,
    /// `2026-01-31`
    Date,
    /// `08:00:00`
    Time,
    /// `2026-01`
    YearMonth,
    /// `2026`
    Year,
    /// `--01-31`
    MonthDay,
    /// `---31`
    Day,
    /// `--01`
    Month,
}

/// A value of one of the forms, on a time line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Seconds since 0000-03-01 of the proleptic calendar, without regard to the zone.
    seconds: i128,
    /// Billionths of a second; further digits are not compared.
    nanoseconds: u32,
    /// Offset in minutes.
    zone: Option<i32>,
}

const FOURTEEN_HOURS: i128 = 14 * 3600;

impl Moment {
    /// Of its lexical form.
    pub(crate) fn parse(text: &str, form: Form) -> Option<Self> {
        let mut at = Cursor(text.as_bytes());
        let (mut year, mut month, mut day) = (2000, 1, 1);
        let mut time = (0, 0);
        match form {
            Form::DateTime | Form::Date | Form::YearMonth | Form::Year => {
                year = at.year()?;
                if form != Form::Year {
                    at.take(b'-')?;
                    month = at.two(1, 12)?;
                }
                if matches!(form, Form::DateTime | Form::Date) {
                    at.take(b'-')?;
                    day = at.two(1, 31)?;
                }
            }
            Form::MonthDay => {
                at.take(b'-')?;
                at.take(b'-')?;
                month = at.two(1, 12)?;
                at.take(b'-')?;
                day = at.two(1, 31)?;
            }
            Form::Day => {
                at.take(b'-')?;
                at.take(b'-')?;
                at.take(b'-')?;
                day = at.two(1, 31)?;
            }
            Form::Month => {
                at.take(b'-')?;
                at.take(b'-')?;
                month = at.two(1, 12)?;
                // The first edition wrote --MM--; Java still does at times.
                if at.0.starts_with(b"--") {
                    at.0 = &at.0[2..];
                }
            }
            Form::Time => {}
        }
        if day > days_in(year, month) {
            return None;
        }
        if form == Form::DateTime {
            at.take(b'T')?;
        }
        if matches!(form, Form::DateTime | Form::Time) {
            time = at.time()?;
        }
        let zone = at.zone()?;
        at.0.is_empty().then(|| Self {
            seconds: days(year, month, day) * 86_400 + i128::from(time.0),
            nanoseconds: time.1,
            zone,
        })
    }

    fn instant(self, zone_minutes: i128) -> (i128, u32) {
        (self.seconds - zone_minutes * 60, self.nanoseconds)
    }

    /// The partial order of 3.2.7.3.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self.zone, other.zone) {
            (Some(a), Some(b)) => Some(
                self.instant(i128::from(a))
                    .cmp(&other.instant(i128::from(b))),
            ),
            (None, None) => Some(self.instant(0).cmp(&other.instant(0))),
            (Some(a), None) => {
                let (mine, nanos) = self.instant(i128::from(a));
                let (theirs, their_nanos) = other.instant(0);
                if (mine, nanos) < (theirs - FOURTEEN_HOURS, their_nanos) {
                    Some(Ordering::Less)
                } else if (mine, nanos) > (theirs + FOURTEEN_HOURS, their_nanos) {
                    Some(Ordering::Greater)
                } else {
                    None
                }
            }
            (None, Some(_)) => other.compare(self).map(Ordering::reverse),
        }
    }
}

/// A duration: months and seconds, which do not convert into one another (3.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duration {
    months: i128,
    seconds: i128,
    nanoseconds: i64,
}

impl Duration {
    /// Of its lexical form `-P1Y2M3DT4H5M6.7S`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let rest = rest.strip_prefix('P')?;
        let (date, time) = match rest.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (rest, None),
        };
        if (date.is_empty() && time.is_none()) || time == Some("") {
            return None;
        }
        let [years, months, days] = designated(date, *b"YMD")?;
        let [hours, minutes, whole] = designated(time.unwrap_or(""), *b"HMS")?;
        let sign: i128 = if negative { -1 } else { 1 };
        let number = |part: (&str, &str)| -> Option<i128> {
            match part.0 {
                "" => Some(0),
                digits => digits.parse().ok().filter(|n| *n < 1_000_000_000_000_000),
            }
        };
        let fraction_only_in_seconds = [years, months, days, hours, minutes]
            .iter()
            .all(|part| part.1.is_empty());
        if !fraction_only_in_seconds {
            return None;
        }
        let seconds =
            number(days)? * 86_400 + number(hours)? * 3600 + number(minutes)? * 60 + number(whole)?;
        let nanoseconds = i64::from(nanoseconds(whole.1.as_bytes()));
        Some(Self {
            months: sign * (number(years)? * 12 + number(months)?),
            seconds: sign * seconds,
            nanoseconds: if negative { -nanoseconds } else { nanoseconds },
        })
    }

    /// The partial order of 3.2.6.2: added to four dates between which months and days differ as far as they can.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        const STARTS: [(i128, i128); 4] = [(1696, 9), (1697, 2), (1903, 3), (1903, 7)];
        let ends = |duration: &Self, (year, month): (i128, i128)| {
            let months = year * 12 + (month - 1) + duration.months;
            let day = days(months.div_euclid(12), months.rem_euclid(12) + 1, 1);
            (day * 86_400 + duration.seconds, duration.nanoseconds)
        };
        let mut orders = STARTS
            .iter()
            .map(|start| ends(self, *start).cmp(&ends(other, *start)));
        let first = orders.next()?;
        orders.all(|order| order == first).then_some(first)
    }
}

/// Three optional numbers, each before its letter, in order: whole digits and decimals.
fn designated(mut text: &str, letters: [u8; 3]) -> Option<[(&str, &str); 3]> {
    let mut found = [("", ""); 3];
    for (slot, letter) in found.iter_mut().zip(letters) {
        let end = text
            .bytes()
            .position(|b| !b.is_ascii_digit() && b != b'.')
            .unwrap_or(text.len());
        if text.as_bytes().get(end) != Some(&letter) {
            continue;
        }
        let number = &text[..end];
        let (whole, fraction) = match number.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (number, ""),
        };
        if whole.is_empty() || fraction.contains('.') {
            return None;
        }
        *slot = (whole, fraction);
        text = &text[end + 1..];
    }
    text.is_empty().then_some(found)
}

fn nanoseconds(digits: &[u8]) -> u32 {
    let mut value = 0;
    for place in 0..9 {
        let digit = digits.get(place).map_or(0, |digit| u32::from(digit - b'0'));
        value = value * 10 + digit;
    }
    value
}

struct Cursor<'t>(&'t [u8]);

impl Cursor<'_> {
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.0.first() == Some(&byte)).then(|| self.0 = &self.0[1..])
    }

    fn two(&mut self, low: i128, high: i128) -> Option<i128> {
        let [a @ b'0'..=b'9', b @ b'0'..=b'9', rest @ ..] = self.0 else {
            return None;
        };
        let value = i128::from(a - b'0') * 10 + i128::from(b - b'0');
        self.0 = rest;
        (low..=high).contains(&value).then_some(value)
    }

    fn year(&mut self) -> Option<i128> {
        let negative = self.take(b'-').is_some();
        let length = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        // More than four digits have no leading zero.
        if !(4..=18).contains(&length) || (length > 4 && self.0[0] == b'0') {
            return None;
        }
        let digits = &self.0[..length];
        let value = digits.iter().fold(0, |value: i128, digit| {
            value * 10 + i128::from(digit - b'0')
        });
        self.0 = &self.0[length..];
        (value != 0).then_some(if negative { 1 - value } else { value })
    }

    fn time(&mut self) -> Option<(u32, u32)> {
        let hours = self.two(0, 24)?;
        self.take(b':')?;
        let minutes = self.two(0, 59)?;
        self.take(b':')?;
        let seconds = self.two(0, 59)?;
        let mut nanos = 0;
        if self.take(b'.').is_some() {
            let length = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
            if length == 0 {
                return None;
            }
            nanos = nanoseconds(&self.0[..length]);
            self.0 = &self.0[length..];
        }
        if hours == 24 && (minutes, seconds, nanos) != (0, 0, 0) {
            return None;
        }
        let all = hours * 3600 + minutes * 60 + seconds;
        Some((u32::try_from(all).ok()?, nanos))
    }

    /// Outer `None`: not a zone.
    fn zone(&mut self) -> Option<Option<i32>> {
        let negative = match self.0.first() {
            None => return Some(None),
            Some(b'Z') => {
                self.0 = &self.0[1..];
                return Some(Some(0));
            }
            Some(b'+') => false,
            Some(b'-') => true,
            Some(_) => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.two(0, 14)?;
        self.take(b':')?;
        let minutes = self.two(0, if hours == 14 { 0 } else { 59 })?;
        let all = i32::try_from(hours * 60 + minutes).ok()?;
        Some(Some(if negative { -all } else { all }))
    }
}

fn days_in(year: i128, month: i128) -> i128 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 0000-03-01, counted in years that begin in March, so that the odd day comes last.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap + (from_march * 153 + 2) / 5 + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn forms_are_those_of_the_recommendation() {
        use Form::*;
        for (form, right, wrong) in [
            (
                DateTime,
                "2026-02-28T24:00:00 2024-02-29T08:00:00.123456789012Z -0044-03-15T00:00:00 12026-01-01T00:00:00+14:00",
                "2026-02-29T00:00:00 0000-01-01T00:00:00 2026-1-1T0:0:0 2026-01-01 2026-01-01T24:00:01 2026-01-01T00:00:60 2026-01-01T00:00:00+14:01 02026-01-01T00:00:00 2026-01-01T00:00:00. 20260101T000000",
            ),
            (
                Date,
                "2026-01-31 2026-01-31Z 2026-01-31-05:00",
                "2026-01-32 2026-04-31 26-01-31 2026/01/31",
            ),
            (Time, "00:00:00 23:59:59.9+08:00", "8:00:00 08:00 08:00:00Y"),
            (YearMonth, "2026-01", "2026-13 2026-1"),
            (Year, "2026 -0001 2026Z", "26 0000"),
            (MonthDay, "--02-29 --12-31Z", "--02-30 12-31 --13-01"),
            (Day, "---31", "---32 --31"),
            (Month, "--01 --12Z --01--", "--13 -01"),
        ] {
            for text in right.split(' ') {
                assert!(Moment::parse(text, form).is_some(), "{text}");
            }
            for text in wrong.split(' ') {
                assert!(Moment::parse(text, form).is_none(), "{text}");
            }
        }
    }

    #[test]
    fn moments_with_and_without_a_zone_are_compared_where_fourteen_hours_do_not_matter() {
        let moment = |text| Moment::parse(text, Form::DateTime).unwrap();
        for (a, b, expected) in [
            ("2000-01-15T00:00:00", "2000-02-15T00:00:00", Some(Less)),
            ("2000-01-15T12:00:00", "2000-01-16T12:00:00Z", Some(Less)),
            ("2000-01-01T12:00:00", "1999-12-31T23:00:00Z", None),
            ("2000-01-16T12:00:00", "2000-01-16T12:00:00Z", None),
            ("2000-01-16T00:00:00", "2000-01-15T08:00:00Z", Some(Greater)),
            (
                "2026-01-01T08:00:00+08:00",
                "2026-01-01T00:00:00Z",
                Some(Equal),
            ),
            ("2025-12-31T24:00:00Z", "2026-01-01T00:00:00Z", Some(Equal)),
            ("-0001-12-31T23:59:59Z", "0001-01-01T00:00:00Z", Some(Less)),
        ] {
            assert_eq!(moment(a).compare(&moment(b)), expected, "{a} {b}");
        }
    }

    #[test]
    fn durations_are_compared_as_far_as_months_allow() {
        let duration = |text| Duration::parse(text).unwrap();
        for (a, b, expected) in [
            ("P1Y", "P364D", Some(Greater)),
            ("P1Y", "P365D", None),
            ("P1Y", "P367D", Some(Less)),
            ("P1M", "P27D", Some(Greater)),
            ("P1M", "P30D", None),
            ("P1M", "P32D", Some(Less)),
            ("P5M", "P150D", None),
            ("PT36H", "P1DT12H", Some(Equal)),
            ("-PT1S", "PT0.5S", Some(Less)),
        ] {
            assert_eq!(duration(a).compare(&duration(b)), expected, "{a} {b}");
        }
        for wrong in [
            "", "P", "PT", "P1", "1Y", "P-1Y", "P1YT", "P1S", "PT1.S", "P1.5Y", "P1D2M", "PT1.5H",
        ] {
            assert_eq!(Duration::parse(wrong), None, "{wrong}");
        }
    }
}
