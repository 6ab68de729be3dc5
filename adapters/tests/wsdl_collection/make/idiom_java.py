"""WSDLs as Axis 1.4, Axis2, XFire, CXF, JAX-WS RI and the servers built on them write them."""

from shapes import arrays_used

ENC = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"


def axis1_type(f, prefix="impl"):
    """Axis takes xsd for primitives and soapenc for what may be null in Java."""
    if f.repeats:
        return prefix + ":ArrayOf_" + ("xsd_" + f.type if f.simple else "tns1_" + f.type)
    if not f.simple:
        return "tns1:" + f.type
    return ("soapenc:" if f.nillable else "xsd:") + f.type


def axis1(described, types_namespace, style="rpc", use="encoded", faults=None, overloads=()):
    """rpc/encoded as Java2WSDL writes it, or its wrapped/literal."""
    faults = faults or {}
    ns, address = described.namespace, f"http://127.0.0.1:8080/axis/services/{described.name}"
    out = f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions targetNamespace="{ns}" xmlns:apachesoap="http://xml.apache.org/xml-soap" xmlns:impl="{ns}" xmlns:intf="{ns}" xmlns:soapenc="{ENC}" xmlns:tns1="{types_namespace}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:wsdlsoap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="{XSD}">
<!--WSDL created by Apache Axis version: 1.4
Built on Apr 22, 2006 (06:55:48 PDT)-->
 <wsdl:types>
