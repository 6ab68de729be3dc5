//! Element declarations and particles (XML Schema part 1, 3.3.2, 3.7.2, 3.8.2, 3.9.2, 3.10.2).

use super::{Builder, Context, Read, documentation, parts};
use crate::schema::fault::{ComponentKind, FaultKind};
use crate::schema::known::XML_MIME;
use crate::schema::model::*;
use crate::schema::names::*;
use crate::xml::PositionedElement;

impl<'a> Builder<'a> {
    pub(super) fn global_element(
        &mut self,
        index: usize,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<()> {
        let substitutes = match element.attribute("substitutionGroup") {
            Some(head) => {
                let kind = ComponentKind::Element;
                Some(ElementId(self.referred(element, head, kind, context)?))
            }
            None => None,
        };
        let name = self.schema.elements[index].name;
        let mut declaration = self.declaration(element, name, context)?;
        declaration.global = true;
        declaration.substitutes = substitutes;
        // An element without a type of its own has that of its head (3.3.2); heads may be read later, so the codec looks it up.
        self.schema.elements[index] = declaration;
        Ok(())
    }

    fn declaration(
        &mut self,
        element: &'a PositionedElement,
        name: NameId,
        context: Context,
    ) -> Read<ElementDeclaration> {
        let inline = parts(element).find(|part| is_type(&part.name));
        let type_id = match (element.attribute("type"), inline) {
            (Some(name), None) => self.type_reference(element, name, context)?,
            (None, Some(part)) => self.anonymous(part, context)?,
            (None, None) => self.any_type(),
            (Some(_), Some(part)) => {
                return Err(self.unexpected(
                    part,
                    "either a type attribute or a type inside",
                    context,
                ));
            }
        };
        for part in parts(element) {
            if !is_type(&part.name) && !matches!(part.name.as_str(), "key" | "keyref" | "unique") {
                return Err(self.unexpected(part, "a type or an identity constraint", context));
            }
        }
        Ok(ElementDeclaration {
            name,
            type_id,
            global: false,
            nillable: self.flag(element, "nillable", context)?,
            is_abstract: self.flag(element, "abstract", context)?,
            default: element.attribute("default").map(str::to_owned),
            fixed: element.attribute("fixed").map(str::to_owned),
            substitutes: None,
            documentation: documentation(element),
            expected_content: element
                .attribute_in(XML_MIME, "expectedContentTypes")
                .map(str::to_owned),
            place: self.documents[context.document].place(element),
        })
    }

    /// An element inside a model group: declared here, or referred to.
    fn local_element(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<ElementId> {
        if let Some(reference) = element.attribute("ref") {
            let kind = ComponentKind::Element;
            return self
                .referred(element, reference, kind, context)
                .map(ElementId);
        }
        let local = self.required(context.document, element, "name")?.trim();
        let document = &self.documents[context.document];
        let qualified = qualified(element, &document.root, "elementFormDefault");
        let own = element.attribute("targetNamespace").map(str::trim);
        let namespace = match (own, qualified) {
            (Some(own), _) => own,
            (None, true) => &document.namespace,
            (None, false) => "",
        };
        let name = self.schema.names.name(namespace, local);
        let declaration = self.declaration(element, name, context)?;
        let id = ElementId::of(self.schema.elements.len());
        self.schema.elements.push(declaration);
        Ok(id)
    }

    /// The content of a group definition.
    pub(super) fn group_definition(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<Particle> {
        let mut found = None;
        for part in parts(element) {
            match (self.particle(part, context)?, &found) {
                (Taken::Particle(particle), None) => found = Some(particle),
                (Taken::Never, None) => {}
                _ => return Err(self.unexpected(part, "one of all, choice, sequence", context)),
            }
        }
        Ok(found.unwrap_or(Particle {
            occurs: Occurs::ONCE,
            term: Term::Sequence(Vec::new()),
        }))
    }

    /// What stands in a model group or at the top of a type.
    pub(super) fn particle(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<Taken> {
        let term_of = |name: &str, inside| match name {
            "sequence" => Term::Sequence(inside),
            "choice" => Term::Choice(inside),
            _ => Term::All(inside),
        };
        let is_particle = matches!(
            element.name.as_str(),
            "element" | "any" | "group" | "sequence" | "choice" | "all"
        );
        if !is_particle {
            return Ok(Taken::Other);
        }
        let occurs = self.occurs(element, context)?;
        let term = match element.name.as_str() {
            "element" => Term::Element(self.local_element(element, context)?),
            "any" => Term::Any(self.wildcard(element, context)?),
            "group" => {
                let reference = self.required(context.document, element, "ref")?;
                let kind = ComponentKind::Group;
                Term::Group(GroupId(self.referred(element, reference, kind, context)?))
            }
            name => {
                let mut inside = Vec::new();
                for part in parts(element) {
                    match self.particle(part, context)? {
                        Taken::Particle(particle) => inside.push(particle),
                        Taken::Never => {}
                        Taken::Other => {
                            let expected = "element, any, group, sequence or choice";
                            return Err(self.unexpected(part, expected, context));
                        }
                    }
                }
                term_of(name, inside)
            }
        };
        match occurs.max {
            Some(0) => Ok(Taken::Never),
            _ => Ok(Taken::Particle(Particle { occurs, term })),
        }
    }

    fn occurs(&self, element: &PositionedElement, context: Context) -> Read<Occurs> {
        let number = |attribute: &'static str, text: &str| -> Read<u64> {
            let text = text.trim();
            if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                let expected = "a count";
                return Err(self.bad_value(element, attribute, text, expected, context));
            }
            // More digits than fit are more than any bound.
            Ok(text.parse().unwrap_or(u64::MAX))
        };
        let min = match element.attribute("minOccurs") {
            Some(text) => number("minOccurs", text)?,
            None => 1,
        };
        let bound = self.limits.occurrences;
        let Some(min) = u32::try_from(min).ok().filter(|min| *min <= bound) else {
            let kind = FaultKind::Bound {
                what: "occurrences that are asked for",
                bound: bound as usize,
            };
            return Err(self.fault(context.document, element, kind));
        };
        let max = match element.attribute("maxOccurs").map(str::trim) {
            Some("unbounded" | "*") => None,
            Some(text) => {
                let max = u32::try_from(number("maxOccurs", text)?).ok();
                max.filter(|max| *max < u32::MAX)
            }
            // minOccurs above one without maxOccurs is a mistake with one meaning.
            None => Some(min.max(1)),
        };
        match max.is_some_and(|max| max < min) {
            true => {
                let written = element.attribute("maxOccurs").unwrap_or_default();
                let expected = "at least minOccurs";
                Err(self.bad_value(element, "maxOccurs", written, expected, context))
            }
            false => Ok(Occurs { min, max }),
        }
    }

    pub(super) fn wildcard(
        &mut self,
        element: &PositionedElement,
        context: Context,
    ) -> Read<Wildcard> {
        let target = self.documents[context.document].namespace.clone();
        let namespaces = match element.attribute("namespace").map(str::trim) {
            None | Some("##any" | "") => WildcardNamespaces::Any,
            Some("##other") => WildcardNamespaces::Not(self.schema.names.namespace(&target)),
            Some(list) => WildcardNamespaces::Listed(
                list.split_whitespace()
                    .map(|item| match item {
                        "##targetNamespace" => self.schema.names.namespace(&target),
                        "##local" => self.schema.names.namespace(""),
                        uri => self.schema.names.namespace(uri),
                    })
                    .collect(),
            ),
        };
        let process = match element.attribute("processContents").map(str::trim) {
            None | Some("strict") => ProcessContents::Strict,
            Some("lax") => ProcessContents::Lax,
            Some("skip") => ProcessContents::Skip,
            Some(other) => {
                let expected = "strict, lax or skip";
                return Err(self.bad_value(element, "processContents", other, expected, context));
            }
        };
        Ok(Wildcard {
            namespaces,
            process,
        })
    }
}

/// What became of a child of a model group.
pub(super) enum Taken {
    /// A particle.
    Particle(Particle),
    /// A particle that may never occur.
    Never,
    /// No particle.
    Other,
}

fn is_type(name: &str) -> bool {
    matches!(name, "simpleType" | "complexType")
}

/// Whether a local declaration is in the target namespace: by its own `form`, else by the default of the schema (3.3.2, 3.2.2).
pub(super) fn qualified(
    element: &PositionedElement,
    schema: &PositionedElement,
    default: &str,
) -> bool {
    let form = element
        .attribute("form")
        .or_else(|| schema.attribute(default));
    form.is_some_and(|form| form.trim() == "qualified")
}
