//! The store (存储): the only place with SQL, one trait a concern, so that a second implementation can stand beside the first.
//!
//! Invariants: every query for applications, cases, deliveries, systems, documents and audit takes a [`Scope`]; every column that
//! can hold personal data is sealed inside the store (rooms hand in and get back plain values, SQL only ever sees
//! `Sealed<T>`); every write that answers `Ok` is committed and synced; clock and randomness are arguments. All writes of one
//! store go through one writer, which commits whatever has gathered (group commit) and answers afterwards.
//!
//! To add a concern: a trait and its records in a file of their own here, a migration in each implementation, and its cases in
//! the conformance suite (`conformance`), which every implementation must pass unchanged.

pub mod alert;
pub mod allotment;
pub mod api_key;
pub mod application;
pub mod audit;
pub mod bucket;
pub mod bulk;
pub mod case;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod delivery;
pub mod integrity;
pub mod material;
pub mod moving;
pub mod nodes;
pub mod notification;
pub mod overview;
pub mod postgres;
pub mod recomputation;
pub mod registry;
pub mod scan;
mod schema;
pub mod seal;
pub mod sealed;
pub mod sqlite;
pub mod standing;
pub mod upload;
pub mod writing;

use crate::identity::Scope;
use std::sync::Arc;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The writer's queue is full: answer 503 and let the caller come again.
    #[error("the store's write queue is full ({bound} writes waiting)")]
    Busy {
        /// The bound that was reached.
        bound: usize,
    },
    /// The database cannot be reached or does not answer in time; whether a write in flight happened is not known.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A stored row cannot be read: names table, column and row, never content.
    #[error("row {row} of {table}.{column} cannot be read: {reason}")]
    Inconsistent {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Row, by its key.
        row: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A sealed value does not open: wrong master key, destroyed case key, or bytes changed.
    #[error("a sealed value of {table} does not open; check the master key")]
    Sealed {
        /// Table.
        table: &'static str,
    },
    /// The bucket of files does not answer, or refuses: answer 503 and let the caller come again. Rows are not touched by it.
    #[error("the bucket of files does not answer: {0}")]
    FilesAway(String),
    /// A material's bytes could not be written or read.
    #[error("material bytes: {0}")]
    Bytes(#[from] std::io::Error),
}

/// What everything that runs holds: one implementation of every concern.
#[async_trait::async_trait]
pub trait Store:
    application::ApplicationStore
    + case::CaseStore
    + delivery::DeliveryStore
    + bulk::BulkStore
    + material::MaterialStore
    + upload::UploadStore
    + scan::ScanStore
    + recomputation::RecomputationStore
    + registry::RegistryStore
    + audit::AuditStore
    + nodes::NodeStore
    + seal::SealStore
    + standing::StandingStore
    + integrity::IntegrityStore
    + overview::OverviewStore
    + alert::AlertStore
    + notification::NotificationStore
    + api_key::ApiKeyStore
    + Send
    + Sync
    + 'static
{
    /// Tells `observer` of every commit from now on; the first observer stays.
    fn observe(&self, observer: Arc<dyn writing::CommitObserver>);

    /// Writes that wait for their turn by now, of [`writing::StoreBounds::queue`].
    fn waiting_writes(&self) -> usize;

    /// Commits what is queued and closes the database.
    async fn close(&self);
}

/// A shared handle to the store; exists on the control-plane runtime alone, never on an edge core.
pub type SharedStore = Arc<dyn Store>;

/// Whether a row of these owners is visible in `scope`. The one rule behind every implementation's `WHERE`, also used by tests.
#[must_use]
pub fn visible(scope: &Scope, row: &Owners<'_>) -> bool {
    match scope {
        Scope::Everything => true,
        Scope::Nothing => false,
        Scope::Organisations(ids) => ids.contains(row.organisation_id),
        Scope::Subject(subject) => {
            row.owner_subject == Some(subject.as_str()) || row.agent == Some(subject.as_str())
        }
        Scope::Application(no) => row.application_no == no,
        Scope::System(id) => row.system_id == Some(id.as_str()),
    }
}

/// Who a row belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Owners<'a> {
    /// Responsible organisation.
    pub organisation_id: &'a str,
    /// Subject of the applicant.
    pub owner_subject: Option<&'a str>,
    /// Subject of the agent.
    pub agent: Option<&'a str>,
    /// Its application.
    pub application_no: &'a str,
    /// The system that has the case.
    pub system_id: Option<&'a str>,
}
