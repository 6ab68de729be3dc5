//! Messages of a service in their envelopes (SOAP 1.1, section 4; SOAP 1.2 part 1, section 5), written and read by its schema.

use super::model::{Binding, Body, Description, FaultMessage, Message, Operation, Use};
use super::references;
use crate::codec::{
    Codec, CodecFault, CodecFaultKind, DecodeOptions, EncodeOptions, Failure, Object, Outcome,
    Piece, Reading, Tag, Unknown, Value, ValueLimits, Writing,
};
use crate::schema::{ElementId, SchemaFault, SchemaLimits, Warning};
use crate::soap::{FaultSide, SoapStyle, SoapVersion};
use crate::xml::escape_text;
use std::borrow::Cow;

/// A description compiled: the messages of its operations, written and read.
#[derive(Debug)]
pub struct CompiledService {
    description: Description,
    codec: Codec,
}

/// How messages are written and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageOptions {
    /// Bounds.
    pub limits: ValueLimits,
    /// What becomes of unknown elements in what is read.
    pub unknown: Unknown,
    /// Whether defaults of the schema are filled in in what is read.
    pub defaults: bool,
    /// Whether what is written begins with an XML declaration; it says UTF-8, and a caller that encodes otherwise writes its own.
    pub declaration: bool,
}

/// What goes into an envelope.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvelopeParts<'v> {
    /// Header blocks of the description, by the names of their parts or elements.
    pub headers: Object<'v>,
    /// Header blocks that are XML already (WS-Security, WS-Addressing); written first, as they are.
    pub written_headers: &'v str,
    /// The value of the body: of its element, or an object of its elements where there are several.
    pub body: Value<'v>,
}

/// What was in an envelope.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded<'v> {
    /// A message.
    Message {
        /// Header blocks of the description, by the names of their parts.
        headers: Object<'v>,
        /// Names of other blocks that the receiver must understand.
        must_understand: Vec<String>,
        /// The value of the body.
        body: Value<'v>,
    },
    /// A fault.
    Fault(FaultDetail<'v>),
}

/// A fault.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultDetail<'v> {
    /// Name of the announced fault that its detail is, if it is one.
    pub name: Option<String>,
    /// Code without its prefix; subcodes after dots.
    pub code: String,
    /// The words.
    pub reason: String,
    /// Who says so, if it is said.
    pub actor: Option<String>,
    /// The detail; null where there is none.
    pub detail: Value<'v>,
}

impl CompiledService {
    /// Compiles a description; what the compiler warns of is added to its warnings.
    ///
    /// # Errors
    /// [`SchemaFault`] for schemas that cannot be compiled.
    pub fn compile(
        mut description: Description,
        limits: &SchemaLimits,
    ) -> Result<Self, SchemaFault> {
        let (codec, warnings): (Codec, Vec<Warning>) = Codec::compile(&description.schema, limits)?;
        description.warnings.extend(warnings);
        Ok(Self { description, codec })
    }

