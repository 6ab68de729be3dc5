//! Black-box tests: the built `tongban` and its simulated partners as processes of their own, over real sockets.
//!
//! One test binary; a module a topic. Build first: `cargo build --workspace --features tongban-gateway/testing`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod alerts;
mod applying;
mod audit;
mod backups;
mod backups_postgres;
mod bad_feedback;
mod bad_input;
mod browser;
mod bucket;
mod bulk;
mod clocks;
mod cluster;
mod crash;
mod demo;
mod fail_point_ways;
mod fail_points;
mod fail_points_documents;
mod faults;
mod foreign_peers;
mod journey;
mod keys;
mod keys_kept;
mod load;
mod mangled;
mod moving;
mod notifications;
mod operations;
mod redis;
mod refusal;
mod reload;
mod reports;
mod scans;
mod secrecy;
mod simulated_time;
mod uploads;
mod uploads_refused;
mod versions;
