//! The registry (注册中心) at run time: catalogue, routes, organisations, calendar and compiled systems as one picture.
//!
//! Invariants: a [`Snapshot`] never changes; the next one is built aside from parts that were all checked, and swapped in at once,
//! so that no reader sees half of a change and none waits; every version of every item and system that was ever registered
//! stays reachable, because open cases are pinned to them.

pub mod route;
pub mod system;

pub use route::{HandOver, Mode, Route, RouteQuery, RoutingError};
pub use system::{SystemState, SystemVersion, SystemVersions};

use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::Arc;
use tongban_adapters::definition::CompiledDefinition;

/// One consistent picture of everything that is registered.
#[derive(Default)]
pub struct Snapshot {
    /// Routes in the order of the file.
    pub routes: Vec<Route>,
    /// Systems by id.
    pub systems: BTreeMap<String, SystemVersions>,
}

impl Snapshot {
    /// The definition that new cases are pinned to, with its version.
    #[must_use]
    pub fn current_system(&self, id: &str) -> Option<(u32, Arc<CompiledDefinition>)> {
        let current = self.systems.get(id)?.current()?;
        Some((current.version, Arc::clone(&current.definition)))
    }

    /// One version of a definition, as cases are pinned to it.
    #[must_use]
    pub fn system(&self, id: &str, version: u32) -> Option<Arc<CompiledDefinition>> {
        let pinned = self.systems.get(id)?.get(version)?;
        Some(Arc::clone(&pinned.definition))
    }
}

/// The current snapshot, shared by everything that runs.
pub struct Registry {
    snapshot: ArcSwap<Snapshot>,
}

impl Registry {
    /// With a first snapshot.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
        }
    }

    /// The current snapshot. Take it once per task and keep to it.
    #[must_use]
    pub fn load(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Swaps in the next snapshot.
    pub fn replace(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }
}
