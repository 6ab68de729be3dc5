//! Section 3 of the dialects: a national vertical system, XML in GBK, polled.

use super::support::*;
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::time::Duration;
use tongban_adapters::canonical::CaseReference;
use tongban_adapters::definition::PollError;
use tongban_adapters::exchange::*;
use tongban_adapters::text::Charset;

const ID: &str = "national-radio";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"GBK\"?>";

fn sent(operation: Operation, context: &ExchangeContext) -> (String, String) {
    let request = definition(ID).request(operation, 0, context).unwrap();
    assert_eq!(
        header(&request.headers, "content-type"),
        Some("application/x-www-form-urlencoded; charset=GBK")
    );
    let fields = form(&request.body, Charset::Gbk);
    assert_eq!(
        (fields.len(), &fields[0]),
        (2, &("accessToken".into(), "xml-sample-token".into()))
    );
    assert_eq!(fields[1].0, "xmlStr");
    (request.url, fields[1].1.clone())
}

fn answer(text: &str) -> WireReply {
    reply(
        200,
        "text/xml; charset=GBK",
        &Charset::Gbk.encode(&format!("{DECLARATION}{text}")),
    )
}

fn result(code: &str, text: &str) -> WireReply {
    answer(&format!(
        "<RESULT><CODE>{code}</CODE><TEXT>{text}</TEXT></RESULT>"
    ))
}

#[test]
fn the_head_asks_for_digits_and_for_polls() {
    let definition = definition(ID);
    assert!(definition.short_number());
    assert_eq!(
        definition.poll().map(|poll| poll.every),
        Some(Duration::from_secs(5))
    );
    assert_eq!(definition.skew(), Duration::from_secs(600));
    assert_eq!(definition.steps(Operation::Poll), ["poll"]);
}

#[test]
fn the_notice_carries_the_short_number_alone() {
    let (url, xml) = sent(Operation::Submit, &context());
    assert_eq!(url, "http://127.0.0.1:7103/exchange/sendApplyNO");
    let common = format!(
        "<SBLSH_SHORT>{SHORT_NO}</SBLSH_SHORT><SXBM>10131300500698857413440400</SXBM><XZQHDM>440400</XZQHDM>"
    );
    assert_eq!(
        xml,
        format!(
            "{DECLARATION}<APPROVEDATAINFO>{common}<EXPRESSTYPE>0</EXPRESSTYPE></APPROVEDATAINFO>"
        )
    );
    let (_, xml) = sent(Operation::Supplement, &supplement());
    assert!(
        xml.contains(
            "<EXPRESSTYPE>1</EXPRESSTYPE><XH>1</XH><BZCLQD>申请表;附图</BZCLQD><BZSJ>20170607100304</BZSJ>"
        ),
        "{xml}"
    );
    let (_, xml) = sent(Operation::Withdraw, &withdrawal());
    assert!(xml.contains("<EXPRESSTYPE>9</EXPRESSTYPE><CXYY>不办了</CXYY>"));
    let (url, xml) = sent(Operation::Poll, &context());
    assert_eq!(url, "http://127.0.0.1:7103/exchange/getCourseInfo");
    assert_eq!(
        xml,
        format!(
            "{DECLARATION}<APPROVEDATAINFO><SBLSH_SHORT>{SHORT_NO}</SBLSH_SHORT></APPROVEDATAINFO>"
        )
    );
    assert_eq!(sent(Operation::Query, &context()).1, xml);
}

#[test]
fn text_in_a_form_field_is_percent_encoded_gbk() {
    let request = definition(ID)
        .request(Operation::Supplement, 0, &supplement())
        .unwrap();
    let text = String::from_utf8(request.body).unwrap();
    assert!(text.contains("%C9%EA%C7%EB%B1%ED"), "申请表 in GBK: {text}");
}

#[test]
fn a_case_without_a_short_number_is_not_sent() {
    let mut context = context();
    context.submission.case.short_no = None;
    for operation in [Operation::Submit, Operation::Query, Operation::Poll] {
        let error = definition(ID)
            .request(operation, 0, &context)
            .err()
            .unwrap();
        assert_eq!(error.code(), "missing_field");
    }
}

