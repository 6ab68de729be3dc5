//! Audit rows (审计): written in the transaction of what they tell, unchained, in their final format. What seals them is [`super::seal`].

use super::StoreError;
use crate::identity::Scope;
use async_trait::async_trait;
use jiff::Timestamp;

/// An audit record to be written with a transaction. No personal data: subjects are stable ids, targets are numbers or registered ids.
#[derive(Debug, Clone)]
pub struct NewAudit {
    /// When.
    pub at: Timestamp,
    /// Who: subject of the principal; empty for anonymous.
    pub actor: String,
    /// Kind of principal: `anonymous`, `applicant`, `partner`, `operator`, `gateway` …
    pub actor_kind: String,
    /// What was done: `application.submit`, `case.event`, `delivery.retry` … A fixed vocabulary.
    pub action: String,
    /// To what: case number, system id …; empty = filled in by the store with the number it draws.
    pub target: String,
    /// Organisation of the target; empty when there is none.
    pub organisation_id: String,
    /// Id of the request that caused it.
    pub request_id: String,
    /// `ok` or a stable code.
    pub outcome: String,
    /// SHA-256 of the request (or event) bytes; zeroes when there are none.
    pub digest: [u8; 32],
    /// Words of an operator (reason), empty otherwise.
    pub note: String,
}

/// A stored audit record.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    /// Row id, ascending.
    pub id: i64,
    /// The record.
    pub audit: NewAudit,
}

/// Audit.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Records after `after_id` in order, at most `limit`.
    async fn audit(
        &self,
        scope: &Scope,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError>;
}
