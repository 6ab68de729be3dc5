//! Putting a file: in one request, or in parts that are one object only at their end.

use super::{Bucket, StoreError, UNIT};
use crate::fail_point::fail_point;
use bytes::Bytes;
use object_store::multipart::MultipartStore;
use object_store::path::Path as Name;
use object_store::{ObjectStoreExt, PutPayload};
use std::io;
use std::path::Path;
use tokio::io::AsyncReadExt;
use tokio::sync::SemaphorePermit;

/// Bytes of one request at most: a longer file goes in parts of this size.
const PART: u64 = 8 << 20;

impl Bucket {
    /// Puts the sealed file at `path` under `id` and the tag of its key. When it is longer than one request, `note` tells of its
    /// parts until they are one object: who finds it after a crash calls [`Bucket::abort`].
    ///
    /// # Errors
    /// [`StoreError::FilesAway`]: it may be there all the same, and nothing may name it. [`StoreError::Bytes`]: it cannot be read.
    pub async fn put(
        &self,
        id: &str,
        tag: &str,
        path: &Path,
        note: &Path,
    ) -> Result<(), StoreError> {
        self.answers()?;
        let file = tokio::fs::File::open(path).await?;
        let length = file.metadata().await?.len();
        let name = self.object(id, tag);
        let put = async {
            match length <= PART {
                true => self.put_whole(&name, file, length).await,
                false => self.put_parts(&name, file, length, note).await,
            }
        };
        let put = tokio::time::timeout(self.within, put).await;
        put.unwrap_or_else(|_| Err(self.failed(&format!("not done within {:?}", self.within))))
    }

    async fn put_whole(
        &self,
        name: &Name,
        mut file: tokio::fs::File,
        length: u64,
    ) -> Result<(), StoreError> {
        let (payload, _held) = self.next_part(&mut file, length).await?;
        let put = self.objects.put(name, payload).await;
        put.map_err(|e| self.failed(&e))?;
        Ok(())
    }

    async fn put_parts(
        &self,
        name: &Name,
        mut file: tokio::fs::File,
        length: u64,
        note: &Path,
    ) -> Result<(), StoreError> {
        let failed = |e: object_store::Error| self.failed(&e);
        let upload = self.objects.create_multipart(name).await.map_err(failed)?;
        tokio::fs::write(note, format!("{name}\n{upload}\n")).await?;
        let (mut parts, mut left) = (Vec::new(), length);
        while left > 0 {
            let size = left.min(PART);
            let (payload, _held) = self.next_part(&mut file, size).await?;
            let part = self
                .objects
                .put_part(name, &upload, parts.len(), payload)
                .await;
            parts.push(part.map_err(failed)?);
            left -= size;
            fail_point!("bucket.part_put");
        }
        let completed = self.objects.complete_multipart(name, &upload, parts).await;
        completed.map_err(failed)?;
        // An answer of 200 may carry a fault in its body, and not every service says it as this one expects.
        let there = self.objects.head(name).await.map_err(failed)?.size;
        if there != length {
            return Err(self.failed(&format!("{there} bytes are there of {length}")));
        }
        Ok(tokio::fs::remove_file(note).await?)
    }

    /// The next bytes of a file, which hold their room in memory until they are sent.
    async fn next_part(
        &self,
        file: &mut tokio::fs::File,
        size: u64,
    ) -> Result<(PutPayload, SemaphorePermit<'_>), StoreError> {
        let units = u32::try_from(size.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX);
        let held = self.memory.acquire_many(units).await;
        let held = held.map_err(io::Error::other)?;
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        file.read_exact(&mut bytes).await?;
        Ok((PutPayload::from(Bytes::from(bytes)), held))
    }

    /// Gives up an upload in parts that a process has left, by its note.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`]: the note must stay. [`StoreError::Bytes`]: it cannot be read or removed.
    pub async fn abort(&self, note: &Path) -> Result<(), StoreError> {
        let text = tokio::fs::read_to_string(note).await?;
        if let Some((name, upload)) = text.trim_end().split_once('\n') {
            let (name, upload) = (Name::from(name), upload.to_owned());
            match self
                .within(self.objects.abort_multipart(&name, &upload))
                .await
            {
                Err(StoreError::Bytes(gone)) if gone.kind() == io::ErrorKind::NotFound => {}
                aborted => aborted?,
            }
        }
        Ok(tokio::fs::remove_file(note).await?)
    }
}
