//! One operation of a draft.

use super::Guess;
use super::known_names::KnownNames;
use super::lines::{Lines, is_member, plain_or_quoted, quoted};
use super::mapping::{Findings, TO_FILL_IN, write_parts, write_shape};
use super::roles::{Candidate, sight};
use super::shape::{Inside, Part, shape_of};
use super::simple::one_line;
use crate::exchange::Operation as Role;
use crate::wsdl::{Body, Description, Use};

/// Writes an operation under its role, or under its own name, commented out, where it has none.
pub(super) fn write_operation(
    candidate: &Candidate<'_>,
    description: &Description,
    known: &KnownNames,
    lines: &mut Lines,
    findings: &mut Findings,
) {
    let operation = candidate.operation;
    let documentation = one_line(&operation.documentation);
    if !documentation.is_empty() {
        lines.note(2, &documentation);
    }
    for why in &candidate.cannot {
        lines.note(
            2,
            &format!("A definition cannot say this yet: {}", one_line(why)),
        );
    }
    let input = operation.input.as_ref();
    if input.is_some_and(|message| matches!(message.body_use, Use::Encoded(_))) {
        lines.note(2, "The WSDL asks for the encoded use; a call is written literal, which most such servers take.");
    }
    let live = candidate.role.is_some() && candidate.cannot.is_empty();
    match live {
        true => write_live(candidate, description, known, lines, findings),
        false => lines.commented(2, |lines| {
            write_live(candidate, description, known, lines, findings);
        }),
    }
}

fn write_live(
    candidate: &Candidate<'_>,
    description: &Description,
    known: &KnownNames,
    lines: &mut Lines,
    findings: &mut Findings,
) {
    let operation = candidate.operation;
    let role = candidate.role;
    match role {
        Some(role) => {
            let because = &candidate.because;
            let name = &operation.name;
            lines.line(
                2,
                &format!(
                    "{}: # the operation {name}: a guess {because}",
                    role.as_str()
                ),
            );
            if !lines.is_commented() {
                findings.guesses.push(Guess {
                    at: format!("operations.{}", role.as_str()),
                    value: format!("{} ({because})", operation.name),
                });
            }
        }
        None => lines.line(
            2,
            &format!(
                "{}: # submit, query, supplement or withdraw?",
                plain_or_quoted(&operation.name)
            ),
        ),
    }
    let call: &str = match &candidate.request {
        Some(request) => &request.key,
        None => &operation.name,
    };
    lines.line(4, &format!("call: {}", plain_or_quoted(call)));
    if operation.soap_action != call {
        lines.line(4, &format!("action: {}", quoted(&operation.soap_action)));
    }
    if let Some(Inside::Parts(parts)) = candidate.request.as_ref().map(|r| &r.inside)
        && !parts.is_empty()
    {
        let path = format!(
            "operations.{}.request",
            role.map_or(operation.name.as_str(), |role| role.as_str())
        );
        let sight = sight(known, role);
        let any = parts.iter().any(|part| sight.stands(part));
        match any || lines.is_commented() {
            true => {
                lines.line(4, "request:");
                write_parts(parts, sight, (&path, 6), lines, findings);
            }
            // A mapping without entries cannot be opened by taking comments away.
            false => lines.commented(4, |lines| {
                lines.line(4, "request:");
                write_parts(parts, sight, (&path, 6), lines, findings);
            }),
        }
    }
    write_reply(candidate, description, known, lines, findings);
}

