//! The sealed audit log on a real database: every way of tampering with it is found and named, and the sealer goes on wherever it was cut
//! off. What was changed is changed by SQL past the gateway, as somebody with the file would.
#![allow(
    clippy::unwrap_used,
    reason = "test code: a failed step is a failed test"
)]

use parking_lot::Mutex;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tongban_gateway::audit::examination::{Broken, Point, Step, step};
use tongban_gateway::audit::inclusion::of_application;
use tongban_gateway::audit::record::leaf_of;
use tongban_gateway::audit::root::RootStatement;
use tongban_gateway::audit::sealer::{SealObserver, Sealer};
use tongban_gateway::audit::{BATCH_LEAVES_MAX, merkle};
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::identity::Scope;
use tongban_gateway::intake::keys::InstallationKeys;
use tongban_gateway::intake::signed::PublishedKeys;
use tongban_gateway::store::conformance::samples::{application, audit, submitted};
use tongban_gateway::store::seal::SealStore;
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::sqlite::{CommitObserver, DATABASE_FILE, SqliteStore, StoreBounds};
use tongban_gateway::store::{SharedStore, Store, StoreError};

/// Records of a batch in most tests.
const A_BATCH: usize = 3;

#[derive(Default)]
struct Sealed(Mutex<Vec<u64>>);

impl SealObserver for Sealed {
    fn sealed(&self, leaves: u64) {
        self.0.lock().push(leaves);
    }
}

struct Log {
    folder: TempDir,
    store: Arc<SqliteStore>,
    keys: Arc<InstallationKeys>,
    sealed: Arc<Sealed>,
    numbers: Vec<String>,
}

async fn open(folder: &TempDir) -> Arc<SqliteStore> {
    let keys = MasterKeys::new([1; 32], &[]).unwrap();
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let bounds = StoreBounds::default();
    Arc::new(
        SqliteStore::open(folder.path(), keys, clock, entropy, bounds)
            .await
            .unwrap(),
    )
}

fn keys(seed: u8) -> InstallationKeys {
    InstallationKeys::new(&[seed; 32], &[9; 32]).unwrap()
}

impl Log {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            store: open(&folder).await,
            folder,
            keys: Arc::new(keys(7)),
            sealed: Arc::default(),
            numbers: Vec::new(),
        }
    }

    /// With so many batches of [`A_BATCH`] records.
    async fn with(batches: usize) -> Self {
        let mut log = Self::new().await;
        for _ in 0..batches {
            log.submit(A_BATCH).await;
            assert_eq!(log.sealer().round().await.unwrap(), 1);
        }
        log
    }

    async fn submit(&mut self, count: usize) {
        let store: SharedStore = self.store.clone();
        for _ in 0..count {
            let taken = submitted(&store, application()).await;
            self.numbers.push(taken.application_no);
        }
    }

    fn sealer(&self) -> Sealer {
        Sealer {
            store: self.store.clone(),
            keys: Arc::clone(&self.keys),
            clock: Clock::system(),
            observer: self.sealed.clone(),
            period: Duration::from_secs(5),
        }
    }

    /// What is done to the file past the gateway.
    async fn tamper(&self, statements: &str) {
        let options = SqliteConnectOptions::new()
            .filename(self.folder.path().join(DATABASE_FILE))
            .foreign_keys(false)
            .busy_timeout(Duration::from_secs(5));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    async fn examine_from(&self, from: i64, records_a_step: i64) -> Step {
        let published = PublishedKeys::of(&self.keys);
        let mut all = Step::default();
        let mut next = Some(Point::Batch(from));
        while let Some(point) = next {
            let one = step(self.store.as_ref(), &published, point, records_a_step)
                .await
                .unwrap();
            all.batches += one.batches;
            all.records += one.records;
            all.statements.extend(one.statements);
            all.broken = one.broken;
            next = one.next.filter(|_| all.broken.is_none());
        }
        all
    }

    async fn broken(&self) -> Broken {
        self.examine_from(1, 1_000).await.broken.unwrap()
    }

    async fn holds(&self) -> (i64, i64) {
        let all = self.examine_from(1, 1_000).await;
        assert_eq!(all.broken, None);
        (all.batches, all.records)
    }
}

#[tokio::test]
async fn an_untouched_log_holds_from_any_batch_on_and_in_steps_of_any_size() {
    let log = Log::with(5).await;
    for (from, records_a_step) in [(1, 1), (1, 4), (1, 1_000), (3, 1), (5, 1_000)] {
        let all = log.examine_from(from, records_a_step).await;
        assert_eq!(all.broken, None);
        assert_eq!((all.batches, all.records), (6 - from, (6 - from) * 3));
    }
    let published = PublishedKeys::of(&log.keys);
    let mut previous = "0".repeat(64);
    for (number, statement) in (1..).zip(&log.examine_from(1, 1_000).await.statements) {
        let root = RootStatement::open(statement, &published).unwrap();
        assert_eq!((root.batch, root.leaves), (number, 3));
        assert_eq!(root.previous_root, previous);
        previous = root.root;
    }
    assert_eq!(*log.sealed.0.lock(), [3; 5]);
}

