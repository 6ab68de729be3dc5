"""WSDLs of the rpc/encoded world beside Axis: NuSOAP, Zend (Laminas) AutoDiscover, Delphi, SOAP::Lite with Pod::WSDL, ActionWebService, Apache SOAP with hand-kept WSDL."""

from shapes import arrays_used

ENC = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"
HTTP = "http://schemas.xmlsoap.org/soap/http"


def array_type(name, reference, kind):
    return f'<xsd:complexType name="{name}"><xsd:complexContent><xsd:restriction base="{reference}:Array"><xsd:attribute ref="{reference}:arrayType" wsdl:arrayType="{kind}[]"/></xsd:restriction></xsd:complexContent></xsd:complexType>'


def nusoap(described, document=False):
    """NuSOAP's: xsd:all in structures, arrays restricted from SOAP-ENC:Array, one long line an entry, soapAction urn:name#operation."""
    ns = described.namespace
    types = ""
    for name, fields in described.types.items():
        inner = "".join(f'   <xsd:element name="{f.name}" type="{"tns:" + f.type + "Array" if f.repeats else ("xsd:" if f.simple else "tns:") + f.type}"{"" if f.required else " minOccurs=" + chr(34) + "0" + chr(34)}/>\n' for f in fields)
        types += f' <xsd:complexType name="{name}">\n  <xsd:all>\n{inner}  </xsd:all>\n </xsd:complexType>\n'
    for item in arrays_used(described):
        kind = ("xsd:" if item[0].islower() else "tns:") + item
        types += f' <xsd:complexType name="{item}Array">\n  <xsd:complexContent>\n   <xsd:restriction base="SOAP-ENC:Array">\n    <xsd:attribute ref="SOAP-ENC:arrayType" wsdl:arrayType="{kind}[]"/>\n   </xsd:restriction>\n  </xsd:complexContent>\n </xsd:complexType>\n'
    kind = lambda f: "tns:" + f.type + "Array" if f.repeats else ("xsd:" if f.simple else "tns:") + f.type
    messages = port = binding = ""
    for o in described.operations:
        if document:
            types += f' <xsd:complexType name="{o.name}RequestType">\n  <xsd:all>\n' + "".join(f'   <xsd:element name="{f.name}" type="{kind(f)}" form="unqualified"/>\n' for f in o.parameters) + f'  </xsd:all>\n </xsd:complexType>\n <xsd:complexType name="{o.name}ResponseType">\n  <xsd:all>\n   <xsd:element name="return" type="{kind(o.result)}" form="unqualified"/>\n  </xsd:all>\n </xsd:complexType>\n <xsd:element name="{o.name}" type="tns:{o.name}RequestType"/>\n <xsd:element name="{o.name}Response" type="tns:{o.name}ResponseType"/>\n'
            messages += f'<message name="{o.name}Request"><part name="parameters" element="tns:{o.name}" /></message>\n<message name="{o.name}Response"><part name="parameters" element="tns:{o.name}Response" /></message>\n'
            style, body = "document", f'<soap:body use="literal" namespace="{ns}"/>'
        else:
            parts = "".join(f'  <part name="{f.name}" type="{kind(f)}" />\n' for f in o.parameters)
            messages += f'<message name="{o.name}Request">\n{parts}</message>\n<message name="{o.name}Response">\n' + (f'  <part name="return" type="{kind(o.result)}" />\n' if o.result else "") + "</message>\n"
            style, body = "rpc", f'<soap:body use="encoded" namespace="{ns}" encodingStyle="{ENC}"/>'
        said = f"    <documentation>{o.documentation}</documentation>\n" if o.documentation else ""
        port += f'  <operation name="{o.name}">\n{said}    <input message="tns:{o.name}Request"/>\n    <output message="tns:{o.name}Response"/>\n  </operation>\n'
        binding += f'  <operation name="{o.name}">\n    <soap:operation soapAction="{ns}#{o.name}" style="{style}"/>\n    <input>{body}</input>\n    <output>{body}</output>\n  </operation>\n'
    form = ' elementFormDefault="qualified"' if document else ""
    imports = "" if document else f' <xsd:import namespace="{ENC}" />\n'
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<definitions xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="{XSD}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:SOAP-ENC="{ENC}" xmlns:tns="{ns}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="{ns}">\n'
            f'<types>\n<xsd:schema{form} targetNamespace="{ns}"\n>\n{imports} <xsd:import namespace="http://schemas.xmlsoap.org/wsdl/" />\n{types}</xsd:schema>\n</types>\n{messages}<portType name="{described.name}PortType">\n{port}</portType>\n<binding name="{described.name}Binding" type="tns:{described.name}PortType">\n'
            f'  <soap:binding style="{"document" if document else "rpc"}" transport="{HTTP}"/>\n{binding}</binding>\n<service name="{described.name}">\n  <port name="{described.name}Port" binding="tns:{described.name}Binding">\n    <soap:address location="http://127.0.0.1/{described.name}.php"/>\n  </port>\n</service>\n</definitions>')


