//! The partner's socket: accepts, reads a request within bounds, lets the faults have their way, answers.

use super::cases::{Order, Verdict};
use super::dialect::{Answer, Received};
use super::exchange::GARBAGE;
use super::switches::{Fault, Phase};
use super::{CaseBook, Journal, Outage, Simulator, SimulatorError, control};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const MAX_CONNECTIONS: usize = 1_024;
const MAX_BODY: usize = 8 << 20;
const READ_HEADERS: Duration = Duration::from_secs(10);
const READ_BODY: Duration = Duration::from_secs(20);
/// How much of a raw request or answer is kept for `/_control/cases`.
const KEPT: usize = 16 << 10;

type Body = BoxBody<Bytes, io::Error>;

/// Serves until `shutdown`; between outages the listener is bound anew on the same address.
pub(super) async fn run(
    simulator: Arc<Simulator>,
    listener: TcpListener,
    mut ordered: mpsc::Receiver<Outage>,
    shutdown: CancellationToken,
) -> Result<(), SimulatorError> {
    let address = listener.local_addr().unwrap_or(simulator.options.listen);
    let mut listener = listener;
    simulator.resume();
    loop {
        let connections = shutdown.child_token();
        let tracker = TaskTracker::new();
        let outage = tokio::select! {
            () = shutdown.cancelled() => None,
            outage = ordered.recv() => outage,
            () = accept(&simulator, &listener, &connections, &tracker) => None,
        };
        drop(listener);
        connections.cancel();
        tracker.close();
        tracker.wait().await;
        let Some(outage) = outage else {
            simulator.stop_courses().await;
            return Ok(());
        };
        if outage.restart {
            simulator.stop_courses().await;
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(outage.duration) => {}
        }
        listener = TcpListener::bind(address)
            .await
            .map_err(|source| SimulatorError::Listen { address, source })?;
        if outage.restart {
            simulator.remember()?;
            simulator.resume();
        }
    }
}

impl Simulator {
    /// Ends every task that takes a case through its course and waits for them.
    async fn stop_courses(&self) {
        self.life.lock().cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
        self.running.lock().clear();
        *self.life.lock() = CancellationToken::new();
    }

    /// Comes back as a new process would: with what the state file says, or with its memory if it has none.
    fn remember(&self) -> Result<(), SimulatorError> {
        let mut journal = self.journal.lock();
        if let Some(path) = journal.path().map(std::path::Path::to_owned) {
            let mut book = CaseBook::new(self.options.kind, self.options.scenario);
            *journal = Journal::open(Some(&path), &mut book)?;
            *self.book.lock() = book;
        } else {
            let mut book = self.book.lock();
            book.cases
                .values_mut()
                .for_each(super::cases::Case::interrupted);
        }
        Ok(())
    }
}

async fn accept(
    simulator: &Arc<Simulator>,
    listener: &TcpListener,
    connections: &CancellationToken,
    tracker: &TaskTracker,
) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (simulator, connections) = (Arc::clone(simulator), connections.clone());
                tracker.spawn(async move {
                    tokio::select! {
                        () = connections.cancelled() => {}
                        () = serve(simulator, stream) => {}
                    }
                    drop(slot);
                });
            }
            // Out of descriptors, or a peer that left at once: a pause, then on.
            Err(error) => {
                tracing::warn!(%error, "the simulator could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(simulator: Arc<Simulator>, stream: TcpStream) {
    let service = hyper::service::service_fn(move |request| {
        let simulator = Arc::clone(&simulator);
        async move { respond(&simulator, request).await }
    });
    let ended = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the simulator ended");
    }
}

/// An `Err` cuts the connection without an answer.
async fn respond(
    simulator: &Arc<Simulator>,
    request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let body = tokio::time::timeout(READ_BODY, Limited::new(body, MAX_BODY).collect()).await;
    let body = match body {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return Ok(whole(Answer::text(413, "the body is over 8 MiB or broken"))),
        Err(_) => {
            return Ok(whole(Answer::text(
                408,
                "the body did not come within 20 s",
            )));
        }
    };
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let received = Received {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: content_type
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        body,
    };
    if received.path.starts_with("/_control/") {
        return Ok(whole(control::answer(simulator, &received).await));
    }
    match simulator.dialect.read(&received) {
        Ok(order) => partner(simulator, &received, &order).await,
        Err(answer) => Ok(whole(answer)),
    }
}

