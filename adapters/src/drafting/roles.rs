//! Which operation of a service probably does what, and what a definition cannot say of it.

use super::known_names::KnownNames;
use super::mapping::Sight;
use super::shape::{Inside, Part, shape_of};
use crate::exchange::Operation as Role;
use crate::soap::{ElementForm, SoapStyle};
use crate::wsdl::{Body, Description, Message, Operation};
use std::collections::BTreeSet;

/// An operation of the port, looked at.
#[derive(Debug)]
pub(super) struct Candidate<'d> {
    pub(super) operation: &'d Operation,
    pub(super) request: Option<Part>,
    pub(super) role: Option<Role>,
    /// Why it was given its role, for people.
    pub(super) because: String,
    /// Why a definition cannot call it; empty when it can.
    pub(super) cannot: Vec<String>,
}

/// What all operations of a definition share (`soap`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) style: SoapStyle,
    pub(super) form: ElementForm,
    pub(super) namespace: String,
}

pub(super) const ROLES: [Role; 4] = [Role::Submit, Role::Query, Role::Supplement, Role::Withdraw];

/// Names that are known in the requests of a role.
pub(super) fn sections(role: Option<Role>) -> &'static [&'static str] {
    match role {
        Some(Role::Supplement) => &["supplement", "case"],
        Some(Role::Withdraw) => &["withdraw", "case"],
        _ => &["case"],
    }
}

pub(super) fn sight(known: &KnownNames, role: Option<Role>) -> Sight<'_> {
    Sight {
        known,
        sections: sections(role),
        in_material: false,
    }
}

/// The operations of a binding with the roles that their names tell, and what they share.
pub(super) fn candidates<'d>(
    description: &'d Description,
    operations: &'d [Operation],
    known: &KnownNames,
) -> (Vec<Candidate<'d>>, Shared) {
    let mut found: Vec<Candidate<'d>> = operations
        .iter()
        .map(|operation| candidate(description, operation))
        .collect();
    give_roles(&mut found, known);
    let shared = shared(&found, description, known);
    for candidate in &mut found {
        fit(candidate, &shared, known);
    }
    (found, shared)
}

fn candidate<'d>(description: &'d Description, operation: &'d Operation) -> Candidate<'d> {
    let mut cannot = Vec::new();
    let request = match &operation.input {
        None => {
            cannot.push("the service calls and is not called (see feedback.callback)".to_owned());
            None
        }
        Some(message) => request(description, message, &mut cannot),
    };
    let request = match operation.style {
        SoapStyle::Document => request,
        SoapStyle::Rpc => request.map(with_all_parameters),
    };
    Candidate {
        operation,
        request,
        role: None,
        because: String::new(),
        cannot,
    }
}

/// A call of rpc style has all its parameters (WSDL 1.1, section 3.5: each part is an accessor in the wrapper), though the reader takes
/// messages that lack some.
fn with_all_parameters(mut request: Part) -> Part {
    if let Inside::Parts(parts) = &mut request.inside {
        for part in parts {
            part.required = true;
        }
    }
    request
}

fn request(description: &Description, message: &Message, cannot: &mut Vec<String>) -> Option<Part> {
    if !message.attachments.is_empty() {
        let parts: Vec<&str> = message
            .attachments
            .iter()
            .map(|a| a.part.as_str())
            .collect();
        cannot.push(format!(
            "parts are sent as attachments: {}",
            parts.join(", ")
        ));
    }
    match &message.body {
        Body::Element { element, .. } => Some(shape_of(&description.schema, *element)),
        Body::Empty => {
            cannot.push("its body is empty; a call has an element".to_owned());
            None
        }
        Body::Elements(elements) => {
            cannot.push(format!(
                "its body has {} elements; a call has one",
                elements.len()
            ));
            None
        }
    }
}

/// The best candidate of each role: the word of the role stands first in its name, and most of its parts are known.
fn give_roles(found: &mut [Candidate<'_>], known: &KnownNames) {
    for role in ROLES {
        let fits = |candidate: &Candidate<'_>| {
            let name = &candidate.operation.name;
            let (word, at) = known.first_word("operations", name)?;
            let open = candidate.role.is_none() && candidate.request.is_some();
            let parts = candidate.request.as_ref()?;
            let score = sight(known, Some(role)).known_parts(parts);
            (open && word == role.as_str()).then_some((at == 0, score))
        };
        let scored = found
            .iter()
            .enumerate()
            .filter_map(|(i, c)| Some((fits(c)?, i)));
        // Of equals the first.
        let best = scored.max_by_key(|(score, index)| (*score, std::cmp::Reverse(*index)));
        if let Some((_, index)) = best {
            found[index].role = Some(role);
            found[index].because = "by its name".to_owned();
        }
    }
    if found
        .iter()
        .any(|candidate| candidate.role == Some(Role::Submit))
    {
        return;
    }
    // No name says it: the operation that takes most of what is known of an application.
    let open = found.iter().enumerate().filter(|(_, c)| c.role.is_none());
    let scored = open.filter_map(|(index, candidate)| {
        let score = sight(known, None).known_parts(candidate.request.as_ref()?);
        (score > 1).then_some((score, std::cmp::Reverse(index)))
    });
    if let Some((_, std::cmp::Reverse(index))) = scored.max() {
        found[index].role = Some(Role::Submit);
        found[index].because = "by what it takes, not by its name".to_owned();
    } else if let [only] = found
        && only.role.is_none()
    {
        only.role = Some(Role::Submit);
        only.because = "because it is the only one".to_owned();
    }
}

