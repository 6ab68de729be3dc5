//! Backup and restore (备份与恢复) of a data folder: a folder with a copy of the database, the sealed files that it names, their digests
//! and a manifest.
//!
//! Invariants: a folder that is called a backup was verified whole; one that is being made, or was left half made, ends in `.partial`
//! and is never taken for one. The gateway serves on meanwhile. The master key is not in it unless asked for.

pub mod make;
pub mod manifest;
mod objects;
pub mod restore;
pub(super) mod tree;
pub mod verify;

use crate::store::StoreError;
use std::path::{Path, PathBuf};

/// Why there is no backup, or nothing was restored. The words say what to do.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database could not be read or written.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The master key file cannot be used.
    #[error(transparent)]
    Key(#[from] crate::store::sealed::KeyFileError),
    /// It is not as it must be; every fault, a line each.
    #[error("{0}")]
    Refused(String),
}

impl BackupError {
    /// A fault of the file system at a path.
    pub fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }

    /// A refusal in words.
    pub fn refused(words: impl Into<String>) -> Self {
        Self::Refused(words.into())
    }
}

/// What is being done, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Files are linked or copied.
    Files,
    /// The database is copied.
    Database,
    /// Digests are taken.
    Digests,
    /// Everything is read once more and compared.
    Verify,
}

impl Step {
    /// The word before the bar.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Database => "database",
            Self::Digests => "digests",
            Self::Verify => "verify",
        }
    }
}

/// Told how far a step is: done, of how many (0: not known).
pub type Progress<'p> = &'p mut dyn FnMut(Step, u64, u64);
