//! XML Schema to codec: features one by one, bad input, and properties. WSDL and envelopes are in `tests/wsdl`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]
#![allow(clippy::disallowed_methods, reason = "these tests measure real time")]

mod bad_input;
mod content;
mod documents;
mod properties;
mod support;
mod types;
