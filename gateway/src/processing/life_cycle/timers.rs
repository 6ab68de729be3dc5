//! What time alone brings about: silence beyond the acceptance clock, and notices that nobody answers.
//!
//! The caller asks again whenever a clock in its ordered index falls due; asking twice gives the same answer until the first is
//! applied. Alerts carry no state: the caller raises each (case, clock, due) once.

use super::rules::{Rules, SilencePolicy};
use super::state::{CaseState, State, Suspension, SuspensionKind};
use jiff::Timestamp;
use tongban_adapters::canonical::{Event, EventBody, Reason, Remark};
use tongban_catalog::calendar::Calendar;
use tongban_catalog::deadline::{Limit, Moment, Request, due};

/// Something that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueAction {
    /// Apply this event (source [`super::Source::Gateway`]).
    Apply(Box<Event>),
    /// Tell somebody that the acceptance clock ran out at this instant; the item's policy changes nothing by itself.
    AlertAcceptance {
        /// When it ran out.
        due: Timestamp,
    },
}

/// What is due for `case` at `now`: at most one action, since each leads to another state.
#[must_use]
pub fn due_actions(
    case: &CaseState,
    now: Timestamp,
    rules: &Rules,
    calendar: &Calendar,
) -> Vec<DueAction> {
    let action = match (case.state, &case.suspension) {
        (State::Submitted | State::PreAccepted, _) => acceptance_overdue(case, now, rules),
        (State::PreCorrection, Some(open)) => lapses_at(open, rules, calendar)
            .filter(|due| *due <= now)
            .map(|due| {
                DueAction::Apply(made(
                    EventBody::Lapsed(Reason {
                        reason: "逾期未补正".to_owned(),
                    }),
                    due.max(case.since),
                ))
            }),
        _ => None,
    };
    action.into_iter().collect()
}

/// When [`due_actions`] has something next; `None` = nothing that time alone brings about.
#[must_use]
pub fn next_due(case: &CaseState, rules: &Rules, calendar: &Calendar) -> Option<Timestamp> {
    match (case.state, &case.suspension) {
        (State::Submitted | State::PreAccepted, _) => case.clocks.acceptance_due(),
        (State::PreCorrection, Some(open)) => lapses_at(open, rules, calendar),
        _ => None,
    }
}

fn acceptance_overdue(case: &CaseState, now: Timestamp, rules: &Rules) -> Option<DueAction> {
    let due = case.clocks.acceptance_due()?;
    if due > now {
        return None;
    }
    Some(match rules.silence {
        SilencePolicy::Alert => DueAction::AlertAcceptance { due },
        SilencePolicy::Deemed => DueAction::Apply(made(
            EventBody::DeemedAccepted(Remark::default()),
            due.max(case.since),
        )),
    })
}

/// The instant from which an unanswered notice before acceptance lapses: by the notice's own limit (working days), else by the
/// rule's; `None` without a rule.
pub(super) fn lapses_at(
    open: &Suspension,
    rules: &Rules,
    calendar: &Calendar,
) -> Option<Timestamp> {
    if open.kind != SuspensionKind::PreCorrection {
        return None;
    }
    let by_rule = rules.lapse?;
    let limit = if open.limit > 0 {
        Limit::working_days(open.limit)
    } else {
        by_rule
    };
    due(&Request::new(Moment::at(open.started), limit), calendar)
        .ok()?
        .map(|due| due.end.instant())
}

fn made(body: EventBody, occurred_at: Timestamp) -> Box<Event> {
    Box::new(Event {
        body,
        serial: String::new(),
        data_version: 1,
        occurred_at,
        actor: None,
    })
}
