//! The four clocks of a case: the only place where the life cycle touches the deadline arithmetic.
//!
//! Promise and statutory clock always move together; the acceptance clock never freezes (a notice before acceptance ends it, the
//! answer starts a new one); the delivery clock starts with the decision.

use super::rejection::Rejection;
use super::rules::Rules;
use super::state::CaseState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use super::seam::{Calendar, LegalClock, Limit};

/// What a suspension gives back to the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credit {
    /// The days it lasted: at least 1, at most its limit where it has one (rows 13, 16).
    ActualDays,
    /// Nothing: an extension that was not approved (row 17).
    None,
}

/// The clocks of one case; `None` = never started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Clocks {
    /// A: 受理期限.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<LegalClock>,
    /// P: 承诺办结时限.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<LegalClock>,
    /// S: 法定办结时限.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statutory: Option<LegalClock>,
    /// D: 送达期限.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<LegalClock>,
}

impl Clocks {
    /// The clocks that were started, with their names on the wire.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &LegalClock)> {
        [
            ("acceptance", &self.acceptance),
            ("promise", &self.promise),
            ("statutory", &self.statutory),
            ("delivery", &self.delivery),
        ]
        .into_iter()
        .filter_map(|(name, clock)| clock.as_ref().map(|clock| (name, clock)))
    }

    /// Whether any clock may still move: running or frozen.
    #[must_use]
    pub fn any_open(&self) -> bool {
        self.each().any(|(_, clock)| clock.is_open())
    }

    pub(super) fn acceptance_due(&self, calendar: &Calendar) -> Option<Timestamp> {
        self.acceptance
            .as_ref()
            .filter(|clock| clock.is_open())
            .and_then(|clock| clock.due_at(calendar))
    }

    pub(super) fn acceptance_expired(&self, at: Timestamp, calendar: &Calendar) -> bool {
        self.acceptance_due(calendar).is_some_and(|due| at >= due)
    }

    pub(super) fn start_acceptance(
        &mut self,
        event: &'static str,
        at: Timestamp,
        rules: &Rules,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        self.acceptance = Some(started(event, at, rules.acceptance, calendar)?);
        Ok(())
    }

    pub(super) fn start_promise(
        &mut self,
        event: &'static str,
        at: Timestamp,
        rules: &Rules,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        let start = |limit: Option<Limit>| {
            limit
                .map(|limit| started(event, at, limit, calendar))
                .transpose()
        };
        self.promise = start(rules.promise)?;
        self.statutory = start(rules.statutory)?;
        Ok(())
    }

    pub(super) fn start_delivery(
        &mut self,
        event: &'static str,
        at: Timestamp,
        rules: &Rules,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        self.delivery = Some(started(event, at, rules.delivery, calendar)?);
        Ok(())
    }

    /// Freezes promise and statutory clock; `limit` in working days, 0 = none.
    pub(super) fn freeze(
        &mut self,
        event: &'static str,
        at: Timestamp,
        limit: u32,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        for clock in [&mut self.promise, &mut self.statutory]
            .into_iter()
            .flatten()
        {
            clock
                .freeze(at, limit, calendar)
                .map_err(|e| uncomputable(event, e))?;
        }
        Ok(())
    }

    /// Resumes promise and statutory clock; answers the days credited to the promise (to the statutory clock without a promise).
    pub(super) fn resume(
        &mut self,
        event: &'static str,
        at: Timestamp,
        credit: Credit,
        calendar: &Calendar,
    ) -> Result<Option<i64>, Rejection> {
        let mut credited = None;
        for clock in [&mut self.promise, &mut self.statutory]
            .into_iter()
            .flatten()
        {
            let days = clock
                .resume(at, credit == Credit::ActualDays, calendar)
                .map_err(|e| uncomputable(event, e))?;
            credited = credited.or(Some(days));
        }
        Ok(credited)
    }

    /// Stops promise and statutory clock.
    pub(super) fn stop_promise(
        &mut self,
        event: &'static str,
        at: Timestamp,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        stop(
            event,
            [&mut self.promise, &mut self.statutory],
            at,
            calendar,
        )
    }

    /// Stops every clock that is still open.
    pub(super) fn stop_all(
        &mut self,
        event: &'static str,
        at: Timestamp,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        let clocks = [
            &mut self.acceptance,
            &mut self.promise,
            &mut self.statutory,
            &mut self.delivery,
        ];
        stop(event, clocks, at, calendar)
    }

    /// Recomputes the open clocks with `calendar`; stopped ones keep what they were computed with.
    pub(super) fn recalculate(
        &mut self,
        event: &'static str,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        let clocks = [
            &mut self.acceptance,
            &mut self.promise,
            &mut self.statutory,
            &mut self.delivery,
        ];
        for clock in clocks.into_iter().flatten().filter(|c| c.is_open()) {
            clock
                .recalculate(calendar)
                .map_err(|e| uncomputable(event, e))?;
        }
        Ok(())
    }
}

/// The case with its open clocks recomputed by `calendar`; compare to see whether a `recalculated` event is worth writing.
///
/// # Errors
/// [`Rejection::Uncomputable`] when a date lies beyond the calendar's arithmetic.
pub fn recalculate(case: &CaseState, calendar: &Calendar) -> Result<CaseState, Rejection> {
    let mut next = case.clone();
    next.clocks.recalculate("recalculated", calendar)?;
    Ok(next)
}

fn started(
    event: &'static str,
    at: Timestamp,
    limit: Limit,
    calendar: &Calendar,
) -> Result<LegalClock, Rejection> {
    LegalClock::start(at, limit, calendar).map_err(|e| uncomputable(event, e))
}

fn stop<const N: usize>(
    event: &'static str,
    clocks: [&mut Option<LegalClock>; N],
    at: Timestamp,
    calendar: &Calendar,
) -> Result<(), Rejection> {
    for clock in clocks.into_iter().flatten().filter(|c| c.is_open()) {
        clock
            .stop(at, calendar)
            .map_err(|e| uncomputable(event, e))?;
    }
    Ok(())
}

fn uncomputable(event: &'static str, cause: impl std::fmt::Display) -> Rejection {
    Rejection::Uncomputable {
        event,
        cause: cause.to_string(),
    }
}
