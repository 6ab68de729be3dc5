//! A derivation checked against itself: every figure found again from the listed days, without a calendar.

use jiff::civil::Date;
use thiserror::Error;

use super::count::natural_days;
use super::{
    Counting, Derivation, Due, EndOnDayOff, Limit, LimitUnit, Measure, Moment, MonthRule,
    ServiceHours, StopLine, StopOutcome,
};

/// A derivation that does not follow from its own days.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Contradiction {
    /// Days are missing, doubled or out of order.
    #[error("the list of days has a gap or a wrong order at {date}")]
    Gap {
        /// The day that should stand there.
        date: Date,
    },
    /// The list ends before the figure could be found.
    #[error("the list of days ends before the derivation does")]
    TooShort,
    /// A day is numbered wrongly.
    #[error("{date} carries another number than counting gives")]
    Number {
        /// The day.
        date: Date,
    },
    /// The limit is another one in the measure of the derivation.
    #[error("the limit comes to {found}, the derivation says {said}")]
    Base {
        /// As computed.
        found: u32,
        /// As stated.
        said: u32,
    },
    /// A credit is another one.
    #[error("suspension {stop} is credited otherwise than its days give")]
    Credit {
        /// Which one, from 1.
        stop: usize,
    },
    /// The sum is another one.
    #[error("limit and credits do not add up to the total")]
    Total,
    /// The limit runs in hours or minutes, but its service hours are missing.
    #[error("service hours are missing")]
    NoServiceHours,
}

impl Derivation {
    /// Finds the due date again from the listed days alone, and every figure on the way; `None` = void.
    ///
    /// # Errors
    /// The first [`Contradiction`]. A due date that differs from [`Derivation::due`] is not one: compare it yourself.
    pub fn recompute(&self) -> Result<Option<Due>, Contradiction> {
        self.check_order()?;
        self.check_base()?;
        let mut total = Some(self.base);
        for (stop, line) in (1..).zip(&self.stops) {
            if self.credit(line)? != line.credit {
                return Err(Contradiction::Credit { stop });
            }
            total = total
                .zip(line.credit)
                .map(|(sum, credit)| sum.saturating_add(credit));
        }
        if total != self.total {
            return Err(Contradiction::Total);
        }
        let Some(total) = total else { return Ok(None) };
        match self.measure {
            Measure::Days => self.nth_day(total).map(Some),
            Measure::Minutes => self.nth_minute(total).map(Some),
        }
    }

    fn check_order(&self) -> Result<(), Contradiction> {
        let from = self.from.date();
        let mut expected = match self.measure {
            Measure::Days => from.tomorrow().unwrap_or(from),
            Measure::Minutes => from,
        };
        let (mut number, mut sum) = (0, 0);
        for line in &self.days {
            let date = line.date;
            if date != expected || line.weekday != date.weekday().to_monday_one_offset() {
                return Err(Contradiction::Gap { date: expected });
            }
            expected = date.tomorrow().unwrap_or(date);
            let counts = self.counts(line);
            number += u32::from(counts);
            let right = match line.counting {
                Counting::Skipped => !counts,
                Counting::Counted { number: given, .. }
                | Counting::Suspended { number: given, .. }
                | Counting::Granted { number: given, .. } => counts && given == number,
                Counting::Served {
                    minutes,
                    sum: given,
                    ..
                } => {
                    sum += minutes;
                    counts && given == sum && minutes == self.minutes_of(line.date)?
                }
            };
            if !right {
                return Err(Contradiction::Number { date });
            }
        }
        Ok(())
    }

    fn check_base(&self) -> Result<(), Contradiction> {
        let Limit { n, unit, month, .. } = self.limit;
        let found = match (unit, month, self.nominal_end) {
            (LimitUnit::Month, MonthRule::Calendar, Some(end)) => {
                natural_days(self.from.date(), end)
            }
            (LimitUnit::Month, _, _) => n.saturating_mul(30),
            (LimitUnit::Hour, _, _) => n.saturating_mul(60),
            _ => n,
        };
        if found == self.base {
            Ok(())
        } else {
            Err(Contradiction::Base {
                found,
                said: self.base,
            })
        }
    }

