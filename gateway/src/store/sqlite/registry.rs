//! The registry's rows: versions are immutable, applying is idempotent.

use super::audit::{self, About};
use super::rows::{count, named_place};
use super::{SqliteStore, StoreError, Verdict, broken, keep};
use crate::store::registry::{
    Applied, ItemVersionRow, RegistryChange, RegistryStore, SystemVersionRow,
};
use crate::store::sealed::{Place, Vault};
use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

/// Where the secret of this name is sealed.
pub(super) fn secret_place(name: &str) -> Place {
    named_place("installation_secret", "secret", name)
}

/// A secret's bytes, of which there are 32.
pub(super) fn secret_bytes(plain: &[u8], place: &Place) -> Result<[u8; 32], StoreError> {
    plain.try_into().map_err(|_| StoreError::Sealed {
        table: place.table(),
    })
}

#[async_trait]
impl RegistryStore for SqliteStore {
    async fn item_versions(&self) -> Result<Vec<ItemVersionRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT item_id, version, json FROM item_version ORDER BY item_id, version",
        )
        .fetch_all(&mut *self.reader().await?)
        .await?;
        rows.iter()
            .map(|row| {
                let item_id: String = row.try_get(0)?;
                Ok(ItemVersionRow {
                    version: count("item_version", "version", &item_id, row.try_get(1)?)?,
                    item_id,
                    json: row.try_get(2)?,
                })
            })
            .collect()
    }

    async fn system_versions(&self) -> Result<Vec<SystemVersionRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT system_id, version, state, source FROM system_version ORDER BY system_id, version",
        )
        .fetch_all(&mut *self.reader().await?)
        .await?;
        rows.iter()
            .map(|row| {
                let system_id: String = row.try_get(0)?;
                Ok(SystemVersionRow {
                    version: count("system_version", "version", &system_id, row.try_get(1)?)?,
                    system_id,
                    state: row.try_get(2)?,
                    source: row.try_get(3)?,
                })
            })
            .collect()
    }

    async fn registry_documents(&self) -> Result<Vec<(String, String, String)>, StoreError> {
        Ok(
            sqlx::query_as("SELECT kind, name, text FROM registry_document ORDER BY kind, name")
                .fetch_all(&mut *self.reader().await?)
                .await?,
        )
    }

    async fn apply(&self, change: RegistryChange) -> Result<Vec<(String, Applied)>, StoreError> {
        self.write(move |c, vault| Box::pin(commit(c, vault, change)))
            .await
    }

    async fn installation_secret(
        &self,
        name: &str,
        fresh: [u8; 32],
    ) -> Result<[u8; 32], StoreError> {
        // Apart from the store's own secrets, whatever the name.
        let name = format!("installation/{name}");
        self.write(move |c, vault| {
            Box::pin(async move {
                let place = secret_place(&name);
                sqlx::query("INSERT INTO installation_secret (name, secret) VALUES (?, ?) ON CONFLICT DO NOTHING")
                    .bind(&name)
                    .bind(vault.wrap(&place, &fresh)?)
                    .execute(&mut *c)
                    .await?;
                let stored: Vec<u8> =
                    sqlx::query_scalar("SELECT secret FROM installation_secret WHERE name = ?")
                        .bind(&name)
                        .fetch_one(c)
                        .await?;
                keep(secret_bytes(&vault.unwrap(&place, &stored)?, &place)?)
            })
        })
        .await
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    vault: &Vault,
    change: RegistryChange,
) -> Result<Verdict<Vec<(String, Applied)>>, StoreError> {
    let mut applied = Vec::new();
    for (id, json) in change.items {
        let done = apply_item(connection, &id, &json).await?;
        applied.push((id, done));
    }
    for (id, source) in change.systems {
        let done = apply_system(connection, &id, &source).await?;
        applied.push((id, done));
    }
    for (kind, name, text) in change.documents {
        let done = apply_document(connection, &kind, &name, &text).await?;
        applied.push((name, done));
    }
    audit::write(connection, vault, change.audit, About::default()).await?;
    keep(applied)
}

/// Created, changed or left, by what the latest version says.
fn compared(latest: Option<&str>, now: &str) -> Applied {
    match latest {
        None => Applied::Created,
        Some(before) if before == now => Applied::Left,
        Some(_) => Applied::Changed,
    }
}

async fn apply_item(
    connection: &mut SqliteConnection,
    id: &str,
    json: &str,
) -> Result<Applied, StoreError> {
    let latest: Option<(i64, String)> = sqlx::query_as(
        "SELECT version, json FROM item_version WHERE item_id = ? ORDER BY version DESC LIMIT 1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let done = compared(latest.as_ref().map(|(_, json)| json.as_str()), json);
    if done != Applied::Left {
        sqlx::query("INSERT INTO item_version (item_id, version, json) VALUES (?, ?, ?)")
            .bind(id)
            .bind(latest.map_or(0, |(version, _)| version) + 1)
            .bind(json)
            .execute(connection)
            .await?;
    }
    Ok(done)
}

/// A changed definition becomes the active version and supersedes the one before.
async fn apply_system(
    connection: &mut SqliteConnection,
    id: &str,
    source: &str,
) -> Result<Applied, StoreError> {
    let latest: Option<(i64, String)> = sqlx::query_as(
        "SELECT version, source FROM system_version WHERE system_id = ? ORDER BY version DESC LIMIT 1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let done = compared(latest.as_ref().map(|(_, source)| source.as_str()), source);
    if done != Applied::Left {
        sqlx::query("UPDATE system_version SET state = 'superseded' WHERE system_id = ? AND state = 'active'")
            .bind(id)
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "INSERT INTO system_version (system_id, version, state, source) VALUES (?, ?, 'active', ?)",
        )
        .bind(id)
        .bind(latest.map_or(0, |(version, _)| version) + 1)
        .bind(source)
        .execute(connection)
        .await?;
    }
    Ok(done)
}

async fn apply_document(
    connection: &mut SqliteConnection,
    kind: &str,
    name: &str,
    text: &str,
) -> Result<Applied, StoreError> {
    let before: Option<String> =
        sqlx::query_scalar("SELECT text FROM registry_document WHERE kind = ? AND name = ?")
            .bind(kind)
            .bind(name)
            .fetch_optional(&mut *connection)
            .await?;
    let done = compared(before.as_deref(), text);
    if done != Applied::Left {
        let rows = sqlx::query(
            "INSERT INTO registry_document (kind, name, text) VALUES (?, ?, ?)
             ON CONFLICT (kind, name) DO UPDATE SET text = excluded.text",
        )
        .bind(kind)
        .bind(name)
        .bind(text)
        .execute(connection)
        .await?
        .rows_affected();
        if rows != 1 {
            return Err(broken("registry_document", "text", name, "was not written"));
        }
    }
    Ok(done)
}
