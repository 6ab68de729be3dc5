//! document/literal and rpc/literal.

use super::support::*;
use serde_json::{Value as Json, json};
use tongban_adapters::codec::Value;
use tongban_adapters::soap::{FaultSide, SoapVersion};
use tongban_adapters::wsdl::{Body, Exchange, MessageOptions};

/// In the manner of an .NET asmx service: wrapped, qualified, both versions of SOAP, HTTP bindings beside them, a header.
pub(crate) const DOT_NET: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" xmlns:tns="http://tempuri.org/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" targetNamespace="http://tempuri.org/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">
  <wsdl:documentation>网上办事服务</wsdl:documentation>
  <wsdl:types>
    <s:schema elementFormDefault="qualified" targetNamespace="http://tempuri.org/">
      <s:element name="SendRequest"><s:complexType><s:sequence><s:element minOccurs="0" maxOccurs="1" name="xml" type="s:string"/><s:element minOccurs="1" maxOccurs="1" name="kind" type="tns:Kind"/></s:sequence></s:complexType></s:element>
      <s:simpleType name="Kind"><s:restriction base="s:string"><s:enumeration value="New"/><s:enumeration value="Again"/></s:restriction></s:simpleType>
      <s:element name="SendRequestResponse"><s:complexType><s:sequence><s:element minOccurs="0" maxOccurs="1" name="SendRequestResult" type="s:string"/></s:sequence></s:complexType></s:element>
      <s:element name="AuthorizationSoapHeader" type="tns:AuthorizationSoapHeader"/>
      <s:complexType name="AuthorizationSoapHeader"><s:sequence><s:element minOccurs="0" name="UserName" type="s:string"/><s:element minOccurs="0" name="Password" type="s:string"/></s:sequence><s:anyAttribute/></s:complexType>
      <s:element name="GetData"><s:complexType/></s:element>
      <s:element name="GetDataResponse"><s:complexType><s:sequence><s:element minOccurs="0" maxOccurs="1" name="GetDataResult"><s:complexType><s:sequence><s:element ref="s:schema"/><s:any/></s:sequence></s:complexType></s:element></s:sequence></s:complexType></s:element>
      <s:element name="string" nillable="true" type="s:string"/>
    </s:schema>
  </wsdl:types>
  <wsdl:message name="SendRequestSoapIn"><wsdl:part name="parameters" element="tns:SendRequest"/></wsdl:message>
  <wsdl:message name="SendRequestSoapOut"><wsdl:part name="parameters" element="tns:SendRequestResponse"/></wsdl:message>
  <wsdl:message name="SendRequestAuthorizationSoapHeader"><wsdl:part name="AuthorizationSoapHeader" element="tns:AuthorizationSoapHeader"/></wsdl:message>
  <wsdl:message name="GetDataSoapIn"><wsdl:part name="parameters" element="tns:GetData"/></wsdl:message>
  <wsdl:message name="GetDataSoapOut"><wsdl:part name="parameters" element="tns:GetDataResponse"/></wsdl:message>
  <wsdl:message name="SendRequestHttpPostIn"><wsdl:part name="xml" type="s:string"/></wsdl:message>
  <wsdl:message name="SendRequestHttpPostOut"><wsdl:part name="Body" element="tns:string"/></wsdl:message>
  <wsdl:portType name="ServiceSoap">
    <wsdl:operation name="SendRequest"><wsdl:documentation>发送请求</wsdl:documentation><wsdl:input message="tns:SendRequestSoapIn"/><wsdl:output message="tns:SendRequestSoapOut"/></wsdl:operation>
    <wsdl:operation name="GetData"><wsdl:input message="tns:GetDataSoapIn"/><wsdl:output message="tns:GetDataSoapOut"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:portType name="ServiceHttpPost"><wsdl:operation name="SendRequest"><wsdl:input message="tns:SendRequestHttpPostIn"/><wsdl:output message="tns:SendRequestHttpPostOut"/></wsdl:operation></wsdl:portType>
  <wsdl:binding name="ServiceSoap" type="tns:ServiceSoap"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="SendRequest"><soap:operation soapAction="http://tempuri.org/SendRequest" style="document"/><wsdl:input><soap:body use="literal"/><soap:header message="tns:SendRequestAuthorizationSoapHeader" part="AuthorizationSoapHeader" use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
    <wsdl:operation name="GetData"><soap:operation soapAction="http://tempuri.org/GetData" style="document"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>
  </wsdl:binding>
  <wsdl:binding name="ServiceSoap12" type="tns:ServiceSoap"><soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="SendRequest"><soap12:operation soapAction="http://tempuri.org/SendRequest" style="document"/><wsdl:input><soap12:body use="literal"/><soap12:header message="tns:SendRequestAuthorizationSoapHeader" part="AuthorizationSoapHeader" use="literal"/></wsdl:input><wsdl:output><soap12:body use="literal"/></wsdl:output></wsdl:operation>
  </wsdl:binding>
  <wsdl:binding name="ServiceHttpPost" type="tns:ServiceHttpPost"><http:binding verb="POST"/><wsdl:operation name="SendRequest"><http:operation location="/SendRequest"/><wsdl:input><mime:content type="application/x-www-form-urlencoded"/></wsdl:input><wsdl:output><mime:mimeXml part="Body"/></wsdl:output></wsdl:operation></wsdl:binding>
  <wsdl:service name="Service">
    <wsdl:port name="ServiceSoap" binding="tns:ServiceSoap"><soap:address location="http://127.0.0.1/Service.asmx"/></wsdl:port>
    <wsdl:port name="ServiceSoap12" binding="tns:ServiceSoap12"><soap12:address location="http://127.0.0.1/Service.asmx"/></wsdl:port>
    <wsdl:port name="ServiceHttpPost" binding="tns:ServiceHttpPost"><http:address location="http://127.0.0.1/Service.asmx"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>"#;

