//! Alerts: one a partner, and messages that are sent by one node at a time.

use super::Subject;
use super::samples::at;
use crate::store::alert::{MessageOutcome, NewAlert};

const BOTH: &[&str] = &["webhook", "email"];
const LEASE_US: i64 = 30_000_000;

fn new(system: &str, seconds: i64) -> NewAlert {
    NewAlert {
        system_id: system.to_owned(),
        kind: "oldest",
        value: 1_900,
        bound: 1_800,
        at: at(seconds),
    }
}

pub async fn an_alert_is_raised_once_until_it_is_resolved(subject: &dyn Subject) {
    let store = subject.store();
    assert!(store.raise_alert(new("a", 0), BOTH, at(0)).await.unwrap());
    assert!(!store.raise_alert(new("a", 1), BOTH, at(1)).await.unwrap());
    assert!(store.raise_alert(new("b", 1), BOTH, at(1)).await.unwrap());
    let store = subject.reopened().await;
    let open = store.open_alerts().await.unwrap();
    let systems: Vec<_> = open
        .iter()
        .map(|a| (a.system_id.as_str(), a.opened_at))
        .collect();
    assert_eq!(systems, [("a", at(0)), ("b", at(1))]);
    let leased = store
        .lease_alert_messages(BOTH, at(2), LEASE_US, 9)
        .await
        .unwrap();
    assert_eq!(leased.len(), 4, "a message to each channel for each alert");
    assert!(store.resolve_alert(open[0].id, at(5), at(5)).await.unwrap());
    assert!(!store.resolve_alert(open[0].id, at(6), at(6)).await.unwrap());
    let again = store
        .lease_alert_messages(BOTH, at(5), LEASE_US, 9)
        .await
        .unwrap();
    let words: Vec<_> = again
        .iter()
        .map(|m| (m.word.as_str(), m.channel.as_str()))
        .collect();
    assert_eq!(words, [("resolved", "webhook"), ("resolved", "email")]);
    assert_eq!(again[0].alert.resolved_at, Some(at(5)));
    assert!(store.raise_alert(new("a", 9), BOTH, at(9)).await.unwrap());
}

pub async fn who_heard_of_no_alert_does_not_hear_that_it_is_over(subject: &dyn Subject) {
    let store = subject.store();
    // Raised in a quiet time, over before its end.
    assert!(store.raise_alert(new("a", 0), BOTH, at(500)).await.unwrap());
    let id = store.open_alerts().await.unwrap()[0].id;
    assert!(store.resolve_alert(id, at(100), at(500)).await.unwrap());
    let due = store
        .lease_alert_messages(BOTH, at(600), LEASE_US, 9)
        .await
        .unwrap();
    assert_eq!(due, []);
}

pub async fn a_message_is_with_one_node_until_its_lease_ends(subject: &dyn Subject) {
    let store = subject.store();
    store
        .raise_alert(new("a", 0), &["webhook"], at(0))
        .await
        .unwrap();
    let lease = async |seconds| {
        let leased = store
            .lease_alert_messages(BOTH, at(seconds), LEASE_US, 9)
            .await;
        leased.unwrap().pop()
    };
    let first = lease(0).await.unwrap();
    assert_eq!((first.attempts, lease(29).await), (1, None));
    let second = lease(30).await.unwrap();
    assert_eq!((second.id, second.attempts), (first.id, 2));
    let late = store.settle_alert_message(first.id, first.fence, MessageOutcome::Sent);
    assert!(!late.await.unwrap(), "its fence is void");
    let again = MessageOutcome::Again(at(40));
    assert!(
        store
            .settle_alert_message(second.id, second.fence, again)
            .await
            .unwrap()
    );
    assert_eq!(lease(39).await, None);
    let third = lease(40).await.unwrap();
    assert!(
        store
            .settle_alert_message(third.id, third.fence, MessageOutcome::Sent)
            .await
            .unwrap()
    );
    assert_eq!(lease(999).await, None);
    let none = store
        .lease_alert_messages(&["email"], at(999), LEASE_US, 9)
        .await;
    assert_eq!(none.unwrap(), []);
}
