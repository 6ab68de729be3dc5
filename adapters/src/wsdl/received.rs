//! Envelopes to values: headers, body, faults (SOAP 1.1, section 4; SOAP 1.2 part 1, section 5).

use super::envelope::{CompiledService, Decoded, FaultDetail, MessageOptions};
use super::model::{Binding, Body, Message, Operation, Use};
use super::references;
use crate::codec::{
    CodecFault, CodecFaultKind, DecodeOptions, Failure, Object, Outcome, Piece, Reading, Tag,
    Unknown, Value,
};
use crate::schema::ElementId;
use crate::soap::{SoapStyle, SoapVersion};
use std::borrow::Cow;

impl CompiledService {
    /// The operation that a request calls: by the element in its body; of several with the same element, or where that is no
    /// operation's, by the action.
    ///
    /// # Errors
    /// [`CodecFault`] for a text that is no envelope of the binding's version.
    pub fn called<'s>(
        &'s self,
        binding: &'s Binding,
        soap_action: Option<&str>,
        text: &str,
        options: &MessageOptions,
    ) -> Result<Option<&'s Operation>, CodecFault> {
        let limits = options.limits;
        let decode_options = DecodeOptions {
            limits,
            ..DecodeOptions::default()
        };
        let mut reading = Reading::new(&self.codec, text, &decode_options)?;
        let body = first_in_body(&mut reading, binding.version);
        let body = body.map_err(|failure| failure.into_fault(text))?;
        let takes = |operation: &&Operation| {
            let input = operation.input.as_ref();
            input.is_some_and(|input| match (&input.body, body) {
                (Body::Empty, None) => true,
                (Body::Element { element, .. }, Some((namespace, local))) => {
                    self.codec.is_named(*element, namespace, local)
                }
                (Body::Elements(elements), Some((namespace, local))) => elements
                    .first()
                    .is_some_and(|element| self.codec.is_named(*element, namespace, local)),
                _ => false,
            })
        };
        let action = soap_action.map(|action| action.trim().trim_matches('"'));
        let acts = |operation: &&Operation| {
            action.is_some_and(|action| !action.is_empty() && operation.soap_action == action)
        };
        let all = || binding.operations.iter();
        let both = all().find(|operation| takes(operation) && acts(operation));
        Ok(both
            .or_else(|| all().find(takes))
            .or_else(|| all().find(acts)))
    }

    /// The text that [`Self::decode`] reads: for encoded messages with their references in place, else as it is.
    ///
    /// # Errors
    /// [`CodecFaultKind::Reference`].
    pub fn prepared<'t>(
        binding: &Binding,
        message: &Message,
        text: &'t str,
        options: &MessageOptions,
    ) -> Result<Cow<'t, str>, CodecFault> {
        match message.body_use {
            Use::Literal => Ok(Cow::Borrowed(text)),
            Use::Encoded(_) => references::in_place(text, binding.version, &options.limits),
        }
    }

    /// What is in an envelope that should hold this message of this operation. Encoded messages go through [`Self::prepared`] first.
    ///
    /// # Errors
    /// [`CodecFault`], its path from `/Envelope`.
    pub fn decode<'v>(
        &'v self,
        binding: &Binding,
        operation: &Operation,
        message: &Message,
        text: &'v str,
        options: &MessageOptions,
    ) -> Result<Decoded<'v>, CodecFault> {
        let decode_options = DecodeOptions {
            limits: options.limits,
            unknown: options.unknown,
            defaults: options.defaults,
            without_order: options.without_order,
            encoded: message.body_use != Use::Literal,
        };
        let run = |plain: bool| {
            let mut reading = Reading::new(&self.codec, text, &decode_options)?;
            reading.plain = plain;
            let mut envelope = EnvelopeReading {
                service: self,
                reading,
                version: binding.version,
                operation,
                message,
                in_fault: false,
            };
            let result = envelope.run();
            let in_fault = envelope.in_fault;
            Ok(result.map_err(|f| {
                (
                    in_fault,
                    f.within(|| "Envelope".to_owned()).into_fault(text),
                )
            }))
        };
        match run(false)? {
            Ok(decoded) => Ok(decoded),
            // A fault is told even where its detail is not what the schema says.
            Err((true, fault)) => match run(true)? {
                Ok(decoded) => Ok(decoded),
                Err(_) => Err(fault),
            },
            Err((false, fault)) => Err(fault),
        }
    }
}

