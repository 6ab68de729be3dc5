//! From the text of a definition to [`CompiledDefinition`], or to all its faults.

use super::CompiledDefinition;
use super::about::About;
use super::code_tables::code_tables;
use super::credentials::Credentials;
use super::faults::Faults;
use super::feedback::{FIELD_NAMES, Feedback};
use super::operation::operations;
use super::policy::Protocol;
use super::soap::Soap;
use super::step::REQUEST_NAMES;
use super::template::Scope;
use crate::exchange::Operation;
use crate::reading::Limits;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use std::collections::BTreeMap;
use tongban_catalog::source::Fault;

/// Keys of a definition; `docs/system-definition.md` explains them in this order.
const KEYS: &[&str] = &[
    "schema",
    "id",
    "name",
    "kind",
    "regions",
    "protocol",
    "endpoint",
    "sandbox",
    "charset",
    "auth",
    "limits",
    "timeout",
    "retry",
    "poll",
    "short_number",
    "forward",
    "skew_s",
    "soap",
    "operations",
    "codes",
    "feedback",
];

pub(super) fn compile(
    file: &str,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
    limits: Limits,
) -> Result<CompiledDefinition, Vec<Fault>> {
    let (mut faults, root) = Faults::load(file, text, env)?;
    let Some(fields) = faults.fields(&root, KEYS) else {
        return Err(faults.into_faults());
    };
    let about = About::compile(fields, &mut faults);
    let tables = code_tables(fields.get("codes"), FIELD_NAMES, &mut faults);
    let scope = Scope {
        names: REQUEST_NAMES,
        tables: &tables,
    };
    let credentials = match fields.get("auth") {
        Some(node) => Credentials::compile(node, &mut faults),
        None => Some(Credentials::None),
    };
    // A protocol that is at fault itself is told once; the rest is then read as the plainest one.
    let protocol = about.as_ref().map(|about| about.protocol).or_else(|| {
        let word = fields.get("protocol").and_then(|node| match &node.kind {
            super::node::Kind::Text(text) => Some(text.as_str()),
            _ => None,
        });
        [Protocol::Rest, Protocol::Soap, Protocol::Xml]
            .into_iter()
            .find(|p| Some(p.as_str()) == word)
    });
    let protocol = protocol.unwrap_or(Protocol::Rest);
    let soap = fields
        .get("soap")
        .and_then(|node| Soap::compile(node, scope, &mut faults));
    match (protocol, fields.get("soap")) {
        (Protocol::Soap, None) => {
            fields.require("soap", &mut faults);
        }
        (Protocol::Rest | Protocol::Xml, Some(node)) => {
            faults.add(
                node,
                "no_soap_here",
                "只有 protocol: soap 才有 soap",
                "`soap` belongs to protocol: soap",
            );
        }
        _ => {}
    }
    let operations = match fields.require("operations", &mut faults) {
        Some(node) => operations(node, protocol, scope, &mut faults),
        None => BTreeMap::new(),
    };
    let polls = operations.contains_key(&Operation::Poll);
    if polls != fields.get("poll").is_some() {
        faults.add(
            fields.get("poll").unwrap_or(&root),
            "poll_pair",
            "poll（多久问一次）与 operations.poll（怎么问）要么都有，要么都没有",
            "`poll` (how often) and operations.poll (how) stand together or not at all",
        );
    }
    let feedback = match fields.get("feedback") {
        Some(node) => Feedback::compile(node, (protocol, soap.as_ref()), polls, scope, &mut faults),
        None => None,
    };
    let (Some(about), Some(credentials), false) = (about, credentials, faults.any()) else {
        return Err(faults.into_faults());
    };
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    Ok(CompiledDefinition {
        about,
        soap,
        credentials,
        operations,
        feedback,
        tables,
        limits,
        text: text.to_owned(),
        version: HEXLOWER.encode(&digest.as_ref()[..8]),
    })
}
