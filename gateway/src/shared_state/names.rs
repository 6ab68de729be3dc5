//! Names of keys and channels in Redis: tags under a secret of the installation, so that they tell nothing about applicants and
//! installations that share a server do not meet.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

/// Name under which the store keeps the secret of these names.
pub const SHARED_STATE_SECRET: &str = "shared-state-hmac";

/// Bytes of a tag that stand in a name: 128 bits do not meet by chance.
const TAG_BYTES: usize = 16;

/// Makes names; every node of an installation makes the same.
pub struct Names {
    key: hmac::Key,
}

impl Names {
    /// From the secret that the store keeps ([`SHARED_STATE_SECRET`]).
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// `tongban:{kind}:{tag of the parts}`; an ACL needs `~tongban:*` and `&tongban:*`.
    #[must_use]
    pub fn of(&self, kind: &str, parts: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(kind.as_bytes());
        for part in parts {
            // Keeps two splits of one text apart.
            context.update(&[0]);
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        let short = tag.as_ref().get(..TAG_BYTES).unwrap_or_default();
        format!("tongban:{kind}:{}", BASE64URL_NOPAD.encode(short))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_installations_own_and_tell_nothing() {
        let (names, other) = (Names::new(&[1; 32]), Names::new(&[2; 32]));
        let name = names.of("nonce", &["system", "n"]);
        assert_eq!(name, Names::new(&[1; 32]).of("nonce", &["system", "n"]));
        assert!(
            name.starts_with("tongban:nonce:") && name.len() == 14 + 22,
            "{name}"
        );
        for different in [
            other.of("nonce", &["system", "n"]),
            names.of("nonce", &["syste", "mn"]),
            names.of("tries", &["system", "n"]),
        ] {
            assert_ne!(name, different);
        }
    }
}
