//! Section 1 of the dialects: a department's system, form + JSON.

use super::support::*;
use serde_json::{Value, json};
use tongban_adapters::definition::{CompiledDefinition, Protocol, SystemKind};
use tongban_adapters::exchange::*;
use tongban_adapters::text::Charset;

const ID: &str = "gd-explosives";
const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";

fn verdict(operation: Operation, step: usize, text: &str) -> StepVerdict {
    let mut context = context();
    context.step = json!({"number": {"ywlsh": "YW000000000012"}});
    definition(ID)
        .read_reply(
            operation,
            step,
            &context,
            &reply(200, "text/plain", text.as_bytes()),
        )
        .unwrap()
}

#[test]
fn the_head_says_who_and_how() {
    let definition = definition(ID);
    assert_eq!(
        (definition.id(), definition.kind(), definition.protocol()),
        (ID, SystemKind::Department, Protocol::Rest)
    );
    assert_eq!(definition.endpoint(), "http://127.0.0.1:7101");
    assert_eq!(definition.steps(Operation::Submit), ["number", "hand_over"]);
    assert_eq!(definition.steps(Operation::Query), ["query"]);
    assert!(definition.steps(Operation::Poll).is_empty());
    assert!(definition.asks_before_resend(Operation::Submit));
    assert!(!definition.asks_before_resend(Operation::Supplement));
    assert_eq!(
        definition
            .limits()
            .rate
            .map(|rate| (rate.calls, rate.per.as_secs())),
        Some((50, 1))
    );
    assert_eq!(definition.timeouts().total.as_secs(), 120);
    assert_eq!(definition.version_text().len(), 16);
    assert!(!format!("{definition:?}").contains("sample-key"));
}

#[test]
fn the_first_step_asks_for_a_number() {
    let request = definition(ID)
        .request(Operation::Submit, 0, &context())
        .unwrap();
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("POST", "http://127.0.0.1:7101/ebus/lsh")
    );
    assert_eq!(header(&request.headers, "content-type"), Some(FORM));
    assert_eq!(header(&request.headers, "x-message-key"), Some("k1"));
    assert_eq!(
        body(&request),
        format!("sxbm=10131300500698857413440400&wbbh={CASE_NO}")
    );
}

#[test]
fn the_second_step_hands_over_every_field_in_the_order_of_the_specification() {
    let mut context = context();
    context.step = json!({"number": {"ywlsh": "YW000000000012"}});
    let request = definition(ID)
        .request(Operation::Submit, 1, &context)
        .unwrap();
    let fields = form(&request.body, Charset::Utf8);
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["sblsh", "sptype", "spobject"]);
    assert_eq!(fields[1].1, "0");
    let expected = concat!(
        r#"{"SBLSH":"10131300500698857413440400201706050001","SXBM":"10131300500698857413440400","SXMC":"民用爆炸物品销售许可","#,
        r#""SQRLX":"1","SQRMC":"张三","SQRZJLX":"10","SQRZJHM":"11010519491231002X","LXRXM":"张三","LXRSJ":"13800000000","#,
        r#""SBXMMC":"A&B <工程>","SBCLQD":"申请表","SBSJ":"2017-06-05 09:30:00","XZQHDM":"440400","TJFS":"1","YWLSH":"YW000000000012","#,
        r#""SJBBH":"1","CLLB":[{"SEQ":"1","CLMC":"申请表","ATTACH_NAME":"a.pdf","ATTACH_ID":"m1","#,
        r#""ATTACH_SIGN":"900150983cd24fb0d6963f7d28e17f72"}],"FORM":{"project_name":"A&B <工程>"}}"#
    );
    assert_eq!(fields[2].1, expected);
}

#[test]
fn a_code_that_the_partner_does_not_have_is_an_error_and_nothing_is_sent() {
    let mut context = context();
    context.step = json!({"number": {"ywlsh": "YW1"}});
    context.submission.applicant.id_type = tongban_adapters::canonical::IdentityType::Passport;
    let error = definition(ID)
        .request(Operation::Submit, 1, &context)
        .err()
        .unwrap();
    assert_eq!(error.code(), "unknown_code");
    assert!(
        error.to_string().contains("`passport`")
            && error.to_string().contains("operations.submit.steps.1")
    );
}

