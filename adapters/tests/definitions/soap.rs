//! Section 2 of the dialects: a city's intake platform, SOAP rpc.

use super::support::*;
use serde_json::{Value, json};
use tongban_adapters::exchange::*;
use tongban_adapters::text::Charset;
use tongban_adapters::xml;

const ID: &str = "zhuhai-platform";
const OPEN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:svc=\"http://focus.platform.example/\"><soapenv:Body>";
const CLOSE: &str = "</soapenv:Body></soapenv:Envelope>";
const TEXT_XML: &str = "text/xml; charset=utf-8";

fn returned(code: &str, desc: &str) -> WireReply {
    let body = format!(
        "{OPEN}<svc:setDataXmlToFocusResponse><setDataXmlToFocusReturn><code>{code}</code><desc>{desc}</desc><reasonList/></setDataXmlToFocusReturn></svc:setDataXmlToFocusResponse>{CLOSE}"
    );
    reply(200, TEXT_XML, body.as_bytes())
}

fn verdict(reply: &WireReply) -> StepVerdict {
    definition(ID)
        .read_reply(Operation::Submit, 0, &context(), reply)
        .unwrap()
}

/// Text of a parameter of the envelope in a body.
fn parameter(body: &[u8], name: &str) -> Option<String> {
    let root = xml::parse(body, None, &xml::Limits::default()).unwrap();
    let operation = root.child("Body").unwrap().children[0].clone();
    operation
        .child(name)
        .map(|parameter| parameter.text.clone())
}

#[test]
fn submitting_sends_an_exinfo_document_as_escaped_text() {
    let request = definition(ID)
        .request(Operation::Submit, 0, &context())
        .unwrap();
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("POST", "http://127.0.0.1:7102/services/FocusService")
    );
    assert_eq!(header(&request.headers, "content-type"), Some(TEXT_XML));
    assert_eq!(
        header(&request.headers, "soapaction"),
        Some("\"setDataXmlToFocus\"")
    );
    let text = body(&request);
    assert!(text.starts_with(&format!(
        "{OPEN}<svc:setDataXmlToFocus><deptCode>006940140</deptCode><xml>&lt;?xml version"
    )));
    assert!(text.ends_with(&format!("<tableName>EX_GDBS_SB</tableName><identify>soap-sample-identify</identify></svc:setDataXmlToFocus>{CLOSE}")));
    let expected = concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ExInfo><standardInfo process=\"EX_GDBS_SB\">",
        "<Field FieldName=\"SBLSH\">10131300500698857413440400201706050001</Field><Field FieldName=\"SXBM\">10131300500698857413440400</Field>",
        "<Field FieldName=\"SXMC\">民用爆炸物品销售许可</Field><Field FieldName=\"SQRLX\">1</Field><Field FieldName=\"SQRMC\">张三</Field>",
        "<Field FieldName=\"SQRZJLX\">1</Field><Field FieldName=\"SQRZJHM\">11010519491231002X</Field><Field FieldName=\"LXRXM\">张三</Field>",
        "<Field FieldName=\"LXRSJ\">13800000000</Field><Field FieldName=\"SBXMMC\">A&amp;B &lt;工程&gt;</Field><Field FieldName=\"SBCLQD\">申请表</Field>",
        "<Field FieldName=\"SBSJ\">2017-6-5 9:30:00</Field><Field FieldName=\"XZQHDM\">440400</Field><Field FieldName=\"TJFS\">1</Field>",
        "<Field FieldName=\"LOGINNAME\"/><Field FieldName=\"QDFS\">0</Field><Field FieldName=\"SJBBH\">1</Field></standardInfo>",
        "<ItemInfo DeptCode=\"006940140\" WinCode=\"10131300500698857413440400201706050001\" ItemCode=\"10131300500698857413440400\" Action=\"1\">",
        "<BaseInfo><Field FieldName=\"project_name\">A&amp;B &lt;工程&gt;</Field></BaseInfo></ItemInfo>",
        "<ExFile><File FileId=\"m1\" FileName=\"a.pdf\" certType=\"\" certNo=\"\" holderName=\"\" giveDate=\"\" certPeriod=\"\" checkFlag=\"\"/></ExFile></ExInfo>"
    );
    assert_eq!(parameter(&request.body, "xml").as_deref(), Some(expected));
}

