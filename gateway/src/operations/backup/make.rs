//! Making a backup, beside a gateway that serves.
//!
//! Files first, then the database, then the files that came in between: what an application has is never removed, so none of
//! its files can be missing. An upload that was finished or given up in between is forgotten in the copy; its sender sends it again.

use super::manifest::{DIGESTS_FILE, FORM, MANIFEST_FILE, Manifest, NamedObjects, PARTIAL_MARK};
use super::objects::Naming;
use super::tree::{self, Taken};
use super::{BackupError, Progress, Step, verify};
use crate::installation::MASTER_KEY_FILE;
use crate::store::bucket::BucketMark;
use crate::store::sealed::file::sealed_length;
use crate::store::sqlite::{CopiedDatabase, DATABASE_FILE, copy_database};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Names of files read at once from the copied database.
const PAGE: u32 = 1_000;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The data folder.
    pub data: PathBuf,
    /// The folder that will be the backup; it must not exist.
    pub destination: PathBuf,
    /// Put the master key in.
    pub master_key: bool,
    /// Copy files also where a link would do.
    pub copies: bool,
}

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// The backup.
    pub destination: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Uploads that were finished or given up while it was made, and are not in it.
    pub uploads_left_out: u64,
}

/// Makes a backup and verifies it. An earlier attempt that was interrupted is cleared away.
///
/// # Errors
/// [`BackupError`]; then there is no folder of the destination's name.
pub async fn make(
    wanted: &Wanted,
    now: Timestamp,
    progress: Progress<'_>,
) -> Result<Made, BackupError> {
    let partial = begin(&wanted.destination)?;
    let (from, to) = (wanted.data.join("materials"), partial.join("materials"));
    let mut linked = take_all(&from, &to, !wanted.copies, progress)?;
    let database = partial.join(DATABASE_FILE);
    progress(Step::Database, 0, 0);
    copy_database(&wanted.data, &database).await?;
    let mut copied = CopiedDatabase::change(&database).await?;
    let mark = BucketMark::read(&wanted.data).map_err(BackupError::at(&wanted.data))?;
    let naming = mark.as_ref().map(|_| Naming::begin(&partial)).transpose()?;
    let mut taking = Taking {
        from: &from,
        to: &to,
        linked: &mut linked,
        link: !wanted.copies,
        naming,
    };
    let (wanted_files, uploads_left_out) = complete(&mut copied, &mut taking).await?;
    let named = taking.naming.take();
    let bucket = named_objects(&partial, mark, named)?;
    let (schema_version, _) = copied.schema().await?;
    let rows = copied.rows().await?;
    copied.close().await?;
    tree::sync(&database)?;
    prune(&to, &wanted_files)?;
    if wanted.master_key {
        let key = wanted.data.join(MASTER_KEY_FILE);
        tree::copy(&key, &partial.join(MASTER_KEY_FILE))?;
    }
    let (files, bytes) = write_digests(&partial, progress)?;
    let manifest = Manifest {
        form: FORM.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        begun_at: now,
        schema_version,
        rows,
        files,
        bytes,
        digests_sha256: tree::sha256(&partial.join(DIGESTS_FILE))?,
        master_key: wanted.master_key,
        linked,
        bucket,
    };
    finish(&partial, &wanted.destination, &manifest, progress).await?;
    Ok(Made {
        destination: wanted.destination.clone(),
        manifest,
        uploads_left_out,
    })
}

/// Makes the folder that is not a backup yet.
fn begin(destination: &Path) -> Result<PathBuf, BackupError> {
    if destination.exists() {
        return Err(BackupError::refused(format!(
            "{} exists already; name a folder that does not",
            destination.display()
        )));
    }
    let mut name = destination.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    if partial.exists() {
        if !partial.join(PARTIAL_MARK).exists() {
            return Err(BackupError::refused(format!(
                "{} exists and was not left by an interrupted backup; move it away",
                partial.display()
            )));
        }
        std::fs::remove_dir_all(&partial).map_err(BackupError::at(&partial))?;
    }
    tree::folder(&partial)?;
    let mark = partial.join(PARTIAL_MARK);
    std::fs::write(&mark, "a backup is being made here, or was interrupted\n")
        .map_err(BackupError::at(&mark))?;
    Ok(partial)
}

/// Takes every file that is in its place; returns whether they are links.
fn take_all(
    from: &Path,
    to: &Path,
    link: bool,
    progress: Progress<'_>,
) -> Result<bool, BackupError> {
    tree::folder(to)?;
    let mut linked = link;
    let shards: Vec<String> = tree::names(from)?
        .into_iter()
        .filter(|name| name != "incoming")
        .collect();
    let mut done = 0;
    for (index, shard) in shards.iter().enumerate() {
        tree::folder(&to.join(shard))?;
        for name in tree::names(&from.join(shard))? {
            let taken = tree::take(
                &from.join(shard).join(&name),
                &to.join(shard).join(&name),
                link,
            )?;
            linked &= taken != Taken::Copied;
            done += 1;
        }
        let of = done * shards.len() as u64 / (index as u64 + 1);
        progress(Step::Files, done, of);
    }
    Ok(linked)
}

