//! 组织机构代码, GB 11714.

use std::str::FromStr;

use super::{IdentifierError, IdentifierKind, checked_text};

/// An organisation code (组织机构代码, GB 11714): eight digits or capitals and a check character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganisationCode {
    text: String,
}

checked_text!(OrganisationCode, "006988574");

impl OrganisationCode {
    /// The code of eight digits or capitals with its check character, for samples and tests.
    ///
    /// # Errors
    /// Length or alphabet.
    pub fn with_check_character(body: &str) -> Result<Self, IdentifierError> {
        let kind = IdentifierKind::OrganisationCode;
        let first: [u8; 8] = kind.characters(body, |_, byte| {
            byte.is_ascii_digit() || byte.is_ascii_uppercase()
        })?;
        let mut all = [b'0'; 9];
        all[..8].copy_from_slice(&first);
        let check = char::from(check_character(&all));
        format!("{body}{check}").parse()
    }
}

impl FromStr for OrganisationCode {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let kind = IdentifierKind::OrganisationCode;
        let characters: [u8; 9] = kind.characters(text, |index, byte| match index {
            8 => byte.is_ascii_digit() || byte == b'X',
            _ => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        })?;
        kind.check(check_character(&characters), characters[8])?;
        Ok(Self {
            text: text.to_owned(),
        })
    }
}

/// C9 = 11 − Σ mod 11 with the weights of the standard; 10 is written X and 11 is written 0.
fn check_character(characters: &[u8; 9]) -> u8 {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        _ => u32::from(byte - b'A') + 10,
    };
    let sum: u32 = characters
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| value(*byte) * weight)
        .sum();
    b"0X987654321"[(sum % 11) as usize]
}
