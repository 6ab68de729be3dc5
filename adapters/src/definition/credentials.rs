//! Credentials (鉴权), both ways: what we show a partner, and what a partner shows us.

use super::errors::AuthenticationError;
use super::faults::Faults;
use super::node::Node;
use crate::exchange::CallbackCall;
use crate::reading::part;
use aws_lc_rs::{constant_time, digest};
use data_encoding::HEXUPPER;
use jiff::Timestamp;
use serde_json::Value;

/// How far a TIF timestamp may be from the gateway's clock to either side (domain facts 5.4, sourced).
pub(super) const TIF_WINDOW_S: u32 = 180;
/// Longest credential part that is looked at, in bytes.
const PART_MAX: usize = 1024;

/// Where a partner whose credential stands in the body shows it on calls without such a body.
const RESOURCE_HEADER: &str = "x-api-key";

/// A scheme with its secrets. Has no `Debug`: secrets stay out of logs.
pub(super) enum Credentials {
    /// None agreed.
    None,
    /// A key in a header.
    ApiKey { header: String, value: String },
    /// A shared identifier as a parameter of every SOAP call (`identify`).
    SharedIdentifier { parameter: String, value: String },
    /// A static token in a form field (`accessToken`).
    AccessToken { field: String, value: String },
    /// The signature of the TIF gateway (里约网关): UPPER(HEX(SHA256(timestamp + token + nonce + timestamp))).
    Tif { paasid: String, token: String },
}

impl Credentials {
    pub(super) fn compile(node: &Node, faults: &mut Faults<'_>) -> Option<Self> {
        let known = [
            "scheme",
            "header",
            "parameter",
            "field",
            "value",
            "paasid",
            "token",
        ];
        let fields = faults.fields(node, &known)?;
        let scheme = fields
            .require("scheme", faults)
            .and_then(|node| faults.text(node))?;
        let mut of = |key: &str| {
            fields
                .require(key, faults)
                .and_then(|node| faults.filled(node))
        };
        match scheme.as_str() {
            "none" => Some(Self::None),
            "api_key" => {
                let (header, value) = (of("header"), of("value"));
                Some(Self::ApiKey {
                    header: header?.to_ascii_lowercase(),
                    value: value?,
                })
            }
            "shared_identifier" => {
                let (parameter, value) = (of("parameter"), of("value"));
                Some(Self::SharedIdentifier {
                    parameter: parameter?,
                    value: value?,
                })
            }
            "access_token" => {
                let (field, value) = (of("field"), of("value"));
                Some(Self::AccessToken {
                    field: field?,
                    value: value?,
                })
            }
            "tif" => {
                let (paasid, token) = (of("paasid"), of("token"));
                Some(Self::Tif {
                    paasid: paasid?,
                    token: token?,
                })
            }
            _ => {
                faults.add(
                    node,
                    "unknown_word",
                    "scheme 可用：none、api_key、shared_identifier、access_token、tif",
                    "`scheme` is one of none, api_key, shared_identifier, access_token, tif",
                );
                None
            }
        }
    }

    /// Headers of a request.
    pub(super) fn headers(&self, now: Timestamp, nonce: &str) -> Vec<(String, String)> {
        match self {
            Self::ApiKey { header, value } => vec![(header.clone(), value.clone())],
            Self::Tif { paasid, token } => {
                let timestamp = now.as_second().to_string();
                let signature = tif_signature(&timestamp, token, nonce);
                [
                    ("x-tif-paasid", paasid.clone()),
                    ("x-tif-timestamp", timestamp),
                    ("x-tif-nonce", nonce.to_owned()),
                    ("x-tif-signature", signature),
                ]
                .map(|(name, value)| (name.to_owned(), value))
                .to_vec()
            }
            Self::None | Self::SharedIdentifier { .. } | Self::AccessToken { .. } => Vec::new(),
        }
    }

