//! Types that a value or the encoded use names (part 1, 2.6.1; SOAP 1.1, 5.1).

use super::{Outcome, Writing, failure};
use crate::codec::fault::CodecFaultKind;
use crate::codec::table::*;
use crate::codec::value::Value;

impl Writing<'_, '_> {
    pub(super) fn type_attribute(&mut self, kind: &CompiledType) {
        let Some(name) = kind.name else { return };
        let namespace = self.codec.names.namespace_of(name).0;
        self.declare(self.instance);
        self.declare(namespace);
        self.out.push_str(" xsi:type=\"");
        let prefix = &self.codec.prefixes[namespace as usize];
        if !prefix.is_empty() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(self.codec.names.local(name));
        self.out.push('"');
    }

    /// The type that `@xsi:type` names: `{namespace}local`, with a prefix of ours, or by its local name alone.
    pub(super) fn named_type(&self, named: &Value<'_>, declared: u32) -> Outcome<u32> {
        let codec = self.codec;
        let written = named.as_text().unwrap_or_default().trim();
        let unknown = || failure(CodecFaultKind::Type(written.to_owned()));
        let fits = |found: &u32| codec.derives(*found, declared);
        if let Some((namespace, local)) = self.name_parts(written) {
            let found = codec
                .namespace_ids
                .get(namespace)
                .and_then(|namespace| codec.name(*namespace, local))
                .and_then(|name| codec.global_types.get(&name).copied());
            return found.filter(fits).ok_or_else(unknown);
        }
        let mut found = codec
            .global_types
            .iter()
            .filter(|(name, id)| codec.names.local(**name) == written && fits(id));
        let only = found.next().filter(|_| found.next().is_none());
        only.map(|(_, id)| *id).ok_or_else(unknown)
    }

    /// Namespace and local part of `{namespace}local` or `prefix:local`.
    pub(super) fn name_parts<'n>(&'n self, written: &'n str) -> Option<(&'n str, &'n str)> {
        if let Some(rest) = written.strip_prefix('{') {
            return rest.split_once('}');
        }
        let (prefix, local) = written.split_once(':')?;
        let place = self
            .codec
            .prefixes
            .iter()
            .position(|known| **known == *prefix)?;
        Some((&self.codec.names.namespaces()[place], local))
    }
}