#[test]
fn results_are_taken_there_already_or_refused() {
    let verdict = |reply: &WireReply| {
        definition(ID)
            .read_reply(Operation::Submit, 0, &context(), reply)
            .unwrap()
    };
    assert!(matches!(
        verdict(&result("200", "ok")),
        StepVerdict::Accepted { .. }
    ));
    assert_eq!(
        verdict(&result("300", "业务号已存在")),
        StepVerdict::AlreadyThere
    );
    assert_eq!(
        verdict(&result("300", "事项不存在")),
        StepVerdict::Refused {
            code: "300".into(),
            reason: "事项不存在".into()
        }
    );
    for broken in [
        "",
        "<RESULT>",
        "<RESULT/>",
        "<html/>",
        "<RESULT><CODE>500</CODE><TEXT/></RESULT>",
        "<!DOCTYPE r><RESULT/>",
    ] {
        assert!(
            definition(ID)
                .read_reply(Operation::Submit, 0, &context(), &answer(broken))
                .is_err(),
            "{broken}"
        );
    }
}

#[test]
fn a_repeated_correction_or_withdrawal_is_there_already() {
    let verdict = |operation: Operation, text: &str| {
        definition(ID)
            .read_reply(operation, 0, &context(), &result("300", text))
            .unwrap()
    };
    assert_eq!(
        verdict(Operation::Supplement, "补正已接收"),
        StepVerdict::AlreadyThere
    );
    assert_eq!(
        verdict(Operation::Withdraw, "已撤回"),
        StepVerdict::AlreadyThere
    );
    assert!(matches!(
        verdict(Operation::Withdraw, "补正已接收"),
        StepVerdict::Refused { .. }
    ));
    assert!(matches!(
        verdict(Operation::Supplement, "业务号必须为数字"),
        StepVerdict::Refused { .. }
    ));
}

#[test]
fn the_look_up_knows_or_does_not_know_the_short_number() {
    let ask = |text: &str| definition(ID).read_query(&context(), &answer(text));
    assert_eq!(
        ask("<RECORDS><CODE>200</CODE></RECORDS>"),
        QueryVerdict::Ours { partner_no: None }
    );
    assert_eq!(
        ask("<RECORDS><CODE>300</CODE></RECORDS>"),
        QueryVerdict::Unknown
    );
    assert!(matches!(
        ask("<RECORDS><CODE>900</CODE></RECORDS>"),
        QueryVerdict::Unavailable { .. }
    ));
}

fn record(id: u32, kind: &str, content: &str) -> String {
    format!(
        "<RECORD><CALLINFO><CALLER>GJWXD</CALLER><CALLTIME>20170605T093000</CALLTIME></CALLINFO><RECORDID>{id}</RECORDID><KIND>{kind}</KIND><DATAVERSION>1</DATAVERSION>{content}</RECORD>"
    )
}

fn poll(records: &str) -> Result<Vec<Value>, PollError> {
    let reply = answer(&format!("<RECORDS><CODE>200</CODE>{records}</RECORDS>"));
    let events = definition(ID).read_poll(&context(), &reply)?;
    Ok(events
        .into_iter()
        .map(|event| serde_json::to_value(event).unwrap())
        .collect())
}

fn one(kind: &str, content: &str) -> Value {
    let events = poll(&record(7, kind, content)).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["case_no"], CASE_NO);
    events[0].clone()
}

#[test]
fn progress_is_given_oldest_first() {
    let newest_first = [
        record(3, "BANJIE", "<JG>10</JG><ZZBM>粤无1</ZZBM><ZZMC>电台执照</ZZMC><YY>无</YY><SJ>20170609170000</SJ>"),
        record(2, "GUOCHENG", "<HJDM>2</HJDM><HJMC>审核</HJMC><CLR>钱七</CLR><YJ>同意</YJ><ZT>1</ZT><SJ>20170607T080000</SJ>"),
        record(1, "SHOULI", "<ZT>1</ZT><WSBH>受1</WSBH><SJ>20170605T093000</SJ>"),
    ]
    .concat();
    let events = poll(&newest_first).unwrap();
    let types: Vec<&Value> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(
        types,
        [&json!("accepted"), &json!("step"), &json!("closed")]
    );
    assert_eq!(events[0]["data"], json!({"document_no": "受1"}));
    assert_eq!(
        events[1]["data"],
        json!({"step": "review", "name": "审核", "outcome": "passed", "opinion": "同意"})
    );
    assert_eq!(events[1]["actor"], json!({"name": "钱七"}));
    let certificate = json!({"name": "电台执照", "number": "粤无1", "validity": "", "issuer": ""});
    assert_eq!(
        events[2]["data"],
        json!({"result": "granted", "reason": "", "text": "", "certificate": certificate, "document_ids": []})
    );
    assert_eq!(
        (&events[0]["occurred_at"], &events[2]["occurred_at"]),
        (
            &json!("2017-06-05T01:30:00Z"),
            &json!("2017-06-09T09:00:00Z")
        )
    );
    assert_eq!(
        poll(&newest_first).unwrap(),
        events,
        "the next poll tells the same events"
    );
}

