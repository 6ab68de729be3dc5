//! The canonical messages (统一申办受理的规范报文): what a case is told and what it tells, free of any partner's dialect.
//!
//! Everything here is a plain value. The JSON forms are the wire forms of `POST /exchange/v1/systems/{id}/events` and of
//! `GET /api/v1/applications/{no}/events`; names follow GB/T 39046-2020 where it has one, and the ten process messages of the
//! Guangdong specification of 2013 (3.2.1 – 3.2.10) otherwise.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who acted (办理人): a clerk, an approver, the applicant, or the gateway itself. All parts are free text from the partner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Actor {
    /// Name of the person (处理人, BLRXM, SPRXM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Staff number (BLRGH).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Name of the unit (处理单位, SPBMMC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Organisation code or unified social credit code of the unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_code: Option<String>,
}

/// A decision of a case in the canonical form (办结结果); the partner's own codes are mapped, never passed through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionResult {
    /// A certificate or document is issued (出证办结, BJJGDM 0).
    Granted,
    /// Finished without a certificate (办结, BJJGDM 6).
    Completed,
    /// Denied or returned (退回办结, BJJGDM 1).
    Denied,
    /// Void in substance (作废办结, BJJGDM 2).
    Void,
    /// Deleted for a technical reason (删除办结, BJJGDM 3).
    Deleted,
    /// Passed on to another or higher authority (转报办结, BJJGDM 4).
    PassedOn,
    /// The applicant did not supply the corrections (补正不来办结, BJJGDM 5).
    Lapsed,
    /// Withdrawn at the applicant's request (撤回).
    Withdrawn,
}

/// The step of the department's inner approval (审批环节, SPHJDM; specification 5.4.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// 承办, code 1.
    Handling,
    /// 审核, code 2.
    Review,
    /// 批准, code 3.
    Approval,
}

/// How a step ended (审批环节状态, SPHJZTDM; specification 5.4.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// 通过.
    Passed,
    /// 不通过 or 退回: the case stays in handling (domain row 11).
    Refused,
    /// Any other decision.
    Other,
}

/// The two kinds of special procedure (特别程序种类, GB/T 39046-2020 table A.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecialKind {
    /// 延长审批 (A.7 code 1, Guangdong A).
    Extension,
    /// 除延长审批之外: hearing, tender, appraisal … (A.7 code 2, Guangdong B).
    Other,
}

/// A reason in words; required by the life cycle where the law asks for one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reason {
    /// The words; empty where the partner gave none.
    pub reason: String,
}

/// A correction notice (补正告知, messages 7 and 1 with status 3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorrectionNotice {
    /// Why (BZGZYY).
    pub reason: String,
    /// What to bring (BZCLQD), one entry a material.
    pub materials: Vec<String>,
    /// Limit in working days (BZSX), `None` when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The partner insists on a second notice before acceptance (domain row 4).
    #[serde(rename = "override")]
    pub override_once: bool,
}

/// Material that came after a notice: the applicant's answer, or the partner's word that it was received (补正受理, message 8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supplement {
    /// The applicant's or the clerk's words.
    pub text: String,
    /// Names of the materials handed in (BZCLQD).
    pub materials: Vec<String>,
    /// Identifiers of the materials bound to the case with this supplement.
    pub material_ids: Vec<String>,
    /// Corrected form, `null` when the form stands.
    pub form: Value,
}

/// Acceptance (受理, message 2 with status 1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acceptance {
    /// Number of the acceptance document (受理文书编号, SLHZH).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_no: Option<String>,
    /// Words of the clerk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A step of the department's approval (审批处理, message 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which of the three steps.
    pub step: StepKind,
    /// Name of the step as the partner calls it (SPHJMC).
    #[serde(default)]
    pub name: String,
    /// How it ended.
    pub outcome: StepOutcome,
    /// Opinion (SPYJ).
    #[serde(default)]
    pub opinion: String,
}

/// Passing on without ending the case (转报 as a step).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forwarding {
    /// To whom.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// Start of a special procedure (特别程序申请, message 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecialStart {
    /// Extension (A) or other (B).
    pub kind: SpecialKind,
    /// Its limit in working days (TBCXSX); 0 = none (TBCXSX 0).
    #[serde(default)]
    pub limit: u32,
    /// Ground (TBCXQDLY).
    #[serde(default)]
    pub reason: String,
    /// Who approved it (TBCXPZR).
    #[serde(default)]
    pub approver: String,
}

