//! The JSON of `/ops/v1/keys`, as the room writes it and `tongban key` reads it.

use crate::store::api_key::ApiKeyRecord;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `POST /ops/v1/keys`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyRequest {
    /// `partner`, `agent`, `engineer` or `operator`.
    pub role: String,
    /// Id of the system, or name of the program.
    pub name: String,
    /// Organisation of an engineer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// From when it counts; now when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Until when; a year when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What for: kept with the key and in the audit record.
    pub reason: String,
}

/// `POST /ops/v1/keys/{id}/rotate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RotationRequest {
    /// Seconds for which the old key counts on; seven days when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap_s: Option<u32>,
    /// Until when the new one counts; as long as the old one was to when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

/// A key in a list: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLine {
    /// Public part.
    pub id: String,
    /// `valid`, `not_yet`, `expired`, `revoked`.
    pub state: String,
    /// Role.
    pub role: String,
    /// System or program.
    pub name: String,
    /// Organisation of an engineer.
    pub organisation: Option<String>,
    /// When made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// What for.
    pub note: String,
    /// From when it counts.
    pub not_before: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The key that replaces it.
    pub replaced_by: Option<String>,
    /// Last use, to the hour.
    pub last_used_at: Option<Timestamp>,
}

impl KeyLine {
    /// How a key stands at `now`.
    #[must_use]
    pub fn of(record: ApiKeyRecord, now: Timestamp) -> Self {
        let window = record.window;
        Self {
            state: window.standing(now).as_str().to_owned(),
            role: record.holder.role().to_owned(),
            name: record.holder.name().to_owned(),
            organisation: record.holder.organisation().map(str::to_owned),
            id: record.id,
            created_at: record.created_at,
            created_by: record.created_by,
            note: record.note,
            not_before: window.not_before,
            expires_at: window.expires_at,
            revoked_at: window.revoked_at,
            replaced_by: record.replaced_by,
            last_used_at: record.last_used_at,
        }
    }
}

/// `GET /ops/v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    /// Oldest first.
    pub keys: Vec<KeyLine>,
    /// Ids of rows that no gateway with this master key wrote so; they let nobody in and can be revoked.
    pub unreadable: Vec<String>,
}

/// A key that was just made: the one answer that ever holds its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeKey {
    /// All of it.
    pub key: String,
    /// What is known of it.
    pub made: KeyLine,
    /// The one that it replaces, with its new end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<KeyLine>,
}

impl std::fmt::Debug for MadeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeKey")
            .field("made", &self.made)
            .field("replaces", &self.replaces)
            .finish_non_exhaustive()
    }
}
