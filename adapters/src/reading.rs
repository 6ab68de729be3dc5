//! Reading what a partner sends (解码): bytes to one plain tree, whatever the format, under bounds.
use thiserror::Error;
/// The bytes are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// Larger than a bound.
    #[error("larger than the bound of {0} bytes")]
    TooLarge(usize),
}
impl ReadError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "malformed_body"
    }
}
