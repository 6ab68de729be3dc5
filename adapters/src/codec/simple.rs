//! Simple types compiled: white space, form, facets (XML Schema part 2, 4.1.4 and 4.3).
//!
//! Facets of every step of a derivation hold together: lengths and bounds narrow, patterns of one step are alternatives and those of
//! different steps must all cover the value, the innermost enumeration wins.

use super::facets::{CompiledFacets, is_ordered, no_facets, same_value};
use super::fault::{ValueFault, ValueRule, shape_of};
use super::lexical;
use super::pattern;
use crate::schema::{
    BuiltIn, ComplexContent, Facets, FaultKind, Place, Schema, SchemaFault, SchemaLimits, TypeId,
    TypeKind, Variety, Warning, WarningKind, WhiteSpace,
};
use regex::Regex;
use std::borrow::Cow;
use std::collections::HashMap;

/// Place of a compiled simple type.
pub(super) type SimpleId = u32;

/// A compiled simple type.
#[derive(Debug, Clone)]
pub(super) struct CompiledSimple {
    white_space: WhiteSpace,
    pub(super) variety: CompiledVariety,
    facets: Option<Box<CompiledFacets>>,
    /// Whether any text at all is a value as it stands.
    pub(super) free: bool,
    /// Whether values are qualified names.
    pub(super) qualified: bool,
    /// Whether values are bytes in base64, which may travel as an attachment.
    pub(super) binary: bool,
    /// Whether a value may be several items.
    pub(super) listed: bool,
    /// The built-in type that it comes from; `None` for lists and unions.
    pub(super) built_in: Option<BuiltIn>,
    /// The values listed, for people and for drafts.
    pub(super) enumeration: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) enum CompiledVariety {
    Atomic(BuiltIn),
    List(SimpleId),
    Union(Vec<SimpleId>),
}

/// All simple types that were asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct SimpleTypes {
    types: Vec<CompiledSimple>,
    known: HashMap<TypeId, SimpleId>,
    pub(super) warnings: Vec<Warning>,
}

impl SimpleTypes {
    pub(super) fn get(&self, id: SimpleId) -> &CompiledSimple {
        &self.types[id as usize]
    }

    pub(super) fn facets(&self, id: SimpleId) -> Option<&CompiledFacets> {
        self.types[id as usize].facets.as_deref()
    }

    /// The compiled form of a type, made on first use. Chains are bounded and without circles (checked by the reader).
    pub(super) fn compile(
        &mut self,
        schema: &Schema,
        type_id: TypeId,
        limits: &SchemaLimits,
    ) -> Result<SimpleId, SchemaFault> {
        if let Some(known) = self.known.get(&type_id) {
            return Ok(*known);
        }
        let definition = &schema.types[type_id.index()];
        let simple = match &definition.kind {
            TypeKind::Simple(simple) => simple,
            // A restriction of text content may name a complex type; its text is meant.
            TypeKind::Complex(complex) => {
                let inner = match &complex.content {
                    ComplexContent::Simple(Some(inner)) => *inner,
                    _ => complex.base,
                };
                return self.compile(schema, inner, limits);
            }
            TypeKind::AnyType => {
                let any = schema.type_named(crate::schema::XML_SCHEMA, "anySimpleType");
                return self.compile(schema, any.unwrap_or(type_id), limits);
            }
        };
        let compiled = match &simple.variety {
            Variety::BuiltIn(built_in) => self.built_in(schema, *built_in, limits)?,
            Variety::List(item) => CompiledSimple {
                white_space: WhiteSpace::Collapse,
                variety: CompiledVariety::List(self.compile(schema, *item, limits)?),
                facets: None,
                free: false,
                qualified: self.is_qualified(schema, *item, limits)?,
                listed: true,
                binary: false,
                built_in: None,
                enumeration: Vec::new(),
            },
            Variety::Union(members) => {
                let members = members
                    .iter()
                    .map(|member| self.compile(schema, *member, limits))
                    .collect::<Result<Vec<_>, _>>()?;
                CompiledSimple {
                    // Each member sees the text as it stands (part 2, 4.3.6).
                    white_space: WhiteSpace::Preserve,
                    facets: None,
                    free: false,
                    qualified: members.iter().any(|member| self.get(*member).qualified),
                    binary: false,
                    listed: members.iter().any(|member| self.get(*member).listed),
                    variety: CompiledVariety::Union(members),
                    built_in: None,
                    enumeration: Vec::new(),
                }
            }
            Variety::Restriction(base) => {
                let base = self.compile(schema, *base, limits)?;
                let base = self.get(base).clone();
                self.restricted(base, &simple.facets, &definition.place, limits)?
            }
        };
        let id = u32::try_from(self.types.len()).unwrap_or(u32::MAX);
        self.types.push(compiled);
        self.known.insert(type_id, id);
        Ok(id)
    }

