//! Materials: bytes in sealed files beside the database, synced before their row says that they are there.
//!
//! A file without a row is an orphan (the process ended between the two) and is swept; a row without a file cannot come to be.

use super::rows::{case_place, count, instant, named_place, stored, uuid};
use super::{SqliteStore, StoreError, broken, document, keep, undo};
use crate::identity::Scope;
use crate::store::material::{
    ByteStream, DocumentRecord, MaterialRecord, MaterialStore, NewDocument, NewMaterial,
    UploadOutcome,
};
use crate::store::sealed::file::{FileSealer, open_file};
use crate::store::sealed::{DataKey, Sealed, Vault};
use async_trait::async_trait;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use jiff::Timestamp;
use md5::{Digest, Md5};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row, Sqlite};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// Rows removed in one write of the sweep.
const SWEPT_AT_ONCE: i64 = 500;

/// What of a material tells of a person, or would let its content be guessed.
#[derive(Serialize, Deserialize)]
pub(super) struct Facts {
    file_name: String,
    pub(super) sha256: String,
    md5: String,
}

/// The folder of sealed files, and the uploads under way in this process.
pub(super) struct MaterialFiles {
    folder: PathBuf,
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Default)]
struct UnderWay {
    ids: HashSet<String>,
    bytes: HashMap<Vec<u8>, u64>,
}

impl MaterialFiles {
    /// Opens the folder; what was under way when the last process ended is removed.
    pub(super) async fn open(data_folder: &Path) -> Result<Self, StoreError> {
        let folder = data_folder.join("materials");
        let incoming = folder.join("incoming");
        tokio::fs::create_dir_all(&incoming).await?;
        let mut left = tokio::fs::read_dir(&incoming).await?;
        while let Some(entry) = left.next_entry().await? {
            tokio::fs::remove_file(entry.path()).await?;
        }
        sync_folder(&folder).await?;
        sync_folder(data_folder).await?;
        Ok(Self {
            folder,
            under_way: Arc::default(),
        })
    }

    fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
        let shard = id
            .get(..2)
            .filter(|_| id.bytes().all(|b| b.is_ascii_alphanumeric()));
        let shard =
            shard.ok_or_else(|| broken("material", "id", id, "not a capability in hexadecimal"))?;
        Ok(self.folder.join(shard).join(id))
    }

    pub(super) async fn remove(&self, id: &str) -> Result<(), StoreError> {
        match tokio::fs::remove_file(self.path(id)?).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Ids of the files on disk that no upload of this process is writing.
    async fn settled_ids(&self) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::new();
        let mut shards = tokio::fs::read_dir(&self.folder).await?;
        while let Some(shard) = shards.next_entry().await? {
            if shard.file_name() == "incoming" || !shard.file_type().await?.is_dir() {
                continue;
            }
            let mut files = tokio::fs::read_dir(shard.path()).await?;
            while let Some(file) = files.next_entry().await? {
                ids.extend(file.file_name().into_string().ok());
            }
        }
        let under_way = self.under_way.lock();
        ids.retain(|id| !under_way.ids.contains(id));
        Ok(ids)
    }
}

async fn sync_folder(folder: &Path) -> io::Result<()> {
    tokio::fs::File::open(folder).await?.sync_all().await
}