#[tokio::test]
async fn a_changed_byte_in_any_column_of_a_row_is_found_and_the_record_named() {
    let log = Log::with(3).await;
    let columns = [
        "at = at + 1",
        "actor_kind = actor_kind || 'x'",
        "action = 'application.withdraw'",
        "target = substr(target, 2)",
        "organisation_id = ''",
        "request_id = 'other'",
        "outcome = 'refused'",
        "application_id = application_id + 1",
        "system_id = 'other'",
        "content = CAST(substr(content, 1, length(content) - 1) || x'00' AS BLOB)",
    ];
    for change in columns {
        log.tamper("CREATE TABLE kept AS SELECT * FROM audit").await;
        log.tamper(&format!("UPDATE audit SET {change} WHERE id = 5"))
            .await;
        let broken = log.broken().await;
        assert_eq!(
            (broken.code.as_str(), broken.batch, broken.record),
            ("record_changed", Some(2), Some(5)),
            "{change}"
        );
        assert_eq!(broken.position, Some(1));
        log.tamper("INSERT OR REPLACE INTO audit SELECT * FROM kept; DROP TABLE kept; DELETE FROM audit_unsealed")
            .await;
        log.holds().await;
    }
}

#[tokio::test]
async fn a_dropped_row_is_found_and_named() {
    let log = Log::with(3).await;
    log.tamper("DELETE FROM audit WHERE id = 6").await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.batch, broken.record),
        ("record_missing", Some(2), Some(6))
    );
}

#[tokio::test]
async fn a_row_that_was_dropped_with_its_leaf_leaves_a_gap() {
    let log = Log::with(3).await;
    log.tamper("DELETE FROM audit WHERE id = 5; DELETE FROM audit_leaf WHERE audit_id = 5")
        .await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.batch, broken.position),
        ("leaves_missing", Some(2), Some(1))
    );
    log.tamper("UPDATE audit_leaf SET position = 1 WHERE batch = 2 AND position = 2")
        .await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.position),
        ("leaves_missing", Some(2))
    );
    log.tamper("UPDATE audit_batch SET leaves = 2 WHERE number = 2")
        .await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.batch),
        ("statement_differs", Some(2))
    );
    assert!(broken.words.contains("count of records"));
}

#[tokio::test]
async fn a_row_that_was_changed_with_its_leaf_does_not_give_the_signed_root() {
    let log = Log::with(3).await;
    log.tamper("UPDATE audit SET outcome = 'refused' WHERE id = 5")
        .await;
    let rows = log.store.rows_of_leaves(2, 1, 1).await.unwrap();
    let forged = data_encoding::HEXUPPER.encode(&leaf_of(&rows[0]));
    log.tamper(&format!(
        "UPDATE audit_leaf SET hash = x'{forged}' WHERE audit_id = 5"
    ))
    .await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.batch, broken.record),
        ("root_differs", Some(2), None)
    );
}

#[tokio::test]
async fn two_rows_or_two_leaves_exchanged_are_found() {
    let log = Log::with(2).await;
    let exchange = "CREATE TABLE kept AS SELECT * FROM audit_leaf; UPDATE audit_leaf
        SET hash = (SELECT hash FROM kept o WHERE o.batch = 2 AND o.position = 1 - audit_leaf.position) WHERE batch = 2 AND position < 2;
        DROP TABLE kept";
    log.tamper(exchange).await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.batch, broken.record),
        ("leaf_changed", Some(2), Some(4))
    );
    // The rows exchanged as well: every leaf is its row's then, in the wrong order.
    log.tamper("UPDATE audit_leaf SET audit_id = 9 - audit_id WHERE batch = 2 AND position < 2")
        .await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.batch),
        ("root_differs", Some(2))
    );
}

#[tokio::test]
async fn a_row_that_was_written_past_the_gateway_is_found() {
    let log = Log::with(2).await;
    log.tamper(
        "INSERT INTO audit SELECT 7, at, actor_kind, action, target, organisation_id, request_id, outcome, application_id, system_id,
         content FROM audit WHERE id = 6; DELETE FROM audit_unsealed",
    )
    .await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.record),
        ("record_unknown", Some(7))
    );
}

#[tokio::test]
async fn a_row_that_went_before_it_was_sealed_is_found() {
    let mut log = Log::with(1).await;
    log.submit(2).await;
    log.tamper("DELETE FROM audit WHERE id = 4").await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.record),
        ("record_missing", Some(4))
    );
}

