//! Who asks, from the credential that a request shows. A list of readers, the first that knows the credential decides.

use super::texts;
use crate::clock::Clock;
use crate::identity::Principal;
use crate::identity::access::Listener;
use crate::identity::token::{TokenKeys, TokenRefusal};
use crate::operations::metrics::Metrics;
use crate::problem::Problem;
use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use http::{StatusCode, header, request};
use std::sync::Arc;

/// Reads one kind of credential. Called on edge cores: no blocking, no store. Credentials that need a store or the body
/// (`X-Query-Code`, the session cookie, signatures over the body) are the rooms' to check.
pub trait CredentialReader: Send + Sync {
    /// `None`: no credential of this kind is shown. An error refuses the request.
    fn read(&self, listener: Listener, head: &request::Parts)
    -> Option<Result<Principal, Problem>>;
}

/// Has the last word on a credential that may be used once ([`Principal::one_time`]). Asked on the control plane, before a room sees the
/// request: other nodes may have to be asked, and edge cores wait for nobody.
#[async_trait]
pub trait Admission: Send + Sync {
    /// Uses it up.
    ///
    /// # Errors
    /// The refusal of a request whose credential was used before.
    async fn admit(&self, principal: &Principal) -> Result<(), Problem>;
}

/// `Authorization: Bearer` with a JWT (RFC 6750, section 2.1), on every listener.
pub struct BearerTokens {
    /// Keys; without any, every token is refused. May be swapped while serving.
    pub keys: Arc<ArcSwapOption<TokenKeys>>,
    /// The clock that decides on expiry.
    pub clock: Clock,
    /// Counts refusals by reason.
    pub metrics: Metrics,
}

impl CredentialReader for BearerTokens {
    fn read(
        &self,
        _listener: Listener,
        head: &request::Parts,
    ) -> Option<Result<Principal, Problem>> {
        let mut values = head.headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next()?;
        let token = bearer(value.as_bytes())?;
        let keys = self.keys.load();
        let outcome = match (keys.as_ref(), values.next(), std::str::from_utf8(token)) {
            (Some(keys), None, Ok(token)) => keys.principal(token, self.clock.now()),
            (None, _, _) => Err(TokenRefusal::UnknownKey),
            _ => Err(TokenRefusal::Malformed),
        };
        Some(outcome.map_err(|refusal| {
            let reason = reason(refusal);
            self.metrics
                .tokens_refused_total
                .with_label_values(&[reason])
                .inc();
            Problem::new(StatusCode::UNAUTHORIZED, texts::CREDENTIAL_REFUSED)
        }))
    }
}

pub(super) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

fn reason(refusal: TokenRefusal) -> &'static str {
    match refusal {
        TokenRefusal::TooLarge => "too_large",
        TokenRefusal::Malformed => "malformed",
        TokenRefusal::UnknownKey => "unknown_key",
        TokenRefusal::WrongAlgorithm => "wrong_algorithm",
        TokenRefusal::Forged => "forged",
        TokenRefusal::NotForUs => "not_for_us",
        TokenRefusal::Expired => "expired",
        TokenRefusal::NotYet => "not_yet",
    }
}
