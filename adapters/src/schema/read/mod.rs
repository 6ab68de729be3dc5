//! Documents to components (XML Schema part 1, section 3: the XML representation of each component).
//!
//! First every global component gets its place in an index, so that the order of documents does not matter; then components are
//! built on demand and without recursion from one global component to the next, so that no chain of types is too long for the
//! stack. What is read and not used: identity constraints (3.11), notations, `block` and `final` (they forbid, and a sender that
//! breaks them is understood all the same).

mod attributes;
mod circular;
mod complex;
mod elements;
mod simple;

use super::XML_SCHEMA;
use super::builtin::{BuiltIn, XML_SCHEMA_DRAFTS};
use super::fault::{
    ComponentKind, ExpandedName, FaultKind, Place, SchemaFault, Warning, WarningKind,
};
use super::load::{Loader, SchemaDocument, bound};
use super::model::*;
use crate::xml::PositionedElement;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Longest documentation that is kept of one component, in bytes.
const DOCUMENTATION_MAX: usize = 4096;

/// The components of all documents that a loader has, with what was taken though it is wrong.
pub(crate) fn build(mut loader: Loader<'_>) -> Result<(Schema, Vec<Warning>), SchemaFault> {
    loader.add_known()?;
    let mut builder = Builder {
        documents: &loader.schemas,
        limits: loader.limits,
        unread: &loader.unread,
        schema: Schema::default(),
        index: HashMap::new(),
        entries: Vec::new(),
        waiting: VecDeque::new(),
        warnings: loader.warnings,
        unimported: HashSet::new(),
        patterns: 0,
    };
    builder.built_in();
    builder.schema_element();
    builder.index()?;
    builder.all()?;
    circular::check(&builder.schema, builder.limits.chain)?;
    Ok((builder.schema, builder.warnings))
}

/// A global component: where it is, and what became of it.
struct Entry<'a> {
    kind: ComponentKind,
    name: NameId,
    document: usize,
    element: &'a PositionedElement,
    /// What it redefines.
    original: Option<usize>,
    /// Its id in the arena of its kind, once asked for.
    id: Option<u32>,
}

/// Where a component is read: its document, and the entry that redefines another, if it is inside one.
#[derive(Clone, Copy)]
struct Context {
    document: usize,
    redefines: Option<usize>,
}

struct Builder<'a> {
    documents: &'a [SchemaDocument],
    limits: super::SchemaLimits,
    unread: &'a [String],
    schema: Schema,
    index: HashMap<(ComponentKind, NameId), usize>,
    entries: Vec<Entry<'a>>,
    waiting: VecDeque<usize>,
    warnings: Vec<Warning>,
    unimported: HashSet<(usize, String)>,
    /// Bytes of patterns so far.
    patterns: usize,
}

type Read<T> = Result<T, SchemaFault>;

