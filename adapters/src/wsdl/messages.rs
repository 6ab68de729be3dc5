//! Messages of a binding: body, headers, attachments (WSDL 1.1, sections 2.3, 3.5, 3.7 and 5).

use super::documents::{
    Component, Read, Reading, documentation, missing_attribute, named, soap_child,
};
use super::model::{Attachment, Body, Message, Use};
use super::parts::{header, part_element};
use crate::schema::known::{ENCODING_11, WSDL_11};
use crate::schema::{ComplexContent, ElementId, ExpandedName, Occurs, Term, TypeKind, WarningKind};
use crate::schema::{FaultKind, SchemaFault};
use crate::soap::SoapStyle;
use crate::xml::PositionedElement;

const MIME: &str = "http://schemas.xmlsoap.org/wsdl/mime/";

/// Which message of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Input,
    Output,
}

/// One message of an operation, as its port type and its binding have it.
pub(super) struct Side<'a, 'n> {
    pub(super) component: Component<'a>,
    pub(super) port_type: Component<'a>,
    pub(super) declared: &'a PositionedElement,
    pub(super) bound: Option<&'a PositionedElement>,
    pub(super) operation: &'n str,
    pub(super) order: Option<&'n str>,
    pub(super) style: SoapStyle,
    pub(super) direction: Direction,
}

/// `use` and `encodingStyle` of a body, header or fault; literal where nothing is said.
pub(super) fn use_of(element: Option<&PositionedElement>) -> Use {
    let attribute = |name| {
        element
            .and_then(|element| element.attribute(name))
            .map(str::trim)
    };
    match attribute("use") {
        Some("encoded") => {
            let style = attribute("encodingStyle").filter(|style| !style.is_empty());
            Use::Encoded(style.unwrap_or(ENCODING_11).to_owned())
        }
        _ => Use::Literal,
    }
}

pub(super) fn message<'a>(reading: &mut Reading<'a>, side: &Side<'a, '_>) -> Read<Message> {
    let Some(written) = side.declared.attribute("message") else {
        return Err(missing_attribute(&side.port_type, side.declared, "message"));
    };
    let component = reading.find(&side.port_type, side.declared, "message", written)?;
    let extensions = Extensions::of(side.bound);
    let body_use = use_of(extensions.body);
    let mut headers = Vec::new();
    for block in &extensions.headers {
        // A body can be written without a header that is described nowhere.
        match header(reading, side, block) {
            Ok(header) => headers.push(header),
            Err(SchemaFault {
                kind: FaultKind::MissingWsdl { kind, name },
                ..
            }) => {
                let words = format!("a header of the {kind} {name}, which is not there,");
                reading.warn(&side.component, block, WarningKind::Ignored(words));
            }
            Err(fault) => return Err(fault),
        }
    }
    let in_headers = |part: &str| {
        let own = named(&component).unwrap_or_default();
        extensions.headers.iter().any(|header| {
            let message = header.attribute("message").unwrap_or_default();
            header.attribute("part").map(str::trim) == Some(part)
                && message.rsplit(':').next().map(str::trim) == Some(own)
        })
    };
    let listed = listed_parts(reading, side, &component, &extensions);
    let mut parts: Vec<&'a PositionedElement> = component
        .element
        .children_named(WSDL_11, "part")
        .filter(|part| {
            let name = part.attribute("name").unwrap_or_default().trim();
            let attached = extensions
                .attached
                .iter()
                .any(|(attached, _)| *attached == name);
            match listed {
                Some(listed) => listed.split_whitespace().any(|listed| listed == name),
                None => !in_headers(name) && !attached,
            }
        })
        .collect();
    if let Some(order) = side.order.filter(|_| side.style == SoapStyle::Rpc) {
        let place = |part: &PositionedElement| {
            let name = part.attribute("name").unwrap_or_default();
            order.split_whitespace().position(|ordered| ordered == name)
        };
        // A return value is not in the order and comes first (section 2.4.6).
        parts.sort_by_key(|part| place(part).map_or(0, |place| place + 1));
    }
    let body = match side.style {
        SoapStyle::Rpc => rpc(reading, side, &component, &parts, &extensions, &body_use)?,
        SoapStyle::Document => document(reading, side, &component, &parts, &body_use)?,
    };
    Ok(Message {
        name: ExpandedName::new(component.namespace(), named(&component)?),
        documentation: documentation(component.element),
        body_use,
        body,
        headers,
        attachments: extensions.attachments(),
    })
}

/// The parts that the binding puts into the body (section 3.5), if it says so. A list of which the message has nothing at all is
/// passed over with a warning: gSOAP writes `parts="Body"` whatever the parts are called.
fn listed_parts<'a>(
    reading: &mut Reading<'a>,
    side: &Side<'a, '_>,
    component: &Component<'a>,
    extensions: &Extensions<'a>,
) -> Option<&'a str> {
    let body = extensions.body?;
    let listed = body.attribute("parts")?;
    let mut parts = component.element.children_named(WSDL_11, "part");
    let known = parts.any(|part| {
        let name = part.attribute("name").unwrap_or_default().trim();
        listed.split_whitespace().any(|listed| listed == name)
    });
    if known || listed.trim().is_empty() {
        return Some(listed);
    }
    let words = format!("parts={listed:?}, of which the message has none,");
    reading.warn(&side.component, body, WarningKind::Ignored(words));
    None
}

/// What a binding says of one message.
#[derive(Default)]
struct Extensions<'a> {
    body: Option<&'a PositionedElement>,
    headers: Vec<&'a PositionedElement>,
    /// Part and content type.
    attached: Vec<(&'a str, &'a str)>,
}

