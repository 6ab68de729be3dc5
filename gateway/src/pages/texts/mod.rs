//! What pages say, by key, in Chinese and English; one file a group of pages. A template says `t("key")`.

pub mod apply;
pub mod case;
pub mod finding;
pub mod help;
pub mod shell;

use crate::text::Text;

/// A table of texts: `NAME "key" "中文" "English";`.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $key:literal $zh:literal $en:literal;)*) => {
        $($(#[$doc])* pub const $name: crate::text::Text = crate::text::Text { key: $key, zh: $zh, en: $en };)*
        /// Every text of the table.
        pub const ALL: &[crate::text::Text] = &[$($name),*];
    };
}
pub(crate) use texts;

/// Every text of every page.
pub fn all() -> impl Iterator<Item = &'static Text> {
    let groups = [shell::ALL, finding::ALL, help::ALL, apply::ALL, case::ALL];
    groups.into_iter().flatten()
}

/// Keys that code says and no template; a test knows from here that they are used.
#[cfg(test)]
pub const USED_IN_CODE: &[&str] = &[
    "shell.foreign_form",
    "shell.internal",
    "home.title",
    "hearing.title",
    "items.title",
    "items.title_of",
    "filter.region",
    "filter.audience",
    "filter.type",
    "filter.level",
    "help.title",
    "case.look_up_title",
    "case.look_up_wrong",
    "case.look_up_wait",
    "case.look_up_missing",
    "case.title",
    "withdraw.title",
    "evaluate.choose",
    "apply.start_title",
    "apply.fill_title",
    "apply.faults_title",
    "apply.review_title",
    "apply.already_title",
    "apply.receipt_title",
    "apply.must",
    "apply.later",
    "apply.may",
    "apply.not_a_form",
    "apply.body_too_large",
    "apply.too_many_parts",
    "apply.broken_off",
    "apply.key_expired",
    "apply.row_added",
    "apply.file_kind",
    "apply.file_format",
    "apply.file_empty",
    "apply.file_too_large",
    "apply.file_refused",
    "apply.file_gone",
];
