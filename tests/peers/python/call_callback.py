"""Calls our callback with zeep (strict), as a city platform would: call_callback.py WSDL REPORT UNKNOWN IDENTIFY VERSION CHARSET.

REPORT and UNKNOWN are files with the inner document. Prints one JSON object for each call.
"""

import json
import sys

import zeep
from lxml import etree
from zeep.transports import Transport

wsdl, report, unknown, identify, version, charset = sys.argv[1:]


class InCharset(Transport):
    """zeep writes UTF-8; whoever needs another set encodes the envelope in its transport."""

    def post_xml(self, address, envelope, headers):
        headers = {**headers, "Content-Type": headers["Content-Type"].replace("utf-8", charset)}
        return self.post(address, etree.tostring(envelope, encoding=charset, xml_declaration=True), headers)


client = zeep.Client(wsdl, transport=InCharset() if charset != "UTF-8" else None, settings=zeep.Settings(strict=True))
twelve = version == "1.2"
for port in client.wsdl.services["Callback"].ports.values():
    if isinstance(port.binding, zeep.wsdl.bindings.Soap12Binding) == twelve:
        service = client.bind("Callback", port.name)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def call(name, document, credential, **more):
    try:
        answer = service.setDataXmlToFocus(deptCode="006988574", xml=document, tableName="EX_GDBS_WSYSL", identify=credential, **more)
        # What zeep makes of a response with one part differs from style to style.
        answer = getattr(answer, "setDataXmlToFocusReturn", answer)
        said = {"code": answer.code, "desc": answer.desc, "reasons": list(answer.reasonList.reason or []) if answer.reasonList else []}
    except zeep.exceptions.Fault as fault:
        said = {"fault": fault.code, "reason": fault.message}
    print(json.dumps({"call": name, **said}, ensure_ascii=False))


envelope = "http://www.w3.org/2003/05/soap-envelope" if twelve else "http://schemas.xmlsoap.org/soap/envelope/"
demand = etree.Element("{urn:peer}Demand", {f"{{{envelope}}}mustUnderstand": "1"})
call("wrong", read(report), identify + "x")
call("right", read(report), identify)
call("again", read(report), identify)
call("unknown", read(unknown), identify)
call("fault", read(report), identify, _soapheaders=[demand])
