//! The walk from the start to the due date, a line a day.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::count::{Count, Credit, days_after};
use super::{
    Counting, DayLine, DeadlineError, Derivation, EndOnDayOff, LimitUnit, Moment, Request,
    RollOver, Stop, StopLine, Warning,
};
use crate::calendar::Calendar;

/// The schema of [`Derivation`].
const SCHEMA: &str = "tongban/derivation/1";

pub(super) fn derive(request: &Request, calendar: &Calendar) -> Result<Derivation, DeadlineError> {
    let count = Count::of(request, calendar)?;
    let credits: Vec<Credit> = request
        .stops
        .iter()
        .map(|stop| count.credit(stop))
        .collect::<Result<_, _>>()?;
    let due = count.due()?;
    let roll_over = roll_over(&count, due.map(|due| due.date))?;
    let last = last_line(request, &credits, due.map(|due| due.date));
    let days = match count.hours() {
        Some(_) => served_lines(&count, &credits, last),
        None => day_lines(&count, &credits, last),
    };
    let warnings = warnings(&count, &credits, &days);
    Ok(Derivation {
        schema: SCHEMA.to_owned(),
        calendar: calendar.version().to_owned(),
        from: request.from,
        limit: request.limit,
        measure: count.measure(),
        base: count.base,
        nominal_end: count.nominal_end,
        total: count.total()?,
        stops: stop_lines(request, &credits),
        days,
        roll_over,
        due,
        warnings,
    })
}

fn stop_lines(request: &Request, credits: &[Credit]) -> Vec<StopLine> {
    let line = |(stop, credit): (&Stop, &Credit)| {
        let Credit {
            actual,
            limit,
            limit_ends,
            credit,
        } = *credit;
        StopLine {
            stop: stop.clone(),
            actual,
            limit,
            limit_ends,
            credit,
        }
    };
    request.stops.iter().zip(credits).map(line).collect()
}

fn roll_over(count: &Count<'_>, due: Option<Date>) -> Result<Option<RollOver>, DeadlineError> {
    let (Some(to), Some(total), None) = (due, count.total()?, count.hours()) else {
        return Ok(None);
    };
    let from = count.step(count.request.from.date(), total)?;
    Ok((from != to).then_some(RollOver { from, to }))
}

/// The last day that a reader needs to compute everything again.
fn last_line(request: &Request, credits: &[Credit], due: Option<Date>) -> Date {
    let ends = request
        .stops
        .iter()
        .map(|stop| stop.end.map_or(stop.from, |end| end.at).date());
    let limits = credits.iter().filter_map(|credit| credit.limit_ends);
    ends.chain(limits)
        .chain(due)
        .max()
        .unwrap_or(request.from.date())
}

/// How many units of each suspension stand still within it, and how many are given for it afterwards.
fn still_and_granted(credit: &Credit) -> (u32, u32) {
    match (credit.actual, credit.credit) {
        (Some(actual), Some(credit)) => (credit.min(actual), credit.saturating_sub(actual)),
        (Some(actual), None) => (actual, 0),
        (None, limit) => (limit.unwrap_or(u32::MAX), 0),
    }
}

fn day_lines(count: &Count<'_>, credits: &[Credit], last: Date) -> Vec<DayLine> {
    let mut left: Vec<(u32, u32)> = credits.iter().map(still_and_granted).collect();
    let (mut number, mut used) = (0, 0);
    let counting = |date: Date| {
        if !count.counts(date) {
            return Counting::Skipped;
        }
        number += 1;
        let stops = || (1..).zip(&count.request.stops);
        let ended = |it: &Stop| it.end.is_some_and(|end| end.at.date() < date);
        // A day inside a suspension is its own before it is given for an earlier one.
        for ((stop, it), (still, _)) in stops().zip(&mut left) {
            if it.from.date() < date && !ended(it) && *still > 0 {
                *still -= 1;
                return Counting::Suspended { number, stop };
            }
        }
        for ((stop, it), (_, granted)) in stops().zip(&mut left) {
            if ended(it) && *granted > 0 {
                *granted -= 1;
                return Counting::Granted { number, stop };
            }
        }
        used += 1;
        Counting::Counted { number, used }
    };
    lines(count, days_after(count.request.from.date()), last, counting)
}

fn served_lines(count: &Count<'_>, credits: &[Credit], last: Date) -> Vec<DayLine> {
    let mut left: Vec<u32> = credits
        .iter()
        .map(|credit| still_and_granted(credit).0)
        .collect();
    let from = count.request.from.date();
    let mut sum: u32 = 0;
    let counting = |date: Date| {
        if !count.counts(date) {
            return Counting::Skipped;
        }
        let first = if date == from {
            count.first_minute()
        } else {
            0
        };
        let (opens, closes) = (
            Moment::at_minute(date, first),
            Moment::at_minute(date, 1_440),
        );
        let minutes = count.between(opens, closes);
        sum = sum.saturating_add(minutes);
        let mut suspended = 0;
        for (it, still) in count.request.stops.iter().zip(&mut left) {
            let ends = it.end.map_or(closes, |end| end.at.min(closes));
            let begins = it.from.max(opens);
            let taken = if begins < ends {
                count.between(begins, ends).min(*still)
            } else {
                0
            };
            *still -= taken;
            suspended += taken;
        }
        Counting::Served {
            minutes,
            suspended,
            sum,
        }
    };
    lines(
        count,
        std::iter::once(from).chain(days_after(from)),
        last,
        counting,
    )
}

fn lines(
    count: &Count<'_>,
    days: impl Iterator<Item = Date>,
    last: Date,
    mut counting: impl FnMut(Date) -> Counting,
) -> Vec<DayLine> {
    let line = |date: Date| DayLine {
        date,
        weekday: date.weekday().to_monday_one_offset(),
        day: count.calendar.day(date),
        counting: counting(date),
    };
    days.take_while(|date| *date <= last).map(line).collect()
}

fn warnings(count: &Count<'_>, credits: &[Credit], days: &[DayLine]) -> Vec<Warning> {
    let limit = count.request.limit;
    let by_calendar = !matches!(limit.unit, LimitUnit::NaturalDay | LimitUnit::Month)
        || limit.end_on_day_off == EndOnDayOff::RollsOver
        || credits.iter().any(|credit| credit.limit_ends.is_some());
    let unknown = days
        .iter()
        .filter(|line| by_calendar && !line.day.coverage.is_announced());
    let years: BTreeSet<i16> = unknown.map(|line| line.date.year()).collect();
    let mut warnings: Vec<Warning> = years
        .into_iter()
        .map(|year| Warning::YearNotAnnounced { year })
        .collect();
    let mut allowed = count.base;
    for ((stop, it), credit) in (1..).zip(&count.request.stops).zip(credits) {
        if count.between(count.request.from, it.from) > allowed {
            warnings.push(Warning::SuspendedWhenOverdue { stop });
        }
        allowed = allowed.saturating_add(credit.credit.unwrap_or(0));
    }
    warnings
}
