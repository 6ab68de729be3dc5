//! rpc/encoded, as Axis 1, PHP and other old services use it (SOAP 1.1, section 5).

use super::support::*;
use serde_json::json;

const USE: &str =
    "use='encoded' encodingStyle='http://schemas.xmlsoap.org/soap/encoding/' namespace='urn:s'";

const TYPES: &str = "<xsd:schema targetNamespace='urn:t'>
   <xsd:import namespace='http://schemas.xmlsoap.org/soap/encoding/'/>
   <xsd:complexType name='Reason'><xsd:sequence><xsd:element name='code' nillable='true' type='xsd:int'/><xsd:element name='text' nillable='true' type='soapenc:string'/><xsd:element name='next' nillable='true' type='t:Reason'/></xsd:sequence></xsd:complexType>
   <xsd:complexType name='ArrayOfReason'><xsd:complexContent><xsd:restriction base='soapenc:Array'><xsd:attribute ref='soapenc:arrayType' wsdl:arrayType='t:Reason[]'/></xsd:restriction></xsd:complexContent></xsd:complexType>
   <xsd:complexType name='ArrayOfArrayOf_xsd_string'><xsd:complexContent><xsd:restriction base='soapenc:Array'><xsd:attribute ref='soapenc:arrayType' wsdl:arrayType='xsd:string[][]'/></xsd:restriction></xsd:complexContent></xsd:complexType>
   <xsd:complexType name='Listed'><xsd:complexContent><xsd:restriction base='soapenc:Array'><xsd:sequence><xsd:element name='entry' type='xsd:int' maxOccurs='unbounded'/></xsd:sequence></xsd:restriction></xsd:complexContent></xsd:complexType>
   </xsd:schema>";

fn service_of(input: &str, output: &str) -> tongban_adapters::wsdl::CompiledService {
    service(&one_operation(TYPES, input, output, "rpc", USE))
}

#[test]
fn every_value_names_its_type() {
    let service = service_of(
        "<wsdl:part name='in0' type='xsd:string'/><wsdl:part name='in1' type='t:Reason'/><wsdl:part name='in2' type='soapenc:int'/>",
        "<wsdl:part name='r' type='xsd:string'/>",
    );
    let text = request(
        &service,
        "op",
        &json!({"in0": "甲", "in1": {"code": "1", "text": null, "next": null}, "in2": null}),
    );
    assert_eq!(
        text,
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><ns1:op xmlns:ns1=\"urn:s\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" soapenv:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><in0 xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xsi:type=\"xsd:string\">甲</in0><in1 xmlns:t=\"urn:t\" xsi:type=\"t:Reason\"><code xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xsi:type=\"xsd:int\">1</code><text xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" xsi:type=\"soapenc:string\" xsi:nil=\"true\"/><next xsi:type=\"t:Reason\" xsi:nil=\"true\"/></in1><in2 xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" xsi:type=\"soapenc:int\" xsi:nil=\"true\"/></ns1:op></soapenv:Body></soapenv:Envelope>"
    );
}

#[test]
fn arrays_are_lists() {
    let service = service_of(
        "<wsdl:part name='a' type='t:ArrayOfReason'/><wsdl:part name='b' type='t:ArrayOfArrayOf_xsd_string'/><wsdl:part name='c' type='t:Listed'/><wsdl:part name='d' type='soapenc:Array'/>",
        "<wsdl:part name='r' type='t:ArrayOfReason'/>",
    );
    let text = request(
        &service,
        "op",
        &json!({"a": [{"code": "1"}, null], "b": [["x", "y"], []], "c": ["1", "2"], "d": []}),
    );
    for part in [
        "soapenc:arrayType=\"t:Reason[2]\"",
        "soapenc:arrayType=\"xsd:string[][2]\"",
        "soapenc:arrayType=\"xsd:string[2]\"",
        "<entry xsi:type=\"xsd:int\">1</entry>",
        "soapenc:arrayType=\"xsd:anyType[0]\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let empty = answer(
        &service,
        "op",
        &envelope(
            "<t:opResponse xmlns:t='urn:s'><r xsi:type='soapenc:Array' soapenc:arrayType='t:Reason[0]'/></t:opResponse>",
        ),
    );
    assert_eq!(empty.unwrap(), json!({"body": {"r": []}}));
}

