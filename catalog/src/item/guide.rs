//! What an applicant reads about an item (办事指南).

use serde::{Deserialize, Serialize};

/// One provision that an item rests on (设定依据).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// The law, regulation or rule, with its document number where it has one.
    pub law: String,
    /// The article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// What it says, in short; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// One step of the process (办理流程).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessStep {
    /// 环节名称.
    pub name: String,
    /// What happens.
    pub text: String,
    /// 环节时限, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// Fees (收费).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// 是否收费.
    pub required: bool,
    /// 收费依据; needed when there is a fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// 收费标准.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
}

/// What comes out of an item (办理结果).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemResult {
    /// Of which kind.
    pub kind: ResultKind,
    /// 结果名称, at most 100 characters.
    pub name: String,
    /// How long it is valid, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<String>,
}

/// The kind of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultKind {
    /// 证照.
    Certificate,
    /// 批文.
    Approval,
    /// 备案回执.
    FilingReceipt,
    /// 答复.
    Reply,
    /// 款项, for example a subsidy.
    Payment,
    /// 无.
    None,
}

impl ResultKind {
    /// Whether a granted case owes the applicant a document, so that the delivery clock runs (行政许可法 art. 44).
    pub fn is_delivered(self) -> bool {
        matches!(self, Self::Certificate | Self::Approval)
    }
}

/// Where and when to turn to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// 办理地点, at most 100 characters.
    pub place: String,
    /// 办理时间, at most 150 characters.
    pub hours: String,
    /// 咨询电话, at most 18 characters.
    pub consult_phone: String,
    /// 监督投诉电话, at most 18 characters.
    pub complaint_phone: String,
    /// 网办地址.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A frequent question (常见问题).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub question: String,
    /// The answer; both together at most 1,000 characters.
    pub answer: String,
}

/// What a hall offers with an item; the services behind it are not part of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// 预约办理.
    Appointment,
    /// 网上支付.
    OnlinePayment,
    /// 物流快递.
    Courier,
}
