//! Tokens good and bad. Keys are made here, signed with aws-lc-rs directly, so that the library under test does not check itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where"
)]

use super::*;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

const NOW_S: i64 = 1_500_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW_S).unwrap()
}

fn random() -> aws_lc_rs::rand::SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "test keys")]
    aws_lc_rs::rand::SystemRandom::new()
}

enum Key {
    Ed(Ed25519KeyPair),
    Ec(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn rsa() -> Self {
        let size = aws_lc_rs::rsa::KeySize::Rsa2048;
        Self::Rsa(Box::new(RsaKeyPair::generate(size).unwrap()))
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Ed(_) => "EdDSA",
            Self::Ec(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    fn jwk(&self, kid: &str) -> Value {
        let b64 = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        match self {
            Self::Ed(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(key.public_key().as_ref()) })
            }
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256",
                        "x": b64(&point[1..33]), "y": b64(&point[33..]) })
            }
            Self::Rsa(key) => {
                let public = key.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                json!({ "kty": "RSA", "kid": kid, "n": b64(n.big_endian_without_leading_zero()),
                        "e": b64(e.big_endian_without_leading_zero()) })
            }
        }
    }

    fn sign(&self, input: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed(key) => key.sign(input).as_ref().to_vec(),
            Self::Ec(key) => key.sign(&random(), input).unwrap().as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random(), input, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |v: &Value| BASE64URL_NOPAD.encode(v.to_string().as_bytes());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = BASE64URL_NOPAD.encode(&self.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

fn settings() -> TokenSettings {
    TokenSettings {
        jwks: PathBuf::new(),
        issuer: "https://id.example".to_owned(),
        audience: "tongban".to_owned(),
        leeway_s: 60,
        bytes_max: 4_096,
    }
}

fn claims() -> Value {
    json!({ "sub": "u-1", "iss": "https://id.example", "aud": "tongban", "exp": NOW_S + 300 })
}

fn with(mut claims: Value, key: &str, value: Value) -> Value {
    claims[key] = value;
    claims
}

fn keys(set: &[Value]) -> Result<TokenKeys, TokenKeysError> {
    TokenKeys::from_jwks(&json!({ "keys": set }).to_string(), &settings())
}

#[test]
fn a_good_token_of_each_algorithm_is_its_subject() {
    for key in [Key::ed(), Key::ec(), Key::rsa()] {
        let keys = keys(&[key.jwk("k1")]).unwrap();
        let header = json!({ "alg": key.alg(), "kid": "k1" });
        let principal = keys
            .principal(&key.token(&header, &claims()), now())
            .unwrap();
        assert_eq!(
            (principal.subject.as_str(), principal.kind),
            ("u-1", PrincipalKind::Applicant)
        );
        assert!(principal.roles.contains(&Role::Applicant));
    }
}

#[test]
fn every_way_to_be_wrong_is_refused_as_what_it_is() {
    let (key, stranger) = (Key::ed(), Key::ed());
    let keys = keys(&[key.jwk("k1"), Key::ec().jwk("k2")]).unwrap();
    let header = json!({ "alg": "EdDSA", "kid": "k1" });
    let signed = |claims: Value| key.token(&header, &claims);
    let good = signed(claims());
    let unsigned = |alg: &str| {
        let header = json!({ "alg": alg, "kid": "k1" });
        let token = key.token(&header, &claims());
        format!("{}.", token.rsplit_once('.').unwrap().0)
    };
    use TokenRefusal::{
        Expired, Forged, Malformed, NotForUs, NotYet, TooLarge, UnknownKey, WrongAlgorithm,
    };
    for (token, refusal) in [
        (stranger.token(&header, &claims()), Forged),
        (
            key.token(&json!({ "alg": "ES256", "kid": "k1" }), &claims()),
            WrongAlgorithm,
        ),
        (
            key.token(&json!({ "alg": "HS256", "kid": "k1" }), &claims()),
            WrongAlgorithm,
        ),
        (
            key.token(&json!({ "alg": "EdDSA", "kid": "k2" }), &claims()),
            WrongAlgorithm,
        ),
        (
            key.token(&json!({ "alg": "EdDSA", "kid": "k9" }), &claims()),
            UnknownKey,
        ),
        (key.token(&json!({ "alg": "EdDSA" }), &claims()), UnknownKey),
        (signed(with(claims(), "exp", json!(NOW_S - 60))), Expired),
        (signed(with(claims(), "exp", json!(null))), Malformed),
        (signed(with(claims(), "exp", json!("soon"))), Malformed),
        (signed(with(claims(), "nbf", json!(NOW_S + 61))), NotYet),
        (
            signed(with(claims(), "iss", json!("https://other.example"))),
            NotForUs,
        ),
        (signed(with(claims(), "iss", json!(null))), Malformed),
        (signed(with(claims(), "aud", json!("other"))), NotForUs),
        (signed(with(claims(), "aud", json!(null))), Malformed),
        (signed(with(claims(), "sub", json!(""))), Malformed),
        (signed(with(claims(), "kind", json!("king"))), Malformed),
        (
            signed(with(claims(), "sub", json!("u".repeat(300)))),
            Malformed,
        ),
        (
            signed(with(claims(), "pad", json!("p".repeat(5_000)))),
            TooLarge,
        ),
        (String::new(), Malformed),
        ("a.b".to_owned(), Malformed),
        ("a.b.c".to_owned(), Malformed),
        (format!("{good}.x"), Malformed),
    ] {
        assert_eq!(keys.principal(&token, now()), Err(refusal), "{token}");
    }
    for alg in ["none", "None", "NONE"] {
        let refusal = keys.principal(&unsigned(alg), now()).unwrap_err();
        assert!(
            matches!(refusal, Malformed | WrongAlgorithm),
            "{alg}: {refusal}"
        );
    }
    let stripped = format!("{}.", good.rsplit_once('.').unwrap().0);
    assert_eq!(keys.principal(&stripped, now()), Err(Forged));
    assert!(keys.principal(&good, now()).is_ok());
}

#[test]
fn expiry_follows_the_clock_that_is_handed_in_with_its_leeway() {
    let key = Key::ed();
    let keys = keys(&[key.jwk("k1")]).unwrap();
    let token = key.token(
        &json!({ "alg": "EdDSA" }),
        &with(claims(), "nbf", json!(NOW_S)),
    );
    let at = |s: i64| {
        keys.principal(&token, Timestamp::from_second(NOW_S + s).unwrap())
            .is_ok()
    };
    assert!(at(-60) && at(0) && at(359));
    assert!(!at(-61) && !at(360) && !at(100_000_000));
}

#[test]
fn roles_come_from_the_token_but_never_that_of_a_partner() {
    let key = Key::ed();
    let keys = keys(&[key.jwk("k1")]).unwrap();
    let claims = with(claims(), "kind", json!("official"));
    let claims = with(claims, "roles", json!(["engineer", "partner", "emperor"]));
    let claims = with(claims, "organisation", json!("4404-gxj"));
    let token = key.token(&json!({ "alg": "EdDSA" }), &claims);
    let principal = keys.principal(&token, now()).unwrap();
    assert_eq!(principal.kind, PrincipalKind::Official);
    assert_eq!(principal.organisation.as_deref(), Some("4404-gxj"));
    assert_eq!(
        principal.roles,
        BTreeSet::from([Role::Public, Role::Engineer])
    );
}

#[test]
fn key_sets_that_cannot_be_trusted_are_refused_at_start() {
    let (one, two) = (Key::ed(), Key::ec());
    let symmetric = json!({ "kty": "oct", "kid": "k1", "k": "c2VjcmV0" });
    assert!(matches!(
        keys(&[symmetric]),
        Err(TokenKeysError::Algorithm { index: 0 })
    ));
    let contradicts = with(one.jwk("k1"), "alg", json!("RS256"));
    assert!(matches!(
        keys(&[contradicts]),
        Err(TokenKeysError::Algorithm { index: 0 })
    ));
    assert!(matches!(keys(&[]), Err(TokenKeysError::Empty)));
    assert!(matches!(
        keys(&[one.jwk("k"), two.jwk("k")]),
        Err(TokenKeysError::KeyId { index: 1 })
    ));
    let many: Vec<_> = (0..=KEYS_MAX).map(|i| one.jwk(&i.to_string())).collect();
    assert!(matches!(keys(&many), Err(TokenKeysError::TooLarge)));
    assert!(matches!(
        TokenKeys::from_jwks("[", &settings()),
        Err(TokenKeysError::Format(_))
    ));
    let missing = TokenSettings {
        jwks: "/nowhere/jwks.json".into(),
        ..settings()
    };
    assert!(matches!(
        TokenKeys::load(&missing),
        Err(TokenKeysError::Read { .. })
    ));
}