#[test]
fn objects_beside_the_message_are_put_in_their_place() {
    let service = service_of(
        "",
        "<wsdl:part name='r' type='t:ArrayOfReason'/><wsdl:part name='one' type='t:Reason'/>",
    );
    let text = envelope(
        "<ns1:opResponse xmlns:ns1='urn:s' s:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'><one href='#id1'/><r xsi:type='soapenc:Array' soapenc:arrayType='ns2:Reason[2]' xmlns:ns2='urn:t'><item href='#id0'/><item href='#id1'/></r></ns1:opResponse>
         <multiRef id='id0' soapenc:root='0' xsi:type='ns3:Reason' xmlns:ns3='urn:t'><text xsi:type='soapenc:string'>甲 &lt;</text><code href='#id2'/><next xsi:nil='true'/></multiRef>
         <multiRef id='id1' soapenc:root='0' xsi:type='ns4:Reason' xmlns:ns4='urn:t'><code xsi:type='xsd:int'>2</code></multiRef>
         <multiRef id='id2' xsi:type='xsd:int'>1</multiRef>",
    );
    assert_eq!(
        answer(&service, "op", &text).unwrap(),
        json!({"body": {"one": {"code": "2"}, "r": [{"text": "甲 <", "code": "1", "next": null}, {"code": "2"}]}})
    );
}

#[test]
fn references_in_a_circle_or_without_an_end_are_refused() {
    let service = service_of("", "<wsdl:part name='r' type='t:Reason'/>");
    for (body, code) in [
        (
            "<o><r href='#a'/></o><multiRef id='a'><next href='#a'/></multiRef>".to_owned(),
            "soap_reference",
        ),
        ("<o><r href='#nowhere'/></o>".to_owned(), "soap_reference"),
        // Each doubles the next: nothing is copied beyond the bound of nodes.
        (
            format!(
                "<o><r href='#m0'/></o>{}<multiRef id='m40'/>",
                (0..40)
                    .map(|n| format!(
                        "<multiRef id='m{n}'><a href='#m{0}'/><b href='#m{0}'/></multiRef>",
                        n + 1
                    ))
                    .collect::<String>()
            ),
            "soap_reference",
        ),
    ] {
        let start = std::time::Instant::now();
        let fault = answer(&service, "op", &envelope(&body)).unwrap_err();
        assert_eq!(fault.kind.code(), code, "{fault}");
        assert!(start.elapsed() < std::time::Duration::from_secs(20));
    }
}

#[test]
fn members_of_a_structure_may_come_in_any_order_and_types_of_the_sender_are_no_fault() {
    let service = service_of("", "<wsdl:part name='r' type='t:Reason'/>");
    let text = envelope("<m:opResponse xmlns:m='urn:s'><opReturn/></m:opResponse>".replace("opReturn/", "r xsi:type='t:Reason'><text xsi:type='xsd:string'>x</text><code xsi:type='xsd:long'>5</code></r").as_str());
    assert_eq!(
        answer(&service, "op", &text).unwrap(),
        json!({"body": {"r": {"text": "x", "code": "5"}}})
    );
    let fault = answer(&service, "op", &text.replace(">5<", ">five<")).unwrap_err();
    assert_eq!(
        (fault.kind.code(), fault.path.as_str()),
        ("value_invalid", "/Envelope/Body/opResponse/r/code")
    );
}

#[test]
fn arrays_of_soap_1_2_name_their_item_type_and_size() {
    let text = one_operation(
        TYPES,
        "<wsdl:part name='a' type='t:ArrayOfReason'/>",
        "<wsdl:part name='r' type='t:ArrayOfReason'/>",
        "rpc",
        USE,
    )
    .replace("<soap:", "<soap12:");
    let service = service(&text);
    let written = request(&service, "op", &json!({"a": [{"code": "1"}, null]}));
    for part in [
        "xsi:type=\"enc12:Array\" xmlns:t=\"urn:t\" enc12:itemType=\"t:Reason\" enc12:arraySize=\"2\"",
        "soapenv:encodingStyle=\"http://www.w3.org/2003/05/soap-encoding\"",
    ] {
        assert!(written.contains(part), "{part} in {written}");
    }
    let reply = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:e='http://www.w3.org/2003/05/soap-encoding'><s:Body><o:opResponse xmlns:o='urn:s' s:encodingStyle='http://www.w3.org/2003/05/soap-encoding'><r e:itemType='t:Reason' e:arraySize='2' xmlns:t='urn:t'><item e:id='a'><code>1</code></item><item e:ref='a'/></r></o:opResponse></s:Body></s:Envelope>";
    assert_eq!(
        answer(&service, "op", reply).unwrap(),
        json!({"body": {"r": [{"code": "1"}, {"code": "1"}]}})
    );
}