const WHOLE_BATCH: &str =
    "DELETE FROM audit WHERE id IN (SELECT audit_id FROM audit_leaf WHERE batch = {N});
    DELETE FROM audit_leaf WHERE batch = {N}; DELETE FROM audit_batch WHERE number = {N};";

#[tokio::test]
async fn a_batch_dropped_with_all_that_it_held_is_missed() {
    for number in [1, 2, 4] {
        let log = Log::with(4).await;
        log.tamper(&WHOLE_BATCH.replace("{N}", &number.to_string()))
            .await;
        let broken = log.broken().await;
        assert_eq!(
            (broken.code.as_str(), broken.batch),
            ("batch_missing", Some(number))
        );
    }
}

#[tokio::test]
async fn a_gap_closed_by_moving_the_later_batches_down_is_found() {
    let log = Log::with(4).await;
    let moved = format!(
        "{} UPDATE audit_batch SET number = number - 1 WHERE number > 2; UPDATE audit_leaf SET batch = batch - 1 WHERE batch > 2;
         UPDATE audit_sealing SET batch = 4",
        WHOLE_BATCH.replace("{N}", "2")
    );
    log.tamper(&moved).await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.batch),
        ("statement_differs", Some(2))
    );
}

#[tokio::test]
async fn two_exchanged_batches_are_found() {
    let log = Log::with(3).await;
    log.tamper(
        "UPDATE audit_batch SET number = -number WHERE number < 3; UPDATE audit_batch SET number = number + 3 WHERE number < 0;
         UPDATE audit_leaf SET batch = -batch WHERE batch < 3; UPDATE audit_leaf SET batch = batch + 3 WHERE batch < 0",
    )
    .await;
    let broken = log.broken().await;
    assert_eq!(
        (broken.code.as_str(), broken.batch),
        ("statement_differs", Some(1))
    );
}

#[tokio::test]
async fn a_batch_signed_anew_by_another_key_is_found() {
    let log = Log::with(3).await;
    let batch = log.store.batches(1, 1).await.unwrap().remove(0);
    let forged = RootStatement::signed(
        (batch.number, batch.leaves),
        batch.root,
        batch.previous_root,
        batch.sealed_at,
        &keys(8),
    );
    log.tamper(&format!(
        "UPDATE audit_batch SET statement = '{}' WHERE number = 2",
        forged.statement
    ))
    .await;
    let broken = log.broken().await;
    assert_eq!((broken.code.as_str(), broken.batch), ("signature", Some(2)));
}

/// Even who has the installation's key cannot rewrite one batch: the next one names the old root.
#[tokio::test]
async fn a_batch_signed_anew_by_the_same_key_breaks_the_chain() {
    let log = Log::with(3).await;
    log.tamper("UPDATE audit SET outcome = 'refused' WHERE id = 5")
        .await;
    let rows = log.store.rows_of_leaves(2, 0, 10).await.unwrap();
    let leaves: Vec<merkle::Hash> = rows.iter().map(leaf_of).collect();
    let batch = log.store.batches(1, 1).await.unwrap().remove(0);
    let forged = RootStatement::signed(
        (2, 3),
        merkle::root(&leaves),
        batch.previous_root,
        batch.sealed_at,
        &log.keys,
    );
    log.tamper(&format!(
        "UPDATE audit_leaf SET hash = x'{}' WHERE audit_id = 5; UPDATE audit_batch SET statement = '{}', root = x'{}' WHERE number = 2",
        data_encoding::HEXUPPER.encode(&leaves[1]),
        forged.statement,
        data_encoding::HEXUPPER.encode(&forged.root)
    ))
    .await;
    let broken = log.broken().await;
    assert_eq!((broken.code.as_str(), broken.batch), ("chain", Some(3)));
}

/// What an attacker with the file can do unseen, unless somebody has kept the roots: cut the end, with every trace of it.
#[tokio::test]
async fn a_tail_cut_with_every_trace_shows_only_in_roots_that_others_kept() {
    let log = Log::with(3).await;
    let kept = log.examine_from(1, 1_000).await.statements;
    let cut = format!(
        "{} UPDATE audit_sealing SET batch = 3",
        WHOLE_BATCH.replace("{N}", "3")
    );
    log.tamper(&cut).await;
    assert_eq!(log.holds().await, (2, 6));
    assert_eq!(log.examine_from(1, 1_000).await.statements, kept[..2]);
}

#[tokio::test]
async fn destroying_a_cases_key_leaves_every_hash_true() {
    let log = Log::with(2).await;
    let no = &log.numbers[1];
    let before = of_application(log.store.as_ref(), &Scope::Everything, no).await;
    assert!(log.store.erase_case(no, audit("case.erase")).await.unwrap());
    assert_eq!(log.sealer().round().await.unwrap(), 1);
    assert_eq!(log.holds().await, (3, 7));
    let after = of_application(log.store.as_ref(), &Scope::Everything, no).await;
    assert!(after.as_ref().unwrap().is_some());
    assert_eq!(after.unwrap(), before.unwrap());
}

