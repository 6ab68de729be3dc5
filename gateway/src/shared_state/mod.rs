//! What nodes share for a moment (节点间共享状态), in Redis: used nonces, counted tries, and the word that a case changed. Optional.
//!
//! Nothing here is kept: without Redis, or while it is away, every node goes on with what it knows itself, at once and without an
//! error (ADR 0008). What the store must know is never here.

mod backoff;
mod connection;
mod link;
mod names;
mod news;
mod nonces;
pub mod settings;
mod tries;

pub use link::{Away, RedisStanding};
pub use names::{Names, SHARED_STATE_SECRET};
pub use nonces::FirstUse;
pub use settings::RedisSettings;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::operations::health::{Readiness, TaskGuard};
use crate::operations::metrics::Metrics;
use crate::processing::change::CaseNews;
use crate::store::SharedStore;
use link::Link;
use news::{Exchange, NodeTag};
use nonces::Untold;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What one node shares with the others; clones are the same. Of a node without Redis everything is [`Away`].
#[derive(Clone, Default)]
pub struct SharedState {
    over: Option<Arc<Over>>,
}

struct Over {
    link: Link,
    names: Names,
    untold: Untold,
}

/// What the link's task needs beside it.
pub struct LinkParts {
    /// Whom heard cases are told to, and whose own changes are told to others.
    pub cases: CaseNews,
    /// Told whether cases are heard by Redis.
    pub store: SharedStore,
    /// `/readyz`.
    pub readiness: Readiness,
    /// Names this node and spreads its tries.
    pub entropy: Entropy,
    /// Dropped after the first try to connect.
    pub tried: TaskGuard,
}

impl SharedState {
    /// Of a node that has nobody to share with.
    #[must_use]
    pub fn alone() -> Self {
        Self::default()
    }

    /// Over Redis, once [`SharedState::run`] runs.
    #[must_use]
    pub fn over(settings: RedisSettings, names: Names, metrics: Metrics, clock: Clock) -> Self {
        Self {
            over: Some(Arc::new(Over {
                link: Link::new(settings, metrics, clock),
                names,
                untold: Untold::default(),
            })),
        }
    }

    /// Whether Redis is used now.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.over.as_ref().is_some_and(|over| over.link.stands())
    }

    /// How Redis stands; `None` without one.
    #[must_use]
    pub fn standing(&self) -> Option<RedisStanding> {
        Some(self.over.as_ref()?.link.standing())
    }

    /// Keeps the link until `stop`.
    pub async fn run(self, parts: LinkParts, stop: CancellationToken) {
        let Some(over) = self.over else { return };
        let Ok(seed) = parts.entropy.bytes::<32>() else {
            tracing::error!("no randomness: Redis is not used");
            return;
        };
        let random = parking_lot::Mutex::new(StdRng::from_seed(seed));
        let channel = over.names.of("cases", &[]);
        let exchange = Exchange::new(
            NodeTag::of(&seed),
            parts.cases,
            parts.store,
            parts.readiness,
        );
        let (tried, link) = (parts.tried, &over.link);
        let chance = || random.lock().random::<f64>();
        tokio::join!(
            link.run(&over.names, &channel, &exchange, chance, (tried, &stop)),
            exchange.publish(link, &channel, &stop),
            over.tell_nonces(&exchange, &stop),
        );
    }
}
