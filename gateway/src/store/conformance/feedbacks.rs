//! Messages of partners: known by their key, held, rejected, applied once.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::case::{
    ChangeOutcome, FeedbackState, NewFeedback, NewUnread, UNREAD_BYTES_MAX, UNREAD_OF_SYSTEM_MAX,
};

pub async fn a_held_message_waits_in_order_of_occurrence(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = &case.case_no;
    for (serial, occurred, until) in [("late", 9, 100), ("early", 3, 200)] {
        let new = NewFeedback {
            held_until: Some(at(until)),
            ..held(no, serial, occurred)
        };
        assert!(store.record_feedback(new).await.unwrap());
    }
    let waiting = store.held(no).await.unwrap();
    let serials: Vec<_> = waiting.iter().map(|f| f.key.serial.as_str()).collect();
    assert_eq!(serials, ["early", "late"]);
    assert_eq!(waiting[0].event, acceptance("early", 3));
    assert_eq!(waiting[0].key, key(no, "early"));
    assert_eq!(waiting[0].held_until, Some(at(200)));
    assert!(store.held_due(at(99), 9).await.unwrap().is_empty());
    assert_eq!(store.held_due(at(300), 9).await.unwrap().first(), Some(no));
    assert!(store.held("no such case").await.unwrap().is_empty());
}

pub async fn a_message_is_recorded_once(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = &case.case_no;
    assert!(store.record_feedback(held(no, "1", 1)).await.unwrap());
    assert!(!store.record_feedback(held(no, "1", 2)).await.unwrap());
    assert_eq!(store.held(no).await.unwrap().len(), 1);
    let known = store.feedback(&key(no, "1")).await.unwrap().unwrap();
    assert_eq!(
        (known.state, known.received_at),
        (FeedbackState::Held, at(1))
    );
    assert!(store.feedback(&key(no, "2")).await.unwrap().is_none());
    assert!(
        store
            .record_feedback(rejected(no, "3", "clock_skew"))
            .await
            .unwrap()
    );
    assert!(
        !store
            .record_feedback(rejected(no, "3", "clock_skew"))
            .await
            .unwrap()
    );
    let known = store.feedback(&key(no, "3")).await.unwrap().unwrap();
    assert_eq!(
        (known.state, known.reason_code.as_str()),
        (FeedbackState::Rejected, "clock_skew")
    );
}

pub async fn a_conflicting_message_is_rejected_and_visible(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = &case.case_no;
    store
        .change(change(&case, vec![accepted(no, "1", 1)], "handling"))
        .await
        .unwrap();
    for new in [held(no, "1", 2), rejected(no, "1", "conflict")] {
        let other = NewFeedback {
            digest: [new.reason_code.len() as u8; 32],
            ..new
        };
        assert!(store.record_feedback(other).await.unwrap());
    }
    assert!(
        store.held(no).await.unwrap().is_empty(),
        "nothing waits beside what was applied"
    );
    let seen = store.rejected(&Scope::Everything, None, 9).await.unwrap();
    let codes: Vec<_> = seen.iter().map(|f| f.reason_code.as_str()).collect();
    assert_eq!(codes, ["conflict", "conflicting_duplicate"], "newest first");
    let standing = store.feedback(&key(no, "1")).await.unwrap().unwrap();
    assert_eq!(standing.state, FeedbackState::Applied);
}

pub async fn a_held_message_is_applied_with_a_change(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = &case.case_no;
    store.record_feedback(held(no, "1", 1)).await.unwrap();
    let id = store.held(no).await.unwrap()[0].id;
    let mut new = change(&case, vec![accepted(no, "1", 1)], "handling");
    new.settled = vec![(id, FeedbackState::Applied, String::new())];
    assert_eq!(
        store.change(new).await.unwrap(),
        ChangeOutcome::Applied { rev: 2 }
    );
    assert!(store.held(no).await.unwrap().is_empty());
    let known = store.feedback(&key(no, "1")).await.unwrap().unwrap();
    assert_eq!((known.id, known.state), (id, FeedbackState::Applied));
    assert!(store.held_due(at(1000), 9).await.unwrap().is_empty());
}

pub async fn a_held_message_of_another_content_makes_the_change_a_duplicate(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = &case.case_no;
    let other = NewFeedback {
        digest: [8; 32],
        ..held(no, "1", 1)
    };
    store.record_feedback(other).await.unwrap();
    let new = change(&case, vec![accepted(no, "1", 1)], "handling");
    assert_eq!(store.change(new).await.unwrap(), ChangeOutcome::Duplicate);
    assert_eq!(events(&store, no).await.len(), 1);
}

