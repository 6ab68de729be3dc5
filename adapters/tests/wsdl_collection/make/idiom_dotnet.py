"""WSDLs as ASP.NET web services (ASMX) and WCF write them."""

from shapes import array_name, arrays_used

ASMX_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tm="http://microsoft.com/wsdl/mime/textMatching/" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" xmlns:tns="{ns}" xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" xmlns:s1="http://microsoft.com/wsdl/types/" targetNamespace="{ns}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">
"""
VALUES = {"int", "long", "short", "boolean", "double", "float", "decimal", "dateTime", "unsignedByte"}


def action(namespace, name):
    return namespace + ("" if namespace.endswith("/") else "/") + name


def asmx_element(f, indent):
    kind = "tns:" + array_name(f.type) if f.repeats else ("s1:guid" if f.type == "guid" else "s:" + f.type if f.simple else "tns:" + f.type)
    least = 1 if f.required or (f.type in VALUES and not f.repeats) else 0
    return f'{indent}<s:element minOccurs="{least}" maxOccurs="1" name="{f.name}"{" nillable=" + chr(34) + "true" + chr(34) if f.nillable else ""} type="{kind}" />\n'


def asmx_sequence(fields, indent, extra=""):
    if not fields and not extra:
        return f"{indent}<s:complexType />\n"
    inner = "".join(asmx_element(f, indent + "    ") for f in fields)
    return f"{indent}<s:complexType>\n{indent}  <s:sequence>\n{inner}{extra}{indent}  </s:sequence>\n{indent}</s:complexType>\n"


def asmx(described, headers=(), raw_types="", raw_results=None, http=False, soap12=True, other_schema=""):
    """headers: names of header types sent with every operation; raw_types: schema text added as it is; raw_results: operation to the inner text of its result."""
    raw_results = raw_results or {}
    ns, types, messages = described.namespace, "", ""
    for operation in described.operations:
        result = [] if operation.result is None else [operation.result]
        for f in result:
            f.name = operation.name + "Result"
        types += f'      <s:element name="{operation.name}">\n{asmx_sequence(operation.parameters, "        ")}      </s:element>\n'
        types += f'      <s:element name="{operation.name}Response">\n{asmx_sequence(result, "        ", raw_results.get(operation.name, ""))}      </s:element>\n'
        for way, suffix in (("SoapIn", ""), ("SoapOut", "Response")):
            messages += f'  <wsdl:message name="{operation.name}{way}">\n    <wsdl:part name="parameters" element="tns:{operation.name}{suffix}" />\n  </wsdl:message>\n'
        for header in headers:
            messages += f'  <wsdl:message name="{operation.name}{header}">\n    <wsdl:part name="{header}" element="tns:{header}" />\n  </wsdl:message>\n'
    for name, fields in described.types.items():
        extra = '          <s:anyAttribute />\n' if name in headers else ""
        body = asmx_sequence(fields, "      ").replace("<s:complexType>", f'<s:complexType name="{name}">', 1)
        types += body.replace("</s:sequence>\n", "</s:sequence>\n" + extra.replace("          ", "        "), 1)
        if name in headers:
            types += f'      <s:element name="{name}" type="tns:{name}" />\n'
    for item in arrays_used(described):
        kind = "s:" + item if item[0].islower() else "tns:" + item
        types += f'      <s:complexType name="{array_name(item)}">\n        <s:sequence>\n          <s:element minOccurs="0" maxOccurs="unbounded" name="{item}"{"" if item in VALUES else " nillable=" + chr(34) + "true" + chr(34)} type="{kind}" />\n        </s:sequence>\n      </s:complexType>\n'
    port_types = bindings = ports = ""
    versions = [("Soap", "soap")] + ([("Soap12", "soap12")] if soap12 else [])
    operations = ""
    for operation in described.operations:
        said = f'      <wsdl:documentation xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">{operation.documentation}</wsdl:documentation>\n' if operation.documentation else ""
        operations += f'    <wsdl:operation name="{operation.name}">\n{said}      <wsdl:input message="tns:{operation.name}SoapIn" />\n      <wsdl:output message="tns:{operation.name}SoapOut" />\n    </wsdl:operation>\n'
    port_types += f'  <wsdl:portType name="{described.name}Soap">\n{operations}  </wsdl:portType>\n'
    for port, prefix in versions:
        inner = ""
        for operation in described.operations:
            head = "".join(f'        <{prefix}:header message="tns:{operation.name}{header}" part="{header}" use="literal" />\n' for header in headers)
            inner += f'    <wsdl:operation name="{operation.name}">\n      <{prefix}:operation soapAction="{action(ns, operation.name)}" style="document" />\n      <wsdl:input>\n        <{prefix}:body use="literal" />\n{head}      </wsdl:input>\n      <wsdl:output>\n        <{prefix}:body use="literal" />\n      </wsdl:output>\n    </wsdl:operation>\n'
        bindings += f'  <wsdl:binding name="{described.name}{port}" type="tns:{described.name}Soap">\n    <{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http" />\n{inner}  </wsdl:binding>\n'
        ports += f'    <wsdl:port name="{described.name}{port}" binding="tns:{described.name}{port}">\n      <{prefix}:address location="http://127.0.0.1/{described.name}.asmx" />\n    </wsdl:port>\n'
    if http:
        flat = [operation for operation in described.operations if all(f.simple for f in operation.parameters)]
        for verb in ("HttpGet", "HttpPost"):
            inner = outer = ""
            for operation in flat:
                messages += f'  <wsdl:message name="{operation.name}{verb}In">\n' + "".join(f'    <wsdl:part name="{f.name}" type="s:string" />\n' for f in operation.parameters) + f'  </wsdl:message>\n  <wsdl:message name="{operation.name}{verb}Out">\n    <wsdl:part name="Body" element="tns:{operation.result.type}" />\n  </wsdl:message>\n'
                inner += f'    <wsdl:operation name="{operation.name}">\n      <wsdl:input message="tns:{operation.name}{verb}In" />\n      <wsdl:output message="tns:{operation.name}{verb}Out" />\n    </wsdl:operation>\n'
                encoding = "<http:urlEncoded />" if verb == "HttpGet" else '<mime:content type="application/x-www-form-urlencoded" />'
                outer += f'    <wsdl:operation name="{operation.name}">\n      <http:operation location="/{operation.name}" />\n      <wsdl:input>\n        {encoding}\n      </wsdl:input>\n      <wsdl:output>\n        <mime:mimeXml part="Body" />\n      </wsdl:output>\n    </wsdl:operation>\n'
            port_types += f'  <wsdl:portType name="{described.name}{verb}">\n{inner}  </wsdl:portType>\n'
            bindings += f'  <wsdl:binding name="{described.name}{verb}" type="tns:{described.name}{verb}">\n    <http:binding verb="{verb[4:].upper()}" />\n{outer}  </wsdl:binding>\n'
            ports += f'    <wsdl:port name="{described.name}{verb}" binding="tns:{described.name}{verb}">\n      <http:address location="http://127.0.0.1/{described.name}.asmx" />\n    </wsdl:port>\n'
        for kind in dict.fromkeys(operation.result.type for operation in flat):
            types += f'      <s:element name="{kind}"{" nillable=" + chr(34) + "true" + chr(34) if kind not in VALUES else ""} type="s:{kind}" />\n'
    said = f'  <wsdl:documentation xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">{described.documentation}</wsdl:documentation>\n' if described.documentation else ""
    imports = '      <s:import namespace="http://microsoft.com/wsdl/types/" />\n' if other_schema else ""
    imports += '      <s:import namespace="http://www.w3.org/2001/XMLSchema" />\n' if "s:schema" in "".join(raw_results.values()) else ""
    return (ASMX_HEAD.format(ns=ns) + said + f'  <wsdl:types>\n    <s:schema elementFormDefault="qualified" targetNamespace="{ns}">\n{imports}{types}{raw_types}    </s:schema>\n{other_schema}  </wsdl:types>\n'
            + messages + port_types + bindings + f'  <wsdl:service name="{described.name}">\n{said.replace("  <", "    <", 1)}{ports}  </wsdl:service>\n</wsdl:definitions>\n')


WCF_HEAD = ('xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:wsx="http://schemas.xmlsoap.org/ws/2004/09/mex" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" '
            'xmlns:wsa10="http://www.w3.org/2005/08/addressing" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:wsap="http://schemas.xmlsoap.org/ws/2004/08/addressing/policy" '
            'xmlns:msc="http://schemas.microsoft.com/ws/2005/12/wsdl/contract" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            'xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="{tns}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
            'xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"')
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
ARRAYS = SERIALIZATION + "Arrays"


def wcf_schema_contract(described, data, where):
    """The schema of the operations' wrappers."""
    out = f'<xs:schema elementFormDefault="qualified" targetNamespace="{described.namespace}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{described.namespace}">\n'
    out += f'  <xs:import {where(2)}namespace="{data}"/>\n  <xs:import {where(3)}namespace="{ARRAYS}"/>\n'

    def element(f):
        if f.repeats and f.simple:
            kind, more = "q1:" + array_name(f.type), f' xmlns:q1="{ARRAYS}"'
        elif f.repeats:
            kind, more = "q1:" + array_name(f.type), f' xmlns:q1="{data}"'
        elif f.simple:
            kind, more = "xs:" + f.type, ""
        else:
            kind, more = "q1:" + f.type, f' xmlns:q1="{data}"'
        nil = "" if f.type in VALUES and not f.repeats else ' nillable="true"'
        return f'        <xs:element minOccurs="0" name="{f.name}"{nil} type="{kind}"{more}/>\n'

    for operation in described.operations:
        out += f'  <xs:element name="{operation.name}">\n    <xs:complexType>\n      <xs:sequence>\n' + "".join(map(element, operation.parameters)) + "      </xs:sequence>\n    </xs:complexType>\n  </xs:element>\n"
        if operation.one_way:
            continue
        result = []
        if operation.result:
            operation.result.name = operation.name + "Result"
            result = [operation.result]
        out += f'  <xs:element name="{operation.name}Response">\n    <xs:complexType>\n      <xs:sequence>\n' + "".join(map(element, result)) + "      </xs:sequence>\n    </xs:complexType>\n  </xs:element>\n"
    return out + "</xs:schema>\n"


