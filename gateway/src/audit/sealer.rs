//! The sealer (封存器): gathers waiting audit rows into the open batch in small pieces, then closes it under a signed root.
//!
//! Hashes are computed here, outside the writer. After a crash at any `await` the leaves that were placed are there, and the next round
//! goes on behind them. Another node at the same work makes a step come back undone; this round is then over.

use super::merkle::{Hash, root};
use super::record::leaf_of;
use super::root::RootStatement;
use super::{BATCH_LEAVES_MAX, merkle};
use crate::clock::Clock;
use crate::intake::keys::InstallationKeys;
use crate::store::seal::{OpenBatch, PLACED_AT_ONCE_MAX};
use crate::store::{SharedStore, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The shortest time between two rounds, whatever the setting says.
const PERIOD_MIN: Duration = Duration::from_millis(100);

/// What is told to metrics.
pub trait SealObserver: Send + Sync + 'static {
    /// A batch of so many records was closed.
    fn sealed(&self, leaves: u64);
}

/// What the sealer holds.
#[derive(Clone)]
pub struct Sealer {
    /// The store.
    pub store: SharedStore,
    /// What roots are signed with: the key of receipts.
    pub keys: Arc<InstallationKeys>,
    /// The clock.
    pub clock: Clock,
    /// Metrics.
    pub observer: Arc<dyn SealObserver>,
    /// Time between two rounds.
    pub period: Duration,
}

/// Seals until `stop`. What the store refuses is tried again in the next round; intake never waits for it.
pub async fn run(sealer: Sealer, stop: CancellationToken) {
    let period = sealer.period.max(PERIOD_MIN);
    let mut failing = false;
    let working = async {
        loop {
            match sealer.round().await {
                Ok(_) if failing => {
                    failing = false;
                    tracing::info!("audit records are sealed again");
                }
                Ok(_) => {}
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "audit records could not be sealed; they wait, and intake goes on");
                }
                Err(_) => {}
            }
            tokio::time::sleep(period).await;
        }
    };
    tokio::select! {
        () = working => {}
        () = stop.cancelled() => {}
    }
}

impl Sealer {
    /// Seals what waits; returns how many batches were closed.
    ///
    /// # Errors
    /// The store's; what was done until then stands.
    pub async fn round(&self) -> Result<u64, StoreError> {
        let mut closed = 0;
        loop {
            let Some(open) = self.gather().await? else {
                return Ok(closed);
            };
            if !self.close(open).await? {
                return Ok(closed);
            }
            closed += 1;
            if open.placed < i64::from(BATCH_LEAVES_MAX) {
                return Ok(closed);
            }
        }
    }

    /// Makes what waits leaves of the open batch, until nothing waits or the batch is full. `None` when it is empty, or others are at it.
    async fn gather(&self) -> Result<Option<OpenBatch>, StoreError> {
        let mut open = self.store.open_batch().await?;
        let most = i64::from(BATCH_LEAVES_MAX);
        while open.placed < most {
            let room = usize::try_from(most - open.placed).unwrap_or(0);
            let asked = room.min(PLACED_AT_ONCE_MAX);
            let rows = self
                .store
                .unsealed(u32::try_from(asked).unwrap_or(u32::MAX))
                .await?;
            let found = rows.len();
            if found == 0 {
                break;
            }
            let leaves = rows.iter().map(|row| (row.id, leaf_of(row))).collect();
            if !self.store.place(open, leaves).await? {
                return Ok(None);
            }
            open.placed += i64::try_from(found).unwrap_or(0);
            if found < asked {
                break;
            }
        }
        Ok((open.placed > 0).then_some(open))
    }

    async fn close(&self, open: OpenBatch) -> Result<bool, StoreError> {
        let leaves = self.store.leaves(open.number, 0, BATCH_LEAVES_MAX).await?;
        let numbered = (0..).zip(&leaves).all(|(n, leaf)| leaf.position == n);
        if !numbered || i64::try_from(leaves.len()) != Ok(open.placed) {
            return Err(broken(
                "audit_leaf",
                "position",
                open.number,
                "leaves of the open batch are missing",
            ));
        }
        let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf.hash).collect();
        let previous = self.previous_root(open.number).await?;
        let batch = RootStatement::signed(
            (open.number, open.placed),
            root(&hashes),
            previous,
            self.clock.now(),
            &self.keys,
        );
        let closed = self.store.close_batch(batch).await?;
        if closed {
            self.observer.sealed(hashes.len() as u64);
        }
        Ok(closed)
    }

    /// The root that a batch must name.
    async fn previous_root(&self, number: i64) -> Result<merkle::Hash, StoreError> {
        if number <= 1 {
            return Ok([0; 32]);
        }
        let before = self.store.batches(number - 2, 1).await?;
        match before.first() {
            Some(batch) if batch.number == number - 1 => Ok(batch.root),
            _ => Err(broken(
                "audit_batch",
                "number",
                number - 1,
                "the batch before the open one is missing",
            )),
        }
    }
}

fn broken(table: &'static str, column: &'static str, row: i64, reason: &str) -> StoreError {
    StoreError::Inconsistent {
        table,
        column,
        row: row.to_string(),
        reason: format!("{reason}; run `tongban audit verify`"),
    }
}
