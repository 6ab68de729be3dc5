//! Messages of a service in their envelopes (SOAP 1.1, section 4; SOAP 1.2 part 1, section 5), written and read by its schema.

use super::model::{Binding, Body, Description, FaultMessage, Message, Use};
use crate::codec::{
    Codec, CodecFault, CodecFaultKind, EncodeOptions, Failure, Object, Outcome, Unknown, Value,
    ValueLimits, Writing,
};
use crate::schema::{ElementId, SchemaFault, SchemaLimits, Warning};
use crate::soap::{FaultSide, SoapVersion};
use crate::xml::escape_text;
use std::borrow::Cow;

/// A description compiled: the messages of its operations, written and read.
#[derive(Debug)]
pub struct CompiledService {
    pub(super) description: Description,
    pub(super) codec: Codec,
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
    /// Whether `#order` is left out of what is read.
    pub without_order: bool,
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
    /// Other children, which SOAP 1.1 allows (4.4), under their expanded names; frameworks of Python put the members of an error there.
    pub besides: Object<'v>,
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
                .headers(binding.version, message, &parts.headers, options, out)
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
        version: SoapVersion,
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
            let encoding = encoding(&header.header_use, version);
            let mut writing = self.writing(options, encoding, out);
            let written = writing.root(header.element.0, value, "");
            out = writing.out;
            written.map_err(|failure| failure.within(|| local))?;
        }
        Ok(out)
    }

    fn writing<'x>(
        &self,
        options: &MessageOptions,
        encoding: Option<SoapVersion>,
        out: String,
    ) -> Writing<'_, 'x> {
        let limits = options.limits;
        Writing::new(&self.codec, EncodeOptions { limits, encoding }, out)
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
        let encoding = encoding(&message.body_use, binding.version);
        let mut writing = self.writing(options, encoding, out);
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
            let mut writing = self.writing(options, encoding(&fault.fault_use, version), out);
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
}

/// The encoding that a use stands for.
fn encoding(used: &Use, version: SoapVersion) -> Option<SoapVersion> {
    (*used != Use::Literal).then_some(version)
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
