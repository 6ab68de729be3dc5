"""Contract-first services, each for a feature of WSDL or XML Schema, written by hand in several manners of prefixing."""

from collection_files import put

XS = "http://www.w3.org/2001/XMLSchema"
SOAP = {"soap": "http://schemas.xmlsoap.org/wsdl/soap/", "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/"}


def contract(name, ns, types, operations, manner="wsdl", version="soap", extra="", style="document", body='use="literal"', messages="", declare="", encoding="UTF-8"):
    """A whole WSDL around the text of its types. operations: (name, input, output or None, faults); an input is an element, or the parts in full.

    manner is the prefix of the WSDL namespace, "" for the default one.
    """
    w = manner + ":" if manner else ""

    def parts(text):
        return text if text.startswith("<") else f'<{w}part name="parameters" element="{text}"/>'

    said = port = binding = ""
    for operation, request, answer, *faults in operations:
        said += f'  <{w}message name="{operation}Input">{parts(request)}</{w}message>\n'
        port += f'    <{w}operation name="{operation}">\n      <{w}input message="tns:{operation}Input"/>\n'
        binding += f'    <{w}operation name="{operation}">\n      <{version}:operation soapAction="{ns}/{operation}"/>\n      <{w}input><{version}:body {body}/></{w}input>\n'
        if answer is not None:
            said += f'  <{w}message name="{operation}Output">{parts(answer)}</{w}message>\n'
            port += f'      <{w}output message="tns:{operation}Output"/>\n'
            binding += f'      <{w}output><{version}:body {body}/></{w}output>\n'
        for fault in faults:
            local = fault.split(":")[1]
            said += f'  <{w}message name="{operation}{local}"><{w}part name="fault" element="{fault}"/></{w}message>\n'
            port += f'      <{w}fault name="{local}" message="tns:{operation}{local}"/>\n'
            binding += f'      <{w}fault name="{local}"><{version}:fault name="{local}" use="literal"/></{w}fault>\n'
        port += f"    </{w}operation>\n"
        binding += f"    </{w}operation>\n"
    space = f'xmlns{":" + manner if manner else ""}="http://schemas.xmlsoap.org/wsdl/"'
    block = f"  <{w}types>\n{types}  </{w}types>\n" if types else ""
    return (f'<?xml version="1.0" encoding="{encoding}"?>\n<{w}definitions {space} xmlns:{version}="{SOAP[version]}" xmlns:xs="{XS}" xmlns:tns="{ns}" {declare} name="{name}" targetNamespace="{ns}">\n{block}{said}{messages}'
            f'  <{w}portType name="{name}PortType">\n{port}  </{w}portType>\n  <{w}binding name="{name}Binding" type="tns:{name}PortType">\n    <{version}:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>\n{binding}  </{w}binding>\n{extra}'
            f'  <{w}service name="{name}">\n    <{w}port name="{name}Port" binding="tns:{name}Binding">\n      <{version}:address location="http://127.0.0.1:8080/{name}"/>\n    </{w}port>\n  </{w}service>\n</{w}definitions>\n')


def schema(ns, text, form="qualified", more=""):
    return f'    <xs:schema xmlns:xs="{XS}" targetNamespace="{ns}" xmlns:tns="{ns}" elementFormDefault="{form}" {more}>\n{text.strip(chr(10))}\n    </xs:schema>\n'


def document(text):
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + text.strip() + "\n"


def one(name, files, special, stack="hand", main="service.wsdl"):
    put(name, {"service.wsdl": files} if isinstance(files, (str, bytes)) else files, stack, "written", special, main=main)