#[test]
fn a_step_without_what_the_step_before_captured_is_an_error() {
    let error = definition(ID)
        .request(Operation::Submit, 1, &context())
        .err()
        .unwrap();
    assert_eq!(error.code(), "missing_field");
}

#[test]
fn the_look_up_the_supplement_and_the_withdrawal_are_as_agreed() {
    let definition = definition(ID);
    let query = definition.request(Operation::Query, 0, &context()).unwrap();
    assert_eq!(query.method, "GET");
    assert_eq!(
        query.url,
        format!("http://127.0.0.1:7101/ebus/query?sblsh={CASE_NO}")
    );
    assert!(query.body.is_empty() && header(&query.headers, "content-type").is_none());

    let request = definition
        .request(Operation::Supplement, 0, &supplement())
        .unwrap();
    assert_eq!(request.url, "http://127.0.0.1:7101/ebus/bz");
    let fields = form(&request.body, Charset::Utf8);
    assert_eq!((fields[0].1.as_str(), fields[1].1.as_str()), (CASE_NO, "1"));
    let object: Value = serde_json::from_str(&fields[2].1).unwrap();
    assert_eq!(
        (
            &object["BZCLQD"],
            &object["BZSM"],
            &object["CLLB"][0]["ATTACH_ID"]
        ),
        (&json!("申请表;附图"), &json!("已补"), &json!("m1"))
    );

    let request = definition
        .request(Operation::Withdraw, 0, &withdrawal())
        .unwrap();
    assert_eq!(
        form(&request.body, Charset::Utf8),
        [
            ("sblsh".into(), CASE_NO.into()),
            ("cxyy".into(), "不办了".to_owned())
        ]
    );
}

#[test]
fn an_operation_may_be_repeated_where_repeats_are_noticed_or_have_no_effect() {
    let compiled = |text: &str| CompiledDefinition::compile("test.yaml", text, &|_| None).unwrap();
    let noticing = text(ID);
    let rule = "      already_there: \"= reply is startingwith('2:')\"\n";
    assert_eq!(noticing.matches(rule).count(), 2, "supplement and withdraw");
    let blind = noticing.replace(rule, "");
    let harmless = blind.replace("  supplement:\n", "  supplement:\n    ask: not_needed\n");
    for (name, text, supplement, withdraw) in [
        ("repeats are noticed", &noticing, true, true),
        ("repeats are not noticed", &blind, false, false),
        ("repeats have no effect", &harmless, true, false),
    ] {
        let definition = compiled(text);
        let may = |operation| definition.may_be_repeated(operation);
        assert_eq!(
            (may(Operation::Supplement), may(Operation::Withdraw)),
            (supplement, withdraw),
            "{name}"
        );
        assert!(!definition.asks_before_resend(Operation::Supplement));
        assert!(!may(Operation::Poll), "what is not offered");
    }
}

#[test]
fn a_number_that_is_not_given_for_a_reason_is_a_refusal() {
    assert_eq!(
        verdict(Operation::Submit, 0, "0:系统维护"),
        StepVerdict::Refused {
            code: "0".into(),
            reason: "系统维护".into()
        }
    );
}

