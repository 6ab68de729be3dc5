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
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tongban_adapters::definition::{CompiledDefinition, Forward};
use tongban_catalog::calendar::Calendar;
use tongban_catalog::region::{RegionCode, RegionError};
use tongban_catalog::snapshot::{Availability, Catalogue};

/// One consistent picture of everything that is registered.
pub struct Snapshot {
    /// Routes in the order of the file.
    pub routes: Vec<Route>,
    /// Systems by id.
    pub systems: BTreeMap<String, SystemVersions>,
    /// The calendar in force.
    pub calendar: Arc<Calendar>,
    /// Search, and which version of an item is current on a day.
    pub catalogue: Arc<Catalogue>,
    items: HashMap<(String, u32), Arc<PreparedItem>>,
}

impl Snapshot {
    /// Without items, routes and systems.
    #[must_use]
    pub fn empty(calendar: Calendar) -> Self {
        Self {
            routes: Vec::new(),
            systems: BTreeMap::new(),
            calendar: Arc::new(calendar),
            items: HashMap::new(),
            catalogue: Arc::new(Catalogue::new([], Arc::default())),
        }
    }

    /// Adds a version of an item, beside the catalogue that says which one is current.
    pub fn insert_item(&mut self, prepared: Arc<PreparedItem>) {
        let key = (prepared.item.id.as_str().to_owned(), prepared.item.version);
        self.items.insert(key, prepared);
    }

    /// The current version on `today` of the item that has this code, or this id, and whether it may be applied for.
    #[must_use]
    pub fn current_item(
        &self,
        code: &str,
        today: Date,
    ) -> Option<(&Arc<PreparedItem>, Availability)> {
        let by_id = || self.catalogue.current(&code.parse().ok()?, today);
        let found = self.catalogue.by_code(code, today).or_else(by_id)?;
        let prepared = self.item(found.item.id.as_str(), found.item.version)?;
        Some((prepared, found.availability))
    }

    /// The region that a code or a local alias of one stands for.
    ///
    /// # Errors
    /// [`RegionError`] when it is neither.
    pub fn region(&self, text: &str) -> Result<RegionCode, RegionError> {
        self.catalogue
            .organisations()
            .region_aliases()
            .resolve(text)
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
