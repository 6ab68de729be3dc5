//! Deliveries as workers see them: leases, fences, journals, outcomes.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::application::NewCase;
use crate::store::delivery::{DeliveryOutcome, DeliveryState, LeasedDelivery};
use serde_json::{Value, json};
use tongban_adapters::exchange::Operation;

pub async fn one_lease(subject: &dyn Subject) -> (SharedStore, LeasedDelivery) {
    let (store, _) = one_case(subject).await;
    let leased = lease(&store, 0).await.pop().unwrap();
    (store, leased)
}

pub async fn leave(
    store: &SharedStore,
    leased: &LeasedDelivery,
    code: &str,
    outcome: DeliveryOutcome,
) -> bool {
    store
        .finish(leased.id, leased.fence, attempt(code, 1), outcome, at(1))
        .await
        .unwrap()
}

pub async fn state(store: &SharedStore, id: i64) -> DeliveryState {
    let found = store.delivery(&Scope::Everything, id).await.unwrap();
    found.unwrap().summary.state
}

pub async fn a_delivery_is_leased_once_until_its_lease_ends(subject: &dyn Subject) {
    let (store, first) = one_lease(subject).await;
    assert_eq!(first.operation, Operation::Submit);
    assert_eq!((first.attempts, first.ask_first), (0, false));
    assert_eq!(first.created_at, at(0));
    assert_eq!(state(&store, first.id).await, DeliveryState::Sending);
    assert!(lease(&store, 59).await.is_empty());
    let again = lease(&store, 60).await.pop().unwrap();
    assert_eq!(again.id, first.id);
    assert!(again.fence > first.fence);
    assert_eq!(again.message_key, first.message_key);
}

pub async fn a_newer_lease_makes_every_older_fence_void(subject: &dyn Subject) {
    let (store, old) = one_lease(subject).await;
    let new = lease(&store, 60).await.pop().unwrap();
    let done = || DeliveryOutcome::Delivered { partner_no: None };
    assert!(
        !store
            .journal(old.id, old.fence, &json!({"begun": "x"}))
            .await
            .unwrap()
    );
    assert!(
        !store
            .attempt(old.id, old.fence, attempt("x", 1))
            .await
            .unwrap()
    );
    assert!(!leave(&store, &old, "accepted", done()).await);
    let record = store.delivery(&Scope::Everything, old.id).await.unwrap();
    assert!(record.unwrap().attempts.is_empty());
    assert!(leave(&store, &new, "accepted", done()).await);
    assert!(
        !leave(&store, &new, "accepted", done()).await,
        "left already"
    );
    assert_eq!(state(&store, old.id).await, DeliveryState::Delivered);
}

pub async fn a_lease_that_ended_with_a_step_begun_comes_back_asking(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    let journal = json!({"begun": "submit", "done": {"number": {"lsh": "1"}}});
    assert!(
        store
            .journal(leased.id, leased.fence, &journal)
            .await
            .unwrap()
    );
    for seconds in [60, 120] {
        let again = lease(&store, seconds).await.pop().unwrap();
        assert!(again.ask_first, "until an outcome is known, at {seconds}");
        assert!(again.interrupted, "nobody left a word, at {seconds}");
        assert_eq!(again.journal, journal);
    }
}

pub async fn a_lease_that_ended_before_anything_left_comes_back_plain(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    for (seconds, journal) in [
        (60, json!({"begun": "number"})),
        (120, json!({"begun": null, "done": {"number": {}}})),
    ] {
        store
            .journal(leased.id, leased.fence, &journal)
            .await
            .unwrap();
        if journal["begun"].is_null() {
            let again = lease(&store, seconds).await.pop().unwrap();
            assert!(!again.ask_first);
            assert_eq!(again.journal, journal);
        }
    }
}

pub async fn an_unknown_outcome_asks_first_and_a_known_one_does_not(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    store
        .journal(leased.id, leased.fence, &json!({"begun": "submit"}))
        .await
        .unwrap();
    let again = |seconds, unknown| DeliveryOutcome::Again {
        at: at(seconds),
        unknown,
    };
    assert!(leave(&store, &leased, "outcome_unknown", again(100, true)).await);
    assert_eq!(state(&store, leased.id).await, DeliveryState::Unknown);
    assert!(lease(&store, 99).await.is_empty());
    let asking = lease(&store, 100).await.pop().unwrap();
    assert!(asking.ask_first);
    assert_eq!(
        (asking.attempts, asking.journal["begun"].as_str()),
        (1, Some("submit"))
    );
    assert!(leave(&store, &asking, "unavailable", again(200, false)).await);
    assert_eq!(state(&store, leased.id).await, DeliveryState::Pending);
    let plain = lease(&store, 200).await.pop().unwrap();
    assert!(!plain.ask_first);
    assert!(plain.journal["begun"].is_null(), "its outcome is known");
}