def documents_apart():
    ns = "http://www.hall.gov.cn/springws/application"
    one("springws_contract_first", {
        "service.wsdl": contract("Application", ns, f'    <xs:schema><xs:import namespace="{ns}" schemaLocation="schemas/application.xsd"/></xs:schema>\n', [("Submit", "tns:SubmitRequest", "tns:SubmitResponse", "tns:SubmitFault"), ("Withdraw", "tns:WithdrawRequest", None)]),
        "schemas/application.xsd": document(f'''
<xs:schema xmlns:xs="{XS}" xmlns="{ns}" xmlns:c="http://www.hall.gov.cn/springws/common" targetNamespace="{ns}" elementFormDefault="qualified">
  <xs:import namespace="http://www.hall.gov.cn/springws/common" schemaLocation="../common/party.xsd"/>
  <xs:include schemaLocation="parts/material.xsd"/>
  <xs:element name="SubmitRequest">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Sxbm" type="c:ItemCode"/>
        <xs:element name="Applicant" type="c:Party"/>
        <xs:element ref="Material" minOccurs="0" maxOccurs="50"/>
      </xs:sequence>
      <xs:attribute name="channel" type="xs:string" default="online"/>
    </xs:complexType>
  </xs:element>
  <xs:element name="SubmitResponse"><xs:complexType><xs:sequence><xs:element name="Sblsh" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="SubmitFault"><xs:complexType><xs:sequence><xs:element name="Reason" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="WithdrawRequest" type="xs:string"/>
</xs:schema>'''),
        "schemas/parts/material.xsd": document(f'''
<xs:schema xmlns:xs="{XS}" xmlns="{ns}" xmlns:c="http://www.hall.gov.cn/springws/common" targetNamespace="{ns}" elementFormDefault="qualified">
  <xs:import namespace="http://www.hall.gov.cn/springws/common" schemaLocation="../../common/party.xsd"/>
  <xs:element name="Material"><xs:complexType><xs:sequence><xs:element name="Name" type="xs:string"/><xs:element name="Issuer" type="c:Party" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
</xs:schema>'''),
        "common/party.xsd": document(f'''
<xs:schema xmlns:xs="{XS}" xmlns:p="http://www.hall.gov.cn/springws/common" targetNamespace="http://www.hall.gov.cn/springws/common">
  <xs:simpleType name="ItemCode"><xs:restriction base="xs:string"><xs:length value="26"/></xs:restriction></xs:simpleType>
  <xs:complexType name="Party"><xs:sequence><xs:element name="name" type="xs:string"/><xs:element name="idNumber" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType>
</xs:schema>'''),
    }, ["schemas in subfolders, imported and included with ../", "an imported schema with unqualified elements", "document/literal bare", "one-way"], "Spring-WS")

    one("chameleon_includes", {
        "service.wsdl": contract("Status", "urn:hall:status", schema("urn:hall:status", '''
      <xs:include schemaLocation="common.xsd"/>
      <xs:import namespace="urn:hall:history" schemaLocation="history.xsd"/>
      <xs:element name="StatusRequest"><xs:complexType><xs:sequence><xs:element name="Key" type="tns:Key"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="StatusResponse"><xs:complexType><xs:sequence><xs:element name="Now" type="tns:Code"/><xs:element xmlns:h="urn:hall:history" name="Before" type="h:History"/></xs:sequence></xs:complexType></xs:element>'''), [("Status", "tns:StatusRequest", "tns:StatusResponse")], manner=""),
        "common.xsd": document(f'<xs:schema xmlns:xs="{XS}" elementFormDefault="qualified">\n  <xs:include schemaLocation="codes.xsd"/>\n  <xs:complexType name="Key"><xs:sequence><xs:element name="Sblsh" type="xs:string"/><xs:element name="Kind" type="Code"/></xs:sequence></xs:complexType>\n</xs:schema>'),
        "codes.xsd": document(f'<xs:schema xmlns:xs="{XS}">\n  <xs:include schemaLocation="common.xsd"/>\n  <xs:simpleType name="Code"><xs:restriction base="xs:token"><xs:enumeration value="受理"/><xs:enumeration value="不予受理"/><xs:enumeration value="补正"/></xs:restriction></xs:simpleType>\n</xs:schema>'),
        "history.xsd": document(f'<xs:schema xmlns:xs="{XS}" xmlns:h="urn:hall:history" targetNamespace="urn:hall:history" elementFormDefault="unqualified">\n  <xs:include schemaLocation="common.xsd"/>\n  <xs:complexType name="History"><xs:sequence><xs:element name="Entry" type="h:Key" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>\n</xs:schema>'),
    }, ["schemas without a namespace included into two namespaces", "includes that include one another", "qualified and unqualified by where they are written"])

    part = lambda this, others, text: document(f'<xs:schema xmlns:xs="{XS}" xmlns:a="urn:hall:a" xmlns:b="urn:hall:b" xmlns:c="urn:hall:c" targetNamespace="urn:hall:{this}" elementFormDefault="qualified">\n' + "".join(f'  <xs:import namespace="urn:hall:{o}" schemaLocation="{o}.xsd"/>\n' for o in others) + f"{text}\n</xs:schema>")
    one("cyclic_imports", {
        "service.wsdl": contract("Cycle", "urn:hall:cycle", '    <xs:schema targetNamespace="urn:hall:cycle:all"><xs:import namespace="urn:hall:a" schemaLocation="types/a.xsd"/><xs:import namespace="urn:hall:b" schemaLocation="./types/../types/b.xsd"/></xs:schema>\n', [("Ask", "a:Question", "b:Answer")], manner="w", declare='xmlns:a="urn:hall:a" xmlns:b="urn:hall:b"'),
        "types/a.xsd": part("a", "bc", '  <xs:element name="Question" type="a:Case"/>\n  <xs:complexType name="Case"><xs:sequence><xs:element name="Number" type="xs:string"/><xs:element name="Owner" type="b:Person" minOccurs="0"/><xs:element ref="c:Item" minOccurs="0"/></xs:sequence></xs:complexType>'),
        "types/b.xsd": part("b", "ca", '  <xs:element name="Answer" type="b:Person"/>\n  <xs:complexType name="Person"><xs:sequence><xs:element name="Name" type="xs:string"/><xs:element name="Cases" type="a:Case" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>'),
        "types/c.xsd": part("c", "ab", '  <xs:element name="Item"><xs:complexType><xs:sequence><xs:element name="Code" type="xs:string"/><xs:element name="Responsible" type="b:Person" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>'),
    }, ["three schemas that import each other in a ring", "types that contain each other", "one file by two paths"])

    one("redefine", {
        "service.wsdl": contract("Licence", "urn:hall:licence", schema("urn:hall:licence", '''
      <xs:redefine schemaLocation="national.xsd">
        <xs:complexType name="Licence"><xs:complexContent><xs:extension base="tns:Licence"><xs:sequence><xs:element name="ProvincialNumber" type="xs:string"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
        <xs:simpleType name="Kind"><xs:restriction base="tns:Kind"><xs:enumeration value="食品经营许可证"/><xs:enumeration value="药品经营许可证"/></xs:restriction></xs:simpleType>
        <xs:group name="Dates"><xs:sequence><xs:group ref="tns:Dates"/><xs:element name="Reviewed" type="xs:date" minOccurs="0"/></xs:sequence></xs:group>
        <xs:attributeGroup name="Source"><xs:attributeGroup ref="tns:Source"/><xs:attribute name="region" type="xs:string"/></xs:attributeGroup>
      </xs:redefine>
      <xs:element name="Get" type="xs:string"/>
      <xs:element name="Licence" type="tns:Licence"/>'''), [("Get", "tns:Get", "tns:Licence")]),
        "national.xsd": document(f'''
<xs:schema xmlns:xs="{XS}" xmlns:tns="urn:hall:licence" targetNamespace="urn:hall:licence" elementFormDefault="qualified">
  <xs:simpleType name="Kind"><xs:restriction base="xs:string"><xs:maxLength value="50"/></xs:restriction></xs:simpleType>
  <xs:group name="Dates"><xs:sequence><xs:element name="Issued" type="xs:date"/><xs:element name="Expires" type="xs:date" minOccurs="0"/></xs:sequence></xs:group>
  <xs:attributeGroup name="Source"><xs:attribute name="system" type="xs:string" use="required"/></xs:attributeGroup>
  <xs:complexType name="Licence"><xs:sequence><xs:element name="Number" type="xs:string"/><xs:element name="Kind" type="tns:Kind"/><xs:group ref="tns:Dates"/></xs:sequence><xs:attributeGroup ref="tns:Source"/></xs:complexType>
</xs:schema>'''),
    }, ["xs:redefine of a complex type, a simple type, a group and an attribute group"])

    head = 'xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:m="urn:hall:chain:messages" xmlns:b="urn:hall:chain:bindings" xmlns:t="urn:hall:chain:types"'
    one("wsdl_import_chain", {
        "service.wsdl": document(f'<definitions {head} targetNamespace="urn:hall:chain:services">\n  <import namespace="urn:hall:chain:bindings" location="bindings/soap.wsdl"/>\n  <import namespace="urn:hall:chain:messages" location="contract/messages.wsdl"/>\n  <service name="ChainService"><port name="ChainPort" binding="b:ChainBinding"><soap:address location="http://127.0.0.1/chain"/></port></service>\n</definitions>'),
        "bindings/soap.wsdl": document(f'<definitions {head} targetNamespace="urn:hall:chain:bindings">\n  <import namespace="urn:hall:chain:messages" location="../contract/messages.wsdl"/>\n  <binding name="ChainBinding" type="m:ChainPortType"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Query"><soap:operation soapAction=""/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>\n</definitions>'),
        "contract/messages.wsdl": document(f'<definitions {head} targetNamespace="urn:hall:chain:messages">\n  <import namespace="urn:hall:chain:types" location="../types/types.wsdl"/>\n  <message name="QueryIn"><part name="body" element="t:Query"/></message>\n  <message name="QueryOut"><part name="body" element="t:Result"/></message>\n  <portType name="ChainPortType"><operation name="Query"><input message="m:QueryIn"/><output message="m:QueryOut"/></operation></portType>\n</definitions>'),
        "types/types.wsdl": document(f'<definitions {head} targetNamespace="urn:hall:chain:types">\n  <types><xs:schema xmlns:xs="{XS}" targetNamespace="urn:hall:chain:types"><xs:include schemaLocation="xsd/query.xsd"/><xs:element name="Result"><xs:complexType><xs:sequence><xs:element name="status" type="xs:int"/></xs:sequence></xs:complexType></xs:element></xs:schema></types>\n</definitions>'),
        "types/xsd/query.xsd": document(f'<xs:schema xmlns:xs="{XS}" targetNamespace="urn:hall:chain:types"><xs:element name="Query"><xs:complexType><xs:sequence><xs:element name="sblsh" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:schema>'),
    }, ["services, bindings, messages and types in four WSDLs and namespaces", "paths relative to the file they are written in", "soap:binding without a style"])

    one("schema_without_namespace", {
        "service.wsdl": contract("Bulletin", "urn:hall:bulletin", '    <xs:schema elementFormDefault="qualified"><xs:include schemaLocation="plain.xsd"/></xs:schema>\n', [("Publish", "Bulletin", "Receipt")]),
        "plain.xsd": document(f'<xs:schema xmlns:xs="{XS}">\n  <xs:element name="Bulletin"><xs:complexType><xs:sequence><xs:element name="Title" type="Title"/><xs:element name="Text" type="xs:string"/></xs:sequence></xs:complexType></xs:element>\n  <xs:simpleType name="Title"><xs:restriction base="xs:string"><xs:maxLength value="200"/></xs:restriction></xs:simpleType>\n  <xs:element name="Receipt" type="xs:string"/>\n</xs:schema>'),
    }, ["elements in no namespace", "QNames without a prefix"])


