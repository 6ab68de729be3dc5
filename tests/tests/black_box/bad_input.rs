//! Bad input gets a problem document with a stable code (or the partner protocol's own fault), is counted, and leaves no trace.

use serde_json::{Value, json};
use tongban_tests::hall::{Hall, REST_KEY, SOAP_IDENTIFY, STATE_MAX};
use tongban_tests::http::{Answer, get, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, post, submit, upload, uploads};

const JSON: (&str, &str) = ("content-type", "application/json");

/// What must stay as it is, whatever is sent.
#[derive(Debug, PartialEq)]
struct Trace {
    applications: f64,
    deliveries: Value,
    events: Vec<Value>,
    shown: Value,
}

async fn trace(hall: &Hall, taken: &Taken) -> Trace {
    let mut shown = hall.show(taken).await;
    // How long a clock still has changes by itself.
    for clock in shown["clocks"].as_array_mut().into_iter().flatten() {
        clock["standing"] = Value::Null;
    }
    shown["cases"] = Value::Null;
    Trace {
        applications: hall.metric("tongban_applications_total", &[]).await,
        deliveries: get(hall.operations, "/ops/v1/deliveries").await.json()["total"].clone(),
        events: hall.events(taken).await,
        shown,
    }
}

/// A refused call: what is sent to which listener, and what it gets.
struct Refused {
    name: &'static str,
    answer: Answer,
    status: u16,
    code: &'static str,
}

async fn nothing_panicked(hall: &Hall) {
    assert_eq!(
        hall.metric("tongban_http_panics_total", &[]).await,
        0.0,
        "a handler panicked"
    );
}

/// The code of a problem: its own, or one of its faults'.
fn has_code(answer: &Answer, code: &str) -> bool {
    let document = answer.json();
    let faults = document["errors"].as_array().cloned().unwrap_or_default();
    document["code"] == code || faults.iter().any(|f| f["code"] == code)
}

fn check(refused: &Refused) {
    let Refused {
        name,
        answer,
        status,
        code,
    } = refused;
    assert_eq!(answer.status, *status, "{name}: {}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{name}"
    );
    assert!(
        has_code(answer, code),
        "{name}: no code {code} in {}",
        answer.text()
    );
    let document = answer.json();
    assert!(
        document["request_id"]
            .as_str()
            .is_some_and(|id| !id.is_empty()),
        "{name}: {document}"
    );
    for internal in ["sqlx", "SELECT", "panicked", "/src/", "RUST_"] {
        assert!(
            !answer.text().contains(internal),
            "{name}: something internal shows: {}",
            answer.text()
        );
    }
}

/// A hall with a case at the department, which says nothing by itself.
async fn hall_with_a_case() -> (Hall, Taken) {
    let hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "rest").await;
    let what = "the hand-over is delivered";
    let query = format!("case={}", taken.no);
    eventually(what, STATE_MAX, || async {
        hall.listed(&query)
            .await
            .iter()
            .any(|d| d["state"] == "delivered")
            .then_some(())
    })
    .await;
    (hall, taken)
}

