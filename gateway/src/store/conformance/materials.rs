//! Materials: streamed in, digested, bound once, swept when nobody wants them.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::application::SubmitOutcome;
use crate::store::material::{NewMaterial, UploadOutcome};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::oneshot;

/// Two chunks and a half of the sealed file.
fn long() -> Vec<u8> {
    (0..160 * 1024).map(|i: u32| (i % 251) as u8).collect()
}

pub async fn an_upload_is_stored_with_its_digests(subject: &dyn Subject) {
    let store = subject.store();
    let new = material("client");
    let outcome = store.upload(new.clone(), body(b"abc")).await.unwrap();
    let UploadOutcome::Stored(record) = outcome else {
        panic!("{outcome:?}")
    };
    // FIPS 180-2 appendix B.1 and RFC 1321 appendix A.5.
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(record.sha256, sha256);
    assert_eq!(record.md5, "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(
        (record.size, &record.file_name, &record.id),
        (3, &new.file_name, &new.id)
    );
    assert_eq!((record.scan.as_str(), &record.case_no), ("off", &None));
    assert_eq!(store.material(&new.id).await.unwrap(), Some(record));
    assert_eq!(store.material(&capability()).await.unwrap(), None);
}

pub async fn unbound_bytes_are_nobodys(subject: &dyn Subject) {
    let store = subject.store();
    let id = uploaded(&store, b"abc").await;
    let bytes = store.material_bytes(&Scope::Everything, &id).await.unwrap();
    assert!(bytes.is_none());
}

pub async fn bound_bytes_come_back_as_they_were(subject: &dyn Subject) {
    let store = subject.store();
    let (one, two) = (uploaded(&store, &long()).await, uploaded(&store, b"").await);
    let mut new = new_case();
    new.materials = vec![(1, one.clone()), (2, two.clone())];
    submitted(&store, application_of(vec![new])).await;
    for (id, expected) in [(one, long()), (two, Vec::new())] {
        let found = store.material_bytes(&Scope::Everything, &id).await.unwrap();
        let (record, bytes) = found.unwrap();
        assert_eq!(record.size, expected.len() as u64);
        assert!(read(bytes).await == expected, "{} bytes", expected.len());
    }
}

pub async fn an_upload_over_its_bound_leaves_nothing(subject: &dyn Subject) {
    let store = subject.store();
    let new = NewMaterial {
        max_bytes: 1500,
        ..material("client")
    };
    let id = new.id.clone();
    let outcome = store.upload(new, body(&[1; 1501])).await.unwrap();
    assert!(matches!(outcome, UploadOutcome::TooLarge), "{outcome:?}");
    assert_eq!(store.material(&id).await.unwrap(), None);
    let exact = NewMaterial {
        max_bytes: 1500,
        ..material("client")
    };
    let outcome = store.upload(exact, body(&[1; 1500])).await.unwrap();
    assert!(matches!(outcome, UploadOutcome::Stored(_)), "{outcome:?}");
    assert_eq!(
        store.sweep(at(0)).await.unwrap().total(),
        0,
        "no file is left to sweep"
    );
}

pub async fn an_id_that_is_taken_is_refused_and_its_bytes_stay(subject: &dyn Subject) {
    let store = subject.store();
    let new = material("client");
    store.upload(new.clone(), body(b"first")).await.unwrap();
    let again = store.upload(new.clone(), body(b"second")).await;
    assert!(again.is_err());
    let mut case = new_case();
    case.materials = vec![(1, new.id.clone())];
    submitted(&store, application_of(vec![case])).await;
    let found = store.material_bytes(&Scope::Everything, &new.id).await;
    assert_eq!(read(found.unwrap().unwrap().1).await, b"first");
    let hostile = NewMaterial {
        id: "../../escape".to_owned(),
        ..new
    };
    assert!(store.upload(hostile, body(b"x")).await.is_err());
}

pub async fn an_interrupted_upload_leaves_nothing(subject: &dyn Subject) {
    let store = subject.store();
    let new = material("client");
    let id = new.id.clone();
    let pieces = [
        Ok(Bytes::from_static(b"half")),
        Err(std::io::Error::other("the client went")),
    ];
    let stream = futures_util::stream::iter(pieces).boxed();
    let outcome = store.upload(new, stream).await.unwrap();
    assert!(matches!(outcome, UploadOutcome::Interrupted), "{outcome:?}");
    assert_eq!(store.material(&id).await.unwrap(), None);
    assert_eq!(
        store.sweep(at(0)).await.unwrap().total(),
        0,
        "no file is left to sweep"
    );
}

