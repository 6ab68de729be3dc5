//! The sweep of a bucket: objects that no row names, and uploads in parts that a process has left.

use super::{DatabaseStore, StoreError};
use crate::store::bucket::{Bucket, BucketMark, Listed};
use crate::store::material::Swept;
use data_encoding::HEXLOWER;
use futures_util::StreamExt;
use jiff::Timestamp;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Names of objects looked up in one write.
const NAMES_AT_ONCE: usize = 1_000;

impl DatabaseStore {
    /// The same store with its finished files in a bucket. What lies in the folder stays there and is read there. The data folder is
    /// marked, so that it is not taken for a whole one.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`] when files lie in another bucket, [`StoreError::Bytes`] when the mark cannot be read or written.
    pub fn with_bucket(mut self, bucket: Arc<Bucket>) -> Result<Self, StoreError> {
        bucket.mark().put_down(self.data_folder())?;
        self.files.put_into(bucket);
        Ok(self)
    }

    fn data_folder(&self) -> &Path {
        self.files.folder().parent().unwrap_or(self.files.folder())
    }

    pub(super) async fn bucket_swept(&self, before: Timestamp) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        let Some(bucket) = self.files.bucket() else {
            return Ok(swept);
        };
        bucket.answers()?;
        for note in self.files.notes_left().await? {
            bucket.abort(&note).await?;
        }
        if BucketMark::read(self.data_folder())?.is_some_and(|mark| !mark.sweep) {
            return Ok(swept);
        }
        let installation = HEXLOWER.encode(&self.vault.digest("bucket", &[]));
        if !bucket.is_owned_by(&installation).await? {
            return Err(StoreError::FilesAway(
                "the bucket carries the mark of another installation under this prefix: give each its own".to_owned(),
            ));
        }
        for shard in 0..=u8::MAX {
            swept.files += self
                .sweep_shard(bucket, &format!("{shard:02x}"), before)
                .await?;
        }
        Ok(swept)
    }

    /// Removes the objects of one of 256 parts. An id that has a row keeps all of its objects: with the key destroyed nobody can tell
    /// which of them the row means.
    async fn sweep_shard(
        &self,
        bucket: &Bucket,
        shard: &str,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let micros = u64::try_from(before.as_microsecond()).unwrap_or_default();
        let before = SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
        let (mut pages, mut swept) = (bucket.list(shard, NAMES_AT_ONCE), 0);
        while let Some(page) = pages.next().await {
            let mut old: Vec<Listed> = page?;
            old.retain(|object| object.written < before && !self.files.is_under_way(&object.id));
            let ids: Vec<String> = old.iter().map(|object| object.id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            let orphans: HashSet<String> = self.without_rows(&ids).await?.into_iter().collect();
            for object in old.iter().filter(|object| orphans.contains(&object.id)) {
                bucket.remove(&object.id, &object.tag).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}
