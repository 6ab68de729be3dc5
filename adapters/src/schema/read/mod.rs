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
mod endless;
mod index;
mod references;
mod simple;

pub(crate) use index::alike;

use super::XML_SCHEMA;
use super::fault::{ComponentKind, FaultKind, Place, SchemaFault, Warning, WarningKind};
use super::load::{Loader, SchemaDocument, bound};
use super::model::*;
use super::names::*;
use crate::xml::PositionedElement;
use std::collections::{HashMap, HashSet, VecDeque};

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
    let place_of = |kind, index| builder.place_of(kind, index);
    circular::check(&builder.schema, builder.limits.chain, &place_of)?;
    builder.warnings.extend(endless::warning(&builder.schema));
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

    /// Where the global component of that kind and place in its arena is; the start of the first document for any other.
    fn place_of(&self, kind: ComponentKind, index: usize) -> Place {
        let id = u32::try_from(index).ok();
        let mut entries = self.entries.iter();
        match entries.find(|entry| entry.kind == kind && entry.id == id) {
            Some(entry) => self.documents[entry.document].place(entry.element),
            None => self.schema.types[0].place.clone(),
        }
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
