//! What the edge itself answers: its refusals, and the one place where a problem becomes a response.

use super::body::{BodyCut, BodyFate, EdgeBody};
use super::context::{RequestId, RequestIds, refuse};
use super::refusal_pages::RefusalPages;
use super::route::Route;
use super::texts;
use crate::identity::{Principal, Role};
use crate::problem::Problem;
use http::{Extensions, HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use std::sync::Arc;

/// Seconds that a caller is asked to wait when something is full.
pub(super) const RETRY_AFTER_FULL_S: u32 = 1;

/// What outlives the call for its record.
pub(super) struct Seen {
    pub(super) request_id: RequestId,
    language: crate::text::Language,
    pub(super) method: Method,
    pub(super) route: Option<Arc<Route>>,
    /// Pages, where the answer is for a person.
    pages: Option<Arc<RefusalPages>>,
}

impl Seen {
    pub(super) fn of(
        extensions: &Extensions,
        method: &Method,
        route: Option<&Arc<Route>>,
        pages: Option<&Arc<RefusalPages>>,
    ) -> Self {
        Self {
            pages: pages.map(Arc::clone),
            request_id: extensions
                .get::<RequestId>()
                .cloned()
                .unwrap_or_else(|| RequestIds::new([0; 8]).next()),
            language: extensions.get().copied().unwrap_or_default(),
            method: method.clone(),
            route: route.cloned(),
        }
    }
}

/// The one place where a problem of the edge becomes an answer.
pub(super) fn refuse_seen(problem: Problem, seen: &Seen) -> Response<EdgeBody> {
    let (status, code) = (problem.status, problem.code);
    let mut extensions = Extensions::new();
    extensions.insert(seen.request_id.clone());
    extensions.insert(seen.language);
    let mut response = refuse(problem, &extensions);
    if let Some(pages) = &seen.pages {
        response = pages.dress(response, code, seen.language);
    }
    let headers = response.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            if let Some(route) = &seen.route {
                headers.insert(header::ALLOW, route.allow.clone());
            }
        }
        // The rest of the body is not worth reading: the connection ends with this answer.
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

/// Whatever a room made of a body that was cut, the caller learns the reason.
pub(super) fn overruled(
    fate: &BodyFate,
    body_bytes_max: u64,
    response: Response<EdgeBody>,
) -> Result<Response<EdgeBody>, Problem> {
    match fate.cut() {
        None => Ok(response),
        Some(BodyCut::TooLarge { .. }) => Err(too_large(body_bytes_max)),
        Some(BodyCut::TooSlow) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            texts::BODY_TOO_SLOW,
        )),
        Some(BodyCut::Gone) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            texts::MALFORMED_REQUEST,
        )),
    }
}

/// One of the roles suffices; a route for the public is for everyone. Anonymous callers are asked for a credential.
pub(crate) fn check_roles(roles: &[Role], principal: &Principal) -> Result<(), Problem> {
    let permitted = roles
        .iter()
        .any(|role| *role == Role::Public || principal.roles.contains(role));
    if permitted {
        Ok(())
    } else if *principal == Principal::anonymous() {
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            texts::CREDENTIAL_MISSING,
        ))
    } else {
        Err(Problem::new(StatusCode::FORBIDDEN, texts::ROLE_MISSING))
    }
}

/// A page of someone else, open in an operator's browser, can reach loopback too (DNS rebinding, cross-site posts).
pub(super) fn sent_by_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

pub(super) fn plain(content_type: &'static str, text: String) -> Response<EdgeBody> {
    let mut response = Response::new(EdgeBody::from(text.into_bytes()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, texts::NOT_FOUND)
}

pub(super) fn internal() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, texts::INTERNAL)
}

pub(super) fn overloaded() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::OVERLOADED).retry_after(RETRY_AFTER_FULL_S)
}

pub(super) fn too_large(bytes_max: u64) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, texts::BODY_TOO_LARGE)
        .detail(format!("bytes_max {bytes_max}"))
}
