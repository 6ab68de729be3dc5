//! The stack of the hot path, as a list ([`Stack::answer`]): what every request passes, in this order, on every listener.

use super::body::{BodyFate, BoundedBody, EdgeBody};
use super::context::{
    ClientAddress, Draining, REQUEST_ID_HEADER, RequestId, RequestIds, RouteTemplate, language_of,
};
use super::credentials::CredentialReader;
use super::crossing::{Crossing, NotTaken};
use super::limit::{AddressKey, KeyedLimiter, Wait};
use super::refusal_pages::{RefusalPages, is_for_a_person};
use super::refusals::{
    RETRY_AFTER_FULL_S, Seen, check_roles, internal, not_found, overloaded, overruled, plain,
    refuse_seen, sent_by_browser, too_large,
};
use super::route::{Endpoint, Route, RouteTable, Target};
use super::settings::ListenerSettings;
use super::texts;
use crate::clock::Clock;
use crate::identity::Principal;
use crate::identity::access::Listener;
use crate::operations::health::Readiness;
use crate::operations::logging;
use crate::operations::metrics::{self, Metrics};
use crate::passthrough::{ForwardCall, Forwarder};
use crate::problem::Problem;
use arc_swap::ArcSwap;
use futures_util::FutureExt;
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request};
use hyper::body::{Body as _, Incoming};
use std::cell::Cell;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// What all cores share: immutable, or limiter cells.
pub(super) struct Shared {
    pub(super) crossing: Crossing,
    pub(super) readers: Vec<Arc<dyn CredentialReader>>,
    pub(super) metrics: Metrics,
    pub(super) readiness: Readiness,
    pub(super) clock: Clock,
    pub(super) draining: CancellationToken,
    pub(super) refusal_pages: Arc<RefusalPages>,
}

/// What the cores share of one listener.
pub(super) struct ListenerShared {
    pub(super) listener: Listener,
    pub(super) live: ArcSwap<Live>,
    pub(super) routes: RouteTable,
    pub(super) by_address: KeyedLimiter<AddressKey>,
    pub(super) by_credential: KeyedLimiter<String>,
}

/// What may change while a listener serves. A connection, and a request, keeps to the one that it began with.
pub(super) struct Live {
    pub(super) settings: ListenerSettings,
    pub(super) tls: Option<TlsAcceptor>,
    /// Connections that one core may hold.
    pub(super) connections_max: usize,
    /// Requests in flight that one core may have.
    pub(super) in_flight_max: usize,
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Peer {
    Address(IpAddr),
    OpsSocket,
}

/// One listener on one core.
pub(super) struct Stack {
    pub(super) shared: Arc<Shared>,
    pub(super) listener: Arc<ListenerShared>,
    pub(super) forwarder: Rc<Forwarder>,
    pub(super) ids: Rc<RequestIds>,
    pub(super) in_flight: Cell<usize>,
}

/// One request on its way down the stack.
struct Call {
    head: request::Parts,
    body: Incoming,
    peer: Peer,
    route: Option<Arc<Route>>,
    live: Arc<Live>,
}

impl Stack {
    /// Every request of this listener. Nothing leaves here without its request id, its count and its log line.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: Peer,
    ) -> Response<EdgeBody> {
        // Request id first: every refusal below names it.
        let call = self.identify(request, peer);
        let seen = Seen::of(
            &call.head.extensions,
            &call.head.method,
            call.route.as_ref(),
            is_for_a_person(&call.head.headers, call.head.uri.path())
                .then_some(&self.shared.refusal_pages),
        );
        // Measure next: it must see what the layers below refuse, and panics too.
        let started = self.shared.clock.instant();
        self.shared.metrics.http_in_flight.inc();
        let outcome = AssertUnwindSafe(self.layers(call)).catch_unwind().await;
        self.shared.metrics.http_in_flight.dec();
        let mut response = outcome
            .unwrap_or_else(|_| Err(self.panicked()))
            .unwrap_or_else(|problem| refuse_seen(problem, &seen));
        if let Some(id) = seen.request_id.header_value() {
            response.headers_mut().insert(REQUEST_ID_HEADER, id);
        }
        let duration = self.shared.clock.instant().duration_since(started);
        self.record(&seen, response.status(), duration);
        response
    }

