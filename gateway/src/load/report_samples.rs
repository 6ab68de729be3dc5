//! A report for tests.

use super::*;

fn percentiles(p99: f64) -> Percentiles {
    Percentiles {
        count: 990,
        p50: 1.0,
        p75: 2.0,
        p90: 3.0,
        p95: 4.0,
        p99,
        p999: p99 + 1.0,
        p9999: p99 + 2.0,
        max: p99 + 3.0,
        mean: 2.0,
    }
}

/// 1,000 due, p99 40 ms (status 20 ms), service p99 4 ms, 3 faults, 10 throttled, 99 answers a second.
pub(in crate::load) fn report() -> Report {
    let status = OperationReport {
        sent: 500,
        answered: 500,
        per_s: 50.0,
        faults: 0,
        response_ms: Some(percentiles(20.0)),
        service_ms: Some(percentiles(3.0)),
    };
    Report {
        schema: SCHEMA,
        mode: "open",
        url: "http://127.0.0.1:8080".to_owned(),
        seed: 7,
        finished_at: "2026-11-28T01:00:00Z".parse().unwrap(),
        plan: PlanReport {
            from_per_s: Some(100.0),
            to_per_s: Some(100.0),
            arrivals: Some("constant"),
            duration_s: 10.0,
            warm_up_s: 1.0,
            connections: 8,
            threads: 1,
            timeout_s: 20.0,
        },
        cut: false,
        void: None,
        breach: None,
        took_s: 10.0,
        due: 1_000,
        sent: 1_000,
        never_sent: 0,
        abandoned: 0,
        waited_for_connection: 4,
        answered: 987,
        achieved_per_s: 99.0,
        response_ms: Some(percentiles(40.0)),
        service_ms: Some(percentiles(4.0)),
        operations: BTreeMap::from([(Operation::Status, status)]),
        faults: 3,
        throttled: BTreeMap::from([(
            429,
            Throttled {
                count: 10,
                without_retry_after: 0,
                retry_after_s_min: Some(1),
                retry_after_s_max: Some(2),
            },
        )]),
        statuses: BTreeMap::from([(500, 2)]),
        connection_faults: BTreeMap::from([(FaultKind::Closed, 1)]),
        wrong_answers: 0,
        first_faults: vec!["status: 500".to_owned()],
        checks: CheckCounts {
            numbers: 500,
            repeats: 5,
            receipts: 5,
        },
        client: ClientReport {
            timer_lateness_ms: Some(percentiles(0.1)),
            send_lateness_ms: Some(percentiles(0.2)),
            late_max_ms: 10.0,
            reconnects: 0,
        },
        conditions: Vec::new(),
        search: None,
    }
}
