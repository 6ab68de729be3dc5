//! Scopes: for every query and every kind of scope, exactly the rows that [`crate::store::visible`] lets through.

use super::Subject;
use super::documents::{decision, stored};
use super::samples::*;
use crate::identity::Scope;
use crate::store::application::{ApplicationRecord, NewApplication, NewCase};
use crate::store::delivery::DeliveryFilter;
use crate::store::material::NewDocument;
use crate::store::{Owners, SharedStore, visible};
use tongban_adapters::exchange::Operation;

/// One case of the matrix, as a row of the rule.
struct Row {
    no: String,
    application_no: String,
    organisation: &'static str,
    owner: Option<&'static str>,
    agent: Option<&'static str>,
    system: &'static str,
}

impl Row {
    fn seen(&self, scope: &Scope) -> bool {
        let owners = Owners {
            organisation_id: self.organisation,
            owner_subject: self.owner,
            agent: self.agent,
            application_no: &self.application_no,
            system_id: Some(self.system),
        };
        visible(scope, &owners)
    }
}

/// Three applications of three people, organisations and systems; the third has two cases of two organisations.
async fn matrix(subject: &dyn Subject) -> (SharedStore, Vec<Row>) {
    let store = subject.store();
    let plan: [(_, _, &[(&str, &str)]); 3] = [
        (Some("alice"), None, &[("org-a", "s-a")]),
        (Some("bob"), Some("carol"), &[("org-b", "s-b")]),
        (None, Some("alice"), &[("org-a", "s-b"), ("org-c", "s-c")]),
    ];
    let mut rows = Vec::new();
    for (owner, agent, cases) in plan {
        let new = NewApplication {
            owner_subject: owner.map(str::to_owned),
            agent: agent.map(str::to_owned),
            cases: cases.iter().map(|(o, s)| case_of(o, s)).collect(),
            ..application()
        };
        let record: ApplicationRecord = submitted(&store, new).await;
        for (case, (organisation, system)) in record.cases.iter().zip(cases) {
            rows.push(Row {
                no: case.case_no.clone(),
                application_no: record.application_no.clone(),
                organisation,
                owner,
                agent,
                system,
            });
        }
    }
    (store, rows)
}

fn case_of(organisation: &str, system: &str) -> NewCase {
    NewCase {
        organisation_id: organisation.to_owned(),
        system_id: Some(system.to_owned()),
        deliveries: vec![delivery(system, Operation::Submit)],
        ..new_case()
    }
}

/// Every kind of scope, with values that match none, one or several rows, and hostile ones.
fn scopes(rows: &[Row]) -> Vec<Scope> {
    let mut scopes = vec![Scope::Everything, Scope::Nothing];
    for ids in [&[][..], &["org-a"], &["org-b", "org-c"], &["org-x"], &["%"]] {
        scopes.push(Scope::Organisations(
            ids.iter().map(|s| (*s).to_owned()).collect(),
        ));
    }
    for subject in ["alice", "bob", "carol", "", "nobody", "' OR 1=1 --"] {
        scopes.push(Scope::Subject(subject.to_owned()));
    }
    for system in ["s-a", "s-b", "s-c", "", "' OR 1=1 --"] {
        scopes.push(Scope::System(system.to_owned()));
    }
    for no in rows
        .iter()
        .map(|r| r.application_no.as_str())
        .chain(["", "x"])
    {
        scopes.push(Scope::Application(no.to_owned()));
    }
    scopes
}

pub async fn applications_of_others_never_show(subject: &dyn Subject) {
    let (store, rows) = matrix(subject).await;
    for scope in scopes(&rows) {
        for row in &rows {
            let expected = rows
                .iter()
                .any(|r| r.application_no == row.application_no && r.seen(&scope));
            for no in [&row.no, &row.application_no] {
                let found = store.application(&scope, no).await.unwrap();
                assert_eq!(found.is_some(), expected, "{scope:?} {no}");
            }
        }
    }
}

pub async fn cases_of_others_in_a_shared_application_never_show(subject: &dyn Subject) {
    let (store, rows) = matrix(subject).await;
    for scope in scopes(&rows) {
        let Some(found) = store
            .application(&scope, &rows[3].application_no)
            .await
            .unwrap()
        else {
            continue;
        };
        let seen: Vec<_> = found.cases.iter().map(|c| c.case_no.as_str()).collect();
        let expected: Vec<_> = rows[2..]
            .iter()
            .filter(|r| r.seen(&scope))
            .map(|r| r.no.as_str())
            .collect();
        assert_eq!(seen, expected, "{scope:?}");
    }
}

pub async fn cases_and_events_of_others_never_show(subject: &dyn Subject) {
    let (store, rows) = matrix(subject).await;
    for scope in scopes(&rows) {
        for row in &rows {
            let found = store.case(&scope, &row.no).await.unwrap();
            assert_eq!(found.is_some(), row.seen(&scope), "{scope:?} {}", row.no);
            let events = store.events(&scope, &row.no, 0, 9).await.unwrap();
            assert_eq!(!events.is_empty(), row.seen(&scope), "{scope:?} {}", row.no);
        }
    }
}

