//! Recomputations of open clocks (时限重算) after a change of the calendar, and how far each is.
//!
//! Invariants: the newest one counts, every other has ended; of two nodes that begin the next at once, one does; where it stands is
//! only moved forward, and by nobody once a newer one has begun.

use super::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use tongban_catalog::calendar::Calendar;

/// How a recomputation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecomputationState {
    /// Cases are still to be looked at.
    Running,
    /// Every case was looked at.
    Finished,
    /// The calendar changed again before its end; the next one looks at its cases too.
    Superseded,
}

impl RecomputationState {
    /// The word on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Superseded => "superseded",
        }
    }
}

/// Which cases the changed days can touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// Clocks that are due up to here were counted without the changed days.
    pub due_from: Timestamp,
    /// Open cases whose clocks are over may be touched too.
    pub overdue: bool,
}

/// A recomputation to begin.
#[derive(Debug, Clone)]
pub struct NewRecomputation {
    /// The one that was the newest when this was decided; `None`: there was none.
    pub after: Option<i64>,
    /// The calendar that it aims at.
    pub calendar: Calendar,
    /// Titles of the notices that changed it.
    pub notices: Vec<String>,
    /// Which cases are looked at.
    pub touched: Touched,
    /// How many these are.
    pub total: u64,
    /// When it begins.
    pub at: Timestamp,
}

/// What was done so far, or in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecomputationCounts {
    /// Cases looked at.
    pub looked_at: u64,
    /// Those of them whose clocks were counted otherwise.
    pub changed: u64,
    /// Those of them that could not be computed; each is logged.
    pub failed: u64,
}

/// A recomputation as stored.
#[derive(Debug, Clone)]
pub struct Recomputation {
    /// Its number, ascending.
    pub id: i64,
    /// The calendar that it aims at.
    pub calendar: Calendar,
    /// The calendar that the one before it aimed at; `None` with the first.
    pub before: Option<Calendar>,
    /// Titles of the notices that changed it.
    pub notices: Vec<String>,
    /// Which cases are looked at.
    pub touched: Touched,
    /// How it stands.
    pub state: RecomputationState,
    /// Row of the last case that was looked at; what follows is still to do.
    pub last_case: i64,
    /// Cases to be looked at, counted when it began.
    pub total: u64,
    /// What was done.
    pub counts: RecomputationCounts,
    /// When it began.
    pub started_at: Timestamp,
    /// When its last case was looked at.
    pub finished_at: Option<Timestamp>,
}

/// A case to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseToRecompute {
    /// Its row: what [`Recomputation::last_case`] becomes after it.
    pub row: i64,
    /// Its number.
    pub case_no: String,
}

/// Recomputations.
#[async_trait]
pub trait RecomputationStore: Send + Sync {
    /// The newest; `None` before the first.
    async fn recomputation(&self) -> Result<Option<Recomputation>, StoreError>;

    /// How many cases the changed days can touch.
    async fn cases_touched(&self, touched: Touched) -> Result<u64, StoreError>;

    /// Begins one and ends what it supersedes; false when another one was begun meanwhile.
    async fn begin_recomputation(&self, new: NewRecomputation) -> Result<bool, StoreError>;

    /// The next cases after the row `last_case`, in the order of rows, at most `limit`.
    async fn cases_to_recompute(
        &self,
        touched: Touched,
        last_case: i64,
        limit: u32,
    ) -> Result<Vec<CaseToRecompute>, StoreError>;

    /// Moves a running one from `from` to `to` and adds what was done; false when somebody else did, or it has ended.
    async fn advance_recomputation(
        &self,
        id: i64,
        (from, to): (i64, i64),
        done: RecomputationCounts,
    ) -> Result<bool, StoreError>;

    /// Ends a running one that stands at `last_case`; false when it does not.
    async fn finish_recomputation(
        &self,
        id: i64,
        last_case: i64,
        at: Timestamp,
    ) -> Result<bool, StoreError>;
}
