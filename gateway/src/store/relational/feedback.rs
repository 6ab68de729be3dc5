//! Partners' messages by their key: applied once, held in order, rejected and visible.

use super::dialect::{self, Db, DbConnection, DbRow};
use super::rows::{CaseAtHand, case_place, count, instant, numbered_place, restrict, uuid};
use super::{StoreError, Verdict, broken, keep};
use crate::identity::Scope;
use crate::store::application::NewEvent;
use crate::store::case::{FeedbackKey, FeedbackRecord, FeedbackState, NewFeedback};
use crate::store::sealed::{DataKey, Sealed, Vault};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row};
use tongban_adapters::canonical::Event;

/// Stable code of a message that came to be held while another of the same key was there.
const CONFLICTING: &str = "conflicting_duplicate";

/// What of a message may tell of a person, or is the partner's own text.
#[derive(Serialize, Deserialize)]
struct Content {
    case_no: String,
    serial: String,
    digest: [u8; 32],
    event: Event,
}

fn key_digest(vault: &Vault, key: &FeedbackKey) -> Vec<u8> {
    let parts: [&[u8]; 5] = [
        key.system_id.as_bytes(),
        key.case_no.as_bytes(),
        key.kind.as_bytes(),
        key.serial.as_bytes(),
        &key.data_version.to_be_bytes(),
    ];
    vault.digest("feedback key", &parts)
}

fn content_digest(vault: &Vault, digest: &[u8; 32]) -> Vec<u8> {
    vault.digest("feedback content", &[digest])
}

fn word(state: FeedbackState) -> &'static str {
    match state {
        FeedbackState::Applied => "applied",
        FeedbackState::Held => "held",
        FeedbackState::Rejected => "rejected",
    }
}

fn state(id: i64, word: &str) -> Result<FeedbackState, StoreError> {
    match word {
        "applied" => Ok(FeedbackState::Applied),
        "held" => Ok(FeedbackState::Held),
        "rejected" => Ok(FeedbackState::Rejected),
        _ => Err(broken("feedback", "state", id, "no state of this version")),
    }
}

