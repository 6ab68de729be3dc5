//! `GET /deadlines/explain?from=&n=&unit=&region=&stop=`: a due date day by day, without a case.

use super::Hall;
use super::call::{Call, HallState, answer_json};
use super::deadlines::catalogue_language;
use super::query::Query;
use super::refusal::Refusal;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::json;
use tongban_catalog::deadline::{
    ArgumentError, LimitUnit, explain, parse_from, parse_request, parse_unit,
};
use tongban_catalog::region::RegionCode;

/// Explains. `stop` may stand several times; `region` is checked and has no other effect while every region keeps the one calendar.
pub async fn show(State(hall): HallState, call: Call, RawQuery(query): RawQuery) -> Response {
    call.answer(shown(&hall, &call, query.as_deref()))
}

fn shown(hall: &Hall, call: &Call, query: Option<&str>) -> Result<Response, Refusal> {
    let query = Query::parse(query, &["from", "n", "unit", "region", "stop", "hours"])?;
    let wrong = |name: &str, error: &dyn std::fmt::Display| {
        let words = error.to_string();
        Refusal::fault(&format!("/{name}"), "bad_parameter", &words, &words)
    };
    let from = query.required("from")?;
    let n = query.required("n")?;
    let unit = match query.one("unit") {
        Some(text) => parse_unit(text).map_err(|e| wrong("unit", &e))?,
        None => LimitUnit::WorkingDay,
    };
    if let Some(region) = query.one("region") {
        region
            .parse::<RegionCode>()
            .map_err(|e| wrong("region", &e))?;
    }
    let hours = query
        .one("hours")
        .map(str::parse)
        .transpose()
        .map_err(|e| wrong("hours", &e))?;
    parse_from(from).map_err(|e| wrong("from", &e))?;
    let request = parse_request(from, n, unit, hours, query.all("stop"))
        .map_err(|e| wrong(parameter_of(&e), &e))?;
    let snapshot = hall.intake.registry.load();
    let derivation = explain(&request, snapshot.calendar()).map_err(|e| wrong("from", &e))?;
    let body = json!({
        "due": derivation.due,
        "calendar": derivation.calendar,
        "explanation": derivation.text(catalogue_language(call)),
        "derivation": derivation,
    });
    Ok(answer_json(StatusCode::OK, &body))
}

/// Which parameter an argument's fault is about, once `from` has been read: another moment stands in a stop.
fn parameter_of(error: &ArgumentError) -> &'static str {
    match error {
        ArgumentError::Number { .. } => "n",
        ArgumentError::Unit { .. } => "unit",
        _ => "stop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_parameter_that_it_is_about() {
        for (n, stop, expected) in [
            ("99999999999", None, "n"),
            ("3", Some("a..b:c:d"), "stop"),
            ("3", Some("2017-06-06"), "stop"),
        ] {
            let error = parse_request("2017-06-05", n, LimitUnit::WorkingDay, None, stop);
            assert_eq!(parameter_of(&error.unwrap_err()), expected, "{n} {stop:?}");
        }
    }
}
