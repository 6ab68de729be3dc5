//! Times as partners write them, in the legal time of China.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Legal time of China: +08:00 the year round since 1992 (no case is older).
pub const PARTNER_OFFSET: Offset = jiff::tz::offset(8);

/// A time in any of the forms that partners use, in the legal time of China where it names no offset:
///
/// * GB/T 39046-2020: `20170605T093000`, `20170605093000`, `2017060509:30:00` (tables 5 – 14 differ among themselves);
/// * `2017-6-5 9:30:00`, padded or not, also without seconds, with `/` for `-`, with `T` for the space, with a fraction;
/// * a day alone (`2017-6-5`, `20170605`): its first moment;
/// * RFC 3339 with an offset.
///
/// `None` for anything else, and for days and hours that do not exist.
#[must_use]
pub fn parse_partner_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 40 || !text.is_ascii() {
        return None;
    }
    if text.len() > 19 && (text.ends_with('Z') || text[19..].contains(['+', '-'])) {
        return text.parse().ok();
    }
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time.trim_start()),
        None if text.len() > 8 && text.bytes().take(8).all(|b| b.is_ascii_digit()) => {
            text.split_at(8)
        }
        None => (text, ""),
    };
    let (year, month, day) = numbers(date, ['-', '/'], [4, 2, 2])?;
    let (hour, minute, second) = match time {
        "" => (0, 0, 0),
        time => numbers(without_fraction(time)?, [':', ':'], [2, 2, 2])?,
    };
    let civil = DateTime::new(
        year,
        i8_of(month)?,
        i8_of(day)?,
        i8_of(hour)?,
        i8_of(minute)?,
        i8_of(second)?,
        0,
    )
    .ok()?;
    PARTNER_OFFSET.to_timestamp(civil).ok()
}

/// Three numbers: of fixed widths without marks, or between marks. Of a time the third may be left out.
fn numbers(text: &str, marks: [char; 2], widths: [usize; 3]) -> Option<(i16, i16, i16)> {
    let parts: Vec<&str> = match text.contains(marks) {
        true => text.split(marks).collect(),
        false if text.len() == widths.iter().sum::<usize>() => {
            let (first, rest) = text.split_at(widths[0]);
            let (second, third) = rest.split_at(widths[1]);
            vec![first, second, third]
        }
        false => return None,
    };
    let part = |index: usize| -> Option<i16> {
        let text = parts.get(index)?;
        let fits = !text.is_empty()
            && text.len() <= widths[index]
            && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| text.parse().ok()).flatten()
    };
    match (parts.len(), widths[0]) {
        (3, 4) if parts[0].len() != 4 => None,
        (3, _) => Some((part(0)?, part(1)?, part(2)?)),
        (2, 2) => Some((part(0)?, part(1)?, 0)),
        _ => None,
    }
}

fn without_fraction(time: &str) -> Option<&str> {
    match time.split_once('.') {
        None => Some(time),
        Some((time, fraction))
            if !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Some(time)
        }
        Some(_) => None,
    }
}

fn i8_of(number: i16) -> Option<i8> {
    i8::try_from(number).ok()
}

/// RFC 3339 at +08:00.
pub(crate) fn to_rfc3339(time: Timestamp) -> String {
    time.display_with_offset(PARTNER_OFFSET).to_string()
}

/// A time in a form of `%Y %m %d %H %M %S`, each also unpadded as `%-m`; `None` for any other directive or a form of more
/// than 64 bytes. Written here rather than taken from the library, whose directives take widths.
pub(super) fn format(time: Timestamp, form: &str) -> Option<String> {
    if form.len() > 64 {
        return None;
    }
    let civil = PARTNER_OFFSET.to_datetime(time);
    let mut out = String::new();
    let mut characters = form.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut directive = characters.next()?;
        let padded = directive != '-';
        if !padded {
            directive = characters.next()?;
        }
        let number = match directive {
            'Y' => {
                out.push_str(&format!("{:04}", civil.year()));
                continue;
            }
            'm' => civil.month(),
            'd' => civil.day(),
            'H' => civil.hour(),
            'M' => civil.minute(),
            'S' => civil.second(),
            _ => return None,
        };
        match padded {
            true => out.push_str(&format!("{number:02}")),
            false => out.push_str(&number.to_string()),
        }
    }
    Some(out)
}
