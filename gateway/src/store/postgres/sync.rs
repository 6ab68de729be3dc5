//! The locks of what is checked by a model: a test puts a model checker's own in their place.

pub(super) use std::sync::{Mutex, MutexGuard};
