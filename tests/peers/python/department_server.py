"""A department's SOAP server on spyne: department_server.py CALLS. Prints its address; appends each call as it was understood to the file CALLS.

/soap11 and /soap12 are document/literal wrapped, checked against the schema of the WSDL; /bare takes one structure, and so does what spyne 2.14 calls rpc (it ignores _soap_body_style).
What is answered depends on `information`; see tests/peers/definitions/department.yaml.
"""

import json
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from lxml import etree
from spyne import Application, ComplexModel, Fault, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication
from spyne.util.wsgi_wrapper import WsgiMounter

NAMESPACE = "http://department.example/receive"
IDENTIFY = "peer-identify"
NAMES = ["caseNo", "itemCode", "applicant", "project", "information", "remark", "document", "identify"]
calls, busy, lock = sys.argv[1], set(), threading.Lock()


class Receipt(ComplexModel):
    __namespace__ = NAMESPACE
    code = Unicode
    desc = Unicode
    number = Unicode


class ReceiveRequest(ComplexModel):
    __namespace__ = NAMESPACE
    __type_name__ = "ReceiveRequest"
    _type_info = [(name, Unicode) for name in NAMES]


def receive(context, values):
    environment = context.transport.req_env
    inside = etree.fromstring(values["document"].encode(environment["peer.charset"]))
    record = {
        "path": environment["PATH_INFO"] or environment["SCRIPT_NAME"],
        "content_type": environment["CONTENT_TYPE"],
        "action": environment.get("HTTP_SOAPACTION"),
        "inside": {field.get("name"): field.text or "" for field in inside},
        **values,
    }
    with lock, open(calls, "a", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
    if values["identify"] != IDENTIFY:
        return Receipt(code="4", desc="身份标识错误")
    information = values["information"]
    if information == "refuse":
        return Receipt(code="2", desc="材料不全：<缺少>身份证明 & 附件")
    if information == "sender fault":
        raise Fault("Client.BadProject", "业务校验失败：“项目” <名称> & 编号", detail={"BusinessError": {"code": "E1001", "text": "项目名称重复"}})
    if information == "business fault":
        raise Fault("Server", "InvocationTargetException", detail={"BusinessError": {"code": "E2001", "text": "该事项不由本部门办理"}})
    if information == "receiver fault once":
        with lock:
            first = values["caseNo"] not in busy
            busy.add(values["caseNo"])
        if first:
            raise Fault("Server", "系统忙，请稍后再试")
    return Receipt(code="0", desc="ok", number="SP" + values["caseNo"][-8:])


class Wrapped(ServiceBase):
    @rpc(*[Unicode] * len(NAMES), _args=NAMES, _returns=Receipt, _out_variable_name="receiveApplicationReturn")
    def receiveApplication(ctx, *values):
        return receive(ctx, dict(zip(NAMES, [value or "" for value in values])))


class Bare(ServiceBase):
    @rpc(ReceiveRequest, _body_style="bare", _returns=Receipt)
    def receiveApplication(ctx, request):
        return receive(ctx, {name: getattr(request, name) or "" for name in NAMES})


def application(service, name, incoming, outgoing):
    return WsgiApplication(Application([service], NAMESPACE, name=name, in_protocol=incoming, out_protocol=outgoing))


mounted = WsgiMounter({})
mounted.mounts = {
    "soap11": application(Wrapped, "Department11", Soap11(validator="lxml"), Soap11()),
    "soap12": application(Wrapped, "Department12", Soap12(validator="lxml"), Soap12()),
    "bare": application(Bare, "DepartmentBare", Soap11(), Soap11()),
}


def with_charset(environment, start_response):
    declared = environment.get("CONTENT_TYPE", "").lower()
    environment["peer.charset"] = "gb18030" if "gbk" in declared else "utf-8"
    return mounted(environment, start_response)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *arguments):
        pass


server = make_server("127.0.0.1", 0, with_charset, Server, Quiet)
print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
