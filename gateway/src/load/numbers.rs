//! Applications that are known to the load: what status reads ask for, and the file of them (`number query_code` a line).

use parking_lot::Mutex;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Applications that are remembered; later ones take the place of earlier ones.
pub const KNOWN_MAX: usize = 100_000;

/// An application, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub number: String,
    /// Its query code.
    pub query_code: String,
}

/// A file of numbers that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NumbersError {
    /// It cannot be read or written.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: std::io::Error,
    },
    /// A line that is not two words.
    #[error("{path}:{line}: expected `number query_code`, as `--write-numbers` writes it")]
    Line {
        /// Which.
        path: String,
        /// From 1.
        line: usize,
    },
    /// Nothing in it.
    #[error("{path}: no application in it")]
    Empty {
        /// Which.
        path: String,
    },
}

/// The applications that are known; shared by all lanes.
#[derive(Debug, Default)]
pub struct Numbers {
    ring: Mutex<Ring>,
    file: Option<Mutex<BufWriter<File>>>,
}

#[derive(Debug, Default)]
struct Ring {
    known: Vec<Known>,
    next: usize,
}

impl Numbers {
    /// None yet; each one that comes is also written to `file`.
    ///
    /// # Errors
    /// [`NumbersError::File`].
    pub fn writing_to(file: Option<&Path>) -> Result<Self, NumbersError> {
        let open = |path: &Path| {
            // Query codes open applications: nobody else reads them.
            let mut options = File::options();
            let options = options.create(true).write(true).truncate(true).mode(0o600);
            let file = options.open(path).map_err(|e| fault(path, e))?;
            Ok(Mutex::new(BufWriter::new(file)))
        };
        Ok(Self {
            ring: Mutex::default(),
            file: file.map(open).transpose()?,
        })
    }

    /// Adds one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&self, known: Known) -> std::io::Result<()> {
        if let Some(file) = &self.file {
            writeln!(file.lock(), "{} {}", known.number, known.query_code)?;
        }
        let mut ring = self.ring.lock();
        let place = ring.next % KNOWN_MAX;
        ring.next = place + 1;
        match ring.known.get_mut(place) {
            Some(old) => *old = known,
            None => ring.known.push(known),
        }
        Ok(())
    }

    /// One of them, at a place drawn evenly from all of `u64`.
    #[must_use]
    pub fn at(&self, drawn: u64) -> Option<Known> {
        let ring = self.ring.lock();
        let count = u64::try_from(ring.known.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(drawn.checked_rem(count)?).ok()?;
        ring.known.get(place).cloned()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring.lock().known.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes out what is still in memory.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&self) -> std::io::Result<()> {
        self.file
            .as_ref()
            .map_or(Ok(()), |file| file.lock().flush())
    }

    /// Adds those of a file; returns how many it has.
    ///
    /// # Errors
    /// [`NumbersError`].
    pub fn read(&self, path: &Path) -> Result<usize, NumbersError> {
        let text = std::fs::read_to_string(path).map_err(|e| fault(path, e))?;
        let all = parse(&path.display().to_string(), &text)?;
        let count = all.len();
        for known in all {
            self.add(known).map_err(|e| fault(path, e))?;
        }
        Ok(count)
    }
}

fn fault(path: &Path, reason: std::io::Error) -> NumbersError {
    NumbersError::File {
        path: path.display().to_string(),
        reason,
    }
}

fn parse(path: &str, text: &str) -> Result<Vec<Known>, NumbersError> {
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_ascii_whitespace();
        // Both go into requests as they are.
        let plain = |word: &&str| {
            word.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        };
        let mut next = || words.next().filter(plain);
        match (next(), next(), words.clone().next()) {
            (Some(number), Some(code), None) => all.push(Known {
                number: number.to_owned(),
                query_code: code.to_owned(),
            }),
            _ => {
                return Err(NumbersError::Line {
                    path: path.to_owned(),
                    line: index + 1,
                });
            }
        }
    }
    if all.is_empty() {
        return Err(NumbersError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_numbers_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.txt");
        let written = Numbers::writing_to(Some(&path)).unwrap();
        for number in 0..3 {
            let known = Known {
                number: format!("N{number}"),
                query_code: format!("C{number}"),
            };
            written.add(known).unwrap();
        }
        written.flush().unwrap();
        let read = Numbers::default();
        assert_eq!(read.read(&path).unwrap(), 3);
        assert_eq!(read.at(4), written.at(1));
        assert_eq!(read.at(1).unwrap().query_code, "C1");
    }

    #[test]
    fn a_line_that_is_no_application_is_named() {
        assert!(parse("f", "N/1 C1").is_err());
        let wrong = parse("f", "# first\nN1 C1\n\nN2\n").unwrap_err();
        assert!(wrong.to_string().starts_with("f:4: "), "{wrong}");
        assert!(matches!(
            parse("f", "\n# x\n"),
            Err(NumbersError::Empty { .. })
        ));
    }

    #[test]
    fn no_more_applications_than_the_bound_are_remembered() {
        let numbers = Numbers::default();
        for number in 0..=KNOWN_MAX {
            let known = Known {
                number: number.to_string(),
                query_code: String::new(),
            };
            numbers.add(known).unwrap();
        }
        assert_eq!(numbers.len(), KNOWN_MAX);
        assert_eq!(numbers.at(0).unwrap().number, KNOWN_MAX.to_string());
        assert_eq!(Numbers::default().at(7), None);
    }
}
