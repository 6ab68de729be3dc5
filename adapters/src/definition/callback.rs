//! Calls from a partner: who calls, what it says, and what it is answered.

use super::errors::{AuthenticationError, CallbackError};
use super::events::{message, rendered};
use super::feedback::{Answer, AnswerForm, Callback, Content, Feedback};
use super::request::elements;
use super::template::{Template, document};
use super::{Authenticated, CallbackFacts, CallbackOutcome, CompiledDefinition};
use crate::canonical::CaseReference;
use crate::exchange::{CallbackAnswer, CallbackCall, CallbackDocument, CallbackMessage, WireReply};
use crate::expression::Data;
use crate::reading::{Format, Layers, ReadError, part};
use crate::soap::{
    self, FaultSide, Message, Service, SoapError, SoapVersion, WsdlPart, WsdlService,
};
use crate::text::Charset;
use crate::xml;
use data_encoding::{BASE64, HEXLOWER};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::sync::Arc;

/// The kinds of document that a partner hands back.
const DOCUMENT_KINDS: &[&str] = &["decision", "certificate", "correction_notice", "acceptance"];

impl CompiledDefinition {
    pub(super) fn verify(
        &self,
        call: &CallbackCall,
        now: jiff::Timestamp,
    ) -> Result<Authenticated, AuthenticationError> {
        let (_, callback) = self.callback().map_err(|_| AuthenticationError::Missing)?;
        let body = match callback.credentials.in_body() {
            true => self
                .decode(callback, call, Layers::Outer)
                .map_err(AuthenticationError::Unreadable)?,
            false => Value::Null,
        };
        let nonce = callback.credentials.verify(call, &body, now)?;
        Ok(Authenticated { nonce })
    }

    pub(super) fn verify_resource(
        &self,
        call: &CallbackCall,
        now: jiff::Timestamp,
    ) -> Result<Authenticated, AuthenticationError> {
        let (_, callback) = self.callback().map_err(|_| AuthenticationError::Missing)?;
        let nonce = callback.credentials.verify_resource(call, now)?;
        Ok(Authenticated { nonce })
    }

    pub(super) fn references(
        &self,
        call: &CallbackCall,
    ) -> Result<Vec<CaseReference>, CallbackError> {
        let (feedback, callback) = self.callback()?;
        let whole = self.whole(callback, call)?;
        let fields = feedback.fields(&whole, &callback.source.fields)?;
        let data = self.message_data(&fields, CallbackFacts::default());
        feedback.reference(&data).map(|reference| vec![reference])
    }

    pub(super) fn messages(
        &self,
        call: &CallbackCall,
        case_facts: &dyn Fn(&CaseReference) -> Option<CallbackFacts>,
    ) -> Result<Vec<CallbackMessage>, CallbackError> {
        let (feedback, callback) = self.callback()?;
        let whole = self.whole(callback, call)?;
        let data = Data::new(Arc::clone(&self.tables)).with("call", &whole);
        let message = message(
            feedback,
            &callback.source.kind,
            "feedback.callback.kind",
            &data,
        )?;
        let fields = feedback.fields(&whole, &callback.source.fields)?;
        let case = feedback.reference(&self.message_data(&fields, CallbackFacts::default()))?;
        match &message.content {
            Content::Pull => Ok(vec![CallbackMessage::Pull(case)]),
            Content::Document { facts, body } => {
                let document = self.document(&message.path, facts, body, case, &fields)?;
                Ok(vec![CallbackMessage::Document(document)])
            }
            Content::Events(rules) => {
                let facts = case_facts(&case).unwrap_or_default();
                let events = self.events(&message.path, rules, case, &fields, facts)?;
                Ok(vec![CallbackMessage::Events(events)])
            }
        }
    }

    fn callback(&self) -> Result<(&Feedback, &Callback), CallbackError> {
        let feedback = self.feedback.as_ref().ok_or(CallbackError::NoCallback)?;
        let callback = feedback
            .callback
            .as_ref()
            .ok_or(CallbackError::NoCallback)?;
        Ok((feedback, callback))
    }

    fn whole(&self, callback: &Callback, call: &CallbackCall) -> Result<Value, CallbackError> {
        if call.method != "POST" {
            return Err(CallbackError::Method);
        }
        let format = callback.reading.format;
        if !format.fits(content_type(call)) {
            return Err(CallbackError::UnsupportedContentType {
                expected: format.content_type(),
            });
        }
        Ok(self.decode(callback, call, Layers::All)?)
    }

