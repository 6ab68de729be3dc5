//! Bad input of partners gets a problem document, or the fault or refusing code of the partner's own protocol, and leaves no trace.

use crate::refusal::{JSON, Refused, check, hall_with_a_case, nothing_panicked, trace};
use serde_json::{Value, json};
use tongban_tests::hall::{Hall, REST_KEY, SOAP_IDENTIFY, STATE_MAX};
use tongban_tests::http::{Answer, get, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{submit, upload};

async fn event(hall: &Hall, key: &str, event: &Value) -> Answer {
    let headers = [JSON, ("x-api-key", key)];
    send(
        hall.exchange,
        "POST",
        "/exchange/v1/systems/gd-explosives/events",
        &headers,
        event.to_string(),
    )
    .await
}

#[tokio::test]
async fn wrong_canonical_feedback_is_refused_counted_and_without_effect() {
    let (hall, taken) = hall_with_a_case().await;
    let at = "2026-01-05T09:30:00+08:00";
    let good = |kind: &str, data: Value| json!({"case_no": taken.no, "type": kind, "occurred_at": hall_time(), "data": data});
    let before = trace(&hall, &taken).await;
    for (name, key, sent, status, code) in [
        (
            "wrong credential",
            "guessed",
            good("accepted", json!({})),
            401,
            "unauthenticated",
        ),
        (
            "unknown case",
            REST_KEY,
            json!({"case_no": "0000", "type": "accepted", "occurred_at": at, "data": {}}),
            422,
            "unknown_case",
        ),
        (
            "unknown type",
            REST_KEY,
            good("promoted", json!({})),
            422,
            "not_canonical",
        ),
        (
            "no time",
            REST_KEY,
            json!({"case_no": taken.no, "type": "accepted", "data": {}}),
            422,
            "not_canonical",
        ),
        (
            "in the future",
            REST_KEY,
            json!({"case_no": taken.no, "type": "accepted", "occurred_at": "2999-01-05T09:30:00+08:00", "data": {}}),
            422,
            "occurred_in_future",
        ),
    ] {
        let answer = event(&hall, key, &sent).await;
        check(&Refused {
            name,
            answer,
            status,
            code,
        });
    }
    assert_eq!(trace(&hall, &taken).await, before);
    let refused = hall
        .metric(
            "tongban_feedback_total",
            &["system=\"gd-explosives\"", "outcome=\"rejected\""],
        )
        .await;
    assert!(refused >= 2.0, "{refused}");
    nothing_panicked(&hall).await;
}

/// Now, as a partner writes it.
fn hall_time() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a partner has a clock of its own"
    )]
    let now = jiff::Timestamp::now();
    now.to_string()
}

#[tokio::test]
async fn a_second_open_suspension_is_refused() {
    let (hall, taken) = hall_with_a_case().await;
    let partner = hall.partner("rest");
    for message in ["pre_acceptance", "acceptance"] {
        assert_eq!(
            partner.send(&taken.no, message, json!({})).await["taken"],
            true
        );
    }
    assert_eq!(
        partner
            .send(&taken.no, "correction_notice", json!({"XH": "1"}))
            .await["taken"],
        true
    );
    let before = trace(&hall, &taken).await;
    let second = partner
        .send(&taken.no, "correction_notice", json!({"XH": "2"}))
        .await;
    assert_eq!(second["taken"], false, "{second:#}");
    assert_eq!(trace(&hall, &taken).await, before);
    let rejected = get(hall.operations, "/ops/v1/feedback").await.json();
    assert!(rejected.to_string().contains("suspension"), "{rejected:#}");
}

