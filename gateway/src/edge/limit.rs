//! Limits by key (address, credential): governor's GCRA over a store of our own that is bounded.
//!
//! governor's own stores never evict (governor#171). Invariants here: a shard holds at most its share of keys; a key beyond that
//! shares one bucket with all others beyond it; [`KeyedLimiter::sweep`] forgets who has not been seen for as long as a full burst
//! takes to recover, which changes no decision; [`KeyedLimiter::change`] gives another rate to everybody and nobody a fresh
//! bucket: what a key has used of its old one it has used of its new one.

use super::settings::Rate;
use arc_swap::ArcSwap;
use governor::clock::{Clock as _, DefaultClock, QuantaInstant, Reference as _};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Locks are held for one map operation; sixteen keep two cores apart nearly always.
const SHARDS: usize = 16;

/// A client for the purpose of limits: an IPv4 address, or the /64 of an IPv6 address, since one host owns all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressKey(IpAddr);

impl AddressKey {
    /// The key of `address`.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            v4 @ IpAddr::V4(_) => Self(v4),
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from(network)))
            }
        }
    }
}

impl std::fmt::Display for AddressKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A refusal: try again after this many seconds (at least 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Seconds.
    pub seconds: u32,
}

/// A limiter with one bucket a key and a bound on keys; clones share the buckets.
#[derive(Clone)]
pub struct KeyedLimiter<K: Hash + Eq + Clone> {
    inner: Arc<ArcSwap<Inner<K>>>,
}

struct Inner<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, BoundedStore<K>, DefaultClock>,
    store: BoundedStore<K>,
    clock: DefaultClock,
    start: QuantaInstant,
    rate: Rate,
    keys_max: usize,
}

impl<K: Hash + Eq + Clone> Inner<K> {
    fn new(rate: Rate, keys_max: usize, store: BoundedStore<K>) -> Self {
        let clock = DefaultClock::default();
        let limiter = RateLimiter::new(quota(rate), store.clone(), clock.clone());
        let start = clock.now();
        Self {
            limiter,
            store,
            clock,
            start,
            rate,
            keys_max,
        }
    }

    fn elapsed(&self) -> Nanos {
        self.clock.now().duration_since(self.start)
    }
}

impl<K: Hash + Eq + Clone> KeyedLimiter<K> {
    /// At most `keys_max` keys have a bucket of their own (rounded up to a multiple of the shards).
    #[must_use]
    pub fn new(rate: Rate, keys_max: usize) -> Self {
        let inner = Inner::new(rate, keys_max, BoundedStore::new(keys_max));
        Self {
            inner: Arc::new(ArcSwap::from_pointee(inner)),
        }
    }

    /// Another rate and bound from now on. What every key has used stays used, up to the whole of its new bucket; requests that pass
    /// in the same moment may go uncounted, a few at most.
    pub fn change(&self, rate: Rate, keys_max: usize) {
        let old = self.inner.load_full();
        if (old.rate, old.keys_max) == (rate, keys_max) {
            return;
        }
        let (from, to) = (interval(old.rate), interval(rate));
        let (elapsed, burst) = (old.elapsed(), u64::from(rate.burst.max(1)));
        let store = old.store.carried(keys_max, |arrival| {
            let backlog = arrival.saturating_sub(elapsed).as_u64();
            let used = backlog.div_ceil(from).min(burst);
            (used > 0).then(|| Nanos::from(used.saturating_mul(to)))
        });
        self.inner
            .store(Arc::new(Inner::new(rate, keys_max, store)));
    }

    /// Takes one request from the key's bucket.
    ///
    /// # Errors
    /// [`Wait`] when the bucket is empty.
    pub fn check(&self, key: &K) -> Result<(), Wait> {
        let inner = self.inner.load();
        inner.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(inner.clock.now());
            let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
            Wait {
                seconds: seconds.max(1),
            }
        })
    }

    /// Forgets the keys whose bucket is full again. Call it every [`SWEEP_EVERY`], off the edge cores.
    pub fn sweep(&self) {
        let inner = self.inner.load();
        inner.store.forget_until(inner.elapsed());
    }

    /// Keys with a bucket of their own.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.inner.load().store.len()
    }
}

/// How often limiters are swept.
pub const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(10);

/// governor's form of a rate.
pub(crate) fn quota(rate: Rate) -> Quota {
    let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(rate.per_second)).allow_burst(at_least_one(rate.burst))
}

/// Nanoseconds in which one request is let through at a rate.
fn interval(rate: Rate) -> u64 {
    1_000_000_000 / u64::from(rate.per_second.max(1)).min(1_000_000_000)
}

/// Theoretical arrival times by key, in shards, with one for all keys beyond the bound.
struct BoundedStore<K> {
    shared: Arc<Shards<K>>,
}

struct Shards<K> {
    shards: [Mutex<Shard<K>>; SHARDS],
    hasher: RandomState,
    keys_max_per_shard: usize,
}

struct Shard<K> {
    arrivals: HashMap<K, Nanos>,
    beyond: Option<Nanos>,
}

impl<K> Clone for BoundedStore<K> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<K: Hash + Eq + Clone> BoundedStore<K> {
    fn new(keys_max: usize) -> Self {
        let shard = || {
            Mutex::new(Shard {
                arrivals: HashMap::new(),
                beyond: None,
            })
        };
        Self {
            shared: Arc::new(Shards {
                shards: std::array::from_fn(|_| shard()),
                hasher: RandomState::new(),
                keys_max_per_shard: keys_max.div_ceil(SHARDS).max(1),
            }),
        }
    }

