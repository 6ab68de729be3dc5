//! Bytes on their way in: sealed in `incoming/` while they come, then put in their place; only then comes their row.

use super::files::{Incoming, MaterialFiles, sync_folder, taken};
use super::material::{Facts, unbound};
use super::{DatabaseStore, StoreError, broken};
use crate::fail_point::fail_point;
use crate::store::bucket::Bucket;
use crate::store::material::{ByteStream, NewMaterial, UploadOutcome};
use crate::store::sealed::file::FileSealer;
use crate::store::sealed::{DataKey, Vault};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use md5::{Digest, Md5};
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

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
        files.answers()?;
        let incoming = Incoming::begin(files, id, &target, client)?;
        let entropy = vault.entropy();
        let key = zeroize::Zeroizing::new(entropy.bytes::<32>().map_err(io::Error::other)?);
        let file_key = DataKey::from_bytes(key.as_slice())?;
        let (sealer, out) = FileSealer::begin(file_key, id, entropy)?;
        let file = tokio::fs::File::create_new(&incoming.path).await?;
        // Its name in `incoming/` was another node's until that node's file was in its place: it would be written over.
        if files.bucket().is_none() && tokio::fs::try_exists(&target).await? {
            return Err(taken(id));
        }
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

    /// Seals the rest and brings the file to its place, durably. From then on only the sweep may remove it: a row may come.
    pub(super) async fn finish(mut self, files: &MaterialFiles) -> Result<InPlace, StoreError> {
        self.sealer.finish(&mut self.out)?;
        self.file.write_all(&self.out).await?;
        fail_point!("material.written", crate::fail_point::io_error());
        match files.bucket() {
            None => settle(files, &mut self.incoming, &self.file, &self.target).await?,
            Some(bucket) => {
                self.file.flush().await?;
                put(bucket, &self.incoming, &self.key).await?;
            }
        }
        Ok(InPlace {
            id: self.incoming.id.clone(),
            key: self.key,
            size: self.size,
            _incoming: self.incoming,
        })
    }
}

/// Puts a file into the bucket. It needs no sync here: a process that ends has told nobody of it.
async fn put(bucket: &Bucket, incoming: &Incoming, key: &DataKeyBytes) -> Result<(), StoreError> {
    let tag = DataKey::from_bytes(key.as_slice())?.file_tag();
    let (id, path) = (&incoming.id, &incoming.path);
    bucket.put(id, &tag, path, &incoming.note()).await?;
    fail_point!("material.put");
    Ok(tokio::fs::remove_file(path).await?)
}

/// Syncs a file, moves it to its place in the folder and syncs the folders that name it.
async fn settle(
    files: &MaterialFiles,
    incoming: &mut Incoming,
    file: &tokio::fs::File,
    target: &Path,
) -> Result<(), StoreError> {
    file.sync_all().await?;
    fail_point!("material.synced", crate::fail_point::io_error());
    let shard = target.parent().unwrap_or(files.folder()).to_owned();
    tokio::fs::create_dir_all(&shard).await?;
    tokio::fs::rename(&incoming.path, target).await?;
    incoming.keep_file = true;
    fail_point!("material.moved", crate::fail_point::io_error());
    sync_folder(&shard).await?;
    sync_folder(files.folder()).await?;
    fail_point!("material.placed");
    Ok(())
}

impl InPlace {
    /// Its key, which names it in a bucket.
    pub(super) fn data_key(&self) -> Result<DataKey, StoreError> {
        DataKey::from_bytes(self.key.as_slice())
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
        self.refuse_taken(&material.id).await?;
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

    /// In a folder a file that is there tells that its id is taken; a bucket would take another one under the same id.
    async fn refuse_taken(&self, id: &str) -> Result<(), StoreError> {
        if self.files.bucket().is_none() {
            return Ok(());
        }
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM material WHERE id = $1")
            .bind(id)
            .fetch_one(&mut *self.reader().await?)
            .await?;
        match rows {
            0 => Ok(()),
            _ => Err(broken("material", "id", id, "this id is taken")),
        }
    }
}