#[tokio::test]
async fn a_code_or_a_case_that_nobody_knows_is_answered_in_the_partners_own_words() {
    let (hall, taken) = hall_with_a_case().await;
    let before = trace(&hall, &taken).await;
    let path = "/exchange/v1/systems/gd-explosives/callback";
    let object = |no: &str, code: &str| {
        json!({"SBLSH": no, "SXBM": "x", "YWLSH": "YW1", "XZQHDM": "440000", "SJBBH": "1", "BZ": "无", "SLBMMC": "x", "SLBMZZJDDM": "x",
               "BLRXM": "x", "BLRGH": "x", "SLZTDM": code, "BSLYY": "无", "SLHZH": "x", "SLSJ": "2026-1-5 9:30:00", "GDBLSX": "1", "GDBLSXDW": "G"})
    };
    let form =
        |no: &str, object: String| format!("sblsh={no}&sptype=2&spobject={}", percent(&object));
    let content = ("content-type", "application/x-www-form-urlencoded");
    for (name, key, sent) in [
        (
            "unknown code",
            REST_KEY,
            form(&taken.no, object(&taken.no, "77").to_string()),
        ),
        (
            "unknown case",
            REST_KEY,
            form("0000", object("0000", "1").to_string()),
        ),
        (
            "broken inner JSON",
            REST_KEY,
            form(&taken.no, "{\"SBLSH\":".to_owned()),
        ),
        ("no form", REST_KEY, "{}".to_owned()),
        (
            "wrong key",
            "guessed",
            form(&taken.no, object(&taken.no, "1").to_string()),
        ),
    ] {
        let answer = send(
            hall.exchange,
            "POST",
            path,
            &[content, ("x-api-key", key)],
            sent,
        )
        .await;
        assert!(
            answer.text().starts_with("0:"),
            "{name}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(answer.status < 500, "{name}: {}", answer.status);
    }
    assert_eq!(trace(&hall, &taken).await, before);
    let counted = hall
        .metric("tongban_feedback_total", &["system=\"gd-explosives\""])
        .await;
    assert!(counted >= 4.0, "{counted}");
    nothing_panicked(&hall).await;
}

/// Form-urlencoded bytes.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

#[tokio::test]
async fn xml_with_a_dtd_a_bomb_or_an_external_entity_is_refused_with_a_fault() {
    let hall = Hall::open(&[("soap", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "soap").await;
    let query = format!("case={}", taken.no);
    eventually("delivered", STATE_MAX, || async {
        hall.listed(&query)
            .await
            .iter()
            .any(|d| d["state"] == "delivered")
            .then_some(())
    })
    .await;
    let before = trace(&hall, &taken).await;
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)))
        .collect();
    let envelope = |prolog: &str, text: &str| {
        format!(
            "<?xml version=\"1.0\"?>{prolog}<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
             <f:setDataXmlToFocus xmlns:f=\"http://focus.platform.example/\"><deptCode>x</deptCode><xml>{text}</xml>\
             <tableName>EX_GDBS_SL</tableName><identify>{SOAP_IDENTIFY}</identify></f:setDataXmlToFocus></s:Body></s:Envelope>"
        )
    };
    let soap = [
        ("content-type", "text/xml; charset=utf-8"),
        ("soapaction", "\"setDataXmlToFocus\""),
    ];
    let path = "/exchange/v1/systems/zhuhai-platform/callback";
    let deep = envelope(
        "",
        &format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000)),
    );
    let inner = |document: &str| envelope("", &document.replace('&', "&amp;").replace('<', "&lt;"));
    let dtd = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>";
    for (name, sent) in [
        (
            "billion laughs",
            envelope(
                &format!("<!DOCTYPE x [<!ENTITY a0 \"lol\">{laughs}]>"),
                "&a9;",
            ),
        ),
        ("external entity", envelope(dtd, "&e;")),
        ("bare DTD", envelope("<!DOCTYPE x>", "x")),
        ("deep", deep),
        (
            "inner external entity",
            inner(&format!("{dtd}<ExInfo>&e;</ExInfo>")),
        ),
        ("not XML", "hello".to_owned()),
        ("cut off", envelope("", "x")[..100].to_owned()),
    ] {
        let begun = tongban_tests::process::instant();
        let answer = send(hall.exchange, "POST", path, &soap, sent).await;
        assert!(
            begun.elapsed().as_secs() < 5,
            "{name} cost {:?}",
            begun.elapsed()
        );
        let text = answer.text();
        assert!(!text.contains("root:"), "{name}: a file of ours was read");
        let refused = text.contains("Fault") || !text.contains("<code>0</code>");
        assert!(
            text.contains("Envelope") && refused,
            "{name}: {} {text}",
            answer.status
        );
    }
    let wrong = envelope("", "&lt;ExInfo/&gt;").replace(SOAP_IDENTIFY, "guessed");
    let answer = send(hall.exchange, "POST", path, &soap, wrong).await;
    assert!(
        answer.text().contains("<code>4</code>"),
        "a wrong identify: {}",
        answer.text()
    );
    assert_eq!(trace(&hall, &taken).await, before);
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn an_acceptance_that_its_notice_overtook_is_applied_with_the_applicants_answer() {
    let (hall, taken) = hall_with_a_case().await;
    let partner = hall.partner("rest");
    for (message, fields) in [
        ("correction_notice", json!({"XH": "1"})),
        ("acceptance", json!({})),
    ] {
        let sent = partner.send(&taken.no, message, fields).await;
        assert_eq!(sent["taken"], true, "{sent:#}");
    }
    hall.until_state(&taken, "pre_correction").await;
    let id = upload(hall.public, b"%PDF-1.4 added").await;
    let body = json!({"text": "已补充", "materials": [{"seq": 1, "id": id}]});
    let answer = hall.post(&taken, "/supplement", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // At once, not an hour later when it had waited long enough.
    hall.until_state(&taken, "handling").await;
    assert_eq!(
        hall.event_types(&taken).await,
        ["applied", "correction_requested", "resubmitted", "accepted"]
    );
}

#[tokio::test]
async fn a_report_that_was_refused_because_it_came_too_early_is_taken_when_it_comes_again() {
    let (hall, taken) = hall_with_a_case().await;
    let partner = hall.partner("rest");
    partner.send(&taken.no, "acceptance", json!({})).await;
    let notice = json!({"XH": "1"});
    partner
        .send(&taken.no, "correction_notice", notice.clone())
        .await;
    hall.until_state(&taken, "correction").await;
    // The simulator keeps what was not taken and sends the very same again, as partners do.
    let early = partner.send(&taken.no, "completion", json!({})).await;
    assert_eq!(early["taken"], false, "{early:#}");
    assert_eq!(hall.show(&taken).await["state"], "correction");
    let id = upload(hall.public, b"%PDF-1.4 added").await;
    let body = json!({"text": "已补充", "materials": [{"seq": 1, "id": id}]});
    let answer = hall.post(&taken, "/supplement", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let supplied = partner.send(&taken.no, "supply_acceptance", notice).await;
    assert_eq!(supplied["taken"], true, "{supplied:#}");
    hall.until_state(&taken, "closed").await;
    let rejected = get(hall.operations, "/ops/v1/feedback").await.json();
    assert_eq!(rejected["rejected"], json!([]), "taken after all");
}
