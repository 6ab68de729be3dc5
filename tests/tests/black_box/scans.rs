//! The virus scan with a real clamd: what is not known to be clean does not leave, by no way, and everybody sees why.

use serde_json::{Value, json};
use std::net::SocketAddr;
use tongban_tests::clamd::{Clamd, MARK};
use tongban_tests::hall::{Hall, REST_KEY, STATE_MAX, words};
use tongban_tests::http::{get, send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, post, upload};

fn clean() -> Vec<u8> {
    b"%PDF-1.7 harmless".to_vec()
}

fn infected() -> Vec<u8> {
    format!("%PDF-1.7 {MARK}").into_bytes()
}

async fn scan_of(public: SocketAddr, id: &str) -> String {
    let answer = get(public, &format!("/api/v1/materials/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["scan"].as_str().unwrap().to_owned()
}

async fn until_scan(public: SocketAddr, id: &str, word: &str) {
    eventually(word, STATE_MAX, || async {
        (scan_of(public, id).await == word).then_some(())
    })
    .await;
}

async fn submit_with(hall: &Hall, id: &str) -> Taken {
    let application = body("soap", &[(1, id.to_owned())]);
    Taken::of(&post(hall.public, &fresh_key(), &application).await)
}

fn held(shown: &Value) -> &Value {
    &shown["with"]["delivery"]["held"]
}

#[tokio::test]
async fn nothing_leaves_before_it_was_found_clean_and_a_restart_forgets_no_scan() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    let mut hall =
        Hall::open_with(&[("soap", &["--scenario", "immediate"])], &clamd.settings()).await;
    let id = upload(hall.public, &clean()).await;
    assert_eq!(scan_of(hall.public, &id).await, "pending");
    let taken = submit_with(&hall, &id).await;
    let shown = hall.show(&taken).await;
    assert_eq!(held(&shown)["code"], "material_pending", "{shown:#}");
    assert_eq!(held(&shown)["files"][0]["file_name"], "sample.pdf");
    assert_eq!(held(&shown)["files"][0]["scan"], "pending");
    eventually("the operator sees it", STATE_MAX, || async {
        let waiting = hall.metric("tongban_scans_waiting", &[]).await;
        let tried = hall
            .metric("tongban_scans_total", &["outcome=\"unreachable\""])
            .await;
        (waiting == 1.0 && tried >= 1.0).then_some(())
    })
    .await;
    assert_eq!(hall.metric("tongban_scanner_up", &[]).await, 0.0);
    hall.kill();
    hall.start().await;
    assert_eq!(scan_of(hall.public, &id).await, "pending");
    assert!(
        hall.partner("soap").cases().await.is_empty(),
        "nothing went to the partner"
    );
    clamd.start().await;
    hall.until_state(&taken, "closed").await;
    assert_eq!(scan_of(hall.public, &id).await, "clean");
    assert_eq!(
        hall.metric("tongban_scans_total", &["outcome=\"clean\""])
            .await,
        1.0
    );
    assert_eq!(hall.metric("tongban_scanner_up", &[]).await, 1.0);
}

#[tokio::test]
async fn an_application_that_names_an_infected_file_is_refused_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    clamd.start().await;
    let hall = Hall::open_with(&[], &clamd.settings()).await;
    let id = upload(hall.public, &infected()).await;
    until_scan(hall.public, &id, "infected").await;
    let answer = post(hall.public, &fresh_key(), &body("soap", &[(1, id)])).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let errors = answer.json()["errors"].clone();
    assert_eq!(
        (&errors[0]["pointer"], &errors[0]["code"]),
        (&json!("/materials/0/id"), &json!("material_infected"))
    );
    let log = std::fs::read_to_string(hall.folder().join("gateway.log")).unwrap();
    assert!(
        log.contains("BlackBox.Mark"),
        "the operator reads which signature it was"
    );
}

