//! What an acknowledged application must keep, checked while the load runs: a number that nobody else got, an address that names
//! it, the same answer under the same key, a receipt that verifies. What breaks one of these ends the run.

use crate::intake::receipt;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// Numbers that are remembered to find a duplicate: of each twice as many the older half is forgotten.
pub const NUMBERS_MAX: usize = 4_000_000;

/// What the load uses of a 201.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Acknowledged {
    /// The number.
    pub application_no: String,
    /// The query code.
    pub query_code: String,
    /// The receipt.
    pub receipt: String,
}

/// A promise that the hall has broken; the run ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// Two applications with one number.
    #[error("the number {0} was given to two applications")]
    Duplicate(String),
    /// A fresh key that the hall says it knows.
    #[error("application {0}: its key was fresh, yet the hall says that it has seen it before")]
    NotFresh(String),
    /// A repetition with another answer.
    #[error("application {first}: sent again under its key it got {second}")]
    Repeat {
        /// The number of the first answer.
        first: String,
        /// What came the second time.
        second: String,
    },
    /// A receipt that does not hold.
    #[error("application {number}: {reason}")]
    Receipt {
        /// Whose.
        number: String,
        /// Why.
        reason: String,
    },
    /// `Location` is another.
    #[error("application {number}: its Location is {location}")]
    Location {
        /// Whose.
        number: String,
        /// What it says.
        location: String,
    },
}

/// How often something was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CheckCounts {
    /// Applications whose number and address were checked.
    pub numbers: u64,
    /// Applications that were sent again under their key.
    pub repeats: u64,
    /// Receipts that were verified.
    pub receipts: u64,
}

/// The checks of one run; shared by all lanes.
pub struct Checks {
    seen: Mutex<Generations>,
    hasher: RandomState,
    receipt_key: Vec<u8>,
    location_base: String,
    numbers: AtomicU64,
    repeats: AtomicU64,
    receipts: AtomicU64,
    breach: OnceLock<Breach>,
    stop: CancellationToken,
}

#[derive(Default)]
struct Generations {
    current: HashSet<u64>,
    previous: HashSet<u64>,
}

impl Checks {
    /// With the hall's receipt key (empty: receipts are not verified) and what `Location` begins with; a breach cancels `stop`.
    #[must_use]
    pub fn new(receipt_key: Vec<u8>, stop: CancellationToken) -> Self {
        Self {
            seen: Mutex::default(),
            hasher: RandomState::new(),
            receipt_key,
            location_base: "/api/v1/applications/".to_owned(),
            numbers: AtomicU64::new(0),
            repeats: AtomicU64::new(0),
            receipts: AtomicU64::new(0),
            breach: OnceLock::new(),
            stop,
        }
    }

    /// A first answer: its number is new, its address right, its key was fresh.
    pub fn acknowledged(&self, told: &Acknowledged, location: &str, replayed: bool) {
        self.numbers.fetch_add(1, Ordering::Relaxed);
        let number = told.application_no.clone();
        if replayed {
            return self.broken(Breach::NotFresh(number));
        }
        if location.strip_prefix(&self.location_base) != Some(&number) {
            let location = location.to_owned();
            return self.broken(Breach::Location { number, location });
        }
        if self.is_known(&number) {
            self.broken(Breach::Duplicate(number));
        }
    }

    /// An answer to the same request under the same key.
    pub fn repeated(&self, first: &Acknowledged, second: &Acknowledged) {
        self.repeats.fetch_add(1, Ordering::Relaxed);
        if first != second {
            let (first, second) = (first.application_no.clone(), second.application_no.clone());
            self.broken(Breach::Repeat { first, second });
        }
    }

    /// A receipt: signed by the hall, and of this application.
    pub fn receipt(&self, told: &Acknowledged) {
        if self.receipt_key.is_empty() {
            return;
        }
        self.receipts.fetch_add(1, Ordering::Relaxed);
        let reason = match receipt::verify(&told.receipt, &self.receipt_key) {
            Ok(promise) if promise.application_no == told.application_no => return,
            Ok(promise) => format!("its receipt is that of {}", promise.application_no),
            Err(error) => error.to_string(),
        };
        let number = told.application_no.clone();
        self.broken(Breach::Receipt { number, reason });
    }

