"""Samples that no peer at hand writes rightly: substitution, abstract types, overloads, maps, multiRef, repeated groups, a DataSet."""

import json

from collection_files import ROOT

E11 = "http://schemas.xmlsoap.org/soap/envelope/"
E12 = "http://www.w3.org/2003/05/soap-envelope"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
ENC = "http://schemas.xmlsoap.org/soap/encoding/"
SBLSH = "10131300500698857411409161687"


def sample(service, name, body, value, envelope=E11):
    folder = ROOT / service / "samples"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.xml").write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{envelope}" {XSI}>\n  <soap:Body>\n{body.strip(chr(10))}\n  </soap:Body>\n</soap:Envelope>\n', "utf-8")
    (folder / f"{name}.json").write_text(json.dumps({"body": value}, ensure_ascii=False, indent=1) + "\n", "utf-8")


sample("substitution_groups", "Push.request", f'''
    <Push xmlns="http://hall.gov.cn/substitution">
      <Accepted><Sblsh>{SBLSH}</Sblsh><At>2026-03-02T09:30:00</At><Limit>20</Limit></Accepted>
      <Completed><Sblsh>{SBLSH}</Sblsh><At>2026-03-20T09:30:00</At><Result>0</Result><Certificate>粤食药许0001</Certificate></Completed>
      <SpecialCompleted><Sblsh>{SBLSH}</Sblsh><At>2026-03-21T09:30:00</At><Result>6</Result></SpecialCompleted>
    </Push>''', {"Push": {"Accepted": [{"Sblsh": SBLSH, "At": "2026-03-02T09:30:00", "Limit": "20"}], "Completed": [{"Sblsh": SBLSH, "At": "2026-03-20T09:30:00", "Result": "0", "Certificate": "粤食药许0001"}], "SpecialCompleted": [{"Sblsh": SBLSH, "At": "2026-03-21T09:30:00", "Result": "6"}]}})
sample("substitution_groups", "Push.response", '    <p:Pushed xmlns:p="http://hall.gov.cn/substitution">3</p:Pushed>', {"Pushed": "3"})

# zeep leaves out a body that stands inside mime:multipartRelated.
sample("swa_multipart", "Upload.request", f'    <Upload xmlns="http://hall.gov.cn/swa"><Sblsh>{SBLSH}</Sblsh><File>cid:application.pdf@hall.gov.cn</File></Upload>', {"Upload": {"Sblsh": SBLSH, "File": "cid:application.pdf@hall.gov.cn"}})

NS = "http://gov.gd.cn/applicants/"
sample("aspnet_abstract_types", "Register.request", f'''
    <Register xmlns="{NS}">
      <applicant xsi:type="Company" Kind="受理"><Name>珠海市某某有限公司</Name><Uscc>91440300708461136T</Uscc><Registered xsi:nil="true" /></applicant>
      <kind>申办</kind>
      <channels>Window Online</channels>
      <id>7b0de8c4-4a6c-4c3b-9b43-5d0f1d6f6a10</id>
    </Register>''', {"Register": {"applicant": {"@xsi:type": f"{{{NS}}}Company", "@Kind": "受理", "Name": "珠海市某某有限公司", "Uscc": "91440300708461136T", "Registered": None}, "kind": "申办", "channels": "Window Online", "id": "7b0de8c4-4a6c-4c3b-9b43-5d0f1d6f6a10"}})
sample("aspnet_abstract_types", "Register.response", f'''
    <RegisterResponse xmlns="{NS}">
      <RegisterResult xsi:type="Citizen"><Name>张三</Name><IdNumber>11010519491231002X</IdNumber></RegisterResult>
    </RegisterResponse>''', {"RegisterResponse": {"RegisterResult": {"@xsi:type": f"{{{NS}}}Citizen", "Name": "张三", "IdNumber": "11010519491231002X"}}})

