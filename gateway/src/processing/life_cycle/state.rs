//! The state of a case (办件): a plain value, the fold of its events.

use super::clocks::Clocks;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_adapters::canonical::{Certificate, DecisionResult, Evaluation};

/// Most events that one case may hold; one more is refused with `too_many_events`. The ten messages with every correction and
/// step of a long case stay under a hundred.
pub const EVENTS_MAX: usize = 1_000;

/// Where a case stands (办件状态). The wire words are those of the public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 申办: taken by the hall, waits for pre-acceptance or acceptance.
    Submitted,
    /// 预受理: pre-accepted, waits for acceptance.
    PreAccepted,
    /// 预受理补正: waits for the applicant's corrections before acceptance.
    PreCorrection,
    /// 受理, 承办, 审核, 批准: accepted, waits for the decision.
    Handling,
    /// 补正告知: waits for corrections after acceptance; promise and statutory clocks stand still.
    Correction,
    /// 特别程序: waits for a hearing, an appraisal, an approved extension …
    SpecialProcedure,
    /// 办结: decided; waits for collection where a certificate is due.
    Closed,
    /// 不予受理: refused before or at acceptance; the end.
    Refused,
    /// 领取: the result was collected; the end.
    Collected,
}

impl State {
    /// Every state, in the order of the life cycle.
    pub const ALL: [Self; 9] = [
        Self::Submitted,
        Self::PreAccepted,
        Self::PreCorrection,
        Self::Handling,
        Self::Correction,
        Self::SpecialProcedure,
        Self::Closed,
        Self::Refused,
        Self::Collected,
    ];

    /// The word on the wire. A static word: safe as a metric label.
    #[must_use]
    pub fn wire(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::PreAccepted => "pre_accepted",
            Self::PreCorrection => "pre_correction",
            Self::Handling => "handling",
            Self::Correction => "correction",
            Self::SpecialProcedure => "special_procedure",
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::Collected => "collected",
        }
    }

    /// Whether the case has ended: only collection, evaluation and re-versions may follow.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Closed | Self::Refused | Self::Collected)
    }

    /// Whether acceptance is still to come (受理之前).
    #[must_use]
    pub fn is_before_acceptance(self) -> bool {
        matches!(
            self,
            Self::Submitted | Self::PreAccepted | Self::PreCorrection
        )
    }
}

/// How an acceptance is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptanceBasis {
    /// The partner reported it (message 2).
    Reported,
    /// Silence beyond the acceptance clock (逾期视为受理, Administrative Licensing Law, article 32).
    Deemed,
    /// The gateway back-filled it, because a later message proves it; a report that arrives after all supersedes it.
    BackFilled,
    /// An immediate case (即办件) whose completion came alone (row 24).
    Immediate,
}

/// The facts of acceptance (受理).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptanceFact {
    /// When, by the partner's clock (SLSJ); for a deemed acceptance the day of receipt. The promise counts from here.
    pub at: Timestamp,
    /// When it became known to have happened: the time of the event; the same as `at` unless the acceptance is deemed.
    pub recorded_at: Timestamp,
    /// How it is known.
    pub basis: AcceptanceBasis,
    /// Number of the acceptance document (受理文书编号).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_no: Option<String>,
}

/// The refusal of a case before it was accepted (不予受理, 预受理不受理).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// Why; empty where a partner refused at acceptance without a word (that warns).
    pub reason: String,
}

/// The decision of a case (办结).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Canonical result.
    pub result: DecisionResult,
    /// When the partner recorded it (BJSJ).
    pub at: Timestamp,
    /// Reason.
    #[serde(default)]
    pub reason: String,
    /// Result in words.
    #[serde(default)]
    pub text: String,
    /// The certificate, when one is issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// Documents handed back.
    #[serde(default)]
    pub document_ids: Vec<String>,
}

/// What a case waits for while its clocks stand still (挂起).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionKind {
    /// 预受理补正: before acceptance. It stops the acceptance clock for good; the answer starts a new one.
    PreCorrection,
    /// 补正: after acceptance.
    Correction,
    /// 延长审批 (type A).
    Extension,
    /// 特别程序 other than extension (type B).
    Special,
}