fn write_reply(
    candidate: &Candidate<'_>,
    description: &Description,
    known: &KnownNames,
    lines: &mut Lines,
    findings: &mut Findings,
) {
    let operation = candidate.operation;
    let role = candidate.role.unwrap_or(Role::Submit);
    lines.line(4, "reply:");
    let Some(output) = &operation.output else {
        lines.note(6, "One-way: no answer is described but that of HTTP.");
        lines.line(6, "read: text");
        rules(
            role,
            "http.status in [200, 202, 204]",
            None,
            lines,
            findings,
        );
        return;
    };
    let answer = match &output.body {
        Body::Element { element, .. } => Some(shape_of(&description.schema, *element)),
        Body::Empty | Body::Elements(_) => None,
    };
    let parts: &[Part] = match answer.as_ref().map(|answer| &answer.inside) {
        Some(Inside::Parts(parts)) => parts,
        _ => &[],
    };
    // What wraps one value is taken off.
    let (at, parts): (Option<&str>, &[Part]) = match parts {
        [only] if !only.repeats && is_member(&only.key) => match &only.inside {
            Inside::Parts(inner) => (Some(&only.key), inner),
            Inside::Text(_) | Inside::Open(_) => (Some(&only.key), &parts[..1]),
        },
        parts => (None, parts),
    };
    match parts.is_empty() {
        true => lines.note(6, "The WSDL describes nothing in the answer."),
        false => {
            lines.note(6, "`reply` holds:");
            write_shape(parts, 6, 1, lines);
        }
    }
    for fault in &operation.faults {
        lines.note(
            6,
            &format!(
                "Announced fault {}: fault.detail.{}",
                fault.name,
                description.element_name(fault.element).local
            ),
        );
    }
    if let Some(at) = at {
        lines.line(
            6,
            &format!("read: {{ as: soap, at: {} }}", plain_or_quoted(at)),
        );
    }
    let is_text = matches!((at, parts), (Some(at), [only]) if only.key == at);
    let code = named(parts, "code", known).filter(|_| !is_text);
    let perhaps = match (is_text, code) {
        (true, _) => "reply == '1'".to_owned(),
        (_, Some(code)) => format!("reply.{code} == '0'"),
        _ => String::new(),
    };
    let known_parts = Known {
        code,
        reason: named(parts, "reason", known).filter(|_| !is_text),
        partner_no: named(parts, "partner_no", known).filter(|_| !is_text),
        perhaps,
    };
    rules(role, "", Some(&known_parts), lines, findings);
}

/// Parts of an answer that are known by name.
struct Known<'p> {
    code: Option<&'p str>,
    reason: Option<&'p str>,
    partner_no: Option<&'p str>,
    perhaps: String,
}

fn named<'p>(parts: &'p [Part], meaning: &str, known: &KnownNames) -> Option<&'p str> {
    let single = parts.iter().filter(|part| {
        !part.repeats && is_member(&part.key) && matches!(part.inside, Inside::Text(_))
    });
    let mut named = single.filter(|part| known.meaning("reply", &part.key) == Some(meaning));
    named.next().map(|part| part.key.as_str())
}

/// Rules over the answer. What means success no WSDL says, so no rule holds until a person writes one: the outcome of a call is then
/// unknown, and never a success by mistake.
fn rules(
    role: Role,
    certain: &str,
    known: Option<&Known<'_>>,
    lines: &mut Lines,
    findings: &mut Findings,
) {
    let mut open = |name: &str, words: &str, lines: &mut Lines| {
        if !lines.is_commented() {
            findings.to_fill_in += 1;
        }
        lines.line(6, &format!("{name}: \"= false\" # {TO_FILL_IN}: {words}"));
    };
    let perhaps = known.map_or("", |known| known.perhaps.as_str());
    let perhaps = match perhaps.is_empty() {
        true => String::new(),
        false => format!("; perhaps \"= {perhaps}\""),
    };
    if role == Role::Query {
        open("found", "when is the case there?", lines);
        open("unknown", "when is there none of that number?", lines);
        open(
            "ours",
            "what proves that it is ours, for example the applicant's name?",
            lines,
        );
    } else if certain.is_empty() {
        open(
            "accepted",
            &format!("which answer means that it was taken{perhaps}"),
            lines,
        );
        lines.line(
            6,
            "# already_there: \"= …\" # it had it before; needs operations.query as proof",
        );
        lines.line(6, "# refused: \"= …\" # a person must look");
        lines.line(6, "# unavailable: \"= …\" # try again later");
    } else {
        lines.line(6, &format!("accepted: {}", quoted(&format!("= {certain}"))));
    }
    let Some(known) = known else { return };
    let mut rule = |name: &str, part: Option<&str>| {
        if let Some(part) = part {
            let value = format!("reply.{part} | default('')");
            if !lines.is_commented() {
                findings.guesses.push(Guess {
                    at: format!("operations.{}.reply.{name}", role.as_str()),
                    value: value.clone(),
                });
            }
            lines.line(6, &format!("{name}: {}", quoted(&format!("= {value}"))));
        }
    };
    if role != Role::Query {
        rule("code", known.code);
        rule("reason", known.reason);
    }
    rule("partner_no", known.partner_no);
}