#[test]
fn answers_are_taken_there_already_refused_or_not_understood() {
    let number = verdict(Operation::Submit, 0, "YW000000000012\n");
    assert_eq!(
        number,
        StepVerdict::Accepted {
            captured: json!({"ywlsh": "YW000000000012"}),
            partner_no: None
        }
    );
    let taken = verdict(Operation::Submit, 1, "1");
    assert_eq!(
        taken,
        StepVerdict::Accepted {
            captured: json!({}),
            partner_no: Some("YW000000000012".into())
        }
    );
    assert_eq!(
        verdict(Operation::Submit, 1, "2:重复的申办流水号"),
        StepVerdict::AlreadyThere
    );
    for operation in [Operation::Supplement, Operation::Withdraw] {
        assert_eq!(
            verdict(operation, 0, "2:重复的补正"),
            StepVerdict::AlreadyThere
        );
        assert!(matches!(
            verdict(operation, 0, "0:没有待补正"),
            StepVerdict::Refused { .. }
        ));
    }
    let refused = verdict(Operation::Submit, 1, "0:事项编码不存在");
    assert_eq!(
        refused,
        StepVerdict::Refused {
            code: "0".into(),
            reason: "事项编码不存在".into()
        }
    );
    for garbage in ["", "ok", "<html>", "11", "null"] {
        let reply = reply(200, "text/plain", garbage.as_bytes());
        let mut context = context();
        context.step = json!({"number": {"ywlsh": "YW1"}});
        let error = definition(ID)
            .read_reply(Operation::Submit, 1, &context, &reply)
            .unwrap_err();
        assert_eq!(error.code(), "no_rule", "{garbage}");
    }
}

#[test]
fn a_server_that_cannot_says_when_to_come_again() {
    let mut busy = reply(503, "text/html", b"<html>");
    busy.headers.push(("retry-after".into(), "17".into()));
    let verdict = definition(ID)
        .read_reply(Operation::Submit, 0, &context(), &busy)
        .unwrap();
    assert_eq!(
        verdict,
        StepVerdict::Unavailable {
            reason: "HTTP 503".into(),
            retry_after_s: Some(17)
        }
    );
    busy.headers[1].1 = "Mon, 05 Jun 2017 01:31:30 GMT".into();
    let verdict = definition(ID)
        .read_reply(Operation::Submit, 0, &context(), &busy)
        .unwrap();
    assert_eq!(
        verdict,
        StepVerdict::Unavailable {
            reason: "HTTP 503".into(),
            retry_after_s: Some(30)
        }
    );
    for status in [301, 401, 403, 404, 429, 500, 502] {
        let verdict = definition(ID)
            .read_reply(Operation::Submit, 0, &context(), &reply(status, "", b"YW1"))
            .unwrap();
        assert!(
            matches!(verdict, StepVerdict::Unavailable { .. }),
            "{status}"
        );
    }
}