    fn is_qualified(
        &mut self,
        schema: &Schema,
        item: TypeId,
        limits: &SchemaLimits,
    ) -> Result<bool, SchemaFault> {
        let item = self.compile(schema, item, limits)?;
        Ok(self.get(item).qualified)
    }

    fn built_in(
        &mut self,
        schema: &Schema,
        built_in: BuiltIn,
        limits: &SchemaLimits,
    ) -> Result<CompiledSimple, SchemaFault> {
        let variety = match built_in.items() {
            Some(item) => {
                let item = schema.type_named(crate::schema::XML_SCHEMA, item.name());
                let item = item.unwrap_or(TypeId::of(0));
                CompiledVariety::List(self.compile(schema, item, limits)?)
            }
            None => CompiledVariety::Atomic(built_in),
        };
        Ok(CompiledSimple {
            white_space: built_in.white_space(),
            built_in: built_in.items().is_none().then_some(built_in),
            variety,
            facets: None,
            free: matches!(built_in, BuiltIn::String | BuiltIn::AnySimpleType),
            qualified: matches!(built_in, BuiltIn::QName | BuiltIn::Notation),
            binary: built_in == BuiltIn::Base64Binary,
            listed: built_in.items().is_some(),
            enumeration: Vec::new(),
        })
    }

    fn restricted(
        &mut self,
        mut base: CompiledSimple,
        step: &Facets,
        place: &Place,
        limits: &SchemaLimits,
    ) -> Result<CompiledSimple, SchemaFault> {
        if *step == Facets::default() {
            return Ok(base);
        }
        let mut facets = base
            .facets
            .take()
            .map_or_else(CompiledFacets::default, |f| *f);
        base.white_space = base
            .white_space
            .max(step.white_space.unwrap_or(base.white_space));
        facets.length = step.length.or(facets.length);
        facets.min_length = narrowed(step.min_length, facets.min_length, u64::max);
        facets.max_length = narrowed(step.max_length, facets.max_length, u64::min);
        facets.total_digits = narrowed(step.total_digits, facets.total_digits, u64::min);
        facets.fraction_digits = narrowed(step.fraction_digits, facets.fraction_digits, u64::min);
        if !step.patterns.is_empty() {
            let mut alternatives = Vec::with_capacity(step.patterns.len());
            for (text, at) in &step.patterns {
                alternatives.push(self.pattern(text, at, limits)?);
            }
            let written: Vec<&str> = step
                .patterns
                .iter()
                .map(|(text, _)| text.as_str())
                .collect();
            facets.patterns.push((alternatives, written.join(" | ")));
        }
        self.bounds(&base, step, &mut facets, place)?;
        if !step.enumeration.is_empty() {
            base.enumeration = step
                .enumeration
                .iter()
                .map(|value| (value.value.clone(), value.documentation.clone()))
                .collect();
            facets.enumeration = step
                .enumeration
                .iter()
                .map(|value| match (&value.namespace, base.qualified) {
                    (Some(namespace), true) => qualified_value(namespace, &value.value),
                    _ => white_space(base.white_space, &value.value).into_owned(),
                })
                .collect();
        }
        base.free = base.white_space == WhiteSpace::Preserve && base.free && no_facets(&facets);
        base.facets = Some(Box::new(facets));
        Ok(base)
    }

    fn pattern(
        &mut self,
        text: &str,
        at: &Place,
        limits: &SchemaLimits,
    ) -> Result<Regex, SchemaFault> {
        let translated =
            pattern::translate(text, limits.pattern_bytes).map_err(|why| SchemaFault {
                place: at.clone(),
                kind: FaultKind::Pattern {
                    pattern: text.to_owned(),
                    why,
                },
            })?;
        if translated.anchored {
            self.warnings.push(Warning {
                place: at.clone(),
                kind: WarningKind::Anchors(text.to_owned()),
            });
        }
        Ok(translated.regex)
    }

    fn bounds(
        &mut self,
        base: &CompiledSimple,
        step: &Facets,
        facets: &mut CompiledFacets,
        place: &Place,
    ) -> Result<(), SchemaFault> {
        let written = [
            ("minInclusive", &step.min_inclusive, [false, true, true]),
            ("minExclusive", &step.min_exclusive, [false, false, true]),
            ("maxInclusive", &step.max_inclusive, [true, true, false]),
            ("maxExclusive", &step.max_exclusive, [true, false, false]),
        ];
        for (facet, bound, lets_through) in written {
            let Some(bound) = bound else { continue };
            if base
                .built_in
                .is_some_and(|built_in| !is_ordered(built_in.primitive()))
            {
                self.warnings.push(Warning {
                    place: place.clone(),
                    kind: WarningKind::Ignored(format!("{facet} of a type without an order")),
                });
                continue;
            }
            let fits = base.built_in.is_some_and(|built_in| {
                // A bound may lie outside of the base (part 2, 4.3.7 to 4.3.10 ask for a value of the primitive type at least).
                lexical::is_value(built_in.primitive(), bound)
                    && lexical::compare(built_in.primitive(), bound, bound).is_some()
            });
            if !fits {
                let value = bound.clone();
                let kind = FaultKind::Facet { facet, value };
                let place = place.clone();
                return Err(SchemaFault { place, kind });
            }
            facets.bounds.push((facet, bound.clone(), lets_through));
        }
        Ok(())
    }

