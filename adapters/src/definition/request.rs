//! The request of one step: templates and credentials to bytes.

use super::CompiledDefinition;
use super::errors::EncodeError;
use super::render::{RenderError, document};
use super::step::{Body, Call, Step};
use super::template::Template;
use super::tree::Tree;
use crate::exchange::{ExchangeContext, Operation, WireRequest};
use crate::expression::{Data, EvaluationError};
use crate::soap;
use crate::text::{Charset, write_form};
use crate::xml::Element;
use serde_json::json;
use std::sync::Arc;

/// The key of the delivery, the same in every attempt: what makes at-least-once on the wire once in effect.
pub(super) const MESSAGE_KEY_HEADER: &str = "x-message-key";

impl From<RenderError> for EncodeError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Expression { at, error } => Self::Expression { at, error },
            RenderError::Shape { at, what } => Self::Shape { at, what },
            RenderError::TooLarge { at } => Self::TooLarge {
                at,
                limit: super::render::NODES_MAX,
            },
        }
    }
}

impl CompiledDefinition {
    pub(super) fn encode(
        &self,
        operation: Operation,
        index: usize,
        context: &ExchangeContext,
    ) -> Result<WireRequest, EncodeError> {
        let step = self.step(operation, index).ok_or(EncodeError::NoSuchStep {
            operation: operation.as_str(),
            step: index,
        })?;
        if self.about.short_number && context.submission.case.short_no.is_none() {
            // An empty number would be a notice about nothing.
            return Err(EncodeError::Expression {
                at: "short_number".to_owned(),
                error: EvaluationError::Missing,
            });
        }
        let data = self.data(context);
        let mut headers: Vec<(String, String)> = Vec::new();
        let body = self.body(step, &data, &mut headers)?;
        headers.push((MESSAGE_KEY_HEADER.to_owned(), context.message_key.clone()));
        if step.credentials {
            headers.extend(self.credentials.headers(context.now, &context.nonce));
        }
        for (name, template) in &step.headers {
            if let Some(value) = scalar(template, &template.render(&data, self.about.charset)?)? {
                headers.push((name.to_ascii_lowercase(), value));
            }
        }
        if headers
            .iter()
            .any(|(_, value)| !value.bytes().all(|b| (0x20..0x7f).contains(&b)))
        {
            return Err(EncodeError::Shape {
                at: step.path.clone(),
                what: "a header holds a character that HTTP headers do not take",
            });
        }
        let limit = self.limits.request_bytes;
        if body.len() > limit {
            return Err(EncodeError::TooLarge {
                at: step.path.clone(),
                limit,
            });
        }
        let method = match &step.call {
            Call::Http { method, .. } => method.clone(),
            Call::Soap { .. } => "POST".to_owned(),
        };
        Ok(WireRequest {
            method,
            url: self.address(step, &data)?,
            headers,
            body,
        })
    }

    /// What expressions of a request see.
    pub(super) fn data(&self, context: &ExchangeContext) -> Data {
        let submission = &context.submission;
        Data::new(Arc::clone(&self.tables)).with_all(&[
            ("case", json!(submission.case)),
            ("item", json!(submission.item)),
            ("applicant", json!(submission.applicant)),
            ("form", submission.form.clone()),
            ("materials", json!(submission.materials)),
            ("step", context.step.clone()),
            ("message", context.message.clone()),
            ("message_key", json!(context.message_key)),
            ("now", json!(context.now)),
            ("nonce", json!(context.nonce)),
        ])
    }

    fn address(&self, step: &Step, data: &Data) -> Result<String, EncodeError> {
        let mut url = self.about.endpoint.clone();
        match &step.call {
            Call::Soap { .. } => {
                url.push_str(self.soap.as_ref().map_or("", |soap| soap.path.as_str()))
            }
            Call::Http { path, .. } => {
                let mut path = path.clone();
                for (name, template) in &step.place {
                    let value = scalar(template, &template.render(data, Charset::Utf8)?)?
                        .unwrap_or_default();
                    // A dot segment would lead elsewhere; an empty one too.
                    if value.is_empty() || value.bytes().all(|b| b == b'.') {
                        return Err(EncodeError::Shape {
                            at: template.path().to_owned(),
                            what: "no segment of a path",
                        });
                    }
                    path = path.replace(&format!("{{{name}}}"), &path_segment(&value));
                }
                url.push_str(&path);
            }
        }
        if let Some(query) = &step.query {
            let fields = fields(query, query.render(data, self.about.charset)?)?;
            url.push('?');
            url.push_str(&write_form(&fields, self.about.charset));
        }
        Ok(url)
    }

