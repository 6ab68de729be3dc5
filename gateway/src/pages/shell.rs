//! What frames every page: title, language, navigation.

use super::Visitor;
use super::engine::Page;
use crate::text::Language;
use serde::Serialize;

/// The frame of one answer.
#[derive(Debug, Clone, Serialize)]
pub struct Shell {
    /// The page's title.
    pub title: String,
    /// Which entry of the navigation is marked.
    pub section: &'static str,
    /// `zh-CN` or `en`, for the `lang` attribute.
    pub lang: &'static str,
    /// The same page in the other language.
    pub other_language: String,
    /// The request, for whoever asks the hall about this page.
    pub request_id: String,
    /// The version of the program.
    pub version: &'static str,
    #[serde(skip)]
    pub(super) language: Language,
}

impl Shell {
    /// The frame of a page for a visitor.
    #[must_use]
    pub fn of<P: Page>(page: &P, visitor: &Visitor) -> Self {
        Self {
            title: page.title(visitor.language),
            section: page.section(),
            lang: lang(visitor.language),
            other_language: visitor.in_other_language(),
            request_id: visitor.call.request_id.clone(),
            version: env!("CARGO_PKG_VERSION"),
            language: visitor.language,
        }
    }
}

impl Shell {
    /// The frame of a page that is drawn before anybody asks for it.
    #[must_use]
    pub fn bare<P: Page>(page: &P, language: Language) -> Self {
        let other = match language {
            Language::Chinese => "en",
            Language::English => "zh",
        };
        Self {
            title: page.title(language),
            section: page.section(),
            lang: lang(language),
            other_language: format!("/?lang={other}"),
            request_id: String::new(),
            version: env!("CARGO_PKG_VERSION"),
            language,
        }
    }
}

/// The language tag (BCP 47).
#[must_use]
pub fn lang(language: Language) -> &'static str {
    match language {
        Language::Chinese => "zh-CN",
        Language::English => "en",
    }
}
