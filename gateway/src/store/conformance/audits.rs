//! Audit rows: in the transaction of what they tell, or not at all.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;

pub async fn an_audit_row_names_what_the_store_drew(subject: &dyn Subject) {
    let (store, first) = one_case(subject).await;
    store
        .change(change(&first, vec![refused(1)], "refused"))
        .await
        .unwrap();
    let rows = audits(&store).await;
    assert_eq!(rows.len(), 2);
    let taken = &rows[0].audit;
    assert_eq!(
        (&taken.target, taken.organisation_id.as_str()),
        (&first.case_no, ORGANISATION)
    );
    let expected = audit("application.submit");
    assert_eq!(
        (&taken.actor, &taken.digest),
        (&expected.actor, &expected.digest)
    );
    assert_eq!(
        (&taken.request_id, &taken.outcome),
        (&expected.request_id, &expected.outcome)
    );
    assert_eq!(
        (&taken.actor_kind, taken.at),
        (&expected.actor_kind, expected.at)
    );
    assert_eq!(rows[1].audit.action, "case.event");
    assert_eq!(rows[1].audit.target, first.case_no);
}

pub async fn what_was_not_written_leaves_no_audit_row(subject: &dyn Subject) {
    let store = subject.store();
    submitted(&store, with_key("c", "k", 1)).await;
    let before = audits(&store).await.len();
    store.submit(with_key("c", "k", 1)).await.unwrap();
    store.submit(with_key("c", "k", 2)).await.unwrap();
    let mut missing = new_case();
    missing.materials = vec![(1, capability())];
    store.submit(application_of(vec![missing])).await.unwrap();
    assert_eq!(audits(&store).await.len(), before);
}

pub async fn audit_rows_come_in_order_from_any_point_on(subject: &dyn Subject) {
    let store = subject.store();
    for _ in 0..5 {
        submitted(&store, application()).await;
    }
    let all = audits(&store).await;
    assert!(all.is_sorted_by(|a, b| a.id < b.id));
    let some = store.audit(&Scope::Everything, all[1].id, 2).await.unwrap();
    let ids: Vec<_> = some.iter().map(|r| r.id).collect();
    assert_eq!(ids, [all[2].id, all[3].id]);
}
