//! What each partner last did.

use super::Subject;
use super::deliveries::{leave, one_lease};
use super::samples::*;
use crate::store::delivery::DeliveryOutcome;
use crate::store::overview::{LastFailure, SystemFacts};

fn nothing(system: &str) -> SystemFacts {
    SystemFacts {
        system_id: system.to_owned(),
        last_success: None,
        last_failure: None,
        next_at: None,
    }
}

pub async fn what_a_system_last_did_is_known(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    let asked = [SYSTEM.to_owned(), "no-such-system".to_owned()];
    let again = DeliveryOutcome::Again {
        at: at(90),
        unknown: false,
    };
    leave(&store, &leased, "not_sent", again).await;
    let facts = store.system_facts(&asked).await.unwrap();
    assert_eq!(facts[1], nothing("no-such-system"));
    let failure = facts[0].last_failure.clone().unwrap();
    assert_eq!(
        (failure.delivery_id, failure.code.as_str()),
        (leased.id, "not_sent")
    );
    assert_eq!(
        (facts[0].last_success, facts[0].next_at),
        (None, Some(at(90)))
    );
    let leased = lease(&store, 90).await.pop().unwrap();
    leave(&store, &leased, "refused", DeliveryOutcome::Dead).await;
    let facts = store.system_facts(&asked).await.unwrap();
    let LastFailure { code, .. } = facts[0].last_failure.clone().unwrap();
    assert_eq!((code.as_str(), facts[0].next_at), ("refused", None));
}

pub async fn a_success_is_known_and_what_it_ended_is_no_failure_any_more(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    let delivered = DeliveryOutcome::Delivered { partner_no: None };
    leave(&store, &leased, "accepted", delivered).await;
    let facts = store.system_facts(&[SYSTEM.to_owned()]).await.unwrap();
    assert!(facts[0].last_success.is_some());
    assert_eq!(
        (facts[0].last_failure.clone(), facts[0].next_at),
        (None, None)
    );
}
