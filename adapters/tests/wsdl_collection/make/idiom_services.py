"""Services written in the idioms of .NET, Java, PHP and Delphi stacks: what each serves is said here, how it looks in the modules idiom_*."""

from collection_files import put
from idiom_dotnet import asmx, wcf
from idiom_java import axis1, axis2, cxf, jaxws_ri, xfire
from idiom_rpc import delphi, nusoap, zend
from shapes import service

MATERIAL = "name string!, kind int, copies int, issued dateTime~"
CASE = "SBLSH string!, SXBM string!, SQRMC string, SBSJ dateTime, materials Material*"


def one(name, text, stack, special, locations=None):
    put(name, {"service.wsdl": text} if isinstance(text, str) else text, stack, "written", special, locations=locations)


def dotnet():
    hall = service("GZWBXTService", "http://tempuri.org/", {"AuthorizationSoapHeader": "UserName string, Password string, City string"}, [("SendRequest", "serviceCode string, xml string", "string", "统一数据交换入口"), ("HelloWorld", "", "string")], "工作办公系统接口")
    one("aspnet_soap_header", asmx(hall, headers=["AuthorizationSoapHeader"]), "ASP.NET ASMX", ["soap:header of every operation", "anyAttribute on the header", "SOAP 1.1 and 1.2", "Chinese documentation", "tempuri.org"])
    rows = service("StatisticsService", "http://tempuri.org/", {}, [("GetCases", "begin dateTime, end dateTime, region string", ""), ("GetAllItems", "", ""), ("SaveXml", "", "")])
    data_set = '            <s:element minOccurs="0" maxOccurs="1" name="{0}Result">\n              <s:complexType>\n                <s:sequence>\n                  <s:element ref="s:schema" />\n                  <s:any />\n                </s:sequence>\n              </s:complexType>\n            </s:element>\n'
    xml_node = '            <s:element minOccurs="0" maxOccurs="1" name="SaveXmlResult">\n              <s:complexType mixed="true">\n                <s:sequence>\n                  <s:any />\n                </s:sequence>\n              </s:complexType>\n            </s:element>\n'
    one("aspnet_data_set", asmx(rows, raw_results={"GetCases": data_set.format("GetCases"), "GetAllItems": data_set.format("GetAllItems"), "SaveXml": xml_node}), "ASP.NET ASMX", ["DataSet: s:schema and s:any", "XmlNode: mixed any", "import of the XML Schema namespace without a location"])
    items = service("ItemService", "http://gov.gd.cn/items", {"Item": "Code string, Name string, PromiseDays int, Online boolean, Fee decimal, Regions string*, Materials Material*", "Material": MATERIAL}, [("GetItem", "code string", "Item"), ("ListItems", "region string, kinds int*", "Item*"), ("ListCodes", "prefix string", "string*")])
    one("aspnet_arrays", asmx(items), "ASP.NET ASMX", ["ArrayOfString, ArrayOfInt and arrays of a structure", "nillable items"])
    plain = service("WebService1", "http://www.zwfw.gov.cn/", {}, [("GetSblsh", "sxbm string, region string", "string"), ("GetStatus", "sblsh string", "int")])
    one("aspnet_http_ports", asmx(plain, http=True), "ASP.NET ASMX", ["HttpGet and HttpPost ports beside the SOAP ports", "port types without SOAP"])
    enumerated = '      <s:simpleType name="Sptype">\n        <s:restriction base="s:string">\n          <s:enumeration value="申办" />\n          <s:enumeration value="预受理" />\n          <s:enumeration value="受理" />\n          <s:enumeration value="办结" />\n        </s:restriction>\n      </s:simpleType>\n      <s:simpleType name="Channels">\n        <s:list>\n          <s:simpleType>\n            <s:restriction base="s:string">\n              <s:enumeration value="Window" />\n              <s:enumeration value="Online" />\n              <s:enumeration value="Mobile" />\n            </s:restriction>\n          </s:simpleType>\n        </s:list>\n      </s:simpleType>\n'
    guid = '    <s:schema elementFormDefault="qualified" targetNamespace="http://microsoft.com/wsdl/types/">\n      <s:simpleType name="guid">\n        <s:restriction base="s:string">\n          <s:pattern value="[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}" />\n        </s:restriction>\n      </s:simpleType>\n    </s:schema>\n'
    inherited = '      <s:complexType name="Applicant" abstract="true">\n        <s:sequence>\n          <s:element minOccurs="0" maxOccurs="1" name="Name" type="s:string" />\n        </s:sequence>\n      </s:complexType>\n      <s:complexType name="Citizen">\n        <s:complexContent mixed="false">\n          <s:extension base="tns:Applicant">\n            <s:sequence>\n              <s:element minOccurs="0" maxOccurs="1" name="IdNumber" type="s:string" />\n            </s:sequence>\n          </s:extension>\n        </s:complexContent>\n      </s:complexType>\n      <s:complexType name="Company">\n        <s:complexContent mixed="false">\n          <s:extension base="tns:Applicant">\n            <s:sequence>\n              <s:element minOccurs="0" maxOccurs="1" name="Uscc" type="s:string" />\n              <s:element minOccurs="1" maxOccurs="1" name="Registered" nillable="true" type="s:dateTime" />\n            </s:sequence>\n            <s:attribute name="Kind" type="tns:Sptype" use="required" />\n          </s:extension>\n        </s:complexContent>\n      </s:complexType>\n'
    party = service("ApplicantService", "http://gov.gd.cn/applicants/", {}, [("Register", "applicant Applicant, kind Sptype!, channels Channels!, id guid!", "Applicant", "登记&lt;b&gt;申请者&lt;/b&gt;")])
    one("aspnet_abstract_types", asmx(party, raw_types=enumerated + inherited, other_schema=guid, soap12=False), "ASP.NET ASMX", ["abstract type, xsi:type", "list of an enumeration", "guid pattern", "HTML in the documentation"])
    cases = service("CaseService", "http://tempuri.org/", {"Case": "SBLSH string!, Id guid, Limit timeSpan, Applied dateTime, Steps Step*, Tags string*", "Step": "Code int, Name string, Passed boolean", "NotFound": "Reason string"}, [("Submit", "case Case, regions string*", "string"), ("Find", "sblsh string", "Case"), ("List", "since dateTime", "Case*"), ("Notify", "event string", "-")])
    one("wcf_single", wcf(cases, faults={"Find": ["NotFound"]}), "WCF", ["singleWsdl with five inline schemas", "guid and duration of the serialisation namespace", "one-way", "fault", "prefix q1 declared where it is used"])
    again = service("CaseService", "http://hall.gov.cn/2020/cases", {"Case": "SBLSH string!, Steps Step*", "Step": "Code int, Name string"}, [("Find", "sblsh string", "Case"), ("List", "region string, codes int*", "Case*")])
    made = wcf(again, files=True, bindings=("basic", "ws"))
    one("wcf_files", {name.replace("CaseService.svc?wsdl=wsdl0", "wsdl0.wsdl").replace("CaseService.svc?wsdl", "service.wsdl").replace("CaseService.svc?xsd=", "") + (".xsd" if "?xsd=" in name else ""): text for name, text in made.items()}, "WCF", ["wsdl:import by ?wsdl=wsdl0 and schemas by ?xsd=xsd0 …, absolute addresses", "wsp:Policy and wsaw:UsingAddressing", "two bindings, SOAP 1.1 and 1.2, wsa10:EndpointReference"],
        locations={"http://127.0.0.1:8081/CaseService.svc?wsdl=wsdl0": "wsdl0.wsdl", **{f"http://127.0.0.1:8081/CaseService.svc?xsd=xsd{n}": f"xsd{n}.xsd" for n in range(4)}})
    other = service("LicenceService", "http://tempuri.org/", {"Licence": "Number string!, Holder string"}, [("Get", "number string", "Licence")])
    made = wcf(other, files=True)
    put("wcf_saved_by_wget", {name.replace("?", "@"): text.replace("http://127.0.0.1:8081/LicenceService.svc?", "LicenceService.svc?") for name, text in made.items()}, "WCF", "written", ["files named as wget keeps them: LicenceService.svc@xsd=xsd0 for LicenceService.svc?xsd=xsd0", "relative ?xsd= locations"], main="LicenceService.svc@wsdl",
        locations={f"LicenceService.svc?{rest}": f"LicenceService.svc@{rest}" for rest in ["wsdl=wsdl0", "xsd=xsd0", "xsd=xsd1", "xsd=xsd2", "xsd=xsd3"]})


