//! `xml`: a national vertical system, GBK XML in forms; pulls the application, is polled (generations 5 and 8; `docs/dialects.md`, section 3).

use super::cases::{Application, Case, Material, Order, Record, Verdict};
use super::clock::compact;
use super::course::{Message, Report};
use super::dialect::{Answer, Call, Dialect, Fields, Received};
use super::xml::{self, Element, leaf};
use super::{document, form, guangdong};
use encoding_rs::GBK;
use http::Method;
use jiff::Timestamp;
use serde_json::json;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"GBK\"?>";

/// The vertical system.
pub(super) struct Vertical {
    pub(super) access_token: String,
}

impl Dialect for Vertical {
    fn read(&self, request: &Received) -> Result<Order, Answer> {
        if request.method != Method::POST {
            return Err(Answer::not_found());
        }
        let root = match request.path.as_str() {
            "/exchange/sendApplyNO" | "/exchange/getCourseInfo" => self.posted_xml(request)?,
            _ => return Err(Answer::not_found()),
        };
        let number = root.value("SBLSH_SHORT").to_owned();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(result(300, "业务号必须为数字"));
        }
        if request.path == "/exchange/getCourseInfo" {
            return Ok(Order::Query { number });
        }
        match root.value("EXPRESSTYPE") {
            "0" => Ok(Order::Submit(Box::new(Application {
                number,
                item: root.value("SXBM").to_owned(),
                region: root.value("XZQHDM").to_owned(),
                ..Application::default()
            }))),
            "1" => Ok(Order::Supplement {
                number,
                serial: root.value("XH").parse().ok(),
                content: json!({"BZCLQD": root.value("BZCLQD"), "BZSJ": root.value("BZSJ")}),
                materials: Vec::new(),
            }),
            "9" => Ok(Order::Withdraw {
                number,
                reason: root.value("CXYY").to_owned(),
            }),
            _ => Err(result(300, "EXPRESSTYPE代码错误")),
        }
    }

    fn reply(&self, order: &Order, verdict: &Verdict) -> Answer {
        match verdict {
            Verdict::Found(case) => {
                let records: String = case.records.iter().rev().map(record).collect();
                gbk_answer(&format!("<RECORDS><CODE>200</CODE>{records}</RECORDS>"))
            }
            _ if matches!(order, Order::Query { .. }) => {
                gbk_answer("<RECORDS><CODE>300</CODE></RECORDS>")
            }
            Verdict::Taken | Verdict::Own(_) => result(200, "ok"),
            Verdict::Repeat => match order {
                Order::Supplement { .. } => result(300, "补正已接收"),
                Order::Withdraw { .. } => result(300, "已撤回"),
                _ => result(300, "业务号已存在"),
            },
            Verdict::Refused(reason) => result(300, reason),
            Verdict::Unknown => result(300, "业务号不存在"),
        }
    }

    fn fields(&self, case: &Case, report: &Report, at: Timestamp) -> Fields {
        fields(case, report, at)
    }

    fn code_field(&self, message: Message) -> Option<&'static str> {
        match message {
            Message::PreAcceptance | Message::Acceptance | Message::Step => Some("ZT"),
            Message::SpecialStart => Some("ZL"),
            Message::SpecialEnd | Message::Completion => Some("JG"),
            Message::CorrectionNotice | Message::SupplyAcceptance | Message::Collection => None,
        }
    }

    fn posted(&self, _message: Message, _fields: &Fields) -> Option<Call> {
        None
    }

    fn confirmed(&self, body: &[u8]) -> bool {
        read_gbk(body).is_ok_and(|root| root.name == "RESULT" && root.value("CODE") == "200")
    }

    fn pull(&self, number: &str) -> Option<Call> {
        Some(self.call(&format!(
            "<APPROVEDATAINFO><OPERATION>getApplyInfo</OPERATION>{}</APPROVEDATAINFO>",
            leaf("SBLSH_SHORT", number)
        )))
    }

    fn pulled(&self, body: &[u8]) -> Result<Application, String> {
        let root = read_gbk(body)?;
        if root.name != "SPSHENQIN" {
            return Err(format!("拉取得到{}: {}", root.name, root.value("TEXT")));
        }
        let form = root
            .child("XML_DATA")
            .map_or(&[][..], |data| &data.children);
        let list = root.child("SBCL").map_or(&[][..], |list| &list.children);
        let plain = root
            .children
            .iter()
            .filter(|c| c.children.is_empty() && c.name != "XML_DATA");
        Ok(Application {
            number: root.value("SBLSH_SHORT").to_owned(),
            item: root.value("SXBM").to_owned(),
            fields: plain
                .map(|c| (c.name.clone(), c.text.trim().to_owned()))
                .collect(),
            form: form
                .iter()
                .map(|f| (f.attribute("NAME").to_owned(), json!(f.text)))
                .collect(),
            materials: list.iter().map(material).collect(),
            ..Application::default()
        })
    }

    fn hand_back(&self, case: &Case, name: &str, document: Vec<u8>) -> Call {
        let file: String = [
            ("ZZBM", certificate_number(case).as_str()),
            ("ZZMC", "无线电台执照"),
            ("ATTACH_NAME", name),
            ("ATTACH_SIGN", &document::attach_sign(&document)),
            ("SAVE_TYPE", "3"),
            ("ATTACH_BODY", &data_encoding::BASE64.encode(&document)),
        ]
        .iter()
        .map(|(name, value)| leaf(name, value))
        .collect();
        self.call(&format!(
            "<APPROVEDATAINFO><OPERATION>receiveResultFileInfo</OPERATION>{}<SPSHENPIJIEGUO>{file}</SPSHENPIJIEGUO></APPROVEDATAINFO>",
            leaf("SBLSH_SHORT", &case.number)
        ))
    }

    fn handed_back(&self, status: u16, body: &[u8]) -> Option<String> {
        (status == 200 && self.confirmed(body)).then(|| "handed back".to_owned())
    }

    fn key(&self) -> &str {
        &self.access_token
    }
}

