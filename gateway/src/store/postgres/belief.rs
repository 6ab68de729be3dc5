//! What a node believes of itself: under which number the others know it, until when they count on it, which work it holds.
//!
//! All of it under one lock: a claim that was given to a node that has since come back as a new one is never taken for the new one's.
//! Nothing here waits or asks anybody; the lock is [`sync`]'s, so that a model checker can put in its own
//! (`gateway/tests/model_belief.rs`).
//!
//! [`sync`]: super::sync

use super::sync::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long a claim that another node has is believed without asking again.
const REFUSAL_BELIEVED: Duration = Duration::from_secs(1);

/// What is known of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// This node holds it.
    Held,
    /// Another node holds it, or nobody counts on this one.
    Refused,
    /// The database is to be asked, in the name of this number.
    Ask(i64),
}

/// The belief of one node.
pub(super) struct Belief(Mutex<Inner>);

struct Inner {
    instance: i64,
    /// Until when the others believe that this node is there, by this node's own steady clock.
    valid_until: Instant,
    /// Claims held, and refusals with the moment they were given.
    claims: HashMap<&'static str, Option<Instant>>,
}

impl Belief {
    /// Of a node that nobody knows yet.
    pub(super) fn unknown(now: Instant) -> Self {
        Self(Mutex::new(Inner {
            instance: 0,
            valid_until: now,
            claims: HashMap::new(),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node is known under this number, as a new one that holds nothing.
    pub(super) fn registered(&self, instance: i64, valid_until: Instant) {
        *self.inner() = Inner {
            instance,
            valid_until,
            claims: HashMap::new(),
        };
    }

    /// The others count on `instance` for longer; nothing when it is a new one by now.
    pub(super) fn renewed(&self, instance: i64, valid_until: Instant) {
        let mut inner = self.inner();
        if inner.instance == instance {
            inner.valid_until = valid_until;
        }
    }

    /// The number under which the others know it, and until when they count on it.
    pub(super) fn seen(&self) -> (i64, Instant) {
        let inner = self.inner();
        (inner.instance, inner.valid_until)
    }

    /// What is known of a claim without asking.
    pub(super) fn known(&self, work: &'static str, now: Instant) -> Known {
        let inner = self.inner();
        if now >= inner.valid_until {
            return Known::Refused;
        }
        match inner.claims.get(work) {
            Some(None) => Known::Held,
            Some(Some(refused)) if now.duration_since(*refused) < REFUSAL_BELIEVED => {
                Known::Refused
            }
            _ => Known::Ask(inner.instance),
        }
    }

    /// Forgets a claim that this node holds; the number under which it holds it, `None` when it does not.
    pub(super) fn left(&self, work: &'static str) -> Option<i64> {
        let mut inner = self.inner();
        let held = matches!(inner.claims.remove(work), Some(None));
        held.then_some(inner.instance)
    }

    /// The database's answer to a question in the name of `asked_as`; whether this node holds the claim.
    pub(super) fn answered(
        &self,
        work: &'static str,
        asked_as: i64,
        held: bool,
        now: Instant,
    ) -> bool {
        let mut inner = self.inner();
        // A node that came back as a new one meanwhile holds nothing that the old one was given.
        if inner.instance != asked_as {
            return false;
        }
        inner.claims.insert(work, (!held).then_some(now));
        held
    }
}
