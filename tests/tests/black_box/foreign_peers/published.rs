//! Strict foreign tools read what we publish: a validator our OpenAPI, a verifier our receipts. And the table of what was tried is true.

use super::peer::{finished, script};
use crate::audit::sealed_receipt;
use std::collections::BTreeSet;
use tongban_tests::hall::{Hall, repository};
use tongban_tests::http::get;
use tongban_tests::sample::submit;

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
    let mut validator = script("python/validate_openapi.py");
    validator.arg(&path);
    let said = finished(validator).await;
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
    let mut verifier = script("python/verify_receipt.py");
    verifier.arg(&path).arg(&taken.receipt);
    let said = finished(verifier).await;
    assert!(
        said.contains(&taken.no) && said.contains("a changed receipt is refused"),
        "{said}"
    );
}

#[tokio::test]
async fn an_inclusion_proof_verifies_offline_with_nothing_but_the_published_key() {
    let hall = Hall::open_small("audit: { seal_every: 150ms }\n").await;
    let taken = submit(hall.public, "rest").await;
    // Others beside it, so that its batch is a tree.
    for _ in 0..4 {
        submit(hall.public, "rest").await;
    }
    let receipt = sealed_receipt(&hall, &taken).await;
    let keys = get(hall.public, "/api/v1/receipt-key").await;
    drop(hall);
    let folder = tempfile::tempdir().unwrap();
    let (key_file, receipt_file) = (
        folder.path().join("keys.json"),
        folder.path().join("receipt.json"),
    );
    std::fs::write(&key_file, &keys.body).unwrap();
    std::fs::write(&receipt_file, receipt.to_string()).unwrap();
    let mut verifier = script("python/verify_inclusion.py");
    verifier.arg(&key_file).arg(&receipt_file);
    let said = finished(verifier).await;
    for expected in [
        format!("{} is sealed since", taken.no),
        "a changed record is refused".to_owned(),
        "a changed receipt is refused".to_owned(),
    ] {
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn the_table_of_stacks_names_every_test_of_a_stack_and_no_other() {
    let document = std::fs::read_to_string(repository("docs/soap-interoperation.md")).unwrap();
    let rows = document.lines().filter(|line| line.starts_with("| "));
    let named: BTreeSet<&str> = rows
        .filter_map(|row| row.trim_end_matches(" |").rsplit("| `").next())
        .filter(|cell| cell.ends_with('`') && cell.matches('_').count() > 2)
        .map(|cell| cell.trim_end_matches('`'))
        .collect();
    let folder = repository("tests/tests/black_box/foreign_peers");
    let sources: Vec<String> = ["spyne", "node_soap", "php", "callback", "gsoap"]
        .iter()
        .map(|name| std::fs::read_to_string(folder.join(format!("{name}.rs"))).unwrap())
        .collect();
    let tests: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split("#[tokio::test]\nasync fn ").skip(1))
        .filter_map(|rest| rest.split('(').next())
        .collect();
    assert!(tests.len() > 20, "{tests:?}");
    assert_eq!(named, tests);
}

#[tokio::test]
async fn a_foreign_tus_client_uploads_in_pieces_and_resumes() {
    let hall = Hall::open(&[]).await;
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((0..300_000_u32).map(|n| (n * 7 % 251) as u8));
    let path = hall.folder().join("upload.pdf");
    std::fs::write(&path, &bytes).unwrap();
    let mut client = script("python/upload_by_tus.py");
    client
        .arg(format!("http://{}/api/v1/materials", hall.public))
        .arg(&path);
    let said = finished(client).await;
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
