"""Services whose WSDL spyne writes. Two of its answers a service are kept too: zeep asks the application in the same process."""

import datetime
import decimal
import logging
import uuid
from io import BytesIO

from spyne import (
    AnyDict, AnyUri, AnyXml, Application, Array, Boolean, Byte, ByteArray, ComplexModel, Date, DateTime, Decimal, Double,
    Duration, Enum, Fault, Float, Integer, Integer16, Integer32, Integer64, Iterable, ServiceBase, Time,
    Unicode, UnsignedInteger8, UnsignedInteger16, UnsignedInteger32, UnsignedInteger64, Uuid, XmlAttribute, XmlData, rpc, srpc,
)
from spyne.interface.wsdl import Wsdl11
from spyne.model.complex import SelfReference
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication
from zeep import Client
from zeep.transports import Transport

from collection_files import ROOT, put
from envelope_json import write_sample

logging.disable(logging.CRITICAL)
ADDRESS = "http://127.0.0.1:8000/"
SBLSH = "10131300500698857411409161687"
SXBM = "10131300500698857413440400"


class InProcess(Transport):
    """Hands zeep's bytes to the WSGI application and keeps both sides."""

    def __init__(self, application):
        super().__init__()
        self.application = application

    def post(self, address, message, headers):
        self.sent = message
        status = []
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "SCRIPT_NAME": "",
            "QUERY_STRING": "", "wsgi.url_scheme": "http", "wsgi.input": BytesIO(message), "CONTENT_LENGTH": str(len(message)),
            "CONTENT_TYPE": headers["Content-Type"], "HTTP_SOAPACTION": headers.get("SOAPAction", ""),
        }
        self.received = b"".join(self.application(environ, lambda s, h, e=None: status.append((s, h))))
        response = type("Response", (), {})()
        response.status_code = int(status[0][0].split()[0])
        response.headers = dict(status[0][1])
        response.content = self.received
        response.encoding = "utf-8"
        return response


def make(name, application, special, calls=()):
    """Writes the WSDL of the application; each call is (operation, arguments, headers or None)."""
    wsgi = WsgiApplication(application)
    document = Wsdl11(wsgi.app.interface)
    document.build_interface_document(ADDRESS + name)
    put(name, {"service.wsdl": document.get_interface_document()}, "spyne", "generated", special)
    if not calls:
        return
    client = Client(str(ROOT / name / "service.wsdl"), transport=InProcess(wsgi))
    for operation, arguments, headers in calls:
        try:
            client.service[operation](**arguments, **({"_soapheaders": headers} if headers else {}))
        except Exception as error:  # a declared fault is an answer as good as another
            if not hasattr(error, "detail"):
                raise
        write_sample(client, name, operation, "request", client.transport.sent, "zeep")
        write_sample(client, name, operation, "response", client.transport.received, "spyne")


def refuse(name, application, special):
    """Keeps what spyne writes wrongly among the refused."""
    document = Wsdl11(WsgiApplication(application).app.interface)
    document.build_interface_document(ADDRESS + name)
    put(name, {"service.wsdl": document.get_interface_document()}, "spyne", "generated", [special], folder=ROOT / "refused")


def soap11(services, tns, name, **more):
    return Application(services, tns, name=name, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11(**more))


def soap12(services, tns, name):
    return Application(services, tns, name=name, in_protocol=Soap12(validator="lxml"), out_protocol=Soap12())


def receiving():
    tns = "http://www.gd.gov.cn/wssp/receive"

    class Material(ComplexModel):
        """申办材料"""
        __namespace__ = tns
        name = Unicode(min_occurs=1, nillable=False)
        copies = Integer(default=1)
        electronic = Boolean

    class Application_(ComplexModel):
        """办件基本信息"""
        __type_name__ = "Application"
        __namespace__ = tns
        sblsh = Unicode(min_occurs=1, nillable=False)
        sxbm = Unicode(min_occurs=1, nillable=False)
        applicant = Unicode
        applied_at = DateTime
        materials = Array(Material)

    class Receipt(ComplexModel):
        __namespace__ = tns
        code = Integer32
        description = Unicode
        receipt_number = Unicode

    class ReceivingService(ServiceBase):
        @rpc(Application_, _returns=Receipt)
        def submit_application(ctx, application):
            """申办：把办件送到部门业务系统。"""
            return Receipt(code=0, description="接收成功", receipt_number=application.sblsh)

        @rpc(Unicode, _returns=Unicode)
        def query_status(ctx, sblsh):
            """查询办理状态"""
            return "受理"

        @rpc(_returns=Unicode)
        def ping(ctx):
            return "ok"

    make("spyne_receiving", soap11([ReceivingService], tns, "ReceivingService"), ["document/literal wrapped", "Chinese documentation", "operation without arguments"], [
        ("submit_application", {"application": {"sblsh": SBLSH, "sxbm": SXBM, "applicant": "张三", "applied_at": datetime.datetime(2026, 3, 2, 9, 30), "materials": {"Material": [{"name": "身份证复印件", "copies": 1, "electronic": True}, {"name": "申请表", "copies": 2, "electronic": False}]}}}, None),
        ("query_status", {"sblsh": SBLSH}, None),
    ])


