//! What partners report and hand over, in their own order and form, and what the applicant sees of it.

use serde_json::{Value, json};
use tongban_tests::hall::{Hall, REST_KEY, STATE_MAX};
use tongban_tests::http::{get, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, submit, uploads};

#[tokio::test]
async fn a_city_platform_that_reports_the_end_first_ends_right() {
    let hall = Hall::open(&[("soap", &[])]).await;
    let taken = submit(hall.public, "soap").await;
    let closed = hall.until_state(&taken, "closed").await;
    assert_eq!(closed["decision"]["result"], "completed", "{closed:#}");
    let types = hall.event_types(&taken).await;
    let place = |kind: &str| types.iter().position(|t| t == kind);
    assert!(
        place("accepted").is_some() && place("accepted") < place("closed"),
        "{types:?}"
    );
    let case = hall.partner("soap").case(&taken.no).await;
    let (sent, effects) = (&case["sent"], &case["effects"]);
    let order: Vec<&str> = sent
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["message"].as_str())
        .collect();
    let place = |message: &str| order.iter().position(|m| *m == message);
    assert!(
        place("completion") < place("acceptance"),
        "the platform sent in order, so the test proves nothing: {order:?}"
    );
    assert_eq!(
        (effects, &case["complaints"]),
        (&json!(1), &json!([])),
        "{case:#}"
    );
}

#[tokio::test]
async fn a_national_system_that_is_polled_pulls_the_case_and_hands_back_its_result() {
    let hall = Hall::open(&[("xml", &[])]).await;
    let taken = submit(hall.public, "xml").await;
    let closed = hall.until_state(&taken, "closed").await;
    assert_eq!(closed["decision"]["result"], "granted", "{closed:#}");
    let documents = hall.get(&taken, "/documents").await.json()["documents"].clone();
    assert_eq!(documents[0]["kind"], "certificate", "{documents}");
    let cases = hall.partner("xml").cases().await;
    assert_eq!(cases.len(), 1);
    let number = cases[0]["number"].as_str().unwrap();
    assert!(
        number.bytes().all(|b| b.is_ascii_digit()),
        "the partner takes digits only: {number}"
    );
    let case = hall.partner("xml").case(number).await;
    assert_eq!(
        (&case["effects"], &case["complaints"]),
        (&json!(1), &json!([])),
        "{case:#}"
    );
    assert_eq!(
        case["application"]["materials"][0]["md5_matches"], true,
        "{case:#}"
    );
}

/// Now as a partner writes it: not zero-padded, time of Shanghai.
fn partner_time() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a partner has a clock of its own"
    )]
    let now = jiff::Timestamp::now();
    jiff::tz::offset(8)
        .to_datetime(now)
        .strftime("%Y-%-m-%-d %-H:%M:%S")
        .to_string()
}

#[tokio::test]
async fn a_newer_version_supersedes_and_a_conflicting_duplicate_is_rejected_and_visible() {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "rest").await;
    let partner = hall.partner("rest");
    eventually("the partner has the case", STATE_MAX, || async {
        (!partner.case(&taken.no).await.is_null()).then_some(())
    })
    .await;
    let report = |message: &'static str, fields: Value| {
        let no = taken.no.clone();
        async move { partner.send(&no, message, fields).await }
    };
    let at = partner_time();
    let at = at.as_str();
    for (message, fields) in [
        ("pre_acceptance", json!({})),
        ("acceptance", json!({})),
        ("step", json!({"SPBZH": "1", "SPSJ": at, "SPYJ": "初稿"})),
    ] {
        let sent = report(message, fields).await;
        assert_eq!(sent["taken"], true, "{message}: {sent:#}");
    }
    let before = hall.events(&taken).await.len();
    let newer = report(
        "step",
        json!({"SPBZH": "1", "SPSJ": at, "SPYJ": "定稿", "SJBBH": "2"}),
    )
    .await;
    assert_eq!(newer["taken"], true, "{newer:#}");
    let events = hall.events(&taken).await;
    assert_eq!(events.len(), before + 1);
    let last = events.last().unwrap();
    assert_eq!(
        (&last["type"], &last["supersedes"]),
        (&json!("step"), &json!(before)),
        "{last:#}"
    );
    let conflict = report(
        "step",
        json!({"SPBZH": "1", "SPSJ": at, "SPYJ": "另一稿", "SJBBH": "2"}),
    )
    .await;
    assert_eq!(conflict["taken"], false, "{conflict:#}");
    assert_eq!(
        hall.events(&taken).await.len(),
        before + 1,
        "a conflicting duplicate changes nothing"
    );
    let rejected = get(hall.operations, "/ops/v1/feedback?system=gd-explosives")
        .await
        .json();
    let visible = rejected["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .any(|r| r["case_no"] == json!(taken.no) && r["type"] == "step");
    assert!(visible, "{rejected:#}");
}

