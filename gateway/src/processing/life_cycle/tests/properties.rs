//! Any sequence of any events, from anybody.

use super::*;
use proptest::prelude::*;

fn any_result() -> impl Strategy<Value = DecisionResult> {
    use DecisionResult as R;
    prop::sample::select(vec![
        R::Granted,
        R::Completed,
        R::Denied,
        R::Void,
        R::Deleted,
        R::PassedOn,
        R::Lapsed,
        R::Withdrawn,
    ])
}

fn any_body() -> impl Strategy<Value = EventBody> {
    let reason = || prop::sample::select(vec!["", "无", "理由"]).prop_map(because);
    let any_notice = || {
        (prop::option::of(0u32..40), any::<bool>()).prop_map(|(limit, override_once)| {
            CorrectionNotice {
                override_once,
                ..notice(limit)
            }
        })
    };
    let kind = prop::sample::select(vec![SpecialKind::Extension, SpecialKind::Other]);
    prop_oneof![
        1 => Just(applied()),
        1 => Just(pre_accepted()),
        3 => Just(accepted()),
        1 => reason().prop_map(EventBody::PreRefused),
        1 => reason().prop_map(EventBody::Refused),
        1 => any_notice().prop_map(EventBody::PreCorrectionRequested),
        3 => any_notice().prop_map(EventBody::CorrectionRequested),
        1 => Just(EventBody::DeemedAccepted(Remark::default())),
        2 => Just(step(StepOutcome::Passed)),
        1 => Just(EventBody::Forwarded(Forwarding::default())),
        1 => Just(EventBody::Supplemented(Supplement::default())),
        3 => Just(corrected()),
        2 => Just(EventBody::Resubmitted(Supplement::default())),
        1 => reason().prop_map(EventBody::Lapsed),
        3 => (kind, prop_oneof![9 => 0u32..30, 1 => Just(u32::MAX)])
            .prop_map(|(kind, limit)| special(kind, limit)),
        3 => any::<bool>().prop_map(special_ended),
        1 => Just(withdrawal_requested()),
        1 => Just(EventBody::Withdrawn(Reason::default())),
        3 => (any_result(), prop::sample::select(vec!["", "理由"]))
            .prop_map(|(result, reason)| closed(result, reason)),
        1 => Just(collected()),
        1 => (0u8..7).prop_map(evaluated),
        1 => Just(EventBody::Recalculated(Recalculation::default())),
    ]
}

#[derive(Debug, Clone)]
struct Move {
    body: EventBody,
    serial: u8,
    version: u32,
    /// Minutes since the move before; may be negative.
    minutes: i64,
    source: Source,
}

fn any_move() -> impl Strategy<Value = Move> {
    let source = prop_oneof![
        6 => Just(Source::Partner),
        1 => Just(Source::Applicant),
        1 => Just(Source::Gateway),
        1 => Just(Source::Hall),
    ];
    let minutes = prop_oneof![4 => 0i64..5_000, 1 => -3_000i64..0];
    let version = prop_oneof![6 => Just(1u32), 1 => 0u32..4];
    (any_body(), 0u8..3, version, minutes, source).prop_map(
        |(body, serial, version, minutes, source)| Move {
            body,
            serial,
            version,
            minutes,
            source,
        },
    )
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (any::<[bool; 6]>(), 0u32..2).prop_map(|(b, lapse)| Rules {
        case_kind: if b[0] {
            CaseKind::Immediate
        } else {
            CaseKind::Promise
        },
        silence: if b[1] {
            SilencePolicy::Alert
        } else {
            SilencePolicy::Deemed
        },
        passed_on: if b[2] {
            PassedOn::Step
        } else {
            PassedOn::Close
        },
        pairing: if b[3] {
            Pairing::OpenSuspension
        } else {
            Pairing::Serial
        },
        extension_after_special: if b[4] {
            ExtensionAfterSpecial::Warn
        } else {
            ExtensionAfterSpecial::Reject
        },
        delivery_due: if b[5] {
            DeliveryDue::WhenFinished
        } else {
            DeliveryDue::WhenGranted
        },
        lapse: (lapse == 1).then(|| Limit::working_days(3)),
        ..rules()
    })
}

