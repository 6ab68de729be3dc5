//! The one source of randomness: handed down from `main` like the clock, so that nothing draws numbers behind a test's back.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use std::sync::Arc;

/// A handle to the operating system's random generator.
#[derive(Debug, Clone)]
pub struct Entropy {
    source: Arc<SystemRandom>,
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the operating system's random generator gave no bytes; check that /dev/urandom is readable"
)]
pub struct EntropyError;

impl Entropy {
    /// The system's generator.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that opens the system's generator"
    )]
    pub fn system() -> Self {
        Self {
            source: Arc::new(SystemRandom::new()),
        }
    }

    /// `N` random bytes.
    ///
    /// # Errors
    /// [`EntropyError`] when the operating system gives none.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], EntropyError> {
        let mut bytes = [0; N];
        self.source.fill(&mut bytes).map_err(|_| EntropyError)?;
        Ok(bytes)
    }

    /// A time-ordered unique id (UUID version 7, RFC 9562 section 5.7) at `now`.
    ///
    /// # Errors
    /// [`EntropyError`] when the operating system gives no bytes.
    pub fn uuid(&self, now: jiff::Timestamp) -> Result<uuid::Uuid, EntropyError> {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()?).into_uuid())
    }

    /// A 128-bit random capability in lower-case hex (32 characters), as material ids are.
    ///
    /// # Errors
    /// [`EntropyError`] when the operating system gives no bytes.
    pub fn capability(&self) -> Result<String, EntropyError> {
        Ok(data_encoding::HEXLOWER.encode(&self.bytes::<16>()?))
    }
}
