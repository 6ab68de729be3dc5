//! The fields of the nine reports as the 2013 specification (3.2.2–3.2.10) names them, misspellings included: generations 1 and 3.

use super::cases::Case;
use super::clock::unpadded;
use super::course::{Message, Report};
use super::dialect::Fields;
use jiff::Timestamp;

/// Who reports.
pub(super) struct Office {
    pub(super) name: &'static str,
    /// Organisation code (GB 11714), nine characters.
    pub(super) code: &'static str,
}

/// The code field of each report; special starts carry their kind, the rest no code.
pub(super) fn code_field(message: Message) -> Option<&'static str> {
    match message {
        Message::PreAcceptance => Some("YSLZTDM"),
        Message::Acceptance => Some("SLZTDM"),
        Message::Step => Some("SPHJZTDM"),
        Message::Completion => Some("BJJGDM"),
        Message::SpecialStart => Some("TBCXZL"),
        Message::SpecialEnd => Some("TBCXJG"),
        Message::CorrectionNotice | Message::SupplyAcceptance | Message::Collection => None,
    }
}

/// All fields of a report. Empty text is `无`, or `-` in the spares, as these systems send it.
pub(super) fn fields(office: &Office, case: &Case, report: &Report, at: Timestamp) -> Fields {
    let application = &case.application;
    let serial = report.serial.to_string();
    let mut all: Fields = [
        ("SBLSH", case.number.as_str()),
        ("SXBM", &application.item),
        ("YWLSH", &case.own_number),
        ("XZQHDM", &application.region),
        ("SJBBH", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let date = unpadded(at);
    let code = report.code.as_str();
    let (stage, stage_name) = match report.stage {
        1 => ("1", "承办"),
        2 => ("2", "审核"),
        _ => ("3", "批准"),
    };
    let certificate = case.certificate_id.as_deref();
    let certificate_no =
        certificate.map_or_else(|| "-".to_owned(), |_| format!("粤证{}", case.own_number));
    let only =
        |wanted: &[&str], text: &'static str| if wanted.contains(&code) { text } else { "无" };
    let own: &[(&str, &str)] = match report.message {
        Message::PreAcceptance => &[
            ("YSLBMMC", office.name),
            ("YSLBMZZJGDM", office.code),
            ("BLRXM", "李办"),
            ("YSLZTDM", code),
            ("BSLYY", only(&["2"], "不属于本机关职权范围")),
            ("BJBZSM", only(&["3"], "请补交安全评价报告")),
            ("YSLSJ", &date),
        ],
        Message::Acceptance => &[
            ("SLBMMC", office.name),
            ("SLBMZZJDDM", office.code),
            ("BLRXM", "李办"),
            ("BLRGH", "0132"),
            ("SLZTDM", code),
            ("BSLYY", only(&["2", "3", "11"], "申请材料不符合法定形式")),
            ("SLHZH", &case.own_number),
            ("SLSJ", &date),
            ("GDBLSX", "20"),
            ("GDBLSXDDW", "G"),
        ],
        Message::Step => &[
            ("SPHJDM", stage),
            ("SPHJMC", stage_name),
            ("SPBMMC", office.name),
            ("SPBMZZJDMD", office.code),
            ("SPRXM", "王审"),
            (
                "SPYJ",
                if code == "1" {
                    "同意"
                } else {
                    "不同意,不符合条件"
                },
            ),
            ("SPSJ", &date),
            ("SPHJZTDM", code),
            ("SPBZH", &serial),
        ],
        Message::Completion => &[
            ("BJBMMC", office.name),
            ("BJJGDM", code),
            ("BJJGMS", result_text(code)),
            ("ZFHTHYY", reason(case, code)),
            (
                "ZJGZMC",
                if certificate.is_some() {
                    "行政许可决定书"
                } else {
                    "无"
                },
            ),
            ("ZJBH", &certificate_no),
            ("ZJYXQX", if certificate.is_some() { "3年" } else { "-" }),
            (
                "FZGZDW",
                if certificate.is_some() {
                    office.name
                } else {
                    "-"
                },
            ),
            ("BJSJ", &date),
            ("ZJID", certificate.unwrap_or("无")),
        ],
        Message::SpecialStart => &[
            ("XH", &serial),
            ("TBCXZL", code),
            (
                "TBCXZLMC",
                if code == "A" {
                    "延长审批"
                } else {
                    "专家评审"
                },
            ),
            ("TBCXKSRQ", &date),
            ("TBCXPZR", "赵局"),
            ("TBCXQDLY", "案情复杂"),
            ("TBCXSX", "10"),
            ("TBCXSXDW", "G"),
        ],
        Message::SpecialEnd => &[
            ("XH", &serial),
            ("TBCXJG", code),
            ("JGCSRQ", &date),
            ("TBCXJSRQ", &date),
        ],
        Message::CorrectionNotice => &[
            ("XH", &serial),
            ("BZGZFCRXM", "李办"),
            ("BZGZYY", "材料不齐"),
            ("BZCLQD", "安全评价报告;法定代表人身份证明"),
            ("BZGZSJ", &date),
            ("BZSX", "5"),
        ],
        Message::SupplyAcceptance => &[
            ("XH", &serial),
            ("BZSLBLRXM", "李办"),
            ("BZCLQD", "安全评价报告;法定代表人身份证明"),
            ("BZSJ", &date),
        ],
        Message::Collection => &[
            ("LQRXM", application.field("SQRMC")),
            ("LQFS", "0"),
            ("LQSJ", &date),
        ],
    };
    all.extend(
        own.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    all.push(("BZ".to_owned(), "无".to_owned()));
    all
}

/// The reason that a completion must give for 1, 2, 3 and 5.
pub(super) fn reason(case: &Case, code: &str) -> &'static str {
    match code {
        "2" if case.withdrawn => "申请人撤回",
        "1" => "不符合许可条件,予以退回",
        "2" | "3" => "录入错误,予以作废",
        "5" => "逾期未补正",
        _ => "无",
    }
}

fn result_text(code: &str) -> &'static str {
    match code {
        "0" => "出证办结",
        "1" => "退回办结",
        "2" => "作废办结",
        "3" => "删除办结",
        "4" => "转报办结",
        "5" => "补正不来办结",
        _ => "办结",
    }
}
