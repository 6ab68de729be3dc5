//! Applications: committed whole, once a key, found again.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::application::{IdempotencyKey, NewApplication, PartnerOrigin, SubmitOutcome};
use crate::store::case::ClockRow;
use crate::store::delivery::DeliveryFilter;

pub async fn a_submission_is_stored_with_everything_it_brings(subject: &dyn Subject) {
    let store = subject.store();
    let id = uploaded(&store, b"content").await;
    let mut new = application();
    new.agent = Some("agent".to_owned());
    new.cases[0].materials = vec![(1, id.clone())];
    new.cases[0].projection.clocks = vec![ClockRow {
        kind: "acceptance".to_owned(),
        due_at: at(10),
    }];
    let stored = submitted(&store, new).await;
    let no = &stored.application_no;
    assert_eq!(*no, format!("{STEM}0001"));
    let read = store
        .application(&Scope::Everything, no)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.owner_subject.as_deref(), Some(OWNER));
    assert_eq!(read.agent.as_deref(), Some("agent"));
    assert_eq!((read.body_digest, read.submitted_at), ([1; 32], at(0)));
    let case = &read.cases[0];
    assert_eq!(case.submission.applicant, submission().applicant);
    assert_eq!(case.submission, stored.cases[0].submission);
    assert_eq!(
        (
            &case.submission.case.no,
            &case.submission.case.application_no
        ),
        (no, no)
    );
    assert_eq!((case.rev, case.last_seq), (1, 1));
    assert_eq!(case.folded, projection("submitted").folded);
    let events = events(&store, no).await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].seq, &events[0].event), (1, &applied().event));
    let due = store.due_clocks(at(10), 10).await.unwrap();
    assert_eq!(due, [(no.clone(), "acceptance".to_owned())]);
    let bound = store.material(&id).await.unwrap().unwrap();
    assert_eq!(bound.case_no.as_ref(), Some(no));
    assert_eq!(lease(&store, 0).await[0].case_no, *no);
    assert_eq!(audits(&store).await.len(), 1);
}

pub async fn an_application_with_two_cases_has_a_number_of_its_own(subject: &dyn Subject) {
    let store = subject.store();
    let mut second = new_case();
    second.submission.form = serde_json::json!({"second": true});
    let stored = submitted(&store, application_of(vec![new_case(), second])).await;
    let numbers: Vec<_> = stored.cases.iter().map(|c| c.case_no.clone()).collect();
    assert_eq!(numbers.len(), 2);
    assert_ne!(numbers[0], numbers[1]);
    assert!(!numbers.contains(&stored.application_no));
    let read = store
        .application(&Scope::Everything, &stored.application_no)
        .await
        .unwrap()
        .unwrap();
    let order: Vec<_> = read.cases.iter().map(|c| c.case_no.clone()).collect();
    assert_eq!(order, numbers);
    assert_eq!(read.cases[1].submission.form["second"], true);
    assert_eq!(events(&store, &numbers[1]).await.len(), 1);
}

pub async fn an_application_is_found_by_any_of_its_numbers(subject: &dyn Subject) {
    let store = subject.store();
    let stored = submitted(&store, application_of(vec![new_case(), new_case()])).await;
    for no in [
        &stored.application_no,
        &stored.cases[0].case_no,
        &stored.cases[1].case_no,
    ] {
        let found = store.application(&Scope::Everything, no).await.unwrap();
        assert_eq!(found.unwrap().application_no, stored.application_no);
    }
    let none = store
        .application(&Scope::Everything, "no such number")
        .await
        .unwrap();
    assert!(none.is_none());
}

pub async fn the_same_key_with_the_same_body_is_answered_as_before(subject: &dyn Subject) {
    let store = subject.store();
    let first = submitted(&store, with_key("c", "k", 1)).await;
    let again = store.submit(with_key("c", "k", 1)).await.unwrap();
    let SubmitOutcome::Replayed(again) = again else {
        panic!("{again:?}")
    };
    assert_eq!(again.application_no, first.application_no);
    let key = IdempotencyKey {
        caller: "c".to_owned(),
        key: "k".to_owned(),
    };
    let known = store.by_idempotency_key(&key).await.unwrap().unwrap();
    assert_eq!(known.application_no, first.application_no);
    assert_eq!(counted(subject).await, 1);
    assert_eq!(audits(&store).await.len(), 1);
}

pub async fn the_same_key_with_another_body_is_refused(subject: &dyn Subject) {
    let store = subject.store();
    submitted(&store, with_key("c", "k", 1)).await;
    let again = store.submit(with_key("c", "k", 2)).await.unwrap();
    assert!(matches!(again, SubmitOutcome::KeyReused), "{again:?}");
    assert_eq!(counted(subject).await, 1);
}

pub async fn the_same_key_of_two_callers_is_two_keys(subject: &dyn Subject) {
    let store = subject.store();
    let one = submitted(&store, with_key("c", "k", 1)).await;
    let two = submitted(&store, with_key("d", "k", 2)).await;
    assert_ne!(one.application_no, two.application_no);
    // The border between caller and key is part of the key.
    submitted(&store, with_key("ck", "", 3)).await;
    assert_eq!(counted(subject).await, 3);
}

