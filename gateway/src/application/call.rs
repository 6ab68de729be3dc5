//! One call as a handler sees it: what the edge put into the extensions, and how an answer is written.

use super::refusal::Refusal;
use super::{JSON_BYTES_MAX, texts};
use crate::edge::context::{ClientAddress, Draining, RequestId};
use crate::identity::{Principal, PrincipalKind};
use crate::intake::json;
use crate::intake::origin::{IDEMPOTENCY_KEY_BYTES_MAX, Origin};
use crate::text::Language;
use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a handler knows of a call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who asks.
    pub principal: Principal,
    /// In which language.
    pub language: Language,
    /// From where, as a key; `local` on a Unix socket.
    pub client: String,
    /// Id of the request.
    pub request_id: String,
    /// Cancelled when the gateway begins to stop.
    pub draining: CancellationToken,
    /// Its headers.
    pub headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let found = &parts.extensions;
        let address = found.get::<ClientAddress>().and_then(|a| a.0);
        Ok(Self {
            principal: found
                .get::<Principal>()
                .cloned()
                .unwrap_or_else(Principal::anonymous),
            language: found.get::<Language>().copied().unwrap_or_default(),
            client: address.map_or_else(|| "local".to_owned(), |a| a.to_string()),
            request_id: found
                .get::<RequestId>()
                .map_or_else(String::new, |id| id.as_str().to_owned()),
            draining: found
                .get::<Draining>()
                .map_or_else(CancellationToken::new, |d| d.0.clone()),
            headers: parts.headers.clone(),
        })
    }
}

impl Call {
    /// The answer, or the refusal in the caller's language.
    #[must_use]
    pub fn answer(&self, result: Result<Response, Refusal>) -> Response {
        match result {
            Ok(response) => response,
            Err(refusal) => refusal
                .into_problem(self.language)
                .into_response(self.language, &self.request_id),
        }
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A cookie by name.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self
            .headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok());
        lines
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
    }

    /// Who acts, for intake.
    ///
    /// # Errors
    /// 400 for an `Idempotency-Key` that is empty, too long, or not visible ASCII.
    pub fn origin(&self, channel: &'static str) -> Result<Origin, Refusal> {
        let key = match self.headers.get("idempotency-key") {
            None => None,
            Some(value) => Some(idempotency_key(value)?),
        };
        Ok(Origin {
            principal: self.principal.clone(),
            client: self.client.clone(),
            channel,
            request_id: self.request_id.clone(),
            idempotency_key: key,
            language: self.language,
        })
    }

    /// The body as strict JSON.
    ///
    /// # Errors
    /// 415 for another content type, 413 beyond [`JSON_BYTES_MAX`], 400 for what is no JSON or broke off.
    pub async fn json(&self, body: Body) -> Result<Value, Refusal> {
        if !is_json(self.header("content-type").unwrap_or_default()) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                texts::JSON_EXPECTED,
            ));
        }
        let bytes = bounded(body).await?;
        Ok(json::read(&bytes)?)
    }

    /// Whether the caller is a known applicant or agent.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        let known = matches!(
            self.principal.kind,
            PrincipalKind::Applicant | PrincipalKind::Agent
        );
        (known && !self.principal.subject.is_empty()).then_some(self.principal.subject.as_str())
    }
}

fn idempotency_key(value: &HeaderValue) -> Result<String, Refusal> {
    let text = value.to_str().unwrap_or_default();
    if (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    let problem = crate::problem::Problem::new(StatusCode::BAD_REQUEST, texts::BAD_HEADER);
    Err(problem
        .detail(format!(
            "Idempotency-Key: 1 – {IDEMPOTENCY_KEY_BYTES_MAX} visible ASCII characters"
        ))
        .into())
}

/// `application/json` or `application/…+json`; a charset other than UTF-8 is not JSON (RFC 8259, section 8.1).
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let json =
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    let utf8 = parts.all(|p| match p.to_ascii_lowercase().strip_prefix("charset=") {
        Some(charset) => charset.trim_matches('"') == "utf-8",
        None => true,
    });
    json && utf8
}

async fn bounded(body: Body) -> Result<Bytes, Refusal> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    let collected = Limited::new(body, JSON_BYTES_MAX).collect().await;
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.downcast_ref::<LengthLimitError>().is_some() {
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, texts::BODY_TOO_LARGE)
            } else {
                Refusal::new(StatusCode::BAD_REQUEST, texts::BODY_INTERRUPTED)
            }
        })
}

/// A JSON answer. Nothing about a person may stay in a cache on the way.
#[must_use]
pub fn answer_json(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An instant as the hall shows it: RFC 3339 with the offset of Asia/Shanghai.
#[must_use]
pub fn local_time(at: Timestamp) -> String {
    at.display_with_offset(jiff::tz::offset(8)).to_string()
}

/// The shared state, as handlers take it.
pub type HallState = axum::extract::State<Arc<super::Hall>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_json_in_utf8_alone() {
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/merge-patch+json", true),
            ("application/json; charset=gb18030", false),
            ("text/json", false),
            ("text/plain", false),
            ("", false),
        ] {
            assert_eq!(is_json(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn times_are_shown_as_the_hall_keeps_them() {
        let at = "2017-06-05T01:30:00Z".parse().unwrap();
        assert_eq!(local_time(at), "2017-06-05T09:30:00+08:00");
    }
}
