//! The process that erases a case ends at each step of it: the case is as it was or gone for good, and asking again finishes it.
#![cfg(feature = "fail-points")]
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::fail_point::{POINTS, arm};
use tongban_gateway::identity::Scope;
use tongban_gateway::store::conformance::samples::{application, audit, submitted};
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{DATABASE_FILE, SqliteStore, StoreBounds};
use tongban_gateway::store::{SharedStore, Store, StoreError};

/// What the process that ends is told: the folder, the case, the point.
const FOLDER: &str = "TONGBAN_TEST_ERASE_FOLDER";
const CASE: &str = "TONGBAN_TEST_ERASE_CASE";
const POINT: &str = "TONGBAN_TEST_ERASE_POINT";
/// The test below that is such a process.
const ERASES: &str = "erases_a_case_as_it_is_told";
const ACTION: &str = "case.erase";

async fn opened(folder: &Path) -> Arc<SqliteStore> {
    let keys = MasterKeys::new([1; 32], &[]).unwrap();
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let store = SqliteStore::open(folder, keys, clock, entropy, StoreBounds::default());
    Arc::new(store.await.unwrap())
}

/// Not a test by itself: a process of its own, which `ended_at_any_step_…` starts and which ends at the point that it is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erases_a_case_as_it_is_told() {
    let told = |name: &str| std::env::var_os(name)?.into_string().ok();
    let (Some(folder), Some(case), Some(point)) = (told(FOLDER), told(CASE), told(POINT)) else {
        return;
    };
    arm(Some(&format!("{point}:abort"))).unwrap();
    let store = opened(Path::new(&folder)).await;
    store.erase_case(&case, audit(ACTION)).await.unwrap();
    store.close().await;
}

/// Erases in a process of its own, which must end at the point.
fn end_at(point: &str, folder: &Path, case: &str) {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", ERASES, "--nocapture"])
        .env(FOLDER, folder)
        .env(CASE, case)
        .env(POINT, point)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&ended.stderr);
    let words = format!("fail point {point}: the process ends here");
    assert!(
        !ended.status.success() && printed.contains(&words),
        "{point}: {printed}"
    );
}

async fn opens(store: &SqliteStore, no: &str) -> bool {
    use tongban_gateway::store::case::CaseStore;
    match store.case(&Scope::Everything, no).await {
        Ok(case) => case.is_some(),
        Err(StoreError::Sealed { .. }) => false,
        Err(error) => panic!("{no}: {error}"),
    }
}

async fn erasures(store: &SqliteStore) -> usize {
    use tongban_gateway::store::audit::AuditStore;
    let records = store.audit(&Scope::Everything, 0, 999).await.unwrap();
    records.iter().filter(|r| r.audit.action == ACTION).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_at_any_step_a_case_is_whole_or_gone_and_asking_again_finishes_it() {
    let folder = TempDir::new().unwrap();
    let store = opened(folder.path()).await;
    let shared: SharedStore = store.clone();
    let other = submitted(&shared, application()).await.application_no;
    let points = || {
        let names = POINTS.iter().map(|(name, _)| *name);
        names.filter(|name| name.starts_with("erase."))
    };
    let mut cases = Vec::new();
    for point in points() {
        let no = submitted(&shared, application()).await.application_no;
        cases.push((point, no));
    }
    drop(shared);
    store.close().await;
    drop(store);
    assert_eq!(cases.len(), 5);
    for (before, (point, no)) in cases.iter().enumerate() {
        let wrapped = wrapped_key(folder.path(), no).await;
        end_at(point, folder.path(), no);
        let store = opened(folder.path()).await;
        let committed = ["erase.committed", "erase.forgotten"].contains(point);
        assert_eq!(opens(&store, no).await, !committed, "{point}");
        let expected = before + usize::from(committed);
        assert_eq!(erasures(&store).await, expected, "{point}");
        let erased = store.erase_case(no, audit(ACTION)).await.unwrap();
        assert_eq!(erased, !committed, "{point}: once");
        assert!(!opens(&store, no).await, "{point}");
        assert!(opens(&store, &other).await, "{point}: the other case");
        assert_eq!(erasures(&store).await, before + 1, "{point}: told once");
        // While the store is open: closing it would empty its log in any case.
        let holding = holding(folder.path(), &wrapped);
        assert_eq!(holding, Vec::<PathBuf>::new(), "{point}: its key");
        store.close().await;
    }
}

/// The wrapped key of a case as it stands in the database.
async fn wrapped_key(folder: &Path, no: &str) -> Vec<u8> {
    use sqlx::Connection;
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.join(DATABASE_FILE))
        .read_only(true);
    let connecting = sqlx::SqliteConnection::connect_with(&options);
    let mut connection = connecting.await.unwrap();
    let wrapped = sqlx::query_scalar("SELECT data_key FROM case_record WHERE case_no = ?")
        .bind(no)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    wrapped
}

/// Files of the folder itself, the database and its log among them, that hold these bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let files = files
        .map(|entry| entry.path())
        .filter(|path| path.is_file());
    let holds = |path: &PathBuf| {
        let content = std::fs::read(path).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    };
    files.filter(holds).collect()
}
