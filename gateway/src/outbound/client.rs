//! One call, one connection: delivery sends seldom enough that certainty about what was sent is worth a handshake.

use super::connect::{ConnectFault, Connection, Connector, Target};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tongban_adapters::exchange::{WireReply, WireRequest};

/// Bytes of a reply's head.
const REPLY_HEAD_BYTES_MAX: usize = 64 * 1024;

/// Header lines of a reply.
const REPLY_HEADERS_MAX: usize = 200;

/// How long a call may take. `idle` counts from the last byte in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name, TCP and TLS together.
    pub connect: Duration,
    /// Without any progress.
    pub idle: Duration,
    /// All of it.
    pub total: Duration,
}

/// Why there is no complete answer.
#[derive(thiserror::Error)]
pub enum OutboundError {
    /// Nothing of the request has reached the wire: sending again cannot double anything.
    #[error("not sent: {reason}")]
    NotSent {
        /// Who did what wrong.
        reason: String,
    },
    /// Sent, at least partly, and not answered completely: the partner may have acted on it. Ask before sending again.
    #[error("sent, outcome unknown: {cause}")]
    OutcomeUnknown {
        /// What happened.
        cause: UnknownCause,
        /// What came of an answer: status and headers when its head was complete, and the body so far (status 0 and no headers
        /// when not).
        received: Box<WireReply>,
    },
}

/// Without what was received: it can hold personal data.
impl std::fmt::Debug for OutboundError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// What happened after a request was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCause {
    /// No progress for `idle`.
    #[error("nothing came for {0:?}")]
    Idle(Duration),
    /// `total` is over.
    #[error("no complete answer within {0:?}")]
    Total(Duration),
    /// Reset, closed before the end, or not HTTP.
    #[error("the answer broke off: {0}")]
    Broken(String),
    /// The answer is larger than the caller takes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

/// The client of the control plane; clones share TLS sessions.
#[derive(Debug, Clone)]
pub struct OutboundClient {
    connector: Connector,
}

impl OutboundClient {
    /// Over `connector`.
    #[must_use]
    pub fn new(connector: Connector) -> Self {
        Self { connector }
    }

    /// Sends a request and reads the whole answer, of at most `max_reply_bytes` of body. Redirects are answers.
    ///
    /// # Errors
    /// [`OutboundError`], which tells whether anything was sent.
    pub async fn send(
        &self,
        request: &WireRequest,
        deadlines: Deadlines,
        max_reply_bytes: usize,
    ) -> Result<WireReply, OutboundError> {
        let (target, request) = prepare(request)?;
        let progress = Arc::new(Progress::default());
        let mut received = nothing_received();
        let exchange = self.exchange(
            &target,
            request,
            deadlines,
            max_reply_bytes,
            &progress,
            &mut received,
        );
        let outcome = tokio::select! {
            outcome = exchange => outcome,
            () = tokio::time::sleep(deadlines.total) => Err(Broken::Cause(UnknownCause::Total(deadlines.total))),
        };
        match outcome {
            Ok(()) => Ok(received),
            Err(Broken::NotSent(reason)) => Err(OutboundError::NotSent { reason }),
            Err(Broken::Cause(cause)) if progress.written() == 0 => Err(OutboundError::NotSent {
                reason: cause.to_string(),
            }),
            Err(Broken::Cause(cause)) => Err(OutboundError::OutcomeUnknown {
                cause,
                received: Box::new(received),
            }),
        }
    }

    async fn exchange(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
        deadlines: Deadlines,
        max_reply_bytes: usize,
        progress: &Arc<Progress>,
        received: &mut WireReply,
    ) -> Result<(), Broken> {
        let connection = self.connector.connect(target, deadlines.connect).await?;
        let io = TokioIo::new(Watched {
            inner: connection,
            progress: Arc::clone(progress),
        });
        let (mut sender, driver) = http1::Builder::new()
            .max_headers(REPLY_HEADERS_MAX)
            .max_header_size(REPLY_HEAD_BYTES_MAX)
            .max_buf_size(REPLY_HEAD_BYTES_MAX)
            .handshake(io)
            .await
            .map_err(|e| Broken::NotSent(e.to_string()))?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            read_reply(response, max_reply_bytes, received).await
        };
        let driver = async {
            // Its error reaches the exchange as well, which tells it better.
            let _ = driver.await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            outcome = exchange => outcome,
            () = driver => Err(Broken::Cause(UnknownCause::Broken("closed".to_owned()))),
            () = progress.stalls(deadlines.idle) => Err(Broken::Cause(UnknownCause::Idle(deadlines.idle))),
        }
    }
}

