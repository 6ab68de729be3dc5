//! What is asked of the hall, and in which proportion.

use serde::Serialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// A kind of request that is measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST /api/v1/applications`; its response time includes its uploads.
    Application,
    /// `GET /api/v1/applications/{no}`.
    Status,
    /// A request through `/systems/{id}/`.
    PassThrough,
    /// `POST /api/v1/materials`, as part of an application.
    Upload,
    /// An application sent again under its key.
    Repeat,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Application,
        Self::Status,
        Self::PassThrough,
        Self::Upload,
        Self::Repeat,
    ];

    /// Those that have a due time of their own; the others are parts of an application.
    pub const DUE: [Self; 3] = [Self::Application, Self::Status, Self::PassThrough];

    /// As it is written in conditions and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Status => "status",
            Self::PassThrough => "pass_through",
            Self::Upload => "upload",
            Self::Repeat => "repeat",
        }
    }
}

/// Shares of the operations with a due time, as in `applications=1,status=8,pass-through=1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    shares: BTreeMap<Operation, u32>,
    total: u64,
}

/// A mix that says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MixError {
    /// Not `name=share`.
    #[error(
        "`{0}` is no share: write applications=N, status=N or pass-through=N with a whole number"
    )]
    Share(String),
    /// All shares are zero.
    #[error("a mix needs at least one share above zero")]
    Nothing,
}

impl Mix {
    /// One operation alone.
    #[must_use]
    pub fn only(operation: Operation) -> Self {
        Self {
            shares: BTreeMap::from([(operation, 1)]),
            total: 1,
        }
    }

    /// Whether it has any of this.
    #[must_use]
    pub fn has(&self, operation: Operation) -> bool {
        self.shares.contains_key(&operation)
    }

    /// The operation at a place drawn evenly from all of `u64`.
    #[must_use]
    pub fn at(&self, drawn: u64) -> Operation {
        let mut left = drawn % self.total.max(1);
        for (operation, share) in &self.shares {
            match left.checked_sub(u64::from(*share)) {
                Some(rest) => left = rest,
                None => return *operation,
            }
        }
        Operation::Status
    }
}

impl FromStr for Mix {
    type Err = MixError;

    fn from_str(text: &str) -> Result<Self, MixError> {
        let mut shares = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let wrong = || MixError::Share(part.to_owned());
            let (name, share) = part.split_once('=').ok_or_else(wrong)?;
            let operation = match name.trim() {
                "applications" | "application" => Operation::Application,
                "status" => Operation::Status,
                "pass-through" | "pass_through" => Operation::PassThrough,
                _ => return Err(wrong()),
            };
            let share: u32 = share.trim().parse().map_err(|_| wrong())?;
            if share > 0 && shares.insert(operation, share).is_some() {
                return Err(wrong());
            }
        }
        let total = shares.values().map(|share| u64::from(*share)).sum();
        if total == 0 {
            return Err(MixError::Nothing);
        }
        Ok(Self { shares, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_gives_each_operation_its_share() {
        let mix: Mix = "applications=2, status=7,pass-through=1".parse().unwrap();
        let drawn: Vec<_> = (0..1_000).map(|n| mix.at(n)).collect();
        let count = |wanted| drawn.iter().filter(|o| **o == wanted).count();
        assert_eq!(count(Operation::Application), 200);
        assert_eq!(count(Operation::Status), 700);
        assert_eq!(count(Operation::PassThrough), 100);
        assert!(
            !"status=1,applications=0"
                .parse::<Mix>()
                .unwrap()
                .has(Operation::Application)
        );
    }

    #[test]
    fn what_is_no_mix_is_refused() {
        for text in ["status", "status=-1", "uploads=1", "status=1,status=2"] {
            assert!(
                matches!(text.parse::<Mix>(), Err(MixError::Share(_))),
                "{text}"
            );
        }
        for text in ["", "status=0"] {
            assert_eq!(text.parse::<Mix>(), Err(MixError::Nothing), "{text}");
        }
    }
}
