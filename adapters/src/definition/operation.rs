//! Compiling operations: their steps, what each calls and what it sends.

use super::faults::{Faults, Fields};
use super::node::Node;
use super::policy::Protocol;
use super::rules::compile_reply;
use super::step::{Body, Call, CompiledOperation, REQUEST_NAMES, Rules, Step};
use super::template::{Scope, Template, root_of};
use crate::exchange::Operation;
use crate::xml::is_name;
use std::collections::BTreeMap;

/// Most steps of one operation.
const STEPS_MAX: usize = 16;

/// All operations of a definition.
pub(super) fn operations(
    node: &Node,
    protocol: Protocol,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> BTreeMap<Operation, CompiledOperation> {
    let mut compiled = BTreeMap::new();
    let known = ["submit", "supplement", "withdraw", "query", "poll"];
    let Some(fields) = faults.fields(node, &known) else {
        return compiled;
    };
    let queries = fields.get("query").is_some();
    for word in known {
        let (Some(operation), Some(node)) = (Operation::parse(word), fields.get(word)) else {
            continue;
        };
        if let Some(found) = compile_operation(node, operation, protocol, scope, faults) {
            let relies = found.asks || found.steps.iter().any(relies_on_query);
            if relies && !queries {
                faults.add_with_hint(
                    node,
                    "query_missing",
                    [
                        "ask 和 already_there 需要 query 操作来证明",
                        "`ask` and `already_there` need the operation `query` as proof",
                    ],
                    ["加上 operations.query", "add operations.query"],
                );
            }
            compiled.insert(operation, found);
        }
    }
    compiled
}

fn relies_on_query(step: &Step) -> bool {
    let fault = step.reply.fault.as_ref();
    matches!(&step.reply.rules, Rules::Step(rules) if rules.already_there.is_some())
        || fault.is_some_and(|rules| rules.already_there.is_some())
}

const STEP_KEYS: &[&str] = &[
    "call",
    "action",
    "credentials",
    "path",
    "query",
    "headers",
    "send",
    "request",
    "reply",
];

fn compile_operation(
    node: &Node,
    operation: Operation,
    protocol: Protocol,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<CompiledOperation> {
    let mut keys = vec!["ask", "steps"];
    keys.extend(STEP_KEYS);
    let fields = faults.fields(node, &keys)?;
    let asks = fields
        .get("ask")
        .and_then(|node| faults.choice(node, &[("query", true), ("not_needed", false)]));
    let (asks, harmless) = (asks == Some(true), asks == Some(false));
    let single_call = matches!(operation, Operation::Query | Operation::Poll);
    let Some(list) = fields.get("steps") else {
        let step = compile_step(node, operation, protocol, scope, faults)?;
        return Some(CompiledOperation {
            names: vec![operation.as_str().to_owned()],
            steps: vec![step],
            asks,
            harmless,
        });
    };
    if single_call || fields.get("call").is_some() {
        faults.add(
            list,
            "no_steps_here",
            "steps 不能与 call 并用；query 和 poll 只有一次调用",
            "`steps` cannot stand beside `call`; query and poll are one call each",
        );
        return None;
    }
    let mut keys = vec!["name"];
    keys.extend(STEP_KEYS);
    let (mut names, mut steps) = (Vec::new(), Vec::new());
    for item in faults.items(list)? {
        let name = faults.fields(item, &keys).and_then(|fields| {
            let node = fields.require("name", faults)?;
            let name = faults.filled(node)?;
            let fits = name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !fits || names.contains(&name) {
                faults.add(
                    node,
                    "bad_name",
                    "步骤名应为小写字母、数字、下划线，且不重复",
                    "a step's name is of lower-case letters, digits and underscores, and its own",
                );
                return None;
            }
            Some(name)
        });
        let step = compile_step(item, operation, protocol, scope, faults);
        if let (Some(name), Some(step)) = (name, step) {
            names.push(name);
            steps.push(step);
        }
    }
    if steps.is_empty() || steps.len() > STEPS_MAX {
        faults.add(
            list,
            "steps_count",
            format!("步骤应为 1 至 {STEPS_MAX} 个"),
            format!("an operation has 1 to {STEPS_MAX} steps"),
        );
        return None;
    }
    Some(CompiledOperation {
        names,
        steps,
        asks,
        harmless,
    })
}

/// The keys were checked where the step's surroundings are known.
fn compile_step(
    node: &Node,
    operation: Operation,
    protocol: Protocol,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Step> {
    let fields = Fields::of(node)?;
    let requests = Scope {
        names: REQUEST_NAMES,
        ..scope
    };
    let call = fields
        .require("call", faults)
        .and_then(|node| match protocol {
            Protocol::Soap => soap_call(node, fields.get("action"), faults),
            Protocol::Rest | Protocol::Xml => http_call(node, faults),
        });
    let credentials = fields
        .get("credentials")
        .and_then(|node| faults.boolean(node))
        .unwrap_or(true);
    let place = named_templates(fields.get("path"), requests, faults);
    if let Some(Call::Http { path, .. }) = &call {
        check_placeholders(node, path, &place, faults);
    }
    let query = fields
        .get("query")
        .and_then(|node| Template::compile(node, requests, faults));
    let headers = named_templates(fields.get("headers"), requests, faults);
    let body = compile_body(
        fields.get("request"),
        fields.get("send"),
        protocol,
        requests,
        faults,
    );
    let reply = fields
        .require("reply", faults)
        .and_then(|node| compile_reply(node, operation, protocol, scope, faults));
    Some(Step {
        path: node.path(),
        call: call?,
        credentials,
        place,
        query,
        headers,
        body: body?,
        reply: reply?,
    })
}

fn soap_call(node: &Node, action: Option<&Node>, faults: &mut Faults<'_>) -> Option<Call> {
    let operation = faults.filled(node)?;
    if !is_name(&operation) {
        faults.add(
            node,
            "bad_call",
            "SOAP 的 call 应为操作名",
            "a SOAP `call` is the name of an operation",
        );
        return None;
    }
    let action = match action {
        Some(node) => faults.text(node)?,
        None => operation.clone(),
    };
    Some(Call::Soap { operation, action })
}

fn http_call(node: &Node, faults: &mut Faults<'_>) -> Option<Call> {
    let text = faults.filled(node)?;
    let parts: Vec<&str> = text.split_whitespace().collect();
    match parts.as_slice() {
        [method @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE"), path] if path_fits(path) => {
            Some(Call::Http {
                method: (*method).to_owned(),
                path: (*path).to_owned(),
            })
        }
        _ => {
            faults.add(
                node,
                "bad_call",
                "call 应为“方法 /路径”，例如 POST /ebus/sp",
                "`call` is a method and a path, for example POST /ebus/sp",
            );
            None
        }
    }
}

pub(super) fn path(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let text = faults.text(node)?;
    match path_fits(&text) {
        true => Some(text),
        false => {
            faults.add(
                node,
                "bad_path",
                "此处应为以“/”开头的路径",
                "a path that begins with `/` is expected here",
            );
            None
        }
    }
}

fn path_fits(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'"' | b'<' | b'>' | b'\\'))
        && path
            .split('/')
            .all(|segment| !matches!(segment, "." | ".."))
}

fn check_placeholders(
    node: &Node,
    path: &str,
    place: &[(String, Template)],
    faults: &mut Faults<'_>,
) {
    let wanted: Vec<&str> = path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect();
    let complete = wanted
        .iter()
        .all(|name| place.iter().any(|(known, _)| known == name))
        && wanted.len() == place.len();
    if !complete {
        faults.add(
            node,
            "path_values",
            "路径中的 {名称} 与 path 的键应一一对应",
            "every `{name}` of the path has its value under `path`, and no other",
        );
    }
}

pub(super) fn named_templates(
    node: Option<&Node>,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Vec<(String, Template)> {
    let entries = node
        .and_then(|node| faults.entries(node))
        .unwrap_or_default();
    entries
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), Template::compile(value, scope, faults)?)))
        .collect()
}

fn compile_body(
    request: Option<&Node>,
    send: Option<&Node>,
    protocol: Protocol,
    scope: Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Body> {
    let Some(request) = request else {
        return Some(Body::None);
    };
    if protocol == Protocol::Soap {
        if let Some(send) = send {
            faults.add(
                send,
                "no_send_here",
                "SOAP 操作没有 send",
                "a SOAP operation has no `send`",
            );
        }
        return Template::compile(request, scope, faults).map(Body::Parameters);
    }
    let Some(send) = send else {
        faults.add(
            request,
            "missing_key",
            "有 request 就要有 send（form、json 或 xml）",
            "`request` needs `send`: form, json or xml",
        );
        return None;
    };
    match faults.choice(send, &[("form", 'f'), ("json", 'j'), ("xml", 'x')])? {
        'f' => Template::compile(request, scope, faults).map(Body::Form),
        'j' => Template::compile(request, scope, faults).map(Body::Json),
        _ => {
            let (root, content) = root_of(request, faults)?;
            Template::compile(content, scope, faults).map(|template| Body::Xml(root, template))
        }
    }
}