    /// The field or parameter of a request's body.
    pub(super) fn parameter(&self) -> Option<(&str, &str)> {
        match self {
            Self::SharedIdentifier { parameter, value } => Some((parameter, value)),
            Self::AccessToken { field, value } => Some((field, value)),
            Self::None | Self::ApiKey { .. } | Self::Tif { .. } => None,
        }
    }

    /// Whether they stand in the body of a call, which then must be read first.
    pub(super) fn in_body(&self) -> bool {
        matches!(
            self,
            Self::SharedIdentifier { .. } | Self::AccessToken { .. }
        )
    }

    /// Who calls. `body` is the outer layer of the body where [`Self::in_body`] says so. Gives the nonce of the call.
    pub(super) fn verify(
        &self,
        call: &CallbackCall,
        body: &Value,
        now: Timestamp,
    ) -> Result<Option<String>, AuthenticationError> {
        match self {
            Self::None => Ok(None),
            Self::ApiKey { header, value } => {
                same(&single_header(call, header)?, value).map(|()| None)
            }
            Self::SharedIdentifier {
                parameter: name,
                value,
            }
            | Self::AccessToken { field: name, value } => {
                let given = part(body, name)
                    .and_then(Value::as_str)
                    .ok_or(AuthenticationError::Missing)?;
                same(given, value).map(|()| None)
            }
            Self::Tif { paasid, token } => verify_tif(call, paasid, token, now).map(Some),
        }
    }

    /// Who calls beside the callback (documents, pulls, canonical events), where the body is not in the partner's form: schemes that stand in a
    /// body put their value into the header [`RESOURCE_HEADER`]. Without a scheme nobody is known there.
    pub(super) fn verify_resource(
        &self,
        call: &CallbackCall,
        now: Timestamp,
    ) -> Result<Option<String>, AuthenticationError> {
        match self {
            Self::None => Err(AuthenticationError::Missing),
            Self::SharedIdentifier { value, .. } | Self::AccessToken { value, .. } => {
                same(&single_header(call, RESOURCE_HEADER)?, value).map(|()| None)
            }
            Self::ApiKey { .. } | Self::Tif { .. } => self.verify(call, &Value::Null, now),
        }
    }
}

/// The order of domain facts 9.3: envelope, signature, time; the nonce is the caller's to record, after all this held.
fn verify_tif(
    call: &CallbackCall,
    paasid: &str,
    token: &str,
    now: Timestamp,
) -> Result<String, AuthenticationError> {
    let given_paasid = single_header(call, "x-tif-paasid")?;
    let timestamp = single_header(call, "x-tif-timestamp")?;
    let nonce = single_header(call, "x-tif-nonce")?;
    let signature = single_header(call, "x-tif-signature")?;
    let digits = !timestamp.is_empty()
        && timestamp.len() <= 12
        && timestamp.bytes().all(|b| b.is_ascii_digit());
    let seconds: i64 = match digits {
        true => timestamp
            .parse()
            .map_err(|_| AuthenticationError::Malformed)?,
        false => return Err(AuthenticationError::Malformed),
    };
    if nonce.is_empty() {
        return Err(AuthenticationError::Malformed);
    }
    same(&given_paasid, paasid)?;
    same(
        &signature.to_ascii_uppercase(),
        &tif_signature(&timestamp, token, &nonce),
    )?;
    if now.as_second().abs_diff(seconds) > u64::from(TIF_WINDOW_S) {
        return Err(AuthenticationError::Stale {
            window_s: TIF_WINDOW_S,
        });
    }
    Ok(nonce)
}

fn tif_signature(timestamp: &str, token: &str, nonce: &str) -> String {
    let signed = format!("{timestamp}{token}{nonce}{timestamp}");
    HEXUPPER.encode(digest::digest(&digest::SHA256, signed.as_bytes()).as_ref())
}

fn single_header(call: &CallbackCall, name: &str) -> Result<String, AuthenticationError> {
    let mut found = call.headers.iter().filter(|(known, _)| known == name);
    match (found.next(), found.next()) {
        (None, _) => Err(AuthenticationError::Missing),
        (Some((_, value)), None) if value.len() <= PART_MAX => Ok(value.trim().to_owned()),
        _ => Err(AuthenticationError::Malformed),
    }
}

