//! The checker is fed broken runs and must complain of each; of a right one it says nothing.

use super::*;
use crate::observed::{EventSeen, OpenDelivery};
use serde_json::json;

const NO: &str = "1013130050069885741344040020170605000011";

fn events(types: &[&str]) -> Vec<EventSeen> {
    (1..)
        .zip(types)
        .map(|(seq, kind)| EventSeen {
            seq,
            kind: (*kind).to_owned(),
            supersedes: None,
        })
        .collect()
}

fn attempt() -> AttemptSeen {
    AttemptSeen {
        at: "2026-01-05T01:02:03Z".to_owned(),
        step: "submit".to_owned(),
        code: "timeout".to_owned(),
        words: "no answer within 2 s".to_owned(),
    }
}

/// One application with a supplement, and everything right.
fn right() -> (Vec<Told>, Observed) {
    let told = Told {
        key: "key-1".to_owned(),
        kind: "soap",
        numbers: vec![NO.to_owned(), NO.to_owned()],
        query_code: "code".to_owned(),
        intent: Intent::Supplement,
        supplemented: true,
        withdrawn: false,
    };
    let case = CaseSeen {
        no: NO.to_owned(),
        status: 200,
        state: "closed".to_owned(),
        result: "completed".to_owned(),
        events: events(&[
            "applied",
            "accepted",
            "correction_requested",
            "supplemented",
            "corrected",
            "step",
            "closed",
        ]),
        clocks: Vec::new(),
    };
    let partner = PartnerCase {
        kind: "soap".to_owned(),
        number: NO.to_owned(),
        effects: 1,
        supplement_effects: vec![1],
        requests: ["submit", "query", "supplement", "supplement"]
            .map(str::to_owned)
            .to_vec(),
        ..PartnerCase::default()
    };
    let seen = Observed {
        stored: 1,
        cases: vec![case],
        partners: vec![partner],
        ..Observed::default()
    };
    (vec![told], seen)
}

/// The kinds of violations after `spoil` has spoiled a right run.
fn found(spoil: impl FnOnce(&mut Vec<Told>, &mut Observed)) -> Vec<&'static str> {
    let (mut told, mut seen) = right();
    spoil(&mut told, &mut seen);
    let verdict = check(&told, &seen);
    verdict.violations.iter().map(|v| v.kind).collect()
}

#[test]
fn a_right_run_has_no_violation() {
    let (told, seen) = right();
    let verdict = check(&told, &seen);
    assert_eq!(verdict.violations, []);
    let counts = Counts {
        acknowledged: 1,
        stored: 1,
        delivered_once: 1,
        events_applied: 7,
        ..Counts::default()
    };
    assert_eq!(verdict.counts, counts);
}

#[test]
fn what_was_acknowledged_and_is_not_stored_is_lost() {
    assert_eq!(
        found(|_, seen| seen.cases[0].status = 404),
        ["acknowledged_and_lost"]
    );
    let kinds = found(|_, seen| {
        seen.cases.clear();
        seen.stored = 0;
    });
    assert_eq!(kinds, ["stored_twice", "acknowledged_and_lost"]);
}

#[test]
fn a_key_with_two_numbers_is_stored_twice() {
    let kinds = found(|told, _| told[0].numbers.push("other".to_owned()));
    assert_eq!(kinds, ["stored_twice"]);
    assert_eq!(found(|_, seen| seen.stored = 2), ["stored_twice"]);
}

#[test]
fn a_number_of_two_keys_is_given_twice() {
    let kinds = found(|told, seen| {
        let mut other = told[0].clone();
        other.key = "key-2".to_owned();
        told.push(other);
        seen.stored = 2;
    });
    assert_eq!(kinds, ["number_given_twice"]);
}