/// What a partner does with an order, and what goes wrong on the way.
async fn partner(
    simulator: &Arc<Simulator>,
    received: &Received,
    order: &Order,
) -> io::Result<Response<Body>> {
    let (phase, number) = (order.phase(), order.number().to_owned());
    let nth = simulator.book.lock().occasion(phase, &number);
    let fires = |fault: Fault| simulator.switches.lock().fires(fault, phase, &number, nth);
    if let Some(pause) = fires(Fault::Slow) {
        tokio::time::sleep(pause).await;
    }
    if fires(Fault::DropBefore).is_some() {
        note(
            simulator,
            received,
            &number,
            phase,
            "connection cut before processing",
        );
        return Err(cut());
    }
    if fires(Fault::Http500).is_some() {
        note(simulator, received, &number, phase, "HTTP 500");
        let page =
            "<html><body><h1>HTTP Status 500</h1>java.lang.NullPointerException</body></html>";
        return Ok(whole(Answer {
            content_type: "text/html;charset=ISO-8859-1",
            ..Answer::text(500, page)
        }));
    }
    let refused = fires(Fault::Refuse).map(|_| Verdict::Refused("系统维护,暂停受理".to_owned()));
    let repeatable = super::never(simulator.options.kind, phase, Fault::Forgetful).is_none();
    let verdict = refused.unwrap_or_else(|| {
        let forgetful = repeatable && fires(Fault::Forgetful).is_some();
        process(simulator, order, forgetful)
    });
    let mut answer = simulator.dialect.reply(order, &verdict);
    if fires(Fault::Garbage).is_some() {
        answer.body = GARBAGE.to_vec();
    }
    note(simulator, received, &number, phase, &shown(&answer.body));
    if matches!(verdict, Verdict::Taken) {
        simulator.follow(&number);
    }
    for (fault, restart) in [(Fault::Restart, true), (Fault::RefuseConnection, false)] {
        if let Some(duration) = fires(fault) {
            let ordered = simulator.outages.try_send(Outage { duration, restart });
            tracing::debug!(?ordered, "an outage was ordered");
            return Err(cut());
        }
    }
    if let Some(patience) = fires(Fault::Mute) {
        tokio::time::sleep(patience).await;
        return Err(cut());
    }
    if fires(Fault::Drop).is_some() {
        return Ok(half(&answer));
    }
    Ok(whole(answer))
}

fn process(simulator: &Simulator, order: &Order, forgetful: bool) -> Verdict {
    let now = simulator.clock.now();
    let verdict = simulator.book.lock().handle(order, now, forgetful);
    if let Verdict::Own(own) = &verdict {
        simulator.journal.lock().given(own, order.number());
    }
    verdict
}

/// Keeps the raw request with its answer and writes the case down, before the answer leaves.
fn note(simulator: &Simulator, received: &Received, number: &str, phase: Phase, answer: &str) {
    let request = json!({
        "phase": phase, "at": simulator.clock.now(), "path": received.path,
        "body": shown(&received.body), "answer": answer,
    });
    simulator.book.lock().note(number, request);
    simulator.write_down(number);
}

/// Bytes for people: UTF-8, else GBK, cut at a bound.
pub(super) fn shown(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(KEPT)];
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GBK
            .decode_without_bom_handling(bytes)
            .0
            .into_owned(),
    }
}

fn cut() -> io::Error {
    io::Error::other("the simulator cuts the connection")
}

fn head(answer: &Answer, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
    let content_type = HeaderValue::from_static(answer.content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

fn whole(answer: Answer) -> Response<Body> {
    let body = Full::new(Bytes::from(answer.body.clone()));
    head(
        &answer,
        body.map_err(|never: Infallible| match never {}).boxed(),
    )
}

/// The announced length, half the bytes (sent for sure, hence the pause), then the end of the connection.
fn half(answer: &Answer) -> Response<Body> {
    let first = Bytes::copy_from_slice(&answer.body[..answer.body.len() / 2]);
    let frames = stream::unfold(Some(first), |first| async move {
        match first {
            Some(bytes) if !bytes.is_empty() => Some((Ok(Frame::data(bytes)), Some(Bytes::new()))),
            _ => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Err(cut()), None))
            }
        }
    });
    let mut response = head(answer, BodyExt::boxed(StreamBody::new(frames)));
    let length = HeaderValue::from(answer.body.len());
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}
