//! The installation's own keys (回执签名密钥、查询码密钥): what a receipt is signed with and a query code is derived from.
//!
//! Nothing derived here is stored: a query code and a session cookie are recomputed from the number whenever they are shown.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use jiff::Timestamp;

/// Characters of a query code: 100 bits in base32 (RFC 4648, section 6).
pub const QUERY_CODE_LENGTH: usize = 20;

/// Name under which the store keeps the secret of receipts.
pub const RECEIPT_SECRET: &str = "receipt-ed25519";

/// Name under which the store keeps the secret of query codes and session cookies.
pub const QUERY_SECRET: &str = "query-code-hmac";

/// The keys of one installation; every node has the same.
pub struct InstallationKeys {
    pub(super) receipt: Ed25519KeyPair,
    query: hmac::Key,
}

impl std::fmt::Debug for InstallationKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InstallationKeys")
    }
}

impl InstallationKeys {
    /// From the two secrets that the store keeps ([`RECEIPT_SECRET`], [`QUERY_SECRET`]).
    ///
    /// # Errors
    /// The secret is no Ed25519 seed (RFC 8032, section 5.1.5): no 32 bytes are refused in practice.
    pub fn new(receipt_seed: &[u8; 32], query_secret: &[u8; 32]) -> Result<Self, KeyRejected> {
        Ok(Self {
            receipt: Ed25519KeyPair::from_seed_unchecked(receipt_seed)?,
            query: hmac::Key::new(hmac::HMAC_SHA256, query_secret),
        })
    }

    /// The query code (查询码) of an application.
    #[must_use]
    pub fn query_code(&self, application_no: &str) -> String {
        let tag = self.tag("query-code", &[application_no]);
        let mut code = BASE32_NOPAD.encode(tag.as_ref());
        code.truncate(QUERY_CODE_LENGTH);
        code
    }

    /// Whether this is the query code of the application, in constant time; case, spaces and hyphens of hand-copied codes do not matter.
    #[must_use]
    pub fn is_query_code(&self, application_no: &str, shown: &str) -> bool {
        let kept = shown.chars().filter(|c| !matches!(c, ' ' | '-'));
        let shown: String = kept
            .take(QUERY_CODE_LENGTH + 1)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let right = self.query_code(application_no);
        verify_slices_are_equal(right.as_bytes(), shown.as_bytes()).is_ok()
    }

    /// The value of a session cookie: good for this application alone, until `until` (whole seconds).
    #[must_use]
    pub fn session(&self, application_no: &str, until: Timestamp) -> String {
        let until = until.as_second().to_string();
        let tag = self.tag("session", &[application_no, &until]);
        let tag = BASE64URL_NOPAD.encode(tag.as_ref());
        format!("{application_no}.{until}.{tag}")
    }

    /// The application that a session cookie is good for at `now`.
    #[must_use]
    pub fn session_application(&self, cookie: &str, now: Timestamp) -> Option<String> {
        // From the right: a number of a local scheme may hold full stops itself.
        let mut parts = cookie.rsplitn(3, '.');
        let (tag, until, no) = (parts.next()?, parts.next()?, parts.next()?);
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
        let right = self.tag("session", &[no, until]);
        verify_slices_are_equal(right.as_ref(), &tag).ok()?;
        (until.parse::<i64>().ok()? > now.as_second()).then(|| no.to_owned())
    }

    /// The idempotency key of a page's form that was drawn at `at` (whole seconds); `random` is a capability of its own.
    #[must_use]
    pub fn form_key(&self, random: &str, at: Timestamp) -> String {
        let at = at.as_second().to_string();
        let tag = BASE64URL_NOPAD.encode(self.tag("form", &[&at, random]).as_ref());
        format!("{at}.{random}.{tag}")
    }

    /// When the form of a key was drawn; `None` for a key that is none of ours.
    #[must_use]
    pub fn form_drawn(&self, key: &str) -> Option<Timestamp> {
        let mut parts = key.splitn(3, '.');
        let (at, random, tag) = (parts.next()?, parts.next()?, parts.next()?);
        let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
        let right = self.tag("form", &[at, random]);
        verify_slices_are_equal(right.as_ref(), &tag).ok()?;
        Timestamp::from_second(at.parse().ok()?).ok()
    }

    /// The public key of receipts, 32 bytes.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.receipt.public_key().as_ref()
    }

    /// A tag over a purpose and its parts; a zero byte between them keeps two splits of one text apart.
    fn tag(&self, purpose: &str, parts: &[&str]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.query);
        context.update(purpose.as_bytes());
        for part in parts {
            context.update(&[0]);
            context.update(part.as_bytes());
        }
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> InstallationKeys {
        InstallationKeys::new(&[7; 32], &[9; 32]).unwrap()
    }

    #[test]
    fn a_query_code_is_a_hundred_bits_of_its_number() {
        let code = keys().query_code("A");
        assert_eq!(code.len(), QUERY_CODE_LENGTH);
        assert_eq!(code, keys().query_code("A"));
        assert_ne!(code, keys().query_code("B"));
        let other = InstallationKeys::new(&[7; 32], &[8; 32]).unwrap();
        assert_ne!(code, other.query_code("A"));
    }

    #[test]
    fn a_query_code_copied_by_hand_is_known_and_any_other_is_not() {
        let code = keys().query_code("A");
        let by_hand = format!("{}-{} ", &code[..4].to_lowercase(), &code[4..]);
        assert!(keys().is_query_code("A", &by_hand));
        for wrong in ["", &code[1..], &format!("{code}A"), &keys().query_code("B")] {
            assert!(!keys().is_query_code("A", wrong), "{wrong}");
        }
    }

    #[test]
    fn a_form_key_says_when_its_form_was_drawn_and_cannot_be_made_up() {
        let at = Timestamp::from_second(1000).unwrap();
        let key = keys().form_key("ab12", at);
        assert_eq!(keys().form_drawn(&key), Some(at));
        for forged in [
            key.replace("1000.", "9000."),
            key.replace("ab12", "ab13"),
            "1000.ab12.".to_owned(),
            String::new(),
            keys().session("A1", at),
        ] {
            assert_eq!(keys().form_drawn(&forged), None, "{forged}");
        }
    }

    #[test]
    fn a_session_is_good_for_one_application_until_its_time() {
        let until = Timestamp::from_second(1000).unwrap();
        let cookie = keys().session("A1", until);
        let at = |s| keys().session_application(&cookie, Timestamp::from_second(s).unwrap());
        assert_eq!(at(999).as_deref(), Some("A1"));
        assert_eq!(at(1000), None);
        let forged = cookie.replace("A1", "A2");
        assert_eq!(
            keys().session_application(&forged, Timestamp::UNIX_EPOCH),
            None
        );
        let longer = cookie.replace(".1000.", ".9000.");
        assert_eq!(
            keys().session_application(&longer, Timestamp::UNIX_EPOCH),
            None
        );
    }
}
