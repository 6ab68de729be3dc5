//! A citizen's way through the hall, over the public interface alone.

use serde_json::{Value, json};
use tongban_tests::hall::Hall;
use tongban_tests::http::{event_ids, get, read_stream, send};
use tongban_tests::sample::{Taken, body, fresh_key, item, post, submit, upload, uploads};

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER
        .encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

#[tokio::test]
async fn a_citizen_finds_applies_corrects_collects_and_evaluates() {
    let hall = Hall::open(&[("rest", &[])]).await;
    let found = get(
        hall.public,
        "/api/v1/items?q=%E6%B0%91%E7%94%A8%E7%88%86%E7%82%B8%E7%89%A9%E5%93%81",
    )
    .await
    .json();
    assert!(
        found.to_string().contains(item("rest")),
        "the search does not find the item: {found}"
    );
    let guide = get(hall.public, &format!("/api/v1/items/{}", item("rest"))).await;
    assert_eq!(guide.status, 200, "{}", guide.text());
    let form = get(hall.public, &format!("/api/v1/items/{}/form", item("rest"))).await;
    assert!(
        form.json().to_string().contains("warehouse_address"),
        "{}",
        form.text()
    );

    let materials = uploads(hall.public, "rest").await;
    let state = get(
        hall.public,
        &format!("/api/v1/materials/{}", materials[0].1),
    )
    .await
    .json();
    assert_eq!(state["sha256"], digest(b"%PDF-1.4 sample 1"));
    let (key, application) = (fresh_key(), body("rest", &materials));
    let answer = post(hall.public, &key, &application).await;
    let taken = Taken::of(&answer);
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/applications/{}", taken.no).as_str())
    );
    assert_eq!(taken.no.len(), 29, "a number of the scheme gd29");
    let again = post(hall.public, &key, &application).await;
    assert_eq!(
        (again.status, again.json()),
        (201, answer.json()),
        "the same key and body get the same answer"
    );

    // Live until the department asks for a correction, as a page would.
    let path = format!("/api/v1/applications/{}/events", taken.no);
    let code = [("x-query-code", taken.query_code.as_str())];
    let live = read_stream(hall.public, &path, &code, |text| {
        text.contains("event: correction_requested")
    })
    .await;
    let seen = event_ids(&live);
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>(), "{live}");
    let shown = hall.until_state(&taken, "correction").await;
    assert_eq!(shown["correction"]["answered"], false, "{shown:#}");
    assert!(shown["with"]["holder"].is_string(), "{shown:#}");

    let late = upload(hall.public, b"%PDF-1.4 emergency plan").await;
    let supplement = json!({"text": "已补充", "materials": [{"seq": 5, "id": late}]});
    let answer = hall.post(&taken, "/supplement", &supplement).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let repeated = hall.post(&taken, "/supplement", &supplement).await;
    assert_eq!(
        (repeated.status, &repeated.json()["repeated"]),
        (200, &json!(true)),
        "{}",
        repeated.text()
    );

    let closed = hall.until_state(&taken, "closed").await;
    assert_eq!(closed["decision"]["result"], "granted", "{closed:#}");
    let types = hall.event_types(&taken).await;
    for expected in [
        "applied",
        "pre_accepted",
        "accepted",
        "step",
        "correction_requested",
        "corrected",
        "closed",
    ] {
        assert!(
            types.iter().any(|t| t == expected),
            "no {expected} in {types:?}"
        );
    }
    assert!(
        types.iter().position(|t| t == "accepted") < types.iter().position(|t| t == "step"),
        "the step that came too early waits for the acceptance: {types:?}"
    );

    // The stream goes on where it was.
    let last = seen.last().copied().unwrap().to_string();
    let headers = [code[0], ("last-event-id", last.as_str())];
    let resumed = read_stream(hall.public, &path, &headers, |text| {
        text.contains("event: closed")
    })
    .await;
    let resumed = event_ids(&resumed);
    assert_eq!(resumed.first().copied(), seen.last().map(|l| l + 1));

    let documents = hall.get(&taken, "/documents").await.json()["documents"]
        .as_array()
        .cloned()
        .unwrap();
    assert!(!documents.is_empty(), "the certificate was handed back");
    for document in &documents {
        let file = hall
            .get(
                &taken,
                &format!("/documents/{}", document["id"].as_str().unwrap()),
            )
            .await;
        assert_eq!(
            (file.status, json!(digest(&file.body))),
            (200, document["sha256"].clone())
        );
    }

    let answer = hall
        .post(&taken, "/evaluation", &json!({"level": 1, "text": "满意"}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let changed = hall.post(&taken, "/evaluation", &json!({"level": 5})).await;
    assert_eq!(
        changed.status,
        409,
        "a case is evaluated once: {}",
        changed.text()
    );
    let receipt = hall.get(&taken, "/receipt").await.json();
    assert_eq!(
        receipt["receipt"],
        json!(taken.receipt),
        "the receipt is the same, byte for byte"
    );

    let at_partner = hall.partner("rest").case(&taken.no).await;
    assert_eq!(
        (&at_partner["effects"], &at_partner["complaints"]),
        (&json!(1), &json!([])),
        "{at_partner:#}"
    );
}

#[tokio::test]
async fn a_stranger_learns_nothing_whether_the_number_exists_or_not() {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let (mine, other) = (
        submit(hall.public, "rest").await,
        submit(hall.public, "rest").await,
    );
    let unknown = format!("{}9", &mine.no[..mine.no.len() - 1]);
    for path in [
        "",
        "/events",
        "/deadlines",
        "/documents",
        "/documents/1",
        "/receipt",
    ] {
        for headers in [
            &[][..],
            &[("x-query-code", other.query_code.as_str())],
            &[("x-query-code", "AAAAAAAAAAAAAAAAAAAA")],
        ] {
            let mut said = Vec::new();
            for number in [&mine.no, &unknown] {
                let answer = send(
                    hall.public,
                    "GET",
                    &format!("/api/v1/applications/{number}{path}"),
                    headers,
                    "",
                )
                .await;
                let mut document = answer.json();
                document["request_id"] = Value::Null;
                said.push((answer.status, document));
            }
            assert_eq!(said[0].0, 404, "{path}: {}", said[0].1);
            assert_eq!(said[0], said[1], "{path}");
        }
    }
    assert_eq!(
        hall.get(&mine, "").await.status,
        200,
        "the query code opens its own application"
    );
}

#[tokio::test]
async fn number_and_query_code_become_a_cookie_for_this_application_alone() {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let (mine, other) = (
        submit(hall.public, "rest").await,
        submit(hall.public, "rest").await,
    );
    let login =
        |no: &str, code: &str| json!({"application_no": no, "query_code": code}).to_string();
    let headers = [("content-type", "application/json")];
    let wrong = send(
        hall.public,
        "POST",
        "/api/v1/session",
        &headers,
        login(&mine.no, &other.query_code),
    )
    .await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (404, "wrong_number_or_code")
    );
    let opened = send(
        hall.public,
        "POST",
        "/api/v1/session",
        &headers,
        login(&mine.no, &mine.query_code),
    )
    .await;
    assert_eq!(opened.status, 201, "{}", opened.text());
    let set = opened.header("set-cookie").unwrap().to_owned();
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Strict"),
        "{set}"
    );
    let cookie = [("cookie", set.split(';').next().unwrap())];
    let read = |no: String| async move {
        send(
            hall.public,
            "GET",
            &format!("/api/v1/applications/{no}"),
            &cookie,
            "",
        )
        .await
        .status
    };
    assert_eq!(
        (read(mine.no.clone()).await, read(other.no.clone()).await),
        (200, 404)
    );
    // Guessing is told to wait.
    let mut statuses = Vec::new();
    for n in 0..12 {
        let guess = send(
            hall.public,
            "POST",
            "/api/v1/session",
            &headers,
            login(&other.no, &format!("GUESS{n}")),
        )
        .await;
        statuses.push(guess.status);
    }
    assert_eq!(
        (statuses.first(), statuses.last()),
        (Some(&404), Some(&429)),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn a_withdrawal_before_hand_over_closes_at_once_and_the_partner_never_hears_of_the_case() {
    let hall = Hall::open(&[("rest", &[])]).await;
    let paused = hall
        .ops(
            "POST",
            "/ops/v1/systems/gd-explosives/pause",
            json!({"reason": "test"}),
        )
        .await;
    assert_eq!(paused.status, 200, "{}", paused.text());
    let taken = submit(hall.public, "rest").await;
    let answer = hall
        .post(&taken, "/withdraw", &json!({"reason": "不办了"}))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["state"]),
        (200, &json!("closed")),
        "{}",
        answer.text()
    );
    assert_eq!(hall.show(&taken).await["decision"]["result"], "withdrawn");
    hall.ops(
        "POST",
        "/ops/v1/systems/gd-explosives/resume",
        json!({"reason": "test"}),
    )
    .await;
    // A later case arrives: whatever was in front of it would have been sent by then.
    let later = submit(hall.public, "rest").await;
    hall.until_event(&later, "pre_accepted").await;
    assert_eq!(hall.partner("rest").case(&taken.no).await, Value::Null);
}

#[tokio::test]
async fn a_withdrawal_after_hand_over_closes_when_the_partner_confirms() {
    let hall = Hall::open(&[("rest", &[]), ("soap", &["--scenario", "correction"])]).await;
    for kind in ["rest", "soap"] {
        let taken = submit(hall.public, kind).await;
        hall.until_state(&taken, "correction").await;
        let answer = hall
            .post(&taken, "/withdraw", &json!({"reason": "不办了"}))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let closed = hall.until_state(&taken, "closed").await;
        assert_eq!(
            closed["decision"]["result"], "withdrawn",
            "{kind}: {closed:#}"
        );
        assert!(
            hall.event_types(&taken)
                .await
                .contains(&"withdrawal_requested".to_owned())
        );
    }
}
