//! Audit rows, written with what they tell.

use super::dialect::{Db, DbConnection, DbRow};
use super::rows::{application_place, instant};
use super::{DatabaseStore, StoreError, broken, place};
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::store::audit::{AuditRecord, AuditStore, NewAudit};
use crate::store::sealed::{DataKey, Place, Sealed, Vault};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row as _};

/// What of an audit record may tell of a person: sealed under its application's key, or a master key when there is none.
#[derive(Serialize, Deserialize)]
struct Content {
    actor: String,
    digest: [u8; 32],
    note: String,
}

/// What an audit record is about.
#[derive(Default)]
pub(super) struct About<'a> {
    /// Row id and data key of its application.
    pub(super) application: Option<(i64, &'a DataKey)>,
    /// The system at hand.
    pub(super) system_id: Option<&'a str>,
    /// Target to fill in when the record names none.
    pub(super) target: &'a str,
    /// Organisation to fill in when the record names none.
    pub(super) organisation_id: &'a str,
}

/// Binds the sealed content to the open columns of its row.
fn content_place(audit: &NewAudit) -> Place {
    place(
        "audit",
        "content",
        &[
            &audit.at.as_microsecond().to_be_bytes(),
            audit.actor_kind.as_bytes(),
            audit.action.as_bytes(),
            audit.target.as_bytes(),
            audit.organisation_id.as_bytes(),
            audit.request_id.as_bytes(),
            audit.outcome.as_bytes(),
        ],
    )
}

/// A record as its row will stand.
pub(super) struct Row {
    pub(super) audit: NewAudit,
    pub(super) application_id: Option<i64>,
    pub(super) system_id: Option<String>,
    pub(super) content: Vec<u8>,
}

/// Fills in what the store knows and seals what may tell of a person.
pub(super) fn row(
    vault: &Vault,
    mut audit: NewAudit,
    about: &About<'_>,
) -> Result<Row, StoreError> {
    if audit.target.is_empty() {
        about.target.clone_into(&mut audit.target);
    }
    if audit.organisation_id.is_empty() {
        about.organisation_id.clone_into(&mut audit.organisation_id);
    }
    let place = content_place(&audit);
    let content = Content {
        actor: std::mem::take(&mut audit.actor),
        digest: audit.digest,
        note: std::mem::take(&mut audit.note),
    };
    let content = match about.application {
        Some((_, key)) => Sealed::seal(key, &place, &content, vault.entropy())?.into_bytes(),
        None => {
            let plain = serde_json::to_vec(&content)
                .map_err(|e| broken("audit", "content", &audit.target, e))?;
            vault.wrap(&place, &plain)?
        }
    };
    Ok(Row {
        audit,
        application_id: about.application.map(|(id, _)| id),
        system_id: about.system_id.map(str::to_owned),
        content,
    })
}

/// Writes a record into the transaction at hand.
pub(super) async fn write(
    connection: &mut DbConnection,
    vault: &Vault,
    audit: NewAudit,
    about: About<'_>,
) -> Result<(), StoreError> {
    let row = row(vault, audit, &about)?;
    sqlx::query(
        "INSERT INTO audit (at, actor_kind, action, target, organisation_id, request_id, outcome, application_id, system_id, content)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(row.audit.at.as_microsecond())
    .bind(row.audit.actor_kind)
    .bind(row.audit.action)
    .bind(row.audit.target)
    .bind(row.audit.organisation_id)
    .bind(row.audit.request_id)
    .bind(row.audit.outcome)
    .bind(row.application_id)
    .bind(row.system_id)
    .bind(row.content)
    .execute(connection)
    .await?;
    fail_point!("audit.written");
    Ok(())
}

#[async_trait]
impl AuditStore for DatabaseStore {
    async fn audit(
        &self,
        scope: &Scope,
        after_id: i64,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT l.id, l.at, l.actor_kind, l.action, l.target, l.organisation_id, l.request_id, l.outcome, l.content,
             l.application_id, a.uid, a.data_key
             FROM audit l LEFT JOIN application a ON a.id = l.application_id WHERE l.id > ",
        );
        query.push_bind(after_id);
        restrict(&mut query, scope, &self.vault);
        query
            .push(" ORDER BY l.id LIMIT ")
            .push_bind(i64::from(limit));
        let mut connection = self.reader().await?;
        let rows = query.build().fetch_all(&mut *connection).await?;
        rows.iter().map(|row| record(row, &self.vault)).collect()
    }
}

/// The scope of audit rows: they carry organisation and system themselves, and the application where there is one.
pub(super) fn restrict(query: &mut QueryBuilder<Db>, scope: &Scope, vault: &Vault) {
    match scope {
        Scope::Organisations(ids) => {
            query
                .push(concat!(" AND l.organisation_id IN ", list_begin!()))
                .push_bind(super::rows::json_list(ids.iter().map(String::as_str)))
                .push(list_end!());
        }
        other => super::rows::restrict(query, other, vault, "l.system_id"),
    }
}

fn record(row: &DbRow, vault: &Vault) -> Result<AuditRecord, StoreError> {
    let id: i64 = row.try_get("id")?;
    let mut audit = NewAudit {
        at: instant("audit", "at", id, row.try_get("at")?)?,
        actor: String::new(),
        actor_kind: row.try_get("actor_kind")?,
        action: row.try_get("action")?,
        target: row.try_get("target")?,
        organisation_id: row.try_get("organisation_id")?,
        request_id: row.try_get("request_id")?,
        outcome: row.try_get("outcome")?,
        digest: [0; 32],
        note: String::new(),
    };
    let place = content_place(&audit);
    let sealed: Vec<u8> = row.try_get("content")?;
    let content = match row.try_get::<Option<Vec<u8>>, _>("uid")? {
        Some(uid) => match row.try_get::<Option<Vec<u8>>, _>("data_key")? {
            // Erased: the row stays as proof, its content is gone.
            None => return Ok(AuditRecord { id, audit }),
            Some(wrapped) => {
                let key = vault.open_key(&application_place("data_key", &uid), Some(&wrapped))?;
                Sealed::<Content>::from_stored(sealed).open(&key, &place)?
            }
        },
        None => serde_json::from_slice(&vault.unwrap(&place, &sealed)?)
            .map_err(|e| broken("audit", "content", id, e))?,
    };
    audit.actor = content.actor;
    audit.digest = content.digest;
    audit.note = content.note;
    Ok(AuditRecord { id, audit })
}
