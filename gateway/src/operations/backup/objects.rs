//! The list of files that a backup names and does not hold, because they lie in a bucket: `ID LENGTH` a line, in order.

use super::BackupError;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Lines, Write as _};
use std::path::{Path, PathBuf};

/// Name of the list.
pub(super) const OBJECTS_FILE: &str = "materials.objects";

/// The list being written.
pub(super) struct Naming {
    path: PathBuf,
    list: BufWriter<File>,
    pub(super) named: u64,
}

impl Naming {
    pub(super) fn begin(backup: &Path) -> Result<Self, BackupError> {
        let path = backup.join(OBJECTS_FILE);
        let file = File::create_new(&path).map_err(BackupError::at(&path))?;
        Ok(Self {
            path,
            list: BufWriter::new(file),
            named: 0,
        })
    }

    /// Names a file with its sealed length. Ids come in order.
    pub(super) fn name(&mut self, id: &str, length: u64) -> Result<(), BackupError> {
        self.named += 1;
        writeln!(self.list, "{id} {length}").map_err(BackupError::at(&self.path))
    }

    pub(super) fn end(self) -> Result<u64, BackupError> {
        let file = self.list.into_inner();
        let file = file.map_err(|error| BackupError::at(&self.path)(error.into_error()))?;
        file.sync_all().map_err(BackupError::at(&self.path))?;
        Ok(self.named)
    }
}

/// The list being read, beside ids in the same order.
pub(super) struct Named {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
    next: Option<(String, u64)>,
}

impl Named {
    pub(super) fn open(backup: &Path) -> Result<Self, BackupError> {
        let path = backup.join(OBJECTS_FILE);
        let file = File::open(&path).map_err(BackupError::at(&path))?;
        let mut named = Self {
            lines: BufReader::new(file).lines(),
            path,
            next: None,
        };
        named.advance()?;
        Ok(named)
    }

    fn advance(&mut self) -> Result<(), BackupError> {
        let line = self.lines.next().transpose();
        let line = line.map_err(BackupError::at(&self.path))?;
        self.next = line.and_then(|line| {
            let (id, length) = line.split_once(' ')?;
            Some((id.to_owned(), length.parse().ok()?))
        });
        Ok(())
    }

    /// Whether a file is named with this length. To be asked in the order of ids.
    pub(super) fn has(&mut self, id: &str, length: u64) -> Result<bool, BackupError> {
        while self
            .next
            .as_ref()
            .is_some_and(|(next, _)| next.as_str() < id)
        {
            self.advance()?;
        }
        Ok(self
            .next
            .as_ref()
            .is_some_and(|(next, its)| next == id && *its == length))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
    use super::*;

    #[test]
    fn what_was_named_is_found_in_order_with_its_length_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut naming = Naming::begin(folder.path()).unwrap();
        for (id, length) in [("aa", 1), ("ab", 2), ("cc", 3)] {
            naming.name(id, length).unwrap();
        }
        assert_eq!(naming.end().unwrap(), 3);
        let mut named = Named::open(folder.path()).unwrap();
        for (id, length, expected) in [
            ("a", 1, false),
            ("aa", 1, true),
            ("ab", 3, false),
            ("b", 2, false),
            ("cc", 3, true),
            ("cd", 3, false),
        ] {
            assert_eq!(named.has(id, length).unwrap(), expected, "{id}");
        }
    }
}
