//! What is registered: versions of items and of system definitions. The snapshot at run time is built from these rows.

use super::StoreError;
use super::audit::NewAudit;
use async_trait::async_trait;
use jiff::Timestamp;

/// A version of an item, immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemVersionRow {
    /// Item id.
    pub item_id: String,
    /// Version, from 1.
    pub version: u32,
    /// The item as JSON.
    pub json: String,
}

/// A version of a system definition, immutable but for its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemVersionRow {
    /// System id.
    pub system_id: String,
    /// Version, from 1.
    pub version: u32,
    /// `draft`, `active`, `superseded`, `suspended`.
    pub state: String,
    /// The definition as written (YAML), variables not filled in.
    pub source: String,
}

/// What became of one thing that was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// New.
    Created,
    /// Changed: a new version.
    Changed,
    /// As it was.
    Left,
}

/// Items and systems to be registered in one transaction.
pub struct RegistryChange {
    /// `(item id, JSON without version)`: a new version only when it differs from the latest.
    pub items: Vec<(String, String)>,
    /// `(system id, source)`.
    pub systems: Vec<(String, String)>,
    /// `(calendar or routes or organisations, file name, text)`: kept as applied, by kind and name.
    pub documents: Vec<(String, String, String)>,
    /// When.
    pub at: Timestamp,
    /// Audit record.
    pub audit: NewAudit,
}

/// The registry.
#[async_trait]
pub trait RegistryStore: Send + Sync {
    /// All versions of all items (pinned cases need old ones).
    async fn item_versions(&self) -> Result<Vec<ItemVersionRow>, StoreError>;

    /// All versions of all systems.
    async fn system_versions(&self) -> Result<Vec<SystemVersionRow>, StoreError>;

    /// Routes, organisations and calendars as applied: `(kind, name, text)`.
    async fn registry_documents(&self) -> Result<Vec<(String, String, String)>, StoreError>;

    /// Registers; idempotent. Answers in the order given: items, then systems, then documents.
    async fn apply(&self, change: RegistryChange) -> Result<Vec<(String, Applied)>, StoreError>;

    /// A secret of the installation by name, made once from `fresh` when it is not there (sealed): keys for receipts and query codes.
    async fn installation_secret(
        &self,
        name: &str,
        fresh: [u8; 32],
    ) -> Result<[u8; 32], StoreError>;
}
