//! Recomputations: begun once, walked in order, never moved by who is late.

use super::Subject;
use super::samples::{application_of, at, case, change, new_case, refused, submitted};
use crate::store::SharedStore;
use crate::store::case::ClockRow;
use crate::store::recomputation::{
    NewRecomputation, Recomputation, RecomputationCounts, RecomputationState, Touched,
};
use tongban_catalog::calendar::{Calendar, CalendarYear};

/// 2017 with one day off.
fn calendar(day: &str) -> Calendar {
    let year: CalendarYear = serde_json::from_value(serde_json::json!({
        "year": 2017, "version": 1,
        "source": [{"title": "国务院办公厅关于2017年部分节假日安排的通知", "published": "2016-12-01", "trust": "D"}],
        "ranges": [{"from": day, "to": day, "kind": "holiday", "name": {"zh": "端午节", "en": "Dragon Boat Festival"}}]
    }))
    .unwrap();
    Calendar::new(vec![year]).unwrap()
}

const TO_COME: Touched = Touched {
    due_from: jiff::Timestamp::UNIX_EPOCH,
    overdue: false,
};

fn new(after: Option<i64>, day: &str, touched: Touched) -> NewRecomputation {
    NewRecomputation {
        after,
        calendar: calendar(day),
        notices: vec!["国务院办公厅关于2017年部分节假日安排的通知".to_owned()],
        touched,
        total: 3,
        at: at(5),
    }
}

async fn newest(store: &SharedStore) -> Recomputation {
    store.recomputation().await.unwrap().unwrap()
}

/// A case in this state with these clocks; its number.
async fn with_clocks(store: &SharedStore, state: &str, clocks: &[(&str, i64)]) -> String {
    let mut new = new_case();
    new.projection.state = state.to_owned();
    new.projection.clocks = clocks
        .iter()
        .map(|(kind, seconds)| ClockRow {
            kind: (*kind).to_owned(),
            due_at: at(*seconds),
        })
        .collect();
    let stored = submitted(store, application_of(vec![new])).await;
    stored.cases[0].case_no.clone()
}

async fn walked(store: &SharedStore, touched: Touched, limit: u32) -> Vec<String> {
    let (mut numbers, mut last) = (Vec::new(), 0);
    loop {
        let cases = store
            .cases_to_recompute(touched, last, limit)
            .await
            .unwrap();
        let Some(end) = cases.last() else {
            return numbers;
        };
        assert!(cases.len() <= limit as usize);
        assert!(cases.iter().all(|case| case.row > last));
        last = end.row;
        numbers.extend(cases.into_iter().map(|case| case.case_no));
    }
}

pub async fn one_is_begun_by_one_node_and_comes_back_as_it_was(subject: &dyn Subject) {
    let store = subject.store();
    assert!(store.recomputation().await.unwrap().is_none());
    let touched = Touched {
        due_from: at(9),
        overdue: true,
    };
    assert!(
        store
            .begin_recomputation(new(None, "2017-05-29", touched))
            .await
            .unwrap()
    );
    assert!(
        !store
            .begin_recomputation(new(None, "2017-05-30", touched))
            .await
            .unwrap()
    );
    let store = subject.reopened().await;
    let begun = newest(&store).await;
    assert_eq!(begun.calendar, calendar("2017-05-29"));
    assert_eq!((begun.before, begun.last_case, begun.total), (None, 0, 3));
    assert_eq!(
        begun.notices,
        ["国务院办公厅关于2017年部分节假日安排的通知"]
    );
    assert_eq!(
        (begun.touched, begun.state),
        (touched, RecomputationState::Running)
    );
    assert_eq!((begun.started_at, begun.finished_at), (at(5), None));
}

