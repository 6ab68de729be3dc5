//! Rows 10 – 23 of domain table 9.2.

use super::*;

fn in_correction() -> Story {
    Story::accepted().partner(with_serial(
        "1",
        event(
            "2017-06-08 10:00",
            EventBody::CorrectionRequested(notice(Some(5))),
        ),
    ))
}

fn in_special(kind: SpecialKind, limit: u32) -> Story {
    Story::accepted().partner(with_serial(
        "1",
        event("2017-06-08 10:00", special(kind, limit)),
    ))
}

fn result_of(story: &Story) -> DecisionResult {
    story.case().decision.as_ref().unwrap().result
}

#[test]
fn row_10_a_step_changes_neither_state_nor_clocks() {
    let story = Story::accepted();
    let before = (
        story.case().state,
        story.case().since,
        story.case().clocks.clone(),
    );
    let story = story.partner(event("2017-06-07 10:00", step(StepOutcome::Passed)));
    assert_eq!(
        (
            story.case().state,
            story.case().since,
            story.case().clocks.clone()
        ),
        before
    );
}

#[test]
fn row_11_a_step_refused_or_returned_leaves_the_case_in_handling() {
    for outcome in [StepOutcome::Refused, StepOutcome::Other] {
        let story = Story::accepted();
        let clocks = story.case().clocks.clone();
        let story = story.partner(event("2017-06-07 10:00", step(outcome)));
        assert_eq!(story.case().state, State::Handling);
        assert_eq!(story.case().clocks, clocks);
    }
}

#[test]
fn row_12_a_notice_after_acceptance_freezes_both_clocks_and_voids_their_due_dates() {
    let story = in_correction();
    assert_eq!(story.case().state, State::Correction);
    assert_eq!(due_day(&story.case().clocks.promise), None);
    assert_eq!(due_day(&story.case().clocks.statutory), None);
}

#[test]
fn row_13_confirmed_corrections_resume_with_the_days_of_the_suspension() {
    let story = in_correction().partner(with_serial("1", event("2017-06-13 10:00", corrected())));
    assert_eq!(story.case().state, State::Handling);
    // Thursday the 8th to Tuesday the 13th: 3 working days.
    assert_eq!(story.case().suspensions[0].credited, Some(3));
    assert_eq!(due_day(&story.case().clocks.promise), june(23));
}

#[test]
fn row_13_a_suspension_within_one_day_credits_one_day() {
    let story = in_correction().partner(with_serial("1", event("2017-06-08 16:00", corrected())));
    assert_eq!(story.case().suspensions[0].credited, Some(1));
    assert_eq!(due_day(&story.case().clocks.promise), june(21));
}

#[test]
fn row_13_the_applicants_answer_alone_resumes_nothing() {
    let story = in_correction().applicant(event(
        "2017-06-09 10:00",
        EventBody::Supplemented(Supplement::default()),
    ));
    assert_eq!(story.case().state, State::Correction);
    assert!(story.case().suspension.as_ref().unwrap().answered);
    assert_eq!(due_day(&story.case().clocks.promise), None);
}

#[test]
fn row_14_a_correction_that_did_not_come_is_closed_by_completion_5() {
    for body in [
        closed(DecisionResult::Lapsed, ""),
        EventBody::Lapsed(Reason::default()),
    ] {
        let story = in_correction().partner(event("2017-06-20 10:00", body));
        assert_eq!(story.case().state, State::Closed);
        assert_eq!(result_of(&story), DecisionResult::Lapsed);
        assert!(story.case().suspension.is_none() && !story.case().clocks.any_open());
    }
}

#[test]
fn row_15_a_special_procedure_without_limit_freezes_and_one_with_limit_moves_the_due_date_at_once()
{
    let without = in_special(SpecialKind::Other, 0);
    assert_eq!(without.case().state, State::SpecialProcedure);
    assert_eq!(due_day(&without.case().clocks.promise), None);
    let with = in_special(SpecialKind::Other, 3);
    assert_eq!(due_day(&with.case().clocks.promise), june(23));
}

