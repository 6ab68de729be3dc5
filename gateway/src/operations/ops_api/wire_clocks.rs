//! The JSON of `/ops/v1/clocks`, as the room writes it and `tongban clocks` reads it.

use crate::store::recomputation::{Recomputation, RecomputationState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// By which calendar open clocks are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClocksView {
    /// When this was asked.
    pub at: Timestamp,
    /// Version of the calendar that this node has loaded.
    pub calendar: String,
    /// Version of the calendar that is registered; another one: this node is to be reloaded.
    pub registered: String,
    /// The newest recomputation; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recomputation: Option<RecomputationView>,
}

/// A recomputation and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecomputationView {
    /// Its number.
    pub id: i64,
    /// Version of the calendar that it aims at.
    pub calendar: String,
    /// Titles of the notices that changed it.
    pub notices: Vec<String>,
    /// `running`, `finished` or `superseded`.
    pub state: String,
    /// Cases to be looked at, counted when it began.
    pub total: u64,
    /// Cases looked at.
    pub looked_at: u64,
    /// Those of them whose clocks were counted otherwise.
    pub changed: u64,
    /// Those of them that could not be computed.
    pub failed: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Seconds that it still takes at its rate so far; absent while nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
}

impl RecomputationView {
    /// As it stands at `now`.
    #[must_use]
    pub fn of(run: &Recomputation, now: Timestamp) -> Self {
        Self {
            id: run.id,
            calendar: run.calendar.version().to_owned(),
            notices: run.notices.clone(),
            state: run.state.as_str().to_owned(),
            total: run.total,
            looked_at: run.counts.looked_at,
            changed: run.counts.changed,
            failed: run.counts.failed,
            started_at: run.started_at,
            finished_at: run.finished_at,
            seconds_left: seconds_left(run, now),
        }
    }
}

fn seconds_left(run: &Recomputation, now: Timestamp) -> Option<u64> {
    if run.state != RecomputationState::Running || run.counts.looked_at == 0 {
        return None;
    }
    let taken = u64::try_from(now.duration_since(run.started_at).as_secs()).ok()?;
    let left = u128::from(run.total.saturating_sub(run.counts.looked_at));
    u64::try_from(left * u128::from(taken) / u128::from(run.counts.looked_at)).ok()
}
