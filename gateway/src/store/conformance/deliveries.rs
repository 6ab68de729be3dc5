//! Deliveries as workers see them: leases, fences, journals, outcomes.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::allotment::Pace;
use crate::store::application::NewCase;
use crate::store::delivery::{
    DeliveryOutcome, DeliveryState, Leased, LeasedDelivery, Look, SystemTerms,
};
use serde_json::{Value, json};
use std::sync::Arc;
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
        .finish(leased.id, leased.fence, attempt(code, 1), outcome, None)
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

async fn look(store: &SharedStore, seconds: i64, limit: u32, terms: SystemTerms) -> Leased {
    let look = Look::with("w", at(seconds), MINUTE_US, limit, terms);
    store.lease(look).await.unwrap()
}

fn systems(leased: &Leased) -> Vec<&str> {
    let deliveries = leased.deliveries.iter();
    deliveries.map(|one| one.system_id.as_str()).collect()
}

pub async fn a_look_shares_its_limit_among_systems(subject: &dyn Subject) {
    let plan = [("a", 5), ("a", 4), ("a", 3), ("b", 2), ("b", 1), ("c", 99)];
    let store = filled(subject, &plan).await;
    let three = look(&store, 10, 3, SystemTerms::up_to(9)).await;
    assert_eq!(
        systems(&three),
        ["b", "a", "a"],
        "what is due longest first"
    );
    let rest = look(&store, 10, 9, SystemTerms::up_to(9)).await;
    assert_eq!(systems(&rest), ["b", "a"]);
    assert!(
        look(&store, 10, 9, SystemTerms::up_to(9))
            .await
            .deliveries
            .is_empty()
    );
}

pub async fn what_is_under_way_counts_until_its_lease_ends(subject: &dyn Subject) {
    let store = filled(subject, &[("a", 1), ("a", 2), ("a", 3), ("a", 4)]).await;
    let two = SystemTerms::up_to(2);
    let first = look(&store, 10, 9, two).await;
    assert_eq!(first.deliveries.len(), 2);
    assert!(
        look(&store, 69, 9, two).await.deliveries.is_empty(),
        "two are under way"
    );
    let done = DeliveryOutcome::Delivered { partner_no: None };
    assert!(leave(&store, &first.deliveries[0], "accepted", done).await);
    assert_eq!(look(&store, 69, 9, two).await.deliveries.len(), 1);
    let again = look(&store, 70, 9, two).await;
    assert_eq!(
        again.deliveries.len(),
        1,
        "a lease that ended is not under way"
    );
}

pub async fn a_system_that_is_not_wanted_now_is_passed_over(subject: &dyn Subject) {
    let store = filled(subject, &[("a", 1), ("b", 2)]).await;
    let closed = |system: &str| SystemTerms {
        here: u32::from(system != "a"),
        ..SystemTerms::up_to(9)
    };
    let look = Look {
        terms: Arc::new(closed),
        ..Look::with("w", at(10), MINUTE_US, 9, SystemTerms::up_to(9))
    };
    assert_eq!(systems(&store.lease(look).await.unwrap()), ["b"]);
}

pub async fn the_pace_of_a_partner_holds_over_all_looks(subject: &dyn Subject) {
    let plan: Vec<(&str, i64)> = (0..6).map(|_| ("a", 1)).collect();
    let store = filled(subject, &plan).await;
    let terms = SystemTerms {
        pace: Some(Pace {
            every_us: 10_000_000,
            burst: 2,
            calls: 1,
        }),
        ..SystemTerms::up_to(9)
    };
    let first = look(&store, 10, 9, terms).await;
    assert_eq!((first.deliveries.len(), first.again_at), (2, Some(at(20))));
    let nothing = look(&store, 19, 9, terms).await;
    assert_eq!(
        (nothing.deliveries.len(), nothing.again_at),
        (0, Some(at(20)))
    );
    assert_eq!(look(&store, 20, 9, terms).await.deliveries.len(), 1);
    assert_eq!(
        look(&store, 60, 9, terms).await.deliveries.len(),
        2,
        "no more than the burst after a pause"
    );
}

/// A case whose clock ends at `seconds`.
fn urgent(seconds: i64) -> NewCase {
    let mut new = new_case();
    new.projection.clocks = vec![clock("acceptance", seconds)];
    new
}

