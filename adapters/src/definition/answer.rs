//! What a call from a partner is answered, in the form that its own protocol expects.

use super::callback::content_type;
use super::errors::{AuthenticationError, CallbackError};
use super::feedback::{Answer, AnswerForm};
use super::render::document;
use super::request::elements;
use super::soap::CallbackSoap;
use super::template::Template;
use super::{CallbackOutcome, CompiledDefinition};
use crate::exchange::{CallbackAnswer, CallbackCall, WireReply};
use crate::expression::Data;
use crate::reading::{Layers, ReadError};
use crate::soap::{self, FaultSide, Service, SoapError, SoapVersion, WsdlPart, WsdlService};
use crate::text::Charset;
use crate::xml;
use serde_json::json;
use std::sync::Arc;

impl CompiledDefinition {
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
        let soap = self.called()?;
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
        let charset = self.charset_of(call);
        if matches!(error, Some(ReadError::Soap(SoapError::Version))) {
            let body = soap::write_version_mismatch(&soap.versions, charset, &reason);
            let content_type = soap::content_type(SoapVersion::V11, charset, "");
            return Some(reply(500, content_type, body));
        }
        let must_understand = matches!(error, Some(ReadError::Soap(SoapError::MustUnderstand)));
        let version = self.version_of(call, soap);
        let side = FaultSide::Sender;
        let body = soap::write_fault(version, charset, side, must_understand, &reason);
        // SOAP 1.1, 6.2; SOAP 1.2 part 2, table 20: of all codes `Sender` alone is 400.
        let status = match (version, must_understand) {
            (SoapVersion::V12, false) => 400,
            _ => 500,
        };
        Some(reply(
            status,
            soap::content_type(version, charset, ""),
            body,
        ))
    }

    fn called(&self) -> Option<&CallbackSoap> {
        self.callback().ok()?.1.soap.as_ref()
    }

    /// A caller is answered in the version in which it called, as far as that is offered.
    fn version_of(&self, call: &CallbackCall, soap: &CallbackSoap) -> SoapVersion {
        let text = content_type(call).trim_start().to_ascii_lowercase();
        let outer = Charset::of_content_type(&text).ok().flatten();
        let root = xml::parse(&call.body, outer, &self.limits.xml).ok();
        let version = root.as_ref().and_then(SoapVersion::of).or_else(|| {
            let of_type = text.starts_with("application/soap+xml");
            (of_type || text.starts_with("text/xml")).then_some(match of_type {
                true => SoapVersion::V12,
                false => SoapVersion::V11,
            })
        });
        version
            .filter(|version| soap.versions.contains(version))
            .unwrap_or(soap.first())
    }

    /// A caller is answered in the character set in which it called; the agreed one where that cannot be told.
    fn charset_of(&self, call: &CallbackCall) -> Charset {
        let outer = Charset::of_content_type(content_type(call)).ok().flatten();
        let found = xml::decoded(&call.body, outer, &self.limits.xml);
        found.map_or(self.about.charset, |(_, charset)| charset)
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
                let soap = self.called()?;
                let (_, callback) = self.callback().ok()?;
                let charset = self.charset_of(call);
                let parts = elements(template, &template.render(data, charset).ok()?).ok()?;
                let version = self.version_of(call, soap);
                let service = Service {
                    version,
                    style: soap.style,
                    form: soap.form,
                    charset,
                    namespace: &soap.namespace,
                };
                let name = format!("{}Response", callback.operation.as_deref()?);
                (
                    soap::content_type(version, charset, ""),
                    soap::write(service, &name, &parts, &[]).ok()?,
                )
            }
        };
        (body.len() <= self.limits.request_bytes).then(|| reply(answer.status, content_type, body))
    }

    pub(super) fn wsdl(&self, address: &str) -> Option<String> {
        let soap = self.called()?;
        let (_, callback) = self.callback().ok()?;
        let operation = callback.operation.clone()?;
        let AnswerForm::Soap(returns) = &callback.taken.form else {
            return None;
        };
        Some(soap::write_wsdl(&WsdlService {
            name: "Callback".to_owned(),
            namespace: soap.namespace.clone(),
            versions: soap.versions.clone(),
            style: soap.style,
            form: soap.form,
            action: soap.action.clone().unwrap_or_else(|| operation.clone()),
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
