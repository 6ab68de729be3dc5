//! Feedback (办理结果反馈) as the definition writes it: how a call or a record looks, and which canonical events it means.

use super::credentials::Credentials;
use super::event_fields::{EVENTS, fields_of};
use super::node::{Faults, Node};
use super::policy::Protocol;
use super::step::{REQUEST_NAMES, compile_reading};
use super::template::{Scope, Template, expression, root_of};
use crate::expression::Expression;
use crate::reading::{Format, Reading};
use crate::xml::is_name;
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
    Document { facts: Template, body: String },
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
        protocol: Protocol,
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

fn source(
    fields: super::node::Fields<'_>,
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

impl Callback {
    fn compile(
        node: &Node,
        protocol: Protocol,
        scope: Scope<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let known = [
            "read",
            "auth",
            "operation",
            "parameters",
            "kind",
            "fields",
            "answers",
        ];
        let fields = faults.fields(node, &known)?;
        let reading = fields
            .require("read", faults)
            .and_then(|node| compile_reading(node, faults));
        let credentials = fields
            .require("auth", faults)
            .and_then(|node| Credentials::compile(node, faults));
        let source = source(fields, &["call"], scope, faults);
        let soap = protocol == Protocol::Soap;
        if reading
            .as_ref()
            .is_some_and(|reading| soap != (reading.format == Format::Soap))
        {
            faults.add(
                node,
                "bad_reading",
                "soap 系统的 callback 用 read: soap，其他系统不用",
                "`read: soap` belongs to soap systems, and to them alone",
            );
        }
        let operation = match soap {
            true => Some(
                fields
                    .require("operation", faults)
                    .and_then(|node| faults.filled(node))?,
            ),
            false => None,
        };
        let parameters = faults.texts(fields.get("parameters"));
        if soap && (parameters.is_empty() || !parameters.iter().all(|name| is_name(name))) {
            faults.add(
                node,
                "bad_name",
                "parameters 应列出 SOAP 参数名",
                "`parameters` lists the names of SOAP parameters",
            );
        }
        let answers = fields
            .require("answers", faults)
            .and_then(|node| faults.fields(node, &["taken", "refused", "application"]))?;
        let said = Scope {
            names: &["answer"],
            ..scope
        };
        let taken = answers
            .require("taken", faults)
            .and_then(|node| Answer::compile(node, soap, said, faults));
        let refused = answers
            .require("refused", faults)
            .and_then(|node| Answer::compile(node, soap, said, faults));
        let whole = Scope {
            names: REQUEST_NAMES,
            ..scope
        };
        let application = answers
            .get("application")
            .and_then(|node| Answer::compile(node, soap, whole, faults));
        Some(Self {
            reading: reading?,
            credentials: credentials?,
            operation,
            parameters,
            source: source?,
            taken: taken?,
            refused: refused?,
            application,
        })
    }
}

impl Answer {
    fn compile(node: &Node, soap: bool, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let fields = faults.fields(node, &["status", "text", "json", "xml", "returns"])?;
        let status = fields
            .get("status")
            .map_or(Some(200), |node| faults.whole(node, 200..=599))?;
        let status = u16::try_from(status).ok()?;
        let given: Vec<&str> = ["text", "json", "xml", "returns"]
            .into_iter()
            .filter(|key| fields.get(key).is_some())
            .collect();
        let fits = match given.as_slice() {
            [one] => soap == (*one == "returns"),
            _ => false,
        };
        if !fits {
            faults.add(
                node,
                "answer_form",
                "此处写 text、json、xml 之一；soap 系统写 returns",
                "write one of text, json and xml here; `returns` for soap systems",
            );
            return None;
        }
        let content = fields.get(given[0])?;
        let form = match given[0] {
            "text" => AnswerForm::Text(Template::compile(content, scope, faults)?),
            "json" => AnswerForm::Json(Template::compile(content, scope, faults)?),
            "returns" => AnswerForm::Soap(Template::compile(content, scope, faults)?),
            _ => {
                let (root, content) = root_of(content, faults)?;
                AnswerForm::Xml(root, Template::compile(content, scope, faults)?)
            }
        };
        Some(Self { status, form })
    }
}

impl Message {
    fn compile(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let fields = faults.fields(
            node,
            &["event", "at", "actor", "events", "pull", "document"],
        )?;
        let path = node.path();
        let content = match (fields.get("pull"), fields.get("document")) {
            (Some(pull), None) => faults
                .boolean(pull)
                .filter(|pull| *pull)
                .map(|_| Content::Pull),
            (None, Some(document)) => document_rule(document, scope, faults),
            (None, None) => {
                event_rules(fields, scope, faults).map(|rules| Content::Events(Box::new(rules)))
            }
            _ => {
                faults.add(
                    node,
                    "message_content",
                    "pull 和 document 只能写一个",
                    "write one of `pull` and `document`",
                );
                None
            }
        };
        Some(Self {
            path,
            content: content?,
        })
    }
}

fn document_rule(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Content> {
    let fields = faults.fields(
        node,
        &["kind", "name", "number", "file_name", "md5", "body"],
    )?;
    for key in ["kind", "name", "file_name"] {
        fields.require(key, faults);
    }
    let body = fields
        .require("body", faults)
        .and_then(|node| faults.filled(node));
    let facts = Template::compile(node, scope, faults);
    Some(Content::Document {
        facts: facts?,
        body: body?,
    })
}

fn event_rules(
    fields: super::node::Fields<'_>,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<EventRules> {
    let event = fields
        .get("event")
        .and_then(|node| expression(node, scope, faults));
    let at = fields
        .require("at", faults)
        .and_then(|node| expression(node, scope, faults));
    let actor = fields.get("actor").and_then(|node| {
        faults.fields(node, &["name", "number", "unit", "unit_code"])?;
        Template::compile(node, scope, faults)
    });
    let mut events = Vec::new();
    let list = fields.require("events", faults)?;
    for (kind, rule) in faults.entries(list)? {
        known_event(rule, kind, faults);
        let Some((known, required)) = fields_of(kind) else {
            continue;
        };
        if let Some(present) = faults.fields(rule, known) {
            for key in required {
                present.require(key, faults);
            }
        }
        events.extend(Template::compile(rule, scope, faults).map(|rule| (kind.clone(), rule)));
    }
    if fields.get("event").is_none() && events.len() != 1 {
        faults.add(
            list,
            "which_event",
            "列出多种事件时，用 event 说明是哪一种",
            "where several events are listed, `event` says which one it is",
        );
    }
    check_words(fields.get("event"), event.as_ref(), &events, scope, faults);
    Some(EventRules {
        event,
        at: at?,
        actor,
        events,
    })
}

/// `event: "= field.ZT | code('acceptance')"`: every word of that table is one of the listed events.
fn check_words(
    node: Option<&Node>,
    event: Option<&Expression>,
    events: &[(String, Template)],
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) {
    let (Some(node), Some(event)) = (node, event) else {
        return;
    };
    let [table] = event.tables() else { return };
    if !event.source().trim_end().ends_with(')') {
        return;
    }
    for word in scope.tables.words(table).unwrap_or_default() {
        if !events.iter().any(|(kind, _)| kind == word) {
            faults.add(
                node,
                "event_missing",
                format!("代码表“{table}”给出“{word}”，events 中没有这种事件"),
                format!("the code table `{table}` gives `{word}`, which `events` does not list"),
            );
        }
    }
}

fn known_event(node: &Node, kind: &str, faults: &mut Faults<'_>) {
    if fields_of(kind).is_none() {
        let known: Vec<&str> = EVENTS.iter().map(|(kind, _, _)| *kind).collect();
        faults.add(
            node,
            "unknown_event",
            format!("没有名为“{kind}”的事件；可用：{}", known.join("、")),
            format!("there is no event `{kind}`; known: {}", known.join(", ")),
        );
    }
}
