//! The outbox: order within a case and system, and what makes room in it.

use super::Subject;
use super::deliveries::{leave, state};
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::case::ChangeOutcome;
use crate::store::delivery::{DeliveryFilter, DeliveryOutcome, DeliveryState, LeasedDelivery};
use tongban_adapters::exchange::Operation::{self, Submit, Supplement, Withdraw};

/// A case with these deliveries.
async fn queue(subject: &dyn Subject, plan: &[(&str, Operation)]) -> (SharedStore, String) {
    let store = subject.store();
    let mut new = new_case();
    new.deliveries = plan.iter().map(|(s, o)| delivery(s, *o)).collect();
    let stored = submitted(&store, application_of(vec![new])).await;
    (store, stored.application_no)
}

async fn only(store: &SharedStore, seconds: i64) -> LeasedDelivery {
    let mut leased = lease(store, seconds).await;
    assert_eq!(leased.len(), 1, "at {seconds}");
    leased.pop().unwrap()
}

fn delivered() -> DeliveryOutcome {
    DeliveryOutcome::Delivered { partner_no: None }
}

pub async fn order_is_kept_within_one_case_and_system(subject: &dyn Subject) {
    let plan = [(SYSTEM, Submit), (SYSTEM, Supplement), (SYSTEM, Withdraw)];
    let (store, no) = queue(subject, &plan).await;
    let first = only(&store, 0).await;
    assert_eq!(first.operation, Submit);
    assert!(lease(&store, 1).await.is_empty(), "the first is under way");
    let later = DeliveryOutcome::Again {
        at: at(500),
        unknown: false,
    };
    leave(&store, &first, "unavailable", later).await;
    assert!(
        lease(&store, 400).await.is_empty(),
        "the first waits for its next attempt"
    );
    for expected in [Submit, Supplement, Withdraw] {
        let next = only(&store, 500).await;
        assert_eq!(next.operation, expected);
        leave(&store, &next, "accepted", delivered()).await;
    }
    // What comes after everything was delivered goes at once.
    let now = case(&store, &no).await;
    let mut more = change(&now, Vec::new(), "handling");
    more.deliveries = vec![delivery(SYSTEM, Supplement)];
    store.change(more).await.unwrap();
    assert_eq!(only(&store, 501).await.operation, Supplement);
}

pub async fn two_systems_of_one_case_do_not_wait_for_each_other(subject: &dyn Subject) {
    let (store, _) = queue(subject, &[("a", Submit), ("b", Submit), ("a", Withdraw)]).await;
    let leased = lease(&store, 0).await;
    let systems: Vec<_> = leased.iter().map(|d| d.system_id.as_str()).collect();
    assert_eq!(systems, ["a", "b"]);
    leave(&store, &leased[1], "accepted", delivered()).await;
    assert!(lease(&store, 1).await.is_empty());
    leave(&store, &leased[0], "accepted", delivered()).await;
    assert_eq!(only(&store, 1).await.operation, Withdraw);
}

pub async fn a_dead_one_blocks_what_is_behind_it(subject: &dyn Subject) {
    let (store, _) = queue(subject, &[(SYSTEM, Submit), (SYSTEM, Withdraw)]).await;
    let first = only(&store, 0).await;
    leave(&store, &first, "refused", DeliveryOutcome::Dead).await;
    assert!(lease(&store, 1000).await.is_empty());
    assert_eq!(store.next_due().await.unwrap(), None);
}

pub async fn a_discarded_one_makes_room(subject: &dyn Subject) {
    let (store, _) = queue(subject, &[(SYSTEM, Submit), (SYSTEM, Withdraw)]).await;
    let first = only(&store, 0).await;
    leave(&store, &first, "refused", DeliveryOutcome::Dead).await;
    let filter = DeliveryFilter {
        ids: vec![first.id],
        ..DeliveryFilter::default()
    };
    let gone = store
        .discard(
            &Scope::Everything,
            &filter,
            at(2),
            audit("delivery.discard"),
        )
        .await;
    assert_eq!(gone.unwrap(), 1);
    assert_eq!(only(&store, 2).await.operation, Withdraw);
}

pub async fn a_change_cancels_what_was_not_handed_over(subject: &dyn Subject) {
    let (store, no) = queue(subject, &[(SYSTEM, Submit), (SYSTEM, Supplement)]).await;
    let first = only(&store, 0).await;
    leave(&store, &first, "refused", DeliveryOutcome::Dead).await;
    let mut new = change(&case(&store, &no).await, vec![refused(3)], "closed");
    new.cancel_deliveries = true;
    new.deliveries = vec![delivery(SYSTEM, Withdraw)];
    store.change(new).await.unwrap();
    assert_eq!(state(&store, first.id).await, DeliveryState::Discarded);
    assert_eq!(only(&store, 4).await.operation, Withdraw);
}

pub async fn what_may_have_arrived_is_not_cancelled(subject: &dyn Subject) {
    let (store, no) = queue(subject, &[("a", Submit), ("b", Submit)]).await;
    let leased = lease(&store, 0).await;
    let unknown = DeliveryOutcome::Again {
        at: at(9),
        unknown: true,
    };
    leave(&store, &leased[0], "outcome_unknown", unknown).await;
    let before = case(&store, &no).await;
    let mut new = change(&before, vec![refused(3)], "closed");
    new.cancel_deliveries = true;
    let outcome = store.change(new).await.unwrap();
    assert_eq!(outcome, ChangeOutcome::Stale, "it is too late to cancel");
    assert_eq!(case(&store, &no).await.rev, before.rev);
    assert_eq!(state(&store, leased[0].id).await, DeliveryState::Unknown);
    assert_eq!(state(&store, leased[1].id).await, DeliveryState::Sending);
    assert!(leave(&store, &leased[1], "accepted", delivered()).await);
}
