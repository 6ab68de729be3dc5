//! What the installation signs (签名文本): compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037), and how anybody verifies it with the
//! published keys. The `typ` of the header keeps receipts and audit roots apart.

use super::keys::InstallationKeys;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// The `typ` of a receipt.
pub const RECEIPT_TYPE: &str = "tongban-receipt+jwt";

/// Why a signed text is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Not three parts of base64url, or of another type.
    #[error("this is no signed text of this kind")]
    NotOurs,
    /// Signed with a key that is not among those given.
    #[error("it is signed with a key that is not among the published ones")]
    UnknownKey,
    /// The signature does not hold.
    #[error("the signature does not hold: it was changed, or signed with another key")]
    Signature,
}

impl InstallationKeys {
    /// A payload under the installation's signature.
    #[must_use]
    pub fn signed(&self, typ: &str, payload: &[u8]) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.key_id(), "typ": typ});
        let mut text = BASE64URL_NOPAD.encode(header.to_string().as_bytes());
        text.push('.');
        BASE64URL_NOPAD.encode_append(payload, &mut text);
        let signature = self.receipt.sign(text.as_bytes());
        text.push('.');
        BASE64URL_NOPAD.encode_append(signature.as_ref(), &mut text);
        text
    }

    /// The published key as a JWK set (RFC 7517, RFC 8037).
    #[must_use]
    pub fn jwk_set(&self) -> Value {
        json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": self.key_id(), "x": BASE64URL_NOPAD.encode(self.public_key()),
        }]})
    }

    /// The key's thumbprint (RFC 7638).
    fn key_id(&self) -> String {
        thumbprint(self.public_key())
    }
}

/// The thumbprint of an Ed25519 key (RFC 7638, RFC 8037, appendix A.3).
fn thumbprint(public_key: &[u8]) -> String {
    let x = BASE64URL_NOPAD.encode(public_key);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    BASE64URL_NOPAD.encode(digest(&SHA256, members.as_bytes()).as_ref())
}

/// Keys that the hall has published, as whoever verifies has them.
#[derive(Debug, Clone, Default)]
pub struct PublishedKeys {
    keys: Vec<(String, Vec<u8>)>,
}

impl PublishedKeys {
    /// The key of an installation itself.
    #[must_use]
    pub fn of(keys: &InstallationKeys) -> Self {
        let public = keys.public_key().to_vec();
        Self {
            keys: vec![(thumbprint(&public), public)],
        }
    }

    /// The Ed25519 keys of a JWK set; others are passed over. A key goes by its own thumbprint, whatever its `kid` says.
    #[must_use]
    pub fn of_jwk_set(set: &Value) -> Self {
        let each = set["keys"].as_array().into_iter().flatten();
        let keys = each
            .filter(|key| key["kty"] == "OKP" && key["crv"] == "Ed25519")
            .filter_map(|key| BASE64URL_NOPAD.decode(key["x"].as_str()?.as_bytes()).ok())
            .filter(|public| public.len() == 32)
            .map(|public| (thumbprint(&public), public))
            .collect();
        Self { keys }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The payload of a text of this type that one of the keys has signed.
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn open(&self, text: &str, typ: &str) -> Result<Vec<u8>, SignedError> {
        let decode = |part: &str| {
            BASE64URL_NOPAD
                .decode(part.as_bytes())
                .map_err(|_| SignedError::NotOurs)
        };
        let (signed, signature) = text.rsplit_once('.').ok_or(SignedError::NotOurs)?;
        let (header, payload) = signed.split_once('.').ok_or(SignedError::NotOurs)?;
        let header: Value =
            serde_json::from_slice(&decode(header)?).map_err(|_| SignedError::NotOurs)?;
        if header["alg"] != "EdDSA" || header["typ"] != typ {
            return Err(SignedError::NotOurs);
        }
        let (_, public) = self
            .keys
            .iter()
            .find(|(id, _)| header["kid"] == id.as_str())
            .ok_or(SignedError::UnknownKey)?;
        UnparsedPublicKey::new(&ED25519, public)
            .verify(signed.as_bytes(), &decode(signature)?)
            .map_err(|_| SignedError::Signature)?;
        decode(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(seed: u8) -> InstallationKeys {
        InstallationKeys::new(&[seed; 32], &[9; 32]).unwrap()
    }

    #[test]
    fn what_is_signed_opens_with_the_published_keys_and_as_nothing_else() {
        let text = keys(7).signed("a+jwt", b"{}");
        let published = PublishedKeys::of_jwk_set(&keys(7).jwk_set());
        assert_eq!(published.open(&text, "a+jwt"), Ok(b"{}".to_vec()));
        assert_eq!(published.open(&text, "b+jwt"), Err(SignedError::NotOurs));
        let other = PublishedKeys::of(&keys(8));
        assert_eq!(other.open(&text, "a+jwt"), Err(SignedError::UnknownKey));
        let mut parts: Vec<&str> = text.split('.').collect();
        parts[1] = "e30x";
        assert_eq!(
            published.open(&parts.join("."), "a+jwt"),
            Err(SignedError::Signature)
        );
        assert_eq!(published.open("a.b", "a+jwt"), Err(SignedError::NotOurs));
    }

    #[test]
    fn a_key_of_another_name_is_not_taken_for_ours() {
        let mut set = keys(8).jwk_set();
        set["keys"][0]["kid"] = keys(7).jwk_set()["keys"][0]["kid"].clone();
        let text = keys(7).signed("a+jwt", b"{}");
        let named = PublishedKeys::of_jwk_set(&set);
        assert_eq!(named.open(&text, "a+jwt"), Err(SignedError::UnknownKey));
    }
}
