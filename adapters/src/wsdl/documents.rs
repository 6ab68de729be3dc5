//! The documents of a description (WSDL 1.1, section 2.1.1) and its components by name (2.1.2 to 2.7).

use super::model::{Binding, Description, Port, Service};
use super::operations;
use crate::schema::known::WSDL_11;
use crate::schema::{
    Documents, ExpandedName, FaultKind, Loader, Place, Refusal, Schema, SchemaFault, SchemaLimits,
    Warning, WarningKind, XML_SCHEMA, alike, bound, build, collect_words, is_draft,
};
use crate::soap::SoapVersion;
use crate::xml::PositionedElement;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

/// Namespace of SOAP 1.1 in WSDL (section 3).
pub(super) const SOAP_11: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
/// Namespace of SOAP 1.2 in WSDL (W3C member submission 2006).
pub(super) const SOAP_12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
/// Namespaces of WSDL 2.0 and its drafts.
const WSDL_20: [&str; 3] = [
    "http://www.w3.org/ns/wsdl",
    "http://www.w3.org/2006/01/wsdl",
    "http://www.w3.org/2004/08/wsdl",
];

/// A document with the name of its file.
pub(super) struct WsdlDocument {
    location: Arc<str>,
    root: Arc<PositionedElement>,
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
    let documents = load(&mut loader, location)?;
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

/// The documents, each once.
fn load(loader: &mut Loader<'_>, location: &str) -> Read<Vec<WsdlDocument>> {
    let start = Place {
        location: Arc::from(location),
        line: 1,
        column: 1,
    };
    let mut documents = Vec::new();
    let mut seen: HashSet<String> = HashSet::from([location.to_owned()]);
    let mut waiting = VecDeque::from([(location.to_owned(), start)]);
    while let Some((location, asked)) = waiting.pop_front() {
        let shared: Arc<str> = Arc::from(location.as_str());
        let root = match loader.tree(&location, &asked) {
            Ok(root) => root,
            // The first document must be there; what it imports matters where it is needed.
            Err(SchemaFault {
                kind: FaultKind::Document { location, refusal },
                place,
            }) if !documents.is_empty() => {
                loader.unread.push(location.clone());
                let kind = WarningKind::Unread { location, refusal };
                loader.warnings.push(Warning { place, kind });
                continue;
            }
            Err(fault) => return Err(fault),
        };
        if root.is(XML_SCHEMA, "schema") && !documents.is_empty() {
            loader.add(&shared, root)?;
            continue;
        }
        check_root(&shared, &root)?;
        for child in &root.children {
            match (&*child.namespace, child.name.as_str()) {
                (WSDL_11, "import" | "include") => {
                    let place = Place {
                        location: Arc::clone(&shared),
                        line: child.line,
                        column: child.column,
                    };
                    let reference = child.attribute("location");
                    let reference = reference.or_else(|| child.attribute("schemaLocation"));
                    let Some(reference) = reference else { continue };
                    let resolved = loader.resolve(&location, reference);
                    match resolved {
                        Ok(next) => {
                            if seen.insert(next.clone()) {
                                waiting.push_back((next, place));
                            }
                        }
                        Err(refusal) => {
                            let location = reference.to_owned();
                            loader.unread.push(location.clone());
                            let kind = WarningKind::Unread { location, refusal };
                            loader.warnings.push(Warning { place, kind });
                        }
                    }
                }
                (WSDL_11, "types") => {
                    for schema in child.children_named(XML_SCHEMA, "schema") {
                        loader.add(&shared, Arc::new(schema.clone()))?;
                    }
                    drafts(loader, &shared, child);
                }
                _ => {}
            }
        }
        documents.push(WsdlDocument {
            location: shared,
            root,
        });
    }
    Ok(documents)
}

/// Schemas of the drafts of XML Schema are not read; what they may hold is told of where it is needed.
fn drafts(loader: &mut Loader<'_>, location: &Arc<str>, types: &PositionedElement) {
    let all = types.children.iter();
    for schema in all.filter(|child| is_draft(&child.namespace) && child.name == "schema") {
        let words = format!("the schema of the draft {}", schema.namespace);
        loader.unread.push(words.clone());
        loader.warnings.push(Warning {
            place: Place {
                location: Arc::clone(location),
                line: schema.line,
                column: schema.column,
            },
            kind: WarningKind::Unread {
                location: words,
                refusal: Refusal::NotAllowed("only XML Schema of 2001 is read".to_owned()),
            },
        });
    }
}

fn check_root(location: &Arc<str>, root: &PositionedElement) -> Read<()> {
    let kind = match (&*root.namespace, root.name.as_str()) {
        (WSDL_11, "definitions") => return Ok(()),
        (namespace, "description" | "definitions") if WSDL_20.contains(&namespace) => {
            FaultKind::Wsdl20
        }
        ("http://www.w3.org/1999/xhtml", _) | ("", "html" | "HTML") => FaultKind::HtmlPage,
        (namespace, name) => FaultKind::Root {
            found: ExpandedName::new(namespace, name),
            expected: "{http://schemas.xmlsoap.org/wsdl/}definitions",
        },
    };
    Err(SchemaFault {
        place: Place {
            location: Arc::clone(location),
            line: root.line,
            column: root.column,
        },
        kind,
    })
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