#[test]
fn form_values_that_are_lists_go_out_as_partners_write_lists() {
    let mut context = context();
    context.submission.form =
        json!({"project_name": "x", "sites": ["甲", "乙"], "owner": {"name": "n"}});
    let request = definition(ID)
        .request(Operation::Submit, 0, &context)
        .unwrap();
    let sent = parameter(&request.body, "xml").unwrap();
    assert!(
        sent.contains("<Field FieldName=\"sites\">甲;乙</Field>")
            && sent.contains("<Field FieldName=\"owner\">{\"name\":\"n\"}</Field>")
    );
}

#[test]
fn supplement_withdrawal_and_look_up_are_as_agreed() {
    let definition = definition(ID);
    let request = definition
        .request(Operation::Supplement, 0, &supplement())
        .unwrap();
    assert_eq!(
        parameter(&request.body, "tableName").as_deref(),
        Some("EX_GDBS_BJSL")
    );
    let fields = "<Field FieldName=\"XH\">1</Field><Field FieldName=\"BZCLQD\">申请表;附图</Field><Field FieldName=\"BZSJ\">2017-6-7 10:03:04</Field><Field FieldName=\"BZSM\">已补</Field>";
    assert!(parameter(&request.body, "xml").unwrap().contains(fields));

    let request = definition
        .request(Operation::Withdraw, 0, &withdrawal())
        .unwrap();
    assert_eq!(
        parameter(&request.body, "tableName").as_deref(),
        Some("EX_GDBS_CX")
    );
    assert!(parameter(&request.body, "xml").unwrap().contains("<Field FieldName=\"CXYY\">不办了</Field><Field FieldName=\"CXSJ\">2017-6-7 10:03:04</Field>"));

    let request = definition.request(Operation::Query, 0, &context()).unwrap();
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ExInfo><standardInfo process=\"QRY_SERV\"><Field FieldName=\"QRY_CODE\">EX_GDBS_SB</Field><Field FieldName=\"SBLSH\">{CASE_NO}</Field></standardInfo></ExInfo>"
    );
    assert_eq!(parameter(&request.body, "xml"), Some(expected));
    assert_eq!(parameter(&request.body, "identify"), None);
    assert_eq!(header(&request.headers, "soapaction"), Some("\"excute\""));
}

#[test]
fn returns_are_taken_there_already_refused_or_unavailable() {
    assert!(matches!(
        verdict(&returned("0", "ok")),
        StepVerdict::Accepted { .. }
    ));
    assert_eq!(
        verdict(&returned("1", "编码：1,原因：SBLSH重复")),
        StepVerdict::AlreadyThere
    );
    assert_eq!(
        verdict(&returned("1", "校验失败")),
        StepVerdict::Refused {
            code: "1".into(),
            reason: "校验失败".into()
        }
    );
    assert!(matches!(
        verdict(&returned("4", "x")),
        StepVerdict::Refused { .. }
    ));
    assert_eq!(
        verdict(&returned("3", "异常")),
        StepVerdict::Unavailable {
            reason: "异常".into(),
            retry_after_s: None
        }
    );
    let unknown = definition(ID)
        .read_reply(Operation::Submit, 0, &context(), &returned("7", "x"))
        .unwrap_err();
    assert_eq!(unknown.code(), "no_rule");
}

#[test]
fn a_repeated_supplement_or_withdrawal_is_there_already() {
    for operation in [Operation::Supplement, Operation::Withdraw] {
        let reply = returned("1", "编码：1,原因：SBLSH重复");
        let verdict = definition(ID)
            .read_reply(operation, 0, &context(), &reply)
            .unwrap();
        assert_eq!(verdict, StepVerdict::AlreadyThere);
    }
    let request = definition(ID)
        .request(Operation::Supplement, 0, &supplement())
        .unwrap();
    let sent = parameter(&request.body, "xml").unwrap();
    assert!(
        sent.contains("</standardInfo><ExFile><File FileId=\"m1\" FileName=\"a.pdf\""),
        "{sent}"
    );
}

