//! Descriptions in the manner of more stacks, each with the habits that make it different, and a message of each.

use super::support::*;
use serde_json::json;
use tongban_adapters::codec::{ShapeContent, Value};
use tongban_adapters::soap::SoapVersion;
use tongban_adapters::wsdl::{EnvelopeParts, MessageOptions};

/// Axis2: schemas that import one another without locations, three endpoints of one port type, nillable everything.
#[test]
fn axis2() {
    let text = r##"<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:ns1="http://org.apache.axis2/xsd" xmlns:ns="http://ws.gov" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" xmlns:ax21="http://bean.gov/xsd" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" targetNamespace="http://ws.gov">
    <wsdl:documentation>Please Type your service description here</wsdl:documentation>
    <wsdl:types>
      <xs:schema xmlns:ax22="http://bean.gov/xsd" attributeFormDefault="qualified" elementFormDefault="qualified" targetNamespace="http://ws.gov">
        <xs:import namespace="http://bean.gov/xsd"/>
        <xs:element name="setDataXmlToFocus"><xs:complexType><xs:sequence><xs:element minOccurs="0" name="deptCode" nillable="true" type="xs:string"/><xs:element minOccurs="0" name="xml" nillable="true" type="xs:string"/><xs:element maxOccurs="unbounded" minOccurs="0" name="files" nillable="true" type="xs:base64Binary"/></xs:sequence></xs:complexType></xs:element>
        <xs:element name="setDataXmlToFocusResponse"><xs:complexType><xs:sequence><xs:element minOccurs="0" name="return" nillable="true" type="ax22:Result"/></xs:sequence></xs:complexType></xs:element>
        <xs:complexType name="Exception"><xs:sequence><xs:element minOccurs="0" name="Exception" nillable="true" type="xs:anyType"/></xs:sequence></xs:complexType>
        <xs:element name="ServiceException"><xs:complexType><xs:sequence><xs:element minOccurs="0" name="ServiceException" nillable="true" type="ns:Exception"/></xs:sequence></xs:complexType></xs:element>
      </xs:schema>
      <xs:schema attributeFormDefault="qualified" elementFormDefault="qualified" targetNamespace="http://bean.gov/xsd">
        <xs:complexType name="Result"><xs:sequence><xs:element minOccurs="0" name="code" type="xs:int"/><xs:element maxOccurs="unbounded" minOccurs="0" name="reasonList" nillable="true" type="xs:string"/></xs:sequence></xs:complexType>
      </xs:schema>
    </wsdl:types>
    <wsdl:message name="setDataXmlToFocusRequest"><wsdl:part name="parameters" element="ns:setDataXmlToFocus"/></wsdl:message>
    <wsdl:message name="setDataXmlToFocusResponse"><wsdl:part name="parameters" element="ns:setDataXmlToFocusResponse"/></wsdl:message>
    <wsdl:message name="ServiceException"><wsdl:part name="parameters" element="ns:ServiceException"/></wsdl:message>
    <wsdl:portType name="FocusPortType"><wsdl:operation name="setDataXmlToFocus"><wsdl:input message="ns:setDataXmlToFocusRequest" wsaw:Action="urn:setDataXmlToFocus"/><wsdl:output message="ns:setDataXmlToFocusResponse" wsaw:Action="urn:setDataXmlToFocusResponse"/><wsdl:fault message="ns:ServiceException" name="ServiceException" wsaw:Action="urn:f"/></wsdl:operation></wsdl:portType>
    <wsdl:binding name="FocusSoap11Binding" type="ns:FocusPortType"><soap:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/><wsdl:operation name="setDataXmlToFocus"><soap:operation soapAction="urn:setDataXmlToFocus" style="document"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output><wsdl:fault name="ServiceException"><soap:fault use="literal" name="ServiceException"/></wsdl:fault></wsdl:operation></wsdl:binding>
    <wsdl:binding name="FocusSoap12Binding" type="ns:FocusPortType"><soap12:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/><wsdl:operation name="setDataXmlToFocus"><soap12:operation soapAction="urn:setDataXmlToFocus" style="document"/><wsdl:input><soap12:body use="literal"/></wsdl:input><wsdl:output><soap12:body use="literal"/></wsdl:output><wsdl:fault name="ServiceException"><soap12:fault use="literal" name="ServiceException"/></wsdl:fault></wsdl:operation></wsdl:binding>
    <wsdl:binding name="FocusHttpBinding" type="ns:FocusPortType"><http:binding verb="POST"/><wsdl:operation name="setDataXmlToFocus"><http:operation location="setDataXmlToFocus"/><wsdl:input><mime:content type="application/xml" part="parameters"/></wsdl:input><wsdl:output><mime:content type="application/xml" part="parameters"/></wsdl:output></wsdl:operation></wsdl:binding>
    <wsdl:service name="Focus"><wsdl:port name="a" binding="ns:FocusSoap11Binding"><soap:address location="http://127.0.0.1/a"/></wsdl:port><wsdl:port name="b" binding="ns:FocusSoap12Binding"><soap12:address location="http://127.0.0.1/b"/></wsdl:port><wsdl:port name="c" binding="ns:FocusHttpBinding"><http:address location="http://127.0.0.1/c"/></wsdl:port></wsdl:service>
    </wsdl:definitions>"##;
    let service = service(text);
    let include = json!({"{http://www.w3.org/2004/08/xop/include}Include": {"@href": "cid:1@x"}});
    let written = request(
        &service,
        "setDataXmlToFocus",
        &json!({"deptCode": null, "xml": "<ExInfo/>", "files": ["YQ==", include]}),
    );
    assert!(written.contains("<ns:deptCode xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/><ns:xml>&lt;ExInfo/&gt;</ns:xml><ns:files>YQ==</ns:files><ns:files><xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:1@x\"/></ns:files>"), "{written}");
    let reply = envelope(
        "<q:setDataXmlToFocusResponse xmlns:q='http://ws.gov'><q:return xmlns:a='http://bean.gov/xsd' xsi:type='a:Result'><a:code>0</a:code><a:reasonList xsi:nil='true'/></q:return></q:setDataXmlToFocusResponse>",
    );
    assert_eq!(
        answer(&service, "setDataXmlToFocus", &reply).unwrap(),
        json!({"body": {"return": {"code": "0", "reasonList": [null]}}})
    );
    let shape = {
        let (_, op) = operation(&service, "setDataXmlToFocus");
        let tongban_adapters::wsdl::Body::Element { element, .. } =
            op.output.as_ref().unwrap().body
        else {
            panic!()
        };
        service
            .codec()
            .shape(&service.description().schema, element)
    };
    let ShapeContent::Fields(fields) = &shape.content else {
        panic!()
    };
    let ShapeContent::Fields(result) = &fields[0].content else {
        panic!()
    };
    assert_eq!(
        fields[0].type_name.as_ref().unwrap().to_string(),
        "{http://bean.gov/xsd}Result"
    );
    assert_eq!(
        result
            .iter()
            .map(|f| (f.key.as_str(), f.required, f.repeats, f.nillable))
            .collect::<Vec<_>>(),
        [
            ("code", false, false, false),
            ("reasonList", false, true, true)
        ]
    );
}

