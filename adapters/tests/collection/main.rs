//! The readers and the codec against the collection of `tests/wsdl_collection`, which was written without a look at them: every
//! description is read, compiled and compared with what `collection.json` says of it, every sample is read, compared, written and
//! read again, and what must be refused is refused by name, in bounded time, with nothing fetched.
//!
//! What falls short is listed in [`shortfalls`] with its reason; a listed one that passes fails the test, so the list stays true.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop, and this one reports its counts"
)]
#![allow(clippy::disallowed_methods, reason = "refusals are timed")]

mod comparison;
mod described;
mod entries;
mod infoset;
mod refused;
mod samples;
mod services;
mod shortfalls;
