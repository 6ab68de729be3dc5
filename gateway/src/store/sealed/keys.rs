//! Keys: master keys of the installation, data keys of cases, and the digest key by which sealed values are found.
//!
//! A master key wraps data keys and nothing else but what has no case (installation secrets, messages of unknown cases). With
//! random nonces one master key must not wrap more than 2^32 values (NIST SP 800-38D, 8.3); replace it before.

use super::{Place, open_bytes, seal_bytes};
use crate::entropy::Entropy;
use crate::store::StoreError;
use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use aws_lc_rs::hmac;
use std::io::Write;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a key: AES-256.
pub const KEY_LEN: usize = 32;
/// Bytes of a master key's id in front of what it wrapped.
const ID_LEN: usize = 8;

/// A data key: random, 256 bits. Its bytes are overwritten when it is dropped.
pub struct DataKey {
    bytes: Zeroizing<[u8; KEY_LEN]>,
    cipher: LessSafeKey,
}

impl DataKey {
    /// A fresh key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no randomness.
    pub fn fresh(entropy: &Entropy) -> Result<Self, StoreError> {
        let bytes = entropy
            .bytes::<KEY_LEN>()
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        Self::from_bytes(&bytes)
    }

    /// The key of these bytes, which must be [`KEY_LEN`] long.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when they are not.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let refused = || StoreError::Sealed { table: "data key" };
        let bytes = Zeroizing::new(<[u8; KEY_LEN]>::try_from(bytes).map_err(|_| refused())?);
        let key = UnboundKey::new(&AES_256_GCM, bytes.as_slice()).map_err(|_| refused())?;
        Ok(Self {
            bytes,
            cipher: LessSafeKey::new(key),
        })
    }

    /// The same key once more, for a second reader.
    ///
    /// # Errors
    /// As [`DataKey::from_bytes`].
    pub fn duplicate(&self) -> Result<Self, StoreError> {
        Self::from_bytes(self.bytes.as_slice())
    }

    pub(super) fn cipher(&self) -> &LessSafeKey {
        &self.cipher
    }

    /// What tells files of one id apart that were sealed under different keys: 32 hexadecimal digits that tell nothing of the key
    /// (HMAC-SHA256, cut to 128 bits).
    #[must_use]
    pub fn file_tag(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_slice());
        let tag = hmac::sign(&key, b"tongban file tag");
        let half = tag.as_ref().get(..16).unwrap_or_default();
        data_encoding::HEXLOWER.encode(half)
    }

    /// Wraps another key under this one (a material's key under its case's).
    ///
    /// # Errors
    /// As [`seal_bytes`].
    pub fn wrap(
        &self,
        place: &Place,
        key: &DataKey,
        entropy: &Entropy,
    ) -> Result<Vec<u8>, StoreError> {
        seal_bytes(self, place, key.bytes.as_slice(), entropy)
    }

    /// Unwraps a key of [`DataKey::wrap`].
    ///
    /// # Errors
    /// As [`open_bytes`].
    pub fn unwrap_key(&self, place: &Place, wrapped: &[u8]) -> Result<DataKey, StoreError> {
        Self::from_bytes(&open_bytes(self, place, wrapped)?)
    }
}

/// The installation's master keys: the first wraps, all unwrap (older ones stay until what they wrapped is wrapped anew).
pub struct MasterKeys {
    ring: Vec<([u8; ID_LEN], DataKey)>,
}

/// A master key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("master key file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not a key.
    #[error(
        "master key file {path}, line {line}: not 64 hexadecimal digits; one key a line, the newest first"
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// It holds no key.
    #[error(
        "master key file {path} holds no key; restore it from its backup, without it nothing that is sealed opens"
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Others may read it.
    #[error("master key file {path} may be read by others (mode {mode:o}); set it to 600")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// No randomness for a fresh key.
    #[error(transparent)]
    Entropy(#[from] crate::entropy::EntropyError),
}

impl MasterKeys {
    /// Master keys from bytes: the current one, and older ones that still open what they wrapped.
    #[must_use]
    pub fn new(current: [u8; KEY_LEN], older: &[[u8; KEY_LEN]]) -> Option<Self> {
        let mut ring = Vec::with_capacity(1 + older.len());
        for bytes in std::iter::once(&current).chain(older) {
            let bytes = Zeroizing::new(*bytes);
            ring.push((
                key_id(bytes.as_slice()),
                DataKey::from_bytes(bytes.as_slice()).ok()?,
            ));
        }
        Some(Self { ring })
    }

