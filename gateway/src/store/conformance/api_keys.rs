//! API keys: made, replaced, revoked, used; each change counted, told in the audit log, and believed only as it was written.

use super::Subject;
use super::samples::{MINUTE_US, at, audit};
use crate::identity::Scope;
use crate::identity::api_key::{KeyHolder, KeyText, KeyWindow};
use crate::store::SharedStore;
use crate::store::api_key::{ApiKeyRecord, CreateOutcome, ENDED_KEPT_US, NewApiKey, RotateOutcome};
use jiff::Timestamp;

fn text(id: u8) -> KeyText {
    KeyText::new([id; 8], [id.wrapping_mul(3); 32])
}

pub fn id_of(id: u8) -> String {
    text(id).id().to_owned()
}

pub fn engineer() -> KeyHolder {
    KeyHolder::new("engineer", "pipeline", Some("gd-police")).unwrap()
}

pub fn new_key(id: u8, made: i64, ends: i64) -> NewApiKey {
    NewApiKey {
        id: id_of(id),
        digest: text(id).digest(),
        at: at(made),
        created_by: "operator-of-the-hall".to_owned(),
        note: "for nightly checks".to_owned(),
        window: KeyWindow {
            not_before: at(made),
            expires_at: at(ends),
            revoked_at: None,
        },
    }
}

async fn made(store: &SharedStore, holder: KeyHolder, key: NewApiKey) {
    let outcome = store.create_api_key(holder, key, audit("key.create"));
    let outcome = outcome.await.unwrap();
    assert_eq!(outcome, CreateOutcome::Created);
}

async fn one(store: &SharedStore, id: u8) -> Option<ApiKeyRecord> {
    let all = store.api_keys().await.unwrap();
    assert!(all.unreadable.is_empty());
    all.keys.into_iter().find(|key| key.id == id_of(id))
}

/// `(action, target)` of every record about keys.
async fn told(store: &SharedStore) -> Vec<(String, String)> {
    let rows = store.audit(&Scope::Everything, 0, 100).await.unwrap();
    let about_keys = rows.into_iter().map(|r| (r.audit.action, r.audit.target));
    about_keys.filter(|(a, _)| a.starts_with("key.")).collect()
}

pub async fn a_key_comes_back_as_it_was_made_and_is_there_after_a_restart(subject: &dyn Subject) {
    let store = subject.store();
    assert_eq!(store.api_keys().await.unwrap().keys, []);
    let partner = KeyHolder::new("partner", "gd-explosives", None).unwrap();
    made(&store, engineer(), new_key(1, 0, 100)).await;
    made(&store, partner.clone(), new_key(2, 1, 200)).await;
    let store = subject.reopened().await;
    let keys = store.api_keys().await.unwrap().keys;
    let ids: Vec<_> = keys.iter().map(|key| key.id.clone()).collect();
    assert_eq!(ids, [id_of(1), id_of(2)], "oldest first");
    let new = new_key(1, 0, 100);
    let first = ApiKeyRecord {
        id: new.id,
        digest: new.digest,
        holder: engineer(),
        created_at: new.at,
        created_by: new.created_by,
        note: new.note,
        window: new.window,
        replaced_by: None,
        last_used_at: None,
    };
    assert_eq!(keys[0], first);
    assert_eq!(keys[1].holder, partner);
    let about = |id: u8| ("key.create".to_owned(), id_of(id));
    assert_eq!(told(&store).await, [about(1), about(2)]);
    let police = Scope::Organisations(["gd-police".to_owned()].into());
    assert_eq!(store.audit(&police, 0, 9).await.unwrap().len(), 1);
    let system = Scope::System("gd-explosives".to_owned());
    assert_eq!(store.audit(&system, 0, 9).await.unwrap().len(), 1);
}

pub async fn a_replaced_key_ends_after_the_overlap_and_hands_its_rights_on(subject: &dyn Subject) {
    let store = subject.store();
    made(&store, engineer(), new_key(1, 0, 100)).await;
    let rotate = async |old: u8, ends: i64, next: NewApiKey| {
        store
            .rotate_api_key(&id_of(old), at(ends), next, audit("key.rotate"))
            .await
            .unwrap()
    };
    let rotated = rotate(1, 60, new_key(2, 50, 150)).await;
    assert_eq!(rotated, RotateOutcome::Rotated { ends_at: at(60) });
    let (old, next) = (one(&store, 1).await.unwrap(), one(&store, 2).await.unwrap());
    assert_eq!(old.replaced_by, Some(id_of(2)));
    assert_eq!(old.window.expires_at, at(60));
    assert_eq!(next.holder, engineer());
    assert_eq!(next.window.expires_at, at(150));
    let again = rotate(1, 60, new_key(3, 51, 150)).await;
    assert_eq!(again, RotateOutcome::Replaced(id_of(2)));
    let unknown = rotate(9, 60, new_key(3, 51, 150)).await;
    assert_eq!(unknown, RotateOutcome::Unknown);
    let late = rotate(2, 300, new_key(3, 150, 250)).await;
    assert_eq!(late, RotateOutcome::Ended);
    assert_eq!(one(&store, 3).await, None, "what was refused left nothing");
    // The overlap never makes a key count longer than it would have.
    let rotated = rotate(2, 900, new_key(4, 149, 250)).await;
    assert_eq!(rotated, RotateOutcome::Rotated { ends_at: at(150) });
    let actions: Vec<_> = told(&store).await.into_iter().collect();
    let about = |action: &str, id: u8| (action.to_owned(), id_of(id));
    assert_eq!(
        actions,
        [
            about("key.create", 1),
            about("key.rotate", 1),
            about("key.create", 2),
            about("key.rotate", 2),
            about("key.create", 4),
        ]
    );
}