#[tokio::test]
async fn what_a_partner_hands_back_is_downloaded_byte_for_byte() {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "rest").await;
    let partner = hall.partner("rest");
    eventually("the partner has the case", STATE_MAX, || async {
        (!partner.case(&taken.no).await.is_null()).then_some(())
    })
    .await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let headers = [
        ("x-api-key", REST_KEY),
        ("content-type", "application/pdf"),
        ("x-case-no", taken.no.as_str()),
        ("x-document-kind", "certificate"),
        ("x-file-name", "%E8%AE%B8%E5%8F%AF%E8%AF%81.pdf"),
    ];
    let path = "/exchange/v1/systems/gd-explosives/materials";
    let kept = send(hall.exchange, "POST", path, &headers, bytes.clone()).await;
    assert_eq!(kept.status, 201, "{}", kept.text());
    let again = send(hall.exchange, "POST", path, &headers, bytes.clone()).await;
    assert_eq!(
        (again.status, again.json()),
        (201, kept.json()),
        "the same document again is the same document"
    );
    let documents = hall.get(&taken, "/documents").await.json()["documents"]
        .as_array()
        .cloned()
        .unwrap();
    assert_eq!(documents.len(), 1, "{documents:?}");
    let file = hall
        .get(
            &taken,
            &format!("/documents/{}", documents[0]["id"].as_str().unwrap()),
        )
        .await;
    assert!(file.body == bytes, "{} bytes came back", file.body.len());
    assert_eq!(file.header("content-type"), Some("application/pdf"));
}

#[tokio::test]
async fn a_call_is_passed_through_to_a_registered_system() {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let answer = get(
        hall.public,
        "/systems/gd-explosives/ebus/query?sblsh=unknown",
    )
    .await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (200, &json!("0")),
        "{}",
        answer.text()
    );
    let nobody = get(hall.public, "/systems/no-such-system/ebus/query").await;
    assert_eq!(
        (nobody.status, nobody.code().as_str()),
        (404, "unknown_system")
    );
}

#[tokio::test]
async fn a_city_platform_hands_in_an_application_once_however_often_it_sends_it() {
    let hall = Hall::open(&[("rest", &["--scenario", "immediate"])]).await;
    let materials = uploads(hall.public, "rest").await;
    let mut application = body("rest", &materials);
    application["partner_no"] = json!("ZH000000000001");
    application["submitted_at"] = json!("2026-01-05T09:30:00+08:00");
    let path = "/exchange/v1/systems/gd-explosives/applications";
    let own = [
        ("x-api-key", REST_KEY),
        ("content-type", "application/json"),
    ];
    let stranger = [
        ("x-api-key", "guessed"),
        ("content-type", "application/json"),
    ];
    let refused = send(
        hall.exchange,
        "POST",
        path,
        &stranger,
        application.to_string(),
    )
    .await;
    assert!(matches!(refused.status, 401 | 404), "{}", refused.text());
    let mut early = application.clone();
    early["submitted_at"] = json!("2999-01-05T09:30:00+08:00");
    let refused = send(hall.exchange, "POST", path, &own, early.to_string()).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["code"]),
        (422, &json!("in_future")),
        "{}",
        refused.text()
    );
    let first = send(hall.exchange, "POST", path, &own, application.to_string()).await;
    let taken = Taken::of(&first);
    let again = send(hall.exchange, "POST", path, &own, application.to_string()).await;
    assert_eq!(
        again.json()["application_no"],
        json!(taken.no),
        "{}",
        again.text()
    );
    assert_eq!(hall.show(&taken).await["channel"], "partner");
}
