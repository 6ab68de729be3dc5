//! One core: an OS thread with a current-thread runtime, its own listening sockets and connections. Nothing here is `Send`.

use super::body::{BodyCut, EdgeBody};
use super::context::RequestIds;
use super::guard::{BusyGuard, ConnectionState, GuardedIo, Phase};
use super::settings::ListenerSettings;
use super::stack::{ListenerShared, Live, Peer, Shared, Stack};
use super::tls::ALPN;
use crate::passthrough::{Forwarder, Passthrough};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::Cell;
use std::convert::Infallible;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// After an accept that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Streams that one HTTP/2 connection may have open.
const H2_STREAMS_MAX: u32 = 128;

/// A socket with what its connections share.
pub(super) struct Bound {
    pub(super) socket: BoundSocket,
    pub(super) shared: Arc<ListenerShared>,
}

pub(super) enum BoundSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// What a core is started with.
pub(super) struct CoreParts {
    pub(super) bound: Vec<Bound>,
    pub(super) shared: Arc<Shared>,
    pub(super) passthrough: Arc<Passthrough>,
    pub(super) cores: usize,
    pub(super) id_prefix: [u8; 8],
    /// Ends whatever is still open after the drain's deadline.
    pub(super) abort: CancellationToken,
    /// Connections that were open when the core ended.
    pub(super) cut: Arc<AtomicUsize>,
}

/// Runs until drained or aborted.
pub(super) fn run(runtime: &tokio::runtime::Runtime, parts: CoreParts) {
    let local = LocalSet::new();
    local.block_on(runtime, accept_all(parts));
}

async fn accept_all(parts: CoreParts) {
    let forwarder = Forwarder::new(parts.passthrough, parts.shared.clock.clone(), parts.cores);
    let ids = Rc::new(RequestIds::new(parts.id_prefix));
    let connections = TaskTracker::new();
    for bound in parts.bound {
        let stack = Rc::new(Stack {
            shared: Arc::clone(&parts.shared),
            listener: Arc::clone(&bound.shared),
            forwarder: Rc::clone(&forwarder),
            ids: Rc::clone(&ids),
            in_flight: Cell::new(0),
        });
        let acceptor = Acceptor {
            stack,
            open: Rc::new(Cell::new(0)),
            connections: connections.clone(),
        };
        connections.spawn_local(acceptor.accept(bound.socket));
    }
    connections.close();
    tokio::select! {
        () = connections.wait() => {}
        () = parts.abort.cancelled() => {
            parts.cut.fetch_add(connections.len(), Ordering::Relaxed);
        }
    }
}

/// The accept loop of one socket.
struct Acceptor {
    stack: Rc<Stack>,
    open: Rc<Cell<usize>>,
    connections: TaskTracker,
}

impl Acceptor {
    async fn accept(self, socket: BoundSocket) {
        let draining = self.stack.shared.draining.clone();
        let listener = self.stack.listener.listener.as_str();
        let loops = async {
            match socket {
                BoundSocket::Tcp(socket) => self.accept_tcp(socket).await,
                BoundSocket::Unix(socket) => self.accept_unix(socket).await,
            }
        };
        tokio::select! {
            () = draining.cancelled() => {}
            ended = loops => if let Err(error) = ended {
                tracing::error!(listener, %error, "a listening socket failed; its core serves it no more");
            }
        }
    }

    async fn accept_tcp(&self, socket: TcpListener) -> std::io::Result<()> {
        let socket = tokio::net::TcpListener::from_std(socket)?;
        loop {
            match socket.accept().await {
                Ok((stream, address)) => {
                    // Answers are written whole: waiting for more (Nagle) only delays them.
                    let _ = stream.set_nodelay(true);
                    self.open(stream, Peer::Address(address.ip()));
                }
                Err(error) => pause(&error).await,
            }
        }
    }

    async fn accept_unix(&self, socket: UnixListener) -> std::io::Result<()> {
        let socket = tokio::net::UnixListener::from_std(socket)?;
        loop {
            match socket.accept().await {
                Ok((stream, _)) => self.open(stream, Peer::OpsSocket),
                Err(error) => pause(&error).await,
            }
        }
    }

    /// Serves a connection in a task of this core, or closes it at once when the core has its most.
    fn open<S: AsyncRead + AsyncWrite + Unpin + 'static>(&self, stream: S, peer: Peer) {
        let metrics = &self.stack.shared.metrics;
        let listener = self.stack.listener.listener.as_str();
        let live = self.stack.listener.live.load_full();
        if self.open.get() >= live.connections_max {
            metrics
                .http_connections_refused_total
                .with_label_values(&[listener])
                .inc();
            return;
        }
        let gauge = metrics.http_connections.with_label_values(&[listener]);
        let place = Place::take(Rc::clone(&self.open), gauge);
        let stack = Rc::clone(&self.stack);
        let tls = live.tls.clone();
        self.connections.spawn_local(async move {
            let _place = place;
            match tls {
                None => serve(stack, live, stream, peer, Protocol::Http1).await,
                Some(tls) => serve_tls(stack, live, stream, peer, tls).await,
            }
        });
    }
}