"""
    encoded = use == "encoded"

    def element(f, prefix="impl"):
        if not encoded and f.repeats:
            return f'     <element maxOccurs="unbounded" name="{f.name}" type="{axis1_type(type(f)(f.name, f.type, False, False, False))}"/>\n'
        return f'     <element name="{f.name}"{"" if f.simple and not f.nillable and f.type != "string" else " nillable=" + chr(34) + "true" + chr(34)} type="{axis1_type(f, prefix)}"/>\n'

    beans = ""
    for name, fields in described.types.items():
        beans += f'   <complexType name="{name}">\n    <sequence>\n' + "".join(map(element, fields)) + "    </sequence>\n   </complexType>\n"
    imports = lambda other: f'   <import namespace="{other}"/>\n' + (f'   <import namespace="{ENC}"/>\n' if encoded else "")
    form = "" if encoded else ' elementFormDefault="qualified"'
    out += f'  <schema{form} targetNamespace="{types_namespace}" xmlns="{XSD}">\n{imports(ns)}{beans}  </schema>\n'
    out += f'  <schema{form} targetNamespace="{ns}" xmlns="{XSD}">\n{imports(types_namespace)}'
    if encoded:
        for item in arrays_used(described):
            kind = "xsd:" + item if item[0].islower() else "tns1:" + item
            out += f'   <complexType name="ArrayOf_{"xsd_" if item[0].islower() else "tns1_"}{item}">\n    <complexContent>\n     <restriction base="soapenc:Array">\n      <attribute ref="soapenc:arrayType" wsdl:arrayType="{kind}[]"/>\n     </restriction>\n    </complexContent>\n   </complexType>\n'
    messages = ""
    for operation in described.operations:
        suffix = str(sum(o.name == operation.name for o in described.operations[: described.operations.index(operation)]) or "")
        name = operation.name + "Request" + suffix
        answer = operation.name + "Response" + suffix
        if encoded:
            messages += f'\n   <wsdl:message name="{name}">\n' + "".join(f'\n      <wsdl:part name="{f.name}" type="{axis1_type(f)}"/>\n' for f in operation.parameters) + "\n   </wsdl:message>\n"
            result = f'\n      <wsdl:part name="{operation.name}Return" type="{axis1_type(operation.result)}"/>\n' if operation.result else ""
            messages += f'\n   <wsdl:message name="{answer}">\n{result}\n   </wsdl:message>\n'
        else:
            out += f'   <element name="{operation.name}">\n    <complexType>\n     <sequence>\n' + "".join(map(element, operation.parameters)) + "     </sequence>\n    </complexType>\n   </element>\n"
            result = ""
            if operation.result:
                operation.result.name = operation.name + "Return"
                result = element(operation.result)
            out += f'   <element name="{operation.name}Response">\n    <complexType>\n     <sequence>\n{result}     </sequence>\n    </complexType>\n   </element>\n'
            messages += f'\n   <wsdl:message name="{name}">\n\n      <wsdl:part element="impl:{operation.name}" name="parameters"/>\n\n   </wsdl:message>\n\n   <wsdl:message name="{answer}">\n\n      <wsdl:part element="impl:{operation.name}Response" name="parameters"/>\n\n   </wsdl:message>\n'
    for fault in dict.fromkeys(name for names in faults.values() for name in names):
        out += f'   <element name="fault" type="tns1:{fault}"/>\n' if not encoded else ""
        part = f'name="fault" type="tns1:{fault}"' if encoded else 'element="impl:fault" name="fault"'
        messages += f'\n   <wsdl:message name="{fault}">\n\n      <wsdl:part {part}/>\n\n   </wsdl:message>\n'
    out += "  </schema>\n </wsdl:types>\n" + messages
    port = binding = ""
    for operation in described.operations:
        suffix = str(sum(o.name == operation.name for o in described.operations[: described.operations.index(operation)]) or "")
        order = f' parameterOrder="{" ".join(f.name for f in operation.parameters)}"' if encoded and operation.parameters else ""
        names = [(f'{operation.name}Request{suffix}', "input"), (f'{operation.name}Response{suffix}', "output")]
        port += f'\n      <wsdl:operation name="{operation.name}"{order}>\n' + "".join(f'\n         <wsdl:{way} message="impl:{name}" name="{name}"/>\n' for name, way in names)
        port += "".join(f'\n         <wsdl:fault message="impl:{fault}" name="{fault}"/>\n' for fault in faults.get(operation.name, ())) + "\n      </wsdl:operation>\n"
        body = f'<wsdlsoap:body encodingStyle="{ENC}" namespace="{ns}" use="encoded"/>' if encoded else '<wsdlsoap:body use="literal"/>'
        binding += f'\n      <wsdl:operation name="{operation.name}">\n\n         <wsdlsoap:operation soapAction=""/>\n' + "".join(f'\n         <wsdl:{way} name="{name}">\n\n            {body}\n\n         </wsdl:{way}>\n' for name, way in names)
        for fault in faults.get(operation.name, ()):
            how = f'encodingStyle="{ENC}" name="{fault}" namespace="{ns}" use="encoded"' if encoded else f'name="{fault}" use="literal"'
            binding += f'\n         <wsdl:fault name="{fault}">\n\n            <wsdlsoap:fault {how}/>\n\n         </wsdl:fault>\n'
        binding += "\n      </wsdl:operation>\n"
    return (out + f'\n   <wsdl:portType name="{described.name}">\n{port}\n   </wsdl:portType>\n\n   <wsdl:binding name="{described.name}SoapBinding" type="impl:{described.name}">\n\n'
            f'      <wsdlsoap:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>\n{binding}\n   </wsdl:binding>\n\n   <wsdl:service name="{described.name}Service">\n\n'
            f'      <wsdl:port binding="impl:{described.name}SoapBinding" name="{described.name}">\n\n         <wsdlsoap:address location="{address}"/>\n\n      </wsdl:port>\n\n   </wsdl:service>\n\n</wsdl:definitions>\n')


def axis2(described, package="http://bean.hall.gov.cn/xsd", faults=None, http=True):
    """SOAP 1.1, SOAP 1.2 and HTTP endpoints of one port type; names of parameters args0 … are the caller's affair."""
    ns, faults = described.namespace, faults or {}

    def element(f):
        kind = "xs:" + f.type if f.simple else "ax21:" + f.type
        nil = "" if f.type in ("int", "long", "boolean", "double") and not f.repeats else ' nillable="true"'
        return f'                        <xs:element{" maxOccurs=" + chr(34) + "unbounded" + chr(34) if f.repeats else ""} minOccurs="0" name="{f.name}"{nil} type="{kind}"/>\n'

    beans = "".join(f'            <xs:complexType name="{name}">\n                <xs:sequence>\n' + "".join(map(element, fields)) + "                </xs:sequence>\n            </xs:complexType>\n" for name, fields in described.types.items())
    elements = messages = port = ""
    for operation in described.operations:
        elements += f'            <xs:element name="{operation.name}">\n                <xs:complexType>\n                    <xs:sequence>\n' + "".join(map(element, operation.parameters)) + "                    </xs:sequence>\n                </xs:complexType>\n            </xs:element>\n"
        messages += f'    <wsdl:message name="{operation.name}Request">\n        <wsdl:part name="parameters" element="ns:{operation.name}"/>\n    </wsdl:message>\n'
        port += f'        <wsdl:operation name="{operation.name}">\n            <wsdl:input message="ns:{operation.name}Request" wsaw:Action="urn:{operation.name}"/>\n'
        if not operation.one_way:
            result = element(operation.result) if operation.result else ""
            elements += f'            <xs:element name="{operation.name}Response">\n                <xs:complexType>\n                    <xs:sequence>\n{result}                    </xs:sequence>\n                </xs:complexType>\n            </xs:element>\n'
            messages += f'    <wsdl:message name="{operation.name}Response">\n        <wsdl:part name="parameters" element="ns:{operation.name}Response"/>\n    </wsdl:message>\n'
            port += f'            <wsdl:output message="ns:{operation.name}Response" wsaw:Action="urn:{operation.name}Response"/>\n'
        for fault in faults.get(operation.name, ()):
            elements += f'            <xs:element name="{described.name}{fault}">\n                <xs:complexType>\n                    <xs:sequence>\n                        <xs:element minOccurs="0" name="{fault}" nillable="true" type="ax21:{fault}"/>\n                    </xs:sequence>\n                </xs:complexType>\n            </xs:element>\n'
            messages += f'    <wsdl:message name="{described.name}{fault}">\n        <wsdl:part name="parameters" element="ns:{described.name}{fault}"/>\n    </wsdl:message>\n'
            port += f'            <wsdl:fault message="ns:{described.name}{fault}" name="{described.name}{fault}" wsaw:Action="urn:{operation.name}{described.name}{fault}"/>\n'
        port += "        </wsdl:operation>\n"
    bindings = ports = ""
    for version, prefix in (("Soap11", "soap"), ("Soap12", "soap12")):
        inner = ""
        for operation in described.operations:
            inner += f'        <wsdl:operation name="{operation.name}">\n            <{prefix}:operation soapAction="urn:{operation.name}" style="document"/>\n            <wsdl:input>\n                <{prefix}:body use="literal"/>\n            </wsdl:input>\n'
            inner += "" if operation.one_way else f'            <wsdl:output>\n                <{prefix}:body use="literal"/>\n            </wsdl:output>\n'
            inner += "".join(f'            <wsdl:fault name="{described.name}{fault}">\n                <{prefix}:fault use="literal" name="{described.name}{fault}"/>\n            </wsdl:fault>\n' for fault in faults.get(operation.name, ())) + "        </wsdl:operation>\n"
        bindings += f'    <wsdl:binding name="{described.name}{version}Binding" type="ns:{described.name}PortType">\n        <{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>\n{inner}    </wsdl:binding>\n'
        ports += f'        <wsdl:port name="{described.name}Http{version}Endpoint" binding="ns:{described.name}{version}Binding">\n            <{prefix}:address location="http://127.0.0.1:8080/axis2/services/{described.name}.{described.name}Http{version}Endpoint/"/>\n        </wsdl:port>\n'
    if http:
        inner = "".join(f'        <wsdl:operation name="{o.name}">\n            <http:operation location="{o.name}"/>\n            <wsdl:input>\n                <mime:content type="application/xml" part="parameters"/>\n            </wsdl:input>\n' + ("" if o.one_way else '            <wsdl:output>\n                <mime:content type="application/xml" part="parameters"/>\n            </wsdl:output>\n') + "        </wsdl:operation>\n" for o in described.operations)
        bindings += f'    <wsdl:binding name="{described.name}HttpBinding" type="ns:{described.name}PortType">\n        <http:binding verb="POST"/>\n{inner}    </wsdl:binding>\n'
        ports += f'        <wsdl:port name="{described.name}HttpEndpoint" binding="ns:{described.name}HttpBinding">\n            <http:address location="http://127.0.0.1:8080/axis2/services/{described.name}.{described.name}HttpEndpoint/"/>\n        </wsdl:port>\n'
    beans_schema = f'        <xs:schema attributeFormDefault="qualified" elementFormDefault="qualified" targetNamespace="{package}">\n{beans}        </xs:schema>\n' if beans else ""
    bean_import = f'            <xs:import namespace="{package}"/>\n' if beans else ""
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:ns1="http://org.apache.axis2/xsd" xmlns:ns="{ns}" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:ax21="{package}" xmlns:xs="{XSD}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" targetNamespace="{ns}">\n'
            f'    <wsdl:documentation>\n        {described.documentation or described.name}\n    </wsdl:documentation>\n    <wsdl:types>\n{beans_schema}        <xs:schema attributeFormDefault="qualified" elementFormDefault="qualified" targetNamespace="{ns}">\n{bean_import}{elements}        </xs:schema>\n    </wsdl:types>\n'
            f'{messages}    <wsdl:portType name="{described.name}PortType">\n{port}    </wsdl:portType>\n{bindings}    <wsdl:service name="{described.name}">\n{ports}    </wsdl:service>\n</wsdl:definitions>\n')


