//! Nonces that signed calls used (随机数): each may be used once while its signature could still be valid.
//!
//! Here is what this node has seen, in memory: a restart forgets it. With Redis all nodes know it, and so does one that starts anew
//! ([`crate::shared_state`]). What a replay could do without is what sending twice does – feedback and documents are idempotent by
//! their keys, and a pull changes nothing.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

/// A nonce is remembered at least this long: longer than twice any scheme's own window (TIF: 180 s to either side).
const REMEMBERED_AT_LEAST: Duration = Duration::from_secs(600);

/// How long a nonce may be replayed: a signature of the far future stays valid for twice the skew.
#[must_use]
pub fn remembered(skew: Duration) -> Duration {
    skew.saturating_mul(2).max(REMEMBERED_AT_LEAST)
}

/// Whether a nonce may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceUse {
    /// First use; it is remembered now.
    Fresh,
    /// Used before.
    Reused,
    /// This system has used as many as can be remembered: forgetting one would let it be replayed.
    Full,
}

#[derive(Default)]
struct OfSystem {
    seen: HashSet<[u8; 32]>,
    until: VecDeque<(Timestamp, [u8; 32])>,
}

impl OfSystem {
    fn forget(&mut self, now: Timestamp) {
        while let Some((until, nonce)) = self.until.front() {
            if *until >= now {
                return;
            }
            self.seen.remove(nonce);
            self.until.pop_front();
        }
    }
}

/// The nonces of all systems, at most so many of each, so that one system cannot crowd out another.
pub struct Nonces {
    of_each_max: usize,
    systems: Mutex<HashMap<String, OfSystem>>,
}

impl Nonces {
    /// With a bound for each system.
    #[must_use]
    pub fn new(of_each_max: usize) -> Self {
        Self {
            of_each_max,
            systems: Mutex::default(),
        }
    }

    /// Uses a nonce of a registered system at `now`. `skew` is how far its clock may be off: it decides how long the nonce is
    /// [`remembered`].
    pub fn use_once(
        &self,
        system_id: &str,
        nonce: &str,
        now: Timestamp,
        skew: Duration,
    ) -> NonceUse {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, nonce.as_bytes()).as_ref());
        let until = now
            .saturating_add(remembered(skew))
            .unwrap_or(Timestamp::MAX);
        let mut systems = self.systems.lock();
        let system = systems.entry(system_id.to_owned()).or_default();
        system.forget(now);
        if system.seen.contains(&key) {
            return NonceUse::Reused;
        }
        if system.seen.len() >= self.of_each_max {
            return NonceUse::Full;
        }
        system.seen.insert(key);
        system.until.push_back((until, key));
        NonceUse::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKEW: Duration = Duration::from_secs(400);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_500_000_000 + second).unwrap()
    }

    #[test]
    fn a_nonce_is_good_once_for_each_system_until_no_signature_with_it_can_be_valid() {
        let nonces = Nonces::new(10);
        assert_eq!(nonces.use_once("a", "n", at(0), SKEW), NonceUse::Fresh);
        assert_eq!(nonces.use_once("a", "n", at(800), SKEW), NonceUse::Reused);
        assert_eq!(nonces.use_once("b", "n", at(0), SKEW), NonceUse::Fresh);
        assert_eq!(nonces.use_once("a", "n", at(801), SKEW), NonceUse::Fresh);
    }

    #[test]
    fn a_partner_without_skew_still_has_its_nonces_remembered_for_a_schemes_window() {
        let nonces = Nonces::new(10);
        assert_eq!(
            nonces.use_once("a", "n", at(0), Duration::ZERO),
            NonceUse::Fresh
        );
        assert_eq!(
            nonces.use_once("a", "n", at(360), Duration::ZERO),
            NonceUse::Reused
        );
    }

    #[test]
    fn at_the_bound_a_new_nonce_is_refused_and_no_old_one_forgotten() {
        let nonces = Nonces::new(2);
        for nonce in ["one", "two"] {
            assert_eq!(nonces.use_once("a", nonce, at(0), SKEW), NonceUse::Fresh);
        }
        assert_eq!(nonces.use_once("a", "three", at(1), SKEW), NonceUse::Full);
        assert_eq!(nonces.use_once("b", "three", at(1), SKEW), NonceUse::Fresh);
        assert_eq!(nonces.use_once("a", "one", at(1), SKEW), NonceUse::Reused);
        assert_eq!(
            nonces.use_once("a", "three", at(900), SKEW),
            NonceUse::Fresh
        );
    }
}