#[test]
fn a_dot_net_service_is_described_as_it_is() {
    let service = service(DOT_NET);
    let description = service.description();
    assert_eq!(description.documentation, "网上办事服务");
    assert_eq!(description.services[0].ports.len(), 2);
    assert_eq!(
        description.services[0].ports[1].address,
        "http://127.0.0.1/Service.asmx"
    );
    assert_eq!(
        [SoapVersion::V11, SoapVersion::V12],
        [
            description.bindings[0].version,
            description.bindings[1].version
        ]
    );
    let (_, send) = operation(&service, "SendRequest");
    assert_eq!(
        (
            send.documentation.as_str(),
            send.soap_action.as_str(),
            send.exchange
        ),
        (
            "发送请求",
            "http://tempuri.org/SendRequest",
            Exchange::RequestResponse
        )
    );
    let input = send.input.as_ref().unwrap();
    assert!(matches!(input.body, Body::Element { wrapped: true, .. }));
    assert_eq!(input.headers[0].part, "AuthorizationSoapHeader");
    assert_eq!(description.warnings.len(), 1, "{:?}", description.warnings);
}

#[test]
fn headers_and_body_are_written_and_read_by_their_schemas() {
    let service = service(DOT_NET);
    for binding in &service.description().bindings {
        let operation = &binding.operations[0];
        let message = operation.input.as_ref().unwrap();
        let headers = json!({"AuthorizationSoapHeader": {"UserName": "u", "Password": "p"}});
        let body = json!({"xml": "<a/>", "kind": "New"});
        let text = write(&service, binding, message, &headers, &body).unwrap();
        let namespace = binding.version.namespace();
        assert_eq!(
            text,
            format!(
                "<soapenv:Envelope xmlns:soapenv=\"{namespace}\"><soapenv:Header><tns:AuthorizationSoapHeader xmlns:tns=\"http://tempuri.org/\"><tns:UserName>u</tns:UserName><tns:Password>p</tns:Password></tns:AuthorizationSoapHeader></soapenv:Header><soapenv:Body><tns:SendRequest xmlns:tns=\"http://tempuri.org/\"><tns:xml>&lt;a/&gt;</tns:xml><tns:kind>New</tns:kind></tns:SendRequest></soapenv:Body></soapenv:Envelope>"
            )
        );
        assert_eq!(
            read(&service, binding, operation, message, &text).unwrap(),
            json!({"headers": headers, "body": body})
        );
        let fault = write(
            &service,
            binding,
            message,
            &Json::Null,
            &json!({"kind": "x"}),
        )
        .unwrap_err();
        assert_eq!(
            (fault.path.as_str(), fault.kind.code()),
            ("/Envelope/Body/SendRequest/kind", "value_invalid")
        );
    }
    assert_eq!(
        request(&service, "GetData", &json!({})),
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><tns:GetData xmlns:tns=\"http://tempuri.org/\"/></soapenv:Body></soapenv:Envelope>"
    );
}

