"""Envelopes that zeep writes for each service it loads: one request and one reply for the first operations, and the same as JSON.

The values are made up from the names of the domain, the types and their facets; where a facet needs more, from HINTS.
"""

import datetime
import decimal
import json
import sys
import warnings

from lxml import etree
from zeep import xsd
from zeep.wsdl.messages.http import HttpMessage
from zeep.xsd import elements as particles
from zeep.xsd.elements.indicators import Choice, Group, Indicator
from zeep.xsd.types import ComplexType
from zeep.xsd.types import builtins

from collection_files import ABOUT, ROOT
from envelope_json import write_sample
from zeep_view import client

warnings.simplefilter("ignore")
XS = "{http://www.w3.org/2001/XMLSchema}"
SBLSH, SXBM = "10131300500698857411409161687", "10131300500698857413440400"
HINTS = {
    "sblsh": SBLSH, "sxbm": SXBM, "code": "0", "desc": "成功", "name": "张三", "holder": "珠海市某某有限公司", "region": "440400", "city": "440400",
    "idnumber": "11010519491231002X", "uscc": "91440300708461136T", "phone": "13800000000", "officer": "李四", "number": "粤食药许0001",
    "xml": '<ExInfo><standardInfo process="EX_GDBS_SL"><Field FieldName="SLZTDM">1</Field></standardInfo></ExInfo>', "deptcode": "006988574",
    "tablename": "EX_GDBS_SL", "identify": "not-a-secret", "reason": "材料不齐", "message": "已接收 & 待审", "username": "zhuhai", "password": "not-a-secret",
    "itemcode": SXBM, "guid": "7b0de8c4-4a6c-4c3b-9b43-5d0f1d6f6a10", "process": "EX_GDBS_SL", "fieldname": "SLZTDM",
}
PATTERNS = {
    "sblsh": SBLSH, "guid": HINTS["guid"], "Sblsh": SBLSH, "Uscc": "91440300708461136T", "Name": "欧阳·娜 娜", "Region": "440400", "SBLSH": SBLSH, "SblshType": SBLSH,
    "date10": "2026-03-02", "numeric6": "440400", "Since2013": datetime.date(2026, 3, 2), "FewRegions": ["440400", "440300"], "Regions": ["440400", "440300"],
    "GLOBAL_DateTime": datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.timezone.utc), "Digest": bytes(range(16)).hex(), "Fee": decimal.Decimal("120.50"),
    "SmallFee": decimal.Decimal("9.90"), "Step": 2, "curr15.2": decimal.Decimal("120.50"), "SloppyDate": "2014-9-19 14:10:10", "Status": "受理",
    "Line": "一 行", "Limit": datetime.timedelta(days=20), "time": datetime.time(9, 30, 15), "Many": "1 true 3",
}
# What one service needs otherwise; None leaves it out.
OWN = {
    "content_derivation": {"note": None}, "every_builtin_type": {"gMonth": None}, "exinfo_typed": {"Action": "1"},
    "groups_and_attribute_groups": {"schema": "2013"}, "nillable_default_fixed": {"Version": "1.0"}, "same_names_two_namespaces": {"Status": 1},
}
# By hand in samples/, for zeep cannot write them rightly: substitution, abstract types, overloads, wildcards, SOAP arrays of maps.
BY_HAND = {"substitution_groups", "aspnet_abstract_types", "any_type_with_xsi_type", "axis1_overloads", "apache_soap_map", "occurrence_everywhere", "lists_and_unions", "keys_and_identity"}
# And single messages: a DataSet carries its own schema, a group contains itself, an rpc answer without parts has a wrapper all the same.
NOT_HERE = {("aspnet_data_set", "GetCases", "response"), ("aspnet_data_set", "GetAllItems", "response"), ("recursion", "Select", "request"), ("zend_literal", "rename", "response")}
# By PHP, see php_samples.php: rpc/encoded with arrays.
BY_PHP = {"axis1_arrays_and_faults", "axis1_focus", "delphi_scanner", "delphi_window", "gsoap_rpc_encoded", "nusoap_hall", "ladon_strings_rpc", "perl_soap_lite", "php_encoded", "powerbuilder_component", "soap12_encoded", "ruby_action_web_service", "zend_encoded"}


