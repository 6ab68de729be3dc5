//! Sealed files in a bucket of an S3 service that is not ours: the conformance suite's rooms of files on both databases, and what only
//! a bucket can do: go away, keep what no row names, belong to another installation.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

mod postgres_server;
#[path = "../../tests/src/storage.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests of the program"
)]
mod storage;

use async_trait::async_trait;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use postgres_server::Schema;
use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use storage::{ACCESS_KEY, BUCKET, SECRET_KEY, Storage};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::identity::Scope;
use tongban_gateway::outbound::OutboundSettings;
use tongban_gateway::store::bucket::{Bucket, BucketMark, S3Settings};
use tongban_gateway::store::conformance::Subject;
use tongban_gateway::store::conformance::samples::{
    application_of, capability, material, new_case, read, submitted, uploaded,
};
use tongban_gateway::store::integrity::Depth;
use tongban_gateway::store::postgres::PostgresStore;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{SqliteStore, examine_folder};
use tongban_gateway::store::upload::{NewPart, NewUpload, PartOutcome};
use tongban_gateway::store::writing::StoreBounds;
use tongban_gateway::store::{SharedStore, StoreError};

fn settings(storage: &Storage, prefix: &str) -> S3Settings {
    S3Settings {
        endpoint: format!("http://{}", storage.address),
        region: "us-east-1".to_owned(),
        bucket: BUCKET.to_owned(),
        prefix: prefix.to_owned(),
        access_key: ACCESS_KEY.into(),
        secret_key: SECRET_KEY.into(),
        path_style: true,
        answer: Duration::from_secs(2),
        within: Duration::from_secs(5),
    }
}

fn bucket(storage: &Storage, prefix: &str) -> Arc<Bucket> {
    let bucket = Bucket::new(&settings(storage, prefix), &OutboundSettings::default());
    Arc::new(bucket.unwrap())
}

fn now() -> Timestamp {
    Clock::system().now()
}

fn keys() -> MasterKeys {
    MasterKeys::new([1; 32], &[]).unwrap()
}

async fn sqlite(folder: &Path, bucket: &Arc<Bucket>) -> Arc<SqliteStore> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let opened = SqliteStore::open(folder, keys(), clock, entropy, StoreBounds::default()).await;
    Arc::new(opened.unwrap().with_bucket(Arc::clone(bucket)).unwrap())
}

async fn postgres(schema: &Schema, folder: &Path, bucket: &Arc<Bucket>) -> SharedStore {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let bounds = StoreBounds::default();
    let settings = schema.settings();
    let opened = PostgresStore::open(&settings, folder, keys(), clock, entropy, bounds).await;
    Arc::new(opened.unwrap().with_bucket(Arc::clone(bucket)).unwrap())
}

/// A store on either database, its files in a bucket of its own service. The store goes before the schema.
struct InBucket {
    store: Mutex<SharedStore>,
    schema: Option<Schema>,
    folder: TempDir,
    storage: Storage,
}

impl InBucket {
    async fn open(schema: Option<Schema>) -> Self {
        let (folder, storage) = (TempDir::new().unwrap(), Storage::start().await);
        let store = open(schema.as_ref(), folder.path(), &bucket(&storage, "files")).await;
        Self {
            store: Mutex::new(store),
            schema,
            folder,
            storage,
        }
    }
}

async fn open(schema: Option<&Schema>, folder: &Path, bucket: &Arc<Bucket>) -> SharedStore {
    match schema {
        None => sqlite(folder, bucket).await,
        Some(schema) => postgres(schema, folder, bucket).await,
    }
}

#[async_trait]
impl Subject for InBucket {
    fn store(&self) -> SharedStore {
        self.store.lock().clone()
    }

    async fn reopened(&self) -> SharedStore {
        let old = self.store.lock().clone();
        old.close().await;
        let bucket = bucket(&self.storage, "files");
        let new = open(self.schema.as_ref(), self.folder.path(), &bucket).await;
        *self.store.lock() = new.clone();
        new
    }

    async fn serials_drawn(&self, _: &str, _: i64) {}
}

mod on_sqlite {
    use super::*;
    tongban_gateway::file_conformance!(InBucket::open(None).await);
}

mod on_postgres {
    use super::*;
    tongban_gateway::file_conformance!(InBucket::open(Some(Schema::fresh())).await);
}

/// Longer than two parts of a put.
fn long() -> Vec<u8> {
    (0..17 << 20).map(|i: u32| (i % 251) as u8).collect()
}

fn whole(bytes: Vec<u8>) -> tongban_gateway::store::material::ByteStream {
    futures_util::stream::iter([Ok(bytes.into())]).boxed()
}

