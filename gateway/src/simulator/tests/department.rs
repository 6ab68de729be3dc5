//! The department's course and refusals (`docs/dialects.md`, section 1).

use super::super::{Scenario, SimulatorKind};
use super::{FORM, Partner, application_form, form, own_number, partner, submit};
use serde_json::{Value, json};

const NO: &str = "10131300500698857411706050001";

async fn supplement(partner: &Partner, serial: &str) -> String {
    let object = json!({"BZCLQD": "安全评价报告", "BZSM": "已补", "CLLB": []}).to_string();
    let body = form::write(&[
        ("sblsh", NO.as_bytes()),
        ("xh", serial.as_bytes()),
        ("spobject", object.as_bytes()),
    ]);
    let (_, answer) = partner.post("/ebus/bz", FORM, &body).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn the_default_course_sends_a_step_before_the_acceptance_and_ends_with_a_certificate() {
    let partner = partner(SimulatorKind::Rest, |_| {}).await;
    assert_eq!(submit(&partner, NO).await.unwrap(), "1");
    let open = |case: &Value| {
        case["open_notice"] == 1 && case["position"].as_str().unwrap_or("").starts_with("waits")
    };
    partner.until(NO, "waiting for the supplement", open).await;
    assert!(
        supplement(&partner, "2").await.starts_with("0:"),
        "another notice's serial"
    );
    assert_eq!(supplement(&partner, "1").await, "1");
    assert!(
        supplement(&partner, "1").await.starts_with("2:"),
        "a repeat says so"
    );

    let case = partner.closed(NO).await;
    assert_eq!(
        partner.gateway.sptypes(),
        ["1", "3", "2", "7", "8", "3", "4"]
    );
    assert_eq!(
        (&case["effects"], &case["receipts"]["supplement"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(case["application"]["materials"][0]["md5_matches"], true);
    let reports = partner.gateway.reports();
    let (step, acceptance, completion) = (&reports[1].1, &reports[2].1, &reports[6].1);
    assert_eq!(
        (&step["SPHJMC"], &acceptance["SLZTDM"]),
        (&json!("承办"), &json!("1"))
    );
    let time = |value: &Value| {
        jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", value.as_str().unwrap()).unwrap()
    };
    assert!(
        time(&step["SPSJ"]) >= time(&acceptance["SLSJ"]),
        "what came early happened later"
    );
    assert_eq!(
        (&completion["BJJGDM"], &completion["ZJID"]),
        (&json!("0"), &json!("doc-1"))
    );
    assert_eq!(completion["YWLSH"], case["own_number"]);
    let all = partner.gateway.seen();
    assert!(
        all.iter()
            .all(|call| call.headers["x-api-key"] == "rest-sample-key")
    );
    let document = all
        .iter()
        .find(|call| call.line == "POST /exchange/v1/systems/gd-explosives/materials")
        .unwrap();
    assert!(document.body.starts_with(b"%PDF-1.4"));
    assert_eq!(document.headers["x-case-no"], NO);
    let (_, found) = partner.get(&format!("/ebus/query?sblsh={NO}")).await;
    let found: Value = serde_json::from_slice(&found).unwrap();
    assert_eq!(
        (&found["sbsj"], &found["ywlsh"]),
        (&json!("2017-6-5 9:30:00"), &case["own_number"])
    );
}

#[tokio::test]
async fn every_call_for_a_number_burns_one_and_a_repeated_application_registers_nothing() {
    let partner = partner(SimulatorKind::Rest, |o| o.scenario = Scenario::Silent).await;
    let first = own_number(&partner, NO).await;
    let second = own_number(&partner, NO).await;
    assert!(
        first != second && first.len() == 14 && first.starts_with("YW"),
        "{first} {second}"
    );
    assert_eq!(submit(&partner, NO).await.unwrap(), "1");
    assert_eq!(submit(&partner, NO).await.unwrap(), "2:重复的申办流水号");
    let case = partner.case(NO).await;
    assert_eq!(
        (&case["effects"], &case["receipts"]["submit"]),
        (&json!(1), &json!(2))
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_application_is_named() {
    let partner = partner(SimulatorKind::Rest, |_| {}).await;
    let own = own_number(&partner, NO).await;
    let good = String::from_utf8(application_form(NO, &own)).unwrap();
    let no_name = good.replace("SQRMC", "SQRNAME");
    let wrong_code = good.replace("SQRZJLX%22%3A%2210", "SQRZJLX%22%3A%22111");
    let strange = good.replace(&own, "YW999999999999");
    for (body, expected) in [
        (no_name.as_str(), "0:缺少字段SQRMC"),
        (&wrong_code, "0:SQRZJLX代码错误"),
        (&strange, "0:业务流水号无效"),
        ("sblsh=1&sptype=0&spobject={", "0:报文格式错误"),
        ("sblsh=%zz", "0:报文格式错误"),
    ] {
        let (status, answer) = partner
            .post("/ebus/sp", FORM, body.as_bytes())
            .await
            .unwrap();
        assert_eq!(
            (status, String::from_utf8(answer).unwrap().as_str()),
            (200, expected)
        );
    }
    assert_eq!(partner.case(NO).await, Value::Null);
    assert_eq!(
        partner.get("/ebus/query?sblsh=1").await.1,
        br#"{"code":"0"}"#
    );
}

#[tokio::test]
async fn a_granted_withdrawal_comes_back_as_completion_two_with_its_reason() {
    let partner = partner(SimulatorKind::Rest, |_| {}).await;
    submit(&partner, NO).await.unwrap();
    partner
        .until(NO, "notified", |case| case["open_notice"] == 1)
        .await;
    let body = form::write(&[("sblsh", NO.as_bytes()), ("cxyy", "不办了".as_bytes())]);
    assert_eq!(partner.post("/ebus/cx", FORM, &body).await.unwrap().1, b"1");
    partner.closed(NO).await;
    let last = partner.gateway.reports().pop().unwrap();
    assert_eq!(
        (last.0.as_str(), &last.1["BJJGDM"], &last.1["ZFHTHYY"]),
        ("4", &json!("2"), &json!("申请人撤回"))
    );
    assert!(
        partner
            .post("/ebus/cx", FORM, &body)
            .await
            .unwrap()
            .1
            .starts_with(b"2:")
    );
}

#[tokio::test]
async fn each_scenario_sends_its_reports_in_order() {
    for (scenario, expected) in [
        (Scenario::Denied, "2 3 4"),
        (Scenario::Refused, "2"),
        (Scenario::PreRefused, "1"),
        (Scenario::Immediate, "2 3 4"),
        (Scenario::Special, "2 5 6 3 4"),
        (Scenario::Lapsed, "2 7 4"),
        (Scenario::Collected, "2 4 9"),
    ] {
        let partner = partner(SimulatorKind::Rest, |o| o.scenario = scenario).await;
        submit(&partner, NO).await.unwrap();
        partner.closed(NO).await;
        assert_eq!(
            partner.gateway.sptypes().join(" "),
            expected,
            "{scenario:?}"
        );
    }
}
