//! Feedback (反馈): what partners report about their cases, in whatever dialect, becomes events of the life cycle.
//!
//! Invariants: a message is stored before it is acknowledged; the same message twice has one effect; another message under the same
//! key is a conflict that an operator sees; a message whose predecessor is missing waits, and is never lost.

pub mod exchange;
pub mod receive;

pub use receive::{Feedback, FeedbackObserver, FeedbackOutcome};
