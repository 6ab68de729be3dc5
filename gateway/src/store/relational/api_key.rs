//! API keys: the open columns are bound into the sealed one, so that a row is believed only as a gateway wrote it.

use super::audit::{self, About};
use super::dialect::{self, DbConnection, DbRow};
use super::rows::instant;
use super::{DatabaseStore, StoreError, Verdict, broken, keep, place, undo};
use crate::identity::api_key::{KeyHolder, KeyStanding, KeyWindow};
use crate::store::api_key::{
    ApiKeyRecord, ApiKeyStore, ApiKeys, CreateOutcome, ENDED_KEPT_US, KEYS_MAX, NewApiKey,
    RotateOutcome,
};
use crate::store::audit::NewAudit;
use crate::store::nodes::NodeNews;
use crate::store::sealed::{Place, Vault};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;

const T: &str = "api_key";

/// Between two notes of one key's use.
const NOTED_EVERY_US: i64 = 3_600_000_000;

const ALL: &str = "SELECT id, digest, role, organisation_id, created_at, not_before, expires_at, revoked_at, replaced_by,
    last_used_at, content FROM api_key ORDER BY created_at, id";

const ONE: &str = concat!(
    "SELECT id, digest, role, organisation_id, created_at, not_before, expires_at, revoked_at, replaced_by, last_used_at, content
    FROM api_key WHERE id = $1",
    for_update!()
);

const INSERT: &str = "INSERT INTO api_key (id, digest, role, organisation_id, created_at, not_before, expires_at, revision, content)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const REVISION: &str = "SELECT coalesce(max(revision), 0) FROM api_key";

/// What of a key is words of people.
#[derive(Serialize, Deserialize)]
struct Content {
    name: String,
    created_by: String,
    note: String,
    /// The latest end that it can have, µs: no hand in the database makes it count longer.
    latest: i64,
}

fn content_place(id: &str, digest: &[u8], role: &str, organisation: &str) -> Place {
    let row = [
        id.as_bytes(),
        digest,
        role.as_bytes(),
        organisation.as_bytes(),
    ];
    place(T, "content", &row)
}

/// A row, opened; an error names it by its id.
fn record(vault: &Vault, row: &DbRow) -> Result<ApiKeyRecord, StoreError> {
    let id: String = row.try_get("id")?;
    let digest: Vec<u8> = row.try_get("digest")?;
    let (role, organisation): (String, String) =
        (row.try_get("role")?, row.try_get("organisation_id")?);
    let sealed: Vec<u8> = row.try_get("content")?;
    let place = content_place(&id, &digest, &role, &organisation);
    let content: Content = serde_json::from_slice(&vault.unwrap(&place, &sealed)?)
        .map_err(|e| broken(T, "content", &id, e))?;
    let organisation = Some(organisation.as_str()).filter(|o| !o.is_empty());
    let expires_at: i64 = row.try_get("expires_at")?;
    if expires_at > content.latest {
        return Err(broken(T, "expires_at", &id, "later than it was made to be"));
    }
    let holder = KeyHolder::new(&role, &content.name, organisation)
        .map_err(|e| broken(T, "role", &id, e))?;
    let moment = |column: &'static str| -> Result<Timestamp, StoreError> {
        instant(T, column, &id, row.try_get(column)?)
    };
    let moment_if = |column: &'static str| -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = row.try_get(column)?;
        at.map(|at| instant(T, column, &id, at)).transpose()
    };
    Ok(ApiKeyRecord {
        digest: digest
            .as_slice()
            .try_into()
            .map_err(|e| broken(T, "digest", &id, e))?,
        holder,
        created_at: moment("created_at")?,
        created_by: content.created_by,
        note: content.note,
        window: KeyWindow {
            not_before: moment("not_before")?,
            expires_at: instant(T, "expires_at", &id, expires_at)?,
            revoked_at: moment_if("revoked_at")?,
        },
        replaced_by: row.try_get("replaced_by")?,
        last_used_at: moment_if("last_used_at")?,
        id,
    })
}

