#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
use super::*;
use crate::text::Charset;
use crate::xml::{Limits, parse, parse_text, to_value};
use serde_json::json;

const NS: &str = "http://focus.platform.example/";

fn message(text: &str) -> Result<Envelope, SoapError> {
    let limits = Limits::default();
    read(&parse_text(text, &limits).unwrap(), &limits)
}

fn taken_apart(bytes: &[u8]) -> Message {
    let limits = Limits::default();
    let root = parse(bytes, None, &limits).unwrap();
    read(&root, &limits).unwrap().message
}

fn service(version: SoapVersion, style: SoapStyle) -> Service<'static> {
    Service {
        version,
        style,
        form: ElementForm::usual(style),
        charset: Charset::Utf8,
        namespace: NS,
    }
}

#[test]
fn an_rpc_message_has_a_qualified_operation_and_unqualified_parameters() {
    let service = service(SoapVersion::V11, SoapStyle::Rpc);
    let bytes = write(
        service,
        "excute",
        &[Element::named("xml").with_text("<a/>")],
        &[],
    )
    .unwrap();
    assert_eq!(
        String::from_utf8(bytes.clone()).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:svc=\"http://focus.platform.example/\"><soapenv:Body><svc:excute><xml>&lt;a/&gt;</xml></svc:excute></soapenv:Body></soapenv:Envelope>"
    );
    let Message::Body(body) = taken_apart(&bytes) else {
        panic!("a fault")
    };
    assert_eq!(
        (body.namespace.as_str(), body.children[0].namespace.as_str()),
        (NS, "")
    );
}

#[test]
fn a_document_message_qualifies_its_parameters_and_headers() {
    let service = service(SoapVersion::V12, SoapStyle::Document);
    let mut authorization = Element::named("AuthorizationSoapHeader");
    authorization
        .children
        .push(Element::named("UserName").with_text("u"));
    let bytes = write(
        service,
        "SendRequest",
        &[Element::named("xml")],
        &[authorization],
    )
    .unwrap();
    let root = parse(&bytes, None, &Limits::default()).unwrap();
    assert_eq!(
        root.child("Header").unwrap().children[0].children[0].namespace,
        NS
    );
    let envelope = read(&root, &Limits::default()).unwrap();
    assert_eq!(envelope.version, SoapVersion::V12);
    let Message::Body(body) = envelope.message else {
        panic!("a fault")
    };
    assert_eq!(body.children[0].namespace, NS);
}

#[test]
fn a_fault_tells_whose_fault_it_is_in_both_versions() {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        for side in [FaultSide::Sender, FaultSide::Receiver] {
            let bytes = write_fault(version, Charset::Utf8, side, false, "不行 & <more>");
            let Message::Fault(fault) = taken_apart(&bytes) else {
                panic!("no fault")
            };
            assert_eq!((fault.side, fault.reason.as_str()), (side, "不行 & <more>"));
        }
    }
    let axis = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>ns1:Server.userException</faultcode><faultstring>x</faultstring></e:Fault></e:Body></e:Envelope>";
    let Message::Fault(fault) = message(axis).unwrap().message else {
        panic!("no fault")
    };
    assert_eq!(
        (fault.side, fault.code.as_str()),
        (FaultSide::Receiver, "Server.userException")
    );
}

#[test]
fn what_is_no_envelope_is_refused() {
    assert_eq!(message("<Envelope/>"), Err(SoapError::NoEnvelope));
    assert_eq!(message("<html/>"), Err(SoapError::NoEnvelope));
    let empty =
        "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body/></e:Envelope>";
    assert_eq!(message(empty), Err(SoapError::Body));
}

#[test]
fn a_header_that_must_be_understood_is_seen() {
    let text = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Header><x e:mustUnderstand='1'/><y/></e:Header><e:Body><a/></e:Body></e:Envelope>";
    assert_eq!(message(text).unwrap().must_understand, ["x"]);
}

