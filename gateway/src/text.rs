//! Texts for people, by key, in Chinese and English.
//!
//! Each room keeps its own table of [`Text`]s beside the code that says them; a test of the room checks that no text is empty.

/// A language of answers and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// 简体中文: the default of the hall.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Chooses by `Accept-Language` (RFC 9110, section 12.5.4): the first of `zh` and `en` with the highest weight; Chinese otherwise.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (Self::Chinese, 0u16);
        for part in header.split(',').take(16) {
            let mut fields = part.trim().split(';');
            let tag = fields
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            let weight = fields
                .find_map(|f| f.trim().strip_prefix("q=").map(weight))
                .unwrap_or(1000);
            let language = match tag.split('-').next() {
                Some("zh" | "*") => Self::Chinese,
                Some("en") => Self::English,
                _ => continue,
            };
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

/// A quality value in thousandths.
fn weight(text: &str) -> u16 {
    let thousandths = text.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0) * 1000.0;
    thousandths as u16
}

/// One text in both languages. `{name}` marks a place for [`Text::fill`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Stable key, `room.topic.detail`.
    pub key: &'static str,
    /// 中文.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl Text {
    /// The text as it stands, in `language`.
    #[must_use]
    pub fn say(&self, language: Language) -> &'static str {
        match language {
            Language::Chinese => self.zh,
            Language::English => self.en,
        }
    }

    /// The text with each `{name}` replaced by its value.
    #[must_use]
    pub fn fill(&self, language: Language, values: &[(&str, &str)]) -> String {
        values
            .iter()
            .fold(self.say(language).to_owned(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_is_the_one_with_the_highest_weight_and_chinese_otherwise() {
        for (header, expected) in [
            ("", Language::Chinese),
            ("en", Language::English),
            ("en-GB,en;q=0.9,zh;q=0.8", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en;q=0.3, zh;q=0.7", Language::Chinese),
            ("fr", Language::Chinese),
        ] {
            assert_eq!(Language::from_accept_language(header), expected, "{header}");
        }
    }
}
