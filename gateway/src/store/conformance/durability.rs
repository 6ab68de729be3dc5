//! What was answered is there after a restart.

use super::Subject;
use super::documents::{decision, stored};
use super::samples::*;
use crate::identity::Scope;
use serde_json::json;

pub async fn everything_is_there_after_a_restart(subject: &dyn Subject) {
    let store = subject.store();
    let id = uploaded(&store, b"content").await;
    let mut new = with_key("c", "k", 1);
    new.cases[0].materials = vec![(1, id.clone())];
    let before = submitted(&store, new).await;
    let no = before.application_no.clone();
    store.record_feedback(held(&no, "2", 3)).await.unwrap();
    store
        .change(change(
            &before.cases[0],
            vec![accepted(&no, "1", 1)],
            "handling",
        ))
        .await
        .unwrap();
    let document = stored(&store, decision(&no), b"%PDF").await;
    let leased = lease(&store, 0).await.pop().unwrap();
    store
        .attempt(leased.id, leased.fence, attempt("accepted", 1))
        .await
        .unwrap();
    store
        .set_paused(&Scope::Everything, "p", true, audit("system.pause"))
        .await
        .unwrap();
    let expected = (events(&store, &no).await.len(), audits(&store).await.len());
    drop(store);

    let store = subject.reopened().await;
    let after = case(&store, &no).await;
    assert_eq!(
        (after.state.as_str(), after.rev, after.last_seq),
        ("handling", 2, 2)
    );
    assert_eq!(after.submission, before.cases[0].submission);
    let counts = (events(&store, &no).await.len(), audits(&store).await.len());
    assert_eq!(counts, expected);
    assert_eq!(store.held(&no).await.unwrap()[0].event, acceptance("2", 3));
    let (_, bytes) = store
        .material_bytes(&Scope::Everything, &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read(bytes).await, b"content");
    let listed = store.documents(&Scope::Everything, &no).await.unwrap();
    assert_eq!(listed, [document]);
    let record = store
        .delivery(&Scope::Everything, leased.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.attempts[0].sent, attempt("accepted", 1).sent);
    assert_eq!(store.paused().await.unwrap(), ["p"]);
    let key = crate::store::application::IdempotencyKey {
        caller: "c".to_owned(),
        key: "k".to_owned(),
    };
    let known = store.by_idempotency_key(&key).await.unwrap().unwrap();
    assert_eq!(known.application_no, no);
    let found = store
        .by_identity_number(&Scope::Everything, ID_NUMBER, 9)
        .await;
    assert_eq!(found.unwrap(), [no]);
}

/// At the latest when its lease ends; a store of one process may know earlier that the worker has died.
pub async fn what_a_dead_worker_had_begun_is_asked_about(subject: &dyn Subject) {
    let (store, _) = one_case(subject).await;
    let leased = lease(&store, 0).await.pop().unwrap();
    let journal = json!({"begun": "submit"});
    assert!(
        store
            .journal(leased.id, leased.fence, &journal)
            .await
            .unwrap()
    );
    drop(store);
    let store = subject.reopened().await;
    let again = lease(&store, 60).await.pop().unwrap();
    assert!(again.ask_first && again.fence > leased.fence);
    assert_eq!(
        (again.journal, again.message_key),
        (journal, leased.message_key)
    );
    assert!(
        !store
            .journal(leased.id, leased.fence, &json!({}))
            .await
            .unwrap()
    );
}

pub async fn numbers_go_on_after_a_restart(subject: &dyn Subject) {
    let store = subject.store();
    submitted(&store, application()).await;
    drop(store);
    let store = subject.reopened().await;
    let next = submitted(&store, application()).await;
    assert_eq!(next.application_no, format!("{STEM}0002"));
}

pub async fn a_poll_that_a_crash_cut_off_is_due_at_once(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    let no = &first.case_no;
    store.set_poll_at(no, Some(at(20))).await.unwrap();
    let taken = store.take_due_polls(at(20), MINUTE_US, 9).await.unwrap();
    assert_eq!(taken.first(), Some(no));
    drop(store);
    let store = subject.reopened().await;
    let taken = store.take_due_polls(at(21), MINUTE_US, 9).await.unwrap();
    assert_eq!(
        taken.first(),
        Some(no),
        "its lease was of a process that is gone"
    );
    store.set_poll_at(no, Some(at(90))).await.unwrap();
    drop(store);
    let store = subject.reopened().await;
    assert!(
        store
            .take_due_polls(at(60), MINUTE_US, 9)
            .await
            .unwrap()
            .is_empty()
    );
}

/// Others see a node under a number of its own until some moment to come, and after a restart under another; a store of one node has
/// nobody to see it.
pub async fn a_restarted_node_is_seen_as_another(subject: &dyn Subject) {
    let before = subject.store().seen();
    let after = subject.reopened().await.seen();
    match (before, after) {
        (None, None) => {}
        (Some(before), Some(after)) => {
            assert_ne!(before.instance, after.instance);
            assert!(after.until > before.until - before.lasting);
        }
        mixed => panic!("{mixed:?}"),
    }
}
