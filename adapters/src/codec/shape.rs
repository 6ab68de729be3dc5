//! What a value of an element looks like, for people and for first drafts of a mapping (结构说明).

use super::simple::SimpleId;
use super::table::*;
use crate::schema::{ElementId, ExpandedName, Schema};

/// A field with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its key in a value.
    pub key: String,
    /// Name of the element.
    pub name: ExpandedName,
    /// Name of its type, if that has one.
    pub type_name: Option<ExpandedName>,
    /// Documentation of the element, else of its type.
    pub documentation: String,
    /// Whether an occurrence is always asked for.
    pub required: bool,
    /// Whether its value is a list.
    pub repeats: bool,
    /// Whether it may be null.
    pub nillable: bool,
    /// Attributes.
    pub attributes: Vec<AttributeShape>,
    /// Content.
    pub content: ShapeContent,
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeShape {
    /// Its key in a value, with the `@`.
    pub key: String,
    /// Whether it is always asked for.
    pub required: bool,
    /// Its text.
    pub text: TextShape,
}

/// Content of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShapeContent {
    /// A text.
    Text(TextShape),
    /// Fields; of a choice all its branches.
    Fields(Vec<Shape>),
    /// Items of an encoded array.
    Items(Box<Shape>),
    /// Whatever is sent.
    Anything,
    /// A type that is open further out, or more than the bound: not described again.
    Recursive,
}

/// Rules of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextShape {
    /// Name of the built-in type that it comes from; empty for lists and unions.
    pub built_in: &'static str,
    /// Values and their documentation; empty where they are free.
    pub enumeration: Vec<(String, String)>,
    /// Fewest characters, bytes or items.
    pub min_length: Option<u64>,
    /// Most characters, bytes or items.
    pub max_length: Option<u64>,
    /// Patterns as written; alternatives are joined by `|`.
    pub patterns: Vec<String>,
    /// Bounds: facet and value.
    pub bounds: Vec<(&'static str, String)>,
}

/// Most fields that one shape describes.
const FIELDS_MAX: usize = 10_000;

impl Codec {
    /// The shape of an element. `schema` is the one that this codec was compiled from.
    #[must_use]
    pub fn shape(&self, schema: &Schema, element: ElementId) -> Shape {
        let mut describing = Describing {
            codec: self,
            schema,
            open: Vec::new(),
            left: FIELDS_MAX,
        };
        let key = self.elements[element.index()].local.to_string();
        describing.element(element.0, key, true, false)
    }
}

struct Describing<'c> {
    codec: &'c Codec,
    schema: &'c Schema,
    /// Types that are being described.
    open: Vec<u32>,
    left: usize,
}

impl Describing<'_> {
    fn element(&mut self, element: u32, key: String, required: bool, repeats: bool) -> Shape {
        let declared = &self.codec.elements[element as usize];
        let (namespace, local) = self.codec.names.parts(declared.name);
        let declaration = &self.schema.elements[element as usize];
        let mut shape = self.of_type(declared.type_index, key);
        shape.name = ExpandedName::new(namespace, local);
        shape.required = required;
        shape.repeats = repeats;
        shape.nillable = declared.nillable;
        if !declaration.documentation.is_empty() {
            shape.documentation.clone_from(&declaration.documentation);
        }
        shape
    }

    fn of_type(&mut self, type_index: u32, key: String) -> Shape {
        let kind = &self.codec.types[type_index as usize];
        let definition = self.schema.types.get(type_index as usize);
        let documentation = definition.map_or_else(String::new, |d| d.documentation.clone());
        let type_name = kind.name.map(|name| {
            let (namespace, local) = self.codec.names.parts(name);
            ExpandedName::new(namespace, local)
        });
        let attributes =
            &self.codec.attributes[kind.attributes.start as usize..kind.attributes.end as usize];
        let attributes = attributes
            .iter()
            .map(|attribute| AttributeShape {
                key: attribute.key.to_string(),
                required: attribute.required,
                text: self.text(attribute.simple),
            })
            .collect();
        let bounded = self.left > 0 && !self.open.contains(&type_index);
        self.left = self.left.saturating_sub(1);
        let content = match (&kind.array, kind.content) {
            (_, Content::Simple(simple)) => ShapeContent::Text(self.text(simple)),
            (_, Content::Empty { .. }) => ShapeContent::Fields(Vec::new()),
            (None, Content::Any) => ShapeContent::Anything,
            _ if !bounded => ShapeContent::Recursive,
            (Some(array), _) => {
                self.open.push(type_index);
                let item = self.of_type(array.item, array.item_name.to_string());
                self.open.pop();
                ShapeContent::Items(Box::new(item))
            }
            (None, Content::Model { .. }) => {
                self.open.push(type_index);
                let slots = kind.slots.start as usize..kind.slots.end as usize;
                let slots = self.codec.slots[slots].iter();
                let fields = slots
                    .map(|slot| {
                        let key = slot.key.to_string();
                        self.element(slot.element, key, slot.required, slot.repeats)
                    })
                    .collect();
                self.open.pop();
                ShapeContent::Fields(fields)
            }
        };
        Shape {
            name: ExpandedName::new("", key.clone()),
            key,
            type_name,
            documentation,
            required: false,
            repeats: false,
            nillable: false,
            attributes,
            content,
        }
    }

    fn text(&self, simple: SimpleId) -> TextShape {
        let found = self.codec.simple.get(simple);
        let mut shape = TextShape {
            built_in: found.built_in.map_or("", |built_in| built_in.name()),
            enumeration: found.enumeration.clone(),
            ..TextShape::default()
        };
        if let Some(facets) = self.codec.simple.facets(simple) {
            facets.describe(&mut shape);
        }
        shape
    }
}
