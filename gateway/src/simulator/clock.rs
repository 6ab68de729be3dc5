//! The simulator's own clock: a partner is another machine, so it never sees the gateway's [`crate::clock::Clock`].
//!
//! Only the dates that the partner writes come from here; pauses between steps are real time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::sync::atomic::{AtomicI64, Ordering};

/// Legal time is Asia/Shanghai, which has had no summer time since 1991: a fixed offset is exact and needs no zone files.
const LEGAL_OFFSET: Offset = Offset::constant(8);

/// A wall clock with an offset that `POST /_control/clock` moves.
#[derive(Debug, Default)]
pub(super) struct PartnerClock {
    offset_seconds: AtomicI64,
}

impl PartnerClock {
    /// Now, in whole seconds: no partner writes more.
    pub(super) fn now(&self) -> Timestamp {
        let seconds = wall_clock()
            .as_second()
            .saturating_add(self.offset_seconds.load(Ordering::Relaxed));
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }

    /// Sets (not adds) the distance from real time.
    pub(super) fn set_offset(&self, seconds: i64) {
        self.offset_seconds.store(seconds, Ordering::Relaxed);
    }
}

// The one place of the simulators that reads wall time.
#[expect(
    clippy::disallowed_methods,
    reason = "a simulated partner is a machine of its own"
)]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}

fn legal(at: Timestamp) -> DateTime {
    LEGAL_OFFSET.to_datetime(at)
}

/// `2017-6-5 9:30:00`, as the systems of generations 1 and 3 write it.
pub(super) fn unpadded(at: Timestamp) -> String {
    unpadded_civil(legal(at))
}

fn unpadded_civil(at: DateTime) -> String {
    format!(
        "{}-{}-{} {}:{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// The partner's way of writing a date that it was given; what it cannot read it repeats.
pub(super) fn rewritten(text: &str) -> String {
    DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim())
        .map_or_else(|_| text.to_owned(), unpadded_civil)
}

/// `20170605093000`, or with `T` in the middle: both occur (GB/T 39046 uses both).
pub(super) fn compact(at: Timestamp, with_t: bool) -> String {
    let at = legal(at);
    let middle = if with_t { "T" } else { "" };
    format!(
        "{:04}{:02}{:02}{middle}{:02}{:02}{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}
