//! Where the store stands (存储状态): whether intake may write now, and if not, why.
//!
//! What the disk says and whether a trial write is synced decide together ([`decide`], pure); whoever watches measures both and
//! tells the outcome here, and every room asks here before it takes something large. Reads never ask.

use super::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use tokio::sync::Notify;

/// Why intake is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Less room on the disk than is kept back for deliveries and feedback, or none at all.
    NoRoom,
    /// The data folder lies on a disk that takes no writes.
    ReadOnly,
    /// Writes fail although there is room.
    Failing,
}

impl Stop {
    /// The word in `/readyz` and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::ReadOnly => "read_only",
            Self::Failing => "failing",
        }
    }

    fn code(stop: Option<Self>) -> u8 {
        match stop {
            None => 0,
            Some(Self::NoRoom) => 1,
            Some(Self::ReadOnly) => 2,
            Some(Self::Failing) => 3,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::NoRoom),
            2 => Some(Self::ReadOnly),
            3 => Some(Self::Failing),
            _ => None,
        }
    }
}

/// What a look at the data folder's disk tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Mounted read-only.
    pub read_only: bool,
}

/// With less than this no write can be trusted to end, whatever is kept back: small ones may still fit into what the database holds
/// already, and a file does not.
pub const NOTHING_LEFT_BYTES: u64 = 256 << 10;

/// Where the store stands: `before` the look, the disk (when it can be looked at), the bytes that are kept back, and how a trial
/// write went (`None`: none was tried, because none had failed). A stop for room ends a quarter above its bound, so that intake does
/// not open and close with every file that is swept.
#[must_use]
pub fn decide(
    before: Option<Stop>,
    disk: Option<Disk>,
    kept_back: u64,
    trial: Option<bool>,
) -> Option<Stop> {
    let kept_back = kept_back.max(NOTHING_LEFT_BYTES);
    let read_only = disk.is_some_and(|disk| disk.read_only);
    let bound = match before {
        Some(Stop::NoRoom) => kept_back.saturating_add(kept_back / 4),
        _ => kept_back,
    };
    if read_only {
        return Some(Stop::ReadOnly);
    }
    if disk.is_some_and(|disk| disk.free_bytes < bound) {
        return Some(Stop::NoRoom);
    }
    match trial {
        Some(false) => Some(Stop::Failing),
        Some(true) | None => None,
    }
}

/// The standing of one store; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    stop: AtomicU8,
    failed: AtomicU64,
    words: Mutex<String>,
    news: Notify,
}

impl Standing {
    /// Why intake is stopped; `None` while it is open.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        Stop::of_code(self.inner.stop.load(Ordering::Acquire))
    }

    /// What the watch found.
    pub fn set(&self, stop: Option<Stop>) {
        self.inner.stop.store(Stop::code(stop), Ordering::Release);
    }

    /// A write failed. It stops nothing by itself, since the fault may be the write's own; it makes the watch look now.
    pub fn failed(&self, error: &StoreError) {
        let of_the_disk = match error {
            StoreError::Unavailable(_) => true,
            StoreError::Bytes(error) => no_bytes_taken(error),
            _ => false,
        };
        if of_the_disk {
            self.inner.failed.fetch_add(1, Ordering::Relaxed);
            *self.inner.words.lock() = error.to_string();
            self.inner.news.notify_one();
        }
    }

    /// How many writes have failed since this was last asked, and what the last one said.
    #[must_use]
    pub fn failures(&self) -> (u64, String) {
        let count = self.inner.failed.swap(0, Ordering::Relaxed);
        (count, self.inner.words.lock().clone())
    }

    /// Returns when a write has failed.
    pub async fn news(&self) {
        self.inner.news.notified().await;
    }
}

/// Whether bytes of a file were not taken because of the disk; a file that is not there is no such case.
#[must_use]
pub fn no_bytes_taken(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::FileTooLarge
            | ErrorKind::PermissionDenied
    ) || error.raw_os_error() == Some(EIO)
}

/// `EIO` of Linux: the device failed; Rust has no kind for it.
const EIO: i32 = 5;

/// What a store tells of its standing.
#[async_trait]
pub trait StandingStore: Send + Sync {
    /// Its standing, set by whoever watches.
    fn standing(&self) -> &Standing;

    /// Writes something small, and waits until it is synced.
    async fn try_write(&self, now: Timestamp) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn disk(free_bytes: u64) -> Option<Disk> {
        Some(Disk {
            free_bytes,
            read_only: false,
        })
    }

    #[test]
    fn intake_stops_below_what_is_kept_back_and_opens_a_quarter_above_it() {
        let kept = 64 * MIB;
        for (before, free, expected) in [
            (None, kept, None),
            (None, kept - 1, Some(Stop::NoRoom)),
            (Some(Stop::NoRoom), kept, Some(Stop::NoRoom)),
            (Some(Stop::NoRoom), 80 * MIB - 1, Some(Stop::NoRoom)),
            (Some(Stop::NoRoom), 80 * MIB, None),
        ] {
            assert_eq!(decide(before, disk(free), kept, None), expected, "{free}");
        }
    }

    #[test]
    fn a_trial_that_fails_stops_intake_and_says_why() {
        let failed = Some(false);
        assert_eq!(decide(None, disk(10 * MIB), 0, failed), Some(Stop::Failing));
        for trial in [failed, Some(true), None] {
            assert_eq!(decide(None, disk(4096), 0, trial), Some(Stop::NoRoom));
        }
        assert_eq!(decide(None, None, 0, failed), Some(Stop::Failing));
        let read_only = Some(Disk {
            free_bytes: 10 * MIB,
            read_only: true,
        });
        assert_eq!(decide(None, read_only, 0, None), Some(Stop::ReadOnly));
        for stop in [Stop::Failing, Stop::ReadOnly, Stop::NoRoom] {
            let after = decide(Some(stop), disk(10 * MIB), 0, Some(true));
            assert_eq!(after, None, "{stop:?} ends with a write that is synced");
        }
    }

    #[test]
    fn a_fault_of_one_write_stops_nothing_and_is_counted() {
        let standing = Standing::default();
        standing.failed(&StoreError::Unavailable("UNIQUE constraint".into()));
        standing.failed(&StoreError::Busy { bound: 1 });
        let missing = std::io::Error::from(ErrorKind::NotFound);
        standing.failed(&StoreError::Bytes(missing));
        let full = std::io::Error::from(ErrorKind::StorageFull);
        standing.failed(&StoreError::Bytes(full));
        assert_eq!(standing.stop(), None);
        assert_eq!(standing.failures().0, 2);
        assert_eq!(standing.failures().0, 0, "asked once");
    }
}
