//! Bindings and their operations (WSDL 1.1, sections 2.4, 2.5, 3.3 and 3.4).

use super::documents::{
    Component, Read, Reading, documentation, missing_attribute, named, soap_child,
};
use super::messages::{self, Direction, Side};
use super::model::{Binding, Exchange, FaultMessage, Operation};
use super::parts;
use crate::schema::known::WSDL_11;
use crate::schema::{ExpandedName, FaultKind, SchemaFault, WarningKind};
use crate::soap::SoapStyle;
use crate::xml::PositionedElement;

/// A binding, if it is one of SOAP.
pub(super) fn binding<'a>(
    reading: &mut Reading<'a>,
    component: Component<'a>,
) -> Read<Option<Binding>> {
    let name = named(&component)?.to_owned();
    let element = component.element;
    let Some((soap, version)) = soap_child(element, "binding") else {
        reading.warn(&component, element, WarningKind::ForeignBinding(name));
        return Ok(None);
    };
    reading.check_extensions(&component, element)?;
    let Some(written) = element.attribute("type") else {
        return Err(missing_attribute(&component, element, "type"));
    };
    let port_type = reading.find(&component, element, "portType", written)?;
    let style = style_of(&component, soap)?.unwrap_or(SoapStyle::Document);
    let mut taken: Vec<&PositionedElement> = Vec::new();
    let mut operations = Vec::new();
    for bound in element.children_named(WSDL_11, "operation") {
        let Some(name) = bound.attribute("name").map(str::trim) else {
            return Err(missing_attribute(&component, bound, "name"));
        };
        let Some(abstract_operation) = overload(port_type.element, bound, name, &taken) else {
            return Err(SchemaFault {
                place: component.place_of(bound),
                kind: FaultKind::MissingWsdl {
                    kind: "operation",
                    name: ExpandedName::new(port_type.namespace(), name),
                },
            });
        };
        taken.push(abstract_operation);
        let sides = Sides {
            component,
            port_type,
            bound,
            declared: abstract_operation,
        };
        operations.push(operation(reading, &sides, name, style)?);
    }
    let own = documentation(element);
    Ok(Some(Binding {
        name: ExpandedName::new(component.namespace(), name),
        port_type: ExpandedName::new(port_type.namespace(), named(&port_type)?),
        version,
        transport: soap.attribute("transport").unwrap_or_default().to_owned(),
        documentation: match own.is_empty() {
            true => documentation(port_type.element),
            false => own,
        },
        operations,
    }))
}

/// An operation as a binding and its port type have it.
struct Sides<'a> {
    component: Component<'a>,
    port_type: Component<'a>,
    bound: &'a PositionedElement,
    declared: &'a PositionedElement,
}

fn style_of(component: &Component<'_>, element: &PositionedElement) -> Read<Option<SoapStyle>> {
    match element.attribute("style").map(str::trim) {
        None | Some("") => Ok(None),
        Some("document" | "Document") => Ok(Some(SoapStyle::Document)),
        Some("rpc" | "RPC" | "Rpc") => Ok(Some(SoapStyle::Rpc)),
        Some(other) => Err(SchemaFault {
            place: component.place_of(element),
            kind: FaultKind::AttributeValue {
                attribute: "style",
                value: other.to_owned(),
                expected: "document or rpc",
            },
        }),
    }
}

/// Of several operations of one name the one whose messages have the names that the binding gives (section 2.5); else the next one.
fn overload<'a>(
    port_type: &'a PositionedElement,
    bound: &PositionedElement,
    name: &str,
    taken: &[&PositionedElement],
) -> Option<&'a PositionedElement> {
    let candidates: Vec<&'a PositionedElement> = port_type
        .children_named(WSDL_11, "operation")
        .filter(|operation| operation.attribute("name").map(str::trim) == Some(name))
        .collect();
    let side_name = |operation: &PositionedElement, side: &str, declared: bool| {
        let child = operation
            .children
            .iter()
            .find(|child| child.is(WSDL_11, side))?;
        let given = child.attribute("name").map(|name| name.trim().to_owned());
        // The default names of section 2.4.5.
        let default = || match side {
            "input" => format!("{name}Request"),
            _ => format!("{name}Response"),
        };
        given.or_else(|| declared.then(default))
    };
    let fits = |operation: &&&'a PositionedElement| {
        ["input", "output"].iter().all(|side| {
            let wanted = side_name(bound, side, false);
            wanted.is_none() || wanted == side_name(operation, side, true)
        })
    };
    let free = |operation: &&&'a PositionedElement| {
        !taken.iter().any(|known| std::ptr::eq(*known, **operation))
    };
    candidates
        .iter()
        .find(|operation| fits(operation) && free(operation))
        .or_else(|| candidates.iter().find(free))
        .or_else(|| candidates.first())
        .copied()
}

