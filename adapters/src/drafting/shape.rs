//! What a message holds, as a bounded tree of named parts: base types, groups and references put in place.

use super::simple::{Simple, simple};
use crate::schema::known::{ENCODING_11, ENCODING_12, WSDL_11};
use crate::schema::{
    AttributePresence, AttributeUse, Attributes, ComplexContent, ComplexType, Derivation,
    ElementId, NameId, Particle, Schema, Term, TypeId, TypeKind,
};

/// Parts of one message.
const PARTS_MAX: usize = 2_000;
/// Levels of one message; the YAML around it has some of its own.
const DEPTH_MAX: usize = 24;
/// Steps of derivation that are followed; the reader of schemas has a smaller bound.
const CHAIN_MAX: usize = 256;

/// A part of a message: an element, an attribute (`@name`) or the text beside attributes (`#text`).
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) key: String,
    pub(super) namespace: String,
    pub(super) required: bool,
    pub(super) repeats: bool,
    /// Whether it stands instead of another part, which a draft takes first.
    pub(super) alternative: bool,
    /// What is to be known beyond its type: `one of several (choice)`.
    pub(super) remarks: Vec<String>,
    pub(super) documentation: String,
    /// The only value, or that of an absent one.
    pub(super) value: Option<String>,
    pub(super) inside: Inside,
}

/// What a part holds.
#[derive(Debug, Clone)]
pub(super) enum Inside {
    Text(Simple),
    Parts(Vec<Part>),
    /// What a mapping does not show, and why.
    Open(String),
}

/// The parts of one element.
pub(super) fn shape_of(schema: &Schema, element: ElementId) -> Part {
    let mut walker = Walker {
        schema,
        left: PARTS_MAX,
        open: Vec::new(),
    };
    walker.element(element, Position::ONCE)
}

#[derive(Debug, Clone, Copy)]
struct Position {
    required: bool,
    repeats: bool,
    alternative: bool,
    remark: Option<&'static str>,
}

impl Position {
    const ONCE: Self = Self {
        required: true,
        repeats: false,
        alternative: false,
        remark: None,
    };
}

struct Walker<'s> {
    schema: &'s Schema,
    left: usize,
    open: Vec<TypeId>,
}

