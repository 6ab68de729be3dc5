//! Verifying a backup: every file against its digest, the database against its rows and pages, every row's file in its place.

use super::manifest::{DIGESTS_FILE, MANIFEST_FILE, Manifest, PARTIAL_MARK};
use super::objects::Named;
use super::{BackupError, Progress, Step, tree};
use crate::store::sealed::file::sealed_length;
use crate::store::sqlite::{CopiedDatabase, DATABASE_FILE};
use std::collections::BTreeMap;
use std::path::Path;

/// Faults that are told one by one.
const FAULTS_SHOWN: usize = 20;
/// Names read at once.
const PAGE: u32 = 1_000;

/// Verifies a backup; returns its manifest.
///
/// # Errors
/// [`BackupError::Refused`] with every fault.
pub async fn verify(folder: &Path, progress: Progress<'_>) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(folder)?;
    contents(folder, &manifest, progress).await?;
    Ok(manifest)
}

/// The digests of a backup's files by name.
///
/// # Errors
/// [`BackupError`] when the list cannot be read or is not the manifest's.
pub fn digests(
    folder: &Path,
    manifest: &Manifest,
) -> Result<BTreeMap<String, String>, BackupError> {
    let path = folder.join(DIGESTS_FILE);
    if tree::sha256(&path)? != manifest.digests_sha256 {
        return Err(BackupError::refused(format!(
            "{} is not the list that the manifest names",
            path.display()
        )));
    }
    let text = std::fs::read_to_string(&path).map_err(BackupError::at(&path))?;
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    Ok(lines
        .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
        .collect())
}

/// As [`verify`], of a folder that may still be in the making.
pub(super) async fn contents(
    folder: &Path,
    manifest: &Manifest,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let digests = digests(folder, manifest)?;
    let mut faults = Vec::new();
    let mut done = 0;
    for (name, digest) in &digests {
        match tree::sha256(&folder.join(name)) {
            Ok(found) if found == *digest => {}
            Ok(_) => faults.push(format!("{name} was changed")),
            Err(error) => faults.push(error.to_string()),
        }
        done += 1;
        progress(Step::Verify, done, digests.len() as u64);
    }
    for name in tree::files(folder)? {
        let ours = [MANIFEST_FILE, DIGESTS_FILE, PARTIAL_MARK].contains(&name.as_str());
        if !ours && !digests.contains_key(&name) {
            faults.push(format!("{name} is not in the list of digests"));
        }
    }
    if !digests.contains_key(DATABASE_FILE) {
        faults.push(format!("there is no {DATABASE_FILE}"));
    }
    // A database that was changed is not worth a look.
    if faults.is_empty() {
        faults = database(folder, manifest).await?;
    }
    if faults.is_empty() {
        return Ok(());
    }
    let more = faults.len().saturating_sub(FAULTS_SHOWN);
    faults.truncate(FAULTS_SHOWN);
    if more > 0 {
        faults.push(format!("and {more} more"));
    }
    Err(BackupError::refused(faults.join("\n")))
}

async fn database(folder: &Path, manifest: &Manifest) -> Result<Vec<String>, BackupError> {
    let mut copied = CopiedDatabase::read(&folder.join(DATABASE_FILE)).await?;
    let mut faults = copied.damages().await?;
    let (found, known) = copied.schema().await?;
    if found > known {
        faults.push(format!(
            "its schema is {found}, this program knows {known}: use the version that made the backup, or a newer one"
        ));
    }
    let rows = copied.rows().await?;
    if rows != manifest.rows {
        faults.push("tables have other numbers of rows than the manifest says".to_owned());
    }
    let materials = folder.join("materials");
    let mut named = match &manifest.bucket {
        Some(_) => Some(Named::open(folder)?),
        None => None,
    };
    let mut after = String::new();
    loop {
        let page = copied.files(&after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        for (id, size) in page {
            let there = tree::length(&tree::place(&materials, &id));
            let elsewhere = match &mut named {
                Some(named) => named.has(&id, sealed_length(size))?,
                None => false,
            };
            if !elsewhere && there.ok() != Some(sealed_length(size)) {
                let short = id.get(..8).unwrap_or_default();
                faults.push(format!(
                    "the file {short}… is missing or not as long as it was"
                ));
            }
        }
    }
    copied.close().await?;
    Ok(faults)
}
