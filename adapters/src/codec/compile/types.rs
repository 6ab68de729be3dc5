//! Types: content and attributes over the whole chain of derivation (part 1, 3.4.2 and 3.4.6), and encoded arrays.

use super::Compiler;
use crate::codec::table::*;
use crate::schema::known::{ENCODING_11, ENCODING_12};
use crate::schema::{
    AttributeDeclaration, AttributePresence, AttributeUse, Attributes, ComplexContent, ComplexType,
    Derivation, FaultKind, NameId, Particle, SchemaFault, Term, TypeId, TypeKind, Wildcard,
};
use std::collections::HashMap;
use std::ops::Range;

/// Content of a type with that of its bases in place.
struct Effective<'s> {
    simple: Option<TypeId>,
    any: bool,
    mixed: bool,
    /// Base first.
    particles: Vec<&'s Particle>,
}

impl<'s> Compiler<'s> {
    pub(super) fn types(&mut self) -> Result<(), SchemaFault> {
        let count = self.schema.types.len();
        // Arrays of arrays need types that no document names; they come after all others.
        let mut nested = Vec::new();
        for index in 0..count {
            let compiled = self.compiled(TypeId::of(index), count, &mut nested)?;
            self.codec.types.push(compiled);
        }
        self.codec.types.extend(nested);
        Ok(())
    }

    fn compiled(
        &mut self,
        type_id: TypeId,
        count: usize,
        nested: &mut Vec<CompiledType>,
    ) -> Result<CompiledType, SchemaFault> {
        let definition = &self.schema.types[type_id.index()];
        let mut compiled = CompiledType {
            name: definition.name,
            base: self.schema.base_of(type_id).map(|base| base.0),
            is_abstract: false,
            content: Content::Any,
            attributes: 0..0,
            any_attributes: 0..0,
            slots: 0..0,
            keys: HashMap::new(),
            array: None,
            interleaves: false,
            ambiguous: false,
        };
        match &definition.kind {
            TypeKind::AnyType => {}
            TypeKind::Simple(_) => {
                let simple = self
                    .codec
                    .simple
                    .compile(self.schema, type_id, self.limits)?;
                compiled.content = Content::Simple(simple);
            }
            TypeKind::Complex(complex) => {
                compiled.is_abstract = complex.is_abstract;
                self.complex(type_id, &mut compiled)?;
                if let Some((item, dimensions, name)) = self.array_of(type_id) {
                    compiled.array = Some(nest(item, &dimensions, &name, count, nested));
                    compiled.content = Content::Any;
                }
            }
        }
        Ok(compiled)
    }

    fn complex(&mut self, type_id: TypeId, compiled: &mut CompiledType) -> Result<(), SchemaFault> {
        let effective = self.effective(type_id)?;
        compiled.content = match (effective.simple, effective.any) {
            (Some(simple), _) => {
                let id = self
                    .codec
                    .simple
                    .compile(self.schema, simple, self.limits)?;
                Content::Simple(id)
            }
            (None, true) => Content::Any,
            (None, false) => {
                let (content, slots, keys) =
                    self.content(type_id, &effective.particles, effective.mixed)?;
                if let Content::Model { root, .. } = content {
                    compiled.interleaves = self.interleaves(root);
                    compiled.ambiguous = self.places(root).into_values().any(|places| places > 1);
                }
                compiled.slots = slots;
                compiled.keys = keys;
                content
            }
        };
        let (attributes, any) = self.all_attributes(type_id)?;
        let start = compiled.keys.len();
        debug_assert!(start < ATTRIBUTE as usize);
        for (place, attribute) in attributes.clone().enumerate() {
            let key = self.codec.attributes[attribute as usize].key.clone();
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            compiled.keys.insert(key, ATTRIBUTE | place);
        }
        compiled.attributes = attributes;
        compiled.any_attributes = any;
        Ok(())
    }

