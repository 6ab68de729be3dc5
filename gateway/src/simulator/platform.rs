//! `soap`: a city intake platform, SOAP 1.1 rpc with an ExInfo document inside as text (generation 1; `docs/dialects.md`, section 2).

use super::cases::{Application, Case, Material, Order, Verdict};
use super::course::{Message, Report};
use super::dialect::{Answer, Call, Dialect, Fields, Received};
use super::guangdong;
use super::xml::{self, Element, escape};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

const OFFICE: guangdong::Office = guangdong::Office {
    name: "珠海市统一申办受理平台",
    code: "006994552",
};
const NAMESPACE: &str = "http://focus.platform.example/";
const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const PATH: &str = "/services/FocusService";
const WSDL: &str = include_str!("focus_service.wsdl");
const XML_TYPE: &str = "text/xml; charset=utf-8";
const SUBMIT: &str = "EX_GDBS_SB";
const SUPPLY: &str = "EX_GDBS_BJSL";
const WITHDRAW: &str = "EX_GDBS_CX";

/// The platform.
pub(super) struct Platform {
    pub(super) identify: String,
    /// Host and port, for the address in the WSDL.
    pub(super) authority: String,
}

impl Dialect for Platform {
    fn read(&self, request: &Received) -> Result<Order, Answer> {
        if request.path != PATH {
            return Err(Answer::not_found());
        }
        if request.method == Method::GET && request.query.eq_ignore_ascii_case("wsdl") {
            let address = format!("http://{}{PATH}", self.authority);
            return Err(xml_answer(200, WSDL.replace("{address}", &address)));
        }
        if request.method != Method::POST || !request.content_type.starts_with("text/xml") {
            return Err(fault("Client", "须以POST发送text/xml的SOAP 1.1报文"));
        }
        let call = operation(&request.body)?;
        match call.name.as_str() {
            "setDataXmlToFocus" => self.read_data(&call),
            "excute" => {
                let fields =
                    standard_info(call.value("xml")).map_err(|reason| refusal(1, &reason))?;
                Ok(Order::Query {
                    number: field(&fields, "SBLSH"),
                })
            }
            other => Err(fault("Client", &format!("没有操作{other}"))),
        }
    }

    fn reply(&self, order: &Order, verdict: &Verdict) -> Answer {
        if matches!(order, Order::Query { .. }) {
            let inner = match verdict {
                Verdict::Found(case) => ex_info(SUBMIT, &case.application.fields),
                _ => "<ExInfo/>".to_owned(),
            };
            return enveloped("excuteResponse", &xml::leaf("excuteReturn", &inner));
        }
        match verdict {
            Verdict::Taken | Verdict::Own(_) | Verdict::Found(_) => refusal(0, "成功"),
            Verdict::Repeat => refusal(1, "SBLSH重复"),
            Verdict::Refused(reason) => refusal(1, reason),
            Verdict::Unknown => refusal(1, "SBLSH不存在"),
        }
    }

    fn fields(&self, case: &Case, report: &Report, at: Timestamp) -> Fields {
        let mut fields = guangdong::fields(&OFFICE, case, report, at);
        fields.retain(|(name, _)| name != "SPBZH");
        fields
    }

    fn code_field(&self, message: Message) -> Option<&'static str> {
        guangdong::code_field(message)
    }

    fn posted(&self, message: Message, fields: &Fields) -> Option<Call> {
        let process = match message {
            Message::Step => "EX_GDBS_SP",
            other => other.table(),
        };
        let parameters = [
            ("deptCode", OFFICE.code),
            ("xml", &ex_info(process, fields)),
            ("tableName", message.table()),
            ("identify", &self.identify),
        ];
        let parameters: String = parameters
            .iter()
            .map(|(name, value)| xml::leaf(name, value))
            .collect();
        let body = envelope("setDataXmlToFocus", &parameters).into_bytes();
        Some(Call::post(XML_TYPE, body).with("soapaction", "\"setDataXmlToFocus\""))
    }

    fn confirmed(&self, body: &[u8]) -> bool {
        operation(body).is_ok_and(|response| {
            response.name == "setDataXmlToFocusResponse"
                && response
                    .child("setDataXmlToFocusReturn")
                    .is_some_and(|r| r.value("code") == "0")
        })
    }

    fn key(&self) -> &str {
        &self.identify
    }
}

impl Platform {
    fn read_data(&self, call: &Element) -> Result<Order, Answer> {
        if call.value("identify") != self.identify {
            return Err(refusal(4, "身份标识错误"));
        }
        let text = call.value("xml");
        let fields = standard_info(text).map_err(|reason| refusal(1, &reason))?;
        let number = field(&fields, "SBLSH");
        if number.is_empty() {
            return Err(refusal(1, "缺少字段SBLSH"));
        }
        let materials = files(text).map_err(|reason| refusal(1, &reason))?;
        match call.value("tableName") {
            SUBMIT => read_application(number, fields, materials),
            SUPPLY => Ok(Order::Supplement {
                number,
                serial: field(&fields, "XH").parse().ok(),
                content: fields
                    .into_iter()
                    .map(|(k, v)| (k, Value::from(v)))
                    .collect(),
                materials,
            }),
            WITHDRAW => Ok(Order::Withdraw {
                number,
                reason: field(&fields, "CXYY"),
            }),
            other => Err(refusal(1, &format!("不接收表{other}"))),
        }
    }
}

