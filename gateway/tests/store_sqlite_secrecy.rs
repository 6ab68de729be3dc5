//! Nothing of a person in the clear on disk, nothing opens without its key, and an erased case is gone.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

use futures_util::TryStreamExt;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::identity::Scope;
use tongban_gateway::store::Store;
use tongban_gateway::store::api_key::ApiKeyStore;
use tongban_gateway::store::case::NewUnread;
use tongban_gateway::store::conformance::api_keys::{engineer, new_key};
use tongban_gateway::store::conformance::documents::{decision, stored};
use tongban_gateway::store::conformance::samples::*;
use tongban_gateway::store::delivery::{DeliveryFilter, DeliveryOutcome};
use tongban_gateway::store::material::MaterialStore;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{DATABASE_FILE, SqliteStore, StoreBounds};
use tongban_gateway::store::{SharedStore, StoreError};

async fn try_open(folder: &Path, keys: MasterKeys) -> Result<Arc<SqliteStore>, StoreError> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    SqliteStore::open(folder, keys, clock, entropy, StoreBounds::default())
        .await
        .map(Arc::new)
}

fn keys(current: u8, older: &[[u8; 32]]) -> MasterKeys {
    MasterKeys::new([current; 32], older).unwrap()
}

/// Everything personal that the samples write, as it must not stand on disk.
fn secrets(receipts: [u8; 32]) -> Vec<(&'static str, Vec<u8>)> {
    let words = [
        ID_NUMBER,
        NAME,
        PHONE,
        OWNER,
        "身份证",
        "client-address",
        "张三的项目",
        "材料不齐",
        // Of a key: whose it is, who made it, what for.
        "pipeline",
        "operator-of-the-hall",
        "for nightly checks",
    ];
    let mut secrets: Vec<_> = words.iter().map(|w| (*w, w.as_bytes().to_vec())).collect();
    let digest = |bytes: [u8; 32]| data_encoding::HEXLOWER.encode(&bytes).into_bytes();
    secrets.push(("body digest", vec![1; 32]));
    secrets.push(("body digest in hex", digest([1; 32])));
    secrets.push(("feedback digest", vec![7; 32]));
    secrets.push(("audit digest", vec![9; 32]));
    secrets.push(("installation secret", receipts.to_vec()));
    // SHA-256 of the material's bytes: whoever has the file could tell that it was handed in.
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content());
    secrets.push(("sha256", sha256.as_ref().to_vec()));
    secrets.push((
        "sha256 in hex",
        data_encoding::HEXLOWER.encode(sha256.as_ref()).into_bytes(),
    ));
    secrets
}

fn content() -> Vec<u8> {
    format!("{NAME} {ID_NUMBER} {PHONE}\n")
        .repeat(5000)
        .into_bytes()
}