#[test]
fn a_data_set_of_dot_net_is_kept_as_it_is() {
    let service = service(DOT_NET);
    let text = envelope(
        "<GetDataResponse xmlns='http://tempuri.org/'><GetDataResult><xs:schema id='NewDataSet' xmlns='' xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='NewDataSet'/></xs:schema><diffgr:diffgram xmlns:diffgr='urn:schemas-microsoft-com:xml-diffgram-v1'><NewDataSet xmlns=''><Table diffgr:id='Table1'><a>1</a></Table></NewDataSet></diffgr:diffgram></GetDataResult></GetDataResponse>",
    );
    let value = answer(&service, "GetData", &text).unwrap();
    let data =
        &value["body"]["GetDataResult"]["{urn:schemas-microsoft-com:xml-diffgram-v1}diffgram"];
    assert_eq!(data["NewDataSet"]["Table"]["a"], "1");
}

#[test]
fn answers_name_the_path_of_what_is_wrong_in_them() {
    let service = service(DOT_NET);
    for (body, code, path) in [
        (
            "<SendRequestResponse xmlns='http://tempuri.org/'><Other/></SendRequestResponse>",
            "element_unexpected",
            "/Envelope/Body/SendRequestResponse",
        ),
        (
            "<SendRequestResponse><SendRequestResult/></SendRequestResponse>",
            "element_unexpected",
            "/Envelope/Body",
        ),
        ("", "element_missing", "/Envelope/Body"),
        (
            "<SendRequestResponse xmlns='http://tempuri.org/'/><x/>",
            "element_unexpected",
            "/Envelope/Body",
        ),
        ("text", "text_unexpected", "/Envelope/Body"),
    ] {
        let fault = answer(&service, "SendRequest", &envelope(body)).unwrap_err();
        assert_eq!(
            (fault.kind.code(), fault.path.as_str()),
            (code, path),
            "{fault}"
        );
    }
    for text in [
        "<a/>",
        "<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'><Body/></Envelope>",
        "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'/>",
    ] {
        assert_eq!(
            answer(&service, "SendRequest", text)
                .unwrap_err()
                .kind
                .code(),
            "soap_envelope",
            "{text}"
        );
    }
}

#[test]
fn blocks_that_must_be_understood_are_told() {
    let service = service(DOT_NET);
    let text = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header><w:Security xmlns:w='urn:w' s:mustUnderstand='1'><w:deep><x/></w:deep></w:Security><o:Other xmlns:o='urn:o'/></s:Header><s:Body><SendRequestResponse xmlns='http://tempuri.org/'/></s:Body></s:Envelope>";
    assert_eq!(
        answer(&service, "SendRequest", text).unwrap(),
        json!({"body": {}, "must_understand": ["Security"]})
    );
}

