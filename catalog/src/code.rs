//! Item codes (事项编码) and the application numbers (办件编码、申办流水号) that grow out of them.
//!
//! A code is an opaque string with a scheme. Where the make-up of a scheme is known, the check digits inside are used to
//! refuse a mistyped code; nothing else in the project takes a code apart. The structures and how sure they are:
//!
//! | scheme | what | characters | checked |
//! | --- | --- | --- | --- |
//! | `gd26` | Guangdong 2013–2017, SXBM | 26: main item 6, sub-item 3, organisation code 9, type 1, level 1, region 6 | the organisation code by GB 11714, the rest digits (inferred from 13 real codes) |
//! | `cn12` | national basic code 基本编码 | 12 digits | digits; the inner split is not verified |
//! | `cn31` | national implementation code 实施编码 | 31: unified social credit code 18, level 1, basic code 12 | the credit code by GB 32100, level 1–7, digits |
//! | `cn33` | 业务办理项编码 | 33: implementation code 31, serial 2 | as cn31 |
//! | `gbt24` | implementation code of GB/T 39046-2020, table 4 | up to 24 | letters and digits; the make-up is not verified |
//! | `local` | a platform's own | up to 50 | letters, digits, `-`, `_`, `.` |

mod number;
mod serial;

pub use number::{LOCAL_PREFIX_MAX, NumberScheme, NumberStem};
pub use serial::{MAX_SERIAL, serial, serial_number};

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::identifier::{IdentifierError, OrganisationCode, UnifiedCode};

/// The scheme of an item code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeScheme {
    /// Guangdong 2013–2017, 26 characters.
    Gd26,
    /// National basic code, 12 digits.
    Cn12,
    /// National implementation code, 31 characters.
    Cn31,
    /// National handling-item code, 33 characters.
    Cn33,
    /// Implementation code of GB/T 39046-2020, up to 24 characters.
    Gbt24,
    /// A platform's own code, up to 50 characters.
    Local,
}

impl CodeScheme {
    /// All schemes.
    pub const ALL: &'static [Self] = &[
        Self::Gd26,
        Self::Cn12,
        Self::Cn31,
        Self::Cn33,
        Self::Gbt24,
        Self::Local,
    ];

    /// The word that files and JSON use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gd26 => "gd26",
            Self::Cn12 => "cn12",
            Self::Cn31 => "cn31",
            Self::Cn33 => "cn33",
            Self::Gbt24 => "gbt24",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for CodeScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// An item code that fits its scheme.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ItemCode {
    scheme: CodeScheme,
    value: String,
}

/// What is wrong with an item code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemCodeError {
    /// The scheme that it should fit.
    pub scheme: CodeScheme,
    /// The first thing found wrong.
    pub problem: ItemCodeProblem,
}

/// One way in which an item code is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemCodeProblem {
    /// Not as long as the scheme says.
    Length {
        /// What the scheme says, for example `26` or `1–24`.
        expected: &'static str,
        /// Characters found.
        found: usize,
    },
    /// A character that the scheme does not have there.
    Alphabet {
        /// Position from 1.
        position: usize,
        /// The character found.
        found: char,
    },
    /// The digit of the level of exercise is not 1 to 7.
    Level {
        /// The character found.
        found: char,
    },
    /// The identifier inside fails its own check.
    Identifier {
        /// Position of its first character, from 1.
        position: usize,
        /// Its fault.
        error: IdentifierError,
    },
}

impl fmt::Display for ItemCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme;
        match &self.problem {
            ItemCodeProblem::Length { expected, found } => write!(
                f,
                "{scheme} 事项编码应为{expected}位，实为{found}位 / a {scheme} item code has {expected} characters, this has {found}"
            ),
            ItemCodeProblem::Alphabet { position, found } => write!(
                f,
                "{scheme} 事项编码第{position}位不能是“{found}” / `{found}` is not allowed at position {position} of a {scheme} item code"
            ),
            ItemCodeProblem::Level { found } => write!(
                f,
                "{scheme} 事项编码的行使层级应为1至7，实为“{found}” / the level in a {scheme} item code is 1 to 7, found `{found}`"
            ),
            ItemCodeProblem::Identifier { position, error } => {
                let worded = error.worded();
                write!(
                    f,
                    "{scheme} 事项编码自第{position}位起的{} / from position {position} of the {scheme} item code: {}",
                    worded.zh, worded.en
                )
            }
        }
    }
}

impl std::error::Error for ItemCodeError {}

impl ItemCode {
    /// Takes a code of a scheme.
    ///
    /// # Errors
    /// What does not fit the scheme, check characters included.
    pub fn new(scheme: CodeScheme, value: &str) -> Result<Self, ItemCodeError> {
        check(scheme, value).map_err(|problem| ItemCodeError { scheme, problem })?;
        Ok(Self {
            scheme,
            value: value.to_owned(),
        })
    }

    /// The scheme.
    pub fn scheme(&self) -> CodeScheme {
        self.scheme
    }

    /// The code itself.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The organisation code inside a `gd26` code (characters 10 to 18).
    pub fn organisation_code(&self) -> Option<&str> {
        (self.scheme == CodeScheme::Gd26).then(|| &self.value[9..18])
    }

    /// The unified social credit code in front of a `cn31` or `cn33` code.
    pub fn unified_code(&self) -> Option<&str> {
        matches!(self.scheme, CodeScheme::Cn31 | CodeScheme::Cn33).then(|| &self.value[..18])
    }

