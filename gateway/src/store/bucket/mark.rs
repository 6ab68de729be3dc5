//! What a data folder says of the bucket that its files lie in, so that nobody takes a folder without files for a whole one.

use super::S3Settings;
use crate::store::StoreError;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// Name of the mark, beside the folder of materials.
pub const BUCKET_MARK: &str = "materials.bucket";

/// The bucket that files of a folder lie in; without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketMark {
    /// Address of the service.
    pub endpoint: String,
    /// Bucket.
    pub bucket: String,
    /// What names begin with.
    pub prefix: String,
    /// Whether objects that no row names are removed. Not in a restored copy: the hall that it is a copy of may still name them.
    pub sweep: bool,
}

impl BucketMark {
    pub(super) fn of(settings: &S3Settings) -> Self {
        Self {
            endpoint: settings.endpoint.clone(),
            bucket: settings.bucket.clone(),
            prefix: settings.prefix.clone(),
            sweep: true,
        }
    }

    /// Marks a data folder as one with its files in this bucket. The address of the service may change; what stands of sweeping stays.
    ///
    /// # Errors
    /// [`StoreError::FilesAway`] when the folder is marked with another bucket or prefix, [`StoreError::Bytes`].
    pub fn put_down(&self, data: &Path) -> Result<(), StoreError> {
        let mut mark = self.clone();
        if let Some(old) = Self::read(data)? {
            if (&old.bucket, &old.prefix) != (&self.bucket, &self.prefix) {
                return Err(StoreError::FilesAway(format!(
                    "files lie in the bucket {} under `{}`, the settings name {} and `{}`; when all of them were copied there, remove {}",
                    old.bucket,
                    old.prefix,
                    self.bucket,
                    self.prefix,
                    data.join(BUCKET_MARK).display()
                )));
            }
            mark.sweep = old.sweep;
            if mark == old {
                return Ok(());
            }
        }
        Ok(mark.write(data)?)
    }

    /// Reads the mark of a data folder; `None` when it has none.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(data: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(data.join(BUCKET_MARK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => Ok(Some(serde_json::from_slice(&read?)?)),
        }
    }

    /// Writes the mark into a data folder, synced.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, data: &Path) -> io::Result<()> {
        let whole = data.join(BUCKET_MARK);
        let partial = data.join(format!("{BUCKET_MARK}.partial"));
        std::fs::write(&partial, serde_json::to_vec_pretty(self)?)?;
        std::fs::File::open(&partial)?.sync_all()?;
        std::fs::rename(&partial, whole)?;
        std::fs::File::open(data)?.sync_all()
    }
}
