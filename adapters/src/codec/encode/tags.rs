//! Tags and prefixes (Namespaces in XML 1.0, sections 3 and 6).

use super::{Mark, Outcome, TagName, Writing, beyond};

impl Writing<'_, '_> {
    /// `<p:name` with what must be declared for it.
    pub(super) fn start(&mut self, name: TagName<'_>) -> Outcome<Mark> {
        self.nodes += 1;
        let limits = &self.options.limits;
        if self.nodes > limits.nodes {
            return Err(beyond("nodes", limits.nodes));
        }
        if self.out.len() > limits.bytes {
            return Err(beyond("bytes", limits.bytes));
        }
        let mark = Mark {
            undo: self.undo.len(),
            foreign: self.foreign.len(),
        };
        match name {
            TagName::Declared(element) => {
                self.out.push_str(&element.open);
                self.declare(element.namespace.0);
            }
            TagName::Free { namespace, local } => {
                self.out.push('<');
                let at = self.out.len();
                self.out.push_str(local);
                let prefix = self.prefix_for(namespace);
                if !prefix.is_empty() {
                    self.out.insert(at, ':');
                    self.out.insert_str(at, &prefix);
                }
            }
        }
        Ok(mark)
    }

    /// Ends an open start tag without content, or the element.
    pub(super) fn end(&mut self, name: TagName<'_>, empty: bool) {
        if empty {
            self.out.push_str("/>");
            return;
        }
        match name {
            TagName::Declared(element) => self.out.push_str(&element.close),
            TagName::Free { namespace, local } => {
                let prefix = self.known_prefix(namespace).map(str::to_owned);
                self.out.push_str("</");
                if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty()) {
                    self.out.push_str(&prefix);
                    self.out.push(':');
                }
                self.out.push_str(local);
                self.out.push('>');
            }
        }
    }

    pub(super) fn take_back(&mut self, mark: &Mark) {
        while self.undo.len() > mark.undo {
            if let Some(namespace) = self.undo.pop() {
                self.declared[namespace as usize] = false;
            }
        }
        self.foreign.truncate(mark.foreign);
    }

    /// Declares a namespace of the schema in the open start tag, unless it is.
    #[inline]
    pub(super) fn declare(&mut self, namespace: u32) {
        if !self.declared[namespace as usize] {
            self.declared[namespace as usize] = true;
            self.undo.push(namespace);
            self.out
                .push_str(&self.codec.declarations[namespace as usize]);
        }
    }

    pub(super) fn known_prefix(&self, uri: &str) -> Option<&str> {
        if let Some(namespace) = self.codec.namespace_ids.get(uri) {
            return Some(&self.codec.prefixes[*namespace as usize]);
        }
        let found = self.foreign.iter().rev().find(|(known, _)| known == uri);
        found.map(|(_, prefix)| prefix.as_str())
    }

    /// The prefix of any namespace, declared in the open start tag if it is not yet.
    pub(super) fn prefix_for(&mut self, uri: &str) -> String {
        if let Some(namespace) = self.codec.namespace_ids.get(uri) {
            self.declare(*namespace);
            return self.codec.prefixes[*namespace as usize].to_string();
        }
        if let Some(known) = self.known_prefix(uri) {
            return known.to_owned();
        }
        self.foreign_count += 1;
        let prefix = format!("x{}", self.foreign_count);
        let declaration = crate::codec::compile::declaration(&prefix, uri);
        self.out.push_str(&declaration);
        self.foreign.push((uri.to_owned(), prefix.clone()));
        prefix
    }
}
