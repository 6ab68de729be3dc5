//! What a definition says about the partner itself: who it is, how fast, how long, how often. Plain values for delivery.

use std::time::Duration;

/// Where the partner stands (`kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemKind {
    /// A department's own system (部门业务系统).
    Department,
    /// A city's intake platform (市级统一申办受理平台).
    City,
    /// A national vertical system (国家垂直系统).
    National,
}

impl SystemKind {
    /// The word in the definition.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::City => "city",
            Self::National => "national",
        }
    }
}

/// How the partner speaks (`protocol`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON, forms and queries over HTTP.
    Rest,
    /// SOAP 1.1 or 1.2.
    Soap,
    /// XML over HTTP, raw or in a form field.
    Xml,
}

impl Protocol {
    /// The word in the definition.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Soap => "soap",
            Self::Xml => "xml",
        }
    }
}

/// What 转报 (result 4) means for this partner (`forward`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Forward {
    /// It ends the case (domain row 19).
    #[default]
    Close,
    /// It is a step; the case goes on (`forwarded`).
    Step,
}

/// At most this many calls in that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls.
    pub calls: u32,
    /// In this time.
    pub per: Duration,
}

/// How much the partner takes (`limits`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartnerLimits {
    /// Calls a time; `None` is unlimited.
    pub rate: Option<Rate>,
    /// Calls at once above the rate.
    pub burst: u32,
    /// Calls in flight.
    pub concurrency: u32,
    /// Opening hours of the interface in Asia/Shanghai, `[from, to)`; `None` is always.
    pub window: Option<(jiff::civil::Time, jiff::civil::Time)>,
}

impl Default for PartnerLimits {
    fn default() -> Self {
        Self {
            rate: None,
            burst: 1,
            concurrency: 4,
            window: None,
        }
    }
}

/// How long a call may take (`timeout`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands. Default 3 s.
    pub connect: Duration,
    /// Without any progress. Default 15 s.
    pub idle: Duration,
    /// All of it. Default 2 min.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(120),
        }
    }
}

/// How often a failed call is tried again (`retry`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// First wait. Default 1 s.
    pub initial: Duration,
    /// Each next wait is this many times longer. Default 2.
    pub factor: f64,
    /// Longest wait. Default 30 min.
    pub max: Duration,
    /// Give up after this time, counted in the partner's open hours; `None` (the default) never.
    pub give_up_after: Option<Duration>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            factor: 2.0,
            max: Duration::from_secs(1800),
            give_up_after: None,
        }
    }
}

/// How often an open case is asked about (`poll`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollPolicy {
    /// Time between two questions about one case.
    pub every: Duration,
    /// Time between hand-over and the first question; `every` where the definition is silent.
    pub first: Duration,
}