#[test]
fn faults_are_refusals_or_reasons_to_come_again_by_their_code() {
    let fault = |code: &str| {
        let body = format!(
            "{OPEN}<soapenv:Fault><faultcode>{code}</faultcode><faultstring>坏了</faultstring></soapenv:Fault>{CLOSE}"
        );
        verdict(&reply(500, TEXT_XML, body.as_bytes()))
    };
    assert_eq!(
        fault("soapenv:Client"),
        StepVerdict::Refused {
            code: "Client".into(),
            reason: "坏了".into()
        }
    );
    assert_eq!(
        fault("soapenv:Server.userException"),
        StepVerdict::Unavailable {
            reason: "Server.userException: 坏了".into(),
            retry_after_s: None
        }
    );
    assert!(matches!(
        verdict(&reply(500, "text/html", b"<html>")),
        StepVerdict::Unavailable { .. }
    ));
    for broken in ["", "<html/>", "<a", OPEN] {
        let error = definition(ID)
            .read_reply(
                Operation::Submit,
                0,
                &context(),
                &reply(200, TEXT_XML, broken.as_bytes()),
            )
            .unwrap_err();
        assert!(
            ["malformed_xml", "malformed_envelope"].contains(&error.code()),
            "{broken}: {error}"
        );
    }
    let other_version = returned("0", "ok");
    let text = String::from_utf8(other_version.body).unwrap().replace(
        "http://schemas.xmlsoap.org/soap/envelope/",
        "http://www.w3.org/2003/05/soap-envelope",
    );
    assert!(
        definition(ID)
            .read_reply(
                Operation::Submit,
                0,
                &context(),
                &reply(200, TEXT_XML, text.as_bytes())
            )
            .is_err()
    );
}

#[test]
fn the_look_up_compares_number_and_applicant() {
    let ask = |document: &str| {
        let body = format!(
            "{OPEN}<svc:excuteResponse><excuteReturn>{}</excuteReturn></svc:excuteResponse>{CLOSE}",
            xml::escape_text(document)
        );
        definition(ID).read_query(&context(), &reply(200, TEXT_XML, body.as_bytes()))
    };
    let stored = |number: &str, name: &str| {
        format!(
            "<?xml version='1.0' encoding='utf-8'?><ExInfo><standardInfo process=\"EX_GDBS_SB\"><Field FieldName=\"SBLSH\">{number}</Field><Field FieldName=\"SQRMC\">{name}</Field></standardInfo></ExInfo>"
        )
    };
    assert_eq!(
        ask(&stored(CASE_NO, "张三")),
        QueryVerdict::Ours { partner_no: None }
    );
    assert_eq!(ask(&stored(CASE_NO, "李四")), QueryVerdict::Foreign);
    assert_eq!(ask("<ExInfo/>"), QueryVerdict::Unknown);
    assert_eq!(ask("<ExInfo></ExInfo>"), QueryVerdict::Unknown);
    for unusable in ["", "<other/>", "<ExInfo>", "<!DOCTYPE a><ExInfo/>"] {
        assert!(
            matches!(ask(unusable), QueryVerdict::Unavailable { .. }),
            "{unusable}"
        );
    }
}

fn document(process: &str, fields: &Value) -> String {
    let mut all = json!({"SBLSH": CASE_NO, "SXBM": "x", "SJBBH": "1", "BZ": "-"});
    all.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let fields: String = all
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| {
            format!(
                "<Field FieldName=\"{name}\">{}</Field>",
                xml::escape_text(value.as_str().unwrap())
            )
        })
        .collect();
    format!(
        "<?xml version='1.0' encoding='utf-8'?>\n<ExInfo><standardInfo process=\"{process}\">{fields}</standardInfo></ExInfo>"
    )
}

