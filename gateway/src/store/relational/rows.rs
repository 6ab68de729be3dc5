//! Rows and what they become: scopes as `WHERE`, the places that bind sealed columns to their rows, the case row.

use super::dialect::{Db, DbConnection, DbRow};
use super::{StoreError, broken, place};
use crate::identity::Scope;
use crate::store::case::CaseRecord;
use crate::store::sealed::{DataKey, Place, Sealed, Vault};
use jiff::Timestamp;
use sqlx::{QueryBuilder, Row};
use std::collections::HashMap;
use uuid::Uuid;

/// Adds `scope` to a query over `application a` and `case_record c`; `system` is the column that says whose row it is.
/// Says in SQL what [`crate::store::visible`] says in Rust.
pub(super) fn restrict(
    query: &mut QueryBuilder<Db>,
    scope: &Scope,
    vault: &Vault,
    system: &'static str,
) {
    match scope {
        Scope::Everything => {}
        Scope::Nothing => {
            query.push(" AND 1 = 0");
        }
        Scope::Organisations(ids) => {
            query
                .push(concat!(" AND c.organisation_id IN ", list_begin!()))
                .push_bind(json_list(ids.iter().map(String::as_str)))
                .push(list_end!());
        }
        Scope::Subject(subject) => {
            let digest = subject_digest(vault, subject);
            query
                .push(" AND (a.owner_digest = ")
                .push_bind(digest.clone())
                .push(" OR a.agent_digest = ")
                .push_bind(digest)
                .push(")");
        }
        Scope::Application(no) => {
            query
                .push(" AND a.application_no = ")
                .push_bind(no.to_owned());
        }
        Scope::System(id) => {
            query
                .push(" AND ")
                .push(system)
                .push(" = ")
                .push_bind(id.to_owned());
        }
    }
}

/// A list of words as one bound value, for the dialect's `texts!`.
pub(super) fn json_list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from(words.collect::<Vec<_>>()).to_string()
}

pub(super) fn subject_digest(vault: &Vault, subject: &str) -> Vec<u8> {
    vault.digest("subject", &[subject.as_bytes()])
}

/// Digest by which an identity number is found: spaces around it and the case of letters (the check digit X) do not matter.
pub(super) fn identity_digest(vault: &Vault, number: &str) -> Vec<u8> {
    vault.digest(
        "identity number",
        &[number.trim().to_uppercase().as_bytes()],
    )
}

pub(super) fn phone_digest(vault: &Vault, number: &str) -> Vec<u8> {
    vault.digest("phone", &[number.trim().as_bytes()])
}

pub(super) fn application_place(column: &'static str, uid: &[u8]) -> Place {
    place("application", column, &[uid])
}

pub(super) fn case_place(column: &'static str, case_id: Uuid) -> Place {
    place("case_record", column, &[case_id.as_bytes()])
}

pub(super) fn event_place(case_id: Uuid, seq: u64) -> Place {
    place(
        "case_event",
        "event",
        &[case_id.as_bytes(), &seq.to_be_bytes()],
    )
}

/// The place of a column in a table whose rows have a number of their own.
pub(super) fn numbered_place(table: &'static str, column: &'static str, id: i64) -> Place {
    place(table, column, &[&id.to_be_bytes()])
}

pub(super) fn attempt_place(delivery_id: i64, ordinal: i64) -> Place {
    place(
        "delivery_attempt",
        "exchange",
        &[&delivery_id.to_be_bytes(), &ordinal.to_be_bytes()],
    )
}

pub(super) fn named_place(table: &'static str, column: &'static str, id: &str) -> Place {
    place(table, column, &[id.as_bytes()])
}

/// An instant of an INTEGER column.
pub(super) fn instant(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    microseconds: i64,
) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(microseconds).map_err(|e| broken(table, column, row, e))
}

/// A number of an INTEGER column that is never negative.
pub(super) fn count<N: TryFrom<i64>>(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    value: i64,
) -> Result<N, StoreError> {
    N::try_from(value).map_err(|_| broken(table, column, row, format!("{value} is out of range")))
}