/// WCF: the binding imports the contract, which imports its schemas from the server; policies stand beside everything.
#[test]
fn wcf() {
    let contract = r##"<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="http://gov.cn/contract" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" targetNamespace="http://gov.cn/contract">
      <wsdl:types><xsd:schema targetNamespace="http://gov.cn/contract/Imports"><xsd:import schemaLocation="http://srv:8080/Svc.svc?xsd=xsd0" namespace="http://gov.cn/contract"/><xsd:import schemaLocation="http://srv:8080/Svc.svc?xsd=xsd1" namespace="http://schemas.microsoft.com/2003/10/Serialization/"/></xsd:schema></wsdl:types>
      <wsdl:message name="ISvc_Get_InputMessage"><wsdl:part name="parameters" element="tns:Get"/></wsdl:message><wsdl:message name="ISvc_Get_OutputMessage"><wsdl:part name="parameters" element="tns:GetResponse"/></wsdl:message>
      <wsdl:portType name="ISvc"><wsdl:operation name="Get"><wsdl:input wsaw:Action="http://gov.cn/contract/ISvc/Get" message="tns:ISvc_Get_InputMessage"/><wsdl:output wsaw:Action="http://gov.cn/contract/ISvc/GetResponse" message="tns:ISvc_Get_OutputMessage"/></wsdl:operation></wsdl:portType></wsdl:definitions>"##;
    let main = r##"<wsdl:definitions name="Svc" targetNamespace="http://tempuri.org/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:i0="http://gov.cn/contract" xmlns:tns="http://tempuri.org/">
      <wsp:Policy wsu:Id="p" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><wsp:ExactlyOne/></wsp:Policy>
      <wsdl:import namespace="http://gov.cn/contract" location="http://srv:8080/Svc.svc?wsdl=wsdl0"/><wsdl:types/>
      <wsdl:binding name="b" type="i0:ISvc"><wsp:PolicyReference URI="#p"/><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation name="Get"><soap:operation soapAction="http://gov.cn/contract/ISvc/Get" style="document"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>
      <wsdl:service name="Svc"><wsdl:port name="b" binding="tns:b"><soap:address location="http://srv:8080/Svc.svc"/></wsdl:port></wsdl:service></wsdl:definitions>"##;
    let xsd0 = r##"<xs:schema elementFormDefault="qualified" targetNamespace="http://gov.cn/contract" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="http://gov.cn/contract" xmlns:ser="http://schemas.microsoft.com/2003/10/Serialization/"><xs:import namespace="http://schemas.microsoft.com/2003/10/Serialization/"/>
      <xs:element name="Get"><xs:complexType><xs:sequence><xs:element minOccurs="0" name="id" type="ser:guid"/><xs:element minOccurs="0" name="flags" type="tns:Flags"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="GetResponse"><xs:complexType><xs:sequence><xs:element minOccurs="0" name="GetResult" nillable="true" type="tns:Base"/></xs:sequence></xs:complexType></xs:element>
      <xs:complexType name="Base"><xs:sequence><xs:element minOccurs="0" name="Name" nillable="true" type="xs:string"/></xs:sequence></xs:complexType><xs:element name="Base" nillable="true" type="tns:Base"/>
      <xs:complexType name="Derived"><xs:complexContent mixed="false"><xs:extension base="tns:Base"><xs:sequence><xs:element minOccurs="0" name="More" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
      <xs:simpleType name="Flags"><xs:list><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="A"/><xs:enumeration value="B"/></xs:restriction></xs:simpleType></xs:list></xs:simpleType></xs:schema>"##;
    let xsd1 = r##"<xs:schema attributeFormDefault="qualified" elementFormDefault="qualified" targetNamespace="http://schemas.microsoft.com/2003/10/Serialization/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="http://schemas.microsoft.com/2003/10/Serialization/"><xs:element name="anyType" nillable="true" type="xs:anyType"/><xs:simpleType name="char"><xs:restriction base="xs:int"/></xs:simpleType><xs:simpleType name="duration"><xs:restriction base="xs:duration"><xs:pattern value="\-?P(\d*D)?(T(\d*H)?(\d*M)?(\d*(\.\d*)?S)?)?"/><xs:minInclusive value="-P10675199DT2H48M5.4775808S"/><xs:maxInclusive value="P10675199DT2H48M5.4775807S"/></xs:restriction></xs:simpleType><xs:simpleType name="guid"><xs:restriction base="xs:string"><xs:pattern value="[\da-fA-F]{8}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{12}"/></xs:restriction></xs:simpleType><xs:attribute name="FactoryType" type="xs:QName"/><xs:attribute name="Id" type="xs:ID"/><xs:attribute name="Ref" type="xs:IDREF"/></xs:schema>"##;
    let service = compile(&[
        ("http://srv:8080/Svc.svc?wsdl", main),
        ("http://srv:8080/Svc.svc?wsdl=wsdl0", contract),
        ("http://srv:8080/Svc.svc?xsd=xsd0", xsd0),
        ("http://srv:8080/Svc.svc?xsd=xsd1", xsd1),
    ])
    .unwrap_or_else(|f| panic!("{f}"));
    request(
        &service,
        "Get",
        &json!({"id": "01234567-89ab-cdef-0123-456789abcdef", "flags": "A B"}),
    );
    let reply = envelope(
        "<GetResponse xmlns='http://gov.cn/contract'><GetResult xsi:type='a:Derived' xmlns:a='http://gov.cn/contract'><Name>n</Name><More>1</More></GetResult></GetResponse>",
    );
    assert_eq!(
        answer(&service, "Get", &reply).unwrap(),
        json!({"body": {"GetResult": {"@xsi:type": "{http://gov.cn/contract}Derived", "Name": "n", "More": "1"}}})
    );
}

