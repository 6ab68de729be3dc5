//! How long a worker may act on its lease, by its own monotonic clock: neither a clock that jumps nor a process that stood still makes
//! it longer.

use crate::store::nodes::Seen;
use std::time::{Duration, Instant};

/// A lease in the hands of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenure {
    until: Instant,
    lasting: Duration,
    /// The number of this node when it leased; `None` on a store of one node.
    instance: Option<i64>,
}

/// Whether a request may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Its answer comes while nobody else can hold the lease.
    Now,
    /// The node's next sign of life has to be waited for: without one the others take its work before the answer comes.
    AfterASign,
    /// Never again: the lease is over, or the node was gone for the others, who have its work.
    Never,
}

impl Tenure {
    /// From the moment before the lease was asked for, so that it never ends later than the store says. `seen`: the node then.
    #[must_use]
    pub fn new(begun: Instant, lasting: Duration, seen: Option<Seen>) -> Self {
        Self {
            until: begun + lasting,
            lasting,
            instance: seen.map(|seen| seen.instance),
        }
    }

    /// Whether a request that takes `total` at most may still leave at `now`, with the node as the others see it then. Of a lease that is
    /// shorter than twice that, the delivery's or the node's, half must be left, so that a definition with long time-outs is not kept
    /// from sending.
    #[must_use]
    pub fn may_leave(&self, now: Instant, total: Duration, seen: Option<Seen>) -> Leave {
        if now + total.min(self.lasting / 2) > self.until
            || seen.map(|seen| seen.instance) != self.instance
        {
            return Leave::Never;
        }
        match seen {
            // Whatever comes now, the others had all the time to take what it has.
            Some(seen) if now > seen.until + seen.lasting => Leave::Never,
            Some(seen) if now + total.min(seen.lasting / 2) > seen.until => Leave::AfterASign,
            _ => Leave::Now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_leaves_only_while_its_answer_comes_under_the_same_lease() {
        let begun = crate::clock::Clock::system().instant();
        let after = |s| begun + Duration::from_secs(s);
        let tenure = Tenure::new(begun, Duration::from_secs(900), None);
        let total = Duration::from_secs(300);
        assert_eq!(tenure.may_leave(begun, total, None), Leave::Now);
        assert_eq!(
            tenure.may_leave(after(600), total, None),
            Leave::Now,
            "at the bound"
        );
        assert_eq!(
            tenure.may_leave(after(601), total, None),
            Leave::Never,
            "one beyond"
        );
        assert_eq!(
            tenure.may_leave(after(2_000), total, None),
            Leave::Never,
            "long over"
        );
    }

    #[test]
    fn a_lease_shorter_than_a_time_out_still_lets_a_request_leave() {
        let begun = crate::clock::Clock::system().instant();
        let tenure = Tenure::new(begun, Duration::from_secs(10), None);
        let total = Duration::from_secs(300);
        let after = |s| tenure.may_leave(begun + Duration::from_secs(s), total, None);
        assert_eq!(after(5), Leave::Now);
        assert_eq!(after(6), Leave::Never);
    }

    #[test]
    fn a_node_that_the_others_have_not_heard_of_waits_and_one_that_came_back_as_a_new_one_never_sends()
     {
        let begun = crate::clock::Clock::system().instant();
        let after = |s| begun + Duration::from_secs(s);
        let seen = |instance, until| {
            Some(Seen {
                instance,
                until: after(until),
                lasting: Duration::from_secs(10),
            })
        };
        let tenure = Tenure::new(begun, Duration::from_secs(900), seen(1, 10));
        let total = Duration::from_secs(3);
        let leave = |now, seen| tenure.may_leave(after(now), total, seen);
        assert_eq!(
            leave(7, seen(1, 10)),
            Leave::Now,
            "the answer comes in time"
        );
        assert_eq!(leave(8, seen(1, 10)), Leave::AfterASign);
        assert_eq!(leave(20, seen(1, 10)), Leave::AfterASign, "still the same");
        assert_eq!(leave(21, seen(1, 10)), Leave::Never, "waited long enough");
        assert_eq!(leave(60, seen(1, 70)), Leave::Now, "a sign in between");
        assert_eq!(leave(8, seen(2, 18)), Leave::Never, "a new one");
        assert_eq!(leave(899, seen(1, 910)), Leave::Never, "the lease itself");
        let long = Duration::from_secs(300);
        assert_eq!(
            tenure.may_leave(after(5), long, seen(1, 10)),
            Leave::Now,
            "half of a node's lease is enough for the longest time-out"
        );
    }
}
