//! Feedback (办理结果反馈) as the definition writes it: how a call or a record looks, and which canonical events it means.

use super::credentials::Credentials;
use super::faults::{Faults, Fields};
use super::message_rules::known_event;
use super::node::Node;
use super::policy::Protocol;
use super::soap::{CallbackSoap, Soap};
use super::template::{Scope, Template, expression};
use crate::expression::Expression;
use crate::reading::Reading;
use std::collections::BTreeMap;

/// Root names that expressions of a message may use: its fields, and what the gateway knows about the case.
pub(super) const FIELD_NAMES: &[&str] = &["field", "case"];

/// All of `feedback`.
pub(super) struct Feedback {
    pub(super) callback: Option<Callback>,
    pub(super) poll: Option<Source>,
    pub(super) case: Option<CaseRule>,
    pub(super) partner_no: Option<Expression>,
    pub(super) data_version: Option<Expression>,
    pub(super) optional: Vec<String>,
    pub(super) aliases: Vec<(String, Vec<String>)>,
    pub(super) serial: BTreeMap<String, Expression>,
    pub(super) messages: BTreeMap<String, Message>,
}

/// How a call comes in, and what it is answered.
pub(super) struct Callback {
    pub(super) reading: Reading,
    pub(super) credentials: Credentials,
    pub(super) operation: Option<String>,
    pub(super) parameters: Vec<String>,
    pub(super) soap: Option<CallbackSoap>,
    pub(super) source: Source,
    pub(super) taken: Answer,
    pub(super) refused: Answer,
    pub(super) application: Option<Answer>,
}

/// Where the kind of a message and its fields stand.
pub(super) struct Source {
    pub(super) kind: Expression,
    /// Dotted path; empty for the whole.
    pub(super) fields: String,
}

/// How a message names its case.
pub(super) enum CaseRule {
    CaseNo(Expression),
    ShortNo(Expression),
}

/// What is answered to a call.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) form: AnswerForm,
}

/// The form of an answer.
pub(super) enum AnswerForm {
    Text(Template),
    Json(Template),
    Xml(String, Template),
    /// Parts of a SOAP response.
    Soap(Template),
}

/// One kind of message.
pub(super) struct Message {
    pub(super) path: String,
    pub(super) content: Content,
}

/// What a message is.
pub(super) enum Content {
    Events(Box<EventRules>),
    Pull,
    Document(Box<DocumentRule>),
}

/// A document inside a message.
pub(super) struct DocumentRule {
    pub(super) facts: Template,
    /// Dotted path of the base64 text.
    pub(super) body: String,
}

/// Which events a message means. One message may mean several, in order.
pub(super) struct EventRules {
    /// Gives the type or a list of types; absent where there is one.
    pub(super) event: Option<Expression>,
    pub(super) at: Expression,
    pub(super) actor: Option<Template>,
    pub(super) events: Vec<(String, Template)>,
}

impl Feedback {
    pub(super) fn compile(
        node: &Node,
        protocol: (Protocol, Option<&Soap>),
        polls: bool,
        scope: Scope<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let known = [
            "callback",
            "poll",
            "case",
            "partner_no",
            "data_version",
            "optional",
            "aliases",
            "serial",
            "messages",
        ];
        let fields = faults.fields(node, &known)?;
        let scope = Scope {
            names: FIELD_NAMES,
            ..scope
        };
        let callback = match fields.get("callback") {
            Some(node) => Some(Callback::compile(node, protocol, scope, faults)?),
            None => None,
        };
        let poll = fields.get("poll").and_then(|node| {
            let fields = faults.fields(node, &["kind", "fields"])?;
            source(fields, &["record"], scope, faults)
        });
        if polls && poll.is_none() {
            faults.add(
                node,
                "missing_key",
                "有 operations.poll 就要有 feedback.poll",
                "operations.poll needs feedback.poll",
            );
        }
        let case = fields
            .get("case")
            .and_then(|node| case_rule(node, scope, faults));
        if callback.is_some() && case.is_none() {
            fields.require("case", faults);
        }
        let mut serial = BTreeMap::new();
        for (kind, rule) in fields
            .get("serial")
            .and_then(|node| faults.entries(node))
            .unwrap_or_default()
        {
            known_event(rule, kind, faults);
            serial.extend(expression(rule, scope, faults).map(|rule| (kind.clone(), rule)));
        }
        let mut aliases = Vec::new();
        for (name, others) in fields
            .get("aliases")
            .and_then(|node| faults.entries(node))
            .unwrap_or_default()
        {
            aliases.push((name.clone(), faults.texts(Some(others))));
        }
        let mut messages = BTreeMap::new();
        for (kind, rule) in fields
            .require("messages", faults)
            .and_then(|node| faults.entries(node))
            .unwrap_or_default()
        {
            messages.extend(
                Message::compile(rule, scope, faults).map(|message| (kind.clone(), message)),
            );
        }
        let pulls = messages
            .values()
            .any(|message| matches!(message.content, Content::Pull));
        if pulls
            && callback
                .as_ref()
                .is_none_or(|callback| callback.application.is_none())
        {
            faults.add(
                node,
                "missing_key",
                "有 pull 就要有 callback.answers.application",
                "`pull` needs callback.answers.application",
            );
        }
        Some(Self {
            callback,
            poll,
            case,
            partner_no: fields
                .get("partner_no")
                .and_then(|node| expression(node, scope, faults)),
            data_version: fields
                .get("data_version")
                .and_then(|node| expression(node, scope, faults)),
            optional: faults.texts(fields.get("optional")),
            aliases,
            serial,
            messages,
        })
    }
}

pub(super) fn source(
    fields: Fields<'_>,
    names: &[&str],
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Source> {
    let scope = Scope { names, ..scope };
    let kind = fields
        .require("kind", faults)
        .and_then(|node| expression(node, scope, faults));
    let path = fields
        .get("fields")
        .map_or(Some(String::new()), |node| faults.filled(node));
    Some(Source {
        kind: kind?,
        fields: path?,
    })
}

fn case_rule(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<CaseRule> {
    let fields = faults.fields(node, &["case_no", "short_no"])?;
    match (fields.get("case_no"), fields.get("short_no")) {
        (Some(rule), None) => expression(rule, scope, faults).map(CaseRule::CaseNo),
        (None, Some(rule)) => expression(rule, scope, faults).map(CaseRule::ShortNo),
        _ => {
            faults.add(
                node,
                "case_rule",
                "此处写 case_no 或 short_no 之一",
                "write one of case_no and short_no here",
            );
            None
        }
    }
}
