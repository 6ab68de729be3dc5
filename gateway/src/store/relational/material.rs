//! Materials: bytes in sealed files beside the database, synced before their row says that they are there.
//!
//! A file without a row is an orphan (the process ended between the two) and is swept; a row without a file cannot come to be.

use super::dialect::{self, Db, DbConnection, DbRow};
use super::receiving::Received;
use super::rows::{case_place, count, instant, named_place, stored, uuid};
use super::{DatabaseStore, StoreError, document, keep, undo};
use crate::fail_point::fail_point;
use crate::identity::Scope;
use crate::store::bucket::Bucket;
use crate::store::material::{
    ByteStream, DocumentRecord, MaterialRecord, MaterialStore, NewDocument, NewMaterial, Swept,
    UploadOutcome,
};
use crate::store::sealed::{DataKey, Sealed, Vault};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// What of a material tells of a person, or would let its content be guessed.
#[derive(Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) file_name: String,
    pub(super) sha256: String,
    pub(super) md5: String,
}

/// What a client has uploaded and nobody bound: whole files, and unfinished ones by their announced length.
pub(super) struct Unbound {
    pub(super) bytes: u64,
    pub(super) files: u64,
}

pub(super) async fn unbound(
    connection: &mut DbConnection,
    client: &[u8],
) -> Result<Unbound, StoreError> {
    let (bytes, files): (i64, i64) = sqlx::query_as(
        "SELECT CAST(coalesce(sum(size), 0) AS BIGINT), count(*) FROM (
             SELECT size FROM material WHERE client_digest = $1 AND case_id IS NULL
             UNION ALL SELECT length FROM upload WHERE client_digest = $1) AS unbound",
    )
    .bind(client)
    .fetch_one(connection)
    .await?;
    Ok(Unbound {
        bytes: count("material", "size", "sum", bytes)?,
        files: count("material", "id", "count", files)?,
    })
}

/// The word of a material that is about to be stored.
pub(super) fn first_scan(scanning: &AtomicBool) -> &'static str {
    if scanning.load(Ordering::Acquire) {
        "pending"
    } else {
        "off"
    }
}

/// Writes a material's row; under its case's key when it is bound at once.
pub(super) async fn insert(
    connection: &mut DbConnection,
    vault: &Vault,
    material: &NewMaterial,
    received: &Received,
    scan: &'static str,
    bound: Option<(i64, &DataKey)>,
) -> Result<(), StoreError> {
    let key = DataKey::from_bytes(received.file.key.as_slice())?;
    let place = named_place("material", "data_key", &material.id);
    let wrapped = match bound {
        Some((_, case_key)) => case_key.wrap(&place, &key, vault.entropy())?,
        None => vault.wrap(&place, received.file.key.as_slice())?,
    };
    let place = named_place("material", "facts", &material.id);
    let facts = Sealed::seal(&key, &place, &received.facts, vault.entropy())?;
    sqlx::query(
        "INSERT INTO material (id, client_digest, content_type, size, scan, scan_due, case_id, created_at, data_key, facts)
         VALUES ($1, $2, $3, $4, $5, CASE WHEN $5 = 'pending' THEN $7 ELSE NULL END, $6, $7, $8, $9)",
    )
    .bind(&material.id)
    .bind(&received.client)
    .bind(&material.content_type)
    .bind(stored(received.file.size))
    .bind(scan)
    .bind(bound.map(|(row, _)| row))
    .bind(material.created_at.as_microsecond())
    .bind(wrapped)
    .bind(facts.into_bytes())
    .execute(connection)
    .await?;
    Ok(())
}

/// The record of what was just received.
pub(super) fn record_of(
    material: &NewMaterial,
    received: &Received,
    scan: &'static str,
    case_no: Option<String>,
) -> MaterialRecord {
    MaterialRecord {
        id: material.id.clone(),
        content_type: material.content_type.clone(),
        file_name: received.facts.file_name.clone(),
        size: received.file.size,
        sha256: received.facts.sha256.clone(),
        md5: received.facts.md5.clone(),
        scan: scan.to_owned(),
        case_no,
        created_at: material.created_at,
    }
}

/// Binds materials to a case and their keys to the case's; returns the ids that are unknown or bound elsewhere.
pub(super) async fn bind(
    connection: &mut DbConnection,
    vault: &Vault,
    (case_row, case_key): (i64, &DataKey),
    materials: &[(u32, String)],
) -> Result<Vec<String>, StoreError> {
    let mut refused = Vec::new();
    for (seq, id) in materials {
        let row: Option<(Option<i64>, Vec<u8>)> = sqlx::query_as(concat!(
            "SELECT case_id, data_key FROM material WHERE id = $1",
            for_update!()
        ))
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
        match row {
            Some((None, wrapped)) => {
                let place = named_place("material", "data_key", id);
                let key = vault.open_key(&place, Some(&wrapped))?;
                sqlx::query(
                    "UPDATE material SET case_id = $1, seq = $2, data_key = $3 WHERE id = $4",
                )
                .bind(case_row)
                .bind(i64::from(*seq))
                .bind(case_key.wrap(&place, &key, vault.entropy())?)
                .bind(id)
                .execute(&mut *connection)
                .await?;
            }
            Some((Some(bound), _)) if bound == case_row => {}
            _ => refused.push(id.clone()),
        }
    }
    Ok(refused)
}

/// What a material is read from.
pub(super) const COLUMNS: &str = "m.id, m.content_type, m.size, m.scan, m.created_at, m.data_key AS material_key, m.facts AS material_facts,
    m.case_id AS case_row, c.case_id, c.case_no, c.data_key";

