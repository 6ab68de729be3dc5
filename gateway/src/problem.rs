//! Problem documents (RFC 9457): every refusal of every listener, in one shape.
//!
//! `{"type": "about:blank", "title", "status", "code", "detail", "request_id", "errors": [{pointer, code, detail}]}`. `code` is
//! stable and for machines; the words follow `Accept-Language`. Nothing internal (SQL, paths, stack) ever enters one: there is no
//! way from an error's `Display` into a problem.

use crate::text::{Language, Text};
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// One thing wrong with the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputFault {
    /// JSON pointer (RFC 6901) into the request's body; empty for the whole.
    pub pointer: String,
    /// Stable code.
    pub code: &'static str,
    /// Words.
    pub detail: String,
}

/// A refusal. Build with [`Problem::new`], add to it, and turn it into a response once at the edge of the room.
#[derive(Debug, Clone)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code, for example `unknown_item`.
    pub code: &'static str,
    /// What went wrong, in both languages.
    pub title: Text,
    /// Words about this occurrence; no personal data.
    pub detail: Option<String>,
    /// Every fault of the input.
    pub errors: Vec<InputFault>,
    /// Seconds after which to try again (429 and 503 always carry it).
    pub retry_after_s: Option<u32>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [InputFault],
}

impl Problem {
    /// A problem whose `code` is the key of its title.
    #[must_use]
    pub fn new(status: StatusCode, title: Text) -> Self {
        Self {
            status,
            code: title.key,
            title,
            detail: None,
            errors: Vec::new(),
            retry_after_s: None,
        }
    }

    /// Adds words about this occurrence.
    #[must_use]
    pub fn detail(mut self, words: impl Into<String>) -> Self {
        self.detail = Some(words.into());
        self
    }

    /// Adds the faults of the input.
    #[must_use]
    pub fn errors(mut self, errors: Vec<InputFault>) -> Self {
        self.errors = errors;
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The response, in the reader's language.
    #[must_use]
    pub fn into_response<B: From<Vec<u8>>>(
        self,
        language: Language,
        request_id: &str,
    ) -> Response<B> {
        let document = Document {
            r#type: "about:blank",
            title: self.title.say(language),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.as_deref(),
            request_id,
            errors: &self.errors,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(B::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
