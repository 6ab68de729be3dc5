//! Who may read, and what is read.

use super::*;

#[tokio::test]
async fn what_exists_and_what_does_not_are_the_same_404_to_a_stranger() {
    let world = World::new().await;
    let (no, _) = world.submitted().await;
    let other = format!("{}9999", &no[..25]);
    let wrong = "A".repeat(20);
    for tail in [
        "",
        "/deadlines",
        "/events",
        "/documents",
        "/documents/x",
        "/receipt",
    ] {
        for headers in [
            vec![],
            vec![("x-query-code", wrong.as_str())],
            vec![("cookie", "tongban_session=a.1.b")],
        ] {
            let (status, mut existing) = world
                .get(&format!("/api/v1/applications/{no}{tail}"), &headers)
                .await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{tail}");
            let (status, mut missing) = world
                .get(&format!("/api/v1/applications/{other}{tail}"), &headers)
                .await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{tail}");
            existing["request_id"] = Value::Null;
            missing["request_id"] = Value::Null;
            assert_eq!(existing, missing, "{tail}");
        }
    }
}

#[tokio::test]
async fn the_applicant_reads_by_token_and_another_applicant_does_not() {
    let world = World::new().await;
    let body = world.application().await.to_string();
    let headers = [("content-type", "application/json")];
    let submit = request("POST", "/api/v1/applications", &headers, body.into());
    let (status, answer) = read(world.send(as_principal(submit, applicant("u1"))).await).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let path = format!(
        "/api/v1/applications/{}",
        answer["application_no"].as_str().unwrap()
    );
    for (subject, expected) in [
        ("u1", StatusCode::OK),
        ("u2", StatusCode::NOT_FOUND),
        ("", StatusCode::NOT_FOUND),
    ] {
        let show = as_principal(
            request("GET", &path, &[], Body::empty()),
            applicant(subject),
        );
        assert_eq!(world.send(show).await.status(), expected, "{subject}");
    }
}

#[tokio::test]
async fn a_session_cookie_opens_its_application_alone() {
    let world = World::new().await;
    let (no, code) = world.submitted().await;
    let (other, _) = world.submitted().await;
    let body = json!({"application_no": no, "query_code": code}).to_string();
    let headers = [("content-type", "application/json")];
    let answer = world
        .send(request("POST", "/api/v1/session", &headers, body.into()))
        .await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = answer.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap();
    let shown = |no: String| {
        let world = &world;
        async move {
            world
                .get(&format!("/api/v1/applications/{no}"), &[("cookie", pair)])
                .await
                .0
        }
    };
    assert_eq!(shown(no).await, StatusCode::OK);
    assert_eq!(shown(other).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn guessing_a_query_code_ends_at_the_bound() {
    let world = World::new().await;
    let (no, code) = world.submitted().await;
    let wrong = json!({"application_no": no, "query_code": "A".repeat(20)});
    for _ in 0..tries::NUMBER_MAX {
        assert_eq!(
            world.post("/api/v1/session", &[], &wrong).await.0,
            StatusCode::NOT_FOUND
        );
    }
    let right = json!({"application_no": no, "query_code": code});
    let (status, problem) = world.post("/api/v1/session", &[], &right).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::TOO_MANY_REQUESTS, &json!("too_many_tries"))
    );
}

#[tokio::test]
async fn events_and_deadlines_tell_what_happened_and_why() {
    let world = World::new().await;
    let (no, code) = world.submitted().await;
    let headers = [("x-query-code", code.as_str())];
    let (_, events) = world
        .get(&format!("/api/v1/applications/{no}/events"), &headers)
        .await;
    let first = &events["events"][0];
    assert_eq!(
        (&first["seq"], &first["type"]),
        (&json!(1), &json!("applied"))
    );
    assert_eq!(
        first["data"]["form_sha256"].as_str().map(str::len),
        Some(64)
    );
    let (_, rest) = world
        .get(
            &format!("/api/v1/applications/{no}/events?after=1"),
            &headers,
        )
        .await;
    assert_eq!(rest["events"], json!([]));
    let (_, deadlines) = world
        .get(&format!("/api/v1/applications/{no}/deadlines"), &headers)
        .await;
    let clock = &deadlines["clocks"][0];
    assert_eq!(clock["clock"], "acceptance");
    assert_eq!(clock["derivation"]["due"], clock["due"]);
    assert_eq!(clock["derivation"]["calendar"], deadlines["calendar"]);
}