/// Writes everything that can hold personal data, by every way in.
async fn fill(store: &SharedStore) -> (String, String) {
    let id = match store
        .upload(material("client-address"), body(&content()))
        .await
        .unwrap()
    {
        tongban_gateway::store::material::UploadOutcome::Stored(record) => record.id,
        other => panic!("{other:?}"),
    };
    store
        .upload(material("client-address"), body(&content()))
        .await
        .unwrap();
    let mut new = with_key("client-address", PHONE, 1);
    new.agent = Some(OWNER.to_owned());
    new.cases[0].materials = vec![(1, id.clone())];
    new.cases[0].deliveries[0].message = json!({"reason": NAME});
    new.audit.note = format!("{NAME} {PHONE}");
    let case = submitted(store, new).await.cases.remove(0);
    let no = case.case_no.clone();
    let mut next = change(
        &case,
        vec![accepted(&no, ID_NUMBER, 1), refused(2)],
        "refused",
    );
    next.submission = Some(case.submission.clone());
    store.change(next).await.unwrap();
    store.record_feedback(held(&no, PHONE, 3)).await.unwrap();
    store
        .record_feedback(rejected(ID_NUMBER, NAME, "unknown_case"))
        .await
        .unwrap();
    for case_no in [no.as_str(), ID_NUMBER] {
        let unread = NewUnread {
            system_id: SYSTEM.to_owned(),
            case_no: case_no.to_owned(),
            way: "callback",
            code: "unknown_code".to_owned(),
            reason: NAME.to_owned(),
            received_at: at(4),
            bytes: PHONE.as_bytes().to_vec(),
        };
        store.record_unread(unread).await.unwrap();
    }
    let leased = lease(store, 0).await.pop().unwrap();
    let journal = json!({"begun": "submit", "done": {"number": {"who": NAME}}});
    store
        .journal(leased.id, leased.fence, &journal)
        .await
        .unwrap();
    store
        .attempt(leased.id, leased.fence, attempt("accepted", 1))
        .await
        .unwrap();
    let outcome = DeliveryOutcome::Dead;
    store
        .finish(
            leased.id,
            leased.fence,
            attempt("refused", 2),
            outcome,
            None,
        )
        .await
        .unwrap();
    let mut document = decision(&no);
    document.name = format!("{NAME}的决定书");
    document.number = ID_NUMBER.to_owned();
    stored(store, document, &content()).await;
    let key = new_key(1, 0, 100);
    store
        .create_api_key(engineer(), key, audit("key.create"))
        .await
        .unwrap();
    (no, id)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// Names of files and their bytes that hold one of the secrets.
fn leaks(folder: &Path, secrets: &[(&'static str, Vec<u8>)]) -> Vec<String> {
    let mut leaks = Vec::new();
    for file in files(folder) {
        let name = file.display().to_string();
        let bytes = std::fs::read(&file).unwrap();
        for (what, secret) in secrets {
            let inside = bytes.windows(secret.len()).any(|window| window == secret);
            if inside || name.as_bytes().windows(secret.len()).any(|w| w == secret) {
                leaks.push(format!("{what} in {name}"));
            }
        }
    }
    leaks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_person_stands_on_disk_in_the_clear() {
    let folder = TempDir::new().unwrap();
    let opened = try_open(folder.path(), keys(1, &[])).await.unwrap();
    let store: SharedStore = opened.clone();
    let receipts = *b"a secret of the installation....";
    store
        .installation_secret("receipts", receipts)
        .await
        .unwrap();
    let (no, _) = fill(&store).await;
    let secrets = secrets(receipts);
    let wal = files(folder.path())
        .into_iter()
        .any(|f| f.to_string_lossy().ends_with("-wal") && std::fs::metadata(&f).unwrap().len() > 0);
    assert!(
        wal,
        "the write-ahead log is looked at while it holds something"
    );
    assert_eq!(leaks(folder.path(), &secrets), Vec::<String>::new());
    opened.close().await;
    assert_eq!(leaks(folder.path(), &secrets), Vec::<String>::new());
    // The search itself works: what is public is found.
    let public = [("case number", no.into_bytes())];
    assert!(!leaks(folder.path(), &public).is_empty());
    assert!(files(folder.path()).len() >= 5, "database, lock, materials");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wrong_master_key_opens_nothing_and_says_so() {
    let folder = TempDir::new().unwrap();
    try_open(folder.path(), keys(1, &[]))
        .await
        .unwrap()
        .close()
        .await;
    let refused = try_open(folder.path(), keys(2, &[])).await;
    assert!(matches!(refused, Err(StoreError::Sealed { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_master_key_seals_while_the_older_one_still_opens() {
    let folder = TempDir::new().unwrap();
    let opened = try_open(folder.path(), keys(1, &[])).await.unwrap();
    let store: SharedStore = opened.clone();
    let old = submitted(&store, application()).await;
    opened.close().await;
    let opened = try_open(folder.path(), keys(2, &[[1; 32]])).await.unwrap();
    let store: SharedStore = opened.clone();
    let read = case(&store, &old.application_no).await;
    assert_eq!(read.submission.applicant.name, NAME);
    submitted(&store, application()).await;
    let found = store
        .by_identity_number(&Scope::Everything, ID_NUMBER, 9)
        .await;
    assert_eq!(found.unwrap().len(), 2, "digests outlive the master key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_opening_of_the_folder_is_refused_until_the_first_is_closed() {
    let folder = TempDir::new().unwrap();
    let first = try_open(folder.path(), keys(1, &[])).await.unwrap();
    let Err(refused) = try_open(folder.path(), keys(1, &[])).await else {
        panic!("opened twice")
    };
    assert!(refused.to_string().contains("locked"), "{refused}");
    first.close().await;
    try_open(folder.path(), keys(1, &[])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_case_never_opens_again() {
    let folder = TempDir::new().unwrap();
    let opened = try_open(folder.path(), keys(1, &[])).await.unwrap();
    let store: SharedStore = opened.clone();
    let (no, material) = fill(&store).await;
    let other = submitted(&store, application()).await.application_no;
    let wrapped = wrapped_key(folder.path(), &no).await;
    assert!(opened.erase_case(&no, audit("case.erase")).await.unwrap());
    assert!(
        !opened.erase_case(&no, audit("case.erase")).await.unwrap(),
        "once"
    );
    let everything = &Scope::Everything;
    let sealed =
        |result: Result<bool, StoreError>| matches!(result, Err(StoreError::Sealed { .. }));
    assert!(sealed(
        store.case(everything, &no).await.map(|c| c.is_some())
    ));
    assert!(sealed(
        store
            .application(everything, &no)
            .await
            .map(|a| a.is_some())
    ));
    assert!(sealed(
        store
            .events(everything, &no, 0, 9)
            .await
            .map(|e| e.is_empty())
    ));
    assert!(sealed(store.material(&material).await.map(|m| m.is_some())));
    assert!(sealed(
        opened
            .material_bytes(everything, &material)
            .await
            .map(|m| m.is_some())
    ));
    let found = store
        .by_identity_number(everything, ID_NUMBER, 9)
        .await
        .unwrap();
    assert_eq!(found, [other], "the other case is as it was");
    assert!(store.held_due(at(10_000), 9).await.unwrap().is_empty());
    assert!(
        store
            .rejected(everything, None, 9)
            .await
            .unwrap()
            .iter()
            .all(|f| f.key.case_no != no)
    );
    let lines = store
        .deliveries(everything, &DeliveryFilter::default())
        .await
        .unwrap();
    assert!(
        lines
            .iter()
            .filter(|d| d.case_no == no)
            .all(|d| d.last_words.is_empty())
    );
    assert!(
        store.audit(everything, 0, 99).await.unwrap().len() >= 3,
        "the proof stays"
    );
    assert_eq!(
        leaks(folder.path(), &[("wrapped key", wrapped)]),
        Vec::<String>::new()
    );
}

/// The wrapped key of a case as it stands in the database.
async fn wrapped_key(folder: &Path, no: &str) -> Vec<u8> {
    use sqlx::Connection;
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.join(DATABASE_FILE))
        .read_only(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let wrapped = sqlx::query_scalar("SELECT data_key FROM case_record WHERE case_no = ?")
        .bind(no)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    wrapped
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_cases_is_erased_and_the_other_still_opens() {
    let folder = TempDir::new().unwrap();
    let opened = try_open(folder.path(), keys(1, &[])).await.unwrap();
    let store: SharedStore = opened.clone();
    let both = submitted(&store, application_of(vec![new_case(), new_case()])).await;
    opened
        .erase_case(&both.cases[0].case_no, audit("case.erase"))
        .await
        .unwrap();
    let left = case(&store, &both.cases[1].case_no).await;
    assert_eq!(left.submission.applicant.name, NAME);
    let owner = Scope::Subject(OWNER.to_owned());
    assert!(store.case(&owner, &left.case_no).await.unwrap().is_some());
    opened
        .erase_case(&both.cases[1].case_no, audit("case.erase"))
        .await
        .unwrap();
    assert!(store.case(&owner, &left.case_no).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_without_a_row_are_swept_and_changed_bytes_do_not_open() {
    let folder = TempDir::new().unwrap();
    let opened = try_open(folder.path(), keys(1, &[])).await.unwrap();
    let store: SharedStore = opened.clone();
    let (_, id) = fill(&store).await;
    let path = folder.path().join("materials").join(&id[..2]).join(&id);
    let orphan = path.with_file_name(capability());
    std::fs::copy(&path, &orphan).unwrap();
    assert_eq!(store.sweep(at(-1)).await.unwrap().total(), 1);
    assert!(!orphan.exists() && path.exists());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (_, stream) = store
        .material_bytes(&Scope::Everything, &id)
        .await
        .unwrap()
        .unwrap();
    let read: Result<Vec<_>, _> = stream.try_collect().await;
    assert!(read.is_err());
    std::fs::write(folder.path().join("materials/incoming/half"), b"half").unwrap();
    opened.close().await;
    try_open(folder.path(), keys(1, &[])).await.unwrap();
    assert!(!folder.path().join("materials/incoming/half").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_cannot_be_read_is_set_aside_and_the_others_go() {
    use sqlx::Connection;
    let folder = TempDir::new().unwrap();
    let opened = try_open(folder.path(), keys(1, &[])).await.unwrap();
    let store: SharedStore = opened.clone();
    let bad = submitted(&store, application()).await.application_no;
    let good = submitted(&store, application()).await.application_no;
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join(DATABASE_FILE));
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::query("UPDATE case_record SET data_key = zeroblob(68) WHERE case_no = ?")
        .bind(&bad)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let leased = lease(&store, 0).await;
    let numbers: Vec<_> = leased.iter().map(|d| d.case_no.as_str()).collect();
    assert_eq!(numbers, [good.as_str()]);
    let filter = DeliveryFilter {
        last_code: Some("unreadable".to_owned()),
        ..DeliveryFilter::default()
    };
    let lines = store.deliveries(&Scope::Everything, &filter).await.unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0].case_no, lines[0].state.as_str()), (&bad, "dead"));
}

/// Whoever can only write rows makes no key: a row counts as a gateway with the master key wrote it, or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_row_that_was_changed_by_hand_lets_nobody_in_and_can_be_revoked() {
    use sqlx::Connection;
    for change in [
        "UPDATE api_key SET digest = zeroblob(32)",
        "UPDATE api_key SET role = 'operator', organisation_id = ''",
        "UPDATE api_key SET organisation_id = 'gd-government'",
        "UPDATE api_key SET id = '0000000000000000'",
        "UPDATE api_key SET expires_at = expires_at + 1",
    ] {
        let folder = TempDir::new().unwrap();
        let opened = try_open(folder.path(), keys(1, &[])).await.unwrap();
        let store: SharedStore = opened.clone();
        let made = store.create_api_key(engineer(), new_key(1, 0, 100), audit("key.create"));
        made.await.unwrap();
        assert_eq!(store.api_keys().await.unwrap().keys.len(), 1);
        opened.close().await;
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join(DATABASE_FILE));
        let mut connection = sqlx::SqliteConnection::connect_with(&options)
            .await
            .unwrap();
        sqlx::query(change).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let opened = try_open(folder.path(), keys(1, &[])).await.unwrap();
        let read = opened.api_keys().await.unwrap();
        assert_eq!((read.keys.len(), read.unreadable.len()), (0, 1), "{change}");
        let id = &read.unreadable[0];
        let revoked = opened.revoke_api_key(id, at(5), audit("key.revoke")).await;
        assert!(revoked.unwrap(), "{change}");
        opened.close().await;
    }
}
