//! Every prohibition of domain table 9.2, and those that follow from its rows.

use super::*;

fn correcting() -> Story {
    Story::accepted().partner(with_serial(
        "1",
        event(
            "2017-06-08 10:00",
            EventBody::CorrectionRequested(notice(None)),
        ),
    ))
}

fn special_open(kind: SpecialKind) -> Story {
    Story::accepted().partner(with_serial(
        "1",
        event("2017-06-08 10:00", special(kind, 0)),
    ))
}

fn code_of(story: &Story, event: Event) -> &'static str {
    story.refuses_partner(event).code()
}

const EVERY_RESULT: [DecisionResult; 7] = [
    DecisionResult::Granted,
    DecisionResult::Completed,
    DecisionResult::Denied,
    DecisionResult::Void,
    DecisionResult::Deleted,
    DecisionResult::PassedOn,
    DecisionResult::Lapsed,
];

#[test]
fn a_case_in_a_special_procedure_cannot_be_completed() {
    for result in EVERY_RESULT {
        let done = event("2017-06-09 10:00", closed(result, "理由"));
        assert_eq!(
            code_of(&special_open(SpecialKind::Other), done),
            "completion_from_special_procedure",
            "{result:?}"
        );
    }
}

#[test]
fn a_case_in_correction_can_only_lapse() {
    for result in EVERY_RESULT
        .into_iter()
        .filter(|r| *r != DecisionResult::Lapsed)
    {
        let done = event("2017-06-09 10:00", closed(result, "理由"));
        assert_eq!(
            code_of(&correcting(), done),
            "completion_from_correction",
            "{result:?}"
        );
    }
}

#[test]
fn the_hall_does_not_let_a_case_lapse_after_acceptance() {
    let lapsed = event("2017-06-29 10:00", EventBody::Lapsed(because("逾期")));
    let rejection = correcting().refuses(&lapsed, &Reception::from_gateway(lapsed.occurred_at));
    assert_eq!(rejection.code(), "no_such_transition");
}

#[test]
fn a_second_suspension_cannot_be_opened() {
    for story in [correcting(), special_open(SpecialKind::Other)] {
        for body in [
            EventBody::CorrectionRequested(notice(None)),
            special(SpecialKind::Other, 0),
            special(SpecialKind::Extension, 3),
        ] {
            let second = with_serial("2", event("2017-06-09 10:00", body));
            assert_eq!(code_of(&story, second), "second_suspension");
        }
    }
}

#[test]
fn type_a_after_type_b_is_refused_or_warned_of_by_configuration() {
    let story = special_open(SpecialKind::Other).partner(with_serial(
        "1",
        event("2017-06-09 10:00", special_ended(true)),
    ));
    let extension = with_serial(
        "2",
        event("2017-06-12 10:00", special(SpecialKind::Extension, 3)),
    );
    assert_eq!(
        code_of(&story, extension.clone()),
        "extension_after_special"
    );
    let mut lenient = story;
    lenient.rules.extension_after_special = ExtensionAfterSpecial::Warn;
    assert_eq!(
        lenient.partner(extension).warnings,
        [Warning::ExtensionAfterSpecial]
    );
}

#[test]
fn type_b_after_type_a_is_allowed() {
    special_open(SpecialKind::Extension)
        .partner(with_serial(
            "1",
            event("2017-06-09 10:00", special_ended(true)),
        ))
        .partner(with_serial(
            "2",
            event("2017-06-12 10:00", special(SpecialKind::Other, 3)),
        ));
}

#[test]
fn an_extension_beyond_the_legal_length_warns() {
    let extended = |days| {
        Story::accepted()
            .partner(event(
                "2017-06-08 10:00",
                special(SpecialKind::Extension, days),
            ))
            .warnings
    };
    assert_eq!(extended(10), []);
    assert_eq!(extended(11), [Warning::ExtensionTooLong]);
}

#[test]
fn an_event_for_an_unknown_case_is_refused() {
    let story = Story::empty(rules());
    assert_eq!(
        code_of(&story, event("2017-06-06 10:00", accepted())),
        "unknown_case"
    );
}

#[test]
fn an_event_before_the_present_state_by_more_than_the_skew_is_refused() {
    let story = Story::accepted(); // at 10:00:00, skew 300 s
    let notice = |when| event(when, EventBody::CorrectionRequested(notice(None)));
    assert_eq!(
        code_of(&story, notice("2017-06-06 09:54:59")),
        "occurred_before_state"
    );
    let tolerated = story.partner(notice("2017-06-06 09:55:00"));
    assert_eq!(
        tolerated.case().since,
        at("2017-06-06 10:00"),
        "a state never begins before the last"
    );
}