/// End of a special procedure (特别程序结果, message 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecialEnd {
    /// False only when an extension was not approved (特别程序申请不通过): no time is added (domain row 17).
    pub passed: bool,
    /// Result in words (TBCXJG).
    #[serde(default)]
    pub note: String,
}

/// A certificate that a decision issues (证照).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Certificate {
    /// Name (ZJGZMC).
    pub name: String,
    /// Number (ZJBH).
    pub number: String,
    /// Validity in the partner's words (ZJYXQX).
    pub validity: String,
    /// Issuing body (FZGZDW).
    pub issuer: String,
}

/// Completion (办结, message 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The decision.
    pub result: DecisionResult,
    /// Reason (ZFHTHYY), required for denied, void and deleted (domain row 19).
    #[serde(default)]
    pub reason: String,
    /// The result in words (BJJGMS).
    #[serde(default)]
    pub text: String,
    /// The certificate, when one is issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// Identifiers of documents that the partner handed back before.
    #[serde(default)]
    pub document_ids: Vec<String>,
}

/// Collection of the result (领取登记, message 9).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Collection {
    /// Who collected it (LQRXM).
    pub by: String,
    /// How (LQFS): `window`, `online`, `mail` or the partner's word.
    pub way: String,
}

/// An evaluation (好差评, GB/T 39046-2020 table A.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// 1 (best) … 5.
    pub level: u8,
    /// Words; may be empty.
    #[serde(default)]
    pub text: String,
}

/// A recomputation of open clocks after a new calendar version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recalculation {
    /// The calendar version now in force.
    pub calendar_version: String,
    /// Titles of the notices that changed it (放假安排的通知), newest first; empty where none is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

/// An event without content of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Remark {
    /// Words of the clerk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What happened, with the data of its kind. JSON: `{"type": "accepted", "data": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum EventBody {
    /// 申办 (message 0): the application was taken.
    Applied(Remark),
    /// 预受理通过 (message 1, status 1).
    PreAccepted(Remark),
    /// 预受理不受理 (message 1, status 2).
    PreRefused(Reason),
    /// 预受理补正 (message 1, status 3, or message 7 before acceptance).
    PreCorrectionRequested(CorrectionNotice),
    /// 受理 (message 2, status 1).
    Accepted(Acceptance),
    /// 不予受理 (message 2, status 2).
    Refused(Reason),
    /// 逾期视为受理 (Administrative Licensing Law, article 32).
    DeemedAccepted(Remark),
    /// 承办/审核/批准 (message 3).
    Step(Step),
    /// 转报 as a step.
    Forwarded(Forwarding),
    /// 补正告知 after acceptance (message 7).
    CorrectionRequested(CorrectionNotice),
    /// The applicant's answer to a notice after acceptance; the clock stands until the partner confirms it.
    Supplemented(Supplement),
    /// 补正受理 (message 8).
    Corrected(Supplement),
    /// The applicant's answer to a notice before acceptance (message 0 with YSBLSH).
    Resubmitted(Supplement),
    /// 补正不来办结 by the hall's rule.
    Lapsed(Reason),
    /// 特别程序申请 (message 5).
    SpecialStarted(SpecialStart),
    /// 特别程序结果 (message 6).
    SpecialEnded(SpecialEnd),
    /// The applicant asks to withdraw (撤回申请).
    WithdrawalRequested(Reason),
    /// The hall confirms a withdrawal before hand-over.
    Withdrawn(Reason),
    /// 办结 (message 4).
    Closed(Closing),
    /// 领取登记 (message 9).
    Collected(Collection),
    /// 评价.
    Evaluated(Evaluation),
    /// Clocks recomputed.
    Recalculated(Recalculation),
}

impl EventBody {
    /// The `type` on the wire, for example `correction_requested`. A static word: safe as a metric label.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Applied(_) => "applied",
            Self::PreAccepted(_) => "pre_accepted",
            Self::PreRefused(_) => "pre_refused",
            Self::PreCorrectionRequested(_) => "pre_correction_requested",
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::DeemedAccepted(_) => "deemed_accepted",
            Self::Step(_) => "step",
            Self::Forwarded(_) => "forwarded",
            Self::CorrectionRequested(_) => "correction_requested",
            Self::Supplemented(_) => "supplemented",
            Self::Corrected(_) => "corrected",
            Self::Resubmitted(_) => "resubmitted",
            Self::Lapsed(_) => "lapsed",
            Self::SpecialStarted(_) => "special_started",
            Self::SpecialEnded(_) => "special_ended",
            Self::WithdrawalRequested(_) => "withdrawal_requested",
            Self::Withdrawn(_) => "withdrawn",
            Self::Closed(_) => "closed",
            Self::Collected(_) => "collected",
            Self::Evaluated(_) => "evaluated",
            Self::Recalculated(_) => "recalculated",
        }
    }
}

