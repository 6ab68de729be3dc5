//! What only several nodes on one PostgreSQL database can show: work shared and taken over, commits without an answer, news.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a failed step is a failed test"
)]

mod postgres_server;

use futures_util::future::join_all;
use postgres_server::Schema;
use postgres_server::cut::Way;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tongban_gateway::clock::Clock;
use tongban_gateway::entropy::Entropy;
use tongban_gateway::identity::Scope;
use tongban_gateway::store::application::{ApplicationStore, SubmitOutcome};
use tongban_gateway::store::case::{CaseStore, ChangeOutcome};
use tongban_gateway::store::conformance::samples::{
    MINUTE_US, application, at, change, refused, with_key,
};
use tongban_gateway::store::delivery::{DeliveryStore, Look, SystemTerms};
use tongban_gateway::store::nodes::{NodeNews, NodeStore};
use tongban_gateway::store::postgres::{PostgresSettings, PostgresStore};
use tongban_gateway::store::sealed::MasterKeys;
use tongban_gateway::store::writing::StoreBounds;
use tongban_gateway::store::{Store, StoreError};

/// A lease that a test can wait for.
const LEASE: Duration = Duration::from_secs(4);
/// Nothing here takes longer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn node(settings: PostgresSettings, folder: &TempDir) -> Arc<PostgresStore> {
    let keys = MasterKeys::new([1; 32], &[]).unwrap();
    let settings = PostgresSettings {
        lease: LEASE,
        ..settings
    };
    let store = PostgresStore::open(
        &settings,
        folder.path(),
        keys,
        Clock::system(),
        Entropy::system(),
        StoreBounds::default(),
    );
    Arc::new(store.await.unwrap())
}

/// A node on a runtime of its own, which can be taken away from it in the middle of anything.
struct Mortal {
    store: Arc<PostgresStore>,
    runtime: tokio::runtime::Runtime,
}

async fn mortal(schema: &Schema, folder: &TempDir) -> Mortal {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (settings, path) = (schema.settings(), folder.path().to_owned());
    let opened = runtime.spawn(async move {
        let keys = MasterKeys::new([1; 32], &[]).unwrap();
        let settings = PostgresSettings {
            lease: LEASE,
            ..settings
        };
        PostgresStore::open(
            &settings,
            &path,
            keys,
            Clock::system(),
            Entropy::system(),
            StoreBounds::default(),
        )
        .await
        .unwrap()
    });
    let store = Arc::new(opened.await.unwrap());
    Mortal { store, runtime }
}

impl Mortal {
    /// Nothing of it runs any more, and it says nothing to anybody.
    fn dies(self) {
        self.runtime.shutdown_background();
    }
}

