//! When a key counts, and what an operator may ask for.

use jiff::{SignedDuration, Timestamp};

/// How far the clocks of nodes may differ: a key counts so much before its time, so that the node next door does not refuse a new one.
/// Ends are kept to the microsecond.
pub const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(60);
/// How long a key counts when nothing is said.
pub const LIFETIME: SignedDuration = days(365);
/// The longest that a key may count.
pub const LIFETIME_MAX: SignedDuration = days(3 * 366);
/// How long a replaced key counts on when nothing is said.
pub const OVERLAP: SignedDuration = days(7);
/// The longest that a replaced key may count on.
pub const OVERLAP_MAX: SignedDuration = days(30);

const fn days(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n * 86_400)
}

/// From when to when a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyWindow {
    /// From here on.
    pub not_before: Timestamp,
    /// Not from here on.
    pub expires_at: Timestamp,
    /// Revoked: since when it counts no more, whatever the clock says.
    pub revoked_at: Option<Timestamp>,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStanding {
    /// It will count.
    NotYet,
    /// It counts.
    Valid,
    /// It counted.
    Expired,
    /// It was revoked.
    Revoked,
}

impl KeyStanding {
    /// The word in lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not_yet",
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A window that no key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowFault {
    /// It ends before it begins, or has ended.
    #[error("expires_at: later than now and than not_before")]
    Ends,
    /// It is too long, or too far ahead.
    #[error("expires_at: at most {} days from now", LIFETIME_MAX.as_hours() / 24)]
    TooLong,
    /// The overlap is too long.
    #[error("overlap_s: 0 to {}", OVERLAP_MAX.as_secs())]
    Overlap,
}

impl KeyWindow {
    /// The window of a new key: from now for a year, or as asked for.
    ///
    /// # Errors
    /// [`WindowFault`].
    pub fn new(
        now: Timestamp,
        not_before: Option<Timestamp>,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, WindowFault> {
        let not_before = not_before.unwrap_or(now).max(now);
        let expires_at = match expires_at {
            Some(at) => at,
            None => later(not_before, LIFETIME),
        };
        if expires_at <= not_before {
            return Err(WindowFault::Ends);
        }
        if expires_at > later(now, LIFETIME_MAX) {
            return Err(WindowFault::TooLong);
        }
        Ok(Self {
            not_before,
            expires_at,
            revoked_at: None,
        })
    }

    /// The window of the key that replaces this one: from now, for as long as this one was to count, or as asked.
    ///
    /// # Errors
    /// [`WindowFault`].
    pub fn next(&self, now: Timestamp, expires_at: Option<Timestamp>) -> Result<Self, WindowFault> {
        let lasting = self.expires_at.duration_since(self.not_before);
        Self::new(
            now,
            None,
            Some(expires_at.unwrap_or_else(|| later(now, lasting))),
        )
    }

    /// When a key that is replaced now ends: after the overlap, and never later than it would have anyway.
    ///
    /// # Errors
    /// [`WindowFault::Overlap`].
    pub fn end_of_replaced(
        &self,
        now: Timestamp,
        overlap: SignedDuration,
    ) -> Result<Timestamp, WindowFault> {
        if overlap.is_negative() || overlap > OVERLAP_MAX {
            return Err(WindowFault::Overlap);
        }
        Ok(later(now, overlap).min(self.expires_at))
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> KeyStanding {
        if self.revoked_at.is_some() {
            KeyStanding::Revoked
        } else if now >= self.expires_at {
            KeyStanding::Expired
        } else if later(now, CLOCKS_DIFFER) < self.not_before {
            KeyStanding::NotYet
        } else {
            KeyStanding::Valid
        }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
