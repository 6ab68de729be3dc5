//! Intake (受理登记): checks an application against the catalogue, commits it durably, and answers with a signed receipt.
//!
//! Invariants: the checks are pure and come first, the one transaction comes last; every fault is told at once, with its place;
//! 201 is answered only after the store's commit is synced; the same key with the same body has the same answer for the life
//! of the record; nothing derived from the installation's secrets is stored.

pub mod act;
pub mod check;
pub mod compose;
pub mod fields;
pub mod file_kind;
pub mod identity_number;
pub mod in_progress;
pub mod json;
pub mod keys;
pub mod materials;
pub mod origin;
pub mod receipt;
pub mod request;
pub mod signed;
pub mod submit;

pub use submit::{Intake, IntakeObserver, SubmitError, Taken};
