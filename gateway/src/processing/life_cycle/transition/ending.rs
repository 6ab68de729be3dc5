//! Decision, withdrawal, collection, evaluation: rows 6, 14, 18, 19, 20, 20a, 21, 22, 24.

use super::super::reception::HandOver;
use super::super::rejection::{Prohibition, Rejection, Warning};
use super::super::rules::{CaseKind, DeliveryDue};
use super::super::state::{AcceptanceBasis, Decision, State, WithdrawalRequest};
use super::guards::confirms_withdrawal;
use super::{Source, Transition};
use tongban_adapters::canonical::{Closing, DecisionResult, Evaluation, EventBody, Reason};

impl Transition<'_> {
    /// Message 4. A confirmed withdrawal (row 20a) comes first: it is the one completion that every state before the end allows.
    pub(super) fn close(&mut self, closing: &Closing) -> Result<(), Rejection> {
        if self.reception.source == Source::Gateway {
            // The gateway completes refusals (3.6) and decides nothing.
            return Err(self.forbidden(Prohibition::WrongSource));
        }
        if confirms_withdrawal(&self.next, closing) {
            return self.end_closed(DecisionResult::Withdrawn, closing);
        }
        if closing.result == DecisionResult::Withdrawn {
            return Err(self.missing(&["withdrawal_requested"]));
        }
        let lapsed = closing.result == DecisionResult::Lapsed;
        match self.next.state {
            // Rows 6 and 14.
            State::PreCorrection | State::Correction if lapsed => {
                self.end_closed(DecisionResult::Lapsed, closing)
            }
            State::PreCorrection => Err(self.missing(&["resubmitted", "corrected"])),
            State::Correction => Err(self.forbidden(Prohibition::CompletionFromCorrection)),
            State::SpecialProcedure => {
                Err(self.forbidden(Prohibition::CompletionFromSpecialProcedure))
            }
            State::Submitted | State::PreAccepted if lapsed => {
                Err(self.missing(&["pre_correction_requested"]))
            }
            State::Handling if lapsed => Err(self.missing(&["correction_requested"])),
            State::Submitted | State::PreAccepted => self.close_before_acceptance(closing),
            _ => self.decide(closing),
        }
    }

    /// Row 24: the completion of an immediate case stands for its acceptance too; the promise takes 0 days.
    fn close_before_acceptance(&mut self, closing: &Closing) -> Result<(), Rejection> {
        if self.rules.case_kind != CaseKind::Immediate {
            return Err(self.missing(&["accepted"]));
        }
        self.guard_reason(closing)?;
        self.set_accepted(AcceptanceBasis::Immediate, None)?;
        self.decide(closing)
    }

    /// Rows 18, 19.
    fn decide(&mut self, closing: &Closing) -> Result<(), Rejection> {
        self.guard_reason(closing)?;
        self.end_closed(closing.result, closing)?;
        if self.next.withdrawal.is_some() {
            self.warnings.push(Warning::DecidedDespiteWithdrawal);
        }
        if self.delivery_due(closing.result) {
            self.next.clocks.start_delivery(
                self.event.body.kind(),
                self.at,
                self.rules,
                self.calendar,
            )?;
        }
        Ok(())
    }

    /// Row 19: returned, void and deleted need a reason.
    fn guard_reason(&self, closing: &Closing) -> Result<(), Rejection> {
        match closing.result {
            DecisionResult::Denied | DecisionResult::Void | DecisionResult::Deleted => {
                self.required(&closing.reason)
            }
            _ => Ok(()),
        }
    }

    fn delivery_due(&self, result: DecisionResult) -> bool {
        match self.rules.delivery_due {
            DeliveryDue::WhenGranted => result == DecisionResult::Granted,
            DeliveryDue::WhenFinished => {
                matches!(result, DecisionResult::Granted | DecisionResult::Completed)
            }
            DeliveryDue::Never => false,
        }
    }

    fn end_closed(&mut self, result: DecisionResult, closing: &Closing) -> Result<(), Rejection> {
        self.next
            .clocks
            .stop_all(self.event.body.kind(), self.at, self.calendar)?;
        self.end_suspension(None);
        self.next.decision = Some(Decision {
            result,
            at: self.at,
            reason: closing.reason.clone(),
            text: closing.text.clone(),
            certificate: closing.certificate.clone(),
            document_ids: closing.document_ids.clone(),
        });
        self.enter(State::Closed);
        Ok(())
    }

    /// Row 6 by rule: nobody answered the notice before acceptance. From a partner the event is its completion with code 5.
    pub(super) fn lapse(&mut self, reason: &Reason) -> Result<(), Rejection> {
        let closing = plain_closing(DecisionResult::Lapsed, reason);
        if self.reception.source == Source::Partner {
            return self.close(&closing);
        }
        match (self.next.state, &self.next.suspension) {
            (State::PreCorrection, Some(open)) => {
                let expired = super::super::timers::lapses_at(open, self.rules, self.calendar)
                    .is_some_and(|due| self.at >= due);
                if !expired {
                    return Err(self.forbidden(Prohibition::NotLapsed));
                }
                self.end_closed(DecisionResult::Lapsed, &closing)
            }
            // Row 14: after acceptance only the partner lets a case lapse.
            _ => Err(self.forbidden(Prohibition::NoSuchTransition)),
        }
    }

    /// Row 20: noted, nothing else changes until the partner confirms.
    pub(super) fn request_withdrawal(&mut self, reason: &Reason) -> Result<(), Rejection> {
        if self.next.withdrawal.is_some() {
            return Err(self.forbidden(Prohibition::WithdrawalAlreadyRequested));
        }
        self.next.withdrawal = Some(WithdrawalRequest {
            at: self.at,
            reason: reason.reason.clone(),
        });
        Ok(())
    }

    /// Row 20a: the hall confirms a withdrawal that no partner has to confirm, because none has got the case.
    pub(super) fn withdraw_by_hall(&mut self, reason: &Reason) -> Result<(), Rejection> {
        if self.next.withdrawal.is_none() {
            return Err(self.missing(&["withdrawal_requested"]));
        }
        // The one who opened the case may be a partner (a window that hands in); any later word of one means it has the case.
        let partner_spoke = self
            .next
            .applied
            .iter()
            .any(|a| a.identity.system.is_some() && a.seq > 1);
        if self.reception.hand_over == HandOver::Done || partner_spoke {
            return Err(self.forbidden(Prohibition::WithdrawalAfterHandOver));
        }
        let closing = plain_closing(DecisionResult::Withdrawn, reason);
        self.end_closed(DecisionResult::Withdrawn, &closing)
    }

    /// Row 21: the result was collected.
    pub(super) fn collect(&mut self) -> Result<(), Rejection> {
        let collectable = self.next.decision.as_ref().is_some_and(|d| {
            matches!(
                d.result,
                DecisionResult::Granted | DecisionResult::Completed
            )
        });
        if self.next.state == State::Collected {
            return Err(self.forbidden(Prohibition::AfterTheEnd));
        }
        if !collectable {
            return Err(self.forbidden(Prohibition::NothingToCollect));
        }
        self.next
            .clocks
            .stop_all(self.event.body.kind(), self.at, self.calendar)?;
        self.next.collected_at = Some(self.at);
        self.enter(State::Collected);
        Ok(())
    }

    /// Row 22: one evaluation a case, 1 (best) to 5.
    pub(super) fn evaluate(&mut self, evaluation: &Evaluation) -> Result<(), Rejection> {
        if !(1..=5).contains(&evaluation.level) {
            return Err(self.forbidden(Prohibition::LevelOutOfRange));
        }
        if self.next.evaluation.is_some() {
            return Err(self.forbidden(Prohibition::AlreadyEvaluated));
        }
        self.next.evaluation = Some(evaluation.clone());
        Ok(())
    }

    /// What completes a record without changing its end: companions of a refusal, and what belongs to an immediate completion. A
    /// late acceptance still moves the begin of the promise to its own day.
    pub(super) fn complete_the_record(&mut self) -> Result<(), Rejection> {
        let (EventBody::Accepted(acceptance), Some(decision)) =
            (&self.event.body, &self.next.decision)
        else {
            return Ok(());
        };
        let (event, decided) = (self.event.body.kind(), decision.at);
        let accepted = self.event.occurred_at.min(decided);
        self.next
            .clocks
            .start_promise(event, accepted, self.rules, self.calendar)?;
        self.next
            .clocks
            .stop_promise(event, decided, self.calendar)?;
        if let Some(fact) = &mut self.next.acceptance {
            fact.at = accepted;
            fact.recorded_at = accepted;
            fact.basis = AcceptanceBasis::Reported;
            fact.document_no.clone_from(&acceptance.document_no);
        }
        Ok(())
    }
}

fn plain_closing(result: DecisionResult, reason: &Reason) -> Closing {
    Closing {
        result,
        reason: reason.reason.clone(),
        text: String::new(),
        certificate: None,
        document_ids: Vec::new(),
    }
}
