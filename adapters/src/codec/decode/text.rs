//! Text content: simple values, bytes, and nil (part 1, 3.3.4; part 2, 4.1.4).

use super::content::{Fields, is_blank, one_child};
use super::{Failure, Outcome, Piece, Reading, Unknown};
use crate::codec::fault::{CodecFaultKind, ValueFault, ValueRule, shape_of};
use crate::codec::simple::{SimpleId, qualified_value};
use crate::codec::table::*;
use crate::codec::value::{Object, Value};
use std::borrow::Cow;

/// Namespace of references to attachments (XOP, section 1.2).
const XOP: &str = "http://www.w3.org/2004/08/xop/include";

/// Key of such a reference in a value.
pub(in crate::codec) const INCLUDE: &str = "{http://www.w3.org/2004/08/xop/include}Include";

impl<'v> Reading<'v> {
    pub(super) fn not_fixed(&self, fixed: &str, value: &str) -> Box<Failure> {
        self.failure(CodecFaultKind::Value(ValueFault {
            shape: shape_of(value),
            rule: ValueRule::Fixed(fixed.to_owned()),
        }))
    }

    /// The text of an element that is nothing but a text.
    #[inline(always)]
    pub(super) fn leaf(&mut self, simple: SimpleId) -> Outcome<Cow<'v, str>> {
        let offset = self.offset;
        let text = self.text_content()?;
        if self.codec.simple.get(simple).free {
            return Ok(text);
        }
        self.checked(simple, text).map_err(|mut failure| {
            failure.offset = Some(offset);
            failure
        })
    }

    /// The text of an element up to its end, checked.
    #[inline]
    pub(super) fn simple(
        &mut self,
        simple: SimpleId,
        declared: Option<&'v CompiledElement>,
    ) -> Outcome<Cow<'v, str>> {
        let offset = self.offset;
        let text = self.text_content()?;
        self.fixed_or_checked(simple, declared, text)
            .map_err(|mut failure| {
                failure.offset = Some(offset);
                failure
            })
    }

    #[inline]
    fn fixed_or_checked(
        &self,
        simple: SimpleId,
        declared: Option<&'v CompiledElement>,
        text: Cow<'v, str>,
    ) -> Outcome<Cow<'v, str>> {
        let constraint = declared.and_then(|d| d.fixed.as_ref().or(d.default.as_ref()));
        if let Some(value) = constraint
            && text.is_empty()
        {
            return Ok(Cow::Borrowed(if self.options.defaults {
                value
            } else {
                ""
            }));
        }
        let value = self.checked(simple, text)?;
        match declared.and_then(|d| d.fixed.as_ref()) {
            Some(fixed) if !self.codec.simple.same(simple, fixed, &value) => {
                Err(self.not_fixed(fixed, &value))
            }
            _ => Ok(value),
        }
    }

    /// Bytes in base64, or a reference to the attachment that has them (XOP, section 2.1; MTOM, section 3).
    pub(super) fn binary(
        &mut self,
        simple: SimpleId,
        declared: Option<&'v CompiledElement>,
        mut fields: Fields<'v>,
    ) -> Outcome<Value<'v>> {
        let mut text = Cow::Borrowed("");
        let mut included = None;
        loop {
            match self.next()? {
                Piece::Start(tag) => {
                    let first = included.is_none() && is_blank(&text);
                    if !first || tag.local != "Include" || self.uri(tag.namespace) != XOP {
                        let found = tag.local.to_owned();
                        let expected = "a text".to_owned();
                        return Err(self.failure(CodecFaultKind::Unexpected { found, expected }));
                    }
                    let href = self.attributes.iter().find(|a| a.local == "href");
                    let Some(href) = href.map(|href| href.value.clone()) else {
                        return Err(self.failure(CodecFaultKind::Missing("@href".to_owned())));
                    };
                    self.skip()?;
                    self.close(tag.bindings);
                    included = Some(href);
                }
                Piece::Text(piece) if text.is_empty() => text = piece,
                Piece::Text(piece) => text.to_mut().push_str(&piece),
                Piece::End => break,
                Piece::Eof => return Err(self.malformed("the document ends inside an element")),
            }
        }
        let Some(href) = included else {
            let value = self.fixed_or_checked(simple, declared, text)?;
            return Ok(text_or_object(value, fields));
        };
        if !is_blank(&text) {
            return Err(self.failure(CodecFaultKind::Text));
        }
        let reference = one_child(Cow::Borrowed("@href"), Value::Text(href));
        fields.push((Cow::Borrowed(INCLUDE), reference));
        Ok(Value::Object(Object { fields }))
    }

    #[inline]
    pub(super) fn checked(&self, simple: SimpleId, text: Cow<'v, str>) -> Outcome<Cow<'v, str>> {
        let types = &self.codec.simple;
        let text = match types.get(simple).qualified {
            true => self.expanded_value(simple, text)?,
            false => text,
        };
        types
            .check(simple, text)
            .map_err(|fault| self.failure(CodecFaultKind::Value(fault)))
    }

    /// Qualified names become `{namespace}local`, so that they mean something outside of the message.
    fn expanded_value(&self, simple: SimpleId, text: Cow<'v, str>) -> Outcome<Cow<'v, str>> {
        let always_name = self.codec.simple.get(simple).built_in.is_some();
        let mut out = Vec::new();
        for word in text.split_ascii_whitespace() {
            match self.resolved(word, true) {
                Ok((namespace, _)) => out.push(qualified_value(self.uri(namespace), word)),
                Err(failure) if always_name && failure.kind == CodecFaultKind::Prefix => {
                    return Err(self.failure(CodecFaultKind::Value(ValueFault {
                        shape: shape_of(word),
                        rule: ValueRule::Prefix,
                    })));
                }
                // In a union it may be no name at all.
                Err(_) => out.push(word.to_owned()),
            }
        }
        Ok(Cow::Owned(out.join(" ")))
    }

    pub(super) fn nil(
        &mut self,
        declared: Option<&'v CompiledElement>,
        mut fields: Fields<'v>,
    ) -> Outcome<Value<'v>> {
        let strict = self.options.unknown == Unknown::Refuse && !self.options.encoded;
        if strict && declared.is_some_and(|declared| !declared.nillable) {
            return Err(self.failure(CodecFaultKind::Nil));
        }
        let text = self.text_content()?;
        if !is_blank(&text) {
            return Err(self.failure(CodecFaultKind::Text));
        }
        match fields.is_empty() {
            true => Ok(Value::Null),
            false => {
                fields.push((Cow::Borrowed("@xsi:nil"), Value::text("true")));
                Ok(Value::Object(Object { fields }))
            }
        }
    }
}

pub(super) fn text_or_object<'v>(text: Cow<'v, str>, mut fields: Fields<'v>) -> Value<'v> {
    if fields.is_empty() {
        return Value::Text(text);
    }
    fields.push((Cow::Borrowed("#text"), Value::Text(text)));
    Value::Object(Object { fields })
}