    /// Another store with what `carry` says of each arrival; keys stay in their shards.
    fn carried(&self, keys_max: usize, carry: impl Fn(Nanos) -> Option<Nanos>) -> Self {
        let old = &self.shared;
        let most = keys_max.div_ceil(SHARDS).max(1);
        let shard = |index: usize| {
            let shard = old.shards[index].lock();
            let arrivals = shard.arrivals.iter();
            let arrivals = arrivals.filter_map(|(key, at)| Some((key.clone(), carry(*at)?)));
            Mutex::new(Shard {
                arrivals: arrivals.take(most).collect(),
                beyond: shard.beyond.and_then(&carry),
            })
        };
        Self {
            shared: Arc::new(Shards {
                shards: std::array::from_fn(shard),
                hasher: old.hasher.clone(),
                keys_max_per_shard: most,
            }),
        }
    }

    fn forget_until(&self, elapsed: Nanos) {
        for shard in &self.shared.shards {
            let mut shard = shard.lock();
            shard.arrivals.retain(|_, arrival| *arrival > elapsed);
            let half = shard.arrivals.capacity() / 2;
            if shard.arrivals.len() < half {
                shard.arrivals.shrink_to_fit();
            }
        }
    }

    fn len(&self) -> usize {
        let shards = self.shared.shards.iter();
        shards.map(|s| s.lock().arrivals.len()).sum()
    }
}

impl<K: Hash + Eq + Clone> StateStore for BoundedStore<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let shards = &*self.shared;
        let hash = shards.hasher.hash_one(key);
        // The high bits choose the shard: the map inside uses a hasher of its own.
        let index = (hash >> 32) as usize % SHARDS;
        let mut shard = shards.shards[index].lock();
        if let Some(arrival) = shard.arrivals.get_mut(key) {
            let (outcome, next) = measure(Some(*arrival))?;
            *arrival = next;
            return Ok(outcome);
        }
        if shard.arrivals.len() < shards.keys_max_per_shard {
            let (outcome, next) = measure(None)?;
            shard.arrivals.insert(key.clone(), next);
            return Ok(outcome);
        }
        let (outcome, next) = measure(shard.beyond)?;
        shard.beyond = Some(next);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(burst: u32, keys_max: usize) -> KeyedLimiter<u32> {
        KeyedLimiter::new(
            Rate {
                per_second: 1,
                burst,
            },
            keys_max,
        )
    }

    #[test]
    fn ipv6_clients_share_the_bucket_of_their_64_and_ipv4_in_ipv6_is_ipv4() {
        let key = |text: &str| AddressKey::of(text.parse().unwrap());
        assert_eq!(
            key("2001:db8:1:2::1"),
            key("2001:db8:1:2:ffff:ffff:ffff:ffff")
        );
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn beyond_the_burst_the_wait_is_at_least_a_second() {
        let limiter = limiter(2, 100);
        assert!(limiter.check(&1).is_ok() && limiter.check(&1).is_ok());
        assert_eq!(limiter.check(&1), Err(Wait { seconds: 1 }));
        assert!(limiter.check(&2).is_ok(), "another key is not concerned");
    }

    #[test]
    fn keys_beyond_the_cap_share_one_bucket_and_memory_stays_bounded() {
        let limiter = limiter(1, SHARDS);
        let passed = (0..10_000).filter(|k| limiter.check(k).is_ok()).count();
        assert!(limiter.keys() <= SHARDS);
        assert!(
            passed <= 2 * SHARDS,
            "own buckets and one shared bucket a shard, got {passed}"
        );
    }

    #[test]
    fn another_rate_gives_nobody_a_fresh_bucket() {
        let rate = |burst| Rate {
            per_second: 1,
            burst,
        };
        for (name, burst, used, next_burst, left) in [
            ("an empty bucket stays empty", 5, 5, 5_000, 4_995),
            ("what is left is left", 10, 4, 10, 6),
            ("a smaller bucket is empty when more was used", 10, 8, 3, 0),
            ("a smaller bucket keeps its rest", 10, 1, 3, 2),
        ] {
            let limiter = limiter(burst, 100);
            assert!((0..used).all(|_| limiter.check(&1).is_ok()), "{name}");
            // Slower or faster: neither gives nor takes what was counted.
            limiter.change(
                Rate {
                    per_second: 2,
                    ..rate(next_burst)
                },
                50,
            );
            limiter.change(rate(next_burst), 100);
            let passed = (0..next_burst + 1)
                .filter(|_| limiter.check(&1).is_ok())
                .count();
            assert!(
                passed.abs_diff(left) <= 1,
                "{name}: {passed} passed, not {left}"
            );
            assert!(
                limiter.check(&2).is_ok(),
                "{name}: others are not concerned"
            );
        }
    }

    #[test]
    fn sweeping_forgets_only_full_buckets() {
        let fast = KeyedLimiter::new(
            Rate {
                per_second: 1_000_000,
                burst: 1,
            },
            1_000,
        );
        let slow = limiter(5, 1_000);
        for key in 0..100u32 {
            assert!(slow.check(&key).is_ok());
            assert!(fast.check(&key).is_ok());
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
        fast.sweep();
        slow.sweep();
        assert_eq!(fast.keys(), 0);
        assert_eq!(slow.keys(), 100);
    }
}
