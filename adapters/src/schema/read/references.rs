//! What a qualified name stands for (XML Schema part 1, 3.15.3; part 2, 3.2.18).

use super::{Builder, Context, Read};
use crate::schema::XML_SCHEMA;
use crate::schema::builtin::{BuiltIn, is_draft};
use crate::schema::fault::{ComponentKind, ExpandedName, FaultKind, WarningKind};
use crate::schema::known;
use crate::schema::names::*;
use crate::xml::PositionedElement;

impl Builder<'_> {
    /// The component that a qualified name stands for.
    pub(super) fn referred(
        &mut self,
        element: &PositionedElement,
        name: &str,
        kind: ComponentKind,
        context: Context,
    ) -> Read<u32> {
        let document = &self.documents[context.document];
        let Some((namespace, local)) = element.qualified(name) else {
            let kind = FaultKind::Prefix(name.trim().to_owned());
            return Err(self.fault(context.document, element, kind));
        };
        let namespace = match namespace {
            "" if document.chameleon => &document.namespace,
            namespace => namespace,
        };
        if kind == ComponentKind::Type
            && let Some(built_in) = self.built_in_type(namespace, local)
        {
            return Ok(built_in.0);
        }
        if kind == ComponentKind::Element
            && namespace == XML_SCHEMA
            && let Some(schema) = self.schema.element(namespace, local)
        {
            return Ok(schema.0);
        }
        if let Some(entry) = self.entry(kind, namespace, local) {
            if namespace != document.namespace && !document.imports.contains(namespace) {
                self.not_imported(context.document, element, namespace);
            }
            // Inside a redefinition its own name means what is redefined (4.2.2).
            let entry = match context.redefines {
                Some(own) if own == entry => self.entries[own].original.unwrap_or(entry),
                _ => entry,
            };
            return Ok(self.entry_id(entry));
        }
        self.elsewhere(element, name, (namespace, local), kind, context)
    }

    pub(super) fn entry(&self, kind: ComponentKind, namespace: &str, local: &str) -> Option<usize> {
        let name = self.schema.names.find(namespace, local)?;
        self.index.get(&(kind, name)).copied()
    }

    pub(super) fn built_in_type(&self, namespace: &str, local: &str) -> Option<TypeId> {
        if namespace == XML_SCHEMA {
            if let Some(found) = self.schema.type_named(XML_SCHEMA, local) {
                return Some(found);
            }
            // A mistake seen in descriptions: a type of XML Schema that exists in its drafts only.
        } else if !is_draft(namespace) {
            return None;
        }
        let name = match local {
            "ur-type" => "anyType",
            other => BuiltIn::named(other).map_or(other, |known| known.name()),
        };
        self.schema.type_named(XML_SCHEMA, name)
    }

    /// A name that is not where it says, and has only one place where it can be meant.
    pub(super) fn elsewhere(
        &mut self,
        element: &PositionedElement,
        written: &str,
        (namespace, local): (&str, &str),
        kind: ComponentKind,
        context: Context,
    ) -> Read<u32> {
        if kind == ComponentKind::Type && known::is_without_schema(namespace) {
            return Ok(self.any_type().0);
        }
        let target = self.documents[context.document].namespace.clone();
        if !written.contains(':') {
            let in_target = self.entry(kind, &target, local);
            let built_in = (kind == ComponentKind::Type)
                .then(|| self.built_in_type(XML_SCHEMA, local))
                .flatten();
            let taken = match (in_target, built_in) {
                (Some(entry), _) => Some((self.entry_id(entry), target.as_str())),
                (None, Some(built_in)) => Some((built_in.0, XML_SCHEMA)),
                (None, None) => None,
            };
            if let Some((id, namespace)) = taken {
                let kind = WarningKind::Reference {
                    written: written.to_owned(),
                    taken: ExpandedName::new(namespace, local),
                };
                self.warn(context.document, element, kind);
                return Ok(id);
            }
        }
        let name = ExpandedName::new(namespace, local);
        let near = self.near(kind, local);
        let unread = self.unread.first().cloned();
        let missing = FaultKind::Missing {
            kind,
            name,
            near,
            unread,
        };
        Err(self.fault(context.document, element, missing))
    }

    /// A component of the same local name elsewhere, or of one that differs in case only.
    pub(super) fn near(&self, kind: ComponentKind, local: &str) -> Option<ExpandedName> {
        let names = || {
            let of_kind = self.entries.iter().filter(|entry| entry.kind == kind);
            of_kind.map(|entry| self.schema.names.parts(entry.name))
        };
        let same = names().find(|(_, known)| *known == local);
        let cased = || names().find(|(_, known)| known.eq_ignore_ascii_case(local));
        same.or_else(cased)
            .map(|(namespace, local)| ExpandedName::new(namespace, local))
    }

    pub(super) fn not_imported(
        &mut self,
        document: usize,
        element: &PositionedElement,
        namespace: &str,
    ) {
        if self.unimported.insert((document, namespace.to_owned())) {
            let kind = WarningKind::NotImported(namespace.to_owned());
            self.warn(document, element, kind);
        }
    }

    pub(super) fn type_reference(
        &mut self,
        element: &PositionedElement,
        name: &str,
        context: Context,
    ) -> Read<TypeId> {
        self.referred(element, name, ComponentKind::Type, context)
            .map(TypeId)
    }

    pub(super) fn any_type(&self) -> TypeId {
        // The first type that is built in.
        TypeId(0)
    }

    pub(super) fn any_simple_type(&self) -> TypeId {
        self.schema
            .type_named(XML_SCHEMA, "anySimpleType")
            .unwrap_or(TypeId(0))
    }
}