#[test]
fn a_wsdl_is_well_formed_and_names_every_part() {
    let part = |name: &str, inside: Vec<WsdlPart>, repeated| WsdlPart {
        name: name.into(),
        inside,
        repeated,
    };
    for style in [SoapStyle::Rpc, SoapStyle::Document] {
        let wsdl = write_wsdl(&WsdlService {
            name: "FocusService".into(),
            namespace: NS.into(),
            versions: vec![SoapVersion::V11],
            style,
            form: ElementForm::usual(style),
            operation: "setDataXmlToFocus".into(),
            action: "setDataXmlToFocus".into(),
            parameters: vec!["deptCode".into(), "xml".into()],
            returns: vec![part(
                "ret",
                vec![
                    part("code", vec![], false),
                    part("reasonList", vec![part("reason", vec![], true)], false),
                ],
                false,
            )],
            address: "http://127.0.0.1:8090/x?a=1&b=2".into(),
        });
        let root = parse_text(&wsdl, &Limits::default()).unwrap();
        assert_eq!(root.name, "definitions");
        for name in [
            "\"deptCode\"",
            "\"ret\"",
            "\"code\"",
            "\"reason\"",
            "a=1&amp;b=2",
        ] {
            assert!(wsdl.contains(name), "{name} in {style:?}");
        }
    }
}

/// An envelope of 1.1 with these attributes and this body.
fn envelope(attributes: &str, body: &str) -> String {
    format!(
        "<e:Envelope xmlns:e='{ENVELOPE_11}' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
         xmlns:enc='http://schemas.xmlsoap.org/soap/encoding/' {attributes}><e:Body>{body}</e:Body></e:Envelope>"
    )
}

const ENCODED: &str = "e:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'";

fn tree(text: &str) -> serde_json::Value {
    let Message::Body(body) = message(text).unwrap().message else {
        panic!("a fault")
    };
    to_value(&body, &crate::xml::Shape::default()).unwrap()
}

#[test]
fn types_and_nothing_of_an_encoded_message_are_no_part_of_its_values() {
    let body = format!(
        "<m {ENCODED}><a xsi:type='xsd:string'>1</a><b xsi:nil='true'/><c enc:arrayType='x[1]'><item>2</item></c></m>"
    );
    let expected = json!({"a": "1", "b": "", "c": {"item": "2"}});
    assert_eq!(tree(&envelope("", &body)), expected);
}

#[test]
fn the_objects_that_axis_writes_beside_a_message_are_put_in_their_place() {
    let body = "<m><ret href='#id0'/></m><multiRef id='id0' enc:root='0'><code>0</code><list href='#id1'/></multiRef><multiRef id='id1'>x</multiRef>";
    let expected = json!({"ret": {"code": "0", "list": "x"}});
    assert_eq!(tree(&envelope(ENCODED, body)), expected);
    // PHP names the first occurrence and refers to it from the second.
    let body = "<m><a id='ref1'>x</a><b href='#ref1'/></m>";
    assert_eq!(tree(&envelope(ENCODED, body)), json!({"a": "x", "b": "x"}));
    let twelve = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope' xmlns:c='http://www.w3.org/2003/05/soap-encoding'><e:Body>\
        <m e:encodingStyle='http://www.w3.org/2003/05/soap-encoding' xmlns:r='http://www.w3.org/2003/05/soap-rpc'><r:result>ret</r:result>\
        <ret c:id='ref1'>x</ret><b c:ref='ref1'/></m></e:Body></e:Envelope>";
    assert_eq!(tree(twelve), json!({"ret": "x", "b": "x"}));
}

#[test]
fn references_of_a_literal_message_are_its_own_affair() {
    let body = "<m><a href='#x' id='y'/></m>";
    assert_eq!(
        tree(&envelope("", body)),
        json!({"a": {"@href": "#x", "@id": "y"}})
    );
}

