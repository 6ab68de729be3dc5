"""A plain reading of a WSDL 1.1 for what collection.json says of it: services, ports, operations, what goes in and out. Nothing is checked."""

import pathlib
import posixpath

from lxml import etree

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
BINDINGS = {
    "{http://schemas.xmlsoap.org/wsdl/soap/}": "1.1",
    "{http://schemas.xmlsoap.org/wsdl/soap12/}": "1.2",
    "{http://schemas.xmlsoap.org/wsdl/http/}": "http",
}
MIME = "{http://schemas.xmlsoap.org/wsdl/mime/}"


class Wsdl:
    """The documents of one service, by the kinds of their definitions, each under its Clark name."""

    def __init__(self, folder, main, locations):
        self.folder, self.locations = pathlib.Path(folder), locations or {}
        self.found = {kind: {} for kind in ("message", "portType", "binding", "service")}
        self.seen = set()
        self.load(main)

    def load(self, path):
        path = posixpath.normpath(path)
        if path in self.seen:
            return
        self.seen.add(path)
        root = etree.parse(str(self.folder / path), etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)).getroot()
        for node in root.iterchildren(etree.Element):
            kind = etree.QName(node).localname
            if node.tag == WSDL + "import" and node.get("location"):
                location = node.get("location")
                self.load(self.locations.get(location) or posixpath.join(posixpath.dirname(path), location))
            elif node.tag == WSDL + kind and kind in self.found:
                self.found[kind][etree.QName(root.get("targetNamespace", ""), node.get("name")).text if root.get("targetNamespace") else node.get("name")] = node


def name_in(node, value):
    prefix, _, local = value.rpartition(":")
    space = node.nsmap.get(prefix or None)
    return f"{{{space}}}{local}" if space else local


def part_of(node):
    said = {"name": node.get("name")}
    for how in ("element", "type"):
        if node.get(how):
            said[how] = name_in(node, node.get(how))
    return said


def message_parts(wsdl, node):
    message = wsdl.found["message"][name_in(node, node.get("message"))]
    return [part_of(part) for part in message.findall(WSDL + "part")]


def find_way(operation, way):
    return operation.find(WSDL + way)


def operation_of(port_type, bound):
    """The abstract operation of a bound one: by name, and where that is not alone by the names of input and output."""
    candidates = [o for o in port_type.findall(WSDL + "operation") if o.get("name") == bound.get("name")]
    for way in ("input", "output"):
        node = find_way(bound, way)
        if len(candidates) > 1 and node is not None and node.get("name"):
            candidates = [o for o in candidates if find_way(o, way) is not None and find_way(o, way).get("name") == node.get("name")]
    return candidates[0]


def message_of(wsdl, abstract, bound, soap):
    """What one message carries: the parts of its body, how many headers, and the attachments."""
    parts = message_parts(wsdl, abstract)
    body = next(iter(bound.iter(soap + "body")), None) if bound is not None else None
    headers = list(bound.iter(soap + "header")) if bound is not None else []
    attachments = list(dict.fromkeys(content.get("part") for content in bound.iter(MIME + "content"))) if bound is not None else []
    taken = {h.get("part") for h in headers if wsdl.found["message"].get(name_in(h, h.get("message"))) is wsdl.found["message"][name_in(abstract, abstract.get("message"))]}
    if body is not None and body.get("parts") is not None:
        wanted = body.get("parts").split()
        parts = [p for p in parts if p["name"] in wanted] or parts  # gSOAP writes parts="Body" for rpc too, where no part is called so
    else:
        parts = [p for p in parts if p["name"] not in taken and p["name"] not in attachments]
    said = {"parts": parts, "headers": len(headers)}
    if abstract.get("name"):
        said["name"] = abstract.get("name")
    if body is not None and body.get("namespace"):
        said["namespace"] = body.get("namespace")
    if attachments:
        said["attachments"] = attachments
    return said, (body.get("use") if body is not None else None)


def operation_said(wsdl, port_type, bound, soap, style):
    abstract = operation_of(port_type, bound)
    own = bound.find(soap + "operation")
    ways = [etree.QName(n).localname for n in abstract.iterchildren(etree.Element) if etree.QName(n).localname in ("input", "output")]
    pattern = {("input", "output"): "request-response", ("input",): "one-way", ("output",): "notification", ("output", "input"): "solicit-response"}[tuple(ways)]
    said = {"name": bound.get("name"), "pattern": pattern, "style": (own.get("style") if own is not None else None) or style}
    if own is not None and own.get("soapAction") is not None:
        said["soap_action"] = own.get("soapAction")
    for way in ("input", "output"):
        if find_way(abstract, way) is not None:
            said[way], use = message_of(wsdl, find_way(abstract, way), find_way(bound, way), soap)
            said["use"] = said.get("use") or use
    said["faults"] = []
    for fault in abstract.findall(WSDL + "fault"):
        parts = message_parts(wsdl, fault)
        said["faults"].append({"name": fault.get("name"), **({k: v for k, v in parts[0].items() if k != "name"} if parts else {})})
    return said


def services(folder, main, locations=None):
    """Services, ports and operations, in the order of the document; ports that are not SOAP are named with their operations only."""
    wsdl = Wsdl(folder, main, locations)
    result = []
    for service in wsdl.found["service"].values():
        ports = []
        for port in service.findall(WSDL + "port"):
            binding = wsdl.found["binding"][name_in(port, port.get("binding"))]
            port_type = wsdl.found["portType"][name_in(binding, binding.get("type"))]
            soap, version, own = next(((s, v, binding.find(s + "binding")) for s, v in BINDINGS.items() if binding.find(s + "binding") is not None), (None, "other", None))
            address = next((n.get("location") for n in port.iterchildren(etree.Element) if etree.QName(n).localname == "address"), None)
            said = {"name": port.get("name"), "binding": name_in(port, port.get("binding")), "protocol": ("SOAP " + version) if version in ("1.1", "1.2") else version, "address": address}
            bound = binding.findall(WSDL + "operation")
            if version in ("1.1", "1.2"):
                said["transport"] = own.get("transport")
                said["operations"] = [operation_said(wsdl, port_type, o, soap, own.get("style") or "document") for o in bound]
            else:
                said["operations"] = [{"name": o.get("name")} for o in bound]
            ports.append(said)
        result.append({"name": service.get("name"), "ports": ports})
    return result