pub async fn it_is_moved_only_from_where_it_stands(subject: &dyn Subject) {
    let store = subject.store();
    store
        .begin_recomputation(new(None, "2017-05-29", TO_COME))
        .await
        .unwrap();
    let id = newest(&store).await.id;
    let done = |looked_at, changed, failed| RecomputationCounts {
        looked_at,
        changed,
        failed,
    };
    assert!(
        store
            .advance_recomputation(id, (0, 7), done(2, 1, 0))
            .await
            .unwrap()
    );
    assert!(
        !store
            .advance_recomputation(id, (0, 9), done(2, 2, 0))
            .await
            .unwrap()
    );
    assert!(!store.finish_recomputation(id, 0, at(8)).await.unwrap());
    assert!(
        store
            .advance_recomputation(id, (7, 12), done(3, 1, 1))
            .await
            .unwrap()
    );
    let store = subject.reopened().await;
    let moved = newest(&store).await;
    assert_eq!((moved.last_case, moved.counts), (12, done(5, 2, 1)));
    assert!(store.finish_recomputation(id, 12, at(9)).await.unwrap());
    assert!(!store.finish_recomputation(id, 12, at(10)).await.unwrap());
    assert!(
        !store
            .advance_recomputation(id, (12, 13), done(1, 1, 0))
            .await
            .unwrap()
    );
    let ended = newest(&store).await;
    assert_eq!(
        (ended.state, ended.finished_at),
        (RecomputationState::Finished, Some(at(9)))
    );
}

pub async fn a_newer_one_ends_the_one_before(subject: &dyn Subject) {
    let store = subject.store();
    store
        .begin_recomputation(new(None, "2017-05-29", TO_COME))
        .await
        .unwrap();
    let first = newest(&store).await.id;
    assert!(
        store
            .begin_recomputation(new(Some(first), "2017-05-30", TO_COME))
            .await
            .unwrap()
    );
    let second = newest(&store).await;
    assert!(second.id > first);
    assert_eq!(second.before, Some(calendar("2017-05-29")));
    let late = store.advance_recomputation(first, (0, 5), RecomputationCounts::default());
    assert!(!late.await.unwrap(), "nobody goes on with the one before");
    assert!(
        !store
            .begin_recomputation(new(Some(first), "2017-05-31", TO_COME))
            .await
            .unwrap()
    );
}

pub async fn the_cases_whose_clocks_reach_the_changed_days_are_walked_once(subject: &dyn Subject) {
    let store = subject.store();
    let mut expected = Vec::new();
    for (state, clocks) in [
        ("handling", &[("promise", 50), ("statutory", 90)][..]),
        ("handling", &[("promise", 20)]),
        ("handling", &[("promise", 20), ("statutory", 31)]),
        ("closed", &[("delivery", 60)]),
        ("closed", &[]),
        ("submitted", &[("acceptance", 30)]),
    ] {
        let number = with_clocks(&store, state, clocks).await;
        if clocks.iter().any(|(_, due)| *due > 30) {
            expected.push(number);
        }
    }
    let touched = Touched {
        due_from: at(30),
        overdue: false,
    };
    for limit in [1, 2, 9] {
        assert_eq!(walked(&store, touched, limit).await, expected);
    }
    assert_eq!(store.cases_touched(touched).await.unwrap(), 3);
    // What moves on while it is walked is not met again.
    let first = case(&store, &expected[0]).await;
    let next = store.cases_to_recompute(touched, 0, 1).await.unwrap();
    let mut later = change(&first, vec![refused(1)], "handling");
    later.projection.clocks = vec![ClockRow {
        kind: "promise".to_owned(),
        due_at: at(900),
    }];
    store.change(later).await.unwrap();
    let rest = store
        .cases_to_recompute(touched, next[0].row, 9)
        .await
        .unwrap();
    assert_eq!(rest.len(), 2);
}

pub async fn where_the_changed_days_are_past_open_cases_without_a_clock_are_walked_too(
    subject: &dyn Subject,
) {
    let store = subject.store();
    let mut expected = Vec::new();
    for (state, clocks, walked) in [
        ("handling", &[("promise", 50)][..], true),
        ("handling", &[], true),
        ("submitted", &[], true),
        ("special_procedure", &[], true),
        ("closed", &[("delivery", 60)], true),
        ("closed", &[("delivery", 10)], false),
        ("refused", &[], false),
        ("collected", &[], false),
    ] {
        let number = with_clocks(&store, state, clocks).await;
        if walked {
            expected.push(number);
        }
    }
    let touched = Touched {
        due_from: at(30),
        overdue: true,
    };
    for limit in [1, 2, 9] {
        assert_eq!(walked(&store, touched, limit).await, expected);
    }
    assert_eq!(store.cases_touched(touched).await.unwrap(), 5);
}
