//! Drafts of definitions: every service of the collection gets one that passes the checker as it is, and a person who fills in what
//! is marked gets a definition that sends what the schema asks for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]

mod collection;
mod mapping;
mod support;