impl<'a> Extensions<'a> {
    fn of(bound: Option<&'a PositionedElement>) -> Self {
        let mut found = Self::default();
        let Some(bound) = bound else { return found };
        found.collect(bound);
        for related in bound.children_named(MIME, "multipartRelated") {
            for part in related.children_named(MIME, "part") {
                found.collect(part);
                for content in part.children_named(MIME, "content") {
                    let name = content.attribute("part").unwrap_or_default().trim();
                    let kind = content.attribute("type").unwrap_or_default().trim();
                    found.attached.push((name, kind));
                }
            }
        }
        found
    }

    fn collect(&mut self, element: &'a PositionedElement) {
        self.body = self
            .body
            .or(soap_child(element, "body").map(|(body, _)| body));
        self.headers.extend(element.children.iter().filter(|child| {
            child.name == "header"
                && matches!(
                    &*child.namespace,
                    super::documents::SOAP_11 | super::documents::SOAP_12
                )
        }));
    }

    fn attachments(&self) -> Vec<Attachment> {
        let mut found: Vec<Attachment> = Vec::new();
        for (part, kind) in &self.attached {
            let kind = Some((*kind).to_owned()).filter(|kind| !kind.is_empty());
            match found.iter_mut().find(|known| known.part == *part) {
                // Several contents of one part are alternatives (section 5.3).
                Some(known) => known.content_types.extend(kind),
                None => found.push(Attachment {
                    part: (*part).to_owned(),
                    content_types: kind.into_iter().collect(),
                }),
            }
        }
        found
    }
}

/// The wrapper of rpc style: named after the operation, with a child for each part (section 3.5; WS-I Basic Profile 1.1, R2735).
fn rpc<'a>(
    reading: &mut Reading<'a>,
    side: &Side<'a, '_>,
    component: &Component<'a>,
    parts: &[&'a PositionedElement],
    extensions: &Extensions<'a>,
    body_use: &Use,
) -> Read<Body> {
    let written = extensions
        .body
        .and_then(|body| body.attribute("namespace"))
        .map(str::trim);
    let namespace = match written {
        Some(namespace) if !namespace.is_empty() => namespace.to_owned(),
        _ => {
            let taken = side.component.namespace().to_owned();
            let kind = WarningKind::Assumed {
                what: "the namespace of an rpc body",
                taken: taken.clone(),
            };
            let at = extensions
                .body
                .or(side.bound)
                .unwrap_or(side.component.element);
            reading.warn(&side.component, at, kind);
            taken
        }
    };
    let mut elements = Vec::with_capacity(parts.len());
    for part in parts {
        if part.attribute("element").is_some() && part.attribute("type").is_none() {
            let kind = WarningKind::PartStyle {
                part: part.attribute("name").unwrap_or_default().to_owned(),
                style: "rpc",
                refers: "an element",
            };
            reading.warn(component, part, kind);
        }
        let element = part_element(reading, component, part, "", body_use)?;
        // Encoded structures leave out what is nil (SOAP 1.1, 5.1).
        let min = u32::from(*body_use == Use::Literal);
        let max = Some(1);
        elements.push((element, Occurs { min, max }));
    }
    let local = match side.direction {
        Direction::Input => side.operation.to_owned(),
        Direction::Output => format!("{}Response", side.operation),
    };
    let place = component.place_of(component.element);
    let type_id = reading.schema.add_wrapper(elements, place.clone());
    let name = reading.schema.names.name(&namespace, &local);
    let element = reading.schema.add_element(name, type_id, false, place);
    Ok(Body::Element {
        element,
        wrapped: true,
    })
}

/// Parts of document style are the elements of the body (section 3.5).
fn document<'a>(
    reading: &mut Reading<'a>,
    side: &Side<'a, '_>,
    component: &Component<'a>,
    parts: &[&'a PositionedElement],
    body_use: &Use,
) -> Read<Body> {
    let mut elements = Vec::with_capacity(parts.len());
    for part in parts {
        if part.attribute("element").is_none() && part.attribute("type").is_some() {
            let kind = WarningKind::PartStyle {
                part: part.attribute("name").unwrap_or_default().to_owned(),
                style: "document",
                refers: "a type",
            };
            reading.warn(component, part, kind);
        }
        elements.push(part_element(reading, component, part, "", body_use)?);
    }
    Ok(match elements.as_slice() {
        [] => Body::Empty,
        [element] => Body::Element {
            element: *element,
            wrapped: is_wrapper(reading, *element, side),
        },
        _ => Body::Elements(elements),
    })
}

/// The usual signs of a wrapper (JAX-WS 2.2, 2.3.1.2).
fn is_wrapper(reading: &Reading<'_>, element: ElementId, side: &Side<'_, '_>) -> bool {
    let schema = &reading.schema;
    let declaration = &schema.elements[element.index()];
    let local = schema.names.local(declaration.name);
    let named_so = match side.direction {
        Direction::Input => local == side.operation,
        Direction::Output => true,
    };
    let definition = &schema.types[declaration.type_id.index()];
    let TypeKind::Complex(complex) = &definition.kind else {
        return false;
    };
    let no_attributes = complex.attributes.uses.is_empty()
        && complex.attributes.groups.is_empty()
        && complex.attributes.any.is_none();
    let sequence = match &complex.content {
        ComplexContent::Elements(None) => true,
        ComplexContent::Elements(Some(particle)) => match &particle.term {
            Term::Sequence(inside) => inside
                .iter()
                .all(|p| matches!(p.term, Term::Element(_) | Term::Any(_))),
            _ => false,
        },
        ComplexContent::Simple(_) => false,
    };
    named_so && declaration.global && no_attributes && sequence
}
