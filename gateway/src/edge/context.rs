//! What the edge knows of a call and hands on in the request's extensions.
//!
//! A room finds there: [`crate::identity::Principal`], [`RequestId`], [`ClientAddress`], [`crate::text::Language`],
//! [`RouteTemplate`] and [`Draining`].

use crate::problem::Problem;
use crate::text::Language;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Response};
use std::net::IpAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The header that carries the id of a request, in and out.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Bytes of a request id that is accepted from outside.
pub const REQUEST_ID_BYTES_MAX: usize = 64;

/// The id of one request: the caller's when it is sane, else made here. In every answer, problem and log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Accepts 1 to [`REQUEST_ID_BYTES_MAX`] of letters, digits, `.`, `_` and `-`: safe in logs and headers.
    #[must_use]
    pub fn accept(text: &str) -> Option<Self> {
        let sane = (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        sane.then(|| Self(text.into()))
    }

    /// The caller's id when sane, else the next of `source`.
    #[must_use]
    pub fn of(headers: &HeaderMap, source: &RequestIds) -> Self {
        headers
            .get(REQUEST_ID_HEADER)
            .and_then(|v| v.to_str().ok())
            .and_then(Self::accept)
            .unwrap_or_else(|| source.next())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The header value that echoes it.
    #[must_use]
    pub fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

/// Makes request ids on one core: a random prefix and a counter, without a shared lock or a system call a request.
#[derive(Debug)]
pub struct RequestIds {
    prefix: String,
    count: std::cell::Cell<u64>,
}

impl RequestIds {
    /// With 64 random bits.
    #[must_use]
    pub fn new(random: [u8; 8]) -> Self {
        Self {
            prefix: data_encoding::HEXLOWER.encode(&random),
            count: std::cell::Cell::new(0),
        }
    }

    pub(super) fn next(&self) -> RequestId {
        let count = self.count.get().wrapping_add(1);
        self.count.set(count);
        RequestId(format!("{}-{count:x}", self.prefix).into())
    }
}

/// Where the caller's connection comes from; `None` on a Unix socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

/// The template of the route, as in the table of routes: the value of the metric label `route`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteTemplate(pub &'static str);

/// Cancelled when the gateway begins to stop: whoever streams without end stops then.
#[derive(Debug, Clone)]
pub struct Draining(pub CancellationToken);

/// A refusal in the caller's language with its request id, for rooms (`axum`) and the edge alike.
#[must_use]
pub fn refuse<B: From<Vec<u8>>>(problem: Problem, extensions: &Extensions) -> Response<B> {
    let language = extensions.get::<Language>().copied().unwrap_or_default();
    let request_id = extensions.get::<RequestId>();
    problem.into_response(language, request_id.map_or("", RequestId::as_str))
}

/// The language that a caller asks for.
#[must_use]
pub fn language_of(headers: &HeaderMap) -> Language {
    headers
        .get(http::header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .map_or_else(Language::default, Language::from_accept_language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_that_could_break_a_log_line_is_replaced() {
        let ids = RequestIds::new([1; 8]);
        for (given, kept) in [
            ("abc-1.2_Z", true),
            ("", false),
            ("a b", false),
            ("a\tb", false),
            ("\"x\"", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID_HEADER, HeaderValue::from_str(given).unwrap());
            assert_eq!(
                RequestId::of(&headers, &ids).as_str() == given,
                kept,
                "{given}"
            );
        }
        assert!(RequestId::accept(&"a".repeat(REQUEST_ID_BYTES_MAX)).is_some());
        assert!(RequestId::accept(&"a".repeat(REQUEST_ID_BYTES_MAX + 1)).is_none());
    }

    #[test]
    fn made_request_ids_differ() {
        let ids = RequestIds::new([1; 8]);
        assert_ne!(ids.next(), ids.next());
    }
}
