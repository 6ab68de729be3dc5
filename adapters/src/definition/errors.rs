//! What can go wrong between a definition and the wire. Every error has a stable code, says where the definition or the
//! message is at fault, and quotes no personal data: values of a message never appear, names of its fields do.

use crate::expression::EvaluationError;
use crate::reading::ReadError;
use thiserror::Error;

/// A request cannot be written. The case is at fault or the definition is; sending later changes nothing.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EncodeError {
    /// The partner does not offer the operation, or the step does not exist.
    #[error("the definition has no step {step} for {operation}")]
    NoSuchStep {
        /// Operation word.
        operation: &'static str,
        /// Index asked for.
        step: usize,
    },
    /// An expression failed.
    #[error("{at}: {error}")]
    Expression {
        /// Path in the definition, for example `operations.submit.hand_over.request.sblsh`.
        at: String,
        /// What failed.
        error: EvaluationError,
    },
    /// A template gave something that its place cannot hold (a list in a form field, a bad element name …).
    #[error("{at}: {what}")]
    Shape {
        /// Path in the definition.
        at: String,
        /// What does not fit.
        what: &'static str,
    },
    /// The request outgrew a bound.
    #[error("{at}: the request is larger than {limit} bytes")]
    TooLarge {
        /// Path in the definition.
        at: String,
        /// The bound in bytes.
        limit: usize,
    },
}

impl EncodeError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchStep { .. } => "no_such_step",
            Self::Expression { error, .. } => error.code(),
            Self::Shape { .. } => "unfit_value",
            Self::TooLarge { .. } => "request_too_large",
        }
    }
}

/// An answer cannot be understood: nobody knows whether the partner took the message.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DecodeError {
    /// Asked about a step that the definition does not have.
    #[error("the definition has no step {step} for {operation}")]
    NoSuchStep {
        /// Operation word.
        operation: &'static str,
        /// Index asked for.
        step: usize,
    },
    /// The bytes are not what the definition says they are.
    #[error("the partner's answer cannot be read: {0}")]
    Unreadable(#[from] ReadError),
    /// An expression failed on it.
    #[error("{at}: {error}")]
    Expression {
        /// Path in the definition.
        at: String,
        /// What failed.
        error: EvaluationError,
    },
    /// It is neither accepted nor there already, neither refused nor unavailable: never a guess.
    #[error("the partner's answer (HTTP {status}) matches none of the definition's rules")]
    NoRule {
        /// HTTP status.
        status: u16,
    },
}

impl DecodeError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchStep { .. } => "no_such_step",
            Self::Unreadable(error) => error.code(),
            Self::Expression { error, .. } => error.code(),
            Self::NoRule { .. } => "no_rule",
        }
    }
}

/// A poll gave no progress that could be used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PollError {
    /// The partner does not know the number (yet).
    #[error("the partner does not know the number")]
    UnknownNumber,
    /// It could not answer now.
    #[error("the partner could not answer: {reason}")]
    Unavailable {
        /// Why, without personal data.
        reason: String,
        /// Seconds that its `Retry-After` asks for.
        retry_after_s: Option<u32>,
    },
    /// Its answer cannot be read.
    #[error(transparent)]
    Unreadable(#[from] DecodeError),
    /// One record cannot be understood; the others can.
    #[error("record {index} of the partner's answer: {error}")]
    Record {
        /// Position in the answer, oldest first, from 0.
        index: usize,
        /// What is wrong with it.
        error: CallbackError,
        /// What the other records say, oldest first: progress need not wait for the repair of one record.
        understood: Vec<crate::canonical::PartnerEvent>,
    },
}

impl PollError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownNumber => "unknown_number",
            Self::Unavailable { .. } => "unavailable",
            Self::Unreadable(error) => error.code(),
            Self::Record { error, .. } => error.code(),
        }
    }
}

/// A callback cannot be understood. Shown to the partner and counted by its code.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CallbackError {
    /// The definition takes no callbacks.
    #[error("this system takes no callbacks")]
    NoCallback,
    /// Not the HTTP method of a callback.
    #[error("a callback comes by POST")]
    Method,
    /// The content type is not the one of the definition.
    #[error("the content type is not the agreed one; expected {expected}")]
    UnsupportedContentType {
        /// What the definition expects.
        expected: &'static str,
    },
    /// The body cannot be read.
    #[error("{0}")]
    Unreadable(#[from] ReadError),
    /// The SOAP operation is not the one of the definition.
    #[error("the operation is not one that this callback offers")]
    UnknownOperation,
    /// The kind of message is none of the definition's.
    #[error("unknown kind of message {0}")]
    UnknownKind(String),
    /// A code is in none of the definition's tables.
    #[error("{at}: {error}")]
    Expression {
        /// Path in the definition.
        at: String,
        /// What failed.
        error: EvaluationError,
    },
    /// A field that the message must have is absent.
    #[error("a field is missing or empty, needed by {at}")]
    MissingField {
        /// Path in the definition, for example `feedback.messages.2.at`.
        at: String,
    },
    /// A value does not fit the canonical form (a number in words, an unknown word).
    #[error("{at}: the value does not fit: {what}")]
    UnfitValue {
        /// Path in the definition.
        at: String,
        /// What is expected.
        what: String,
    },
    /// The digest that came with a document is not that of its bytes.
    #[error("the document's MD5 is not the declared one")]
    DigestMismatch,
}

impl CallbackError {
    /// Stable code, safe as a metric label.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCallback => "no_callback",
            Self::Method => "method_not_allowed",
            Self::UnsupportedContentType { .. } => "unsupported_content_type",
            Self::Unreadable(error) => error.code(),
            Self::UnknownOperation => "unknown_operation",
            Self::UnknownKind(_) => "unknown_kind",
            Self::Expression { error, .. } => error.code(),
            Self::MissingField { .. } => "missing_field",
            Self::UnfitValue { .. } => "unfit_value",
            Self::DigestMismatch => "digest_mismatch",
        }
    }
}

/// A callback's caller is not who it should be. Says nothing about which part was wrong beyond what the caller knows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AuthenticationError {
    /// The credentials stand in the body, and the body cannot be read.
    #[error("{0}")]
    Unreadable(ReadError),
    /// The credentials are absent.
    #[error("the credentials of the agreed scheme are missing")]
    Missing,
    /// They are malformed (a timestamp that is no number, a parameter given twice).
    #[error("the credentials of the agreed scheme are malformed")]
    Malformed,
    /// They are wrong.
    #[error("the credentials are wrong")]
    Wrong,
    /// The timestamp is outside the window.
    #[error("the timestamp is more than {window_s} s from the gateway's clock")]
    Stale {
        /// Width of the window to either side, in seconds.
        window_s: u32,
    },
}

impl AuthenticationError {
    /// Stable code: `unauthenticated`, `stale_timestamp`, or that of a body that cannot be read.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(error) => error.code(),
            Self::Missing | Self::Malformed | Self::Wrong => "unauthenticated",
            Self::Stale { .. } => "stale_timestamp",
        }
    }
}
