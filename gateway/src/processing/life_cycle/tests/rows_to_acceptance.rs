//! Rows 1 – 9 and 24 of domain table 9.2.

use super::*;

#[test]
fn row_01_an_application_begins_a_case_and_the_acceptance_clock_counts_from_the_next_day() {
    let case = Story::submitted().state.unwrap();
    assert_eq!(case.state, State::Submitted);
    assert_eq!(case.submitted_at, at("2017-06-05 09:30"));
    assert_eq!(due_day(&case.clocks.acceptance), june(12));
    assert_eq!(case.clocks.promise, None);
}

#[test]
fn row_02_pre_acceptance_leaves_the_acceptance_clock_running() {
    let story = Story::submitted();
    let before = story.case().clocks.clone();
    let story = story.partner(event("2017-06-06 10:00", pre_accepted()));
    assert_eq!(story.case().state, State::PreAccepted);
    assert_eq!(story.case().clocks, before);
}

#[test]
fn row_03_refusal_at_pre_acceptance_ends_the_case_and_needs_a_reason() {
    let refused = |reason| event("2017-06-06 10:00", EventBody::PreRefused(because(reason)));
    for nothing in ["", " ", "无", "-"] {
        let rejection = Story::submitted().refuses_partner(refused(nothing));
        assert_eq!(rejection.code(), "reason_required");
    }
    let story = Story::submitted().partner(refused("不属于本机关职权"));
    assert_eq!(story.case().state, State::Refused);
    assert_eq!(
        story.case().refusal.as_ref().unwrap().reason,
        "不属于本机关职权"
    );
    assert!(!story.case().clocks.any_open());
}

#[test]
fn row_04_a_notice_before_acceptance_stops_the_acceptance_clock_by_message_1_or_7() {
    for body in [
        EventBody::PreCorrectionRequested(notice(None)),
        EventBody::CorrectionRequested(notice(None)),
    ] {
        for story in [
            Story::submitted(),
            Story::submitted().partner(event("2017-06-06 09:00", pre_accepted())),
        ] {
            let story = story.partner(event("2017-06-06 10:00", body.clone()));
            assert_eq!(story.case().state, State::PreCorrection);
            assert!(!story.case().clocks.any_open());
        }
    }
}

#[test]
fn row_05_the_answer_starts_the_acceptance_clock_anew() {
    let asked = Story::submitted().partner(with_serial(
        "1",
        event(
            "2017-06-07 10:00",
            EventBody::PreCorrectionRequested(notice(None)),
        ),
    ));
    let resubmitted = EventBody::Resubmitted(Supplement::default());
    for story in [
        asked
            .clone()
            .applicant(event("2017-06-14 20:00", resubmitted)),
        asked.partner(with_serial("1", event("2017-06-14 20:00", corrected()))),
    ] {
        assert_eq!(story.case().state, State::Submitted);
        assert_eq!(due_day(&story.case().clocks.acceptance), june(21));
        assert_eq!(story.case().received_on, at("2017-06-14 20:00"));
        assert_eq!(story.case().suspensions.len(), 1);
    }
}

#[test]
fn row_06_an_unanswered_notice_before_acceptance_lapses_by_rule_or_by_completion_5() {
    let rules = Rules {
        lapse: Some(Limit::working_days(10)),
        ..rules()
    };
    let asked = Story::submitted_under(rules).partner(event(
        "2017-06-07 10:00",
        EventBody::PreCorrectionRequested(notice(None)),
    ));
    let by_rule = event("2017-06-22 00:00", EventBody::Lapsed(because("逾期未补正")));
    let by_partner = event("2017-06-09 10:00", closed(DecisionResult::Lapsed, ""));
    for story in [asked.clone().gateway(by_rule), asked.partner(by_partner)] {
        assert_eq!(story.case().state, State::Closed);
        assert_eq!(
            story.case().decision.as_ref().unwrap().result,
            DecisionResult::Lapsed
        );
        assert!(!story.case().clocks.any_open());
    }
}

#[test]
fn row_07_acceptance_stops_the_acceptance_clock_and_starts_promise_and_statutory_limit() {
    for story in [
        Story::submitted(),
        Story::submitted().partner(event("2017-06-06 09:00", pre_accepted())),
    ] {
        let story = story.partner(event("2017-06-06 10:00", accepted()));
        let case = story.case();
        assert_eq!(case.state, State::Handling);
        assert!(case.clocks.acceptance.as_ref().unwrap().has_ended());
        assert_eq!(due_day(&case.clocks.promise), june(20));
        assert_eq!(
            due_day(&case.clocks.statutory),
            Some(Date::constant(2017, 7, 4))
        );
        let fact = case.acceptance.as_ref().unwrap();
        assert_eq!(fact.basis, AcceptanceBasis::Reported);
        assert_eq!(fact.document_no.as_deref(), Some("SL-1"));
    }
}

#[test]
fn row_08_refusal_at_acceptance_ends_the_case_and_warns_without_a_reason() {
    for story in [
        Story::submitted(),
        Story::submitted().partner(event("2017-06-06 09:00", pre_accepted())),
    ] {
        let refused = |reason| event("2017-06-06 10:00", EventBody::Refused(because(reason)));
        let with_reason = story.clone().partner(refused("材料不实"));
        assert_eq!(with_reason.case().state, State::Refused);
        assert!(!with_reason.case().clocks.any_open());
        assert_eq!(with_reason.warnings, []);
        assert_eq!(
            story.partner(refused("无")).warnings,
            [Warning::RefusedWithoutReason]
        );
    }
}