#[test]
fn a_case_at_a_partner_that_nobody_was_told_of_is_stored_twice() {
    let kinds = found(|_, seen| {
        let mut stray = seen.partners[0].clone();
        stray.number = "stray".to_owned();
        seen.partners.push(stray);
    });
    assert_eq!(kinds, ["stored_twice"]);
}

#[test]
fn what_no_partner_has_was_not_delivered() {
    assert_eq!(
        found(|_, seen| seen.partners.clear()),
        ["acknowledged_and_not_delivered"]
    );
    assert_eq!(
        found(|_, seen| seen.partners[0].supplement_effects.clear()),
        ["acknowledged_and_not_delivered"]
    );
    let kinds = found(|told, seen| {
        told[0].intent = Intent::Withdraw;
        (told[0].supplemented, told[0].withdrawn) = (false, true);
        seen.cases[0].result = "withdrawn".to_owned();
        seen.cases[0].events = events(&[
            "applied",
            "accepted",
            "correction_requested",
            "withdrawal_requested",
            "closed",
        ]);
    });
    assert_eq!(kinds, ["acknowledged_and_not_delivered"]);
}

#[test]
fn an_effect_twice_is_seen_of_each_kind() {
    assert_eq!(
        found(|_, seen| seen.partners[0].effects = 2),
        ["effect_twice"]
    );
    assert_eq!(
        found(|_, seen| seen.partners[0].effects = 0),
        ["effect_twice"]
    );
    assert_eq!(
        found(|_, seen| seen.partners[0].supplement_effects = vec![2]),
        ["effect_twice"]
    );
    assert_eq!(
        found(|_, seen| seen.partners[0].withdrawal_effects = 2),
        ["effect_twice"]
    );
    let kinds = found(|_, seen| {
        let other = seen.partners[0].clone();
        seen.partners.push(other);
    });
    assert_eq!(kinds, ["effect_twice"]);
}

#[test]
fn an_order_that_broke_on_the_wire_or_in_the_timeline_is_seen() {
    let kinds = found(|_, seen| {
        seen.partners[0].requests = ["supplement", "submit"].map(str::to_owned).to_vec();
    });
    assert_eq!(kinds, ["order_broken"]);
    let kinds = found(|_, seen| {
        seen.cases[0].events.swap(3, 4);
        seen.cases[0].events[3].seq = 4;
        seen.cases[0].events[4].seq = 5;
    });
    assert_eq!(kinds, ["order_broken"]);
}

#[test]
fn a_hole_and_a_double_in_the_timeline_are_seen() {
    assert_eq!(
        found(|_, seen| seen.cases[0].events[6].seq = 8),
        ["timeline_hole"]
    );
    let kinds = found(|_, seen| {
        seen.cases[0].events.push(EventSeen {
            seq: 8,
            kind: "step".to_owned(),
            supersedes: None,
        });
    });
    assert_eq!(kinds, ["event_twice"]);
}

#[test]
fn an_event_that_took_the_place_of_another_is_no_double() {
    let kinds = found(|_, seen| {
        seen.cases[0].events.push(EventSeen {
            seq: 8,
            kind: "closed".to_owned(),
            supersedes: Some(7),
        });
    });
    assert_eq!(kinds, [] as [&str; 0]);
}

#[test]
fn a_lost_event_is_seen_unless_it_is_listed_as_late() {
    let drop_step = |seen: &mut Observed| {
        seen.cases[0].events.remove(5);
        seen.cases[0].events[5].seq = 6;
    };
    assert_eq!(found(|_, seen| drop_step(seen)), ["event_lost"]);
    let kinds = found(|_, seen| {
        drop_step(seen);
        seen.refused.push(Refused {
            case_no: NO.to_owned(),
            kind: "step".to_owned(),
            code: "after_the_end".to_owned(),
        });
    });
    assert_eq!(kinds, [] as [&str; 0]);
    let kinds = found(|_, seen| {
        drop_step(seen);
        seen.refused.push(Refused {
            case_no: "another".to_owned(),
            kind: "step".to_owned(),
            code: "after_the_end".to_owned(),
        });
    });
    assert_eq!(kinds, ["event_lost"], "of another case");
}