def particles():
    ns = "http://hall.gov.cn/particles"
    one("groups_and_attribute_groups", contract("Registry", ns, schema(ns, '''
      <xs:group name="Identity"><xs:choice><xs:element name="IdNumber" type="xs:string"/><xs:element name="Uscc" type="xs:string"/><xs:sequence><xs:element name="Passport" type="xs:string"/><xs:element name="Country" type="xs:string"/></xs:sequence></xs:choice></xs:group>
      <xs:group name="Contact"><xs:sequence><xs:element name="Phone" type="xs:string"/><xs:element name="Mail" type="xs:string" minOccurs="0"/></xs:sequence></xs:group>
      <xs:attributeGroup name="Audit"><xs:attribute name="by" type="xs:string" use="required"/><xs:attribute name="at" type="xs:dateTime"/><xs:attributeGroup ref="tns:Version"/></xs:attributeGroup>
      <xs:attributeGroup name="Version"><xs:attribute name="version" type="xs:int" default="1"/><xs:attribute name="schema" type="xs:string" fixed="2013"/></xs:attributeGroup>
      <xs:element name="Register"><xs:complexType><xs:sequence>
        <xs:element name="Name" type="xs:string"/><xs:group ref="tns:Identity"/><xs:group ref="tns:Contact" minOccurs="0" maxOccurs="3"/>
      </xs:sequence><xs:attributeGroup ref="tns:Audit"/></xs:complexType></xs:element>
      <xs:element name="Registered"><xs:complexType><xs:group ref="tns:Contact" maxOccurs="unbounded"/></xs:complexType></xs:element>'''), [("Register", "tns:Register", "tns:Registered")]), ["groups and attribute groups, nested", "maxOccurs on a group reference", "fixed, default and required attributes", "a sequence inside a choice"])

    ns = "http://hall.gov.cn/substitution"
    one("substitution_groups", contract("Events", ns, schema(ns, '''
      <xs:element name="Event" type="tns:Event" abstract="true"/>
      <xs:complexType name="Event" abstract="true"><xs:sequence><xs:element name="Sblsh" type="xs:string"/><xs:element name="At" type="xs:dateTime"/></xs:sequence></xs:complexType>
      <xs:element name="Accepted" substitutionGroup="tns:Event" type="tns:Accepted"/>
      <xs:complexType name="Accepted"><xs:complexContent><xs:extension base="tns:Event"><xs:sequence><xs:element name="Limit" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
      <xs:element name="Completed" substitutionGroup="tns:Event"><xs:complexType><xs:complexContent><xs:extension base="tns:Event"><xs:sequence><xs:element name="Result" type="xs:int"/><xs:element name="Certificate" type="xs:string" minOccurs="0"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType></xs:element>
      <xs:element name="SpecialCompleted" substitutionGroup="tns:Completed"/>
      <xs:element name="Push"><xs:complexType><xs:sequence><xs:element ref="tns:Event" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="Pushed" type="xs:int"/>'''), [("Push", "tns:Push", "tns:Pushed")], manner=""), ["abstract head element, members of members", "a member that takes the type of its head"])

    ns = "http://hall.gov.cn/occurrence"
    one("occurrence_everywhere", contract("Batch", ns, schema(ns, '''
      <xs:element name="Batch"><xs:complexType><xs:sequence>
        <xs:element name="Number" type="xs:string"/>
        <xs:sequence minOccurs="1" maxOccurs="100"><xs:element name="Sblsh" type="xs:string"/><xs:element name="Status" type="xs:int"/></xs:sequence>
        <xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="Note" type="xs:string"/><xs:element name="Warning" type="xs:string"/></xs:choice>
        <xs:element name="Code" type="xs:string" minOccurs="2" maxOccurs="4"/>
        <xs:element name="Never" type="xs:string" minOccurs="0" maxOccurs="0"/>
        <xs:sequence minOccurs="0"><xs:element name="Signer" type="xs:string"/><xs:element name="Signed" type="xs:date"/></xs:sequence>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="BatchResult"><xs:complexType><xs:all><xs:element name="Accepted" type="xs:int"/><xs:element name="Refused" type="xs:int" minOccurs="0"/><xs:element name="Message" type="xs:string" minOccurs="0"/></xs:all><xs:attribute name="code" type="xs:int" use="required"/></xs:complexType></xs:element>'''), [("Send", "tns:Batch", "tns:BatchResult")], version="soap12"), ["repeated sequences and choices", "minOccurs 2, maxOccurs 0", "xs:all with an attribute", "optional sequence"])

    ns = "http://hall.gov.cn/any"
    one("wildcards", contract("Envelope", ns, schema(ns, '''
      <xs:element name="Send"><xs:complexType><xs:sequence>
        <xs:element name="Form" minOccurs="0"><xs:complexType><xs:sequence><xs:any namespace="##other" processContents="lax" maxOccurs="unbounded"/></xs:sequence><xs:anyAttribute namespace="##any" processContents="skip"/></xs:complexType></xs:element>
        <xs:element name="Letter"><xs:complexType mixed="true"><xs:sequence><xs:any namespace="http://www.w3.org/1999/xhtml" processContents="skip" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
        <xs:any namespace="##targetNamespace" processContents="strict" minOccurs="0"/>
        <xs:any namespace="##local" processContents="skip" minOccurs="0"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="Remark" type="xs:string"/>
      <xs:element name="Sent"><xs:complexType><xs:sequence><xs:element name="Anything" type="xs:anyType"/><xs:element name="Simple" type="xs:anySimpleType" minOccurs="0"/><xs:element name="Untyped" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>'''), [("Send", "tns:Send", "tns:Sent")]), ["any with each namespace constraint and processing", "anyAttribute", "mixed content", "anyType, anySimpleType, an element without a type"])

    ns = "http://hall.gov.cn/tree"
    one("recursion", contract("Organisation", ns, schema(ns, '''
      <xs:complexType name="Department"><xs:sequence><xs:element name="Name" type="xs:string"/><xs:element name="Parts" type="tns:Departments" minOccurs="0"/><xs:element name="Head" type="tns:Officer" minOccurs="0"/></xs:sequence><xs:attribute name="uscc" type="xs:string"/></xs:complexType>
      <xs:complexType name="Departments"><xs:sequence><xs:element name="Department" type="tns:Department" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
      <xs:complexType name="Officer"><xs:sequence><xs:element name="Name" type="xs:string"/><xs:element name="Deputy" type="tns:Officer" minOccurs="0"/><xs:element name="Of" type="tns:Department" minOccurs="0"/></xs:sequence></xs:complexType>
      <xs:group name="Rule"><xs:choice><xs:element name="And"><xs:complexType><xs:group ref="tns:Rule" minOccurs="2" maxOccurs="unbounded"/></xs:complexType></xs:element><xs:element name="Not"><xs:complexType><xs:group ref="tns:Rule"/></xs:complexType></xs:element><xs:element name="Is" type="xs:string"/></xs:choice></xs:group>
      <xs:element name="Select"><xs:complexType><xs:group ref="tns:Rule"/></xs:complexType></xs:element>
      <xs:element name="Tree" type="tns:Department"/>'''), [("Select", "tns:Select", "tns:Tree")]), ["types that recur directly and over two steps", "a group that refers to itself inside an element"])