#[test]
fn references_that_lead_nowhere_in_a_circle_or_beyond_a_bound_are_refused() {
    let of = |body: &str| message(&envelope(ENCODED, body)).map(|_| ());
    assert_eq!(of("<m><a href='#x'/></m>"), Err(SoapError::Reference));
    let circle = "<m><a href='#x'/></m><r id='x'><b href='#y'/></r><r id='y'><b href='#x'/></r>";
    assert_eq!(of(circle), Err(SoapError::Reference));
    // Twenty levels of ten references each: 10^20 elements.
    let bomb: String = (0..20)
        .map(|level| {
            let inside = format!("<i href='#r{}'/>", level + 1).repeat(10);
            format!("<r id='r{level}'>{inside}</r>")
        })
        .collect();
    let bomb = format!("<m><a href='#r0'/></m>{bomb}<r id='r20'>x</r>");
    assert_eq!(of(&bomb), Err(SoapError::Reference));
    // A long text that is referred to often: 10 MiB out of 20 KiB.
    let long = "x".repeat(10 * 1024);
    let often = "<a href='#t'/>".repeat(1_024);
    let text = format!("<m>{often}</m><r id='t'>{long}</r>");
    assert_eq!(of(&text), Err(SoapError::Reference));
}

#[test]
fn a_header_block_for_another_node_need_not_be_understood_by_us() {
    let names = |namespace: &str, block: &str| {
        let text = format!(
            "<e:Envelope xmlns:e='{namespace}'><e:Header>{block}</e:Header><e:Body><a/></e:Body></e:Envelope>"
        );
        message(&text).unwrap().must_understand
    };
    let next = "http://schemas.xmlsoap.org/soap/actor/next";
    for (attributes, ours) in [
        ("e:mustUnderstand='1'", true),
        ("e:mustUnderstand='0'", false),
        (&format!("e:mustUnderstand='1' e:actor='{next}'"), true),
        ("e:mustUnderstand='1' e:actor='urn:another'", false),
    ] {
        let block = format!("<x {attributes}/>");
        assert_eq!(!names(ENVELOPE_11, &block).is_empty(), ours, "{attributes}");
    }
    for (role, ours) in [
        ("next", true),
        ("ultimateReceiver", true),
        ("none", false),
        ("urn:another", false),
    ] {
        let role = match role.contains(':') {
            true => role.to_owned(),
            false => format!("{ENVELOPE_12}/role/{role}"),
        };
        let block = format!("<x e:mustUnderstand='true' e:role='{role}'/>");
        assert_eq!(!names(ENVELOPE_12, &block).is_empty(), ours, "{role}");
    }
}

#[test]
fn a_fault_of_soap_12_tells_its_subcodes_the_chinese_reason_and_the_detail() {
    let text = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><e:Fault>\
        <e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value xmlns:m='urn:m'>m:BadProject</e:Value></e:Subcode></e:Code>\
        <e:Reason><e:Text xml:lang='en'>no</e:Text><e:Text xml:lang='zh-CN'>不行</e:Text></e:Reason>\
        <e:Detail><BusinessError><code>E1</code></BusinessError></e:Detail></e:Fault></e:Body></e:Envelope>";
    let Message::Fault(fault) = message(text).unwrap().message else {
        panic!("no fault")
    };
    assert_eq!(
        (fault.side, fault.code.as_str(), fault.reason.as_str()),
        (FaultSide::Sender, "Sender.BadProject", "不行")
    );
    let detail = fault.detail.unwrap();
    assert_eq!(
        detail
            .child("BusinessError")
            .unwrap()
            .child("code")
            .unwrap()
            .text,
        "E1"
    );
}

