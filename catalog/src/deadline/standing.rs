//! Where a deadline stands at one moment: the countdown that people see.

use jiff::civil::{Date, date};
use serde::Serialize;

use super::count::Count;
use super::derivation::Measure;
use super::{DeadlineError, Moment, Request, Stop};
use crate::calendar::Calendar;

/// Moments later than this stand for it, so that an absurd date costs no more than a long one.
const LAST_MOMENT: Date = date(2199, 12, 31);

/// Where a deadline stands at one moment (办理倒计时).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// What the numbers below count.
    pub measure: Measure,
    /// Units since the start, suspended ones included; 0 on the day of the start.
    pub elapsed: u32,
    /// Units of these that do not count, because the deadline was suspended.
    pub suspended: u32,
    /// `limit − (elapsed − suspended)`; negative when more than the limit is used. Before a due date that rolled over to a
    /// working day it stays at 0.
    pub remaining: i64,
    /// Whether the due date has passed. Already on the weekend after a due Friday, when `remaining` in working days is
    /// still 0. While a suspension is open: whether more than the limit is used.
    pub overdue: bool,
    /// The open suspension and its own countdown (the second countdown).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<SuspensionStanding>,
}

/// Where an open suspension stands at one moment; always in working days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuspensionStanding {
    /// Which one, from 1.
    pub stop: usize,
    /// Working days in (its start, now].
    pub elapsed: u32,
    /// Its limit, corrections included; `None` without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Working days left of its limit; negative beyond.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<i64>,
    /// The last day of its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// Whether the main countdown stands still: true without a binding limit or inside it, false beyond.
    pub holds: bool,
}

/// Where the deadline stands at `now`. Suspensions that begin later are not looked at, one that ends later counts as open.
///
/// # Errors
/// See [`DeadlineError`].
pub fn standing(
    request: &Request,
    now: Moment,
    calendar: &Calendar,
) -> Result<Standing, DeadlineError> {
    let now = now.min(Moment::midnight(LAST_MOMENT)).max(request.from);
    let known = as_known_at(request, now);
    let count = Count::of(&known, calendar)?;
    let elapsed = count.between(known.from, now);
    let mut suspended: u32 = 0;
    let mut suspension = None;
    for (number, stop) in (1..).zip(&known.stops) {
        let credit = count.credit(stop)?;
        let still = match credit.actual {
            Some(_) => credit.credit.unwrap_or(0),
            None => count
                .between(stop.from, now)
                .min(credit.limit.unwrap_or(u32::MAX)),
        };
        suspended = suspended.saturating_add(still);
        if stop.end.is_none() {
            suspension = Some(second_countdown(&count, number, stop, now)?);
        }
    }
    let remaining = i64::from(count.base) + i64::from(suspended) - i64::from(elapsed);
    let overdue = match (count.due()?, &suspension) {
        (Some(due), None) => now >= due.end,
        _ => remaining < 0,
    };
    Ok(Standing {
        measure: count.measure(),
        elapsed,
        suspended,
        remaining: if overdue { remaining } else { remaining.max(0) },
        overdue,
        suspension,
    })
}

fn second_countdown(
    count: &Count<'_>,
    number: usize,
    stop: &Stop,
    now: Moment,
) -> Result<SuspensionStanding, DeadlineError> {
    let elapsed = count.working_days_in(stop.from.date(), now.date());
    let limit = (stop.limit > 0).then_some(stop.limit);
    let due = limit
        .map(|n| count.working_days_after(stop.from.date(), n))
        .transpose()?;
    Ok(SuspensionStanding {
        stop: number,
        elapsed,
        limit,
        remaining: limit.map(|limit| i64::from(limit) - i64::from(elapsed)),
        due,
        holds: stop.binding_limit().is_none_or(|limit| elapsed <= limit),
    })
}

/// The request as somebody at `now` knows it.
fn as_known_at(request: &Request, now: Moment) -> Request {
    let mut known = request.clone();
    known.stops.retain(|stop| stop.from <= now);
    for stop in &mut known.stops {
        stop.end = stop.end.filter(|end| end.at <= now);
    }
    known
}
