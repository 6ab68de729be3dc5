//! The HTTP of an object store: `object_store` makes and signs requests, this sends them, by our own connector (its TLS trust, its address
//! policy), over connections that are kept.

use super::connect::{ConnectFault, Connection, Connector, Target};
use bytes::Bytes;
use http::{Method, Uri};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connected;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// Connections that are kept while nobody uses them, and for how long.
const IDLE_CONNECTIONS_MAX: usize = 16;
const IDLE_MAX: Duration = Duration::from_secs(15);

/// Bytes of an answer that is no object: a page of a listing is well below it, words of a fault are far below.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// Sends the requests of an object store.
#[derive(Debug, Clone)]
pub struct ObjectHttp {
    client: Client<ToStorage, HttpRequestBody>,
    answer: Duration,
}

impl ObjectHttp {
    /// Over `connector`. `connect`: name, TCP and TLS; `answer`: one request until the head of its answer, and any wait within the rest.
    #[must_use]
    pub fn new(connector: Connector, connect: Duration, answer: Duration) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(ToStorage {
                connector,
                deadline: connect,
            });
        Self { client, answer }
    }
}

impl HttpConnector for ObjectHttp {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait::async_trait]
impl HttpService for ObjectHttp {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let asks_object = request.method() == Method::GET && request.uri().query().is_none();
        let answer = tokio::time::timeout(self.answer, self.client.request(request)).await;
        let answer = answer
            .map_err(|_| HttpError::new(HttpErrorKind::Timeout, Silent(self.answer)))?
            .map_err(|error| {
                let kind = match error.is_connect() {
                    true => HttpErrorKind::Connect,
                    false => HttpErrorKind::Interrupted,
                };
                HttpError::new(kind, error)
            })?;
        let (head, body) = answer.into_parts();
        let bounded = !asks_object || !head.status.is_success();
        let body = Bounded {
            body,
            idle: self.answer,
            wait: None,
            left: bounded.then_some(ANSWER_BYTES_MAX),
        };
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(body)))
    }
}

/// Nothing came in time.
#[derive(Debug, thiserror::Error)]
#[error("nothing came for {0:?}")]
struct Silent(Duration);

/// An answer without end.
#[derive(Debug, thiserror::Error)]
#[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
struct TooLarge;

/// The body of an answer: a wait within it has an end, and so has one that is no object.
struct Bounded {
    body: Incoming,
    idle: Duration,
    /// Since somebody waits: a reader that is slow itself is no fault of the storage.
    wait: Option<Pin<Box<Sleep>>>,
    left: Option<u64>,
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            let idle = self.idle;
            let wait = self
                .wait
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
            ready!(wait.as_mut().poll(context));
            let silent = HttpError::new(HttpErrorKind::Timeout, Silent(self.idle));
            return Poll::Ready(Some(Err(silent)));
        };
        self.wait = None;
        let frame =
            frame.map(|frame| frame.map_err(|e| HttpError::new(HttpErrorKind::Interrupted, e)));
        if let (Some(Ok(frame)), Some(left)) = (&frame, self.left) {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            let Some(left) = left.checked_sub(bytes) else {
                let fault = HttpError::new(HttpErrorKind::Decode, TooLarge);
                return Poll::Ready(Some(Err(fault)));
            };
            self.left = Some(left);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Makes connections for the pool.
#[derive(Debug, Clone)]
struct ToStorage {
    connector: Connector,
    deadline: Duration,
}

/// No connection to the storage.
#[derive(Debug, thiserror::Error)]
enum Unconnected {
    #[error("its address is neither http nor https")]
    Address,
    #[error(transparent)]
    Fault(#[from] ConnectFault),
}

impl tower::Service<Uri> for ToStorage {
    type Response = TokioIo<Connection>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connector, deadline) = (self.connector.clone(), self.deadline);
        Box::pin(async move {
            let target = Target::of(&uri).ok_or(Unconnected::Address)?;
            let connection = connector.connect(&target, deadline).await;
            Ok(TokioIo::new(connection.map_err(Unconnected::Fault)?))
        })
    }
}

impl hyper_util::client::legacy::connect::Connection for Connection {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}