impl<'a> Builder<'a> {
    fn built_in(&mut self) {
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
    fn schema_element(&mut self) {
        let place = self.schema.types[0].place.clone();
        let name = self.schema.names.name(XML_SCHEMA, "schema");
        let id = self.schema.add_element(name, TypeId(0), false, place);
        self.schema.elements[id.index()].global = true;
        self.schema.global_elements.insert(name, id);
    }

    /// Every global component by kind and name; redefinitions replace what they redefine.
    fn index(&mut self) -> Read<()> {
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

    fn prefixes(&mut self, document: &SchemaDocument) {
        for (prefix, uri) in document.root.bindings() {
            if self.schema.prefixes.len() < 1024 {
                let namespace = self.schema.names.namespace(uri);
                self.schema.prefixes.push((prefix.to_owned(), namespace));
            }
        }
    }

    fn enter(
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

    fn all(&mut self) -> Read<()> {
        for entry in 0..self.entries.len() {
            self.entry_id(entry);
        }
        while let Some(entry) = self.waiting.pop_front() {
            self.fill(entry)?;
            let components = self.schema.types.len() + self.schema.elements.len();
            let here = &self.entries[entry];
            bound("components", components, self.limits.components)
                .map_err(|kind| self.fault(here.document, here.element, kind))?;
        }
        Ok(())
    }

    /// The id of a global component, given before it is read.
    fn entry_id(&mut self, entry: usize) -> u32 {
        if let Some(id) = self.entries[entry].id {
            return id;
        }
        let (kind, name) = (self.entries[entry].kind, self.entries[entry].name);
        let here = &self.documents[self.entries[entry].document];
        let place = here.place(self.entries[entry].element);
        // Only the newest of several definitions is found by its name; originals keep ids of their own.
        let newest = self.index.get(&(kind, name)) == Some(&entry);
        let schema = &mut self.schema;
        let index = match kind {
            ComponentKind::Element => {
                let id = schema.add_element(name, TypeId(0), false, place);
                if newest {
                    schema.global_elements.insert(name, id);
                }
                id.index()
            }
            ComponentKind::Type => {
                schema.types.push(TypeDefinition {
                    name: Some(name),
                    documentation: String::new(),
                    place,
                    kind: TypeKind::AnyType,
                });
                let index = schema.types.len() - 1;
                if newest {
                    schema.global_types.insert(name, TypeId::of(index));
                }
                index
            }
            ComponentKind::Attribute => {
                schema.attributes.push(AttributeDeclaration {
                    name,
                    type_id: TypeId(0),
                    default: None,
                    fixed: None,
                    documentation: String::new(),
                    place,
                });
                let index = schema.attributes.len() - 1;
                if newest {
                    schema
                        .global_attributes
                        .insert(name, AttributeId::of(index));
                }
                index
            }
            ComponentKind::Group => {
                schema.groups.push((
                    name,
                    Particle {
                        occurs: Occurs::ONCE,
                        term: Term::Sequence(Vec::new()),
                    },
                ));
                schema.groups.len() - 1
            }
            ComponentKind::AttributeGroup => {
                schema.attribute_groups.push((name, Attributes::default()));
                schema.attribute_groups.len() - 1
            }
        };
        let id = u32::try_from(index).unwrap_or(u32::MAX);
        self.entries[entry].id = Some(id);
        self.waiting.push_back(entry);
        id
    }

    fn fill(&mut self, entry: usize) -> Read<()> {
        let Entry {
            kind,
            document,
            element,
            original,
            ..
        } = self.entries[entry];
        let index = self.entry_id(entry) as usize;
        let context = Context {
            document,
            redefines: original.map(|_| entry),
        };
        match kind {
            ComponentKind::Element => self.global_element(index, element, context),
            ComponentKind::Type => {
                let kind = match element.name.as_str() {
                    "simpleType" => TypeKind::Simple(self.simple_type(element, context)?),
                    _ => TypeKind::Complex(self.complex_type(element, context)?),
                };
                let documentation = documentation(element);
                let definition = &mut self.schema.types[index];
                definition.kind = kind;
                definition.documentation = documentation;
                Ok(())
            }
            ComponentKind::Attribute => {
                let declaration = self.attribute_declaration(element, context, true)?;
                self.schema.attributes[index] = declaration;
                Ok(())
            }
            ComponentKind::Group => {
                let particle = self.group_definition(element, context)?;
                self.schema.groups[index].1 = particle;
                Ok(())
            }
            ComponentKind::AttributeGroup => {
                let attributes = self.attributes(element, context)?;
                self.schema.attribute_groups[index].1 = attributes;
                Ok(())
            }
        }
    }

    /// The component that a qualified name stands for.
    fn referred(
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

    fn entry(&self, kind: ComponentKind, namespace: &str, local: &str) -> Option<usize> {
        let name = self.schema.names.find(namespace, local)?;
        self.index.get(&(kind, name)).copied()
    }

    fn built_in_type(&self, namespace: &str, local: &str) -> Option<TypeId> {
        if namespace == XML_SCHEMA {
            if let Some(found) = self.schema.type_named(XML_SCHEMA, local) {
                return Some(found);
            }
            // A mistake seen in descriptions: a type of XML Schema that exists in its drafts only.
        } else if !XML_SCHEMA_DRAFTS.contains(&namespace) {
            return None;
        }
        let name = match local {
            "ur-type" => "anyType",
            other => BuiltIn::named(other).map_or(other, |known| known.name()),
        };
        self.schema.type_named(XML_SCHEMA, name)
    }

    /// A name that is not where it says, and has only one place where it can be meant.
    fn elsewhere(
        &mut self,
        element: &PositionedElement,
        written: &str,
        (namespace, local): (&str, &str),
        kind: ComponentKind,
        context: Context,
    ) -> Read<u32> {
        if kind == ComponentKind::Type && super::known::is_without_schema(namespace) {
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
    fn near(&self, kind: ComponentKind, local: &str) -> Option<ExpandedName> {
        let names = || {
            let of_kind = self.entries.iter().filter(|entry| entry.kind == kind);
            of_kind.map(|entry| self.schema.names.parts(entry.name))
        };
        let same = names().find(|(_, known)| *known == local);
        let cased = || names().find(|(_, known)| known.eq_ignore_ascii_case(local));
        same.or_else(cased)
            .map(|(namespace, local)| ExpandedName::new(namespace, local))
    }

    fn not_imported(&mut self, document: usize, element: &PositionedElement, namespace: &str) {
        if self.unimported.insert((document, namespace.to_owned())) {
            let kind = WarningKind::NotImported(namespace.to_owned());
            self.warn(document, element, kind);
        }
    }

    fn type_reference(
        &mut self,
        element: &PositionedElement,
        name: &str,
        context: Context,
    ) -> Read<TypeId> {
        self.referred(element, name, ComponentKind::Type, context)
            .map(TypeId)
    }

    fn any_type(&self) -> TypeId {
        // The first type that is built in.
        TypeId(0)
    }

    fn any_simple_type(&self) -> TypeId {
        self.schema
            .type_named(XML_SCHEMA, "anySimpleType")
            .unwrap_or(TypeId(0))
    }

    /// A type that has no name.
    fn anonymous(&mut self, element: &'a PositionedElement, context: Context) -> Read<TypeId> {
        let kind = match element.name.as_str() {
            "simpleType" => TypeKind::Simple(self.simple_type(element, context)?),
            _ => TypeKind::Complex(self.complex_type(element, context)?),
        };
        let place = self.documents[context.document].place(element);
        let id = TypeId::of(self.schema.types.len());
        self.schema.types.push(TypeDefinition {
            name: None,
            documentation: documentation(element),
            place,
            kind,
        });
        Ok(id)
    }

    fn required<'e>(
        &self,
        document: usize,
        element: &'e PositionedElement,
        attribute: &'static str,
    ) -> Read<&'e str> {
        element.attribute(attribute).ok_or_else(|| {
            let kind = FaultKind::AttributeMissing {
                element: element.name.clone(),
                attribute,
            };
            self.fault(document, element, kind)
        })
    }

    fn flag(
        &self,
        element: &PositionedElement,
        attribute: &'static str,
        context: Context,
    ) -> Read<bool> {
        match element.attribute(attribute).map(str::trim) {
            None | Some("false" | "0" | "") => Ok(false),
            Some("true" | "1" | "True" | "TRUE") => Ok(true),
            Some(other) => Err(self.bad_value(element, attribute, other, "true or false", context)),
        }
    }

    fn bad_value(
        &self,
        element: &PositionedElement,
        attribute: &'static str,
        value: &str,
        expected: &'static str,
        context: Context,
    ) -> SchemaFault {
        let kind = FaultKind::AttributeValue {
            attribute,
            value: value.to_owned(),
            expected,
        };
        self.fault(context.document, element, kind)
    }

    fn unexpected(
        &self,
        element: &PositionedElement,
        expected: &'static str,
        context: Context,
    ) -> SchemaFault {
        let kind = FaultKind::Unexpected {
            found: element.name.clone(),
            expected,
        };
        self.fault(context.document, element, kind)
    }

    fn fault(&self, document: usize, element: &PositionedElement, kind: FaultKind) -> SchemaFault {
        SchemaFault {
            place: self.documents[document].place(element),
            kind,
        }
    }

    fn warn(&mut self, document: usize, element: &PositionedElement, kind: WarningKind) {
        // A flood of warnings says no more than a thousand of them.
        if self.warnings.len() < 1000 {
            let place = self.documents[document].place(element);
            self.warnings.push(Warning { place, kind });
        }
    }
}

/// Children that are part of the schema language, annotations left out.
fn parts(element: &PositionedElement) -> impl Iterator<Item = &PositionedElement> {
    let children = element.children.iter();
    children.filter(|child| &*child.namespace == XML_SCHEMA && child.name != "annotation")
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

/// Words of the annotations of a component (part 1, 3.13), white space collapsed.
pub(crate) fn documentation(element: &PositionedElement) -> String {
    let mut out = String::new();
    for annotation in element.children_named(XML_SCHEMA, "annotation") {
        for words in annotation.children_named(XML_SCHEMA, "documentation") {
            collect_words(words, &mut out, 0);
        }
    }
    out
}

/// Words of an element and what is in it, up to a bound.
pub(crate) fn collect_words(element: &PositionedElement, out: &mut String, depth: usize) {
    for word in element.text.split_whitespace() {
        if out.len() + word.len() >= DOCUMENTATION_MAX {
            return;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    if depth < 16 {
        for child in &element.children {
            collect_words(child, out, depth + 1);
        }
    }
}

/// Whether two elements say the same, wherever they stand.
fn alike(a: &PositionedElement, b: &PositionedElement) -> bool {
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
    let children = |e: &'_ PositionedElement| parts(e).count();
    a.name == b.name
        && a.namespace == b.namespace
        && same_attributes()
        && children(a) == children(b)
        && parts(a).zip(parts(b)).all(|(a, b)| alike(a, b))
}