/// PHP (NuSOAP): everything in one namespace, `SOAP-ENC` arrays restricted in an unqualified default namespace.
#[test]
fn nusoap() {
    let text = r##"<definitions xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" xmlns:tns="urn:cases" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:cases">
      <types><xsd:schema targetNamespace="urn:cases"><xsd:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/><xsd:import namespace="http://schemas.xmlsoap.org/wsdl/"/>
        <xsd:complexType name="Case"><xsd:all><xsd:element name="id" type="xsd:int"/><xsd:element name="name" type="xsd:string"/></xsd:all></xsd:complexType>
        <xsd:complexType name="CaseList"><xsd:complexContent><xsd:restriction base="SOAP-ENC:Array"><xsd:attribute ref="SOAP-ENC:arrayType" wsdl:arrayType="tns:Case[]"/></xsd:restriction></xsd:complexContent></xsd:complexType></xsd:schema></types>
      <message name="findRequest"><part name="name" type="xsd:string"/></message><message name="findResponse"><part name="return" type="tns:CaseList"/></message>
      <portType name="casesPortType"><operation name="find"><documentation>查询</documentation><input message="tns:findRequest"/><output message="tns:findResponse"/></operation></portType>
      <binding name="casesBinding" type="tns:casesPortType"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="find"><soap:operation soapAction="urn:cases#find" style="rpc"/><input><soap:body use="encoded" namespace="urn:cases" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/></input><output><soap:body use="encoded" namespace="urn:cases" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/></output></operation></binding>
      <service name="cases"><port name="casesPort" binding="tns:casesBinding"><soap:address location="http://127.0.0.1/cases.php"/></port></service></definitions>"##;
    let service = service(text);
    request(&service, "find", &json!({"name": "甲"}));
    let reply = r##"<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/" xmlns:tns="urn:cases"><SOAP-ENV:Body><ns1:findResponse xmlns:ns1="urn:cases"><return xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="tns:Case[2]"><item xsi:type="tns:Case"><name xsi:type="xsd:string">甲</name><id xsi:type="xsd:int">1</id></item><item xsi:type="tns:Case"><id xsi:type="xsd:int">2</id><name xsi:nil="true"/></item></return></ns1:findResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"##;
    assert_eq!(
        answer(&service, "find", reply).unwrap(),
        json!({"body": {"return": [{"id": "1", "name": "甲"}, {"id": "2", "name": null}]}})
    );
}

