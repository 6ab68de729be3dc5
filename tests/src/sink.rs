//! A receiver of HTTP calls that keeps each of them: an SMS gateway or a subscriber, as the path says.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A call as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// Path and query.
    pub path: String,
    /// Headers.
    pub headers: http::HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Call {
    /// A header as text; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// The receiver. A path with `hang` is never answered, one with `put-off` gets 503 the first time, one with `refuse` gets it always;
/// every other gets 200 and `{"code": 0}`.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Sink {
    /// Starts one; it ends with the test's runtime.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap_or_else(|e| panic!("no listener for the sink: {e}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|e| panic!("no address of the sink: {e}"));
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let kept = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                let service = service_fn(move |request| answer(request, Arc::clone(&kept)));
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, calls }
    }

    /// Calls to a path so far.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn calls(&self, path: &str) -> Vec<Call> {
        let all = self
            .calls
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        all.iter()
            .filter(|call| call.path == path)
            .cloned()
            .collect()
    }
}

async fn answer(
    request: http::Request<Incoming>,
    kept: Arc<Mutex<Vec<Call>>>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let path = head.uri.to_string();
    let before = {
        let mut kept = kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = kept.iter().filter(|call| call.path == path).count();
        kept.push(Call {
            path: path.clone(),
            headers: head.headers,
            body,
        });
        before
    };
    if path.contains("hang") {
        tokio::time::sleep(Duration::from_secs(120)).await;
    }
    let mut response = http::Response::new(Full::from("{\"code\": 0}"));
    if path.contains("refuse") || (path.contains("put-off") && before == 0) {
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}
