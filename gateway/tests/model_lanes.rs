//! Committing together, under every order of tasks that a model checker tries: no work is lost, each is answered once with what became
//! of it, closing drains, the bounds hold, and whoever stops waiting takes nothing back. The queue, the lanes and the way from a group
//! to its single pieces are the store's; tasks and locks are the checker's, and so is the database, which fails as a real one does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a failed step is a failed test"
)]

/// The checker's tasks and locks in the place of the store's.
mod tasks {
    pub(crate) use shuttle::future::{JoinHandle, spawn};
    use shuttle::sync::MutexGuard;

    /// A lock that is taken as the store's is.
    pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(shuttle::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}

/// Lanes at once, as on PostgreSQL; the embedded store has one.
mod dialect {
    pub(crate) const LANES: usize = 2;
}

#[path = "../src/store/relational/lanes.rs"]
mod lanes;

use async_trait::async_trait;
use lanes::{Committing, Lanes};
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tongban_gateway::store::StoreError;

/// Schedules that are tried.
const SCHEDULES: usize = 3_000;
/// Pieces of work that one group has at most.
const TOGETHER: usize = 3;

/// A piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    key: u32,
    /// What it is about; pieces with the same never go together.
    about: u32,
    plain: bool,
}

/// What is stored: how often each piece had its effect, and everything that must never be.
#[derive(Default)]
struct Database {
    effects: Mutex<BTreeMap<u32, u32>>,
    /// Pieces that a lane has taken out of the queue, as far as the database has seen them.
    taken: AtomicUsize,
    /// A piece that is there already has its effect again.
    forgetful: AtomicBool,
}

impl Database {
    /// Stores a piece unless it is there; real ones know it by its key.
    fn store(&self, piece: Piece) {
        let mut effects = self.effects.lock().unwrap();
        let times = effects.entry(piece.key).or_default();
        if *times == 0 || self.forgetful.load(Ordering::SeqCst) {
            *times += 1;
        }
    }

    fn effects(&self) -> BTreeMap<u32, u32> {
        self.effects.lock().unwrap().clone()
    }
}

/// What a transaction came to.
enum Ended {
    Stored,
    NotStored,
    /// It was stored and its answer got lost.
    AnswerLost,
}

/// Commits to the model's database, which fails as the checker draws.
struct Model {
    database: Arc<Database>,
    /// Nothing fails.
    sound: bool,
}

impl Model {
    /// Others run before and after every transaction, and it ends as it is drawn.
    async fn transaction(&self) -> Ended {
        yield_now().await;
        match thread_rng().gen_range(0..4) {
            _ if self.sound => Ended::Stored,
            0 => Ended::NotStored,
            1 => Ended::AnswerLost,
            _ => Ended::Stored,
        }
    }
}

#[async_trait]
impl Committing for Model {
    type Work = Piece;
    type Outcome = u32;
    type Share = u32;
    type Subject = u32;

    const LEAST: usize = 2;

    fn is_plain(&self, work: &Piece) -> bool {
        work.plain
    }

    fn subject(&self, work: &Piece) -> Option<u32> {
        Some(work.about)
    }

    async fn together(&self, group: Arc<Vec<Piece>>) -> Result<Vec<Option<u32>>, StoreError> {
        assert!((2..=TOGETHER).contains(&group.len()), "{group:?}");
        assert!(group.iter().all(|piece| piece.plain), "{group:?}");
        let mut about: Vec<u32> = group.iter().map(|piece| piece.about).collect();
        about.sort_unstable();
        about.dedup();
        assert_eq!(about.len(), group.len(), "one subject twice: {group:?}");
        let ended = self.transaction().await;
        if matches!(ended, Ended::NotStored) {
            return Err(StoreError::Unavailable("not stored".to_owned()));
        }
        // One of them is left out, as one whose key is taken.
        let left_out = match self.sound {
            true => None,
            false => group.get(thread_rng().gen_range(0..2 * TOGETHER)).copied(),
        };
        let shares = group.iter().map(|piece| {
            let stored = Some(*piece) != left_out;
            if stored {
                self.database.store(*piece);
            }
            stored.then_some(piece.key)
        });
        let shares: Vec<Option<u32>> = shares.collect();
        yield_now().await;
        match ended {
            Ended::AnswerLost => Err(StoreError::Unavailable("nobody knows".to_owned())),
            _ => Ok(shares),
        }
    }

