//! What the writers of both databases share: bounds, the observer of commits, and the verdict of a write.

use super::StoreError;
use super::sealed::Place;
use std::time::Duration;

/// How much may wait, and how much goes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreBounds {
    /// Writes that may wait for their turn; one more is refused as [`StoreError::Busy`].
    pub queue: usize,
    /// Writes in one commit at most.
    pub batch: usize,
    /// Connections that only read.
    pub readers: u32,
    /// Unbound files of one client, unfinished ones included; one more is refused as over its cap.
    pub unbound_files: u64,
}

impl Default for StoreBounds {
    fn default() -> Self {
        Self {
            queue: 1024,
            batch: 256,
            readers: 4,
            unbound_files: 1_000,
        }
    }
}

/// Told of every commit, for metrics. Called on the writer's task: count and return.
pub trait CommitObserver: Send + Sync {
    /// `writes` writes were committed together, in `took` from the first statement to the sync.
    fn committed(&self, writes: usize, took: Duration);

    /// A batch of `writes` writes could not be committed.
    fn failed(&self, writes: usize);
}

/// What is to become of a write's changes.
pub(super) enum Verdict<T> {
    /// They stay: answer after the commit.
    Keep(T),
    /// They are taken back: nothing was written.
    Undo(T),
}

/// The answer of a write that stands.
pub(super) fn keep<T>(value: T) -> Result<Verdict<T>, StoreError> {
    Ok(Verdict::Keep(value))
}

/// The answer of a write of which nothing may stay.
pub(super) fn undo<T>(value: T) -> Result<Verdict<T>, StoreError> {
    Ok(Verdict::Undo(value))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A stored row that cannot be read: a programming or administration fault, named without its content.
pub(super) fn broken(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    reason: impl ToString,
) -> StoreError {
    StoreError::Inconsistent {
        table,
        column,
        row: row.to_string(),
        reason: reason.to_string(),
    }
}

/// The place of a column of the store's tables.
pub(super) fn place(table: &'static str, column: &'static str, row: &[&[u8]]) -> Place {
    Place::new(table, column, row)
}
