//! The breaker of each partner: one that has not answered several times in a row is left alone for a while and then tried with a single
//! delivery, so that a million that wait for it cost nobody anything. Of one node; time comes as an argument.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Failures in a row after which a partner is left alone.
const FAILURES_MAX: u32 = 8;
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What may be sent to a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// As much as its terms say.
    All,
    /// One delivery, to see whether it is back.
    Trial,
    /// Nothing for now.
    Nothing,
}

impl Allowed {
    /// The value of the metric: 0 closed, 1 on trial, 2 open.
    #[must_use]
    pub fn level(self) -> i64 {
        match self {
            Self::All => 0,
            Self::Trial => 1,
            Self::Nothing => 2,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Failing {
    failures: u32,
    /// Pauses in a row.
    pauses: u32,
    until: Option<Instant>,
}

/// The breakers of all partners that are failing.
#[derive(Debug, Default, Clone)]
pub struct Breakers {
    failing: HashMap<String, Failing>,
}

impl Breakers {
    /// What may be sent to a partner.
    #[must_use]
    pub fn allowed(&self, system: &str, now: Instant) -> Allowed {
        match self.failing.get(system).and_then(|failing| failing.until) {
            None => Allowed::All,
            Some(until) if until <= now => Allowed::Trial,
            Some(_) => Allowed::Nothing,
        }
    }

    /// Takes notice of whether a partner answered. It is never left alone for longer than `longest`, the longest pause of its own policy.
    pub fn heard(&mut self, system: &str, answered: bool, now: Instant, longest: Duration) {
        if answered {
            self.failing.remove(system);
            return;
        }
        let allowed = self.allowed(system, now);
        let failing = self.failing.entry(system.to_owned()).or_insert(Failing {
            failures: 0,
            pauses: 0,
            until: None,
        });
        failing.failures = failing.failures.saturating_add(1);
        // What was on its way when it was opened says nothing new.
        if failing.failures >= FAILURES_MAX && allowed != Allowed::Nothing {
            let pause = PAUSE_MIN.saturating_mul(1 << failing.pauses.min(8));
            failing.pauses = failing.pauses.saturating_add(1);
            failing.until = Some(now + pause.min(PAUSE_MAX).min(longest));
        }
    }

    /// When the next trial of any partner may be made.
    #[must_use]
    pub fn next_trial(&self, now: Instant) -> Option<Duration> {
        let pauses = self.failing.values().filter_map(|failing| failing.until);
        pauses
            .filter_map(|until| until.checked_duration_since(now))
            .filter(|left| !left.is_zero())
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1800);

    fn begun() -> Instant {
        crate::clock::Clock::system().instant()
    }

    fn failing(times: u32, at: Instant) -> Breakers {
        let mut breakers = Breakers::default();
        for _ in 0..times {
            breakers.heard("dead", false, at, LONG);
        }
        breakers
    }

    #[test]
    fn a_partner_that_never_answers_is_left_alone_and_then_tried_once() {
        let begun = begun();
        let after = |ms| begun + Duration::from_millis(ms);
        assert_eq!(failing(7, begun).allowed("dead", begun), Allowed::All);
        let mut breakers = failing(8, begun);
        assert_eq!(breakers.allowed("dead", after(999)), Allowed::Nothing);
        assert_eq!(breakers.allowed("other", begun), Allowed::All);
        assert_eq!(breakers.next_trial(begun), Some(Duration::from_secs(1)));
        assert_eq!(breakers.allowed("dead", after(1000)), Allowed::Trial);
        breakers.heard("dead", false, after(1000), LONG);
        assert_eq!(
            breakers.allowed("dead", after(2999)),
            Allowed::Nothing,
            "twice as long"
        );
        assert_eq!(breakers.allowed("dead", after(3000)), Allowed::Trial);
        breakers.heard("dead", true, after(3000), LONG);
        assert_eq!(breakers.allowed("dead", after(3000)), Allowed::All);
        assert_eq!(breakers.next_trial(after(3000)), None);
    }

    #[test]
    fn failures_that_were_on_their_way_when_it_opened_do_not_make_the_pause_longer() {
        let begun = begun();
        let breakers = failing(200, begun);
        assert_eq!(breakers.next_trial(begun), Some(Duration::from_secs(1)));
    }

    #[test]
    fn no_pause_is_longer_than_half_a_minute_or_the_partners_own_longest() {
        let mut now = begun();
        let mut breakers = failing(8, now);
        for _ in 0..20 {
            now += breakers.next_trial(now).unwrap();
            breakers.heard("dead", false, now, LONG);
        }
        assert_eq!(breakers.next_trial(now), Some(PAUSE_MAX));
        now += PAUSE_MAX;
        breakers.heard("dead", false, now, Duration::from_secs(2));
        assert_eq!(breakers.next_trial(now), Some(Duration::from_secs(2)));
    }
}
