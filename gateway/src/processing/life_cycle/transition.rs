//! One event applied to one case: the guards that hold for every event, then the row of the table.
//!
//! The rows stand in [`acceptance`] (1–9, 24), [`suspension`] (4–6, 12–17) and [`ending`] (6, 14, 18–22, 20a).

mod acceptance;
mod ending;
mod suspension;

use super::clocks::Calendar;
use super::rejection::{Prohibition, Rejection, Warning};
use super::rules::{CaseKind, Rules};
use super::state::{AcceptanceBasis, AppliedEvent, CaseState, EVENTS_MAX, Identity, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_adapters::canonical::{Closing, DecisionResult, Event, EventBody, StepKind};

/// Who brought an event in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The applicant or the agent, through the public interface.
    Applicant,
    /// A partner system.
    Partner,
    /// The gateway itself: timers, back-fill, recalculation.
    Gateway,
    /// A clerk of the hall.
    Hall,
}

/// Whether the case has been given to a partner. A delivery whose outcome is unknown counts as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOver {
    /// Nothing was sent.
    NotYet,
    /// Sent, or perhaps sent.
    #[default]
    Done,
}

/// How an event reached the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reception {
    /// When, by the gateway's clock.
    pub received_at: Timestamp,
    /// Which partner system; `None` unless the source is [`Source::Partner`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Who brought it in.
    pub source: Source,
    /// Whether the case had been handed over by then; matters to a withdrawal that the hall confirms.
    #[serde(default)]
    pub hand_over: HandOver,
}

impl Reception {
    /// An event from partner `system`.
    #[must_use]
    pub fn from_partner(system: impl Into<String>, received_at: Timestamp) -> Self {
        Self {
            received_at,
            system: Some(system.into()),
            source: Source::Partner,
            hand_over: HandOver::Done,
        }
    }

    /// An event from the applicant.
    #[must_use]
    pub fn from_applicant(received_at: Timestamp) -> Self {
        Self {
            received_at,
            system: None,
            source: Source::Applicant,
            hand_over: HandOver::Done,
        }
    }

    /// An event that the gateway made itself.
    #[must_use]
    pub fn from_gateway(received_at: Timestamp) -> Self {
        Self {
            received_at,
            system: None,
            source: Source::Gateway,
            hand_over: HandOver::Done,
        }
    }

    /// How an event that was applied before had reached the gateway, from what the store keeps of it. Exact for everything that
    /// the life cycle decides by: what it let through, it lets through again.
    #[must_use]
    pub fn of_stored(event: &Event, system: Option<String>, received_at: Timestamp) -> Self {
        use EventBody as B;
        let (source, hand_over) = match (&system, &event.body) {
            (Some(_), _) => (Source::Partner, HandOver::Done),
            (None, B::Withdrawn(_)) => (Source::Hall, HandOver::NotYet),
            (
                None,
                B::PreAccepted(_)
                | B::PreRefused(_)
                | B::PreCorrectionRequested(_)
                | B::Collected(_),
            ) => (Source::Hall, HandOver::Done),
            (
                None,
                B::Applied(_)
                | B::Supplemented(_)
                | B::Resubmitted(_)
                | B::WithdrawalRequested(_)
                | B::Evaluated(_),
            ) => (Source::Applicant, HandOver::Done),
            (None, _) => (Source::Gateway, HandOver::Done),
        };
        Self {
            received_at,
            system,
            source,
            hand_over,
        }
    }

    /// An event from a clerk of the hall, who knows whether the case has been handed over.
    #[must_use]
    pub fn from_hall(received_at: Timestamp, hand_over: HandOver) -> Self {
        Self {
            received_at,
            system: None,
            source: Source::Hall,
            hand_over,
        }
    }
}

/// An event that was applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The case after it.
    pub case: CaseState,
    /// What a person should see about it.
    pub warnings: Vec<Warning>,
}

/// Applies one event to a case (`None` = a case that has not begun).
///
/// # Errors
/// A [`Rejection`]; the case stays as it was, and [`Rejection::disposition`] says what to do with the event.
pub fn apply(
    case: Option<&CaseState>,
    event: &Event,
    reception: &Reception,
    rules: &Rules,
    calendar: &Calendar,
) -> Result<Applied, Rejection> {
    let event = &*rules.as_reported(event);
    guard_source(case, event, reception)?;
    guard_future(event, reception, rules)?;
    let Some(case) = case else {
        return acceptance::begin(event, reception, rules, calendar);
    };
    guard_place(case, event, reception)?;
    guard_identity(case, event, reception)?;
    if case.applied.len() >= EVENTS_MAX {
        return Err(Rejection::TooManyEvents { max: EVENTS_MAX });
    }
    let mut transition = Transition::of(case, event, reception, rules, calendar);
    if case.state.is_ended() {
        transition.after_the_end()?;
    } else {
        guard_order(case, event, rules)?;
        transition.before_the_end()?;
    }
    Ok(transition.recorded())
}

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

