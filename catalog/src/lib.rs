//! Service items and their standard: what a hall offers, under which codes, by whom, until when.
//!
//! # What always holds here
//!
//! * **Pure.** No network, no database, no async, no threads, no file access and no clock: text comes in as `&str`, the
//!   day as an argument, and the same input gives the same answer on every machine.
//! * **Parsed once, right from then on.** A code, an identity number or an item that exists as a value of this crate has
//!   passed its checks; nothing checks it a second time. What cannot be checked (an item code in a scheme of some other
//!   authority) stays an opaque string and is never taken apart.
//! * **Every fault at once.** A file that a person edits is read with [`source::load_yaml`] and answers with the value
//!   or with all its faults, each at its line and column with a hint, in Chinese and English.

pub mod calendar;
pub mod code;
pub mod deadline;
pub mod identifier;
pub mod item;
mod language;
pub mod organisation;
pub mod region;
pub mod snapshot;
pub mod source;
pub mod tables;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod samples;

pub use language::{Bilingual, Language};