def wcf_schema_serialization():
    simple = ["anyType", "anyURI", "base64Binary", "boolean", "byte", "dateTime", "decimal", "double", "float", "int", "long", "QName", "short", "string", "unsignedByte", "unsignedInt", "unsignedLong", "unsignedShort"]
    out = f'<xs:schema attributeFormDefault="qualified" elementFormDefault="qualified" targetNamespace="{SERIALIZATION}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{SERIALIZATION}">\n'
    out += "".join(f'  <xs:element name="{kind}" nillable="true" type="xs:{kind}"/>\n' for kind in simple)
    for name, base, rest in (("char", "xs:int", ""), ("duration", "xs:duration", '      <xs:pattern value="\\-?P(\\d*D)?(T(\\d*H)?(\\d*M)?(\\d*(\\.\\d*)?S)?)?"/>\n      <xs:minInclusive value="-P10675199DT2H48M5.4775808S"/>\n      <xs:maxInclusive value="P10675199DT2H48M5.4775807S"/>\n'), ("guid", "xs:string", '      <xs:pattern value="[\\da-fA-F]{8}-[\\da-fA-F]{4}-[\\da-fA-F]{4}-[\\da-fA-F]{4}-[\\da-fA-F]{12}"/>\n')):
        out += f'  <xs:element name="{name}" nillable="true" type="tns:{name}"/>\n  <xs:simpleType name="{name}">\n    <xs:restriction base="{base}">\n{rest}    </xs:restriction>\n  </xs:simpleType>\n'
    return out + '  <xs:attribute name="FactoryType" type="xs:QName"/>\n  <xs:attribute name="Id" type="xs:ID"/>\n  <xs:attribute name="Ref" type="xs:IDREF"/>\n</xs:schema>\n'


