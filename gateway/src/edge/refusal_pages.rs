//! Pages for people whose browser the edge itself refuses: an address that leads nowhere, too many requests. Drawn once at the start by
//! whoever draws pages, so that refusing costs a look-up on the hot path and the edge needs no templates.

use super::body::EdgeBody;
use crate::text::Language;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use std::collections::HashMap;

/// Drawn pages by the code of the refusal; those that are missing are answered as problem documents.
#[derive(Debug, Default)]
pub struct RefusalPages {
    drawn: HashMap<(&'static str, Language), Bytes>,
    headers: HeaderMap,
}

impl RefusalPages {
    /// None yet; `headers` go with every one of them.
    #[must_use]
    pub fn new(headers: HeaderMap) -> Self {
        Self {
            drawn: HashMap::new(),
            headers,
        }
    }

    /// Adds the page of a code.
    pub fn insert(&mut self, code: &'static str, language: Language, html: String) {
        self.drawn.insert((code, language), Bytes::from(html));
    }

    /// Puts the page of `code` in the place of a problem document's body; its status and its other headers stay.
    pub(super) fn dress(
        &self,
        mut response: Response<EdgeBody>,
        code: &'static str,
        language: Language,
    ) -> Response<EdgeBody> {
        let Some(html) = self.drawn.get(&(code, language)) else {
            return response;
        };
        let headers = response.headers_mut();
        headers.extend(self.headers.clone());
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        response.map(|_| EdgeBody::from(html.clone()))
    }
}

/// Whether an answer is for a person: a browser that goes to a page says that it takes HTML; programs and our own scripts do not.
#[must_use]
pub(super) fn is_for_a_person(headers: &HeaderMap, path: &str) -> bool {
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let of_programs = ["/api/", "/systems/", "/exchange/", "/ops/"];
    accepts.is_some_and(|accept| accept.contains("text/html"))
        && !of_programs.iter().any(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn a_browser_on_a_page_gets_a_page_and_a_program_a_problem_document() {
        let browser = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
        let of = |accept: Option<&HeaderValue>, path| {
            let mut headers = HeaderMap::new();
            accept.map(|accept| headers.insert(header::ACCEPT, accept.clone()));
            is_for_a_person(&headers, path)
        };
        assert!(of(Some(&browser), "/nowhere"));
        assert!(!of(Some(&browser), "/api/v1/nowhere"));
        assert!(!of(Some(&HeaderValue::from_static("*/*")), "/nowhere"));
        assert!(!of(None, "/nowhere"));
    }

    #[test]
    fn a_page_keeps_the_status_and_the_headers_of_its_problem() {
        let mut pages = RefusalPages::default();
        pages.insert("not_found", Language::Chinese, "<p>没有</p>".to_owned());
        let problem = || {
            let response = Response::builder().status(StatusCode::NOT_FOUND);
            let response = response.header(header::RETRY_AFTER, "3");
            response.body(EdgeBody::from(b"{}".to_vec())).unwrap()
        };
        let dressed = pages.dress(problem(), "not_found", Language::Chinese);
        assert_eq!(dressed.status(), StatusCode::NOT_FOUND);
        assert_eq!(dressed.headers()[header::RETRY_AFTER], "3");
        assert_eq!(
            dressed.headers()[header::CONTENT_TYPE],
            "text/html; charset=utf-8"
        );
        let other = pages.dress(problem(), "not_found", Language::English);
        assert!(!other.headers().contains_key(header::CONTENT_TYPE));
    }
}
