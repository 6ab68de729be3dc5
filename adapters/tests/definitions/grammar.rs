//! What the grammar can say beyond the three partners: JSON both ways, TIF, paths with values, SOAP 1.2 in document style.

use super::support::*;
use serde_json::{Value, json};
use tongban_adapters::definition::CompiledDefinition;
use tongban_adapters::exchange::*;

const JSON: &str = r#"schema: tongban/system/1
id: json-partner
name: JSON 系统
kind: department
protocol: rest
endpoint: http://127.0.0.1:1/base
auth: { scheme: tif, paasid: hall, token: secret }
operations:
  submit:
    call: "PUT /cases/{no}/{region}"
    path: { no: "= case.no", region: "= form.where" }
    query: { v: 2, none: "= none" }
    headers: { X-Name: "= form.header | default('plain')" }
    send: json
    request:
      number: 7
      yes: true
      nothing: null
      absent: { $when: "= false", $then: 1 }
      present: { $when: "= true", $then: { a: "= case.no" } }
      list: [1, "= case.channel"]
    reply:
      read: json
      accepted: "= http.status == 201"
      refused: "= reply.error is defined"
      code: "= reply.error"
      reason: "= reply.words | default('')"
      partner_no: "= reply.id | default(none)"
codes: {}
feedback:
  callback:
    read: { as: json, at: message }
    auth: { scheme: tif, paasid: hall, token: secret }
    kind: "= call.kind"
    answers:
      taken: { status: 202, json: { ok: true } }
      refused: { status: 422, json: { ok: false, code: "= answer.code" } }
  case: { case_no: "= field.no" }
  messages:
    both: # an immediate case: accepted and finished in one message
      event: "= ['accepted', 'closed']"
      at: "= field.at | partner_time"
      events:
        accepted: { note: "= field.note | default(none)" }
        closed: { result: completed }
"#;

fn json_partner() -> CompiledDefinition {
    CompiledDefinition::compile("json.yaml", JSON, &|_| None).unwrap()
}

fn with_form(form: Value) -> ExchangeContext {
    let mut context = context();
    context.submission.form = form;
    context
}

fn call(body: &str) -> CallbackCall {
    let headers = vec![(
        "content-type".to_owned(),
        "application/json; charset=utf-8".to_owned(),
    )];
    CallbackCall {
        method: "POST".into(),
        query: String::new(),
        headers,
        body: body.as_bytes().to_vec(),
    }
}

#[test]
fn json_keeps_its_types_and_order_and_paths_are_encoded() {
    let request = json_partner()
        .request(Operation::Submit, 0, &with_form(json!({"where": "a/b 中"})))
        .unwrap();
    assert_eq!(request.method, "PUT");
    assert_eq!(
        request.url,
        format!("http://127.0.0.1:1/base/cases/{CASE_NO}/a%2Fb%20%E4%B8%AD?v=2")
    );
    let expected = format!(
        r#"{{"number":7,"yes":true,"nothing":null,"present":{{"a":"{CASE_NO}"}},"list":[1,"web"]}}"#
    );
    assert_eq!(body(&request), expected);
    let names: Vec<&str> = request
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let expected = [
        "content-type",
        "x-message-key",
        "x-tif-paasid",
        "x-tif-timestamp",
        "x-tif-nonce",
        "x-tif-signature",
        "x-name",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        header(&request.headers, "x-tif-timestamp"),
        Some("1496626260")
    );
}

#[test]
fn data_cannot_leave_its_place_in_path_or_header() {
    for place in ["..", ".", ""] {
        let error = json_partner()
            .request(Operation::Submit, 0, &with_form(json!({"where": place})))
            .err()
            .unwrap();
        assert_eq!(error.code(), "unfit_value", "{place:?}");
    }
    for header in ["a\r\nx-admin: 1", "中"] {
        let form = json!({"where": "x", "header": header});
        assert_eq!(
            json_partner()
                .request(Operation::Submit, 0, &with_form(form))
                .err()
                .unwrap()
                .code(),
            "unfit_value"
        );
    }
}

