//! The form in which a key is shown and sent: `tb_<id>_<secret>_<checksum>`, all in lower-case hexadecimal.
//!
//! One fixed prefix, one fixed length and no character at which a double click stops, so that secret scanners find a key by a pattern
//! (docs/operations/credentials.md) and people copy all of it. The checksum tells a slip of the pen from a wrong key without a look-up;
//! it is made from the rest of the text and known to whoever has that anyway. After GitHub's tokens:
//! <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

/// What every key begins with.
pub const PREFIX: &str = "tb_";
/// Random bytes of an id.
pub const ID_LEN: usize = 8;
/// Random bytes of a secret.
pub const SECRET_LEN: usize = 32;
/// Bytes of the checksum: one slip in four thousand million goes unnoticed here, and is a wrong key then.
const CHECKSUM_LEN: usize = 4;
/// Characters of a key.
pub const TEXT_LEN: usize = PREFIX.len() + 2 * (ID_LEN + SECRET_LEN + CHECKSUM_LEN) + 2;

/// A key as it was shown to its holder.
pub struct KeyText {
    id: String,
    secret: Zeroizing<[u8; SECRET_LEN]>,
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyText")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Not of the form.
    #[error(
        "a key is {TEXT_LEN} characters: {PREFIX}, the id, _, the secret, _, the checksum, in lower-case hexadecimal"
    )]
    Form,
    /// Of the form, but a character or more is not as it was shown.
    #[error("the key's checksum does not fit: it was mistyped or cut")]
    Checksum,
}

impl KeyText {
    /// A new key from random bytes.
    #[must_use]
    pub fn new(id: [u8; ID_LEN], secret: [u8; SECRET_LEN]) -> Self {
        Self {
            id: HEXLOWER.encode(&id),
            secret: Zeroizing::new(secret),
        }
    }

    /// Reads a key as it is sent.
    ///
    /// # Errors
    /// [`TextFault`].
    pub fn read(text: &str) -> Result<Self, TextFault> {
        if text.len() != TEXT_LEN {
            return Err(TextFault::Form);
        }
        let rest = text.strip_prefix(PREFIX).ok_or(TextFault::Form)?;
        let (id, rest) = rest.split_once('_').ok_or(TextFault::Form)?;
        let (secret, sum) = rest.split_once('_').ok_or(TextFault::Form)?;
        let _: [u8; ID_LEN] = bytes(id)?;
        let key = Self {
            id: id.to_owned(),
            secret: Zeroizing::new(bytes(secret)?),
        };
        let sum: [u8; CHECKSUM_LEN] = bytes(sum)?;
        if sum == key.checksum() {
            Ok(key)
        } else {
            Err(TextFault::Checksum)
        }
    }

    /// The public part: names the key in lists, logs and audit records.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// All of it, to be shown once.
    #[must_use]
    pub fn shown(&self) -> Zeroizing<String> {
        let mut text = self.body();
        text.push('_');
        text.push_str(&HEXLOWER.encode(&self.checksum()));
        text
    }

    /// What is kept of it. Plain SHA-256: the secret is 32 random bytes, of which no guess of any length finds one; slow hashes are for
    /// secrets that people choose (OWASP Password Storage Cheat Sheet; NIST SP 800-63B-3, section 5.1.2.2: a look-up secret of 112
    /// bits or more needs an approved hash, and no salt or iterations).
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.secret.as_slice())
    }

    fn body(&self) -> Zeroizing<String> {
        let mut body = String::with_capacity(TEXT_LEN);
        body.push_str(PREFIX);
        body.push_str(&self.id);
        body.push('_');
        HEXLOWER.encode_append(self.secret.as_slice(), &mut body);
        Zeroizing::new(body)
    }

    fn checksum(&self) -> [u8; CHECKSUM_LEN] {
        let [a, b, c, d, ..] = sha256(self.body().as_bytes());
        [a, b, c, d]
    }
}

/// Whether a credential means to be a key of ours: others are for other readers.
#[must_use]
pub fn looks_like_one(credential: &[u8]) -> bool {
    credential.starts_with(PREFIX.as_bytes())
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

fn bytes<const N: usize>(hex: &str) -> Result<[u8; N], TextFault> {
    let mut out = [0; N];
    if hex.len() != 2 * N {
        return Err(TextFault::Form);
    }
    HEXLOWER
        .decode_mut(hex.as_bytes(), &mut out)
        .map_err(|_| TextFault::Form)?;
    Ok(out)
}
