//! The platform's course, refusals, faults and WSDL (`docs/dialects.md`, section 2).

use super::super::xml::{Element, escape, parse};
use super::super::{Scenario, SimulatorKind};
use super::{Partner, partner};
use serde_json::{Value, json};

const NO: &str = "10075000169811328411401050001";
const PATH: &str = "/services/FocusService";

fn ex_info(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| {
        format!("<Field FieldName=\"{name}\">{}</Field>", escape(value))
    };
    let fields: String = fields.iter().map(field).collect();
    format!(
        "<?xml version='1.0' encoding='utf-8'?><ExInfo><standardInfo process=\"EX_GDBS_SB\">{fields}</standardInfo>\
         <ExFile><File FileId=\"m1\" FileName=\"a.pdf\"/></ExFile></ExInfo>"
    )
}

fn application() -> String {
    ex_info(&[
        ("SBLSH", NO),
        ("SXBM", "10075000169811328411440400"),
        ("SXMC", "食盐批发许可"),
        ("SQRLX", "2"),
        ("SQRMC", "<珠海>&公司"),
        ("SQRZJLX", "3"),
        ("SQRZJHM", "91440300708461136T"),
        ("SBSJ", "2017-6-5 9:30:00"),
        ("XZQHDM", "440400"),
    ])
}

fn envelope(operation: &str, parameters: &[(&str, &str)]) -> String {
    let parameters: String = parameters
        .iter()
        .map(|(n, v)| format!("<{n}>{}</{n}>", escape(v)))
        .collect();
    format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><f:{operation} \
         xmlns:f=\"http://focus.platform.example/\">{parameters}</f:{operation}></e:Body></e:Envelope>"
    )
}

fn data(xml: &str, table: &str, identify: &str) -> String {
    envelope(
        "setDataXmlToFocus",
        &[
            ("deptCode", "006994552"),
            ("xml", xml),
            ("tableName", table),
            ("identify", identify),
        ],
    )
}

async fn call(partner: &Partner, body: &str) -> (u16, Element) {
    let (status, body) = partner
        .post(PATH, "text/xml; charset=utf-8", body.as_bytes())
        .await
        .unwrap();
    let envelope = parse(std::str::from_utf8(&body).unwrap()).unwrap();
    (status, envelope.child("Body").unwrap().children[0].clone())
}

/// Submits and returns code and description.
async fn set_data(partner: &Partner, xml: &str, table: &str, identify: &str) -> (String, String) {
    let (status, response) = call(partner, &data(xml, table, identify)).await;
    assert_eq!(status, 200);
    let result = response.child("setDataXmlToFocusReturn").unwrap();
    (
        result.value("code").to_owned(),
        result.value("desc").to_owned(),
    )
}

/// Table name, process attribute, fields.
type Reported = (String, String, Vec<(String, String)>);

fn reports(partner: &Partner) -> Vec<Reported> {
    let calls = partner
        .gateway
        .seen()
        .into_iter()
        .filter(|call| call.line.ends_with("/callback"));
    calls
        .map(|call| {
            assert_eq!(call.headers["soapaction"], "\"setDataXmlToFocus\"");
            let envelope = parse(std::str::from_utf8(&call.body).unwrap()).unwrap();
            let operation = &envelope.child("Body").unwrap().children[0];
            assert_eq!(operation.value("identify"), "soap-sample-identify");
            let inner = parse(operation.value("xml")).unwrap();
            let info = inner.child("standardInfo").unwrap();
            let field = |f: &Element| (f.attribute("FieldName").to_owned(), f.text.clone());
            let fields = info.children.iter().map(field).collect();
            (
                operation.value("tableName").to_owned(),
                info.attribute("process").to_owned(),
                fields,
            )
        })
        .collect()
}

