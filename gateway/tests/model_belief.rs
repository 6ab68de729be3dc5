//! What a node believes of itself, under every order of threads that a model checker tries: it never does work that another node was
//! given, whatever came between its question and the answer. The lock is the checker's, the code is the store's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: a failed step is a failed test"
)]

mod sync {
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};
}

#[path = "../src/store/postgres/belief.rs"]
mod belief;

use belief::{Belief, Known};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;
use std::time::{Duration, Instant};
use tongban_gateway::clock::Clock;

/// Schedules that are tried.
const SCHEDULES: usize = 3_000;
const WORK: &str = "clocks";
/// The other node's number.
const OTHER: i64 = 9;

/// What the database knows: who is there, and who has the work.
#[derive(Default)]
struct Database {
    alive: Vec<i64>,
    owner: Option<i64>,
}

impl Database {
    /// As the statement of the store: free, one's own, or left by a node that is gone.
    fn claim(&mut self, instance: i64) -> bool {
        let free = self
            .owner
            .is_none_or(|owner| owner == instance || !self.alive.contains(&owner));
        if free {
            self.owner = Some(instance);
        }
        free
    }
}

/// The question and its answer, as the store asks; `asked_as` makes of the number that was asked for the one that is answered for.
fn claims(
    belief: &Belief,
    database: &Mutex<Database>,
    now: Instant,
    asked_as: impl Fn(i64) -> i64,
) -> bool {
    match belief.known(WORK, now) {
        Known::Held => true,
        Known::Refused => false,
        Known::Ask(instance) => {
            let held = database.lock().unwrap().claim(instance);
            belief.answered(WORK, asked_as(instance), held, now)
        }
    }
}

/// A node that is gone for the others comes back as a new one while it asks, and another node asks too. In the end it believes that it
/// holds the work only if it does.
fn comes_back_while_it_asks(careless: bool) {
    let now = Clock::system().instant();
    let until = now + Duration::from_secs(10);
    let belief = Arc::new(Belief::unknown(now));
    let database = Arc::new(Mutex::new(Database {
        alive: vec![1, OTHER],
        owner: None,
    }));
    belief.registered(1, until);
    let asks = {
        let (belief, database) = (Arc::clone(&belief), Arc::clone(&database));
        thread::spawn(move || {
            let current = |instance| match careless {
                true => belief.seen().0,
                false => instance,
            };
            for _ in 0..2 {
                claims(&belief, &database, now, current);
            }
        })
    };
    let comes_back = {
        let (belief, database) = (Arc::clone(&belief), Arc::clone(&database));
        thread::spawn(move || {
            database.lock().unwrap().alive = vec![2, OTHER];
            belief.registered(2, until);
        })
    };
    let other = {
        let database = Arc::clone(&database);
        thread::spawn(move || database.lock().unwrap().claim(OTHER))
    };
    for thread in [asks, comes_back] {
        thread.join().unwrap();
    }
    other.join().unwrap();
    if belief.known(WORK, now) == Known::Held {
        let owner = database.lock().unwrap().owner;
        assert_eq!(owner, Some(belief.seen().0), "it holds what is another's");
    }
}

#[test]
fn a_node_that_comes_back_while_it_asks_never_holds_what_the_old_one_was_given() {
    shuttle::check_random(|| comes_back_while_it_asks(false), SCHEDULES);
}

#[test]
#[should_panic(expected = "it holds what is another's")]
fn the_model_finds_an_answer_that_is_taken_for_the_wrong_node() {
    shuttle::check_random(|| comes_back_while_it_asks(true), SCHEDULES);
}

#[test]
fn a_sign_of_life_of_the_old_node_never_counts_for_the_new_one() {
    shuttle::check_random(
        || {
            let now = Clock::system().instant();
            let belief = Arc::new(Belief::unknown(now));
            belief.registered(1, now);
            let renews = {
                let belief = Arc::clone(&belief);
                thread::spawn(move || belief.renewed(1, now + Duration::from_secs(99)))
            };
            belief.registered(2, now + Duration::from_secs(10));
            renews.join().unwrap();
            assert_eq!(belief.seen(), (2, now + Duration::from_secs(10)));
        },
        SCHEDULES,
    );
}

#[test]
fn work_that_is_left_is_not_believed_in_any_more() {
    shuttle::check_random(
        || {
            let now = Clock::system().instant();
            let belief = Arc::new(Belief::unknown(now));
            belief.registered(1, now + Duration::from_secs(10));
            let database = Mutex::new(Database {
                alive: vec![1, OTHER],
                owner: None,
            });
            assert!(claims(&belief, &database, now, |instance| instance));
            let leaves = {
                let belief = Arc::clone(&belief);
                thread::spawn(move || belief.left(WORK))
            };
            belief.registered(2, now + Duration::from_secs(10));
            // Under its old number or not at all: what the new one holds is not given away.
            assert_ne!(leaves.join().unwrap(), Some(2));
            assert_eq!(belief.known(WORK, now), Known::Ask(2));
            assert_eq!(belief.left(WORK), None, "it holds nothing");
        },
        SCHEDULES,
    );
}

#[test]
fn nobody_holds_anything_once_the_others_do_not_count_on_it() {
    let now = Clock::system().instant();
    let until = now + Duration::from_secs(10);
    shuttle::check_random(
        move || {
            let belief = Belief::unknown(now);
            assert_eq!(belief.known(WORK, now), Known::Refused, "nobody knows it");
            belief.registered(1, until);
            assert!(belief.answered(WORK, 1, true, now));
            assert_eq!(belief.known(WORK, now), Known::Held);
            assert_eq!(belief.known(WORK, until), Known::Refused);
        },
        1,
    );
}