def jaxws_schema(described, faults, indent="", required=False, form="unqualified"):
    """The schema JAXB makes: a named type and an element for each operation."""
    out = f'{indent}<xs:schema xmlns:xs="{XSD}" xmlns:tns="{described.namespace}" elementFormDefault="{form}" targetNamespace="{described.namespace}" version="1.0">\n'
    elements = types = ""

    def element(f):
        kind = "xs:" + f.type if f.simple else "tns:" + f.type
        least = "" if f.required or (f.type in ("int", "long", "boolean", "double") and not f.repeats and not f.nillable) else ' minOccurs="0"'
        return f'{indent}      <xs:element{least}{" maxOccurs=" + chr(34) + "unbounded" + chr(34) if f.repeats else ""} name="{f.name}"{" nillable=" + chr(34) + "true" + chr(34) if f.repeats else ""} type="{kind}"/>\n'

    def named(name, fields):
        if not fields:
            return f'{indent}  <xs:complexType name="{name}">\n{indent}    <xs:sequence/>\n{indent}  </xs:complexType>\n'
        return f'{indent}  <xs:complexType name="{name}">\n{indent}    <xs:sequence>\n' + "".join(map(element, fields)) + f"{indent}    </xs:sequence>\n{indent}  </xs:complexType>\n"

    for operation in described.operations:
        elements += f'{indent}  <xs:element name="{operation.name}" type="tns:{operation.name}"/>\n'
        types += named(operation.name, operation.parameters)
        if not operation.one_way:
            elements += f'{indent}  <xs:element name="{operation.name}Response" type="tns:{operation.name}Response"/>\n'
            types += named(operation.name + "Response", [operation.result] if operation.result else [])
    for name, fields in described.types.items():
        types += named(name, fields)
    for fault in dict.fromkeys(name for names in faults.values() for name in names):
        elements += f'{indent}  <xs:element name="{fault}" type="tns:{fault}"/>\n'
    return out + elements + types + f"{indent}</xs:schema>\n"


