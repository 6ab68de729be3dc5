//! Corrections and special procedures: rows 4, 5, 12, 13, 15, 16, 17. At most one is open.

use super::super::rejection::{Prohibition, Rejection, Warning};
use super::super::rules::{ExtensionAfterSpecial, Pairing};
use super::super::state::{State, Suspension, SuspensionKind};
use super::{Source, Transition};
use tongban_adapters::canonical::{CorrectionNotice, SpecialEnd, SpecialKind, SpecialStart};
use tongban_catalog::deadline::{Moment, Stop, StopKind, StopOutcome};

impl Transition<'_> {
    /// Row 4: a notice before acceptance. It is given once (article 32), a second one needs the override flag.
    pub(super) fn request_pre_correction(
        &mut self,
        notice: &CorrectionNotice,
    ) -> Result<(), Rejection> {
        self.guard_none_open()?;
        if !matches!(self.next.state, State::Submitted | State::PreAccepted) {
            return Err(self.forbidden(Prohibition::NoSuchTransition));
        }
        if self.next.notices_before_acceptance() > 0 && !notice.override_once {
            return Err(self.forbidden(Prohibition::SecondNoticeBeforeAcceptance));
        }
        self.next
            .clocks
            .stop_all(self.event.body.kind(), self.at, self.calendar)?;
        self.open(
            SuspensionKind::PreCorrection,
            notice.limit.unwrap_or(0),
            &notice.reason,
        );
        self.enter(State::PreCorrection);
        Ok(())
    }

    /// Row 12: a notice after acceptance freezes promise and statutory clock, with or without a limit of its own. Before
    /// acceptance the same message 7 is row 4.
    pub(super) fn request_correction(
        &mut self,
        notice: &CorrectionNotice,
    ) -> Result<(), Rejection> {
        if self.next.state.is_before_acceptance() {
            return self.request_pre_correction(notice);
        }
        self.guard_none_open()?;
        self.freeze(StopKind::Correction, 0, &notice.reason)?;
        self.open(
            SuspensionKind::Correction,
            notice.limit.unwrap_or(0),
            &notice.reason,
        );
        self.enter(State::Correction);
        Ok(())
    }

    /// The applicant has answered a notice after acceptance: noted, but the clock stands until the partner confirms.
    pub(super) fn note_supplement(&mut self) -> Result<(), Rejection> {
        let forbidden = self.forbidden(Prohibition::NoSuchTransition);
        match &mut self.next.suspension {
            Some(open) if open.kind == SuspensionKind::Correction => {
                open.answered = true;
                Ok(())
            }
            _ => Err(forbidden),
        }
    }

    /// Row 5: the applicant's resubmission.
    pub(super) fn resubmit(&mut self) -> Result<(), Rejection> {
        match self.next.state {
            State::PreCorrection => self.begin_again(),
            State::Submitted | State::PreAccepted => {
                Err(self.missing(&["pre_correction_requested"]))
            }
            _ => Err(self.forbidden(Prohibition::NoSuchTransition)),
        }
    }

    /// Row 5 or 13: the partner has received the corrections.
    pub(super) fn confirm_correction(&mut self) -> Result<(), Rejection> {
        match self.next.state {
            State::Submitted | State::PreAccepted => {
                Err(self.missing(&["pre_correction_requested", "correction_requested"]))
            }
            State::PreCorrection => {
                self.guard_pair(&[SuspensionKind::PreCorrection])?;
                self.begin_again()
            }
            State::Handling => Err(self.missing(&["correction_requested"])),
            _ => {
                self.guard_pair(&[SuspensionKind::Correction])?;
                self.resume(StopOutcome::Credited)
            }
        }
    }

    /// Row 5: the acceptance clock starts anew, the day after is day 1.
    fn begin_again(&mut self) -> Result<(), Rejection> {
        self.end_suspension(None);
        self.next.received_on = self.at;
        self.next.clocks.start_acceptance(
            self.event.body.kind(),
            self.at,
            self.rules,
            self.calendar,
        )?;
        self.enter(State::Submitted);
        Ok(())
    }

    /// Row 15: a special procedure. Without a limit the clocks freeze; with one the due date moves by it at once.
    pub(super) fn start_special(&mut self, start: &SpecialStart) -> Result<(), Rejection> {
        match self.next.state {
            State::Handling => {}
            State::Submitted | State::PreAccepted => return Err(self.missing(&["accepted"])),
            _ => return self.guard_none_open(),
        }
        let (kind, stop) = match start.kind {
            SpecialKind::Extension => (SuspensionKind::Extension, StopKind::SpecialA),
            SpecialKind::Other => (SuspensionKind::Special, StopKind::SpecialB),
        };
        if kind == SuspensionKind::Extension {
            self.guard_extension(start)?;
        }
        self.freeze(stop, start.limit, &start.reason)?;
        self.open(kind, start.limit, &start.reason);
        self.enter(State::SpecialProcedure);
        Ok(())
    }

    fn guard_extension(&mut self, start: &SpecialStart) -> Result<(), Rejection> {
        let after_special = self
            .next
            .suspensions
            .iter()
            .any(|s| s.kind == SuspensionKind::Special);
        if after_special {
            match self.rules.extension_after_special {
                ExtensionAfterSpecial::Reject => {
                    return Err(self.forbidden(Prohibition::ExtensionAfterSpecial));
                }
                ExtensionAfterSpecial::Warn => {
                    self.warnings.push(Warning::ExtensionAfterSpecial);
                }
            }
        }
        if start.limit > self.rules.extension_days_max {
            self.warnings.push(Warning::ExtensionTooLong);
        }
        Ok(())
    }

    /// Rows 16, 17: the result. An extension that was not approved adds nothing; the time of any other procedure does not count,
    /// whatever its result.
    pub(super) fn end_special(&mut self, end: &SpecialEnd) -> Result<(), Rejection> {
        match self.next.state {
            State::Submitted | State::PreAccepted => return Err(self.missing(&["accepted"])),
            State::Handling => return Err(self.missing(&["special_started"])),
            _ => self.guard_pair(&[SuspensionKind::Extension, SuspensionKind::Special])?,
        }
        let extension = self
            .next
            .suspension
            .as_ref()
            .is_some_and(|s| s.kind == SuspensionKind::Extension);
        if end.passed {
            return self.resume(StopOutcome::Credited);
        }
        if extension {
            return self.resume(StopOutcome::Refused);
        }
        self.warnings.push(Warning::SpecialNotPassed);
        self.resume(StopOutcome::Credited)
    }

    fn resume(&mut self, outcome: StopOutcome) -> Result<(), Rejection> {
        let event = self.event.body.kind();
        let credited = self
            .next
            .clocks
            .resume(event, self.at, outcome, self.calendar)?;
        self.end_suspension(credited);
        self.enter(State::Handling);
        Ok(())
    }

    fn freeze(&mut self, kind: StopKind, limit: u32, ground: &str) -> Result<(), Rejection> {
        let stop = Stop {
            kind,
            serial: self.event.serial.clone(),
            ground: ground.to_owned(),
            from: Moment::at(self.at),
            end: None,
            limit,
        };
        self.next
            .clocks
            .freeze(self.event.body.kind(), &stop, self.calendar)
    }

    fn open(&mut self, kind: SuspensionKind, limit: u32, reason: &str) {
        self.next.suspension = Some(Suspension {
            kind,
            serial: self.event.serial.clone(),
            reason: reason.to_owned(),
            limit,
            started: self.at,
            ended: None,
            answered: false,
            credited: None,
        });
    }

    /// Moves the open suspension, if any, to the ended ones.
    pub(super) fn end_suspension(&mut self, credited: Option<u32>) {
        if let Some(mut open) = self.next.suspension.take() {
            open.ended = Some(self.at);
            open.credited = credited;
            self.next.suspensions.push(open);
        }
    }

    fn guard_none_open(&self) -> Result<(), Rejection> {
        match &self.next.suspension {
            None => Ok(()),
            Some(open) => Err(Rejection::SecondSuspension {
                event: self.event.body.kind(),
                open: open.kind,
                serial: open.serial.clone(),
            }),
        }
    }

    fn guard_pair(&self, kinds: &[SuspensionKind]) -> Result<(), Rejection> {
        let Some(open) = &self.next.suspension else {
            return Err(self.forbidden(Prohibition::NoSuchTransition));
        };
        let same = self.rules.pairing == Pairing::OpenSuspension
            || self.reception.source == Source::Gateway
            || self.event.serial.is_empty()
            || self.event.serial == open.serial;
        if same && kinds.contains(&open.kind) {
            return Ok(());
        }
        Err(Rejection::WrongSuspension {
            event: self.event.body.kind(),
            open: open.kind,
            serial: open.serial.clone(),
            got: self.event.serial.clone(),
        })
    }
}