pub async fn deliveries_of_others_never_show_nor_change(subject: &dyn Subject) {
    let (store, rows) = matrix(subject).await;
    let all = DeliveryFilter::default();
    let known = store.deliveries(&Scope::Everything, &all).await.unwrap();
    assert_eq!(known.len(), rows.len());
    for scope in scopes(&rows) {
        let expected: Vec<_> = rows
            .iter()
            .filter(|r| r.seen(&scope))
            .map(|r| r.no.clone())
            .collect();
        let found = store.deliveries(&scope, &all).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|d| d.case_no).collect();
        assert_eq!(found, expected, "{scope:?}");
        let (count, _) = store.count_deliveries(&scope, &all).await.unwrap();
        assert_eq!(count, expected.len() as u64, "{scope:?}");
        for delivery in &known {
            let shown = store.delivery(&scope, delivery.id).await.unwrap();
            assert_eq!(
                shown.is_some(),
                expected.contains(&delivery.case_no),
                "{scope:?}"
            );
        }
    }
    for scope in [
        Scope::Nothing,
        Scope::System("s-x".to_owned()),
        Scope::Subject("nobody".to_owned()),
    ] {
        let gone = store
            .discard(&scope, &all, at(1), audit("delivery.discard"))
            .await;
        assert_eq!(gone.unwrap(), 0, "{scope:?}");
        let again = store
            .retry(&scope, &all, at(1), audit("delivery.retry"))
            .await;
        assert_eq!(again.unwrap(), 0, "{scope:?}");
        store
            .set_paused(&scope, "s-a", true, audit("system.pause"))
            .await
            .unwrap();
        assert!(store.paused().await.unwrap().is_empty(), "{scope:?}");
    }
    let own = Scope::System("s-a".to_owned());
    let gone = store
        .discard(&own, &all, at(1), audit("delivery.discard"))
        .await;
    assert_eq!(gone.unwrap(), 1);
}

pub async fn materials_and_documents_of_others_never_show(subject: &dyn Subject) {
    let (store, rows) = matrix(subject).await;
    for (index, row) in rows.iter().enumerate() {
        let new = NewDocument {
            system_id: row.system.to_owned(),
            ..decision(&row.no)
        };
        let document = stored(&store, new, format!("{index}").as_bytes()).await;
        for scope in scopes(&rows) {
            let seen = row.seen(&scope);
            let listed = store.documents(&scope, &row.no).await.unwrap();
            assert_eq!(listed.len(), usize::from(seen), "{scope:?}");
            let bytes = store
                .document_bytes(&scope, &row.no, &document.id)
                .await
                .unwrap();
            assert_eq!(bytes.is_some(), seen, "{scope:?}");
            let bytes = store.material_bytes(&scope, &document.id).await.unwrap();
            assert_eq!(bytes.is_some(), seen, "{scope:?}");
        }
    }
    for scope in scopes(&rows) {
        let expected = rows[2..].iter().filter(|r| r.seen(&scope)).count();
        let listed = store
            .documents(&scope, &rows[2].application_no)
            .await
            .unwrap();
        assert_eq!(listed.len(), expected, "{scope:?}");
    }
}

pub async fn messages_of_others_never_show(subject: &dyn Subject) {
    let (store, rows) = matrix(subject).await;
    for row in &rows {
        let mut new = rejected(&row.no, "1", "refused");
        new.key.system_id = row.system.to_owned();
        assert!(store.record_feedback(new).await.unwrap());
    }
    for scope in scopes(&rows) {
        let found = store.rejected(&scope, None, 99).await.unwrap();
        let mut found: Vec<_> = found.into_iter().map(|f| f.key.case_no).collect();
        found.reverse();
        let expected: Vec<_> = rows
            .iter()
            .filter(|r| r.seen(&scope))
            .map(|r| r.no.clone())
            .collect();
        assert_eq!(found, expected, "{scope:?}");
    }
}

pub async fn audit_rows_of_others_never_show(subject: &dyn Subject) {
    let (store, rows) = matrix(subject).await;
    // A submission's row belongs to its application, the organisation and system of its first case.
    let firsts = [&rows[0], &rows[1], &rows[2]];
    for scope in scopes(&rows) {
        let found = store.audit(&scope, 0, 99).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|r| r.audit.target).collect();
        let expected: Vec<_> = firsts
            .iter()
            .filter(|r| r.seen(&scope))
            .map(|r| r.application_no.clone())
            .collect();
        assert_eq!(found, expected, "{scope:?}");
    }
}

pub async fn searches_and_counts_see_the_scope_alone(subject: &dyn Subject) {
    let (store, rows) = matrix(subject).await;
    for scope in scopes(&rows) {
        let seen: Vec<_> = rows.iter().filter(|r| r.seen(&scope)).collect();
        let mut expected: Vec<_> = seen.iter().map(|r| r.application_no.clone()).collect();
        expected.dedup();
        expected.reverse();
        let found = store
            .by_identity_number(&scope, ID_NUMBER, 99)
            .await
            .unwrap();
        assert_eq!(found, expected, "{scope:?}");
        let counted: u64 = store
            .count_by_state(&scope)
            .await
            .unwrap()
            .iter()
            .map(|(_, n)| n)
            .sum();
        assert_eq!(counted, seen.len() as u64, "{scope:?}");
    }
}
