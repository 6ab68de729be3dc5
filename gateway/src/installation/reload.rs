//! Reload (重新加载): settings and what is registered, read anew while serving. Everything is read, checked and made aside first; a
//! single fault anywhere and nothing is changed. Then all of it is put in force by swaps that cannot fail.

use crate::application::UploadBounds;
use crate::config::classes::{Change, Changes, Named, compare};
use crate::config::{self, Config, Environment};
use crate::edge::{EdgeListeners, PreparedListeners};
use crate::feedback::exchange::LiveBounds;
use crate::identity::access::Listener;
use crate::identity::token::TokenKeys;
use crate::operations::apply_api::upstreams_of;
use crate::operations::logging::{self, PreparedFilter};
use crate::operations::metrics::Metrics;
use crate::outbound::{Connector, ConnectorParts};
use crate::passthrough::{Passthrough, PassthroughTable};
use crate::processing::delivery::worker::WorkerBounds;
use crate::registry::{Registry, Snapshot, loading};
use crate::store::SharedStore;
use arc_swap::{ArcSwap, ArcSwapOption};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;
use tongban_catalog::source::{Fault, Finding, Placed};

/// One change to what is in force at a time: a reload and an `apply` never build on the same picture at once.
pub type Changing = Arc<Mutex<()>>;

/// What a reload did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadReport {
    /// Settings that are in force now.
    pub changed: Vec<Change>,
    /// Settings that stay as they were until a restart.
    pub needs_restart: Vec<Change>,
    /// Items, systems and routes that are in force, loaded anew.
    pub items: usize,
    /// Systems.
    pub systems: usize,
    /// Routes.
    pub routes: usize,
}

impl ReloadReport {
    /// For people.
    #[must_use]
    pub fn words(&self) -> String {
        let line = |change: &Change| format!("{}: {} -> {}", change.key, change.from, change.to);
        let mut lines: Vec<String> = self
            .changed
            .iter()
            .map(|change| format!("changed        {}", line(change)))
            .collect();
        let waits = self.needs_restart.iter();
        lines.extend(waits.map(|change| format!("needs restart  {}", line(change))));
        if lines.is_empty() {
            lines.push("the settings are as they were".to_owned());
        }
        lines.push(format!(
            "loaded anew: {} items, {} systems, {} routes",
            self.items, self.systems, self.routes
        ));
        lines.join("\n")
    }
}

/// What a reload can change, each behind a swap of its own.
pub(super) struct LiveParts {
    pub(super) listeners: EdgeListeners,
    pub(super) tokens: Arc<ArcSwapOption<TokenKeys>>,
    pub(super) connector: Connector,
    pub(super) workers: Arc<ArcSwap<WorkerBounds>>,
    pub(super) uploads: Arc<UploadBounds>,
    pub(super) exchange: LiveBounds,
    pub(super) registry: Arc<Registry>,
    pub(super) passthrough: Arc<Passthrough>,
}

/// Reads anew and takes over.
pub struct Reloader {
    pub(super) parts: LiveParts,
    pub(super) store: SharedStore,
    pub(super) environment: Environment,
    pub(super) metrics: Metrics,
    pub(super) changing: Changing,
    pub(super) file: Option<PathBuf>,
    /// The largest file that the running scan takes.
    pub(super) scanned_bytes_max: u64,
    pub(super) in_force: Mutex<Named>,
}

/// Everything of a reload, made and not yet in force.
struct Prepared {
    settings: Option<PreparedSettings>,
    snapshot: Snapshot,
    table: PassthroughTable,
}

struct PreparedSettings {
    config: Config,
    listeners: PreparedListeners,
    tokens: Option<Arc<TokenKeys>>,
    connector: ConnectorParts,
    filter: PreparedFilter,
}

impl Reloader {
    /// Reads settings and what is registered anew and puts them in force.
    ///
    /// # Errors
    /// Every fault, a line each (`file:line:column: …` for those of files); nothing was changed then.
    pub async fn reload(&self) -> Result<ReloadReport, Vec<String>> {
        let _alone = self.changing.lock().await;
        let outcome = match self.prepare().await {
            Ok(prepared) => Ok(self.commit(prepared).await),
            Err(faults) => Err(faults),
        };
        let word = if outcome.is_ok() { "ok" } else { "refused" };
        let counter = &self.metrics.config_reload_total;
        counter.with_label_values(&[word]).inc();
        match &outcome {
            Ok(report) => log(report),
            Err(faults) => {
                let faults = faults.join("\n");
                tracing::error!(%faults, "nothing was changed: what was read anew cannot be used");
            }
        }
        outcome
    }

    /// Puts what is registered by now in force, leaving the settings alone: another node has changed it.
    ///
    /// # Errors
    /// Every fault in words; nothing was changed then.
    pub(super) async fn take_over_registry(&self) -> Result<(), Vec<String>> {
        let _changing = self.changing.lock().await;
        let words = |error: &dyn std::fmt::Display| vec![error.to_string()];
        let snapshot = loading::load(self.store.as_ref(), self.environment.as_ref())
            .await
            .map_err(|e| words(&e))?;
        let table = self
            .parts
            .passthrough
            .prepare(upstreams_of(&snapshot))
            .map_err(|e| words(&e))?;
        self.parts.registry.replace(snapshot);
        self.parts.passthrough.commit(table);
        Ok(())
    }