def wcf_schema_data(described, data, where, extra=""):
    out = f'<xs:schema elementFormDefault="qualified" targetNamespace="{data}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{data}" xmlns:ser="{SERIALIZATION}">\n  <xs:import {where(1)}namespace="{SERIALIZATION}"/>\n  <xs:import {where(3)}namespace="{ARRAYS}"/>\n'
    for name, fields in described.types.items():
        inner = ""
        for f in fields:
            kind = ("xs:" + f.type if f.simple else "tns:" + f.type) if not f.repeats else ("q1:" + array_name(f.type) if f.simple else "tns:" + array_name(f.type))
            kind = "ser:guid" if f.type == "guid" else "ser:duration" if f.type == "timeSpan" else kind
            more = f' xmlns:q1="{ARRAYS}"' if f.repeats and f.simple else ""
            inner += f'      <xs:element {"" if f.required else "minOccurs=" + chr(34) + "0" + chr(34) + " "}name="{f.name}"{"" if f.type in VALUES | {"guid", "timeSpan"} and not f.repeats else " nillable=" + chr(34) + "true" + chr(34)} type="{kind}"{more}/>\n'
        out += f'  <xs:complexType name="{name}">\n    <xs:sequence>\n{inner}    </xs:sequence>\n  </xs:complexType>\n  <xs:element name="{name}" nillable="true" type="tns:{name}"/>\n'
    for item in arrays_used(described):
        if not item[0].islower():
            out += f'  <xs:complexType name="{array_name(item)}">\n    <xs:sequence>\n      <xs:element minOccurs="0" maxOccurs="unbounded" name="{item}" nillable="true" type="tns:{item}"/>\n    </xs:sequence>\n  </xs:complexType>\n  <xs:element name="{array_name(item)}" nillable="true" type="tns:{array_name(item)}"/>\n'
    return out + extra + "</xs:schema>\n"


