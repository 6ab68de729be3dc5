//! `tongban load` (压力测试): load against a running hall, measured so that a stall cannot hide.
//!
//! An open loop: every request has a time at which it is due, whatever the hall does, and its response time counts from then. A
//! client that waits for its last answer before it asks again stops asking exactly while the hall stalls, and then reports the
//! stall as one slow answer (coordinated omission). The closed loop is there too, for capacity, and says what it hides.
//!
//! What always holds: schedule, samples, conditions and search are pure – time and randomness are arguments; latencies live in
//! histograms, never in lists, so that an hour takes no more memory than a second; the client measures its own lateness, and a run
//! whose client was late is void. Only loopback is called unless the tester says otherwise ([`target`]).

pub mod checks;
pub mod condition;
pub mod connection;
pub mod items;
mod lane;
pub mod latencies;
pub mod live;
pub mod numbers;
pub mod operation;
pub mod preparation;
pub mod report;
pub mod run;
pub mod sample;
pub mod schedule;
pub mod search;
pub mod settings;
pub mod table;
pub mod tally;
pub mod target;
mod timer;
mod work;

pub use operation::Operation;
pub use run::run;
pub use settings::{LoadError, Settings};