/// Compares digests, so that neither the place of the first difference nor the length shows in the time.
fn same(given: &str, expected: &str) -> Result<(), AuthenticationError> {
    let digest_of = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    constant_time::verify_slices_are_equal(digest_of(given).as_ref(), digest_of(expected).as_ref())
        .map_err(|_| AuthenticationError::Wrong)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
    use super::*;

    fn tif() -> Credentials {
        Credentials::Tif {
            paasid: "hall".into(),
            token: "secret".into(),
        }
    }

    fn signed(at: i64) -> CallbackCall {
        let headers = tif().headers(Timestamp::from_second(at).unwrap(), "n1");
        CallbackCall {
            method: "POST".into(),
            query: String::new(),
            headers,
            body: Vec::new(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_tif_signature_is_that_of_the_published_rule() {
        // UPPER(HEX(SHA256("1500000000" + "secret" + "n1" + "1500000000"))), by sha256sum.
        let headers = tif().headers(at(1_500_000_000), "n1");
        assert_eq!(
            headers[3].1,
            "CCD3A1B29BBDC1796E9F6F7E54460DF807C22620143E6C3832A89D0C02A4CCAC"
        );
    }

    #[test]
    fn a_tif_call_is_taken_within_180_seconds_and_not_beyond() {
        let call = signed(1_500_000_000);
        let verify = |now| tif().verify(&call, &Value::Null, at(now));
        assert_eq!(verify(1_500_000_180), Ok(Some("n1".to_owned())));
        assert_eq!(verify(1_499_999_820), Ok(Some("n1".to_owned())));
        assert_eq!(
            verify(1_500_000_181),
            Err(AuthenticationError::Stale { window_s: 180 })
        );
    }

    #[test]
    fn a_tif_call_with_any_part_changed_missing_or_twice_is_refused() {
        for index in 0..4 {
            let mut changed = signed(1_500_000_000);
            changed.headers[index].1 = "1".into();
            assert!(
                tif()
                    .verify(&changed, &Value::Null, at(1_500_000_000))
                    .is_err(),
                "{index}"
            );
            let mut missing = signed(1_500_000_000);
            missing.headers.remove(index);
            assert_eq!(
                tif().verify(&missing, &Value::Null, at(1_500_000_000)),
                Err(AuthenticationError::Missing)
            );
            let mut twice = signed(1_500_000_000);
            twice.headers.push(twice.headers[index].clone());
            assert_eq!(
                tif().verify(&twice, &Value::Null, at(1_500_000_000)),
                Err(AuthenticationError::Malformed)
            );
        }
        let mut lower = signed(1_500_000_000);
        lower.headers[3].1 = lower.headers[3].1.to_ascii_lowercase();
        assert!(
            tif()
                .verify(&lower, &Value::Null, at(1_500_000_000))
                .is_ok()
        );
    }

    #[test]
    fn beside_the_callback_a_body_credential_stands_in_a_header_and_no_scheme_proves_nobody() {
        let call = |value: &str| CallbackCall {
            method: "GET".into(),
            query: String::new(),
            headers: vec![("x-api-key".into(), value.into())],
            body: Vec::new(),
        };
        let shared = Credentials::SharedIdentifier {
            parameter: "identify".into(),
            value: "secret".into(),
        };
        let token = Credentials::AccessToken {
            field: "accessToken".into(),
            value: "secret".into(),
        };
        for scheme in [shared, token] {
            assert_eq!(scheme.verify_resource(&call("secret"), at(0)), Ok(None));
            assert_eq!(
                scheme.verify_resource(&call("other"), at(0)),
                Err(AuthenticationError::Wrong)
            );
        }
        assert_eq!(
            Credentials::None.verify_resource(&call("secret"), at(0)),
            Err(AuthenticationError::Missing)
        );
        let signed = signed(1_500_000_000);
        assert_eq!(
            tif().verify_resource(&signed, at(1_500_000_000)),
            Ok(Some("n1".to_owned()))
        );
    }
}