def facets_of(schemas, qname):
    """All facets along the restrictions of a named simple type, by the documents of the service."""
    found = {}
    while qname is not None and qname.namespace != XS[1:-1]:
        node = next((n for s in schemas if s.get("targetNamespace") == qname.namespace for n in s.findall(XS + "simpleType") if n.get("name") == qname.localname), None)
        step = node.find(XS + "restriction") if node is not None else None
        if step is None:
            break
        for facet in step:
            if isinstance(facet.tag, str):
                found.setdefault(etree.QName(facet).localname, []).append(facet.get("value"))
        base = step.get("base")
        prefix, _, local = (base or "").rpartition(":")
        qname = etree.QName(step.nsmap.get(prefix or None), local) if base else None
    return found


class Filler:
    """Makes values for zeep's types."""

    def __init__(self, schemas, own):
        self.schemas = schemas
        self.own = own
        self.stack = []

    def simple(self, kind, name):
        name = name or ""
        if self.own.get(name) is not None:
            return self.own[name]
        qname = getattr(kind, "qname", None)
        local = qname.localname if qname is not None else ""
        custom = qname is not None and qname.namespace != XS[1:-1]
        facets = facets_of(self.schemas, qname) if custom else {}
        if "enumeration" in facets:
            value = facets["enumeration"][0]
            return int(value) if isinstance(kind, builtins.Integer) or value.isdigit() and not isinstance(kind, builtins.String) else value
        if custom and local in PATTERNS:
            return PATTERNS[local]
        anonymous = self.anonymous_enumeration(name)
        if anonymous:
            return anonymous
        for made, value in (
            (builtins.Boolean, True), (builtins.Base64Binary, b"%PDF-1.4"), (builtins.HexBinary, "0A1B"), (builtins.DateTime, datetime.datetime(2026, 3, 2, 9, 30, 15)),
            (builtins.Date, datetime.date(2026, 3, 2)), (builtins.Time, datetime.time(9, 30, 15)), (builtins.Duration, datetime.timedelta(days=20)), (builtins.gYearMonth, (2026, 3, None)),
            (builtins.gYear, (2026, None)), (builtins.gMonthDay, (3, 2, None)), (builtins.gDay, (2, None)), (builtins.gMonth, (3, None)), (builtins.QName, etree.QName("urn:hall", "accepted")),
            (builtins.Double, 1.5), (builtins.Float, 1.5), (builtins.NonPositiveInteger, -3), (builtins.NegativeInteger, -3), (builtins.Integer, 7), (builtins.Decimal, decimal.Decimal("120.50")), (builtins.AnyURI, "http://127.0.0.1/%E9%99%84%E4%BB%B6"),
            (builtins.Language, "zh-CN"),
        ):
            if isinstance(kind, made):
                return value
        if isinstance(kind, (builtins.ID,)):
            return "id1"
        if isinstance(kind, (builtins.NCName, builtins.NmToken, builtins.Name)):
            return "SLZTDM"
        text = HINTS.get(name.lower().replace("_", ""), "某值")
        limit = int(facets["maxLength"][0]) if "maxLength" in facets else int(facets["length"][0]) if "length" in facets else None
        if "length" in facets:
            text = (text + "0" * limit)[:limit]
        return text[:limit] if limit else text

    def anonymous_enumeration(self, name):
        """The first value of an anonymous simple type of the element or attribute of that name."""
        for schema in self.schemas:
            for node in schema.iter(XS + "element", XS + "attribute"):
                if node.get("name") == name and node.find(XS + "simpleType") is not None:
                    value = node.find(f"{XS}simpleType/{XS}restriction/{XS}enumeration")
                    if value is not None:
                        return value.get("value")
        return None

    def content(self, kind, name):
        if not isinstance(kind, ComplexType):
            return self.simple(kind, name)
        self.stack.append(kind)
        result = {}
        for key, attribute in kind.attributes:
            if key and self.own.get(key, "") is not None and not isinstance(attribute, xsd.AnyAttribute) and key not in ("arrayType", "offset", "id", "href", "contentType"):
                result[key] = attribute.default if attribute.default is not None else self.simple(attribute.type, attribute.name)
        for key, particle in kind.elements_nested:
            self.put(key, particle, result, name)
        self.stack.pop()
        return result

    def many(self, particle):
        most = particle.max_occurs
        return max(particle.min_occurs or 0, 2 if most == "unbounded" or most >= 2 else 1)

    def put(self, key, particle, result, parent=None):
        if isinstance(particle, Group):
            inner = particle.child
            if particle.accepts_multiple:
                result[key] = [self.group(inner) for _ in range(self.many(particle))]
            else:
                self.put(key, inner, result, parent)
        elif isinstance(particle, Indicator):
            if particle.accepts_multiple:
                if isinstance(particle, Choice):
                    result[key] = [self.one_of(k, p) for k, p in particle.elements_nested]
                else:
                    result[key] = [self.group(particle) for _ in range(self.many(particle))]
            elif isinstance(particle, Choice):
                self.put(*particle.elements_nested[-1 if len(self.stack) > 3 else 0], result, parent)
            else:
                for inner_key, inner in particle.elements_nested:
                    self.put(inner_key, inner, result, parent)
        elif isinstance(particle, particles.Any):
            if particle.min_occurs and not particle.is_optional:
                node = etree.Element("{urn:hall:form}form")
                node.text = "表单"
                result[key] = [node] if particle.accepts_multiple else node
        else:
            self.put_element(key, particle, result, parent)

    def put_element(self, key, particle, result, parent):
        kind = particle.type
        if particle.max_occurs == 0 or self.own.get(particle.name, "") is None or (particle.is_optional and (self.stack.count(kind) > 0 or len(self.stack) > 6)):
            return
        if particle.nillable and self.stack.count(kind) > 0:
            result[key] = xsd.Nil
            return
        name = particle.name if key != "_value_1" else parent
        if particle.default is not None and not isinstance(kind, ComplexType):
            value = particle.default if isinstance(kind, builtins.String) else self.simple(kind, name)
        elif type(kind) is builtins.AnyType or kind.__class__.__name__ == "AnyType":
            value = "任意"
        else:
            value = self.content(kind, name)
        result[key] = [value if i == 0 else (self.content(kind, name)) for i in range(self.many(particle))] if particle.accepts_multiple else value

    def group(self, particle):
        made = {}
        for key, inner in particle.elements_nested:
            self.put(key, inner, made)
        return made

    def one_of(self, key, particle):
        made = {}
        self.put(key, particle, made)
        return made


