//! Nodes (节点) that share a store: equal, without a leader. Work that one node at a time should do is claimed; what a node that is gone
//! had is given back; what changed is told.

use super::StoreError;
use async_trait::async_trait;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// What nodes tell each other. A node that lagged or was cut off looks into the store instead: news only saves waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeNews {
    /// A case changed: its number.
    Case(String),
    /// What is registered changed: items, systems, documents.
    Registry,
    /// Keys were made, replaced or revoked.
    ApiKeys,
}

/// How the other nodes see this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The number under which they know it; another one after it was gone for them.
    pub instance: i64,
    /// Until when they count on it, by this node's own steady clock.
    pub until: Instant,
    /// How long a sign of life counts.
    pub lasting: Duration,
}

/// Nodes of a store.
#[async_trait]
pub trait NodeStore: Send + Sync {
    /// Whether this node is the one that does `work` by now. A claim lasts as long as its node gives signs of life; then the next
    /// node that asks has it. Work must stay right when two nodes do it for a moment: a node that was stopped and goes on believes
    /// in its claim until it looks.
    async fn claim(&self, work: &'static str) -> Result<bool, StoreError>;

    /// Leaves `work` to whoever asks next; nothing when this node does not have it. For work that this node cannot do any more.
    async fn release(&self, work: &'static str) -> Result<(), StoreError>;

    /// How the other nodes see this one; `None` on a store of one node. What was leased under a number is others' to take once they
    /// have not heard of it until then, however long the lease itself lasts.
    fn seen(&self) -> Option<Seen>;

    /// Counts changes of what is registered; a node that has loaded an older one is behind. Stays 0 on a store of one node.
    async fn registry_revision(&self) -> Result<i64, StoreError>;

    /// What other nodes tell from now on; `None` when the store has one node.
    fn news(&self) -> Option<broadcast::Receiver<NodeNews>>;

    /// Whether this node hears of changed cases by another way than [`NodeStore::news`]. While all nodes do, the store spares itself
    /// the telling; it begins again at once here, and within a third of the nodes' lease at the others, when one does not any more.
    fn hear_cases_elsewhere(&self, elsewhere: bool);
}
