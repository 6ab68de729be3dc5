//! Connections to upstreams, local to one core.
//!
//! Invariants: at most `connections_max` (the core's share) are open to one target, idle ones included; at most `queue_max` requests
//! wait, none longer than `queue`; a connection is handed out only while nobody else uses it; a slot is free exactly when its
//! socket is closed; an idle connection is closed after `idle`, also when no request comes.

use super::table::PoolSettings;
use crate::edge::body::EdgeBody;
use crate::outbound::{ConnectFault, Connection, Connector, Target};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How often idle connections are looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Bytes of an answer's head.
const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;

/// Header lines of an answer.
const ANSWER_HEADERS_MAX: usize = 200;

/// Targets whose emptied pools are kept.
const TARGETS_KEPT_MAX: usize = 1_024;

/// No connection could be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PoolFault {
    /// All connections are busy, and too many requests wait already or this one has waited for too long.
    Busy,
    /// No connection could be made.
    Connect(ConnectFault),
}

/// Whether an idle connection will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Any,
    Fresh,
}

/// All connections of one core.
pub(super) struct Pool {
    connector: Connector,
    cores: usize,
    upstreams: RefCell<HashMap<Target, Rc<Upstream>>>,
}

struct Upstream {
    idle: RefCell<VecDeque<Idle>>,
    open: Cell<usize>,
    waiting: Cell<usize>,
    freed: Notify,
}

struct Idle {
    connection: Pooled,
    until: Instant,
}

/// A connection that is handed out.
pub(super) struct Pooled {
    pub(super) sender: SendRequest<EdgeBody>,
    /// Bytes that have come from the upstream on it.
    pub(super) received: Rc<Cell<u64>>,
    /// Whether it has carried a request before.
    pub(super) reused: bool,
    upstream: Rc<Upstream>,
}

impl Pool {
    /// Must be made inside the core's `LocalSet`.
    pub(super) fn new(connector: Connector, cores: usize) -> Rc<Self> {
        let pool = Rc::new(Self {
            connector,
            cores: cores.max(1),
            upstreams: RefCell::new(HashMap::new()),
        });
        tokio::task::spawn_local(sweep(Rc::downgrade(&pool)));
        pool
    }

    /// An idle connection, a new one, or the next that becomes free.
    pub(super) async fn take(
        &self,
        target: &Target,
        settings: &PoolSettings,
        connect: Duration,
        want: Want,
    ) -> Result<Pooled, PoolFault> {
        let upstream = self.upstream(target);
        if let Some(found) = self.try_take(&upstream, settings, want) {
            return self.made(found, &upstream, target, connect).await;
        }
        if upstream.waiting.get() >= self.share(settings.queue_max) {
            return Err(PoolFault::Busy);
        }
        let found = {
            let _waiting = Waiting::join(&upstream);
            let freed = async {
                loop {
                    upstream.freed.notified().await;
                    if let Some(found) = self.try_take(&upstream, settings, want) {
                        return found;
                    }
                }
            };
            tokio::time::timeout(settings.queue, freed)
                .await
                .map_err(|_| PoolFault::Busy)?
        };
        self.made(found, &upstream, target, connect).await
    }

    /// Takes it back once its answer has been read to the end, and closes it when it cannot carry another.
    pub(super) fn give_back(mut pooled: Pooled, settings: PoolSettings, cores: usize) {
        tokio::task::spawn_local(async move {
            if pooled.sender.ready().await.is_err() {
                return;
            }
            let upstream = Rc::clone(&pooled.upstream);
            let mut idle = upstream.idle.borrow_mut();
            if idle.len() < share(settings.idle_max, cores) {
                pooled.reused = true;
                idle.push_back(Idle {
                    connection: pooled,
                    until: Instant::now() + settings.idle,
                });
                upstream.freed.notify_one();
            }
        });
    }

    fn upstream(&self, target: &Target) -> Rc<Upstream> {
        let mut upstreams = self.upstreams.borrow_mut();
        if let Some(upstream) = upstreams.get(target) {
            return Rc::clone(upstream);
        }
        if upstreams.len() >= TARGETS_KEPT_MAX {
            upstreams.retain(|_, upstream| upstream.open.get() > 0);
        }
        let upstream = Rc::new(Upstream {
            idle: RefCell::new(VecDeque::new()),
            open: Cell::new(0),
            waiting: Cell::new(0),
            freed: Notify::new(),
        });
        upstreams.insert(target.clone(), Rc::clone(&upstream));
        upstream
    }

