//! Nonces that any node has seen: `SET NX` with the time for which a signature may still be valid.

use super::link::{Link, Use};
use super::news::Exchange;
use super::{Over, SharedState};
use crate::clock::Clock;
use parking_lot::Mutex;
use redis::{Cmd, Value, cmd};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Nonces used while Redis is away that are told to it when it is back; beyond it the oldest are let go.
const UNTOLD_MAX: usize = 100_000;

/// Whether a nonce was used before, at whatever node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstUse {
    /// Not before.
    Yes,
    /// Before.
    No,
    /// Redis is away, or there is none: what this node knows itself decides.
    Unknown,
}

/// Nonces that only this node knows.
#[derive(Default)]
pub(super) struct Untold {
    nonces: Mutex<VecDeque<(String, Instant)>>,
}

impl Untold {
    fn keep(&self, name: String, until: Instant) {
        let mut nonces = self.nonces.lock();
        if nonces.len() >= UNTOLD_MAX {
            nonces.pop_front();
        }
        nonces.push_back((name, until));
    }

    /// The oldest that may still be replayed at `now`, and for how long.
    fn take(&self, now: Instant) -> Option<(String, Duration)> {
        let mut nonces = self.nonces.lock();
        while let Some((name, until)) = nonces.pop_front() {
            if let Some(left) = until.checked_duration_since(now).filter(|d| !d.is_zero()) {
                return Some((name, left));
            }
        }
        None
    }
}

fn set_first(name: &str, kept: Duration) -> Cmd {
    let milliseconds = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX).max(1);
    cmd("SET")
        .arg(name)
        .arg(1)
        .arg("NX")
        .arg("PX")
        .arg(milliseconds)
        .to_owned()
}

impl SharedState {
    /// Uses a nonce of a system, which may be replayed for as long as `kept`. One that is used while Redis is away is told to it later:
    /// from then on other nodes refuse it too.
    pub async fn use_nonce(
        &self,
        system_id: &str,
        nonce: &str,
        kept: Duration,
        clock: &Clock,
    ) -> FirstUse {
        let Some(over) = &self.over else {
            return FirstUse::Unknown;
        };
        let name = over.names.of("nonce", &[system_id, nonce]);
        let set = set_first(&name, kept);
        match over.link.ask::<Value>(Use::Nonce, &set).await {
            Ok(Value::Nil) => FirstUse::No,
            Ok(_) => FirstUse::Yes,
            Err(super::Away) => {
                over.untold.keep(name, clock.instant() + kept);
                FirstUse::Unknown
            }
        }
    }
}

impl Over {
    /// Whenever Redis is back, tells it what was used meanwhile.
    pub(super) async fn tell_nonces(&self, exchange: &Exchange, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = exchange.came_back.notified() => {}
                () = stop.cancelled() => return,
            }
            tell(&self.link, &self.untold).await;
        }
    }
}

async fn tell(link: &Link, untold: &Untold) {
    while let Some((name, left)) = untold.take(link.instant()) {
        if link
            .ask::<Value>(Use::Nonce, &set_first(&name, left))
            .await
            .is_err()
        {
            untold.keep(name, link.instant() + left);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_meanwhile_is_told_oldest_first_while_it_can_still_be_replayed() {
        let (untold, now) = (Untold::default(), Clock::system().instant());
        for (name, seconds) in [("gone", 1), ("one", 5), ("two", 9)] {
            untold.keep(name.to_owned(), now + Duration::from_secs(seconds));
        }
        let later = now + Duration::from_secs(2);
        let told: Vec<_> = std::iter::from_fn(|| untold.take(later)).collect();
        let seconds = Duration::from_secs;
        assert_eq!(
            told,
            [
                ("one".to_owned(), seconds(3)),
                ("two".to_owned(), seconds(7))
            ]
        );
    }

    #[test]
    fn at_the_bound_the_oldest_are_let_go() {
        let (untold, now) = (Untold::default(), Clock::system().instant());
        for number in 0..=UNTOLD_MAX {
            untold.keep(number.to_string(), now + Duration::from_secs(9));
        }
        assert_eq!(untold.take(now).unwrap().0, "1");
    }
}
