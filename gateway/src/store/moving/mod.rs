//! Moving a hall (迁移) from SQLite to PostgreSQL: rows as they stand, ids and sealed bytes untouched, so that seals, receipts, event
//! cursors and the audit log's hashes stay true.
//!
//! Invariants: the source is locked meanwhile and afterwards marked, so that no gateway serves it beside the target; a batch and the
//! note how far the move is are one transaction of the target, so that an interrupted move goes on where it was; the target opens for
//! a gateway only when every row of every table was read from both and found the same.

mod run;
mod shape;
mod value;

pub use run::{Moved, TableMoved, move_rows};
pub use shape::Shape;
pub(crate) use shape::{NOT_MOVED, is_moved};
pub use value::{Row, Value};

use super::StoreError;
use serde::Serialize;

/// Why a hall was not moved. The words say what to do.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// One of the databases did not answer, or not as it must.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Source or target may not be used for this.
    #[error("{0}")]
    Refused(String),
    /// Target and source are not the same; a line for each table.
    #[error("source and target differ:\n{0}")]
    Differs(String),
}

impl From<sqlx::Error> for MoveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What is being done, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Rows are copied.
    Rows,
    /// Every row is read from both databases and compared.
    Compare,
    /// Sealed files are copied or verified.
    Files,
}

impl Stage {
    /// The word before the bar.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Compare => "compare",
            Self::Files => "files",
        }
    }
}

/// How far a stage is.
#[derive(Debug, Clone, Copy)]
pub struct Told<'t> {
    /// The stage.
    pub stage: Stage,
    /// The table, or "materials".
    pub table: &'t str,
    /// Rows (files) of the table that are done.
    pub done: u64,
    /// Of how many.
    pub of: u64,
    /// Rows of all tables that are done.
    pub all_done: u64,
    /// Of how many.
    pub all: u64,
}

/// Told after every batch.
pub type Telling<'p> = &'p mut (dyn FnMut(Told<'_>) + Send);

/// How a move begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// Into an empty schema.
    New,
    /// Where the same move was interrupted.
    Resumed,
    /// From the beginning: the hall was served again after an interrupted move, whose rows are gone.
    Anew,
}
