"""What must be refused, or taken with a warning that says what is wrong: each folder has one thing wrong."""

from collection_files import ROOT, put
from feature_services import XS, contract, document, schema

NS = "urn:hall:refused"
PLAIN = '<xs:element name="Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/>'
GOOD = contract("Refused", NS, schema(NS, PLAIN), [("Ask", "tns:Ask", "tns:Answer")])


def bad(name, files, special, main="service.wsdl"):
    put(name, {"service.wsdl": files} if isinstance(files, (str, bytes)) else files, "hand", "written", [special], main=main, folder=ROOT / "refused")


def with_types(types):
    return contract("Refused", NS, types, [("Ask", "tns:Ask", "tns:Answer")])


def imports():
    files = {
        "service.wsdl": with_types(f'    <xs:schema targetNamespace="{NS}"><xs:include schemaLocation="chain.xsd"/></xs:schema>\n'),
        "chain.xsd": document(f'<xs:schema xmlns:xs="{XS}" targetNamespace="{NS}"><xs:include schemaLocation="step/1.xsd"/>{PLAIN}</xs:schema>'),
        "step/120.xsd": document(f'<xs:schema xmlns:xs="{XS}" targetNamespace="{NS}"/>'),
    }
    for depth in range(1, 120):
        files[f"step/{depth}.xsd"] = document(f'<xs:schema xmlns:xs="{XS}" targetNamespace="{NS}"><xs:include schemaLocation="{depth + 1}.xsd"/></xs:schema>')
    bad("import_chain_too_deep", files, "a chain of 121 includes")
    bad("import_loop_differing_urls", {
        "service.wsdl": with_types(f'    <xs:schema targetNamespace="{NS}"><xs:include schemaLocation="http://127.0.0.1:8080/hall/schema.xsd?n=0"/></xs:schema>\n'),
        "schema.xsd": document(f'<xs:schema xmlns:xs="{XS}" targetNamespace="{NS}"><!-- a server puts a new number into n each time --><xs:include schemaLocation="http://127.0.0.1:8080/hall/schema.xsd?n=NEXT"/></xs:schema>'),
    }, "served over HTTP with NEXT replaced by n + 1 each schema includes one more that has not been seen; from the folder, the file for ?n=0 is not there")
    bad("import_remote_host", with_types(f'    <xs:schema targetNamespace="{NS}"><xs:import namespace="urn:elsewhere" schemaLocation="http://schemas.example.com/types.xsd"/>{PLAIN}</xs:schema>\n'), "import from another host; nothing of it is used, so a warning is enough, and nothing may be fetched")
    bad("import_metadata_address", with_types(f'    <xs:schema targetNamespace="{NS}"><xs:import namespace="urn:elsewhere" schemaLocation="http://169.254.169.254/latest/meta-data/"/>{PLAIN}</xs:schema>\n'), "import from a link-local address; nothing of it is used, so a warning is enough, and nothing may be fetched")
    bad("import_file_outside", with_types(f'    <xs:schema targetNamespace="{NS}"><xs:include schemaLocation="../../../../../../../../etc/hostname"/>{PLAIN}</xs:schema>\n'), "include of a file above the folder; nothing of it is used, so a warning is enough, and nothing may be fetched")
    bad("import_file_scheme", with_types(f'    <xs:schema targetNamespace="{NS}"><xs:include schemaLocation="file:///etc/hostname"/>{PLAIN}</xs:schema>\n'), "include by a file: address; nothing of it is used, so a warning is enough, and nothing may be fetched")
    bad("import_file_missing", with_types(f'    <xs:schema targetNamespace="{NS}"><xs:include schemaLocation="types.xsd"/>{PLAIN}</xs:schema>\n'), "included file is not there; nothing of it is used, so a warning is enough")
    bad("import_namespace_differs", {"service.wsdl": with_types(f'    <xs:schema targetNamespace="{NS}"><xs:import namespace="urn:expected" schemaLocation="types.xsd"/>{PLAIN}</xs:schema>\n'), "types.xsd": document(f'<xs:schema xmlns:xs="{XS}" targetNamespace="urn:other"/>')}, "an imported schema is of another namespace than the import says; a warning is enough")


