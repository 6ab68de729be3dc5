//! The pages of a case (办件): the way to it, where it stands and who has it, every clock with its derivation, and what its applicant
//! may do with it.

pub mod acts;
pub mod clock;
pub mod hearing;
pub mod look_up;
#[cfg(test)]
mod samples;
pub mod show;
pub mod timeline;
pub mod with;
