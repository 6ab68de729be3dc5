"""Loads everything again and compares with collection.json: exits with 1 and a list where something differs.

1. What read_wsdl.py and zeep say of each service is what collection.json says.
2. Where zeep loads a service, the two agree: ports and operations, parts of the messages, style, headers, faults.
3. Each sample has its JSON; the JSON is that of the envelope; a document/literal body is valid by libxml2, where libxml2 takes the schemas.
4. Every service of the refused has a word on what is wrong with it.
"""

import json
import sys
import warnings

from lxml import etree

from collection_files import ABOUT, ROOT
from envelope_json import envelope_value, find_operation
from read_wsdl import services
from schema_set import SchemaSet
from zeep_view import client, view

warnings.simplefilter("ignore")
UNKNOWN_TO_ZEEP = ("http://www.w3.org/2010/soapjms/", "http://www.w3.org/2003/05/soap/bindings/HTTP/")


def name_of(part):
    return part.get("element") or part.get("type")


def zeep_name(part):
    thing = part.element if part.element is not None else part.type
    qname = getattr(thing, "qname", None) or getattr(thing, "_default_qname", None)
    return None if qname is None else etree.QName(qname).text


def zeep_parts(message):
    return {name: zeep_name(part) for name, part in message.parts.items()}


def compare_operation(expected, operation, where, problems):
    """One operation of zeep's against ours; zeep's messages keep all parts, ours those of the body."""
    if operation.style != expected["style"]:
        problems.append(f"{where}: style {operation.style}, expected {expected['style']}")
    for way, abstract, concrete in (("input", operation.abstract.input_message, operation.input), ("output", operation.abstract.output_message, operation.output)):
        ours = expected.get(way)
        if (ours is None) != (abstract is None):
            problems.append(f"{where}: {way} on one side only")
            continue
        if ours is None:
            continue
        theirs = zeep_parts(abstract)
        for part in ours["parts"]:
            if theirs.get(part["name"]) != name_of(part):
                problems.append(f"{where}: {way} part {part['name']} is {theirs.get(part['name'])} to zeep, {name_of(part)} to us")
        header = getattr(concrete, "header", None)
        count = len(header.type.elements) if header is not None and header.type is not None else 0
        if count != ours["headers"]:
            problems.append(f"{where}: {way} has {count} headers to zeep, {ours['headers']} to us")
    if sorted(operation.abstract.fault_messages) != sorted(f["name"] for f in expected["faults"]):
        problems.append(f"{where}: faults {sorted(operation.abstract.fault_messages)}")


def compare_with_zeep(name, entry, made, problems):
    theirs = {port: p for s in made.wsdl.services.values() for port, p in s.ports.items()}
    for service in entry["services"]:
        for port in service["ports"]:
            if port["name"] not in theirs:
                if port.get("transport") not in UNKNOWN_TO_ZEEP:
                    problems.append(f"{name}: zeep has no port {port['name']}")
                continue
            bound = theirs[port["name"]].binding._operations
            names = [o["name"] for o in port["operations"]]
            if sorted(set(names)) != sorted(bound):
                problems.append(f"{name}.{port['name']}: zeep lists {sorted(bound)}, we {sorted(set(names))}")
            if not port["protocol"].startswith("SOAP"):
                continue
            for operation in port["operations"]:
                if names.count(operation["name"]) == 1 and operation["name"] in bound:
                    compare_operation(operation, bound[operation["name"]], f"{name}.{port['name']}.{operation['name']}", problems)


