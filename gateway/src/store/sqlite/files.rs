//! The folder of sealed files: an upload is sealed and synced in `incoming/`, then moved to its place; only then comes its row.

use super::material::{Facts, unbound_bytes};
use super::{SqliteStore, StoreError, broken};
use crate::store::material::{ByteStream, NewMaterial, UploadOutcome};
use crate::store::sealed::DataKey;
use crate::store::sealed::file::FileSealer;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use md5::{Digest, Md5};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

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

    pub(super) fn path(&self, id: &str) -> Result<PathBuf, StoreError> {
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
    pub(super) async fn settled_ids(&self) -> Result<Vec<String>, StoreError> {
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
    /// Begins an upload; an id that is under way or there already belongs to somebody else.
    fn begin(
        files: &MaterialFiles,
        id: &str,
        target: &Path,
        client: Vec<u8>,
    ) -> Result<Self, StoreError> {
        let taken = || broken("material", "id", id, "this id is taken");
        if target.exists() || !files.under_way.lock().ids.insert(id.to_owned()) {
            return Err(taken());
        }
        Ok(Self {
            id: id.to_owned(),
            client,
            counted: 0,
            path: files.folder.join("incoming").join(id),
            keep_file: false,
            under_way: files.under_way.clone(),
        })
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
    pub(super) client: Vec<u8>,
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
        let mut incoming = Incoming::begin(&self.files, &material.id, &target, client.clone())?;
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
