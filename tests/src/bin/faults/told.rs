//! What clients were told, written down by the clients themselves: the one side of the bookkeeping.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

/// What an applicant means to do with a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Answer the correction notice.
    Supplement,
    /// Withdraw instead.
    Withdraw,
    /// Answer, and withdraw at once: two deliveries on their way, in this order.
    SupplementThenWithdraw,
}

/// One application, as its applicant knows it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// Its idempotency key.
    pub(crate) key: String,
    /// Which partner's item: `rest`, `soap`, `xml`.
    pub(crate) kind: &'static str,
    /// Every number that a 201 under this key named, in order.
    pub(crate) numbers: Vec<String>,
    /// Its query code.
    pub(crate) query_code: String,
    /// What the applicant does.
    pub(crate) intent: Intent,
    /// A supplement was acknowledged.
    pub(crate) supplemented: bool,
    /// A withdrawal was acknowledged.
    pub(crate) withdrawn: bool,
}

impl Told {
    /// The number of the first 201.
    pub(crate) fn no(&self) -> &str {
        self.numbers.first().map_or("", String::as_str)
    }
}

/// Everything that clients were told. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    entries: Arc<Mutex<BTreeMap<String, Told>>>,
    odd: Arc<Mutex<Vec<String>>>,
}

impl Ledger {
    /// Writes down what one client knows of its application by now.
    pub(crate) fn keep(&self, told: &Told) {
        if let Ok(mut entries) = self.entries.lock() {
            entries.insert(told.key.clone(), told.clone());
        }
    }

    /// Writes down an answer that no client should ever get.
    pub(crate) fn odd(&self, words: String) {
        if let Ok(mut odd) = self.odd.lock() {
            odd.push(words);
        }
    }

    /// All of it.
    pub(crate) fn all(&self) -> Vec<Told> {
        self.entries
            .lock()
            .map(|entries| entries.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Answers that no client should ever get.
    pub(crate) fn oddities(&self) -> Vec<String> {
        self.odd.lock().map(|odd| odd.clone()).unwrap_or_default()
    }

    /// How many applications were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.entries.lock().map_or(0, |entries| entries.len())
    }
}
