//! Components to tables.

mod content;
mod counts;
mod types;

use super::simple::SimpleTypes;
use super::table::*;
use crate::schema::known::{ENCODING_11, ENCODING_12};
use crate::schema::{
    ElementId, NameId, Names, Schema, SchemaFault, SchemaLimits, TypeId, Warning, XML_SCHEMA,
};
use crate::xml::{XML_NAMESPACE, is_name};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// Namespace of `xsi:type` and `xsi:nil` (part 1, 2.6).
pub(crate) const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

impl Codec {
    /// Compiles every component of a schema. Warnings tell what was taken though it is wrong.
    ///
    /// # Errors
    /// [`SchemaFault`]: a facet or pattern that cannot be taken, or content beyond a bound.
    pub fn compile(
        schema: &Schema,
        limits: &SchemaLimits,
    ) -> Result<(Self, Vec<Warning>), SchemaFault> {
        let mut names = schema.names.clone();
        for namespace in [
            "",
            SCHEMA_INSTANCE,
            XML_SCHEMA,
            ENCODING_11,
            ENCODING_12,
            XML_NAMESPACE,
        ] {
            names.namespace(namespace);
        }
        let prefixes = prefixes(schema, &names);
        let declarations = names.namespaces().iter().zip(&prefixes);
        let declarations = declarations
            .map(|(uri, prefix)| declaration(prefix, uri).into_boxed_str())
            .collect();
        let mut compiler = Compiler {
            schema,
            limits,
            substitutes: substitutes(schema),
            particles: 0,
            codec: Self {
                locals: locals(&names),
                namespace_ids: names
                    .namespaces()
                    .iter()
                    .enumerate()
                    .map(|(id, uri)| (uri.as_str().into(), u32::try_from(id).unwrap_or(u32::MAX)))
                    .collect(),
                names,
                prefixes,
                declarations,
                elements: Vec::new(),
                types: Vec::new(),
                simple: SimpleTypes::default(),
                nodes: Vec::new(),
                children: Vec::new(),
                alternatives: Vec::new(),
                firsts: Vec::new(),
                group_slots: Vec::new(),
                wildcards: Vec::new(),
                slots: Vec::new(),
                attributes: Vec::new(),
                global_elements: schema
                    .global_elements
                    .iter()
                    .map(|(name, id)| (*name, id.0))
                    .collect(),
                global_types: schema
                    .global_types
                    .iter()
                    .map(|(name, id)| (*name, id.0))
                    .collect(),
                global_attributes: HashMap::new(),
            },
        };
        compiler.elements();
        compiler.types()?;
        compiler.leaves();
        for (name, id) in &schema.global_attributes {
            let declaration = &schema.attributes[id.index()];
            let compiled = compiler.attribute(declaration, None)?;
            compiler.codec.global_attributes.insert(*name, compiled);
        }
        let warnings = std::mem::take(&mut compiler.codec.simple.warnings);
        Ok((compiler.codec, warnings))
    }
}

struct Compiler<'s> {
    schema: &'s Schema,
    limits: &'s SchemaLimits,
    /// Members of substitution groups, of all steps, by head.
    substitutes: HashMap<ElementId, Vec<ElementId>>,
    particles: usize,
    codec: Codec,
}