/// One suspension, open or ended. At most one is open at any time; they never nest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Kind.
    pub kind: SuspensionKind,
    /// Serial that pairs start and end (XH).
    pub serial: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Limit in working days, 0 = none.
    #[serde(default)]
    pub limit: u32,
    /// Since when.
    pub started: Timestamp,
    /// When it ended; `None` while open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Whether the applicant has answered a correction notice that the partner has not confirmed yet.
    #[serde(default)]
    pub answered: bool,
    /// What the promise (without one, the statutory clock) was credited, in its measure: days, or minutes of limits in hours and
    /// minutes. `None` while open, before acceptance, and when the case ended with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credited: Option<u32>,
}

/// The applicant's wish to withdraw (撤回申请), open until a decision or a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalRequest {
    /// When.
    pub at: Timestamp,
    /// Why; may be empty.
    pub reason: String,
}

/// What tells one event of a case from another: (system, type, serial, data version). The case itself is the fifth part.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Reporting system; `None` for the applicant, the hall and the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Type on the wire.
    pub kind: String,
    /// Serial (XH, step number or digest).
    #[serde(default)]
    pub serial: String,
    /// Data version (SJBBH).
    pub data_version: u32,
}

impl Identity {
    /// Whether both report the same fact, perhaps in other versions: same system and serial, and the same message. Acceptance and
    /// its refusal are one message (2) with another status, so a re-report may turn one into the other; likewise message 1.
    #[must_use]
    pub fn same_report(&self, other: &Self) -> bool {
        self.system == other.system
            && self.serial == other.serial
            && message_of(&self.kind) == message_of(&other.kind)
    }
}

fn message_of(kind: &str) -> &str {
    match kind {
        "pre_refused" => "pre_accepted",
        "refused" => "accepted",
        other => other,
    }
}

/// One applied event, as far as the life cycle must remember it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedEvent {
    /// Its number within the case.
    pub seq: u64,
    /// Its identity.
    #[serde(flatten)]
    pub identity: Identity,
    /// The number of the event that took its place, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<u64>,
}

/// A case between two events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseState {
    /// Number of the last applied event: 1, 2, 3 … without gaps.
    pub seq: u64,
    /// Where the case stands.
    pub state: State,
    /// Time of the event that brought it there; no event may lie before it by more than the partner's skew.
    pub since: Timestamp,
    /// When the application was taken (申办时间).
    pub submitted_at: Timestamp,
    /// Day from which the acceptance clock counts: submission, or the last resubmission.
    pub received_on: Timestamp,
    /// Acceptance, once there is one.
    pub acceptance: Option<AcceptanceFact>,
    /// Refusal before or at acceptance.
    pub refusal: Option<Refusal>,
    /// Decision, once closed.
    pub decision: Option<Decision>,
    /// The open suspension.
    pub suspension: Option<Suspension>,
    /// Ended suspensions, oldest first; bounded by [`EVENTS_MAX`].
    pub suspensions: Vec<Suspension>,
    /// The four clocks.
    pub clocks: Clocks,
    /// The applicant's wish to withdraw.
    pub withdrawal: Option<WithdrawalRequest>,
    /// When the result was collected.
    pub collected_at: Option<Timestamp>,
    /// The one evaluation (一次一评).
    pub evaluation: Option<Evaluation>,
    /// Every applied event, by number; bounded by [`EVENTS_MAX`].
    pub applied: Vec<AppliedEvent>,
}

impl CaseState {
    /// Whether the applicant asked to withdraw and nothing has decided the case yet.
    #[must_use]
    pub fn withdrawal_open(&self) -> bool {
        self.withdrawal.is_some() && !self.state.is_ended()
    }

    /// Notices before acceptance so far, the open one included (domain row 4: given once).
    #[must_use]
    pub fn notices_before_acceptance(&self) -> usize {
        self.suspensions
            .iter()
            .chain(&self.suspension)
            .filter(|s| s.kind == SuspensionKind::PreCorrection)
            .count()
    }

    /// Number of the event of one of `kinds` that is in force, the newest first.
    #[must_use]
    pub fn seq_in_force(&self, kinds: &[&str]) -> Option<u64> {
        self.applied
            .iter()
            .rev()
            .find(|a| a.superseded_by.is_none() && kinds.contains(&a.identity.kind.as_str()))
            .map(|a| a.seq)
    }
}
