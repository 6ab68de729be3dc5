//! The mapping of a message: required parts stand, optional ones are commented out, and what is known by name is filled in.

use super::Guess;
use super::known_names::KnownNames;
use super::lines::{Lines, is_literal, plain_or_quoted, quoted};
use super::shape::{Inside, Part};
use super::simple::{Simple, SimpleKind, one_line};
use std::collections::BTreeSet;

/// What a person looks for in a draft.
pub(super) const TO_FILL_IN: &str = "TO FILL IN";

/// Which names are known where a message is filled in.
#[derive(Clone, Copy)]
pub(super) struct Sight<'k> {
    pub(super) known: &'k KnownNames,
    pub(super) sections: &'k [&'k str],
    pub(super) in_material: bool,
}

const IN_MATERIAL: &[&str] = &["material"];

/// What came of writing.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) guesses: Vec<Guess>,
    pub(super) to_fill_in: usize,
}

impl Sight<'_> {
    /// The expression for a part, by its name.
    pub(super) fn guess(&self, part: &Part) -> Option<String> {
        let Inside::Text(simple) = &part.inside else {
            return None;
        };
        if part.repeats {
            return None;
        }
        let mut sections = self.sections.iter();
        let meaning = sections.find_map(|section| self.known.meaning(section, &part.key))?;
        fitted(meaning, simple)
    }

    fn is_materials(&self, part: &Part) -> bool {
        part.repeats
            && !self.in_material
            && matches!(part.inside, Inside::Parts(_))
            && self.known.meaning("lists", &part.key) == Some("materials")
            && self.names_material(part)
    }

    fn names_material(&self, part: &Part) -> bool {
        let sight = self.inside_material();
        matches!(&part.inside, Inside::Parts(parts) if parts.iter().any(|part| sight.stands_by_name(part)))
    }

    fn inside_material(&self) -> Self {
        Self {
            known: self.known,
            sections: IN_MATERIAL,
            in_material: true,
        }
    }

    /// What is known inside a part. In a list that is not one of materials a name is that of something else.
    fn inside(&self, part: &Part) -> Self {
        match part.repeats && !self.in_material {
            true => Self {
                sections: &[],
                ..*self
            },
            false => *self,
        }
    }

    fn guesses_in(&self, part: &Part) -> bool {
        match &part.inside {
            Inside::Text(_) => self.guess(part).is_some(),
            Inside::Parts(parts) => {
                let inside = self.inside(part);
                parts.iter().any(|part| inside.stands_by_name(part))
            }
            Inside::Open(_) => false,
        }
    }

    /// Whether a text probably holds a whole document.
    fn is_document(&self, part: &Part) -> bool {
        let Inside::Text(simple) = &part.inside else {
            return false;
        };
        let free = simple.kind == SimpleKind::Text && !simple.enumerated && !part.repeats;
        free && self.known.meaning("documents", &part.key).is_some()
    }

    fn stands_by_name(&self, part: &Part) -> bool {
        let known = self.is_materials(part) || self.guesses_in(part) || self.is_document(part);
        known && !part.alternative
    }

    /// Whether a part stands in the draft, where its surroundings do.
    pub(super) fn stands(&self, part: &Part) -> bool {
        let shown = !matches!(part.inside, Inside::Open(_)) && !part.key.is_empty();
        shown && (part.required || self.stands_by_name(part))
    }

    /// Namespaces of the elements that stand at and under a part.
    pub(super) fn namespaces<'p>(&self, part: &'p Part, out: &mut BTreeSet<&'p str>) {
        if part.key.starts_with(['@', '#']) || !self.stands(part) {
            return;
        }
        out.insert(&part.namespace);
        self.namespaces_inside(part, out);
    }

    /// The same of what a part holds.
    pub(super) fn namespaces_inside<'p>(&self, part: &'p Part, out: &mut BTreeSet<&'p str>) {
        let inside = match self.is_materials(part) {
            true => self.inside_material(),
            false => self.inside(part),
        };
        if let Inside::Parts(parts) = &part.inside {
            for part in parts {
                inside.namespaces(part, out);
            }
        }
    }

    /// How many parts are known by name.
    pub(super) fn known_parts(&self, part: &Part) -> usize {
        match &part.inside {
            Inside::Text(_) => usize::from(self.guess(part).is_some()),
            Inside::Parts(parts) => {
                let inside = self.inside(part);
                parts.iter().map(|part| inside.known_parts(part)).sum()
            }
            Inside::Open(_) => 0,
        }
    }
}

/// The expression in the form of the type; none where the type cannot hold it.
fn fitted(meaning: &str, simple: &Simple) -> Option<String> {
    let is_moment = matches!(meaning, "case.submitted_at");
    let expression = match (simple.kind, is_moment) {
        (SimpleKind::Moment, true) => format!("{meaning} | date('%Y-%m-%dT%H:%M:%S+08:00')"),
        (SimpleKind::Date, true) => format!("{meaning} | date('%Y-%m-%d')"),
        (SimpleKind::Text, true) => format!("{meaning} | date('%Y-%m-%d %H:%M:%S')"),
        (SimpleKind::Text, false) if !simple.enumerated || meaning.contains("code(") => {
            meaning.to_owned()
        }
        (SimpleKind::Whole, false) if matches!(meaning, "material.seq" | "material.size") => {
            meaning.to_owned()
        }
        _ => return None,
    };
    Some(expression)
}

