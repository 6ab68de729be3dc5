//! Cases (办件) and their events: a case is the fold of its events, kept beside a projection for queries.

use super::StoreError;
use super::application::NewEvent;
use super::audit::NewAudit;
use super::delivery::NewDelivery;
use super::notification::NewNotices;
use crate::identity::Scope;
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tongban_adapters::canonical::{CaseReference, Event, Submission};
use uuid::Uuid;

/// A stored case. Personal data (`submission`, `folded`) has been opened: do not log.
#[derive(Debug, Clone)]
pub struct CaseRecord {
    /// Internal id.
    pub case_id: Uuid,
    /// Case number.
    pub case_no: String,
    /// Its application's number.
    pub application_no: String,
    /// Short number for its system.
    pub short_no: Option<String>,
    /// The partner's own number.
    pub partner_no: Option<String>,
    /// Responsible organisation.
    pub organisation_id: String,
    /// The system that has it.
    pub system_id: Option<String>,
    /// Definition version pinned at the first send; 0 before.
    pub definition_version: u32,
    /// What was submitted, as corrected since.
    pub submission: Submission,
    /// State on the wire.
    pub state: String,
    /// Decision on the wire.
    pub decision: Option<String>,
    /// The folded state (the life cycle's own JSON).
    pub folded: Value,
    /// Revision: counts changes; a change names the revision it was computed from.
    pub rev: u64,
    /// Highest `seq`.
    pub last_seq: u64,
}

/// What the store keeps beside the events for queries.
#[derive(Debug, Clone)]
pub struct CaseProjection {
    /// State on the wire.
    pub state: String,
    /// Decision on the wire.
    pub decision: Option<String>,
    /// The folded state (sealed).
    pub folded: Value,
    /// Open clocks with a due instant, for the ordered index.
    pub clocks: Vec<ClockRow>,
    /// When the hall next polls the partner; `None` = never.
    pub poll_at: Option<Timestamp>,
}

/// One clock in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRow {
    /// `acceptance`, `promise`, `statutory`, `delivery`.
    pub kind: String,
    /// When it is due; frozen clocks are not listed.
    pub due_at: Timestamp,
}

/// What tells a partner's message apart: (system, case, type, serial, data version).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FeedbackKey {
    /// System.
    pub system_id: String,
    /// Case number.
    pub case_no: String,
    /// Event type.
    pub kind: String,
    /// Serial.
    pub serial: String,
    /// Data version.
    pub data_version: u32,
}

/// What became of a partner's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackState {
    /// Applied.
    Applied,
    /// Waits for its predecessor.
    Held,
    /// Refused, or given up waiting: visible to operators.
    Rejected,
}

/// A message known by its key.
#[derive(Debug, Clone)]
pub struct FeedbackRecord {
    /// Row id, ascending by receipt.
    pub id: i64,
    /// Key.
    pub key: FeedbackKey,
    /// Digest of its content (SHA-256).
    pub digest: [u8; 32],
    /// What became of it.
    pub state: FeedbackState,
    /// Stable code of the refusal; empty otherwise.
    pub reason_code: String,
    /// When received.
    pub received_at: Timestamp,
    /// Until when it is held.
    pub held_until: Option<Timestamp>,
    /// The event (opened).
    pub event: Event,
}

/// A message to be recorded without applying it: held or rejected.
pub struct NewFeedback {
    /// Key.
    pub key: FeedbackKey,
    /// Digest of its content.
    pub digest: [u8; 32],
    /// Held or rejected.
    pub state: FeedbackState,
    /// Stable code when rejected.
    pub reason_code: String,
    /// When received.
    pub received_at: Timestamp,
    /// Until when it is held.
    pub held_until: Option<Timestamp>,
    /// The event (sealed when its case is known, under the master key otherwise).
    pub event: Event,
}

/// Most bytes kept of a message that could not be understood.
pub const UNREAD_BYTES_MAX: usize = 64 << 10;
/// Most such messages kept of one system; the newest stay.
pub const UNREAD_OF_SYSTEM_MAX: u32 = 1_000;

/// A message that could not be understood, to be kept for people.
pub struct NewUnread {
    /// Who sent it, or was asked.
    pub system_id: String,
    /// Our number of the case that it is about, as far as that could be told; empty otherwise.
    pub case_no: String,
    /// `callback` or `poll`.
    pub way: &'static str,
    /// Stable code.
    pub code: String,
    /// What could not be understood, in words.
    pub reason: String,
    /// When received.
    pub received_at: Timestamp,
    /// Its bytes (sealed); what is over [`UNREAD_BYTES_MAX`] is cut off.
    pub bytes: Vec<u8>,
}

/// The same complaint about the same case, with how often it came.
#[derive(Debug, Clone)]
pub struct UnreadRecord {
    /// Row id, ascending by first receipt.
    pub id: i64,
    /// System.
    pub system_id: String,
    /// Our number of the case; empty when it could not be told.
    pub case_no: String,
    /// `callback` or `poll`.
    pub way: String,
    /// Stable code.
    pub code: String,
    /// What could not be understood, in words.
    pub reason: String,
    /// When it came first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
    /// How often.
    pub times: u64,
    /// The bytes of the first (opened).
    pub bytes: Vec<u8>,
}

