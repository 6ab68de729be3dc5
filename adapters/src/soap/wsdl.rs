//! The WSDL 1.1 of a callback (回调接口的 WSDL), as small as a client generator takes it.

use super::{ElementForm, SoapStyle, SoapVersion};
use crate::xml::escape_text;

const WSDL_SOAP_11: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
const WSDL_SOAP_12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";

/// What a WSDL describes: one operation of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsdlService {
    /// Name of the service.
    pub name: String,
    /// Namespace of the operation.
    pub namespace: String,
    /// Versions of SOAP, each a binding and a port of its own.
    pub versions: Vec<SoapVersion>,
    /// Style.
    pub style: SoapStyle,
    /// Form of local elements.
    pub form: ElementForm,
    /// Name of the operation.
    pub operation: String,
    /// `SOAPAction`.
    pub action: String,
    /// Parameters, all `xsd:string`.
    pub parameters: Vec<String>,
    /// Parts of the response.
    pub returns: Vec<WsdlPart>,
    /// Where it is called.
    pub address: String,
}

/// A part of a response and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsdlPart {
    /// Name of the part or element.
    pub name: String,
    /// Parts inside; empty for a text.
    pub inside: Vec<WsdlPart>,
    /// Whether it may occur any number of times.
    pub repeated: bool,
}

/// The document.
#[must_use]
pub fn write_wsdl(service: &WsdlService) -> String {
    let name = &service.name;
    let operation = &service.operation;
    let namespace = attribute(&service.namespace);
    let (types, request, response) = match service.style {
        SoapStyle::Rpc => rpc(service),
        SoapStyle::Document => document(service),
    };
    let form = match service.form {
        ElementForm::Qualified => "qualified",
        ElementForm::Unqualified => "unqualified",
    };
    let (bindings, ports): (String, String) = service
        .versions
        .iter()
        .enumerate()
        .map(|(place, version)| {
            (
                binding(service, *version, place),
                port(service, *version, place),
            )
        })
        .unzip();
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="{name}" targetNamespace="{namespace}" xmlns:tns="{namespace}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="{WSDL_SOAP_11}" xmlns:soap12="{WSDL_SOAP_12}" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <wsdl:types>
    <xsd:schema targetNamespace="{namespace}" elementFormDefault="{form}">
{types}    </xsd:schema>
  </wsdl:types>
  <wsdl:message name="{operation}Request">
{request}  </wsdl:message>
  <wsdl:message name="{operation}Response">
{response}  </wsdl:message>
  <wsdl:portType name="{name}PortType">
    <wsdl:operation name="{operation}">
      <wsdl:input message="tns:{operation}Request"/>
      <wsdl:output message="tns:{operation}Response"/>
    </wsdl:operation>
  </wsdl:portType>
{bindings}  <wsdl:service name="{name}">
{ports}  </wsdl:service>
</wsdl:definitions>
"#
    )
}

/// What tells the second binding and port from the first; the first is the one that most tools take.
fn mark(version: SoapVersion, place: usize) -> &'static str {
    match (place, version) {
        (0, _) => "",
        (_, SoapVersion::V11) => "11",
        (_, SoapVersion::V12) => "12",
    }
}

/// The prefix of the binding's extension (WSDL 1.1, section 3; its SOAP 1.2 binding, W3C Submission 2006).
fn prefix(version: SoapVersion) -> &'static str {
    match version {
        SoapVersion::V11 => "soap",
        SoapVersion::V12 => "soap12",
    }
}

fn binding(service: &WsdlService, version: SoapVersion, place: usize) -> String {
    let (name, operation) = (&service.name, &service.operation);
    let (soap, mark) = (prefix(version), mark(version, place));
    let action = attribute(&service.action);
    let (style, body) = match service.style {
        SoapStyle::Rpc => {
            let namespace = attribute(&service.namespace);
            let body = format!("<{soap}:body use=\"literal\" namespace=\"{namespace}\"/>");
            ("rpc", body)
        }
        SoapStyle::Document => ("document", format!("<{soap}:body use=\"literal\"/>")),
    };
    format!(
        r#"  <wsdl:binding name="{name}Binding{mark}" type="tns:{name}PortType">
    <{soap}:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="{operation}">
      <{soap}:operation soapAction="{action}" style="{style}"/>
      <wsdl:input>{body}</wsdl:input>
      <wsdl:output>{body}</wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
"#
    )
}

fn port(service: &WsdlService, version: SoapVersion, place: usize) -> String {
    let (name, soap, mark) = (&service.name, prefix(version), mark(version, place));
    let address = attribute(&service.address);
    format!(
        "    <wsdl:port name=\"{name}Port{mark}\" binding=\"tns:{name}Binding{mark}\"><{soap}:address location=\"{address}\"/></wsdl:port>\n"
    )
}

/// Types and message parts in rpc style: a complex part gets a named type.
fn rpc(service: &WsdlService) -> (String, String, String) {
    let mut types = String::new();
    let mut response = String::new();
    for part in &service.returns {
        if part.inside.is_empty() {
            response.push_str(&format!(
                "    <wsdl:part name=\"{}\" type=\"xsd:string\"/>\n",
                part.name
            ));
            continue;
        }
        let type_name = format!("{}Type", part.name);
        types.push_str(&format!(
            "      <xsd:complexType name=\"{type_name}\">{}</xsd:complexType>\n",
            sequence(&part.inside)
        ));
        response.push_str(&format!(
            "    <wsdl:part name=\"{}\" type=\"tns:{type_name}\"/>\n",
            part.name
        ));
    }
    let request = service
        .parameters
        .iter()
        .map(|name| format!("    <wsdl:part name=\"{name}\" type=\"xsd:string\"/>\n"))
        .collect();
    (types, request, response)
}

/// The same in document style: one element each way.
fn document(service: &WsdlService) -> (String, String, String) {
    let operation = &service.operation;
    let parameters: Vec<WsdlPart> = service
        .parameters
        .iter()
        .map(|name| WsdlPart {
            name: name.clone(),
            inside: Vec::new(),
            repeated: false,
        })
        .collect();
    let types = format!(
        "      <xsd:element name=\"{operation}\"><xsd:complexType>{}</xsd:complexType></xsd:element>\n      \
         <xsd:element name=\"{operation}Response\"><xsd:complexType>{}</xsd:complexType></xsd:element>\n",
        sequence(&parameters),
        sequence(&service.returns)
    );
    let part =
        |element: &str| format!("    <wsdl:part name=\"parameters\" element=\"tns:{element}\"/>\n");
    (
        types,
        part(operation),
        part(&format!("{operation}Response")),
    )
}

fn sequence(parts: &[WsdlPart]) -> String {
    let mut out = String::from("<xsd:sequence>");
    for part in parts {
        let occurs = match part.repeated {
            true => " minOccurs=\"0\" maxOccurs=\"unbounded\"",
            false => " minOccurs=\"0\"",
        };
        match part.inside.is_empty() {
            true => out.push_str(&format!("<xsd:element name=\"{}\" type=\"xsd:string\"{occurs}/>", part.name)),
            false => out.push_str(&format!(
                "<xsd:element name=\"{}\"{occurs}><xsd:complexType>{}</xsd:complexType></xsd:element>",
                part.name,
                sequence(&part.inside)
            )),
        }
    }
    out.push_str("</xsd:sequence>");
    out
}

fn attribute(text: &str) -> String {
    escape_text(text).replace('"', "&quot;")
}
