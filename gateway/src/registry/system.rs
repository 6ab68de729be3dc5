//! Registered systems (部门系统) at run time: every version of each definition, compiled.

use std::collections::BTreeMap;
use std::sync::Arc;
use tongban_adapters::definition::CompiledDefinition;

/// Where a version of a definition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SystemState {
    /// Registered, not live.
    Draft,
    /// Live: the version that new cases are pinned to.
    Active,
    /// Replaced by a later version; pinned cases still use it.
    Superseded,
    /// Paused: cases queue up.
    Suspended,
}

impl SystemState {
    /// The state of a word in the store.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "draft" => Self::Draft,
            "active" => Self::Active,
            "superseded" => Self::Superseded,
            "suspended" => Self::Suspended,
            _ => return None,
        })
    }

    /// The word in the store and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Suspended => "suspended",
        }
    }
}

/// One version.
#[derive(Clone)]
pub struct SystemVersion {
    /// From 1.
    pub version: u32,
    /// Where it stands.
    pub state: SystemState,
    /// The definition, compiled with the secrets of this installation.
    pub definition: Arc<CompiledDefinition>,
}

/// All versions of one system, at least one.
#[derive(Clone, Default)]
pub struct SystemVersions {
    by_version: BTreeMap<u32, SystemVersion>,
}

impl SystemVersions {
    /// Adds a version.
    pub fn insert(&mut self, version: SystemVersion) {
        self.by_version.insert(version.version, version);
    }

    /// One version.
    #[must_use]
    pub fn get(&self, version: u32) -> Option<&SystemVersion> {
        self.by_version.get(&version)
    }

    /// The version that is live (or suspended): the highest in either state.
    #[must_use]
    pub fn current(&self) -> Option<&SystemVersion> {
        let live =
            |v: &&SystemVersion| matches!(v.state, SystemState::Active | SystemState::Suspended);
        self.by_version.values().rev().find(live)
    }

    /// The highest version, whatever its state.
    #[must_use]
    pub fn latest(&self) -> Option<&SystemVersion> {
        self.by_version.values().next_back()
    }

    /// Every version, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &SystemVersion> {
        self.by_version.values()
    }
}
