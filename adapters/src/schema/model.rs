//! The components of a schema (XML Schema part 1, section 2.2), as they are declared.
//!
//! Components live in arenas and refer to one another by typed ids, so that recursive types are plain data. Nothing is put in place
//! of anything here: a type keeps its own step of derivation and the id of its base, a group reference keeps the id of its group.
//! What follows from that – effective content, attributes, facets – is worked out by [`crate::codec`].

use super::fault::Place;
use super::names::{
    AttributeGroupId, AttributeId, ElementId, GroupId, NameId, Names, NamespaceId, TypeId,
};
use std::collections::HashMap;

/// How often a particle may occur (part 1, 3.9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurs {
    /// At least.
    pub min: u32,
    /// At most; `None` is unbounded.
    pub max: Option<u32>,
}

impl Occurs {
    /// Exactly once.
    pub const ONCE: Self = Self {
        min: 1,
        max: Some(1),
    };

    /// Whether it may occur more than once.
    #[must_use]
    pub fn repeats(self) -> bool {
        self.max.is_none_or(|max| max > 1)
    }
}

/// A particle (part 1, 3.9).
#[derive(Debug, Clone, PartialEq)]
pub struct Particle {
    /// Occurrence.
    pub occurs: Occurs,
    /// What occurs.
    pub term: Term,
}

/// The term of a particle.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// An element.
    Element(ElementId),
    /// A wildcard.
    Any(Wildcard),
    /// The content of a named group.
    Group(GroupId),
    /// One after another (part 1, 3.8).
    Sequence(Vec<Particle>),
    /// One of them.
    Choice(Vec<Particle>),
    /// Each at most once, in any order.
    All(Vec<Particle>),
}

/// A wildcard (part 1, 3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    /// Which namespaces.
    pub namespaces: WildcardNamespaces,
    /// What is checked about what stands there.
    pub process: ProcessContents,
}

/// Namespaces of a wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WildcardNamespaces {
    /// Any, or none.
    Any,
    /// Any but this one, and not none (`##other`).
    Not(NamespaceId),
    /// Those listed; no namespace is listed as the empty one.
    Listed(Vec<NamespaceId>),
}

/// `processContents`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessContents {
    /// Must be declared and valid.
    Strict,
    /// Is checked where it is declared.
    Lax,
    /// Is not checked.
    Skip,
}

/// An element declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct ElementDeclaration {
    /// Name, in its namespace or in none as its form says.
    pub name: NameId,
    /// Type.
    pub type_id: TypeId,
    /// Whether it is global.
    pub global: bool,
    /// Whether `xsi:nil` may be set.
    pub nillable: bool,
    /// Whether only members of its substitution group may stand for it.
    pub is_abstract: bool,
    /// Value that an empty element has.
    pub default: Option<String>,
    /// The only value.
    pub fixed: Option<String>,
    /// Head of its substitution group.
    pub substitutes: Option<ElementId>,
    /// Documentation.
    pub documentation: String,
    /// Content type that an attachment should have (`xmime:expectedContentTypes`).
    pub expected_content: Option<String>,
    /// Where it is declared.
    pub place: Place,
}

/// An attribute declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeDeclaration {
    /// Name.
    pub name: NameId,
    /// Simple type.
    pub type_id: TypeId,
    /// Value of an absent attribute.
    pub default: Option<String>,
    /// The only value.
    pub fixed: Option<String>,
    /// Documentation.
    pub documentation: String,
    /// Where it is declared.
    pub place: Place,
}

/// An attribute use (part 1, 3.5).
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeUse {
    /// The attribute.
    pub attribute: AttributeId,
    /// What is asked.
    pub required: AttributePresence,
    /// Default of the use, over that of the declaration.
    pub default: Option<String>,
    /// Fixed value of the use.
    pub fixed: Option<String>,
    /// `wsdl:arrayType` of an encoded array (WSDL 1.1, section 3.5): item type and dimensions.
    pub array_type: Option<(TypeId, String)>,
}

