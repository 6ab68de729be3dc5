//! What must be held visibly: what an operator sees, and how it ends right after the partner was mended.

use crate::cells::Cell;
use crate::journey::END_MAX;
use crate::ledger::is_listed;
use crate::plan::Expected;
use serde_json::{Value, json};
use tongban_tests::hall::Hall;
use tongban_tests::http::get;
use tongban_tests::process::{eventually, system_of};
use tongban_tests::sample::Taken;

/// Sees what is held, mends the partner, and does what an operator would.
pub(crate) async fn seen_and_mended(hall: &Hall, cell: &Cell, expected: Expected, taken: &Taken) {
    let partner = hall.partner(cell.kind);
    match expected {
        Expected::Right => {}
        Expected::DeadLetter => {
            let dead = dead_letter(hall, cell, taken).await;
            assert_eq!(dead["last_code"], "refused", "{dead:#}");
            let words = dead["last_words"].as_str().unwrap_or_default();
            assert!(words.contains("系统维护"), "the partner's words: {dead:#}");
            partner.mend().await;
            order(hall, "retry", taken).await;
        }
        Expected::Unclear => {
            let dead = dead_letter(hall, cell, taken).await;
            assert_eq!(dead["last_code"], "outcome_unknown", "{dead:#}");
            partner.mend().await;
            order(hall, "discard", taken).await;
        }
        Expected::Listed(code) => {
            listed(hall, cell, taken, code).await;
            partner.mend().await;
        }
        Expected::Missing => {
            missing(hall, cell, taken).await;
            partner.mend().await;
        }
        Expected::LateStep => {
            hall.until_state(taken, "closed").await;
            partner.mend().await;
            // Reports cross on their way: the step may have been another's turn, and be there already.
            eventually("the late step is listed, or there", END_MAX, || async {
                let there = hall.event_types(taken).await.iter().any(|t| t == "step");
                (there || is_listed(hall, cell.kind, taken).await).then_some(())
            })
            .await;
        }
    }
}

async fn dead_letter(hall: &Hall, cell: &Cell, taken: &Taken) -> Value {
    let query = format!("case={}&state=dead", taken.no);
    let dead = eventually("a dead letter", END_MAX, || async {
        hall.listed(&query).await.into_iter().next()
    })
    .await;
    let (system, _) = system_of(cell.kind);
    assert_eq!(dead["system"], system, "{dead:#}");
    let label = format!("system=\"{system}\"");
    eventually("the dead letter is counted", END_MAX, || async {
        let letters = hall.metric("tongban_dead_letters", &[&label]).await;
        (letters >= 1.0).then_some(())
    })
    .await;
    let shown = hall.show(taken).await;
    // Nobody has a case that has ended; what was left over concerns operators alone.
    if shown["with"]["holder"] != "nobody" {
        assert_eq!(shown["with"]["delivery"]["state"], "dead", "{shown:#}");
    }
    dead
}

async fn order(hall: &Hall, what: &str, taken: &Taken) {
    let dead = hall.listed(&format!("case={}&state=dead", taken.no)).await;
    let ids: Vec<&Value> = dead.iter().map(|delivery| &delivery["id"]).collect();
    let body = json!({"ids": ids, "reason": "the partner is mended"});
    let answer = hall
        .ops("POST", &format!("/ops/v1/deliveries/{what}"), body)
        .await;
    assert_eq!(
        (answer.status, &answer.json()["changed"]),
        (200, &json!(1)),
        "{}",
        answer.text()
    );
}

/// A message of this case in the list of those that were not applied.
async fn listed(hall: &Hall, cell: &Cell, taken: &Taken, code: &str) {
    let (system, _) = system_of(cell.kind);
    let what = format!("a message of {system} is listed as {code}");
    eventually(&what, END_MAX, || async {
        let path = format!("/ops/v1/feedback?system={system}");
        let list = get(hall.operations, &path).await.json();
        let lines = ["rejected", "unread"]
            .into_iter()
            .filter_map(|part| list[part].as_array().cloned());
        lines
            .flatten()
            .find(|line| line["code"] == code && line["case_no"] == taken.no.as_str())
    })
    .await;
}

/// A report that never comes leaves the case with the partner, or held with what came behind it; a report that nothing depends on
/// leaves no trace, and the case ends right without it.
async fn missing(hall: &Hall, cell: &Cell, taken: &Taken) {
    let (system, _) = system_of(cell.kind);
    let what = format!("{} stands as it must without one report", taken.no);
    eventually(&what, END_MAX, || async {
        let shown = hall.show(taken).await;
        if shown["state"] == "closed" {
            assert!(shown["acceptance"].is_object(), "{shown:#}");
            return Some(());
        }
        if shown["with"]["holder"] != "system" {
            return None;
        }
        if shown["acceptance"].is_object() {
            return Some(());
        }
        let path = format!("/ops/v1/feedback?system={system}");
        let list = get(hall.operations, &path).await.json();
        let held = list["held"].as_array().cloned().unwrap_or_default();
        held.iter()
            .any(|h| h["case_no"] == taken.no.as_str() && h["held_until"].is_string())
            .then_some(())
    })
    .await;
}
