//! How a partner speaks SOAP (`soap`), and how it wants to be spoken to on our callback (`feedback.callback.soap`).

use super::faults::{Faults, Fields};
use super::node::Node;
use super::operation::path;
use super::template::{Scope, Template};
use crate::soap::{ElementForm, Service, SoapStyle, SoapVersion};
use crate::text::Charset;

/// How we call a partner.
#[derive(Debug)]
pub(super) struct Soap {
    pub(super) version: SoapVersion,
    pub(super) style: SoapStyle,
    pub(super) form: ElementForm,
    pub(super) namespace: String,
    pub(super) path: String,
    pub(super) header: Option<Template>,
}

/// How a partner calls us.
#[derive(Debug)]
pub(super) struct CallbackSoap {
    /// At least one.
    pub(super) versions: Vec<SoapVersion>,
    pub(super) style: SoapStyle,
    pub(super) form: ElementForm,
    pub(super) namespace: String,
    /// `SOAPAction` that the WSDL names; the operation's name where the definition is silent.
    pub(super) action: Option<String>,
}

const STYLES: &[(&str, SoapStyle)] = &[("rpc", SoapStyle::Rpc), ("document", SoapStyle::Document)];
const FORMS: &[(&str, ElementForm)] = &[
    ("qualified", ElementForm::Qualified),
    ("unqualified", ElementForm::Unqualified),
];

impl Soap {
    pub(super) fn compile(node: &Node, scope: Scope<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let known = ["version", "style", "form", "namespace", "path", "header"];
        let fields = faults.fields(node, &known)?;
        let version = fields.require("version", faults).and_then(|node| {
            faults.choice(
                node,
                &[("1.1", SoapVersion::V11), ("1.2", SoapVersion::V12)],
            )
        });
        let style = fields
            .require("style", faults)
            .and_then(|node| faults.choice(node, STYLES));
        let form = form(fields, style, faults);
        let namespace = fields
            .require("namespace", faults)
            .and_then(|node| faults.filled(node));
        let path = fields
            .get("path")
            .map_or(Some(String::new()), |node| path(node, faults));
        let header = fields
            .get("header")
            .and_then(|node| Template::compile(node, scope, faults));
        Some(Self {
            version: version?,
            style: style?,
            form: form?,
            namespace: namespace?,
            path: path?,
            header,
        })
    }

    pub(super) fn service(&self, charset: Charset) -> Service<'_> {
        Service {
            version: self.version,
            style: self.style,
            form: self.form,
            charset,
            namespace: &self.namespace,
        }
    }
}

fn form(
    fields: Fields<'_>,
    style: Option<SoapStyle>,
    faults: &mut Faults<'_>,
) -> Option<ElementForm> {
    match fields.get("form") {
        Some(node) => faults.choice(node, FORMS),
        None => style.map(ElementForm::usual),
    }
}

impl CallbackSoap {
    /// What the definition's head says, where `feedback.callback.soap` says nothing else.
    pub(super) fn compile(
        node: Option<&Node>,
        head: &Soap,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let Some(node) = node else {
            return Some(Self {
                versions: vec![head.version],
                style: head.style,
                form: head.form,
                namespace: head.namespace.clone(),
                action: None,
            });
        };
        let known = ["version", "style", "form", "namespace", "action"];
        let fields = faults.fields(node, &known)?;
        let versions = match fields.get("version") {
            Some(node) => {
                const ALL: &[SoapVersion] = &[SoapVersion::V11, SoapVersion::V12];
                let choices = [("1.1", &ALL[..1]), ("1.2", &ALL[1..]), ("both", ALL)];
                faults.choice(node, &choices)?.to_vec()
            }
            None => vec![head.version],
        };
        let style = match fields.get("style") {
            Some(node) => faults.choice(node, STYLES)?,
            None => head.style,
        };
        let form = match (fields.get("form"), style == head.style) {
            (None, true) => head.form,
            _ => form(fields, Some(style), faults)?,
        };
        let namespace = match fields.get("namespace") {
            Some(node) => faults.filled(node)?,
            None => head.namespace.clone(),
        };
        let action = match fields.get("action") {
            Some(node) => Some(faults.text(node)?),
            None => None,
        };
        Some(Self {
            versions,
            style,
            form,
            namespace,
            action,
        })
    }

    /// The version in which something is said that no call asked for in a version of its own.
    pub(super) fn first(&self) -> SoapVersion {
        self.versions.first().copied().unwrap_or_default()
    }
}
