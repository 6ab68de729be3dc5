//! Bulk work on deliveries (批量作业): retries released one by one at a rate, the first one alone; deliveries given up in batches.
//!
//! Invariants: what a job does next is decided by [`decide`], pure; every release is one transaction that finds the job running, so
//! that nothing leaves after a stop was answered; a job goes on after a restart where it stood.

pub mod decide;
mod runner;

pub use runner::{BulkObserver, BulkRunner, run};
