//! The harness of the black-box tests: starts the built `tongban`, speaks real HTTP to it, and ends only what it started.
//!
//! What is covered where: `tests/tests/black_box/` – one file a topic, each test named after the rule that it holds.

pub mod clamd;
pub mod disk;
pub mod hall;
pub mod http;
pub mod page;
pub mod postgres;
pub mod power_cut;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod sample;
pub mod sink;
pub mod sources;
pub mod storage;
