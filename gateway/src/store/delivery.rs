//! Deliveries (投递, transactional outbox): what must reach a partner, in order per case and system.

use super::StoreError;
use super::allotment::Pace;
use super::audit::NewAudit;
use super::case::CaseRecord;
use super::scan::HeldMaterial;
use crate::identity::Scope;
use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use tongban_adapters::exchange::Operation;

/// State of a delivery (contract 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Waits for its turn or its next attempt.
    Pending,
    /// Leased by a worker.
    Sending,
    /// Sent, outcome not known: the partner is asked before anything is sent again.
    Unknown,
    /// The partner confirmed.
    Delivered,
    /// Given up; needs a person.
    Dead,
    /// System paused or suspended.
    Held,
    /// Discarded by an operator, or not needed any more.
    Discarded,
}

impl DeliveryState {
    /// The word on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Held => "held",
            Self::Discarded => "discarded",
        }
    }
}

/// A delivery to be made, written in the transaction that causes it.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// System.
    pub system_id: String,
    /// What is asked of it.
    pub operation: Operation,
    /// The supplement or withdrawal at hand (sealed); null for a submission.
    pub message: Value,
    /// When it may first be tried.
    pub not_before: Timestamp,
}

/// A delivery in an operator's list: no personal data.
#[derive(Debug, Clone)]
pub struct DeliverySummary {
    /// Row id, ascending.
    pub id: i64,
    /// Case.
    pub case_no: String,
    /// System.
    pub system_id: String,
    /// Operation.
    pub operation: Operation,
    /// State.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// When created.
    pub created_at: Timestamp,
    /// Next attempt.
    pub next_at: Option<Timestamp>,
    /// Stable code of the last failure; empty when none.
    pub last_code: String,
    /// The last answer in plain words; partner text, no personal data of ours.
    pub last_words: String,
}

/// A delivery with all its attempts.
#[derive(Debug, Clone)]
pub struct DeliveryRecord {
    /// Summary.
    pub summary: DeliverySummary,
    /// The same in every attempt: `(system, case, id)` as the partner may see it.
    pub message_key: String,
    /// Attempts, oldest first.
    pub attempts: Vec<AttemptRecord>,
}

/// One attempt: exact bytes, opened.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    /// When it began.
    pub at: Timestamp,
    /// Name of the step (or `query`).
    pub step: String,
    /// Microseconds it took.
    pub took_us: i64,
    /// Stable code of the outcome: `accepted`, `refused`, `unavailable`, `not_sent`, `outcome_unknown`, …
    pub code: String,
    /// In plain words.
    pub words: String,
    /// Exact bytes sent: request line, headers (credentials masked), body.
    pub sent: Vec<u8>,
    /// Exact bytes received; empty when none.
    pub received: Vec<u8>,
}

/// A delivery that this worker has until the lease ends.
#[derive(Debug, Clone)]
pub struct LeasedDelivery {
    /// Row id.
    pub id: i64,
    /// Fencing token: every later write names it, a newer lease makes it void.
    pub fence: i64,
    /// Case.
    pub case_no: String,
    /// System.
    pub system_id: String,
    /// Operation.
    pub operation: Operation,
    /// Whether an attempt of unknown outcome came before (also: a lease that ended without a word after a step was begun).
    pub ask_first: bool,
    /// Whether a lease before this one ended without a word after a step was begun, and nobody has left a word since.
    pub interrupted: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// When created.
    pub created_at: Timestamp,
    /// The same in every attempt.
    pub message_key: String,
    /// What finished steps captured, by step name, and `begun`: the step whose request may have left.
    pub journal: Value,
    /// The supplement or withdrawal at hand.
    pub message: Value,
    /// Its case as it stood after the lease was taken; `None` when the case is not in the store.
    pub case: Option<Box<CaseRecord>>,
    /// Files of the case that no partner may have (yet).
    pub held: Vec<HeldMaterial>,
}

/// On which terms a system is delivered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemTerms {
    /// Deliveries under way at once, over all nodes.
    pub at_once: u32,
    /// How many more the node that looks takes on; 0 passes the system over.
    pub here: u32,
    /// How fast calls may follow each other, over all nodes; `None` is unlimited.
    pub pace: Option<Pace>,
    /// Version of the definition to which cases without one are pinned; 0 pins none.
    pub version: u32,
}

impl SystemTerms {
    /// So many at once, here and over all nodes, at any pace; nothing is pinned.
    #[must_use]
    pub fn up_to(at_once: u32) -> Self {
        Self {
            at_once,
            here: at_once,
            pace: None,
            version: 0,
        }
    }
}

