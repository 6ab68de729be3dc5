//! What can be seen from outside when all is over, as plain values: the other side of the bookkeeping.

use serde_json::Value;

/// An event of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventSeen {
    pub(crate) seq: u64,
    pub(crate) kind: String,
    /// The number of the event whose place it took.
    pub(crate) supersedes: Option<u64>,
}

/// A case, as its applicant is shown it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseSeen {
    pub(crate) no: String,
    /// HTTP status of the look: 200, or why nothing is known.
    pub(crate) status: u16,
    pub(crate) state: String,
    pub(crate) result: String,
    pub(crate) events: Vec<EventSeen>,
    /// Every clock as `/deadlines` shows it.
    pub(crate) clocks: Vec<Value>,
}

/// A case, as its partner has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartnerCase {
    pub(crate) kind: String,
    pub(crate) number: String,
    /// How often the application was registered.
    pub(crate) effects: u64,
    /// How often each supplement had its effect.
    pub(crate) supplement_effects: Vec<u64>,
    pub(crate) withdrawal_effects: u64,
    /// Phases of the requests in the order of their coming; the last twenty.
    pub(crate) requests: Vec<String>,
    /// What the partner found wrong with what it got.
    pub(crate) complaints: Vec<String>,
}

/// One attempt at a delivery, as the operators are shown it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AttemptSeen {
    /// When it began, as it was told (RFC 3339).
    pub(crate) at: String,
    /// Step of the operation, or `query`.
    pub(crate) step: String,
    /// Stable code of its outcome.
    pub(crate) code: String,
    /// The outcome in plain words.
    pub(crate) words: String,
}

/// A delivery that is not settled.
#[derive(Debug, Clone)]
pub(crate) struct OpenDelivery {
    /// Its id in the operators' lists.
    pub(crate) id: u64,
    pub(crate) case_no: String,
    pub(crate) operation: String,
    pub(crate) state: String,
    pub(crate) code: String,
    /// The last attempts, oldest first: from them the cause is read.
    pub(crate) attempts: Vec<AttemptSeen>,
}

/// A partner's message that is listed as not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) case_no: String,
    pub(crate) kind: String,
    pub(crate) code: String,
}

/// Everything that was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// Applications in the store, counted by their hand-overs.
    pub(crate) stored: u64,
    pub(crate) cases: Vec<CaseSeen>,
    pub(crate) partners: Vec<PartnerCase>,
    pub(crate) open: Vec<OpenDelivery>,
    pub(crate) refused: Vec<Refused>,
}