/// One event as it enters the life cycle: what happened, when, and what tells it apart from another of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
    /// Tells two events of one kind apart (XH; a step's number or digest); empty where one kind occurs once.
    #[serde(default)]
    pub serial: String,
    /// Data version (SJBBH): 1, then +1 for every re-report, which supersedes the earlier one.
    #[serde(default = "first_version")]
    pub data_version: u32,
    /// When it happened, by the partner's clock.
    pub occurred_at: Timestamp,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
}

fn first_version() -> u32 {
    1
}

/// How a partner names the case that a message belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseReference {
    /// Our case number (SBLSH).
    #[serde(rename = "case_no")]
    CaseNo(String),
    /// The short number of digits that we gave this partner (SBLSH_SHORT).
    #[serde(rename = "short_no")]
    ShortNo(String),
}

/// One event from a partner, addressed. JSON: `{"case_no": "…", "type": "…", "data": {…}, "serial": …, …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerEvent {
    /// Which case.
    #[serde(flatten)]
    pub case: CaseReference,
    /// The partner's own number of the case, when it told one (YWLSH).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_no: Option<String>,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// Kind of applicant (申请人类型; specification 5.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicantType {
    /// 个人.
    Person,
    /// 企业 and other legal persons.
    Enterprise,
    /// 其他.
    Other,
}

/// Kind of identity document (身份证件类型).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityType {
    /// 居民身份证 (GB 11643-1999).
    ResidentId,
    /// 统一社会信用代码 (GB 32100-2015).
    UnifiedSocialCreditCode,
    /// 组织机构代码 (GB 11714).
    OrganisationCode,
    /// 护照; no check digit.
    Passport,
}

/// The applicant (申请人). Personal data: sealed at rest, never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// Person, enterprise or other.
    #[serde(rename = "type")]
    pub kind: ApplicantType,
    /// Name.
    pub name: String,
    /// Kind of identity document.
    pub id_type: IdentityType,
    /// Its number.
    pub id_number: String,
    /// Mobile phone.
    #[serde(default)]
    pub phone: String,
    /// Contact (联系人), when it is not the applicant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl std::fmt::Debug for Applicant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applicant")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A material of a case as partners see it (申办材料).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterialFact {
    /// Which material of the item (STUFF_SEQ).
    pub seq: u32,
    /// The capability under which its bytes are fetched.
    pub id: String,
    /// Name of the material by the catalogue (CLMC).
    pub name: String,
    /// File name with extension (ATTACH_NAME).
    pub file_name: String,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub size: u64,
    /// MD5, lower-case hex: partner compatibility only (ATTACH_SIGN).
    pub md5: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
}

/// What a case hands to a partner: the pinned picture of one submission. Also the root of every mapping expression
/// (`case.no`, `item.name`, `applicant.id_type`, `form.project_name`, `materials`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// Case facts.
    pub case: CaseFact,
    /// Item facts, of the pinned version.
    pub item: ItemFact,
    /// The applicant.
    pub applicant: Applicant,
    /// The form as submitted (or corrected).
    pub form: Value,
    /// Its materials.
    pub materials: Vec<MaterialFact>,
}

/// Facts of a case for mappings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFact {
    /// Case number (办件编号, SBLSH).
    pub no: String,
    /// Number of the application that holds it.
    pub application_no: String,
    /// Short number of digits for this partner, when its definition asks for one.
    #[serde(default)]
    pub short_no: Option<String>,
    /// The partner's own number, once known.
    #[serde(default)]
    pub partner_no: Option<String>,
    /// Region of the application (行政区划).
    pub region: String,
    /// Channel (申报来源): `web`, `mobile`, `window`, `partner`.
    pub channel: String,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Whether the applicant asked to withdraw.
    #[serde(default)]
    pub withdrawal_requested: bool,
}

/// Facts of a service item for mappings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFact {
    /// The code under which the applicant applied (SXBM).
    pub code: String,
    /// Internal identifier.
    pub id: String,
    /// Pinned version.
    pub version: u32,
    /// Name (SXMC).
    pub name: String,
    /// Situation (情形), when the item has them.
    #[serde(default)]
    pub situation: Option<String>,
    /// Name of the responsible organisation.
    pub org_name: String,
    /// Its unified social credit code.
    pub org_uscc: String,
    /// Its organisation code (nine characters).
    pub org_code: String,
}
