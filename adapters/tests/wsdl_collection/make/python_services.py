"""Services whose WSDL the smaller Python stacks write: PySimpleSOAP, soapfish and ladon (its rpc/encoded and its document/literal descriptor)."""

import collections
import datetime
import decimal
import inspect

ArgumentSpecification = collections.namedtuple("ArgumentSpecification", "args varargs keywords defaults")
inspect.getargspec = lambda function: ArgumentSpecification(*inspect.getfullargspec(function)[:4])  # ladon still asks for what Python 3.11 took away

from ladon.interfaces.soap import DocumentLiteralSOAPInterface
from ladon.interfaces.soap11 import SOAP11Interface
from ladon.ladonizer import ladonize
from ladon.ladonizer.collection import global_service_collection
from ladon.types.attachment import attachment
from ladon.types.ladontype import LadonType
from lxml import etree
from pysimplesoap.server import SoapDispatcher
from soapfish import py2wsdl, soap, xsd

from collection_files import ROOT, put

ADDRESS = "http://127.0.0.1:8000/"


class Many(list):
    """A list that PySimpleSOAP can look for among its simple types: it asks by hash."""

    __hash__ = object.__hash__


class Parts(dict):
    """A structure, for the same reason."""

    __hash__ = object.__hash__


def pysimplesoap():
    hall = SoapDispatcher("ReceiveService", location=ADDRESS, action=ADDRESS, namespace="http://hall.gov.cn/receive.wsdl", documentation="网上办事大厅接收服务", trace=False)
    hall.register_function("ReceiveApplication", lambda **_: {}, args={"sblsh": str, "applied": datetime.datetime, "urgent": bool, "fee": decimal.Decimal}, returns={"code": int, "message": str}, doc="接收申办")
    hall.register_function("QueryProgress", lambda **_: {}, args={"sblsh": str}, returns={"steps": Many([{"step": Parts(name=str, at=datetime.date, passed=bool)}])})
    hall.register_function("Ping", lambda: {}, args={}, returns={"alive": bool})
    put("pysimplesoap_receive", {"service.wsdl": hall.wsdl()}, "PySimpleSOAP", "generated", ["xs:all in the wrapper", "arrays as types of their own", "elementFormDefault qualified"])
    query = SoapDispatcher("LicenceQuery", location=ADDRESS, action=ADDRESS, namespace="http://licence.gov.cn/", trace=False)
    query.register_function("Find", lambda **_: {}, args={"condition": Parts(holder=str, number=str, period=Parts(begin=datetime.date, end=datetime.date))}, returns={"anything": None, "total": int})
    put("pysimplesoap_nested", {"service.wsdl": query.wsdl()}, "PySimpleSOAP", "generated", ["nested structures in xs:all", "xs:anyType"])


class Field(xsd.ComplexType):
    INDICATOR = xsd.Sequence
    FieldName = xsd.Element(xsd.String)
    text = xsd.Element(xsd.String)


class StandardInfo(xsd.ComplexType):
    INDICATOR = xsd.Sequence
    process = xsd.Element(xsd.String(enumeration=["EX_GDBS_SB", "EX_GDBS_SL", "EX_GDBS_SPCL", "EX_GDBS_BJ"]))
    Field = xsd.ListElement(Field, tagname="Field", minOccurs=1, maxOccurs=200)
    sent = xsd.Element(xsd.DateTime, minOccurs=0)
    fee = xsd.Element(xsd.Decimal, minOccurs=0, nillable=True)


class Receipt(xsd.ComplexType):
    INDICATOR = xsd.Choice
    number = xsd.Element(xsd.String)
    refusal = xsd.Element(xsd.String)


