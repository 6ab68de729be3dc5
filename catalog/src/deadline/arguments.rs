//! How people write a question: the arguments of `tongban deadline` and the query of `/deadlines/explain`.

use thiserror::Error;

use crate::Language;

use super::{
    Limit, LimitUnit, MAX_N, MAX_STOPS, Moment, MomentError, Request, ServiceHours, Stop, StopKind,
};

/// What is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ArgumentError {
    /// A date or time cannot be read.
    #[error(transparent)]
    Moment(#[from] MomentError),
    /// The number of units is none, or beyond [`MAX_N`].
    #[error("`{text}` is no number of units from 0 to {MAX_N}")]
    Number {
        /// The text as given, at most 64 characters of it.
        text: String,
    },
    /// A word that names no unit.
    #[error("`{text}` is no unit; write working_day, natural_day, month, hour or minute")]
    Unit {
        /// The word as given, at most 64 characters of it.
        text: String,
    },
    /// A suspension is not of the form `A..B[:L][:kind]`.
    #[error(
        "`{text}` is no suspension; write 2017-06-07..2017-06-09, 2017-06-07.. while it is open, with :5 for a limit of 5 working days and :correction, :a, :b or :refused for its kind"
    )]
    Stop {
        /// The text as given, at most 64 characters of it.
        text: String,
    },
    /// The limit of a suspension is no number, or beyond [`MAX_N`].
    #[error(
        "`{text}` is no limit of a suspension; write working days from 0 (none) to {MAX_N}, or one of correction, a, b, refused"
    )]
    StopOption {
        /// The text as given, at most 64 characters of it.
        text: String,
    },
    /// Only what has ended can be refused.
    #[error("a refused extension has an end; write it after the two dots")]
    RefusedButOpen,
    /// More than [`MAX_STOPS`] suspensions.
    #[error("{given} suspensions, at most {MAX_STOPS} are taken")]
    TooManyStops {
        /// How many were given.
        given: usize,
    },
}

/// Reads `--from`: a date, a time in Asia/Shanghai, or an instant with its offset.
///
/// # Errors
/// [`ArgumentError::Moment`].
pub fn parse_from(text: &str) -> Result<Moment, ArgumentError> {
    Ok(text.parse()?)
}

/// Reads `--days`: how many units, 0 to [`MAX_N`].
///
/// # Errors
/// [`ArgumentError::Number`].
pub fn parse_n(text: &str) -> Result<u32, ArgumentError> {
    let number = text.trim().parse().ok().filter(|n| *n <= MAX_N);
    number.ok_or_else(|| ArgumentError::Number { text: short(text) })
}

/// Reads `--unit`: the word of the table, with `-` for `_` and the plural too, its Chinese name, or Guangdong's letters G
/// and Z. The national digits are not read: they mean other things elsewhere.
///
/// # Errors
/// [`ArgumentError::Unit`].
pub fn parse_unit(text: &str) -> Result<LimitUnit, ArgumentError> {
    let written = text.trim().replace('-', "_");
    let matches = |unit: &LimitUnit| {
        let chinese = unit.label(Language::Chinese);
        let word = written.strip_suffix('s').unwrap_or(&written);
        word == unit.word() || written == chinese || chinese.strip_prefix('个') == Some(&written)
    };
    let named = LimitUnit::ALL.iter().copied().find(matches);
    let unit = named.or_else(|| LimitUnit::from_guangdong(&written).ok());
    unit.ok_or_else(|| ArgumentError::Unit { text: short(text) })
}

/// Reads `--stop A..B[:L][:kind]`: from A to B (dates, or times to the minute; no B while it is open), with a limit of L
/// working days, of a kind: `correction` (补正), `a` (延长审批), `b` (特别程序 B, the default) or `refused` (an extension
/// that was refused).
///
/// # Errors
/// [`ArgumentError::Moment`], [`ArgumentError::Stop`], [`ArgumentError::StopOption`] or [`ArgumentError::RefusedButOpen`].
pub fn parse_stop(text: &str) -> Result<Stop, ArgumentError> {
    let wrong = || ArgumentError::Stop { text: short(text) };
    let (from, rest) = text.trim().split_once("..").ok_or_else(wrong)?;
    let (until, options) = rest.split_at(end_of_moment(rest));
    let mut stop = Stop::open(StopKind::SpecialB, from.parse()?);
    let until: Option<Moment> = if until.is_empty() {
        None
    } else {
        Some(until.parse()?)
    };
    let mut refused = false;
    for option in options.split(':').skip(1) {
        match option.trim() {
            "correction" | "补正" => stop.kind = StopKind::Correction,
            "a" | "A" | "special_a" => stop.kind = StopKind::SpecialA,
            "b" | "B" | "special_b" => stop.kind = StopKind::SpecialB,
            "refused" => (stop.kind, refused) = (StopKind::SpecialA, true),
            limit => {
                let limit_or_fault = parse_n(limit);
                stop.limit = limit_or_fault.map_err(|_| ArgumentError::StopOption {
                    text: short(option),
                })?;
            }
        }
    }
    match (until, refused) {
        (Some(at), false) => Ok(stop.until(at)),
        (Some(at), true) => Ok(stop.refused(at)),
        (None, false) => Ok(stop),
        (None, true) => Err(ArgumentError::RefusedButOpen),
    }
}

/// Joins the arguments of one question.
///
/// # Errors
/// The first fault of an argument. What does not fit together (a suspension before the start) is told by
/// [`super::explain`].
pub fn parse_request<'t>(
    from: &str,
    n: &str,
    unit: LimitUnit,
    service_hours: Option<ServiceHours>,
    stops: impl IntoIterator<Item = &'t str>,
) -> Result<Request, ArgumentError> {
    let limit = Limit {
        service_hours,
        ..Limit::new(parse_n(n)?, unit)
    };
    let mut request = Request::new(parse_from(from)?, limit);
    for (index, stop) in stops.into_iter().enumerate() {
        if index >= MAX_STOPS {
            return Err(ArgumentError::TooManyStops { given: index + 1 });
        }
        request.stops.push(parse_stop(stop)?);
    }
    Ok(request)
}

/// Where the moment at the head of `text` ends: a date has no colon, a time exactly one, at a fixed place.
fn end_of_moment(text: &str) -> usize {
    const DATE: usize = "2017-06-05".len();
    const TIME: usize = "2017-06-05T09:30".len();
    let timed = text
        .as_bytes()
        .get(DATE)
        .is_some_and(|b| matches!(b, b'T' | b't' | b' '));
    let head = if timed {
        text.get(TIME..).map(|_| TIME)
    } else {
        None
    };
    head.unwrap_or_else(|| text.find(':').unwrap_or(text.len()))
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
