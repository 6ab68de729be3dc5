//! Alerts (告警) taken from delivery rows, never from log lines: one a partner until it is resolved, sent as a signed webhook and as
//! mail, without personal data.
//!
//! [`decide`] is pure; what was raised and what is still to be sent are rows of the store, so a restart forgets nothing and several
//! nodes raise and send one.

pub mod decide;
pub mod email;
pub mod settings;
mod texts;
pub mod webhook;
pub mod worker;

pub use settings::AlertSettings;
