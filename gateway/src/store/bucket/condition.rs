//! Whether a bucket answers: the first failure closes it for everybody, a probe that is answered opens it again.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// The condition of a bucket.
#[derive(Debug, Default)]
pub(super) struct Condition {
    away: AtomicBool,
    failed: AtomicU64,
    words: Mutex<String>,
    news: Notify,
}

impl Condition {
    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Acquire)
    }

    pub(super) fn failed(&self, words: String) {
        *self.words.lock() = words;
        self.failed.fetch_add(1, Ordering::Relaxed);
        if !self.away.swap(true, Ordering::AcqRel) {
            self.news.notify_one();
        }
    }

    pub(super) fn answered(&self) {
        self.away.store(false, Ordering::Release);
    }

    /// Failures since this was last asked, and what the last one said.
    pub(super) fn failures(&self) -> (u64, String) {
        (
            self.failed.swap(0, Ordering::Relaxed),
            self.words.lock().clone(),
        )
    }

    /// Returns when the bucket has just gone away.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }
}