    /// The first breach.
    #[must_use]
    pub fn breach(&self) -> Option<&Breach> {
        self.breach.get()
    }

    /// How often something was checked.
    #[must_use]
    pub fn counts(&self) -> CheckCounts {
        CheckCounts {
            numbers: self.numbers.load(Ordering::Relaxed),
            repeats: self.repeats.load(Ordering::Relaxed),
            receipts: self.receipts.load(Ordering::Relaxed),
        }
    }

    fn broken(&self, breach: Breach) {
        let _ = self.breach.set(breach);
        self.stop.cancel();
    }

    /// Remembers a number by its fingerprint of 64 bits: among 4 million, two different numbers look alike once in two million runs.
    fn is_known(&self, number: &str) -> bool {
        let print = self.hasher.hash_one(number);
        let mut seen = self.seen.lock();
        if seen.current.len() >= NUMBERS_MAX / 2 {
            seen.previous = std::mem::take(&mut seen.current);
        }
        !seen.current.insert(print) || seen.previous.contains(&print)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::keys::InstallationKeys;
    use crate::intake::receipt::Promise;

    fn told(number: &str) -> Acknowledged {
        let keys = InstallationKeys::new(&[7; 32], &[9; 32]).unwrap();
        let promise = Promise {
            application_no: number.to_owned(),
            submitted_at: "2017-06-05T01:30:00Z".parse().unwrap(),
            cases: Vec::new(),
        };
        Acknowledged {
            application_no: number.to_owned(),
            query_code: keys.query_code(number),
            receipt: keys.receipt(&promise),
        }
    }

    fn checks() -> Checks {
        let keys = InstallationKeys::new(&[7; 32], &[9; 32]).unwrap();
        Checks::new(keys.public_key().to_vec(), CancellationToken::new())
    }

    fn first(checks: &Checks, number: &str) {
        let location = format!("/api/v1/applications/{number}");
        checks.acknowledged(&told(number), &location, false);
    }

    #[test]
    fn promises_that_are_kept_are_counted_and_stop_nothing() {
        let checks = checks();
        for number in ["N1", "N2", "N3"] {
            first(&checks, number);
            checks.receipt(&told(number));
        }
        checks.repeated(&told("N1"), &told("N1"));
        assert_eq!(checks.breach(), None);
        assert!(!checks.stop.is_cancelled());
        assert_eq!(
            checks.counts(),
            CheckCounts {
                numbers: 3,
                repeats: 1,
                receipts: 3
            }
        );
    }

    #[test]
    fn each_broken_promise_ends_the_run() {
        type Case = (&'static str, fn(&Checks));
        let cases: [Case; 6] = [
            ("N1 was given to two", |c| {
                first(c, "N1");
                first(c, "N1");
            }),
            ("its key was fresh", |c| {
                c.acknowledged(&told("N1"), "/api/v1/applications/N1", true)
            }),
            ("its Location is /api/v1/applications/N2", |c| {
                c.acknowledged(&told("N1"), "/api/v1/applications/N2", false)
            }),
            ("sent again under its key it got N2", |c| {
                c.repeated(&told("N1"), &told("N2"))
            }),
            ("its receipt is that of N2", |c| {
                c.receipt(&Acknowledged {
                    receipt: told("N2").receipt,
                    ..told("N1")
                })
            }),
            ("no receipt", |c| {
                c.receipt(&Acknowledged {
                    receipt: "x".into(),
                    ..told("N1")
                })
            }),
        ];
        for (words, act) in cases {
            let checks = checks();
            act(&checks);
            let breach = checks
                .breach()
                .unwrap_or_else(|| panic!("nothing: {words}"));
            assert!(breach.to_string().contains(words), "{breach}");
            assert!(checks.stop.is_cancelled());
        }
    }
}