pub async fn one_of_two_rotations_at_once_finds_the_key_replaced(subject: &dyn Subject) {
    let store = subject.store();
    made(&store, engineer(), new_key(1, 0, 100)).await;
    let rotate = |next: u8| {
        let (store, audit) = (store.clone(), audit("key.rotate"));
        async move {
            let next = new_key(next, 10, 110);
            let old = id_of(1);
            store
                .rotate_api_key(&old, at(20), next, audit)
                .await
                .unwrap()
        }
    };
    let outcomes = tokio::join!(rotate(2), rotate(3));
    let rotated = RotateOutcome::Rotated { ends_at: at(20) };
    match outcomes {
        (a, RotateOutcome::Replaced(by)) if a == rotated => assert_eq!(by, id_of(2)),
        (RotateOutcome::Replaced(by), b) if b == rotated => assert_eq!(by, id_of(3)),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.api_keys().await.unwrap().keys.len(), 2);
}

pub async fn a_revoked_key_stays_revoked_as_it_was_first(subject: &dyn Subject) {
    let store = subject.store();
    made(&store, engineer(), new_key(1, 0, 100)).await;
    let revoke = async |id: u8, seconds: i64| {
        store
            .revoke_api_key(&id_of(id), at(seconds), audit("key.revoke"))
            .await
            .unwrap()
    };
    assert!(!revoke(9, 5).await, "unknown");
    assert!(revoke(1, 5).await);
    assert!(revoke(1, 6).await, "asked twice, done once");
    let revoked = one(&store, 1).await.unwrap();
    assert_eq!(revoked.window.revoked_at, Some(at(5)));
    let audit = audit("key.rotate");
    let rotated = store
        .rotate_api_key(&id_of(1), at(9), new_key(2, 7, 90), audit)
        .await;
    assert_eq!(rotated.unwrap(), RotateOutcome::Ended);
    let about = |action: &str| (action.to_owned(), id_of(1));
    assert_eq!(
        told(&store).await,
        [about("key.create"), about("key.revoke")]
    );
}

pub async fn every_change_of_keys_is_counted_and_a_use_is_none(subject: &dyn Subject) {
    let store = subject.store();
    let mut seen = vec![store.api_key_revision().await.unwrap()];
    made(&store, engineer(), new_key(1, 0, 100)).await;
    seen.push(store.api_key_revision().await.unwrap());
    let next = new_key(2, 10, 110);
    store
        .rotate_api_key(&id_of(1), at(20), next, audit("key.rotate"))
        .await
        .unwrap();
    seen.push(store.api_key_revision().await.unwrap());
    store
        .revoke_api_key(&id_of(1), at(11), audit("key.revoke"))
        .await
        .unwrap();
    seen.push(store.api_key_revision().await.unwrap());
    assert!(
        seen.is_sorted() && seen.windows(2).all(|w| w[0] < w[1]),
        "{seen:?}"
    );
    let last = *seen.last().unwrap();
    let used = [(id_of(2), at(12))];
    store.note_api_keys_used(&used).await.unwrap();
    assert_eq!(store.api_key_revision().await.unwrap(), last);
    assert_eq!(store.api_keys().await.unwrap().revision, last);
}

pub async fn the_use_of_a_key_is_noted_once_an_hour(subject: &dyn Subject) {
    let store = subject.store();
    made(&store, engineer(), new_key(1, 0, 100_000)).await;
    let note = async |seconds: i64| {
        let uses = [(id_of(1), at(seconds)), (id_of(9), at(seconds))];
        store.note_api_keys_used(&uses).await.unwrap()
    };
    assert_eq!(note(10).await, 1, "and nothing of an unknown key");
    assert_eq!(note(10 + 3_599).await, 0);
    assert_eq!(note(5).await, 0, "an older word of another node");
    let used = one(&store, 1).await.unwrap().last_used_at;
    assert_eq!(used, Some(at(10)));
    assert_eq!(note(10 + 3_600).await, 1);
    let used = one(&store, 1).await.unwrap().last_used_at;
    assert_eq!(used, Some(at(3_610)));
}

pub async fn rows_of_long_ended_keys_go_when_a_new_one_comes(subject: &dyn Subject) {
    let store = subject.store();
    made(&store, engineer(), new_key(1, 0, 1_000)).await;
    made(&store, engineer(), new_key(2, 0, 2_000)).await;
    store
        .revoke_api_key(&id_of(2), at(50), audit("key.revoke"))
        .await
        .unwrap();
    let long_after = |ended: i64| {
        let moment = at(ended).as_microsecond() + ENDED_KEPT_US + MINUTE_US;
        Timestamp::from_microsecond(moment).unwrap()
    };
    let mut third = new_key(3, 0, 100);
    third.at = long_after(50);
    made(&store, engineer(), third).await;
    let there = async |id| one(&store, id).await.is_some();
    assert!(there(1).await, "ended, and not so long ago");
    assert!(!there(2).await && there(3).await);
    let revision = store.api_key_revision().await.unwrap();
    let mut fourth = new_key(4, 0, 100);
    fourth.at = long_after(1_000);
    made(&store, engineer(), fourth).await;
    assert!(!there(1).await);
    assert!(store.api_key_revision().await.unwrap() > revision);
}