/// All rows, those that do not open by their ids alone.
pub(super) async fn read_all(
    connection: &mut DbConnection,
    vault: &Vault,
) -> Result<ApiKeys, StoreError> {
    // Asked first: a change in between is read again, never missed.
    let revision = sqlx::query_scalar(REVISION)
        .fetch_one(&mut *connection)
        .await?;
    let rows = sqlx::query(ALL).fetch_all(&mut *connection).await?;
    let mut read = ApiKeys {
        revision,
        ..ApiKeys::default()
    };
    for row in &rows {
        match record(vault, row) {
            Ok(key) => read.keys.push(key),
            Err(StoreError::Sealed { .. } | StoreError::Inconsistent { .. }) => {
                read.unreadable.push(row.try_get("id")?);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Counts one change more, alone among all that change keys, and tells the other nodes once it is committed.
async fn changing(connection: &mut DbConnection) -> Result<i64, StoreError> {
    dialect::alone(connection, T.as_bytes()).await?;
    let revision: i64 = sqlx::query_scalar(REVISION)
        .fetch_one(&mut *connection)
        .await?;
    dialect::tell(connection, &NodeNews::ApiKeys).await?;
    Ok(revision + 1)
}

/// The audit record of a key: its organisation and system with it.
async fn tell(
    connection: &mut DbConnection,
    vault: &Vault,
    audit: NewAudit,
    (id, holder): (&str, &KeyHolder),
) -> Result<(), StoreError> {
    let system_id = match holder {
        KeyHolder::Partner { system } => Some(system.as_str()),
        _ => None,
    };
    let about = About {
        target: id,
        system_id,
        organisation_id: holder.organisation().unwrap_or_default(),
        ..About::default()
    };
    audit::write(connection, vault, audit, about).await
}

/// False when there are too many.
async fn insert(
    connection: &mut DbConnection,
    vault: &Vault,
    holder: &KeyHolder,
    key: &NewApiKey,
    revision: i64,
) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM api_key WHERE coalesce(revoked_at, expires_at) < $1")
        .bind(key.at.as_microsecond().saturating_sub(ENDED_KEPT_US))
        .execute(&mut *connection)
        .await?;
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM api_key")
        .fetch_one(&mut *connection)
        .await?;
    if there >= i64::from(KEYS_MAX) {
        return Ok(false);
    }
    let organisation = holder.organisation().unwrap_or_default();
    let content = Content {
        name: holder.name().to_owned(),
        created_by: key.created_by.clone(),
        note: key.note.clone(),
        latest: key.window.expires_at.as_microsecond(),
    };
    let plain = serde_json::to_vec(&content).map_err(|e| broken(T, "content", &key.id, e))?;
    let place = content_place(&key.id, &key.digest, holder.role(), organisation);
    sqlx::query(INSERT)
        .bind(&key.id)
        .bind(key.digest.as_slice())
        .bind(holder.role())
        .bind(organisation)
        .bind(key.at.as_microsecond())
        .bind(key.window.not_before.as_microsecond())
        .bind(key.window.expires_at.as_microsecond())
        .bind(revision)
        .bind(vault.wrap(&place, &plain)?)
        .execute(connection)
        .await?;
    Ok(true)
}

async fn create(
    connection: &mut DbConnection,
    vault: &Vault,
    holder: KeyHolder,
    key: NewApiKey,
    audit: NewAudit,
) -> Result<Verdict<CreateOutcome>, StoreError> {
    let revision = changing(connection).await?;
    if !insert(connection, vault, &holder, &key, revision).await? {
        return undo(CreateOutcome::Full);
    }
    tell(connection, vault, audit, (&key.id, &holder)).await?;
    keep(CreateOutcome::Created)
}

async fn one(
    connection: &mut DbConnection,
    vault: &Vault,
    id: &str,
) -> Result<Option<ApiKeyRecord>, StoreError> {
    let row = sqlx::query(ONE).bind(id).fetch_optional(connection).await?;
    row.map(|row| record(vault, &row)).transpose()
}

async fn rotate(
    connection: &mut DbConnection,
    vault: &Vault,
    (id, ends_at): (String, Timestamp),
    next: NewApiKey,
    audit: NewAudit,
) -> Result<Verdict<RotateOutcome>, StoreError> {
    let revision = changing(connection).await?;
    let Some(old) = one(connection, vault, &id).await? else {
        return undo(RotateOutcome::Unknown);
    };
    if let Some(by) = old.replaced_by {
        return undo(RotateOutcome::Replaced(by));
    }
    if matches!(
        old.window.standing(next.at),
        KeyStanding::Expired | KeyStanding::Revoked
    ) {
        return undo(RotateOutcome::Ended);
    }
    if !insert(connection, vault, &old.holder, &next, revision).await? {
        return undo(RotateOutcome::Full);
    }
    let ends_at = ends_at.min(old.window.expires_at);
    sqlx::query(
        "UPDATE api_key SET replaced_by = $1, expires_at = $2, revision = $3 WHERE id = $4",
    )
    .bind(&next.id)
    .bind(ends_at.as_microsecond())
    .bind(revision)
    .bind(&id)
    .execute(&mut *connection)
    .await?;
    let made = NewAudit {
        action: "key.create".to_owned(),
        target: next.id.clone(),
        ..audit.clone()
    };
    tell(connection, vault, audit, (&id, &old.holder)).await?;
    tell(connection, vault, made, (&next.id, &old.holder)).await?;
    keep(RotateOutcome::Rotated { ends_at })
}

/// Also a key whose row does not open is revoked: what nobody can read must not be what nobody can end.
async fn revoke(
    connection: &mut DbConnection,
    vault: &Vault,
    (id, at): (String, Timestamp),
    audit: NewAudit,
) -> Result<Verdict<bool>, StoreError> {
    let revision = changing(connection).await?;
    let row = sqlx::query(ONE).bind(&id).fetch_optional(&mut *connection);
    let Some(row) = row.await? else {
        return undo(false);
    };
    if row.try_get::<Option<i64>, _>("revoked_at")?.is_some() {
        return undo(true);
    }
    sqlx::query("UPDATE api_key SET revoked_at = $1, revision = $2 WHERE id = $3")
        .bind(at.as_microsecond())
        .bind(revision)
        .bind(&id)
        .execute(&mut *connection)
        .await?;
    match record(vault, &row) {
        Ok(key) => tell(connection, vault, audit, (&id, &key.holder)).await?,
        Err(StoreError::Sealed { .. } | StoreError::Inconsistent { .. }) => {
            let about = About {
                target: &id,
                ..About::default()
            };
            audit::write(connection, vault, audit, about).await?;
        }
        Err(error) => return Err(error),
    }
    keep(true)
}

#[async_trait]
impl ApiKeyStore for DatabaseStore {
    async fn api_keys(&self) -> Result<ApiKeys, StoreError> {
        read_all(&mut *self.reader().await?, &self.vault).await
    }

    async fn api_key_revision(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(REVISION)
            .fetch_one(&mut *self.reader().await?)
            .await?)
    }

    async fn create_api_key(
        &self,
        holder: KeyHolder,
        key: NewApiKey,
        audit: NewAudit,
    ) -> Result<CreateOutcome, StoreError> {
        self.write(move |c, vault| Box::pin(create(c, vault, holder, key, audit)))
            .await
    }

    async fn rotate_api_key(
        &self,
        id: &str,
        ends_at: Timestamp,
        next: NewApiKey,
        audit: NewAudit,
    ) -> Result<RotateOutcome, StoreError> {
        let old = (id.to_owned(), ends_at);
        self.write(move |c, vault| Box::pin(rotate(c, vault, old, next, audit)))
            .await
    }

    async fn revoke_api_key(
        &self,
        id: &str,
        at: Timestamp,
        audit: NewAudit,
    ) -> Result<bool, StoreError> {
        let which = (id.to_owned(), at);
        self.write(move |c, vault| Box::pin(revoke(c, vault, which, audit)))
            .await
    }

    async fn note_api_keys_used(&self, uses: &[(String, Timestamp)]) -> Result<u64, StoreError> {
        let uses = uses.to_vec();
        self.write(move |c, _| {
            Box::pin(async move {
                let mut noted = 0;
                for (id, at) in uses {
                    noted += sqlx::query(
                        "UPDATE api_key SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)",
                    )
                    .bind(at.as_microsecond())
                    .bind(id)
                    .bind(at.as_microsecond().saturating_sub(NOTED_EVERY_US))
                    .execute(&mut *c)
                    .await?
                    .rows_affected();
                }
                keep(noted)
            })
        })
        .await
    }
}
