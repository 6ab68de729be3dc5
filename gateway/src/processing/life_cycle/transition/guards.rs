//! What holds for every event, whatever its row: its time, its identity, and whether it takes another one's place.

use super::super::reception::{Reception, Source};
use super::super::rejection::Rejection;
use super::super::rules::Rules;
use super::super::state::{AcceptanceBasis, CaseState, Identity, State};
use tongban_adapters::canonical::{Closing, DecisionResult, Event, EventBody};

/// The identity under which an event is remembered.
#[must_use]
pub fn identity_of(event: &Event, reception: &Reception) -> Identity {
    Identity {
        system: reception.system.clone(),
        kind: event.body.kind().to_owned(),
        serial: event.serial.clone(),
        data_version: event.data_version,
    }
}

pub(super) fn guard_future(
    event: &Event,
    reception: &Reception,
    rules: &Rules,
) -> Result<(), Rejection> {
    if event.occurred_at <= rules.tolerated_after(reception.received_at) {
        return Ok(());
    }
    Err(Rejection::InFuture {
        event: event.body.kind(),
        occurred_at: event.occurred_at,
        received_at: reception.received_at,
    })
}

/// Finds the event whose place this one takes without being a higher version of it: the truth that arrives after the gateway had
/// to assume (deemed or back-filled acceptance), and the decision that was recorded before a withdrawal, or the other way round.
pub(super) fn guard_place(
    case: &CaseState,
    event: &Event,
    reception: &Reception,
) -> Result<(), Rejection> {
    let supersedes = if reception.source == Source::Partner {
        assumed_acceptance(case, event).or_else(|| contested_end(case, event, reception))
    } else {
        None
    };
    supersedes.map_or(Ok(()), |supersedes| {
        Err(Rejection::ReVersion { supersedes })
    })
}

fn assumed_acceptance(case: &CaseState, event: &Event) -> Option<u64> {
    use EventBody as B;
    let acceptance = case.acceptance.as_ref()?;
    let (in_force, settles) = match acceptance.basis {
        AcceptanceBasis::BackFilled => ("accepted", matches!(event.body, B::Accepted(_))),
        AcceptanceBasis::Deemed => (
            "deemed_accepted",
            event.occurred_at < acceptance.recorded_at
                && matches!(
                    event.body,
                    B::Accepted(_)
                        | B::Refused(_)
                        | B::PreRefused(_)
                        | B::PreCorrectionRequested(_)
                        | B::CorrectionRequested(_)
                ),
        ),
        AcceptanceBasis::Reported | AcceptanceBasis::Immediate => return None,
    };
    settles.then(|| case.seq_in_force(&[in_force])).flatten()
}

fn contested_end(case: &CaseState, event: &Event, reception: &Reception) -> Option<u64> {
    let EventBody::Closed(closing) = &event.body else {
        return None;
    };
    let decision = case.decision.as_ref()?;
    let withdrawal = case.withdrawal.as_ref()?;
    let withdrawn = decision.result == DecisionResult::Withdrawn;
    let earlier = event.occurred_at < decision.at && event.occurred_at >= case.submitted_at;
    // A withdrawal cannot have been recorded before it was asked for.
    let possible = withdrawn || event.occurred_at >= withdrawal.at;
    let seq = case.seq_in_force(&["closed"])?;
    let same_system = case
        .applied
        .iter()
        .any(|a| a.seq == seq && a.identity.system == reception.system);
    let contested = case.state == State::Closed
        && same_system
        && earlier
        && possible
        && confirms_withdrawal(case, closing) != withdrawn;
    contested.then_some(seq)
}

/// Whether a completion confirms the applicant's withdrawal: the partner's own code for it, or "void" where one was asked for.
pub(super) fn confirms_withdrawal(case: &CaseState, closing: &Closing) -> bool {
    case.withdrawal.is_some()
        && matches!(
            closing.result,
            DecisionResult::Withdrawn | DecisionResult::Void
        )
}

/// Same identity = duplicate; same report with a higher version = re-version, with a lower one = superseded (row 23).
pub(super) fn guard_identity(
    case: &CaseState,
    event: &Event,
    reception: &Reception,
) -> Result<(), Rejection> {
    let identity = identity_of(event, reception);
    let of: Vec<u64> = case
        .applied
        .iter()
        .filter(|a| a.identity == identity)
        .map(|a| a.seq)
        .collect();
    if !of.is_empty() {
        return Err(Rejection::Duplicate { of });
    }
    let in_force = case
        .applied
        .iter()
        .rev()
        .find(|a| a.superseded_by.is_none() && a.identity.same_report(&identity));
    match in_force {
        Some(a) if a.identity.data_version < identity.data_version => {
            Err(Rejection::ReVersion { supersedes: a.seq })
        }
        Some(a) if a.identity.data_version > identity.data_version => Err(Rejection::Superseded {
            by: a.seq,
            version: a.identity.data_version,
        }),
        _ => Ok(()),
    }
}

pub(super) fn guard_order(case: &CaseState, event: &Event, rules: &Rules) -> Result<(), Rejection> {
    if event.occurred_at >= rules.tolerated_before(case.since) {
        return Ok(());
    }
    Err(Rejection::BeforeState {
        event: event.body.kind(),
        occurred_at: event.occurred_at,
        since: case.since,
    })
}
