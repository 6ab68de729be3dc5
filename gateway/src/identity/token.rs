//! Bearer tokens (JWT, RFC 7519) against a static key set (JWKS, RFC 7517): claims in, [`Principal`] out.
//!
//! One algorithm a key, so a token cannot choose how it is checked (RFC 8725, section 3.1); `exp` is required; `exp` and `nbf` are
//! compared with the one Clock, not with the library's wall clock. No error and no log line ever carries a token or a claim.

use super::{Principal, PrincipalKind, Role};
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Keys in one set; a static file has no reason for more.
pub const KEYS_MAX: usize = 64;

/// Bytes of a key set file.
const JWKS_BYTES_MAX: u64 = 256 * 1024;

/// How bearer tokens are checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// Key set file (JWKS).
    pub jwks: PathBuf,
    /// Who must have issued a token (`iss`).
    pub issuer: String,
    /// For whom it must be meant (`aud`).
    pub audience: String,
    /// Seconds by which clocks may differ.
    #[serde(default = "default_leeway_s")]
    pub leeway_s: u32,
    /// Bytes that a token may have.
    #[serde(default = "default_bytes_max")]
    pub bytes_max: usize,
}

fn default_leeway_s() -> u32 {
    60
}

fn default_bytes_max() -> usize {
    8 * 1024
}

/// The key set could not be used; nothing is served with it.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeysError {
    /// The file cannot be read.
    #[error(
        "cannot read the key set {path}: {source}; check `tokens.jwks` and the file's permissions"
    )]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a JWKS.
    #[error("the key set is not a JWKS (RFC 7517): {0}")]
    Format(#[from] serde_json::Error),
    /// Too large or too many keys.
    #[error("the key set is larger than {JWKS_BYTES_MAX} bytes or has more than {KEYS_MAX} keys")]
    TooLarge,
    /// No key at all.
    #[error("the key set has no key; add one with `kty` RSA, EC (P-256) or OKP (Ed25519)")]
    Empty,
    /// A key that is not RS256, ES256 or EdDSA.
    #[error("key {index} of the set is not for RS256, ES256 or EdDSA, or contradicts its `alg`")]
    Algorithm {
        /// Position from 0.
        index: usize,
    },
    /// A key without or with a repeated `kid`.
    #[error("key {index} of the set needs a `kid` of its own, because the set has several keys")]
    KeyId {
        /// Position from 0.
        index: usize,
    },
    /// A key whose numbers do not make a key.
    #[error("key {index} of the set cannot be used: its parameters do not make a public key")]
    Key {
        /// Position from 0.
        index: usize,
    },
    /// The verifier did not behave as it must.
    #[error(
        "the token self-test failed: a forged token was not refused as one; this build must not serve"
    )]
    SelfTest,
}

/// Why a token was refused. The answer to the caller is 401 in every case; the reason goes to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Longer than the bound.
    #[error("the token is larger than allowed")]
    TooLarge,
    /// Not a JWT, or without a claim that is required.
    #[error("the token is not a JWT with the required claims")]
    Malformed,
    /// No key with its `kid`.
    #[error("the token names no known key")]
    UnknownKey,
    /// `alg` is not the key's (among them `none`).
    #[error("the token's algorithm is not that of its key")]
    WrongAlgorithm,
    /// The signature does not match.
    #[error("the token's signature does not match")]
    Forged,
    /// Issuer or audience is another.
    #[error("the token comes from or is meant for someone else")]
    NotForUs,
    /// Past `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before `nbf`.
    #[error("the token is not valid yet")]
    NotYet,
}

struct TokenKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
    validation: Validation,
}

/// The keys that tokens are checked against; immutable.
pub struct TokenKeys {
    keys: Vec<TokenKey>,
    leeway_s: i64,
    bytes_max: usize,
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKeys")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    organisation: Option<String>,
}

impl TokenKeys {
    /// Reads the key set and tests the verifier once.
    ///
    /// # Errors
    /// [`TokenKeysError`], for a file that is not there, not a JWKS, or holds a key that cannot be used.
    pub fn load(settings: &TokenSettings) -> Result<Self, TokenKeysError> {
        let text = read_bounded(&settings.jwks)?;
        Self::from_jwks(&text, settings)
    }

    /// The same from text; `settings.jwks` is not read.
    ///
    /// # Errors
    /// As [`TokenKeys::load`].
    pub fn from_jwks(text: &str, settings: &TokenSettings) -> Result<Self, TokenKeysError> {
        let set: JwkSet = serde_json::from_str(text)?;
        if set.keys.len() > KEYS_MAX {
            return Err(TokenKeysError::TooLarge);
        }
        if set.keys.is_empty() {
            return Err(TokenKeysError::Empty);
        }
        let single = set.keys.len() == 1;
        let mut keys: Vec<TokenKey> = Vec::with_capacity(set.keys.len());
        for (index, jwk) in set.keys.iter().enumerate() {
            let id = jwk.common.key_id.clone();
            let known = keys.iter().any(|k| k.id == id);
            if (id.is_none() && !single) || known {
                return Err(TokenKeysError::KeyId { index });
            }
            let algorithm = algorithm_of(jwk).ok_or(TokenKeysError::Algorithm { index })?;
            let key = DecodingKey::from_jwk(jwk).map_err(|_| TokenKeysError::Key { index })?;
            keys.push(TokenKey {
                id,
                algorithm,
                key,
                validation: validation(algorithm, settings),
            });
        }
        let keys = Self {
            keys,
            leeway_s: i64::from(settings.leeway_s),
            bytes_max: settings.bytes_max,
        };
        keys.self_test()?;
        Ok(keys)
    }