/// `use` of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributePresence {
    /// May be there.
    Optional,
    /// Must be there.
    Required,
    /// Of the base, and not here (in a restriction).
    Prohibited,
}

/// Attributes as a type or group declares them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes {
    /// Single ones.
    pub uses: Vec<AttributeUse>,
    /// Groups.
    pub groups: Vec<AttributeGroupId>,
    /// `anyAttribute`.
    pub any: Option<Wildcard>,
}

/// A type definition.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeDefinition {
    /// Name; anonymous types have none.
    pub name: Option<NameId>,
    /// Documentation.
    pub documentation: String,
    /// Where it is defined.
    pub place: Place,
    /// What it is.
    pub kind: TypeKind,
}

/// Simple or complex.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// `xs:anyType`: anything at all (part 1, 3.4.7).
    AnyType,
    /// Simple.
    Simple(SimpleType),
    /// Complex.
    Complex(ComplexType),
}

/// A complex type.
#[derive(Debug, Clone, PartialEq)]
pub struct ComplexType {
    /// Base; `anyType` where none is written.
    pub base: TypeId,
    /// How it follows from its base.
    pub derivation: Derivation,
    /// Whether only types derived from it may be used.
    pub is_abstract: bool,
    /// Whether text may stand between the elements.
    pub mixed: bool,
    /// Own content, not that of the base.
    pub content: ComplexContent,
    /// Own attributes, not those of the base.
    pub attributes: Attributes,
}

/// How a type follows from its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// `restriction`.
    Restriction,
    /// `extension`.
    Extension,
}

/// Own content of a complex type.
#[derive(Debug, Clone, PartialEq)]
pub enum ComplexContent {
    /// Elements, or nothing.
    Elements(Option<Particle>),
    /// Text: of the base's content type, or of a restricted one defined in place.
    Simple(Option<TypeId>),
}

/// A simple type (part 1, 3.14; part 2, 4.1).
#[derive(Debug, Clone, PartialEq)]
pub struct SimpleType {
    /// Variety, with what it is made of.
    pub variety: Variety,
    /// Facets of this step alone.
    pub facets: Facets,
}

/// Variety of a simple type.
#[derive(Debug, Clone, PartialEq)]
pub enum Variety {
    /// A type built in.
    BuiltIn(super::builtin::BuiltIn),
    /// A restriction of another one.
    Restriction(TypeId),
    /// A list of items.
    List(TypeId),
    /// One of several.
    Union(Vec<TypeId>),
}

/// Facets of one step (part 2, 4.3), as written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facets {
    /// `length`.
    pub length: Option<u64>,
    /// `minLength`.
    pub min_length: Option<u64>,
    /// `maxLength`.
    pub max_length: Option<u64>,
    /// `pattern`: one of them must cover the value.
    pub patterns: Vec<(String, Place)>,
    /// `enumeration`: value, documentation, and the expanded name where the value is a qualified name.
    pub enumeration: Vec<EnumerationValue>,
    /// `whiteSpace`.
    pub white_space: Option<WhiteSpace>,
    /// `minInclusive`.
    pub min_inclusive: Option<String>,
    /// `maxInclusive`.
    pub max_inclusive: Option<String>,
    /// `minExclusive`.
    pub min_exclusive: Option<String>,
    /// `maxExclusive`.
    pub max_exclusive: Option<String>,
    /// `totalDigits`.
    pub total_digits: Option<u64>,
    /// `fractionDigits`.
    pub fraction_digits: Option<u64>,
}

/// One value of an enumeration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumerationValue {
    /// As written.
    pub value: String,
    /// What its prefix is bound to, if it has one that is bound.
    pub namespace: Option<String>,
    /// Documentation: often the words for a code.
    pub documentation: String,
}

/// White space (part 2, 4.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhiteSpace {
    /// As it is.
    Preserve,
    /// Tab, line feed and carriage return become spaces.
    Replace,
    /// The same, then runs of spaces become one, and none at the ends.
    Collapse,
}

