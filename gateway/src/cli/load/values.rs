//! Values of single arguments, as people write them.

use http::{HeaderName, HeaderValue};
use std::time::Duration;

/// The longest time that an argument may say.
const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

pub(super) fn any_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time such as 30s, 500ms or 2m, of at most a week");
    let read: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let read = Duration::try_from(read).map_err(|_| wrong())?;
    (read <= DURATION_MAX).then_some(read).ok_or_else(wrong)
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let read = any_duration(text)?;
    (!read.is_zero())
        .then_some(read)
        .ok_or_else(|| "must be longer than nothing".to_owned())
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let read: f64 = text
        .trim_end_matches("/s")
        .parse()
        .map_err(|_| format!("`{text}` is no rate"))?;
    let sane = read > 0.0 && read <= 1_000_000.0;
    sane.then_some(read)
        .ok_or_else(|| "must be above 0 and at most 1,000,000 a second".to_owned())
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let (digits, divisor) = match text.strip_suffix('%') {
        Some(digits) => (digits, 100.0),
        None => (text, 1.0),
    };
    let read: f64 = digits
        .parse()
        .map_err(|_| format!("`{text}` is no share"))?;
    let read = read / divisor;
    (0.0..=1.0)
        .contains(&read)
        .then_some(read)
        .ok_or_else(|| "must be 0 to 1, or 0% to 100%".to_owned())
}

pub(super) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || format!("`{text}` is no header; write `name: value`");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name = name.trim().parse().map_err(|_| wrong())?;
    let value = value.trim().parse().map_err(|_| wrong())?;
    Ok((name, value))
}
