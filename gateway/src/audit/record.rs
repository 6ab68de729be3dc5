//! A record (审计记录): the bytes of an audit row that are hashed into its leaf, in a form that can be shown to whoever holds a receipt.
//!
//! One JSON text in a fixed order without white space; what is hashed is the text itself, so nobody needs to write it the same way
//! again. What only the hall may see (the row of the application, the sealed content) goes in as one digest.

use super::merkle::{Hash, leaf_hash};
use crate::store::seal::StoredAudit;
use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// The `type` of records of this shape.
pub const RECORD_TYPE: &str = "tongban/audit-record/1";

/// The action of the record that an application's receipt is proven with.
pub const SUBMIT_ACTION: &str = "application.submit";

/// A record. The order of its members is part of the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`RECORD_TYPE`].
    pub r#type: String,
    /// Row id.
    pub id: i64,
    /// When, in microseconds since 1970 UTC.
    pub at_us: i64,
    /// Kind of principal.
    pub actor_kind: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// Organisation of the target; empty when there is none.
    pub organisation_id: String,
    /// System at hand.
    pub system_id: Option<String>,
    /// Id of the request.
    pub request_id: String,
    /// How it ended.
    pub outcome: String,
    /// SHA-256, lower-case hex, of the application's row id (8 bytes, big-endian; -1 when there is none) and the sealed content.
    pub hidden_sha256: String,
}

impl Record {
    /// The record of a stored row.
    #[must_use]
    pub fn of(row: &StoredAudit) -> Self {
        let mut hidden = Context::new(&SHA256);
        hidden.update(&row.application_id.unwrap_or(-1).to_be_bytes());
        hidden.update(&row.content);
        Self {
            r#type: RECORD_TYPE.to_owned(),
            id: row.id,
            at_us: row.at,
            actor_kind: row.actor_kind.clone(),
            action: row.action.clone(),
            target: row.target.clone(),
            organisation_id: row.organisation_id.clone(),
            system_id: row.system_id.clone(),
            request_id: row.request_id.clone(),
            outcome: row.outcome.clone(),
            hidden_sha256: HEXLOWER.encode(hidden.finish().as_ref()),
        }
    }

    /// The text that is hashed.
    #[must_use]
    pub fn text(&self) -> String {
        // Strings and numbers alone: serde_json has nothing to refuse.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The leaf of a stored row.
#[must_use]
pub fn leaf_of(row: &StoredAudit) -> Hash {
    leaf_hash(Record::of(row).text().as_bytes())
}
