//! The edge over real sockets. [`House`] starts one on ephemeral ports with the rooms of [`rooms`]; [`Peer`] speaks HTTP byte by
//! byte, so that a test can be as rude as it needs. Time-outs are set to [`SHORT`]; whoever waits for one waits at most [`LONG`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should say where"
)]

mod connections;
mod crossings;
mod drains;
mod limits;
mod passing;
mod passing_faults;
mod peer;
mod secure;

use super::*;
use crate::identity::Principal;
use crate::outbound::{Connector, OutboundSettings};
use crate::passthrough::UpstreamSystem;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::StreamExt;
use http::{Method, StatusCode};
use peer::Peer;
use std::sync::atomic::AtomicBool;
use tokio::sync::Notify;

/// A time-out under test.
const SHORT: Duration = Duration::from_millis(300);

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// What the test rooms share with their test.
#[derive(Clone, Default)]
struct RoomState {
    /// `items/wait` waits for it.
    go: Arc<Notify>,
    /// `items/wait` has begun.
    begun: Arc<Notify>,
    /// `items/wait` was dropped before its end.
    cancelled: Arc<AtomicBool>,
}

/// An edge with its control plane.
struct House {
    edge: Option<RunningEdge>,
    control: tokio::runtime::Runtime,
    passthrough: Arc<Passthrough>,
    metrics: Metrics,
    readiness: Readiness,
    rooms: RoomState,
    clock: Clock,
}

/// What a test changes before the house starts.
struct Plan {
    public: ListenerSettings,
    operations: ListenerSettings,
    rooms: RoomsSettings,
    readers: Vec<Arc<dyn CredentialReader>>,
    ops_socket: Option<PathBuf>,
}