/// Who may report what. The applicant speaks for himself, the hall's clerks for the applicant and for pre-acceptance, the gateway
/// only fills in, partners (a department without a system is a partner too, protocol `person`) report the rest. Since the sets of
/// the hall and the gateway meet in `lapsed` alone, [`Reception::of_stored`] can tell them apart later.
fn guard_source(
    case: Option<&CaseState>,
    event: &Event,
    reception: &Reception,
) -> Result<(), Rejection> {
    use EventBody as B;
    let allowed = match &event.body {
        B::DeemedAccepted(_) | B::Recalculated(_) => reception.source == Source::Gateway,
        B::Withdrawn(_) => reception.source == Source::Hall,
        B::Applied(_)
        | B::Supplemented(_)
        | B::Resubmitted(_)
        | B::WithdrawalRequested(_)
        | B::Evaluated(_) => reception.source != Source::Gateway,
        B::PreAccepted(_) | B::PreRefused(_) | B::PreCorrectionRequested(_) | B::Collected(_) => {
            matches!(reception.source, Source::Partner | Source::Hall)
        }
        B::Lapsed(_) => reception.source != Source::Applicant,
        B::Accepted(_) | B::Corrected(_) | B::Step(_) | B::Closed(_) => {
            matches!(reception.source, Source::Partner | Source::Gateway)
        }
        B::Refused(_)
        | B::Forwarded(_)
        | B::CorrectionRequested(_)
        | B::SpecialStarted(_)
        | B::SpecialEnded(_) => reception.source == Source::Partner,
    };
    if allowed {
        return Ok(());
    }
    Err(Rejection::Forbidden {
        prohibition: Prohibition::WrongSource,
        state: case.map_or(State::Submitted, |c| c.state),
        event: event.body.kind(),
    })
}

