//! Drafts (接入定义草稿): from a WSDL to a system definition that a department's engineer fills in.
//!
//! [`draft`] writes the YAML of one port: every operation with its messages, required parts standing and optional ones commented
//! out, types, facets and documentation beside them, and a first mapping guessed by names (`known_names.txt`). The draft passes the
//! checker as it is. It says what it guessed and what it left open; what an answer means it never guesses, because a wrong guess
//! there would lose an application in silence.
//!
//! A draft is written for definitions as they are: requests are literal trees in one namespace. What they cannot say is named in
//! [`Draft::gaps`] and stands commented out.

mod head;
mod known_names;
mod lines;
mod mapping;
mod roles;
mod section;
mod shape;
mod simple;

use crate::wsdl::{Description, Port, Service};
use thiserror::Error;

/// What is to be drafted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftOrder<'o> {
    /// Id of the system: lower-case letters, digits and hyphens, a letter first, at most 64. The checker refuses others.
    pub id: &'o str,
    /// Name of the WSDL, for the comment at the top.
    pub source: &'o str,
    /// Local name of the service; the first one with a port where none is named.
    pub service: Option<&'o str>,
    /// Name of the port; the first one of the service where none is named.
    pub port: Option<&'o str>,
}

/// A definition to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The YAML.
    pub text: String,
    /// Local name of the service.
    pub service: String,
    /// Name of the port.
    pub port: String,
    /// What was guessed, in the order of the file.
    pub guesses: Vec<Guess>,
    /// What a definition cannot say of this service.
    pub gaps: Vec<Gap>,
    /// How many places are to be filled in (`TO FILL IN`).
    pub to_fill_in: usize,
    /// Operations of the port that stand in the file, live or commented out.
    pub operations: usize,
    /// Other ports, as `SERVICE/PORT`.
    pub other_ports: Vec<String>,
}

/// Something that was guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// Where: `operations.submit.request.SBLSH`.
    pub at: String,
    /// What.
    pub value: String,
}

/// Something that a definition cannot say yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Operation, or `soap` for what concerns all.
    pub at: String,
    /// Why.
    pub why: String,
}

/// Why there is no draft.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DraftFault {
    /// No service of the description has a SOAP port.
    #[error("the WSDL has no service with a SOAP port")]
    NoPort,
    /// There is no such service or port.
    #[error("there is no port `{wanted}`; there are: {}", known.join(", "))]
    UnknownPort {
        /// What was asked for, as `SERVICE/PORT`.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
}

/// Drafts a definition for one port of a description.
///
/// # Errors
/// [`DraftFault`].
pub fn draft(description: &Description, order: &DraftOrder<'_>) -> Result<Draft, DraftFault> {
    let (service, port) = chosen(description, order)?;
    Ok(head::write(description, order, service, port))
}

fn chosen<'d>(
    description: &'d Description,
    order: &DraftOrder<'_>,
) -> Result<(&'d Service, &'d Port), DraftFault> {
    let fits = |service: &Service, port: &Port| {
        order
            .service
            .is_none_or(|wanted| wanted == service.name.local)
            && order.port.is_none_or(|wanted| wanted == port.name)
    };
    let mut all = ports(description);
    if let Some(found) = all.find(|(service, port)| fits(service, port)) {
        return Ok(found);
    }
    let known = ports(description).map(|(service, port)| label(service, port));
    let known: Vec<String> = known.collect();
    if known.is_empty() {
        return Err(DraftFault::NoPort);
    }
    let any = "*";
    let wanted = format!(
        "{}/{}",
        order.service.unwrap_or(any),
        order.port.unwrap_or(any)
    );
    Err(DraftFault::UnknownPort { wanted, known })
}

fn ports(description: &Description) -> impl Iterator<Item = (&Service, &Port)> {
    let services = description.services.iter();
    services.flat_map(|service| service.ports.iter().map(move |port| (service, port)))
}

fn label(service: &Service, port: &Port) -> String {
    format!("{}/{}", service.name.local, port.name)
}
