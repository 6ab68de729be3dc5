//! What each partner last did, for the operator's overview (投递总览): bounded looks at indexes, never at all deliveries.

use super::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;

/// An attempt as the overview shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFailure {
    /// When it began.
    pub at: Timestamp,
    /// Its delivery.
    pub delivery_id: i64,
    /// Stable code of its outcome.
    pub code: String,
    /// How often that delivery was tried.
    pub tries: u32,
}

/// What a system last did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemFacts {
    /// System.
    pub system_id: String,
    /// Begin of the last attempt of those that it confirmed most recently; `None`: it never confirmed anything.
    pub last_success: Option<Timestamp>,
    /// The last failure of what is still open; `None`: nothing open has failed.
    pub last_failure: Option<LastFailure>,
    /// When the next open delivery may be tried.
    pub next_at: Option<Timestamp>,
}

/// The overview.
#[async_trait]
pub trait OverviewStore: Send + Sync {
    /// What these systems last did, in the order asked. The cost is that of so many index look-ups, whatever is stored.
    async fn system_facts(&self, system_ids: &[String]) -> Result<Vec<SystemFacts>, StoreError>;
}