def soapfish():
    for version, name in ((soap.SOAPVersion.SOAP11, "soapfish_standard_info"), (soap.SOAPVersion.SOAP12, "soapfish_soap12")):
        schema = xsd.Schema("http://hall.gov.cn/ops", elementFormDefault=xsd.ElementFormDefault.UNQUALIFIED, simpleTypes=[], attributeGroups=[], groups=[], complexTypes=[Field, StandardInfo, Receipt], elements={"exchange": xsd.Element(StandardInfo), "receipt": xsd.Element(Receipt)})
        exchange = xsd.Method(function=None, soapAction="http://hall.gov.cn/ops/exchange", input="exchange", output="receipt", operationName="Exchange")
        service = soap.Service(name="ExchangeService", targetNamespace="http://hall.gov.cn/wsdl", location=ADDRESS, schemas=[schema], version=version, methods=[exchange])
        put(name, {"service.wsdl": etree.tostring(py2wsdl.generate_wsdl(service), pretty_print=True, xml_declaration=True, encoding="utf-8")}, "soapfish", "generated", ["document/literal bare", "soap:binding and soap:operation written after their siblings", "repetition up to 200", "WSDL and schema of different namespaces"] + (["SOAP 1.2"] if name.endswith("12") else []))


class Material(LadonType):
    name = str
    copies = int
    electronic = bool


class Case(LadonType):
    sblsh = {"type": str, "nullable": False, "doc": "申办流水号"}
    materials = [Material]


class HallService(object):
    """Takes applications of the hall."""

    @ladonize(Case, rtype=int)
    def submit(self, case):
        """Submits a case"""
        return 0

    @ladonize(str, int, rtype=[Case])
    def find(self, region, page):
        """Finds cases"""
        return []


class StatusService(object):
    """Tells how far cases are."""

    @ladonize(str, int, rtype=[Case])
    def find(self, region, page):
        """Finds cases"""
        return []

    @ladonize(str, rtype=int)
    def status(self, sblsh):
        """Says the code of the status"""
        return 1


class RegionService(object):
    """Answers for several regions; ladon's document descriptor forgets the type of an array of strings."""

    @ladonize([str], rtype=int)
    def count(self, regions):
        """Counts the cases of these regions"""
        return 0


class FileService(object):
    """Takes files; ladon forgets to bind a prefix that it writes here, so its WSDL lies among the refused."""

    @ladonize(str, attachment, rtype=str)
    def attach(self, sblsh, content):
        """Attaches a file"""
        return ""


def ladon():
    def description(interface, name):
        return interface(global_service_collection().services_by_name(name)[0]).description(ADDRESS + name + "/soap", "UTF-8")

    put("ladon_rpc_encoded", {"service.wsdl": description(SOAP11Interface, "HallService")}, "ladon", "generated", ["rpc/encoded", "arrays restricted from soapenc:Array", "two schemas"])
    put("ladon_strings_rpc", {"service.wsdl": description(SOAP11Interface, "RegionService")}, "ladon", "generated", ["rpc/encoded array of strings"])
    put("ladon_document", {"service.wsdl": description(DocumentLiteralSOAPInterface, "StatusService")}, "ladon", "generated", ["document/literal", "array types in another namespace, prefix q1 declared where it is used"])
    put("ladon_array_type_missing", {"service.wsdl": description(DocumentLiteralSOAPInterface, "RegionService")}, "ladon", "generated", ["an element of a type that is not defined"], folder=ROOT / "refused")
    put("ladon_type_in_wrong_namespace", {"service.wsdl": description(DocumentLiteralSOAPInterface, "HallService")}, "ladon", "generated", ["an element whose type is defined in another namespace than the one named"], folder=ROOT / "refused")
    broken = global_service_collection().services_by_name("FileService")[0]
    put("ladon_unbound_prefix", {"service.wsdl": SOAP11Interface(broken).description(ADDRESS + "FileService/soap", "UTF-8")}, "ladon", "generated", ["an attribute name with a prefix that is not bound"], folder=ROOT / "refused")


if __name__ == "__main__":
    pysimplesoap()
    soapfish()
    ladon()
