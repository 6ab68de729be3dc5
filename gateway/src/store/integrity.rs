//! Whether a store is whole (完整性检查): what its rows, files and seals say of each other. Reads only, in one snapshot.

use super::StoreError;
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How much is looked at. Rows and files are always looked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// The seals of the newest and of the oldest rows, and a quick look at the database's pages.
    #[default]
    Sample,
    /// Every seal, every byte of every file, and every page against its indexes.
    Everything,
}

/// Things that are wrong in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFault {
    /// Stable code.
    pub code: String,
    /// How many.
    pub count: u64,
    /// A few of them: row ids, case numbers, names of files without what makes them capabilities. No personal data.
    pub examples: Vec<String>,
}

/// What an examination found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IntegrityReport {
    /// Version of the schema in the database.
    pub schema_version: i64,
    /// Cases in it.
    pub cases: u64,
    /// Files that rows name.
    pub files: u64,
    /// Sealed values that were opened.
    pub opened: u64,
    /// What is wrong.
    pub faults: Vec<DatabaseFault>,
    /// What is not wrong but worth knowing: it mends itself.
    pub notices: Vec<DatabaseFault>,
}

/// Examples kept of one kind of fault.
pub const EXAMPLES_MAX: usize = 5;

/// Collects what is wrong in one way.
#[derive(Debug, Default)]
pub struct Tally {
    count: u64,
    examples: Vec<String>,
}

impl Tally {
    /// One more.
    pub fn add(&mut self, example: impl Into<String>) {
        self.count += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(example.into());
        }
    }

    /// The fault, when there is any.
    #[must_use]
    pub fn into_fault(self, code: &str) -> Option<DatabaseFault> {
        (self.count > 0).then(|| DatabaseFault {
            code: code.to_owned(),
            count: self.count,
            examples: self.examples,
        })
    }
}

/// A name of a file or upload as a report may show it: knowing the whole is a right.
#[must_use]
pub fn shortened(capability: &str) -> String {
    capability.chars().take(8).chain(['…']).collect()
}

/// Examination of a store that serves.
#[async_trait]
pub trait IntegrityStore: Send + Sync {
    /// Examines everything in one snapshot; what is wrong is in the report, and only what kept it from looking is an error.
    /// `now` tells what is left over from what is just being written.
    async fn examine(&self, depth: Depth, now: Timestamp) -> Result<IntegrityReport, StoreError>;
}
