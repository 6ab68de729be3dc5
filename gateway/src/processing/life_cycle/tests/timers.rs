//! What time alone brings about.

use super::*;

fn due(story: &Story, now: &str) -> Vec<DueAction> {
    due_actions(story.case(), at(now), &story.rules, &calendar())
}

#[test]
fn silence_is_acceptance_from_the_end_of_the_last_day() {
    let story = Story::submitted();
    assert_eq!(due(&story, "2017-06-12 23:59:59"), []);
    let actions = due(&story, "2017-06-20 08:00");
    let [DueAction::Apply(deemed)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!(
        deemed.occurred_at,
        at("2017-06-13 00:00"),
        "however late the timer is"
    );
    let received = Reception::from_gateway(at("2017-06-20 08:00"));
    let story = story.clone().apply((**deemed).clone(), received);
    assert_eq!(
        story.case().acceptance.as_ref().unwrap().basis,
        AcceptanceBasis::Deemed
    );
    assert_eq!(due(&story, "2017-06-20 08:00"), []);
}

#[test]
fn an_item_that_only_alerts_changes_nothing() {
    let story = Story::submitted_under(Rules {
        silence: SilencePolicy::Alert,
        ..rules()
    });
    let expected = DueAction::AlertAcceptance {
        due: at("2017-06-13 00:00"),
    };
    assert_eq!(due(&story, "2017-06-13 00:00"), [expected]);
}

#[test]
fn an_unanswered_notice_lapses_by_its_own_limit_or_the_rules_one_and_never_without_a_rule() {
    for (rule, limit, lapses) in [
        (None, Some(3), None),
        (
            Some(Limit::working_days(10)),
            None,
            Some("2017-06-21 00:00"),
        ),
        (
            Some(Limit::working_days(10)),
            Some(3),
            Some("2017-06-10 00:00"),
        ),
    ] {
        let story = Story::submitted_under(Rules {
            lapse: rule,
            ..rules()
        })
        .partner(event(
            "2017-06-06 10:00",
            EventBody::PreCorrectionRequested(notice(limit)),
        ));
        assert_eq!(
            next_due(story.case(), &story.rules, &calendar()),
            lapses.map(at)
        );
        let actions = due(&story, "2017-06-30 10:00");
        assert_eq!(actions.len(), usize::from(lapses.is_some()));
        if let [DueAction::Apply(lapsed)] = &actions[..] {
            let story = story.clone().gateway((**lapsed).clone());
            assert_eq!(
                story.case().decision.as_ref().unwrap().result,
                DecisionResult::Lapsed
            );
        }
    }
}

#[test]
fn nobody_lapses_a_case_before_its_time() {
    let story = Story::submitted_under(Rules {
        lapse: Some(Limit::working_days(10)),
        ..rules()
    })
    .partner(event(
        "2017-06-06 10:00",
        EventBody::PreCorrectionRequested(notice(None)),
    ));
    let early = event("2017-06-20 23:59", EventBody::Lapsed(because("逾期")));
    let rejection = story.refuses(&early, &Reception::from_gateway(early.occurred_at));
    assert_eq!(rejection.code(), "not_lapsed");
}

#[test]
fn a_case_that_is_handled_or_ended_waits_for_no_timer() {
    let accepted = Story::accepted();
    let ended = Story::accepted().partner(event(
        "2017-06-09 10:00",
        closed(DecisionResult::Granted, ""),
    ));
    for story in [accepted, ended] {
        assert_eq!(due(&story, "2018-01-01 00:00"), []);
        assert_eq!(next_due(story.case(), &story.rules, &calendar()), None);
    }
}