def simple_types():
    ns = "http://hall.gov.cn/facets"
    one("facets_of_every_kind", contract("Check", ns, schema(ns, r'''
      <xs:simpleType name="Sblsh"><xs:restriction base="xs:token"><xs:pattern value="\d{9}[0-9A-Z]{9}\d{11}"/><xs:pattern value="\d{43}"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Uscc"><xs:restriction base="xs:string"><xs:length value="18"/><xs:pattern value="[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Name"><xs:restriction base="xs:normalizedString"><xs:minLength value="1"/><xs:maxLength value="100"/><xs:pattern value="[\p{L}·\s]+"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Fee"><xs:restriction base="xs:decimal"><xs:totalDigits value="16"/><xs:fractionDigits value="2"/><xs:minInclusive value="0"/><xs:maxExclusive value="100000000000000"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="SmallFee"><xs:restriction base="tns:Fee"><xs:maxInclusive value="1000.00"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Step"><xs:restriction base="xs:unsignedByte"><xs:minExclusive value="0"/><xs:maxInclusive value="3"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Result"><xs:restriction base="xs:int"><xs:enumeration value="0"><xs:annotation><xs:documentation xml:lang="zh">出证办结</xs:documentation></xs:annotation></xs:enumeration><xs:enumeration value="1"/><xs:enumeration value="2"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Line"><xs:restriction base="xs:string"><xs:whiteSpace value="collapse"/><xs:maxLength value="20"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Text"><xs:restriction base="xs:string"><xs:whiteSpace value="preserve" fixed="true"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Since2013"><xs:restriction base="xs:date"><xs:minInclusive value="2013-01-01"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Digest"><xs:restriction base="xs:hexBinary"><xs:length value="16"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Limit"><xs:restriction base="xs:duration"><xs:maxInclusive value="P90D"/></xs:restriction></xs:simpleType>
      <xs:element name="Case"><xs:complexType><xs:sequence>
        <xs:element name="Sblsh" type="tns:Sblsh"/><xs:element name="Uscc" type="tns:Uscc"/><xs:element name="Name" type="tns:Name"/><xs:element name="Fee" type="tns:Fee"/><xs:element name="Extra" type="tns:SmallFee" default="0"/>
        <xs:element name="Step" type="tns:Step"/><xs:element name="Result" type="tns:Result"/><xs:element name="Line" type="tns:Line"/><xs:element name="Text" type="tns:Text"/><xs:element name="Since" type="tns:Since2013"/><xs:element name="Digest" type="tns:Digest"/><xs:element name="Limit" type="tns:Limit"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="Verdict"><xs:simpleType><xs:restriction base="xs:boolean"><xs:pattern value="true|false"/></xs:restriction></xs:simpleType></xs:element>'''), [("Check", "tns:Case", "tns:Verdict")]), ["every facet, several patterns, a restriction of a restriction", "Unicode classes in a pattern", "body element of an anonymous simple type"])

    ns = "http://hall.gov.cn/lists"
    one("lists_and_unions", contract("Search", ns, schema(ns, '''
      <xs:simpleType name="Regions"><xs:list itemType="tns:Region"/></xs:simpleType>
      <xs:simpleType name="Region"><xs:restriction base="xs:string"><xs:pattern value="44[0-9]{4}"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="FewRegions"><xs:restriction base="tns:Regions"><xs:minLength value="1"/><xs:maxLength value="5"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="Status"><xs:union memberTypes="xs:int tns:StatusWord"/></xs:simpleType>
      <xs:simpleType name="StatusWord"><xs:restriction base="xs:string"><xs:enumeration value="申办"/><xs:enumeration value="受理"/><xs:enumeration value="办结"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="SloppyDate"><xs:union memberTypes="xs:date xs:dateTime"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9:]{5,8})?"/></xs:restriction></xs:simpleType><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="无"/></xs:restriction></xs:simpleType></xs:union></xs:simpleType>
      <xs:simpleType name="Many"><xs:list><xs:simpleType><xs:union memberTypes="xs:int xs:boolean"/></xs:simpleType></xs:list></xs:simpleType>
      <xs:element name="Search"><xs:complexType><xs:sequence><xs:element name="In" type="tns:FewRegions"/><xs:element name="Status" type="tns:Status" maxOccurs="3"/><xs:element name="From" type="tns:SloppyDate" minOccurs="0"/></xs:sequence><xs:attribute name="pages" type="tns:Many"/><xs:attribute name="words" type="xs:NMTOKENS"/></xs:complexType></xs:element>
      <xs:element name="Found"><xs:complexType><xs:simpleContent><xs:extension base="tns:Regions"><xs:attribute name="total" type="xs:nonNegativeInteger" use="required"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>'''), [("Search", "tns:Search", "tns:Found")], manner="ws"), ["list, list with length facets, list of a union", "union of named and anonymous types", "NMTOKENS attribute", "simpleContent over a list"])

    ns = "http://hall.gov.cn/builtins"
    kinds = "string normalizedString token language Name NCName NMTOKEN ID IDREF boolean decimal integer nonPositiveInteger negativeInteger long int short byte nonNegativeInteger unsignedLong unsignedInt unsignedShort unsignedByte positiveInteger float double duration dateTime time date gYearMonth gYear gMonthDay gDay gMonth base64Binary hexBinary anyURI QName".split()
    rows = "".join(f'<xs:element name="{kind}" type="xs:{kind}" minOccurs="0"/>' for kind in kinds)
    one("every_builtin_type", contract("Builtins", ns, schema(ns, f'''
      <xs:complexType name="All"><xs:sequence>{rows}<xs:element name="IDREFS" type="xs:IDREFS" minOccurs="0"/><xs:element name="NMTOKENS" type="xs:NMTOKENS" minOccurs="0"/></xs:sequence></xs:complexType>
      <xs:element name="Ask" type="tns:All"/><xs:element name="Answer" type="tns:All"/>'''), [("Echo", "tns:Ask", "tns:Answer")], version="soap12", manner=""), ["every built-in type", "SOAP 1.2"])

    ns = "http://hall.gov.cn/keys"
    one("keys_and_identity", contract("Materials", ns, schema(ns, '''
      <xs:element name="List"><xs:complexType><xs:sequence>
        <xs:element name="Material" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="Name" type="xs:string"/></xs:sequence><xs:attribute name="seq" type="xs:int" use="required"/><xs:attribute name="id" type="xs:ID"/></xs:complexType></xs:element>
        <xs:element name="Required" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:attribute name="seq" type="xs:int"/><xs:attribute name="ref" type="xs:IDREF"/></xs:complexType></xs:element>
      </xs:sequence></xs:complexType>
        <xs:key name="materialKey"><xs:selector xpath="tns:Material"/><xs:field xpath="@seq"/></xs:key>
        <xs:unique name="materialName"><xs:selector xpath="tns:Material"/><xs:field xpath="tns:Name"/></xs:unique>
        <xs:keyref name="requiredKey" refer="tns:materialKey"><xs:selector xpath="tns:Required"/><xs:field xpath="@seq"/></xs:keyref>
      </xs:element>
      <xs:element name="Done"><xs:complexType/></xs:element>'''), [("Check", "tns:List", "tns:Done")]), ["key, keyref and unique", "ID and IDREF", "empty complex type"])


