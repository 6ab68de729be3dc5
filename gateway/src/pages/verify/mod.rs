//! The page that verifies receipts (验证回执, `/verify`): one HTML file with its style, its script and the published keys inside, so
//! that it works offline once it is saved.
//!
//! It says everything in both languages at once, whoever saved it and whoever opens it. Its policy names the digests of its own style
//! and script and forbids every connection: what is verified here goes nowhere.

use super::respond::protect;
use super::shell::lang;
use super::{PagesState, Visitor};
use crate::text::Language;
use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use data_encoding::BASE64;
use http::{HeaderValue, header};
use serde_json::Value;
use std::sync::LazyLock;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Nothing but the page's own style and script, by their digests (CSP 3, section 2.3.1).
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let of = |text: &str| BASE64.encode(digest(&SHA256, text.as_bytes()).as_ref());
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        of(SCRIPT),
        of(STYLE)
    )
});

/// Shows it.
pub async fn show(State(pages): PagesState, visitor: Visitor) -> Response {
    let html = document(&pages.hall.intake.keys.jwk_set(), visitor.language);
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    protect(headers);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=300"),
    );
    headers.insert(
        header::VARY,
        HeaderValue::from_static("accept-language, cookie"),
    );
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The whole file. Keys are base64url and fixed words: nothing in them ends a script.
fn document(jwk_set: &Value, language: Language) -> String {
    PAGE.replacen("{lang}", lang(language), 1)
        .replacen("{keys}", &jwk_set.to_string(), 1)
        .replacen("{style}", STYLE, 1)
        .replacen("{script}", SCRIPT, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::keys::InstallationKeys;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    fn drawn() -> String {
        let keys = InstallationKeys::new(&[7; 32], &[9; 32]).unwrap();
        document(&keys.jwk_set(), Language::Chinese)
    }

    #[test]
    fn the_page_holds_all_that_it_needs_and_names_nothing_else() {
        let html = drawn();
        for (begin, end, text) in [
            ("<style>", "</style>", STYLE),
            ("<script>", "</script>", SCRIPT),
        ] {
            let inside = html.split(begin).nth(1).unwrap();
            assert_eq!(inside.split(end).next(), Some(text), "as the policy has it");
            assert!(!text.contains("</"), "nothing ends it before its end");
        }
        for outside in ["src=", "stylesheet", "@import", "url(", "fetch(", "import("] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("\"crv\":\"Ed25519\""));
        for left in ["{lang}", "{keys}", "{style}", "{script}"] {
            assert!(!html.contains(left), "{left}");
        }
        assert_eq!(POLICY.matches("'sha256-").count(), 2);
    }

    /// Every element with words of its own says them in one language, and each Chinese one has its English twin.
    #[test]
    fn the_page_is_nested_right_and_says_everything_twice() {
        let html = drawn().replace(STYLE, "").replace(SCRIPT, "");
        let body = html.strip_prefix("<!DOCTYPE html>").unwrap();
        let (mut reader, mut languages) = (Reader::from_str(body), Vec::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(tag) if tag.name().as_ref() != "html" => {
                    let of = tag.attributes().flatten();
                    languages.extend(
                        of.filter(|a| a.key.as_ref() == "lang")
                            .map(|a| a.value.to_string()),
                    );
                }
                _ => {}
            }
        }
        assert!(languages.len() > 10);
        for pair in languages.chunks(2) {
            assert_eq!(pair, ["zh-CN", "en"]);
        }
    }

    #[test]
    fn every_verdict_of_the_script_stands_in_both_languages() {
        let table = SCRIPT.split("const TEXTS = {").nth(1).unwrap();
        let table = table.split("\n};").next().unwrap();
        let known: Vec<&str> = table
            .lines()
            .filter_map(|line| line.trim().split_once(": ['"))
            .map(|(key, texts)| {
                let (zh, en) = texts.split_once("', '").unwrap();
                assert!(!zh.is_ascii() && en.is_ascii(), "{key}");
                key
            })
            .collect();
        let said = SCRIPT.split("new Fault('").skip(1);
        for said in said.filter_map(|rest| rest.split('\'').next()) {
            assert!(known.contains(&said), "{said}");
        }
    }
}
