"""Services of single stacks, written by hand as each of them prints its WSDL: SAP, Oracle, Apache SOAP, ActionWebService, SOAP::Lite, PowerBuilder, node-soap, PHP without a library, and the hall's own ExInfo."""

from feature_services import contract, document, one, schema

XS = "http://www.w3.org/2001/XMLSchema"
ENC = "http://schemas.xmlsoap.org/soap/encoding/"


def sap():
    fields = {"SBLSH": "char29", "SXBM": "char26", "SQRMC": "char200", "SFJE": "curr15.2", "SBSJ": "date10", "SLSJ": "time"}
    simple = "".join(f'<xsd:simpleType name="char{n}"><xsd:restriction base="xsd:string"><xsd:maxLength value="{n}"/></xsd:restriction></xsd:simpleType>\n' for n in (1, 26, 29, 200, 220)) + '<xsd:simpleType name="curr15.2"><xsd:restriction base="xsd:decimal"><xsd:totalDigits value="15"/><xsd:fractionDigits value="2"/></xsd:restriction></xsd:simpleType>\n<xsd:simpleType name="date10"><xsd:restriction base="xsd:string"><xsd:maxLength value="10"/><xsd:pattern value="\\d\\d\\d\\d-\\d\\d-\\d\\d"/></xsd:restriction></xsd:simpleType>\n<xsd:simpleType name="time"><xsd:restriction base="xsd:time"><xsd:pattern value="[0-9]{2}:[0-9]{2}:[0-9]{2}"/></xsd:restriction></xsd:simpleType>\n<xsd:simpleType name="numeric6"><xsd:restriction base="xsd:string"><xsd:maxLength value="6"/><xsd:pattern value="\\d*"/></xsd:restriction></xsd:simpleType>\n'
    row = "".join(f'<xsd:element name="{name.title()}" type="n0:{kind}"/>\n' for name, kind in fields.items())
    text = f'''<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions targetNamespace="urn:sap-com:document:sap:soap:functions:mc-style" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xsd="{XS}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsoap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" xmlns:tns="urn:sap-com:document:sap:soap:functions:mc-style" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:wsrmp="http://docs.oasis-open.org/ws-rx/wsrmp/200702" xmlns:sapdoc="urn:sap:esi:documentation" xmlns:n1="urn:sap-com:document:sap:rfc:functions">
<wsdl:documentation><sidl:sidl xmlns:sidl="http://www.sap.com/2007/03/sidl"/></wsdl:documentation>
<wsp:UsingPolicy wsdl:required="true"/>
<wsp:Policy wsu:Id="BN__-gov_-ZWS_HALL_APPLICATION"><wsp:ExactlyOne><wsp:All><wsrmp:RMAssertion><wsp:Policy><wsrmp:DeliveryAssurance><wsp:Policy><wsrmp:ExactlyOnce/><wsrmp:InOrder/></wsp:Policy></wsrmp:DeliveryAssurance></wsp:Policy></wsrmp:RMAssertion><saptrnbnd:OptimizedXMLTransfer uri="http://xml.sap.com/2006/11/esi/esp/binxml" wsp:Optional="true" xmlns:saptrnbnd="http://www.sap.com/webas/710/soap/features/transportbinding/"/></wsp:All></wsp:ExactlyOne></wsp:Policy>
<wsdl:types>
<xsd:schema attributeFormDefault="qualified" targetNamespace="urn:sap-com:document:sap:rfc:functions">
{simple}</xsd:schema>
<xsd:schema attributeFormDefault="qualified" targetNamespace="urn:sap-com:document:sap:soap:functions:mc-style" xmlns:n0="urn:sap-com:document:sap:rfc:functions">
<xsd:import namespace="urn:sap-com:document:sap:rfc:functions"/>
<xsd:complexType name="_-gov_-zhallCaseS"><xsd:sequence>
{row}</xsd:sequence></xsd:complexType>
<xsd:complexType name="_-gov_-zhallCaseT"><xsd:sequence><xsd:element name="item" type="tns:_-gov_-zhallCaseS" minOccurs="0" maxOccurs="unbounded"/></xsd:sequence></xsd:complexType>
<xsd:complexType name="Bapiret2"><xsd:sequence><xsd:element name="Type" type="n0:char1"/><xsd:element name="Message" type="n0:char220"/></xsd:sequence></xsd:complexType>
<xsd:complexType name="TableOfBapiret2"><xsd:sequence><xsd:element name="item" type="tns:Bapiret2" minOccurs="0" maxOccurs="unbounded"/></xsd:sequence></xsd:complexType>
<xsd:element name="_-gov_-zhallApplicationCreate"><xsd:complexType><xsd:sequence><xsd:element name="IvRegion" type="n0:numeric6"/><xsd:element name="ItCases" type="tns:_-gov_-zhallCaseT"/><xsd:element name="CtReturn" type="tns:TableOfBapiret2" minOccurs="0"/></xsd:sequence></xsd:complexType></xsd:element>
<xsd:element name="_-gov_-zhallApplicationCreateResponse"><xsd:complexType><xsd:sequence><xsd:element name="CtReturn" type="tns:TableOfBapiret2" minOccurs="0"/><xsd:element name="EvCount" type="xsd:int"/></xsd:sequence></xsd:complexType></xsd:element>
<xsd:element name="_-gov_-zhallApplicationCreate.Exception" type="tns:_-gov_-zhallApplicationCreate.RfcException"/>
<xsd:complexType name="_-gov_-zhallApplicationCreate.RfcException"><xsd:sequence><xsd:element name="Name" type="tns:RfcExceptions"/><xsd:element name="Text" type="xsd:string" minOccurs="0"/></xsd:sequence></xsd:complexType>
<xsd:simpleType name="RfcExceptions"><xsd:restriction base="xsd:string"><xsd:enumeration value="NotFound"/><xsd:enumeration value="Locked"/></xsd:restriction></xsd:simpleType>
</xsd:schema>
</wsdl:types>
<wsdl:message name="_-gov_-zhallApplicationCreate"><wsdl:part name="parameters" element="tns:_-gov_-zhallApplicationCreate"/></wsdl:message>
<wsdl:message name="_-gov_-zhallApplicationCreateResponse"><wsdl:part name="parameter" element="tns:_-gov_-zhallApplicationCreateResponse"/></wsdl:message>
<wsdl:message name="_-gov_-zhallApplicationCreate.Exception"><wsdl:part name="_-gov_-zhallApplicationCreate.Exception" element="tns:_-gov_-zhallApplicationCreate.Exception"/></wsdl:message>
<wsdl:portType name="_-gov_-ZWS_HALL_APPLICATION"><wsdl:operation name="_-gov_-zhallApplicationCreate"><wsdl:input message="tns:_-gov_-zhallApplicationCreate"/><wsdl:output message="tns:_-gov_-zhallApplicationCreateResponse"/><wsdl:fault name="_-gov_-zhallApplicationCreate.Exception" message="tns:_-gov_-zhallApplicationCreate.Exception"/></wsdl:operation></wsdl:portType>
BINDINGS<wsdl:service name="_-gov_-ZWS_HALL_APPLICATION"><wsdl:port name="ZHALL" binding="tns:ZHALL"><soap:address location="http://127.0.0.1:8000/sap/bc/srt/rfc/gov/zws_hall_application/100/zhall/zhall"/></wsdl:port><wsdl:port name="ZHALL_SOAP12" binding="tns:ZHALL_SOAP12"><wsoap12:address location="http://127.0.0.1:8000/sap/bc/srt/rfc/gov/zws_hall_application/100/zhall/zhall"/></wsdl:port></wsdl:service>
</wsdl:definitions>
'''
    binding = lambda name, p: f'<wsdl:binding name="{name}" type="tns:_-gov_-ZWS_HALL_APPLICATION"><wsp:Policy><wsp:PolicyReference URI="#BN__-gov_-ZWS_HALL_APPLICATION"/></wsp:Policy><{p}:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/><wsdl:operation name="_-gov_-zhallApplicationCreate"><{p}:operation soapAction="urn:sap-com:document:sap:soap:functions:mc-style:_-gov_-ZWS_HALL_APPLICATION:_-gov_-zhallApplicationCreateRequest" style="document"/><wsdl:input><{p}:body use="literal"/></wsdl:input><wsdl:output><{p}:body use="literal"/></wsdl:output><wsdl:fault name="_-gov_-zhallApplicationCreate.Exception"><{p}:fault use="literal" name="_-gov_-zhallApplicationCreate.Exception"/></wsdl:fault></wsdl:operation></wsdl:binding>\n'
    one("sap_function_module", text.replace("BINDINGS", binding("ZHALL", "soap") + binding("ZHALL_SOAP12", "wsoap12")), ["names with _- and dots", "wsp:UsingPolicy required, WS-RM policy", "prefix wsoap12", "char and currency types"], "SAP")
    ns = "http://gov.cn/xi/Hall"
    text = contract("ApplicationBulkReplicateRequest_In", ns, schema(ns, '''
      <xs:complexType name="BasicBusinessDocumentMessageHeader"><xs:annotation><xs:documentation xml:lang="EN"><ccts:RepresentationTerm xmlns:ccts="urn:un:unece:uncefact:documentation:standard:XMLNDRDocumentation:3.0">Details</ccts:RepresentationTerm></xs:documentation></xs:annotation><xs:sequence><xs:element name="ID" form="unqualified" minOccurs="0"><xs:complexType><xs:simpleContent><xs:extension base="tns:BusinessDocumentMessageID.Content"><xs:attribute name="schemeID" type="tns:Token60"/><xs:attribute name="schemeAgencyID" type="tns:Token60"/></xs:extension></xs:simpleContent></xs:complexType></xs:element><xs:element name="CreationDateTime" type="tns:GLOBAL_DateTime"/></xs:sequence></xs:complexType>
      <xs:simpleType name="BusinessDocumentMessageID.Content"><xs:restriction base="xs:token"><xs:minLength value="1"/><xs:maxLength value="35"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Token60"><xs:restriction base="xs:token"><xs:maxLength value="60"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="GLOBAL_DateTime"><xs:restriction base="xs:dateTime"><xs:pattern value="[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(.[0-9]{1,7})?Z"/></xs:restriction></xs:simpleType>
      <xs:element name="ApplicationBulkReplicateRequest"><xs:complexType><xs:sequence><xs:element name="MessageHeader" type="tns:BasicBusinessDocumentMessageHeader"/><xs:element name="Application" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="Number" type="xs:string"/></xs:sequence><xs:attribute name="actionCode" type="tns:Token60"/></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>''', form="unqualified"), [("ApplicationBulkReplicateRequest_In", "tns:ApplicationBulkReplicateRequest", None)])
    one("sap_asynchronous", text, ["one-way only", "very long names, names with dots", "dates with a pattern"], "SAP")


