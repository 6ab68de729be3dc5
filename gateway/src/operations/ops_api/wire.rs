//! The JSON of `/ops/v1`, as the room writes it and `tongban deliveries` reads it.

use super::wire_jobs::BulkCriteria;
use crate::store::delivery::{AttemptRecord, DeliveryRecord, DeliverySummary};
use data_encoding::BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `GET /ops/v1/deliveries`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryList {
    /// How many match in all.
    pub total: u64,
    /// Creation of the oldest that matches.
    pub oldest: Option<Timestamp>,
    /// The oldest of them, at most the limit.
    pub deliveries: Vec<DeliveryLine>,
}

/// One delivery in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryLine {
    /// Id.
    pub id: i64,
    /// Case.
    pub case_no: String,
    /// System.
    pub system: String,
    /// Operation.
    pub operation: String,
    /// State (contract 5).
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When created.
    pub created_at: Timestamp,
    /// Next attempt.
    pub next_at: Option<Timestamp>,
    /// Stable code of the last failure; empty when none.
    pub last_code: String,
    /// The last answer in plain words.
    pub last_words: String,
}

impl From<DeliverySummary> for DeliveryLine {
    fn from(summary: DeliverySummary) -> Self {
        Self {
            id: summary.id,
            case_no: summary.case_no,
            system: summary.system_id,
            operation: summary.operation.as_str().to_owned(),
            state: summary.state.as_str().to_owned(),
            attempts: summary.attempts,
            created_at: summary.created_at,
            next_at: summary.next_at,
            last_code: summary.last_code,
            last_words: summary.last_words,
        }
    }
}

/// `GET /ops/v1/deliveries/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    /// As in the list.
    #[serde(flatten)]
    pub line: DeliveryLine,
    /// The same in every attempt.
    pub message_key: String,
    /// Every attempt, oldest first.
    pub history: Vec<Attempt>,
}

impl From<DeliveryRecord> for DeliveryDetail {
    fn from(record: DeliveryRecord) -> Self {
        Self {
            line: record.summary.into(),
            message_key: record.message_key,
            history: record.attempts.into_iter().map(Attempt::from).collect(),
        }
    }
}

/// One attempt with the bytes on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// Step of the operation, or `query`.
    pub step: String,
    /// How long it took, in microseconds.
    pub took_us: i64,
    /// Stable code of the outcome.
    pub code: String,
    /// In plain words.
    pub words: String,
    /// What was sent, credentials masked.
    pub sent: Bytes,
    /// What was received.
    pub received: Bytes,
}

impl From<AttemptRecord> for Attempt {
    fn from(record: AttemptRecord) -> Self {
        Self {
            at: record.at,
            step: record.step,
            took_us: record.took_us,
            code: record.code,
            words: record.words,
            sent: Bytes::of(&record.sent),
            received: Bytes::of(&record.received),
        }
    }
}

/// Bytes for people and for machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// Read as UTF-8; what is none shows as replacement characters (a partner that writes GBK).
    pub text: String,
    /// Exactly, in base64 (RFC 4648, section 4).
    pub base64: String,
}

impl Bytes {
    fn of(bytes: &[u8]) -> Self {
        Self {
            text: String::from_utf8_lossy(bytes).into_owned(),
            base64: BASE64.encode(bytes),
        }
    }
}

/// `POST /ops/v1/deliveries/retry` and `/discard`: deliveries named by their ids, at once. By anything else they are only looked at
/// (`dry_run`); a job does the work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BulkRequest {
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
    /// At most so many, oldest first; 100 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Why, for the audit record. Not needed with `dry_run`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Only say what would happen.
    pub dry_run: bool,
}

impl BulkRequest {
    /// Which deliveries it means.
    #[must_use]
    pub fn criteria(&self) -> BulkCriteria {
        BulkCriteria {
            ids: self.ids.clone(),
            system: self.system.clone(),
            state: self.state.clone(),
            case: self.case.clone(),
            code: self.code.clone(),
            limit: self.limit,
            ..BulkCriteria::default()
        }
    }
}

/// What a bulk change would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// How many match.
    pub count: u64,
    /// How many the change would take at once: the limit, or all.
    pub at_once: u64,
    /// Creation of the oldest.
    pub oldest: Option<Timestamp>,
    /// Of those taken at once, how many were sent with an outcome that nobody knows: sending them again may repeat them, unless
    /// the partner can be asked first.
    pub repeats: u64,
}

/// What a bulk change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// How many deliveries.
    pub changed: u64,
}

/// `POST /ops/v1/systems/{id}/pause` and `/resume`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasoned {
    /// Why, for the audit record.
    pub reason: String,
}

/// The answer to pausing and resuming.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemPaused {
    /// System.
    pub system: String,
    /// Whether it is paused now.
    pub paused: bool,
    /// Deliveries that wait for it.
    pub waiting: u64,
}

/// `GET /ops/v1/feedback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedList {
    /// Newest first.
    pub rejected: Vec<RejectedMessage>,
    /// What waits for its predecessor, newest first.
    pub held: Vec<HeldMessage>,
    /// What could not even be understood, newest first.
    pub unread: Vec<UnreadMessage>,
}

/// A message that waits for its predecessor, by its key: nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldMessage {
    /// Row id.
    pub id: i64,
    /// System.
    pub system: String,
    /// Our number of the case.
    pub case_no: String,
    /// Type of event.
    pub r#type: String,
    /// Serial.
    pub serial: String,
    /// Data version.
    pub data_version: u32,
    /// When received.
    pub received_at: Timestamp,
    /// Until when it waits; then it is back-filled or rejected.
    pub held_until: Option<Timestamp>,
}

/// A message that could not be understood (a code in no table, a field that is missing, bytes that are no message): nothing of
/// its content but what was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadMessage {
    /// Row id.
    pub id: i64,
    /// System.
    pub system: String,
    /// Our number of the case; empty when it could not be told.
    pub case_no: String,
    /// `callback` or `poll`.
    pub way: String,
    /// Stable code.
    pub code: String,
    /// What could not be understood, with the place in the definition.
    pub reason: String,
    /// When it came first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
    /// How often the same came.
    pub times: u64,
    /// How many bytes are kept of it.
    pub bytes: usize,
}

/// A message that was rejected, by its key: nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedMessage {
    /// Row id.
    pub id: i64,
    /// System.
    pub system: String,
    /// Case as the partner named it.
    pub case_no: String,
    /// Type of event.
    pub r#type: String,
    /// Serial.
    pub serial: String,
    /// Data version.
    pub data_version: u32,
    /// Stable code.
    pub code: String,
    /// When received.
    pub received_at: Timestamp,
}
