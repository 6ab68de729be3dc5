//! Idempotency keys being worked on (办理中): the state between unknown and finished.
//!
//! The store knows only what is finished. While one request with a key is on its way, a second one with the same key is told to
//! come again, instead of racing it to the commit. The set is as large as the number of requests in flight, which the edge bounds.

use crate::store::application::IdempotencyKey;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;

/// The keys that this node works on.
#[derive(Debug, Default, Clone)]
pub struct InProgress {
    keys: Arc<Mutex<HashSet<IdempotencyKey>>>,
}

/// Holds a key until dropped: also when the request is cancelled or panics.
#[derive(Debug)]
pub struct KeyGuard {
    keys: Arc<Mutex<HashSet<IdempotencyKey>>>,
    key: IdempotencyKey,
}

impl InProgress {
    /// Takes a key; `None` when another request has it.
    #[must_use]
    pub fn take(&self, key: &IdempotencyKey) -> Option<KeyGuard> {
        let fresh = self.keys.lock().insert(key.clone());
        fresh.then(|| KeyGuard {
            keys: Arc::clone(&self.keys),
            key: key.clone(),
        })
    }
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        self.keys.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_once_and_free_again_when_its_request_ends() {
        let set = InProgress::default();
        let key = |caller: &str| IdempotencyKey {
            caller: caller.into(),
            key: "k".into(),
        };
        let guard = set.take(&key("a"));
        assert!(guard.is_some());
        assert!(set.take(&key("a")).is_none());
        assert!(
            set.take(&key("b")).is_some(),
            "another caller's key is another key"
        );
        drop(guard);
        assert!(set.take(&key("a")).is_some());
    }
}
