//! What the tester wants, and why there may be no report.

use super::checks::Breach;
use super::condition::Condition;
use super::connection::{Fault, Trust, TrustError};
use super::items::ItemError;
use super::latencies::LatencyError;
use super::numbers::NumbersError;
use super::operation::Mix;
use super::preparation::Materials;
use super::schedule::{Arrivals, Plan, PlanError};
use super::target::{Reach, Target, TargetError};
use crate::entropy::EntropyError;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use std::path::PathBuf;
use std::time::Duration;

/// Lanes of a run.
pub const LANES_MAX: usize = 64;
/// Connections of a run.
pub const CONNECTIONS_MAX: usize = 20_000;

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Loop {
    /// Each at its time, whatever the hall does.
    Open(Plan),
    /// Each when the last answer of its connection has come.
    Closed {
        /// For how long.
        duration: Duration,
    },
}

/// A search for the highest rate.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchSettings {
    /// What must not be so at a rate that is kept.
    pub unless: Vec<Condition>,
    /// The highest rate that is tried, requests a second.
    pub rate_max: f64,
}

/// What the tester wants.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The hall.
    pub target: Target,
    /// Whether it may be elsewhere.
    pub reach: Reach,
    /// Whom TLS believes.
    pub trust: Trust,
    /// What is asked of it.
    pub mix: Mix,
    /// When.
    pub pace: Loop,
    /// Before anything counts.
    pub warm_up: Duration,
    /// Connections, all kept alive.
    pub connections: usize,
    /// Threads; `None` for as many as the rate needs.
    pub threads: Option<usize>,
    /// An answer takes no longer.
    pub timeout: Duration,
    /// Of everything that is drawn.
    pub seed: u64,
    /// Codes of items; empty for all that are open.
    pub items: Vec<String>,
    /// Whether items that need materials are applied for.
    pub materials: Materials,
    /// Size of a sample material.
    pub material_bytes: usize,
    /// Share of applications sent again.
    pub repeat_share: f64,
    /// Share of receipts verified.
    pub receipt_share: f64,
    /// Applications made for status reads, where none are known.
    pub prepared: usize,
    /// Applications that are known.
    pub numbers: Option<PathBuf>,
    /// Where new ones are written.
    pub write_numbers: Option<PathBuf>,
    /// Whole paths of the pass-through.
    pub paths: Vec<String>,
    /// Method of the pass-through.
    pub method: Method,
    /// Body of the pass-through.
    pub body: Bytes,
    /// Sent with every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// A client that was later than this at p99.9 has measured itself.
    pub late_max: Duration,
    /// Conditions under which the run has failed.
    pub fail_if: Vec<Condition>,
    /// A search instead of one run.
    pub search: Option<SearchSettings>,
}

impl Settings {
    /// The usual settings: see `tongban load --help`. Nothing is checked beyond numbers and addresses, and nothing stays behind.
    #[must_use]
    pub fn new(target: Target, mix: Mix, pace: Loop) -> Self {
        Self {
            target,
            reach: Reach::Loopback,
            trust: Trust::System,
            mix,
            pace,
            warm_up: Duration::ZERO,
            connections: 128,
            threads: None,
            timeout: Duration::from_secs(20),
            seed: 1,
            items: Vec::new(),
            materials: Materials::Upload,
            material_bytes: 1_024,
            repeat_share: 0.0,
            receipt_share: 0.0,
            prepared: 50,
            numbers: None,
            write_numbers: None,
            paths: Vec::new(),
            method: Method::GET,
            body: Bytes::new(),
            headers: Vec::new(),
            late_max: Duration::from_millis(10),
            fail_if: Vec::new(),
            search: None,
        }
    }
}

impl Loop {
    /// How long it runs after the warm-up.
    #[must_use]
    pub fn duration(self) -> Duration {
        match self {
            Self::Open(plan) => plan.duration,
            Self::Closed { duration } => duration,
        }
    }

    /// The rate that is asked for at a time of the run; nothing in a closed loop.
    #[must_use]
    pub fn rate_at(self, elapsed: Duration) -> Option<f64> {
        let Self::Open(plan) = self else { return None };
        let passed = (elapsed.as_secs_f64() / plan.duration.as_secs_f64()).min(1.0);
        Some(plan.from_per_second + (plan.to_per_second - plan.from_per_second) * passed)
    }

    /// How arrivals are spread, where they have a time of their own.
    #[must_use]
    pub fn arrivals(self) -> Option<Arrivals> {
        match self {
            Self::Open(plan) => Some(plan.arrivals),
            Self::Closed { .. } => None,
        }
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Whom to call.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// TLS.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// When to call.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The file of numbers.
    #[error(transparent)]
    Numbers(#[from] NumbersError),
    /// No sample application can be made.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// No histogram.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The hall does not answer.
    #[error("{url} does not answer: {fault}; is the gateway running there?")]
    Unreachable {
        /// Where.
        url: String,
        /// What happened.
        fault: Fault,
    },
    /// The hall answers otherwise than the contract says.
    #[error("before the run, {what}: {answer}")]
    Unexpected {
        /// What was asked.
        what: String,
        /// What came.
        answer: String,
    },
    /// No such item.
    #[error("the hall has no item {0}")]
    UnknownItem(String),
    /// An item that takes no applications.
    #[error("item {0} takes no applications at present")]
    ItemNotOpen(String),
    /// Nothing to apply for.
    #[error(
        "the hall has no open item that fits; `tongban apply config` registers items, and --no-materials leaves out those that need any"
    )]
    NoItem,
    /// A promise broken before the run began.
    #[error(transparent)]
    Breach(Breach),
    /// Told to stop before anything was measured.
    #[error("stopped before anything was measured")]
    Stopped,
    /// A thread could not be started or has fallen over.
    #[error("a thread of the load failed: {0}")]
    Thread(std::io::Error),
}
