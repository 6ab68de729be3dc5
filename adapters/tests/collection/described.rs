//! A description in the words of `collection.json`.

use serde_json::{Value as Json, json};
use tongban_adapters::schema::{
    ComplexContent, ElementId, ExpandedName, NameId, Schema, Term, TypeKind,
};
use tongban_adapters::soap::{SoapStyle, SoapVersion};
use tongban_adapters::wsdl::{Binding, Body, Description, Exchange, Message, Operation, Use};

/// Services with their SOAP ports.
pub(crate) fn services(description: &Description) -> Json {
    let services = description.services.iter().map(|service| {
        let ports = service.ports.iter().map(|port| {
            let binding = &description.bindings[port.binding];
            json!({
                "name": port.name,
                "binding": clark(&binding.name),
                "protocol": match binding.version {
                    SoapVersion::V11 => "SOAP 1.1",
                    SoapVersion::V12 => "SOAP 1.2",
                },
                "address": port.address,
                "transport": binding.transport,
                "operations": operations(description, binding),
            })
        });
        json!({"name": service.name.local, "ports": ports.collect::<Vec<_>>()})
    });
    services.collect()
}

fn operations(description: &Description, binding: &Binding) -> Json {
    let all = binding.operations.iter();
    all.map(|operation| operation_said(description, operation))
        .collect()
}

fn operation_said(description: &Description, operation: &Operation) -> Json {
    let message = |message: &Option<Message>| match message {
        Some(message) => message_said(description, operation, message),
        None => Json::Null,
    };
    let first = operation.input.as_ref().or(operation.output.as_ref());
    let faults = operation.faults.iter().map(|fault| {
        let mut said = part(&description.schema, fault.element);
        said["name"] = fault.name.clone().into();
        said
    });
    json!({
        "name": operation.name,
        "pattern": match operation.exchange {
            Exchange::OneWay => "one-way",
            Exchange::RequestResponse => "request-response",
            Exchange::SolicitResponse => "solicit-response",
            Exchange::Notification => "notification",
        },
        "style": match operation.style {
            SoapStyle::Rpc => "rpc",
            SoapStyle::Document => "document",
        },
        "use": match first.map(|message| &message.body_use) {
            Some(Use::Encoded(_)) => "encoded",
            _ => "literal",
        },
        "soap_action": operation.soap_action,
        "input": message(&operation.input),
        "output": message(&operation.output),
        "faults": faults.collect::<Vec<_>>(),
    })
}

fn message_said(description: &Description, operation: &Operation, message: &Message) -> Json {
    let schema = &description.schema;
    let (parts, namespace) = match (&message.body, operation.style) {
        (Body::Empty, _) => (Vec::new(), Json::Null),
        (Body::Element { element, .. }, SoapStyle::Rpc) => {
            let wrapper = &schema.elements[element.index()];
            let inside = wrapped(schema, *element);
            let namespace = schema.names.parts(wrapper.name).0.to_owned();
            (inside, Json::String(namespace))
        }
        (Body::Element { element, .. }, SoapStyle::Document) => (vec![*element], Json::Null),
        (Body::Elements(elements), _) => (elements.clone(), Json::Null),
    };
    let attachments = message.attachments.iter().map(|attached| &attached.part);
    json!({
        "parts": parts.into_iter().map(|element| part(schema, element)).collect::<Vec<_>>(),
        "namespace": namespace,
        "headers": message.headers.len(),
        "attachments": attachments.collect::<Vec<_>>(),
    })
}

/// The parameters in the wrapper of an rpc message.
fn wrapped(schema: &Schema, wrapper: ElementId) -> Vec<ElementId> {
    let type_id = schema.elements[wrapper.index()].type_id;
    let TypeKind::Complex(complex) = &schema.types[type_id.index()].kind else {
        panic!("an rpc wrapper is of a complex type");
    };
    let ComplexContent::Elements(Some(content)) = &complex.content else {
        return Vec::new();
    };
    let Term::All(inside) = &content.term else {
        panic!("an rpc wrapper holds its parts in any order");
    };
    let elements = inside.iter().map(|particle| match particle.term {
        Term::Element(element) => element,
        _ => panic!("an rpc wrapper holds elements"),
    });
    elements.collect()
}

/// What the part is that became this element: a global element, or one made of a name and a type.
fn part(schema: &Schema, element: ElementId) -> Json {
    let declaration = &schema.elements[element.index()];
    let name = expanded(schema, declaration.name);
    if declaration.global {
        return json!({"element": clark(&name)});
    }
    let of = schema.types[declaration.type_id.index()].name;
    json!({"name": name.local, "type": of.map(|of| clark(&expanded(schema, of)))})
}

fn expanded(schema: &Schema, name: NameId) -> ExpandedName {
    let (namespace, local) = schema.names.parts(name);
    ExpandedName::new(namespace, local)
}

fn clark(name: &ExpandedName) -> String {
    match name.namespace.is_empty() {
        true => name.local.clone(),
        false => format!("{{{}}}{}", name.namespace, name.local),
    }
}

/// What `collection.json` says of the SOAP ports of an entry, in the same form. Ports of other protocols are left out, as the reader
/// leaves them out with a warning; a service stays without them.
pub(crate) fn expected(entry: &Json) -> Json {
    let services = entry["services"].as_array().unwrap().iter().map(|service| {
        let ports = service["ports"].as_array().unwrap().iter();
        let ports = ports.filter(|port| is_soap(port)).map(|port| {
            let mut port = port.clone();
            for operation in port["operations"].as_array_mut().unwrap() {
                expect_operation(operation);
            }
            port
        });
        json!({"name": service["name"], "ports": ports.collect::<Vec<_>>()})
    });
    services.collect()
}

pub(crate) fn is_soap(port: &Json) -> bool {
    port["protocol"].as_str().unwrap().starts_with("SOAP ")
}

fn expect_operation(operation: &mut Json) {
    let rpc = operation["style"] == "rpc";
    if operation["use"].is_null() {
        operation["use"] = "literal".into();
    }
    if operation.get("soap_action").is_none() {
        operation["soap_action"] = "".into();
    }
    for way in ["input", "output"] {
        let message = &mut operation[way];
        if message.is_null() {
            continue;
        }
        let parts =
            message["parts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| match part.get("element") {
                    Some(element) => json!({"element": element}),
                    None => part.clone(),
                });
        *message = json!({
            "parts": parts.collect::<Vec<_>>(),
            // Says something of rpc only (WSDL 1.1, 3.5).
            "namespace": if rpc { message["namespace"].clone() } else { Json::Null },
            "headers": message["headers"],
            "attachments": message.get("attachments").cloned().unwrap_or_else(|| json!([])),
        });
    }
}
