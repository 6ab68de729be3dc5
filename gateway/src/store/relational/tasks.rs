//! The locks and tasks of what is checked by a model: a test puts a model checker's own in their place
//! (`gateway/tests/model_lanes.rs`).

pub(super) use parking_lot::Mutex;
pub(super) use tokio::spawn;
pub(super) use tokio::task::JoinHandle;