def cxf(described, faults=None, version="soap", split=False, implementation=None, header="", form="unqualified", comment=""):
    """CXF's form. split: the service in a namespace of the implementation, importing the interface's WSDL, as CXF and JAX-WS do when the two differ."""
    faults = faults or {}
    ns = described.namespace
    messages = port = binding = ""
    for operation in described.operations:
        ways = [("", operation.name, "input")] + ([] if operation.one_way else [("Response", operation.name + "Response", "output")])
        port += f'    <wsdl:operation name="{operation.name}">\n'
        binding += f'    <wsdl:operation name="{operation.name}">\n      <{version}:operation soapAction="" style="document"/>\n'
        for suffix, element, way in ways:
            messages += f'  <wsdl:message name="{operation.name}{suffix}">\n    <wsdl:part element="ns1:{element}" name="parameters">\n    </wsdl:part>\n  </wsdl:message>\n'
            port += f'      <wsdl:{way} message="ns1:{operation.name}{suffix}" name="{operation.name}{suffix}">\n      </wsdl:{way}>\n'
            binding += f'      <wsdl:{way} name="{operation.name}{suffix}">\n        <{version}:body use="literal"/>\n      </wsdl:{way}>\n'
        for fault in faults.get(operation.name, ()):
            port += f'      <wsdl:fault message="ns1:{fault}" name="{fault}">\n      </wsdl:fault>\n'
            binding += f'      <wsdl:fault name="{fault}">\n        <{version}:fault name="{fault}" use="literal"/>\n      </wsdl:fault>\n'
        port += "    </wsdl:operation>\n"
        binding += "    </wsdl:operation>\n"
    for fault in dict.fromkeys(name for names in faults.values() for name in names):
        messages += f'  <wsdl:message name="{fault}">\n    <wsdl:part element="ns1:{fault}" name="{fault}">\n    </wsdl:part>\n  </wsdl:message>\n'
    types = f'  <wsdl:types>\n{jaxws_schema(described, faults, "", form=form)}  </wsdl:types>\n'
    contract = messages + f'  <wsdl:portType name="{described.name}">\n{port}  </wsdl:portType>\n'
    target = implementation or ns
    head = lambda tns, name: f'<?xml version="1.0" encoding="UTF-8"?>\n{comment}<wsdl:definitions xmlns:xsd="{XSD}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="{tns}" xmlns:{version}="http://schemas.xmlsoap.org/wsdl/{version}/" xmlns:ns2="http://schemas.xmlsoap.org/soap/http" xmlns:ns1="{ns}" name="{name}" targetNamespace="{tns}">\n'
    service = (f'  <wsdl:binding name="{described.name}ServiceSoapBinding" type="ns1:{described.name}">\n    <{version}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n{binding}  </wsdl:binding>\n'
               f'  <wsdl:service name="{described.name}Service">\n    <wsdl:port binding="tns:{described.name}ServiceSoapBinding" name="{described.name}Port">\n      <{version}:address location="http://127.0.0.1:8080/cxf/{described.name}"/>\n    </wsdl:port>\n  </wsdl:service>\n</wsdl:definitions>\n')
    if not split:
        return {"service.wsdl": head(target, described.name + "Service") + types + contract + service}
    return {
        "service.wsdl": head(target, described.name + "Service") + f'  <wsdl:import location="{described.name}.wsdl" namespace="{ns}">\n  </wsdl:import>\n' + service,
        f"{described.name}.wsdl": head(ns, described.name) + types + contract + "</wsdl:definitions>\n",
    }


