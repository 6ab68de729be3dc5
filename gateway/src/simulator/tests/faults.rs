//! Each switch shows, and shows no more than it says; restarts remember; failures come first.

use super::super::{Scenario, SimulatorKind, SimulatorOptions};
use super::{FORM, Partner, application_form, own_number, partner, send, submit};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

const NO: &str = "10131300500698857411706050001";

async fn with(scenario: Scenario, switches: &[&str]) -> Partner {
    let switches = switches.iter().map(|text| text.parse().unwrap()).collect();
    partner(SimulatorKind::Rest, |options| {
        options.scenario = scenario;
        options.switches = switches;
    })
    .await
}

async fn submit_with(switch: &str) -> (Partner, std::io::Result<String>) {
    let partner = with(Scenario::Silent, &[switch]).await;
    let answer = submit(&partner, NO).await;
    (partner, answer)
}

#[tokio::test]
async fn refusals_and_errors_register_nothing_and_stop_after_their_times() {
    for (switch, expected) in [
        ("refuse,phase=submit,times=1", "0:"),
        ("http500,phase=submit,times=1", "<html>"),
    ] {
        let (partner, answer) = submit_with(switch).await;
        assert!(answer.unwrap().starts_with(expected), "{switch}");
        assert_eq!(partner.case(NO).await, Value::Null, "{switch}");
        assert_eq!(submit(&partner, NO).await.unwrap(), "1", "{switch}");
    }
}

#[tokio::test]
async fn a_connection_cut_before_processing_registers_nothing_and_one_cut_in_the_answer_does() {
    let (partner, answer) = submit_with("drop_before,phase=submit,times=1").await;
    assert!(answer.is_err());
    assert_eq!(partner.case(NO).await, Value::Null);
    for switch in [
        "drop,phase=submit,times=1",
        "mute=50ms,phase=submit,times=1",
    ] {
        let (partner, answer) = submit_with(switch).await;
        assert!(answer.is_err(), "{switch}: {answer:?}");
        assert_eq!(partner.case(NO).await["effects"], 1, "{switch}");
        assert!(
            submit(&partner, NO).await.unwrap().starts_with("2:"),
            "{switch}"
        );
    }
}

#[tokio::test]
async fn a_cut_answer_announces_more_bytes_than_it_sends() {
    let partner = with(Scenario::Silent, &["drop,phase=query"]).await;
    let error = send(partner.address, "GET", "/ebus/query?sblsh=1", FORM, b"")
        .await
        .unwrap_err();
    let bytes: usize = error
        .to_string()
        .split(' ')
        .nth(2)
        .unwrap()
        .parse()
        .unwrap();
    assert!(bytes > 60, "head and half a body arrive: {error}");
}

#[tokio::test]
async fn garbage_is_answered_after_the_work_was_done() {
    let (partner, answer) = submit_with("garbage,phase=submit").await;
    assert!(answer.unwrap().contains("not a message"));
    assert_eq!(partner.case(NO).await["effects"], 1);
}

#[tokio::test]
async fn slow_takes_its_time_in_its_phase_only() {
    let partner = with(Scenario::Silent, &["slow=300ms,phase=submit"]).await;
    let own = own_number(&partner, NO).await;
    let begun = Instant::now();
    partner
        .post("/ebus/sp", FORM, &application_form(NO, &own))
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(
        partner.control("switches", json!({})).await["switches"][0]["used"],
        1
    );
}

#[tokio::test]
async fn a_forgetful_partner_registers_a_repeat_again_and_counts_it() {
    let (partner, _) = submit_with("forgetful").await;
    assert_eq!(submit(&partner, NO).await.unwrap(), "1");
    assert_eq!(partner.case(NO).await["effects"], 2);
}

#[tokio::test]
async fn faults_of_feedback_show_at_the_gateway() {
    for (switch, expected) in [
        ("twice", "2 2 3 3 4 4"),
        ("twice,times=1", "2 2 3 4"),
        ("out_of_order,times=1", "3 2 4"),
        ("mute,phase=feedback,times=1", "3 4"),
        ("drop,phase=feedback,times=1", "2 2 3 4"),
        ("drop_before,phase=feedback,times=1", "2 3 4"),
    ] {
        let partner = with(Scenario::Immediate, &[switch]).await;
        submit(&partner, NO).await.unwrap();
        partner.closed(NO).await;
        assert_eq!(partner.gateway.sptypes().join(" "), expected, "{switch}");
    }
}

