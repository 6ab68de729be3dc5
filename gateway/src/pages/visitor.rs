//! Who looks at a page: the call, the language that was chosen, and whether a form comes from our own pages.

use super::texts::shell as texts;
use crate::application::call::Call;
use crate::text::Language;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri, header};

/// Name of the cookie that keeps the language.
pub const LANGUAGE_COOKIE: &str = "tongban_language";
/// Name of the parameter that chooses it.
const LANGUAGE_PARAMETER: &str = "lang";

/// A visitor of a page.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The call as the applicant's room sees it.
    pub call: Call,
    /// The language of the answer: the parameter `lang`, else the cookie, else `Accept-Language`.
    pub language: Language,
    /// The language came by the parameter and is to be kept.
    pub language_chosen: bool,
    /// Path of the page.
    pub path: String,
    /// Query of the page, without `lang`.
    pub query: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let call = match Call::from_request_parts(parts, state).await {
            Ok(call) => call,
            Err(never) => match never {},
        };
        let visitor = Self::of(call, &parts.uri);
        let safe = matches!(parts.method, Method::GET | Method::HEAD);
        if !safe && !is_from_here(&parts.headers) {
            return Err(visitor.foreign());
        }
        Ok(visitor)
    }
}

impl Visitor {
    fn of(mut call: Call, uri: &Uri) -> Self {
        let pairs = || {
            uri.query()
                .unwrap_or_default()
                .split('&')
                .filter(|pair| !pair.is_empty())
        };
        let chosen = pairs().find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (name == LANGUAGE_PARAMETER).then(|| named(value)).flatten()
        });
        let kept = call.cookie(LANGUAGE_COOKIE).and_then(named);
        let language = chosen.or(kept).unwrap_or(call.language);
        // What the rooms say, they say in the same language.
        call.language = language;
        let rest: Vec<&str> = pairs()
            .filter(|pair| pair.split('=').next() != Some(LANGUAGE_PARAMETER))
            .collect();
        Self {
            language,
            language_chosen: chosen.is_some(),
            path: uri.path().to_owned(),
            query: rest.join("&"),
            call,
        }
    }

    /// The query without `lang`, as the readers of queries take it.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        (!self.query.is_empty()).then_some(self.query.as_str())
    }

    /// Address of the same page in the other language.
    #[must_use]
    pub fn in_other_language(&self) -> String {
        let other = match self.language {
            Language::Chinese => "en",
            Language::English => "zh",
        };
        let and = if self.query.is_empty() { "" } else { "&" };
        format!(
            "{}?{}{and}{LANGUAGE_PARAMETER}={other}",
            self.path, self.query
        )
    }

    /// The answer to a form that another site sent.
    fn foreign(&self) -> Response {
        let words = texts::FOREIGN_FORM.say(self.language);
        (StatusCode::FORBIDDEN, words).into_response()
    }
}

fn named(word: &str) -> Option<Language> {
    match word {
        "zh" => Some(Language::Chinese),
        "en" => Some(Language::English),
        _ => None,
    }
}

/// Whether a form was sent by a page of ours. Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`; what says neither is no
/// browser and carries no cookie that somebody else could ride on.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = text(header::HOST.as_str()).unwrap_or_default();
            origin
                .split_once("://")
                .is_some_and(|(_, authority)| authority == host && !host.is_empty())
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let each = pairs
            .iter()
            .map(|(n, v)| (n.parse().unwrap(), HeaderValue::from_static(v)));
        each.collect()
    }

    #[test]
    fn a_form_of_another_site_is_refused_and_one_of_ours_is_taken() {
        for (given, taken) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (
                &[("origin", "http://hall.example"), ("host", "hall.example")],
                true,
            ),
            (
                &[("origin", "http://evil.example"), ("host", "hall.example")],
                false,
            ),
            (&[("origin", "null"), ("host", "hall.example")], false),
            (&[("origin", "http://"), ("host", "")], false),
            (&[], true),
        ] {
            assert_eq!(is_from_here(&headers(given)), taken, "{given:?}");
        }
    }

    fn visitor(uri: &str, cookie: Option<&'static str>) -> Visitor {
        let mut call = Call {
            principal: crate::identity::Principal::anonymous(),
            language: Language::English,
            client: "local".to_owned(),
            request_id: String::new(),
            draining: tokio_util::sync::CancellationToken::new(),
            headers: HeaderMap::new(),
        };
        if let Some(cookie) = cookie {
            call.headers
                .insert(header::COOKIE, HeaderValue::from_static(cookie));
        }
        Visitor::of(call, &uri.parse().unwrap())
    }

    #[test]
    fn the_parameter_wins_over_the_cookie_and_the_cookie_over_the_browser() {
        let of = |uri, cookie| visitor(uri, cookie).language;
        assert_eq!(of("/", None), Language::English);
        assert_eq!(of("/", Some("tongban_language=zh")), Language::Chinese);
        assert_eq!(
            of("/?lang=en", Some("tongban_language=zh")),
            Language::English
        );
        assert_eq!(
            of("/?lang=fr", Some("tongban_language=zh")),
            Language::Chinese
        );
    }

    #[test]
    fn the_switch_keeps_what_was_searched_for() {
        let visitor = visitor("/items?q=a%26b&lang=zh&page=2", None);
        assert_eq!(visitor.query(), Some("q=a%26b&page=2"));
        assert_eq!(visitor.in_other_language(), "/items?q=a%26b&page=2&lang=en");
    }
}