    /// Reads a key file: a key a line in hexadecimal, the newest first, `#` begins a comment. Refuses a file that others may read.
    ///
    /// # Errors
    /// [`KeyFileError`], naming the file.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        refuse_open_file(path)?;
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(io)?);
        let mut ring = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let word = line.split('#').next().unwrap_or_default().trim();
            if word.is_empty() {
                continue;
            }
            let bad = || KeyFileError::Line {
                path: path.to_owned(),
                line: index + 1,
            };
            let bytes = Zeroizing::new(
                data_encoding::HEXLOWER_PERMISSIVE
                    .decode(word.as_bytes())
                    .map_err(|_| bad())?,
            );
            ring.push((
                key_id(&bytes),
                DataKey::from_bytes(&bytes).map_err(|_| bad())?,
            ));
        }
        if ring.is_empty() {
            return Err(KeyFileError::Empty {
                path: path.to_owned(),
            });
        }
        Ok(Self { ring })
    }

    /// Creates a key file with one fresh key, mode 0600, synced with its folder. Never overwrites.
    ///
    /// # Errors
    /// [`KeyFileError`], naming the file; also when it is there already.
    pub fn create(path: &Path, entropy: &Entropy) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        };
        let bytes = Zeroizing::new(entropy.bytes::<KEY_LEN>()?);
        let line = Zeroizing::new(format!(
            "# Tongban master keys, the newest first. Back this file up: nothing opens without it.\n{}\n",
            data_encoding::HEXLOWER.encode(bytes.as_slice())
        ));
        // Complete before it has its name, and never in another's place: a crash leaves no half key file.
        let fresh = path.with_extension("new");
        let mut file = owner_only().open(&fresh).map_err(io)?;
        file.write_all(line.as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        std::fs::hard_link(&fresh, path).map_err(io)?;
        std::fs::remove_file(&fresh).map_err(io)?;
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::File::open(folder)
                .and_then(|f| f.sync_all())
                .map_err(io)?;
        }
        Self::read(path)
    }

    /// Reads the key file, or creates it when `path` does not exist.
    ///
    /// # Errors
    /// As [`MasterKeys::read`] and [`MasterKeys::create`].
    pub fn read_or_create(path: &Path, entropy: &Entropy) -> Result<Self, KeyFileError> {
        if path.exists() {
            Self::read(path)
        } else {
            Self::create(path, entropy)
        }
    }

    fn current(&self) -> Result<&([u8; ID_LEN], DataKey), StoreError> {
        self.ring.first().ok_or(StoreError::Sealed {
            table: "master key",
        })
    }
}

fn owner_only() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn refuse_open_file(path: &Path) -> Result<(), KeyFileError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let found = std::fs::metadata(path).map_err(|source| KeyFileError::Io {
            path: path.to_owned(),
            source,
        })?;
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Open {
                path: path.to_owned(),
                mode,
            });
        }
    }
    Ok(())
}

/// A key's id tells nothing of the key: the first bytes of an HMAC under it.
fn key_id(bytes: &[u8]) -> [u8; ID_LEN] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
    let tag = hmac::sign(&key, b"tongban master key id");
    let mut id = [0; ID_LEN];
    id.copy_from_slice(tag.as_ref().get(..ID_LEN).unwrap_or(&[0; ID_LEN]));
    id
}

/// Everything that seals and finds: master keys, the digest key, randomness.
pub struct Vault {
    masters: MasterKeys,
    digester: hmac::Key,
    entropy: Entropy,
}

impl Vault {
    /// A vault. `digest_key` is the installation's own, kept sealed in the store so that it outlives every master key.
    #[must_use]
    pub fn new(masters: MasterKeys, digest_key: &[u8; KEY_LEN], entropy: Entropy) -> Self {
        Self {
            masters,
            digester: hmac::Key::new(hmac::HMAC_SHA256, digest_key),
            entropy,
        }
    }

    /// The randomness that seals draw from.
    #[must_use]
    pub fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    /// Keyed digest (HMAC-SHA256) of parts under a word for what they are: equal values are found, no value is guessed without the key.
    #[must_use]
    pub fn digest(&self, what: &str, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.digester);
        for part in std::iter::once(&what.as_bytes()).chain(parts) {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }

    /// A fresh data key and its wrapped form for `place`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no randomness.
    pub fn fresh_key(&self, place: &Place) -> Result<(DataKey, Vec<u8>), StoreError> {
        let key = DataKey::fresh(&self.entropy)?;
        let wrapped = self.wrap(place, key.bytes.as_slice())?;
        Ok((key, wrapped))
    }

    /// Opens a wrapped data key; `None` is a destroyed one.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when it was destroyed, or no master key of the ring wrapped it.
    pub fn open_key(&self, place: &Place, wrapped: Option<&[u8]>) -> Result<DataKey, StoreError> {
        let wrapped = wrapped.ok_or(StoreError::Sealed {
            table: place.table(),
        })?;
        DataKey::from_bytes(&self.unwrap(place, wrapped)?)
    }

    /// Seals bytes under the current master key, which is named in front of them.
    ///
    /// # Errors
    /// As [`seal_bytes`].
    pub fn wrap(&self, place: &Place, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        wrap(&self.masters, place, plain, &self.entropy)
    }

    /// Opens bytes of [`Vault::wrap`].
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when no master key of the ring opens them.
    pub fn unwrap(&self, place: &Place, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        unwrap(&self.masters, place, wrapped)
    }
}

/// [`Vault::wrap`] before there is a vault: for the digest key itself.
///
/// # Errors
/// As [`seal_bytes`].
pub fn wrap(
    masters: &MasterKeys,
    place: &Place,
    plain: &[u8],
    entropy: &Entropy,
) -> Result<Vec<u8>, StoreError> {
    let (id, key) = masters.current()?;
    let mut bytes = id.to_vec();
    bytes.append(&mut seal_bytes(key, place, plain, entropy)?);
    Ok(bytes)
}

/// [`Vault::unwrap`] before there is a vault.
///
/// # Errors
/// [`StoreError::Sealed`] when no master key of the ring opens them.
pub fn unwrap(
    masters: &MasterKeys,
    place: &Place,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let refused = || StoreError::Sealed {
        table: place.table(),
    };
    let (id, sealed) = wrapped.split_at_checked(ID_LEN).ok_or_else(refused)?;
    let (_, key) = masters
        .ring
        .iter()
        .find(|(known, _)| known == id)
        .ok_or_else(refused)?;
    open_bytes(key, place, sealed)
}