#[tokio::test]
async fn a_conflicting_duplicate_has_the_same_key_and_other_content() {
    let partner = with(Scenario::Immediate, &["conflicting_duplicate,times=1"]).await;
    submit(&partner, NO).await.unwrap();
    partner.closed(NO).await;
    let reports = partner.gateway.reports();
    let (first, second) = (&reports[0].1, &reports[1].1);
    assert_eq!(
        (&first["SJBBH"], &first["SLSJ"]),
        (&second["SJBBH"], &second["SLSJ"])
    );
    assert_eq!(
        (&first["SLZTDM"], &second["SLZTDM"]),
        (&json!("1"), &json!("2"))
    );
}

#[tokio::test]
async fn a_wrong_code_is_sent_until_its_times_are_over() {
    let partner = with(Scenario::Denied, &["wrong_codes,times=1"]).await;
    partner.gateway.refuse.store(3, Ordering::SeqCst);
    submit(&partner, NO).await.unwrap();
    partner.closed(NO).await;
    let codes: Vec<Value> = partner
        .gateway
        .reports()
        .iter()
        .filter(|r| r.0 == "2")
        .map(|r| r.1["SLZTDM"].clone())
        .collect();
    assert_eq!(
        codes,
        ["77", "77", "77", "1"],
        "three attempts, then the right code on the next run"
    );
}

#[tokio::test]
async fn a_report_refused_three_times_comes_first_on_the_next_run() {
    let partner = with(Scenario::Immediate, &[]).await;
    partner.gateway.refuse.store(4, Ordering::SeqCst);
    submit(&partner, NO).await.unwrap();
    let case = partner.closed(NO).await;
    assert_eq!(partner.gateway.sptypes().join(" "), "2 2 2 2 2 3 4");
    let first = &case["sent"][0];
    assert_eq!(
        (&first["attempts"], &first["state"]),
        (&json!(5), &json!("taken"))
    );
    assert_eq!(
        (
            &first["tries"][0]["answer"]["status"],
            &first["tries"][4]["answer"]["body"]
        ),
        (&json!(500), &json!("1"))
    );
}

