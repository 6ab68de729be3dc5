//! The documents of a description (WSDL 1.1, section 2.1.1) and its components by name (2.1.2 to 2.7).

use super::load;
use super::model::{Binding, Description, Port, Service};
use super::operations;
use crate::schema::known::WSDL_11;
use crate::schema::{
    Documents, ExpandedName, FaultKind, Loader, Place, Schema, SchemaFault, SchemaLimits, Warning,
    WarningKind, alike, bound, build, collect_words,
};
use crate::soap::SoapVersion;
use crate::xml::PositionedElement;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Namespace of SOAP 1.1 in WSDL (section 3).
pub(super) const SOAP_11: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
/// Namespace of SOAP 1.2 in WSDL (W3C member submission 2006).
pub(super) const SOAP_12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
/// A document with the name of its file.
pub(super) struct WsdlDocument {
    pub(super) location: Arc<str>,
    pub(super) root: Arc<PositionedElement>,
}

impl WsdlDocument {
    /// The document as a component of itself.
    pub(super) fn component(&self) -> Component<'_> {
        Component {
            document: self,
            element: &self.root,
        }
    }
}

/// A component and the document that it is in.
#[derive(Clone, Copy)]
pub(super) struct Component<'a> {
    pub(super) document: &'a WsdlDocument,
    pub(super) element: &'a PositionedElement,
}

impl Component<'_> {
    pub(super) fn place_of(&self, element: &PositionedElement) -> Place {
        Place {
            location: Arc::clone(&self.document.location),
            line: element.line,
            column: element.column,
        }
    }

    pub(super) fn namespace(&self) -> &str {
        let namespace = self.document.root.attribute("targetNamespace");
        namespace.unwrap_or_default().trim()
    }
}

type ByName<'a> = BTreeMap<(String, String), Component<'a>>;

/// Components of all documents, and the schema in the making.
pub(super) struct Reading<'a> {
    messages: ByName<'a>,
    port_types: ByName<'a>,
    bindings: ByName<'a>,
    pub(super) schema: Schema,
    pub(super) warnings: Vec<Warning>,
    /// Elements that were made for types: name and type.
    pub(super) made: Vec<(
        crate::schema::NameId,
        crate::schema::TypeId,
        bool,
        crate::schema::ElementId,
    )>,
}

pub(super) type Read<T> = Result<T, SchemaFault>;

pub(super) fn read(
    source: &mut dyn Documents,
    location: &str,
    limits: &SchemaLimits,
) -> Read<Description> {
    let mut loader = Loader::new(source, *limits);
    let documents = load::load(&mut loader, location)?;
    let (schema, warnings) = build(loader)?;
    let mut reading = Reading {
        messages: BTreeMap::new(),
        port_types: BTreeMap::new(),
        bindings: BTreeMap::new(),
        schema,
        warnings,
        made: Vec::new(),
    };
    for document in &documents {
        reading.index(document)?;
        reading.prefixes(document);
    }
    reading.describe(&documents, limits)
}

impl<'a> Reading<'a> {
    fn index(&mut self, document: &'a WsdlDocument) -> Read<()> {
        for element in &document.root.children {
            let into = match (&*element.namespace, element.name.as_str()) {
                (WSDL_11, "message") => &mut self.messages,
                (WSDL_11, "portType") => &mut self.port_types,
                (WSDL_11, "binding") => &mut self.bindings,
                _ => continue,
            };
            let component = Component { document, element };
            let name = named(&component)?;
            let key = (component.namespace().to_owned(), name.to_owned());
            match into.get(&key) {
                // The same document may be there under two addresses.
                Some(known) if alike(known.element, element) => {}
                Some(_) => {
                    let name = ExpandedName::new(key.0, key.1);
                    let kind = FaultKind::TwiceWsdl {
                        kind: element.name.clone(),
                        name,
                    };
                    let place = component.place_of(element);
                    return Err(SchemaFault { place, kind });
                }
                None => {
                    into.insert(key, component);
                }
            }
        }
        Ok(())
    }

    /// Prefixes of the description are used in messages too, after those of its schemas.
    fn prefixes(&mut self, document: &WsdlDocument) {
        for (prefix, uri) in document.root.bindings() {
            if self.schema.prefixes.len() < 1024 {
                let namespace = self.schema.names.namespace(uri);
                self.schema.prefixes.push((prefix.to_owned(), namespace));
            }
        }
    }

    fn describe(
        mut self,
        documents: &'a [WsdlDocument],
        limits: &SchemaLimits,
    ) -> Read<Description> {
        let all: Vec<Component<'a>> = self.bindings.values().copied().collect();
        let mut order: Vec<Component<'a>> = Vec::new();
        // In the order of the documents, not of names.
        for document in documents {
            let of_document = |c: &&Component<'a>| std::ptr::eq(c.document, document);
            let mut found: Vec<Component<'a>> = all.iter().filter(of_document).copied().collect();
            found.sort_by_key(|component| (component.element.line, component.element.column));
            order.extend(found);
        }
        let mut bindings: Vec<Binding> = Vec::new();
        let mut operations = 0;
        for document in documents {
            let component = document.component();
            self.check_own_extensions(&component, component.element)?;
        }
        for component in order {
            if let Some(binding) = operations::binding(&mut self, component)? {
                operations += binding.operations.len();
                bound("operations", operations, limits.components / 10).map_err(|kind| {
                    SchemaFault {
                        place: component.place_of(component.element),
                        kind,
                    }
                })?;
                bindings.push(binding);
            }
        }
        let mut services = Vec::new();
        for document in documents {
            for element in document.root.children_named(WSDL_11, "service") {
                services.push(self.service(Component { document, element }, &bindings)?);
            }
        }
        self.check_ports(&services, documents);
        let Some(first) = documents.first() else {
            return Err(SchemaFault {
                place: Place {
                    location: Arc::from(""),
                    line: 1,
                    column: 1,
                },
                kind: FaultKind::NoOperation,
            });
        };
        let root = Component {
            document: first,
            element: &first.root,
        };
        if operations == 0 {
            return Err(SchemaFault {
                place: root.place_of(root.element),
                kind: FaultKind::NoOperation,
            });
        }
        Ok(Description {
            namespace: root.namespace().to_owned(),
            documentation: documentation(root.element),
            services,
            bindings,
            schema: self.schema,
            warnings: self.warnings,
        })
    }