def java():
    focus = service("FocusService", "http://service.focus.zhuhai.gov.cn", {"ResultOB": "code int, desc string~, reasonList string*"}, [("setDataXmlToFocus", "deptCode string, xml string, tableName string, identify string", "ResultOB"), ("excute", "xml string", "string")])
    one("axis1_focus", axis1(focus, "http://bean.focus.zhuhai.gov.cn"), "Axis 1.4", ["rpc/encoded", "XML inside a string parameter", "arrays with wsdl:arrayType"])
    steps = service("ProgressService", "http://127.0.0.1:8080/axis/services/ProgressService", {"Step": "code int, name string~, at dateTime, officer Officer", "Officer": "name string, post string", "BusinessException": "code string, message string"}, [("listSteps", "sblsh string, from dateTime", "Step*"), ("listOfficers", "codes string*", "Officer*"), ("remind", "sblsh string, times int", "")])
    one("axis1_arrays_and_faults", axis1(steps, "http://progress.hall", faults={"listSteps": ["BusinessException"], "remind": ["BusinessException"]}), "Axis 1.4", ["rpc/encoded arrays of structures", "encoded fault", "two schemas that import each other", "answer without parts"])
    overloads = service("QueryService", "urn:hall:query", {}, [("query", "sblsh string", "string"), ("query", "sxbm string, begin dateTime", "string"), ("query", "page int, size int, region string", "string")])
    one("axis1_overloads", axis1(overloads, "urn:hall:query:types"), "Axis 1.4", ["one operation name three times, told apart by the names of input and output"])
    wrapped = service("AcceptService", "http://accept.hall.gov.cn", {"Case": "sblsh string, sxbm string, fee decimal, at dateTime", "AcceptFault": "reason string"}, [("accept", "cases Case*, officer string", "int*"), ("reject", "sblsh string, reason string", "boolean")])
    one("axis1_wrapped_literal", axis1(wrapped, "http://bean.accept.hall.gov.cn", "document", "literal", faults={"accept": ["AcceptFault"]}), "Axis 1.4", ["document/literal wrapped from Axis", "schemas that import each other"])
    exchange = service("ExchangeService", "http://service.hall.gov.cn", {}, [("setDataXmlToFocus", "deptCode string, xml string, tableName string, identify string", "string"), ("excute", "xml string", "string"), ("heartbeat", "node string", "-")], "数据交换服务")
    one("axis2_exchange", axis2(exchange), "Axis2", ["SOAP 1.1, SOAP 1.2 and HTTP endpoints of one port type", "one-way", "Chinese documentation"])
    beans = service("CaseService", "http://service.case.hall.gov.cn", {"Case": "sblsh string, materials Material*, attributes string*, size long", "Material": "name string, content base64Binary, electronic boolean", "CaseException": "message string"}, [("submit", "args0 Case", "string"), ("find", "args0 string, args1 int", "Case*"), ("count", "", "long")])
    one("axis2_beans", axis2(beans, faults={"submit": ["CaseException"]}, http=False), "Axis2", ["beans in a second schema", "parameters called args0", "fault", "nillable arrays"])
    push = service("PushService", "http://push.hall.gov.cn/", {"Event": "sblsh string!, sptype int, time dateTime, fields Field*", "Field": "name string!, value string", "PushException": "code int, message string"}, [("push", "arg0 Event", "boolean"), ("pushAll", "arg0 Event*", "int")])
    one("cxf_push", cxf(push, faults={"push": ["PushException"]}), "CXF", ["named types for the wrappers", "parameters called arg0", "fault"])
    split = service("ResultService", "http://ws.hall.gov.cn/", {"Result": "zzbm string, zzmc string, body base64Binary"}, [("receiveResult", "sblsh string!, result Result*", "string"), ("ping", "", "")])
    one("cxf_interface_apart", cxf(split, split=True, implementation="http://impl.ws.hall.gov.cn/"), "CXF", ["wsdl:import of the interface from another file and namespace", "a binding that refers to the port type of the other namespace"])
    twelve = service("SupervisionService", "http://jc.gov.cn/supervision", {"Alert": "number string!, kind int, text string"}, [("raise", "alert Alert", "string"), ("close", "number string, at dateTime", "boolean")])
    one("cxf_soap12", cxf(twelve, version="soap12", form="qualified"), "CXF", ["SOAP 1.2", "elementFormDefault qualified"])
    jboss = service("LogisticsService", "http://logistics.hall.gov.cn/", {"Parcel": "number string!, sender string, posted date, weight double"}, [("dispatch", "parcel Parcel", "string"), ("track", "number string", "Parcel*")])
    one("jbossws_logistics", cxf(jboss, comment="<!-- JBossWS-CXF -->\n"), "JBossWS", ["CXF's form, under JBoss"])
    ri = service("PaymentService", "http://payment.hall.gov.cn/", {"Bill": "number string!, amount decimal, items BillItem*", "BillItem": "name string, amount decimal", "PaymentException": "message string"}, [("createBill", "bill Bill", "string"), ("isPaid", "number string", "boolean"), ("cancel", "number string", "-")])
    one("jaxws_schema_apart", jaxws_ri(ri, faults={"createBill": ["PaymentException"]}, schema_file="PaymentService_schema1.xsd", location="http://127.0.0.1:8080/hall/PaymentService?xsd=1"), "JAX-WS RI", ["schema by ?xsd=1, absolute address", "wsam:Action", "one-way", "comments before the root"],
        locations={"http://127.0.0.1:8080/hall/PaymentService?xsd=1": "PaymentService_schema1.xsd"})
    rpc = service("CodeService", "http://code.hall.gov.cn/", {"CodeTable": "name string!, entries Entry*", "Entry": "code string!, text string"}, [("table", "name string", "CodeTable"), ("lookup", "name string, code string", "string"), ("touch", "", "")])
    one("jaxws_rpc_literal", jaxws_ri(rpc, style="rpc", schema_file="CodeService.xsd"), "JAX-WS RI", ["rpc/literal with structures", "parameterOrder", "answer without parts", "schema in a file beside"])
    weblogic = service("HallPortal", "http://www.bea.com/hall/portal", {"Node": "id string, children Node*"}, [("tree", "root string", "Node"), ("children", "id string", "Node*")])
    one("weblogic_tree", jaxws_ri(weblogic, product="Oracle JAX-WS 2.1.5", address="http://127.0.0.1:7001/"), "WebLogic", ["recursive type", "schema inline without prefix in WSDL"])
    tong = service("SpringServiceImpl", "http://impl.tongweb.hall.gov.cn/", {}, [("sendApplyNO", "SBLSH_SHORT string, SXBM string, XZQHDM string, EXPRESSTYPE string", "string"), ("getApplyInfo", "SBLSH_SHORT string", "string"), ("receiveFinishInfo", "xmlStr string", "string")])
    one("tongweb_approve_data", jaxws_ri(tong, product="TongWeb 7.0", address="http://127.0.0.1:8088/"), "TongWeb", ["APPROVEDATAINFO as a string", "names in capitals"])
    apusic = service("ReportService", "http://report.hall.gov.cn/", {}, [("report", "arg0 string, arg1 string, arg2 base64Binary", "string")])
    one("apusic_report", jaxws_ri(apusic, product="Apusic", address="http://127.0.0.1:6888/", version="soap12"), "Apusic", ["SOAP 1.2", "base64 parameter"])
    fire = service("ArchiveService", "http://archive.hall.gov.cn", {"Record": "number string, pages int, tags string*"}, [("archive", "a Record, b string*", "boolean"), ("search", "a string", "Record*"), ("purge", "", "")])
    one("xfire_archive", xfire(fire), "XFire", ["parameters in0 and in1", "everything nillable", "prefixes declared and never used"])