NS = "http://hall.gov.cn/anytype"
sample("any_type_with_xsi_type", "Set.request", f'''
    <v:Set xmlns:v="{NS}">
      <v:Variable><v:Name>limit</v:Name><v:Value xsi:type="xsd:int">20</v:Value></v:Variable>
      <v:Variable><v:Name>fee</v:Name><v:Value xsi:type="v:Money"><v:Amount>120.50</v:Amount><v:Currency>CNY</v:Currency></v:Value></v:Variable>
      <v:Variable><v:Name>nothing</v:Name><v:Value xsi:nil="true"/></v:Variable>
      <v:Shape xsi:type="v:Plot" name="v:garden"><v:Area>31.5</v:Area></v:Shape>
    </v:Set>''', {"Set": {"Variable": [{"Name": "limit", "Value": {"@xsi:type": "{http://www.w3.org/2001/XMLSchema}int", "#text": "20"}}, {"Name": "fee", "Value": {"@xsi:type": f"{{{NS}}}Money", "Amount": "120.50", "Currency": "CNY"}}, {"Name": "nothing", "Value": None}], "Shape": {"@xsi:type": f"{{{NS}}}Plot", "@name": f"{{{NS}}}garden", "Area": "31.5"}}})
sample("any_type_with_xsi_type", "Set.response", f'    <v:Kind xmlns:v="{NS}" xmlns:k="urn:hall:kinds">k:accepted</v:Kind>', {"Kind": "{urn:hall:kinds}accepted"})

OPEN = f'<ns1:query soap:encodingStyle="{ENC}" xmlns:ns1="urn:hall:query">'
sample("axis1_overloads", "query-queryRequest.request", f'    {OPEN}<sblsh xsi:type="xsd:string">{SBLSH}</sblsh></ns1:query>', {"query": {"sblsh": SBLSH}})
sample("axis1_overloads", "query-queryRequest1.request", f'    {OPEN}<sxbm xsi:type="xsd:string">10131300500698857413440400</sxbm><begin xsi:type="xsd:dateTime">2014-09-01T00:00:00.000Z</begin></ns1:query>', {"query": {"sxbm": "10131300500698857413440400", "begin": "2014-09-01T00:00:00.000Z"}})
sample("axis1_overloads", "query-queryRequest2.request", f'    {OPEN}<page xsi:type="xsd:int">1</page><size xsi:type="xsd:int">20</size><region xsi:type="xsd:string">440400</region></ns1:query>', {"query": {"page": "1", "size": "20", "region": "440400"}})
sample("axis1_overloads", "query-queryResponse.response", f'    <ns1:queryResponse soap:encodingStyle="{ENC}" xmlns:ns1="urn:hall:query"><queryReturn xsi:type="xsd:string">受理</queryReturn></ns1:queryResponse>', {"queryResponse": {"queryReturn": "受理"}})

sample("axis1_arrays_and_faults", "listOfficers.response", f'''
    <ns1:listOfficersResponse soap:encodingStyle="{ENC}" xmlns:ns1="http://127.0.0.1:8080/axis/services/ProgressService">
      <listOfficersReturn soapenc:arrayType="ns2:Officer[3]" xsi:type="soapenc:Array" xmlns:ns2="http://progress.hall" xmlns:soapenc="{ENC}">
        <listOfficersReturn href="#id0"/><listOfficersReturn href="#id1"/><listOfficersReturn href="#id0"/>
      </listOfficersReturn>
    </ns1:listOfficersResponse>
    <multiRef id="id1" soapenc:root="0" soap:encodingStyle="{ENC}" xsi:type="ns3:Officer" xmlns:soapenc="{ENC}" xmlns:ns3="http://progress.hall"><name xsi:type="xsd:string">王五</name><post xsi:type="xsd:string" xsi:nil="true"/></multiRef>
    <multiRef id="id0" soapenc:root="0" soap:encodingStyle="{ENC}" xsi:type="ns4:Officer" xmlns:soapenc="{ENC}" xmlns:ns4="http://progress.hall"><name xsi:type="xsd:string">李四</name><post xsi:type="xsd:string">科员</post></multiRef>''',
    {"listOfficersResponse": {"listOfficersReturn": {"listOfficersReturn": [{"name": "李四", "post": "科员"}, {"name": "王五", "post": None}, {"name": "李四", "post": "科员"}]}}})