def headers():
    tns = "http://www.gd.gov.cn/wssp/header"

    class AuthorizationSoapHeader(ComplexModel):
        __namespace__ = tns
        UserName = Unicode(min_occurs=1, nillable=False)
        Password = Unicode(min_occurs=1, nillable=False)
        City = Unicode

    class TraceHeader(ComplexModel):
        __namespace__ = tns
        RequestId = Uuid

    class ResultHeader(ComplexModel):
        __namespace__ = tns
        ServerTime = DateTime

    class HeaderService(ServiceBase):
        __in_header__ = (AuthorizationSoapHeader, TraceHeader)
        __out_header__ = ResultHeader

        @rpc(Unicode, Unicode, _returns=Unicode)
        def SendRequest(ctx, service_code, xml):
            ctx.out_header = ResultHeader(ServerTime=datetime.datetime(2026, 3, 2, 9, 30))
            return "编码：0，原因：成功"

    make("spyne_headers", soap11([HeaderService], tns, "HeaderService"), ["two request headers", "response header"], [
        ("SendRequest", {"service_code": "EX_GDBS_SL", "xml": "<ExInfo><standardInfo process=\"EX_GDBS_SL\"/></ExInfo>"},
         {"AuthorizationSoapHeader": {"UserName": "zhuhai", "Password": "not-a-secret", "City": "440400"}, "TraceHeader": {"RequestId": "7b0de8c4-4a6c-4c3b-9b43-5d0f1d6f6a10"}}),
    ])


def version_12():
    tns = "urn:gov:licence:query"

    class Licence(ComplexModel):
        """证照"""
        __namespace__ = tns
        number = Unicode
        holder = Unicode
        issued = Date
        valid_until = Date

    class LicenceService(ServiceBase):
        @rpc(Unicode(max_len=50), _returns=Licence)
        def find_licence(ctx, number):
            return Licence(number=number, holder="珠海市某某有限公司", issued=datetime.date(2020, 1, 1), valid_until=datetime.date(2030, 1, 1))

        @rpc(Unicode, Date, Date, _returns=Iterable(Licence))
        def list_licences(ctx, holder, begin, end):
            yield Licence(number="粤食药许0001", holder=holder)
            yield Licence(number="粤食药许0002", holder=holder)

    make("spyne_soap12", soap12([LicenceService], tns, "LicenceService"), ["SOAP 1.2", "array as the result"], [
        ("find_licence", {"number": "粤食药许0001"}, None),
        ("list_licences", {"holder": "珠海市某某有限公司", "begin": datetime.date(2020, 1, 1), "end": datetime.date(2026, 1, 1)}, None),
    ])


def bare():
    tns = "http://data.gz.gov.cn/bare"

    class StatusQuery(ComplexModel):
        __namespace__ = tns
        sblsh = Unicode(min_occurs=1, nillable=False)
        sxbm = Unicode

    class StatusAnswer(ComplexModel):
        __namespace__ = tns
        SLZTDM = Integer
        SLSJ = DateTime

    class BareService(ServiceBase):
        @rpc(StatusQuery, _returns=StatusAnswer, _body_style="bare")
        def query(ctx, request):
            return StatusAnswer(SLZTDM=1, SLSJ=datetime.datetime(2026, 3, 3, 8, 0))

        @rpc(Unicode, _returns=Unicode, _body_style="bare")
        def echo(ctx, text):
            return text

        @rpc(Unicode, Unicode, _returns=StatusAnswer, _body_style="out_bare")
        def query_by_pair(ctx, sblsh, sxbm):
            return StatusAnswer(SLZTDM=2)

    make("spyne_bare", soap11([BareService], tns, "BareService"), ["document/literal bare", "element of simple type in the body", "wrapped in and bare out"], [
        ("query", {"sblsh": SBLSH}, None),
        ("query_by_pair", {"sblsh": SBLSH, "sxbm": SXBM}, None),
    ])


