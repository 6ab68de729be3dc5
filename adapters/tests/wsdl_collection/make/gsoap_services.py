"""Services whose WSDL gSOAP's soapcpp2 writes from the header files in gsoap/."""

import pathlib
import subprocess
import tempfile

from collection_files import ROOT, put

HEADERS = pathlib.Path(__file__).parent / "gsoap"
SERVICES = {
    "gsoap_document": ([], ["document/literal wrapped", "import without schemaLocation", "default values", "Chinese documentation"]),
    "gsoap_rpc_literal": ([], ["rpc/literal", "setDataXmlToFocus", "the body names a part, Body, that its messages do not have: all parts are meant"]),
    "gsoap_rpc_encoded": (["-1", "-e"], ["rpc/encoded", "SOAP arrays with wsdl:arrayType, one of two dimensions"]),
    "gsoap_soap12": (["-2"], ["SOAP 1.2", "attributes with defaults", "xs:date"]),
    "gsoap_headers": ([], ["request and response headers"]),
    "gsoap_faults": ([], ["two declared faults"]),
    "gsoap_one_way": ([], ["one-way operations"]),
    "gsoap_attachments": ([], ["MIME multipart in the binding", "reference to xmime:contentType, of a schema that is never imported", "xop:Include imported from its address at the W3C"]),
    "gsoap_inheritance": ([], ["extension", "vectors of a base type"]),
    "gsoap_facets": ([], ["pattern, length and range", "enumeration", "totalDigits on an xs:double, where XML Schema has no such facet"]),
    "gsoap_choice": ([], ["choice", "recursion", "simpleContent", "any and anyAttribute", "an ambiguous content model: any may stand for the element before it"]),
    "gsoap_two_namespaces": (["-Igsoap"], ["schemas of two namespaces, one document"]),
    "gsoap_data_types": ([], ["date and time types, base64, hexBinary, QName"]),
    "gsoap_typed": (["-1", "-t"], ["generated for messages that carry xsi:type"]),
}
REFUSED = {
    "gsoap_bitmask": ([], ["an xs:list with a restriction directly in it, which XML Schema does not allow"]),
    "gsoap_faults_undefined": ([], ["wsdl:fault names a message that is not defined, and its elements are not declared; a warning is enough"]),
}
SOURCE = {"gsoap_two_namespaces": "gsoap_two_services", "gsoap_typed": "gsoap_rpc_literal"}


def make(name, options, special, folder=None):
    header = (HEADERS / (SOURCE.get(name, name) + ".h")).read_text("utf-8")
    with tempfile.TemporaryDirectory() as workplace:
        (pathlib.Path(workplace) / "service.h").write_text(header, "utf-8")
        result = subprocess.run(["soapcpp2", "-S", "-L", "-I/usr/share/gsoap/import:/usr/share/gsoap", *options, "service.h"], cwd=workplace, capture_output=True, text=True, check=False)
        documents = sorted(pathlib.Path(workplace).glob("*.wsdl"))
        if result.returncode or not documents:
            raise SystemExit(f"{name}: {result.stdout[-600:]}{result.stderr[-1500:]}")
        put(name, {"service.wsdl": documents[0].read_bytes()}, "gSOAP", "generated", special, folder=folder)


for service, (arguments, what) in SERVICES.items():
    make(service, arguments, what)
for service, (arguments, what) in REFUSED.items():
    make(service, arguments, what, ROOT / "refused")
