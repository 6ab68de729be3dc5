//! The three definitions of `config/systems/` against `docs/dialects.md`: each request byte for byte, each answer, each of the
//! nine feedback messages of each partner, and what bad input gets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

mod faults;
mod grammar;
mod properties;
mod rest;
mod schema;
mod soap;
mod soap_spoken;
mod support;
mod xml;