    fn service(&mut self, component: Component<'a>, bindings: &[Binding]) -> Read<Service> {
        let name = named(&component)?;
        let mut ports = Vec::new();
        for port in component.element.children_named(WSDL_11, "port") {
            let address = port.children.iter().find(|child| {
                child.name == "address" && matches!(&*child.namespace, SOAP_11 | SOAP_12)
            });
            let Some(written) = port.attribute("binding") else {
                return Err(missing_attribute(&component, port, "binding"));
            };
            let found = self.find(&component, port, "binding", written)?;
            self.check_extensions(&component, port)?;
            let found_name = ExpandedName::new(found.namespace(), named(&found)?);
            let place = bindings
                .iter()
                .position(|binding| binding.name == found_name);
            // A binding of another protocol; its own warning has told.
            let Some(binding) = place else { continue };
            let address = address.and_then(|address| address.attribute("location"));
            if address.is_none() {
                self.warn(
                    &component,
                    port,
                    WarningKind::Assumed {
                        what: "the address of a port",
                        taken: "none".to_owned(),
                    },
                );
            }
            ports.push(Port {
                name: port.attribute("name").unwrap_or_default().to_owned(),
                binding,
                address: address.unwrap_or_default().trim().to_owned(),
            });
        }
        Ok(Service {
            name: ExpandedName::new(component.namespace(), name),
            documentation: documentation(component.element),
            ports,
        })
    }

    /// The component that a reference stands for: by its expanded name; else, with a warning, the only one of its local name.
    pub(super) fn find(
        &mut self,
        from: &Component<'_>,
        element: &PositionedElement,
        kind: &'static str,
        written: &str,
    ) -> Read<Component<'a>> {
        let by_name = match kind {
            "message" => &self.messages,
            "portType" => &self.port_types,
            _ => &self.bindings,
        };
        let written = written.trim();
        let local = written.rsplit(':').next().unwrap_or_default();
        let expanded = element.qualified(written);
        if let Some((namespace, local)) = expanded
            && let Some(found) = by_name.get(&(namespace.to_owned(), local.to_owned()))
        {
            return Ok(*found);
        }
        let target = by_name.get(&(from.namespace().to_owned(), local.to_owned()));
        let mut of_local = by_name.iter().filter(|((_, name), _)| name == local);
        let only = of_local.next().filter(|_| of_local.next().is_none());
        match target.or(only.map(|(_, component)| component)).copied() {
            Some(found) => {
                let taken = ExpandedName::new(found.namespace(), local);
                let written = written.to_owned();
                self.warn(from, element, WarningKind::Reference { written, taken });
                Ok(found)
            }
            None => Err(SchemaFault {
                place: from.place_of(element),
                kind: match expanded {
                    Some((namespace, local)) => FaultKind::MissingWsdl {
                        kind,
                        name: ExpandedName::new(namespace, local),
                    },
                    None => FaultKind::Prefix(written.to_owned()),
                },
            }),
        }
    }

    pub(super) fn warn(
        &mut self,
        component: &Component<'_>,
        element: &PositionedElement,
        kind: WarningKind,
    ) {
        if self.warnings.len() < 1000 {
            let place = component.place_of(element);
            self.warnings.push(Warning { place, kind });
        }
    }
}

pub(super) fn named<'e>(component: &Component<'e>) -> Read<&'e str> {
    let name = component.element.attribute("name").map(str::trim);
    name.ok_or_else(|| missing_attribute(component, component.element, "name"))
}

pub(super) fn missing_attribute(
    component: &Component<'_>,
    element: &PositionedElement,
    attribute: &'static str,
) -> SchemaFault {
    SchemaFault {
        place: component.place_of(element),
        kind: FaultKind::AttributeMissing {
            element: element.name.clone(),
            attribute,
        },
    }
}

/// Words of `wsdl:documentation` (section 2.1.4).
pub(super) fn documentation(element: &PositionedElement) -> String {
    let mut out = String::new();
    for words in element.children_named(WSDL_11, "documentation") {
        collect_words(words, &mut out, 0);
    }
    out
}

/// The extension element of SOAP with that name, and its version.
pub(super) fn soap_child<'e>(
    element: &'e PositionedElement,
    name: &str,
) -> Option<(&'e PositionedElement, SoapVersion)> {
    element.children.iter().find_map(|child| {
        let version = match &*child.namespace {
            SOAP_11 => SoapVersion::V11,
            SOAP_12 => SoapVersion::V12,
            _ => return None,
        };
        (child.name == name).then_some((child, version))
    })
}