def schemas_of(folder):
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "samples" not in path.parts:
            root = etree.parse(str(path), etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
            found += list(root.iter(XS + "schema"))
    return found


def envelope(filler, message, answer_to=None):
    """The bytes of a message. answer_to is the operation whose rpc answer this is: zeep gives the wrapper the message's name, while it is
    the operation's with Response behind (WS-I Basic Profile 1.1, R2729), as everybody else has it.
    """
    arguments, named = (), {}
    if message.body is not None and message.body.type is not None:
        value = filler.content(message.body.type, message.body.name)
        if isinstance(message.body.type, ComplexType):
            named = value
        else:
            arguments = (value,)
    header = getattr(message, "header", None)
    if header is not None and header.type is not None:
        value = filler.content(header.type, None)
        if value:
            named["_soapheaders"] = value
    content = message.serialize(*arguments, **named).content
    if answer_to is not None:
        wrapper = content[-1][0]
        wrapper.tag = etree.QName(etree.QName(wrapper).namespace, answer_to + "Response")
    return etree.tostring(content, xml_declaration=True, encoding="UTF-8")


def main(only):
    done, failed = 0, []
    for name, said in sorted(json.loads(ABOUT.read_text("utf-8")).items()):
        if "folder" in said or name.startswith("spyne_") or name in BY_HAND | BY_PHP or (only and name not in only):
            continue
        folder = ROOT / name
        try:
            made = client(folder, said["main"], said.get("locations"))
        except Exception:
            continue
        port = next((p for s in made.wsdl.services.values() for p in s.ports.values() if "Soap" in type(p.binding).__name__), None)
        filler = Filler(schemas_of(folder), OWN.get(name, {}))
        for operation in list(port.binding._operations.values())[:2]:
            for direction, message in (("request", operation.input), ("response", operation.output)):
                if (name, operation.name, direction) in NOT_HERE or message is None or isinstance(message, HttpMessage) or (direction == "response" and operation.abstract.output_message is None):
                    continue
                try:
                    data = envelope(filler, message, operation.name if direction == "response" and operation.style == "rpc" else None)
                    write_sample(made, name, operation.name, direction, data, "zeep")
                    done += 1
                except Exception as error:
                    failed.append((name, operation.name, direction, type(error).__name__, str(error)[:120]))
    print(done, "samples")
    for row in failed:
        print(*row)


if __name__ == "__main__":
    main(sys.argv[1:])