def derivation():
    ns = "http://hall.gov.cn/derivation"
    one("content_derivation", contract("Fields", ns, schema(ns, '''
      <xs:complexType name="Text"><xs:simpleContent><xs:extension base="xs:string"><xs:attribute name="FieldName" type="xs:NCName" use="required"/><xs:attribute name="note" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>
      <xs:complexType name="ShortText"><xs:simpleContent><xs:restriction base="tns:Text"><xs:maxLength value="50"/><xs:attribute name="note" use="prohibited"/></xs:restriction></xs:simpleContent></xs:complexType>
      <xs:complexType name="DatedText"><xs:simpleContent><xs:extension base="tns:Text"><xs:attribute name="at" type="xs:dateTime"/></xs:extension></xs:simpleContent></xs:complexType>
      <xs:complexType name="Record"><xs:sequence><xs:element name="Field" type="tns:Text" minOccurs="0" maxOccurs="unbounded"/><xs:element name="Remark" type="xs:string" minOccurs="0"/></xs:sequence><xs:attribute name="process" type="xs:string"/></xs:complexType>
      <xs:complexType name="StrictRecord"><xs:complexContent><xs:restriction base="tns:Record"><xs:sequence><xs:element name="Field" type="tns:ShortText" minOccurs="1" maxOccurs="200"/></xs:sequence><xs:attribute name="process" type="xs:string" use="required"/></xs:restriction></xs:complexContent></xs:complexType>
      <xs:complexType name="SignedRecord"><xs:complexContent><xs:extension base="tns:StrictRecord"><xs:choice><xs:element name="Sm2" type="xs:base64Binary"/><xs:element name="Rsa" type="xs:base64Binary"/></xs:choice><xs:attribute name="signer" type="xs:string"/></xs:extension></xs:complexContent></xs:complexType>
      <xs:complexType name="OnlyAttributes"><xs:complexContent><xs:restriction base="xs:anyType"><xs:attribute name="code" type="xs:int" use="required"/><xs:attribute name="desc" type="xs:string"/></xs:restriction></xs:complexContent></xs:complexType>
      <xs:complexType name="Empty"/>
      <xs:complexType name="FromEmpty"><xs:complexContent><xs:extension base="tns:Empty"><xs:sequence><xs:element name="A" type="xs:string"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
      <xs:element name="Send"><xs:complexType><xs:sequence><xs:element name="Signed" type="tns:SignedRecord"/><xs:element name="Late" type="tns:DatedText" minOccurs="0"/><xs:element name="Base" type="tns:Record" minOccurs="0"/><xs:element name="Grown" type="tns:FromEmpty" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="Reply" type="tns:OnlyAttributes"/>'''), [("Send", "tns:Send", "tns:Reply")]), ["simpleContent and complexContent, extension and restriction, three steps deep", "prohibited attribute", "anyType restricted to attributes", "extension of an empty type"])

    ns = "http://hall.gov.cn/nil"
    one("nillable_default_fixed", contract("Supplement", ns, schema(ns, '''
      <xs:element name="Notice"><xs:complexType><xs:sequence>
        <xs:element name="Reason" type="xs:string" nillable="true"/><xs:element name="Limit" type="xs:int" nillable="true" minOccurs="0"/><xs:element name="Unit" type="xs:string" default="G"/><xs:element name="Version" type="xs:string" fixed="1.0"/>
        <xs:element name="Missing" nillable="true" maxOccurs="unbounded"><xs:complexType><xs:simpleContent><xs:extension base="xs:string"><xs:attribute name="code" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>
        <xs:element name="Address" nillable="true" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="Line" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="Seen" type="xs:dateTime" nillable="true"/>'''), [("Notify", "tns:Notice", "tns:Seen")]), ["nillable simple, complex and body elements", "default and fixed elements"])

    ns = "http://hall.gov.cn/anytype"
    one("any_type_with_xsi_type", contract("Variables", ns, schema(ns, '''
      <xs:complexType name="Variable"><xs:sequence><xs:element name="Name" type="xs:string"/><xs:element name="Value" type="xs:anyType" nillable="true"/></xs:sequence></xs:complexType>
      <xs:complexType name="Money"><xs:sequence><xs:element name="Amount" type="xs:decimal"/><xs:element name="Currency" type="xs:string" default="CNY"/></xs:sequence></xs:complexType>
      <xs:complexType name="Shape" abstract="true" block="restriction"><xs:attribute name="name" type="xs:QName"/></xs:complexType>
      <xs:complexType name="Plot" final="#all"><xs:complexContent><xs:extension base="tns:Shape"><xs:sequence><xs:element name="Area" type="xs:double"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
      <xs:element name="Set"><xs:complexType><xs:sequence><xs:element name="Variable" type="tns:Variable" maxOccurs="unbounded"/><xs:element name="Shape" type="tns:Shape" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="Kind" type="xs:QName"/>'''), [("Set", "tns:Set", "tns:Kind")]), ["anyType filled by xsi:type", "abstract type, block and final", "QName values"])


def names():
    a, b = "http://hall.gov.cn/v1", "http://hall.gov.cn/v2"
    one("same_names_two_namespaces", contract("Both", "http://hall.gov.cn/both", f'''    <xs:schema targetNamespace="{a}" xmlns:a="{a}" xmlns:b="{b}" elementFormDefault="unqualified"><xs:import namespace="{b}"/>
      <xs:complexType name="Case"><xs:sequence><xs:element name="Number" type="xs:string"/><xs:element ref="b:Status"/></xs:sequence></xs:complexType><xs:simpleType name="Status"><xs:restriction base="xs:string"/></xs:simpleType><xs:element name="Status" type="a:Status"/><xs:element name="Case" type="a:Case"/>
    </xs:schema>
    <xs:schema targetNamespace="{b}" xmlns:a="{a}" xmlns:b="{b}" elementFormDefault="qualified"><xs:import namespace="{a}"/>
      <xs:complexType name="Case"><xs:sequence><xs:element name="Number" type="xs:int"/><xs:element name="Old" type="a:Case" minOccurs="0"/><xs:element ref="a:Status"/></xs:sequence></xs:complexType><xs:simpleType name="Status"><xs:restriction base="xs:int"/></xs:simpleType><xs:element name="Status" type="b:Status"/><xs:element name="Case" type="b:Case"/>
    </xs:schema>
''', [("Upgrade", "a:Case", "b:Case"), ("Downgrade", "b:Case", "a:Case")], declare=f'xmlns:a="{a}" xmlns:b="{b}"'), ["types and elements of the same names in two namespaces", "inline schemas that import each other without a location"])

    ns = "http://hall.gov.cn/form"
    one("form_of_single_elements", contract("Form", ns, schema(ns, '''
      <xs:attribute name="trace" type="xs:string"/>
      <xs:element name="Ask"><xs:complexType><xs:sequence><xs:element name="Plain" type="xs:string"/><xs:element name="Marked" type="xs:string" form="qualified"/><xs:element name="Inner"><xs:complexType><xs:sequence><xs:element name="Deep" form="qualified" type="xs:int"/><xs:element name="Shallow" type="xs:int"/></xs:sequence><xs:attribute name="kind" form="qualified" type="xs:string"/><xs:attribute name="other" type="xs:string"/><xs:attribute ref="tns:trace"/></xs:complexType></xs:element></xs:sequence><xs:attribute ref="xml:lang"/></xs:complexType></xs:element>
      <xs:element name="Answer"><xs:complexType><xs:sequence><xs:element ref="tns:Ask" minOccurs="0"/><xs:element name="Ok" type="xs:boolean"/></xs:sequence></xs:complexType></xs:element>''', form="unqualified").replace('<xs:attribute name="trace"', '<xs:import namespace="http://www.w3.org/XML/1998/namespace"/>\n      <xs:attribute name="trace"', 1), [("Ask", "tns:Ask", "tns:Answer")]), ["form=\"qualified\" on single elements and attributes", "attribute references, xml:lang", "import of the xml namespace without a location"])

    ns = "http://hall.gov.cn/prefixes"
    one("prefixes_declared_inside", f'''<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="{ns}">
  <types><schema xmlns="{XS}" targetNamespace="{ns}" elementFormDefault="qualified">
    <x:element xmlns:x="{XS}" name="Ask" type="n:Ask" xmlns:n="{ns}"/>
    <complexType name="Ask"><sequence>
      <element name="One" type="string"/>
      <y:element xmlns:y="{XS}" name="Two" type="y:int" minOccurs="0"/>
      <element xmlns="{XS}" xmlns:string="{ns}" name="Three" type="string:Name"/>
    </sequence></complexType>
    <simpleType name="Name"><restriction base="string"><maxLength value="9"/></restriction></simpleType>
    <element name="Answer" xmlns:tns="{XS}" type="tns:boolean"/>
  </schema></types>
  <message name="AskIn"><part name="p" element="q:Ask" xmlns:q="{ns}"/></message>
  <message name="AskOut"><part name="p" element="soap:Answer" xmlns:soap="{ns}"/></message>
  <portType name="Port"><operation name="Ask"><input message="a:AskIn" xmlns:a="{ns}"/><output xmlns:b="{ns}" message="b:AskOut"/></operation></portType>
  <binding name="Binding" xmlns:t="{ns}" type="t:Port"><binding xmlns="http://schemas.xmlsoap.org/wsdl/soap/" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Ask"><operation xmlns="http://schemas.xmlsoap.org/wsdl/soap/" soapAction="ask"/><input><s:body xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" use="literal"/></input><output><body xmlns="http://schemas.xmlsoap.org/wsdl/soap/" use="literal"/></output></operation></binding>
  <service name="Prefixes"><port name="Port" xmlns:z="{ns}" binding="z:Binding"><address xmlns="http://schemas.xmlsoap.org/wsdl/soap/" location="http://127.0.0.1/prefixes"/></port></service>
</definitions>
''', ["each prefix declared where it is used, some shadowed", "a prefix called string, a prefix tns for XML Schema"])


