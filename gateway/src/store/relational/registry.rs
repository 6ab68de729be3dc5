//! The registry's rows: versions are immutable, applying is idempotent.

use super::audit::{self, About};
use super::dialect::{self, DbConnection};
use super::rows::{count, named_place};
use super::{DatabaseStore, StoreError, Verdict, broken, keep};
use crate::entropy::Entropy;
use crate::fail_point::fail_point;
use crate::store::nodes::NodeNews;
use crate::store::registry::{
    Applied, ItemVersionRow, RegistryChange, RegistryStore, SystemVersionRow,
};
use crate::store::sealed::{MasterKeys, Place, Vault, keys};
use async_trait::async_trait;
use sqlx::Row;

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

/// The installation's digest key: made once, kept under the master key, so that digests outlive a change of the master key.
pub(super) async fn digest_key(
    connection: &mut DbConnection,
    masters: &MasterKeys,
    entropy: &Entropy,
) -> Result<[u8; keys::KEY_LEN], StoreError> {
    const NAME: &str = "digest key";
    let place = secret_place(NAME);
    let fresh = entropy
        .bytes::<{ keys::KEY_LEN }>()
        .map_err(|e| StoreError::Unavailable(e.to_string()))?;
    let sealed = keys::wrap(masters, &place, &fresh, entropy)?;
    sqlx::query(
        "INSERT INTO installation_secret (name, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(NAME)
    .bind(sealed)
    .execute(&mut *connection)
    .await?;
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT secret FROM installation_secret WHERE name = $1")
            .bind(NAME)
            .fetch_one(connection)
            .await?;
    secret_bytes(keys::unwrap(masters, &place, &stored)?.as_slice(), &place)
}

#[async_trait]
impl RegistryStore for DatabaseStore {
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
        let applied = self
            .write(move |c, vault| Box::pin(commit(c, vault, change)))
            .await?;
        fail_point!("registry.applied");
        Ok(applied)
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
                sqlx::query("INSERT INTO installation_secret (name, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                    .bind(&name)
                    .bind(vault.wrap(&place, &fresh)?)
                    .execute(&mut *c)
                    .await?;
                let stored: Vec<u8> =
                    sqlx::query_scalar("SELECT secret FROM installation_secret WHERE name = $1")
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
    connection: &mut DbConnection,
    vault: &Vault,
    change: RegistryChange,
) -> Result<Verdict<Vec<(String, Applied)>>, StoreError> {
    dialect::alone(connection, b"registry").await?;
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
    fail_point!("registry.written");
    audit::write(connection, vault, change.audit, About::default()).await?;
    dialect::tell(connection, &NodeNews::Registry).await?;
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
    connection: &mut DbConnection,
    id: &str,
    json: &str,
) -> Result<Applied, StoreError> {
    let latest: Option<(i64, String)> = sqlx::query_as(
        "SELECT version, json FROM item_version WHERE item_id = $1 ORDER BY version DESC LIMIT 1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let done = compared(latest.as_ref().map(|(_, json)| json.as_str()), json);
    if done != Applied::Left {
        sqlx::query("INSERT INTO item_version (item_id, version, json) VALUES ($1, $2, $3)")
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
    connection: &mut DbConnection,
    id: &str,
    source: &str,
) -> Result<Applied, StoreError> {
    let latest: Option<(i64, String)> = sqlx::query_as(
        "SELECT version, source FROM system_version WHERE system_id = $1 ORDER BY version DESC LIMIT 1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let done = compared(latest.as_ref().map(|(_, source)| source.as_str()), source);
    if done != Applied::Left {
        sqlx::query("UPDATE system_version SET state = 'superseded' WHERE system_id = $1 AND state = 'active'")
            .bind(id)
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "INSERT INTO system_version (system_id, version, state, source) VALUES ($1, $2, 'active', $3)",
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
    connection: &mut DbConnection,
    kind: &str,
    name: &str,
    text: &str,
) -> Result<Applied, StoreError> {
    let before: Option<String> =
        sqlx::query_scalar("SELECT text FROM registry_document WHERE kind = $1 AND name = $2")
            .bind(kind)
            .bind(name)
            .fetch_optional(&mut *connection)
            .await?;
    let done = compared(before.as_deref(), text);
    if done != Applied::Left {
        let rows = sqlx::query(
            "INSERT INTO registry_document (kind, name, text) VALUES ($1, $2, $3)
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
