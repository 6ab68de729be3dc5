//! The four clocks of a case: the only place where the life cycle touches the deadline arithmetic.
//!
//! Promise and statutory clock always move together; the acceptance clock never freezes (a notice before acceptance ends it, the
//! answer starts a new one); the delivery clock starts with the decision.

use super::rejection::Rejection;
use super::rules::Rules;
use super::state::CaseState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use tongban_catalog::calendar::Calendar;
use tongban_catalog::deadline::{ClockError, ClockKind, Stop, StopOutcome};
pub use tongban_catalog::deadline::{LegalClock, Limit};

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
    /// The clocks that were started; each knows its kind.
    pub fn each(&self) -> impl Iterator<Item = &LegalClock> {
        [
            &self.acceptance,
            &self.promise,
            &self.statutory,
            &self.delivery,
        ]
        .into_iter()
        .flatten()
    }

    /// Whether any clock may still move: running or frozen.
    #[must_use]
    pub fn any_open(&self) -> bool {
        self.each().any(|clock| !clock.has_ended())
    }

    pub(super) fn acceptance_due(&self) -> Option<Timestamp> {
        self.acceptance
            .as_ref()
            .filter(|clock| !clock.has_ended())
            .and_then(LegalClock::due_instant)
    }

    pub(super) fn acceptance_expired(&self, at: Timestamp) -> bool {
        self.acceptance_due().is_some_and(|due| at >= due)
    }

    pub(super) fn start_acceptance(
        &mut self,
        event: &'static str,
        at: Timestamp,
        rules: &Rules,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        self.acceptance = Some(started(
            event,
            ClockKind::Acceptance,
            at,
            rules.acceptance,
            calendar,
        )?);
        Ok(())
    }

    pub(super) fn start_promise(
        &mut self,
        event: &'static str,
        at: Timestamp,
        rules: &Rules,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        let start = |kind, limit: Option<Limit>| {
            limit
                .map(|limit| started(event, kind, at, limit, calendar))
                .transpose()
        };
        self.promise = start(ClockKind::Promise, rules.promise)?;
        self.statutory = start(ClockKind::Statutory, rules.statutory)?;
        Ok(())
    }

    pub(super) fn start_delivery(
        &mut self,
        event: &'static str,
        at: Timestamp,
        rules: &Rules,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        self.delivery = Some(started(
            event,
            ClockKind::Delivery,
            at,
            rules.delivery,
            calendar,
        )?);
        Ok(())
    }

    /// Freezes promise and statutory clock.
    pub(super) fn freeze(
        &mut self,
        event: &'static str,
        stop: &Stop,
        calendar: &Calendar,
    ) -> Result<(), Rejection> {
        for clock in [&mut self.promise, &mut self.statutory]
            .into_iter()
            .flatten()
        {
            *clock = clock
                .freeze(stop.clone(), calendar)
                .map_err(|e| uncomputable(event, &e))?;
        }
        Ok(())
    }

    /// Resumes promise and statutory clock; answers what the promise (without one, the statutory clock) was credited, in its
    /// measure.
    pub(super) fn resume(
        &mut self,
        event: &'static str,
        at: Timestamp,
        outcome: StopOutcome,
        calendar: &Calendar,
    ) -> Result<Option<u32>, Rejection> {
        let mut credited = None;
        for clock in [&mut self.promise, &mut self.statutory]
            .into_iter()
            .flatten()
        {
            let (next, credit) = clock
                .resume(at, outcome, calendar)
                .map_err(|e| uncomputable(event, &e))?;
            *clock = next;
            credited = credited.or(Some(credit));
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
        for clock in clocks.into_iter().flatten() {
            *clock = clock
                .recalculate(calendar)
                .map_err(|e| uncomputable(event, &e))?;
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

/// Whether `after` counts any open clock of the case otherwise than it was counted: another end, or, where it was counted by
/// `before`, other days with the same end. The version of the calendar alone makes no difference.
///
/// # Errors
/// [`Rejection::Uncomputable`] when a date lies beyond the calendar's arithmetic.
pub fn counted_otherwise(
    case: &CaseState,
    before: Option<&Calendar>,
    after: &Calendar,
) -> Result<bool, Rejection> {
    const EVENT: &str = "recalculated";
    let open = case.clocks.each().filter(|clock| !clock.has_ended());
    for clock in open.filter(|clock| clock.calendar_version() != after.version()) {
        let next = clock
            .recalculate(after)
            .map_err(|e| uncomputable(EVENT, &e))?;
        if next.due() != clock.due() {
            return Ok(true);
        }
        let before = before.filter(|before| before.version() == clock.calendar_version());
        let alike = before.map_or(Ok(true), |before| clock.counted_alike(before, after));
        if !alike.map_err(|e| uncomputable(EVENT, &e.into()))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn started(
    event: &'static str,
    kind: ClockKind,
    at: Timestamp,
    limit: Limit,
    calendar: &Calendar,
) -> Result<LegalClock, Rejection> {
    LegalClock::start(kind, limit, at, calendar).map_err(|e| uncomputable(event, &e))
}

fn stop<const N: usize>(
    event: &'static str,
    clocks: [&mut Option<LegalClock>; N],
    at: Timestamp,
    calendar: &Calendar,
) -> Result<(), Rejection> {
    let open = clocks.into_iter().flatten().filter(|c| !c.has_ended());
    for clock in open {
        *clock = clock
            .stop(at, calendar)
            .map_err(|e| uncomputable(event, &e))?;
    }
    Ok(())
}

fn uncomputable(event: &'static str, cause: &ClockError) -> Rejection {
    Rejection::Uncomputable {
        event,
        cause: cause.to_string(),
    }
}