def bindings():
    ns = "http://hall.gov.cn/headers"
    header = '\n      <{w}input><soap:header message="tns:Security" part="token" use="literal"><soap:headerfault message="tns:SecurityFault" part="fault" use="literal"/></soap:header><soap:header message="tns:Security" part="trace" use="literal"/><soap:body use="literal" parts="parameters"/></{w}input>'
    text = contract("Secured", ns, schema(ns, '''
      <xs:element name="Token"><xs:complexType><xs:sequence><xs:element name="User" type="xs:string"/><xs:element name="Signature" type="xs:string"/></xs:sequence><xs:anyAttribute namespace="##other" processContents="lax"/></xs:complexType></xs:element>
      <xs:element name="Trace" type="xs:string"/><xs:element name="SecurityProblem" type="xs:string"/><xs:element name="Quota" type="xs:int"/>
      <xs:element name="Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/>'''), [("Ask", "tns:Ask", "tns:Answer", "tns:SecurityProblem")], messages='  <wsdl:message name="Security"><wsdl:part name="token" element="tns:Token"/><wsdl:part name="trace" element="tns:Trace"/></wsdl:message>\n  <wsdl:message name="SecurityFault"><wsdl:part name="fault" element="tns:SecurityProblem"/></wsdl:message>\n  <wsdl:message name="Meter"><wsdl:part name="quota" element="tns:Quota"/></wsdl:message>\n')
    text = text.replace('\n      <wsdl:input><soap:body use="literal"/></wsdl:input>', header.format(w="wsdl:")).replace('<wsdl:output><soap:body use="literal"/></wsdl:output>', '<wsdl:output><soap:body use="literal"/><soap:header message="tns:Meter" part="quota" use="literal"/></wsdl:output>')
    one("headers_and_headerfaults", text, ["two header parts of one message", "headerfault", "parts attribute of the body", "header of the answer"], "WebSphere")

    ns = "http://hall.gov.cn/swa"
    multipart = '<{0}><mime:multipartRelated><mime:part><soap:body parts="body" use="literal"/></mime:part><mime:part><mime:content part="file" type="application/pdf"/><mime:content part="file" type="image/*"/></mime:part>{1}</mime:multipartRelated></{0}>'
    text = contract("Attachments", ns, schema(ns, '''
      <xs:element name="Upload"><xs:complexType><xs:sequence><xs:element name="Sblsh" type="xs:string"/><xs:element name="File" type="ref:swaRef" xmlns:ref="http://ws-i.org/profiles/basic/1.1/xsd" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="Uploaded" type="xs:string"/>''').replace('<xs:element name="Upload"', '<xs:import namespace="http://ws-i.org/profiles/basic/1.1/xsd"/>\n      <xs:element name="Upload"', 1) + '    <xs:schema targetNamespace="http://ws-i.org/profiles/basic/1.1/xsd"><xs:simpleType name="swaRef"><xs:restriction base="xs:anyURI"/></xs:simpleType></xs:schema>\n', [("Upload", '<wsdl:part name="body" element="tns:Upload"/><wsdl:part name="file" type="xs:base64Binary"/><wsdl:part name="preview" type="xs:hexBinary"/>', '<wsdl:part name="body" element="tns:Uploaded"/>')], declare='xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/"')
    text = text.replace('<wsdl:input><soap:body use="literal"/></wsdl:input>', multipart.format("wsdl:input", '<mime:part><mime:content part="preview" type="image/png"/></mime:part>'))
    one("swa_multipart", text, ["mime:multipartRelated with two attachments and alternative types", "swaRef"], "WebLogic")

    ns = "http://hall.gov.cn/mtom"
    one("mtom_expected_types", contract("Documents", ns, schema(ns, '''
      <xs:import namespace="http://www.w3.org/2005/05/xmlmime"/>
      <xs:element name="Store"><xs:complexType><xs:sequence><xs:element name="Name" type="xs:string"/><xs:element name="Content" type="xs:base64Binary" xmime:expectedContentTypes="application/pdf"/><xs:element name="Page" minOccurs="0" maxOccurs="unbounded" xmime:expectedContentTypes="image/jpeg, image/png" type="xmime:base64Binary"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="Stored" type="xs:string"/>''', more='xmlns:xmime="http://www.w3.org/2005/05/xmlmime"') + '    <xs:schema targetNamespace="http://www.w3.org/2005/05/xmlmime" xmlns:xmime="http://www.w3.org/2005/05/xmlmime"><xs:attribute name="contentType" type="xs:string"/><xs:complexType name="base64Binary"><xs:simpleContent><xs:extension base="xs:base64Binary"><xs:attribute ref="xmime:contentType"/></xs:extension></xs:simpleContent></xs:complexType></xs:schema>\n', [("Store", "tns:Store", "tns:Stored")], version="soap12"), ["xmime:expectedContentTypes", "base64 with a content type attribute"], "Metro")

    ns = "urn:hall:mixed-styles"
    text = contract("Mixed", ns, schema(ns, '<xs:element name="Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/><xs:complexType name="Pair"><xs:sequence><xs:element name="key" type="xs:string"/><xs:element name="value" type="xs:string"/></xs:sequence></xs:complexType>', form="unqualified"), [("Document", "tns:Ask", "tns:Answer"), ("Rpc", '<wsdl:part name="first" type="tns:Pair"/><wsdl:part name="second" type="xs:int"/>', '<wsdl:part name="result" type="tns:Pair"/><wsdl:part name="count" type="xs:int"/>'), ("Empty", "<!-- nothing goes in -->", "<!-- nothing comes out -->"), ("Fire", "tns:Ask", None)])
    text = text.replace(f'<soap:operation soapAction="{ns}/Rpc"/>\n      <wsdl:input><soap:body use="literal"/></wsdl:input>\n      <wsdl:output><soap:body use="literal"/></wsdl:output>', f'<soap:operation soapAction="{ns}/Rpc" style="rpc"/>\n      <wsdl:input><soap:body use="literal" namespace="{ns}:call"/></wsdl:input>\n      <wsdl:output><soap:body use="literal" namespace="{ns}:call"/></wsdl:output>')
    text = text.replace("</wsdl:portType>", '  <wsdl:operation name="Announce"><wsdl:output message="tns:DocumentInput"/></wsdl:operation>\n    <wsdl:operation name="Solicit"><wsdl:output message="tns:DocumentOutput"/><wsdl:input message="tns:DocumentInput"/></wsdl:operation>\n  </wsdl:portType>')
    text = text.replace("  </wsdl:binding>", f'    <wsdl:operation name="Announce"><soap:operation soapAction="{ns}/Announce"/><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>\n    <wsdl:operation name="Solicit"><soap:operation soapAction="{ns}/Solicit"/><wsdl:output><soap:body use="literal"/></wsdl:output><wsdl:input><soap:body use="literal"/></wsdl:input></wsdl:operation>\n  </wsdl:binding>')
    one("styles_and_patterns_mixed", text, ["document and rpc operations in one binding", "several results of an rpc call", "messages without parts", "one-way, notification and solicit-response"])

    ns = "http://hall.gov.cn/several"
    base = contract("Apply", ns, schema(ns, '<xs:element name="Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/>'), [("Query", "tns:Ask", "tns:Answer"), ("Submit", "tns:Ask", "tns:Answer")], declare='xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:jms="http://cxf.apache.org/transports/jms"')
    binding12 = lambda name, port, operations, transport: f'  <wsdl:binding name="{name}" type="tns:{port}">\n    <soap12:binding style="document" transport="{transport}"/>\n' + "".join(f'    <wsdl:operation name="{o}"><soap12:operation soapAction="" soapActionRequired="false"/><wsdl:input><soap12:body use="literal"/></wsdl:input><wsdl:output><soap12:body use="literal"/></wsdl:output></wsdl:operation>\n' for o in operations) + "  </wsdl:binding>\n"
    extra = '  <wsdl:portType name="AdminPortType"><wsdl:operation name="Query"><wsdl:input message="tns:QueryInput"/><wsdl:output message="tns:QueryOutput"/></wsdl:operation></wsdl:portType>\n' + binding12("Apply12", "ApplyPortType", ["Query", "Submit"], "http://schemas.xmlsoap.org/soap/http") + binding12("Admin12", "AdminPortType", ["Query"], "http://www.w3.org/2003/05/soap/bindings/HTTP/") + binding12("ApplyJms", "ApplyPortType", ["Query", "Submit"], "http://www.w3.org/2010/soapjms/")
    services = '  <wsdl:service name="Admin">\n    <wsdl:port name="AdminPort" binding="tns:Admin12"><soap12:address location="https://127.0.0.1:8443/admin"/></wsdl:port>\n    <wsdl:port name="JmsPort" binding="tns:ApplyJms"><soap12:address location="jms:queue:hall"/></wsdl:port>\n  </wsdl:service>\n</wsdl:definitions>'
    text = base.replace('  <wsdl:service name="Apply">', extra + '  <wsdl:service name="Apply">').replace("</wsdl:port>\n", '</wsdl:port>\n    <wsdl:port name="ApplyPort12" binding="tns:Apply12"><soap12:address location="http://127.0.0.1:8080/Apply12"/></wsdl:port>\n', 1).replace("</wsdl:definitions>", services)
    one("several_services_and_ports", text, ["two services, four ports, two port types with an operation of the same name", "SOAP 1.1, SOAP 1.2 and JMS", "soapActionRequired"], "WebSphere")

    ns = "urn:hall:order"
    text = contract("Order", ns, schema(ns, '<xs:element name="Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/>'), [("Query", "tns:Ask", "tns:Answer")])
    start, types, rest = text.index("  <wsdl:types>"), text.index("  <wsdl:message"), text.index("  <wsdl:portType")
    binding, serve, end = text.index("  <wsdl:binding"), text.index("  <wsdl:service"), text.index("</wsdl:definitions>")
    one("order_reversed", text[:start] + text[serve:end] + text[binding:serve] + text[rest:binding] + text[types:rest] + text[start:types] + text[end:], ["service first, types last"])


