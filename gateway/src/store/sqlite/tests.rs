//! What only the inside of this store can show: one write's failure among its neighbours, batches, and query plans.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step is a failed test"
)]

use super::*;
use crate::store::conformance::samples::{
    application, at, case, change, lease, refused, submitted,
};
use futures_util::future::join_all;
use parking_lot::Mutex;
use sqlx::Row;
use tempfile::TempDir;
use tokio::sync::oneshot;

async fn open(folder: &TempDir, bounds: StoreBounds) -> Arc<SqliteStore> {
    let keys = MasterKeys::new([1; 32], &[]).unwrap();
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let store = SqliteStore::open(folder.path(), keys, clock, entropy, bounds);
    Arc::new(store.await.unwrap())
}

#[derive(Default)]
struct Batches(Mutex<Vec<usize>>);

impl CommitObserver for Batches {
    fn committed(&self, writes: usize, _took: Duration) {
        self.0.lock().push(writes);
    }

    fn failed(&self, _writes: usize) {
        self.0.lock().push(0);
    }
}

/// Holds the writer inside a write until the returned sender is dropped, so that a batch gathers behind it.
async fn hold(store: &Arc<SqliteStore>) -> (oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let (release, released) = oneshot::channel::<()>();
    let (entered, inside) = oneshot::channel::<()>();
    let store = store.clone();
    let held = tokio::spawn(async move {
        store
            .write(move |_, _| {
                Box::pin(async move {
                    entered.send(()).ok();
                    released.await.ok();
                    keep(())
                })
            })
            .await
            .unwrap();
    });
    inside.await.unwrap();
    (release, held)
}

async fn insert(store: Arc<SqliteStore>, stem: &'static str, then: Then) -> Result<(), StoreError> {
    store
        .write(move |c, _| {
            Box::pin(async move {
                sqlx::query("INSERT INTO number_serial (stem, last) VALUES (?, 1)")
                    .bind(stem)
                    .execute(&mut *c)
                    .await?;
                match then {
                    Then::Stay => keep(()),
                    Then::Undo => undo(()),
                    Then::Panic => panic!("on purpose"),
                    Then::TakenBack => {
                        // As SQLite does when the disk is full or fails: the whole transaction is gone, and nobody told sqlx.
                        sqlx::query("ROLLBACK").execute(c).await?;
                        keep(())
                    }
                    Then::BreakCommit => {
                        // A foreign key that is only checked at the commit, which then fails.
                        sqlx::query("PRAGMA defer_foreign_keys = ON")
                            .execute(&mut *c)
                            .await?;
                        sqlx::query(
                            "INSERT INTO case_clock (case_id, kind, due_at) VALUES (999, 'x', 1)",
                        )
                        .execute(c)
                        .await?;
                        keep(())
                    }
                }
            })
        })
        .await
}

#[derive(Clone, Copy)]
enum Then {
    Stay,
    Undo,
    Panic,
    BreakCommit,
    TakenBack,
}