/// In the manner of JAX-WS: schemas beside the WSDL under `?xsd=`, unqualified, a fault, the WSDL itself in two parts.
#[test]
fn a_service_in_several_documents_with_a_fault_is_put_together() {
    let main = definitions("<wsdl:import namespace='urn:p' location='svc?wsdl=P.wsdl'/>
        <wsdl:binding name='B' type='p:P' xmlns:p='urn:p'><soap:binding style='document' transport='http://schemas.xmlsoap.org/soap/http'/>
          <wsdl:operation name='submit'><soap:operation soapAction=''/><wsdl:input name='submit'><soap:body use='literal'/></wsdl:input><wsdl:output name='submitResponse'><soap:body use='literal'/></wsdl:output><wsdl:fault name='Rejected'><soap:fault name='Rejected' use='literal'/></wsdl:fault></wsdl:operation>
          <wsdl:operation name='notify'><soap:operation soapAction=''/><wsdl:input><soap:body use='literal'/></wsdl:input></wsdl:operation></wsdl:binding>
        <wsdl:service name='S'><wsdl:port name='p' binding='t:B'><soap:address location='http://127.0.0.1/svc'/></wsdl:port></wsdl:service>");
    let port_type = "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' xmlns:p='urn:p' targetNamespace='urn:p' xmlns:xsd='http://www.w3.org/2001/XMLSchema'>
        <types><xsd:schema><xsd:import namespace='urn:p' schemaLocation='?xsd=1'/></xsd:schema></types>
        <message name='submit'><part name='parameters' element='p:submit'/></message><message name='submitResponse'><part name='parameters' element='p:submitResponse'/></message><message name='Rejected'><part name='fault' element='p:Rejected'/></message>
        <portType name='P'><operation name='submit'><input message='p:submit'/><output message='p:submitResponse'/><fault name='Rejected' message='p:Rejected'/></operation><operation name='notify'><input message='p:submit'/></operation></portType></definitions>";
    let schema = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:p='urn:p' targetNamespace='urn:p' version='1.0'>
        <xs:element name='submit' type='p:submit'/><xs:element name='submitResponse' type='p:submitResponse'/><xs:element name='Rejected' type='p:Rejected'/>
        <xs:complexType name='submit'><xs:sequence><xs:element minOccurs='0' name='arg0' type='xs:string'/></xs:sequence></xs:complexType>
        <xs:complexType name='submitResponse'><xs:sequence><xs:element minOccurs='0' name='return' type='xs:int'/></xs:sequence></xs:complexType>
        <xs:complexType name='Rejected'><xs:sequence><xs:element name='number' type='xs:int'/></xs:sequence></xs:complexType></xs:schema>";
    let service = compile(&[
        ("http://127.0.0.1/svc?wsdl", main.as_str()),
        ("http://127.0.0.1/svc?wsdl=P.wsdl", port_type),
        ("http://127.0.0.1/svc?xsd=1", schema),
    ])
    .unwrap_or_else(|f| panic!("{f}"));
    assert_eq!(
        request(&service, "submit", &json!({"arg0": "中"})),
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><p:submit xmlns:p=\"urn:p\"><arg0>中</arg0></p:submit></soapenv:Body></soapenv:Envelope>"
    );
    let (binding, notify) = operation(&service, "notify");
    assert_eq!(
        (notify.exchange, notify.output.is_none()),
        (Exchange::OneWay, true)
    );
    let fault = envelope(
        "<s:Fault><faultcode>s:Server.app</faultcode><faultstring>编号不对</faultstring><detail><q:Rejected xmlns:q='urn:p'><number>5</number></q:Rejected></detail></s:Fault>",
    );
    assert_eq!(
        answer(&service, "submit", &fault).unwrap(),
        json!({"code": "Server.app", "reason": "编号不对", "name": "Rejected", "actor": null, "detail": {"{urn:p}Rejected": {"number": "5"}}})
    );
    // A detail that is not what the schema says is told all the same.
    let wrong = fault.replace("<number>5", "<number>x");
    assert_eq!(
        answer(&service, "submit", &wrong).unwrap()["detail"],
        json!({"{urn:p}Rejected": {"number": "x"}})
    );
    let (_, submit) = operation(&service, "submit");
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let value = Value::from_json(&json!({"number": 7})).into_owned();
        let text = service
            .encode_fault(
                version,
                FaultSide::Sender,
                "不对",
                Some((&submit.faults[0], &value)),
                &MessageOptions::default(),
            )
            .unwrap();
        let mut binding = binding.clone();
        binding.version = version;
        let told = read(
            &service,
            &binding,
            submit,
            submit.output.as_ref().unwrap(),
            &text,
        )
        .unwrap();
        assert_eq!(
            (
                told["name"].as_str(),
                told["reason"].as_str(),
                &told["detail"]["{urn:p}Rejected"]["number"]
            ),
            (Some("Rejected"), Some("不对"), &json!("7"))
        );
    }
}

#[test]
fn bare_bodies_have_one_element_or_several() {
    let types = "<xsd:schema targetNamespace='urn:t'><xsd:element name='a' type='xsd:int'/><xsd:element name='b' type='xsd:string'/></xsd:schema>";
    let one = service(&one_operation(
        types,
        "<wsdl:part name='x' element='t:a'/>",
        "<wsdl:part name='x' element='t:b'/>",
        "document",
        "use='literal'",
    ));
    assert!(request(&one, "op", &json!("5")).contains("<t:a xmlns:t=\"urn:t\">5</t:a>"));
    let (_, op) = operation(&one, "op");
    assert!(matches!(
        op.input.as_ref().unwrap().body,
        Body::Element { wrapped: false, .. }
    ));
    let two = service(&one_operation(
        types,
        "<wsdl:part name='x' element='t:a'/><wsdl:part name='y' element='t:b'/>",
        "<wsdl:part name='x' element='t:b'/>",
        "document",
        "use='literal'",
    ));
    assert!(
        request(&two, "op", &json!({"a": "5", "b": "x"}))
            .contains("<t:a xmlns:t=\"urn:t\">5</t:a><t:b xmlns:t=\"urn:t\">x</t:b>")
    );
    let some = service(&one_operation(
        types,
        "<wsdl:part name='x' element='t:a'/><wsdl:part name='y' element='t:b'/>",
        "",
        "document",
        "use='literal' parts='y'",
    ));
    assert!(request(&some, "op", &json!("x")).contains("<soapenv:Body><t:b"));
    assert_eq!(
        answer(&some, "op", &envelope("")).unwrap(),
        json!({"body": null})
    );
}

