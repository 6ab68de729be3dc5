//! How a page leaves: HTML with the headers that keep it harmless, and redirects after a form.

use super::engine::Page;
use super::shell::Shell;
use super::visitor::{LANGUAGE_COOKIE, Visitor};
use super::{Pages, texts};
use crate::text::Language;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// Nothing but what we serve ourselves runs, is drawn or is spoken to; nobody frames us.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Seconds for which a chosen language is kept: a year.
const LANGUAGE_SECONDS: u32 = 31_536_000;

/// A page as an answer.
pub fn page<P: Page>(pages: &Pages, visitor: &Visitor, status: StatusCode, page: &P) -> Response {
    match pages.engine.render(page, &Shell::of(page, visitor)) {
        Ok(html) => html_response(visitor, status, html),
        Err(error) => {
            tracing::error!(template = P::TEMPLATE, %error, "a page could not be drawn");
            let words = texts::shell::INTERNAL.say(visitor.language);
            html_response(
                visitor,
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("<!DOCTYPE html><title>{words}</title><p>{words}</p>"),
            )
        }
    }
}

fn html_response(visitor: &Visitor, status: StatusCode, html: String) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    // What a page shows may be of one person; and what it shows now is not what it shows next.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::VARY,
        HeaderValue::from_static("accept-language, cookie"),
    );
    protect(response.headers_mut());
    keep_language(&mut response, visitor);
    response
}

/// Adds the headers that every answer of this room carries.
pub fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        // `same-origin` and not `no-referrer`: with the latter, browsers send our own forms with `Origin: null`.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
}

fn keep_language(response: &mut Response, visitor: &Visitor) {
    if !visitor.language_chosen {
        return;
    }
    let language = match visitor.language {
        Language::Chinese => "zh",
        Language::English => "en",
    };
    let cookie = format!(
        "{LANGUAGE_COOKIE}={language}; Path=/; Max-Age={LANGUAGE_SECONDS}; HttpOnly; SameSite=Lax"
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// See `address` next, by GET (RFC 9110, section 15.4.4): what a form answers, so that reloading sends nothing again.
#[must_use]
pub fn see_other(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    protect(response.headers_mut());
    response
}