#[test]
fn an_event_in_the_future_by_more_than_the_skew_is_refused() {
    let story = Story::submitted();
    let accepted = event("2017-06-06 10:05:00", accepted());
    let received = |when| Reception::from_partner(SYSTEM, at(when));
    story
        .attempt(&accepted, &received("2017-06-06 10:00:00"))
        .unwrap();
    let rejection = story.refuses(&accepted, &received("2017-06-06 09:59:59"));
    assert_eq!(rejection.code(), "occurred_in_future");
}

#[test]
fn after_the_end_only_collection_evaluation_and_re_versions_apply() {
    let granted = Story::accepted().partner(event(
        "2017-06-09 10:00",
        closed(DecisionResult::Granted, ""),
    ));
    let refused = Story::submitted().partner(event(
        "2017-06-06 10:00",
        EventBody::Refused(because("材料不实")),
    ));
    let collected = granted
        .clone()
        .partner(event("2017-06-12 10:00", collected()));
    for story in [granted, refused, collected] {
        for body in [
            pre_accepted(),
            EventBody::PreRefused(because("理由")),
            EventBody::PreCorrectionRequested(notice(None)),
            accepted(),
            EventBody::Refused(because("理由")),
            step(StepOutcome::Passed),
            EventBody::CorrectionRequested(notice(None)),
            EventBody::Supplemented(Supplement::default()),
            corrected(),
            EventBody::Resubmitted(Supplement::default()),
            EventBody::Lapsed(because("理由")),
            special(SpecialKind::Other, 0),
            special_ended(true),
            withdrawal_requested(),
            closed(DecisionResult::Denied, "理由"),
        ] {
            let kind = body.kind();
            let late = with_serial("late", event("2017-06-14 10:00", body));
            assert_eq!(code_of(&story, late), "after_the_end", "{kind}");
        }
    }
}

#[test]
fn collection_needs_a_decision_that_gives_something() {
    use DecisionResult as R;
    for result in [R::Denied, R::Void, R::Deleted, R::PassedOn] {
        let story = Story::accepted().partner(event("2017-06-09 10:00", closed(result, "理由")));
        let rejection = code_of(&story, event("2017-06-12 10:00", collected()));
        assert_eq!(rejection, "nothing_to_collect", "{result:?}");
    }
    let completed = Story::accepted().partner(event("2017-06-09 10:00", closed(R::Completed, "")));
    completed.partner(event("2017-06-12 10:00", collected()));
}

#[test]
fn a_second_notice_before_acceptance_needs_the_override_flag() {
    let asked = EventBody::PreCorrectionRequested(notice(None));
    let story = Story::submitted()
        .partner(with_serial("1", event("2017-06-06 10:00", asked.clone())))
        .partner(with_serial("1", event("2017-06-07 10:00", corrected())));
    let again = with_serial("2", event("2017-06-08 10:00", asked));
    assert_eq!(code_of(&story, again), "second_notice_before_acceptance");
    let insisted = EventBody::PreCorrectionRequested(CorrectionNotice {
        override_once: true,
        ..notice(None)
    });
    story.partner(with_serial("2", event("2017-06-08 10:00", insisted)));
}

#[test]
fn the_end_of_a_suspension_must_match_the_open_one_by_serial_and_kind() {
    for (story, body) in [
        (correcting(), corrected()),
        (special_open(SpecialKind::Other), special_ended(true)),
    ] {
        let other = with_serial("2", event("2017-06-09 10:00", body.clone()));
        assert_eq!(code_of(&story, other.clone()), "wrong_suspension");
        let mut without_serials = story.clone();
        without_serials.rules.pairing = Pairing::OpenSuspension;
        without_serials.partner(other);
        story.partner(event("2017-06-09 10:00", body));
    }
    let wrong_kind = with_serial("1", event("2017-06-09 10:00", special_ended(true)));
    assert_eq!(code_of(&correcting(), wrong_kind), "wrong_suspension");
}

#[test]
fn an_accepted_case_is_not_accepted_or_refused_again() {
    for body in [accepted(), EventBody::Refused(because("理由"))] {
        let again = with_serial("2", event("2017-06-07 10:00", body));
        assert_eq!(code_of(&Story::accepted(), again), "already_accepted");
    }
}