def oracle():
    ns = "http://xmlns.oracle.com/orawsv/HALL/APPLY"
    text = contract("APPLYService", ns, schema(ns, '''
      <xs:element name="SNUMBER-APPLYInput"><xs:complexType><xs:sequence><xs:element name="P_SXBM-VARCHAR2-IN" type="xs:string"/><xs:element name="P_SBSJ-DATE-IN" type="xs:date"/><xs:element name="P_MATERIALS-MATERIAL_TAB-CIN"><xs:complexType><xs:choice minOccurs="0"><xs:element name="MATERIAL_TAB" type="tns:MATERIAL_TABType"/></xs:choice></xs:complexType></xs:element><xs:element name="P_MESSAGE-VARCHAR2-OUT"><xs:complexType/></xs:element></xs:sequence></xs:complexType></xs:element>
      <xs:complexType name="MATERIAL_TABType"><xs:sequence><xs:element name="MATERIAL_OBJ" type="tns:MATERIAL_OBJType" minOccurs="0" maxOccurs="unbounded" nillable="true"/></xs:sequence></xs:complexType>
      <xs:complexType name="MATERIAL_OBJType"><xs:sequence><xs:element name="CLMC" nillable="true"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="400"/></xs:restriction></xs:simpleType></xs:element><xs:element name="CLSL" type="xs:double" nillable="true"/></xs:sequence></xs:complexType>
      <xs:element name="APPLYOutput"><xs:complexType><xs:sequence><xs:element name="RETURN" type="xs:double"/><xs:element name="P_MESSAGE" type="xs:string"/></xs:sequence></xs:complexType></xs:element>'''), [("APPLY", "tns:SNUMBER-APPLYInput", "tns:APPLYOutput")], manner="", extra="")
    one("oracle_native", text, ["element names with the kind of the parameter: P_SXBM-VARCHAR2-IN", "empty element for a parameter that only comes back"], "Oracle XML DB")
    ns = "http://xmlns.oracle.com/HallApproval"
    text = contract("HallApproval", ns, f'    <xs:schema><xs:import namespace="{ns}" schemaLocation="HallApproval.xsd"/></xs:schema>\n', [("initiate", "tns:HallApprovalRequest", None)], manner="", declare='xmlns:plnk="http://schemas.xmlsoap.org/ws/2003/05/partner-link/" xmlns:client="http://xmlns.oracle.com/HallApproval"')
    callback = '  <portType name="HallApprovalCallback"><operation name="onResult"><input message="tns:onResultInput"/></operation></portType>\n  <binding name="HallApprovalCallbackBinding" type="tns:HallApprovalCallback"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="onResult"><soap:operation style="document" soapAction="onResult"/><input><soap:header message="tns:WSARelatesTo" part="RelatesTo" use="literal" encodingStyle=""/><soap:body use="literal"/></input></operation></binding>\n'
    text = text.replace("  <portType", '  <message name="onResultInput"><part name="payload" element="client:HallApprovalResult"/></message>\n  <message name="WSARelatesTo"><part name="RelatesTo" element="client:RelatesTo"/></message>\n  <portType', 1).replace('  <service name="HallApproval">', callback + '  <service name="HallApproval">').replace("</definitions>", '  <service name="HallApprovalCallbackService"><port name="HallApprovalCallbackPort" binding="tns:HallApprovalCallbackBinding"><soap:address location="http://127.0.0.1/set-by-caller"/></port></service>\n  <plnk:partnerLinkType name="HallApproval"><plnk:role name="HallApprovalProvider"><plnk:portType name="client:HallApprovalPortType"/></plnk:role><plnk:role name="HallApprovalRequester"><plnk:portType name="client:HallApprovalCallback"/></plnk:role></plnk:partnerLinkType>\n</definitions>')
    one("oracle_bpel_callback", {"service.wsdl": text, "HallApproval.xsd": document(f'<schema xmlns="{XS}" targetNamespace="{ns}" xmlns:t="{ns}" elementFormDefault="qualified">\n  <element name="HallApprovalRequest"><complexType><sequence><element name="input" type="string"/></sequence></complexType></element>\n  <element name="HallApprovalResult"><complexType><sequence><element name="result" type="string"/></sequence></complexType></element>\n  <element name="RelatesTo" type="anyURI"/>\n</schema>')}, ["partnerLinkType", "callback port type, both one-way", "header of a callback"], "Oracle BPEL")


