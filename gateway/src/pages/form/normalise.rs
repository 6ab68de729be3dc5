//! How people write numbers, dates and codes, and how programs want them. Pure; `None` for what is none.

use jiff::civil::{Date, Time};
use serde_json::{Number, Value};

/// Digits that a double holds without loss (IEEE 754, 53 bits).
const DIGITS_MAX: usize = 15;

/// Trimmed, with line ends as `\n` and without control characters.
#[must_use]
pub fn text(typed: &str) -> String {
    let unix = typed.replace("\r\n", "\n").replace('\r', "\n");
    let kept = unix
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    kept.collect::<String>().trim().to_owned()
}

/// Full-width forms (U+FF01 – U+FF5E, U+3000) as their ASCII counterparts.
#[must_use]
pub fn half_width(typed: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        '\u{2212}' | '\u{2013}' | '\u{2014}' => '-',
        other => other,
    };
    typed.chars().map(narrow).collect()
}

/// A code or number of a document: half-width, without white space.
#[must_use]
pub fn code(typed: &str) -> String {
    let mut narrow = half_width(&text(typed));
    narrow.retain(|c| !c.is_whitespace() && !is_invisible(c));
    narrow
}

/// Marks that copying brings along and nobody sees: zero-width and directional ones.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A number: full-width digits, separators of thousands where they stand right, a sign. A number that a double cannot hold
/// without loss is none.
#[must_use]
pub fn number(typed: &str) -> Option<Value> {
    let narrow = code(typed).replace('。', ".");
    let (negative, digits) = match narrow.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, narrow.strip_prefix('+').unwrap_or(&narrow)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = without_thousands(whole)?;
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let any = !whole.is_empty() || !fraction.is_empty();
    if !any || !all_digits(&whole) || !all_digits(fraction) {
        return None;
    }
    let sign = if negative { "-" } else { "" };
    let fraction = fraction.trim_end_matches('0');
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    if fraction.is_empty() {
        return format!("{sign}{whole}")
            .parse::<i64>()
            .ok()
            .map(Value::from);
    }
    if whole.trim_start_matches('0').len() + fraction.len() > DIGITS_MAX {
        return None;
    }
    let value: f64 = format!("{sign}{whole}.{fraction}").parse().ok()?;
    Number::from_f64(value).map(Value::Number)
}

/// Takes out `,` and `'` where they part groups of three digits.
fn without_thousands(whole: &str) -> Option<String> {
    if !whole.contains([',', '\'']) {
        return Some(whole.to_owned());
    }
    let groups: Vec<&str> = whole.split([',', '\'']).collect();
    let (first, rest) = groups.split_first()?;
    let right = (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3);
    right.then(|| groups.concat())
}

/// A day as `2017-06-05`: also written `2017/6/5`, `2017.6.5`, `20170605` or `2017年6月5日`.
#[must_use]
pub fn day(typed: &str) -> Option<String> {
    parsed_day(&code(typed)).map(|day| day.to_string())
}

fn parsed_day(narrow: &str) -> Option<Date> {
    if narrow.len() == 8 && narrow.bytes().all(|b| b.is_ascii_digit()) {
        let part = |range: std::ops::Range<usize>| narrow.get(range)?.parse::<i16>().ok();
        let (month, day) = (part(4..6)?, part(6..8)?);
        return Date::new(
            part(0..4)?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        )
        .ok();
    }
    let narrow = narrow.strip_suffix('日').unwrap_or(narrow);
    let mut parts = narrow.split(['-', '/', '.', '年', '月']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let right = year.len() == 4 && digits(year, 4) && digits(month, 2) && digits(day, 2);
    if !right || parts.next().is_some() {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A time of day as `09:30:00+08:00` (RFC 3339 full-time, in Asia/Shanghai).
#[must_use]
pub fn time(typed: &str) -> Option<String> {
    let time = parsed_time(&code(typed))?;
    Some(format!("{time}+08:00"))
}

fn parsed_time(narrow: &str) -> Option<String> {
    let narrow = narrow.replace(['时', '分'], ":");
    let mut parts = narrow.trim_end_matches(':').split(':');
    let mut part = |must: bool| match parts.next() {
        Some(text) if text.len() <= 2 => text.parse::<i8>().ok(),
        Some(_) => None,
        None => (!must).then_some(0),
    };
    let (hour, minute, second) = (part(true)?, part(true)?, part(false)?);
    let time = Time::new(hour, minute, second, 0).ok()?;
    let (h, m, s) = (time.hour(), time.minute(), time.second());
    parts
        .next()
        .is_none()
        .then(|| format!("{h:02}:{m:02}:{s:02}"))
}

/// A moment as `2017-06-05T09:30:00+08:00`; one that already is RFC 3339 with an offset stays as it is.
#[must_use]
pub fn instant(typed: &str) -> Option<String> {
    let narrow = half_width(&text(typed));
    if narrow.parse::<jiff::Timestamp>().is_ok() {
        return Some(narrow);
    }
    let (day, time) = narrow
        .split_once(['T', ' '])
        .or_else(|| narrow.split_once('日'))?;
    let (day, time) = (parsed_day(&code(day))?, parsed_time(&code(time))?);
    Some(format!("{day}T{time}+08:00"))
}