    fn outcome(&self, work: Piece, share: u32) -> Result<u32, StoreError> {
        assert_eq!(work.key, share, "the share of another");
        self.database.taken.fetch_add(1, Ordering::SeqCst);
        Ok(share)
    }

    async fn alone(&self, work: Piece) -> Result<u32, StoreError> {
        self.database.taken.fetch_add(1, Ordering::SeqCst);
        let ended = self.transaction().await;
        if matches!(ended, Ended::NotStored) {
            return Err(StoreError::Unavailable("not stored".to_owned()));
        }
        self.database.store(work);
        yield_now().await;
        match ended {
            Ended::AnswerLost => Err(StoreError::Unavailable("nobody knows".to_owned())),
            _ => Ok(work.key),
        }
    }
}

type Queue = Lanes<Piece, u32>;

fn begin(bound: usize, sound: bool) -> (Arc<Queue>, Arc<Database>) {
    let database = Arc::new(Database::default());
    let model = Model {
        database: Arc::clone(&database),
        sound,
    };
    (Arc::new(Lanes::begin(model, bound, TOGETHER)), database)
}

/// Different pieces: some about the same, some that go alone.
fn pieces(count: u32) -> Vec<Piece> {
    let piece = |key| Piece {
        key,
        about: key % 4,
        plain: key % 5 != 3,
    };
    (0..count).map(piece).collect()
}

/// What a client was told agrees with what is stored.
fn agrees(piece: Piece, told: &Result<u32, StoreError>, effects: &BTreeMap<u32, u32>) {
    let times = effects.get(&piece.key).copied().unwrap_or_default();
    assert!(times <= 1, "{piece:?} had its effect {times} times");
    match told {
        Ok(key) => {
            assert_eq!(*key, piece.key, "the answer of another");
            assert_eq!(times, 1, "{piece:?} was acknowledged");
        }
        Err(StoreError::Busy { .. }) => assert_eq!(times, 0, "{piece:?} was refused"),
        told if is_closed(told) => assert_eq!(times, 0, "{piece:?} came too late"),
        // Asked again, it is found or stored.
        Err(StoreError::Unavailable(_)) => {}
        Err(error) => panic!("{piece:?}: {error}"),
    }
}

/// When the store is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// While clients still come.
    Meanwhile,
    /// After all of them were answered.
    Afterwards,
}

/// Clients at once, each with a piece, and a database that fails; `forgetful`: and does not know what it has.
fn all_are_answered_with_what_became_of_them(when: Closed, forgetful: bool) {
    let (queue, database) = begin(8, false);
    database.forgetful.store(forgetful, Ordering::SeqCst);
    let clients: Vec<_> = pieces(8)
        .into_iter()
        .map(|piece| {
            let queue = Arc::clone(&queue);
            spawn(async move { (piece, queue.commit(piece).await) })
        })
        .collect();
    block_on(async {
        yield_now().await;
        if when == Closed::Meanwhile {
            queue.close().await;
        }
        let before = database.effects();
        for client in clients {
            let (piece, told) = client.await.unwrap();
            agrees(piece, &told, &database.effects());
            if when == Closed::Afterwards {
                assert!(!is_closed(&told), "{piece:?} was dropped unanswered");
            }
        }
        match when {
            Closed::Meanwhile => assert_eq!(before, database.effects(), "written once closed"),
            Closed::Afterwards => queue.close().await,
        }
        assert!(is_closed(&queue.commit(pieces(1)[0]).await));
    });
}

/// Whether a client was told that it came too late; it is told the same when its piece is dropped.
fn is_closed(told: &Result<u32, StoreError>) -> bool {
    matches!(told, Err(StoreError::Unavailable(words)) if words.contains("closed"))
}

