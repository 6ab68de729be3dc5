//! Restoring a backup into an empty data folder.
//!
//! Everything is copied into `restore.partial` inside the folder and compared with its digests on the way; the database gets its name
//! last. A gateway does not start on a folder that has one, and the restore may be run again.

use super::manifest::Manifest;
use super::{BackupError, Progress, Step, tree, verify};
use crate::installation::MASTER_KEY_FILE;
use crate::intake::compose::legal_day;
use crate::store::bucket::BUCKET_MARK;
use crate::store::sealed::MasterKeys;
use crate::store::sqlite::{CopiedDatabase, DATABASE_FILE, NUMBERS_AHEAD};
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Lies in a data folder while it is restored.
pub const RESTORE_PARTIAL: &str = "restore.partial";

/// What was restored.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// The data folder.
    pub data: PathBuf,
    /// The backup's manifest.
    pub manifest: Manifest,
    /// Open deliveries: their partners are asked before anything is sent again.
    pub deliveries_asking: u64,
    /// Keys of programs that count now. One that was revoked after the backup began is among them.
    pub keys_counting: u64,
    /// Serials that numbers of the days since the backup leave out, so that none is given twice.
    pub numbers_ahead: i64,
}

/// Verifies a backup and restores it. `master_key`: a file with the key, when it is neither in the backup nor in the folder.
///
/// # Errors
/// [`BackupError`]; the folder then holds nothing but `restore.partial`, and no gateway starts on it.
pub async fn restore(
    source: &Path,
    data: &Path,
    master_key: Option<&Path>,
    now: Timestamp,
    progress: Progress<'_>,
) -> Result<Restored, BackupError> {
    let manifest = verify::verify(source, progress).await?;
    refuse_used(data)?;
    let key = key_file(source, data, master_key)?;
    let masters = MasterKeys::read(&key)?;
    let mut copied = CopiedDatabase::read(&source.join(DATABASE_FILE)).await?;
    let fits = copied.opens_with(&masters).await?;
    copied.close().await?;
    if !fits {
        return Err(BackupError::refused(format!(
            "{} is not the master key of this backup",
            key.display()
        )));
    }
    let partial = data.join(RESTORE_PARTIAL);
    if partial.exists() {
        std::fs::remove_dir_all(&partial).map_err(BackupError::at(&partial))?;
    }
    tree::folder(&partial)?;
    tree::sync(data)?;
    copy_all(source, &partial, &manifest, progress)?;
    if !partial.join(MASTER_KEY_FILE).exists() {
        tree::copy(&key, &partial.join(MASTER_KEY_FILE))?;
    }
    let mut database = CopiedDatabase::change(&partial.join(DATABASE_FILE)).await?;
    let deliveries_asking = database.ask_first().await?;
    let keys_counting = database.keys_counting(now).await?;
    let day = |at| legal_day(at).strftime("%y%m%d").to_string();
    database
        .set_numbers_ahead(&day(manifest.begun_at), &day(now))
        .await?;
    database.close().await?;
    put_in_place(&partial, data)?;
    Ok(Restored {
        data: data.to_owned(),
        manifest,
        deliveries_asking,
        keys_counting,
        numbers_ahead: NUMBERS_AHEAD,
    })
}

/// Refuses a folder that anything but a key, or a restore that was interrupted, lies in.
fn refuse_used(data: &Path) -> Result<(), BackupError> {
    tree::folder(data)?;
    let names = tree::names(data)?;
    let interrupted = names.iter().any(|name| name == RESTORE_PARTIAL);
    let ours = |name: &&String| {
        *name == MASTER_KEY_FILE
            || *name == RESTORE_PARTIAL
            || (interrupted && (*name == "materials" || *name == BUCKET_MARK))
    };
    match names.iter().find(|name| !ours(name)) {
        None => Ok(()),
        Some(name) => Err(BackupError::refused(format!(
            "{} is not empty ({name} lies in it); restore into a new folder",
            data.display()
        ))),
    }
}

fn key_file(source: &Path, data: &Path, given: Option<&Path>) -> Result<PathBuf, BackupError> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let places = [data.join(MASTER_KEY_FILE), source.join(MASTER_KEY_FILE)];
    let found = places.into_iter().find(|path| path.exists());
    found.ok_or_else(|| {
        BackupError::refused(format!(
            "the master key is not in this backup: put {MASTER_KEY_FILE} (mode 600) into {}, or name it with --master-key",
            data.display()
        ))
    })
}

/// Copies every file and compares it with its digest.
fn copy_all(
    source: &Path,
    partial: &Path,
    manifest: &Manifest,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let digests = verify::digests(source, manifest)?;
    let mut done = 0;
    for (name, digest) in &digests {
        let target = partial.join(name);
        if let Some(folder) = target.parent() {
            tree::folder(folder)?;
        }
        if tree::copy(&source.join(name), &target)? != *digest {
            let words = format!("{name} changed while it was copied");
            return Err(BackupError::refused(words));
        }
        done += 1;
        progress(Step::Files, done, digests.len() as u64);
    }
    let materials = partial.join("materials");
    tree::folder(&materials)?;
    for shard in tree::names(&materials)? {
        tree::sync(&materials.join(shard))?;
    }
    tree::sync(&materials)?;
    tree::sync(partial)
}

/// Moves everything to its place, the database last.
fn put_in_place(partial: &Path, data: &Path) -> Result<(), BackupError> {
    let materials = data.join("materials");
    if materials.exists() {
        std::fs::remove_dir_all(&materials).map_err(BackupError::at(&materials))?;
    }
    let marked = partial.join(BUCKET_MARK).exists().then_some(BUCKET_MARK);
    let names = ["materials", MASTER_KEY_FILE].into_iter();
    for name in names.chain(marked).chain([DATABASE_FILE]) {
        let target = data.join(name);
        std::fs::rename(partial.join(name), &target).map_err(BackupError::at(&target))?;
        tree::sync(data)?;
    }
    std::fs::remove_dir_all(partial).map_err(BackupError::at(partial))?;
    tree::sync(data)
}
