//! Global components by kind and name, before any of them is read (XML Schema part 1, 2.5 and 4.2.2).

use super::{Builder, Entry, Read};
use crate::schema::XML_SCHEMA;
use crate::schema::builtin::BuiltIn;
use crate::schema::fault::{ComponentKind, ExpandedName, FaultKind, Place, WarningKind};
use crate::schema::load::{SchemaDocument, bound};
use crate::schema::model::*;
use crate::schema::names::*;
use crate::xml::PositionedElement;
use std::sync::Arc;

impl<'a> Builder<'a> {
    pub(super) fn built_in(&mut self) {
        let place = Place {
            location: Arc::from(XML_SCHEMA),
            line: 1,
            column: 1,
        };
        let mut add = |name: &str, kind: TypeKind| {
            let name = self.schema.names.name(XML_SCHEMA, name);
            let id = TypeId::of(self.schema.types.len());
            self.schema.types.push(TypeDefinition {
                name: Some(name),
                documentation: String::new(),
                place: place.clone(),
                kind,
            });
            self.schema.global_types.insert(name, id);
        };
        add("anyType", TypeKind::AnyType);
        for built_in in BuiltIn::ALL {
            add(
                built_in.name(),
                TypeKind::Simple(SimpleType {
                    variety: Variety::BuiltIn(*built_in),
                    facets: Facets::default(),
                }),
            );
        }
    }

    /// A schema inside a message (`ref="xs:schema"`, as typed data sets of .NET have it) may hold anything.
    pub(super) fn schema_element(&mut self) {
        let place = self.schema.types[0].place.clone();
        let name = self.schema.names.name(XML_SCHEMA, "schema");
        let id = self.schema.add_element(name, TypeId(0), false, place);
        self.schema.elements[id.index()].global = true;
        self.schema.global_elements.insert(name, id);
    }

    /// Every global component by kind and name; redefinitions replace what they redefine.
    pub(super) fn index(&mut self) -> Read<()> {
        let documents = self.documents;
        for (number, document) in documents.iter().enumerate() {
            self.prefixes(document);
            for child in &document.root.children {
                if &*child.namespace == XML_SCHEMA
                    && let Some(kind) = kind_of(&child.name)
                {
                    self.enter(number, child, kind, false)?;
                }
            }
        }
        for (number, document) in documents.iter().enumerate() {
            for redefine in document.root.children_named(XML_SCHEMA, "redefine") {
                for child in &redefine.children {
                    if let Some(kind) = kind_of(&child.name) {
                        self.enter(number, child, kind, true)?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn prefixes(&mut self, document: &SchemaDocument) {
        for (prefix, uri) in document.root.bindings() {
            if self.schema.prefixes.len() < 1024 {
                let namespace = self.schema.names.namespace(uri);
                self.schema.prefixes.push((prefix.to_owned(), namespace));
            }
        }
    }

    pub(super) fn enter(
        &mut self,
        document: usize,
        element: &'a PositionedElement,
        kind: ComponentKind,
        redefines: bool,
    ) -> Read<()> {
        let here = &self.documents[document];
        let local = self.required(document, element, "name")?.trim();
        let name = self.schema.names.name(&here.namespace, local);
        let entry = self.entries.len();
        bound("components", entry + 1, self.limits.components)
            .map_err(|fault| self.fault(document, element, fault))?;
        let known = self.index.get(&(kind, name)).copied();
        if let Some(known) = known.filter(|_| !redefines) {
            let expanded = ExpandedName::new(&*here.namespace, local);
            // The same file under two addresses, or the same schema in two WSDLs.
            if alike(self.entries[known].element, element) {
                let kind = WarningKind::Twice {
                    kind,
                    name: expanded,
                };
                self.warn(document, element, kind);
                return Ok(());
            }
            let name = expanded;
            return Err(self.fault(document, element, FaultKind::Duplicate { kind, name }));
        }
        if redefines && known.is_none() {
            let name = ExpandedName::new(&*here.namespace, local);
            let fault = FaultKind::Missing {
                kind,
                name,
                near: None,
                unread: self.unread.first().cloned(),
            };
            return Err(self.fault(document, element, fault));
        }
        self.entries.push(Entry {
            kind,
            name,
            document,
            element,
            original: known,
            id: None,
        });
        self.index.insert((kind, name), entry);
        Ok(())
    }
}

fn kind_of(element: &str) -> Option<ComponentKind> {
    match element {
        "element" => Some(ComponentKind::Element),
        "simpleType" | "complexType" => Some(ComponentKind::Type),
        "attribute" => Some(ComponentKind::Attribute),
        "group" => Some(ComponentKind::Group),
        "attributeGroup" => Some(ComponentKind::AttributeGroup),
        _ => None,
    }
}

/// Whether two elements say the same, wherever they stand and whatever words are with them.
pub(crate) fn alike(a: &PositionedElement, b: &PositionedElement) -> bool {
    let same_attributes = || {
        a.attributes.len() == b.attributes.len()
            && a.attributes.iter().all(|(space, name, value)| {
                let other = b.attribute_in(space, name);
                other.is_some_and(|other| {
                    other == value
                        || (other.contains(':') && b.qualified(other) == a.qualified(value))
                })
            })
    };
    a.name == b.name
        && a.namespace == b.namespace
        && same_attributes()
        && said(a).count() == said(b).count()
        && said(a).zip(said(b)).all(|(a, b)| alike(a, b))
}

/// Children but for words.
fn said(element: &PositionedElement) -> impl Iterator<Item = &PositionedElement> {
    let children = element.children.iter();
    children.filter(|child| !matches!(&*child.name, "annotation" | "documentation"))
}