def encodings():
    ns = "http://hall.gov.cn/gbk"
    types = schema(ns, '''
      <xs:element name="申办"><xs:complexType><xs:sequence><xs:element name="申办流水号" type="xs:string"/><xs:element name="申请人" type="tns:申请人"/></xs:sequence></xs:complexType></xs:element>
      <xs:complexType name="申请人"><xs:sequence><xs:element name="姓名" type="xs:string"/><xs:element name="证件号码" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType>
      <xs:element name="回执" type="xs:string"/>''')
    text = contract("申办服务", ns, types, [("申办", "tns:申办", "tns:回执")], encoding="GBK").replace("  <wsdl:portType", "  <!-- 提交申办 -->\n  <wsdl:portType", 1)
    one("encoding_gbk", text.encode("gbk"), ["GBK", "Chinese names of services, operations, messages, types and elements"], "TongWeb")
    one("encoding_utf16", ("\ufeff" + contract("申办服务", ns + "/utf16", types.replace(ns, ns + "/utf16"), [("申办", "tns:申办", "tns:回执")], encoding="UTF-16")).encode("utf-16-le"), ["UTF-16 little endian with a byte order mark", "Chinese names"])
    ns = "http://hall.gov.cn/bom"
    plain = contract("Bom", ns, schema(ns, '<xs:element name="Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/>'), [("Ask", "tns:Ask", "tns:Answer")]).replace("\n", "\r\n")
    one("byte_order_mark", b"\xef\xbb\xbf" + plain.encode("utf-8"), ["UTF-8 with a byte order mark", "CR LF line ends"], "PowerBuilder")
    gb = contract("生僻字", "http://hall.gov.cn/gb18030", schema("http://hall.gov.cn/gb18030", '<xs:element name="Ask"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="𠮷"/><xs:enumeration value="㐂"/></xs:restriction></xs:simpleType></xs:element><xs:element name="Answer" type="xs:string"/>'), [("Ask", "tns:Ask", "tns:Answer")], encoding="GB18030")
    one("encoding_gb18030", gb.encode("gb18030"), ["GB18030 with characters outside GBK"])

    ns = "http://hall.gov.cn/documented"
    noisy = contract("Documented", ns, schema(ns, '''
      <?editor fold?><!-- types --><xs:annotation><xs:appinfo source="http://jaxb.dev.java.net/"><jxb:schemaBindings xmlns:jxb="http://java.sun.com/xml/ns/jaxb"/></xs:appinfo><xs:documentation xml:lang="zh-CN"><h1 xmlns="http://www.w3.org/1999/xhtml">统一申办</h1><p>Text &amp; <![CDATA[<b>bold</b>]]></p></xs:documentation></xs:annotation>
      <xs:element name="Ask" id="ask"><!-- before --><xs:annotation><xs:documentation>问</xs:documentation></xs:annotation><xs:complexType><?x y?><xs:sequence><!-- in --><xs:annotation/><xs:element name="A" type="xs:string"><xs:annotation><xs:documentation/></xs:annotation></xs:element><!-- after --></xs:sequence></xs:complexType></xs:element>
      <xs:notation name="pdf" public="application/pdf"/>
      <xs:element name="Answer" type="xs:string"/>'''), [("Ask", "tns:Ask", "tns:Answer")], manner="")
    noisy = noisy.replace('<types>', '<documentation><html xmlns="http://www.w3.org/1999/xhtml"><body><p>网上办事大厅<br/>接口说明</p><message name="AskInput"/></body></html></documentation>\n  <!-- <message name="Ghost"/> -->\n  <?pi wsdl?>\n  <types>', 1)
    noisy = noisy.replace('<operation name="Ask">\n      <input', '<operation name="Ask"><documentation>第一步：<b>提问</b>。<!-- note --></documentation><?pi?>\n      <!-- input --><input', 1).replace("<soap:binding", '<!-- c --><ext:required xmlns:ext="urn:vendor" wsdl:required="false" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/><soap:binding', 1)
    noisy = noisy.replace("?>\n", "?>\n<?xml-stylesheet type=\"text/xsl\" href=\"wsdl.xsl\"?>\n<!-- 由系统生成 -->\n", 1) + "<!-- end -->\n<?done?>\n"
    one("documentation_and_comments", noisy, ["HTML in documentation, with elements named like WSDL's", "comments and processing instructions everywhere", "annotations, appinfo, notation", "vendor extension"])


