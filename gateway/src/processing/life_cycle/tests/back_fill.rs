//! The back-fill rule of domain 3.6.

use super::*;

fn asked() -> Story {
    Story::submitted().partner(event(
        "2017-06-06 10:00",
        EventBody::PreCorrectionRequested(notice(None)),
    ))
}

/// Adds what the rule allows before `held`, then applies it.
fn filled(mut story: Story, held: Event) -> Story {
    for added in predecessors(story.case(), &held, &story.rules).unwrap() {
        story = story.gateway(added);
    }
    story.partner(held)
}

#[test]
fn a_refusal_gets_its_approval_step_and_its_completion() {
    for body in [
        EventBody::PreRefused(because("材料不实")),
        EventBody::Refused(because("材料不实")),
    ] {
        let refused = event("2017-06-06 10:00", body);
        let mut story = Story::submitted().partner(refused.clone());
        let added = companions(story.case(), &refused);
        let kinds: Vec<_> = added.iter().map(|e| e.body.kind()).collect();
        assert_eq!(kinds, ["step", "closed"]);
        let EventBody::Step(approval) = &added[0].body else {
            panic!("a step comes first");
        };
        assert_eq!(
            (approval.step, approval.outcome),
            (StepKind::Approval, StepOutcome::Refused)
        );
        assert!(approval.opinion.starts_with(AUTOMATIC_OPINION));
        for companion in added {
            story = story.gateway(companion);
        }
        assert_eq!(story.case().state, State::Refused);
        assert_eq!(
            story.case().decision,
            None,
            "a refused case is not a decided one"
        );
        assert_eq!(companions(story.case(), &refused), [], "once is enough");
    }
}

#[test]
fn nothing_but_a_refusal_has_companions() {
    let story = Story::accepted();
    assert_eq!(
        companions(story.case(), &event("2017-06-06 10:00", accepted())),
        []
    );
}

#[test]
fn a_department_that_handles_a_case_has_accepted_it() {
    for body in [
        step(StepOutcome::Passed),
        special(SpecialKind::Other, 0),
        closed(DecisionResult::Granted, ""),
    ] {
        let story = filled(Story::submitted(), event("2017-06-08 10:00", body));
        let fact = story.case().acceptance.as_ref().unwrap();
        assert_eq!(fact.basis, AcceptanceBasis::BackFilled);
        assert_eq!(fact.at, at("2017-06-08 10:00"));
    }
}

#[test]
fn an_acceptance_that_arrives_after_all_takes_the_place_of_the_back_filled_one() {
    let story = filled(
        Story::submitted(),
        event("2017-06-08 10:00", closed(DecisionResult::Granted, "")),
    );
    let story = story
        .replayed(event("2017-06-07 10:00", accepted()))
        .unwrap();
    let fact = story.case().acceptance.as_ref().unwrap();
    assert_eq!(
        (fact.basis, fact.at),
        (AcceptanceBasis::Reported, at("2017-06-07 10:00"))
    );
    assert_eq!(due_day(&story.case().clocks.promise), june(21));
}

#[test]
fn an_immediate_completion_gets_acceptance_and_approval() {
    let rules = Rules {
        case_kind: CaseKind::Immediate,
        ..rules()
    };
    let done = event("2017-06-05 09:40", closed(DecisionResult::Completed, ""));
    let story = filled(Story::submitted_under(rules), done);
    let kinds: Vec<_> = story.records.iter().map(|r| r.event.body.kind()).collect();
    assert_eq!(kinds, ["applied", "accepted", "step", "closed"]);
    assert_eq!(story.case().state, State::Closed);
}

#[test]
fn who_decides_on_acceptance_has_the_corrections() {
    for (body, state) in [
        (pre_accepted(), State::PreAccepted),
        (accepted(), State::Handling),
        (EventBody::Refused(because("理由")), State::Refused),
        (step(StepOutcome::Passed), State::Handling),
    ] {
        let story = filled(asked(), event("2017-06-08 10:00", body));
        assert_eq!(story.case().state, state);
        assert_eq!(story.case().suspensions.len(), 1);
    }
}

#[test]
fn what_would_move_a_statutory_date_or_invent_a_decision_is_never_added() {
    let correcting = Story::accepted().partner(event(
        "2017-06-07 10:00",
        EventBody::CorrectionRequested(notice(None)),
    ));
    for (story, body) in [
        (Story::accepted(), corrected()),
        (Story::accepted(), special_ended(true)),
        (correcting, step(StepOutcome::Passed)),
        (Story::accepted(), collected()),
        (Story::accepted(), evaluated(1)),
        (Story::submitted(), closed(DecisionResult::Lapsed, "")),
        (Story::accepted(), closed(DecisionResult::Lapsed, "")),
        (Story::accepted(), closed(DecisionResult::Withdrawn, "")),
        (Story::submitted(), special_ended(true)),
    ] {
        let held = event("2017-06-08 10:00", body);
        assert_eq!(
            story.refuses_partner(held.clone()).disposition(),
            Disposition::Hold
        );
        let refusal = predecessors(story.case(), &held, &story.rules).unwrap_err();
        assert_eq!(refusal.event, held.body.kind());
    }
}
