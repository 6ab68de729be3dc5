//! The whole file: its head, its operations, its code tables.

use super::known_names::KnownNames;
use super::lines::{Lines, plain_or_quoted, quoted};
use super::mapping::{Findings, TO_FILL_IN, write_parts};
use super::roles::{Candidate, ROLES, Shared, candidates, sight};
use super::section::write_operation;
use super::shape::shape_of;
use super::simple::one_line;
use super::{Draft, DraftOrder, Gap, Guess, label, ports};
use crate::soap::{ElementForm, SoapStyle, SoapVersion};
use crate::wsdl::{Binding, Description, Port, Service};

/// Bytes of a draft after which further operations are only named; a definition may have two mebibytes.
const BYTES_MAX: usize = 1024 * 1024;
/// Code tables that a first mapping may use.
const TABLES: [&str; 3] = ["applicant_type", "identity_type", "channel"];

pub(super) fn write(
    description: &Description,
    order: &DraftOrder<'_>,
    service: &Service,
    port: &Port,
) -> Draft {
    let known = KnownNames::read();
    let binding = &description.bindings[port.binding];
    let (found, shared) = candidates(description, &binding.operations, &known);
    let mut findings = Findings::default();
    let mut gaps = Vec::new();
    let mut lines = Lines::default();
    about(order, service, port, &mut lines, &mut findings);
    endpoint(order, port, &mut lines, &mut findings, &mut gaps);
    let mut soap = Soap {
        description,
        binding,
        shared: &shared,
        found: &found,
        known: &known,
    };
    soap.write(&mut lines, &mut findings, &mut gaps);
    lines.blank();
    operations(
        description,
        &found,
        &known,
        &mut lines,
        &mut findings,
        &mut gaps,
    );
    tables(&known, &mut lines, &mut findings);
    closing(&mut lines);
    let others = ports(description).filter(|(_, other)| !std::ptr::eq(*other, port));
    Draft {
        service: service.name.local.clone(),
        port: port.name.clone(),
        guesses: findings.guesses,
        gaps,
        to_fill_in: findings.to_fill_in,
        operations: found.len(),
        other_ports: others.map(|(service, port)| label(service, port)).collect(),
        text: lines.into_text(),
    }
}

fn about(
    order: &DraftOrder<'_>,
    service: &Service,
    port: &Port,
    lines: &mut Lines,
    findings: &mut Findings,
) {
    let made_of = format!("service {}, port {}", service.name.local, port.name);
    lines.note(
        0,
        &format!(
            "A draft, made by `tongban import-wsdl` from {}: {}.",
            one_line(order.source),
            one_line(&made_of)
        ),
    );
    lines.note(0, &format!("Look for \"{TO_FILL_IN}\"; what is optional is commented out. How to go on: docs/adapters/soap.md."));
    let documentation = one_line(&service.documentation);
    if !documentation.is_empty() {
        lines.note(0, &documentation);
    }
    lines.line(0, "schema: tongban/system/1");
    lines.line(0, &format!("id: {}", plain_or_quoted(order.id)));
    lines.line(
        0,
        &format!("name: {} # for people", quoted(&service.name.local)),
    );
    lines.line(0, "kind: department # a guess; or city, national");
    findings.guesses.push(Guess {
        at: "kind".to_owned(),
        value: "department".to_owned(),
    });
    lines.line(0, "protocol: soap");
}

/// The address of the port: scheme, host and port, then the path.
fn endpoint(
    order: &DraftOrder<'_>,
    port: &Port,
    lines: &mut Lines,
    findings: &mut Findings,
    gaps: &mut Vec<Gap>,
) {
    let variable: String = order
        .id
        .chars()
        .map(|c| match c {
            '-' => '_',
            c => c.to_ascii_uppercase(),
        })
        .collect();
    let address = port
        .address
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim();
    if address.len() < port.address.trim().len() {
        gaps.push(Gap {
            at: "soap".to_owned(),
            why: format!(
                "the address has a query, which is left out: {}",
                one_line(&port.address)
            ),
        });
    }
    match is_address(address) {
        true => lines.line(
            0,
            &format!(
                "endpoint: {} # as the WSDL has it; is it the one to call?",
                quoted(&format!("${{{variable}_ENDPOINT:-{address}}}"))
            ),
        ),
        false => {
            findings.to_fill_in += 1;
            let given = one_line(&port.address);
            lines.line(
                0,
                &format!(
                    "endpoint: {} # {TO_FILL_IN}: the WSDL says `{given}`",
                    quoted(&format!(
                        "${{{variable}_ENDPOINT:-http://to-fill-in.invalid}}"
                    ))
                ),
            );
        }
    }
    lines.line(
        0,
        "# sandbox: \"http://…\" # where conformance cases are run",
    );
    lines.line(0, "auth: { scheme: none } # what the partner asks for: docs/system-definition.md, Credentials");
}

/// Whether an address can be the endpoint of a definition: `http(s)://host[:port][/path]` in ASCII, and nothing that a literal of a
/// definition takes for something else.
fn is_address(address: &str) -> bool {
    let rest = address
        .strip_prefix("http://")
        .or_else(|| address.strip_prefix("https://"));
    let Some(rest) = rest else { return false };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let named = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
    let path_fits = path.bytes().all(|b| {
        b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'{' | b'}' | b'$')
    });
    let segments = path
        .split('/')
        .all(|segment| !matches!(segment, "." | ".."));
    !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(named)
        && port.parse::<u16>().is_ok()
        && path_fits
        && segments
        && !path.contains("//")
}