    /// The basic code inside a `cn31` or `cn33` code, or a `cn12` code itself.
    pub fn basic_code(&self) -> Option<&str> {
        match self.scheme {
            CodeScheme::Cn12 => Some(&self.value),
            CodeScheme::Cn31 | CodeScheme::Cn33 => Some(&self.value[19..31]),
            _ => None,
        }
    }

    /// The digit of the level of exercise (table A.2) where the scheme carries it.
    pub fn level_code(&self) -> Option<&str> {
        match self.scheme {
            CodeScheme::Gd26 => Some(&self.value[19..20]),
            CodeScheme::Cn31 | CodeScheme::Cn33 => Some(&self.value[18..19]),
            _ => None,
        }
    }

    /// The region inside a `gd26` code.
    pub fn region_code(&self) -> Option<&str> {
        (self.scheme == CodeScheme::Gd26).then(|| &self.value[20..26])
    }

    /// The part of an application number that comes from this code, for the schemes that grow numbers: the first 19
    /// characters of a `gd26` code, all of a `cn31` code, the implementation code of a `cn33` code.
    ///
    /// Codes that differ only behind it share their numbers' stem, so serials are drawn per stem, never per item.
    pub fn number_prefix(&self) -> Option<&str> {
        match self.scheme {
            CodeScheme::Gd26 => Some(&self.value[..19]),
            CodeScheme::Cn31 | CodeScheme::Cn33 => Some(&self.value[..31]),
            _ => None,
        }
    }
}

impl fmt::Display for ItemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

fn check(scheme: CodeScheme, value: &str) -> Result<(), ItemCodeProblem> {
    let bounds = match scheme {
        CodeScheme::Gd26 => (26..=26, "26"),
        CodeScheme::Cn12 => (12..=12, "12"),
        CodeScheme::Cn31 => (31..=31, "31"),
        CodeScheme::Cn33 => (33..=33, "33"),
        CodeScheme::Gbt24 => (1..=24, "1–24"),
        CodeScheme::Local => (1..=50, "1–50"),
    };
    let found = value.chars().count();
    if !bounds.0.contains(&found) {
        return Err(ItemCodeProblem::Length {
            expected: bounds.1,
            found,
        });
    }
    for (index, found) in value.chars().enumerate() {
        if !allowed(scheme, index, found) {
            return Err(ItemCodeProblem::Alphabet {
                position: index + 1,
                found,
            });
        }
    }
    let inside = |position: usize, result: Option<IdentifierError>| match result {
        Some(error) => Err(ItemCodeProblem::Identifier { position, error }),
        None => Ok(()),
    };
    let level = |index: usize| match char::from(value.as_bytes()[index]) {
        '1'..='7' => Ok(()),
        found => Err(ItemCodeProblem::Level { found }),
    };
    match scheme {
        CodeScheme::Gd26 => {
            inside(10, value[9..18].parse::<OrganisationCode>().err())?;
            level(19)
        }
        CodeScheme::Cn31 | CodeScheme::Cn33 => {
            inside(1, value[..18].parse::<UnifiedCode>().err())?;
            level(18)
        }
        CodeScheme::Cn12 | CodeScheme::Gbt24 | CodeScheme::Local => Ok(()),
    }
}

fn allowed(scheme: CodeScheme, index: usize, found: char) -> bool {
    let capital_or_digit = found.is_ascii_digit() || found.is_ascii_uppercase();
    match scheme {
        CodeScheme::Gd26 if (9..18).contains(&index) => capital_or_digit,
        CodeScheme::Cn31 | CodeScheme::Cn33 if index < 18 => capital_or_digit,
        CodeScheme::Gd26 | CodeScheme::Cn12 | CodeScheme::Cn31 | CodeScheme::Cn33 => {
            found.is_ascii_digit()
        }
        CodeScheme::Gbt24 => found.is_ascii_alphanumeric(),
        CodeScheme::Local => {
            found.is_ascii_alphanumeric() || (index > 0 && matches!(found, '-' | '_' | '.'))
        }
    }
}

impl<'de> Deserialize<'de> for ItemCode {
    /// Reads `{scheme, value}`; a fault of the value is told at the value when the scheme stands before it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("ItemCode", &["scheme", "value"], CodeVisitor)
    }
}

struct CodeVisitor;

impl<'de> Visitor<'de> for CodeVisitor {
    type Value = ItemCode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item code {scheme, value}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ItemCode, A::Error> {
        let mut scheme = None;
        let mut value: Option<String> = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "scheme" => scheme = Some(map.next_value::<CodeScheme>()?),
                "value" => value = Some(map.next_value_seed(ValueOf(scheme))?),
                other => return Err(de::Error::unknown_field(other, &["scheme", "value"])),
            }
        }
        let scheme = scheme.ok_or_else(|| de::Error::missing_field("scheme"))?;
        let value = value.ok_or_else(|| de::Error::missing_field("value"))?;
        ItemCode::new(scheme, &value).map_err(de::Error::custom)
    }
}

/// Checks a value where it stands if its scheme is known by then.
struct ValueOf(Option<CodeScheme>);

impl<'de> DeserializeSeed<'de> for ValueOf {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let value = String::deserialize(deserializer)?;
        match self.0.map(|scheme| ItemCode::new(scheme, &value)) {
            Some(Err(error)) => Err(de::Error::custom(error)),
            _ => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests;
