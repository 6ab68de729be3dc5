//! Resumable uploads on SQLite: rows of what is not whole yet. How bytes come in is in [`super::part`].

use super::dialect::{self, DbConnection};
use super::material::{first_scan, insert, record_of, unbound};
use super::part;
use super::rows::{count, instant, named_place, stored};
use super::{DatabaseStore, StoreError, keep, undo};
use crate::fail_point::fail_point;
use crate::store::material::{ByteStream, MaterialRecord, NewMaterial, UploadOutcome};
use crate::store::sealed::{DataKey, Sealed};
use crate::store::upload::{
    NewPart, NewUpload, PartOutcome, RemoveOutcome, UploadRecord, UploadStore,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use std::sync::Arc;

/// What of an unfinished upload tells of a person.
#[derive(Serialize, Deserialize)]
struct Facts {
    file_name: String,
}

/// An unfinished upload with its segments.
pub(super) struct Unfinished {
    pub(super) record: UploadRecord,
    pub(super) client: Vec<u8>,
    pub(super) segments: Vec<(String, DataKey)>,
}

impl DatabaseStore {
    /// The row of an unfinished upload.
    async fn upload_row(&self, id: &str) -> Result<Option<(UploadRecord, Vec<u8>)>, StoreError> {
        const T: &str = "upload";
        let row = sqlx::query(
            "SELECT client_digest, content_type, length, received, touched_at, data_key, facts FROM upload WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&mut *self.reader().await?)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let wrapped: Vec<u8> = row.try_get("data_key")?;
        let key = self
            .vault
            .open_key(&named_place(T, "data_key", id), Some(&wrapped))?;
        let facts: Facts =
            Sealed::from_stored(row.try_get("facts")?).open(&key, &named_place(T, "facts", id))?;
        let record = UploadRecord {
            id: id.to_owned(),
            content_type: row.try_get("content_type")?,
            file_name: facts.file_name,
            length: count(T, "length", id, row.try_get("length")?)?,
            offset: count(T, "received", id, row.try_get("received")?)?,
            touched_at: instant(T, "touched_at", id, row.try_get("touched_at")?)?,
        };
        Ok(Some((record, row.try_get("client_digest")?)))
    }

    /// An unfinished upload with its segments in order. To be called by whoever writes a part: nobody else changes them then.
    pub(super) async fn unfinished(&self, id: &str) -> Result<Option<Unfinished>, StoreError> {
        let Some((record, client)) = self.upload_row(id).await? else {
            return Ok(None);
        };
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT id, data_key FROM upload_segment WHERE upload_id = $1 ORDER BY start",
        )
        .bind(id)
        .fetch_all(&mut *self.reader().await?)
        .await?;
        let open = |(id, wrapped): (String, Vec<u8>)| {
            let place = named_place("upload_segment", "data_key", &id);
            let key = self.vault.open_key(&place, Some(&wrapped))?;
            Ok((id, key))
        };
        let segments = rows
            .into_iter()
            .map(open)
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(Unfinished {
            record,
            client,
            segments,
        }))
    }

    /// Makes a whole upload a material: its segments, the last of them without a row yet, become one sealed file with its digests.
    /// `None` when the upload was removed meanwhile.
    pub(super) async fn complete(
        &self,
        upload: &Unfinished,
        material: NewMaterial,
        bytes: ByteStream,
    ) -> Result<Option<MaterialRecord>, StoreError> {
        let client = upload.client.clone();
        let received = match self.receive_of(&material, client, bytes, None).await? {
            Ok(received) => received,
            Err(UploadOutcome::Interrupted) => return Err(unreadable("do not open")),
            Err(_) => return Err(unreadable("are longer than announced")),
        };
        if received.file.size != upload.record.length {
            return Err(unreadable("are shorter than announced"));
        }
        let (id, file_key) = (material.id.clone(), received.file.data_key()?);
        let scanning = Arc::clone(&self.scanning);
        let written = self
            .write(move |c, vault| {
                Box::pin(async move {
                    let Some(segments) = delete(c, &material.id).await? else {
                        return undo(None);
                    };
                    let scan = first_scan(&scanning);
                    insert(c, vault, &material, &received, scan, None).await?;
                    let record = record_of(&material, &received, scan, None);
                    keep(Some((record, segments)))
                })
            })
            .await?;
        let Some((record, segments)) = written else {
            self.files.discard(&id, &file_key).await?;
            return Ok(None);
        };
        fail_point!("upload.completed");
        self.remove_files(&segments).await;
        Ok(Some(record))
    }

    /// Removes an upload's rows and files, whoever is writing it; false when there is none.
    pub(super) async fn drop_upload(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        let segments = self
            .write(move |c, _| Box::pin(async move { keep(delete(c, &id).await?) }))
            .await?;
        let Some(segments) = segments else {
            return Ok(false);
        };
        self.remove_files(&segments).await;
        Ok(true)
    }

    /// Files whose rows are gone; what cannot be removed now is swept later.
    pub(super) async fn remove_files(&self, ids: &[String]) {
        self.files.remove(ids).await.ok();
    }
}