def jaxws_ri(described, faults=None, address="http://127.0.0.1:8080/hall/", schema_file=None, location=None, style="document", product="JAX-WS RI 2.2.9-b130926.1035 svn-revision#5f6196f2b90e9460065a4c2f4e30e065b245e51e", version="soap"):
    """The form of the reference implementation: default namespace WSDL, tns, the schema apart under ?xsd=1. With style rpc the parts have types."""
    faults, ns = faults or {}, described.namespace
    messages = port = binding = ""
    for operation in described.operations:
        action = f"{ns}{described.name}/{operation.name}"
        ways = [("", "Request", "input")] + ([] if operation.one_way else [("Response", "Response", "output")])
        port += f'<operation name="{operation.name}"' + (f' parameterOrder="{" ".join(f.name for f in operation.parameters)}"' if style == "rpc" and operation.parameters else "") + ">\n"
        binding += f'<operation name="{operation.name}">\n<{version}:operation soapAction=""></{version}:operation>\n'
        for suffix, said, way in ways:
            if style == "rpc":
                fields = operation.parameters if way == "input" else ([operation.result] if operation.result else [])
                parts = "".join(f'<part name="{f.name}" type="{"xsd" if f.simple else "tns"}:{f.type}"></part>\n' for f in fields)
            else:
                parts = f'<part name="parameters" element="tns:{operation.name}{suffix}"></part>\n'
            messages += f'<message name="{operation.name}{suffix}">\n{parts}</message>\n'
            port += f'<{way} wsam:Action="{action}{said}" message="tns:{operation.name}{suffix}"></{way}>\n'
            space = f' namespace="{ns}"' if style == "rpc" else ""
            binding += f'<{way}>\n<{version}:body use="literal"{space}></{version}:body>\n</{way}>\n'
        for fault in faults.get(operation.name, ()):
            port += f'<fault message="tns:{fault}" name="{fault}" wsam:Action="{action}/Fault/{fault}"></fault>\n'
            binding += f'<fault name="{fault}">\n<{version}:fault name="{fault}" use="literal"></{version}:fault>\n</fault>\n'
        port += "</operation>\n"
        binding += "</operation>\n"
    for fault in dict.fromkeys(name for names in faults.values() for name in names):
        messages += f'<message name="{fault}">\n<part name="fault" element="tns:{fault}"></part>\n</message>\n'
    out = (f"<?xml version='1.0' encoding='UTF-8'?><!-- Published by JAX-WS RI (http://jax-ws.java.net). RI's version is {product}. --><!-- Generated by JAX-WS RI (http://jax-ws.java.net). RI's version is {product}. -->"
           f'<definitions xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:wsp="http://www.w3.org/ns/ws-policy" xmlns:wsp1_2="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" xmlns:{version}="http://schemas.xmlsoap.org/wsdl/{version}/" xmlns:tns="{ns}" xmlns:xsd="{XSD}" xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="{ns}" name="{described.name}Service">\n')
    types = described if style == "document" else type(described)(described.name, ns, described.types, [], "")
    schema = "<?xml version='1.0' encoding='UTF-8'?>" + jaxws_schema(types, faults)
    if schema_file:
        out += f'<types>\n<xsd:schema>\n<xsd:import namespace="{ns}" schemaLocation="{location or schema_file}"></xsd:import>\n</xsd:schema>\n</types>\n'
    else:
        out += "<types>\n" + schema.split("?>", 1)[1] + "</types>\n"
    out += (messages + f'<portType name="{described.name}">\n{port}</portType>\n<binding name="{described.name}PortBinding" type="tns:{described.name}">\n<{version}:binding transport="http://schemas.xmlsoap.org/soap/http" style="{style}"></{version}:binding>\n{binding}</binding>\n'
            f'<service name="{described.name}Service">\n<port name="{described.name}Port" binding="tns:{described.name}PortBinding">\n<{version}:address location="{address}{described.name}"></{version}:address>\n</port>\n</service>\n</definitions>\n')
    return {"service.wsdl": out, **({schema_file: schema} if schema_file else {})}