#[test]
fn a_notice_that_overtook_its_acceptance_is_answered_by_handing_in_again() {
    let overtaken = |seen: &mut Observed, types: &[&str]| seen.cases[0].events = events(types);
    let kinds = found(|_, seen| {
        overtaken(
            seen,
            &[
                "applied",
                "correction_requested",
                "resubmitted",
                "accepted",
                "step",
                "closed",
            ],
        );
    });
    assert_eq!(kinds, [] as [&str; 0]);
    let kinds = found(|_, seen| {
        overtaken(
            seen,
            &[
                "applied",
                "correction_requested",
                "resubmitted",
                "step",
                "closed",
            ],
        );
    });
    assert_eq!(kinds, ["event_lost"], "the acceptance was acknowledged");
}

#[test]
fn an_event_from_nowhere_and_a_wrong_result_are_seen() {
    let kinds = found(|_, seen| {
        seen.cases[0].events.push(EventSeen {
            seq: 8,
            kind: "lapsed".to_owned(),
            supersedes: None,
        });
    });
    assert_eq!(kinds, ["event_from_nowhere"]);
    assert_eq!(
        found(|_, seen| seen.cases[0].result = "denied".to_owned()),
        ["wrong_result"]
    );
}

#[test]
fn a_case_without_an_end_and_a_delivery_without_one_are_seen() {
    assert_eq!(
        found(|_, seen| seen.cases[0].state = "handling".to_owned()),
        ["no_end"]
    );
    let kinds = found(|_, seen| {
        seen.open.push(OpenDelivery {
            id: 1,
            case_no: NO.to_owned(),
            operation: "supplement".to_owned(),
            state: "dead".to_owned(),
            code: "outcome_unknown".to_owned(),
            attempts: vec![attempt()],
        });
    });
    assert_eq!(kinds, ["delivery_open"]);
}

#[test]
fn an_open_delivery_is_told_with_its_attempts() {
    let (told, mut seen) = right();
    seen.open.push(OpenDelivery {
        id: 7,
        case_no: NO.to_owned(),
        operation: "submit".to_owned(),
        state: "unknown".to_owned(),
        code: "timeout".to_owned(),
        attempts: vec![attempt(), attempt()],
    });
    let verdict = check(&told, &seen);
    let attempts: Vec<_> = verdict.violations.iter().map(|v| &v.attempts).collect();
    assert_eq!(attempts, [&vec![attempt(), attempt()]]);
}

#[test]
fn a_refused_withdrawal_is_open_unless_the_partner_had_ended_the_case_before() {
    let refused = |seen: &mut Observed| {
        seen.open.push(OpenDelivery {
            id: 1,
            case_no: NO.to_owned(),
            operation: "withdraw".to_owned(),
            state: "dead".to_owned(),
            code: "refused".to_owned(),
            attempts: Vec::new(),
        });
    };
    assert_eq!(found(|_, seen| refused(seen)), ["delivery_open"]);
    let kinds = found(|told, seen| {
        refused(seen);
        told[0].intent = Intent::SupplementThenWithdraw;
    });
    assert_eq!(kinds, [] as [&str; 0]);
}

#[test]
fn a_complaint_of_the_partner_is_seen() {
    let kinds = found(|_, seen| {
        seen.partners[0].complaints = vec!["材料1的MD5不符".to_owned()];
    });
    assert_eq!(kinds, ["partner_complains"]);
}

#[test]
fn a_deadline_that_its_derivation_does_not_give_is_seen() {
    let kinds = found(|_, seen| {
        seen.cases[0].clocks =
            vec![json!({"clock": "acceptance", "due": {"date": "2017-06-12"}, "derivation": {}})];
    });
    assert_eq!(kinds, ["deadline_not_recomputable"]);
}