/// An upload under way: counted against its client, known to the sweep, and gone without a trace when it is dropped unfinished.
struct Incoming {
    id: String,
    client: Vec<u8>,
    counted: u64,
    path: PathBuf,
    keep_file: bool,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Incoming {
    fn begin(files: &MaterialFiles, id: &str, client: Vec<u8>) -> Self {
        files.under_way.lock().ids.insert(id.to_owned());
        Self {
            id: id.to_owned(),
            client,
            counted: 0,
            path: files.folder.join("incoming").join(id),
            keep_file: false,
            under_way: files.under_way.clone(),
        }
    }

    /// Counts bytes; returns what all uploads of this client hold by now.
    fn count(&mut self, bytes: u64) -> u64 {
        self.counted += bytes;
        let mut under_way = self.under_way.lock();
        let all = under_way.bytes.entry(self.client.clone()).or_default();
        *all += bytes;
        *all
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock();
        under_way.ids.remove(&self.id);
        if let Some(all) = under_way.bytes.get_mut(&self.client) {
            *all = all.saturating_sub(self.counted);
            if *all == 0 {
                under_way.bytes.remove(&self.client);
            }
        }
        drop(under_way);
        if !self.keep_file {
            // Not there yet, or swept later: either way nothing is left.
            std::fs::remove_file(&self.path).ok();
        }
    }
}

/// Bytes that are sealed, synced and in their place, but have no row yet.
pub(super) struct Received {
    pub(super) key: DataKeyBytes,
    pub(super) facts: Facts,
    pub(super) size: u64,
    client: Vec<u8>,
    /// Until the row is committed.
    _incoming: Incoming,
}

/// A material's own key: once to seal its facts, once to be wrapped.
pub(super) type DataKeyBytes = zeroize::Zeroizing<[u8; 32]>;

impl SqliteStore {
    /// Streams a body into its sealed file. `capped`: against the client's cap on what is unbound.
    pub(super) async fn receive(
        &self,
        material: &NewMaterial,
        mut body: ByteStream,
        capped: bool,
    ) -> Result<Result<Received, UploadOutcome>, StoreError> {
        let client = self.vault.digest("client", &[material.client.as_bytes()]);
        let unbound = if capped {
            unbound_bytes(&mut *self.reader().await?, &client).await?
        } else {
            0
        };
        let target = self.files.path(&material.id)?;
        let mut incoming = Incoming::begin(&self.files, &material.id, client.clone());
        let entropy = self.vault.entropy();
        let key = zeroize::Zeroizing::new(entropy.bytes::<32>().map_err(io::Error::other)?);
        let file_key = DataKey::from_bytes(key.as_slice())?;
        let (mut sealer, mut out) = FileSealer::begin(file_key, &material.id, entropy)?;
        let mut file = tokio::fs::File::create_new(&incoming.path).await?;
        let (mut sha256, mut md5) = (digest::Context::new(&digest::SHA256), Md5::new());
        let mut size = 0u64;
        while let Some(part) = body.next().await {
            let Ok(part) = part else {
                return Ok(Err(UploadOutcome::Interrupted));
            };
            size += part.len() as u64;
            if size > material.max_bytes {
                return Ok(Err(UploadOutcome::TooLarge));
            }
            let held = unbound.saturating_add(incoming.count(part.len() as u64));
            if capped && held > material.max_unbound_bytes {
                return Ok(Err(UploadOutcome::OverCap));
            }
            sha256.update(&part);
            md5.update(&part);
            sealer.push(&part, &mut out)?;
            file.write_all(&out).await?;
            out.clear();
        }
        sealer.finish(&mut out)?;
        file.write_all(&out).await?;
        file.sync_all().await?;
        put_in_place(&mut incoming, &self.files.folder, target).await?;
        let facts = Facts {
            file_name: material.file_name.clone(),
            sha256: HEXLOWER.encode(sha256.finish().as_ref()),
            md5: HEXLOWER.encode(&md5.finalize()),
        };
        Ok(Ok(Received {
            key,
            facts,
            size,
            client,
            _incoming: incoming,
        }))
    }
}

/// Moves a synced file to its place and syncs the folders that name it. From now on only the sweep may remove it: a row may come.
async fn put_in_place(
    incoming: &mut Incoming,
    materials: &Path,
    target: PathBuf,
) -> Result<(), StoreError> {
    let shard = target.parent().unwrap_or(materials);
    tokio::fs::create_dir_all(shard).await?;
    tokio::fs::rename(&incoming.path, &target).await?;
    incoming.keep_file = true;
    sync_folder(shard).await?;
    sync_folder(materials).await?;
    Ok(())
}

async fn unbound_bytes(
    connection: &mut SqliteConnection,
    client: &[u8],
) -> Result<u64, StoreError> {
    let sum: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(size), 0) FROM material WHERE client_digest = ? AND case_id IS NULL",
    )
    .bind(client)
    .fetch_one(connection)
    .await?;
    count("material", "size", "sum", sum)
}

/// Writes a material's row; under its case's key when it is bound at once.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    vault: &Vault,
    material: &NewMaterial,
    received: &Received,
    bound: Option<(i64, &DataKey)>,
) -> Result<(), StoreError> {
    let key = DataKey::from_bytes(received.key.as_slice())?;
    let place = named_place("material", "data_key", &material.id);
    let wrapped = match bound {
        Some((_, case_key)) => case_key.wrap(&place, &key, vault.entropy())?,
        None => vault.wrap(&place, received.key.as_slice())?,
    };
    let place = named_place("material", "facts", &material.id);
    let facts = Sealed::seal(&key, &place, &received.facts, vault.entropy())?;
    sqlx::query(
        "INSERT INTO material (id, client_digest, content_type, size, scan, case_id, created_at, data_key, facts)
         VALUES (?, ?, ?, ?, 'off', ?, ?, ?, ?)",
    )
    .bind(&material.id)
    .bind(&received.client)
    .bind(&material.content_type)
    .bind(stored(received.size))
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
    case_no: Option<String>,
) -> MaterialRecord {
    MaterialRecord {
        id: material.id.clone(),
        content_type: material.content_type.clone(),
        file_name: received.facts.file_name.clone(),
        size: received.size,
        sha256: received.facts.sha256.clone(),
        md5: received.facts.md5.clone(),
        scan: "off".to_owned(),
        case_no,
        created_at: material.created_at,
    }
}

