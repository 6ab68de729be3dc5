//! The life cycle's rules, one test each. June 2017: Monday the 5th to Friday the 30th without a holiday.
//!
//! A [`Story`] applies events one by one and after each of them checks what must always hold: the number, the replay, and that
//! no clock runs while the case is suspended.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails says where"
)]

mod back_fill;
mod identity;
mod item_rules;
mod prohibitions;
mod properties;
mod recalculation;
mod replay;
mod rows_after_acceptance;
mod rows_to_acceptance;
mod timers;

use super::*;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::offset;
use tongban_adapters::canonical::*;
use tongban_catalog::calendar::Calendar;
use tongban_catalog::deadline::{ClockState, LegalClock, Limit};

pub(super) const SYSTEM: &str = "gd-explosives";

/// A legal time, `2017-06-05 09:30` in Asia/Shanghai.
pub(super) fn at(text: &str) -> Timestamp {
    let civil: DateTime = text.parse().expect("a date and a time");
    offset(8).to_timestamp(civil).expect("in range")
}

/// The last legal day of a clock; `None` while it is frozen without limit.
pub(super) fn due_day(clock: &Option<LegalClock>) -> Option<Date> {
    let clock = clock.as_ref().expect("the clock was started");
    clock.due().map(|due| due.date)
}

/// `2017-06-{day}`.
pub(super) fn june(day: i8) -> Option<Date> {
    Some(Date::new(2017, 6, day).expect("a day of June"))
}

pub(super) fn calendar() -> Calendar {
    Calendar::weekends_only()
}

/// Promise of 10, statutory limit of 20 working days.
pub(super) fn rules() -> Rules {
    Rules {
        promise: Some(Limit::working_days(10)),
        statutory: Some(Limit::working_days(20)),
        ..Rules::default()
    }
}

pub(super) fn event(when: &str, body: EventBody) -> Event {
    Event {
        body,
        serial: String::new(),
        data_version: 1,
        occurred_at: at(when),
        actor: None,
    }
}

pub(super) fn with_serial(serial: &str, event: Event) -> Event {
    Event {
        serial: serial.to_owned(),
        ..event
    }
}

pub(super) fn with_version(data_version: u32, event: Event) -> Event {
    Event {
        data_version,
        ..event
    }
}

pub(super) fn applied() -> EventBody {
    EventBody::Applied(Remark::default())
}
pub(super) fn pre_accepted() -> EventBody {
    EventBody::PreAccepted(Remark::default())
}
pub(super) fn accepted() -> EventBody {
    EventBody::Accepted(Acceptance {
        document_no: Some("SL-1".to_owned()),
        note: None,
    })
}
pub(super) fn because(reason: &str) -> Reason {
    Reason {
        reason: reason.to_owned(),
    }
}
pub(super) fn notice(limit: Option<u32>) -> CorrectionNotice {
    CorrectionNotice {
        reason: "缺少营业执照".to_owned(),
        materials: vec!["营业执照".to_owned()],
        limit,
        override_once: false,
    }
}
pub(super) fn corrected() -> EventBody {
    EventBody::Corrected(Supplement::default())
}
pub(super) fn step(outcome: StepOutcome) -> EventBody {
    EventBody::Step(Step {
        step: StepKind::Handling,
        name: "承办".to_owned(),
        outcome,
        opinion: String::new(),
    })
}
pub(super) fn special(kind: SpecialKind, limit: u32) -> EventBody {
    EventBody::SpecialStarted(SpecialStart {
        kind,
        limit,
        reason: "专家评审".to_owned(),
        approver: String::new(),
    })
}
pub(super) fn special_ended(passed: bool) -> EventBody {
    EventBody::SpecialEnded(SpecialEnd {
        passed,
        note: String::new(),
    })
}
pub(super) fn closed(result: DecisionResult, reason: &str) -> EventBody {
    EventBody::Closed(Closing {
        result,
        reason: reason.to_owned(),
        text: String::new(),
        certificate: None,
        document_ids: Vec::new(),
    })
}
pub(super) fn collected() -> EventBody {
    EventBody::Collected(Collection::default())
}
pub(super) fn evaluated(level: u8) -> EventBody {
    EventBody::Evaluated(Evaluation {
        level,
        text: String::new(),
    })
}
pub(super) fn withdrawal_requested() -> EventBody {
    EventBody::WithdrawalRequested(Reason::default())
}

/// A case under way, with its history.
#[derive(Clone)]
pub(super) struct Story {
    pub(super) rules: Rules,
    pub(super) records: Vec<Record>,
    pub(super) state: Option<CaseState>,
    pub(super) warnings: Vec<Warning>,
}

impl Story {
    /// Nothing has happened yet.
    pub(super) fn empty(rules: Rules) -> Self {
        Self {
            rules,
            records: Vec::new(),
            state: None,
            warnings: Vec::new(),
        }
    }

    /// Submitted on Monday, 5 June 2017.
    pub(super) fn submitted() -> Self {
        Self::submitted_under(rules())
    }