#[tokio::test]
async fn what_is_no_strict_json_is_refused_before_it_means_anything() {
    let (hall, taken) = hall_with_a_case().await;
    let before = trace(&hall, &taken).await;
    let path = "/api/v1/applications";
    let good = body("rest", &[]).to_string();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_objects = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    /// Name, content type header, body, status, code.
    type Row = (
        &'static str,
        (&'static str, &'static str),
        Vec<u8>,
        u16,
        &'static str,
    );
    let bodies: [Row; 12] = [
        ("nothing", JSON, vec![], 400, "malformed_json"),
        (
            "cut off",
            JSON,
            good[..good.len() / 2].into(),
            400,
            "malformed_json",
        ),
        (
            "two values",
            JSON,
            format!("{good}{good}").into(),
            400,
            "malformed_json",
        ),
        (
            "trailing comma",
            JSON,
            br#"{"a":1,}"#.into(),
            400,
            "malformed_json",
        ),
        (
            "not a number",
            JSON,
            br#"{"a":NaN}"#.into(),
            400,
            "malformed_json",
        ),
        ("deep lists", JSON, deep.into(), 400, "nested_too_deeply"),
        (
            "deep objects",
            JSON,
            deep_objects.into(),
            400,
            "nested_too_deeply",
        ),
        (
            "a name twice",
            JSON,
            br#"{"region":"440000","region":"440400"}"#.into(),
            400,
            "duplicate_name",
        ),
        (
            "invalid UTF-8",
            JSON,
            b"{\"region\":\"\xff\xfe\"}".to_vec(),
            400,
            "not_utf8",
        ),
        (
            "form as JSON",
            ("content-type", "application/x-www-form-urlencoded"),
            good.clone().into(),
            415,
            "json_expected",
        ),
        (
            "GBK",
            ("content-type", "application/json; charset=gbk"),
            good.clone().into(),
            415,
            "json_expected",
        ),
        (
            "too long",
            JSON,
            format!("{{\"a\":\"{}\"}}", "x".repeat(3 << 20)).into(),
            413,
            "body_too_large",
        ),
    ];
    for (name, content_type, bytes, status, code) in bodies {
        let answer = send(hall.public, "POST", path, &[content_type], bytes).await;
        check(&Refused {
            name,
            answer,
            status,
            code,
        });
    }
    for (name, bytes) in [
        ("a list", "[]"),
        ("a text", "\"x\""),
        ("null", "null"),
        ("empty", "{}"),
    ] {
        let answer = send(hall.public, "POST", path, &[JSON], bytes).await;
        assert_eq!(answer.status, 422, "{name}: {}", answer.text());
    }
    assert_eq!(trace(&hall, &taken).await, before);
    let counted = hall
        .metric(
            "tongban_http_requests_total",
            &[
                "listener=\"public\"",
                "route=\"/api/v1/applications\"",
                "status=\"400\"",
            ],
        )
        .await;
    assert!(counted >= 9.0, "refusals are counted: {counted}");
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn a_wrong_application_is_told_every_fault_at_once_and_leaves_no_trace() {
    let (hall, taken) = hall_with_a_case().await;
    let bound = uploads(hall.public, "rest").await;
    let other = Taken::of(&post(hall.public, &fresh_key(), &body("rest", &bound)).await);
    let query = format!("case={}", other.no);
    eventually("delivered", STATE_MAX, || async {
        hall.listed(&query)
            .await
            .iter()
            .any(|d| d["state"] == "delivered")
            .then_some(())
    })
    .await;
    let free = uploads(hall.public, "rest").await;
    let before = trace(&hall, &taken).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut application = body("rest", &free);
        change(&mut application);
        application
    };
    let faults: [(&'static str, Value, &'static str); 14] = [
        (
            "unknown item",
            with(&|a| a["item_code"] = json!("99999999999999999999999999")),
            "unknown_item",
        ),
        (
            "withdrawn item",
            with(&|a| a["item_code"] = json!(withdrawn_item())),
            "item_withdrawn",
        ),
        (
            "wrong check digit",
            with(&|a| a["applicant"]["id_number"] = json!("110105194912310021")),
            "wrong_check_digit",
        ),
        (
            "no such form",
            with(&|a| a["applicant"]["id_number"] = json!("11010519491231002x")),
            "identity_number_form",
        ),
        (
            "born in the future",
            with(&|a| a["applicant"]["id_number"] = json!(born_in("20991231"))),
            "birth_date_in_future",
        ),
        (
            "no material",
            with(&|a| a["materials"] = json!([])),
            "material_missing",
        ),
        (
            "unknown material",
            with(&|a| a["materials"][0]["id"] = json!("00000000000000000000000000000000")),
            "unknown_material",
        ),
        (
            "bound elsewhere",
            with(&|a| a["materials"][0]["id"] = json!(bound[0].1)),
            "material_bound_elsewhere",
        ),
        (
            "named twice",
            with(&|a| a["materials"][1]["id"] = a["materials"][0]["id"].clone()),
            "material_twice",
        ),
        (
            "other region",
            with(&|a| a["region"] = json!("110000")),
            "region_not_served",
        ),
        (
            "no situation",
            with(&|a| a["situation"] = json!("no-such")),
            "unknown_situation",
        ),
        (
            "unknown member",
            with(&|a| a["surprise"] = json!(1)),
            "unknown_field",
        ),
        (
            "wrong phone",
            with(&|a| a["applicant"]["phone"] = json!("12")),
            "phone_form",
        ),
        (
            "wrong type",
            with(&|a| a["form"] = json!("text")),
            "wrong_type",
        ),
    ];
    for (name, application, code) in &faults {
        let answer = post(hall.public, &fresh_key(), application).await;
        check(&Refused {
            name,
            answer,
            status: 422,
            code,
        });
    }
    let all = with(&|a| {
        a["region"] = json!("x");
        a["applicant"]["phone"] = json!("x");
        a["form"]["storage_limit_kg"] = json!(-1);
        a["materials"] = json!([]);
    });
    let answer = post(hall.public, &fresh_key(), &all).await.json();
    let pointers: Vec<&str> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["pointer"].as_str())
        .collect();
    for pointer in [
        "/region",
        "/applicant/phone",
        "/form/storage_limit_kg",
        "/materials",
    ] {
        assert!(
            pointers.contains(&pointer),
            "no fault at {pointer}: {answer:#}"
        );
    }
    for (_, id) in &free {
        let state = get(hall.public, &format!("/api/v1/materials/{id}"))
            .await
            .json();
        assert_eq!(state["bound"], false, "a refused application binds nothing");
    }
    assert_eq!(trace(&hall, &taken).await, before);
    nothing_panicked(&hall).await;
}

/// The sample item whose state is `cancelled`.
fn withdrawn_item() -> String {
    let text = std::fs::read_to_string(tongban_tests::hall::repository(
        "config/items/salt-retail.yaml",
    ))
    .unwrap();
    assert!(text.contains("state: cancelled"));
    let at = text.find("value: \"").unwrap() + 8;
    text[at..].split('"').next().unwrap().to_owned()
}

