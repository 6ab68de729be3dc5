//! Who asks (身份): [`Principal`], built at the edge; [`Scope`], which every store query for cases, items, systems, deliveries
//! and audit takes; and the one table of routes × roles ([`access`]).
//!
//! Invariants: a handler never sees a credential, only a `Principal`; no store query runs without a `Scope`; a route without a row
//! in the table does not exist.

pub mod access;
pub mod api_key;
pub mod token;

use std::collections::BTreeSet;
use std::time::Duration;

/// What kind of caller it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// Nobody known: no credential was shown.
    Anonymous,
    /// A citizen or business (申请人), by bearer token.
    Applicant,
    /// Who acts for an applicant (代理人), by bearer token.
    Agent,
    /// The bearer of one application's query code or session cookie.
    NumberBearer,
    /// A partner system (部门系统), by its definition's credential.
    Partner,
    /// An official of an organisation (工作人员).
    Official,
    /// An operator of the installation, on the operations listener or its socket.
    Operator,
}

/// What a caller may do. One role is one column of the table in [`access`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Anyone, also without a credential.
    Public,
    /// Reads and acts on own applications.
    Applicant,
    /// A partner system, on its own resources.
    Partner,
    /// Registers and tests adapters of its organisation.
    Engineer,
    /// Runs the installation.
    Operator,
}

/// Who asks: built once at the edge from the credential, handed on in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Stable subject: token `sub`, system id, operator name; empty for [`PrincipalKind::Anonymous`].
    pub subject: String,
    /// What kind of caller.
    pub kind: PrincipalKind,
    /// Organisation, for officials and engineers.
    pub organisation: Option<String>,
    /// Roles.
    pub roles: BTreeSet<Role>,
    /// What this credential may be used for once, proven at the edge and used up before a room sees the request.
    pub one_time: Option<OneTime>,
}

/// Something in a credential that is good once (随机数).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTime {
    /// The nonce, of this principal alone.
    pub nonce: String,
    /// For how long the same credential would be believed.
    pub kept: Duration,
}

impl Principal {
    /// A caller without credential.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            subject: String::new(),
            kind: PrincipalKind::Anonymous,
            organisation: None,
            roles: BTreeSet::from([Role::Public]),
            one_time: None,
        }
    }

    /// The installation itself: workers, timers, start-up. Never built from a request.
    #[must_use]
    pub fn gateway() -> Self {
        Self {
            subject: "gateway".to_owned(),
            kind: PrincipalKind::Operator,
            organisation: None,
            roles: BTreeSet::from([Role::Operator]),
            one_time: None,
        }
    }

    /// An operator by name, as `ops.sock` and the operations listener build it.
    #[must_use]
    pub fn operator(name: &str) -> Self {
        Self {
            subject: name.to_owned(),
            kind: PrincipalKind::Operator,
            organisation: None,
            roles: BTreeSet::from([Role::Operator]),
            one_time: None,
        }
    }

    /// A partner system by id.
    #[must_use]
    pub fn partner(system: &str) -> Self {
        Self {
            subject: system.to_owned(),
            kind: PrincipalKind::Partner,
            organisation: None,
            roles: BTreeSet::from([Role::Public, Role::Partner]),
            one_time: None,
        }
    }
}

/// Which rows a query may see. Built from a [`Principal`] by the room that asks; the store turns it into a `WHERE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All rows: the installation's own work and operators.
    Everything,
    /// Rows of these organisations (the caller's and all below it in the tree).
    Organisations(BTreeSet<String>),
    /// Applications whose owner or agent is this subject.
    Subject(String),
    /// One application alone: its number was proven by query code or cookie.
    Application(String),
    /// Cases handed to this system.
    System(String),
    /// No rows at all.
    Nothing,
}
