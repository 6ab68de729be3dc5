//! The folder of sealed files: bytes are sealed and synced in `incoming/`, then moved to their place; only then comes their row.

use super::dialect;
use super::material::{Facts, unbound};
use super::{DatabaseStore, StoreError, broken};
use crate::fail_point::fail_point;
use crate::store::material::{ByteStream, NewMaterial, UploadOutcome};
use crate::store::sealed::file::FileSealer;
use crate::store::sealed::{DataKey, Vault};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use md5::{Digest, Md5};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// How long another node may take between a file in its place and the row that names it.
const OTHERS_WRITE_FOR: Duration = Duration::from_secs(3_600);

/// The folder of sealed files, and the uploads under way in this process.
pub(super) struct MaterialFiles {
    folder: PathBuf,
    under_way: Arc<Mutex<UnderWay>>,
}

#[derive(Default)]
struct UnderWay {
    /// Files being written, or written and without a row yet.
    ids: HashSet<String>,
    /// Resumable uploads of which a part is being written.
    uploads: HashSet<String>,
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
            // Another node may be writing it; then it goes with a later start.
            if dialect::SHARED_FILES && !is_old(&entry).await? {
                continue;
            }
            gone(tokio::fs::remove_file(entry.path()).await)?;
        }
        sync_folder(&folder).await?;
        sync_folder(data_folder).await?;
        Ok(Self {
            folder,
            under_way: Arc::default(),
        })
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
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
        Ok(gone(tokio::fs::remove_file(self.path(id)?).await)?)
    }

    /// Folders that hold files.
    pub(super) async fn shards(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut found = Vec::new();
        let mut shards = tokio::fs::read_dir(&self.folder).await?;
        while let Some(shard) = shards.next_entry().await? {
            if shard.file_name() != "incoming" && shard.file_type().await?.is_dir() {
                found.push(shard.path());
            }
        }
        Ok(found)
    }

    /// Ids of the files of a shard that nothing is writing: in this process by its own account, in other nodes by their age.
    pub(super) async fn settled_ids(&self, shard: &Path) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::new();
        let mut files = tokio::fs::read_dir(shard).await?;
        while let Some(file) = files.next_entry().await? {
            if dialect::SHARED_FILES && !is_old(&file).await? {
                continue;
            }
            ids.extend(file.file_name().into_string().ok());
        }
        let under_way = self.under_way.lock();
        ids.retain(|id| !under_way.ids.contains(id));
        Ok(ids)
    }

    /// Marks a resumable upload as being written; `None` when it is already.
    pub(super) fn write_part(&self, id: &str) -> Option<PartUnderWay> {
        let new = self.under_way.lock().uploads.insert(id.to_owned());
        new.then(|| PartUnderWay {
            id: id.to_owned(),
            under_way: Arc::clone(&self.under_way),
        })
    }

    /// A look at the resumable uploads that are being written, for the sweep.
    pub(super) fn parts_under_way(&self) -> impl Fn() -> Vec<String> + Send + 'static {
        let under_way = Arc::clone(&self.under_way);
        move || under_way.lock().uploads.iter().cloned().collect()
    }

    /// Bytes of a client in plain uploads that are under way.
    pub(super) fn under_way_of(&self, client: &[u8]) -> u64 {
        let under_way = self.under_way.lock();
        under_way.bytes.get(client).copied().unwrap_or_default()
    }
}

/// What has been removed, by whomever.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Whether nobody writes a file any more, by its age. One that another node has just moved to its place is young.
async fn is_old(file: &tokio::fs::DirEntry) -> io::Result<bool> {
    let written = match file.metadata().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        metadata => metadata?.modified()?,
    };
    Ok(written.elapsed().unwrap_or_default() >= OTHERS_WRITE_FOR)
}

async fn sync_folder(folder: &Path) -> io::Result<()> {
    tokio::fs::File::open(folder).await?.sync_all().await
}