/// What is taken from where, and how.
struct Taking<'t> {
    from: &'t Path,
    to: &'t Path,
    linked: &'t mut bool,
    link: bool,
    /// Where files lie in a bucket: they are named.
    naming: Option<Naming>,
}

/// Takes what came while the database was copied; returns the names of all files that the copy names, and how many uploads it had to
/// forget.
async fn complete(
    copied: &mut CopiedDatabase,
    taking: &mut Taking<'_>,
) -> Result<(BTreeSet<String>, u64), BackupError> {
    let (mut wanted, mut forgotten) = (BTreeSet::new(), 0);
    let mut after = String::new();
    loop {
        let page = copied.files(&after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        for (id, size) in page {
            let target = tree::place(taking.to, &id);
            if !target.exists() {
                match (taking.file(&id, &target)?, &mut taking.naming) {
                    (Taken::Gone, Some(naming)) => {
                        naming.name(&id, sealed_length(size))?;
                        continue;
                    }
                    (Taken::Gone, None) if copied.forget_unbound(&id).await? => {
                        forgotten += 1;
                        continue;
                    }
                    (Taken::Gone, None) => return Err(missing(&id)),
                    (taken, _) => *taking.linked &= taken == Taken::Linked,
                }
            }
            if tree::length(&target)? != sealed_length(size) {
                return Err(BackupError::refused(format!(
                    "the file {} is not as long as it was written; run `tongban check --database --deep`",
                    target.display()
                )));
            }
            wanted.insert(id);
        }
    }
    Ok((wanted, forgotten))
}

impl Taking<'_> {
    /// Takes one file that is not there yet.
    fn file(&self, id: &str, target: &Path) -> Result<Taken, BackupError> {
        let file = tree::place(self.from, id);
        if self.naming.is_some() && !file.exists() {
            return Ok(Taken::Gone);
        }
        if let Some(shard) = target.parent() {
            tree::folder(shard)?;
        }
        tree::take(&file, target, self.link)
    }
}

/// What the backup says of files in a bucket. Its copy of the mark forbids to sweep: the hall that it is a copy of may go on.
fn named_objects(
    partial: &Path,
    mark: Option<BucketMark>,
    naming: Option<Naming>,
) -> Result<Option<NamedObjects>, BackupError> {
    let (Some(mut place), Some(naming)) = (mark, naming) else {
        return Ok(None);
    };
    place.sweep = false;
    place.write(partial).map_err(BackupError::at(partial))?;
    let objects = naming.end()?;
    Ok(Some(NamedObjects { place, objects }))
}

fn missing(id: &str) -> BackupError {
    BackupError::refused(format!(
        "the file {}… of an application is not on the disk; run `tongban check --database`",
        id.get(..8).unwrap_or_default()
    ))
}

/// Removes what no row of the copy names, and syncs the folders.
fn prune(materials: &Path, wanted: &BTreeSet<String>) -> Result<(), BackupError> {
    for shard in tree::names(materials)? {
        let folder = materials.join(&shard);
        for name in tree::names(&folder)? {
            if !wanted.contains(&name) {
                let path = folder.join(&name);
                std::fs::remove_file(&path).map_err(BackupError::at(&path))?;
            }
        }
        tree::sync(&folder)?;
    }
    tree::sync(materials)
}

/// Writes the list of digests; returns files and bytes.
fn write_digests(partial: &Path, progress: Progress<'_>) -> Result<(u64, u64), BackupError> {
    let files = tree::files(partial)?;
    let path = partial.join(DIGESTS_FILE);
    let file = std::fs::File::create_new(&path).map_err(BackupError::at(&path))?;
    let mut list = std::io::BufWriter::new(file);
    let (mut done, mut bytes) = (0, 0);
    for name in files.iter().filter(|name| *name != PARTIAL_MARK) {
        let whole = partial.join(name);
        bytes += tree::length(&whole)?;
        let digest = tree::sha256(&whole)?;
        writeln!(list, "{digest}  {name}").map_err(BackupError::at(&path))?;
        done += 1;
        progress(Step::Digests, done, files.len() as u64);
    }
    let file = list
        .into_inner()
        .map_err(|error| BackupError::at(&path)(error.into_error()))?;
    file.sync_all().map_err(BackupError::at(&path))?;
    Ok((done, bytes))
}

/// Verifies what was made, and only then gives it its name.
async fn finish(
    partial: &Path,
    destination: &Path,
    manifest: &Manifest,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let path = partial.join(MANIFEST_FILE);
    let text = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    std::fs::write(&path, text).map_err(BackupError::at(&path))?;
    tree::sync(&path)?;
    let mark = partial.join(PARTIAL_MARK);
    verify::contents(partial, manifest, progress).await?;
    std::fs::remove_file(&mark).map_err(BackupError::at(&mark))?;
    tree::sync(partial)?;
    std::fs::rename(partial, destination).map_err(BackupError::at(destination))?;
    let above = destination.parent().filter(|p| !p.as_os_str().is_empty());
    tree::sync(above.unwrap_or(Path::new(".")))
}
