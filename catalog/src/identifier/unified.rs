//! 统一社会信用代码, GB 32100-2015.

use std::str::FromStr;

use super::{IdentifierError, IdentifierKind, OrganisationCode, Problem, checked_text};

/// A unified social credit code (统一社会信用代码, GB 32100-2015): registering authority, class of body, region (6), body
/// code (9), check character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnifiedCode {
    text: String,
}

checked_text!(UnifiedCode, "12441500196720244T");

/// The standard's alphabet; a character's value is its position. There is no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

impl UnifiedCode {
    /// The code of authority, class, region and body (17 characters) with its check character, for samples and tests.
    ///
    /// # Errors
    /// Length or alphabet.
    pub fn with_check_character(body: &str) -> Result<Self, IdentifierError> {
        let kind = IdentifierKind::UnifiedCode;
        let first: [u8; 17] = kind.characters(body, |_, byte| value(byte).is_some())?;
        let mut all = [b'0'; 18];
        all[..17].copy_from_slice(&first);
        let check = char::from(check_character(kind, &all)?);
        format!("{body}{check}").parse()
    }

    /// Characters 3 to 8: the region of the registering authority (GB/T 2260).
    pub fn region(&self) -> &str {
        &self.text[2..8]
    }

    /// Characters 9 to 17, the body code, if it passes the check of GB 11714 on its own.
    ///
    /// # Errors
    /// The fault of the body code. GB 32100 takes the organisation code over unchanged, so this means that somebody
    /// computed the last character for a wrong code.
    pub fn organisation_code(&self) -> Result<OrganisationCode, IdentifierError> {
        self.text[8..17].parse()
    }
}

impl FromStr for UnifiedCode {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let kind = IdentifierKind::UnifiedCode;
        let characters: [u8; 18] = kind.characters(text, |index, byte| match index {
            2..8 => byte.is_ascii_digit(),
            _ => value(byte).is_some(),
        })?;
        kind.check(check_character(kind, &characters)?, characters[17])?;
        Ok(Self {
            text: text.to_owned(),
        })
    }
}

/// (31 − Σ value·3^(i−1) mod 31) mod 31, looked up in the alphabet.
fn check_character(kind: IdentifierKind, characters: &[u8; 18]) -> Result<u8, IdentifierError> {
    let mut weight = 1;
    let mut sum = 0;
    for (index, byte) in characters[..17].iter().enumerate() {
        let value = value(*byte).ok_or_else(|| {
            kind.error(Problem::Alphabet {
                position: index + 1,
                found: char::from(*byte),
            })
        })?;
        sum = (sum + value * weight) % 31;
        weight = weight * 3 % 31;
    }
    Ok(ALPHABET[(31 - sum) % 31])
}

fn value(byte: u8) -> Option<usize> {
    ALPHABET.iter().position(|letter| *letter == byte)
}