fn envelope(table: &str, document: &str, identify: &str) -> CallbackCall {
    let body = format!(
        "{OPEN}<svc:setDataXmlToFocus><deptCode>x</deptCode><xml>{}</xml><tableName>{table}</tableName><identify>{identify}</identify></svc:setDataXmlToFocus>{CLOSE}",
        xml::escape_text(document)
    );
    CallbackCall {
        method: "POST".into(),
        query: String::new(),
        headers: vec![("content-type".into(), TEXT_XML.into())],
        body: body.into_bytes(),
    }
}

fn call(table: &str, fields: &Value) -> CallbackCall {
    envelope(table, &document(table, fields), "soap-sample-identify")
}

fn check(table: &str, fields: Value, event_type: &str, data: Value, serial: &str) {
    let found = event(&definition(ID), &call(table, &fields));
    assert_eq!(
        (&found["type"], &found["data"]),
        (&json!(event_type), &data)
    );
    assert_eq!(
        (&found["case_no"], &found["serial"], &found["occurred_at"]),
        (
            &json!(CASE_NO),
            &json!(serial),
            &json!("2017-06-06T02:05:09Z")
        )
    );
}

const AT: &str = "2017-6-6 10:05:09";

#[test]
fn pre_acceptance_and_acceptance_with_the_local_codes() {
    let pre =
        |state: &str| json!({"YSLZTDM": state, "YSLSJ": AT, "BSLYY": "不符", "BJBZSM": "补图"});
    check("EX_GDBS_WSYSL", pre("1"), "pre_accepted", json!({}), "");
    check(
        "EX_GDBS_WSYSL",
        pre("2"),
        "pre_refused",
        json!({"reason": "不符"}),
        "",
    );
    check(
        "EX_GDBS_WSYSL",
        pre("3"),
        "pre_correction_requested",
        json!({"reason": "补图", "materials": [], "override": false}),
        "",
    );
    let accept =
        |state: &str| json!({"SLZTDM": state, "SLSJ": AT, "BSLYY": "不属职权", "SLHZH": "受1"});
    check(
        "EX_GDBS_SL",
        accept("1"),
        "accepted",
        json!({"document_no": "受1"}),
        "",
    );
    for refused in ["2", "3", "11"] {
        check(
            "EX_GDBS_SL",
            accept(refused),
            "refused",
            json!({"reason": "不属职权"}),
            "",
        );
    }
}

#[test]
fn steps_carry_another_process_name_inside_and_no_number() {
    let fields =
        json!({"SPHJDM": "3", "SPHJMC": "批准", "SPBMMC": "局", "SPHJZTDM": "1", "SPSJ": AT});
    let found = event(
        &definition(ID),
        &envelope(
            "EX_GDBS_SPCL",
            &document("EX_GDBS_SP", &fields),
            "soap-sample-identify",
        ),
    );
    assert_eq!(
        found["data"],
        json!({"step": "approval", "name": "批准", "outcome": "passed", "opinion": ""})
    );
    assert_eq!(found["serial"].as_str().unwrap().len(), 16);
}

#[test]
fn completion_special_procedure_correction_and_collection() {
    let closed = json!({"BJJGDM": "6", "BJSJ": AT, "BJJGMS": "办结"});
    check(
        "EX_GDBS_BJ",
        closed,
        "closed",
        json!({"result": "completed", "reason": "", "text": "办结", "document_ids": []}),
        "",
    );
    let special =
        json!({"XH": "2", "TBCXZL": "B", "TBCXKSRQ": AT, "TBCXQDLY": "听证", "TBCXSX": "0"});
    check(
        "EX_GDBS_TBCXSQ",
        special,
        "special_started",
        json!({"kind": "other", "limit": 0, "reason": "听证", "approver": ""}),
        "2",
    );
    check(
        "EX_GDBS_TBCXJG",
        json!({"XH": "2", "TBCXJG": "通过", "JGCSRQ": AT}),
        "special_ended",
        json!({"passed": true, "note": "通过"}),
        "2",
    );
    let notice = json!({"XH": "1", "BJGZYY": "缺图", "BZCLQD": "图", "BZGZSJ": AT, "BZSX": "3"});
    check(
        "EX_GDBS_BJGZ",
        notice,
        "correction_requested",
        json!({"reason": "缺图", "materials": ["图"], "limit": 3, "override": false}),
        "1",
    );
    check(
        "EX_GDBS_BJSL",
        json!({"XH": "1", "BZSJ": AT}),
        "corrected",
        json!({"text": "", "materials": [], "material_ids": [], "form": null}),
        "1",
    );
    check(
        "EX_GDBS_LQDJ",
        json!({"LQRXM": "张三", "LQFS": "8", "LQSJ": AT}),
        "collected",
        json!({"by": "张三", "way": "mail"}),
        "",
    );
}