impl Walker<'_> {
    fn element(&mut self, id: ElementId, position: Position) -> Part {
        let declaration = &self.schema.elements[id.index()];
        let (namespace, key) = self.schema.names.parts(declaration.name);
        let mut remarks: Vec<String> = position.remark.map(str::to_owned).into_iter().collect();
        if declaration.nillable && position.required {
            remarks.push("may be nil".to_owned());
        }
        let inside = match declaration.is_abstract {
            true => Inside::Open(format!(
                "abstract; one of these stands for it: {}",
                self.members(id)
            )),
            false => self.inside(declaration.type_id),
        };
        let documentation = match declaration.documentation.is_empty() {
            true => &self.schema.types[declaration.type_id.index()].documentation,
            false => &declaration.documentation,
        };
        Part {
            key: key.to_owned(),
            namespace: namespace.to_owned(),
            required: position.required,
            repeats: position.repeats,
            alternative: position.alternative,
            remarks,
            documentation: documentation.clone(),
            value: declaration
                .fixed
                .clone()
                .or_else(|| declaration.default.clone()),
            inside,
        }
    }

    fn members(&self, head: ElementId) -> String {
        let members = self.schema.elements.iter();
        let names: Vec<&str> = members
            .filter(|element| element.substitutes == Some(head))
            .map(|element| self.schema.names.local(element.name))
            .take(12)
            .collect();
        names.join(", ")
    }

    fn inside(&mut self, type_id: TypeId) -> Inside {
        let definition = &self.schema.types[type_id.index()];
        let complex = match &definition.kind {
            TypeKind::AnyType => return Inside::Open("anything (xs:anyType)".to_owned()),
            TypeKind::Simple(_) => return Inside::Text(simple(self.schema, type_id)),
            TypeKind::Complex(complex) => complex,
        };
        if self.open.contains(&type_id) {
            return Inside::Open("the same again (recursive)".to_owned());
        }
        if self.open.len() >= DEPTH_MAX || self.left == 0 {
            return Inside::Open("more than a draft shows; see the WSDL".to_owned());
        }
        if complex.is_abstract {
            let derived = self.derived_from(type_id);
            return Inside::Open(format!(
                "an abstract type; needs xsi:type, one of: {derived}"
            ));
        }
        self.open.push(type_id);
        let inside = self.complex(type_id);
        self.open.pop();
        inside
    }

    fn derived_from(&self, base: TypeId) -> String {
        let named = self.schema.types.iter().filter_map(|definition| {
            let TypeKind::Complex(complex) = &definition.kind else {
                return None;
            };
            let name = definition.name.filter(|_| complex.base == base)?;
            Some(self.schema.names.local(name))
        });
        named.take(12).collect::<Vec<_>>().join(", ")
    }

    fn complex(&mut self, type_id: TypeId) -> Inside {
        let chain = self.chain(type_id);
        if let Some(item) = self.array_item(&chain) {
            return item;
        }
        let mut parts = self.attributes(&chain);
        if let Some(text) = self.simple_content(&chain) {
            if parts.iter().all(|part| !part.required) {
                return Inside::Text(text);
            }
            parts.push(Part {
                key: "#text".to_owned(),
                namespace: String::new(),
                required: true,
                repeats: false,
                alternative: false,
                remarks: Vec::new(),
                documentation: String::new(),
                value: None,
                inside: Inside::Text(text),
            });
            return Inside::Parts(parts);
        }
        for particle in self.content(&chain) {
            self.particle(&particle, Position::ONCE, &mut parts);
        }
        Inside::Parts(parts)
    }

    /// The type and its complex bases, from the root.
    fn chain(&self, type_id: TypeId) -> Vec<TypeId> {
        let mut chain = vec![type_id];
        let mut at = type_id;
        while let Some(base) = self.schema.base_of(at)
            && chain.len() < CHAIN_MAX
        {
            chain.push(base);
            at = base;
        }
        chain.reverse();
        chain
    }

    fn complex_of(&self, type_id: TypeId) -> Option<&ComplexType> {
        match &self.schema.types[type_id.index()].kind {
            TypeKind::Complex(complex) => Some(complex),
            TypeKind::AnyType | TypeKind::Simple(_) => None,
        }
    }

    /// Effective content (part 1, 3.4.2): that of the base, then what an extension adds; a restriction says all anew.
    fn content(&self, chain: &[TypeId]) -> Vec<Particle> {
        let mut content = Vec::new();
        for complex in chain.iter().filter_map(|id| self.complex_of(*id)) {
            if complex.derivation == Derivation::Restriction {
                content.clear();
            }
            if let ComplexContent::Elements(Some(particle)) = &complex.content {
                content.push(particle.clone());
            }
        }
        content
    }

    fn simple_content(&self, chain: &[TypeId]) -> Option<Simple> {
        let last = self.complex_of(*chain.last()?)?;
        let ComplexContent::Simple(own) = &last.content else {
            return None;
        };
        let base = || {
            let mut bases = chain.iter().rev().skip(1);
            bases.find(|id| self.complex_of(**id).is_none()).copied()
        };
        own.or_else(base).map(|id| simple(self.schema, id))
    }

    /// The items of an encoded array (SOAP 1.1, 5.4.2): of its content, else by `wsdl:arrayType`.
    fn array_item(&mut self, chain: &[TypeId]) -> Option<Inside> {
        let is_array = chain.iter().any(|id| {
            let name = self.schema.types[id.index()].name;
            name.is_some_and(|name| {
                let (namespace, local) = self.schema.names.parts(name);
                local == "Array" && is_encoding(namespace)
            })
        });
        if !is_array {
            return None;
        }
        let position = Position {
            required: false,
            repeats: true,
            alternative: false,
            remark: Some("item of an array"),
        };
        let (own, _) = chain.split_last()?;
        let mut parts = Vec::new();
        for particle in self.content(&[*own]) {
            self.particle(&particle, position, &mut parts);
        }
        parts.retain(|part| !part.key.is_empty());
        if parts.is_empty() {
            let types = chain.iter().rev().filter_map(|id| self.complex_of(*id));
            let mut uses = types.flat_map(|complex| &complex.attributes.uses);
            let item = uses.find_map(|of| of.array_type.as_ref().map(|(item, _)| *item));
            parts.push(Part {
                key: "item".to_owned(),
                namespace: String::new(),
                required: false,
                repeats: true,
                alternative: false,
                remarks: vec!["item of an array".to_owned()],
                documentation: String::new(),
                value: None,
                inside: item.map_or_else(
                    || Inside::Open("anything".to_owned()),
                    |item| self.inside(item),
                ),
            });
        }
        Some(Inside::Parts(parts))
    }

    fn attributes(&self, chain: &[TypeId]) -> Vec<Part> {
        let mut found: Vec<(NameId, Part)> = Vec::new();
        for complex in chain.iter().filter_map(|id| self.complex_of(*id)) {
            let mut uses = Vec::new();
            self.uses(&complex.attributes, 0, &mut uses);
            for of in uses {
                let name = self.schema.attributes[of.attribute.index()].name;
                found.retain(|(known, _)| *known != name);
                let (namespace, _) = self.schema.names.parts(name);
                let shown = of.required != AttributePresence::Prohibited
                    && !is_encoding(namespace)
                    && namespace != WSDL_11;
                if shown {
                    found.push((name, self.attribute(of)));
                }
            }
        }
        found.into_iter().map(|(_, part)| part).collect()
    }

    fn uses<'a>(
        &'a self,
        attributes: &'a Attributes,
        depth: usize,
        out: &mut Vec<&'a AttributeUse>,
    ) {
        out.extend(&attributes.uses);
        if depth < CHAIN_MAX {
            for group in &attributes.groups {
                let (_, inner) = &self.schema.attribute_groups[group.index()];
                self.uses(inner, depth + 1, out);
            }
        }
    }

    fn attribute(&self, of: &AttributeUse) -> Part {
        let declaration = &self.schema.attributes[of.attribute.index()];
        let (namespace, local) = self.schema.names.parts(declaration.name);
        let value = [
            &of.fixed,
            &of.default,
            &declaration.fixed,
            &declaration.default,
        ];
        Part {
            key: format!("@{local}"),
            namespace: namespace.to_owned(),
            required: of.required == AttributePresence::Required,
            repeats: false,
            alternative: false,
            remarks: vec!["attribute".to_owned()],
            documentation: declaration.documentation.clone(),
            value: value.into_iter().find_map(Clone::clone),
            inside: Inside::Text(simple(self.schema, declaration.type_id)),
        }
    }

    fn particle(&mut self, particle: &Particle, around: Position, out: &mut Vec<Part>) {
        let position = Position {
            required: around.required && particle.occurs.min > 0,
            repeats: around.repeats || particle.occurs.repeats(),
            ..around
        };
        if particle.occurs.max == Some(0) {
            return;
        }
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        match &particle.term {
            Term::Element(id) => {
                let part = self.element(*id, position);
                out.push(part);
            }
            Term::Any(_) => out.push(Part {
                key: String::new(),
                namespace: String::new(),
                required: false,
                repeats: position.repeats,
                alternative: position.alternative,
                remarks: Vec::new(),
                documentation: String::new(),
                value: None,
                inside: Inside::Open("further elements may stand here (xs:any)".to_owned()),
            }),
            Term::Group(id) => {
                let inner = self.schema.groups[id.index()].1.clone();
                self.particle(&inner, position, out);
            }
            Term::Sequence(inner) | Term::All(inner) => {
                for particle in inner {
                    self.particle(particle, position, out);
                }
            }
            Term::Choice(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    let position = Position {
                        required: position.required && index == 0,
                        alternative: position.alternative || index > 0,
                        remark: Some(match index {
                            0 => "one of several: this or one of the following (choice)",
                            _ => "instead of the one before (choice)",
                        }),
                        ..position
                    };
                    self.particle(branch, position, out);
                }
            }
        }
    }
}

fn is_encoding(namespace: &str) -> bool {
    namespace == ENCODING_11 || namespace == ENCODING_12
}
