//! Every page with every sample, for the tests of this room.

use super::engine::{Engine, Page};
use super::shell::Shell;
use super::{apply, case, error, help, home, item, items};
use crate::text::Language;

/// One drawn sample.
pub(super) struct Drawn {
    /// Template and sample.
    pub(super) name: String,
    pub(super) template: &'static str,
    pub(super) language: Language,
    pub(super) html: Result<String, String>,
}

macro_rules! gallery {
    ($($page:path),* $(,)?) => {
        /// Draws everything.
        pub(super) fn all(engine: &Engine) -> Vec<Drawn> {
            let mut drawn = Vec::new();
            for language in [Language::Chinese, Language::English] {
                $(draw::<$page>(engine, language, &mut drawn);)*
            }
            drawn
        }
    };
}

gallery!(
    case::acts::Withdrawal,
    case::hearing::Hearing,
    case::look_up::LookUp,
    case::show::CasePage,
    apply::AlreadyPage,
    apply::FillPage,
    apply::ReceiptPage,
    apply::ReviewPage,
    apply::StartPage,
    error::ErrorPage,
    help::Help,
    home::Home,
    item::ItemPage,
    items::Items,
);

fn draw<P: Page>(engine: &Engine, language: Language, drawn: &mut Vec<Drawn>) {
    for (name, page) in P::samples(language) {
        let mut shell = Shell::bare(&page, language);
        shell.other_language = "/?a=1&lang=en".to_owned();
        shell.request_id = "4f2a9c0d1b3e5f67-1c".to_owned();
        let html = engine.render(&page, &shell);
        drawn.push(Drawn {
            name: format!("{}: {name}, {}", P::TEMPLATE, shell.lang),
            template: P::TEMPLATE,
            language,
            html: html.map_err(|error| format!("{error:#}")),
        });
    }
}
