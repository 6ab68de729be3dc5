//! Compiling how a call comes in and what it is answered.

use super::credentials::Credentials;
use super::faults::Faults;
use super::feedback::{Answer, AnswerForm, Callback, source};
use super::node::Node;
use super::policy::Protocol;
use super::rules::compile_reading;
use super::soap::{CallbackSoap, Soap};
use super::step::REQUEST_NAMES;
use super::template::{Scope, Template, root_of};
use crate::reading::Format;
use crate::xml::is_name;

impl Callback {
    pub(super) fn compile(
        node: &Node,
        (protocol, head): (Protocol, Option<&Soap>),
        scope: Scope<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let known = [
            "read",
            "auth",
            "operation",
            "parameters",
            "soap",
            "kind",
            "fields",
            "answers",
        ];
        let fields = faults.fields(node, &known)?;
        let reading = fields
            .require("read", faults)
            .and_then(|node| compile_reading(node, faults));
        let credentials = fields
            .require("auth", faults)
            .and_then(|node| Credentials::compile(node, faults));
        let source = source(fields, &["call"], scope, faults);
        let soap = protocol == Protocol::Soap;
        if reading
            .as_ref()
            .is_some_and(|reading| soap != (reading.format == Format::Soap))
        {
            faults.add(
                node,
                "bad_reading",
                "soap 系统的 callback 用 read: soap，其他系统不用",
                "`read: soap` belongs to soap systems, and to them alone",
            );
        }
        let called = match (head, fields.get("soap")) {
            (Some(head), node) => Some(CallbackSoap::compile(node, head, faults)?),
            (None, Some(node)) if !soap => {
                faults.add(
                    node,
                    "no_soap_here",
                    "只有 protocol: soap 才有 soap",
                    "`soap` belongs to protocol: soap",
                );
                None
            }
            (None, _) => None,
        };
        let operation = match soap {
            true => Some(
                fields
                    .require("operation", faults)
                    .and_then(|node| faults.filled(node))?,
            ),
            false => None,
        };
        let parameters = faults.texts(fields.get("parameters"));
        if soap && (parameters.is_empty() || !parameters.iter().all(|name| is_name(name))) {
            faults.add(
                node,
                "bad_name",
                "parameters 应列出 SOAP 参数名",
                "`parameters` lists the names of SOAP parameters",
            );
        }
        let answers = fields
            .require("answers", faults)
            .and_then(|node| faults.fields(node, &["taken", "refused", "application"]))?;
        let said = Scope {
            names: &["answer"],
            ..scope
        };
        let taken = answers
            .require("taken", faults)
            .and_then(|node| Answer::compile(node, soap, said, faults));
        let refused = answers
            .require("refused", faults)
            .and_then(|node| Answer::compile(node, soap, said, faults));
        let whole = Scope {
            names: REQUEST_NAMES,
            ..scope
        };
        let application = answers
            .get("application")
            .and_then(|node| Answer::compile(node, soap, whole, faults));
        Some(Self {
            reading: reading?,
            credentials: credentials?,
            operation,
            parameters,
            soap: called,
            source: source?,
            taken: taken?,
            refused: refused?,
            application,
        })
    }
}

impl Answer {
    fn compile(node: &Node, soap: bool, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let fields = faults.fields(node, &["status", "text", "json", "xml", "returns"])?;
        let status = fields
            .get("status")
            .map_or(Some(200), |node| faults.whole(node, 200..=599))?;
        let status = u16::try_from(status).ok()?;
        let given: Vec<&str> = ["text", "json", "xml", "returns"]
            .into_iter()
            .filter(|key| fields.get(key).is_some())
            .collect();
        let fits = match given.as_slice() {
            [one] => soap == (*one == "returns"),
            _ => false,
        };
        if !fits {
            faults.add(
                node,
                "answer_form",
                "此处写 text、json、xml 之一；soap 系统写 returns",
                "write one of text, json and xml here; `returns` for soap systems",
            );
            return None;
        }
        let content = fields.get(given[0])?;
        let form = match given[0] {
            "text" => AnswerForm::Text(Template::compile(content, scope, faults)?),
            "json" => AnswerForm::Json(Template::compile(content, scope, faults)?),
            "returns" => AnswerForm::Soap(Template::compile(content, scope, faults)?),
            _ => {
                let (root, content) = root_of(content, faults)?;
                AnswerForm::Xml(root, Template::compile(content, scope, faults)?)
            }
        };
        Some(Self { status, form })
    }
}