/// A resumable upload of which a part is being written.
pub(super) struct PartUnderWay {
    id: String,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Drop for PartUnderWay {
    fn drop(&mut self) {
        self.under_way.lock().uploads.remove(&self.id);
    }
}

/// A file under way: counted against its client, known to the sweep, and gone without a trace when it is dropped unfinished.
struct Incoming {
    id: String,
    client: Vec<u8>,
    counted: u64,
    path: PathBuf,
    keep_file: bool,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Incoming {
    /// Begins a file; an id that is under way or there already belongs to somebody else.
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

/// A key of a file: once to seal what belongs to it, once to be wrapped.
pub(super) type DataKeyBytes = zeroize::Zeroizing<[u8; 32]>;

/// A sealed file being written.
pub(super) struct SealedWriter {
    incoming: Incoming,
    target: PathBuf,
    file: tokio::fs::File,
    sealer: FileSealer,
    out: Vec<u8>,
    key: DataKeyBytes,
    pub(super) size: u64,
}

/// A sealed file that is synced and in its place, but has no row yet.
pub(super) struct InPlace {
    pub(super) id: String,
    pub(super) key: DataKeyBytes,
    pub(super) size: u64,
    /// Until the row is committed.
    _incoming: Incoming,
}

impl SealedWriter {
    /// Begins the file `id` under a fresh key.
    pub(super) async fn begin(
        files: &MaterialFiles,
        vault: &Vault,
        id: &str,
        client: Vec<u8>,
    ) -> Result<Self, StoreError> {
        let target = files.path(id)?;
        let incoming = Incoming::begin(files, id, &target, client)?;
        let entropy = vault.entropy();
        let key = zeroize::Zeroizing::new(entropy.bytes::<32>().map_err(io::Error::other)?);
        let file_key = DataKey::from_bytes(key.as_slice())?;
        let (sealer, out) = FileSealer::begin(file_key, id, entropy)?;
        let file = tokio::fs::File::create_new(&incoming.path).await?;
        Ok(Self {
            incoming,
            target,
            file,
            sealer,
            out,
            key,
            size: 0,
        })
    }

    pub(super) async fn push(&mut self, plain: &[u8]) -> Result<(), StoreError> {
        self.size += plain.len() as u64;
        self.sealer.push(plain, &mut self.out)?;
        self.file.write_all(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    /// Seals the rest, syncs the file, moves it to its place and syncs the folders that name it. From then on only the sweep may
    /// remove it: a row may come.
    pub(super) async fn finish(mut self, files: &MaterialFiles) -> Result<InPlace, StoreError> {
        self.sealer.finish(&mut self.out)?;
        self.file.write_all(&self.out).await?;
        fail_point!("material.written", crate::fail_point::io_error());
        self.file.sync_all().await?;
        fail_point!("material.synced", crate::fail_point::io_error());
        let shard = self.target.parent().unwrap_or(&files.folder).to_owned();
        tokio::fs::create_dir_all(&shard).await?;
        tokio::fs::rename(&self.incoming.path, &self.target).await?;
        self.incoming.keep_file = true;
        fail_point!("material.moved", crate::fail_point::io_error());
        sync_folder(&shard).await?;
        sync_folder(&files.folder).await?;
        fail_point!("material.placed");
        Ok(InPlace {
            id: self.incoming.id.clone(),
            key: self.key,
            size: self.size,
            _incoming: self.incoming,
        })
    }
}

/// A material's bytes in their place with what is known of them.
pub(super) struct Received {
    pub(super) file: InPlace,
    pub(super) facts: Facts,
    pub(super) client: Vec<u8>,
}

impl DatabaseStore {
    pub(super) fn client_digest(&self, client: &str) -> Vec<u8> {
        self.vault.digest("client", &[client.as_bytes()])
    }

    /// Streams a body into its sealed file. `capped`: against the client's caps on what is unbound.
    pub(super) async fn receive(
        &self,
        material: &NewMaterial,
        body: ByteStream,
        capped: bool,
    ) -> Result<Result<Received, UploadOutcome>, StoreError> {
        let client = self.client_digest(&material.client);
        if !capped {
            return self.receive_of(material, client, body, None).await;
        }
        let unbound = unbound(&mut *self.reader().await?, &client).await?;
        if unbound.files >= self.unbound_files {
            return Ok(Err(UploadOutcome::OverCap));
        }
        let room = material.max_unbound_bytes.saturating_sub(unbound.bytes);
        self.receive_of(material, client, body, Some(room)).await
    }

    /// As [`DatabaseStore::receive`], for a client whose digest is known; `room`: bytes that its uploads under way may hold together.
    pub(super) async fn receive_of(
        &self,
        material: &NewMaterial,
        client: Vec<u8>,
        mut body: ByteStream,
        room: Option<u64>,
    ) -> Result<Result<Received, UploadOutcome>, StoreError> {
        let mut writer =
            SealedWriter::begin(&self.files, &self.vault, &material.id, client.clone()).await?;
        let (mut sha256, mut md5) = (digest::Context::new(&digest::SHA256), Md5::new());
        while let Some(part) = body.next().await {
            let Ok(part) = part else {
                return Ok(Err(UploadOutcome::Interrupted));
            };
            let bytes = part.len() as u64;
            if writer.size + bytes > material.max_bytes {
                return Ok(Err(UploadOutcome::TooLarge));
            }
            if let Some(room) = room
                && writer.incoming.count(bytes) > room
            {
                return Ok(Err(UploadOutcome::OverCap));
            }
            sha256.update(&part);
            md5.update(&part);
            writer.push(&part).await?;
        }
        let facts = Facts {
            file_name: material.file_name.clone(),
            sha256: HEXLOWER.encode(sha256.finish().as_ref()),
            md5: HEXLOWER.encode(&md5.finalize()),
        };
        let file = writer.finish(&self.files).await?;
        Ok(Ok(Received {
            file,
            facts,
            client,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_another_node_moved_away_meanwhile_keeps_no_node_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("incoming");
        tokio::fs::write(&path, "bytes").await.unwrap();
        let mut listed = tokio::fs::read_dir(folder.path()).await.unwrap();
        let entry = listed.next_entry().await.unwrap().unwrap();
        assert!(!is_old(&entry).await.unwrap(), "it is being written");
        tokio::fs::remove_file(&path).await.unwrap();
        assert!(!is_old(&entry).await.unwrap(), "it is gone");
        gone(tokio::fs::remove_file(&path).await).unwrap();
    }
}