enum Broken {
    NotSent(String),
    Cause(UnknownCause),
}

impl From<ConnectFault> for Broken {
    fn from(fault: ConnectFault) -> Self {
        Self::NotSent(fault.to_string())
    }
}

fn broken(error: hyper::Error) -> Broken {
    let cause = std::error::Error::source(&error).map_or_else(String::new, |s| format!(": {s}"));
    Broken::Cause(UnknownCause::Broken(format!("{error}{cause}")))
}

fn nothing_received() -> WireReply {
    WireReply {
        status: 0,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// Headers that belong to the connection or that the client computes from the body.
const OWN_HEADERS: [HeaderName; 7] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::EXPECT,
];

/// The wire form: origin-form target, `Host`, one connection, the exact body.
fn prepare(wire: &WireRequest) -> Result<(Target, Request<Full<Bytes>>), OutboundError> {
    let fault = |reason: String| OutboundError::NotSent { reason };
    let uri: http::Uri = wire
        .url
        .parse()
        .map_err(|e| fault(format!("the address of the request is none: {e}")))?;
    let target = Target::of(&uri).ok_or_else(|| {
        fault("the address of the request is not absolute, or neither http nor https".to_owned())
    })?;
    let method: http::Method = wire
        .method
        .parse()
        .map_err(|_| fault("the method of the request is none".to_owned()))?;
    if method == http::Method::CONNECT {
        return Err(fault("CONNECT is never sent".to_owned()));
    }
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let mut request = Request::new(Full::new(Bytes::from(wire.body.clone())));
    *request.method_mut() = method;
    *request.uri_mut() = path
        .parse()
        .map_err(|e| fault(format!("the path of the request is none: {e}")))?;
    let headers = request.headers_mut();
    let host = HeaderValue::from_str(&target.host_header());
    headers.insert(header::HOST, host.map_err(|e| fault(e.to_string()))?);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    for (name, value) in &wire.headers {
        // Never the value in the error: it may be a credential.
        let refused = || fault(format!("the header {name:?} of the request is not valid"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        if OWN_HEADERS.contains(&header) {
            continue;
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| refused())?;
        headers.append(header, value);
    }
    Ok((target, request))
}

/// Reads into `received` as it comes, so that what came is known when the rest does not.
async fn read_reply(
    response: Response<Incoming>,
    max_reply_bytes: usize,
    received: &mut WireReply,
) -> Result<(), Broken> {
    let (head, mut body) = response.into_parts();
    received.status = head.status.as_u16();
    received.headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(broken)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        let room = max_reply_bytes - received.body.len();
        received
            .body
            .extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Err(Broken::Cause(UnknownCause::TooLarge(max_reply_bytes)));
        }
    }
    Ok(())
}

/// Bytes that have passed.
#[derive(Debug, Default)]
struct Progress {
    written: AtomicU64,
    read: AtomicU64,
}

impl Progress {
    fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    fn sum(&self) -> u64 {
        self.written() + self.read.load(Ordering::Acquire)
    }

    /// Ends once nothing has passed for `idle`.
    async fn stalls(&self, idle: Duration) {
        let mut seen = self.sum();
        loop {
            tokio::time::sleep(idle).await;
            let now = self.sum();
            if now == seen {
                return;
            }
            seen = now;
        }
    }
}

/// A connection whose bytes are counted. A write counts before it is tried: a partial failure must read as "sent".
struct Watched {
    inner: Connection,
    progress: Arc<Progress>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(cx, buf);
        let read = (buf.filled().len() - before) as u64;
        self.progress.read.fetch_add(read, Ordering::AcqRel);
        outcome
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, buf);
        let written = match &outcome {
            Poll::Ready(Ok(bytes)) => *bytes as u64,
            // TLS may have put a record on the wire before it failed.
            Poll::Ready(Err(_)) => 1,
            Poll::Pending => 0,
        };
        self.progress.written.fetch_add(written, Ordering::AcqRel);
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