/// Brings one move in as the caller does: apply, replay when told to, back-fill when held.
fn bring_in(story: Story, event: Event, reception: Reception) -> Story {
    match story.attempt(&event, &reception) {
        Ok(_) => story.apply(event, reception),
        Err(Rejection::ReVersion { .. }) if reception.source == Source::Partner => {
            story.clone().replayed_by(event, reception).unwrap_or(story)
        }
        Err(Rejection::MissingPredecessor { .. }) if reception.source == Source::Partner => {
            let Ok(added) = predecessors(story.case(), &event, &story.rules) else {
                return story;
            };
            let mut filled = story.clone();
            for one in added {
                let from_gateway = Reception::from_gateway(reception.received_at);
                if filled.attempt(&one, &from_gateway).is_err() {
                    return story;
                }
                filled = filled.apply(one, from_gateway);
            }
            match filled.attempt(&event, &reception) {
                Ok(_) => filled.apply(event, reception),
                Err(_) => story,
            }
        }
        Err(_) => story,
    }
}

impl Story {
    fn replayed_by(self, event: Event, reception: Reception) -> Result<Self, ReplayError> {
        // `replayed` takes the time of the event as the time of receipt, as the moves do.
        assert_eq!(reception.received_at, event.occurred_at);
        self.replayed(event)
    }
}

/// What may follow an end: collection, evaluation, recalculation of the delivery clock, and what completes the record.
fn may_follow_an_end(record: &Record, story: &Story) -> bool {
    let completes =
        record.reception.source == Source::Gateway || story.rules.case_kind == CaseKind::Immediate;
    match record.event.body {
        EventBody::Collected(_) | EventBody::Evaluated(_) | EventBody::Recalculated(_) => true,
        EventBody::Accepted(_) | EventBody::Step(_) | EventBody::Closed(_) => completes,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// [`Story::check`] holds after every event: no panic, numbers without gaps, the replay equals the case step by step, no clock
    /// runs while frozen. Beyond that: an end stays an end, and what is rejected leaves no trace.
    #[test]
    fn any_sequence_keeps_every_invariant(
        rules in any_rules(),
        moves in prop::collection::vec(any_move(), 1..40),
    ) {
        let mut story = Story::submitted_under(rules);
        let mut now = at("2017-06-05 09:30");
        for m in moves {
            now = now.checked_add(jiff::SignedDuration::from_mins(m.minutes)).unwrap();
            let event = Event {
                body: m.body,
                serial: if m.serial == 0 { String::new() } else { m.serial.to_string() },
                data_version: m.version,
                occurred_at: now,
                actor: None,
            };
            let reception = match m.source {
                Source::Partner => Reception::from_partner(SYSTEM, now),
                Source::Applicant => Reception::from_applicant(now),
                Source::Gateway => Reception::from_gateway(now),
                Source::Hall => Reception::from_hall(now, HandOver::NotYet),
            };
            let before = story.case().clone();
            story = bring_in(story, event, reception);
            let after = story.case();
            for record in &story.records[before.applied.len()..] {
                if before.state.is_ended() && record.supersedes.is_none() {
                    prop_assert!(may_follow_an_end(record, &story), "{record:?} in {:?}", before.state);
                    prop_assert!(after.state == before.state || after.state == State::Collected);
                    prop_assert_eq!(&after.decision, &before.decision);
                }
            }
        }
        // Everything comes again: all of it is known, nothing changes.
        let settled = story.case().clone();
        for record in story.records.clone() {
            let rejection = story.refuses(&record.event, &record.reception);
            prop_assert!(
                matches!(rejection.disposition(), Disposition::CompareDigest | Disposition::Refuse | Disposition::Acknowledge | Disposition::Replay),
                "{rejection}"
            );
        }
        prop_assert_eq!(story.case(), &settled);
    }

    /// A case never has two ends: timers that fire at any time after any history lead to a state they are not due in again.
    #[test]
    fn a_timer_that_was_applied_is_not_due_again(
        rules in any_rules(),
        moves in prop::collection::vec(any_move(), 0..12),
    ) {
        let mut story = Story::submitted_under(rules);
        let mut now = at("2017-06-05 09:30");
        for m in moves {
            now = now.checked_add(jiff::SignedDuration::from_mins(m.minutes.abs())).unwrap();
            let event = Event { body: m.body, serial: String::new(), data_version: 1, occurred_at: now, actor: None };
            story = bring_in(story, event, Reception::from_partner(SYSTEM, now));
        }
        let later = now.checked_add(jiff::SignedDuration::from_hours(24 * 60)).unwrap();
        for action in due_actions(story.case(), later, &story.rules, &calendar()) {
            if let DueAction::Apply(event) = action {
                story = story.apply(*event, Reception::from_gateway(later));
                prop_assert_eq!(due_actions(story.case(), later, &story.rules, &calendar()), vec![]);
            }
        }
    }
}
