//! The JSON of `/ops/v1/jobs`, as the room writes it and `tongban deliveries` reads it.

use crate::store::bulk::{BulkJob, BulkState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which deliveries are meant: those that fit all that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BulkCriteria {
    /// Only these ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<i64>,
    /// System.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Stable code of the last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Code of the item; `*` stands for any run of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Created at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Created before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    /// At most so many, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl BulkCriteria {
    /// Whether anything but the limit is named.
    #[must_use]
    pub fn names_something(&self) -> bool {
        let unlimited = Self {
            limit: None,
            ..self.clone()
        };
        unlimited != Self::default()
    }

    /// In words, for whoever looks at a job later: `system=gd-explosives code=refused`.
    #[must_use]
    pub fn words(&self) -> String {
        let ids = (!self.ids.is_empty()).then(|| format!("{} ids", self.ids.len()));
        let named = [
            ("system", self.system.clone()),
            ("state", self.state.clone()),
            ("case", self.case.clone()),
            ("code", self.code.clone()),
            ("item", self.item.clone()),
            ("from", self.from.map(|t| t.to_string())),
            ("before", self.before.map(|t| t.to_string())),
            ("limit", self.limit.map(|n| n.to_string())),
        ];
        let named = named
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
        ids.into_iter().chain(named).collect::<Vec<_>>().join(" ")
    }
}

/// `POST /ops/v1/jobs/preview`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobRequest {
    /// `retry` or `discard`.
    pub kind: String,
    /// Which deliveries.
    pub criteria: BulkCriteria,
    /// Deliveries a second at most; 5 when absent. A slower limit of the system goes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
}

/// How many of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// A system's id, or a stable code.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// What a job would do. Begin it with the token: then it does exactly this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobPreview {
    /// Stands for exactly these deliveries, at this rate.
    pub token: String,
    /// Until when it can be begun.
    pub valid_until: Timestamp,
    /// `retry` or `discard`.
    pub kind: String,
    /// How many match.
    pub count: u64,
    /// How many the job takes: all, or the oldest up to the limit.
    pub taken: u64,
    /// Creation of the oldest of those.
    pub oldest: Option<Timestamp>,
    /// Creation of the newest of those.
    pub newest: Option<Timestamp>,
    /// By system, most first.
    pub by_system: Vec<Tally>,
    /// By code of the last failure, most first.
    pub by_code: Vec<Tally>,
    /// Sent before with an outcome that nobody knows, and the partner cannot be asked: sending them again may repeat them.
    pub repeats: u64,
    /// Sent before with an outcome that nobody knows; the partner is asked first.
    pub asked_first: u64,
    /// Deliveries a second; absent when nothing is sent.
    pub rate: Option<f64>,
    /// The system whose own limit made the rate slower than asked.
    pub rate_limited_by: Option<String>,
    /// How long it takes at this rate, in seconds.
    pub seconds: u64,
}

/// `POST /ops/v1/jobs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobStart {
    /// Of the preview.
    pub token: String,
    /// Why, for the audit record.
    pub reason: String,
}

/// `GET /ops/v1/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobList {
    /// Newest first.
    pub jobs: Vec<JobView>,
}

/// One job: how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    /// Id.
    pub id: i64,
    /// `retry` or `discard`.
    pub kind: String,
    /// `running`, `stopping`, `stopped` or `finished`.
    pub state: String,
    /// Why it stops or stopped: `operator`, `first_dead`, `failing`; empty when nothing stops it.
    pub why: String,
    /// What was asked for.
    pub asked_for: String,
    /// Why it was begun.
    pub reason: String,
    /// Who began it.
    pub by: String,
    /// When begun.
    pub created_at: Timestamp,
    /// When ended.
    pub ended_at: Option<Timestamp>,
    /// Deliveries a second at most; absent when nothing is sent.
    pub rate: Option<f64>,
    /// All its deliveries.
    pub total: u64,
    /// Released so far.
    pub released: u64,
    /// Released, without an outcome yet.
    pub in_flight: u64,
    /// The partner confirmed.
    pub delivered: u64,
    /// Dead again.
    pub dead: u64,
    /// Tried without success; goes on by itself.
    pub trying: u64,
    /// Given up.
    pub discarded: u64,
    /// Somebody else had dealt with it when its turn came.
    pub gone: u64,
    /// Not released yet; once it has stopped: left as they were.
    pub left: u64,
    /// Seconds until the last one is released, at this rate; absent when nothing more is released.
    pub seconds_left: Option<u64>,
}

impl From<BulkJob> for JobView {
    fn from(job: BulkJob) -> Self {
        let counts = job.counts;
        let outcomes =
            counts.delivered + counts.dead + counts.trying + counts.again + counts.discarded;
        let released = outcomes + counts.released;
        let left = counts.waiting + counts.kept;
        let running = job.state == BulkState::Running;
        let interval_us = u64::try_from(job.interval_us).unwrap_or(0);
        Self {
            id: job.id,
            kind: job.kind.as_str().to_owned(),
            state: job.state.as_str().to_owned(),
            why: job.why,
            asked_for: job.asked_for,
            reason: job.reason,
            by: job.actor,
            created_at: job.created_at,
            ended_at: job.ended_at,
            rate: per_second(job.interval_us),
            total: released + left + counts.gone,
            released,
            in_flight: counts.released,
            delivered: counts.delivered,
            dead: counts.dead,
            trying: counts.trying + counts.again,
            discarded: counts.discarded,
            gone: counts.gone,
            left,
            seconds_left: running.then(|| seconds(counts.waiting, interval_us)),
        }
    }
}

/// How long so many take, in seconds, rounded up.
pub(super) fn seconds(count: u64, interval_us: u64) -> u64 {
    count.saturating_mul(interval_us).div_ceil(1_000_000)
}

/// The rate of an interval, to a thousandth; `None` without a throttle.
pub(super) fn per_second(interval_us: i64) -> Option<f64> {
    (interval_us > 0).then(|| (1e9 / interval_us as f64).round() / 1e3)
}