#[test]
fn row_09_silence_counts_as_acceptance_on_the_day_of_receipt() {
    let silent = event(
        "2017-06-13 00:00",
        EventBody::DeemedAccepted(Remark::default()),
    );
    let story = Story::submitted().gateway(silent.clone());
    let case = story.case();
    assert_eq!(case.state, State::Handling);
    let fact = case.acceptance.as_ref().unwrap();
    assert_eq!(fact.basis, AcceptanceBasis::Deemed);
    assert_eq!(fact.at, at("2017-06-05 09:30"));
    assert_eq!(due_day(&case.clocks.promise), june(19));

    let alert_only = Story::submitted_under(Rules {
        silence: SilencePolicy::Alert,
        ..rules()
    });
    let rejection = alert_only.refuses(&silent, &Reception::from_gateway(silent.occurred_at));
    assert_eq!(rejection.code(), "not_deemed");
    let early = event(
        "2017-06-12 23:59",
        EventBody::DeemedAccepted(Remark::default()),
    );
    let rejection = Story::submitted().refuses(&early, &Reception::from_gateway(early.occurred_at));
    assert_eq!(rejection.code(), "not_deemed");
}

#[test]
fn row_09_acceptance_reported_later_confirms_and_moves_no_clock() {
    let deemed = Story::submitted().gateway(event(
        "2017-06-13 00:00",
        EventBody::DeemedAccepted(Remark::default()),
    ));
    let clocks = deemed.case().clocks.clone();
    let story = deemed.partner(event("2017-06-14 10:00", accepted()));
    assert_eq!(story.warnings, [Warning::AcceptedAfterDeemed]);
    assert_eq!(story.case().clocks, clocks);
    let fact = story.case().acceptance.as_ref().unwrap();
    assert_eq!(fact.document_no.as_deref(), Some("SL-1"));
    assert_eq!(fact.basis, AcceptanceBasis::Deemed);
}

#[test]
fn row_09_acceptance_in_time_that_arrives_late_takes_the_place_of_the_deemed_one() {
    let deemed = Story::submitted().gateway(event(
        "2017-06-13 00:00",
        EventBody::DeemedAccepted(Remark::default()),
    ));
    let story = deemed
        .replayed(event("2017-06-09 10:00", accepted()))
        .unwrap();
    assert_eq!(
        story.case().acceptance.as_ref().unwrap().at,
        at("2017-06-09 10:00")
    );
    assert_eq!(due_day(&story.case().clocks.promise), june(23));
}

fn immediate() -> Rules {
    Rules {
        case_kind: CaseKind::Immediate,
        ..rules()
    }
}

#[test]
fn row_24_the_completion_of_an_immediate_case_stands_for_its_acceptance() {
    let story = Story::submitted_under(immediate()).partner(event(
        "2017-06-05 09:40",
        closed(DecisionResult::Completed, ""),
    ));
    let case = story.case();
    assert_eq!(case.state, State::Closed);
    let fact = case.acceptance.as_ref().unwrap();
    assert_eq!(
        (fact.basis, fact.at),
        (AcceptanceBasis::Immediate, at("2017-06-05 09:40"))
    );
    assert!(!case.clocks.any_open());
}

#[test]
fn row_24_acceptance_step_and_completion_of_an_immediate_case_arrive_in_any_order() {
    let two = event("2017-06-05 09:35", accepted());
    let three = event("2017-06-05 09:38", step(StepOutcome::Passed));
    let four = event("2017-06-05 09:40", closed(DecisionResult::Completed, ""));
    for order in [
        [&two, &three, &four],
        [&four, &two, &three],
        [&four, &three, &two],
    ] {
        let story = order
            .into_iter()
            .fold(Story::submitted_under(immediate()), |story, e| {
                story.apply(
                    e.clone(),
                    Reception::from_partner(SYSTEM, at("2017-06-05 09:41")),
                )
            });
        assert_eq!(story.case().state, State::Closed);
        let fact = story.case().acceptance.as_ref().unwrap();
        assert_eq!(
            (fact.basis, fact.at),
            (AcceptanceBasis::Reported, two.occurred_at)
        );
        assert_eq!(story.case().decision.as_ref().unwrap().at, four.occurred_at);
    }
    let once_more = with_serial("2", event("2017-06-05 09:36", accepted()));
    let story = Story::submitted_under(immediate())
        .partner(two)
        .partner(four);
    assert_eq!(story.refuses_partner(once_more).code(), "after_the_end");
}

#[test]
fn row_24_what_lies_before_the_receipt_or_after_the_decision_does_not_belong_to_the_completion() {
    let story = Story::submitted_under(immediate()).partner(event(
        "2017-06-05 10:00",
        closed(DecisionResult::Completed, ""),
    ));
    for (when, received) in [
        ("2017-06-05 09:24:59", "2017-06-05 10:00"),
        ("2017-06-05 10:05:01", "2017-06-05 11:00"),
    ] {
        let stray = event(when, step(StepOutcome::Passed));
        let rejection = story.refuses(&stray, &Reception::from_partner(SYSTEM, at(received)));
        assert_eq!(rejection.disposition(), Disposition::Refuse, "{when}");
    }
}