/// All components of a description.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// Names.
    pub names: Names,
    /// Element declarations by id.
    pub elements: Vec<ElementDeclaration>,
    /// Type definitions by id.
    pub types: Vec<TypeDefinition>,
    /// Attribute declarations by id.
    pub attributes: Vec<AttributeDeclaration>,
    /// Model groups by id: name and content.
    pub groups: Vec<(NameId, Particle)>,
    /// Attribute groups by id: name and content.
    pub attribute_groups: Vec<(NameId, Attributes)>,
    /// Global elements.
    pub global_elements: HashMap<NameId, ElementId>,
    /// Global types, built-in ones included.
    pub global_types: HashMap<NameId, TypeId>,
    /// Global attributes.
    pub global_attributes: HashMap<NameId, AttributeId>,
    /// Prefixes that the documents use, each with its namespace, in the order of reading.
    pub prefixes: Vec<(String, NamespaceId)>,
}

impl Schema {
    /// The global element of that name.
    #[must_use]
    pub fn element(&self, namespace: &str, local: &str) -> Option<ElementId> {
        let name = self.names.find(namespace, local)?;
        self.global_elements.get(&name).copied()
    }

    /// The global type of that name.
    #[must_use]
    pub fn type_named(&self, namespace: &str, local: &str) -> Option<TypeId> {
        let name = self.names.find(namespace, local)?;
        self.global_types.get(&name).copied()
    }

    /// The base of a type; `None` for the built-in roots.
    #[must_use]
    pub fn base_of(&self, type_id: TypeId) -> Option<TypeId> {
        match &self.types[type_id.index()].kind {
            TypeKind::AnyType => None,
            TypeKind::Complex(complex) => Some(complex.base).filter(|base| *base != type_id),
            TypeKind::Simple(simple) => match &simple.variety {
                Variety::Restriction(base) => Some(*base),
                Variety::BuiltIn(built_in) => built_in
                    .base()
                    .and_then(|base| self.type_named(super::XML_SCHEMA, base.name())),
                Variety::List(_) | Variety::Union(_) => {
                    self.type_named(super::XML_SCHEMA, "anySimpleType")
                }
            },
        }
    }

    /// Adds an element that no document declares: a part of a message, a wrapper of an rpc operation.
    pub fn add_element(
        &mut self,
        name: NameId,
        type_id: TypeId,
        nillable: bool,
        place: Place,
    ) -> ElementId {
        let id = ElementId::of(self.elements.len());
        self.elements.push(ElementDeclaration {
            name,
            type_id,
            global: false,
            nillable,
            is_abstract: false,
            default: None,
            fixed: None,
            substitutes: None,
            documentation: String::new(),
            expected_content: None,
            place,
        });
        id
    }

    /// Adds the type of an rpc wrapper: elements in any order, written in the given one. The names of accessors tell them apart, not
    /// their places (SOAP 1.1, 5.1 and 7.1).
    pub fn add_wrapper(&mut self, elements: Vec<(ElementId, Occurs)>, place: Place) -> TypeId {
        let base = self.names.name(super::XML_SCHEMA, "anyType");
        let base = self.global_types.get(&base).copied();
        let particles = elements.into_iter().map(|(element, occurs)| Particle {
            occurs,
            term: Term::Element(element),
        });
        let id = TypeId::of(self.types.len());
        self.types.push(TypeDefinition {
            name: None,
            documentation: String::new(),
            place,
            kind: TypeKind::Complex(ComplexType {
                base: base.unwrap_or(id),
                derivation: Derivation::Restriction,
                is_abstract: false,
                mixed: false,
                content: ComplexContent::Elements(Some(Particle {
                    occurs: Occurs::ONCE,
                    term: Term::All(particles.collect()),
                })),
                attributes: Attributes::default(),
            }),
        });
        id
    }
}
