//! One request through: limits → breaker → connection → request → answer.

use super::Passthrough;
use super::breaker::{Admission, Change};
use super::headers::{for_caller, for_upstream};
use super::path::{rest, split, upstream_uri};
use super::pool::{Pool, PoolFault, Pooled, Want};
use super::table::System;
use crate::clock::Clock;
use crate::edge::body::{BodyCut, BodyFate, BoundedBody, EdgeBody, Held};
use crate::edge::{check_roles, texts};
use crate::identity::Principal;
use crate::problem::Problem;
use governor::clock::{Clock as _, DefaultClock};
use http::{Method, Request, Response, StatusCode, Uri, request};
use http_body::Body as _;
use hyper::body::Incoming;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A request for `/systems/{id}/…`.
pub(crate) struct ForwardCall {
    /// Its head, with what the edge knows in its extensions.
    pub(crate) head: request::Parts,
    /// Its body.
    pub(crate) body: Incoming,
    /// Whether the caller came over TLS.
    pub(crate) tls: bool,
    /// How long the caller may pause within its body.
    pub(crate) body_idle: Duration,
}

/// The proxy of one core.
pub(crate) struct Forwarder {
    shared: Arc<Passthrough>,
    pool: Rc<Pool>,
    clock: Clock,
    cores: usize,
}

/// Whose fault it was that there is no answer.
#[derive(Debug)]
enum Failure {
    /// The upstream's: counts for the breaker. The text is for the log.
    Upstream(Problem, String),
    /// The caller's, or nobody's.
    Caller(Problem),
}

impl Forwarder {
    /// Must be made inside the core's `LocalSet`.
    pub(crate) fn new(shared: Arc<Passthrough>, clock: Clock, cores: usize) -> Rc<Self> {
        let pool = Pool::new(shared.connector.clone(), cores);
        Rc::new(Self {
            shared,
            pool,
            clock,
            cores,
        })
    }

    /// Forwards.
    ///
    /// # Errors
    /// A problem with a stable code: the gateway's own refusals, 502, 503, 504.
    pub(crate) async fn forward(&self, call: ForwardCall) -> Result<Response<EdgeBody>, Problem> {
        let system = self.system(&call)?;
        let rest = rest(call.head.uri.path())?;
        let uri = upstream_uri(&system, rest, call.head.uri.query())?;
        let held = self.admit(&system)?;
        let admission = system.breaker.admit(self.clock.instant());
        if let Admission::Rest(rest) = admission {
            let seconds = u32::try_from(rest.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::UPSTREAM_RESTING);
            return Err(problem.retry_after(seconds.max(1)));
        }
        system.breaker_state.set(system.breaker.gauge());
        match self.exchange(&system, call, uri, held).await {
            Ok(response) => {
                self.judge(&system, response.status());
                Ok(response)
            }
            Err(Failure::Upstream(problem, reason)) => {
                self.failed(&system, &reason);
                Err(problem)
            }
            Err(Failure::Caller(problem)) => {
                if admission == Admission::Probe {
                    // Nothing was learnt of the upstream: the next request is the probe.
                    system.breaker.probe_lost(self.clock.instant());
                }
                Err(problem)
            }
        }
    }

    fn system(&self, call: &ForwardCall) -> Result<Arc<System>, Problem> {
        let unknown = || Problem::new(StatusCode::NOT_FOUND, texts::UNKNOWN_SYSTEM);
        let (id, _) = split(call.head.uri.path()).ok_or_else(unknown)?;
        let table = self.shared.table.load();
        let system = table.find(id).ok_or_else(unknown)?;
        let anonymous = Principal::anonymous();
        let principal = call.head.extensions.get().unwrap_or(&anonymous);
        check_roles(&system.settings.roles, principal)?;
        if call.body.size_hint().lower() > system.settings.body_bytes_max {
            return Err(too_large(&system.settings));
        }
        Ok(Arc::clone(system))
    }

