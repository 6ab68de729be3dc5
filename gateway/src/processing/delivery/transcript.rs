//! The exact bytes of an exchange, as an operator sees them in `tongban deliveries show`; credentials in headers are masked.

use tongban_adapters::exchange::{WireReply, WireRequest};

/// Headers whose values are credentials: shown by name only.
const CREDENTIALS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "x-tif-signature",
    "x-tif-token",
    "x-aep-signature",
];

/// The request as sent: request line, headers, empty line, body.
#[must_use]
pub fn sent(request: &WireRequest) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method, request.url).into_bytes();
    append(&mut bytes, &request.headers, &request.body);
    bytes
}

/// The answer as received: status line, headers, empty line, body.
#[must_use]
pub fn received(reply: &WireReply) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {}\r\n", reply.status).into_bytes();
    append(&mut bytes, &reply.headers, &reply.body);
    bytes
}

fn append(bytes: &mut Vec<u8>, headers: &[(String, String)], body: &[u8]) {
    for (name, value) in headers {
        let shown = if CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()) {
            "***"
        } else {
            value
        };
        bytes.extend_from_slice(format!("{name}: {shown}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_and_the_body_is_exact() {
        let request = WireRequest {
            method: "POST".to_owned(),
            url: "http://partner/ebus/sp".to_owned(),
            headers: vec![
                ("X-Api-Key".to_owned(), "secret".to_owned()),
                ("content-type".to_owned(), "text/plain".to_owned()),
            ],
            body: vec![0xff, b'a'],
        };
        let bytes = sent(&request);
        assert!(!bytes.windows(6).any(|w| w == b"secret"));
        assert!(bytes.ends_with(b"content-type: text/plain\r\n\r\n\xffa"));
    }
}
