//! An installation: opens the data folder, joins the rooms, runs them, and drains them.
//!
//! The one place where everything meets; each step is a value in and a value out.

mod files;
mod nodes;
pub mod reload;

use crate::application::{self, Hall, HallSettings};
use crate::audit::sealer::{self, Sealer};
use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::edge::{
    ApiKeys, BearerTokens, Edge, EdgeParts, EdgeSettings, RoomRoutes, Rooms, RunningEdge,
};
use crate::entropy::Entropy;
use crate::feedback::Feedback;
use crate::feedback::exchange::{self, ExchangeBounds, ExchangeRoom};
use crate::identity::access::Listener;
use crate::identity::token::TokenKeys;
use crate::intake::Intake;
use crate::intake::in_progress::InProgress;
use crate::intake::keys::{InstallationKeys, QUERY_SECRET, RECEIPT_SECRET};
use crate::notification::mail::Postman;
use crate::notification::worker::NoticeWorker;
use crate::notification::{self, Announcer};
use crate::operations::alerts::email::Mailer;
use crate::operations::alerts::worker::AlertWorker;
use crate::operations::apply_api::{self, ApplyRoom, upstreams};
use crate::operations::backup::restore::RESTORE_PARTIAL;
use crate::operations::bucket_watch::BucketWatch;
use crate::operations::health::Readiness;
use crate::operations::key_book::KeyBook;
use crate::operations::metrics::Metrics;
use crate::operations::observers::{watch_overview, watch_queues};
use crate::operations::ops_api::{self, OpsRoom};
use crate::operations::store_watch::StoreWatch;
use crate::outbound::{Connector, OutboundClient};
use crate::pages::{self, Pages};
use crate::passthrough::Passthrough;
use crate::processing::bulk::{self, BulkRunner};
use crate::processing::change::{CaseNews, Casework};
use crate::processing::delivery::Courier;
use crate::processing::delivery::worker::{self, WorkerBounds};
use crate::processing::recomputation::Recomputer;
use crate::processing::supervision::Sweep;
use crate::processing::{poll, supervision};
use crate::registry::{Registry, loading};
use crate::scan;
use crate::scan::client::Clamd;
use crate::scan::worker::Scanner;
use crate::shared_state::{LinkParts, Names, SHARED_STATE_SECRET, SharedState};
use crate::store::SharedStore;
use crate::store::sealed::MasterKeys;
use crate::store::writing::StoreBounds;
use arc_swap::{ArcSwap, ArcSwapOption};
use reload::{Changing, LiveParts, ReloadReport, Reloader};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// How long a drain waits for requests and deliveries in flight.
pub const DRAIN_MAX: Duration = Duration::from_secs(20);
/// Name of the operators' socket in the data folder.
pub const OPS_SOCKET: &str = "ops.sock";
/// Name of the master key file in the data folder.
pub const MASTER_KEY_FILE: &str = "master.key";

/// An installation could not be opened or started. The words say what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InstallationError(String);

impl InstallationError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// What is open before anything runs: also what `apply` uses on a data folder that no gateway runs on.
pub struct Foundation {
    /// The store.
    pub store: SharedStore,
    /// What is registered.
    pub registry: Arc<Registry>,
    /// The revision of it that was loaded ([`crate::store::nodes::NodeStore::registry_revision`]).
    pub registry_revision: i64,
    /// The clock.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// Where `${NAME}` in definitions comes from.
    pub environment: Environment,
}