def zend(described, use="encoded"):
    """AutoDiscover: one line without an end, the types last but the service before the messages."""
    ns = described.namespace
    kind = lambda f: "tns:ArrayOf" + f.type[0].upper() + f.type[1:] if f.repeats else ("xsd:" if f.simple else "tns:") + f.type
    types = ""
    for name, fields in described.types.items():
        types += f'<xsd:complexType name="{name}"><xsd:all>' + "".join(f'<xsd:element name="{f.name}" type="{kind(f)}"{" nillable=" + chr(34) + "true" + chr(34) if f.nillable else ""}/>' for f in fields) + "</xsd:all></xsd:complexType>"
    for item in arrays_used(described):
        types += array_type("ArrayOf" + item[0].upper() + item[1:], "soap-enc", ("xsd:" if item[0].islower() else "tns:") + item)
    style = f'encodingStyle="{ENC}" ' if use == "encoded" else ""
    body = f'<soap:body use="{use}" {style}namespace="{ns}"/>'
    port = "".join(f'<operation name="{o.name}"><documentation>{o.documentation or o.name}</documentation><input message="tns:{o.name}In"/>' + (f'<output message="tns:{o.name}Out"/>' if not o.one_way else "") + "</operation>" for o in described.operations)
    binding = "".join(f'<operation name="{o.name}"><soap:operation soapAction="{ns}#{o.name}"/><input>{body}</input>' + (f"<output>{body}</output>" if not o.one_way else "") + "</operation>" for o in described.operations)
    messages = "".join(f'<message name="{o.name}In">' + "".join(f'<part name="{f.name}" type="{kind(f)}"/>' for f in o.parameters) + "</message>" + ("" if o.one_way else f'<message name="{o.name}Out">' + (f'<part name="return" type="{kind(o.result)}"/>' if o.result else "") + "</message>") for o in described.operations)
    return (f'<?xml version="1.0"?>\n<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="{ns}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:xsd="{XSD}" xmlns:soap-enc="{ENC}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" name="{described.name}" targetNamespace="{ns}">'
            f'<types><xsd:schema targetNamespace="{ns}">{types}</xsd:schema></types><portType name="{described.name}Port">{port}</portType><binding name="{described.name}Binding" type="tns:{described.name}Port"><soap:binding style="rpc" transport="{HTTP}"/>{binding}</binding>'
            f'<service name="{described.name}Service"><port name="{described.name}Port" binding="tns:{described.name}Binding"><soap:address location="http://127.0.0.1/soap.php"/></port></service>{messages}</definitions>\n')


def delphi(described):
    """The Borland SOAP server: I… port types, …binding and …service, arrays without the import of the encoding's schema, types in urn:Unit-I…"""
    ns, units = "http://tempuri.org/", f"urn:{described.namespace}"
    kind = lambda f, prefix="ns1": f"{prefix}:T{f.type}Array" if f.repeats else ("xs:" if f.simple else prefix + ":") + f.type
    types = ""
    for name, fields in described.types.items():
        types += f'      <xs:complexType name="{name}">\n        <xs:sequence>\n' + "".join(f'          <xs:element name="{f.name}" type="{kind(f)}"/>\n' for f in fields) + "        </xs:sequence>\n      </xs:complexType>\n"
    for item in arrays_used(described):
        types += f'      <xs:complexType name="T{item}Array">\n        <xs:complexContent>\n          <xs:restriction base="soapenc:Array">\n            <xs:sequence/>\n            <xs:attribute ref="soapenc:arrayType" n1:arrayType="{("xs:" if item[0].islower() else "ns1:") + item}[]" xmlns:n1="http://schemas.xmlsoap.org/wsdl/"/>\n          </xs:restriction>\n        </xs:complexContent>\n      </xs:complexType>\n'
    messages = port = binding = ""
    for number, o in enumerate(described.operations):
        messages += f'  <message name="{o.name}{number}Request">\n' + "".join(f'    <part name="{f.name}" type="{kind(f)}"/>\n' for f in o.parameters) + f'  </message>\n  <message name="{o.name}{number}Response">\n' + (f'    <part name="return" type="{kind(o.result)}"/>\n' if o.result else "") + "  </message>\n"
        port += f'    <operation name="{o.name}">\n      <input message="tns:{o.name}{number}Request"/>\n      <output message="tns:{o.name}{number}Response"/>\n    </operation>\n'
        body = f'<soap:body use="encoded" encodingStyle="{ENC}" namespace="{units}-I{described.name}"/>'
        binding += f'    <operation name="{o.name}">\n      <soap:operation soapAction="{units}-I{described.name}#{o.name}" style="rpc"/>\n      <input>\n        {body}\n      </input>\n      <output>\n        {body}\n      </output>\n    </operation>\n'
    return (f'<?xml version="1.0" encoding="utf-8"?>\n<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="{XSD}" name="I{described.name}service" targetNamespace="{ns}" xmlns:tns="{ns}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soapenc="{ENC}" xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/" xmlns:ns1="{units}">\n'
            f'  <types>\n    <schema targetNamespace="{units}" xmlns="{XSD}">\n{types}    </schema>\n  </types>\n{messages}  <portType name="I{described.name}">\n{port}  </portType>\n  <binding name="I{described.name}binding" type="tns:I{described.name}">\n    <binding xmlns="http://schemas.xmlsoap.org/wsdl/soap/" style="rpc" transport="{HTTP}"/>\n{binding}  </binding>\n'
            f'  <service name="I{described.name}service">\n    <port name="I{described.name}Port" binding="tns:I{described.name}binding">\n      <address xmlns="http://schemas.xmlsoap.org/wsdl/soap/" location="http://127.0.0.1/hall.dll/soap/I{described.name}"/>\n    </port>\n  </service>\n</definitions>\n')