pub async fn a_partner_gets_the_case_whose_clock_ends_first(subject: &dyn Subject) {
    let store = subject.store();
    let mut numbers = Vec::new();
    for ends in [3_000, 1_000, 2_000] {
        let record = submitted(&store, application_of(vec![urgent(ends)])).await;
        numbers.push(record.application_no);
    }
    let now = case(&store, &numbers[0]).await;
    let mut sooner = change(&now, Vec::new(), "handling");
    sooner.projection.clocks = vec![clock("handling", 500)];
    store.change(sooner).await.unwrap();
    let mut order = Vec::new();
    for _ in &numbers {
        let one = look(&store, 10, 1, SystemTerms::up_to(9)).await;
        order.extend(one.deliveries.into_iter().map(|one| one.case_no));
    }
    assert_eq!(order, [&*numbers[0], &*numbers[1], &*numbers[2]]);
}

pub async fn a_case_is_pinned_when_it_is_first_leased_and_comes_with_its_lease(
    subject: &dyn Subject,
) {
    let (store, record) = one_case(subject).await;
    let terms = |version| SystemTerms {
        version,
        ..SystemTerms::up_to(9)
    };
    for (seconds, version) in [(0, 3), (60, 4)] {
        let leased = look(&store, seconds, 9, terms(version))
            .await
            .deliveries
            .pop();
        let with = leased.unwrap().case.unwrap();
        assert_eq!(with.definition_version, 3, "at {seconds}");
        assert_eq!(with.submission, record.submission);
    }
    assert_eq!(
        case(&store, &record.submission.case.no)
            .await
            .definition_version,
        3
    );
}

pub async fn the_last_journal_is_kept_with_the_outcome(subject: &dyn Subject) {
    let (store, leased) = one_lease(subject).await;
    let begun = json!({"begun": "submit", "done": {}});
    store
        .journal(leased.id, leased.fence, &begun)
        .await
        .unwrap();
    let forgotten = json!({"done": {"number": {"lsh": "7"}}});
    let again = DeliveryOutcome::Again {
        at: at(100),
        unknown: false,
    };
    let left = store
        .finish(
            leased.id,
            leased.fence,
            attempt("not_sent", 1),
            again,
            Some(&forgotten),
        )
        .await;
    assert!(left.unwrap());
    let next = lease(&store, 100).await.pop().unwrap();
    assert_eq!((next.journal, next.ask_first), (forgotten, false));
}

pub async fn words_of_many_deliveries_at_once_each_find_their_own(subject: &dyn Subject) {
    let plan: Vec<(&str, i64)> = (0..40).map(|n| (["a", "b"][n % 2], 1)).collect();
    let store = filled(subject, &plan).await;
    let leased = look(&store, 10, 99, SystemTerms::up_to(99))
        .await
        .deliveries;
    assert_eq!(leased.len(), 40);
    let said = leased.iter().enumerate().map(|(n, one)| {
        let store = &store;
        async move {
            let journal = json!({"begun": format!("step-{n}")});
            let fence = if n % 5 == 0 { one.fence - 1 } else { one.fence };
            let kept = store.journal(one.id, fence, &journal).await.unwrap();
            assert_eq!(kept, n % 5 != 0, "whose fence is void writes nothing");
            let outcome = DeliveryOutcome::Delivered {
                partner_no: Some(format!("YW-{n}")),
            };
            let words = attempt(&format!("accepted-{n}"), 1);
            store
                .finish(one.id, one.fence, words, outcome, None)
                .await
                .unwrap()
        }
    });
    let kept = futures_util::future::join_all(said).await;
    assert!(kept.into_iter().all(|kept| kept));
    for (n, one) in leased.iter().enumerate() {
        let record = store
            .delivery(&Scope::Everything, one.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(record.summary.state, DeliveryState::Delivered);
        let codes: Vec<_> = record.attempts.iter().map(|a| a.code.clone()).collect();
        assert_eq!(codes, [format!("accepted-{n}")]);
        let now = case(&store, &one.case_no).await;
        assert_eq!(now.partner_no, Some(format!("YW-{n}")));
    }
}

pub async fn the_next_due_instant_is_known(subject: &dyn Subject) {
    let store = filled(subject, &[("a", 30), ("b", 20)]).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(20)));
    let five_seconds = Look::with("w", at(20), 5_000_000, 9, SystemTerms::up_to(9));
    let taken = store.lease(five_seconds).await.unwrap();
    assert_eq!(taken.deliveries.len(), 1);
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
