//! A hall moved from SQLite to PostgreSQL: rows (`store/moving`), then the sealed files that they name, then the mark that says so.
//!
//! Files stay where they are when the target's folder is the data folder, else they are copied, synced and read back. Files first
//! or rows first is the same here: nothing is written meanwhile. Files in a bucket stay there; they are looked up by name and length.

use super::backup::{BackupError, tree};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::installation::MASTER_KEY_FILE;
use crate::store::bucket::{Bucket, BucketMark};
use crate::store::moving::{MoveError, Moved, Stage, Telling, Told, move_rows};
use crate::store::postgres::{MoveTarget, PostgresSettings};
use crate::store::sealed::file::sealed_length;
use crate::store::sealed::{KeyFileError, MasterKeys};
use crate::store::sqlite::MoveSource;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files asked for at once.
const PAGE: u32 = 1_000;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The data folder with the SQLite database and the master key.
    pub data: PathBuf,
    /// Where to.
    pub postgres: PostgresSettings,
    /// Most rows of one batch.
    pub batch: u32,
    /// The bucket that files lie in, when they do.
    pub bucket: Option<Arc<Bucket>>,
}

/// A hall that is on PostgreSQL now.
#[derive(Debug, Clone, Serialize)]
pub struct HallMoved {
    /// Rows.
    #[serde(flatten)]
    pub rows: Moved,
    /// Sealed files that rows name.
    pub files: u64,
    /// Bytes of them, sealed.
    pub bytes: u64,
    /// Where they are.
    pub folder: PathBuf,
    /// Whether they were copied there; otherwise they are where they were.
    pub files_copied: bool,
    /// Files among them that lie in a bucket, and stay there.
    pub files_in_bucket: u64,
}

/// Why a hall was not moved.
#[derive(Debug, thiserror::Error)]
pub enum HallMoveError {
    /// Rows.
    #[error(transparent)]
    Rows(#[from] MoveError),
    /// Files.
    #[error(transparent)]
    Files(#[from] BackupError),
    /// The master key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The source did not close.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Moves a hall. What was interrupted goes on with the same call.
///
/// # Errors
/// [`HallMoveError`]; the source is unchanged then but for its mark, and no gateway opens the target.
pub async fn move_hall(
    wanted: &Wanted,
    clock: Clock,
    entropy: Entropy,
    telling: Telling<'_>,
) -> Result<HallMoved, HallMoveError> {
    let mark = BucketMark::read(&wanted.data).map_err(BackupError::at(&wanted.data))?;
    if let (Some(mark), None) = (&mark, &wanted.bucket) {
        return Err(BackupError::refused(format!(
            "files lie in the bucket {} of {}: name it in materials.s3 of the settings",
            mark.bucket, mark.endpoint
        ))
        .into());
    }
    // The target first: one that cannot be reached leaves no mark on the source.
    let mut target = MoveTarget::open(&wanted.postgres, clock.clone()).await?;
    let keys = MasterKeys::read(&wanted.data.join(MASTER_KEY_FILE))?;
    let name = format!("PostgreSQL, schema {}", wanted.postgres.schema);
    let mut source =
        MoveSource::open(&wanted.data, keys, (clock, entropy), &name, wanted.batch).await?;
    let rows = move_rows(&mut source, &mut target, &mut *telling).await?;
    let folder = wanted.postgres.files.clone();
    let folder = folder.unwrap_or_else(|| wanted.data.clone());
    let files_copied = !same_folder(&wanted.data, &folder);
    let bucket = wanted.bucket.as_deref().filter(|_| mark.is_some());
    let (files, bytes, files_in_bucket) =
        move_files(&mut source, (&wanted.data, &folder), bucket, telling).await?;
    if let Some(mark) = mark {
        tree::folder(&folder)?;
        mark.write(&folder).map_err(BackupError::at(&folder))?;
    }
    // First the old one is closed to gateways, then the new one opened: never both.
    source.mark_finished()?;
    target.finish().await?;
    source.close().await;
    Ok(HallMoved {
        rows,
        files,
        bytes,
        folder,
        files_copied,
        files_in_bucket,
    })
}

fn same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Brings every file that a row names to the target's folder and verifies it, but for those in a bucket; returns files, bytes, and how
/// many files are in the bucket.
async fn move_files(
    source: &mut MoveSource,
    (data, folder): (&Path, &Path),
    bucket: Option<&Bucket>,
    telling: Telling<'_>,
) -> Result<(u64, u64, u64), HallMoveError> {
    let (from, to) = (data.join("materials"), folder.join("materials"));
    let copied = !same_folder(data, folder);
    let of = source.count("material").await? + source.count("upload_segment").await?;
    let (mut after, mut files, mut bytes, mut in_bucket) = (String::new(), 0, 0, 0);
    let mut shard = Shard::default();
    loop {
        let page = source.files(&after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        for (id, size) in page {
            let (old, new) = (tree::place(&from, &id), tree::place(&to, &id));
            let put = match bucket {
                Some(bucket) if !old.exists() => Some(shard.length(bucket, &id).await?),
                _ => None,
            };
            if copied && put.is_none() {
                bring(&old, &new)?;
            }
            let length = match put {
                Some(length) => length,
                None => tree::length(&new)?,
            };
            in_bucket += u64::from(put.is_some());
            if length != sealed_length(size) {
                return Err(BackupError::refused(format!(
                    "the file {} is not as long as it was written; run `tongban check --database --deep`",
                    new.display()
                ))
                .into());
            }
            files += 1;
            bytes += length;
            telling(Told {
                stage: Stage::Files,
                table: "materials",
                done: files,
                of,
                all_done: files,
                all: of,
            });
        }
    }
    if copied && files > in_bucket {
        for shard in tree::names(&to)? {
            tree::sync(&to.join(shard))?;
        }
        tree::sync(&to)?;
    }
    Ok((files, bytes, in_bucket))
}

/// One of 256 parts of a bucket: ids come in order, so each is listed once.
#[derive(Default)]
struct Shard {
    name: String,
    lengths: BTreeMap<String, u64>,
}

impl Shard {
    async fn length(&mut self, bucket: &Bucket, id: &str) -> Result<u64, HallMoveError> {
        let name = id.get(..2).unwrap_or_default();
        if self.name != name {
            self.lengths = bucket.lengths(name).await?;
            name.clone_into(&mut self.name);
        }
        self.lengths.get(id).copied().ok_or_else(|| {
            BackupError::refused(format!(
                "the file {}… is neither in the folder nor in the bucket; run `tongban check --database`",
                id.get(..8).unwrap_or_default()
            ))
            .into()
        })
    }
}

/// Copies a file and reads the copy back. One that is there from an earlier run is kept when it is the same.
fn bring(old: &Path, new: &Path) -> Result<(), BackupError> {
    if new.exists() {
        if tree::sha256(new)? == tree::sha256(old)? {
            return Ok(());
        }
        std::fs::remove_file(new).map_err(BackupError::at(new))?;
    }
    if let Some(shard) = new.parent() {
        tree::folder(shard)?;
    }
    let digest = tree::copy(old, new)?;
    if tree::sha256(new)? != digest {
        let words = format!("{} is not what was written to it", new.display());
        return Err(BackupError::refused(words));
    }
    Ok(())
}