fn roomy() -> tongban_gateway::store::material::NewMaterial {
    tongban_gateway::store::material::NewMaterial {
        max_bytes: 64 << 20,
        max_unbound_bytes: 64 << 20,
        ..material("client")
    }
}

async fn bound(store: &SharedStore, id: &str) {
    let mut new = new_case();
    new.materials = vec![(1, id.to_owned())];
    submitted(store, application_of(vec![new])).await;
}

/// Files left in a node's own folder.
fn left_in(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("materials/incoming"))
        .unwrap()
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_file_goes_in_parts_and_nothing_of_it_stays_on_the_node() {
    let (folder, storage) = (TempDir::new().unwrap(), Storage::start().await);
    let store: SharedStore = sqlite(folder.path(), &bucket(&storage, "")).await;
    let new = roomy();
    store.upload(new.clone(), whole(long())).await.unwrap();
    assert_eq!(left_in(folder.path()), 0);
    let [object] = storage.objects().try_into().unwrap();
    let sealed = std::fs::read(object).unwrap();
    assert!(sealed.len() > long().len(), "one object with all of it");
    let clear = &long()[1000..1064];
    assert!(
        !sealed.windows(64).any(|w| w == clear),
        "the bucket sees ciphertext"
    );
    bound(&store, &new.id).await;
    let found = store.material_bytes(&Scope::Everything, &new.id).await;
    assert!(read(found.unwrap().unwrap().1).await == long());
    let now = crate::now();
    let report = store.examine(Depth::Everything, now).await.unwrap();
    assert_eq!((report.faults.len(), report.files), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storage_that_ends_refuses_uploads_in_time_and_is_found_again() {
    let (folder, mut storage) = (TempDir::new().unwrap(), Storage::start().await);
    let bucket = bucket(&storage, "");
    let store: SharedStore = sqlite(folder.path(), &bucket).await;
    let kept = uploaded(&store, b"kept").await;
    bound(&store, &kept).await;
    storage.end().await;
    let begun = Clock::system().instant();
    let refused = store.upload(roomy(), whole(long())).await;
    assert!(
        matches!(refused, Err(StoreError::FilesAway(_))),
        "{refused:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "within its time");
    assert!(bucket.is_away() && bucket.failures().0 == 1);
    // Nobody waits again: not one byte of a body is taken.
    let begun = Clock::system().instant();
    let taken = futures_util::stream::poll_fn(|_| panic!("a byte was asked for")).boxed();
    let refused = store.upload(material("client"), taken).await;
    assert!(
        matches!(refused, Err(StoreError::FilesAway(_))),
        "{refused:?}"
    );
    let unread = store.material_bytes(&Scope::Everything, &kept).await;
    assert!(matches!(unread, Err(StoreError::FilesAway(_))));
    assert!(begun.elapsed() < Duration::from_secs(1));
    // Rows go on.
    submitted(&store, application_of(vec![new_case()])).await;
    assert!(store.sweep(now()).await.is_ok());
    assert!(bucket.probe().await.is_err() && bucket.is_away());
    storage.start_again().await;
    bucket.probe().await.unwrap();
    assert!(!bucket.is_away());
    let found = store.material_bytes(&Scope::Everything, &kept).await;
    assert_eq!(read(found.unwrap().unwrap().1).await, b"kept");
    uploaded(&store, b"again").await;
    assert_eq!(left_in(folder.path()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_without_a_row_goes_after_its_day_and_one_with_a_row_stays() {
    let (folder, storage) = (TempDir::new().unwrap(), Storage::start().await);
    let bucket = bucket(&storage, "files");
    let store: SharedStore = sqlite(folder.path(), &bucket).await;
    let kept = uploaded(&store, b"kept").await;
    let (file, note) = (folder.path().join("f"), folder.path().join("n"));
    std::fs::write(&file, b"what a process left").unwrap();
    let (orphan, tag) = (capability(), "f".repeat(32));
    bucket.put(&orphan, &tag, &file, &note).await.unwrap();
    // Another attempt at the same upload, on another node.
    bucket.put(&kept, &tag, &file, &note).await.unwrap();
    assert_eq!(storage.objects().len(), 3);
    let now = crate::now();
    let swept = store
        .sweep_bucket(now - SignedDuration::from_hours(24))
        .await;
    assert_eq!(swept.unwrap().total(), 0, "it is young");
    let swept = store
        .sweep_bucket(now + SignedDuration::from_hours(1))
        .await;
    assert_eq!(swept.unwrap().files, 1);
    assert!(matches!(
        bucket.open(&orphan, &tag).await,
        Err(StoreError::Bytes(_))
    ));
    bound(&store, &kept).await;
    let found = store.material_bytes(&Scope::Everything, &kept).await;
    assert_eq!(read(found.unwrap().unwrap().1).await, b"kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_installation_and_a_restored_copy_remove_nothing() {
    let storage = Storage::start().await;
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let first: SharedStore = sqlite(one.path(), &bucket(&storage, "files")).await;
    let second: SharedStore = sqlite(other.path(), &bucket(&storage, "files")).await;
    uploaded(&first, b"of the first").await;
    let later = now() + SignedDuration::from_hours(1);
    assert_eq!(first.sweep_bucket(later).await.unwrap().total(), 0);
    let refused = second.sweep_bucket(later).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("another installation")
    );
    assert_eq!(storage.objects().len(), 1);
    // A copy has the same secrets, and does not know what came after it was made.
    let mut mark = BucketMark::read(one.path()).unwrap().unwrap();
    mark.sweep = false;
    mark.write(one.path()).unwrap();
    let id = capability();
    let file = one.path().join("f");
    std::fs::write(&file, b"of the hall that it is a copy of").unwrap();
    let its = bucket(&storage, "files");
    its.put(&id, &"e".repeat(32), &file, &one.path().join("n"))
        .await
        .unwrap();
    assert_eq!(first.sweep_bucket(later).await.unwrap().total(), 0);
    assert_eq!(storage.objects().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_in_parts_that_was_left_is_given_up_by_its_note() {
    let (folder, mut storage) = (TempDir::new().unwrap(), Storage::start().await);
    let bucket = bucket(&storage, "");
    let store: SharedStore = sqlite(folder.path(), &bucket).await;
    // Of a file that another process had in hand.
    let sealed = folder.path().join("sealed");
    std::fs::write(&sealed, long()).unwrap();
    let note = folder
        .path()
        .join("materials/incoming")
        .join(format!("{}.parts", capability()));
    let putting = {
        let (bucket, note) = (Arc::clone(&bucket), note.clone());
        let (id, tag) = (capability(), "d".repeat(32));
        tokio::spawn(async move { bucket.put(&id, &tag, &sealed, &note).await })
    };
    while !note.exists() {
        tokio::task::yield_now().await;
        assert!(
            !putting.is_finished(),
            "it was put before anybody saw its note"
        );
    }
    putting.abort();
    let _ = putting.await;
    assert!(note.exists() && storage.objects().is_empty());
    // Restarted: what is under way in a node's folder is not forgotten before the bucket has forgotten it.
    store.close().await;
    drop(store);
    let store: SharedStore = sqlite(folder.path(), &bucket).await;
    assert!(note.exists());
    storage.end().await;
    assert!(store.sweep_bucket(now()).await.is_err());
    assert!(note.exists());
    storage.start_again().await;
    bucket.probe().await.unwrap();
    store.sweep_bucket(now()).await.unwrap();
    assert!(!note.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hall_goes_on_with_the_files_of_its_folder_and_two_nodes_need_none_in_common() {
    let storage = Storage::start().await;
    let schema = Schema::fresh();
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let bucket = bucket(&storage, "hall/files");
    let first = postgres(&schema, one.path(), &bucket).await;
    let second = postgres(&schema, two.path(), &bucket).await;
    let id = uploaded(&first, b"by the first").await;
    bound(&second, &id).await;
    let found = second.material_bytes(&Scope::Everything, &id).await;
    assert_eq!(read(found.unwrap().unwrap().1).await, b"by the first");
    first.close().await;
    second.close().await;
    // From a folder to a bucket.
    let folder = TempDir::new().unwrap();
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let opened = SqliteStore::open(
        folder.path(),
        keys(),
        clock,
        entropy,
        StoreBounds::default(),
    );
    let store: SharedStore = Arc::new(opened.await.unwrap());
    let old = uploaded(&store, b"old").await;
    bound(&store, &old).await;
    store.close().await;
    drop(store);
    let store: SharedStore = sqlite(folder.path(), &bucket).await;
    let new = uploaded(&store, b"new").await;
    bound(&store, &new).await;
    for (id, expected) in [(&old, b"old"), (&new, b"new")] {
        let found = store.material_bytes(&Scope::Everything, id).await;
        assert_eq!(read(found.unwrap().unwrap().1).await, expected);
    }
    store.close().await;
    drop(store);
    // At rest it is whole with its bucket, and not without.
    let now = crate::now();
    for (bucket, missing) in [(Some(Arc::clone(&bucket)), 0), (None, 1)] {
        let entropy = Entropy::system();
        let depth = (Depth::Everything, now);
        let report = examine_folder(folder.path(), keys(), entropy, bucket, depth).await;
        let faults = report.unwrap().faults;
        let found = faults.iter().filter(|fault| fault.code == "file_missing");
        assert_eq!(
            found.map(|fault| fault.count).sum::<u64>(),
            missing,
            "{faults:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_and_a_changed_object_are_told() {
    let (folder, storage) = (TempDir::new().unwrap(), Storage::start().await);
    let mut wrong = settings(&storage, "");
    wrong.secret_key = "not it".into();
    let refused = Bucket::new(&wrong, &OutboundSettings::default()).unwrap();
    let words = refused.probe().await.unwrap_err().to_string();
    assert!(!words.contains("not it") && refused.is_away(), "{words}");
    let store: SharedStore = sqlite(folder.path(), &bucket(&storage, "")).await;
    let id = uploaded(&store, b"as it was").await;
    bound(&store, &id).await;
    let [object] = storage.objects().try_into().unwrap();
    let mut bytes = std::fs::read(&object).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&object, bytes).unwrap();
    let found = store.material_bytes(&Scope::Everything, &id).await;
    let (_, mut stream) = found.unwrap().unwrap();
    assert!(stream.next().await.unwrap().is_err());
    let report = store.examine(Depth::Everything, now()).await;
    let faults = report.unwrap().faults;
    assert_eq!(faults[0].code, "file_damaged", "{faults:?}");
}

fn part(id: &str, offset: u64) -> NewPart {
    NewPart {
        id: id.to_owned(),
        offset,
        checksum: None,
        judge: |_, _| Ok(()),
        at: now(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_on_at_another_node_and_is_finished_once_by_two_at_a_time() {
    let (storage, schema) = (Storage::start().await, Schema::fresh());
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let first = postgres(&schema, one.path(), &bucket(&storage, "")).await;
    let second = postgres(&schema, two.path(), &bucket(&storage, "")).await;
    for _ in 0..5 {
        let id = capability();
        let upload = NewUpload {
            id: id.clone(),
            client: "client".to_owned(),
            content_type: "application/pdf".to_owned(),
            file_name: "a.pdf".to_owned(),
            length: 12,
            created_at: now(),
            max_unbound_bytes: 1 << 20,
        };
        first.begin_upload(upload).await.unwrap().unwrap();
        let begun = first.append(part(&id, 0), whole(b"by the ".to_vec())).await;
        assert!(matches!(begun, Ok(PartOutcome::Taken(_))), "{begun:?}");
        // The client heard nothing from one node and asked the other, while the first one goes on.
        let (a, b) = tokio::join!(
            first.append(part(&id, 7), whole(b"other".to_vec())),
            second.append(part(&id, 7), whole(b"other".to_vec())),
        );
        let done = |outcome: &Result<PartOutcome, StoreError>| {
            matches!(outcome, Ok(PartOutcome::Whole(_)))
        };
        assert!(done(&a) != done(&b), "finished once: {a:?}, {b:?}");
        bound(&first, &id).await;
        for node in [&first, &second] {
            let found = node.material_bytes(&Scope::Everything, &id).await;
            assert_eq!(read(found.unwrap().unwrap().1).await, b"by the other");
        }
    }
    first.close().await;
    second.close().await;
}

/// Speaks TLS under this certificate and passes on what is inside.
async fn encrypting(storage: SocketAddr, certificate: &CertifiedKey<KeyPair>) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut outside = acceptor.accept(stream).await?;
                let mut inside = TcpStream::connect(storage).await?;
                tokio::io::copy_bidirectional(&mut outside, &mut inside).await
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_with_tls_is_believed_by_its_authority_alone() {
    let (folder, storage) = (TempDir::new().unwrap(), Storage::start().await);
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, certificate.cert.pem()).unwrap();
    let address = encrypting(storage.address, &certificate).await;
    let mut settings = settings(&storage, "");
    settings.endpoint = format!("https://localhost:{}", address.port());
    let stranger = Bucket::new(&settings, &OutboundSettings::default()).unwrap();
    assert!(stranger.probe().await.is_err(), "nobody signed for it");
    let believing = OutboundSettings {
        extra_roots: vec![authority],
        ..OutboundSettings::default()
    };
    let bucket = Arc::new(Bucket::new(&settings, &believing).unwrap());
    let store: SharedStore = sqlite(folder.path(), &bucket).await;
    let id = uploaded(&store, b"encrypted twice").await;
    bound(&store, &id).await;
    let found = store.material_bytes(&Scope::Everything, &id).await;
    assert_eq!(read(found.unwrap().unwrap().1).await, b"encrypted twice");
}
