//! The disk below the embedded store: a small file system of its own, which can be filled and made read-only.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes of the disk that is filled.
const DISK_BYTES: &str = "512m";

/// Where the data of the embedded store lies.
#[derive(Debug)]
pub(crate) enum Disk {
    /// A file system of its own.
    Own(PathBuf),
    /// The machine's; why it cannot be filled or made read-only.
    Shared(String),
}

impl Disk {
    /// A file system of its own in `folder`, where this may be mounted.
    pub(crate) fn own(folder: &Path) -> Self {
        let mounted = folder.join("disk");
        if let Err(e) = std::fs::create_dir(&mounted) {
            return Self::Shared(e.to_string());
        }
        let (size, place) = (format!("size={DISK_BYTES}"), mounted.display().to_string());
        match mount(&["-t", "tmpfs", "-o", &size, "tmpfs", &place]) {
            Ok(()) => Self::Own(mounted),
            Err(words) => Self::Shared(format!("no file system can be mounted here: {words}")),
        }
    }

    /// Whether it can be filled and made read-only, or why not.
    pub(crate) fn is_own(&self) -> Result<(), String> {
        match self {
            Self::Own(_) => Ok(()),
            Self::Shared(why) => Err(why.clone()),
        }
    }

    /// The data folder of the node on it.
    pub(crate) fn data(&self, folder: &Path) -> PathBuf {
        match self {
            Self::Own(mounted) => mounted.join("data"),
            Self::Shared(_) => folder.join("data"),
        }
    }

    /// Fills it to its last block; the file to be removed.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(crate) fn fill(&self) -> Result<Option<PathBuf>, String> {
        let Self::Own(mounted) = self else {
            return Ok(None);
        };
        let path = mounted.join("filler");
        let mut file = File::create(&path).map_err(|e| e.to_string())?;
        for size in [1 << 20, 4096] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(Some(path))
    }

    /// Makes it read-only or writable; false when it cannot be done.
    pub(crate) fn set_read_only(&self, read_only: bool) -> bool {
        let Self::Own(mounted) = self else {
            return false;
        };
        let options = if read_only {
            "remount,ro"
        } else {
            "remount,rw"
        };
        mount(&["-o", options, &mounted.display().to_string()]).is_ok()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Own(mounted) = self {
            let _ = Command::new("umount").arg("-l").arg(mounted).status();
        }
    }
}

fn mount(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("mount")
        .args(arguments)
        .output()
        .map_err(|e| e.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