def entities():
    levels = '<!ENTITY l0 "申办">' + "".join(f'<!ENTITY l{n} "{("&l%d;" % (n - 1)) * 10}">' for n in range(1, 10))
    bad("entity_expansion", GOOD.replace("<wsdl:definitions", f"<!DOCTYPE definitions [{levels}]>\n<wsdl:definitions", 1).replace("  <wsdl:types>", "  <wsdl:documentation>&l9;</wsdl:documentation>\n  <wsdl:types>", 1), "entities that expand to 10^9 times")
    bad("entity_external", GOOD.replace("<wsdl:definitions", '<!DOCTYPE definitions [<!ENTITY host SYSTEM "file:///etc/hostname">]>\n<wsdl:definitions', 1).replace("  <wsdl:types>", "  <wsdl:documentation>&host;</wsdl:documentation>\n  <wsdl:types>", 1), "external entity")
    bad("doctype_alone", GOOD.replace("<wsdl:definitions", '<!DOCTYPE definitions SYSTEM "http://127.0.0.1/wsdl.dtd">\n<wsdl:definitions', 1), "a document type declaration, of which nothing must be fetched")


def references():
    bad("type_missing", with_types(schema(NS, PLAIN.replace('name="Ask" type="xs:string"', 'name="Ask" type="tns:Missing"'))), "an element of a type that is not defined")
    bad("element_missing", contract("Refused", NS, schema(NS, PLAIN), [("Ask", "tns:Asks", "tns:Answer")]), "a part of an element that is not declared")
    bad("prefix_unbound_in_qname", GOOD.replace('element="tns:Ask"', 'element="nowhere:Ask"'), "a QName value whose prefix is not bound")
    bad("schema_not_imported", with_types(schema(NS, '<xs:element name="Ask" type="o:T" xmlns:o="urn:other"/><xs:element name="Answer" type="xs:string"/>') + schema("urn:other", '<xs:simpleType name="T"><xs:restriction base="xs:string"/></xs:simpleType>')), "a reference into another schema of the document without an import: a warning is enough")
    bad("message_twice", GOOD.replace("  <wsdl:portType", '  <wsdl:message name="AskInput"><wsdl:part name="parameters" element="tns:Answer"/></wsdl:message>\n  <wsdl:portType', 1), "two messages of the same name")
    bad("message_missing", GOOD.replace('<wsdl:output message="tns:AskOutput"/>', '<wsdl:output message="tns:NoSuchOutput"/>'), "an operation with a message that is not defined")
    bad("type_twice", with_types(schema(NS, PLAIN + '<xs:complexType name="T"><xs:sequence/></xs:complexType><xs:complexType name="T"><xs:sequence><xs:element name="A" type="xs:int"/></xs:sequence></xs:complexType>')), "two types of the same name")
    bad("binding_missing", GOOD.replace('binding="tns:RefusedBinding"', 'binding="tns:OtherBinding"'), "a port with a binding that is not defined")
    bad("port_type_missing", GOOD.replace('type="tns:RefusedPortType"', 'type="tns:OtherPortType"'), "a binding of a port type that is not defined")
    bad("operation_not_in_port_type", GOOD.replace("  </wsdl:binding>", '    <wsdl:operation name="Tell"><soap:operation soapAction=""/><wsdl:input><soap:body use="literal"/></wsdl:input></wsdl:operation>\n  </wsdl:binding>'), "a bound operation that the port type does not have; a warning is enough")
    bad("binding_unknown_protocol", GOOD.replace('xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"', 'xmlns:soap="urn:vendor:binary-protocol"'), "a binding of an unknown protocol: no operation can be called; a warning is enough")
    bad("no_service", GOOD[: GOOD.index("  <wsdl:service")] + "</wsdl:definitions>\n", "no service and no port; a warning is enough")
    bad("required_extension", GOOD.replace("    <soap:binding", '    <v:secret xmlns:v="urn:vendor" wsdl:required="true"/>\n    <soap:binding', 1), "an extension that is marked as required and not known")