/// One change of one case, committed as a whole.
pub struct CaseChange {
    /// Which case.
    pub case_no: String,
    /// The revision it was computed from.
    pub expected_rev: u64,
    /// Events to append; `seq` goes on from the last.
    pub events: Vec<NewEvent>,
    /// State after them.
    pub projection: CaseProjection,
    /// New facts of the submission (form and materials after a supplement), `None` when it stands.
    pub submission: Option<Submission>,
    /// The partner's own number, when it became known.
    pub partner_no: Option<String>,
    /// Deliveries to make.
    pub deliveries: Vec<NewDelivery>,
    /// Deliveries of this case that need not be made any more (withdrawn before hand-over).
    pub cancel_deliveries: bool,
    /// Materials to bind: `(seq, id)`.
    pub materials: Vec<(u32, String)>,
    /// Held messages that are applied or given up with this change: `(id, state, reason code)`.
    pub settled: Vec<(i64, FeedbackState, String)>,
    /// Who is told of it.
    pub notices: NewNotices,
    /// Audit record.
    pub audit: NewAudit,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// Committed; the new revision.
    Applied {
        /// New revision.
        rev: u64,
    },
    /// Somebody else changed the case, or a worker took a delivery that was to be cancelled: load it and compute again.
    Stale,
    /// A feedback key among the events was committed meanwhile.
    Duplicate,
    /// Materials unknown or bound elsewhere.
    MaterialsNotBindable(Vec<String>),
}

/// An event as stored.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// 1, 2, 3 … without gaps within its case, given when applied.
    pub seq: u64,
    /// The event (opened).
    pub event: Event,
    /// System it came from.
    pub system_id: Option<String>,
    /// When received.
    pub received_at: Timestamp,
    /// The `seq` that it supersedes.
    pub supersedes: Option<u64>,
}

/// Cases.
#[async_trait]
pub trait CaseStore: Send + Sync {
    /// One case by its number.
    async fn case(&self, scope: &Scope, case_no: &str) -> Result<Option<CaseRecord>, StoreError>;

    /// The case that a partner's message names; only cases of that system.
    async fn case_of_partner(
        &self,
        system_id: &str,
        reference: &CaseReference,
    ) -> Result<Option<CaseRecord>, StoreError>;

    /// Events after `after_seq` in order, at most `limit`.
    async fn events(
        &self,
        scope: &Scope,
        case_no: &str,
        after_seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Commits a change if the case is still at the expected revision.
    async fn change(&self, change: CaseChange) -> Result<ChangeOutcome, StoreError>;

    /// A message by its key.
    async fn feedback(&self, key: &FeedbackKey) -> Result<Option<FeedbackRecord>, StoreError>;

    /// Records a held or rejected message. A key that is there already with the same digest is left; returns false then.
    async fn record_feedback(&self, feedback: NewFeedback) -> Result<bool, StoreError>;

    /// Held messages of a case in order of `occurred_at`.
    async fn held(&self, case_no: &str) -> Result<Vec<FeedbackRecord>, StoreError>;

    /// Cases with held messages whose time is over, at most `limit`.
    async fn held_due(&self, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError>;

    /// Rejected messages, newest first (operators).
    async fn rejected(
        &self,
        scope: &Scope,
        system_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FeedbackRecord>, StoreError>;

    /// Held messages of all cases, newest first (operators).
    async fn waiting(
        &self,
        scope: &Scope,
        system_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FeedbackRecord>, StoreError>;

    /// Keeps a message that could not be understood. The same complaint about the same case is counted, not kept again.
    async fn record_unread(&self, unread: NewUnread) -> Result<(), StoreError>;

    /// Messages that could not be understood, newest first (operators).
    async fn unread(
        &self,
        scope: &Scope,
        system_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<UnreadRecord>, StoreError>;

    /// `(case number, clock kind)` of clocks due at `now`, oldest first, at most `limit`. Uses the ordered index.
    async fn due_clocks(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError>;

    /// How many clocks with a due date to come are open, by kind (for metrics).
    async fn open_clocks(&self) -> Result<Vec<(String, u64)>, StoreError>;

    /// Cases to be polled at `now`: takes each for `lease_us` so that no other node polls it, at most `limit`.
    async fn take_due_polls(
        &self,
        now: Timestamp,
        lease_us: i64,
        limit: u32,
    ) -> Result<Vec<String>, StoreError>;

    /// Sets when a case is polled next; no change of the case.
    async fn set_poll_at(&self, case_no: &str, at: Option<Timestamp>) -> Result<(), StoreError>;

    /// Pins the definition version at the first send; keeps an earlier pin. Returns what is pinned.
    async fn pin_definition(&self, case_no: &str, version: u32) -> Result<u32, StoreError>;
}