#[test]
fn each_piece_of_work_has_one_effect_and_one_answer_that_is_true() {
    shuttle::check_random(
        || all_are_answered_with_what_became_of_them(Closed::Afterwards, false),
        SCHEDULES,
    );
}

#[test]
fn a_store_that_closes_meanwhile_answers_what_it_has_taken_and_writes_nothing_afterwards() {
    shuttle::check_random(
        || all_are_answered_with_what_became_of_them(Closed::Meanwhile, false),
        SCHEDULES,
    );
}

#[test]
#[should_panic(expected = "had its effect 2 times")]
fn the_model_finds_a_database_that_stores_again_what_a_group_had_stored() {
    shuttle::check_random(
        || all_are_answered_with_what_became_of_them(Closed::Afterwards, true),
        SCHEDULES,
    );
}

/// Clients queue and stop waiting; `drained`: the store is closed before it is looked at.
fn whoever_goes_takes_nothing_back(drained: bool) {
    let (queue, database) = begin(8, true);
    let clients: Vec<_> = pieces(6)
        .into_iter()
        .map(|piece| {
            let queue = Arc::clone(&queue);
            spawn(async move {
                let mut waiting = Box::pin(queue.commit(piece));
                // Polled once: it is in the queue, and nobody waits for it any more.
                let first = futures_util::poll!(&mut waiting);
                assert!(!matches!(first, std::task::Poll::Ready(Err(_))), "refused");
            })
        })
        .collect();
    block_on(async {
        for client in clients {
            client.await.unwrap();
        }
        if drained {
            queue.close().await;
        }
        let effects = database.effects();
        let once: BTreeMap<u32, u32> = (0..6).map(|key| (key, 1)).collect();
        assert_eq!(effects, once, "work was left behind");
    });
}

#[test]
fn what_is_queued_is_committed_though_nobody_waits_for_it_and_closing_waits_until_it_is() {
    shuttle::check_random(|| whoever_goes_takes_nothing_back(true), SCHEDULES);
}

#[test]
#[should_panic(expected = "work was left behind")]
fn the_model_finds_work_that_nobody_drained() {
    shuttle::check_random(|| whoever_goes_takes_nothing_back(false), SCHEDULES);
}

#[test]
fn no_more_wait_than_may_and_the_others_hear_so() {
    shuttle::check_random(
        || {
            const BOUND: usize = 2;
            let (queue, database) = begin(BOUND, true);
            let clients: Vec<_> = pieces(12)
                .into_iter()
                .map(|piece| {
                    let queue = Arc::clone(&queue);
                    spawn(async move {
                        assert!(queue.waiting() <= BOUND);
                        let told = queue.commit(piece).await;
                        assert!(queue.waiting() <= BOUND);
                        (piece, told)
                    })
                })
                .collect();
            block_on(async {
                let mut taken = 0;
                for client in clients {
                    let (piece, told) = client.await.unwrap();
                    agrees(piece, &told, &database.effects());
                    match told {
                        Ok(_) => taken += 1,
                        Err(StoreError::Busy { bound }) => assert_eq!(bound, BOUND),
                        Err(error) => panic!("{error}"),
                    }
                }
                assert_eq!(database.taken.load(Ordering::SeqCst), taken);
                assert!(taken >= BOUND, "room was left and nobody was let in");
                assert_eq!(queue.waiting(), 0);
                queue.close().await;
            });
        },
        SCHEDULES,
    );
}

#[test]
fn closing_twice_at_once_ends_and_both_wait_for_their_lanes_or_find_none() {
    shuttle::check_random(
        || {
            let (queue, database) = begin(4, true);
            let client = {
                let queue = Arc::clone(&queue);
                spawn(async move { queue.commit(pieces(1)[0]).await })
            };
            let closing = {
                let queue = Arc::clone(&queue);
                spawn(async move { queue.close().await })
            };
            block_on(async {
                queue.close().await;
                closing.await.unwrap();
                let told = client.await.unwrap();
                agrees(pieces(1)[0], &told, &database.effects());
                assert_eq!(queue.waiting(), 0);
            });
        },
        SCHEDULES,
    );
}
