//! Resumable uploads: parts in order, true offsets, and a material like any other in the end.

use super::Subject;
use super::samples::*;
use crate::identity::Scope;
use crate::store::SharedStore;
use crate::store::material::{ByteStream, MaterialRecord};
use crate::store::upload::{
    Checksum, ChecksumAlgorithm, NewPart, NewUpload, PartOutcome, RemoveOutcome, UploadRecord,
};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use tokio::sync::oneshot;

fn anything(_: &str, _: &[u8]) -> Result<(), &'static str> {
    Ok(())
}

fn nothing(_: &str, _: &[u8]) -> Result<(), &'static str> {
    Err("something else")
}

fn upload(length: u64) -> NewUpload {
    NewUpload {
        id: capability(),
        client: "client".to_owned(),
        content_type: "application/pdf".to_owned(),
        file_name: "张三身份证.pdf".to_owned(),
        length,
        created_at: at(0),
        max_unbound_bytes: 1 << 26,
    }
}

fn part(id: &str, offset: u64) -> NewPart {
    NewPart {
        id: id.to_owned(),
        offset,
        checksum: None,
        judge: anything,
        at: at(1),
    }
}

async fn begun(store: &SharedStore, length: u64) -> String {
    let record = store.begin_upload(upload(length)).await.unwrap();
    record.expect("within the caps").id
}

async fn taken(store: &SharedStore, part: NewPart, bytes: &[u8]) -> UploadRecord {
    match store.append(part, body(bytes)).await.unwrap() {
        PartOutcome::Taken(record) => record,
        other => panic!("{other:?}"),
    }
}

async fn whole(store: &SharedStore, part: NewPart, bytes: &[u8]) -> MaterialRecord {
    match store.append(part, body(bytes)).await.unwrap() {
        PartOutcome::Whole(record) => record,
        other => panic!("{other:?}"),
    }
}

async fn offset(store: &SharedStore, id: &str) -> Option<u64> {
    store
        .unfinished_upload(id)
        .await
        .unwrap()
        .map(|record| record.offset)
}

/// A body that breaks off after these bytes.
fn cut(bytes: &[u8]) -> ByteStream {
    let end = futures_util::stream::iter([Err(std::io::Error::other("the client went"))]);
    body(bytes).chain(end).boxed()
}

/// More than two segments of a large upload.
fn long() -> Vec<u8> {
    (0..20 * 1024 * 1024)
        .map(|i: u32| (i % 253) as u8)
        .collect()
}

async fn bytes_of(store: &SharedStore, id: &str) -> Vec<u8> {
    let mut new = new_case();
    new.materials = vec![(1, id.to_owned())];
    submitted(store, application_of(vec![new])).await;
    let found = store.material_bytes(&Scope::Everything, id).await.unwrap();
    read(found.unwrap().1).await
}

