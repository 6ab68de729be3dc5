//! Help (帮助): how applying works, in eight questions.

use super::engine::Page;
use super::{PagesState, Visitor, texts};
use crate::text::Language;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

/// The page needs nothing but its texts.
#[derive(Debug, Serialize)]
pub struct Help {}

/// Shows it.
pub async fn show(State(pages): PagesState, visitor: Visitor) -> Response {
    pages.show(&visitor, Ok(Help {}))
}

impl Page for Help {
    const TEMPLATE: &'static str = "help.html";

    fn title(&self, language: Language) -> String {
        texts::help::TITLE.say(language).to_owned()
    }

    fn section(&self) -> &'static str {
        "help"
    }

    #[cfg(test)]
    fn samples(_: Language) -> Vec<(&'static str, Self)> {
        vec![("page", Self {})]
    }
}