#[tokio::test]
async fn a_due_date_is_explained_without_a_case() {
    let world = World::new().await;
    let path = "/api/v1/deadlines/explain?from=2017-06-05&n=5&unit=working_day&region=440400";
    let (status, body) = world.get(path, &[]).await;
    assert_eq!(
        (status, &body["due"]["date"]),
        (StatusCode::OK, &json!("2017-06-12")),
        "{body}"
    );
    let stopped = format!("{path}&stop=2017-06-07..2017-06-08&stop=2017-06-09..2017-06-12");
    assert_eq!(
        world.get(&stopped, &[]).await.1["due"]["date"],
        "2017-06-14"
    );
    for bad in [
        "",
        "?from=2017-06-05",
        "?from=x&n=5",
        "?from=2017-06-05&n=-1",
        "?from=2017-06-05&n=5&unit=week",
        "?x=1",
    ] {
        let status = world
            .get(&format!("/api/v1/deadlines/explain{bad}"), &[])
            .await
            .0;
        assert!(status.is_client_error(), "{bad}: {status}");
    }
}

#[tokio::test]
async fn items_are_found_guided_and_formed() {
    let world = World::new().await;
    let (status, found) = world
        .get(
            "/api/v1/items?q=%E8%8A%82%E8%83%BD&level=city&region=440000",
            &[],
        )
        .await;
    assert_eq!(
        (status, &found["total"]),
        (StatusCode::OK, &json!(1)),
        "{found}"
    );
    assert!(found["facets"].is_object());
    let (_, guide) = world
        .get(&format!("/api/v1/items/{}", sample::OPEN), &[])
        .await;
    assert_eq!(
        (&guide["availability"], &guide["materials"][0]["seq"]),
        (&json!("open"), &json!(1)),
        "{guide}"
    );
    let (_, form) = world
        .get("/api/v1/items/open/form?situation=new", &[])
        .await;
    assert_eq!(form["required"], json!(["project_name"]));
    for (path, status) in [
        ("/api/v1/items/none", 404),
        ("/api/v1/items/draft", 404),
        ("/api/v1/items/open/form?situation=none", 404),
        ("/api/v1/items?level=9000", 400),
        ("/api/v1/items?size=0", 400),
        ("/api/v1/items?sort=x", 400),
    ] {
        assert_eq!(world.get(path, &[]).await.0.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn a_document_leaves_with_its_bytes_and_only_once_it_may() {
    use crate::store::material::{NewDocument, NewMaterial};
    use futures_util::{StreamExt, stream};
    let world = World::with(sample::snapshot_with_system(), HallSettings::default()).await;
    let (no, code) = world.submitted().await;
    let document = NewDocument {
        case_no: no.clone(),
        system_id: sample::SYSTEM.into(),
        kind: "decision".into(),
        name: "意见".into(),
        number: "1".into(),
        issuer: "局".into(),
        validity: String::new(),
    };
    let material = NewMaterial {
        id: "d".repeat(32),
        client: "system:s".into(),
        content_type: "application/pdf".into(),
        file_name: "意见.pdf".into(),
        created_at: world.hall.intake.clock.now(),
        max_bytes: 100,
        max_unbound_bytes: 100,
    };
    let bytes = stream::iter([Ok(bytes::Bytes::from_static(b"decision"))]).boxed();
    let stored = world
        .hall
        .intake
        .store
        .store_document(document, material, bytes)
        .await
        .unwrap()
        .unwrap();
    let headers = [("x-query-code", code.as_str())];
    let (_, list) = world
        .get(&format!("/api/v1/applications/{no}/documents"), &headers)
        .await;
    assert_eq!(list["documents"][0]["kind"], "decision", "{list}");
    let path = format!("/api/v1/applications/{no}/documents/{}", stored.id);
    let answer = world
        .send(request("GET", &path, &headers, Body::empty()))
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes(),
        "decision"
    );
    let none = format!("/api/v1/applications/{no}/documents/none");
    assert_eq!(world.get(&none, &headers).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn while_a_case_is_handed_over_it_is_told_to_whom_and_how_often_was_tried() {
    let world = World::with(sample::snapshot_with_system(), HallSettings::default()).await;
    let (no, code) = world.submitted().await;
    let (_, shown) = world
        .get(
            &format!("/api/v1/applications/{no}"),
            &[("x-query-code", code.as_str())],
        )
        .await;
    let with = &shown["with"];
    assert_eq!(
        (&with["holder"], &with["to"]["system"]),
        (&json!("hall"), &json!(sample::SYSTEM)),
        "{shown}"
    );
    assert_eq!(with["to"]["name"], "省民用爆炸物品管理系统");
    assert_eq!(
        (&with["delivery"]["state"], &with["delivery"]["attempt"]),
        (&json!("pending"), &json!(0))
    );
}
