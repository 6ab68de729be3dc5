//! Sealed values (密封字段): personal data as the database and the disk see it.
//!
//! Invariants: plain bytes become a [`Sealed<T>`] before they reach SQL, and SQL never compares or sorts by one; each value is
//! bound to its table, column and row, so a value that was moved or swapped does not open; every case, application and material
//! has a random data key of its own, stored only wrapped ([`keys`]), so that destroying the wrapped key erases what it sealed
//! while every hash over the stored bytes stays true. What must be found again is found by a keyed digest ([`Vault::digest`]).
//!
//! Cipher: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. Layout of a value: version (1 byte), nonce (12), ciphertext
//! and tag (16).

pub mod file;
pub mod keys;

pub use keys::{DataKey, KeyFileError, MasterKeys, Vault};

use super::StoreError;
use crate::entropy::Entropy;
use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use zeroize::Zeroizing;

/// Version of the layout, the first byte of every sealed value.
const VERSION: u8 = 1;
const HEAD: usize = 1 + NONCE_LEN;

/// A value of type `T` that only its data key opens. The only form in which personal data reaches SQL.
pub struct Sealed<T> {
    bytes: Vec<u8>,
    holds: PhantomData<fn() -> T>,
}

/// Where a sealed value lives; part of what the cipher authenticates.
#[derive(Debug, Clone)]
pub struct Place {
    table: &'static str,
    bound: Vec<u8>,
}

impl Place {
    /// The place `table`.`column` of the row with this key. The parts of the key are length-prefixed, so no two rows share a place.
    #[must_use]
    pub fn new(table: &'static str, column: &'static str, row: &[&[u8]]) -> Self {
        let mut bound = Vec::with_capacity(96);
        bound.push(VERSION);
        for part in [table.as_bytes(), column.as_bytes()]
            .iter()
            .chain(row.iter())
        {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bound.extend_from_slice(&length.to_be_bytes());
            bound.extend_from_slice(part);
        }
        Self { table, bound }
    }

    /// The table, for errors.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.table
    }

    fn broken(&self) -> StoreError {
        StoreError::Sealed { table: self.table }
    }
}

impl<T> Sealed<T> {
    /// Takes bytes that were stored before; whether they open shows when they are opened.
    #[must_use]
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            holds: PhantomData,
        }
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes to store, owned.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<T: Serialize> Sealed<T> {
    /// Seals a value as JSON.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when the value has no JSON form, [`StoreError::Unavailable`] when there is no randomness.
    pub fn seal(
        key: &DataKey,
        place: &Place,
        value: &T,
        entropy: &Entropy,
    ) -> Result<Self, StoreError> {
        let plain = Zeroizing::new(serde_json::to_vec(value).map_err(|_| place.broken())?);
        seal_bytes(key, place, &plain, entropy).map(Self::from_stored)
    }
}

impl<T: DeserializeOwned> Sealed<T> {
    /// Opens a value.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when the key, the place or the bytes are not those it was sealed with.
    pub fn open(&self, key: &DataKey, place: &Place) -> Result<T, StoreError> {
        let plain = open_bytes(key, place, &self.bytes)?;
        serde_json::from_slice(&plain).map_err(|_| place.broken())
    }
}

/// Seals bytes as they are (keys, exchange bytes).
///
/// # Errors
/// [`StoreError::Unavailable`] when there is no randomness.
pub fn seal_bytes(
    key: &DataKey,
    place: &Place,
    plain: &[u8],
    entropy: &Entropy,
) -> Result<Vec<u8>, StoreError> {
    let nonce = entropy
        .bytes::<NONCE_LEN>()
        .map_err(|e| StoreError::Unavailable(e.to_string()))?;
    let mut body = Vec::with_capacity(plain.len() + 16);
    body.extend_from_slice(plain);
    key.cipher()
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&place.bound),
            &mut body,
        )
        .map_err(|_| place.broken())?;
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&nonce);
    bytes.append(&mut body);
    Ok(bytes)
}

/// Opens bytes of [`seal_bytes`].
///
/// # Errors
/// [`StoreError::Sealed`] when the key, the place or the bytes are not those they were sealed with.
pub fn open_bytes(
    key: &DataKey,
    place: &Place,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let (Some(&VERSION), Some(nonce), Some(body)) =
        (sealed.first(), sealed.get(1..HEAD), sealed.get(HEAD..))
    else {
        return Err(place.broken());
    };
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| place.broken())?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = key
        .cipher()
        .open_in_place(nonce, Aad::from(&place.bound), &mut body)
        .map_err(|_| place.broken())?
        .len();
    body.truncate(length);
    Ok(body)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
    use super::*;

    fn place(row: &[u8]) -> Place {
        Place::new("case_record", "submission", &[row])
    }

    #[test]
    fn a_sealed_value_opens_at_its_own_place_alone() {
        let entropy = Entropy::system();
        let key = DataKey::fresh(&entropy).unwrap();
        let sealed = Sealed::seal(&key, &place(b"1"), &"张三".to_owned(), &entropy).unwrap();
        assert_eq!(sealed.open(&key, &place(b"1")).unwrap(), "张三");
        assert!(sealed.open(&key, &place(b"2")).is_err());
        let column = Place::new("case_record", "folded", &[b"1"]);
        assert!(sealed.open(&key, &column).is_err());
        let other = DataKey::fresh(&entropy).unwrap();
        assert!(sealed.open(&other, &place(b"1")).is_err());
    }

    #[test]
    fn parts_of_a_row_key_do_not_run_into_each_other() {
        let one = Place::new("t", "c", &[b"ab", b"c"]);
        let two = Place::new("t", "c", &[b"a", b"bc"]);
        assert_ne!(one.bound, two.bound);
    }

    #[test]
    fn a_changed_or_cut_value_never_opens() {
        let entropy = Entropy::system();
        let key = DataKey::fresh(&entropy).unwrap();
        let sealed = seal_bytes(&key, &place(b"1"), b"exchange", &entropy).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(
                open_bytes(&key, &place(b"1"), &changed).is_err(),
                "byte {at}"
            );
            assert!(
                open_bytes(&key, &place(b"1"), &sealed[..at]).is_err(),
                "cut {at}"
            );
        }
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let entropy = Entropy::system();
        let key = DataKey::fresh(&entropy).unwrap();
        let one = seal_bytes(&key, &place(b"1"), b"x", &entropy).unwrap();
        let two = seal_bytes(&key, &place(b"1"), b"x", &entropy).unwrap();
        assert_ne!(one, two);
    }
}
