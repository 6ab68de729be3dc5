//! Sealed audit batches (审计封存): which audit rows wait, the leaves of every batch, and the signed roots.
//!
//! Invariants: a row waits from its own transaction on and becomes the leaf of exactly one batch; a batch's leaves are numbered from 0
//! and batches from 1, both without gaps; what is closed never changes. Any node may seal: each step names the [`OpenBatch`] that it
//! saw and does nothing when that has changed meanwhile. Audit rows are read as they are stored, so what is sealed in them stays
//! sealed, and destroying a case's key changes nothing here.

use super::StoreError;
use crate::identity::Scope;
use async_trait::async_trait;
use jiff::Timestamp;

/// Rows that become leaves in one transaction at most: the writer is held for a millisecond or so.
pub const PLACED_AT_ONCE_MAX: usize = 128;

/// An audit row exactly as it is stored; its content is ciphertext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAudit {
    /// Row id.
    pub id: i64,
    /// When, in microseconds UTC.
    pub at: i64,
    /// Kind of principal.
    pub actor_kind: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// Organisation of the target.
    pub organisation_id: String,
    /// Id of the request.
    pub request_id: String,
    /// How it ended.
    pub outcome: String,
    /// Row id of its application.
    pub application_id: Option<i64>,
    /// System at hand.
    pub system_id: Option<String>,
    /// Actor, digest and note, sealed.
    pub content: Vec<u8>,
}

/// The batch that still takes leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenBatch {
    /// Its number, from 1.
    pub number: i64,
    /// Leaves that it has.
    pub placed: i64,
}

/// A leaf of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditLeaf {
    /// Place in its batch, from 0.
    pub position: i64,
    /// The row.
    pub audit_id: i64,
    /// Hash of the row when it became a leaf.
    pub hash: [u8; 32],
}

/// A closed batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBatch {
    /// Number, from 1.
    pub number: i64,
    /// How many leaves.
    pub leaves: i64,
    /// Root of its tree.
    pub root: [u8; 32],
    /// Root of the batch before; zeroes for the first.
    pub previous_root: [u8; 32],
    /// When it was closed.
    pub sealed_at: Timestamp,
    /// All of that, signed: a compact JWS.
    pub statement: String,
}

/// The audit row of a submission and its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSubmission {
    /// The row as it stands.
    pub row: StoredAudit,
    /// Its leaf.
    pub leaf: AuditLeaf,
    /// Its batch, which is closed.
    pub batch: SealedBatch,
}

/// What a look for rows without a leaf found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strays {
    /// The first row that is neither a leaf nor waits.
    pub unknown: Option<i64>,
    /// The first row that waits and is not there.
    pub gone: Option<i64>,
    /// Where to look on; `None` at the end.
    pub next: Option<i64>,
}

/// Sealed audit batches.
#[async_trait]
pub trait SealStore: Send + Sync {
    /// The batch that takes leaves now.
    async fn open_batch(&self) -> Result<OpenBatch, StoreError>;

    /// Rows that no batch covers, by id, at most `limit`.
    async fn unsealed(&self, limit: u32) -> Result<Vec<StoredAudit>, StoreError>;

    /// When the oldest of them was written; `None` when none waits.
    async fn oldest_unsealed(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Makes waiting rows (id and hash, at most [`PLACED_AT_ONCE_MAX`]) the next leaves of the open batch. False, and nothing was
    /// written, when the batch is no longer as `open` says or one of the rows does not wait any more.
    async fn place(
        &self,
        open: OpenBatch,
        leaves: Vec<(i64, [u8; 32])>,
    ) -> Result<bool, StoreError>;

    /// Closes the open batch, which has exactly `batch.leaves` leaves. False, and nothing was written, when it is no longer so.
    async fn close_batch(&self, batch: SealedBatch) -> Result<bool, StoreError>;

    /// Closed batches after this number, in order, at most `limit`.
    async fn batches(&self, after: i64, limit: u32) -> Result<Vec<SealedBatch>, StoreError>;

    /// How many batches are closed.
    async fn batch_count(&self) -> Result<i64, StoreError>;

    /// Leaves of a batch from this position on, in order, at most `limit`.
    async fn leaves(&self, batch: i64, from: i64, limit: u32)
    -> Result<Vec<AuditLeaf>, StoreError>;

    /// The rows of a batch's leaves from this position on, as they stand now, at most `limit` positions; what is gone is missing.
    async fn rows_of_leaves(
        &self,
        batch: i64,
        from: i64,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError>;

    /// The row with which an application was taken, once its batch is closed and when the scope sees the application.
    async fn sealed_submission(
        &self,
        scope: &Scope,
        application_no: &str,
    ) -> Result<Option<SealedSubmission>, StoreError>;

    /// Looks at the `span` row ids after `after` for rows that are neither sealed nor waiting, and for waiting ones that are gone.
    async fn strays(&self, after: i64, span: i64) -> Result<Strays, StoreError>;
}
