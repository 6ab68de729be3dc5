//! The documents of a description, each read once (WSDL 1.1, section 2.1.1), and the schemas inside them (2.2).

use super::documents::{Read, WsdlDocument};
use crate::schema::known::WSDL_11;
use crate::schema::{
    ExpandedName, FaultKind, Loader, Place, Refusal, SchemaFault, Warning, WarningKind, XML_SCHEMA,
    is_draft,
};
use crate::xml::PositionedElement;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Namespaces of WSDL 2.0 and its drafts.
const WSDL_20: [&str; 3] = [
    "http://www.w3.org/ns/wsdl",
    "http://www.w3.org/2006/01/wsdl",
    "http://www.w3.org/2004/08/wsdl",
];

/// The documents, each once.
pub(super) fn load(loader: &mut Loader<'_>, location: &str) -> Read<Vec<WsdlDocument>> {
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