    /// The principal of a token at `now`.
    ///
    /// # Errors
    /// [`TokenRefusal`]; the caller answers 401 whatever it is.
    pub fn principal(&self, token: &str, now: Timestamp) -> Result<Principal, TokenRefusal> {
        if token.len() > self.bytes_max {
            return Err(TokenRefusal::TooLarge);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|e| refusal(e.kind()))?;
        let key = self
            .key(header.kid.as_deref())
            .ok_or(TokenRefusal::UnknownKey)?;
        if header.alg != key.algorithm {
            return Err(TokenRefusal::WrongAlgorithm);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &key.key, &key.validation)
            .map_err(|e| refusal(e.kind()))?
            .claims;
        self.check_times(&claims, now)?;
        principal_of(claims)
    }

    fn key(&self, id: Option<&str>) -> Option<&TokenKey> {
        match (id, self.keys.as_slice()) {
            (Some(id), keys) => keys.iter().find(|k| k.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenRefusal> {
        // NumericDate (RFC 7519, section 2) may have fractions; 53 bits hold every second that matters.
        let now_s = now.as_second() as f64;
        let leeway_s = self.leeway_s as f64;
        if !claims.exp.is_finite() || now_s >= claims.exp + leeway_s {
            return Err(TokenRefusal::Expired);
        }
        match claims.nbf {
            Some(nbf) if !nbf.is_finite() || now_s < nbf - leeway_s => Err(TokenRefusal::NotYet),
            _ => Ok(()),
        }
    }

    /// A forged token for each key must be refused as forged: a verifier without its provider panics at the first token
    /// (jsonwebtoken 11 with none or two provider features), and that must be at start, not at the first citizen.
    fn self_test(&self) -> Result<(), TokenKeysError> {
        for key in &self.keys {
            let header = serde_json::json!({ "alg": key.algorithm, "typ": "JWT", "kid": key.id });
            let token = forged(&header.to_string());
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.principal(&token, Timestamp::UNIX_EPOCH)
            }));
            if !matches!(outcome, Ok(Err(TokenRefusal::Forged))) {
                return Err(TokenKeysError::SelfTest);
            }
        }
        Ok(())
    }
}

fn forged(header: &str) -> String {
    let encode = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
    format!(
        "{}.{}.{}",
        encode(header.as_bytes()),
        encode(br#"{"sub":"self-test"}"#),
        encode(&[0x5a; 64])
    )
}

fn read_bounded(path: &Path) -> Result<String, TokenKeysError> {
    let read = || -> std::io::Result<Option<String>> {
        if std::fs::metadata(path)?.len() > JWKS_BYTES_MAX {
            return Ok(None);
        }
        std::fs::read_to_string(path).map(Some)
    };
    read()
        .map_err(|source| TokenKeysError::Read {
            path: path.to_owned(),
            source,
        })?
        .ok_or(TokenKeysError::TooLarge)
}

/// The one algorithm of a key: by its type, and its `alg`, when given, must agree.
fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    let (by_type, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(p) if p.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(p) if p.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    match jwk.common.key_algorithm {
        None => Some(by_type),
        Some(declared) if declared == name => Some(by_type),
        Some(_) => None,
    }
}

fn validation(algorithm: Algorithm, settings: &TokenSettings) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
    // The one Clock decides (see check_times): the library would read the wall clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn refusal(kind: &ErrorKind) -> TokenRefusal {
    match kind {
        ErrorKind::InvalidSignature => TokenRefusal::Forged,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => TokenRefusal::NotForUs,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            TokenRefusal::WrongAlgorithm
        }
        _ => TokenRefusal::Malformed,
    }
}

/// Bytes of a subject or an organisation.
const NAME_BYTES_MAX: usize = 256;

/// Unknown roles give nothing; the role of a partner is never given by a token, its definition's credential gives it.
fn principal_of(claims: Claims) -> Result<Principal, TokenRefusal> {
    let organisation_len = claims.organisation.as_ref().map_or(0, String::len);
    if claims.sub.is_empty() || claims.sub.len().max(organisation_len) > NAME_BYTES_MAX {
        return Err(TokenRefusal::Malformed);
    }
    let kind = match claims.kind.as_deref() {
        None | Some("applicant") => PrincipalKind::Applicant,
        Some("agent") => PrincipalKind::Agent,
        Some("official") => PrincipalKind::Official,
        Some("operator") => PrincipalKind::Operator,
        Some(_) => return Err(TokenRefusal::Malformed),
    };
    let mut roles = BTreeSet::from([Role::Public]);
    if matches!(kind, PrincipalKind::Applicant | PrincipalKind::Agent) {
        roles.insert(Role::Applicant);
    }
    for word in &claims.roles {
        match word.as_str() {
            "applicant" => roles.insert(Role::Applicant),
            "engineer" => roles.insert(Role::Engineer),
            "operator" => roles.insert(Role::Operator),
            _ => false,
        };
    }
    Ok(Principal {
        subject: claims.sub,
        kind,
        organisation: claims.organisation,
        roles,
        one_time: None,
    })
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