    fn body(
        &self,
        step: &Step,
        data: &Data,
        headers: &mut Vec<(String, String)>,
    ) -> Result<Vec<u8>, EncodeError> {
        let charset = self.about.charset;
        let shape = |what| EncodeError::Shape {
            at: step.path.clone(),
            what,
        };
        let mut content_type = |value: String| headers.push(("content-type".to_owned(), value));
        match (&step.body, &step.call) {
            (_, Call::Soap { operation, action }) => {
                let soap = self
                    .soap
                    .as_ref()
                    .ok_or_else(|| shape("no `soap` in the definition"))?;
                let parameters = self.parameters(step, data)?;
                let header = match &soap.header {
                    None => Vec::new(),
                    Some(template) => elements(template, &template.render(data, charset)?)?,
                };
                content_type(soap::content_type(soap.version, charset, action));
                if soap.version == soap::SoapVersion::V11 {
                    headers.push(("soapaction".to_owned(), format!("\"{action}\"")));
                }
                soap::write(soap.service(charset), operation, &parameters, &header)
                    .map_err(|_| shape("a name that XML does not allow"))
            }
            (Body::None | Body::Parameters(_), Call::Http { .. }) => Ok(Vec::new()),
            (Body::Form(template), _) => {
                let mut fields = fields(template, template.render(data, charset)?)?;
                if let Some((name, value)) =
                    self.credentials.parameter().filter(|_| step.credentials)
                {
                    fields.insert(0, (name.to_owned(), value.to_owned()));
                }
                content_type(format!(
                    "application/x-www-form-urlencoded; charset={}",
                    charset.name()
                ));
                Ok(write_form(&fields, charset).into_bytes())
            }
            (Body::Json(template), _) => {
                let tree = template.render(data, Charset::Utf8)?;
                content_type("application/json".to_owned());
                serde_json::to_vec(&tree).map_err(|_| shape("no JSON can be made of it"))
            }
            (Body::Xml(root, template), _) => {
                let tree = template.render(data, charset)?;
                content_type(format!("text/xml; charset={}", charset.name()));
                document(root, &tree, charset)
                    .map(|text| charset.encode(&text))
                    .map_err(shape)
            }
        }
    }

    /// Parameters of a SOAP call in order, the shared identifier last.
    fn parameters(&self, step: &Step, data: &Data) -> Result<Vec<Element>, EncodeError> {
        let mut parameters = match &step.body {
            Body::Parameters(template) => {
                elements(template, &template.render(data, self.about.charset)?)?
            }
            _ => Vec::new(),
        };
        if let Some((name, value)) = self.credentials.parameter().filter(|_| step.credentials) {
            parameters.push(Element::named(name).with_text(value));
        }
        Ok(parameters)
    }
}

/// The elements of a mapping.
pub(super) fn elements(template: &Template, tree: &Tree) -> Result<Vec<Element>, EncodeError> {
    let shape = |what| EncodeError::Shape {
        at: template.path().to_owned(),
        what,
    };
    let Tree::Map(entries) = tree else {
        return Err(shape("a mapping is expected"));
    };
    let nested: Result<Vec<_>, _> = entries
        .iter()
        .map(|(name, value)| value.elements(name))
        .collect();
    Ok(nested.map_err(shape)?.into_iter().flatten().collect())
}

/// The fields of a mapping; what is nothing is left out.
fn fields(template: &Template, tree: Tree) -> Result<Vec<(String, String)>, EncodeError> {
    let shape = |what| EncodeError::Shape {
        at: template.path().to_owned(),
        what,
    };
    let Tree::Map(entries) = tree else {
        return Err(shape("a mapping is expected"));
    };
    let mut fields = Vec::new();
    for (name, value) in entries {
        let value = value
            .scalar()
            .ok_or_else(|| shape("a form field holds a single value; use $json or $xml"))?;
        fields.extend(value.map(|value| (name, value)));
    }
    Ok(fields)
}

fn scalar(template: &Template, tree: &Tree) -> Result<Option<String>, EncodeError> {
    tree.scalar().ok_or_else(|| EncodeError::Shape {
        at: template.path().to_owned(),
        what: "a single value is expected",
    })
}

/// A path segment, percent-encoded (RFC 3986, unreserved characters stay).
fn path_segment(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte))
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