def faults():
    tns = "urn:gov:acceptance"

    class NotAcceptedFault(Fault):
        """不予受理"""
        __namespace__ = tns
        reason = Unicode
        legal_basis = Unicode

        def __init__(self, reason="", legal_basis=""):
            super().__init__("Client.NotAccepted", reason)
            self.reason = reason
            self.legal_basis = legal_basis

    class UnknownItemFault(Fault):
        __namespace__ = tns
        sxbm = Unicode

    class FaultService(ServiceBase):
        @rpc(Unicode, _returns=Unicode, _throws=[NotAcceptedFault, UnknownItemFault])
        def accept(ctx, sblsh):
            raise NotAcceptedFault("材料不齐", "行政许可法第三十二条")

    make("spyne_faults", soap11([FaultService], tns, "FaultService"), ["two declared faults"], [("accept", {"sblsh": SBLSH}, None)])


def port_types():
    tns = "urn:gov:two-port-types"

    class Apply(ServiceBase):
        __port_types__ = ["ApplyPortType"]

        @rpc(Unicode, _returns=Unicode, _port_type="ApplyPortType")
        def apply(ctx, xml):
            return SBLSH

    class Progress(ServiceBase):
        __port_types__ = ["ProgressPortType"]

        @rpc(Unicode, _returns=Integer, _port_type="ProgressPortType")
        def progress(ctx, sblsh):
            return 50

        @rpc(Unicode, _returns=Boolean, _port_type="ProgressPortType")
        def remind(ctx, sblsh):
            return True

    class Both(ServiceBase):
        """Two port types of one service: spyne binds an operation to another port type than it lists it in."""

        __port_types__ = ["StartPortType", "EndPortType"]

        @rpc(Unicode, _returns=Integer, _port_type="StartPortType")
        def start(ctx, sblsh):
            return 0

        @rpc(Unicode, _returns=Integer, _port_type="EndPortType")
        def end(ctx, sblsh):
            return 0

    refuse("spyne_port_types_confused", soap11([Both], tns + ":both", "BothService"), "a bound operation that its port type does not have; a warning is enough")
    make("spyne_port_types", soap11([Apply, Progress], tns, "HallServices"), ["several port types and services in one document"])


def inheritance():
    base, people, firms = "http://hall.gov.cn/base", "http://hall.gov.cn/people", "http://hall.gov.cn/firms"

    class Party(ComplexModel):
        """申请者"""
        __namespace__ = base
        name = Unicode(min_occurs=1, nillable=False)
        phone = Unicode

    class Person(Party):
        __namespace__ = people
        id_number = Unicode(pattern="[0-9]{17}[0-9X]")

    class Firm(Party):
        __namespace__ = firms
        uscc = Unicode(min_len=18, max_len=18)
        legal_representative = Person

    class InheritanceService(ServiceBase):
        @rpc(Party, _returns=Unicode)
        def register(ctx, party):
            return type(party).__name__

        @rpc(Firm, Person, _returns=Array(Party))
        def link(ctx, firm, person):
            return [firm, person]

    make("spyne_inheritance", Application([InheritanceService], "http://hall.gov.cn/service", name="InheritanceService", in_protocol=Soap11(validator="lxml", polymorphic=True), out_protocol=Soap11(polymorphic=True)),
         ["extension across four inline schemas that import each other", "polymorphic answer with xsi:type"], [
        ("link", {"firm": {"name": "珠海市某某有限公司", "uscc": "91440300708461136T", "legal_representative": {"name": "李四", "id_number": "11010519491231002X"}}, "person": {"name": "张三", "id_number": "11010519491231002X"}}, None),
    ])