fn operation<'a>(
    reading: &mut Reading<'a>,
    sides: &Sides<'a>,
    name: &str,
    binding_style: SoapStyle,
) -> Read<Operation> {
    let soap = soap_child(sides.bound, "operation").map(|(soap, _)| soap);
    let style = match soap {
        Some(soap) => style_of(&sides.component, soap)?.unwrap_or(binding_style),
        None => binding_style,
    };
    let declared = |side: &str| {
        sides
            .declared
            .children
            .iter()
            .position(|c| c.is(WSDL_11, side))
    };
    let exchange = match (declared("input"), declared("output")) {
        (Some(input), Some(output)) if input < output => Exchange::RequestResponse,
        (Some(_), Some(_)) => Exchange::SolicitResponse,
        (None, Some(_)) => Exchange::Notification,
        (_, None) => Exchange::OneWay,
    };
    let message = |reading: &mut Reading<'a>, side: &str, direction: Direction| {
        let Some(place) = declared(side) else {
            return Ok(None);
        };
        let at = Side {
            component: sides.component,
            port_type: sides.port_type,
            declared: &sides.declared.children[place],
            bound: sides
                .bound
                .children
                .iter()
                .find(|child| child.is(WSDL_11, side)),
            operation: name,
            order: sides.declared.attribute("parameterOrder"),
            style,
            direction,
        };
        messages::message(reading, &at).map(Some)
    };
    let input = message(reading, "input", Direction::Input)?;
    let output = message(reading, "output", Direction::Output)?;
    Ok(Operation {
        name: name.to_owned(),
        documentation: documentation(sides.declared),
        soap_action: soap
            .and_then(|soap| soap.attribute("soapAction"))
            .unwrap_or_default()
            .trim()
            .to_owned(),
        style,
        exchange,
        input,
        output,
        faults: faults(reading, sides)?,
        place: sides.component.place_of(sides.bound),
    })
}

fn faults<'a>(reading: &mut Reading<'a>, sides: &Sides<'a>) -> Read<Vec<FaultMessage>> {
    let mut found = Vec::new();
    for declared in sides.declared.children_named(WSDL_11, "fault") {
        let name = declared.attribute("name").unwrap_or_default().trim();
        let Some(written) = declared.attribute("message") else {
            return Err(missing_attribute(&sides.port_type, declared, "message"));
        };
        let message = reading.find(&sides.port_type, declared, "message", written)?;
        let bound = sides
            .bound
            .children_named(WSDL_11, "fault")
            .find(|fault| fault.attribute("name").map(str::trim) == Some(name));
        let soap = bound
            .and_then(|fault| soap_child(fault, "fault"))
            .map(|(soap, _)| soap);
        let fault_use = messages::use_of(soap);
        let Some(part) = message.element.children_named(WSDL_11, "part").next() else {
            reading.warn(
                &message,
                message.element,
                WarningKind::Ignored("a fault message without a part".to_owned()),
            );
            continue;
        };
        let namespace = soap.and_then(|soap| soap.attribute("namespace"));
        let element = parts::part_element(
            reading,
            &message,
            part,
            namespace.unwrap_or_default(),
            &fault_use,
        )?;
        found.push(FaultMessage {
            name: name.to_owned(),
            documentation: documentation(declared),
            element,
            fault_use,
        });
    }
    Ok(found)
}
