//! Parts of messages to elements (WSDL 1.1, sections 2.3.1 and 3.7).

use super::documents::{Component, Read, Reading, missing_attribute};
use super::messages::{Side, use_of};
use super::model::{Header, Use};
use crate::schema::known::WSDL_11;
use crate::schema::{
    ComponentKind, ElementId, ExpandedName, FaultKind, SchemaFault, TypeId, WarningKind, XML_SCHEMA,
};
use crate::xml::PositionedElement;

/// The element of a part: the one that it refers to, or one of the part's name with the type that it refers to.
pub(super) fn part_element(
    reading: &mut Reading<'_>,
    component: &Component<'_>,
    part: &PositionedElement,
    namespace: &str,
    part_use: &Use,
) -> Read<ElementId> {
    let (element, of_type) = (part.attribute("element"), part.attribute("type"));
    let Some(written) = of_type.or(element) else {
        return Err(missing_attribute(component, part, "element"));
    };
    // Which of the two is meant can be told by what there is, where the wrong one is written.
    let is = |kind| {
        let expanded = part.qualified(written);
        expanded.and_then(|(namespace, local)| reading.component(kind, namespace, local))
    };
    let (an_element, a_type) = (is(ComponentKind::Element), is(ComponentKind::Type));
    let refers_to_element = match of_type {
        Some(_) => a_type.is_none() && an_element.is_some(),
        None => an_element.is_some() || a_type.is_none(),
    };
    if refers_to_element {
        let named = reading.named_component(component, part, written, ComponentKind::Element)?;
        return Ok(ElementId::of(named));
    }
    let type_id =
        TypeId::of(reading.named_component(component, part, written, ComponentKind::Type)?);
    let Some(local) = part.attribute("name").map(str::trim) else {
        return Err(missing_attribute(component, part, "name"));
    };
    let name = reading.schema.names.name(namespace, local);
    let nillable = *part_use != Use::Literal;
    let known = reading
        .made
        .iter()
        .find(|(made, of, nil, _)| (*made, *of, *nil) == (name, type_id, nillable));
    if let Some((.., element)) = known {
        return Ok(*element);
    }
    let place = component.place_of(part);
    let element = reading.schema.add_element(name, type_id, nillable, place);
    reading.made.push((name, type_id, nillable, element));
    Ok(element)
}

pub(super) fn header<'a>(
    reading: &mut Reading<'a>,
    side: &Side<'a, '_>,
    element: &'a PositionedElement,
) -> Read<Header> {
    let header_use = use_of(Some(element));
    let (part, block) = header_part(reading, side, element, &header_use)?;
    let mut faults = Vec::new();
    for fault in element
        .children
        .iter()
        .filter(|child| child.name == "headerfault")
    {
        let fault_use = use_of(Some(fault));
        faults.push(header_part(reading, side, fault, &fault_use)?.1);
    }
    Ok(Header {
        part,
        element: block,
        header_use,
        required: matches!(
            element.attribute_in(WSDL_11, "required"),
            Some("true" | "1")
        ),
        faults,
    })
}

fn header_part<'a>(
    reading: &mut Reading<'a>,
    side: &Side<'a, '_>,
    element: &'a PositionedElement,
    header_use: &Use,
) -> Read<(String, ElementId)> {
    let Some(written) = element.attribute("message") else {
        return Err(missing_attribute(&side.component, element, "message"));
    };
    let message = reading.find(&side.component, element, "message", written)?;
    let wanted = element.attribute("part").map(str::trim);
    let mut parts = message.element.children_named(WSDL_11, "part");
    let part = match wanted {
        Some(wanted) => parts.find(|part| part.attribute("name").map(str::trim) == Some(wanted)),
        // A message of one part needs no naming of it.
        None => parts.next(),
    };
    let Some(part) = part else {
        return Err(SchemaFault {
            place: side.component.place_of(element),
            kind: FaultKind::MissingWsdl {
                kind: "part",
                name: ExpandedName::new(message.namespace(), wanted.unwrap_or_default()),
            },
        });
    };
    let namespace = element.attribute("namespace").unwrap_or_default().trim();
    let block = part_element(reading, &message, part, namespace, header_use)?;
    Ok((part.attribute("name").unwrap_or_default().to_owned(), block))
}

impl Reading<'_> {
    /// Place of a global element or type in its arena; a name that has one other meaning only is taken, with a warning.
    fn named_component(
        &mut self,
        component: &Component<'_>,
        element: &PositionedElement,
        written: &str,
        kind: ComponentKind,
    ) -> Read<usize> {
        let fault = |kind| SchemaFault {
            place: component.place_of(element),
            kind,
        };
        let Some((namespace, local)) = element.qualified(written) else {
            return Err(fault(FaultKind::Prefix(written.to_owned())));
        };
        if let Some(found) = self.component(kind, namespace, local) {
            return Ok(found);
        }
        let target = component.namespace().to_owned();
        for taken in [target.as_str(), XML_SCHEMA] {
            if !written.contains(':')
                && let Some(found) = self.component(kind, taken, local)
            {
                let taken = ExpandedName::new(taken, local);
                let written = written.to_owned();
                self.warn(
                    component,
                    element,
                    WarningKind::Reference { written, taken },
                );
                return Ok(found);
            }
        }
        let name = ExpandedName::new(namespace, local);
        let near = self.near(kind, local);
        let unread = self
            .warnings
            .iter()
            .find_map(|warning| match &warning.kind {
                WarningKind::Unread { location, .. } => Some(location.clone()),
                _ => None,
            });
        Err(fault(FaultKind::Missing {
            kind,
            name,
            near,
            unread,
        }))
    }

    fn component(&self, kind: ComponentKind, namespace: &str, local: &str) -> Option<usize> {
        match kind {
            ComponentKind::Element => self.schema.element(namespace, local).map(ElementId::index),
            _ => {
                if crate::schema::known::is_without_schema(namespace) {
                    let found = self.schema.type_named(namespace, local).map(TypeId::index);
                    // Type 0 is anyType.
                    return found.or(Some(0));
                }
                let namespace = match crate::schema::is_draft(namespace) {
                    true => XML_SCHEMA,
                    false => namespace,
                };
                self.schema.type_named(namespace, local).map(TypeId::index)
            }
        }
    }

    fn near(&self, kind: ComponentKind, local: &str) -> Option<ExpandedName> {
        let names = &self.schema.names;
        let found = match kind {
            ComponentKind::Element => {
                let mut all = self.schema.global_elements.keys();
                all.find(|name| names.local(**name).eq_ignore_ascii_case(local))
            }
            _ => {
                let mut all = self.schema.global_types.keys();
                all.find(|name| names.local(**name).eq_ignore_ascii_case(local))
            }
        };
        let (namespace, local) = names.parts(*found?);
        Some(ExpandedName::new(namespace, local))
    }
}
