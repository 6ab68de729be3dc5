//! The JSON that others read, and when a run has failed.

use super::samples::report;
use super::*;
use serde_json::Value;

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Others read this JSON: a key that goes or changes its meaning is a new schema.
#[test]
fn the_shape_of_the_json_is_pinned() {
    let mut report = report();
    report.judge(&["p99>50ms".parse().unwrap()]);
    report.with_search(vec![Step::of(100.0, true, &report)], Some(100.0));
    let json = serde_json::to_value(&report).unwrap();
    let expected = "abandoned achieved_per_s answered breach checks client conditions connection_faults cut due faults finished_at \
        first_faults mode never_sent operations plan response_ms schema search seed sent service_ms statuses throttled took_s url \
        void waited_for_connection wrong_answers";
    assert_eq!(
        keys(&json).join(" "),
        expected.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    assert_eq!(
        keys(&json["response_ms"]).join(" "),
        "count max mean p50 p75 p90 p95 p99 p999 p9999"
    );
    let plan = "arrivals connections duration_s from_per_s threads timeout_s to_per_s warm_up_s";
    assert_eq!(keys(&json["plan"]).join(" "), plan);
    let status = "answered faults per_s response_ms sent service_ms";
    assert_eq!(keys(&json["operations"]["status"]).join(" "), status);
    assert_eq!(
        keys(&json["client"]).join(" "),
        "late_max_ms reconnects send_lateness_ms timer_lateness_ms"
    );
    assert_eq!(
        keys(&json["throttled"]["429"]).join(" "),
        "count retry_after_s_max retry_after_s_min without_retry_after"
    );
    assert_eq!(
        keys(&json["conditions"][0]).join(" "),
        "condition failed measured"
    );
    assert_eq!(
        keys(&json["search"]["steps"][0]).join(" "),
        "achieved_per_s held p99_ms rate_per_s reason"
    );
    assert_eq!(json["connection_faults"]["closed"], 1);
    assert_eq!(json["schema"], "tongban/load/1");
}

#[test]
fn a_run_whose_client_was_late_is_void() {
    let mut report = report();
    assert_eq!(report.reason_of_void(), None);
    report.client.late_max_ms = 1.0;
    report.void = report.reason_of_void();
    assert!(
        report
            .failure()
            .unwrap()
            .starts_with("the run is void: the client itself was 1.2 ms late")
    );
}

#[test]
fn a_run_fails_for_the_gravest_reason() {
    let mut report = report();
    assert_eq!(report.failure(), None);
    report.judge(&["p99>50ms".parse().unwrap(), "p99>39ms".parse().unwrap()]);
    assert_eq!(
        report.failure().unwrap(),
        "so it is, and must not be: p99>39ms"
    );
    report.answered = 0;
    assert!(report.failure().unwrap().starts_with("no request got"));
    report.cut = true;
    assert_eq!(report.failure().unwrap(), "the run was ended early");
    report.breach = Some("N1 twice".to_owned());
    assert_eq!(
        report.failure().unwrap(),
        "the hall broke a promise: N1 twice"
    );
}
