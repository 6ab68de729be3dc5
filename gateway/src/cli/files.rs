//! Reading the YAML files of the paths on a command line, in a stable order and within bounds.

use super::CommandError;
use std::path::{Path, PathBuf};

/// At most so many files in one run; the province's catalogue goes through a bulk import, not through files.
const FILES_MAX: usize = 100_000;
/// Folders inside folders.
const DEPTH_MAX: usize = 16;
/// Bytes of one file; the YAML reader has its own, smaller bound and a better message.
const BYTES_MAX: u64 = 16 << 20;

/// A file with its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path as given, for messages.
    pub name: String,
    /// Its folder, for files that it refers to.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The `.yaml` and `.yml` files at these paths; folders are walked, names in order.
///
/// # Errors
/// [`CommandError::Failed`] for a path that does not exist or cannot be read.
pub fn yaml_files(paths: &[PathBuf]) -> Result<Vec<SourceFile>, CommandError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.exists() {
            return Err(CommandError::Failed(format!(
                "{} does not exist; name a file or a folder with YAML files",
                path.display()
            )));
        }
        walk(path, 0, &mut found)?;
    }
    found.into_iter().map(|path| read(&path)).collect()
}

fn walk(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let unreadable =
        |e: std::io::Error| CommandError::Failed(format!("{} cannot be read: {e}", path.display()));
    if path.is_file() {
        if depth == 0 || is_yaml(path) {
            found.push(path.to_path_buf());
        }
        return Ok(());
    }
    if depth >= DEPTH_MAX || found.len() >= FILES_MAX {
        return Err(CommandError::Failed(format!(
            "{}: more than {FILES_MAX} files or {DEPTH_MAX} folders deep; is this the right folder?",
            path.display()
        )));
    }
    let mut entries = std::fs::read_dir(path)
        .map_err(unreadable)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    entries.sort();
    for entry in entries {
        walk(&entry, depth + 1, found)?;
    }
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn read(path: &Path) -> Result<SourceFile, CommandError> {
    let name = path.display().to_string();
    let length = path.metadata().map_or(0, |m| m.len());
    if length > BYTES_MAX {
        return Err(CommandError::Failed(format!(
            "{name} has {length} bytes; {BYTES_MAX} are read"
        )));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|e| CommandError::Failed(format!("{name} cannot be read as UTF-8 text: {e}")))?;
    Ok(SourceFile {
        name,
        path: path.to_path_buf(),
        text,
    })
}
