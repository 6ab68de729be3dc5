//! The one clock. `main` makes it and hands it down; reading the wall clock anywhere else is a lint error (`clippy.toml`).
//!
//! With the cargo feature `simulated-time` its offset can be moved (`POST /ops/v1/clock`), so that a test sees five working days
//! pass in a second. Durations on the wire (time-outs, back-off sleeps) stay real; what is compared with this clock moves.

use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A handle to the process's clock; clones share the offset.
#[derive(Debug, Clone)]
pub struct Clock {
    offset_us: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's wall clock, without offset.
    #[must_use]
    pub fn system() -> Self {
        Self {
            offset_us: Arc::new(AtomicI64::new(0)),
        }
    }

    /// Now, in UTC with microseconds (what the store keeps).
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let wall = wall_clock().as_microsecond();
        let moved = wall.saturating_add(self.offset_us.load(Ordering::Relaxed));
        Timestamp::from_microsecond(moved).unwrap_or(Timestamp::MAX)
    }

    /// A monotonic instant for measuring how long something took; never compared with [`Clock::now`].
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the monotonic clock"
    )]
    pub fn instant(&self) -> std::time::Instant {
        std::time::Instant::now()
    }

    /// Moves the clock forward by `microseconds`; returns the new offset. Time never runs backwards: a negative step is ignored.
    #[cfg(feature = "simulated-time")]
    pub fn advance(&self, microseconds: i64) -> i64 {
        let step = microseconds.max(0);
        self.offset_us
            .fetch_add(step, Ordering::Relaxed)
            .saturating_add(step)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}
