//! Sealed audit batches: every row becomes one leaf of one batch, whoever seals and however often it is cut off.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::seal::{OpenBatch, PLACED_AT_ONCE_MAX, SealedBatch};
use std::collections::{BTreeMap, BTreeSet};

/// Any hash that tells rows apart: the store does not look into it.
fn hash(id: i64) -> [u8; 32] {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&id.to_be_bytes());
    hash
}

fn batch(number: i64, leaves: i64) -> SealedBatch {
    SealedBatch {
        number,
        leaves,
        root: [1; 32],
        previous_root: [2; 32],
        sealed_at: at(9),
        statement: format!("statement of {number}"),
    }
}

async fn waiting(store: &SharedStore) -> Vec<i64> {
    let rows = store.unsealed(1_000).await.unwrap();
    rows.iter().map(|row| row.id).collect()
}

fn leaves(ids: &[i64]) -> Vec<(i64, [u8; 32])> {
    ids.iter().map(|id| (*id, hash(*id))).collect()
}

/// Seals everything that waits as one batch.
async fn seal(store: &SharedStore) -> i64 {
    let open = store.open_batch().await.unwrap();
    let ids = waiting(store).await;
    assert!(store.place(open, leaves(&ids)).await.unwrap());
    let sealed = batch(open.number, open.placed + ids.len() as i64);
    assert!(store.close_batch(sealed).await.unwrap());
    open.number
}

pub async fn a_row_waits_from_its_own_transaction_on(subject: &dyn Subject) {
    let store = subject.store();
    assert_eq!(store.oldest_unsealed().await.unwrap(), None);
    let taken = submitted(&store, application()).await;
    store.submit(with_key("c", "k", 1)).await.unwrap();
    // Nothing of what was not written waits.
    store.submit(with_key("c", "k", 1)).await.unwrap();
    let rows = store.unsealed(10).await.unwrap();
    let known = audits(&store).await;
    assert_eq!(rows.len(), 2);
    for (row, record) in rows.iter().zip(&known) {
        assert_eq!(
            (row.id, row.at),
            (record.id, record.audit.at.as_microsecond())
        );
        assert_eq!(
            (&row.action, &row.target, &row.outcome),
            (
                &record.audit.action,
                &record.audit.target,
                &record.audit.outcome
            )
        );
        assert!(row.application_id.is_some() && !row.content.is_empty());
    }
    assert_eq!(rows[0].target, taken.application_no);
    let oldest = store.oldest_unsealed().await.unwrap();
    assert_eq!(oldest, Some(known[0].audit.at));
    assert_eq!(store.unsealed(1).await.unwrap(), rows[..1]);
}

pub async fn leaves_are_placed_behind_one_another_and_once(subject: &dyn Subject) {
    let store = subject.store();
    for _ in 0..4 {
        submitted(&store, application()).await;
    }
    let ids = waiting(&store).await;
    let empty = store.open_batch().await.unwrap();
    assert_eq!(
        empty,
        OpenBatch {
            number: 1,
            placed: 0
        }
    );
    assert!(store.place(empty, leaves(&ids[..2])).await.unwrap());
    // Another node that saw the batch empty; one that means a row that is a leaf already; one that means another batch.
    assert!(!store.place(empty, leaves(&ids[2..])).await.unwrap());
    let open = store.open_batch().await.unwrap();
    assert_eq!(open.placed, 2);
    assert!(!store.place(open, leaves(&ids[1..3])).await.unwrap());
    let other = OpenBatch { number: 2, ..open };
    assert!(!store.place(other, leaves(&ids[2..])).await.unwrap());
    assert!(!store.place(open, Vec::new()).await.unwrap());
    assert_eq!(waiting(&store).await, ids[2..]);
    assert!(store.place(open, leaves(&ids[2..])).await.unwrap());
    assert_eq!(waiting(&store).await, [0_i64; 0]);
    let placed = store.leaves(1, 0, 10).await.unwrap();
    let expected: Vec<_> = (0..).zip(&ids).map(|(n, id)| (n, *id, hash(*id))).collect();
    let found: Vec<_> = placed
        .iter()
        .map(|l| (l.position, l.audit_id, l.hash))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(store.leaves(1, 1, 2).await.unwrap(), placed[1..3]);
    let rows = store.rows_of_leaves(1, 1, 2).await.unwrap();
    let rows: Vec<i64> = rows.iter().map(|row| row.id).collect();
    assert_eq!(rows, ids[1..3]);
}

pub async fn a_batch_is_closed_once_and_with_exactly_its_leaves(subject: &dyn Subject) {
    let store = subject.store();
    submitted(&store, application()).await;
    let open = store.open_batch().await.unwrap();
    assert!(!store.close_batch(batch(1, 0)).await.unwrap(), "empty");
    let ids = waiting(&store).await;
    store.place(open, leaves(&ids)).await.unwrap();
    assert!(!store.close_batch(batch(1, 2)).await.unwrap());
    assert!(!store.close_batch(batch(2, 1)).await.unwrap());
    assert!(store.close_batch(batch(1, 1)).await.unwrap());
    assert!(!store.close_batch(batch(1, 1)).await.unwrap());
    submitted(&store, application()).await;
    assert_eq!(seal(&store).await, 2);
    assert_eq!(
        store.batches(0, 10).await.unwrap(),
        [batch(1, 1), batch(2, 1)]
    );
    assert_eq!(store.batches(0, 1).await.unwrap(), [batch(1, 1)]);
    assert_eq!(store.batches(1, 10).await.unwrap(), [batch(2, 1)]);
    assert_eq!(store.batch_count().await.unwrap(), 2);
}

