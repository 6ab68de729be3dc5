//! The arithmetic: units between two moments, the n-th unit after one, the credit of a suspension.

use jiff::civil::Date;
use jiff::{Span, ToSpan};

use super::derivation::Measure;
use super::stop::check;
use super::{
    DeadlineError, Due, EndOnDayOff, HORIZON_DAYS, LimitUnit, Moment, MonthRule, Request,
    ServiceHours, Stop, StopOutcome,
};
use crate::calendar::Calendar;

/// A request that was checked, with the calendar that it is counted in.
pub(super) struct Count<'a> {
    pub(super) request: &'a Request,
    pub(super) calendar: &'a Calendar,
    /// What the limit is in its measure, days or minutes.
    pub(super) base: u32,
    /// The last day of a limit in calendar months, were nothing suspended.
    pub(super) nominal_end: Option<Date>,
    /// Present where the limit runs in hours or minutes.
    hours: Option<ServiceHours>,
    horizon: Date,
}

/// What one suspension adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Credit {
    /// Units in (from, to]; `None` while open.
    pub(super) actual: Option<u32>,
    /// The limit that binds, in the measure of the deadline.
    pub(super) limit: Option<u32>,
    /// The last day of that limit.
    pub(super) limit_ends: Option<Date>,
    /// What is added; `None` while the due date is void.
    pub(super) credit: Option<u32>,
}

impl<'a> Count<'a> {
    pub(super) fn of(request: &'a Request, calendar: &'a Calendar) -> Result<Self, DeadlineError> {
        check(request)?;
        let (from, limit) = (request.from.date(), request.limit);
        let too_far = || DeadlineError::TooFar { from };
        let hours = match limit.unit {
            LimitUnit::Hour | LimitUnit::Minute => {
                Some(limit.service_hours.ok_or(DeadlineError::NoServiceHours)?)
            }
            _ => None,
        };
        let horizon = from
            .checked_add(days(HORIZON_DAYS))
            .map_err(|_| too_far())?;
        let nominal_end = match (limit.unit, limit.month) {
            (LimitUnit::Month, MonthRule::Calendar) => Some(
                from.checked_add(i64::from(limit.n).months())
                    .map_err(|_| too_far())?,
            ),
            _ => None,
        };
        let base = match (limit.unit, nominal_end) {
            (_, Some(end)) => natural_days(from, end),
            (LimitUnit::Month, None) => limit.n * 30,
            (LimitUnit::Hour, None) => limit.n * 60,
            _ => limit.n,
        };
        let count = Self {
            request,
            calendar,
            base,
            nominal_end,
            hours,
            horizon,
        };
        let last = request
            .stops
            .last()
            .map(|stop| stop.end.map_or(stop.from, |end| end.at));
        if last.is_some_and(|last| last.date() > horizon) {
            return Err(too_far());
        }
        Ok(count)
    }

    pub(super) fn measure(&self) -> Measure {
        if self.hours.is_some() {
            Measure::Minutes
        } else {
            Measure::Days
        }
    }

    pub(super) fn hours(&self) -> Option<ServiceHours> {
        self.hours
    }

    /// Whether a day has a number in this deadline's unit.
    pub(super) fn counts(&self, date: Date) -> bool {
        match self.request.limit.unit {
            LimitUnit::NaturalDay | LimitUnit::Month => true,
            LimitUnit::WorkingDay | LimitUnit::Hour | LimitUnit::Minute => {
                self.calendar.is_working(date)
            }
        }
    }

    /// Base plus credits; `None` while the due date is void.
    pub(super) fn total(&self) -> Result<Option<u32>, DeadlineError> {
        let mut total = self.base;
        for stop in &self.request.stops {
            let Some(credit) = self.credit(stop)?.credit else {
                return Ok(None);
            };
            total = total.saturating_add(credit);
        }
        Ok(Some(total))
    }

    pub(super) fn due(&self) -> Result<Option<Due>, DeadlineError> {
        let Some(total) = self.total()? else {
            return Ok(None);
        };
        if self.hours.is_some() {
            return self.minute_after(total).map(Some);
        }
        let due = self.step(self.request.from.date(), total)?;
        Ok(Some(Due::day(self.rolled(due)?)))
    }

    /// The day itself, or the next working day where the limit rolls over. A limit of 0 stays on the day of the start.
    pub(super) fn rolled(&self, due: Date) -> Result<Date, DeadlineError> {
        let limit = self.request.limit;
        let may = matches!(limit.unit, LimitUnit::NaturalDay | LimitUnit::Month)
            && limit.end_on_day_off == EndOnDayOff::RollsOver
            && due > self.request.from.date();
        if may && !self.calendar.is_working(due) {
            return self.nth_day(due, 1, |date| self.calendar.is_working(date));
        }
        Ok(due)
    }

    /// The `n`-th day that counts after `from`; `from` itself for 0.
    pub(super) fn step(&self, from: Date, n: u32) -> Result<Date, DeadlineError> {
        self.nth_day(from, n, |date| self.counts(date))
    }

