//! Identity numbers of bodies and people, each with the check of its standard.
//!
//! A value of one of these types has the right length, alphabet and check character (and, for people, a birth date that
//! exists and is not in the future). Reading is strict: no lower case, no full-width characters, no spaces and no
//! hyphens, because none of the standards allows them; who wants to be lenient folds the text before.

mod citizen;
mod organisation;
mod unified;

pub use citizen::{CitizenId, Sex};
pub use organisation::OrganisationCode;
pub use unified::UnifiedCode;

use std::fmt;

use jiff::civil::Date;

use crate::language::Bilingual;

/// The kinds of identifier that this crate checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentifierKind {
    /// 统一社会信用代码, GB 32100-2015.
    UnifiedCode,
    /// 组织机构代码, GB 11714.
    OrganisationCode,
    /// 公民身份号码, GB 11643-1999.
    CitizenId,
}

impl IdentifierKind {
    /// The identifier's name.
    pub fn name(self) -> Bilingual {
        match self {
            Self::UnifiedCode => Bilingual::new("统一社会信用代码", "unified social credit code"),
            Self::OrganisationCode => Bilingual::new("组织机构代码", "organisation code"),
            Self::CitizenId => Bilingual::new("公民身份号码", "citizen id"),
        }
    }
}

/// What is wrong with an identifier. Holds no more of it than one character or the birth date's digits, so that it may
/// be shown to the person who typed it; it is not for logs when it concerns a citizen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifierError {
    /// Which identifier was expected.
    pub kind: IdentifierKind,
    /// The first thing found wrong, in the order length, alphabet, date, check character.
    pub problem: Problem,
}

/// One way in which an identifier is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Not as long as the standard says, in characters.
    Length {
        /// The standard's length.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// A character that the standard does not have at that position.
    Alphabet {
        /// Position from 1.
        position: usize,
        /// The character found.
        found: char,
    },
    /// The eight digits of the birth date are no date.
    Date {
        /// The digits.
        found: String,
    },
    /// The birth date lies after today.
    FutureDate {
        /// The date.
        found: Date,
    },
    /// The check character does not fit the others.
    Check {
        /// What the standard's sum gives.
        expected: char,
        /// What was written.
        found: char,
    },
}

impl IdentifierError {
    /// The same in Chinese and English.
    pub fn worded(&self) -> Bilingual {
        let name = self.kind.name();
        let problem = self.problem.worded();
        Bilingual::new(name.zh + &problem.zh, name.en + ": " + &problem.en)
    }
}

impl Problem {
    fn worded(&self) -> Bilingual {
        match self {
            Self::Length { expected, found } => Bilingual::new(
                format!("应为{expected}位，实为{found}位"),
                format!("must have {expected} characters, has {found}"),
            ),
            Self::Alphabet { position, found } => Bilingual::new(
                format!("第{position}位不能是“{found}”"),
                format!("`{found}` is not allowed at position {position}"),
            ),
            Self::Date { found } => Bilingual::new(
                format!("中的出生日期 {found} 不存在"),
                format!("the birth date {found} does not exist"),
            ),
            Self::FutureDate { found } => Bilingual::new(
                format!("中的出生日期 {found} 晚于今天"),
                format!("the birth date {found} lies in the future"),
            ),
            Self::Check { expected, found } => Bilingual::new(
                format!("校验位不符：应为“{expected}”，实为“{found}”"),
                format!("wrong check character: expected `{expected}`, found `{found}`"),
            ),
        }
    }
}

impl fmt::Display for IdentifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bilingual { zh, en } = self.worded();
        write!(f, "{zh} / {en}")
    }
}

impl std::error::Error for IdentifierError {}

impl IdentifierKind {
    fn error(self, problem: Problem) -> IdentifierError {
        IdentifierError {
            kind: self,
            problem,
        }
    }

    /// The characters of `text` if there are `N` of them and `allowed` takes each at its index.
    fn characters<const N: usize>(
        self,
        text: &str,
        allowed: impl Fn(usize, u8) -> bool,
    ) -> Result<[u8; N], IdentifierError> {
        let found = text.chars().count();
        if found != N {
            return Err(self.error(Problem::Length { expected: N, found }));
        }
        let mut characters = [0; N];
        for (index, found) in text.chars().enumerate() {
            match u8::try_from(found) {
                Ok(byte) if byte.is_ascii() && allowed(index, byte) => characters[index] = byte,
                _ => {
                    return Err(self.error(Problem::Alphabet {
                        position: index + 1,
                        found,
                    }));
                }
            }
        }
        Ok(characters)
    }

    fn check(self, expected: u8, found: u8) -> Result<(), IdentifierError> {
        if expected == found {
            return Ok(());
        }
        Err(self.error(Problem::Check {
            expected: char::from(expected),
            found: char::from(found),
        }))
    }
}

/// Display, `AsRef`, serde for a type that is checked text in a field named `text`.
macro_rules! checked_text {
    ($type:ident, $specimen:literal) => {
        impl $type {
            /// The text as it was written.
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.text
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::source::parsed_text(deserializer, concat!("specimen:", $specimen))
            }
        }
    };
}
pub(crate) use checked_text;

#[cfg(test)]
mod tests;
