//! Documents: what partners hand back, once.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::material::{DocumentRecord, NewDocument, NewMaterial, UploadOutcome};

pub fn decision(case_no: &str) -> NewDocument {
    NewDocument {
        case_no: case_no.to_owned(),
        system_id: SYSTEM.to_owned(),
        kind: "decision".to_owned(),
        name: "准予行政许可决定书".to_owned(),
        number: "粤工信许〔2017〕1号".to_owned(),
        issuer: SYSTEM.to_owned(),
        validity: "长期".to_owned(),
    }
}

pub async fn stored(store: &SharedStore, new: NewDocument, bytes: &[u8]) -> DocumentRecord {
    let outcome = store
        .store_document(new, material(SYSTEM), body(bytes))
        .await;
    outcome.unwrap().unwrap()
}

pub async fn a_document_is_stored_and_read_back(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let record = stored(&store, decision(&case.case_no), b"%PDF").await;
    let listed = store.documents(&Scope::Everything, &case.case_no).await;
    assert_eq!(listed.unwrap().first(), Some(&record));
    assert_eq!(
        (record.kind.as_str(), record.validity.as_str()),
        ("decision", "长期")
    );
    assert_eq!(record.material.case_no.as_ref(), Some(&case.case_no));
    let found = store
        .document_bytes(&Scope::Everything, &case.case_no, &record.id)
        .await;
    let (again, bytes) = found.unwrap().unwrap();
    assert_eq!((again, read(bytes).await), (record, b"%PDF".to_vec()));
    let none = store
        .document_bytes(&Scope::Everything, &case.case_no, &capability())
        .await;
    assert!(none.unwrap().is_none());
}

pub async fn the_same_document_is_stored_once(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let first = stored(&store, decision(&case.case_no), b"%PDF").await;
    let again = stored(&store, decision(&case.case_no), b"%PDF").await;
    assert_eq!(first, again);
    let other_bytes = stored(&store, decision(&case.case_no), b"%PDF2").await;
    let other_number = NewDocument {
        number: "2".to_owned(),
        ..decision(&case.case_no)
    };
    let other_number = stored(&store, other_number, b"%PDF").await;
    let listed = store
        .documents(&Scope::Everything, &case.case_no)
        .await
        .unwrap();
    assert_eq!(listed.len(), 3);
    for record in [first, other_bytes, other_number] {
        assert!(listed.contains(&record));
    }
    assert_eq!(
        store.sweep(at(0)).await.unwrap().total(),
        0,
        "the copy left no file"
    );
    let small = NewMaterial {
        max_bytes: 3,
        ..material(SYSTEM)
    };
    let outcome = store
        .store_document(decision(&case.case_no), small, body(b"%PDF"))
        .await
        .unwrap();
    assert!(matches!(outcome, Err(UploadOutcome::TooLarge)));
}

pub async fn a_document_for_another_systems_case_is_refused(subject: &dyn Subject) {
    let (store, case) = one_case(subject).await;
    let foreign = NewDocument {
        system_id: "other".to_owned(),
        ..decision(&case.case_no)
    };
    for new in [foreign, decision("no such case")] {
        let outcome = store
            .store_document(new, material("other"), body(b"%PDF"))
            .await;
        assert!(outcome.is_err());
    }
    let listed = store.documents(&Scope::Everything, &case.case_no).await;
    assert!(listed.unwrap().is_empty());
}

pub async fn documents_are_listed_by_case_and_by_application(subject: &dyn Subject) {
    let store = subject.store();
    let both = submitted(&store, application_of(vec![new_case(), new_case()])).await;
    for case in &both.cases {
        stored(&store, decision(&case.case_no), b"%PDF").await;
    }
    let count = |no: &str| {
        let (store, no) = (store.clone(), no.to_owned());
        async move {
            let listed = store.documents(&Scope::Everything, &no).await;
            listed.unwrap().len()
        }
    };
    assert_eq!(count(&both.application_no).await, 2);
    assert_eq!(count(&both.cases[1].case_no).await, 1);
    assert_eq!(count("no such number").await, 0);
}
