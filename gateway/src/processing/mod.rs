//! Processing (办理): the life cycle of a case, changes to it, delivery to partners, and what time alone brings about.
//!
//! Invariants: [`life_cycle`] is pure; only [`change`] turns an event into a stored state; only [`delivery`] talks to partners.

pub mod bulk;
pub mod change;
pub mod delivery;
pub mod hand_over;
mod held;
pub mod life_cycle;
pub mod poll;
pub mod projection;
pub mod recomputation;
pub mod supervision;