impl Vertical {
    fn posted_xml(&self, request: &Received) -> Result<Element, Answer> {
        let body = form::parse(&request.body).ok_or_else(|| result(300, "表单格式错误"))?;
        let empty = Vec::new();
        if body.get("accessToken").unwrap_or(&empty) != self.access_token.as_bytes() {
            return Err(result(300, "accessToken无效"));
        }
        let root = read_gbk(body.get("xmlStr").unwrap_or(&empty))
            .map_err(|reason| result(300, &reason))?;
        if root.name == "APPROVEDATAINFO" {
            Ok(root)
        } else {
            Err(result(300, "根元素须为APPROVEDATAINFO"))
        }
    }

    fn call(&self, content: &str) -> Call {
        let body = form::write(&[
            ("accessToken", self.access_token.as_bytes()),
            ("xmlStr", &write_gbk(content)),
        ]);
        Call::post("application/x-www-form-urlencoded", body)
    }
}

/// GBK bytes with declaration; what GBK lacks becomes a character reference.
pub(super) fn write_gbk(content: &str) -> Vec<u8> {
    GBK.encode(&format!("{DECLARATION}{content}"))
        .0
        .into_owned()
}

/// Reads GBK bytes as strictly as the real system: what is not GBK is an error.
pub(super) fn read_gbk(bytes: &[u8]) -> Result<Element, String> {
    let text = GBK
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or("报文不是GBK编码")?;
    xml::parse(&text).map_err(|fault| fault.to_string())
}

fn gbk_answer(content: &str) -> Answer {
    Answer {
        status: 200,
        content_type: "text/xml; charset=GBK",
        body: write_gbk(content),
    }
}