#[test]
fn the_look_up_proves_what_is_ours_and_never_guesses() {
    let ask = |body: &str| {
        definition(ID).read_query(&context(), &reply(200, "application/json", body.as_bytes()))
    };
    let ours = format!(
        r#"{{"code":"1","sblsh":"{CASE_NO}","ywlsh":"YW7","sqrmc":"张三","sbsj":"2017-6-5 9:30:00"}}"#
    );
    assert_eq!(
        ask(&ours),
        QueryVerdict::Ours {
            partner_no: Some("YW7".into())
        }
    );
    assert_eq!(ask(&ours.replace("张三", "李四")), QueryVerdict::Foreign);
    assert_eq!(ask(r#"{"code":"0"}"#), QueryVerdict::Unknown);
    for unusable in [
        "{",
        r#"{"code":"9"}"#,
        r#"{"code":"1"}"#,
        r#"{"code":"1","code":"0"}"#,
        "[]",
    ] {
        assert!(
            matches!(ask(unusable), QueryVerdict::Unavailable { .. }),
            "{unusable}"
        );
    }
}

fn call(kind: &str, object: &Value) -> CallbackCall {
    let object = object.to_string();
    form_call(
        &[("sblsh", CASE_NO), ("sptype", kind), ("spobject", &object)],
        Charset::Utf8,
        &[("x-api-key", "rest-sample-key")],
    )
}

fn message(fields: Value) -> Value {
    let mut object = json!({"SBLSH": CASE_NO, "SXBM": "x", "YWLSH": "YW7", "XZQHDM": "440000", "SJBBH": "1", "BZ": "无"});
    object
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    object
}

fn check(
    kind: &str,
    fields: Value,
    event_type: &str,
    data: Value,
    occurred_at: &str,
    serial: &str,
) {
    let found = event(&definition(ID), &call(kind, &message(fields)));
    assert_eq!(
        (&found["type"], &found["data"]),
        (&json!(event_type), &data)
    );
    assert_eq!(
        (&found["case_no"], &found["partner_no"]),
        (&json!(CASE_NO), &json!("YW7"))
    );
    assert_eq!(
        (&found["occurred_at"], &found["serial"]),
        (&json!(occurred_at), &json!(serial))
    );
    assert_eq!(found["data_version"], 1);
}

#[test]
fn message_1_pre_acceptance_has_three_outcomes() {
    let fields = |state: &str| json!({"YSLBMMC": "经信委", "YSLBMZZJGDM": "006940140", "BLRXM": "王五", "YSLZTDM": state, "BSLYY": "材料不符", "BJBZSM": "补申请表", "YSLSJ": "2017-6-5 9:30:00"});
    let at = "2017-06-05T01:30:00Z";
    check("1", fields("1"), "pre_accepted", json!({}), at, "");
    check(
        "1",
        fields("2"),
        "pre_refused",
        json!({"reason": "材料不符"}),
        at,
        "",
    );
    check(
        "1",
        fields("3"),
        "pre_correction_requested",
        json!({"reason": "补申请表", "materials": [], "override": false}),
        at,
        "",
    );
    let found = event(&definition(ID), &call("1", &message(fields("1"))));
    assert_eq!(
        found["actor"],
        json!({"name": "王五", "unit": "经信委", "unit_code": "006940140"})
    );
}

#[test]
fn message_2_acceptance_or_refusal_with_the_misspelt_field() {
    let fields = |state: &str| json!({"SLBMMC": "经信委", "SLBMZZJDDM": "006940140", "BLRXM": "王五", "BLRGH": "007", "SLZTDM": state, "BSLYY": "不属本机关职权", "SLHZH": "受2017-1", "SLSJ": "2017-6-6 10:05:09", "GDBLSX": "20", "GDBLSXDDW": "G"});
    check(
        "2",
        fields("1"),
        "accepted",
        json!({"document_no": "受2017-1"}),
        "2017-06-06T02:05:09Z",
        "",
    );
    check(
        "2",
        fields("2"),
        "refused",
        json!({"reason": "不属本机关职权"}),
        "2017-06-06T02:05:09Z",
        "",
    );
    let found = event(&definition(ID), &call("2", &message(fields("1"))));
    assert_eq!(
        found["actor"],
        json!({"name": "王五", "number": "007", "unit": "经信委", "unit_code": "006940140"})
    );
}

#[test]
fn message_3_steps_are_told_apart_by_number_or_by_digest() {
    let fields = |step: &str, state: &str, number: &str| json!({"SPHJDM": step, "SPHJMC": "承办", "SPBMMC": "科室", "SPBMZZJDMD": "x", "SPRXM": "赵六", "SPYJ": "同意", "SPSJ": "2017-6-6 10:05:09", "SPHJZTDM": state, "SPBZH": number});
    let data = |step: &str, outcome: &str| json!({"step": step, "name": "承办", "outcome": outcome, "opinion": "同意"});
    let at = "2017-06-06T02:05:09Z";
    check(
        "3",
        fields("1", "1", "4"),
        "step",
        data("handling", "passed"),
        at,
        "4",
    );
    check(
        "3",
        fields("2", "2", "5"),
        "step",
        data("review", "refused"),
        at,
        "5",
    );
    check(
        "3",
        fields("3", "3", "6"),
        "step",
        data("approval", "other"),
        at,
        "6",
    );
    check(
        "3",
        fields("3", "9", "7"),
        "step",
        data("approval", "other"),
        at,
        "7",
    );
    let definition = definition(ID);
    let serial = |fields: Value| {
        event(&definition, &call("3", &message(fields)))["serial"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = serial(fields("1", "1", "无"));
    assert_eq!(first.len(), 16);
    assert_eq!(
        first,
        serial(fields("1", "2", "-")),
        "the same step told again keeps its serial"
    );
    assert_ne!(
        first,
        serial(fields("2", "1", "")),
        "another step has another"
    );
    let mut padded = fields("1", "1", "");
    padded["SPSJ"] = json!("2017-06-06 10:05:09");
    assert_eq!(first, serial(padded), "padding a date makes no other step");
}

#[test]
fn message_4_completion_has_seven_results() {
    let fields = |code: &str| json!({"BJBMMC": "经信委", "BJJGDM": code, "BJJGMS": "完", "ZFHTHYY": "无", "ZJGZMC": "无", "ZJBH": "无", "ZJYXQX": "无", "FZGZDW": "无", "BJSJ": "2017-6-9 17:00:00", "ZJID": "无"});
    for (code, result) in [
        ("0", "granted"),
        ("1", "denied"),
        ("2", "void"),
        ("3", "deleted"),
        ("4", "passed_on"),
        ("5", "lapsed"),
        ("6", "completed"),
    ] {
        let data = json!({"result": result, "reason": "", "text": "完", "document_ids": []});
        check(
            "4",
            fields(code),
            "closed",
            data,
            "2017-06-09T09:00:00Z",
            "",
        );
    }
    let mut granted = fields("0");
    granted.as_object_mut().unwrap().extend(json!({"ZJGZMC": "许可证", "ZJBH": "粤1", "ZJYXQX": "3年", "FZGZDW": "经信委", "ZJID": "d1"}).as_object().unwrap().clone());
    let certificate =
        json!({"name": "许可证", "number": "粤1", "validity": "3年", "issuer": "经信委"});
    let data = json!({"result": "granted", "reason": "", "text": "完", "document_ids": ["d1"], "certificate": certificate});
    check("4", granted, "closed", data, "2017-06-09T09:00:00Z", "");
    let withdrawn = partner_event(&definition(ID), &call("4", &message(fields("2"))), true);
    assert_eq!(
        serde_json::to_value(withdrawn).unwrap()["data"]["result"],
        "withdrawn"
    );
}

#[test]
fn messages_5_and_6_the_special_procedure_and_its_end() {
    let start = json!({"XH": "1", "TBCXZL": "A", "TBCXZLMC": "延长审批", "TBCXKSRQ": "2017-6-7 8:00:00", "TBCXPZR": "局长", "TBCXQDLY": "复杂", "TBCXSX": "10", "TBCXSXDW": "G"});
    let data = json!({"kind": "extension", "limit": 10, "reason": "复杂", "approver": "局长"});
    check(
        "5",
        start.clone(),
        "special_started",
        data,
        "2017-06-07T00:00:00Z",
        "1",
    );
    let mut other = start.clone();
    other.as_object_mut().unwrap().extend(
        json!({"TBCXZL": "B", "TBCXSX": "0", "TBCXSXDW": "无"})
            .as_object()
            .unwrap()
            .clone(),
    );
    let data = json!({"kind": "other", "limit": 0, "reason": "复杂", "approver": "局长"});
    check(
        "5",
        other,
        "special_started",
        data,
        "2017-06-07T00:00:00Z",
        "1",
    );
    let end = |words: &str| json!({"XH": "1", "TBCXJG": words, "JGCSRQ": "2017-6-20 8:00:00", "TBCXJSRQ": "2017-6-21 8:00:00"});
    check(
        "6",
        end("结束"),
        "special_ended",
        json!({"passed": true, "note": "结束"}),
        "2017-06-21T00:00:00Z",
        "1",
    );
    let refused = json!({"passed": false, "note": "特别程序申请不通过"});
    check(
        "6",
        end("特别程序申请不通过"),
        "special_ended",
        refused,
        "2017-06-21T00:00:00Z",
        "1",
    );
    let mut days = start;
    days["TBCXSXDW"] = json!("Z");
    let error = read(&definition(ID), &call("5", &message(days)), false).unwrap_err();
    assert_eq!(
        error.code(),
        "unknown_code",
        "a limit in natural days cannot be told to the clocks"
    );
}

#[test]
fn messages_7_8_and_9_correction_and_collection() {
    let notice = json!({"XH": "1", "BZGZFCRXM": "王五", "BZGZYY": "缺图", "BZCLQD": "申请表; 附图;", "BZGZSJ": "2017-6-7 8:00:00", "BZSX": "5"});
    let data =
        json!({"reason": "缺图", "materials": ["申请表", "附图"], "limit": 5, "override": false});
    check(
        "7",
        notice.clone(),
        "correction_requested",
        data,
        "2017-06-07T00:00:00Z",
        "1",
    );
    let mut bare = notice;
    bare.as_object_mut().unwrap().extend(
        json!({"XH": "无", "BZSX": "无", "BZCLQD": "无"})
            .as_object()
            .unwrap()
            .clone(),
    );
    let found = event(&definition(ID), &call("7", &message(bare)));
    assert_eq!(
        found["data"],
        json!({"reason": "缺图", "materials": [], "override": false})
    );
    assert_eq!(
        found["serial"].as_str().unwrap().len(),
        16,
        "a notice without a number is told apart by its time"
    );
    let supply =
        json!({"XH": "1", "BZSLBLRXM": "王五", "BZCLQD": "附图", "BZSJ": "2017-6-8 8:00:00"});
    let data = json!({"text": "", "materials": ["附图"], "material_ids": [], "form": null});
    check("8", supply, "corrected", data, "2017-06-08T00:00:00Z", "1");
    let collected = json!({"LQRXM": "张三", "LQFS": "0", "LQSJ": "2017-6-10 9:00:00"});
    check(
        "9",
        collected,
        "collected",
        json!({"by": "张三", "way": "window"}),
        "2017-06-10T01:00:00Z",
        "",
    );
}

#[test]
fn dirty_data_is_read_and_a_report_sent_again_has_its_version() {
    let mut object = message(
        json!({"SLBMMC": "-", "SLBMZZJDMD": "1", "SLZTDM": 1, "SLSJ": "20170606T100509", "BLRXM": "无"}),
    );
    object["SJBBH"] = json!(2);
    object.as_object_mut().unwrap().remove("YWLSH");
    let found = event(&definition(ID), &call("2", &object));
    assert_eq!(
        (&found["type"], &found["data_version"]),
        (&json!("accepted"), &json!(2))
    );
    assert_eq!(found["actor"], json!({"unit_code": "1"}));
    assert_eq!(found.get("partner_no"), None);
}

#[test]
fn bad_callbacks_are_refused_with_a_stable_code_and_no_personal_data() {
    let definition = definition(ID);
    let good = message(json!({"SLBMMC": "经信委", "SLZTDM": "1", "SLSJ": "2017-6-6 10:05:09"}));
    let with = |name: &str, value: Value| {
        let mut object = good.clone();
        object[name] = value;
        call("2", &object)
    };
    let without = |name: &str| {
        let mut object = good.clone();
        object.as_object_mut().unwrap().remove(name);
        call("2", &object)
    };
    let raw = |object: &str| {
        form_call(
            &[("sblsh", CASE_NO), ("sptype", "2"), ("spobject", object)],
            Charset::Utf8,
            &[],
        )
    };
    let cases = [
        (call("12", &good), "unknown_kind"),
        (with("SLZTDM", json!("8")), "unknown_code"),
        (with("SLZTDM", json!("张三")), "unknown_code"),
        (with("SLSJ", json!("昨天")), "unfit_value"),
        (with("SLSJ", json!("无")), "unfit_value"),
        (with("SJBBH", json!("0")), "unfit_value"),
        (with("SJBBH", json!("x")), "unfit_value"),
        (without("SLSJ"), "missing_field"),
        (without("SLZTDM"), "missing_field"),
        (without("SBLSH"), "missing_field"),
        (with("SBLSH", json!("")), "missing_field"),
        (raw("{"), "malformed_json"),
        (raw("[]"), "malformed_body"),
        (raw(r#"{"SBLSH":"1","SBLSH":"2"}"#), "malformed_json"),
        (raw(&"[".repeat(10_000)), "malformed_json"),
        (
            form_call(&[("sptype", "2")], Charset::Utf8, &[]),
            "malformed_body",
        ),
        (
            form_call(&[("spobject", "{}")], Charset::Utf8, &[]),
            "missing_field",
        ),
        (
            CallbackCall {
                body: b"sptype=2&sptype=3".to_vec(),
                ..call("2", &good)
            },
            "malformed_form",
        ),
        (
            CallbackCall {
                body: b"sptype=%zz".to_vec(),
                ..call("2", &good)
            },
            "malformed_form",
        ),
        (
            CallbackCall {
                body: b"sptype=%ff".to_vec(),
                ..call("2", &good)
            },
            "malformed_form",
        ),
        (
            CallbackCall {
                method: "GET".into(),
                ..call("2", &good)
            },
            "method_not_allowed",
        ),
        (
            CallbackCall {
                headers: vec![("content-type".into(), "application/json".into())],
                ..call("2", &good)
            },
            "unsupported_content_type",
        ),
        (
            CallbackCall {
                headers: vec![],
                ..call("2", &good)
            },
            "unsupported_content_type",
        ),
    ];
    for (index, (call, code)) in cases.into_iter().enumerate() {
        let error = read(&definition, &call, false).unwrap_err();
        assert_eq!(error.code(), code, "case {index}: {error}");
        assert!(
            !error.to_string().contains("张三") && !error.to_string().contains("昨天"),
            "{error}"
        );
        let answer = definition.write_callback_answer(&call, &error);
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 200);
        assert!(text.starts_with("0:") && text.contains(code), "{text}");
    }
}

#[test]
fn a_caller_shows_the_agreed_key_and_is_answered_in_its_own_words() {
    let definition = definition(ID);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let good = call("2", &json!({}));
    assert!(definition.authenticate(&good, now).unwrap().nonce.is_none());
    let key = |value: &str| form_call(&[], Charset::Utf8, &[("x-api-key", value)]);
    assert_eq!(
        definition
            .authenticate(&key("sample-key-gd-explosive"), now)
            .unwrap_err()
            .code(),
        "unauthenticated"
    );
    assert!(
        definition
            .authenticate(&form_call(&[], Charset::Utf8, &[]), now)
            .is_err()
    );
    assert_eq!(
        definition
            .write_callback_answer(&good, &CallbackAnswer::Taken)
            .body,
        b"1"
    );
    let refused = CallbackAnswer::Refused {
        code: "unknown_case".into(),
        reason: "没有这个办件".into(),
    };
    assert_eq!(
        definition.write_callback_answer(&good, &refused).body,
        "0:unknown_case 没有这个办件".as_bytes()
    );
}

#[test]
fn secrets_and_addresses_come_from_the_environment() {
    let env = |name: &str| match name {
        "GD_EXPLOSIVES_CALLBACK_KEY" => Some("other".to_owned()),
        "GD_EXPLOSIVES_ENDPOINT" => Some("https://ebus.example/base/".to_owned()),
        _ => None,
    };
    let definition = definition_with(ID, &env);
    let call = form_call(&[], Charset::Utf8, &[("x-api-key", "other")]);
    assert!(
        definition
            .authenticate(&call, jiff::Timestamp::UNIX_EPOCH)
            .is_ok()
    );
    assert_eq!(
        definition
            .request(Operation::Submit, 0, &context())
            .unwrap()
            .url,
        "https://ebus.example/base/ebus/lsh"
    );
    assert!(definition.text().contains("${GD_EXPLOSIVES_CALLBACK_KEY"));
}

#[test]
fn passing_on_is_a_step_where_the_definition_says_so() {
    let text = text(ID).replace("forward: close", "forward: step");
    let definition = CompiledDefinition::compile("x.yaml", &text, &|_| None).unwrap();
    let fields = json!({"BJBMMC": "经信委", "BJJGDM": "4", "ZFHTHYY": "转省厅", "BJSJ": "2017-6-9 17:00:00"});
    let found = event(&definition, &call("4", &message(fields)));
    assert_eq!(
        (&found["type"], &found["data"]),
        (&json!("forwarded"), &json!({"to": "", "reason": "转省厅"}))
    );
}