#[test]
fn a_return_object_answers_what_was_understood() {
    let definition = definition(ID);
    let call = call("EX_GDBS_SL", &json!({"SLZTDM": "1", "SLSJ": AT}));
    let answer = definition.write_callback_answer(&call, &CallbackAnswer::Taken);
    assert_eq!(
        (answer.status, header(&answer.headers, "content-type")),
        (200, Some(TEXT_XML))
    );
    let expected = format!(
        "{OPEN}<svc:setDataXmlToFocusResponse><setDataXmlToFocusReturn><code>0</code><desc>ok</desc><reasonList/></setDataXmlToFocusReturn></svc:setDataXmlToFocusResponse>{CLOSE}"
    );
    assert_eq!(String::from_utf8(answer.body).unwrap(), expected);
    let refused = CallbackAnswer::Refused {
        code: "unknown_case".into(),
        reason: "没有<这个>".into(),
    };
    let text = String::from_utf8(definition.write_callback_answer(&call, &refused).body).unwrap();
    assert!(text.contains("<code>1</code><desc>unknown_case</desc><reasonList><reason>没有&lt;这个&gt;</reason></reasonList>"));
}

#[test]
fn a_wrong_identifier_is_answered_by_code_4() {
    let definition = definition(ID);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let good = call("EX_GDBS_SL", &json!({}));
    assert!(definition.authenticate(&good, now).is_ok());
    let wrong = envelope("EX_GDBS_SL", "<ExInfo/>", "guess");
    let error = definition.authenticate(&wrong, now).unwrap_err();
    assert_eq!(error.code(), "unauthenticated");
    let answer = definition.write_callback_answer(&wrong, &error);
    assert_eq!(answer.status, 200);
    assert!(
        String::from_utf8(answer.body)
            .unwrap()
            .contains("<code>4</code>")
    );
}

#[test]
fn what_is_no_message_of_the_operation_is_answered_by_a_fault_of_its_version() {
    let definition = definition(ID);
    let good = call("EX_GDBS_SL", &json!({}));
    let bodies = [
        String::new(),
        "<html/>".to_owned(),
        "{}".to_owned(),
        OPEN.to_owned(),
        format!("{OPEN}{CLOSE}"),
        format!("{OPEN}<svc:other/>{CLOSE}"),
        format!("{OPEN}<setDataXmlToFocus/>{CLOSE}"),
        format!("{OPEN}{}{CLOSE}", "<a>".repeat(10_000)),
        format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{OPEN}<svc:setDataXmlToFocus/>{CLOSE}"),
        OPEN.replace(
            "<soapenv:Body>",
            "<soapenv:Header><x soapenv:mustUnderstand=\"1\"/></soapenv:Header><soapenv:Body>",
        ) + "<svc:setDataXmlToFocus/>"
            + CLOSE,
    ];
    for body in bodies {
        let call = CallbackCall {
            body: body.clone().into_bytes(),
            ..good.clone()
        };
        let error = read(&definition, &call, false).unwrap_err();
        let answer = definition.write_callback_answer(&call, &error);
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 500, "{body:.80}");
        assert!(
            text.contains("<soapenv:Fault>")
                && (text.contains(":Client<") || text.contains(":MustUnderstand<")),
            "{text}"
        );
        let unauthenticated = definition
            .authenticate(&call, jiff::Timestamp::UNIX_EPOCH)
            .unwrap_err();
        assert!(
            definition
                .write_callback_answer(&call, &unauthenticated)
                .status
                == 500
        );
    }
    let twelve = CallbackCall {
        headers: vec![("content-type".into(), "application/soap+xml".into())],
        body: b"<x/>".to_vec(),
        ..good
    };
    // SOAP 1.2 by its content type alone, and not offered: the fault is in the version that is.
    let error = read(&definition, &twelve, false).unwrap_err();
    let answer = definition.write_callback_answer(&twelve, &error);
    assert_eq!(answer.status, 500);
    assert!(
        String::from_utf8(answer.body)
            .unwrap()
            .contains("soapenv:Client")
    );
}

