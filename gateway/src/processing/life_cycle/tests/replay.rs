//! Re-versions and recalculation.

use super::*;

fn closed_case() -> Story {
    Story::accepted()
        .partner(with_serial(
            "1",
            event("2017-06-07 10:00", step(StepOutcome::Passed)),
        ))
        .partner(event(
            "2017-06-09 10:00",
            closed(DecisionResult::Granted, ""),
        ))
}

#[test]
fn a_re_version_takes_the_place_of_the_first_report_and_the_next_number() {
    let amended = with_version(
        2,
        event("2017-06-09 10:00", closed(DecisionResult::Denied, "更正")),
    );
    let story = closed_case().replayed(amended).unwrap();
    let case = story.case();
    assert_eq!(case.seq, 5);
    assert_eq!(
        case.decision.as_ref().unwrap().result,
        DecisionResult::Denied
    );
    assert_eq!(
        case.clocks.delivery, None,
        "nothing of the first report is left"
    );
    assert_eq!(case.applied[3].superseded_by, Some(5));
}

#[test]
fn a_re_version_that_comes_twice_is_applied_once() {
    let amended = with_version(
        2,
        event("2017-06-09 10:00", closed(DecisionResult::Denied, "更正")),
    );
    let story = closed_case().replayed(amended.clone()).unwrap();
    let rejection = story.refuses_partner(amended.clone());
    assert_eq!(rejection, Rejection::Duplicate { of: vec![5] });
    let reception = Reception::from_partner(SYSTEM, amended.occurred_at);
    let again = re_version(
        &story.records,
        &amended,
        &reception,
        5,
        &story.rules,
        &calendar(),
    );
    assert_eq!(
        again.unwrap_err(),
        ReplayError::Rejected {
            seq: 6,
            rejection: Rejection::Duplicate { of: vec![5] }
        }
    );
}

#[test]
fn re_versions_of_one_report_follow_each_other() {
    let at_version =
        |version, when| with_version(version, event(when, closed(DecisionResult::Granted, "")));
    let story = closed_case()
        .replayed(at_version(2, "2017-06-12 10:00"))
        .unwrap()
        .replayed(at_version(4, "2017-06-13 10:00"))
        .unwrap();
    assert_eq!(
        story.case().decision.as_ref().unwrap().at,
        at("2017-06-13 10:00")
    );
    let late = story.refuses_partner(at_version(3, "2017-06-12 11:00"));
    assert_eq!(late, Rejection::Superseded { by: 6, version: 4 });
}

#[test]
fn a_re_version_after_which_a_later_event_does_not_apply_is_rejected_as_a_whole() {
    let too_late = with_version(2, event("2017-06-12 10:00", accepted()));
    let story = closed_case();
    let error = story
        .replayed(too_late)
        .map(|s| s.case().state)
        .unwrap_err();
    let ReplayError::Rejected { seq, rejection } = error else {
        panic!("{error}");
    };
    assert_eq!((seq, rejection.code()), (3, "occurred_before_state"));
}

#[test]
fn a_re_version_may_turn_acceptance_into_refusal_when_nothing_hangs_on_it() {
    let refused = with_version(
        2,
        event("2017-06-06 10:00", EventBody::Refused(because("误受理"))),
    );
    let story = Story::accepted().replayed(refused.clone()).unwrap();
    assert_eq!(story.case().state, State::Refused);
    assert_eq!(story.case().acceptance, None);
    assert!(closed_case().replayed(refused).is_err());
}

#[test]
fn a_re_version_of_a_refusal_takes_its_companions_ground_away() {
    let refused = event("2017-06-06 10:00", EventBody::Refused(because("材料不实")));
    let mut story = Story::submitted().partner(refused.clone());
    for companion in companions(story.case(), &refused) {
        story = story.gateway(companion);
    }
    let accepted = with_version(2, event("2017-06-06 10:00", accepted()));
    let story = story.replayed(accepted).unwrap();
    assert_eq!(story.case().state, State::Handling);
    assert_eq!(story.case().decision, None);
    assert_eq!(story.case().seq, 5);
    let in_force = |story: &Story| story.case().seq_in_force(&["step", "closed"]);
    assert_eq!(
        in_force(&story),
        None,
        "what has lost its ground is not in force"
    );
    let refused_again = with_version(3, refused);
    let again = story.clone().replayed(refused_again.clone()).unwrap();
    assert_eq!(again.case().state, State::Refused);
    assert_eq!(in_force(&again), Some(4), "and is, when the ground returns");
    assert_eq!(companions(again.case(), &refused_again), []);
    story.partner(event(
        "2017-06-09 10:00",
        closed(DecisionResult::Granted, ""),
    ));
}

#[test]
fn a_re_version_keeps_what_the_applicant_did() {
    let story = closed_case().applicant(event("2017-06-12 10:00", evaluated(2)));
    let amended = with_version(
        2,
        event("2017-06-08 10:00", closed(DecisionResult::Granted, "")),
    );
    let story = story.replayed(amended).unwrap();
    assert_eq!(story.case().evaluation.as_ref().unwrap().level, 2);
}

#[test]
fn a_history_with_a_gap_or_a_wrong_claim_does_not_fold() {
    let story = closed_case();
    let mut gap = story.records.clone();
    gap.remove(2);
    assert_eq!(
        fold(&gap, &story.rules, &calendar()).unwrap_err(),
        ReplayError::Gap {
            expected: 3,
            found: 4
        }
    );
    let mut claim = story.records.clone();
    claim[3].supersedes = Some(9);
    assert_eq!(
        fold(&claim, &story.rules, &calendar()).unwrap_err(),
        ReplayError::NotInForce {
            seq: 4,
            supersedes: 9
        }
    );
    assert_eq!(
        fold(&[], &story.rules, &calendar()).unwrap_err(),
        ReplayError::Empty
    );
}