#[tokio::test]
async fn a_file_found_infected_after_submission_stops_the_delivery_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    let mut hall =
        Hall::open_with(&[("soap", &["--scenario", "immediate"])], &clamd.settings()).await;
    let id = upload(hall.public, &infected()).await;
    let taken = submit_with(&hall, &id).await;
    clamd.start().await;
    let shown = hall
        .until(&taken, "the delivery is dead", |shown| {
            shown["with"]["delivery"]["state"] == "dead"
        })
        .await;
    assert_eq!(shown["with"]["delivery"]["last_code"], "material_infected");
    assert_eq!(held(&shown)["code"], "material_infected", "{shown:#}");
    assert_eq!(held(&shown)["files"][0]["seq"], 1);
    assert!(
        held(&shown)["words"].as_str().unwrap().contains("撤回"),
        "it says what to do"
    );
    assert_eq!(hall.listed("code=material_infected").await.len(), 1);
    let retry = [
        "retry",
        "--case",
        &taken.no,
        "--yes",
        "--reason",
        "try again",
    ];
    // Neither an operator's retry nor the end of scanning lets it go.
    let retried = hall.deliveries(&retry);
    assert_eq!(retried.status.code(), Some(1), "{}", words(&retried));
    assert!(
        words(&retried).contains("dead again"),
        "{}",
        words(&retried)
    );
    hall.until(&taken, "dead again", |shown| {
        shown["with"]["delivery"]["attempt"] == 2
    })
    .await;
    clamd.stop();
    hall.kill();
    hall.set_settings("");
    hall.start().await;
    assert_eq!(scan_of(hall.public, &id).await, "infected");
    let retried = hall.deliveries(&retry);
    assert_eq!(retried.status.code(), Some(1), "{}", words(&retried));
    hall.until(&taken, "dead a third time", |shown| {
        shown["with"]["delivery"]["attempt"] == 3
    })
    .await;
    assert!(
        hall.partner("soap").cases().await.is_empty(),
        "nothing went to the partner"
    );
    // What the words say is possible.
    let withdrawn = hall.post(&taken, "/withdraw", &json!({})).await;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.text());
    hall.until_state(&taken, "closed").await;
}

#[tokio::test]
async fn what_a_partner_hands_back_is_scanned_before_an_applicant_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    clamd.start().await;
    let hall = Hall::open_with(&[("rest", &["--scenario", "silent"])], &clamd.settings()).await;
    let taken = tongban_tests::sample::submit(hall.public, "rest").await;
    let partner = hall.partner("rest");
    eventually("the partner has the case", STATE_MAX, || async {
        (!partner.case(&taken.no).await.is_null()).then_some(())
    })
    .await;
    let headers = [
        ("x-api-key", REST_KEY),
        ("content-type", "application/pdf"),
        ("x-case-no", taken.no.as_str()),
        ("x-document-kind", "certificate"),
        ("x-file-name", "a.pdf"),
    ];
    let path = "/exchange/v1/systems/gd-explosives/materials";
    for (bytes, word, status) in [(clean(), "clean", 200), (infected(), "infected", 409)] {
        let kept = send(hall.exchange, "POST", path, &headers, bytes).await;
        assert_eq!(kept.status, 201, "{}", kept.text());
        let id = kept.json()["id"].as_str().unwrap().to_owned();
        until_scan(hall.public, &id, word).await;
        let answer = hall.get(&taken, &format!("/documents/{id}")).await;
        assert_eq!(answer.status, status, "{word}");
        let pulled = format!("{path}/{id}");
        let answer = send(
            hall.exchange,
            "GET",
            &pulled,
            &[("x-api-key", REST_KEY)],
            "",
        )
        .await;
        assert_eq!(answer.status, status, "{word} by pull");
    }
}

