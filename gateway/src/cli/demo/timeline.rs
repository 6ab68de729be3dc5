//! What the demo prints: the timeline of each case in Chinese, readable by whoever runs a hall.

use super::partners::Partners;
use super::sample::Sample;
use crate::installation::{OPS_SOCKET, Running};
use serde_json::Value;
use std::fmt;
use std::path::Path;

/// The heads of the three timelines.
const HEADS: [&str; 4] = ["", "①", "②", "③"];

fn head(position: usize) -> &'static str {
    HEADS.get(position).copied().unwrap_or_default()
}

/// Who is there.
pub(super) fn print_opening(running: &Running, partners: &Partners, data: &Path) {
    println!("通办网关 Tongban：统一申办、统一受理、统一办理、统一反馈\n");
    for (listener, address) in &running.addresses {
        println!("  {:<11} http://{address}", listener.as_str());
    }
    for (name, protocol, address) in partners.described() {
        println!("  {protocol:<11} http://{address}  {name}（模拟）");
    }
    println!("  数据目录    {}（落盘加密）\n", data.display());
}

/// What can be tried now.
pub(super) fn print_closing(running: &Running, data: &Path) {
    let public = running
        .addresses
        .first()
        .map_or_else(String::new, |(_, address)| address.to_string());
    println!("\n三件均已办结。可以继续试用，按 Ctrl-C 结束：");
    println!(
        "  浏览器打开 http://{public}/ ：查找事项、申请、上传照片、查进度、补正、评价（中文 / English）"
    );
    println!("  要经历一次补正，请申请“民用爆炸物品销售许可”；已有的办件用上面的编号和查询码查询");
    println!("  curl http://{public}/api/v1/items?q=无线电");
    println!("  curl -H 'X-Query-Code: 查询码' http://{public}/api/v1/applications/办件编号");
    println!(
        "  tongban deliveries list --data {}        （经 {OPS_SOCKET}）",
        data.display()
    );
}

/// An application was taken.
pub(super) fn print_submitted(position: usize, sample: &Sample, no: &str, code: &str) {
    println!(
        "{} 申办 {} → {}（{}）",
        head(position),
        sample.item,
        sample.partner,
        sample.protocol
    );
    println!("{}   办件编号 {no}  查询码 {code}", head(position));
}

/// One event of one case.
pub(super) struct Line<'a> {
    pub(super) position: usize,
    pub(super) event: &'a Value,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.event;
        let kind = event["type"].as_str().unwrap_or_default();
        let seq = event["seq"].as_u64().unwrap_or_default();
        let time = event["received_at"]
            .as_str()
            .and_then(|t| t.get(11..19))
            .unwrap_or_default();
        write!(
            f,
            "{}   {time}  #{seq:<2} {}",
            head(self.position),
            name(kind)
        )?;
        let words = words(kind, &event["data"]);
        if !words.is_empty() {
            write!(f, "：{words}")?;
        }
        match event["system"].as_str() {
            Some(system) => write!(f, "  〔{system}〕"),
            None => Ok(()),
        }
    }
}

/// An event's name in Chinese.
fn name(kind: &str) -> &'static str {
    match kind {
        "applied" => "申办",
        "pre_accepted" => "预受理通过",
        "pre_refused" => "预受理不受理",
        "pre_correction_requested" => "预受理补正告知",
        "accepted" => "受理",
        "refused" => "不予受理",
        "deemed_accepted" => "逾期视为受理",
        "step" => "审批",
        "forwarded" => "转报",
        "correction_requested" => "补正告知，停止计时",
        "supplemented" => "申请人补正",
        "corrected" => "补正受理，恢复计时",
        "resubmitted" => "重新申办",
        "special_started" => "特别程序，停止计时",
        "special_ended" => "特别程序结束，恢复计时",
        "withdrawal_requested" => "申请撤回",
        "withdrawn" => "撤回",
        "closed" => "办结",
        "collected" => "领取",
        "evaluated" => "评价",
        _ => "其他",
    }
}

/// What is worth reading in an event's data.
fn words(kind: &str, data: &Value) -> String {
    let text = |name: &str| data[name].as_str().unwrap_or_default();
    let parts: Vec<&str> = match kind {
        "step" => vec![text("name"), outcome(text("outcome")), text("opinion")],
        "accepted" => vec![text("document_no")],
        "closed" => vec![decision(text("result")), text("text")],
        "supplemented" => vec![text("text")],
        _ => vec![text("reason"), text("note")],
    };
    // A partner that calls a completion what it is would be read twice.
    let mut given: Vec<&str> = Vec::new();
    for part in parts {
        if !part.is_empty() && part != name(kind) && !given.contains(&part) {
            given.push(part);
        }
    }
    given.join("，")
}

fn outcome(word: &str) -> &'static str {
    match word {
        "passed" => "通过",
        "refused" => "不通过",
        _ => "",
    }
}

fn decision(word: &str) -> &'static str {
    match word {
        "granted" => "出证办结",
        "completed" => "办结",
        "denied" => "退回办结",
        "void" => "作废办结",
        "deleted" => "删除办结",
        "passed_on" => "转报办结",
        "lapsed" => "补正不来办结",
        "withdrawn" => "撤回办结",
        _ => "",
    }
}

/// A closed case in a few lines: decision, certificate, clocks, documents.
pub(super) fn summary(
    position: usize,
    sample: &Sample,
    shown: &Value,
    documents: &Value,
) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![format!(
        "\n{} {}  {}  {}",
        head(position),
        text(&shown["item_name"]),
        text(&shown["application_no"]),
        decision(shown["decision"]["result"].as_str().unwrap_or_default())
    )];
    lines.push(format!(
        "   经办：{}（{}）",
        sample.partner, sample.protocol
    ));
    let certificate = &shown["decision"]["certificate"];
    if certificate.is_object() {
        let validity = text(&certificate["validity"]);
        let validity = if validity.is_empty() {
            validity
        } else {
            format!("  有效期 {validity}")
        };
        lines.push(format!(
            "   证照：{} {}{validity}",
            text(&certificate["name"]),
            text(&certificate["number"])
        ));
    }
    for document in documents["documents"].as_array().into_iter().flatten() {
        let sha256: String = text(&document["sha256"]).chars().take(12).collect();
        lines.push(format!(
            "   文书：{}  {} 字节  sha256 {sha256}…",
            text(&document["name"]),
            document["size"]
        ));
    }
    lines.extend(shown["clocks"].as_array().into_iter().flatten().map(clock));
    lines.join("\n")
}

fn clock(clock: &Value) -> String {
    let kind = match clock["clock"].as_str().unwrap_or_default() {
        "acceptance" => "受理期限",
        "promise" => "承诺办结时限",
        "statutory" => "法定办结时限",
        _ => "送达期限",
    };
    let state = match clock["state"].as_str().unwrap_or_default() {
        "running" => "计时中",
        "frozen" => "停止计时",
        "stopped" => "已完成",
        _ => "不再计",
    };
    let n = clock["limit"]["n"].as_u64().unwrap_or_default();
    let unit = match clock["limit"]["unit"].as_str().unwrap_or_default() {
        "working_day" => "个工作日",
        "natural_day" => "个自然日",
        "month" => "个月",
        "hour" => "小时",
        _ => "分钟",
    };
    let due = clock["due"]["date"].as_str().unwrap_or("—");
    format!("   时钟：{kind} {n}{unit}，应于 {due} 前，{state}")
}