/// A material's own key from a row with [`COLUMNS`].
pub(super) fn material_key(row: &DbRow, vault: &Vault) -> Result<DataKey, StoreError> {
    let id: String = row.try_get("id")?;
    let place = named_place("material", "data_key", &id);
    let wrapped: Vec<u8> = row.try_get("material_key")?;
    match row.try_get::<Option<i64>, _>("case_row")? {
        None => vault.open_key(&place, Some(&wrapped)),
        Some(_) => case_key(row, vault)?.unwrap_key(&place, &wrapped),
    }
}

/// The key of the case of a row that has its `case_id` and `data_key`.
pub(super) fn case_key(row: &DbRow, vault: &Vault) -> Result<DataKey, StoreError> {
    let case_id: Uuid = uuid(
        "case_record",
        "case_id",
        "of a material",
        row.try_get("case_id")?,
    )?;
    let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
    vault.open_key(&case_place("data_key", case_id), wrapped.as_deref())
}

pub(super) fn record(row: &DbRow, key: &DataKey) -> Result<MaterialRecord, StoreError> {
    let id: String = row.try_get("id")?;
    let facts: Facts = Sealed::from_stored(row.try_get("material_facts")?)
        .open(key, &named_place("material", "facts", &id))?;
    Ok(MaterialRecord {
        content_type: row.try_get("content_type")?,
        file_name: facts.file_name,
        size: count("material", "size", &id, row.try_get("size")?)?,
        sha256: facts.sha256,
        md5: facts.md5,
        scan: row.try_get("scan")?,
        case_no: row.try_get("case_no")?,
        created_at: instant("material", "created_at", &id, row.try_get("created_at")?)?,
        id,
    })
}

impl DatabaseStore {
    /// The plain bytes of a material.
    pub(super) async fn bytes(&self, id: &str, key: DataKey) -> Result<ByteStream, StoreError> {
        self.files.place().open(id, key).await
    }
}

#[async_trait]
impl MaterialStore for DatabaseStore {
    async fn upload(
        &self,
        material: NewMaterial,
        body: ByteStream,
    ) -> Result<UploadOutcome, StoreError> {
        let received = match self.receive(&material, body, true).await? {
            Ok(received) => received,
            Err(outcome) => return Ok(outcome),
        };
        let (id, file_key) = (material.id.clone(), received.file.data_key()?);
        let (scanning, files_max) = (Arc::clone(&self.scanning), self.unbound_files);
        let outcome = self
            .write(move |c, vault| {
                Box::pin(async move {
                    dialect::alone(c, &received.client).await?;
                    let unbound = unbound(c, &received.client).await?;
                    let bytes = unbound.bytes.saturating_add(received.file.size);
                    if bytes > material.max_unbound_bytes || unbound.files >= files_max {
                        return undo(UploadOutcome::OverCap);
                    }
                    let scan = first_scan(&scanning);
                    insert(c, vault, &material, &received, scan, None).await?;
                    let record = record_of(&material, &received, scan, None);
                    keep(UploadOutcome::Stored(record))
                })
            })
            .await?;
        fail_point!("material.stored");
        if !matches!(outcome, UploadOutcome::Stored(_)) {
            self.files.discard(&id, &file_key).await?;
        }
        Ok(outcome)
    }

    async fn material(&self, id: &str) -> Result<Option<MaterialRecord>, StoreError> {
        let mut query = QueryBuilder::<Db>::new("SELECT ");
        query
            .push(COLUMNS)
            .push(" FROM material m LEFT JOIN case_record c ON c.id = m.case_id WHERE m.id = ")
            .push_bind(id.to_owned());
        let row = query
            .build()
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        row.map(|row| record(&row, &material_key(&row, &self.vault)?))
            .transpose()
    }

    async fn material_bytes(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<(MaterialRecord, ByteStream)>, StoreError> {
        let mut query = QueryBuilder::<Db>::new("SELECT ");
        query
            .push(COLUMNS)
            .push(
                " FROM material m JOIN case_record c ON c.id = m.case_id JOIN application a ON a.id = c.application_id
                 WHERE m.id = ",
            )
            .push_bind(id.to_owned());
        super::rows::restrict(&mut query, scope, &self.vault, "c.system_id");
        let row = query
            .build()
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let key = material_key(&row, &self.vault)?;
        let record = record(&row, &key)?;
        let bytes = self.bytes(id, key).await?;
        Ok(Some((record, bytes)))
    }

    async fn store_document(
        &self,
        document: NewDocument,
        material: NewMaterial,
        body: ByteStream,
    ) -> Result<Result<DocumentRecord, UploadOutcome>, StoreError> {
        document::store(self, document, material, body).await
    }

    async fn documents(&self, scope: &Scope, no: &str) -> Result<Vec<DocumentRecord>, StoreError> {
        document::list(self, scope, no, None).await
    }

    async fn document_bytes(
        &self,
        scope: &Scope,
        no: &str,
        id: &str,
    ) -> Result<Option<(DocumentRecord, ByteStream)>, StoreError> {
        document::bytes(self, scope, no, id).await
    }

    async fn sweep(&self, before: Timestamp) -> Result<Swept, StoreError> {
        self.swept(before).await
    }

    fn bucket(&self) -> Option<&Arc<Bucket>> {
        self.files.bucket()
    }

    async fn sweep_bucket(&self, before: Timestamp) -> Result<Swept, StoreError> {
        self.bucket_swept(before).await
    }
}
