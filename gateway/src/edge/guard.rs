//! The guard on a connection's bytes: time-outs that hold whatever the protocol above does (hyper has none for the first byte,
//! for idling between requests apart from its header timer, and for a peer that stops reading).
//!
//! Invariant: whenever the connection waits for its peer, exactly one deadline runs, chosen by [`Phase`].

use super::settings::Timeouts;
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What the connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The first byte ever.
    Fresh(Instant),
    /// The rest of a request's head.
    Head(Instant),
    /// Nothing from the peer: requests are being answered, and bodies have time-outs of their own.
    Busy,
    /// The next request.
    Idle(Instant),
}

/// The phase of one connection, shared between its guard and the service above it.
#[derive(Debug)]
pub(super) struct ConnectionState {
    phase: Cell<Phase>,
    busy: Cell<usize>,
    multiplexed: Cell<bool>,
    lingers: Cell<bool>,
    head: Duration,
    keep_alive: Duration,
}

impl ConnectionState {
    pub(super) fn new(timeouts: &Timeouts) -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::Fresh(Instant::now() + timeouts.first_byte)),
            busy: Cell::new(0),
            multiplexed: Cell::new(false),
            lingers: Cell::new(false),
            head: timeouts.head,
            keep_alive: timeouts.keep_alive,
        })
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// HTTP/2: bytes that are no request (PING, WINDOW_UPDATE) neither start a head nor prolong the idle time.
    pub(super) fn multiplexed(&self) {
        self.multiplexed.set(true);
    }

    /// An answer went out before its request's body was read. Closing now would reset the connection, and the answer could be
    /// lost on its way: read on for a moment after closing our side (RFC 9112, section 9.6).
    pub(super) fn linger(&self) {
        self.lingers.set(true);
    }

    /// A request's head is complete; the guard drops when its answer has been handed over entirely.
    pub(super) fn busy(self: &Rc<Self>) -> BusyGuard {
        self.busy.set(self.busy.get() + 1);
        self.phase.set(Phase::Busy);
        BusyGuard(Rc::clone(self))
    }

    fn bytes_came(&self) {
        let waits_for_head = match self.phase.get() {
            Phase::Fresh(_) => true,
            Phase::Idle(_) => !self.multiplexed.get(),
            Phase::Head(_) | Phase::Busy => false,
        };
        if waits_for_head {
            self.phase.set(Phase::Head(Instant::now() + self.head));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase.get() {
            Phase::Fresh(at) | Phase::Head(at) | Phase::Idle(at) => Some(at),
            Phase::Busy => None,
        }
    }
}

/// A request that is being answered.
pub(super) struct BusyGuard(Rc<ConnectionState>);

impl Drop for BusyGuard {
    fn drop(&mut self) {
        let busy = self.0.busy.get().saturating_sub(1);
        self.0.busy.set(busy);
        if busy == 0 {
            let until = Instant::now() + self.0.keep_alive;
            self.0.phase.set(Phase::Idle(until));
        }
    }
}

/// A connection's bytes under guard.
pub(super) struct GuardedIo<S> {
    inner: S,
    state: Rc<ConnectionState>,
    read_timer: Option<Pin<Box<Sleep>>>,
    write_timer: Option<Pin<Box<Sleep>>>,
    write_waits: bool,
    write_idle: Duration,
    linger_timer: Option<Pin<Box<Sleep>>>,
}

/// How long a connection is read on after our side was closed.
const LINGER: Duration = Duration::from_secs(2);

impl<S> GuardedIo<S> {
    pub(super) fn new(inner: S, state: Rc<ConnectionState>, timeouts: &Timeouts) -> Self {
        Self {
            inner,
            state,
            read_timer: None,
            write_timer: None,
            write_waits: false,
            write_idle: timeouts.write_idle,
            linger_timer: None,
        }
    }

    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.state.deadline() else {
            return Poll::Pending;
        };
        let timer = self
            .read_timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }

    /// Starts, keeps or stops the timer of a peer that does not read.
    fn watch_write<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write_waits = false;
            return outcome;
        }
        let idle = self.write_idle;
        let timer = self
            .write_timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        if !self.write_waits {
            timer.as_mut().reset(Instant::now() + idle);
            self.write_waits = true;
        }
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> GuardedIo<S> {
    /// Reads and forgets until the peer closes too, fails, or the time is over.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.linger_timer.as_mut();
        if timer.is_some_and(|timer| timer.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(());
        }
        let mut scratch = [0; 4 * 1024];
        for _ in 0..LINGER_READS_MAX {
            let mut buf = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
        // Others on this core want their turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Reads in one go while lingering.
const LINGER_READS_MAX: usize = 64;

impl<S: AsyncRead + Unpin> AsyncRead for GuardedIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Ready(outcome) => {
                if buf.filled().len() > before {
                    self.state.bytes_came();
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => match self.poll_read_deadline(cx) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for GuardedIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watch_write(outcome, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch_write(outcome, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger_timer.is_none() {
            let outcome = Pin::new(&mut self.inner).poll_shutdown(cx);
            ready!(self.watch_write(outcome, cx))?;
            if !self.state.lingers.get() {
                return Poll::Ready(Ok(()));
            }
            self.linger_timer = Some(Box::pin(tokio::time::sleep(LINGER)));
        }
        self.poll_linger(cx).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watch_write(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
