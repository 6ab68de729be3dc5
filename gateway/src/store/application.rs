//! Applications (申请): one submission, one receipt, one to n cases.

use super::StoreError;
use super::audit::NewAudit;
use super::case::{CaseProjection, CaseRecord, FeedbackKey};
use super::delivery::NewDelivery;
use super::notification::NewNotices;
use crate::identity::Scope;
use async_trait::async_trait;
use jiff::Timestamp;
use tongban_adapters::canonical::{Event, Submission};
use uuid::Uuid;

/// A whole application to be committed in one transaction: application, cases, first events, deliveries, idempotency key, audit.
pub struct NewApplication {
    /// Idempotency key with whose it is; `None` when the caller sent none.
    pub idempotency: Option<IdempotencyKey>,
    /// Digest (SHA-256, 32 bytes) of the request's canonical body; compared when the key is seen again.
    pub body_digest: [u8; 32],
    /// Subject of the applicant (token `sub`); `None` for an anonymous submission.
    pub owner_subject: Option<String>,
    /// Subject of the agent.
    pub agent: Option<String>,
    /// `web`, `mobile`, `window`, `partner`.
    pub channel: String,
    /// When it was taken; microseconds.
    pub submitted_at: Timestamp,
    /// The cases, at least one. The first one's number is the application's when there is only one.
    pub cases: Vec<NewCase>,
    /// The partner's own number, when a partner handed it in: unique per system.
    pub partner_origin: Option<PartnerOrigin>,
    /// Audit record, written in the same transaction.
    pub audit: NewAudit,
}

/// An application that a partner handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerOrigin {
    /// System.
    pub system_id: String,
    /// Its number of the application.
    pub partner_no: String,
}

/// Whose idempotency key it is: the same key of two callers are two keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Subject, or the client address for anonymous callers.
    pub caller: String,
    /// The header's value, at most 255 bytes.
    pub key: String,
}

/// One case of a new application. `submission.case.no`, `application_no` and `short_no` are filled in by the store when it draws the numbers.
pub struct NewCase {
    /// Internal id (UUID v7): names the data key.
    pub case_id: Uuid,
    /// The number without its serial: the item's prefix and the legal day as its scheme writes it. The serial of four characters
    /// (`tongban_catalog` formats it) is drawn per stem inside the commit.
    pub number_stem: String,
    /// Responsible organisation.
    pub organisation_id: String,
    /// The system that will get it; `None` when the hall keeps it.
    pub system_id: Option<String>,
    /// Whether that system takes a short number of digits only.
    pub short_number: bool,
    /// What was submitted (sealed).
    pub submission: Submission,
    /// First events in order (`applied`, and more when a partner hands in an accepted case), with their digest.
    pub events: Vec<NewEvent>,
    /// State after them.
    pub projection: CaseProjection,
    /// Deliveries to make.
    pub deliveries: Vec<NewDelivery>,
    /// Materials to bind: `(seq, id)`.
    pub materials: Vec<(u32, String)>,
    /// Who is told of it.
    pub notices: NewNotices,
}

/// An event to be appended.
pub struct NewEvent {
    /// The event (its data is sealed).
    pub event: Event,
    /// The system it came from; `None` for the applicant and the gateway.
    pub system_id: Option<String>,
    /// When it was received.
    pub received_at: Timestamp,
    /// The `seq` of the event that this one supersedes (re-version).
    pub supersedes: Option<u64>,
    /// Key and digest by which a repeat is known; `None` for events of our own.
    pub key: Option<(FeedbackKey, [u8; 32])>,
}

/// How a submission ended.
#[derive(Debug)]
pub enum SubmitOutcome {
    /// Committed and synced.
    Stored(ApplicationRecord),
    /// The same key with the same body was committed before: answer as then.
    Replayed(ApplicationRecord),
    /// The same key with another body: 409.
    KeyReused,
    /// These materials are unknown, bound elsewhere, or not yours to bind (indices into `cases[..].materials`, in order): nothing was written.
    MaterialsNotBindable(Vec<String>),
    /// No number is left for this item and day.
    NumbersExhausted,
}

/// A stored application.
#[derive(Debug, Clone)]
pub struct ApplicationRecord {
    /// Number.
    pub application_no: String,
    /// Subject of the applicant.
    pub owner_subject: Option<String>,
    /// Subject of the agent.
    pub agent: Option<String>,
    /// Channel.
    pub channel: String,
    /// When taken.
    pub submitted_at: Timestamp,
    /// Digest of the body as submitted.
    pub body_digest: [u8; 32],
    /// Its cases, in order.
    pub cases: Vec<CaseRecord>,
}

/// Applications.
#[async_trait]
pub trait ApplicationStore: Send + Sync {
    /// Commits a new application; draws its numbers inside the commit.
    async fn submit(&self, application: NewApplication) -> Result<SubmitOutcome, StoreError>;

    /// One application by its number, or by the number of any of its cases.
    async fn application(
        &self,
        scope: &Scope,
        no: &str,
    ) -> Result<Option<ApplicationRecord>, StoreError>;

    /// What was committed under this key, for a repeat that arrives before any check.
    async fn by_idempotency_key(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<ApplicationRecord>, StoreError>;

    /// The application that this partner handed in under its own number.
    async fn by_partner_origin(
        &self,
        origin: &PartnerOrigin,
    ) -> Result<Option<ApplicationRecord>, StoreError>;

    /// Application numbers of an applicant by the exact identity number (keyed digest), newest first, at most `limit`.
    async fn by_identity_number(
        &self,
        scope: &Scope,
        id_number: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError>;

    /// How many cases are in each state (for the metric at start).
    async fn count_by_state(&self, scope: &Scope) -> Result<Vec<(String, u64)>, StoreError>;
}
