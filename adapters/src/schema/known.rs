//! Schemas that descriptions refer to without bringing them: the attributes of `xml:` (XML Schema part 1, 2.6 refers to them),
//! the encodings of SOAP 1.1 (section 5) and SOAP 1.2 (part 2, section 3), `wsdl:arrayType` (WSDL 1.1, 3.5) and the
//! content types of binary data in XML (W3C note 2005, xmlmime), and references to packaged binary data (XOP 1.0). Written here from those texts, and used only where a description
//! does not bring its own.

use super::builtin::BuiltIn;
use crate::xml::XML_NAMESPACE;
use std::fmt::Write;

/// Namespace of the encoding of SOAP 1.1.
pub(crate) const ENCODING_11: &str = "http://schemas.xmlsoap.org/soap/encoding/";
/// Namespace of the encoding of SOAP 1.2.
pub(crate) const ENCODING_12: &str = "http://www.w3.org/2003/05/soap-encoding";
/// Namespace of `rpc:result`, which only names the part that is the result (SOAP 1.2 part 2, 4.2.1).
pub(crate) const RPC_12: &str = "http://www.w3.org/2003/05/soap-rpc";
/// Namespace of WSDL 1.1.
pub(crate) const WSDL_11: &str = "http://schemas.xmlsoap.org/wsdl/";
/// Namespace of content types of binary data.
pub(crate) const XML_MIME: &str = "http://www.w3.org/2005/05/xmlmime";

/// Namespace of WS-Addressing 1.0.
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";

/// Namespace of XML-binary Optimized Packaging.
const PACKAGING: &str = "http://www.w3.org/2004/08/xop/include";

/// Namespaces that have a schema here.
pub(crate) const KNOWN: [&str; 7] = [
    XML_NAMESPACE,
    ENCODING_11,
    ENCODING_12,
    WSDL_11,
    XML_MIME,
    ADDRESSING,
    PACKAGING,
];

/// Namespaces of types that stacks name without ever bringing a schema: maps, vectors and attachments of Axis. A type of theirs that
/// no document defines may hold anything.
const WITHOUT_SCHEMA: [&str; 2] = [
    "http://xml.apache.org/xml-soap",
    "http://xml.apache.org/axis/session",
];

/// Whether an undefined type of a namespace may hold anything.
pub(crate) fn is_without_schema(namespace: &str) -> bool {
    WITHOUT_SCHEMA.contains(&namespace)
}

