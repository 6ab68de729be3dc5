//! How SOAP is spoken, both ways: versions, styles, character sets, and what faults mean.

use super::support::*;
use tongban_adapters::definition::CompiledDefinition;
use tongban_adapters::exchange::*;
use tongban_adapters::text::Charset;
use tongban_adapters::xml;

const SERVICE: &str = r#"
schema: tongban/system/1
id: spoken
name: 样例
kind: city
protocol: soap
endpoint: http://127.0.0.1:2
HEAD
soap: { version: "1.1", style: rpc, namespace: "urn:spoken" }
operations:
  submit:
    call: hand
    request: { name: "= applicant.name", document: { $xml: { A: { name: "= applicant.name" } } } }
    reply:
      accepted: "= reply.ret == '0'"
      FAULT
feedback:
  callback:
    operation: tell
    parameters: ["no", key]
    CALLBACK
    read: soap
    auth: { scheme: shared_identifier, parameter: key, value: secret }
    kind: "= 'x'"
    answers:
      taken: { returns: { ret: { code: "0", words: "收到" } } }
      refused: { returns: { ret: { code: "1", words: "= answer.code" } } }
  case: { case_no: "= field.no" }
  messages: { x: { pull: true } }
"#;

/// The sample with a line of the head, of the reply and of the callback.
fn text_with(head: &str, fault: &str, callback: &str) -> String {
    SERVICE
        .replace("HEAD", head)
        .replace("FAULT", fault)
        .replace("CALLBACK", callback)
        .replace(
            "      refused: { returns: {",
            "      application: { returns: { ret: \"= case.no\" } }\n      refused: { returns: {",
        )
}

fn compiled(head: &str, fault: &str, callback: &str) -> CompiledDefinition {
    CompiledDefinition::compile("d.yaml", &text_with(head, fault, callback), &|_| None)
        .unwrap_or_else(|faults| panic!("{faults:?}"))
}

const SPACES: [(&str, &str, &str); 2] = [
    (
        "1.1",
        "http://schemas.xmlsoap.org/soap/envelope/",
        "text/xml",
    ),
    (
        "1.2",
        "http://www.w3.org/2003/05/soap-envelope",
        "application/soap+xml",
    ),
];

fn call(version: &str, charset: Charset, header: &str) -> CallbackCall {
    let (_, space, content_type) = SPACES.into_iter().find(|(v, _, _)| *v == version).unwrap();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"{}\"?><e:Envelope xmlns:e=\"{space}\">{header}<e:Body>\
         <s:tell xmlns:s=\"urn:spoken\"><no>编号</no><key>secret</key></s:tell></e:Body></e:Envelope>",
        charset.name()
    );
    CallbackCall {
        method: "POST".into(),
        query: String::new(),
        headers: vec![(
            "content-type".into(),
            format!("{content_type}; charset={}", charset.name()),
        )],
        body: charset.encode(&text),
    }
}

fn answer(definition: &CompiledDefinition, call: &CallbackCall) -> (u16, String, String) {
    let reply = match definition.case_references(call) {
        Ok(_) => definition.write_callback_answer(call, &CallbackAnswer::Taken),
        Err(error) => definition.write_callback_answer(call, &error),
    };
    let content_type = header(&reply.headers, "content-type").unwrap().to_owned();
    let charset = Charset::of_content_type(&content_type).unwrap();
    let (text, _) = xml::decoded(&reply.body, charset, &xml::Limits::default()).unwrap();
    (reply.status, content_type, text)
}

