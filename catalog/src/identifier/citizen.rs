//! 公民身份号码, GB 11643-1999.

use std::fmt;

use jiff::civil::Date;

use super::{IdentifierError, IdentifierKind, Problem};

/// A citizen's identity number (公民身份号码, GB 11643-1999): region (6), birth date (8), serial (3), check character.
///
/// Personal data: `Debug` shows it masked, there is no `Display` and no serde; what leaves does so by
/// [`CitizenId::reveal`] in plain sight of a reviewer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CitizenId {
    text: String,
    birth: Date,
}

/// The sex that the serial tells (odd: male).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// 女.
    Female,
    /// 男.
    Male,
}

impl CitizenId {
    /// Reads a number as it stands on a resident identity card.
    ///
    /// # Errors
    /// Length, alphabet, a birth date that does not exist or lies after `today`, or the check character; the first of them.
    pub fn parse(text: &str, today: Date) -> Result<Self, IdentifierError> {
        let kind = IdentifierKind::CitizenId;
        let characters: [u8; 18] = kind.characters(text, |index, byte| {
            byte.is_ascii_digit() || (index == 17 && byte == b'X')
        })?;
        let birth = birth_date(&text[6..14]).ok_or_else(|| {
            kind.error(Problem::Date {
                found: text[6..14].to_owned(),
            })
        })?;
        if birth > today {
            return Err(kind.error(Problem::FutureDate { found: birth }));
        }
        kind.check(check_character(&characters), characters[17])?;
        Ok(Self {
            text: text.to_owned(),
            birth,
        })
    }

    /// The number of a region, birth date and serial (17 digits) with its check character, for samples and tests.
    ///
    /// # Errors
    /// Length, alphabet, or a birth date that does not exist or lies after `today`.
    pub fn with_check_character(digits: &str, today: Date) -> Result<Self, IdentifierError> {
        let kind = IdentifierKind::CitizenId;
        let first: [u8; 17] = kind.characters(digits, |_, byte| byte.is_ascii_digit())?;
        let mut all = [b'0'; 18];
        all[..17].copy_from_slice(&first);
        let check = char::from(check_character(&all));
        Self::parse(&format!("{digits}{check}"), today)
    }

    /// The whole number.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The number with all but the first three and the last two characters hidden, for pages and letters.
    pub fn masked(&self) -> String {
        format!("{}*************{}", &self.text[..3], &self.text[16..])
    }

    /// The birth date.
    pub fn birth_date(&self) -> Date {
        self.birth
    }

    /// The sex.
    pub fn sex(&self) -> Sex {
        if self.text.as_bytes()[16].is_multiple_of(2) {
            Sex::Female
        } else {
            Sex::Male
        }
    }

    /// The region of the first registration (GB/T 2260, as it was then).
    pub fn region(&self) -> &str {
        &self.text[..6]
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CitizenId({})", self.masked())
    }
}

fn birth_date(digits: &str) -> Option<Date> {
    let year = digits[..4].parse().ok()?;
    let month = digits[4..6].parse().ok()?;
    let day = digits[6..].parse().ok()?;
    Date::new(year, month, day).ok()
}

/// ISO 7064 MOD 11-2 as the standard writes it.
fn check_character(characters: &[u8; 18]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = characters
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| u32::from(byte - b'0') * weight)
        .sum();
    b"10X98765432"[(sum % 11) as usize]
}