    /// The description.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The codec of its schema.
    #[must_use]
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// A message in its envelope.
    ///
    /// # Errors
    /// [`CodecFault`], its path from `/Envelope`.
    pub fn encode<'v>(
        &self,
        binding: &Binding,
        message: &Message,
        parts: &'v EnvelopeParts<'v>,
        options: &MessageOptions,
    ) -> Result<String, CodecFault> {
        let mut out = opening(binding.version, options);
        if !message.headers.is_empty() || !parts.written_headers.is_empty() {
            out.push_str("<soapenv:Header>");
            out.push_str(parts.written_headers);
            out = self
                .headers(message, &parts.headers, options, out)
                .map_err(|failure| in_envelope(failure, "Header"))?;
            out.push_str("</soapenv:Header>");
        }
        out.push_str("<soapenv:Body>");
        out = self
            .body(binding, message, &parts.body, options, out)
            .map_err(|failure| in_envelope(failure, "Body"))?;
        out.push_str("</soapenv:Body></soapenv:Envelope>");
        Ok(out)
    }

    fn headers<'v>(
        &self,
        message: &Message,
        given: &'v Object<'v>,
        options: &MessageOptions,
        out: String,
    ) -> Outcome<String> {
        let mut out = out;
        for header in &message.headers {
            let local = self.description.element_name(header.element).local;
            let value = given.get(&header.part).or_else(|| given.get(&local));
            let Some(value) = value else {
                if header.required {
                    return Err(failure(CodecFaultKind::Missing(format!("<{local}>"))));
                }
                continue;
            };
            let encoded = header.header_use != Use::Literal;
            let mut writing = self.writing(options, encoded, out);
            let written = writing.root(header.element.0, value, "");
            out = writing.out;
            written.map_err(|failure| failure.within(|| local))?;
        }
        Ok(out)
    }

    fn writing<'x>(&self, options: &MessageOptions, encoded: bool, out: String) -> Writing<'_, 'x> {
        let limits = options.limits;
        Writing::new(&self.codec, EncodeOptions { limits, encoded }, out)
    }

    fn body<'v>(
        &self,
        binding: &Binding,
        message: &Message,
        value: &'v Value<'v>,
        options: &MessageOptions,
        out: String,
    ) -> Outcome<String> {
        let style = match &message.body_use {
            Use::Literal => String::new(),
            Use::Encoded(style) => {
                let style = match binding.version {
                    SoapVersion::V11 => style.as_str(),
                    SoapVersion::V12 => crate::schema::known::ENCODING_12,
                };
                format!(
                    " soapenv:encodingStyle=\"{}\"",
                    escape_text(style).replace('"', "&quot;")
                )
            }
        };
        let mut writing = self.writing(options, message.body_use != Use::Literal, out);
        let mut write = |element: ElementId, value: &'v Value<'v>| {
            let local = &self.codec.elements_local(element);
            writing
                .root(element.0, value, &style)
                .map_err(|failure| failure.within(|| (*local).to_owned()))
        };
        match &message.body {
            Body::Empty => {}
            Body::Element { element, wrapped } => match value {
                // An operation without parameters has a wrapper all the same.
                Value::Null if *wrapped => write(*element, &Value::Text(Cow::Borrowed("")))?,
                value => write(*element, value)?,
            },
            Body::Elements(elements) => {
                for element in elements {
                    let local = self.codec.elements_local(*element);
                    match value.get(local) {
                        Some(value) => write(*element, value)?,
                        None => {
                            let missing = CodecFaultKind::Missing(format!("<{local}>"));
                            return Err(failure(missing));
                        }
                    }
                }
            }
        }
        Ok(writing.out)
    }

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

    /// A fault in its envelope; `announced` with the value of its detail, where the fault is one of the description.
    ///
    /// # Errors
    /// [`CodecFault`] where the detail does not fit the schema.
    pub fn encode_fault<'v>(
        &self,
        version: SoapVersion,
        side: FaultSide,
        reason: &str,
        announced: Option<(&FaultMessage, &'v Value<'v>)>,
        options: &MessageOptions,
    ) -> Result<String, CodecFault> {
        let mut out = opening(version, options);
        let reason = escape_text(reason);
        let (code, detail) = match (version, side) {
            (SoapVersion::V11, FaultSide::Sender) => ("Client", "detail"),
            (SoapVersion::V11, FaultSide::Receiver) => ("Server", "detail"),
            (SoapVersion::V12, FaultSide::Sender) => ("Sender", "soapenv:Detail"),
            (SoapVersion::V12, FaultSide::Receiver) => ("Receiver", "soapenv:Detail"),
        };
        out.push_str("<soapenv:Body><soapenv:Fault>");
        out.push_str(&match version {
            SoapVersion::V11 => format!(
                "<faultcode>soapenv:{code}</faultcode><faultstring>{reason}</faultstring>"
            ),
            SoapVersion::V12 => format!(
                "<soapenv:Code><soapenv:Value>soapenv:{code}</soapenv:Value></soapenv:Code><soapenv:Reason><soapenv:Text xml:lang=\"zh\">{reason}</soapenv:Text></soapenv:Reason>"
            ),
        });
        if let Some((fault, value)) = announced {
            out.push_str(&format!("<{detail}>"));
            let mut writing = self.writing(options, fault.fault_use != Use::Literal, out);
            let written = writing.root(fault.element.0, value, "");
            out = writing.out;
            written.map_err(|failure| {
                let local = self.codec.elements_local(fault.element).to_owned();
                let failure = failure.within(|| local).within(|| "detail".to_owned());
                in_envelope(failure.within(|| "Fault".to_owned()), "Body")
            })?;
            out.push_str(&format!("</{detail}>"));
        }
        out.push_str("</soapenv:Fault></soapenv:Body></soapenv:Envelope>");
        Ok(out)
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

struct EnvelopeReading<'v, 'o> {
    service: &'v CompiledService,
    reading: Reading<'v>,
    version: SoapVersion,
    operation: &'o Operation,
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

    /// SOAP 1.1, 4.4; SOAP 1.2 part 1, 5.4.
    fn fault(&mut self, tag: &Tag<'v>) -> Outcome<FaultDetail<'v>> {
        let value = self.reading.undeclared(tag, 3)?;
        let version = self.version.namespace();
        let of_envelope =
            |value: &Value<'v>, local: &str| value.get(&format!("{{{version}}}{local}")).cloned();
        let code = match value.get("faultcode") {
            Some(code) => local_part(&text_of(code)),
            None => codes(&value, version).join("."),
        };
        let reason = match value.get("faultstring") {
            Some(reason) => text_of(reason),
            None => of_envelope(&value, "Reason")
                .and_then(|reason| of_envelope(&reason, "Text"))
                .map_or_else(String::new, |texts| in_chinese(&texts)),
        };
        let actor = value
            .get("faultactor")
            .cloned()
            .or_else(|| of_envelope(&value, "Role"));
        let detail = value
            .get("detail")
            .cloned()
            .or_else(|| of_envelope(&value, "Detail"));
        let detail = detail.unwrap_or(Value::Null);
        Ok(FaultDetail {
            name: self.announced(&detail),
            code,
            reason,
            actor: actor.map(|actor| text_of(&actor)),
            detail,
        })
    }

    fn announced(&self, detail: &Value<'v>) -> Option<String> {
        let Value::Object(fields) = detail else {
            return None;
        };
        let found = self.operation.faults.iter().find(|fault| {
            let name = self
                .service
                .description
                .element_name(fault.element)
                .to_string();
            fields.get(&name).is_some()
        });
        found.map(|fault| fault.name.clone())
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

/// Subcodes inside one another that are looked at.
const SUBCODES_MAX: usize = 8;

fn codes(fault: &Value<'_>, version: &str) -> Vec<String> {
    let key = |local: &str| format!("{{{version}}}{local}");
    let mut found = Vec::new();
    let mut at = fault.get(&key("Code"));
    while let Some(code) = at.filter(|_| found.len() < SUBCODES_MAX) {
        found.extend(
            code.get(&key("Value"))
                .map(|value| local_part(&text_of(value))),
        );
        at = code.get(&key("Subcode"));
    }
    found
}

/// Of reasons in several languages the Chinese one, else the first.
fn in_chinese(texts: &Value<'_>) -> String {
    let Value::List(items) = texts else {
        return text_of(texts);
    };
    let language = |item: &Value<'_>| match item {
        Value::Object(object) => object.iter().any(|(key, value)| {
            key.ends_with("lang")
                && value
                    .as_text()
                    .is_some_and(|text| text.to_ascii_lowercase().starts_with("zh"))
        }),
        _ => false,
    };
    let chosen = items
        .iter()
        .find(|item| language(item))
        .or_else(|| items.first());
    chosen.map_or_else(String::new, text_of)
}

fn text_of(value: &Value<'_>) -> String {
    let text = match value {
        Value::Text(text) => text,
        Value::Object(_) => match value.get("#text") {
            Some(Value::Text(text)) => text,
            _ => "",
        },
        _ => "",
    };
    text.trim().to_owned()
}

fn local_part(name: &str) -> String {
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

fn opening(version: SoapVersion, options: &MessageOptions) -> String {
    let mut out = String::with_capacity(1024);
    if options.declaration {
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    }
    out.push_str("<soapenv:Envelope xmlns:soapenv=\"");
    out.push_str(version.namespace());
    out.push_str("\">");
    out
}

fn in_envelope(failure: Box<Failure>, part: &str) -> CodecFault {
    failure
        .within(|| part.to_owned())
        .within(|| "Envelope".to_owned())
        .without_place()
}

fn failure(kind: CodecFaultKind) -> Box<Failure> {
    Box::new(Failure {
        kind,
        offset: None,
        path: Vec::new(),
    })
}