    /// What a suspension adds.
    pub(super) fn credit(&self, stop: &Stop) -> Result<Credit, DeadlineError> {
        let (mut limit, mut limit_ends) = (None, None);
        if let Some(working_days) = stop.binding_limit() {
            let ends = self.working_days_after(stop.from.date(), working_days)?;
            limit_ends = Some(ends);
            limit = Some(match self.request.limit.unit {
                LimitUnit::WorkingDay => working_days,
                LimitUnit::NaturalDay | LimitUnit::Month => natural_days(stop.from.date(), ends),
                LimitUnit::Hour | LimitUnit::Minute => self.between(stop.from, Due::day(ends).end),
            });
        }
        let Some(end) = stop.end else {
            return Ok(Credit {
                actual: None,
                limit,
                limit_ends,
                credit: limit,
            });
        };
        let actual = self.between(stop.from, end.at);
        let credit = match end.outcome {
            StopOutcome::Refused => 0,
            StopOutcome::Credited => actual.max(self.least()).min(limit.unwrap_or(u32::MAX)),
        };
        Ok(Credit {
            actual: Some(actual),
            limit,
            limit_ends,
            credit: Some(credit),
        })
    }

    /// The least that a suspension is credited: one unit.
    pub(super) fn least(&self) -> u32 {
        if self.request.limit.unit == LimitUnit::Hour {
            60
        } else {
            1
        }
    }

    /// Units in (from, to], in the measure of the deadline: days by the legal day, minutes by the clock.
    pub(super) fn between(&self, from: Moment, to: Moment) -> u32 {
        match self.hours {
            Some(hours) => self.minutes(hours, from, to),
            None => self.days_in(from.date(), to.date()),
        }
    }

    /// The day on which `n` working days after `from` are over.
    pub(super) fn working_days_after(&self, from: Date, n: u32) -> Result<Date, DeadlineError> {
        self.nth_day(from, n, |date| self.calendar.is_working(date))
    }

    fn days_in(&self, from: Date, to: Date) -> u32 {
        match self.request.limit.unit {
            LimitUnit::NaturalDay | LimitUnit::Month => natural_days(from, to),
            _ => self.working_days_in(from, to),
        }
    }

    /// Working days in (from, to].
    pub(super) fn working_days_in(&self, from: Date, to: Date) -> u32 {
        let worked = days_after(from).take_while(|date| *date <= to);
        let number = worked
            .filter(|date| self.calendar.is_working(*date))
            .count();
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    fn minutes(&self, hours: ServiceHours, from: Moment, to: Moment) -> u32 {
        let mut sum: u32 = 0;
        let days = std::iter::once(from.date()).chain(days_after(from.date()));
        for date in days.take_while(|date| *date <= to.date()) {
            if self.calendar.is_working(date) {
                let begins = if date == from.date() {
                    from.minute()
                } else {
                    0
                };
                let ends = if date == to.date() {
                    to.minute()
                } else {
                    1_440
                };
                sum = sum.saturating_add(hours.minutes_between(begins, ends));
            }
        }
        sum
    }

    /// The minute of the start: a minute that has begun does not count.
    pub(super) fn first_minute(&self) -> u16 {
        let from = self.request.from;
        from.minute() + u16::from(from.time().second() > 0)
    }

    fn minute_after(&self, n: u32) -> Result<Due, DeadlineError> {
        let from = self.request.from.date();
        let first = self.first_minute();
        let Some(hours) = self.hours.filter(|_| n > 0) else {
            return Ok(Due::minute(from, first));
        };
        let mut left = n;
        let days = std::iter::once(from).chain(days_after(from));
        for date in days.take_while(|date| *date <= self.horizon) {
            if !self.calendar.is_working(date) {
                continue;
            }
            let begins = if date == from { first } else { 0 };
            if let Some(minute) = hours.minute_after(begins, left) {
                return Ok(Due::minute(date, minute));
            }
            left -= hours.minutes_between(begins, 1_440);
        }
        Err(DeadlineError::TooFar { from })
    }

    fn nth_day(
        &self,
        from: Date,
        n: u32,
        counts: impl Fn(Date) -> bool,
    ) -> Result<Date, DeadlineError> {
        let Some(before) = n.checked_sub(1) else {
            return Ok(from);
        };
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        days_after(from)
            .take_while(|date| *date <= self.horizon)
            .filter(|date| counts(*date))
            .nth(before)
            .ok_or(DeadlineError::TooFar {
                from: self.request.from.date(),
            })
    }
}

/// The days after `from`, to the end of time.
pub(super) fn days_after(from: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(from.tomorrow().ok(), |date| date.tomorrow().ok())
}

/// Days in (from, to]; 0 when `to` is not later.
pub(super) fn natural_days(from: Date, to: Date) -> u32 {
    u32::try_from(to.duration_since(from).as_hours() / 24).unwrap_or(0)
}

fn days(n: u32) -> Span {
    i64::from(n).days()
}