/// A worker's look at the outbox.
#[derive(Clone)]
pub struct Look {
    /// Who looks.
    pub worker: String,
    /// When.
    pub now: Timestamp,
    /// Microseconds for which what is found is leased.
    pub lease_us: i64,
    /// Deliveries at most, all systems together.
    pub limit: u32,
    /// The terms of a system by its id.
    pub terms: Arc<dyn Fn(&str) -> SystemTerms + Send + Sync>,
}

impl Look {
    /// A look on the same terms for every system.
    #[must_use]
    pub fn with(
        worker: &str,
        now: Timestamp,
        lease_us: i64,
        limit: u32,
        terms: SystemTerms,
    ) -> Self {
        Self {
            worker: worker.to_owned(),
            now,
            lease_us,
            limit,
            terms: Arc::new(move |_| terms),
        }
    }
}

/// What a look found.
#[derive(Debug, Clone, Default)]
pub struct Leased {
    /// The deliveries that the worker has now, the most urgent first.
    pub deliveries: Vec<LeasedDelivery>,
    /// When more may be had without anything happening: the pace of a system, or a row that another write had for a moment.
    pub again_at: Option<Timestamp>,
}

/// How a leased delivery is left.
#[derive(Debug, Clone)]
pub enum DeliveryOutcome {
    /// The partner confirmed.
    Delivered {
        /// Its own number.
        partner_no: Option<String>,
    },
    /// Try again: `unknown` asks first.
    Again {
        /// When.
        at: Timestamp,
        /// Whether the outcome of this attempt is unknown.
        unknown: bool,
    },
    /// Needs a person.
    Dead,
}

/// Which deliveries an operator means.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only these ids.
    pub ids: Vec<i64>,
    /// System.
    pub system_id: Option<String>,
    /// States; empty = all.
    pub states: Vec<DeliveryState>,
    /// Case.
    pub case_no: Option<String>,
    /// Stable code of the last failure.
    pub last_code: Option<String>,
    /// Code of the item that was applied for; `*` stands for any run of characters.
    pub item: Option<String>,
    /// Created at this time or later.
    pub created_from: Option<Timestamp>,
    /// Created before this time.
    pub created_before: Option<Timestamp>,
    /// At most so many, oldest first; 0 = 100.
    pub limit: u32,
}

/// Counts for metrics and `with`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    /// System.
    pub system_id: String,
    /// Pending, sending, unknown and held.
    pub waiting: u64,
    /// Dead.
    pub dead: u64,
    /// The oldest waiting one.
    pub oldest: Option<Timestamp>,
}

/// Deliveries.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Leases due deliveries: never one behind an unfinished one (not delivered, not discarded) of the same case and system, never
    /// of a paused system, at most [`Look::limit`], of each system no more than its terms allow. Systems share the limit evenly; within a
    /// system the case whose clock ends first goes first, then what is due longest. Cases without a definition are pinned.
    async fn lease(&self, look: Look) -> Result<Leased, StoreError>;

    /// When the next delivery becomes due, for the worker's sleep.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Writes the journal before a step leaves and after it succeeded; false when the fence is void.
    async fn journal(&self, id: i64, fence: i64, journal: &Value) -> Result<bool, StoreError>;

    /// Records an attempt and leaves the delivery, with its last journal where there is a newer one; false when the fence is void
    /// (nothing written). `Delivered` also keeps the partner's number with the case.
    async fn finish(
        &self,
        id: i64,
        fence: i64,
        attempt: AttemptRecord,
        outcome: DeliveryOutcome,
        journal: Option<&Value>,
    ) -> Result<bool, StoreError>;

    /// Records an attempt of a step without leaving the delivery.
    async fn attempt(
        &self,
        id: i64,
        fence: i64,
        attempt: AttemptRecord,
    ) -> Result<bool, StoreError>;

    /// Deliveries for operators.
    async fn deliveries(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
    ) -> Result<Vec<DeliverySummary>, StoreError>;

    /// How many match, ignoring the limit, and the oldest.
    async fn count_deliveries(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
    ) -> Result<(u64, Option<Timestamp>), StoreError>;

    /// One delivery with its attempts.
    async fn delivery(&self, scope: &Scope, id: i64) -> Result<Option<DeliveryRecord>, StoreError>;

    /// Dead ones become pending (asking first when their last outcome was unknown); returns how many.
    async fn retry(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
        now: Timestamp,
        audit: NewAudit,
    ) -> Result<u64, StoreError>;

    /// Dead or pending ones are discarded; returns how many.
    async fn discard(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
        now: Timestamp,
        audit: NewAudit,
    ) -> Result<u64, StoreError>;

    /// Pauses or resumes a system: paused systems' deliveries show as `held`.
    async fn set_paused(
        &self,
        scope: &Scope,
        system_id: &str,
        paused: bool,
        audit: NewAudit,
    ) -> Result<(), StoreError>;

    /// Paused systems.
    async fn paused(&self) -> Result<Vec<String>, StoreError>;

    /// Depth of every system's queue.
    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError>;
}