def wcf_schema_arrays(described):
    out = f'<xs:schema elementFormDefault="qualified" targetNamespace="{ARRAYS}" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{ARRAYS}">\n'
    for item in [item for item in arrays_used(described) if item[0].islower()] or ["string"]:
        out += f'  <xs:complexType name="{array_name(item)}">\n    <xs:sequence>\n      <xs:element minOccurs="0" maxOccurs="unbounded" name="{item}" nillable="true" type="xs:{item}"/>\n    </xs:sequence>\n  </xs:complexType>\n  <xs:element name="{array_name(item)}" nillable="true" type="tns:{array_name(item)}"/>\n'
    return out + "</xs:schema>\n"


def wcf_contract(described, faults):
    messages = operations = ""
    contract = f'{described.namespace}{"" if described.namespace.endswith("/") else "/"}I{described.name}'
    for operation in described.operations:
        messages += f'  <wsdl:message name="I{described.name}_{operation.name}_InputMessage">\n    <wsdl:part name="parameters" element="tns:{operation.name}"/>\n  </wsdl:message>\n'
        inner = f'      <wsdl:input wsaw:Action="{contract}/{operation.name}" message="tns:I{described.name}_{operation.name}_InputMessage"/>\n'
        if not operation.one_way:
            messages += f'  <wsdl:message name="I{described.name}_{operation.name}_OutputMessage">\n    <wsdl:part name="parameters" element="tns:{operation.name}Response"/>\n  </wsdl:message>\n'
            inner += f'      <wsdl:output wsaw:Action="{contract}/{operation.name}Response" message="tns:I{described.name}_{operation.name}_OutputMessage"/>\n'
        for fault in faults.get(operation.name, ()):
            messages += f'  <wsdl:message name="I{described.name}_{operation.name}_{fault}Fault_FaultMessage">\n    <wsdl:part name="detail" element="q1:{fault}" xmlns:q1="DATA"/>\n  </wsdl:message>\n'
            inner += f'      <wsdl:fault wsaw:Action="{contract}/{operation.name}{fault}Fault" name="{fault}Fault" message="tns:I{described.name}_{operation.name}_{fault}Fault_FaultMessage"/>\n'
        operations += f'    <wsdl:operation name="{operation.name}">\n{inner}    </wsdl:operation>\n'
    return messages + f'  <wsdl:portType name="I{described.name}">\n{operations}  </wsdl:portType>\n', contract