fn unreadable(reason: &str) -> StoreError {
    super::broken(
        "upload_segment",
        "size",
        "of an upload",
        format!("its segments {reason}"),
    )
}

/// Deletes an upload's rows; names of its segments' files, `None` when there is no such upload.
async fn delete(
    connection: &mut DbConnection,
    id: &str,
) -> Result<Option<Vec<String>>, StoreError> {
    let segments =
        sqlx::query_scalar("DELETE FROM upload_segment WHERE upload_id = $1 RETURNING id")
            .bind(id)
            .fetch_all(&mut *connection)
            .await?;
    let deleted = sqlx::query("DELETE FROM upload WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok((deleted.rows_affected() > 0).then_some(segments))
}

/// Deletes a material that nobody bound.
async fn delete_unbound(
    connection: &mut DbConnection,
    id: &str,
) -> Result<RemoveOutcome, StoreError> {
    let bound: Option<Option<i64>> = sqlx::query_scalar(concat!(
        "SELECT case_id FROM material WHERE id = $1",
        for_update!()
    ))
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    match bound {
        None => return Ok(RemoveOutcome::NoSuchUpload),
        Some(Some(_)) => return Ok(RemoveOutcome::Bound),
        Some(None) => {}
    }
    sqlx::query("DELETE FROM material WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(RemoveOutcome::Removed)
}

#[async_trait]
impl UploadStore for DatabaseStore {
    async fn begin_upload(&self, upload: NewUpload) -> Result<Option<UploadRecord>, StoreError> {
        // Names no file yet, but must be able to.
        self.files.path(&upload.id)?;
        self.files.answers()?;
        let client = self.client_digest(&upload.client);
        let under_way = self.files.under_way_of(&client);
        let files_max = self.unbound_files;
        self.write(move |c, vault| {
            Box::pin(async move {
                dialect::alone(c, &client).await?;
                let unbound = unbound(c, &client).await?;
                let bytes = unbound.bytes.saturating_add(under_way).saturating_add(upload.length);
                if bytes > upload.max_unbound_bytes || unbound.files >= files_max {
                    return undo(None);
                }
                let (key, wrapped) = vault.fresh_key(&named_place("upload", "data_key", &upload.id))?;
                let facts = Facts {
                    file_name: upload.file_name.clone(),
                };
                let place = named_place("upload", "facts", &upload.id);
                let facts = Sealed::seal(&key, &place, &facts, vault.entropy())?;
                sqlx::query(
                    "INSERT INTO upload (id, client_digest, content_type, length, received, touched_at, data_key, facts)
                     VALUES ($1, $2, $3, $4, 0, $5, $6, $7)",
                )
                .bind(&upload.id)
                .bind(&client)
                .bind(&upload.content_type)
                .bind(stored(upload.length))
                .bind(upload.created_at.as_microsecond())
                .bind(wrapped)
                .bind(facts.into_bytes())
                .execute(c)
                .await?;
                keep(Some(UploadRecord {
                    id: upload.id,
                    content_type: upload.content_type,
                    file_name: upload.file_name,
                    length: upload.length,
                    offset: 0,
                    touched_at: upload.created_at,
                }))
            })
        })
        .await
    }

    async fn unfinished_upload(&self, id: &str) -> Result<Option<UploadRecord>, StoreError> {
        Ok(self.upload_row(id).await?.map(|(record, _)| record))
    }

    async fn append(&self, part: NewPart, body: ByteStream) -> Result<PartOutcome, StoreError> {
        part::append(self, part, body).await
    }

    async fn remove_upload(&self, id: &str) -> Result<RemoveOutcome, StoreError> {
        let Some(_writing) = self.files.write_part(id) else {
            return Ok(RemoveOutcome::Busy);
        };
        if self.drop_upload(id).await? {
            return Ok(RemoveOutcome::Removed);
        }
        let unbound = id.to_owned();
        let outcome = self
            .write(move |c, _| Box::pin(async move { keep(delete_unbound(c, &unbound).await?) }))
            .await?;
        if outcome == RemoveOutcome::Removed {
            self.remove_files(&[id.to_owned()]).await;
        }
        Ok(outcome)
    }
}
