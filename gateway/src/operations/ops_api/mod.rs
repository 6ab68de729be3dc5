//! The operators' interface `/ops/v1` (运维接口): deliveries seen and mended, systems paused, rejected feedback shown, the gateway drained.
//!
//! Invariants: operators only, by `ops.sock` or the operations listener; every change carries its reason into an audit record in
//! the same transaction; a bulk job is begun from its preview alone and never means everything; of personal data nothing is
//! shown but the exact bytes of an attempt, one delivery at a time.

pub mod audit;
mod clocks;
mod deliveries;
pub mod examination;
mod filter;
mod jobs;
mod keys;
mod notifications;
mod overview;
mod previews;
mod running;
mod seen;
pub mod texts;
pub mod wire;
pub mod wire_clocks;
pub mod wire_jobs;
pub mod wire_keys;

pub use previews::Previews;

use crate::clock::Clock;
use crate::edge::{RequestId, RoomRoutes, RouteBounds, refuse};
use crate::entropy::Entropy;
use crate::identity::Principal;
use crate::identity::access::Listener;
use crate::installation::reload::Reloader;
use crate::intake::json;
use crate::intake::origin::kind_word;
use crate::operations::key_book::KeyBook;
use crate::operations::logging::seldom;
use crate::problem::Problem;
use crate::registry::Registry;
use crate::shared_state::SharedState;
use crate::store::audit::NewAudit;
use crate::store::{SharedStore, StoreError};
use axum::body::Body;
use axum::response::Response;
use http::{Extensions, Method, StatusCode, request};
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// Bytes of a request's body: a thousand ids and a reason fit well.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Characters of a reason.
const REASON_MAX: usize = 500;

/// What begins a drain; called at most once a request, may be called again.
pub type DrainHook = Arc<dyn Fn() + Send + Sync>;

/// The room's state; clones share everything.
#[derive(Clone)]
pub struct OpsRoom {
    /// The store.
    pub store: SharedStore,
    /// Which systems are registered.
    pub registry: Arc<Registry>,
    /// The clock.
    pub clock: Clock,
    /// The published keys of receipts and audit roots, as a JWK set.
    pub jwk_set: Value,
    /// Begins a drain.
    pub drain: DrainHook,
    /// What was looked at and may be begun.
    pub previews: Arc<Previews>,
    /// Tells the runner of bulk jobs that one was begun, stopped or made to go on.
    pub bulk_news: Arc<Notify>,
    /// Randomness, for new keys.
    pub entropy: Entropy,
    /// The keys in force here.
    pub keys: Arc<KeyBook>,
    /// What nodes share.
    pub shared: SharedState,
    /// Reads everything anew; set once everything runs.
    pub reloader: Arc<OnceLock<Arc<Reloader>>>,
}

/// The room's routes: every row of `/ops/v1` but `apply`. `clock` is served in builds with `simulated-time` alone.
#[must_use]
pub fn router(room: OpsRoom) -> RoomRoutes {
    let bounds = RouteBounds {
        body_bytes_max: Some(BODY_BYTES_MAX as u64),
    };
    let routes = RoomRoutes::new(Listener::Operations)
        .route(Method::GET, "/ops/v1/deliveries", deliveries::list)
        .route(Method::GET, "/ops/v1/deliveries/{id}", deliveries::show)
        .route_with(
            Method::POST,
            "/ops/v1/deliveries/retry",
            bounds,
            deliveries::retry,
        )
        .route_with(
            Method::POST,
            "/ops/v1/deliveries/discard",
            bounds,
            deliveries::discard,
        )
        .route_with(
            Method::POST,
            "/ops/v1/systems/{id}/pause",
            bounds,
            running::pause,
        )
        .route_with(
            Method::POST,
            "/ops/v1/systems/{id}/resume",
            bounds,
            running::resume,
        )
        .route_with(Method::POST, "/ops/v1/jobs/preview", bounds, jobs::preview)
        .route(Method::GET, "/ops/v1/jobs", jobs::list)
        .route_with(Method::POST, "/ops/v1/jobs", bounds, jobs::begin)
        .route(Method::GET, "/ops/v1/jobs/{id}", jobs::show)
        .route_with(Method::POST, "/ops/v1/jobs/{id}/stop", bounds, jobs::stop)
        .route_with(Method::POST, "/ops/v1/jobs/{id}/go-on", bounds, jobs::go_on)
        .route(Method::GET, "/ops/v1/clocks", clocks::show)
        .route(Method::GET, "/ops/v1/feedback", seen::rejected)
        .route(Method::GET, "/ops/v1/notifications", notifications::list)
        .route_with(
            Method::POST,
            "/ops/v1/notifications/retry",
            bounds,
            notifications::retry,
        )
        .route(Method::GET, "/ops/v1/keys", keys::list)
        .route_with(Method::POST, "/ops/v1/keys", bounds, keys::create)
        .route_with(
            Method::POST,
            "/ops/v1/keys/{id}/rotate",
            bounds,
            keys::rotate,
        )
        .route_with(
            Method::POST,
            "/ops/v1/keys/{id}/revoke",
            bounds,
            keys::revoke,
        )
        .route(Method::GET, "/ops/v1/audit/verify", audit::verify)
        .route(Method::GET, "/ops/v1/overview", overview::show)
        .route(Method::GET, "/ops/v1/check", examination::check)
        .route_with(Method::POST, "/ops/v1/reload", bounds, running::reload)
        .route_with(Method::POST, "/ops/v1/drain", bounds, running::drain);
    #[cfg(feature = "simulated-time")]
    let routes = routes.route_with(
        Method::POST,
        "/ops/v1/clock",
        bounds,
        running::advance_clock,
    );
    routes.with_state(room)
}

fn answer(outcome: Result<Response, Problem>, extensions: &Extensions) -> Response {
    outcome.unwrap_or_else(|problem| refuse(problem, extensions))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unavailable(error: StoreError) -> Problem {
    seldom!(error, %error, "a call of an operator could not be served");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::UNAVAILABLE).retry_after(5)
}

/// A JSON body in exactly the shape that the address takes.
async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let bytes = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let bytes = bytes
        .map_err(|_| {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                crate::edge::texts::BODY_TOO_LARGE,
            )
        })?
        .to_bytes();
    let value = json::read(&bytes).map_err(|error| filter::unfit(error.to_string()))?;
    serde_json::from_value(value).map_err(|error| filter::unfit(error.to_string()))
}

/// A reason that an audit record can hold.
fn reason(given: &str) -> Result<String, Problem> {
    let reason = given.trim();
    if reason.is_empty() || reason.chars().count() > REASON_MAX || reason.contains(char::is_control)
    {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            texts::REASON_REQUIRED,
        ));
    }
    Ok(reason.to_owned())
}

impl OpsRoom {
    /// The audit record of a change that an operator asked for.
    fn audit(&self, head: &request::Parts, action: &str, target: &str, reason: String) -> NewAudit {
        let principal = head
            .extensions
            .get::<Principal>()
            .cloned()
            .unwrap_or_else(Principal::anonymous);
        let request_id = head
            .extensions
            .get::<RequestId>()
            .map_or("", RequestId::as_str);
        NewAudit {
            at: self.clock.now(),
            actor: principal.subject,
            actor_kind: kind_word(principal.kind).to_owned(),
            action: action.to_owned(),
            target: target.to_owned(),
            organisation_id: String::new(),
            request_id: request_id.to_owned(),
            outcome: "ok".to_owned(),
            digest: [0; 32],
            note: reason,
        }
    }
}
