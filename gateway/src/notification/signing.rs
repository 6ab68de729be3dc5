//! Signatures of webhooks, as Standard Webhooks has them: HMAC-SHA256 over id, time and body.
//!
//! `webhook-signature` holds one `v1,BASE64` for each secret that is good, so that a receiver may change over in its own time.

use crate::store::notification::SubscriptionSecret;
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use jiff::Timestamp;

/// What a secret begins with where it is shown.
const PREFIX: &str = "whsec_";

/// A secret as it is shown, once.
#[must_use]
pub fn shown(key: &[u8]) -> String {
    format!("{PREFIX}{}", BASE64.encode(key))
}

/// The value of `webhook-signature`.
#[must_use]
pub fn signatures(
    secrets: &[SubscriptionSecret],
    id: &str,
    timestamp: i64,
    body: &[u8],
    now: Timestamp,
) -> String {
    let good = secrets
        .iter()
        .filter(|secret| secret.until.is_none_or(|until| now < until));
    let signed = good.map(|secret| one(&secret.key, id, timestamp, body));
    signed.collect::<Vec<_>>().join(" ")
}

fn one(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", BASE64.encode(context.sign().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_standards_own_example() {
        // The example of the Standard Webhooks specification's reference libraries.
        let key = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(shown(&key), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = one(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_rotated_secret_signs_beside_the_new_one_until_its_time_is_over() {
        let until: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let secret = |key: &[u8], until| SubscriptionSecret {
            key: key.to_vec(),
            until,
        };
        let secrets = [secret(b"new", None), secret(b"old", Some(until))];
        let before = signatures(
            &secrets,
            "m",
            1,
            b"{}",
            until - jiff::SignedDuration::from_secs(1),
        );
        let both = format!(
            "{} {}",
            one(b"new", "m", 1, b"{}"),
            one(b"old", "m", 1, b"{}")
        );
        assert_eq!(before, both);
        assert_eq!(
            signatures(&secrets, "m", 1, b"{}", until),
            one(b"new", "m", 1, b"{}")
        );
    }
}