#[test]
fn a_withdrawal_is_asked_for_once_and_confirmed_only_when_asked_for() {
    let story = Story::accepted().applicant(event("2017-06-07 10:00", withdrawal_requested()));
    let again = with_serial("2", event("2017-06-08 10:00", withdrawal_requested()));
    let rejection = story.refuses(&again, &Reception::from_applicant(again.occurred_at));
    assert_eq!(rejection.code(), "withdrawal_already_requested");
    let unasked = event("2017-06-08 10:00", closed(DecisionResult::Withdrawn, ""));
    assert_eq!(code_of(&Story::accepted(), unasked), "missing_predecessor");
}

#[test]
fn the_hall_cannot_confirm_a_withdrawal_after_hand_over() {
    let story = Story::submitted().applicant(event("2017-06-05 10:00", withdrawal_requested()));
    let confirmed = event("2017-06-05 11:00", EventBody::Withdrawn(Reason::default()));
    let at_hall = |hand_over| Reception::from_hall(confirmed.occurred_at, hand_over);
    let sent = story.refuses(&confirmed, &at_hall(HandOver::Done));
    assert_eq!(sent.code(), "withdrawal_after_hand_over");
    let spoken = story.partner(event("2017-06-05 10:30", pre_accepted()));
    let rejection = spoken.refuses(&confirmed, &at_hall(HandOver::NotYet));
    assert_eq!(rejection.code(), "withdrawal_after_hand_over");
}

#[test]
fn a_case_is_evaluated_once_from_1_to_5() {
    let story = Story::accepted().partner(event(
        "2017-06-09 10:00",
        closed(DecisionResult::Granted, ""),
    ));
    for level in [0, 6, u8::MAX] {
        let rejection = code_of(&story, event("2017-06-10 10:00", evaluated(level)));
        assert_eq!(rejection, "level_out_of_range");
    }
    let story = story.applicant(event("2017-06-10 10:00", evaluated(5)));
    let again = with_serial("2", event("2017-06-11 10:00", evaluated(1)));
    assert_eq!(code_of(&story, again), "already_evaluated");
}

#[test]
fn a_case_begins_once() {
    let again = with_serial("2", event("2017-06-06 10:00", applied()));
    assert_eq!(code_of(&Story::submitted(), again), "already_begun");
}

#[test]
fn nobody_reports_what_is_not_his_to_report() {
    let when = "2017-06-07 10:00";
    let now = at(when);
    let applicant = Reception::from_applicant(now);
    let gateway = Reception::from_gateway(now);
    let hall = Reception::from_hall(now, HandOver::NotYet);
    let partner = Reception::from_partner(SYSTEM, now);
    for (body, reception) in [
        (accepted(), &applicant),
        (closed(DecisionResult::Granted, ""), &applicant),
        (EventBody::Lapsed(because("理由")), &applicant),
        (collected(), &applicant),
        (accepted(), &hall),
        (step(StepOutcome::Passed), &hall),
        (withdrawal_requested(), &gateway),
        (pre_accepted(), &gateway),
        (closed(DecisionResult::Granted, ""), &gateway),
        (EventBody::DeemedAccepted(Remark::default()), &partner),
        (EventBody::Recalculated(Recalculation::default()), &partner),
        (EventBody::Withdrawn(Reason::default()), &partner),
    ] {
        let rejection = Story::accepted().refuses(&event(when, body.clone()), reception);
        assert_eq!(
            rejection.code(),
            "wrong_source",
            "{} by {:?}",
            body.kind(),
            reception.source
        );
    }
}

#[test]
fn a_case_holds_no_more_than_its_bound_of_events() {
    let mut story = Story::accepted();
    let case = story.state.as_mut().unwrap();
    let entry = case.applied[1].clone();
    case.applied.resize(EVENTS_MAX - 1, entry);
    let one = event("2017-06-07 10:00", step(StepOutcome::Passed));
    story
        .attempt(&one, &Reception::from_partner(SYSTEM, one.occurred_at))
        .unwrap();
    let case = story.state.as_mut().unwrap();
    let entry = case.applied[1].clone();
    case.applied.push(entry);
    assert_eq!(code_of(&story, one), "too_many_events");
}

#[test]
fn an_absurd_limit_is_refused_and_not_computed_for_ever() {
    let absurd = event("2017-06-07 10:00", special(SpecialKind::Other, u32::MAX));
    assert_eq!(code_of(&Story::accepted(), absurd), "uncomputable_clock");
}
