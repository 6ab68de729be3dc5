//! Names that programs use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::identifier::checked_text;

/// The most characters of an id.
const MAX_LENGTH: usize = 64;

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdError {
    /// What was written, at most its first 80 characters.
    pub found: String,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        write!(
            f,
            "标识“{found}”只能由小写字母、数字和连字符组成，以字母或数字开头，最长64位 / `{found}` is no id: lower-case letters, digits and hyphens, not a hyphen first, at most 64"
        )
    }
}

impl std::error::Error for IdError {}

fn parse(text: &str) -> Result<String, IdError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-') {
        return Ok(text.to_owned());
    }
    Err(IdError {
        found: text.chars().take(80).collect(),
    })
}

macro_rules! id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            text: String,
        }

        checked_text!($name, "specimen");

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).map(|text| Self { text })
            }
        }
    };
}

id! {
    /// The id of a service item, the same in all its versions.
    ItemId
}
id! {
    /// The id of a body in the organisation tree.
    OrganisationId
}
id! {
    /// The id of a situation (情形) of an item.
    SituationId
}

/// One version of one item; what an application pins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemVersion {
    /// The item.
    pub id: ItemId,
    /// Its version, from 1.
    pub version: u32,
}

impl fmt::Display for ItemVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}