    fn admit(&self, system: &System) -> Result<Held, Problem> {
        if let Err(not_until) = system.rate.check() {
            self.shared
                .metrics
                .rate_limited_total
                .with_label_values(&["system"])
                .inc();
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, texts::RATE_LIMITED);
            return Err(problem.retry_after(seconds.max(1)));
        }
        Held::take(&system.in_flight, system.settings.limits.concurrency_max)
            .ok_or_else(|| self.busy())
    }

    fn busy(&self) -> Problem {
        self.shared
            .metrics
            .shed_total
            .with_label_values(&["system"])
            .inc();
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::UPSTREAM_BUSY).retry_after(1)
    }

    async fn exchange(
        &self,
        system: &System,
        call: ForwardCall,
        uri: Uri,
        held: Held,
    ) -> Result<Response<EdgeBody>, Failure> {
        let fate = Arc::new(BodyFate::default());
        let ForwardCall {
            head,
            body,
            tls,
            body_idle,
        } = call;
        let bodiless = body.is_end_stream();
        let body = if bodiless {
            EdgeBody::Empty
        } else {
            let bytes_max = system.settings.body_bytes_max;
            EdgeBody::Wire(
                BoundedBody::new(body, bytes_max, body_idle, Some(Arc::clone(&fate))),
                None,
            )
        };
        let replayable = bodiless && is_idempotent(&head.method);
        let request = |body| upstream_request(&head, &uri, system, tls, body);

        let first = self.take(system, Want::Any).await?;
        let (response, pooled) = match self.send(system, first, request(body), &fate).await {
            Ok(answered) => answered,
            Err(broken) => {
                let again = match broken.retry {
                    Retry::Unsent(request) => *request,
                    Retry::Silent if replayable => request(EdgeBody::Empty),
                    Retry::Silent | Retry::Never => return Err(broken.failure),
                };
                let fresh = self.take(system, Want::Fresh).await?;
                let sent = self.send(system, fresh, again, &fate).await;
                sent.map_err(|broken| broken.failure)?
            }
        };
        Pool::give_back(pooled, system.settings.pool, self.cores);
        answer(system, response, held)
    }

    async fn take(&self, system: &System, want: Want) -> Result<Pooled, Failure> {
        let settings = &system.settings;
        let taken = self
            .pool
            .take(
                &system.target,
                &settings.pool,
                settings.timeouts.connect,
                want,
            )
            .await;
        taken.map_err(|fault| match fault {
            PoolFault::Busy => Failure::Caller(self.busy()),
            PoolFault::Connect(fault) => Failure::Upstream(
                Problem::new(StatusCode::BAD_GATEWAY, texts::UPSTREAM_UNREACHABLE),
                fault.to_string(),
            ),
        })
    }

    /// One attempt on one connection.
    async fn send(
        &self,
        system: &System,
        mut pooled: Pooled,
        request: Request<EdgeBody>,
        fate: &BodyFate,
    ) -> Result<(Response<Incoming>, Pooled), Broken> {
        let before = pooled.received.get();
        let mut sent = std::pin::pin!(pooled.sender.try_send_request(request));
        let outcome = loop {
            let pieces = fate.pieces();
            match tokio::time::timeout(system.settings.timeouts.answer, sent.as_mut()).await {
                Ok(outcome) => break outcome,
                Err(_elapsed) if fate.pieces() == pieces => return Err(Broken::too_late(system)),
                // A long upload makes progress: keep waiting.
                Err(_elapsed) => {}
            }
        };
        match outcome {
            Ok(response) => Ok((response, pooled)),
            Err(mut error) => {
                let unsent = error.take_message();
                let silent = pooled.received.get() == before;
                let retry = match unsent {
                    Some(request) if pooled.reused => Retry::Unsent(Box::new(request)),
                    None if pooled.reused && silent => Retry::Silent,
                    _ => Retry::Never,
                };
                Err(Broken {
                    retry,
                    failure: failure_of(system, fate, error.into_error()),
                })
            }
        }
    }

    /// An answer that says "not now" counts as a failure of the upstream, any other as its health.
    fn judge(&self, system: &System, status: StatusCode) {
        if matches!(status.as_u16(), 502..=504) {
            self.failed(system, &format!("it answered {}", status.as_u16()));
        } else if let Some(Change::Closed) = system.breaker.succeeded() {
            tracing::info!(
                system = system.settings.id,
                "a system answers again; its breaker is closed"
            );
            system.breaker_state.set(system.breaker.gauge());
        }
    }

    fn failed(&self, system: &System, reason: &str) {
        if let Some(Change::Opened { failures }) = system.breaker.failed(self.clock.instant()) {
            let rest = system.settings.breaker.rest;
            tracing::warn!(
                system = system.settings.id,
                failures,
                reason,
                "a system failed too often in a row; it is left alone for {rest:?}"
            );
        }
        system.breaker_state.set(system.breaker.gauge());
    }
}