#[tokio::test]
async fn what_clamd_cannot_scan_waits_and_holds_up_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    clamd.start().await;
    let hall = Hall::open_with(&[], &clamd.settings()).await;
    // Its StreamMaxLength is 1 MiB.
    let mut large = clean();
    large.resize(3 << 20, b'x');
    let large = upload(hall.public, &large).await;
    eventually("clamd refuses it", STATE_MAX, || async {
        let refused = hall
            .metric("tongban_scans_total", &["outcome=\"too_large\""])
            .await;
        (refused >= 1.0).then_some(())
    })
    .await;
    let small = upload(hall.public, &clean()).await;
    until_scan(hall.public, &small, "clean").await;
    assert_eq!(
        scan_of(hall.public, &large).await,
        "pending",
        "it is not called clean"
    );
    eventually("the operator sees that it waits", STATE_MAX, || async {
        (hall.metric("tongban_scans_waiting", &[]).await == 1.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_could_never_be_scanned_is_not_taken_and_resumable_uploads_are_scanned_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    clamd.start().await;
    let settings = format!(
        "scan: {{ clamd: \"unix:{}\", stream_bytes_max: 1000 }}\n",
        clamd.socket().display()
    );
    let hall = Hall::open_with(&[], &settings).await;
    let headers = [
        ("content-type", "application/pdf"),
        ("x-file-name", "a.pdf"),
    ];
    let mut large = clean();
    large.resize(1_001, b'x');
    let answer = send(hall.public, "POST", "/api/v1/materials", &headers, large).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    let offer = send(hall.public, "OPTIONS", "/api/v1/materials", &[], "").await;
    assert_eq!(offer.header("tus-max-size"), Some("1000"));
    let bytes = infected();
    let length = bytes.len().to_string();
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-length", length.as_str()),
        (
            "upload-metadata",
            "filename YS5wZGY=,filetype YXBwbGljYXRpb24vcGRm",
        ),
        ("content-type", "application/offset+octet-stream"),
    ];
    let whole = send(hall.public, "POST", "/api/v1/materials", &headers, bytes).await;
    assert_eq!(whole.status, 201, "{}", whole.text());
    let id = whole
        .header("location")
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    until_scan(hall.public, &id, "infected").await;
}

#[tokio::test]
async fn switched_on_later_what_was_never_scanned_is_scanned() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    clamd.start().await;
    let mut hall = Hall::open(&[]).await;
    let id = upload(hall.public, &infected()).await;
    assert_eq!(scan_of(hall.public, &id).await, "off");
    hall.kill();
    hall.set_settings(&clamd.settings());
    hall.start().await;
    until_scan(hall.public, &id, "infected").await;
}

#[tokio::test]
async fn a_supplement_with_an_infected_file_makes_room_for_one_without() {
    let folder = tempfile::tempdir().unwrap();
    let mut clamd = Clamd::prepare(folder.path());
    clamd.start().await;
    let hall = Hall::open_with(&[("rest", &[])], &clamd.settings()).await;
    let taken = tongban_tests::sample::submit(hall.public, "rest").await;
    hall.until_state(&taken, "correction").await;
    clamd.stop();
    let bad = upload(hall.public, &infected()).await;
    let supplement = |id: &str| json!({"text": "已补充", "materials": [{"seq": 5, "id": id}]});
    let answer = hall.post(&taken, "/supplement", &supplement(&bad)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    clamd.start().await;
    let shown = hall
        .until(&taken, "the supplement is dead", |shown| {
            shown["with"]["delivery"]["state"] == "dead"
        })
        .await;
    assert_eq!(held(&shown)["code"], "supplement_infected", "{shown:#}");
    let good = upload(hall.public, &clean()).await;
    let answer = hall.post(&taken, "/supplement", &supplement(&good)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    hall.until_state(&taken, "closed").await;
    let deliveries = hall.listed(&format!("case={}", taken.no)).await;
    let of_supplements: Vec<_> = deliveries
        .iter()
        .filter(|d| d["operation"] == "supplement")
        .map(|d| d["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        of_supplements,
        ["discarded", "delivered"],
        "{deliveries:#?}"
    );
}
