//! The crossing (design 2): calls leave an edge core through one bounded queue to the control plane's runtime, where the rooms
//! are; heads come back by a oneshot, bodies by a bounded channel.
//!
//! Invariants: no room's code runs on an edge core; a full queue is an answer (503), never a wait; a caller that goes away cancels
//! its call (what a room must finish, it finishes in a task of its own, as intake's writer does); a panic of a room is a 500.

use super::body::{CrossedBody, EdgeBody, Piece};
use super::context::{Draining, refuse};
use super::credentials::Admission;
use super::rooms::Served;
use super::settings::RoomsSettings;
use super::texts;
use crate::identity::Principal;
use crate::identity::access::Listener;
use crate::operations::metrics::Metrics;
use crate::problem::Problem;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Extensions, Request, Response, StatusCode, header, response};
use http_body::Body as _;
use http_body_util::BodyExt;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Answers up to this many bytes come back in one piece with their head.
const WHOLE_BYTES_MAX: u64 = 64 * 1024;

/// What edge cores hold of the rooms.
#[derive(Debug, Clone)]
pub struct Crossing {
    queue: mpsc::Sender<Crossed>,
    pub(super) served: Arc<[Served]>,
    pub(super) answer: Duration,
}

/// Why no room answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// The queue is full.
    Full,
    /// The control plane is gone.
    Closed,
}

#[derive(Debug)]
struct Crossed {
    listener: Listener,
    request: Request<Body>,
    reply: oneshot::Sender<Response<CrossedAnswer>>,
}

/// A room's answer's body, as it crosses back.
#[derive(Debug)]
pub(super) enum CrossedAnswer {
    Whole(Bytes),
    Pieces(mpsc::Receiver<Piece>, http_body::SizeHint),
}

impl From<CrossedAnswer> for EdgeBody {
    fn from(answer: CrossedAnswer) -> Self {
        match answer {
            CrossedAnswer::Whole(bytes) => Self::Full(bytes),
            CrossedAnswer::Pieces(pieces, size) => Self::Crossed(CrossedBody::new(pieces, size)),
        }
    }
}

impl Crossing {
    /// Puts a call into the queue; dropping the receiver cancels it.
    pub(super) fn send(
        &self,
        listener: Listener,
        request: Request<Body>,
    ) -> Result<oneshot::Receiver<Response<CrossedAnswer>>, NotTaken> {
        let (reply, answer) = oneshot::channel();
        let crossed = Crossed {
            listener,
            request,
            reply,
        };
        match self.queue.try_send(crossed) {
            Ok(()) => Ok(answer),
            Err(mpsc::error::TrySendError::Full(_)) => Err(NotTaken::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(NotTaken::Closed),
        }
    }
}

/// The way into the rooms.
pub(super) struct Doors {
    pub(super) routers: BTreeMap<Listener, Router>,
    pub(super) admission: Option<Arc<dyn Admission>>,
}

/// Starts the dispatcher on `runtime`.
pub(super) fn run(
    doors: Doors,
    served: Vec<Served>,
    settings: RoomsSettings,
    runtime: &Handle,
    metrics: &Metrics,
) -> Crossing {
    let (queue, calls) = mpsc::channel(settings.queue_max.max(1));
    let answer = settings.answer;
    let dispatcher = Dispatcher {
        doors,
        permits: Arc::new(Semaphore::new(settings.concurrency_max.max(1))),
        chunks_max: settings.chunks_max.max(1),
        panics: metrics.http_panics_total.clone(),
    };
    runtime.spawn(dispatcher.run(calls));
    Crossing {
        queue,
        served: served.into(),
        answer,
    }
}

struct Dispatcher {
    doors: Doors,
    permits: Arc<Semaphore>,
    chunks_max: usize,
    panics: prometheus::IntCounter,
}

impl Dispatcher {
    /// Takes a call only when a room may work on it: until then it waits in the queue, which is what fills up.
    async fn run(self, mut calls: mpsc::Receiver<Crossed>) {
        loop {
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                return;
            };
            let Some(call) = calls.recv().await else {
                return;
            };
            let router = self.doors.routers.get(&call.listener).cloned();
            let door = (router.unwrap_or_default(), self.doors.admission.clone());
            let chunks_max = self.chunks_max;
            let panics = self.panics.clone();
            tokio::spawn(async move {
                let answered = answer(door, call, chunks_max, &panics).await;
                // Streaming (an event stream lasts for hours) needs no permit: the connection is bounded at the edge.
                drop(permit);
                if let Some(stream) = answered {
                    stream.pump().await;
                }
            });
        }
    }
}

