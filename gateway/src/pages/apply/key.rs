//! The idempotency key of a form: made when the form is first drawn, sent along with it, so that pressing twice, going back and
//! reloading give the same receipt and never two applications.
//!
//! It is signed, so that what it stands for is one drawn form: whoever does not have the form cannot have its key. It does not
//! depend on the address of the caller, which on a phone changes between two tries.

use super::draft::Draft;
use crate::application::Hall;
use crate::application::call::Call;
use crate::application::refusal::Refusal;
use crate::intake::SubmitError;
use crate::intake::origin::Origin;
use jiff::Timestamp;

/// Seconds for which a form may be submitted: as long as its unbound files are kept.
pub const LIFE_S: i64 = 24 * 3_600;

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Good.
    Good,
    /// Ours, but older than [`LIFE_S`].
    Expired,
    /// Not ours.
    Unknown,
}

/// A fresh key.
///
/// # Errors
/// 503 without randomness.
pub fn fresh(hall: &Hall) -> Result<String, Refusal> {
    let random = hall
        .intake
        .entropy
        .capability()
        .map_err(SubmitError::from)?;
    Ok(hall.intake.keys.form_key(&random, hall.intake.clock.now()))
}

/// How the key of a draft stands at `now`.
#[must_use]
pub fn standing(hall: &Hall, key: &str, now: Timestamp) -> Standing {
    match hall.intake.keys.form_drawn(key) {
        None => Standing::Unknown,
        Some(at) if now.as_second().saturating_sub(at.as_second()) > LIFE_S => Standing::Expired,
        Some(_) => Standing::Good,
    }
}

/// Who submits a draft, for intake.
#[must_use]
pub fn origin(call: &Call, draft: &Draft) -> Origin {
    Origin {
        principal: call.principal.clone(),
        client: "page".to_owned(),
        channel: "web",
        request_id: call.request_id.clone(),
        idempotency_key: Some(draft.key.clone()),
        language: call.language,
    }
}