    fn decode(
        &self,
        callback: &Callback,
        call: &CallbackCall,
        layers: Layers,
    ) -> Result<Value, ReadError> {
        let reading = &callback.reading;
        if reading.format != Format::Soap {
            return reading.read(
                &call.body,
                content_type(call),
                self.about.charset,
                &self.limits,
                layers,
            );
        }
        if call.body.len() > self.limits.body_bytes {
            return Err(ReadError::TooLarge(self.limits.body_bytes));
        }
        let charset = Charset::of_content_type(content_type(call))?;
        let envelope = soap::read(&xml::parse(&call.body, charset, &self.limits.xml)?)?;
        if !envelope.must_understand.is_empty() {
            return Err(SoapError::MustUnderstand.into());
        }
        let Message::Body(element) = envelope.message else {
            return Err(ReadError::Fault);
        };
        let namespace = self
            .soap
            .as_ref()
            .map_or("", |soap| soap.namespace.as_str());
        if Some(&element.name) != callback.operation.as_ref() || element.namespace != namespace {
            return Err(ReadError::Root(
                callback.operation.clone().unwrap_or_default(),
            ));
        }
        let value = reading.from_element(&element)?;
        match layers {
            Layers::Outer => Ok(value),
            Layers::All => reading.finish(value, &self.limits),
        }
    }

    fn document(
        &self,
        path: &str,
        facts: &Template,
        body: &str,
        case: CaseReference,
        fields: &Value,
    ) -> Result<CallbackDocument, CallbackError> {
        let at = |key: &str| format!("{path}.document.{key}");
        let data = self.message_data(fields, CallbackFacts::default());
        let facts = facts
            .render(&data, Charset::Utf8)
            .map_err(rendered)?
            .into_value();
        let fact = |key: &str| {
            facts
                .get(key)
                .and_then(Value::as_str)
                .map_or("", str::trim)
                .to_owned()
        };
        let kind = fact("kind");
        if !DOCUMENT_KINDS.contains(&kind.as_str()) {
            return Err(CallbackError::UnfitValue {
                at: at("kind"),
                what: DOCUMENT_KINDS.join(", "),
            });
        }
        let encoded = part(fields, body)
            .and_then(Value::as_str)
            .ok_or_else(|| CallbackError::MissingField { at: at("body") })?;
        let encoded: Vec<u8> = encoded
            .bytes()
            .filter(|b| !b.is_ascii_whitespace())
            .collect();
        let body = BASE64
            .decode(&encoded)
            .map_err(|_| CallbackError::UnfitValue {
                at: at("body"),
                what: "base64".to_owned(),
            })?;
        if body.is_empty() {
            return Err(CallbackError::MissingField { at: at("body") });
        }
        let declared_md5 = fact("md5").to_ascii_lowercase();
        if !declared_md5.is_empty() && declared_md5 != HEXLOWER.encode(&Md5::digest(&body)) {
            return Err(CallbackError::DigestMismatch);
        }
        Ok(CallbackDocument {
            case,
            kind,
            name: fact("name"),
            number: fact("number"),
            file_name: fact("file_name"),
            declared_md5,
            body,
        })
    }

    pub(super) fn answer(&self, call: &CallbackCall, outcome: CallbackOutcome<'_>) -> WireReply {
        let Ok((_, callback)) = self.callback() else {
            return plain(404, "this system takes no callbacks");
        };
        if let Some(fault) = self.envelope_fault(call, outcome) {
            return fault;
        }
        let said = |code: &str, reason: &str| {
            Data::new(Arc::clone(&self.tables))
                .with("answer", &json!({"code": code, "reason": reason}))
        };
        let written = match outcome {
            CallbackOutcome::Answer(CallbackAnswer::Taken) => {
                self.write(call, &callback.taken, &said("taken", ""))
            }
            CallbackOutcome::Answer(CallbackAnswer::Refused { code, reason }) => {
                self.write(call, &callback.refused, &said(code, reason))
            }
            CallbackOutcome::Answer(CallbackAnswer::Application(context)) => {
                match &callback.application {
                    Some(answer) => self.write(call, answer, &self.data(context)),
                    None => None,
                }
            }
            CallbackOutcome::Error(error) => self.write(
                call,
                &callback.refused,
                &said(error.code(), &error.to_string()),
            ),
            CallbackOutcome::Unauthenticated(error) => self.write(
                call,
                &callback.refused,
                &said(error.code(), &error.to_string()),
            ),
        };
        written.unwrap_or_else(|| plain(500, "the definition's answer cannot be written"))
    }

