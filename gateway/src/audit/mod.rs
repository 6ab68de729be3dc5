//! The sealed audit log (审计封存): audit rows in Merkle batches under signed roots, so that what was changed afterwards shows.
//!
//! Invariants: hashes are over rows as they are stored, so destroying a case's key leaves every proof true; every signed root names the
//! one before; nothing here is waited for by intake; whoever has a receipt and the published key can check both without asking anybody.

pub mod examination;
pub mod inclusion;
pub mod merkle;
pub mod record;
pub mod root;
pub mod sealer;

/// Leaves of one batch at most: a receipt's proof is computed from all of them.
pub const BATCH_LEAVES_MAX: u32 = 4_096;