MAP = 'xmlns:a="http://xml.apache.org/xml-soap" xmlns:soapenc="' + ENC + '"'
sample("apache_soap_map", "put.request", f'''
    <f:put xmlns:f="urn:front-end" soap:encodingStyle="{ENC}" {MAP}>
      <table xsi:type="xsd:string">EX_GDBS_SL</table>
      <row xsi:type="a:Map"><item><key xsi:type="xsd:string">SBLSH</key><value xsi:type="xsd:string">{SBLSH}</value></item><item><key xsi:type="soapenc:string">SLZTDM</key><value xsi:type="xsd:int">1</value></item></row>
      <version xsi:type="soapenc:int">2</version>
    </f:put>''', {"put": {"table": "EX_GDBS_SL", "row": {"item": [{"key": {"@xsi:type": "{http://www.w3.org/2001/XMLSchema}string", "#text": "SBLSH"}, "value": {"@xsi:type": "{http://www.w3.org/2001/XMLSchema}string", "#text": SBLSH}}, {"key": {"@xsi:type": f"{{{ENC}}}string", "#text": "SLZTDM"}, "value": {"@xsi:type": "{http://www.w3.org/2001/XMLSchema}int", "#text": "1"}}]}, "version": "2"}})
sample("apache_soap_map", "select.response", f'''
    <f:selectResponse xmlns:f="urn:front-end" soap:encodingStyle="{ENC}" {MAP}>
      <rows xsi:type="soapenc:Array" soapenc:arrayType="a:Map[1]"><item xsi:type="a:Map"><item><key xsi:type="xsd:string">REC_FLAG</key><value xsi:type="xsd:int">1</value></item></item></rows>
      <cells xsi:type="soapenc:Array" soapenc:arrayType="xsd:string[][2]"><item xsi:type="soapenc:Array" soapenc:arrayType="xsd:string[2]"><item xsi:type="xsd:string">一</item><item xsi:type="xsd:string">二</item></item><item xsi:type="soapenc:Array" soapenc:arrayType="xsd:string[0]"/></cells>
    </f:selectResponse>''', {"selectResponse": {"rows": {"item": [{"item": [{"key": {"@xsi:type": "{http://www.w3.org/2001/XMLSchema}string", "#text": "REC_FLAG"}, "value": {"@xsi:type": "{http://www.w3.org/2001/XMLSchema}int", "#text": "1"}}]}]}, "cells": {"item": [{"item": ["一", "二"]}, {}]}}})

sample("occurrence_everywhere", "Send.request", f'''
    <Batch xmlns="http://hall.gov.cn/occurrence">
      <Number>20260302-1</Number>
      <Sblsh>{SBLSH}</Sblsh><Status>1</Status>
      <Sblsh>10075000169811328411401050001</Sblsh><Status>2</Status>
      <Note>加急</Note><Note>已电话通知</Note><Warning>材料待补</Warning>
      <Code>A</Code><Code>B</Code><Code>C</Code>
      <Signer>李四</Signer><Signed>2026-03-02</Signed>
    </Batch>''', {"Batch": {"Number": "20260302-1", "Sblsh": [SBLSH, "10075000169811328411401050001"], "Status": ["1", "2"], "Note": ["加急", "已电话通知"], "Warning": ["材料待补"], "Code": ["A", "B", "C"], "Signer": "李四", "Signed": "2026-03-02"}}, E12)
sample("occurrence_everywhere", "Send.response", '    <o:BatchResult xmlns:o="http://hall.gov.cn/occurrence" code="0"><o:Message>全部接收</o:Message><o:Accepted>2</o:Accepted></o:BatchResult>', {"BatchResult": {"@code": "0", "Message": "全部接收", "Accepted": "2"}}, E12)

