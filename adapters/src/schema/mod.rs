//! XML Schema (XML 模式): documents to components.
//!
//! Read is XML Schema 1.0, second edition: part 1 (structures) and part 2 (datatypes). [`Documents`] gives the bytes, [`read_schema`]
//! follows includes, imports and redefinitions under [`SchemaLimits`] and makes a [`Schema`]: typed arenas of declarations as they
//! are written. [`crate::codec`] compiles it. A fault names file, line and column, what was expected, and what to do.
//!
//! What always holds afterwards: every reference leads to a component; no component is defined by itself; chains of derivation are
//! bounded. What is not checked: that a restriction allows less than its base (part 1, 3.9.6), that content is unambiguous (3.8.6:
//! the first match is taken), identity constraints (3.11).

mod builtin;
mod characters;
mod documents;
mod fault;
pub(crate) mod known;
mod limits;
mod load;
mod model;
mod names;
mod read;

pub(crate) use builtin::is_draft;
pub use builtin::{BuiltIn, XML_SCHEMA};
pub use documents::{Document, Documents, MemoryDocuments, Refusal, resolve_reference};
pub use fault::{ComponentKind, ExpandedName, FaultKind, Place, SchemaFault, Warning, WarningKind};
pub use limits::SchemaLimits;
pub(crate) use load::{Loader, bound};
pub use model::{
    AttributeDeclaration, AttributePresence, AttributeUse, Attributes, ComplexContent, ComplexType,
    Derivation, ElementDeclaration, EnumerationValue, Facets, Occurs, Particle, ProcessContents,
    Schema, SimpleType, Term, TypeDefinition, TypeKind, Variety, WhiteSpace, Wildcard,
    WildcardNamespaces,
};
pub use names::{
    AttributeGroupId, AttributeId, ElementId, GroupId, NameId, Names, NamespaceId, TypeId,
};
pub(crate) use read::{alike, build, collect_words};

use std::sync::Arc;

/// The schema at a location, with all that it includes and imports.
///
/// # Errors
/// [`SchemaFault`], with the place of what is wrong.
pub fn read_schema(
    documents: &mut dyn Documents,
    location: &str,
    limits: &SchemaLimits,
) -> Result<(Schema, Vec<Warning>), SchemaFault> {
    let mut loader = Loader::new(documents, *limits);
    let location: Arc<str> = Arc::from(location);
    let start = Place {
        location: Arc::clone(&location),
        line: 1,
        column: 1,
    };
    let root = loader.tree(&location, &start)?;
    if !root.is(XML_SCHEMA, "schema") {
        let found = ExpandedName::new(&*root.namespace, root.name.clone());
        let expected = "{http://www.w3.org/2001/XMLSchema}schema";
        let kind = FaultKind::Root { found, expected };
        return Err(SchemaFault { place: start, kind });
    }
    loader.add(&location, root)?;
    build(loader)
}
