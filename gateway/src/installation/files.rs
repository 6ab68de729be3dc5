//! Opening the store with its files where the settings say: in a folder or in a bucket.

use super::InstallationError;
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::store::SharedStore;
use crate::store::bucket::{BUCKET_MARK, Bucket, BucketMark};
use crate::store::postgres::PostgresStore;
use crate::store::sealed::MasterKeys;
use crate::store::sqlite::SqliteStore;
use crate::store::writing::StoreBounds;
use std::path::Path;
use std::sync::Arc;

/// Opens the store that the settings name, with its files where they say.
pub(super) async fn open_store(
    config: &Config,
    keys: MasterKeys,
    (clock, entropy): (&Clock, &Entropy),
    bounds: StoreBounds,
) -> Result<SharedStore, InstallationError> {
    let bucket = match &config.materials.s3 {
        Some(settings) => Some(Arc::new(
            Bucket::new(settings, &config.outbound).map_err(InstallationError::of)?,
        )),
        None => None,
    };
    let (data, ticking, random) = (&config.data, clock.clone(), entropy.clone());
    match &config.store.postgres {
        None => {
            refuse_without_bucket(data, bucket.as_deref())?;
            let opened = SqliteStore::open(data, keys, ticking, random, bounds).await;
            let store = opened.map_err(InstallationError::of)?;
            Ok(match bucket {
                Some(bucket) => Arc::new(store.with_bucket(bucket).map_err(InstallationError::of)?),
                None => Arc::new(store),
            })
        }
        Some(postgres) => {
            let folder = postgres.files.as_deref().unwrap_or(data);
            refuse_without_bucket(folder, bucket.as_deref())?;
            let opened = PostgresStore::open(postgres, folder, keys, ticking, random, bounds).await;
            let store = opened.map_err(InstallationError::of)?;
            Ok(match bucket {
                Some(bucket) => Arc::new(store.with_bucket(bucket).map_err(InstallationError::of)?),
                None => Arc::new(store),
            })
        }
    }
}

/// A folder whose files lie in a bucket is not served without it: its applications would have lost their files.
fn refuse_without_bucket(folder: &Path, bucket: Option<&Bucket>) -> Result<(), InstallationError> {
    match (BucketMark::read(folder), bucket) {
        (Ok(None), _) | (Ok(Some(_)), Some(_)) => Ok(()),
        (Ok(Some(mark)), None) => Err(InstallationError(format!(
            "files lie in the bucket {} of {}: name it in materials.s3; when all of them were copied into the folder, remove {}",
            mark.bucket,
            mark.endpoint,
            folder.join(BUCKET_MARK).display()
        ))),
        (Err(error), _) => Err(InstallationError(format!(
            "{} cannot be read: {error}",
            folder.join(BUCKET_MARK).display()
        ))),
    }
}
