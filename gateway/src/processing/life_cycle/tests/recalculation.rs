//! A changed calendar: open clocks move, ended ones keep theirs.

use super::*;
use tongban_catalog::calendar::CalendarYear;

/// 2017 as announced around the Dragon Boat Festival: 28 to 30 May off, Saturday the 27th worked.
fn announced() -> Calendar {
    let year: CalendarYear = serde_json::from_str(
        r#"{"year": 2017, "version": 1,
            "source": [{"title": "国务院办公厅关于2017年部分节假日安排的通知", "published": "2016-12-01", "trust": "D"}],
            "ranges": [
              {"from": "2017-05-28", "to": "2017-05-30", "kind": "holiday", "name": {"zh": "端午节", "en": "Dragon Boat Festival"}},
              {"from": "2017-05-27", "to": "2017-05-27", "kind": "workday", "name": {"zh": "端午节", "en": "Dragon Boat Festival"}}]}"#,
    )
    .unwrap();
    Calendar::new(vec![year]).unwrap()
}

fn may(day: i8) -> Option<Date> {
    Some(Date::new(2017, 5, day).unwrap())
}

/// Received on Wednesday, 24 May, accepted on the 25th, with a promise of 3 working days.
fn accepted_in_may() -> Story {
    let rules = Rules {
        promise: Some(Limit::working_days(3)),
        ..rules()
    };
    Story::empty(rules)
        .applicant(event("2017-05-24 09:30", applied()))
        .partner(event("2017-05-25 10:00", accepted()))
}

fn recalculated(story: &Story, calendar: &Calendar) -> Result<Applied, Rejection> {
    let by = EventBody::Recalculated(Recalculation {
        calendar_version: calendar.version().to_owned(),
        notices: Vec::new(),
    });
    let event = with_serial(calendar.version(), event("2017-05-26 10:00", by));
    let reception = Reception::from_gateway(event.occurred_at);
    apply(
        Some(story.case()),
        &event,
        &reception,
        &story.rules,
        calendar,
    )
}

#[test]
fn a_new_calendar_moves_open_clocks_and_leaves_ended_ones() {
    let story = accepted_in_may();
    assert_eq!(due_day(&story.case().clocks.promise), may(30));
    let calendar = announced();
    let applied = recalculated(&story, &calendar).unwrap();
    let clocks = &applied.case.clocks;
    assert_eq!(due_day(&clocks.promise), may(31));
    assert_eq!(
        clocks.promise.as_ref().unwrap().calendar_version(),
        calendar.version()
    );
    assert_eq!(
        clocks.acceptance,
        story.case().clocks.acceptance,
        "an ended clock keeps its calendar"
    );
    assert_eq!(applied.case.state, State::Handling);
    assert_eq!(applied.case.seq, 3);
    let silently = recalculate(story.case(), &calendar).unwrap();
    assert_eq!(
        &silently.clocks, clocks,
        "asking gives what the event writes"
    );
}

#[test]
fn one_calendar_is_recalculated_for_once() {
    let story = accepted_in_may();
    let calendar = announced();
    let applied = recalculated(&story, &calendar).unwrap();
    let story = Story {
        state: Some(applied.case),
        ..story
    };
    let rejection = recalculated(&story, &calendar).unwrap_err();
    assert_eq!(rejection.disposition(), Disposition::CompareDigest);
}

#[test]
fn a_case_without_an_open_clock_is_not_recalculated() {
    let story = accepted_in_may().partner(event(
        "2017-05-25 16:00",
        closed(DecisionResult::Completed, ""),
    ));
    let rejection = recalculated(&story, &announced()).unwrap_err();
    assert_eq!(rejection.code(), "after_the_end");
}

#[test]
fn the_delivery_clock_of_a_closed_case_is_recalculated() {
    let story = accepted_in_may().partner(event(
        "2017-05-25 16:00",
        closed(DecisionResult::Granted, ""),
    ));
    let applied = recalculated(&story, &announced()).unwrap();
    assert_ne!(applied.case.clocks.delivery, story.case().clocks.delivery);
    assert_eq!(applied.case.clocks.promise, story.case().clocks.promise);
}

#[test]
fn a_case_is_counted_otherwise_once() {
    let story = accepted_in_may();
    let (before, after) = (calendar(), announced());
    let otherwise = |case: &CaseState| counted_otherwise(case, Some(&before), &after).unwrap();
    assert!(otherwise(story.case()));
    let applied = recalculated(&story, &after).unwrap();
    assert!(!otherwise(&applied.case), "it was counted by this one");
}

#[test]
fn other_days_with_the_same_end_are_another_derivation() {
    // Natural days count whatever they are; what they are reads otherwise.
    let by_natural_days = Rules {
        promise: Some(Limit::natural_days(10)),
        statutory: None,
        ..rules()
    };
    let story = Story::empty(by_natural_days)
        .applicant(event("2017-05-24 09:30", applied()))
        .partner(event("2017-05-25 10:00", accepted()));
    let after = announced();
    let moved = recalculate(story.case(), &after).unwrap();
    let due = |case: &CaseState| due_day(&case.clocks.promise);
    assert_eq!(due(&moved), due(story.case()));
    let known = counted_otherwise(story.case(), Some(&calendar()), &after);
    assert!(known.unwrap(), "the days read otherwise");
    let unknown = counted_otherwise(story.case(), None, &after);
    assert!(
        !unknown.unwrap(),
        "how it was counted before is not known, and it ends alike"
    );
}
