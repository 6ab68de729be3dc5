//! The applicant's side (申请人): the handlers of the public interface `/api/v1` (contract 3), one file a call or a small group.
//!
//! Invariants: a handler sees a [`call::Call`], never a credential's bytes beyond the query code and the cookie that it checks
//! itself; every refusal is a problem document in the caller's language; an application that the caller may not read and one
//! that does not exist are the same 404 after the same work; nothing of a partner's or of ours that is internal ever shows.

pub mod acts;
pub mod audit_roots;
pub mod call;
pub mod deadlines;
pub mod documents;
pub mod events;
pub mod explain;
pub mod items;
pub mod materials;
pub mod notices;
pub mod openapi;
pub mod progress;
pub mod query;
pub mod reading;
pub mod receipts;
pub mod refusal;
pub mod resumable;
pub mod session;
pub mod stream;
pub mod submissions;
pub mod subscriptions;
pub mod texts;
pub mod tries;
pub mod tus;
pub mod uploading;

use crate::edge::{RoomRoutes, RouteBounds};
use crate::identity::access::Listener;
use crate::intake::Intake;
use crate::intake::act::Acts;
use crate::intake::compose::legal_day;
use crate::processing::change::Casework;
use crate::shared_state::SharedState;
use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tries::CommonTries;
use uploading::Uploading;

/// Bytes of a JSON body.
pub const JSON_BYTES_MAX: usize = 1 << 20;

/// Bounds of the room. All are settings of the operator.
#[derive(Debug, Clone)]
pub struct HallSettings {
    /// Bytes of one material, to begin with.
    pub material_bytes_max: u64,
    /// Bytes of all unbound materials of one client, to begin with.
    pub unbound_bytes_max: u64,
    /// How long what nobody bound is kept after its last byte.
    pub unbound_kept: Duration,
    /// Uploads of one client at once.
    pub uploads_at_once_max: usize,
    /// Whether uploads are scanned for viruses.
    pub scanning: bool,
    /// Live event streams at once on this node.
    pub streams_max: usize,
    /// Time between two signs of life on a silent stream.
    pub heartbeat: Duration,
    /// Time after which a stream looks into the store although nobody told it anything.
    pub look_again: Duration,
    /// How long a session cookie is good.
    pub session: Duration,
    /// Whether the session cookie is for encrypted connections alone.
    pub secure_cookie: bool,
}

impl Default for HallSettings {
    fn default() -> Self {
        Self {
            material_bytes_max: 200 << 20,
            unbound_bytes_max: 1 << 30,
            unbound_kept: Duration::from_secs(24 * 3_600),
            uploads_at_once_max: 32,
            scanning: false,
            streams_max: 2_000,
            heartbeat: Duration::from_secs(15),
            look_again: Duration::from_secs(5),
            session: Duration::from_secs(3_600),
            secure_cookie: false,
        }
    }
}

/// The edge's bound on uploads; no setting goes beyond it.
pub const UPLOAD_EDGE_BYTES_MAX: u64 = 16 << 30;

/// Bounds of uploads; a reload changes them.
#[derive(Debug)]
pub struct UploadBounds {
    material_bytes_max: AtomicU64,
    unbound_bytes_max: AtomicU64,
}

impl UploadBounds {
    /// With these to begin with.
    #[must_use]
    pub fn new(material_bytes_max: u64, unbound_bytes_max: u64) -> Self {
        Self {
            material_bytes_max: AtomicU64::new(material_bytes_max),
            unbound_bytes_max: AtomicU64::new(unbound_bytes_max),
        }
    }

    /// Bytes of one material.
    #[must_use]
    pub fn material_bytes_max(&self) -> u64 {
        self.material_bytes_max.load(Ordering::Relaxed)
    }

    /// Bytes of all unbound materials of one client.
    #[must_use]
    pub fn unbound_bytes_max(&self) -> u64 {
        self.unbound_bytes_max.load(Ordering::Relaxed)
    }

    /// Others from now on; an upload under way keeps to those that it began with.
    pub fn change(&self, material_bytes_max: u64, unbound_bytes_max: u64) {
        self.material_bytes_max
            .store(material_bytes_max, Ordering::Relaxed);
        self.unbound_bytes_max
            .store(unbound_bytes_max, Ordering::Relaxed);
    }
}

/// What the handlers share.
pub struct Hall {
    /// Intake, with store, registry, keys and clock.
    pub intake: Arc<Intake>,
    /// Changes to cases.
    pub casework: Casework,
    /// Bounds.
    pub settings: HallSettings,
    /// Bounds of uploads, which may change while serving.
    pub uploads: Arc<UploadBounds>,
    /// Failed tries of session.
    pub tries: CommonTries,
    /// What other nodes know.
    pub shared: SharedState,
    /// Uploads under way.
    pub uploading: Uploading,
    /// Live streams that may still begin.
    pub streams: Arc<tokio::sync::Semaphore>,
}

impl Hall {
    /// The room.
    #[must_use]
    pub fn new(
        intake: Arc<Intake>,
        casework: Casework,
        settings: HallSettings,
        shared: SharedState,
    ) -> Arc<Self> {
        let streams = Arc::new(tokio::sync::Semaphore::new(settings.streams_max));
        let uploading = Uploading::new(settings.uploads_at_once_max);
        Arc::new(Self {
            intake,
            casework,
            uploads: Arc::new(UploadBounds::new(
                settings.material_bytes_max,
                settings.unbound_bytes_max,
            )),
            settings,
            uploading,
            tries: CommonTries::new(shared.clone()),
            shared,
            streams,
        })
    }

