//! What the three dialects have in common for the server and the runner: read an order, answer it, write a report, understand the reply.

use super::cases::{Application, Case, Order, Verdict};
use super::course::{Message, Report};
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;

/// A request as received, body whole.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) content_type: String,
    pub(super) body: Bytes,
}

/// An answer as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(status: u16, text: impl Into<String>) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            body: text.into().into_bytes(),
        }
    }

    pub(super) fn json(status: u16, value: &serde_json::Value) -> Self {
        Self {
            status,
            content_type: "application/json",
            body: value.to_string().into_bytes(),
        }
    }

    pub(super) fn not_found() -> Self {
        Self::text(404, "no such address")
    }
}

/// A call to the gateway. `path` is under the base of the system (`callback`, `materials`, `materials/{id}`).
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Call {
    pub(super) fn post(content_type: &str, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            path: "callback".to_owned(),
            headers: vec![("content-type", content_type.to_owned())],
            body,
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Name and value of each field of a report, in wire order.
pub(super) type Fields = Vec<(String, String)>;

/// A partner's wire. Everything here is pure: the clock, the state and the faults are elsewhere.
pub(super) trait Dialect: Send + Sync {
    /// Reads a request. An `Err` is an answer that needs no case: a malformed request's, or the WSDL.
    fn read(&self, request: &Received) -> Result<Order, Answer>;

    /// The bytes of a verdict.
    fn reply(&self, order: &Order, verdict: &Verdict) -> Answer;

    /// The fields of a report about something that happened `at`.
    fn fields(&self, case: &Case, report: &Report, at: Timestamp) -> Fields;

    /// The field that carries the status or result code.
    fn code_field(&self, message: Message) -> Option<&'static str>;

    /// The call that reports; `None` for a partner that is polled.
    fn posted(&self, message: Message, fields: &Fields) -> Option<Call>;

    /// Whether the body of a 200 says that the report was taken.
    fn confirmed(&self, body: &[u8]) -> bool;

    /// The call that pulls an application, for the dialect that pulls.
    fn pull(&self, _number: &str) -> Option<Call> {
        None
    }

    /// The application in the reply to a pull.
    fn pulled(&self, _body: &[u8]) -> Result<Application, String> {
        Err("this dialect does not pull".to_owned())
    }

    /// The call that hands back a certificate, and where its id will be.
    fn hand_back(&self, case: &Case, name: &str, document: Vec<u8>) -> Call {
        Call {
            method: Method::POST,
            path: "materials".to_owned(),
            headers: vec![
                ("content-type", "application/pdf".to_owned()),
                ("x-file-name", super::form::escape(name.as_bytes())),
                ("x-case-no", case.number.clone()),
                ("x-document-kind", "certificate".to_owned()),
                ("x-api-key", self.key().to_owned()),
                ("content-digest", super::document::content_digest(&document)),
            ],
            body: document,
        }
    }

    /// The id of a document handed back; `None` if the reply does not confirm it.
    fn handed_back(&self, status: u16, body: &[u8]) -> Option<String> {
        let reply: serde_json::Value = serde_json::from_slice(body).ok()?;
        let id = reply.get("id")?.as_str()?;
        (status == 201).then(|| id.to_owned())
    }

    /// What this partner shows as `x-api-key`.
    fn key(&self) -> &str;
}

/// Sets a field, at its place if it is there.
pub(super) fn set(fields: &mut Fields, name: &str, value: &str) {
    match fields.iter_mut().find(|(key, _)| key == name) {
        Some((_, old)) => value.clone_into(old),
        None => fields.push((name.to_owned(), value.to_owned())),
    }
}
