//! A due date found again from its derivation, as an applicant could with paper and pencil: by the listed days alone.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

/// Whether the due date of a clock was found again; false for one that has none (a suspension without limit is open).
///
/// # Errors
/// What does not add up.
pub(crate) fn recomputed(clock: &Value) -> Result<bool, String> {
    let derivation = &clock["derivation"];
    let due = &clock["due"];
    if due.is_null() && derivation["due"].is_null() {
        return Ok(false);
    }
    let due = date(&due["date"], "due")?;
    let from = date(&derivation["from"], "from")?;
    let base = number(&derivation["base"], "base")?;
    let total = number(&derivation["total"], "total")?;
    let credits: u64 = derivation["stops"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|stop| stop["credit"].as_u64())
        .sum();
    if base + credits != total {
        return Err(format!("{base} and credits of {credits} are not {total}"));
    }
    let days = derivation["days"]
        .as_array()
        .filter(|days| !days.is_empty())
        .ok_or("no days are listed")?;
    let last = match derivation["measure"].as_str() {
        Some("minutes") => by_minutes(days, total)?,
        _ => by_days(days, from, total)?,
    };
    let rolled = match derivation["roll_over"].is_null() {
        true => last,
        false if date(&derivation["roll_over"]["from"], "roll_over")? == last => {
            date(&derivation["roll_over"]["to"], "roll_over")?
        }
        false => return Err("it rolls over from another day".to_owned()),
    };
    if rolled == due {
        Ok(true)
    } else {
        Err(format!("counting ends on {rolled}, the clock says {due}"))
    }
}

/// The day with the number `total`; every day follows the one before, every number too.
fn by_days(days: &[Value], from: Date, total: u64) -> Result<Date, String> {
    let (mut expected, mut counted) = (from, 0);
    let mut last = (total == 0).then_some(from);
    for day in days {
        let at = date(&day["date"], "day")?;
        expected = expected.checked_add(1.day()).map_err(|e| e.to_string())?;
        if at != expected {
            return Err(format!("{at} stands where {expected} belongs"));
        }
        if i64::from(at.weekday().to_monday_one_offset()) != day["weekday"].as_i64().unwrap_or(0) {
            return Err(format!("{at} is another day of the week"));
        }
        if day["counting"] == "skipped" {
            continue;
        }
        counted += 1;
        if number(&day["number"], "number")? != counted {
            return Err(format!("{at} is day {counted}"));
        }
        if counted == total {
            last = Some(at);
        }
    }
    last.ok_or_else(|| format!("the days end before day {total}"))
}

/// The day on which the minutes reach `total`.
fn by_minutes(days: &[Value], total: u64) -> Result<Date, String> {
    let mut sum = 0;
    for day in days {
        sum += day["minutes"].as_u64().unwrap_or(0);
        if day["sum"].as_u64() != Some(sum) {
            return Err(format!("{} sums up wrongly", day["date"]));
        }
        if sum >= total {
            return date(&day["date"], "day");
        }
    }
    Err(format!("the days end before minute {total}"))
}

fn number(value: &Value, what: &str) -> Result<u64, String> {
    value
        .as_u64()
        .ok_or_else(|| format!("{what} is no number: {value}"))
}

/// The date of a date or a date and time.
fn date(value: &Value, what: &str) -> Result<Date, String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("{what} is no date: {value}"))?;
    text.get(..10)
        .and_then(|day| day.parse().ok())
        .ok_or_else(|| format!("{what} is no date: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    type Spoil = fn(&mut Value);

    /// Two working days from a Friday, over a weekend.
    fn right() -> Value {
        json!({
            "due": { "date": "2017-06-06" },
            "derivation": {
                "from": "2017-06-02T09:30:00+08:00", "measure": "days", "base": 2, "total": 2, "stops": [],
                "days": [
                    { "date": "2017-06-03", "weekday": 6, "counting": "skipped" },
                    { "date": "2017-06-04", "weekday": 7, "counting": "skipped" },
                    { "date": "2017-06-05", "weekday": 1, "counting": "counted", "number": 1, "used": 1 },
                    { "date": "2017-06-06", "weekday": 2, "counting": "counted", "number": 2, "used": 2 },
                ],
                "due": { "date": "2017-06-06" },
            },
        })
    }

    #[test]
    fn a_due_date_is_found_again_from_its_days() {
        assert_eq!(recomputed(&right()), Ok(true));
        let void = json!({ "due": null, "derivation": { "due": null } });
        assert_eq!(recomputed(&void), Ok(false));
    }

    #[test]
    fn a_wrong_derivation_is_refused() {
        let spoiled: [(&str, Spoil); 7] = [
            ("another due date", |c| {
                c["due"]["date"] = "2017-06-05".into()
            }),
            ("a day missing", |c| {
                c["derivation"]["days"].as_array_mut().unwrap().remove(1);
            }),
            ("another number", |c| {
                c["derivation"]["days"][2]["number"] = 2.into();
            }),
            ("a weekday", |c| {
                c["derivation"]["days"][2]["weekday"] = 2.into();
            }),
            ("a sum", |c| c["derivation"]["total"] = 3.into()),
            ("a credit without a stop", |c| {
                c["derivation"]["base"] = 1.into();
            }),
            ("no derivation", |c| c["derivation"] = Value::Null),
        ];
        for (what, spoil) in spoiled {
            let mut clock = right();
            spoil(&mut clock);
            assert!(recomputed(&clock).is_err(), "{what}");
        }
    }
}
