//! Failed tries, counted per number and per client in windows: who guesses query codes is told to wait. With Redis all nodes count
//! together; each counts for itself too, and goes on by that while Redis is away.

use crate::shared_state::SharedState;
use futures_util::future::join_all;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;

/// Length of a window in seconds.
pub const WINDOW_S: i64 = 15 * 60;
/// Failures for one number in a window.
pub const NUMBER_MAX: u32 = 10;
/// Failures of one client in a window.
pub const CLIENT_MAX: u32 = 30;
/// Keys that are remembered; beyond it, windows that are over go, and then nobody new is let try until some are.
pub const KEYS_MAX: usize = 100_000;

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Counted {
    /// An application's number, existing or not.
    Number(String),
    /// A client.
    Client(String),
}

impl Counted {
    /// Kind and value, by which other nodes know it too.
    fn named(&self) -> (&str, &str) {
        match self {
            Self::Number(no) => ("number", no),
            Self::Client(client) => ("client", client),
        }
    }

    fn most(&self) -> u32 {
        match self {
            Self::Number(_) => NUMBER_MAX,
            Self::Client(_) => CLIENT_MAX,
        }
    }
}

/// The counters of all nodes.
#[derive(Default)]
pub struct CommonTries {
    own: Tries,
    shared: SharedState,
}

impl CommonTries {
    /// Shared with other nodes, where there is something to share by.
    #[must_use]
    pub fn new(shared: SharedState) -> Self {
        Self {
            own: Tries::default(),
            shared,
        }
    }

    /// Seconds until whoever is counted under `keys` may try again; `None` when it may now.
    pub async fn wait(&self, keys: &[Counted], now: Timestamp) -> Option<u32> {
        if let Some(wait) = keys.iter().filter_map(|key| self.own.wait(key, now)).max() {
            return Some(wait);
        }
        let asked = keys
            .iter()
            .map(|key| self.shared.tries_wait(key.named(), key.most()));
        let longest = join_all(asked).await.into_iter().flatten().max()?;
        let seconds = u32::try_from(longest.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
        (seconds > 0).then_some(seconds)
    }

    /// Counts a failure of each.
    pub async fn failed(&self, keys: &[Counted], now: Timestamp) {
        for key in keys {
            self.own.failed(key.clone(), now);
        }
        let window = Duration::from_secs(WINDOW_S.unsigned_abs());
        let told = keys
            .iter()
            .map(|key| self.shared.tries_failed(key.named(), window));
        // Counted here in any case.
        join_all(told).await;
    }
}

/// The counters of one node.
#[derive(Debug, Default)]
pub struct Tries {
    windows: Mutex<HashMap<Counted, (i64, u32)>>,
}

impl Tries {
    /// Seconds until `key` may try again; `None` when it may now.
    #[must_use]
    pub fn wait(&self, key: &Counted, now: Timestamp) -> Option<u32> {
        let windows = self.windows.lock();
        let (began, failures) = match windows.get(key) {
            Some(window) => *window,
            None if windows.len() >= KEYS_MAX => return Some(60),
            None => return None,
        };
        let left = began + WINDOW_S - now.as_second();
        (left > 0 && failures >= key.most()).then(|| u32::try_from(left).unwrap_or(u32::MAX))
    }

    /// Counts a failure.
    pub fn failed(&self, key: Counted, now: Timestamp) {
        let mut windows = self.windows.lock();
        let second = now.as_second();
        if windows.len() >= KEYS_MAX {
            windows.retain(|_, (began, _)| *began + WINDOW_S > second);
        }
        if windows.len() >= KEYS_MAX && !windows.contains_key(&key) {
            return;
        }
        let window = windows.entry(key).or_insert((second, 0));
        if window.0 + WINDOW_S <= second {
            *window = (second, 0);
        }
        window.1 = window.1.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_closed_at_the_bound_and_open_again_after_the_window() {
        let tries = Tries::default();
        let key = Counted::Number("N".into());
        let at = |s| Timestamp::from_second(s).unwrap();
        for n in 0..NUMBER_MAX {
            assert_eq!(tries.wait(&key, at(i64::from(n))), None, "{n}");
            tries.failed(key.clone(), at(i64::from(n)));
        }
        assert_eq!(
            tries.wait(&key, at(10)),
            Some(u32::try_from(WINDOW_S - 10).unwrap())
        );
        assert_eq!(tries.wait(&Counted::Number("M".into()), at(10)), None);
        assert_eq!(tries.wait(&key, at(WINDOW_S)), None);
        tries.failed(key.clone(), at(WINDOW_S));
        assert_eq!(tries.wait(&key, at(WINDOW_S)), None);
    }
}