    fn effective(&self, type_id: TypeId) -> Result<Effective<'s>, SchemaFault> {
        let mut found = Effective {
            simple: None,
            any: false,
            mixed: false,
            particles: Vec::new(),
        };
        let mut at = type_id;
        let mut text = false;
        loop {
            let complex: &'s ComplexType = match &self.schema.types[at.index()].kind {
                TypeKind::AnyType => {
                    found.any = at == type_id;
                    break;
                }
                TypeKind::Simple(_) => {
                    found.simple = Some(at);
                    break;
                }
                TypeKind::Complex(complex) => complex,
            };
            match (&complex.content, complex.derivation) {
                (ComplexContent::Simple(Some(inner)), _) => {
                    found.simple = Some(*inner);
                    break;
                }
                (ComplexContent::Simple(None), _) => text = true,
                (ComplexContent::Elements(own), derivation) => {
                    found.particles.extend(own);
                    found.mixed |= complex.mixed;
                    if derivation == Derivation::Restriction {
                        break;
                    }
                }
            }
            at = complex.base;
        }
        found.particles.reverse();
        let wrong = match (found.simple.is_some(), text) {
            (true, _) if !found.particles.is_empty() => Some(("a text", "a type with elements")),
            (false, true) => Some(("no text", "a type with text content")),
            _ => None,
        };
        match wrong {
            None => Ok(found),
            Some((what, expected)) => Err(SchemaFault {
                place: self.schema.types[type_id.index()].place.clone(),
                kind: FaultKind::TypeKind {
                    name: self.name_of(at),
                    found: what,
                    expected,
                },
            }),
        }
    }

    fn name_of(&self, type_id: TypeId) -> String {
        let name = self.schema.types[type_id.index()].name;
        name.map_or_else(
            || "(anonymous)".to_owned(),
            |name| {
                let (namespace, local) = self.schema.names.parts(name);
                crate::schema::ExpandedName::new(namespace, local).to_string()
            },
        )
    }

    /// Attributes of the whole chain: a step adds, replaces, or in a restriction forbids.
    fn all_attributes(&mut self, type_id: TypeId) -> Result<(Range<u32>, Range<u32>), SchemaFault> {
        let schema = self.schema;
        let mut steps: Vec<&'s ComplexType> = Vec::new();
        let mut at = type_id;
        while let TypeKind::Complex(complex) = &schema.types[at.index()].kind {
            steps.push(complex);
            at = complex.base;
        }
        let mut uses: Vec<(NameId, &'s AttributeUse)> = Vec::new();
        let mut any: Vec<&'s Wildcard> = Vec::new();
        for step in steps.into_iter().rev() {
            if step.derivation == Derivation::Restriction {
                any.clear();
            }
            self.add_attributes(&step.attributes, &mut uses, &mut any);
        }
        let start = self.codec.attributes.len();
        for (_, used) in uses {
            if used.required != AttributePresence::Prohibited {
                let declaration = &schema.attributes[used.attribute.index()];
                let mut compiled = self.attribute(declaration, Some(used))?;
                let taken = self.codec.attributes[start..]
                    .iter()
                    .any(|known| known.key == compiled.key);
                if taken {
                    let uri = schema
                        .names
                        .uri(crate::schema::NamespaceId(compiled.namespace));
                    compiled.key = format!("@{{{uri}}}{}", compiled.local).into();
                }
                self.codec.attributes.push(compiled);
            }
        }
        let wild = self.codec.wildcards.len();
        for wildcard in any {
            self.codec.wildcards.push(CompiledWildcard {
                namespaces: wildcard.namespaces.clone(),
                process: wildcard.process,
            });
        }
        Ok((
            range(start, self.codec.attributes.len()),
            range(wild, self.codec.wildcards.len()),
        ))
    }

    fn add_attributes(
        &self,
        attributes: &'s Attributes,
        uses: &mut Vec<(NameId, &'s AttributeUse)>,
        any: &mut Vec<&'s Wildcard>,
    ) {
        for group in &attributes.groups {
            // Nesting of attribute groups is bounded by the reader.
            let (_, inside) = &self.schema.attribute_groups[group.index()];
            self.add_attributes(inside, uses, any);
        }
        for used in &attributes.uses {
            let name = self.schema.attributes[used.attribute.index()].name;
            match uses.iter_mut().find(|(known, _)| *known == name) {
                Some(known) => known.1 = used,
                None => uses.push((name, used)),
            }
        }
        any.extend(&attributes.any);
    }

    pub(super) fn attribute(
        &mut self,
        declaration: &AttributeDeclaration,
        used: Option<&AttributeUse>,
    ) -> Result<CompiledAttribute, SchemaFault> {
        let names = &self.schema.names;
        let local = names.local(declaration.name);
        let namespace = names.namespace_of(declaration.name).0;
        let of_use =
            |choose: fn(&AttributeUse) -> &Option<String>| used.and_then(|u| choose(u).clone());
        let default = of_use(|u| &u.default).or_else(|| declaration.default.clone());
        let fixed = of_use(|u| &u.fixed).or_else(|| declaration.fixed.clone());
        let simple = self
            .codec
            .simple
            .compile(self.schema, declaration.type_id, self.limits)?;
        Ok(CompiledAttribute {
            namespace,
            local: local.into(),
            key: format!("@{local}").into(),
            simple,
            required: used.is_some_and(|u| u.required == AttributePresence::Required),
            default: default.map(Into::into),
            fixed: fixed.map(Into::into),
        })
    }

    /// Item type, dimensions and item name of an encoded array (WSDL 1.1, 3.5; SOAP 1.1, 5.4.2).
    fn array_of(&self, type_id: TypeId) -> Option<(TypeId, String, String)> {
        let is_array = |at: TypeId| {
            let name = self.schema.types[at.index()].name?;
            let (namespace, local) = self.schema.names.parts(name);
            (local == "Array" && (namespace == ENCODING_11 || namespace == ENCODING_12))
                .then_some(())
        };
        let mut at = type_id;
        let mut item: Option<(TypeId, String)> = None;
        let mut element = None;
        loop {
            if is_array(at).is_some() {
                let any = TypeId::of(0);
                let declared = element.map(|(_, type_id)| (type_id, String::new()));
                let (item, dimensions) = item.or(declared).unwrap_or((any, "[]".to_owned()));
                let name = element.map_or("item", |(name, _)| self.schema.names.local(name));
                return Some((item, dimensions, name.to_owned()));
            }
            let TypeKind::Complex(complex) = &self.schema.types[at.index()].kind else {
                return None;
            };
            let written = complex.attributes.uses.iter();
            item = item.or_else(|| written.filter_map(|used| used.array_type.clone()).next());
            if let ComplexContent::Elements(Some(particle)) = &complex.content {
                element = element.or_else(|| self.first_element(particle));
            }
            at = complex.base;
        }
    }

    fn first_element(&self, particle: &Particle) -> Option<(NameId, TypeId)> {
        match &particle.term {
            Term::Element(element) => {
                let declaration = &self.schema.elements[element.index()];
                Some((declaration.name, declaration.type_id))
            }
            Term::Sequence(inside) | Term::Choice(inside) | Term::All(inside) => {
                inside.first().and_then(|inner| self.first_element(inner))
            }
            Term::Any(_) | Term::Group(_) => None,
        }
    }
}

/// An array of the last dimension; the dimensions before it make arrays of their own.
fn nest(
    item: TypeId,
    dimensions: &str,
    name: &str,
    count: usize,
    nested: &mut Vec<CompiledType>,
) -> Array {
    let mut brackets: Vec<&str> = dimensions.split_inclusive(']').collect();
    brackets.pop();
    // Far more levels than any service has.
    brackets.truncate(8);
    let mut inner = String::new();
    let mut at = item.0;
    for bracket in brackets {
        let array = Array {
            item: at,
            named: item.0,
            inner: inner.clone().into(),
            item_name: "item".into(),
        };
        at = u32::try_from(count + nested.len()).unwrap_or(u32::MAX);
        nested.push(CompiledType {
            name: None,
            base: None,
            is_abstract: false,
            content: Content::Any,
            attributes: 0..0,
            any_attributes: 0..0,
            slots: 0..0,
            keys: HashMap::new(),
            array: Some(array),
            interleaves: false,
            ambiguous: false,
        });
        inner.push_str(bracket);
    }
    Array {
        item: at,
        named: item.0,
        inner: inner.into(),
        item_name: name.into(),
    }
}

pub(super) fn range(start: usize, end: usize) -> Range<u32> {
    let small = |place| u32::try_from(place).unwrap_or(u32::MAX);
    small(start)..small(end)
}