pub async fn two_submissions_of_one_key_at_once_are_one_application(subject: &dyn Subject) {
    let store = subject.store();
    let all = futures_util::future::join_all((0..16).map(|_| store.submit(with_key("c", "k", 1))));
    let mut stored = 0;
    let mut numbers = std::collections::BTreeSet::new();
    for outcome in all.await {
        match outcome.unwrap() {
            SubmitOutcome::Stored(record) => {
                stored += 1;
                numbers.insert(record.application_no);
            }
            SubmitOutcome::Replayed(record) => {
                numbers.insert(record.application_no);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((stored, numbers.len()), (1, 1));
    assert_eq!(counted(subject).await, 1);
}

pub async fn applications_at_once_get_their_own_materials_and_share_none(subject: &dyn Subject) {
    let store = subject.store();
    let mut wanted = Vec::new();
    for n in 0..12_u8 {
        let own = [
            uploaded(&store, &[n]).await,
            uploaded(&store, &[n, n]).await,
        ];
        wanted.push(own);
    }
    let shared = uploaded(&store, b"shared").await;
    let whole = |materials: Vec<(u32, String)>| {
        let mut new = application();
        new.cases[0].materials = materials;
        new.cases[0].projection.clocks = vec![ClockRow {
            kind: "acceptance".to_owned(),
            due_at: at(10),
        }];
        new
    };
    let mut all: Vec<NewApplication> = wanted
        .iter()
        .map(|[one, two]| whole(vec![(1, one.clone()), (2, two.clone())]))
        .collect();
    // One file of two applicants, one that nobody has uploaded, one named twice by the same applicant.
    all.push(whole(vec![(1, shared.clone())]));
    all.push(whole(vec![(1, shared.clone())]));
    all.push(whole(vec![(1, "unknown".to_owned())]));
    let twice = uploaded(&store, b"twice").await;
    all.push(whole(vec![(1, twice.clone()), (2, twice.clone())]));
    let outcomes = futures_util::future::join_all(all.into_iter().map(|new| store.submit(new)));
    let outcomes: Vec<_> = outcomes.await.into_iter().map(Result::unwrap).collect();
    let refused: Vec<_> = outcomes[12..15]
        .iter()
        .filter_map(|outcome| match outcome {
            SubmitOutcome::MaterialsNotBindable(ids) => Some(ids.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [vec![shared.clone()], vec!["unknown".to_owned()]]);
    assert!(matches!(outcomes[15], SubmitOutcome::Stored(_)));
    for (outcome, own) in outcomes.iter().zip(&wanted) {
        let SubmitOutcome::Stored(record) = outcome else {
            panic!("{outcome:?}");
        };
        for (id, expected) in own.iter().zip(1_u64..) {
            let bound = store.material(id).await.unwrap().unwrap();
            assert_eq!(bound.case_no.as_ref(), Some(&record.application_no));
            assert_eq!(bound.size, expected);
            let bytes = store.material_bytes(&Scope::Everything, id).await.unwrap();
            assert!(bytes.is_some(), "its key was wrapped anew");
        }
        assert_eq!(events(&store, &record.application_no).await.len(), 1);
    }
    // Whoever was refused has left nothing: no case, no clock, no delivery, no audit record.
    assert_eq!(counted(subject).await, 14);
    assert_eq!(store.due_clocks(at(10), 100).await.unwrap().len(), 14);
    assert_eq!(audits(&store).await.len(), 14);
}

pub async fn a_partners_own_number_is_taken_once(subject: &dyn Subject) {
    let store = subject.store();
    let origin = |system: &str| {
        Some(PartnerOrigin {
            system_id: system.to_owned(),
            partner_no: "P-1".to_owned(),
        })
    };
    let from = |system: &str, body: u8| NewApplication {
        partner_origin: origin(system),
        body_digest: [body; 32],
        ..application()
    };
    let first = submitted(&store, from("a", 1)).await;
    let again = store.submit(from("a", 1)).await.unwrap();
    assert!(
        matches!(&again, SubmitOutcome::Replayed(r) if r.application_no == first.application_no)
    );
    let other = store.submit(from("a", 2)).await.unwrap();
    assert!(matches!(other, SubmitOutcome::KeyReused));
    submitted(&store, from("b", 2)).await;
    let found = store
        .by_partner_origin(&origin("a").unwrap())
        .await
        .unwrap();
    assert_eq!(found.unwrap().application_no, first.application_no);
    let none = store.by_partner_origin(&origin("c").unwrap()).await;
    assert!(none.unwrap().is_none());
}

pub async fn applications_are_found_by_the_exact_identity_number(subject: &dyn Subject) {
    let store = subject.store();
    let mut numbers = Vec::new();
    for seconds in [1, 2, 3] {
        let mut new = application();
        new.submitted_at = at(seconds);
        numbers.push(submitted(&store, new).await.application_no);
    }
    let mut other = application();
    other.cases[0].submission.applicant.id_number = "110105194912310011".to_owned();
    submitted(&store, other).await;
    numbers.reverse();
    let find = |number: &'static str, limit| {
        let store = store.clone();
        async move {
            store
                .by_identity_number(&Scope::Everything, number, limit)
                .await
                .unwrap()
        }
    };
    assert_eq!(find(ID_NUMBER, 10).await, numbers);
    assert_eq!(find("11010519491231002x", 2).await, numbers[..2]);
    assert!(find("11010519491231002", 10).await.is_empty());
    assert!(find("", 10).await.is_empty());
}

pub async fn cases_are_counted_by_state(subject: &dyn Subject) {
    let store = subject.store();
    let mut closed = new_case();
    closed.projection = projection("closed");
    submitted(&store, application_of(vec![new_case(), closed])).await;
    submitted(&store, application()).await;
    let mut counts = store.count_by_state(&Scope::Everything).await.unwrap();
    counts.sort();
    assert_eq!(
        counts,
        [("closed".to_owned(), 1), ("submitted".to_owned(), 2)]
    );
}

/// How many deliveries there are: one an application of the samples.
pub async fn counted(subject: &dyn Subject) -> u64 {
    let all = DeliveryFilter::default();
    let store = subject.store();
    store
        .count_deliveries(&Scope::Everything, &all)
        .await
        .unwrap()
        .0
}