impl Foundation {
    /// Opens the data folder under its lock and loads what is registered.
    ///
    /// # Errors
    /// [`InstallationError`] when another process has the folder, or what is registered cannot be used.
    pub async fn open(
        config: &Config,
        environment: Environment,
    ) -> Result<Self, InstallationError> {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        create_folder(&config.data).map_err(|e| {
            InstallationError(format!(
                "the data folder {} cannot be made: {e}",
                config.data.display()
            ))
        })?;
        if config.data.join(RESTORE_PARTIAL).exists() {
            return Err(InstallationError(format!(
                "a restore into {} was interrupted: run `tongban restore` again",
                config.data.display()
            )));
        }
        let keys = MasterKeys::read_or_create(&config.data.join(MASTER_KEY_FILE), &entropy)
            .map_err(InstallationError::of)?;
        let bounds = StoreBounds {
            queue: config.intake.write_queue_max,
            batch: config.intake.commit_batch_max,
            unbound_files: config.intake.unbound_files_max,
            ..StoreBounds::default()
        };
        let store = files::open_store(config, keys, (&clock, &entropy), bounds).await?;
        // Asked before the rest is read: a change in between is loaded once more, never missed.
        let registry_revision = store
            .registry_revision()
            .await
            .map_err(InstallationError::of)?;
        let snapshot = loading::load(store.as_ref(), &*environment)
            .await
            .map_err(InstallationError::of)?;
        Ok(Self {
            store,
            registry: Arc::new(Registry::new(snapshot)),
            registry_revision,
            clock,
            entropy,
            environment,
        })
    }
}