/// The schema of a namespace.
pub(crate) fn schema_of(namespace: &str) -> Option<String> {
    match namespace {
        XML_NAMESPACE => Some(schema(
            namespace,
            r###"<xs:attribute name="lang"><xs:simpleType><xs:union memberTypes="xs:language"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value=""/></xs:restriction></xs:simpleType></xs:union></xs:simpleType></xs:attribute>
<xs:attribute name="space"><xs:simpleType><xs:restriction base="xs:NCName"><xs:enumeration value="default"/><xs:enumeration value="preserve"/></xs:restriction></xs:simpleType></xs:attribute>
<xs:attribute name="base" type="xs:anyURI"/>
<xs:attribute name="id" type="xs:ID"/>
<xs:attributeGroup name="specialAttrs"><xs:attribute ref="t:base"/><xs:attribute ref="t:lang"/><xs:attribute ref="t:space"/><xs:attribute ref="t:id"/></xs:attributeGroup>"###,
        )),
        WSDL_11 => Some(schema(
            namespace,
            r###"<xs:attribute name="arrayType" type="xs:string"/>"###,
        )),
        XML_MIME => Some(schema(
            namespace,
            r###"<xs:attribute name="contentType" type="xs:string"/>
<xs:attribute name="expectedContentTypes" type="xs:string"/>
<xs:complexType name="base64Binary"><xs:simpleContent><xs:extension base="xs:base64Binary"><xs:attribute ref="t:contentType"/></xs:extension></xs:simpleContent></xs:complexType>
<xs:complexType name="hexBinary"><xs:simpleContent><xs:extension base="xs:hexBinary"><xs:attribute ref="t:contentType"/></xs:extension></xs:simpleContent></xs:complexType>"###,
        )),
        // WS-Addressing 1.0 core, sections 2.1 and 3.2.
        ADDRESSING => Some(schema(
            namespace,
            r###"<xs:complexType name="AttributedURIType"><xs:simpleContent><xs:extension base="xs:anyURI"><xs:anyAttribute namespace="##other" processContents="lax"/></xs:extension></xs:simpleContent></xs:complexType>
<xs:complexType name="ReferenceParametersType"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:anyAttribute namespace="##other" processContents="lax"/></xs:complexType>
<xs:complexType name="MetadataType"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:anyAttribute namespace="##other" processContents="lax"/></xs:complexType>
<xs:complexType name="EndpointReferenceType"><xs:sequence><xs:element name="Address" type="t:AttributedURIType"/><xs:element ref="t:ReferenceParameters" minOccurs="0"/><xs:element ref="t:Metadata" minOccurs="0"/><xs:any namespace="##other" minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:anyAttribute namespace="##other" processContents="lax"/></xs:complexType>
<xs:complexType name="RelatesToType"><xs:simpleContent><xs:extension base="xs:anyURI"><xs:attribute name="RelationshipType" type="xs:anyURI"/><xs:anyAttribute namespace="##other" processContents="lax"/></xs:extension></xs:simpleContent></xs:complexType>
<xs:element name="EndpointReference" type="t:EndpointReferenceType"/><xs:element name="ReferenceParameters" type="t:ReferenceParametersType"/><xs:element name="Metadata" type="t:MetadataType"/>
<xs:element name="MessageID" type="t:AttributedURIType"/><xs:element name="RelatesTo" type="t:RelatesToType"/><xs:element name="ReplyTo" type="t:EndpointReferenceType"/><xs:element name="From" type="t:EndpointReferenceType"/><xs:element name="FaultTo" type="t:EndpointReferenceType"/><xs:element name="To" type="t:AttributedURIType"/><xs:element name="Action" type="t:AttributedURIType"/>
<xs:attribute name="IsReferenceParameter" type="xs:boolean"/>"###,
        )),
        // XOP, section 2.1.
        PACKAGING => Some(schema(
            namespace,
            r###"<xs:complexType name="Include"><xs:sequence><xs:any namespace="##other" minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:attribute name="href" type="xs:anyURI" use="required"/><xs:anyAttribute namespace="##other" processContents="lax"/></xs:complexType>
<xs:element name="Include" type="t:Include"/>"###,
        )),
        ENCODING_11 => Some(schema(
            namespace,
            &encoding(
                r###"<xs:attribute name="arrayType" type="xs:string"/><xs:attribute name="offset" type="xs:string"/><xs:attribute name="position" type="xs:string"/><xs:attribute name="root" type="xs:boolean"/>
<xs:attributeGroup name="commonAttributes"><xs:attribute name="id" type="xs:ID"/><xs:attribute name="href" type="xs:anyURI"/><xs:anyAttribute namespace="##other" processContents="lax"/></xs:attributeGroup>
<xs:attributeGroup name="arrayAttributes"><xs:attribute ref="t:arrayType"/><xs:attribute ref="t:offset"/></xs:attributeGroup>
<xs:attributeGroup name="arrayMemberAttributes"><xs:attribute ref="t:position"/></xs:attributeGroup>"###,
            ),
        )),
        ENCODING_12 => Some(schema(
            namespace,
            &encoding(
                r###"<xs:attribute name="itemType" type="xs:QName"/><xs:attribute name="arraySize" type="xs:string"/><xs:attribute name="nodeType" type="xs:string"/><xs:attribute name="id" type="xs:ID"/><xs:attribute name="ref" type="xs:IDREF"/>
<xs:attributeGroup name="commonAttributes"><xs:attribute ref="t:id"/><xs:attribute ref="t:ref"/><xs:anyAttribute namespace="##other" processContents="lax"/></xs:attributeGroup>
<xs:attributeGroup name="arrayAttributes"><xs:attribute ref="t:itemType"/><xs:attribute ref="t:arraySize"/></xs:attributeGroup>"###,
            ),
        )),
        _ => None,
    }
}

fn schema(namespace: &str, components: &str) -> String {
    format!(
        "<xs:schema xmlns:xs=\"{}\" xmlns:t=\"{namespace}\" targetNamespace=\"{namespace}\" elementFormDefault=\"qualified\">{components}</xs:schema>",
        super::XML_SCHEMA
    )
}

/// Arrays, structures, and a type for every built-in one that may carry an id (SOAP 1.1, 5.2.1; SOAP 1.2 part 2, 3.1).
fn encoding(attributes: &str) -> String {
    let mut out = attributes.to_owned();
    out.push_str(
        r###"<xs:group name="Array"><xs:sequence><xs:any namespace="##any" minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence></xs:group>
<xs:complexType name="Array"><xs:group ref="t:Array" minOccurs="0"/><xs:attributeGroup ref="t:arrayAttributes"/><xs:attributeGroup ref="t:commonAttributes"/></xs:complexType>
<xs:element name="Array" type="t:Array"/>
<xs:group name="Struct"><xs:sequence><xs:any namespace="##any" minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence></xs:group>
<xs:complexType name="Struct"><xs:group ref="t:Struct" minOccurs="0"/><xs:attributeGroup ref="t:commonAttributes"/></xs:complexType>
<xs:element name="Struct" type="t:Struct"/>
<xs:simpleType name="base64"><xs:restriction base="xs:base64Binary"/></xs:simpleType>"###,
    );
    for built_in in BuiltIn::ALL {
        let name = built_in.name();
        if *built_in == BuiltIn::AnySimpleType || built_in.items().is_some() {
            continue;
        }
        let _ = write!(
            out,
            "<xs:complexType name=\"{name}\"><xs:simpleContent><xs:extension base=\"xs:{name}\"><xs:attributeGroup ref=\"t:commonAttributes\"/></xs:extension></xs:simpleContent></xs:complexType><xs:element name=\"{name}\" type=\"t:{name}\" nillable=\"true\"/>"
        );
    }
    out
}