    fn credit(&self, line: &StopLine) -> Result<Option<u32>, Contradiction> {
        let stop = &line.stop;
        let limit = match stop.binding_limit() {
            Some(working_days) => Some(self.limit_of(stop.from, working_days)?),
            None => None,
        };
        let Some(end) = stop.end else {
            return Ok(limit);
        };
        if end.outcome == StopOutcome::Refused {
            return Ok(Some(0));
        }
        let least = if self.limit.unit == LimitUnit::Hour {
            60
        } else {
            1
        };
        let actual = self.between(stop.from, end.at)?.max(least);
        Ok(Some(limit.map_or(actual, |limit| actual.min(limit))))
    }

    /// A limit in working days, in the measure of the derivation.
    fn limit_of(&self, from: Moment, working_days: u32) -> Result<u32, Contradiction> {
        let worked = |line: &&super::DayLine| line.day.kind.is_working() && line.date > from.date();
        let nth = usize::try_from(working_days.saturating_sub(1)).unwrap_or(usize::MAX);
        let last = self
            .days
            .iter()
            .filter(worked)
            .nth(nth)
            .ok_or(Contradiction::TooShort)?
            .date;
        match self.limit.unit {
            LimitUnit::WorkingDay => Ok(working_days),
            LimitUnit::NaturalDay | LimitUnit::Month => Ok(natural_days(from.date(), last)),
            LimitUnit::Hour | LimitUnit::Minute => self.between(from, Due::day(last).end),
        }
    }

    fn between(&self, from: Moment, to: Moment) -> Result<u32, Contradiction> {
        let mut sum = 0;
        for line in self.days.iter().filter(|line| self.counts(line)) {
            let date = line.date;
            sum += match self.measure {
                Measure::Days => u32::from(from.date() < date && date <= to.date()),
                Measure::Minutes => {
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
                    let within = from.date() <= date && date <= to.date();
                    if within {
                        self.hours()?.minutes_between(begins, ends)
                    } else {
                        0
                    }
                }
            };
        }
        Ok(sum)
    }

    fn nth_day(&self, total: u32) -> Result<Due, Contradiction> {
        let Some(before) = total.checked_sub(1) else {
            return Ok(Due::day(self.from.date()));
        };
        let nth = usize::try_from(before).unwrap_or(usize::MAX);
        let mut counted = self.days.iter().filter(|line| self.counts(line));
        let last = counted.nth(nth).ok_or(Contradiction::TooShort)?;
        let rolls = self.limit.end_on_day_off == EndOnDayOff::RollsOver;
        if !rolls || last.day.kind.is_working() {
            return Ok(Due::day(last.date));
        }
        let mut later = self.days.iter().filter(|line| line.date > last.date);
        let worked = later.find(|line| line.day.kind.is_working());
        worked
            .map(|line| Due::day(line.date))
            .ok_or(Contradiction::TooShort)
    }

    fn nth_minute(&self, total: u32) -> Result<Due, Contradiction> {
        if total == 0 {
            return Ok(Due::minute(self.from.date(), self.first_minute()));
        }
        for line in &self.days {
            let Counting::Served { minutes, sum, .. } = line.counting else {
                continue;
            };
            if sum < total {
                continue;
            }
            let begins = if line.date == self.from.date() {
                self.first_minute()
            } else {
                0
            };
            let left = total - (sum - minutes);
            let minute = self
                .hours()?
                .minute_after(begins, left)
                .ok_or(Contradiction::TooShort)?;
            return Ok(Due::minute(line.date, minute));
        }
        Err(Contradiction::TooShort)
    }

    fn minutes_of(&self, date: Date) -> Result<u32, Contradiction> {
        let begins = if date == self.from.date() {
            self.first_minute()
        } else {
            0
        };
        Ok(self.hours()?.minutes_between(begins, 1_440))
    }

    fn counts(&self, line: &super::DayLine) -> bool {
        matches!(self.limit.unit, LimitUnit::NaturalDay | LimitUnit::Month)
            || line.day.kind.is_working()
    }

    fn hours(&self) -> Result<ServiceHours, Contradiction> {
        self.limit
            .service_hours
            .ok_or(Contradiction::NoServiceHours)
    }

    fn first_minute(&self) -> u16 {
        self.from.minute() + u16::from(self.from.time().second() > 0)
    }
}
