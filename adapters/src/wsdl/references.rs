//! References of encoded messages put in place (SOAP 1.1, 5.1 and 5.4.1: `href` and `id`; SOAP 1.2 part 2, 3.1.5: `ref` and `id`).
//!
//! Old stacks write each object once beside the message (`multiRef`) and refer to it. The reader of values wants a tree, so such a
//! message is written anew with every reference replaced by what it refers to: its content, its attributes, and the prefixes that
//! its names and type names need. Messages without references are not touched. Copies are counted; circles end at a bound.

use crate::codec::{CodecFault, CodecFaultKind, ValueLimits};
use crate::schema::known::ENCODING_12;
use crate::soap::SoapVersion;
use crate::xml::{PositionedElement, TreeLimits, escape_text, parse_positioned};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The message without references.
pub(super) fn in_place<'t>(
    text: &'t str,
    version: SoapVersion,
    limits: &ValueLimits,
) -> Result<Cow<'t, str>, CodecFault> {
    let mark = match version {
        SoapVersion::V11 => "href",
        SoapVersion::V12 => "ref",
    };
    if !text.contains(mark) {
        return Ok(Cow::Borrowed(text));
    }
    let bounds = TreeLimits {
        depth: limits.depth,
        elements: limits.nodes,
        attributes: limits.attributes,
    };
    // What is broken is told by the reader of values, with its place.
    let Ok(root) = parse_positioned(text, &bounds) else {
        return Ok(Cow::Borrowed(text));
    };
    let mut targets = HashMap::new();
    let mut open = vec![&root];
    while let Some(element) = open.pop() {
        if let Some(id) = identity(element, version) {
            targets.entry(id).or_insert(element);
        }
        open.extend(element.children.iter().rev());
    }
    let mut copy = Copy {
        targets,
        version,
        out: String::with_capacity(text.len() * 2),
        nodes: limits.nodes,
        bytes: limits.bytes,
        depth: limits.depth,
        inside: HashSet::new(),
    };
    match copy.element(&root, &root, &[], 0) {
        Some(()) => Ok(Cow::Owned(copy.out)),
        None => Err(CodecFault {
            path: "/Envelope/Body".to_owned(),
            position: None,
            kind: CodecFaultKind::Reference,
        }),
    }
}

fn identity(element: &PositionedElement, version: SoapVersion) -> Option<&str> {
    match version {
        SoapVersion::V11 => element.attribute("id"),
        SoapVersion::V12 => element.attribute_in(ENCODING_12, "id"),
    }
}

struct Copy<'e> {
    targets: HashMap<&'e str, &'e PositionedElement>,
    version: SoapVersion,
    out: String,
    nodes: usize,
    bytes: usize,
    depth: usize,
    /// References that are being put in place.
    inside: HashSet<&'e str>,
}

impl<'e> Copy<'e> {
    /// Writes `content` under the name of `named`. `None` beyond a bound, or where a reference leads nowhere.
    fn element(
        &mut self,
        named: &'e PositionedElement,
        content: &'e PositionedElement,
        bound: &[(&'e str, &'e str)],
        depth: usize,
    ) -> Option<()> {
        self.nodes = self.nodes.checked_sub(1)?;
        if depth > self.depth || self.out.len() > self.bytes {
            return None;
        }
        if let Some(id) = self.reference(content) {
            let target = self.targets.get(id).copied()?;
            // An object inside itself is no tree.
            if !self.inside.insert(id) {
                return None;
            }
            self.element(named, target, bound, depth)?;
            self.inside.remove(id);
            return Some(());
        }
        let needed = content.bindings();
        let mut scope: Vec<(&str, &str)> = bound.to_vec();
        let mut declarations = Vec::new();
        for (prefix, uri) in &needed {
            // The name is written with a prefix of its own, so no default namespace is ever needed but for values.
            if !scope.contains(&(*prefix, *uri)) {
                scope.retain(|(known, _)| known != prefix);
                scope.push((prefix, uri));
                declarations.push((*prefix, *uri));
            }
        }
        let prefix = match named.namespace.is_empty() {
            true => None,
            false => Some("ref-ns"),
        };
        self.out.push('<');
        self.qualified(prefix, &named.name);
        if prefix.is_some() {
            self.declaration("ref-ns", &named.namespace);
        } else if needed
            .iter()
            .any(|(prefix, uri)| prefix.is_empty() && !uri.is_empty())
        {
            // An unqualified name under a default namespace: a value in it could not be unprefixed anyway.
            declarations.retain(|(prefix, _)| !prefix.is_empty());
            scope.retain(|(prefix, _)| !prefix.is_empty());
            self.out.push_str(" xmlns=\"\"");
            scope.push(("", ""));
        }
        for (prefix, uri) in declarations {
            self.declaration(prefix, uri);
        }
        self.attributes(content, &scope);
        self.out.push('>');
        self.out.push_str(&escape_text(&content.text));
        for child in &content.children {
            self.element(child, child, &scope, depth + 1)?;
        }
        self.out.push_str("</");
        self.qualified(prefix, &named.name);
        self.out.push('>');
        Some(())
    }

    fn attributes(&mut self, content: &PositionedElement, scope: &[(&str, &str)]) {
        for (namespace, local, value) in &content.attributes {
            if namespace.is_empty() && local == "id" {
                continue;
            }
            self.out.push(' ');
            if &**namespace == crate::xml::XML_NAMESPACE {
                self.out.push_str("xml:");
            } else if !namespace.is_empty() {
                // Bound where the attribute stands, and so in scope here too.
                let known = scope
                    .iter()
                    .find(|(p, uri)| !p.is_empty() && *uri == &**namespace);
                if let Some((prefix, _)) = known {
                    self.out.push_str(prefix);
                    self.out.push(':');
                }
            }
            self.out.push_str(local);
            self.out.push_str("=\"");
            self.attribute_text(value);
            self.out.push('"');
        }
    }

    fn declaration(&mut self, prefix: &str, uri: &str) {
        self.out.push_str(" xmlns");
        if !prefix.is_empty() {
            self.out.push(':');
            self.out.push_str(prefix);
        }
        self.out.push_str("=\"");
        self.attribute_text(uri);
        self.out.push('"');
    }

    fn qualified(&mut self, prefix: Option<&str>, local: &str) {
        if let Some(prefix) = prefix {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
    }

    fn attribute_text(&mut self, text: &str) {
        self.out.push_str(&escape_text(text).replace('"', "&quot;"));
    }

    fn reference(&self, element: &'e PositionedElement) -> Option<&'e str> {
        match self.version {
            SoapVersion::V11 => element.attribute("href")?.strip_prefix('#'),
            SoapVersion::V12 => {
                let written = element.attribute_in(ENCODING_12, "ref")?;
                Some(written.trim_start_matches('#'))
            }
        }
    }
}
