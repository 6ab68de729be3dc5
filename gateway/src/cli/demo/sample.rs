//! The three sample applications. Names, numbers and addresses are samples; identifiers pass their check characters.

use serde_json::{Value, json};

/// A sample application.
pub(super) struct Sample {
    /// The item's id; the catalogue knows its codes.
    pub(super) item: &'static str,
    /// Who handles it, for the reader.
    pub(super) partner: &'static str,
    /// Protocol, for the reader.
    pub(super) protocol: &'static str,
    /// The body of the submission without materials.
    pub(super) body: Value,
    /// Materials that the situation needs: number and file name.
    pub(super) materials: &'static [(u32, &'static str)],
    /// What the applicant answers to a correction notice.
    pub(super) supplement: &'static str,
}

/// One application for each protocol.
pub(super) fn all() -> [Sample; 3] {
    [explosives(), disclosure(), radio()]
}

fn explosives() -> Sample {
    Sample {
        item: "explosives-sales",
        partner: "省民用爆炸物品管理系统",
        protocol: "REST",
        body: json!({
            "situation": "first",
            "applicant": {
                "type": "enterprise", "name": "广东示例民爆器材有限公司", "id_type": "unified_social_credit_code",
                "id_number": "91440300708461136T", "phone": "13800000001", "contact": "李四",
            },
            "region": "440000",
            "form": {
                "project_name": "韶关仓库民用爆炸物品销售", "warehouse_address": "韶关市浈江区示例路8号",
                "storage_limit_kg": 5000, "varieties": ["explosive", "detonator"],
                "safety_officer": "王五", "safety_officer_phone": "13800000003",
            },
        }),
        materials: &[
            (1, "申请审批表.pdf"),
            (2, "营业执照.pdf"),
            (3, "安全评价报告.pdf"),
            (4, "资格证明.pdf"),
        ],
        supplement: "已补交仓库安全评价报告盖章页",
    }
}

fn disclosure() -> Sample {
    Sample {
        item: "info-disclosure-zhuhai",
        partner: "珠海市统一申办受理平台",
        protocol: "SOAP",
        body: json!({
            "applicant": {
                "type": "person", "name": "张三", "id_type": "resident_id",
                "id_number": "11010519491231002X", "phone": "13800000000",
            },
            "region": "440400",
            "form": {
                "project_name": "2016年度科技专项资金安排", "information": "2016年度市级科技专项资金的安排文件及项目清单",
                "purpose": "research", "medium": "paper", "delivery": "online",
            },
        }),
        materials: &[(1, "身份证明.pdf")],
        supplement: "已更正所需信息的文号",
    }
}

fn radio() -> Sample {
    Sample {
        item: "radio-station",
        partner: "国家无线电管理垂直系统",
        protocol: "XML",
        body: json!({
            "situation": "new",
            "applicant": {
                "type": "other", "name": "汕尾市示例应急指挥中心", "id_type": "unified_social_credit_code",
                "id_number": "12441500196720244T", "phone": "13800000002", "contact": "赵六",
            },
            "region": "440000",
            "form": {
                "project_name": "汕尾应急指挥固定台", "station_kind": "fixed", "frequency_mhz": 409.75,
                "power_w": 25, "sets": 2, "longitude": 115.37, "latitude": 22.78,
            },
        }),
        materials: &[
            (1, "设置申请表.pdf"),
            (2, "登记证书.pdf"),
            (3, "技术资料申报表.xlsx"),
            (4, "型号核准证.pdf"),
        ],
        supplement: "已更正台址坐标",
    }
}
