//! What is wrong in a file or a value, where, and what to do about it.

use std::fmt;

use serde::Serialize;

use super::MAX_FAULTS;
use crate::language::{Bilingual, Language};

/// A position in a file; lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One fault of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file's name as the caller gave it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The value concerned, as a JSON pointer (RFC 6901); empty for the whole file.
    pub pointer: String,
    /// Stable code, for machines and tests.
    pub code: &'static str,
    /// What is wrong.
    pub message: Bilingual,
    /// What to do about it, where that can be said.
    pub hint: Option<Bilingual>,
}

impl Fault {
    /// One line for a terminal or log in one language: `file:line:column: [code] message; hint`.
    pub fn line_in(&self, language: Language) -> String {
        let head = format!(
            "{}:{}:{}: [{}] {}",
            self.file,
            self.line,
            self.column,
            self.code,
            self.message.get(language)
        );
        match (&self.hint, language) {
            (Some(hint), Language::Chinese) => format!("{head}；{}", hint.zh),
            (Some(hint), Language::English) => format!("{head}; {}", hint.en),
            (None, _) => head,
        }
    }
}

impl Fault {
    /// Adds "did you mean", if there is something near (see [`nearest`]).
    #[must_use]
    pub fn with_suggestion(mut self, near: Option<&str>) -> Self {
        self.hint = near.map(suggestion).or(self.hint);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line_in(Language::English))
    }
}

impl std::error::Error for Fault {}

/// What a check of a value has found: a [`Fault`] that does not know its file yet.
///
/// The same finding becomes a line of `tongban check` or an entry of a problem document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The value concerned, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub message: Bilingual,
    /// What to do about it.
    pub hint: Option<Bilingual>,
    /// Other values that the rule compared, as JSON pointers.
    #[serde(skip)]
    pub compared: Vec<String>,
}

impl Finding {
    /// A finding about the value at `pointer`, worded in Chinese and English.
    pub fn new(
        pointer: impl Into<String>,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            message: Bilingual::new(zh, en),
            hint: None,
            compared: Vec::new(),
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.hint = Some(Bilingual::new(zh, en));
        self
    }

    /// Adds "did you mean", if there is something near (see [`nearest`]).
    #[must_use]
    pub fn with_suggestion(mut self, near: Option<&str>) -> Self {
        self.hint = near.map(suggestion).or(self.hint);
        self
    }

    /// Names another value that the rule looked at; if that one is faulty itself, this finding is not told.
    #[must_use]
    pub fn compared_with(mut self, pointer: impl Into<String>) -> Self {
        self.compared.push(pointer.into());
        self
    }

    /// The finding as a fault of a file.
    pub fn into_fault(self, file: &str, place: Place) -> Fault {
        let Place { line, column } = place;
        let Self {
            pointer,
            code,
            message,
            hint,
            compared: _,
        } = self;
        Fault {
            file: file.to_owned(),
            line,
            column,
            pointer,
            code,
            message,
            hint,
        }
    }
}

/// The candidate that `written` was most probably meant to be; `None` when none is near.
///
/// Case, `-` and `_` do not count; of longer words about a third of the letters may be wrong, missing or swapped.
pub fn nearest<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let written = folded(written);
    if written.len() > 64 {
        return None;
    }
    let allowed = (written.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&written, &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// All findings as faults in the order of the file, at most [`MAX_FAULTS`] and a note that there are more.
pub(super) fn in_order(file: &str, mut found: Vec<(Place, Finding)>) -> Vec<Fault> {
    found.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.pointer.cmp(&b.pointer)));
    let untold = found.len() > MAX_FAULTS;
    found.truncate(MAX_FAULTS);
    if let (true, Some((last, _))) = (untold, found.last()) {
        let more = Finding::new(
            "",
            "more_faults",
            "另有错误未列出",
            "further faults are not listed",
        )
        .with_hint("请先改正以上各处", "correct those above first");
        found.push((*last, more));
    }
    found
        .into_iter()
        .map(|(place, finding)| finding.into_fault(file, place))
        .collect()
}

fn suggestion(near: &str) -> Bilingual {
    Bilingual::new(
        format!("是否想写“{near}”？"),
        format!("did you mean `{near}`?"),
    )
}

fn folded(word: &str) -> Vec<char> {
    word.chars()
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Changes of one letter (put in, left out, replaced, swapped with its neighbour) that lead from one word to the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before_last = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let differs = usize::from(one[i - 1] != other[j - 1]);
            let mut cost = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differs);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                cost = cost.min(before_last[j - 2] + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}