#[tokio::test]
async fn the_default_course_sends_the_completion_before_the_acceptance() {
    let partner = partner(SimulatorKind::Soap, |_| {}).await;
    assert_eq!(
        set_data(
            &partner,
            &application(),
            "EX_GDBS_SB",
            "soap-sample-identify"
        )
        .await
        .0,
        "0"
    );
    let all_sent = |case: &Value| {
        case["course"] == json!([])
            && case["sent"].as_array().unwrap().len() == 3
            && !super::waiting(case)
    };
    let case = partner.until(NO, "through", all_sent).await;
    assert_eq!(case["application"]["materials"][0]["bytes"], json!(36));
    let sent = reports(&partner);
    let tables: Vec<&str> = sent.iter().map(|r| r.0.as_str()).collect();
    assert_eq!(tables, ["EX_GDBS_WSYSL", "EX_GDBS_BJ", "EX_GDBS_SL"]);
    assert!(sent[1].2.contains(&("BJJGDM".to_owned(), "6".to_owned())));

    let step = json!({"number": NO, "message": "step"});
    assert_eq!(partner.control("event", step).await["taken"], true);
    let (table, process, fields) = reports(&partner).pop().unwrap();
    assert_eq!(
        (table.as_str(), process.as_str()),
        ("EX_GDBS_SPCL", "EX_GDBS_SP")
    );
    assert!(
        fields.iter().all(|(name, _)| name != "SPBZH"),
        "steps of this platform carry no SPBZH"
    );
}

#[tokio::test]
async fn a_repeat_a_wrong_identifier_and_a_broken_document_get_their_codes() {
    let partner = partner(SimulatorKind::Soap, |o| o.scenario = Scenario::Silent).await;
    let good = "soap-sample-identify";
    assert_eq!(
        set_data(&partner, &application(), "EX_GDBS_SB", "wrong")
            .await
            .0,
        "4"
    );
    assert_eq!(
        set_data(&partner, "<ExInfo>", "EX_GDBS_SB", good).await.0,
        "1"
    );
    assert_eq!(
        set_data(&partner, &application(), "EX_GDBS_SB", good)
            .await
            .0,
        "0"
    );
    let (code, text) = set_data(&partner, &application(), "EX_GDBS_SB", good).await;
    assert_eq!(
        (code.as_str(), text.as_str()),
        ("1", "编码：1,原因：SBLSH重复")
    );
    assert_eq!(partner.case(NO).await["effects"], 1);

    let ask = |no| ex_info(&[("QRY_CODE", "EX_GDBS_SB"), ("SBLSH", no)]);
    let (_, found) = call(&partner, &envelope("excute", &[("xml", &ask(NO))])).await;
    let stored = parse(found.value("excuteReturn")).unwrap();
    let fields = &stored.child("standardInfo").unwrap().children;
    assert!(
        fields
            .iter()
            .any(|f| f.attribute("FieldName") == "SQRMC" && f.text == "<珠海>&公司")
    );
    let (_, none) = call(&partner, &envelope("excute", &[("xml", &ask("1"))])).await;
    assert_eq!(none.value("excuteReturn"), "<ExInfo/>");
}

#[tokio::test]
async fn what_is_no_call_gets_a_soap_fault() {
    let partner = partner(SimulatorKind::Soap, |_| {}).await;
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>";
    let soap12 =
        "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body/></e:Envelope>";
    for body in [
        "not xml",
        &deep,
        bomb,
        soap12,
        &envelope("noSuchOperation", &[]),
    ] {
        let (status, fault) = call(&partner, body).await;
        assert_eq!(
            (status, fault.name.as_str()),
            (500, "Fault"),
            "{}",
            &body[..body.len().min(60)]
        );
        assert!(fault.value("faultcode").starts_with("soapenv:"));
    }
}

#[tokio::test]
async fn the_wsdl_is_well_formed_and_names_the_address_and_both_operations() {
    let partner = partner(SimulatorKind::Soap, |_| {}).await;
    let (status, wsdl) = partner.get(&format!("{PATH}?wsdl")).await;
    let wsdl = parse(std::str::from_utf8(&wsdl).unwrap()).unwrap();
    assert_eq!(
        (status, wsdl.attribute("targetNamespace")),
        (200, "http://focus.platform.example/")
    );
    let operations = wsdl
        .child("portType")
        .unwrap()
        .children
        .iter()
        .map(|o| o.attribute("name"));
    assert_eq!(
        operations.collect::<Vec<_>>(),
        ["setDataXmlToFocus", "excute"]
    );
    let port = wsdl.child("service").and_then(|s| s.child("port")).unwrap();
    let address = format!("http://{}{PATH}", partner.address);
    assert_eq!(
        port.child("address").unwrap().attribute("location"),
        address
    );
}
