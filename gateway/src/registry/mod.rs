//! The registry (注册中心) at run time: catalogue, routes, organisations, calendar and compiled systems as one picture.
//!
//! Invariants: a [`Snapshot`] never changes; the next one is built aside from parts that were all checked, and swapped in at once,
//! so that no reader sees half of a change and none waits; every version of every item and system that was ever registered
//! stays reachable, because open cases are pinned to them.

pub mod form;
pub mod item;
pub mod loading;
pub mod route;
pub mod routes_file;
#[cfg(test)]
pub(crate) mod sample;
pub mod sources;
pub mod system;

pub use item::PreparedItem;
pub use route::{HandOver, Mode, Route, RouteQuery, RoutingError};
pub use routes_file::RoutesFile;
pub use system::{SystemState, SystemVersion, SystemVersions};

use crate::processing::life_cycle::{PassedOn, Rules};
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tongban_adapters::definition::{CompiledDefinition, Forward};
use tongban_catalog::calendar::Calendar;
use tongban_catalog::item::ItemState;
use tongban_catalog::snapshot::Catalogue;

/// One consistent picture of everything that is registered.
pub struct Snapshot {
    /// Routes in the order of the file.
    pub routes: Vec<Route>,
    /// Systems by id.
    pub systems: BTreeMap<String, SystemVersions>,
    /// The calendar in force.
    pub calendar: Arc<Calendar>,
    /// What the hall offers: search, and the organisations.
    pub catalogue: Arc<Catalogue>,
    items: HashMap<(String, u32), Arc<PreparedItem>>,
    /// By id: the version that is in force for new applications.
    current: BTreeMap<String, Arc<PreparedItem>>,
    by_code: HashMap<String, String>,
}

impl Snapshot {
    /// Without items, routes and systems.
    #[must_use]
    pub fn empty(calendar: Calendar) -> Self {
        Self {
            routes: Vec::new(),
            systems: BTreeMap::new(),
            calendar: Arc::new(calendar),
            catalogue: Arc::new(Catalogue::new([], Arc::default())),
            items: HashMap::new(),
            current: BTreeMap::new(),
            by_code: HashMap::new(),
        }
    }

    /// Adds a version of an item. New applications get the highest version that is not a draft.
    pub fn insert_item(&mut self, prepared: Arc<PreparedItem>) {
        let item = &prepared.item;
        let id = item.id.as_str().to_owned();
        self.items
            .insert((id.clone(), item.version), Arc::clone(&prepared));
        let newer = self
            .current
            .get(&id)
            .is_none_or(|held| held.item.version < item.version);
        if item.state != ItemState::Draft && newer {
            for code in &item.codes {
                self.by_code.insert(code.as_str().to_owned(), id.clone());
            }
            self.current.insert(id, prepared);
        }
    }

    /// The version of an item that applications under this code, or under its id, are pinned to.
    #[must_use]
    pub fn item_by_code(&self, code: &str) -> Option<&Arc<PreparedItem>> {
        let id = self.by_code.get(code).map_or(code, String::as_str);
        self.current.get(id)
    }

    /// The current version of every published item, by id.
    pub fn current_items(&self) -> impl Iterator<Item = &Arc<PreparedItem>> {
        self.current.values()
    }

    /// One version of an item, as cases are pinned to it.
    #[must_use]
    pub fn item(&self, id: &str, version: u32) -> Option<&Arc<PreparedItem>> {
        self.items.get(&(id.to_owned(), version))
    }

    /// The rules of a case: of its pinned item version and channel, with what the definition of its system says.
    #[must_use]
    pub fn rules(
        &self,
        item_id: &str,
        version: u32,
        channel: &str,
        system: Option<&str>,
    ) -> Option<Rules> {
        let item = self.item(item_id, version)?;
        let definition = system.and_then(|id| self.current_system(id));
        Some(rules_for(
            item,
            channel,
            definition.as_ref().map(|(_, d)| &**d),
        ))
    }

    /// The calendar in force.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The one route of an application.
    ///
    /// # Errors
    /// [`RoutingError`] when there is none, or not one alone.
    pub fn route(&self, query: &RouteQuery<'_>) -> Result<&Route, RoutingError> {
        route::choose(&self.routes, query)
    }

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

/// The rules that a case lives under: those of its pinned item version and its channel (`web`, `mobile`, `window`, `partner`), with
/// what its partner's definition says about 转报 and its clock.
#[must_use]
pub fn rules_for(item: &PreparedItem, channel: &str, system: Option<&CompiledDefinition>) -> Rules {
    let mut rules = item.rules(channel).clone();
    if let Some(definition) = system {
        rules.passed_on = match definition.forward() {
            Forward::Close => PassedOn::Close,
            Forward::Step => PassedOn::Step,
        };
        rules.skew_seconds = u32::try_from(definition.skew().as_secs()).unwrap_or(u32::MAX);
    }
    rules
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