/// What may be done after an attempt without an answer.
enum Retry {
    /// Nothing was sent.
    Unsent(Box<Request<EdgeBody>>),
    /// Sent on a reused connection that closed without a byte: most likely its keep-alive had ended.
    Silent,
    Never,
}

struct Broken {
    retry: Retry,
    failure: Failure,
}

impl Broken {
    fn too_late(system: &System) -> Self {
        let within = system.settings.timeouts.answer;
        Self {
            retry: Retry::Never,
            failure: Failure::Upstream(
                Problem::new(StatusCode::GATEWAY_TIMEOUT, texts::UPSTREAM_TIMEOUT),
                format!("no answer within {within:?}"),
            ),
        }
    }
}

fn failure_of(system: &System, fate: &BodyFate, error: hyper::Error) -> Failure {
    match fate.cut() {
        Some(BodyCut::TooLarge { .. }) => Failure::Caller(too_large(&system.settings)),
        Some(BodyCut::TooSlow) => Failure::Caller(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            texts::BODY_TOO_SLOW,
        )),
        Some(BodyCut::Gone) => Failure::Caller(Problem::new(
            StatusCode::BAD_REQUEST,
            texts::MALFORMED_REQUEST,
        )),
        None => Failure::Upstream(
            Problem::new(StatusCode::BAD_GATEWAY, texts::UPSTREAM_BROKEN),
            error.to_string(),
        ),
    }
}

fn too_large(settings: &super::UpstreamSystem) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, texts::BODY_TOO_LARGE)
        .detail(format!("bytes_max {}", settings.body_bytes_max))
}

/// RFC 9110, section 9.2.2; TRACE is not forwarded for its own sake.
fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
    )
}

fn upstream_request(
    head: &request::Parts,
    uri: &Uri,
    system: &System,
    tls: bool,
    body: EdgeBody,
) -> Request<EdgeBody> {
    let mut request = Request::new(body);
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = for_upstream(head, system, tls);
    request
}

fn answer(
    system: &System,
    response: Response<Incoming>,
    held: Held,
) -> Result<Response<EdgeBody>, Failure> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failure::Upstream(
            Problem::new(StatusCode::BAD_GATEWAY, texts::UPSTREAM_BROKEN),
            "it switched protocols without being asked".to_owned(),
        ));
    }
    let (mut head, body) = response.into_parts();
    for_caller(&mut head.headers);
    // What hyper knows of the upstream's connection is not the caller's.
    head.extensions.clear();
    head.version = http::Version::HTTP_11;
    let body = if body.is_end_stream() {
        EdgeBody::Empty
    } else {
        let idle = system.settings.timeouts.body_idle;
        EdgeBody::Wire(BoundedBody::new(body, u64::MAX, idle, None), Some(held))
    };
    Ok(Response::from_parts(head, body))
}