async fn eventually<F, Fut>(what: &str, mut look: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let until = Clock::system().instant() + PATIENCE;
    while !look().await {
        assert!(Clock::system().instant() < until, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn stored(outcome: Result<SubmitOutcome, StoreError>) -> String {
    match outcome.unwrap() {
        SubmitOutcome::Stored(record) => record.application_no,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_give_each_number_once() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let nodes = [
        node(schema.settings(), &folder).await,
        node(schema.settings(), &folder).await,
    ];
    let submissions = (0..200).map(|n| {
        let node = Arc::clone(&nodes[n % 2]);
        async move { stored(node.submit(application()).await) }
    });
    let numbers: BTreeSet<String> = join_all(submissions).await.into_iter().collect();
    assert_eq!(numbers.len(), 200);
    let last = numbers.last().unwrap();
    assert!(last.ends_with("0200"), "no gap: {last}");
    for node in nodes {
        node.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_at_two_nodes_at_once_is_one_application() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let nodes = [
        node(schema.settings(), &folder).await,
        node(schema.settings(), &folder).await,
    ];
    let submissions = (0..60).map(|n| {
        let node = Arc::clone(&nodes[n % 2]);
        let key = format!("key-{}", n / 6);
        async move { node.submit(with_key("client", &key, 1)).await.unwrap() }
    });
    let mut numbers = BTreeSet::new();
    let mut fresh = 0;
    for outcome in join_all(submissions).await {
        match outcome {
            SubmitOutcome::Stored(record) => {
                fresh += 1;
                numbers.insert(record.application_no);
            }
            SubmitOutcome::Replayed(record) => {
                numbers.insert(record.application_no);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((fresh, numbers.len()), (10, 10));
    for node in nodes {
        node.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_lease_each_delivery_once() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let nodes = [
        node(schema.settings(), &folder).await,
        node(schema.settings(), &folder).await,
    ];
    let all = (0..60).map(|_| nodes[0].submit(application()));
    for outcome in join_all(all).await {
        stored(outcome);
    }
    let leases = (0..20).map(|n| {
        let node = Arc::clone(&nodes[n % 2]);
        async move {
            node.lease(Look::with(
                "w",
                at(60),
                MINUTE_US,
                10,
                SystemTerms::up_to(100),
            ))
            .await
            .unwrap()
            .deliveries
        }
    });
    let mut ids: Vec<i64> = join_all(leases)
        .await
        .into_iter()
        .flatten()
        .map(|d| d.id)
        .collect();
    let leased = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((leased, ids.len()), (60, 60), "each once, none left");
    for node in nodes {
        node.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_that_is_gone_had_is_taken_over_after_its_lease() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let stays = node(schema.settings(), &folder).await;
    let goes = mortal(&schema, &folder).await;
    let no = stored(stays.submit(application()).await);
    stays.set_poll_at(&no, Some(at(1))).await.unwrap();
    let held = {
        let store = Arc::clone(&goes.store);
        let lease = goes.runtime.spawn(async move {
            let leased = store
                .lease(Look::with(
                    "w",
                    at(60),
                    60 * MINUTE_US,
                    9,
                    SystemTerms::up_to(9),
                ))
                .await
                .unwrap()
                .deliveries;
            let polled = store
                .take_due_polls(at(60), 60 * MINUTE_US, 9)
                .await
                .unwrap();
            (leased, polled)
        });
        lease.await.unwrap()
    };
    assert_eq!((held.0.len(), held.1.len()), (1, 1));
    assert!(
        stays
            .lease(Look::with("w", at(61), MINUTE_US, 9, SystemTerms::up_to(9)))
            .await
            .unwrap()
            .deliveries
            .is_empty()
    );
    let gone = Clock::system().instant();
    goes.dies();
    eventually("the delivery is taken over", || async {
        !stays
            .lease(Look::with("w", at(62), MINUTE_US, 9, SystemTerms::up_to(9)))
            .await
            .unwrap()
            .deliveries
            .is_empty()
    })
    .await;
    eventually("the poll is taken over", || async {
        !stays
            .take_due_polls(at(62), MINUTE_US, 9)
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    assert!(
        gone.elapsed() >= Duration::from_millis(500),
        "not before its lease"
    );
    // What the dead one still says is void.
    let id = held.0[0].id;
    assert!(
        !stays
            .journal(id, held.0[0].fence, &serde_json::json!({}))
            .await
            .unwrap()
    );
    stays.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_is_claimed_by_one_node_and_moves_on_when_it_is_gone() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let goes = mortal(&schema, &folder).await;
    let store = Arc::clone(&goes.store);
    let first = goes
        .runtime
        .spawn(async move { store.claim("clocks").await.unwrap() });
    assert!(first.await.unwrap());
    let stays = node(schema.settings(), &folder).await;
    assert!(!stays.claim("clocks").await.unwrap(), "it is taken");
    assert!(
        stays.claim("bulk jobs").await.unwrap(),
        "other work is free"
    );
    goes.dies();
    eventually("the claim moves on", || async {
        stays.claim("clocks").await.unwrap()
    })
    .await;
    stays.close().await;
    let next = node(schema.settings(), &folder).await;
    assert!(
        next.claim("clocks").await.unwrap(),
        "who says goodbye leaves its work at once"
    );
    next.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_looked_up() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let way = Way::to(schema.address()).await;
    let store = node(schema.settings_by(way.address), &folder).await;
    stored(store.submit(application()).await);
    way.break_after_the_next_commit();
    let no = stored(store.submit(application()).await);
    assert!(way.broke());
    assert!(store.case(&Scope::Everything, &no).await.unwrap().is_some());
    // The same for a change of a case.
    let case = store.case(&Scope::Everything, &no).await.unwrap().unwrap();
    way.break_after_the_next_commit();
    let changed = store
        .change(change(&case, vec![refused(5)], "refused"))
        .await
        .unwrap();
    assert!(way.broke());
    assert_eq!(changed, ChangeOutcome::Applied { rev: 2 });
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_did_not_arrive_is_no_application() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let way = Way::to(schema.address()).await;
    let store = node(schema.settings_by(way.address), &folder).await;
    let first = stored(store.submit(application()).await);
    way.break_before_the_next_commit();
    let lost = store.submit(with_key("client", "key", 1)).await;
    assert!(way.broke());
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    // Its key is free and its number is given to the next.
    let no = stored(store.submit(with_key("client", "key", 1)).await);
    assert!(
        first.ends_with("0001") && no.ends_with("0002"),
        "{first} {no}"
    );
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_to_a_database_that_fell_silent_ends() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let way = Way::to(schema.address()).await;
    let store = node(schema.settings_by(way.address), &folder).await;
    stored(store.submit(application()).await);
    way.falls_silent();
    let lost = tokio::time::timeout(Duration::from_secs(90), store.submit(application()));
    let lost = lost.await.unwrap();
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    tokio::time::timeout(Duration::from_secs(60), store.close())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_others_see_a_node_under_its_number_until_its_lease_is_over() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let store = node(schema.settings(), &folder).await;
    let seen = store.seen().unwrap();
    assert_eq!(seen.lasting, LEASE);
    eventually("a sign of life", || async {
        let later = store.seen().unwrap();
        assert_eq!(later.instance, seen.instance);
        later.until > seen.until
    })
    .await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_told_to_the_other_node() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let (one, other) = (
        node(schema.settings(), &folder).await,
        node(schema.settings(), &folder).await,
    );
    let no = stored(one.submit(application()).await);
    let mut news = other.news().unwrap();
    let case = one.case(&Scope::Everything, &no).await.unwrap().unwrap();
    one.change(change(&case, vec![refused(5)], "refused"))
        .await
        .unwrap();
    let told = tokio::time::timeout(PATIENCE, async {
        loop {
            // Whoever begins to listen is told first that everything may have changed.
            match news.recv().await.unwrap() {
                NodeNews::Registry => {}
                told => return told,
            }
        }
    });
    assert_eq!(told.await.unwrap(), NodeNews::Case(no));
    one.close().await;
    other.close().await;
}

/// Whether a change that `by` commits is told by the database before a word that was said after it.
async fn is_told(by: &PostgresStore, hearer: &PostgresStore, schema: &Schema) -> bool {
    let no = stored(by.submit(application()).await);
    let case = by.case(&Scope::Everything, &no).await.unwrap().unwrap();
    let mut news = hearer.news().unwrap();
    by.change(change(&case, vec![refused(5)], "refused"))
        .await
        .unwrap();
    sqlx::query("SELECT pg_notify('tongban_' || current_schema(), 'case/last')")
        .execute(&mut schema.connection().await)
        .await
        .unwrap();
    let (told, last) = (NodeNews::Case(no), NodeNews::Case("last".to_owned()));
    let heard = async {
        loop {
            match news.recv().await.unwrap() {
                heard if heard == told => return true,
                heard if heard == last => return false,
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_not_told_while_all_nodes_hear_elsewhere_and_is_again_when_one_does_not() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let (one, other) = (
        node(schema.settings(), &folder).await,
        node(schema.settings(), &folder).await,
    );
    let heard = async { while !is_told(&one, &other, &schema).await {} };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    one.hear_cases_elsewhere(true);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(
            is_told(&one, &other, &schema).await,
            "the other hears by the database alone"
        );
    }
    other.hear_cases_elsewhere(true);
    let silent = async { while is_told(&one, &other, &schema).await {} };
    tokio::time::timeout(PATIENCE, silent).await.unwrap();
    let silent = async { while is_told(&other, &one, &schema).await {} };
    tokio::time::timeout(PATIENCE, silent).await.unwrap();
    other.hear_cases_elsewhere(false);
    assert!(
        is_told(&other, &one, &schema).await,
        "at once where it began"
    );
    let again = async { while !is_told(&one, &other, &schema).await {} };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_lies_in_partitions_of_months_and_nowhere_else() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let store = node(schema.settings(), &folder).await;
    stored(store.submit(application()).await);
    let mut connection = schema.connection().await;
    let partitions: Vec<(String, String)> = sqlx::query_as(
        "SELECT p.relname::text, c.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
         JOIN pg_class c ON c.oid = i.inhrelid WHERE p.relnamespace = current_schema()::regnamespace AND p.relkind = 'p'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    for table in ["case_event", "delivery_attempt", "audit"] {
        let own = partitions
            .iter()
            .filter(|(parent, _)| parent == table)
            .count();
        assert_eq!(own, 5, "{table}: last month, this one, three to come");
    }
    let defaults: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_partitioned_table t JOIN pg_class c ON c.oid = t.partrelid
         WHERE c.relnamespace = current_schema()::regnamespace AND t.partdefid <> 0",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(defaults, 0, "none swallows what belongs to no month");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_a_node_releases_is_the_next_ones_while_both_live() {
    let (schema, folder) = (Schema::fresh(), TempDir::new().unwrap());
    let one = node(schema.settings(), &folder).await;
    let other = node(schema.settings(), &folder).await;
    assert!(one.claim("recomputation").await.unwrap());
    other.release("recomputation").await.unwrap();
    assert!(
        !other.claim("recomputation").await.unwrap(),
        "nobody releases what another has"
    );
    one.release("recomputation").await.unwrap();
    eventually("the other node has it", || async {
        other.claim("recomputation").await.unwrap()
    })
    .await;
    assert!(!one.claim("recomputation").await.unwrap());
    for node in [one, other] {
        node.close().await;
    }
}