pub(super) struct EnvelopeReading<'v, 'o> {
    pub(super) service: &'v CompiledService,
    pub(super) reading: Reading<'v>,
    pub(super) version: SoapVersion,
    pub(super) operation: &'o Operation,
    message: &'o Message,
    in_fault: bool,
}

impl<'v> EnvelopeReading<'v, '_> {
    fn is_envelope(&self, tag: &Tag<'v>) -> bool {
        self.reading.uri(tag.namespace) == self.version.namespace()
    }

    fn run(&mut self) -> Outcome<Decoded<'v>> {
        let root = self.reading.root()?;
        if root.local != "Envelope" {
            let kind = CodecFaultKind::Envelope("the root element is no SOAP envelope");
            return Err(self.reading.failure(kind));
        }
        if !self.is_envelope(&root) {
            let kind =
                CodecFaultKind::Envelope("the envelope is not of the agreed version of SOAP");
            return Err(self.reading.failure(kind));
        }
        let mut headers = Object::default();
        let mut must_understand = Vec::new();
        let mut found = None;
        loop {
            match self.reading.next()? {
                Piece::Start(tag) if self.is_envelope(&tag) && tag.local == "Header" => {
                    self.headers(&mut headers, &mut must_understand)
                        .map_err(|failure| failure.within(|| "Header".to_owned()))?;
                    self.reading.close(tag.bindings);
                }
                Piece::Start(tag) if self.is_envelope(&tag) && tag.local == "Body" => {
                    let body = self.body();
                    found = Some(body.map_err(|failure| failure.within(|| "Body".to_owned()))?);
                    self.reading.close(tag.bindings);
                }
                Piece::Start(tag) => {
                    self.reading.skip()?;
                    self.reading.close(tag.bindings);
                }
                Piece::Text(text) if text.trim_ascii().is_empty() => {}
                Piece::Text(_) => return Err(self.reading.failure(CodecFaultKind::Text)),
                Piece::End => break,
                Piece::Eof => {
                    return Err(self
                        .reading
                        .malformed("the document ends inside an element"));
                }
            }
        }
        self.reading.nothing_more()?;
        match found {
            None => Err(self
                .reading
                .failure(CodecFaultKind::Envelope("there is no body"))),
            Some(Found::Fault(fault)) => Ok(Decoded::Fault(fault)),
            Some(Found::Body(body)) => Ok(Decoded::Message {
                headers,
                must_understand,
                body,
            }),
        }
    }

    fn headers(
        &mut self,
        headers: &mut Object<'v>,
        must_understand: &mut Vec<String>,
    ) -> Outcome<()> {
        let codec = &self.service.codec;
        while let Some(tag) = self.child()? {
            let known = self
                .message
                .headers
                .iter()
                .find(|header| codec.is_named(header.element, tag.namespace, tag.local));
            match known {
                Some(header) => {
                    // What the envelope says of a block is not part of its value.
                    let version = self.version.namespace();
                    let mut attributes = std::mem::take(&mut self.reading.attributes);
                    attributes.retain(|a| self.reading.uri(a.namespace) != version);
                    self.reading.attributes = attributes;
                    let value = self.reading.element(header.element.0, &tag, 3);
                    let value = value.map_err(|f| f.within(|| tag.local.to_owned()))?;
                    headers.insert(header.part.clone(), value);
                }
                None => {
                    if self.must_be_understood() {
                        must_understand.push(tag.local.to_owned());
                    }
                    self.reading.skip()?;
                    self.reading.close(tag.bindings);
                }
            }
        }
        Ok(())
    }

    /// SOAP 1.1, 4.2.2 and 4.2.3; SOAP 1.2 part 1, 2.2 and 2.4.
    fn must_be_understood(&self) -> bool {
        let of_envelope = |name: &str| {
            let version = self.version.namespace();
            let mut all = self.reading.attributes.iter();
            let found = all.find(|a| a.local == name && self.reading.uri(a.namespace) == version);
            found.map_or("", |a| a.value.trim())
        };
        let role = match self.version {
            SoapVersion::V11 => of_envelope("actor"),
            SoapVersion::V12 => of_envelope("role"),
        };
        let for_us = role.is_empty()
            || role.ends_with("/actor/next")
            || role.ends_with("/role/next")
            || role.ends_with("/role/ultimateReceiver");
        for_us && matches!(of_envelope("mustUnderstand"), "1" | "true")
    }

    /// The next child of an element that holds elements only.
    fn child(&mut self) -> Outcome<Option<Tag<'v>>> {
        loop {
            match self.reading.next()? {
                Piece::Start(tag) => return Ok(Some(tag)),
                Piece::End => return Ok(None),
                Piece::Text(text) if text.trim_ascii().is_empty() => {}
                Piece::Text(_) => return Err(self.reading.failure(CodecFaultKind::Text)),
                Piece::Eof => {
                    return Err(self
                        .reading
                        .malformed("the document ends inside an element"));
                }
            }
        }
    }

    fn body(&mut self) -> Outcome<Found<'v>> {
        let codec = &self.service.codec;
        let mut expected: Vec<ElementId> = match &self.message.body {
            Body::Empty => Vec::new(),
            Body::Element { element, .. } => vec![*element],
            Body::Elements(elements) => elements.clone(),
        };
        expected.reverse();
        let several = expected.len() > 1;
        let encoded = self.message.body_use != Use::Literal;
        let mut object = Object::default();
        let mut single = None;
        while let Some(tag) = self.child()? {
            if tag.local == "Fault" && self.is_envelope(&tag) {
                self.in_fault = true;
                let fault = self
                    .fault(&tag)
                    .map_err(|f| f.within(|| "Fault".to_owned()))?;
                self.in_fault = false;
                return self.rest_of_body().map(|()| Found::Fault(fault));
            }
            let Some(element) = expected.pop() else {
                // Objects that an encoded message refers to lie beside it.
                if encoded || self.reading.options.unknown != Unknown::Refuse {
                    self.reading.skip()?;
                    self.reading.close(tag.bindings);
                    continue;
                }
                return Err(self.unexpected(&tag, "the end of the body"));
            };
            // The name of an rpc wrapper says nothing (SOAP 1.1, 7.1).
            let by_name = self.operation.style == SoapStyle::Document;
            if by_name && !codec.is_named(element, tag.namespace, tag.local) {
                let name = self.service.description.element_name(element);
                return Err(self.unexpected(&tag, &name.to_string()));
            }
            let value = self.reading.element(element.0, &tag, 3);
            let value = value.map_err(|f| f.within(|| tag.local.to_owned()))?;
            match several {
                true => object.insert(tag.local, value),
                false => single = Some(value),
            }
        }
        if let Some(element) = expected.pop() {
            let name = self.service.description.element_name(element).local;
            return Err(self
                .reading
                .failure(CodecFaultKind::Missing(format!("<{name}>"))));
        }
        Ok(Found::Body(match (several, single) {
            (true, _) => Value::Object(object),
            (false, Some(value)) => value,
            (false, None) => Value::Null,
        }))
    }

    fn rest_of_body(&mut self) -> Outcome<()> {
        while let Some(tag) = self.child()? {
            self.reading.skip()?;
            self.reading.close(tag.bindings);
        }
        Ok(())
    }

    fn unexpected(&self, tag: &Tag<'v>, expected: &str) -> Box<Failure> {
        let uri = self.reading.uri(tag.namespace);
        self.reading.failure(CodecFaultKind::Unexpected {
            found: crate::schema::ExpandedName::new(uri, tag.local).to_string(),
            expected: expected.to_owned(),
        })
    }
}

/// Namespace and local name of the first element in the body.
fn first_in_body<'v>(
    reading: &mut Reading<'v>,
    version: SoapVersion,
) -> Outcome<Option<(u32, &'v str)>> {
    let no_envelope = "the root element is no SOAP envelope of the agreed version";
    let root = reading.root()?;
    if root.local != "Envelope" || reading.uri(root.namespace) != version.namespace() {
        return Err(reading.failure(CodecFaultKind::Envelope(no_envelope)));
    }
    loop {
        match reading.next()? {
            Piece::Start(tag) if tag.local == "Body" => break,
            Piece::Start(tag) => {
                reading.skip()?;
                reading.close(tag.bindings);
            }
            Piece::Text(_) => {}
            Piece::End | Piece::Eof => {
                let missing = CodecFaultKind::Envelope("there is no body");
                return Err(reading.failure(missing));
            }
        }
    }
    loop {
        match reading.next()? {
            Piece::Start(tag) => return Ok(Some((tag.namespace, tag.local))),
            Piece::Text(_) => {}
            Piece::End | Piece::Eof => return Ok(None),
        }
    }
}

enum Found<'v> {
    Body(Value<'v>),
    Fault(FaultDetail<'v>),
}