#[test]
fn the_fault_for_a_version_that_is_not_offered_names_those_that_are() {
    let bytes = write_version_mismatch(&[SoapVersion::V12], Charset::Utf8, "x");
    let root = parse(&bytes, None, &Limits::default()).unwrap();
    assert_eq!(SoapVersion::of(&root), Some(SoapVersion::V11));
    let upgrade = &root.child("Header").unwrap().children[0];
    assert_eq!(
        (upgrade.name.as_str(), upgrade.namespace.as_str()),
        ("Upgrade", ENVELOPE_12)
    );
    assert_eq!(upgrade.children[0].attribute("qname"), Some("e:Envelope"));
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains(&format!("xmlns:e=\"{ENVELOPE_12}\"")),
        "{text}"
    );
}

#[test]
fn a_message_in_gbk_says_so_and_reads_back() {
    let service = Service {
        charset: Charset::Gbk,
        ..service(SoapVersion::V11, SoapStyle::Rpc)
    };
    let bytes = write(
        service,
        "m",
        &[Element::named("a").with_text("张三𠮷")],
        &[],
    )
    .unwrap();
    assert!(bytes.starts_with(b"<?xml version=\"1.0\" encoding=\"GBK\"?>"));
    let Message::Body(body) = taken_apart(&bytes) else {
        panic!("a fault")
    };
    assert_eq!(body.children[0].text, "张三𠮷");
    assert_eq!(
        content_type(SoapVersion::V11, Charset::Gbk, "a"),
        "text/xml; charset=GBK"
    );
}

#[test]
fn local_elements_are_qualified_as_the_schema_has_them_and_rpc_parts_never_are() {
    let parameter = || {
        let mut parameter = Element::named("a");
        parameter.children.push(Element::named("b").with_text("x"));
        parameter
    };
    for (style, form, expected) in [
        (SoapStyle::Document, ElementForm::Qualified, (NS, NS)),
        (SoapStyle::Document, ElementForm::Unqualified, ("", "")),
        (SoapStyle::Rpc, ElementForm::Qualified, ("", NS)),
        (SoapStyle::Rpc, ElementForm::Unqualified, ("", "")),
    ] {
        let service = Service {
            form,
            ..service(SoapVersion::V11, style)
        };
        let Message::Body(body) = taken_apart(&write(service, "m", &[parameter()], &[]).unwrap())
        else {
            panic!("a fault")
        };
        let part = &body.children[0];
        assert_eq!(
            (part.namespace.as_str(), part.children[0].namespace.as_str()),
            expected,
            "{style:?} {form:?}"
        );
    }
}

#[test]
fn a_wsdl_has_a_binding_and_a_port_for_each_version() {
    let wsdl = write_wsdl(&WsdlService {
        name: "Callback".into(),
        namespace: NS.into(),
        versions: vec![SoapVersion::V11, SoapVersion::V12],
        style: SoapStyle::Rpc,
        form: ElementForm::Qualified,
        operation: "m".into(),
        action: "urn:a".into(),
        parameters: vec!["p".into()],
        returns: vec![],
        address: "http://127.0.0.1/".into(),
    });
    let root = parse_text(&wsdl, &Limits::default()).unwrap();
    let bindings = root.children.iter().filter(|c| c.name == "binding");
    let spaces: Vec<&str> = bindings.map(|b| b.children[0].namespace.as_str()).collect();
    assert_eq!(
        spaces,
        [
            "http://schemas.xmlsoap.org/wsdl/soap/",
            "http://schemas.xmlsoap.org/wsdl/soap12/"
        ]
    );
    let ports: Vec<_> = root.child("service").unwrap().children.iter().collect();
    let named: Vec<_> = ports
        .iter()
        .map(|p| (p.attribute("name"), p.attribute("binding")))
        .collect();
    assert_eq!(
        named,
        [
            (Some("CallbackPort"), Some("tns:CallbackBinding")),
            (Some("CallbackPort12"), Some("tns:CallbackBinding12"))
        ]
    );
    assert!(
        wsdl.contains("elementFormDefault=\"qualified\"") && wsdl.contains("soapAction=\"urn:a\"")
    );
}
