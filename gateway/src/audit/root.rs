//! The signed root (签名根) of a batch: how many records, their root, the root of the batch before, and when, under the installation's key.

use super::merkle::Hash;
use crate::intake::keys::InstallationKeys;
use crate::intake::signed::{PublishedKeys, SignedError};
use crate::store::seal::SealedBatch;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The `typ` of a signed root (RFC 7515, section 4.1.9).
pub const ROOT_TYPE: &str = "tongban-audit-root+jwt";

/// What a signed root states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootStatement {
    /// The batch, from 1 without gaps.
    pub batch: i64,
    /// How many records it holds.
    pub leaves: i64,
    /// Root of their tree (RFC 9162, section 2.1.1), lower-case hex.
    pub root: String,
    /// Root of the batch before; zeroes for the first.
    pub previous_root: String,
    /// When it was closed.
    pub sealed_at: Timestamp,
}

impl RootStatement {
    /// Signs a batch; returns it with its statement, as it is stored.
    #[must_use]
    pub fn signed(
        (number, leaves): (i64, i64),
        root: Hash,
        previous_root: Hash,
        sealed_at: Timestamp,
        keys: &InstallationKeys,
    ) -> SealedBatch {
        let mut batch = SealedBatch {
            number,
            leaves,
            root,
            previous_root,
            sealed_at,
            statement: String::new(),
        };
        let payload = serde_json::to_vec(&Self::of(&batch)).unwrap_or_default();
        batch.statement = keys.signed(ROOT_TYPE, &payload);
        batch
    }

    /// What the statement of a stored batch must say.
    #[must_use]
    pub fn of(batch: &SealedBatch) -> Self {
        Self {
            batch: batch.number,
            leaves: batch.leaves,
            root: HEXLOWER.encode(&batch.root),
            previous_root: HEXLOWER.encode(&batch.previous_root),
            sealed_at: batch.sealed_at,
        }
    }

    /// Reads a statement that one of these keys has signed.
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn open(statement: &str, keys: &PublishedKeys) -> Result<Self, SignedError> {
        let payload = keys.open(statement, ROOT_TYPE)?;
        serde_json::from_slice(&payload).map_err(|_| SignedError::NotOurs)
    }
}
