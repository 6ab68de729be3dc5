//! Bulk work on deliveries (批量作业): a job with its members, in the order in which they are released. Who decides what is next is
//! [`crate::processing::bulk`]; here is what stays true across restarts.
//!
//! Invariants: no delivery is in two open jobs; a job that was asked to stop releases nothing more, whoever asks; what no worker has
//! had when it stops is as it was before the job. Jobs belong to no one case: they are visible to [`Scope::Everything`] alone.

use super::StoreError;
use super::audit::NewAudit;
use super::delivery::DeliveryFilter;
use crate::identity::Scope;
use async_trait::async_trait;
use jiff::Timestamp;
use tongban_adapters::exchange::Operation;

/// Deliveries of one job at most: its rows are written in one transaction, which nobody else shall wait long for.
pub const BULK_MEMBERS_MAX: u32 = 10_000;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BulkKind {
    /// Dead deliveries are sent again.
    Retry,
    /// Dead and pending deliveries are given up.
    Discard,
}

impl BulkKind {
    /// The word on the wire, in metrics and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
        }
    }
}

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BulkState {
    /// Releases its members.
    Running,
    /// Releases nothing more; what is in flight is waited for.
    Stopping,
    /// Stopped before its end; may go on.
    Stopped,
    /// Nothing is left to do.
    Finished,
}

impl BulkState {
    /// The word on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Finished => "finished",
        }
    }
}

/// A delivery that a job could take: no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkCandidate {
    /// Delivery.
    pub id: i64,
    /// System.
    pub system_id: String,
    /// Operation.
    pub operation: Operation,
    /// Stable code of the last failure.
    pub last_code: String,
    /// When created.
    pub created_at: Timestamp,
    /// Whether it was sent before and nobody knows what became of it.
    pub doubtful: bool,
}

/// A job to begin.
#[derive(Debug, Clone)]
pub struct NewBulkJob {
    /// What it does.
    pub kind: BulkKind,
    /// Exactly these deliveries, in this order; at most [`BULK_MEMBERS_MAX`].
    pub deliveries: Vec<i64>,
    /// Between two releases at least, in microseconds; 0 = no throttle.
    pub interval_us: i64,
    /// The one system that all belong to, if it is one.
    pub system_id: Option<String>,
    /// The criteria in words, for whoever looks at the job.
    pub asked_for: String,
    /// When.
    pub created_at: Timestamp,
}

/// What became of a request to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkBegun {
    /// The job's id.
    Begun(i64),
    /// So many of the deliveries are no longer as the job needs them; nothing was begun.
    Changed(u64),
    /// So many of the deliveries are in this other job; nothing was begun.
    Overlaps {
        /// How many.
        count: u64,
        /// The job.
        job: i64,
    },
    /// As many jobs are open as there may be; nothing was begun.
    TooMany,
}

/// What became of a request to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkGoneOn {
    /// It runs again.
    Running,
    /// It is not stopped.
    NotStopped,
    /// So many of what it left are in this other job by now.
    Overlaps {
        /// How many.
        count: u64,
        /// The job.
        job: i64,
    },
    /// No such job.
    Unknown,
}

/// How many members stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BulkCounts {
    /// Not released yet.
    pub waiting: u64,
    /// Released; no outcome yet.
    pub released: u64,
    /// Tried without success; goes on by itself, as any delivery does.
    pub trying: u64,
    /// The partner confirmed.
    pub delivered: u64,
    /// Dead again.
    pub dead: u64,
    /// Still tried by itself when the job ended.
    pub again: u64,
    /// Given up.
    pub discarded: u64,
    /// No longer as the job needed it when its turn came: somebody else had dealt with it.
    pub gone: u64,
    /// Left as it was, because the job stopped.
    pub kept: u64,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkJob {
    /// Id, ascending.
    pub id: i64,
    /// What it does.
    pub kind: BulkKind,
    /// How it stands.
    pub state: BulkState,
    /// Stable code of why it stops or stopped; empty when nothing stops it.
    pub why: String,
    /// Between two releases at least, in microseconds.
    pub interval_us: i64,
    /// Whether an operator said that it goes on whatever became of the first.
    pub waived: bool,
    /// The one system that all belong to.
    pub system_id: Option<String>,
    /// When begun.
    pub created_at: Timestamp,
    /// When ended.
    pub ended_at: Option<Timestamp>,
    /// When the last member was released.
    pub last_released_at: Option<Timestamp>,
    /// The criteria in words.
    pub asked_for: String,
    /// Why it was begun.
    pub reason: String,
    /// Who began it: subject of the principal.
    pub actor: String,
    /// Its members.
    pub counts: BulkCounts,
    /// How many of the last outcomes in a row were no success, since it was begun or went on; counted up to 100.
    pub failures_in_a_row: u32,
}

/// Bulk jobs.
#[async_trait]
pub trait BulkStore: Send + Sync {
    /// Deliveries that match a filter and that a job of this kind applies to, oldest first, at most the filter's limit (0 =
    /// [`BULK_MEMBERS_MAX`]), and how many there are in all.
    async fn bulk_candidates(
        &self,
        scope: &Scope,
        kind: BulkKind,
        filter: &DeliveryFilter,
    ) -> Result<(u64, Vec<BulkCandidate>), StoreError>;

    /// Begins a job over exactly these deliveries, or nothing at all. The reason is the audit record's note, the actor its actor; its
    /// target becomes `job/{id}`.
    async fn begin_bulk(
        &self,
        scope: &Scope,
        new: NewBulkJob,
        open_max: u32,
        audit: NewAudit,
    ) -> Result<BulkBegun, StoreError>;

    /// The newest jobs, at most `limit`.
    async fn bulk_jobs(&self, scope: &Scope, limit: u32) -> Result<Vec<BulkJob>, StoreError>;

    /// One job.
    async fn bulk_job(&self, scope: &Scope, id: i64) -> Result<Option<BulkJob>, StoreError>;

    /// Jobs that run or stop, oldest first, after what became of their members' deliveries was noted.
    async fn open_bulk_jobs(&self) -> Result<Vec<BulkJob>, StoreError>;

    /// Releases the next members, at most `at_most`, unless the job does not run any more; returns how many. A member that is not
    /// as the job needs it is passed over as gone.
    async fn release_bulk(&self, id: i64, at_most: u32, now: Timestamp) -> Result<u64, StoreError>;

    /// Makes a running job stop: nothing more is released, and what no worker has had yet is taken back. False when it does not run.
    /// With an audit record when a person asked.
    async fn stop_bulk(
        &self,
        scope: &Scope,
        id: i64,
        why: &str,
        audit: Option<NewAudit>,
    ) -> Result<bool, StoreError>;

    /// Ends an open job: stopped when it was stopping, else finished. The audit record gets the totals as its note and the reason of
    /// a stop as its outcome. False when it is not open.
    async fn end_bulk(&self, id: i64, now: Timestamp, audit: NewAudit) -> Result<bool, StoreError>;

    /// Makes a stopped job go on with what it left, without waiting for a first one.
    async fn go_on_bulk(
        &self,
        scope: &Scope,
        id: i64,
        now: Timestamp,
        audit: NewAudit,
    ) -> Result<BulkGoneOn, StoreError>;
}
