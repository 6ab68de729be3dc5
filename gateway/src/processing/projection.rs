//! The projection of a case: what the store keeps beside the events for queries and timers, derived from the folded case alone.

use super::life_cycle::{CaseState, Rules, State, next_due};
use crate::store::case::{CaseProjection, CaseRecord, ClockRow};
use jiff::Timestamp;
use tongban_catalog::calendar::Calendar;

/// The kind under which the ordered index holds the lapse of an unanswered notice before acceptance.
pub const LAPSE_CLOCK: &str = "lapse";

/// Projects a case. `poll_at` is when its partner is asked next; `None` = never. Clocks that are over at `now` are left out of the
/// index: whoever saw them fall due has acted, and they must not stand in the way of those that fall due next.
#[must_use]
pub fn project(
    case: &CaseState,
    rules: &Rules,
    calendar: &Calendar,
    now: Timestamp,
    poll_at: Option<Timestamp>,
) -> CaseProjection {
    CaseProjection {
        state: case.state.wire().to_owned(),
        decision: case.decision.as_ref().map(|d| wire_word(&d.result)),
        folded: serde_json::to_value(case).unwrap_or_default(),
        clocks: clock_rows(case, rules, calendar, now),
        poll_at: poll_at.filter(|_| !case.state.is_ended()),
    }
}

/// Whether the applicant's wish to withdraw is open: some codes of partners mean another thing then.
#[must_use]
pub fn withdrawal_requested(case: &CaseRecord) -> bool {
    serde_json::from_value::<CaseState>(case.folded.clone())
        .is_ok_and(|state| state.withdrawal_open())
}

/// The word of a value that serialises as one (states, results) on the wire.
#[must_use]
pub fn wire_word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn clock_rows(
    case: &CaseState,
    rules: &Rules,
    calendar: &Calendar,
    now: Timestamp,
) -> Vec<ClockRow> {
    let open = case.clocks.each().filter(|clock| !clock.has_ended());
    let mut rows: Vec<ClockRow> = open
        .filter_map(|clock| {
            let due_at = clock.due_instant()?;
            Some(ClockRow {
                kind: wire_word(&clock.kind()),
                due_at,
            })
        })
        .collect();
    if case.state == State::PreCorrection {
        rows.extend(next_due(case, rules, calendar).map(|due_at| ClockRow {
            kind: LAPSE_CLOCK.to_owned(),
            due_at,
        }));
    }
    rows.retain(|row| row.due_at > now);
    rows
}