def xfire(described):
    """XFire's aegis: parts in0, in1 …, arrays as types, everything nillable."""
    ns = described.namespace
    for operation in described.operations:
        for number, f in enumerate(operation.parameters):
            f.name = f"in{number}"
        if operation.result:
            operation.result.name = "out"

    def element(f, strict):
        kind = "tns:ArrayOf" + f.type[0].upper() + f.type[1:] if f.repeats else ("xsd:" if f.simple else "tns:") + f.type
        bounds = 'maxOccurs="1" minOccurs="1"' if strict else 'minOccurs="0"'
        return f'<xsd:element {bounds} name="{f.name}"{"" if f.type in ("int", "long", "boolean") and not f.repeats else " nillable=" + chr(34) + "true" + chr(34)} type="{kind}"/>\n'

    types = ""
    for name, fields in described.types.items():
        types += f'<xsd:complexType name="{name}">\n<xsd:sequence>\n' + "".join(element(f, False) for f in fields) + "</xsd:sequence>\n</xsd:complexType>\n"
    for item in arrays_used(described):
        types += f'<xsd:complexType name="ArrayOf{item[0].upper() + item[1:]}">\n<xsd:sequence>\n<xsd:element maxOccurs="unbounded" minOccurs="0" name="{item}" nillable="true" type="{"xsd" if item[0].islower() else "tns"}:{item}"/>\n</xsd:sequence>\n</xsd:complexType>\n'
    messages = port = binding = ""
    for o in described.operations:
        for suffix, fields in (("", o.parameters), ("Response", [o.result] if o.result else [])):
            content = "<xsd:sequence>\n" + "".join(element(f, True) for f in fields) + "</xsd:sequence>\n" if fields else "<xsd:sequence/>\n"
            types += f'<xsd:element name="{o.name}{suffix}">\n<xsd:complexType>\n{content}</xsd:complexType>\n</xsd:element>\n'
            messages += f'  <wsdl:message name="{o.name}{suffix or "Request"}">\n    <wsdl:part name="parameters" element="tns:{o.name}{suffix}">\n    </wsdl:part>\n  </wsdl:message>\n'
        port += f'    <wsdl:operation name="{o.name}">\n      <wsdl:input name="{o.name}Request" message="tns:{o.name}Request">\n    </wsdl:input>\n      <wsdl:output name="{o.name}Response" message="tns:{o.name}Response">\n    </wsdl:output>\n    </wsdl:operation>\n'
        binding += f'    <wsdl:operation name="{o.name}">\n      <wsdlsoap:operation soapAction=""/>\n      <wsdl:input name="{o.name}Request">\n        <wsdlsoap:body use="literal"/>\n      </wsdl:input>\n      <wsdl:output name="{o.name}Response">\n        <wsdlsoap:body use="literal"/>\n      </wsdl:output>\n    </wsdl:operation>\n'
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<wsdl:definitions targetNamespace="{ns}" xmlns:tns="{ns}" xmlns:wsdlsoap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://www.w3.org/2003/05/soap-envelope" xmlns:xsd="{XSD}" xmlns:soapenc11="{ENC}" xmlns:soapenc12="http://www.w3.org/2003/05/soap-encoding" xmlns:soap11="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">\n'
            f'  <wsdl:types>\n<xsd:schema xmlns:xsd="{XSD}" attributeFormDefault="qualified" elementFormDefault="qualified" targetNamespace="{ns}">\n{types}</xsd:schema>\n  </wsdl:types>\n{messages}  <wsdl:portType name="{described.name}PortType">\n{port}  </wsdl:portType>\n'
            f'  <wsdl:binding name="{described.name}HttpBinding" type="tns:{described.name}PortType">\n    <wsdlsoap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n{binding}  </wsdl:binding>\n'
            f'  <wsdl:service name="{described.name}">\n    <wsdl:port name="{described.name}HttpPort" binding="tns:{described.name}HttpBinding">\n      <wsdlsoap:address location="http://127.0.0.1:8080/services/{described.name}"/>\n    </wsdl:port>\n  </wsdl:service>\n</wsdl:definitions>\n')