    pub(super) fn submitted_under(rules: Rules) -> Self {
        Self::empty(rules).applicant(event("2017-06-05 09:30", applied()))
    }

    /// Accepted on Tuesday, 6 June 2017: the promise ends on the 20th, the statutory limit on 4 July.
    pub(super) fn accepted() -> Self {
        Self::submitted().partner(event("2017-06-06 10:00", accepted()))
    }

    pub(super) fn case(&self) -> &CaseState {
        self.state.as_ref().expect("the case has begun")
    }

    pub(super) fn attempt(
        &self,
        event: &Event,
        reception: &Reception,
    ) -> Result<Applied, Rejection> {
        apply(
            self.state.as_ref(),
            event,
            reception,
            &self.rules,
            &calendar(),
        )
    }

    /// The rejection that `event` gets.
    pub(super) fn refuses(&self, event: &Event, reception: &Reception) -> Rejection {
        self.attempt(event, reception)
            .map(|a| a.case.state)
            .expect_err("the event must be rejected")
    }

    /// The rejection that `event` from the partner gets.
    pub(super) fn refuses_partner(&self, event: Event) -> Rejection {
        self.refuses(&event, &Reception::from_partner(SYSTEM, event.occurred_at))
    }

    pub(super) fn apply(mut self, event: Event, reception: Reception) -> Self {
        let next = self
            .attempt(&event, &reception)
            .unwrap_or_else(|rejection| panic!("{event:?}: {rejection}"));
        self.records.push(Record {
            seq: next.case.seq,
            event: self.rules.as_reported(&event).into_owned(),
            reception,
            supersedes: None,
        });
        self.warnings = next.warnings;
        self.state = Some(next.case);
        self.check();
        self
    }

    pub(super) fn partner(self, event: Event) -> Self {
        let reception = Reception::from_partner(SYSTEM, event.occurred_at);
        self.apply(event, reception)
    }

    pub(super) fn applicant(self, event: Event) -> Self {
        let reception = Reception::from_applicant(event.occurred_at);
        self.apply(event, reception)
    }

    pub(super) fn gateway(self, event: Event) -> Self {
        let reception = Reception::from_gateway(event.occurred_at);
        self.apply(event, reception)
    }

    /// Replays as the rejection demands.
    pub(super) fn replayed(mut self, event: Event) -> Result<Self, ReplayError> {
        let reception = Reception::from_partner(SYSTEM, event.occurred_at);
        let Err(Rejection::ReVersion { supersedes }) = self.attempt(&event, &reception) else {
            panic!("{event:?} does not take another one's place");
        };
        let next = re_version(
            &self.records,
            &event,
            &reception,
            supersedes,
            &self.rules,
            &calendar(),
        )?;
        self.records.push(Record {
            seq: next.case.seq,
            event: self.rules.as_reported(&event).into_owned(),
            reception,
            supersedes: Some(supersedes),
        });
        self.warnings = next.warnings;
        self.state = Some(next.case);
        self.check();
        Ok(self)
    }

    /// What holds after every event.
    fn check(&self) {
        let case = self.case();
        assert_eq!(case.seq, self.records.len() as u64, "numbers have no gaps");
        assert_eq!(case.applied.len(), self.records.len());
        let folded = fold(&self.records, &self.rules, &calendar()).expect("the history folds");
        assert_eq!(&folded, case, "a case is the fold of its events");
        let stored: Vec<Record> = self.records.iter().map(as_stored).collect();
        let refolded = fold(&stored, &self.rules, &calendar()).expect("the stored history folds");
        assert_eq!(&refolded, case, "what the store keeps is enough");
        let open = case.suspension.as_ref();
        let suspended = matches!(
            case.state,
            State::PreCorrection | State::Correction | State::SpecialProcedure
        );
        assert_eq!(
            open.is_some(),
            suspended,
            "suspended exactly while a suspension is open"
        );
        let frozen = matches!(case.state, State::Correction | State::SpecialProcedure);
        for clock in [&case.clocks.promise, &case.clocks.statutory]
            .into_iter()
            .flatten()
        {
            assert!(
                !frozen || (clock.state() == ClockState::Frozen),
                "no clock runs while frozen"
            );
            assert!((clock.state() == ClockState::Frozen) == frozen || clock.has_ended());
        }
        let waits = matches!(case.state, State::Submitted | State::PreAccepted);
        assert_eq!(
            case.clocks
                .acceptance
                .as_ref()
                .is_some_and(|c| !c.has_ended()),
            waits,
            "the acceptance clock runs exactly while acceptance is awaited"
        );
        let json = serde_json::to_string(case).expect("a case is a plain value");
        let back: CaseState = serde_json::from_str(&json).expect("and comes back");
        assert_eq!(&back, case);
    }
}

/// The record as it comes back from the store, which keeps system and time of receipt.
fn as_stored(record: &Record) -> Record {
    Record {
        reception: Reception::of_stored(
            &record.event,
            record.reception.system.clone(),
            record.reception.received_at,
        ),
        ..record.clone()
    }
}
