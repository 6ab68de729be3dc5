//! Bodies that are read as a whole, under a bound.

use crate::edge::texts::BODY_TOO_LARGE;
use crate::problem::Problem;
use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Why there is no whole body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// Larger than the bound in bytes.
    TooLarge(u64),
    /// The sender broke off.
    BrokenOff,
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge(max) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, BODY_TOO_LARGE)
                .detail(format!("bytes_max {max}")),
            BodyFault::BrokenOff => Self::new(StatusCode::BAD_REQUEST, super::texts::BROKEN_OFF),
        }
    }
}

/// Reads a body of at most `max` bytes; a declared length beyond it is refused before the first byte.
pub(super) async fn whole(body: Body, max: u64) -> Result<Bytes, BodyFault> {
    if body.size_hint().lower() > max {
        return Err(BodyFault::TooLarge(max));
    }
    let limited = Limited::new(body, usize::try_from(max).unwrap_or(usize::MAX));
    match limited.collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyFault::TooLarge(max)),
        Err(_) => Err(BodyFault::BrokenOff),
    }
}