    /// Whether two texts are one value of a type (part 1, 3.2.4 and 3.3.4: a fixed value is compared as a value).
    pub(super) fn same(&self, id: SimpleId, a: &str, b: &str) -> bool {
        let simple = self.get(id);
        let atomic = matches!(simple.variety, CompiledVariety::Atomic(_));
        let primitive = simple.built_in.map(BuiltIn::primitive);
        same_value(primitive.filter(|_| atomic), a, b)
    }

    /// The value of a text: white space handled, and every rule checked. Qualified names are expanded before.
    pub(super) fn check<'t>(
        &self,
        id: SimpleId,
        text: Cow<'t, str>,
    ) -> Result<Cow<'t, str>, ValueFault> {
        let simple = self.get(id);
        if simple.free {
            return Ok(text);
        }
        let text = normalised(simple.white_space, text);
        match self.broken(simple, &text) {
            None => Ok(text),
            Some(rule) => Err(ValueFault {
                shape: shape_of(&text),
                rule,
            }),
        }
    }

    fn broken(&self, simple: &CompiledSimple, text: &str) -> Option<ValueRule> {
        match &simple.variety {
            CompiledVariety::Atomic(built_in) => {
                // A qualified name is expanded already; what is left of its form is the local part.
                let written = match text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
                    Some((_, local)) if simple.qualified => local,
                    _ => text,
                };
                if !lexical::is_value(*built_in, written) {
                    return Some(ValueRule::Form(built_in.name()));
                }
            }
            CompiledVariety::List(item) => {
                let item = self.get(*item);
                for part in text.split_ascii_whitespace() {
                    if let Some(rule) = self.broken(item, part) {
                        return Some(rule);
                    }
                }
            }
            CompiledVariety::Union(members) => {
                let taken = members.iter().any(|member| {
                    let member = self.get(*member);
                    let text = white_space(member.white_space, text);
                    self.broken(member, &text).is_none()
                });
                if !taken {
                    return Some(ValueRule::Union);
                }
            }
        }
        let facets = simple.facets.as_deref()?;
        facets.broken(simple, text)
    }
}

fn narrowed(step: Option<u64>, base: Option<u64>, narrower: fn(u64, u64) -> u64) -> Option<u64> {
    match (step, base) {
        (Some(step), Some(base)) => Some(narrower(step, base)),
        (step, base) => step.or(base),
    }
}

/// `{namespace}local` of a qualified name.
pub(super) fn qualified_value(namespace: &str, written: &str) -> String {
    let written = written.trim();
    let local = written.split_once(':').map_or(written, |(_, local)| local);
    match namespace.is_empty() {
        true => local.to_owned(),
        false => format!("{{{namespace}}}{local}"),
    }
}

fn white_space(kind: WhiteSpace, text: &str) -> Cow<'_, str> {
    normalised(kind, Cow::Borrowed(text))
}

/// White space as part 2, 4.3.6 has it; nothing is copied where nothing changes.
fn normalised(kind: WhiteSpace, text: Cow<'_, str>) -> Cow<'_, str> {
    let is_white = |b: u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    match kind {
        WhiteSpace::Preserve => text,
        WhiteSpace::Replace => match text.bytes().any(|b| matches!(b, b'\t' | b'\n' | b'\r')) {
            true => Cow::Owned(text.replace(['\t', '\n', '\r'], " ")),
            false => text,
        },
        WhiteSpace::Collapse => {
            let bytes = text.as_bytes();
            let Some(start) = bytes.iter().position(|b| !is_white(*b)) else {
                return Cow::Borrowed("");
            };
            let end = bytes
                .iter()
                .rposition(|b| !is_white(*b))
                .map_or(start, |at| at + 1);
            let inner = &bytes[start..end];
            let runs = inner
                .windows(2)
                .any(|pair| is_white(pair[0]) && (pair[0] != b' ' || is_white(pair[1])));
            if runs {
                let words: Vec<&str> = text.split_ascii_whitespace().collect();
                return Cow::Owned(words.join(" "));
            }
            match text {
                Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
                Cow::Owned(mut text) => {
                    text.truncate(end);
                    text.drain(..start);
                    Cow::Owned(text)
                }
            }
        }
    }
}