#[test]
fn every_kind_of_record_is_mapped() {
    let sj = "<SJ>20170605093000</SJ>";
    let of = |kind: &str, content: &str| {
        let event = one(kind, &format!("{content}{sj}"));
        (
            event["type"].as_str().unwrap().to_owned(),
            event["data"].clone(),
            event["serial"].as_str().unwrap().to_owned(),
        )
    };
    let expect = |kind: &str, data: Value, serial: &str| (kind.to_owned(), data, serial.to_owned());
    assert_eq!(
        of("YUSHOULI", "<ZT>1</ZT>"),
        expect("pre_accepted", json!({}), "")
    );
    assert_eq!(
        of("YUSHOULI", "<ZT>2</ZT><YY>不符</YY>"),
        expect("pre_refused", json!({"reason": "不符"}), "")
    );
    let notice = json!({"reason": "缺图", "materials": [], "override": false});
    assert_eq!(
        of("YUSHOULI", "<ZT>3</ZT><YY>缺图</YY>"),
        expect("pre_correction_requested", notice, "")
    );
    assert_eq!(
        of("SHOULI", "<ZT>2</ZT><YY>不符</YY>"),
        expect("refused", json!({"reason": "不符"}), "")
    );
    let notice = json!({"reason": "缺图", "materials": ["图", "表"], "override": false});
    assert_eq!(
        of("BUZHENG", "<XH>1</XH><YY>缺图</YY><CL>图;表</CL>"),
        expect("correction_requested", notice, "1")
    );
    let supplied = json!({"text": "", "materials": [], "material_ids": [], "form": null});
    assert_eq!(
        of("BUZHENGSHOULI", "<XH>1</XH>"),
        expect("corrected", supplied, "1")
    );
    let special = json!({"kind": "extension", "limit": 10, "reason": "复杂", "approver": ""});
    assert_eq!(
        of(
            "TEBIESHENQING",
            "<XH>1</XH><ZL>1</ZL><SX>10</SX><YY>复杂</YY>"
        ),
        expect("special_started", special, "1")
    );
    assert_eq!(
        of("TEBIEJIEGUO", "<XH>1</XH><JG>1</JG>"),
        expect("special_ended", json!({"passed": true, "note": ""}), "1")
    );
    assert_eq!(
        of("TEBIEJIEGUO", "<XH>1</XH><JG>0</JG>"),
        expect("special_ended", json!({"passed": false, "note": ""}), "1")
    );
    for (code, result) in [
        ("10", "granted"),
        ("11", "completed"),
        ("09", "void"),
        ("13", "denied"),
    ] {
        let (kind, data, _) = of("BANJIE", &format!("<JG>{code}</JG><YY>因</YY>"));
        assert_eq!(
            (kind.as_str(), &data["result"]),
            ("closed", &json!(result)),
            "{code}"
        );
    }
    assert_eq!(
        of("BANJIE", "<JG>07</JG><YY>因</YY>"),
        expect("refused", json!({"reason": "因"}), "")
    );
}

#[test]
fn a_return_after_a_withdrawal_confirms_it() {
    let mut context = context();
    context.submission.case.withdrawal_requested = true;
    let record = record(1, "BANJIE", "<JG>13</JG><YY>因</YY><SJ>20170605093000</SJ>");
    let reply = answer(&format!("<RECORDS><CODE>200</CODE>{record}</RECORDS>"));
    let events = definition(ID).read_poll(&context, &reply).unwrap();
    assert_eq!(
        serde_json::to_value(&events[0]).unwrap()["data"]["result"],
        "withdrawn"
    );
}

