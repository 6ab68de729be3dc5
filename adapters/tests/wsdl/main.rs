//! WSDL 1.1 to envelopes: styles, headers, faults, encodings, documents, mistakes. Descriptions are written in the manner of the
//! usual stacks; schemas and values alone are in `tests/schema`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]
#![allow(clippy::disallowed_methods, reason = "these tests measure real time")]

mod damaged;
mod descriptions;
mod encoded;
mod literal;
mod stacks;
mod support;
