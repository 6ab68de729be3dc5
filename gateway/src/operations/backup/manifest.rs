//! The manifest of a backup: what it is of, and the digest of the list of digests.

use super::BackupError;
use crate::store::bucket::BucketMark;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Name of the manifest.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Name of the list of digests, in the form that `sha256sum -c` reads.
pub const DIGESTS_FILE: &str = "SHA256SUMS";
/// Lies in a backup while it is made.
pub const PARTIAL_MARK: &str = "partial.mark";
/// The form of a backup.
pub const FORM: &str = "tongban/backup/1";

/// What a backup is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORM`].
    pub form: String,
    /// Version of the program that made it.
    pub version: String,
    /// When it was begun: every application acknowledged before is in it.
    pub begun_at: Timestamp,
    /// Version of the database's schema.
    pub schema_version: i64,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Files in it, the manifest and the list of digests aside.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 of the list of digests, in hexadecimal.
    pub digests_sha256: String,
    /// Whether the master key lies in it.
    pub master_key: bool,
    /// Whether files share their bytes with the data folder (hard links).
    pub linked: bool,
    /// The bucket that files lie in, when they do: those are named and not copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<NamedObjects>,
}

/// Files that a backup names and does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedObjects {
    /// Where they lie.
    pub place: BucketMark,
    /// How many; their ids and lengths stand in `materials.objects`.
    pub objects: u64,
}

impl Manifest {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// [`BackupError`] when there is none, or it is of another form.
    pub fn read(folder: &Path) -> Result<Self, BackupError> {
        if folder.join(PARTIAL_MARK).exists() {
            return Err(BackupError::refused(format!(
                "{} is a backup that was not finished: make it again",
                folder.display()
            )));
        }
        let path = folder.join(MANIFEST_FILE);
        let text = std::fs::read_to_string(&path).map_err(BackupError::at(&path))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| {
            BackupError::refused(format!("{} is no manifest: {error}", path.display()))
        })?;
        if manifest.form != FORM {
            return Err(BackupError::refused(format!(
                "{} is of the form {}, this program reads {FORM}",
                path.display(),
                manifest.form
            )));
        }
        Ok(manifest)
    }
}