def encoded():
    text = f'''<?xml version="1.0" encoding="UTF-8"?>
<definitions name="FrontEnd" targetNamespace="urn:front-end" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="urn:front-end" xmlns:xsd="{XS}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:enc="{ENC}" xmlns:apachesoap="http://xml.apache.org/xml-soap" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">
  <types>
    <schema targetNamespace="http://xml.apache.org/xml-soap" xmlns="{XS}">
      <import namespace="{ENC}"/>
      <complexType name="mapItem"><sequence><element name="key" nillable="true" type="xsd:anyType"/><element name="value" nillable="true" type="xsd:anyType"/></sequence></complexType>
      <complexType name="Map"><sequence><element maxOccurs="unbounded" minOccurs="0" name="item" type="apachesoap:mapItem"/></sequence></complexType>
      <complexType name="Vector"><sequence><element maxOccurs="unbounded" minOccurs="0" name="item" type="xsd:anyType"/></sequence></complexType>
    </schema>
    <schema targetNamespace="urn:front-end" xmlns="{XS}">
      <import namespace="{ENC}"/>
      <complexType name="Table"><complexContent><restriction base="enc:Array"><attribute ref="enc:arrayType" wsdl:arrayType="apachesoap:Map[]"/></restriction></complexContent></complexType>
      <complexType name="Rows"><complexContent><restriction base="enc:Array"><sequence><element name="item" type="xsd:string" maxOccurs="unbounded"/></sequence></restriction></complexContent></complexType>
      <complexType name="Nested"><complexContent><restriction base="enc:Array"><attribute ref="enc:arrayType" wsdl:arrayType="xsd:string[][]"/></restriction></complexContent></complexType>
    </schema>
  </types>
  <message name="putIn"><part name="table" type="xsd:string"/><part name="row" type="apachesoap:Map"/><part name="version" type="enc:int"/></message>
  <message name="putOut"><part name="result" type="apachesoap:Vector"/></message>
  <message name="selectIn"><part name="table" type="xsd:string"/><part name="columns" type="tns:Rows"/></message>
  <message name="selectOut"><part name="rows" type="tns:Table"/><part name="cells" type="tns:Nested"/></message>
  <portType name="FrontEnd"><operation name="put" parameterOrder="table row version"><input message="tns:putIn"/><output message="tns:putOut"/></operation><operation name="select"><input message="tns:selectIn"/><output message="tns:selectOut"/></operation></portType>
  <binding name="FrontEndBinding" type="tns:FrontEnd"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="put"><soap:operation soapAction=""/><input><soap:body use="encoded" namespace="urn:front-end" encodingStyle="{ENC}"/></input><output><soap:body use="encoded" namespace="urn:front-end" encodingStyle="{ENC}"/></output></operation>
    <operation name="select"><soap:operation soapAction=""/><input><soap:body use="encoded" namespace="urn:front-end" encodingStyle="{ENC}"/></input><output><soap:body use="encoded" namespace="urn:front-end" encodingStyle="{ENC}"/></output></operation>
  </binding>
  <service name="FrontEndService"><port name="FrontEndPort" binding="tns:FrontEndBinding"><soap:address location="http://127.0.0.1:8080/soap/servlet/rpcrouter"/></port></service>
</definitions>
'''
    one("apache_soap_map", text, ["apachesoap Map and Vector", "arrays by arrayType, by sequence, and of arrays", "parts of a type of the encoding"], "Apache SOAP")
    body12 = 'use="encoded" namespace="urn:hall:encoded12" encodingStyle="http://www.w3.org/2003/05/soap-encoding"'
    text = contract("Encoded12", "urn:hall:encoded12", schema("urn:hall:encoded12", '''
      <xs:import namespace="http://www.w3.org/2003/05/soap-encoding"/>
      <xs:complexType name="Case"><xs:sequence><xs:element name="number" type="xs:string"/><xs:element name="previous" type="tns:Case" nillable="true"/></xs:sequence></xs:complexType>
      <xs:complexType name="Cases"><xs:sequence><xs:element name="item" type="tns:Case" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>''', form="unqualified"), [("chain", '<wsdl:part name="number" type="xs:string"/>', '<wsdl:part name="result" type="tns:Case"/>'), ("all", '<wsdl:part name="region" type="xs:string"/>', '<wsdl:part name="result" type="tns:Cases"/>')], version="soap12", style="rpc", body=body12)
    one("soap12_encoded", text, ["rpc/encoded with the encoding of SOAP 1.2", "recursion that may point back"], "Glue")
    parts = lambda text: "".join(f'<wsdl:part name="{p.split()[0]}" type="{p.split()[1]}"/>' for p in text.split(",") if p)
    body = f'use="encoded" namespace="urn:ActionWebService" encodingStyle="{ENC}"'
    array = lambda name, kind: f'<xs:complexType name="{name}Array"><xs:complexContent><xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="{kind}[]"/></xs:restriction></xs:complexContent></xs:complexType>'
    text = contract("HallService", "urn:ActionWebService", schema("urn:ActionWebService", '<xs:complexType name="Todo"><xs:all><xs:element name="id" type="xs:int"/><xs:element name="title" type="xs:string"/><xs:element name="done" type="xs:boolean"/></xs:all></xs:complexType>' + array("Todo", "tns:Todo") + array("String", "xs:string"), form="unqualified", more=f'xmlns:soapenc="{ENC}"'), [("FindTodos", parts("officer xs:string,tags tns:StringArray"), parts("return tns:TodoArray")), ("Close", parts("param0 xs:int"), parts(""  ) or "<!---->")], manner="wsdl", style="rpc", body=body)
    one("ruby_action_web_service", text, ["rpc/encoded", "param0 as a name", "encoding's namespace never imported"], "Ruby ActionWebService")
    body = f'use="encoded" namespace="urn:/Hall/Queue" encodingStyle="{ENC}"'
    text = contract("HallQueueHandler", "urn:/Hall/Queue", "", [("next_ticket", parts("window xs:string"), parts("next_ticketReturn xs:string")), ("waiting", "<!-- no parameters -->", parts("waitingReturn xs:int"))], style="rpc", body=body)
    one("perl_soap_lite", text, ["no types at all", "namespace with a path", "operation without parameters"], "Perl SOAP::Lite")
    body = f'use="encoded" namespace="urn:Jaguar/HallComponent" encodingStyle="{ENC}"'
    text = contract("n_cst_hall", "urn:Jaguar/HallComponent", schema("urn:Jaguar/HallComponent", '<xs:complexType name="XDT.IntegerValue"><xs:sequence><xs:element name="value" type="xs:short"/></xs:sequence></xs:complexType><xs:complexType name="XDT.ResultSet"><xs:sequence><xs:element name="columns" type="xs:string" minOccurs="0" maxOccurs="unbounded"/><xs:element name="rows" type="xs:base64Binary"/></xs:sequence></xs:complexType>', form="unqualified"), [("of_save", parts("as_xml xs:string,ai_kind xs:short"), parts("return xs:long,as_xml xs:string,ai_kind xs:short")), ("of_retrieve", parts("as_sblsh xs:string"), parts("return tns:XDT.ResultSet"))], manner="", style="rpc", body=body).replace("<wsdl:part", "<part")
    one("powerbuilder_component", text, ["parameters that go in and come back", "type names with a dot"], "PowerBuilder EAServer")