def scripts():
    hall = service("hallwsdl", "urn:hallwsdl", {"Applicant": "name string, idNumber string, phone string", "Case": "sblsh string, applicant Applicant, materials Material*", "Material": "name string, copies int"}, [("submitCase", "case Case, token string", "string", "提交办件"), ("listCases", "region string, page int", "Case*"), ("codes", "", "string*")])
    one("nusoap_hall", nusoap(hall), "PHP NuSOAP", ["rpc/encoded", "xsd:all", "import of the WSDL namespace in the schema"])
    document = service("noticewsdl", "urn:noticewsdl", {"Notice": "title string, body string, at dateTime"}, [("publish", "notice Notice, region string", "int"), ("read", "id int", "Notice")])
    one("nusoap_document", nusoap(document, document=True), "PHP NuSOAP", ["document/literal with form=\"unqualified\" on the elements of a qualified schema", "xsd:all as wrapper"])
    licence = service("LicenceServer", "http://127.0.0.1/soap.php", {"Licence": "number string, holder string~, pages int, tags string*"}, [("find", "number string", "Licence", "查证照"), ("search", "words string*, limit int", "Licence*"), ("log", "text string", "-")])
    one("zend_encoded", zend(licence), "PHP Zend", ["rpc/encoded", "service before the messages", "one-way"])
    licence = service("LicenceServer", "http://127.0.0.1/rpc.php", {"Licence": "number string, holder string~, pages int"}, [("find", "number string", "Licence"), ("rename", "number string, holder string", "")])
    one("zend_literal", zend(licence, "literal"), "PHP Zend", ["rpc/literal", "xsd:all", "answer without parts"])
    window = service("HallWindow", "HallWindowIntf", {"TQueueTicket": "PDH string, Window int, At dateTime, Served boolean", "TPerson": "Name string, IdNumber string"}, [("TakeTicket", "Person TPerson, ItemCode string", "TQueueTicket"), ("Waiting", "Window int", "TQueueTicket*"), ("CallNext", "Window int", "string")])
    one("delphi_window", delphi(window), "Delphi", ["rpc/encoded", "binding and address in the default namespace", "arrays without an import of the encoding's schema", "types in urn:…Intf"])
    scanner = service("Scanner", "ScannerIntf", {}, [("Scan", "SBLSH string, Pages int, Content base64Binary", "boolean"), ("Names", "SBLSH string", "string*")])
    one("delphi_scanner", delphi(scanner), "Delphi", ["rpc/encoded array of strings", "base64 parameter"])


if __name__ == "__main__":
    dotnet()
    java()
    scripts()