#[tokio::test]
async fn late_reports_come_late() {
    let partner = with(Scenario::Refused, &["late=300ms"]).await;
    let begun = Instant::now();
    submit(&partner, NO).await.unwrap();
    partner.closed(NO).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn an_outage_closes_the_listener_and_everything_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    for (switch, state) in [
        ("restart=300ms", true),
        ("restart=300ms", false),
        ("refuse_connection=300ms", false),
    ] {
        let file = folder.path().join(format!("{switch}-{state}"));
        let partner = partner(SimulatorKind::Rest, |options| {
            options.scenario = Scenario::Correction;
            options.state_file = state.then_some(file);
        })
        .await;
        submit(&partner, NO).await.unwrap();
        partner
            .until(NO, "notified", |case| {
                case["open_notice"] == 1 && !super::waiting(case)
            })
            .await;
        partner.control("switches", json!({"set": [switch]})).await;
        let deadline = Instant::now() + super::BOUND;
        while tokio::net::TcpStream::connect(partner.address)
            .await
            .is_ok()
        {
            assert!(
                Instant::now() < deadline,
                "{switch}: the listener never closed"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let case = partner.until(NO, "back", |case| case["effects"] == 1).await;
        assert_eq!(
            (&case["open_notice"], &case["receipts"]["submit"]),
            (&json!(1), &json!(1)),
            "{switch}"
        );
        assert!(
            submit(&partner, NO).await.unwrap().starts_with("2:"),
            "{switch}"
        );
    }
}

#[tokio::test]
async fn a_new_process_with_the_same_state_file_goes_on_where_the_old_one_died() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.jsonl");
    let remembering = |options: &mut SimulatorOptions| options.state_file = Some(file.clone());
    let old = partner(SimulatorKind::Rest, remembering).await;
    submit(&old, NO).await.unwrap();
    old.until(NO, "notified", |case| {
        case["open_notice"] == 1 && !super::waiting(case)
    })
    .await;
    drop(old);
    // A crash in the middle of a line.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_slice(b"{\"case\": {\"numb");
    std::fs::write(&file, bytes).unwrap();

    for _ in 0..2 {
        let new = partner(SimulatorKind::Rest, remembering).await;
        let case = new.case(NO).await;
        assert_eq!(
            (&case["effects"], &case["open_notice"]),
            (&json!(1), &json!(1))
        );
        assert!(submit(&new, NO).await.unwrap().starts_with("2:"));
        let cases: Value = serde_json::from_slice(&new.get("/_control/cases").await.1).unwrap();
        assert_eq!(cases["cases"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn events_drive_any_path_and_the_clock_moves_the_dates() {
    let partner = with(Scenario::Silent, &[]).await;
    submit(&partner, NO).await.unwrap();
    partner
        .control("clock", json!({"offset_seconds": 10 * 366 * 86_400}))
        .await;
    for (message, fields) in [
        (json!("special_start"), json!({"XH": "2", "TBCXSX": "0"})),
        (json!(6), json!({"XH": "2"})),
        (json!("EX_GDBS_LQDJ"), json!({"SJBBH": 2, "LQRXM": "李四"})),
    ] {
        let order = json!({"number": NO, "message": message, "fields": fields});
        assert_eq!(partner.control("event", order).await["taken"], true);
    }
    let reports = partner.gateway.reports();
    assert_eq!(partner.gateway.sptypes(), ["5", "6", "9"]);
    assert_eq!(
        (&reports[0].1["XH"], &reports[0].1["TBCXSX"]),
        (&json!("2"), &json!("0"))
    );
    assert_eq!(
        (&reports[2].1["SJBBH"], &reports[2].1["LQRXM"]),
        (&json!("2"), &json!("李四"))
    );
    let year: i32 = reports[2].1["LQSJ"]
        .as_str()
        .unwrap()
        .split('-')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let taken = partner.case(NO).await["taken_at"].as_str().unwrap()[..4]
        .parse::<i32>()
        .unwrap();
    assert!((10..=11).contains(&(year - taken)), "{year} {taken}");

    let stranger = partner
        .control("event", json!({"number": "999", "message": "acceptance"}))
        .await;
    assert_eq!(stranger["taken"], true);
    assert_eq!(partner.case("999").await["effects"], 0);
    let wrong = partner
        .control("event", json!({"number": NO, "message": "dance"}))
        .await;
    assert!(wrong["error"].as_str().unwrap().contains("dance"));
}

#[tokio::test]
async fn a_report_that_was_on_its_way_when_the_partner_went_down_is_sent_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    for state in [true, false] {
        let file = folder.path().join("state.jsonl");
        let partner = partner(SimulatorKind::Rest, |options| {
            options.scenario = Scenario::Refused;
            options.switches = vec!["slow=60s,phase=feedback,times=1".parse().unwrap()];
            options.state_file = state.then_some(file);
        })
        .await;
        submit(&partner, NO).await.unwrap();
        partner
            .until(NO, "on its way", |case| {
                case["sent"][0]["state"] == "sending"
            })
            .await;
        assert!(partner.gateway.sptypes().is_empty());
        partner
            .control("switches", json!({"set": ["restart=50ms"]}))
            .await;
        partner
            .until(NO, "taken", |case| case["sent"][0]["state"] == "taken")
            .await;
        assert_eq!(partner.gateway.sptypes(), ["2"]);
    }
}

#[tokio::test]
async fn a_forgetful_partner_counts_every_effect_of_a_withdrawal() {
    let partner = with(Scenario::Silent, &[]).await;
    submit(&partner, NO).await.unwrap();
    let body = format!("sblsh={NO}&cxyy=x");
    let withdraw = || partner.post("/ebus/cx", FORM, body.as_bytes());
    assert_eq!(withdraw().await.unwrap().1, b"1");
    assert!(withdraw().await.unwrap().1.starts_with(b"2:"));
    assert_eq!(partner.case(NO).await["withdrawal_effects"], 1);
    let partner = with(Scenario::Silent, &["forgetful"]).await;
    submit(&partner, NO).await.unwrap();
    for _ in 0..2 {
        let body = body.as_bytes();
        assert_eq!(partner.post("/ebus/cx", FORM, body).await.unwrap().1, b"1");
    }
    assert_eq!(partner.case(NO).await["withdrawal_effects"], 2);
}
