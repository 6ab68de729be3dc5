//! Sockets, TLS, HTTP (边缘): N cores, each a thread with its own runtime, sockets, connections and upstream pool.
//!
//! Invariants: nothing on a request's way crosses cores but limiter cells and immutable snapshots; no room's code and no store
//! handle is here – rooms are reached through the [`Crossing`]; every wait for a peer has a deadline and every buffer a bound, each
//! a named setting ([`settings`]); whatever is refused is counted. The edge knows no domain.
//!
//! Way of a request: [`socket`] → [`core`] (accept, TLS) → [`guard`] (time-outs) → hyper → [`stack`] (the list of layers) →
//! [`crossing`] or [`crate::passthrough`].

mod api_keys;
pub mod body;
mod change;
pub mod context;
mod core;
pub mod credentials;
mod crossing;
mod guard;
pub mod limit;
mod refusal_pages;
mod refusals;
mod rooms;
mod route;
pub mod settings;
mod socket;
mod stack;
pub mod texts;
mod tls;

#[cfg(test)]
mod tests;

pub use api_keys::ApiKeys;
pub use change::{EdgeListeners, PreparedListeners};
pub use context::{ClientAddress, Draining, RequestId, RouteTemplate, refuse};
pub use credentials::{Admission, BearerTokens, CredentialReader};
pub use crossing::Crossing;
pub use refusal_pages::RefusalPages;
pub(crate) use refusals::check_roles;
pub use rooms::{RoomRoutes, Rooms, RouteBounds, RouteFault, RoutesError};
pub use settings::{ListenerSettings, RoomsSettings};

use self::core::{Bound, BoundSocket, CoreParts};
use crate::clock::Clock;
use crate::entropy::{Entropy, EntropyError};
use crate::identity::access::Listener;
use crate::operations::health::Readiness;
use crate::operations::metrics::Metrics;
use crate::passthrough::Passthrough;
use arc_swap::ArcSwap;
use limit::{KeyedLimiter, SWEEP_EVERY};
use stack::{ListenerShared, Live, Shared};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// What the edge is started with.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// Threads; 0 is read as 1.
    pub cores: usize,
    /// The listeners.
    pub listeners: Vec<(Listener, ListenerSettings)>,
    /// `ops.sock`: the operations listener for the owner of the data folder, who is an operator there.
    pub ops_socket: Option<PathBuf>,
}

/// What the edge needs of the rest of the gateway.
pub struct EdgeParts {
    /// The rooms.
    pub crossing: Crossing,
    /// Registered systems.
    pub passthrough: Arc<Passthrough>,
    /// Credentials, in the order in which they are looked for.
    pub readers: Vec<Arc<dyn CredentialReader>>,
    /// Metrics.
    pub metrics: Metrics,
    /// Readiness.
    pub readiness: Readiness,
    /// The clock.
    pub clock: Clock,
    /// Randomness, for request ids.
    pub entropy: Entropy,
    /// What a browser is shown that the edge refuses.
    pub refusal_pages: RefusalPages,
}

