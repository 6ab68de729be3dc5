//! What nodes share through Redis, against real servers: one, one behind a sentinel, a cluster, and servers that are killed or stopped.
//!
//! The nodes here are the gateway's own shared state without the rest of it; `black_box/redis.rs` has whole ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod kinds;
mod loss;
mod node;
mod sharing;