async fn insert(
    connection: &mut DbConnection,
    vault: &Vault,
    case: Option<(i64, &DataKey)>,
    new: &NewFeedback,
) -> Result<(), StoreError> {
    let id = dialect::next_id(connection, "feedback").await?;
    let place = numbered_place("feedback", "content", id);
    let content = Content {
        case_no: new.key.case_no.clone(),
        serial: new.key.serial.clone(),
        digest: new.digest,
        event: new.event.clone(),
    };
    let sealed = match case {
        Some((_, key)) => Sealed::seal(key, &place, &content, vault.entropy())?.into_bytes(),
        None => {
            let plain =
                serde_json::to_vec(&content).map_err(|e| broken("feedback", "content", id, e))?;
            vault.wrap(&place, &plain)?
        }
    };
    sqlx::query(
        "INSERT INTO feedback (id, key_digest, content_digest, system_id, case_id, kind, data_version, state, reason_code,
             received_at, occurred_at, held_until, content) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(id)
    .bind(key_digest(vault, &new.key))
    .bind(content_digest(vault, &new.digest))
    .bind(&new.key.system_id)
    .bind(case.map(|(row, _)| row))
    .bind(&new.key.kind)
    .bind(i64::from(new.key.data_version))
    .bind(word(new.state))
    .bind(&new.reason_code)
    .bind(new.received_at.as_microsecond())
    .bind(new.event.occurred_at.as_microsecond())
    .bind(new.held_until.map(|t| t.as_microsecond()))
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps the key of an event that is applied now.
pub(super) async fn insert_applied(
    connection: &mut DbConnection,
    vault: &Vault,
    case: (i64, &DataKey),
    (key, digest): (&FeedbackKey, &[u8; 32]),
    new: &NewEvent,
) -> Result<(), StoreError> {
    let applied = NewFeedback {
        key: key.clone(),
        digest: *digest,
        state: FeedbackState::Applied,
        reason_code: String::new(),
        received_at: new.received_at,
        held_until: None,
        event: new.event.clone(),
    };
    insert(connection, vault, Some(case), &applied).await
}

/// Marks an event's key as applied; false when it was applied before, or another content is held under it.
pub(super) async fn apply(
    connection: &mut DbConnection,
    vault: &Vault,
    case: &CaseAtHand,
    (key, digest): (&FeedbackKey, &[u8; 32]),
    new: &NewEvent,
) -> Result<bool, StoreError> {
    let content = content_digest(vault, digest);
    let known: Vec<(i64, String, Vec<u8>)> =
        sqlx::query_as("SELECT id, state, content_digest FROM feedback WHERE key_digest = $1")
            .bind(key_digest(vault, key))
            .fetch_all(&mut *connection)
            .await?;
    if known
        .iter()
        .any(|(_, state, other)| state == "applied" || (state == "held" && *other != content))
    {
        return Ok(false);
    }
    match known.iter().find(|(_, _, same)| *same == content) {
        Some((id, _, _)) => {
            sqlx::query("UPDATE feedback SET state = 'applied', reason_code = '', held_until = NULL WHERE id = $1")
                .bind(id)
                .execute(connection)
                .await?;
        }
        None => {
            insert_applied(connection, vault, (case.id, &case.key), (key, digest), new).await?;
        }
    }
    Ok(true)
}

/// Leaves held messages of a case as a change says, those whose state `which` picks.
pub(super) async fn settle(
    connection: &mut DbConnection,
    case: &CaseAtHand,
    settled: &[(i64, FeedbackState, String)],
    which: impl Fn(FeedbackState) -> bool,
) -> Result<(), StoreError> {
    for (id, state, code) in settled.iter().filter(|(_, state, _)| which(*state)) {
        sqlx::query(
            "UPDATE feedback SET state = $1, reason_code = $2, held_until = CASE WHEN $1 = 'held' THEN held_until ELSE NULL END
             WHERE id = $3 AND case_id = $4",
        )
        .bind(word(*state))
        .bind(code)
        .bind(id)
        .bind(case.id)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The write of [`crate::store::case::CaseStore::record_feedback`].
pub(super) async fn record(
    connection: &mut DbConnection,
    vault: &Vault,
    mut new: NewFeedback,
) -> Result<Verdict<bool>, StoreError> {
    let content = content_digest(vault, &new.digest);
    dialect::alone(connection, &key_digest(vault, &new.key)).await?;
    let known: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT state, content_digest FROM feedback WHERE key_digest = $1")
            .bind(key_digest(vault, &new.key))
            .fetch_all(&mut *connection)
            .await?;
    if known.iter().any(|(_, same)| *same == content) {
        return keep(false);
    }
    if new.state != FeedbackState::Rejected && known.iter().any(|(state, _)| state != "rejected") {
        new.state = FeedbackState::Rejected;
        new.held_until = None;
        CONFLICTING.clone_into(&mut new.reason_code);
    }
    let case = CaseAtHand::find(connection, vault, &new.key.case_no)
        .await?
        // A message about another system's case is as one of an unknown case: that case's rows stay its own.
        .filter(|case| case.system_id.as_deref() == Some(new.key.system_id.as_str()));
    if case.is_none() && new.state == FeedbackState::Held {
        return Err(broken(
            "feedback",
            "case_id",
            "new",
            "held for a case that its system does not have",
        ));
    }
    let owner = case.as_ref().map(|case| (case.id, &case.key));
    insert(connection, vault, owner, &new).await?;
    keep(true)
}

const SELECT: &str = "SELECT f.id, f.system_id, f.kind, f.data_version, f.state, f.reason_code, f.received_at, f.held_until,
    f.content, f.case_id AS case_row, c.case_id, c.data_key
    FROM feedback f LEFT JOIN case_record c ON c.id = f.case_id LEFT JOIN application a ON a.id = c.application_id WHERE 1 = 1";

fn read(row: &DbRow, vault: &Vault) -> Result<FeedbackRecord, StoreError> {
    const T: &str = "feedback";
    let id: i64 = row.try_get("id")?;
    let place = numbered_place(T, "content", id);
    let sealed: Vec<u8> = row.try_get("content")?;
    let content: Content = if row.try_get::<Option<i64>, _>("case_row")?.is_some() {
        let case_id = uuid("case_record", "case_id", id, row.try_get("case_id")?)?;
        let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
        let key = vault.open_key(&case_place("data_key", case_id), wrapped.as_deref())?;
        Sealed::from_stored(sealed).open(&key, &place)?
    } else {
        serde_json::from_slice(&vault.unwrap(&place, &sealed)?)
            .map_err(|e| broken(T, "content", id, e))?
    };
    let held_until: Option<i64> = row.try_get("held_until")?;
    Ok(FeedbackRecord {
        id,
        key: FeedbackKey {
            system_id: row.try_get("system_id")?,
            case_no: content.case_no,
            kind: row.try_get("kind")?,
            serial: content.serial,
            data_version: count(T, "data_version", id, row.try_get("data_version")?)?,
        },
        digest: content.digest,
        state: state(id, row.try_get("state")?)?,
        reason_code: row.try_get("reason_code")?,
        received_at: instant(T, "received_at", id, row.try_get("received_at")?)?,
        held_until: held_until
            .map(|t| instant(T, "held_until", id, t))
            .transpose()?,
        event: content.event,
    })
}

/// The message that stands under a key; the last rejected one when none does.
pub(super) async fn find(
    connection: &mut DbConnection,
    vault: &Vault,
    key: &FeedbackKey,
) -> Result<Option<FeedbackRecord>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(SELECT);
    query
        .push(" AND f.key_digest = ")
        .push_bind(key_digest(vault, key))
        .push(" ORDER BY f.state = 'rejected', f.id DESC LIMIT 1");
    let row = query.build().fetch_optional(connection).await?;
    row.map(|row| read(&row, vault)).transpose()
}

pub(super) async fn held(
    connection: &mut DbConnection,
    vault: &Vault,
    case_no: &str,
) -> Result<Vec<FeedbackRecord>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(SELECT);
    query
        .push(" AND f.state = 'held' AND f.case_id = (SELECT id FROM case_record WHERE case_no = ")
        .push_bind(case_no.to_owned())
        .push(") ORDER BY f.occurred_at, f.id");
    let rows = query.build().fetch_all(connection).await?;
    rows.iter().map(|row| read(row, vault)).collect()
}

pub(super) const HELD_DUE: &str = concat!("SELECT c.case_no FROM (SELECT case_id, min(held_until) AS until FROM feedback", by_index!("feedback_held"), "
    WHERE state = 'held' AND held_until <= $1 GROUP BY case_id ORDER BY until LIMIT $2) h JOIN case_record c ON c.id = h.case_id");

pub(super) async fn held_due(
    connection: &mut DbConnection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(HELD_DUE)
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?)
}

/// Messages in a state (a condition on `f.state`) of one system or all, newest first.
pub(super) async fn listed(
    connection: &mut DbConnection,
    vault: &Vault,
    scope: &Scope,
    (state, system_id): (&'static str, Option<&str>),
    limit: u32,
) -> Result<Vec<FeedbackRecord>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(SELECT);
    query.push(state);
    // Messages of an erased case cannot be shown any more.
    query.push(" AND (f.case_id IS NULL OR c.data_key IS NOT NULL)");
    if let Some(system) = system_id {
        query
            .push(" AND f.system_id = ")
            .push_bind(system.to_owned());
    }
    restrict(&mut query, scope, vault, "f.system_id");
    query
        .push(" ORDER BY f.id DESC LIMIT ")
        .push_bind(i64::from(limit));
    let rows = query.build().fetch_all(connection).await?;
    rows.iter().map(|row| read(row, vault)).collect()
}
