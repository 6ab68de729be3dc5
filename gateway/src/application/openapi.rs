//! `GET /openapi.json`: the interface's own description (OpenAPI 3.1), written by hand and compared with the table of routes by a test.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};

/// The document.
pub const DOCUMENT: &str = include_str!("../../openapi.json");

/// Serves it.
pub async fn document() -> Response {
    let mut response = Response::new(Body::from(DOCUMENT));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    response
}
