//! The reverse proxy to registered REST systems (直通): `/systems/{id}/…` → upstream, bodies streaming both ways.
//!
//! Invariants: connections belong to one core; two requests share a connection only if address, port and TLS name are the same;
//! nothing hop-by-hop crosses (RFC 9110, section 7.6.1); a request is sent twice only when nothing of it was sent, or when it is
//! idempotent, has no body, and a reused connection closed before the first byte of an answer; an answer that breaks off never
//! looks whole.

mod breaker;
mod forward;
mod headers;
mod path;
mod pool;
mod table;

pub(crate) use forward::{ForwardCall, Forwarder};
pub use table::{
    BreakerSettings, PassthroughTable, PassthroughTableError, PoolSettings, SystemLimits,
    SystemTimeouts, UpstreamSystem,
};

use crate::operations::metrics::Metrics;
use crate::outbound::Connector;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// What all cores share of the pass-through: an immutable table behind a swap, and how to connect.
#[derive(Debug)]
pub struct Passthrough {
    table: ArcSwap<PassthroughTable>,
    connector: Connector,
    metrics: Metrics,
}

impl Passthrough {
    /// With no system yet.
    #[must_use]
    pub fn new(connector: Connector, metrics: Metrics) -> Self {
        Self {
            table: ArcSwap::from_pointee(PassthroughTable::default()),
            connector,
            metrics,
        }
    }

    /// Replaces the table as a whole; systems whose settings did not change keep their limits and breaker.
    ///
    /// # Errors
    /// [`PassthroughTableError`] with nothing replaced.
    pub fn replace(&self, systems: Vec<UpstreamSystem>) -> Result<(), PassthroughTableError> {
        let table = self.prepare(systems)?;
        self.commit(table);
        Ok(())
    }

    /// Makes the next table aside.
    ///
    /// # Errors
    /// [`PassthroughTableError`].
    pub fn prepare(
        &self,
        systems: Vec<UpstreamSystem>,
    ) -> Result<PassthroughTable, PassthroughTableError> {
        PassthroughTable::build(systems, &self.table.load(), &self.metrics)
    }

    /// Puts a table in force.
    pub fn commit(&self, table: PassthroughTable) {
        self.table.store(Arc::new(table));
    }
}