def facets():
    tns = "http://hall.gov.cn/facets"

    class Case(ComplexModel):
        __namespace__ = tns
        sblsh = Unicode(pattern="[0-9A-Z]{29}", type_name="SblshType")
        region = Unicode(min_len=6, max_len=12, type_name="RegionType")
        fee = Decimal(total_digits=18, fraction_digits=2, ge=0, type_name="FeeType")
        step = Integer(ge=1, le=3, type_name="StepType")
        satisfaction = Integer(values=[1, 2, 3, 4, 5], type_name="SatisfactionType")
        kind = Enum("即办件", "承诺件", "其他", type_name="KindType")
        files = Unicode(min_occurs=1, max_occurs=3, type_name="FileName", max_len=100)

    class FacetService(ServiceBase):
        @rpc(Case, _returns=Case)
        def check(ctx, case):
            return case

    make("spyne_facets", soap11([FacetService], tns, "FacetService"), ["pattern, length, digits, range and enumeration facets", "enumeration values in Chinese", "unwrapped repetition"], [
        ("check", {"case": {"sblsh": SBLSH, "region": "440400", "fee": decimal.Decimal("120.50"), "step": 2, "satisfaction": 1, "kind": "承诺件", "files": ["a.pdf", "b.pdf"]}}, None),
    ])


def data_types():
    tns = "http://hall.gov.cn/datatypes"

    class Everything(ComplexModel):
        __namespace__ = tns
        a_date = Date
        a_time = Time
        a_moment = DateTime
        a_span = Duration
        a_flag = Boolean
        a_float = Float
        a_double = Double
        a_decimal = Decimal
        a_byte = Byte
        an_i16 = Integer16
        an_i32 = Integer32
        an_i64 = Integer64
        a_u8 = UnsignedInteger8
        a_u16 = UnsignedInteger16
        a_u32 = UnsignedInteger32
        a_u64 = UnsignedInteger64
        big = Integer
        id = Uuid
        uri = AnyUri
        content = ByteArray
        digest = ByteArray(encoding="hex")

    class TypesService(ServiceBase):
        @rpc(Everything, _returns=Everything)
        def echo(ctx, everything):
            return everything

        @rpc(AnyXml, _returns=AnyXml)
        def any_xml(ctx, document):
            return document

        @rpc(AnyDict, _returns=AnyDict)
        def any_dict(ctx, document):
            return document

    make("spyne_data_types", soap11([TypesService], tns, "TypesService"), ["every built-in type of spyne", "xs:any for a document"], [
        ("echo", {"everything": {"a_date": datetime.date(2026, 3, 2), "a_time": datetime.time(9, 30, 15), "a_moment": datetime.datetime(2026, 3, 2, 9, 30, 15, tzinfo=datetime.timezone.utc), "a_span": datetime.timedelta(days=20), "a_flag": True, "a_float": 1.5, "a_double": 0.1, "a_decimal": decimal.Decimal("99.990"), "a_byte": -7, "an_i16": -300, "an_i32": 70000, "an_i64": 2**40, "a_u8": 255, "a_u16": 65535, "a_u32": 2**32 - 1, "a_u64": 2**64 - 1, "big": 10**30, "id": uuid.UUID("7b0de8c4-4a6c-4c3b-9b43-5d0f1d6f6a10"), "uri": "http://127.0.0.1/附件", "content": b"%PDF-1.4"}}, None),
    ])


def attributes():
    tns = "http://hall.gov.cn/attributes"

    class Field(ComplexModel):
        __namespace__ = tns
        FieldName = XmlAttribute(Unicode, use="required")
        Kind = XmlAttribute(Unicode)
        value = XmlData(Unicode)

    FIELD_LIST = Field.customize(max_occurs="unbounded")

    class StandardInfo(ComplexModel):
        __namespace__ = tns
        process = XmlAttribute(Unicode, use="required")
        Field = FIELD_LIST

    class AttributeService(ServiceBase):
        @rpc(StandardInfo, _returns=StandardInfo)
        def exchange(ctx, info):
            return info

    make("spyne_attributes", soap11([AttributeService], tns, "AttributeService"), ["attributes", "simpleContent", "unbounded element"], [
        ("exchange", {"info": {"process": "EX_GDBS_SL", "Field": [{"FieldName": "SBLSH", "_value_1": SBLSH}, {"FieldName": "SLZTDM", "Kind": "code", "_value_1": "1"}]}}, None),
    ])


