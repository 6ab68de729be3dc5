//! What crosses the proxy and what does not.

use super::table::System;
use crate::edge::context::{ClientAddress, REQUEST_ID_HEADER, RequestId};
use crate::identity::api_key::text::looks_like_one;
use crate::identity::{Principal, PrincipalKind};
use http::{HeaderMap, HeaderName, HeaderValue, header, request};

/// Belong to one connection (RFC 9110, section 7.6.1; RFC 9112), with what was hop-by-hop before (RFC 2616, section 13.5.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Are the gateway's to say, or meant for the gateway alone: what a caller puts there is dropped.
const NOT_FORWARDED: [HeaderName; 8] = [
    header::EXPECT,
    header::FORWARDED,
    header::COOKIE,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-query-code"),
];

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// How the gateway names itself in `Via` (RFC 9110, section 7.6.3).
const VIA: HeaderValue = HeaderValue::from_static("1.1 tongban");

/// Removes what belongs to the connection, what `Connection` lists included.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// The headers of the request to the upstream. `tls`: whether the caller came over TLS.
pub(super) fn for_upstream(head: &request::Parts, system: &System, tls: bool) -> HeaderMap {
    let mut headers = head.headers.clone();
    strip_hop_by_hop(&mut headers);
    for name in &NOT_FORWARDED {
        headers.remove(name);
    }
    // A credential that the gateway has checked is for the gateway; one that it does not know may be the upstream's.
    let known = head.extensions.get::<Principal>();
    if known.is_some_and(|p| p.kind != PrincipalKind::Anonymous) {
        headers.remove(header::AUTHORIZATION);
    }
    // One of ours that was shown in the wrong place is nobody else's either.
    let ours = |value: &HeaderValue| looks_like_one(value.as_bytes());
    if headers.get_all(API_KEY).iter().any(ours) {
        headers.remove(API_KEY);
    }
    let caller_host = headers.insert(header::HOST, system.host.clone());
    if let Some(host) = caller_host.or_else(|| authority(head)) {
        headers.insert(FORWARDED_HOST, host);
    }
    if let Some(ClientAddress(Some(address))) = head.extensions.get()
        && let Ok(value) = HeaderValue::from_str(&address.to_string())
    {
        headers.insert(FORWARDED_FOR, value);
    }
    let proto = if tls { "https" } else { "http" };
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
    headers.append(header::VIA, VIA);
    if let Some(id) = head.extensions.get().and_then(RequestId::header_value) {
        headers.insert(REQUEST_ID_HEADER, id);
    }
    for (name, value) in &system.headers {
        headers.insert(name, value.clone());
    }
    headers
}

/// HTTP/2 callers name the host in `:authority`.
fn authority(head: &request::Parts) -> Option<HeaderValue> {
    let authority = head.uri.authority()?;
    HeaderValue::from_str(authority.as_str()).ok()
}

/// The headers of the answer. An upstream sets no cookies: they would be the gateway's, whose host the browser sees.
pub(super) fn for_caller(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
    headers.remove(header::SET_COOKIE);
    headers.append(header::VIA, VIA);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hop_by_hop_headers_and_what_connection_lists_do_not_cross() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Secret"),
            ("connection", "close ,x-other,"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "close"),
            ("x-secret", "1"),
            ("x-other", "1"),
            ("accept", "*/*"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["accept"]);
    }
}
