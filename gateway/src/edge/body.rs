//! Bodies. What goes out is an [`EdgeBody`]; what comes in is a [`BoundedBody`], which keeps the bound on bytes and on idle time
//! wherever it is read, and leaves word in [`BodyFate`], so that the edge can answer 413 or 408 whatever the reader made of it.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

/// Why a body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyCut {
    /// More bytes than the route allows.
    #[error("the body is larger than the {bytes_max} bytes that this address accepts")]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
    /// No byte for too long.
    #[error("no byte of the body arrived for too long")]
    TooSlow,
    /// The sender went away, or its framing is broken.
    #[error("the sender of the body broke off")]
    Gone,
}

/// What became of a request's body, readable while and after someone else reads it.
#[derive(Debug, Default)]
pub struct BodyFate {
    cut: AtomicU8,
    pieces: AtomicU64,
}

impl BodyFate {
    const TOO_LARGE: u8 = 1;
    const TOO_SLOW: u8 = 2;
    const GONE: u8 = 3;

    /// Whether it was cut, and why (`bytes_max` is not kept).
    #[must_use]
    pub fn cut(&self) -> Option<BodyCut> {
        match self.cut.load(Ordering::Acquire) {
            Self::TOO_LARGE => Some(BodyCut::TooLarge { bytes_max: 0 }),
            Self::TOO_SLOW => Some(BodyCut::TooSlow),
            Self::GONE => Some(BodyCut::Gone),
            _ => None,
        }
    }

    /// Pieces that have been read: grows while there is progress.
    #[must_use]
    pub fn pieces(&self) -> u64 {
        self.pieces.load(Ordering::Relaxed)
    }

    fn record(&self, cut: BodyCut) {
        let code = match cut {
            BodyCut::TooLarge { .. } => Self::TOO_LARGE,
            BodyCut::TooSlow => Self::TOO_SLOW,
            BodyCut::Gone => Self::GONE,
        };
        self.cut.store(code, Ordering::Release);
    }
}

/// A timer that is only set while nothing comes.
#[derive(Default)]
struct IdleTimer {
    sleep: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl IdleTimer {
    fn stop(&mut self) {
        self.running = false;
    }

    fn poll(&mut self, idle: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        if !self.running {
            sleep.as_mut().reset(Instant::now() + idle);
            self.running = true;
        }
        sleep.as_mut().poll(cx)
    }
}

/// A body from the wire with a bound on its bytes and on the time between two pieces.
pub struct BoundedBody {
    inner: Incoming,
    bytes_max: u64,
    bytes_left: u64,
    idle: Duration,
    timer: IdleTimer,
    fate: Option<Arc<BodyFate>>,
}

impl BoundedBody {
    /// Bounds `inner`; `fate` learns what became of it.
    #[must_use]
    pub fn new(
        inner: Incoming,
        bytes_max: u64,
        idle: Duration,
        fate: Option<Arc<BodyFate>>,
    ) -> Self {
        Self {
            inner,
            bytes_max,
            bytes_left: bytes_max,
            idle,
            timer: IdleTimer::default(),
            fate,
        }
    }

    fn cut(&self, cut: BodyCut) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        if let Some(fate) = &self.fate {
            fate.record(cut);
        }
        Poll::Ready(Some(Err(cut)))
    }
}

impl Body for BoundedBody {
    type Data = Bytes;
    type Error = BodyCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => match this.timer.poll(this.idle, cx) {
                Poll::Ready(()) => this.cut(BodyCut::TooSlow),
                Poll::Pending => Poll::Pending,
            },
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(_))) => this.cut(BodyCut::Gone),
            Poll::Ready(Some(Ok(frame))) => {
                this.timer.stop();
                if let Some(fate) = &this.fate {
                    fate.pieces.fetch_add(1, Ordering::Relaxed);
                }
                let bytes = frame.data_ref().map_or(0, |d| d.len() as u64);
                let Some(left) = this.bytes_left.checked_sub(bytes) else {
                    return this.cut(BodyCut::TooLarge {
                        bytes_max: this.bytes_max,
                    });
                };
                this.bytes_left = left;
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body on its way to the caller.
#[derive(Default)]
pub enum EdgeBody {
    /// Nothing.
    #[default]
    Empty,
    /// All of it.
    Full(Bytes),
    /// Piece by piece from a room, through a bounded channel. A channel that closes without its end was cut.
    Crossed(CrossedBody),
    /// Straight from a connection of this core; a place that is held until the body ends may go with it.
    Wire(BoundedBody, Option<Held>),
}

impl From<Vec<u8>> for EdgeBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Full(Bytes::from(bytes))
    }
}

impl From<Bytes> for EdgeBody {
    fn from(bytes: Bytes) -> Self {
        Self::Full(bytes)
    }
}

/// One of a bounded number of places, given back when dropped.
#[derive(Debug)]
pub struct Held(Arc<AtomicUsize>);

impl Held {
    /// Takes one of `max` places of `taken`, if one is free.
    #[must_use]
    pub fn take(taken: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
                (n < max).then_some(n + 1)
            })
            .ok()
            .map(|_| Self(Arc::clone(taken)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A piece of a room's body, or its end.
pub(super) enum Piece {
    Frame(Frame<Bytes>),
    End,
}

/// The reading side of a room's body.
pub struct CrossedBody {
    pieces: mpsc::Receiver<Piece>,
    ended: bool,
    size: SizeHint,
}

impl CrossedBody {
    pub(super) fn new(pieces: mpsc::Receiver<Piece>, size: SizeHint) -> Self {
        Self {
            pieces,
            ended: false,
            size,
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.pieces.poll_recv(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Piece::Frame(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Piece::End)) => {
                self.ended = true;
                Poll::Ready(None)
            }
            // The room failed half-way: an orderly end would make half an answer look whole.
            Poll::Ready(None) => Poll::Ready(Some(Err(BodyCut::Gone))),
        }
    }
}

impl Body for EdgeBody {
    type Data = Bytes;
    type Error = BodyCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyCut>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Crossed(body) => body.poll_piece(cx),
            Self::Wire(body, _) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_empty(),
            Self::Crossed(body) => body.ended,
            Self::Wire(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Crossed(body) => body.size,
            Self::Wire(body, _) => body.size_hint(),
        }
    }
}
