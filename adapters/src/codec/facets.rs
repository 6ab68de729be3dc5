//! Facets compiled (XML Schema part 2, 4.3).

use super::decimal::Decimal;
use super::fault::ValueRule;
use super::lexical;
use super::simple::{CompiledSimple, CompiledVariety};
use crate::schema::BuiltIn;
use regex::Regex;
use std::cmp::Ordering;

#[derive(Debug, Clone, Default)]
pub(super) struct CompiledFacets {
    pub(super) length: Option<u64>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) patterns: Vec<(Vec<Regex>, String)>,
    pub(super) enumeration: Vec<String>,
    /// Facet, bound, and the orders of value to bound that it lets through.
    pub(super) bounds: Vec<(&'static str, String, [bool; 3])>,
    pub(super) total_digits: Option<u64>,
    pub(super) fraction_digits: Option<u64>,
}

impl CompiledFacets {
    pub(super) fn describe(&self, shape: &mut super::shape::TextShape) {
        shape.min_length = self.length.or(self.min_length);
        shape.max_length = self.length.or(self.max_length);
        shape.patterns = self
            .patterns
            .iter()
            .map(|(_, written)| written.clone())
            .collect();
        shape.bounds = self
            .bounds
            .iter()
            .map(|(facet, bound, _)| (*facet, bound.clone()))
            .collect();
        let digits = [
            ("totalDigits", self.total_digits),
            ("fractionDigits", self.fraction_digits),
        ];
        let digits = digits
            .into_iter()
            .filter_map(|(facet, most)| Some((facet, most?.to_string())));
        shape.bounds.extend(digits);
    }

    pub(super) fn broken(&self, simple: &CompiledSimple, text: &str) -> Option<ValueRule> {
        let facet = |facet, bound: u64| {
            let bound = bound.to_string();
            Some(ValueRule::Facet { facet, bound })
        };
        if self
            .length
            .or(self.min_length)
            .or(self.max_length)
            .is_some()
            && let Some(length) = length_of(simple, text)
        {
            match (self.length, self.min_length, self.max_length) {
                (Some(exact), ..) if length != exact => return facet("length", exact),
                (_, Some(least), _) if length < least => return facet("minLength", least),
                (.., Some(most)) if length > most => return facet("maxLength", most),
                _ => {}
            }
        }
        for (alternatives, written) in &self.patterns {
            if !alternatives.iter().any(|regex| regex.is_match(text)) {
                let bound = written.clone();
                let facet = "pattern";
                return Some(ValueRule::Facet { facet, bound });
            }
        }
        let primitive = simple.built_in.map(BuiltIn::primitive);
        if !self.enumeration.is_empty() && !self.listed(primitive, text) {
            return Some(ValueRule::Enumeration(some_of(&self.enumeration)));
        }
        for (facet, bound, [less, equal, greater]) in &self.bounds {
            let through = match primitive.and_then(|p| lexical::compare(p, text, bound)) {
                Some(Ordering::Less) => *less,
                Some(Ordering::Equal) => *equal,
                Some(Ordering::Greater) => *greater,
                None => false,
            };
            if !through {
                let bound = bound.clone();
                return Some(ValueRule::Facet { facet, bound });
            }
        }
        if (self.total_digits.is_some() || self.fraction_digits.is_some())
            && let Some(decimal) = Decimal::parse(text)
        {
            if let Some(most) = self
                .total_digits
                .filter(|most| decimal.total_digits() > *most)
            {
                return facet("totalDigits", most);
            }
            let beyond = |most: &u64| decimal.fraction_digits() > *most;
            if let Some(most) = self.fraction_digits.filter(beyond) {
                return facet("fractionDigits", most);
            }
        }
        None
    }

    /// Values are compared, not their writing: 1.0 is in an enumeration of 1 (part 2, 4.3.5).
    fn listed(&self, primitive: Option<BuiltIn>, text: &str) -> bool {
        let values = || self.enumeration.iter();
        values().any(|value| value == text)
            || values().any(|value| same_value(primitive, text, value))
    }
}

/// Whether two texts of a primitive type stand for one value; of lists and unions, whose primitive type is none, only the same text
/// does.
pub(super) fn same_value(primitive: Option<BuiltIn>, a: &str, b: &str) -> bool {
    a == b
        || primitive
            .filter(|p| !matches!(p, BuiltIn::String | BuiltIn::AnyUri | BuiltIn::QName))
            .is_some_and(|primitive| lexical::compare(primitive, a, b) == Some(Ordering::Equal))
}

/// Primitive types whose values have an order (part 2, 4.2.2).
pub(super) fn is_ordered(primitive: BuiltIn) -> bool {
    !matches!(
        primitive,
        BuiltIn::AnySimpleType
            | BuiltIn::String
            | BuiltIn::Boolean
            | BuiltIn::AnyUri
            | BuiltIn::QName
            | BuiltIn::Notation
            | BuiltIn::HexBinary
            | BuiltIn::Base64Binary
    )
}

pub(super) fn no_facets(facets: &CompiledFacets) -> bool {
    facets
        .length
        .or(facets.min_length)
        .or(facets.max_length)
        .is_none()
        && facets.patterns.is_empty()
        && facets.enumeration.is_empty()
        && facets.bounds.is_empty()
}

/// Length in the unit of the type (part 2, 4.3.1): characters, bytes, items; none for qualified names.
fn length_of(simple: &CompiledSimple, text: &str) -> Option<u64> {
    match &simple.variety {
        CompiledVariety::List(_) => Some(text.split_ascii_whitespace().count() as u64),
        CompiledVariety::Union(_) => None,
        CompiledVariety::Atomic(built_in) => match built_in.primitive() {
            BuiltIn::HexBinary => Some(text.len() as u64 / 2),
            BuiltIn::Base64Binary => lexical::base64_bytes(text),
            BuiltIn::QName | BuiltIn::Notation => None,
            _ => Some(text.chars().count() as u64),
        },
    }
}

/// A few of the listed values.
fn some_of(values: &[String]) -> String {
    let shown: Vec<&str> = values.iter().take(8).map(String::as_str).collect();
    let more = if values.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}
