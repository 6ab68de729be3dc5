//! All documents of a description, each once (XML Schema part 1, section 4.2).
//!
//! `include` takes a document into the namespace of the including one, also where the included has none (4.2.1); `redefine` does the
//! same and replaces components (4.2.2); `import` only announces another namespace, and its location is a hint (4.2.3). So a
//! document that cannot be had is a warning here, and becomes a fault where something that it may hold is needed.

use super::XML_SCHEMA;
use super::characters;
use super::documents::{Documents, Refusal};
use super::fault::{ExpandedName, FaultKind, Place, SchemaFault, Warning, WarningKind};
use super::known;
use super::limits::SchemaLimits;
use crate::xml::{PositionedElement, parse_positioned};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// A schema document in its place.
#[derive(Debug, Clone)]
pub(crate) struct SchemaDocument {
    /// Location, of the WSDL for a schema inside one.
    pub(crate) location: Arc<str>,
    /// The `schema` element.
    pub(crate) root: Arc<PositionedElement>,
    /// Its namespace, or that of the including document.
    pub(crate) namespace: String,
    /// Whether the namespace is that of the including document.
    pub(crate) chameleon: bool,
    /// Namespaces that it imports.
    pub(crate) imports: HashSet<String>,
    /// How many documents lead to it from the first one.
    pub(crate) steps: usize,
}

impl SchemaDocument {
    /// Place of an element in it.
    pub(crate) fn place(&self, element: &PositionedElement) -> Place {
        Place {
            location: Arc::clone(&self.location),
            line: element.line,
            column: element.column,
        }
    }
}

/// Reads documents under bounds and remembers what it read.
pub(crate) struct Loader<'d> {
    documents: &'d mut dyn Documents,
    pub(crate) limits: SchemaLimits,
    trees: HashMap<String, Arc<PositionedElement>>,
    bytes: usize,
    /// Documents in the order of reading.
    pub(crate) schemas: Vec<SchemaDocument>,
    loaded: HashSet<(String, String)>,
    waiting: VecDeque<usize>,
    /// What was taken though it is wrong.
    pub(crate) warnings: Vec<Warning>,
    /// Locations that were asked for and not had.
    pub(crate) unread: Vec<String>,
}

impl<'d> Loader<'d> {
    pub(crate) fn new(documents: &'d mut dyn Documents, limits: SchemaLimits) -> Self {
        Self {
            documents,
            limits,
            trees: HashMap::new(),
            bytes: 0,
            schemas: Vec::new(),
            loaded: HashSet::new(),
            waiting: VecDeque::new(),
            warnings: Vec::new(),
            unread: Vec::new(),
        }
    }

    pub(crate) fn resolve(&self, base: &str, reference: &str) -> Result<String, Refusal> {
        self.documents.resolve(base, reference)
    }

    /// The tree at a location, read once. The place is that of the reference to it.
    pub(crate) fn tree(
        &mut self,
        location: &str,
        asked: &Place,
    ) -> Result<Arc<PositionedElement>, SchemaFault> {
        if let Some(known) = self.trees.get(location) {
            return Ok(Arc::clone(known));
        }
        let at_reference = |kind| SchemaFault {
            place: asked.clone(),
            kind,
        };
        bound("documents", self.trees.len() + 1, self.limits.documents).map_err(at_reference)?;
        let document = self.documents.read(location).map_err(|refusal| {
            at_reference(FaultKind::Document {
                location: location.to_owned(),
                refusal,
            })
        })?;
        let size = document.bytes.len();
        bound("bytes of a document", size, self.limits.document_bytes).map_err(at_reference)?;
        self.bytes += size;
        bound("bytes in all", self.bytes, self.limits.total_bytes).map_err(at_reference)?;
        let start = Place {
            location: Arc::from(location),
            line: 1,
            column: 1,
        };
        let (text, warning) = characters::text_of(&document).map_err(|kind| SchemaFault {
            place: start.clone(),
            kind,
        })?;
        if let Some(kind) = warning {
            let place = start.clone();
            self.warnings.push(Warning { place, kind });
        }
        let tree = parse(&text, start, &self.limits)?;
        let tree = Arc::new(tree);
        self.trees.insert(location.to_owned(), Arc::clone(&tree));
        Ok(tree)
    }

