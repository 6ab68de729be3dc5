//! Who gets how much of a look at the outbox: what a system's terms leave open, and an even share of what the worker takes on. Pure.

use super::delivery::SystemTerms;

/// Clocks of nodes differ by less.
const CLOCKS_APART_US: i64 = 60_000_000;

/// How fast calls to a partner may follow each other, over all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Microseconds from one call to the next.
    pub every_us: i64,
    /// Calls at once after a pause.
    pub burst: u32,
    /// Calls that a delivery takes.
    pub calls: u32,
}

impl Pace {
    /// Until when the pace is used up, as far as that can be true: what lies further ahead than a look can bring it, and than clocks of
    /// nodes differ, was written by a clock that has jumped back since.
    fn believed(self, used_until: i64, now: i64) -> i64 {
        let ahead = i64::from(self.burst.max(self.calls).max(1));
        let most = now.saturating_add(self.every_us.saturating_mul(ahead));
        if used_until > most.saturating_add(CLOCKS_APART_US) {
            now
        } else {
            used_until.max(now)
        }
    }

    /// Deliveries that may begin now, when the calls before have used up the pace until `used_until`. Of a burst that is smaller than the
    /// calls of one delivery, one may begin and the pace is used in advance.
    fn room(self, used_until: i64, now: i64) -> u32 {
        let from = self.believed(used_until, now);
        let ahead = self.every_us.saturating_mul(i64::from(self.burst.max(1)));
        let calls = now.saturating_add(ahead).saturating_sub(from) / self.every_us.max(1);
        let deliveries = u32::try_from(calls).unwrap_or(0) / self.calls.max(1);
        if deliveries == 0 && from <= now {
            1
        } else {
            deliveries
        }
    }

    /// Until when the pace is used up once `deliveries` have begun at `now`.
    #[must_use]
    pub fn used_until(self, before: i64, now: i64, deliveries: u32) -> i64 {
        let calls = i64::from(deliveries) * i64::from(self.calls.max(1));
        self.believed(before, now)
            .saturating_add(self.every_us.saturating_mul(calls))
    }

    /// When the next delivery may begin.
    #[must_use]
    pub fn next_at(self, used_until: i64, now: i64) -> i64 {
        let ahead = i64::from(self.burst.max(1)) - i64::from(self.calls.max(1));
        self.believed(used_until, now)
            .saturating_sub(self.every_us.saturating_mul(ahead.max(0)))
    }
}

/// What is open for a system: never more than its partner takes at once, than this node takes on, than its pace leaves.
#[must_use]
pub fn open_for(terms: &SystemTerms, under_way: u32, used_until: i64, now: i64) -> u32 {
    let open = terms.at_once.saturating_sub(under_way).min(terms.here);
    match terms.pace {
        Some(pace) if open > 0 => open.min(pace.room(used_until, now)),
        _ => open,
    }
}

/// Shares `limit` evenly among those who may have as much as `wishes` say: nobody gets less than another who asks for as much or more, but
/// for the last one, which goes to those who come first.
#[must_use]
pub fn share(limit: u32, wishes: &[u32]) -> Vec<u32> {
    let mut shares = vec![0; wishes.len()];
    let mut left = limit;
    loop {
        let all = wishes.iter().zip(&shares).enumerate();
        let wanting: Vec<(usize, u32)> = all
            .filter(|(_, (wish, share))| wish > share)
            .map(|(at, (wish, share))| (at, wish - share))
            .collect();
        let Ok(count) = u32::try_from(wanting.len()) else {
            return shares;
        };
        if left == 0 || count == 0 {
            return shares;
        }
        let each = (left / count).max(1);
        for (at, more) in wanting {
            let given = more.min(each).min(left);
            shares[at] += given;
            left -= given;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACE: Pace = Pace {
        every_us: 100,
        burst: 5,
        calls: 1,
    };

    fn terms(at_once: u32, here: u32, pace: Option<Pace>) -> SystemTerms {
        SystemTerms {
            at_once,
            here,
            pace,
            version: 0,
        }
    }

    #[test]
    fn the_partners_own_bound_counts_what_all_nodes_have_under_way() {
        assert_eq!(open_for(&terms(16, 10, None), 4, 0, 0), 10);
        assert_eq!(open_for(&terms(16, 10, None), 12, 0, 0), 4);
        assert_eq!(open_for(&terms(16, 10, None), 20, 0, 0), 0);
        assert_eq!(open_for(&terms(16, 0, None), 0, 0, 0), 0);
    }

    #[test]
    fn a_pace_allows_its_burst_and_then_one_at_a_time() {
        let open = |used_until, now| open_for(&terms(99, 99, Some(PACE)), 0, used_until, now);
        assert_eq!(open(0, 1_000), 5, "after a pause");
        let used = PACE.used_until(0, 1_000, 5);
        assert_eq!(open(used, 1_000), 0);
        assert_eq!(PACE.next_at(used, 1_000), 1_100);
        assert_eq!(open(used, 1_099), 0);
        assert_eq!(open(used, 1_100), 1);
        assert_eq!(open(used, 1_350), 3);
    }

    #[test]
    fn a_delivery_of_more_calls_than_the_burst_goes_alone_and_is_paid_for() {
        let pace = Pace {
            burst: 1,
            calls: 3,
            ..PACE
        };
        let open = |used_until, now| open_for(&terms(9, 9, Some(pace)), 0, used_until, now);
        assert_eq!(open(0, 50), 1);
        let used = pace.used_until(0, 50, 1);
        assert_eq!((open(used, 51), open(used, 349)), (0, 0));
        assert_eq!((pace.next_at(used, 51), open(used, 350)), (350, 1));
    }

    #[test]
    fn a_clock_that_jumps_back_holds_nobody_up() {
        let years_ahead = PACE.used_until(0, 1_000_000_000, 5);
        let open = |used, now| open_for(&terms(99, 99, Some(PACE)), 0, used, now);
        assert_eq!(open(years_ahead, 1_000), 5);
        let used = PACE.used_until(years_ahead, 1_000, 5);
        assert_eq!((used, open(used, 1_000)), (1_500, 0));
        let of_a_clock_that_is_ahead = PACE.used_until(0, 31_000_000, 5);
        assert_eq!(open(of_a_clock_that_is_ahead, 30_000_000), 0);
    }

    proptest! {
        #[test]
        fn a_pace_is_never_outrun(looks in prop::collection::vec((0_i64..500, 1_u32..9), 1..40), burst in 1_u32..9, calls in 1_u32..4) {
            let pace = Pace { every_us: 100, burst, calls };
            let (mut now, mut used, mut made) = (10_000, 0, 0_i64);
            for (later, wish) in looks {
                now += later;
                let begun = open_for(&terms(99, wish, Some(pace)), 0, used, now);
                used = pace.used_until(used, now, begun);
                made += i64::from(begun * calls);
                let allowed = (now - 10_000) / 100 + i64::from(burst.max(calls));
                prop_assert!(made <= allowed, "{made} calls where {allowed} were allowed");
            }
        }

        #[test]
        fn shares_are_even_and_nothing_is_kept_back(limit in 0_u32..500, wishes in prop::collection::vec(0_u32..100, 0..20)) {
            let shares = share(limit, &wishes);
            let sum: u32 = shares.iter().sum();
            prop_assert_eq!(sum, limit.min(wishes.iter().sum()));
            for (a, x) in wishes.iter().zip(&shares) {
                prop_assert!(x <= a);
                for (b, y) in wishes.iter().zip(&shares) {
                    prop_assert!(b < a || y + 1 >= *x, "{x} of {a} beside {y} of {b}");
                }
            }
        }
    }
}
