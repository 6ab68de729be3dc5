//! Deliveries as operators see them.

use super::Subject;
use super::deliveries::{leave, one_lease, state};
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::application::NewCase;
use crate::store::delivery::{
    DeliveryFilter, DeliveryOutcome, DeliveryState, Look, QueueDepth, SystemTerms,
};
use tongban_adapters::exchange::Operation;

fn all() -> DeliveryFilter {
    DeliveryFilter::default()
}

fn in_state(states: &[DeliveryState]) -> DeliveryFilter {
    DeliveryFilter {
        states: states.to_vec(),
        ..all()
    }
}

async fn pause(store: &SharedStore, system: &str, paused: bool) {
    store
        .set_paused(&Scope::Everything, system, paused, audit("system.pause"))
        .await
        .unwrap();
}

pub async fn a_paused_system_is_held_and_resumes_where_it_stood(subject: &dyn Subject) {
    let (store, _) = one_case(subject).await;
    pause(&store, SYSTEM, true).await;
    pause(&store, SYSTEM, true).await;
    assert_eq!(store.paused().await.unwrap(), [SYSTEM]);
    assert!(lease(&store, 100).await.is_empty());
    let held = store
        .deliveries(&Scope::Everything, &in_state(&[DeliveryState::Held]))
        .await
        .unwrap();
    assert_eq!((held.len(), held[0].state), (1, DeliveryState::Held));
    let pending = in_state(&[DeliveryState::Pending]);
    assert!(
        store
            .deliveries(&Scope::Everything, &pending)
            .await
            .unwrap()
            .is_empty()
    );
    pause(&store, SYSTEM, false).await;
    assert!(store.paused().await.unwrap().is_empty());
    assert_eq!(
        store
            .deliveries(&Scope::Everything, &pending)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(lease(&store, 100).await.len(), 1);
}

/// Three cases: one dead at `a` with code `refused`, one pending at `a`, one pending at `b`.
async fn three(subject: &dyn Subject) -> (SharedStore, Vec<String>, Vec<i64>) {
    let store = subject.store();
    let mut numbers = Vec::new();
    for (system, seconds) in [("a", 0), ("a", 50), ("b", 60)] {
        let mut new = delivery(system, Operation::Submit);
        new.not_before = at(seconds);
        let case = NewCase {
            system_id: Some(system.to_owned()),
            deliveries: vec![new],
            ..new_case()
        };
        let mut application = application_of(vec![case]);
        application.submitted_at = at(seconds);
        numbers.push(submitted(&store, application).await.application_no);
    }
    let first = lease(&store, 0).await.pop().unwrap();
    leave(&store, &first, "refused", DeliveryOutcome::Dead).await;
    let lines = store.deliveries(&Scope::Everything, &all()).await.unwrap();
    let ids = lines.iter().map(|d| d.id).collect();
    (store, numbers, ids)
}

pub async fn a_list_is_filtered_by_every_field(subject: &dyn Subject) {
    let (store, numbers, ids) = three(subject).await;
    let cases = [
        (all(), vec![0, 1, 2]),
        (
            DeliveryFilter {
                ids: vec![ids[1], ids[2]],
                ..all()
            },
            vec![1, 2],
        ),
        (
            DeliveryFilter {
                system_id: Some("a".to_owned()),
                ..all()
            },
            vec![0, 1],
        ),
        (
            DeliveryFilter {
                case_no: Some(numbers[2].clone()),
                ..all()
            },
            vec![2],
        ),
        (
            DeliveryFilter {
                last_code: Some("refused".to_owned()),
                ..all()
            },
            vec![0],
        ),
        (DeliveryFilter { limit: 2, ..all() }, vec![0, 1]),
        (in_state(&[DeliveryState::Dead]), vec![0]),
        (
            in_state(&[DeliveryState::Dead, DeliveryState::Pending]),
            vec![0, 1, 2],
        ),
        (in_state(&[DeliveryState::Delivered]), vec![]),
        (
            DeliveryFilter {
                system_id: Some("a".to_owned()),
                ..in_state(&[DeliveryState::Pending])
            },
            vec![1],
        ),
    ];
    for (filter, expected) in cases {
        let lines = store.deliveries(&Scope::Everything, &filter).await.unwrap();
        let found: Vec<_> = lines.iter().map(|d| d.id).collect();
        let expected: Vec<_> = expected.iter().map(|i: &usize| ids[*i]).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let line = &store.deliveries(&Scope::Everything, &all()).await.unwrap()[1];
    assert_eq!((line.next_at, line.created_at), (Some(at(50)), at(50)));
    assert_eq!(
        (&line.case_no, line.operation),
        (&numbers[1], Operation::Submit)
    );
}

pub async fn a_count_ignores_the_limit(subject: &dyn Subject) {
    let (store, _, _) = three(subject).await;
    let filter = DeliveryFilter { limit: 1, ..all() };
    let counted = store.count_deliveries(&Scope::Everything, &filter).await;
    assert_eq!(counted.unwrap(), (3, Some(at(0))));
    let pending = in_state(&[DeliveryState::Pending]);
    let counted = store.count_deliveries(&Scope::Everything, &pending).await;
    assert_eq!(counted.unwrap(), (2, Some(at(50))));
    let none = in_state(&[DeliveryState::Delivered]);
    let counted = store.count_deliveries(&Scope::Everything, &none).await;
    assert_eq!(counted.unwrap(), (0, None));
}

async fn retry(store: &SharedStore, filter: &DeliveryFilter) -> u64 {
    store
        .retry(&Scope::Everything, filter, at(70), audit("delivery.retry"))
        .await
        .unwrap()
}

pub async fn dead_ones_are_retried_asking_when_their_outcome_was_unknown(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    leave(&store, &leased, "outcome_unknown", DeliveryOutcome::Dead).await;
    let pending = in_state(&[DeliveryState::Pending]);
    assert_eq!(retry(&store, &pending).await, 0, "the filter still counts");
    assert_eq!(retry(&store, &all()).await, 1);
    assert_eq!(retry(&store, &all()).await, 0, "none is dead any more");
    assert!(lease(&store, 69).await.is_empty());
    let asking = lease(&store, 70).await.pop().unwrap();
    assert!(asking.ask_first);
    assert_eq!(
        (asking.attempts, asking.message_key.clone()),
        (1, leased.message_key)
    );
    leave(&store, &asking, "refused", DeliveryOutcome::Dead).await;
    assert_eq!(retry(&store, &all()).await, 1);
    let plain = lease(&store, 70).await.pop().unwrap();
    assert!(!plain.ask_first, "a refusal is a known outcome");
}

pub async fn only_dead_and_pending_ones_are_discarded(subject: &dyn Subject) {
    let (store, _, ids) = three(subject).await;
    let not_of_a = |system: &str| SystemTerms {
        here: if system == "a" { 0 } else { 9 },
        ..SystemTerms::up_to(9)
    };
    let sending = store
        .lease(Look {
            terms: std::sync::Arc::new(not_of_a),
            ..Look::with("w", at(60), MINUTE_US, 9, SystemTerms::up_to(9))
        })
        .await
        .unwrap()
        .deliveries;
    assert_eq!(sending[0].id, ids[2]);
    let gone = store
        .discard(
            &Scope::Everything,
            &all(),
            at(61),
            audit("delivery.discard"),
        )
        .await
        .unwrap();
    assert_eq!(gone, 2);
    let expected = [
        DeliveryState::Discarded,
        DeliveryState::Discarded,
        DeliveryState::Sending,
    ];
    for (id, expected) in ids.iter().zip(expected) {
        assert_eq!(state(&store, *id).await, expected);
    }
    assert!(lease(&store, 65).await.is_empty());
}

pub async fn the_depth_of_every_queue_is_known(subject: &dyn Subject) {
    let (store, _, _) = three(subject).await;
    let depth = |system: &str, waiting, dead, oldest| QueueDepth {
        system_id: system.to_owned(),
        waiting,
        dead,
        oldest: Some(at(oldest)),
    };
    let expected = [depth("a", 1, 1, 50), depth("b", 1, 0, 60)];
    assert_eq!(store.depths().await.unwrap(), expected);
}

pub async fn every_operator_act_leaves_its_audit_row(subject: &dyn Subject) {
    let (store, _, _) = three(subject).await;
    let mut why = audit("delivery.discard");
    why.actor = "operator".to_owned();
    why.note = "the partner asked for it".to_owned();
    store
        .discard(&Scope::Everything, &all(), at(1), why.clone())
        .await
        .unwrap();
    retry(&store, &all()).await;
    pause(&store, "a", true).await;
    let rows = audits(&store).await;
    let acts: Vec<_> = rows
        .iter()
        .map(|r| r.audit.action.as_str())
        .skip(3)
        .collect();
    assert_eq!(acts, ["delivery.discard", "delivery.retry", "system.pause"]);
    assert_eq!(
        (&rows[3].audit.actor, &rows[3].audit.note),
        (&why.actor, &why.note)
    );
    assert_eq!(rows[5].audit.target, "a");
}
