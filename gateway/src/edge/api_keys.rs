//! Keys of programs ([`crate::identity::api_key`]): `Authorization: Bearer tb_…` on every listener, `x-api-key: tb_…` on the exchange too.

use super::credentials::{CredentialReader, bearer};
use super::texts;
use crate::clock::Clock;
use crate::identity::Principal;
use crate::identity::access::Listener;
use crate::identity::api_key::text::looks_like_one;
use crate::identity::api_key::{KeyRing, KeyText, Refused, RefusedKey, TextFault};
use crate::operations::logging::seldom;
use crate::operations::metrics::Metrics;
use crate::problem::Problem;
use arc_swap::ArcSwap;
use http::{HeaderName, StatusCode, header, request};
use std::sync::Arc;

/// What partners show keys in.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Reads keys. Asked before other readers: what begins like a key is no other credential.
pub struct ApiKeys {
    /// The keys in force; swapped while serving.
    pub ring: Arc<ArcSwap<KeyRing>>,
    /// The clock that decides on windows.
    pub clock: Clock,
    /// Counts refusals by reason.
    pub metrics: Metrics,
}

impl CredentialReader for ApiKeys {
    fn read(
        &self,
        listener: Listener,
        head: &request::Parts,
    ) -> Option<Result<Principal, Problem>> {
        let shown = shown(listener, head)?;
        let outcome = shown.and_then(|text| self.ring.load().principal(text, self.clock.now()));
        Some(outcome.map_err(|refused| self.refused(&refused)))
    }
}

/// The key that a request shows; an error when there are several, or what begins like one cannot be one.
fn shown(listener: Listener, head: &request::Parts) -> Option<Result<&str, Refused>> {
    let in_authorization = head.headers.get_all(header::AUTHORIZATION).iter();
    let in_authorization = in_authorization.filter_map(|value| bearer(value.as_bytes()));
    let in_authorization = in_authorization.filter(|credential| looks_like_one(credential));
    let own = head.headers.get_all(API_KEY).iter();
    let own = own.filter(|_| listener == Listener::Exchange && !is_callback(head.uri.path()));
    let own = own.map(|value| value.as_bytes().trim_ascii());
    let mut keys = in_authorization.chain(own.filter(|credential| has_form(credential)));
    let first = keys.next()?;
    let malformed = Refused {
        reason: RefusedKey::Malformed,
        proven_id: None,
    };
    Some(match (std::str::from_utf8(first), keys.next()) {
        (Ok(text), None) => Ok(text),
        _ => Err(malformed),
    })
}

/// Callbacks prove themselves in their partner's protocol, and are answered in it.
fn is_callback(path: &str) -> bool {
    path.ends_with("/callback")
}

/// A definition may have agreed on any value for this header: what has not the whole form of a key is the definition's to judge.
fn has_form(credential: &[u8]) -> bool {
    let text = std::str::from_utf8(credential);
    text.is_ok_and(|text| !matches!(KeyText::read(text), Err(TextFault::Form)))
}

impl ApiKeys {
    /// The caller learns that a key was mistyped, which it could compute itself, and nothing else.
    fn refused(&self, refused: &Refused) -> Problem {
        let reason = refused.reason.as_str();
        let counter = &self.metrics.api_keys_refused_total;
        counter.with_label_values(&[reason]).inc();
        // A line a minute for each kind: guesses must not hide the partner whose key has ended.
        match &refused.proven_id {
            Some(key) => seldom!(warn, key, reason, "a key was refused: {}", refused.reason),
            None => seldom!(warn, reason, "a key was refused: {}", refused.reason),
        }
        let text = match refused.reason {
            RefusedKey::Malformed | RefusedKey::Mistyped => texts::KEY_MISTYPED,
            RefusedKey::Unknown
            | RefusedKey::WrongSecret
            | RefusedKey::Revoked
            | RefusedKey::Expired
            | RefusedKey::NotYet => texts::CREDENTIAL_REFUSED,
        };
        Problem::new(StatusCode::UNAUTHORIZED, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    const WHOLE: &str = "tb_abababababababab_cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd_78adc1ba";

    /// What is read from these headers: `None` nothing, else whether it can be a key.
    fn read(listener: Listener, path: &str, headers: &[(&str, &str)]) -> Option<bool> {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        shown(listener, &head).map(|shown| shown == Ok(WHOLE))
    }

    #[test]
    fn a_key_is_read_where_it_may_be_shown_and_leaves_other_credentials_to_others() {
        let bearer = format!("bearer  {WHOLE} ");
        let (bearer, own) = (("authorization", bearer.as_str()), ("x-api-key", WHOLE));
        let events = "/exchange/v1/systems/a/events";
        for listener in [Listener::Public, Listener::Exchange, Listener::Operations] {
            assert_eq!(read(listener, events, &[bearer]), Some(true));
            let jwt = ("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.");
            let basic = ("authorization", "Basic dGI6dGI=");
            assert_eq!(read(listener, events, &[]), None);
            assert_eq!(read(listener, events, &[jwt]), None);
            assert_eq!(read(listener, events, &[basic]), None);
            let begun = ("authorization", "Bearer tb_");
            assert_eq!(read(listener, events, &[begun]), Some(false));
            assert_eq!(read(listener, events, &[bearer, bearer]), Some(false));
        }
        assert_eq!(read(Listener::Exchange, events, &[own]), Some(true));
        assert_eq!(read(Listener::Exchange, events, &[own, own]), Some(false));
        assert_eq!(
            read(Listener::Exchange, events, &[bearer, own]),
            Some(false)
        );
        assert_eq!(read(Listener::Public, events, &[own]), None);
        let callback = "/exchange/v1/systems/a/callback";
        assert_eq!(read(Listener::Exchange, callback, &[own]), None);
        // A value that a definition agreed on may begin like one of ours.
        let agreed = ("x-api-key", "tb_agreed-on");
        assert_eq!(read(Listener::Exchange, events, &[agreed]), None);
    }
}