pub async fn the_journal_and_the_message_come_back(subject: &dyn Subject) {
    let store = subject.store();
    let mut new = new_case();
    new.deliveries[0].message = json!({"text": NAME, "materials": []});
    submitted(&store, application_of(vec![new])).await;
    let leased = lease(&store, 0).await.pop().unwrap();
    assert_eq!(
        (&leased.message["text"], &leased.journal),
        (&json!(NAME), &Value::Null)
    );
    let journal = json!({"done": {"number": {"lsh": NAME}}});
    store
        .journal(leased.id, leased.fence, &journal)
        .await
        .unwrap();
    let again = lease(&store, 60).await.pop().unwrap();
    assert_eq!((again.journal, again.message), (journal, leased.message));
}

pub async fn a_delivered_one_keeps_the_partners_number(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    let rev = case(&store, &leased.case_no).await.rev;
    let partner_no = Some("YW-1".to_owned());
    assert!(
        leave(
            &store,
            &leased,
            "accepted",
            DeliveryOutcome::Delivered { partner_no }
        )
        .await
    );
    let now = case(&store, &leased.case_no).await;
    assert_eq!((now.partner_no.as_deref(), now.rev), (Some("YW-1"), rev));
    assert!(lease(&store, 1000).await.is_empty());
    assert_eq!(store.next_due().await.unwrap(), None);
}

pub async fn attempts_are_kept_byte_by_byte(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    assert!(
        store
            .attempt(leased.id, leased.fence, attempt("accepted", 1))
            .await
            .unwrap()
    );
    leave(&store, &leased, "refused", DeliveryOutcome::Dead).await;
    let record = store
        .delivery(&Scope::Everything, leased.id)
        .await
        .unwrap()
        .unwrap();
    let codes: Vec<_> = record.attempts.iter().map(|a| a.code.as_str()).collect();
    assert_eq!(codes, ["accepted", "refused"]);
    let expected = attempt("refused", 1);
    let kept = &record.attempts[1];
    assert_eq!(
        (&kept.sent, &kept.received),
        (&expected.sent, &expected.received)
    );
    assert_eq!(
        (&kept.words, kept.took_us, kept.at),
        (&expected.words, 1500, at(1))
    );
    assert_eq!(record.message_key, leased.message_key);
    let summary = record.summary;
    assert_eq!((summary.attempts, summary.state), (2, DeliveryState::Dead));
    assert_eq!(
        (summary.last_code.as_str(), &summary.last_words),
        ("refused", &expected.words)
    );
    assert_eq!(summary.next_at, None);
}

/// Cases of several systems with deliveries due from `seconds` on.
async fn filled(subject: &dyn Subject, plan: &[(&str, i64)]) -> SharedStore {
    let store = subject.store();
    for (system, seconds) in plan {
        let mut new = delivery(system, Operation::Submit);
        new.not_before = at(*seconds);
        let case = NewCase {
            system_id: Some((*system).to_owned()),
            deliveries: vec![new],
            ..new_case()
        };
        submitted(&store, application_of(vec![case])).await;
    }
    store
}

pub async fn a_lease_takes_the_oldest_within_its_limits(subject: &dyn Subject) {
    let plan = [("a", 5), ("a", 4), ("a", 3), ("b", 2), ("b", 1), ("c", 99)];
    let store = filled(subject, &plan).await;
    let taken = store
        .lease("w", at(10), MINUTE_US, 3, 2, &[])
        .await
        .unwrap();
    let systems: Vec<_> = taken.iter().map(|d| d.system_id.as_str()).collect();
    assert_eq!(systems, ["b", "b", "a"]);
    let taken = store
        .lease("w", at(10), MINUTE_US, 9, 1, &[])
        .await
        .unwrap();
    assert_eq!(taken.len(), 1);
    let taken = store
        .lease("w", at(10), MINUTE_US, 9, 9, &[])
        .await
        .unwrap();
    assert_eq!(taken.len(), 1);
    assert!(
        store
            .lease("w", at(10), MINUTE_US, 9, 9, &[])
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn a_busy_system_is_passed_over(subject: &dyn Subject) {
    let store = filled(subject, &[("a", 1), ("b", 2)]).await;
    let busy = ["a".to_owned()];
    let taken = store
        .lease("w", at(10), MINUTE_US, 9, 9, &busy)
        .await
        .unwrap();
    let systems: Vec<_> = taken.iter().map(|d| d.system_id.as_str()).collect();
    assert_eq!(systems, ["b"]);
}

pub async fn the_next_due_instant_is_known(subject: &dyn Subject) {
    let store = filled(subject, &[("a", 30), ("b", 20)]).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(20)));
    let taken = store
        .lease("w", at(20), 5_000_000, 9, 9, &[])
        .await
        .unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(
        store.next_due().await.unwrap(),
        Some(at(25)),
        "end of the lease"
    );
    store
        .set_paused(&Scope::Everything, "b", true, audit("system.pause"))
        .await
        .unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(30)));
}