pub async fn what_two_nodes_place_at_once_is_placed_once(subject: &dyn Subject) {
    let store = subject.store();
    for _ in 0..40 {
        submitted(&store, application()).await;
    }
    let ids = waiting(&store).await;
    let node = |store: SharedStore| async move {
        loop {
            let open = store.open_batch().await.unwrap();
            let rows = store.unsealed(3).await.unwrap();
            if rows.is_empty() {
                return;
            }
            let rows: Vec<i64> = rows.iter().map(|row| row.id).collect();
            store.place(open, leaves(&rows)).await.unwrap();
        }
    };
    tokio::join!(
        node(store.clone()),
        node(store.clone()),
        node(store.clone())
    );
    let placed = store.leaves(1, 0, 100).await.unwrap();
    let found: BTreeSet<i64> = placed.iter().map(|leaf| leaf.audit_id).collect();
    assert_eq!(found, ids.iter().copied().collect());
    assert!((0..).zip(&placed).all(|(n, leaf)| leaf.position == n));
    assert_eq!(store.open_batch().await.unwrap().placed, 40);
}

pub async fn more_than_a_piece_is_not_placed_at_once(subject: &dyn Subject) {
    let store = subject.store();
    for _ in 0..=PLACED_AT_ONCE_MAX {
        submitted(&store, application()).await;
    }
    let ids = waiting(&store).await;
    let open = store.open_batch().await.unwrap();
    assert!(!store.place(open, leaves(&ids)).await.unwrap());
    assert!(
        store
            .place(open, leaves(&ids[..PLACED_AT_ONCE_MAX]))
            .await
            .unwrap()
    );
}

pub async fn what_was_placed_is_there_after_a_restart(subject: &dyn Subject) {
    let store = subject.store();
    for _ in 0..3 {
        submitted(&store, application()).await;
    }
    seal(&store).await;
    submitted(&store, application()).await;
    submitted(&store, application()).await;
    let ids = waiting(&store).await;
    let open = store.open_batch().await.unwrap();
    store.place(open, leaves(&ids[..1])).await.unwrap();
    let store = subject.reopened().await;
    assert_eq!(
        store.open_batch().await.unwrap(),
        OpenBatch {
            number: 2,
            placed: 1
        }
    );
    assert_eq!(waiting(&store).await, ids[1..]);
    assert_eq!(store.batches(0, 10).await.unwrap(), [batch(1, 3)]);
}

pub async fn the_record_of_a_submission_is_found_once_its_batch_is_closed(subject: &dyn Subject) {
    let store = subject.store();
    let first = submitted(&store, application()).await;
    let second = submitted(&store, application()).await;
    let case = &first.cases[0];
    store
        .change(change(case, vec![refused(1)], "refused"))
        .await
        .unwrap();
    let no = first.application_no.as_str();
    let everything = Scope::Everything;
    assert_eq!(
        store.sealed_submission(&everything, no).await.unwrap(),
        None
    );
    seal(&store).await;
    let found = store.sealed_submission(&everything, no).await.unwrap();
    let found = found.unwrap();
    assert_eq!(
        (&found.row.action, found.row.target.as_str()),
        (&"application.submit".to_owned(), no)
    );
    assert_eq!(
        (found.leaf.position, found.leaf.audit_id),
        (0, found.row.id)
    );
    assert_eq!(found.batch, batch(1, 3));
    for (scope, sees) in [
        (Scope::Nothing, false),
        (Scope::Application(no.to_owned()), true),
        (Scope::Application(second.application_no), false),
        (Scope::Organisations([ORGANISATION.to_owned()].into()), true),
        (Scope::Organisations(["other".to_owned()].into()), false),
        (Scope::Subject("nobody".to_owned()), false),
        (Scope::System("nobody".to_owned()), false),
    ] {
        let seen = store.sealed_submission(&scope, no).await.unwrap();
        assert_eq!(seen.is_some(), sees, "{scope:?}");
    }
}

pub async fn every_row_is_sealed_or_waits(subject: &dyn Subject) {
    let store = subject.store();
    let mut looked = BTreeMap::new();
    for round in 0..5 {
        submitted(&store, application()).await;
        if round % 2 == 0 {
            seal(&store).await;
        }
        let mut after = 0;
        loop {
            let strays = store.strays(after, 2).await.unwrap();
            assert_eq!((strays.unknown, strays.gone), (None, None));
            let Some(next) = strays.next else {
                break;
            };
            assert!(next >= after + 2, "{next} after {after}");
            after = next;
        }
        looked.insert(round, after);
    }
    // Five rows in spans of two: the last one begins behind the fourth.
    assert_eq!(looked[&4], audits(&store).await[3].id);
}
