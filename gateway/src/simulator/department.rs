//! `rest`: a department's system, form and JSON (generation 3; `docs/dialects.md`, section 1).

use super::cases::{Application, Case, Material, Order, Verdict};
use super::clock::rewritten;
use super::course::{Message, Report};
use super::dialect::{Answer, Call, Dialect, Fields, Received};
use super::{form, guangdong};
use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const OFFICE: guangdong::Office = guangdong::Office {
    name: "省民用爆炸物品管理办公室",
    code: "006988574",
};

const REQUIRED: [&str; 10] = [
    "SBLSH", "SXBM", "SXMC", "SQRLX", "SQRMC", "SQRZJLX", "SQRZJHM", "XZQHDM", "SBSJ", "YWLSH",
];

/// The department.
pub(super) struct Department {
    pub(super) api_key: String,
}

type Form = BTreeMap<String, Vec<u8>>;

fn malformed() -> Answer {
    Answer::text(200, "0:报文格式错误")
}

impl Dialect for Department {
    fn read(&self, request: &Received) -> Result<Order, Answer> {
        if request.path == "/ebus/query" && request.method == Method::GET {
            let query = form::parse(request.query.as_bytes()).ok_or_else(malformed)?;
            let number = form::text(&query, "sblsh").ok_or_else(malformed)?;
            return Ok(Order::Query { number });
        }
        if request.method != Method::POST {
            return Err(Answer::not_found());
        }
        let is_form = request
            .content_type
            .starts_with("application/x-www-form-urlencoded");
        let body = form::parse(&request.body)
            .filter(|_| is_form)
            .ok_or_else(malformed)?;
        let text = |name: &str| {
            form::text(&body, name)
                .filter(|t| !t.is_empty())
                .ok_or_else(malformed)
        };
        match request.path.as_str() {
            "/ebus/lsh" => {
                text("sxbm")?;
                Ok(Order::Number {
                    number: text("wbbh")?,
                })
            }
            "/ebus/sp" => read_application(&body),
            "/ebus/bz" => {
                let content = object(&text("spobject")?)?;
                Ok(Order::Supplement {
                    number: text("sblsh")?,
                    serial: Some(text("xh")?.parse().map_err(|_| malformed())?),
                    materials: materials(&content)?,
                    content: Value::Object(content),
                })
            }
            "/ebus/cx" => Ok(Order::Withdraw {
                number: text("sblsh")?,
                reason: form::text(&body, "cxyy").unwrap_or_default(),
            }),
            _ => Err(Answer::not_found()),
        }
    }

    fn reply(&self, order: &Order, verdict: &Verdict) -> Answer {
        let what = match order {
            Order::Supplement { .. } => "补正",
            Order::Withdraw { .. } => "撤回",
            _ => "申办流水号",
        };
        match verdict {
            Verdict::Taken => Answer::text(200, "1"),
            Verdict::Own(number) => Answer::text(200, number.as_str()),
            Verdict::Repeat => Answer::text(200, format!("2:重复的{what}")),
            Verdict::Refused(_) | Verdict::Unknown if matches!(order, Order::Query { .. }) => {
                Answer::json(200, &json!({"code": "0"}))
            }
            Verdict::Refused(reason) => Answer::text(200, format!("0:{reason}")),
            Verdict::Unknown => Answer::text(200, "0:流水号不存在"),
            Verdict::Found(case) => Answer::json(
                200,
                &json!({
                    "code": "1", "sblsh": case.number, "ywlsh": case.own_number,
                    "sqrmc": case.application.field("SQRMC"), "sbsj": rewritten(case.application.field("SBSJ")),
                }),
            ),
        }
    }

    fn fields(&self, case: &Case, report: &Report, at: Timestamp) -> Fields {
        guangdong::fields(&OFFICE, case, report, at)
    }

    fn code_field(&self, message: Message) -> Option<&'static str> {
        guangdong::code_field(message)
    }

    fn posted(&self, message: Message, fields: &Fields) -> Option<Call> {
        let object: Map<String, Value> = fields
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect();
        let number = fields.iter().find(|(name, _)| name == "SBLSH");
        let body = form::write(&[
            ("sblsh", number.map_or("", |n| n.1.as_str()).as_bytes()),
            ("sptype", message.sptype().to_string().as_bytes()),
            ("spobject", Value::Object(object).to_string().as_bytes()),
        ]);
        let call = Call::post("application/x-www-form-urlencoded; charset=utf-8", body);
        Some(call.with("x-api-key", self.key()))
    }

    fn confirmed(&self, body: &[u8]) -> bool {
        body.trim_ascii() == b"1"
    }

    fn key(&self) -> &str {
        &self.api_key
    }
}

fn object(text: &str) -> Result<Map<String, Value>, Answer> {
    serde_json::from_str(text).map_err(|_| malformed())
}

fn string(object: &Map<String, Value>, name: &str) -> String {
    match object.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn materials(object: &Map<String, Value>) -> Result<Vec<Material>, Answer> {
    let list = match object.get("CLLB") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(list) => list.as_array().ok_or_else(malformed)?,
    };
    list.iter()
        .map(|entry| {
            let entry = entry.as_object().ok_or_else(malformed)?;
            Ok(Material {
                id: string(entry, "ATTACH_ID"),
                name: string(entry, "ATTACH_NAME"),
                md5: string(entry, "ATTACH_SIGN"),
                ..Material::default()
            })
        })
        .collect()
}

fn read_application(body: &Form) -> Result<Order, Answer> {
    let text = |name: &str| form::text(body, name).ok_or_else(malformed);
    let refused = |reason: String| Err(Answer::text(200, format!("0:{reason}")));
    let number = text("sblsh")?;
    let object = object(&text("spobject")?)?;
    if text("sptype")? != "0" {
        return refused("sptype须为0".to_owned());
    }
    if let Some(missing) = REQUIRED
        .iter()
        .find(|name| string(&object, name).is_empty())
    {
        return refused(format!("缺少字段{missing}"));
    }
    let one_of = |name: &str, codes: &[&str]| codes.contains(&string(&object, name).as_str());
    if number != string(&object, "SBLSH") {
        return refused("sblsh与SBLSH不符".to_owned());
    }
    if !one_of("SQRLX", &["1", "2", "9"]) {
        return refused("SQRLX代码错误".to_owned());
    }
    if !one_of("SQRZJLX", &["10", "20", "50", "51"]) {
        return refused("SQRZJLX代码错误".to_owned());
    }
    if jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", string(&object, "SBSJ")).is_err() {
        return refused("SBSJ格式错误".to_owned());
    }
    let fields = object
        .keys()
        .filter(|name| !["CLLB", "FORM"].contains(&name.as_str()));
    Ok(Order::Submit(Box::new(Application {
        number,
        own_number: string(&object, "YWLSH"),
        item: string(&object, "SXBM"),
        region: string(&object, "XZQHDM"),
        fields: fields
            .map(|name| (name.clone(), string(&object, name)))
            .collect(),
        form: object.get("FORM").cloned().unwrap_or_default(),
        materials: materials(&object)?,
    })))
}