def blow_ups():
    groups = "".join(f'<xs:group name="G{n}"><xs:sequence><xs:group ref="tns:G{n + 1}"/><xs:group ref="tns:G{n + 1}"/></xs:sequence></xs:group>' for n in range(40)) + '<xs:group name="G40"><xs:sequence><xs:element name="A" type="xs:int"/></xs:sequence></xs:group>'
    bad("group_expansion", with_types(schema(NS, groups + '<xs:element name="Ask"><xs:complexType><xs:group ref="tns:G0"/></xs:complexType></xs:element><xs:element name="Answer" type="xs:string"/>')), "groups that expand to 2^40 elements")
    types = "".join(f'<xs:complexType name="T{n}"><xs:complexContent><xs:extension base="tns:T{n + 1}"><xs:sequence><xs:element name="E{n}" type="tns:T{n + 1}"/><xs:element name="F{n}" type="tns:T{n + 1}"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>' for n in range(40)) + '<xs:complexType name="T40"><xs:sequence><xs:element name="A" type="xs:int"/></xs:sequence></xs:complexType>'
    bad("type_expansion", with_types(schema(NS, types + '<xs:element name="Ask" type="tns:T0"/><xs:element name="Answer" type="xs:string"/>')), "types whose shapes double at each of 40 steps: a warning is enough, or none if types are kept by reference; memory must not be used up")
    bad("group_of_itself", with_types(schema(NS, '<xs:group name="G"><xs:sequence><xs:element name="A" type="xs:int"/><xs:group ref="tns:G"/></xs:sequence></xs:group><xs:element name="Ask"><xs:complexType><xs:group ref="tns:G"/></xs:complexType></xs:element><xs:element name="Answer" type="xs:string"/>')), "a group that contains itself")
    bad("attribute_group_of_itself", with_types(schema(NS, '<xs:attributeGroup name="A"><xs:attributeGroup ref="tns:B"/></xs:attributeGroup><xs:attributeGroup name="B"><xs:attributeGroup ref="tns:A"/></xs:attributeGroup><xs:element name="Ask"><xs:complexType><xs:attributeGroup ref="tns:A"/></xs:complexType></xs:element><xs:element name="Answer" type="xs:string"/>')), "attribute groups that contain each other")
    bad("type_of_itself", with_types(schema(NS, '<xs:complexType name="A"><xs:complexContent><xs:extension base="tns:B"/></xs:complexContent></xs:complexType><xs:complexType name="B"><xs:complexContent><xs:extension base="tns:A"/></xs:complexContent></xs:complexType><xs:element name="Ask" type="tns:A"/><xs:element name="Answer" type="xs:string"/>')), "types that extend each other")
    bad("substitution_ring", with_types(schema(NS, '<xs:element name="Ask" substitutionGroup="tns:Tell" type="xs:string"/><xs:element name="Tell" substitutionGroup="tns:Ask" type="xs:string"/><xs:element name="Answer" type="xs:string"/>')), "elements that substitute each other")
    bad("element_contains_itself", with_types(schema(NS, '<xs:complexType name="T"><xs:sequence><xs:element name="Inner" type="tns:T"/></xs:sequence></xs:complexType><xs:element name="Ask" type="tns:T"/><xs:element name="Answer" type="xs:string"/>')), "a required element of its own type: no finite document fits; a warning is enough")
    bad("pattern_backtracks", with_types(schema(NS, '<xs:element name="Ask"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="((a+)+)+b"/></xs:restriction></xs:simpleType></xs:element><xs:element name="Answer" type="xs:string"/>')), "a pattern that backtracks without end in a naive engine: a warning is enough, or none if matching is linear")
    bad("pattern_too_large", with_types(schema(NS, '<xs:element name="Ask"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="(((\\p{L}{1,1000}){1,1000}){1,1000}){1,1000}"/></xs:restriction></xs:simpleType></xs:element><xs:element name="Answer" type="xs:string"/>')), "a pattern that compiles to more states than memory holds")
    bad("pattern_wrong", with_types(schema(NS, '<xs:element name="Ask"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9"/></xs:restriction></xs:simpleType></xs:element><xs:element name="Answer" type="xs:string"/>')), "a pattern that is no regular expression")
    deep = "<xs:sequence>" * 5000 + "</xs:sequence>" * 5000
    bad("nesting_too_deep", with_types(schema(NS, f'<xs:element name="Ask"><xs:complexType>{deep}</xs:complexType></xs:element><xs:element name="Answer" type="xs:string"/>')), "sequences nested 5000 deep")
    bad("occurrence_wrong", with_types(schema(NS, '<xs:element name="Ask"><xs:complexType><xs:sequence><xs:element name="A" type="xs:int" minOccurs="3" maxOccurs="2"/></xs:sequence></xs:complexType></xs:element><xs:element name="Answer" type="xs:string"/>')), "minOccurs above maxOccurs")