#[test]
fn an_application_may_refuse_through_the_status_and_is_heard() {
    let verdict = |status: u16, body: &str| {
        json_partner().read_reply(
            Operation::Submit,
            0,
            &context(),
            &reply(status, "application/json", body.as_bytes()),
        )
    };
    let taken = StepVerdict::Accepted {
        captured: json!({}),
        partner_no: Some("77".into()),
    };
    assert_eq!(verdict(201, r#"{"id":77}"#), Ok(taken));
    let refused = StepVerdict::Refused {
        code: "E1".into(),
        reason: "不行".into(),
    };
    assert_eq!(
        verdict(422, r#"{"error":"E1","words":"不行"}"#),
        Ok(refused)
    );
    assert!(matches!(
        verdict(400, "<html>"),
        Ok(StepVerdict::Unavailable { .. })
    ));
    assert_eq!(verdict(200, "{}").unwrap_err().code(), "no_rule");
    assert_eq!(verdict(200, "{").unwrap_err().code(), "malformed_json");
}

#[test]
fn one_message_may_mean_two_events_in_order() {
    let definition = json_partner();
    let call = call(r#"{"message":{"kind":"both","no":"N1","at":"20170605T093000"}}"#);
    let messages = read(&definition, &call, false).unwrap();
    let [CallbackMessage::Events(events)] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    let kinds: Vec<&str> = events.iter().map(|event| event.event.body.kind()).collect();
    assert_eq!(kinds, ["accepted", "closed"]);
    let answer = definition.write_callback_answer(&call, &CallbackAnswer::Taken);
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (202, br#"{"ok":true}"#.as_slice())
    );
}

#[test]
fn a_tif_caller_is_known_by_its_signature_and_gives_its_nonce() {
    let definition = json_partner();
    let request = definition
        .request(Operation::Submit, 0, &with_form(json!({"where": "x"})))
        .unwrap();
    let mut call = call("{}");
    call.headers.extend(
        request
            .headers
            .into_iter()
            .filter(|(name, _)| name.starts_with("x-tif")),
    );
    let now = context().now;
    assert_eq!(
        definition
            .authenticate(&call, now)
            .unwrap()
            .nonce
            .as_deref(),
        Some("00ff")
    );
    let late = jiff::Timestamp::from_second(now.as_second() + 181).unwrap();
    assert_eq!(
        definition.authenticate(&call, late).unwrap_err().code(),
        "stale_timestamp"
    );
}

const DOCUMENT: &str = r##"schema: tongban/system/1
id: document-partner
name: SOAP 1.2 系统
kind: city
protocol: soap
endpoint: http://127.0.0.1:2
soap:
  version: "1.2"
  style: document
  namespace: http://tempuri.org/
  path: /x.asmx
  header: { AuthorizationSoapHeader: { UserName: u, Password: "${SOAP_PASSWORD:-p}" } }
operations:
  submit:
    call: SendRequest
    action: http://tempuri.org/SendRequest
    request: { no: "= case.no", parts: { part: { $each: "= materials", $as: m, $item: { "@id": "= m.id", "#text": "= m.name" } } } }
    reply: { accepted: "= reply.SendRequestResult == '1'" }
"##;

#[test]
fn soap_1_2_in_document_style_qualifies_parameters_and_sends_headers() {
    let definition = CompiledDefinition::compile("d.yaml", DOCUMENT, &|_| None).unwrap();
    let request = definition
        .request(Operation::Submit, 0, &context())
        .unwrap();
    assert_eq!(request.url, "http://127.0.0.1:2/x.asmx");
    let content_type =
        "application/soap+xml; charset=utf-8; action=\"http://tempuri.org/SendRequest\"";
    assert_eq!(header(&request.headers, "content-type"), Some(content_type));
    assert_eq!(header(&request.headers, "soapaction"), None);
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:svc=\"http://tempuri.org/\">\
         <soapenv:Header><AuthorizationSoapHeader xmlns=\"http://tempuri.org/\"><UserName>u</UserName><Password>p</Password></AuthorizationSoapHeader></soapenv:Header>\
         <soapenv:Body><svc:SendRequest><no xmlns=\"http://tempuri.org/\">{CASE_NO}</no><parts xmlns=\"http://tempuri.org/\"><part id=\"m1\">申请表</part></parts>\
         </svc:SendRequest></soapenv:Body></soapenv:Envelope>"
    );
    assert_eq!(body(&request), expected);
    let answered = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><SendRequestResponse xmlns='http://tempuri.org/'><SendRequestResult>1</SendRequestResult></SendRequestResponse></e:Body></e:Envelope>";
    let reply = reply(200, "application/soap+xml", answered.as_bytes());
    let verdict = definition
        .read_reply(Operation::Submit, 0, &context(), &reply)
        .unwrap();
    assert!(matches!(verdict, StepVerdict::Accepted { .. }));
}

#[test]
fn a_fault_of_soap_1_2_is_read_by_its_code() {
    let definition = CompiledDefinition::compile("d.yaml", DOCUMENT, &|_| None).unwrap();
    let fault = |code: &str| {
        let text = format!(
            "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><e:Fault><e:Code><e:Value>e:{code}</e:Value></e:Code><e:Reason><e:Text xml:lang='en'>no</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>"
        );
        definition
            .read_reply(
                Operation::Submit,
                0,
                &context(),
                &reply(500, "application/soap+xml", text.as_bytes()),
            )
            .unwrap()
    };
    assert_eq!(
        fault("Sender"),
        StepVerdict::Refused {
            code: "Sender".into(),
            reason: "no".into()
        }
    );
    assert_eq!(
        fault("Receiver"),
        StepVerdict::Unavailable {
            reason: "Receiver: no".into(),
            retry_after_s: None
        }
    );
}