/// The edge could not start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// An address is taken or not this machine's.
    #[error(
        "cannot listen on {address}: {source}; is another gateway running, or is the address not this machine's?"
    )]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The Unix socket.
    #[error("cannot listen on {path}: {source}; is another gateway running on this data folder?")]
    ListenUnix {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Certificate or key.
    #[error(
        "cannot use {path} for TLS: {reason}; PEM is expected, the key belonging to the first certificate"
    )]
    Tls {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A thread or its runtime.
    #[error("cannot start a core of the edge: {0}")]
    Core(#[source] std::io::Error),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// The edge.
pub struct Edge;

/// A running edge; drop it without [`RunningEdge::drain`] and its connections end at once.
#[derive(Debug)]
pub struct RunningEdge {
    /// What it bound to, in the order of the settings, ports resolved.
    pub addresses: Vec<(Listener, SocketAddr)>,
    /// Its listeners, for changes while they serve.
    pub listeners: EdgeListeners,
    draining: CancellationToken,
    abort: CancellationToken,
    readiness: Readiness,
    cut: Arc<AtomicUsize>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainReport {
    /// Connections that were cut at the deadline; 0 when all finished.
    pub cut: usize,
}

impl Edge {
    /// Binds every listener, then starts the cores. `control` is the control plane's runtime, where limiters are swept.
    ///
    /// # Errors
    /// [`EdgeError`]; nothing is left listening then.
    pub fn start(
        settings: &EdgeSettings,
        parts: EdgeParts,
        control: &Handle,
    ) -> Result<RunningEdge, EdgeError> {
        let cores = settings.cores.max(1);
        let draining = CancellationToken::new();
        let shared = Arc::new(Shared {
            crossing: parts.crossing,
            readers: parts.readers,
            metrics: parts.metrics,
            readiness: parts.readiness.clone(),
            clock: parts.clock,
            draining: draining.clone(),
            refusal_pages: Arc::new(parts.refusal_pages),
        });
        let (mut bound, addresses) = bind(settings, &shared, cores)?;
        let listeners = EdgeListeners::of(bound.iter().flatten(), cores);
        control.spawn(sweep(listeners.clone(), draining.clone()));
        let mut running = RunningEdge {
            addresses,
            listeners,
            draining,
            abort: CancellationToken::new(),
            readiness: parts.readiness,
            cut: Arc::new(AtomicUsize::new(0)),
            threads: Vec::with_capacity(cores),
        };
        for (index, bound) in bound.drain(..).enumerate() {
            let core = CoreParts {
                bound,
                shared: Arc::clone(&shared),
                passthrough: Arc::clone(&parts.passthrough),
                cores,
                id_prefix: parts.entropy.bytes()?,
                abort: running.abort.clone(),
                cut: Arc::clone(&running.cut),
            };
            running.threads.push(start_core(index, core)?);
        }
        Ok(running)
    }
}

impl RunningEdge {
    /// Cancelled when draining begins.
    #[must_use]
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Stops: not ready, no new connections, what is in flight finishes, event streams end; what is left at the deadline is cut.
    pub async fn drain(mut self, deadline: Duration) -> DrainReport {
        self.readiness.drain();
        self.draining.cancel();
        let threads = std::mem::take(&mut self.threads);
        let mut ended = tokio::task::spawn_blocking(move || {
            threads.into_iter().for_each(|t| drop(t.join()));
        });
        if tokio::time::timeout(deadline, &mut ended).await.is_err() {
            self.abort.cancel();
            let _ = ended.await;
        }
        DrainReport {
            cut: self.cut.load(Ordering::Relaxed),
        }
    }
}

impl Drop for RunningEdge {
    fn drop(&mut self) {
        self.draining.cancel();
        self.abort.cancel();
    }
}

type Sockets = (Vec<Vec<Bound>>, Vec<(Listener, SocketAddr)>);

/// One list of sockets a core.
fn bind(settings: &EdgeSettings, shared: &Shared, cores: usize) -> Result<Sockets, EdgeError> {
    let mut by_core: Vec<Vec<Bound>> = (0..cores).map(|_| Vec::new()).collect();
    let mut addresses = Vec::new();
    for (listener, listener_settings) in &settings.listeners {
        let tls = listener_settings
            .tls
            .as_ref()
            .map(tls::acceptor)
            .transpose()?;
        let live = Live::new(listener_settings.clone(), tls, cores);
        let of_listener = Arc::new(listener_shared(*listener, live, shared));
        let sockets = socket::listen(listener_settings.address, cores)?;
        if let Some(Ok(address)) = sockets.first().map(std::net::TcpListener::local_addr) {
            addresses.push((*listener, address));
        }
        for (core, socket) in by_core.iter_mut().zip(sockets) {
            core.push(Bound {
                socket: BoundSocket::Tcp(socket),
                shared: Arc::clone(&of_listener),
            });
        }
    }
    if let (Some(path), Some(first)) = (&settings.ops_socket, by_core.first_mut()) {
        first.push(ops_socket(path, settings, shared)?);
    }
    Ok((by_core, addresses))
}

/// `ops.sock` has the operations listener's bounds, one core, and no TLS.
fn ops_socket(
    path: &std::path::Path,
    settings: &EdgeSettings,
    shared: &Shared,
) -> Result<Bound, EdgeError> {
    let operations = settings
        .listeners
        .iter()
        .find(|(listener, _)| *listener == Listener::Operations);
    let of_listener = operations.map_or_else(
        || ListenerSettings::at(SocketAddr::from(([127, 0, 0, 1], 0))),
        |(_, settings)| settings.clone(),
    );
    Ok(Bound {
        socket: BoundSocket::Unix(socket::listen_unix(path)?),
        shared: Arc::new(listener_shared(
            Listener::Operations,
            Live::new(of_listener, None, 1),
            shared,
        )),
    })
}

fn listener_shared(listener: Listener, live: Live, shared: &Shared) -> ListenerShared {
    let limits = live.settings.limits.clone();
    ListenerShared {
        listener,
        live: ArcSwap::from_pointee(live),
        routes: route::RouteTable::build(listener, &shared.crossing.served, &shared.metrics),
        by_address: KeyedLimiter::new(limits.address, limits.keys_max),
        by_credential: KeyedLimiter::new(limits.credential, limits.keys_max),
    }
}

impl Live {
    /// With a core's share of what is counted for the listener.
    fn new(settings: ListenerSettings, tls: Option<TlsAcceptor>, cores: usize) -> Self {
        Self {
            connections_max: share(settings.bounds.connections_max, cores),
            in_flight_max: share(settings.bounds.in_flight_max, cores),
            settings,
            tls,
        }
    }
}

/// A core's share of a listener's bound.
fn share(bound: usize, cores: usize) -> usize {
    bound.div_ceil(cores).max(1)
}

fn start_core(index: usize, parts: CoreParts) -> Result<std::thread::JoinHandle<()>, EdgeError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(EdgeError::Core)?;
    std::thread::Builder::new()
        .name(format!("edge-{index}"))
        .spawn(move || {
            core::run(&runtime, parts);
            // A name that is still being looked up must not hold the stop.
            runtime.shutdown_background();
        })
        .map_err(EdgeError::Core)
}

/// Forgets callers that have not been seen for a while, off the cores.
async fn sweep(listeners: EdgeListeners, draining: CancellationToken) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = draining.cancelled() => return,
            _ = every.tick() => {}
        }
        for listener in listeners.shared() {
            listener.by_address.sweep();
            listener.by_credential.sweep();
        }
    }
}