/// Writes the parts of a mapping.
pub(super) fn write_parts(
    parts: &[Part],
    sight: Sight<'_>,
    place: (&str, usize),
    lines: &mut Lines,
    findings: &mut Findings,
) {
    let mut seen: Vec<&str> = Vec::new();
    for part in parts {
        let again = seen.contains(&part.key.as_str());
        let live = sight.stands(part) && !again;
        if live {
            seen.push(&part.key);
        }
        match live || lines.is_commented() {
            true => write_part(part, sight, place, lines, findings),
            false => {
                lines.commented(place.1, |lines| {
                    write_part(part, sight, place, lines, findings);
                });
                if part.required {
                    findings.to_fill_in += 1;
                }
            }
        }
    }
}

fn write_part(
    part: &Part,
    sight: Sight<'_>,
    (path, indent): (&str, usize),
    lines: &mut Lines,
    findings: &mut Findings,
) {
    let path = format!("{path}.{}", part.key);
    let key = plain_or_quoted(&part.key);
    match &part.inside {
        Inside::Open(why) if part.key.is_empty() => lines.note(indent, why),
        Inside::Open(why) => {
            let note = note(part, why, part.required);
            lines.line(indent, &format!("{key}: \"\"{note}"));
        }
        Inside::Text(simple) => {
            let (value, open) = value(part, sight, &path, lines.is_commented(), findings);
            if open && !lines.is_commented() {
                findings.to_fill_in += 1;
            }
            let mut words = simple.words.clone();
            if open && sight.is_document(part) {
                words.push_str("; a document as text? then { $xml: { ROOT: … } } or { $json: … }");
            }
            let note = note(part, &words, open);
            lines.line(indent, &format!("{key}: {value}{note}"));
        }
        Inside::Parts(parts) if sight.is_materials(part) => {
            lines.line(indent, &format!("{key}:{}", note(part, "", false)));
            lines.line(indent + 2, "$each: \"= materials\"");
            lines.line(indent + 2, "$as: material");
            lines.line(indent + 2, "$item:");
            if !lines.is_commented() {
                findings.guesses.push(Guess {
                    at: path.clone(),
                    value: "one for each of the materials".to_owned(),
                });
            }
            let sight = sight.inside_material();
            write_parts(parts, sight, (&path, indent + 4), lines, findings);
        }
        Inside::Parts(parts) => {
            let sight = sight.inside(part);
            let empty = !lines.is_commented() && !parts.iter().any(|part| sight.stands(part));
            let (value, words) = match (empty, parts.is_empty()) {
                (true, false) => (
                    " \"\"",
                    "all that it holds is optional: write it in place of the empty text",
                ),
                (_, true) => (" \"\"", "holds nothing"),
                (false, false) => ("", ""),
            };
            lines.line(
                indent,
                &format!("{key}:{value}{}", note(part, words, false)),
            );
            write_parts(parts, sight, (&path, indent + 2), lines, findings);
        }
    }
}

/// The value to write, and whether it is for a person to find.
fn value(
    part: &Part,
    sight: Sight<'_>,
    path: &str,
    commented: bool,
    findings: &mut Findings,
) -> (String, bool) {
    if let Some(value) = part.value.as_deref().filter(|value| is_literal(value)) {
        return (quoted(value), false);
    }
    let Some(expression) = sight.guess(part) else {
        return (quoted(""), part.required || sight.is_document(part));
    };
    if !commented {
        findings.guesses.push(Guess {
            at: path.to_owned(),
            value: expression.clone(),
        });
    }
    (quoted(&format!("= {expression}")), false)
}

/// The comment behind a part.
fn note(part: &Part, words: &str, open: bool) -> String {
    let mut notes = Vec::new();
    if open {
        notes.push(TO_FILL_IN.to_owned());
    }
    if !part.required {
        notes.push("optional".to_owned());
    }
    if part.repeats {
        notes.push("may occur several times: a list".to_owned());
    }
    notes.extend(part.remarks.iter().cloned());
    if !words.is_empty() {
        notes.push(words.to_owned());
    }
    let mut text = notes.join("; ");
    let documentation = one_line(&part.documentation);
    if !documentation.is_empty() {
        if !text.is_empty() {
            text.push_str(" – ");
        }
        text.push_str(&documentation);
    }
    match text.is_empty() {
        true => text,
        false => format!(" # {text}"),
    }
}

/// What an answer holds, as comments.
pub(super) fn write_shape(parts: &[Part], indent: usize, depth: usize, lines: &mut Lines) {
    /// Levels of an answer that are shown.
    const SHOWN: usize = 4;
    for part in parts {
        let pad = "  ".repeat(depth);
        match &part.inside {
            Inside::Open(why) if part.key.is_empty() => lines.note(indent, &format!("{pad}{why}")),
            Inside::Open(why) => lines.note(
                indent,
                &format!("{pad}{}{}", part.key, note(part, why, false)),
            ),
            Inside::Text(simple) => {
                let note = note(part, &simple.words, false);
                lines.note(indent, &format!("{pad}{}{note}", part.key));
            }
            Inside::Parts(inner) => {
                lines.note(
                    indent,
                    &format!("{pad}{}:{}", part.key, note(part, "", false)),
                );
                match depth < SHOWN {
                    true => write_shape(inner, indent, depth + 1, lines),
                    false => lines.note(indent, &format!("{pad}  …")),
                }
            }
        }
    }
}