    async fn prepare(&self) -> Result<Prepared, Vec<String>> {
        let mut faults = Vec::new();
        let settings = self
            .prepare_settings()
            .map_err(|found| faults.extend(found));
        let snapshot = loading::load(self.store.as_ref(), self.environment.as_ref()).await;
        let snapshot = snapshot.map_err(|error| faults.push(error.to_string()));
        let table = snapshot.as_ref().map_err(|_| ()).and_then(|snapshot| {
            let systems = upstreams_of(snapshot);
            let table = self.parts.passthrough.prepare(systems);
            table.map_err(|error| faults.push(error.to_string()))
        });
        match (settings, snapshot, table) {
            (Ok(settings), Ok(snapshot), Ok(table)) => Ok(Prepared {
                settings,
                snapshot,
                table,
            }),
            _ => Err(faults),
        }
    }

    fn prepare_settings(&self) -> Result<Option<PreparedSettings>, Vec<String>> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(file)
            .map_err(|e| vec![format!("{}: cannot be read: {e}", file.display())])?;
        let lines = |faults: Vec<Fault>| faults.iter().map(ToString::to_string).collect();
        let placed = config::read_placed(file, &text, self.environment.as_ref()).map_err(lines)?;
        self.prepare_parts(placed).map(Some).map_err(lines)
    }

    /// Makes what can fail beyond the reading of the file; each fault at the key that names what failed.
    fn prepare_parts(&self, placed: Placed<Config>) -> Result<PreparedSettings, Vec<Fault>> {
        let config = &placed.value;
        let mut faults = Vec::new();
        let mut fault = |pointer: &str, error: &dyn std::fmt::Display| {
            let (zh, en) = (format!("不能使用：{error}"), error.to_string());
            faults.push(placed.fault(Finding::new(pointer, "not_usable", zh, en)));
        };
        let listeners = self.parts.listeners.prepare(&config.listeners.each());
        let listeners = listeners.map_err(|found| {
            for (listener, error) in found {
                fault(&format!("/listeners/{}/tls", listener.as_str()), &error);
            }
        });
        let tokens = match &config.identity {
            Some(settings) => TokenKeys::load(settings)
                .map(|keys| Some(Arc::new(keys)))
                .map_err(|error| fault("/identity/jwks", &error)),
            None => Ok(None),
        };
        let connector = ConnectorParts::new(&config.outbound)
            .map_err(|error| fault("/outbound/extra_roots", &error));
        let filter = logging::prepare(&config.log).map_err(|error| fault("/log/filter", &error));
        match (listeners, tokens, connector, filter) {
            (Ok(listeners), Ok(tokens), Ok(connector), Ok(filter)) => Ok(PreparedSettings {
                config: placed.value,
                listeners,
                tokens,
                connector,
                filter,
            }),
            _ => Err(faults),
        }
    }

    async fn commit(&self, prepared: Prepared) -> ReloadReport {
        let parts = &self.parts;
        let changes = match prepared.settings {
            Some(settings) => self.commit_settings(settings).await,
            None => Changes::default(),
        };
        let snapshot = prepared.snapshot;
        let report = ReloadReport {
            changed: changes.live,
            needs_restart: changes.restart,
            items: snapshot.catalogue.len(),
            systems: snapshot.systems.len(),
            routes: snapshot.routes.len(),
        };
        parts.registry.replace(snapshot);
        parts.passthrough.commit(prepared.table);
        report
    }

    async fn commit_settings(&self, settings: PreparedSettings) -> Changes {
        let (parts, config) = (&self.parts, settings.config);
        let mut in_force = self.in_force.lock().await;
        let changes = compare(&in_force, &config.named);
        in_force.clone_from(&changes.in_force);
        settings.listeners.commit();
        parts.tokens.store(settings.tokens);
        parts.connector.change(settings.connector);
        let running = parts.workers.load_full();
        parts.workers.store(Arc::new(WorkerBounds {
            concurrency: config.delivery.concurrency,
            per_system: config.delivery.per_system,
            lease: config.delivery.lease,
            ..(*running).clone()
        }));
        // By the scan that runs, not by one that waits for a restart: what it cannot scan is not taken.
        let upload_bytes_max = config.intake.material_bytes_max.min(self.scanned_bytes_max);
        parts
            .uploads
            .change(upload_bytes_max, config.intake.unbound_bytes_max);
        parts
            .exchange
            .change(config.feedback.callback_bytes_max, upload_bytes_max);
        settings.filter.commit();
        changes
    }
}

fn log(report: &ReloadReport) {
    for change in &report.changed {
        let Change { key, from, to } = change;
        tracing::info!(%key, %from, %to, "a setting was changed");
    }
    for change in &report.needs_restart {
        let Change { key, from, to } = change;
        tracing::warn!(%key, %from, %to, "a setting needs a restart and stays as it was");
    }
    let (items, systems, routes) = (report.items, report.systems, report.routes);
    tracing::info!(
        items,
        systems,
        routes,
        "settings and what is registered were read anew"
    );
}

/// Which listener has which settings.
impl crate::config::Listeners {
    pub(super) fn each(&self) -> [(Listener, crate::edge::ListenerSettings); 3] {
        [
            (Listener::Public, self.public.clone()),
            (Listener::Exchange, self.exchange.clone()),
            (Listener::Operations, self.operations.clone()),
        ]
    }
}
