//! Compiling what an answer means, and how a body is read.

use super::faults::Faults;
use super::node::{Kind, Node};
use super::policy::Protocol;
use super::step::{
    FAULT_NAMES, FaultRules, PollRules, QueryRules, REPLY_NAMES, Reply, Rules, StepRules,
};
use super::template::{Scope, expression};
use crate::exchange::Operation;
use crate::expression::Expression;
use crate::reading::{Format, Reading};
use crate::xml::Shape;

pub(super) fn compile_reply(
    node: &Node,
    operation: Operation,
    protocol: Protocol,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Reply> {
    let scope = Scope {
        names: REPLY_NAMES,
        ..scope
    };
    let keys: &[&str] = match operation {
        Operation::Query => &["read", "found", "unknown", "ours", "partner_no"],
        Operation::Poll => &["read", "known", "unknown", "records", "newest_first"],
        _ => &[
            "read",
            "accepted",
            "already_there",
            "refused",
            "unavailable",
            "code",
            "reason",
            "partner_no",
            "capture",
            "fault",
        ],
    };
    let fields = faults.fields(node, keys)?;
    let reading = match fields.get("read") {
        Some(node) => compile_reading(node, faults),
        None if protocol == Protocol::Soap => Some(Reading::plain(Format::Soap)),
        None => {
            fields.require("read", faults);
            None
        }
    };
    let mut require = |key: &str| {
        fields
            .require(key, faults)
            .and_then(|node| expression(node, scope, faults))
    };
    let rules = match operation {
        Operation::Query => {
            let (found, unknown, ours) = (require("found"), require("unknown"), require("ours"));
            let partner_no = fields
                .get("partner_no")
                .and_then(|node| expression(node, scope, faults));
            Rules::Query(Box::new(QueryRules {
                found: found?,
                unknown: unknown?,
                ours: ours?,
                partner_no,
            }))
        }
        Operation::Poll => {
            let (known, unknown) = (require("known"), require("unknown"));
            let records = fields
                .require("records", faults)
                .and_then(|node| faults.filled(node));
            let newest_first = fields
                .get("newest_first")
                .and_then(|node| faults.boolean(node))
                .unwrap_or_default();
            Rules::Poll(Box::new(PollRules {
                known: known?,
                unknown: unknown?,
                records: records?,
                newest_first,
            }))
        }
        _ => {
            let accepted = require("accepted");
            let mut optional = |key: &str| {
                fields
                    .get(key)
                    .and_then(|node| expression(node, scope, faults))
            };
            let rules = StepRules {
                already_there: optional("already_there"),
                refused: optional("refused"),
                unavailable: optional("unavailable"),
                code: optional("code"),
                reason: optional("reason"),
                partner_no: optional("partner_no"),
                capture: captures(fields.get("capture"), scope, faults),
                accepted: accepted?,
            };
            Rules::Step(Box::new(rules))
        }
    };
    let fault = match fields.get("fault") {
        Some(node) => Some(Box::new(fault_rules(node, protocol, scope, faults)?)),
        None => None,
    };
    Some(Reply {
        path: node.path(),
        reading: reading?,
        rules,
        fault,
    })
}

fn fault_rules(
    node: &Node,
    protocol: Protocol,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<FaultRules> {
    if protocol != Protocol::Soap {
        faults.add(
            node,
            "no_fault_here",
            "只有 protocol: soap 的应答才有 fault",
            "`fault` belongs to the answers of protocol: soap",
        );
        return None;
    }
    let known = ["already_there", "unavailable", "refused", "code", "reason"];
    let fields = faults.fields(node, &known)?;
    let scope = Scope {
        names: FAULT_NAMES,
        ..scope
    };
    let mut rule = |key: &str| {
        fields
            .get(key)
            .and_then(|node| expression(node, scope, faults))
    };
    Some(FaultRules {
        already_there: rule("already_there"),
        unavailable: rule("unavailable"),
        refused: rule("refused"),
        code: rule("code"),
        reason: rule("reason"),
    })
}

fn captures(
    node: Option<&Node>,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Vec<(String, Expression)> {
    let entries = node
        .and_then(|node| faults.entries(node))
        .unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), expression(value, scope, faults)?)))
        .collect()
}

/// `read: json`, or a mapping that says more.
pub(super) fn compile_reading(node: &Node, faults: &mut Faults<'_>) -> Option<Reading> {
    const FORMATS: &[(&str, Format)] = &[
        ("text", Format::Text),
        ("json", Format::Json),
        ("form", Format::Form),
        ("xml", Format::Xml),
        ("soap", Format::Soap),
    ];
    if let Kind::Text(_) = node.kind {
        return faults.choice(node, FORMATS).map(Reading::plain);
    }
    let fields = faults.fields(node, &["as", "root", "lists", "by", "inside", "at"])?;
    let format = fields
        .require("as", faults)
        .and_then(|node| faults.choice(node, FORMATS));
    let root = fields.get("root").and_then(|node| faults.filled(node));
    let lists = faults.texts(fields.get("lists"));
    let mut by = Vec::new();
    for (name, attribute) in fields
        .get("by")
        .and_then(|node| faults.entries(node))
        .unwrap_or_default()
    {
        by.extend(
            faults
                .filled(attribute)
                .map(|attribute| (name.clone(), attribute)),
        );
    }
    let mut inside = Vec::new();
    for (path, reading) in fields
        .get("inside")
        .and_then(|node| faults.entries(node))
        .unwrap_or_default()
    {
        inside.extend(compile_reading(reading, faults).map(|reading| (path.clone(), reading)));
    }
    let at = fields.get("at").and_then(|node| faults.filled(node));
    Some(Reading {
        format: format?,
        root,
        shape: Shape { lists, by },
        inside,
        at,
    })
}
