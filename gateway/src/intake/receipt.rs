//! The receipt (回执): a signed promise that the hall has taken an application, verifiable offline.
//!
//! A compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037). Ed25519 signs deterministically and every part of the payload
//! is fixed at submission, so the same application has the same receipt, byte for byte, however often it is asked for. What
//! the form and the materials were is fixed in the first event (`applied`) of each case: a later supplement does not touch it.

use super::json::canonical_digest;
use super::keys::InstallationKeys;
use super::signed::RECEIPT_TYPE;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tongban_adapters::canonical::{MaterialFact, Remark};

/// What a receipt promises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The application's number.
    pub application_no: String,
    /// When it was taken.
    pub submitted_at: Timestamp,
    /// Each case.
    pub cases: Vec<PromisedCase>,
}

/// What is promised for one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromisedCase {
    /// Its number.
    pub case_no: String,
    /// The item's code as applied for.
    pub item_code: String,
    /// Pinned version of the item.
    pub item_version: u32,
    /// What was handed in.
    #[serde(flatten)]
    pub content: ContentDigests,
}

/// Digests of what was handed in, lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentDigests {
    /// SHA-256 of the form in canonical JSON (names sorted, no white space).
    pub form_sha256: String,
    /// SHA-256 over one line `seq sha256\n` a material, in the order of `seq`, then of the digests.
    pub materials_sha256: String,
}

impl ContentDigests {
    /// Of a form and its materials.
    #[must_use]
    pub fn of(form: &Value, materials: &[MaterialFact]) -> Self {
        let mut lines: Vec<_> = materials.iter().map(|m| (m.seq, &m.sha256)).collect();
        lines.sort();
        let text: String = lines
            .iter()
            .map(|(seq, sha)| format!("{seq} {sha}\n"))
            .collect();
        Self {
            form_sha256: HEXLOWER.encode(&canonical_digest(form)),
            materials_sha256: HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref()),
        }
    }

    /// As the remark of the first event, where they stay as they were.
    #[must_use]
    pub fn into_remark(self) -> Remark {
        let Self {
            form_sha256,
            materials_sha256,
        } = self;
        Remark {
            note: Some(format!(
                "form sha256 {form_sha256}, materials sha256 {materials_sha256}"
            )),
        }
    }

    /// Read back from the remark of the first event; `None` when it is not one of [`ContentDigests::into_remark`].
    #[must_use]
    pub fn from_remark(remark: &Remark) -> Option<Self> {
        let note = remark.note.as_deref()?.strip_prefix("form sha256 ")?;
        let (form, materials) = note.split_once(", materials sha256 ")?;
        let is_digest = |text: &str| {
            HEXLOWER
                .decode(text.as_bytes())
                .is_ok_and(|d| d.len() == 32)
        };
        (is_digest(form) && is_digest(materials)).then(|| Self {
            form_sha256: form.to_owned(),
            materials_sha256: materials.to_owned(),
        })
    }
}

/// Why a receipt is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not three parts of base64url, or not the header of a receipt.
    #[error("this is no receipt of the hall")]
    NotAReceipt,
    /// The signature is not of this key.
    #[error("the receipt's signature does not hold: it was changed, or signed with another key")]
    Signature,
}

impl InstallationKeys {
    /// The receipt of a promise.
    #[must_use]
    pub fn receipt(&self, promise: &Promise) -> String {
        let payload = serde_json::to_vec(promise).unwrap_or_default();
        self.signed(RECEIPT_TYPE, &payload)
    }
}

/// Verifies a receipt with nothing but the published key (32 bytes), as a citizen's own tool would.
///
/// # Errors
/// [`ReceiptError`].
pub fn verify(receipt: &str, public_key: &[u8]) -> Result<Promise, ReceiptError> {
    let (signed, signature) = receipt.rsplit_once('.').ok_or(ReceiptError::NotAReceipt)?;
    let (header, payload) = signed.split_once('.').ok_or(ReceiptError::NotAReceipt)?;
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes());
    let header: Value = read(&decode(header).map_err(|_| ReceiptError::NotAReceipt)?)?;
    if header["alg"] != "EdDSA" {
        return Err(ReceiptError::NotAReceipt);
    }
    let signature = decode(signature).map_err(|_| ReceiptError::NotAReceipt)?;
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| ReceiptError::Signature)?;
    read(&decode(payload).map_err(|_| ReceiptError::NotAReceipt)?)
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, ReceiptError> {
    serde_json::from_slice(bytes).map_err(|_| ReceiptError::NotAReceipt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys() -> InstallationKeys {
        InstallationKeys::new(&[7; 32], &[9; 32]).unwrap()
    }

    fn promise() -> Promise {
        Promise {
            application_no: "N1".into(),
            submitted_at: "2017-06-05T01:30:00Z".parse().unwrap(),
            cases: vec![PromisedCase {
                case_no: "N1".into(),
                item_code: "I".into(),
                item_version: 3,
                content: ContentDigests::of(&json!({"project_name": "x"}), &[]),
            }],
        }
    }

    #[test]
    fn a_receipt_verifies_with_nothing_but_the_published_key() {
        let set = keys().jwk_set();
        let x = set["keys"][0]["x"].as_str().unwrap();
        let key = BASE64URL_NOPAD.decode(x.as_bytes()).unwrap();
        assert_eq!(verify(&keys().receipt(&promise()), &key), Ok(promise()));
    }

    #[test]
    fn a_replay_gives_the_same_bytes() {
        assert_eq!(keys().receipt(&promise()), keys().receipt(&promise()));
    }

    #[test]
    fn a_changed_receipt_or_another_key_is_refused() {
        let receipt = keys().receipt(&promise());
        let other = InstallationKeys::new(&[8; 32], &[9; 32]).unwrap();
        assert_eq!(
            verify(&receipt, other.public_key()),
            Err(ReceiptError::Signature)
        );
        let mut later = promise();
        later.submitted_at = "2017-06-05T01:30:01Z".parse().unwrap();
        let forged = keys().receipt(&later);
        let payload = forged.split('.').nth(1).unwrap();
        let mut parts: Vec<_> = receipt.split('.').collect();
        parts[1] = payload;
        assert_eq!(
            verify(&parts.join("."), keys().public_key()),
            Err(ReceiptError::Signature)
        );
        assert_eq!(
            verify("a.b", keys().public_key()),
            Err(ReceiptError::NotAReceipt)
        );
    }

    #[test]
    fn content_digests_survive_the_first_event() {
        let digests = ContentDigests::of(&json!({"a": 1}), &[]);
        let remark = digests.clone().into_remark();
        assert_eq!(ContentDigests::from_remark(&remark), Some(digests));
        assert_eq!(ContentDigests::from_remark(&Remark::default()), None);
    }
}
