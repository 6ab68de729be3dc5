//! The apply pages against the real store, as a browser without JavaScript speaks to them.

use super::super::{Pages, register};
use super::key::LIFE_S;
use crate::application::HallSettings;
use crate::application::tests::{IDENTITY_NUMBER, World, request};
use crate::registry::sample;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use std::sync::Arc;
use tower::ServiceExt;

/// The pages of one hall.
struct Site {
    world: World,
    router: Router,
}

struct Shown {
    status: StatusCode,
    headers: HeaderMap,
    html: String,
}

const APPLY: &str = "/items/10131300500698857413440400/apply";

impl Site {
    async fn new() -> Self {
        Self::of(World::new().await)
    }

    fn of(world: World) -> Self {
        let pages = Pages::new(Arc::clone(&world.hall)).unwrap();
        let router = register(Router::new()).with_state(pages);
        Self { world, router }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Shown {
        let request = request(method, path, headers, body);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Shown {
            status: head.status,
            headers: head.headers,
            // The engine writes `/` as a character reference.
            html: String::from_utf8(bytes.to_vec())
                .unwrap()
                .replace("&#x2f;", "/"),
        }
    }

    async fn get(&self, path: &str) -> Shown {
        self.send("GET", path, &[("accept-language", "en")], Body::empty())
            .await
    }

    async fn post(&self, parts: &[Part<'_>]) -> Shown {
        self.post_to(APPLY, parts, &[]).await
    }

    async fn post_to(&self, path: &str, parts: &[Part<'_>], more: &[(&str, &str)]) -> Shown {
        let mut headers = vec![
            ("accept-language", "en"),
            ("content-type", "multipart/form-data; boundary=XX"),
        ];
        headers.extend(more);
        self.send("POST", path, &headers, multipart(parts).into())
            .await
    }

    /// The key of a freshly drawn form.
    async fn key(&self) -> String {
        let form = self
            .get(&format!("{APPLY}?situation=new&region=440400"))
            .await;
        assert_eq!(form.status, StatusCode::OK, "{}", form.html);
        value_of(&form.html, "key")
    }

    async fn applications(&self) -> u64 {
        let scope = crate::identity::Scope::Everything;
        let counts = self
            .world
            .hall
            .intake
            .store
            .count_by_state(&scope)
            .await
            .unwrap();
        counts.iter().map(|(_, n)| u64::try_from(*n).unwrap()).sum()
    }
}

#[derive(Clone)]
enum Part<'p> {
    Text(&'p str, String),
    File(&'p str, &'p str, Vec<u8>),
}

fn text<'p>(name: &'p str, value: &str) -> Part<'p> {
    Part::Text(name, value.to_owned())
}

fn multipart(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(b"--XX\r\nContent-Disposition: form-data; ");
        match part {
            Part::Text(name, value) => {
                body.extend_from_slice(format!("name=\"{name}\"\r\n\r\n{value}").as_bytes());
            }
            Part::File(name, file, bytes) => {
                let head = format!(
                    "name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
                );
                body.extend_from_slice(head.as_bytes());
                body.extend_from_slice(bytes);
            }
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

/// The value of the first hidden field of a name.
fn value_of(html: &str, name: &str) -> String {
    values_of(html, name)
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("no field {name} in {html}"))
}

fn values_of(html: &str, name: &str) -> Vec<String> {
    let start = format!("name=\"{name}\" value=\"");
    html.match_indices(&start)
        .map(|(at, _)| {
            html[at + start.len()..]
                .split('"')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// A draft with everything right but the document.
fn right(key: &str) -> Vec<Part<'static>> {
    vec![
        text("key", key),
        text("situation", "new"),
        text("region", "440402"),
        text("applicant/type", "person"),
        text("applicant/name", "欧阳·买买提"),
        text("applicant/id_type", "resident_id"),
        text("applicant/id_number", "１１０１０５ 19491231 002x"),
        text("applicant/phone", " １３８ 0000 0000 "),
        text("applicant/contact", ""),
        text("applicant/email", ""),
        text("form/project_name", "改造"),
    ]
}

fn report() -> Part<'static> {
    Part::File("file/1", "报告.pdf", b"%PDF-1.7 sample".to_vec())
}

fn with(parts: &[Part<'static>], more: &[Part<'static>]) -> Vec<Part<'static>> {
    parts.iter().chain(more).cloned().collect()
}

#[tokio::test]
async fn a_person_applies_without_javascript_and_gets_the_receipt() {
    let site = Site::new().await;
    let start = site.get(APPLY).await;
    assert_eq!(start.status, StatusCode::OK);
    assert!(
        start.html.contains("name=\"situation\" value=\"new\""),
        "{}",
        start.html
    );
    let draft = right(&site.key().await);
    let uploaded = site
        .post(&with(&draft, &[report(), text("action", "upload")]))
        .await;
    assert_eq!(uploaded.status, StatusCode::OK, "{}", uploaded.html);
    assert!(
        uploaded.html.contains("<bdi>报告.pdf</bdi>"),
        "{}",
        uploaded.html
    );
    let material = value_of(&uploaded.html, "material");
    let draft = with(&draft, &[text("material", &material)]);
    let review = site.post(&with(&draft, &[text("action", "review")])).await;
    assert_eq!(review.status, StatusCode::OK, "{}", review.html);
    assert!(
        review.html.contains(IDENTITY_NUMBER),
        "read as the document has it: {}",
        review.html
    );
    assert!(review.html.contains("value=\"submit\""), "{}", review.html);
    assert_eq!(
        site.applications().await,
        0,
        "nothing is submitted by looking"
    );
    let sent = site.post(&with(&draft, &[text("action", "submit")])).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    let address = sent.headers[header::LOCATION].to_str().unwrap().to_owned();
    let cookie = sent.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap();
    let headers = [("cookie", cookie), ("host", "hall.example")];
    let receipt = site.send("GET", &address, &headers, Body::empty()).await;
    assert_eq!(receipt.status, StatusCode::OK, "{}", receipt.html);
    let no = address.split('/').nth(2).unwrap();
    let code = site.world.hall.intake.keys.query_code(no);
    assert!(
        receipt.html.contains(no) && receipt.html.contains(&code),
        "{}",
        receipt.html
    );
    assert!(receipt.html.contains("<svg"), "{}", receipt.html);
    let signed = receipt.html.split("readonly=\"readonly\"").nth(1).unwrap();
    let signed = signed
        .split('>')
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .trim();
    let key = site.world.hall.intake.keys.public_key();
    let promise = crate::intake::receipt::verify(signed, key).unwrap();
    assert_eq!(promise.application_no, no);
    let stranger = site.get(&address).await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    assert!(!stranger.html.contains(&code));
}

#[tokio::test]
async fn every_fault_is_told_at_once_and_nothing_typed_is_lost() {
    let site = Site::new().await;
    let key = site.key().await;
    let hostile = "<b>\"𠮷·&amp; ‏مرحبا";
    let parts = [
        text("key", &key),
        text("situation", "new"),
        text("region", "440400"),
        text("applicant/type", "person"),
        text("applicant/name", hostile),
        text("applicant/id_type", "resident_id"),
        text("applicant/id_number", "110105194912310021"),
        text("applicant/phone", "12"),
        text(
            "form/project_name",
            "一二三四五六七八九十一二三四五六七八九十多",
        ),
        text("form/of_the_other_situation", "kept"),
        text("action", "review"),
    ];
    let shown = site.post(&parts).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    for target in [
        "f-applicant-id_number",
        "f-applicant-phone",
        "f-form-project_name",
        "f-file-1",
    ] {
        assert!(
            shown.html.contains(&format!("<a href=\"#{target}\">")),
            "{target}: {}",
            shown.html
        );
        assert!(
            shown.html.contains(&format!("id=\"{target}-fault\"")),
            "{target}: {}",
            shown.html
        );
    }
    let escaped = "&lt;b&gt;&quot;𠮷·&amp;amp; ‏مرحبا";
    assert!(shown.html.contains(escaped), "{}", shown.html);
    assert!(!shown.html.contains("<b>"), "{}", shown.html);
    assert!(shown.html.contains("value=\"110105194912310021\""));
    assert_eq!(value_of(&shown.html, "form/of_the_other_situation"), "kept");
    assert_eq!(
        value_of(&shown.html, "key"),
        key,
        "the form stays the same form"
    );
}

#[tokio::test]
async fn one_form_becomes_one_application_however_often_it_is_sent() {
    let site = Site::new().await;
    let parts = right(&site.key().await);
    let uploaded = site
        .post(&with(&parts, &[report(), text("action", "upload")]))
        .await;
    let material = value_of(&uploaded.html, "material");
    let draft = with(
        &parts,
        &[text("material", &material), text("action", "submit")],
    );
    let (one, other) = tokio::join!(site.post(&draft), site.post(&draft));
    let third = site
        .post_to(APPLY, &draft, &[("user-agent", "after a reload")])
        .await;
    for sent in [&one, &other, &third] {
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
        assert_eq!(
            sent.headers[header::LOCATION],
            one.headers[header::LOCATION]
        );
    }
    assert_eq!(site.applications().await, 1);
    // Back, changed, and sent again: it is told that this form was submitted.
    let mut changed = draft.clone();
    changed[10] = text("form/project_name", "别的");
    let told = site.post(&changed).await;
    assert_eq!(told.status, StatusCode::CONFLICT, "{}", told.html);
    let no = one.headers[header::LOCATION]
        .to_str()
        .unwrap()
        .split('/')
        .nth(2)
        .unwrap()
        .to_owned();
    assert!(told.html.contains(&no), "{}", told.html);
    assert!(
        !told.html.contains("/receipt\""),
        "without the cookie it cannot be opened"
    );
    let cookie = one.headers[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let again = with(&parts, &[text("action", "review")]);
    let mine = site.post_to(APPLY, &again, &[("cookie", cookie)]).await;
    assert_eq!(mine.status, StatusCode::CONFLICT);
    assert!(
        mine.html.contains(&format!("/applications/{no}/receipt")),
        "{}",
        mine.html
    );
    assert_eq!(site.applications().await, 1);
}

#[tokio::test]
async fn a_form_of_yesterday_and_one_without_a_key_are_read_over_before_they_are_sent() {
    let site = Site::new().await;
    let keys = &site.world.hall.intake.keys;
    let now = site.world.hall.intake.clock.now().as_second();
    let old = jiff::Timestamp::from_second(now - LIFE_S - 60).unwrap();
    for key in [
        keys.form_key("ab", old),
        "made-up".to_owned(),
        String::new(),
    ] {
        let parts = right(&key);
        let shown = site
            .post(&with(&parts, &[report(), text("action", "submit")]))
            .await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.html);
        assert!(shown.html.contains("value=\"submit\""), "{}", shown.html);
        let fresh = value_of(&shown.html, "key");
        assert_ne!(fresh, key);
        assert!(keys.form_drawn(&fresh).is_some());
    }
    assert_eq!(site.applications().await, 0);
}

#[tokio::test]
async fn files_are_listed_replaced_removed_and_refused_in_plain_words() {
    let settings = HallSettings {
        material_bytes_max: 1_000,
        ..HallSettings::default()
    };
    let site = Site::of(World::with(sample::snapshot(), settings).await);
    let parts = right(&site.key().await);
    let several = [
        Part::File("file/3", "a.txt", b"a".to_vec()),
        Part::File("file/3", "C:\\photos\\b.jpg", b"\xff\xd8\xff".to_vec()),
        Part::File("file/3", "", Vec::new()),
        report(),
        text("action", "upload"),
    ];
    let shown = site.post(&with(&parts, &several)).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.html);
    let materials = values_of(&shown.html, "material");
    assert_eq!(materials.len(), 3, "{}", shown.html);
    assert!(shown.html.contains("<bdi>b.jpg</bdi>"));
    let kept: Vec<Part<'static>> = materials.iter().map(|m| text("material", m)).collect();
    let parts = with(&parts, &kept);

    let other = Part::File("file/1", "新报告.pdf", b"%PDF-1.7 other".to_vec());
    let shown = site
        .post(&with(&parts, &[other, text("action", "upload")]))
        .await;
    assert_eq!(
        values_of(&shown.html, "material").len(),
        3,
        "one file alone for document 1"
    );
    assert!(
        !shown.html.contains("<bdi>报告.pdf</bdi>") && shown.html.contains("<bdi>新报告.pdf</bdi>")
    );

    let id = materials
        .iter()
        .find(|m| m.starts_with("3:"))
        .unwrap()
        .split_once(':')
        .unwrap()
        .1;
    let shown = site
        .post(&with(&parts, &[text("action", &format!("remove:{id}"))]))
        .await;
    assert_eq!(values_of(&shown.html, "material").len(), 2);
    assert!(!shown.html.contains(id));

    for (file, name, bytes, words) in [
        (
            "file/1",
            "a.exe",
            b"MZ".to_vec(),
            "is of a kind that is not taken",
        ),
        (
            "file/1",
            "a.jpg",
            b"\xff\xd8\xff".to_vec(),
            "are not taken for this document",
        ),
        ("file/3", "leer.txt", Vec::new(), "is empty"),
        (
            "file/3",
            "gross.txt",
            vec![b'x'; 3_000_000],
            "is larger than 1 KB",
        ),
    ] {
        let refused = [
            Part::File(file, name, bytes),
            text("form/project_name", "behind the file"),
            text("action", "upload"),
        ];
        let shown = site.post(&with(&parts[..10], &refused)).await;
        assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(shown.html.contains(words), "{name}: {}", shown.html);
        assert!(
            shown.html.contains("behind the file"),
            "{name}: what comes after is read too"
        );
    }
}

#[tokio::test]
async fn bad_input_gets_a_page_in_plain_words_that_keeps_what_was_typed() {
    let site = Site::new().await;
    let parts = right(&site.key().await);
    let whole = multipart(&with(&parts, &[text("action", "review")]));
    let form = "multipart/form-data; boundary=XX";
    let long = "x".repeat(70 << 10);
    let too_long = multipart(&with(
        &parts,
        &[text("form/other", &long), text("action", "review")],
    ));
    let many: Vec<Part<'static>> = (0..6_000).map(|_| text("form/x", "y")).collect();
    let too_many = multipart(&with(&parts, &many));
    let no_end = whole[..whole.len() - 40].to_vec();
    for (name, content_type, body, status, keeps) in [
        ("no form", "application/json", b"{}".to_vec(), 400, false),
        (
            "no boundary",
            "multipart/form-data",
            whole.clone(),
            400,
            false,
        ),
        (
            "another boundary",
            "multipart/form-data; boundary=YY",
            whole.clone(),
            400,
            false,
        ),
        ("broken off", form, no_end, 400, true),
        ("a text too long", form, too_long, 413, true),
        ("too many parts", form, too_many, 413, true),
        ("no part in sight", form, vec![b'x'; 3 << 20], 400, false),
    ] {
        let headers = [("content-type", content_type), ("accept-language", "en")];
        let shown = site.send("POST", APPLY, &headers, body.into()).await;
        assert_eq!(shown.status.as_u16(), status, "{name}: {}", shown.html);
        assert!(shown.html.starts_with("<!DOCTYPE html>"), "{name}");
        assert_eq!(
            shown.html.contains("欧阳·买买提"),
            keeps,
            "{name}: {}",
            shown.html
        );
    }
    let headers = [("content-type", form), ("sec-fetch-site", "cross-site")];
    let foreign = site.send("POST", APPLY, &headers, whole.into()).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert_eq!(site.applications().await, 0);
}

#[tokio::test]
async fn items_that_take_no_applications_lead_to_their_guide_and_unknown_ones_to_none() {
    let site = Site::new().await;
    let suspended = "10131300600698857413440400";
    let shown = site.get(&format!("/items/{suspended}/apply")).await;
    assert_eq!(shown.status, StatusCode::SEE_OTHER);
    assert_eq!(
        shown.headers[header::LOCATION],
        format!("/items/{suspended}")
    );
    // Suspended while somebody was filling it in: everything stays, and it is said.
    let parts = with(&right(&site.key().await), &[text("action", "review")]);
    let shown = site
        .post_to(&format!("/items/{suspended}/apply"), &parts, &[])
        .await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        shown.html.contains("takes no applications for now"),
        "{}",
        shown.html
    );
    assert!(shown.html.contains("欧阳·买买提"));
    assert_eq!(
        site.get("/items/none/apply").await.status,
        StatusCode::NOT_FOUND
    );
    let strange = site
        .get(&format!("{APPLY}?situation=strange&region=440400"))
        .await;
    assert_eq!(strange.status, StatusCode::OK);
    assert!(
        strange.html.contains("Choose first what you apply for"),
        "{}",
        strange.html
    );
    assert_eq!(
        site.get(&format!("{APPLY}?colour=red")).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn another_situation_asks_for_other_documents_and_keeps_the_rest() {
    let site = Site::new().await;
    let mut parts = right(&site.key().await);
    parts[1] = text("situation", "renewal");
    let shown = site
        .post(&with(&parts, &[report(), text("action", "edit")]))
        .await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.html.contains("id=\"f-file-2\""), "{}", shown.html);
    assert!(shown.html.contains("欧阳·买买提") && shown.html.contains("<bdi>报告.pdf</bdi>"));
}

#[tokio::test]
async fn the_language_can_be_changed_in_the_middle_of_a_form() {
    let site = Site::new().await;
    let parts = with(
        &right(&site.key().await),
        &[report(), text("action", "edit")],
    );
    let shown = site.post_to(&format!("{APPLY}?lang=zh"), &parts, &[]).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(
        shown.html.contains("<html lang=\"zh-CN\">"),
        "{}",
        shown.html
    );
    assert!(shown.html.contains("欧阳·买买提") && shown.html.contains("<bdi>报告.pdf</bdi>"));
    assert!(
        shown
            .html
            .contains(&format!("formaction=\"{APPLY}?lang=en\"")),
        "{}",
        shown.html
    );
}