/// A citizen number (GB 11643) with this date of birth and a right check character.
fn born_in(date: &str) -> String {
    let digits = format!("110105{date}002");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits
        .bytes()
        .zip(weights)
        .map(|(d, w)| u32::from(d - b'0') * w)
        .sum();
    let check = b"10X98765432"[(sum % 11) as usize];
    format!("{digits}{}", char::from(check))
}

#[tokio::test]
async fn the_same_key_with_another_body_is_a_conflict() {
    let (hall, _) = hall_with_a_case().await;
    let key = fresh_key();
    let application = body("rest", &uploads(hall.public, "rest").await);
    let first = post(hall.public, &key, &application).await;
    let taken = Taken::of(&first);
    let before = trace(&hall, &taken).await;
    let mut other = application.clone();
    other["form"]["project_name"] = json!("另一项目");
    let answer = post(hall.public, &key, &other).await;
    check(&Refused {
        name: "another body",
        answer,
        status: 409,
        code: "idempotency_key_reused",
    });
    let long = "k".repeat(300);
    for (name, key) in [("empty key", ""), ("long key", long.as_str())] {
        let answer = post(hall.public, key, &application).await;
        check(&Refused {
            name,
            answer,
            status: 400,
            code: "bad_header",
        });
    }
    assert_eq!(
        Taken::of(&post(hall.public, &key, &application).await).no,
        taken.no
    );
    assert_eq!(trace(&hall, &taken).await.applications, before.applications);
}

#[tokio::test]
async fn uploads_have_a_type_a_name_and_a_bound() {
    let hall = Hall::open(&[]).await;
    let pdf = ("content-type", "application/pdf");
    let name = ("x-file-name", "a.pdf");
    for (what, headers, status, code) in [
        (
            "script",
            [("content-type", "text/html"), name],
            415,
            "media_type_not_allowed",
        ),
        ("no name", [pdf, ("x-other", "x")], 400, "bad_header"),
        (
            "name with a path",
            [pdf, ("x-file-name", "..%2F..%2Fetc%2Fpasswd")],
            400,
            "bad_header",
        ),
    ] {
        let answer = send(hall.public, "POST", "/api/v1/materials", &headers, "x").await;
        check(&Refused {
            name: what,
            answer,
            status,
            code,
        });
    }
    let unknown = get(
        hall.public,
        "/api/v1/materials/00000000000000000000000000000000",
    )
    .await;
    check(&Refused {
        name: "unknown",
        answer: unknown,
        status: 404,
        code: "unknown_material",
    });
    nothing_panicked(&hall).await;
}

#[tokio::test]
async fn addresses_methods_and_queries_that_do_not_exist_are_problems_too() {
    let hall = Hall::open(&[]).await;
    for (name, method, path, status, code) in [
        ("nowhere", "GET", "/api/v1/nowhere", 404, "not_found"),
        (
            "method",
            "DELETE",
            "/api/v1/items",
            405,
            "method_not_allowed",
        ),
        ("query", "GET", "/api/v1/items?qq=1", 400, "bad_query"),
        ("page", "GET", "/api/v1/items?page=-1", 400, "bad_query"),
        ("item", "GET", "/api/v1/items/0", 404, "unknown_item"),
        (
            "number",
            "GET",
            "/api/v1/applications/%2e%2e",
            404,
            "unknown_application",
        ),
    ] {
        let answer = send(hall.public, method, path, &[], "").await;
        check(&Refused {
            name,
            answer,
            status,
            code,
        });
    }
    let english = send(
        hall.public,
        "GET",
        "/api/v1/items/0",
        &[("accept-language", "en")],
        "",
    )
    .await
    .json();
    let chinese = send(
        hall.public,
        "GET",
        "/api/v1/items/0",
        &[("accept-language", "zh-CN")],
        "",
    )
    .await
    .json();
    assert_eq!(
        (english["title"].as_str(), chinese["title"].as_str()),
        (Some("No such service item"), Some("没有此事项"))
    );
    nothing_panicked(&hall).await;
}

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
async fn an_upload_that_breaks_off_leaves_nothing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let hall = Hall::open(&[]).await;
    let whole = upload(hall.public, b"%PDF-1.4").await;
    let kept = crate::secrecy::files(&hall.data()).len();
    let mut stream = tokio::net::TcpStream::connect(hall.public).await.unwrap();
    let head = "POST /api/v1/materials HTTP/1.1\r\nhost: x\r\ncontent-type: application/pdf\r\nx-file-name: a.pdf\r\ncontent-length: 100000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[b'x'; 40_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(
        !String::from_utf8_lossy(&answer).contains("201"),
        "half an upload was taken"
    );
    eventually("the half file is gone", STATE_MAX, || async {
        (crate::secrecy::files(&hall.data()).len() <= kept).then_some(())
    })
    .await;
    assert_eq!(
        get(hall.public, &format!("/api/v1/materials/{whole}"))
            .await
            .status,
        200
    );
    nothing_panicked(&hall).await;
}
