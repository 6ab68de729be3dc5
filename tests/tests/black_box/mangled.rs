//! Requests mangled at random: whatever arrives, no panic and no unplanned 500.

use crate::refusal::{hall_with_a_case, nothing_panicked, trace};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tongban_tests::hall::{REST_KEY, XML_TOKEN};
use tongban_tests::http::try_send;
use tongban_tests::sample::{body, uploads};

/// Mangled requests of each kind.
const EACH: usize = 60;

/// One to eight bytes, or a stretch, changed, taken out, doubled or put in.
fn mangled(random: &mut StdRng, whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..random.random_range(1..=8) {
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..40)).min(bytes.len());
        match random.random_range(0..5) {
            0 => bytes[at] = random.random(),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let pieces: [&[u8]; 8] = [
                    b"{", b"]", b"\"", b"\\u0000", b"\xff", b"1e999", b"&#0;", b"%00",
                ];
                let piece = pieces[random.random_range(0..pieces.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            _ => bytes[at] ^= 1 << random.random_range(0..8),
        }
        if bytes.is_empty() {
            return bytes;
        }
    }
    bytes
}

#[tokio::test]
async fn whatever_arrives_is_answered_without_a_panic_or_an_unplanned_500() {
    let seed = crate::crash::seed();
    let mut random = StdRng::seed_from_u64(seed);
    let (hall, taken) = hall_with_a_case().await;
    let application = body("rest", &uploads(hall.public, "rest").await).to_string();
    let supplement =
        json!({"text": "已补充", "materials": [{"seq": 5, "id": "x"}], "form": {}}).to_string();
    let event = json!({"case_no": "0000", "type": "accepted", "occurred_at": "2026-01-05T09:30:00+08:00",
                       "data": {"document_no": "1"}, "serial": "1", "data_version": 1});
    let callback =
        "sblsh=0000&sptype=2&spobject=%7B%22SBLSH%22%3A%220000%22%2C%22SLZTDM%22%3A%221%22%7D";
    let envelope = "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
        <f:setDataXmlToFocus xmlns:f=\"http://focus.platform.example/\"><deptCode>x</deptCode><xml>&lt;ExInfo/&gt;</xml>\
        <tableName>EX_GDBS_SL</tableName><identify>x</identify></f:setDataXmlToFocus></s:Body></s:Envelope>";
    let vertical = format!(
        "accessToken={XML_TOKEN}&xmlStr=%3CAPPROVEDATAINFO%3E%3COPERATION%3EgetApplyInfo%3C%2FOPERATION%3E%3CSBLSH_SHORT%3E1%3C%2FSBLSH_SHORT%3E%3C%2FAPPROVEDATAINFO%3E"
    );
    let supplement_path = format!("/api/v1/applications/{}/supplement", taken.no);
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let code = ("x-query-code", taken.query_code.as_str());
    let key = ("x-api-key", REST_KEY);
    let (public, exchange) = (hall.public, hall.exchange);
    let of = |system: &str, what: &str| format!("/exchange/v1/systems/{system}/{what}");
    // The last: SOAP 1.1 prescribes 500 for its faults.
    let targets = [
        (
            public,
            "/api/v1/applications".to_owned(),
            json,
            code,
            application,
            false,
        ),
        (public, supplement_path, json, code, supplement, false),
        (
            exchange,
            of("gd-explosives", "events"),
            json,
            key,
            event.to_string(),
            false,
        ),
        (
            exchange,
            of("gd-explosives", "callback"),
            form,
            key,
            callback.to_owned(),
            false,
        ),
        (
            exchange,
            of("national-radio", "callback"),
            form,
            key,
            vertical,
            false,
        ),
        (
            exchange,
            of("zhuhai-platform", "callback"),
            "text/xml; charset=utf-8",
            key,
            envelope.to_owned(),
            true,
        ),
    ];
    let before = trace(&hall, &taken).await;
    for (address, path, content_type, credential, whole, faults) in &targets {
        for round in 0..EACH {
            let bytes = mangled(&mut random, whole.as_bytes());
            let headers = [("content-type", *content_type), *credential];
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            let answer = try_send(*address, "POST", path, &headers, bytes).await;
            let answer = answer
                .unwrap_or_else(|no| panic!("seed {seed}, {path}, round {round}: {no:?}: {shown}"));
            let planned = *faults && answer.text().contains("Fault>");
            assert!(
                answer.status != 500 || planned,
                "seed {seed}, {path}, round {round}: {} for {shown}",
                answer.text()
            );
        }
    }
    let after = trace(&hall, &taken).await;
    assert_eq!(
        (&after.events, &after.shown),
        (&before.events, &before.shown),
        "seed {seed}"
    );
    nothing_panicked(&hall).await;
}