#[test]
fn rpc_literal_wraps_unqualified_parts_in_the_namespace_of_the_body() {
    let types = "<xsd:schema targetNamespace='urn:t' elementFormDefault='qualified'><xsd:complexType name='P'><xsd:sequence><xsd:element name='n' type='xsd:string'/></xsd:sequence></xsd:complexType></xsd:schema>";
    let service = service(&one_operation(
        types,
        "<wsdl:part name='a' type='xsd:int'/><wsdl:part name='p' type='t:P'/>",
        "<wsdl:part name='r' type='t:P'/>",
        "rpc",
        "use='literal' namespace='urn:o'",
    ));
    let text = request(&service, "op", &json!({"a": "1", "p": {"n": "x"}}));
    assert!(
        text.contains(
            "<ns1:op xmlns:ns1=\"urn:o\" xmlns:t=\"urn:t\"><a>1</a><p><t:n>x</t:n></p></ns1:op>"
        ),
        "{text}"
    );
    assert_eq!(
        answer(
            &service,
            "op",
            &envelope("<x:anyName xmlns:x='urn:o'><r><t:n>y</t:n></r></x:anyName>")
        )
        .unwrap(),
        json!({"body": {"r": {"n": "y"}}})
    );
    let fault = answer(&service, "op", &envelope("<x:opResponse xmlns:x='urn:o'/>")).unwrap_err();
    assert_eq!(
        (fault.kind.code(), fault.path.as_str()),
        ("element_missing", "/Envelope/Body/opResponse")
    );
}

#[test]
fn parts_of_a_document_operation_may_be_attachments() {
    let text = definitions("<wsdl:types><xsd:schema targetNamespace='urn:t'><xsd:element name='a' type='xsd:int'/></xsd:schema></wsdl:types>
        <wsdl:message name='In'><wsdl:part name='x' element='t:a'/><wsdl:part name='file' type='xsd:base64Binary'/></wsdl:message>
        <wsdl:portType name='P'><wsdl:operation name='op'><wsdl:input message='t:In'/></wsdl:operation></wsdl:portType>
        <wsdl:binding name='B' type='t:P'><soap:binding transport='http://schemas.xmlsoap.org/soap/http'/><wsdl:operation name='op'><soap:operation soapAction=''/>
          <wsdl:input><mime:multipartRelated><mime:part><soap:body use='literal' parts='x'/></mime:part><mime:part><mime:content part='file' type='application/pdf'/><mime:content part='file' type='image/png'/></mime:part></mime:multipartRelated></wsdl:input></wsdl:operation></wsdl:binding>");
    let service = service(&text);
    let (_, op) = operation(&service, "op");
    let input = op.input.as_ref().unwrap();
    assert_eq!(
        (
            input.attachments[0].part.as_str(),
            input.attachments[0].content_types.len()
        ),
        ("file", 2)
    );
    assert!(request(&service, "op", &json!("1")).contains("<t:a"));
}

#[test]
fn overloads_are_told_apart_by_the_names_of_their_messages() {
    let text = definitions("<wsdl:message name='A'><wsdl:part name='a' type='xsd:int'/></wsdl:message><wsdl:message name='B'><wsdl:part name='b' type='xsd:string'/></wsdl:message><wsdl:message name='O'/>
        <wsdl:portType name='P'><wsdl:operation name='op'><wsdl:input name='one' message='t:A'/><wsdl:output message='t:O'/></wsdl:operation><wsdl:operation name='op'><wsdl:input name='two' message='t:B'/><wsdl:output message='t:O'/></wsdl:operation></wsdl:portType>
        <wsdl:binding name='B' type='t:P'><soap:binding style='rpc' transport='http://schemas.xmlsoap.org/soap/http'/>
          <wsdl:operation name='op'><wsdl:input name='two'><soap:body use='literal' namespace='urn:t'/></wsdl:input><wsdl:output><soap:body use='literal' namespace='urn:t'/></wsdl:output></wsdl:operation>
          <wsdl:operation name='op'><wsdl:input name='one'><soap:body use='literal' namespace='urn:t'/></wsdl:input><wsdl:output><soap:body use='literal' namespace='urn:t'/></wsdl:output></wsdl:operation></wsdl:binding>");
    let service = service(&text);
    let binding = &service.description().bindings[0];
    let names: Vec<&str> = binding
        .operations
        .iter()
        .map(|op| op.input.as_ref().unwrap().name.local.as_str())
        .collect();
    assert_eq!(names, ["B", "A"]);
    let text = write(
        &service,
        binding,
        binding.operations[1].input.as_ref().unwrap(),
        &Json::Null,
        &json!({"a": 1}),
    )
    .unwrap();
    assert!(
        text.contains("<t:op xmlns:t=\"urn:t\"><a>1</a></t:op>"),
        "{text}"
    );
}
