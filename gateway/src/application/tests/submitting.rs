//! Submitting: the answer, its repeat, and what bad input gets.

use super::*;
use data_encoding::BASE64URL_NOPAD;

#[tokio::test]
async fn a_submission_is_numbered_receipted_and_readable() {
    let world = World::new().await;
    let body = world.application().await;
    let (status, answer) = world.post("/api/v1/applications", &[], &body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let no = answer["application_no"].as_str().unwrap();
    assert_eq!(no.len(), 29, "gd29");
    assert_eq!(
        (&answer["state"], &answer["item_version"]),
        (&json!("submitted"), &json!(3))
    );
    assert!(answer["submitted_at"].as_str().unwrap().ends_with("+08:00"));
    let code = answer["query_code"].as_str().unwrap();
    let (status, shown) = world
        .get(
            &format!("/api/v1/applications/{no}"),
            &[("x-query-code", code)],
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{shown}");
    assert_eq!(
        (&shown["state"], &shown["with"]["holder"]),
        (&json!("submitted"), &json!("hall"))
    );
    assert_eq!(shown["clocks"][0]["clock"], "acceptance");
    assert_eq!(shown["cases"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_receipt_verifies_with_the_published_key_and_stays_the_same() {
    let world = World::new().await;
    let body = world.application().await;
    let (_, answer) = world.post("/api/v1/applications", &[], &body).await;
    let (_, set) = world.get("/api/v1/receipt-key", &[]).await;
    let key = BASE64URL_NOPAD
        .decode(set["keys"][0]["x"].as_str().unwrap().as_bytes())
        .unwrap();
    let promise = receipt::verify(answer["receipt"].as_str().unwrap(), &key).unwrap();
    assert_eq!(
        Some(promise.application_no.as_str()),
        answer["application_no"].as_str()
    );
    assert_eq!(promise.cases[0].item_version, 3);
    let path = format!("/api/v1/applications/{}/receipt", promise.application_no);
    let code = answer["query_code"].as_str().unwrap();
    let (status, again) = world.get(&path, &[("x-query-code", code)]).await;
    assert_eq!(
        (status, &again["receipt"]),
        (StatusCode::OK, &answer["receipt"])
    );
}

#[tokio::test]
async fn the_same_key_with_the_same_body_has_the_same_answer_and_with_another_body_is_refused() {
    let world = World::new().await;
    let key = [("idempotency-key", "k1")];
    let body = world.application().await;
    let first = world.post("/api/v1/applications", &key, &body).await;
    assert_eq!(first.0, StatusCode::CREATED);
    assert_eq!(world.post("/api/v1/applications", &key, &body).await, first);
    let mut other = body.clone();
    other["form"]["project_name"] = json!("别的");
    let (status, problem) = world.post("/api/v1/applications", &key, &other).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("idempotency_key_reused"))
    );
}

#[tokio::test]
async fn a_key_being_worked_on_is_told_to_come_again() {
    let world = World::new().await;
    let body = world.application().await;
    let key = crate::store::application::IdempotencyKey {
        caller: "client:192.0.2.1".into(),
        key: "k".into(),
    };
    let guard = world.hall.intake.in_progress.take(&key).unwrap();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let again = || {
        world.send(request(
            "POST",
            "/api/v1/applications",
            &headers,
            body.to_string().into(),
        ))
    };
    let answer = again().await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
    drop(guard);
    assert_eq!(again().await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn bad_input_gets_its_problem_and_leaves_no_trace() {
    let world = World::new().await;
    let deep = "[".repeat(10_000);
    let huge = format!("\"{}\"", "x".repeat(JSON_BYTES_MAX));
    let wrong =
        json!({"item_code": "NONE", "region": "440400", "form": {}, "materials": []}).to_string();
    let json_type = "application/json";
    for (body, content_type, status, code) in [
        (b"{\"a\":".to_vec(), json_type, 400, "malformed_json"),
        (
            b"{\"a\":1,\"a\":2}".to_vec(),
            json_type,
            400,
            "duplicate_name",
        ),
        (b"\"\xff\"".to_vec(), json_type, 400, "not_utf8"),
        (b"{} x".to_vec(), json_type, 400, "malformed_json"),
        (deep.into_bytes(), json_type, 400, "nested_too_deeply"),
        (huge.into_bytes(), json_type, 413, "body_too_large"),
        (b"{}".to_vec(), "text/plain", 415, "json_expected"),
        (
            b"{}".to_vec(),
            "application/json; charset=gbk",
            415,
            "json_expected",
        ),
        (wrong.into_bytes(), json_type, 422, "invalid_input"),
        (b"[]".to_vec(), json_type, 422, "invalid_input"),
    ] {
        let headers = [("content-type", content_type), ("accept-language", "en")];
        let answer = world
            .send(request(
                "POST",
                "/api/v1/applications",
                &headers,
                body.into(),
            ))
            .await;
        assert_eq!(
            answer.headers()[header::CONTENT_TYPE],
            "application/problem+json",
            "{code}"
        );
        let (found, problem) = read(answer).await;
        assert_eq!(
            (found.as_u16(), problem["code"].as_str()),
            (status, Some(code)),
            "{problem}"
        );
    }
    let counts = world
        .hall
        .intake
        .store
        .count_by_state(&crate::identity::Scope::Everything)
        .await
        .unwrap();
    assert!(counts.iter().all(|(_, n)| *n == 0), "{counts:?}");
}

#[tokio::test]
async fn every_fault_is_told_at_once_in_the_language_of_the_caller() {
    let world = World::new().await;
    let mut body = world.application().await;
    body["applicant"]["id_number"] = json!("110105194912310021");
    body["form"] = json!({});
    let (_, zh) = world.post("/api/v1/applications", &[], &body).await;
    let (_, en) = world
        .post("/api/v1/applications", &[("accept-language", "en")], &body)
        .await;
    let pointers: Vec<_> = zh["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].clone())
        .collect();
    assert_eq!(
        pointers,
        [json!("/form/project_name"), json!("/applicant/id_number")]
    );
    assert_eq!(zh["errors"][0]["detail"], "此项必填");
    assert_eq!(en["errors"][0]["detail"], "this field is required");
}

#[tokio::test]
async fn a_material_is_bound_to_the_first_application_that_names_it() {
    let world = World::new().await;
    let body = world.application().await;
    assert_eq!(
        world.post("/api/v1/applications", &[], &body).await.0,
        StatusCode::CREATED
    );
    let (status, problem) = world.post("/api/v1/applications", &[], &body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["errors"][0]["code"], "material_bound_elsewhere");
    assert_eq!(problem["errors"][0]["pointer"], "/materials/0/id");
}

#[tokio::test]
async fn neither_query_code_nor_identity_number_is_stored_in_clear() {
    let world = World::new().await;
    let (no, code) = world.submitted().await;
    let folder = world.folder.path();
    assert!(
        any_file_holds(folder, no.as_bytes()),
        "the search finds what is there"
    );
    assert!(!any_file_holds(folder, code.as_bytes()));
    assert!(!any_file_holds(folder, IDENTITY_NUMBER.as_bytes()));
    assert!(!any_file_holds(folder, "张三".as_bytes()));
}

#[tokio::test]
async fn uploads_are_bounded_by_type_name_and_size() {
    let settings = HallSettings {
        material_bytes_max: 10,
        ..HallSettings::default()
    };
    let world = World::with(sample::snapshot(), settings).await;
    let pdf = ("content-type", "application/pdf");
    let name = ("x-file-name", "a.pdf");
    for (headers, body, status) in [
        (vec![pdf, name], "%PDF-67890", 201),
        (vec![pdf, name], "%PDF-67890x", 413),
        (vec![pdf, name], "0123456789", 422),
        (vec![("content-type", "text/html"), name], "x", 415),
        (vec![pdf, ("x-file-name", "..%2Fa.pdf")], "x", 400),
        (vec![pdf], "x", 400),
        (vec![pdf, name, ("upload-length", "5")], "", 412),
    ] {
        let answer = world
            .send(request("POST", "/api/v1/materials", &headers, body.into()))
            .await;
        assert_eq!(answer.status().as_u16(), status, "{headers:?}");
    }
    let id = world.upload(b"%PDF-").await;
    let (_, state) = world.get(&format!("/api/v1/materials/{id}"), &[]).await;
    assert_eq!(
        (&state["size"], &state["bound"]),
        (&json!(5), &json!(false))
    );
    assert_eq!(
        world.get("/api/v1/materials/none", &[]).await.0,
        StatusCode::NOT_FOUND
    );
}