    /// The legal day.
    #[must_use]
    pub fn today(&self) -> jiff::civil::Date {
        legal_day(self.intake.clock.now())
    }

    fn acts(&self) -> Acts<'_> {
        Acts {
            intake: &self.intake,
            casework: &self.casework,
        }
    }
}

/// Where routes are registered: the edge's builder, or a bare router in tests.
pub trait RouteSink<S>: Sized {
    /// Adds a route; `body_bytes_max` where the listener's own bound does not fit.
    #[must_use]
    fn add<H, T>(
        self,
        method: Method,
        template: &'static str,
        body_bytes_max: Option<u64>,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: 'static;
}

impl<S: Clone + Send + Sync + 'static> RouteSink<S> for RoomRoutes<S> {
    fn add<H, T>(
        self,
        method: Method,
        template: &'static str,
        body_bytes_max: Option<u64>,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.route_with(method, template, RouteBounds { body_bytes_max }, handler)
    }
}

impl<S: Clone + Send + Sync + 'static> RouteSink<S> for Router<S> {
    fn add<H, T>(self, method: Method, template: &'static str, _: Option<u64>, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        match MethodFilter::try_from(method) {
            Ok(filter) => self.route(template, on(filter, handler)),
            Err(_) => self,
        }
    }
}

/// The routes of the room on their listeners, ready for [`crate::edge::Rooms`].
#[must_use]
pub fn routes(hall: &Arc<Hall>) -> Vec<RoomRoutes> {
    let public = RoomRoutes::new(Listener::Public);
    let exchange = RoomRoutes::new(Listener::Exchange);
    vec![
        register_public(public).with_state(Arc::clone(hall)),
        register_exchange(exchange).with_state(Arc::clone(hall)),
    ]
}

/// Registers what lives on the public listener.
#[must_use]
pub fn register_public<R: RouteSink<Arc<Hall>>>(sink: R) -> R {
    // The room bounds uploads itself, by what is in force when they come.
    let uploads = Some(UPLOAD_EDGE_BYTES_MAX);
    let material = "/api/v1/materials/{id}";
    let subscription = "/api/v1/subscriptions/{id}";
    let (get, post) = (|| Method::GET, || Method::POST);
    sink.add(get(), "/api/v1/openapi.json", None, openapi::document)
        .add(get(), "/api/v1/items", None, items::search)
        .add(get(), "/api/v1/items/{code}", None, items::guide)
        .add(get(), "/api/v1/items/{code}/form", None, items::form)
        .add(post(), "/api/v1/materials", uploads, materials::upload)
        .add(get(), material, None, materials::state)
        .add(
            Method::OPTIONS,
            "/api/v1/materials",
            None,
            resumable::options,
        )
        .add(Method::OPTIONS, material, None, resumable::options)
        .add(Method::HEAD, material, None, resumable::offset)
        .add(Method::PATCH, material, uploads, resumable::append)
        .add(Method::DELETE, material, None, resumable::terminate)
        .add(post(), material, uploads, resumable::overridden)
        .add(post(), "/api/v1/applications", None, submissions::submit)
        .add(get(), "/api/v1/applications/{no}", None, progress::show)
        .add(
            get(),
            "/api/v1/applications/{no}/deadlines",
            None,
            deadlines::show,
        )
        .add(
            get(),
            "/api/v1/applications/{no}/events",
            None,
            events::show,
        )
        .add(
            get(),
            "/api/v1/applications/{no}/documents",
            None,
            documents::list,
        )
        .add(
            get(),
            "/api/v1/applications/{no}/documents/{id}",
            None,
            documents::download,
        )
        .add(
            get(),
            "/api/v1/applications/{no}/receipt",
            None,
            receipts::show,
        )
        .add(
            post(),
            "/api/v1/applications/{no}/supplement",
            None,
            acts::supplement,
        )
        .add(
            post(),
            "/api/v1/applications/{no}/withdraw",
            None,
            acts::withdraw,
        )
        .add(
            post(),
            "/api/v1/applications/{no}/evaluation",
            None,
            acts::evaluate,
        )
        .add(
            get(),
            "/api/v1/applications/{no}/notifications",
            None,
            notices::show,
        )
        .add(
            Method::PUT,
            "/api/v1/applications/{no}/notifications",
            None,
            notices::choose,
        )
        .add(get(), "/api/v1/deadlines/explain", None, explain::show)
        .add(get(), "/api/v1/receipt-key", None, receipts::key)
        .add(get(), "/api/v1/audit/roots", None, audit_roots::list)
        .add(post(), "/api/v1/session", None, session::open)
        .add(get(), "/api/v1/subscriptions", None, subscriptions::list)
        .add(post(), "/api/v1/subscriptions", None, subscriptions::create)
        .add(get(), subscription, None, subscriptions::show)
        .add(Method::DELETE, subscription, None, subscriptions::remove)
        .add(
            post(),
            "/api/v1/subscriptions/{id}/secret",
            None,
            subscriptions::rotate,
        )
        .add(
            post(),
            "/api/v1/subscriptions/{id}/test",
            None,
            subscriptions::test,
        )
        .add(
            post(),
            "/api/v1/subscriptions/{id}/pause",
            None,
            subscriptions::pause,
        )
        .add(
            post(),
            "/api/v1/subscriptions/{id}/resume",
            None,
            subscriptions::resume,
        )
}

/// Registers what lives on the exchange listener: partners hand in applications that they have taken.
#[must_use]
pub fn register_exchange<R: RouteSink<Arc<Hall>>>(sink: R) -> R {
    let template = "/exchange/v1/systems/{id}/applications";
    sink.add(Method::POST, template, None, submissions::hand_in)
}

#[cfg(test)]
pub(crate) mod tests;
