//! Operations and their steps as the definition writes them.

use super::template::Template;
use crate::expression::Expression;
use crate::reading::Reading;

/// Root names that expressions of requests may use.
pub(super) const REQUEST_NAMES: &[&str] = &[
    "case",
    "item",
    "applicant",
    "form",
    "materials",
    "step",
    "message",
    "message_key",
    "now",
    "nonce",
];
/// Root names that expressions of replies may use.
pub(super) const REPLY_NAMES: &[&str] = &[
    "case",
    "item",
    "applicant",
    "form",
    "materials",
    "step",
    "message",
    "message_key",
    "now",
    "nonce",
    "reply",
    "http",
];
/// Root names that the rules of a fault may use.
pub(super) const FAULT_NAMES: &[&str] = &[
    "case",
    "item",
    "applicant",
    "form",
    "materials",
    "step",
    "message",
    "message_key",
    "now",
    "nonce",
    "fault",
    "http",
];

/// One operation.
#[derive(Debug)]
pub(super) struct CompiledOperation {
    pub(super) names: Vec<String>,
    pub(super) steps: Vec<Step>,
    pub(super) asks: bool,
    /// A repeat has no effect (`ask: not_needed`).
    pub(super) harmless: bool,
}

impl CompiledOperation {
    pub(super) fn may_be_repeated(&self) -> bool {
        let notices = |step: &Step| matches!(&step.reply.rules, Rules::Step(rules) if rules.already_there.is_some());
        self.harmless || self.steps.last().is_some_and(notices)
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) path: String,
    pub(super) call: Call,
    pub(super) credentials: bool,
    pub(super) place: Vec<(String, Template)>,
    pub(super) query: Option<Template>,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) body: Body,
    pub(super) reply: Reply,
}

/// What is called.
#[derive(Debug)]
pub(super) enum Call {
    /// Method and path; `{name}` in the path is filled from `path`.
    Http { method: String, path: String },
    /// A SOAP operation and its action.
    Soap { operation: String, action: String },
}

/// What is sent.
#[derive(Debug)]
pub(super) enum Body {
    None,
    Form(Template),
    Json(Template),
    Xml(String, Template),
    Parameters(Template),
}

/// How an answer is read and what it means.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) path: String,
    pub(super) reading: Reading,
    pub(super) rules: Rules,
    /// What a SOAP fault means where its code does not say it.
    pub(super) fault: Option<Box<FaultRules>>,
}

/// What a SOAP fault means. Where no rule holds, its code says whether to try again.
#[derive(Debug)]
pub(super) struct FaultRules {
    pub(super) already_there: Option<Expression>,
    pub(super) unavailable: Option<Expression>,
    pub(super) refused: Option<Expression>,
    pub(super) code: Option<Expression>,
    pub(super) reason: Option<Expression>,
}

/// What an answer means.
#[derive(Debug)]
pub(super) enum Rules {
    /// To a message that was handed over.
    Step(Box<StepRules>),
    /// To the look-up.
    Query(Box<QueryRules>),
    /// To a poll.
    Poll(Box<PollRules>),
}

/// Where the records of a poll stand.
#[derive(Debug)]
pub(super) struct PollRules {
    pub(super) known: Expression,
    pub(super) unknown: Expression,
    /// Dotted path of the list.
    pub(super) records: String,
    pub(super) newest_first: bool,
}

/// Whether the partner has the case, and whether it is ours.
#[derive(Debug)]
pub(super) struct QueryRules {
    pub(super) found: Expression,
    pub(super) unknown: Expression,
    pub(super) ours: Expression,
    pub(super) partner_no: Option<Expression>,
}

/// What became of a message.
#[derive(Debug)]
pub(super) struct StepRules {
    pub(super) accepted: Expression,
    pub(super) already_there: Option<Expression>,
    pub(super) refused: Option<Expression>,
    pub(super) unavailable: Option<Expression>,
    pub(super) code: Option<Expression>,
    pub(super) reason: Option<Expression>,
    pub(super) partner_no: Option<Expression>,
    pub(super) capture: Vec<(String, Expression)>,
}