/// Binds materials to a case and their keys to the case's; returns the ids that are unknown or bound elsewhere.
pub(super) async fn bind(
    connection: &mut SqliteConnection,
    vault: &Vault,
    (case_row, case_key): (i64, &DataKey),
    materials: &[(u32, String)],
) -> Result<Vec<String>, StoreError> {
    let mut refused = Vec::new();
    for (seq, id) in materials {
        let row: Option<(Option<i64>, Vec<u8>)> =
            sqlx::query_as("SELECT case_id, data_key FROM material WHERE id = ?")
                .bind(id)
                .fetch_optional(&mut *connection)
                .await?;
        match row {
            Some((None, wrapped)) => {
                let place = named_place("material", "data_key", id);
                let key = vault.open_key(&place, Some(&wrapped))?;
                sqlx::query("UPDATE material SET case_id = ?, seq = ?, data_key = ? WHERE id = ?")
                    .bind(case_row)
                    .bind(seq)
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
pub(super) fn material_key(row: &SqliteRow, vault: &Vault) -> Result<DataKey, StoreError> {
    let id: String = row.try_get("id")?;
    let place = named_place("material", "data_key", &id);
    let wrapped: Vec<u8> = row.try_get("material_key")?;
    match row.try_get::<Option<i64>, _>("case_row")? {
        None => vault.open_key(&place, Some(&wrapped)),
        Some(_) => case_key(row, vault)?.unwrap_key(&place, &wrapped),
    }
}

/// The key of the case of a row that has its `case_id` and `data_key`.
pub(super) fn case_key(row: &SqliteRow, vault: &Vault) -> Result<DataKey, StoreError> {
    let case_id: Uuid = uuid(
        "case_record",
        "case_id",
        "of a material",
        row.try_get("case_id")?,
    )?;
    let wrapped: Option<Vec<u8>> = row.try_get("data_key")?;
    vault.open_key(&case_place("data_key", case_id), wrapped.as_deref())
}

pub(super) fn record(row: &SqliteRow, key: &DataKey) -> Result<MaterialRecord, StoreError> {
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

impl SqliteStore {
    /// The plain bytes of a material.
    pub(super) async fn bytes(&self, id: &str, key: DataKey) -> Result<ByteStream, StoreError> {
        let file = tokio::fs::File::open(self.files.path(id)?).await?;
        Ok(open_file(file, key, id).await?)
    }

    /// Removes rows (and then files) of unbound materials; returns how many, at most [`SWEPT_AT_ONCE`].
    async fn sweep_unbound(&self, before: Timestamp) -> Result<u64, StoreError> {
        let gone: Vec<String> = self
            .write(move |c, _| {
                Box::pin(async move {
                    keep(
                        sqlx::query_scalar(SWEEP)
                            .bind(before.as_microsecond())
                            .bind(SWEPT_AT_ONCE)
                            .fetch_all(c)
                            .await?,
                    )
                })
            })
            .await?;
        for id in &gone {
            self.files.remove(id).await?;
        }
        Ok(gone.len() as u64)
    }

    /// Removes files without a row. The writer is asked, so that a row still in its queue counts.
    async fn sweep_orphans(&self) -> Result<u64, StoreError> {
        let mut swept = 0;
        for some in self.files.settled_ids().await?.chunks(1000) {
            let list = super::rows::json_list(some.iter().map(String::as_str));
            let orphans: Vec<String> = self
                .write(move |c, _| {
                    Box::pin(async move {
                        keep(
                            sqlx::query_scalar(
                                "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM material)",
                            )
                            .bind(list)
                            .fetch_all(c)
                            .await?,
                        )
                    })
                })
                .await?;
            for id in &orphans {
                self.files.remove(id).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

pub(super) const SWEEP: &str = "DELETE FROM material WHERE id IN
    (SELECT id FROM material WHERE case_id IS NULL AND created_at < ? ORDER BY created_at LIMIT ?) RETURNING id";

#[async_trait]
impl MaterialStore for SqliteStore {
    async fn upload(
        &self,
        material: NewMaterial,
        body: ByteStream,
    ) -> Result<UploadOutcome, StoreError> {
        let received = match self.receive(&material, body, true).await? {
            Ok(received) => received,
            Err(outcome) => return Ok(outcome),
        };
        let id = material.id.clone();
        let outcome = self
            .write(move |c, vault| {
                Box::pin(async move {
                    let unbound = unbound_bytes(c, &received.client).await?;
                    if unbound.saturating_add(received.size) > material.max_unbound_bytes {
                        return undo(UploadOutcome::OverCap);
                    }
                    insert(c, vault, &material, &received, None).await?;
                    keep(UploadOutcome::Stored(record_of(&material, &received, None)))
                })
            })
            .await?;
        if !matches!(outcome, UploadOutcome::Stored(_)) {
            self.files.remove(&id).await?;
        }
        Ok(outcome)
    }

    async fn material(&self, id: &str) -> Result<Option<MaterialRecord>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
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
        let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
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

    async fn sweep(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            let gone = self.sweep_unbound(before).await?;
            swept += gone;
            if gone < SWEPT_AT_ONCE.unsigned_abs() {
                break;
            }
        }
        Ok(swept + self.sweep_orphans().await?)
    }
}