    /// Adds a schema that is part of a WSDL, or the root of a schema document.
    pub(crate) fn add(
        &mut self,
        location: &Arc<str>,
        root: Arc<PositionedElement>,
    ) -> Result<(), SchemaFault> {
        let namespace = root.attribute("targetNamespace").unwrap_or_default();
        let document = SchemaDocument {
            location: Arc::clone(location),
            namespace: namespace.trim().to_owned(),
            chameleon: false,
            imports: HashSet::new(),
            steps: 0,
            root,
        };
        self.push(document)?;
        self.run()
    }

    fn push(&mut self, document: SchemaDocument) -> Result<(), SchemaFault> {
        bound(
            "documents",
            self.schemas.len() + 1,
            self.limits.documents * 4,
        )
        .map_err(|kind| SchemaFault {
            place: document.place(&document.root),
            kind,
        })?;
        self.waiting.push_back(self.schemas.len());
        self.schemas.push(document);
        Ok(())
    }

    fn run(&mut self) -> Result<(), SchemaFault> {
        while let Some(index) = self.waiting.pop_front() {
            let document = self.schemas[index].clone();
            for child in &document.root.children {
                if &*child.namespace != XML_SCHEMA {
                    continue;
                }
                match child.name.as_str() {
                    "include" | "redefine" => self.include(&document, child)?,
                    "import" => {
                        let namespace = child.attribute("namespace").unwrap_or_default().trim();
                        self.schemas[index].imports.insert(namespace.to_owned());
                        self.import(&document, child, namespace)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The root of a referred-to schema; `None`, with a warning, where it cannot be had.
    fn referred(
        &mut self,
        from: &SchemaDocument,
        element: &PositionedElement,
        reference: &str,
    ) -> Result<Option<(String, Arc<PositionedElement>)>, SchemaFault> {
        let place = from.place(element);
        let location = match self.resolve(&from.location, reference) {
            Ok(location) => location,
            Err(refusal) => {
                self.not_read(reference.to_owned(), refusal, place);
                return Ok(None);
            }
        };
        match self.tree(&location, &place) {
            Ok(root) if root.is(XML_SCHEMA, "schema") => Ok(Some((location, root))),
            Ok(root) => self.schema_of_wsdl(&location, &root, place),
            Err(SchemaFault {
                kind: FaultKind::Document { location, refusal },
                ..
            }) => {
                self.not_read(location, refusal, place);
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// A location may lead to the WSDL that a schema is part of; those schemas are read with it.
    fn schema_of_wsdl(
        &mut self,
        location: &str,
        root: &Arc<PositionedElement>,
        place: Place,
    ) -> Result<Option<(String, Arc<PositionedElement>)>, SchemaFault> {
        if !root.is(known::WSDL_11, "definitions") {
            let found = ExpandedName::new(&*root.namespace, root.name.clone());
            let expected = "a schema";
            let kind = FaultKind::Root { found, expected };
            return Err(SchemaFault { place, kind });
        }
        if self.loaded.insert((location.to_owned(), "wsdl".to_owned())) {
            let shared: Arc<str> = Arc::from(location);
            for types in root.children_named(known::WSDL_11, "types") {
                for schema in types.children_named(XML_SCHEMA, "schema") {
                    let namespace = schema.attribute("targetNamespace").unwrap_or_default();
                    self.push(SchemaDocument {
                        location: Arc::clone(&shared),
                        namespace: namespace.trim().to_owned(),
                        chameleon: false,
                        imports: HashSet::new(),
                        steps: 0,
                        root: Arc::new(schema.clone()),
                    })?;
                }
            }
        }
        Ok(None)
    }

    fn not_read(&mut self, location: String, refusal: Refusal, place: Place) {
        self.unread.push(location.clone());
        let kind = WarningKind::Unread { location, refusal };
        self.warnings.push(Warning { place, kind });
    }

    fn include(
        &mut self,
        from: &SchemaDocument,
        element: &PositionedElement,
    ) -> Result<(), SchemaFault> {
        let Some(reference) = element.attribute("schemaLocation") else {
            return Err(SchemaFault {
                place: from.place(element),
                kind: FaultKind::AttributeMissing {
                    element: element.name.clone(),
                    attribute: "schemaLocation",
                },
            });
        };
        let Some((location, root)) = self.referred(from, element, reference)? else {
            return Ok(());
        };
        let own = root.attribute("targetNamespace").unwrap_or_default().trim();
        if !own.is_empty() && own != from.namespace {
            return Err(SchemaFault {
                place: from.place(element),
                kind: FaultKind::IncludedNamespace {
                    found: own.to_owned(),
                    expected: from.namespace.clone(),
                },
            });
        }
        let chameleon = own.is_empty() && !from.namespace.is_empty();
        self.take(
            from,
            element,
            location,
            root.clone(),
            from.namespace.clone(),
            chameleon,
        )
    }

    fn import(
        &mut self,
        from: &SchemaDocument,
        element: &PositionedElement,
        namespace: &str,
    ) -> Result<(), SchemaFault> {
        let Some(reference) = element.attribute("schemaLocation") else {
            return Ok(());
        };
        // The organisations behind these namespaces serve their schemas slowly, or not at all.
        let remote = reference.contains("w3.org") || reference.contains("xmlsoap.org");
        if namespace == XML_SCHEMA || (remote && known::KNOWN.contains(&namespace)) {
            return Ok(());
        }
        let Some((location, root)) = self.referred(from, element, reference)? else {
            return Ok(());
        };
        let own = root.attribute("targetNamespace").unwrap_or_default().trim();
        if own != namespace {
            self.warnings.push(Warning {
                place: from.place(element),
                kind: WarningKind::ImportedNamespace {
                    found: own.to_owned(),
                    announced: namespace.to_owned(),
                },
            });
        }
        let own = own.to_owned();
        self.take(from, element, location, root, own, false)
    }

    fn take(
        &mut self,
        from: &SchemaDocument,
        element: &PositionedElement,
        location: String,
        root: Arc<PositionedElement>,
        namespace: String,
        chameleon: bool,
    ) -> Result<(), SchemaFault> {
        if !self.loaded.insert((location.clone(), namespace.clone())) {
            return Ok(());
        }
        let steps = from.steps + 1;
        bound(
            "documents that lead to one another",
            steps,
            self.limits.chain,
        )
        .map_err(|kind| SchemaFault {
            place: from.place(element),
            kind,
        })?;
        self.push(SchemaDocument {
            location: Arc::from(location),
            root,
            namespace,
            chameleon,
            imports: HashSet::new(),
            steps,
        })
    }

    /// Adds the schemas of namespaces that are mentioned, that everybody knows, and that no document brought.
    pub(crate) fn add_known(&mut self) -> Result<(), SchemaFault> {
        for namespace in known::KNOWN {
            let brought = self.schemas.iter().any(|s| s.namespace == namespace);
            let mentioned = namespace == crate::xml::XML_NAMESPACE
                || self.schemas.iter().any(|schema| {
                    schema.imports.contains(namespace)
                        || schema
                            .root
                            .bindings()
                            .iter()
                            .any(|(_, uri)| *uri == namespace)
                })
                || namespace == known::ENCODING_11;
            let Some(text) = known::schema_of(namespace).filter(|_| mentioned && !brought) else {
                continue;
            };
            let location: Arc<str> = Arc::from(namespace);
            let start = Place {
                location: Arc::clone(&location),
                line: 1,
                column: 1,
            };
            let root = parse(&text, start, &self.limits)?;
            self.add(&location, Arc::new(root))?;
        }
        Ok(())
    }
}

fn parse(
    text: &str,
    start: Place,
    limits: &SchemaLimits,
) -> Result<PositionedElement, SchemaFault> {
    let head = text.trim_start();
    let head: String = head.chars().take(15).collect::<String>().to_lowercase();
    if head.starts_with("<!doctype html") || head.starts_with("<html") {
        return Err(SchemaFault {
            place: start,
            kind: FaultKind::HtmlPage,
        });
    }
    parse_positioned(text, &limits.tree).map_err(|error| SchemaFault {
        place: Place {
            line: error.line,
            column: error.column,
            ..start
        },
        kind: FaultKind::Xml(error.error),
    })
}

pub(crate) fn bound(what: &'static str, count: usize, bound: usize) -> Result<(), FaultKind> {
    match count > bound {
        true => Err(FaultKind::Bound { what, bound }),
        false => Ok(()),
    }
}
