//! Alerts (告警) about partners and their messages: rows, so that a restart forgets none and several nodes send one.

use super::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;

/// An alert about to be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlert {
    /// The partner's system.
    pub system_id: String,
    /// Which threshold was passed: `deadline`, `oldest`, `dead`, `tries`.
    pub kind: &'static str,
    /// What was measured: seconds, or a count.
    pub value: i64,
    /// The threshold.
    pub bound: i64,
    /// When.
    pub at: Timestamp,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRecord {
    /// Row id.
    pub id: i64,
    /// The partner's system.
    pub system_id: String,
    /// Which threshold was passed.
    pub kind: String,
    /// What was measured.
    pub value: i64,
    /// The threshold.
    pub bound: i64,
    /// When it was raised.
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
}

/// A message that this node sends until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedMessage {
    /// Row id: the same in every attempt, so that a receiver can drop repeats.
    pub id: i64,
    /// Fencing token.
    pub fence: i64,
    /// `opened` or `resolved`.
    pub word: String,
    /// `webhook` or `email`.
    pub channel: String,
    /// Attempts, this one included.
    pub attempts: u32,
    /// What it is about.
    pub alert: AlertRecord,
}

/// How a message is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageOutcome {
    /// The receiver took it.
    Sent,
    /// Again at this time.
    Again(Timestamp),
    /// Given up.
    GivenUp,
}

/// Alerts.
#[async_trait]
pub trait AlertStore: Send + Sync {
    /// Alerts that are open.
    async fn open_alerts(&self) -> Result<Vec<AlertRecord>, StoreError>;

    /// Raises an alert with a message to each channel, due at `due_at`; false when one of this system is open, and nothing is written.
    async fn raise_alert(
        &self,
        alert: NewAlert,
        channels: &[&'static str],
        due_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Ends an alert with a message to each channel that heard of it, due at `due_at`; false when it has ended before. A message
    /// that it was raised and that nobody has tried to send goes with it: who heard of nothing need not hear that it is over.
    async fn resolve_alert(
        &self,
        id: i64,
        at: Timestamp,
        due_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Leases due messages of these channels, oldest first.
    async fn lease_alert_messages(
        &self,
        channels: &[&'static str],
        now: Timestamp,
        lease_us: i64,
        limit: u32,
    ) -> Result<Vec<LeasedMessage>, StoreError>;

    /// Leaves a leased message; false when the fence is void.
    async fn settle_alert_message(
        &self,
        id: i64,
        fence: i64,
        outcome: MessageOutcome,
    ) -> Result<bool, StoreError>;
}