impl Compiler<'_> {
    fn elements(&mut self) {
        for (index, declaration) in self.schema.elements.iter().enumerate() {
            let namespace = self.schema.names.namespace_of(declaration.name);
            let local = self.schema.names.local(declaration.name);
            let prefix = &self.codec.prefixes[namespace.index()];
            let written = match prefix.is_empty() {
                true => local.to_owned(),
                false => format!("{prefix}:{local}"),
            };
            let type_index = self.type_of(ElementId::of(index));
            self.codec.elements.push(CompiledElement {
                name: declaration.name,
                namespace,
                local: local.into(),
                open: format!("<{written}").into(),
                close: format!("</{written}>").into(),
                type_index: type_index.0,
                nillable: declaration.nillable,
                is_abstract: declaration.is_abstract,
                default: declaration.default.as_deref().map(Into::into),
                fixed: declaration.fixed.as_deref().map(Into::into),
                leaf: None,
                reachable: OnceLock::new(),
            });
        }
    }

    fn leaves(&mut self) {
        for element in &mut self.codec.elements {
            let kind = &self.codec.types[element.type_index as usize];
            let bare = kind.attributes.is_empty()
                && kind.any_attributes.is_empty()
                && !element.is_abstract
                && element.default.is_none()
                && element.fixed.is_none();
            element.leaf = match kind.content {
                Content::Simple(simple) if bare && !self.codec.simple.get(simple).binary => {
                    Some(simple)
                }
                _ => None,
            };
        }
    }

    /// An element that substitutes another and names no type has that of its head (part 1, 3.3.2).
    fn type_of(&self, element: ElementId) -> TypeId {
        let mut at = element;
        // Chains of substitution are bounded by the reader.
        loop {
            let declaration = &self.schema.elements[at.index()];
            match declaration.substitutes {
                Some(head) if declaration.type_id.index() == 0 => at = head,
                _ => return declaration.type_id,
            }
        }
    }
}

/// All members of each substitution group, direct ones and theirs (part 1, 3.3.6).
fn substitutes(schema: &Schema) -> HashMap<ElementId, Vec<ElementId>> {
    let mut members: HashMap<ElementId, Vec<ElementId>> = HashMap::new();
    for (index, declaration) in schema.elements.iter().enumerate() {
        let mut head = declaration.substitutes;
        while let Some(at) = head {
            members.entry(at).or_default().push(ElementId::of(index));
            head = schema.elements[at.index()].substitutes;
        }
    }
    members
}

fn locals(names: &Names) -> Vec<HashMap<Box<str>, NameId>> {
    let mut locals = vec![HashMap::new(); names.namespaces().len()];
    for index in 0..names.len() {
        let name = NameId::of(index);
        let of_namespace: &mut HashMap<Box<str>, NameId> =
            &mut locals[names.namespace_of(name).index()];
        of_namespace.insert(names.local(name).into(), name);
    }
    locals
}

/// A prefix for each namespace: the one that the documents use, where it is free and usable.
fn prefixes(schema: &Schema, names: &Names) -> Vec<Box<str>> {
    let mut found: Vec<Box<str>> = vec!["".into(); names.namespaces().len()];
    let mut taken: HashSet<String> = ["xsi", "xsd", "xml", "soapenc", "soapenv", "enc12"]
        .map(str::to_owned)
        .into();
    for (id, uri) in names.namespaces().iter().enumerate() {
        let fixed = match uri.as_str() {
            SCHEMA_INSTANCE => "xsi",
            XML_SCHEMA => "xsd",
            XML_NAMESPACE => "xml",
            ENCODING_11 => "soapenc",
            ENCODING_12 => "enc12",
            _ => continue,
        };
        found[id] = fixed.into();
    }
    for (prefix, namespace) in &schema.prefixes {
        let usable = is_name(prefix)
            && prefix.is_ascii()
            && !prefix.to_ascii_lowercase().starts_with("xml")
            && found[namespace.index()].is_empty()
            && !names.uri(*namespace).is_empty();
        if usable && taken.insert(prefix.clone()) {
            found[namespace.index()] = prefix.as_str().into();
        }
    }
    let mut number = 0;
    for (id, uri) in names.namespaces().iter().enumerate() {
        if uri.is_empty() || !found[id].is_empty() {
            continue;
        }
        loop {
            number += 1;
            let prefix = format!("ns{number}");
            if taken.insert(prefix.clone()) {
                found[id] = prefix.into();
                break;
            }
        }
    }
    found
}

/// ` xmlns:p="uri"`; nothing for no namespace and for `xml`, which is always bound.
pub(super) fn declaration(prefix: &str, uri: &str) -> String {
    if prefix.is_empty() || prefix == "xml" {
        return String::new();
    }
    let mut out = format!(" xmlns:{prefix}=\"");
    super::write::escape_attribute(&mut out, uri);
    out.push('"');
    out
}
