//! Whether a bucket answers: the first failure closes it for everybody, a probe that is answered opens it again.

use parking_lot::Mutex;
use std::fmt::Display;
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

    /// A request failed for good; returns what it said, in words for a log.
    pub(super) fn failed(&self, error: &dyn Display) -> String {
        let words = without_names(&error.to_string());
        self.words.lock().clone_from(&words);
        self.failed.fetch_add(1, Ordering::Relaxed);
        if !self.away.swap(true, Ordering::AcqRel) {
            self.news.notify_one();
        }
        words
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

/// So many hexadecimal digits may be what is left of an id or a tag, which have 32.
const NAME_DIGITS: usize = 12;
/// Characters of a fault in logs: a service may answer with a page.
const WORDS_MAX: usize = 600;

/// A fault without names of files: an id is a capability, and addresses and answers of the service hold it.
fn without_names(text: &str) -> String {
    let (mut words, mut run) = (String::new(), String::new());
    for c in text.chars().take(WORDS_MAX).chain([' ']) {
        if c.is_ascii_hexdigit() {
            run.push(c);
            continue;
        }
        match run.len() < NAME_DIGITS {
            true => words.push_str(&run),
            false => words.push('…'),
        }
        run.clear();
        words.push(c);
    }
    words.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_no_file_and_has_an_end() {
        let id = "0123456789abcdef".repeat(2);
        let words = without_names(&format!(
            "PUT http://s3:9000/hall/01/{id}/{id}?partNumber=2 failed: <Key>01/{id}</Key> 403"
        ));
        assert_eq!(
            words,
            "PUT http://s3:9000/hall/01/…/…?partNumber=2 failed: <Key>01/…</Key> 403"
        );
        assert_eq!(without_names(&"x ".repeat(9_000)).len(), WORDS_MAX - 1);
        // Cut in the middle of an id: what is left of it tells no file.
        let cut = format!("{} {}", "y".repeat(WORDS_MAX - 20), id);
        assert!(without_names(&cut).ends_with(" …"));
    }

    #[test]
    fn the_first_failure_is_news_and_an_answer_ends_it() {
        let condition = Condition::default();
        assert!(!condition.is_away());
        condition.failed(&"one");
        condition.failed(&"two");
        assert!(condition.is_away());
        assert_eq!(condition.failures(), (2, "two".to_owned()));
        condition.answered();
        assert!(!condition.is_away());
        assert_eq!(condition.failures().0, 0, "asked once");
    }
}