async fn stems(store: &SqliteStore) -> Vec<String> {
    let mut connection = store.reader().await.unwrap();
    sqlx::query_scalar("SELECT stem FROM number_serial ORDER BY stem")
        .fetch_all(&mut *connection)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_in_the_middle_leaves_no_trace_and_its_neighbours_stay() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    let batches = Arc::new(Batches::default());
    store.observe(batches.clone());
    let (release, held) = hold(&store).await;
    let plan = [
        ("a", Then::Stay),
        ("b", Then::Undo),
        ("a", Then::Stay), // breaks the primary key
        ("c", Then::Panic),
        ("d", Then::Stay),
    ];
    let writes: Vec<_> = plan
        .into_iter()
        .map(|(stem, then)| insert(store.clone(), stem, then))
        .collect();
    let writes = tokio::spawn(join_all(writes));
    while store.writer.waiting() < plan.len() {
        tokio::task::yield_now().await;
    }
    drop(release);
    held.await.unwrap();
    let answers: Vec<_> = writes.await.unwrap().iter().map(Result::is_ok).collect();
    assert_eq!(answers, [true, true, false, false, true]);
    assert_eq!(stems(&store).await, ["a", "d"]);
    assert_eq!(*batches.0.lock(), [1, 5], "they went in one commit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_answers_its_whole_batch_as_unavailable() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    let (release, held) = hold(&store).await;
    let writes = [("a", Then::Stay), ("b", Then::BreakCommit)]
        .map(|(stem, then)| insert(store.clone(), stem, then));
    let writes = tokio::spawn(join_all(writes));
    while store.writer.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    drop(release);
    held.await.unwrap();
    for answer in writes.await.unwrap() {
        assert!(
            matches!(answer, Err(StoreError::Unavailable(_))),
            "{answer:?}"
        );
    }
    assert!(stems(&store).await.is_empty());
    insert(store.clone(), "c", Then::Stay).await.unwrap();
    assert_eq!(stems(&store).await, ["c"], "the writer goes on");
}

/// As SQLite does by itself when the disk is full or fails: nothing is begun any more, whatever the connection counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_sqlite_took_a_transaction_back_the_next_batch_is_written() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    let taken_back = store
        .write(|c, _| {
            Box::pin(async move {
                sqlx::query("ROLLBACK").execute(c).await?;
                keep(())
            })
        })
        .await;
    assert!(matches!(taken_back, Err(StoreError::Unavailable(_))));
    assert_eq!(store.standing.failures().0, 1, "the watch hears of it");
    insert(store.clone(), "a", Then::Stay).await.unwrap();
    assert_eq!(stems(&store).await, ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_sqlite_took_back_by_itself_fails_its_batch_and_none_after_it() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    insert(store.clone(), "before", Then::Stay).await.unwrap();
    let batches = Arc::new(Batches::default());
    store.observe(batches.clone());
    let taken_back = insert(store.clone(), "lost", Then::TakenBack).await;
    assert!(
        matches!(taken_back, Err(StoreError::Unavailable(_))),
        "{taken_back:?}"
    );
    insert(store.clone(), "after", Then::Stay).await.unwrap();
    assert_eq!(stems(&store).await, ["after", "before"]);
    assert_eq!(*batches.0.lock(), [0, 1]);
    store.close().await;
}

/// Of twenty writes.
const STEMS: [&str; 20] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s",
    "t",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_gathers_while_one_batch_syncs_goes_into_the_next_together() {
    let folder = TempDir::new().unwrap();
    let bounds = StoreBounds {
        batch: 8,
        ..StoreBounds::default()
    };
    let store = open(&folder, bounds).await;
    let batches = Arc::new(Batches::default());
    store.observe(batches.clone());
    let (release, held) = hold(&store).await;
    let all: Vec<_> = STEMS
        .into_iter()
        .map(|stem| tokio::spawn(insert(store.clone(), stem, Then::Stay)))
        .collect();
    while store.writer.waiting() < 20 {
        tokio::task::yield_now().await;
    }
    drop(release);
    held.await.unwrap();
    join_all(all).await;
    assert_eq!(*batches.0.lock(), [1, 8, 8, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applications_that_gather_while_a_group_syncs_are_the_next_group() {
    let folder = TempDir::new().unwrap();
    let bounds = StoreBounds {
        batch: 8,
        ..StoreBounds::default()
    };
    let store = open(&folder, bounds).await;
    let batches = Arc::new(Batches::default());
    store.observe(batches.clone());
    let (release, held) = hold(&store).await;
    let shared: crate::store::SharedStore = store.clone();
    let all: Vec<_> = (0..20)
        .map(|_| {
            let shared = shared.clone();
            tokio::spawn(async move { submitted(&shared, application()).await })
        })
        .collect();
    // The first group has what was there, eight at most; the others wait for it.
    while store.writer.waiting() < 1 || store.submissions.waiting() < 12 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    drop(release);
    held.await.unwrap();
    let stored = join_all(all).await;
    assert_eq!(stored.into_iter().filter(Result::is_ok).count(), 20);
    let commits = batches.0.lock().len() - 1;
    assert!(
        (3..=4).contains(&commits),
        "twenty in groups of eight took {commits} commits"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_and_a_closed_store_says_so() {
    let folder = TempDir::new().unwrap();
    let bounds = StoreBounds {
        queue: 2,
        ..StoreBounds::default()
    };
    let store = open(&folder, bounds).await;
    let (release, held) = hold(&store).await;
    let waiting = [("a", Then::Stay), ("b", Then::Stay)]
        .map(|(stem, then)| insert(store.clone(), stem, then));
    let waiting = tokio::spawn(join_all(waiting));
    while store.writer.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    let refused = insert(store.clone(), "c", Then::Stay).await;
    assert!(
        matches!(refused, Err(StoreError::Busy { bound: 2 })),
        "{refused:?}"
    );
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.close().await }
    });
    drop(release);
    held.await.unwrap();
    closing.await.unwrap();
    for answer in waiting.await.unwrap() {
        answer.unwrap();
    }
    let closed = insert(store.clone(), "d", Then::Stay).await;
    assert!(
        matches!(closed, Err(StoreError::Unavailable(_))),
        "{closed:?}"
    );
    let again = open(&folder, StoreBounds::default()).await;
    assert_eq!(
        stems(&again).await,
        ["a", "b"],
        "what was queued was committed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_goes_on_when_nobody_waits_for_it() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    let (release, held) = hold(&store).await;
    let gone = tokio::spawn(insert(store.clone(), "a", Then::Stay));
    while store.writer.waiting() < 1 {
        tokio::task::yield_now().await;
    }
    gone.abort();
    drop(release);
    held.await.unwrap();
    store.close().await;
    let again = open(&folder, StoreBounds::default()).await;
    assert_eq!(stems(&again).await, ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_syncs_and_the_readers_cannot_write() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    let settings = store
        .write(|c, _| {
            Box::pin(async move {
                let mut found = Vec::new();
                for pragma in [
                    "synchronous",
                    "foreign_keys",
                    "secure_delete",
                    "busy_timeout",
                ] {
                    let sql = sqlx::AssertSqlSafe(format!("PRAGMA {pragma}"));
                    let value: i64 = sqlx::query_scalar(sql).fetch_one(&mut *c).await?;
                    found.push(value);
                }
                let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
                    .fetch_one(c)
                    .await?;
                keep((found, mode))
            })
        })
        .await
        .unwrap();
    // 2 = FULL, section "synchronous" of the SQLite pragma reference.
    assert_eq!(settings, (vec![2, 1, 1, 5000], "wal".to_owned()));
    let mut reader = store.reader().await.unwrap();
    let refused = sqlx::query("DELETE FROM paused_system")
        .execute(&mut *reader)
        .await;
    assert!(refused.unwrap_err().to_string().contains("readonly"));
}

/// Lines of `EXPLAIN QUERY PLAN`.
async fn plan(store: &SqliteStore, sql: &str) -> Vec<String> {
    let mut connection = store.reader().await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(sql).fetch_all(&mut *connection).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_periodic_query_scans_a_table() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    let dead_list = "SELECT d.id FROM delivery d JOIN case_record c ON c.id = d.case_id JOIN application a ON a.id = c.application_id
        LEFT JOIN paused_system p ON p.system_id = d.system_id WHERE 1 AND d.system_id = ?
        AND d.state NOT IN ('delivered', 'discarded') AND (0 OR d.state = 'dead') ORDER BY +d.id LIMIT 100";
    let expected = [
        (clock::DUE_CLOCKS, "clock_due"),
        (clock::TAKE_DUE_POLLS, "case_poll"),
        (feedback::HELD_DUE, "feedback_held"),
        (look::SYSTEMS, "delivery_due"),
        (look::CANDIDATES, "delivery_due"),
        (look::CANDIDATES, "delivery_open"),
        (delivery::NEXT_DUE, "delivery_due"),
        (operator::DEPTHS, "delivery_open"),
        (sweep::SWEEP, "material_unbound"),
        (sweep::OLD_UPLOADS, "upload_touched"),
        (scan::DUE, "material_scan"),
        (scan::WAITING, "material_scan"),
        (seal::UNSEALED, "PRIMARY"),
        (seal::OLDEST_UNSEALED, "PRIMARY"),
        (overview::LAST_SUCCESS, "delivery_delivered"),
        (overview::LAST_FAILURE, "delivery_open"),
        (overview::NEXT, "delivery_due"),
        (dead_list, "delivery_open"),
        (
            "SELECT state, count(*) FROM case_record GROUP BY state",
            "case_state",
        ),
    ];
    for (sql, index) in expected {
        let lines = plan(&store, sql).await;
        let uses = |line: &String| line.split(' ').any(|word| word == index);
        assert!(lines.iter().any(uses), "{sql}\n{lines:#?}");
        for line in lines.iter().filter(|line| line.starts_with("SCAN")) {
            // Rows of a sub-query, the queue of unsealed records, a list that was handed in, and counts over a narrow index of what is open.
            let harmless = [
                "SCAN system",
                "SCAN s",
                "SCAN h",
                "SCAN p",
                "SCAN candidate",
                "SCAN u",
                "SCAN d",
                "SCAN dead",
                "SCAN put_off",
            ]
            .contains(&line.as_str())
                || line.starts_with("SCAN json_each VIRTUAL TABLE")
                || line.ends_with("USING COVERING INDEX delivery_open")
                || line.ends_with("USING COVERING INDEX case_state");
            assert!(harmless, "{line} in {sql}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordered_queries_sort_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    for sql in [
        clock::DUE_CLOCKS,
        clock::TAKE_DUE_POLLS,
        sweep::SWEEP,
        sweep::OLD_UPLOADS,
    ] {
        let lines = plan(&store, sql).await.join("\n");
        assert!(!lines.contains("TEMP B-TREE"), "{sql}\n{lines}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_change_is_undone_beside_one_that_stays() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    let shared: crate::store::SharedStore = store.clone();
    let first = submitted(&shared, application()).await.cases.remove(0);
    let (release, held) = hold(&store).await;
    let changes = (1..=8).map(|n| {
        let (shared, new) = (shared.clone(), change(&first, vec![refused(n)], "refused"));
        tokio::spawn(async move { shared.change(new).await.unwrap() })
    });
    let changes: Vec<_> = changes.collect();
    // One of the case at a time: the others wait for it in their lane.
    while store.writer.waiting() < 1 {
        tokio::task::yield_now().await;
    }
    drop(release);
    held.await.unwrap();
    let mut applied = 0;
    for outcome in join_all(changes).await {
        applied += usize::from(outcome.unwrap() != crate::store::case::ChangeOutcome::Stale);
    }
    assert_eq!(applied, 1);
    let now = case(&shared, &first.case_no).await;
    assert_eq!((now.rev, now.last_seq), (2, 2));
    assert_eq!(at(0), first.submission.case.submitted_at);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_last_process_had_leased_is_due_at_once() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder, StoreBounds::default()).await;
    let shared: crate::store::SharedStore = store.clone();
    submitted(&shared, application()).await;
    let first = lease(&shared, 10).await.pop().unwrap();
    assert!(lease(&shared, 11).await.is_empty());
    store.close().await;
    let again: crate::store::SharedStore = open(&folder, StoreBounds::default()).await;
    let second = lease(&again, 11).await.pop().unwrap();
    assert_eq!((second.id, second.ask_first), (first.id, false));
    assert!(second.fence > first.fence);
}
