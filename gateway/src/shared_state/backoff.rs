//! How long to wait before the next try to reach Redis.

use std::time::Duration;

/// Before the first try after a loss.
const FIRST: Duration = Duration::from_millis(50);
/// At most: a Redis that is back is used again within this time.
const MOST: Duration = Duration::from_secs(2);
/// A connection that stood for so long was a good one; what breaks sooner counts as another failure, so that a server which takes
/// connections and then fails commands costs requests no more than one wait in [`MOST`].
const GOOD_AFTER: Duration = Duration::from_secs(10);

/// Failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after a try that failed (`stood` is zero) or a connection that stood for a while. `chance` from 0 to 1 spreads the
    /// nodes: they all lost the same server at the same moment.
    pub(super) fn next(&mut self, stood: Duration, chance: f64) -> Duration {
        if stood >= GOOD_AFTER {
            self.failures = 0;
        }
        let whole = FIRST
            .saturating_mul(2_u32.saturating_pow(self.failures.min(16)))
            .min(MOST);
        self.failures = self.failures.saturating_add(1);
        whole.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_most_and_begin_anew_after_a_good_connection() {
        let mut backoff = Backoff::default();
        let mut waits = Vec::new();
        for _ in 0..40 {
            waits.push(backoff.next(Duration::ZERO, 1.0));
        }
        assert_eq!(waits[..3], [50, 100, 200].map(Duration::from_millis));
        assert!(waits.is_sorted() && waits[39] == MOST, "{waits:?}");
        assert_eq!(backoff.next(Duration::from_secs(9), 1.0), MOST);
        assert_eq!(backoff.next(GOOD_AFTER, 1.0), FIRST);
        let halved = Backoff::default().next(Duration::ZERO, 0.0);
        assert_eq!(halved, FIRST / 2);
    }
}
