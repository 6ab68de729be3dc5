//! What operators see (运维): metrics, health, logs.
//!
//! Invariants: label values are bounded (route templates, registered ids), never a number, name or path of a request; no log line
//! carries a query string, a number, a name or a token.

pub mod alerts;
pub mod apply_api;
pub mod backup;
pub mod bucket_watch;
pub mod database_texts;
pub mod deliveries_command;
pub mod health;
pub mod key_book;
pub mod logging;
pub mod metrics;
pub mod moving;
pub mod observers;
pub mod ops_api;
pub mod overview;
pub mod store_watch;