/// Axis 1: types of the Apache namespace that no document defines, a vector of anything.
#[test]
fn axis_1_with_types_of_its_own() {
    let types = "<xsd:schema targetNamespace='http://xml.apache.org/xml-soap'><xsd:complexType name='Vector'><xsd:sequence><xsd:element maxOccurs='unbounded' minOccurs='0' name='item' type='xsd:anyType'/></xsd:sequence></xsd:complexType></xsd:schema>";
    let use_encoded =
        "use='encoded' encodingStyle='http://schemas.xmlsoap.org/soap/encoding/' namespace='urn:s'";
    let text = one_operation(
        types,
        "<wsdl:part name='file' xmlns:a='http://xml.apache.org/xml-soap' type='a:DataHandler'/>",
        "<wsdl:part name='r' xmlns:a='http://xml.apache.org/xml-soap' type='a:Vector'/>",
        "rpc",
        use_encoded,
    );
    let service = service(&text);
    request(&service, "op", &json!({"file": "x"}));
    let reply = envelope(
        "<t:opResponse><r xsi:type='a:Vector' xmlns:a='http://xml.apache.org/xml-soap'><item xsi:type='xsd:string'>x</item><item href='#1'/></r></t:opResponse><multiRef id='1' xsi:type='xsd:int'>5</multiRef>",
    );
    let xsd = "http://www.w3.org/2001/XMLSchema";
    assert_eq!(
        answer(&service, "op", &reply).unwrap(),
        json!({"body": {"r": {"item": [{"@xsi:type": format!("{{{xsd}}}string"), "#text": "x"}, {"@xsi:type": format!("{{{xsd}}}int"), "#text": "5"}]}}})
    );
}

