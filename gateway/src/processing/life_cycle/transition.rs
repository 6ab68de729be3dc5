//! One event applied to one case: the guards that hold for every event, then the row of the table.
//!
//! The guards stand in [`guards`], the rows in [`acceptance`] (1–9, 24), [`suspension`] (4–6, 12–17) and [`ending`] (6, 14, 18–22, 20a).

mod acceptance;
mod ending;
mod guards;
mod suspension;

pub use guards::identity_of;

use super::reception::{Reception, Source, guard_source};
use super::rejection::{Prohibition, Rejection, Warning};
use super::rules::{CaseKind, Rules};
use super::state::{AcceptanceBasis, AppliedEvent, CaseState, EVENTS_MAX, State};
use guards::{guard_future, guard_identity, guard_order, guard_place};
use jiff::Timestamp;
use tongban_adapters::canonical::{DecisionResult, Event, EventBody, StepKind};
use tongban_catalog::calendar::Calendar;

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
