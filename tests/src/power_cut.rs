//! Power cuts without a machine to spare: a shim between the gateway and its C library (`power_cut.c`) keeps what every change of a file
//! replaced, and after the gateway was killed, what had not been synced is taken back: bytes, lengths, names, folders.
//!
//! What is taken back is all of it, or all of it from some moment on: a disk may have written more than it was told to. Stricter than
//! most file systems: a file whose folder was not synced is gone, also when the file itself was.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SHIM: &str = include_str!("power_cut.c");

/// A data folder on a disk that loses what was not synced.
#[derive(Debug)]
pub struct PowerCut {
    shim: PathBuf,
    log: PathBuf,
    kept: PathBuf,
    data: PathBuf,
    ignores_syncs: bool,
}

/// What a cut has taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Changes that were not synced.
    pub changes: u64,
    /// Syncs that were heard of.
    pub syncs: u64,
}

impl PowerCut {
    /// Compiles the shim into `folder`, for a data folder beside it. With `ignores_syncs` no sync counts: the control.
    ///
    /// # Errors
    /// There is no C compiler, or it says why not.
    pub fn prepare(folder: &Path, data: &Path, ignores_syncs: bool) -> Result<Self, String> {
        let words = |e: std::io::Error| e.to_string();
        let kept = folder.join("power-kept");
        std::fs::create_dir_all(&kept).map_err(words)?;
        let shim = folder.join("power-cut.so");
        let mut compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-x", "c", "-o"])
            .arg(&shim)
            .args(["-", "-ldl", "-lpthread"])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cc does not start ({e}): tests/run installs it"))?;
        if let Some(mut input) = compiler.stdin.take() {
            input.write_all(SHIM.as_bytes()).map_err(words)?;
        }
        if !compiler.wait().map_err(words)?.success() {
            return Err("the shim does not compile".to_owned());
        }
        Ok(Self {
            shim,
            log: folder.join("power.records"),
            kept,
            data: data.to_owned(),
            ignores_syncs,
        })
    }

    /// What the gateway's environment must hold.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let words = |path: &Path| path.display().to_string();
        let mut environment = vec![
            ("LD_PRELOAD", words(&self.shim)),
            ("POWER_DATA", words(&self.data)),
            ("POWER_LOG", words(&self.log)),
            ("POWER_KEPT", words(&self.kept)),
        ];
        if self.ignores_syncs {
            environment.push(("POWER_IGNORE", "1".to_owned()));
        }
        environment
    }

    /// Takes back what was not synced, after the gateway was killed. `spared`: this part of it, from its beginning, had reached the disk
    /// all the same, from 0 (nothing) to 1.
    ///
    /// # Errors
    /// A file that cannot be put back.
    pub fn cut(&self, spared: f64) -> Result<TakenBack, String> {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        let records = read(&bytes);
        let unsynced = unsynced(&records);
        let mut places: Vec<usize> = unsynced.iter().copied().collect();
        places.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a few thousand records"
        )]
        let from = (places.len() as f64 * spared.clamp(0.0, 1.0)) as usize;
        let lost: HashSet<usize> = places
            .split_off(from.min(places.len()))
            .into_iter()
            .collect();
        take_back(&records, &lost).map_err(|e| e.to_string())?;
        let _ = std::fs::remove_file(&self.log);
        for kept in std::fs::read_dir(&self.kept)
            .into_iter()
            .flatten()
            .flatten()
        {
            let _ = std::fs::remove_file(kept.path());
        }
        Ok(TakenBack {
            changes: lost.len() as u64,
            syncs: records.iter().filter(|r| r.kind == b'S').count() as u64,
        })
    }
}

/// One record of the shim.
#[derive(Debug)]
struct Record<'a> {
    kind: u8,
    path: PathBuf,
    a: u64,
    b: u64,
    more: &'a [u8],
}

/// Every whole record; the last may have been cut off in the middle.
fn read(mut bytes: &[u8]) -> Vec<Record<'_>> {
    let mut records = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<40>() {
        let number = |nth: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&head[nth * 8..nth * 8 + 8]);
            u64::from_ne_bytes(eight)
        };
        let (Ok(path), Ok(more)) = (usize::try_from(number(1)), usize::try_from(number(4))) else {
            break;
        };
        let (Some(text), Some(after)) = (rest.get(..path), rest.get(path..path + more)) else {
            break;
        };
        records.push(Record {
            kind: head[0],
            path: PathBuf::from(String::from_utf8_lossy(text).into_owned()),
            a: number(2),
            b: number(3),
            more: after,
        });
        bytes = &rest[path + more..];
    }
    records
}

impl Record<'_> {
    fn other(&self) -> PathBuf {
        PathBuf::from(String::from_utf8_lossy(self.more).into_owned())
    }

    /// What has to be synced for it: the file for its bytes, the folder for its name.
    fn needs(&self) -> Vec<PathBuf> {
        let parent = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
        match self.kind {
            b'W' | b'T' => vec![self.path.clone()],
            // The new name counts: with it the file is found.
            b'R' => vec![parent(&self.other())],
            _ => vec![parent(&self.path)],
        }
    }
}

