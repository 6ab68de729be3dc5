//! What the gateway adds when a partner leaves it out (domain 3.6).
//!
//! Two kinds, and nothing else:
//!
//! **Companions** ([`companions`]). A refusal at pre-acceptance or acceptance gets the approval step (批准, refused,
//! "系统自动处理") and the completion (退回办结) that the province expects every case to have. They are numbered events of the
//! case and leave its state `refused`.
//!
//! **Predecessors** ([`predecessors`]). When an event has waited for [`Rules::hold_seconds`] and what it needs never came:
//!
//! | the case is | the event that waited | added before it | why it may be |
//! | --- | --- | --- | --- |
//! | submitted, pre-accepted | step, forwarding, special procedure, completion with a decision | `accepted` | a department that handles or decides a case has accepted it |
//! | the same, item decided on the spot | completion with a decision | `accepted`, approval `step` | 2, 3 and 4 are one act there; allowed at once, without waiting |
//! | pre-correction | pre-acceptance, acceptance, refusal | `corrected` | who decides on acceptance has what he asked for |
//! | pre-correction | step, forwarding, special procedure, completion with a decision | `corrected`, `accepted` | both of the above |
//!
//! Each added event carries the time of the event that proves it: the latest moment at which it can have happened, and the only
//! one that anybody has vouched for. A report that arrives after all supersedes it ([`super::Rejection::ReVersion`]).
//!
//! Never added, so that the waiting event becomes a dead letter: the begin or end of a suspension after acceptance (it would move
//! a statutory date on nobody's word), a decision (collection and evaluation wait for it), a lapse, a wish to withdraw (it is the
//! applicant's), and the case itself.

use super::rules::{CaseKind, Rules};
use super::state::{CaseState, State};
use thiserror::Error;
use tongban_adapters::canonical::{
    Acceptance, Closing, DecisionResult, Event, EventBody, Step, StepKind, StepOutcome, Supplement,
};

/// The opinion on every step that the gateway adds, as the provincial specification's systems write it.
pub const AUTOMATIC_OPINION: &str = "系统自动处理";

/// Nothing may be added before the event: it becomes a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("nothing may be back-filled before {event} while the case is {}", .state.wire())]
pub struct NoBackFill {
    /// State of the case.
    pub state: State,
    /// Type of the event.
    pub event: &'static str,
}

/// Events to apply (source [`super::Source::Gateway`]) before `event`, once it has waited long enough; see the table above.
///
/// # Errors
/// [`NoBackFill`] when the rule allows none.
pub fn predecessors(
    case: &CaseState,
    event: &Event,
    rules: &Rules,
) -> Result<Vec<Event>, NoBackFill> {
    let event = &*rules.as_reported(event);
    let proves = Proof::of(&event.body);
    let mut added = match (case.state, proves) {
        (State::Submitted | State::PreAccepted, Proof::Handling) => vec![accepted()],
        (State::PreCorrection, Proof::Handling) => vec![corrected(), accepted()],
        (State::PreCorrection, Proof::Acceptance) => vec![corrected()],
        _ => {
            return Err(NoBackFill {
                state: case.state,
                event: event.body.kind(),
            });
        }
    };
    if let (EventBody::Closed(closing), CaseKind::Immediate) = (&event.body, rules.case_kind) {
        added.push(approval(outcome_of(closing.result), String::new()));
    }
    Ok((case.seq + 1..)
        .zip(added)
        .map(|(seq, body)| at_time_of(event, body, &format!("back-fill-{seq}")))
        .collect())
}

/// Events to apply (source [`super::Source::Gateway`]) after `event`, which has just refused the case; empty for any other event.
#[must_use]
pub fn companions(case: &CaseState, event: &Event) -> Vec<Event> {
    let (EventBody::PreRefused(reason) | EventBody::Refused(reason)) = &event.body else {
        return Vec::new();
    };
    if case.state != State::Refused || case.seq_in_force(&["closed"]).is_some() {
        return Vec::new();
    }
    let closing = EventBody::Closed(Closing {
        result: DecisionResult::Denied,
        reason: reason.reason.clone(),
        text: AUTOMATIC_OPINION.to_owned(),
        certificate: None,
        document_ids: Vec::new(),
    });
    let step = approval(StepOutcome::Refused, reason.reason.clone());
    (case.seq + 1..)
        .zip([step, closing])
        .map(|(seq, body)| at_time_of(event, body, &format!("companion-{seq}")))
        .collect()
}

/// What an event proves about the past of its case.
enum Proof {
    /// Somebody decides on acceptance: what was asked for before has come.
    Acceptance,
    /// Somebody handles or has decided the case: it was accepted.
    Handling,
    /// Nothing.
    Nothing,
}

impl Proof {
    fn of(body: &EventBody) -> Self {
        match body {
            EventBody::PreAccepted(_)
            | EventBody::PreRefused(_)
            | EventBody::Accepted(_)
            | EventBody::Refused(_) => Self::Acceptance,
            EventBody::Step(_) | EventBody::Forwarded(_) | EventBody::SpecialStarted(_) => {
                Self::Handling
            }
            EventBody::Closed(closing)
                if !matches!(
                    closing.result,
                    DecisionResult::Lapsed | DecisionResult::Withdrawn
                ) =>
            {
                Self::Handling
            }
            _ => Self::Nothing,
        }
    }
}

fn accepted() -> EventBody {
    EventBody::Accepted(Acceptance {
        document_no: None,
        note: Some(AUTOMATIC_OPINION.to_owned()),
    })
}

fn corrected() -> EventBody {
    EventBody::Corrected(Supplement {
        text: AUTOMATIC_OPINION.to_owned(),
        ..Supplement::default()
    })
}

fn approval(outcome: StepOutcome, reason: String) -> EventBody {
    let opinion = if reason.is_empty() {
        AUTOMATIC_OPINION.to_owned()
    } else {
        format!("{AUTOMATIC_OPINION}：{reason}")
    };
    EventBody::Step(Step {
        step: StepKind::Approval,
        name: "批准".to_owned(),
        outcome,
        opinion,
    })
}

fn outcome_of(result: DecisionResult) -> StepOutcome {
    match result {
        DecisionResult::Granted | DecisionResult::Completed => StepOutcome::Passed,
        DecisionResult::Denied => StepOutcome::Refused,
        _ => StepOutcome::Other,
    }
}

fn at_time_of(event: &Event, body: EventBody, serial: &str) -> Event {
    Event {
        body,
        serial: serial.to_owned(),
        data_version: 1,
        occurred_at: event.occurred_at,
        actor: None,
    }
}
