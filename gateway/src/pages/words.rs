//! How pages write dates, times and sizes, in the reader's language; the filters of templates.
//!
//! Instants arrive as RFC 3339 texts and are shown in Asia/Shanghai, as legal days are; days as `YYYY-MM-DD`.

use crate::text::Language;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use minijinja::{Environment, Error, ErrorKind};

/// The zone of legal days.
const ZONE_HOURS: i8 = 8;

pub(super) fn add_filters(environment: &mut Environment<'_>, language: Language) {
    environment.add_filter("instant", move |text: &str| {
        parsed(text).map(|at| instant(at, language))
    });
    environment.add_filter("day", move |text: &str| {
        parsed(text).map(|on| day(on, language))
    });
    environment.add_filter("weekday", move |text: &str| {
        parsed(text).map(|on: Date| weekday(on, language))
    });
    environment.add_filter("bytes", size);
    environment.add_filter("urlencode", query_value);
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, Error> {
    let wrong = || Error::new(ErrorKind::InvalidOperation, format!("no time: `{text}`"));
    text.parse().map_err(|_| wrong())
}

/// `2026年11月28日 15:30`, `28 November 2026, 15:30`.
#[must_use]
pub fn instant(at: Timestamp, language: Language) -> String {
    let local = jiff::tz::offset(ZONE_HOURS).to_datetime(at);
    let (hour, minute) = (local.hour(), local.minute());
    let on = day(local.date(), language);
    match language {
        Language::Chinese => format!("{on} {hour:02}:{minute:02}"),
        Language::English => format!("{on}, {hour:02}:{minute:02}"),
    }
}

/// `2026年11月28日`, `28 November 2026`.
#[must_use]
pub fn day(on: Date, language: Language) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month, day) = (on.year(), on.month(), on.day());
    match language {
        Language::Chinese => format!("{year}年{month}月{day}日"),
        Language::English => {
            let at = usize::from(month.unsigned_abs()).saturating_sub(1);
            format!("{day} {} {year}", MONTHS.get(at).unwrap_or(&""))
        }
    }
}

/// `星期六`, `Saturday`.
#[must_use]
pub fn weekday(on: Date, language: Language) -> &'static str {
    let (zh, en) = match on.weekday() {
        Weekday::Monday => ("星期一", "Monday"),
        Weekday::Tuesday => ("星期二", "Tuesday"),
        Weekday::Wednesday => ("星期三", "Wednesday"),
        Weekday::Thursday => ("星期四", "Thursday"),
        Weekday::Friday => ("星期五", "Friday"),
        Weekday::Saturday => ("星期六", "Saturday"),
        Weekday::Sunday => ("星期日", "Sunday"),
    };
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}

/// `312 KB`, `2.4 MB`: what phones show of a photograph.
#[must_use]
pub fn size(bytes: u64) -> String {
    const KB: u64 = 1_000;
    const MB: u64 = 1_000_000;
    match bytes {
        0..KB => format!("{bytes} B"),
        KB..MB => format!("{} KB", bytes.div_ceil(KB)),
        _ => {
            let tenths = bytes.div_ceil(MB / 10);
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

/// A limit as people know it: whole binary megabytes where it is one, `200 MB` for 200 MiB.
#[must_use]
pub fn size_limit(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    match bytes {
        0..MIB => size(bytes),
        _ => format!("{} MB", bytes / MIB),
    }
}

/// A text as the value of a query's parameter: percent-encoded but for what need not be (RFC 3986, section 2.3).
#[must_use]
pub fn query_value(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The catalogue's name of a language.
#[must_use]
pub fn in_catalogue(language: Language) -> tongban_catalog::Language {
    match language {
        Language::Chinese => tongban_catalog::Language::Chinese,
        Language::English => tongban_catalog::Language::English,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_in_shanghai_whatever_the_server_says() {
        let at: Timestamp = "2026-11-27T16:05:00Z".parse().unwrap();
        assert_eq!(instant(at, Language::Chinese), "2026年11月28日 00:05");
        assert_eq!(instant(at, Language::English), "28 November 2026, 00:05");
        assert_eq!(
            weekday("2026-11-28".parse().unwrap(), Language::Chinese),
            "星期六"
        );
    }

    #[test]
    fn a_limit_is_a_round_number_and_never_more_than_what_is_taken() {
        assert_eq!(size_limit(200 << 20), "200 MB");
        assert_eq!(size_limit((200 << 20) + 1), "200 MB");
        assert_eq!(size_limit(500_000), "500 KB");
    }

    #[test]
    fn a_query_value_cannot_begin_another_parameter() {
        assert_eq!(query_value("a&b=c 民"), "a%26b%3Dc%20%E6%B0%91");
    }

    #[test]
    fn sizes_read_as_phones_show_them() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 KB"),
            (311_100, "312 KB"),
            (2_340_000, "2.4 MB"),
            (200 << 20, "209.8 MB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