/// Delphi: no types at all, a default namespace of WSDL, both messages of one part.
#[test]
fn delphi() {
    let text = r##"<?xml version="1.0"?><definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" name="IReportservice" targetNamespace="http://tempuri.org/" xmlns:tns="http://tempuri.org/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/">
      <message name="Send0Request"><part name="data" type="xs:string"/></message><message name="Send0Response"><part name="return" type="xs:boolean"/></message>
      <portType name="IReport"><operation name="Send"><input message="tns:Send0Request"/><output message="tns:Send0Response"/></operation></portType>
      <binding name="IReportbinding" type="tns:IReport"><binding xmlns="http://schemas.xmlsoap.org/wsdl/soap/" style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Send"><operation xmlns="http://schemas.xmlsoap.org/wsdl/soap/" soapAction="urn:Report-IReport#Send" style="rpc"/><input><body xmlns="http://schemas.xmlsoap.org/wsdl/soap/" use="encoded" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" namespace="urn:Report-IReport"/></input><output><body xmlns="http://schemas.xmlsoap.org/wsdl/soap/" use="encoded" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" namespace="urn:Report-IReport"/></output></operation></binding>
      <service name="IReportservice"><port name="IReportPort" binding="tns:IReportbinding"><address xmlns="http://schemas.xmlsoap.org/wsdl/soap/" location="http://127.0.0.1/soap/IReport"/></port></service></definitions>"##;
    let service = service(text);
    assert_eq!(
        service.description().services[0].ports[0].address,
        "http://127.0.0.1/soap/IReport"
    );
    request(&service, "Send", &json!({"data": "甲"}));
    assert_eq!(answer(&service, "Send", &envelope("<NS1:SendResponse xmlns:NS1='urn:Report-IReport'><return xsi:type='xsd:boolean'>true</return></NS1:SendResponse>")).unwrap(), json!({"body": {"return": "true"}}));
}

#[test]
fn the_operation_of_a_request_is_told_by_its_body_then_by_its_action() {
    let text = one_operation(
        "<xsd:schema targetNamespace='urn:t'><xsd:element name='op' type='xsd:int'/></xsd:schema>",
        "<wsdl:part name='x' element='t:op'/>",
        "",
        "document",
        "use='literal'",
    );
    let service = service(&text);
    let binding = &service.description().bindings[0];
    let called = |action: Option<&str>, body: &str| {
        let found = service.called(binding, action, &envelope(body), &MessageOptions::default());
        found.unwrap().map(|op| op.name.clone())
    };
    assert_eq!(called(None, "<t:op>1</t:op>").as_deref(), Some("op"));
    assert_eq!(
        called(Some("\"urn:op\""), "<t:other/>").as_deref(),
        Some("op")
    );
    assert_eq!(called(Some("\"\""), "<t:other/>"), None);
    assert!(
        service
            .called(binding, None, "<a/>", &MessageOptions::default())
            .is_err()
    );
}

#[test]
fn written_headers_come_first_and_a_declaration_is_written_where_asked_for() {
    let text = one_operation(
        "",
        "<wsdl:part name='x' type='xsd:int'/>",
        "",
        "rpc",
        "use='literal' namespace='urn:t'",
    );
    let service = service(&text);
    let (binding, op) = operation(&service, "op");
    assert_eq!(binding.version, SoapVersion::V11);
    let body = json!({"x": 1});
    let parts = EnvelopeParts {
        headers: tongban_adapters::codec::Object::new(),
        written_headers: "<w:S xmlns:w=\"urn:w\"/>",
        body: Value::from_json(&body),
    };
    let options = MessageOptions {
        declaration: true,
        ..MessageOptions::default()
    };
    let text = service
        .encode(binding, op.input.as_ref().unwrap(), &parts, &options)
        .unwrap();
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Header><w:S xmlns:w=\"urn:w\"/></soapenv:Header><soapenv:Body><t:op xmlns:t=\"urn:t\"><x>1</x></t:op></soapenv:Body></soapenv:Envelope>"
    );
}
