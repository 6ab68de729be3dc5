"""An envelope said as JSON, by zeep's view of the schema: see "Samples" in the README for the convention."""

import json

from lxml import etree
from zeep.xsd.elements import Any, Element
from zeep.xsd.elements.indicators import Indicator
from zeep.xsd.types import ComplexType

from collection_files import ROOT

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
ENC = ("{http://schemas.xmlsoap.org/soap/encoding/}", "{http://www.w3.org/2003/05/soap-encoding}")
RPC_12 = "{http://www.w3.org/2003/05/soap-rpc}"  # rpc:result only points at the part that is the result: SOAP 1.2 part 2, section 4.2.1
ENVELOPES = ("{http://schemas.xmlsoap.org/soap/envelope/}", "{http://www.w3.org/2003/05/soap-envelope}")


def children_of(kind):
    """Element name to (declared type, whether it can repeat), all groups flattened."""
    found = {}

    def walk(particle, repeats):
        if isinstance(particle, Indicator):
            for _, inner in particle.elements:
                walk(inner, repeats or particle.accepts_multiple)
        elif isinstance(particle, Element):
            found[str(particle.name)] = (particle.type, repeats or particle.accepts_multiple)
        elif isinstance(particle, Any):
            found.setdefault("*", (None, repeats or particle.accepts_multiple))

    if isinstance(kind, ComplexType):
        for _, particle in kind.elements_nested:
            walk(particle, False)
    return found


def clark(node, text):
    prefix, _, local = text.rpartition(":")
    return etree.QName(node.nsmap.get(prefix or None) or "", local).text if node.nsmap.get(prefix or None) else local


def value_of(node, kind, types, encoded):
    if node.get(XSI + "nil") in ("true", "1"):
        return None
    result = {}
    if node.get(XSI + "type") and not encoded:
        named = clark(node, node.get(XSI + "type"))
        declared = getattr(kind, "qname", None)
        if declared is None or etree.QName(declared).text != named:
            result["@xsi:type"] = named
            try:
                kind = types.get_type(named)
            except Exception:
                kind = None
    for name, value in node.attrib.items():
        if name.startswith(XSI) or name.startswith(ENC) or name.startswith(ENVELOPES) or (encoded and name in ("href", "id")):
            continue
        result["@" + etree.QName(name).localname] = value
    declared = children_of(kind)
    array = any(node.get(prefix + word) for prefix in ENC for word in ("arrayType", "itemType"))
    inner = [child for child in node if isinstance(child.tag, str) and not child.tag.startswith(RPC_12)]
    if not inner:
        text = node.text or ""
        if result:
            return {**result, "#text": text} if text else result
        structure = isinstance(kind, ComplexType) and "_value_1" not in declared
        return {} if structure and not text.strip() else text
    for child in inner:
        name = etree.QName(child).localname
        child_type, repeats = declared.get(name, (None, declared.get("*", (None, False))[1] if name not in declared else False))
        value = value_of(child, child_type, types, encoded)
        if repeats or array:
            result.setdefault(name, []).append(value)
        elif name in result:
            earlier = result[name]
            result[name] = (earlier if isinstance(earlier, list) else [earlier]) + [value]
        else:
            result[name] = value
    return result


def find_operation(client, name):
    for service in client.wsdl.services.values():
        for port in service.ports.values():
            if name in port.binding._operations:
                return port.binding._operations[name]
    raise KeyError(name)


def envelope_value(client, operation, direction, envelope):
    types = client.wsdl.types
    encoded = getattr(operation, "style", "document") == "rpc"
    message = operation.input if direction == "request" else operation.output
    result = {}
    for part in envelope:
        which = etree.QName(part).localname.lower()
        content = {}
        for node in part:
            if not isinstance(node.tag, str):
                continue
            kind = None
            try:
                kind = types.get_element(node.tag).type
            except Exception:
                if which == "body" and message is not None and message.body is not None:
                    kind = message.body.type
            value = value_of(node, kind, types, encoded)
            content[etree.QName(node).localname] = {} if encoded and which == "body" and value == "" else value
        if content or which == "body":
            result[which] = content
    return result


def write_sample(client, name, operation, direction, data, by):
    """Keeps the bytes as the stack made them, and the same as JSON beside."""
    folder = ROOT / name / "samples"
    folder.mkdir(exist_ok=True)
    envelope = etree.fromstring(data)
    value = envelope_value(client, find_operation(client, operation), direction, envelope)
    (folder / f"{operation}.{direction}.xml").write_bytes(data)
    (folder / f"{operation}.{direction}.json").write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