def check_samples(name, entry, made, problems, counts):
    folder = ROOT / name / "samples"
    schemas = SchemaSet(ROOT / name, entry["main"], entry.get("locations"))
    literal = {o["name"]: o for s in entry["services"] for p in s["ports"] if p["protocol"].startswith("SOAP") for o in p["operations"]}
    for sample in entry.get("samples", []):
        if not (folder / f"{sample}.xml").exists() or not (folder / f"{sample}.json").exists():
            continue  # said already
        operation, _, direction = sample.rpartition(".")
        operation = operation if operation in literal else operation.split("-")[0]
        envelope = etree.parse(str(folder / f"{sample}.xml")).getroot()
        value = json.loads((folder / f"{sample}.json").read_text("utf-8"))
        body = next(n for n in envelope if etree.QName(n).localname == "Body")
        first = next(n for n in body if isinstance(n.tag, str)) if len(body) else None
        counts["samples"] += 1
        if first is not None and etree.QName(first).localname not in value["body"]:
            problems.append(f"{name}/{sample}: the JSON has not the element of the body")
        if made is not None and name not in HAND and f"{name}/{sample}" not in HAND and envelope_value(made, find_operation(made, operation), direction, envelope) != value:
            problems.append(f"{name}/{sample}: the JSON is not that of the envelope")
        if literal[operation]["style"] == "document" and first is not None and etree.QName(first).localname != "Fault":
            try:
                verdict = schemas.problem(first)
            except etree.XMLSyntaxError as error:
                problems.append(f"{name}/{sample}: {error}")
                continue
            if verdict is None:
                counts["valid by libxml2"] += 1
            elif verdict == "" or f"{name}/{sample}" in LIBXML2_IS_WRONG:
                counts["schemas libxml2 does not take"] += 1
            else:
                problems.append(f"{name}/{sample}: not valid: {verdict}")


# Written by hand, the JSON too: see hand_samples.py.
HAND = {"substitution_groups", "aspnet_abstract_types", "any_type_with_xsi_type", "axis1_overloads", "apache_soap_map", "occurrence_everywhere", "lists_and_unions", "documentation_and_comments", "axis1_arrays_and_faults/listOfficers.response", "recursion/Select.request", "wildcards/Send.request", "aspnet_data_set/GetCases.response"}


# To libxml2, \p{L} knows no Chinese characters.
LIBXML2_IS_WRONG = {"facets_of_every_kind/Check.request"}


def main():
    collection = json.loads((ROOT / "collection.json").read_text("utf-8"))
    about = json.loads(ABOUT.read_text("utf-8"))
    problems, counts = [], {"services": 0, "zeep loads": 0, "samples": 0, "valid by libxml2": 0, "schemas libxml2 does not take": 0, "refused": 0}
    folders = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name not in ("make", "refused")}
    for missing in folders ^ set(collection["services"]):
        problems.append(f"{missing}: in the folder or in collection.json only")
    for missing in {p.name for p in (ROOT / "refused").iterdir()} ^ set(collection["refused"]):
        problems.append(f"refused/{missing}: in the folder or in collection.json only")
    for name, entry in collection["services"].items():
        counts["services"] += 1
        if services(ROOT / name, entry["main"], entry.get("locations")) != entry["services"]:
            problems.append(f"{name}: collection.json says other services than the WSDL")
        if view(ROOT / name, entry["main"], entry.get("locations")) != entry["zeep"]:
            problems.append(f"{name}: zeep's verdict is another")
        kept = sorted(p.name[:-4] for p in (ROOT / name / "samples").glob("*.xml"))
        if kept != entry.get("samples", []) or any(not (ROOT / name / "samples" / f"{s}.json").exists() for s in kept):
            problems.append(f"{name}: samples differ from collection.json, or one has no JSON")
        made = None
        if entry["zeep"]["loads"]:
            counts["zeep loads"] += 1
            made = client(ROOT / name, entry["main"], entry.get("locations"))
            compare_with_zeep(name, entry, made, problems)
        check_samples(name, entry, made, problems, counts)
    for name, entry in collection["refused"].items():
        counts["refused"] += 1
        if not entry.get("wrong") or not (ROOT / "refused" / name / entry["main"]).exists() or name not in about:
            problems.append(f"refused/{name}: nothing said of it, or no file")
    print(json.dumps(counts))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
