//! Messages of partners that could not be understood, counted by complaint and bounded by system.

use super::dialect::{self, Db, DbConnection, DbRow};
use super::rows::{CaseAtHand, case_place, instant, numbered_place, restrict, uuid};
use super::{StoreError, Verdict, broken, keep};
use crate::identity::Scope;
use crate::store::case::{NewUnread, UNREAD_BYTES_MAX, UNREAD_OF_SYSTEM_MAX, UnreadRecord};
use crate::store::sealed::{Sealed, Vault};
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row};

const T: &str = "unread_feedback";

/// What may tell of a person, or is the partner's own text.
#[derive(Serialize, Deserialize)]
struct Content {
    case_no: String,
    reason: String,
    bytes: Vec<u8>,
}

fn complaint(vault: &Vault, new: &NewUnread) -> Vec<u8> {
    let parts: [&[u8]; 5] = [
        new.system_id.as_bytes(),
        new.case_no.as_bytes(),
        new.way.as_bytes(),
        new.code.as_bytes(),
        new.reason.as_bytes(),
    ];
    vault.digest("unread feedback", &parts)
}

/// The write of [`crate::store::case::CaseStore::record_unread`].
pub(super) async fn record(
    connection: &mut DbConnection,
    vault: &Vault,
    mut new: NewUnread,
) -> Result<Verdict<()>, StoreError> {
    new.bytes.truncate(UNREAD_BYTES_MAX);
    let (complaint, at) = (complaint(vault, &new), new.received_at.as_microsecond());
    dialect::alone(connection, &complaint).await?;
    let known: Option<i64> = sqlx::query_scalar(
        "UPDATE unread_feedback SET times = times + 1, last_at = CASE WHEN last_at < $1 THEN $1 ELSE last_at END WHERE complaint = $2 RETURNING id",
    )
    .bind(at)
    .bind(&complaint)
    .fetch_optional(&mut *connection)
    .await?;
    if known.is_some() {
        return keep(());
    }
    let case = CaseAtHand::find(connection, vault, &new.case_no)
        .await?
        .filter(|case| case.system_id.as_deref() == Some(new.system_id.as_str()));
    let id = dialect::next_id(connection, "unread_feedback").await?;
    let place = numbered_place(T, "content", id);
    let content = Content {
        case_no: new.case_no,
        reason: new.reason,
        bytes: new.bytes,
    };
    let sealed = match &case {
        Some(case) => Sealed::seal(&case.key, &place, &content, vault.entropy())?.into_bytes(),
        None => {
            let plain = serde_json::to_vec(&content).map_err(|e| broken(T, "content", id, e))?;
            vault.wrap(&place, &plain)?
        }
    };
    sqlx::query(
        "INSERT INTO unread_feedback (id, complaint, system_id, case_id, way, code, first_at, last_at, times, content)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1, $8)",
    )
    .bind(id)
    .bind(complaint)
    .bind(&new.system_id)
    .bind(case.map(|case| case.id))
    .bind(new.way)
    .bind(&new.code)
    .bind(at)
    .bind(sealed)
    .execute(&mut *connection)
    .await?;
    // A partner that sends nothing but rubbish drives out its own oldest alone.
    sqlx::query(
        "DELETE FROM unread_feedback WHERE system_id = $1 AND id <= (SELECT id FROM unread_feedback WHERE system_id = $1
         ORDER BY id DESC LIMIT 1 OFFSET $2)",
    )
    .bind(&new.system_id)
    .bind(i64::from(UNREAD_OF_SYSTEM_MAX))
    .execute(connection)
    .await?;
    keep(())
}

const SELECT: &str = "SELECT f.id, f.system_id, f.way, f.code, f.first_at, f.last_at, f.times, f.content, f.case_id AS case_row,
    c.case_id, c.data_key
    FROM unread_feedback f LEFT JOIN case_record c ON c.id = f.case_id LEFT JOIN application a ON a.id = c.application_id WHERE 1 = 1";

/// Newest first.
pub(super) async fn list(
    connection: &mut DbConnection,
    vault: &Vault,
    scope: &Scope,
    system_id: Option<&str>,
    limit: u32,
) -> Result<Vec<UnreadRecord>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(SELECT);
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

fn read(row: &DbRow, vault: &Vault) -> Result<UnreadRecord, StoreError> {
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
    let times: i64 = row.try_get("times")?;
    Ok(UnreadRecord {
        id,
        system_id: row.try_get("system_id")?,
        case_no: content.case_no,
        way: row.try_get("way")?,
        code: row.try_get("code")?,
        reason: content.reason,
        first_at: instant(T, "first_at", id, row.try_get("first_at")?)?,
        last_at: instant(T, "last_at", id, row.try_get("last_at")?)?,
        times: u64::try_from(times).unwrap_or(0),
        bytes: content.bytes,
    })
}
