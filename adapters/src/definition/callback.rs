//! Calls from a partner: who calls, and what it says.

use super::errors::{AuthenticationError, CallbackError};
use super::events::{message, rendered};
use super::feedback::{Callback, Content, Feedback};
use super::template::Template;
use super::{Authenticated, CallbackFacts, CompiledDefinition};
use crate::canonical::CaseReference;
use crate::exchange::{CallbackCall, CallbackDocument, CallbackMessage};
use crate::expression::Data;
use crate::reading::{Format, Layers, ReadError, part};
use crate::soap::{self, Message, SoapError, SoapVersion};
use crate::text::Charset;
use crate::xml;
use data_encoding::{BASE64, HEXLOWER};
use md5::{Digest, Md5};
use serde_json::Value;
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
            Content::Document(rule) => {
                let document =
                    self.document(&message.path, &rule.facts, &rule.body, case, &fields)?;
                Ok(vec![CallbackMessage::Document(document)])
            }
            Content::Events(rules) => {
                let facts = case_facts(&case).unwrap_or_default();
                let events = self.events(&message.path, rules, case, &fields, facts)?;
                Ok(vec![CallbackMessage::Events(events)])
            }
        }
    }

    pub(super) fn callback(&self) -> Result<(&Feedback, &Callback), CallbackError> {
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

    pub(super) fn decode(
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
        let root = xml::parse(&call.body, charset, &self.limits.xml)?;
        let agreed = callback.soap.as_ref();
        // Before anything else in the envelope (SOAP 1.2 part 1, 2.6): it may mean something else in another version.
        let version = SoapVersion::of(&root).ok_or(SoapError::NoEnvelope)?;
        if agreed.is_some_and(|soap| !soap.versions.contains(&version)) {
            return Err(SoapError::Version.into());
        }
        let envelope = soap::read(&root, &self.limits.xml)?;
        if !envelope.must_understand.is_empty() {
            return Err(SoapError::MustUnderstand.into());
        }
        let Message::Body(element) = envelope.message else {
            return Err(ReadError::Fault);
        };
        let namespace = agreed.map_or("", |soap| soap.namespace.as_str());
        if Some(&element.name) != callback.operation.as_ref() || element.namespace != namespace {
            return Err(ReadError::Root(
                callback.operation.clone().unwrap_or_default(),
            ));
        }
        let value = reading.tree_of(&element)?;
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
}

pub(super) fn content_type(call: &CallbackCall) -> &str {
    call.headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map_or("", |(_, value)| value.as_str())
}
