//! Health: `/healthz` says that the process lives, `/readyz` that it should get requests.
//!
//! Readiness is a set of named tasks; dropping a task's guard marks it done, so a start-up step cannot forget to.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who is waited for; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    pending: Mutex<BTreeMap<&'static str, usize>>,
    draining: AtomicBool,
    stopped: Mutex<Option<&'static str>>,
    redis: Mutex<Option<&'static str>>,
    bucket: Mutex<Option<&'static str>>,
}

/// What `/readyz` answers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReadinessReport {
    /// Whether requests are welcome.
    pub ready: bool,
    /// Whether the gateway is stopping.
    pub draining: bool,
    /// Tasks that are not done, by name.
    pub pending: Vec<&'static str>,
    /// Why no applications and uploads are taken: `no_room`, `read_only`, `failing`; absent while they are. It does not make the
    /// gateway unready: reads and pass-through go on, and another node of the same store would not do better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intake_stopped: Option<&'static str>,
    /// Redis: `connected`, `away`; absent without one. Away, the gateway is as ready as before and shares less with other nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<&'static str>,
    /// The bucket of files: `connected`, `away`; absent without one. Away, uploads and downloads get 503 and everything else goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<&'static str>,
}

impl Readiness {
    /// Nothing pending, not draining.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a task; the gateway is not ready until the guard is dropped. Two guards of one name both count.
    #[must_use = "dropping the guard marks the task done"]
    pub fn task(&self, name: &'static str) -> TaskGuard {
        *self.inner.pending.lock().entry(name).or_default() += 1;
        TaskGuard {
            name,
            readiness: self.clone(),
        }
    }

    /// The gateway begins to stop: not ready from now on, for good.
    pub fn drain(&self) {
        self.inner.draining.store(true, Ordering::Release);
    }

    /// Intake takes nothing, for this reason; `None`: it does.
    pub fn stop_intake(&self, why: Option<&'static str>) {
        *self.inner.stopped.lock() = why;
    }

    /// Whether Redis is used; told from the first time on.
    pub fn redis(&self, connected: bool) {
        let word = if connected { "connected" } else { "away" };
        *self.inner.redis.lock() = Some(word);
    }

    /// Whether the bucket of files answers; told from the first time on.
    pub fn bucket(&self, answers: bool) {
        let word = if answers { "connected" } else { "away" };
        *self.inner.bucket.lock() = Some(word);
    }

    /// The state now.
    #[must_use]
    pub fn report(&self) -> ReadinessReport {
        let pending: Vec<_> = self.inner.pending.lock().keys().copied().collect();
        let draining = self.inner.draining.load(Ordering::Acquire);
        ReadinessReport {
            ready: pending.is_empty() && !draining,
            draining,
            pending,
            intake_stopped: *self.inner.stopped.lock(),
            redis: *self.inner.redis.lock(),
            bucket: *self.inner.bucket.lock(),
        }
    }
}

/// A task that is not done.
#[derive(Debug)]
pub struct TaskGuard {
    name: &'static str,
    readiness: Readiness,
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        let mut pending = self.readiness.inner.pending.lock();
        if let Some(count) = pending.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                pending.remove(self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_of_intake_is_told_and_does_not_make_the_gateway_unready() {
        let readiness = Readiness::new();
        readiness.stop_intake(Some("no_room"));
        let report = readiness.report();
        assert!(report.ready && report.intake_stopped == Some("no_room"));
        readiness.stop_intake(None);
        let told = serde_json::to_string(&readiness.report()).unwrap();
        assert!(!told.contains("intake_stopped"), "{told}");
    }

    #[test]
    fn redis_is_told_once_there_is_one_and_does_not_make_the_gateway_unready() {
        let readiness = Readiness::new();
        assert_eq!(readiness.report().redis, None);
        for (connected, word) in [(false, "away"), (true, "connected")] {
            readiness.redis(connected);
            let report = readiness.report();
            assert!(report.ready && report.redis == Some(word), "{report:?}");
        }
    }

    #[test]
    fn the_bucket_is_told_once_there_is_one_and_does_not_make_the_gateway_unready() {
        let readiness = Readiness::new();
        assert_eq!(readiness.report().bucket, None);
        for (answers, word) in [(false, "away"), (true, "connected")] {
            readiness.bucket(answers);
            let report = readiness.report();
            assert!(report.ready && report.bucket == Some(word), "{report:?}");
        }
    }

    #[test]
    fn ready_only_when_every_task_is_done_and_never_while_draining() {
        let readiness = Readiness::new();
        let store = readiness.task("store");
        let catalogue = readiness.task("catalogue");
        let again = readiness.task("store");
        assert_eq!(readiness.report().pending, ["catalogue", "store"]);
        drop(store);
        drop(catalogue);
        assert_eq!(readiness.report().pending, ["store"]);
        drop(again);
        assert!(readiness.report().ready);
        readiness.drain();
        let report = readiness.report();
        assert!(!report.ready && report.draining && report.pending.is_empty());
    }
}