/// Style, form and namespace of the submission, else of the first operation that can be called.
fn shared(found: &[Candidate<'_>], description: &Description, known: &KnownNames) -> Shared {
    let callable = |candidate: &&Candidate<'_>| {
        candidate.cannot.is_empty()
            && candidate
                .request
                .as_ref()
                .is_some_and(|r| !r.namespace.is_empty())
    };
    let submit = found
        .iter()
        .filter(callable)
        .find(|c| c.role == Some(Role::Submit));
    let with_role = || found.iter().filter(callable).find(|c| c.role.is_some());
    let first = || found.iter().find(callable);
    let Some(leading) = submit.or_else(with_role).or_else(first) else {
        let style = found
            .first()
            .map_or(SoapStyle::Document, |c| c.operation.style);
        return Shared {
            style,
            form: ElementForm::usual(style),
            namespace: description.namespace.clone(),
        };
    };
    let style = leading.operation.style;
    // A second operation may know what the first, without parts inside, leaves open.
    let mut forms = std::iter::once(leading).chain(found.iter().filter(callable));
    let form = forms.find_map(|candidate| form_of(candidate, known).ok().flatten());
    let namespace = leading
        .request
        .as_ref()
        .map(|request| request.namespace.clone());
    Shared {
        style,
        form: form.unwrap_or(ElementForm::usual(style)),
        namespace: namespace.unwrap_or_default(),
    }
}

/// The form of what a request holds, as far as it stands in the draft; `Err` names other namespaces.
fn form_of(candidate: &Candidate<'_>, known: &KnownNames) -> Result<Option<ElementForm>, String> {
    let Some(request) = &candidate.request else {
        return Ok(None);
    };
    let sight = sight(known, candidate.role);
    let mut namespaces = BTreeSet::new();
    for part in children(request) {
        match candidate.operation.style {
            SoapStyle::Document => sight.namespaces(part, &mut namespaces),
            // Parameters of rpc style are never qualified, whatever the form.
            SoapStyle::Rpc if sight.stands(part) => sight.namespaces_inside(part, &mut namespaces),
            SoapStyle::Rpc => {}
        }
    }
    let mut namespaces = namespaces.into_iter();
    match (namespaces.next(), namespaces.next()) {
        (None, _) => Ok(None),
        (Some(""), None) => Ok(Some(ElementForm::Unqualified)),
        (Some(one), None) if one == request.namespace => Ok(Some(ElementForm::Qualified)),
        (first, second) => {
            let all = first.into_iter().chain(second).chain(namespaces);
            let other: Vec<&str> = all.filter(|uri| *uri != request.namespace).collect();
            Err(other
                .iter()
                .map(|uri| if uri.is_empty() { "none" } else { uri })
                .collect::<Vec<_>>()
                .join(", "))
        }
    }
}

fn children(part: &Part) -> &[Part] {
    match &part.inside {
        Inside::Parts(parts) => parts,
        Inside::Text(_) | Inside::Open(_) => &[],
    }
}

/// Notes what a definition cannot say of an operation.
fn fit(candidate: &mut Candidate<'_>, shared: &Shared, known: &KnownNames) {
    let Some(request) = &candidate.request else {
        return;
    };
    let mut cannot = Vec::new();
    if candidate.operation.style != shared.style {
        cannot.push("its style is another than that of `soap`".to_owned());
    }
    if request.namespace != shared.namespace || request.namespace.is_empty() {
        cannot.push(format!(
            "its element {} stands in the namespace `{}`, not in that of `soap`",
            request.key, request.namespace
        ));
    }
    match form_of(candidate, known) {
        Ok(Some(form)) if form != shared.form => {
            cannot.push("its elements have another form than that of `soap`".to_owned());
        }
        Ok(_) => {}
        Err(other) => cannot.push(format!(
            "parts of its request stand in further namespaces: {other}"
        )),
    }
    match &request.inside {
        Inside::Parts(parts) => {
            let needed = parts.iter().filter(|part| part.required);
            for part in needed.filter(|part| part.key.starts_with(['@', '#'])) {
                cannot.push(format!(
                    "its element needs {} itself, beside elements in it",
                    part.key
                ));
            }
        }
        Inside::Text(_) => cannot.push("its element holds a text, not parameters".to_owned()),
        Inside::Open(why) => cannot.push(format!("what its element holds is not shown: {why}")),
    }
    candidate.cannot.extend(cannot);
}