sample("lists_and_unions", "Search.request", '''
    <l:Search xmlns:l="http://hall.gov.cn/lists" pages="1 true -3" words="licence food">
      <l:In>440400 440300</l:In><l:Status>受理</l:Status><l:Status>7</l:Status><l:From>2014-9-19 14:10:10</l:From>
    </l:Search>''', {"Search": {"@pages": "1 true -3", "@words": "licence food", "In": "440400 440300", "Status": ["受理", "7"], "From": "2014-9-19 14:10:10"}})
sample("lists_and_unions", "Search.response", '    <l:Found xmlns:l="http://hall.gov.cn/lists" total="2">440400 440300</l:Found>', {"Found": {"@total": "2", "#text": "440400 440300"}})

sample("recursion", "Select.request", '''
    <t:Select xmlns:t="http://hall.gov.cn/tree"><t:And><t:Is>珠海</t:Is><t:Not><t:And><t:Is>关闭</t:Is><t:Is>合并</t:Is></t:And></t:Not></t:And></t:Select>''', {"Select": {"And": {"Is": ["珠海"], "Not": [{"And": {"Is": ["关闭", "合并"]}}]}}})

sample("chameleon_includes", "Status.request", f'    <s:StatusRequest xmlns:s="urn:hall:status"><s:Key><s:Sblsh>{SBLSH}</s:Sblsh><s:Kind>受理</s:Kind></s:Key></s:StatusRequest>', {"StatusRequest": {"Key": {"Sblsh": SBLSH, "Kind": "受理"}}})
sample("chameleon_includes", "Status.response", f'''
    <s:StatusResponse xmlns:s="urn:hall:status"><s:Now>补正</s:Now><s:Before><Entry><h:Sblsh xmlns:h="urn:hall:history">{SBLSH}</h:Sblsh><h:Kind xmlns:h="urn:hall:history">受理</h:Kind></Entry></s:Before></s:StatusResponse>''', {"StatusResponse": {"Now": "补正", "Before": {"Entry": [{"Sblsh": SBLSH, "Kind": "受理"}]}}})

sample("redefine", "Get.request", '    <Get xmlns="urn:hall:licence">粤食药许0001</Get>', {"Get": "粤食药许0001"})
sample("redefine", "Get.response", '''
    <Licence xmlns="urn:hall:licence" system="national" region="440400"><Number>1</Number><Kind>食品经营许可证</Kind><Issued>2020-01-01</Issued><Reviewed>2025-01-01</Reviewed><ProvincialNumber>粤食药许0001</ProvincialNumber></Licence>''', {"Licence": {"@system": "national", "@region": "440400", "Number": "1", "Kind": "食品经营许可证", "Issued": "2020-01-01", "Reviewed": "2025-01-01", "ProvincialNumber": "粤食药许0001"}})

sample("documentation_and_comments", "Ask.request", '    <!-- one --><d:Ask xmlns:d="http://hall.gov.cn/documented"><?in side?><d:A>甲<!-- two -->乙<![CDATA[<丙>]]></d:A></d:Ask>', {"Ask": {"A": "甲乙<丙>"}})
sample("documentation_and_comments", "Ask.response", '    <d:Answer xmlns:d="http://hall.gov.cn/documented"/>', {"Answer": ""})

sample("aspnet_data_set", "GetCases.response", f'''
    <GetCasesResponse xmlns="http://tempuri.org/"><GetCasesResult>
      <xs:schema id="Cases" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:msdata="urn:schemas-microsoft-com:xml-msdata"><xs:element name="Cases" msdata:IsDataSet="true"><xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="Case"><xs:complexType><xs:sequence><xs:element name="SBLSH" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>
      <diffgr:diffgram xmlns:msdata="urn:schemas-microsoft-com:xml-msdata" xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1"><Cases xmlns=""><Case diffgr:id="Case1" msdata:rowOrder="0"><SBLSH>{SBLSH}</SBLSH></Case></Cases></diffgr:diffgram>
    </GetCasesResult></GetCasesResponse>''', {"GetCasesResponse": {"GetCasesResult": {"schema": {"@id": "Cases", "element": {"@name": "Cases", "@IsDataSet": "true", "complexType": {"choice": {"@minOccurs": "0", "@maxOccurs": "unbounded", "element": {"@name": "Case", "complexType": {"sequence": {"element": {"@name": "SBLSH", "@type": "xs:string", "@minOccurs": "0"}}}}}}}}, "diffgram": {"Cases": {"Case": {"@id": "Case1", "@rowOrder": "0", "SBLSH": SBLSH}}}}}})

