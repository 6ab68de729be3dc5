//! The page for a form that has been submitted before: nothing is sent twice.

use crate::pages::engine::Page;
use crate::pages::texts::apply as texts;
use crate::text::Language;
use serde::Serialize;

/// The page.
#[derive(Debug, Serialize)]
pub struct AlreadyPage {
    /// Number of the application.
    pub application_no: String,
    /// Code of the item.
    pub item_code: String,
    /// The visitor holds the cookie that opens it.
    pub may_open: bool,
}

impl Page for AlreadyPage {
    const TEMPLATE: &'static str = "apply_already.html";

    fn title(&self, language: Language) -> String {
        texts::ALREADY_TITLE.say(language).to_owned()
    }

    fn section(&self) -> &'static str {
        "items"
    }

    #[cfg(test)]
    fn samples(_: Language) -> Vec<(&'static str, Self)> {
        let of = |may_open| Self {
            application_no: "10131300500698857413440400170".to_owned(),
            item_code: "10131300500698857413440400".to_owned(),
            may_open,
        };
        vec![("mine", of(true)), ("somebody", of(false))]
    }
}
