//! Processing (办理): the life cycle of a case. Pure: no clock, no I/O, no randomness.

pub mod life_cycle;
pub mod projection;
