#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
use super::*;
use crate::xml::{Limits, parse, parse_text};

const NS: &str = "http://focus.platform.example/";

fn message(text: &str) -> Result<Envelope, SoapError> {
    read(&parse_text(text, &Limits::default()).unwrap())
}

#[test]
fn an_rpc_message_has_a_qualified_operation_and_unqualified_parameters() {
    let service = Service {
        version: SoapVersion::V11,
        style: SoapStyle::Rpc,
        namespace: NS,
    };
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
    let Message::Body(body) = read(&parse(&bytes, None, &Limits::default()).unwrap())
        .unwrap()
        .message
    else {
        panic!("a fault")
    };
    assert_eq!(
        (body.namespace.as_str(), body.children[0].namespace.as_str()),
        (NS, "")
    );
}

#[test]
fn a_document_message_qualifies_its_parameters_and_headers() {
    let service = Service {
        version: SoapVersion::V12,
        style: SoapStyle::Document,
        namespace: NS,
    };
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
    let envelope = read(&root).unwrap();
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
            let bytes = write_fault(version, side, false, "不行 & <more>");
            let Message::Fault(fault) = read(&parse(&bytes, None, &Limits::default()).unwrap())
                .unwrap()
                .message
            else {
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
            version: SoapVersion::V11,
            style,
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
