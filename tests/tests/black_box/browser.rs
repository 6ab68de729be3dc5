//! A real browser walks the pages as a person does; `tests/browser` says how. Every page that it meets is also checked for barriers
//! (WCAG 2.2 AA), for its width on a small screen, and for what the console says.

use crate::audit::sealed_receipt;
use std::path::PathBuf;
use std::process::Command;
use tongban_tests::hall::{Hall, repository, words};
use tongban_tests::process::root;
use tongban_tests::sample::submit;

/// Time between two steps of the partner: the applicant sees the timeline grow, and a journey stays short.
const PACE: &str = "700ms";
/// What every change must pass: each device and each language once.
const USUAL: [(&str, &str); 2] = [("phone", "zh"), ("desktop", "en")];
/// The rest, with `TONGBAN_LONG`.
const MORE: [(&str, &str); 2] = [("phone", "en"), ("desktop", "zh")];

/// The Node that runs the driver: that of the foreign peers, else the system's.
fn node() -> PathBuf {
    let packages = root().join("target/browser/node_modules/playwright-core");
    assert!(
        packages.exists(),
        "{} is missing: tests/run, or tests/browser/install, installs the browser and its driver",
        packages.display()
    );
    let own = root().join("target/peers/bin/node");
    if own.exists() { own } else { "node".into() }
}

/// Walks one journey; what the script prints is shown when it fails, with the pictures to look at.
async fn walk(hall: &Hall, journey: &str, device: &str, language: &str, more: &[&str]) {
    let address = format!("http://{}", hall.public);
    let mut command = Command::new(node());
    command
        .arg(repository("tests/browser/run.mjs"))
        .args([journey, "--address", &address])
        .args(["--device", device, "--language", language])
        .args(more);
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    assert!(
        output.status.success(),
        "{journey} on a {device} in {language}: {}",
        words(&output)
    );
}

/// Walks a journey on every device and in every language that this run looks at.
async fn walk_each(hall: &Hall, journey: &str, more: &[&str]) {
    let long = std::env::var_os("TONGBAN_LONG").is_some();
    let rest = if long { &MORE[..] } else { &[] };
    for (device, language) in USUAL.iter().chain(rest) {
        walk(hall, journey, device, language, more).await;
    }
}

/// A hall whose department corrects once and then grants, at a pace that can be watched.
async fn hall() -> Hall {
    Hall::open(&[("rest", &["--pace", PACE])]).await
}

#[tokio::test]
async fn a_newcomer_finds_an_item_in_their_own_words_and_reads_its_guide() {
    let hall = Hall::open(&[]).await;
    walk_each(&hall, "finding", &[]).await;
    walk(&hall, "finding", "phone", "zh", &["--without-javascript"]).await;
}

#[tokio::test]
async fn a_newcomer_applies_is_corrected_answers_is_granted_and_rates_by_the_pages_alone() {
    let hall = hall().await;
    let operations = format!("http://{}", hall.operations);
    walk_each(&hall, "granted", &["--operations", &operations]).await;
}

#[tokio::test]
async fn number_and_query_code_open_the_case_on_another_device_where_it_is_withdrawn() {
    walk(&hall().await, "withdrawn", "phone", "zh", &[]).await;
}

#[tokio::test]
async fn all_of_it_works_without_javascript() {
    walk(&hall().await, "plain", "phone", "zh", &[]).await;
}

#[tokio::test]
async fn a_keyboard_is_enough_to_apply() {
    walk(&Hall::open(&[]).await, "keyboard", "desktop", "en", &[]).await;
}

#[tokio::test]
async fn a_receipt_is_verified_on_the_page_and_on_the_saved_page_without_a_network() {
    let hall = Hall::open_small("audit: { seal_every: 150ms }\n").await;
    let taken = submit(hall.public, "rest").await;
    let receipt = sealed_receipt(&hall, &taken).await;
    let file = hall.folder().join("receipt.json");
    std::fs::write(&file, receipt.to_string()).unwrap();
    let file = file.display().to_string();
    for (device, language) in USUAL {
        walk(&hall, "verifying", device, language, &["--receipt", &file]).await;
    }
}