impl House {
    fn start(change: impl FnOnce(&mut Plan)) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let mut plan = Plan {
            public: ListenerSettings::at(any),
            operations: ListenerSettings::operations_at(any),
            rooms: RoomsSettings::default(),
            readers: Vec::new(),
            ops_socket: None,
        };
        change(&mut plan);
        let control = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let metrics = Metrics::new().unwrap();
        let outbound = OutboundSettings {
            allow: vec!["127.0.0.0/8".parse().unwrap()],
            extra_roots: Vec::new(),
        };
        let connector = Connector::new(&outbound).unwrap();
        let passthrough = Arc::new(Passthrough::new(connector, metrics.clone()));
        let rooms = RoomState::default();
        let readiness = Readiness::new();
        let clock = Clock::system();
        let parts = EdgeParts {
            crossing: Rooms::new(vec![public_room(&rooms)], plan.rooms)
                .unwrap()
                .run(control.handle(), &metrics),
            passthrough: Arc::clone(&passthrough),
            readers: plan.readers,
            metrics: metrics.clone(),
            readiness: readiness.clone(),
            clock: clock.clone(),
            entropy: Entropy::system(),
            refusal_pages: crate::edge::RefusalPages::default(),
        };
        let settings = EdgeSettings {
            cores: 1,
            listeners: vec![
                (Listener::Public, plan.public),
                (Listener::Operations, plan.operations),
            ],
            ops_socket: plan.ops_socket,
        };
        let edge = Edge::start(&settings, parts, control.handle()).unwrap();
        Self {
            edge: Some(edge),
            control,
            passthrough,
            metrics,
            readiness,
            rooms,
            clock,
        }
    }

    fn address(&self, listener: Listener) -> SocketAddr {
        let addresses = &self.edge.as_ref().unwrap().addresses;
        addresses.iter().find(|(l, _)| *l == listener).unwrap().1
    }

    fn public(&self) -> Peer {
        Peer::connect(self.address(Listener::Public))
    }

    fn operations(&self) -> Peer {
        Peer::connect(self.address(Listener::Operations))
    }

    fn systems(&self, systems: Vec<UpstreamSystem>) {
        self.passthrough.replace(systems).unwrap();
    }

    /// Waits until a line of the metrics is there.
    fn await_metric(&self, line: &str) {
        let started = self.clock.instant();
        loop {
            let text = self.metrics.render().unwrap();
            if text.lines().any(|l| l == line) {
                return;
            }
            let waited = self.clock.instant().duration_since(started);
            let near = || {
                let name = line.split('{').next().unwrap();
                let lines: Vec<_> = text.lines().filter(|l| l.contains(name)).collect();
                lines.join("\n")
            };
            assert!(waited < LONG, "no line {line} in\n{}", near());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn await_begun(&self) {
        let begun = Arc::clone(&self.rooms.begun);
        self.control
            .block_on(async { tokio::time::timeout(LONG, begun.notified()).await })
            .expect("the room did not begin");
    }
}

/// The rooms of the tests, on routes of the table.
fn public_room(state: &RoomState) -> RoomRoutes {
    let generous = RouteBounds {
        body_bytes_max: Some(64 * 1024 * 1024),
    };
    RoomRoutes::<RoomState>::new(Listener::Public)
        .route(Method::GET, "/api/v1/items", who)
        .route(Method::GET, "/api/v1/items/{code}", behave)
        .route(Method::POST, "/api/v1/applications", length)
        .route_with(Method::POST, "/api/v1/materials", generous, measure)
        .with_state(state.clone())
}

/// What the edge handed on.
async fn who(request: axum::extract::Request) -> String {
    let extensions = request.extensions();
    let principal: &Principal = extensions.get().unwrap();
    let id: &RequestId = extensions.get().unwrap();
    let address: &ClientAddress = extensions.get().unwrap();
    let language: &crate::text::Language = extensions.get().unwrap();
    let template: &RouteTemplate = extensions.get().unwrap();
    format!(
        "{:?} {} {} {:?} {:?} {}",
        principal.kind,
        principal.subject,
        id.as_str(),
        address.0,
        language,
        template.0
    )
}

/// Does what the path says.
async fn behave(State(state): State<RoomState>, Path(code): Path<String>) -> Response {
    let mut response = Response::new(Body::empty());
    match code.as_str() {
        "panic" => panic!("as asked"),
        "wait" => {
            let mut guard = CancelFlag(Some(Arc::clone(&state.cancelled)));
            state.begun.notify_one();
            state.go.notified().await;
            guard.0 = None;
            *response.body_mut() = Body::from("waited");
        }
        "never" => std::future::pending().await,
        "stream" => {
            let pieces = futures_util::stream::repeat(Bytes::from(vec![7u8; 16 * 1024])).take(640);
            *response.body_mut() = Body::from_stream(pieces.map(Ok::<_, std::io::Error>));
        }
        "cut" => {
            let half = futures_util::stream::once(async { Ok(Bytes::from_static(b"half")) });
            let broken = futures_util::stream::once(async move {
                state.go.notified().await;
                Err(std::io::Error::other("gone"))
            });
            *response.body_mut() = Body::from_stream(half.chain(broken));
        }
        "events" => {
            let first =
                futures_util::stream::once(async { Ok(Bytes::from_static(b"data: 1\n\n")) });
            let endless = first.chain(futures_util::stream::pending::<Result<_, std::io::Error>>());
            *response.body_mut() = Body::from_stream(endless);
            let event_stream = http::HeaderValue::from_static("text/event-stream");
            response
                .headers_mut()
                .insert(http::header::CONTENT_TYPE, event_stream);
        }
        _ => *response.status_mut() = StatusCode::NO_CONTENT,
    }
    response
}

struct CancelFlag(Option<Arc<AtomicBool>>);

impl Drop for CancelFlag {
    fn drop(&mut self) {
        if let Some(flag) = &self.0 {
            flag.store(true, Ordering::Release);
        }
    }
}

async fn length(body: Bytes) -> String {
    body.len().to_string()
}

/// Counts without keeping.
async fn measure(body: Body) -> Result<String, StatusCode> {
    let mut stream = body.into_data_stream();
    let mut sum = 0;
    while let Some(piece) = stream.next().await {
        sum += piece.map_err(|_| StatusCode::IM_A_TEAPOT)?.len();
    }
    Ok(sum.to_string())
}