/// The places of the records that no sync behind them covers.
fn unsynced(records: &[Record<'_>]) -> HashSet<usize> {
    let mut open: HashMap<PathBuf, Vec<usize>> = HashMap::new();
    let mut left = HashSet::new();
    for (nth, record) in records.iter().enumerate() {
        match record.kind {
            b'S' => {
                let before = usize::try_from(record.a).unwrap_or(usize::MAX);
                for covered in open.get_mut(&record.path).into_iter().flat_map(|waiting| {
                    let split = waiting.partition_point(|place| *place < before);
                    waiting.drain(..split).collect::<Vec<_>>()
                }) {
                    left.remove(&covered);
                }
            }
            _ => {
                for needed in record.needs() {
                    open.entry(needed).or_default().push(nth);
                }
                left.insert(nth);
                if record.kind == b'R' {
                    renamed(records, &mut open, record);
                }
            }
        }
    }
    left
}

/// The bytes are the file's, whatever it is called; and that it was made, its new folder has to say.
fn renamed(records: &[Record<'_>], open: &mut HashMap<PathBuf, Vec<usize>>, rename: &Record<'_>) {
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    let other = rename.other();
    let bytes = open.remove(&rename.path).unwrap_or_default();
    let mut made = Vec::new();
    if let Some(waiting) = open.get_mut(&folder(&rename.path)) {
        let is_its = |nth: &usize| records[*nth].kind == b'C' && records[*nth].path == rename.path;
        made = waiting.iter().copied().filter(is_its).collect();
        waiting.retain(|nth| !is_its(nth));
    }
    for (needed, more) in [(other.clone(), bytes), (folder(&other), made)] {
        let waiting = open.entry(needed).or_default();
        waiting.extend(more);
        waiting.sort_unstable();
    }
}

/// Takes these records back, the last first. A name that was not taken back leads to the file under its later one.
fn take_back(records: &[Record<'_>], lost: &HashSet<usize>) -> std::io::Result<()> {
    let mut now_called: HashMap<PathBuf, PathBuf> = HashMap::new();
    for (nth, record) in records.iter().enumerate().rev() {
        let called = now_called.get(&record.path).unwrap_or(&record.path).clone();
        if !lost.contains(&nth) {
            if record.kind == b'R' {
                let other = record.other();
                let other = now_called.get(&other).cloned().unwrap_or(other);
                now_called.insert(record.path.clone(), other);
            }
            continue;
        }
        match record.kind {
            b'W' | b'T' => {
                // Gone by itself: removed for good.
                let Ok(file) = std::fs::OpenOptions::new().write(true).open(&called) else {
                    continue;
                };
                file.set_len(record.b)?;
                file.write_all_at(record.more, record.a)?;
            }
            b'C' => drop(std::fs::remove_file(&called)),
            b'D' => drop(std::fs::remove_dir_all(&called)),
            b'R' => drop(std::fs::rename(record.other(), &record.path)),
            b'U' => drop(std::fs::rename(record.other(), &record.path)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, path: &Path, a: u64, b: u64, more: &[u8]) -> Vec<u8> {
        let path = path.display().to_string();
        let mut bytes = Vec::new();
        for number in [u64::from(kind), path.len() as u64, a, b, more.len() as u64] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes.extend(path.as_bytes());
        bytes.extend(more);
        bytes
    }

    fn lost(bytes: &[u8]) -> Vec<usize> {
        let mut lost: Vec<usize> = unsynced(&read(bytes)).into_iter().collect();
        lost.sort_unstable();
        lost
    }

    #[test]
    fn a_sync_covers_what_was_written_before_it_began_and_a_folder_the_names_in_it() {
        let (folder, file) = (Path::new("/d"), Path::new("/d/f"));
        let mut log = record(b'C', file, 0, 0, b"");
        log.extend(record(b'W', file, 0, 0, b""));
        log.extend(record(b'W', file, 3, 3, b""));
        // It began before the second write.
        log.extend(record(b'S', file, 2, 0, b""));
        assert_eq!(lost(&log), [0, 2]);
        log.extend(record(b'S', folder, 4, 0, b""));
        assert_eq!(lost(&log), [2]);
        log.extend(record(b'R', file, 0, 0, b"/d/g"));
        log.extend(record(b'S', Path::new("/d/g"), 6, 0, b""));
        assert_eq!(lost(&log), [5], "the bytes go with the file");
        let (new, moved) = (Path::new("/in/n"), Path::new("/d/n"));
        let name = moved.display().to_string();
        log.extend(record(b'C', new, 0, 0, b""));
        log.extend(record(b'R', new, 0, 0, name.as_bytes()));
        assert_eq!(lost(&log), [5, 7, 8]);
        log.extend(record(b'S', folder, 9, 0, b""));
        assert_eq!(
            lost(&log),
            [] as [usize; 0],
            "the folder that it was moved to is enough"
        );
        log.extend(&record(b'W', file, 0, 0, b"abc")[..44]);
        assert_eq!(
            lost(&log),
            [] as [usize; 0],
            "a record without its end is none"
        );
    }

    #[test]
    fn bytes_lengths_and_names_are_taken_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        std::fs::write(&new, "newer and longer").unwrap();
        let mut log = record(b'W', &old, 0, 5, b"first");
        log.extend(record(
            b'R',
            &old,
            0,
            0,
            new.display().to_string().as_bytes(),
        ));
        log.extend(record(b'W', &new, 2, 9, b"x"));
        let records = read(&log);
        take_back(&records, &HashSet::from([0, 2])).unwrap();
        assert_eq!(std::fs::read_to_string(&new).unwrap(), "first");
        take_back(&records, &HashSet::from([1])).unwrap();
        assert!(!new.exists() && old.exists());
    }
}