def no_wsdl_1_1():
    bad("wsdl_2_0", document('<description xmlns="http://www.w3.org/ns/wsdl" targetNamespace="urn:hall:two" xmlns:tns="urn:hall:two" xmlns:wsoap="http://www.w3.org/ns/wsdl/soap">\n  <interface name="Hall"><operation name="ask" pattern="http://www.w3.org/ns/wsdl/in-out"><input element="#any"/><output element="#any"/></operation></interface>\n  <binding name="HallSoap" interface="tns:Hall" type="http://www.w3.org/ns/wsdl/soap" wsoap:protocol="http://www.w3.org/2003/05/soap/bindings/HTTP/"/>\n  <service name="HallService" interface="tns:Hall"><endpoint name="e" binding="tns:HallSoap" address="http://127.0.0.1/hall"/></service>\n</description>'), "WSDL 2.0")
    bad("html_page", '<!DOCTYPE html>\n<html lang="zh">\n<head><meta charset="utf-8"><title>登录 - 单点登录</title>\n</head>\n<body>\n<form action="/login" method="post"><input name="user"><br><input name="password" type="password"></form>\n</body>\n</html>\n', "the page of a login, saved instead of the WSDL")
    bad("asmx_help_page", '<html><head><link rel="alternate" type="text/xml" href="/Service.asmx?disco"/><title>Service Web 服务</title></head><body><ul><li><a href="Service.asmx?op=SendRequest">SendRequest</a></li></ul></body></html>\n', "the help page of an ASP.NET service, saved without ?WSDL")
    bad("schema_instead", document(f'<xs:schema xmlns:xs="{XS}" targetNamespace="{NS}">{PLAIN}</xs:schema>'), "an XML Schema")
    bad("soap_fault_instead", document('<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>No service was found.</faultstring></soap:Fault></soap:Body></soap:Envelope>'), "a SOAP fault, answered instead of the WSDL")
    bad("truncated", GOOD[: GOOD.index("<wsdl:binding") + 40], "cut off in the middle")
    bad("empty_file", "", "an empty file")
    bad("encoding_lies", contract("Refused", NS, schema(NS, PLAIN), [("Ask", "tns:Ask", "tns:Answer")]).replace("  <wsdl:types>", "  <!-- 申办服务 -->\n  <wsdl:types>", 1).encode("gbk"), "GBK bytes declared as UTF-8")
    bad("encoding_unknown", contract("Refused", NS, schema(NS, PLAIN), [("Ask", "tns:Ask", "tns:Answer")], encoding="X-HALL-1"), "an encoding that nobody knows")
    bad("zip_instead", b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + b"\x00" * 40, "the bytes of a ZIP file under the name of a WSDL")
    bad("old_schema_namespace", GOOD.replace("http://www.w3.org/2001/XMLSchema", "http://www.w3.org/1999/XMLSchema"), "XML Schema of 1999")


if __name__ == "__main__":
    for maker in (imports, entities, references, blow_ups, no_wsdl_1_1):
        maker()
