//! Delivery (投递): takes what the outbox holds to the partners, in order per case and system, at least once on the wire and
//! exactly once in effect.
//!
//! Invariants: nothing is sent under a lease that ran out (every write names the fence, and no request leaves that the lease does not
//! outlast); after an unknown outcome a partner that can
//! be asked is asked before anything is sent again; an "already there" is a success only when the look-up proves it ours; one
//! system's trouble never holds up another's.

pub mod breaker;
pub mod client;
pub mod decide;
pub mod errand;
pub mod held;
pub mod hours;
pub mod journal;
mod patience;
#[cfg(test)]
mod simulation;
pub mod tenure;
mod terms;
pub mod transcript;
pub mod worker;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::registry::Registry;
use crate::store::SharedStore;
use async_trait::async_trait;
use std::sync::Arc;
use tongban_adapters::definition::Timeouts;
use tongban_adapters::exchange::{WireReply, WireRequest};

/// Why there is no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendFailure {
    /// Nothing of the request reached the wire: refused address, name, connection, TLS.
    NotSent {
        /// In plain words.
        words: String,
    },
    /// Sent at least partly: the partner may have taken it.
    OutcomeUnknown {
        /// In plain words.
        words: String,
        /// What was received before it broke off.
        received: Vec<u8>,
    },
}

/// How bytes get to a partner: the one I/O seam of delivery.
#[async_trait]
pub trait PartnerClient: Send + Sync + 'static {
    /// Sends a request and reads the whole answer, within the time-outs.
    async fn send(
        &self,
        request: &WireRequest,
        timeouts: Timeouts,
    ) -> Result<WireReply, SendFailure>;
}

/// What is told to metrics.
pub trait DeliveryObserver: Send + Sync + 'static {
    /// A delivery was settled for now: `delivered`, `again`, `unknown`, `dead` or `error`; how long it took.
    fn settled(
        &self,
        system_id: &str,
        operation: &'static str,
        outcome: &'static str,
        took: std::time::Duration,
    );

    /// What may be sent to a partner by now: 0 all, 1 one trial, 2 nothing.
    fn breaker(&self, system_id: &str, level: i64);
}

/// What every worker holds.
pub struct Courier {
    /// The store.
    pub store: SharedStore,
    /// Definitions and items.
    pub registry: Arc<Registry>,
    /// The way to partners.
    pub client: Arc<dyn PartnerClient>,
    /// Metrics.
    pub observer: Arc<dyn DeliveryObserver>,
    /// The clock.
    pub clock: Clock,
    /// Randomness for jitter and nonces.
    pub entropy: Entropy,
}

impl Courier {
    /// A random number in `[0, 1)`.
    #[must_use]
    pub fn jitter(&self) -> f64 {
        let bytes = self.entropy.bytes::<4>().unwrap_or([128, 0, 0, 0]);
        f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}
