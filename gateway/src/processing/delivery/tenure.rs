//! How long a worker may act on its lease, by its own monotonic clock: neither a clock that jumps nor a process that stood still makes
//! it longer.

use std::time::{Duration, Instant};

/// A lease in the hands of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenure {
    until: Instant,
    lasting: Duration,
}

impl Tenure {
    /// From the moment before the lease was asked for, so that it never ends later than the store says.
    #[must_use]
    pub fn new(begun: Instant, lasting: Duration) -> Self {
        Self {
            until: begun + lasting,
            lasting,
        }
    }

    /// Whether a request that takes `total` at most may still leave at `now`: its answer comes while nobody else can hold the lease. Of a
    /// lease that is shorter than twice that, half must be left, so that a definition with long time-outs is not kept from sending.
    #[must_use]
    pub fn has_room(&self, now: Instant, total: Duration) -> bool {
        now + total.min(self.lasting / 2) <= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_leaves_only_while_its_answer_comes_under_the_same_lease() {
        let begun = crate::clock::Clock::system().instant();
        let after = |s| begun + Duration::from_secs(s);
        let tenure = Tenure::new(begun, Duration::from_secs(900));
        let total = Duration::from_secs(300);
        assert!(tenure.has_room(begun, total));
        assert!(tenure.has_room(after(600), total), "at the bound");
        assert!(!tenure.has_room(after(601), total), "one beyond");
        assert!(!tenure.has_room(after(2_000), total), "long over");
    }

    #[test]
    fn a_lease_shorter_than_a_time_out_still_lets_a_request_leave() {
        let begun = crate::clock::Clock::system().instant();
        let tenure = Tenure::new(begun, Duration::from_secs(10));
        let total = Duration::from_secs(300);
        assert!(tenure.has_room(begun + Duration::from_secs(5), total));
        assert!(!tenure.has_room(begun + Duration::from_secs(6), total));
    }
}