fn read_application(
    number: String,
    fields: Fields,
    materials: Vec<Material>,
) -> Result<Order, Answer> {
    let required = [
        "SXBM", "SXMC", "SQRLX", "SQRMC", "SQRZJLX", "SQRZJHM", "SBSJ", "XZQHDM",
    ];
    if let Some(missing) = required.iter().find(|name| field(&fields, name).is_empty()) {
        return Err(refusal(1, &format!("缺少字段{missing}")));
    }
    if !["1", "2", "3"].contains(&field(&fields, "SQRZJLX").as_str()) {
        return Err(refusal(1, "SQRZJLX代码错误"));
    }
    Ok(Order::Submit(Box::new(Application {
        number,
        own_number: String::new(),
        item: field(&fields, "SXBM"),
        region: field(&fields, "XZQHDM"),
        form: json!(null),
        fields,
        materials,
    })))
}

fn field(fields: &Fields, name: &str) -> String {
    fields
        .iter()
        .find(|(key, _)| key == name)
        .map_or_else(String::new, |f| f.1.clone())
}

fn standard_info(text: &str) -> Result<Fields, String> {
    let document = xml::parse(text).map_err(|fault| fault.to_string())?;
    let info = document.child("standardInfo").ok_or("缺少standardInfo")?;
    Ok(info
        .children
        .iter()
        .filter(|child| child.name == "Field")
        .map(|child| {
            (
                child.attribute("FieldName").to_owned(),
                child.text.trim().to_owned(),
            )
        })
        .collect())
}

fn files(text: &str) -> Result<Vec<Material>, String> {
    let document = xml::parse(text).map_err(|fault| fault.to_string())?;
    let Some(files) = document.child("ExFile") else {
        return Ok(Vec::new());
    };
    let file = |entry: &Element| Material {
        id: entry.attribute("FileId").to_owned(),
        name: entry.attribute("FileName").to_owned(),
        ..Material::default()
    };
    Ok(files.children.iter().map(file).collect())
}

fn ex_info(process: &str, fields: &Fields) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, value)| {
            format!(
                "<Field FieldName=\"{}\">{}</Field>",
                escape(name),
                escape(value)
            )
        })
        .collect();
    format!(
        "<?xml version='1.0' encoding='utf-8'?><ExInfo><standardInfo process=\"{process}\">{fields}</standardInfo></ExInfo>"
    )
}

/// The wrapper element in the body of a SOAP 1.1 envelope, or the fault that this envelope deserves.
fn operation(body: &[u8]) -> Result<Element, Answer> {
    let text = std::str::from_utf8(body).map_err(|_| fault("Client", "报文不是UTF-8"))?;
    let envelope = xml::parse(text).map_err(|cause| fault("Client", &cause.to_string()))?;
    if envelope.name != "Envelope" {
        return Err(fault("Client", "没有SOAP信封"));
    }
    if !envelope.attributes.iter().any(|(_, value)| value == SOAP11) {
        return Err(fault("VersionMismatch", "只接受SOAP 1.1"));
    }
    let operation = envelope
        .child("Body")
        .and_then(|body| body.children.first());
    operation
        .cloned()
        .ok_or_else(|| fault("Client", "SOAP正文为空"))
}

fn envelope(wrapper: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soapenv:Envelope xmlns:soapenv=\"{SOAP11}\"><soapenv:Body>\
         <ns1:{wrapper} xmlns:ns1=\"{NAMESPACE}\">{content}</ns1:{wrapper}></soapenv:Body></soapenv:Envelope>"
    )
}

fn xml_answer(status: u16, text: String) -> Answer {
    Answer {
        status,
        content_type: XML_TYPE,
        body: text.into_bytes(),
    }
}

fn enveloped(wrapper: &str, content: &str) -> Answer {
    xml_answer(200, envelope(wrapper, content))
}

/// A return with its code; other than 0 the text repeats the code, as the platform does.
fn refusal(code: u8, text: &str) -> Answer {
    let (description, reasons) = match code {
        0 => (text.to_owned(), String::new()),
        _ => (
            format!("编码：{code},原因：{text}"),
            xml::leaf("reason", text),
        ),
    };
    let content = format!(
        "<setDataXmlToFocusReturn><code>{code}</code>{}<reasonList>{reasons}</reasonList></setDataXmlToFocusReturn>",
        xml::leaf("desc", &description)
    );
    enveloped("setDataXmlToFocusResponse", &content)
}

fn fault(code: &str, text: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soapenv:Envelope xmlns:soapenv=\"{SOAP11}\"><soapenv:Body><soapenv:Fault>\
         <faultcode>soapenv:{code}</faultcode>{}</soapenv:Fault></soapenv:Body></soapenv:Envelope>",
        xml::leaf("faultstring", text)
    );
    xml_answer(500, body)
}