def by_hand():
    text = contract("hall", "http://www.example.gov.cn/hall.wsdl", "", [("getStatus", '<part name="sblsh" type="xs:string"/><part name="sxbm" type="xs:string"/>', '<part name="status" type="xs:string"/>'), ("submit", '<part name="xml" type="xs:string"/>', '<part name="code" type="xs:int"/><part name="desc" type="xs:string"/>')], manner="", style="rpc", body='use="literal" namespace="http://www.example.gov.cn/hall"')
    one("php_without_types", text.replace("\n  <", "\n\t<"), ["rpc/literal, simple parts only", "namespace of the calls differs from that of the WSDL", "two results"], "PHP by hand")
    ns = "urn:php:case"
    text = contract("CaseSoap", ns, schema(ns, '''
      <xs:complexType name="Case"><xs:all><xs:element name="sblsh" type="xs:string"/><xs:element name="status" type="xs:int"/><xs:element name="note" type="xs:string" minOccurs="0" nillable="true"/></xs:all></xs:complexType>
      <xs:complexType name="ArrayOfCase"><xs:complexContent><xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="tns:Case[]"/></xs:restriction></xs:complexContent></xs:complexType>''', form="unqualified", more=f'xmlns:soapenc="{ENC}"'), [("getCases", '<wsdl:part name="region" type="xs:string"/>', '<wsdl:part name="return" type="tns:ArrayOfCase"/>'), ("putCase", '<wsdl:part name="case" type="tns:Case"/>', '<wsdl:part name="return" type="xs:boolean"/>')], style="rpc", body=f'use="encoded" namespace="{ns}" encodingStyle="{ENC}"')
    one("php_encoded", text, ["rpc/encoded", "array without an import of the encoding's schema"], "PHP by hand")
    ns = "http://node.hall.gov.cn/item"
    text = contract("ItemService", ns, f'''    <xs:schema targetNamespace="{ns}" attributeFormDefault="unqualified" elementFormDefault="qualified" xmlns:xs="{XS}">
      <xs:element name="itemRequest"><xs:complexType><xs:sequence><xs:element name="code" type="xs:string"/><xs:element name="fields" type="xs:string" minOccurs="0" maxOccurs="unbounded"/></xs:sequence><xs:attribute name="lang" type="xs:string" default="zh"/></xs:complexType></xs:element>
      <xs:element name="itemResponse"><xs:complexType><xs:sequence><xs:element name="name" type="xs:string"/><xs:element name="price" type="xs:float"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="itemFault" type="xs:string"/>
    </xs:schema>
''', [("GetItem", "tns:itemRequest", "tns:itemResponse", "tns:itemFault"), ("Drop", "tns:itemRequest", None)])
    one("node_soap_item", text, ["document/literal bare, used with node-soap", "attribute with a default", "one-way"], "node-soap")
    ns = "http://www.zhuhai.gov.cn/exinfo"
    typed = schema(ns, '''
      <xs:element name="ExInfo"><xs:complexType><xs:sequence>
        <xs:element name="standardInfo"><xs:complexType><xs:sequence><xs:element name="Field" maxOccurs="unbounded"><xs:complexType><xs:simpleContent><xs:extension base="xs:string"><xs:attribute name="FieldName" type="xs:NMTOKEN" use="required"/></xs:extension></xs:simpleContent></xs:complexType></xs:element></xs:sequence>
          <xs:attribute name="process" use="required"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="EX_GDBS_SB"/><xs:enumeration value="EX_GDBS_WSYSL"/><xs:enumeration value="EX_GDBS_SL"/><xs:enumeration value="EX_GDBS_SPCL"/><xs:enumeration value="EX_GDBS_SP"/><xs:enumeration value="EX_GDBS_BJ"/><xs:enumeration value="QRY_SERV"/></xs:restriction></xs:simpleType></xs:attribute></xs:complexType></xs:element>
        <xs:element name="ItemInfo" minOccurs="0"><xs:complexType><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/></xs:sequence><xs:attribute name="DeptCode" type="xs:string"/><xs:attribute name="WinCode" type="xs:string"/><xs:attribute name="ItemCode" type="xs:string"/><xs:attribute name="Action" type="xs:int" fixed="1"/></xs:complexType></xs:element>
        <xs:element name="ExFile" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="File" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:attribute name="FileId" type="xs:string" use="required"/><xs:attribute name="FileName" type="xs:string"/><xs:attribute name="certType" type="xs:string" default=""/></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="Result"><xs:complexType><xs:sequence><xs:element name="code" type="xs:int"/><xs:element name="desc" type="xs:string"/><xs:element name="reasonList" type="xs:string" minOccurs="0" maxOccurs="unbounded" nillable="true"/></xs:sequence></xs:complexType></xs:element>''', form="unqualified")
    one("exinfo_typed", contract("ExInfoService", ns, typed, [("exchange", "tns:ExInfo", "tns:Result")], manner=""), ["ExInfo as typed XML, unqualified, all by attributes", "fixed and empty default attributes"], "hall")
    body = f'use="encoded" namespace="http://focus.gov.cn" encodingStyle="{ENC}"'
    text = contract("DataExchange", "http://focus.gov.cn", "", [("setDataXmlToFocus", '<part name="deptCode" type="xs:string"/><part name="xml" type="xs:string"/><part name="tableName" type="xs:string"/><part name="identify" type="xs:string"/>', '<part name="setDataXmlToFocusReturn" type="xs:string"/>'), ("excute", '<part name="xml" type="xs:string"/>', '<part name="excuteReturn" type="xs:anyType"/>')], manner="", style="rpc", body=body, encoding="GB2312")
    text = text.replace("  <portType", "  <!-- 数据交换：xml 为转义后的 ExInfo -->\n  <portType", 1)
    one("exinfo_in_string", text.encode("gb2312"), ["rpc/encoded with the XML as an escaped string", "GB2312", "an answer of anyType"], "hall")


if __name__ == "__main__":
    for maker in (sap, oracle, encoded, by_hand):
        maker()