fn guard_future(event: &Event, reception: &Reception, rules: &Rules) -> Result<(), Rejection> {
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
fn guard_place(case: &CaseState, event: &Event, reception: &Reception) -> Result<(), Rejection> {
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
fn confirms_withdrawal(case: &CaseState, closing: &Closing) -> bool {
    case.withdrawal.is_some()
        && matches!(
            closing.result,
            DecisionResult::Withdrawn | DecisionResult::Void
        )
}

/// Same identity = duplicate; same report with a higher version = re-version, with a lower one = superseded (row 23).
fn guard_identity(case: &CaseState, event: &Event, reception: &Reception) -> Result<(), Rejection> {
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

fn guard_order(case: &CaseState, event: &Event, rules: &Rules) -> Result<(), Rejection> {
    if event.occurred_at >= rules.tolerated_before(case.since) {
        return Ok(());
    }
    Err(Rejection::BeforeState {
        event: event.body.kind(),
        occurred_at: event.occurred_at,
        since: case.since,
    })
}

/// A case on its way to the next state. Dropped without a trace when a row rejects.
struct Transition<'a> {
    event: &'a Event,
    reception: &'a Reception,
    rules: &'a Rules,
    calendar: &'a Calendar,
    /// The case that becomes the next state.
    next: CaseState,
    /// The event's time, never before the present state: what clocks count with.
    at: Timestamp,
    warnings: Vec<Warning>,
}

impl<'a> Transition<'a> {
    fn of(
        case: &CaseState,
        event: &'a Event,
        reception: &'a Reception,
        rules: &'a Rules,
        calendar: &'a Calendar,
    ) -> Self {
        Self {
            event,
            reception,
            rules,
            calendar,
            next: case.clone(),
            at: event.occurred_at.max(case.since),
            warnings: Vec::new(),
        }
    }

    /// Rows 2 – 20a: everything that may happen before the end.
    fn before_the_end(&mut self) -> Result<(), Rejection> {
        use EventBody as B;
        match &self.event.body {
            B::Applied(_) => Err(self.forbidden(Prohibition::AlreadyBegun)),
            B::PreAccepted(_) => self.pre_accept(),
            B::PreRefused(reason) => self.pre_refuse(reason),
            B::Accepted(acceptance) => self.accept(acceptance),
            B::Refused(reason) => self.refuse(reason),
            B::DeemedAccepted(_) => self.deem_accepted(),
            B::PreCorrectionRequested(notice) => self.request_pre_correction(notice),
            B::CorrectionRequested(notice) => self.request_correction(notice),
            B::Supplemented(_) => self.note_supplement(),
            B::Corrected(_) => self.confirm_correction(),
            B::Resubmitted(_) => self.resubmit(),
            B::SpecialStarted(start) => self.start_special(start),
            B::SpecialEnded(end) => self.end_special(end),
            B::Step(_) | B::Forwarded(_) => self.step(),
            B::Lapsed(reason) => self.lapse(reason),
            B::WithdrawalRequested(reason) => self.request_withdrawal(reason),
            B::Withdrawn(reason) => self.withdraw_by_hall(reason),
            B::Closed(closing) => self.close(closing),
            B::Collected(_) | B::Evaluated(_) => Err(self.missing(&["closed"])),
            B::Recalculated(_) => self.recalculate(),
        }
    }

    /// Rows 21, 22, and the three things that complete a record without changing its end.
    fn after_the_end(&mut self) -> Result<(), Rejection> {
        if self.completes_the_record() {
            return self.complete_the_record();
        }
        guard_order(&self.next, self.event, self.rules)?;
        match &self.event.body {
            EventBody::Collected(_) => self.collect(),
            EventBody::Evaluated(evaluation) => self.evaluate(evaluation),
            EventBody::Recalculated(_) => self.recalculate(),
            EventBody::Applied(_) => Err(self.forbidden(Prohibition::AlreadyBegun)),
            _ => Err(self.forbidden(Prohibition::AfterTheEnd)),
        }
    }

    /// Companions that the gateway adds to a refusal (3.6), and the acceptance and steps of an immediate case that arrive after
    /// their own completion (row 24: 2, 3 and 4 may arrive together, in any order).
    fn completes_the_record(&self) -> bool {
        let companion = self.next.state == State::Refused
            && self.reception.source == Source::Gateway
            && match &self.event.body {
                EventBody::Step(step) => step.step == StepKind::Approval,
                EventBody::Closed(closing) => closing.result == DecisionResult::Denied,
                _ => false,
            };
        companion || self.belongs_to_immediate_end()
    }

    fn belongs_to_immediate_end(&self) -> bool {
        let Some(decision) = &self.next.decision else {
            return false;
        };
        let awaited = match (&self.event.body, &self.next.acceptance) {
            (EventBody::Accepted(_), Some(a)) => a.basis == AcceptanceBasis::Immediate,
            (EventBody::Step(_), Some(_)) => true,
            _ => false,
        };
        self.rules.case_kind == CaseKind::Immediate
            && self.next.state == State::Closed
            && self.reception.source == Source::Partner
            && awaited
            && self.event.occurred_at <= self.rules.tolerated_after(decision.at)
            && self.event.occurred_at >= self.rules.tolerated_before(self.next.received_on)
    }

    fn enter(&mut self, state: State) {
        self.next.state = state;
        self.next.since = self.at;
    }

    /// Rows 10, 11: a step never changes state or clocks.
    fn step(&self) -> Result<(), Rejection> {
        match self.next.state {
            // The gateway's step is the companion of a refusal, or completes an immediate case; it never stands for a real one.
            State::Handling
                if self.reception.source != Source::Gateway
                    || self.rules.case_kind == CaseKind::Immediate =>
            {
                Ok(())
            }
            State::Submitted | State::PreAccepted => Err(self.missing(&["accepted"])),
            State::PreCorrection => Err(self.missing(&["resubmitted", "corrected"])),
            State::Correction => Err(self.missing(&["corrected"])),
            State::SpecialProcedure => Err(self.missing(&["special_ended"])),
            _ => Err(self.forbidden(Prohibition::NoSuchTransition)),
        }
    }

    fn recalculate(&mut self) -> Result<(), Rejection> {
        let event = self.event.body.kind();
        if !self.next.clocks.any_open() {
            return Err(self.forbidden(if self.next.state.is_ended() {
                Prohibition::AfterTheEnd
            } else {
                Prohibition::NoSuchTransition
            }));
        }
        self.next.clocks.recalculate(event, self.calendar)
    }

    fn forbidden(&self, prohibition: Prohibition) -> Rejection {
        Rejection::Forbidden {
            prohibition,
            state: self.next.state,
            event: self.event.body.kind(),
        }
    }

    fn missing(&self, unblocked_by: &'static [&'static str]) -> Rejection {
        Rejection::MissingPredecessor {
            state: self.next.state,
            event: self.event.body.kind(),
            unblocked_by,
        }
    }

    fn required(&self, reason: &str) -> Result<(), Rejection> {
        if is_given(reason) {
            Ok(())
        } else {
            Err(Rejection::ReasonRequired {
                event: self.event.body.kind(),
            })
        }
    }

    /// Gives the event its number.
    fn recorded(mut self) -> Applied {
        self.next.seq += 1;
        self.next.applied.push(AppliedEvent {
            seq: self.next.seq,
            identity: identity_of(self.event, self.reception),
            superseded_by: None,
        });
        Applied {
            case: self.next,
            warnings: self.warnings,
        }
    }
}

/// Whether a reason says anything; `无` and `-` are how the field writes nothing.
fn is_given(reason: &str) -> bool {
    !matches!(reason.trim(), "" | "无" | "-")
}
