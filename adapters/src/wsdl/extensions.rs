//! Extensions that a description marks as required (WSDL 1.1, section 2.1.3), and what it lacks to be called.

use super::documents::{Component, Read, Reading, SOAP_11, SOAP_12, WsdlDocument};
use super::model::Service;
use crate::schema::known::WSDL_11;
use crate::schema::{ExpandedName, FaultKind, SchemaFault, WarningKind};
use crate::xml::PositionedElement;

/// Namespaces of extensions that are read.
const READ: [&str; 4] = [
    SOAP_11,
    SOAP_12,
    "http://schemas.xmlsoap.org/wsdl/http/",
    "http://schemas.xmlsoap.org/wsdl/mime/",
];

/// Namespaces of policies and of the use of WS-Addressing. What they ask for is set up with the connection, not read here, and many
/// services mark them as required that are called without.
const SET_UP: [&str; 5] = [
    "http://schemas.xmlsoap.org/ws/2004/09/policy",
    "http://www.w3.org/2006/07/ws-policy",
    "http://www.w3.org/ns/ws-policy",
    "http://www.w3.org/2006/02/addressing/wsdl",
    "http://www.w3.org/2006/05/addressing/wsdl",
];

impl<'a> Reading<'a> {
    /// No element inside is required and unknown.
    pub(super) fn check_extensions(
        &mut self,
        component: &Component<'a>,
        element: &PositionedElement,
    ) -> Read<()> {
        let mut open = vec![element];
        while let Some(element) = open.pop() {
            self.check_own_extensions(component, element)?;
            open.extend(element.children.iter());
        }
        Ok(())
    }

    /// No child is required and unknown.
    pub(super) fn check_own_extensions(
        &mut self,
        component: &Component<'a>,
        element: &PositionedElement,
    ) -> Read<()> {
        for child in &element.children {
            let namespace = &*child.namespace;
            let required = child.attribute_in(WSDL_11, "required").map(str::trim);
            let read = namespace == WSDL_11 || READ.contains(&namespace);
            if read || !matches!(required, Some("true" | "1")) {
                continue;
            }
            let name = ExpandedName::new(namespace, child.name.clone());
            if !SET_UP.contains(&namespace) {
                return Err(SchemaFault {
                    place: component.place_of(child),
                    kind: FaultKind::RequiredExtension(name),
                });
            }
            let words = format!("{name}, though it is marked as required,");
            self.warn(component, child, WarningKind::Ignored(words));
        }
        Ok(())
    }

    /// Without a port everything can be written and read, and nothing says where to.
    pub(super) fn check_ports(&mut self, services: &[Service], documents: &'a [WsdlDocument]) {
        let Some(document) = documents.first() else {
            return;
        };
        if services.iter().all(|service| service.ports.is_empty()) {
            let component = document.component();
            let kind = WarningKind::Assumed {
                what: "a service with a port",
                taken: "none".to_owned(),
            };
            self.warn(&component, component.element, kind);
        }
    }
}