def recursion():
    tns = "http://hall.gov.cn/tree"

    class Division(ComplexModel):
        """行政区划"""
        __namespace__ = tns
        code = Unicode(min_occurs=1, nillable=False)
        name = Unicode
        children = Array(SelfReference)

    class TreeService(ServiceBase):
        @rpc(Unicode, _returns=Division)
        def division_tree(ctx, code):
            return Division(code="440000", name="广东省", children=[Division(code="440400", name="珠海", children=[Division(code="440402", name="香洲区")]), Division(code="440300", name="深圳")])

    make("spyne_tree", soap11([TreeService], tns, "TreeService"), ["recursive type"], [("division_tree", {"code": "440000"}, None)])


def choices():
    tns = "http://hall.gov.cn/choice"

    class Applicant(ComplexModel):
        __namespace__ = tns
        name = Unicode(min_occurs=1, nillable=False)
        remark = Unicode
        id_number = Unicode(xml_choice_group="identity")
        uscc = Unicode(xml_choice_group="identity")
        passport = Unicode(xml_choice_group="identity")

    class ChoiceService(ServiceBase):
        @rpc(Applicant, _returns=Applicant)
        def identify(ctx, applicant):
            return applicant

    make("spyne_choice", soap11([ChoiceService], tns, "ChoiceService"), ["choice inside a sequence"], [("identify", {"applicant": {"name": "张三", "uscc": "91440300708461136T", "remark": "无"}}, None)])


def files():
    tns = "http://hall.gov.cn/files"

    class Attachment(ComplexModel):
        __namespace__ = tns
        ATTACH_NAME = Unicode(min_occurs=1, nillable=False)
        ATTACH_SIGN = Unicode
        ATTACH_BODY = ByteArray

    class FileService(ServiceBase):
        @rpc(Unicode, Attachment.customize(max_occurs="unbounded"), _returns=[Integer, Unicode], _out_variable_names=["code", "message"])
        def upload(ctx, sblsh, attachment):
            return len(attachment), "已接收"

        @rpc(Unicode, _returns=Attachment, _in_message_name="DownloadRequest", _out_message_name="DownloadReply", _in_variable_names={"attach_id": "ATTACH_ID"})
        def download(ctx, attach_id):
            return Attachment(ATTACH_NAME="许可证.pdf", ATTACH_SIGN="d41d8cd98f00b204e9800998ecf8427e", ATTACH_BODY=[b"%PDF-1.4"])

    make("spyne_files", soap11([FileService], tns, "FileService"), ["two results of one operation", "own message names", "base64 content", "repeated parameter"], [
        ("upload", {"sblsh": SBLSH, "attachment": [{"ATTACH_NAME": "身份证.jpg", "ATTACH_BODY": b"\xff\xd8\xff"}]}, None),
    ])


def parameters():
    tns = "tag:spyne:parameters"

    class ParameterService(ServiceBase):
        @rpc(Unicode(nillable=False, min_occurs=1), Integer(default=20), Boolean(nillable=True), Array(Unicode), Array(Integer, wrapped=False), _returns=Array(Unicode))
        def search(ctx, keyword, size, open_only, regions, years):
            return [keyword] + list(regions or [])

        @srpc(Unicode, Unicode, _returns=None)
        def note(who, what):
            pass

    make("spyne_parameters", soap11([ParameterService], tns, "ParameterService"), ["default values", "arrays of simple types, wrapped and not", "operation without a result"], [
        ("search", {"keyword": "食品经营许可", "size": 5, "open_only": None, "regions": {"string": ["440400", "440300"]}, "years": [2025, 2026]}, None),
    ])


def callback():
    tns = "http://hall.gov.cn/callback"

    class CallbackService(ServiceBase):
        @rpc(Unicode, DateTime, _is_callback=True)
        def status_changed(ctx, sblsh, at):
            pass

        @rpc(Unicode, _returns=Unicode)
        def subscribe(ctx, address):
            return "1"

    refuse("spyne_callback_unbound", soap11([CallbackService], tns, "CallbackService"), "spyne's callback: a bound operation that its port type does not have; a warning is enough")


def asynchronous():
    """spyne names a header message, ReplyToHeader, that it does not write: so this one lies among the refused."""

    class AsyncService(ServiceBase):
        @srpc(Unicode, _is_async=True)
        def notify(event):
            pass

    refuse("spyne_header_message_missing", soap11([AsyncService], "tag:spyne:async", "AsyncService"), "a soap:header names a message that is not defined; a warning is enough")


if __name__ == "__main__":
    for maker in (receiving, headers, version_12, bare, faults, port_types, inheritance, facets, data_types, attributes, recursion, choices, files, parameters, callback, asynchronous):
        maker()
