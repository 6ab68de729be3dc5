//! Whose a key is, and what that makes of a caller.

use crate::identity::{Principal, PrincipalKind, Role};
use std::collections::BTreeSet;

/// Characters of a program's name.
pub const NAME_MAX: usize = 64;

/// Whose a key is. It lasts for the life of the key and of all that replace it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyHolder {
    /// A registered partner system, on its own resources.
    Partner {
        /// Its id.
        system: String,
    },
    /// A program that acts for applicants: another hall, an app, a counter. It sees what it has handed in itself.
    Agent {
        /// Its name, unlike that of every other program.
        name: String,
    },
    /// An engineer's program (pipelines, monitors) of an organisation.
    Engineer {
        /// Its name.
        name: String,
        /// Id of the organisation.
        organisation: String,
    },
    /// An operator's program.
    Operator {
        /// Its name.
        name: String,
    },
}

/// Nobody can have such a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HolderFault {
    /// The role.
    #[error("role: partner, agent, engineer or operator")]
    Role,
    /// The name.
    #[error(
        "name: 1 to {NAME_MAX} lower-case letters, digits, hyphens and dots, a letter or digit first"
    )]
    Name,
    /// No organisation, where one is needed.
    #[error("organisation: an engineer's key needs the id of its organisation")]
    OrganisationMissing,
    /// An organisation, where none is.
    #[error("organisation: for engineers alone")]
    OrganisationUnfit,
}

impl KeyHolder {
    /// A holder by the word of its role.
    ///
    /// # Errors
    /// [`HolderFault`].
    pub fn new(role: &str, name: &str, organisation: Option<&str>) -> Result<Self, HolderFault> {
        if !is_name(name) {
            return Err(HolderFault::Name);
        }
        let name = name.to_owned();
        match (role, organisation) {
            ("engineer", Some(organisation)) if is_name(organisation) => Ok(Self::Engineer {
                name,
                organisation: organisation.to_owned(),
            }),
            ("engineer", _) => Err(HolderFault::OrganisationMissing),
            ("partner" | "agent" | "operator", Some(_)) => Err(HolderFault::OrganisationUnfit),
            ("partner", None) => Ok(Self::Partner { system: name }),
            ("agent", None) => Ok(Self::Agent { name }),
            ("operator", None) => Ok(Self::Operator { name }),
            _ => Err(HolderFault::Role),
        }
    }

    /// The word of its role.
    #[must_use]
    pub fn role(&self) -> &'static str {
        match self {
            Self::Partner { .. } => "partner",
            Self::Agent { .. } => "agent",
            Self::Engineer { .. } => "engineer",
            Self::Operator { .. } => "operator",
        }
    }

    /// Id of the system, or name of the program.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Partner { system: name }
            | Self::Agent { name }
            | Self::Engineer { name, .. }
            | Self::Operator { name } => name,
        }
    }

    /// Organisation of an engineer.
    #[must_use]
    pub fn organisation(&self) -> Option<&str> {
        match self {
            Self::Engineer { organisation, .. } => Some(organisation),
            _ => None,
        }
    }

    /// The caller that shows the key. A partner is its system, however it proves itself; subjects of programs begin with `api-key/`,
    /// so that none is ever taken for the person or program of that name in a token.
    #[must_use]
    pub fn principal(&self) -> Principal {
        let (kind, role) = match self {
            Self::Partner { system } => return Principal::partner(system),
            Self::Agent { .. } => (PrincipalKind::Agent, Role::Applicant),
            Self::Engineer { .. } => (PrincipalKind::Official, Role::Engineer),
            Self::Operator { .. } => (PrincipalKind::Operator, Role::Operator),
        };
        Principal {
            subject: format!("api-key/{}", self.name()),
            kind,
            organisation: self.organisation().map(str::to_owned),
            roles: BTreeSet::from([Role::Public, role]),
            one_time: None,
        }
    }
}

/// Whether a text is a name, or an id of a system or an organisation.
fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    text.len() <= NAME_MAX
        && text.bytes().all(fits)
        && text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
}