#[tokio::test]
async fn a_proof_that_the_rows_do_not_bear_out_is_not_given() {
    let log = Log::with(2).await;
    let proof = async |no: &str| {
        of_application(log.store.as_ref(), &Scope::Everything, no)
            .await
            .unwrap()
    };
    let no = &log.numbers[4];
    assert!(proof(no).await.is_some());
    log.tamper("UPDATE audit SET outcome = 'ok ' WHERE id = 5")
        .await;
    assert!(proof(no).await.is_none());
    assert!(proof(&log.numbers[3]).await.is_some());
}

#[tokio::test]
async fn a_sealer_that_was_cut_off_goes_on_behind_what_it_had_placed() {
    let mut log = Log::with(1).await;
    log.submit(5).await;
    let rows = log.store.unsealed(2).await.unwrap();
    let leaves = rows.iter().map(|row| (row.id, leaf_of(row))).collect();
    let open_batch = log.store.open_batch().await.unwrap();
    assert!(log.store.place(open_batch, leaves).await.unwrap());
    log.store.close().await;
    log.store = open(&log.folder).await;
    assert_eq!(log.sealer().round().await.unwrap(), 1);
    assert_eq!(log.holds().await, (2, 8));
    let order: Vec<i64> = log
        .store
        .leaves(2, 0, 10)
        .await
        .unwrap()
        .iter()
        .map(|l| l.audit_id)
        .collect();
    assert_eq!(order, [4, 5, 6, 7, 8]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sealers_on_many_nodes_seal_each_record_once() {
    let mut log = Log::new().await;
    for _ in 0..4 {
        log.submit(20).await;
        let (one, two, three) = (log.sealer(), log.sealer(), log.sealer());
        let rounds = tokio::join!(one.round(), two.round(), three.round());
        for round in [rounds.0, rounds.1, rounds.2] {
            round.unwrap();
        }
    }
    log.sealer().round().await.unwrap();
    let (_, records) = log.holds().await;
    assert_eq!(records, 80);
    assert_eq!(log.sealed.0.lock().iter().sum::<u64>(), 80);
    assert_eq!(log.store.oldest_unsealed().await.unwrap(), None);
}

/// The longest that one commit held the writer.
#[derive(Default)]
struct Longest(Mutex<Vec<Duration>>);

impl CommitObserver for Longest {
    fn committed(&self, _: usize, took: Duration) {
        self.0.lock().push(took);
    }

    fn failed(&self, _: usize) {}
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

/// Ten seconds are the design's promise for a built release; the bounds leave a debug build room on a machine that is busy with other
/// tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
async fn ten_thousand_records_are_sealed_while_intake_goes_on() {
    const RECORDS: u64 = 10_000;
    let mut log = Log::with(1).await;
    let observer = Arc::new(Longest::default());
    log.store.observe(observer.clone());
    log.tamper(&format!(
        "INSERT INTO audit (at, actor_kind, action, target, organisation_id, request_id, outcome, application_id, system_id, content)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {RECORDS})
         SELECT at + i, actor_kind, action, target, organisation_id, request_id, outcome, application_id, system_id, content
         FROM audit, n WHERE id = 1"
    ))
    .await;
    let mut alone = Vec::new();
    for _ in 0..40 {
        let began = Instant::now();
        log.submit(1).await;
        alone.push(began.elapsed());
    }
    observer.0.lock().clear();
    let sealer = log.sealer();
    let began = Instant::now();
    let sealing = tokio::spawn(async move {
        let closed: Result<u64, StoreError> = sealer.round().await;
        (closed, began.elapsed())
    });
    let mut waited = Vec::new();
    while !sealing.is_finished() {
        let began = Instant::now();
        log.submit(1).await;
        waited.push(began.elapsed());
    }
    let (closed, took) = sealing.await.unwrap();
    assert!(closed.unwrap() >= RECORDS / u64::from(BATCH_LEAVES_MAX));
    let commits = observer.0.lock().clone();
    let (alone, beside, held) = (median(alone), median(waited.clone()), median(commits));
    println!(
        "{RECORDS} records in {took:?}; a submission took {alone:?} before and {beside:?} beside it ({} of them); a commit {held:?}",
        waited.len()
    );
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(
        beside < alone * 4 + Duration::from_millis(50),
        "{alone:?} before, {beside:?} beside"
    );
    assert!(held < Duration::from_millis(100), "{held:?}");
    log.sealer().round().await.unwrap();
    let (_, records) = log.holds().await;
    assert!(records as u64 >= RECORDS + A_BATCH as u64);
}
