//! Complex types (XML Schema part 1, 3.4.2).

use super::elements::Taken;
use super::{Builder, Context, Read, parts};
use crate::schema::fault::{FaultKind, WarningKind};
use crate::schema::model::*;
use crate::schema::names::*;
use crate::xml::PositionedElement;

impl<'a> Builder<'a> {
    pub(super) fn complex_type(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<ComplexType> {
        let is_abstract = self.flag(element, "abstract", context)?;
        let mixed = self.flag(element, "mixed", context)?;
        let content = parts(element)
            .find(|part| matches!(part.name.as_str(), "simpleContent" | "complexContent"));
        let mut complex = match content {
            None => self.own_content(element, context)?,
            Some(content) => self.derived(content, context)?,
        };
        complex.is_abstract = is_abstract;
        complex.mixed |= mixed;
        Ok(complex)
    }

    /// A type without `simpleContent` and `complexContent` restricts anyType.
    fn own_content(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<ComplexType> {
        Ok(ComplexType {
            base: self.any_type(),
            derivation: Derivation::Restriction,
            is_abstract: false,
            mixed: false,
            content: ComplexContent::Elements(self.content_particle(element, context)?),
            attributes: self.attributes(element, context)?,
        })
    }

    fn content_particle(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<Option<Particle>> {
        let mut found: Option<Particle> = None;
        for part in parts(element) {
            // An element straight inside a type is a mistake that old generators made; a sequence is what they meant elsewhere,
            // but the order is not said, so it is refused below.
            match part.name.as_str() {
                "group" | "sequence" | "choice" | "all" => {}
                "attribute" | "attributeGroup" | "anyAttribute" => continue,
                // Of version 1.1: they forbid, or let in what the reader's options say.
                "assert" | "openContent" => {
                    let kind = WarningKind::Ignored(format!("<{}>", part.name));
                    self.warn(context.document, part, kind);
                    continue;
                }
                _ => {
                    let expected = "all, choice, sequence, group or attributes";
                    return Err(self.unexpected(part, expected, context));
                }
            }
            match (self.particle(part, context)?, &found) {
                (Taken::Particle(particle), None) => found = Some(particle),
                (Taken::Never | Taken::Other, _) => {}
                (Taken::Particle(_), Some(_)) => {
                    return Err(self.unexpected(part, "no second model group", context));
                }
            }
        }
        Ok(found)
    }

    fn derived(&mut self, content: &'a PositionedElement, context: Context) -> Read<ComplexType> {
        let mixed = self.flag(content, "mixed", context)?;
        let Some(step) = parts(content).next() else {
            return Err(self.unexpected(content, "extension or restriction in it", context));
        };
        let derivation = match step.name.as_str() {
            "extension" => Derivation::Extension,
            "restriction" => Derivation::Restriction,
            _ => return Err(self.unexpected(step, "extension or restriction", context)),
        };
        let base = self.required(context.document, step, "base")?;
        let base = self.type_reference(step, base, context)?;
        let own = match content.name.as_str() {
            "simpleContent" => {
                ComplexContent::Simple(self.simple_content(step, base, derivation, context)?)
            }
            _ => ComplexContent::Elements(self.content_particle(step, context)?),
        };
        Ok(ComplexType {
            base,
            derivation,
            is_abstract: false,
            mixed,
            content: own,
            attributes: self.attributes(step, context)?,
        })
    }

    /// Text content: a restriction may narrow the type of the text in place (3.4.2), an extension never does.
    fn simple_content(
        &mut self,
        step: &'a PositionedElement,
        base: TypeId,
        derivation: Derivation,
        context: Context,
    ) -> Read<Option<TypeId>> {
        if derivation == Derivation::Extension {
            return Ok(None);
        }
        let inline = parts(step).find(|part| part.name == "simpleType");
        let narrowed = match inline {
            Some(inline) => self.anonymous(inline, context)?,
            None => base,
        };
        let facets = self.facets(step, context)?;
        if facets == Facets::default() {
            return Ok(inline.map(|_| narrowed));
        }
        if narrowed == self.any_type() {
            let kind = FaultKind::TypeKind {
                name: "the base".to_owned(),
                found: "anyType",
                expected: "a type with text content",
            };
            return Err(self.fault(context.document, step, kind));
        }
        let place = self.documents[context.document].place(step);
        let id = TypeId::of(self.schema.types.len());
        self.schema.types.push(TypeDefinition {
            name: None,
            documentation: String::new(),
            place,
            kind: TypeKind::Simple(SimpleType {
                variety: Variety::Restriction(narrowed),
                facets,
            }),
        });
        Ok(Some(id))
    }
}
