//! The gateway (通办网关): everything that runs. Rooms in the order in which an application meets them; `ARCHITECTURE.md` has the map.
#![allow(
    clippy::duplicate_mod,
    reason = "store/relational is written once and compiled for each database (ADR 0007)"
)]

pub mod application;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod edge;
pub mod entropy;
pub mod fail_point;
pub mod feedback;
pub mod identity;
pub mod installation;
pub mod intake;
pub mod load;
pub mod notification;
pub mod operations;
pub mod outbound;
pub mod pages;
pub mod passthrough;
pub mod problem;
pub mod processing;
pub mod quiet;
pub mod registry;
pub mod scan;
pub mod shared_state;
pub mod simulator;
pub mod store;
pub mod text;
