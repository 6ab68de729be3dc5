//! Application numbers: a prefix of the item code, the day, a serial.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CodeScheme, ItemCode, serial, serial_number};

/// How the application numbers of an item are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberScheme {
    /// Guangdong 2013–2017, 29 characters: 19 of the `gd26` code, YYMMDD, serial 4.
    Gd29,
    /// National style, 43 characters: the implementation code 31, YYYYMMDD, serial 4.
    Cn43,
    /// A platform's own, for items whose codes grow no numbers: the item's `local` or `gbt24` code (at most
    /// [`LOCAL_PREFIX_MAX`] characters), YYYYMMDD, serial 4; at most 50 characters (GB/T 39046-2020, table 5 no. 1).
    Local,
}

/// The longest code that a [`NumberScheme::Local`] number begins with.
pub const LOCAL_PREFIX_MAX: usize = 38;
const SERIAL: usize = 4;

impl NumberScheme {
    /// The word that files and JSON use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gd29 => "gd29",
            Self::Cn43 => "cn43",
            Self::Local => "local",
        }
    }

    /// Characters of the day.
    fn day_length(self) -> usize {
        match self {
            Self::Gd29 => 6,
            Self::Cn43 | Self::Local => 8,
        }
    }

    /// The prefix of the numbers of an item with these codes; `None` when none of them can carry this scheme.
    pub fn prefix_of(self, codes: &[ItemCode]) -> Option<&str> {
        let of = |scheme: CodeScheme| codes.iter().find(move |code| code.scheme() == scheme);
        match self {
            Self::Gd29 => of(CodeScheme::Gd26)?.number_prefix(),
            Self::Cn43 => of(CodeScheme::Cn31)
                .or_else(|| of(CodeScheme::Cn33))?
                .number_prefix(),
            Self::Local => {
                let code = of(CodeScheme::Local)
                    .or_else(|| of(CodeScheme::Gbt24))?
                    .as_str();
                (code.len() <= LOCAL_PREFIX_MAX).then_some(code)
            }
        }
    }

    /// The stem of the numbers of an item and a day (in Asia/Shanghai).
    pub fn stem(self, codes: &[ItemCode], day: Date) -> Option<NumberStem> {
        let prefix = self.prefix_of(codes)?;
        let (year, month, date) = (day.year(), day.month(), day.day());
        let text = match self {
            Self::Gd29 => format!("{prefix}{:02}{month:02}{date:02}", year.rem_euclid(100)),
            Self::Cn43 | Self::Local => format!("{prefix}{year:04}{month:02}{date:02}"),
        };
        Some(NumberStem { text })
    }
}

impl fmt::Display for NumberScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// An application number without its serial. Items may share a stem (a `gd26` prefix does not hold level and region), so
/// whoever draws serials counts them per stem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberStem {
    text: String,
}

impl NumberStem {
    /// The stem as the key under which serials are counted.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of the `n`-th application under this stem, from 1; `None` beyond [`super::MAX_SERIAL`].
    pub fn number(&self, n: u32) -> Option<String> {
        serial(n).map(|serial| format!("{}{serial}", self.text))
    }

    /// Which application under its stem a number is, and the stem; `None` if it does not end in a serial or is too
    /// short to have a stem in any scheme.
    pub fn of_number(number: &str) -> Option<(Self, u32)> {
        let shortest = 1 + NumberScheme::Gd29.day_length();
        let at = number
            .len()
            .checked_sub(SERIAL)
            .filter(|at| *at >= shortest && number.is_ascii())?;
        let n = serial_number(&number[at..])?;
        Some((
            Self {
                text: number[..at].to_owned(),
            },
            n,
        ))
    }
}

impl fmt::Display for NumberStem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