/// A number for an INTEGER column; beyond its range the largest there is.
pub(super) fn stored(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

/// What a case is read from; ends in `WHERE 1`.
pub(super) const SELECT_CASE: &str = "SELECT c.id, c.case_id, c.case_no, a.application_no, c.short_no, c.partner_no,
    c.organisation_id, c.system_id, c.definition_version, c.data_key, c.submission, c.folded, c.state, c.decision, c.rev, c.last_seq
    FROM case_record c JOIN application a ON a.id = c.application_id WHERE 1 = 1";

/// A case row of [`SELECT_CASE`], opened.
pub(super) fn case_record(row: &DbRow, vault: &Vault) -> Result<CaseRecord, StoreError> {
    case_with_key(row, vault).map(|(case, _)| case)
}

/// The same, with the key of the case.
pub(super) fn case_with_key(
    row: &DbRow,
    vault: &Vault,
) -> Result<(CaseRecord, DataKey), StoreError> {
    const T: &str = "case_record";
    let case_no: String = row.try_get("case_no")?;
    let case_id = uuid(T, "case_id", &case_no, row.try_get("case_id")?)?;
    let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
    let key = vault.open_key(&case_place("data_key", case_id), wrapped.as_deref())?;
    let mut submission =
        Sealed::<tongban_adapters::canonical::Submission>::from_stored(row.try_get("submission")?)
            .open(&key, &case_place("submission", case_id))?;
    let application_no: String = row.try_get("application_no")?;
    let short_no: Option<String> = row.try_get("short_no")?;
    let partner_no: Option<String> = row.try_get("partner_no")?;
    submission.case.no.clone_from(&case_no);
    submission.case.application_no.clone_from(&application_no);
    submission.case.short_no.clone_from(&short_no);
    submission.case.partner_no.clone_from(&partner_no);
    let case = CaseRecord {
        case_id,
        application_no,
        short_no,
        partner_no,
        organisation_id: row.try_get("organisation_id")?,
        system_id: row.try_get("system_id")?,
        definition_version: count(
            T,
            "definition_version",
            &case_no,
            row.try_get("definition_version")?,
        )?,
        submission,
        state: row.try_get("state")?,
        decision: row.try_get("decision")?,
        folded: Sealed::from_stored(row.try_get("folded")?)
            .open(&key, &case_place("folded", case_id))?,
        rev: count(T, "rev", &case_no, row.try_get("rev")?)?,
        last_seq: count(T, "last_seq", &case_no, row.try_get("last_seq")?)?,
        case_no,
    };
    Ok((case, key))
}

pub(super) fn uuid(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    bytes: Vec<u8>,
) -> Result<Uuid, StoreError> {
    Uuid::from_slice(&bytes).map_err(|e| broken(table, column, row, e))
}

/// A case at hand in a write: its row id and its key.
pub(super) struct CaseAtHand {
    pub(super) id: i64,
    pub(super) case_id: Uuid,
    pub(super) case_no: String,
    pub(super) application_id: i64,
    pub(super) system_id: Option<String>,
    pub(super) organisation_id: String,
    pub(super) rev: u64,
    pub(super) last_seq: u64,
    pub(super) key: DataKey,
}

impl CaseAtHand {
    /// The case of this number, if there is one; nobody else changes it until this write ends.
    pub(super) async fn find(
        connection: &mut DbConnection,
        vault: &Vault,
        case_no: &str,
    ) -> Result<Option<Self>, StoreError> {
        let row = sqlx::query(
            concat!("SELECT id, case_id, case_no, application_id, system_id, organisation_id, rev, last_seq, data_key
             FROM case_record WHERE case_no = $1", for_update!()),
        )
        .bind(case_no)
        .fetch_optional(connection)
        .await?;
        row.map(|row| Self::read(&row, vault)).transpose()
    }

    /// The cases of these numbers with the keys of their applications, by number; nobody else changes them until this write ends.
    pub(super) async fn find_all(
        connection: &mut DbConnection,
        vault: &Vault,
        numbers: &[&str],
    ) -> Result<HashMap<String, Result<CaseWithAuditKey, StoreError>>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT c.id, c.case_id, c.case_no, c.application_id, c.system_id, c.organisation_id, c.rev, c.last_seq, c.data_key,
                 a.uid, a.data_key AS application_key
             FROM case_record c JOIN application a ON a.id = c.application_id WHERE c.case_no ",
            in_texts!("$1"),
            " ORDER BY c.id",
            for_update_of!("c")
        ))
        .bind(json_list(numbers.iter().copied()))
        .fetch_all(connection)
        .await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let number = row.try_get("case_no")?;
            found.insert(number, CaseWithAuditKey::read(&row, vault));
        }
        Ok(found)
    }

    fn read(row: &DbRow, vault: &Vault) -> Result<Self, StoreError> {
        const T: &str = "case_record";
        let case_no: String = row.try_get("case_no")?;
        let case_id = uuid(T, "case_id", &case_no, row.try_get("case_id")?)?;
        let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
        Ok(Self {
            id: row.try_get("id")?,
            case_id,
            application_id: row.try_get("application_id")?,
            system_id: row.try_get("system_id")?,
            organisation_id: row.try_get("organisation_id")?,
            rev: count(T, "rev", &case_no, row.try_get("rev")?)?,
            last_seq: count(T, "last_seq", &case_no, row.try_get("last_seq")?)?,
            key: vault.open_key(&case_place("data_key", case_id), wrapped.as_deref())?,
            case_no,
        })
    }
}

/// A case at hand, and the key under which what is recorded of it is sealed: its application's.
pub(super) struct CaseWithAuditKey {
    pub(super) at_hand: CaseAtHand,
    pub(super) audit_key: DataKey,
}

impl CaseWithAuditKey {
    fn read(row: &DbRow, vault: &Vault) -> Result<Self, StoreError> {
        let uid: Vec<u8> = row.try_get("uid")?;
        let wrapped: Option<Vec<u8>> = row.try_get("application_key")?;
        Ok(Self {
            at_hand: CaseAtHand::read(row, vault)?,
            audit_key: vault.open_key(&application_place("data_key", &uid), wrapped.as_deref())?,
        })
    }
}