fn capped(client: &str) -> NewMaterial {
    NewMaterial {
        max_unbound_bytes: 5000,
        ..material(client)
    }
}

pub async fn unbound_uploads_of_a_client_are_capped(subject: &dyn Subject) {
    let store = subject.store();
    let upload = |client: &'static str, size: usize| {
        let store = store.clone();
        async move {
            store
                .upload(capped(client), body(&vec![1; size]))
                .await
                .unwrap()
        }
    };
    let UploadOutcome::Stored(first) = upload("a", 3000).await else {
        panic!("refused")
    };
    assert!(matches!(upload("a", 2001).await, UploadOutcome::OverCap));
    assert!(matches!(upload("b", 2001).await, UploadOutcome::Stored(_)));
    assert!(matches!(upload("a", 2000).await, UploadOutcome::Stored(_)));
    // What is bound does not count.
    let mut new = new_case();
    new.materials = vec![(1, first.id)];
    submitted(&store, application_of(vec![new])).await;
    assert!(matches!(upload("a", 3000).await, UploadOutcome::Stored(_)));
}

pub async fn uploads_under_way_count_against_the_cap(subject: &dyn Subject) {
    let store = subject.store();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let (taken, was_taken) = oneshot::channel::<()>();
    // Four thousand bytes, then silence until it may go on.
    let rest = futures_util::stream::once(async move {
        taken.send(()).ok();
        may_go_on.await.ok();
        Ok(Bytes::from_static(b"end"))
    });
    let slow = body(&[1; 4000]).chain(rest).boxed();
    let under_way = tokio::spawn({
        let store = store.clone();
        async move { store.upload(capped("a"), slow).await }
    });
    was_taken.await.unwrap();
    let second = store.upload(capped("a"), body(&[1; 1001])).await.unwrap();
    assert!(matches!(second, UploadOutcome::OverCap), "{second:?}");
    let other = store.upload(capped("b"), body(&[1; 1001])).await.unwrap();
    assert!(matches!(other, UploadOutcome::Stored(_)), "{other:?}");
    go_on.send(()).unwrap();
    let first = under_way.await.unwrap().unwrap();
    assert!(matches!(first, UploadOutcome::Stored(_)), "{first:?}");
    let rest = store.upload(capped("a"), body(&[1; 997])).await.unwrap();
    assert!(matches!(rest, UploadOutcome::Stored(_)), "{rest:?}");
}

pub async fn a_material_is_bound_to_the_first_case_that_names_it(subject: &dyn Subject) {
    let store = subject.store();
    let (id, free, missing) = (
        uploaded(&store, b"abc").await,
        uploaded(&store, b"def").await,
        capability(),
    );
    let naming = |ids: &[&String]| {
        let mut new = new_case();
        new.materials = (1..).zip(ids.iter().map(|id| (*id).clone())).collect();
        application_of(vec![new])
    };
    let first = submitted(&store, naming(&[&id])).await;
    let outcome = store.submit(naming(&[&free, &id, &missing])).await.unwrap();
    let SubmitOutcome::MaterialsNotBindable(refused) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(refused, [id.clone(), missing]);
    let bound = store.material(&id).await.unwrap().unwrap();
    assert_eq!(bound.case_no, Some(first.application_no));
    assert_eq!(store.material(&free).await.unwrap().unwrap().case_no, None);
    let next = submitted(&store, naming(&[&free])).await;
    assert_eq!(
        next.application_no,
        format!("{STEM}0002"),
        "no number was lost"
    );
}

pub async fn the_sweep_takes_old_unbound_materials_alone(subject: &dyn Subject) {
    let store = subject.store();
    let bound = uploaded(&store, b"bound").await;
    let mut new = new_case();
    new.materials = vec![(1, bound.clone())];
    submitted(&store, application_of(vec![new])).await;
    let old = uploaded(&store, b"old").await;
    let young = NewMaterial {
        created_at: at(100),
        ..material("client")
    };
    let young_id = young.id.clone();
    store.upload(young, body(b"young")).await.unwrap();
    assert_eq!(store.sweep(at(100)).await.unwrap().total(), 1);
    assert_eq!(store.material(&old).await.unwrap(), None);
    assert!(store.material(&young_id).await.unwrap().is_some());
    let found = store.material_bytes(&Scope::Everything, &bound).await;
    assert_eq!(read(found.unwrap().unwrap().1).await, b"bound");
    assert_eq!(store.sweep(at(100)).await.unwrap().total(), 0);
}
