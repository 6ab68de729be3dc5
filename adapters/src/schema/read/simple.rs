//! Simple types and facets (XML Schema part 1, 3.14.2; part 2, 4.1.2 and 4.3).

use super::{Builder, Context, Read, documentation, parts};
use crate::schema::fault::{FaultKind, WarningKind};
use crate::schema::load::bound;
use crate::schema::model::*;
use crate::xml::PositionedElement;

impl<'a> Builder<'a> {
    pub(super) fn simple_type(
        &mut self,
        element: &'a PositionedElement,
        context: Context,
    ) -> Read<SimpleType> {
        let Some(step) = parts(element).next() else {
            return Err(self.unexpected(element, "restriction, list or union in it", context));
        };
        match step.name.as_str() {
            "restriction" => {
                let inline = parts(step).find(|part| part.name == "simpleType");
                let base = match (step.attribute("base"), inline) {
                    (Some(base), _) => self.type_reference(step, base, context)?,
                    (None, Some(inline)) => self.anonymous(inline, context)?,
                    (None, None) => {
                        self.required(context.document, step, "base")?;
                        self.any_simple_type()
                    }
                };
                Ok(SimpleType {
                    variety: Variety::Restriction(base),
                    facets: self.facets(step, context)?,
                })
            }
            "list" => {
                let inline = parts(step).find(|part| part.name == "simpleType");
                let item = match (step.attribute("itemType"), inline) {
                    (Some(item), _) => self.type_reference(step, item, context)?,
                    (None, Some(inline)) => self.anonymous(inline, context)?,
                    (None, None) => {
                        self.required(context.document, step, "itemType")?;
                        self.any_simple_type()
                    }
                };
                Ok(SimpleType {
                    variety: Variety::List(item),
                    facets: Facets::default(),
                })
            }
            "union" => {
                let mut members = Vec::new();
                for name in step
                    .attribute("memberTypes")
                    .unwrap_or_default()
                    .split_whitespace()
                {
                    members.push(self.type_reference(step, name, context)?);
                }
                for inline in parts(step).filter(|part| part.name == "simpleType") {
                    members.push(self.anonymous(inline, context)?);
                }
                Ok(SimpleType {
                    variety: Variety::Union(members),
                    facets: Facets::default(),
                })
            }
            _ => Err(self.unexpected(step, "restriction, list or union", context)),
        }
    }

    /// The facets of one step of restriction.
    pub(super) fn facets(&mut self, step: &'a PositionedElement, context: Context) -> Read<Facets> {
        let mut facets = Facets::default();
        for part in parts(step) {
            // Of version 1.1: they forbid.
            if matches!(
                part.name.as_str(),
                "assertion" | "assert" | "explicitTimezone"
            ) {
                let kind = WarningKind::Ignored(format!("<{}>", part.name));
                self.warn(context.document, part, kind);
                continue;
            }
            let Some(value) = part.attribute("value") else {
                let is_facet = !matches!(
                    part.name.as_str(),
                    "simpleType" | "attribute" | "attributeGroup" | "anyAttribute" | "sequence"
                );
                if is_facet {
                    self.required(context.document, part, "value")?;
                }
                continue;
            };
            match part.name.as_str() {
                "length" => facets.length = Some(self.count("length", part, value, context)?),
                "minLength" => {
                    facets.min_length = Some(self.count("minLength", part, value, context)?);
                }
                "maxLength" => {
                    // Some generators write -1 for "no bound".
                    if value.trim() != "-1" {
                        facets.max_length = Some(self.count("maxLength", part, value, context)?);
                    }
                }
                "totalDigits" | "precision" => {
                    facets.total_digits = Some(self.count("totalDigits", part, value, context)?);
                }
                "fractionDigits" | "scale" => {
                    facets.fraction_digits =
                        Some(self.count("fractionDigits", part, value, context)?);
                }
                "pattern" => {
                    self.patterns += value.len();
                    bound(
                        "bytes of patterns",
                        self.patterns,
                        self.limits.patterns_text,
                    )
                    .map_err(|kind| self.fault(context.document, part, kind))?;
                    let place = self.documents[context.document].place(part);
                    facets.patterns.push((value.to_owned(), place));
                }
                "enumeration" => facets.enumeration.push(EnumerationValue {
                    value: value.to_owned(),
                    namespace: part.qualified(value).map(|(space, _)| space.to_owned()),
                    documentation: documentation(part),
                }),
                "whiteSpace" => facets.white_space = Some(self.white_space(part, value, context)?),
                "minInclusive" => facets.min_inclusive = Some(value.trim().to_owned()),
                "maxInclusive" => facets.max_inclusive = Some(value.trim().to_owned()),
                "minExclusive" => facets.min_exclusive = Some(value.trim().to_owned()),
                "maxExclusive" => facets.max_exclusive = Some(value.trim().to_owned()),
                _ => return Err(self.unexpected(part, "a facet", context)),
            }
        }
        Ok(facets)
    }

    fn count(
        &self,
        facet: &'static str,
        part: &PositionedElement,
        value: &str,
        context: Context,
    ) -> Read<u64> {
        let digits = value.trim().trim_start_matches('+');
        digits
            .parse()
            .ok()
            .filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))
            .ok_or_else(|| {
                let value = value.to_owned();
                self.fault(context.document, part, FaultKind::Facet { facet, value })
            })
    }

    fn white_space(
        &self,
        part: &PositionedElement,
        value: &str,
        context: Context,
    ) -> Read<WhiteSpace> {
        match value.trim() {
            "preserve" => Ok(WhiteSpace::Preserve),
            "replace" => Ok(WhiteSpace::Replace),
            "collapse" => Ok(WhiteSpace::Collapse),
            other => {
                let expected = "preserve, replace or collapse";
                Err(self.bad_value(part, "value", other, expected, context))
            }
        }
    }
}
