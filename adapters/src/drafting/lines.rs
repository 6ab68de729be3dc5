//! YAML by lines: what stands, and what is commented out until a person takes the `#` away.

use crate::xml::is_name;

/// The text of a draft while it grows.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    commented_at: Option<usize>,
}

impl Lines {
    /// One line at that many spaces; commented out where the surroundings are.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        match self.commented_at {
            None => self.text.extend(std::iter::repeat_n(' ', indent)),
            Some(at) => {
                self.text.extend(std::iter::repeat_n(' ', at));
                self.text.push_str("# ");
                let rest = indent.saturating_sub(at);
                self.text.extend(std::iter::repeat_n(' ', rest));
            }
        }
        // Names of a description may hold what ends a line, and a line that a partner wrote must stay a comment.
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
        let kept = text.chars().map(|c| if breaks(c) { ' ' } else { c });
        self.text.extend(kept);
        self.text.push('\n');
    }

    pub(super) fn note(&mut self, indent: usize, text: &str) {
        self.line(indent, &format!("# {text}"));
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// What `write` writes is commented out, from that many spaces on, so that taking each `# ` away leaves YAML.
    pub(super) fn commented<R>(&mut self, indent: usize, write: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.commented_at;
        self.commented_at = before.or(Some(indent));
        let result = write(self);
        self.commented_at = before;
        result
    }

    pub(super) fn is_commented(&self) -> bool {
        self.commented_at.is_some()
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// A scalar as YAML reads it back as this very text (YAML 1.2, 7.3.1: JSON strings are double-quoted scalars).
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A key or a name: plain where no reader of YAML 1.1 or 1.2 takes it for anything else.
pub(super) fn plain_or_quoted(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    match plain {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// Whether a literal would be read as something else in a definition: an expression, a variable.
pub(super) fn is_literal(text: &str) -> bool {
    !text.starts_with('=') && !text.contains("${")
}

/// Whether `reply.NAME` may be written.
pub(super) fn is_member(name: &str) -> bool {
    const WORDS: [&str; 13] = [
        "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False",
        "None",
    ];
    is_name(name)
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !WORDS.contains(&name)
}
