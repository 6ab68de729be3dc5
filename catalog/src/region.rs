//! Administrative divisions (行政区划), GB/T 2260 and what hangs below and beside it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::identifier::checked_text;
use crate::language::Language;

mod names;

/// The most characters of a region code or alias (the widest column met in a running system).
pub const MAX_CHARACTERS: usize = 12;

/// The code of an administrative division: six digits (GB/T 2260), nine with the town, twelve with the village.
///
/// The whole country is written `000000`, as national platforms do; GB/T 2260 has no code for it. Whether a division of
/// that code exists is not checked: divisions change, and local codes for development zones are common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode {
    text: String,
}

checked_text!(RegionCode, "440000");

/// A text that is no region code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionError {
    /// What was written, at most its first 40 characters.
    pub found: String,
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        write!(
            f,
            "“{found}”不是行政区划代码（应为6、9或12位数字） / `{found}` is no region code (6, 9 or 12 digits)"
        )
    }
}

impl std::error::Error for RegionError {}

impl FromStr for RegionCode {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        if matches!(text.len(), 6 | 9 | 12) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self {
                text: text.to_owned(),
            });
        }
        Err(RegionError {
            found: text.chars().take(40).collect(),
        })
    }
}

impl RegionCode {
    /// Whether `other` is this division or lies within it.
    pub fn contains(&self, other: &Self) -> bool {
        other.text.starts_with(self.significant())
    }

    /// The division one step up; `None` for the whole country.
    pub fn parent(&self) -> Option<Self> {
        let steps = [9, 6, 4, 2, 0];
        let length = self.significant().len();
        let shorter = steps.into_iter().find(|step| *step < length)?;
        let width = if shorter > 6 { shorter } else { 6 };
        Some(Self {
            text: format!("{:0<width$}", &self.text[..shorter]),
        })
    }

    /// The name of the division where this crate knows it: the country, Guangdong, its 21 cities and the counties of
    /// the demonstration.
    pub fn name(&self, language: Language) -> Option<&'static str> {
        let (_, zh, en) = names::NAMES
            .iter()
            .find(|(code, _, _)| *code == self.text)?;
        Some(match language {
            Language::Chinese => zh,
            Language::English => en,
        })
    }

    /// The 21 prefecture-level cities of Guangdong, in the order of their codes.
    pub fn cities_of_guangdong() -> impl Iterator<Item = Self> {
        let of_city =
            |code: &str| code.starts_with("44") && code.ends_with("00") && code != "440000";
        names::NAMES
            .iter()
            .filter(move |(code, _, _)| of_city(code))
            .map(|(code, _, _)| Self {
                text: (*code).to_owned(),
            })
    }

    /// The divisions within this one that this crate knows by name, itself included where it has one, in the order of the list.
    pub fn known_within(&self) -> impl Iterator<Item = Self> {
        names::NAMES
            .iter()
            .map(|(code, _, _)| Self {
                text: (*code).to_owned(),
            })
            .filter(|code| self.contains(code))
    }

    /// The digits without the zeros that stand for "all of it".
    fn significant(&self) -> &str {
        let mut digits = self.text.as_str();
        for (width, zeros) in [(12, "000"), (9, "000"), (6, "00"), (4, "00"), (2, "00")] {
            if digits.len() == width {
                digits = digits.strip_suffix(zeros).unwrap_or(digits);
            }
        }
        digits
    }
}

/// What else a division is called: names, codes of development zones, codes of earlier years; up to twelve characters.
#[derive(Clone, Debug, Default)]
pub struct RegionAliases {
    of: BTreeMap<String, RegionCode>,
}

impl RegionAliases {
    /// The names of Guangdong and its cities in Chinese (with and without 省 or 市) and English.
    pub fn guangdong() -> Self {
        let mut aliases = Self::default();
        for (code, zh, en) in names::NAMES {
            let code = RegionCode {
                text: (*code).to_owned(),
            };
            // 社区 is a kind of place, not a name with 区 behind it.
            let short = if code.text.len() == 6 {
                zh.trim_end_matches(['省', '市', '区'])
            } else {
                zh
            };
            for alias in [*zh, short, &en.to_lowercase()] {
                aliases.of.insert(alias.to_owned(), code.clone());
            }
        }
        aliases
    }

