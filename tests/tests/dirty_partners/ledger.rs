//! The bookkeeping of the matrix: what must hold of every case, seen from outside.

use crate::journey::Journey;
use serde_json::{Value, json};
use tongban_tests::hall::Hall;
use tongban_tests::process::eventually;
use tongban_tests::sample::Taken;

/// A case that has ended right: its history, what the applicant is shown, its deliveries and its documents.
pub(crate) async fn ended_right(hall: &Hall, kind: &str, journey: Journey, taken: &Taken) {
    ended_with(hall, kind, journey, taken, false).await;
}

/// The same, where a report was kept back: a step that comes after the end is listed and not applied, since an end stays an end.
pub(crate) async fn ended_with(
    hall: &Hall,
    kind: &str,
    journey: Journey,
    taken: &Taken,
    step_may_be_late: bool,
) {
    let mut wanted = journey.history(kind);
    let shown = journey.until_end(hall, kind, taken).await;
    // What came early may still be on its way when the case closes.
    let what = format!("the history of {} is complete", taken.no);
    let events = eventually(&what, crate::journey::END_MAX, || async {
        let events = hall.events(taken).await;
        let complete = events.len() >= wanted.len();
        let late = !complete && step_may_be_late && is_listed(hall, kind, taken).await;
        (complete || late).then_some(events)
    })
    .await;
    if events.len() < wanted.len() {
        wanted.retain(|kind| *kind != "step");
    }
    let types: Vec<&str> = events.iter().filter_map(|e| e["type"].as_str()).collect();
    let (mut sorted, mut expected) = (types.clone(), wanted);
    in_order(&types);
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected, "each thing happens once: {types:?}");
    consistent(&shown, &events);
    assert_eq!(shown["decision"]["result"], journey.result(), "{shown:#}");
    assert_eq!(shown["with"]["holder"], "nobody", "{shown:#}");
    settled(hall, taken).await;
    if journey == Journey::Collected {
        documents(hall, taken).await;
    }
}

/// Whether a message of the case is listed as having come after the end. A partner that is polled is not asked any more then, so that
/// nothing of it is left to be listed.
pub(crate) async fn is_listed(hall: &Hall, kind: &str, taken: &Taken) -> bool {
    if kind == "xml" {
        return hall.show(taken).await["state"] == "closed";
    }
    let (system, _) = tongban_tests::process::system_of(kind);
    let path = format!("/ops/v1/feedback?system={system}");
    let list = tongban_tests::http::get(hall.operations, &path)
        .await
        .json();
    let lines = list["rejected"].as_array().cloned().unwrap_or_default();
    lines
        .iter()
        .any(|line| line["code"] == "after_the_end" && line["case_no"] == taken.no.as_str())
}

/// What the life cycle demands of the order. A step that was reported after the decision it belongs to may stand behind it.
fn in_order(types: &[&str]) {
    let place = |name: &str| types.iter().position(|t| *t == name);
    assert_eq!(place("applied"), Some(0), "{types:?}");
    for (first, then) in [
        ("accepted", "step"),
        ("accepted", "correction_requested"),
        ("accepted", "closed"),
        ("correction_requested", "supplemented"),
        ("supplemented", "corrected"),
        ("corrected", "closed"),
        ("correction_requested", "withdrawal_requested"),
        ("withdrawal_requested", "closed"),
        ("closed", "collected"),
    ] {
        if let (Some(first_at), Some(then_at)) = (place(first), place(then)) {
            assert!(first_at < then_at, "{first} before {then}: {types:?}");
        }
    }
}

/// The view and the history say the same.
fn consistent(shown: &Value, events: &[Value]) {
    let of = |name: &str| events.iter().find(|e| e["type"] == name);
    let closed = of("closed").expect("a closed case has closed");
    assert_eq!(
        shown["decision"]["result"], closed["data"]["result"],
        "{shown:#}"
    );
    assert!(shown["acceptance"].is_object(), "{shown:#}");
    assert_eq!(shown["correction"], Value::Null, "{shown:#}");
}

/// Nothing is left in the outbox.
async fn settled(hall: &Hall, taken: &Taken) {
    let what = format!("every delivery of {} is settled", taken.no);
    eventually(&what, crate::journey::END_MAX, || async {
        let all = hall.listed(&format!("case={}", taken.no)).await;
        let done = |d: &Value| matches!(d["state"].as_str(), Some("delivered" | "discarded"));
        (!all.is_empty() && all.iter().all(done)).then_some(())
    })
    .await;
}

/// The certificate is there once, and it is the one that the partner made.
async fn documents(hall: &Hall, taken: &Taken) {
    let all = hall.get(taken, "/documents").await.json();
    let all = all["documents"].as_array().cloned().unwrap_or_default();
    assert_eq!(all.len(), 1, "{all:#?}");
    let id = all[0]["id"].as_str().unwrap();
    let file = hall.get(taken, &format!("/documents/{id}")).await;
    assert_eq!(file.status, 200);
    assert!(
        file.body.starts_with(b"%PDF-"),
        "not the partner's certificate: {}",
        file.text()
    );
}

/// What the partner has: `cases` cases, each with one effect of each thing.
pub(crate) async fn one_effect_each(hall: &Hall, kind: &str, cases: usize) {
    let known = hall.partner(kind).cases().await;
    assert_eq!(known.len(), cases, "{kind}: {known:#?}");
    for case in known {
        assert_eq!(case["effects"], 1, "{kind}: {case:#}");
        let supplements = case["supplement_effects"].as_object().unwrap();
        assert!(supplements.values().all(|n| *n == json!(1)), "{case:#}");
        assert!(case["withdrawal_effects"].as_u64() <= Some(1), "{case:#}");
        assert_eq!(
            case["withdrawal_effects"] == 1,
            case["withdrawn"] == true,
            "{case:#}"
        );
        let complaints = case["complaints"].to_string();
        for wrong in ["MD5不符", "代码错误", "业务号为", "撤回无理由"] {
            assert!(!complaints.contains(wrong), "{kind}: {complaints}");
        }
    }
}

/// The gateway's log has no panic and no line of level ERROR.
pub(crate) fn quiet_log(hall: &mut Hall) {
    let printed = hall.gateway().printed();
    for line in printed.lines() {
        let level = serde_json::from_str::<Value>(line).map(|l| l["level"].clone());
        assert_ne!(level.unwrap_or_default(), "ERROR", "{line}");
        assert!(!line.contains("panicked"), "{line}");
    }
    assert!(!hall.gateway().has_ended(), "the gateway is gone");
}
