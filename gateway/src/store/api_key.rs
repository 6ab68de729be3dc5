//! API keys (接口密钥): whose they are, when they count, and the digest by which they are known. No secret ever comes here.

use super::StoreError;
use super::audit::NewAudit;
use crate::identity::api_key::{KeyHolder, KeyWindow};
use async_trait::async_trait;
use jiff::Timestamp;

/// Keys that a store holds at most, ended ones included.
pub const KEYS_MAX: u32 = 10_000;
/// How long the row of a key stays after its end. Its audit records stay for good.
pub const ENDED_KEPT_US: i64 = 400 * 86_400 * 1_000_000;

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// Public part.
    pub id: String,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    /// Whose it is.
    pub holder: KeyHolder,
    /// When it was made.
    pub created_at: Timestamp,
    /// Subject of the operator who made it.
    pub created_by: String,
    /// What for, in the operator's words.
    pub note: String,
    /// When it counts.
    pub window: KeyWindow,
    /// The key that was made to replace it.
    pub replaced_by: Option<String>,
    /// Its last use, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// All keys at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiKeys {
    /// Counts changes: a higher one elsewhere means that these are behind.
    pub revision: i64,
    /// Those that can be read, oldest first.
    pub keys: Vec<ApiKeyRecord>,
    /// Ids of rows that no gateway with this master key wrote so. They let nobody in.
    pub unreadable: Vec<String>,
}

/// A key about to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Public part: random.
    pub id: String,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    /// When it is made.
    pub at: Timestamp,
    /// Subject of the operator.
    pub created_by: String,
    /// What for.
    pub note: String,
    /// When it counts.
    pub window: KeyWindow,
}

/// What became of a new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It is there.
    Created,
    /// There are [`KEYS_MAX`].
    Full,
}

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateOutcome {
    /// The new one is there; the old one ends then.
    Rotated {
        /// Of the old one.
        ends_at: Timestamp,
    },
    /// There is no such key.
    Unknown,
    /// It has ended: a new one is made, not a replacement.
    Ended,
    /// It has been replaced by this one.
    Replaced(String),
    /// There are [`KEYS_MAX`].
    Full,
}

/// API keys.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// All keys.
    async fn api_keys(&self) -> Result<ApiKeys, StoreError>;

    /// Counts changes of keys; cheap. Uses are no changes.
    async fn api_key_revision(&self) -> Result<i64, StoreError>;

    /// Makes a key of `holder`, and forgets rows of keys that ended [`ENDED_KEPT_US`] ago.
    async fn create_api_key(
        &self,
        holder: KeyHolder,
        key: NewApiKey,
        audit: NewAudit,
    ) -> Result<CreateOutcome, StoreError>;

    /// Makes `next` of the same holder as the key `id`, which ends at `ends_at` or when it would have anyway. One of two rotations at
    /// once finds the key replaced. `audit` tells of the old key; that the new one was made is told beside it.
    async fn rotate_api_key(
        &self,
        id: &str,
        ends_at: Timestamp,
        next: NewApiKey,
        audit: NewAudit,
    ) -> Result<RotateOutcome, StoreError>;

    /// Ends a key for good at once; false when there is none. A key that was revoked before stays as it was, without a record.
    async fn revoke_api_key(
        &self,
        id: &str,
        at: Timestamp,
        audit: NewAudit,
    ) -> Result<bool, StoreError>;

    /// Notes uses; those within an hour of what is noted are passed over. Returns how many were noted.
    async fn note_api_keys_used(&self, uses: &[(String, Timestamp)]) -> Result<u64, StoreError>;
}
