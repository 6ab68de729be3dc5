//! The snapshot of what is registered, built from the store's rows: at start, and again after every change.

use super::routes_file::RoutesFile;
use super::{PreparedItem, Snapshot, SystemState, SystemVersion};
use crate::store::StoreError;
use crate::store::registry::{ItemVersionRow, RegistryChange, RegistryStore, SystemVersionRow};
use std::sync::Arc;
use tongban_adapters::definition::CompiledDefinition;
use tongban_catalog::calendar::{Calendar, CalendarYear};
use tongban_catalog::item::ServiceItem;
use tongban_catalog::organisation::{OrganisationFile, OrganisationTree};
use tongban_catalog::snapshot::Catalogue;
use tongban_catalog::source::{Fault, load_placed, load_yaml};

/// What is registered cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A registered item does not read back.
    #[error("version {version} of item {id} cannot be used: {reason}")]
    Item {
        /// Item.
        id: String,
        /// Version.
        version: u32,
        /// Why.
        reason: String,
    },
    /// A registered file is faulty; most often a variable that is set no more.
    #[error("what is registered cannot be used:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<Fault>),
    /// Calendar years that do not fit together.
    #[error("the registered calendar years do not fit together: {0}")]
    Calendar(String),
}

/// Builds the snapshot of everything that is registered.
///
/// # Errors
/// [`LoadError`]; nothing is half loaded.
pub async fn load(
    store: &dyn RegistryStore,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
) -> Result<Snapshot, LoadError> {
    let items = store.item_versions().await?;
    let systems = store.system_versions().await?;
    let documents = store.registry_documents().await?;
    build(items, systems, &documents, environment)
}

/// Whether what is registered could still be loaded after a change, before anything is stored: what is right file by file may not
/// fit what is there. Returns the snapshot without the items that the change leaves alone.
///
/// # Errors
/// [`LoadError`].
pub async fn check(
    store: &dyn RegistryStore,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    change: &RegistryChange,
) -> Result<Snapshot, LoadError> {
    let items = change.items.iter().map(|(id, json)| ItemVersionRow {
        item_id: id.clone(),
        version: 1,
        json: json.clone(),
    });
    let mut systems = store.system_versions().await?;
    for (id, source) in &change.systems {
        let versions = systems.iter().filter(|row| row.system_id == *id);
        let last = versions.map(|row| row.version).max().unwrap_or(0);
        systems.push(SystemVersionRow {
            system_id: id.clone(),
            version: last.saturating_add(1),
            state: "active".to_owned(),
            source: source.clone(),
        });
    }
    let mut documents = store.registry_documents().await?;
    for (kind, name, text) in &change.documents {
        documents.retain(|(k, n, _)| (k, n) != (kind, name));
        documents.push((kind.clone(), name.clone(), text.clone()));
    }
    build(items.collect(), systems, &documents, environment)
}

/// The calendar that is registered now, whatever this node has loaded.
///
/// # Errors
/// [`LoadError`].
pub async fn registered_calendar(store: &dyn RegistryStore) -> Result<Calendar, LoadError> {
    calendar_of(&store.registry_documents().await?)
}

fn calendar_of(documents: &[(String, String, String)]) -> Result<Calendar, LoadError> {
    let mut years: Vec<CalendarYear> = Vec::new();
    for (_, name, text) in documents.iter().filter(|(kind, ..)| kind == "calendar") {
        years.push(load_yaml(name, text).map_err(LoadError::Faults)?);
    }
    Calendar::new(years).map_err(|problems| {
        LoadError::Calendar(
            problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        )
    })
}

fn build(
    items: Vec<ItemVersionRow>,
    systems: Vec<SystemVersionRow>,
    documents: &[(String, String, String)],
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
) -> Result<Snapshot, LoadError> {
    let of_kind = |kind: &'static str| documents.iter().filter(move |(k, ..)| k == kind);
    let calendar = calendar_of(documents)?;
    let mut bodies = Vec::new();
    for (_, name, text) in of_kind("organisations") {
        bodies.push(load_placed::<OrganisationFile>(name, text).map_err(LoadError::Faults)?);
    }
    let organisations = Arc::new(OrganisationTree::build(&bodies).map_err(LoadError::Faults)?);
    let mut snapshot = Snapshot::empty(calendar);
    for (_, name, text) in of_kind("routes") {
        snapshot.routes = load_yaml::<RoutesFile>(name, text)
            .map_err(LoadError::Faults)?
            .routes;
    }
    for row in systems {
        let name = format!("{}@{}", row.system_id, row.version);
        let definition = CompiledDefinition::compile(&name, &row.source, environment)
            .map_err(LoadError::Faults)?;
        snapshot
            .systems
            .entry(row.system_id)
            .or_default()
            .insert(SystemVersion {
                version: row.version,
                state: SystemState::parse(&row.state).unwrap_or(SystemState::Draft),
                definition: Arc::new(definition),
            });
    }
    let mut catalogued = Vec::with_capacity(items.len());
    for row in items {
        let faulty = |reason: String| LoadError::Item {
            id: row.item_id.clone(),
            version: row.version,
            reason,
        };
        let item = ServiceItem::from_json(&row.json).map_err(|e| faulty(e.to_string()))?;
        let item = Arc::new(ServiceItem {
            version: row.version,
            ..item
        });
        catalogued.push(Arc::clone(&item));
        snapshot.insert_item(Arc::new(
            PreparedItem::prepare(item).map_err(|e| faulty(e.to_string()))?,
        ));
    }
    snapshot.catalogue = Arc::new(Catalogue::new(catalogued, organisations));
    Ok(snapshot)
}
