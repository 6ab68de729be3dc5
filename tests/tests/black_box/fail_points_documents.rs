//! The process ends at each step of a document that a partner hands back. The partner sends it again: it is there once, whole, and
//! nothing else is left of it.

use crate::fail_point_ways::{Way, ways};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tongban_tests::hall::{Hall, REST_KEY, STATE_MAX};
use tongban_tests::http::{Answer, NoAnswer, get, try_send};
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, material_seqs, submit};

/// The variable that arms points.
const VARIABLE: &str = "TONGBAN_FAIL_POINT";
/// After so long a file without a row is nobody's.
const ORPHAN_S: i64 = 26 * 3_600;

/// The partner hands the n-th document back.
async fn hand_back(hall: &Hall, taken: &Taken, nth: usize) -> Result<Answer, NoAnswer> {
    let headers = [
        ("x-api-key", REST_KEY),
        ("content-type", "application/pdf"),
        ("x-case-no", taken.no.as_str()),
        ("x-document-kind", "certificate"),
        ("x-file-name", "certificate.pdf"),
    ];
    let path = "/exchange/v1/systems/gd-explosives/materials";
    try_send(hall.exchange, "POST", path, &headers, document(nth)).await
}

fn document(nth: usize) -> String {
    format!("%PDF-1.4 certificate {nth}")
}

async fn documents(hall: &Hall, taken: &Taken) -> Vec<Value> {
    let listed = hall.get(taken, "/documents").await.json();
    listed["documents"].as_array().cloned().unwrap_or_default()
}

/// Starts the gateway with this point armed and hands the document back; it ends there, and the partner has no answer.
async fn end_at(hall: &mut Hall, point: &str, taken: &Taken, nth: usize) {
    hall.kill();
    hall.set_variable(VARIABLE, Some(&format!("{point}:abort")));
    hall.start().await;
    let answered = hand_back(hall, taken, nth).await;
    assert!(answered.is_err(), "{point}: it was answered");
    let words = format!("fail point {point}: the process ends here");
    let printed = hall.gateway().printed();
    assert_eq!(printed.matches(&words).count(), 1, "{point}:\n{printed}");
    hall.set_variable(VARIABLE, None);
}

#[tokio::test]
async fn ended_at_any_step_of_a_document_it_is_there_once_and_whole() {
    let mut hall = Hall::open(&[("rest", &["--scenario", "silent"])]).await;
    let taken = submit(hall.public, "rest").await;
    let partner = hall.partner("rest");
    eventually("the partner has the case", STATE_MAX, || async {
        (!partner.case(&taken.no).await.is_null()).then_some(())
    })
    .await;
    let (mut ids, mut left_behind): (Vec<Value>, usize) = (Vec::new(), 0);
    for (nth, (point, way)) in ways("documents").enumerate() {
        let mut id = None;
        if way == Way::HandBackAgain {
            let kept = hand_back(&hall, &taken, nth).await.unwrap();
            assert_eq!(kept.status, 201, "{point}: {}", kept.text());
            id = Some(kept.json()["id"].clone());
        }
        end_at(&mut hall, point, &taken, nth).await;
        let files = files_of(&hall.data().join("materials"));
        hall.start().await;
        // What was committed before the process ended is there before the partner repeats it; what was not has left nothing.
        let there = documents(&hall, &taken).await.len();
        let committed = way == Way::HandBackAgain || point == "document.stored";
        assert_eq!(there, nth + usize::from(committed), "{point}");
        left_behind += files.saturating_sub(material_seqs("rest").len() + there);
        let kept = hand_back(&hall, &taken, nth).await.unwrap();
        assert_eq!(kept.status, 201, "{point}: {}", kept.text());
        let repeated = kept.json()["id"].clone();
        assert!(id.is_none_or(|id| id == repeated), "{point}: another one");
        ids.push(repeated);
        assert_eq!(documents(&hall, &taken).await.len(), nth + 1, "{point}");
    }
    for (nth, id) in ids.iter().enumerate() {
        let path = format!("/documents/{}", id.as_str().unwrap());
        let file = hall.get(&taken, &path).await;
        assert_eq!((file.status, file.text()), (200, document(nth)));
    }
    assert!(left_behind > 0, "no end left a file without a row");
    only_what_is_listed_stays(&hall, ids.len()).await;
}

/// After a day no file is left but those that a row names, and the database says the same.
async fn only_what_is_listed_stays(hall: &Hall, documents: usize) {
    let folder = hall.data().join("materials");
    let kept = material_seqs("rest").len() + documents;
    hall.ops(
        "POST",
        "/ops/v1/clock",
        json!({ "advance_seconds": ORPHAN_S }),
    )
    .await;
    eventually("what nobody names is swept", STATE_MAX, || async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        (files_of(&folder) == kept).then_some(())
    })
    .await;
    assert_eq!(get(hall.operations, "/readyz").await.status, 200);
    let data = hall.data().display().to_string();
    let checked = hall.run(&["check", "--database", "--deep", "--data", &data]);
    assert!(checked.status.success(), "{checked:?}");
}

fn files_of(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| match entry.path().is_dir() {
            true => files_of(&entry.path()),
            false => 1,
        })
        .sum()
}