    async fn layers(&self, mut call: Call) -> Result<Response<EdgeBody>, Problem> {
        // Shed before anything that costs: a full house says so at once.
        let _place = self.shed(&call.live)?;
        // By address before credentials are looked at: guessing tokens is limited too, and checking them costs most.
        self.limit_by_address(&call)?;
        // Who asks; a bad credential is refused, none is anonymous.
        let principal = self.authenticate(&call)?;
        // By credential: one subject behind many addresses.
        self.limit_by_credential(&principal)?;
        // The route exists, has the method, and is for this role.
        let endpoint = self.permit(&call, &principal)?;
        call.head.extensions.insert(principal);
        self.dispatch(call, endpoint).await
    }

    fn identify(&self, request: Request<Incoming>, peer: Peer) -> Call {
        let (mut head, body) = request.into_parts();
        let route = self.listener.routes.find(head.uri.path()).map(Arc::clone);
        let template = route.as_ref().map_or("unmatched", |r| r.template);
        let address = match peer {
            Peer::Address(address) => Some(address.to_canonical()),
            Peer::OpsSocket => None,
        };
        let id = RequestId::of(&head.headers, &self.ids);
        let language = language_of(&head.headers);
        head.extensions.insert(id);
        head.extensions.insert(language);
        head.extensions.insert(RouteTemplate(template));
        head.extensions.insert(ClientAddress(address));
        head.extensions
            .insert(Draining(self.shared.draining.clone()));
        Call {
            head,
            body,
            peer,
            route,
            live: self.listener.live.load_full(),
        }
    }

