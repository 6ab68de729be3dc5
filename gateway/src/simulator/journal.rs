//! The state file: one JSON line for each change, the whole case each time, so that the last line of a case is the case.

use super::SimulatorError;
use super::book::CaseBook;
use super::cases::Case;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Longer lines are damage.
const MAX_LINE: usize = 64 << 20;

/// Where cases are written down; nowhere if there is no state file.
#[derive(Debug)]
pub(super) struct Journal {
    file: Option<(PathBuf, File)>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Case(Box<Case>),
    Given { own: String, number: String },
}

impl Journal {
    /// Opens the state file and takes back what stands in it. A last line cut short by a crash is left out.
    pub(super) fn open(path: Option<&Path>, book: &mut CaseBook) -> Result<Self, SimulatorError> {
        let Some(path) = path else {
            return Ok(Self { file: None });
        };
        let file = Self::replay(path, book).map_err(|source| SimulatorError::StateFile {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            file: Some((path.to_owned(), file)),
        })
    }

    fn replay(path: &Path, book: &mut CaseBook) -> io::Result<File> {
        let file = File::options()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let mut lines = BufReader::new(&file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            if line.len() > MAX_LINE {
                return Err(io::Error::other("a line is longer than 64 MiB"));
            }
            // A line that a crash cut short stays where it is; the next one begins behind it.
            if !line.ends_with(b"\n") {
                (&file).write_all(b"\n")?;
            }
            match serde_json::from_slice(&line) {
                Ok(Line::Case(case)) => book.restore(*case),
                Ok(Line::Given { own, number }) => drop(book.given.insert(own, number)),
                Err(error) => {
                    tracing::warn!(%error, "a line of the simulator's state file is damaged and left out")
                }
            }
            line.clear();
        }
        Ok(file)
    }

    /// The same file again, for a restart; `None` if there is no file.
    pub(super) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| path.as_path())
    }

    /// Writes a case down.
    pub(super) fn case(&mut self, case: &Case) {
        self.write(&Line::Case(Box::new(case.clone())));
    }

    /// Writes down that an own number was handed out.
    pub(super) fn given(&mut self, own: &str, number: &str) {
        self.write(&Line::Given {
            own: own.to_owned(),
            number: number.to_owned(),
        });
    }

    fn write(&mut self, line: &Line) {
        let Some((path, file)) = &mut self.file else {
            return;
        };
        let written = serde_json::to_vec(line)
            .map_err(io::Error::other)
            .and_then(|mut bytes| {
                bytes.push(b'\n');
                file.write_all(&bytes)
            });
        if let Err(error) = written {
            tracing::error!(%error, path = %path.display(), "the simulator cannot write its state file");
        }
    }
}