#[test]
fn an_unknown_number_and_an_empty_course_are_different_things() {
    let reply = answer("<RECORDS><CODE>300</CODE></RECORDS>");
    assert_eq!(
        definition(ID).read_poll(&context(), &reply),
        Err(PollError::UnknownNumber)
    );
    assert_eq!(poll(""), Ok(vec![]));
}

#[test]
fn a_record_that_cannot_be_understood_does_not_hide_the_others() {
    let records = [
        record(3, "BANJIE", "<JG>99</JG><SJ>20170609170000</SJ>"),
        record(2, "NEUES", "<SJ>20170607T080000</SJ>"),
        record(1, "SHOULI", "<ZT>1</ZT><SJ>20170605T093000</SJ>"),
    ]
    .concat();
    match poll(&records) {
        Err(PollError::Record {
            index,
            error,
            understood,
        }) => {
            assert_eq!(
                (index, error.code(), understood.len()),
                (1, "unknown_kind", 1)
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn unreadable_polls_are_errors() {
    for broken in [
        "",
        "<RECORDS>",
        "<RESULT/>",
        "<RECORDS><CODE>500</CODE></RECORDS>",
        "<!DOCTYPE a><RECORDS/>",
    ] {
        assert!(
            matches!(
                definition(ID).read_poll(&context(), &answer(broken)),
                Err(PollError::Unreadable(_))
            ),
            "{broken}"
        );
    }
    let down = reply(502, "text/html", b"");
    assert!(matches!(
        definition(ID).read_poll(&context(), &down),
        Err(PollError::Unavailable { .. })
    ));
}

fn call(xml: &str) -> CallbackCall {
    form_call(
        &[
            ("accessToken", "xml-sample-token"),
            ("xmlStr", &format!("{DECLARATION}{xml}")),
        ],
        Charset::Gbk,
        &[],
    )
}

#[test]
fn the_application_is_pulled_by_its_short_number() {
    let definition = definition(ID);
    let pull = call(&format!(
        "<APPROVEDATAINFO><OPERATION>getApplyInfo</OPERATION><SBLSH_SHORT>{SHORT_NO}</SBLSH_SHORT></APPROVEDATAINFO>"
    ));
    let case = CaseReference::ShortNo(SHORT_NO.into());
    assert_eq!(definition.case_references(&pull), Ok(vec![case.clone()]));
    assert_eq!(
        read(&definition, &pull, false),
        Ok(vec![CallbackMessage::Pull(case)])
    );
    let answer =
        definition.write_callback_answer(&pull, &CallbackAnswer::Application(Box::new(context())));
    assert_eq!(
        header(&answer.headers, "content-type"),
        Some("text/xml; charset=GBK")
    );
    let expected = format!(
        "{DECLARATION}<SPSHENQIN><SBLSH>{CASE_NO}</SBLSH><SBLSH_SHORT>{SHORT_NO}</SBLSH_SHORT><SXBM>10131300500698857413440400</SXBM>\
         <SXMC>民用爆炸物品销售许可</SXMC><SQRLX>1</SQRLX><SQRMC>张三</SQRMC><SQRZJLX>111</SQRZJLX><SQRZJHM>11010519491231002X</SQRZJHM>\
         <LXRXM>张三</LXRXM><LXRSJ>13800000000</LXRSJ><SBXMMC>A&amp;B &lt;工程&gt;</SBXMMC><SBSJ>20170605093000</SBSJ>\
         <XML_DATA><FIELD NAME=\"project_name\">A&amp;B &lt;工程&gt;</FIELD></XML_DATA>\
         <SBCL><CL><STUFF_SEQ>1</STUFF_SEQ><CLMC>申请表</CLMC><ATTACH_NAME>a.pdf</ATTACH_NAME><ATTACH_ID>m1</ATTACH_ID>\
         <ATTACH_SIGN>900150983cd24fb0d6963f7d28e17f72</ATTACH_SIGN></CL></SBCL></SPSHENQIN>"
    );
    assert_eq!(Charset::Gbk.decode(&answer.body).unwrap(), expected);
}

fn handed_back(md5: &str, body: &str) -> CallbackCall {
    call(&format!(
        "<APPROVEDATAINFO><OPERATION>receiveResultFileInfo</OPERATION><SBLSH_SHORT>{SHORT_NO}</SBLSH_SHORT><SPSHENPIJIEGUO><ZZBM>粤无1</ZZBM>\
         <ZZMC>电台执照</ZZMC><ATTACH_NAME>执照.pdf</ATTACH_NAME><ATTACH_SIGN>{md5}</ATTACH_SIGN><SAVE_TYPE>3</SAVE_TYPE>\
         <ATTACH_BODY>{body}</ATTACH_BODY></SPSHENPIJIEGUO></APPROVEDATAINFO>"
    ))
}

#[test]
fn a_result_file_is_taken_when_its_digest_holds() {
    let definition = definition(ID);
    let messages = read(
        &definition,
        &handed_back("900150983CD24FB0D6963F7D28E17F72", "YW\nJj"),
        false,
    )
    .unwrap();
    let [CallbackMessage::Document(document)] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(
        (
            document.kind.as_str(),
            document.name.as_str(),
            document.number.as_str()
        ),
        ("certificate", "电台执照", "粤无1")
    );
    assert_eq!(
        (document.file_name.as_str(), document.body.as_slice()),
        ("执照.pdf", b"abc".as_slice())
    );
    let code = |call: &CallbackCall| read(&definition, call, false).unwrap_err().code();
    assert_eq!(
        code(&handed_back("00000000000000000000000000000000", "YWJj")),
        "digest_mismatch"
    );
    assert_eq!(code(&handed_back("无", "%%%")), "unfit_value");
    assert_eq!(code(&handed_back("无", "")), "missing_field");
    assert!(read(&definition, &handed_back("无", "YWJj"), false).is_ok());
}

#[test]
fn a_result_file_of_megabytes_is_taken() {
    let bytes = vec![7_u8; 3 * 1024 * 1024];
    let messages = read(
        &definition(ID),
        &handed_back("-", &BASE64.encode(&bytes)),
        false,
    )
    .unwrap();
    assert!(
        matches!(messages.as_slice(), [CallbackMessage::Document(document)] if document.body == bytes)
    );
}

#[test]
fn callers_show_the_token_and_get_a_result() {
    let definition = definition(ID);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let pull = call("<APPROVEDATAINFO/>");
    assert!(definition.authenticate(&pull, now).is_ok());
    assert!(
        definition
            .authenticate(
                &form_call(&[("accessToken", "x"), ("xmlStr", "")], Charset::Gbk, &[]),
                now
            )
            .is_err()
    );
    assert!(
        definition
            .authenticate(&form_call(&[("xmlStr", "")], Charset::Gbk, &[]), now)
            .is_err()
    );
    let taken = definition.write_callback_answer(&pull, &CallbackAnswer::Taken);
    assert_eq!(
        taken.body,
        format!("{DECLARATION}<RESULT><CODE>200</CODE><TEXT>ok</TEXT></RESULT>").into_bytes()
    );
    let error = read(&definition, &pull, false).unwrap_err();
    let refused = Charset::Gbk
        .decode(&definition.write_callback_answer(&pull, &error).body)
        .unwrap();
    assert!(refused.contains("<CODE>300</CODE>"), "{refused}");
}

#[test]
fn broken_callbacks_are_refused() {
    let definition = definition(ID);
    for xml in [
        "",
        "<APPROVEDATAINFO>",
        "<APPROVEDATAINFO/>",
        "<x/>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><APPROVEDATAINFO>&b;</APPROVEDATAINFO>",
        "<APPROVEDATAINFO><OPERATION>getApplyInfo</OPERATION></APPROVEDATAINFO>",
        "<APPROVEDATAINFO><OPERATION>other</OPERATION><SBLSH_SHORT>1</SBLSH_SHORT></APPROVEDATAINFO>",
        "<APPROVEDATAINFO><OPERATION>getApplyInfo</OPERATION><SBLSH_SHORT>1</SBLSH_SHORT><SBLSH_SHORT>2</SBLSH_SHORT></APPROVEDATAINFO>",
    ] {
        assert!(read(&definition, &call(xml), false).is_err(), "{xml}");
    }
    let deep = format!("<APPROVEDATAINFO>{}", "<a>".repeat(10_000));
    assert_eq!(
        read(&definition, &call(&deep), false).unwrap_err().code(),
        "xml_bound"
    );
}
