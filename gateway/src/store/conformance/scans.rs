//! Virus scans: what waits, what is kept of a verdict, and that nothing is handed over before.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::case::CaseRecord;
use crate::store::scan::ScanVerdict;

async fn state(store: &SharedStore, id: &str) -> String {
    store.material(id).await.unwrap().unwrap().scan
}

async fn due(store: &SharedStore, seconds: i64) -> Vec<String> {
    store.due_scans(at(seconds), 10).await.unwrap()
}

/// A case with one delivery and this material.
async fn case_with(store: &SharedStore, id: &str) -> CaseRecord {
    let mut new = new_case();
    new.materials = vec![(1, id.to_owned())];
    let mut record = submitted(store, application_of(vec![new])).await;
    record.cases.remove(0)
}

pub async fn what_is_stored_while_scanning_waits_for_its_scan(subject: &dyn Subject) {
    let store = subject.store();
    let before = uploaded(&store, b"before").await;
    assert_eq!(state(&store, &before).await, "off");
    assert!(due(&store, 100).await.is_empty());
    assert_eq!(store.set_scanning(true, at(5)).await.unwrap(), 1);
    let after = uploaded(&store, b"after").await;
    for id in [&before, &after] {
        assert_eq!(
            state(&store, id).await,
            "pending",
            "also what was never scanned"
        );
    }
    assert_eq!(due(&store, 0).await, std::slice::from_ref(&after));
    assert_eq!(due(&store, 5).await, [before.clone(), after.clone()]);
    assert_eq!(store.waiting_scans().await.unwrap(), 2);
    let (size, bytes) = store.scan_bytes(&after).await.unwrap().unwrap();
    assert_eq!((size, read(bytes).await), (5, b"after".to_vec()));
    let again = ScanVerdict::Again(at(50));
    assert!(store.settle_scan(&before, again).await.unwrap());
    assert_eq!(due(&store, 49).await, std::slice::from_ref(&after));
    assert!(store.settle_scan(&after, ScanVerdict::Clean).await.unwrap());
    assert_eq!(state(&store, &after).await, "clean");
    assert!(
        !store
            .settle_scan(&after, ScanVerdict::Infected)
            .await
            .unwrap(),
        "a verdict is given once"
    );
    assert!(store.scan_bytes(&after).await.unwrap().is_none());
    assert_eq!(due(&store, 50).await, [before]);
}

pub async fn what_was_pending_is_pending_after_a_restart(subject: &dyn Subject) {
    let store = subject.store();
    store.set_scanning(true, at(0)).await.unwrap();
    let id = uploaded(&store, b"abc").await;
    let store = subject.reopened().await;
    assert_eq!(store.set_scanning(true, at(1)).await.unwrap(), 0);
    assert_eq!(due(&store, 1).await, [id]);
}

pub async fn switched_off_what_waits_is_off_and_what_is_infected_stays(subject: &dyn Subject) {
    let store = subject.store();
    store.set_scanning(true, at(0)).await.unwrap();
    let (waits, infected, clean) = (
        uploaded(&store, b"1").await,
        uploaded(&store, b"2").await,
        uploaded(&store, b"3").await,
    );
    store
        .settle_scan(&infected, ScanVerdict::Infected)
        .await
        .unwrap();
    store.settle_scan(&clean, ScanVerdict::Clean).await.unwrap();
    assert_eq!(store.set_scanning(false, at(1)).await.unwrap(), 1);
    for (id, expected) in [(&waits, "off"), (&infected, "infected"), (&clean, "clean")] {
        assert_eq!(state(&store, id).await, expected);
    }
    assert_eq!(store.set_scanning(true, at(2)).await.unwrap(), 1);
    for (id, expected) in [
        (&waits, "pending"),
        (&infected, "infected"),
        (&clean, "clean"),
    ] {
        assert_eq!(state(&store, id).await, expected);
    }
}

pub async fn a_delivery_waits_for_the_scan_of_its_files(subject: &dyn Subject) {
    let store = subject.store();
    store.set_scanning(true, at(0)).await.unwrap();
    let id = uploaded(&store, b"abc").await;
    let case = case_with(&store, &id).await;
    assert!(lease(&store, 10).await.is_empty());
    let held = store
        .held_materials(&Scope::Everything, &case.case_no)
        .await
        .unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (
            held[0].seq,
            &held[0].material.id,
            held[0].material.scan.as_str()
        ),
        (1, &id, "pending")
    );
    store.settle_scan(&id, ScanVerdict::Clean).await.unwrap();
    assert_eq!(lease(&store, 10).await.len(), 1);
    let held = store
        .held_materials(&Scope::Everything, &case.case_no)
        .await;
    assert!(held.unwrap().is_empty());
}

pub async fn held_materials_of_others_never_show(subject: &dyn Subject) {
    let store = subject.store();
    store.set_scanning(true, at(0)).await.unwrap();
    let id = uploaded(&store, b"abc").await;
    let case = case_with(&store, &id).await;
    store.settle_scan(&id, ScanVerdict::Infected).await.unwrap();
    for (scope, shows) in [
        (Scope::Everything, true),
        (Scope::Application(case.application_no.clone()), true),
        (Scope::Nothing, false),
        (Scope::Subject("nobody".to_owned()), false),
        (Scope::System("nobody".to_owned()), false),
    ] {
        let held = store.held_materials(&scope, &case.case_no).await.unwrap();
        assert_eq!(!held.is_empty(), shows, "{scope:?}");
    }
}