def wcf(described, faults=None, files=False, bindings=("basic",), data_extra=""):
    """All files of a WCF service: one (the ?singleWsdl form), or the WSDLs and schemas that import one another by ?wsdl= and ?xsd=."""
    faults = faults or {}
    data = "http://schemas.datacontract.org/2004/07/Hall." + described.name
    where = (lambda n: f'schemaLocation="http://127.0.0.1:8081/{described.name}.svc?xsd=xsd{n}" ') if files else (lambda n: "")
    schemas = [wcf_schema_contract(described, data, where), wcf_schema_serialization(), wcf_schema_data(described, data, where, data_extra), wcf_schema_arrays(described)]
    messages, contract = wcf_contract(described, faults)
    messages = messages.replace('"DATA"', f'"{data}"')
    policies = binding_text = ports = ""
    for kind in bindings:
        prefix = "soap" if kind == "basic" else "soap12"
        name = ("BasicHttpBinding_I" if kind == "basic" else "WSHttpBinding_I") + described.name
        reference = ""
        if kind == "ws":
            policies += f'  <wsp:Policy wsu:Id="{name}_policy">\n    <wsp:ExactlyOne>\n      <wsp:All>\n        <wsaw:UsingAddressing/>\n      </wsp:All>\n    </wsp:ExactlyOne>\n  </wsp:Policy>\n'
            reference = f'    <wsp:PolicyReference URI="#{name}_policy"/>\n'
        inner = ""
        for operation in described.operations:
            inner += f'    <wsdl:operation name="{operation.name}">\n      <{prefix}:operation soapAction="{contract}/{operation.name}" style="document"/>\n      <wsdl:input>\n        <{prefix}:body use="literal"/>\n      </wsdl:input>\n'
            if not operation.one_way:
                inner += f'      <wsdl:output>\n        <{prefix}:body use="literal"/>\n      </wsdl:output>\n'
            inner += "".join(f'      <wsdl:fault name="{fault}Fault">\n        <{prefix}:fault use="literal" name="{fault}Fault" namespace=""/>\n      </wsdl:fault>\n' for fault in faults.get(operation.name, ())) + "    </wsdl:operation>\n"
        target = "i0" if files else "tns"
        binding_text += f'  <wsdl:binding name="{name}" type="{target}:I{described.name}">\n{reference}    <{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http"/>\n{inner}  </wsdl:binding>\n'
        endpoint = f"http://127.0.0.1:8081/{described.name}.svc" + ("/ws" if kind == "ws" else "")
        reference = f'      <wsa10:EndpointReference>\n        <wsa10:Address>{endpoint}</wsa10:Address>\n      </wsa10:EndpointReference>\n' if kind == "ws" else ""
        ports += f'    <wsdl:port name="{name}" binding="tns:{name}">\n      <{prefix}:address location="{endpoint}"/>\n{reference}    </wsdl:port>\n'
    service = f'  <wsdl:service name="{described.name}">\n{ports}  </wsdl:service>\n'
    if not files:
        inline = "".join("    " + line + "\n" for schema in schemas for line in schema.rstrip().split("\n"))
        head = WCF_HEAD.format(tns=described.namespace)
        return {"service.wsdl": f'<?xml version="1.0" encoding="utf-8"?>\n<wsdl:definitions name="{described.name}" targetNamespace="{described.namespace}" {head}>\n{policies}  <wsdl:types>\n{inline}  </wsdl:types>\n{messages}{binding_text}{service}</wsdl:definitions>\n'}
    tempuri = "http://tempuri.org/"
    main = (f'<?xml version="1.0" encoding="utf-8"?>\n<wsdl:definitions name="{described.name}" targetNamespace="{tempuri}" {WCF_HEAD.format(tns=tempuri)} xmlns:i0="{described.namespace}">\n{policies}'
            f'  <wsdl:import namespace="{described.namespace}" location="http://127.0.0.1:8081/{described.name}.svc?wsdl=wsdl0"/>\n  <wsdl:types/>\n{binding_text}{service}</wsdl:definitions>\n')
    imports = "".join(f'      <xsd:import schemaLocation="http://127.0.0.1:8081/{described.name}.svc?xsd=xsd{number}" namespace="{space}"/>\n' for number, space in enumerate((described.namespace, SERIALIZATION, data, ARRAYS)))
    contract_file = (f'<?xml version="1.0" encoding="utf-8"?>\n<wsdl:definitions targetNamespace="{described.namespace}" {WCF_HEAD.format(tns=described.namespace)}>\n  <wsdl:types>\n'
                     f'    <xsd:schema targetNamespace="{described.namespace}/Imports">\n{imports}    </xsd:schema>\n  </wsdl:types>\n{messages}</wsdl:definitions>\n')
    made = {f"{described.name}.svc?wsdl": main, f"{described.name}.svc?wsdl=wsdl0": contract_file}
    for number, schema in enumerate(schemas):
        made[f"{described.name}.svc?xsd=xsd{number}"] = '<?xml version="1.0" encoding="utf-8"?>\n' + schema
    return made