fn result(code: u16, text: &str) -> Answer {
    gbk_answer(&format!(
        "<RESULT><CODE>{code}</CODE>{}</RESULT>",
        leaf("TEXT", text)
    ))
}

fn material(entry: &Element) -> Material {
    Material {
        id: entry.value("ATTACH_ID").to_owned(),
        name: entry.value("ATTACH_NAME").to_owned(),
        md5: entry.value("ATTACH_SIGN").to_owned(),
        ..Material::default()
    }
}

fn certificate_number(case: &Case) -> String {
    format!("无执{}", case.own_number)
}

/// The fields of a record in wire order; the codes of the 2013 tables become this system's own.
fn fields(case: &Case, report: &Report, at: Timestamp) -> Fields {
    let serial = report.serial.to_string();
    let code = report.code.as_str();
    let certificate = certificate_number(case);
    let (stage, stage_name) = match report.stage {
        1 => ("1", "承办"),
        2 => ("2", "审核"),
        _ => ("3", "批准"),
    };
    let own: &[(&str, &str)] = match report.message {
        Message::PreAcceptance => &[
            ("ZT", code),
            (
                "YY",
                if code == "1" {
                    "-"
                } else {
                    "请补充台站电磁兼容分析"
                },
            ),
        ],
        Message::Acceptance if code == "1" => {
            &[("ZT", code), ("WSBH", &case.own_number), ("YY", "-")]
        }
        Message::Acceptance => &[
            ("ZT", code),
            ("WSBH", &case.own_number),
            ("YY", "不属于本机关职权范围"),
        ],
        Message::Step => &[
            ("HJDM", stage),
            ("HJMC", stage_name),
            ("CLR", "周审"),
            ("YJ", if code == "1" { "同意" } else { "不同意" }),
            ("ZT", code),
        ],
        Message::CorrectionNotice => &[
            ("XH", &serial),
            ("YY", "材料不齐"),
            ("CL", "电磁兼容分析报告"),
        ],
        Message::SupplyAcceptance => &[("XH", &serial)],
        Message::SpecialStart => &[
            ("XH", &serial),
            ("ZL", if code == "A" { "1" } else { "2" }),
            ("SX", "10"),
            ("YY", "需专家评审"),
        ],
        Message::SpecialEnd => &[("XH", &serial), ("JG", code)],
        Message::Completion => &[
            ("JG", result_code(code)),
            ("ZZBM", if code == "0" { &certificate } else { "-" }),
            (
                "ZZMC",
                if code == "0" {
                    "无线电台执照"
                } else {
                    "无"
                },
            ),
            ("YY", guangdong::reason(case, code)),
        ],
        Message::Collection => &[],
    };
    // Both ways of writing a time occur in one system: odd records have the T.
    let date = compact(at, case.records.len().is_multiple_of(2));
    [("DATAVERSION", "1")]
        .iter()
        .chain(own)
        .chain(&[("SJ", date.as_str())])
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn result_code(code: &str) -> &str {
    match code {
        "0" => "10",
        "4" | "6" => "11",
        "2" | "3" => "09",
        "1" | "5" => "13",
        own => own,
    }
}

fn record(record: &Record) -> String {
    let value = |name: &str| {
        record
            .fields
            .iter()
            .find(|f| f.0 == name)
            .map_or("", |f| f.1.as_str())
    };
    let time = value("SJ").replace('T', "");
    let call_time = match (time.get(..8), time.get(8..)) {
        (Some(day), Some(hour)) => format!("{day}T{hour}"),
        _ => time,
    };
    let fields: String = record
        .fields
        .iter()
        .map(|(name, value)| leaf(name, value))
        .collect();
    format!(
        "<RECORD><CALLINFO><CALLER>GJWXD</CALLER><CALLTIME>{}</CALLTIME></CALLINFO><RECORDID>{}</RECORDID><KIND>{}</KIND>{fields}</RECORD>",
        xml::escape(&call_time),
        record.id,
        record.message.kind()
    )
}
