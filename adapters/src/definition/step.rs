//! Operations and their steps as the definition writes them.

use super::faults::Faults;
use super::node::Node;
use super::operation::path;
use super::template::{Scope, Template};
use crate::expression::Expression;
use crate::reading::Reading;
use crate::soap::{SoapStyle, SoapVersion};

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

/// How a partner speaks SOAP (`soap`).
#[derive(Debug)]
pub(super) struct Soap {
    pub(super) version: SoapVersion,
    pub(super) style: SoapStyle,
    pub(super) namespace: String,
    pub(super) path: String,
    pub(super) header: Option<Template>,
}

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

impl Soap {
    pub(super) fn compile(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let fields = faults.fields(node, &["version", "style", "namespace", "path", "header"])?;
        let version = fields.require("version", faults).and_then(|node| {
            faults.choice(
                node,
                &[("1.1", SoapVersion::V11), ("1.2", SoapVersion::V12)],
            )
        });
        let style = fields.require("style", faults).and_then(|node| {
            faults.choice(
                node,
                &[("rpc", SoapStyle::Rpc), ("document", SoapStyle::Document)],
            )
        });
        let namespace = fields
            .require("namespace", faults)
            .and_then(|node| faults.filled(node));
        let path = fields
            .get("path")
            .map_or(Some(String::new()), |node| path(node, faults));
        let header = fields
            .get("header")
            .and_then(|node| Template::compile(node, scope, faults));
        Some(Self {
            version: version?,
            style: style?,
            namespace: namespace?,
            path: path?,
            header,
        })
    }
}