/// Serves one call; what remains is a body to be streamed.
async fn answer(
    (router, admission): (Router, Option<Arc<dyn Admission>>),
    call: Crossed,
    chunks_max: usize,
    panics: &prometheus::IntCounter,
) -> Option<Stream> {
    let Crossed {
        request, mut reply, ..
    } = call;
    let extensions = request.extensions().clone();
    let serve = AssertUnwindSafe(async move {
        let response = match admitted(admission.as_deref(), request.extensions()).await {
            Ok(()) => match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            Err(problem) => refuse(problem, request.extensions()),
        };
        first_piece(response).await
    });
    let outcome = tokio::select! {
        // The caller is gone: dropping the future is the cancellation.
        () = reply.closed() => return None,
        outcome = serve.catch_unwind() => outcome,
    };
    let (head, body) = match outcome {
        Ok(answer) => answer,
        Err(_) => {
            panics.inc();
            tracing::error!("a room panicked while it answered a request; the request got 500");
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, texts::INTERNAL);
            let (head, body) = refuse::<Vec<u8>>(problem, &extensions).into_parts();
            (head, FirstPiece::Whole(Bytes::from(body)))
        }
    };
    hand_back(head, body, &extensions, reply, chunks_max)
}

async fn admitted(
    admission: Option<&dyn Admission>,
    extensions: &Extensions,
) -> Result<(), Problem> {
    let principal = extensions.get::<Principal>();
    match (admission, principal.filter(|p| p.one_time.is_some())) {
        (Some(admission), Some(principal)) => admission.admit(principal).await,
        _ => Ok(()),
    }
}

enum FirstPiece {
    Whole(Bytes),
    Body(Body),
}

/// A small body of known length is made whole here, so that it crosses with its head.
async fn first_piece(response: Response<Body>) -> (response::Parts, FirstPiece) {
    let (head, body) = response.into_parts();
    let small = body
        .size_hint()
        .exact()
        .is_some_and(|n| n <= WHOLE_BYTES_MAX);
    if !small {
        return (head, FirstPiece::Body(body));
    }
    match body.collect().await {
        Ok(whole) => (head, FirstPiece::Whole(whole.to_bytes())),
        // A body that fails at once is streamed as one that fails: the head stays what the room said.
        Err(error) => (
            head,
            FirstPiece::Body(Body::from_stream(futures_util::stream::once(
                std::future::ready(Err::<Bytes, _>(error)),
            ))),
        ),
    }
}

fn hand_back(
    head: response::Parts,
    body: FirstPiece,
    extensions: &Extensions,
    reply: oneshot::Sender<Response<CrossedAnswer>>,
    chunks_max: usize,
) -> Option<Stream> {
    let (body, stream) = match body {
        FirstPiece::Whole(bytes) => (CrossedAnswer::Whole(bytes), None),
        FirstPiece::Body(body) => {
            let (pieces, receiver) = mpsc::channel(chunks_max);
            let stream = Stream {
                ends_on: endless(&head)
                    .then(|| extensions.get::<Draining>().cloned())
                    .flatten(),
                size: body.size_hint(),
                body,
                pieces,
            };
            (CrossedAnswer::Pieces(receiver, stream.size), Some(stream))
        }
    };
    // A failed send means that the caller is gone; the stream's channel is closed too then, and pump ends at once.
    let _ = reply.send(Response::from_parts(head, body));
    stream
}

/// An event stream has no end of its own; draining ends it.
fn endless(head: &response::Parts) -> bool {
    let content_type = head.headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|v| v.as_bytes().starts_with(b"text/event-stream"))
}

/// A body that is carried across piece by piece.
struct Stream {
    body: Body,
    pieces: mpsc::Sender<Piece>,
    size: http_body::SizeHint,
    ends_on: Option<Draining>,
}

impl Stream {
    /// Carries until the end, the first failure (the channel then closes without its end), or until nobody reads any more.
    async fn pump(self) {
        let never = CancellationToken::new();
        let draining = self.ends_on.map_or(never, |d| d.0);
        let mut body = AssertUnwindSafe(self.body);
        loop {
            let frame = tokio::select! {
                () = self.pieces.closed() => return,
                () = draining.cancelled() => break,
                frame = AssertUnwindSafe(body.frame()).catch_unwind() => frame,
            };
            let piece = match frame {
                Ok(Some(Ok(frame))) => Piece::Frame(frame),
                Ok(None) => break,
                Ok(Some(Err(_))) | Err(_) => {
                    tracing::warn!("a room's answer broke off; the caller sees it cut");
                    return;
                }
            };
            if self.pieces.send(piece).await.is_err() {
                return;
            }
        }
        let _ = self.pieces.send(Piece::End).await;
    }
}
