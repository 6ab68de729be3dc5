//! Mapping expressions (映射表达式).
use thiserror::Error;
/// An expression failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvaluationError {
    /// A name has no value.
    #[error("a value is missing")]
    Missing,
}
impl EvaluationError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "missing_field"
    }
}
