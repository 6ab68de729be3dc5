//! Attributes of elements with a declared type (part 1, 3.2.4 and 3.4.4), and those of the schema instance (2.6).

use super::content::Fields;
use super::{Outcome, Reading, Unknown};
use crate::codec::fault::CodecFaultKind;
use crate::codec::table::*;
use crate::codec::value::Value;
use crate::schema::ExpandedName;
use std::borrow::Cow;

/// What the attributes of the schema instance say of an element.
pub(super) struct Instance<'v> {
    pub(super) type_name: Option<Cow<'v, str>>,
    pub(super) nil: bool,
}

impl<'v> Reading<'v> {
    /// Takes `xsi:type` and `xsi:nil` out of the attributes, and what only speaks to a validator.
    pub(super) fn instance_attributes(&mut self) -> Outcome<Instance<'v>> {
        let mut found = Instance {
            type_name: None,
            nil: false,
        };
        let instance = self.instance;
        if !self.attributes.iter().any(|a| a.namespace == instance) {
            return Ok(found);
        }
        for attribute in &self.attributes {
            if attribute.namespace != instance {
                continue;
            }
            match attribute.local {
                "type" => found.type_name = Some(attribute.value.clone()),
                "nil" => found.nil = matches!(attribute.value.trim(), "true" | "1"),
                _ => {}
            }
        }
        self.attributes.retain(|a| a.namespace != instance);
        Ok(found)
    }

    /// The type that `xsi:type` names (part 1, 2.6.1 and 3.3.4).
    pub(super) fn named_type(&self, written: &str, declared: u32) -> Outcome<u32> {
        let codec = self.codec;
        let (namespace, local) = self.resolved(written.trim(), true)?;
        let found = codec
            .name(namespace, local)
            .and_then(|name| codec.global_types.get(&name).copied());
        match found.filter(|found| codec.derives(*found, declared)) {
            Some(found) => Ok(found),
            // Encoded messages name types of the encoding, or what the sender's language has, for the declared ones.
            None if self.options.encoded => Ok(declared),
            // Anything at all may be what the schema does not know, where that is not refused.
            None if declared == 0 && self.options.unknown != Unknown::Refuse => Ok(declared),
            None => {
                let name = ExpandedName::new(self.uri(namespace), local).to_string();
                Err(self.failure(CodecFaultKind::Type(name)))
            }
        }
    }

    pub(super) fn declared_attributes(
        &mut self,
        kind: &'v CompiledType,
        fields: &mut Fields<'v>,
    ) -> Outcome<()> {
        let codec = self.codec;
        let declared =
            &codec.attributes[kind.attributes.start as usize..kind.attributes.end as usize];
        let before = fields.len();
        for place in 0..self.attributes.len() {
            let attribute = self.attributes[place].clone();
            let known = declared.iter().find(|known| {
                known.namespace == attribute.namespace && *known.local == *attribute.local
            });
            if let Some(known) = known {
                let value = self.attribute(known, attribute.value)?;
                fields.push((Cow::Borrowed(&known.key), Value::Text(value)));
                continue;
            }
            let wild = &codec.wildcards
                [kind.any_attributes.start as usize..kind.any_attributes.end as usize];
            let let_in = wild
                .iter()
                .any(|wildcard| wildcard.lets_in(attribute.namespace, self.no_namespace));
            if let_in || self.options.unknown == Unknown::Keep {
                if !self.is_of_encoding(attribute.namespace) {
                    self.free_attribute(attribute, fields)?;
                }
            } else if self.options.unknown == Unknown::Refuse
                && !self.is_of_encoding(attribute.namespace)
                && !(self.options.encoded && matches!(attribute.local, "id" | "href"))
            {
                let name = ExpandedName::new(self.uri(attribute.namespace), attribute.local);
                return Err(self.failure(CodecFaultKind::Attribute(name.to_string())));
            }
        }
        for known in declared {
            let given = fields[before..].iter().any(|(key, _)| **key == *known.key);
            if given {
                continue;
            }
            if known.required && !self.options.encoded {
                let name = known.key.to_string();
                return Err(self.failure(CodecFaultKind::Missing(name)));
            }
            if self.options.defaults
                && let Some(value) = known.fixed.as_ref().or(known.default.as_ref())
            {
                fields.push((Cow::Borrowed(&known.key), Value::text(&**value)));
            }
        }
        Ok(())
    }

    fn attribute(
        &self,
        known: &'v CompiledAttribute,
        value: Cow<'v, str>,
    ) -> Outcome<Cow<'v, str>> {
        let value = self.checked(known.simple, value);
        let value = value.map_err(|failure| failure.within(|| known.key.to_string()))?;
        match &known.fixed {
            Some(fixed) if !self.codec.simple.same(known.simple, fixed, &value) => {
                let failure = self.not_fixed(fixed, &value);
                Err(failure.within(|| known.key.to_string()))
            }
            _ => Ok(value),
        }
    }
}
