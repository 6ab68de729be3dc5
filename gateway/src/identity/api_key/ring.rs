//! All keys as one immutable picture (密钥环): edge cores look into it, the control plane puts the next one in its place.

use super::holder::KeyHolder;
use super::text::{KeyText, TextFault};
use super::window::{KeyStanding, KeyWindow};
use crate::identity::Principal;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Seconds between two marks of use, so that cores do not write to one place at every request.
const MARK_EVERY_US: i64 = 60_000_000;

/// When a key was last used, as far as this process knows: µs since 1970, 0 for never.
#[derive(Debug, Default)]
pub struct Usage {
    seen: AtomicI64,
    /// What is written of it.
    written: AtomicI64,
}

impl Usage {
    fn mark(&self, now: Timestamp) {
        let now = now.as_microsecond();
        if now.saturating_sub(self.seen.load(Ordering::Relaxed)) >= MARK_EVERY_US {
            self.seen.store(now, Ordering::Relaxed);
        }
    }

    /// The last use, when it is `at_least_us` later than what is written of it.
    #[must_use]
    pub fn unwritten(&self, at_least_us: i64) -> Option<Timestamp> {
        let (seen, written) = (
            self.seen.load(Ordering::Relaxed),
            self.written.load(Ordering::Relaxed),
        );
        let due = seen > 0 && (written == 0 || seen.saturating_sub(written) >= at_least_us);
        due.then(|| Timestamp::from_microsecond(seen).ok())?
    }

    /// Notes that this use is written.
    pub fn wrote(&self, at: Timestamp) {
        self.written
            .fetch_max(at.as_microsecond(), Ordering::Relaxed);
    }
}

/// A key as the ring holds it.
#[derive(Debug, Clone)]
struct Held {
    digest: [u8; 32],
    window: KeyWindow,
    principal: Principal,
    usage: Arc<Usage>,
}

/// A key about to be put on a ring.
#[derive(Debug, Clone)]
pub struct RingKey {
    /// Public part.
    pub id: String,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    /// When it counts.
    pub window: KeyWindow,
    /// Whose it is.
    pub holder: KeyHolder,
    /// Its last use, as it is written.
    pub last_used_at: Option<Timestamp>,
}

/// Why a key was refused. The caller learns of [`RefusedKey::Malformed`] and [`RefusedKey::Mistyped`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedKey {
    /// It begins like a key and is none.
    #[error("the credential begins like a key and does not have the form of one")]
    Malformed,
    /// Its checksum does not fit.
    #[error("the key was mistyped or cut: its checksum does not fit")]
    Mistyped,
    /// There is no key of its id.
    #[error("there is no key of this id")]
    Unknown,
    /// Its id is known, its secret is another.
    #[error("the secret is not that of the key")]
    WrongSecret,
    /// It was revoked.
    #[error("the key was revoked")]
    Revoked,
    /// It has expired.
    #[error("the key has expired")]
    Expired,
    /// It does not count yet.
    #[error("the key does not count yet")]
    NotYet,
}

impl RefusedKey {
    /// The word in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Mistyped => "mistyped",
            Self::Unknown => "unknown",
            Self::WrongSecret => "wrong_secret",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
        }
    }
}

/// A refusal with the key it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: RefusedKey,
    /// The key's id, when its whole secret was shown: nobody else makes it appear in a log.
    pub proven_id: Option<String>,
}

impl Refused {
    fn of(reason: RefusedKey) -> Self {
        Self {
            reason,
            proven_id: None,
        }
    }
}

/// All keys.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: HashMap<String, Held>,
}

impl KeyRing {
    /// A ring of these keys; what is known of their use by `before` goes on.
    #[must_use]
    pub fn new(keys: Vec<RingKey>, before: &Self) -> Self {
        let held = |key: RingKey| {
            let usage = match before.keys.get(&key.id) {
                Some(held) => Arc::clone(&held.usage),
                None => Arc::default(),
            };
            if let Some(at) = key.last_used_at {
                usage.wrote(at);
            }
            let held = Held {
                digest: key.digest,
                window: key.window,
                principal: key.holder.principal(),
                usage,
            };
            (key.id, held)
        };
        Self {
            keys: keys.into_iter().map(held).collect(),
        }
    }

    /// Who shows this key at `now`; marks its use.
    ///
    /// # Errors
    /// [`Refused`]. Whether a known key has ended is said only of one whose secret was shown.
    pub fn principal(&self, text: &str, now: Timestamp) -> Result<Principal, Refused> {
        let key = KeyText::read(text).map_err(|fault| {
            Refused::of(match fault {
                TextFault::Form => RefusedKey::Malformed,
                TextFault::Checksum => RefusedKey::Mistyped,
            })
        })?;
        let held = self
            .keys
            .get(key.id())
            .ok_or(Refused::of(RefusedKey::Unknown))?;
        verify_slices_are_equal(&held.digest, &key.digest())
            .map_err(|_| Refused::of(RefusedKey::WrongSecret))?;
        let ended = match held.window.standing(now) {
            KeyStanding::Valid => {
                held.usage.mark(now);
                return Ok(held.principal.clone());
            }
            KeyStanding::NotYet => RefusedKey::NotYet,
            KeyStanding::Expired => RefusedKey::Expired,
            KeyStanding::Revoked => RefusedKey::Revoked,
        };
        Err(Refused {
            reason: ended,
            proven_id: Some(key.id().to_owned()),
        })
    }

    /// What is known of the use of each key.
    pub fn usages(&self) -> impl Iterator<Item = (&str, &Usage)> {
        let each = self.keys.iter();
        each.map(|(id, held)| (id.as_str(), held.usage.as_ref()))
    }
}
