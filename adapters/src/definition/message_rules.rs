//! Compiling which canonical events, pull or document a message means.

use super::event_fields::{EVENTS, fields_of};
use super::faults::{Faults, Fields};
use super::feedback::{Content, DocumentRule, EventRules, Message};
use super::node::Node;
use super::template::{Scope, Template, expression};
use crate::expression::Expression;

impl Message {
    pub(super) fn compile(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let fields = faults.fields(
            node,
            &["event", "at", "actor", "events", "pull", "document"],
        )?;
        let path = node.path();
        let told = ["event", "at", "actor", "events"]
            .into_iter()
            .any(|key| fields.get(key).is_some());
        let content = match (fields.get("pull"), fields.get("document"), told) {
            (Some(pull), None, false) => faults
                .boolean(pull)
                .filter(|pull| *pull)
                .map(|_| Content::Pull),
            (None, Some(document), false) => document_rule(document, scope, faults),
            (None, None, _) => {
                event_rules(fields, scope, faults).map(|rules| Content::Events(Box::new(rules)))
            }
            _ => {
                faults.add(
                    node,
                    "message_content",
                    "一种报文要么是 pull，要么是 document，要么是 events",
                    "a message is one of pull, document and events",
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
    Some(Content::Document(Box::new(DocumentRule {
        facts: facts?,
        body: body?,
    })))
}

fn event_rules(
    fields: Fields<'_>,
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

pub(super) fn known_event(node: &Node, kind: &str, faults: &mut Faults<'_>) {
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
