//! The exchange room (交换接口): what partner systems call – feedback in the canonical form or in their own, documents, and pulls.
//!
//! Invariants: a partner is recognised by its definition before anything is looked up; it reaches only cases that it was given, and a case
//! of another looks like none; whoever calls in a protocol of its own is answered in it, refusals included; what is answered as
//! taken is stored.

mod applications;
mod body;
mod callback;
mod canonical_events;
mod content_digest;
mod document;
mod events;
mod materials;
pub mod nonces;
mod partner;
mod systems;
pub mod texts;

pub use partner::PartnerCredentials;

#[cfg(test)]
mod tests;

use super::Feedback;
use crate::edge::{RoomRoutes, RouteBounds, refuse};
use crate::entropy::Entropy;
use crate::identity::access::Listener;
use crate::operations::logging::seldom;
use crate::problem::Problem;
use crate::shared_state::SharedState;
use crate::store::SharedStore;
use crate::text::Language;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use http::{Extensions, Method, StatusCode, request};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the edge lets through to a callback: far beyond the room's own bound, so that the room refuses, in the partner's protocol.
const CALLBACK_EDGE_BYTES_MAX: u64 = 1 << 40;
/// What the edge lets through of a document: the room bounds it by what is in force when it comes.
const DOCUMENT_EDGE_BYTES_MAX: u64 = 16 << 30;

/// How much the room takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeBounds {
    /// Bytes of one batch of canonical events.
    pub events_bytes_max: u64,
    /// Events in one batch.
    pub events_max: usize,
    /// Bytes of one callback.
    pub callback_bytes_max: u64,
    /// Messages of one callback.
    pub callback_messages_max: usize,
    /// Bytes of one document handed back.
    pub document_bytes_max: u64,
    /// Nonces remembered for each system.
    pub nonces_max: usize,
    /// Whether the exchange listener speaks TLS: the scheme of the address in a WSDL.
    pub tls: bool,
}

impl Default for ExchangeBounds {
    fn default() -> Self {
        Self {
            events_bytes_max: 4 << 20,
            events_max: 500,
            callback_bytes_max: 16 << 20,
            callback_messages_max: 500,
            document_bytes_max: 200 << 20,
            nonces_max: 100_000,
            tls: false,
        }
    }
}

/// The bounds that a reload changes; clones are the same bounds.
#[derive(Debug, Clone)]
pub struct LiveBounds {
    callback_bytes_max: Arc<AtomicU64>,
    document_bytes_max: Arc<AtomicU64>,
}

impl LiveBounds {
    fn new(bounds: &ExchangeBounds) -> Self {
        Self {
            callback_bytes_max: Arc::new(AtomicU64::new(bounds.callback_bytes_max)),
            document_bytes_max: Arc::new(AtomicU64::new(bounds.document_bytes_max)),
        }
    }

    /// Others from now on; a message under way keeps to those that it began with.
    pub fn change(&self, callback_bytes_max: u64, document_bytes_max: u64) {
        self.callback_bytes_max
            .store(callback_bytes_max, Ordering::Relaxed);
        self.document_bytes_max
            .store(document_bytes_max, Ordering::Relaxed);
    }
}

/// The room's state; clones share everything.
#[derive(Clone)]
pub struct ExchangeRoom {
    feedback: Feedback,
    entropy: Entropy,
    bounds: ExchangeBounds,
    live: LiveBounds,
    credentials: Arc<PartnerCredentials>,
}

impl ExchangeRoom {
    /// A room that reports through `feedback`, with its store, registry and clock, and knows by `shared` which nonces other nodes saw.
    #[must_use]
    pub fn new(
        feedback: Feedback,
        entropy: Entropy,
        bounds: ExchangeBounds,
        shared: SharedState,
    ) -> Self {
        let credentials = PartnerCredentials::new(&feedback, bounds.nonces_max, shared);
        let credentials = Arc::new(credentials);
        Self {
            feedback,
            entropy,
            live: LiveBounds::new(&bounds),
            bounds,
            credentials,
        }
    }

    /// What proves partners at the edge: one of its credential readers, before it asks for roles.
    #[must_use]
    pub fn credentials(&self) -> Arc<PartnerCredentials> {
        Arc::clone(&self.credentials)
    }

    /// The bounds that a reload changes.
    #[must_use]
    pub fn live_bounds(&self) -> LiveBounds {
        self.live.clone()
    }

    fn callback_bytes_max(&self) -> u64 {
        self.live.callback_bytes_max.load(Ordering::Relaxed)
    }

    fn document_bytes_max(&self) -> u64 {
        self.live.document_bytes_max.load(Ordering::Relaxed)
    }

    fn store(&self) -> &SharedStore {
        &self.feedback.casework.store
    }

    fn now(&self) -> jiff::Timestamp {
        self.feedback.casework.clock.now()
    }
}

/// The room's routes on the exchange listener: every row but the handing-in of applications, which is intake's.
#[must_use]
pub fn router(room: ExchangeRoom) -> RoomRoutes {
    let bounds = room.bounds;
    let callback = RouteBounds {
        body_bytes_max: Some(CALLBACK_EDGE_BYTES_MAX),
    };
    let events = RouteBounds {
        body_bytes_max: Some(bounds.events_bytes_max),
    };
    let document = RouteBounds {
        body_bytes_max: Some(DOCUMENT_EDGE_BYTES_MAX),
    };
    RoomRoutes::new(Listener::Exchange)
        .route(Method::GET, "/exchange/v1/systems", systems::list)
        .route(Method::GET, "/exchange/v1/systems/{id}", systems::show)
        .route_with(
            Method::POST,
            "/exchange/v1/systems/{id}/events",
            events,
            events::take,
        )
        .route(
            Method::GET,
            "/exchange/v1/systems/{id}/applications/{no}",
            applications::pull,
        )
        .route_with(
            Method::POST,
            "/exchange/v1/systems/{id}/materials",
            document,
            materials::hand_in,
        )
        .route(
            Method::GET,
            "/exchange/v1/systems/{id}/materials/{mid}",
            materials::fetch,
        )
        .route_with(
            Method::POST,
            "/exchange/v1/systems/{id}/callback",
            callback,
            callback::call,
        )
        .route(
            Method::GET,
            "/exchange/v1/systems/{id}/callback",
            callback::wsdl,
        )
        .with_state(room)
}

/// Path parameters that may be no UTF-8: a problem document then, as for any address that does not exist.
type Named<T> = Result<Path<T>, PathRejection>;

fn named<T>(path: Named<T>) -> Result<T, Problem> {
    path.map(|Path(names)| names)
        .map_err(|_| Problem::new(StatusCode::NOT_FOUND, crate::edge::texts::NOT_FOUND))
}

fn answer(outcome: Result<Response, Problem>, extensions: &Extensions) -> Response {
    outcome.unwrap_or_else(|problem| refuse(problem, extensions))
}

fn language(head: &request::Parts) -> Language {
    head.extensions
        .get::<Language>()
        .copied()
        .unwrap_or_default()
}

fn request_id(head: &request::Parts) -> &str {
    head.extensions
        .get::<crate::edge::RequestId>()
        .map_or("", crate::edge::RequestId::as_str)
}

/// Documents are as large as uploads: while intake is stopped they come again later, unlike events.
fn stopped() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::UNAVAILABLE).retry_after(30)
}

fn unavailable(error: &dyn std::error::Error) -> Problem {
    seldom!(error, %error, "a call of a partner could not be served");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, texts::UNAVAILABLE).retry_after(5)
}