    /// What is no message of the agreed operation is answered by a fault, not by the operation's return.
    fn envelope_fault(
        &self,
        call: &CallbackCall,
        outcome: CallbackOutcome<'_>,
    ) -> Option<WireReply> {
        let soap = self.soap.as_ref()?;
        let (reason, error) = match outcome {
            CallbackOutcome::Error(error @ CallbackError::Unreadable(read)) => {
                (error.to_string(), Some(read))
            }
            CallbackOutcome::Unauthenticated(error @ AuthenticationError::Unreadable(read)) => {
                (error.to_string(), Some(read))
            }
            CallbackOutcome::Error(
                error @ (CallbackError::UnsupportedContentType { .. }
                | CallbackError::Method
                | CallbackError::UnknownOperation),
            ) => (error.to_string(), None),
            _ => return None,
        };
        // A broken document inside an intact envelope is the operation's to refuse.
        if error.is_some() && self.envelope_holds(call) {
            return None;
        }
        let must_understand = matches!(error, Some(ReadError::Soap(SoapError::MustUnderstand)));
        let version = version_of(call, soap.version);
        let body = soap::write_fault(version, FaultSide::Sender, must_understand, &reason);
        let status = match version {
            SoapVersion::V11 => 500,
            SoapVersion::V12 => 400,
        };
        Some(reply(status, soap::content_type(version, ""), body))
    }

    fn envelope_holds(&self, call: &CallbackCall) -> bool {
        self.callback()
            .is_ok_and(|(_, callback)| self.decode(callback, call, Layers::Outer).is_ok())
    }

    fn write(&self, call: &CallbackCall, answer: &Answer, data: &Data) -> Option<WireReply> {
        let charset = self.about.charset;
        let (content_type, body) = match &answer.form {
            AnswerForm::Text(template) => {
                let text = template
                    .render(data, charset)
                    .ok()?
                    .scalar()?
                    .unwrap_or_default();
                (
                    format!("text/plain; charset={}", charset.name()),
                    charset.encode(&text),
                )
            }
            AnswerForm::Json(template) => {
                let tree = template.render(data, Charset::Utf8).ok()?;
                (
                    "application/json".to_owned(),
                    serde_json::to_vec(&tree).ok()?,
                )
            }
            AnswerForm::Xml(root, template) => {
                let tree = template.render(data, charset).ok()?;
                let text = document(root, &tree, charset).ok()?;
                (
                    format!("text/xml; charset={}", charset.name()),
                    charset.encode(&text),
                )
            }
            AnswerForm::Soap(template) => {
                let soap = self.soap.as_ref()?;
                let (_, callback) = self.callback().ok()?;
                let parts = elements(template, &template.render(data, Charset::Utf8).ok()?).ok()?;
                let version = version_of(call, soap.version);
                let service = Service {
                    version,
                    style: soap.style,
                    namespace: &soap.namespace,
                };
                let name = format!("{}Response", callback.operation.as_deref()?);
                (
                    soap::content_type(version, ""),
                    soap::write(service, &name, &parts, &[]).ok()?,
                )
            }
        };
        (body.len() <= self.limits.request_bytes).then(|| reply(answer.status, content_type, body))
    }

    pub(super) fn wsdl(&self, address: &str) -> Option<String> {
        let soap = self.soap.as_ref()?;
        let (_, callback) = self.callback().ok()?;
        let operation = callback.operation.clone()?;
        let AnswerForm::Soap(returns) = &callback.taken.form else {
            return None;
        };
        Some(soap::write_wsdl(&WsdlService {
            name: "Callback".to_owned(),
            namespace: soap.namespace.clone(),
            version: soap.version,
            style: soap.style,
            action: operation.clone(),
            operation,
            parameters: callback.parameters.clone(),
            returns: parts(returns),
            address: address.to_owned(),
        }))
    }
}

/// The types of a return, as its template shows them.
fn parts(template: &Template) -> Vec<WsdlPart> {
    template
        .keys()
        .into_iter()
        .map(|name| {
            let inner = template.entry(name);
            WsdlPart {
                name: name.to_owned(),
                inside: inner.map_or_else(Vec::new, parts),
                repeated: inner.is_some_and(Template::is_list),
            }
        })
        .collect()
}

/// A caller is answered in the version in which it called.
fn version_of(call: &CallbackCall, agreed: SoapVersion) -> SoapVersion {
    match content_type(call).trim_start().to_ascii_lowercase() {
        text if text.starts_with("application/soap+xml") => SoapVersion::V12,
        text if text.starts_with("text/xml") => SoapVersion::V11,
        _ => agreed,
    }
}

fn content_type(call: &CallbackCall) -> &str {
    call.headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map_or("", |(_, value)| value.as_str())
}

fn plain(status: u16, text: &str) -> WireReply {
    reply(
        status,
        "text/plain; charset=UTF-8".to_owned(),
        text.as_bytes().to_vec(),
    )
}

fn reply(status: u16, content_type: String, body: Vec<u8>) -> WireReply {
    WireReply {
        status,
        headers: vec![("content-type".to_owned(), content_type)],
        body,
    }
}