/// One of the connections that a core may have.
struct Place {
    open: Rc<Cell<usize>>,
    gauge: prometheus::IntGauge,
}

impl Place {
    fn take(open: Rc<Cell<usize>>, gauge: prometheus::IntGauge) -> Self {
        open.set(open.get() + 1);
        gauge.inc();
        Self { open, gauge }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.set(self.open.get() - 1);
        self.gauge.dec();
    }
}

/// A peer that went away before accept is its own affair; anything else (no descriptors) needs a pause, or the loop would spin.
async fn pause(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    ) {
        tracing::warn!(%error, "cannot accept a connection; trying again shortly");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

async fn serve_tls<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    stack: Rc<Stack>,
    live: Arc<Live>,
    stream: S,
    peer: Peer,
    tls: TlsAcceptor,
) {
    let within = live.settings.timeouts.handshake;
    let Ok(Ok(stream)) = tokio::time::timeout(within, tls.accept(stream)).await else {
        stack.count_malformed(StatusCode::BAD_REQUEST);
        return;
    };
    let h2 = stream.get_ref().1.alpn_protocol() == Some(ALPN[0]);
    let protocol = if h2 { Protocol::Http2 } else { Protocol::Http1 };
    serve(stack, live, stream, peer, protocol).await;
}

/// One connection from its first byte to its end.
async fn serve<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    stack: Rc<Stack>,
    live: Arc<Live>,
    stream: S,
    peer: Peer,
    protocol: Protocol,
) {
    let settings = &live.settings;
    let timeouts = settings.timeouts.clone();
    let state = ConnectionState::new(&timeouts);
    let io = TokioIo::new(GuardedIo::new(stream, Rc::clone(&state), &timeouts));
    let draining = stack.shared.draining.clone();
    let service = {
        let (stack, state) = (Rc::clone(&stack), Rc::clone(&state));
        service_fn(move |request: Request<Incoming>| {
            let (stack, state, busy) = (Rc::clone(&stack), Rc::clone(&state), state.busy());
            let bodiless = request.body().is_end_stream();
            async move {
                let response = stack.answer(request, peer).await;
                if !bodiless && response.status().as_u16() >= 400 {
                    state.linger();
                }
                Ok::<_, Infallible>(response.map(|body| WatchedBody { body, _busy: busy }))
            }
        })
    };
    let outcome = match protocol {
        Protocol::Http1 => {
            let connection = http1(settings).serve_connection(io, service);
            drained(pin!(connection), draining, |c| c.graceful_shutdown()).await
        }
        Protocol::Http2 => {
            state.multiplexed();
            let connection = http2(settings).serve_connection(io, service);
            drained(pin!(connection), draining, |c| c.graceful_shutdown()).await
        }
    };
    if let Err(error) = outcome {
        count_refused(&stack, &state, &error);
    }
}

fn http1(settings: &ListenerSettings) -> hyper::server::conn::http1::Builder {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // The guard is stricter and tells first byte, head and idle apart; this one holds if the guard should ever not.
        .header_read_timeout(settings.timeouts.head + settings.timeouts.keep_alive)
        .max_headers(settings.bounds.headers_max)
        .max_header_size(settings.bounds.head_bytes_max)
        .max_buf_size(settings.bounds.head_bytes_max.max(MIN_BUFFER_BYTES));
    builder
}

/// hyper's least.
const MIN_BUFFER_BYTES: usize = 8 * 1024;

fn http2(settings: &ListenerSettings) -> hyper::server::conn::http2::Builder<LocalExecutor> {
    let head_bytes = u32::try_from(settings.bounds.head_bytes_max).unwrap_or(u32::MAX);
    let mut builder = hyper::server::conn::http2::Builder::new(LocalExecutor);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(settings.timeouts.keep_alive)
        .keep_alive_timeout(settings.timeouts.head)
        .max_concurrent_streams(H2_STREAMS_MAX)
        .max_header_list_size(head_bytes);
    builder
}

/// Tasks of an HTTP/2 connection stay on its core.
#[derive(Debug, Clone, Copy)]
struct LocalExecutor;

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future<Output = ()> + 'static,
{
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// Lets a connection finish what it has begun once draining starts.
async fn drained<C>(
    mut connection: Pin<&mut C>,
    draining: CancellationToken,
    shut: impl FnOnce(Pin<&mut C>),
) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    tokio::select! {
        outcome = connection.as_mut() => return outcome,
        () = draining.cancelled() => {}
    }
    shut(connection.as_mut());
    connection.await
}

/// What hyper answered or closed by itself must be counted too: no layer of the stack has seen it.
fn count_refused(stack: &Stack, state: &ConnectionState, error: &hyper::Error) {
    if error.is_parse_too_large() {
        stack.count_malformed(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    } else if error.is_parse() {
        stack.count_malformed(StatusCode::BAD_REQUEST);
    } else if matches!(state.phase(), Phase::Head(_)) {
        stack.count_malformed(StatusCode::REQUEST_TIMEOUT);
    }
}

/// An answer's body; when it drops, the connection is idle again.
struct WatchedBody {
    body: EdgeBody,
    _busy: BusyGuard,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = BodyCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