#[test]
fn row_16_the_result_credits_the_days_up_to_the_limit_and_at_least_one() {
    for (limit, ended, credit, due) in [
        (0, "2017-06-14 10:00", 4, 26),
        (0, "2017-06-08 11:00", 1, 21),
        (3, "2017-06-09 10:00", 1, 21),
        (3, "2017-06-16 10:00", 3, 23),
    ] {
        let story = in_special(SpecialKind::Other, limit)
            .partner(with_serial("1", event(ended, special_ended(true))));
        assert_eq!(story.case().state, State::Handling);
        assert_eq!(
            story.case().suspensions[0].credited,
            Some(credit),
            "{ended}"
        );
        assert_eq!(due_day(&story.case().clocks.promise), june(due), "{ended}");
    }
}

#[test]
fn row_17_an_extension_that_was_not_approved_adds_nothing() {
    for limit in [0, 3] {
        let story = in_special(SpecialKind::Extension, limit).partner(with_serial(
            "1",
            event("2017-06-14 10:00", special_ended(false)),
        ));
        assert_eq!(story.case().state, State::Handling);
        assert_eq!(story.case().suspensions[0].credited, Some(0));
        assert_eq!(due_day(&story.case().clocks.promise), june(20));
    }
}

#[test]
fn row_17_is_for_extensions_only_another_procedure_keeps_its_days() {
    let story = in_special(SpecialKind::Other, 0).partner(with_serial(
        "1",
        event("2017-06-14 10:00", special_ended(false)),
    ));
    assert_eq!(story.warnings, [Warning::SpecialNotPassed]);
    assert_eq!(story.case().suspensions[0].credited, Some(4));
}

#[test]
fn row_18_completion_with_a_certificate_starts_the_delivery_clock() {
    for (policy, result, due) in [
        (DeliveryDue::WhenGranted, DecisionResult::Granted, true),
        (DeliveryDue::WhenGranted, DecisionResult::Completed, false),
        (DeliveryDue::WhenFinished, DecisionResult::Completed, true),
        (DeliveryDue::Never, DecisionResult::Granted, false),
    ] {
        let mut story = Story::accepted();
        story.rules.delivery_due = policy;
        let story = story.partner(event("2017-06-09 10:00", closed(result, "")));
        let clocks = &story.case().clocks;
        assert_eq!(story.case().state, State::Closed);
        assert!(clocks.promise.as_ref().unwrap().has_ended());
        assert!(clocks.statutory.as_ref().unwrap().has_ended());
        assert_eq!(clocks.delivery.is_some(), due, "{policy:?} {result:?}");
        if due {
            assert_eq!(due_day(&clocks.delivery), june(23));
        }
    }
}

#[test]
fn row_19_returned_void_and_deleted_need_a_reason_and_passed_on_does_not() {
    use DecisionResult as R;
    for (result, needs_reason) in [
        (R::Denied, true),
        (R::Void, true),
        (R::Deleted, true),
        (R::PassedOn, false),
    ] {
        let done = |reason| event("2017-06-09 10:00", closed(result, reason));
        if needs_reason {
            let rejection = Story::accepted().refuses_partner(done("-"));
            assert_eq!(rejection.code(), "reason_required", "{result:?}");
        } else {
            Story::accepted().partner(done(""));
        }
        let story = Story::accepted().partner(done("不符合条件"));
        assert_eq!(result_of(&story), result);
        assert!(!story.case().clocks.any_open());
    }
}

#[test]
fn row_19_passing_on_is_a_completion_or_a_step_as_the_partner_is_defined() {
    let forwarded = EventBody::Forwarded(Forwarding::default());
    for body in [closed(DecisionResult::PassedOn, ""), forwarded] {
        for (policy, state, kind) in [
            (PassedOn::Close, State::Closed, "closed"),
            (PassedOn::Step, State::Handling, "forwarded"),
        ] {
            let mut story = Story::accepted();
            story.rules.passed_on = policy;
            let story = story.partner(event("2017-06-09 10:00", body.clone()));
            assert_eq!(story.case().state, state);
            assert_eq!(story.case().applied[2].identity.kind, kind);
        }
    }
}

#[test]
fn row_20_a_wish_to_withdraw_changes_nothing_by_itself() {
    for story in [Story::submitted(), Story::accepted(), in_correction()] {
        let before = (story.case().state, story.case().clocks.clone());
        let story = story.applicant(event("2017-06-09 10:00", withdrawal_requested()));
        assert!(story.case().withdrawal_open());
        assert_eq!((story.case().state, story.case().clocks.clone()), before);
    }
}