pub async fn parts_become_a_material_with_its_digests(subject: &dyn Subject) {
    let store = subject.store();
    let id = begun(&store, 3).await;
    assert_eq!(offset(&store, &id).await, Some(0));
    assert_eq!(store.material(&id).await.unwrap(), None);
    let record = taken(&store, part(&id, 0), b"a").await;
    assert_eq!((record.offset, record.length), (1, 3));
    assert_eq!(record.file_name, "张三身份证.pdf");
    let record = whole(&store, part(&id, 1), b"bc").await;
    // FIPS 180-2 appendix B.1 and RFC 1321 appendix A.5.
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(record.sha256, sha256);
    assert_eq!(record.md5, "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!((record.size, record.scan.as_str()), (3, "off"));
    assert_eq!(store.material(&id).await.unwrap(), Some(record));
    assert_eq!(offset(&store, &id).await, None, "it is no upload any more");
    let again = store.append(part(&id, 3), body(b"")).await.unwrap();
    assert!(matches!(again, PartOutcome::NoSuchUpload), "{again:?}");
    assert_eq!(bytes_of(&store, &id).await, b"abc");
    assert_eq!(
        store.sweep(at(0)).await.unwrap().total(),
        0,
        "no file is left"
    );
}

pub async fn a_large_upload_comes_back_as_it_went_in(subject: &dyn Subject) {
    let store = subject.store();
    let bytes = long();
    let id = begun(&store, bytes.len() as u64).await;
    let (one, two) = bytes.split_at(9 * 1024 * 1024 + 7);
    taken(&store, part(&id, 0), one).await;
    whole(&store, part(&id, one.len() as u64), two).await;
    assert!(bytes_of(&store, &id).await == bytes);
    assert_eq!(
        store.sweep(at(0)).await.unwrap().total(),
        0,
        "no segment is left"
    );
}

pub async fn an_empty_upload_is_whole_with_its_first_part(subject: &dyn Subject) {
    let store = subject.store();
    let id = begun(&store, 0).await;
    assert_eq!(whole(&store, part(&id, 0), b"").await.size, 0);
}

pub async fn what_arrived_before_a_cut_stays(subject: &dyn Subject) {
    let store = subject.store();
    let id = begun(&store, 6).await;
    let outcome = store.append(part(&id, 0), cut(b"abc")).await.unwrap();
    assert!(
        matches!(&outcome, PartOutcome::Interrupted(record) if record.offset == 3),
        "{outcome:?}"
    );
    let store = subject.reopened().await;
    assert_eq!(offset(&store, &id).await, Some(3));
    whole(&store, part(&id, 3), b"def").await;
    assert_eq!(bytes_of(&store, &id).await, b"abcdef");
}

pub async fn a_part_begins_where_the_upload_ends(subject: &dyn Subject) {
    let store = subject.store();
    let id = begun(&store, 6).await;
    taken(&store, part(&id, 0), b"abc").await;
    for wrong in [0, 2, 4, 6, u64::MAX] {
        let outcome = store.append(part(&id, wrong), body(b"x")).await.unwrap();
        assert!(
            matches!(&outcome, PartOutcome::WrongOffset(record) if record.offset == 3),
            "{wrong}: {outcome:?}"
        );
    }
    let outcome = store.append(part(&capability(), 0), body(b"x")).await;
    assert!(matches!(outcome.unwrap(), PartOutcome::NoSuchUpload));
}

pub async fn a_part_over_the_length_is_refused(subject: &dyn Subject) {
    let store = subject.store();
    let id = begun(&store, 6).await;
    taken(&store, part(&id, 0), b"abc").await;
    let outcome = store.append(part(&id, 3), body(b"defg")).await.unwrap();
    assert!(matches!(outcome, PartOutcome::TooLong), "{outcome:?}");
    assert_eq!(offset(&store, &id).await, Some(3));
    whole(&store, part(&id, 3), b"def").await;
}

pub async fn a_part_that_differs_from_its_checksum_leaves_nothing(subject: &dyn Subject) {
    let store = subject.store();
    let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
    // Of "abc": FIPS 180-2 appendices A.1 and B.1, RFC 1321 appendix A.5.
    for (algorithm, digest) in [
        (
            ChecksumAlgorithm::Sha1,
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
        (
            ChecksumAlgorithm::Sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (ChecksumAlgorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
    ] {
        let checked = |id: &str, offset| NewPart {
            checksum: Some(Checksum {
                algorithm,
                digest: hex(digest),
            }),
            ..part(id, offset)
        };
        let id = begun(&store, 6).await;
        let outcome = store.append(checked(&id, 0), body(b"abd")).await.unwrap();
        assert!(
            matches!(outcome, PartOutcome::ChecksumMismatch),
            "{outcome:?}"
        );
        assert_eq!(offset(&store, &id).await, Some(0));
        let outcome = store.append(checked(&id, 0), cut(b"ab")).await.unwrap();
        assert!(
            matches!(&outcome, PartOutcome::Interrupted(record) if record.offset == 0),
            "half of what cannot be checked does not stay: {outcome:?}"
        );
        taken(&store, checked(&id, 0), b"abc").await;
        let outcome = store.append(checked(&id, 3), body(b"abx")).await.unwrap();
        assert!(
            matches!(outcome, PartOutcome::ChecksumMismatch),
            "also of the last one"
        );
        whole(&store, checked(&id, 3), b"abc").await;
    }
}

pub async fn one_part_at_a_time_is_written(subject: &dyn Subject) {
    let store = subject.store();
    let id = begun(&store, 6).await;
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let (reading, was_read) = oneshot::channel::<()>();
    let slow = futures_util::stream::once(async move {
        reading.send(()).ok();
        may_go_on.await.ok();
        Ok(Bytes::from_static(b"abc"))
    });
    let first = tokio::spawn({
        let (store, part) = (store.clone(), part(&id, 0));
        async move { store.append(part, slow.boxed()).await }
    });
    was_read.await.unwrap();
    let second = store.append(part(&id, 0), body(b"xyz")).await.unwrap();
    assert!(matches!(second, PartOutcome::Busy), "{second:?}");
    assert_eq!(store.remove_upload(&id).await.unwrap(), RemoveOutcome::Busy);
    assert_eq!(
        store.sweep(at(1_000)).await.unwrap().total(),
        0,
        "what is being written is never swept"
    );
    go_on.send(()).unwrap();
    let first = first.await.unwrap().unwrap();
    assert!(matches!(first, PartOutcome::Taken(_)), "{first:?}");
    whole(&store, part(&id, 3), b"def").await;
    assert_eq!(bytes_of(&store, &id).await, b"abcdef");
}

pub async fn bytes_of_another_kind_end_the_upload(subject: &dyn Subject) {
    let store = subject.store();
    let judged = |id: &str, offset| NewPart {
        judge: nothing,
        ..part(id, offset)
    };
    // Told when it is whole, however small its parts; and at once when the first part is long enough.
    let id = begun(&store, 2).await;
    taken(&store, judged(&id, 0), b"a").await;
    let outcome = store.append(judged(&id, 1), body(b"b")).await.unwrap();
    assert!(
        matches!(
            outcome,
            PartOutcome::Dishonest {
                looks_like: "something else",
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_eq!(offset(&store, &id).await, None);
    assert_eq!(store.material(&id).await.unwrap(), None);
    let id = begun(&store, 100_000).await;
    let outcome = store.append(judged(&id, 0), body(&[1; 9_000])).await;
    assert!(matches!(outcome.unwrap(), PartOutcome::Dishonest { .. }));
    assert_eq!(offset(&store, &id).await, None);
    assert_eq!(
        store.sweep(at(0)).await.unwrap().total(),
        0,
        "no file is left"
    );
}

pub async fn announced_bytes_count_against_the_cap(subject: &dyn Subject) {
    let store = subject.store();
    let new = |length| NewUpload {
        max_unbound_bytes: 5_000,
        ..upload(length)
    };
    let begin = |length| store.begin_upload(new(length));
    assert!(begin(5_001).await.unwrap().is_none());
    let first = begin(3_000).await.unwrap().unwrap();
    assert!(begin(2_001).await.unwrap().is_none());
    let plain = crate::store::material::NewMaterial {
        max_unbound_bytes: 5_000,
        ..material("client")
    };
    let outcome = store
        .upload(plain.clone(), body(&[1; 2_001]))
        .await
        .unwrap();
    assert!(
        matches!(outcome, crate::store::material::UploadOutcome::OverCap),
        "{outcome:?}"
    );
    whole(&store, part(&first.id, 0), &[1; 3_000]).await;
    assert!(
        begin(2_001).await.unwrap().is_none(),
        "whole and unbound still counts"
    );
    assert!(begin(2_000).await.unwrap().is_some());
}

pub async fn unbound_files_of_a_client_are_counted(subject: &dyn Subject) {
    let store = subject.store();
    let most = crate::store::sqlite::StoreBounds::default().unbound_files;
    uploaded(&store, b"x").await;
    let begin = (1..most).map(|_| store.begin_upload(upload(1)));
    let begun = futures_util::future::join_all(begin).await;
    assert!(begun.iter().all(|b| b.as_ref().is_ok_and(Option::is_some)));
    assert!(store.begin_upload(upload(1)).await.unwrap().is_none());
    let outcome = store.upload(material("client"), body(b"x")).await.unwrap();
    assert!(
        matches!(outcome, crate::store::material::UploadOutcome::OverCap),
        "{outcome:?}"
    );
    let other = NewUpload {
        client: "other".to_owned(),
        ..upload(1)
    };
    assert!(store.begin_upload(other).await.unwrap().is_some());
}

pub async fn an_upload_is_removed_until_it_is_bound(subject: &dyn Subject) {
    let store = subject.store();
    let unfinished = begun(&store, 6).await;
    taken(&store, part(&unfinished, 0), b"abc").await;
    let free = uploaded(&store, b"abc").await;
    for id in [&unfinished, &free] {
        assert_eq!(
            store.remove_upload(id).await.unwrap(),
            RemoveOutcome::Removed
        );
        assert_eq!(
            store.remove_upload(id).await.unwrap(),
            RemoveOutcome::NoSuchUpload
        );
        assert_eq!(
            (offset(&store, id).await, store.material(id).await.unwrap()),
            (None, None)
        );
    }
    assert_eq!(
        store.sweep(at(0)).await.unwrap().total(),
        0,
        "no file is left"
    );
    let bound = uploaded(&store, b"abc").await;
    bytes_of(&store, &bound).await;
    assert_eq!(
        store.remove_upload(&bound).await.unwrap(),
        RemoveOutcome::Bound
    );
    assert!(store.material(&bound).await.unwrap().is_some());
}

pub async fn the_sweep_takes_unfinished_uploads_by_their_last_byte(subject: &dyn Subject) {
    let store = subject.store();
    let (old, young) = (begun(&store, 6).await, begun(&store, 6).await);
    taken(&store, part(&old, 0), b"abc").await;
    let later = NewPart {
        at: at(100),
        ..part(&young, 0)
    };
    taken(&store, later, b"abc").await;
    let swept = store.sweep(at(100)).await.unwrap();
    assert_eq!((swept.uploads, swept.materials, swept.files), (1, 0, 0));
    assert_eq!(offset(&store, &old).await, None);
    assert_eq!(offset(&store, &young).await, Some(3));
    let outcome = store.append(part(&old, 3), body(b"def")).await.unwrap();
    assert!(matches!(outcome, PartOutcome::NoSuchUpload), "{outcome:?}");
    whole(&store, part(&young, 3), b"def").await;
}