    /// Adds an alias; one that exists is replaced.
    ///
    /// # Errors
    /// [`RegionError`] with the alias when it is empty or longer than [`MAX_CHARACTERS`].
    pub fn add(&mut self, alias: &str, region: RegionCode) -> Result<(), RegionError> {
        if alias.is_empty() || alias.chars().count() > MAX_CHARACTERS {
            return Err(RegionError {
                found: alias.chars().take(40).collect(),
            });
        }
        self.of.insert(alias.to_lowercase(), region);
        Ok(())
    }

    /// The division that a code or alias stands for. Aliases come first, so that a local use of a code can be put right.
    ///
    /// # Errors
    /// [`RegionError`] when it is neither.
    pub fn resolve(&self, text: &str) -> Result<RegionCode, RegionError> {
        match self.of.get(&text.to_lowercase()) {
            Some(region) => Ok(region.clone()),
            None => text.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
    use super::*;

    fn region(code: &str) -> RegionCode {
        code.parse().unwrap()
    }

    #[test]
    fn guangdong_has_21_cities_and_two_gaps() {
        let cities: Vec<_> = RegionCode::cities_of_guangdong().collect();
        assert_eq!(cities.len(), 21);
        assert!(!cities.contains(&region("441000")) && !cities.contains(&region("441100")));
        assert_eq!(region("441500").name(Language::Chinese), Some("汕尾市"));
        assert_eq!(region("445300").name(Language::English), Some("Yunfu"));
    }

    #[test]
    fn a_division_contains_what_lies_within_it() {
        let chain = [
            "000000",
            "440000",
            "440400",
            "440402",
            "440402001",
            "440402001003",
        ]
        .map(region);
        for (outer, outside) in chain.iter().enumerate() {
            for (inner, inside) in chain.iter().enumerate() {
                assert_eq!(
                    outside.contains(inside),
                    outer <= inner,
                    "{outside} {inside}"
                );
            }
        }
        assert!(!region("440400").contains(&region("440300")));
        assert_eq!(region("440402001003").parent(), Some(region("440402001")));
        assert_eq!(region("440402001").parent(), Some(region("440402")));
        assert_eq!(region("440402").parent(), Some(region("440400")));
        assert_eq!(region("440400").parent(), Some(region("440000")));
        assert_eq!(region("440000").parent(), Some(region("000000")));
        assert_eq!(region("000000").parent(), None);
    }

    #[test]
    fn only_digits_of_the_known_lengths_are_codes() {
        for wrong in [
            "",
            "44040",
            "4404000",
            "44040x",
            "４４０４００",
            "4404000000000",
        ] {
            assert_eq!(wrong.parse::<RegionCode>().unwrap_err().found, wrong);
        }
    }

    #[test]
    fn aliases_lead_to_codes() {
        let mut aliases = RegionAliases::guangdong();
        for name in ["珠海", "珠海市", "zhuhai", "Zhuhai", "440400"] {
            assert_eq!(aliases.resolve(name), Ok(region("440400")));
        }
        aliases.add("440499", region("440404")).unwrap();
        assert_eq!(aliases.resolve("440499"), Ok(region("440404")));
        assert_eq!(aliases.resolve("南山"), Ok(region("440305")));
        assert_eq!(aliases.resolve("康宁社区"), Ok(region("440402003005")));
        assert!(aliases.resolve("康宁社").is_err());
        assert_eq!(aliases.resolve("高栏港").unwrap_err().found, "高栏港");
        assert!(
            aliases
                .add("一二三四五六七八九十一二", region("440404"))
                .is_ok()
        );
        assert!(
            aliases
                .add("一二三四五六七八九十一二三", region("440404"))
                .is_err()
        );
    }
}
