//! Files of a backup: walked, linked, copied, digested and synced.

use super::BackupError;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes read at once.
const BUFFER: usize = 256 << 10;

/// Makes a folder for its owner alone, with those above it.
pub(in crate::operations) fn folder(path: &Path) -> Result<(), BackupError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(BackupError::at(path))
}

/// Syncs a file or folder.
pub(in crate::operations) fn sync(path: &Path) -> Result<(), BackupError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(BackupError::at(path))
}

/// Names in a folder, in order; none when it does not exist.
pub(in crate::operations) fn names(path: &Path) -> Result<Vec<String>, BackupError> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::at(path)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(BackupError::at(path))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Every file under a folder by its path from there, in order. Folders two deep at most: a backup has no others.
pub(in crate::operations) fn files(root: &Path) -> Result<Vec<String>, BackupError> {
    let mut found = Vec::new();
    walk(root, "", 0, &mut found)?;
    found.sort_unstable();
    Ok(found)
}

fn walk(root: &Path, prefix: &str, depth: u32, found: &mut Vec<String>) -> Result<(), BackupError> {
    for name in names(&root.join(prefix))? {
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}/{name}")
        };
        let whole = root.join(&path);
        let facts = std::fs::symlink_metadata(&whole).map_err(BackupError::at(&whole))?;
        if facts.is_file() {
            found.push(path);
        } else if facts.is_dir() && depth < 2 {
            walk(root, &path, depth + 1, found)?;
        } else {
            let words = format!("{} does not belong into a backup", whole.display());
            return Err(BackupError::refused(words));
        }
    }
    Ok(())
}

/// How a file came to its second place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::operations) enum Taken {
    Linked,
    Copied,
    /// It is not there any more.
    Gone,
}

/// Brings a file that is never changed to a second place: as a link on the same disk, as a synced copy elsewhere.
pub(in crate::operations) fn take(
    from: &Path,
    to: &Path,
    link: bool,
) -> Result<Taken, BackupError> {
    if link {
        match std::fs::hard_link(from, to) {
            Ok(()) => return Ok(Taken::Linked),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Taken::Gone),
            // Another disk, or one without links.
            Err(_) => {}
        }
    }
    match copy(from, to) {
        Ok(_) => Ok(Taken::Copied),
        Err(BackupError::File { source, path })
            if source.kind() == std::io::ErrorKind::NotFound && path == from =>
        {
            Ok(Taken::Gone)
        }
        Err(error) => Err(error),
    }
}

/// Copies a file, syncs the copy, and returns the digest of what was copied.
pub(in crate::operations) fn copy(from: &Path, to: &Path) -> Result<String, BackupError> {
    let mut source = File::open(from).map_err(BackupError::at(from))?;
    let mut target = std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(to)
        .map_err(BackupError::at(to))?;
    let digest = digested(&mut source, from, |bytes| {
        target.write_all(bytes).map_err(BackupError::at(to))
    })?;
    target.sync_all().map_err(BackupError::at(to))?;
    Ok(digest)
}

/// SHA-256 of a file, in hexadecimal.
pub(in crate::operations) fn sha256(path: &Path) -> Result<String, BackupError> {
    let mut file = File::open(path).map_err(BackupError::at(path))?;
    digested(&mut file, path, |_| Ok(()))
}

fn digested(
    file: &mut File,
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<String, BackupError> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = file.read(&mut buffer).map_err(BackupError::at(path))?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            return Ok(HEXLOWER.encode(context.finish().as_ref()));
        };
        context.update(bytes);
        each(bytes)?;
    }
}

/// Bytes of a file.
pub(in crate::operations) fn length(path: &Path) -> Result<u64, BackupError> {
    let facts = std::fs::metadata(path).map_err(BackupError::at(path))?;
    Ok(facts.len())
}

/// Where the file of a row lies under a folder of materials.
pub(in crate::operations) fn place(materials: &Path, id: &str) -> PathBuf {
    materials.join(id.get(..2).unwrap_or_default()).join(id)
}
