//! What is the same event, what waits, and what a rejection says.

use super::*;
use crate::text::Language;

#[test]
fn the_same_identity_is_a_duplicate_and_names_the_applied_event() {
    let story = Story::accepted();
    let rejection = story.refuses_partner(event("2017-06-06 10:00", accepted()));
    assert_eq!(rejection, Rejection::Duplicate { of: vec![2] });
    assert_eq!(rejection.disposition(), Disposition::CompareDigest);
}

#[test]
fn another_system_or_serial_is_another_event() {
    let first = with_serial("1", event("2017-06-07 10:00", step(StepOutcome::Passed)));
    let story = Story::accepted().partner(first.clone());
    let second = with_serial("2", first.clone());
    let other_system = Reception::from_partner("zhuhai-platform", first.occurred_at);
    let story = story.partner(second).apply(first, other_system);
    assert_eq!(story.case().seq, 5);
}

#[test]
fn a_lower_data_version_than_the_one_in_force_changes_nothing() {
    let story = Story::submitted().partner(with_version(2, event("2017-06-06 10:00", accepted())));
    let rejection = story.refuses_partner(event("2017-06-06 09:00", accepted()));
    assert_eq!(rejection, Rejection::Superseded { by: 2, version: 2 });
    assert_eq!(rejection.disposition(), Disposition::Acknowledge);
}

#[test]
fn an_event_whose_predecessor_is_missing_waits_and_names_what_unblocks_it() {
    let handled = || Story::accepted();
    let asked = || {
        Story::submitted().partner(event(
            "2017-06-06 10:00",
            EventBody::PreCorrectionRequested(notice(None)),
        ))
    };
    let correcting = || {
        handled().partner(event(
            "2017-06-07 10:00",
            EventBody::CorrectionRequested(notice(None)),
        ))
    };
    let granted = || closed(DecisionResult::Granted, "");
    let cases: [(Story, EventBody, &[&str]); 16] = [
        (Story::submitted(), step(StepOutcome::Passed), &["accepted"]),
        (Story::submitted(), granted(), &["accepted"]),
        (
            Story::submitted(),
            special(SpecialKind::Other, 0),
            &["accepted"],
        ),
        (Story::submitted(), special_ended(true), &["accepted"]),
        (
            Story::submitted(),
            corrected(),
            &["pre_correction_requested", "correction_requested"],
        ),
        (
            Story::submitted(),
            EventBody::Resubmitted(Supplement::default()),
            &["pre_correction_requested"],
        ),
        (
            Story::submitted(),
            closed(DecisionResult::Lapsed, ""),
            &["pre_correction_requested"],
        ),
        (asked(), pre_accepted(), &["resubmitted", "corrected"]),
        (asked(), accepted(), &["resubmitted", "corrected"]),
        (asked(), granted(), &["resubmitted", "corrected"]),
        (correcting(), step(StepOutcome::Passed), &["corrected"]),
        (handled(), corrected(), &["correction_requested"]),
        (handled(), special_ended(true), &["special_started"]),
        (
            handled(),
            closed(DecisionResult::Lapsed, ""),
            &["correction_requested"],
        ),
        (handled(), collected(), &["closed"]),
        (handled(), evaluated(1), &["closed"]),
    ];
    for (story, body, expected) in cases {
        let kind = body.kind();
        let rejection = story.refuses_partner(event("2017-06-08 10:00", body));
        let Rejection::MissingPredecessor { unblocked_by, .. } = &rejection else {
            panic!("{kind} in {:?}: {rejection}", story.case().state);
        };
        assert_eq!(unblocked_by, &expected, "{kind}");
        assert_eq!(rejection.disposition(), Disposition::Hold);
    }
}

#[test]
fn an_event_that_waited_applies_once_its_predecessor_has_come() {
    let done = event("2017-06-07 10:00", closed(DecisionResult::Completed, ""));
    let story = Story::submitted();
    assert_eq!(
        story.refuses_partner(done.clone()).disposition(),
        Disposition::Hold
    );
    let story = story
        .partner(event("2017-06-06 10:00", accepted()))
        .partner(done);
    assert_eq!(story.case().state, State::Closed);
}

#[test]
fn a_held_event_waits_exactly_as_long_as_the_rules_say() {
    let rules = Rules {
        hold_seconds: 90,
        ..rules()
    };
    assert_eq!(
        rules.held_until(at("2017-06-05 09:30:00")),
        at("2017-06-05 09:31:30")
    );
}

#[test]
fn a_rejection_says_in_both_languages_what_was_wrong() {
    let rejection = Story::submitted().refuses_partner(event("2017-06-06 10:00", granted_step()));
    assert_eq!(
        rejection.say(Language::English),
        "step needs one of accepted first, and the case is submitted; it is held until then."
    );
    assert!(rejection.say(Language::Chinese).contains("accepted"));
    for language in [Language::Chinese, Language::English] {
        assert!(!rejection.say(language).contains('{'));
    }
}

fn granted_step() -> EventBody {
    step(StepOutcome::Passed)
}
