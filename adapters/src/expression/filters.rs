//! The filters of mappings. Those of the engine that cost no more than their fuel, and our own, which pay for what they read.

use super::codes::raise;
use super::{EvaluationError, time};
use crate::text::CharsetError;
use aws_lc_rs::digest;
use data_encoding::{BASE64, HEXLOWER};
use minijinja::value::Value as Engine;
use minijinja::{Environment, Error, ErrorKind, State, filters, tests};

pub(super) fn register(engine: &mut Environment<'static>) {
    engine.add_filter("default", filters::default);
    engine.add_filter("first", filters::first);
    engine.add_filter("float", filters::float);
    engine.add_filter("int", filters::int);
    engine.add_filter("join", filters::join);
    engine.add_filter("last", filters::last);
    engine.add_filter("length", filters::length);
    engine.add_filter("lower", filters::lower);
    engine.add_filter("map", filters::map);
    engine.add_filter("replace", filters::replace);
    engine.add_filter("split", filters::split);
    engine.add_filter("string", filters::string);
    engine.add_filter("trim", filters::trim);
    engine.add_filter("upper", filters::upper);
    engine.add_filter("after", after);
    engine.add_filter("before", before);
    engine.add_filter("base64", base64);
    engine.add_filter("date", date);
    engine.add_filter("none_text", none_text);
    engine.add_filter("partner_time", partner_time);
    engine.add_filter("sha256", sha256);
    engine.add_filter("times", times);
    engine.add_test("defined", tests::is_defined);
    engine.add_test("undefined", tests::is_undefined);
    engine.add_test("none", tests::is_none);
    engine.add_test("startingwith", tests::is_startingwith);
    engine.add_test("endingwith", tests::is_endingwith);
    engine.add_test("string", tests::is_string);
    engine.add_test("number", tests::is_number);
    engine.add_test("mapping", tests::is_mapping);
    engine.add_test("sequence", tests::is_sequence);
}

/// The text of a value, paid for by its length.
fn paid<'v>(state: &State<'_, '_>, value: &'v Engine) -> Result<&'v str, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let text = value
        .as_str()
        .ok_or_else(|| raise(EvaluationError::Unfit("a text is expected")))?;
    state.consume_fuel(text.len() as u64 / 64 + 1)?;
    Ok(text)
}

/// `"2:重复" | after(":")` → `重复`; empty when the mark does not occur.
fn after(state: &State<'_, '_>, value: &Engine, mark: &str) -> Result<String, Error> {
    Ok(paid(state, value)?
        .split_once(mark)
        .map_or("", |(_, after)| after)
        .to_owned())
}

/// `"2:重复" | before(":")` → `2`; all of it when the mark does not occur.
fn before(state: &State<'_, '_>, value: &Engine, mark: &str) -> Result<String, Error> {
    let text = paid(state, value)?;
    Ok(text
        .split_once(mark)
        .map_or(text, |(before, _)| before)
        .to_owned())
}

fn base64(state: &State<'_, '_>, value: &Engine) -> Result<String, Error> {
    Ok(BASE64.encode(paid(state, value)?.as_bytes()))
}

/// SHA-256 of the UTF-8 text, lower-case hex.
fn sha256(state: &State<'_, '_>, value: &Engine) -> Result<String, Error> {
    Ok(HEXLOWER.encode(digest::digest(&digest::SHA256, paid(state, value)?.as_bytes()).as_ref()))
}

/// A product of numbers only. A fraction is rounded at six places, so that `19.99 | times(100) | int` is 1999.
fn times(value: &Engine, factor: &Engine) -> Result<Engine, Error> {
    let unfit = || raise(EvaluationError::Unfit("`times` multiplies two numbers"));
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if value.is_integer() && factor.is_integer() {
        let product = value
            .as_i64()
            .zip(factor.as_i64())
            .and_then(|(a, b)| a.checked_mul(b));
        return product.map(Engine::from).ok_or_else(unfit);
    }
    let number = |value: &Engine| match value.is_number() {
        true => f64::try_from(value.clone()).ok(),
        false => None,
    };
    let (one, other) = number(value).zip(number(factor)).ok_or_else(unfit)?;
    let product = (one * other * 1e6).round() / 1e6;
    match product.is_finite() {
        true => Ok(Engine::from(product)),
        false => Err(unfit()),
    }
}

/// Empty for the words that partners write for nothing: `无`, `-`, `null` and blanks.
fn none_text(state: &State<'_, '_>, value: &Engine) -> Result<String, Error> {
    if value.is_none() {
        return Ok(String::new());
    }
    let text = paid(state, value)?;
    Ok(match is_none_text(text) {
        true => String::new(),
        false => text.to_owned(),
    })
}

/// Whether a partner's text means that there is none.
pub(crate) fn is_none_text(text: &str) -> bool {
    matches!(text.trim(), "" | "无" | "-" | "－" | "—" | "null")
}

/// A partner's time as RFC 3339 at +08:00; see [`super::parse_partner_time`].
fn partner_time(state: &State<'_, '_>, value: &Engine) -> Result<String, Error> {
    let text = paid(state, value)?;
    time::parse_partner_time(text)
        .map(time::to_rfc3339)
        .ok_or_else(|| {
            raise(EvaluationError::Unfit(
                "a time is expected, for example 2017-6-5 9:30:00",
            ))
        })
}

/// An RFC 3339 time in a partner's form: `%Y %m %d %H %M %S`, without padding `%-m %-d %-H …`; legal time of China.
fn date(state: &State<'_, '_>, value: &Engine, form: &str) -> Result<String, Error> {
    let text = paid(state, value)?;
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        raise(EvaluationError::Unfit(
            "`date` takes a time of the case, such as case.submitted_at",
        ))
    })?;
    time::format(time, form).ok_or_else(|| {
        raise(EvaluationError::Unfit(
            "`date` takes a form of %Y %m %d %H %M %S",
        ))
    })
}

impl From<CharsetError> for EvaluationError {
    fn from(_: CharsetError) -> Self {
        Self::Unfit("the text is not in the agreed character set")
    }
}