def files_and_sizes():
    ns = "urn:hall:old-import"
    head = f'xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="{ns}"'
    simple = f'<xs:schema xmlns:xs="{XS}" targetNamespace="{ns}" elementFormDefault="qualified"><xs:element name="Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/></xs:schema>'
    plain = lambda space: contract("Plain", space, "", [("Ask", "tns:Ask", "tns:Answer")], manner="")
    one("wsdl_import_of_a_schema", {"service.wsdl": plain(ns).replace("  <message", f'  <import namespace="{ns}" location="types.xsd"/>\n  <message', 1), "types.xsd": document(simple)}, ["wsdl:import of an XML Schema, as tools before WS-I wrote it"], "IBM WSTK")

    ns = "urn:hall:same-namespace"
    first = schema(ns, '<xs:element name="Ask" type="tns:Case"/><xs:complexType name="Case"><xs:sequence><xs:element name="Number" type="tns:Number"/></xs:sequence></xs:complexType>')
    second = schema(ns, '<xs:simpleType name="Number"><xs:restriction base="xs:string"><xs:maxLength value="43"/></xs:restriction></xs:simpleType><xs:element name="Answer"><xs:complexType><xs:sequence><xs:element name="Code" type="xs:int"/></xs:sequence></xs:complexType></xs:element>', form="unqualified")
    one("schemas_of_one_namespace", contract("SameNamespace", ns, first + second, [("Ask", "tns:Ask", "tns:Answer")]), ["two inline schemas of one namespace that use each other's types, one qualified and one not"], "Axis2")

    ns = "urn:hall:file-names"
    include = lambda path: f'<xs:include schemaLocation="{path}"/>'
    part = lambda name: document(f'<xs:schema xmlns:xs="{XS}" targetNamespace="{ns}"><xs:simpleType name="{name}"><xs:restriction base="xs:string"/></xs:simpleType></xs:schema>')
    fields = "".join(f'<xs:element name="{n}" type="tns:{n}"/>' for n in ("A", "B", "C"))
    one("file_names", {
        "service.wsdl": contract("FileNames", ns, schema(ns, include("数据类型/公共.xsd") + include("data%20types/b%20one.xsd") + include("./deep/./../deep/c.xsd") + f'<xs:element name="Ask"><xs:complexType><xs:sequence>{fields}</xs:sequence></xs:complexType></xs:element><xs:element name="Answer" type="xs:string"/>'), [("Ask", "tns:Ask", "tns:Answer")]),
        "数据类型/公共.xsd": part("A"), "data types/b one.xsd": part("B"), "deep/c.xsd": part("C"),
    }, ["Chinese file and folder names, a space as %20, dots in the path"])

    ns = "urn:hall:backslashes"
    one("backslash_paths", {"service.wsdl": contract("Backslashes", ns, f'    <xs:schema targetNamespace="{ns}"><xs:include schemaLocation="types\\common.xsd"/></xs:schema>\n', [("Ask", "tns:Ask", "tns:Answer")]), "types/common.xsd": document(simple.replace("urn:hall:old-import", ns))}, ["a path with backslashes, as Windows tools write it"], "PowerBuilder")

    ns = "urn:hall:ring"
    ring = lambda other, text: document(f'<definitions {head.replace("urn:hall:old-import", ns)} targetNamespace="{ns}">\n  <import namespace="{ns}" location="{other}"/>\n{text}\n</definitions>')
    one("wsdl_import_ring", {
        "service.wsdl": ring("abstract.wsdl", '  <binding name="B" type="tns:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Ask"><soap:operation soapAction="a"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>\n  <service name="Ring"><port name="RingPort" binding="tns:B"><soap:address location="http://127.0.0.1/ring"/></port></service>'),
        "abstract.wsdl": ring("service.wsdl", f'  <types>{simple.replace("urn:hall:old-import", ns)}</types>\n  <message name="I"><part name="p" element="tns:Ask"/></message>\n  <message name="O"><part name="p" element="tns:Answer"/></message>\n  <portType name="P"><operation name="Ask"><input message="tns:I"/><output message="tns:O"/></operation></portType>'),
    }, ["two WSDLs of one namespace that import each other"])

    ns = "urn:hall:least"
    least = contract("Least", ns, schema(ns, '<xs:element name="Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/>'), [("Ask", "tns:Ask", "tns:Answer")]).replace(f'      <soap:operation soapAction="{ns}/Ask"/>\n', "").replace(' name="Least" targetNamespace', " targetNamespace").replace(' use="literal"', "")
    one("least_of_everything", least, ["no soap:operation, no use on soap:body, no name of the definitions"])

    ns = "http://hall.gov.cn/large"
    kinds = "".join(f'      <xs:complexType name="T{n}"><xs:sequence><xs:element name="SBLSH" type="xs:string"/>' + "".join(f'<xs:element name="F{m}" type="xs:{("string", "int", "date", "decimal")[m % 4]}" minOccurs="0"/>' for m in range(30)) + (f'<xs:element name="Next" type="tns:T{n + 1}" minOccurs="0"/>' if n < 149 else "") + '</xs:sequence></xs:complexType>\n' for n in range(150))
    elements = "".join(f'      <xs:element name="Put{n}" type="tns:T{n}"/>\n      <xs:element name="Put{n}Response" type="xs:int"/>\n' for n in range(80))
    one("large_service", contract("Large", ns, schema(ns, kinds + elements), [(f"Put{n}", f"tns:Put{n}", f"tns:Put{n}Response") for n in range(80)]), ["80 operations, 150 types of 32 fields, a chain of types 150 deep"])


if __name__ == "__main__":
    for maker in (documents_apart, particles, simple_types, derivation, names, bindings, encodings, files_and_sizes):
        maker()
