//! Bad input of applicants gets a problem document with a stable code, is counted, and leaves no trace.

use crate::refusal::{JSON, Refused, check, hall_with_a_case, nothing_panicked, trace};
use serde_json::{Value, json};
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::{get, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, post, upload, uploads};

/// What is wrong, content type, bytes, and the status and code that they get.
type BadBody = (
    &'static str,
    (&'static str, &'static str),
    Vec<u8>,
    u16,
    &'static str,
);

#[tokio::test]
async fn what_is_no_strict_json_is_refused_before_it_means_anything() {
    let (hall, taken) = hall_with_a_case().await;
    let before = trace(&hall, &taken).await;
    let path = "/api/v1/applications";
    let good = body("rest", &[]).to_string();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_objects = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let bodies: [BadBody; 12] = [
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
        ("a lie", [pdf, name], 422, "content_differs_from_type"),
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

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let hall = Hall::open(&[]).await;
    let whole = upload(hall.public, b"%PDF-1.4").await;
    let kept = crate::secrecy::files(&hall.data()).len();
    let mut stream = tokio::net::TcpStream::connect(hall.public).await.unwrap();
    let head = "POST /api/v1/materials HTTP/1.1\r\nhost: x\r\ncontent-type: application/pdf\r\nx-file-name: a.pdf\r\ncontent-length: 100000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"%PDF-1.4").await.unwrap();
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