/// Makes the data folder for its owner alone: it holds the master key.
fn create_folder(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A gateway that serves.
pub struct Running {
    /// Where it listens.
    pub addresses: Vec<(Listener, SocketAddr)>,
    /// Asked to stop by an operator (`POST /ops/v1/drain`).
    pub stop_asked: CancellationToken,
    reloader: Arc<Reloader>,
    edge: RunningEdge,
    workers: JoinSet<()>,
    stop_workers: CancellationToken,
    link: JoinHandle<()>,
    stop_link: CancellationToken,
    store: SharedStore,
}

impl Running {
    /// The address of a listener.
    #[must_use]
    pub fn address(&self, listener: Listener) -> Option<SocketAddr> {
        self.addresses
            .iter()
            .find(|(l, _)| *l == listener)
            .map(|(_, address)| *address)
    }

    /// Reads settings and what is registered anew (SIGHUP, `POST /ops/v1/reload`).
    ///
    /// # Errors
    /// Every fault in words; nothing was changed then.
    pub async fn reload(&self) -> Result<ReloadReport, Vec<String>> {
        self.reloader.reload().await
    }

    /// Stops: no new requests, those in flight and deliveries in flight finish under a deadline, the last commit is synced. Returns
    /// how many connections were cut.
    pub async fn drain(mut self) -> usize {
        self.stop_workers.cancel();
        let report = self.edge.drain(DRAIN_MAX).await;
        let finish = async { while self.workers.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_MAX, finish).await.is_err() {
            tracing::warn!(
                "deliveries in flight did not finish in time; their partners are asked at the next start"
            );
            self.workers.abort_all();
        }
        // Last: what requests and deliveries in flight did is still shared.
        self.stop_link.cancel();
        if let Err(error) = self.link.await {
            tracing::warn!(%error, "the link to Redis ended badly");
        }
        self.store.close().await;
        report.cut
    }
}

/// Starts everything on the current multi-thread runtime, the control plane; the edge brings its own.
///
/// # Errors
/// [`InstallationError`]; nothing is left running then.
pub async fn start(config: &Config, foundation: Foundation) -> Result<Running, InstallationError> {
    let Foundation {
        store,
        registry,
        registry_revision,
        clock,
        entropy,
        environment,
    } = foundation;
    let metrics = Metrics::new().map_err(InstallationError::of)?;
    let readiness = Readiness::new();
    let watch = StoreWatch {
        store: store.clone(),
        folder: config.data.clone(),
        free_bytes_min: config.intake.disk_free_bytes_min,
        clock: clock.clone(),
        metrics: metrics.clone(),
        readiness: readiness.clone(),
    };
    let bucket_watch = store.bucket().cloned().map(|bucket| BucketWatch {
        store: store.clone(),
        bucket,
        clock: clock.clone(),
        metrics: metrics.clone(),
        readiness: readiness.clone(),
    });
    let starting = readiness.task("start");
    store.observe(Arc::new(metrics.clone()));
    settle_scans(config, &store, &clock).await?;
    let announcer = Announcer::new(config.notifications.clone().map(Arc::new));
    let casework = Casework {
        store: store.clone(),
        registry: Arc::clone(&registry),
        clock: clock.clone(),
        news: CaseNews::default(),
        announcer,
    };
    let feedback = Feedback {
        casework: casework.clone(),
        observer: Arc::new(metrics.clone()),
    };
    let connector = Connector::new(&config.outbound).map_err(InstallationError::of)?;
    let passthrough = Arc::new(Passthrough::new(connector.clone(), metrics.clone()));
    passthrough
        .replace(upstreams(&registry))
        .map_err(InstallationError::of)?;
    let intake = intake(&casework, &entropy, &metrics).await?;
    let sealer = Sealer {
        store: store.clone(),
        keys: Arc::clone(&intake.keys),
        clock: clock.clone(),
        observer: Arc::new(metrics.clone()),
        period: config.audit.seal_every,
    };
    let stop_asked = CancellationToken::new();
    let bulk_news = Arc::new(Notify::new());
    let shared = shared_state(config, &store, (&entropy, &clock), &metrics).await?;
    let exchange_room = ExchangeRoom::new(
        feedback.clone(),
        entropy.clone(),
        exchange_bounds(config),
        shared.clone(),
    );
    let link = LinkParts {
        cases: casework.news.clone(),
        store: store.clone(),
        readiness: readiness.clone(),
        entropy: entropy.clone(),
        tried: readiness.task("redis"),
    };
    let partners = exchange_room.credentials();
    let reloading = Reloading::default();
    let tokens = token_keys(config)?;
    let workers_live = Arc::new(ArcSwap::from_pointee(worker_bounds(config)));
    let exchange_live = exchange_room.live_bounds();
    let pages = hall_with_pages(config, &casework, intake, shared.clone())?;
    let refusal_pages = pages::error::of_the_edge(&pages);
    let uploads = Arc::clone(&pages.hall.uploads);
    let keys = KeyBook::open(store.clone(), clock.clone(), metrics.clone())
        .await
        .map_err(InstallationError::of)?;
    let keys = Arc::new(keys);
    let rooms = Rooms::new(
        rooms(
            &casework,
            (&pages, exchange_room, &keys),
            &stop_asked,
            &passthrough,
            Arc::clone(&environment),
            &bulk_news,
            &reloading,
        ),
        config.rooms.clone(),
    )
    .map_err(InstallationError::of)?
    .admitting(partners.clone());
    let crossing = rooms.run(&Handle::current(), &metrics);
    let parts = EdgeParts {
        crossing,
        passthrough: Arc::clone(&passthrough),
        readers: vec![
            Arc::new(ApiKeys {
                ring: keys.ring(),
                clock: clock.clone(),
                metrics: metrics.clone(),
            }),
            Arc::new(bearer_tokens(&tokens, &clock, &metrics)),
            partners,
        ],
        metrics: metrics.clone(),
        readiness,
        clock: clock.clone(),
        entropy: entropy.clone(),
        refusal_pages,
    };
    let edge = Edge::start(&edge_settings(config), parts, &Handle::current())
        .map_err(InstallationError::of)?;
    let reloader = Arc::new(Reloader {
        parts: LiveParts {
            listeners: edge.listeners.clone(),
            tokens,
            connector: connector.clone(),
            workers: Arc::clone(&workers_live),
            uploads,
            exchange: exchange_live,
            registry: Arc::clone(&registry),
            passthrough,
        },
        store: store.clone(),
        environment,
        metrics: metrics.clone(),
        changing: reloading.changing,
        file: config.file.clone(),
        scanned_bytes_max: config
            .scan
            .as_ref()
            .map_or(u64::MAX, |scan| scan.stream_bytes_max),
        in_force: Mutex::new(config.named.clone()),
    });
    // Set once, here: whoever asks before is told to come again.
    let _ = reloading.reloader.set(Arc::clone(&reloader));
    let outbound = OutboundClient::new(connector);
    let courier = Arc::new(Courier {
        store: store.clone(),
        registry,
        client: Arc::new(outbound.clone()),
        observer: Arc::new(metrics.clone()),
        clock: clock.clone(),
        entropy,
    });
    let stop_workers = CancellationToken::new();
    let hearing = nodes::hear(
        store.clone(),
        casework.news.clone(),
        Arc::clone(&reloader),
        registry_revision,
        stop_workers.clone(),
    );
    let notices = notice_worker(&casework, outbound.clone(), &metrics)?;
    let alerts = alert_worker(config, &courier, outbound, &metrics)?;
    let mut workers = workers(
        config,
        courier,
        casework,
        feedback,
        metrics,
        (bulk_news, workers_live),
        &stop_workers,
    );
    workers.spawn(hearing);
    workers.spawn(keys.keep(stop_workers.clone()));
    workers.spawn(sealer::run(sealer, stop_workers.clone()));
    workers.spawn(watch.run(stop_workers.clone()));
    if let Some(watch) = bucket_watch {
        workers.spawn(watch.run(stop_workers.clone()));
    }
    if let Some(worker) = notices {
        let to_applicants = worker.settings.applicant_channels();
        let to_subscribers = vec!["webhook"];
        let own = [(to_applicants, true), (to_subscribers, false)];
        for (channels, measures) in own {
            let stop = stop_workers.clone();
            workers.spawn(notification::worker::run(
                Arc::clone(&worker),
                channels,
                measures,
                stop,
            ));
        }
    }
    if let Some(alerts) = alerts {
        workers.spawn(alerts.run(stop_workers.clone()));
    }
    let stop_link = CancellationToken::new();
    let link = tokio::spawn(shared.run(link, stop_link.clone()));
    drop(starting);
    Ok(Running {
        addresses: edge.addresses.clone(),
        stop_asked,
        reloader,
        edge,
        workers,
        stop_workers,
        link,
        stop_link,
        store,
    })
}

/// Who sends notifications; `None` when nothing is set up.
fn notice_worker(
    casework: &Casework,
    client: OutboundClient,
    metrics: &Metrics,
) -> Result<Option<Arc<NoticeWorker>>, InstallationError> {
    let Some(settings) = casework.announcer.settings() else {
        return Ok(None);
    };
    let postman = settings.email.as_ref().map(Postman::new).transpose();
    Ok(Some(Arc::new(NoticeWorker {
        store: casework.store.clone(),
        clock: casework.clock.clone(),
        client,
        metrics: metrics.clone(),
        settings: Arc::clone(settings),
        postman: postman.map_err(InstallationError)?,
    })))
}

/// Who tells of partners that are stuck; `None` when nobody is to be told.
fn alert_worker(
    config: &Config,
    courier: &Courier,
    client: OutboundClient,
    metrics: &Metrics,
) -> Result<Option<AlertWorker>, InstallationError> {
    let Some(settings) = config.alerts.clone() else {
        return Ok(None);
    };
    let mailer = settings.email.as_ref().map(Mailer::new).transpose();
    Ok(Some(AlertWorker {
        store: courier.store.clone(),
        registry: Arc::clone(&courier.registry),
        clock: courier.clock.clone(),
        client,
        metrics: metrics.clone(),
        mailer: mailer.map_err(InstallationError)?,
        settings,
    }))
}

/// Brings the states of stored files in line with the setting, before anything is served.
async fn settle_scans(
    config: &Config,
    store: &SharedStore,
    clock: &Clock,
) -> Result<(), InstallationError> {
    let on = config.scan.is_some();
    let changed = store
        .set_scanning(on, clock.now())
        .await
        .map_err(InstallationError::of)?;
    match (on, changed) {
        (_, 0) => {}
        (true, files) => {
            tracing::info!(files, "files that were never scanned wait for their scan");
        }
        (false, files) => tracing::warn!(
            files,
            "the virus scan is off: files that waited for it may leave unscanned; infected ones never"
        ),
    }
    Ok(())
}

fn edge_settings(config: &Config) -> EdgeSettings {
    let cores = if config.cores == 0 {
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    } else {
        config.cores
    };
    let listeners = &config.listeners;
    EdgeSettings {
        cores,
        listeners: listeners.each().into(),
        ops_socket: Some(config.data.join(OPS_SOCKET)),
    }
}

fn token_keys(config: &Config) -> Result<Arc<ArcSwapOption<TokenKeys>>, InstallationError> {
    let keys = match &config.identity {
        Some(settings) => Some(Arc::new(
            TokenKeys::load(settings).map_err(InstallationError::of)?,
        )),
        None => None,
    };
    Ok(Arc::new(ArcSwapOption::new(keys)))
}

fn bearer_tokens(
    keys: &Arc<ArcSwapOption<TokenKeys>>,
    clock: &Clock,
    metrics: &Metrics,
) -> BearerTokens {
    BearerTokens {
        keys: Arc::clone(keys),
        clock: clock.clone(),
        metrics: metrics.clone(),
    }
}

/// The installation's own keys, made at the first start.
///
/// # Errors
/// The store's; no randomness.
pub async fn installation_keys(
    store: &SharedStore,
    entropy: &Entropy,
) -> Result<InstallationKeys, InstallationError> {
    let fresh = || entropy.bytes::<32>().map_err(InstallationError::of);
    let receipt = store
        .installation_secret(RECEIPT_SECRET, fresh()?)
        .await
        .map_err(InstallationError::of)?;
    let query = store
        .installation_secret(QUERY_SECRET, fresh()?)
        .await
        .map_err(InstallationError::of)?;
    InstallationKeys::new(&receipt, &query).map_err(InstallationError::of)
}

/// What nodes share, where there is a Redis to share by.
async fn shared_state(
    config: &Config,
    store: &SharedStore,
    (entropy, clock): (&Entropy, &Clock),
    metrics: &Metrics,
) -> Result<SharedState, InstallationError> {
    let Some(settings) = config.redis.clone() else {
        return Ok(SharedState::alone());
    };
    let fresh = entropy.bytes::<32>().map_err(InstallationError::of)?;
    let secret = store
        .installation_secret(SHARED_STATE_SECRET, fresh)
        .await
        .map_err(InstallationError::of)?;
    let names = Names::new(&secret);
    let (metrics, clock) = (metrics.clone(), clock.clone());
    Ok(SharedState::over(settings, names, metrics, clock))
}

async fn intake(
    casework: &Casework,
    entropy: &Entropy,
    metrics: &Metrics,
) -> Result<Arc<Intake>, InstallationError> {
    let keys = installation_keys(&casework.store, entropy).await?;
    Ok(Arc::new(Intake {
        store: casework.store.clone(),
        registry: Arc::clone(&casework.registry),
        keys: Arc::new(keys),
        in_progress: InProgress::default(),
        clock: casework.clock.clone(),
        entropy: entropy.clone(),
        observer: Arc::new(metrics.clone()),
        announcer: casework.announcer.clone(),
    }))
}

fn exchange_bounds(config: &Config) -> ExchangeBounds {
    ExchangeBounds {
        callback_bytes_max: config.feedback.callback_bytes_max,
        document_bytes_max: config.upload_bytes_max(),
        tls: config.listeners.exchange.tls.is_some(),
        ..ExchangeBounds::default()
    }
}

/// What is told to the rooms before there is a reloader.
#[derive(Default)]
struct Reloading {
    reloader: Arc<OnceLock<Arc<Reloader>>>,
    changing: Changing,
}

/// The applicant's room with its pages.
fn hall_with_pages(
    config: &Config,
    casework: &Casework,
    intake: Arc<Intake>,
    shared: SharedState,
) -> Result<Arc<Pages>, InstallationError> {
    let settings = HallSettings {
        material_bytes_max: config.upload_bytes_max(),
        unbound_bytes_max: config.intake.unbound_bytes_max,
        unbound_kept: config.intake.unbound_kept,
        uploads_at_once_max: config.intake.uploads_at_once_max,
        scanning: config.scan.is_some(),
        secure_cookie: config.listeners.public.tls.is_some(),
        ..HallSettings::default()
    };
    let hall = Hall::new(intake, casework.clone(), settings, shared);
    Pages::new(hall).map_err(InstallationError::of)
}

fn rooms(
    casework: &Casework,
    (pages, exchange_room, keys): (&Arc<Pages>, ExchangeRoom, &Arc<KeyBook>),
    stop_asked: &CancellationToken,
    passthrough: &Arc<Passthrough>,
    environment: Environment,
    bulk_news: &Arc<Notify>,
    reloading: &Reloading,
) -> Vec<RoomRoutes> {
    let drain = stop_asked.clone();
    let mut rooms = application::routes(&pages.hall);
    rooms.push(pages::routes(pages));
    rooms.extend([
        exchange::router(exchange_room),
        ops_api::router(OpsRoom {
            store: casework.store.clone(),
            registry: Arc::clone(&casework.registry),
            clock: casework.clock.clone(),
            jwk_set: pages.hall.intake.keys.jwk_set(),
            drain: Arc::new(move || drain.cancel()),
            entropy: pages.hall.intake.entropy.clone(),
            keys: Arc::clone(keys),
            shared: pages.hall.shared.clone(),
            previews: Arc::default(),
            bulk_news: Arc::clone(bulk_news),
            reloader: Arc::clone(&reloading.reloader),
        }),
        apply_api::router(ApplyRoom {
            store: casework.store.clone(),
            registry: Arc::clone(&casework.registry),
            passthrough: Arc::clone(passthrough),
            clock: casework.clock.clone(),
            environment,
            changing: Arc::clone(&reloading.changing),
        }),
    ]);
    rooms
}

fn worker_bounds(config: &Config) -> WorkerBounds {
    WorkerBounds {
        concurrency: config.delivery.concurrency,
        per_system: config.delivery.per_system,
        lease: config.delivery.lease,
        tick: config.delivery.tick,
        name: format!("node-{}", std::process::id()),
    }
}

fn workers(
    config: &Config,
    courier: Arc<Courier>,
    casework: Casework,
    feedback: Feedback,
    metrics: Metrics,
    (bulk_news, bounds): (Arc<Notify>, Arc<ArcSwap<WorkerBounds>>),
    stop: &CancellationToken,
) -> JoinSet<()> {
    let tick = config.delivery.tick;
    let wake = Arc::new(Notify::new());
    let mut workers = JoinSet::new();
    workers.spawn(wake_on_news(
        casework.clone(),
        Arc::clone(&wake),
        stop.clone(),
    ));
    let runner = BulkRunner {
        store: casework.store.clone(),
        clock: casework.clock.clone(),
        news: bulk_news,
        worker: Arc::clone(&wake),
        observer: Arc::new(metrics.clone()),
    };
    workers.spawn(bulk::run(runner, stop.clone()));
    workers.spawn(worker::run(
        Arc::clone(&courier),
        bounds,
        wake,
        stop.clone(),
    ));
    workers.spawn(poll::run(courier, feedback.clone(), tick, stop.clone()));
    workers.spawn(watch_queues(
        casework.clone(),
        metrics.clone(),
        stop.clone(),
    ));
    workers.spawn(watch_overview(
        casework.clone(),
        metrics.clone(),
        stop.clone(),
    ));
    if let Some(settings) = &config.scan {
        let scanner = Scanner {
            store: casework.store.clone(),
            clamd: Clamd::new(settings),
            clock: casework.clock.clone(),
            observer: Arc::new(metrics.clone()),
            concurrency: settings.concurrency,
            tick,
        };
        workers.spawn(scan::worker::run(Arc::new(scanner), stop.clone()));
    }
    let recomputer = Recomputer::new(
        casework.clone(),
        Arc::new(metrics.clone()),
        config.clocks.recomputed_per_second,
    );
    workers.spawn(recomputer.run(tick, stop.clone()));
    let sweep = Sweep {
        unbound_kept: config.intake.unbound_kept,
        observer: Arc::new(metrics),
    };
    workers.spawn(supervision::run(
        casework,
        feedback,
        sweep,
        tick,
        stop.clone(),
    ));
    workers
}

/// A case that changed may have something to deliver: looked at now rather than at the next tick.
async fn wake_on_news(casework: Casework, wake: Arc<Notify>, stop: CancellationToken) {
    let mut news = casework.news.listen();
    loop {
        tokio::select! {
            heard = news.recv() => match heard {
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => wake.notify_one(),
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            },
            () = stop.cancelled() => return,
        }
    }
}