pub async fn a_message_of_an_unknown_case_is_kept_and_visible_to_its_system_alone(
    subject: &dyn Subject,
) {
    let store = subject.store();
    let unknown = rejected("no such case", "1", "unknown_case");
    assert!(store.record_feedback(unknown).await.unwrap());
    let seen = |scope: Scope| {
        let store = store.clone();
        async move { store.rejected(&scope, None, 9).await.unwrap() }
    };
    let all = seen(Scope::Everything).await;
    assert_eq!(all[0].key, key("no such case", "1"));
    assert_eq!(all[0].event, acceptance("1", 0));
    assert_eq!(seen(Scope::System(SYSTEM.to_owned())).await.len(), 1);
    assert!(seen(Scope::System("other".to_owned())).await.is_empty());
    assert!(seen(Scope::Subject(OWNER.to_owned())).await.is_empty());
    let organisation = [ORGANISATION.to_owned()].into();
    assert!(seen(Scope::Organisations(organisation)).await.is_empty());
    let held = held("no such case", "2", 0);
    assert!(
        store.record_feedback(held).await.is_err(),
        "nothing would ever release it"
    );
}

pub async fn a_rejected_message_may_be_applied_later(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = &case.case_no;
    store
        .record_feedback(rejected(no, "1", "gave_up"))
        .await
        .unwrap();
    let new = change(&case, vec![accepted(no, "1", 1)], "handling");
    assert_eq!(
        store.change(new).await.unwrap(),
        ChangeOutcome::Applied { rev: 2 }
    );
    let known = store.feedback(&key(no, "1")).await.unwrap().unwrap();
    assert_eq!(known.state, FeedbackState::Applied);
    assert!(
        store
            .rejected(&Scope::Everything, None, 9)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn held_messages_are_given_up_with_a_change(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = &case.case_no;
    store.record_feedback(held(no, "1", 1)).await.unwrap();
    store.record_feedback(held(no, "2", 2)).await.unwrap();
    let id = store.held(no).await.unwrap()[0].id;
    let mut new = change(&case, Vec::new(), "submitted");
    new.settled = vec![(id, FeedbackState::Rejected, "waited_too_long".to_owned())];
    store.change(new).await.unwrap();
    let left = store.held(no).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].key.serial, "2");
    let seen = store.rejected(&Scope::Everything, Some(SYSTEM), 9).await;
    assert_eq!(seen.unwrap()[0].reason_code, "waited_too_long");
    let none = store.rejected(&Scope::Everything, Some("other"), 9).await;
    assert!(none.unwrap().is_empty());
}

fn unread(case_no: &str, reason: &str, second: i64) -> NewUnread {
    NewUnread {
        system_id: SYSTEM.to_owned(),
        case_no: case_no.to_owned(),
        way: "callback",
        code: "unknown_code".to_owned(),
        reason: reason.to_owned(),
        received_at: at(second),
        bytes: b"not understood".to_vec(),
    }
}

pub async fn what_was_not_understood_is_kept_once_and_counted(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = case.case_no.as_str();
    for (case_no, reason, second) in [(no, "77", 1), (no, "77", 5), (no, "78", 2), ("", "77", 3)] {
        store
            .record_unread(unread(case_no, reason, second))
            .await
            .unwrap();
    }
    let all = store
        .unread(&Scope::Everything, Some(SYSTEM), 9)
        .await
        .unwrap();
    let seen: Vec<_> = all
        .iter()
        .map(|u| {
            (
                u.case_no.as_str(),
                u.reason.as_str(),
                u.times,
                u.first_at,
                u.last_at,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("", "77", 1, at(3), at(3)),
            (no, "78", 1, at(2), at(2)),
            (no, "77", 2, at(1), at(5)),
        ]
    );
    assert_eq!(all[0].bytes, b"not understood");
    let scope = Scope::System("another".to_owned());
    assert!(store.unread(&scope, None, 9).await.unwrap().is_empty());
    assert_eq!(
        store
            .unread(&Scope::Everything, None, 2)
            .await
            .unwrap()
            .len(),
        2
    );
}

pub async fn what_was_not_understood_is_bounded_in_bytes_and_number(subject: &dyn Subject) {
    let store = subject.store();
    let long = NewUnread {
        bytes: vec![7; UNREAD_BYTES_MAX + 1],
        ..unread("", "long", 1)
    };
    store.record_unread(long).await.unwrap();
    let kept = store.unread(&Scope::Everything, None, 1).await.unwrap();
    assert_eq!(kept[0].bytes.len(), UNREAD_BYTES_MAX);
    for nth in 0..UNREAD_OF_SYSTEM_MAX {
        store
            .record_unread(unread("", &nth.to_string(), 2))
            .await
            .unwrap();
    }
    let limit = 2 * UNREAD_OF_SYSTEM_MAX;
    let kept = store.unread(&Scope::Everything, None, limit).await.unwrap();
    assert_eq!(kept.len(), UNREAD_OF_SYSTEM_MAX as usize);
    assert_ne!(kept.last().unwrap().reason, "long", "the oldest goes");
}

pub async fn what_waits_is_listed_until_it_is_settled(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let no = &case.case_no;
    assert!(store.record_feedback(held(no, "1", 1)).await.unwrap());
    assert!(
        store
            .record_feedback(rejected(no, "3", "clock_skew"))
            .await
            .unwrap()
    );
    let waiting = store.waiting(&Scope::Everything, None, 9).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].key, key(no, "1"));
    let scope = Scope::System("another".to_owned());
    assert!(store.waiting(&scope, None, 9).await.unwrap().is_empty());
}