#[test]
fn row_20a_the_partner_confirms_a_withdrawal_from_any_state_and_the_open_suspension_ends_with_it() {
    let asked = Story::submitted().partner(event(
        "2017-06-06 10:00",
        EventBody::PreCorrectionRequested(notice(None)),
    ));
    for story in [
        Story::submitted(),
        asked,
        Story::accepted(),
        in_correction(),
        in_special(SpecialKind::Other, 0),
    ] {
        for result in [DecisionResult::Void, DecisionResult::Withdrawn] {
            let story = story
                .clone()
                .applicant(event("2017-06-09 10:00", withdrawal_requested()))
                .partner(event("2017-06-12 10:00", closed(result, "")));
            assert_eq!(story.case().state, State::Closed);
            assert_eq!(result_of(&story), DecisionResult::Withdrawn);
            assert!(story.case().suspension.is_none() && !story.case().clocks.any_open());
        }
    }
}

#[test]
fn row_20a_the_hall_confirms_a_withdrawal_before_hand_over() {
    let story = Story::submitted().applicant(event("2017-06-05 10:00", withdrawal_requested()));
    let confirmed = event("2017-06-05 11:00", EventBody::Withdrawn(Reason::default()));
    let story = story.apply(
        confirmed.clone(),
        Reception::from_hall(confirmed.occurred_at, HandOver::NotYet),
    );
    assert_eq!(result_of(&story), DecisionResult::Withdrawn);
}

#[test]
fn row_20a_what_the_partner_recorded_first_wins_whichever_arrives_first() {
    let asked = || Story::accepted().applicant(event("2017-06-07 10:00", withdrawal_requested()));
    let granted = |when| event(when, closed(DecisionResult::Granted, ""));
    let withdrawn = |when| event(when, closed(DecisionResult::Withdrawn, ""));

    let decided_first = asked()
        .partner(withdrawn("2017-06-12 10:00"))
        .replayed(granted("2017-06-09 10:00"))
        .unwrap();
    assert_eq!(result_of(&decided_first), DecisionResult::Granted);
    assert_eq!(decided_first.warnings, [Warning::DecidedDespiteWithdrawal]);

    let withdrawn_first = asked()
        .partner(granted("2017-06-12 10:00"))
        .replayed(withdrawn("2017-06-09 10:00"))
        .unwrap();
    assert_eq!(result_of(&withdrawn_first), DecisionResult::Withdrawn);
    assert!(!withdrawn_first.case().clocks.any_open());

    let loser = asked().partner(granted("2017-06-09 10:00"));
    let rejection = loser.refuses_partner(withdrawn("2017-06-12 10:00"));
    assert_eq!(rejection.disposition(), Disposition::CompareDigest);
    let before_it_was_asked = loser.refuses_partner(withdrawn("2017-06-06 12:00"));
    assert_eq!(
        before_it_was_asked.disposition(),
        Disposition::CompareDigest
    );
}

#[test]
fn row_21_collection_stops_the_delivery_clock() {
    let story = Story::accepted()
        .partner(event(
            "2017-06-09 10:00",
            closed(DecisionResult::Granted, ""),
        ))
        .partner(event("2017-06-12 10:00", collected()));
    assert_eq!(story.case().state, State::Collected);
    assert_eq!(story.case().collected_at, Some(at("2017-06-12 10:00")));
    assert!(!story.case().clocks.any_open());
}

#[test]
fn row_22_an_ended_case_is_evaluated_once_and_stays_as_it_is() {
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
        let state = story.case().state;
        let story = story.applicant(event("2017-06-13 10:00", evaluated(1)));
        assert_eq!(story.case().state, state);
        assert_eq!(story.case().evaluation.as_ref().unwrap().level, 1);
    }
}

#[test]
fn row_23_a_higher_data_version_recomputes_the_case_in_any_state() {
    let story = in_correction()
        .partner(with_serial("1", event("2017-06-13 10:00", corrected())))
        .partner(event(
            "2017-06-15 10:00",
            closed(DecisionResult::Granted, ""),
        ));
    let earlier = with_version(2, event("2017-06-05 15:00", accepted()));
    let story = story.replayed(earlier).unwrap();
    let case = story.case();
    assert_eq!(case.state, State::Closed);
    assert_eq!(case.acceptance.as_ref().unwrap().at, at("2017-06-05 15:00"));
    assert_eq!(due_day(&case.clocks.promise), june(22));
    assert_eq!(case.applied[1].superseded_by, Some(6));
}