/// What is needed to write `soap`.
struct Soap<'d> {
    description: &'d Description,
    binding: &'d Binding,
    shared: &'d Shared,
    found: &'d [Candidate<'d>],
    known: &'d KnownNames,
}

impl Soap<'_> {
    fn write(&mut self, lines: &mut Lines, findings: &mut Findings, gaps: &mut Vec<Gap>) {
        let version = match self.binding.version {
            SoapVersion::V11 => "1.1",
            SoapVersion::V12 => "1.2",
        };
        let style = match self.shared.style {
            SoapStyle::Document => "document",
            SoapStyle::Rpc => "rpc",
        };
        let form = match self.shared.form {
            ElementForm::Qualified => "qualified",
            ElementForm::Unqualified => "unqualified",
        };
        let namespace = match self.shared.namespace.as_str() {
            // No operation can be called then, and each says so.
            "" => "urn:none",
            other => other,
        };
        lines.line(0, "soap:");
        lines.line(2, &format!("version: \"{version}\""));
        lines.line(2, &format!("style: {style}"));
        lines.line(2, &format!("form: {form}"));
        lines.line(2, &format!("namespace: {}", quoted(namespace)));
        self.header(lines, findings, gaps);
    }

    /// Header blocks of the operations that are called.
    fn header(&self, lines: &mut Lines, findings: &mut Findings, gaps: &mut Vec<Gap>) {
        let mut blocks = Vec::new();
        let called = self
            .found
            .iter()
            .filter(|c| c.role.is_some() && c.cannot.is_empty());
        for input in called.filter_map(|candidate| candidate.operation.input.as_ref()) {
            for header in &input.headers {
                let block = shape_of(&self.description.schema, header.element);
                let known = blocks
                    .iter()
                    .any(|b: &super::shape::Part| b.key == block.key);
                if block.namespace != self.shared.namespace {
                    gaps.push(Gap {
                        at: "soap".to_owned(),
                        why: format!(
                            "the header block {} stands in the namespace `{}`",
                            block.key, block.namespace
                        ),
                    });
                } else if !known {
                    blocks.push(block);
                }
            }
        }
        gaps.dedup();
        if blocks.is_empty() {
            return;
        }
        lines.note(2, "Write secrets as \"${NAME}\", never here.");
        lines.line(2, "header:");
        write_parts(
            &blocks,
            sight(self.known, None),
            ("soap.header", 4),
            lines,
            findings,
        );
    }
}

fn operations(
    description: &Description,
    found: &[Candidate<'_>],
    known: &KnownNames,
    lines: &mut Lines,
    findings: &mut Findings,
    gaps: &mut Vec<Gap>,
) {
    for candidate in found {
        gaps.extend(candidate.cannot.iter().map(|why| Gap {
            at: candidate.operation.name.clone(),
            why: why.clone(),
        }));
    }
    let live = |c: &&Candidate<'_>| c.role.is_some() && c.cannot.is_empty();
    if found.iter().any(|c| live(&c)) {
        lines.line(0, "operations:");
    } else {
        lines.note(0, &format!("{TO_FILL_IN}: no operation is known by name. Take `{{}}` away and the `#` from those that are called,"));
        lines.note(0, "and name them submit, query, supplement or withdraw.");
        findings.to_fill_in += 1;
        lines.line(0, "operations: {}");
    }
    for role in ROLES {
        for candidate in found.iter().filter(live).filter(|c| c.role == Some(role)) {
            write_operation(candidate, description, known, lines, findings);
            lines.blank();
        }
    }
    for candidate in found.iter().filter(|c| !live(c)) {
        match lines.len() < BYTES_MAX {
            true => write_operation(candidate, description, known, lines, findings),
            false => lines.note(
                2,
                &format!(
                    "{}: see the WSDL; this file is long enough",
                    candidate.operation.name
                ),
            ),
        }
        lines.blank();
    }
}

fn tables(known: &KnownNames, lines: &mut Lines, findings: &mut Findings) {
    let used: Vec<&str> = TABLES
        .into_iter()
        .filter(|table| lines.holds(&format!("code('{table}')")))
        .collect();
    if used.is_empty() {
        return;
    }
    lines.line(0, "codes: # a guess: compare each with the partner's own");
    for table in used {
        let codes = known.codes(table);
        let codes: Vec<String> = codes
            .iter()
            .map(|(word, code)| format!("{word}: {}", quoted(code)))
            .collect();
        let codes = codes.join(", ");
        lines.line(2, &format!("{table}: {{ {codes} }}"));
        findings.guesses.push(Guess {
            at: format!("codes.{table}"),
            value: codes,
        });
    }
    lines.blank();
}

fn closing(lines: &mut Lines) {
    lines.note(0, "How the partner tells us of progress stands under `feedback` (a callback) or `poll`; no WSDL of its own says it:");
    lines.note(0, "docs/system-definition.md, Feedback.");
}
