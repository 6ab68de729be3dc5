//! Strict foreign tools read what we publish: a SOAP client our WSDL, a validator our OpenAPI, a verifier our receipts.

use std::path::PathBuf;
use std::process::Command;
use tongban_tests::hall::{Hall, SOAP_IDENTIFY, STATE_MAX, repository, words};
use tongban_tests::http::get;
use tongban_tests::process::{eventually, root};
use tongban_tests::sample::submit;

/// The Python that has the peers: `TONGBAN_PEERS`, else the one that `tests/run` makes.
fn python() -> PathBuf {
    let named = std::env::var_os("TONGBAN_PEERS").map(PathBuf::from);
    let path = named.unwrap_or_else(|| root().join("target/peers/bin/python"));
    assert!(
        path.exists(),
        "{} is missing: tests/run installs the foreign peers (tests/peers/requirements.txt)",
        path.display()
    );
    path
}

/// Runs a peer; its words are shown when it objects.
fn peer(script: &str, arguments: &[&str]) -> String {
    let path = repository("tests/peers").join(script);
    let output = Command::new(python())
        .arg(path)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script} objects: {}",
        words(&output)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn zeep_calls_our_soap_callback_by_its_wsdl() {
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
    let wsdl = format!(
        "http://{}/exchange/v1/systems/zhuhai-platform/callback?wsdl",
        hall.exchange
    );
    let no = taken.no.clone();
    let said =
        tokio::task::spawn_blocking(move || peer("call_callback.py", &[&wsdl, &no, SOAP_IDENTIFY]))
            .await
            .unwrap();
    assert!(
        said.contains("right identify: 0") && said.contains("wrong identify: 4"),
        "{said}"
    );
    let events = hall.until_event(&taken, "pre_accepted").await;
    assert_eq!(events.last().unwrap()["system"], "zhuhai-platform");
}

#[tokio::test]
async fn a_strict_validator_accepts_our_openapi_document() {
    let hall = Hall::open(&[]).await;
    let document = get(hall.public, "/api/v1/openapi.json").await;
    assert_eq!(document.status, 200);
    assert!(
        document.json()["openapi"]
            .as_str()
            .unwrap()
            .starts_with("3.1")
    );
    let path = hall.folder().join("openapi.json");
    std::fs::write(&path, &document.body).unwrap();
    let said = peer("validate_openapi.py", &[&path.display().to_string()]);
    assert!(said.contains("valid"), "{said}");
}

#[tokio::test]
async fn a_receipt_verifies_offline_with_nothing_but_the_published_key() {
    let hall = Hall::open(&[]).await;
    let taken = submit(hall.public, "rest").await;
    let keys = get(hall.public, "/api/v1/receipt-key").await;
    assert_eq!(keys.status, 200, "{}", keys.text());
    drop(hall);
    // The gateway is gone: nothing but the two texts is left.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, &keys.body).unwrap();
    let said = peer(
        "verify_receipt.py",
        &[&path.display().to_string(), &taken.receipt],
    );
    assert!(
        said.contains(&taken.no) && said.contains("a changed receipt is refused"),
        "{said}"
    );
}

#[tokio::test]
async fn a_foreign_tus_client_uploads_in_pieces_and_resumes() {
    let hall = Hall::open(&[]).await;
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((0..300_000_u32).map(|n| (n * 7 % 251) as u8));
    let path = hall.folder().join("upload.pdf");
    std::fs::write(&path, &bytes).unwrap();
    let address = format!("http://{}/api/v1/materials", hall.public);
    let said = tokio::task::spawn_blocking(move || {
        peer("upload_by_tus.py", &[&address, &path.display().to_string()])
    })
    .await
    .unwrap();
    let place = said
        .trim()
        .split_once("/api/")
        .map(|(_, rest)| format!("/api/{rest}"));
    let shown = get(hall.public, &place.unwrap()).await.json();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    let expected = data_encoding::HEXLOWER.encode(digest.as_ref());
    assert_eq!(
        (&shown["complete"], &shown["sha256"]),
        (&true.into(), &expected.into())
    );
}