    /// The most recently used idle connection, or a slot for a new one.
    fn try_take(
        &self,
        upstream: &Rc<Upstream>,
        settings: &PoolSettings,
        want: Want,
    ) -> Option<Found> {
        let mut idle = upstream.idle.borrow_mut();
        let now = Instant::now();
        if want == Want::Any {
            while let Some(candidate) = idle.pop_back() {
                if candidate.until > now && candidate.connection.sender.is_ready() {
                    return Some(Found::Idle(candidate.connection));
                }
            }
        }
        if upstream.open.get() >= self.share(settings.connections_max) {
            // A fresh one is wanted and only idle ones are open: one of them makes room when its socket has closed.
            idle.pop_front();
            return None;
        }
        Some(Found::Slot(Slot::take(upstream)))
    }

    async fn made(
        &self,
        found: Found,
        upstream: &Rc<Upstream>,
        target: &Target,
        connect: Duration,
    ) -> Result<Pooled, PoolFault> {
        let slot = match found {
            Found::Idle(connection) => return Ok(connection),
            Found::Slot(slot) => slot,
        };
        let connection = self.connector.connect(target, connect).await;
        let connection = connection.map_err(PoolFault::Connect)?;
        let received = Rc::new(Cell::new(0));
        let io = TokioIo::new(Counted {
            inner: connection,
            received: Rc::clone(&received),
        });
        let handshake = http1::Builder::new()
            .max_headers(ANSWER_HEADERS_MAX)
            .max_header_size(ANSWER_HEAD_BYTES_MAX)
            .max_buf_size(ANSWER_HEAD_BYTES_MAX)
            .handshake::<_, EdgeBody>(io)
            .await;
        let (sender, driver) = handshake.map_err(|e| {
            PoolFault::Connect(ConnectFault::Refused {
                host: target.host.clone(),
                port: target.port,
                reason: e.to_string(),
            })
        })?;
        tokio::task::spawn_local(async move {
            // Its error reaches the request on it; an idle connection that closes is no error.
            let _ = driver.await;
            drop(slot);
        });
        Ok(Pooled {
            sender,
            received,
            reused: false,
            upstream: Rc::clone(upstream),
        })
    }

    fn share(&self, bound: usize) -> usize {
        share(bound, self.cores)
    }
}

fn share(bound: usize, cores: usize) -> usize {
    bound.div_ceil(cores.max(1)).max(1)
}

enum Found {
    Idle(Pooled),
    Slot(Slot),
}

/// One of the connections that may be open; free again when dropped.
struct Slot(Rc<Upstream>);

impl Slot {
    fn take(upstream: &Rc<Upstream>) -> Self {
        upstream.open.set(upstream.open.get() + 1);
        Self(Rc::clone(upstream))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.freed.notify_one();
    }
}

/// A request in the queue. When it leaves, also by time-out, a wake-up that it may have swallowed goes to the next.
struct Waiting<'a>(&'a Upstream);

impl<'a> Waiting<'a> {
    fn join(upstream: &'a Upstream) -> Self {
        upstream.waiting.set(upstream.waiting.get() + 1);
        Self(upstream)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.set(self.0.waiting.get() - 1);
        if self.0.waiting.get() > 0 {
            self.0.freed.notify_one();
        }
    }
}

/// Closes connections that have been idle for too long, as long as the pool lives.
async fn sweep(pool: Weak<Pool>) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        every.tick().await;
        let Some(pool) = pool.upgrade() else {
            return;
        };
        let now = Instant::now();
        for upstream in pool.upstreams.borrow().values() {
            let keep = |idle: &Idle| idle.until > now && !idle.connection.sender.is_closed();
            upstream.idle.borrow_mut().retain(keep);
        }
    }
}

/// A connection that counts what comes: "closed before the first byte of an answer" must be known, not guessed.
struct Counted {
    inner: Connection,
    received: Rc<Cell<u64>>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(cx, buf);
        let came = (buf.filled().len() - before) as u64;
        self.received.set(self.received.get() + came);
        outcome
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