sample("keys_and_identity", "Check.request", """
    <k:List xmlns:k="http://hall.gov.cn/keys"><k:Material seq="1" id="m1"><k:Name>身份证复印件</k:Name></k:Material><k:Material seq="2"><k:Name>申请表</k:Name></k:Material><k:Required seq="1" ref="m1"/></k:List>""", {"List": {"Material": [{"@seq": "1", "@id": "m1", "Name": "身份证复印件"}, {"@seq": "2", "Name": "申请表"}], "Required": [{"@seq": "1", "@ref": "m1"}]}})
sample("keys_and_identity", "Check.response", '    <Done xmlns="http://hall.gov.cn/keys"/>', {"Done": {}})


def in_encoding(service, name, encoding, codec):
    """The sample again, in the encoding of its service."""
    path = ROOT / service / "samples" / f"{name}.xml"
    text = path.read_text("utf-8").split("?>", 1)[1].lstrip()
    path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'.encode(codec))


for direction in ("request", "response"):
    in_encoding("encoding_gbk", f"申办.{direction}", "GBK", "gbk")
    in_encoding("encoding_utf16", f"申办.{direction}", "UTF-16", "utf-16")
    in_encoding("encoding_gb18030", f"Ask.{direction}", "GB18030", "gb18030")

INNER = f'<?xml version="1.0" encoding="GB2312"?><ExInfo><standardInfo process="EX_GDBS_SL"><Field FieldName="SBLSH">{SBLSH}</Field><Field FieldName="BZ">无 &amp; "-"</Field></standardInfo></ExInfo>'
CALL = f'soap:encodingStyle="{ENC}" xmlns:f="http://focus.gov.cn"'
sample("exinfo_in_string", "setDataXmlToFocus.request", f'''
    <f:setDataXmlToFocus {CALL}>
      <deptCode xsi:type="xsd:string">006988574</deptCode>
      <xml xsi:type="xsd:string"><![CDATA[{INNER}]]></xml>
      <tableName xsi:type="xsd:string">EX_GDBS_SL</tableName>
      <identify xsi:type="xsd:string">not-a-secret</identify>
    </f:setDataXmlToFocus>''', {"setDataXmlToFocus": {"deptCode": "006988574", "xml": INNER, "tableName": "EX_GDBS_SL", "identify": "not-a-secret"}})
sample("exinfo_in_string", "setDataXmlToFocus.response", f'    <f:setDataXmlToFocusResponse {CALL}><setDataXmlToFocusReturn xsi:type="xsd:string">编码：0，原因：成功，缺少文件列表：无</setDataXmlToFocusReturn></f:setDataXmlToFocusResponse>', {"setDataXmlToFocusResponse": {"setDataXmlToFocusReturn": "编码：0，原因：成功，缺少文件列表：无"}})
for direction in ("request", "response"):
    in_encoding("exinfo_in_string", f"setDataXmlToFocus.{direction}", "GB2312", "gb2312")

sample("wildcards", "Send.request", """
    <w:Send xmlns:w="http://hall.gov.cn/any" xmlns:d="urn:hall:department"><w:Form d:version="2" plain="1"><d:area unit="m2">31.5</d:area><d:use>餐饮</d:use><d:use>零售</d:use></w:Form><w:Letter/><w:Remark>加急</w:Remark><local>无名</local></w:Send>""",
    {"Send": {"Form": {"@version": "2", "@plain": "1", "area": [{"@unit": "m2", "#text": "31.5"}], "use": ["餐饮", "零售"]}, "Letter": {}, "Remark": "加急", "local": "无名"}})
