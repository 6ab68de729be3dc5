//! Styles, scripts and pictures (`/assets/{name}`): compiled into the binary, addressed with a digest of their content so that a
//! browser may keep them for good.

use super::respond::protect;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $kind:literal)*) => {
        const ASSETS: &[Asset] = &[$(Asset {
            name: $name, content_type: $kind, bytes: include_bytes!(concat!("assets/", $name)),
        },)*];
    };
}

assets! {
    "site.css" "text/css; charset=utf-8"
    "apply.js" "text/javascript; charset=utf-8"
    "icon.svg" "image/svg+xml"
    "case.js" "text/javascript; charset=utf-8"
    "look_up.js" "text/javascript; charset=utf-8"
}

/// Address by name, made once.
static ADDRESSES: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let each = ASSETS.iter().map(|asset| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, asset.bytes);
        let short: String = data_encoding::HEXLOWER
            .encode(digest.as_ref())
            .chars()
            .take(12)
            .collect();
        (asset.name, format!("/assets/{}?v={short}", asset.name))
    });
    each.collect()
});

/// The address of an asset; empty for a name that none has, which a test finds.
#[must_use]
pub fn address(name: &str) -> &'static str {
    let found = ADDRESSES.iter().find(|(own, _)| *own == name);
    found.map_or("", |(_, address)| address.as_str())
}

/// Serves an asset.
pub async fn show(Path(name): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(asset.bytes));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(asset.content_type),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    protect(response.headers_mut());
    response
}