#[test]
fn a_broken_document_inside_an_intact_envelope_is_refused_by_the_return() {
    let definition = definition(ID);
    for document in [
        "",
        "<ExInfo>",
        "<other/>",
        "<ExInfo/>",
        "<!DOCTYPE a><ExInfo/>",
        "<ExInfo><standardInfo><Field>1</Field></standardInfo></ExInfo>",
        "<ExInfo><standardInfo><Field FieldName='SBLSH'>1</Field><Field FieldName='SBLSH'>2</Field></standardInfo></ExInfo>",
    ] {
        let call = envelope("EX_GDBS_SL", document, "soap-sample-identify");
        let error = read(&definition, &call, false).unwrap_err();
        let answer = definition.write_callback_answer(&call, &error);
        assert_eq!(answer.status, 200, "{document}: {error}");
        assert!(
            String::from_utf8(answer.body)
                .unwrap()
                .contains("<code>1</code>"),
            "{document}"
        );
    }
}

#[test]
fn unknown_tables_and_codes_are_errors() {
    let definition = definition(ID);
    let code = |call: &CallbackCall| read(&definition, call, false).unwrap_err().code();
    assert_eq!(code(&call("EX_GDBS_XX", &json!({}))), "unknown_kind");
    assert_eq!(
        code(&call("EX_GDBS_SL", &json!({"SLZTDM": "4", "SLSJ": AT}))),
        "unknown_code"
    );
    assert_eq!(
        code(&call("EX_GDBS_BJ", &json!({"BJJGDM": "7", "BJSJ": AT}))),
        "unknown_code"
    );
    assert_eq!(
        code(&call("EX_GDBS_SL", &json!({"SLZTDM": "1"}))),
        "missing_field"
    );
}

#[test]
fn the_wsdl_describes_the_callback() {
    let wsdl = definition(ID)
        .callback_wsdl("http://127.0.0.1:8090/exchange/v1/systems/zhuhai-platform/callback")
        .unwrap();
    let root = xml::parse(wsdl.as_bytes(), None, &xml::Limits::default()).unwrap();
    assert_eq!(
        (root.name.as_str(), root.namespace.as_str()),
        ("definitions", "http://schemas.xmlsoap.org/wsdl/")
    );
    for part in [
        "name=\"deptCode\"",
        "name=\"xml\"",
        "name=\"tableName\"",
        "name=\"identify\"",
        "style=\"rpc\"",
        "name=\"setDataXmlToFocusReturn\"",
        "name=\"reason\" type=\"xsd:string\" minOccurs=\"0\" maxOccurs=\"unbounded\"",
    ] {
        assert!(wsdl.contains(part), "{part}");
    }
    assert!(
        definition("gd-explosives")
            .callback_wsdl("http://x")
            .is_none()
    );
}

#[test]
fn a_message_in_gbk_is_read_by_its_declaration() {
    let definition = definition(ID);
    let utf8 = String::from_utf8(
        call(
            "EX_GDBS_SL",
            &json!({"SLZTDM": "2", "SLSJ": AT, "BSLYY": "不属职权"}),
        )
        .body,
    )
    .unwrap();
    let body = Charset::Gbk.encode(&utf8.replace("encoding=\"UTF-8\"", "encoding=\"GBK\""));
    let call = CallbackCall {
        method: "POST".into(),
        query: String::new(),
        headers: vec![("content-type".into(), "text/xml; charset=GBK".into())],
        body,
    };
    assert_eq!(
        event(&definition, &call)["data"],
        json!({"reason": "不属职权"})
    );
}
