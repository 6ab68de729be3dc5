//! From the application to acceptance or its refusal: rows 1, 2, 3, 7, 8, 9.

use super::super::clocks::Clocks;
use super::super::rejection::{Prohibition, Rejection, Warning};
use super::super::rules::{Rules, SilencePolicy};
use super::super::state::{
    AcceptanceBasis, AcceptanceFact, AppliedEvent, CaseState, Refusal, State,
};
use super::{Applied, Reception, Source, Transition, identity_of, is_given};
use tongban_adapters::canonical::{Acceptance, Event, EventBody, Reason};
use tongban_catalog::calendar::Calendar;

/// Row 1: a case begins with its application, and the acceptance clock starts.
pub(super) fn begin(
    event: &Event,
    reception: &Reception,
    rules: &Rules,
    calendar: &Calendar,
) -> Result<Applied, Rejection> {
    let kind = event.body.kind();
    let EventBody::Applied(_) = &event.body else {
        return Err(Rejection::UnknownCase { event: kind });
    };
    let at = event.occurred_at;
    let mut clocks = Clocks::default();
    clocks.start_acceptance(kind, at, rules, calendar)?;
    Ok(Applied {
        case: CaseState {
            seq: 1,
            state: State::Submitted,
            since: at,
            submitted_at: at,
            received_on: at,
            acceptance: None,
            refusal: None,
            decision: None,
            suspension: None,
            suspensions: Vec::new(),
            clocks,
            withdrawal: None,
            collected_at: None,
            evaluation: None,
            applied: vec![AppliedEvent {
                seq: 1,
                identity: identity_of(event, reception),
                superseded_by: None,
            }],
        },
        warnings: Vec::new(),
    })
}

impl Transition<'_> {
    /// Row 2: pre-accepted; the acceptance clock runs on.
    pub(super) fn pre_accept(&mut self) -> Result<(), Rejection> {
        match self.next.state {
            State::Submitted => {
                self.enter(State::PreAccepted);
                Ok(())
            }
            State::PreCorrection => Err(self.missing(&["resubmitted", "corrected"])),
            _ => Err(self.forbidden(Prohibition::NoSuchTransition)),
        }
    }

    /// Row 3: refused at pre-acceptance, with a reason.
    pub(super) fn pre_refuse(&mut self, reason: &Reason) -> Result<(), Rejection> {
        match self.next.state {
            State::Submitted => {
                self.required(&reason.reason)?;
                self.end_refused(reason)
            }
            State::PreCorrection => Err(self.missing(&["resubmitted", "corrected"])),
            _ => Err(self.forbidden(Prohibition::NoSuchTransition)),
        }
    }

    /// Row 7: accepted; the promise and the statutory limit count from the day after. A partner that accepts what was deemed
    /// accepted before confirms it: the clocks keep the day of receipt.
    pub(super) fn accept(&mut self, acceptance: &Acceptance) -> Result<(), Rejection> {
        match self.next.state {
            State::Submitted | State::PreAccepted => {
                let basis = if self.reception.source == Source::Gateway {
                    AcceptanceBasis::BackFilled
                } else {
                    AcceptanceBasis::Reported
                };
                self.set_accepted(basis, acceptance.document_no.clone())?;
                self.enter(State::Handling);
                Ok(())
            }
            State::PreCorrection => Err(self.missing(&["resubmitted", "corrected"])),
            _ => self.confirm_deemed(acceptance),
        }
    }

    /// Records the acceptance and starts promise and statutory clock with it.
    pub(super) fn set_accepted(
        &mut self,
        basis: AcceptanceBasis,
        document_no: Option<String>,
    ) -> Result<(), Rejection> {
        let event = self.event.body.kind();
        self.next.acceptance = Some(AcceptanceFact {
            at: self.at,
            recorded_at: self.at,
            basis,
            document_no,
        });
        self.next.clocks.stop_all(event, self.at, self.calendar)?;
        self.next
            .clocks
            .start_promise(event, self.at, self.rules, self.calendar)
    }

    fn confirm_deemed(&mut self, acceptance: &Acceptance) -> Result<(), Rejection> {
        let forbidden = self.forbidden(Prohibition::AlreadyAccepted);
        match &mut self.next.acceptance {
            Some(fact) if fact.basis == AcceptanceBasis::Deemed && fact.document_no.is_none() => {
                fact.document_no = Some(acceptance.document_no.clone().unwrap_or_default());
                self.warnings.push(Warning::AcceptedAfterDeemed);
                Ok(())
            }
            _ => Err(forbidden),
        }
    }

    /// Row 8: refused at acceptance. The law asks for a reason; a missing one warns, since the refusal stands all the same.
    pub(super) fn refuse(&mut self, reason: &Reason) -> Result<(), Rejection> {
        match self.next.state {
            State::Submitted | State::PreAccepted => {
                if !is_given(&reason.reason) {
                    self.warnings.push(Warning::RefusedWithoutReason);
                }
                self.end_refused(reason)
            }
            State::PreCorrection => Err(self.missing(&["resubmitted", "corrected"])),
            _ => Err(self.forbidden(Prohibition::AlreadyAccepted)),
        }
    }

    fn end_refused(&mut self, reason: &Reason) -> Result<(), Rejection> {
        self.next
            .clocks
            .stop_all(self.event.body.kind(), self.at, self.calendar)?;
        self.next.refusal = Some(Refusal {
            at: self.at,
            reason: reason.reason.clone(),
        });
        self.enter(State::Refused);
        Ok(())
    }

    /// Row 9: silence beyond the acceptance clock. Promise and statutory limit count from the day of receipt (article 32).
    pub(super) fn deem_accepted(&mut self) -> Result<(), Rejection> {
        if !matches!(self.next.state, State::Submitted | State::PreAccepted) {
            return Err(self.forbidden(Prohibition::NoSuchTransition));
        }
        let expired = self.next.clocks.acceptance_expired(self.at);
        if self.rules.silence != SilencePolicy::Deemed || !expired {
            return Err(self.forbidden(Prohibition::NotDeemed));
        }
        let (event, receipt) = (self.event.body.kind(), self.next.received_on);
        self.next.clocks.stop_all(event, self.at, self.calendar)?;
        self.next
            .clocks
            .start_promise(event, receipt, self.rules, self.calendar)?;
        self.next.acceptance = Some(AcceptanceFact {
            at: receipt,
            recorded_at: self.at,
            basis: AcceptanceBasis::Deemed,
            document_no: None,
        });
        self.enter(State::Handling);
        Ok(())
    }
}