#[test]
fn a_caller_is_answered_in_its_version_and_its_character_set() {
    let definition = compiled("charset: GBK", "", "soap: { version: both }");
    for (version, space, content_type) in SPACES {
        for charset in [Charset::Utf8, Charset::Gbk] {
            let (status, found, text) = answer(&definition, &call(version, charset, ""));
            assert_eq!(status, 200, "{text}");
            let name = match charset {
                Charset::Utf8 => "utf-8",
                Charset::Gbk => "GBK",
            };
            assert_eq!(found, format!("{content_type}; charset={name}"));
            assert!(
                text.contains(space) && text.contains("<words>收到</words>"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_version_that_is_not_offered_is_a_version_mismatch_in_soap_11() {
    for (offered, other) in [("1.1", "1.2"), ("1.2", "1.1")] {
        let soap = format!("soap: {{ version: \"{offered}\" }}");
        let definition = compiled("", "", &soap);
        assert_eq!(
            answer(&definition, &call(offered, Charset::Utf8, "")).0,
            200
        );
        let (status, content_type, text) = answer(&definition, &call(other, Charset::Utf8, ""));
        assert_eq!(
            (status, content_type.as_str()),
            (500, "text/xml; charset=utf-8")
        );
        assert!(
            text.contains("soapenv:VersionMismatch") && text.contains("SupportedEnvelope"),
            "{text}"
        );
    }
}

#[test]
fn a_header_block_that_is_not_understood_is_status_500_in_both_versions() {
    let definition = compiled("", "", "soap: { version: both }");
    for version in ["1.1", "1.2"] {
        let block = "<e:Header><x e:mustUnderstand=\"1\"/></e:Header>";
        let (status, _, text) = answer(&definition, &call(version, Charset::Utf8, block));
        assert_eq!(status, 500);
        assert!(text.contains("soapenv:MustUnderstand"), "{text}");
    }
}

#[test]
fn the_wsdl_is_that_of_the_callback_and_not_of_our_own_calls() {
    let soap = "soap: { version: both, style: document, form: unqualified, namespace: \"urn:theirs\", action: \"urn:theirs#tell\" }";
    let wsdl = compiled("", "", soap).callback_wsdl("http://x").unwrap();
    for part in [
        "targetNamespace=\"urn:theirs\"",
        "elementFormDefault=\"unqualified\"",
        "style=\"document\"",
        "soapAction=\"urn:theirs#tell\"",
        "name=\"CallbackPort12\"",
    ] {
        assert!(wsdl.contains(part), "{part} in {wsdl}");
    }
    let silent = compiled("", "", "").callback_wsdl("http://x").unwrap();
    assert!(silent.contains("style=\"rpc\"") && !silent.contains("CallbackPort12"));
}

#[test]
fn a_call_in_gbk_is_gbk_in_every_layer() {
    let request = compiled("charset: GBK", "", "")
        .request(Operation::Submit, 0, &context())
        .unwrap();
    assert_eq!(
        header(&request.headers, "content-type"),
        Some("text/xml; charset=GBK")
    );
    let (text, charset) = xml::decoded(&request.body, None, &xml::Limits::default()).unwrap();
    assert_eq!(charset, Charset::Gbk);
    assert!(
        text.starts_with("<?xml version=\"1.0\" encoding=\"GBK\"?>"),
        "{text}"
    );
    assert!(text.contains("<name>张三</name>"), "{text}");
    assert!(
        text.contains("&lt;?xml version=\"1.0\" encoding=\"GBK\"?&gt;"),
        "{text}"
    );
}

fn fault(code: &str, detail: &str) -> WireReply {
    let text = format!(
        "<e:Envelope xmlns:e=\"{}\"><e:Body><e:Fault><faultcode>e:{code}</faultcode><faultstring>坏了</faultstring>{detail}</e:Fault></e:Body></e:Envelope>",
        SPACES[0].1
    );
    reply(500, "text/xml; charset=utf-8", text.as_bytes())
}

fn verdict(rules: &str, reply: &WireReply) -> StepVerdict {
    compiled("", rules, "")
        .read_reply(Operation::Submit, 0, &context(), reply)
        .unwrap()
}

const DETAIL: &str =
    "<detail><B xmlns=\"urn:b\"><code>E2</code><text>不由本部门办理</text></B></detail>";

#[test]
fn a_fault_is_judged_by_the_rules_over_it_and_else_by_its_code() {
    let rules = "fault: { refused: \"= fault.detail.B.code == 'E2'\", unavailable: \"= fault.code == 'Client.Busy'\", code: \"= fault.detail.B.code\", reason: \"= fault.detail.B.text\" }";
    assert_eq!(
        verdict(rules, &fault("Server", DETAIL)),
        StepVerdict::Refused {
            code: "E2".into(),
            reason: "不由本部门办理".into()
        }
    );
    // Faults of the framework, without the detail that the rules speak of.
    let again = |reason: &str| StepVerdict::Unavailable {
        reason: reason.into(),
        retry_after_s: None,
    };
    assert_eq!(verdict(rules, &fault("Server", "")), again("Server: 坏了"));
    assert_eq!(
        verdict(rules, &fault("Client.Busy", "")),
        again("Client.Busy: 坏了")
    );
    assert_eq!(
        verdict(rules, &fault("Client", "<detail>x</detail>")),
        StepVerdict::Refused {
            code: "Client".into(),
            reason: "坏了".into()
        }
    );
    assert_eq!(verdict("", &fault("Server", DETAIL)), again("Server: 坏了"));
}

#[test]
fn a_fault_may_say_that_an_earlier_try_arrived() {
    let text = text_with(
        "",
        "fault: { already_there: \"= fault.reason == '坏了'\" }",
        "",
    );
    let faults = CompiledDefinition::compile("d.yaml", &text, &|_| None).unwrap_err();
    assert!(
        faults
            .iter()
            .any(|fault| fault.to_string().contains("query")),
        "{faults:?}"
    );
    let query = "  query:\n    call: look\n    request: { no: \"= case.no\" }\n    reply: { unknown: \"= reply.ret == ''\", found: \"= true\", ours: \"= reply.ret == case.no\" }\nfeedback:";
    let text = text.replace("feedback:", query);
    let definition = CompiledDefinition::compile("d.yaml", &text, &|_| None).unwrap();
    let found = definition.read_reply(Operation::Submit, 0, &context(), &fault("Server", ""));
    assert_eq!(found, Ok(StepVerdict::AlreadyThere));
}

#[test]
fn a_fault_in_another_version_than_agreed_is_still_a_fault() {
    let text = format!(
        "<e:Envelope xmlns:e=\"{}\"><e:Body><e:Fault><e:Code><e:Value>e:VersionMismatch</e:Value></e:Code>\
         <e:Reason><e:Text xml:lang=\"en\">no 1.1 here</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>",
        SPACES[1].1
    );
    let refused = StepVerdict::Refused {
        code: "VersionMismatch".into(),
        reason: "no 1.1 here".into(),
    };
    assert_eq!(
        verdict("", &reply(500, "application/soap+xml", text.as_bytes())),
        refused
    );
}

#[test]
fn an_encoded_answer_is_read_like_a_literal_one() {
    let text = format!(
        "<e:Envelope xmlns:e=\"{}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><e:Body>\
         <s:handResponse xmlns:s=\"urn:spoken\" e:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><ret href=\"#a\"/></s:handResponse>\
         <multiRef id=\"a\" xsi:type=\"xsd:string\">0</multiRef></e:Body></e:Envelope>",
        SPACES[0].1
    );
    let found = verdict("", &reply(200, "text/xml", text.as_bytes()));
    assert!(matches!(found, StepVerdict::Accepted { .. }), "{found:?}");
}

#[test]
fn words_and_keys_that_are_not_known_are_faults() {
    for (head, fault, callback) in [
        ("", "", "soap: { version: \"1.3\" }"),
        ("", "", "soap: { path: /x }"),
        ("", "", "soap: { form: loose }"),
        ("", "fault: { accepted: \"= true\" }", ""),
        ("", "fault: { refused: \"= reply.ret == '1'\" }", ""),
    ] {
        let text = text_with(head, fault, callback);
        assert!(
            CompiledDefinition::compile("d.yaml", &text, &|_| None).is_err(),
            "{fault}{callback}"
        );
    }
    let rest = text("gd-explosives");
    for (from, to) in [
        (
            "    kind: \"= call.sptype\"",
            "    soap: { version: both }\n    kind: \"= call.sptype\"",
        ),
        (
            "          read: text",
            "          read: text\n          fault: { refused: \"= true\" }",
        ),
    ] {
        let changed = rest.replacen(from, to, 1);
        assert_ne!(changed, rest);
        let faults = CompiledDefinition::compile("d.yaml", &changed, &|_| None).unwrap_err();
        assert!(
            faults.iter().any(|f| f.to_string().contains("soap")),
            "{faults:?}"
        );
    }
}

#[test]
fn the_schema_for_editors_takes_what_the_compiler_takes() {
    let soap = "soap: { version: both, style: document, form: qualified, namespace: \"urn:x\", action: \"\" }";
    let fault = "fault: { refused: \"= fault.code == 'Server'\", reason: \"= fault.reason\" }";
    let text = text_with("", fault, soap);
    assert!(CompiledDefinition::compile("d.yaml", &text, &|_| None).is_ok());
    assert_eq!(super::schema::faults(&text), Vec::<String>::new());
    let wrong = text_with("", "", "soap: { version: \"1.3\" }");
    assert!(!super::schema::faults(&wrong).is_empty());
}
