"""Loads the WSDL of our SOAP callback with zeep (strict) and calls it as a city platform would: call_callback.py WSDL NUMBER IDENTIFY."""

import sys

import zeep

wsdl, number, identify = sys.argv[1:]
client = zeep.Client(wsdl, settings=zeep.Settings(strict=True))
fields = {
    "SBLSH": number, "SXBM": "x", "YWLSH": "ZH000000000001", "XZQHDM": "440400", "SJBBH": "1", "BZ": "无",
    "YSLBMMC": "窗口", "YSLBMZZJGDM": "006988574", "BLRXM": "李四", "YSLZTDM": "1", "BSLYY": "无", "BJBZSM": "无",
}


def report(at):
    inner = "".join(f'<Field FieldName="{name}">{text}</Field>' for name, text in {**fields, "YSLSJ": at}.items())
    return f'<?xml version="1.0" encoding="utf-8"?><ExInfo><standardInfo process="EX_GDBS_WSYSL">{inner}</standardInfo></ExInfo>'


import datetime

shanghai = datetime.timezone(datetime.timedelta(hours=8))
now = datetime.datetime.now(shanghai)
at = f"{now.year}-{now.month}-{now.day} {now.hour}:{now.minute:02}:{now.second:02}"
for words, credential in [("wrong", identify + "x"), ("right", identify)]:
    answer = client.service.setDataXmlToFocus(deptCode="006988574", xml=report(at), tableName="EX_GDBS_WSYSL", identify=credential)
    print(f"{words} identify: {answer.code} ({answer.desc})")
