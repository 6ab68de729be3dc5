//! Where the deadline arithmetic of the catalogue will be taken from. Weekdays and a list of holidays only, until it is merged.

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan, tz};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    pub working_days: u32,
}
impl Limit {
    pub fn working_days(working_days: u32) -> Self {
        Self { working_days }
    }
}
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    pub holidays: BTreeSet<Date>,
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LegalClock {
    pub start: Date,
    pub limit: Limit,
    pub credit: i64,
    pub frozen: Option<(Date, u32)>,
    pub stopped: Option<Timestamp>,
    pub due: Option<Date>,
}
impl Calendar {
    fn counts(&self, d: Date) -> bool {
        !matches!(d.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.holidays.contains(&d)
    }
    fn step(&self, from: Date, n: i64) -> Result<Date, String> {
        if n > 100_000 {
            return Err("limit too long".into());
        }
        let mut d = from;
        let mut left = n;
        while left > 0 {
            d = d.checked_add(1.day()).map_err(|e| e.to_string())?;
            left -= i64::from(self.counts(d));
        }
        Ok(d)
    }
    fn between(&self, from: Date, to: Date) -> i64 {
        let (mut d, mut n) = (from, 0);
        while d < to {
            let Ok(next) = d.checked_add(1.day()) else {
                break;
            };
            d = next;
            n += i64::from(self.counts(d));
        }
        n
    }
}
fn day(at: Timestamp) -> Date {
    tz::offset(8).to_datetime(at).date()
}
impl LegalClock {
    pub fn start(at: Timestamp, limit: Limit, cal: &Calendar) -> Result<Self, String> {
        let mut c = Self {
            start: day(at),
            limit,
            credit: 0,
            frozen: None,
            stopped: None,
            due: None,
        };
        c.recalculate(cal)?;
        Ok(c)
    }
    pub fn is_open(&self) -> bool {
        self.stopped.is_none()
    }
    pub fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }
    pub fn freeze(&mut self, at: Timestamp, limit: u32, cal: &Calendar) -> Result<(), String> {
        self.frozen = Some((day(at), limit));
        self.recalculate(cal)
    }
    pub fn resume(&mut self, at: Timestamp, credit: bool, cal: &Calendar) -> Result<i64, String> {
        let Some((from, limit)) = self.frozen.take() else {
            return Err("not frozen".into());
        };
        let actual = cal.between(from, day(at)).max(1);
        let days = match (credit, limit) {
            (false, _) => 0,
            (true, 0) => actual,
            (true, l) => actual.min(i64::from(l)),
        };
        self.credit += days;
        self.recalculate(cal)?;
        Ok(days)
    }
    pub fn stop(&mut self, at: Timestamp, _cal: &Calendar) -> Result<(), String> {
        self.frozen = None;
        self.stopped = Some(at);
        Ok(())
    }
    pub fn recalculate(&mut self, cal: &Calendar) -> Result<(), String> {
        let extra = match self.frozen {
            Some((_, 0)) => {
                self.due = None;
                return Ok(());
            }
            Some((_, l)) => i64::from(l),
            None => 0,
        };
        self.due = Some(cal.step(
            self.start,
            i64::from(self.limit.working_days) + self.credit + extra,
        )?);
        Ok(())
    }
    pub fn due_at(&self, _cal: &Calendar) -> Option<Timestamp> {
        let next = self.due?.checked_add(1.day()).ok()?;
        tz::offset(8).to_timestamp(next.at(0, 0, 0, 0)).ok()
    }
}