    fn shed(&self, live: &Live) -> Result<Place<'_>, Problem> {
        if self.in_flight.get() >= live.in_flight_max {
            self.shared
                .metrics
                .shed_total
                .with_label_values(&["in_flight"])
                .inc();
            return Err(overloaded());
        }
        self.in_flight.set(self.in_flight.get() + 1);
        Ok(Place(&self.in_flight))
    }

    fn limit_by_address(&self, call: &Call) -> Result<(), Problem> {
        match call.peer {
            Peer::OpsSocket => Ok(()),
            Peer::Address(address) => {
                let outcome = self.listener.by_address.check(&AddressKey::of(address));
                outcome.map_err(|wait| self.limited("address", wait))
            }
        }
    }

    fn authenticate(&self, call: &Call) -> Result<Principal, Problem> {
        if let Peer::OpsSocket = call.peer {
            return Ok(Principal::operator("ops.sock"));
        }
        for reader in &self.shared.readers {
            if let Some(outcome) = reader.read(self.listener.listener, &call.head) {
                return outcome;
            }
        }
        let trusted = match call.peer {
            Peer::Address(address) => {
                let networks = &call.live.settings.operators_from;
                networks.iter().any(|n| n.contains(address)) && !sent_by_browser(&call.head.headers)
            }
            Peer::OpsSocket => true,
        };
        Ok(if trusted {
            Principal::operator(self.listener.listener.as_str())
        } else {
            Principal::anonymous()
        })
    }

    fn limit_by_credential(&self, principal: &Principal) -> Result<(), Problem> {
        if principal.subject.is_empty() {
            return Ok(());
        }
        let outcome = self.listener.by_credential.check(&principal.subject);
        outcome.map_err(|wait| self.limited("credential", wait))
    }

    fn permit(&self, call: &Call, principal: &Principal) -> Result<EndpointRef, Problem> {
        let upgrade =
            call.head.method == Method::CONNECT || call.head.headers.contains_key(header::UPGRADE);
        if upgrade {
            return Err(Problem::new(
                StatusCode::NOT_IMPLEMENTED,
                texts::UPGRADE_REFUSED,
            ));
        }
        let route = call.route.as_ref().ok_or_else(not_found)?;
        let endpoint = route.endpoint(&call.head.method).ok_or_else(|| {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, texts::METHOD_NOT_ALLOWED)
        })?;
        check_roles(endpoint.roles, principal)?;
        Ok(EndpointRef::of(endpoint))
    }

    async fn dispatch(
        &self,
        call: Call,
        endpoint: EndpointRef,
    ) -> Result<Response<EdgeBody>, Problem> {
        let bounds = &call.live.settings.bounds;
        let body_bytes_max = endpoint.body_bytes_max.unwrap_or(bounds.body_bytes_max);
        match endpoint.target {
            Target::PassThrough => self.pass_through(call).await,
            Target::Room => self.cross(call, body_bytes_max).await,
            Target::Metrics => self.metrics_text(),
            Target::Health => Ok(plain("text/plain; charset=utf-8", "ok\n".to_owned())),
            Target::Ready => Ok(self.ready()),
        }
    }

    /// Across to the rooms and back.
    async fn cross(&self, call: Call, body_bytes_max: u64) -> Result<Response<EdgeBody>, Problem> {
        if call.body.size_hint().lower() > body_bytes_max {
            return Err(too_large(body_bytes_max));
        }
        let fate = Arc::new(BodyFate::default());
        let idle = call.live.settings.timeouts.body_idle;
        let body = if call.body.is_end_stream() {
            axum::body::Body::empty()
        } else {
            let bounded =
                BoundedBody::new(call.body, body_bytes_max, idle, Some(Arc::clone(&fate)));
            axum::body::Body::new(bounded)
        };
        let request = Request::from_parts(call.head, body);
        let mut answer = self
            .shared
            .crossing
            .send(self.listener.listener, request)
            .map_err(|reason| self.not_taken(reason))?;
        loop {
            let pieces = fate.pieces();
            match tokio::time::timeout(self.shared.crossing.answer, &mut answer).await {
                Ok(Ok(response)) => {
                    return overruled(&fate, body_bytes_max, response.map(EdgeBody::from));
                }
                Ok(Err(_gone)) => return Err(self.not_taken(NotTaken::Closed)),
                Err(_elapsed) if fate.pieces() == pieces => {
                    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::NO_ANSWER);
                    return Err(problem.retry_after(RETRY_AFTER_FULL_S));
                }
                // A long upload makes progress: keep waiting.
                Err(_elapsed) => {}
            }
        }
    }

    async fn pass_through(&self, call: Call) -> Result<Response<EdgeBody>, Problem> {
        let Call {
            head, body, live, ..
        } = call;
        let forward = ForwardCall {
            head,
            body,
            tls: live.settings.tls.is_some(),
            body_idle: live.settings.timeouts.body_idle,
        };
        self.forwarder.forward(forward).await
    }

    fn metrics_text(&self) -> Result<Response<EdgeBody>, Problem> {
        let text = self.shared.metrics.render().map_err(|_| internal())?;
        Ok(plain(metrics::CONTENT_TYPE, text))
    }

    fn ready(&self) -> Response<EdgeBody> {
        let report = self.shared.readiness.report();
        let text = serde_json::to_string(&report).unwrap_or_default();
        let mut response = plain("application/json", text);
        if !report.ready {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            let seconds = HeaderValue::from(RETRY_AFTER_FULL_S);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }

    fn limited(&self, scope: &str, wait: Wait) -> Problem {
        self.shared
            .metrics
            .rate_limited_total
            .with_label_values(&[scope])
            .inc();
        Problem::new(StatusCode::TOO_MANY_REQUESTS, texts::RATE_LIMITED).retry_after(wait.seconds)
    }

    fn not_taken(&self, reason: NotTaken) -> Problem {
        match reason {
            NotTaken::Full => {
                self.shared
                    .metrics
                    .shed_total
                    .with_label_values(&["rooms"])
                    .inc();
                overloaded()
            }
            NotTaken::Closed => Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::STOPPING)
                .retry_after(RETRY_AFTER_FULL_S),
        }
    }

    fn panicked(&self) -> Problem {
        self.shared.metrics.http_panics_total.inc();
        tracing::error!("the edge panicked while it answered a request; the request got 500");
        internal()
    }

    fn record(&self, seen: &Seen, status: StatusCode, duration: std::time::Duration) {
        let route = seen
            .route
            .as_ref()
            .unwrap_or(&self.listener.routes.unmatched);
        route.metrics.answered(status, duration.as_secs_f64());
        logging::request_line(
            self.listener.listener.as_str(),
            &seen.method,
            route.template,
            status,
            duration,
            seen.request_id.as_str(),
        );
    }

    /// A request that hyper refused before it became one (style 4.5): counted like any other.
    pub(super) fn count_malformed(&self, status: StatusCode) {
        self.listener.routes.malformed.count(status);
    }
}

/// What is needed of an endpoint after the borrow of its route.
struct EndpointRef {
    target: Target,
    body_bytes_max: Option<u64>,
}

impl EndpointRef {
    fn of(endpoint: &Endpoint) -> Self {
        Self {
            target: endpoint.target,
            body_bytes_max: endpoint.body_bytes_max,
        }
    }
}

/// A place among the requests in flight.
struct Place<'a>(&'a Cell<usize>);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
